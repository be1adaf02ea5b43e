"""Messages that come by themselves, onto a terminal."""

from collections.abc import Callable

from notifier.chat.console.screen import Screen
from notifier.domain.document import Document
from notifier.domain.ports import Outcome, Pace, Recipient, Sent
from notifier.domain.texts import DEFAULT, text

NAME = "console"


class ConsoleMessenger:
    """Shows each message under a line that says to whom it goes.

    first_page  (document, batch) -> its first page with the commands that turn it; None: all of it is shown
    """

    name = NAME
    pace = Pace()

    def __init__(self, screen: Screen, first_page: Callable[[Document, str], Document] | None = None) -> None:
        self._screen = screen
        self._first_page = first_page

    async def send(self, recipient: Recipient, document: Document, batch: str) -> Outcome:
        """Show the document; what a line of output cannot do is ask to wait."""
        locale = recipient.locale
        self._show(document, batch, text("console-to", locale, name=recipient.address), locale)
        return Sent(f"{recipient.address}/{batch}")

    async def edit(self, reference: str, document: Document) -> Outcome:
        """Show the document again, said to be an edit: a terminal's past stays as it is."""
        address, _, batch = reference.partition("/")
        self._show(document, batch, text("console-edited", DEFAULT, name=address), DEFAULT)
        return Sent(reference)

    def _show(self, document: Document, batch: str, head: str, locale: str) -> None:
        page = self._first_page(document, batch) if self._first_page else document
        self._screen.message(page, head, locale)
