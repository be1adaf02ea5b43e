"""`notifier replay`: a list's history through the real road, on the history's own clock."""

import json
import lzma
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import IO, Any

from notifier.chat import markdown
from notifier.domain import query
from notifier.domain.cadence import Cadence
from notifier.domain.document import Document, PageSize
from notifier.domain.ports import Outcome, Pace, Recipient, Sent
from notifier.domain.posting import Opening, Reading
from notifier.errors import OperatorError
from notifier.services.collect import Collector
from notifier.services.deliver import Deliverer
from notifier.sources.readme_table import READER_VERSION, parse
from notifier.store import openings, outbox, sources, subscriptions
from notifier.store.database import Database, opened
from notifier.store.subscriptions import Defaults
from notifier.store.tables import DeliveryKind
from notifier.store.tables import Source as SourceRow

PLATFORM = "replay"

Progress = Callable[[int, int], None]  # snapshots done, of how many


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A list as it stood at one moment."""

    at: datetime
    text: str


def snapshots(pack: Path) -> Iterator[Snapshot]:
    """Yield the readings of a pack, oldest first: `{"i","ts","text"}` lines or a folder of TIMESTAMP.md."""
    if pack.is_dir():
        for file in sorted(pack.glob("*.md")):
            yield Snapshot(_moment(file.stem, file.name), file.read_text(encoding="utf-8", errors="replace"))
        return
    opener: Callable[..., IO[str]] = lzma.open if pack.suffix == ".xz" else open
    with opener(pack, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                yield Snapshot(_moment(row["ts"], f"line {number}"), row["text"])
            except (ValueError, KeyError, TypeError) as error:
                raise OperatorError(
                    f'line {number} of {pack.name} is not {{"i", "ts", "text"}}: {error}'
                ) from error


def _moment(text: str, where: str) -> datetime:
    """Read an ISO time; file names write `-` for the colons, or nothing at all."""
    for spelling in (text, text.replace("_", ":"), text[:13] + text[13:].replace("-", ":")):
        try:
            at = datetime.fromisoformat(spelling)
        except ValueError:
            continue
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    raise OperatorError(f"{where}: {text} is not a time; write it like 2025-09-11T12:31:53Z")


@dataclass(slots=True)
class Clock:
    """The history's own time."""

    now: datetime

    def __call__(self) -> datetime:
        """Return it."""
        return self.now

    def advance(self, to: datetime) -> None:
        """Go forward, never back."""
        self.now = max(self.now, to)


class LogMessenger:
    """Takes messages for a log: one line each, written at once and whole."""

    name = PLATFORM
    pace = Pace()
    page = PageSize(items=sys.maxsize)

    def __init__(self, db: Database, clock: Clock, log: int | None) -> None:
        self._db = db
        self._clock = clock
        self._log = log
        self.messages = 0
        self.announced = 0

    async def send(self, recipient: Recipient, document: Document, batch: str) -> Outcome:
        """Write the message with every job it stands for."""
        kind, jobs = await self._db.read(outbox.shown_by, batch)
        self._write(recipient.address, kind, jobs, document)
        self.messages += 1
        self.announced += len(jobs) if kind == DeliveryKind.PUSH else 0
        return Sent(f"{recipient.address}/{batch}")

    async def edit(self, recipient: Recipient, reference: str, document: Document) -> Outcome:
        """Write the message again as it is now."""
        _, jobs = await self._db.read(outbox.shown_by, reference.partition("/")[2])
        self._write(recipient.address, "edit", jobs, document)
        return Sent(reference)

    def _write(self, address: str, kind: str, jobs: Sequence[Opening], document: Document) -> None:
        if self._log is None:
            return
        line = {
            "at": self._clock.now.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "destination": address,
            "kind": str(kind),
            "jobs": [_job(job) for job in jobs],
            "markdown": markdown.render(document),
        }
        # One write call a line: a kill leaves the line whole or not there.
        os.write(self._log, (json.dumps(line, ensure_ascii=False) + "\n").encode(errors="replace"))


def _job(job: Opening) -> dict[str, Any]:
    return {
        "key": job.key,
        "url": job.url,
        "company": job.company,
        "title": job.title,
        "location": job.location,
        "mode": job.mode.value,
        "posted_on": job.posted_on.isoformat() if job.posted_on else None,
    }


