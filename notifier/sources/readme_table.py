"""Job tables of a README: from a document to postings. Pure; no text makes it raise."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from notifier.domain.posting import Posting, Reading, Unread, WorkMode
from notifier.sources.cells import EMPTY, Cell, Link, pieces, read_cell
from notifier.sources.columns import (
    MODES,
    MOST_COLUMNS,
    Columns,
    aligned,
    field_named,
    in_english,
    job_columns,
    read_mode,
    seen_values,
    ways_to_join,
)
from notifier.sources.dates import day_first, read_date
from notifier.sources.kinds import Kind
from notifier.sources.tables import Row, Table, tables
from notifier.sources.words import words

READER_VERSION = 3  # raise it when rows are read that were not before; those announce nothing
MOST_ROWS = 200_000  # of one document
# Ways to join cells of rows with raw pipes: so many in any document, and one more for each so many characters.
SOME_TRIES, CHARACTERS_A_TRY = 400, 100

_LOCK, _BAG, _GLOBE, _OPEN = "🔒", "💰", "🌐", "✅"
ABOVE = ("↳", "⤷", "↪", "└")  # what stands for the company above
DITTO = frozenset({'"', "''", "”", "〃", "-//-", "ditto"})
_CLOSED = frozenset(words("closed"))
_IN_BRACKETS = re.compile(r"[(\[]([^()\[\]]{1,40})[)\]]")
_DECOYS = frozenset(words("decoys"))
_NO_LONGER = re.compile("[❌🚫⛔]")
_SHORTCODES = words("shortcodes")
_SHORTCODE = re.compile(rf":(?<![\w/:].)({'|'.join(_SHORTCODES)}):(?![\w/])")
# Emoji and what joins them; never the trade mark and registered signs, nor letters and digits in boxes.
_MARK = (
    "[\\s\u2300-\u2328\u232b-\u23ff\u2600-\u2767\u2794-\u27bf\u2b00-\u2bff\ufe0e\ufe0f\u200d"
    "\U0001f000-\U0001f0ff\U0001f191-\U0001f19a\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff]+"
)
_MARKS = re.compile(_MARK)
# Well paid, closed, no sponsorship, citizens only, much wanted, higher degree: in the middle of a title too.
_FLAG = re.compile(f"[{_BAG}{_LOCK}\U0001f6c2\U0001f525\U0001f393]|\U0001f1fa\U0001f1f8")
_COUNTRY = re.compile("[\U0001f1e6-\U0001f1ff]{2}")  # a flag
_DIGIT = re.compile(r"\d")
_COUNT = re.compile(r" ?\(\d[^()]*\)$")
_WORD = re.compile(r"\w+")
_FIRST_HEADING = re.compile(r"^(?:#{1,3} +|<h[1-3][^<>\n]{0,200}>)(.{1,300})", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[a-z)])\. |; ")
_ROLE = re.compile(
    r"\b(?:interns?|internships?|co-ops?|engineer|engineering|developer|analyst|scientist|programs?|swe|sde"
    r"|researcher|manager|trader|quant|designer|technician|associate|consultant)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"\b(?:must|eligible|authori[sz]ed|search for|(?:do|does|will) not)\b", re.IGNORECASE)
_SAID_CLOSED = re.compile(rf"\W*(?:temporarily )?(?:{'|'.join(_CLOSED)})\b\W*", re.IGNORECASE)
_EACH_MARK = re.compile(rf"(?=[{_LOCK}{_OPEN}]\s*\**\[)")
_BETWEEN_ROLES = re.compile(r"(?:[\s,;/&|+·•]|\b(?:and|or)\b)*")
_PICTURE = re.compile(r"!\[[^\[\]]*\]\([^()\s]*\)")
_ASIDE = re.compile(r"(?:see|more|details|description|apply)\b", re.IGNORECASE)  # beside a role, not one
_LETTER = re.compile(r"[^\W\d_]")
_LONGEST_TITLE = 150
_BUTTONS = frozenset(
    "|apply|apply now|apply here|link|here|view|open|job|bewerben|postuler".split("|")
)  # words of a link that do not tell one role from another


class _Full(Exception):
    """The document has more rows than we read."""


def parse(text: str, now: datetime, url: str = "") -> Reading:
    """Return the postings of every job table in `text`, as read at `now`.

    Rows that look like jobs and are not understood come back in `unread`. Dates without a year are
    taken for the newest that is at most two days after `now`.
    """
    text = _cleaned(text)
    text, cut = _without_cut_row(text)
    heading = _heading(text)
    ways = SOME_TRIES + len(text) // CHARACTERS_A_TRY
    reader = _Reader(now.astimezone(UTC).date(), _usual_title(heading), ways)
    note = "no table of jobs (a head with company and title)"
    try:
        head: Sequence[str] | None = None
        for table in tables(text):
            if table.head is not head:  # the parts of a table share theirs
                head, columns = table.head, job_columns(table.head, heading)
            if columns is not None and (
                "company" in columns or _plain(table.section).casefold() not in _DECOYS
            ):
                note = "the table of jobs is empty"
                reader.read(table, columns)
    except _Full:
        note = f"only the first {MOST_ROWS:,} rows were read"
    else:
        note = "" if reader.postings or reader.unread else note
    return Reading(postings=tuple(reader.postings), unread=(*reader.unread, *cut), note=note)


def sniff(text: str) -> bool:
    """Return whether a document holds a table whose head is one of jobs."""
    text = _cleaned(text)
    heading = _heading(text)
    return any(job_columns(table.head, heading) is not None for table in tables(text))


def _cleaned(text: str) -> str:
    # No database takes a NUL or half a surrogate pair in a text.
    text = text.replace("\x00", "").encode(errors="ignore").decode()
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return _SHORTCODE.sub(lambda found: _SHORTCODES[found[1]], text)


def _without_cut_row(text: str) -> tuple[str, Sequence[Unread]]:
    """Return a document without its last row when that ends inside a link, which then leads elsewhere."""
    whole, _, last = text.rpartition("\n")
    link = last[last.rindex("](") :] if "](" in last and "|" in last else ""
    if link.count("(") == link.count(")"):
        return text, ()
    return whole, (Unread(line=text.count("\n") + 1, reason="the row is cut off", text=last.strip()[:200]),)


@dataclass(slots=True)
class _Reader:
    today: date
    usual_title: str  # of a role that a list without titles does not name
    ways: int  # of joining the cells of rows with raw pipes, that may still be tried
    postings: list[Posting] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    day_first: bool = False  # in the days of this table
    above: tuple[str, str] = ("", "")  # the company of the last row, and its link
    closed: bool = False  # the whole table, by its heading

    def read(self, table: Table, columns: Columns) -> None:
        section = _plain(table.section)
        self.closed = _words(section) in _CLOSED
        if "link" not in columns and "title" in columns and _links_only(table, columns.get("company")):
            columns = {**columns, "link": columns["company"]}
        head = _bare(table.head)
        below_company = table.rows and not columns.keys() & {"location", "company"}
        where = _place_said(table.said) if below_company else ""
        seen: Mapping[int, frozenset[str]] | None = None
        posted = columns.get("posted", MOST_COLUMNS)
        days = (row.cells[posted] for row in table.rows if posted < len(row.cells))
        self.day_first = day_first(days, otherwise=not in_english(table.head))
        for row in table.rows:
            if row.too_long:
                self._refuse(row, "the row is longer than 64 KB")
                continue
            if not any(cell and not cell.isspace() for cell in row.cells):
                continue
            if row.cells[0].strip().casefold() == head[0] and _bare(row.cells) == head:
                self._refuse(row, "the head of the table again")
                continue
            raw: Sequence[str] | None = row.cells
            if len(row.cells) > len(head):
                if seen is None:
                    seen = seen_values(table.rows, columns, len(head))
                self.ways -= ways_to_join(len(row.cells), len(head))
                raw = aligned(row.cells, columns, len(head), self.today, seen, trying=self.ways >= 0)
            if raw is None:
                self._refuse(row, f"{len(row.cells)} cells under a head of {len(head)}")
                continue
            cells = {name: read_cell(raw[place]) for name, place in columns.items() if place < len(raw)}
            if any(
                cells.get(name, EMPTY).text.casefold() == "example" for name in ("posted", "title", "link")
            ):
                self._refuse(row, "a template, not a job")
                continue
            if where:
                cells["location"] = Cell(where)
            self._row(row, raw, columns, cells, section)

    def _row(
        self, row: Row, raw: Sequence[str], columns: Columns, cells: dict[str, Cell], section: str
    ) -> None:
        """Add what one row lists."""
        by = cells.get("company", EMPTY if "company" in columns else Cell(section))
        company = unmarked(by.text)
        if company.startswith(ABOVE) or company.casefold() in DITTO:
            company, company_url = self.above
        else:
            company_url = by.links[0].url if by.links else ""
            self.above = company, company_url
        place, mode = _place_and_mode(cells)
        posted = cells.get("posted", EMPTY).text
        pay = cells.get("pay", EMPTY).text
        closed = self.closed or by.struck or _LOCK in by.text
        closed = closed or ("status" in cells and _is_closed(cells["status"]))
        said: dict[str, Any] = dict(  # what the roles of the row share
            company=company,
            company_url=company_url,
            location=place,
            mode=mode,
            pay=pay if _DIGIT.search(pay) else "",  # a button or a dash says nothing
            posted_on=read_date(posted.split(";")[0], self.today, slashes_day_first=self.day_first),
            skills=_skills(cells.get("skills", EMPTY).text),
            section=section,
            line=row.line,
        )
        found = len(self.postings) + len(self.unread)
        if "title" not in columns:
            notes = cells.get("notes", EMPTY)
            title, noted = self._noted(notes)
            closed = closed or noted
            roles: Iterable[tuple[Cell, Cell]] = [(title, Cell("", by.links or notes.links))]
        else:
            roles = _roles(raw, columns, cells)
        for title, link in roles:
            self._add(row, said, closed, title, link)
        if len(self.postings) + len(self.unread) == found:
            self._refuse(row, "no title")

    def _noted(self, notes: Cell) -> tuple[Cell, bool]:
        """Return the title of a row without one, from notes that name a role, and whether they close it."""
        text = unmarked(notes.text)
        says_so = _SAID_CLOSED.match(text)
        closed = notes.struck or _LOCK in notes.text or says_so is not None
        said = [
            one
            for one in _SENTENCE.split(text[says_so.end() :] if says_so else text)
            if _ROLE.search(one) and not _CONDITION.search(one)
        ]
        title = said[0].rstrip(" .") if said else ""
        title = title if len(title) <= _LONGEST_TITLE else ""
        return Cell(title or self.usual_title), closed

    def _add(self, row: Row, said: Mapping[str, Any], closed: bool, title: Cell, link: Cell) -> None:
        closed = closed or title.struck or _LOCK in title.text or _is_closed(link)
        name = unmarked(title.text)
        for aside in _IN_BRACKETS.finditer(name) if "(" in name or "[" in name else ():
            if _words(aside[1]) in _CLOSED:
                closed, name = True, " ".join(name.replace(aside[0], " ").split())
        url = _employer(link.links or title.links)
        if not _LETTER.search(name):
            self._refuse(row, "no title")
        elif not url and not closed:
            self._refuse(row, "no http(s) link")
        else:
            flagged = _BAG in title.text
            self._room()
            self.postings.append(Posting(title=name, url=url, pay_flagged=flagged, closed=closed, **said))

    def _refuse(self, row: Row, reason: str) -> None:
        self._room()
        text = row.text or " | ".join(row.cells)
        self.unread.append(Unread(line=row.line, reason=reason, text=text.strip()[:200]))

    def _room(self) -> None:
        if len(self.postings) + len(self.unread) >= MOST_ROWS:
            raise _Full


def _roles(raw: Sequence[str], columns: Columns, cells: dict[str, Cell]) -> Iterable[tuple[Cell, Cell]]:
    """Return the title and the link of each role that a row lists: one, but for a few lists."""
    title, link = cells.get("title", EMPTY), cells.get("link", EMPTY)
    place = columns["title"]
    if "link" not in columns:
        if place < len(raw) and ("<" in raw[place] or len(title.links) > 1):
            parts = [part for piece in pieces(raw[place]) for part in _EACH_MARK.split(piece) if part.strip()]
            if len(parts) > 1:
                return [(part, EMPTY) for part in _with_locks(map(read_cell, parts)) if unmarked(part.text)]
        if len(title.links) > 1 and _only_links(title):
            return [(Cell(one.text, (one,), title.struck), EMPTY) for one in title.links]
        if not title.links:
            # Some lists name no column for the link: it stands under a head of no words.
            others = [read_cell(cell) for at, cell in enumerate(raw) if at not in columns.values()]
            return [(title, next((cell for cell in others if cell.links), EMPTY))]
    elif "company" not in columns and (len(link.links) > 1 or _OPEN in link.text):
        # A heading for the company, then a role with a link for each of its kinds.
        return [(_kind_of_role(title, one), Cell(one.text, (one,))) for one in link.links]
    elif len(link.links) > 1 and place < len(raw) and "<" in raw[place]:
        titles, links = (list(map(read_cell, pieces(raw[columns[name]]))) for name in ("title", "link"))
        if len(titles) == len(links) > 1 and all(map(_is_button, links)):
            return zip(titles, links, strict=True)
    return [(title, link)]


def _links_only(table: Table, place: int | None) -> bool:
    """Return whether no cell of a table holds a link, empty or not, but those of one column."""
    return place is not None and not any(
        "](" in cell or "<a" in cell or "://" in cell
        for row in table.rows
        for at, raw in enumerate(row.cells)
        if at != place
        for cell in (_PICTURE.sub("", raw),)
    )


def _only_links(cell: Cell) -> bool:
    """Return whether a cell is nothing but links that each name something."""
    rest = cell.text
    for link in cell.links:
        if _words(link.text) in _BUTTONS:
            return False
        before, name, rest = rest.partition(link.text)
        if not name or _BETWEEN_ROLES.fullmatch(before) is None:
            return False
    return _BETWEEN_ROLES.fullmatch(rest) is not None


def _is_button(cell: Cell) -> bool:
    """Return whether a cell is one link for applying, or the lock in its place."""
    return _is_closed(cell) or (len(cell.links) == 1 and "://simplify.jobs/" not in cell.links[0].url)


def _is_closed(cell: Cell) -> bool:
    """Return whether a cell for a link or a state says that nobody can apply."""
    return (
        cell.struck
        or _LOCK in cell.text
        or _words(cell.text) in _CLOSED
        or (not cell.links and _NO_LONGER.search(cell.text) is not None)
    )


def _place_said(lines: Iterable[str]) -> str:
    """Return what a line like `**Locations**: Rome, Oslo` says above a table."""
    for line in lines:
        label, _, place = line.partition(":")
        if field_named(label)[0] == "location":
            return unmarked(read_cell(place).text)
    return ""


def _plain(section: str) -> str:
    """Return a heading without its marks and its count."""
    return unmarked(_COUNT.sub("", unmarked(read_cell(section).text)))


def _heading(text: str) -> str:
    found = _FIRST_HEADING.search(text)
    return found[1] if found else ""


def _usual_title(heading: str) -> str:
    """Return what a list calls each of its roles, from its heading."""
    if re.search(r"\bnew[ -]?grad", heading, re.IGNORECASE):
        return "New Grad Position"
    return "Internship" if re.search(r"\b(?:intern|co-op)", heading, re.IGNORECASE) else "Position"


def _with_locks(parts: Iterable[Cell]) -> Iterable[Cell]:
    """Yield the roles of a cell; a lock also stands for those below it that have no mark of their own."""
    locked = False
    for part in parts:
        if _LOCK in part.text or _OPEN in part.text:
            locked = _LOCK in part.text
        elif _ASIDE.match(part.text):
            continue
        yield replace(part, struck=True) if locked else part


def _kind_of_role(title: Cell, link: Link) -> Cell:
    kind = "" if _words(link.text) in _BUTTONS else unmarked(link.text)
    return Cell(" ".join(filter(None, (title.text, kind))), struck=title.struck)


def _place_and_mode(cells: dict[str, Cell]) -> tuple[str, WorkMode]:
    location = cells.get("location", EMPTY).text
    place = unmarked(location) or (location if _COUNTRY.search(location) else "")
    mode = read_mode(unmarked(cells["mode"].text)) if "mode" in cells else None
    if mode is None and _GLOBE in location:
        mode = WorkMode.REMOTE
    if mode is None:
        mode = MODES.get(place.casefold())
    return place, mode or WorkMode.UNKNOWN


def _employer(links: Sequence[Link]) -> str:
    """Return the first link, but an aggregator's second button only when there is no other."""
    if not links:
        return ""
    return next((link.url for link in links if "://simplify.jobs/" not in link.url), links[0].url)


def unmarked(text: str) -> str:
    """Return `text` without the marker emoji at its ends, and without what some lists flag rows with anywhere."""
    if text.isascii():
        return text
    if _FLAG.search(text):
        text = " ".join(_FLAG.sub(" ", text).split())
    if front := _MARKS.match(text):
        text = text[front.end() :]
    if back := _MARKS.match(text[::-1]):
        text = text[: -back.end()]
    return text


def _skills(text: str) -> tuple[str, ...]:
    return tuple(word for word in (piece.strip() for piece in re.split(r"[,;·•|]", text)) if word)


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text)).casefold()


def _bare(cells: Sequence[str]) -> list[str]:
    return [cell.strip().casefold() for cell in cells]


KIND = Kind(parse=parse, reader_version=READER_VERSION, sniff=sniff)
