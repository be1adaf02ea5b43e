"""A message that no platform owns: blocks of spans, and actions.

Text from outside goes into a `Span` as it is after `clean.clean`; escaping belongs to the renderers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

COMMAND_BYTES = 44  # Telegram's callback_data holds 64, with which chat it is about


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
    picks_chat: bool = False  # the person first chooses a shared chat, and the command is about that one

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
    """Blocks in reading order, then actions in button order.

    brief     the answer to a button that says so little that a platform may show it in passing; its action
              takes the place of that button
    replaces  the answer to a button that takes the place of the message with the button
    title     what it is called where messages have titles
    mode      of the one job that it is about: a platform may give it a colour; "" for none or several
    """

    blocks: Sequence[Block]
    actions: Sequence[Action] = field(default=())
    file: File | None = None
    brief: bool = False
    replaces: bool = False
    title: str = ""
    mode: str = ""


@dataclass(frozen=True, slots=True)
class PageSize:
    """What one message of a platform holds.

    units  UTF-16 code units of text, as both chat platforms count
    marks  styles and links; None: any number
    links  whether the targets of links count as text
    """

    items: int = 10
    units: int | None = None
    marks: int | None = None
    links: bool = False


USUAL_PAGE = PageSize()


def pages(document: Document, size: PageSize = USUAL_PAGE) -> Iterator[Document]:
    """Yield the document in pages that fit `size`, whole blocks only; a block too long for it is a page.

    A heading never ends a page: it moves to the page of what it stands over. Actions and the file
    stand on the last page.
    """
    page: list[Block] = []
    pending: list[Block] = []  # headings that wait for their first item
    for block in document.blocks:
        pending.append(block)
        if block.kind is BlockKind.HEADING:
            continue
        if page and not _fit([*page, *pending], size):
            yield replace(document, blocks=tuple(page), actions=(), file=None)
            page = []
        page += pending
        pending = []
    yield replace(document, blocks=(*page, *pending))


def _fit(blocks: Sequence[Block], size: PageSize) -> bool:
    if sum(block.kind is BlockKind.ITEM for block in blocks) > size.items:
        return False
    if size.marks is not None and sum(map(_marks, blocks)) > size.marks:
        return False
    return size.units is None or sum(_units(block, links=size.links) for block in blocks) <= size.units


def _units(block: Block, *, links: bool) -> int:
    words = "".join(span.text + (span.link if links else "") for span in block.spans)
    # Between blocks stands an empty line; before an item its number.
    return utf16(words) + 6


def _marks(block: Block) -> int:
    return sum(bool(span.link) + span.bold + span.italic + span.strike + span.code for span in block.spans)


def utf16(words: str) -> int:
    """Return the length of a text in UTF-16 code units."""
    return len(words) if words.isascii() else len(words.encode("utf-16-le", "surrogatepass")) // 2
