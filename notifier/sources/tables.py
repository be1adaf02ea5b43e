"""Tables of a document as raw cells: Markdown pipe tables, and HTML tables inside Markdown.

One pass over the lines; nothing looks at more than one row at a time.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from notifier.sources.cells import link_spans

LONGEST_ROW = 64 * 1024  # characters; real rows list fifty places

_SEPARATOR_CELL = re.compile(r"\s*:?-+:?\s*")
_PIPE = re.compile(r"\\.|\|")  # what ends a cell, and what keeps it from that
_HTML_PART = re.compile(r"<(/?)(table|tr|th|td)\b([^<>]*)>", re.IGNORECASE)
_SPAN = re.compile(r"\b(row|col)span\s*=\s*[\"']?(\d{1,4})", re.IGNORECASE)
_WIDEST_SPAN = 64  # columns
_REPEATING = 8  # characters that a repeated cell costs beside its own
_HTML_HEADING = re.compile(r"<(h[1-6]|summary)\b[^<>]*>")
_MOST_SAID = 8  # lines between a heading and its table
_LONGEST_TAG = 500  # characters, when it is broken over lines
_LONGEST_SAID = 300  # characters
_QUOTED = re.compile(r"^\s*(?:>\s?)+")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d{1,9}[.)])\s+(?=\|)")
_TARGET = re.compile(r" {0,3}\[([^\[\]^][^\[\]]{0,99})\]: *<?(https?://[^\s<>]{1,500})", re.IGNORECASE)
_REFERENCE = re.compile(
    r"\[([^\[\]]{1,100})\]\[\]|\]\[([^\[\]]{1,100})\]|(?<!\])\[([^\[\]]{1,100})\](?![\[(:])"
)
_MOST_REPEATED = 4  # times the text of a document, by links that stand once and count for many rows


@dataclass(slots=True)
class Row:
    """A row's raw cells; `too_long` when it was not split at all."""

    line: int  # 1-based
    cells: list[str]
    text: str = ""
    too_long: bool = False


@dataclass(slots=True)
class Table:
    """A table with the heading above it."""

    head: list[str]
    section: str
    rows: list[Row] = field(default_factory=list)
    said: Sequence[str] = ()  # the lines "label: value" below that heading


@dataclass(slots=True)
class _Above:
    """What stands above the line that is read.

    section  the last heading
    said     the lines "label: value" below it
    folded   the headings above each <details> that is still open
    """

    section: str = ""
    said: list[str] = field(default_factory=list)
    folded: list[str] = field(default_factory=list)

    def head(self, section: str) -> None:
        """Note a heading."""
        self.section, self.said = section, []

    def note(self, line: str) -> None:
        """Note a line of words."""
        if ":" in line and len(line) <= _LONGEST_SAID and len(self.said) < _MOST_SAID:
            self.said.append(line)

    def tags(self, line: str) -> None:
        """Note what HTML at the beginning of a line opens, heads and closes."""
        lower = line.lower()
        self.folded += [self.section] * lower.count("<details")
        found = _HTML_HEADING.search(lower)
        if found and (stop := lower.find(f"</{found[1]}>", found.end())) != -1:
            self.head(line[found.end() : stop])
        for _ in range(min(lower.count("</details"), len(self.folded))):
            self.section = self.folded.pop()


def tables(text: str) -> Iterator[Table]:
    """Yield the tables of a Markdown document in order."""
    lines = _linked(_shown(text.split("\n")))
    above = _Above()
    html = True
    at = inside = 0
    while at < len(lines):
        line = lines[at]
        short = len(line) <= LONGEST_ROW
        if short and "<" in line and line.lstrip()[:1] == "<":
            above.tags(line)
        if html and at >= inside and "<table" in line.lower():
            read, inside, closed = _html_tables(lines, at, above.section)
            yield from read
            # A tag that is never closed, with no row behind it, was a word in a sentence.
            html = closed or bool(read)
            # The cells of a table may hold pipe tables; some pages are laid out so.
            if html and not (closed and any(map(_is_separator, lines[at:inside]))):
                at = inside
            continue
        if short and (heading := _heading(line, lines, at)) is not None:
            above.head(heading)
        elif short and "|" in line and (below := _separator_below(lines, at)) is not None:
            table, at = _pipe_table(lines, at, below, above)
            yield table
            continue
        elif short:
            above.note(line)
        at += 1


def _shown(lines: list[str]) -> list[str]:
    """Return the lines with those blank that a page shows as code or not at all (comments)."""
    shown = list(lines)
    start, end = -1, ""
    for at, line in enumerate(lines):
        if not line:
            continue
        if "|" in line and line.lstrip()[:1] == ">":
            line = shown[at] = _QUOTED.sub("", line)
        begins = line.lstrip()[:4]
        if start >= 0:
            if (end in line) if end == "-->" else begins.startswith(end):
                shown[start : at + 1] = [""] * (at + 1 - start)
                start = -1
        elif begins == "<!--":
            if "-->" not in line:
                start, end = at, "-->"
            elif line.rstrip().endswith("-->"):
                shown[at] = ""
        elif begins.startswith("~~~") or (begins.startswith("```") and "`" not in line.lstrip(" `")):
            start, end = at, begins[:3]
    return shown


