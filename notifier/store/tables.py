"""The tables. SQLModel table classes do not validate: values are checked before they become rows.

All datetimes are aware UTC. Durations are whole seconds, local times are naive wall times.
"""

from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, Index, Integer, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from notifier.domain.cadence import Cadence

DAY = 24 * 60 * 60


def _json() -> Any:
    return Column(JSON, nullable=False)


def _index(name: str, column: str, *, where: str) -> Index:
    return Index(name, column, sqlite_where=text(where), postgresql_where=text(where))


class Source(SQLModel, table=True):
    """A list we read."""

    id: int = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    kind: str
    url: str
    every: int | None = None  # seconds; None: the setting collect_every
    complete: bool = False  # carries all its open jobs, so absence means closed
    # Seconds after its date; None: jobs leave by closing only. A column's default would replace that None.
    expire_after: int | None = Field(default=15 * DAY, sa_column=Column(Integer))
    republish: bool = False  # its terms allow `publish`
    attribution: str = ""
    home_url: str = ""
    etag: str = ""
    last_modified: str = ""
    rows_hash: str = ""
    reader_version: int = 0
    first_reading_done: bool = False
    next_fetch_at: datetime
    failures: int = 0  # in a row
    failing_since: datetime | None = None  # the first of them
    lost_told_at: datetime | None = None  # operators know that it fails for days, and not yet that it is back
    last_read_at: datetime | None = None  # the last reading that gave a document, good or not
    last_ok_at: datetime | None = None
    usual_rows: list[int] = Field(default_factory=list, sa_column=_json())  # of the last 20 good readings
    usual_columns: list[str] = Field(
        default_factory=list, sa_column=_json()
    )  # what a good reading's rows say
    last_rows: int = 0  # jobs in the last reading that gave a document
    unread: int = 0  # rows of it that were not understood
    accepted_unread: int = 0  # per cent of such rows that an operator has accepted
    suspect: str | None = None  # why the last reading is not trusted
    suspect_since: datetime | None = None
    paused: str | None = None
    added_at: datetime


class Job(SQLModel, table=True):
    """A posting we know; raw text as its list gave it, facts beside it."""

    id: int = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    address: str = Field(index=True)  # domain.identity: where the posting lives
    original: str = Field(index=True)  # the key of the first id this job was listed under
    repost_key: str = Field(index=True)
    title_folded: str
    title: str
    company: str
    url: str
    company_url: str
    location: str
    mode: str  # the row's own marker or type column; the fact is in facts
    pay: str
    pay_flagged: bool
    skills: list[str] = Field(default_factory=list, sa_column=_json())
    facts: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    facts_version: int
    posted_on: date | None
    first_seen: datetime
    silent: bool  # came with a reading that announces nothing
    row_hash: str
    expires_at: datetime | None = None
    closed_at: datetime | None = None


class Listing(SQLModel, table=True):
    """That a job stands on a source."""

    __table_args__ = (_index("ix_listing_address", "address", where="address <> ''"),)

    job_id: int = Field(primary_key=True, foreign_key="job.id")
    source_id: int = Field(primary_key=True, foreign_key="source.id", index=True)
    url: str
    address: str = ""  # where it lives by that url, when that is not the job's own address
    posted_on: date | None
    row_hash: str
    first_seen: datetime
    last_seen: datetime | None = None  # None: it stood there at the source's last reading
    missing_since: datetime | None = None  # the first good reading without it
    misses: int = 0  # good readings without it, in a row
    closed_at: datetime | None = None


class Person(SQLModel, table=True):
    """One human."""

    id: int = Field(default=None, primary_key=True)
    locale: str = "en"
    home: str = ""  # a country the person has stated
    zone: str
    created_at: datetime


class Account(SQLModel, table=True):
    """What a platform calls a person."""

    __table_args__ = (UniqueConstraint("platform", "user_id"),)

    id: int = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    platform: str
    user_id: str


class DestinationKind(StrEnum):
    """Who reads a chat."""

    PRIVATE = "private"
    GROUP = "group"
    CHANNEL = "channel"


class Trouble(StrEnum):
    """Why a shared chat, or a part of it, gets nothing any more."""

    GONE = "gone"
    BARRED = "barred"  # it is there, and we may not write to it
    TOPIC_GONE = "topic-gone"  # the chat itself gets what was its topic's


class Destination(SQLModel, table=True):
    """A chat we may write to."""

    __table_args__ = (
        UniqueConstraint("platform", "address", "thread"),
        _index("ix_destination_trouble", "id", where="trouble IS NOT NULL"),
    )

    id: int = Field(default=None, primary_key=True)
    platform: str
    address: str
    thread: str = ""
    kind: str = DestinationKind.PRIVATE
    title: str = ""  # what the platform calls the chat
    route: str = ""  # where the platform takes messages for it, when that is another address
    secret: str = ""  # of an incoming webhook: whoever has it writes there
    form: str = ""  # how the platform shows what is posted: forum, announcement, or "" one after the other
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    keeper_id: int | None = Field(default=None, foreign_key="person.id")  # who set up a shared chat's feeds
    takes_pushes: bool = True  # of a person's chats, the first that takes them gets them
    takes_digests: bool = True
    locale: str = "en"
    silent: bool = False
    rich: bool = False  # wants tables where the platform has them
    zone: str
    digest_at: time | None  # local wall time; None: no digest
    digest_weekday: int = 0  # of the weekly cadence, Monday is 0
    quiet_start: time | None = None
    quiet_end: time | None = None
    cadence: str = Cadence.BOTH  # of new subscriptions
    held_until: datetime | None = Field(default=None)  # a wait the platform asked for
    paused_at: datetime | None = None
    gone: str | None = None
    trouble: str | None = None  # what its keeper has not been told yet, by its Trouble
    trouble_reason: str | None = None  # also of what was told, until the chat is written to again
    next_digest_at: datetime | None = Field(default=None, index=True)
    next_digest_on: date | None = None
    last_digest_at: datetime | None = None  # the due time of the last digest that was made
    last_heard_at: datetime  # the last digest that said something, else since when there could be one
    next_number: int = 1
    created_at: datetime


