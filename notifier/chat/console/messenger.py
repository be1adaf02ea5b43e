"""Messages that come by themselves, onto a terminal."""

from notifier.chat.console.screen import Screen
from notifier.domain.document import Document, PageSize
from notifier.domain.ports import Outcome, Pace, Recipient, Sent
from notifier.domain.texts import text

NAME = "console"


class ConsoleMessenger:
    """Shows each message under a line that says to whom it goes."""

    name = NAME
    pace = Pace()
    page = PageSize()

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    async def send(self, recipient: Recipient, document: Document, batch: str) -> Outcome:
        """Show the document; what a line of output cannot do is ask to wait."""
        self._show("console-to", recipient, document)
        return Sent(f"{recipient.address}/{batch}")

    async def edit(self, recipient: Recipient, reference: str, document: Document) -> Outcome:
        """Show the document again, said to be an edit: a terminal's past stays as it is."""
        self._show("console-edited", recipient, document)
        return Sent(reference)

    def _show(self, message_id: str, recipient: Recipient, document: Document) -> None:
        head = text(message_id, recipient.locale, name=recipient.address)
        self._screen.message(document, head, recipient.locale)
