"""The connection to Discord: the library's client with our addresses, our budget and one intent."""

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import discord
import yarl
from discord.http import Route

from notifier.chat.discord.api import LONGEST_WAIT, MOST_A_SECOND, PER_SECOND, budget
from notifier.chat.discord.buckets import Bucket
from notifier.chat.discord.permissions import missing_permissions
from notifier.chat.pace import Pacer

log = logging.getLogger(__name__)

Handle = Callable[[discord.Interaction], Awaitable[None]]
Lost = Callable[[Iterable[str], str], Awaitable[None]]
Open = Callable[[Iterable[str]], Awaitable[None]]


class Client(discord.AutoShardedClient):
    """Hears interactions, and of channels that are lost or open (again).

    gateway_url  used for every connection, resumed and sharded ones too; "" as Discord says
    lost         called with the ids of channels and the reason why nothing can be posted there
    opened       called with the ids of channels where something can
    """

    def __init__(self, api_url: str, gateway_url: str, *, handle: Handle, lost: Lost, opened: Open) -> None:
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

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Answer what somebody asks."""
        await self._handle(interaction)

    async def on_error(self, event_method: str, /, *args: object, **kwargs: object) -> None:
        """Log that following an event failed; nothing of the event itself."""
        log.exception("event failed", extra={"event": event_method})

    # -- channels -----------------------------------------------------------------------------------

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Leave what was posted in a server that removed us."""
        await self._lost((str(it.id) for it in (*guild.channels, *guild.threads)), "removed from the server")

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Go on in a server that took us (again)."""
        await self._look(guild)

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Leave a channel that is deleted."""
        await self._lost([str(channel.id)], "the channel was deleted")

    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        """Leave a thread that is deleted."""
        await self._lost([str(payload.thread_id)], "the thread was deleted")

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
