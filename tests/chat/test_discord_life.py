"""Members and managers on Discord, with `notifier run` as a process against the stand-in; nothing is patched."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.standin.discord.person import Person
from tests.standin.discord.server import Discord
from tests.standin.discord.world import Guild
from tests.standin.running import Notifier, a_row, discord_environment, on_discord
from tests.standin.telegram import BotApi
from tests.standin.updates import until


@pytest.fixture
async def server() -> AsyncIterator[Discord]:
    made = await Discord.start()
    yield made
    await made.close()


@pytest.fixture
def bob(server: Discord) -> Person:
    return server.user("Bob", locale="en-US")


@pytest.fixture
def guild(server: Discord, bob: Person) -> Guild:
    """A server of Bob's, where the bot is."""
    return server.guild("Python Berlin", owner=bob)


@pytest.fixture
def ann(server: Discord, guild: Guild) -> Person:
    member = server.user("Ann", locale="en-US")
    guild.join(member)
    return member


def plain(text: str) -> str:
    """Return words without what escapes them."""
    return re.sub(r"\\(.)", r"\1", text).replace("\u2060", "")


# -- members ----------------------------------------------------------------------------------------


async def test_a_member_subscribes_and_jobs_come_by_direct_message(
    server: Discord, guild: Guild, ann: Person, tmp_path: Path
) -> None:
    jobs = guild.text("jobs")
    async with on_discord(tmp_path, server) as bot:
        answer = await ann.slash("subscribe", jobs, skills="python", remote="only", cadence="instant")
        hello = await ann.hears()
        bot.publishes([a_row(50, "Senior Python developer")])
        push = await ann.hears()
        saved = await ann.presses(push, "Save")
        kept = await ann.slash("saved", jobs)
        undone = await ann.presses(saved, "Undo")
        why = await ann.presses(push, "Why")
        await ann.presses(push, "Hide")

    assert answer.is_ephemeral
    assert "Subscription #1: Python, remote" in plain(answer.text)
    assert "Here I write to you" in hello.text
    assert push.url("Apply") == "https://board.example/job/10050/x"
    assert [it.split()[-1] for it in push.buttons] == ["Apply", "Save", "Applied", "Hide", "company", "Why"]
    assert "Saved: Senior Python developer 50" in plain(saved.text)
    assert "Senior Python developer 50" in plain(kept.text)
    assert "Taken back" in undone.text
    assert "remote" in why.text
    assert server.pings == []


async def test_the_first_minute_is_three_taps(
    server: Discord, guild: Guild, ann: Person, tmp_path: Path
) -> None:
    jobs = guild.text("jobs")
    async with on_discord(tmp_path, server):
        hello = await ann.slash("start", jobs)
        where = await ann.presses(hello, "Python")
        how = await ann.presses(where, "Remote")
        done = await ann.presses(how, "Daily digest")

    assert hello.text.count("board.example/job/") == 3
    assert how.is_update or how.is_ephemeral
    assert "Subscription #1: Python, remote" in plain(done.text)


async def test_pages_turn_in_place_and_the_menu_opens_a_job(
    server: Discord, guild: Guild, ann: Person, tmp_path: Path
) -> None:
    jobs = guild.text("jobs")
    async with on_discord(tmp_path, server, rows=12):
        first = await ann.slash("jobs", jobs, skills="python", location="berlin")
        second = await ann.presses(first, "▶")
        card = await ann.selects(second, second.selects[0]["options"][0]["value"])

    assert first.is_ephemeral
    assert "12 open jobs for python in:berlin" in plain(first.text)
    assert second.is_update
    assert "11. " in second.text
    assert "Apply" in card.buttons


async def test_values_are_completed_the_last_one_of_several(
    server: Discord, guild: Guild, ann: Person, tmp_path: Path
) -> None:
    jobs = guild.text("jobs")
    async with on_discord(tmp_path, server):
        await ann.slash("subscribe", jobs, skills="python")
        skills = await ann.completes("subscribe", "skills", "django, pyt", jobs)
        companies = await ann.completes("jobs", "company", "har", jobs)
        own = await ann.completes("unsubscribe", "subscription", "", jobs)
        gone = await ann.slash("unsubscribe", jobs, subscription=own[0].value)

    assert skills[0].value == "django, Python"
    assert "Harbour" in [it.name for it in companies]
    assert [it.name for it in own] == ["#1 python"]
    assert "has stopped" in gone.text


async def test_closed_direct_messages_get_a_hint_and_nothing_is_lost(
    server: Discord, guild: Guild, ann: Person, tmp_path: Path
) -> None:
    jobs = guild.text("jobs")
    async with on_discord(tmp_path, server) as bot:
        ann.closes_dms()
        answer = await ann.slash("subscribe", jobs, skills="python", cadence="instant")
        hint = await answer.follows()
        bot.publishes([a_row(50)])
        await bot.has_logged("destination barred")
        ann.opens_dms()
        again = await ann.presses(hint, "Try again")
        heard = [await ann.hears(), await ann.hears()]

    assert hint.is_ephemeral
    assert "direct messages are closed" in hint.text
    assert "That worked" in again.text
    assert any("Python developer 50" in plain(it.text) for it in heard)


