"""Delivery: every answer a platform may give, and every end an owed job may take."""

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import time

import pytest
from sqlalchemy import select
from sqlmodel import Session

from notifier.chat import markdown
from notifier.domain.cadence import Cadence
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
    Uncertain,
)
from notifier.domain.query import parse
from notifier.services.commands import Caller, answer
from notifier.services.deliver import Deliverer
from notifier.store import outbox, subscriptions
from notifier.store.database import Database
from notifier.store.tables import Delivery, Destination, DestinationKind, Trouble
from tests.conftest import Clock
from tests.road import FakeChat, Road, a_posting, postings
from tests.standin.updates import until


@pytest.fixture
async def road(db: Database, clock: Clock) -> Road:
    """A list that has been read once, and Ann who wants Python at once."""
    made = Road(db, clock)
    await made.add_list()
    await made.subscribed("python")
    await made.read(postings(1))
    clock.forward(minutes=30)
    return made


def states(db: Database) -> list[tuple[str, str | None]]:
    def read(session: Session) -> list[tuple[str, str | None]]:
        rows = session.execute(select(Delivery)).scalars()
        return [(row.state, row.reason) for row in rows]

    return db.call(read)


def attempts(db: Database) -> list[int]:
    return db.call(lambda session: [row.attempts for row in session.execute(select(Delivery)).scalars()])


# -- what a platform may answer -------------------------------------------------------------------


async def test_sent_is_settled_with_its_reference(road: Road, db: Database) -> None:
    await road.read(postings(1, 2))

    assert len(await road.deliver()) == 1

    assert states(db) == [("sent", None)]


async def test_a_wait_asked_by_the_platform_is_not_an_attempt(road: Road, db: Database, clock: Clock) -> None:
    await road.read(postings(1, 2))
    road.chat.will_answer(RetryAfter(30))

    assert await road.deliver() == []
    clock.forward(seconds=29)
    assert await road.deliver() == []
    clock.forward(seconds=2)
    assert len(await road.deliver()) == 1

    assert attempts(db) == [0]
    assert road.chat.tries == 2


async def test_a_wait_holds_the_whole_chat_and_no_other(road: Road, clock: Clock) -> None:
    await road.subscribed("python", to="ben")
    road.chat.will_answer(RetryAfter(30))

    await road.read(postings(1, 2))

    assert len(await road.deliver()) == 1


async def test_a_chat_that_moved_gets_its_message_once_at_the_new_address(road: Road) -> None:
    await road.read(postings(1, 2))
    road.chat.will_answer(Moved("-100ann"))

    await road.deliver()

    assert [address for address, _ in road.chat.sent] == ["-100ann"]


async def test_a_chat_that_moved_to_a_known_one_joins_it(road: Road, db: Database, clock: Clock) -> None:
    await road.subscribed("java", to="new")
    await road.read(postings(1, 2))
    road.chat.will_answer(Moved("new"))

    await road.deliver()
    clock.forward(minutes=30)
    await road.read(postings(1, 2, 3))
    await road.deliver()

    assert [address for address, _ in road.chat.sent] == ["new", "new"]
    assert all("/unsubscribe 2" in text for _, text in road.chat.sent)  # as it is numbered there
    numbers = await road.on_chat(
        lambda session, chat: [row.number for row in subscriptions.subscriptions_of(session, chat)], "new"
    )
    assert numbers == [1, 2]


async def test_a_topic_that_is_gone_gives_its_message_to_the_chat_once(road: Road, db: Database) -> None:
    await road.on_chat(in_a_group)
    await road.on_chat(lambda session, chat: setattr(chat, "thread", "5"))
    await road.read(postings(1, 2))
    road.chat.will_answer(Moved("ann", "", "the topic was deleted"))

    await road.deliver()

    assert [(to.address, to.thread) for to in road.chat.recipients] == [("ann", "")]
    assert db.call(trouble_of) == (Trouble.TOPIC_GONE, "the topic was deleted")


async def test_a_chat_that_moved_to_where_it_was_is_no_endless_loop(road: Road, db: Database) -> None:
    await road.read(postings(1, 2))
    road.chat.will_answer(*[Moved("ann")] * 3)

    await asyncio.wait_for(road.deliver(), timeout=60)

    assert road.chat.tries == 1
    assert attempts(db) == [1]


