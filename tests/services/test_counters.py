"""What a running notifier counts, and what the rows say of what waits."""

import asyncio
import contextlib
import time
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import Session, col

from notifier.domain.document import Document, PageSize
from notifier.domain.ports import (
    Barred,
    Denied,
    Gone,
    Moved,
    Outcome,
    Pace,
    Recipient,
    Rejected,
    RetryAfter,
    Sent,
    Uncertain,
)
from notifier.services import counters
from notifier.services.counters import Backlog, Counted, Counters
from notifier.services.deliver import Deliverer
from notifier.store.database import Database
from notifier.store.tables import Destination
from tests.conftest import START, Clock
from tests.road import FakeChat, Road, postings
from tests.standin.updates import until


@pytest.mark.parametrize(
    ("outcome", "name"),
    [
        (Sent("7"), "sent"),
        (RetryAfter(3), "retry_after"),
        (Moved("-100"), "moved"),
        (Gone("blocked"), "gone"),
        (Barred("no rights"), "barred"),
        (Denied("401"), "denied"),
        (Rejected("too long"), "rejected"),
        (Uncertain(), "uncertain"),
    ],
)
async def test_every_outcome_is_counted_under_its_name(outcome: Outcome, name: str) -> None:
    chat = FakeChat()
    counted = Counted(chat, counts := Counters(since=START))
    chat.will_answer(outcome)

    await counted.send(Recipient(address="ann"), Document(()), "b")

    assert {key for key, count in counts.deliveries.items() if count} == {name}


async def test_a_counted_messenger_is_in_all_else_the_one_it_stands_before() -> None:
    chat = FakeChat(page=PageSize(items=3), pace=Pace(shared=3))
    counted = Counted(chat, counts := Counters(since=START))

    outcome = await counted.edit(Recipient(address="ann"), "ann/b", Document(()))

    assert (counted.name, counted.page, counted.pace) == (chat.name, chat.page, chat.pace)
    assert outcome == Sent("ann/b") and [to for to, _ in chat.edited] == ["ann"]
    assert counts.deliveries["sent"] == 1


async def test_a_messenger_that_raises_is_counted_and_still_raises() -> None:
    chat = FakeChat()
    counted = Counted(chat, counts := Counters(since=START))
    chat.will_answer(ConnectionError("down"))

    with pytest.raises(ConnectionError):
        await counted.send(Recipient(address="ann"), Document(()), "b")

    assert counts.deliveries["raised"] == counts.refusals == 1


async def test_deliveries_pass_through_the_counter_unchanged(db: Database, clock: Clock) -> None:
    road = Road(db, clock)
    counts = Counters(since=clock.now)
    road.deliverer = Deliverer(db, {road.chat.name: Counted(road.chat, counts)}, clock)
    await road.add_list()
    await road.subscribed("python")
    await road.read(postings(1))
    await road.read(postings(1, 2))

    texts = await road.deliver()

    assert len(texts) == 1 and counts.deliveries["sent"] == 1


async def test_a_loop_that_is_held_up_is_seen_although_it_is_over() -> None:
    counts = Counters(since=START)
    watching = asyncio.create_task(counts.watch_loop())
    await asyncio.sleep(0)
    time.sleep(0.9)  # what a parser on the event loop would do
    held_up = await until(lambda: counts.longest_lag or None, 30, "lag")
    await until(lambda: counts.lag != held_up or None, 30, "lag after it")
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching

    assert held_up > 0.3
    assert counts.longest_lag >= held_up


def test_the_counters_are_kept_with_the_heartbeat_for_other_processes(db: Database, clock: Clock) -> None:
    assert db.call(counters.kept) is None
    counts = Counters(since=clock.now)
    counts.fetched(ok=True)
    counts.fetched(ok=False)
    counts.fetched(ok=True)
    counts.delivered(Sent("7"))
    counts.lagged(1.5)
    counts.lagged(0.25)

    db.call(counters.keep, counts, clock.forward(minutes=1))

    kept = db.call(counters.kept)
    assert kept is not None
    assert kept["since"] == START.isoformat()
    assert kept["at"] == clock.now.isoformat()
    assert kept["fetches"] == {"ok": 2, "failed": 1}
    assert kept["deliveries"]["sent"] == 1
    assert kept["loop_lag_seconds"] == {"last": 0.25, "longest": 1.5}


async def test_the_backlog_says_how_long_the_oldest_has_waited(db: Database, clock: Clock) -> None:
    road = Road(db, clock)
    await road.add_list()
    await road.subscribed("python")
    await road.read(postings(1))
    assert db.call(counters.backlog, clock.now) == Backlog(0, None, 0)
    await road.read(postings(1, 2))
    clock.forward(seconds=40)
    await road.read(postings(1, 2, 3))
    clock.forward(seconds=2)

    assert db.call(counters.backlog, clock.now) == Backlog(2, 42.0, 0)


async def test_who_paused_or_is_gone_is_not_waited_for(db: Database, clock: Clock) -> None:
    road = Road(db, clock)
    await road.add_list()
    await road.subscribed("python")
    await road.read(postings(1))
    await road.read(postings(1, 2))

    def pause(session: Session) -> None:
        session.execute(update(Destination).where(col(Destination.id) > 0).values(paused_at=clock.now))

    db.call(pause)

    assert db.call(counters.backlog, clock.now + timedelta(hours=1)).waiting == 0


async def test_dead_letters_are_counted(db: Database, clock: Clock) -> None:
    road = Road(db, clock)
    await road.add_list()
    await road.subscribed("python")
    await road.read(postings(1))
    await road.read(postings(1, 2))
    road.chat.refuses = lambda text: Rejected("never")

    await road.deliver()

    assert db.call(counters.backlog, clock.now).dead == 1
