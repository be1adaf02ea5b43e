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
_FIRST_PARAGRAPH = re.compile(r"<(?:p|pre)\b|\n", re.IGNORECASE)
_HREF = re.compile(r'<a\s[^<>]{0,20}?href="([^"<>]{1,3000})"', re.IGNORECASE)
_DASH = re.compile(r"\s+[-–—•·]+\s+|｜|\s*;\s*")
_NOT_A_PART = re.compile(
    r"(?:full|part)[- ]?time|contract(?:or)?s?|permanent|freelance|interns? ok|visas?|equity|https?:|www\.|@|\bsalary\b"
    r"|sponsor|hiring (?:now|immediately)|multiple locations",
    re.IGNORECASE,
)
_HIRING = re.compile(
    r"^(?P<company>[^.!?:]{1,80}?)(?:,| -)? (?:(?:is|are|we're|we are)(?: \w+)? (?:hiring|looking for|seeking|recruiting)"
    r"|hires|seeks|is growing)(?: for)?:?(?P<title>[^.!?:|]{0,160})",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"^(?:an?|our|the|some|for|multiple|several|more|new)\s+", re.IGNORECASE)
_URL = re.compile(r"\(?\s*(?:https?://|www\.)[^\s|)]+\s*\)?")
_LONGEST_HEAD = 600  # characters


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
    line = fields.plain(_FIRST_PARAGRAPH.split(markup.lstrip(), maxsplit=1)[0][:3_000])[:_LONGEST_HEAD]
    head = _piped(line) or _sentence(line)
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
        skills=fields.skills_of((), markup),
    )


def _piped(line: str) -> tuple[str, str, Sequence[str]] | None:
    """Return (company, title, the other parts) of a line in parts, None for a sentence."""
    parts = [part for piece in line.split("|") if (part := _URL.sub(" ", piece).strip(" -–—,:;"))]
    if len(parts) < 2 or "|" not in line:
        parts = [part for piece in _DASH.split(line) if (part := _URL.sub(" ", piece).strip(" -–—,:"))]
        if len(parts) < 3 or not any(map(names_a_job, parts)):
            return None
    jobs = [part for part in parts if names_a_job(part)]
    # "Engineer | Acme | Berlin": the company is the first part, unless that is the one job among them.
    first = parts[0]
    if jobs == [first] and len(parts) > 2 and not _is_detail(parts[1]):
        company, title, rest = parts[1], first, parts[2:]
    else:
        company, others = first, parts[1:]
        title = next((part for part in others if names_a_job(part)), "")
        title = title or next((part for part in others if not _is_detail(part)), "")
        # An ad that names no role is shown by what it does say.
        title = title or " | ".join(others)
        rest = [part for part in others if part != title]
    return company, title, rest


def _sentence(line: str) -> tuple[str, str, Sequence[str]] | None:
    """Return the same of "Acme (YC S24) is hiring a backend engineer! ONSITE in SF.", None for other words."""
    found = _HIRING.search(line)
    if found is None or found["company"].lower() in (
        "who",
        "anyone",
        "is anyone",
        "nobody",
        "everyone",
        "what",
        "i",
    ):
        return None
    title = found["title"].strip(" -–—,")
    while (shorter := _ARTICLE.sub("", title)) != title:
        title = shorter
    if not title:
        return None
    return (
        found["company"].strip(" -–—,"),
        title,
        [part for part in re.split(r"[.!?]\s+", line[found.end() :].strip(" .!?")) if part],
    )


def _is_detail(part: str) -> bool:
    """Return whether a part says how, where or for how much, not what."""
    return bool(_NOT_A_PART.search(part) or pay_in(part) or _says_where(part))


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
