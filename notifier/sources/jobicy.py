"""Jobicy: up to a hundred of the newest remote jobs."""

from datetime import datetime, timedelta

from notifier.domain.posting import Posting, Reading, WorkMode
from notifier.sources import fields
from notifier.sources.fields import Item
from notifier.sources.kinds import Kind

API = "https://jobicy.com/api/v2/remote-jobs"


def parse(text: str, now: datetime, url: str = "") -> Reading:
    """Return the postings of the answer."""
    return fields.read_each(fields.items_of(fields.answer(text), "jobs"), _posting)


def recognise(url: str) -> str:
    """Return the API for any address of the site, with its filters."""
    if fields.site_path(url, "jobicy.com") is None:
        return ""
    return fields.with_filters(API, url, ("count", "geo", "industry", "tag"), count="100")


def _posting(item: Item) -> Posting:
    # Until 2025 a pay was one of a year, in two texts.
    low = item.number("salaryMin") or item.number("annualSalaryMin")
    high = item.number("salaryMax") or item.number("annualSalaryMax")
    period = item.text("salaryPeriod") or "year"
    return Posting(
        id=f"jobicy:{item.need('id')}",
        title=item.need("jobTitle"),
        company=item.text("companyName"),
        url=item.need_link("url"),
        location=item.text("jobGeo"),
        mode=WorkMode.REMOTE,
        pay=fields.pay_text(low, high, item.text("salaryCurrency"), period),
        posted_on=item.day("pubDate"),
        skills=fields.skills_named(item.html("jobDescription") or item.html("jobExcerpt")),
        section=next(iter(item.texts("jobIndustry")), ""),
    )


KIND = Kind(
    parse=parse,
    sniff=lambda text: fields.lists_items_with(text, "jobs", "jobTitle", "jobGeo"),
    recognise=recognise,
    floor=timedelta(hours=1),  # "not more than once an hour"
    attribution="Jobs from Jobicy, https://jobicy.com",
    home_url="https://jobicy.com",
)
