"""Remote OK: the newest remote jobs; the first item of an answer is their legal notice."""

import re
from datetime import datetime, timedelta

from notifier.domain.posting import Posting, Reading, WorkMode
from notifier.sources import fields
from notifier.sources.fields import Item
from notifier.sources.kinds import Kind

API = "https://remoteok.com/api"
_TAG = re.compile(r"/remote-([a-z0-9+-]+)-jobs")


def parse(text: str, now: datetime, url: str = "") -> Reading:
    """Return the postings; of an unknown tag there is the notice alone."""
    return fields.read_each(fields.items_of(fields.answer(text)), _posting)


def recognise(url: str) -> str:
    """Return the API for any address of the site, with its tags; a tag's page is one too."""
    path = fields.site_path(url, "remoteok.com", "remoteok.io")
    if path is None:
        return ""
    tag = _TAG.fullmatch(path)
    return fields.with_filters(API, url, ("tag", "tags"), **({"tag": tag[1]} if tag else {}))


def _posting(item: Item) -> Posting | None:
    if "legal" in item.fields and "position" not in item.fields:
        return None
    return Posting(
        id=f"remoteok:{item.need('id')}",
        title=item.need("position"),
        company=item.text("company"),
        url=item.need_link("url"),
        location=item.text("location"),
        mode=WorkMode.REMOTE,
        pay=fields.pay_text(item.number("salary_min"), item.number("salary_max"), "USD"),
        posted_on=item.day("date", "epoch"),
        skills=fields.skills_of(item.texts("tags"), item.html("description")),
    )


KIND = Kind(
    parse=parse,
    sniff=lambda text: fields.lists_items_with(text, "", "position", "slug"),
    recognise=recognise,
    floor=timedelta(hours=1),
    attribution="Jobs from Remote OK, https://remoteok.com",
    home_url="https://remoteok.com",
)
