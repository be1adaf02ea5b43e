"""`notifier run` while Discord refuses, breaks or is busy: its secrets stay with it, and people are answered."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest

from tests.standin.discord.faults import Call, Fault
from tests.standin.discord.interactions import Answer
from tests.standin.discord.members import budget_of, heard, many, pings_nobody, set_up
from tests.standin.discord.person import Person
from tests.standin.discord.server import Discord
from tests.standin.discord.world import Channel, Guild
from tests.standin.running import Notifier, a_row, everything, says_of_itself
from tests.standin.updates import until


async def starts(bot: Notifier, server: Discord) -> None:
    """Start it, and wait until it hears people."""
    await bot.start()
    await until(lambda: server.gateway.connected or None, 60, "connection to the gateway")


# -- secrets ----------------------------------------------------------------------------------------

WORD = "zyxwv"
TOKEN = "MTk4NjIyNDgzNDcxOTI1MjQ4.zyxwvA.DiscordMadeUpzyxwv0123456789abcdefghij"
INTERACTION = "aW50ZXJhY3Rpb246"  # what the tokens of interactions begin with


def struck(fault: Fault) -> list[Call] | None:
    return fault.struck or None


async def fails_in_every_way(
    server: Discord, bot: Notifier, guild: Guild, ann: Person, ben: Person, jobs: Channel
) -> Answer:
    """Let everything go wrong that can, one after the other; return what /export gave."""
    faults, sending, answering = server.faults, "create_message", "create_interaction_response"
    strikes: list[Callable[[], Fault]] = [
        lambda: faults.lose_answer(sending),
        lambda: faults.reset(sending),
        lambda: faults.gateway(500, sending),
        lambda: faults.gateway(503, sending, accepted=True),
        lambda: faults.bad_json(sending),
        lambda: faults.flood(0.2, sending),
        lambda: faults.flood(60, sending, channel=jobs.id),
    ]
    for number, strike in enumerate(strikes, start=2):
        fault = strike()
        bot.publishes([a_row(number)])
        await until(partial(struck, fault), 60, fault.how.name)
    for strike in (
        lambda: faults.lose_answer(answering),
        lambda: faults.bad_json(answering, accepted=True),
        lambda: faults.gateway(502, answering),
    ):
        fault = strike()
        await ann.slash("help", jobs)
        await until(partial(struck, fault), 60, fault.how.name)
    command = server.command(1, "help")
    assert command is not None
    server.interact(ann, 2, jobs, command)  # its options have no values: nobody can read that
    await until(lambda: "interaction failed" in said(bot) or None, 60, "failure")
    fault = faults.reset(answering)
    server.interact(ann, 2, jobs, {name: command[name] for name in ("id", "name", "type")})
    await until(partial(struck, fault), 60, "answer that is lost")
    faults.clear()
    ben.closes_dms()
    bot.publishes([a_row(30)])
    await until(lambda: "destination barred" in said(bot) or None, 60, "closed messages")
    guild.delete_channel(jobs)
    place = guild.text("elsewhere")
    exported = await ann.slash("export", place)
    server.gateway.cut()
    await until(lambda: server.gateway.connected or None, 60, "connection")
    await server.goes_down()
    bot.publishes([a_row(31)])
    await asyncio.sleep(2)
    await server.comes_up()
    await ann.slash("help", place)
    await server.revoke_token()
    bot.publishes([a_row(32)])
    await until(lambda: "NOTIFIER_DISCORD_TOKEN" in said(bot) or None, 60, "refusal")
    return exported


def said(bot: Notifier) -> str:
    return (bot.home / "log.jsonl").read_text("utf-8")


@pytest.mark.parametrize("log_format", [pytest.param("text", marks=pytest.mark.long), "json"])
async def test_no_secret_is_anywhere_whatever_fails(tmp_path: Path, log_format: str) -> None:
    server = await Discord.start(TOKEN)
    server.answer_seconds = 20.0
    ann, ben = server.user("Ann"), server.user("Ben")
    guild = server.guild("Python Berlin", owner=ann)
    guild.join(ben)
    jobs = guild.text("jobs")
    bot = set_up(
        tmp_path, server, [ann, ben, jobs], NOTIFIER_LOG_LEVEL="DEBUG", NOTIFIER_LOG_FORMAT=log_format
    )
    try:
        await starts(bot, server)
        exported = await fails_in_every_way(server, bot, guild, ann, ben, jobs)
        spoken = await says_of_itself(bot)
    finally:
        await bot.ends()
        await server.close()

    places = dict(everything(tmp_path)) | spoken
    places |= {name: content.decode() for name, content in exported.files.items()}
    places["chats"] = json.dumps([it.text for it in server.messages.values()])
    secrets = (WORD, TOKEN, INTERACTION)
    assert "DEBUG" in places["log.jsonl"]
    assert {"notifier.db", "store.zip"} <= {name.split()[0] for name in places}
    assert "notifier-export.json" in places
    assert [(name, it) for name, content in places.items() for it in secrets if it in content] == []


# -- many pushes at once ------------------------------------------------------------------------------


@pytest.fixture
async def server() -> AsyncIterator[Discord]:
    server = await Discord.start()
    yield server
    await server.close()
    assert server.violations == []


async def check_answers(server: Discord, home: Path, pushes: int) -> None:
    """Let so many chats be owed a job at once, and a person ask meanwhile, one thing after the other."""
    ann = server.user("Ann")
    guild = server.guild("Python Berlin", owner=ann)
    jobs = guild.text("jobs")
    chats = many(server, guild, pushes)
    bot = set_up(home, server, chats)
    answers: list[float] = []
    await starts(bot, server)
    try:
        began = time.monotonic()
        bot.publishes([a_row(2, "Senior Python developer")])
        await until(lambda: server.called("create_message") or None, 60, "first message")
        while not all(heard(chat, "developer 2]") for chat in chats):
            for command, options in (("jobs", {"skills": "python"}), ("subscriptions", {}), ("help", {})):
                answers.append((await ann.slash(command, jobs, **options)).seconds)
            await ann.completes("jobs", "skills", "pyt", jobs)
            assert time.monotonic() < began + 300
        took = time.monotonic() - began
    finally:
        await bot.ends()

    rate, busiest = budget_of(server, since=began)
    print(
        f"{pushes} pushes in {took:.1f} s, {rate:.1f} calls a second, {busiest} in the busiest; "
        f"slowest of {len(answers)} answers {max(answers):.2f} s; {len(server.floods)} floods"
    )
    assert [heard(chat, "developer 2]") for chat in chats] == [1] * pushes
    assert answers
    assert server.refusals == []
    assert server.floods == []
    assert server.pings == []
    assert pings_nobody(server)
    assert bot.log("ERROR", "WARNING") == []


async def test_people_are_answered_while_pushes_go_out(server: Discord, tmp_path: Path) -> None:
    server.answer_seconds = 20.0  # Discord's three are for a machine that does nothing else
    await check_answers(server, tmp_path, 60)


@pytest.mark.long
async def test_people_are_answered_in_time_while_five_hundred_pushes_go_out(
    server: Discord, tmp_path: Path
) -> None:
    await check_answers(server, tmp_path, 500)
