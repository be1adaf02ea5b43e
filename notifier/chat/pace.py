"""When a platform may be called: evenly over all chats, spaced in each, answers to people first."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

REMEMBERED = 120.0  # seconds; longer than any limit looks back
TOGETHER = 1.0  # seconds within which waits of several chats mean the whole bot


@dataclass(frozen=True, slots=True)
class Spacing:
    """How one chat may be written to.

    seconds  since the last message, for one that nobody asked for
    most     messages of any kind `within` so many seconds: what is left of it is for answers, in a burst
    """

    seconds: float = 0.0
    most: int = 1
    within: float = 0.0  # seconds


ANY = Spacing()


@dataclass(eq=False, slots=True)
class _Waiter:
    chat: str
    spacing: Spacing
    urgent: bool
    granted: "asyncio.Future[None]" = field(repr=False)


class Pacer:
    """Gives out the turns of one token.

    per_second  over all chats; one at a time and evenly, since a burst is what platforms punish
    most        what the platform takes in any second: a call reaches it at some time before its answer comes,
                so what is under way and what was answered within the last second counts; needs `answered`
    """

    def __init__(self, per_second: float, most: int | None = None) -> None:
        self._interval = 1 / per_second
        self._most = most
        self._under_way = 0
        self._answered: deque[float] = deque()  # when, within the last second
        self._next = 0.0
        self._heard: dict[str, deque[float]] = {}  # when a chat got its last messages
        self._held: dict[str, float] = {}  # until when a chat refuses us
        self._refused_at: dict[str, float] = {}
        self._granted = 0
        self._waiting: list[_Waiter] = []
        self._changed = asyncio.Event()
        self._dispatching: asyncio.Task[None] | None = None

    async def turn(self, chat: str = "", spacing: Spacing = ANY, *, urgent: bool = False) -> None:
        """Return when it may be called; `chat` is "" for what no chat hears.

        urgent  a person waits for it: goes before all that is not
        """
        waiter = _Waiter(chat, spacing, urgent, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        self._changed.set()
        if self._dispatching is None or self._dispatching.done():
            self._dispatching = asyncio.create_task(self._dispatch())
        try:
            await waiter.granted
        except asyncio.CancelledError:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            elif waiter.granted.done() and not waiter.granted.cancelled():
                self.answered()
            raise

    def answered(self) -> None:
        """Note that what had a turn is over, however it ended."""
        self._under_way -= 1
        self._answered.append(_now())
        self._changed.set()

    def _room_at(self, now: float) -> float:
        """Return when one more call is surely no more than the platform takes in a second."""
        while self._answered and self._answered[0] + 1 <= now:
            self._answered.popleft()
        full = self._most is not None and self._under_way + len(self._answered) >= self._most
        return self._answered[0] + 1 if full and self._answered else now

    def refused(self, chat: str, seconds: float) -> None:
        """Note that the platform asked to wait: that chat waits, and all of them when several were asked at once."""
        now = _now()
        self._held[chat] = max(self._held.get(chat, 0.0), now + seconds)
        self._refused_at = {it: at for it, at in self._refused_at.items() if now - at <= TOGETHER}
        self._refused_at[chat] = now
        if len(self._refused_at) > 1:
            self._next = max(self._next, now + seconds)
        self._changed.set()

    def wait(self, chat: str) -> float:
        """Return the seconds for which the platform still refuses messages to a chat."""
        return max(0.0, self._held.get(chat, 0.0) - _now())

    async def _dispatch(self) -> None:
        while self._waiting:
            self._changed.clear()
            now = _now()
            room = max(self._next, self._room_at(now))
            ready_at = [
                (max(self._ready_at(it), room), not it.urgent, n) for n, it in enumerate(self._waiting)
            ]
            ready = [(late, n) for at, late, n in ready_at if at <= now]
            if not ready:
                await self._until(min(at for at, _, _ in ready_at) - now)
                continue
            waiter = self._waiting.pop(min(ready)[1])
            if waiter.granted.done():
                continue
            # A little lateness of the loop is made up for, a pause is not: that would be a burst.
            self._next = max(self._next, now - self._interval) + self._interval
            self._under_way += 1
            if waiter.chat:
                heard = self._heard.setdefault(waiter.chat, deque())
                heard.append(now)
                while len(heard) > waiter.spacing.most:
                    heard.popleft()
            waiter.granted.set_result(None)
            self._granted += 1
            if self._granted % 1_000 == 0:
                self._forget()
            await asyncio.sleep(0)
        self._forget()

    def _ready_at(self, waiter: _Waiter) -> float:
        """Return when a chat may hear this."""
        at, spacing = self._held.get(waiter.chat, 0.0), waiter.spacing
        heard = self._heard.get(waiter.chat)
        if not heard:
            return at
        if len(heard) >= spacing.most:
            at = max(at, heard[-spacing.most] + spacing.within)
        return at if waiter.urgent else max(at, heard[-1] + spacing.seconds)

    async def _until(self, seconds: float) -> None:
        """Sleep, or until somebody comes or something changes."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass

    def _forget(self) -> None:
        now = _now()
        self._held = {chat: at for chat, at in self._held.items() if at > now}
        self._heard = {chat: times for chat, times in self._heard.items() if times[-1] > now - REMEMBERED}


def _now() -> float:
    return asyncio.get_running_loop().time()
