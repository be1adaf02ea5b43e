"""Who there is and what they do: people, groups with topics, channels, and the messages in them.

Everything the bot may not know before it is told lives here. Tests act through Person, Chat and Topic; what
a person sees of the bot's messages is a Sent.
"""

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.standin.rules import cut, units
from tests.standin.spec import Json
from tests.standin.updates import until

if TYPE_CHECKING:
    from tests.standin.telegram import BotApi

ADMIN_RIGHTS = """
    can_be_edited is_anonymous can_manage_chat can_delete_messages can_manage_video_chats
    can_restrict_members can_promote_members can_change_info can_invite_users can_post_stories
    can_edit_stories can_delete_stories can_post_messages can_edit_messages can_pin_messages
    can_manage_topics can_manage_direct_messages
""".split()
MEMBER_RIGHTS = """
    can_send_messages can_send_audios can_send_documents can_send_photos can_send_videos
    can_send_video_notes can_send_voice_notes can_send_polls can_send_other_messages
    can_add_web_page_previews can_change_info can_invite_users can_pin_messages can_manage_topics
    can_edit_tag can_react_to_messages
""".split()


@dataclass(frozen=True, slots=True)
class Membership:
    """What somebody is in a chat: a status of the Bot API, and the rights that differ from its default.

    By default an administrator has no rights at all, and a restricted member has every right.
    """

    status: str = "left"
    rights: dict[str, bool] = field(default_factory=dict)

    def may(self, right: str) -> bool:
        return self.rights.get(right, self.status in ("creator", "member", "restricted"))

    @property
    def is_in(self) -> bool:
        return self.status in ("creator", "administrator", "member", "restricted")

    @property
    def is_admin(self) -> bool:
        return self.status in ("creator", "administrator")

    def told(self, user: Json) -> Json:
        """Return it as a ChatMember."""
        extra: Json = {}
        match self.status:
            case "creator":
                extra = {"is_anonymous": False}
            case "administrator":
                extra = {right: self.rights.get(right, False) for right in ADMIN_RIGHTS}
            case "restricted":
                extra = {right: self.rights.get(right, True) for right in MEMBER_RIGHTS}
                extra |= {"is_member": True, "until_date": 0}
            case "kicked":
                extra = {"until_date": 0}
        return {"status": self.status, "user": user, **extra}


@dataclass(frozen=True, slots=True)
class Sent:
    """A message of the bot as it looked to who read it."""

    raw: Json
    is_edit: bool = False
    document: tuple[str, bytes] | None = None  # its name and content
    rich: str = ""  # the source of a rich message

    @property
    def message_id(self) -> int:
        return int(self.raw["message_id"])

    @property
    def chat_id(self) -> int:
        return int(self.raw["chat"]["id"])

    @property
    def thread_id(self) -> int | None:
        return self.raw.get("message_thread_id")

    @property
    def text(self) -> str:
        return str(self.raw.get("text", self.raw.get("caption", self.rich)))

    @property
    def entities(self) -> list[Json]:
        entities: list[Json] = self.raw.get("entities") or self.raw.get("caption_entities") or []
        return entities

    @property
    def links(self) -> list[tuple[str, str]]:
        """The links in the text, each as what one reads and where it leads."""
        return [
            (cut(self.text, one["offset"], one["length"]), one["url"])
            for one in self.entities
            if one["type"] == "text_link"
        ]

    @property
    def keyboard(self) -> list[list[Json]]:
        """The rows of buttons: below the message, or instead of the keys."""
        markup = self.raw.get("reply_markup", {})
        return list(markup.get("inline_keyboard", markup.get("keyboard", [])))

    @property
    def buttons(self) -> list[str]:
        return [button["text"] for row in self.keyboard for button in row]

    def button(self, label: str) -> Json:
        """Return the one button whose label is, or else contains, `label`."""
        buttons = [button for row in self.keyboard for button in row]
        found = [one for one in buttons if one["text"] == label] or [
            one for one in buttons if label in one["text"]
        ]
        assert len(found) == 1, f"{len(found)} buttons read {label!r} among {self.buttons}"
        return found[0]

    def url(self, label: str) -> str:
        return str(self.button(label)["url"])

    def data(self, label: str) -> str:
        return str(self.button(label)["callback_data"])


