"""What stands in a server's channels: announcements, forum posts, edits, and messages where buttons are refused."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from notifier.domain import compose
from notifier.domain.compose import Entry
from notifier.domain.document import Block, BlockKind, Document, File, Span
from notifier.domain.ports import Barred, Recipient, Rejected, Sent
from tests.chat.test_discord_render import a_job
from tests.conftest import Clock
from tests.road import a_posting, postings
from tests.standin.discord.beside import Beside, beside
from tests.standin.discord.messages import delete
from tests.standin.discord.person import Person
from tests.standin.discord.server import Discord
from tests.standin.discord.world import Channel, Guild


@pytest.fixture
async def server() -> AsyncIterator[Discord]:
    made = await Discord.start()
    yield made
    await made.close()


@pytest.fixture
def bob(server: Discord) -> Person:
    return server.user("Bob")


@pytest.fixture
def guild(server: Discord, bob: Person) -> Guild:
    return server.guild("Python Berlin", owner=bob)


@pytest.fixture
def jobs(guild: Guild) -> Channel:
    return guild.text("jobs")


@pytest.fixture
async def bot(server: Discord, jobs: Channel, tmp_path: Path, clock: Clock) -> AsyncIterator[Beside]:
    async with beside(tmp_path, server, clock) as made:
        await made.road.read(postings(1))
        yield made


async def reads(bot: Beside, clock: Clock, *numbers: int, **by: float) -> None:
    """Let time pass and the list say these jobs, and send what is due."""
    clock.forward(**(by or {"minutes": 30}))
    await bot.road.read(postings(*numbers))
    await bot.delivers()


# -- announcements and forums -------------------------------------------------------------------------


async def test_digests_in_an_announcement_channel_are_published_and_pushes_are_not(
    bot: Beside, server: Discord, guild: Guild, bob: Person, clock: Clock
) -> None:
    news = guild.announcement("news")
    await bob.slash("feed add", news, skills="python", cadence="both")

    await reads(bot, clock, 1, 2)
    push = await news.hears()
    pushed = [server.messages[push.id].crossposted]
    await reads(bot, clock, 1, 2, days=1)
    digest = await news.hears()

    assert "Python developer 2" in push.text
    assert pushed == [False] and not server.messages[push.id].crossposted
    assert digest.id != push.id
    assert server.messages[digest.id].crossposted
    assert len(server.called("crosspost_message")) == 1


async def test_a_digest_that_cannot_be_published_any_more_is_posted_all_the_same(
    bot: Beside, server: Discord, guild: Guild, clock: Clock
) -> None:
    """Ten an hour are published; the eleventh stands in its own channel, and nobody waits for an hour."""
    news = guild.announcement("news")
    server.limits.limits["create_message"] = (50, 1.0)
    to = Recipient(address=str(news.id), shared=True, form="announcement", digest=True)

    outcomes = [await bot.bot.messenger.send(to, a_sentence(str(n)), f"batch {n}") for n in range(11)]

    assert [type(it) for it in outcomes] == [Sent] * 11
    assert [it.crossposted for it in news.messages.values()] == [True] * 10 + [False]


async def test_a_forum_has_a_post_for_each_job_and_one_for_a_day_of_a_digest_with_its_tags(
    bot: Beside, server: Discord, guild: Guild, jobs: Channel, bob: Person, clock: Clock
) -> None:
    board, days = guild.forum("board", tags=["python", "other"]), guild.forum("days", tags=["daily"])
    python, daily = board.tag("python"), days.tag("daily")
    role = guild.role("python", mentionable=True)
    await bob.slash(
        "feed add",
        jobs,
        channel=board,
        skills="python",
        cadence="instant",
        tag=str(python.id),
        mention=role,
    )
    await bob.slash("feed add", jobs, channel=days, skills="python", cadence="daily", tag=str(daily.id))

    await reads(bot, clock, 1, 2, 3, 4, 5, 6)
    await reads(bot, clock, 1, 2, 3, 4, 5, 6, days=1)

    numbers = (2, 3, 4, 5, 6)
    assert sorted(it.name for it in board.threads) == [
        f"Python developer {number} — Company {number}" for number in numbers
    ]
    assert all(it.applied == [python] for it in board.threads)
    (day,) = days.threads
    assert day.applied == [daily]
    assert all(f"developer {number}" in day.first.text for number in numbers)
    assert [len(it.messages) for it in board.threads] == [1] * 5
    assert [it.first.text.count(role.mention) for it in board.threads] == [1] * 5
    assert len(server.pings) == 5


async def test_a_message_notifies_its_role_once_and_only_when_a_job_meets_the_condition(
    bot: Beside, server: Discord, guild: Guild, jobs: Channel, bob: Person, clock: Clock
) -> None:
    role, other = guild.role("python", mentionable=True), guild.role("berlin", mentionable=True)
    await bob.slash("feed add", jobs, skills="python", cadence="instant", mention=role, mention_when="java")
    await bob.slash("feed add", jobs, location="vienna", cadence="instant", mention=other)

    await reads(bot, clock, 1, 2)
    quiet = await jobs.hears()
    await bob.slash("feed add", jobs, location="berlin", cadence="instant", mention=other)
    await reads(bot, clock, 1, 2, 3, 4, 5, 6, 7, 8)
    loud = await jobs.hears()

    assert "<@&" not in quiet.text
    assert loud.text.count("<@&") == 1 and other.mention in loud.text
    assert [it.id for it in server.pings] == [loud.id]
    assert server.pings[0].pinged.roles == {other.id}


# -- edits ----------------------------------------------------------------------------------------------


async def test_a_job_that_closes_and_reopens_is_edited_wherever_it_was_pushed(
    bot: Beside, server: Discord, guild: Guild, jobs: Channel, bob: Person, clock: Clock
) -> None:
    board, role = guild.forum("board"), guild.role("python", mentionable=True)
    await bob.slash("subscribe", jobs, skills="python", cadence="instant")
    await bob.hears()
    await bob.slash("feed add", jobs, skills="python", cadence="instant", mention=role)
    await bob.slash("feed add", jobs, channel=board, skills="python", cadence="instant")
    await reads(bot, clock, 1, 2)
    pushes = [await jobs.hears(), await bob.hears(), (await board.opens()).first]
    pinged = len(server.pings)

    await closes(bot, clock)
    closed = [server.messages[it.id].seen() for it in pushes]
    await reads(bot, clock, 1, 2)
    reopened = [server.messages[it.id].seen() for it in pushes]

    for before, after, again in zip(pushes, closed, reopened, strict=True):
        assert "~~" not in before.text and "Closed" not in before.text
        assert "~~" in after.text and "Closed" in after.text
        assert any("Apply" in it for it in before.buttons)
        assert not any("Apply" in it for it in after.buttons)
        assert any("Save" in it for it in after.buttons)
        assert "~~" not in again.text
        assert any("Apply" in it for it in again.buttons)
    assert len(server.pings) == pinged
    assert len(board.threads) == 1


async def test_a_message_that_somebody_deleted_stays_deleted_and_holds_nothing_up(
    bot: Beside, server: Discord, guild: Guild, jobs: Channel, bob: Person, clock: Clock
) -> None:
    talk = guild.text("talk")
    for channel in (jobs, talk):
        await bob.slash("feed add", jobs, channel=channel, skills="python", cadence="instant")
    await reads(bot, clock, 1, 2)
    gone, kept = await jobs.hears(), await talk.hears()
    delete(server.messages[gone.id])

    await closes(bot, clock)
    await reads(bot, clock, 1, 3)
    later = await jobs.hears()

    assert "~~" in server.messages[kept.id].seen().text
    assert "developer 3" in later.text
    assert server.messages[gone.id].deleted
    assert [call.code for call in server.refusals] == [10008]


async def closes(bot: Beside, clock: Clock) -> None:
    """Let a job be marked as closed, and send what is due a day later."""
    await bot.road.read([a_posting(1), a_posting(2, closed=True)])
    clock.forward(hours=25)
    await bot.delivers()


# -- where buttons are refused ----------------------------------------------------------------------------


async def test_where_buttons_are_refused_an_embed_holds_every_word_and_link(
    bot: Beside, server: Discord, guild: Guild, jobs: Channel, bob: Person, clock: Clock
) -> None:
    role = guild.role("python", mentionable=True)
    await bob.slash("feed add", jobs, skills="python", cadence="instant", mention=role)
    server.refuses_components = True

    await reads(bot, clock, 1, 2)
    push = await jobs.hears()

    assert push.components == [] and len(push.raw["embeds"]) == 1
    assert "Python developer 2" in push.text and "Company 2" in push.text
    assert ("**Python developer 2**", "https://board.example/job/1002/python") in [
        (label if label.startswith("**") else f"**{label}**", url) for label, url in push.links
    ]
    assert server.pings[0].pinged.roles == {role.id}
    await closes(bot, clock)
    assert "~~" in server.messages[push.id].seen().text


async def test_where_embeds_are_refused_too_plain_words_hold_everything(
    bot: Beside, server: Discord, guild: Guild, jobs: Channel, clock: Clock
) -> None:
    jobs.deny(server.bot, "embed_links")
    server.refuses_components = True
    entries = [
        Entry(a_job(number, url=f"https://board.example/{'x' * 300}/{number}")) for number in range(1, 9)
    ]
    document = compose.grouped(entries, datetime.now(clock.now.tzinfo), "en", shared=True)

    outcome = await bot.bot.messenger.send(Recipient(address=str(jobs.id), shared=True), document, "batch")

    assert isinstance(outcome, Sent)
    texts = jobs.texts()
    assert len(texts) > 1 and all(len(it) <= 2_000 for it in texts)
    for number in range(1, 9):
        assert sum(f"developer {number}]" in it for it in texts) == 1
        assert sum(f"/{number})" in it for it in texts) == 1


async def test_a_forum_gets_its_post_and_a_file_its_message_without_buttons_too(
    bot: Beside, server: Discord, guild: Guild, jobs: Channel
) -> None:
    board = guild.forum("board")
    server.refuses_components = True
    forum = Recipient(address=str(board.id), shared=True, form="forum")
    with_file = Document((Block((Span("Here"),)),), file=File("jobs.md", b"all of them"))

    post = await bot.bot.messenger.send(forum, a_sentence("A job"), "one")
    file = await bot.bot.messenger.send(Recipient(address=str(jobs.id), shared=True), with_file, "two")

    assert isinstance(post, Sent) and isinstance(file, Sent)
    assert "A job" in board.threads[0].first.text
    assert (await jobs.hears()).files == {"jobs.md": b"all of them"}


async def test_a_message_that_is_wrong_otherwise_is_refused_at_once(
    bot: Beside, server: Discord, guild: Guild, jobs: Channel
) -> None:
    """Only what is said of components is answered with another shape."""
    jobs.deny(server.bot, "send_messages")
    before = len(server.called("create_message"))

    barred = await bot.bot.messenger.send(
        Recipient(address=str(jobs.id), shared=True), a_sentence("x"), "batch"
    )

    assert isinstance(barred, Barred)
    assert len(server.called("create_message")) == before + 1
    assert not isinstance(barred, Rejected)


async def test_a_command_is_answered_where_buttons_are_refused(
    bot: Beside, server: Discord, jobs: Channel, bob: Person
) -> None:
    server.refuses_components = True

    answer = await bob.slash("jobs", jobs, skills="python")

    assert answer.is_ephemeral
    assert "Python developer 1" in answer.text


def a_sentence(words: str) -> Document:
    return Document((Block((Span(words),), BlockKind.TEXT),), title=words)