def _linked(lines: list[str]) -> list[str]:
    """Return the lines with `[text][12]` as a link, where a line `[12]: https://…` says to where."""
    targets = {
        found[1].strip().casefold(): found[2]
        for line in lines
        if "]:" in line[:120] and (found := _TARGET.match(line))
    }
    if not targets:
        return lines
    room = _MOST_REPEATED * sum(map(len, lines))

    def link(found: re.Match[str]) -> str:
        nonlocal room
        target = targets.get((found[1] or found[2] or found[3]).strip().casefold())
        if target is None or len(target) > room:
            return found[0]
        room -= len(target)
        return f"]({target})" if found[2] else f"[{found[1] or found[3]}]({target})"

    return [_REFERENCE.sub(link, line) if "|" in line and "[" in line else line for line in lines]


def _heading(line: str, lines: Sequence[str], at: int) -> str | None:
    """Return the text of the heading that line `at` is or, underlined, ends; None when it is none."""
    if line[:2] in ("==", "--"):
        return _underlined(line, lines, at)
    if "#" not in line:
        return None
    line = line.strip()
    text = line.lstrip("#")
    if not 1 <= len(line) - len(text) <= 6 or not text[:1].isspace():
        return None
    text = text.strip()
    unclosed = text.rstrip("#")
    return unclosed.rstrip() if not unclosed or unclosed[-1].isspace() else text


def _underlined(line: str, lines: Sequence[str], at: int) -> str | None:
    """Return a line of its own that stands above a line of dashes or equal signs."""
    above = lines[at - 1].strip() if at else ""
    alone = at < 2 or not lines[at - 2].strip()
    line = line.rstrip().strip(line[0])
    return None if line or not above or not alone or "|" in above or above[0] in "#<>-*+=" else above


# -- pipe tables --------------------------------------------------------------------------------


def _separator_below(lines: Sequence[str], at: int) -> int | None:
    """Return the line of the `---|---` that makes line `at` a head; one blank line may stand between."""
    for below in range(at + 1, min(at + 3, len(lines))):
        if _is_separator(lines[below]):
            return below
        if lines[below].strip():
            return None
    return None


def _is_separator(line: str) -> bool:
    if line.strip("|:- \t\r") or "-" not in line or "|" not in line or len(line) > 2_000:
        return False
    return all(_SEPARATOR_CELL.fullmatch(cell) for cell in _unframed(line).split("|"))


def _pipe_table(lines: Sequence[str], at: int, separator: int, above: _Above) -> tuple[Table, int]:
    first = _ITEM.sub("", lines[at])
    head = split_row(first)
    framed = first.lstrip().startswith("|")
    table = Table(head, above.section, said=above.said)
    after_blank = False
    at = separator + 1
    while at < len(lines):
        line = lines[at].rstrip("\r")
        if not line.strip():
            after_blank = bool(table.rows)  # blank lines between head and rows say nothing
            at += 1
            continue
        starts = line.lstrip().startswith("|")
        if "|" not in line or (after_blank and not starts):
            break
        if (after_blank or "://" not in line) and _separator_below(lines, at) is not None:
            break  # the head of another table
        if len(line) > LONGEST_ROW:
            table.rows.append(Row(at + 1, [], line[:200], too_long=True))
        elif not _is_separator(line):
            cells = split_row(line)
            if framed and not starts and len(cells) < len(head) and "](" not in line and "<a" not in line:
                break  # "50 jobs | 18% remote" under the table
            table.rows.append(Row(at + 1, cells, line))
        after_blank = False
        at += 1
    return table, at


def split_row(line: str) -> list[str]:
    """Return the raw cells of a row; a pipe that is escaped or inside a link does not split."""
    line = _unframed(line)
    if "\\" not in line:
        simple = line.split("|")
        if all(cell.count("[") == cell.count("]") for cell in simple):
            return simple
    found_spans = link_spans(line) if "](" in line else {}
    spans = iter(sorted((at, stop) for at, (_, stop) in found_spans.items()))
    span, linked_to = next(spans, None), -1
    cells, start = [], 0
    for found in _PIPE.finditer(line):
        at = found.start()
        while span is not None and span[0] < at:
            linked_to = max(linked_to, span[1])
            span = next(spans, None)
        if found[0] == "|" and at > linked_to:
            cells.append(line[start:at])
            start = at + 1
    cells.append(line[start:])
    return cells


def _unframed(line: str) -> str:
    line = line.strip().removeprefix("|")
    return line[:-1] if line.endswith("|") and not line.endswith("\\|") else line


# -- HTML tables --------------------------------------------------------------------------------


_ONE = (1, 1)


