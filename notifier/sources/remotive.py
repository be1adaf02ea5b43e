"""Remotive: remote jobs, each a day after it stood on their site; one answer holds them all."""

import re
from datetime import datetime, timedelta

from notifier.domain.posting import Posting, Reading, WorkMode
from notifier.sources import fields
from notifier.sources.fields import Item
from notifier.sources.kinds import Kind

API = "https://remotive.com/api/remote-jobs"
_CATEGORY = re.compile(r"/(?:remote-jobs|remote)/([a-z-]+)")


def parse(text: str, now: datetime, url: str = "") -> Reading:
    """Return the postings of the answer; its legal notice stands beside them."""
    return fields.read_each(fields.items_of(fields.answer(text), "jobs"), _posting)


def recognise(url: str) -> str:
    """Return the API for any address of the site, with its filters; a category's page is a filter too."""
    path = fields.site_path(url, "remotive.com", "remotive.io")
    if path is None:
        return ""
    category = _CATEGORY.fullmatch(path)
    usual = {"category": category[1]} if category else {}
    return fields.with_filters(API, url, ("category", "company_name", "search", "limit"), **usual)


def _posting(item: Item) -> Posting:
    return Posting(
        id=f"remotive:{item.need('id')}",
        title=item.need("title"),
        company=item.text("company_name"),
        url=item.need_link("url"),
        location=item.text("candidate_required_location"),
        mode=WorkMode.REMOTE,
        pay=item.text("salary"),
        posted_on=item.day("publication_date"),
        skills=fields.skills_of(item.texts("tags"), item.html("description")),
        section=item.text("category"),
    )


KIND = Kind(
    parse=parse,
    sniff=lambda text: fields.lists_items_with(text, "jobs", "candidate_required_location"),
    recognise=recognise,
    floor=timedelta(hours=6),  # "at most 4 times a day"
    attribution="Jobs from Remotive, https://remotive.com",
    home_url="https://remotive.com",
)
