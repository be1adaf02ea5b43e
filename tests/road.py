"""The road in a test: lists made of rows, chats that answer as told, one day after another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from notifier.chat import markdown
from notifier.domain import query
from notifier.domain.cadence import Cadence
from notifier.domain.document import Document, PageSize
from notifier.domain.ports import Outcome, Pace, Recipient, Sent
from notifier.domain.posting import Posting, Reading, WorkMode
from notifier.errors import SourceError
from notifier.services.collect import Collected, Collector
from notifier.services.deliver import Deliverer
from notifier.store import sources, subscriptions
from notifier.store.database import Database
from notifier.store.subscriptions import Defaults
from notifier.store.tables import Delivery, Destination, DestinationKind, Source, Subscription
from tests.conftest import Clock


def a_posting(number: int = 1, **values: object) -> Posting:
    """Return a Python job at a made-up company; `number` makes it another one."""
    usual = Posting(
        title=f"Python developer {number}",
        company=f"Company {number}",
        url=f"https://board.example/job/{1000 + number}/python",
        location="Berlin, Germany",
        mode=WorkMode.ONSITE,
        posted_on=date(2026, 3, 2),
    )
    return replace(usual, **values)  # type: ignore[arg-type]


def postings(*numbers: int, **values: object) -> list[Posting]:
    return [a_posting(number, **values) for number in numbers]


@dataclass
class FakeChat:
    """A messenger that keeps what it was sent and answers as it was told, then with Sent."""

    name: str = "fake"
    pace: Pace = field(default_factory=Pace)
    page: PageSize = field(default_factory=PageSize)
    outcomes: list[Outcome | Exception] = field(default_factory=list)
    refuses: Callable[[str], Outcome | None] = lambda text: None
    sent: list[tuple[str, str]] = field(default_factory=list)  # (address, text)
    edited: list[tuple[str, str]] = field(default_factory=list)
    recipients: list[Recipient] = field(default_factory=list)
    route: str = ""  # what it calls the place of its messages
    tries: int = 0

    def will_answer(self, *outcomes: Outcome | Exception) -> None:
        self.outcomes += outcomes

    async def send(self, recipient: Recipient, document: Document, batch: str) -> Outcome:
        self.tries += 1
        text = markdown.render(document)
        if self.outcomes:
            outcome = self.outcomes.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            if not isinstance(outcome, Sent):
                return outcome
        if (refusal := self.refuses(text)) is not None:
            return refusal
        self.sent.append((recipient.address, text))
        self.recipients.append(recipient)
        return Sent(f"{recipient.address}/{batch}", route=self.route)

    async def edit(self, recipient: Recipient, reference: str, document: Document) -> Outcome:
        self.edited.append((recipient.address, markdown.render(document)))
        return Sent(reference)

    def texts(self) -> list[str]:
        return [text for _, text in self.sent]


class Road:
    """One database, one list, one fake platform, one clock."""

    def __init__(self, db: Database, clock: Callable[[], datetime], *, resend: bool = True) -> None:
        self.db = db
        self.clock = clock
        self.chat = FakeChat()
        self.deliverer = Deliverer(db, {self.chat.name: self.chat}, clock, resend=resend)
        self.version = 1
        self._next: Reading | SourceError = Reading()
        self.collector = Collector(
            db=db,
            build=lambda row: self,
            reader_version=lambda kind: self.version,
            every=timedelta(minutes=30),
        )

    async def postings(self, now: datetime) -> Reading:
        if isinstance(self._next, SourceError):
            raise self._next
        return self._next

    async def add_list(self, name: str = "list", **values: object) -> Source:
        return await self.db.run(
            sources.add, self.clock(), name=name, kind="readme_table", url="file", **values
        )

    async def read(self, rows: Sequence[Posting] | Reading | SourceError, name: str = "list") -> Collected:
        """Let the list say this, and collect it."""
        self._next = rows if isinstance(rows, Reading | SourceError) else Reading(postings=tuple(rows))
        (collected,) = await self.collector.collect(self.clock, [name])
        return collected

    async def deliver(self) -> list[str]:
        """Deliver what is due; return the texts that this sent."""
        before = len(self.chat.sent)
        await self.deliverer.deliver()
        return self.chat.texts()[before:]

    async def subscribed(
        self,
        wish: str = "python",
        *,
        to: str = "ann",
        cadence: Cadence = Cadence.INSTANT,
        kind: DestinationKind = DestinationKind.PRIVATE,
        user_id: str = "",
        **defaults: object,
    ) -> Subscription:
        def subscribe(session: object) -> Subscription:
            chat = subscriptions.open_destination(
                session,  # type: ignore[arg-type]
                self.chat.name,
                to,
                self.clock(),
                kind=kind,
                user_id=user_id,
                defaults=Defaults(**defaults),  # type: ignore[arg-type]
            )
            return subscriptions.subscribe(
                session,  # type: ignore[arg-type]
                chat,
                query.parse(wish).wish,
                self.clock(),
                cadence=cadence,
                name=wish,
            )

        return await self.db.run(subscribe)

    async def on_chat(
        self, fn: Callable[..., object], to: str = "ann", *args: object, **values: object
    ) -> object:
        """Run fn(session, destination, *args) for the chat `to`."""

        def run(session: object) -> object:
            chat = subscriptions.destination_at(session, self.chat.name, to)  # type: ignore[arg-type]
            assert isinstance(chat, Destination)
            return fn(session, chat, *args, **values)

        return await self.db.run(run)


class RealRoad(Road):
    """The road with a real adapter at its end, and a stand-in of the platform behind that."""

    def __init__(self, db: Database, clock: Clock, platform: str) -> None:
        super().__init__(db, clock)
        self.time = clock
        self.chat.name = platform  # whom `subscribed` means
        self.jobs = 1

    async def finds(self, count: int = 1) -> None:
        """Let the list gain Python jobs."""
        self.jobs += count
        await self.read(postings(*range(1, self.jobs + 1)))

    async def sends(self, *, after: float = 0.0) -> None:
        """Deliver what is due, so many seconds later."""
        self.time.forward(seconds=after)
        await self.deliverer.deliver()

    def destination(self, id_: int = 1) -> Destination | None:
        return self.db.call(lambda session: session.get(Destination, id_))

    def deliveries(self, chat: int | None = None) -> Sequence[Delivery]:
        def read(session: Session) -> Sequence[Delivery]:
            query = select(Delivery).order_by(col(Delivery.id))
            if chat is not None:
                query = query.where(col(Delivery.destination_id) == chat)
            return session.execute(query).scalars().all()

        return self.db.call(read)
