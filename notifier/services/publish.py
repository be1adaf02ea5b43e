"""The lists written back as Markdown tables: what is open now, as pages that a reader reads back.

A folder holds README.md for everything, NAME/README.md for each view, and archive/DATE.md: everything
as it stood on that day (UTC). Only lists whose terms allow it (Source.republish), with their own links.
"""

import asyncio
import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlmodel import Session, col

from notifier.domain import compose
from notifier.domain.clean import clean, safe_link
from notifier.domain.facts import WorkMode
from notifier.domain.filters import CompiledWish, Prepared, Wish
from notifier.domain.posting import ListedOn, Opening
from notifier.domain.query import parse
from notifier.domain.texts import text
from notifier.errors import OperatorError
from notifier.services.messages import TREND_SPAN, CompanyFacts, figures
from notifier.store import openings
from notifier.store.database import Database
from notifier.store.tables import Job, Listing, Source, State

ARCHIVE = "archive"
LONGEST = 2_000  # characters of a title, company or place; readers refuse rows of 64 KB

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
_HEAD = (
    "| Company | Position | Location | Type | Posted | Apply |",
    "| ------- | -------- | -------- | ---- | ------ | ----- |",
)
_TYPES = {WorkMode.REMOTE: "Remote", WorkMode.HYBRID: "Hybrid", WorkMode.ONSITE: "On Site"}
_STAMP = re.compile(r"^_Written \d{4}-\d\d-\d\d \d\d:\d\d UTC by notifier_$", re.MULTILINE)
# A day without its year means the newest such day: not for one that is old, or far ahead.
_YEARLESS = (timedelta(days=-300), timedelta(days=2))

# What means something in a job table, and would be read as that: closed or well paid; the company above.
_MARKERS = re.compile("[🔒💰]")
_SAME = re.compile(r"^[^\w!-~]*[↳⤷↪└]\s*")
_BREAK = "\u2060"  # word joiner: no width; pages find no name or address across it, readers drop it
_BULLET = re.compile(r"^(?=[-•])")  # at its beginning, where lists of places have them
_TRIGGER = re.compile(r"@(?=\w)|#(?=\d)|:(?=//)|www(?=\.)", re.IGNORECASE)
_SPECIAL = re.compile(r"[\\`*_\[\]<~|$]|&(?=#?\w+;)")
_LINK_SPECIAL = re.compile(r"[()<>\[\]|`]")
_LINK_ENTITY = re.compile(r"&(?=#?\w+;)")


_EVERYTHING = Wish(())


@dataclass(frozen=True, slots=True)
class View:
    """A part of the lists with a page of its own; the one without a name is everything."""

    name: str = ""  # letters, digits and hyphens: it becomes a folder
    query: str = ""
    wish: Wish = _EVERYTHING


