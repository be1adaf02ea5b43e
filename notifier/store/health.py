"""How each list is doing, for whoever looks after it, and which ones a chat misses."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, func, or_, select
from sqlmodel import Session, UTCDateTime, col

from notifier.store import sources
from notifier.store.tables import Delivery, Listing, Source, Subscription

PACE = timedelta(days=7)  # over which new jobs are counted
QUIET = timedelta(days=7)  # without a new job: worth a notice, and no alarm
CONCERNED = timedelta(days=30)  # a chat that got a job of a list within this misses the list


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One list."""

    name: str
    url: str
    state: str  # good, failing, suspect, paused, new
    reason: str = ""  # why it is none of good and new
    last_ok_at: datetime | None
    usual_rows: int
    unread: int  # rows of the last reading that were not understood
    new_per_day: float
    quiet_days: int  # since its last new job; 0 while that is nothing to notice
    failures: int  # in a row
    failing_since: datetime | None
    slowed: bool  # after many failures it is read less often
    next_fetch_at: datetime

    def figures(self) -> dict[str, Any]:
        """Return it as JSON can say it."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(self).items()
        }

    def words(self) -> str:
        """Return it in one English line, without its name."""
        last = f"{self.last_ok_at:%Y-%m-%d %H:%M}" if self.last_ok_at else "not yet"
        parts = [f"{self.state}: {self.reason}" if self.reason else self.state, f"last good reading {last}"]
        if self.usual_rows:
            parts.append(f"usually {self.usual_rows} rows")
            parts.append(f"{self.new_per_day:.1f} new a day")
        if self.unread:
            parts.append(f"{self.unread} rows not understood")
        if self.quiet_days:
            parts.append(f"no new job for {self.quiet_days} days")
        if self.failing_since is not None:
            parts.append(f"{self.failures} failures since {self.failing_since:%Y-%m-%d %H:%M}")
        if self.slowed:
            parts.append(f"slowed, next try {self.next_fetch_at:%Y-%m-%d %H:%M}")
        return "; ".join(parts)


def every(session: Session, now: datetime) -> list[Health]:
    """Return the health of all lists by name, in two statements."""
    latest = func.max(col(Listing.first_seen), type_=UTCDateTime())
    begun = (
        select(col(Listing.source_id), func.min(col(Listing.first_seen), type_=UTCDateTime()).label("at"))
        .group_by(col(Listing.source_id))
        .subquery()
    )
    # What the first reading held is no new job.
    lately = func.count().filter(col(Listing.first_seen) > begun.c.at, col(Listing.first_seen) > now - PACE)
    query = (
        select(col(Listing.source_id), begun.c.at, latest, lately)
        .join(begun, begun.c.source_id == col(Listing.source_id))
        .group_by(col(Listing.source_id), begun.c.at)
    )
    counted = {id_: (first, last, count) for id_, first, last, count in session.execute(query)}
    return [_health(row, *counted.get(row.id, (now, now, 0)), now) for row in sources.every(session)]


def _health(row: Source, first: datetime, last: datetime, count: int, now: datetime) -> Health:
    days = min(PACE, max(now - first, timedelta(days=1))) / timedelta(days=1)
    quiet = now - last
    state, reason = "good" if row.last_ok_at else "new", ""
    if row.paused:
        state, reason = "paused", row.paused
    elif row.failures:
        state, reason = "failing", row.suspect or ""
    elif row.suspect:
        state, reason = "suspect", row.suspect
    return Health(
        name=row.name,
        url=row.url,
        state=state,
        reason=reason,
        last_ok_at=row.last_ok_at,
        usual_rows=sources.usual_rows(row),
        unread=row.unread,
        new_per_day=round(count / days, 1),
        quiet_days=quiet.days if quiet >= QUIET else 0,
        failures=row.failures,
        failing_since=row.failing_since,
        slowed=row.failures >= sources.SLOWED,
        next_fetch_at=row.next_fetch_at,
    )


def missed(session: Session, destination_id: int, now: datetime) -> Sequence[tuple[str, datetime]]:
    """Return (name, since when) of the lists a chat misses: those that could not be read for days.

    A chat misses a list that a wish of it names, or that it got a job from lately. Others would learn
    of a list they never heard of that it is silent.
    """
    lost = sources.lost(session, now)
    if not lost:
        return ()
    subscriptions = select(Subscription).where(
        col(Subscription.destination_id) == destination_id, col(Subscription.paused_at).is_(None)
    )
    named = {name for row in session.execute(subscriptions).scalars() for name in row.wish.get("source", ())}
    found = []
    for row in lost:
        got = exists().where(
            col(Delivery.job_id) == col(Listing.job_id),
            col(Delivery.destination_id) == destination_id,
            col(Delivery.created_at) >= now - CONCERNED,
        )
        concerned = select(col(Listing.job_id)).where(
            col(Listing.source_id) == row.id,
            or_(col(Listing.last_seen).is_(None), col(Listing.last_seen) >= now - CONCERNED),
            got,
        )
        if row.name.casefold() in named or session.execute(concerned.limit(1)).first() is not None:
            assert row.failing_since is not None
            found.append((row.name, row.failing_since))
    return found
