"""What people ask of Discord in the awkward places: about messages of several jobs, of others, elsewhere, late."""

import asyncio
import logging
import re
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from notifier.store.tables import Destination, Subscription
from tests.conftest import Clock
from tests.road import a_posting, postings
from tests.standin.discord.beside import Beside, beside
from tests.standin.discord.person import Person
from tests.standin.discord.server import Discord
from tests.standin.discord.world import Channel, Guild
from tests.standin.updates import until


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
def ann(server: Discord, guild: Guild) -> Person:
    member = server.user("Ann")
    guild.join(member)
    return member


@pytest.fixture
async def bot(server: Discord, jobs: Channel, tmp_path: Path, clock: Clock) -> AsyncIterator[Beside]:
    async with beside(tmp_path, server, clock) as made:
        await made.road.read(postings(1))
        yield made


# -- message menus ----------------------------------------------------------------------------------


async def test_a_menu_on_a_message_of_several_jobs_asks_which(
    bot: Beside, jobs: Channel, ann: Person, bob: Person, clock: Clock
) -> None:
    await bob.slash("feed add", jobs, skills="python", cadence="instant")
    clock.forward(minutes=30)
    await bot.road.read(postings(1, 2, 3, 4, 5, 6))
    await bot.delivers()
    group = await jobs.hears()

    asked = await ann.menu("Mark applied", group)
    before = await ann.slash("saved", jobs)
    done = await ann.selects(asked, next(it for it in asked.options if "developer 3" in it))
    after = await ann.slash("saved", jobs)

    assert asked.is_ephemeral
    assert "Which of these jobs?" in asked.text
    assert len(asked.options) == 5
    assert "developer" not in before.text
    assert "Applied" in done.text
    assert "Python developer 3" in after.text and "Python developer 4" not in after.text


async def test_a_menu_on_a_message_of_somebody_else_changes_nothing(
    bot: Beside, jobs: Channel, ann: Person, bob: Person
) -> None:
    theirs = bob.says("Save this", jobs)
    theirs.raw["components"] = [
        {"type": 1, "id": 1, "components": [{"type": 2, "id": 2, "style": 2, "custom_id": "1why 1"}]}
    ]

    said = [await ann.menu(it, theirs) for it in ("Save job", "Mark applied", "Why this job?")]
    kept = await ann.slash("saved", jobs)

    assert all(it.is_ephemeral and "not mine" in it.text for it in said)
    assert "developer 1" not in kept.text


async def test_a_menu_on_a_message_of_ours_without_a_job_says_so(
    bot: Beside, jobs: Channel, ann: Person
) -> None:
    answer = await ann.slash("stats", jobs)

    said = await ann.menu("Save job", answer)

    assert said.is_ephemeral
    assert "not about one job" in said.text


# -- elsewhere ----------------------------------------------------------------------------------------


async def test_a_manager_with_closed_direct_messages_hears_of_a_lost_channel_once_in_the_list(
    bot: Beside, guild: Guild, jobs: Channel, bob: Person, clock: Clock
) -> None:
    board = guild.text("board")
    await bob.slash("start", jobs)  # so that there is a chat to tell it in
    await bob.hears()
    await bob.slash("feed add", jobs, channel=board, skills="python")
    bob.closes_dms()
    guild.delete_channel(board)
    await until(lambda: lost(bot) or None, 10, "the channel's end")
    await bot.keepers.tell(clock.now)

    first, second = await bob.slash("feed list", jobs), await bob.slash("feed list", jobs)

    assert "#board" in plain(first.text) and "the channel was deleted" in first.text
    assert "deleted" not in second.text
    clock.forward(days=1)
    bob.opens_dms()
    await bot.keepers.tell(clock.now)
    await bob.hears_nothing()


async def test_the_list_says_what_is_wrong_with_a_channel_that_still_stands(
    bot: Beside, server: Discord, guild: Guild, jobs: Channel, bob: Person
) -> None:
    board = guild.text("board")
    await bob.slash("feed add", jobs, channel=board, skills="python")
    board.deny(server.bot, "send_messages")
    await until(lambda: lost(bot) or None, 10, "the channel's end")

    listed = await bob.slash("feed list", jobs)

    assert board.mention in listed.text
    assert "missing permissions: Send Messages" in plain(listed.text)


def lost(bot: Beside) -> list[str]:
    """Return the addresses of the chats where nothing is posted any more."""
    return bot.db.call(
        lambda session: [
            it.address for it in session.execute(select(Destination)).scalars() if it.gone is not None
        ]
    )


