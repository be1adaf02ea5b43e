"""A Bot API server for tests, as strict as Telegram: the bot talks to it over HTTP, the test through BotApi.

    server = await BotApi.start()
    ann = server.user("Ann")
    ...                                       # start the bot with server.root as its Bot API server
    await ann.says("/start")
    message = await ann.hears()
    answer = await ann.presses(message, "Save")
    assert server.violations == []
    await server.close()

What a request may contain is in `spec` and `rules`, who there is in `world`, the way of updates in `updates`,
flood control in `flood`, and broken connections in `faults`.
"""

import asyncio
import json
import re
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from typing import Any, Self

from aiohttp import web

from tests.standin.faults import Call, Fault, Faults, How
from tests.standin.flood import Flood, FloodControl
from tests.standin.rules import (
    Refused,
    bad,
    check_commands,
    check_inline_answer,
    check_markup,
    formatted,
)
from tests.standin.spec import Json, Spec, Upload
from tests.standin.updates import Updates
from tests.standin.world import ADMIN_RIGHTS, Chat, Membership, Person, Sent, quoted, shown

NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly "
    "the same as a current content and reply markup of the message"
)
TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"
ACTIONS = """
    typing upload_photo record_video upload_video record_voice upload_voice upload_document
    choose_sticker find_location record_video_note upload_video_note
""".split()
MEGABYTE = 1 << 20


