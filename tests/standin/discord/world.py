"""Who there is: servers with roles, channels, forums and threads, and the messages and webhooks in them.

Whatever a test changes here, the bot hears of it by the gateway, as far as Discord tells it.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.standin.discord.gateway import DIRECT_MESSAGES, GUILD_MESSAGES, GUILDS
from tests.standin.discord.permissions import BITS, EVERYTHING, USUAL, Overwrite, base, bits, overwritten
from tests.standin.discord.seen import Seen
from tests.standin.discord.spec import Json, Upload
from tests.standin.updates import until

if TYPE_CHECKING:
    from tests.standin.discord.interactions import Interaction
    from tests.standin.discord.person import Person
    from tests.standin.discord.server import Discord

TEXT, DM, ANNOUNCEMENT, ANNOUNCEMENT_THREAD, THREAD, PRIVATE_THREAD, FORUM = 0, 1, 5, 10, 11, 12, 15
THREADS = (ANNOUNCEMENT_THREAD, THREAD, PRIVATE_THREAD)
REQUIRE_TAG = 1 << 4


def timestamp(at: float | None = None) -> str:
    return datetime.fromtimestamp(time.time() if at is None else at, UTC).isoformat()


@dataclass(frozen=True, slots=True)
class Pinged:
    """Whom a message notified when it was written."""

    users: frozenset[int] = frozenset()
    roles: frozenset[int] = frozenset()
    everyone: bool = False

    def __bool__(self) -> bool:
        return bool(self.users or self.roles or self.everyone)


@dataclass(eq=False, slots=True)
class Message:
    """One message as it stands."""

    id: int
    channel: "Channel"
    raw: Json
    body: Json  # what of it was asked for: content, embeds, components, flags
    files: dict[str, Upload] = field(default_factory=dict)
    pinged: Pinged = field(default_factory=Pinged)
    webhook: "Webhook | None" = None
    interaction: "Interaction | None" = None  # that it answers
    ephemeral_for: "Person | None" = None
    crossposted: bool = False
    deleted: bool = False

    @property
    def author_id(self) -> int:
        return int(self.raw["author"]["id"])

    @property
    def is_loading(self) -> bool:
        return bool(self.raw["flags"] & 1 << 7)

    def seen(self, *, is_edit: bool = False) -> Seen:
        uploads = {name: upload.content for name, upload in self.files.items()}
        return Seen(self.raw, self.channel, uploads, is_edit)

    @property
    def text(self) -> str:
        return self.seen().text


@dataclass(eq=False, slots=True)
class Webhook:
    """An incoming webhook of a channel."""

    id: int
    token: str
    name: str
    channel: "Channel"
    application_id: int | None  # of the bot, if it made it
    root: str

    @property
    def url(self) -> str:
        """The address as its owner copies it, on this stand-in."""
        return f"{self.root}/api/webhooks/{self.id}/{self.token}"

    def delete(self) -> None:
        self.channel.webhooks.remove(self)

    @property
    def json(self) -> Json:
        return {
            "id": str(self.id),
            "type": 1,
            "guild_id": str(self.channel.guild.id) if self.channel.guild else None,
            "channel_id": str(self.channel.id),
            "name": self.name,
            "avatar": None,
            "token": self.token,
            "application_id": None if self.application_id is None else str(self.application_id),
        }


class Role:
    """A role of a server."""

    def __init__(self, guild: "Guild", role_id: int, name: str, permissions: int, **told: bool) -> None:
        self.guild = guild
        self.id = role_id
        self.name = name
        self.permissions = permissions
        self.mentionable = told.get("mentionable", False)
        self.managed = told.get("managed", False)

    @property
    def mention(self) -> str:
        return f"<@&{self.id}>"

    def set(self, *, mentionable: bool | None = None, name: str = "") -> None:
        self.mentionable = self.mentionable if mentionable is None else mentionable
        self.name = name or self.name
        self._changed()

    def grant(self, *permissions: str) -> None:
        self.permissions |= bits(permissions)
        self._changed()

    def revoke(self, *permissions: str) -> None:
        self.permissions &= ~bits(permissions)
        self._changed()

    def _changed(self) -> None:
        self.guild.tell("GUILD_ROLE_UPDATE", {"role": self.json})

    @property
    def json(self) -> Json:
        me = self.guild.server.me["id"]
        return {
            "id": str(self.id),
            "name": self.name,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "icon": None,
            "unicode_emoji": None,
            "position": 0 if self.id == self.guild.id else 1,
            "permissions": str(self.permissions),
            "managed": self.managed,
            "mentionable": self.mentionable,
            "flags": 0,
            **({"tags": {"bot_id": me}} if self.managed else {}),
        }


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of a forum."""

    id: int
    name: str
    moderated: bool = False

    @property
    def json(self) -> Json:
        told = {"id": str(self.id), "name": self.name, "moderated": self.moderated}
        return told | {"emoji_id": None, "emoji_name": None}


