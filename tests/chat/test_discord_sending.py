"""Messages to Discord over a network that loses answers, and a process that is killed: each arrives once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.standin.discord.person import Person
from tests.standin.discord.server import Discord
from tests.standin.discord.world import Channel, Guild
from tests.standin.running import Notifier, a_row, on_discord
from tests.standin.updates import until

PEOPLE = 12
JOBS = 6


@pytest.fixture
async def server() -> AsyncIterator[Discord]:
    made = await Discord.start()
    yield made
    await made.close()


@pytest.fixture
def guild(server: Discord) -> Guild:
    return server.guild("Python Berlin", owner=server.user("Bob"))


async def subscribed(guild: Guild, jobs: Channel, people: list[Person]) -> None:
    for person in people:
        guild.join(person)
        await person.slash("subscribe", jobs, skills="python", cadence="instant")
        await person.hears()


def told(person: Person) -> list[str]:
    """Return the numbers of the jobs that a person's messages are about, each as often as it came."""
    texts = [it.text for it in person.dm.log]
    return [str(number) for number in range(50, 50 + JOBS) for it in texts if f"developer {number}]" in it]


async def in_turn(bot: Notifier, people: list[Person]) -> None:
    """Let the list gain one job after the other, so that each is a message of its own."""
    for number in range(50, 50 + JOBS):
        bot.publishes([a_row(number)])
        await until(
            lambda: all(str(number) in told(person) for person in people) or None,  # noqa: B023
            60,
            f"job {number}",
        )


async def test_lost_answers_lose_nothing_and_repeat_nothing(
    server: Discord, guild: Guild, tmp_path: Path
) -> None:
    jobs = guild.text("jobs")
    people = [server.user(f"Person {number}") for number in range(PEOPLE)]
    async with on_discord(tmp_path, server) as bot:
        await subscribed(guild, jobs, people)
        server.faults.lose_answer("create_message", times=None, chance=0.2)

        await in_turn(bot, people)

    assert [len(told(person)) for person in people] == [JOBS] * PEOPLE
    assert server.repeats


async def test_a_kill_loses_nothing_and_repeats_nothing(
    server: Discord, guild: Guild, tmp_path: Path
) -> None:
    jobs = guild.text("jobs")
    people = [server.user(f"Person {number}") for number in range(PEOPLE)]
    async with on_discord(tmp_path, server) as bot:
        await subscribed(guild, jobs, people)
        first = str(50)

        bot.publishes([a_row(50)])
        await until(lambda: sum(first in told(it) for it in people) > 3 or None, 30, "some messages")
        await bot.is_killed()
        await bot.start()
        await in_turn(bot, people)

    assert [len(told(person)) for person in people] == [JOBS] * PEOPLE
