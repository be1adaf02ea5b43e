"""Messages that nobody asked for: pushes, digests, edits, notices."""

from collections import OrderedDict

from telegram import Message
from telegram.error import TelegramError

from notifier.chat import TELEGRAM
from notifier.chat.telegram.api import PRIVATE, SHARED, Api
from notifier.chat.telegram.outcomes import (
    NOT_FOUND_AGAIN,
    is_not_found,
    is_nothing_to_edit,
    is_unchanged,
    outcome_of,
)
from notifier.chat.telegram.render import PAGE, render
from notifier.chat.telegram.rich import rich_html
from notifier.chat.telegram.transport import NotSent
from notifier.domain.document import Document
from notifier.domain.ports import Gone, Outcome, Pace, Recipient, RetryAfter, Sent

_MOST_REMEMBERED = 1_000


class TelegramMessenger:
    """Sends documents to Telegram; a reference is CHAT/MESSAGE, with commas between several messages."""

    name = TELEGRAM
    pace = Pace(private=PRIVATE.seconds, shared=SHARED.seconds)
    page = PAGE

    def __init__(self, api: Api) -> None:
        self._api = api
        self._not_found: set[str] = set()
        self._begun: OrderedDict[str, list[int]] = OrderedDict()  # batch: the messages of it that are out

    async def send(self, recipient: Recipient, document: Document, batch: str) -> Outcome:
        """Send the document as one message or several; a further try goes on where the last one stopped."""
        begun = self._begun.pop(batch, [])
        try:
            if recipient.rich and not begun and (html := rich_html(document)):
                keyboard = render(document, shared=recipient.shared)[-1].keyboard
                message_id = await self._api.send_rich(
                    recipient.address, html, keyboard, silent=recipient.silent
                )
                if message_id is not None:
                    return Sent(f"{recipient.address}/{message_id}")
            for rendered in render(document, shared=recipient.shared)[len(begun) :]:
                message: Message = await self._api.send(
                    recipient.address, rendered, thread=recipient.thread, silent=recipient.silent
                )
                begun.append(message.message_id)
        except TelegramError as error:
            if begun:
                self._begun[batch] = begun
                if len(self._begun) > _MOST_REMEMBERED:
                    self._begun.popitem(last=False)
            return self._outcome(error, recipient)
        self._not_found.discard(recipient.address)
        return Sent(f"{recipient.address}/{','.join(map(str, begun))}")

    async def edit(self, recipient: Recipient, reference: str, document: Document) -> Outcome:
        """Replace the messages of a reference, page by page; one that is gone stays gone."""
        messages = reference.partition("/")[2].split(",")
        for message, rendered in zip(messages, render(document, shared=recipient.shared), strict=False):
            try:
                await self._api.edit(recipient.address, int(message), rendered)
            except TelegramError as error:
                if not is_unchanged(error) and not is_nothing_to_edit(error):
                    return self._outcome(error, recipient)
        return Sent(reference)

    def _outcome(self, error: TelegramError, recipient: Recipient) -> Outcome:
        if isinstance(error, NotSent):
            return RetryAfter(max(1.0, self._api.unreachable_for()))
        if is_not_found(error):
            if recipient.address in self._not_found:
                self._not_found.discard(recipient.address)
                return Gone(error.message)
            self._not_found.add(recipient.address)
            return RetryAfter(NOT_FOUND_AGAIN)
        return outcome_of(error, recipient)
