"""What operators are told: each cause once a day, by whoever can be reached, and never at a cost."""

import errno
import logging
from datetime import timedelta
from typing import NoReturn

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from notifier.chat import markdown
from notifier.domain.ports import Denied, Rejected
from notifier.domain.posting import Reading
from notifier.errors import SourceUnreachable
from notifier.services.counters import Counted, Counters
from notifier.services.deliver import Deliverer
from notifier.services.operators import TRY_AGAIN, Operators, due, outage
from notifier.store import sources, subscriptions
from notifier.store.database import Database
from tests.conftest import Clock
from tests.road import FakeChat, Road, postings

TOKEN = "123456789:AAmadeUpTokenOfThirtyFiveLetters_xyz"


class Desk:
    """A road whose operator sits in a chat of a platform of its own."""

    def __init__(self, db: Database, clock: Clock, **values: int) -> None:
        self.road = Road(db, clock)
        self.clock = clock
        self.office = FakeChat("office")
        self.counters = Counters(since=clock.now)
        platforms = {self.road.chat.name: Counted(self.road.chat, self.counters)}
        self.road.deliverer = Deliverer(db, platforms, clock)
        self.operators = Operators(
            db,
            {"office": self.office, "fake": self.road.chat},
            [("office", "42")],
            stopped=self.road.deliverer.stopped,
            counters=self.counters,
            least_disk=values.get("least_disk", 0),
        )

    async def told(self) -> list[str]:
        """Let a tick look, and return what the operator is told by it."""
        before = len(self.office.sent)
        await self.operators.tell(self.clock.now)
        return [text.replace("\u2060", "") for text in self.office.texts()[before:]]


@pytest.fixture
def desk(db: Database, clock: Clock) -> Desk:
    return Desk(db, clock)


async def test_a_list_that_is_not_trusted_is_told_once_a_day(desk: Desk) -> None:
    await desk.road.add_list("a-list")
    await desk.road.read(postings(1), "a-list")
    await desk.road.read(postings(), "a-list")

    (first,) = await desk.told()
    desk.clock.forward(hours=1)
    again = await desk.told()
    desk.clock.forward(hours=12)
    (tomorrow,) = await desk.told()

    assert "1 list needs a look" in first
    assert "a-list: not trusted since Mon 2 Mar 12:00 UTC: the list is empty" in first
    assert again == []
    assert "a-list" in tomorrow


async def test_a_list_that_cannot_be_read_is_told_only_when_that_lasts(desk: Desk) -> None:
    await desk.road.add_list("a-list")
    await desk.road.read(SourceUnreachable("https://host.example answered 502"), "a-list")
    at_once = await desk.told()
    desk.clock.forward(minutes=61)
    await desk.road.read(SourceUnreachable("https://host.example answered 503"), "a-list")

    (later,) = await desk.told()

    assert at_once == []
    assert "a-list: not read since Mon 2 Mar 12:00 UTC, 2 tries" in later
    assert "answered 503" in later


async def test_a_reason_that_changes_is_not_another_cause(desk: Desk) -> None:
    await desk.road.add_list("a-list")
    for _ in range(3):
        await desk.road.read(postings(*range(1, 101)), "a-list")
    told = []
    for count in (20, 19, 18):
        await desk.road.read(Reading(postings=tuple(postings(*range(1, count)))), "a-list")
        told += await desk.told()

    assert len(told) == 1


async def test_many_lists_of_a_host_that_is_down_are_one_message(desk: Desk) -> None:
    for number in range(25):
        await desk.road.add_list(f"list-{number:02}")
        await desk.road.read(SourceUnreachable("no connection"), f"list-{number:02}")
    desk.clock.forward(hours=2)

    (told,) = await desk.told()

    assert "25 lists need a look" in told
    assert "list-19" in told and "list-20" not in told
    assert "and 5 more" in told
    assert await desk.told() == []


async def test_a_paused_list_is_nobody_s_trouble(desk: Desk) -> None:
    await desk.road.add_list("a-list", paused="by the operator")
    await desk.road.read(postings(), "a-list")

    assert await desk.told() == []


async def with_a_dead_letter(desk: Desk, number: int, reason: str) -> None:
    desk.road.chat.refuses = lambda text: Rejected(reason)
    await desk.road.read(postings(*range(1, number + 1)))
    await desk.road.deliver()


