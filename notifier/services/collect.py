"""From lists to debts: read what is due, find what is new, record it with whom it is owed to.

Sources are fetched side by side and recorded one after the other, so a slow one holds up nobody. How
many are asked at once is for the sources to say: they know the hosts.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import OperationalError

from notifier.domain.bounded import LINK, bounded, storable
from notifier.domain.facts.derive import derive
from notifier.domain.filters import Prepared
from notifier.domain.identity import Known, address_of, repost_key, resolve, row_hash, rows_hash
from notifier.domain.ports import Source
from notifier.domain.posting import ListedOn, Opening, Posting, Reading, Unread
from notifier.domain.redact import redacted
from notifier.errors import SourceError, SourceResting, SourceUnreachable, StaleWishes
from notifier.services.owing import Owing
from notifier.store import jobs, sources, subscriptions
from notifier.store.database import Database
from notifier.store.jobs import Ending, News
from notifier.store.subscriptions import Wishes
from notifier.store.tables import Source as SourceRow

log = logging.getLogger(__name__)

# A transaction takes at most this many new jobs and this many deliveries, to stay under 100 ms.
CHUNK_JOBS = 100
CHUNK_DEBTS = 2_000
LONG = 2_000  # rows: such a reading is recorded after the others

Build = Callable[[SourceRow], Source]
ReaderVersion = Callable[[str], int]  # of a kind of source


@dataclass(slots=True)
class Collected:
    """What one reading of one source came to."""

    source: str
    seen: int = 0
    new: int = 0
    reposts: int = 0
    owed: int = 0
    closed: int = 0
    unread: Sequence[Unread] = ()
    trouble: str = ""  # why the reading is not trusted, or failed
    asked: bool = True  # False: its host is left alone for now
    new_keys: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """What collecting needs of the program: how to read a source, and how often."""

    db: Database
    build: Build
    reader_version: ReaderVersion
    every: timedelta = timedelta(minutes=30)
    longest: timedelta = timedelta(minutes=10)  # for one reading, however many pages it has
    patience: timedelta | None = None  # for those under way; what is not done by then is of the next time
    _under_way: dict[int, "asyncio.Task[_Read]"] = field(default_factory=dict, init=False)

    async def collect(self, clock: Callable[[], datetime], names: Collection[str] = ()) -> list[Collected]:
        """Read the sources that are due (or those named) and return what each came to.

        With `patience` those that take longer go on, and what they come to is returned by a later call.
        """
        for row in await self.db.read(sources.due, clock(), names):
            if row.id not in self._under_way:
                self._under_way[row.id] = asyncio.create_task(self._read(row, clock))
        patience = self.patience.total_seconds() if self.patience else None
        results = []
        long: list[_Read] = []
        try:
            for finished in asyncio.as_completed([*self._under_way.values()], timeout=patience):
                read = await finished
                del self._under_way[read.row.id]
                if read.rows > LONG:
                    long.append(read)  # it may take a minute: the others do not wait for it
                else:
                    results.append(await self._take(read, clock))
        except TimeoutError:
            log.info("sources still being read", extra={"count": len(self._under_way)})
        except BaseException:
            self.stop()
            raise
        for read in sorted(long, key=lambda read: read.rows):
            results.append(await self._take(read, clock))
        return results

    def stop(self) -> None:
        """Give up what is being read."""
        for task in self._under_way.values():
            task.cancel()
        self._under_way.clear()

    async def _read(self, row: SourceRow, clock: Callable[[], datetime]) -> "_Read":
        try:
            async with asyncio.timeout(self.longest.total_seconds()):
                return _Read(row, await self.build(row).postings(clock()))
        except SourceError as error:
            return _Read(row, error)
        except TimeoutError:
            minutes = self.longest / timedelta(minutes=1)
            return _Read(row, SourceUnreachable(f"reading took longer than {minutes:.0f} minutes"))
        except Exception as error:
            # One source's bug must not cost the others their reading.
            log.exception("source reading failed", extra={"source": row.name})
            return _Read(row, SourceUnreachable(f"internal error: {type(error).__name__}"))

    async def _take(self, read: "_Read", clock: Callable[[], datetime]) -> Collected:
        row, reading = read.row, read.reading
        if not isinstance(reading, SourceError):
            try:
                return await self.record(row, reading, clock())
            except OperationalError:
                raise  # the database's trouble, not this source's
            except Exception as error:
                log.exception("source recording failed", extra={"source": row.name})
                reading = SourceUnreachable(f"internal error: {type(error).__name__}")
        return await self._failed(row, reading, clock())

    async def _failed(self, row: SourceRow, error: SourceError, now: datetime) -> Collected:
        reason = storable(redacted(str(error)))  # it is stored, and shown
        if isinstance(error, SourceResting):
            await self.db.run(sources.postpone, row.id, now, error.wait)
            return Collected(row.name, trouble=reason, asked=False)
        retry_after = error.retry_after if isinstance(error, SourceUnreachable) else None
        await self.db.run(sources.failed, row.id, reason, now, retry_after, self._wait(row))
        log.warning("source failed", extra={"source": row.name, "reason": reason})
        return Collected(row.name, trouble=reason)

    def _wait(self, row: SourceRow) -> timedelta:
        return timedelta(seconds=row.every) if row.every else self.every

    async def record(self, row: SourceRow, reading: Reading, now: datetime) -> Collected:
        """Record one reading of a source: find its news, match them, owe them, chunk by chunk."""
        wait = max(self._wait(row), reading.wait)
        version = self.reader_version(row.kind)
        if reading.unchanged and row.first_reading_done:
            recorded = await self.db.run(jobs.unchanged, row.id, now, wait)
            return Collected(row.name, closed=recorded.closed, trouble=recorded.doubted or "")
        reading = await asyncio.to_thread(_bounded, reading)
        hashes = [row_hash(posting) for posting in reading.postings]
        whole = rows_hash(hashes)
        collected = Collected(row.name, seen=len(hashes), unread=reading.unread)
        same = whole == row.rows_hash and version == row.reader_version and len(reading.unread) == row.unread
        if hashes and same:
            recorded = await self.db.run(jobs.unchanged, row.id, now, wait)
            collected.closed, collected.trouble = recorded.closed, recorded.doubted or ""
            return collected
        drifted = sources.drift(row, reading.postings, len(reading.unread))
        plan = await self._plan(row, reading.postings, hashes, version, now, drifted=drifted is not None)
        collected.reposts = plan.reposts
        ending = Ending(
            present=plan.present,
            doubted=sources.doubt(row, len(plan.present), reading.note, partial=reading.partial) or drifted,
            partial=reading.partial,
            rows_hash=whole,
            etag=reading.etag,
            last_modified=reading.last_modified,
            reader_version=version,
            unread=len(reading.unread),
            columns=sources.columns(reading.postings) if len(hashes) >= sources.FEWEST_ROWS else None,
        )
        collected.trouble = ending.doubted or ""
        recorded = await self._record_news(row, plan.news, now)
        collected.new, collected.owed = recorded.new, recorded.owed
        collected.new_keys = [event.news.key for event in plan.news if event.news.is_new]
        ended = await self.db.run(jobs.finish, row.id, ending, now, wait)
        collected.closed = ended.closed
        log.info(
            "source collected",
            extra={"source": row.name, "seen": collected.seen, "new": collected.new, "owed": collected.owed},
        )
        return collected

    async def _plan(
        self,
        row: SourceRow,
        postings: Sequence[Posting],
        hashes: Sequence[str],
        version: int,
        now: datetime,
        *,
        drifted: bool,
    ) -> "_Plan":
        held = await self.db.read(jobs.held, row.id, postings)
        fresh = {
            repost_key(posting)
            for (_, known), posting in zip(
                resolve(postings, held.at_address, held.by_repost_key, row.name), postings, strict=True
            )
            if known is None
        }
        earlier = await self.db.read(jobs.earlier, row.id, fresh, now) if fresh else {}
        return await asyncio.to_thread(
            _plan, row, postings, hashes, version, held, earlier, now, drifted=drifted
        )

    async def _record_news(self, row: SourceRow, news: Sequence["_Event"], now: datetime) -> jobs.Recorded:
        total = jobs.Recorded()
        wishes = await self.db.read(subscriptions.wishes) if any(event.owes for event in news) else None
        done = 0
        while done < len(news):
            rest = news[done : done + CHUNK_JOBS]
            revision = wishes.revision if wishes else await self.db.read(subscriptions.revision)
            # Lazy: of a flood that is owed to many only what one transaction takes is matched here.
            chunk = await asyncio.to_thread(_first_chunk, row, rest, wishes, now)
            try:
                recorded = await self.db.run(jobs.record, chunk, now, revision=revision)
            except StaleWishes:
                wishes = await self.db.read(subscriptions.wishes)
                continue
            done += len(chunk)
            total.new += recorded.new
            total.owed += recorded.owed
        return total


@dataclass(frozen=True, slots=True)
class _Read:
    """A source, and what reading it gave."""

    row: SourceRow
    reading: Reading | SourceError

    @property
    def rows(self) -> int:
        """Return how many postings are to be recorded."""
        return 0 if isinstance(self.reading, SourceError) else len(self.reading.postings)


@dataclass(frozen=True, slots=True)
class _Event:
    """A row that is new here or changed, before it is matched."""

    news: News
    owes: bool
    since: datetime | None = None  # a repost owes only to who came after its first id


@dataclass(frozen=True, slots=True)
class _Plan:
    news: Sequence[_Event]
    present: Collection[str]
    reposts: int


def _bounded(reading: Reading) -> Reading:
    """Return a reading that every database takes; rows whose link is no link are among the unread."""
    kept, refused = [], []
    for posting in reading.postings:
        if (whole := bounded(posting)) is not None:
            kept.append(whole)
        else:
            reason = f"the link is longer than {LINK:,} characters"
            refused.append(Unread(line=posting.line, reason=reason, text=storable(posting.title, 200)))
    return replace(
        reading,
        postings=kept,
        unread=(*reading.unread, *refused),
        etag=storable(reading.etag),
        last_modified=storable(reading.last_modified),
        note=storable(reading.note),
    )


def _plan(
    row: SourceRow,
    postings: Sequence[Posting],
    hashes: Sequence[str],
    version: int,
    held: jobs.Held,
    earlier: dict[str, jobs.Earlier],
    now: datetime,
    *,
    drifted: bool,
) -> _Plan:
    """Say of each row what is news about it; rows that say nothing new are left out.

    drifted  the layout has changed: what is known of a job is better than what can be read of it now
    """
    silent_reading = not row.first_reading_done
    better_reader = row.first_reading_done and version != row.reader_version
    last_good = row.last_ok_at or datetime.min.replace(tzinfo=UTC)
    events: list[_Event] = []
    present: set[str] = set()
    reposts = 0
    resolved = resolve(postings, held.at_address, held.by_repost_key, row.name)
    unknown = Counter(
        repost_key(posting) for posting, (_, known) in zip(postings, resolved, strict=True) if known is None
    )
    for posting, row_digest, (key, known) in zip(postings, hashes, resolved, strict=True):
        came_before = earlier.get(repost_key(posting)) if known is None else None
        twin = None
        if came_before is not None and address_of(posting) and unknown[repost_key(posting)] == 1:
            twin = came_before.twin
        if twin is not None:
            key = twin.key
        if key in present:
            continue
        present.add(key)
        listing = held.listings.get(known.id) if known else None
        if listing == (row_digest, False) or (drifted and listing is not None):
            continue
        reposts += came_before is not None and twin is None
        dated_after = posting.posted_on is not None and posting.posted_on > last_good.date()
        silent = silent_reading or (better_reader and not dated_after)
        same_row = listing is not None and listing[0] == row_digest  # it was away and is back
        part_of_silence = known is not None and listing is not None and known.id in held.silent
        original = came_before.original if came_before else held.original[known.id] if known else key
        news = jobs.news(
            row,
            posting,
            now,
            key=key,
            facts=derive(
                title=posting.title,
                location=posting.location,
                mode=posting.mode,
                company=posting.company,
                skills=posting.skills,
                pay=posting.pay,
            ),
            row_hash=row_digest,
            silent=silent,
            is_new=known is None and twin is None,
            original=original,
            known_before=known is not None or came_before is not None,
            elsewhere=_elsewhere(posting, twin.address if twin else None, known, held),
        )
        events.append(
            _Event(
                news,
                owes=not (silent or same_row or part_of_silence or posting.closed),
                since=came_before.since if came_before else None,
            )
        )
    return _Plan(events, present, reposts)


def _elsewhere(posting: Posting, home: str | None, known: Known | None, held: jobs.Held) -> str:
    """Return the address of a row when it is not that of its job, else "".

    home  of the job that others list; None when it is this source's own
    """
    if known is not None:
        home = held.home[known.id]
    where = address_of(posting)
    if where is None:  # a lock stands in place of its link
        return held.elsewhere.get(known.id, "") if known is not None else ""
    return where.text if home is not None and where.text != home else ""


def _match(row: SourceRow, events: Sequence[_Event], wishes: Wishes | None, now: datetime) -> Iterator[News]:
    """Yield each event's news with what it owes, matched against every wish."""
    every = wishes.wanted if wishes else ()
    owing = Owing(now)
    for event in events:
        posting = event.news.posting
        leaves = jobs.leaves_at(row, posting)
        if not event.owes or (leaves is not None and leaves <= now):
            yield event.news
            continue
        opening = Prepared(_as_opening(row, event.news, now))
        met = []
        for wanted in every:
            if event.since is not None and wanted.created_at <= event.since:
                continue
            facts = wanted.wish.match(opening, now)
            if facts is not None:
                met.append((wanted, facts))
        yield replace(event.news, debts=owing.debts(met)) if met else event.news


def _as_opening(row: SourceRow, news: News, now: datetime) -> Opening:
    """Return the job as filters see it; it has no id yet."""
    posting = news.posting
    return Opening(
        id=0,
        key=news.key,
        title=posting.title,
        company=posting.company,
        url=posting.url,
        location=posting.location,
        mode=posting.mode,
        pay=posting.pay,
        pay_flagged=posting.pay_flagged,
        posted_on=posting.posted_on,
        first_seen=now,
        facts=news.facts,
        lists=(ListedOn(name=row.name, url=posting.url),),
    )


def _first_chunk(
    row: SourceRow, events: Sequence[_Event], wishes: Wishes | None, now: datetime
) -> list[News]:
    """Return as much, matched, as one transaction may take."""
    chunk: list[News] = []
    debts = 0
    for news in _match(row, events, wishes, now):
        chunk.append(news)
        debts += len(news.debts)
        if debts >= CHUNK_DEBTS:
            break
    return chunk
