"""What each operation of the API does, by the name that Discord's description gives it."""

import time
from typing import TYPE_CHECKING

from tests.standin.discord import messages
from tests.standin.discord.faults import Call
from tests.standin.discord.interactions import (
    AUTOCOMPLETE,
    CHOICES,
    COMMAND,
    COMPONENT,
    DEFERS,
    DEFERS_UPDATE,
    MODAL,
    MODAL_SUBMIT,
    SAYS,
    UPDATES,
    Interaction,
)
from tests.standin.discord.rules import (
    EPHEMERAL,
    Refused,
    check_choices,
    check_command,
    check_commands,
    check_mentions,
    check_message,
    invalid,
)
from tests.standin.discord.spec import Json, Wrong
from tests.standin.discord.world import (
    ANNOUNCEMENT,
    ANNOUNCEMENT_THREAD,
    DM,
    FORUM,
    PRIVATE_THREAD,
    TEXT,
    Channel,
    Guild,
    Message,
    Tag,
    Thread,
    Webhook,
)

if TYPE_CHECKING:
    from tests.standin.discord.server import Discord

# What each kind of interaction may be answered with.
ANSWERS = {
    COMMAND: (SAYS, DEFERS, MODAL),
    COMPONENT: (SAYS, DEFERS, DEFERS_UPDATE, UPDATES, MODAL),
    AUTOCOMPLETE: (CHOICES,),
    MODAL_SUBMIT: (SAYS, DEFERS, DEFERS_UPDATE, UPDATES),
}
FOREIGN_FOLLOWUPS = 5

Answer = Json | list[Json] | None


def missing_access() -> Refused:
    return Refused(403, 50001, "Missing Access")


def missing_permissions() -> Refused:
    return Refused(403, 50013, "Missing Permissions")


def unknown_message() -> Refused:
    return Refused(404, 10008, "Unknown Message")


def wrong_type() -> Refused:
    return Refused(400, 50024, "Cannot execute action on this channel type")


