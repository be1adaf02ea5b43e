"""What a wish would bring: what is open now, about how much a day, and what would widen it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from notifier.domain.filters import CompiledWish, Prepared, Wish
from notifier.domain.posting import Opening
from notifier.store import openings

_LATELY = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a wish meets now and has met lately."""

    open: Sequence[Opening]  # newest first
    per_day: float  # over the last 30 days, or as many as the lists reach back
    wider: Sequence[tuple[str, int]] = ()  # (key of a part, open jobs without that part), most first


def forecast(session: Session, wish: Wish, now: datetime) -> Forecast:
    """Return what a wish would bring; what would widen it only where nothing is open for it."""
    compiled = CompiledWish(wish)
    since = (now - _LATELY).date()
    first_day, lately, fits = now.date(), 0, []
    for job in openings.open_or_seen_since(session, now, now - _LATELY):
        prepared = Prepared(job)
        if prepared.day >= since:
            first_day = min(first_day, prepared.day)
        if compiled.match(prepared, now) is None:
            continue
        lately += since <= prepared.day <= now.date()
        if job.is_open(now):
            fits.append(job)
    days = max((now.date() - first_day).days, 1)
    wider = () if fits else _wider(openings.newest_open(session, now), wish, now)
    return Forecast(open=fits, per_day=lately / days, wider=wider)


def _wider(jobs: Iterable[Opening], wish: Wish, now: datetime) -> list[tuple[str, int]]:
    if len(wish.parts) < 2:
        return []
    without = {key: CompiledWish(wish.without(key)) for key, _ in wish.parts}
    counts = dict.fromkeys(without, 0)
    for job in jobs:
        prepared = Prepared(job)
        for key, compiled in without.items():
            counts[key] += compiled.match(prepared, now) is not None
    return sorted(((key, count) for key, count in counts.items() if count), key=lambda pair: -pair[1])