class Channel:
    """A channel of a server, or one person's direct messages with the bot."""

    def __init__(
        self, server: "Discord", channel_id: int, kind: int, name: str = "", guild: "Guild | None" = None
    ) -> None:
        self.server = server
        self.id = channel_id
        self.type = kind
        self.name = name
        self.guild = guild
        self.topic = ""
        self.overwrites: dict[int, Overwrite] = {}
        self.messages: dict[int, Message] = {}  # that are not deleted
        self.log: list[Seen] = []  # messages and edits in order, but for answers to interactions
        self.webhooks: list[Webhook] = []
        self.threads: list[Thread] = []
        self.tags: list[Tag] = []
        self.require_tag = False
        self.recipient: Person | None = None
        self.deleted = False
        self._listened = 0
        self._opened = 0

    @property
    def mention(self) -> str:
        return f"<#{self.id}>"

    @property
    def place(self) -> "Channel":
        """Where the permissions of this channel are set: a thread has those of its parent."""
        return self

    # What a test does with it.

    def deny(self, target: "Role | Person | Bot | Guild", *permissions: str) -> None:
        """Deny to a role, a person or the bot (`server.bot`); a Guild stands for @everyone."""
        self._overwrite(target, deny=bits(permissions))

    def allow(self, target: "Role | Person | Bot | Guild", *permissions: str) -> None:
        self._overwrite(target, allow=bits(permissions))

    def clear(self, target: "Role | Person | Bot | Guild | None" = None) -> None:
        """Remove the overwrites, of one or of all."""
        if target is None:
            self.overwrites.clear()
        else:
            self.overwrites.pop(target.id, None)
        self.tell("CHANNEL_UPDATE")

    def _overwrite(self, target: "Role | Person | Bot | Guild", allow: int = 0, deny: int = 0) -> None:
        is_member = not isinstance(target, Role | Guild)
        one = self.overwrites.setdefault(target.id, Overwrite(target.id, is_member))
        one.allow, one.deny = one.allow & ~deny | allow, one.deny & ~allow | deny
        self.tell("CHANNEL_UPDATE")

    def thread(self, name: str, *, tags: Sequence[Tag] = ()) -> "Thread":
        """Open a thread as somebody in the channel does."""
        assert self.guild is not None
        return self.open_thread(name, self.guild.owner.id, tags=tags)

    def open_thread(
        self,
        name: str,
        owner_id: int,
        *,
        tags: Sequence[Tag] = (),
        kind: int = 0,
        thread_id: int | None = None,
    ) -> "Thread":
        """Open a thread and tell the bot; thread_id is that of the message it begins with, if any."""
        kind = kind or (ANNOUNCEMENT_THREAD if self.type == ANNOUNCEMENT else THREAD)
        made = Thread(self.server, thread_id or self.server.new_id(), kind, name, self.guild)
        made.parent, made.owner_id, made.applied = self, owner_id, list(tags)
        self.threads.append(made)
        self.server.channels[made.id] = made
        made.tell("THREAD_CREATE", newly_created=True)
        return made

    def webhook(self, name: str = "Jobs", *, by_bot: bool = False) -> Webhook:
        """Make an incoming webhook, as a manager of the server does."""
        owner = int(self.server.me["id"]) if by_bot else None
        number = self.server.new_id()
        made = Webhook(number, f"hook-{number % 9973:04d}_" + "w" * 58, name, self, owner, self.server.root)
        self.webhooks.append(made)
        return made

    async def hears(self, timeout: float = 30.0) -> Seen:
        """Return the next message or edit here that was not heard yet; answers to interactions are none."""
        seen = await until(self._next, timeout, f"message in {self.name or self.id}")
        self._listened += 1
        return seen

    async def hears_nothing(self, seconds: float = 0.3) -> None:
        """Fail if anything is written within that time."""
        try:
            seen = await self.hears(seconds)
        except AssertionError:
            return
        raise AssertionError(f"{self.name or self.id} heard {seen.text!r}")

    def _next(self) -> Seen | None:
        return self.log[self._listened] if self._listened < len(self.log) else None

    async def opens(self, timeout: float = 30.0) -> "Thread":
        """Return the next thread that the bot opened here, or a webhook of this channel."""
        owners = {int(self.server.me["id"]), *(one.id for one in self.webhooks)}

        def found() -> Thread | None:
            threads = [one for one in self.threads if one.owner_id in owners]
            return threads[self._opened] if self._opened < len(threads) else None

        thread = await until(found, timeout, f"thread in {self.name}")
        self._opened += 1
        return thread

    def texts(self) -> list[str]:
        """The words of the messages that stand here, in order; not those that only one person sees."""
        return [one.text for one in self.messages.values() if one.ephemeral_for is None]

    def tag(self, name: str) -> Tag:
        return next(one for one in self.tags if one.name == name)

    def set_tags(self, names: Iterable[str], *, require: bool = False) -> None:
        """Give a forum its tags; those whose names stay keep their ids."""
        known = {one.name: one for one in self.tags}
        self.tags = [known.get(name) or Tag(self.server.new_id(), name) for name in names]
        self.require_tag = require
        self.tell("CHANNEL_UPDATE")

    def rename(self, name: str) -> None:
        self.name = name
        self.tell("CHANNEL_UPDATE")

    # What happens in it.

    def record(self, seen: Seen) -> None:
        self.log.append(seen)

    def tell(self, event: str, **extra: object) -> None:
        """Tell the bot of a change of this channel, unless it is still being made."""
        if self.guild is not None and self.id in self.server.channels:
            self.server.dispatch(event, self.json | extra, self.guild, GUILDS)

    def tell_message(self, event: str, message: Message) -> None:
        """Tell the bot of a message if its intents ask for such."""
        intent = DIRECT_MESSAGES if self.guild is None else GUILD_MESSAGES
        data = (
            {"id": str(message.id), "channel_id": str(self.id)} if event == "MESSAGE_DELETE" else message.raw
        )
        where = {} if self.guild is None else {"guild_id": str(self.guild.id)}
        self.server.dispatch(event, data | where, self.guild, intent)

    @property
    def json(self) -> Json:
        last = max(self.messages, default=None)
        told: Json = {
            "id": str(self.id),
            "type": self.type,
            "last_message_id": None if last is None else str(last),
            "flags": REQUIRE_TAG if self.require_tag else 0,
        }
        if self.guild is None:
            assert self.recipient is not None
            return told | {"recipients": [self.recipient.json]}
        told |= {
            "guild_id": str(self.guild.id),
            "name": self.name,
            "position": self.guild.position(self),
            "topic": self.topic or None,
            "nsfw": False,
            "parent_id": None,
            "rate_limit_per_user": 0,
            "permission_overwrites": [one.json for one in self.overwrites.values()],
        }
        if self.type == FORUM:
            told["available_tags"] = [one.json for one in self.tags]
            told |= {"default_reaction_emoji": None, "default_sort_order": None, "default_forum_layout": 0}
        return told


