"""Any page that describes its jobs as schema.org does: JSON-LD of type JobPosting, made for search engines."""

import json
import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from notifier.domain.posting import Posting, Reading, Unread, WorkMode
from notifier.errors import SourceUnreachable
from notifier.sources import fields
from notifier.sources.fields import Item, Lacking
from notifier.sources.kinds import Kind

_SCRIPT = re.compile(r"<script\b([^<>]{0,2000})>", re.IGNORECASE)
_END = re.compile(r"</script", re.IGNORECASE)
_TYPE = "application/ld+json"
_WRAPS = re.compile(r"(?:<!--|/?/?\*?\s*<!\[CDATA\[(?:\s*\*/)?)")
_WRAPPED = re.compile(r"(?:-->|/?/?\*?\s*\]\]>(?:\s*\*/)?)\s*;?$")
_LONGEST_WRAP = 40  # characters
_INSIDE = ("@graph", "itemListElement", "item", "mainEntity", "mainEntityOfPage", "hasPart", "about")


def parse(text: str, now: datetime, url: str = "") -> Reading:
    """Return the postings that the page at `url` describes."""
    if "<" not in text:
        raise SourceUnreachable("an HTML page was expected, something else came")
    found: list[Any] = []
    unread: list[Unread] = []
    for line, script in _scripts(text):
        try:
            found += _postings(json.loads(_unwrapped(script), strict=False, parse_int=fields.whole))
        except (ValueError, RecursionError) as error:
            unread.append(
                Unread(line=line, reason=f"broken JSON-LD: {error}"[:200], text=script.strip()[:200])
            )
    reading = fields.read_each(found, lambda item: _posting(item, now, url))
    postings = _with_own_ids(reading.postings)
    note = (
        reading.note
        if postings or reading.unread
        else "the page describes no job (JSON-LD of type JobPosting)"
    )
    return replace(reading, postings=postings, unread=[*unread, *reading.unread], note=note)


def sniff(text: str) -> bool:
    """Return whether a page describes a job."""
    return any("JobPosting" in script for _, script in _scripts(text))


def _scripts(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each script of the type; each part of the page is looked at once."""
    at = line = 0
    counted = 0
    while (start := _SCRIPT.search(text, at)) is not None:
        end = _END.search(text, start.end())
        if end is None:
            return
        at = end.end()
        if _TYPE in start[1].lower():
            line += text.count("\n", counted, start.start())
            counted = start.start()
            yield line + 1, text[start.end() : end.start()]


def _unwrapped(script: str) -> str:
    """Return a script without the comment or CDATA that old pages put around it."""
    text = script.strip()
    text = (
        _WRAPS.sub("", text[:_LONGEST_WRAP], count=1) + text[_LONGEST_WRAP:] if _WRAPS.match(text) else text
    )
    return text[:-_LONGEST_WRAP] + _WRAPPED.sub("", text[-_LONGEST_WRAP:])


def _postings(value: Any) -> Iterator[Any]:
    """Yield what is a JobPosting in a value, wherever the vocabulary lets one stand."""
    waiting = deque([value])
    while waiting:
        here = waiting.popleft()
        if isinstance(here, list):
            waiting += here
        elif isinstance(here, dict):
            types = here.get("@type")
            if any(_bare(kind) == "JobPosting" for kind in (types if isinstance(types, list) else [types])):
                yield here
            else:
                waiting += (here[name] for name in _INSIDE if isinstance(here.get(name), list | dict))


def _bare(kind: object) -> str:
    return kind.rpartition("/")[2].rpartition(":")[2] if isinstance(kind, str) else ""


def _posting(item: Item, now: datetime, page: str) -> Posting:
    link = fields.joined(page, fields.href(item.html("url")))
    link = link or item.link("@id", "sameAs") or fields.http_url(page)
    if not link:
        raise Lacking("no http(s) link")
    until = item.day("validThrough")
    remote = "TELECOMMUTE" in item.texts("jobLocationType")
    places = [place for found in _each(item, "jobLocation") if (place := _place(found))]
    lands = [name for found in _each(item, "applicantLocationRequirements") if (name := _place(found))]
    return Posting(
        id=_identifier(item, link),
        title=item.need("title", "name"),
        company=_name(item.fields.get("hiringOrganization")),
        url=link,
        # For remote work the lands that one may work from say more than the office.
        location="; ".join(dict.fromkeys(lands if remote and lands else places)),
        mode=WorkMode.REMOTE if remote else WorkMode.UNKNOWN,
        pay=_pay(item),
        posted_on=item.day("datePosted"),
        closed=until is not None and until < now.date(),
        skills=fields.skills_of(_skills(item), item.html("description")),
        section=next(iter(item.texts("industry")), ""),
    )


def _each(item: Item, name: str) -> list[Any]:
    value = item.fields.get(name)
    return value if isinstance(value, list) else [value]


def _name(value: object) -> str:
    if isinstance(value, list):
        value = next((found for found in value if isinstance(found, dict | str) and found), "")
    return fields.plain(value[:200]) if isinstance(value, str) else Item(value).text("name", "legalName")


def _place(value: object) -> str:
    """Return a place in words: an address of parts, a name, or a text."""
    if isinstance(value, str):
        return fields.plain(value[:200])
    place = Item(value)
    address = place.fields.get("address")
    if isinstance(address, list):
        return "; ".join(
            filter(None, (_place({"address": found}) for found in address if not isinstance(found, list)))
        )
    parts = Item(address) if isinstance(address, dict) else place
    names = ("addressLocality", "addressRegion", "addressCountry")
    found = [parts.text(name) or parts.inner(name).text("name") for name in names]
    return ", ".join(dict.fromkeys(filter(None, found))) or place.text("address", "name")


def _pay(item: Item) -> str:
    for name in ("baseSalary", "estimatedSalary"):
        for found in _each(item, name):
            salary = Item(found)
            value = salary.inner("value") if isinstance(salary.fields.get("value"), dict) else salary
            single = value.number("value")
            low, high = value.number("minValue") or single, value.number("maxValue") or single
            currency = salary.text("currency") or value.text("currency") or item.text("salaryCurrency")
            period = value.text("unitText") or salary.text("unitText")
            if written := fields.pay_text(low, high, currency, period):
                return written
        if isinstance(said := item.fields.get(name), str) and said.strip():
            return item.text(name)
    return ""


def _skills(item: Item) -> list[str]:
    words = [*item.texts("skills"), *(found.text("name") for found in item.items("skills"))]
    return [word for text in words for word in fields.words_of(text)]


def _identifier(item: Item, link: str) -> str:
    value = item.fields.get("identifier")
    own = Item(value).text("value", "@id") if isinstance(value, dict) else item.text("identifier")
    return f"{urlsplit(link).hostname}#{own}" if own else ""


def _with_own_ids(postings: Any) -> list[Posting]:
    """Return the postings without ids that several share: some sites put the employer's there."""
    often = Counter(posting.id for posting in postings)
    return [replace(posting, id=posting.id if often[posting.id] == 1 else "") for posting in postings]


KIND = Kind(parse=parse, sniff=sniff, is_page=True, floor=timedelta(hours=1))
