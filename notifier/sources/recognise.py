"""What stands at an address: which kind of source, what it says now, and which lists it calls its siblings."""

import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from notifier.domain.posting import Found, Reading
from notifier.errors import SourceError, SourceRefused
from notifier.sources import SOURCES, ListSource, address, build, starter
from notifier.sources.fields import joined
from notifier.sources.http import Fetched, Fetcher, place

README = "readme_table"
MOST_SIBLINGS = 20

_LISTINGS = ".github/scripts/listings.json"  # where Simplify's lists keep what their READMEs are made of
_HTTP = re.compile(r"https?://[^\s\"'<>()\[\]\\]+")
_HREF = re.compile(r"\bhref\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE)
_FEED_LINK = re.compile(
    r"<link\b(?=[^<>]*\btype\s*=\s*[\"']?application/(?:rss|atom)\+xml)[^<>]*>", re.IGNORECASE
)
_MARKDOWN_LINK = re.compile(r"\]\(\s*<?([^\s()<>]+)")
_JOBS = re.compile(r"jobs?\b|intern|grad|hiring|career|remote", re.IGNORECASE)
_NO_LIST = re.compile(
    r"(?:^|[-_/])(?:readme|contributing|licen[cs]e|code_of_conduct|changelog|security|archive\w*|inactive|faq)(?:[-_.]|$)",
    re.IGNORECASE,
)
_REPOSITORY = re.compile(r"https?://(?:www\.)?github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?/?(?:[?#].*)?")


async def look(where: str, fetcher: Fetcher, now: datetime, *, kind: str = "") -> Found:
    """Return what stands at an address as a person writes it.

    kind  a name in `SOURCES`, when the address and what stands there do not tell

    `SourceError` when nothing can be read there, or when it is no list; then it says what would work.
    """
    where = where.strip()
    if kind:
        source = build(kind, SOURCES[kind].recognise(where) or where, fetcher)
    elif named := _by_address(where):
        source = build(*named, fetcher)
    else:
        return await _by_content(where, fetcher, now)
    return await _read(source, await source.document(accept_html=source.kind.is_page), where, now)


def unread(where: str, kind: str = "") -> Found | None:
    """Return what an address is by itself, without asking there; None when it does not tell."""
    named = (kind, SOURCES[kind].recognise(where) or where) if kind else _by_address(where)
    return _found(named[0], named[1], where, Reading()) if named else None


def starters(word: str) -> list[Found]:
    """Return the public lists of a set of `starter.toml`."""
    return [
        _found(entry.kind, entry.url, entry.url, Reading(), name=entry.name) for entry in starter.of(word)
    ]


async def _read(source: ListSource, fetched: Fetched, where: str, now: datetime) -> Found:
    reading = await source.read(fetched, now)
    if source.kind is not SOURCES[README]:
        return _found(_name(source), source.url, where, reading)
    if not reading.postings and (listings := await _listings(source, where, now)):
        return listings
    return _found(README, source.url, where, reading, siblings(fetched.text, where))


def siblings(text: str, url: str) -> list[str]:
    """Return the addresses of lists that a README links to as its siblings.

    They are repositories of the same owner whose names speak of jobs, and other documents of the same
    repository; a table of jobs links elsewhere.
    """
    home = _REPOSITORY.fullmatch(address.home(url))
    if home is None:
        return []
    owner, own = home[1].lower(), f"{home[1]}/{home[2]}".lower()
    base = f"https://github.com/{home[1]}/{home[2]}/blob/HEAD/"
    found: dict[str, str] = {}
    for link in (*_MARKDOWN_LINK.findall(text), *_HREF.findall(text)):
        try:
            target = link if "://" in link else urljoin(base, link.lstrip("/"))
            document = urlsplit(target).path.rpartition("/")[2]
        except ValueError:
            continue
        repository = _REPOSITORY.fullmatch(target)
        if repository is not None:
            name = f"{repository[1]}/{repository[2]}"
            if repository[1].lower() == owner and name.lower() != own and _JOBS.search(repository[2]):
                found.setdefault(name.lower(), f"https://github.com/{name}")
        elif (
            target.lower().startswith(f"https://github.com/{own}/blob/")
            and document.lower().endswith(".md")
            and _JOBS.search(document)
            and not _NO_LIST.search(document)
        ):
            found.setdefault(document.lower(), target.partition("#")[0])
    return list(found.values())[:MOST_SIBLINGS]


def _by_address(where: str) -> tuple[str, str] | None:
    """Return (kind, the URL to read) of an address that tells its kind."""
    for name, kind in SOURCES.items():
        if url := kind.recognise(where):
            return name, url
    return (README, where) if len(address.readable(where)) > 1 else None


async def _by_content(where: str, fetcher: Fetcher, now: datetime) -> Found:
    """Return what an address is by what stands there, or by what the page there points to."""
    fetched = await build(README, where, fetcher).document(accept_html=True)
    if _is_page(fetched.text) and not address.is_file(where):
        fetched = await fetcher.page(where)  # a page is read only if its site lets programs read it
    # A README may quote anything, so it is asked last.
    for name in sorted(SOURCES, key=lambda name: name == README):
        if SOURCES[name].sniff(fetched.text):
            return await _read(build(name, where, fetcher), fetched, where, now)
    if not _is_page(fetched.text):
        found = await _read(build(README, where, fetcher), fetched, where, now)
        if found.reading.postings or found.reading.unread:
            return found
        raise SourceRefused(f"{_shown(where)}: {found.reading.note}. {WHAT_WORKS}")
    feeds = _feeds(fetched.text, where)
    for link in dict.fromkeys([*feeds, *_HTTP.findall(fetched.text)]):
        named = ("feed", link) if link in feeds else _by_address(link)
        if named and named[0] != README:
            source = build(named[0], named[1], fetcher)
            return await _read(source, await source.document(), link, now)
    raise SourceRefused(
        f"{_shown(where)} is an HTML page that says nothing of jobs to a program (no JobPosting in it, and"
        f" neither a feed nor a board that is known behind it). {WHAT_WORKS}"
    )


WHAT_WORKS = (
    "What works: a README or repository with a table of jobs, an RSS or Atom feed, an employer's board at"
    " Greenhouse, Lever, Ashby, Workable or SmartRecruiters, or a site whose API is known"
    " (notifier sources kinds lists them)"
)


def _shown(where: str) -> str:
    return address.file_path(where).name if address.is_file(where) else place(where)


def _is_page(text: str) -> bool:
    return text.lstrip()[:15].lower().startswith(("<!doctype html", "<html"))


def _feeds(text: str, where: str) -> list[str]:
    """Return the feeds that a page names as its own."""
    hrefs = (_HREF.search(link[0]) for link in _FEED_LINK.finditer(text))
    links = (joined(where, href[1].replace("&amp;", "&")) for href in hrefs if href)
    return [link for link in links if link]


async def _listings(source: ListSource, where: str, now: datetime) -> Found | None:
    """Return the listings that a repository without a table keeps beside its README."""
    home = _REPOSITORY.fullmatch(address.home(source.url))
    if home is None:
        return None
    url = f"https://raw.githubusercontent.com/{home[1]}/{home[2]}/HEAD/{_LISTINGS}"
    listings = build("simplify_listings", url, source.fetcher)
    try:
        return _found("simplify_listings", url, where, await listings.postings(now))
    except SourceError:
        return None


def _name(source: ListSource) -> str:
    return next(name for name, kind in SOURCES.items() if kind is source.kind)


def _found(
    kind_name: str, url: str, where: str, reading: Reading, also: Sequence[str] = (), *, name: str = ""
) -> Found:
    kind = SOURCES[kind_name]
    board = kind.board(url)
    is_site = bool(kind.recognise(url)) and not board
    home = kind.home_url.format(board=board) if board or "{board}" not in kind.home_url else ""
    return Found(
        kind=kind_name,
        url=url,
        name=name or (kind_name.replace("_", "-") if is_site else address.default_name(board or where)),
        reading=reading,
        home_url=home or address.home(where),
        attribution=kind.attribution,
        republish=kind.republish,
        complete=kind.complete,
        also=also,
    )
