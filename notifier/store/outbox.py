"""The outbox: what is owed, what goes out together, what became of it.

owe -> claim -> handed -> settle | postpone | barred | failed | uncertain | rejected | moved (and `retire`,
in `subscriptions`). A batch is what one message shows: claimed whole, sent whole, settled whole.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import and_, delete, exists, func, insert, literal, literal_column, or_, select, text, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, UTCDateTime, col

from notifier.domain.cadence import Cadence, backoff
from notifier.domain.filters import CompiledWish, Prepared, Wish
from notifier.domain.fold import fold
from notifier.domain.posting import Opening
from notifier.store import openings, subscriptions
from notifier.store.sql import is_sqlite, stamp, values_in
from notifier.store.tables import (
    Delivery,
    DeliveryKind,
    DeliveryState,
    Destination,
    DestinationKind,
    DigestRun,
    Job,
    Mark,
    Mute,
    Subscription,
    Trouble,
)

CARDS = 3  # pushes due together up to this many are a message each, more are one
POSTS = 10  # the same in a forum, where each job is a post of its own
MOST_TAGS = 5  # of a post
LEASE = timedelta(minutes=5)  # longer than any call to a platform
MOST_ATTEMPTS = 8
LATE_DIGEST = timedelta(hours=12)  # a digest later than this joins the next one
QUIET_DAYS = timedelta(days=14)  # without a digest: then one line says so
LEAVING = timedelta(days=3)  # saved jobs that expire within this stand in the digest
EDIT_AFTER = timedelta(hours=24)  # a closed job may come back at once (one did 141 times)
EDIT_WITHIN = timedelta(days=15)
RESEND_AFTER = timedelta(seconds=10)
CLOSED = "closed"  # the reason of what ended since its job closed before it could leave
BARRED = timedelta(days=1)  # until a chat that we may not write to is tried again

_EDITS = (DeliveryKind.CLOSED, DeliveryKind.REOPENED)
# Written out, not bound: a partial index is only used for the words it was made with.
_OWED: Any = literal_column("delivery.state = 'owed'")
_NOT_DIGEST: Any = literal_column("delivery.kind <> 'digest'")
_OPEN_RUN: Any = literal_column("digestrun.state = 'open'")
# The plus keeps SQLite from walking the chats and sorting all they are owed: it reads by time instead.
_IN_ORDER: Any = literal_column("destination.id = +delivery.destination_id")


@dataclass(frozen=True, slots=True)
class Debt:
    """That one job is owed to one destination."""

    destination_id: int
    kind: DeliveryKind
    due_at: datetime
    digest_on: date | None
    why: str  # JSON: [{"number", "name", "met"}] of the destination's subscriptions it fits


@dataclass(frozen=True, slots=True)
class Entry:
    """One job of a batch."""

    delivery_id: int
    opening: Opening
    why: list[dict[str, Any]]
    already_sent: bool = False  # in a digest: it was pushed before


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPlan:
    """What a digest shows beside its jobs."""

    on: date
    leaving: Sequence[Opening] = ()  # saved by the person, and about to leave
    quiet_days: int = 0  # days without a digest when there is nothing to show


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one message stands for."""

    id: str
    kind: DeliveryKind
    destination: Destination
    entries: Sequence[Entry]
    attempts: int = 0
    plain: bool = False
    digest: DigestPlan | None = None
    reference: str = ""  # of the message to edit
    shown_under: str = ""  # of an edit: the batch that its message was sent under
    mention: str = ""  # whom it notifies: of the first feed that caused it, and whose condition a job meets
    tags: tuple[str, ...] = ()  # of the feeds that caused it


# -- owe ----------------------------------------------------------------------------------------

# One parameter however many are owed: [[kind, due_at, digest_on, why, [destination id, …]], …]. Most who
# are owed a job share all of it, and what they share is read once.
_OWED_SQLITE = """
    WITH shared AS MATERIALIZED (
        SELECT json_extract(value, '$[0]') AS kind, json_extract(value, '$[1]') AS due_at,
               json_extract(value, '$[2]') AS digest_on, json_extract(value, '$[3]') AS why,
               json_extract(value, '$[4]') AS ids
        FROM json_each(:debts))
    SELECT t.value AS destination_id, kind, due_at, digest_on, why FROM shared CROSS JOIN json_each(ids) AS t"""
_OWED_POSTGRESQL = """
    WITH shared AS MATERIALIZED (
        SELECT value->>0 AS kind, CAST(value->>1 AS timestamptz) AS due_at, CAST(value->>2 AS date) AS digest_on,
               CAST(value->>3 AS json) AS why, value->4 AS ids
        FROM jsonb_array_elements(CAST(:debts AS jsonb)))
    SELECT CAST(t.value AS integer) AS destination_id, kind, due_at, digest_on, why
    FROM shared CROSS JOIN jsonb_array_elements_text(ids) AS t"""
