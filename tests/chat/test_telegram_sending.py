"""Telegram's answers and broken connections, from the outbox to what stands in the chat: the real adapter over HTTP."""

import asyncio
import inspect
import logging
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from notifier.chat import TELEGRAM
from notifier.chat.telegram.api import PER_SECOND, Api
from notifier.chat.telegram.messenger import TelegramMessenger
from notifier.cli.app import utc_now
from notifier.domain import query
from notifier.domain.cadence import Cadence
from notifier.domain.ports import Pace
from notifier.services.deliver import UNANSWERED, Deliverer
from notifier.store import subscriptions
from notifier.store.database import Database
from notifier.store.tables import Delivery, DeliveryState, Destination, DestinationKind, Trouble
from tests.conftest import Clock
from tests.road import RealRoad, a_posting, postings
from tests.standin.faults import Call
from tests.standin.rules import Refused
from tests.standin.running import Notifier, a_row, environment
from tests.standin.spec import Json
from tests.standin.telegram import BotApi
from tests.standin.updates import until
from tests.standin.world import Chat, Membership, Person, Sent

A_DAY = 86_400.0  # seconds


@dataclass(frozen=True)
class Refusal:
    """What Telegram would never answer to a correct request, on demand."""

    description: str
    method: str
    code: int
    when: Callable[[Json], bool]


class Moody(BotApi):
    """The stand-in, which also refuses what a test tells it to."""

    def __init__(self, token: str, username: str) -> None:
        super().__init__(token, username)
        self.refusals: list[Refusal] = []

    def refuses(
        self,
        description: str,
        method: str = "sendMessage",
        *,
        code: int = 400,
        when: Callable[[Json], bool] = lambda params: True,
    ) -> None:
        self.refusals.append(Refusal(description, method, code, when))

    async def _answer(self, call: Call, wrong: list[str]) -> Any:
        for refusal in self.refusals:
            if refusal.method == call.method and refusal.when(call.params):
                raise Refused(refusal.code, refusal.description)
        return await super()._answer(call, wrong)


class TelegramRoad(RealRoad):
    """The road with Telegram at its end: the stand-in, and the real adapter in this process."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        server: Moody,
        *,
        resend: bool = True,
        per_second: float = PER_SECOND,
    ) -> None:
        super().__init__(db, clock, TELEGRAM)
        self.server = server
        self.api = Api(
            server.token,
            server.root,
            per_second=per_second,
            refused=lambda reason: self.deliverer.refused(TELEGRAM, reason),
            accepted=lambda: self.deliverer.accepted(TELEGRAM),
        )
        messenger = TelegramMessenger(self.api)
        # A lane's rest after each message only makes a test longer: the Api spaces a chat's messages as well.
        messenger.pace = Pace()
        self.deliverer = Deliverer(db, {TELEGRAM: messenger}, clock, resend=resend)

    async def wants(self, *chats: Person | Chat, thread: str = "", **values: Any) -> None:
        """Let these chats want Python at once."""
        for chat in chats:
            kind = {"private": DestinationKind.PRIVATE, "channel": DestinationKind.CHANNEL}.get(
                chat.chat.type if isinstance(chat, Person) else chat.type, DestinationKind.GROUP
            )
            await self.subscribed(to=str(chat.id), kind=kind, **values)
            if thread:
                await self.on_chat(lambda _, row: setattr(row, "thread", thread), str(chat.id))

    def requests(self, *chats: Person | Chat, method: str = "sendMessage") -> list[Call]:
        return [call for call in self.server.called(method) if call.chat_id in {chat.id for chat in chats}]


@dataclass
class World:
    """Everybody there is: the chat in question is the first destination, Ben's the second."""

    road: TelegramRoad
    server: Moody
    ann: Person
    ben: Person
    group: Chat
    forum: Chat
    channel: Chat
    topic: int
    basic: Chat
    moved_to: Chat | None = None

    def chat(self, name: str) -> Person | Chat:
        found: Person | Chat = getattr(self, "forum" if name == "topic" else name)
        return found


