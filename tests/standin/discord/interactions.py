"""What a person does with the bot's commands, buttons and menus, and how the bot answers it."""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.standin.discord.permissions import USUAL, bits
from tests.standin.discord.rules import BUTTON, ROW, walk
from tests.standin.discord.seen import Seen
from tests.standin.discord.spec import Json
from tests.standin.discord.world import Channel, Guild, Message, Role
from tests.standin.updates import until

if TYPE_CHECKING:
    from tests.standin.discord.person import Person
    from tests.standin.discord.server import Discord

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
SAYS, DEFERS, DEFERS_UPDATE, UPDATES, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
IN_GUILD, BOT_DM, PRIVATE_CHANNEL = 0, 1, 2
GUILD_INSTALL, USER_INSTALL = 0, 1


@dataclass(eq=False, slots=True, kw_only=True)
class Interaction:
    """One thing that a person did, and what became of it."""

    id: int
    token: str
    kind: int
    person: "Person"
    channel: Channel
    data: Json
    source: Message | None = None  # whose component was used
    name: str = ""  # of the command
    at: float = field(default_factory=time.monotonic)
    owners: dict[str, str] = field(default_factory=dict)  # by which installation the bot is there
    answered_at: float | None = None
    answer_type: int = 0
    response: Message | None = None  # the message it was answered with, or that was updated
    followups: list[Message] = field(default_factory=list)
    choices: list[Json] = field(default_factory=list)
    modal: Json = field(default_factory=dict)
    edits: int = 0  # of the response, after the first answer

    @property
    def guild(self) -> Guild | None:
        return self.channel.guild

    @property
    def is_foreign(self) -> bool:
        """Whether the bot is there by the person's installation alone."""
        return self.guild is not None and not self.guild.has_bot

    @property
    def metadata(self) -> Json:
        told: Json = {
            "id": str(self.id),
            "type": self.kind,
            "user": self.person.json,
            "authorizing_integration_owners": self.owners,
        }
        if self.source is not None:
            told["interacted_message_id"] = str(self.source.id)
        return told

    @property
    def callback(self) -> Json:
        """What a callback is answered if the bot asks for that."""
        told: Json = {"id": str(self.id), "type": self.kind}
        body: Json = {"interaction": told}
        if self.response is not None:
            told |= {
                "response_message_id": str(self.response.id),
                "response_message_loading": self.answer_type == DEFERS,
                "response_message_ephemeral": self.response.ephemeral_for is not None,
            }
            body["resource"] = {"type": self.answer_type, "message": self.response.raw}
        return body


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that autocomplete offers."""

    name: str  # in the person's language
    value: str | int | float


@dataclass(frozen=True, slots=True)
class Answer(Seen):
    """The first thing a person sees after they did something: a message as it looked then, or a modal."""

    interaction: Interaction = field(default=None, repr=False)  # type: ignore[assignment]  # always given
    deferred: bool = False  # whether the bot asked for time first
    seconds: float = 0.0  # until its first response
    is_update: bool = False  # of the message whose component was used
    _heard: list[int] = field(default_factory=lambda: [0], repr=False)

    @property
    def modal(self) -> Json:
        return self.interaction.modal

    @property
    def now(self) -> Seen:
        """The message as it looks now."""
        assert self.interaction.response is not None
        return self.interaction.response.seen()

    async def follows(self, timeout: float = 5.0) -> Seen:
        """Return the next followup."""

        def found() -> Message | None:
            more = self.interaction.followups
            return more[self._heard[0]] if self._heard[0] < len(more) else None

        message = await until(found, timeout, "followup")
        self._heard[0] += 1
        return message.seen()

    async def changes(self, timeout: float = 5.0) -> Seen:
        """Return the message once it was edited again."""
        before = self.raw.get("edited_timestamp")
        return await until(
            lambda: self.now if self.now.raw["edited_timestamp"] != before else None,
            timeout,
            "edit of the answer",
        )


def payload(server: "Discord", interaction: Interaction) -> Json:
    """Return what INTERACTION_CREATE tells of it."""
    person, channel, guild = interaction.person, interaction.channel, interaction.guild
    told: Json = {
        "id": str(interaction.id),
        "application_id": server.me["id"],
        "type": interaction.kind,
        "token": interaction.token,
        "version": 1,
        "data": interaction.data,
        "channel_id": str(channel.id),
        "channel": channel_for(channel, person),
        "locale": person.locale,
        "entitlements": [],
        "entitlement_sku_ids": [],
        "authorizing_integration_owners": interaction.owners,
        "context": context_of(server, channel),
        "attachment_size_limit": 10 << 20,
        "app_permissions": str(bits(USUAL)),
    }
    if guild is None:
        told["user"] = person.json
    else:
        told |= {
            "guild_id": str(guild.id),
            "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
            "guild_locale": guild.locale,
            "member": guild.member(person.id, person.json, channel),
        }
        if guild.has_bot:
            told["app_permissions"] = str(guild.permissions(server.bot.id, channel))
    if interaction.source is not None:
        told["message"] = _with(interaction.source.raw, interaction.data.get("custom_id"))
    return told


def _with(raw: Json, custom_id: str | None) -> Json:
    """Return a message that has a component of that id: a forged press forges the button too."""
    if custom_id is None or any(one.get("custom_id") == custom_id for _, one in walk(raw["components"])):
        return raw
    button = {"type": BUTTON, "style": 2, "label": "?", "custom_id": custom_id, "id": 1001}
    return raw | {"components": [*raw["components"], {"type": ROW, "id": 1000, "components": [button]}]}


def context_of(server: "Discord", channel: Channel) -> int:
    if channel.guild is not None:
        return IN_GUILD
    return BOT_DM if channel.recipient is not None and channel.recipient.dm is channel else PRIVATE_CHANNEL


def owners_of(server: "Discord", person: "Person", channel: Channel) -> dict[str, str]:
    """Return by which installations the bot can be used there: the server's, the person's, or both."""
    owners: dict[str, str] = {}
    context = context_of(server, channel)
    if channel.guild is not None and channel.guild.has_bot:
        owners["0"] = str(channel.guild.id)
    if context == BOT_DM and person.shares_guild:
        owners["0"] = "0"
    if person.installed:
        owners["1"] = str(person.id)
    return owners


def channel_for(channel: Channel, person: "Person") -> Json:
    """Return a channel as an interaction tells of it, with the person's permissions there."""
    told = channel.json
    if channel.guild is not None:
        told["permissions"] = str(channel.guild.permissions(person.id, channel))
    return told