_OWE = """
    INSERT INTO delivery (destination_id, job_id, kind, state, due_at, digest_on, why, created_at,
                          attempts, plain)
    SELECT n.destination_id, :job, n.kind, 'owed', n.due_at, n.digest_on, n.why, {now}, 0, {false}
    FROM ({rows}) AS n
    JOIN destination AS d ON d.id = n.destination_id
    WHERE d.gone IS NULL {unless}
    ON CONFLICT DO NOTHING"""
# Several chats of one person count as one for pushes.
_UNLESS_OWED_BEFORE = """
    AND NOT EXISTS (
        SELECT 1 FROM job AS j JOIN delivery AS x ON x.job_id = j.id
        JOIN destination AS other ON other.id = x.destination_id
        WHERE j.original = :original AND x.kind IN ('push', 'digest')
        AND (x.destination_id = n.destination_id
             OR (x.kind = 'push' AND n.kind = 'push' AND other.person_id = d.person_id)))"""


def owe(
    session: Session, job_id: int, original: str, debts: Sequence[Debt], now: datetime, *, fresh: bool
) -> int:
    """Owe one job to many destinations in one statement; return how many deliveries were added.

    fresh  nobody can have been owed this job or an earlier id of it, so nobody need be asked
    """
    shared: dict[tuple[DeliveryKind, datetime, date | None, str], list[int]] = defaultdict(list)
    for debt in debts:
        shared[debt.kind, debt.due_at, debt.digest_on, debt.why].append(debt.destination_id)
    lite = is_sqlite(session)
    statement = _OWE.format(
        rows=_OWED_SQLITE if lite else _OWED_POSTGRESQL,
        now=":now" if lite else "CAST(:now AS timestamptz)",
        false="0" if lite else "false",
        unless="" if fresh else _UNLESS_OWED_BEFORE,
    )
    packed = [
        (kind, stamp(due_at), str(digest_on) if digest_on else None, why, ids)
        for (kind, due_at, digest_on, why), ids in shared.items()
    ]
    values: dict[str, Any] = {
        "debts": json.dumps(packed, ensure_ascii=False),
        "job": job_id,
        "now": stamp(now),
    }
    if not fresh:
        values["original"] = original
        # What ended because the job closed reached nobody; now that the job owes again, it is open.
        session.execute(
            delete(Delivery).where(
                col(Delivery.job_id) == job_id,
                col(Delivery.state) == DeliveryState.ENDED,
                col(Delivery.reason) == CLOSED,
                col(Delivery.kind).not_in(_EDITS),
            )
        )
    return int(session.connection().execute(text(statement), values).rowcount)


def owe_edits(session: Session, now: datetime) -> int:
    """Owe an edit for each pushed job that has been closed for a day, or is open again after that."""
    sent = aliased(Delivery)
    shown_closed = exists().where(
        col(sent.destination_id) == col(Delivery.destination_id),
        col(sent.job_id) == col(Delivery.job_id),
        col(sent.kind) == DeliveryKind.CLOSED,
        col(sent.state) == DeliveryState.SENT,
    )
    owed = 0
    for kind, condition in (
        (DeliveryKind.CLOSED, col(Job.closed_at) <= now - EDIT_AFTER),
        (DeliveryKind.REOPENED, and_(col(Job.closed_at).is_(None), shown_closed)),
    ):
        once = aliased(Delivery)
        rows = (
            select(
                col(Delivery.destination_id),
                col(Delivery.job_id),
                literal(kind.value),
                literal(DeliveryState.OWED.value),
                literal(now, UTCDateTime()),
                col(Delivery.why),
                literal(now, UTCDateTime()),
                literal(0),
                literal(False),
            )
            .join(Job, col(Job.id) == col(Delivery.job_id))
            .join(Destination, col(Destination.id) == col(Delivery.destination_id))
            .where(
                col(Delivery.kind) == DeliveryKind.PUSH,
                col(Delivery.state) == DeliveryState.SENT,
                col(Delivery.reference).is_not(None),
                col(Delivery.settled_at) >= now - EDIT_WITHIN,
                col(Destination.gone).is_(None),
                condition,
                ~exists().where(
                    col(once.destination_id) == col(Delivery.destination_id),
                    col(once.job_id) == col(Delivery.job_id),
                    col(once.kind) == kind,
                ),
            )
        )
        columns = [
            "destination_id",
            "job_id",
            "kind",
            "state",
            "due_at",
            "why",
            "created_at",
            "attempts",
            "plain",
        ]
        owed += session.execute(insert(Delivery).from_select(columns, rows)).rowcount  # type: ignore[attr-defined]
    return owed


# -- claim --------------------------------------------------------------------------------------


