"""When something is due: at once, or with the next digest.

Pure arithmetic on aware datetimes; nothing here reads the clock. Callers pass `now`.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)


class Cadence(StrEnum):
    """How often a subscription speaks."""

    INSTANT = "instant"
    DAILY = "daily"
    WEEKLY = "weekly"
    BOTH = "both"


def digest_due(on: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the first UTC instant of the local date `on` whose wall clock is `at` or later.

    on    the local date in `zone`
    at    naive wall time; inside a gap its end counts, in a repeated hour the first time

    There is exactly one such instant for every date, zone and time (23:59 in a gap: 00:00 of the next).
    """
    wall = datetime.combine(on, at)
    # fold=0 is the first time in a repeated hour, and in a gap the offset from before it.
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    return _end_of_gap(wall, zone)


def _end_of_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant at which the clock jumped over `wall`."""
    # In a gap fold=1 reads the time with the offset after it: that instant lies before the jump.
    before = int(wall.replace(tzinfo=zone, fold=1).timestamp())
    after = int(wall.replace(tzinfo=zone).timestamp())
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle, zone).replace(tzinfo=None) < wall:
            before = middle
        else:
            after = middle
    return datetime.fromtimestamp(after, UTC)


def next_digest(
    after: datetime,
    at: time,
    zone: ZoneInfo,
    *,
    not_before: datetime | None = None,
    weekday: int | None = None,
    done: Callable[[date], bool] = lambda on: False,
) -> tuple[date, datetime]:
    """Return the first local date, and its UTC instant, whose digest is due later than `after`.

    not_before  no digest earlier than this: the one before plus twelve hours
    weekday     only on that day, Monday is 0
    done        whether a date has had its digest
    """
    on = after.astimezone(zone).date() - _DAY
    while True:
        if (weekday is None or on.weekday() == weekday) and not done(on):
            due = digest_due(on, at, zone)
            if due > after and (not_before is None or due >= not_before):
                return on, due
        on += _DAY


def quiet_end(now: datetime, start: time | None, end: time | None, zone: ZoneInfo) -> datetime:
    """Return when quiet hours let something go: `now` outside them, else their end in UTC.

    The span may cross midnight; without one, or with equal ends, there are no quiet hours.
    """
    if start is None or end is None or start == end:
        return now
    local = now.astimezone(zone)
    wall = local.time()
    if start < end:
        quiet, ends_on = start <= wall < end, local.date()
    else:
        quiet = wall >= start or wall < end
        ends_on = local.date() + _DAY if wall >= start else local.date()
    if not quiet:
        return now
    due = digest_due(ends_on, end, zone)
    # In a repeated hour the end has passed once already: the second time counts.
    return due if due > now else datetime.combine(ends_on, end, zone).replace(fold=1).astimezone(UTC)


def backoff(
    attempts: int,
    *,
    base: timedelta = timedelta(seconds=30),
    cap: timedelta = timedelta(hours=6),
) -> timedelta:
    """Return how long to wait after the `attempts`-th failure in a row: doubled each time, up to `cap`."""
    doublings: int = min(max(attempts - 1, 0), 20)
    return min(cap, base * (1 << doublings))