async def test_a_chat_that_joined_another_while_its_message_was_under_way_gets_it_there(
    road: Road, db: Database, clock: Clock
) -> None:
    await road.subscribed("java", to="new")
    await road.read(postings(1, 2))

    def migrate(text: str) -> Outcome | None:
        db.call(subscriptions.migrate, "fake", "ann", "new", clock.now)
        road.chat.refuses = lambda text: None
        return Moved("new")

    road.chat.refuses = migrate
    await road.deliver()

    assert [address for address, _ in road.chat.sent] == ["new"]


async def test_a_chat_that_may_not_be_written_to_waits_a_day_and_loses_nothing(
    road: Road, db: Database, clock: Clock
) -> None:
    await road.on_chat(in_a_group)
    await road.read(postings(1, 2))
    road.chat.will_answer(Barred("not enough rights"))

    await road.deliver()
    held = db.call(trouble_of)
    clock.forward(hours=23)
    assert await road.deliver() == []
    clock.forward(hours=2)
    assert len(await road.deliver()) == 1

    assert held == (Trouble.BARRED, "not enough rights")
    assert attempts(db) == [0]
    assert db.call(trouble_of) == (None, None)  # it is over


async def test_a_chat_that_stays_barred_is_no_news_every_day(road: Road, db: Database, clock: Clock) -> None:
    await road.on_chat(in_a_group)
    await road.read(postings(1, 2))
    road.chat.will_answer(Barred("no rights"), Barred("no rights"), Barred("no topic"))
    found = []

    for _ in range(3):
        await road.deliver()
        found.append(db.call(trouble_of))
        await road.on_chat(lambda session, chat: setattr(chat, "trouble", None))  # its keeper was told
        clock.forward(hours=25)

    assert found == [(Trouble.BARRED, "no rights"), (None, "no rights"), (Trouble.BARRED, "no topic")]


@pytest.mark.parametrize("kind", [DestinationKind.PRIVATE, DestinationKind.CHANNEL])
async def test_a_shared_chat_that_is_gone_is_its_keeper_s_trouble(
    road: Road, db: Database, kind: DestinationKind
) -> None:
    await road.on_chat(lambda session, chat: setattr(chat, "kind", kind))
    await road.read(postings(1, 2))
    road.chat.will_answer(Gone("kicked"))

    await road.deliver()

    shared = kind is not DestinationKind.PRIVATE
    assert db.call(trouble_of) == ((Trouble.GONE, "kicked") if shared else (None, None))


async def test_a_chat_that_is_gone_keeps_its_subscriptions_and_comes_back(road: Road, clock: Clock) -> None:
    await road.read(postings(1, 2))
    road.chat.will_answer(Gone("blocked by the user"))
    await road.deliver()
    clock.forward(minutes=30)
    await road.read(postings(1, 2, 3))
    assert await road.deliver() == []

    await road.db.run(answer, Caller(platform="fake", address="ann", user_id="ann", now=clock.now), "/help")
    clock.forward(minutes=30)
    await road.read(postings(1, 2, 3, 4))

    told = await road.deliver()
    assert len(told) == 1
    assert "developer 4" in told[0]


async def test_a_refused_token_stops_that_platform_and_loses_nothing(road: Road, db: Database) -> None:
    await road.read(postings(1, 2))
    road.chat.will_answer(Denied("401: unauthorized"))

    await road.deliver()

    assert road.deliverer.stopped == {"fake": "401: unauthorized"}
    assert states(db) == [("owed", None)]
    restarted = Road(db, road.clock)
    await restarted.deliver()
    assert len(restarted.chat.sent) == 1