def claim(
    session: Session,
    platform: str,
    now: datetime,
    *,
    limit: int = 100,
    skip: Collection[int] = (),
) -> list[Batch]:
    """Lease what is due on a platform, at most `limit` destinations, longest waiting first.

    skip  ids of destinations that are being written to already

    The batches of one destination stand in the order in which they must leave. Jobs that are no
    longer worth a message end here. The number of statements does not depend on how much is due.
    """
    found = [id_ for id_ in _due_destinations(session, platform, now, limit + len(skip)) if id_ not in skip][
        :limit
    ]
    if not found:
        return []
    chats = {
        row.id: row
        for row in session.execute(select(Destination).where(col(Destination.id).in_(found))).scalars()
    }
    waiting = _Waiting.load(session, found, now)
    batches: list[Batch] = []
    for id_ in found:
        batches += waiting.of(chats[id_])
    waiting.save(now + LEASE)
    return batches


def _due_destinations(session: Session, platform: str, now: datetime, limit: int) -> list[int]:
    may_hear = (
        col(Destination.platform) == platform,
        col(Destination.gone).is_(None),
        col(Destination.paused_at).is_(None),
        or_(col(Destination.held_until).is_(None), col(Destination.held_until) <= now),
    )
    # One message at a time: nothing new while something is under way.
    under_way = (
        select(col(Delivery.destination_id))
        .where(_OWED, col(Delivery.leased_until) > now)
        .union(select(col(DigestRun.destination_id)).where(_OPEN_RUN, col(DigestRun.leased_until) > now))
    )
    free = col(Destination.id).not_in(under_way)
    owed = (*may_hear, free, _OWED, col(Delivery.due_at) <= now)
    # A digest row leaves with its digest, or by itself once its digest was refused: then it has had a lease.
    fresh = (
        select(col(Delivery.destination_id), col(Delivery.due_at))
        .join(Destination, _IN_ORDER)
        .where(*owed, _NOT_DIGEST)
        .order_by(col(Delivery.due_at))
    )
    taken_back = (
        select(col(Delivery.destination_id), col(Delivery.due_at))
        .join(Destination, _IN_ORDER)
        .where(*owed, col(Delivery.leased_until) <= now)
        .order_by(col(Delivery.leased_until))
    )
    digests: Any = (
        select(col(Destination.id), col(Destination.next_digest_at))
        .where(*may_hear, free, col(Destination.next_digest_at) <= now)
        .order_by(col(Destination.next_digest_at))
    )
    interrupted: Any = (
        select(col(Destination.id), col(DigestRun.created_at))
        .join(DigestRun, col(DigestRun.destination_id) == col(Destination.id))
        .where(*may_hear, free, _OPEN_RUN, col(DigestRun.leased_until) <= now)
    )
    since: dict[int, datetime] = {}
    for query in (fresh, taken_back, digests, interrupted):
        for id_, at in _first(session, query, limit).items():
            since[id_] = min(at, since.get(id_, at))
    return sorted(since, key=lambda id_: since[id_])[:limit]


def _first(session: Session, query: Any, limit: int) -> dict[int, datetime]:
    """Return the first `limit` destinations of ordered (destination, time) rows; the rows after them stay unread."""
    found: dict[int, datetime] = {}
    with session.execute(query.execution_options(yield_per=10 * limit)) as rows:
        for id_, at in rows:
            found[id_] = min(at, found.get(id_, at))
            if len(found) >= limit:
                break
    return found


@dataclass(frozen=True, slots=True)
class _Feed:
    """What a subscription of a shared chat adds to its messages."""

    mention: str
    condition: CompiledWish | None
    tag: str

    def notifies(self, job: Opening, now: datetime) -> bool:
        """Return whether somebody is notified of a job."""
        if not self.mention or self.condition is None:
            return bool(self.mention)
        return self.condition.match(Prepared(job), now) is not None


