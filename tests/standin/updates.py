"""How updates reach the bot: kept in order until it confirms them, fetched by polling or pushed to a webhook."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import TypeVar

import aiohttp

from tests.standin.rules import Refused, bad, check_secret
from tests.standin.spec import Json

# Never sent unless the bot asks for them by name.
ON_REQUEST_ONLY = {"chat_member", "message_reaction", "message_reaction_count"}

_Found = TypeVar("_Found")


async def until(found: Callable[[], _Found | None], timeout: float, what: str) -> _Found:
    """Wait until `found` returns something, at most `timeout` seconds; else fail, saying what was awaited."""
    deadline = time.monotonic() + timeout
    while (value := found()) is None:
        if time.monotonic() >= deadline:
            raise AssertionError(f"within {timeout} s: no {what}")
        await asyncio.sleep(0.005)
    return value


class Updates:
    """The bot's updates, with the one way of getting them that it has chosen."""

    conflict_delay = 3.0  # seconds by which the first of two pollers learns of the second
    retry_delay = 0.2  # seconds before a webhook is tried again

    def __init__(self) -> None:
        self.pending: deque[Json] = deque()
        self.dropped: list[Json] = []  # of types the bot did not ask for
        self.conflicts = 0  # pollers that were sent away
        self.allowed: list[str] = []
        self.url = ""
        self._secret = ""
        self._next_id = 700_000_001
        self._poll = 0  # the number of the poll that is waiting or was last
        self._error: Json = {}
        self._pushing: asyncio.Task[None] | None = None

    def put(self, kind: str, payload: Json) -> None:
        """Keep one update for the bot, if it asked for such."""
        update = {"update_id": self._next_id, kind: payload}
        self._next_id += 1
        wanted = kind in self.allowed if self.allowed else kind not in ON_REQUEST_ONLY
        (self.pending if wanted else self.dropped).append(update)

    async def get(self, params: Json) -> list[Json]:
        """Answer getUpdates."""
        if self.url:
            raise Refused(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )
        self._poll += 1
        mine = self._poll
        self.allowed = params.get("allowed_updates", self.allowed)
        self._confirm(params.get("offset", 0))
        deadline = time.monotonic() + min(params.get("timeout", 0), 50)
        while not self.pending and time.monotonic() < deadline:
            await asyncio.sleep(0.005)
            if mine != self._poll or self.url:
                self.conflicts += 1
                await asyncio.sleep(self.conflict_delay)
                other = "setWebhook request" if self.url else "other getUpdates request"
                hint = "" if self.url else "; make sure that only one bot instance is running"
                raise Refused(409, f"Conflict: terminated by {other}{hint}")
        return list(self.pending)[: min(max(params.get("limit", 100), 1), 100)]

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            offset = self.pending[offset]["update_id"] if len(self.pending) >= -offset else 0
        while self.pending and self.pending[0]["update_id"] < offset:
            self.pending.popleft()

    async def set_webhook(self, params: Json) -> bool:
        url = params["url"]
        check_secret(params.get("secret_token", ""))
        local = url.startswith(("http://127.0.0.1", "http://localhost"))  # as a Bot API server of one's own
        if url and not (url.startswith("https://") or local):
            raise bad("bad webhook: An HTTPS URL must be provided for webhook")
        if not 1 <= params.get("max_connections", 40) <= 100:
            raise bad("max_connections is not 1-100")
        await self.delete_webhook(params)
        self.url, self._secret = url, params.get("secret_token", "")
        self.allowed = params.get("allowed_updates", self.allowed)
        if url:
            self._pushing = asyncio.create_task(self._push())
        return True

    async def delete_webhook(self, params: Json) -> bool:
        await self.close()
        self.url, self._secret, self._error = "", "", {}
        if params.get("drop_pending_updates"):
            self.pending.clear()
        return True

    def webhook_info(self) -> Json:
        info = {
            "url": self.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self.pending),
            **self._error,
        }
        return info | ({"allowed_updates": self.allowed} if self.allowed else {})

    async def close(self) -> None:
        """Stop pushing."""
        if self._pushing is not None:
            self._pushing.cancel()
            await asyncio.gather(self._pushing, return_exceptions=True)
            self._pushing = None

    async def _push(self) -> None:
        secret = {"X-Telegram-Bot-Api-Secret-Token": self._secret} if self._secret else {}
        async with aiohttp.ClientSession(headers=secret, timeout=aiohttp.ClientTimeout(10)) as session:
            while True:
                if not self.pending:
                    await asyncio.sleep(0.005)
                    continue
                update = self.pending[0]
                try:
                    async with session.post(self.url, json=update) as answer:
                        problem = None if answer.ok else f"Wrong response from the webhook: {answer.status}"
                except (aiohttp.ClientError, TimeoutError):
                    problem = "Connection failed"
                if problem is None:
                    self._confirm(update["update_id"] + 1)
                else:
                    self._error = {"last_error_date": int(time.time()), "last_error_message": problem}
                    await asyncio.sleep(self.retry_delay)