async def test_settings_digest_export_and_forget(
    server: Discord, guild: Guild, ann: Person, tmp_path: Path
) -> None:
    jobs = guild.text("jobs")
    async with on_discord(tmp_path, server):
        await ann.slash("subscribe", jobs, skills="python")
        time = await ann.slash("digest", jobs, action="at", time="07:15")
        await ann.slash("settings", jobs, name="language", value="de")
        german = await ann.slash("subscriptions", jobs)
        export = await ann.slash("export", jobs)
        asked = await ann.slash("forget", jobs)
        erased = await ann.presses(asked, asked.buttons[0])
        after = await ann.slash("subscriptions", jobs)

    assert "07:15" in time.text
    assert "1 Abo" in german.text
    assert b'"subscription"' in dict(export.files)["notifier-export.json"]
    assert erased.is_update
    assert "No subscriptions yet" in after.text


async def test_a_message_menu_is_about_the_job_of_its_message(
    server: Discord, guild: Guild, ann: Person, bob: Person, tmp_path: Path
) -> None:
    jobs = guild.text("jobs")
    async with on_discord(tmp_path, server) as bot:
        await bob.slash("feed add", jobs, skills="python", cadence="instant")
        bot.publishes([a_row(50)])
        push = await jobs.hears()
        saved = await ann.menu("Save job", push)
        applied = await ann.menu("Mark applied", push)
        theirs = await ann.slash("saved", jobs)
        bobs = await bob.slash("saved", jobs)

    assert saved.is_ephemeral
    assert "Saved" in saved.text
    assert "Applied" in applied.text
    assert "Python developer 50" in plain(theirs.text)
    assert "Python developer 50" not in plain(bobs.text)


async def test_forged_and_stale_buttons_change_nothing(
    server: Discord, guild: Guild, ann: Person, bob: Person, tmp_path: Path
) -> None:
    jobs = guild.text("jobs")
    async with on_discord(tmp_path, server):
        await bob.slash("feed add", jobs, skills="python")
        answer = await ann.slash("subscribe", jobs, skills="python")
        forged = (
            "garbage",
            "0unsubscribe 1",
            "1feed remove 1",
            f"1@{jobs.id} feed remove 1",
            "1@99 feed remove 1",
        )
        said = [await ann.presses_id(answer, it) for it in forged]
        after = await ann.slash("subscriptions", jobs)
        feeds = await bob.slash("feed list", jobs)

    assert all(it.is_ephemeral for it in said)
    assert "1 subscription" in after.text
    assert "1 feed" in feeds.text


async def test_buttons_work_after_a_restart(
    server: Discord, guild: Guild, ann: Person, tmp_path: Path
) -> None:
    jobs = guild.text("jobs")
    async with on_discord(tmp_path, server) as bot:
        await ann.slash("subscribe", jobs, skills="python", cadence="instant")
        await ann.hears()
        bot.publishes([a_row(50)])
        push = await ann.hears()
        synced = len(server.called("bulk_set_application_commands"))
        await bot.ends()
        before = len(server.identifies)
        await bot.start()
        await until(lambda: len(server.identifies) > before or None, 40, "identify")
        await until(lambda: server.gateway.connected or None, 20, "connection")
        saved = await ann.presses(push, "Save")

    assert "Saved" in saved.text
    assert len(server.called("bulk_set_application_commands")) == synced == 1


async def test_what_waits_for_closed_direct_messages_leaves_at_the_next_command(
    server: Discord, guild: Guild, ann: Person, tmp_path: Path
) -> None:
    jobs = guild.text("jobs")
    async with on_discord(tmp_path, server) as bot:
        await ann.slash("subscribe", jobs, skills="python", cadence="instant")
        await ann.hears()
        ann.closes_dms()
        bot.publishes([a_row(50)])
        await bot.has_logged("destination barred")
        ann.opens_dms()
        await ann.slash("stats", jobs)
        push = await ann.hears()

    assert "Python developer 50" in plain(push.text)


# -- managers ---------------------------------------------------------------------------------------


