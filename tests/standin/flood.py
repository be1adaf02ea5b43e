"""How much Telegram takes at once: about 3 in a row to a person, 20 a minute to a group, 30 a second in all."""

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Flood:
    """One answer 429."""

    method: str
    chat_id: int | str
    at: float  # monotonic seconds
    retry_after: int  # seconds


@dataclass(kw_only=True)
class FloodControl:
    """Counts what is sent, and says how long the bot has to wait.

    free   methods that do not count; by default every method with a chat_id does, edits too
    """

    on: bool = True
    burst: int = 3  # to one person, filled again at one a second
    group_limit: int = 20
    group_seconds: float = 60.0
    overall_limit: int = 30
    overall_seconds: float = 1.0
    free: set[str] = field(default_factory=set)
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._sent: dict[int | str, deque[float]] = defaultdict(deque)
        self._all: deque[float] = deque()
        self._buckets: dict[int | str, tuple[float, float]] = {}  # tokens, and when they were counted
        self._waits: dict[int | str, tuple[float, int]] = {}  # until when, and how long it was

    def wait(self, chat_id: int | str, *, private: bool) -> int:
        """Count one request; return 0 when it may pass, else the seconds to wait.

        Who writes to a chat during its wait gets that wait again, from now on.
        """
        now = self.clock()
        until, seconds = self._waits.get(chat_id, (now, 0))
        if now >= until:
            seconds = max(self._for_chat(chat_id, now, private), self._overall(now))
        if seconds:
            self._waits[chat_id] = (now + seconds, seconds)
            return seconds
        self._count(chat_id, now, private)
        return 0

    def hold(self, chat_id: int | str, seconds: int) -> None:
        """Begin a wait for a chat, whatever was sent there."""
        self._waits[chat_id] = (self.clock() + seconds, seconds)

    def _tokens(self, chat_id: int | str, now: float) -> float:
        tokens, counted = self._buckets.get(chat_id, (float(self.burst), now))
        return min(self.burst, tokens + now - counted)

    def _for_chat(self, chat_id: int | str, now: float, private: bool) -> int:
        if private:
            lacking = 1 - self._tokens(chat_id, now)
            return max(1, math.ceil(lacking)) if lacking > 0 else 0
        return _window(self._sent[chat_id], now, self.group_limit, self.group_seconds)

    def _overall(self, now: float) -> int:
        return _window(self._all, now, self.overall_limit, self.overall_seconds)

    def _count(self, chat_id: int | str, now: float, private: bool) -> None:
        self._all.append(now)
        if private:
            self._buckets[chat_id] = (self._tokens(chat_id, now) - 1, now)
        else:
            self._sent[chat_id].append(now)


def _window(sent: deque[float], now: float, limit: int, seconds: float) -> int:
    while sent and sent[0] <= now - seconds:
        sent.popleft()
    return max(1, math.ceil(sent[-limit] + seconds - now)) if len(sent) >= limit else 0