class _Waiting:
    """What waits for some destinations, loaded at once and saved at once."""

    def __init__(self, session: Session, now: datetime) -> None:
        self.session = session
        self.now = now
        self.rows: dict[int, list[Delivery]] = defaultdict(list)
        self.openings: dict[int, Opening] = {}
        self.alive: set[tuple[int, int]] = set()  # (destination id, number) of the subscriptions there are
        self.feeds: dict[tuple[int, int], _Feed] = {}  # those of them that notify somebody, or have a tag
        self.cadences: dict[int, list[Cadence]] = defaultdict(list)
        self.hidden: set[tuple[int, int]] = set()
        self.muted: set[tuple[int, str]] = set()
        self.saved: dict[int, list[int]] = defaultdict(list)
        self.runs: dict[int, DigestRun] = {}
        self.pushed: set[tuple[int, int]] = set()
        self.grouped: dict[str, list[Delivery]] = defaultdict(list)
        self.leases: list[tuple[int, str]] = []

    @classmethod
    def load(cls, session: Session, ids: Sequence[int], now: datetime) -> "_Waiting":
        self = cls(session, now)
        due = select(Delivery).where(
            col(Delivery.destination_id).in_(ids), _OWED, col(Delivery.due_at) <= now
        )
        for row in session.execute(due.order_by(col(Delivery.due_at), col(Delivery.id))).scalars():
            self.rows[row.destination_id].append(row)
        every = [row for rows in self.rows.values() for row in rows]
        wanted = {row.job_id for row in every}
        self._load_edited(every, wanted)
        self._load_wishes(ids)
        self._load_persons(ids, wanted)
        runs = select(DigestRun).where(col(DigestRun.destination_id).in_(ids), col(DigestRun.state) == "open")
        self.runs = {run.destination_id: run for run in session.execute(runs).scalars()}
        digested = {row.job_id for row in every if row.kind == DeliveryKind.DIGEST}
        if digested:
            pushed = select(col(Delivery.destination_id), col(Delivery.job_id)).where(
                col(Delivery.destination_id).in_(ids),
                col(Delivery.job_id).in_(values_in(session, sorted(digested), number=True)),
                col(Delivery.kind) == DeliveryKind.PUSH,
                col(Delivery.state) == DeliveryState.SENT,
            )
            self.pushed = {(chat, job) for chat, job in session.execute(pushed)}
        self.openings = openings.by_id(session, wanted) if wanted else {}
        return self

    def _load_edited(self, every: Iterable[Delivery], wanted: set[int]) -> None:
        """An edit shows its message again, so all jobs of that message are needed."""
        edited = {row.job_id for row in every if row.kind in _EDITS}
        if not edited:
            return
        of_edited = select(col(Delivery.batch)).where(
            col(Delivery.job_id).in_(values_in(self.session, sorted(edited), number=True)),
            col(Delivery.kind) == DeliveryKind.PUSH,
            col(Delivery.reference).is_not(None),
        )
        shown = select(Delivery).where(col(Delivery.batch).in_(of_edited)).order_by(col(Delivery.id))
        for row in self.session.execute(shown).scalars():
            if row.batch is not None and row.kind == DeliveryKind.PUSH:
                self.grouped[row.batch].append(row)
                wanted.add(row.job_id)

    def _load_wishes(self, ids: Sequence[int]) -> None:
        query = select(
            col(Subscription.destination_id),
            col(Subscription.number),
            col(Subscription.cadence),
            col(Subscription.paused_at),
            col(Subscription.mention),
            col(Subscription.mention_when),
            col(Subscription.tag),
        ).where(col(Subscription.destination_id).in_(ids))
        for chat, number, cadence, paused, mention, when, tag in self.session.execute(query):
            self.alive.add((chat, number))
            if mention or tag:
                condition = CompiledWish(Wish.from_json(when)) if when else None
                self.feeds[chat, number] = _Feed(mention, condition, tag)
            if paused is None:
                self.cadences[chat].append(Cadence(cadence))

    def _load_persons(self, ids: Sequence[int], wanted: set[int]) -> None:
        persons = select(col(Destination.person_id)).where(
            col(Destination.id).in_(ids), col(Destination.kind) == DestinationKind.PRIVATE
        )
        soon = and_(openings.is_open(self.now), col(Job.expires_at) <= self.now + LEAVING)
        marks = (
            select(col(Mark.person_id), col(Mark.job_id), col(Mark.status), soon.label("soon"))
            .join(Job, col(Job.id) == col(Mark.job_id))
            .where(col(Mark.person_id).in_(persons), or_(col(Mark.status) == "hidden", soon))
            .order_by(col(Job.expires_at))
        )
        for person, job, status, leaving in self.session.execute(marks):
            if status == "hidden":
                self.hidden.add((person, job))
            elif status == "saved" and leaving:
                self.saved[person].append(job)
                wanted.add(job)
        mutes = select(col(Mute.person_id), col(Mute.company)).where(col(Mute.person_id).in_(persons))
        self.muted = {(person, company) for person, company in self.session.execute(mutes)}

    # -- one destination -------------------------------------------------------------------------

    def of(self, chat: Destination) -> list[Batch]:
        """Return the batches that may leave for this chat now."""
        if (run := self.runs.get(chat.id)) is not None:
            return [self._digest_again(chat, run)]
        if chat.next_digest_at is not None and chat.next_digest_at <= self.now:
            digest = self._digest(chat)
            if digest is not None:
                return [digest]
        rows = self.rows[chat.id]
        interrupted = [row for row in rows if row.batch is not None]
        if interrupted:
            return self._again(chat, interrupted)
        quiet_until = subscriptions.push_due(chat, self.now)
        pushes = [row for row in rows if row.kind == DeliveryKind.PUSH]
        if quiet_until > self.now:
            for row in pushes:
                row.due_at = quiet_until
            pushes = []
        pushes = [row for row in pushes if self._worth_sending(chat, row)]
        if len(pushes) > (POSTS if chat.form == "forum" else CARDS):
            return [self._batch(chat, DeliveryKind.PUSH, pushes)]
        if pushes:
            return [self._batch(chat, DeliveryKind.PUSH, [row]) for row in pushes]
        return self._edits(chat, [row for row in rows if row.kind in _EDITS])

    def _batch(self, chat: Destination, kind: DeliveryKind, rows: Sequence[Delivery], id_: str = "") -> Batch:
        id_ = id_ or uuid4().hex
        self.leases += [(row.id, id_) for row in rows]
        feeds = self._feeds(chat, rows) if kind not in _EDITS else []
        return Batch(
            id=id_,
            kind=kind,
            destination=chat,
            entries=[self._entry(row) for row in rows],
            attempts=max((row.attempts for row in rows), default=0),
            plain=any(row.plain for row in rows),
            mention=next((it.mention for it, job in feeds if it.notifies(job, self.now)), ""),
            tags=tuple(dict.fromkeys(it.tag for it, _ in feeds if it.tag))[:MOST_TAGS],
        )

    def _feeds(self, chat: Destination, rows: Sequence[Delivery]) -> list[tuple["_Feed", Opening]]:
        """Return the feeds that caused these jobs, each with the job, by number."""
        found = [
            (entry["number"], self.feeds[chat.id, entry["number"]], self.openings[row.job_id])
            for row in rows
            for entry in row.why
            if (chat.id, entry["number"]) in self.feeds
        ]
        return [(feed, job) for _, feed, job in sorted(found, key=lambda it: it[0])]

    def _entry(self, row: Delivery) -> Entry:
        already = row.kind == DeliveryKind.DIGEST and (row.destination_id, row.job_id) in self.pushed
        return Entry(row.id, self.openings[row.job_id], row.why, already)

    def _again(self, chat: Destination, rows: Sequence[Delivery]) -> list[Batch]:
        """A batch that was under way is claimed whole again, never mixed with newer rows."""
        by_batch: dict[str, list[Delivery]] = defaultdict(list)
        for row in rows:
            assert row.batch is not None
            by_batch[row.batch].append(row)
        batches = []
        for id_, members in by_batch.items():
            if members[0].kind in _EDITS:
                batches += self._edits(chat, members, id_)
                continue
            # Handed over and unanswered: the message may be out there as it was, so it stays as it was.
            kept = [row for row in members if row.handed_at is not None or self._worth_sending(chat, row)]
            if kept:
                batches.append(self._batch(chat, DeliveryKind(kept[0].kind), kept, id_))
        return batches

    def _worth_sending(self, chat: Destination, row: Delivery) -> bool:
        """Return whether the job is still news for this chat; if not, it ends with its reason."""
        job = self.openings[row.job_id]
        reason = ""
        if job.closed_at is not None:
            reason = CLOSED
        elif job.expires_at is not None and job.expires_at <= self.now:
            reason = "expired"
        elif row.why and not any((chat.id, entry["number"]) in self.alive for entry in row.why):
            reason = "subscription removed"
        elif chat.person_id is not None and (chat.person_id, row.job_id) in self.hidden:
            reason = "hidden"
        elif chat.person_id is not None and (chat.person_id, fold(job.company)) in self.muted:
            reason = "company muted"
        if reason:
            row.state, row.reason, row.settled_at = DeliveryState.ENDED, reason, self.now
        return not reason

    def _edits(self, chat: Destination, rows: Sequence[Delivery], id_: str = "") -> list[Batch]:
        batches = []
        by_message: dict[str, list[Delivery]] = defaultdict(list)
        for row in rows:
            if (self.openings[row.job_id].closed_at is not None) != (row.kind == DeliveryKind.CLOSED):
                self.session.delete(row)  # it turned round before anybody saw: the message is right
                continue
            for message, shown in self.grouped.items():
                if any(x.job_id == row.job_id and x.destination_id == chat.id for x in shown):
                    by_message[message].append(row)
        for message, edits in by_message.items():
            shown = self.grouped[message]
            batch = self._batch(chat, DeliveryKind(edits[0].kind), edits, id_)
            entries = [self._entry(row) for row in shown]
            batches.append(
                replace(batch, entries=entries, reference=shown[0].reference or "", shown_under=message)
            )
        return batches

    # -- digests ---------------------------------------------------------------------------------

    def _digest(self, chat: Destination) -> Batch | None:
        """Make the digest that is due, or roll it over; either way the next one gets its time."""
        slot_on, slot_at = chat.next_digest_on, chat.next_digest_at
        assert slot_on is not None and slot_at is not None
        rows = [row for row in self.rows[chat.id] if row.kind == DeliveryKind.DIGEST and row.batch is None]
        if self.now - slot_at > LATE_DIGEST:
            subscriptions.plan_digest(self.session, chat, self.now, self.cadences[chat.id])
            for row in rows:
                if chat.next_digest_at is not None:
                    row.due_at, row.digest_on = chat.next_digest_at, chat.next_digest_on
            self.rows[chat.id] = [row for row in self.rows[chat.id] if row not in rows]
            return None
        rows = [row for row in rows if self._worth_sending(chat, row)]
        leaving = [self.openings[job] for job in self.saved.get(chat.person_id or 0, ())]
        quiet = self.now - chat.last_heard_at if not rows and not leaving else timedelta()
        quiet_days = quiet.days if quiet >= QUIET_DAYS else 0
        batch = None
        if rows or leaving or quiet_days:
            run = DigestRun(
                destination_id=chat.id,
                digest_on=slot_on,
                zone=chat.zone,
                batch=uuid4().hex,
                leased_until=self.now + LEASE,
                created_at=self.now,
            )
            self.session.add(run)
            self.session.flush()
            chat.last_digest_at, chat.last_heard_at = slot_at, self.now
            plan = DigestPlan(on=slot_on, leaving=leaving, quiet_days=quiet_days)
            batch = replace(self._batch(chat, DeliveryKind.DIGEST, rows, run.batch), digest=plan)
        subscriptions.plan_digest(self.session, chat, max(self.now, slot_at), self.cadences[chat.id])
        return batch

    def _digest_again(self, chat: Destination, run: DigestRun) -> Batch:
        run.leased_until = self.now + LEASE
        rows = [row for row in self.rows[chat.id] if row.batch == run.batch]
        leaving = [self.openings[job] for job in self.saved.get(chat.person_id or 0, ())]
        plan = DigestPlan(
            on=run.digest_on, leaving=leaving, quiet_days=0 if rows or leaving else QUIET_DAYS.days
        )
        batch = self._batch(chat, DeliveryKind.DIGEST, rows, run.batch)
        return replace(batch, digest=plan, attempts=run.attempts)

    # -- saving ----------------------------------------------------------------------------------

    def save(self, until: datetime) -> None:
        """Write every lease in one statement; what ended is written by the session's flush."""
        self.session.flush()
        if not self.leases:
            return
        lite = is_sqlite(self.session)
        rows = (
            "SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS batch FROM json_each(:rows)"
            if lite
            else "SELECT CAST(value->>0 AS integer) AS id, value->>1 AS batch"
            " FROM jsonb_array_elements(CAST(:rows AS jsonb))"
        )
        lease = ":until" if lite else "CAST(:until AS timestamptz)"
        self.session.connection().execute(
            text(
                f"UPDATE delivery SET batch = r.batch, leased_until = {lease} FROM ({rows}) AS r"
                " WHERE delivery.id = r.id"
            ),
            {"rows": json.dumps(self.leases), "until": stamp(until)},
        )


