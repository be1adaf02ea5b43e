"""Telegram: long polling or a webhook in, messages out, over one paced connection."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any

from telegram import Update
from telegram.error import InvalidToken, TelegramError

from notifier.chat import TELEGRAM
from notifier.chat.telegram.api import ASK_AGAIN, Api
from notifier.chat.telegram.inbound import Inbound
from notifier.chat.telegram.menus import update_menus
from notifier.chat.telegram.messenger import TelegramMessenger
from notifier.chat.telegram.outcomes import TOKEN_REFUSED
from notifier.chat.telegram.updates import Polling, Webhook, WebhookServer
from notifier.services.conversation import Conversation
from notifier.store.subscriptions import Defaults

__all__ = ["Telegram", "Webhook"]

log = logging.getLogger(__name__)

END_WITHIN = 5.0  # seconds for what is being answered


class Telegram:
    """One bot: its messenger, and what listens to people.

    operators  user ids
    refused    called with the reason when the token is refused, then asked about again each ten minutes
    accepted   called when it is taken (again)
    """

    def __init__(
        self,
        token: str,
        root: str,
        conversation: Conversation,
        clock: Callable[[], datetime],
        *,
        defaults: Defaults,
        webhook: Webhook | None = None,
        operators: Sequence[str] = (),
        refused: Callable[[str], None] = lambda reason: None,
        accepted: Callable[[], None] = lambda: None,
    ) -> None:
        self._api = Api(token, root, refused=refused, accepted=accepted)
        self._conversation = conversation
        self._db = conversation.db
        self._operators = [id_ for id_ in operators if id_.isdecimal()]
        self._inbound = Inbound(self._api, conversation, clock, defaults)
        self._answering: set[asyncio.Task[None]] = set()
        self._polling = Polling(self._api, self._handle)
        self._webhook = WebhookServer(self._api, self._handle, webhook) if webhook else None
        self._was_away = False
        self.messenger = TelegramMessenger(self._api)

    async def open(self) -> None:
        """Open the connections; `OSError` when the webhook's address cannot be listened on."""
        await self._api.open()
        if self._webhook is not None:
            await self._webhook.listen()

    async def listen(self) -> None:
        """Answer people until cancelled, whatever happens to Telegram, the network or the token."""
        while True:
            try:
                await self._api.check()
                self._conversation.start_links[TELEGRAM] = self._api.start_link
                if self._was_away:
                    log.info("telegram reached again")
                    self._was_away = False
                await self._menus()
                await self._unless_refused((self._webhook or self._polling).run())
            except InvalidToken:
                self._api.refuse()
                await asyncio.sleep(ASK_AGAIN)
            except TelegramError as error:
                if not self._was_away:
                    log.warning("telegram not reached, tried again", extra={"reason": error.message})
                    self._was_away = True
                await asyncio.sleep(max(1.0, self._api.failed()))
            except Exception:
                log.exception("telegram failed, tried again")
                await asyncio.sleep(max(1.0, self._api.failed()))

    async def close(self) -> None:
        """Finish what is being answered, and close the connections."""
        if self._answering:
            await asyncio.wait(self._answering, timeout=END_WITHIN)
        with contextlib.suppress(TelegramError):
            if self._webhook is not None:
                await self._webhook.close()
            elif not self._api.is_refused:
                await self._polling.confirm()
        await self._api.close()

    async def _handle(self, update: Update) -> None:
        """Answer an update; what takes long is finished before `close`."""
        task = asyncio.current_task()
        assert task is not None
        self._answering.add(task)
        try:
            await self._inbound.handle(update)
        finally:
            self._answering.discard(task)

    async def _unless_refused(self, receiving: Coroutine[Any, Any, None]) -> None:
        """Await what receives updates; `InvalidToken` as soon as any call finds the token refused."""
        tasks = asyncio.create_task(receiving), asyncio.create_task(self._api.until_refused())
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if tasks[0].done():
                tasks[0].result()
            raise InvalidToken(TOKEN_REFUSED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _menus(self) -> None:
        try:
            await update_menus(self._api, self._db, self._operators)
        except InvalidToken:
            raise
        except TelegramError as error:  # no reason to keep people waiting
            log.warning("menus not sent", extra={"reason": error.message})
