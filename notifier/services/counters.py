"""What the running notifier has done since it started, kept beside its heartbeat so that others can read it.

Counted in memory by one process; the rows say the rest (`backlog`). No name, address or id of anybody.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, UTCDateTime, col

from notifier.domain.document import Document
from notifier.domain.ports import (
    Barred,
    Denied,
    Gone,
    Messenger,
    Moved,
    Outcome,
    Recipient,
    Rejected,
    RetryAfter,
    Sent,
    Uncertain,
)
from notifier.services import housekeeping
from notifier.store.tables import Delivery, DeliveryState, Destination, State

_KEPT = "counters"
_NAPS = 0.5  # seconds between two looks at the event loop
_OUTCOMES = {
    Sent: "sent",
    RetryAfter: "retry_after",
    Moved: "moved",
    Gone: "gone",
    Barred: "barred",
    Denied: "denied",
    Rejected: "rejected",
    Uncertain: "uncertain",
}
RAISED = "raised"  # the messenger broke: a bug or an outage


@dataclass(slots=True)
class Counters:
    """The counters of one process, from zero at its start."""

    since: datetime
    fetches: Counter[str] = field(default_factory=lambda: Counter(ok=0, failed=0))
    deliveries: Counter[str] = field(
        default_factory=lambda: Counter(dict.fromkeys([*_OUTCOMES.values(), RAISED], 0))
    )
    lag: float = 0.0  # seconds the event loop was late when it was last looked at
    longest_lag: float = 0.0

    def fetched(self, *, ok: bool) -> None:
        """Count one reading of a source."""
        self.fetches["ok" if ok else "failed"] += 1

    def delivered(self, outcome: Outcome | None) -> None:
        """Count what a platform answered to one message; None when the messenger raised."""
        self.deliveries[RAISED if outcome is None else _OUTCOMES[type(outcome)]] += 1

    @property
    def refusals(self) -> int:
        """How often a message may have become a dead letter."""
        return sum(self.deliveries[outcome] for outcome in ("rejected", "uncertain", RAISED))

    def lagged(self, seconds: float) -> None:
        """Note how late the event loop was."""
        self.lag = max(seconds, 0.0)
        self.longest_lag = max(self.longest_lag, self.lag)

    async def watch_loop(self) -> None:
        """Measure how late the event loop wakes a sleeper, until cancelled.

        The heartbeat's own interval would miss most of what holds the loop up for a second or two.
        """
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _NAPS
            await asyncio.sleep(_NAPS)
            self.lagged(loop.time() - due)

    def figures(self) -> dict[str, Any]:
        """Return everything as JSON can say it."""
        return {
            "since": self.since.isoformat(),
            "fetches": dict(self.fetches),
            "deliveries": dict(self.deliveries),
            "loop_lag_seconds": {"last": round(self.lag, 3), "longest": round(self.longest_lag, 3)},
        }


class Counted:
    """A messenger whose answers are counted; in all else the one it stands before."""

    def __init__(self, messenger: Messenger, counters: Counters) -> None:
        self._messenger = messenger
        self._counters = counters
        self.name = messenger.name
        self.pace = messenger.pace
        self.page = messenger.page

    async def send(self, recipient: Recipient, document: Document, batch: str) -> Outcome:
        """Send it, and count what became of it."""
        return await self._count(self._messenger.send(recipient, document, batch))

    async def edit(self, recipient: Recipient, reference: str, document: Document) -> Outcome:
        """Edit it, and count what became of it."""
        return await self._count(self._messenger.edit(recipient, reference, document))

    async def _count(self, answer: Awaitable[Outcome]) -> Outcome:
        try:
            outcome = await answer
        except Exception:
            self._counters.delivered(None)
            raise
        self._counters.delivered(outcome)
        return outcome


def keep(session: Session, counters: Counters, now: datetime) -> None:
    """Note the heartbeat, and the counters with it."""
    housekeeping.beat(session, now)
    session.merge(State(key=_KEPT, value=json.dumps(counters.figures())))


def kept(session: Session) -> dict[str, Any] | None:
    """Return the counters as last noted, with when that was as `at`; None when none ran here yet."""
    row, at = session.get(State, _KEPT), housekeeping.last_beat(session)
    if row is None or at is None:
        return None
    return {"at": at.isoformat(), **json.loads(row.value)}


@dataclass(frozen=True, slots=True)
class Backlog:
    """What the outbox holds that has not gone out."""

    waiting: int  # deliveries whose time has come, to chats that may hear
    oldest_waiting_seconds: float | None  # since the time of the first of them; None when none waits
    dead: int

    def figures(self) -> dict[str, Any]:
        """Return it as JSON can say it."""
        return asdict(self)


def backlog(session: Session, now: datetime) -> Backlog:
    """Count what waits and what is dead; a digest waits only once its time has come."""
    due = (
        select(func.count(), func.min(col(Delivery.due_at), type_=UTCDateTime()))
        .join(Destination, col(Destination.id) == col(Delivery.destination_id))
        .where(
            col(Delivery.state) == DeliveryState.OWED,
            col(Delivery.due_at) <= now,
            col(Destination.gone).is_(None),
            col(Destination.paused_at).is_(None),
        )
    )
    waiting, first = session.execute(due).one()
    dead = select(func.count()).where(col(Delivery.state) == DeliveryState.DEAD)
    age = round((now - first).total_seconds(), 3) if first is not None else None
    return Backlog(waiting, age, session.execute(dead).scalar_one())
