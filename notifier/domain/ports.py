"""The two seams: where postings come from, and where documents go."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from notifier.domain.document import Document, PageSize
from notifier.domain.posting import Reading


class Source(Protocol):
    """Reads one place that lists jobs: fetch and pure parsing, nothing else."""

    async def postings(self, now: datetime) -> Reading:
        """Return what the source says now; raise `SourceError` when it says nothing usable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A chat as a messenger needs to know it."""

    address: str
    thread: str = ""
    locale: str = "en"
    silent: bool = False
    mention: str = ""  # a role that the community manager chose; never from a list
    tags: tuple[str, ...] = ()
    shared: bool = False  # several people read it: nobody can page for himself alone
    rich: bool = False  # wants tables where the platform has them
    route: str = ""  # where the platform takes messages for it, once that is known
    secret: str = field(default="", repr=False)  # of an incoming webhook, which takes the messages then
    form: str = ""  # how the platform shows what is posted: forum, announcement, thread
    digest: bool = False  # the message is a digest


@dataclass(frozen=True, slots=True)
class Sent:
    """The platform has it; `reference` finds the message again.

    route  where the platform takes messages for that address; "" for the address itself
    """

    reference: str
    route: str = ""


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """The platform asks to wait; not an attempt.

    alone  this message only: others may go to that chat meanwhile
    """

    seconds: float
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """The chat, or the part of it that was written to, is elsewhere now.

    thread  None: as before
    reason  what whoever set it up is told; "" for nothing
    """

    address: str
    thread: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Gone:
    """The chat is gone or has blocked us."""

    reason: str


@dataclass(frozen=True, slots=True)
class Barred:
    """The chat is there, and we may not write to it until somebody lets us."""

    reason: str


@dataclass(frozen=True, slots=True)
class Denied:
    """The platform refuses us altogether (a bad token); nothing else will go out there."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The platform will never take this message."""

    reason: str


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The answer was lost; the message may have arrived."""


Outcome = Sent | RetryAfter | Moved | Gone | Barred | Denied | Rejected | Uncertain


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast one chat may be written to; the platform's own limits are the messenger's."""

    private: float = 0.0  # seconds between two messages to one private chat
    shared: float = 0.0  # … to one group or channel


class Messenger(Protocol):
    """Sends documents to one platform, as fast as the platform allows: a call waits for its turn.

    Raises nothing for what a platform may answer; that is the Outcome. Anything raised is a bug or
    an outage: the caller logs it and tries again later.
    """

    name: str  # the platform's word in addresses and settings: console, telegram, discord
    pace: Pace
    page: PageSize  # what one message holds; a longer document becomes several

    async def send(self, recipient: Recipient, document: Document, batch: str) -> Outcome:
        """Send `document`; `batch` is the same on every try of the same message."""
        ...

    async def edit(self, recipient: Recipient, reference: str, document: Document) -> Outcome:
        """Replace the message that `send` called `reference`."""
        ...