def plain(text: str) -> str:
    """Return words without what escapes them."""
    return re.sub(r"\\(.)", r"\1", text).replace("\u2060", "")


# -- elsewhere ----------------------------------------------------------------------------------------


async def test_who_installed_the_bot_asks_in_a_server_where_it_is_not(
    bot: Beside, server: Discord, clock: Clock
) -> None:
    cleo = server.user("Cleo", installed=True)
    abroad = server.guild("Rust Oslo", owner=cleo, bot=False).text("talk")

    found = await cleo.slash("jobs", abroad, skills="python")
    saved = await cleo.selects(found, found.options[0])
    made = await cleo.slash("subscribe", abroad, skills="python", cadence="instant")
    hello = await cleo.hears()
    clock.forward(minutes=30)
    await bot.road.read(postings(1, 2))
    await bot.delivers()
    push = await cleo.hears()

    assert found.is_ephemeral and made.is_ephemeral and saved.is_ephemeral
    assert "developer 1" in found.text
    assert "Here I write to you" in hello.text
    assert "developer 2" in push.text
    assert not cleo.is_offered("feed list", abroad)
    assert cleo.is_offered("jobs", abroad)


async def test_who_installed_the_bot_asks_among_friends_and_is_answered_alone(
    bot: Beside, server: Discord
) -> None:
    cleo, dan = server.user("Cleo", installed=True), server.user("Dan")
    among = cleo.chat_with(dan)

    made = await cleo.slash("subscribe", among, skills="python")
    hello = await cleo.hears()
    mine = await cleo.slash("subscriptions", among)
    alone = await cleo.slash("subscriptions")

    assert made.is_ephemeral and mine.is_ephemeral
    assert "Here I write to you" in hello.text
    assert "1 subscription" in mine.text
    assert "1 subscription" in alone.text and not alone.is_ephemeral
    assert not cleo.is_offered("feed list", among)
    assert not cleo.is_offered("feed list")


async def test_who_has_not_installed_it_is_offered_nothing_elsewhere(
    bot: Beside, server: Discord, ann: Person
) -> None:
    abroad = server.guild("Rust Oslo", owner=ann, bot=False).text("talk")

    assert not ann.is_offered("jobs", abroad)
    assert ann.is_offered("jobs")