@dataclass(frozen=True, slots=True)
class Answered:
    """What a press of a button was answered."""

    text: str
    alert: bool
    seconds: float  # from the press to the answer


@dataclass(frozen=True, slots=True)
class InlineAnswer:
    """What an inline query was answered: answerInlineQuery's parameters."""

    results: list[Json]
    next_offset: str
    cache_time: int
    is_personal: bool
    button: Json | None


class Chat:
    """A group, a supergroup, a channel, or one person's private chat with the bot."""

    def __init__(self, server: "BotApi", chat_id: int, kind: str, **told: Any) -> None:
        self.id = chat_id
        self.type = kind
        self.title: str = told.get("title", "")
        self.username: str | None = told.get("username")
        self.is_forum = bool(told.get("is_forum"))
        self.members: dict[int, Membership] = {}
        self.topics: dict[int, Topic] = {}
        self.messages: dict[int, Json] = {}  # by message_id, as they are now
        self.log: list[Sent] = []  # what the bot sent and edited, in order
        self.migrated_to: Chat | None = None
        self.deleted = False
        self._next_id = 2  # the first message of a chat tells of its creation
        self._server = server
        self._told = told

    @property
    def json(self) -> Json:
        told = {key: value for key, value in self._told.items() if value}
        return {"id": self.id, "type": self.type, **told}

    @property
    def bot(self) -> Membership:
        return self.members.get(self._server.me["id"], Membership())

    def membership(self, user_id: int) -> Membership:
        return self.members.get(user_id, Membership())

    # What happens to the bot here. Each tells the bot by my_chat_member.

    def bot_becomes(self, status: str, *, by: "Person | None" = None, **rights: bool) -> None:
        """Give the bot another status and the given rights, e.g. ("administrator", can_post_messages=True)."""
        before, now = self.bot, Membership(status, rights)
        self.members[self._server.me["id"]] = now
        actor = by or next(
            (p for p in self._server.people.values() if self.membership(p.id).is_admin),
            self._server.stranger,
        )
        change = {
            "chat": self.json,
            "from": actor.json,
            "date": int(time.time()),
            "old_chat_member": before.told(self._server.me_as_user),
            "new_chat_member": now.told(self._server.me_as_user),
        }
        self._server.updates.put("my_chat_member", change)
        if self.type in ("group", "supergroup") and now.is_in and not before.is_in:
            self.post(actor, new_chat_members=[self._server.me_as_user])

    def add_bot(self, *, by: "Person | None" = None) -> None:
        self.bot_becomes("member", by=by)

    def kick_bot(self, *, by: "Person | None" = None) -> None:
        self.bot_becomes("kicked", by=by)

    def promote_bot(self, *, by: "Person | None" = None, **rights: bool) -> None:
        self.bot_becomes("administrator", by=by, **({"can_manage_chat": True} | rights))

    def mute_bot(self, *, by: "Person | None" = None) -> None:
        self.bot_becomes("restricted", by=by, can_send_messages=False)

    # What happens to the chat.

    def topic(self, name: str) -> "Topic":
        """Open a topic."""
        assert self.is_forum, f"{self.title} has no topics"
        made = self.post(
            self._server.stranger, forum_topic_created={"name": name, "icon_color": 7322096}, thread=True
        )
        self.topics[made["message_id"]] = Topic(made["message_id"], name)
        return self.topics[made["message_id"]]

    def migrate(self) -> "Chat":
        """Make the group a supergroup, which is another chat; return that."""
        assert self.type == "group", f"{self.title} is a {self.type}"
        new = self._server.new_chat("supergroup", title=self.title)
        new.members = dict(self.members)
        self.post(self._server.stranger, migrate_to_chat_id=new.id)
        self.migrated_to = new
        new.post(self._server.stranger, migrate_from_chat_id=self.id)
        return new

    def becomes_admin(self, person: "Person") -> None:
        self.members[person.id] = Membership("administrator", dict.fromkeys(ADMIN_RIGHTS, True))

    def leaves(self, person: "Person", *, kicked: bool = False) -> None:
        self.members[person.id] = Membership("kicked" if kicked else "left")

    def post(self, sender: "Person | None", *, thread: int | bool | None = None, **content: Any) -> Json:
        """Put a message here that is not the bot's, and tell the bot if it may see it.

        thread    the topic's id; True when the message itself begins one
        sender    None for a post of the channel itself
        """
        message = self.add(sender.json if sender else None, thread=thread, **content)
        if self._bot_sees(message):
            self._server.updates.put("channel_post" if self.type == "channel" else "message", message)
        return message

    def add(self, sender: Json | None, *, thread: int | bool | None = None, **content: Any) -> Json:
        """Store a message and return it."""
        message_id = self._next_id
        self._next_id += 1
        message: Json = {"message_id": message_id, "date": int(time.time()), "chat": self.json}
        message |= {"sender_chat": self.json} if self.type == "channel" else {"from": sender}
        if thread:
            message |= {
                "message_thread_id": message_id if thread is True else thread,
                "is_topic_message": True,
            }
        self.messages[message_id] = message | {
            name: value for name, value in content.items() if value not in (None, [])
        }
        return self.messages[message_id]

    def _bot_sees(self, message: Json) -> bool:
        """Groups are private by default: commands, replies to the bot and mentions of it reach the bot."""
        if self.type == "private":
            return True
        if not self.bot.is_in:
            return False
        if self.bot.is_admin or not self._server.privacy or "text" not in message:
            return True
        text, me = str(message.get("text", "")), self._server.me
        replied = message.get("reply_to_message", {}).get("from", {}).get("id")
        if command := re.match(r"/\w+(?:@(\w+))?", text):
            return command[1] in (None, me["username"])
        return replied == me["id"] or f"@{me['username']}" in text


