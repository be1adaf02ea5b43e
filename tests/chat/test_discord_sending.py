"""Discord's answers and broken connections, from the outbox to what stands in the channel: the real adapter over HTTP.

Kills are of `notifier run` as a process.
"""

import asyncio
import contextlib
import inspect
import logging
import random
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import discord
import pytest
from sqlalchemy import select, update
from sqlmodel import Session, col

from notifier.chat import DISCORD
from notifier.chat.discord.api import Api
from notifier.chat.discord.client import Client
from notifier.chat.discord.identifies import Identifies
from notifier.chat.discord.messenger import DiscordMessenger
from notifier.domain.ports import Pace
from notifier.services.deliver import UNANSWERED, Deliverer
from notifier.store.database import Database
from notifier.store.tables import Delivery, DeliveryState, Destination, DestinationKind, Subscription, Trouble
from tests.conftest import Clock
from tests.road import RealRoad, a_posting
from tests.standin.discord.faults import Call
from tests.standin.discord.members import budget_of, heard, many, pings_nobody, set_up, subscribe
from tests.standin.discord.person import Person
from tests.standin.discord.rules import Refused
from tests.standin.discord.server import Discord
from tests.standin.discord.spec import Operation
from tests.standin.discord.world import FORUM, Channel, Guild, Thread
from tests.standin.running import Notifier, a_row
from tests.standin.updates import until

A_DAY = 86_400.0  # seconds
AN_HOUR = 3_600.0
# What is shown here is the same on both engines.
on_sqlite = pytest.mark.parametrize("db", ["sqlite"], indirect=True)


@dataclass
class Mood:
    """What Discord would never answer to a correct request, on demand."""

    status: int
    code: int
    name: str  # of the operation
    when: Callable[[Call], bool]
    times: int


class Moody(Discord):
    """The stand-in, which also refuses what a test tells it to."""

    def __init__(self, token: str, username: str) -> None:
        super().__init__(token, username)
        self.moods: list[Mood] = []

    def refuses(
        self,
        status: int,
        code: int,
        name: str = "create_message",
        *,
        when: Callable[[Call], bool] = lambda call: True,
        times: int = 1_000,
    ) -> None:
        self.moods.append(Mood(status, code, name, when, times))

    def _check(self, operation: Operation, call: Call, authorization: str | None) -> None:
        super()._check(operation, call, authorization)
        for it in self.moods:
            if it.times and it.name == call.name and it.when(call):
                it.times -= 1
                raise Refused(it.status, it.code, f"refused {it.code}")


class DiscordRoad(RealRoad):
    """The road with Discord at its end: the stand-in, and the real adapter in this process."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        server: Moody,
        *,
        resend: bool = True,
        pace: Pace = Pace(),  # noqa: B008  # a frozen value; rests only make a test longer
    ) -> None:
        super().__init__(db, clock, DISCORD)
        self.server = server
        self.client = Client(
            server.api, "", identifies=Identifies(db, clock), handle=_ignore, lost=_ignore, opened=_ignore
        )
        self.api = Api(
            again=(0.05, 0.1),
        )
        messenger = DiscordMessenger(self.api)
        messenger.pace = pace
        self.deliverer = Deliverer(db, {DISCORD: messenger}, clock, resend=resend)

    async def logs_in(self) -> None:
        await self.client.login(self.server.token)
        self.api.use(self.client)

    def outlives_the_ban(self) -> None:
        """Go on when it is over, as `Discord.listen` does after its next login."""
        self.server.limits.banned_until = 0.0
        self.api.use(self.client)
        self.deliverer.accepted(DISCORD)

    async def wants(self, *chats: Person | Channel, **columns: Any) -> None:
        """Let these chats want Python at once."""
        for chat in chats:
            if isinstance(chat, Person):
                kind, form = DestinationKind.PRIVATE, ""
            else:
                kind = DestinationKind.GROUP if isinstance(chat, Thread) else DestinationKind.CHANNEL
                form = "forum" if chat.type == FORUM else ""
            await self.subscribed(to=str(chat.id), kind=kind)
            for name, value in ({"form": form} | columns).items():
                await self.on_chat(_set, str(chat.id), name, value)

    async def wishes(self, **columns: Any) -> None:
        """Set this of all subscriptions."""
        await self.db.run(lambda session: session.execute(update(Subscription).values(**columns)))

    def requests(self, chat: Person | Channel) -> list[Call]:
        """Return what was asked to write there."""
        here = str(place(chat).id)
        return [
            call
            for call in self.server.calls
            if call.name in ("create_message", "create_thread") and call.params["channel_id"] == here
        ]


def _set(session: Session, chat: Destination, name: str, value: object) -> None:
    setattr(chat, name, value)


async def _ignore(*values: object) -> None: ...


def place(chat: Person | Channel) -> Channel:
    return chat.dm if isinstance(chat, Person) else chat


def stands(chat: Person | Channel) -> int:
    """Return how many messages of the bot stand there; in a forum how many posts."""
    here = place(chat)
    return len(here.threads) if here.type == FORUM else len(here.messages)


@dataclass
class World:
    """Everybody there is: the chat in question is the first destination, Ben's the second."""

    road: DiscordRoad
    server: Moody
    guild: Guild
    ann: Person
    ben: Person
    jobs: Channel
    forum: Channel
    thread: Thread

    def chat(self, name: str) -> Person | Channel:
        found: Person | Channel = getattr(self, name)
        return found

    def id(self, name: str) -> int:
        return place(self.chat(name)).id


