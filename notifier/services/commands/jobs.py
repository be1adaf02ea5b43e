"""Looking for jobs, and reading the digest of now."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from notifier.domain import compose
from notifier.domain.clean import clean
from notifier.domain.compose import Digest, Entry, Why
from notifier.domain.document import BlockKind, Document
from notifier.domain.filters import CompiledWish, Prepared, Wish
from notifier.domain.posting import Opening
from notifier.domain.query import parse, query
from notifier.domain.texts import moment
from notifier.errors import BadOption
from notifier.services.commands.declared import Asked, Option, command, line, said
from notifier.services.commands.values import read_time
from notifier.services.messages import reasons, statistics
from notifier.store import openings, outbox, subscriptions
from notifier.store.tables import Delivery, DeliveryKind, DeliveryState

SHOWN = 10
LATELY = timedelta(hours=24)


def fitting(found: Iterable[Opening], wish: Wish, now: datetime) -> list[Opening]:
    """Return the openings that a wish fits, in the order given."""
    compiled = CompiledWish(wish)
    return [job for job in found if compiled.match(Prepared(job), now) is not None]


@command(Option("query"), aliases=("latest", "search"), example="jobs python remote")
def jobs(session: Session, asked: Asked) -> Document:
    """Show the open jobs that fit a query; without one the latest."""
    words = asked.get("query")
    wish = parse(words).wish if words else Wish(())
    every = openings.newest_open(session, asked.now)
    found = fitting(every, wish, asked.now)
    shown_query = clean(query(wish))
    if not found:
        return said("jobs-none" if words else "jobs-empty", asked.locale, query=shown_query)
    title = "jobs-found" if words else "jobs-latest"
    blocks = [line(title, asked.locale, BlockKind.HEADING, count=len(found), query=shown_query)]
    blocks += compose.items(found[:SHOWN], asked.locale)
    if len(found) > SHOWN:
        blocks.append(line("jobs-more", asked.locale, BlockKind.NOTE, count=len(found) - SHOWN))
    return Document(tuple(blocks))


@command(Option("when"), example="digest 08:30")
def digest(session: Session, asked: Asked) -> Document:
    """Show what waits for the next digest, or set its time."""
    when = asked.get("when").lower()
    if when in ("", "now"):
        return _digest_of_now(session, asked)
    if when == "off":
        subscriptions.change(session, asked.chat, asked.now, digest_at=None)
        return said("digest-off", asked.locale)
    subscriptions.change(session, asked.chat, asked.now, digest_at=read_time(when))
    slot = subscriptions.digest_slot(session, asked.chat, asked.now)
    if slot is None:
        raise BadOption("option-time", value=when)
    return said(
        "digest-set",
        asked.locale,
        time=when,
        zone=asked.chat.zone,
        at=moment(slot[1], asked.chat.zone, asked.locale),
    )


def _digest_of_now(session: Session, asked: Asked) -> Document:
    chat = asked.chat
    entries = _waiting(session, chat.id) or _of_late(session, asked)
    if not entries:
        return said("nothing-waits", asked.locale)
    return compose.digest(
        Digest(
            on=asked.now.astimezone(ZoneInfo(chat.zone)).date(),
            zone=chat.zone,
            entries=entries,
            statistics=statistics(session, asked.now),
            next_at=chat.next_digest_at,
        ),
        asked.locale,
    )


def _waiting(session: Session, destination_id: int) -> list[Entry]:
    """Return what waits for the next digest, without using it up."""
    owed = (
        select(Delivery)
        .where(
            col(Delivery.destination_id) == destination_id,
            col(Delivery.kind) == DeliveryKind.DIGEST,
            col(Delivery.state) == DeliveryState.OWED,
        )
        .order_by(col(Delivery.id))
    )
    rows = session.execute(owed).scalars().all()
    found = openings.by_id(session, [row.job_id for row in rows])
    pushed = outbox.pushed_jobs(session, destination_id, list(found))
    return [
        Entry(found[row.job_id], reasons(row.why), row.job_id in pushed)
        for row in rows
        if found[row.job_id].closed_at is None
    ]


def _of_late(session: Session, asked: Asked) -> list[Entry]:
    """Return the open jobs of the last day that fit a subscription of this chat."""
    wishes = [
        (row, CompiledWish(Wish.from_json(row.wish)))
        for row in subscriptions.subscriptions_of(session, asked.chat)
        if row.paused_at is None
    ]
    entries = []
    for job in openings.newest_open(session, asked.now, since=asked.now - LATELY) if wishes else ():
        prepared = Prepared(job)
        why = [
            Why(row.number, row.name, met)
            for row, wish in wishes
            if (met := wish.match(prepared, asked.now)) is not None
        ]
        if why:
            entries.append(Entry(job, why))
    return entries
