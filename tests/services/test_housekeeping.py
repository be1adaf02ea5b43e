"""What keeps a long-running notifier small, and its operators informed but not pestered."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlmodel import col

from notifier.services import housekeeping
from notifier.services.commands import Caller, answer
from notifier.store.database import Database
from notifier.store.tables import Delivery, Job
from tests.conftest import Clock
from tests.road import Road, postings

RETENTION = timedelta(days=180)


async def test_jobs_that_left_every_list_go_after_the_retention(db: Database, clock: Clock) -> None:
    road = Road(db, clock)
    await road.add_list()
    await road.subscribed("python")
    await road.read(postings(1, 2))
    await road.read(postings(1, 2, 3))
    await road.deliver()
    await road.read(postings(1))
    for line in ("/jobs", "/report 3"):
        await db.run(answer, Caller(platform="fake", address="ann", now=clock.now), line)
    clock.forward(days=179)
    assert await db.run(housekeeping.purge, clock.now, RETENTION) == 0
    clock.forward(days=3)

    assert await db.run(housekeeping.purge, clock.now, RETENTION) == 2

    assert db.call(lambda session: session.execute(select(col(Job.title))).scalars().all()) == [
        "Python developer 1"
    ]
    assert db.call(lambda session: session.execute(select(func.count(Delivery.id))).scalar_one()) == 0


def test_operators_hear_once_per_cause_and_day(db: Database, clock: Clock) -> None:
    told = []
    for hours in (0, 1, 10, 14):
        clock.forward(hours=hours)
        told.append(db.call(housekeeping.first_today, "list: empty", clock.now))

    assert told == [True, False, False, True]
    assert db.call(housekeeping.first_today, "list: 404", clock.now)


def test_the_heartbeat_is_the_last_beat(db: Database, clock: Clock) -> None:
    assert db.call(housekeeping.last_beat) is None

    db.call(housekeeping.beat, clock.now)

    assert db.call(housekeeping.last_beat) == clock.now
