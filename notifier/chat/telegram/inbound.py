"""What people do in Telegram, as commands: each update is read, asked, and answered where it came from."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from telegram import (
    CallbackQuery,
    Chat,
    ChatMember,
    ChatMemberUpdated,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    MaybeInaccessibleMessage,
    Message,
    MessageOriginChannel,
    Update,
    User,
)
from telegram.error import TelegramError

from notifier.chat import TELEGRAM, buttons
from notifier.chat.telegram.admins import Admins, may_write
from notifier.chat.telegram.api import Api
from notifier.chat.telegram.inline import answer_inline
from notifier.chat.telegram.outcomes import is_nothing_to_edit, is_unchanged, outcome_of
from notifier.chat.telegram.render import PAGE, Rendered, plain_text, render
from notifier.domain.document import Document
from notifier.domain.ports import Moved, Recipient
from notifier.domain.texts import text
from notifier.services.commands import Audience, Caller
from notifier.services.commands.declared import Command, command_of, said
from notifier.services.conversation import Conversation
from notifier.store.subscriptions import Defaults
from notifier.store.tables import DestinationKind

log = logging.getLogger(__name__)

ALLOWED_UPDATES = ("message", "callback_query", "inline_query", "my_chat_member")
LONGEST_TOAST = 200  # characters of an answer to a press
ANSWER_PRESS_WITHIN = 0.5  # seconds: a spinning button is worse than an answer in a message
# These do again what another line says, whoever may use that.
_REPEATING = ("page", "again", "chosen", "file")
_COMMAND = re.compile(r"/(?P<name>\w+)(?:@(?P<bot>\w+))?(?P<rest>\s.*)?", re.DOTALL)
_Say = Callable[[], Awaitable[None]]
_KINDS = {Chat.PRIVATE: DestinationKind.PRIVATE, Chat.CHANNEL: DestinationKind.CHANNEL}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an answer goes."""

    chat: str
    thread: str = ""
    shared: bool = False


