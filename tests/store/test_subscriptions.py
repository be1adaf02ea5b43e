"""Chats that go, come back and move: what is theirs stays theirs, and nothing is sent twice."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from notifier.domain.cadence import Cadence
from notifier.services.commands import answers
from notifier.store import outbox, subscriptions
from notifier.store.database import Database
from notifier.store.persons import find_or_make
from notifier.store.tables import Delivery, DeliveryState, Destination, DestinationKind, Trouble
from tests.conftest import Clock
from tests.road import Road, a_posting, postings

OLD, NEW = "-1", "-1001"


@pytest.fixture
async def road(db: Database, clock: Clock) -> Road:
    """A list that has been read once."""
    made = Road(db, clock)
    await made.add_list()
    await made.read(postings(1))
    return made


async def feeds(road: Road, address: str, *threads: str, wish: str = "python") -> None:
    """Let a group want something in each of these threads."""
    for thread in threads:
        await road.subscribed(wish, to=address, kind=DestinationKind.GROUP)
        if thread:
            await road.on_chat(lambda session, chat, thread=thread: setattr(chat, "thread", thread), address)


def chats(session: Session) -> dict[tuple[str, str], Destination]:
    return {(row.address, row.thread): row for row in session.execute(select(Destination)).scalars()}


def owed(session: Session) -> list[tuple[str, int]]:
    """Return who is owed which job."""
    query = (
        select(col(Destination.address), col(Delivery.job_id))
        .join(Destination, col(Destination.id) == col(Delivery.destination_id))
        .where(col(Delivery.state) == DeliveryState.OWED)
    )
    return sorted((address, job) for address, job in session.execute(query))


# -- gone and back --------------------------------------------------------------------------------


async def test_a_group_that_put_us_out_is_gone_with_all_its_topics(
    road: Road, db: Database, clock: Clock
) -> None:
    await feeds(road, OLD, "5", "")
    await feeds(road, "other", "")
    await road.read(postings(1, 2))

    assert db.call(subscriptions.left, "fake", OLD, "kicked", clock.now) == 2
    assert db.call(subscriptions.left, "fake", OLD, "kicked again", clock.now) == 0

    assert {at: (row.gone, row.trouble) for at, row in db.call(chats).items()} == {
        (OLD, "5"): ("kicked", Trouble.GONE),
        (OLD, ""): ("kicked", Trouble.GONE),
        ("other", ""): (None, None),
    }
    assert db.call(owed) == [("other", 2)]


async def test_who_blocked_us_has_no_keeper_to_be_told(road: Road, db: Database, clock: Clock) -> None:
    await road.subscribed("python")

    db.call(subscriptions.left, "fake", "ann", "blocked", clock.now)

    (ann,) = db.call(chats).values()
    assert (ann.gone, ann.trouble) == ("blocked", None)


@pytest.mark.parametrize("way", ["returned", "opened"])
async def test_a_group_that_lets_us_in_again_is_as_it_was(
    road: Road, db: Database, clock: Clock, way: str
) -> None:
    await road.subscribed("python", to=OLD, kind=DestinationKind.GROUP, cadence=Cadence.BOTH)
    before = db.call(chats)[OLD, ""].next_digest_at
    db.call(subscriptions.left, "fake", OLD, "kicked", clock.now)
    await road.on_chat(
        lambda session, chat: setattr(chat, "held_until", clock.now + timedelta(days=1)), to=OLD
    )

    if way == "returned":
        assert db.call(subscriptions.returned, "fake", OLD, clock.now) == 1
        assert db.call(subscriptions.returned, "fake", OLD, clock.now) == 0
    else:
        db.call(subscriptions.open_destination, "fake", OLD, clock.now)

    row = db.call(chats)[OLD, ""]
    assert (row.gone, row.held_until, row.trouble, row.trouble_reason) == (None, None, None, None)
    assert row.next_digest_at == before
    await road.read(postings(1, 2))
    assert len(await road.deliver()) == 1


async def test_a_group_that_gives_us_the_right_to_write_need_not_wait_for_the_next_day(
    road: Road, db: Database, clock: Clock
) -> None:
    await feeds(road, OLD, "")
    await road.read(postings(1, 2))
    (batch,) = db.call(outbox.claim, "fake", clock.now)
    db.call(outbox.barred, batch, "no rights", clock.now)

    assert db.call(subscriptions.returned, "fake", OLD, clock.now) == 1

    clock.forward(hours=25)
    assert len(await road.deliver()) == 1
    assert db.call(chats)[OLD, ""].trouble is None


# -- moved ------------------------------------------------------------------------------------------


async def test_all_topics_of_a_group_that_became_a_supergroup_are_at_its_new_address(
    road: Road, db: Database, clock: Clock
) -> None:
    await feeds(road, OLD, "5", "")
    await feeds(road, "other", "")

    assert db.call(subscriptions.migrate, "fake", OLD, NEW, clock.now) == 2
    assert db.call(subscriptions.migrate, "fake", OLD, NEW, clock.now) == 0
    assert db.call(subscriptions.migrate, "fake", NEW, NEW, clock.now) == 0

    assert sorted(db.call(chats)) == [(NEW, ""), (NEW, "5"), ("other", "")]


async def test_a_group_joins_the_supergroup_that_is_known_already(
    road: Road, db: Database, clock: Clock
) -> None:
    await feeds(road, NEW, "", wish="java")
    await feeds(road, OLD, "", wish="python")
    await road.on_chat(_with_keeper, OLD, clock)
    token = await road.on_chat(lambda session, chat: answers.keep(session, chat, "jobs", clock.now), OLD)

    db.call(subscriptions.migrate, "fake", OLD, NEW, clock.now)
    await road.read([*postings(1, 2), a_posting(3, title="Java developer")])
    told = await road.deliver()

    ((_, row),) = db.call(chats).items()
    assert [sub.name for sub in db.call(subscriptions.subscriptions_of, row)] == ["java", "python"]
    assert row.keeper_id is not None
    assert db.call(answers.line_of, [row.id], str(token)) == "jobs"
    assert len(told) == 2


def _with_keeper(session: Session, chat: Destination, clock: Clock) -> None:
    chat.keeper_id = find_or_make(session, "fake", "cy", clock.now, zone="UTC", locale="en").id


@pytest.mark.parametrize("first", [OLD, NEW])
async def test_what_either_of_two_was_sent_is_not_sent_again_when_they_join(
    road: Road, db: Database, clock: Clock, first: str
) -> None:
    await feeds(road, OLD, "")
    await feeds(road, NEW, "")
    await road.read(postings(1, 2))
    (other,) = {OLD, NEW} - {first}
    hold = clock.now + timedelta(hours=1)
    await road.on_chat(lambda session, chat: setattr(chat, "held_until", hold), other)
    await road.deliver()
    assert [address for address, _ in road.chat.sent] == [first]

    db.call(subscriptions.migrate, "fake", OLD, NEW, clock.now)
    clock.forward(hours=2)

    assert await road.deliver() == []
    await road.read(postings(1, 2, 3))
    assert len(await road.deliver()) == 1


async def test_what_both_are_owed_is_sent_once_when_they_join(road: Road, db: Database, clock: Clock) -> None:
    await feeds(road, OLD, "")
    await feeds(road, NEW, "")
    await road.read(postings(1, 2))

    db.call(subscriptions.migrate, "fake", OLD, NEW, clock.now)

    assert len(await road.deliver()) == 1


async def test_a_known_supergroup_that_was_gone_is_back_with_the_group_that_joins_it(
    road: Road, db: Database, clock: Clock
) -> None:
    await feeds(road, NEW, "", wish="java")
    await feeds(road, OLD, "")
    db.call(subscriptions.left, "fake", NEW, "kicked", clock.now)

    db.call(subscriptions.migrate, "fake", OLD, NEW, clock.now)
    await road.read(postings(1, 2))

    assert len(await road.deliver()) == 1


async def test_messages_of_the_old_address_are_not_edited_at_the_new_one(
    road: Road, db: Database, clock: Clock
) -> None:
    """There the same number may be another message."""
    await feeds(road, OLD, "")
    await road.read(postings(1, 2, 3))
    await road.deliver()
    await road.read([a_posting(1), a_posting(2, closed=True), a_posting(3)])
    clock.forward(hours=25)
    db.call(outbox.owe_edits, clock.now)

    db.call(subscriptions.migrate, "fake", OLD, NEW, clock.now)
    await road.read([a_posting(1), a_posting(2, closed=True), a_posting(3, closed=True)])
    clock.forward(hours=25)
    await road.deliver()

    assert road.chat.edited == []
    assert db.call(owed) == []


async def test_a_topic_that_joins_the_chat_itself_keeps_its_messages(
    road: Road, db: Database, clock: Clock
) -> None:
    await feeds(road, OLD, "5", "")
    await road.read(postings(1, 2))
    await road.deliver()
    await road.read([a_posting(1), a_posting(2, closed=True)])
    clock.forward(hours=25)

    def join(session: Session) -> None:
        topic = subscriptions.destination_at(session, "fake", OLD, "5")
        assert topic is not None
        subscriptions.relocate(session, topic, OLD, "", clock.now)

    db.call(join)
    await road.deliver()

    assert len(road.chat.edited) == 1
    assert len(db.call(chats)) == 1
