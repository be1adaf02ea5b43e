"""Discord: a gateway in, REST out; slash commands, buttons, direct messages and channel feeds."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import discord

from notifier.chat import DISCORD
from notifier.chat.discord import menus
from notifier.chat.discord.api import AGAIN_LATER, LONGEST_CALL, Api, Banned, Lost, ban_of
from notifier.chat.discord.client import FOR_GOOD, Client
from notifier.chat.discord.identifies import Identifies
from notifier.chat.discord.inbound import Inbound
from notifier.chat.discord.messenger import DiscordMessenger
from notifier.chat.discord.outcomes import TOKEN_REFUSED
from notifier.services import housekeeping
from notifier.services.conversation import Conversation
from notifier.store.subscriptions import Defaults

__all__ = ["Discord", "Refusal"]

log = logging.getLogger(__name__)

END_WITHIN = 5.0  # seconds
STEADY = timedelta(minutes=2)  # after which what fails is the first failure
_INTENTS = "Discord refuses the intents of this bot ({}); it needs `guilds` and no other"
_SHARDS = "Discord refuses the connection of NOTIFIER_DISCORD_TOKEN's bot ({}: {}); start again"
_CLOSED = {
    4004: TOKEN_REFUSED,
    4010: _SHARDS.format(4010, "invalid shard"),
    4011: _SHARDS.format(4011, "it is in too many servers for so few shards"),
    4012: _SHARDS.format(4012, "this version of the gateway is gone"),
    4013: _INTENTS.format("4013: invalid"),
    4014: _INTENTS.format("4014: not allowed"),
}
_BANNED = (
    "Discord refuses this address until {:%Y-%m-%d %H:%M} UTC (Cloudflare, after too many refused requests);"
    " check NOTIFIER_DISCORD_TOKEN, and what else uses it"
)
_BAN = "banned:discord"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why Discord does not take us; `seconds` until it may be asked again, None for never."""

    reason: str
    seconds: float | None = None


