"""The lists we read: their timetable and their health."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import delete, select
from sqlmodel import Session, col

from notifier.domain import cadence
from notifier.errors import UserError
from notifier.store.tables import Listing, Source

USUAL_READINGS = 20  # good readings that say how long a list usually is
SHRUNKEN = 0.3  # of the median of those: below it absence is not believed

FIRST_BACKOFF = timedelta(minutes=1)
LONGEST_BACKOFF = timedelta(hours=6)


def add(session: Session, now: datetime, /, *, name: str, kind: str, url: str, **values: Any) -> Source:
    """Add a list, due at once; `UserError` when the name is taken."""
    if named(session, name) is not None:
        raise UserError("source-exists", name=name)
    source = Source(name=name, kind=kind, url=url, next_fetch_at=now, added_at=now, **values)
    session.add(source)
    session.flush()
    return source


def named(session: Session, name: str) -> Source | None:
    """Return the source of that name."""
    return session.execute(select(Source).where(col(Source.name) == name)).scalar_one_or_none()


def every(session: Session) -> Sequence[Source]:
    """Return all sources by name."""
    return session.execute(select(Source).order_by(col(Source.name))).scalars().all()


def due(session: Session, now: datetime, names: Collection[str] = ()) -> Sequence[Source]:
    """Return the sources to read now: those named, else those whose time has come."""
    query = select(Source).order_by(col(Source.next_fetch_at))
    if names:
        query = query.where(col(Source.name).in_(names))
    else:
        query = query.where(col(Source.paused).is_(None), col(Source.next_fetch_at) <= now)
    return session.execute(query).scalars().all()


def accept(row: Source, now: datetime) -> None:
    """Read a source again, and take its present length for its usual one."""
    row.paused = row.suspect = row.suspect_since = None
    row.usual_rows, row.failures, row.next_fetch_at = [], 0, now


def remove(session: Session, name: str) -> bool:
    """Forget a list and what stands on it; its jobs stay. Return whether there was one."""
    source = named(session, name)
    if source is None:
        return False
    session.execute(delete(Listing).where(col(Listing.source_id) == source.id))
    session.delete(source)
    return True


def failed(
    session: Session, source_id: int, reason: str, now: datetime, retry_after: timedelta | None = None
) -> None:
    """Note a reading that gave nothing usable, and wait longer each time before the next."""
    source = session.get(Source, source_id)
    if source is None:
        return
    source.failures += 1
    wait = cadence.backoff(source.failures, base=FIRST_BACKOFF, cap=LONGEST_BACKOFF)
    source.next_fetch_at = now + max(wait, retry_after or timedelta())
    _suspect(source, reason, now)


def postpone(session: Session, source_id: int, now: datetime, wait: timedelta) -> None:
    """Read a source later, since its host wants to be left alone; that is no failure."""
    source = session.get(Source, source_id)
    if source is not None:
        source.next_fetch_at = now + wait


def doubt(source: Source, rows: int, note: str, *, partial: bool = False) -> str | None:
    """Return why a reading of `rows` postings is not trusted, None when it is.

    partial  it ended at the first page of known jobs, so few rows are no wonder
    """
    if not rows:
        return note or ("the list is empty" if source.first_reading_done else "no jobs yet")
    if note:
        return note  # the reader stopped before the end
    usual = median(source.usual_rows) if source.usual_rows else 0
    if not partial and rows < SHRUNKEN * usual:
        return f"{rows} rows, usually about {usual:.0f}; absence is not believed (sources resume accepts it)"
    return None


def read(source: Source, rows: int, doubted: str | None, now: datetime, wait: timedelta) -> None:
    """Note a reading that gave a document; a doubted one does not count as good."""
    source.last_read_at = now
    source.next_fetch_at = now + wait
    source.failures = 0
    if doubted is not None:
        _suspect(source, doubted, now)
        return
    source.last_ok_at = now
    source.suspect = source.suspect_since = None
    source.usual_rows = [*source.usual_rows, rows][-USUAL_READINGS:]


def _suspect(source: Source, reason: str, now: datetime) -> None:
    source.suspect_since = source.suspect_since or now
    source.suspect = reason
