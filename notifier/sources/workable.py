"""Workable: an employer's board, whole in one answer."""

import re
from datetime import datetime, timedelta

from notifier.domain.posting import Posting, Reading, WorkMode
from notifier.sources import fields
from notifier.sources.fields import Item
from notifier.sources.kinds import Kind

_ADDRESS = re.compile(
    r"https?://(?:apply\.workable\.com/(?:api/v\d/(?:widget/)?accounts/)?"
    r"|(?:www\.)?workable\.com/api/accounts/|(?=[\w-]+\.workable\.com))(?P<board>[\w-]+)",
    re.IGNORECASE,
)
_OWN = frozenset("www apply jobs help api j".split())  # of Workable itself


def board(url: str) -> str:
    """Return the company in an address of Workable."""
    found = _ADDRESS.match(url)
    return found["board"] if found and found["board"].lower() not in _OWN else ""


def recognise(url: str) -> str:
    """Return the API of a company's board."""
    name = board(url)
    return f"https://www.workable.com/api/accounts/{name}?details=true" if name else ""


def parse(text: str, now: datetime, url: str = "") -> Reading:
    """Return the postings of a board."""
    found = fields.answer(text)
    by = Item(found).text("name") or fields.company_called(board(url))
    return fields.read_each(fields.items_of(found, "jobs"), lambda item: _posting(item, by))


def _posting(item: Item, company: str) -> Posting:
    shown = [place for place in item.items("locations") if place.flag("hidden") is not True]
    places = [_place(place, "city", "region", "country") for place in shown]
    mode = fields.mode_named(item.text("workplace_type"))
    if mode is WorkMode.UNKNOWN and item.flag("telecommuting"):
        mode = WorkMode.REMOTE
    return Posting(
        title=item.need("title"),
        company=company,
        url=item.need_link("url", "shortlink", "application_url"),
        location="; ".join(dict.fromkeys(filter(None, places))) or _place(item, "city", "state", "country"),
        mode=mode,
        posted_on=item.day("published_on", "created_at"),
        skills=fields.skills_named(item.html("description")),
        section=item.text("department", "function"),
    )


def _place(item: Item, *names: str) -> str:
    return ", ".join(dict.fromkeys(filter(None, (item.text(name) for name in names))))


KIND = Kind(
    parse=parse,
    sniff=lambda text: fields.lists_items_with(text, "jobs", "shortcode", "application_url"),
    recognise=recognise,
    board=board,
    floor=timedelta(hours=1),
    complete=True,
    home_url="https://apply.workable.com/{board}",
)
