"""A message that no platform owns: blocks of spans, and actions.

Text from outside goes into a `Span` as it is after `clean.clean`; escaping belongs to the renderers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

ITEMS_A_PAGE = 10  # Telegram keeps 100 entities a message, a job needs up to ten
COMMAND_BYTES = 64  # Telegram's callback_data


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text in one style; `\\n` breaks the line inside a block."""

    text: str
    link: str = ""  # http or https; "" for none
    bold: bool = False
    italic: bool = False
    strike: bool = False
    code: bool = False


class BlockKind(StrEnum):
    """What a block is; the renderer decides what that looks like."""

    HEADING = "heading"
    TEXT = "text"
    ITEM = "item"  # one job, or one line of a list; counted by pages
    NOTE = "note"  # small print


@dataclass(frozen=True, slots=True)
class Block:
    """What is never split: a heading, a paragraph, one job."""

    spans: tuple[Span, ...]
    kind: BlockKind = BlockKind.TEXT
    number: int | None = None  # shown before an item
    opens: str = ""  # the command line that shows more of it


@dataclass(frozen=True, slots=True)
class Action:
    """A button: either a link or a command line that means the same after a restart."""

    label: str
    url: str = ""
    command: str = ""  # at most COMMAND_BYTES bytes

    def __post_init__(self) -> None:
        if bool(self.url) == bool(self.command):
            raise ValueError(f"action {self.label!r} needs either a url or a command")
        if len(self.command.encode()) > COMMAND_BYTES:
            raise ValueError(f"command of action {self.label!r} is over {COMMAND_BYTES} bytes")


@dataclass(frozen=True, slots=True)
class File:
    """A file that a document carries."""

    name: str
    content: "bytes | Document"  # a document becomes a Markdown file


@dataclass(frozen=True, slots=True)
class Document:
    """Blocks in reading order, then actions in button order."""

    blocks: Sequence[Block]
    actions: Sequence[Action] = field(default=())
    file: File | None = None


def pages(document: Document, items: int = ITEMS_A_PAGE) -> Iterator[Document]:
    """Yield the document in pages of at most `items` item blocks, whole blocks only.

    A heading never ends a page: it moves to the page of its first item. Actions and the file
    stand on the last page.
    """
    page: list[Block] = []
    pending: list[Block] = []  # headings that wait for their first item
    counted = 0
    for block in document.blocks:
        if block.kind is BlockKind.HEADING:
            pending.append(block)
            continue
        if block.kind is BlockKind.ITEM:
            if counted == items:
                yield replace(document, blocks=tuple(page), actions=(), file=None)
                page, counted = [], 0
            counted += 1
        page += [*pending, block]
        pending = []
    yield replace(document, blocks=(*page, *pending))
