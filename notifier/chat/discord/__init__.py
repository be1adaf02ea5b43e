"""Discord: a gateway in, REST out; slash commands, buttons, direct messages and channel feeds."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import aiohttp
import discord

from notifier.chat import DISCORD
from notifier.chat.discord import menus
from notifier.chat.discord.api import Api, Banned, Lost
from notifier.chat.discord.client import Client
from notifier.chat.discord.inbound import Inbound
from notifier.chat.discord.messenger import DiscordMessenger
from notifier.chat.discord.outcomes import TOKEN_REFUSED
from notifier.services import housekeeping
from notifier.services.conversation import Conversation
from notifier.store.subscriptions import Defaults

__all__ = ["Discord"]

log = logging.getLogger(__name__)

# A thousand identifies a day reset a token: who starts again and again waits longer each time.
SOON = timedelta(seconds=30)
SHORTEST_REST, LONGEST_REST = 10.0, 300.0  # seconds
AGAIN = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)  # seconds, while Discord cannot be reached
END_WITHIN = 5.0  # seconds
_INTENTS_REFUSED = "Discord refuses the intents of this bot ({code}); it needs `guilds` only"


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
        self._api = Api(refused=refused, accepted=accepted)
        self.messenger = DiscordMessenger(self._api)
        self._inbound = Inbound(self._api, self.messenger, conversation, clock, defaults)
        self._is_ending = False
        self._answering: set[asyncio.Task[None]] = set()

    async def listen(self) -> str:
        """Answer people until cancelled; return why, when Discord refuses us for good."""
        failures = 0
        while True:
            client = Client(*self._urls, handle=self._handle, lost=self._lost, opened=self._opened)
            try:
                await client.login(self._token)
                self._api.use(client)
                await self._sync()
                self._accepted()
                failures = 0
                await self._rest()
                await client.connect()
            except asyncio.CancelledError:
                self._is_ending = True  # what is being sent still needs the connections; `close` ends them
                raise
            except discord.LoginFailure:
                return self._stopped(TOKEN_REFUSED)
            except discord.PrivilegedIntentsRequired:
                return self._stopped(_INTENTS_REFUSED.format(code=4014))
            except discord.ConnectionClosed as error:
                if error.code == 4004:
                    return self._stopped(TOKEN_REFUSED)
                if error.code in (4013, 4014):
                    return self._stopped(_INTENTS_REFUSED.format(code=error.code))
                failures = await self._away(f"connection closed ({error.code})", failures)
            except Banned as banned:
                await self._banned(banned)
            except discord.HTTPException as error:
                if error.status == 429:
                    await self._banned(Banned(3_600.0))
                elif error.status == 401:
                    return self._stopped(TOKEN_REFUSED)
                else:
                    failures = await self._away(f"{error.status}", failures)
            except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError, Lost) as error:
                failures = await self._away(type(error).__name__, failures)
            except Exception:
                log.exception("discord failed, tried again")
                await asyncio.sleep(AGAIN[-1])
            finally:
                if not self._is_ending:
                    await client.close()

    async def close(self) -> None:
        """Finish what is being answered, and close the connections."""
        if self._answering:
            await asyncio.wait(self._answering, timeout=END_WITHIN)
        await self._api.close()

    # -- connecting ---------------------------------------------------------------------------------

    async def _rest(self) -> None:
        """Wait when the last starts came one soon after the other, and note this one."""
        db, now = self._conversation.db, self._clock()
        kept = json.loads(await db.read(housekeeping.remembered, "starts:discord") or "{}")
        last = datetime.fromisoformat(kept["at"]) if kept else None
        soon = int(kept["soon"]) + 1 if last is not None and now - last < SOON else 0
        if soon:
            wait = min(SHORTEST_REST * 2 ** (soon - 1), LONGEST_REST)
            log.info("started again soon, waits before connecting", extra={"seconds": wait})
            await asyncio.sleep(wait)
        started = json.dumps({"at": self._clock().isoformat(), "soon": soon})
        await db.run(housekeeping.remember, "starts:discord", started)

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
        except (discord.HTTPException, Lost) as error:  # no reason to keep people waiting
            log.error("commands not sent", extra={"reason": str(error)[:500]})
            return
        await db.run(housekeeping.remember, key, menus.hash_of(commands))

    def _stopped(self, reason: str) -> str:
        self._refused(reason)
        return reason

    async def _banned(self, banned: Banned) -> None:
        self._refused(str(banned))
        await asyncio.sleep(banned.seconds)

    async def _away(self, reason: str, failures: int) -> int:
        if not failures:
            log.warning("discord not reached, tried again", extra={"reason": reason})
        await asyncio.sleep(AGAIN[min(failures, len(AGAIN) - 1)])
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
        now = self._clock()
        for channel in await self._conversation.known(DISCORD, list(channels)):
            await self._conversation.left(DISCORD, channel, reason, now)

    async def _opened(self, channels: Iterable[str]) -> None:
        now = self._clock()
        for channel in await self._conversation.known(DISCORD, list(channels)):
            await self._conversation.returned(DISCORD, channel, now)