# -- what became of it --------------------------------------------------------------------------


def _of(batch: Batch) -> Any:
    return and_(col(Delivery.batch) == batch.id, col(Delivery.state) == DeliveryState.OWED)


def handed(session: Session, batch: Batch, now: datetime) -> None:
    """Note that the messenger is about to be called: from here on the message may be out."""
    session.execute(update(Delivery).where(_of(batch)).values(handed_at=now))
    if batch.digest is not None:
        session.execute(update(DigestRun).where(col(DigestRun.batch) == batch.id).values(handed_at=now))


def settle(session: Session, batch: Batch, reference: str, now: datetime, *, route: str = "") -> None:
    """The platform has the message: all its jobs are sent."""
    if route and route != batch.destination.route:
        session.execute(
            update(Destination).where(col(Destination.id) == batch.destination.id).values(route=route)
        )
    session.execute(
        update(Delivery)
        .where(_of(batch))
        .values(state=DeliveryState.SENT, reference=reference, settled_at=now, leased_until=None, reason=None)
    )
    _end_run(session, batch, reference)
    if batch.destination.trouble_reason is not None:  # it was barred; what its keeper must hear of stays
        session.execute(
            update(Destination)
            .where(
                col(Destination.id) == batch.destination.id,
                or_(col(Destination.trouble).is_(None), col(Destination.trouble) == Trouble.BARRED),
            )
            .values(trouble=None, trouble_reason=None)
        )


