"""Jobs and their listings: what we knew, and what a reading adds.

`record` is the one durable hand-over: jobs, listings and the deliveries they owe in one transaction.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import and_, case, exists, func, literal_column, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, UTCDateTime, col

from notifier.domain.facts import FACTS_VERSION, Facts, WorkMode
from notifier.domain.facts.derive import derive
from notifier.domain.fold import fold
from notifier.domain.identity import Known, address_of, repost_key, resolve
from notifier.domain.posting import Posting
from notifier.errors import StaleWishes
from notifier.store import outbox, sources, subscriptions
from notifier.store.outbox import Debt
from notifier.store.sql import bulk, is_sqlite, stamp, values_in
from notifier.store.tables import Job, Listing, Source

FACTS_AT_A_TIME = 100  # jobs; deriving them takes a fraction of the 100 ms that a transaction may last
REPOST_WINDOW = timedelta(days=30)
MISSES_TO_CLOSE = 3
MISSING_TO_CLOSE = timedelta(hours=24)
# Written out, not bound: a partial index is only used for the words it was made with.
_ELSEWHERE: Any = literal_column("listing.address <> ''")
# The plus keeps SQLite from walking all that ever stood on a source.
_of_source: Any = literal_column("+listing.source_id")


# -- what we knew -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was listed lately with the same company, title and location.

    since  when this source first listed it under an earlier id; None when only others did
    twin   the one job that others list now and this source never did: it is the same one
    """

    original: str
    since: datetime | None
    twin: Known | None


@dataclass(frozen=True, slots=True)
class Held:
    """What a source's last readings left in the store, as `plan` compares it with a new one."""

    at_address: Mapping[str, Sequence[Known]]
    by_repost_key: Mapping[str, Known]  # jobs listed on this source
    listings: Mapping[int, tuple[str, bool]]  # job id: (row hash on this source, whether it is missing)
    silent: Collection[int]  # ids of jobs that came with a reading that announced nothing
    original: Mapping[int, str]
    home: Mapping[int, str]  # each job's own address
    elsewhere: Mapping[int, str]  # its address on this source, when that is another one


def held(session: Session, source_id: int, postings: Sequence[Posting]) -> Held:
    """Return what is known about the postings of one reading; three statements, however many rows."""
    addresses = {where.text for posting in postings if (where := address_of(posting))}
    linkless = {repost_key(posting) for posting in postings if not address_of(posting)}
    here = and_(col(Listing.job_id) == col(Job.id), col(Listing.source_id) == source_id)
    columns: tuple[Any, ...] = (
        *(col(Job.id), col(Job.key), col(Job.address), col(Job.title_folded), col(Job.repost_key)),
        *(col(Job.original), col(Job.silent), col(Listing.row_hash), col(Listing.last_seen)),
        col(Listing.address).label("elsewhere"),
    )
    at_home = (
        select(*columns)
        .outerjoin(Listing, here)
        .where(
            or_(
                col(Job.address).in_(values_in(session, sorted(addresses))),
                and_(
                    col(Job.repost_key).in_(values_in(session, sorted(linkless))),
                    col(Listing.row_hash).is_not(None),
                ),
            )
        )
    )
    elsewhere_here = (
        select(*columns)
        .join(Listing, col(Listing.job_id) == col(Job.id))
        .where(
            _ELSEWHERE,
            _of_source == source_id,
            col(Listing.address).in_(values_in(session, sorted(addresses))),
        )
    )
    at_address: dict[str, list[Known]] = {}
    by_repost_key: dict[str, Known] = {}
    listings: dict[int, tuple[str, bool]] = {}
    silent, original, home, elsewhere = set(), {}, {}, {}
    found = [(row.address, row) for row in session.execute(at_home)]
    found += [(row.elsewhere, row) for row in session.execute(elsewhere_here)]
    for where, row in found:
        listed = row.row_hash is not None and row.last_seen is None
        known = Known(row.id, row.key, where, row.title_folded, listed)
        at_address.setdefault(where, []).append(known)
        original[row.id], home[row.id] = row.original, row.address
        if row.elsewhere:
            elsewhere[row.id] = row.elsewhere
        if row.row_hash is not None:
            listings[row.id] = (row.row_hash, row.last_seen is not None)
            by_repost_key[row.repost_key] = known
        if row.silent:
            silent.add(row.id)
    return Held(at_address, by_repost_key, listings, silent, original, home, elsewhere)


