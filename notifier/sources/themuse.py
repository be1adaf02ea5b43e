"""The Muse: hundreds of thousands of jobs, twenty a page; best read with its filters."""

from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from notifier.domain.posting import Posting, Reading, WorkMode
from notifier.sources import fields
from notifier.sources.fields import Item
from notifier.sources.kinds import Kind

API = "https://www.themuse.com/api/public/jobs"
MOST_PAGES = 10


def parse(text: str, now: datetime, url: str = "") -> Reading:
    """Return the postings of one page."""
    return fields.read_each(fields.items_of(fields.answer(text), "results"), _posting)


def following(url: str, text: str) -> str:
    """Return the page after the one at `url`."""
    split = urlsplit(url)
    query = parse_qsl(split.query)
    given = dict(query).get("page", "1")
    page = int(given) if given.isdecimal() else 1
    if page >= (Item(fields.answer(text)).number("page_count") or 0):
        return ""
    others = [(name, value) for name, value in query if name != "page"]
    return split._replace(query=urlencode([*others, ("page", page + 1)])).geturl()


def recognise(url: str) -> str:
    """Return the API for any address of the site, with its filters."""
    if fields.site_path(url, "themuse.com") is None:
        return ""
    filters = ("category", "location", "level", "company", "api_key")
    return fields.with_filters(API, url, filters, page="1")  # it answers nothing without a page


def _posting(item: Item) -> Posting:
    places = [name for place in item.items("locations") if (name := place.text("name"))]
    remote = any("remote" in place.lower() for place in places)
    return Posting(
        id=f"themuse:{item.need('id')}",
        title=item.need("name"),
        company=item.inner("company").text("name"),
        url=item.inner("refs").need_link("landing_page"),
        location="; ".join(places),
        mode=WorkMode.REMOTE if remote else WorkMode.UNKNOWN,
        posted_on=item.day("publication_date"),
        skills=fields.skills_of(
            (tag.text("name", "short_name") for tag in item.items("tags")), item.html("contents")
        ),
        section=next((name for found in item.items("categories") if (name := found.text("name"))), ""),
    )


KIND = Kind(
    parse=parse,
    sniff=lambda text: fields.lists_items_with(text, "results", "publication_date", "refs"),
    recognise=recognise,
    following=following,
    most_pages=MOST_PAGES,
    floor=timedelta(hours=1),
    attribution="Jobs from The Muse, https://www.themuse.com",
    home_url="https://www.themuse.com",
)
