"""The walk of one job, from a list's row to a chat's message."""

from notifier.store.database import Database
from tests.conftest import Clock
from tests.road import Road, a_posting, postings


async def test_a_new_job_that_fits_is_told_once(db: Database, clock: Clock) -> None:
    road = Road(db, clock)
    await road.add_list()
    await road.subscribed("python")
    await road.read(postings(1))

    clock.forward(minutes=30)
    await road.read(postings(1, 2))
    first = await road.deliver()
    clock.forward(minutes=30)
    await road.read(postings(2, 1))
    second = await road.deliver()

    assert len(first) == 1
    assert "Python developer 2" in first[0]
    assert second == []


async def test_the_first_reading_is_silent(db: Database, clock: Clock) -> None:
    road = Road(db, clock)
    await road.add_list()
    await road.subscribed("python")

    await road.read(postings(*range(1, 8)))

    assert await road.deliver() == []


async def test_what_does_not_fit_is_not_told(db: Database, clock: Clock) -> None:
    road = Road(db, clock)
    await road.add_list()
    await road.subscribed("java")
    await road.read(postings(1))

    clock.forward(minutes=30)
    await road.read([a_posting(1), a_posting(2), a_posting(3, title="Java developer")])

    told = await road.deliver()
    assert len(told) == 1
    assert "Java developer" in told[0]
