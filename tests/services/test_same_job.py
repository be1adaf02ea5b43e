"""One job on several lists: announced once, with every list and every link, open while one of them says so."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select
from sqlmodel import col

from notifier.chat import markdown
from notifier.domain.cadence import Cadence
from notifier.domain.posting import Opening, Posting
from notifier.services.commands import Caller, answer
from notifier.store import openings, sources
from notifier.store.database import Database
from notifier.store.tables import Job
from tests.conftest import Clock
from tests.road import Road, a_posting, postings

LISTS = ("first", "second")


@pytest.fixture
async def road(db: Database, clock: Clock) -> Road:
    """Two lists of two jobs, and Ann who wants Python at once."""
    made = Road(db, clock)
    for name in LISTS:
        await made.add_list(
            name, complete=True, attribution=f"Jobs by {name}", home_url=f"https://{name}.example/"
        )
        await made.read(postings(1, 2), name)
    await made.subscribed("python")
    clock.forward(minutes=30)
    return made


def elsewhere(number: int, **values: object) -> Posting:
    """Return that job under another board's address."""
    return a_posting(number, url=f"https://employer.example/careers?gh_jid={90_000 + number}", **values)


def jobs(road: Road, number: int) -> list[Opening]:
    def found(session: object) -> list[Opening]:
        query = select(col(Job.id)).where(col(Job.title) == f"Python developer {number}")
        ids = session.execute(query).scalars().all()  # type: ignore[attr-defined]
        return list(openings.by_id(session, ids).values())  # type: ignore[arg-type]

    return road.db.call(found)


@pytest.mark.parametrize("other", [a_posting(7), elsewhere(7)], ids=["same id", "other address"])
@pytest.mark.parametrize("order", [LISTS, LISTS[::-1]])
@pytest.mark.parametrize("hours", [0, 1, 24 * 20])
async def test_lists_that_repeat_each_other_are_one_job_that_is_told_once(
    road: Road, clock: Clock, other: Posting, order: Sequence[str], hours: int
) -> None:
    await road.read([*postings(1, 2), a_posting(7)], order[0])
    clock.forward(hours=hours)
    await road.read([*postings(1, 2), other], order[1])
    told = await road.deliver()
    for _ in range(3):
        clock.forward(hours=8)
        await road.read([*postings(1, 2), other], order[1])
        await road.read([*postings(2, 1), a_posting(7)], order[0])
        told += await road.deliver()

    (job,) = jobs(road, 7)
    assert len(told) == (1 if hours < 24 else 0)  # a job of March 2 has left before the later list shows it
    links = {listed.name: listed.url for listed in job.lists}
    assert links == {order[0]: a_posting(7).url, order[1]: other.url}
    assert job.url == a_posting(7).url


async def test_a_message_names_every_list_and_links_each_way_to_apply(road: Road) -> None:
    await road.read([*postings(1, 2), a_posting(7)], "first")
    await road.read([*postings(1, 2), elsewhere(7)], "second")

    (told,) = await road.deliver()
    (job,) = jobs(road, 7)
    you = Caller(platform="fake", address="ann", user_id="ann", now=road.clock(), locale="en")
    why, listed, card = [
        markdown.render(await road.db.run(answer, you, line)).replace("\u2060", "")
        for line in (f"why {job.id}", "jobs python", f"job {job.id}")
    ]

    for shown in (told.replace("\u2060", ""), why, card):
        assert "Seen on [first](https://first.example/) (Jobs by first)" in shown
        assert " and [second](https://second.example/) (Jobs by second)" in shown
        assert "gh\\_jid=90007" in shown or "gh_jid=90007" in shown
    assert "Seen on first, second" in listed
    assert listed.count("Python developer 7") == 1


async def test_who_waits_for_a_list_hears_of_a_job_that_another_had_under_another_address(
    road: Road, clock: Clock
) -> None:
    await road.subscribed("source:second", to="ben")
    await road.read([*postings(1, 2), a_posting(7)], "first")
    await road.read([*postings(1, 2), elsewhere(7)], "second")

    await road.deliver()

    assert sorted(to for to, _ in road.chat.sent) == ["ann", "ben"]


async def test_rows_equal_in_all_but_the_id_on_one_list_stand_as_several(road: Road) -> None:
    await road.read(
        [*postings(1, 2), *(a_posting(7, url=f"https://b.example/job/{n}") for n in (4001, 4002))], "first"
    )
    await road.read(
        [*postings(1, 2), *(a_posting(7, url=f"https://c.example/job/{n}") for n in (5001, 5002))], "second"
    )

    assert len(jobs(road, 7)) == 4


