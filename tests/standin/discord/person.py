"""People with Discord: what they do with the bot, and what they see of it."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tests.standin.discord import interactions
from tests.standin.discord.interactions import (
    AUTOCOMPLETE,
    CHOICES,
    COMMAND,
    COMPONENT,
    DEFERS,
    DEFERS_UPDATE,
    MODAL,
    MODAL_SUBMIT,
    UPDATES,
    Answer,
    Choice,
    Interaction,
)
from tests.standin.discord.rules import BUTTON, walk
from tests.standin.discord.seen import Seen
from tests.standin.discord.spec import Json
from tests.standin.discord.world import DM, Channel, Guild, Message, Role
from tests.standin.updates import until

if TYPE_CHECKING:
    from tests.standin.discord.server import Discord


class Person:
    """One human. `dm` is their conversation with the bot."""

    def __init__(self, server: "Discord", user_id: int, name: str, locale: str) -> None:
        self.id = user_id
        self.name = name
        self.locale = locale
        self.dms_closed = False
        self.installed = False  # the bot, for themselves
        self.patience = 10.0  # seconds for what comes after a deferral
        self.dm = Channel(server, server.new_id(), DM)
        self.dm.recipient = self
        self._server = server

    @property
    def json(self) -> Json:
        return {
            "id": str(self.id),
            "username": self.name.lower().replace(" ", "_"),
            "global_name": self.name,
            "discriminator": "0",
            "avatar": None,
            "bot": False,
            "public_flags": 0,
        }

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    @property
    def guilds(self) -> list[Guild]:
        return [one for one in self._server.guilds.values() if self.id in one.members and not one.deleted]

    @property
    def shares_guild(self) -> bool:
        """Whether they are in a server with the bot."""
        return any(guild.has_bot for guild in self.guilds)

    # Settings.

    def closes_dms(self) -> None:
        self.dms_closed = True

    def opens_dms(self) -> None:
        self.dms_closed = False

    def installs(self) -> None:
        """Install the bot for themselves."""
        self.installed = True

    def uninstalls(self) -> None:
        self.installed = False

    # Reading and writing.

    async def hears(self, timeout: float = 30.0) -> Seen:
        """Return the next direct message, or edit of one, that was not heard yet."""
        return await self.dm.hears(timeout)

    async def hears_nothing(self, seconds: float = 0.3) -> None:
        await self.dm.hears_nothing(seconds)

    def says(self, text: str, at: Channel | None = None) -> Message:
        """Write a message; the bot hears of it if its intents ask for that."""
        return self._server.said(self, at or self.dm, text)

    def chat_with(self, other: "Person") -> Channel:
        """Return a conversation in which the bot has no part, to use it there as an installed app."""
        channel = Channel(self._server, self._server.new_id(), DM)
        channel.recipient = other
        self._server.channels[channel.id] = channel
        return channel

    # Commands. `at` is a channel, or a server (its first channel that takes commands), or nothing: the DM.

    def is_offered(self, command: str, at: Channel | Guild | None = None, /) -> bool:
        """Return whether the command is in their list there."""
        name = command.split()[0]
        return interactions.offered(self._server, self, 1, name, self._place(at))[0] is not None

    async def slash(self, command: str, at: Channel | Guild | None = None, /, **options: Any) -> Answer:
        """Use a slash command, e.g. ("feed add", jobs, skills="python"); return what they see.

        options  str, int, float, bool, Person, Channel or Role, as the command declares; a choice by its name
        """
        name, *path = command.split()
        channel = self._place(at)
        found = self._offered(1, name, channel)
        values, chosen = interactions.filled(found, path, options)
        data = self._command(found, channel) | {"options": values}
        if chosen:
            data["resolved"] = interactions.resolved_for(chosen, self, channel.guild)
        return await self._asks(COMMAND, channel, data, name=command)

    async def completes(
        self, command: str, option: str, typed: str, at: Channel | Guild | None = None, /, **options: Any
    ) -> list[Choice]:
        """Type into an option of a slash command; return what is offered."""
        name, *path = command.split()
        channel = self._place(at)
        found = self._offered(1, name, channel)
        values, chosen = interactions.filled(found, path, {**options, option: typed}, focused=option)
        data = self._command(found, channel) | {"options": values}
        if chosen:
            data["resolved"] = interactions.resolved_for(chosen, self, channel.guild)
        asked = self._server.interact(self, AUTOCOMPLETE, channel, data, name=command)
        await self._answered(asked)
        assert asked.answer_type == CHOICES, f"{asked.answer_type} does not answer autocomplete"
        return [
            Choice((one.get("name_localizations") or {}).get(self.locale) or one["name"], one["value"])
            for one in asked.choices
        ]

    async def menu(self, name: str, message: Seen | Message) -> Answer:
        """Use a command of a message's menu."""
        target = self._reads(message)
        found = self._offered(3, name, target.channel)
        data = self._command(found, target.channel) | {
            "target_id": str(target.id),
            "resolved": {"messages": {str(target.id): target.raw}},
        }
        return await self._asks(COMMAND, target.channel, data, name=name)

    # Buttons, menus and forms.

    async def presses(self, message: Seen | Message, label: str) -> Answer:
        """Press a button of the message as it was seen."""
        seen = message.seen() if isinstance(message, Message) else message
        button = seen.button(label)
        assert "custom_id" in button, f"{label} leads away: {button}"
        assert not button.get("disabled"), f"{label} cannot be pressed"
        return await self.presses_id(message, button["custom_id"])

    async def presses_id(self, message: Seen | Message, custom_id: str) -> Answer:
        """Press a button with any custom id, as a forged client could."""
        target = self._reads(message)
        data = {"component_type": BUTTON, "custom_id": custom_id, "id": 1}
        return await self._asks(COMPONENT, target.channel, data, source=target)

    async def selects(
        self, message: Seen | Message, *values: "str | Channel | Role | Person", custom_id: str = ""
    ) -> Answer:
        """Choose from a select menu, by labels or values; with several menus the one that has them all."""
        seen = message.seen() if isinstance(message, Message) else message
        select, chosen = _selected(seen, values, custom_id)
        assert not select.get("disabled"), "the menu cannot be used"
        least, most = select.get("min_values", 1), select.get("max_values", 1)
        assert least <= len(chosen) <= most, f"{len(chosen)} chosen, {least} to {most} possible"
        target = self._reads(message)
        data = {"component_type": select["type"], "custom_id": select["custom_id"], "id": select["id"]}
        data["values"] = chosen
        others = [one for one in values if not isinstance(one, str)]
        if others:
            data["resolved"] = interactions.resolved_for(others, self, target.channel.guild)
        return await self._asks(COMPONENT, target.channel, data, source=target)

    async def submits(self, form: Answer, **values: Any) -> Answer:
        """Fill in the modal that was opened, each field under its custom id."""
        modal, asked = form.modal, form.interaction
        assert modal, "no modal was opened"
        data = {"custom_id": modal["custom_id"], "components": _fields(modal["components"], values)}
        return await self._asks(MODAL_SUBMIT, asked.channel, data, source=asked.source)

    # How it goes.

    def _place(self, at: Channel | Guild | None) -> Channel:
        if isinstance(at, Guild):
            fitting = [one for one in at.channels if at.may(self.id, "use_application_commands", one)]
            assert fitting, f"{self.name} sees no channel in {at.name}"
            return fitting[0]
        return at or self.dm

    def _offered(self, kind: int, name: str, channel: Channel) -> Json:
        found, why_not = interactions.offered(self._server, self, kind, name, channel)
        assert found is not None, f"{self.name} cannot use it: {why_not}"
        return found

    def _command(self, command: Json, channel: Channel) -> Json:
        told = {name: command[name] for name in ("id", "name", "type")}
        return told | ({"guild_id": command["guild_id"]} if command.get("guild_id") else {})

    def _reads(self, message: Seen | Message) -> Message:
        """Return the message as it stands; only who sees it can do anything with it."""
        found = self._server.messages[message.id]
        assert not found.deleted, f"{found.text!r:.60} was deleted"
        assert found.ephemeral_for in (None, self), f"only {found.ephemeral_for} sees {found.text!r:.60}"
        guild, channel = found.channel.guild, found.channel
        if guild is not None:
            assert guild.may(self.id, "view_channel", channel), f"{self.name} does not see {channel.name}"
        else:
            assert channel.recipient is not None, f"{self.name} does not see {channel.id}"
        return found

    async def _asks(
        self, kind: int, channel: Channel, data: Json, *, name: str = "", source: Message | None = None
    ) -> Answer:
        asked = self._server.interact(self, kind, channel, data, name=name, source=source)
        await self._answered(asked)
        assert asked.answered_at is not None
        seconds = asked.answered_at - asked.at
        if asked.answer_type in (DEFERS, DEFERS_UPDATE):
            return await self._later(asked, seconds)
        if asked.answer_type == MODAL:
            return Answer({}, channel, interaction=asked, seconds=seconds)
        assert asked.response is not None
        return _answer(asked, asked.response, seconds, is_update=asked.answer_type == UPDATES)

    async def _answered(self, asked: Interaction) -> None:
        wait = self._server.answer_seconds + 0.2
        await until(lambda: asked.answered_at, wait, f"answer to {self.name}'s {asked.name or asked.data}")

    async def _later(self, asked: Interaction, seconds: float) -> Answer:
        """Wait for what a deferral promised; after a deferred update nothing need come."""
        deadline = time.monotonic() + self.patience

        def done() -> Message | None:
            if asked.answer_type == DEFERS:
                # The first followup takes the place of the promise; deleted, it leaves the next one.
                if asked.response is not None and not asked.response.deleted:
                    return None if asked.response.is_loading else asked.response
                return asked.followups[0] if asked.followups else None
            if asked.followups:
                return asked.followups[0]
            if asked.edits or time.monotonic() > deadline - 0.1:
                return asked.response
            return None

        message = await until(done, self.patience, f"answer after the deferral of {asked.name or asked.data}")
        is_update = asked.answer_type == DEFERS_UPDATE and message is asked.response
        return _answer(asked, message, seconds, is_update=is_update, deferred=True)


