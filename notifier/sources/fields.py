"""Fields of the items that APIs and feeds answer with: any may be missing, empty or of a wrong type."""

import html
import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from notifier.domain.facts.skills import skill_id, skill_name, skills_in
from notifier.domain.posting import Posting, Reading, Unread, WorkMode
from notifier.errors import SourceUnreachable
from notifier.sources.columns import MODES

MOST_ITEMS = 20_000  # of one document
LONGEST_TEXT = 2_000  # characters of a title, a place, …
LONGEST_DESCRIPTION = 20_000  # characters that are searched for skills

_TAG = re.compile(r"<[^<>]*>")
_LOOKED_AT = 5  # items of an answer; the first may be a notice
_ESCAPED = re.compile(r"&(?:amp|#\d{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)
_NO_LINK = re.compile(r'[\s<>"\x00]')
_MILLISECONDS = 100_000_000_000  # seconds until the year 5138


class Lacking(Exception):
    """An item does not have what a posting needs; the message says what."""


class Item:
    """One item of an answer; asking for a field of a wrong type is asking for a missing one."""

    __slots__ = ("fields",)

    def __init__(self, fields: object) -> None:
        self.fields: Mapping[str, Any] = fields if isinstance(fields, dict) else {}

    def text(self, *names: str) -> str:
        """Return the first of these fields that says something, as plain words on one line."""
        for name in names:
            value = self.fields.get(name)
            if isinstance(value, int | float) and not isinstance(value, bool):
                value = str(value)
            if isinstance(value, str) and (words := plain(value[:LONGEST_TEXT])):
                return words
        return ""

    def need(self, *names: str) -> str:
        """Return `text`; `Lacking` when there is none."""
        if found := self.text(*names):
            return found
        raise Lacking(f"no {names[0]}")

    def html(self, name: str) -> str:
        """Return a text as it stands, "" when there is none."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""

    def link(self, *names: str) -> str:
        """Return the first of these fields that is an http(s) link, "" for none."""
        return next((url for name in names if (url := http_url(self.fields.get(name)))), "")

    def need_link(self, *names: str) -> str:
        """Return `link`; `Lacking` when there is none."""
        if found := self.link(*names):
            return found
        raise Lacking(f"no http(s) link in {names[0]}")

    def number(self, name: str) -> float | None:
        """Return a number that is not zero, also one that is written as text."""
        value = self.fields.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        try:
            number = float(value)
        except (ValueError, OverflowError):
            return None
        return number if 0 < number < 1e12 else None

    def flag(self, name: str) -> bool | None:
        """Return a field that is true or false, None when it is neither."""
        value = self.fields.get(name)
        return value if isinstance(value, bool) else None

    def day(self, *names: str) -> date | None:
        """Return the first of these fields that is a date, in UTC."""
        return next((day for name in names if (day := day_of(self.fields.get(name)))), None)

    def inner(self, name: str) -> "Item":
        """Return the object in a field; one without fields when there is none."""
        return Item(self.fields.get(name))

    def items(self, name: str) -> "list[Item]":
        """Return the objects of the list in a field."""
        return [Item(value) for value in self._list(name) if isinstance(value, dict)]

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts of the list in a field; a single text counts as a list of one."""
        found = (plain(value[:LONGEST_TEXT]) for value in self._list(name) if isinstance(value, str))
        return tuple(dict.fromkeys(filter(None, found)))

    def _list(self, name: str) -> list[Any]:
        value = self.fields.get(name)
        return value if isinstance(value, list) else [value] if isinstance(value, str) else []


def answer(text: str) -> Any:
    """Return the value of a JSON document; `SourceUnreachable` when it is none."""
    try:
        return json.loads(text, parse_int=whole)
    except (ValueError, RecursionError) as error:
        found = "an HTML page" if text.lstrip()[:1] == "<" else "something else"
        raise SourceUnreachable(f"JSON was expected, {found} came") from error


def whole(digits: str) -> int | None:
    """Return a number; one of hundreds of digits, at which `int` itself gives up, is none and loses no other."""
    return int(digits) if len(digits) < 100 else None


def items_of(value: object, name: str = "") -> list[Any]:
    """Return the list in a field of an answer, or the answer that is a list itself.

    `SourceUnreachable` for anything else, with what the answer says about itself.
    """
    found = value.get(name) if name and isinstance(value, dict) else value
    if isinstance(found, list):
        return found
    said = Item(value).text("error", "message", "detail")
    wanted = f'a list in "{name}"' if name else "a list"
    raise SourceUnreachable(f"{wanted} was expected" + (f'; the answer says "{said[:100]}"' if said else ""))


def lists_items_with(text: str, name: str, *keys: str) -> bool:
    """Return whether a document is an answer whose items, in its field `name`, have all these keys.

    name  "" for an answer that is a list itself
    """
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        found = items_of(answer(text), name)
    except SourceUnreachable:
        return False
    return any(isinstance(item, dict) and all(key in item for key in keys) for item in found[:_LOOKED_AT])


def read_each(found: Iterable[object], read: Callable[[Item], Posting | None]) -> Reading:
    """Return the postings that `read` makes of each item; one that it cannot read loses no other.

    `read` answers None for what is no posting (a notice, a hidden one) and raises `Lacking`.
    """
    postings: list[Posting] = []
    unread: list[Unread] = []
    note = ""
    for place, value in enumerate(found, 1):
        if place > MOST_ITEMS:
            note = f"more than {MOST_ITEMS:,} items; the rest was not read"
            break
        try:
            if not isinstance(value, dict):
                raise Lacking("not an object")
            posting = read(Item(value))
        except Lacking as error:
            unread.append(Unread(line=place, reason=str(error), text=_shown(value)))
            continue
        if posting is not None:
            postings.append(posting)
    return Reading(postings=postings, unread=unread, note=note or ("" if postings else "no open jobs in it"))


def _shown(value: object) -> str:
    try:
        return json.dumps(value, default=str)[:200]
    except (ValueError, TypeError, RecursionError):
        return ""  # nested as deep as it could just be read


def plain(markup: str) -> str:
    """Return the words of HTML, or of text, on one line; what was escaped twice too."""
    text = markup
    for _ in range(2):
        if "&" in text:
            text = html.unescape(text)
        if "<" in text:
            text = _TAG.sub(" ", text)
    # No database takes a NUL or half a surrogate pair in a text.
    return " ".join(text.replace("\x00", "").encode(errors="ignore").decode().split())


def href(escaped: str) -> str:
    """Return a link as HTML keeps it; of named entities only `&amp;`, for `&region=` holds none."""
    return _ESCAPED.sub(lambda found: html.unescape(found[0]), escaped)


def http_url(value: object) -> str:
    """Return an absolute http(s) link as written, "" for anything else."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        return ""
    url = value.strip()
    try:
        split = urlsplit(url)
        good = split.scheme.lower() in ("http", "https") and bool(split.hostname)
    except ValueError:
        return ""
    return url if good and not _NO_LINK.search(url) else ""


def joined(page: str, link: str) -> str:
    """Return a link of a page as an absolute http(s) one, "" for anything else and for none."""
    link = link.strip()
    try:
        return http_url(link) or (http_url(urljoin(page, link)) if link else "")
    except ValueError:  # "http://[x"
        return ""


def day_of(value: object) -> date | None:
    """Return the UTC day of an ISO or RFC 2822 date, or of seconds or milliseconds since 1970."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 20:
        value = int(value)
    try:
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            seconds = value / 1_000 if value >= _MILLISECONDS else value
            return datetime.fromtimestamp(seconds, UTC).date()
        if not isinstance(value, str) or not value.strip():
            return None
        try:
            at = datetime.fromisoformat(value.strip()[:40])
        except ValueError:
            at = parsedate_to_datetime(value[:60])
        return at.astimezone(UTC).date() if at.tzinfo else at.date()
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        return None


def mode_named(word: str) -> WorkMode:
    """Return the mode that a field names, unknown for any other word."""
    return MODES.get(word.casefold().replace("_", " "), WorkMode.UNKNOWN)


def company_called(board: str) -> str:
    """Return the name of a company whose board says only how its address writes it."""
    words = board.replace("-", " ").replace("_", " ")
    return words.title() if words.islower() else words


def pay_text(low: float | None, high: float | None, currency: str, period: str = "year") -> str:
    """Return figures of a pay as a list would write them, "" without figures or a currency.

    period  the word for its time: year, monthly, HOUR, …; "": the source says none
    """
    figures = [
        f"{figure:,.0f}" if figure == int(figure) else f"{figure:,.2f}" for figure in (low, high) if figure
    ]
    if not figures or not currency:
        return ""
    if len(figures) == 2 and figures[0] == figures[1]:
        figures.pop()
    written = " - ".join(f"{currency.upper()} {figure}" for figure in figures)
    start = "" if low else "up to "
    time = _period(period)
    return f"{start}{written}" + (f" per {time}" if time else "")


def _period(word: str) -> str:
    """Return the noun for a time of pay, "" for a word that names none."""
    named = {"dai": "day", "annu": "year"}
    times = ("year", "month", "week", "day", "hour", *named)
    found = next((time for time in times if time in word.lower()), "")
    return named.get(found, found)


def with_filters(api: str, url: str, names: Iterable[str], **usual: str) -> str:
    """Return an API's address with those parameters of a pasted `url` that it knows.

    usual  parameters it always has, where the address does not say otherwise
    """
    given = [(name, value) for name, value in parse_qsl(urlsplit(url).query) if name in set(names)]
    here = {name for name, _ in given}
    query = urlencode([*given, *((name, value) for name, value in usual.items() if name not in here)])
    return f"{api}?{query}" if query else api


def site_path(url: str, *hosts: str) -> str | None:
    """Return the path of an address of one of these sites; None for others, and for their feeds."""
    try:
        split = urlsplit(url)
        host = (split.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    is_feed = (
        split.path.rstrip("/").endswith((".rss", ".xml", ".atom", "/feed", "/rss")) or "feed=" in split.query
    )
    return split.path.rstrip("/") if host in hosts and "://" in url and not is_feed else None


def skills_named(*described: str) -> tuple[str, ...]:
    """Return the names of the skills that a description names, for sources without tags."""
    return skills_of((), *described)


def skills_of(tags: Iterable[str], *described: str) -> tuple[str, ...]:
    """Return the tags as written, then the skills that a description names besides, each skill once."""
    words = " ".join(plain(text[:LONGEST_DESCRIPTION]) for text in described)
    found: dict[str, str] = {}
    for word in (*filter(None, tags), *map(skill_name, skills_in(words))):
        found.setdefault(skill_id(word) or word.casefold(), word)
    return tuple(found.values())


def words_of(text: str) -> list[str]:
    """Return the parts of a list that is written as one text."""
    return [word for piece in re.split(r"[,;|]", text) if (word := piece.strip())]
