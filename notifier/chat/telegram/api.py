"""Every call that the bot makes, each at its turn: one token's pace, one way to reach Telegram."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from telegram import Bot, InputFile, LinkPreviewOptions, Message
from telegram.error import BadRequest, EndPointNotFound, InvalidToken, NetworkError, TelegramError

from notifier.chat.pace import Pacer, Spacing
from notifier.chat.telegram.outcomes import TOKEN_REFUSED, is_about_the_chat, is_bad_button
from notifier.chat.telegram.render import Keyboard, Rendered
from notifier.chat.telegram.transport import (
    AiohttpRequest,
    AnswerLost,
    FloodWait,
    NotSent,
    UpdatesRequest,
    proxy_for,
)

log = logging.getLogger(__name__)

T = TypeVar("T")

# 28 of Telegram's 30 a second left no call refused in ten minutes; a bucket of 30 had 1,199 refused.
PER_SECOND = 28.0
MOST_A_SECOND = 30
# One a second; an answer may follow at once, since short bursts are tolerated.
PRIVATE = Spacing(seconds=1.0, most=2, within=2.0)
# Twenty in any minute: 17 evenly, and what is left for answers.
SHARED = Spacing(seconds=3.5, most=19, within=61.0)
UNREACHABLE_AGAIN = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # seconds
ASK_AGAIN = 600.0  # seconds after which a refused token is tried again
MOST_TRIES = 5  # of an answer

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class Api:
    """Calls of one bot. Raises `TelegramError`; answers to people are tried again first.

    root      of the Bot API server, such as https://api.telegram.org
    refused   called with the reason when the token is refused
    accepted  called when it is taken (again)
    """

    def __init__(
        self,
        token: str,
        root: str,
        *,
        per_second: float = PER_SECOND,
        refused: Callable[[str], None] = lambda reason: None,
        accepted: Callable[[], None] = lambda: None,
    ) -> None:
        proxy = proxy_for(root)
        self._requests = (AiohttpRequest(proxy=proxy), UpdatesRequest(2, proxy=proxy))
        self.bot = Bot(
            token,
            base_url=f"{root.rstrip('/')}/bot",
            base_file_url=f"{root.rstrip('/')}/file/bot",
            request=self._requests[0],
            get_updates_request=self._requests[1],
        )
        self.id = token.partition(":")[0]
        self.username = ""
        self._pacer = Pacer(per_second, MOST_A_SECOND)
        self._on_refused = refused
        self._on_accepted = accepted
        self._refused = asyncio.Event()
        self._takes_rich = True
        self._failures = 0
        self._unreachable_until = 0.0

    @property
    def start_link(self) -> str:
        """Return what a link that starts the bot with a token begins with."""
        return f"https://t.me/{self.username}?start="

    async def open(self) -> None:
        """Open the connections."""
        for request in self._requests:
            await request.initialize()

    async def close(self) -> None:
        """Close them; what is under way is cut off."""
        for request in self._requests:
            await request.shutdown()

    async def check(self) -> None:
        """Ask Telegram who we are, and note whether it takes the token."""
        me = await self.bot.get_me()
        self.username = me.username or ""
        self._failures = 0
        self._refused.clear()
        self._on_accepted()

    # -- messages ---------------------------------------------------------------------------------

    async def send(
        self,
        chat: str,
        rendered: Rendered,
        *,
        thread: str = "",
        silent: bool = False,
        urgent: bool = False,
    ) -> Message:
        """Send one message; one that is refused for a button alone goes without its buttons."""
        try:
            return await self._send(chat, rendered, rendered.keyboard, thread, silent=silent, urgent=urgent)
        except TelegramError as error:
            if not is_bad_button(error) or rendered.keyboard is None:
                raise
            log.warning("buttons refused", extra={"reason": error.message})
            return await self._send(chat, rendered, None, thread, silent=silent, urgent=urgent)

    async def _send(
        self,
        chat: str,
        rendered: Rendered,
        keyboard: Keyboard | None,
        thread: str,
        *,
        silent: bool,
        urgent: bool,
    ) -> Message:
        options: dict[str, Any] = {
            "chat_id": int(chat),
            "message_thread_id": int(thread) if thread else None,
            "disable_notification": silent or None,
            "reply_markup": keyboard,
        }
        if rendered.file is not None:
            file = InputFile(rendered.file.content, rendered.file.name, attach=False)
            return await self.call(
                lambda: self.bot.send_document(
                    document=file,
                    caption=rendered.text,
                    caption_entities=rendered.entities or None,
                    **options,
                ),
                chat,
                urgent=urgent,
            )
        return await self.call(
            lambda: self.bot.send_message(
                text=rendered.text,
                entities=rendered.entities or None,
                link_preview_options=_NO_PREVIEW,
                **options,
            ),
            chat,
            urgent=urgent,
        )

    async def send_rich(self, chat: str, html: str, keyboard: Keyboard | None, *, silent: bool) -> int | None:
        """Send one rich message and return its id; None when the server takes none, which is remembered."""
        if not self._takes_rich:
            return None
        message = {
            "chat_id": int(chat),
            "rich_message": {"html": html, "skip_entity_detection": True},
            "reply_markup": keyboard,
            "disable_notification": silent or None,
        }
        try:
            sent = await self.call(
                lambda: self.bot.do_api_request("sendRichMessage", api_kwargs=message), chat
            )
        except EndPointNotFound:
            self._takes_rich = False
            log.info("rich messages not known to the server, classic ones sent instead")
            return None
        except BadRequest as error:
            if is_about_the_chat(error):
                raise
            log.warning("rich message refused, classic one sent instead", extra={"reason": error.message})
            return None
        return int(sent["message_id"])

    async def edit(self, chat: str, message_id: int, rendered: Rendered, *, urgent: bool = False) -> None:
        """Replace a message's text and buttons."""
        keyboard: Any = rendered.keyboard
        await self.call(
            lambda: self.bot.edit_message_text(
                text=rendered.text,
                chat_id=int(chat),
                message_id=message_id,
                entities=rendered.entities or None,
                reply_markup=keyboard,
                link_preview_options=_NO_PREVIEW,
            ),
            chat,
            urgent=urgent,
        )

    async def edit_buttons(self, chat: str, message_id: int, keyboard: Any) -> None:
        """Replace a message's buttons, since somebody pressed one."""
        await self.call(
            lambda: self.bot.edit_message_reply_markup(int(chat), message_id, reply_markup=keyboard),
            chat,
            urgent=True,
        )

    # -- any call -----------------------------------------------------------------------------------

    async def call(self, make: Callable[[], Awaitable[T]], chat: str = "", *, urgent: bool = False) -> T:
        """Await a call at its turn.

        While Telegram cannot be reached, or refuses the token, no call goes out: `NotSent`, `InvalidToken`.
        """
        if self.is_refused:
            raise InvalidToken(TOKEN_REFUSED)
        if (rest := self.unreachable_for()) and not urgent:
            raise NotSent(f"unreachable, tried again in {rest:.0f} s")
        await self._pacer.turn(chat, SHARED if chat.startswith("-") else PRIVATE, urgent=urgent)
        try:
            result = await make()
        except FloodWait as wait:
            self._pacer.refused(chat, wait.seconds)
            raise
        except NotSent:
            self.failed()
            raise
        except InvalidToken as error:
            # A method that the server does not know looks the same; only a token that it refuses stops us.
            if "unauthorized" not in error.message.lower() and await self._takes_token():
                raise EndPointNotFound("the server does not know the method") from error
            self.refuse()
            raise
        finally:
            self._pacer.answered()
        self._failures = 0
        return result

    async def answer(self, make: Callable[[], Awaitable[T]]) -> T:
        """Await something that a person waits for: tried again after a wait, an outage or a lost answer."""
        for tries in range(1, MOST_TRIES + 1):
            try:
                return await make()
            except FloodWait:
                pass  # the next turn of that chat comes after its wait
            except NetworkError as error:
                if not _may_pass(error) or tries == MOST_TRIES:
                    raise
                await asyncio.sleep(UNREACHABLE_AGAIN[tries - 1])
        return await make()

    def failed(self) -> float:
        """Note that there was no connection; return the seconds until one is tried again."""
        now = asyncio.get_running_loop().time()
        if now >= self._unreachable_until:
            wait = UNREACHABLE_AGAIN[min(self._failures, len(UNREACHABLE_AGAIN) - 1)]
            self._failures += 1
            self._unreachable_until = now + wait
        return self.unreachable_for()

    def unreachable_for(self) -> float:
        """Return the seconds for which no connection is tried; 0 when all is well."""
        return max(0.0, self._unreachable_until - asyncio.get_running_loop().time())

    async def _takes_token(self) -> bool:
        try:
            await self.bot.get_me()
        except TelegramError as error:
            return not isinstance(error, InvalidToken)
        return True

    def refuse(self) -> None:
        """Note that the token is refused: no call goes out until `check` says otherwise."""
        self._refused.set()
        self._on_refused(TOKEN_REFUSED)

    @property
    def is_refused(self) -> bool:
        """Return whether the token is refused, as far as we know."""
        return self._refused.is_set()

    async def until_refused(self) -> None:
        """Return when the token is refused."""
        await self._refused.wait()


def _may_pass(error: NetworkError) -> bool:
    """Return whether an error is an outage: the library's BadRequest is a NetworkError too."""
    return type(error) in (NetworkError, NotSent, AnswerLost)