def _end_run(session: Session, batch: Batch, reference: str | None = None) -> None:
    if batch.digest is not None:
        session.execute(
            update(DigestRun)
            .where(col(DigestRun.batch) == batch.id)
            .values(state="sent", reference=reference, leased_until=None)
        )


def postpone(session: Session, batch: Batch, until: datetime, *, alone: bool = False) -> None:
    """The platform asked to wait: the whole chat waits (or this message `alone`), and it was no attempt."""
    if alone:
        session.execute(
            update(Delivery).where(_of(batch)).values(due_at=until, leased_until=None, handed_at=None)
        )
        return
    _wait(session, batch, until, handed_at=None)
    session.execute(
        update(Destination).where(col(Destination.id) == batch.destination.id).values(held_until=until)
    )


def barred(session: Session, batch: Batch, reason: str, now: datetime) -> None:
    """We may not write to the chat until somebody lets us: it waits a day, and its keeper hears of it once."""
    postpone(session, batch, now + BARRED)
    chat = session.get(Destination, batch.destination.id)
    if chat is not None and chat.trouble_reason != reason[:200]:
        subscriptions.troubled(chat, Trouble.BARRED, reason)


def release(session: Session, batch: Batch, now: datetime) -> None:
    """Nothing was sent, and nothing is wrong with the message: it may be claimed again at once."""
    _wait(session, batch, now, handed_at=None)


