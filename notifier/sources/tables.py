"""Tables of a document as raw cells: Markdown pipe tables, and HTML tables inside Markdown.

One pass over the lines; nothing looks at more than one row at a time.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from notifier.sources.cells import link_end

LONGEST_ROW = 64 * 1024  # characters; real rows list fifty places

_SEPARATOR_CELL = re.compile(r"\s*:?-+:?\s*")
_TURN = re.compile(r"\\.|\\$|[\[|]")  # what may end a cell, or keep a pipe from ending it
_HEADING = re.compile(r"\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*")
_HTML_PART = re.compile(r"<(/?)(table|tr|th|td)\b[^>]*>", re.IGNORECASE)


@dataclass(slots=True)
class Row:
    """A row's raw cells; `too_long` when it was not split at all."""

    line: int  # 1-based
    cells: list[str]
    text: str
    too_long: bool = False


@dataclass(slots=True)
class Table:
    """A table with the heading above it."""

    head: list[str]
    section: str
    rows: list[Row] = field(default_factory=list)


def tables(text: str) -> Iterator[Table]:
    """Yield the tables of a Markdown document in order."""
    lines = text.split("\n")
    section = ""
    at = 0
    while at < len(lines):
        line = lines[at]
        if len(line) <= LONGEST_ROW:
            if "#" in line and (heading := _HEADING.fullmatch(line.rstrip("\r"))):
                section = heading[2]
            elif "<table" in line.lower():
                table, at = _html_table(lines, at, section)
                yield table
                continue
            elif "|" in line and (below := _separator_below(lines, at)) is not None:
                table, at = _pipe_table(lines, at, below, section)
                yield table
                continue
        at += 1


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
    if "-" not in line or "|" not in line or len(line) > 2_000:
        return False
    cells = _unframed(line).split("|")
    return all(_SEPARATOR_CELL.fullmatch(cell) for cell in cells)


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
    cells, start, at = [], 0, 0
    closings = line.count("](")
    while (found := _TURN.search(line, at)) is not None:
        at = found.start()
        if found[0] == "|":
            cells.append(line[start:at])
            start = at = at + 1
        elif found[0] == "[" and closings and (end := link_end(line, at)) is not None:
            closings -= 1
            at = end[1] + 1
        else:
            at = found.end()
    cells.append(line[start:])
    return cells


def _unframed(line: str) -> str:
    line = line.strip().removeprefix("|")
    return line[:-1] if line.endswith("|") and not line.endswith("\\|") else line


# -- HTML tables --------------------------------------------------------------------------------


def _html_table(lines: Sequence[str], at: int, section: str) -> tuple[Table, int]:
    """Read from the line that opens a table to the one that closes it, tag by tag."""
    table = Table([], section)
    row: Row | None = None
    cell: list[str] | None = None
    opened = False
    while at < len(lines):
        line = lines[at].rstrip("\r")
        at += 1
        if len(line) > LONGEST_ROW:
            table.rows.append(Row(at, [], line[:200], too_long=True))
            row = cell = None
            continue
        start = 0
        for part in _HTML_PART.finditer(line):
            closing, tag = bool(part[1]), part[2].lower()
            if cell is not None:
                cell.append(line[start : part.start()])
            start = part.end()
            if tag == "table":
                if closing or opened:
                    return table, at if closing else at - 1
                opened = True
            elif tag == "tr":
                row, cell = (None, None) if closing else (_html_row(table, at), None)
            elif row is None:
                cell = None
            elif closing:
                if cell is not None:
                    row.cells.append(" ".join(cell))
                cell = None
            else:
                cell = []
                if tag == "th" and row in table.rows and not table.head:
                    table.rows.remove(row)
                    table.head = row.cells
        if cell is not None:
            cell.append(line[start:])
            if sum(map(len, cell)) > LONGEST_ROW:
                cell = None
    return table, at


def _html_row(table: Table, line: int) -> Row:
    row = Row(line, [], "")
    table.rows.append(row)
    return row
