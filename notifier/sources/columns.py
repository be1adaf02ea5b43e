"""Which column of a job table holds what, and which cell of a row belongs to which column."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import combinations
from math import comb
from unicodedata import normalize

from notifier.domain.posting import WorkMode
from notifier.sources.cells import read_cell
from notifier.sources.dates import read_date
from notifier.sources.tables import Row
from notifier.sources.words import words

MOST_COLUMNS = 64
LONGEST_HEAD = 500  # characters, with markup
MOST_WAYS = 40  # of joining the cells of one row that has too many

_OLD = ("name", "location", "notes")
LISTS_ROLES = re.compile(r"\b(?:intern(?:ship)?s?|co-ops?|new[ -]?grads?|jobs?|positions?)\b", re.IGNORECASE)
_EDGES = re.compile(r"[^\w?/()]+")


def _plain(text: str) -> str:
    """Return a head as it is looked up: small letters of usual width, without marks."""
    return " ".join(_EDGES.sub(" ", normalize("NFKC", text).casefold()).split())


_FIELD = {_plain(word): field for word, field in words("heads").items()}
_WEAK = frozenset(map(_plain, words("weak")))
_VAGUE = frozenset(map(_plain, words("vague")))
_ENGLISH = frozenset(map(_plain, words("english")))
_JOINED_LAST = ("company", "location", "title", "notes")  # the least likely to hold a pipe first
_PAST_A_LINK = -10  # for text beside the link of a cell, or in a column we do not know

MODES = {word: WorkMode(mode) for word, mode in words("modes").items()}
_BESIDE = re.compile(r" ?[(,–—]| - ")  # what stands between a mode and more about it

Columns = Mapping[str, int]


def job_columns(head: Sequence[str], heading: str = "") -> Columns | None:
    """Return where each field stands, None when the table does not list jobs.

    `heading` is the heading of the whole document.
    """
    if len(head) > MOST_COLUMNS:
        return None
    columns: dict[str, int] = {}
    heads: dict[str, str] = {}
    for place, raw in enumerate(head):
        name, word = field_named(raw) if len(raw) <= LONGEST_HEAD else ("", "")
        if name and (name not in columns or (heads[name] in _WEAK and word not in _WEAK)):
            columns[name], heads[name] = place, word
    if "name" in columns and "company" not in columns and "location" in columns:
        columns["company"] = columns["name"]
    if "title" not in columns:
        # A list of old: Name | Location | Notes and no more. What else looks so is told by its heading.
        old = columns.keys() == {"name", "company", "location", "notes"} and len(head) == len(_OLD)
        return columns if old and LISTS_ROLES.search(heading) else None
    if "company" in columns:
        return columns if columns.keys() & {"link", "location", "posted", "mode"} else None
    if "link" not in columns or "name" in columns or {heads["title"], heads["link"]} <= _VAGUE:
        return None
    return columns


def in_english(head: Sequence[str]) -> bool:
    """Return whether a head names a column in English and in no other language."""
    return any(field_named(raw)[1] in _ENGLISH for raw in head if len(raw) <= LONGEST_HEAD)


@lru_cache(maxsize=256)  # of a document with many tables most have the same heads
def field_named(raw: str) -> tuple[str, str]:
    """Return which field a column head names, "" for none, and by which word."""
    said = read_cell(raw).text
    text = _plain(said)
    for head in (
        text,
        text.split("(")[0].strip(),
        *(part.strip() for part in text.split("/")),
        _plain(said.split(";")[0]),
    ):
        if head in _FIELD:
            return _FIELD[head], head
    return "", ""


def read_mode(text: str) -> WorkMode | None:
    """Return the work mode that `text` names before anything else, None for other texts."""
    said = text.casefold()
    return MODES.get(said) or MODES.get(_BESIDE.split(said, maxsplit=1)[0])


def seen_values(rows: Iterable[Row], columns: Columns, width: int) -> dict[int, frozenset[str]]:
    """Return what the rows of the right width say where texts repeat: places, companies, levels, visa, …"""
    whole = [row.cells for row in rows if len(row.cells) == width]
    repeat = {columns[name] for name in _JOINED_LAST if name in columns}
    return {
        place: frozenset(said for cells in whole if (said := cells[place].strip()) or place not in repeat)
        for place in range(min(width, MOST_COLUMNS))
        if place in repeat or place not in columns.values()
    }


def ways_to_join(count: int, width: int) -> int:
    """Return how many ways `aligned` tries for a row of so many cells."""
    surplus = count - width
    if not 0 < surplus <= MOST_COLUMNS:
        return 0
    ways = comb(count - 1, surplus)
    return ways if ways <= MOST_WAYS else count - surplus


def aligned(
    raw: Sequence[str],
    columns: Columns,
    width: int,
    today: date,
    seen: Mapping[int, frozenset[str]],
    *,
    trying: bool,
) -> Sequence[str] | None:
    """Return a row's cells, one a column; None when there are far too many.

    Raw pipes in texts make too many cells; they are joined where the row then reads best: links,
    dates and modes where they belong, and else the title takes the pipe. Without `trying` it does.
    """
    surplus = len(raw) - width
    if surplus <= 0:
        return raw
    if surplus > MOST_COLUMNS:
        return None
    if not trying:
        return _joined_at(columns.get("title", 0), raw, surplus)
    best = max(_joined(raw, surplus), key=lambda cells: _reads_well(cells, columns, today, seen))
    # A row may simply have cells too many, which a page does not show.
    cut = raw[:width]
    reads_best = _reads_well(best, columns, today, seen)
    return cut if _reads_well(cut, columns, today, seen) > reads_best else best


def _joined(raw: Sequence[str], surplus: int) -> Iterator[list[str]]:
    """Yield the rows that remain when `surplus` of the pipes between the cells are text."""
    pipes = len(raw) - 1
    if comb(pipes, surplus) > MOST_WAYS:
        for at in range(len(raw) - surplus):
            yield _joined_at(at, raw, surplus)
        return
    for text in combinations(range(pipes), surplus):
        cells = [raw[0]]
        for at in range(pipes):
            if at in text:
                cells[-1] += "|" + raw[at + 1]
            else:
                cells.append(raw[at + 1])
        yield cells


def _joined_at(place: int, raw: Sequence[str], surplus: int) -> list[str]:
    """Return the row whose cell at `place` takes all of the pipes."""
    return [*raw[:place], "|".join(raw[place : place + surplus + 1]), *raw[place + surplus + 1 :]]


def _reads_well(
    cells: Sequence[str], columns: Columns, today: date, seen: Mapping[int, frozenset[str]]
) -> tuple[int, int]:
    """Return how many cells hold what their column promises, and how likely the joined one is."""
    said = {name: cells[place] for name, place in columns.items() if place < len(cells)}
    title, location, link = said.get("title", ""), said.get("location", ""), said.get("link", "")
    where = link if "link" in columns else title
    reads = ("://" in where or "🔒" in where) + location.lstrip().startswith(("📍", "🌐"))
    reads += _reads_as_day(said.get("posted", ""), today) + _reads_as_mode(said.get("mode", ""))
    reads += sum(_all_in(known, cells[place]) for place, known in seen.items() if known)
    reads += title[:1].isalpha() or any(map(str.isalpha, title))
    reads -= ("|" in said.get("pay", "")) + ("://" in location)
    reads -= "|" in link and not all("://" in part for part in link.split("|"))
    reads += sum(map(_is_paired, cells))
    joined = {place for place, raw in enumerate(cells) if "|" in raw}
    holding = [(rank, name) for rank, name in enumerate(_JOINED_LAST, 1) if columns.get(name) in joined]
    # Two pipes stand in one text rather than in two.
    likely = len(_JOINED_LAST) * min(0, 1 - len(holding))
    for rank, name in holding:
        past = _ends_a_link_before_a_pipe(said[name]) or said[name].strip() != said[name].strip(" |")
        likely += _PAST_A_LINK if past else rank
    if not joined.issubset(columns.values()):
        likely += _PAST_A_LINK
    return reads, likely


def _reads_as_day(raw: str, today: date) -> bool:
    return raw != "" and read_date(raw.strip(" *"), today) is not None


def _reads_as_mode(raw: str) -> bool:
    return raw != "" and read_mode(raw.strip(" *")) is not None


@lru_cache(maxsize=256)  # the ways to join the cells of one row share most of them
def _is_paired(raw: str) -> bool:
    """Return whether what opens in a cell ends in it."""
    return (
        raw.count("(") == raw.count(")")
        and raw.count("[") == raw.count("]")
        and raw.count("<a ") == raw.count("</a>")
        and raw.count("<details") == raw.count("</details")
        and raw.count("`") % 2 == 0
    )


def _all_in(said: frozenset[str], cell: str) -> bool:
    return cell.strip() in said or ("|" in cell and all(part.strip() in said for part in cell.split("|")))


def _ends_a_link_before_a_pipe(raw: str) -> bool:
    return "](" in raw and "|" in raw[raw.rindex("](") :]