def earlier(
    session: Session, source_id: int, repost_keys: Iterable[str], now: datetime
) -> dict[str, Earlier]:
    """Return, by repost key, what was listed with it within the 30 days before `now`."""
    here = col(Listing.source_id) == source_id
    present = col(Listing.last_seen).is_(None)
    lately = or_(present, col(Listing.last_seen) >= now - REPOST_WINDOW)

    def on(*conditions: Any) -> Any:
        return exists().where(col(Listing.job_id) == col(Job.id), *conditions)

    query = (
        select(
            *(col(Job.id), col(Job.key), col(Job.address), col(Job.title_folded), col(Job.repost_key)),
            *(col(Job.original), col(Job.first_seen)),
            on(here, lately).label("lately_here"),
            on(here, present).label("now_here"),
            and_(on(~here, present), ~on(here)).label("only_there"),
        )
        .where(col(Job.repost_key).in_(values_in(session, list(repost_keys))), on(lately))
        .order_by(col(Job.first_seen), col(Job.id))
    )
    rows: dict[str, list[Any]] = {}
    for row in session.execute(query):
        rows.setdefault(row.repost_key, []).append(row)
    return {key: _earlier(found) for key, found in rows.items()}


def _earlier(rows: Sequence[Any]) -> Earlier:
    """Return what rows of one repost key, the oldest first, come to."""
    there = [row for row in rows if row.only_there]
    # Postings equal in all but the id are several jobs where one list shows them side by side.
    twin = None
    if len(there) == 1 and not any(row.now_here for row in rows):
        (one,) = there
        twin = Known(one.id, one.key, one.address, one.title_folded, False)
    return Earlier(rows[0].original, next((row.first_seen for row in rows if row.lately_here), None), twin)


# -- what a reading adds ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """A row that is new here or changed, made ready to be written, with what it owes."""

    key: str
    posting: Posting
    facts: Facts
    is_new: bool
    original: str  # the key it was first listed under; its own when it is no repost
    known_before: bool  # an earlier id or an earlier event may have been owed already
    elsewhere: bool  # the job has its own address: this row adds a link to it, and no words
    job: Mapping[str, Any]  # columns of Job and Listing, as `sql.bulk` takes them
    listing: Mapping[str, Any]
    debts: Sequence[Debt] = ()


