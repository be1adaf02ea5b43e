"""Documents on a terminal: text for people, and a number at all that can be done about them.

A number means one thing. Items have their own, what else can be done is numbered on after them; messages
that come by themselves are numbered on after the last answer, so that what somebody is about to type
does not change its meaning meanwhile. The next answer begins anew.
"""

import os
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from notifier.chat import markdown
from notifier.domain.clean import NAME, clean, safe_link
from notifier.domain.document import Action, Block, BlockKind, Document, File, Span
from notifier.domain.texts import text

MOST_NUMBERS = 99  # then messages that come by themselves begin anew as well
WIDTH = 80  # of a line of actions; everything else is wrapped by the terminal
_ENDING = "\x1b[0m"
_BOLD, _DIM, _ITALIC, _UNDERLINE, _STRIKE = "1", "2", "3", "4", "9"
# What joins letters or emoji, and what keeps names from becoming links; no other format character is shown.
_INVISIBLE = "\u200c\u200d\u2060"
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Look:
    """What a terminal can show: bold and the like, and links behind words (OSC 8)."""

    styles: bool = False
    links: bool = False


PLAIN = Look()


def look(tty: bool, environment: Mapping[str, str]) -> Look:
    """Return what may be shown on a standard output; plain text where nobody looks, or with NO_COLOR."""
    term = environment.get("TERM", "dumb")
    styles = tty and not environment.get("NO_COLOR") and term != "dumb"
    return Look(styles=styles, links=styles and term != "linux")


class Screen:
    """Shows documents, and knows what the numbers on them mean.

    write     takes one text without its last line break
    folder    where files that documents carry are written to
    numbers   whether somebody can type them
    """

    def __init__(
        self,
        write: Callable[[str], object],
        look: Look = PLAIN,
        *,
        folder: Path = Path(),
        numbers: bool = True,
    ) -> None:
        self._write = write
        self._look = look
        self._folder = folder
        self._numbers = numbers
        self._means: dict[int, Action | str] = {}
        self._last = 0

    def answer(self, document: Document, locale: str) -> None:
        """Show the answer to what was typed; its numbers begin anew."""
        self._means, self._last = {}, 0
        self._show(document, locale)

    def message(self, document: Document, head: str, locale: str) -> None:
        """Show a message that nobody asked for, under a line that says to whom it goes."""
        self._write(self._styled(f"──── {harmless(head)} ────", _DIM))
        self._show(document, locale)

    def say(self, words: str) -> None:
        """Write a line of our own."""
        self._write(harmless(words))

    def meant(self, line: str, locale: str) -> str:
        """Return the command that a typed line means; "" for a number that is answered here.

        A number does what stands at it. Of a link there is nothing to do but to show where it goes.
        """
        if not (line.isascii() and line.isdecimal() and len(line) < 10):
            return line.replace("\u2060", "")  # what was copied from this screen
        meant = self._means.get(int(line))
        if isinstance(meant, str):
            return meant
        if meant is None:
            self.say(text("console-nothing", locale, number=int(line)))
        else:
            self._write(f"{harmless(meant.label)}: {self._linked(safe_link(meant.url), meant.url)}")
        return ""

    # -- one document ---------------------------------------------------------------------------

    def _show(self, document: Document, locale: str) -> None:
        items, actions = self._number(document)
        lines: list[str] = []
        before = None
        for block, number in zip(document.blocks, items, strict=True):
            apart = block.kind is BlockKind.HEADING or before is BlockKind.ITEM is not block.kind
            if lines and apart:
                lines.append("")
            lines += self._lines(block, number)
            before = block.kind
        if lines and before is BlockKind.ITEM and actions:
            lines.append("")
        labels = [
            self._label(action, number) for action, number in zip(document.actions, actions, strict=True)
        ]
        lines += _filled(labels)
        self._write("\n".join(lines) + "\n")
        if document.file is not None:
            self.say(self._kept(document.file, locale))

    def _number(self, document: Document) -> tuple[list[int | None], list[int]]:
        """Return the numbers of the blocks and of the actions; what they mean is remembered."""
        blocks = document.blocks
        own = {block.number for block in blocks if block.number is not None and block.number > 0}
        highest = max(own, default=0)
        too_many = self._last + highest + len(blocks) + len(document.actions) > MOST_NUMBERS
        if too_many or not self._numbers:
            self._means, self._last = {}, 0
        after = self._last
        free = count(after + highest + 1)
        numbers: list[int | None] = []
        for block in blocks:
            if block.number in own:
                own.discard(block.number)  # a second one of that number gets another
                number = after + block.number
            elif block.number is not None or block.opens:
                number = next(free)
            else:
                numbers.append(None)
                continue
            numbers.append(number)
            if block.opens:
                self._means[number] = block.opens
        actions = [next(free) for _ in document.actions]
        for number, action in zip(actions, document.actions, strict=True):
            self._means[number] = action.command or action
        self._last = next(free) - 1
        return numbers, actions

    def _lines(self, block: Block, number: int | None) -> Iterator[str]:
        lead = f"{number:>2}. " if number is not None else "  " if block.kind is BlockKind.ITEM else ""
        style = (_DIM,) if block.kind is BlockKind.NOTE else ()
        for line in _broken(block.spans):
            yield lead + "".join(self._span(span, style) for span in line)
            lead = " " * len(lead)

    def _span(self, span: Span, style: Sequence[str]) -> str:
        wanted = ((span.bold, _BOLD), (span.italic, _ITALIC), (span.strike, _STRIKE))
        words = self._linked(harmless(span.text), span.link) if span.link else harmless(span.text)
        underline = (_UNDERLINE,) if span.link and self._look.links else ()
        return self._styled(words, *style, *(code for is_so, code in wanted if is_so), *underline)

    def _styled(self, words: str, *codes: str) -> str:
        if not (self._look.styles and codes and words):
            return words
        return f"\x1b[{';'.join(codes)}m{words}{_ENDING}"

    def _linked(self, words: str, url: str) -> str:
        """Return words with their link behind them, or in full where a terminal has no links."""
        target = safe_link(url)
        if not target:
            return words
        if self._look.links:
            return f"\x1b]8;;{target}\x1b\\{words}\x1b]8;;\x1b\\"
        return words if words == target else f"{words} ({target})"

    def _label(self, action: Action, number: int) -> tuple[str, int]:
        """Return an action as it is shown, and how wide that is."""
        label = harmless(action.label)
        shown = self._linked(label, action.url) if action.url else label
        width = _width(label if self._look.links else shown)
        if not self._numbers:
            return shown, width
        lead = f"[{number}] "
        return self._styled(lead.rstrip(), _BOLD) + " " + shown, len(lead) + width

    # -- files ----------------------------------------------------------------------------------

    def _kept(self, file: File, locale: str) -> str:
        """Write a file under a name that is free, for its owner only, and return what is said of it."""
        content = file.content
        if isinstance(content, Document):
            content = markdown.render(content).encode()
        try:
            path = self._free(_file_name(file.name), content)
        except OSError as error:
            return text("console-file-failed", locale, reason=error.strerror or str(error))
        return text("console-file", locale, name=path.name)

    def _free(self, name: str, content: bytes) -> Path:
        for n in count(1):
            path = self._folder / name
            if n > 1:
                path = path.with_stem(f"{path.stem}-{n}")
            try:
                number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                continue
            with os.fdopen(number, "wb") as opened:
                opened.write(content)
            return path
        raise AssertionError


