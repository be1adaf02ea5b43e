"""The connection to Discord's gateway: cut, refused, banned, crashed, stopped; against the stand-in."""

import asyncio
import contextlib
import json
import signal
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from notifier.chat.discord import Discord as Product
from notifier.chat.discord import Refusal
from notifier.chat.discord.api import Banned, Lost
from notifier.chat.discord.identifies import HOUR, Identifies, rest
from notifier.cli.settings import Settings
from notifier.services.conversation import Conversation
from notifier.store.database import Database
from notifier.store.subscriptions import Defaults
from tests.conftest import Clock
from tests.standin.discord.gateway import HELLO
from tests.standin.discord.person import Person
from tests.standin.discord.server import Discord
from tests.standin.discord.world import Channel, Guild
from tests.standin.running import Notifier, a_row, discord_environment
from tests.standin.telegram import BotApi
from tests.standin.updates import until


@pytest.fixture
async def server() -> AsyncIterator[Discord]:
    made = await Discord.start()
    made.answer_seconds = 20.0  # how fast answers are is no matter here
    yield made
    await made.close()


@pytest.fixture
def guild(server: Discord) -> Guild:
    return server.guild("Python Berlin", owner=server.user("Bob"))


@pytest.fixture
def jobs(guild: Guild) -> Channel:
    return guild.text("jobs")


@pytest.fixture
def ann(server: Discord, guild: Guild) -> Person:
    member = server.user("Ann")
    guild.join(member)
    return member


@pytest.fixture
def db(sqlite: Database) -> Database:
    return sqlite


