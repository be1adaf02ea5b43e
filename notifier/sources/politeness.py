"""Being a guest: how often a host is asked, and when it wants to be left alone.

What one source learns of its host holds for all sources there. A fetch that takes long goes on, and no
longer holds up the others: neither those of its host nor those elsewhere.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx

from notifier.errors import SourceError, SourceResting

PLACES = 20  # fetches at once, of all hosts
AT_ONCE = 2  # … of one host: many lists live at raw.githubusercontent.com
APART = 0.1  # seconds between the beginnings of two fetches from one host
PATIENCE = 5.0  # seconds for which a fetch holds up others
LONGEST_SLEEP = 10.0  # seconds; who has to wait longer comes back another time
UNANSWERED = 3  # fetches in a row without any answer: the host is down
REST = timedelta(minutes=1)  # for a host that is down, or busy and names no time
MOST_HOSTS = 1000  # remembered; those with nothing to remember go first

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_NO_ANSWER = (httpx.TimeoutException, httpx.ConnectError, TimeoutError)


@dataclass(slots=True)
class _Host:
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    users: int = 0
    apart: float = 0.0  # seconds, where the host asks for more than we keep anyway
    next_start: float = 0.0  # of the event loop's clock
    unanswered: int = 0
    rests_until: datetime = _LONG_AGO


class Hosts:
    """The hosts we ask, each with its pace."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._hosts: dict[str, _Host] = {}
        self._places = asyncio.Semaphore(PLACES)

    @asynccontextmanager
    async def turn(self, name: str, *, own: bool = False) -> AsyncIterator[None]:
        """Wait until a host may be asked, and hold that while it is; `SourceResting` when it is not now.

        own  it is of one's own network and needs no pace
        """
        if own:
            async with _held(self._places):
                yield
            return
        host = self._host(name)
        host.users += 1
        try:
            async with _held(host.turns):
                await self._wait(name, host)
                async with _held(self._places):
                    yield
            host.unanswered = 0
        except SourceResting:
            raise
        except SourceError:
            host.unanswered = 0  # no good answer, but one
            raise
        except _NO_ANSWER:
            host.unanswered += 1
            if host.unanswered >= UNANSWERED:
                host.rests_until = max(host.rests_until, self._now() + REST)
            raise
        finally:
            host.users -= 1

    def rest(self, name: str, wait: timedelta) -> None:
        """Leave a host alone for that long."""
        host = self._host(name)
        host.rests_until = max(host.rests_until, self._now() + wait)

    def slow_down(self, name: str, seconds: float) -> None:
        """Ask a host no more often than every so many seconds."""
        self._host(name).apart = seconds

    def _host(self, name: str) -> _Host:
        name = name.rstrip(".")
        if name not in self._hosts and len(self._hosts) >= MOST_HOSTS:
            now = self._now()
            self._hosts = {
                key: host for key, host in self._hosts.items() if host.users or host.rests_until > now
            }
        return self._hosts.setdefault(name, _Host())

    async def _wait(self, name: str, host: _Host) -> None:
        clock = asyncio.get_running_loop().time
        seconds = max(host.next_start - clock(), 0.0)
        if seconds > LONGEST_SLEEP:
            raise _resting(name, timedelta(seconds=seconds))
        self._raise_while_it_rests(name, host)
        host.next_start = clock() + seconds + max(host.apart, APART)
        await asyncio.sleep(seconds)
        self._raise_while_it_rests(name, host)  # another fetch may have learned it meanwhile

    def _raise_while_it_rests(self, name: str, host: _Host) -> None:
        rest = host.rests_until - self._now()
        if rest > timedelta():
            raise _resting(name, rest)


def _resting(name: str, wait: timedelta) -> SourceResting:
    return SourceResting(
        f"{name} is left alone for now: it asks for that, or did not answer", retry_after=wait
    )


@asynccontextmanager
async def _held(places: asyncio.Semaphore) -> AsyncIterator[None]:
    """Hold a place to the end, or for as long as our patience."""
    await places.acquire()
    held = True

    def free() -> None:
        nonlocal held
        if held:
            held = False
            places.release()

    patience = asyncio.get_running_loop().call_later(PATIENCE, free)
    try:
        yield
    finally:
        patience.cancel()
        free()