def _answer(
    asked: Interaction, message: Message, seconds: float, *, is_update: bool, deferred: bool = False
) -> Answer:
    seen = message.seen()
    heard = [1 if message in asked.followups else 0]
    return Answer(
        seen.raw,
        seen.channel,
        seen.uploads,
        interaction=asked,
        deferred=deferred,
        seconds=seconds,
        is_update=is_update,
        _heard=heard,
    )


def _selected(seen: Seen, values: Sequence[Any], custom_id: str) -> tuple[Json, list[str]]:
    for select in seen.selects:
        if custom_id not in ("", select["custom_id"]):
            continue
        if select["type"] != 3:
            if all(not isinstance(one, str) for one in values):
                return select, [str(one.id) for one in values]
            continue
        chosen = [
            option["value"]
            for value in values
            for option in select["options"]
            if value in (option["label"], option["value"])
        ]
        if len(chosen) == len(values):
            return select, chosen
    raise AssertionError(f"no menu has {values} among {seen.options}")


def _fields(components: list[Json], values: dict[str, Any]) -> list[Json]:
    """Return a modal's components as they are submitted."""
    known = [one["custom_id"] for _, one in walk(components) if "custom_id" in one]
    assert set(values) <= set(known), f"{sorted(values)} are not among the fields {known}"

    def filled(one: Json) -> Json:
        told = {"type": one["type"], "id": one.get("id") or 1}
        if "component" in one:
            return told | {"component": filled(one["component"])}
        if "components" in one:
            return told | {"components": [filled(inner) for inner in one["components"]]}
        if "custom_id" not in one:
            return told | {"content": one.get("content", "")}
        value = values.get(one["custom_id"])
        told["custom_id"] = one["custom_id"]
        if one["type"] == 4:
            text = one.get("value") or "" if value is None else value
            assert text or not one.get("required", True), f"{one['custom_id']} is required"
            least, most = one.get("min_length") or 0, one.get("max_length") or 4000
            assert not text or least <= len(text) <= most, f"{text!r:.60} does not fit {one['custom_id']}"
            return told | {"value": text}
        if one["type"] in (21, 23):  # one of several; a tick
            return told | {"value": value}
        return told | {"values": [value] if isinstance(value, str) else list(value or ())}

    return [filled(one) for one in components]
