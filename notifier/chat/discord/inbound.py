"""What people do in Discord, as commands: each interaction is read, asked, and answered in time.

An interaction must have its first answer within three seconds; what takes longer is announced, and follows.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import discord
from discord.http import Route

from notifier.chat import DISCORD, TELEGRAM, buttons
from notifier.chat.discord.api import LONGEST_ANSWER, Api, Banned, Lost
from notifier.chat.discord.menus import MESSAGE_MENUS
from notifier.chat.discord.messenger import DiscordMessenger
from notifier.chat.discord.outcomes import ANSWERED, TOO_LATE, refuses_components
from notifier.chat.discord.permissions import VIEW_CHANNEL, form_of, missing_permissions, unmentionable
from notifier.chat.discord.render import EPHEMERAL, OPEN, PAGE, Rendered, render
from notifier.chat.discord.webhooks import Address, look_up, read_address
from notifier.chat.discord.webhooks import unmentionable as unmentionable_by_webhook
from notifier.domain.document import Action, Block, BlockKind, Document, Span
from notifier.domain.ports import Barred, Gone, Sent
from notifier.domain.texts import text
from notifier.services.commands import COMMANDS, Caller
from notifier.services.commands.declared import WISH_OPTIONS, said
from notifier.services.commands.feed import NONE
from notifier.services.completion import Completion
from notifier.services.conversation import Conversation
from notifier.store.subscriptions import Defaults
from notifier.store.tables import DestinationKind

log = logging.getLogger(__name__)

Json = dict[str, Any]

ANSWER_WITHIN = 1.5  # seconds, of three: then it is announced that the answer follows
MOST_CHOICES = 25
LONGEST_CHOICE = 100
# Kinds of first answers to an interaction.
_MESSAGE, _LATER, _LATER_UPDATE, _UPDATE, _CHOICES = 4, 5, 6, 7, 8
_CALLBACK = "/interactions/{interaction_id}/{webhook_token}/callback"
_FOLLOW_UP = "/webhooks/{webhook_id}/{webhook_token}"
_ORIGINAL = f"{_FOLLOW_UP}/messages/@original"
TRY_DM = "try-dm"  # what the button Try again carries
_ABOUT = re.compile(r"(?:why|job) (\d+)")  # the button of one job's message, and the choices of several's


@dataclass(frozen=True, slots=True)
class _Asked:
    """A slash command as it was given."""

    name: str
    options: Mapping[str, str]
    focused: str = ""  # the option that is being typed


class Inbound:
    """Answers interactions.

    clock     the time now
    defaults  what new chats start with
    """

    def __init__(
        self,
        api: Api,
        messenger: DiscordMessenger,
        conversation: Conversation,
        clock: Callable[[], datetime],
        defaults: Defaults,
    ) -> None:
        self._api = api
        self._messenger = messenger
        self._conversation = conversation
        self._completion = Completion(conversation.db)
        self._clock = clock
        self._defaults = defaults

    async def handle(self, interaction: discord.Interaction) -> None:
        """Answer one interaction; raises nothing."""
        try:
            match interaction.type:
                case discord.InteractionType.application_command:
                    await self._command(interaction)
                case discord.InteractionType.component:
                    await self._press(interaction)
                case discord.InteractionType.autocomplete:
                    await self._complete(interaction)
        except discord.HTTPException as error:
            if error.code != TOO_LATE:
                log.warning("answer not delivered", extra={"reason": error.text, "code": error.code})
        except (discord.DiscordException, Banned, Lost) as error:
            log.warning("answer not delivered", extra={"reason": str(error)})
        except Exception:  # one bad interaction ends no conversation
            log.exception("interaction failed")

    # -- slash commands and message menus -----------------------------------------------------------

    async def _command(self, interaction: discord.Interaction) -> None:
        data: Any = interaction.data
        if data.get("type", 1) != 1:
            await self._menu(interaction, data)
            return
        asked = _asked(data)
        caller = self._caller(interaction)
        about = ""
        if asked.name.startswith("feed "):
            address = _feed_channel(asked) or caller.address
            asking = self._feed(interaction, caller, asked, address, data)
            about = _about(asked)
        else:
            asking = self._performed(caller, asked.name, asked.options)
        await self._answered(interaction, self._shown_up(caller, asking), about=about)
        if asked.name not in ("subscribe", "start") or _is_alone(interaction):
            return
        if await self._conversation.route(DISCORD, caller.user_id):
            return
        if (hint := await self._unreached(caller)) is not None:
            await self._follow_up(interaction, render(hint)[0])

    async def _menu(self, interaction: discord.Interaction, data: Any) -> None:
        """Do what a message menu asks about the job of that message; of several it asks which."""
        caller = self._caller(interaction)
        command = next((MESSAGE_MENUS[id_] for id_ in MESSAGE_MENUS if text(id_, "en") == data["name"]), "")
        message = data["resolved"]["messages"][data["target_id"]]
        # Anybody can write a message that has our buttons.
        if str(message["author"]["id"]) != self._api.user_id:
            await self._first(interaction, said("menu-foreign", caller.locale))
            return
        jobs = _jobs_of(message)
        if not command or not jobs:
            await self._first(interaction, said("menu-no-job", caller.locale))
        elif len(jobs) == 1:
            asking = self._asked(caller, f"{command} {next(iter(jobs))}")
            await self._answered(interaction, self._shown_up(caller, asking))
        else:
            choices = (
                Block((Span(label),), BlockKind.ITEM, opens=f"{command} {job}") for job, label in jobs.items()
            )
            await self._first(interaction, Document((*said("menu-which", caller.locale).blocks, *choices)))

    async def _feed(
        self, interaction: discord.Interaction, caller: Caller, asked: _Asked, address: str, data: Any
    ) -> Document:
        """Ask about the feeds of a channel of this server."""
        action = asked.name.removeprefix("feed ")
        options = dict(asked.options)
        if "webhook" in options:
            return await self._webhook_feed(interaction, caller, options)
        options.pop("channel", "")
        number = options.pop("feed", "").rpartition("/")[2]
        guild = interaction.guild
        channel = guild.get_channel_or_thread(int(address)) if guild and address.isdecimal() else None
        if guild is not None and channel is None and await self._is_webhook(guild, address):
            everywhere = partial(unmentionable_by_webhook, guild, None)
            if wrong := _mentioned(caller, guild, options, action, everywhere):
                return wrong
            about = replace(caller, address=address, thread="", kind=DestinationKind.CHANNEL)
            return await self._performed(about, "feed", {"action": action, **options, "number": number})
        if guild is None or channel is None:
            hidden = data.get("resolved", {}).get("channels", {}).get(address)
            if guild is not None and hidden is not None:  # a thread that we do not see
                return _lacking(caller, hidden["name"], [VIEW_CHANNEL])
            return said("feed-no-channel", caller.locale)
        if action == "list" and "channel" not in asked.options:
            names = {str(it.id): f"<#{it.id}>" for it in (*guild.channels, *guild.threads)}
            return await self._conversation.feeds(caller, names | await self._webhooks(guild))
        if not caller.manages:
            return said("managers-only", caller.locale, command="feed")
        if action == "add" and (missing := missing_permissions(channel, guild.me)):
            return _lacking(caller, channel.name, missing)
        if wrong := _mentioned(caller, guild, options, action, partial(unmentionable, guild, channel)):
            return wrong
        if action in ("add", "edit") and (wrong := _tagged(caller, channel, options, is_new=action == "add")):
            return wrong
        about = replace(
            caller,
            address=address,
            thread="",
            kind=_kind(channel),
            title=f"#{channel.name}",
            form=form_of(channel),
        )
        given = {"action": action, **options}
        if number:
            given["number"] = number
        return await self._performed(about, "feed", given)

    async def _webhook_feed(
        self, interaction: discord.Interaction, caller: Caller, options: dict[str, str]
    ) -> Document:
        """Add a feed to an incoming webhook of this server; its address is read here, and goes no further."""
        guild = interaction.guild
        address = read_address(options.pop("webhook"), Route.BASE)
        if guild is None or not caller.manages:
            return said("managers-only", caller.locale, command="feed")
        if address is None:
            return said("feed-webhook-address", caller.locale)
        if (refusal := self._conversation.too_fast(caller)) is not None:
            return refusal  # each look is a call, and refused ones add up to a ban
        try:
            route = await look_up(self._api, address, guild.id)
        except (discord.DiscordException, Banned, Lost):
            return said("feed-webhook-later", caller.locale)
        wanted = options.pop("channel", "") or route
        thread = guild.get_thread(int(wanted)) if wanted.isdecimal() else None
        if not route or (wanted != route and (thread is None or str(thread.parent_id) != route)):
            return said("feed-webhook-unknown", caller.locale)
        channel = guild.get_channel(int(route))
        place = thread or channel
        if wrong := _mentioned(
            caller, guild, options, "add", partial(unmentionable_by_webhook, guild, channel)
        ):
            return wrong
        form = "forum" if isinstance(channel, discord.ForumChannel) else ""
        about = replace(
            caller,
            address=address.id,
            thread="",
            kind=DestinationKind.CHANNEL,
            title=f"{address.masked} #{place.name if place is not None else route}",
            form="thread" if thread is not None else form,
            route=wanted,
            secret=address.token,
        )
        return await self._performed(about, "feed", {"action": "add", **options})

    async def _webhooks(self, guild: discord.Guild) -> dict[str, str]:
        """Return by id of the webhooks with feeds in a server what they are called there."""
        channels = {str(it.id): it.name for it in (*guild.channels, *guild.threads)}
        found = await self._conversation.webhooks(DISCORD, list(channels))
        return {id_: f"{Address(id_, '').masked} #{channels[at]}" for id_, at in found.items()}

    async def _is_webhook(self, guild: discord.Guild, address: str) -> bool:
        return address in await self._webhooks(guild)

    # -- presses ----------------------------------------------------------------------------------

    async def _press(self, interaction: discord.Interaction) -> None:
        data: Any = interaction.data
        caller = self._caller(interaction)
        chosen = data["values"][0] if data["custom_id"] == OPEN and data.get("values") else data["custom_id"]
        pressed = buttons.read(chosen)
        if pressed is None:
            await self._first(interaction, said("button-stale", caller.locale))
            return
        if pressed.command == TRY_DM:
            await self._answered(interaction, self._again(caller))
            return
        if pressed.about:
            guild = interaction.guild
            channel = guild.get_channel_or_thread(int(pressed.about)) if guild is not None else None
            kind = _kind(channel)
            if guild is not None and channel is None and await self._is_webhook(guild, pressed.about):
                kind = DestinationKind.CHANNEL
            elif channel is None:  # another server's, or gone
                await self._first(interaction, said("button-stale", caller.locale))
                return
            caller = replace(caller, address=pressed.about, thread="", kind=kind)
        message = interaction.message
        # What everybody sees is never changed by one of them.
        own = message is not None and (_is_alone(interaction) or message.flags.ephemeral)
        await self._answered(
            interaction, self._asked(caller, pressed.command), may_replace=own, about=pressed.about
        )

    # -- autocomplete -----------------------------------------------------------------------------

    async def _complete(self, interaction: discord.Interaction) -> None:
        asked = _asked(interaction.data)
        typed = asked.options.get(asked.focused, "")
        choices = [
            {"name": label[:LONGEST_CHOICE], "value": value}
            for label, value in await self._choices(interaction, asked, typed)
            if len(value) <= LONGEST_CHOICE
        ]
        await self._call_back(interaction, _CHOICES, {"choices": choices[:MOST_CHOICES]})

    async def _choices(
        self, interaction: discord.Interaction, asked: _Asked, typed: str
    ) -> Sequence[tuple[str, str]]:
        found = COMMANDS.get(asked.name.partition(" ")[0])
        known = (*WISH_OPTIONS, *(found.options if found else ()))
        completes = next((it.completes for it in known if it.name == asked.focused), "") or asked.focused
        caller = self._caller(interaction)
        match completes:
            case "subscription":
                rows = await self._conversation.own(caller)
                return [it for it in rows if typed.casefold() in it[0].casefold()]
            case "feed":
                if not caller.manages or interaction.guild is None:
                    return ()
                guild = interaction.guild
                names = {str(it.id): f"#{it.name}" for it in (*guild.channels, *guild.threads)}
                names |= await self._webhooks(guild)
                rows = await self._conversation.feeds_of(DISCORD, names)
                return [it for it in rows if typed.casefold() in it[0].casefold()]
            case "tag":
                return _tags(interaction, asked, typed)
        choices = await self._completion.complete(completes, typed, self._clock())
        return [(choice.label, choice.value) for choice in choices]

    # -- direct messages --------------------------------------------------------------------------

    async def _again(self, caller: Caller) -> Document:
        """Write to a person who says that it works now, what waits for them too."""
        await self._conversation.returned(DISCORD, caller.user_id, self._clock())
        return await self._unreached(caller) or said("dm-again", caller.locale)

    async def _unreached(self, caller: Caller) -> Document | None:
        """See whether a person takes direct messages; if not, return how to."""
        outcome = await self._messenger.reach(caller.user_id, said("dm-hello", caller.locale))
        if isinstance(outcome, Sent):
            await self._conversation.reached(DISCORD, caller.user_id, outcome.route)
            return None
        if not isinstance(outcome, Barred | Gone):  # an outage says nothing about the person
            return None
        again = Action(text("try-again", caller.locale), command=TRY_DM)
        return Document(said("dm-closed", caller.locale).blocks, (again,))

    # -- who asks -----------------------------------------------------------------------------------

    def _caller(self, interaction: discord.Interaction) -> Caller:
        """Return who asks: in a server the chat is its channel, and the person is answered alone."""
        user = str(interaction.user.id)
        alone = Caller(
            platform=DISCORD,
            address=user,
            user_id=user,
            now=self._clock(),
            locale=str(interaction.locale),
            deep_link=self._conversation.start_links.get(TELEGRAM, ""),  # Discord has none
            page=PAGE,
            defaults=self._defaults,
        )
        if interaction.guild_id is None:
            return alone
        channel: Any = interaction.channel
        return replace(
            alone,
            address=str(interaction.channel_id or 0),
            kind=_kind(channel),
            private=user,
            manages=interaction.permissions.manage_guild,
            title=f"#{getattr(channel, 'name', '')}",
        )

    # -- asking and answering -----------------------------------------------------------------------

    async def _asked(self, caller: Caller, line: str) -> Document:
        return await self._conversation.answer(caller, line)

    async def _shown_up(self, caller: Caller, asking: Awaitable[Document]) -> Document:
        """Answer a command, and try again to write to who gave it."""
        document = await asking
        await self._conversation.shows_up(DISCORD, caller.user_id, self._clock())
        return document

    async def _performed(self, caller: Caller, name: str, options: Mapping[str, str]) -> Document:
        return await self._conversation.perform(caller, name, options)

    async def _answered(
        self,
        interaction: discord.Interaction,
        asking: Awaitable[Document],
        *,
        may_replace: bool = False,
        about: str = "",
    ) -> None:
        """Await what is asked, and answer in time."""
        task = asyncio.create_task(self._safely(interaction, asking))
        done, _ = await asyncio.wait({task}, timeout=ANSWER_WITHIN)
        is_late = not done
        try:
            if is_late:
                await self._call_back(interaction, _LATER, {"flags": self._flags(interaction)})
        finally:  # what was asked is done, whether somebody hears of it or not
            document = await task
        await self._first(
            interaction, document, is_late=is_late, replaces=may_replace and document.replaces, about=about
        )

    async def _safely(self, interaction: discord.Interaction, asking: Awaitable[Document]) -> Document:
        try:
            return await asking
        except Exception:  # a bug, or a database that is away: the person hears that much
            log.exception("command failed")
            return said("failed", str(interaction.locale))

    async def _first(
        self,
        interaction: discord.Interaction,
        document: Document,
        *,
        is_late: bool = False,
        replaces: bool = False,
        about: str = "",
    ) -> None:
        first, *rest = render(document, about=about)
        flags = self._flags(interaction)
        try:
            await self._give(interaction, first, first.payload(flags=flags), is_late, replaces and not rest)
        except discord.HTTPException as error:
            if not refuses_components(error):
                raise
            await self._give(interaction, first, first.embed(flags=flags), is_late, False)
        for rendered in rest:
            await self._follow_up(interaction, rendered)

    async def _give(
        self,
        interaction: discord.Interaction,
        rendered: Rendered,
        payload: Json,
        is_late: bool,
        replaces: bool,
    ) -> None:
        if is_late:
            await self._call("PATCH", _ORIGINAL, payload, rendered, interaction)
        else:
            await self._call_back(interaction, _UPDATE if replaces else _MESSAGE, payload, rendered)

    async def _follow_up(self, interaction: discord.Interaction, rendered: Rendered) -> None:
        flags = self._flags(interaction)
        try:
            await self._call("POST", _FOLLOW_UP, rendered.payload(flags=flags), rendered, interaction)
        except discord.HTTPException as error:
            if not refuses_components(error):
                raise
            await self._call("POST", _FOLLOW_UP, rendered.embed(flags=flags), rendered, interaction)

    def _flags(self, interaction: discord.Interaction) -> int:
        """Where others read along an answer is for who asked alone."""
        return 0 if _is_alone(interaction) else EPHEMERAL

    async def _call(
        self, method: str, path: str, payload: Json, rendered: Rendered, interaction: discord.Interaction
    ) -> None:
        await self._api.call(
            method,
            path,
            payload,
            rendered.files,
            longest=LONGEST_ANSWER,
            webhook_id=self._api.application_id,
            webhook_token=interaction.token,
        )

    async def _call_back(
        self, interaction: discord.Interaction, kind: int, data: Json, rendered: Rendered | None = None
    ) -> None:
        for is_last in (False, True):
            try:
                await self._api.call(
                    "POST",
                    _CALLBACK,
                    {"type": kind, "data": data},
                    rendered.files if rendered is not None else (),
                    longest=LONGEST_ANSWER,
                    interaction_id=interaction.id,
                    webhook_token=interaction.token,
                )
                return
            except Lost:
                if is_last:
                    raise
            except discord.HTTPException as error:
                if error.code != ANSWERED:
                    raise
                return  # by the try whose own answer was lost


def _feed_channel(asked: _Asked) -> str:
    """Return the channel that a command about feeds names, with its feed or by itself; "" for the one it is in."""
    address = asked.options.get("feed", "").rpartition("/")[0] or asked.options.get("channel", "")
    return address if address.isdecimal() and len(address) <= 20 else ""


def _lacking(caller: Caller, channel: str, missing: Sequence[str]) -> Document:
    return said("feed-missing", caller.locale, channel=channel, names=", ".join(missing))


def _is_alone(interaction: discord.Interaction) -> bool:
    """Return whether nobody else reads there: who installed the bot can ask among friends too."""
    return interaction.guild_id is None and not interaction.context.private_channel


def _asked(data: Any) -> _Asked:
    """Return the command with its subcommand, and its options as text."""
    name, options = str(data["name"]), data.get("options", ())
    if options and options[0]["type"] == 1:
        name = f"{name} {options[0]['name']}"
        options = options[0].get("options", ())
    focused = next((str(it["name"]) for it in options if it.get("focused")), "")
    return _Asked(name, {str(it["name"]): str(it["value"]) for it in options}, focused)


def _about(asked: _Asked) -> str:
    """Return what the buttons under an answer about feeds are about; "" for the channel that it stands in."""
    if address := read_address(asked.options.get("webhook", ""), Route.BASE):
        return address.id
    return _feed_channel(asked) if asked.name != "feed list" else ""


def _jobs_of(message: Mapping[str, Any]) -> dict[str, str]:
    """Return the jobs that a message of ours is about: their numbers, and how its menu names them."""
    found: dict[str, str] = {}
    for carried, label in _carried(message.get("components", ())):
        pressed = buttons.read(carried)
        about = _ABOUT.fullmatch(pressed.command) if pressed is not None else None
        if about is not None:
            found[about[1]] = found.get(about[1]) or label
    return found


def _carried(components: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield (what is carried, what is read) of each button, and of each choice of a menu."""
    for component in components:
        if "options" in component:
            yield from ((it["value"], it["label"]) for it in component["options"])
        elif "custom_id" in component:
            yield component["custom_id"], ""
        yield from _carried(component.get("components", ()))


