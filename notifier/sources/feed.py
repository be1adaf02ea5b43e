"""RSS and Atom feeds of jobs."""

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from notifier.domain.facts.mode import mode_of
from notifier.domain.identity import clean_url
from notifier.domain.posting import Posting, Reading, WorkMode
from notifier.errors import SourceRefused, SourceUnreachable
from notifier.sources import feed_document, fields
from notifier.sources.dates import read_date
from notifier.sources.fields import Item, Lacking, plain
from notifier.sources.headline import parted
from notifier.sources.kinds import Kind
from notifier.sources.text import xml

MOST_TAGS = 60_000  # a feed of a thousand jobs has twenty thousand
SOME_TAGS, CHARACTERS_A_TAG = 1_000, 8  # so many in any feed, and one more for each so many characters
LONGEST = 3_000_000  # characters
_LONGEST_HEAD = 5_000

_FEED = re.compile(r"<(?:\w+:)?(?:rss|feed|rdf)[\s>]", re.IGNORECASE)
_ADDRESS = re.compile(
    r"\.(?:rss|atom)$|/(?:feed|rss|atom|rss2|feeds)(?:\.xml)?$|/(?:index|jobs)\.xml$", re.IGNORECASE
)
_COMPANY = ("job_listing_company", "company", "companyname", "company_name", "hiringorganization", "employer")
_PLACE = (
    "job_listing_location",
    "region",
    "location",
    "joblocation",
    "job_location",
    "city",
    "state",
    "country",
)
_PAY = ("job_listing_salary", "salary", "compensation")
_POSTER = re.compile(
    r"^(?:admin\w*|editor\w*|root|webmaster|no-?reply|info|jobs?|hr|team|anonymous)$", re.IGNORECASE
)
_MAIL = re.compile(r"[^\s@]+@[^\s@()]+(?:\s*\(([^()]*)\))?")  # RSS: "jobs@acme.example (Acme)"


def parse(text: str, now: datetime, url: str = "") -> Reading:
    """Return the postings of the feed that is read at `url`."""
    text = xml(text.replace("\0", ""), "the feed")
    if not _FEED.search(text[:_LONGEST_HEAD]):
        raise SourceUnreachable("RSS or Atom was expected, something else came")
    tags = text.count("<")
    if tags > MOST_TAGS or len(text) > LONGEST:
        raise SourceRefused(
            f"a feed of more than {MOST_TAGS:,} tags or {LONGEST // 1_000_000} MB is not read"
        )
    if tags > SOME_TAGS + len(text) // CHARACTERS_A_TAG:
        raise SourceRefused("a feed that is hardly anything but tags is not read")
    document = feed_document.read(text)
    named = plain(document.title)
    says_remote = mode_of("", named, WorkMode.UNKNOWN) is WorkMode.REMOTE
    reading = fields.read_each(document.entries, lambda entry: _posting(entry, now, url, named, says_remote))
    return replace(reading, note=document.lost or reading.note)


def recognise(url: str) -> str:
    """Return an address that reads like a feed's as it stands."""
    try:
        split = urlsplit(url)
    except ValueError:
        return ""
    if split.scheme not in ("http", "https"):
        return ""
    named = _ADDRESS.search(split.path.rstrip("/")) or re.search(r"(?:^|&)feed=", split.query)
    return url if named else ""


def sniff(text: str) -> bool:
    """Return whether a document opens like RSS, RDF or Atom."""
    start = text.lstrip("\ufeff \r\n\t")[:2_000].lower()
    opens = start.startswith(("<?xml", "<!--", "<rss", "<feed", "<rdf"))
    return opens and "<html" not in start and _FEED.search(start) is not None


def _posting(entry: Item, now: datetime, url: str, feed_title: str, says_remote: bool) -> Posting:
    link = fields.joined(url, entry.html("link")) or entry.link("id")
    if not link:
        raise Lacking("no http(s) link")
    company, title = _company_and_title(entry, feed_title)
    tags = [name for tag in entry.items("tags") if (name := tag.text("term"))]
    described = [entry.html("summary"), *(part.html("value") for part in entry.items("content"))]
    region = next((place for name in _PLACE if (place := entry.text(name))), "")
    return Posting(
        id=_id(entry.text("id"), link),
        title=title,
        company=company,
        url=link,
        location=region,
        mode=WorkMode.REMOTE if says_remote or entry.text("region") else WorkMode.UNKNOWN,
        pay=entry.text(*_PAY),
        posted_on=_day(entry, now.date()),
        skills=fields.skills_of((*fields.words_of(entry.text("skills")), *tags), *described),
        section=tags[0] if tags else "",
    )


def _company_and_title(entry: Item, feed_title: str) -> tuple[str, str]:
    line = entry.need("title")
    said = entry.text(*_COMPANY)
    author = _poster(entry.text("author"), feed_title)
    company, title = parted(line, (said, author))
    if said:
        return said, title if company.lower() == said.lower() else line
    if company or not author:
        return company, title
    return author, line


def _poster(author: str, feed_title: str) -> str:
    """Return the author when it may be the employer: no account that posts, and not the feed itself."""
    if found := _MAIL.search(author):
        author = (found[1] or "").strip()
    is_poster = _POSTER.match(author) or author.lower() in feed_title.lower()
    return "" if is_poster else author


def _day(entry: Item, today: date) -> date | None:
    names = ("published", "updated", "created")
    written = (read_date(entry.text(name), today) for name in names)
    return entry.day(*names) or next(filter(None, written), None)


def _id(guid: str, link: str) -> str:
    """Return the feed's own id; "" where it is the link, which tells it."""
    if not guid or fields.http_url(guid) == link:
        return ""
    if fields.http_url(guid):
        return f"feed:{clean_url(guid)}"
    return f"feed:{urlsplit(link).hostname}:{guid}"


KIND = Kind(parse=parse, recognise=recognise, sniff=sniff, floor=timedelta(hours=1))