@dataclass(frozen=True, slots=True)
class Page:
    """A file as it should be, and how many jobs it lists."""

    path: str  # below the folder, with slashes
    jobs: int
    markdown: str


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a page; `changed` when its file was not like that already."""

    path: Path
    jobs: int
    changed: bool


def views(asked: Sequence[str]) -> list[View]:
    """Return the views that NAME=QUERY words ask for.

    ValueError says what is wrong with a name, `BadQuery` with a query.
    """
    found: dict[str, View] = {}
    for words in asked:
        name, equals, query = words.partition("=")
        if not equals:
            raise ValueError(f"{words!r} is no view; write NAME=QUERY, as in python-remote='python remote'")
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot name a view; letters, digits and hyphens can")
        # Not every file system tells capitals from small letters.
        if name.casefold() in (ARCHIVE, *found):
            raise ValueError(f"{name!r} is taken; give the view another name")
        found[name.casefold()] = View(name, query, parse(query).wish)
    return list(found.values())


async def publish(db: Database, folder: Path, asked: Sequence[View], now: datetime) -> list[Written]:
    """Write what is open at `now` into `folder`, everything first, then each view, then the archive.

    Remembers the views and the day for `republish`. `OperatorError` when a file cannot be written.
    """
    made = await db.read(pages, asked, now)
    written = await asyncio.to_thread(write, folder, made)
    await db.run(_remember, folder, asked, now)
    return written


async def republish(db: Database, folder: Path, now: datetime) -> list[Written]:
    """Do what `publish` did last, unless that was on this day (UTC); without a last time, everything."""
    asked = await db.read(_due, folder, now)
    return await publish(db, folder, asked, now) if asked is not None else []


def _key(folder: Path) -> str:
    return f"published:{folder.resolve()}"


def _remember(session: Session, folder: Path, asked: Sequence[View], now: datetime) -> None:
    last = {"on": _day(now).isoformat(), "views": [f"{view.name}={view.query}" for view in asked]}
    session.merge(State(key=_key(folder), value=json.dumps(last)))


def _due(session: Session, folder: Path, now: datetime) -> list[View] | None:
    row = session.get(State, _key(folder))
    if row is None:
        return []
    last = json.loads(row.value)
    return views(last["views"]) if last["on"] < _day(now).isoformat() else None


def _day(now: datetime) -> date:
    return now.astimezone(UTC).date()


# -- which jobs ---------------------------------------------------------------------------------


def pages(session: Session, asked: Sequence[View], now: datetime) -> list[Page]:
    """Return every page as it should be at `now`."""
    allowed = _republished(session)
    jobs = list(_listed(openings.newest_open(session, now), allowed))
    then = now - TREND_SPAN
    before = list(_listed(_open_at(session, then), allowed))
    every = [View(), *asked]
    made = []
    for view in every:
        fit, fitted = _fitting(jobs, view, now), _fitting(before, view, then)
        path = f"{view.name}/README.md" if view.name else "README.md"
        made.append(Page(path, len(fit), page(view, every, fit, fitted, now)))
    archived = page(View(), every, jobs, before, now, archived=True)
    return [*made, Page(f"{ARCHIVE}/{_day(now).isoformat()}.md", len(jobs), archived)]


def _republished(session: Session) -> dict[int, ListedOn]:
    """Return, by job, the first list that may be republished and has not closed it."""
    query = (
        select(col(Listing.job_id), col(Listing.url), Source)
        .join(Source, col(Source.id) == col(Listing.source_id))
        .where(col(Source.republish), col(Listing.closed_at).is_(None))
        .order_by(col(Listing.first_seen), col(Source.name))
    )
    found: dict[int, ListedOn] = {}
    for job_id, url, source in session.execute(query):
        if safe_link(url):
            found.setdefault(job_id, openings.listed_on(source, url))
    return found


def _listed(found: Iterable[Opening], allowed: dict[int, ListedOn]) -> Iterable[Opening]:
    """Yield the jobs of the lists that may be republished, as those link them."""
    for job in found:
        listed = allowed.get(job.id)
        if listed is not None and _shown(job.title):
            yield replace(job, url=listed.url, lists=(listed,))


def _open_at(session: Session, at: datetime) -> Iterable[Opening]:
    query = select(col(Job.id)).where(openings.was_open(at))
    return openings.by_id(session, session.execute(query).scalars().all()).values()


def _fitting(jobs: Iterable[Opening], view: View, now: datetime) -> list[Opening]:
    wish = CompiledWish(view.wish)
    return [job for job in jobs if wish.match(Prepared(job), now) is not None]


def _facts(jobs: Sequence[Opening]) -> list[CompanyFacts]:
    return [(job.company, job.facts.to_json()) for job in jobs]


# -- the page -----------------------------------------------------------------------------------


def page(
    view: View,
    every: Sequence[View],
    jobs: Sequence[Opening],
    before: Sequence[Opening],
    now: datetime,
    *,
    archived: bool = False,
) -> str:
    """Return the Markdown of one page. Pure.

    every     all views, to link them
    jobs      what it lists, in order; each stands on exactly one list, and links there
    before    what it would have listed a week ago, for the trends
    archived  it is kept: its days carry their year
    """
    today = _day(now)
    title = f"Open jobs on {today.isoformat()}" if archived else "Open jobs"
    parts = [
        f"# {title}: {view.name}" if view.name else f"# {title}",
        f"_Written {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC by notifier_",
    ]
    if view.name:
        parts.append(f"Those that fit: {escaped(view.query)}")
    if jobs:
        for block in compose.statistics(figures(_facts(jobs), _facts(before)), "en"):
            parts.append(escaped("".join(span.text for span in block.spans)))
    parts.append(_siblings(view, every, archived))
    rows = [_row(job, None if archived else today) for job in jobs]
    parts.append("\n".join([*_HEAD, *rows]))
    parts.append("💰 says what it pays, or pays well" if jobs else "No job is open at the moment.")
    if jobs:
        parts += ["## Where they are listed", "\n".join(_sources(jobs))]
    return "\n\n".join(parts) + "\n"


def _siblings(view: View, every: Sequence[View], archived: bool) -> str:
    up = "../" if view.name or archived else ""
    links = []
    for sibling in every:
        name = sibling.name or "All"
        here = sibling == view and not archived
        folder = f"{sibling.name}/" if sibling.name else ""
        links.append(f"**{name}**" if here else f"[{name}]({up}{folder}README.md)")
    return " · ".join([*links, f"[Earlier days]({up}{ARCHIVE})"])


def _row(job: Opening, today: date | None) -> str:
    paid = " 💰" if job.pay or job.pay_flagged else ""
    cells = (
        _linked(escaped(_SAME.sub("", _shown(job.company))), job.company_url),
        # Inside the link, so that the cell is one link and nothing else.
        _linked(escaped(job.title) + paid, job.url),
        _place(job),
        _TYPES.get(job.mode, ""),
        _posted(job.posted_on, today),
        f"[Apply]({_target(job.url)})",
    )
    return f"| {' | '.join(cells)} |"


def _linked(label: str, url: str) -> str:
    return f"**[{label}]({_target(url)})**" if label and safe_link(url) else label


def _place(job: Opening) -> str:
    place = escaped(job.location)
    mark = "🌐" if job.mode is WorkMode.REMOTE else "📍" if place else ""
    return f"{mark} {place}".strip()


def _posted(on: date | None, today: date | None) -> str:
    """Return a day as "Mar 02", with its year where a reader would take it for another."""
    if on is None:
        return ""
    words = f"{text(f'month-{on.month}')} {on.day:02}"
    earliest, latest = _YEARLESS
    return words if today is not None and earliest <= on - today <= latest else f"{words}, {on.year:04}"


def _sources(jobs: Sequence[Opening]) -> Iterable[str]:
    """Yield a line for each list: terms ask for its link, and often for a sentence."""
    lists = {listed.name: listed for job in jobs for listed in job.lists}
    for name, listed in sorted(lists.items()):
        link = safe_link(listed.list_url)
        shown = f"[{escaped(name)}]({_target(link)})" if link else escaped(name)
        yield f"- {shown}" + (f": {escaped(listed.attribution)}" if listed.attribution else "")


# -- text from outside --------------------------------------------------------------------------


def escaped(words: str) -> str:
    """Return text from outside for a cell: one line that neither formats, links nor calls anybody.

    Escapes and the zero-width breaks are what the reader undoes: it reads the text as it was.
    """
    broken = _BULLET.sub(_BREAK, _TRIGGER.sub(lambda found: found[0] + _BREAK, _shown(words)))
    return _SPECIAL.sub(lambda found: "\\" + found[0], broken)


def _shown(words: str) -> str:
    # The cleaner also breaks names such as Node.js, for chats; a page makes no link of them.
    plain = clean(words, LONGEST).replace(_BREAK, "")
    return " ".join(_MARKERS.sub(" ", plain).split())


def _target(url: str) -> str:
    """Return a link as the list gave it, so written that it ends where it should."""
    return _LINK_SPECIAL.sub(lambda found: "\\" + found[0], _LINK_ENTITY.sub("&amp;", url))


# -- files --------------------------------------------------------------------------------------


def write(folder: Path, made: Sequence[Page]) -> list[Written]:
    """Write the pages that differ from their files in more than the stamp; `OperatorError` if that fails."""
    written = []
    for page_ in made:
        path = folder / page_.path
        try:
            written.append(Written(path, page_.jobs, _write(path, page_.markdown)))
        except OSError as error:
            raise OperatorError(f"{path} cannot be written: {error.strerror}") from error
    return written


def _write(path: Path, markdown: str) -> bool:
    try:
        old = path.read_text("utf-8", errors="replace")
    except FileNotFoundError:
        old = ""
    if old and not _STAMP.search(old):
        raise OperatorError(f"{path} was not written by notifier; move it away, or name another folder")
    if _STAMP.sub("", old) == _STAMP.sub("", markdown):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    # Whoever reads the folder meanwhile sees the old file or the new one, never half of one.
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(markdown, "utf-8", newline="\n")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return True