class Inbound:
    """Answers updates; those of one person in one chat in their order, all others side by side.

    clock     the time now
    defaults  what new chats start with
    """

    def __init__(
        self, api: Api, conversation: Conversation, clock: Callable[[], datetime], defaults: Defaults
    ) -> None:
        self._api = api
        self._conversation = conversation
        self._clock = clock
        self._defaults = defaults
        self._admins = Admins(api)
        self._asking = _Turns()
        self._saying = _Turns()

    async def handle(self, update: Update) -> None:
        """Answer one update; raises nothing.

        What somebody asks next is not kept waiting by an answer that waits for its turn to be sent.
        """
        chat, user = update.effective_chat, update.effective_user
        key = chat.id if chat else 0, user.id if user else 0
        try:
            async with self._asking.of(key):
                say = await self._handled(update)
            if say is not None:
                async with self._saying.of(key):
                    await say()
        except TelegramError as error:
            log.warning("answer not delivered", extra={"reason": error.message})
        except Exception:  # one bad update ends no conversation
            log.exception("update failed")

    async def _handled(self, update: Update) -> _Say | None:
        """Do what an update asks; return what is then to be said."""
        if update.my_chat_member is not None:
            return await self._member(update.my_chat_member)
        if update.callback_query is not None:
            return await self._press(update.callback_query)
        if update.inline_query is not None:
            caller = self._caller_alone(update.inline_query.from_user)
            await answer_inline(self._api, self._conversation, update.inline_query, caller)
        elif update.message is not None:
            return await self._message(update.message)
        return None

    # -- messages ---------------------------------------------------------------------------------

    async def _message(self, message: Message) -> _Say | None:
        if message.migrate_to_chat_id is not None:
            await self._conversation.migrated(
                TELEGRAM, str(message.chat.id), str(message.migrate_to_chat_id), self._clock()
            )
        elif message.chat_shared is not None:
            shared = message.chat_shared
            return await self._chosen(message, shared.chat_id, shared.title or "", str(shared.request_id))
        elif message.chat.type == Chat.PRIVATE and isinstance(message.forward_origin, MessageOriginChannel):
            channel = message.forward_origin.chat
            return await self._chosen(message, channel.id, channel.title or "", "")
        elif line := self._line(message):
            caller = await self._caller(message, message.from_user, line)
            return self._answer(_place_of(message), await self._asked(caller, line))
        return None

    def _line(self, message: Message) -> str:
        """Return the command line of a message, "" for what is not meant for us."""
        words = (message.text or "").strip()
        private = message.chat.type == Chat.PRIVATE
        if not words:
            return ""
        found = _COMMAND.fullmatch(words)
        if found is None:
            # In a private chat whoever writes wants a job; "help" alone wants help.
            is_command = (known := command_of(words)) is not None and known.is_listed and " " not in words
            return "" if not private else words if is_command else f"jobs {words}"
        ours = (found["bot"] or "").lower() == self._api.username.lower()
        line = f"{found['name']}{found['rest'] or ''}"
        if found["bot"] and not ours:
            return ""
        # Of other bots' commands in a group we say nothing.
        return line if private or ours or command_of(line) is not None else ""

    async def _chosen(self, message: Message, chat: int, title: str, token: str) -> _Say | None:
        """Do in a channel what was asked before in private, if both the person and we may."""
        user, place = message.from_user, _place_of(message)
        if user is None:
            return None
        caller = replace(
            self._caller_alone(user),
            address=str(chat),
            kind=DestinationKind.CHANNEL,
            private=place.chat,
            title=title,
            picks_chats=False,
        )
        if not await self._admins.is_one(str(chat), user.id):
            document = said("channel-not-admin", caller.locale, title=title)
        elif not await self._admins.may_we_write(str(chat)):
            document = said("channel-no-rights", caller.locale, title=title)
        else:
            document = await self._asked(replace(caller, manages=True), f"chosen {token}".strip())
        return self._answer(place, document, about=str(chat))

    # -- presses ----------------------------------------------------------------------------------

    async def _press(self, query: CallbackQuery) -> _Say | None:
        locale = query.from_user.language_code or "en"
        pressed, message = buttons.read(query.data), query.message
        # A button about another chat is about a shared one, and those have negative ids.
        if pressed is None or message is None or (pressed.about and not pressed.about.startswith("-")):
            await self._toast(query, text("button-stale", locale))
            return None
        if message.chat.type == Chat.PRIVATE and message.chat.id != query.from_user.id:
            await self._toast(query, text("button-not-yours", locale))
            return None
        here = message if isinstance(message, Message) else None
        if pressed.about:
            caller = await self._caller_about(query.from_user, pressed.about, message.chat)
        else:
            caller = await self._caller(message, query.from_user, pressed.command, pressed=True)
        asking = asyncio.create_task(self._asked(caller, pressed.command))
        await asyncio.wait({asking}, timeout=ANSWER_PRESS_WITHIN)
        if not asking.done():
            await self._toast(query)
            document = replace(await asking, brief=False)
        else:
            document = await asking
            # What one person of many asked is no message for all the others.
            alone = message.chat.type != Chat.PRIVATE and not caller.manages and not document.replaces
            if document.brief or alone:
                words = plain_text(document, LONGEST_TOAST)
                await self._toast(query, words, alert=alone and not document.brief)
                if here is None or alone or not document.actions:
                    return None
                return partial(self._replace_button, here, query.data or "", document)
            await self._toast(query)
        return partial(self._show, here, _place_of(message), document, pressed.about)

    async def _replace_button(self, message: Message, data: str, document: Document) -> None:
        """Put what can be done next where the pressed button stands."""
        if message.reply_markup is None:
            return
        action = document.actions[0]
        instead = InlineKeyboardButton(action.label, callback_data=buttons.written(action.command))
        rows = [
            [instead if button.callback_data == data else button for button in row]
            for row in message.reply_markup.inline_keyboard
        ]
        await self._edited(
            lambda: self._api.edit_buttons(
                str(message.chat.id), message.message_id, InlineKeyboardMarkup(rows)
            )
        )

    async def _show(self, message: Message | None, place: _Place, document: Document, about: str) -> None:
        """Show an answer in place of the message with its button, or as a message of its own."""
        rendered = render(document, shared=place.shared, about=about)
        if document.replaces and message is not None and message.text and len(rendered) == 1:
            only = rendered[0]
            if await self._edited(lambda: self._api.edit(place.chat, message.message_id, only, urgent=True)):
                return
        await self._say(place, document, about=about)

    async def _edited(self, edit: Callable[[], Awaitable[None]]) -> bool:
        """Edit, and return whether that is done; a message that is gone is not."""
        try:
            await self._api.answer(edit)
        except TelegramError as error:
            if is_nothing_to_edit(error):
                return False
            if not is_unchanged(error):
                raise
        return True

    async def _toast(self, query: CallbackQuery, words: str = "", *, alert: bool = False) -> None:
        try:
            await self._api.call(
                lambda: self._api.bot.answer_callback_query(
                    query.id, text=words or None, show_alert=alert or None
                ),
                urgent=True,
            )
        except TelegramError as error:  # too late: what was asked is done all the same
            log.info("press not answered", extra={"reason": error.message})

    # -- members ----------------------------------------------------------------------------------

    async def _member(self, change: ChatMemberUpdated) -> _Say | None:
        """Follow what was done to the bot itself, before a message fails."""
        chat, now = change.chat, self._clock()
        if reason := may_write(change.new_chat_member, chat):
            await self._conversation.left(TELEGRAM, str(chat.id), reason, now)
            return None
        await self._conversation.returned(TELEGRAM, str(chat.id), now)
        was_out = change.old_chat_member.status in (ChatMember.LEFT, ChatMember.BANNED)
        if was_out and chat.type in (Chat.GROUP, Chat.SUPERGROUP):
            hello = said("hello-group", change.from_user.language_code or "en")
            return self._answer(_Place(str(chat.id), shared=True), hello)
        return None

    # -- who asks ---------------------------------------------------------------------------------

    def _caller_alone(self, user: User) -> Caller:
        """Return a person in their private chat."""
        return Caller(
            platform=TELEGRAM,
            address=str(user.id),
            user_id=str(user.id),
            now=self._clock(),
            locale=user.language_code or "en",
            deep_link=self._api.start_link,
            picks_chats=True,
            page=PAGE,
            defaults=self._defaults,
        )

    async def _caller(
        self, message: MaybeInaccessibleMessage, user: User | None, line: str, *, pressed: bool = False
    ) -> Caller:
        """Return who asks in the chat of a message; whether they administer it, where that matters."""
        chat = message.chat
        # A pressed button stands under a message of ours, which says nothing about who pressed it.
        written = message if isinstance(message, Message) and not pressed else None
        reply = written.reply_to_message if written is not None else None
        replied_to = f"{chat.id}/{reply.message_id}" if reply is not None else ""
        if chat.type == Chat.PRIVATE:
            assert user is not None
            return replace(self._caller_alone(user), replied_to=replied_to)
        anonymous = written is not None and written.sender_chat is not None
        manages = False
        if _needs_manager(command_of(line)):
            if written is not None and written.sender_chat is not None:
                # Who writes in the name of the group is one of its administrators.
                manages = written.sender_chat == chat
            elif user is not None:
                manages = await self._admins.is_one(str(chat.id), user.id)
        return Caller(
            platform=TELEGRAM,
            address=str(chat.id),
            thread=_thread_of(message),
            user_id=str(user.id) if user is not None and not anonymous else "",
            kind=_KINDS.get(chat.type, DestinationKind.GROUP),
            now=self._clock(),
            manages=manages,
            title=chat.title or "",
            replied_to=replied_to,
            locale=(user.language_code if user else None) or "en",
            page=PAGE,
            defaults=self._defaults,
        )

    async def _caller_about(self, user: User, chat: str, here: Chat) -> Caller:
        """Return who asks in private about a shared chat."""
        return replace(
            self._caller_alone(user),
            address=chat,
            kind=DestinationKind.CHANNEL,
            private=str(here.id),
            manages=await self._admins.is_one(chat, user.id),
            picks_chats=False,
        )

    # -- asking and answering ---------------------------------------------------------------------

    async def _asked(self, caller: Caller, line: str) -> Document:
        try:
            return await self._conversation.answer(caller, line)
        except Exception:  # a bug, or a database that is away: the person hears that much
            log.exception("command failed")
            return said("failed", caller.locale)

    def _answer(self, place: _Place, document: Document, *, about: str = "") -> _Say:
        return partial(self._say, place, document, about=about)

    async def _say(self, place: _Place, document: Document, *, about: str = "") -> None:
        for rendered in render(document, shared=place.shared, about=about):
            place = await self._said(place, rendered)

    async def _said(self, place: _Place, rendered: Rendered) -> _Place:
        """Send one message of an answer; return where the next one goes, when the chat has moved."""
        try:
            await self._sent(place, rendered)
        except TelegramError as error:
            outcome = outcome_of(error, Recipient(address=place.chat, thread=place.thread))
            if not isinstance(outcome, Moved):
                raise
            thread = place.thread if outcome.thread is None else outcome.thread
            place = replace(place, chat=outcome.address, thread=thread)
            await self._sent(place, rendered)
        return place

    async def _sent(self, place: _Place, rendered: Rendered) -> None:
        await self._api.answer(lambda: self._api.send(place.chat, rendered, thread=place.thread, urgent=True))


class _Turns:
    """One at a time of each person in each chat, in order; who has nothing to say takes no room."""

    def __init__(self) -> None:
        self._locks: dict[tuple[int, int], tuple[asyncio.Lock, int]] = {}  # with how many want it

    @asynccontextmanager
    async def of(self, key: tuple[int, int]) -> AsyncIterator[None]:
        """Hold the turn of a key."""
        lock, wanted = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = lock, wanted + 1
        try:
            async with lock:
                yield
        finally:
            _, wanted = self._locks.pop(key)
            if wanted > 1:
                self._locks[key] = lock, wanted - 1


def _needs_manager(found: Command | None) -> bool:
    return found is not None and (found.audience is Audience.MANAGERS or found.name in _REPEATING)


def _place_of(message: MaybeInaccessibleMessage) -> _Place:
    return _Place(str(message.chat.id), _thread_of(message), shared=message.chat.type != Chat.PRIVATE)


def _thread_of(message: MaybeInaccessibleMessage) -> str:
    """Return the topic of a message; the General topic has none, and replies have threads that are no topics."""
    if isinstance(message, Message) and message.is_topic_message and message.message_thread_id:
        return str(message.message_thread_id)
    return ""
