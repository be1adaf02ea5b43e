"""Discord's buckets as the library counts them, but for how one waits.

The library's own refuses while places are left in a bucket that empties late (a second post in a forum within
minutes, a second published message within the hour), and who takes the last place gets his answer only when
the bucket is empty again: until then nobody notes that the message is out.
"""

import asyncio
from types import TracebackType

import discord
from discord.http import Ratelimit


class Bucket(Ratelimit):
    """One bucket; `longest` is how many seconds one waits for a place before `discord.RateLimited` is raised."""

    def __init__(self, longest: float) -> None:
        super().__init__(longest)
        self._longest = longest
        self.dirty = True  # so that an answer never frees the places of those that are under way

    async def acquire(self) -> None:
        """Take a place, now or when there is one."""
        while True:
            now = self._last_request = self._loop.time()
            if self.is_expired():
                self._empty()
            if self.remaining > 0:
                break
            rest = None if self.expires is None else self.expires - now
            if rest is not None and rest > self._longest:
                raise discord.RateLimited(rest)
            waiter = self._loop.create_future()
            self._pending_requests.append(waiter)
            # Until the first answer nobody knows how large the bucket is: whoever got it wakes the others.
            await asyncio.wait([waiter], timeout=rest)
            waiter.cancel()
        self.remaining -= 1
        self.outgoing += 1

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the place."""
        self.outgoing -= 1
        if self.expires is None and not self.outgoing:  # no answer told anything
            self._empty()
        self._wake(len(self._pending_requests))

    def _empty(self) -> None:
        self.reset()  # type: ignore[no-untyped-call]
        self.dirty = True
