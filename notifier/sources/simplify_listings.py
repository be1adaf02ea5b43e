"""`listings.json` of Simplify's lists and of those that copy them: what their README is made of.

An entry may name the GitHub user who sent it in (`source`); that is no business of ours and is dropped at once.
"""

import re
from datetime import datetime, timedelta

from notifier.domain.posting import Posting, Reading
from notifier.sources import fields
from notifier.sources.address import readable
from notifier.sources.fields import Item
from notifier.sources.kinds import Kind

_FILE = re.compile(
    r"https?://(?:www\.)?(?:raw\.githubusercontent|github)\.com/[^?#]+/listings\.json(?:[?#].*)?"
)


def parse(text: str, now: datetime, url: str = "") -> Reading:
    """Return the postings that are active and visible."""
    found = fields.answer(text)
    whole = Item(found)
    sections = {category.text("key"): category.text("name") for category in whole.items("categories")}
    entries = fields.items_of(found, "listings" if isinstance(found, dict) else "")
    named = [
        {name: value for name, value in entry.items() if name != "source"}
        if isinstance(entry, dict)
        else entry
        for entry in entries
    ]
    return fields.read_each(named, lambda item: _posting(item, sections))


def recognise(url: str) -> str:
    """Return the raw file for the address of a `listings.json` on GitHub."""
    return readable(url)[0] if _FILE.fullmatch(url) else ""


def sniff(text: str) -> bool:
    """Return whether a JSON document lists jobs with the flags of these lists."""
    start = text[:20_000]
    return start.lstrip()[:1] in ("[", "{") and '"company_name"' in start and '"active"' in start


def _posting(item: Item, sections: dict[str, str]) -> Posting | None:
    # Workopia's copy says nothing of visibility.
    if item.flag("active") is not True or item.fields.get("is_visible", True) is not True:
        return None
    # The link of Workopia's entries carries their id, as it does in their README.
    their_own = "company_hi_slug" in item.fields
    number = item.need("id")
    return Posting(
        id="" if their_own else f"simplify.jobs:{number}",
        title=item.need("title"),
        company=item.need("company_name"),
        url=item.need_link("url"),
        company_url=item.link("company_url"),
        location="; ".join(item.texts("locations")) or item.text("location"),
        posted_on=item.day("date_posted"),
        skills=tuple(fields.words_of(item.text("skills"))),
        section=sections.get(item.text("category"), "") or item.text("category"),
    )


KIND = Kind(
    parse=parse,
    recognise=recognise,
    sniff=sniff,
    floor=timedelta(hours=1),
    complete=True,
)