class Routes:
    """The operations. Each takes a call that fits the description, and returns the body of its answer."""

    def __init__(self, server: "Discord") -> None:
        self._server = server

    # The bot itself.

    def get_gateway(self, call: Call) -> Answer:
        return {"url": self._server.gateway.url}

    def get_bot_gateway(self, call: Call) -> Answer:
        gateway = self._server.gateway
        return {
            "url": gateway.bot_url or gateway.url,
            "shards": gateway.shards,
            "session_start_limit": gateway.limits(),
        }

    def get_my_user(self, call: Call) -> Answer:
        return self._server.me

    def get_user(self, call: Call) -> Answer:
        number = call.id("user")
        if number == self._server.bot.id:
            return self._server.me
        person = self._server.people.get(number)
        if person is None:
            raise Refused(404, 10013, "Unknown User")
        return person.json

    def get_my_application(self, call: Call) -> Answer:
        me = self._server.me
        owner = next(iter(self._server.people.values()), None)
        return {
            "id": me["id"],
            "name": me["username"],
            "icon": None,
            "description": "",
            "type": None,
            "bot": me,
            "bot_public": True,
            "bot_require_code_grant": False,
            "owner": me if owner is None else owner.json,
            "team": None,
            "summary": "",
            "verify_key": "0" * 64,
            "flags": 1 << 23,
            "integration_types_config": {"0": {}, "1": {}},
            "interactions_endpoint_url": None,
        }

    get_my_oauth2_application = get_my_application

    # Commands.

    def list_application_commands(self, call: Call) -> Answer:
        return list(self._commands(call).values())

    def bulk_set_application_commands(self, call: Call) -> Answer:
        commands, asked = self._commands(call), call.body or []
        if wrong := check_commands(asked):
            raise invalid(wrong)
        before = {(one["type"], one["name"]): one for one in commands.values()}
        commands.clear()
        for body in asked:
            known = before.get((body.get("type") or 1, body["name"]))
            self._set_command(call, body, int(known["id"]) if known else None)
        return list(commands.values())

    def create_application_command(self, call: Call) -> Answer:
        commands, body = self._commands(call), call.data
        if wrong := check_command(body):
            raise invalid(wrong)
        same = [
            one
            for one in commands.values()
            if (one["type"], one["name"]) == (body.get("type") or 1, body["name"])
        ]
        if wrong := check_commands([one for one in commands.values() if one not in same] + [body]):
            raise invalid(wrong)
        return self._set_command(call, body, int(same[0]["id"]) if same else None)

    def get_application_command(self, call: Call) -> Answer:
        found = self._commands(call).get(call.id("command"))
        if found is None:
            raise Refused(404, 10063, "Unknown application command")
        return found

    def update_application_command(self, call: Call) -> Answer:
        before = self.get_application_command(call)
        assert isinstance(before, dict)
        body = before | call.data
        if wrong := check_command(body):
            raise invalid(wrong)
        return self._set_command(call, body, int(before["id"]))

    def delete_application_command(self, call: Call) -> Answer:
        self.get_application_command(call)
        del self._commands(call)[call.id("command")]
        return None

    list_guild_application_commands = list_application_commands
    bulk_set_guild_application_commands = bulk_set_application_commands
    create_guild_application_command = create_application_command
    get_guild_application_command = get_application_command
    update_guild_application_command = update_application_command
    delete_guild_application_command = delete_application_command

    def _commands(self, call: Call) -> dict[int, Json]:
        """Return the global commands, or those of the server that the call names."""
        if call.params["application_id"] != self._server.me["id"]:
            raise Refused(403, 20012, "You are not authorized to perform this action on this application")
        guild_id = call.params.get("guild_id")
        if guild_id is None:
            return self._server.commands[None]
        self._guild(int(guild_id))
        return self._server.commands.setdefault(int(guild_id), {})

    def _set_command(self, call: Call, body: Json, known: int | None) -> Json:
        number = known or self._server.new_id()
        guild_id = call.params.get("guild_id")
        needed = body.get("default_member_permissions")
        command: Json = {
            "id": str(number),
            "application_id": self._server.me["id"],
            "version": str(self._server.new_id()),
            "type": body.get("type") or 1,
            "name": body["name"],
            "name_localizations": body.get("name_localizations"),
            "description": body.get("description") or "",
            "description_localizations": body.get("description_localizations"),
            "options": body.get("options") or [],
            "default_member_permissions": None if needed is None else str(needed),
            "dm_permission": body.get("dm_permission", True) is not False,
            "nsfw": bool(body.get("nsfw")),
            "contexts": body.get("contexts"),
            "integration_types": body.get("integration_types") or [0],
        }
        if guild_id is not None:
            command["guild_id"] = guild_id
        self._commands(call)[number] = command
        return command

    # Interactions.

    def create_interaction_response(self, call: Call) -> Answer:
        server, body = self._server, call.data
        asked = server.interactions.get(call.params["interaction_token"])
        if asked is None or asked.id != call.id("interaction"):
            raise Refused(404, 10062, "Unknown interaction")
        if asked.answered_at is not None:
            raise Refused(400, 40060, "Interaction has already been acknowledged.")
        if call.at - asked.at > server.answer_seconds:
            raise Refused(404, 10062, "Unknown interaction")
        kind, data = body["type"], body.get("data") or {}
        if kind not in ANSWERS[asked.kind] or (kind in (DEFERS_UPDATE, UPDATES) and asked.source is None):
            raise invalid([Wrong(("type",), f"{kind} does not answer an interaction of type {asked.kind}")])
        self._respond(asked, kind, data, call)
        asked.answer_type, asked.answered_at = kind, time.monotonic()
        return asked.callback if call.query.get("with_response", "").lower() in ("true", "1") else None

    def _respond(self, asked: Interaction, kind: int, data: Json, call: Call) -> None:
        server = self._server
        match kind:
            case _ if kind == CHOICES:
                if wrong := check_choices(data.get("choices") or []):
                    raise invalid(wrong)
                asked.choices = data.get("choices") or []
            case _ if kind == MODAL:
                asked.modal = data
            case _ if kind == SAYS:
                messages.check(data, call.files, webhook=True)
                asked.response = self._say(asked, data, call)
            case _ if kind == DEFERS:
                flags = (data.get("flags") or 0) & EPHEMERAL
                asked.response = self._say(asked, {"flags": flags}, call, loading=True)
            case _ if kind == DEFERS_UPDATE:
                asked.response = asked.source
            case _ if kind == UPDATES:
                assert asked.source is not None
                messages.edit(server, asked.source, data, call.files, record=False)
                asked.response = asked.source

    def _say(self, asked: Interaction, data: Json, call: Call, *, loading: bool = False) -> Message:
        server, guild = self._server, asked.guild
        if (
            guild is not None
            and asked.is_foreign
            and not guild.may(asked.person.id, "use_external_apps", asked.channel)
        ):
            data = data | {"flags": (data.get("flags") or 0) | EPHEMERAL}
        files = {} if loading else call.files
        return messages.write(
            server, asked.channel, server.me, data, files, interaction=asked, loading=loading
        )

    def _asked(self, call: Call) -> Interaction | None:
        """Return the interaction whose token the call holds; None if it is about an incoming webhook."""
        if call.params["webhook_id"] != self._server.me["id"]:
            return None
        asked = self._server.interactions.get(call.params["webhook_token"])
        if asked is None or asked.answered_at is None:
            raise Refused(404, 10015, "Unknown Webhook")
        if time.monotonic() - asked.at > self._server.token_seconds:
            raise Refused(401, 50027, "Invalid Webhook Token")
        return asked

    def _follow_up(self, asked: Interaction, call: Call) -> Json:
        body, response = call.data, asked.response
        if response is not None and not response.deleted and response.is_loading:
            return self._fulfil(asked, response, call)
        if asked.is_foreign and len(asked.followups) >= FOREIGN_FOLLOWUPS:
            raise Refused(400, 40094, "This interaction has reached the maximum number of follow ups")
        messages.check(body, call.files, webhook=True)
        message = self._say(asked, body, call)
        asked.followups.append(message)
        return message.raw

    def _fulfil(self, asked: Interaction, message: Message, call: Call) -> Json:
        """Edit a message of an interaction; the first edit of a deferred one is its first appearance."""
        was_loading = message.is_loading
        if was_loading:
            messages.check(call.data, call.files, webhook=True)
        messages.edit(self._server, message, call.data, call.files, record=False)
        if was_loading:
            messages.notify(self._server, message, call.data)
        asked.edits += 1
        return message.raw

    # Webhooks.

    def execute_webhook(self, call: Call) -> Answer:
        asked = self._asked(call)
        if asked is not None:
            return self._follow_up(asked, call)
        hook, body = self._hook(call), dict(call.data)
        self._server.check_as("IncomingWebhookRequestPartial", body)
        self._with_components(call, hook, body)
        messages.check(body, call.files, webhook=True, interactive=hook.application_id is not None)
        name = body.get("username") or hook.name
        if any(word in name.lower() for word in ("discord", "clyde")):
            text = 'Username cannot contain "discord"'
            raise invalid([Wrong(("username",), text, "USERNAME_INVALID_CONTAINS")])
        channel = self._hooked(hook, call, body)
        author = {"id": str(hook.id), "username": name, "global_name": None, "avatar": None, "bot": True}
        author |= {"discriminator": "0000"}
        message = messages.write(
            self._server,
            channel,
            author,
            body,
            call.files,
            webhook=hook,
            message_id=channel.id if body.get("thread_name") else None,
        )
        return message.raw if call.query.get("wait", "").lower() in ("true", "1") else None

    def _with_components(self, call: Call, hook: Webhook, body: Json) -> None:
        """Without that parameter the components of a webhook that no application owns are overlooked."""
        asked = call.query.get("with_components", "").lower() in ("true", "1")
        if body.get("components") and hook.application_id is None and not asked:
            self._server.ignored.append(f"{call.name}: components")
            del body["components"]

    def _hook(self, call: Call) -> Webhook:
        found = self._webhook(call.id("webhook"))
        if found.token != call.params["webhook_token"]:
            raise Refused(401, 50027, "Invalid Webhook Token")
        return found

    def _webhook(self, number: int) -> Webhook:
        for channel in self._server.channels.values():
            for one in channel.webhooks:
                if one.id == number:
                    return one
        raise Refused(404, 10015, "Unknown Webhook")

    def _hooked(self, hook: Webhook, call: Call, body: Json) -> Channel:
        """Return where a webhook writes: its channel, a thread of it, or a new post of its forum."""
        channel, wanted = hook.channel, call.query.get("thread_id")
        if wanted is not None:
            thread = next((one for one in channel.threads if one.id == int(wanted)), None)
            if thread is None:
                raise Refused(404, 10003, "Unknown Channel")
            self._open(thread)
            return thread
        if channel.type != FORUM:
            if body.get("thread_name"):
                raise Refused(400, 220003, "Webhooks can only create threads in forum channels")
            return channel
        if not body.get("thread_name"):
            text = "Webhooks posted to forum channels must have a thread_name or thread_id"
            raise Refused(400, 220001, text)
        tags = self._tags(channel, body)
        return channel.open_thread(body["thread_name"], hook.id, tags=tags)

    def get_webhook_by_token(self, call: Call) -> Answer:
        return self._hook(call).json

    def delete_webhook_by_token(self, call: Call) -> Answer:
        self._hook(call).delete()
        return None

    def get_webhook(self, call: Call) -> Answer:
        found = self._webhook(call.id("webhook"))
        self._must(found.channel, "manage_webhooks")
        return found.json

    def delete_webhook(self, call: Call) -> Answer:
        found = self._webhook(call.id("webhook"))
        self._must(found.channel, "manage_webhooks")
        found.delete()
        return None

    def list_channel_webhooks(self, call: Call) -> Answer:
        channel = self._channel(call.id("channel"))
        self._must(channel, "manage_webhooks")
        return [one.json for one in channel.webhooks]

    def get_guild_webhooks(self, call: Call) -> Answer:
        guild = self._guild(call.id("guild"))
        if not guild.may(self._server.bot.id, "manage_webhooks"):
            raise missing_permissions()
        return [one.json for channel in guild.channels for one in channel.webhooks]

    def create_webhook(self, call: Call) -> Answer:
        channel = self._channel(call.id("channel"))
        if channel.type not in (TEXT, ANNOUNCEMENT, FORUM):
            raise wrong_type()
        self._must(channel, "manage_webhooks")
        if len(channel.webhooks) >= 15:
            raise Refused(400, 30007, "Maximum number of webhooks reached (15)")
        return channel.webhook(call.data["name"], by_bot=True).json

    # The messages of webhooks and interactions.

    def get_webhook_message(self, call: Call) -> Answer:
        return self._theirs(call)[1].raw

    def update_webhook_message(self, call: Call) -> Answer:
        asked, message = self._theirs(call)
        if asked is not None:
            return self._fulfil(asked, message, call)
        hook, body = self._hook(call), dict(call.data)
        self._with_components(call, hook, body)
        interactive = hook.application_id is not None
        messages.edit(self._server, message, body, call.files, interactive=interactive)
        return message.raw

    def delete_webhook_message(self, call: Call) -> Answer:
        messages.delete(self._theirs(call)[1])
        return None

    get_original_webhook_message = get_webhook_message
    update_original_webhook_message = update_webhook_message
    delete_original_webhook_message = delete_webhook_message

    def _theirs(self, call: Call) -> tuple[Interaction | None, Message]:
        """Return the message that the call names, which must be the webhook's or the interaction's."""
        asked, wanted = self._asked(call), call.params.get("message_id")
        if asked is None:
            hook = self._hook(call)
            found = self._server.messages.get(int(wanted or 0))
            if found is None or found.webhook is not hook or found.deleted:
                raise unknown_message()
            if isinstance(found.channel, Thread) and call.query.get("thread_id") != str(found.channel.id):
                raise unknown_message()
            return None, found
        known = [one for one in (asked.response, *asked.followups) if one is not None and not one.deleted]
        found = asked.response if wanted is None else self._server.messages.get(int(wanted))
        if found not in known:
            raise unknown_message()
        assert found is not None
        return asked, found

    # Messages.

    def create_dm(self, call: Call) -> Answer:
        person = self._server.people.get(int(call.data.get("recipient_id") or 0))
        if person is None:
            raise Refused(400, 50033, "Invalid Recipient(s)")
        self._server.channels[person.dm.id] = person.dm
        return person.dm.json

    def create_message(self, call: Call) -> Answer:
        server, body = self._server, call.data
        channel = self._channel(call.id("channel"))
        if channel.type == FORUM:
            raise Refused(400, 50008, "Cannot send messages in a non-text channel")
        messages.check(body, call.files)
        self._may_write(channel, body, call)
        nonce = str(body.get("nonce") or "")
        if nonce and body.get("enforce_nonce"):
            at, first = server.nonces.get(nonce, (0.0, None))
            if first is not None and time.monotonic() - at < server.nonce_seconds:
                server.repeats.append(first)
                return first.raw
        message = messages.write(server, channel, server.me, body, call.files)
        if nonce and body.get("enforce_nonce"):
            server.nonces[nonce] = (time.monotonic(), message)
        return message.raw

    def get_message(self, call: Call) -> Answer:
        return self._message(call).raw

    def list_messages(self, call: Call) -> Answer:
        channel, query = self._channel(call.id("channel")), call.query
        self._must(channel, "read_message_history")
        found = [one for one in channel.messages.values() if one.ephemeral_for is None]
        if "before" in query:
            found = [one for one in found if one.id < int(query["before"])]
        if "after" in query:
            found = [one for one in found if one.id > int(query["after"])]
        return [one.raw for one in reversed(found)][: int(query.get("limit", 50))]

    def update_message(self, call: Call) -> Answer:
        message = self._message(call)
        if message.author_id != self._server.bot.id:
            raise Refused(403, 50005, "Cannot edit a message authored by another user")
        channel = message.channel
        if isinstance(channel, Thread) and channel.archived:
            raise Refused(400, 50083, "Thread is archived")
        messages.edit(self._server, message, call.data, call.files)
        return message.raw

    def delete_message(self, call: Call) -> Answer:
        message = self._message(call)
        if message.author_id != self._server.bot.id:
            if message.channel.guild is None:
                raise Refused(403, 50003, "Cannot execute action on a DM channel")
            self._must(message.channel, "manage_messages")
        messages.delete(message)
        return None

    def crosspost_message(self, call: Call) -> Answer:
        message = self._message(call)
        channel = message.channel
        if channel.type != ANNOUNCEMENT:
            raise wrong_type()
        self._must(channel, "send_messages")
        if message.author_id != self._server.bot.id:
            self._must(channel, "manage_messages")
        if message.crossposted:
            raise Refused(400, 40033, "This message has already been crossposted.")
        message.crossposted = True
        message.raw = message.raw | {"flags": message.raw["flags"] | messages.CROSSPOSTED}
        return message.raw

    def trigger_typing_indicator(self, call: Call) -> Answer:
        self._may_write(self._channel(call.id("channel")), {}, call)
        return None

    # Channels and threads.

    def get_channel(self, call: Call) -> Answer:
        return self._channel(call.id("channel")).json

    def update_channel(self, call: Call) -> Answer:
        channel, body = self._channel(call.id("channel")), call.data
        if channel.guild is None:
            raise Refused(403, 50003, "Cannot execute action on a DM channel")
        if isinstance(channel, Thread):
            self._server.check_as("UpdateThreadRequestPartial", body)
            return self._update_thread(channel, body)
        self._server.check_as("UpdateGuildChannelRequestPartial", body)
        self._must(channel, "manage_channels")
        channel.topic = body.get("topic", channel.topic) or ""
        channel.rename(body.get("name", channel.name))
        return channel.json

    def _update_thread(self, thread: Thread, body: Json) -> Json:
        assert thread.guild is not None
        bot = self._server.bot.id
        manages = thread.guild.may(bot, "manage_threads", thread)
        opens = body.get("archived") is False
        if thread.archived and not opens:
            raise Refused(400, 50083, "Thread is archived")
        if not manages:
            # Anybody who may write there wakes an archived thread; the rest is its owner's, but for the lock.
            if thread.locked or "locked" in body or not (opens or thread.owner_id == bot):
                raise missing_permissions()
            self._must(thread, "send_messages_in_threads")
        if body.get("applied_tags") is not None:
            thread.applied = self._tags(thread.parent, body)
        thread.archived = bool(body.get("archived", thread.archived))
        thread.locked = bool(body.get("locked", thread.locked))
        thread.name = body.get("name") or thread.name
        thread.tell("THREAD_UPDATE")
        return thread.json

    def create_thread(self, call: Call) -> Answer:
        channel, body = self._channel(call.id("channel")), call.data
        if channel.type == FORUM:
            return self._post(channel, body, call)
        self._server.check_as("CreateTextThreadWithoutMessageRequest", body)
        kind = body.get("type") or PRIVATE_THREAD  # as Discord does, although nobody expects it
        if channel.type not in (TEXT, ANNOUNCEMENT) or (kind == ANNOUNCEMENT_THREAD) != (
            channel.type == ANNOUNCEMENT
        ):
            raise wrong_type()
        self._must(channel, "create_private_threads" if kind == PRIVATE_THREAD else "create_public_threads")
        return channel.open_thread(body["name"], self._server.bot.id, kind=kind).json

    def create_thread_from_message(self, call: Call) -> Answer:
        message, body = self._message(call), call.data
        channel = message.channel
        if channel.type not in (TEXT, ANNOUNCEMENT):
            raise wrong_type()
        self._must(channel, "create_public_threads")
        if message.id in self._server.channels:
            raise Refused(400, 160004, "A thread has already been created for this message")
        return channel.open_thread(body["name"], self._server.bot.id, thread_id=message.id).json

    def _post(self, forum: Channel, body: Json, call: Call) -> Json:
        self._server.check_as("CreateForumThreadRequest", body)
        inner = body["message"]
        names = [upload.name for upload in call.files.values()]
        wrong = check_message(inner, names) + check_mentions(inner.get("allowed_mentions"))
        if wrong:
            raise invalid([Wrong(("message", *one.place), one.message, one.code) for one in wrong])
        messages.check(inner, call.files)
        self._must(forum, "send_messages")
        self._may_show(forum, inner, call)
        tags = self._tags(forum, body)
        thread = forum.open_thread(body["name"], self._server.bot.id, tags=tags)
        first = messages.write(self._server, thread, self._server.me, inner, call.files, message_id=thread.id)
        return thread.json | {"message": first.raw}

    def _tags(self, forum: Channel, body: Json) -> list[Tag]:
        asked = [int(one) for one in body.get("applied_tags") or ()]
        known = {one.id: one for one in forum.tags}
        if not set(asked) <= set(known):
            raise invalid([Wrong(("applied_tags",), "Unknown tag", "FORUM_TAG_UNKNOWN")])
        if forum.require_tag and not asked:
            raise Refused(400, 40067, "A tag is required to create a forum post in this channel")
        return [known[one] for one in asked]

    # Servers.

    def get_guild(self, call: Call) -> Answer:
        return self._guild(call.id("guild")).json

    def list_guild_channels(self, call: Call) -> Answer:
        return [one.json for one in self._guild(call.id("guild")).channels]

    def list_guild_roles(self, call: Call) -> Answer:
        return [one.json for one in self._guild(call.id("guild")).roles.values()]

    def get_guild_member(self, call: Call) -> Answer:
        guild, number = self._guild(call.id("guild")), call.id("user")
        if number not in guild.members:
            raise Refused(404, 10007, "Unknown Member")
        bot = self._server.bot
        user = bot.json if number == bot.id else self._server.people[number].json
        return guild.member(number, user)

    def get_active_guild_threads(self, call: Call) -> Answer:
        guild = self._guild(call.id("guild"))
        found = [one for channel in guild.channels for one in channel.threads if not one.archived]
        bot = self._server.bot.id
        seen = [one.json for one in found if guild.may(bot, "view_channel", one)]
        return {"threads": seen, "members": []}

    # What the bot can find, see and do.

    def _guild(self, number: int) -> Guild:
        guild = self._server.guilds.get(number)
        if guild is None or guild.deleted:
            raise Refused(404, 10004, "Unknown Guild")
        if not guild.has_bot:
            raise missing_access()
        return guild

    def _channel(self, number: int) -> Channel:
        channel = self._server.channels.get(number)
        if channel is None:
            raise Refused(404, 10003, "Unknown Channel")
        guild, bot = channel.guild, self._server.bot.id
        if guild is None and (channel.recipient is None or channel.recipient.dm is not channel):
            raise missing_access()
        if guild is not None and not (guild.has_bot and guild.may(bot, "view_channel", channel)):
            raise missing_access()
        return channel

    def _message(self, call: Call) -> Message:
        channel = self._channel(call.id("channel"))
        found = channel.messages.get(call.id("message"))
        if found is None or found.ephemeral_for is not None:
            raise unknown_message()
        if call.method == "GET":
            self._must(channel, "read_message_history")
        return found

    def _must(self, channel: Channel, permission: str) -> None:
        if channel.guild is not None and not channel.guild.may(self._server.bot.id, permission, channel):
            raise missing_permissions()

    def _may_write(self, channel: Channel, body: Json, call: Call) -> None:
        if channel.type == DM:
            person = channel.recipient
            assert person is not None
            if not person.shares_guild and not person.installed:
                text = "Cannot send messages to this user due to having no mutual guilds"
                raise Refused(403, 50278, text)
            if person.dms_closed:
                raise Refused(403, 50007, "Cannot send messages to this user")
            return
        is_thread = isinstance(channel, Thread)
        self._must(channel, "send_messages_in_threads" if is_thread else "send_messages")
        self._may_show(channel, body, call)
        if isinstance(channel, Thread):
            self._open(channel)

    def _may_show(self, channel: Channel, body: Json, call: Call) -> None:
        if body.get("embeds"):
            self._must(channel, "embed_links")
        if call.files:
            self._must(channel, "attach_files")

    def _open(self, thread: Thread) -> None:
        """A message wakes an archived thread, unless it is locked."""
        if thread.archived and thread.locked:
            raise Refused(400, 50083, "Thread is archived")
        if thread.archived:
            thread.unarchive()