def failed(session: Session, batch: Batch, reason: str, now: datetime) -> bool:
    """The messenger raised: try again later, a longer while each time; True when it was the last try."""
    attempts = batch.attempts + 1
    if attempts >= MOST_ATTEMPTS:
        bury(session, batch, f"failed {attempts} times, last: {reason}", now)
        return True
    _wait(session, batch, now + backoff(attempts), attempts=attempts)
    if batch.digest is not None:
        session.execute(update(DigestRun).where(col(DigestRun.batch) == batch.id).values(attempts=attempts))
    return False


def uncertain(session: Session, batch: Batch, now: datetime, *, resend: bool) -> bool:
    """The answer was lost: send once more, or hold; True when an operator has to decide."""
    before = session.execute(select(col(Delivery.reason)).where(_of(batch)).limit(1)).scalar()
    if resend and before != "uncertain" and (batch.entries or batch.attempts == 0):
        _wait(session, batch, now + RESEND_AFTER, reason="uncertain")
        if batch.digest is not None:
            session.execute(update(DigestRun).where(col(DigestRun.batch) == batch.id).values(attempts=1))
        return False
    bury(session, batch, "uncertain: the platform took it and never said so", now)
    return True


def rejected(session: Session, batch: Batch, reason: str, now: datetime) -> bool:
    """The platform will never take this message: send its jobs alone and plain; True when one is dead."""
    if batch.plain or not batch.entries:
        bury(session, batch, reason, now)
        return True
    for entry in batch.entries:
        session.execute(
            update(Delivery)
            .where(col(Delivery.id) == entry.delivery_id, col(Delivery.state) == DeliveryState.OWED)
            .values(batch=uuid4().hex, plain=True, leased_until=now, handed_at=None, due_at=now)
        )
    _end_run(session, batch)
    return False


def bury(session: Session, batch: Batch, reason: str, now: datetime) -> None:
    """Stop trying; an operator sees it with its reason and may retry it."""
    session.execute(
        update(Delivery)
        .where(_of(batch))
        .values(state=DeliveryState.DEAD, reason=reason[:500], settled_at=now, leased_until=None)
    )
    _end_run(session, batch)


def _wait(session: Session, batch: Batch, until: datetime, **values: Any) -> None:
    session.execute(update(Delivery).where(_of(batch)).values(leased_until=until, **values))
    if batch.digest is not None:
        session.execute(update(DigestRun).where(col(DigestRun.batch) == batch.id).values(leased_until=until))


def moved(
    session: Session,
    batch: Batch,
    address: str,
    now: datetime,
    *,
    thread: str | None = None,
    reason: str = "",
) -> None:
    """The chat, or its thread, is elsewhere now: note where, and send there.

    thread  None: as before
    reason  what its keeper should hear of it; "" for nothing
    """
    sent_to = batch.destination
    thread = sent_to.thread if thread is None else thread
    if (address, thread) == (sent_to.address, sent_to.thread):
        failed(session, batch, "moved to where it was", now)
        return
    chat = session.get(Destination, sent_to.id)
    if chat is not None:  # it may have joined another while this message was under way
        there = subscriptions.relocate(session, chat, address, thread, now)
        if reason:
            subscriptions.troubled(there, Trouble.TOPIC_GONE, reason)
        session.flush()
    release(session, batch, now)


def take_up(session: Session, now: datetime) -> int:
    """Free every lease: the process that held them is dead, since this one owns the database."""
    freed = session.execute(
        update(Delivery)
        .where(col(Delivery.leased_until).is_not(None), col(Delivery.state) == DeliveryState.OWED)
        .values(leased_until=now)
    ).rowcount  # type: ignore[attr-defined]
    session.execute(update(DigestRun).where(col(DigestRun.state) == "open").values(leased_until=now))
    return int(freed)


def next_due(session: Session) -> datetime | None:
    """Return when something may go out next; None when nothing waits for a time."""
    may_hear = col(Destination.gone).is_(None), col(Destination.paused_at).is_(None)
    at = func.min(func.coalesce(col(Delivery.leased_until), col(Delivery.due_at)), type_=UTCDateTime())
    owed = (
        select(at)
        .join(Destination, col(Destination.id) == col(Delivery.destination_id))
        .where(*may_hear, _OWED, or_(_NOT_DIGEST, col(Delivery.batch).is_not(None)))
    )
    digest = select(func.min(col(Destination.next_digest_at))).where(*may_hear)
    run = select(func.min(col(DigestRun.leased_until))).where(col(DigestRun.state) == "open")
    times = [session.execute(query).scalar() for query in (owed, digest, run)]
    return min((at for at in times if at is not None), default=None)


