"""What a feed adds to its messages: whom they notify, and how a forum shows them."""

from typing import Any

import pytest

from notifier.domain.ports import Barred
from notifier.services.commands import Caller, perform
from notifier.store import outbox, subscriptions
from notifier.store.database import Database
from notifier.store.outbox import Batch
from notifier.store.tables import DestinationKind
from tests.conftest import Clock
from tests.road import Road, a_posting, postings

ROLE, OTHER_ROLE = "<@&100000000000000001>", "<@&100000000000000002>"


@pytest.fixture
async def road(db: Database, clock: Clock) -> Road:
    made = Road(db, clock)
    await made.add_list()
    await made.read([])
    await made.read(postings(1))
    return made


def feed(db: Database, clock: Clock, **options: str) -> None:
    """Ask for a feed as a platform with options does."""
    caller = Caller(
        platform="fake",
        address="channel",
        user_id="bob",
        now=clock.now,
        kind=DestinationKind.GROUP,
        manages=True,
        form=options.pop("form", ""),
    )
    db.call(perform, caller, "feed", {"action": "add", "cadence": "instant", **options})


async def claimed(road: Road) -> list[Batch]:
    return await road.db.run(outbox.claim, "fake", road.clock(), limit=10)


async def new_jobs(road: Road, *jobs: Any) -> None:
    road.clock.forward(minutes=30)  # type: ignore[attr-defined]  # the fixture's clock
    await road.read([*postings(1), *jobs])


async def test_a_message_notifies_the_role_of_the_feed_that_caused_it(
    road: Road, db: Database, clock: Clock
) -> None:
    feed(db, clock, skills="python", mention=ROLE, tag="7")

    await new_jobs(road, a_posting(2))
    (batch,) = await claimed(road)

    assert (batch.mention, batch.tags) == (ROLE, ("7",))


async def test_a_role_is_notified_only_of_jobs_that_meet_its_condition(
    road: Road, db: Database, clock: Clock
) -> None:
    feed(db, clock, skills="python", mention=ROLE, mention_when="in:vienna")

    await new_jobs(road, a_posting(2), a_posting(3, location="Vienna, Austria"))
    batches = await claimed(road)

    assert {batch.entries[0].opening.location: batch.mention for batch in batches} == {
        "Berlin, Germany": "",
        "Vienna, Austria": ROLE,
    }


async def test_a_message_of_two_feeds_notifies_one_role(road: Road, db: Database, clock: Clock) -> None:
    feed(db, clock, skills="python", mention=ROLE, tag="7")
    feed(db, clock, location="berlin", mention=OTHER_ROLE, tag="8")

    await new_jobs(road, a_posting(2))
    (batch,) = await claimed(road)

    assert (batch.mention, batch.tags) == (ROLE, ("7", "8"))


@pytest.mark.parametrize(("form", "messages"), [("", 1), ("forum", 6)])
async def test_in_a_forum_each_job_is_a_post_of_its_own(
    road: Road, db: Database, clock: Clock, form: str, messages: int
) -> None:
    feed(db, clock, skills="python", form=form)

    await new_jobs(road, *postings(*range(2, 8)))

    assert len(await claimed(road)) == messages


async def test_very_many_jobs_at_once_are_one_post(road: Road, db: Database, clock: Clock) -> None:
    feed(db, clock, skills="python", form="forum")

    await new_jobs(road, *postings(*range(2, 20)))

    assert len(await claimed(road)) == 1


async def test_where_a_platform_takes_messages_is_remembered(road: Road, db: Database, clock: Clock) -> None:
    await road.subscribed("python")
    road.chat.route = "dm"

    await new_jobs(road, a_posting(2))
    await road.deliver()
    clock.forward(minutes=30)
    await road.read([*postings(1, 2), a_posting(3)])
    await road.deliver()

    assert db.call(subscriptions.destination_at, "fake", "ann").route == "dm"  # type: ignore[union-attr]
    assert [recipient.route for recipient in road.chat.recipients] == ["", "dm"]


async def test_a_condition_that_cannot_be_read_is_refused_at_once(
    road: Road, db: Database, clock: Clock
) -> None:
    feed(db, clock, skills="python", mention=ROLE, mention_when="colour:red")

    chat = db.call(subscriptions.destination_at, "fake", "channel")

    assert chat is None or not db.call(subscriptions.subscriptions_of, chat)


async def test_what_we_were_barred_from_sending_goes_at_once_when_we_are_let_in(
    road: Road, db: Database, clock: Clock
) -> None:
    await road.subscribed("python")
    road.chat.will_answer(Barred("direct messages are closed"))
    await new_jobs(road, a_posting(2))
    barred = await road.deliver()

    clock.forward(minutes=1)
    waiting = await road.deliver()
    db.call(subscriptions.returned, "fake", "ann", clock.now)
    told = await road.deliver()

    assert (barred, waiting) == ([], [])
    assert len(told) == 1