async def test_a_platform_that_takes_us_again_gets_what_waited(
    road: Road, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for name in ("ben", "cy", "dee", "eve"):
        await road.subscribed("python", to=name)
    await road.read(postings(1, 2, 3))
    road.chat.will_answer(*[Denied("401")] * 4)

    await road.deliver()
    assert await road.deliver() == []
    road.deliverer.accepted("fake")
    road.deliverer.accepted("fake")
    told = await road.deliver()

    assert len(told) == 10  # no lease holds any of them
    assert road.deliverer.stopped == {}
    said = Counter(record.getMessage() for record in caplog.records)
    assert (said["platform stopped"], said["platform accepted again"]) == (1, 1)


async def test_a_messenger_may_say_by_itself_that_its_platform_refuses_us(
    road: Road, caplog: pytest.LogCaptureFixture
) -> None:
    await road.read(postings(1, 2))

    road.deliverer.refused("fake", "close code 4004")
    road.deliverer.refused("fake", "and again")

    assert await road.deliver() == []
    assert road.chat.tries == 0
    assert road.deliverer.stopped == {"fake": "close code 4004"}
    assert [record.levelname for record in caplog.records] == ["ERROR"]


async def test_a_refused_batch_of_forty_with_one_poison_job_delivers_thirty_nine(
    road: Road, db: Database
) -> None:
    road.chat.refuses = lambda text: Rejected("can't parse") if "developer 7" in text else None

    await road.read(postings(*range(1, 42)))
    told = await road.deliver()

    assert len(told) == 39
    dead = db.call(outbox.dead)
    assert [row.reason for row in dead] == ["can't parse"]


async def test_a_dead_letter_may_be_retried(road: Road, db: Database, clock: Clock) -> None:
    road.chat.refuses = lambda text: Rejected("no")
    await road.read(postings(1, 2))
    await road.deliver()
    (dead,) = db.call(outbox.dead)

    road.chat.refuses = lambda text: None
    assert db.call(outbox.retry, dead.id, clock.now)

    assert len(await road.deliver()) == 1


@pytest.mark.parametrize("resend", [True, False])
async def test_a_lost_answer_is_resent_once_or_held(db: Database, clock: Clock, resend: bool) -> None:
    road = Road(db, clock, resend=resend)
    await road.add_list()
    await road.subscribed("python")
    await road.read(postings(1))
    await road.read(postings(1, 2))
    road.chat.will_answer(Uncertain(), Uncertain())

    for _ in range(5):
        await road.deliver()
        clock.forward(minutes=1)

    assert road.chat.tries == (2 if resend else 1)
    assert [state for state, _ in states(db)] == ["dead"]


async def test_an_outage_is_tried_again_later_each_time(road: Road, db: Database, clock: Clock) -> None:
    await road.read(postings(1, 2))
    road.chat.will_answer(*[ConnectionError("down")] * 3)
    tries = []

    for _ in range(20):
        await road.deliver()
        tries.append(road.chat.tries)
        clock.forward(seconds=15)

    assert road.chat.texts()
    assert tries[:4] == [1, 1, 2, 2]  # after 30 s, then 60 s, then 120 s
    assert attempts(db) == [3]


async def test_after_eight_failures_it_is_a_dead_letter_with_its_reason(
    road: Road, db: Database, clock: Clock
) -> None:
    await road.read(postings(1, 2))
    road.chat.will_answer(*[ConnectionError("down")] * 20)

    for _ in range(12):
        await road.deliver()
        clock.forward(hours=7)
        await road.on_chat(lambda session, chat: setattr(session.get(Delivery, 1), "due_at", clock.now))

    assert road.chat.tries == 8
    assert states(db) == [("dead", "failed 8 times, last: ConnectionError: down")]


def in_a_group(session: Session, chat: Destination) -> None:
    chat.kind = DestinationKind.GROUP


def trouble_of(session: Session) -> tuple[str | None, str | None]:
    (chat,) = session.execute(select(Destination)).scalars()
    return chat.trouble, chat.trouble_reason


# -- the order in which chats are written to --------------------------------------------------------


@dataclass
class SlowChat(FakeChat):
    """A messenger whose platform takes its time; it notes when each chat was written to."""

    seconds: float = 0.01
    began: list[tuple[str, float]] = field(default_factory=list)
    unanswered: int = 0
    most_unanswered: int = 0

    async def send(self, recipient: Recipient, document: Document, batch: str) -> Outcome:
        self.began.append((recipient.address, asyncio.get_running_loop().time()))
        self.unanswered += 1
        self.most_unanswered = max(self.most_unanswered, self.unanswered)
        await asyncio.sleep(self.seconds)
        self.unanswered -= 1
        return await super().send(recipient, document, batch)


async def with_slow_chat(db: Database, clock: Clock, pace: Pace, *names: str) -> tuple[Road, SlowChat]:
    """A list, and these private chats that want Python."""
    road, chat = Road(db, clock), SlowChat(pace=pace)
    road.deliverer = Deliverer(db, {"fake": chat}, clock)
    await road.add_list()
    for name in names:
        await road.subscribed("python", to=name)
    await road.read(postings(1))
    return road, chat


async def test_while_a_chat_rests_all_the_others_are_written_to(db: Database, clock: Clock) -> None:
    names = [f"chat-{number}" for number in range(12)]
    road, chat = await with_slow_chat(db, clock, Pace(private=0.5), *names)
    await road.read(postings(1, 2, 3, 4))

    await road.deliver()

    order = [name for name, _ in chat.began]
    assert [sorted(order[at : at + 12]) for at in (0, 12, 24)] == [sorted(names)] * 3
    for name in names:
        times = [at for to, at in chat.began if to == name]
        assert all(later - earlier >= 0.5 for earlier, later in zip(times, times[1:], strict=False))
        texts = [text for to, text in chat.sent if to == name]
        assert ["developer 2" in texts[0], "developer 3" in texts[1], "developer 4" in texts[2]] == [True] * 3
    assert chat.most_unanswered == 4
    assert chat.began[-1][1] - chat.began[0][1] < 10  # about one; one after the other they would take twelve


async def test_more_is_claimed_while_all_that_were_claimed_rest(db: Database, clock: Clock) -> None:
    names = [f"chat-{number}" for number in range(30)]  # more than are claimed at once
    road, chat = await with_slow_chat(db, clock, Pace(private=600), *names)
    await road.read(postings(1, 2, 3))

    delivering = asyncio.create_task(road.deliver())
    await until(lambda: len(chat.sent) >= 30 or None, 60, "a message in each chat")
    road.deliverer.stop()
    await delivering

    assert sorted(name for name, _ in chat.began) == sorted(names)


async def test_what_stands_behind_a_message_that_did_not_go_out_goes_behind_it(
    db: Database, clock: Clock
) -> None:
    road, chat = await with_slow_chat(db, clock, Pace(), "ann")
    await road.read(postings(1, 2, 3, 4))
    chat.will_answer(RetryAfter(5))

    await road.deliver()
    assert chat.tries == 1
    clock.forward(seconds=6)
    await road.deliver()

    assert [number for text in chat.texts() for number in (2, 3, 4) if f"developer {number}" in text] == [
        *(2, 3, 4)
    ]


async def test_who_stops_waits_for_no_chat_s_rest(db: Database, clock: Clock) -> None:
    road, chat = await with_slow_chat(db, clock, Pace(private=30), "ann")
    await road.read(postings(1, 2, 3, 4))

    delivering = asyncio.create_task(road.deliver())
    while not chat.sent:
        await asyncio.sleep(0.01)
    road.deliverer.stop()
    await asyncio.wait_for(delivering, timeout=25)

    assert chat.tries == 1
    assert [state for state, _ in sorted(states(db))] == ["owed", "owed", "sent"]


# -- pages ------------------------------------------------------------------------------------------


async def test_a_private_chat_gets_the_first_page_and_turns_it(road: Road) -> None:
    road.chat.page = PageSize(items=3)
    await road.read(postings(*range(1, 9)))

    (first,) = await road.deliver()

    assert "developer 4" in first and "developer 5" not in first
    batch = road.db.call(_first_batch)
    assert f"`/page {batch} 2`" in first
    turned = await _answered(road, f"/page {batch} 2")
    assert "developer 5" in turned


async def test_a_shared_chat_is_handed_the_whole_message(road: Road) -> None:
    road.chat.page = PageSize(items=3)
    await road.on_chat(in_a_group)
    await road.read(postings(*range(1, 9)))

    (told,) = await road.deliver()

    assert "developer 8" in told
    assert "/page" not in told


async def test_an_edit_shows_the_first_page_of_the_message_as_it_was_sent(road: Road, clock: Clock) -> None:
    road.chat.page = PageSize(items=3)
    await road.read(postings(*range(1, 9)))
    await road.deliver()
    sent_under = road.db.call(_first_batch)
    await road.read([a_posting(1), a_posting(2, closed=True), *postings(*range(3, 9))])
    clock.forward(hours=25)

    await road.deliver()

    ((_, edited),) = road.chat.edited
    assert "~~" in edited and "developer 5" not in edited
    assert f"`/page {sent_under} 2`" in edited


async def test_a_chat_that_wants_tables_says_so_to_its_messenger(road: Road) -> None:
    await road.on_chat(lambda session, chat: setattr(chat, "rich", True))
    await road.read(postings(1, 2))

    await road.deliver()

    assert [to.rich for to in road.chat.recipients] == [True]


# -- batches ----------------------------------------------------------------------------------------


async def test_up_to_three_are_cards_and_more_are_one_message(road: Road, clock: Clock) -> None:
    await road.read(postings(1, 2, 3, 4))
    cards = await road.deliver()
    clock.forward(minutes=30)
    await road.read(postings(1, 2, 3, 4, 5, 6, 7, 8))
    grouped = await road.deliver()

    assert len(cards) == 3
    assert len(grouped) == 1
    assert "4 new jobs" in grouped[0]


async def test_an_interrupted_batch_is_claimed_whole_and_never_mixed(
    road: Road, db: Database, clock: Clock
) -> None:
    await road.read(postings(*range(1, 7)))
    (lost,) = db.call(outbox.claim, "fake", clock.now)
    await road.read(postings(*range(1, 9)))

    assert await road.deliver() == []  # leased
    db.call(outbox.take_up, clock.now)
    told = await road.deliver()

    assert len(lost.entries) == 5
    assert ["5 new jobs" in told[0], "developer 7" in told[0]] == [True, False]
    assert len(told) == 3  # the batch, then the two that came later


async def test_a_lease_runs_out_by_itself(road: Road, db: Database, clock: Clock) -> None:
    await road.read(postings(1, 2))
    db.call(outbox.claim, "fake", clock.now)

    clock.forward(minutes=4)
    assert await road.deliver() == []
    clock.forward(minutes=2)
    assert len(await road.deliver()) == 1


async def test_the_longest_waiting_chat_comes_first(road: Road, db: Database, clock: Clock) -> None:
    await road.subscribed("java", to="ben")
    await road.read([a_posting(1), a_posting(2, title="Java developer")])
    clock.forward(minutes=30)
    await road.read([a_posting(1), a_posting(2, title="Java developer"), a_posting(3)])

    claimed = db.call(outbox.claim, "fake", clock.now)

    assert [batch.destination.address for batch in claimed] == ["ben", "ann"]


# -- what happens to owed jobs ----------------------------------------------------------------------


async def test_a_job_that_closes_before_it_leaves_is_ended(road: Road, db: Database) -> None:
    await road.read(postings(1, 2))
    await road.read([a_posting(1), a_posting(2, closed=True)])

    assert await road.deliver() == []
    assert states(db) == [("ended", "closed")]


async def test_a_job_that_expires_before_it_leaves_is_ended(road: Road, db: Database, clock: Clock) -> None:
    await road.read(postings(1, 2))
    clock.forward(days=16)

    assert await road.deliver() == []
    assert states(db) == [("ended", "expired")]


async def test_a_hidden_job_is_left_out(road: Road, db: Database, clock: Clock) -> None:
    await road.read(postings(1, 2))
    await _says(road, "/hide 2")

    assert await road.deliver() == []
    assert states(db) == [("ended", "hidden")]


async def test_a_muted_company_is_left_out(road: Road, db: Database) -> None:
    await road.read(postings(1, 2))
    await _says(road, "/mute 2")

    assert await road.deliver() == []
    assert states(db) == [("ended", "company muted")]


async def test_a_removed_subscription_ends_what_only_it_wanted(road: Road, db: Database) -> None:
    await road.subscribed("developer")
    await road.read([*postings(1, 2), a_posting(3, title="Java developer")])
    await _says(road, "/unsubscribe 2")

    told = await road.deliver()

    assert len(told) == 1
    assert sorted(states(db)) == [("ended", "subscription removed"), ("sent", None)]


async def test_a_paused_subscription_is_owed_nothing(road: Road, db: Database, clock: Clock) -> None:
    await _says(road, "/subscriptions pause 1")
    await road.read(postings(1, 2))
    await _says(road, "/subscriptions resume 1")

    assert await road.deliver() == []
    assert states(db) == []


@pytest.mark.parametrize("cadence", [Cadence.INSTANT, Cadence.DAILY])
async def test_a_paused_chat_is_owed_and_held_and_resume_is_one_message(
    db: Database, clock: Clock, cadence: Cadence
) -> None:
    road = Road(db, clock)
    await road.add_list()
    await road.subscribed("python", cadence=cadence)
    await road.read(postings(1))
    await _says(road, "/pause")
    await road.read(postings(1, 2, 3, 4))
    clock.forward(days=2)
    await road.read([a_posting(1), a_posting(2, closed=True), a_posting(3), a_posting(4)])
    assert await road.deliver() == []

    await _says(road, "/resume")
    told = await road.deliver()

    assert len(told) == 1
    assert "developer 3" in told[0]
    assert "developer 4" in told[0]
    assert "developer 2" not in told[0]


async def test_a_message_is_edited_a_day_after_its_job_closed_and_once_when_it_is_back(
    road: Road, clock: Clock
) -> None:
    await road.read(postings(1, 2))
    await road.deliver()
    await road.read([a_posting(1), a_posting(2, closed=True)])
    clock.forward(hours=23)
    await road.deliver()
    assert road.chat.edited == []

    clock.forward(hours=2)
    await road.deliver()
    await road.read(postings(1, 2))
    await road.deliver()
    await road.read([a_posting(1), a_posting(2, closed=True)])
    clock.forward(hours=30)
    await road.deliver()

    assert len(road.chat.edited) == 2
    assert "~~" in road.chat.edited[0][1]
    assert "~~" not in road.chat.edited[1][1]


async def test_an_edit_shows_a_grouped_message_again_whole(road: Road, clock: Clock) -> None:
    await road.read(postings(*range(1, 7)))
    await road.deliver()
    await road.read([a_posting(1), a_posting(2, closed=True), *postings(3, 4, 5, 6)])
    clock.forward(hours=25)

    await road.deliver()

    ((_, edited),) = road.chat.edited
    assert edited.count("~~") == 2
    assert "developer 6" in edited


# -- cadence ------------------------------------------------------------------------------------------

INSTANT, DAILY, WEEKLY, BOTH = Cadence.INSTANT, Cadence.DAILY, Cadence.WEEKLY, Cadence.BOTH


@pytest.mark.parametrize(
    ("cadences", "push", "digest"),
    [
        ([INSTANT], True, False),
        ([DAILY], False, True),
        ([WEEKLY], False, True),
        ([BOTH], True, True),
        ([INSTANT, DAILY], True, False),
        ([INSTANT, WEEKLY], True, False),
        ([INSTANT, BOTH], True, True),
        ([DAILY, WEEKLY], False, True),
        ([DAILY, BOTH], True, True),
        ([WEEKLY, BOTH], True, True),
        ([INSTANT, DAILY, WEEKLY, BOTH], True, True),
    ],
)
async def test_each_mix_of_cadences_pushes_and_digests(
    db: Database, clock: Clock, cadences: list[Cadence], push: bool, digest: bool
) -> None:
    road = Road(db, clock)
    await road.add_list()
    for cadence in cadences:
        await road.subscribed("python", cadence=cadence)
    await road.read(postings(1))
    clock.forward(minutes=30)

    await road.read(postings(1, 2))
    pushed = await road.deliver()
    digests = []
    for _ in range(8):
        clock.forward(days=1)
        digests += await road.deliver()

    assert len(pushed) == push
    assert len(digests) == digest


async def test_a_pushed_job_stands_among_the_already_sent(db: Database, clock: Clock) -> None:
    road = Road(db, clock)
    await road.add_list()
    await road.subscribed("python", cadence=BOTH)
    await road.read(postings(1))
    await road.read(postings(1, 2))
    await road.deliver()

    clock.forward(days=1)
    (digest,) = await road.deliver()

    assert digest.index("Already sent") < digest.index("developer 2")


async def test_weekly_rides_on_its_weekday(db: Database, clock: Clock) -> None:
    road = Road(db, clock)
    await road.add_list()
    await road.subscribed("python", cadence=WEEKLY)
    await _says(road, "/settings weekday friday")
    await road.read(postings(1))
    await road.read(postings(1, 2))

    days = []
    for _ in range(14):
        clock.forward(days=1)
        if await road.deliver():
            days.append(clock.now.strftime("%A"))

    assert days == ["Friday"]


async def test_a_change_of_cadence_moves_what_waits(db: Database, clock: Clock) -> None:
    road = Road(db, clock)
    await road.add_list()
    await road.subscribed("python", cadence=DAILY)
    await road.read(postings(1))
    await road.read(postings(1, 2))
    assert await road.deliver() == []

    await _says(road, "/subscriptions edit 1 python cadence:instant")
    assert len(await road.deliver()) == 1
    clock.forward(days=2)
    assert await road.deliver() == []


async def test_changing_ones_mind_twice_loses_nothing(db: Database, clock: Clock) -> None:
    road = Road(db, clock)
    await road.add_list()
    await road.subscribed("python", cadence=DAILY)
    await road.read(postings(1))
    await road.read(postings(1, 2))

    await _says(road, "/subscriptions edit 1 python cadence:instant")
    await _says(road, "/subscriptions edit 1 python cadence:daily")
    assert await road.deliver() == []
    clock.forward(days=1)

    assert len(await road.deliver()) == 1


# -- quiet hours --------------------------------------------------------------------------------------


async def test_a_push_waits_for_the_end_of_quiet_hours(db: Database, clock: Clock) -> None:
    road = Road(db, clock)
    await road.add_list()
    await road.subscribed("python", quiet=(time(11), time(14)))  # it is 12:00
    await road.read(postings(1))
    await road.read(postings(1, 2))

    assert await road.deliver() == []
    clock.forward(hours=2)
    assert len(await road.deliver()) == 1


async def test_turning_quiet_hours_off_lets_go_at_once(db: Database, clock: Clock) -> None:
    road = Road(db, clock)
    await road.add_list()
    await road.subscribed("python", quiet=(time(11), time(14)))
    await road.read(postings(1))
    await road.read(postings(1, 2))

    await _says(road, "/settings quiet off")

    assert len(await road.deliver()) == 1


async def test_a_digest_is_exempt_from_quiet_hours(db: Database, clock: Clock) -> None:
    road = Road(db, clock)
    await road.add_list()
    await road.subscribed("python", cadence=DAILY, quiet=(time(8), time(20)))
    await road.read(postings(1))
    await road.read(postings(1, 2))

    clock.now = clock.now.replace(day=3, hour=8, minute=30)

    assert len(await road.deliver()) == 1


async def test_a_wish_parsed_again_is_what_a_subscription_keeps(road: Road) -> None:
    row = await road.subscribed('python+kafka -php "data platform" in:berlin,remote')

    assert row.wish == parse(row.name).wish.to_json()


def _first_batch(session: Session) -> str | None:
    row = session.get(Delivery, 1)
    assert row is not None
    return row.batch


async def _answered(road: Road, line: str) -> str:
    caller = Caller(platform="fake", address="ann", user_id="ann", now=road.clock())
    return markdown.render(await road.db.run(answer, caller, line))


async def _says(road: Road, line: str) -> None:
    caller = Caller(platform="fake", address="ann", user_id="ann", now=road.clock())
    await road.db.run(answer, caller, line)


async def test_two_who_deliver_at_once_do_not_disturb_each_other(db: Database, clock: Clock) -> None:
    """A tick, a reading and an answer may all ask for delivery; each message leaves once."""
    road = Road(db, clock)
    await road.add_list()
    await road.subscribed("python")
    await road.read(postings(1))
    await road.read(postings(1, 2, 3))

    await asyncio.gather(*(road.deliverer.deliver() for _ in range(5)))

    assert len(road.chat.texts()) == 2
