"""When a session of the gateway may begin: seldom enough in an hour, whichever process begins it.

A thousand identifies a day reset a token, and a process that crashes makes one at each start.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from notifier.services import housekeeping
from notifier.store.database import Database

log = logging.getLogger(__name__)

HOUR = 3_600.0  # seconds
APART = 5.0  # seconds between any two, as Discord asks
LONGEST_REST = 300.0  # seconds
_KEY = "identifies:discord"


def rest(begun: Sequence[float], now: float, shards: int = 1) -> float:
    """Return the seconds until a shard may begin its next session.

    begun  when it began others, in order, as seconds since the epoch like `now`

    After three within an hour each doubles the time to the next, up to five minutes, so there are at most 19 in any
    hour; all shards together begin no more often for being many.
    """
    lately = [at for at in begun if at > now - HOUR]
    if not lately:
        return 0.0
    least: float = min(APART * 2.0 ** max(0, len(lately) - 3), LONGEST_REST) * shards
    # A clock that was set back must not make it longer.
    return max(0.0, min(lately[-1], now) + least - now)


class Identifies:
    """The sessions begun in the last hour, kept in the database, so that a crash forgets none."""

    def __init__(self, db: Database, clock: Callable[[], datetime]) -> None:
        self._db = db
        self._clock = clock

    async def turn(self, shard: int, shards: int) -> None:
        """Return when that shard, of so many, may begin a session."""
        begun, now = await self._read(), self._clock().timestamp()
        last = max((at for times in begun.values() for at in times), default=0.0)
        apart = min(last, now) + APART - now
        wait = max(apart, rest(begun.get(str(shard), ()), now, shards))
        if wait > 0:
            log.info(
                "sessions began shortly before, waits", extra={"shard": shard, "seconds": round(wait, 1)}
            )
            await asyncio.sleep(wait)

    async def note(self, shard: int) -> None:
        """Note that the shard begins a session now."""
        begun, now = await self._read(), self._clock().timestamp()
        begun.setdefault(str(shard), []).append(now)
        kept = {name: [at for at in times if at > now - HOUR] for name, times in begun.items()}
        await self._db.run(housekeeping.remember, _KEY, json.dumps(kept))

    async def _read(self) -> dict[str, list[float]]:
        kept: dict[str, list[float]] = json.loads(await self._db.read(housekeeping.remembered, _KEY) or "{}")
        return kept
