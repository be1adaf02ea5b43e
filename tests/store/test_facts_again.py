"""Better rules: the facts of stored jobs are derived again, and nobody hears of it."""

from sqlalchemy import select, update
from sqlmodel import Session, col

from notifier.domain.facts import FACTS_VERSION
from notifier.domain.filters import Wish
from notifier.domain.query import parse
from notifier.store import jobs
from notifier.store.database import Database
from notifier.store.tables import Job
from tests.conftest import Clock
from tests.road import Road, postings


def forget(session: Session) -> None:
    """Leave the jobs as a version without these rules had stored them."""
    session.execute(update(Job).values(facts={"mode": "onsite"}, facts_version=FACTS_VERSION - 1))


async def test_stored_jobs_are_understood_anew_without_announcing_anything(
    db: Database, clock: Clock
) -> None:
    """Facts follow the rules of today; what was told stays told, and what was not is not news."""
    road = Road(db, clock)
    await road.add_list()
    await road.read(postings(*range(1, 131)))
    await road.subscribed("python in:germany")
    await road.read(postings(*range(1, 132)))
    assert len(await road.deliver()) == 1
    await db.run(forget)
    assert await db.read(jobs.outdated) == 131

    done = [await db.run(jobs.derive_again) for _ in range(3)]

    assert done == [100, 31, 0]
    assert await db.read(jobs.outdated) == 0
    kept = await db.read(lambda session: session.execute(select(col(Job.facts))).scalars().all())
    assert all(facts["skills"] == ["python"] and facts["places"] == ["2950159"] for facts in kept)
    await road.read(postings(*range(1, 132)))
    assert await road.deliver() == []


def test_a_wish_keeps_its_meaning_as_it_is_stored() -> None:
    """What is stored are ids, so better names or rules change no subscription."""
    wish = parse("golang in:münchen,remote from:deutschland level:sr").wish

    assert wish.to_json() == {
        "skills": ["go"],
        "in": ["2867714", "remote"],
        "from": ["DE"],
        "level": ["senior"],
    }
    assert Wish.from_json(wish.to_json()) == wish