class BotApi:
    """The server, the world behind it, and the record of what the bot asked."""

    def __init__(self, token: str, username: str) -> None:
        self.token = token
        self.revoked = False
        self.me: Json = {
            "id": int(token.split(":")[0]),
            "is_bot": True,
            "first_name": "Notifier",
            "username": username,
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": True,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }
        self.privacy = True  # in groups, only what is meant for the bot reaches it
        self.query_seconds = 15.0  # for which a press can be answered
        self.calls: list[Call] = []
        self.violations: list[str] = []  # what no correct bot would have asked
        self.floods: list[Flood] = []
        self.flood = FloodControl()
        self.faults = Faults()
        self.updates = Updates()
        self.people: dict[int, Person] = {}
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, Upload] = {}
        self.queries: dict[str, Json | None] = {}  # what each was answered
        self.menus: dict[tuple[str, str], list[Json]] = {}  # by scope and language
        self.port = 0
        self.stranger = Person(self, 777_000, "Somebody", "")
        self._asked: dict[str, float] = {}  # when each query was made
        self._spec = Spec()
        self._runner: web.AppRunner | None = None

    # Starting and stopping.

    @classmethod
    async def start(cls, token: str = "123456:TEST-token", username: str = "notifier_test_bot") -> Self:
        """Listen on a free port of this machine."""
        server = cls(token, username)
        await server.comes_up()
        return server

    async def close(self) -> None:
        await self.updates.close()
        await self.goes_down()

    async def comes_up(self) -> None:
        """Listen, after the first time on the same port again."""
        app = web.Application(client_max_size=60 * MEGABYTE)
        app.router.add_route("*", "/bot{token}/{method}", self._handle)
        app.router.add_get("/file/bot{token}/{file_id}", self._download)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def goes_down(self) -> None:
        """Close every connection and stop listening. The world goes on, updates are kept."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # The world.

    def user(self, first_name: str, *, language_code: str = "en", started: bool = False) -> Person:
        person = Person(self, 1001 + len(self.people), first_name, language_code)
        person.started = started
        self.people[person.id] = person
        self.chats[person.id] = person.chat
        return person

    def group(
        self,
        title: str,
        *,
        members: list[Person] | None = None,
        admins: list[Person] | None = None,
        forum: bool = False,
        basic: bool = False,
        bot: bool = True,
    ) -> Chat:
        """Make a supergroup; with `basic` a group that can still migrate. The bot is in it if `bot`."""
        chat = self.new_chat("group" if basic else "supergroup", title=title, is_forum=forum)
        self._populate(chat, members or [], admins or [])
        if bot:
            chat.members[self.me["id"]] = Membership("member")
        return chat

    def channel(
        self,
        title: str,
        *,
        admins: list[Person] | None = None,
        members: list[Person] | None = None,
        bot_can_post: bool = False,
        username: str | None = None,
    ) -> Chat:
        """Make a channel; the bot is its administrator if it can post."""
        chat = self.new_chat("channel", title=title, username=username)
        self._populate(chat, members or [], admins or [])
        if bot_can_post:
            rights = {"can_post_messages": True, "can_manage_chat": True}
            chat.members[self.me["id"]] = Membership("administrator", rights)
        return chat

    def new_chat(self, kind: str, **told: Any) -> Chat:
        number = 1 + len(self.chats)
        chat = Chat(self, -number if kind == "group" else -1_001_000_000_000 - number, kind, **told)
        self.chats[chat.id] = chat
        return chat

    def _populate(self, chat: Chat, members: list[Person], admins: list[Person]) -> None:
        chat.members |= {person.id: Membership("member") for person in members}
        for at, person in enumerate(admins):
            rights = dict.fromkeys(ADMIN_RIGHTS, True)
            chat.members[person.id] = Membership("administrator", rights) if at else Membership("creator")

    def new_query(self) -> str:
        query_id = str(4_000_000_000 + len(self.queries))
        self.queries[query_id] = None
        self._asked[query_id] = time.monotonic()
        return query_id

    def revoke_token(self) -> None:
        self.revoked = True

    # What came of it.

    @property
    def me_as_user(self) -> Json:
        return {name: self.me[name] for name in ("id", "is_bot", "first_name", "username")}

    def messages(self, chat: Chat | Person) -> list[Json]:
        """Return the bot's messages that stand in a chat, as they are now, in order."""
        where = chat.chat if isinstance(chat, Person) else chat
        bots = {sent.message_id for sent in where.log}
        return [message for message_id, message in where.messages.items() if message_id in bots]

    def texts(self, chat: Chat | Person) -> list[str]:
        return [Sent(message).text for message in self.messages(chat)]

    def called(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    # HTTP.

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        method, at = request.match_info["method"], time.monotonic()
        given = await _given(request)
        names = {name.lower(): name for name in self._spec.methods}  # Telegram does not mind the case
        method = names.get(method.lower(), method)
        params, wrong = self._spec.read(method, given) if method in self._spec.methods else (dict(given), [])
        call = Call(method, params, at)
        self.calls.append(call)
        fault = self.faults.strikes(call)
        if fault is not None and not fault.accepted:
            return await self._fail(fault, call, request)
        try:
            self._check_token(request.match_info["token"])
            result = await self._answer(call, wrong)
            call.status, body = 200, {"ok": True, "result": result}
        except Refused as refused:
            body = _refusal(call, refused)
            if refused.mistake:
                self.violations.append(f"{method}: {refused.description}")
        if fault is not None and fault.how is not How.DELAY:
            return await self._fail(fault, call, request)
        if fault is not None:
            await asyncio.sleep(fault.seconds)
        return web.json_response(body, status=call.status)

    async def _fail(self, fault: Fault, call: Call, request: web.Request) -> web.StreamResponse:
        match fault.how:
            case How.HANG:
                await asyncio.sleep(3600)  # until the bot hangs up or the server goes down
            case How.GATEWAY:
                call.status = fault.status
                page = f"<html><body><h1>{fault.status}</h1></body></html>"
                return web.Response(status=fault.status, text=page, content_type="text/html")
            case How.BAD_JSON:
                call.status = 200
                return web.Response(text='{"ok":true,"resu', content_type="application/json")
            case How.FLOOD:
                if call.chat_id is not None:
                    self.flood.hold(self._key(call.chat_id), int(fault.seconds))
                refused = self._flooded(call, int(fault.seconds))
                return web.json_response(_refusal(call, refused), status=refused.code)
        call.status = 0
        transport = request.transport
        if transport is not None:
            if fault.how is How.RESET and (peer := transport.get_extra_info("socket")) is not None:
                # Closed without lingering, the connection ends by RST.
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        return web.Response()

    async def _download(self, request: web.Request) -> web.StreamResponse:
        upload = self.files.get(request.match_info["file_id"])
        if request.match_info["token"] != self.token or upload is None:
            raise web.HTTPNotFound
        return web.Response(body=upload.content)

    def _check_token(self, token: str) -> None:
        if not re.fullmatch(r"\d+:[\w-]+", token):
            raise Refused(404, "Not Found")
        if self.revoked or token != self.token:
            raise Refused(401, "Unauthorized")

    async def _answer(self, call: Call, wrong: list[str]) -> Any:
        if call.method not in self._spec.methods:
            raise Refused(404, "Not Found", mistake=True)
        if wrong:
            raise bad("; ".join(wrong))
        if self.flood.on and call.chat_id is not None and call.method not in self.flood.free:
            key = self._key(call.chat_id)
            if seconds := self.flood.wait(key, private=isinstance(key, int) and key > 0):
                raise self._flooded(call, seconds)
        words = re.sub("([A-Z])", r"_\1", call.method).lower()
        answer: Callable[[Json], Awaitable[Any]] = getattr(self, f"_on_{words}")
        return await answer(call.params)

    def _flooded(self, call: Call, seconds: int) -> Refused:
        self.floods.append(Flood(call.method, call.chat_id or 0, time.monotonic(), seconds))
        return Refused(429, f"Too Many Requests: retry after {seconds}", parameters={"retry_after": seconds})

    def _key(self, chat_id: int | str) -> int | str:
        """A chat is the same to flood control by name and by number."""
        chat = self._found(chat_id)
        return chat.id if chat else chat_id

    # Chats, as the bot may use them.

    def _found(self, chat_id: int | str) -> Chat | None:
        named = str(chat_id).removeprefix("@")
        return next((chat for chat in self.chats.values() if named in (str(chat.id), chat.username)), None)

    def _chat(self, chat_id: int | str) -> Chat:
        """Return a chat that the bot can see."""
        chat = self._found(chat_id)
        if chat is None:
            raise Refused(400, "Bad Request: chat not found")
        if chat.deleted:
            raise Refused(403, "Forbidden: the group chat was deleted")
        if chat.migrated_to is not None:
            raise Refused(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                parameters={"migrate_to_chat_id": chat.migrated_to.id},
            )
        person = self.people.get(chat.id)
        if person is not None and not person.started:
            raise Refused(403, "Forbidden: bot can't initiate conversation with a user")
        if person is None and chat.bot.status == "kicked":
            raise Refused(403, f"Forbidden: bot was kicked from the {chat.type} chat")
        if person is None and not chat.bot.is_in:
            raise Refused(403, f"Forbidden: bot is not a member of the {chat.type} chat")
        return chat

    def _writable(self, params: Json) -> Chat:
        """Return a chat that the bot can write to."""
        chat = self._chat(params["chat_id"])
        person = self.people.get(chat.id)
        if person is not None and person.deactivated:
            raise Refused(403, "Forbidden: user is deactivated")
        if person is not None and person.blocked:
            raise Refused(403, "Forbidden: bot was blocked by the user")
        if chat.type == "channel":
            if not (chat.bot.is_admin and chat.bot.may("can_post_messages")):
                raise Refused(400, "Bad Request: need administrator rights in the channel chat")
        elif person is None and not chat.bot.is_admin and not chat.bot.may("can_send_messages"):
            raise Refused(400, "Bad Request: not enough rights to send text messages to the chat")
        return chat

    def _thread(self, chat: Chat, thread_id: int | None) -> None:
        if thread_id is None:
            return
        topic = chat.topics.get(thread_id)
        if topic is None or topic.deleted:
            # The General topic has no number that the bot may use: 1 is refused as well.
            raise Refused(400, "Bad Request: message thread not found")
        if topic.closed and not (chat.bot.is_admin and chat.bot.may("can_manage_topics")):
            raise Refused(400, "Bad Request: TOPIC_CLOSED")

    def _send(self, params: Json, sent: Callable[[Json], Sent] = Sent, **content: Any) -> Json:
        """Put a message of the bot into a chat and return it."""
        chat = self._writable(params)
        markup = params.get("reply_markup")
        check_markup(markup, chat.type)
        reply = params.get("reply_parameters", {})
        replied = chat.messages.get(reply.get("message_id", 0))
        if reply and replied is None and not reply.get("allow_sending_without_reply"):
            raise Refused(400, "Bad Request: message to be replied not found")
        thread = params.get("message_thread_id", (replied or {}).get("message_thread_id"))
        self._thread(chat, thread)
        if replied is not None:
            content["reply_to_message"] = quoted(replied)
        message = chat.add(self.me_as_user, thread=thread, **content)
        if markup and markup.get("inline_keyboard") != []:
            message["reply_markup"] = markup
        chat.log.append(sent(message))
        return shown(message)

    def _editable(self, params: Json) -> tuple[Chat, Json]:
        if "chat_id" not in params or "message_id" not in params:
            raise bad("message identifier is not specified")
        chat = self._writable(params)
        message = chat.messages.get(params["message_id"])
        if message is None:
            raise Refused(400, "Bad Request: message to edit not found")
        if not any(sent.message_id == params["message_id"] for sent in chat.log):
            raise Refused(400, "Bad Request: message can't be edited", mistake=True)
        check_markup(params.get("reply_markup"), chat.type)
        return chat, message

    def _edit(self, chat: Chat, message: Json, markup: Json | None, **content: Any) -> Json:
        kept = {name: value for name, value in message.items() if name not in (*content, "reply_markup")}
        edited = kept | {name: value for name, value in content.items() if value}
        if markup and markup["inline_keyboard"]:
            edited["reply_markup"] = markup
        if edited == message:
            raise Refused(400, NOT_MODIFIED)
        edited["edit_date"] = int(time.time())
        chat.messages[message["message_id"]] = edited
        before = next(sent for sent in chat.log if sent.message_id == message["message_id"])
        chat.log.append(Sent(edited, is_edit=True, document=before.document, rich=before.rich))
        return shown(edited)

    # Methods, by the names that the Bot API gives them.

    async def _on_get_me(self, params: Json) -> Json:
        return self.me

    async def _on_get_updates(self, params: Json) -> list[Json]:
        return await self.updates.get(params)

    async def _on_set_webhook(self, params: Json) -> bool:
        return await self.updates.set_webhook(params)

    async def _on_delete_webhook(self, params: Json) -> bool:
        return await self.updates.delete_webhook(params)

    async def _on_get_webhook_info(self, params: Json) -> Json:
        return self.updates.webhook_info()

    async def _on_send_message(self, params: Json) -> Json:
        text, entities = _text(params)
        return self._send(params, text=text, entities=entities)

    async def _on_send_rich_message(self, params: Json) -> Json:
        rich = params["rich_message"]
        sources = [rich[kind] for kind in ("html", "markdown") if rich.get(kind)]
        if len(sources) != 1 or len(sources[0]) > 32768:
            raise bad("a rich message is exactly one of html and markdown, of at most 32768 characters")
        return self._send(params, lambda message: Sent(message, rich=sources[0]), rich_message={"blocks": []})

    async def _on_send_document(self, params: Json) -> Json:
        upload = params["document"]
        if isinstance(upload, str):
            if upload not in self.files:
                raise bad("wrong file identifier/HTTP URL specified")
            file_id, upload = upload, self.files[upload]
        else:
            file_id = f"file{len(self.files) + 1}"
        if not upload.content:
            raise bad("file must be non-empty")
        if len(upload.content) > 50 * MEGABYTE:
            raise Refused(413, "Request Entity Too Large", mistake=True)
        self._writable(params)
        caption, entities = formatted(
            params.get("caption", ""),
            params.get("parse_mode"),
            params.get("caption_entities", []),
            limit=1024,
        )
        told = {"file_name": upload.name, "file_size": len(upload.content)}
        message = self._send(
            params,
            lambda message: Sent(message, document=(upload.name, upload.content)),
            document={"file_id": file_id, "file_unique_id": f"u{file_id}", **told},
            caption=caption or None,
            caption_entities=entities,
        )
        self.files[file_id] = upload
        return message

    async def _on_get_file(self, params: Json) -> Json:
        file_id = params["file_id"]
        if file_id not in self.files:
            raise Refused(400, "Bad Request: invalid file_id")
        if len(self.files[file_id].content) > 20 * MEGABYTE:
            raise Refused(400, "Bad Request: file is too big")
        size = len(self.files[file_id].content)
        return {
            "file_id": file_id,
            "file_unique_id": f"u{file_id}",
            "file_size": size,
            "file_path": file_id,
        }

    async def _on_edit_message_text(self, params: Json) -> Json:
        if "rich_message" in params:
            raise bad("the stand-in does not edit rich messages")
        text, entities = _text(params)
        chat, message = self._editable(params)
        if "text" not in message:
            raise Refused(400, "Bad Request: there is no text in the message to edit", mistake=True)
        return self._edit(chat, message, params.get("reply_markup"), text=text, entities=entities)

    async def _on_edit_message_reply_markup(self, params: Json) -> Json:
        chat, message = self._editable(params)
        return self._edit(chat, message, params.get("reply_markup"))

    async def _on_delete_message(self, params: Json) -> bool:
        chat = self._chat(params["chat_id"])
        message = chat.messages.get(params["message_id"])
        if message is None:
            raise Refused(400, "Bad Request: message to delete not found")
        own = any(sent.message_id == params["message_id"] for sent in chat.log)
        cleans = chat.bot.is_admin and chat.bot.may("can_delete_messages")
        if not (own or cleans or chat.type == "private"):
            raise Refused(400, "Bad Request: message can't be deleted")
        del chat.messages[params["message_id"]]
        return True

    async def _on_answer_callback_query(self, params: Json) -> bool:
        if len(params.get("text", "")) > 200:
            raise bad("MESSAGE_TOO_LONG")
        self._answer_query(params["callback_query_id"], params)
        return True

    async def _on_answer_inline_query(self, params: Json) -> bool:
        check_inline_answer(params["results"], params.get("next_offset", ""))
        self._answer_query(params["inline_query_id"], params)
        return True

    def _answer_query(self, query_id: str, params: Json) -> None:
        asked = self._asked.get(query_id, -self.query_seconds)
        if time.monotonic() - asked > self.query_seconds or self.queries.get(query_id) is not None:
            raise Refused(400, TOO_OLD)
        self.queries[query_id] = params

    async def _on_set_my_commands(self, params: Json) -> bool:
        check_commands(params["commands"], params.get("language_code", ""))
        self.menus[_menu(params)] = params["commands"]
        return True

    async def _on_delete_my_commands(self, params: Json) -> bool:
        self.menus.pop(_menu(params), None)
        return True

    async def _on_get_my_commands(self, params: Json) -> list[Json]:
        return self.menus.get(_menu(params), [])

    async def _on_get_chat(self, params: Json) -> Json:
        return self._chat(params["chat_id"]).json | {
            "accent_color_id": 0,
            "max_reaction_count": 11,
            "accepted_gift_types": dict.fromkeys(
                "unlimited_gifts limited_gifts unique_gifts premium_subscription gifts_from_channels".split(),
                False,
            ),
        }

    async def _on_get_chat_member(self, params: Json) -> Json:
        chat = self._chat(params["chat_id"])
        if params["user_id"] == self.me["id"]:
            return chat.bot.told(self.me_as_user)
        person = self.people.get(params["user_id"])
        if person is None:
            raise Refused(400, "Bad Request: user not found")
        return chat.membership(person.id).told(person.json)

    async def _on_get_chat_administrators(self, params: Json) -> list[Json]:
        chat = self._chat(params["chat_id"])
        if chat.type == "private":
            raise bad("there are no administrators in the private chat")
        users = {person.id: person.json for person in self.people.values()} | {self.me["id"]: self.me_as_user}
        return [each.told(users[user_id]) for user_id, each in chat.members.items() if each.is_admin]

    async def _on_send_chat_action(self, params: Json) -> bool:
        if params["action"] not in ACTIONS:
            raise bad("wrong parameter action in request")
        self._thread(self._writable(params), params.get("message_thread_id"))
        return True

    async def _on_leave_chat(self, params: Json) -> bool:
        chat = self._chat(params["chat_id"])
        if chat.type == "private":
            raise bad("chat member status can't be changed in private chats")
        chat.bot_becomes("left")
        return True


def _text(params: Json) -> tuple[str, list[Json]]:
    text, entities = formatted(
        params.get("text", ""), params.get("parse_mode"), params.get("entities", []), limit=4096
    )
    if not text.strip():
        raise bad("message text is empty")
    return text, entities


def _refusal(call: Call, refused: Refused) -> Json:
    call.status, call.description = refused.code, refused.description
    body = {"ok": False, "error_code": refused.code, "description": refused.description}
    return body | ({"parameters": refused.parameters} if refused.parameters else {})


def _menu(params: Json) -> tuple[str, str]:
    scope = params.get("scope", {"type": "default"})
    where = [str(scope[name]) for name in ("type", "chat_id", "user_id") if name in scope]
    return " ".join(where), params.get("language_code", "")


async def _given(request: web.Request) -> Json:
    """Return the parameters of a request, from its address and its body."""
    given: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            body: Json = json.loads(await request.text() or "{}")
            return given | body
        except (ValueError, TypeError):
            raise web.HTTPBadRequest from None
    if request.content_type not in ("multipart/form-data", "application/x-www-form-urlencoded"):
        return given
    files: dict[str, Upload] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files[name] = Upload(value.filename, value.file.read())
        else:
            given[name] = value
    for name, value in list(given.items()):
        if isinstance(value, str) and value.startswith("attach://"):
            given[name] = files.pop(value.removeprefix("attach://"), value)
    return given | files