class Discord:
    """One bot: its messenger, and what listens to people.

    api_url      with its version, such as https://discord.com/api/v10
    gateway_url  "" as Discord says
    guild        the server whose commands are sent, to try them; "" for everywhere
    refused      called with the reason when Discord refuses us
    accepted     called when it takes us (again)
    """

    def __init__(
        self,
        token: str,
        api_url: str,
        gateway_url: str,
        conversation: Conversation,
        clock: Callable[[], datetime],
        *,
        defaults: Defaults,
        guild: str = "",
        refused: Callable[[str], None] = lambda reason: None,
        accepted: Callable[[], None] = lambda: None,
    ) -> None:
        self._token = token
        self._urls = api_url, gateway_url
        self._conversation = conversation
        self._clock = clock
        self._guild = guild
        self._refused = refused
        self._accepted = accepted
        self._api = Api()
        self.messenger = DiscordMessenger(self._api)
        self._inbound = Inbound(self._api, self.messenger, conversation, clock, defaults)
        self._identifies = Identifies(conversation.db, clock)
        self._is_ending = False
        self._answering: set[asyncio.Task[None]] = set()

    async def listen(self) -> Refusal:
        """Answer people until cancelled; return why, when Discord refuses us."""
        if (refusal := await self._still_banned()) is not None:
            return refusal
        failures = 0
        while True:
            since = self._clock()
            client = Client(
                *self._urls,
                identifies=self._identifies,
                handle=self._handle,
                lost=self._lost,
                opened=self._opened,
            )
            try:
                async with asyncio.timeout(LONGEST_CALL):
                    await client.login(self._token)
                self._api.use(client)
                await self._sync()
                self._accepted()
                await self._unless_refused(client.connect())
            except asyncio.CancelledError:
                # What is being sent still needs the connections; `close` ends them.
                self._is_ending = self._api.uses(client)
                raise
            except discord.LoginFailure:
                return self._stopped(TOKEN_REFUSED)
            except discord.ConnectionClosed as error:
                return self._stopped(_CLOSED[error.code])
            except Banned as banned:
                return await self._banned(banned)
            except discord.HTTPException as error:
                if (ban := ban_of(error)) is not None:
                    return await self._banned(ban)
                if error.status == 401:
                    return self._stopped(TOKEN_REFUSED)
                failures = await self._away(f"{error.status}", failures, since)
            except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError, Lost) as error:
                failures = await self._away(type(error).__name__, failures, since)
            except Exception:
                log.exception("discord failed, tried again")
                await asyncio.sleep(AGAIN_LATER[-1])
            finally:
                if not self._is_ending:
                    if self._api.uses(client):
                        self._api.use(None)
                    await client.close()

    async def close(self) -> None:
        """Finish what is being answered, and close the connections."""
        if self._answering:
            await asyncio.wait(self._answering, timeout=END_WITHIN)
        await self._api.close()

    # -- connecting ---------------------------------------------------------------------------------

    async def _unless_refused(self, connecting: Coroutine[Any, Any, None]) -> None:
        """Stay connected until a call finds that Discord refuses this address or this bot."""
        tasks = asyncio.create_task(connecting), asyncio.create_task(self._api.until_refused())
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _sync(self) -> None:
        """Send the commands when they are others than last time."""
        db, commands = self._conversation.db, menus.payload()
        where = f"guilds/{self._guild}/" if self._guild else ""
        key = f"commands:discord:{self._api.application_id}:{where}"
        if await db.read(housekeeping.remembered, key) == menus.hash_of(commands):
            return
        path = f"/applications/{{application_id}}/{where}commands"
        try:
            await self._api.call("PUT", path, commands, application_id=self._api.application_id)
        except (discord.DiscordException, Lost) as error:  # no reason to keep people waiting
            log.error("commands not sent", extra={"reason": str(error)[:500]})
            return
        await db.run(housekeeping.remember, key, menus.hash_of(commands))

    def _stopped(self, reason: str, seconds: float | None = None) -> Refusal:
        self._refused(reason)
        return Refusal(reason, seconds)

    async def _banned(self, banned: Banned) -> Refusal:
        """Stop until the ban is over, also after a restart: each call would make it longer."""
        until = self._clock() + timedelta(seconds=banned.seconds)
        try:
            await self._conversation.db.run(housekeeping.remember, _BAN, until.isoformat())
        except Exception:
            log.exception("ban not noted")
        return self._stopped(_BANNED.format(until), banned.seconds)

    async def _still_banned(self) -> Refusal | None:
        kept = await self._conversation.db.read(housekeeping.remembered, _BAN)
        if not kept:
            return None
        until = datetime.fromisoformat(kept)
        left = (until - self._clock()).total_seconds()
        return self._stopped(_BANNED.format(until), left) if left > 0 else None

    async def _away(self, reason: str, failures: int, since: datetime) -> int:
        """Wait, the longer the oftener it failed at once; return how often it did."""
        if self._clock() - since > STEADY:
            failures = 0
        if not failures:
            log.warning("discord not reached, tried again", extra={"reason": reason})
        await asyncio.sleep(AGAIN_LATER[min(failures, len(AGAIN_LATER) - 1)])
        return failures + 1

    # -- events -------------------------------------------------------------------------------------

    async def _handle(self, interaction: discord.Interaction) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._answering.add(task)
        try:
            await self._inbound.handle(interaction)
        finally:
            self._answering.discard(task)

    async def _lost(self, channels: Iterable[str], reason: str) -> None:
        now, channels = self._clock(), list(channels)
        if reason in FOR_GOOD:  # where the bot is no more, nobody could manage what a webhook gets
            channels += await self._conversation.webhooks(DISCORD, channels)
        for channel in await self._conversation.known(DISCORD, channels):
            await self._conversation.left(DISCORD, channel, reason, now)

    async def _opened(self, channels: Iterable[str]) -> None:
        now = self._clock()
        for channel in await self._conversation.known(DISCORD, list(channels)):
            await self._conversation.returned(DISCORD, channel, now)