async def started(server: Moody, db: Database, clock: Clock, **values: Any) -> DiscordRoad:
    """Return a road whose list has been read once."""
    road = DiscordRoad(db, clock, server, **values)
    await road.logs_in()
    await road.add_list()
    await road.read([a_posting(1)])
    return road


@pytest.fixture
async def server() -> AsyncIterator[Moody]:
    server = await Moody.start()
    yield server
    await server.close()
    assert server.violations == []


@pytest.fixture
def guild(server: Moody) -> Guild:
    return server.guild("Python Berlin", owner=server.user("Bob"))


@pytest.fixture
async def world(server: Moody, guild: Guild, db: Database, clock: Clock) -> AsyncIterator[World]:
    ann, ben = server.user("Ann"), server.user("Ben")
    guild.join(ann, ben)
    jobs = guild.text("jobs")
    road = await started(server, db, clock)
    yield World(
        road, server, guild, ann, ben, jobs=jobs, forum=guild.forum("board"), thread=jobs.thread("python")
    )
    await road.api.close()
    assert pings_nobody(server)


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
    stops     why the whole platform is
    attempts  that were counted
    waits     seconds after which it is tried again, not earlier
    mends     what happens meanwhile
    at_last   messages that stand there in the end
    others    whether Ben gets his message at once
    """

    breaks: Callable[[World], Any]
    chat: str = "jobs"
    tries: int = 1
    arrives: int = 0
    gone: str = ""
    trouble: Trouble | None = None
    stops: str = ""
    attempts: int = 0
    waits: float = 0.0
    mends: Callable[[World], Any] = lambda world: None
    at_last: int = 1
    others: bool = True


def relents(world: World) -> None:
    world.server.moods.clear()
    world.server.faults.clear()


def refuses(
    status: int, code: int, chat: str = "jobs", *, name: str = "create_message", times: int = 1_000
) -> Callable[[World], None]:
    return lambda world: world.server.refuses(
        status,
        code,
        name,
        when=lambda call: call.params.get("channel_id") == str(world.id(chat)),
        times=times,
    )


def refuses_dm(status: int, code: int) -> Callable[[World], None]:
    """Refuse to open Ann's direct messages."""
    return lambda world: world.server.refuses(
        status, code, "create_dm", when=lambda call: call.data["recipient_id"] == str(world.ann.id)
    )


def fails(
    how: str, *values: Any, chat: str = "jobs", name: str = "create_message", **aim: Any
) -> Callable[[World], Any]:
    return lambda world: getattr(world.server.faults, how)(*values, name=name, channel=world.id(chat), **aim)


def denies(permission: str, chat: str = "jobs") -> Callable[[World], None]:
    return lambda world: place(world.chat(chat)).deny(world.server.bot, permission)


def allows(world: World) -> None:
    world.jobs.clear()