# -- dead letters -------------------------------------------------------------------------------


def dead(session: Session) -> Sequence[Delivery]:
    """Return the dead letters, newest first."""
    query = select(Delivery).where(col(Delivery.state) == DeliveryState.DEAD)
    return session.execute(query.order_by(col(Delivery.settled_at).desc())).scalars().all()


def retry(session: Session, delivery_id: int, now: datetime) -> bool:
    """Owe a dead letter once more; return whether there is one of that id."""
    return bool(
        session.execute(
            update(Delivery)
            .where(col(Delivery.id) == delivery_id, col(Delivery.state) == DeliveryState.DEAD)
            .values(
                state=DeliveryState.OWED,
                batch=uuid4().hex,
                attempts=0,
                reason=None,
                due_at=now,
                leased_until=now,
                handed_at=None,
                settled_at=None,
            )
        ).rowcount  # type: ignore[attr-defined]
    )


def shown_by(session: Session, batch_id: str) -> tuple[str, Sequence[Opening]]:
    """Return the kind of a message's deliveries and the jobs it stands for, in its order."""
    query = select(col(Delivery.job_id), col(Delivery.kind))
    rows = session.execute(query.where(col(Delivery.batch) == batch_id).order_by(col(Delivery.id))).all()
    found = openings.by_id(session, [job for job, _ in rows])
    return rows[0].kind if rows else DeliveryKind.DIGEST, [found[job] for job, _ in rows]


def drop(session: Session, delivery_id: int, now: datetime) -> bool:
    """End a dead letter for good; return whether there is one of that id."""
    return bool(
        session.execute(
            update(Delivery)
            .where(col(Delivery.id) == delivery_id, col(Delivery.state) == DeliveryState.DEAD)
            .values(state=DeliveryState.ENDED, settled_at=now)
        ).rowcount  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult, which has it
    )


def sent(session: Session, chat: Destination, batch_id: str) -> Batch | None:
    """Return a message of this chat that stands for several jobs, None for another chat's or an unknown one."""
    query = select(Delivery).where(
        col(Delivery.batch) == batch_id,
        col(Delivery.destination_id) == chat.id,
        col(Delivery.state) == DeliveryState.SENT,
    )
    rows = session.execute(query.order_by(col(Delivery.id))).scalars().all()
    if not rows:
        return None
    found = openings.by_id(session, [row.job_id for row in rows])
    kind = DeliveryKind(rows[0].kind)
    digest = None
    pushed: set[int] = set()
    if kind is DeliveryKind.DIGEST and rows[0].digest_on is not None:
        digest = DigestPlan(on=rows[0].digest_on)
        pushed = pushed_jobs(session, chat.id, list(found))
    entries = [Entry(row.id, found[row.job_id], row.why, row.job_id in pushed) for row in rows]
    return Batch(id=batch_id, kind=kind, destination=chat, entries=entries, digest=digest)


def by_reference(
    session: Session, chat: Destination, reference: str
) -> list[tuple[int, list[dict[str, Any]]]]:
    """Return (job id, why) of what a message of this chat showed, in its order; [] for an unknown one."""
    query = select(Delivery).where(
        col(Delivery.reference) == reference,
        col(Delivery.destination_id) == chat.id,
        col(Delivery.kind).not_in(_EDITS),
    )
    rows = session.execute(query.order_by(col(Delivery.id))).scalars()
    return [(row.job_id, row.why) for row in rows]


def pushed_jobs(session: Session, destination_id: int, job_ids: Collection[int]) -> set[int]:
    """Return which of these jobs that destination was pushed already."""
    query = select(col(Delivery.job_id)).where(
        col(Delivery.destination_id) == destination_id,
        col(Delivery.job_id).in_(values_in(session, sorted(job_ids), number=True)),
        col(Delivery.kind) == DeliveryKind.PUSH,
        col(Delivery.state) == DeliveryState.SENT,
    )
    return set(session.execute(query).scalars())


def why(session: Session, destination_id: int, job_id: int) -> list[dict[str, Any]]:
    """Return why a destination was owed a job: its subscriptions and the facts that met them."""
    query = select(Delivery.why).where(  # type: ignore[call-overload]  # a JSON column, not a value
        col(Delivery.destination_id) == destination_id, col(Delivery.job_id) == job_id
    )
    return list(session.execute(query.limit(1)).scalar() or ())


def states(session: Session) -> dict[str, int]:
    """Return how many deliveries are in each state."""
    query = select(col(Delivery.state), func.count()).group_by(col(Delivery.state))
    return {state: count for state, count in session.execute(query)}
