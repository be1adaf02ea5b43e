"""Which column of a job table holds what, and which cell of a row belongs to which column."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import combinations
from math import comb

from notifier.domain.posting import WorkMode
from notifier.sources.cells import read_cell
from notifier.sources.dates import read_date

MOST_COLUMNS = 64
MOST_WAYS = 80  # of joining the cells of one row that has too many

# Column heads, without marks and emoji, as lists of several languages write them.
_HEADS = {
    "company": "company|employer|organization|organisation|company name|firm|unternehmen|firma|entreprise|empresa",
    "name": "name",
    "title": "position|role|roles|job title|title|job|opening|job role|positions|position title|role title"
    "|job position|stelle|poste|puesto|posición|cargo",
    "location": "location|locations|city|place|where|office|job location|office location|standort|ort|localisation"
    "|lieu|ubicación|ciudad",
    "mode": "type|work model|workplace|workplace type|work type|remote|mode|work mode|remote status|arrangement"
    "|work arrangement|location type|remote?",
    "posted": "posted|date|date posted|date added|age|posted on|posted date|added|added on|published|post date|listed"
    "|date listed|posting date|online|ancienneté|fecha",
    "link": "apply|link|links|application|application/link|posting|url|job link|apply link|apply now|apply here"
    "|application link|application url|link to apply|link to application|bewerbung|postuler|aplicar",
    "pay": "salary|pay|compensation|salary range|pay range|comp|gehalt|salaire|salario",
    "skills": "skills|tech stack|stack|tech|technologies|key skills|kernkompetenzen|compétences clés",
}
_FIELD = {head: name for name, heads in _HEADS.items() for head in heads.split("|")}
# These heads also mean other things (full time, …): a column with a better name goes before them.
_WEAK = frozenset({"type", "job", "place", "office", "added", "posting", "online"})
_EDGES = re.compile(r"[^\w?/()]+")
_JOINED_LAST = ("company", "location", "title")  # the least likely to hold a pipe first
_PAST_A_LINK = -10  # for text beside the link of a cell, or in a column we do not know

MODES = {
    "remote": WorkMode.REMOTE,
    "fully remote": WorkMode.REMOTE,
    "yes": WorkMode.REMOTE,
    "hybrid": WorkMode.HYBRID,
    "on site": WorkMode.ONSITE,
    "onsite": WorkMode.ONSITE,
    "on-site": WorkMode.ONSITE,
    "in office": WorkMode.ONSITE,
    "in person": WorkMode.ONSITE,
}

Columns = Mapping[str, int]


def job_columns(head: Sequence[str]) -> Columns | None:
    """Return where each field stands, None when the table does not list jobs."""
    if len(head) > MOST_COLUMNS:
        return None
    columns: dict[str, int] = {}
    weak: set[str] = set()
    for place, raw in enumerate(head):
        name, is_weak = _field(raw)
        if name and (name not in columns or (name in weak and not is_weak)):
            columns[name] = place
            weak = weak | {name} if is_weak else weak - {name}
    if "name" in columns and "company" not in columns and "location" in columns:
        columns["company"] = columns["name"]
    if "title" not in columns:
        return None
    if "company" in columns:
        return columns if columns.keys() & {"link", "location", "posted", "mode"} else None
    return columns if "link" in columns and "name" not in columns else None


def _field(raw: str) -> tuple[str, bool]:
    """Return which field a column head names, "" for none, and whether it may mean something else."""
    words = " ".join(_EDGES.sub(" ", read_cell(raw).text.casefold()).split())
    for head in (words, words.split("(")[0].strip(), *(part.strip() for part in words.split("/"))):
        if head in _FIELD:
            return _FIELD[head], head in _WEAK
    first = _EDGES.sub(" ", read_cell(raw).text.casefold().split(";")[0]).strip()
    return _FIELD.get(first, ""), False


def aligned(raw: Sequence[str], columns: Columns, width: int, today: date) -> Sequence[str] | None:
    """Return a row's cells, one a column; None when there are far too many.

    Raw pipes in texts make too many cells; they are joined where the row then reads best: links,
    dates and modes where they belong, and else the title takes the pipe.
    """
    surplus = len(raw) - width
    if surplus <= 0:
        return raw
    if surplus > MOST_COLUMNS:
        return None
    best = max(_joined(raw, surplus), key=lambda cells: _reads_well(cells, columns, today))
    # A row may simply have cells too many, which a page does not show.
    cut = raw[:width]
    return cut if _reads_well(cut, columns, today) > _reads_well(best, columns, today) else best


def _joined(raw: Sequence[str], surplus: int) -> Iterator[list[str]]:
    """Yield the rows that remain when `surplus` of the pipes between the cells are text."""
    pipes = len(raw) - 1
    if comb(pipes, surplus) > MOST_WAYS:
        for at in range(len(raw) - surplus):
            yield [*raw[:at], "|".join(raw[at : at + surplus + 1]), *raw[at + surplus + 1 :]]
        return
    for text in combinations(range(pipes), surplus):
        cells = [raw[0]]
        for at in range(pipes):
            if at in text:
                cells[-1] += "|" + raw[at + 1]
            else:
                cells.append(raw[at + 1])
        yield cells


def _reads_well(cells: Sequence[str], columns: Columns, today: date) -> tuple[int, int]:
    """Return how many cells hold what their column promises, and how likely the joined one is."""

    def cell(name: str) -> str:
        place = columns.get(name, len(cells))
        return cells[place] if place < len(cells) else ""

    reads = 0
    if "posted" in columns:
        reads += read_date(cell("posted").strip(" *"), today) is not None
    if "mode" in columns:
        reads += cell("mode").strip(" *").casefold() in MODES
    where = cell("link" if "link" in columns else "title")
    reads += "://" in where or "🔒" in where
    reads += cell("location").lstrip().startswith(("📍", "🌐"))
    likely = 0
    for rank, name in enumerate(_JOINED_LAST):
        if "|" in cell(name):
            likely += _PAST_A_LINK if _ends_a_link_before_a_pipe(cell(name)) else rank
    if any("|" in raw for place, raw in enumerate(cells) if place not in columns.values()):
        likely += _PAST_A_LINK
    return reads, likely


def _ends_a_link_before_a_pipe(raw: str) -> bool:
    return "](" in raw and "|" in raw[raw.rindex("](") :]