class Thread(Channel):
    """A thread, or a post of a forum."""

    parent: Channel
    owner_id = 0
    archived = False
    locked = False

    def __init__(
        self, server: "Discord", channel_id: int, kind: int, name: str = "", guild: "Guild | None" = None
    ) -> None:
        super().__init__(server, channel_id, kind, name, guild)
        self.applied: list[Tag] = []
        self.created = time.time()

    @property
    def place(self) -> Channel:
        return self.parent

    @property
    def first(self) -> Seen:
        """The message it begins with."""
        return next(iter(self.messages.values())).seen()

    def archive(self, *, lock: bool = False) -> None:
        self.archived, self.locked = True, lock
        self.tell("THREAD_UPDATE")

    def unarchive(self) -> None:
        self.archived = self.locked = False
        self.tell("THREAD_UPDATE")

    @property
    def json(self) -> Json:
        assert self.guild is not None
        told = super().json
        for name in ("position", "topic", "nsfw", "permission_overwrites"):
            del told[name]
        told |= {
            "parent_id": str(self.parent.id),
            "owner_id": str(self.owner_id),
            "message_count": len(self.messages),
            "total_message_sent": len(self.messages),
            "member_count": 1,
            "thread_metadata": {
                "archived": self.archived,
                "auto_archive_duration": 1440,
                "archive_timestamp": timestamp(self.created),
                "locked": self.locked,
                "create_timestamp": timestamp(self.created),
            },
        }
        if self.parent.type == FORUM:
            told["applied_tags"] = [str(one.id) for one in self.applied]
        return told


