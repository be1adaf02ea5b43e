"""Discord's buckets: how many calls of a kind fit into a window of time, learnt from its answers.

The library's own refuses while there is room in a bucket that empties late (a second post in a forum within
minutes, a second published message within the hour); who takes the last place gets his answer only in the
next window; and an answer that does not know of calls under way makes room that is not there.
"""

import asyncio
from types import TracebackType

import aiohttp
import discord
from discord.http import Ratelimit


class Bucket(Ratelimit):
    """One bucket; `longest` is how many seconds one waits for a place before `discord.RateLimited` is raised."""

    def __init__(self, longest: float) -> None:
        super().__init__(longest)
        self._longest = longest
        self._length = 0.0  # seconds of a window, the most that an answer said
        self._ended = 0.0  # when the last window did

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

    def update(self, response: aiohttp.ClientResponse, *, use_clock: bool = False) -> None:
        """Learn from an answer, which knows only of the calls that reached Discord before it."""
        counted, limit, ends = self.remaining, self.limit, self.expires
        super().update(response, use_clock=use_clock)
        assert self.expires is not None
        self._length = max(self._length, self.reset_after)
        is_of_next = self.expires > (self._ended if ends is None else ends) + self._length / 2
        if ends is None and not is_of_next:  # late: of the window that is over
            self.remaining, self.expires = counted, ends
        elif ends is None or not is_of_next:
            self.remaining = min(self.remaining, counted + self.limit - limit)
        else:
            self.remaining = min(self.remaining, self.limit - self.outgoing)

    def _empty(self) -> None:
        self._ended = self.expires or self._ended
        self.reset()  # type: ignore[no-untyped-call]