class Topic:
    """One topic of a forum. The General topic is none: messages there name no topic."""

    def __init__(self, thread_id: int, name: str) -> None:
        self.id = thread_id
        self.name = name
        self.closed = False
        self.deleted = False


class Person:
    """One human with Telegram. Their private chat with the bot begins with their first message."""

    def __init__(self, server: "BotApi", user_id: int, first_name: str, language_code: str) -> None:
        self.id = user_id
        self.first_name = first_name
        self.language_code = language_code
        self.started = False
        self.deactivated = False
        self.chat = Chat(server, user_id, "private", first_name=first_name)
        self.chat.members[server.me["id"]] = Membership("member")
        self._server = server
        self._listened: dict[int, int] = {}  # by chat: how far in its log

    @property
    def json(self) -> Json:
        told = {"id": self.id, "is_bot": False, "first_name": self.first_name}
        return told | ({"language_code": self.language_code} if self.language_code else {})

    @property
    def blocked(self) -> bool:
        return self.chat.bot.status == "kicked"

    async def says(
        self,
        text: str,
        *,
        chat: Chat | None = None,
        topic: Topic | None = None,
        reply_to: Sent | Json | None = None,
        forwarded_from: Chat | None = None,
    ) -> Json:
        """Write a message, to the bot or in a chat; return it."""
        assert not self.blocked or chat, f"{self.first_name} has blocked the bot"
        chat = chat or self.chat
        self.started |= chat is self.chat
        content: Json = {"text": text, "entities": _commands_in(text)}
        if isinstance(reply_to, Sent):
            reply_to = chat.messages.get(reply_to.message_id, reply_to.raw)
        if reply_to is not None:
            content["reply_to_message"] = quoted(reply_to)
        if forwarded_from is not None:
            origin = {"type": "channel", "chat": forwarded_from.json, "message_id": 1}
            content["forward_origin"] = origin | {"date": int(time.time())}
        if chat.type == "channel":
            return chat.post(None, **content)
        return chat.post(self, thread=topic.id if topic else None, **content)

    async def hears(self, timeout: float = 30.0, *, chat: Chat | None = None) -> Sent:
        """Return the next message or edit of the bot that this person has not heard yet."""
        where = chat or self.chat
        sent = await until(lambda: self._next(where), timeout, f"message for {self.first_name}")
        self._listened[where.id] = self._listened.get(where.id, 0) + 1
        return sent

    async def hears_nothing(self, seconds: float = 0.3, *, chat: Chat | None = None) -> None:
        """Fail if the bot writes within that time."""
        try:
            sent = await self.hears(seconds, chat=chat)
        except AssertionError:
            return
        raise AssertionError(f"{self.first_name} heard {sent.text!r}")

    def _next(self, chat: Chat) -> Sent | None:
        at = self._listened.get(chat.id, 0)
        return chat.log[at] if at < len(chat.log) else None

    async def presses(self, message: Sent, label: str, *, timeout: float = 30.0) -> Answered:
        """Press a button of the message as it was heard; return how the bot answered."""
        button = message.button(label)
        assert "callback_data" in button, f"{label} is not for the bot: {button}"
        return await self.presses_data(message, button["callback_data"], timeout=timeout)

    async def presses_data(self, message: Sent, data: str, *, timeout: float = 30.0) -> Answered:
        """Send a callback query with any data, as a forged client could."""
        chat = self._server.chats[message.chat_id]
        query = {
            "from": self.json,
            "message": shown(chat.messages.get(message.message_id, message.raw)),
            "chat_instance": str(chat.id),
            "data": data,
        }
        pressed = time.monotonic()
        answer = await self._ask("callback_query", query, timeout)
        return Answered(answer.get("text", ""), answer.get("show_alert", False), time.monotonic() - pressed)

    async def inline(self, query: str, *, offset: str = "", timeout: float = 30.0) -> InlineAnswer:
        """Ask the bot from any chat."""
        asked = {"from": self.json, "query": query, "offset": offset, "chat_type": "sender"}
        answer = await self._ask("inline_query", asked, timeout)
        return InlineAnswer(
            results=answer["results"],
            next_offset=answer.get("next_offset", ""),
            cache_time=answer.get("cache_time", 300),
            is_personal=answer.get("is_personal", False),
            button=answer.get("button"),
        )

    async def _ask(self, kind: str, query: Json, timeout: float) -> Json:
        query_id = self._server.new_query()
        self._server.updates.put(kind, {"id": query_id, **query})
        return await until(
            lambda: self._server.queries[query_id], timeout, f"answer to the {kind} of {self.first_name}"
        )

    async def shares_chat(self, message: Sent, chat: Chat, *, label: str = "") -> Json:
        """Press a button that asks for a chat, and choose this one. The bot is added if the button says so."""
        request = message.button(label)["request_chat"]
        mine = chat.membership(self.id)
        assert request["chat_is_channel"] == (chat.type == "channel"), f"{chat.type} cannot be chosen"
        for right, needed in request.get("user_administrator_rights", {}).items():
            assert not needed or mine.may(right), f"{self.first_name} lacks {right} in {chat.title}"
        if rights := request.get("bot_administrator_rights"):
            chat.bot_becomes("administrator", by=self, **rights)
        elif request.get("bot_is_member"):
            assert chat.bot.is_in, f"the bot is not in {chat.title}"
        shared = {"request_id": request["request_id"], "chat_id": chat.id}
        if request.get("request_title"):
            shared["title"] = chat.title
        if request.get("request_username") and chat.username:
            shared["username"] = chat.username
        return self.chat.post(self, chat_shared=shared)

    def blocks(self) -> None:
        self.chat.bot_becomes("kicked", by=self)

    def unblocks(self) -> None:
        self.chat.bot_becomes("member", by=self)

    def deactivates(self) -> None:
        """Delete the account."""
        self.deactivated = True


def shown(message: Json) -> Json:
    """Return a message as the Bot API tells of it: of the keyboards only those below a message."""
    inline = "inline_keyboard" in message.get("reply_markup", ())
    return {name: value for name, value in message.items() if inline or name != "reply_markup"}


def quoted(message: Json) -> Json:
    """Return a message as it is embedded in a reply to it, which has one level only."""
    return {name: value for name, value in shown(message).items() if name != "reply_to_message"}


def _commands_in(text: str) -> list[Json]:
    return [
        {
            "type": "bot_command" if found[1] == "/" else "mention",
            "offset": units(text[: found.start()]),
            "length": units(found[0]),
        }
        for found in re.finditer(r"(?<!\S)(/|@)\w+(?:@\w+)?", text)
    ]
