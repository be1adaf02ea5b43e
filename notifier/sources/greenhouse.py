"""Greenhouse: an employer's board, whole in one answer.

Source: developers.greenhouse.io/job-board.html
"""

import re
from datetime import datetime, timedelta

from notifier.domain.posting import Posting, Reading, WorkMode
from notifier.sources import fields
from notifier.sources.fields import Item
from notifier.sources.kinds import Kind

_ADDRESS = re.compile(
    r"https?://(?:(?:job-)?boards(?:\.eu)?\.greenhouse\.io/(?:embed/job_board(?:/js)?\?(?:.*&)?for=)?"
    r"|boards-api\.greenhouse\.io/v1/boards/)(?P<board>[\w-]+)",
    re.IGNORECASE,
)
_SAYS_MODE = re.compile(r"work ?(?:place|mode|model|arrangement|type)|location type|remote", re.IGNORECASE)


def board(url: str) -> str:
    """Return the company in an address of Greenhouse."""
    found = _ADDRESS.match(url)
    return found["board"] if found and found["board"].lower() != "embed" else ""


def recognise(url: str) -> str:
    """Return the API of a company's board."""
    token = board(url)
    return f"https://boards-api.greenhouse.io/v1/boards/{token}/jobs?content=true" if token else ""


def parse(text: str, now: datetime, url: str = "") -> Reading:
    """Return the postings of a board."""
    return fields.read_each(
        fields.items_of(fields.answer(text), "jobs"), lambda item: _posting(item, board(url))
    )


def _posting(item: Item, token: str) -> Posting:
    place = item.inner("location").text("name")
    mode = fields.mode_named(place)
    if not place or mode is not WorkMode.UNKNOWN:
        place = "; ".join(
            dict.fromkeys(filter(None, (office.text("location", "name") for office in item.items("offices"))))
        )
    for told in item.items("metadata"):
        if mode is WorkMode.UNKNOWN and _SAYS_MODE.search(told.text("name")):
            mode = fields.mode_named(told.text("value"))
    return Posting(
        title=item.need("title"),
        company=item.text("company_name") or fields.company_called(token or board(item.link("absolute_url"))),
        url=item.need_link("absolute_url"),
        location=place,
        mode=mode,
        # updated_at moves with each edit.
        posted_on=item.day("first_published"),
        skills=fields.skills_named(item.html("content")),
        section="; ".join(filter(None, (part.text("name") for part in item.items("departments")))),
    )


KIND = Kind(
    parse=parse,
    sniff=lambda text: fields.lists_items_with(text, "jobs", "absolute_url", "internal_job_id"),
    recognise=recognise,
    board=board,
    floor=timedelta(hours=1),
    complete=True,
    home_url="https://boards.greenhouse.io/{board}",
)