async def test_dead_letters_are_counted_by_platform_and_reason(desk: Desk) -> None:
    await desk.road.add_list()
    for name in ("ann", "bob", "cy"):
        await desk.road.subscribed("python", to=name)
    await desk.road.read(postings(1))

    await with_a_dead_letter(desk, 2, "chat 123456 wants no buttons")

    (told,) = await desk.told()
    assert "3 messages to fake could not be delivered" in told
    assert "3 × chat … wants no buttons" in told
    assert await desk.told() == []


async def test_what_dies_after_the_notice_is_told_the_next_day_and_counted_once(desk: Desk) -> None:
    await desk.road.add_list()
    await desk.road.subscribed("python")
    await desk.road.read(postings(1))
    await with_a_dead_letter(desk, 2, "no buttons")
    (first,) = await desk.told()
    desk.clock.forward(hours=1)
    await with_a_dead_letter(desk, 3, "no buttons")
    await with_a_dead_letter(desk, 4, "no pictures")

    same_day = await desk.told()
    desk.clock.forward(days=1)
    (tomorrow,) = await desk.told()
    desk.clock.forward(days=1)

    assert "1 × no buttons" in first
    assert len(same_day) == 1 and "no pictures" in same_day[0] and "no buttons" not in same_day[0]
    assert "1 message to fake" in tomorrow and "1 × no buttons" in tomorrow
    assert await desk.told() == []


async def test_a_platform_that_refuses_us_is_told_on_another(desk: Desk) -> None:
    await desk.road.add_list()
    await desk.road.subscribed("python")
    await desk.road.read(postings(1))
    desk.road.chat.will_answer(Denied(f"https://api.telegram.org/bot{TOKEN}/sendMessage: 401"))
    await desk.road.read(postings(1, 2))
    await desk.road.deliver()

    (told,) = await desk.told()

    assert "fake refuses this bot" in told
    assert "401" in told
    assert TOKEN not in told
    assert await desk.told() == []


async def test_a_notice_that_reached_nobody_is_tried_again_after_a_while(desk: Desk) -> None:
    await desk.road.add_list()
    await desk.road.read(postings())
    desk.office.will_answer(ConnectionError("down"), Rejected("no"))

    assert await desk.told() == []
    assert await desk.told() == []  # not on every tick
    assert desk.office.tries == 1
    desk.clock.now += TRY_AGAIN
    assert await desk.told() == []
    desk.clock.now += TRY_AGAIN
    assert len(await desk.told()) == 1
    assert await desk.told() == []


async def test_one_operator_reached_is_enough_and_the_others_are_still_tried(
    db: Database, clock: Clock
) -> None:
    first, second = FakeChat("first"), FakeChat("second")
    first.will_answer(RuntimeError("a bug"))
    road = Road(db, clock)
    await road.add_list()
    await road.read(postings())
    operators = Operators(
        db,
        {"first": first, "second": second},
        [("first", "1"), ("nowhere", "3"), ("second", "2")],
        stopped={},
        counters=Counters(since=clock.now),
        least_disk=0,
    )

    await operators.tell(clock.now)
    await operators.tell(clock.now)

    assert first.tries == 1
    assert [to for to, _ in second.sent] == ["2"]


async def test_an_operator_who_uses_the_bot_is_written_to_in_that_chat_and_its_language(
    desk: Desk, db: Database, clock: Clock
) -> None:
    def meet(session: Session) -> None:
        subscriptions.open_destination(session, "office", "dm-7", clock.now, user_id="42", locale="de")

    await db.run(meet)
    await desk.road.add_list()
    await desk.road.read(postings())

    await desk.told()

    ((to, notice),) = desk.office.sent
    assert to == "dm-7"
    assert "1 Liste braucht einen Blick" in notice


async def test_after_a_restart_the_day_s_notices_are_not_repeated(desk: Desk, db: Database) -> None:
    await desk.road.add_list()
    await desk.road.read(postings())
    await desk.told()

    again = Desk(db, desk.clock)

    assert await again.told() == []


async def test_little_room_on_the_disk_is_told_before_it_is_full(db: Database, clock: Clock) -> None:
    desk = Desk(db, clock, least_disk=2**62)

    told = [*await desk.told(), *await desk.told()]

    assert len(told) == (1 if db.is_sqlite else 0)
    assert not told or "MB are free" in told[0]