GONE = {
    "404/10003: a channel that was deleted is switched off": Row(
        lambda it: it.guild.delete_channel(it.jobs), gone="unknown channel", trouble=Trouble.GONE
    ),
    "404/10003: so is a thread": Row(
        lambda it: it.guild.delete_channel(it.thread), "thread", gone="unknown channel", trouble=Trouble.GONE
    ),
    "404/10004: a server that was deleted is switched off": Row(
        refuses(404, 10004), gone="unknown server", trouble=Trouble.GONE
    ),
    "404/10015: a webhook that is gone is switched off": Row(
        refuses(404, 10015), gone="unknown webhook", trouble=Trouble.GONE
    ),
    "401/50027: so is one whose secret changed, and the bot's token is good": Row(
        refuses(401, 50027), gone="webhook changed", trouble=Trouble.GONE
    ),
    "404/10013: a deleted account is switched off": Row(
        refuses_dm(404, 10013), "ann", tries=0, gone="unknown person"
    ),
    "400/50033: so is one that takes no messages": Row(
        refuses_dm(400, 50033), "ann", tries=0, gone="unknown person"
    ),
}
BARRED = {
    "403/50001: a channel that we do not see waits a day": Row(
        denies("view_channel"), trouble=Trouble.BARRED, waits=A_DAY, mends=allows
    ),
    "403/50001: so does one of a server that removed us": Row(
        lambda it: it.guild.kick_bot(),
        trouble=Trouble.BARRED,
        waits=A_DAY,
        mends=lambda it: it.guild.add_bot(),
        others=False,
    ),
    "403/50013: a channel where we may not write waits a day": Row(
        denies("send_messages"), trouble=Trouble.BARRED, waits=A_DAY, mends=allows
    ),
    "403 without a code: so does any other": Row(
        refuses(403, 0), trouble=Trouble.BARRED, waits=A_DAY, mends=relents
    ),
    "403/50007: closed direct messages wait a day": Row(
        lambda it: it.ann.closes_dms(), "ann", waits=A_DAY, mends=lambda it: it.ann.opens_dms()
    ),
    "403/50278: a person without a server of ours waits a day": Row(
        lambda it: it.guild.leave(it.ann), "ann", waits=A_DAY, mends=lambda it: it.guild.join(it.ann)
    ),
    "400/50083: a locked thread waits a day": Row(
        lambda it: it.thread.archive(lock=True),
        "thread",
        trouble=Trouble.BARRED,
        waits=A_DAY,
        mends=lambda it: it.thread.unarchive(),
    ),
    "400/160005: so does one that is locked and open": Row(
        refuses(400, 160005), trouble=Trouble.BARRED, waits=A_DAY, mends=relents
    ),
    "an archived thread is woken by the message": Row(lambda it: it.thread.archive(), "thread", arrives=1),
    "400/40067: a forum that wants a tag waits a day": Row(
        lambda it: it.forum.set_tags(["remote"], require=True),
        "forum",
        trouble=Trouble.BARRED,
        waits=A_DAY,
        mends=lambda it: it.forum.set_tags(["remote"]),
    ),
    "400/160006: a forum that is full waits a day": Row(
        refuses(400, 160006, "forum", name="create_thread"),
        "forum",
        trouble=Trouble.BARRED,
        waits=A_DAY,
        mends=relents,
    ),
    "400/50008: a channel that takes no messages waits a day": Row(
        refuses(400, 50008), trouble=Trouble.BARRED, waits=A_DAY, mends=relents
    ),
    "400/50024: a channel of the wrong kind waits a day": Row(
        refuses(400, 50024), trouble=Trouble.BARRED, waits=A_DAY, mends=relents
    ),
}
REJECTED = {
    "400/50035: a message that is wrong goes again plain": Row(
        refuses(400, 50035, times=1), tries=2, arrives=1
    ),
    "400/50006: so does one that is empty": Row(refuses(400, 50006, times=1), tries=2, arrives=1),
    "413/40005: so does one that is too large": Row(refuses(413, 40005, times=1), tries=2, arrives=1),
    "404 without a code: a wrong address of the API is an attempt": Row(
        refuses(404, 0), attempts=1, waits=30, mends=relents
    ),
}
WAITS = {
    "429 of a bucket: the library waits, and it was no attempt": Row(fails("flood", 0.3), tries=2, arrives=1),
    "429 shared with others: the same": Row(fails("flood", 0.3, scope="shared"), tries=2, arrives=1),
    "429 of the whole bot: the same, for everybody": Row(
        fails("flood", 0.3, scope="global"), tries=2, arrives=1
    ),
    "429 of a bucket for long: the chat waits as long as it is asked": Row(
        fails("flood", 90, times=None), waits=90, mends=relents
    ),
    "429 of a bucket again and again: the chat waits, and nobody is banned": Row(
        fails("flood", 0.1, times=5), tries=5, waits=1
    ),
    "429 before the API: nothing is asked as long as the ban lasts": Row(
        lambda it: it.server.limits.ban(60),
        tries=0,
        stops="front door",
        waits=2,
        mends=lambda it: it.road.outlives_the_ban(),
        others=False,
    ),
    "403/40003: a person whose messages are opened too fast waits": Row(
        refuses_dm(403, 40003), "ann", tries=0, waits=600, mends=relents
    ),
    "503/130000: an API that is overloaded is asked again": Row(
        refuses(503, 130000, times=3), tries=3, waits=5
    ),
}
LOST = {
    "500 is asked again by the library": Row(fails("gateway", 500), tries=2, arrives=1),
    "502 after acceptance is asked again, and is one message": Row(
        fails("gateway", 502, accepted=True), tries=2, arrives=1
    ),
    "503 is asked again by us": Row(fails("gateway", 503), tries=2, arrives=1),
    "503 after acceptance too, and is one message": Row(
        fails("gateway", 503, accepted=True), tries=2, arrives=1
    ),
    "503 that lasts waits, and was no attempt": Row(fails("gateway", 503, times=3), tries=3, waits=5),
    "a connection that is reset is asked again": Row(fails("reset"), tries=2, arrives=1),
    "a lost answer is asked for again, and is one message": Row(fails("lose_answer"), tries=2, arrives=1),
    "answers that are lost three times are asked for later, and it is one message": Row(
        fails("lose_answer", times=3), tries=3, arrives=1, waits=5
    ),
    "half of an answer is asked for again, and is one message": Row(
        fails("bad_json", accepted=True), tries=2, arrives=1
    ),
    "without a connection nothing was tried": Row(
        lambda it: it.server.goes_down(),
        tries=0,
        waits=5,
        mends=lambda it: it.server.comes_up(),
        others=False,
    ),
    "an answer about a person's channel that is lost is asked for later": Row(
        lambda it: it.server.faults.lose_answer(
            "create_dm", when=lambda call: call.data["recipient_id"] == str(it.ann.id)
        ),
        "ann",
        tries=0,
        waits=5,
    ),
}
POSTS = {
    "a post whose answer is lost goes once more": Row(
        fails("lose_answer", chat="forum", name="create_thread"), "forum", arrives=1, waits=10, at_last=2
    ),
    "a post whose connection is reset may be there, and goes once more": Row(
        fails("reset", chat="forum", name="create_thread"), "forum", waits=10
    ),
    "a post that breaks is an attempt": Row(
        fails("gateway", 502, chat="forum", name="create_thread"), "forum", attempts=1, waits=30
    ),
    "a post that breaks after acceptance is asked for once at a time": Row(
        fails("gateway", 500, chat="forum", name="create_thread", accepted=True),
        "forum",
        arrives=1,
        attempts=1,
        waits=30,
        at_last=2,
    ),
    "a post without a connection was not tried": Row(
        lambda it: it.server.goes_down(),
        "forum",
        tries=0,
        waits=5,
        mends=lambda it: it.server.comes_up(),
        others=False,
    ),
}
SLOW = {
    "504 after acceptance is asked again, and is one message": Row(
        fails("gateway", 504, accepted=True), tries=2, arrives=1
    ),
    "what is never answered is asked for again, and is one message": Row(fails("hang"), tries=2, arrives=1),
    "502 that lasts waits, and was no attempt": Row(fails("gateway", 502, times=5), tries=5, waits=5),
}


