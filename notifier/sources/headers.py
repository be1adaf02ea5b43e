"""What the headers of an answer say about when to come back."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# What a server may ask for. A longer lifetime is what hosts give to any file, not what somebody who
# knows the list thought of it; and a list that is silent for longer would look dead.
LONGEST_WAIT = timedelta(days=1)

_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d+)", re.IGNORECASE)
_NOT_KEPT = re.compile(r"(?:^|[\s,])(?:no-cache|no-store)\b", re.IGNORECASE)


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Return the wait that Retry-After asks for, in seconds or as a date; None when it asks for none."""
    value = headers.get("retry-after", "").strip()
    if (wait := _seconds(value)) is not None:
        return wait
    at = _date(value)
    return None if at is None else _bounded(at - now)


def fresh_for(headers: Mapping[str, str], now: datetime) -> timedelta:
    """Return for how long asking again would bring the same: Cache-Control before Expires."""
    control = headers.get("cache-control", "")
    if _NOT_KEPT.search(control):
        return timedelta()
    lifetime = _MAX_AGE.search(control)
    if lifetime:
        age = _seconds(headers.get("age", "").strip()) or timedelta()
        return _bounded((_seconds(lifetime[1]) or timedelta()) - age)
    expires = _date(headers.get("expires", ""))
    if expires is None:
        return timedelta()
    # By the server's own clock, which may be wrong as long as both are.
    return _bounded(expires - (_date(headers.get("date", "")) or now))


def _seconds(value: str) -> timedelta | None:
    if not (value.isascii() and value.isdigit()):
        return None
    return _bounded(timedelta(seconds=int(value[:9])))


def _date(value: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(value)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def _bounded(wait: timedelta) -> timedelta:
    return min(max(wait, timedelta()), LONGEST_WAIT)