class Listener:
    """The product's Discord side in this process, and what it said of being refused."""

    def __init__(self, db: Database, server: Discord, clock: Clock, gateway_url: str) -> None:
        self.refusals: list[str] = []
        self.discord = Product(
            server.token,
            server.api,
            gateway_url,
            Conversation(db=db),
            clock,
            defaults=Defaults(),
            refused=self.refusals.append,
        )
        self.task = asyncio.create_task(self.discord.listen())

    async def ends(self) -> None:
        """Stop as `run` does."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.discord.close()

    async def refusal(self) -> Refusal:
        """Wait until Discord refuses it."""
        return await asyncio.wait_for(asyncio.shield(self.task), 30)


@pytest.fixture
async def listen(server: Discord, db: Database, clock: Clock) -> AsyncIterator[Callable[[], Listener]]:
    """Start the Discord side, as often as asked; it knows the gateway by the setting."""
    begun: list[Listener] = []

    def start() -> Listener:
        begun.append(Listener(db, server, clock, server.gateway.url))
        return begun[-1]

    yield start
    for one in begun:
        await asyncio.wait_for(one.ends(), 30)


async def connected(server: Discord, resumed: int = 0, shards: int = 1) -> None:
    """Wait until every shard has a connection, and sessions were resumed so often."""

    def is_so() -> bool | None:
        sessions = [it for it in server.gateway.sessions.values() if it.connection]
        return (len(sessions) == shards and sum(it.resumed for it in sessions) >= resumed) or None

    await until(is_so, 30, "connection to the gateway")


async def commands_work(ann: Person, jobs: Channel) -> None:
    answer = await ann.slash("jobs", jobs, skills="python")

    assert "python" in answer.text.lower()


# -- connecting -------------------------------------------------------------------------------------


async def test_servers_are_all_that_is_asked_for(
    server: Discord, ann: Person, jobs: Channel, listen: Callable[[], Listener]
) -> None:
    listen()
    await connected(server)
    await commands_work(ann, jobs)

    assert [(it.intents, it.shard) for it in server.identifies] == [(1, (0, 1))]


async def test_every_shard_uses_the_address_of_the_setting_also_to_resume(
    server: Discord, ann: Person, jobs: Channel, clock: Clock, listen: Callable[[], Listener]
) -> None:
    elsewhere, strangers = await trap()
    server.gateway.shards = 2
    server.gateway.must_shard = True
    server.gateway.identify_every = 4.5
    server.gateway.bot_url = server.gateway.resume_url = elsewhere.name
    other = server.guild("Python Paris", owner=ann)
    while (other.id >> 22) % 2 == (jobs.guild.id >> 22) % 2:  # type: ignore[union-attr]  # it is in a server
        other = server.guild("Python Paris", owner=ann)
    there = other.text("jobs")
    listen()
    await connected(server, shards=2)
    for channel in (jobs, there):
        await commands_work(ann, channel)  # so each shard has heard of its session, and can resume it
    clock.forward(minutes=1)
    server.gateway.cut()
    await connected(server, resumed=2, shards=2)
    await commands_work(ann, jobs)
    await commands_work(ann, there)
    await elsewhere.cleanup()

    assert sorted(it.shard for it in server.identifies) == [(0, 2), (1, 2)]
    assert strangers == []


class Trap(web.AppRunner):
    """Listens, and is not to be asked."""

    name = ""


async def trap() -> tuple[Trap, list[str]]:
    asked: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append(request.path_qs)
        return web.Response(status=404)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = Trap(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    runner.name = f"ws://127.0.0.1:{runner.addresses[0][1]}"
    return runner, asked


# -- ends of a connection ---------------------------------------------------------------------------


async def test_what_happened_meanwhile_is_answered_after_a_cut(
    server: Discord,
    ann: Person,
    jobs: Channel,
    listen: Callable[[], Listener],
    caplog: pytest.LogCaptureFixture,
) -> None:
    listen()
    await connected(server)
    await commands_work(ann, jobs)  # so it has heard of its session, and can resume it
    await server.gateway.goes_down()
    asked = asyncio.create_task(ann.slash("jobs", jobs, skills="python"))
    await until(lambda: "discord not reached, tried again" in caplog.messages or None, 60, "warning")
    await server.gateway.comes_up()
    answer = await asked

    assert "python" in answer.text.lower()
    assert len(server.identifies) == 1
    assert [it.resumed for it in server.gateway.sessions.values()] == [1]
    assert [it.levelname for it in caplog.records if it.levelname in ("WARNING", "ERROR")] == ["WARNING"]


Act = Callable[[Discord], object]
ENDS: dict[str, tuple[Act, int]] = {  # what happens, and how many sessions are begun in all
    "asked to reconnect": (lambda it: it.gateway.reconnect(), 1),
    "invalid, but to be resumed": (lambda it: it.gateway.invalidate(resumable=True), 1),
    "invalid": (lambda it: it.gateway.invalidate(), 2),
    "unknown error": (lambda it: it.gateway.close_with(4000), 1),
    "invalid sequence": (lambda it: it.gateway.close_with(4007), 2),
    "timed out": (lambda it: it.gateway.close_with(4009), 2),
    "closed without a reason": (lambda it: it.gateway.close_with(1000), 1),
}


@pytest.mark.parametrize("end", ENDS)
async def test_commands_work_again_whatever_ends_the_connection(
    server: Discord, ann: Person, jobs: Channel, clock: Clock, listen: Callable[[], Listener], end: str
) -> None:
    act, sessions = ENDS[end]
    listen()
    await connected(server)
    await commands_work(ann, jobs)  # so it has heard of its session, and can resume it
    before = server.gateway.live()
    clock.forward(minutes=1)  # so that another session may begin
    if asyncio.iscoroutine(acted := act(server)):
        await acted
    await until(lambda: not set(before) & set(server.gateway.connections) or None, 30, "end")
    await connected(server)
    await commands_work(ann, jobs)

    assert len(server.identifies) == sessions


async def test_a_session_that_cannot_be_resumed_is_begun_anew(
    server: Discord, ann: Person, jobs: Channel, clock: Clock, listen: Callable[[], Listener]
) -> None:
    listen()
    await connected(server)
    clock.forward(minutes=1)
    server.gateway.resumes_refused = True
    server.gateway.cut()
    await until(lambda: len(server.identifies) == 2 or None, 30, "second session")
    await connected(server)
    await commands_work(ann, jobs)


async def test_a_connection_whose_heartbeats_are_not_acknowledged_is_left_and_resumed(
    server: Discord, ann: Person, jobs: Channel, listen: Callable[[], Listener]
) -> None:
    server.gateway.heartbeat_interval = 0.5
    listen()
    await connected(server)
    await until(lambda: server.gateway.heartbeats > 2 or None, 30, "heartbeats")
    before = server.gateway.live()
    server.gateway.acknowledges = False
    beats = server.gateway.heartbeats
    await until(lambda: server.gateway.heartbeats > beats + 3 or None, 30, "unheard heartbeats")
    await commands_work(ann, jobs)  # whatever comes shows it
    server.gateway.acknowledges = True
    await until(lambda: not set(before) & set(server.gateway.connections) or None, 30, "end")
    await connected(server, resumed=1)
    await commands_work(ann, jobs)

    assert len(server.identifies) == 1


@pytest.mark.long
async def test_a_gateway_that_says_nothing_more_is_left_and_resumed(
    server: Discord, ann: Person, jobs: Channel, listen: Callable[[], Listener]
) -> None:
    server.gateway.heartbeat_interval = 5.0
    listen()
    await connected(server)
    server.gateway.mute()
    await until(lambda: any(it.resumed for it in server.gateway.sessions.values()) or None, 150, "resume")
    await commands_work(ann, jobs)

    assert len(server.identifies) == 1


# -- refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "named"),
    [
        (4004, "NOTIFIER_DISCORD_TOKEN"),
        (4010, "NOTIFIER_DISCORD_TOKEN"),
        (4011, "NOTIFIER_DISCORD_TOKEN"),
        (4012, "NOTIFIER_DISCORD_TOKEN"),
        (4013, "`guilds`"),
        (4014, "`guilds`"),
    ],
)
async def test_what_can_only_fail_again_is_tried_once(
    server: Discord, listen: Callable[[], Listener], code: int, named: str
) -> None:
    server.gateway.refuses_with = code
    listener = listen()
    refusal = await listener.refusal()

    assert named in refusal.reason
    assert refusal.seconds is None
    assert listener.refusals == [refusal.reason]
    assert len(server.identifies) == 1


async def test_a_token_that_is_reset_while_running_ends_it(
    server: Discord, listen: Callable[[], Listener]
) -> None:
    listener = listen()
    await connected(server)
    await server.revoke_token()
    refusal = await listener.refusal()

    assert "NOTIFIER_DISCORD_TOKEN" in refusal.reason
    assert server.gateway.refused_tokens == 0


Ban = Callable[[Discord], object]
BANS: dict[str, Ban] = {
    "at login": lambda it: it.limits.ban(1800),
    "at the application": lambda it: it.faults.gateway(429, "get_my_oauth2_application"),
    "when commands are sent": lambda it: it.faults.gateway(429, "bulk_set_application_commands"),
    "when the gateway is asked for": lambda it: it.faults.gateway(429, "get_bot_gateway"),
    "at the gateway": lambda it: setattr(it.gateway, "is_banned", True),
}


@pytest.mark.parametrize("where", BANS)
async def test_a_banned_address_asks_once_and_not_before_the_ban_is_over(
    server: Discord, clock: Clock, listen: Callable[[], Listener], where: str
) -> None:
    BANS[where](server)
    refusal = await listen().refusal()
    asked = len(server.calls)
    again = await listen().refusal()
    refused = [call for call in server.calls if call.status == 429]

    assert "NOTIFIER_DISCORD_TOKEN" in refusal.reason
    assert refusal.seconds == pytest.approx(1800, abs=5)
    assert len(refused) == (0 if where == "at the gateway" else 1)
    assert again.reason == refusal.reason
    assert len(server.calls) == asked
    assert server.identifies == []

    server.limits.banned_until = 0.0
    server.gateway.is_banned = False
    clock.forward(seconds=1806)
    listen()
    await connected(server)


async def test_a_ban_while_running_stops_every_call(server: Discord, listen: Callable[[], Listener]) -> None:
    listener = listen()
    await connected(server)
    server.limits.ban(600)
    for _ in range(3):
        with pytest.raises(Banned):
            await listener.discord._api.call("GET", "/gateway/bot")
    refusal = await listener.refusal()

    assert "refuses this address" in refusal.reason
    assert len([call for call in server.calls if call.status == 429]) == 1
    assert not server.gateway.connected


@pytest.mark.parametrize(
    ("api", "gateway", "complaint"),
    [
        ("http://127.0.0.1:1/api/v10", "ws://127.0.0.1:2", ""),
        ("http://localhost:1/api/v10", "ws://[::1]:2", ""),
        ("https://discord.example/api/v10", "wss://gateway.example", ""),
        ("http://discord.example/api/v10", "wss://gateway.example", "unencrypted"),
        ("https://discord.example/api/v10", "ws://gateway.example", "unencrypted"),
        ("https://discord.example/api/v10", "ws://127.0.0.1.example", "unencrypted"),
        ("https://discord.example/api/v10", "https://gateway.example", "not the address of a gateway"),
        ("https://discord.example/api/v10", "wss://gateway.example:port", "not the address of a gateway"),
        ("https://discord.example/api/v10", "wss://[gateway", "not the address of a gateway"),
    ],
)
def test_the_token_goes_in_the_clear_to_this_machine_only(api: str, gateway: str, complaint: str) -> None:
    given = {"discord_api_url": api, "discord_gateway_url": gateway}
    if not complaint:
        assert Settings(_env_file=None, **given).discord_gateway_url == gateway  # type: ignore[arg-type,call-arg]
        return
    with pytest.raises(ValidationError, match=complaint):
        Settings(_env_file=None, **given)  # type: ignore[arg-type,call-arg]


async def ended(bot: Notifier) -> int:
    assert bot.process is not None
    return await asyncio.wait_for(bot.process.wait(), 60)


async def test_a_refused_intent_and_a_ban_are_one_sentence_each_and_the_end_when_nothing_is_left(
    server: Discord, tmp_path: Path
) -> None:
    bot = Notifier(tmp_path, discord_environment(server))
    said = []
    server.gateway.refuses_with = 4014
    await bot.start()
    statuses = [await ended(bot)]
    said.append((tmp_path / "log.jsonl").read_text("utf-8"))
    (tmp_path / "log.jsonl").unlink()
    server.limits.ban()
    await bot.start()
    statuses.append(await ended(bot))
    said.append((tmp_path / "log.jsonl").read_text("utf-8"))

    assert statuses == [1, 1]
    assert [text.count("efuses") for text in said] == [1, 1]
    assert "`guilds`" in said[0]
    assert "NOTIFIER_DISCORD_TOKEN" in said[1]
    assert "Traceback" not in "".join(said)
    assert len(server.identifies) == 1
    assert len([call for call in server.calls if call.status == 429]) == 1


async def test_without_any_platform_left_it_ends_and_with_one_it_goes_on(
    server: Discord, tmp_path: Path
) -> None:
    telegram = await BotApi.start()
    server.gateway.refuses_with = 4013
    both = {"NOTIFIER_TELEGRAM_TOKEN": telegram.token, "NOTIFIER_TELEGRAM_API_URL": telegram.root}
    bot = Notifier(tmp_path, {**discord_environment(server), **both})
    bot.publishes([a_row(1)])
    await bot.start()
    await bot.has_logged("platform stopped", platform="discord")
    person = telegram.user("Cleo")
    await person.says("/help")
    await person.hears()
    await bot.ends()
    stopped = [it for it in bot.log("ERROR", "WARNING") if "`guilds`" in str(it)]
    bot.environment["NOTIFIER_TELEGRAM_TOKEN"] = "123456:" + "x" * 35
    await bot.start()
    status = await ended(bot)
    await telegram.close()

    assert len(stopped) == 1
    assert status == 1
    assert "Traceback" not in (tmp_path / "log.jsonl").read_text("utf-8")


@pytest.mark.long
async def test_when_a_ban_is_over_discord_goes_on_beside_telegram(
    server: Discord, ann: Person, jobs: Channel, tmp_path: Path
) -> None:
    telegram = await BotApi.start()
    both = {"NOTIFIER_TELEGRAM_TOKEN": telegram.token, "NOTIFIER_TELEGRAM_API_URL": telegram.root}
    bot = Notifier(tmp_path, {**discord_environment(server), **both})
    server.limits.ban(6)
    await bot.start()
    await bot.has_logged("platform stopped", platform="discord")
    await bot.has_logged("platform accepted again", 30, platform="discord")
    await connected(server)
    await commands_work(ann, jobs)
    await bot.ends()
    await telegram.close()

    assert len([call for call in server.calls if call.status == 429]) == 1
    assert len(bot.log("ERROR")) == 1


# -- how often sessions begin -----------------------------------------------------------------------


def most_in_an_hour(begun: list[float]) -> int:
    return max(sum(at <= other < at + HOUR for other in begun) for at in begun)


@given(st.lists(st.floats(0, 900), min_size=1, max_size=150))
def test_no_hour_sees_more_than_twenty_sessions(pauses: list[float]) -> None:
    begun: list[float] = []
    now = 1e9
    for pause in pauses:
        now += pause
        now += rest(begun, now)
        begun.append(now)

    assert most_in_an_hour(begun) <= 20


def test_who_crashes_at_once_for_a_day_does_not_use_up_the_day() -> None:
    begun: list[float] = []
    now = 1e9
    while now < 1e9 + 86_400:
        begun.append(now)
        now += max(0.5, rest(begun, now + 0.5))

    assert most_in_an_hour(begun) <= 20
    assert len(begun) < 500


async def test_a_clock_that_was_set_back_holds_up_nothing() -> None:
    assert rest([1e9], 1e9 - 86_400) <= 5


async def test_sessions_are_counted_across_processes(db: Database, clock: Clock) -> None:
    for _ in range(6):
        before = Identifies(db, clock)
        await before.note(0)
        clock.forward(seconds=30)
    after = asyncio.create_task(Identifies(db, clock).turn(0, 1))
    await asyncio.sleep(0.3)

    assert not after.done()  # of the forty seconds ten are left
    after.cancel()
    clock.forward(seconds=11)
    await asyncio.wait_for(Identifies(db, clock).turn(0, 1), 8)  # not ten more


async def test_a_gateway_that_drops_everybody_is_not_asked_again_and_again(
    server: Discord, clock: Clock, listen: Callable[[], Listener]
) -> None:
    server.gateway.drops_identified = True
    for _ in range(20):
        listener = listen()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(listener.task), 0.2)
        await listener.ends()  # as a crash would, without a word more
        clock.forward(seconds=60)

    # Twenty minutes have gone by on this clock.
    assert 5 < len(server.identifies) <= 11


async def test_a_process_that_is_killed_again_and_again_rests(server: Discord, tmp_path: Path) -> None:
    bot = Notifier(tmp_path, discord_environment(server))
    for number in (1, 2):
        await bot.start()
        await until(lambda number=number: len(server.identifies) == number or None, 30, "identify")  # type: ignore[misc]
        await bot.is_killed()
    await bot.start()
    await bot.has_logged("sessions began shortly before, waits", 30)
    await bot.ends()

    apart = [later.at - one.at for one, later in zip(server.identifies, server.identifies[1:], strict=False)]
    assert min(apart) > 2.5  # five, and either may be noticed late
    assert len(server.identifies) == 2


async def test_when_no_session_is_left_today_it_waits(
    server: Discord,
    ann: Person,
    jobs: Channel,
    listen: Callable[[], Listener],
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.gateway.identifies_a_day = 0
    server.gateway.reset_after = 1.5
    listen()
    await until(lambda: len(server.called("get_bot_gateway")) == 2 or None, 30, "question")
    server.gateway.identifies_a_day = 1000
    await connected(server)
    await commands_work(ann, jobs)

    said = [it.getMessage() for it in caplog.records if it.levelname == "WARNING"]
    assert said == ["Discord grants no more sessions for now, waits"]
    assert len(server.identifies) == 1


# -- logs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["json", pytest.param("text", marks=pytest.mark.long)])
async def test_nothing_of_events_and_tokens_is_in_a_log_at_debug(
    server: Discord, ann: Person, jobs: Channel, tmp_path: Path, form: str
) -> None:
    settings = {"NOTIFIER_LOG_LEVEL": "DEBUG", "NOTIFIER_LOG_FORMAT": form}
    bot = Notifier(tmp_path, discord_environment(server, **settings))
    await bot.start()
    await connected(server)
    answer = await ann.slash("subscribe", jobs, skills="python")
    await ann.presses_id(answer, "garbage")
    await ann.completes("subscribe", "skills", "pyt", jobs)
    server.faults.gateway(500, "create_message", times=1)
    server.faults.flood(0.2, "create_interaction_response")
    await commands_work(ann, jobs)
    await bot.ends()
    log = (tmp_path / "log.jsonl").read_text("utf-8")

    assert "connected to the gateway" in log
    assert "DEBUG" in log
    assert len(server.interactions) >= 4
    for token in (*server.interactions, server.token):
        assert token not in log
        assert token[-40:] not in log
        assert json.dumps(token)[1:-1] not in log
    for words in ("WebSocket Event", "INTERACTION_CREATE", "session_id", "has returned", "has received"):
        assert words not in log
    assert "Ann" not in log


# -- calls ------------------------------------------------------------------------------------------


async def test_every_call_ends_and_a_limit_for_all_that_was_waited_for_is_lifted(
    server: Discord, ann: Person, jobs: Channel, listen: Callable[[], Listener]
) -> None:
    listener = listen()
    await connected(server)
    api = listener.discord._api
    server.faults.hang("get_bot_gateway")
    with pytest.raises(Lost):
        await api.call("GET", "/gateway/bot", longest=0.3)
    server.limits.overall = (0, 20.0)
    with pytest.raises(Lost):  # the library waits for the 20 seconds
        await api.call("GET", "/gateway/bot", longest=0.5)
    server.limits.overall = (50, 1.0)

    assert await api.call("GET", "/gateway/bot", longest=10)


@pytest.mark.long
async def test_a_login_that_hangs_is_given_up_and_tried_again(
    server: Discord, listen: Callable[[], Listener]
) -> None:
    fault = server.faults.hang("get_my_user")
    listen()
    await until(lambda: server.gateway.connected or None, 120, "connection")

    assert len(fault.struck) == 1


# -- stopping ---------------------------------------------------------------------------------------

Hold = Callable[[Discord], object]
HOLDS: dict[str, Hold] = {
    "the login hangs": lambda it: it.faults.hang("get_my_user"),
    "commands hang": lambda it: it.faults.hang("bulk_set_application_commands"),
    "the gateway's address hangs": lambda it: it.faults.hang("get_bot_gateway"),
    "the gateway does not greet": lambda it: setattr(it.gateway, "muted", True),
    "no session is left": lambda it: setattr(it.gateway, "identifies_a_day", 0),
    "the API is down": lambda it: it.faults.reset(times=None),
}


@pytest.mark.parametrize("hold", HOLDS)
async def test_who_is_still_connecting_stops_at_once(
    server: Discord, listen: Callable[[], Listener], hold: str
) -> None:
    HOLDS[hold](server)
    listener = listen()
    await until(lambda: server.calls or None, 10, "call")
    await asyncio.sleep(0.3)

    await asyncio.wait_for(listener.ends(), 20)
    assert server.identifies == []


async def test_who_stops_between_the_greeting_and_the_session_leaves_no_heart_beating(
    server: Discord, db: Database, tmp_path: Path, listen: Callable[[], Listener]
) -> None:
    def beating() -> list[str]:
        return [it.name for it in threading.enumerate() if it.name.startswith("keep-alive")]

    server.gateway.muted = True
    listener = listen()
    (connection,) = await until(lambda: server.gateway.connections or None, 30, "connection")
    busy = sqlite3.connect(tmp_path / "notifier.db", isolation_level=None)
    busy.execute("BEGIN IMMEDIATE")  # so the session that is to begin cannot be noted
    server.gateway.muted = False
    connection.put({"op": HELLO, "s": None, "t": None, "d": {"heartbeat_interval": 45_000}})
    await until(lambda: beating() or None, 30, "heartbeat")

    await asyncio.wait_for(listener.ends(), 20)
    await until(lambda: not beating() or None, 30, "end of the heartbeat")
    busy.rollback()
    busy.close()

    assert server.identifies == []
    await until(lambda: not server.gateway.connections or None, 10, "end of the connection")


async def test_a_stop_says_goodbye_to_the_gateway(server: Discord, listen: Callable[[], Listener]) -> None:
    listener = listen()
    await connected(server)
    await listener.ends()
    await until(lambda: not server.gateway.connections or None, 10, "goodbye")

    assert server.gateway.sessions == {}  # closed with 1000, so Discord shows the bot as away at once


async def test_a_gateway_that_does_not_answer_holds_up_no_stop(
    server: Discord, listen: Callable[[], Listener]
) -> None:
    listener = listen()
    await connected(server)
    for connection in server.gateway.connections:
        assert connection.request.transport is not None
        connection.request.transport.pause_reading()  # type: ignore[attr-defined]  # a TCP transport has it

    await asyncio.wait_for(listener.ends(), 20)


async def test_a_signal_while_connecting_ends_the_process(server: Discord, tmp_path: Path) -> None:
    server.faults.hang("get_my_user")
    bot = Notifier(tmp_path, discord_environment(server))
    await bot.start()
    await until(lambda: server.called("get_my_user") or None, 30, "login")
    assert bot.process is not None
    bot.process.send_signal(signal.SIGTERM)

    assert await asyncio.wait_for(bot.process.wait(), 30) == 0
    said = (tmp_path / "log.jsonl").read_text("utf-8")
    assert "Traceback" not in said
    assert "Unclosed" not in said