@on_sqlite
@pytest.mark.parametrize(
    "row",
    [
        *(
            pytest.param(row, id=name)
            for rows in (GONE, BARRED, REJECTED, WAITS, LOST, POSTS)
            for name, row in rows.items()
        ),
        *(pytest.param(row, id=name, marks=pytest.mark.long) for name, row in SLOW.items()),
    ],
)
async def test_an_answer_of_discord_has_its_reaction(world: World, row: Row) -> None:
    road, chat = world.road, world.chat(row.chat)
    await road.wants(chat, world.ben)
    await happens(row.breaks, world)

    await road.finds()
    await road.sends()

    at_once = destination_of(road)
    assert len(road.requests(chat)) == row.tries
    assert stands(chat) == row.arrives
    assert row.gone in (at_once.gone or "")
    assert bool(at_once.gone) == bool(row.gone)
    assert at_once.trouble == row.trouble
    assert row.stops in road.deliverer.stopped.get(DISCORD, "")
    assert bool(road.deliverer.stopped) == bool(row.stops)
    assert {it.attempts for it in road.deliveries(1)} == {row.attempts}
    assert not row.others or stands(world.ben) == 1
    if row.gone:
        assert {(it.state, it.reason) for it in road.deliveries(1)} == {("ended", "destination gone")}
        await road.finds()
        await road.sends(after=A_DAY)
        assert len(road.requests(chat)) == row.tries, "asked again of who is gone"
    if not row.waits:
        return

    asked = len(world.server.calls)
    await road.sends(after=row.waits - 0.5)
    assert len(road.requests(chat)) == row.tries, "tried too early"
    assert not row.stops or len(world.server.calls) == asked
    await happens(row.mends, world)
    await road.sends(after=1)

    assert stands(chat) == row.at_last
    assert destination_of(road).gone is None
    assert destination_of(road).trouble is None
    assert {it.state for it in road.deliveries(1)} == {"sent"}
    assert stands(world.ben) == 1


async def happens(what: Callable[[World], Any], world: World) -> None:
    done = what(world)
    if inspect.isawaitable(done):
        await done


def destination_of(road: DiscordRoad) -> Destination:
    found = road.destination()
    assert found is not None
    return found


# -- more of an answer than one row tells ---------------------------------------------------------------


@on_sqlite
async def test_posts_in_a_forum_wait_for_no_bucket_that_has_room(world: World) -> None:
    road = world.road
    await road.wants(world.forum)

    await road.finds(5)
    await road.sends()

    assert stands(world.forum) == 5
    assert world.server.floods == []


@on_sqlite
async def test_who_takes_the_last_place_of_a_bucket_has_his_answer_at_once(world: World) -> None:
    road = world.road
    world.server.limits.limits["create_thread"] = (3, AN_HOUR)
    await road.wants(world.forum)

    await road.finds(5)
    await road.sends()
    states = Counter(it.state for it in road.deliveries())

    assert stands(world.forum) == 3
    assert states == {"sent": 3, "owed": 2}
    assert world.server.floods == []
    held = destination_of(road).held_until
    assert held is not None
    assert (held - road.time.now).total_seconds() == pytest.approx(AN_HOUR, abs=60)


