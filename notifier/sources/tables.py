"""Tables of a document as raw cells: Markdown pipe tables, and HTML tables inside Markdown.

One pass over the lines; nothing looks at more than one row at a time.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from notifier.sources.cells import link_spans

LONGEST_ROW = 64 * 1024  # characters; real rows list fifty places

_SEPARATOR_CELL = re.compile(r"\s*:?-+:?\s*")
_TURN = re.compile(r"\\.|\\$|[\[|]")  # what may end a cell, or keep a pipe from ending it
_HTML_PART = re.compile(r"<(/?)(table|tr|th|td)\b[^<>]*>", re.IGNORECASE)


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


def tables(text: str) -> Iterator[Table]:
    """Yield the tables of a Markdown document in order."""
    lines = _shown(text.split("\n"))
    html = True
    section = ""
    at = 0
    while at < len(lines):
        line = lines[at]
        if html and "<table" in line.lower():
            found, after, closed = _html_tables(lines, at, section)
            yield from found
            # A tag that is never closed, with no row behind it, was a word in a sentence.
            html = closed or bool(found)
            at = after if html else at
            continue
        if len(line) <= LONGEST_ROW:
            if (heading := _heading(line)) is not None:
                section = heading
            elif "|" in line and (below := _separator_below(lines, at)) is not None:
                table, at = _pipe_table(lines, at, below, section)
                yield table
                continue
        at += 1


def _shown(lines: list[str]) -> list[str]:
    """Return the lines with those blank that a page shows as code or not at all (comments)."""
    shown = list(lines)
    start, end = -1, ""
    for at, line in enumerate(lines):
        if not line:
            continue
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


def _heading(line: str) -> str | None:
    """Return the text of a `# heading`, None when the line is none."""
    if "#" not in line:
        return None
    line = line.strip()
    text = line.lstrip("#")
    if not 1 <= len(line) - len(text) <= 6 or not text[:1].isspace():
        return None
    text = text.strip()
    unclosed = text.rstrip("#")
    return unclosed.rstrip() if not unclosed or unclosed[-1].isspace() else text


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


def _pipe_table(lines: Sequence[str], at: int, separator: int, section: str) -> tuple[Table, int]:
    head = split_row(lines[at])
    framed = lines[at].lstrip().startswith("|")
    table = Table(head, section)
    after_blank = False
    at = separator + 1
    while at < len(lines):
        line = lines[at].rstrip("\r")
        if not line.strip():
            after_blank = bool(table.rows)  # blank lines between head and rows say nothing
            at += 1
            continue
        starts = line.lstrip().startswith("|")
        if "|" not in line or (after_blank and not starts) or _separator_below(lines, at) is not None:
            break
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
    spans = link_spans(line) if "](" in line else {}
    cells, start, at = [], 0, 0
    while (found := _TURN.search(line, at)) is not None:
        at = found.start()
        if found[0] == "|":
            cells.append(line[start:at])
            start = at = at + 1
        else:
            at = spans[at][1] + 1 if at in spans else found.end()
    cells.append(line[start:])
    return cells


def _unframed(line: str) -> str:
    line = line.strip().removeprefix("|")
    return line[:-1] if line.endswith("|") and not line.endswith("\\|") else line


# -- HTML tables --------------------------------------------------------------------------------


class _HtmlReader:
    """Builds tables from tags in the order they come; a tag that is missing ends nothing but its row."""

    def __init__(self, section: str) -> None:
        self.section = section
        self.found: list[Table] = []
        self.table: Table | None = None
        self.row: Row | None = None
        self.cell: list[str] | None = None
        self.is_head = False
        self.size = 0

    def tag(self, name: str, closing: bool, line: int) -> None:
        if name == "table":
            self._end_table()
            if not closing:
                self.table = Table([], self.section)
        elif name == "tr":
            self._end_row()
            if not closing and self.table is not None:
                self.row, self.size = Row(line, []), 0
        else:
            self._end_cell()
            if not closing and self.row is not None:
                self.cell = []
                self.is_head = self.is_head or name == "th"

    def words(self, text: str) -> None:
        if self.row is None or self.cell is None or self.row.too_long:
            return
        self.size += len(text) + 1
        if self.size > LONGEST_ROW:
            self.row.too_long = True
        else:
            self.cell.append(text)

    def _end_cell(self) -> None:
        if self.row is not None and self.cell is not None and not self.row.too_long:
            self.row.cells.append(" ".join(self.cell))
        self.cell = None

    def _end_row(self) -> None:
        self._end_cell()
        if self.row is not None and self.table is not None:
            if self.is_head and not self.table.head:
                self.table.head = self.row.cells
            else:
                self.table.rows.append(self.row)
        self.row, self.is_head = None, False

    def _end_table(self) -> None:
        self._end_row()
        if self.table is not None and (self.table.head or self.table.rows):
            self.found.append(self.table)
        self.table = None

    def end(self) -> list[Table]:
        self._end_table()
        return self.found


def _html_tables(lines: Sequence[str], at: int, section: str) -> tuple[list[Table], int, bool]:
    """Read to the end of the line that closes the last open table.

    Returns the tables, the line after them, and whether they were closed.
    """
    reader = _HtmlReader(section)
    while at < len(lines):
        line = lines[at]
        at += 1
        if not line or line.isspace():
            continue
        # Some lists are written by programs that never break a line.
        for piece in line.replace("</tr>", "</tr>\n").split("\n") if len(line) > LONGEST_ROW else (line,):
            start = 0
            for part in _HTML_PART.finditer(piece):
                reader.words(piece[start : part.start()])
                start = part.end()
                reader.tag(part[2].lower(), bool(part[1]), at)
            reader.words(piece[start:].rstrip("\r"))
        if reader.table is None:
            return reader.end(), at, True
    return reader.end(), at, False
