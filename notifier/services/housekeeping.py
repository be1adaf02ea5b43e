"""What keeps a long-running notifier small and observable: retention, the heartbeat."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, exists, select
from sqlmodel import Session, col

from notifier.store import links
from notifier.store.tables import Answer, Delivery, DigestRun, Job, Listing, Mark, Report, State

_HEARTBEAT = "heartbeat"
_TOLD = "told:"
PAGES_KEPT = timedelta(days=30)  # that an answer's pages turn
REMEMBERED = timedelta(days=7)  # that operators were told of a cause


def beat(session: Session, now: datetime) -> None:
    """Note that the ticks go on."""
    session.merge(State(key=_HEARTBEAT, value=now.isoformat()))


def last_beat(session: Session) -> datetime | None:
    """Return when the ticks last went on."""
    row = session.get(State, _HEARTBEAT)
    return datetime.fromisoformat(row.value) if row else None


def first_today(session: Session, cause: str, now: datetime) -> bool:
    """Return whether operators have not been told of this cause on this day (UTC) yet; now they are."""
    told = last_told(session, cause)
    if told is not None and told.date() == now.date():
        return False
    session.merge(State(key=_told_key(cause), value=now.isoformat()))
    return True


def last_told(session: Session, cause: str) -> datetime | None:
    """Return when operators were last told of this cause."""
    row = session.get(State, _told_key(cause))
    if row is None:
        return None
    at = datetime.fromisoformat(row.value)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def remembered(session: Session, key: str) -> str:
    """Return what an adapter noted for itself under a key; "" for nothing."""
    row = session.get(State, key)
    return row.value if row else ""


def remember(session: Session, key: str, value: str) -> None:
    """Note something under a key, in place of what stood there."""
    session.merge(State(key=key, value=value))


def _told_key(cause: str) -> str:
    return f"{_TOLD}{cause}"[:200]


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
    held_by = ((Delivery, Delivery.job_id), (Listing, Listing.job_id), (Report, Report.job_id), (Job, Job.id))
    for table, column in held_by:
        session.execute(delete(table).where(col(column).in_(ids)))
    session.execute(delete(DigestRun).where(col(DigestRun.created_at) < before))
    session.execute(delete(Answer).where(col(Answer.created_at) < now - PAGES_KEPT))
    links.purge(session, now)
    forgotten = (now - REMEMBERED).isoformat()
    told = col(State.key).startswith(_TOLD), col(State.value) < forgotten
    session.execute(delete(State).where(*told))
    return len(ids)
