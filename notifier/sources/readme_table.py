"""Job tables of a README: from a document to postings. Pure; no text makes it raise."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from notifier.domain.posting import Posting, Reading, Unread, WorkMode
from notifier.sources.cells import Cell, Link, parts, read_cell
from notifier.sources.dates import read_date
from notifier.sources.tables import Row, Table, tables

READER_VERSION = 1  # raise it when rows are read that were not before; those announce nothing

# Column heads, without marks and emoji, as lists of several languages write them.
_HEADS = {
    "company": "company|employer|organization|organisation|company name|firm|unternehmen|firma|entreprise|empresa",
    "name": "name",
    "title": "position|role|roles|job title|title|job|opening|job role|positions|stelle|poste|puesto|posición|cargo",
    "location": "location|locations|city|place|where|office|standort|ort|localisation|lieu|ubicación|ciudad",
    "mode": "type|work model|workplace|workplace type|work type|remote|mode|work mode|remote status|arrangement",
    "posted": "posted|date|date posted|date added|age|posted on|posted date|added|published|post date|online|ancienneté|fecha",
    "link": "apply|link|links|application|application/link|posting|url|job link|apply link|apply now|application link"
    "|bewerbung|postuler|aplicar",
    "pay": "salary|pay|compensation|salary range|comp|gehalt|salaire|salario",
    "skills": "skills|tech stack|stack|tech|technologies|key skills|kernkompetenzen|compétences clés",
}
_FIELD = {head: name for name, heads in _HEADS.items() for head in heads.split("|")}
_MODES = {
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
_LOCK, _BAG, _GLOBE, _SAME = "🔒", "💰", "🌐", "↳"
_CLOSED = re.compile(r"\W*(?:closed|geschlossen|fermé|cerrado)\W*", re.IGNORECASE)
# Emoji and what joins them; never the trade mark and registered signs.
_MARKS = "\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\ufe0e\ufe0f\u200d\U0001f000-\U0001faff"
_EDGE_MARKS = re.compile(rf"^[\s{_MARKS}]+|[\s{_MARKS}]+$")
_BRACKETED_COUNT = re.compile(r"\s*\(\d[^()]*\)\s*$")
_APPLY = re.compile(r"\W*(?:apply|link|here|view|open|bewerben|postuler)?(?: now| here)?\W*", re.IGNORECASE)


def parse(text: str, now: datetime) -> Reading:
    """Return the postings of every job table in `text`, as read at `now`.

    Rows that look like jobs and are not understood come back in `unread`. Dates without a year are
    taken for the newest that is at most two days after `now`.
    """
    # No database takes a NUL or half a surrogate pair in a text.
    text = text.replace("\x00", "").encode(errors="ignore").decode()
    reader = _Reader(now.astimezone(UTC).date())
    job_tables = 0
    for table in tables(text):
        columns = _columns(table.head)
        if columns is None:
            continue
        job_tables += 1
        reader.read(table, columns)
    note = ""
    if not reader.postings and not reader.unread:
        note = (
            "the table of jobs is empty" if job_tables else "no table of jobs (a head with company and title)"
        )
    return Reading(postings=tuple(reader.postings), unread=tuple(reader.unread), note=note)


def _columns(head: Sequence[str]) -> dict[str, int] | None:
    """Return where each field stands, None when the table does not list jobs."""
    columns: dict[str, int] = {}
    for place, raw in enumerate(head):
        words = _EDGE_MARKS.sub("", read_cell(raw).text).casefold()
        field_ = _FIELD.get(words) or _FIELD.get(words.split(";")[0].split("(")[0].strip())
        if field_ is not None:
            columns.setdefault(field_, place)
    if "name" in columns and "company" not in columns and "location" in columns:
        columns["company"] = columns["name"]
    if "title" not in columns:
        return None
    named = "company" in columns and ("link" in columns or "location" in columns or "posted" in columns)
    return (
        columns
        if named or ("company" not in columns and "name" not in columns and "link" in columns)
        else None
    )


@dataclass(slots=True)
class _Reader:
    today: date
    postings: list[Posting] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)

    def read(self, table: Table, columns: dict[str, int]) -> None:
        heading = _BRACKETED_COUNT.sub("", _EDGE_MARKS.sub("", read_cell(table.section).text))
        head = [read_cell(cell).text.casefold() for cell in table.head]
        above: tuple[str, str] = ("", "")
        for row in table.rows:
            if row.too_long:
                self._refuse(row, "the row is longer than 64 KB")
                continue
            if [read_cell(cell).text.casefold() for cell in row.cells] == head or not any(
                cell.strip() for cell in row.cells
            ):
                continue
            cells = _aligned(row.cells, columns, len(table.head), self.today)
            company = cells.get("company", Cell(heading))
            name = _unmarked(company.text)
            if name.startswith(_SAME) or company.text.strip().startswith(_SAME):
                name, company_url = above
            else:
                company_url = company.links[0].url if company.links else ""
                above = name, company_url
            base = Posting(
                title="",
                company=name,
                company_url=company_url,
                url="",
                pay=cells.get("pay", Cell("")).text,
                posted_on=read_date(cells.get("posted", Cell("")).text, self.today),
                skills=_skills(cells.get("skills", Cell("")).text),
                section=heading,
                line=row.line,
            )
            self._roles(row, base, columns, cells)

    def _roles(self, row: Row, base: Posting, columns: dict[str, int], cells: dict[str, Cell]) -> None:
        """Add the row's posting; several when one row lists several roles, each with its link."""
        place = columns["title"]
        raw = row.cells[place] if place < len(row.cells) else ""
        pieces = parts(raw)
        if "link" not in columns and len(pieces) > 1:
            for piece in pieces:
                self._add(row, base, read_cell(piece), Cell(""), cells)
            return
        title, link = cells.get("title", Cell("")), cells.get("link", Cell(""))
        named = [found for found in link.links if not _APPLY.fullmatch(found.text)]
        if "company" not in columns and len(link.links) > 1:
            for found in link.links:
                words = " ".join(filter(None, (title.text, _unmarked(found.text) if found in named else "")))
                self._add(row, base, Cell(words), Cell("", (found,)), cells)
            return
        self._add(row, base, title, link, cells)

    def _add(self, row: Row, base: Posting, title: Cell, link: Cell, cells: dict[str, Cell]) -> None:
        location = cells.get("location", Cell("")).text
        closed = (
            _LOCK in title.text
            or _LOCK in link.text
            or bool(_CLOSED.fullmatch(link.text))
            or title.struck
            or (_LOCK in base.company)
        )
        links: Sequence[Link] = link.links or title.links
        mode = _MODES.get(_unmarked(cells.get("mode", Cell("")).text).casefold(), WorkMode.UNKNOWN)
        if mode is WorkMode.UNKNOWN and _GLOBE in location:
            mode = WorkMode.REMOTE
        place = _EDGE_MARKS.sub("", location)
        if mode is WorkMode.UNKNOWN:
            mode = _MODES.get(place.casefold(), WorkMode.UNKNOWN)
        posting = replace(
            base,
            title=_unmarked(title.text),
            url=links[0].url if links else "",
            location=place,
            mode=mode,
            pay_flagged=_BAG in title.text,
            closed=closed,
        )
        if not posting.title:
            self._refuse(row, "no title")
        elif not posting.url and not closed:
            self._refuse(row, "no http(s) link")
        else:
            self.postings.append(posting)

    def _refuse(self, row: Row, reason: str) -> None:
        self.unread.append(Unread(line=row.line, reason=reason, text=row.text.strip()[:200]))