# -- in time --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_held", [False, True])
async def test_what_takes_long_is_announced_and_follows(
    bot: Beside, server: Discord, jobs: Channel, ann: Person, tmp_path: Path, clock: Clock, is_held: bool
) -> None:
    """Also when the person is one whose direct messages are tried again with the command."""
    await ann.slash("help", jobs)
    if is_held:
        await ann.slash("subscribe", jobs, skills="rust", cadence="instant")
        ann.closes_dms()
        clock.forward(minutes=30)
        await bot.road.read([*postings(1), a_posting(2, title="Rust developer")])
        await bot.delivers()
    other = sqlite3.connect(tmp_path / "notifier.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    server.answer_seconds = 20.0  # Discord's three are for a machine that does nothing else
    release = asyncio.get_running_loop().call_later(2.5, other.rollback)

    answer = await ann.slash("subscribe", jobs, skills="python")
    release.cancel()
    other.close()

    assert answer.deferred
    assert answer.is_ephemeral
    assert f"Subscription #{2 if is_held else 1}" in plain(answer.text)


async def test_an_answer_that_comes_too_late_loses_nothing_and_is_no_failure(
    bot: Beside, server: Discord, jobs: Channel, ann: Person, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer_seconds = -0.1
    with pytest.raises(AssertionError, match="answer to Ann"):
        await ann.slash("subscribe", jobs, skills="python")
    await until(lambda: server.refusals or None, 30, "the answer that is too late")
    server.answer_seconds = 3.0

    after = await ann.slash("subscriptions", jobs)

    assert "1 subscription" in after.text
    assert [call.code for call in server.refusals] == [10062]
    assert [it for it in caplog.records if it.levelno >= logging.WARNING or it.exc_info] == []


async def test_an_answer_whose_receipt_was_lost_is_given_once(
    bot: Beside, server: Discord, jobs: Channel, ann: Person, caplog: pytest.LogCaptureFixture
) -> None:
    """The second try hears that there is an answer already; what follows it comes all the same."""
    server.faults.lose_answer("create_interaction_response")
    ann.closes_dms()

    answer = await ann.slash("subscribe", jobs, skills="python")
    hint = await answer.follows()

    assert "Subscription #1" in plain(answer.text)
    assert "direct messages are closed" in hint.text
    assert 40060 in [call.code for call in server.calls]
    assert [it for it in caplog.records if it.levelno >= logging.ERROR or it.exc_info] == []


# -- what a channel allows ------------------------------------------------------------------------------


async def test_what_is_missing_is_named_from_roles_and_overwrites_of_each_kind_of_place(
    bot: Beside, server: Discord, guild: Guild, jobs: Channel, bob: Person
) -> None:
    closed, mute, forum, post = (guild.text("closed"), guild.text("mute"), guild.forum("f"), guild.forum("p"))
    news, parent = guild.announcement("news"), guild.text("parent")
    thread = parent.thread("python")
    closed.deny(guild.everyone, "view_channel")
    mute.deny(guild.everyone, "send_messages")
    news.deny(server.bot, "send_messages")
    parent.deny(server.bot, "send_messages_in_threads")
    forum.deny(guild.everyone, "send_messages")
    post.deny(server.bot, "send_messages_in_threads")

    said = {
        it.name: plain((await bob.slash("feed add", jobs, channel=it, skills="python")).text)
        for it in (closed, mute, news, thread, forum, post)
    }
    listed = await bob.slash("feed list", jobs)

    assert {name: re.findall(r"I lack: (.*?)\.", words) for name, words in said.items()} == {
        "closed": ["View Channel, Send Messages"],
        "mute": ["Send Messages"],
        "news": ["Send Messages"],
        "python": ["Send Messages in Threads"],
        "f": ["Create Posts"],
        "p": ["Send Messages in Threads"],
    }
    assert "No feeds" in listed.text or ("feed" in listed.text and "#1" not in listed.text)


async def test_an_overwrite_gives_back_what_the_role_lacks(
    bot: Beside, guild: Guild, jobs: Channel, bob: Person
) -> None:
    guild.everyone.revoke("send_messages")
    talk = guild.text("talk")
    assert guild.bot_role is not None
    talk.allow(guild.bot_role, "send_messages")

    refused = await bob.slash("feed add", jobs, skills="python")
    added = await bob.slash("feed add", jobs, channel=talk, skills="python")

    assert "Send Messages" in refused.text
    assert "python" in added.text.casefold() and "I lack" not in added.text


async def test_a_thread_that_the_bot_does_not_see_lacks_view_channel(
    bot: Beside, server: Discord, guild: Guild, jobs: Channel, bob: Person
) -> None:
    hidden = guild.text("hidden")
    hidden.deny(server.bot, "view_channel")
    thread = hidden.thread("inside")

    refused = await bob.slash("feed add", jobs, channel=thread, skills="python")

    assert "View Channel" in refused.text


async def test_a_role_that_cannot_be_notified_is_refused_when_it_is_chosen_and_when_it_is_changed(
    bot: Beside, server: Discord, guild: Guild, jobs: Channel, bob: Person
) -> None:
    quiet, loud = guild.role("quiet"), guild.role("loud", mentionable=True)
    talk = guild.text("talk")
    talk.allow(server.bot, "mention_everyone")

    refused = [
        await bob.slash("feed add", jobs, skills="python", mention=it) for it in (quiet, guild.everyone)
    ]
    await bob.slash("feed add", jobs, skills="python", mention=loud)
    (feed,) = await bob.completes("feed edit", "feed", "", jobs)
    refused.append(await bob.slash("feed edit", jobs, feed=feed.value, mention=quiet))
    there = await bob.slash("feed add", jobs, channel=talk, skills="python", mention=quiet)
    kept = bot.db.call(mentions)
    nobody = await bob.slash("feed edit", jobs, feed=feed.value, mention=guild.everyone)

    assert ["cannot notify that role" in it.text for it in refused] == [True] * 3
    assert "cannot notify" not in there.text + nobody.text
    assert kept == {loud.mention, quiet.mention}
    assert bot.db.call(mentions) == {"", quiet.mention}


async def test_who_lost_the_right_to_manage_is_refused_though_discord_still_offered_it(
    bot: Beside, server: Discord, guild: Guild, jobs: Channel, ann: Person, bob: Person
) -> None:
    """A server's managers can open the command to anybody; the right itself is asked for again."""
    command = server.command(1, "feed")
    assert command is not None
    command["default_member_permissions"] = None

    refused = await ann.slash("feed add", jobs, skills="python")
    listed = await ann.slash("feed list", jobs)
    offered = await ann.completes("feed remove", "feed", "", jobs)

    assert refused.is_ephemeral and "#1" not in refused.text
    assert "#1" not in listed.text
    assert offered == []
    assert bot.db.call(subscribed) == 0


def mentions(session: Session) -> set[str]:
    """Return what the subscriptions mention."""
    return set(session.execute(select(col(Subscription.mention))).scalars())


def subscribed(session: Session) -> int:
    """Return how many subscriptions there are."""
    return len(session.execute(select(Subscription)).scalars().all())


# -- closed direct messages -----------------------------------------------------------------------------


async def test_who_closed_their_direct_messages_is_tried_once_a_day_and_loses_nothing(
    bot: Beside, server: Discord, jobs: Channel, ann: Person, clock: Clock
) -> None:
    await ann.slash("subscribe", jobs, skills="python", cadence="instant")
    await ann.hears()
    ann.closes_dms()

    def tries() -> int:
        return sum(it.code == 50007 for it in server.refusals)

    for number in (2, 3, 4):
        clock.forward(minutes=30)
        await bot.road.read(postings(*range(1, number + 1)))
        await bot.delivers()
    on_the_first_day = tries()
    clock.forward(hours=25)
    await bot.delivers()
    on_the_second = tries() - on_the_first_day
    ann.opens_dms()
    clock.forward(hours=25)
    await bot.delivers()
    heard = plain((await ann.hears()).text)
    for _ in ann.dm.log[2:]:
        heard += plain((await ann.hears()).text)

    assert (on_the_first_day, on_the_second) == (1, 1)
    assert all(f"developer {number}" in heard for number in (2, 3, 4))


async def test_a_person_who_cannot_be_written_to_is_told_how_each_time_it_fails(
    bot: Beside, server: Discord, jobs: Channel, ann: Person
) -> None:
    ann.closes_dms()

    answer = await ann.slash("subscribe", jobs, skills="python")
    hint = await answer.follows()
    again = await ann.presses(hint, "Try again")
    ann.opens_dms()
    server.answer_seconds = 20.0
    server.faults.delay(3.0, "create_message")
    done = await ann.presses(again, "Try again")
    hello = await ann.hears()

    assert hint.is_ephemeral and again.is_ephemeral and done.is_ephemeral
    assert "direct messages are closed" in again.text
    assert "That worked" in done.text
    assert done.deferred
    assert "Here I write to you" in hello.text


async def test_an_outage_is_not_taken_for_closed_direct_messages(
    bot: Beside, server: Discord, jobs: Channel, ann: Person
) -> None:
    server.faults.gateway(503, "create_message", times=3)

    answer = await ann.slash("subscribe", jobs, skills="python")
    await until(lambda: len(server.called("create_message")) == 3 or None, 30, "the last try")
    await asyncio.sleep(0.3)

    assert "Subscription #1" in plain(answer.text)
    assert answer.interaction.followups == []


@pytest.mark.parametrize(
    ("locale", "name", "says"),
    [("de", "Job merken", "nicht um einen"), ("es-419", "Guardar", "no trata")],
)
async def test_menus_and_answers_are_in_the_language_of_the_client(
    bot: Beside, server: Discord, guild: Guild, jobs: Channel, locale: str, name: str, says: str
) -> None:
    """Whatever a command is called there, Discord sends the name that it has by itself."""
    eva = server.user("Eva", locale=locale)
    guild.join(eva)
    answer = await eva.slash("stats", jobs)

    said = await eva.menu("Save job", answer)

    assert says in said.text
    menu = server.command(3, "Save job")
    assert menu is not None and name in menu["name_localizations"][locale]


# -- feeds ------------------------------------------------------------------------------------------------


async def test_a_feed_from_its_first_test_to_its_end(
    bot: Beside, guild: Guild, jobs: Channel, bob: Person, clock: Clock
) -> None:
    board = guild.text("board")
    added = await bob.slash("feed add", jobs, channel=board, skills="python", cadence="instant")
    (feed,) = await bob.completes("feed test", "feed", "", jobs)
    tested = await bob.slash("feed test", jobs, feed=feed.value)
    paused = await bob.presses(tested, "Pause")
    await reads(bot, clock, 1, 2)
    await board.hears_nothing()
    resumed = await bob.slash("feed resume", jobs, feed=feed.value)
    edited = await bob.slash("feed edit", jobs, feed=feed.value, skills="rust", cadence="daily")
    listed = await bob.slash("feed list", jobs)
    removed = await bob.slash("feed remove", jobs, feed=feed.value)
    after = await bob.slash("feed list", jobs)

    every = (added, tested, paused, resumed, edited, listed, removed, after)
    assert all(it.is_ephemeral for it in every)
    assert feed.name == "#board #1 python"
    assert "Python developer 1" in tested.text and "It asks for" in tested.text
    assert "paused" in paused.text.casefold()
    assert "Rust" in edited.text
    assert board.mention in listed.text and "rust" in listed.text.casefold()
    assert "removed" in removed.text
    assert board.mention not in after.text
    assert board.texts() == []


async def test_a_tag_is_one_of_the_forum_by_its_name_too_and_where_one_is_needed_it_is_asked_for(
    bot: Beside, guild: Guild, jobs: Channel, bob: Person, clock: Clock
) -> None:
    board = guild.forum("board", tags=["Remote", "Berlin"], require_tag=True)

    async def added(**options: object) -> str:
        return plain((await bob.slash("feed add", jobs, skills="python", cadence="instant", **options)).text)

    missing, none = await added(channel=board), await added(channel=board, tag="none")
    unknown, elsewhere = await added(channel=board, tag="Paris"), await added(tag="Remote")
    before = bot.db.call(subscribed)
    await added(channel=board, tag="berlin")
    await reads(bot, clock, 1, 2)
    post = await board.opens()

    assert all("Choose one as tag: Remote, Berlin" in it for it in (missing, none))
    assert "#board has no tag “Paris”. It has: Remote, Berlin" in unknown
    assert "#jobs has no tag “Remote”" in elsewhere
    (feed,) = await bob.completes("feed edit", "feed", "", jobs)
    tags = await bob.completes("feed edit", "tag", "", jobs, feed=feed.value)

    assert before == 0
    assert [it.name for it in post.applied] == ["Berlin"]
    assert [it.name for it in tags] == ["Remote", "Berlin"]


async def test_a_feed_is_the_one_that_is_named_whatever_channel_stands_beside_it(
    bot: Beside, guild: Guild, jobs: Channel, bob: Person
) -> None:
    board = guild.text("board")
    await bob.slash("feed add", jobs, skills="python")
    await bob.slash("feed add", jobs, channel=board, skills="rust")
    (rust,) = await bob.completes("feed remove", "feed", "rust", jobs)

    await bob.slash("feed remove", jobs, feed=rust.value, channel=jobs)
    listed = await bob.slash("feed list", jobs)

    assert jobs.mention in listed.text and board.mention not in listed.text


async def test_undo_takes_back_the_feed_of_the_channel_that_was_named(
    bot: Beside, guild: Guild, jobs: Channel, bob: Person
) -> None:
    await bob.slash("feed add", jobs, skills="python")
    added = await bob.slash("feed add", jobs, channel=guild.text("board"), skills="rust")

    await bob.presses(added, "Undo")
    listed = await bob.slash("feed list", jobs)

    assert jobs.mention in listed.text and "rust" not in listed.text.casefold()


async def test_a_feed_of_another_server_cannot_be_named(
    bot: Beside, server: Discord, guild: Guild, jobs: Channel, bob: Person, ann: Person
) -> None:
    abroad = server.guild("Rust Oslo", owner=ann).text("talk")
    await bob.slash("feed add", jobs, skills="python")
    (feed,) = await bob.completes("feed remove", "feed", "", jobs)

    offered = await ann.completes("feed remove", "feed", "", abroad)
    refused = [
        await ann.slash(f"feed {action}", abroad, feed=feed.value)
        for action in ("test", "pause", "edit", "remove")
    ]
    await bob.slash("feed test", jobs, feed=feed.value)

    assert offered == []
    assert ["#1" not in it.text for it in refused] == [True] * 4
    assert bot.db.call(subscribed) == 1


async def test_a_digest_can_be_read_paged_acted_on_and_kept_as_a_file(
    bot: Beside, jobs: Channel, ann: Person, clock: Clock
) -> None:
    await ann.slash("subscribe", jobs, skills="python", cadence="daily")
    await reads(bot, clock, *range(1, 16))
    first = await ann.slash("digest", jobs, action="now")
    second = await ann.presses(first, "▶")
    card = await ann.selects(second, second.options[0])
    file = await ann.presses(second, ".md")

    assert first.is_ephemeral and len(first.options) == 10
    assert second.is_update and second.options[0] not in first.options
    assert any("Save" in it for it in card.buttons)
    ((name, content),) = file.files.items()
    assert name.endswith(".md")
    assert all(f"developer {number}".encode() in content for number in range(2, 16))


async def reads(bot: Beside, clock: Clock, *numbers: int) -> None:
    """Let time pass and the list say these jobs, and send what is due."""
    clock.forward(minutes=30)
    await bot.road.read(postings(*numbers))
    await bot.delivers()
