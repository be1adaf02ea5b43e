"""The digest of now, its time, and the digest as a file."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from notifier.domain import compose
from notifier.domain.compose import Digest, Entry, Why
from notifier.domain.document import Action, Document, File
from notifier.domain.filters import CompiledWish, Prepared, Wish
from notifier.domain.texts import moment
from notifier.errors import BadOption, UserError
from notifier.services.commands.declared import Asked, Option, command, line, said
from notifier.services.commands.values import read_time
from notifier.services.messages import reasons, statistics
from notifier.store import health, openings, outbox, subscriptions
from notifier.store.tables import Delivery, DeliveryKind, DeliveryState

LATELY = timedelta(hours=24)
FILE = "file"


@command(Option("action", choices=("now", "at", FILE, "off")), Option("time"), example="digest 08:30")
def digest(session: Session, asked: Asked) -> Document:
    """Show what waits for the next digest, give it as a file, or set its time."""
    when = asked.get("action").lower()
    if when == "at" or (not when and asked.get("time")):
        when = asked.get("time").lower() or "at"
    if when in ("", "now"):
        document = _digest_of_now(session, asked)
        return document if document is not None else said("nothing-waits", asked.locale)
    if when == FILE:
        document = _digest_of_now(session, asked)
        if document is None:
            raise UserError("nothing-waits")
        on = asked.now.astimezone(ZoneInfo(asked.chat.zone)).date()
        return Document(
            (line("digest-file", asked.locale),), file=File(f"digest-{on}.md", replace(document, actions=()))
        )
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


def _digest_of_now(session: Session, asked: Asked) -> Document | None:
    chat = asked.chat
    entries = _waiting(session, chat.id) or _of_late(session, asked)
    if not entries:
        return None
    document = compose.digest(
        Digest(
            on=asked.now.astimezone(ZoneInfo(chat.zone)).date(),
            zone=chat.zone,
            entries=entries,
            statistics=statistics(session, asked.now),
            next_at=chat.next_digest_at,
            lost=health.missed(session, chat.id, asked.now),
        ),
        asked.locale,
    )
    return Document(document.blocks, (*document.actions, Action(".md", command=f"digest {FILE}")))


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