def _tags(interaction: discord.Interaction, asked: _Asked, typed: str) -> Sequence[tuple[str, str]]:
    """Return the tags of the forum that is named, by itself or with its feed, else of this one."""
    guild, named = interaction.guild, _feed_channel(asked)
    channel: Any = interaction.channel
    if guild is not None and named:
        channel = guild.get_channel(int(named))
    tags = channel.available_tags if isinstance(channel, discord.ForumChannel) else ()
    return [(tag.name, str(tag.id)) for tag in tags if typed.casefold() in tag.name.casefold()]


def _tagged(caller: Caller, channel: Any, options: dict[str, str], *, is_new: bool) -> Document | None:
    """Put the id of a tag in the place of its name, or return what is wrong with it."""
    asked = options.get("tag", "").strip()
    is_forum = isinstance(channel, discord.ForumChannel)
    tags = channel.available_tags if is_forum else ()
    values = {"channel": channel.name, "names": ", ".join(tag.name for tag in tags) or "–"}
    if is_forum and channel.flags.require_tag and (asked.lower() == NONE or (is_new and not asked)):
        return said("feed-tag-needed", caller.locale, **values)
    if not asked or asked.lower() == NONE:
        return None
    found = next((tag for tag in tags if asked.casefold() in (str(tag.id), tag.name.casefold())), None)
    if found is None:
        return said("feed-tag", caller.locale, tag=asked, **values)
    options["tag"] = str(found.id)
    return None


def _mentioned(
    caller: Caller,
    guild: discord.Guild,
    options: dict[str, str],
    action: str,
    unmentionable: Callable[[str], bool],
) -> Document | None:
    """Put the mention of a role in the place of its id, or return what is wrong with it."""
    role = options.get("mention", "")
    if not role:
        return None
    if action == "edit" and role == str(guild.default_role.id):
        # A command cannot give no role, and everybody is never one.
        options["mention"] = NONE
        return None
    options["mention"] = f"<@&{role}>"
    return said("feed-role", caller.locale) if unmentionable(role) else None


def _kind(channel: object) -> DestinationKind:
    news = isinstance(channel, discord.TextChannel) and channel.is_news()
    return DestinationKind.CHANNEL if news else DestinationKind.GROUP
