"""`notifier run` while Telegram refuses, answers nonsense or is away; its token stays with it; and a thousand chats."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import datetime
from functools import partial
from pathlib import Path

import aiohttp
import pytest
from sqlmodel import Session

from notifier.chat import TELEGRAM
from notifier.cli.app import utc_now
from notifier.domain import query
from notifier.domain.cadence import Cadence
from notifier.store import subscriptions
from notifier.store.database import Database
from tests.standin.faults import Call, Fault
from tests.standin.running import Notifier, a_row, environment, everything, says_of_itself
from tests.standin.spec import Json
from tests.standin.telegram import BotApi
from tests.standin.updates import until
from tests.standin.world import Membership, Person, Sent


@pytest.fixture
async def server() -> AsyncIterator[BotApi]:
    server = await BotApi.start()
    yield server
    await server.close()
    assert server.violations == []


def set_up(home: Path, people: list[Person], env: dict[str, str]) -> Notifier:
    """Return a notifier that is not started yet, and of which these people want Python at once."""
    made = Notifier(home, env)
    made.publishes([a_row(1)])
    made.adds_its_list(read=True)
    with closing(Database(f"sqlite:///{home}/notifier.db")) as db:
        db.call(_subscribed, people, utc_now())
    return made


def _subscribed(session: Session, people: list[Person], now: datetime) -> None:
    for person in people:
        chat = subscriptions.open_destination(session, TELEGRAM, str(person.id), now)
        subscriptions.subscribe(session, chat, query.parse("python").wish, now, cadence=Cadence.INSTANT)


@asynccontextmanager
async def running(made: Notifier) -> AsyncIterator[Notifier]:
    """Run it; in the end it must still be there, end as it should, and have failed nowhere inside."""
    await made.start()
    try:
        yield made
        assert made.process is not None
        assert made.process.returncode is None, "it ended by itself"
        assert await made.ends() == 0
        assert "Traceback" not in said(made)
    finally:
        if made.process is not None and made.process.returncode is None:
            await made.ends()


def said(made: Notifier) -> str:
    return (made.home / "log.jsonl").read_text("utf-8")


async def hears(person: Person, words: str, timeout: float = 40.0) -> Sent:
    """Return the next message to a person that says this."""
    deadline = time.monotonic() + timeout
    while True:
        sent = await person.hears(max(0.1, deadline - time.monotonic()))
        if words in sent.text:
            return sent


# -- another copy -----------------------------------------------------------------------------------------


@asynccontextmanager
async def another_copy(server: BotApi) -> AsyncIterator[None]:
    """Ask for updates with the same token until the block ends."""

    async def ask() -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                async with session.post(
                    f"{server.root}/bot{server.token}/getUpdates", data={"timeout": 5}
                ) as answer:
                    await answer.read()
                await asyncio.sleep(0.2)

    task = asyncio.create_task(ask())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_another_copy_is_one_warning_and_sending_goes_on(server: BotApi, tmp_path: Path) -> None:
    ann = server.user("Ann", started=True)
    server.updates.conflict_delay = 0.1
    bot = set_up(tmp_path, [ann], environment(server.root, server.token))

    async with running(bot):
        await until(lambda: server.called("getUpdates") or None, 60, "poll")
        async with another_copy(server):
            await until(lambda: server.updates.conflicts or None, 60, "conflict")
            bot.publishes([a_row(2)])
            await hears(ann, "Python developer 2")

    (warning,) = bot.log("WARNING", "ERROR")
    assert warning["level"] == "WARNING"
    assert "another copy" in str(warning["message"])


@pytest.mark.long  # it asks again after half a minute
async def test_who_wrote_while_there_was_another_copy_is_answered(server: BotApi, tmp_path: Path) -> None:
    ann = server.user("Ann")
    server.updates.conflict_delay = 0.1
    bot = set_up(tmp_path, [], environment(server.root, server.token))

    async with running(bot):
        await until(lambda: server.called("getUpdates") or None, 60, "poll")
        async with another_copy(server):
            await until(lambda: server.updates.conflicts or None, 60, "conflict")
        await ann.says("/help")
        await hears(ann, "/subscribe", 60)

    assert len(bot.log("WARNING", "ERROR")) == 1


# -- a token that is refused ----------------------------------------------------------------------------------


def check_told_once(bot: Notifier) -> None:
    (error,) = bot.log("ERROR", "WARNING")
    told = json.dumps(error)
    assert error["level"] == "ERROR"
    assert "Telegram" in told and "NOTIFIER_TELEGRAM_TOKEN" in told


async def test_a_wrong_token_is_one_error_and_nothing_else_is_asked(server: BotApi, tmp_path: Path) -> None:
    ann = server.user("Ann", started=True)
    bot = set_up(tmp_path, [ann], environment(server.root, "123456:WRONG-token"))

    async with running(bot):
        await bot.has_logged("platform stopped")
        bot.publishes([a_row(2)])
        await bot.has_logged("source collected", new=1)
        await asyncio.sleep(1.5)
        asked = list(server.calls)

    assert [call.method for call in asked] == ["getMe"]
    assert server.calls == asked
    check_told_once(bot)


async def test_a_token_of_no_bot_at_all_is_refused_likewise(server: BotApi, tmp_path: Path) -> None:
    """Telegram answers 404, whatever is asked."""
    bot = set_up(tmp_path, [], environment(server.root, "123456:no.token"))

    async with running(bot):
        await bot.has_logged("platform stopped")
        await asyncio.sleep(1.5)

    assert len(server.calls) == 1
    check_told_once(bot)


async def test_a_revoked_token_is_one_error_and_nothing_else_is_asked(server: BotApi, tmp_path: Path) -> None:
    people = [server.user(f"Person {number}", started=True) for number in range(10)]
    bot = set_up(tmp_path, people, environment(server.root, server.token))

    async with running(bot):
        bot.publishes([a_row(2)])
        for person in people:
            await hears(person, "Python developer 2")
        server.revoke_token()
        bot.publishes([a_row(3)])
        await bot.has_logged("platform stopped")
        await asyncio.sleep(1.5)
        refused = [call for call in server.calls if call.status == 401]

    assert 1 <= len(refused) <= 4  # what was under way
    assert [call for call in server.calls if call.status == 401] == refused
    check_told_once(bot)


async def test_what_waited_for_a_good_token_goes_out_after_a_restart(server: BotApi, tmp_path: Path) -> None:
    ann = server.user("Ann", started=True)
    bot = set_up(tmp_path, [ann], environment(server.root, server.token))
    server.revoke_token()
    async with running(bot):
        await bot.has_logged("platform stopped")
        bot.publishes([a_row(2)])
        await bot.has_logged("source collected", new=1)
    server.revoked = False

    async with running(bot):
        sent = await hears(ann, "Python developer 2")

    assert server.texts(ann) == [sent.text]


# -- a server that is away ---------------------------------------------------------------------------------------


async def test_telegram_may_be_away_at_the_start(server: BotApi, tmp_path: Path) -> None:
    ann = server.user("Ann")
    await server.goes_down()
    bot = set_up(tmp_path, [], environment(server.root, server.token))

    async with running(bot):
        await bot.has_logged("telegram not reached, tried again")
        await asyncio.sleep(2)
        await server.comes_up()
        await ann.says("/start")
        await hears(ann, "Python developer 1")

    (warning,) = bot.log("WARNING", "ERROR")
    assert warning["level"] == "WARNING"


async def test_telegram_may_be_away_later(server: BotApi, tmp_path: Path) -> None:
    ann = server.user("Ann", started=True)
    bot = set_up(tmp_path, [ann], environment(server.root, server.token))

    async with running(bot):
        await ann.says("/help")
        await hears(ann, "/subscribe")
        await server.goes_down()
        bot.publishes([a_row(2)])
        await bot.has_logged("source collected", new=1)
        await asyncio.sleep(1)
        await ann.says("/quiet off")
        await server.comes_up()
        await until(lambda: len(server.messages(ann)) == 3 or None, 60, "answer and push")
        await asyncio.sleep(0.5)  # for one too many

    assert len(server.messages(ann)) == 3
    assert sum("Python developer 2" in text for text in server.texts(ann)) == 1
    assert bot.log("ERROR") == []


async def test_an_outage_of_answers_ends_nothing(server: BotApi, tmp_path: Path) -> None:
    """Whatever comes instead of answers to getUpdates: resets, gateways, nonsense."""
    ann = server.user("Ann")
    bot = set_up(tmp_path, [], environment(server.root, server.token))
    server.faults.gateway(502, "getUpdates")
    server.faults.gateway(500, "getUpdates")
    server.faults.bad_json("getUpdates")
    server.faults.reset("getUpdates")
    server.faults.lose_answer("getUpdates")

    async with running(bot):
        await ann.says("/start")
        await hears(ann, "Python developer 1", 60)

    assert bot.log("ERROR") == []


async def test_a_webhook_that_somebody_left_is_removed(server: BotApi, tmp_path: Path) -> None:
    ann = server.user("Ann")
    await server.updates.set_webhook({"url": "http://127.0.0.1:9/left-behind"})
    await ann.says("/start")
    bot = set_up(tmp_path, [], environment(server.root, server.token))

    async with running(bot):
        await hears(ann, "Python developer 1")

    assert server.updates.url == ""
    assert bot.log("WARNING", "ERROR") == []


@pytest.mark.long
async def test_a_webhook_that_somebody_sets_later_is_removed_too(server: BotApi, tmp_path: Path) -> None:
    ann = server.user("Ann")
    bot = set_up(tmp_path, [], environment(server.root, server.token))

    async with running(bot):
        await ann.says("/start")
        await hears(ann, "Python developer 1")
        await server.updates.set_webhook({"url": "http://127.0.0.1:9/elsewhere"})
        await ann.says("/help")
        await hears(ann, "/subscribe", 60)

    assert server.updates.url == ""
    assert len(bot.log("WARNING", "ERROR")) == 1


UNREADABLE: list[tuple[str, Json]] = [
    ("message", {"message_id": "x", "date": "yesterday", "chat": 5}),
    ("message", {}),
    ("callback_query", {"id": "1", "from": {"id": 1}}),
    ("inline_query", {"id": 7}),
    ("message", {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "of tomorrow"}, "text": "/start"}),
]


async def test_updates_that_nobody_can_read_stop_no_others(server: BotApi, tmp_path: Path) -> None:
    ann = server.user("Ann")
    bot = set_up(tmp_path, [], environment(server.root, server.token))

    async with running(bot):
        for kind, content in UNREADABLE:
            server.updates.put(kind, content)
        await ann.says("/start")
        await hears(ann, "Python developer 1")
        await until(lambda: not server.updates.pending or None, 60, "end of the updates")

    assert bot.log("ERROR") == []


# -- the token ----------------------------------------------------------------------------------------------------

WORD = "zyxwv"
TOKEN = "987654321:AAzyxwvTelegramMadeUp0123456789abcdef"


def struck(fault: Fault) -> list[Call] | None:
    return fault.struck or None


async def fails_in_every_way(server: BotApi, bot: Notifier, ann: Person, ben: Person) -> Sent:
    """Let everything go wrong that can, one after the other; return what /export gave."""
    faults = server.faults
    cleo = server.user("Cleo")
    group = server.group("Group", admins=[ann])
    await ann.says("/start")
    await hears(ann, "Python developer 1")
    strikes: list[Callable[[], Fault]] = [
        lambda: faults.lose_answer("sendMessage", chat_id=ann.id),
        lambda: faults.reset("sendMessage", chat_id=ann.id),
        lambda: faults.gateway(500, "sendMessage", chat_id=ann.id),
        lambda: faults.gateway(502, "sendMessage", accepted=True, chat_id=ann.id),
        lambda: faults.bad_json("sendMessage", chat_id=ann.id),
        lambda: faults.flood(1, "sendMessage", chat_id=ann.id),
        lambda: faults.gateway(503, "getUpdates"),
        lambda: faults.bad_json("getUpdates"),
        lambda: faults.reset("getUpdates"),
    ]
    for number, strike in enumerate(strikes, start=2):
        fault = strike()
        bot.publishes([a_row(number)])
        await ann.says("/help")
        await until(partial(struck, fault), 60, fault.how.name)
    faults.clear()
    await cleo.says("/subscribe python")  # for what was to go to Ann waits
    await hears(cleo, "Subscription #1")
    ben.chat.members[server.me["id"]] = Membership("kicked")  # blocked without a word
    await ann.says("/feed add python", chat=group)
    await ann.hears(chat=group)
    group.members[server.me["id"]] = Membership("kicked")
    server.updates.put("message", {"message_id": "x", "chat": 5})
    bot.publishes([a_row(30)])
    await hears(cleo, "Python developer 30", 60)
    await until(lambda: "bot was blocked by the user" in said(bot) or None, 60, "end of the blocked chat")
    await ann.says("/export")
    exported = await until(
        lambda: next((it for it in ann.chat.log if it.document is not None), None), 60, "export"
    )
    await server.goes_down()
    bot.publishes([a_row(31)])
    await asyncio.sleep(3)
    await server.comes_up()
    await ann.says("/help")
    await hears(ann, "/subscribe", 60)
    async with another_copy(server):
        await until(lambda: server.updates.conflicts or None, 60, "conflict")
        await asyncio.sleep(0.5)
    server.revoke_token()
    bot.publishes([a_row(32)])
    await until(lambda: "NOTIFIER_TELEGRAM_TOKEN" in said(bot) or None, 60, "refusal")
    await asyncio.sleep(1)
    return exported


@pytest.mark.parametrize("log_format", [pytest.param("text", marks=pytest.mark.long), "json"])
async def test_the_token_is_nowhere_whatever_fails(tmp_path: Path, log_format: str) -> None:
    server = await BotApi.start(TOKEN)
    server.updates.conflict_delay = 0.1
    ann, ben = server.user("Ann"), server.user("Ben", started=True)
    env = environment(server.root, TOKEN, NOTIFIER_LOG_LEVEL="DEBUG", NOTIFIER_LOG_FORMAT=log_format)
    bot = set_up(tmp_path, [ann, ben], env)
    await bot.start()
    try:
        exported = await fails_in_every_way(server, bot, ann, ben)
        spoken = await says_of_itself(bot)
    finally:
        await bot.ends()
        await server.close()

    places = dict(everything(tmp_path)) | spoken
    places["export"] = exported.document[1].decode() if exported.document else ""
    places["chats"] = json.dumps([server.texts(ann), server.texts(ben)])
    assert "DEBUG" in places["log.jsonl"]
    assert places["export"]
    assert {"notifier.db", "store.zip"} <= {name.split()[0] for name in places}
    assert [name for name, content in places.items() if WORD in content or TOKEN in content] == []


# -- a thousand chats -----------------------------------------------------------------------------------------------

SUBSCRIBERS = 1_000
MINUTES = 10.0
A_JOB_EVERY = 5.0  # seconds; each is a message to everybody, so the outbox is never empty
A_QUESTION_EVERY = 7.0  # seconds
FEWEST_A_SECOND = 27.0
SLOWEST_ANSWER = 1.0  # seconds


async def check_load(server: BotApi, home: Path, seconds: float) -> None:
    """Keep the outbox full that long: what is sent a second, how often it was too fast, how long a person waits."""
    people = [server.user(f"Person {number}", started=True) for number in range(SUBSCRIBERS)]
    ann = server.user("Ann")
    bot = set_up(home, people, environment(server.root, server.token))
    answers: list[float] = []

    async def publish() -> None:
        for number in range(2, 2 + int(seconds / A_JOB_EVERY)):
            bot.publishes([a_row(number)])
            await asyncio.sleep(A_JOB_EVERY)

    async def ask() -> None:
        while True:
            await asyncio.sleep(A_QUESTION_EVERY)
            heard = len(ann.chat.log)
            asked = time.monotonic()
            await ann.says("/jobs")
            await until(lambda: len(ann.chat.log) > heard or None, 30, "answer")  # noqa: B023
            answers.append(time.monotonic() - asked)

    async with running(bot):
        await ann.says("/start")
        await hears(ann, "Python developer 1")
        publishing = asyncio.create_task(publish())
        first = await until(lambda: pushes(server), 30, "first message")
        begun = first[0].at
        asking = asyncio.create_task(ask())
        await asyncio.sleep(seconds)
        asking.cancel()
        ended = time.monotonic()
        await publishing
    counted = [it for it in server.calls if it.chat_id is not None and begun <= it.at <= ended]

    rate = len(counted) / (ended - begun)
    print(
        f"{rate:.2f} calls a second over {ended - begun:.0f} s, {len(server.floods)} refused, "
        f"slowest of {len(answers)} answers {max(answers):.2f} s"
    )
    assert server.floods == []
    assert max(answers) < SLOWEST_ANSWER
    assert rate >= FEWEST_A_SECOND


def pushes(server: BotApi) -> list[Call] | None:
    return [it for it in server.called("sendMessage") if "Python developer 2" in it.params["text"]] or None


@pytest.mark.long
async def test_a_thousand_chats_get_what_telegram_allows(server: BotApi, tmp_path: Path) -> None:
    await check_load(server, tmp_path, 60 * MINUTES)
