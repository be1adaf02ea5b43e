"""What is owed, and what real lists do that must change nothing for a subscriber."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from notifier.domain.posting import Reading, WorkMode
from notifier.errors import SourceUnreachable
from notifier.store import jobs, sources
from notifier.store.database import Database
from notifier.store.tables import DestinationKind, Job, Source
from tests.conftest import Clock
from tests.road import Road, a_posting, postings


@pytest.fixture
async def road(db: Database, clock: Clock) -> Road:
    """A list with two known jobs, and Ann who wants Python at once."""
    made = Road(db, clock)
    await made.add_list()
    await made.subscribed("python")
    await made.read(postings(1, 2))
    clock.forward(minutes=30)
    return made


async def test_all_rows_with_new_urls_announce_nothing(road: Road) -> None:
    moved = [
        replace(row, url=f"https://other.example/careers?gh_jid={row.url[-12:-7]}9") for row in postings(1, 2)
    ]

    collected = await road.read(moved)

    assert collected.reposts == 2
    assert await road.deliver() == []


async def test_a_job_that_vanishes_and_returns_is_not_told_again(road: Road, clock: Clock) -> None:
    told = []
    for rows in ([1, 2, 3], [1], [1, 3], [3], [1, 2, 3]):
        await road.read(postings(*rows))
        told += await road.deliver()
        clock.forward(hours=8)

    assert len(told) == 1
    assert "developer 3" in told[0]


async def test_a_repost_within_thirty_days_is_the_same_job(road: Road, clock: Clock) -> None:
    await road.read(postings(1, 2, 3))
    await road.deliver()
    clock.forward(days=1)
    await road.read(postings(1, 2))
    clock.forward(days=29)
    again = replace(a_posting(3), url="https://board.example/job/9999/again", posted_on=clock.now.date())

    await road.read([*postings(1, 2), again])

    assert await road.deliver() == []


async def test_after_thirty_days_it_is_news_again(road: Road, clock: Clock) -> None:
    await road.read(postings(1, 2, 3))
    await road.deliver()
    clock.forward(days=1)
    await road.read(postings(1, 2))
    clock.forward(days=31)
    again = replace(a_posting(3), url="https://board.example/job/9999/again", posted_on=clock.now.date())

    await road.read([*postings(1, 2), again])

    assert len(await road.deliver()) == 1


async def test_an_id_that_comes_back_after_months_is_still_known(road: Road, clock: Clock) -> None:
    await road.read(postings(1, 2, 3))
    await road.deliver()
    await road.read(postings(1, 2))
    clock.forward(days=100)

    await road.read([*postings(1, 2), a_posting(3, posted_on=clock.now.date())])

    assert await road.deliver() == []


async def test_a_job_already_too_old_is_not_told(road: Road) -> None:
    old = a_posting(3, posted_on=date(2026, 2, 14))
    at_the_edge = a_posting(4, posted_on=date(2026, 2, 15))

    await road.read([*postings(1, 2), old, at_the_edge])

    told = await road.deliver()
    assert len(told) == 1
    assert "developer 4" in told[0]


async def test_a_cut_title_made_whole_may_fit_now(road: Road, clock: Clock) -> None:
    cut = a_posting(3, title="Backend developer with Pyt")
    await road.read([*postings(1, 2), cut])
    assert await road.deliver() == []
    clock.forward(minutes=30)

    await road.read([*postings(1, 2), replace(cut, title="Backend developer with Python")])

    assert len(await road.deliver()) == 1


async def test_a_changed_row_of_a_silent_reading_stays_silent(road: Road) -> None:
    await road.read([a_posting(1, pay="€ 90k"), a_posting(2)])

    assert await road.deliver() == []


async def test_a_known_job_on_a_further_list_reaches_who_waits_for_that_list(
    road: Road, clock: Clock
) -> None:
    await road.add_list("other")
    await road.subscribed("source:other", to="ben")
    await road.read(postings(8), "other")
    await road.read(postings(1, 2, 3))
    await road.deliver()
    clock.forward(minutes=30)

    await road.read(postings(8, 3), "other")

    assert [address for address, _ in await _sent(road)] == ["ann", "ben"]


async def test_the_first_reading_of_a_further_list_tells_nobody(road: Road) -> None:
    await road.add_list("other")
    await road.subscribed("source:other", to="ben")

    await road.read(postings(1, 2, 3), "other")

    assert await road.deliver() == []


async def test_a_list_removed_and_added_again_is_silent_at_first(road: Road, clock: Clock) -> None:
    await road.db.run(sources.remove, "list")
    await road.add_list()

    await road.read(postings(1, 2, 3, 4))

    assert await road.deliver() == []


async def test_a_subscription_made_while_a_job_is_open_is_not_pushed_it(road: Road, clock: Clock) -> None:
    await road.read(postings(1, 2, 3))
    await road.deliver()
    await road.subscribed("python", to="late")
    clock.forward(minutes=30)

    await road.read(postings(1, 2, 3, 4))

    texts = dict(await _sent(road))
    assert "developer 4" in texts["late"]
    assert "developer 3" not in texts["late"]


async def test_rows_that_only_a_better_reader_understands_are_silent_unless_newer(
    road: Road, clock: Clock
) -> None:
    clock.forward(days=1)
    road.version = 2
    old, new = a_posting(3), a_posting(4, posted_on=clock.now.date())

    await road.read([*postings(1, 2), old, new])

    told = await road.deliver()
    assert len(told) == 1
    assert "developer 4" in told[0]


async def test_several_chats_of_one_person_get_one_push(db: Database, clock: Clock) -> None:
    road = Road(db, clock)
    await road.add_list()
    await road.subscribed("python", to="phone", user_id="ann")
    await road.subscribed("python", to="desk", user_id="ann")
    await road.subscribed("python", to="channel", kind=DestinationKind.CHANNEL)
    await road.read(postings(1))
    clock.forward(minutes=30)

    await road.read(postings(1, 2))

    assert sorted(address for address, _ in await _sent(road)) == ["channel", "phone"]


async def test_a_job_of_two_lists_at_once_is_told_once(road: Road, clock: Clock) -> None:
    await road.add_list("other")
    await road.read(postings(9), "other")
    clock.forward(minutes=30)

    await road.read(postings(1, 2, 3))
    await road.read(postings(9, 3), "other")

    assert len(await road.deliver()) == 1


@pytest.mark.parametrize("trouble", ["empty", "broken", "shrunken"])
async def test_a_doubtful_reading_closes_nothing_and_is_named(
    db: Database, clock: Clock, trouble: str
) -> None:
    road = Road(db, clock)
    await road.add_list(complete=True, expire_after=None)
    await road.subscribed("python")
    await road.read(postings(*range(1, 21)))
    doubtful = {
        "empty": Reading(note="the table of jobs is empty"),
        "broken": SourceUnreachable("the list is an HTML page"),
        "shrunken": Reading(postings=(a_posting(1), a_posting(50))),
    }[trouble]

    for _ in range(6):
        clock.forward(hours=12)
        collected = await road.read(doubtful)
        assert collected.closed == 0
        assert collected.trouble

    (row,) = await db.read(sources.every)
    assert row.suspect
    # What a shrunken list holds that is new is announced as ever.
    assert len(await road.deliver()) == (1 if trouble == "shrunken" else 0)


async def test_absence_closes_in_a_complete_list_after_three_readings_and_a_day(
    db: Database, clock: Clock
) -> None:
    road = Road(db, clock)
    await road.add_list(complete=True, expire_after=None)
    await road.read(postings(1, 2, 3, 4))
    closed = []
    for hours in (1, 11, 11, 3):
        clock.forward(hours=hours)
        closed.append((await road.read(postings(1, 2, 3))).closed)

    assert closed == [0, 0, 0, 1]


async def test_absence_says_nothing_in_a_sliding_window(road: Road, clock: Clock) -> None:
    for _ in range(5):
        clock.forward(hours=12)
        assert (await road.read(postings(2))).closed == 0


async def test_a_lock_in_place_of_the_link_closes_the_same_job(road: Road, clock: Clock) -> None:
    await road.read(postings(1, 2, 3))
    locked = a_posting(3, url="", closed=True)

    collected = await road.read([*postings(1, 2), locked])

    assert collected.new == 0
    assert await road.deliver() == []  # it closed before it left


async def test_a_reader_that_fails_for_one_list_does_not_hold_up_another(road: Road, clock: Clock) -> None:
    await road.add_list("broken")

    class Both:
        def __init__(self, name: str) -> None:
            self.name = name

        async def postings(self, now: object) -> Reading:
            if self.name == "broken":
                raise RuntimeError("a bug in one reader")
            return Reading(postings=tuple(postings(1, 2, 3)))

    collector = replace(road.collector, build=lambda row: Both(row.name))
    collected = {one.source: one for one in await collector.collect(clock)}

    assert collected["broken"].trouble
    assert collected["list"].new == 1


async def test_mode_and_place_come_from_the_row(road: Road) -> None:
    await road.subscribed("remote in:berlin,lisbon", to="ben")

    await road.read(
        [*postings(1, 2), a_posting(3, title="Cook", mode=WorkMode.REMOTE, location="Lisbon, Portugal")]
    )

    assert [address for address, _ in await _sent(road)] == ["ben"]


async def _sent(road: Road) -> list[tuple[str, str]]:
    await road.deliver()
    return road.chat.sent


async def test_a_list_may_write_any_date_and_have_jobs_that_leave_by_closing_only(
    db: Database, clock: Clock
) -> None:
    """A date at the end of time expires nothing and costs nobody a reading; None as expiry is kept."""
    road = Road(db, clock)
    await road.add_list()
    await road.add_list("forever", expire_after=None)

    collected = await road.read(postings(1, posted_on=date(9999, 12, 31)))
    other = await road.read(postings(2, posted_on=date(2020, 1, 1)), "forever")

    assert (collected.seen, collected.trouble, other.seen) == (1, "", 1)
    expiries = db.call(lambda session: session.execute(select(col(Job.expires_at))).scalars().all())
    assert list(expiries) == [None, None]


async def test_a_reading_that_ends_at_known_jobs_closes_nothing_and_is_trusted(
    db: Database, clock: Clock
) -> None:
    road = Road(db, clock)
    await road.add_list(complete=True, expire_after=None)
    await road.subscribed()
    await road.read(postings(*range(1, 21)))

    for hours in range(0, 80, 10):
        clock.forward(hours=10)
        reading = Reading(postings=postings(1, 2, 100 + hours), partial=True)
        collected = await road.read(reading)
        assert (collected.new, collected.closed, collected.trouble) == (1, 0, "")

    assert await db.read(jobs.all_stand_on, 1, postings(*range(1, 21)))
    assert not await db.read(jobs.all_stand_on, 1, postings(1, 50))


async def test_what_a_source_asks_to_wait_is_waited_however_often_it_is_to_be_read(
    db: Database, clock: Clock
) -> None:
    road = Road(db, clock)
    row = await road.add_list(every=60)
    await road.read(Reading(postings=postings(1), wait=timedelta(hours=6)))

    def next_fetch(session: Session) -> datetime:
        return session.get_one(Source, row.id).next_fetch_at

    assert db.call(next_fetch) == clock.now + timedelta(hours=6)


async def test_the_id_of_a_source_tells_a_job_whatever_its_link_and_title_become(
    db: Database, clock: Clock
) -> None:
    road = Road(db, clock)
    await road.add_list()
    await road.subscribed()
    await road.read(postings(1))
    clock.forward(hours=1)
    await road.read([a_posting(1), a_posting(2, id="board:7")])
    assert len(await road.deliver()) == 1

    clock.forward(hours=1)
    moved = a_posting(
        3, id="board:7", title="Senior Python developer", url="https://board.example/p/7-senior"
    )
    collected = await road.read([a_posting(1), moved])

    assert collected.new == 0
    assert await road.deliver() == []