def _unmarked(text: str) -> str:
    """Return `text` without the marker emoji at its ends, and without money bags and locks anywhere."""
    return _EDGE_MARKS.sub("", " ".join(text.replace(_BAG, " ").replace(_LOCK, " ").split()))


def _skills(text: str) -> tuple[str, ...]:
    return tuple(word for word in (piece.strip() for piece in re.split(r"[,;·•|]", text)) if word)


def _aligned(raw: Sequence[str], columns: dict[str, int], width: int, today: date) -> dict[str, Cell]:
    """Return the cells by field; when raw pipes made too many, joined where the row then reads best."""
    best = list(raw)
    if len(raw) > width:
        surplus = len(raw) - width
        candidates = [
            [*raw[:at], "|".join(raw[at : at + surplus + 1]), *raw[at + surplus + 1 :]] for at in range(width)
        ]
        best = max(candidates, key=lambda cells: _reads_well(cells, columns, today))
    return {name: read_cell(best[place]) for name, place in columns.items() if place < len(best)}


def _reads_well(cells: Sequence[str], columns: dict[str, int], today: date) -> int:
    """Return how many cells hold what their column promises."""

    def checks() -> Iterator[bool]:
        if "posted" in columns:
            yield read_date(read_cell(cells[columns["posted"]]).text, today) is not None
        if "mode" in columns:
            yield read_cell(cells[columns["mode"]]).text.casefold() in _MODES
        where = columns.get("link", columns["title"])
        yield bool(read_cell(cells[where]).links)
        yield "|" not in cells[columns["title"]]

    return sum(checks())