def a_refusal(words: str) -> OperationalError:
    return OperationalError("SELECT 1", None, Exception(words))


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "The disk refuses"),
        (a_refusal("database or disk is full"), "The disk refuses"),
        (a_refusal("disk I/O error"), "The disk refuses"),
        (a_refusal("connection refused"), "The database refuses"),
        (
            a_refusal("password authentication failed at postgresql://bot:hunter2@db/x"),
            "The database refuses",
        ),
    ],
)
async def test_a_tick_that_the_disk_or_the_database_fails_is_told_once(
    desk: Desk, error: Exception, says: str
) -> None:
    for _ in range(3):
        await desk.operators.failed("deliver", error, desk.clock.now)
        desk.clock.forward(seconds=2)

    (told,) = desk.office.texts()
    assert says in told
    assert "hunter2" not in told


async def test_any_other_failure_of_a_tick_is_a_bug_and_only_logged(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    assert outage(ConnectionError("a server far away")) is None
    assert outage(KeyError("bug")) is None

    await desk.operators.failed("deliver", KeyError("bug"), desk.clock.now)

    assert desk.office.sent == []
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == [
        "tick failed"
    ]


class GoneDatabase(Database):
    """A database whose server is gone."""

    # Whatever it is given it never returns, which no signature of a real one can say.
    async def run(self, *args: object, **values: object) -> NoReturn:  # type: ignore[override]
        raise a_refusal("the server is gone")

    read = run  # type: ignore[assignment]  # as above


async def test_a_database_that_is_gone_is_told_all_the_same_and_once(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    db, office = GoneDatabase("sqlite://"), FakeChat("office")
    counts = Counters(since=clock.now)
    operators = Operators(db, {"office": office}, [("office", "42")], stopped={}, counters=counts)
    for _ in range(30):
        await operators.failed("deliver", a_refusal("the server is gone"), clock.now)
        await operators.tell(clock.now)
        clock.forward(seconds=2)
    db.close()

    assert len(office.sent) == 1
    assert "the server is gone" in office.texts()[0]
    assert sum(record.getMessage() == "tick failed" for record in caplog.records) == 1


async def test_without_operators_nothing_is_looked_for(db: Database, clock: Clock) -> None:
    operators = Operators(db, {}, [], stopped={}, counters=Counters(since=clock.now))
    db.call(lambda session: sources.add(session, clock.now, name="a", kind="readme_table", url="f"))

    await operators.tell(clock.now)
    await operators.failed("deliver", a_refusal("gone"), clock.now)


def test_no_notice_shows_a_secret_that_a_reason_carried(db: Database, clock: Clock) -> None:
    def suspect(session: Session) -> None:
        row = sources.add(session, clock.now, name="a", kind="readme_table", url="f")
        row.suspect, row.suspect_since = f"https://x.example/bot{TOKEN}/list answered 500", clock.now

    db.call(suspect)

    (notice,) = db.call(due, clock.now + timedelta(hours=1), {})

    assert "answered 500" in markdown.render(notice.document("en"))
    assert "AAmade" not in markdown.render(notice.document("en"))


async def test_a_list_that_fails_for_three_days_is_told_once_more_and_then_when_it_is_back(
    desk: Desk,
) -> None:
    await desk.road.add_list("a-list")
    await desk.road.read(postings(1), "a-list")
    told: list[tuple[int, str]] = []
    for hours in range(6, 10 * 24, 6):
        desk.clock.forward(hours=6)
        await desk.road.read(SourceUnreachable("https://host.example answered 502"), "a-list")
        told += [(hours, text) for text in await desk.told()]
    desk.clock.forward(hours=6)
    await desk.road.read(postings(), "a-list")
    told += [(300, text) for text in await desk.told() if "again" in text]

    await desk.road.read(postings(1, 2), "a-list")
    (back,) = await desk.told()
    desk.clock.forward(days=1)
    await desk.road.read(postings(1, 2), "a-list")

    assert [hours for hours, _ in told if hours >= 72] == [78]  # three days after the first failure
    assert "a-list: not readable since Mon 2 Mar 18:00 UTC" in told[-1][1]
    assert "1 list can be read again" in back
    assert "a-list: read again at" in back
    assert await desk.told() == []


async def test_a_loss_that_reached_no_operator_is_told_later(desk: Desk) -> None:
    await desk.road.add_list("a-list")
    await desk.road.read(SourceUnreachable("no connection"), "a-list")
    desk.clock.forward(days=4)
    desk.office.will_answer(Rejected("no"))
    unreached = await desk.told()
    desk.clock.forward(hours=1)

    (told,) = await desk.told()

    assert unreached == []
    assert "not readable since" in told