def _spans(attributes: str) -> tuple[int, int]:
    """Return over how many columns and rows a cell reaches."""
    if "span" not in attributes.lower():
        return _ONE
    sizes = {name.lower(): int(size) for name, size in _SPAN.findall(attributes)}
    return sizes.get("col", 1), sizes.get("row", 1)


class _HtmlReader:
    """Builds tables from tags in the order they come; a tag that is missing ends nothing but its row."""

    def __init__(self, section: str) -> None:
        self.section = section
        self.found: list[Table] = []
        self.table: Table | None = None
        self.last = 0  # the line of the last tag
        self.row: Row | None = None
        self.cell: list[str] | None = None
        self.is_head = False
        self.size = 0
        self.inside = 0  # tables that are open inside a cell
        self.span = _ONE  # of the cell: what its tag says of columns and rows
        self.held: dict[int, tuple[str, int]] = {}  # column -> a cell that reaches so many rows further
        self.spare = 0  # characters that may be repeated: no more than were read

    def tag(self, name: str, closing: bool, attributes: str, line: int) -> None:
        self.last = line
        if self.inside or (name == "table" and not closing and self.cell is not None):
            # A cell may lay its places out as a table.
            self.inside += (name == "table") * (-1 if closing else 1)
            self.words("<br>" if name in ("table", "tr") else " ")
        elif name == "table":
            self._end_table()
            if not closing:
                self.table, self.held = Table([], self.section), {}
        elif name == "tr":
            self._end_row()
            if not closing and self.table is not None:
                self.row, self.size = Row(line, []), 0
        else:
            self._end_cell()
            if not closing and self.row is not None:
                self.cell = []
                self.is_head = self.is_head or name == "th"
                self.span = _spans(attributes) if attributes else _ONE

    def words(self, text: str) -> None:
        if self.row is None or self.cell is None or self.row.too_long:
            return
        self.size += len(text) + 1
        self.spare += len(text) + 1
        if self.size > LONGEST_ROW:
            self.row.too_long = True
        else:
            self.cell.append(text)

    def _end_cell(self) -> None:
        if self.row is not None and self.cell is not None and not self.row.too_long:
            if self.held:
                self._repeat()
            at, text = len(self.row.cells), " ".join(self.cell)
            self.row.cells.append(text)
            if self.span is not _ONE:
                wide, tall = self.span
                width = len(self.table.head) if self.table and self.table.head else _WIDEST_SPAN
                self.row.cells += [""] * (min(wide, width - at) - 1)
                if tall > 1:
                    self.held[at] = text, tall - 1
        self.cell = None

    def _repeat(self) -> None:
        """Put in place what cells of earlier rows say for this one too."""
        while self.row is not None and (at := len(self.row.cells)) in self.held:
            text, more = self.held.pop(at)
            self.spare -= len(text) + _REPEATING
            if self.spare < 0:
                self.held = {}
                return
            self.row.cells.append(text)
            if more > 1:
                self.held[at] = text, more - 1

    def _end_row(self) -> None:
        self._end_cell()
        if self.row is not None and self.table is not None:
            if self.held:
                self._repeat()
            table, cells = self.table, self.row.cells
            if self.span is not _ONE and self.span[0] >= len(cells) > 1:
                # One cell as wide as the table is a heading inside it.
                if table.rows:
                    self._keep(table)
                self.table = Table(table.head, cells[0])
            elif self.is_head and not table.head:
                table.head = cells
            else:
                table.rows.append(self.row)
        self.row, self.is_head = None, False

    def _end_table(self) -> None:
        self._end_row()
        if self.table is not None:
            self._keep(self.table)
        self.table, self.inside = None, 0

    def _keep(self, table: Table) -> None:
        if not table.head and table.rows:
            table.head = table.rows.pop(0).cells  # written without <th>
        if table.head:
            self.found.append(table)

    def end(self) -> list[Table]:
        self._end_table()
        return self.found


def _html_tables(lines: Sequence[str], at: int, section: str) -> tuple[list[Table], int, bool]:
    """Read to the end of the line that closes the last open table; of one never closed, to its last tag.

    Returns the tables, the line after them, and whether they were closed.
    """
    reader, start_line = _HtmlReader(section), at + 1
    begun = ""  # a tag that goes on in the next line
    while at < len(lines):
        line = begun + lines[at]
        at += 1
        if not line or line.isspace():
            continue
        if line.rfind("<") > line.rfind(">") and len(line) <= _LONGEST_TAG:
            begun = line.rstrip("\r") + " "
            continue
        begun = ""
        # Some lists are written by programs that never break a line.
        for piece in line.replace("</tr>", "</tr>\n").split("\n") if len(line) > LONGEST_ROW else (line,):
            start = 0
            for part in _HTML_PART.finditer(piece):
                reader.words(piece[start : part.start()])
                start = part.end()
                reader.tag(part[2].lower(), bool(part[1]), part[3], at)
            reader.words(piece[start:].rstrip("\r"))
        if reader.table is None:
            return reader.end(), at, True
    return reader.end(), max(reader.last, start_line), False
