"""What a source says about its jobs: the values that a reading yields."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from notifier.domain.facts import Facts, WorkMode

__all__ = ["Found", "ListedOn", "Opening", "Posting", "Reading", "Unread", "WorkMode"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One row of a source, cleaned of markup, before we know whether it is new."""

    title: str
    company: str
    id: str = ""  # the source's own stable id, with its name before it; "": the link tells it
    url: str  # absolute, as the source links it; "" only for a closed row whose link a lock replaced
    company_url: str = ""
    location: str = ""  # as the source wrote it, without marker emoji; "" when it said nothing
    mode: WorkMode = WorkMode.UNKNOWN  # what the row's own marker or type column says
    pay: str = ""  # the text of a pay column, as written
    pay_flagged: bool = False  # the list marks the job as well paid (a money bag)
    posted_on: date | None = None  # many sources give a day, none gives an hour
    closed: bool = False  # a lock, "Closed" or struck through
    skills: tuple[str, ...] = ()  # as a skills column names them
    section: str = ""  # the heading above the table
    line: int = 0  # 1-based line in the document, 0 when there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A row that looked like a job and was not understood."""

    line: int  # 1-based; of an item without lines its place
    reason: str  # English, for the operator: what is missing
    text: str  # the row, cut to 200 characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One fetch and parse of a source.

    unchanged   the server said that nothing changed (304); then there are no postings
    note        why there are no postings although a document came ("no table of jobs"), else ""
    partial     older pages were not read, as everything on them is known: absence says nothing
    wait        how long the source asks not to be read again, or says that it stays the same
    """

    postings: Sequence[Posting] = ()
    unread: Sequence[Unread] = ()
    unchanged: bool = False
    etag: str = ""
    last_modified: str = ""
    note: str = ""
    partial: bool = False
    wait: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What stands at an address that somebody wants read: a source, before it is one.

    kind     a name in `SOURCES`
    url      what is read; board addresses and repositories are turned into it
    home_url where people read it
    reading  what it says now
    also     addresses of sibling lists that it links to
    expire_after  how long after its date a job counts as open; None: as usual
    """

    kind: str
    url: str
    name: str
    reading: Reading
    home_url: str = ""
    attribution: str = ""
    republish: bool = False
    complete: bool = False
    also: Sequence[str] = ()
    expire_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedOn:
    """That a job stands on a list: what a message needs to name it."""

    name: str
    url: str  # the job's link on that list
    list_url: str = ""  # where people read the list; "" for a local file
    attribution: str = ""  # a sentence that the list's terms ask for
    closed: bool = False  # there; it may be open on another list


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A stored job as filters and composers see it; never changes, holds no session."""

    id: int
    key: str
    title: str
    company: str
    url: str
    company_url: str = ""
    location: str = ""
    mode: WorkMode = WorkMode.UNKNOWN  # as its list states it; what the text makes of it is in facts
    pay: str = ""
    pay_flagged: bool = False
    posted_on: date | None = None
    first_seen: datetime
    closed_at: datetime | None = None
    expires_at: datetime | None = None  # when it leaves pushes, views and digests; None: not by age
    facts: Facts
    lists: tuple[ListedOn, ...] = ()

    def is_open(self, now: datetime) -> bool:
        """Return whether the job is neither closed nor too old at `now`."""
        return self.closed_at is None and (self.expires_at is None or self.expires_at > now)