# Commands as a person fills them in.


def offered(
    server: "Discord", person: "Person", kind: int, name: str, channel: Channel
) -> tuple[Json | None, str]:
    """Return the command of that name, or why the person is not offered it there."""
    guild = channel.guild
    found = server.command(kind, name, guild)
    if found is None:
        return None, f"there is no command {name!r} among {server.command_names(guild)}"
    context = context_of(server, channel)
    if found.get("guild_id") is None:
        types = found["integration_types"] or [GUILD_INSTALL]
        usual = [IN_GUILD, *([BOT_DM] if found["dm_permission"] else [])]
        contexts = found["contexts"] or usual + ([PRIVATE_CHANNEL] if USER_INSTALL in types else [])
        if context not in contexts:
            return None, f"{name!r} is not meant for context {context}, only for {contexts}"
        if not {int(one) for one in owners_of(server, person, channel)} & set(types):
            return None, f"the bot is not installed for {name!r} there"
    if guild is not None:
        if person.id not in guild.members:
            return None, f"{person.name} is not in {guild.name}"
        if not guild.may(person.id, "view_channel", channel):
            return None, f"{person.name} does not see {channel.name}"
        if not guild.may(person.id, "use_application_commands", channel):
            return None, f"{person.name} may not use commands in {channel.name}"
        needed = found["default_member_permissions"]
        has = guild.permissions(person.id, channel)
        if needed is not None and not (has >> 3 & 1) and (int(needed) == 0 or int(needed) & ~has):
            return None, f"{person.name} lacks the permissions for {name!r}"
    return found, ""