def news(
    source: Source,
    posting: Posting,
    now: datetime,
    *,
    key: str,
    facts: Facts,
    row_hash: str,
    silent: bool,
    is_new: bool = True,
    original: str = "",
    known_before: bool = False,
    elsewhere: str = "",
) -> News:
    """Return a row made ready to be written; done before BEGIN, to keep the transaction short.

    elsewhere  the row's address, when that is not the job's own
    """
    leaves = leaves_at(source, posting)
    posted_on = posting.posted_on.isoformat() if posting.posted_on else None
    closed_at = stamp(now) if posting.closed else None
    job = {
        "key": key,
        "address": where.text if (where := address_of(posting)) else key,
        "original": original or key,
        "repost_key": repost_key(posting),
        "title_folded": fold(posting.title),
        "title": posting.title,
        "company": posting.company,
        "url": posting.url,
        "company_url": posting.company_url,
        "location": posting.location,
        "mode": posting.mode.value,
        "pay": posting.pay,
        "pay_flagged": posting.pay_flagged,
        "skills": json.dumps(posting.skills),
        "facts": json.dumps(facts.to_json()),
        "facts_version": FACTS_VERSION,
        "posted_on": posted_on,
        "first_seen": stamp(now),
        "silent": silent,
        "row_hash": row_hash,
        "expires_at": stamp(leaves) if leaves else None,
        "closed_at": closed_at,
    }
    listing = {
        "source_id": source.id,
        "url": posting.url,
        "address": elsewhere,
        "posted_on": posted_on,
        "row_hash": row_hash,
        "first_seen": stamp(now),
        "last_seen": None,
        "missing_since": None,
        "misses": 0,
        "closed_at": closed_at,
    }
    return News(
        key=key,
        posting=posting,
        facts=facts,
        is_new=is_new,
        original=original or key,
        known_before=known_before,
        elsewhere=bool(elsewhere),
        job=job,
        listing=listing,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What goes with the last chunk of a reading.

    present   keys of all its rows, in no order
    doubted   why the reading is not trusted to be whole: then absence counts for nothing
    partial   older pages were not read: then nothing is absent
    """

    present: Collection[str]
    doubted: str | None
    partial: bool
    rows_hash: str
    etag: str
    last_modified: str
    reader_version: int
    unread: int = 0  # rows that were not understood
    columns: Sequence[str] | None = None  # what its rows say; None: too few to tell


@dataclass(slots=True)
class Recorded:
    """What a transaction did, for logs and summaries."""

    new: int = 0
    owed: int = 0
    closed: int = 0
    doubted: str | None = None
    ids: dict[str, int] = field(default_factory=dict)


def leaves_at(source: Source, posting: Posting) -> datetime | None:
    """Return when a job leaves pushes, views and digests by its age; None while that is open."""
    if source.expire_after is None or posting.posted_on is None:
        return None
    midnight = datetime.combine(posting.posted_on, time(), UTC)
    try:
        return midnight + timedelta(seconds=source.expire_after) + timedelta(days=1)
    except OverflowError:  # a list may write any date
        return None


def record(
    session: Session,
    news: Sequence[News],
    now: datetime,
    *,
    revision: int,
) -> Recorded:
    """Store one chunk of a reading's news and owe what was matched for it.

    `StaleWishes` when a wish changed since `revision`; then nothing is written, match again.
    The number of statements grows with the jobs that owe something, never with who is owed.
    """
    if subscriptions.revision(session, hold=True) != revision:
        raise StaleWishes
    upsert(session, news)
    ids = _ids(session, [row.key for row in news])
    _upsert_listings(session, news, ids)
    # What was away and undated had begun to expire.
    session.execute(
        update(Job)
        .where(
            col(Job.id).in_(values_in(session, ids.values(), number=True)),
            col(Job.posted_on).is_(None),
            col(Job.expires_at).is_not(None),
        )
        .values(expires_at=None)
    )
    _close_and_reopen(session, ids.values(), now)
    owed = sum(
        outbox.owe(session, ids[row.key], row.original, row.debts, now, fresh=not row.known_before)
        for row in news
        if row.debts
    )
    return Recorded(new=sum(row.is_new for row in news), owed=owed, ids=ids)


def upsert(session: Session, news: Sequence[News]) -> None:
    """Insert new jobs and update changed ones in one statement; equal rows are not written."""
    if not news:
        return
    insert = sqlite.insert(Job) if is_sqlite(session) else postgresql.insert(Job)
    new = insert.excluded
    table = Job.__table__  # type: ignore[attr-defined]
    # A job on several lists has the latest date among them.
    latest = {
        "posted_on": case(
            (new.posted_on.is_(None), table.c.posted_on),
            (table.c.posted_on > new.posted_on, table.c.posted_on),
            else_=new.posted_on,
        ),
        "expires_at": case((table.c.expires_at > new.expires_at, table.c.expires_at), else_=new.expires_at),
    }
    statement: Any = insert.on_conflict_do_update(
        index_elements=["key"],
        set_={
            **latest,
            **{
                name: new[name]
                for name in (
                    *("title", "title_folded", "company", "url", "company_url", "location", "mode", "pay"),
                    *("pay_flagged", "skills", "facts", "facts_version", "row_hash", "repost_key"),
                )
            },
        },
        where=table.c.row_hash != new.row_hash,
    )
    bulk(session, statement, [row.job for row in news if not row.elsewhere])
    statement = insert.on_conflict_do_update(index_elements=["key"], set_=latest)
    bulk(session, statement, [row.job for row in news if row.elsewhere])


def _ids(session: Session, keys: Sequence[str]) -> dict[str, int]:
    query = select(col(Job.key), col(Job.id)).where(col(Job.key).in_(values_in(session, keys)))
    return {key: id_ for key, id_ in session.execute(query)}


def _upsert_listings(session: Session, news: Sequence[News], ids: Mapping[str, int]) -> None:
    if not news:
        return
    insert = sqlite.insert(Listing) if is_sqlite(session) else postgresql.insert(Listing)
    changing = (
        "url",
        "address",
        "posted_on",
        "row_hash",
        "last_seen",
        "missing_since",
        "misses",
        "closed_at",
    )
    statement = insert.on_conflict_do_update(
        index_elements=["job_id", "source_id"], set_={name: insert.excluded[name] for name in changing}
    )
    bulk(session, statement, [{**row.listing, "job_id": ids[row.key]} for row in news])


def finish(session: Session, source_id: int, ending: Ending, now: datetime, wait: timedelta) -> Recorded:
    """End a reading: who is absent, and that the source was read. Goes with its last chunk.

    Statement count is constant. A reading in doubt notes when rows were last seen and closes nothing.
    """
    source = session.get(Source, source_id)
    assert source is not None
    ids = set(_ids(session, list(ending.present)).values())
    on_source = col(Listing.source_id) == source_id
    present = col(Listing.job_id).in_(values_in(session, sorted(ids), number=True))
    if not ending.partial:
        left = (
            session.execute(
                update(Listing)
                .where(on_source, ~present, col(Listing.last_seen).is_(None))
                # It was there at the reading before this one.
                .values(last_seen=source.last_read_at or now)
                .returning(col(Listing.job_id))
            )
            .scalars()
            .all()
        )
        _expire_unseen(session, source, left, now)
    gone: Sequence[int] = ()
    if ending.doubted is None and source.complete and not ending.partial:
        gone = _count_misses(session, source_id, now)
    _close_and_reopen(session, gone, now)
    sources.read(source, len(ending.present), ending.doubted, now, wait)
    source.unread = ending.unread
    if ending.doubted is None:
        source.etag, source.last_modified = ending.etag, ending.last_modified
        source.rows_hash, source.reader_version = ending.rows_hash, ending.reader_version
        if ending.columns is not None:
            source.usual_columns = list(ending.columns)
    else:
        # The next reading is judged as a whole, be it this document again or the one before it. What a
        # better reader understands has not been seen whole either: it stays the older reader's.
        source.etag = source.last_modified = source.rows_hash = ""
        if not source.first_reading_done:
            source.reader_version = ending.reader_version
    source.first_reading_done = source.first_reading_done or bool(ending.present)
    return Recorded(closed=len(gone))


def all_stand_on(session: Session, source_id: int, postings: Sequence[Posting]) -> bool:
    """Return whether a source has listed each of these postings already."""
    known = held(session, source_id, postings)
    found = resolve(postings, known.at_address, known.by_repost_key, "")
    return all(job is not None and job.id in known.listings for _, job in found)


def unchanged(session: Session, source_id: int, now: datetime, wait: timedelta) -> Recorded:
    """End a reading whose rows are those of the one before: no job and no listing is written."""
    source = session.get(Source, source_id)
    assert source is not None
    present = select(func.count()).where(
        col(Listing.source_id) == source_id, col(Listing.last_seen).is_(None)
    )
    rows = session.execute(present).scalar_one()
    doubted = sources.doubt(source, rows, "")
    gone = _count_misses(session, source_id, now) if source.complete and doubted is None else ()
    _close_and_reopen(session, gone, now)
    sources.read(source, rows, doubted, now, wait)
    return Recorded(closed=len(gone), doubted=doubted)


def _count_misses(session: Session, source_id: int, now: datetime) -> Sequence[int]:
    """Count one more good reading without the missing rows; close those missed for long enough."""
    missing = (
        col(Listing.source_id) == source_id,
        col(Listing.last_seen).is_not(None),
        col(Listing.closed_at).is_(None),
    )
    session.execute(
        update(Listing)
        .where(*missing)
        .values(
            misses=col(Listing.misses) + 1,
            missing_since=func.coalesce(col(Listing.missing_since), now, type_=UTCDateTime()),
        )
    )
    return (
        session.execute(
            update(Listing)
            .where(
                *missing,
                col(Listing.misses) >= MISSES_TO_CLOSE,
                col(Listing.missing_since) <= now - MISSING_TO_CLOSE,
            )
            .values(closed_at=now)
            .returning(col(Listing.job_id))
        )
        .scalars()
        .all()
    )


def _expire_unseen(session: Session, source: Source, left: Sequence[int], now: datetime) -> None:
    """Undated jobs leave some time after they were last seen."""
    if left and source.expire_after is not None:
        session.execute(
            update(Job)
            .where(col(Job.posted_on).is_(None), col(Job.id).in_(values_in(session, left, number=True)))
            .values(expires_at=now + timedelta(seconds=source.expire_after))
        )


def _close_and_reopen(session: Session, job_ids: Iterable[int], now: datetime) -> None:
    """A job is closed while every listing of it is, whoever says so."""
    ids = list(job_ids)
    if not ids:
        return
    among = col(Job.id).in_(values_in(session, ids, number=True))
    open_somewhere = exists().where(col(Listing.job_id) == col(Job.id), col(Listing.closed_at).is_(None))
    session.execute(
        update(Job).where(among, col(Job.closed_at).is_(None), ~open_somewhere).values(closed_at=now)
    )
    session.execute(
        update(Job).where(among, col(Job.closed_at).is_not(None), open_somewhere).values(closed_at=None)
    )


# -- better rules -------------------------------------------------------------------------------


def outdated(session: Session) -> int:
    """Return how many jobs have facts that older rules derived."""
    query = select(func.count()).where(col(Job.facts_version) < FACTS_VERSION)
    return int(session.execute(query).scalar_one())


def derive_again(session: Session) -> int:
    """Derive the facts of some jobs by the rules of today, and return how many; 0 when none is left.

    Nothing is announced: what a job says has not changed, only what we understand of it.
    """
    query = (
        select(Job).where(col(Job.facts_version) < FACTS_VERSION).order_by(col(Job.id)).limit(FACTS_AT_A_TIME)
    )
    rows = session.execute(query).scalars().all()
    for row in rows:
        facts = derive(
            title=row.title,
            location=row.location,
            mode=WorkMode(row.mode),
            company=row.company,
            skills=row.skills,
            pay=row.pay,
        )
        row.facts, row.facts_version = facts.to_json(), FACTS_VERSION
    return len(rows)