class Subscription(SQLModel, table=True):
    """A destination's wish."""

    __table_args__ = (UniqueConstraint("destination_id", "number"),)

    id: int = Field(default=None, primary_key=True)
    destination_id: int = Field(foreign_key="destination.id")
    number: int  # what people see; counted per destination, never reused
    name: str
    wish: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    cadence: str
    created_at: datetime
    paused_at: datetime | None = None
    mention: str = ""  # whom its messages notify, as the platform writes it
    mention_when: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSON(none_as_null=True), nullable=True)
    )  # only for jobs that fit this wish
    tag: str = ""  # of a forum
    share: str | None = Field(
        default=None, unique=True, index=True
    )  # what its deep link carries, once it was shared


class DeliveryKind(StrEnum):
    """What a delivery shows; the last two are edits of a push that was sent."""

    PUSH = "push"
    DIGEST = "digest"
    CLOSED = "closed"
    REOPENED = "reopened"


class DeliveryState(StrEnum):
    """Where a delivery is; only an owed one can still move by itself."""

    OWED = "owed"
    SENT = "sent"
    ENDED = "ended"  # no longer worth sending, `reason` says why
    DEAD = "dead"  # refused; an operator may retry it


class Delivery(SQLModel, table=True):
    """One job owed to one destination: the outbox."""

    __table_args__ = (
        # By job first: one job's deliveries are written together, and looked for by job.
        UniqueConstraint("job_id", "destination_id", "kind"),
        # Narrow ones instead of one over (destination, due): its wide pages would be written at random.
        _index("ix_delivery_owed", "destination_id", where="state = 'owed'"),
        _index("ix_delivery_due", "due_at", where="state = 'owed' AND kind <> 'digest'"),
        _index("ix_delivery_leased", "leased_until", where="state = 'owed' AND leased_until IS NOT NULL"),
        _index("ix_delivery_batch", "batch", where="batch IS NOT NULL"),
        _index("ix_delivery_reference", "reference", where="reference IS NOT NULL"),
    )

    id: int = Field(default=None, primary_key=True)
    destination_id: int = Field(foreign_key="destination.id")
    job_id: int = Field(foreign_key="job.id")
    kind: str
    state: str = DeliveryState.OWED
    due_at: datetime
    digest_on: date | None = None  # the local date of its digest
    batch: str | None = None
    leased_until: datetime | None = None
    handed_at: datetime | None = None  # just before the messenger was called
    attempts: int = 0
    plain: bool = False  # its batch was refused: alone and without styles
    why: list[dict[str, Any]] = Field(default_factory=list, sa_column=_json())
    reference: str | None = None
    reason: str | None = None
    created_at: datetime
    settled_at: datetime | None = None


class DigestRun(SQLModel, table=True):
    """One digest. The zone belongs to its name: who flies west lives one date twice."""

    __table_args__ = (
        UniqueConstraint("destination_id", "digest_on", "zone"),
        _index("ix_digestrun_open", "leased_until", where="state = 'open'"),
    )

    id: int = Field(default=None, primary_key=True)
    destination_id: int = Field(foreign_key="destination.id", index=True)
    digest_on: date
    zone: str
    batch: str = Field(unique=True)
    state: str = "open"  # open: being sent; sent: over
    leased_until: datetime | None = None
    handed_at: datetime | None = None
    attempts: int = 0
    reference: str | None = None
    created_at: datetime


class Mark(SQLModel, table=True):
    """What a person did with a job."""

    __table_args__ = (UniqueConstraint("person_id", "job_id"),)

    id: int = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    job_id: int = Field(foreign_key="job.id", index=True)
    status: str  # saved, applied, interview, offer, rejected, hidden
    at: datetime


class Mute(SQLModel, table=True):
    """A company that a person does not want to hear of."""

    __table_args__ = (UniqueConstraint("person_id", "company"),)

    id: int = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    company: str  # folded


class Report(SQLModel, table=True):
    """That a person says a job is dead or false; the operators look."""

    __table_args__ = (UniqueConstraint("person_id", "job_id"),)

    id: int = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    job_id: int = Field(foreign_key="job.id", index=True)
    at: datetime


class Answer(SQLModel, table=True):
    """A long answer whose pages are turned: the line that gives it again, and whose it is."""

    token: str = Field(primary_key=True)
    destination_id: int = Field(foreign_key="destination.id", index=True)
    line: str
    created_at: datetime = Field(index=True)


class Allowed(SQLModel, table=True):
    """An account that may use the bot where access is by list."""

    __table_args__ = (UniqueConstraint("platform", "user_id"),)

    id: int = Field(default=None, primary_key=True)
    platform: str
    user_id: str
    at: datetime


class Link(SQLModel, table=True):
    """A token with which another account becomes the same person's; it is good for once."""

    token_hash: str = Field(primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    expires_at: datetime


class State(SQLModel, table=True):
    """Single values: the revision of the wishes, the heartbeat of the ticks."""

    key: str = Field(primary_key=True)
    value: str