async def started(server: Moody, db: Database, clock: Clock, **values: Any) -> TelegramRoad:
    """Return a road whose list has been read once."""
    road = TelegramRoad(db, clock, server, **values)
    await road.api.open()
    await road.add_list()
    await road.read(postings(1))
    return road


@pytest.fixture
def db(sqlite: Database) -> Database:
    """What is shown here is the same on both engines."""
    return sqlite


@pytest.fixture
async def server() -> AsyncIterator[Moody]:
    server = await Moody.start()
    yield server
    await server.close()
    assert server.violations == []


@pytest.fixture
async def world(server: Moody, db: Database, clock: Clock) -> AsyncIterator[World]:
    ann, ben = server.user("Ann", started=True), server.user("Ben", started=True)
    forum = server.group("Forum", admins=[ann], forum=True)
    road = await started(server, db, clock)
    yield World(
        road,
        server,
        ann,
        ben,
        group=server.group("Group", admins=[ann]),
        forum=forum,
        channel=server.channel("Channel", admins=[ann], bot_can_post=True),
        topic=forum.topic("Jobs").id,
        basic=server.group("Basic group", admins=[ann], basic=True),
    )
    await road.api.close()


# -- the table of answers ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One answer, and what it does.

    breaks    what goes wrong before a job is found
    chat      for whom
    tries     requests for that chat at once
    arrives   messages that stand there at once
    gone      why it is switched off
    trouble   what its keeper is to hear
    attempts  that were counted
    waits     seconds after which it is tried again, not earlier
    mends     what happens meanwhile
    at_last   messages that stand there in the end
    ends      why it is switched off in the end
    others    whether Ben gets his message at once
    """

    breaks: Callable[[World], Any]
    chat: str = "ann"
    tries: int = 1
    arrives: int = 0
    gone: str = ""
    trouble: Trouble | None = None
    attempts: int = 0
    waits: float = 0.0
    mends: Callable[[World], Any] = lambda world: None
    at_last: int = 1
    ends: str = ""
    others: bool = True


def to_ann(world: World) -> Callable[[Json], bool]:
    return lambda params: params["chat_id"] == world.ann.id


def forgets(world: World) -> None:
    del world.server.chats[world.ann.id]


def migrates(world: World) -> None:
    world.moved_to = world.basic.migrate()


def loses_topic(world: World) -> None:
    world.forum.topics[world.topic].deleted = True


def closes_topic(world: World) -> None:
    world.forum.topics[world.topic].closed = True


def relents(world: World) -> None:
    world.server.refusals.clear()
    world.server.faults.clear()


def may_not_post(world: World) -> None:
    world.channel.members[world.server.me["id"]] = Membership("administrator", {"can_post_messages": False})


def may_post(world: World) -> None:
    world.channel.members[world.server.me["id"]] = Membership("administrator", {"can_post_messages": True})


def may_speak(world: World) -> None:
    world.group.members[world.server.me["id"]] = Membership("member")


def refuses_buttons(words: str) -> Callable[[World], None]:
    return lambda it: it.server.refuses(
        f"Bad Request: {words}", when=lambda them: "reply_markup" in them and to_ann(it)(them)
    )


ROWS = {
    "who blocked us is switched off": Row(lambda it: it.ann.blocks(), gone="blocked by the user"),
    "a deleted account is switched off": Row(lambda it: it.ann.deactivates(), gone="user is deactivated"),
    "who never started us is switched off": Row(
        lambda it: setattr(it.ann, "started", False), gone="can't initiate conversation"
    ),
    "a supergroup that kicked us is switched off": Row(
        lambda it: it.group.kick_bot(), "group", gone="bot was kicked", trouble=Trouble.GONE
    ),
    "a group that kicked us is switched off": Row(
        lambda it: it.basic.kick_bot(), "basic", gone="bot was kicked", trouble=Trouble.GONE
    ),
    "a group that we left is switched off": Row(
        lambda it: it.group.bot_becomes("left"), "group", gone="not a member", trouble=Trouble.GONE
    ),
    "a channel that we left is switched off": Row(
        lambda it: it.channel.bot_becomes("left"), "channel", gone="not a member", trouble=Trouble.GONE
    ),
    "a group that was deleted is switched off": Row(
        lambda it: setattr(it.group, "deleted", True), "group", gone="was deleted", trouble=Trouble.GONE
    ),
    "a chat that is not found is looked for twice, then switched off": Row(
        forgets, waits=30, ends="Chat not found", at_last=0
    ),
    "a group that became a supergroup is written to there": Row(migrates, "basic", tries=2),
    "what a deleted topic was to get goes to its group": Row(
        loses_topic, "topic", tries=2, arrives=1, trouble=Trouble.TOPIC_GONE
    ),
    "what a closed topic was to get goes to its group": Row(
        closes_topic, "topic", tries=2, arrives=1, trouble=Trouble.TOPIC_GONE
    ),
    "a group that silenced us waits a day": Row(
        lambda it: it.group.mute_bot(), "group", trouble=Trouble.BARRED, waits=A_DAY, mends=may_speak
    ),
    "a channel where we may not post waits a day": Row(
        may_not_post, "channel", trouble=Trouble.BARRED, waits=A_DAY, mends=may_post
    ),
    "a text that cannot be parsed goes again without style": Row(
        lambda it: it.server.refuses(
            "Bad Request: can't parse entities: unsupported start tag", when=lambda them: "entities" in them
        ),
        tries=2,
        arrives=1,
        others=False,
    ),
    "a text that is too long goes again plain": Row(
        lambda it: it.server.refuses(
            "Bad Request: message is too long", when=lambda them: "\n" in them["text"] and to_ann(it)(them)
        ),
        tries=2,
        arrives=1,
    ),
    **{
        f"a message goes without its buttons after {words}": Row(refuses_buttons(words), tries=2, arrives=1)
        for words in ("BUTTON_URL_INVALID", "BUTTON_DATA_INVALID", "BUTTON_TYPE_INVALID")
    },
    "a chat that is to wait waits, and it was no attempt": Row(
        lambda it: it.server.faults.flood(1, "sendMessage", chat_id=it.ann.id), waits=1
    ),
    "a method that the server does not know says nothing about the token": Row(
        lambda it: it.server.refuses("Not Found", code=404, when=to_ann(it)),
        attempts=1,
        waits=30,
        mends=relents,
    ),
    "without a connection nothing was tried": Row(
        lambda it: it.server.goes_down(),
        tries=0,
        waits=1,
        mends=lambda it: it.server.comes_up(),
        others=False,
    ),
    "a lost answer is asked for once more": Row(
        lambda it: it.server.faults.lose_answer("sendMessage", chat_id=it.ann.id),
        arrives=1,
        waits=10,
        at_last=2,
    ),
    "what is reset may have arrived, and goes once more": Row(
        lambda it: it.server.faults.reset("sendMessage", chat_id=it.ann.id), waits=10
    ),
    "a gateway's 500 is an attempt": Row(
        lambda it: it.server.faults.gateway(500, "sendMessage", chat_id=it.ann.id), attempts=1, waits=30
    ),
    "a gateway's 502 is an attempt": Row(
        lambda it: it.server.faults.gateway(502, "sendMessage", chat_id=it.ann.id), attempts=1, waits=30
    ),
    "an answer that is no JSON is an attempt": Row(
        lambda it: it.server.faults.bad_json("sendMessage", chat_id=it.ann.id), attempts=1, waits=30
    ),
}
SLOW_ROWS = {
    "what is never answered goes once more": Row(
        lambda it: it.server.faults.hang("sendMessage", chat_id=it.ann.id), arrives=1, waits=10, at_last=2
    ),
}


@pytest.mark.parametrize(
    "row",
    [
        *(pytest.param(row, id=name) for name, row in ROWS.items()),
        *(pytest.param(row, id=name, marks=pytest.mark.long) for name, row in SLOW_ROWS.items()),
    ],
)
async def test_an_answer_of_telegram_has_its_reaction(world: World, row: Row) -> None:
    road, chat = world.road, world.chat(row.chat)
    await road.wants(chat, thread=str(world.topic) if row.chat == "topic" else "")
    await road.wants(world.ben)
    await happens(row.breaks, world)

    await road.finds()
    await road.sends()

    at_once = destination_of(road)
    stands = world.moved_to or chat
    assert len(road.requests(chat, stands)) == row.tries
    assert len(world.server.messages(stands)) == max(row.arrives, int(world.moved_to is not None))
    assert row.gone in (at_once.gone or "")
    assert bool(at_once.gone) == bool(row.gone)
    assert at_once.trouble == row.trouble
    assert {it.attempts for it in road.deliveries(1)} == {row.attempts}
    assert not row.others or len(world.server.messages(world.ben)) == 1
    if row.gone:
        assert {(it.state, it.reason) for it in road.deliveries(1)} == {("ended", "destination gone")}
        assert len(wishes_of(road)) == 1
    if not row.waits:
        return

    await road.sends(after=row.waits - 0.5)
    assert len(road.requests(chat)) == row.tries, "tried too early"
    await happens(row.mends, world)
    await asyncio.sleep(road.api.unreachable_for())
    await road.sends(after=1)

    at_last = destination_of(road)
    assert len(world.server.messages(chat)) == row.at_last
    assert row.ends in (at_last.gone or "")
    assert bool(at_last.gone) == bool(row.ends)
    assert {it.state for it in road.deliveries(1)} == {"ended" if row.ends else "sent"}
    assert len(world.server.messages(world.ben)) == 1


async def happens(what: Callable[[World], Any], world: World) -> None:
    done = what(world)
    if inspect.isawaitable(done):
        await done


def destination_of(road: TelegramRoad) -> Destination:
    found = road.destination()
    assert found is not None
    return found


def wishes_of(road: TelegramRoad) -> list[int]:
    def read(session: Session) -> list[int]:
        chat = session.get(Destination, 1)
        assert chat is not None
        return [it.number for it in subscriptions.subscriptions_of(session, chat)]

    return road.db.call(read)


# -- more of an answer than one row tells ---------------------------------------------------------------


async def test_a_group_joins_its_supergroup_when_that_is_known_already(world: World) -> None:
    road = world.road
    await road.wants(world.basic)
    migrates(world)
    assert world.moved_to is not None
    await road.wants(world.moved_to)

    await road.finds()
    await road.sends()
    await road.finds()
    await road.sends()

    assert len(road.requests(world.basic)) == 1
    assert len(world.server.messages(world.moved_to)) == 2
    assert road.destination(1) is None


@pytest.mark.long
async def test_what_comes_later_goes_to_the_group_of_a_lost_topic_at_once(world: World) -> None:
    road = world.road
    await road.wants(world.forum, thread=str(world.topic))
    loses_topic(world)

    await road.finds()
    await road.sends()
    await road.finds()
    await road.sends()

    assert [call.params.get("message_thread_id") for call in road.requests(world.forum)] == [
        world.topic,
        None,
        None,
    ]


async def test_the_general_topic_has_no_number(world: World) -> None:
    await world.road.wants(world.forum)

    await world.road.finds()
    await world.road.sends()

    (call,) = world.road.requests(world.forum)
    assert "message_thread_id" not in call.params


async def test_what_is_refused_alone_is_a_dead_letter_and_the_others_go(world: World) -> None:
    road = world.road
    await road.wants(world.ann)
    world.server.refuses("Bad Request: message is too long", when=lambda them: "developer 3" in them["text"])

    await road.finds(4)
    await road.sends()

    states = Counter((it.state, it.reason) for it in road.deliveries())
    assert states == {("sent", None): 3, ("dead", "Message is too long"): 1}
    assert len(world.server.messages(world.ann)) == 3


async def test_jobs_that_arrive_during_a_wait_wait_too(world: World) -> None:
    road = world.road
    await road.wants(world.ann, world.ben)
    world.server.faults.flood(2, "sendMessage", chat_id=world.ann.id)
    await road.finds()
    await road.sends()

    await road.finds()
    await road.sends(after=1)
    during = len(road.requests(world.ann)), len(world.server.messages(world.ben))
    await road.sends(after=1)

    assert during == (1, 2)
    assert len(world.server.messages(world.ann)) == 2
    assert {it.attempts for it in road.deliveries()} == {0}
    assert len(world.server.floods) == 1


async def test_waits_of_two_chats_at_once_hold_the_whole_bot(
    server: Moody, db: Database, clock: Clock
) -> None:
    road = await started(server, db, clock)
    people = [server.user(f"Person {number}", started=True) for number in range(12)]
    await road.wants(*people)
    for person in people[:2]:
        server.faults.flood(1, "sendMessage", chat_id=person.id)

    await road.finds()
    await road.sends()
    await road.sends(after=2)
    await road.api.close()

    second = server.floods[1].at
    # What had its turn when the second answer came is under way already.
    assert sum(0 < it.at - second < 0.95 for it in server.called("sendMessage")) <= UNANSWERED
    assert [len(server.messages(person)) for person in people] == [1] * 12
    assert {it.attempts for it in road.deliveries()} == {0}


async def test_a_refused_token_is_one_error_and_everything_waits_for_a_good_one(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    road = world.road
    people = [world.server.user(f"Person {number}", started=True) for number in range(10)]
    await road.wants(*people)
    await road.finds()
    world.server.revoke_token()

    await road.sends()
    await road.finds()
    await road.sends(after=60)
    refused = len(world.server.called("sendMessage"))
    states = {(it.state, it.attempts, it.reason) for it in road.deliveries()}
    world.server.revoked = False
    await road.api.check()
    await road.sends()

    (error,) = [it for it in caplog.records if it.levelno >= logging.ERROR]
    said = f"{error.getMessage()} {vars(error)}"
    assert "Telegram" in said and "NOTIFIER_TELEGRAM_TOKEN" in said
    assert error.exc_info is None
    assert refused <= 4  # what was under way
    assert states == {("owed", 0, None)}
    assert {it.state for it in road.deliveries()} == {"sent"}
    assert [len(world.server.messages(person)) for person in people] == [2] * 10


async def test_a_token_that_is_none_is_refused_as_well(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    road = world.road
    await road.wants(world.ann)
    for method in ("sendMessage", "getMe"):  # a token that no bot ever had: 404 whatever is asked
        world.server.refuses("Not Found", method, code=404)
    await road.finds()

    await road.sends()

    assert road.deliverer.stopped.keys() == {TELEGRAM}
    assert [it.getMessage() for it in caplog.records if it.levelno >= logging.ERROR] == ["platform stopped"]
    assert {(it.state, it.attempts) for it in road.deliveries()} == {("owed", 0)}


async def test_a_server_without_rich_messages_is_asked_for_none_again(world: World) -> None:
    road = world.road
    world.server.refuses("Not Found", "sendRichMessage", code=404)
    await road.wants(world.ann, world.ben)
    for person in (world.ann, world.ben):
        await road.on_chat(lambda _, chat: setattr(chat, "rich", True), str(person.id))

    await road.finds(4)  # so many are one message, with a table
    await road.sends()
    asked = len(world.server.called("sendRichMessage"))
    for _ in range(2):
        await road.finds(4)
        await road.sends()

    assert 1 <= asked <= 2  # both may be under way at once
    assert len(world.server.called("sendRichMessage")) == asked
    assert [len(world.server.messages(person)) for person in (world.ann, world.ben)] == [3, 3]
    assert not road.deliverer.stopped


async def test_a_second_lost_answer_is_a_dead_letter(world: World) -> None:
    road = world.road
    await road.wants(world.ann)
    world.server.faults.lose_answer("sendMessage", times=2)
    await road.finds()

    await road.sends()
    await road.sends(after=30)
    await road.sends(after=3600)

    assert len(world.server.messages(world.ann)) == 2
    assert [(it.state, (it.reason or "")[:9]) for it in road.deliveries()] == [("dead", "uncertain")]


async def test_a_lost_answer_is_held_where_the_operator_wants_that(
    server: Moody, db: Database, clock: Clock
) -> None:
    road = await started(server, db, clock, resend=False)
    ann = server.user("Ann", started=True)
    await road.wants(ann)
    server.faults.lose_answer("sendMessage")
    await road.finds()

    await road.sends()
    await road.sends(after=3600)
    await road.api.close()

    assert len(server.messages(ann)) == 1
    assert [(it.state, (it.reason or "")[:9]) for it in road.deliveries()] == [("dead", "uncertain")]


@pytest.mark.long
async def test_pages_that_are_out_are_not_sent_again_when_the_next_one_fails(world: World) -> None:
    """In a shared chat nobody can turn pages, so a long message is several."""
    road = world.road
    await road.wants(world.channel)
    world.server.faults.gateway(502, "sendMessage", when=lambda call: "developer 12" in call.params["text"])

    await road.finds(15)
    await road.sends()
    await road.sends(after=31)

    texts = world.server.texts(world.channel)
    assert len(texts) == 2
    assert "developer 2" in texts[0] and "developer 16" in texts[1]
    assert {it.state for it in road.deliveries()} == {"sent"}


async def test_one_chat_in_a_long_wait_delays_no_other(server: Moody, db: Database, clock: Clock) -> None:
    road = await started(server, db, clock)
    slow, *others = [server.user(f"Person {number}", started=True) for number in range(20)]
    await road.wants(slow, *others)
    server.faults.flood(3_600, "sendMessage", chat_id=slow.id)

    async with asyncio.timeout(600):  # an hour, if they waited as well
        for _ in range(2):
            await road.finds()
            await road.sends(after=30)
    await road.api.close()

    assert [len(server.messages(person)) for person in others] == [2] * 19
    assert len(road.requests(slow)) == 1


# -- edits ------------------------------------------------------------------------------------------------


async def closed(road: TelegramRoad, number: int) -> None:
    """Let a job stand closed on its list for a day."""
    rows = [a_posting(it, closed=it == number) for it in range(1, road.jobs + 1)]
    await road.read(rows)
    await road.sends(after=A_DAY + 60)


async def test_a_job_that_closed_is_struck_through_and_cannot_be_applied_for(world: World) -> None:
    road = world.road
    await road.wants(world.ann)
    await road.finds()
    await road.sends()
    sent = await world.ann.hears()

    await closed(road, 2)

    edited = await world.ann.hears()
    struck = [it for it in edited.entities if it["type"] == "strikethrough"]
    assert edited.is_edit and edited.message_id == sent.message_id
    assert [covered(edited, it) for it in struck] == ["Python developer 2"]
    assert "Closed Mon 2 Mar" in edited.text and "Closed" not in sent.text
    assert "Apply" in str(sent.buttons) and "Apply" not in str(edited.buttons)
    assert len(world.server.messages(world.ann)) == 1


async def test_a_job_that_is_open_again_can_be_applied_for_again(world: World) -> None:
    road = world.road
    await road.wants(world.ann)
    await road.finds()
    await road.sends()
    await closed(road, 2)

    await road.read(postings(1, 2))
    await road.sends()
    await road.sends(after=A_DAY)

    sent, _, reopened = [await world.ann.hears() for _ in range(3)]
    assert reopened.is_edit and reopened.message_id == sent.message_id
    assert (reopened.text, reopened.keyboard) == (sent.text, sent.keyboard)
    assert "strikethrough" not in {it["type"] for it in reopened.entities}
    await world.ann.hears_nothing()


async def test_a_message_about_many_jobs_keeps_its_pages_when_one_closes(world: World) -> None:
    road = world.road
    await road.wants(world.ann)
    await road.finds(15)
    await road.sends()
    sent = await world.ann.hears()

    await closed(road, 3)

    edited = await world.ann.hears()
    struck = [it for it in edited.entities if it["type"] == "strikethrough"]
    assert edited.is_edit and edited.message_id == sent.message_id
    assert [covered(edited, it) for it in struck] == ["Python developer 3"]
    assert "▶ 2/2" in sent.buttons
    assert edited.keyboard == sent.keyboard
    assert len(world.server.messages(world.ann)) == 1


@pytest.mark.long
async def test_an_edit_in_a_channel_reaches_the_right_one_of_several_messages(world: World) -> None:
    road = world.road
    await road.wants(world.channel)
    await road.finds(15)
    await road.sends()
    first, second = world.server.messages(world.channel)

    await closed(road, 14)

    now = world.server.messages(world.channel)
    assert now[0] == first
    assert now[1]["text"] == second["text"]
    assert [it["type"] for it in now[1]["entities"]].count("strikethrough") == 1


@pytest.mark.long
async def test_edits_make_no_sound_and_count_for_the_pace(world: World) -> None:
    road = world.road
    await road.wants(world.ann)
    await road.finds(3)
    await road.sends()
    rows = [a_posting(1), *(a_posting(it, closed=True) for it in (2, 3, 4))]
    await road.read(rows)

    await road.sends(after=A_DAY + 60)

    edits = road.requests(world.ann, method="editMessageText")
    assert len(edits) == 3
    assert all(after.at - before.at > 0.95 for before, after in zip(edits, edits[1:], strict=False))
    assert world.server.floods == []


@pytest.mark.parametrize(
    "words",
    [
        "message is not modified: specified new message content and reply markup are exactly the same",
        "message to edit not found",
        "message can't be edited",
        "MESSAGE_ID_INVALID",
    ],
)
async def test_an_edit_that_telegram_has_no_use_for_is_done(world: World, words: str) -> None:
    road = world.road
    await road.wants(world.ann)
    await road.finds()
    await road.sends()
    world.server.refuses(f"Bad Request: {words}", "editMessageText")

    await closed(road, 2)
    await road.sends(after=A_DAY)

    assert len(world.server.called("editMessageText")) == 1
    assert {(it.kind, it.state) for it in road.deliveries()} == {("push", "sent"), ("closed", "sent")}
    assert len(world.server.messages(world.ann)) == 1


async def test_an_edit_that_has_to_wait_is_made_later(world: World) -> None:
    road = world.road
    await road.wants(world.ann)
    await road.finds()
    await road.sends()
    world.server.faults.flood(1, "editMessageText")

    await closed(road, 2)
    await road.sends(after=1)

    assert [call.status for call in world.server.called("editMessageText")] == [429, 200]
    assert {it.attempts for it in road.deliveries()} == {0}


def covered(message: Sent, entity: Json) -> str:
    coded = message.text.encode("utf-16-le")
    return coded[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le")


# -- lost answers ---------------------------------------------------------------------------------------


async def check_lost_answers(server: Moody, db: Database, clock: Clock, sends: int) -> None:
    """Lose the answer of one send in twenty: everybody has the job, and no more repeats than were lost."""
    server.flood.on = False
    road = await started(server, db, clock, per_second=1_000)
    people = [server.user(f"Person {number}", started=True) for number in range(sends)]
    await everybody_wants(db, people, clock)
    fault = server.faults.lose_answer("sendMessage", times=None, chance=0.05)

    await road.finds()
    await road.sends()
    for _ in range(3):
        await road.sends(after=30)
    await road.api.close()

    got = [len(server.messages(person)) for person in people]
    lost, repeats = len(fault.struck), sum(got) - sends
    print(f"{sends} sends, {lost} answers lost, {repeats} repeated")
    assert lost > 0
    assert min(got) == 1
    assert repeats <= lost
    assert {it.state for it in road.deliveries()} <= {"sent", "dead"}


async def everybody_wants(db: Database, people: Sequence[Person], clock: Clock) -> None:
    """Subscribe them to Python in one transaction."""
    await db.run(subscribed, people, clock())


def subscribed(session: Session, people: Sequence[Person], now: datetime) -> None:
    for person in people:
        chat = subscriptions.open_destination(session, TELEGRAM, str(person.id), now)
        subscriptions.subscribe(session, chat, query.parse("python").wish, now, cadence=Cadence.INSTANT)


async def test_lost_answers_lose_no_message(server: Moody, db: Database, clock: Clock) -> None:
    await check_lost_answers(server, db, clock, 300)


@pytest.mark.long
async def test_a_hundred_lost_answers_lose_no_message(server: Moody, db: Database, clock: Clock) -> None:
    await check_lost_answers(server, db, clock, 2_000)


# -- kills ------------------------------------------------------------------------------------------------


@dataclass
class Killed:
    """A notifier with many subscribers that is killed again and again."""

    server: Moody
    bot: Notifier
    people: list[Person]
    jobs: int = 1
    repeats: list[int] = field(default_factory=list)

    async def one_round(self, after: float) -> None:
        """Let a job be found, kill the process `after` seconds from its first message, and start it again."""
        self.jobs += 1
        title = f"Python developer {self.jobs}"
        before = len(self.server.called("sendMessage"))
        self.bot.publishes([a_row(self.jobs)])
        await until(lambda: len(self.server.called("sendMessage")) > before or None, 20, "message")
        await asyncio.sleep(after)
        await self.bot.is_killed()
        out = Counter(self._told(title))
        under_way = self._handed()
        await self.bot.start()
        await until(
            lambda: set(self._told(title)) == {it.id for it in self.people} or None, 30, "all messages"
        )
        await asyncio.sleep(0.3)  # for one too many
        got = Counter(self._told(title))
        repeated = {chat for chat, times in got.items() if times > 1}
        assert max(got.values()) <= 2
        assert repeated <= under_way & out.keys()
        assert len(under_way) <= 4
        self.repeats.append(len(repeated))

    def _told(self, title: str) -> list[int]:
        return [
            int(call.params["chat_id"])
            for call in self.server.called("sendMessage")
            if call.status == 200 and title in call.params["text"]
        ]

    def _handed(self) -> set[int]:
        """Return the chats whose message was handed over and not marked."""

        def read(session: Session) -> set[int]:
            query = (
                select(col(Destination.address))
                .join(Delivery, col(Delivery.destination_id) == col(Destination.id))
                .where(col(Delivery.handed_at).is_not(None), col(Delivery.state) == DeliveryState.OWED)
            )
            return {int(address) for address in session.execute(query).scalars()}

        db = Database(f"sqlite:///{self.bot.home}/notifier.db")
        try:
            return db.call(read)
        finally:
            db.close()


async def check_kills(server: Moody, home: Path, rounds: int) -> None:
    people = [server.user(f"Person {number}", started=True) for number in range(60)]
    bot = Notifier(home, environment(server.root, server.token))
    bot.publishes([a_row(1)])
    bot.adds_its_list(read=True)
    db = Database(f"sqlite:///{home}/notifier.db")
    db.call(subscribed, people, utc_now())
    db.close()
    chance = random.Random(rounds)
    killed = Killed(server, bot, people)
    await bot.start()
    try:
        for _ in range(rounds):
            await killed.one_round(chance.uniform(0.1, 1.8))
    finally:
        await bot.ends()
    print(f"{rounds} kills, repeated each time: {killed.repeats}")
    assert server.floods == []
    assert bot.log("ERROR") == []


async def test_kills_repeat_only_what_was_under_way(server: Moody, tmp_path: Path) -> None:
    await check_kills(server, tmp_path, 3)


@pytest.mark.long
async def test_twenty_kills_repeat_only_what_was_under_way(server: Moody, tmp_path: Path) -> None:
    await check_kills(server, tmp_path, 20)
