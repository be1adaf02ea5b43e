"""Ashby: an employer's board, whole in one answer. Source: developers.ashbyhq.com, Job Postings API."""

import re
from datetime import datetime, timedelta
from urllib.parse import quote, unquote

from notifier.domain.posting import Posting, Reading, WorkMode
from notifier.sources import fields
from notifier.sources.fields import Item
from notifier.sources.kinds import Kind

_ADDRESS = re.compile(
    r"https?://(?:jobs\.ashbyhq\.com/|api\.ashbyhq\.com/posting-api/job-board/)(?P<board>[^/?#\s]+)",
    re.IGNORECASE,
)


def board(url: str) -> str:
    """Return the company in an address of Ashby."""
    found = _ADDRESS.match(url)
    return unquote(found["board"]) if found else ""


def recognise(url: str) -> str:
    """Return the API of a company's board."""
    name = board(url)
    if not name:
        return ""
    return f"https://api.ashbyhq.com/posting-api/job-board/{quote(name, safe='')}?includeCompensation=true"


def parse(text: str, now: datetime, url: str = "") -> Reading:
    """Return the postings of a board that it shows."""
    return fields.read_each(
        fields.items_of(fields.answer(text), "jobs"), lambda item: _posting(item, board(url))
    )


def _posting(item: Item, token: str) -> Posting | None:
    if item.flag("isListed") is False:
        return None
    places = [item.text("location"), *(place.text("location") for place in item.items("secondaryLocations"))]
    mode = fields.mode_named(item.text("workplaceType"))
    if mode is WorkMode.UNKNOWN and item.flag("isRemote"):  # true of hybrid jobs too
        mode = WorkMode.REMOTE
    return Posting(
        title=item.need("title"),
        company=fields.company_called(token or board(item.link("jobUrl"))),
        url=item.need_link("jobUrl", "applyUrl"),
        location="; ".join(dict.fromkeys(filter(None, places))),
        mode=mode,
        pay="" if item.flag("shouldDisplayCompensationOnJobPostings") is False else _pay(item),
        posted_on=item.day("publishedAt"),
        skills=fields.skills_named(item.html("descriptionPlain") or item.html("descriptionHtml")),
        section=item.text("team", "department"),
    )


def _pay(item: Item) -> str:
    told = item.inner("compensation")
    for part in told.items("summaryComponents"):
        if part.text("compensationType").casefold() == "salary":
            period = part.text("interval")
            found = fields.pay_text(
                part.number("minValue"), part.number("maxValue"), part.text("currencyCode"), period
            )
            if found:
                return found
    return told.text("scrapeableCompensationSalarySummary")


KIND = Kind(
    parse=parse,
    sniff=lambda text: fields.lists_items_with(text, "jobs", "jobUrl", "isListed"),
    recognise=recognise,
    board=board,
    floor=timedelta(hours=1),
    complete=True,
    home_url="https://jobs.ashbyhq.com/{board}",
)
