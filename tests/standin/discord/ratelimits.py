"""How fast the bot may ask: a bucket per route and place, 50 requests a second over all, and the ban behind it.

A bucket is a window that opens with its first request and is empty again when it ends.
"""

import hashlib
import math
import time
from dataclasses import dataclass

from tests.standin.discord.spec import Operation

Rule = tuple[int, float]  # requests per seconds

USUAL: Rule = (50, 1.0)
LIMITS: dict[str, Rule] = {
    "create_message": (5, 5.0),
    "update_message": (5, 5.0),
    "delete_message": (5, 1.0),
    "crosspost_message": (10, 3600.0),
    "create_thread": (50, 300.0),
    "create_thread_from_message": (50, 300.0),
    "execute_webhook": (5, 2.0),
    "update_webhook_message": (5, 2.0),
    "create_dm": (10, 1.0),
}
# Discord keeps one bucket for what is done through a webhook, whatever it is.
_SHARED = {"update_webhook_message": "execute_webhook", "delete_webhook_message": "execute_webhook"}
_MAJOR = ("channel_id", "guild_id", "webhook_id", "webhook_token")


@dataclass(frozen=True, slots=True)
class Flood:
    """One 429: which call had to wait how long, and for which limit."""

    call: str
    at: float  # monotonic seconds
    retry_after: float
    scope: str  # user, shared, global, or cloudflare


@dataclass(slots=True)
class Window:
    """One bucket as it stands."""

    limit: int
    seconds: float
    ends: float = 0.0  # monotonic seconds
    used: int = 0

    def take(self, now: float) -> bool:
        """Count a request; return False if it is one too many."""
        if now >= self.ends:
            self.ends, self.used = now + self.seconds, 0
        if self.used >= self.limit:
            return False
        self.used += 1
        return True

    def left(self, now: float) -> float:
        """Return the seconds until it is empty, in milliseconds rounded up so that none is missing."""
        return math.ceil(max(self.ends - now, 0.0) * 1000 + 1) / 1000


class RateLimits:
    """All buckets. Tests change `limits`, `usual` and `overall` at will, or set `on` to False."""

    def __init__(self) -> None:
        self.on = True
        self.limits = dict(LIMITS)
        self.usual = USUAL
        self.overall: Rule = (50, 1.0)
        self.banned_until = 0.0  # monotonic seconds
        self._windows: dict[tuple[str, ...], Window] = {}
        self._global = Window(*self.overall)

    def ban(self, seconds: float = 3600.0) -> None:
        """Refuse everything, as Cloudflare does to an address that asked too much that is refused."""
        self.banned_until = time.monotonic() + seconds

    def window(self, operation: Operation, params: dict[str, str]) -> Window:
        name = _SHARED.get(operation.name, operation.name)
        limit, seconds = self.limits.get(name, self.usual)
        key = (name, *(params.get(each, "") for each in _MAJOR))
        window = self._windows.setdefault(key, Window(limit, seconds))
        window.limit, window.seconds = limit, seconds
        return window

    def take(self, operation: Operation, params: dict[str, str]) -> tuple[Window | None, str]:
        """Count a request; return the window that refuses it and that window's scope."""
        now = time.monotonic()
        if operation.auth:
            self._global.limit, self._global.seconds = self.overall
            if not self._global.take(now):
                return self._global, "global"
        window = self.window(operation, params)
        return (None, "") if window.take(now) else (window, "user")

    def headers(self, operation: Operation, params: dict[str, str]) -> dict[str, str]:
        window, now = self.window(operation, params), time.monotonic()
        after = window.left(now)
        name = _SHARED.get(operation.name, operation.name)
        return {
            "X-RateLimit-Limit": str(window.limit),
            "X-RateLimit-Remaining": str(max(window.limit - window.used, 0)),
            "X-RateLimit-Reset": f"{time.time() + after:.3f}",
            "X-RateLimit-Reset-After": f"{after:.3f}",
            "X-RateLimit-Bucket": hashlib.sha1(name.encode()).hexdigest(),
        }