@pytest.mark.parametrize("other", [a_posting(7), elsewhere(7)], ids=["same id", "other address"])
async def test_a_job_is_closed_when_every_list_says_so(road: Road, clock: Clock, other: Posting) -> None:
    await road.read([*postings(1, 2), a_posting(7)], "first")
    await road.read([*postings(1, 2), other], "second")
    states = []
    for first, second in (
        ([a_posting(7, closed=True)], [other]),
        ([a_posting(7, url="", closed=True)], [other]),
        ([], [other]),
        ([], []),
        ([], [other]),
    ):
        for _ in range(4):
            clock.forward(hours=9)
            await road.read([*postings(1, 2), *first], "first")
            await road.read([*postings(1, 2), *second], "second")
        (job,) = jobs(road, 7)
        states.append(job.closed_at is None)

    assert states == [True, True, True, False, True]
    assert len(await road.deliver()) <= 1


@pytest.mark.parametrize("other", [a_posting(7), elsewhere(7)], ids=["same id", "other address"])
@pytest.mark.parametrize("removed", LISTS)
async def test_a_removed_list_closes_nothing_and_its_return_tells_nothing(
    road: Road, clock: Clock, other: Posting, removed: str
) -> None:
    says = {"first": [*postings(1, 2), a_posting(7)], "second": [*postings(1, 2), other]}
    for name in LISTS:
        await road.read(says[name], name)
    await road.deliver()

    await road.db.run(sources.remove, removed)
    clock.forward(hours=30)
    (stays,) = set(LISTS) - {removed}
    await road.read(says[stays], stays)
    (job,) = jobs(road, 7)
    assert job.closed_at is None
    assert [listed.name for listed in job.lists] == [stays]
    await road.add_list(removed)
    await road.read(says[removed], removed)
    clock.forward(hours=1)
    await road.read(says[removed], removed)

    (job,) = jobs(road, 7)
    assert {listed.name for listed in job.lists} == set(LISTS)
    assert await road.deliver() == []


async def test_a_flood_that_siblings_share_is_one_message(road: Road, clock: Clock) -> None:
    """One day several lists lost their filter and showed the same fifty jobs."""
    for name in LISTS:
        await road.read(postings(*range(100, 150)), name)

    told = await road.deliver()

    assert len(told) == 1
    assert "50 new jobs" in told[0]


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)  # hundreds of readings, the same on both engines
@pytest.mark.parametrize("how", ["lock", "row"])
async def test_a_list_that_flaps_tells_each_job_once_and_edits_at_most_once(
    road: Road, clock: Clock, how: str
) -> None:
    """One job was closed and opened 141 times in 115 days, another's row went and came."""
    away = [a_posting(7, closed=True, posted_on=None)] if how == "lock" else []
    told = 0
    for flap in range(141):
        here = [a_posting(7, posted_on=None)] if flap % 2 == 0 else away
        await road.read([*postings(1, 2), *here], "first")
        told += len(await road.deliver())
        clock.forward(hours=4)
    flapping = len(road.chat.edited)
    for _ in range(10):
        await road.read([*postings(1, 2), *away], "first")
        clock.forward(hours=12)
        await road.deliver()

    assert told == 1
    assert flapping == 0
    assert len(road.chat.edited) <= 1


@pytest.mark.parametrize("cadence", [Cadence.INSTANT, Cadence.DAILY])
async def test_a_job_that_is_locked_just_when_it_should_leave_is_told_once_it_is_open_again(
    db: Database, clock: Clock, cadence: Cadence
) -> None:
    road = Road(db, clock)
    await road.add_list()
    await road.subscribed("python", cadence=cadence)
    await road.read(postings(1))
    told = []
    for day in range(6):
        clock.forward(hours=12)
        await road.read([a_posting(1), a_posting(7)])
        if day == 5:
            told += await road.deliver()
        await road.read([a_posting(1), a_posting(7, closed=True)])
        clock.forward(hours=12)
        told += await road.deliver()
    await road.read([a_posting(1), a_posting(7)])
    clock.forward(days=1)
    told += await road.deliver()
    await road.read([a_posting(1), a_posting(7, closed=True)])
    await road.read([a_posting(1), a_posting(7)])
    clock.forward(days=1)
    told += await road.deliver()

    assert len(told) == 1
    assert "developer 7" in told[0]
