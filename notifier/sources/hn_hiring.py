"""Hacker News "Who is hiring?": the newest monthly thread, by Algolia's API.

The search names the thread, the thread holds the ads: each a top-level comment whose first line is
"Company | Role | Place | REMOTE | …" in any order, with pipes or without.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from notifier.domain.facts.locate import places_in
from notifier.domain.facts.mode import mode_of
from notifier.domain.facts.pay import pay_in
from notifier.domain.posting import Posting, Reading, WorkMode
from notifier.errors import SourceUnreachable
from notifier.sources import fields
from notifier.sources.fields import Item, Lacking
from notifier.sources.headline import names_a_job
from notifier.sources.kinds import Kind

API = "https://hn.algolia.com/api/v1"
SEARCH = f"{API}/search_by_date?tags=story,author_whoishiring"
_TITLE = re.compile(r"\bwho is hiring\b", re.IGNORECASE)
_PARAGRAPH = re.compile(r"</?(?:p|pre|li|br)\b[^<>]{0,99}>|\n", re.IGNORECASE)
_HREF = re.compile(r'<a\s[^<>]{0,20}?href="([^"<>]{1,3000})"', re.IGNORECASE)
_DASH = re.compile(r"\s+[-–—•·]+\s+|｜|\s*;\s*")
_NOT_A_PART = re.compile(
    r"(?:full|part)[- ]?time|contract(?:or)?s?|permanent|freelance|interns? ok|visas?|equity|https?:|www\.|@|\bsalary\b"
    r"|\bYC\b|sponsor|hiring (?:now|immediately)|multiple locations",
    re.IGNORECASE,
)
_HIRING = re.compile(
    r"^(?P<company>(?:[^.!?:]|\.(?=\w)){1,80}?)(?:,| -)? (?:(?:is|are|we're|we are)(?: \w+)? (?:hiring|looking for|seeking|recruiting)"
    r"|hires|seeks|is growing)(?: for)?:?(?P<title>[^.!?:|]{0,160})",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"^(?:an?|our|the|some|for|multiple|several|more|new)\s+", re.IGNORECASE)
_URL = re.compile(r"[(\[]?\s?(?:https?://|www\.)[^\s|)\]]+\s?[)\]]?")
_SITE = re.compile(r"[\w-]+(?:\.[\w-]+)+(?:/\S*)?")
_TERMS = re.compile(
    r"^(?:full|part)[- ]?time\b|^contract|^interns?(?:hips?)?(?: ok| welcome)?$", re.IGNORECASE
)
_NOBODY = frozenset("who|anyone|is anyone|nobody|everyone|what|i|we|our team|they|hi|hello|hey".split("|"))
_LABEL = re.compile(r"^(?:company|roles?|position|job|title|locations?|type|salary)\s*:\s*", re.IGNORECASE)
_IS_HIRING = re.compile(r"\s+(?:is|are) hiring\b.*$", re.IGNORECASE)
_BULLET = re.compile(r"^(?:[-–—*•·>]+|\d[.)])\s*")
_LONGEST_HEAD = 600  # characters
_LONGEST_AD = 20_000
_LONGEST_ROLE = 90


def parse(text: str, now: datetime, url: str = "") -> Reading:
    """Return the ads of a thread; of the search, which comes first, none."""
    found = fields.answer(text)
    answer = Item(found)
    if "hits" in answer.fields:
        return Reading(note="" if _newest_thread(answer) else 'no thread called "Who is hiring"')
    comments = fields.items_of(found, "children")
    if not _TITLE.search(answer.text("title")):
        raise SourceUnreachable('this is no thread called "Who is hiring"')
    # Who wrote a comment, and what others answered, is not for keeping.
    kept = ("id", "text", "created_at", "created_at_i", "dead", "deleted")
    ads = [
        {name: comment.get(name) for name in kept} if isinstance(comment, dict) else comment
        for comment in comments
    ]
    return fields.read_each(ads, _posting)


def following(url: str, text: str) -> str:
    """Return the newest thread that the search names."""
    number = _newest_thread(Item(fields.answer(text)))
    return f"{API}/items/{number}" if number else ""


def recognise(url: str) -> str:
    """Return the search for the site and its hiring account, one thread for its own address."""
    try:
        split = urlsplit(url)
    except ValueError:
        return ""
    number = parse_qs(split.query).get("id", [""])[0]
    if split.hostname == "news.ycombinator.com":
        if split.path == "/item" and number.isdecimal():
            return f"{API}/items/{number}"
        return SEARCH if number in ("", "whoishiring") else ""
    if split.hostname == "hn.algolia.com" and split.path.startswith("/api/v1/items/"):
        return url
    return SEARCH if split.hostname == "hn.algolia.com" and "whoishiring" in url else ""


def sniff(text: str) -> bool:
    """Return whether a document is an answer of that API."""
    return fields.lists_items_with(text, "hits", "objectID", "author") or fields.lists_items_with(
        text, "children", "story_id", "author"
    )


def _newest_thread(search: Item) -> str:
    threads = [
        (hit.number("created_at_i") or 0, hit.text("objectID", "story_id"))
        for hit in search.items("hits")
        if _TITLE.search(hit.text("title")) and hit.text("author") in ("whoishiring", "")
    ]
    number = max(threads, default=(0, ""))[1]
    return number if number.isdecimal() else ""


def _posting(item: Item) -> Posting | None:
    markup = item.html("text")
    if (
        not markup
        or item.flag("dead")
        or item.flag("deleted")
        or markup in ("[dead]", "[flagged]", "[deleted]")
    ):
        return None
    number = item.need("id")
    lines = [line for part in _PARAGRAPH.split(markup[:_LONGEST_AD]) if (line := fields.plain(part))]
    line = lines[0][:_LONGEST_HEAD] if lines else ""
    head = _piped(line, lines[1:]) or _sentence(line)
    if head is None:
        raise Lacking("no job ad: neither parts nor a word of hiring")
    company, title, rest = head
    return Posting(
        id=f"hn:{number}",
        title=title,
        company=company,
        url=_link(markup) or f"https://news.ycombinator.com/item?id={number}",
        location="; ".join(part for part in rest if _says_where(part)),
        mode=mode_of(title, " | ".join(rest), WorkMode.UNKNOWN),
        pay=next((part for part in rest if pay_in(part)), ""),
        posted_on=item.day("created_at", "created_at_i"),
        skills=fields.skills_named(markup),
    )


def _piped(line: str, below: Sequence[str]) -> tuple[str, str, Sequence[str]] | None:
    """Return (company, title, the other parts) of a line in parts, None for a sentence.

    below  the lines under it, which may name the roles that it does not
    """
    parts = _parts(line.split("|"))
    if len(parts) < 2 or "|" not in line:
        parts = _parts(_DASH.split(line))
        if len(parts) < 3 or not any(map(_is_role, parts[1:])):
            return None
    # "REMOTE | Acme | Engineer" and "Engineer | Acme | Berlin": mostly the company comes first.
    before = next((n for n, part in enumerate(parts) if not _is_mode(part)), 0)
    if (
        names_a_job(parts[before])
        and len(parts) > before + 2
        and not any(map(names_a_job, parts[before + 1 :]))
    ):
        before += not _is_detail(parts[before + 1])
    company = _IS_HIRING.sub("", parts.pop(before))
    title = next(filter(_is_role, parts), "") or _roles(below)
    title = title or next((part for part in parts if not _is_detail(part)), "")
    title = title or " | ".join(parts)  # an ad that names no role is shown by what it does say
    return company, title, [part for part in parts if part != title]


def _parts(pieces: Sequence[str]) -> list[str]:
    bare = (_LABEL.sub("", _URL.sub(" ", piece).strip(" -–—,:;")) for piece in pieces)
    return [part for n, part in enumerate(filter(None, bare)) if n == 0 or not _SITE.fullmatch(part)]


def _roles(lines: Sequence[str]) -> str:
    """Return up to three roles that stand in lines of their own."""
    found = [_LABEL.sub("", _BULLET.sub("", line)) for line in lines if len(line) <= _LONGEST_ROLE]
    heads = (
        re.split(r"\s*(?:[:|]|https?://|\s[-–—]+\s)", line)[0].strip() for line in found if names_a_job(line)
    )
    roles = dict.fromkeys(head for head in heads if names_a_job(head) and not head.endswith((".", "!", "?")))
    return ", ".join(list(roles)[:3])


def _sentence(line: str) -> tuple[str, str, Sequence[str]] | None:
    """Return the same of "Acme (YC S24) is hiring a backend engineer! ONSITE in SF.", None for other words."""
    found = _HIRING.search(line)
    if found is None or found["company"].lower() in _NOBODY:
        return None
    title = found["title"].strip(" -–—,")
    while (shorter := _ARTICLE.sub("", title)) != title:
        title = shorter
    what, _, where = title.rpartition(" in ")
    if what and _says_where(where):
        title = what
    else:
        where = ""
    if not title:
        return None
    rest = [where, *re.split(r"[.!?]\s+", line[found.end() :].strip(" .!?"))]
    return found["company"].strip(" -–—,"), title, [part for part in rest if part]


def _is_detail(part: str) -> bool:
    """Return whether a part says how, where or for how much, not what."""
    return bool(_NOT_A_PART.search(part) or pay_in(part) or _says_where(part))


def _is_role(part: str) -> bool:
    return names_a_job(part) and not _TERMS.search(part)


def _is_mode(part: str) -> bool:
    return len(part) < 20 and mode_of("", part, WorkMode.UNKNOWN) is not WorkMode.UNKNOWN


def _says_where(part: str) -> bool:
    if len(part) > 160:
        return False
    return mode_of("", part, WorkMode.UNKNOWN) is not WorkMode.UNKNOWN or bool(places_in(part))


def _link(markup: str) -> str:
    """Return the first link of a comment that leads away from the forum."""
    for found in _HREF.finditer(markup):
        url = fields.http_url(fields.href(found[1]))
        if url and "://news.ycombinator.com/" not in url:
            return url
    return ""


KIND = Kind(
    parse=parse,
    recognise=recognise,
    sniff=sniff,
    following=following,
    most_pages=2,
    newest_first=False,  # the search comes first and says nothing of the thread's new comments
    floor=timedelta(hours=1),
    attribution="Jobs from Hacker News: Who is hiring?, https://news.ycombinator.com/submitted?id=whoishiring",
    home_url="https://news.ycombinator.com/submitted?id=whoishiring",
)
