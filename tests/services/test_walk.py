"""The walk of one job, from a list's row to a chat's message."""

from datetime import timedelta
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifier.sources.readme_table import parse
from notifier.store.database import Database
from tests.conftest import START, Clock
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


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cell=st.text(st.characters(), max_size=60))
async def test_whatever_a_list_says_is_stored_and_told(db: Database, cell: str) -> None:
    clock = Clock(START + timedelta(days=int.from_bytes(cell.encode(errors="ignore")[:2], "big")))
    name = uuid4().hex
    road = Road(db, clock)
    await road.add_list(name)
    await road.subscribed(f"source:{name}", to=name)
    head = "| Company | Position | Location | Apply |\n|---|---|---|---|\n"
    await road.read(parse(f"{head}| A | Cook | Rome | [Apply](https://a.example/{name}) |", clock.now), name)

    row = f"| {cell} | Cook {cell} | {cell} | [Apply](https://b.example/{name}) |"
    reading = parse(head + row, clock.now)
    await road.read(reading, name)
    told = await road.deliver()

    assert len(told) == len(reading.postings)
