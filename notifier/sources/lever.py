"""Lever: an employer's board, whole in one answer. Source: github.com/lever/postings-api."""

import re
from datetime import datetime, timedelta

from notifier.domain.posting import Posting, Reading
from notifier.sources import fields
from notifier.sources.fields import Item
from notifier.sources.kinds import Kind

_ADDRESS = re.compile(
    r"https?://(?:jobs\.(?P<eu>eu\.)?lever\.co/|api\.(?P<api_eu>eu\.)?lever\.co/v0/postings/)(?P<board>[\w.-]+)",
    re.IGNORECASE,
)


def board(url: str) -> str:
    """Return the company in an address of Lever."""
    found = _ADDRESS.match(url)
    return found["board"] if found else ""


def recognise(url: str) -> str:
    """Return the API of a company's board, in Europe when its board is there."""
    found = _ADDRESS.match(url)
    if found is None:
        return ""
    region = "eu." if found["eu"] or found["api_eu"] else ""
    return f"https://api.{region}lever.co/v0/postings/{found['board']}?mode=json"


def parse(text: str, now: datetime, url: str = "") -> Reading:
    """Return the postings of a board; an unknown company is an object with an error."""
    return fields.read_each(fields.items_of(fields.answer(text)), lambda item: _posting(item, board(url)))


def _posting(item: Item, token: str) -> Posting:
    where = item.inner("categories")
    pay = item.inner("salaryRange")
    wanted = [part.html("content") for part in item.items("lists")]
    return Posting(
        title=item.need("text"),
        company=fields.company_called(token or board(item.link("hostedUrl"))),
        url=item.need_link("hostedUrl", "applyUrl"),
        location="; ".join(where.texts("allLocations")) or where.text("location"),
        mode=fields.mode_named(item.text("workplaceType")),
        pay=fields.pay_text(pay.number("min"), pay.number("max"), pay.text("currency"), pay.text("interval")),
        posted_on=item.day("createdAt"),
        skills=fields.skills_named(item.html("descriptionPlain") or item.html("description"), *wanted),
        section=where.text("team", "department"),
    )


KIND = Kind(
    parse=parse,
    sniff=lambda text: fields.lists_items_with(text, "", "text", "hostedUrl", "categories"),
    recognise=recognise,
    board=board,
    floor=timedelta(hours=1),
    complete=True,
    home_url="https://jobs.lever.co/{board}",
)
