"""SmartRecruiters: the postings of a company that an operator names, a hundred a page.

Source: developers.smartrecruiters.com, Posting API
"""

import re
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from notifier.domain.posting import Posting, Reading, WorkMode
from notifier.sources import fields
from notifier.sources.fields import Item, Lacking
from notifier.sources.kinds import Kind

PAGE = 100  # postings, the most that one answer carries
MOST_PAGES = 20

_ADDRESS = re.compile(
    r"https?://(?:(?:careers|jobs)\.smartrecruiters\.com/|api\.smartrecruiters\.com/v1/companies/)(?P<board>[\w.-]+)",
    re.IGNORECASE,
)


def board(url: str) -> str:
    """Return the company in an address of SmartRecruiters."""
    found = _ADDRESS.match(url)
    return found["board"] if found else ""


def recognise(url: str) -> str:
    """Return the API of a company's postings."""
    company = board(url)
    return f"https://api.smartrecruiters.com/v1/companies/{company}/postings?limit={PAGE}" if company else ""


def following(url: str, text: str) -> str:
    """Return the next page, "" after the last."""
    start = parse_qs(urlsplit(url).query).get("offset", ["0"])[0]
    after = (int(start) if start.isascii() and start.isdigit() else 0) + PAGE
    total = Item(fields.answer(text)).number("totalFound") or 0
    return f"{recognise(url)}&offset={after}" if after < total else ""


def parse(text: str, now: datetime, url: str = "") -> Reading:
    """Return the postings of one page."""
    by = board(url)
    return fields.read_each(fields.items_of(fields.answer(text), "content"), lambda item: _posting(item, by))


def _posting(item: Item, company: str) -> Posting:
    where = item.inner("location")
    employer = item.inner("company")
    identifier = employer.text("identifier") or company
    number = item.need("id")
    if not re.fullmatch(r"[\w.-]+", f"{identifier}{number}"):
        raise Lacking("no company and number that make a link")
    parts = (where.text("city"), where.text("region"), where.text("country").upper())
    mode = WorkMode.HYBRID if where.flag("hybrid") else WorkMode.UNKNOWN
    return Posting(
        title=item.need("name"),
        company=employer.text("name") or fields.company_called(company),
        # The answer's own link leads to the API.
        url=f"https://jobs.smartrecruiters.com/{identifier}/{number}",
        location=where.text("fullLocation") or ", ".join(dict.fromkeys(filter(None, parts))),
        mode=WorkMode.REMOTE if where.flag("remote") else mode,
        posted_on=item.day("releasedDate"),
        section=item.inner("department").text("label") or item.inner("function").text("label"),
    )


KIND = Kind(
    parse=parse,
    sniff=lambda text: fields.lists_items_with(text, "content", "releasedDate", "ref"),
    recognise=recognise,
    board=board,
    following=following,
    newest_first=False,
    most_pages=MOST_PAGES,
    floor=timedelta(hours=1),
    complete=True,
    home_url="https://jobs.smartrecruiters.com/{board}",
)
