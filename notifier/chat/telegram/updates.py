"""The two ways in: asking for updates (long polling), and being sent them (a webhook)."""

import asyncio
import hmac
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from telegram import Update
from telegram.error import Conflict

from notifier.chat.telegram.api import Api
from notifier.chat.telegram.inbound import ALLOWED_UPDATES

log = logging.getLogger(__name__)

LONG_POLL = 30  # seconds, of at most 50
MOST_UPDATES = 100
CONFLICT_AGAIN = 30.0  # seconds
CONFLICT_OVER = 600.0  # seconds without one: the next is told again
# A batch counts as received once it is answered, so that a kill loses no command; an answer that waits for its
# turn holds up nobody's next one.
ANSWERED_WITHIN = 0.3  # seconds
LONGEST_UPDATE = 1024 * 1024  # bytes
MOST_CONNECTIONS = 40

Handle = Callable[[Update], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where Telegram sends updates to.

    url     the whole public address; its path is served
    listen  (host, port) on this machine
    secret  what Telegram sends along
    """

    url: str
    listen: tuple[str, int]
    secret: str


class Polling:
    """Asks for updates until cancelled; raises what the Bot API answers, but for a second copy."""

    def __init__(self, api: Api, handle: Handle) -> None:
        self._api = api
        self._handle = handle
        self._offset: int | None = None
        self._conflict_at: float | None = None

    async def run(self) -> None:
        """Answer what comes, and what came while nobody asked."""
        await self._delete_webhook()
        while True:
            try:
                await self._once()
            except Conflict as error:
                self._conflict(error)
                await asyncio.sleep(CONFLICT_AGAIN)
                if "webhook" in error.message.lower():
                    await self._delete_webhook()

    async def _once(self) -> None:
        updates = await self._api.bot.get_updates(
            offset=self._offset, limit=MOST_UPDATES, timeout=LONG_POLL, allowed_updates=ALLOWED_UPDATES
        )
        if not updates:
            return
        answering = [asyncio.create_task(self._handle(update)) for update in updates]
        await asyncio.wait(answering, timeout=ANSWERED_WITHIN)
        self._offset = updates[-1].update_id + 1

    async def confirm(self) -> None:
        """Tell Telegram what has been answered; for an orderly end."""
        if self._offset is not None:
            await self._api.bot.get_updates(
                offset=self._offset, limit=1, timeout=0, allowed_updates=ALLOWED_UPDATES
            )

    async def _delete_webhook(self) -> None:
        """Let updates be asked for: while Telegram sends them somewhere it refuses that."""
        await self._api.call(lambda: self._api.bot.delete_webhook(drop_pending_updates=False))

    def _conflict(self, error: Conflict) -> None:
        now = asyncio.get_running_loop().time()
        if self._conflict_at is None or now - self._conflict_at > CONFLICT_OVER:
            log.warning(
                "another copy of notifier asks for updates with this token; stop one of them",
                extra={"reason": error.message, "again_in": CONFLICT_AGAIN},
            )
        self._conflict_at = now


class WebhookServer:
    """Is sent updates; who does not know the secret is refused, and nothing of theirs is read."""

    def __init__(self, api: Api, handle: Handle, webhook: Webhook) -> None:
        self._api = api
        self._handle = handle
        self._webhook = webhook
        self._runner: web.AppRunner | None = None

    async def run(self) -> None:
        """Serve until cancelled; `OSError` when the address cannot be listened on."""
        await self.listen()
        await self._api.call(
            lambda: self._api.bot.set_webhook(
                self._webhook.url,
                secret_token=self._webhook.secret,
                allowed_updates=ALLOWED_UPDATES,
                max_connections=MOST_CONNECTIONS,
            )
        )
        await asyncio.Event().wait()

    async def listen(self) -> None:
        """Open the port, once."""
        if self._runner is not None:
            return
        app = web.Application(client_max_size=LONGEST_UPDATE)
        app.router.add_post(urlsplit(self._webhook.url).path or "/", self._receive)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, *self._webhook.listen).start()

    async def close(self) -> None:
        """Close the port; what is being answered is finished."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        said = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        if not hmac.compare_digest(said.encode(), self._webhook.secret.encode()):
            return web.Response(status=401)
        try:
            update = Update.de_json(await request.json(), self._api.bot)
        except Exception as error:  # whatever a library makes of what is no update
            log.warning("update not understood", extra={"reason": type(error).__name__})
            return web.Response()  # a refusal would bring it again and again
        # Answered before it counts as received: Telegram sends it again after a kill.
        answering = asyncio.create_task(self._handle(update))
        await asyncio.wait({answering}, timeout=ANSWERED_WITHIN)
        return web.Response()
