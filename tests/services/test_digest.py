"""The digest: one for each local date, in every zone, after every downtime."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from sqlalchemy import event, select
from sqlmodel import Session, col

from notifier.domain.cadence import Cadence, digest_due, next_digest
from notifier.services.commands import Caller, answer
from notifier.store import outbox
from notifier.store.database import Database
from notifier.store.tables import Delivery, Destination, DestinationKind
from tests.conftest import Clock
from tests.road import Road, a_posting, postings


async def a_road(db: Database, clock: Clock, zone: str = "UTC", **values: object) -> Road:
    road = Road(db, clock)
    await road.add_list()
    await road.subscribed("python", cadence=Cadence.DAILY, zone=zone, **values)
    await road.read(postings(1))
    return road


async def says(road: Road, line: str) -> None:
    await road.db.run(answer, Caller(platform="fake", address="ann", user_id="ann", now=road.clock()), line)


async def test_a_digest_names_counts_subscriptions_lists_and_the_next_time(
    db: Database, clock: Clock
) -> None:
    road = await a_road(db, clock, "Europe/Berlin")
    await road.read([a_posting(1), a_posting(2, title="Django developer", pay_flagged=True)])

    clock.now = datetime(2026, 3, 3, 7, 30, tzinfo=UTC)
    (digest,) = await road.deliver()

    assert "Your jobs for Tue 3 Mar" in digest
    assert "1 new · 1 with pay · 1 subscription" in digest
    assert "#1 python — 1 job" in digest
    assert "2 open in the lists · 0 % remote · 2 companies" in digest
    assert "Trending: Django 50 %" in digest
    assert "Next: Wed 08:30 Europe/Berlin" in digest


async def test_a_job_of_two_subscriptions_stands_once_with_both_names(db: Database, clock: Clock) -> None:
    road = await a_road(db, clock)
    await road.subscribed("in:berlin", cadence=Cadence.DAILY)
    await road.read(postings(1, 2))

    clock.forward(days=1)
    (digest,) = await road.deliver()

    assert digest.count("developer 2") == 1
    assert "#1 python, #2 in:berlin" in digest


async def test_saved_jobs_about_to_leave_make_a_digest_of_their_own(db: Database, clock: Clock) -> None:
    road = await a_road(db, clock)
    await says(road, "/save 1")
    digests = []
    for _ in range(16):
        clock.forward(days=1)
        digests.append(await road.deliver())

    # Posted on 2 March it leaves with the 17th; the first of its last three days is the 15th.
    assert [day for day, sent in enumerate(digests, 3) if sent] == [15, 16, 17]
    digest = digests[-4][0]
    assert "about to leave" in digest
    assert "developer 1" in digest


async def test_trends_compare_with_seven_days_before(db: Database, clock: Clock) -> None:
    road = await a_road(db, clock)
    for _ in range(8):
        clock.forward(days=1)
        await road.deliver()
    fresh = clock.now.date()
    await road.read(
        [a_posting(1), a_posting(2, title="Django developer", posted_on=fresh), a_posting(3, posted_on=fresh)]
    )

    clock.forward(days=1)
    digest = (await road.deliver())[-1]

    assert "Django 33 % ↑33" in digest
    assert "Python 67 % ↓33" in digest


async def test_nothing_new_is_no_digest_and_after_two_weeks_one_line(db: Database, clock: Clock) -> None:
    road = await a_road(db, clock)
    sent = []
    for _ in range(30):
        clock.forward(days=1)
        sent.append(len(await road.deliver()))

    assert sum(sent) == 2
    assert "Nothing new for 14 days" in road.chat.texts()[0]


async def test_eight_hours_late_is_late_and_thirteen_joins_the_next(db: Database, clock: Clock) -> None:
    road = await a_road(db, clock)
    await road.read(postings(1, 2))
    clock.now = datetime(2026, 3, 3, 16, 30, tzinfo=UTC)
    late = await road.deliver()
    await road.read(postings(1, 2, 3))

    clock.now = datetime(2026, 3, 4, 21, 30, tzinfo=UTC)
    too_late = await road.deliver()
    clock.now = datetime(2026, 3, 5, 8, 30, tzinfo=UTC)
    following = await road.deliver()

    assert len(late) == 1
    assert too_late == []
    assert len(following) == 1
    assert "developer 3" in following[0]


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)  # hundreds of hours, the same on both engines
async def test_who_moves_west_after_the_digest_gets_the_next_neither_twice_nor_late(
    db: Database, clock: Clock
) -> None:
    clock.now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    road = await a_road(db, clock, "Pacific/Auckland")
    got = await _digests(road, clock, hours=14)  # one at 08:30 in Auckland

    await says(road, "/settings zone America/Los_Angeles")
    got += await _digests(road, clock, hours=60)

    assert len(got) >= 3
    gaps = [later - earlier for earlier, later in zip(got, got[1:], strict=False)]
    assert all(timedelta(hours=12) <= gap <= timedelta(hours=36) for gap in gaps)


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)  # hundreds of hours, the same on both engines
async def test_a_new_digest_time_never_makes_two_within_twelve_hours(db: Database, clock: Clock) -> None:
    road = await a_road(db, clock)
    got = await _digests(road, clock, hours=21)

    await says(road, "/digest 18:00")
    got += await _digests(road, clock, hours=60)

    gaps = [later - earlier for earlier, later in zip(got, got[1:], strict=False)]
    assert all(gap >= timedelta(hours=12) for gap in gaps)
    assert len(got) == 3


async def test_a_private_chat_s_digest_is_a_file_too(db: Database, clock: Clock) -> None:
    road = await a_road(db, clock)
    await road.subscribed("python", to="group", cadence=Cadence.DAILY, kind=DestinationKind.GROUP)
    await road.read(postings(1, 2))

    clock.forward(days=1)
    await road.deliver()

    texts = dict(road.chat.sent)
    batch = db.call(_batch_of, "ann")
    assert texts["ann"].rstrip().endswith(f"`/file {batch}`")
    assert "/file" not in texts["group"]


async def test_all_digests_of_a_minute_share_the_lists_figures(db: Database, clock: Clock) -> None:
    road = Road(db, clock)
    await road.add_list()
    for number in range(6):
        await road.subscribed("python", to=f"chat-{number}", cadence=Cadence.DAILY)
    await road.read(postings(1))
    await road.read(postings(1, 2))
    clock.forward(days=1)
    asked: list[object] = []

    def count(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if statement.startswith("SELECT job.company, job.facts"):
            asked.append(statement)

    event.listen(db._reader, "before_cursor_execute", count)

    told = await road.deliver()
    at_once = len(asked)
    await road.read(postings(1, 2, 3))
    clock.forward(days=1)
    await road.deliver()

    assert len(told) == 6 and all("2 open in the lists" in text for text in told)
    assert "3 open in the lists" in road.chat.texts()[-1]
    assert at_once == 2  # today's jobs and those of a week ago, for all of them
    assert len(asked) == 4


async def test_reading_the_digest_now_does_not_use_it_up(db: Database, clock: Clock) -> None:
    road = await a_road(db, clock)
    await road.read(postings(1, 2))

    await says(road, "/digest")
    clock.forward(days=1)

    assert len(await road.deliver()) == 1


async def test_an_interrupted_digest_is_resumed_as_it_was(db: Database, clock: Clock) -> None:
    road = await a_road(db, clock)
    await road.read(postings(1, 2))
    clock.forward(days=1)
    db.call(outbox.claim, "fake", clock.now)
    await road.read(postings(1, 2, 3))

    db.call(outbox.take_up, clock.now)
    told = await road.deliver()

    assert len(told) == 1
    assert "developer 2" in told[0]
    assert "developer 3" not in told[0]


async def _digests(road: Road, clock: Clock, hours: int) -> list[datetime]:
    """Let hours go by with a new job in each; return when digests came."""
    came = []
    for _ in range(hours * 2):
        clock.forward(minutes=30)
        number = int(clock.now.timestamp()) // 1_800 % 100_000
        await road.read([a_posting(1), a_posting(number, posted_on=clock.now.date())])
        came += [clock.now for _ in await road.deliver()]
    return came


SOME_ZONES = (
    *("Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Africa/Casablanca"),
    *("Africa/Cairo", "Asia/Beirut", "America/Havana", "Pacific/Apia", "America/Nuuk", "Asia/Kathmandu"),
)
TIMES = (time(0), time(2, 30), time(8, 30), time(23, 59))


def check(zone: str, days: int) -> None:
    """Walk the digests of a zone: exactly one for each local date, at or after its time."""
    for at in TIMES:
        now = datetime(2026, 1, 1, tzinfo=UTC)
        on, due = next_digest(now, at, ZoneInfo(zone))
        for _ in range(days):
            assert digest_due(on, at, ZoneInfo(zone)) == due
            local = due.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
            before = (due - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
            wall = datetime.combine(on, at)
            assert before < wall <= local
            following, due = next_digest(due, at, ZoneInfo(zone))
            assert following == on + timedelta(days=1)
            on = following


@pytest.mark.parametrize("zone", SOME_ZONES)
def test_each_local_date_has_exactly_one_digest_time(zone: str) -> None:
    check(zone, 730)


@pytest.mark.long
def test_each_local_date_has_exactly_one_digest_time_in_all_zones() -> None:
    for zone in sorted(available_timezones()):
        check(zone, 730)


@pytest.mark.parametrize("zone", ["America/Havana", "Australia/Lord_Howe"])
async def test_the_store_makes_one_digest_a_day_over_a_clock_change(
    db: Database, clock: Clock, zone: str
) -> None:
    clock.now = datetime(2026, 3, 5, 12, tzinfo=UTC)
    road = await a_road(db, clock, zone, digest_at=time(0))
    days = set()
    for _ in range(40):
        number = int(clock.now.timestamp()) // 3_600 % 100_000
        await road.read([a_posting(1), a_posting(number, posted_on=clock.now.date())])
        due = db.call(outbox.next_due)
        assert due is not None
        clock.now = due
        assert len(await road.deliver()) == 1
        days.add(db.call(_last_digest_on, zone))

    assert len(days) == 40


def _batch_of(session: Session, address: str) -> str | None:
    query = (
        select(col(Delivery.batch))
        .join(Destination, col(Destination.id) == col(Delivery.destination_id))
        .where(col(Destination.address) == address)
    )
    batch: str | None = session.execute(query).scalar_one()
    return batch


def _last_digest_on(session: Session, zone: str) -> object:
    chat = session.get(Destination, 1)
    assert chat is not None
    assert chat.last_digest_at is not None
    return chat.last_digest_at.astimezone(ZoneInfo(zone)).date()