@dataclass(slots=True)
class Summary:
    """What a replay came to."""

    snapshots: int = 0
    jobs: int = 0
    new: int = 0
    reposts: int = 0
    announced: int = 0
    messages: int = 0
    closed: int = 0
    expired: int = 0
    unread: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yield it for people."""
        for name in ("snapshots", "jobs", "new", "reposts", "announced", "messages", "closed", "expired"):
            yield f"{name:<10} {getattr(self, name)}"
        yield f"{'unread':<10} {len(self.unread)}"
        yield from (f"  {line}" for line in self.unread[:50])


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """One replay, as the command line asks for it."""

    pack: Path
    source: str
    subscribe: Sequence[str] = ()
    cadence: Cadence | None = None
    digest_at: time = time(8, 30)
    zone: str = "UTC"
    log: Path | None = None
    database: str = ""  # "": a temporary one


async def replay(asked: Replay, progress: Progress = lambda done, of: None) -> Summary:
    """Run a history through collect, record and deliver; continue where a killed run stopped."""
    with ExitStack() as stack:
        url = asked.database
        if not url:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="notifier-replay-"))
            url = f"sqlite:///{folder}/replay.db"
        db = stack.enter_context(opened(url))
        log = None
        if asked.log is not None:
            log = os.open(
                asked.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | (0 if asked.database else os.O_TRUNC)
            )
            stack.callback(os.close, log)
        return await _run(db, asked, log, progress)


async def _run(db: Database, asked: Replay, log: int | None, progress: Progress) -> Summary:
    summary = Summary()
    clock: Clock | None = None
    current = Reading()

    class _Source:
        async def postings(self, now: datetime) -> Reading:
            return current

    history = list(snapshots(asked.pack))
    for snapshot in history:
        summary.snapshots += 1
        progress(summary.snapshots, len(history))
        if clock is None:
            clock = Clock(snapshot.at)
            row = await db.run(_prepare, asked, snapshot.at - timedelta(seconds=1))
            messenger = LogMessenger(db, clock, log)
            deliverer = Deliverer(db, {PLATFORM: messenger}, clock)
            collector = Collector(
                db=db, build=lambda row: _Source(), reader_version=lambda kind: READER_VERSION
            )
            if row.last_read_at is not None:
                clock.advance(row.last_read_at)
            await db.run(outbox.take_up, clock())
            await deliverer.deliver()
            read_until = row.last_read_at
        if read_until is not None and snapshot.at <= read_until:
            continue
        await _deliver_until(db, deliverer, clock, snapshot.at)
        current = parse(snapshot.text, snapshot.at)
        at = f"{snapshot.at:%Y-%m-%dT%H:%M:%SZ}"
        summary.unread += [f"{at} line {row.line}: {row.reason}" for row in current.unread]
        for collected in await collector.collect(clock, [asked.source]):
            summary.new += collected.new
            summary.reposts += collected.reposts
        await deliverer.deliver()
    if clock is None:
        raise OperatorError(
            f"{asked.pack} holds no snapshots; a pack is JSON lines or a folder of TIMESTAMP.md"
        )
    summary.announced, summary.messages = messenger.announced, messenger.messages
    summary.jobs, summary.closed, summary.expired = await db.read(openings.counts, clock())
    return summary


async def _deliver_until(db: Database, deliverer: Deliverer, clock: Clock, until: datetime) -> None:
    """Let time pass up to `until`, stopping wherever something is due."""
    while (due := await db.read(outbox.next_due)) is not None and due <= until:
        # Something that stays due (a chat that rests, say) must not stop the clock.
        clock.advance(due if due > clock.now else clock.now + timedelta(seconds=1))
        if clock.now > until:
            break
        await deliverer.deliver()
    clock.advance(until)


def _prepare(session: Any, asked: Replay, now: datetime) -> SourceRow:
    """Set up the source and the destinations, unless an earlier run of this replay did."""
    row = sources.named(session, asked.source)
    if row is not None:
        return row
    wishes = asked.subscribe or [f"source:{asked.source}"]
    default = asked.cadence or (Cadence.BOTH if asked.subscribe else Cadence.INSTANT)
    defaults = Defaults(zone=asked.zone, digest_at=asked.digest_at)
    for number, wish in enumerate(wishes, 1):
        parsed = query.parse(wish)
        chat = subscriptions.open_destination(session, PLATFORM, f"replay-{number}", now, defaults=defaults)
        subscriptions.subscribe(session, chat, parsed.wish, now, cadence=parsed.cadence or default, name=wish)
    return sources.add(session, now, name=asked.source, kind="readme_table", url=str(asked.pack), every=1)


def progress_bar() -> Callable[[int, int], None]:
    """Return what shows progress on standard error, and only when a person looks."""
    if not sys.stderr.isatty():
        return lambda done, of: None

    def show(done: int, of: int) -> None:
        filled = 30 * done // max(of, 1)
        end = "\n" if done == of else ""
        print(f"\r[{'#' * filled}{'.' * (30 - filled)}] {done}/{of}", end=end, file=sys.stderr, flush=True)

    return show