def filled(
    command: Json, path: list[str], given: dict[str, Any], focused: str = ""
) -> tuple[list[Json], list[Any]]:
    """Return the options of a command as Discord sends them, and the channels, roles and people among them.

    path     the subcommands, from the outside in
    focused  the option that is being typed; then the others may be missing and the value is not checked
    """
    options: list[Json] = command["options"]
    for name in path:
        options = _named(options, name)["options"]
    assert not any(one["type"] in (1, 2) for one in options), f"/{command['name']} {path} needs a subcommand"
    known = [one["name"] for one in options]
    assert set(given) <= set(known), f"{sorted(set(given) - set(known))} are not among the options {known}"
    missing = [one["name"] for one in options if one.get("required") and one["name"] not in given]
    assert focused or not missing, f"{missing} are required"
    chosen: list[Any] = []
    values = []
    for name, value in given.items():
        option = _named(options, name)
        told = {"name": name, "type": option["type"]}
        if name == focused:
            assert option.get("autocomplete"), f"{name} is not completed"
            values.append(told | {"value": value, "focused": True})
        else:
            values.append(told | {"value": _value(option, value, chosen)})
    for name in reversed(path):
        kind = _kind_of(command, path, name)
        values = [{"name": name, "type": kind, "options": values}]
    return values, chosen


def _named(options: list[Json], name: str) -> Json:
    found = next((one for one in options if one["name"] == name), None)
    assert found is not None, f"{name!r} is not among {[one['name'] for one in options]}"
    return found


def _kind_of(command: Json, path: list[str], name: str) -> int:
    options = command["options"]
    for step in path:
        found = _named(options, step)
        if step == name:
            return int(found["type"])
        options = found["options"]
    raise AssertionError(name)


def _value(option: Json, value: Any, chosen: list[Any]) -> Any:
    """Return what Discord sends for a value that a person gave, which its client would have let them give."""
    kind, name = option["type"], option["name"]
    if choices := option.get("choices"):
        found = [one["value"] for one in choices if value in (one["name"], one["value"])]
        assert found, f"{value!r} is not among the choices of {name}: {[one['name'] for one in choices]}"
        return found[0]
    if kind == 3:
        least, most = option.get("min_length") or 0, option.get("max_length") or 6000
        assert isinstance(value, str) and least <= len(value) <= most, f"{value!r:.80} does not fit {name}"
        return value
    if kind in (4, 10):
        assert not isinstance(value, bool) and isinstance(value, int if kind == 4 else int | float), (
            f"{name}: {value!r}"
        )
        least, most = option.get("min_value"), option.get("max_value")
        assert (least is None or value >= least) and (most is None or value <= most), (
            f"{name}: {value!r} is out of range"
        )
        return value
    if kind == 5:
        assert isinstance(value, bool), f"{name}: {value!r}"
        return value
    assert kind in (6, 7, 8, 9), f"the stand-in has no options of type {kind}"
    fits = {6: ("person",), 7: ("channel",), 8: ("role",), 9: ("person", "role")}[kind]
    chosen.append(value)
    what = "channel" if isinstance(value, Channel) else "role" if isinstance(value, Role) else "person"
    assert what in fits, f"{name}: {value!r}"
    types = option.get("channel_types")
    if what == "channel" and types:
        assert value.type in types, f"{name}: a channel of type {value.type} cannot be chosen, only {types}"
    return str(value.id)


def _resolve(value: Any, resolved: Json, person: "Person", guild: Guild | None) -> None:
    """Add what a value stands for to `resolved`."""
    key = str(value.id)
    if isinstance(value, Channel):
        resolved.setdefault("channels", {})[key] = channel_for(value, person)
    elif isinstance(value, Role):
        resolved.setdefault("roles", {})[key] = value.json
    else:
        resolved.setdefault("users", {})[key] = value.json
        if guild is not None and value.id in guild.members:
            member = guild.member(value.id, value.json, next(iter(guild.channels), None))
            resolved.setdefault("members", {})[key] = {k: v for k, v in member.items() if k != "user"}


def resolved_for(values: list[Any], person: "Person", guild: Guild | None) -> Json:
    """Return the `resolved` of channels, roles and people that were chosen."""
    resolved: Json = {}
    for value in values:
        _resolve(value, resolved, person, guild)
    return resolved