@on_sqlite
async def test_answers_that_overtake_each_other_make_no_room_in_a_bucket(world: World) -> None:
    road, server = world.road, world.server
    people = [server.user(f"Person {number}") for number in range(30)]
    world.guild.join(*people)
    await road.wants(*people)
    server.faults.delay(0.15, "create_dm", times=None, chance=0.4)

    await road.finds()
    await road.sends()

    assert [stands(person) for person in people] == [1] * 30
    assert server.floods == []


@on_sqlite
async def test_a_digest_is_published_page_by_page(world: World) -> None:
    channel = world.guild.announcement("news")
    world.server.limits.limits["create_message"] = (50, 1.0)
    for _ in range(12):
        call = await world.road.api.call(
            "POST",
            "/channels/{channel_id}/messages",
            {"content": "x", "allowed_mentions": {"parse": []}},
            channel_id=channel.id,
        )
        with contextlib.suppress(discord.RateLimited):
            await world.road.api.call(
                "POST",
                "/channels/{channel_id}/messages/{message_id}/crosspost",
                channel_id=channel.id,
                message_id=call["id"],
            )

    assert sum(it.crossposted for it in channel.messages.values()) == 10
    assert world.server.floods == []


@on_sqlite
async def test_a_refused_token_is_one_error_and_everything_waits_for_a_good_one(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    road, server = world.road, world.server
    people = [server.user(f"Person {number}") for number in range(10)]
    world.guild.join(*people)
    await road.wants(*people)
    await road.finds()
    server.revoked = True

    await road.sends()
    await road.finds()
    await road.sends(after=60)
    refused = [call for call in server.calls if call.status == 401]
    states = {(it.state, it.attempts, it.reason) for it in road.deliveries()}
    server.revoked = False
    road.deliverer.accepted(DISCORD)  # as after the next login
    await road.sends()

    (error,) = [it for it in caplog.records if it.levelno >= logging.ERROR]
    said = f"{error.getMessage()} {vars(error)}"
    assert "Discord" in said and "NOTIFIER_DISCORD_TOKEN" in said
    assert error.exc_info is None
    assert 1 <= len(refused) <= UNANSWERED
    assert states == {("owed", 0, None)}
    assert {it.state for it in road.deliveries()} == {"sent"}


@on_sqlite
async def test_a_ban_stops_every_call_and_is_one_error(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    road, server = world.road, world.server
    people = [server.user(f"Person {number}") for number in range(10)]
    world.guild.join(*people)
    await road.wants(*people)
    await road.finds()
    server.limits.ban(60)

    for _ in range(5):
        await road.sends(after=60)
    asked = [call for call in server.calls if call.status == 429]
    road.outlives_the_ban()
    await road.sends()

    (error,) = [it for it in caplog.records if it.levelno >= logging.ERROR]
    assert "front door" in str(vars(error)["reason"])
    assert 1 <= len(asked) <= UNANSWERED
    assert [stands(person) for person in people] == [1] * 10
    assert {it.attempts for it in road.deliveries()} == {0}


@on_sqlite
async def test_what_is_refused_alone_is_a_dead_letter_and_the_others_go(world: World) -> None:
    road = world.road
    await road.wants(world.ann)
    world.server.refuses(400, 50035, when=lambda call: "developer 3" in str(call.data))

    await road.finds(4)
    await road.sends()

    states = Counter((it.state, "50035" in (it.reason or "")) for it in road.deliveries())
    assert states == {("sent", False): 3, ("dead", True): 1}
    assert stands(world.ann) == 3


@on_sqlite
async def test_one_channel_in_a_long_wait_delays_no_other(world: World) -> None:
    road, server = world.road, world.server
    people = [server.user(f"Person {number}") for number in range(12)]
    world.guild.join(*people)
    await road.wants(world.jobs, *people)
    server.faults.flood(AN_HOUR, "create_message", channel=world.jobs.id)

    for _ in range(2):
        await road.finds()
        await road.sends(after=30)

    assert [stands(person) for person in people] == [2] * 12
    assert len(road.requests(world.jobs)) == 1


@on_sqlite
async def test_a_persons_channel_is_opened_once(world: World) -> None:
    road = world.road
    await road.wants(world.ann)

    for _ in range(3):
        await road.finds()
        await road.sends()

    assert len(world.server.called("create_dm")) == 1
    assert destination_of(road).route == str(world.ann.dm.id)


@on_sqlite
async def test_pages_that_are_out_are_not_sent_again_when_the_next_one_fails(world: World) -> None:
    """In a shared channel nobody can turn pages, so a long message is several."""
    road = world.road
    await road.wants(world.jobs)
    world.server.faults.gateway(
        503, "create_message", times=3, when=lambda it: "developer 12" in str(it.data)
    )

    await road.finds(15)
    await road.sends()
    await road.sends(after=6)

    texts = world.jobs.texts()
    assert len(texts) == 2
    assert "developer 2" in texts[0] and "developer 16" in texts[1]
    assert {it.state for it in road.deliveries()} == {"sent"}


# -- answers that are lost for longer than a nonce lives ------------------------------------------------------


async def lost_for_long(road: DiscordRoad, server: Moody, jobs: Channel) -> list[list[str]]:
    """Lose every answer until Discord has forgotten the nonce; return the states after each round."""
    await road.wants(jobs)
    server.faults.lose_answer("create_message", times=3)
    await road.finds()
    states = []
    for after in (0, 6, 11, 60):
        await road.sends(after=after)
        states.append([f"{it.state} {it.reason or ''}".strip() for it in road.deliveries()])
        server.nonce_seconds = road.api.nonce_kept = 0.0  # as if minutes had gone by
    await road.api.close()
    return states


@on_sqlite
async def test_what_nobody_can_know_any_more_goes_once_more(
    server: Moody, guild: Guild, db: Database, clock: Clock
) -> None:
    road = await started(server, db, clock)
    jobs = guild.text("jobs")

    states = await lost_for_long(road, server, jobs)

    assert states == [["owed"], ["owed uncertain"], ["sent"], ["sent"]]
    assert len(jobs.messages) == 2


@on_sqlite
async def test_what_nobody_can_know_any_more_is_held_where_the_operator_wants_that(
    server: Moody, guild: Guild, db: Database, clock: Clock
) -> None:
    road = await started(server, db, clock, resend=False)
    jobs = guild.text("jobs")

    states = await lost_for_long(road, server, jobs)

    assert [it[0][:4] for it in states] == ["owed", "dead", "dead", "dead"]
    assert len(jobs.messages) == 1


# -- posts, which know no nonce ------------------------------------------------------------------------------


@on_sqlite
async def test_a_post_whose_answer_is_lost_twice_is_a_dead_letter(world: World) -> None:
    road = world.road
    await road.wants(world.forum)
    world.server.faults.lose_answer("create_thread", times=2)
    await road.finds()

    await road.sends()
    await road.sends(after=30)
    await road.sends(after=AN_HOUR)

    assert stands(world.forum) == 2
    assert [(it.state, (it.reason or "")[:9]) for it in road.deliveries()] == [("dead", "uncertain")]


@on_sqlite
async def test_a_post_whose_answer_is_lost_is_held_where_the_operator_wants_that(
    server: Moody, guild: Guild, db: Database, clock: Clock
) -> None:
    road = await started(server, db, clock, resend=False)
    forum = guild.forum("board")
    await road.wants(forum)
    server.faults.lose_answer("create_thread")
    await road.finds()

    await road.sends()
    await road.sends(after=AN_HOUR)
    await road.api.close()

    assert stands(forum) == 1
    assert [(it.state, (it.reason or "")[:9]) for it in road.deliveries()] == [("dead", "uncertain")]


# -- mentions ------------------------------------------------------------------------------------------------


@on_sqlite
async def test_the_role_of_a_feed_is_pinged_once_a_message_and_nobody_else(
    server: Moody, guild: Guild, db: Database, clock: Clock
) -> None:
    road = await started(server, db, clock)
    jobs, forum, role = guild.text("jobs"), guild.forum("board"), guild.role("python", mentionable=True)
    await road.wants(jobs, forum)
    await road.wishes(mention=role.mention)
    titles = ("@everyone Python", f"Python {guild.owner.mention}", f"{guild.everyone.mention} @here Python")

    await road.read([a_posting(1), *(a_posting(n, title=it) for n, it in enumerate(titles, start=2))])
    await road.sends()
    await road.finds(15)  # several messages in a channel, and in a forum
    await road.sends()
    await closed(road, 9)
    await road.api.close()

    asked = [call for call in server.calls if call.name in ("create_message", "create_thread")]
    assert len(server.pings) == len(server.called("create_thread")) + 3 + 1
    assert {(it.pinged.users, it.pinged.roles, it.pinged.everyone) for it in server.pings} == {
        (frozenset(), frozenset({role.id}), False)
    }
    assert len(asked) > len(server.pings)
    assert pings_nobody(server, roles=[str(role.id)])


# -- edits -----------------------------------------------------------------------------------------------------


async def closed(road: DiscordRoad, number: int = 2) -> None:
    """Let a job stand closed on its list for a day."""
    await road.read([a_posting(it, closed=it == number) for it in range(1, road.jobs + 1)])
    await road.sends(after=A_DAY + 60)


@dataclass(frozen=True)
class EditRow:
    """What an edit meets: what it is asked, and what becomes of it and of the chat."""

    breaks: Callable[[World], Any]
    chat: str = "jobs"
    asked: int = 1
    state: str = "sent"
    is_struck: bool = False
    gone: str = ""
    later: float = 0.0  # seconds after which it succeeds


EDITS = {
    "404/10008: a message that is gone stays gone": EditRow(
        lambda it: it.road.client.http.delete_message(it.jobs.id, next(iter(it.jobs.messages)))
    ),
    "404/10003: a channel that is gone is switched off": EditRow(
        lambda it: it.guild.delete_channel(it.jobs), state="ended", gone="unknown channel"
    ),
    "400/50083: a post that rests is woken, and rests again": EditRow(
        lambda it: it.forum.threads[0].archive(), "forum", asked=2, is_struck=True
    ),
    "400/50083: a post that is locked stays as it is": EditRow(
        lambda it: it.forum.threads[0].archive(lock=True), "forum"
    ),
    "400/30046: too many edits of old messages are made later": EditRow(
        lambda it: it.server.refuses(400, 30046, "update_message", times=1),
        state="owed",
        later=AN_HOUR,
        is_struck=True,
    ),
    "429: an edit that has to wait for long is made later": EditRow(
        lambda it: it.server.faults.flood(90, "update_message"), state="owed", later=90, is_struck=True
    ),
    "a lost answer is asked for again": EditRow(
        lambda it: it.server.faults.lose_answer("update_message"), asked=2, is_struck=True
    ),
    "503 is asked again": EditRow(
        lambda it: it.server.faults.gateway(503, "update_message"), asked=2, is_struck=True
    ),
    "400/50035: what is refused is given up": EditRow(
        lambda it: it.server.refuses(400, 50035, "update_message"), state="dead"
    ),
}


@on_sqlite
@pytest.mark.parametrize("row", [pytest.param(row, id=name) for name, row in EDITS.items()])
async def test_an_answer_to_an_edit_has_its_reaction(world: World, row: EditRow) -> None:
    road, chat = world.road, world.chat(row.chat)
    await road.wants(chat)
    await road.finds()
    await road.sends()
    (message,) = [it for it in world.server.sent if it.channel in (chat, *place(chat).threads)]
    await happens(row.breaks, world)

    await closed(road)

    edit = road.deliveries()[-1]
    assert len(world.server.called("update_message")) == row.asked
    assert (edit.kind, edit.state) == ("closed", row.state)
    assert row.gone in (destination_of(road).gone or "")
    assert destination_of(road).trouble in (None, Trouble.GONE)
    if row.later:
        road.jobs += 1
        await road.read([a_posting(it, closed=it == 2) for it in range(1, road.jobs + 1)])
        await road.sends()
        assert stands(chat) == 2, "what is new waits for an edit"
        await road.sends(after=row.later)
        assert road.deliveries(1)[1].state == "sent"
    assert ("~~" in message.text) == row.is_struck
    if isinstance(message.channel, Thread) and row.is_struck:
        assert message.channel.archived


# -- answers that are lost ---------------------------------------------------------------------------------------


async def check_lost_answers(server: Moody, guild: Guild, db: Database, clock: Clock, sends: int) -> None:
    """Lose the answer of one send in twenty, half of them behind a broken gateway: each message stands once."""
    road = await started(server, db, clock)
    chats = many(server, guild, sends)
    await db.run(subscribe, chats, clock())
    aim: dict[str, Any] = {"name": "create_message", "times": None, "chance": 0.025}
    faults = [server.faults.lose_answer(**aim), server.faults.gateway(502, accepted=True, **aim)]

    await road.finds()
    await road.sends()
    for _ in range(3):
        await road.sends(after=6)
    await road.api.close()

    lost = [len(fault.struck) for fault in faults]
    rate, most = budget_of(server)
    print(f"{sends} sends, answers lost {lost}; {rate:.1f} calls a second, {most} in the busiest")
    assert min(lost) > 0
    assert server.repeats
    assert [stands(chat) for chat in chats] == [1] * sends
    assert {it.state for it in road.deliveries()} == {"sent"}
    assert server.floods == []
    assert pings_nobody(server)


@on_sqlite
async def test_lost_answers_lose_nothing_and_repeat_nothing(
    server: Moody, guild: Guild, db: Database, clock: Clock
) -> None:
    await check_lost_answers(server, guild, db, clock, 150)


@on_sqlite
@pytest.mark.long
async def test_a_hundred_lost_answers_lose_nothing_and_repeat_nothing(
    server: Moody, guild: Guild, db: Database, clock: Clock
) -> None:
    await check_lost_answers(server, guild, db, clock, 2_000)


@on_sqlite
async def test_retries_count_for_the_budget_as_first_tries_do(
    server: Moody, guild: Guild, db: Database, clock: Clock
) -> None:
    """Half of the calls fail: some the library tries again, some we do."""
    road = await started(server, db, clock)
    chats = [guild.text(f"jobs-{number}") for number in range(60)]
    await db.run(subscribe, chats, clock())
    server.faults.gateway(503, "create_message", times=None, chance=0.4)
    server.faults.flood(0.05, "create_message", times=None, chance=0.2)

    await road.finds()
    for _ in range(6):
        await road.sends(after=6)
    server.faults.clear()
    await road.sends(after=6)
    await road.api.close()

    budget_of(server)
    assert len(server.called("create_message")) > 90
    assert [stands(chat) for chat in chats] == [1] * 60


# -- kills ---------------------------------------------------------------------------------------------------------


@dataclass
class Killed:
    """A notifier with many subscribers that is killed again and again."""

    server: Moody
    bot: Notifier
    chats: list[Person | Channel]
    jobs: int = 1
    asked_again: list[int] = field(default_factory=list)
    twice: list[int] = field(default_factory=list)  # posts in forums

    async def one_round(self, after: float) -> None:
        """Let a job be found, kill the process `after` seconds from its first message, and start it again."""
        self.jobs += 1
        title = f"developer {self.jobs}]"
        before, repeats = len(self._written()), len(self.server.repeats)
        self.bot.publishes([a_row(self.jobs)])
        await until(lambda: len(self._written()) > before or None, 60, "message")
        await asyncio.sleep(after)
        await self.bot.is_killed()
        out = {chat.id for chat in self.chats if heard(chat, title)}
        begun = self._begun()
        await self.bot.start()
        await until(lambda: all(heard(chat, title) for chat in self.chats) or None, 60, "all messages")
        await asyncio.sleep(0.3)  # for one too many
        got = {chat.id: heard(chat, title) for chat in self.chats}
        forums = {chat.id for chat in self.chats if isinstance(chat, Channel) and chat.type == FORUM}
        twice = {chat for chat, times in got.items() if times > 1}
        again = {
            it.channel.recipient.id if it.channel.recipient else it.channel.id
            for it in self.server.repeats[repeats:]
        }
        assert len(begun) <= UNANSWERED
        assert twice <= forums & begun & out
        assert again <= begun & out
        assert max(got.values()) <= 2
        self.asked_again.append(len(again))
        self.twice.append(len(twice))

    def _written(self) -> list[Call]:
        return [
            it for it in self.server.calls if it.name in ("create_message", "create_thread") and it.status
        ]

    def _begun(self) -> set[int]:
        """Return the chats whose message was handed over and not marked."""

        def read(session: Session) -> set[int]:
            query = (
                select(col(Destination.address))
                .join(Delivery, col(Delivery.destination_id) == col(Destination.id))
                .where(col(Delivery.handed_at).is_not(None), col(Delivery.state) == DeliveryState.OWED)
            )
            return {int(address) for address in session.execute(query).scalars()}

        with closing(Database(f"sqlite:///{self.bot.home}/notifier.db")) as db:
            return db.call(read)


async def check_kills(server: Moody, guild: Guild, home: Path, rounds: int) -> None:
    chats = [*many(server, guild, 40), *(guild.forum(f"board-{number}") for number in range(10))]
    # Answers take a while, so that a kill meets some that are under way.
    server.faults.delay(0.05, "create_message", times=None)
    server.faults.delay(0.05, "create_thread", times=None)
    killed = Killed(server, set_up(home, server, chats), chats)
    chance = random.Random(rounds)
    await killed.bot.start()
    try:
        for _ in range(rounds):
            await killed.one_round(chance.uniform(0.0, 1.0))
    finally:
        await killed.bot.ends()
    print(f"{rounds} kills, asked again {killed.asked_again}, posts twice {killed.twice}")
    assert server.floods == []
    assert killed.bot.log("ERROR") == []
    assert pings_nobody(server)


def marked(home: Path) -> int:
    with closing(sqlite3.connect(home / "notifier.db")) as store:
        return int(store.execute("SELECT count(*) FROM delivery WHERE state = 'sent'").fetchone()[0])


async def test_a_kill_before_the_answer_repeats_no_message_and_only_the_post_that_was_begun(
    server: Moody, guild: Guild, tmp_path: Path
) -> None:
    channels = [guild.text(f"jobs-{number}") for number in range(8)]
    forums = [guild.forum(f"board-{number}") for number in range(3)]
    bot = set_up(tmp_path, server, [*channels, *forums])
    message, post = server.faults.hang("create_message"), server.faults.hang("create_thread")
    await bot.start()
    try:
        bot.publishes([a_row(2)])
        await until(lambda: (message.struck and post.struck) or None, 60, "message and post")
        # All but these two are out and marked, so they alone are under way.
        await until(lambda: marked(tmp_path) == 9 or None, 60, "all others")
        await bot.is_killed()
        await bot.start()
        everywhere = [*channels, *forums]
        await until(lambda: all(heard(it, "developer 2]") for it in everywhere) or None, 60, "all messages")
        (begun,) = [it for it in forums if it.id == post.struck[0].id("channel")]
        await until(lambda: heard(begun, "developer 2]") > 1 or None, 60, "post")
    finally:
        await bot.ends()

    assert [heard(it, "developer 2]") for it in channels] == [1] * 8
    assert [it.channel.id for it in server.repeats] == [message.struck[0].id("channel")]
    assert [heard(it, "developer 2]") for it in forums] == [2 if it is begun else 1 for it in forums]


async def test_kills_lose_nothing_and_repeat_no_message(server: Moody, guild: Guild, tmp_path: Path) -> None:
    await check_kills(server, guild, tmp_path, 1)


@pytest.mark.long
async def test_twenty_kills_lose_nothing_and_repeat_no_message(
    server: Moody, guild: Guild, tmp_path: Path
) -> None:
    await check_kills(server, guild, tmp_path, 20)
