"""Arbeitnow: jobs in Germany and remote ones, newest first, a hundred a page."""

from datetime import datetime, timedelta

from notifier.domain.posting import Posting, Reading, WorkMode
from notifier.sources import fields
from notifier.sources.fields import Item
from notifier.sources.kinds import Kind

API = "https://www.arbeitnow.com/api/job-board-api"
MOST_PAGES = 10


def parse(text: str, now: datetime, url: str = "") -> Reading:
    """Return the postings of one page."""
    return fields.read_each(fields.items_of(fields.answer(text), "data"), _posting)


def following(url: str, text: str) -> str:
    """Return the next page, which must be of this very API."""
    after = Item(fields.answer(text)).inner("links").link("next")
    return after if after.startswith(API) else ""


def recognise(url: str) -> str:
    """Return the API for any address of the site."""
    return API if fields.site_path(url, "arbeitnow.com") is not None else ""


def _posting(item: Item) -> Posting:
    remote = item.flag("remote")
    return Posting(
        id=f"arbeitnow:{item.need('slug')}",
        title=item.need("title"),
        company=item.need("company_name"),
        url=item.need_link("url"),
        location=item.text("location"),
        mode=WorkMode.REMOTE if remote else WorkMode.UNKNOWN,
        posted_on=item.day("created_at"),
        skills=fields.skills_of(item.texts("tags"), item.html("description")),
    )


KIND = Kind(
    parse=parse,
    sniff=lambda text: fields.lists_items_with(text, "data", "slug", "company_name", "created_at"),
    recognise=recognise,
    following=following,
    most_pages=MOST_PAGES,
    floor=timedelta(hours=1),
    attribution="Jobs from Arbeitnow, https://www.arbeitnow.com",
    home_url="https://www.arbeitnow.com",
)