class Guild:
    """A Discord server."""

    def __init__(self, server: "Discord", guild_id: int, name: str, owner: "Person", locale: str) -> None:
        self.server = server
        self.id = guild_id
        self.name = name
        self.owner = owner
        self.locale = locale
        self.roles: dict[int, Role] = {guild_id: Role(self, guild_id, "@everyone", bits(USUAL))}
        self.members: dict[int, set[int]] = {}  # the roles of each, by the person's id
        self.channels: list[Channel] = []
        self.bot_role: Role | None = None
        self.has_bot = False
        self.unavailable = False
        self.deleted = False
        self.joined = timestamp()

    @property
    def everyone(self) -> Role:
        return self.roles[self.id]

    # Making it.

    def text(self, name: str) -> Channel:
        return self._channel(TEXT, name)

    def announcement(self, name: str) -> Channel:
        return self._channel(ANNOUNCEMENT, name)

    def forum(self, name: str, *, tags: Sequence[str] = (), require_tag: bool = False) -> Channel:
        made = self._channel(FORUM, name, tell=False)
        made.tags = [Tag(self.server.new_id(), one) for one in tags]
        made.require_tag = require_tag
        made.tell("CHANNEL_CREATE")
        return made

    def _channel(self, kind: int, name: str, *, tell: bool = True) -> Channel:
        made = Channel(self.server, self.server.new_id(), kind, name, self)
        self.channels.append(made)
        self.server.channels[made.id] = made
        if tell:
            made.tell("CHANNEL_CREATE")
        return made

    def role(self, name: str, *permissions: str, mentionable: bool = False) -> Role:
        made = Role(self, self.server.new_id(), name, bits(permissions), mentionable=mentionable)
        self.roles[made.id] = made
        self.tell("GUILD_ROLE_CREATE", {"role": made.json})
        return made

    def join(self, *people: "Person", roles: Sequence[Role] = ()) -> None:
        for person in people:
            self.members[person.id] = {role.id for role in roles}

    def leave(self, person: "Person") -> None:
        self.members.pop(person.id, None)

    def give(self, member: "Person | Bot", *roles: Role) -> None:
        """Give roles to a person, or to the bot (`server.bot`)."""
        self.members[member.id] |= {role.id for role in roles}
        self._member_changed(member)

    def take(self, member: "Person | Bot", *roles: Role) -> None:
        self.members[member.id] -= {role.id for role in roles}
        self._member_changed(member)

    def _member_changed(self, member: "Person | Bot") -> None:
        if member.id == self.server.bot.id:  # of others it would hear with a privileged intent only
            self.tell("GUILD_MEMBER_UPDATE", self.member(member.id, member.json))

    # What happens to it.

    def add_bot(self, *permissions: str) -> None:
        """Let the bot in, with a role of its own that grants these permissions."""
        role = Role(self, self.server.new_id(), self.server.me["username"], bits(permissions), managed=True)
        self.roles[role.id] = role
        self.bot_role = role
        self.members[self.server.bot.id] = {role.id}
        self.has_bot = True
        self.server.dispatch("GUILD_CREATE", self.whole | {"unavailable": False}, self, GUILDS)

    def kick_bot(self) -> None:
        self._lose_bot()
        self.server.dispatch("GUILD_DELETE", {"id": str(self.id)}, self, GUILDS)

    def delete(self) -> None:
        self.kick_bot()
        self.deleted = True
        for channel in list(self.channels):
            self._forget(channel)

    def _lose_bot(self) -> None:
        self.has_bot = False
        self.members.pop(self.server.bot.id, None)
        if self.bot_role is not None:
            self.roles.pop(self.bot_role.id, None)

    def outage(self) -> None:
        """Let it be unavailable: an outage at Discord, not a farewell."""
        self.unavailable = True
        self.server.dispatch("GUILD_DELETE", {"id": str(self.id), "unavailable": True}, self, GUILDS)

    def recovers(self) -> None:
        self.unavailable = False
        self.server.dispatch("GUILD_CREATE", self.whole | {"unavailable": False}, self, GUILDS)

    def delete_channel(self, channel: Channel) -> None:
        """Delete a channel or a thread."""
        channel.tell("THREAD_DELETE" if isinstance(channel, Thread) else "CHANNEL_DELETE")
        self._forget(channel)

    def _forget(self, channel: Channel) -> None:
        channel.deleted = True
        self.server.channels.pop(channel.id, None)
        channel.webhooks.clear()
        if isinstance(channel, Thread):
            channel.parent.threads.remove(channel)
        else:
            self.channels.remove(channel)
        for thread in list(channel.threads):
            self._forget(thread)

    def delete_role(self, role: Role) -> None:
        del self.roles[role.id]
        for roles in self.members.values():
            roles.discard(role.id)
        self.tell("GUILD_ROLE_DELETE", {"role_id": str(role.id)})

    # What is said of it.

    def permissions(self, member_id: int, channel: Channel | None = None) -> int:
        """Return what a member may, in a channel or in the server; nothing for who is not in it."""
        if member_id not in self.members:
            return 0
        roles = self.members[member_id]
        granted = (self.roles[one].permissions for one in roles)
        value = base(self.everyone.permissions, granted, member_id == self.owner.id)
        if channel is None or value == EVERYTHING:
            return value
        return overwritten(value, channel.place.overwrites, self.id, roles, member_id)

    def may(self, member_id: int, permission: str, channel: Channel | None = None) -> bool:
        return bool(self.permissions(member_id, channel) >> BITS[permission] & 1)

    def position(self, channel: Channel) -> int:
        return self.channels.index(channel) if channel in self.channels else 0

    def tell(self, event: str, data: Json) -> None:
        if self.has_bot:
            self.server.dispatch(event, data | {"guild_id": str(self.id)}, self, GUILDS)

    def member(self, member_id: int, user: Json, channel: Channel | None = None) -> Json:
        """Return a member; with the permissions when it is for an interaction in a channel."""
        told: Json = {
            "user": user,
            "nick": None,
            "avatar": None,
            "banner": None,
            "roles": [str(one) for one in sorted(self.members.get(member_id, ()))],
            "joined_at": self.joined,
            "premium_since": None,
            "communication_disabled_until": None,
            "deaf": False,
            "mute": False,
            "pending": False,
            "flags": 0,
        }
        return told if channel is None else told | {"permissions": str(self.permissions(member_id, channel))}

    @property
    def json(self) -> Json:
        return {
            "id": str(self.id),
            "name": self.name,
            "icon": None,
            "splash": None,
            "discovery_splash": None,
            "description": None,
            "owner_id": str(self.owner.id),
            "region": "deprecated",
            "afk_channel_id": None,
            "afk_timeout": 300,
            "verification_level": 0,
            "default_message_notifications": 1,
            "explicit_content_filter": 0,
            "roles": [one.json for one in self.roles.values()],
            "emojis": [],
            "stickers": [],
            "features": ["COMMUNITY", "NEWS"],
            "mfa_level": 0,
            "system_channel_id": None,
            "system_channel_flags": 0,
            "rules_channel_id": None,
            "public_updates_channel_id": None,
            "vanity_url_code": None,
            "premium_tier": 0,
            "premium_progress_bar_enabled": False,
            "preferred_locale": self.locale,
            "nsfw_level": 0,
        }

    @property
    def whole(self) -> Json:
        """It as GUILD_CREATE tells of it: with channels, open threads, and the bot as its only member."""
        bot = self.server.bot
        return self.json | {
            "joined_at": self.joined,
            "large": False,
            "member_count": len(self.members),
            "channels": [one.json for one in self.channels],
            "threads": [
                one.json
                for channel in self.channels
                for one in channel.threads
                if not one.archived and self.may(bot.id, "view_channel", channel)
            ],
            "members": [self.member(bot.id, bot.json)],
            "voice_states": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }


@dataclass(frozen=True, slots=True)
class Bot:
    """The bot as a member among members: for overwrites, roles and mentions."""

    json: Json

    @property
    def id(self) -> int:
        return int(self.json["id"])

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"
