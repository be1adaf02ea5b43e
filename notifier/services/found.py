"""What stands at an address that somebody wants read: shown before it is kept, and kept."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from notifier.domain.clean import NAME, TITLE, clean, safe_link
from notifier.domain.document import Block, BlockKind, Document, Span
from notifier.domain.posting import Found, Posting, Reading
from notifier.domain.texts import day, text
from notifier.services.commands.declared import line
from notifier.store import sources
from notifier.store.tables import Job, Source

SHOWN = 3  # postings
UNREAD_SHOWN = 5


def preview(found: Found, locale: str) -> Document:
    """Return the first postings at an address, what was understood of all, and what was not."""
    reading = found.reading
    count = len(reading.postings)
    title = text("found-title", locale, name=clean(found.name, NAME), kind=found.kind, count=count)
    blocks = [Block((Span(title, bold=True),), BlockKind.HEADING)]
    if not count:
        blocks.append(line("found-none", locale, reason=clean(reading.note or "-", TITLE)))
    blocks += [_posting(posting, locale) for posting in reading.postings[:SHOWN]]
    if count:
        blocks.append(_understood(reading, locale))
    if reading.unread:
        shown = "; ".join(f"{row.line} ({row.reason})" for row in reading.unread[:UNREAD_SHOWN])
        more = " …" if len(reading.unread) > UNREAD_SHOWN else ""
        words = clean(shown + more, TITLE)
        blocks.append(line("found-unread", locale, BlockKind.NOTE, count=len(reading.unread), lines=words))
    if found.also:
        blocks.append(line("found-also", locale, count=len(found.also)))
        blocks += [_sibling(url) for url in found.also]
    return Document(tuple(blocks))


def keep(
    session: Session,
    found: Found,
    now: datetime,
    *,
    name: str = "",
    home_url: str | None = None,
    every: timedelta | None = None,
    paused: str | None = None,
    republish: bool = False,
    attribution: str = "",
) -> Source:
    """Add what was found as a source; `UserError` when the name is taken."""
    values: dict[str, object] = {"paused": paused, "complete": found.complete}
    if every is not None:
        values["every"] = int(every.total_seconds())
    if found.complete:
        values["expire_after"] = None  # it says itself when a job is gone
    elif found.expire_after is not None:
        values["expire_after"] = int(found.expire_after.total_seconds())
    return sources.add(
        session,
        now,
        name=name or found.name,
        kind=found.kind,
        url=found.url,
        home_url=found.home_url if home_url is None else home_url,
        republish=republish or found.republish,
        attribution=attribution or found.attribution,
        **values,
    )


def begin(session: Session, starters: Sequence[Found], now: datetime) -> Sequence[str]:
    """Give a notifier that has never read anything its first lists; return their names."""
    for table in (Source, Job):
        if session.execute(select(col(table.id)).limit(1)).first() is not None:
            return ()
    return [keep(session, found, now).name for found in starters]


def _posting(posting: Posting, locale: str) -> Block:
    told = [
        posting.company,
        posting.location,
        posting.mode.value if posting.mode != "unknown" else "",
        posting.pay,
    ]
    if posting.posted_on is not None:
        told.append(day(posting.posted_on, locale))
    words = " · ".join(clean(word, NAME) for word in told if word)
    return Block((Span(clean(posting.title, TITLE), bold=True), Span(f" · {words}")), BlockKind.ITEM)


def _sibling(url: str) -> Block:
    name = url.removeprefix("https://github.com/").replace("/blob/HEAD/", "/")
    return Block((Span(clean(name, NAME), link=safe_link(url)),), BlockKind.ITEM)


def _understood(reading: Reading, locale: str) -> Block:
    """Say how many of the postings name each thing; a column that was not understood shows here."""
    rows = reading.postings
    return line(
        "found-said",
        locale,
        count=len(rows),
        company=sum(bool(row.company) for row in rows),
        link=sum(bool(row.url) for row in rows),
        place=sum(bool(row.location) for row in rows),
        mode=sum(row.mode != "unknown" for row in rows),
        date=sum(row.posted_on is not None for row in rows),
        pay=sum(bool(row.pay) or row.pay_flagged for row in rows),
        skills=sum(bool(row.skills) for row in rows),
        closed=sum(row.closed for row in rows),
    )
