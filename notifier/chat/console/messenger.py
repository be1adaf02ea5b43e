"""Documents onto a terminal, page by page, as CommonMark."""

from collections.abc import Callable

from notifier.chat import markdown
from notifier.domain.document import Document
from notifier.domain.ports import Outcome, Pace, Recipient, Sent

NAME = "console"


class ConsoleMessenger:
    """Writes each message with a line above that says to whom it goes."""

    name = NAME
    pace = Pace()

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    async def send(self, recipient: Recipient, document: Document, batch: str) -> Outcome:
        """Write the document's pages; what a line of output cannot do is ask to wait."""
        self._show(f"to {recipient.address}", document)
        return Sent(f"{recipient.address}/{batch}")

    async def edit(self, reference: str, document: Document) -> Outcome:
        """Write the document again, said to be an edit: a terminal's past stays as it is."""
        self._show(f"to {reference.partition('/')[0]}, edited", document)
        return Sent(reference)

    def _show(self, head: str, document: Document) -> None:
        for page in markdown.render_pages(document):
            self._write(f"──── {head} ────\n{page}")
