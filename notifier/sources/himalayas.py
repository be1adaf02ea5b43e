"""Himalayas: a hundred thousand remote jobs, newest first, twenty a page."""

from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from notifier.domain.posting import Posting, Reading, WorkMode
from notifier.sources import fields
from notifier.sources.fields import Item
from notifier.sources.kinds import Kind

API = "https://himalayas.app/jobs/api"
MOST_PAGES = 25  # of new jobs; more than they list in an hour
_PAGE = 20
_FILTERS = "q query search country worldwide seniority employment_type company timezone sort".split()


def parse(text: str, now: datetime, url: str = "") -> Reading:
    """Return the postings of one page."""
    return fields.read_each(fields.items_of(fields.answer(text), "jobs"), lambda item: _posting(item, now))


def following(url: str, text: str) -> str:
    """Return the page after the one at `url`."""
    page = Item(fields.answer(text))
    split = urlsplit(url)
    query = dict(parse_qsl(split.query))
    offset = int(query["offset"]) if query.get("offset", "").isdecimal() else 0
    after = offset + len(page.items("jobs"))
    if after == offset or after >= (page.number("totalCount") or 0):
        return ""
    return split._replace(query=urlencode({**query, "offset": after})).geturl()


def recognise(url: str) -> str:
    """Return the API for any address of the site; the search API keeps its filters."""
    path = fields.site_path(url, "himalayas.app")
    if path is None:
        return ""
    search = "/search" if path.startswith("/jobs/api/search") else ""
    return fields.with_filters(API + search, url, _FILTERS if search else (), limit=str(_PAGE))


def _posting(item: Item, now: datetime) -> Posting:
    until = item.day("expiryDate")
    lands = item.texts("locationRestrictions") or tuple(
        filter(None, (land.text("name", "alpha2") for land in item.items("locationRestrictions")))
    )
    low, high = item.number("minSalary"), item.number("maxSalary")
    return Posting(
        id=f"himalayas:{item.need('guid', 'applicationLink')}",
        title=item.need("title"),
        company=item.text("companyName"),
        url=item.need_link("applicationLink", "guid"),
        location="; ".join(lands),
        mode=WorkMode.REMOTE,
        pay=fields.pay_text(low, high, item.text("currency"), item.text("salaryPeriod") or "year"),
        posted_on=item.day("pubDate"),
        closed=until is not None and until < now.date(),
        skills=fields.skills_of(
            (name.replace("-", " ") for name in item.texts("categories")), item.html("description")
        ),
        section=next(iter(item.texts("parentCategories")), ""),
    )


KIND = Kind(
    parse=parse,
    sniff=lambda text: fields.lists_items_with(text, "jobs", "locationRestrictions", "applicationLink"),
    recognise=recognise,
    following=following,
    most_pages=MOST_PAGES,
    floor=timedelta(hours=1),
    attribution="Jobs from Himalayas, https://himalayas.app",
    home_url="https://himalayas.app",
)