def harmless(words: str) -> str:
    """Return `words` without anything that a terminal would obey, on one line.

    The cleaner has done most of it before; here nothing passes, whoever wrote it.
    """
    if words.isascii() and words.isprintable():
        return words
    words = re.sub(r"[\t\n\v\f\r\x85\u2028\u2029]", " ", words)
    return "".join(char for char in words if char in _INVISIBLE or unicodedata.category(char) not in _DROPPED)


def _broken(spans: Sequence[Span]) -> Iterator[list[Span]]:
    """Yield the spans line by line."""
    line: list[Span] = []
    for span in spans:
        first, *rest = span.text.split("\n")
        line.append(_with_text(span, first))
        for words in rest:
            yield line
            line = [_with_text(span, words)]
    yield line


def _with_text(span: Span, words: str) -> Span:
    link = span.link if words.strip() else ""
    return Span(words, link, span.bold, span.italic, span.strike, span.code)


def _filled(labels: Sequence[tuple[str, int]]) -> Iterator[str]:
    """Yield actions in lines, as many in each as have room; none is broken."""
    line, used = "", 0
    for label, width in labels:
        if line and used + 3 + width > WIDTH:
            yield line
            line, used = "", 0
        line, used = (f"{line}   {label}", used + 3 + width) if line else (label, width)
    if line:
        yield line


def _width(words: str) -> int:
    """Return how many cells of a terminal the words take, near enough."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in words)


def _file_name(name: str) -> str:
    """Return a name for a file in this very folder, whatever was asked for."""
    plain = re.sub(r"[^\w.-]+|\.\.+", "-", clean(name, NAME).replace("\u2060", "")).strip("-.")
    return plain or "file"
