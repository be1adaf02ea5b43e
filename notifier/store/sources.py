"""The lists we read: their timetable, and whether a reading is to be trusted."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from notifier.domain import cadence
from notifier.domain.facts import WorkMode
from notifier.domain.posting import Posting
from notifier.errors import UserError
from notifier.store.tables import Listing, Source

USUAL_READINGS = 20  # good readings that say how long a list usually is
SHRUNKEN = 0.3  # of the median of those: below it absence is not believed

UNREAD = 20  # per cent of all rows, beyond what was accepted: more that are not understood are another layout
FEWEST_ROWS = 5  # that say which columns a list has

FIRST_BACKOFF = timedelta(minutes=1)
LONGEST_BACKOFF = timedelta(hours=6)  # reached by the tenth failure in a row
SLOWED = 10
LOST = timedelta(days=3)  # of failing: then its operators and its subscribers hear of it


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
    """Read a source again, and take its present length and layout for its usual ones."""
    row.paused = row.suspect = row.suspect_since = row.failing_since = None
    row.usual_rows, row.usual_columns, row.failures, row.next_fetch_at = [], [], 0, now
    row.etag = row.last_modified = row.rows_hash = ""  # the document of today is looked at as a whole
    row.accepted_unread = round(_unread_share(row.last_rows, row.unread))


def remove(session: Session, name: str) -> bool:
    """Forget a list and what stands on it; its jobs stay. Return whether there was one."""
    source = named(session, name)
    if source is None:
        return False
    session.execute(delete(Listing).where(col(Listing.source_id) == source.id))
    session.delete(source)
    return True


def failed(
    session: Session,
    source_id: int,
    reason: str,
    now: datetime,
    retry_after: timedelta | None = None,
    every: timedelta = timedelta(),
) -> None:
    """Note a reading that gave nothing usable, and wait longer each time before the next.

    every  how often the list is read in the ordinary course: once it is slowed, no more often than that
    """
    source = session.get(Source, source_id)
    if source is None:
        return
    source.failures += 1
    source.failing_since = source.failing_since or now
    wait = cadence.backoff(source.failures, base=FIRST_BACKOFF, cap=LONGEST_BACKOFF)
    if source.failures >= SLOWED:
        wait = max(wait, every)
    source.next_fetch_at = now + max(wait, retry_after or timedelta())
    _suspect(source, reason, now)


def postpone(session: Session, source_id: int, now: datetime, wait: timedelta) -> None:
    """Read a source later, since its host wants to be left alone; that is no failure."""
    source = session.get(Source, source_id)
    if source is not None:
        source.next_fetch_at = now + wait


def lost(session: Session, now: datetime) -> Sequence[Source]:
    """Return the lists that could not be read for days, by name."""
    query = select(Source).where(
        col(Source.paused).is_(None), col(Source.failures) > 0, col(Source.failing_since) <= now - LOST
    )
    return session.execute(query.order_by(col(Source.name))).scalars().all()


def recovered(session: Session) -> Sequence[Source]:
    """Return the lists whose loss operators were told of and that were read well since, by name."""
    query = select(Source).where(col(Source.lost_told_at).is_not(None), col(Source.failures) == 0)
    query = query.where(col(Source.last_ok_at) > col(Source.lost_told_at))
    return session.execute(query.order_by(col(Source.name))).scalars().all()


def told_lost(session: Session, *, ids: Collection[int], now: datetime | None) -> None:
    """Note that operators know that these lists are lost; None as `now`: that they are back."""
    session.execute(update(Source).where(col(Source.id).in_(ids)).values(lost_told_at=now))


def doubt(source: Source, rows: int, note: str, *, partial: bool = False) -> str | None:
    """Return why a reading of `rows` postings is not trusted, None when it is.

    partial  it ended at the first page of known jobs, so few rows are no wonder
    """
    if not rows:
        return note or ("the list is empty" if source.first_reading_done else "no jobs yet")
    if note:
        return note  # the reader stopped before the end
    usual = usual_rows(source)
    if not partial and rows < SHRUNKEN * usual:
        return f"{rows} rows, usually about {usual}; absence is not believed (sources resume accepts it)"
    return None


def usual_rows(source: Source) -> int:
    """Return how many rows a list usually has, 0 before its first good reading."""
    return round(median(source.usual_rows)) if source.usual_rows else 0


def drift(source: Source, postings: Sequence[Posting], unread: int) -> str | None:
    """Return how the layout of a list has changed, None when it is what it was.

    unread  rows that looked like jobs and were not understood
    """
    if _unread_share(len(postings), unread) - source.accepted_unread > UNREAD:
        rows = len(postings) + unread
        return (
            f"{unread} of {rows} rows are not understood (sources test shows them, sources resume accepts it)"
        )
    gone = set(source.usual_columns) - set(columns(postings, 0)) if len(postings) >= FEWEST_ROWS else ()
    if gone:
        return f"no row says its {', '.join(sorted(gone))} any more (sources resume accepts it)"
    return None


def _unread_share(rows: int, unread: int) -> float:
    """Return how many per cent of all rows were not understood."""
    return 100 * unread / (rows + unread) if unread else 0.0


def columns(postings: Sequence[Posting], least: float = 0.5) -> list[str]:
    """Return what at least that share of the rows says."""
    said = {
        "company": sum(bool(row.company) for row in postings),
        "location": sum(bool(row.location) for row in postings),
        "mode": sum(row.mode is not WorkMode.UNKNOWN for row in postings),
        "date": sum(row.posted_on is not None for row in postings),
    }
    return [name for name, rows in said.items() if rows and rows >= least * len(postings)]


def read(source: Source, rows: int, doubted: str | None, now: datetime, wait: timedelta) -> None:
    """Note a reading that gave a document; a doubted one does not count as good."""
    source.last_read_at = now
    source.next_fetch_at = now + wait
    source.failures = 0
    source.failing_since = None
    source.last_rows = rows
    if doubted is not None:
        _suspect(source, doubted, now)
        return
    source.last_ok_at = now
    source.suspect = source.suspect_since = None
    source.usual_rows = [*source.usual_rows, rows][-USUAL_READINGS:]


def _suspect(source: Source, reason: str, now: datetime) -> None:
    source.suspect_since = source.suspect_since or now
    source.suspect = reason
