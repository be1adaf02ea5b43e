"""The connection to Discord: the library's client with our addresses, our budget and one intent."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket, ReconnectWebSocket
from discord.http import Route

from notifier.chat.discord.api import (
    AGAIN_LATER,
    LONGEST_CALL,
    LONGEST_WAIT,
    MOST_A_SECOND,
    PER_SECOND,
    Banned,
    budget,
    seconds_of,
)
from notifier.chat.discord.buckets import Bucket
from notifier.chat.discord.identifies import Identifies
from notifier.chat.discord.permissions import missing_permissions
from notifier.chat.pace import Pacer

log = logging.getLogger(__name__)

# Why channels are lost for good, with the webhooks that write there.
REMOVED, CHANNEL_DELETED, THREAD_DELETED = FOR_GOOD = (
    "removed from the server",
    "the channel was deleted",
    "the thread was deleted",
)

Handle = Callable[[discord.Interaction], Awaitable[None]]
Lost = Callable[[Iterable[str], str], Awaitable[None]]
Open = Callable[[Iterable[str]], Awaitable[None]]

STEADY = 10.0  # seconds after which a connection that ends is no failure
END_WITHIN = 2.0  # seconds for a last word to the gateway
FATAL = (4004, 4010, 4011, 4012, 4013, 4014)  # closed with these, trying again is of no use
_OVER = (4007, 4009)  # with these, resuming is
_TROUBLE = (OSError, TimeoutError, aiohttp.ClientError, discord.DiscordServerError, discord.RateLimited)


@dataclass(frozen=True, slots=True)
class _Session:
    """What a shard can resume."""

    id: str
    sequence: int | None
    gateway: yarl.URL


class _Socket(DiscordWebSocket):
    """A connection to the gateway; one that cannot begin ends, and leaves no heart beating."""

    _is_begun = False

    async def poll_event(self) -> None:
        """Follow what the gateway says next."""
        if self._is_begun:
            await super().poll_event()
        else:
            await self._or_end(super().poll_event())

    async def identify(self) -> None:
        """Begin a session."""
        await self._or_end(super().identify())
        self._is_begun = True

    async def resume(self) -> None:
        """Go on with a session."""
        await self._or_end(super().resume())
        self._is_begun = True

    async def _or_end(self, step: Coroutine[Any, Any, None]) -> None:
        try:
            await step
        except BaseException:
            await _end(self, 4000)
            raise


class Client(discord.AutoShardedClient):
    """Hears interactions, and of channels that are lost or open (again).

    gateway_url  used for every connection, resumed and sharded ones too; "" as Discord says
    identifies   says when a session may begin
    lost         called with the ids of channels and the reason why nothing can be posted there
    opened       called with the ids of channels where something can
    """

    def __init__(
        self,
        api_url: str,
        gateway_url: str,
        *,
        identifies: Identifies,
        handle: Handle,
        lost: Lost,
        opened: Open,
    ) -> None:
        Route.BASE = api_url  # the library has no other place for it
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # nobody speaks here
        super().__init__(
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            max_ratelimit_timeout=LONGEST_WAIT,
            http_trace=budget(Pacer(PER_SECOND, MOST_A_SECOND)),
        )
        self._keep_buckets()
        self._identifies = identifies
        self._beginning = asyncio.Lock()  # one shard after the other
        self._handle = handle
        self._lost = lost
        self._opened = opened
        if gateway_url:
            self._reroute(yarl.URL(gateway_url))

    def _keep_buckets(self) -> None:
        make = self.http.get_ratelimit

        def ours(key: str) -> Bucket:
            found = self.http._buckets.get(key)
            if not isinstance(found, Bucket):
                make(key)  # it forgets those that nobody used for long
                found = self.http._buckets[key] = Bucket(LONGEST_WAIT)
            return found

        # The library has no other place for them.
        self.http.get_ratelimit = ours  # type: ignore[method-assign]

    def _reroute(self, gateway: yarl.URL) -> None:
        connect = self.http.ws_connect

        async def connect_there(url: str, *, compress: int = 0) -> Any:
            return await connect(str(gateway.with_query(yarl.URL(url).query)), compress=compress)

        # The library takes addresses of gateways from Discord's own answers only.
        self.http.ws_connect = connect_there  # type: ignore[method-assign]

    # -- the gateway --------------------------------------------------------------------------------

    async def connect(self, *, reconnect: bool = True) -> None:
        """Stay connected, with as many shards as Discord recommends, until it refuses us; raises why.

        The library's own way begins sessions as often as they end, begins one anew where it could be resumed
        once the network is back, and repeats a first connection for ever.
        """
        self.shard_count = self._connection.shard_count = int((await self._gateway())["shards"])
        self._connection.shard_ids = range(self.shard_count)
        shards = [asyncio.create_task(self._keep(number)) for number in range(self.shard_count)]
        try:
            done, _ = await asyncio.wait(shards, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for task in shards:
                task.cancel()
            await asyncio.gather(*shards, return_exceptions=True)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Count the session that begins."""
        await self._identifies.note(shard_id or 0)

    async def _keep(self, shard: int) -> None:
        """Keep one shard connected: resume its session while there is one, else begin another."""
        session: _Session | None = None
        failures = 0
        is_away = False
        clock = asyncio.get_running_loop().time
        while True:
            socket, since, reason, code = None, clock(), "", 4000
            try:
                socket = await self._open(shard, session)
                since = clock()
                log.info("connected to the gateway", extra={"shard": shard, "resumes": session is not None})
                is_away = False
                while not _is_unheard(socket):
                    await socket.poll_event()
                reason = "heartbeat not acknowledged"
            except ReconnectWebSocket as ended:
                reason = "resume" if ended.resume else "session over"
            except discord.ConnectionClosed as error:
                if error.code in FATAL:
                    raise
                reason = f"closed ({error.code})"
            except _TROUBLE as error:
                if isinstance(error, aiohttp.WSServerHandshakeError) and error.status == 429:
                    raise Banned(seconds_of(error.headers or {})) from error
                reason = type(error).__name__
                if socket is None and not is_away:
                    log.warning("discord not reached, tried again", extra={"reason": reason})
                    is_away = True
            except asyncio.CancelledError:
                code = 1000  # which ends the session too
                raise
            finally:
                if socket is not None:
                    await _end(socket, code)
            if socket is not None:
                log.info("connection to the gateway ended", extra={"shard": shard, "reason": reason})
                session = _resumable(socket)
            failures = 0 if socket is not None and clock() - since > STEADY else failures + 1
            if failures >= len(AGAIN_LATER):
                session = None  # it is over by now, or its own address is gone
            if failures:
                await asyncio.sleep(AGAIN_LATER[min(failures, len(AGAIN_LATER)) - 1])

    async def _open(self, shard: int, session: _Session | None) -> DiscordWebSocket:
        """Connect a shard."""
        if session is not None:
            async with asyncio.timeout(LONGEST_CALL):
                return await _Socket.from_client(
                    self,
                    shard_id=shard,
                    resume=True,
                    gateway=session.gateway,
                    session=session.id,
                    sequence=session.sequence,
                )
        async with self._beginning:
            await self._identifies.turn(shard, self.shard_count or 1)
            gateway = await self._gateway()
            while (limit := gateway["session_start_limit"])["remaining"] < 1:
                seconds = max(limit["reset_after"] / 1_000, AGAIN_LATER[0])
                log.warning("Discord grants no more sessions for now, waits", extra={"seconds": seconds})
                await asyncio.sleep(seconds)
                gateway = await self._gateway()
            async with asyncio.timeout(LONGEST_CALL):
                url = yarl.URL(gateway["url"])
                return await _Socket.from_client(self, shard_id=shard, initial=True, gateway=url)

    async def _gateway(self) -> dict[str, Any]:
        """Return what Discord says of its gateway: its address, how many shards, how many sessions are left."""
        async with asyncio.timeout(LONGEST_CALL):
            told: dict[str, Any] = await self.http.request(Route("GET", "/gateway/bot"))
        return told

    # -- events -------------------------------------------------------------------------------------

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Answer what somebody asks."""
        await self._handle(interaction)

    async def on_error(self, event_method: str, /, *args: object, **kwargs: object) -> None:
        """Log that following an event failed; nothing of the event itself."""
        log.exception("event failed", extra={"event": event_method})

    # -- channels -----------------------------------------------------------------------------------

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Leave what was posted in a server that removed us."""
        await self._lost((str(it.id) for it in (*guild.channels, *guild.threads)), REMOVED)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Go on in a server that took us (again)."""
        await self._look(guild)

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Leave a channel that is deleted."""
        await self._lost([str(channel.id)], CHANNEL_DELETED)

    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        """Leave a thread that is deleted."""
        await self._lost([str(payload.thread_id)], THREAD_DELETED)

    async def on_guild_channel_update(
        self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        """Follow a channel's overwrites."""
        await self._look(after.guild, [after])

    async def on_guild_role_update(self, before: discord.Role, after: discord.Role) -> None:
        """Follow what roles may."""
        if before.permissions != after.permissions:
            await self._look(after.guild)

    async def on_guild_role_delete(self, role: discord.Role) -> None:
        """Follow what roles may."""
        await self._look(role.guild)

    async def _look(self, guild: discord.Guild, channels: Iterable[Any] | None = None) -> None:
        """Say of channels whether something can be posted there."""
        opened = []
        for channel in channels if channels is not None else (*guild.channels, *guild.threads):
            if missing := missing_permissions(channel, guild.me):
                await self._lost([str(channel.id)], f"missing permissions: {', '.join(missing)}")
            else:
                opened.append(str(channel.id))
        await self._opened(opened)


def _is_unheard(socket: DiscordWebSocket) -> bool:
    """Return whether a heartbeat was still not acknowledged when the next was sent.

    The library itself ends only a connection that is silent altogether.
    """
    beats = socket._keep_alive
    if beats is None or beats.interval is None:
        return False
    return beats._last_send - beats._last_ack > 1.5 * beats.interval


def _resumable(socket: DiscordWebSocket) -> _Session | None:
    """Return what is left of the session of a connection that ended."""
    if socket.session_id is None or socket.socket.close_code in _OVER:
        return None
    return _Session(socket.session_id, socket.sequence, socket.gateway)


async def _end(socket: DiscordWebSocket, code: int) -> None:
    """Close a connection, if it is still open, without waiting long for a gateway that does not answer."""
    with contextlib.suppress(*_TROUBLE):
        async with asyncio.timeout(END_WITHIN):
            await socket.close(code)
