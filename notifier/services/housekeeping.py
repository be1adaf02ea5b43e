"""What keeps a long-running notifier small and observable: retention, the heartbeat."""

from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select
from sqlmodel import Session, col

from notifier.store.tables import Delivery, DigestRun, Job, Listing, Mark, State

_HEARTBEAT = "heartbeat"


def beat(session: Session, now: datetime) -> None:
    """Note that the ticks go on."""
    session.merge(State(key=_HEARTBEAT, value=now.isoformat()))


def last_beat(session: Session) -> datetime | None:
    """Return when the ticks last went on."""
    row = session.get(State, _HEARTBEAT)
    return datetime.fromisoformat(row.value) if row else None


def first_today(session: Session, cause: str, now: datetime) -> bool:
    """Return whether operators have not been told of this cause on this day (UTC) yet; now they are."""
    key, day = f"told:{cause}"[:200], now.date().isoformat()
    row = session.get(State, key)
    if row is not None and row.value == day:
        return False
    session.merge(State(key=key, value=day))
    return True


def purge(session: Session, now: datetime, retention: timedelta) -> int:
    """Remove jobs that stand on no source and are older than `retention`, with their deliveries.

    A job still on any source, and its key, is never removed; nor is one that a person has marked.
    """
    before = now - retention
    listed = exists().where(col(Listing.job_id) == col(Job.id), col(Listing.last_seen).is_(None))
    lately = exists().where(col(Listing.job_id) == col(Job.id), col(Listing.last_seen) >= before)
    marked = exists().where(col(Mark.job_id) == col(Job.id))
    old = select(col(Job.id)).where(col(Job.first_seen) < before, ~listed, ~lately, ~marked)
    ids = session.execute(old.limit(1_000)).scalars().all()
    for table, column in ((Delivery, Delivery.job_id), (Listing, Listing.job_id), (Job, Job.id)):
        session.execute(delete(table).where(col(column).in_(ids)))
    session.execute(delete(DigestRun).where(col(DigestRun.created_at) < before))
    return len(ids)