async def test_a_manager_feeds_channels_threads_and_forums(
    server: Discord, guild: Guild, bob: Person, tmp_path: Path
) -> None:
    jobs, forum = guild.text("jobs"), guild.forum("board", tags=["remote"])
    thread = jobs.thread("python")
    role = guild.role("python", mentionable=True)
    async with on_discord(tmp_path, server) as bot:
        here = await bob.slash("feed add", jobs, skills="python", cadence="instant", mention=role)
        await bob.slash("feed add", jobs, channel=thread, skills="python", cadence="instant")
        tags = await bob.completes("feed add", "tag", "", forum)
        await bob.slash(
            "feed add", jobs, channel=forum, skills="python", cadence="instant", tag=tags[0].value
        )
        bot.publishes([a_row(50)])
        push, inside = await jobs.hears(), await thread.hears()
        post = await forum.opens()
        listed = await bob.slash("feed list", jobs)
        feeds = await bob.completes("feed remove", "feed", "jobs", jobs)
        removed = await bob.slash("feed remove", jobs, feed=feeds[0].value)

    assert here.is_ephemeral
    assert "Apply" in push.buttons
    assert "Python developer 50" in plain(inside.text)
    assert post.name == "Python developer 50 — Harbour"
    assert [it.name for it in post.applied] == ["remote"] or post.applied
    assert listed.text.count("<#") == 3
    assert "is removed" in removed.text
    assert len(server.pings) == 1


async def test_what_the_bot_lacks_is_named_before_anything_is_saved(
    server: Discord, guild: Guild, bob: Person, tmp_path: Path
) -> None:
    jobs, closed = guild.text("jobs"), guild.text("closed")
    closed.deny(server.bot, "send_messages")
    role = guild.role("python", mentionable=False)
    async with on_discord(tmp_path, server):
        refused = await bob.slash("feed add", jobs, channel=closed, skills="python")
        unheard = await bob.slash("feed add", jobs, skills="python", mention=role)
        listed = await bob.slash("feed list", jobs)

    assert "Send Messages" in refused.text
    assert "cannot notify that role" in unheard.text
    assert "1 feed" not in listed.text


async def test_a_member_without_the_right_manages_nothing(
    server: Discord, guild: Guild, ann: Person, tmp_path: Path
) -> None:
    jobs = guild.text("jobs")
    async with on_discord(tmp_path, server):
        offered = ann.is_offered("feed add", jobs)

    assert not offered


async def test_a_deleted_channel_is_left_and_who_set_it_up_is_told_once(
    server: Discord, guild: Guild, bob: Person, tmp_path: Path
) -> None:
    jobs = guild.text("jobs")
    async with on_discord(tmp_path, server) as bot:
        await bob.slash("subscribe", jobs, skills="java")
        await bob.hears()
        await bob.slash("feed add", jobs, skills="python", cadence="instant")
        guild.delete_channel(jobs)
        told = await bob.hears()
        bot.publishes([a_row(50), a_row(51, "Java developer")])
        push = await bob.hears()
        await bob.hears_nothing()
        tried = [it for it in server.called("create_message") if str(jobs.id) in it.path]

    assert "#jobs" in plain(told.text)
    assert "Java developer 51" in plain(push.text)
    assert tried == []


async def test_commands_work_again_after_the_gateway_was_cut(
    server: Discord, guild: Guild, ann: Person, tmp_path: Path
) -> None:
    jobs = guild.text("jobs")
    async with on_discord(tmp_path, server):
        server.gateway.cut()
        await until(lambda: server.gateway.connected or None, 30, "connection")
        answer = await ann.slash("jobs", jobs, skills="python")

    assert "open jobs for python" in answer.text


# -- refusals ---------------------------------------------------------------------------------------


async def test_a_wrong_token_is_one_sentence_and_the_end(server: Discord, tmp_path: Path) -> None:
    bot = Notifier(
        tmp_path, {**discord_environment(server), "NOTIFIER_DISCORD_TOKEN": "x" * 24 + ".wrong1." + "y" * 30}
    )
    await bot.start()
    assert bot.process is not None

    status = await until_ended(bot)

    said = (tmp_path / "log.jsonl").read_text("utf-8")
    assert status == 1
    assert said.count("NOTIFIER_DISCORD_TOKEN") >= 1
    assert "Traceback" not in said
    assert "yyyyyyyy" not in said


async def test_telegram_goes_on_without_discord(server: Discord, tmp_path: Path) -> None:
    telegram = await BotApi.start()
    wrong = {
        "NOTIFIER_DISCORD_TOKEN": "x" * 24 + ".wrong1." + "y" * 30,
        "NOTIFIER_TELEGRAM_TOKEN": telegram.token,
        "NOTIFIER_TELEGRAM_API_URL": telegram.root,
    }
    bot = Notifier(tmp_path, {**discord_environment(server), **wrong})
    bot.publishes([a_row(1)])
    bot.adds_its_list()
    await bot.start()
    try:
        await bot.has_logged("platform stopped")
        await bot.has_logged("source collected")
        person = telegram.user("Cleo")
        await person.says("/jobs")
        heard = await person.hears()
    finally:
        await bot.ends()
        await telegram.close()

    assert "Python developer 1" in heard.text
    assert len(bot.log("ERROR")) == 1


async def until_ended(bot: Notifier) -> int:
    assert bot.process is not None
    return await bot.process.wait()
