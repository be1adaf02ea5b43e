"""Incoming webhooks as destinations, with `notifier run` as a process against the stand-in; nothing is patched."""

import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import discord
import pytest
from discord.http import Route

from notifier.chat.discord.api import Api
from notifier.chat.discord.webhooks import WebhookFailed, Webhooks, read_address
from notifier.domain.document import Action, Block, BlockKind, Document, Span
from notifier.domain.ports import Gone, Recipient, Sent, Uncertain
from tests.standin.discord.person import Person
from tests.standin.discord.server import Discord
from tests.standin.discord.world import Guild, Webhook
from tests.standin.running import a_row, on_discord
from tests.standin.updates import until

API = "https://discord.com/api/v10"
HOOK = "webhooks/123456789/a-B_c9"


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


def plain(text: str) -> str:
    """Return words without what escapes them."""
    return re.sub(r"\\(.)", r"\1", text).replace("\u2060", "")


# -- addresses --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        f"https://discord.com/api/{HOOK}",
        f"https://discord.com/api/v10/{HOOK}",
        f"https://discordapp.com/{HOOK}",
        f"  https://DISCORD.com/api/{HOOK} ",
        f"http://127.0.0.1:8080/api/v9/{HOOK}",
    ],
)
def test_an_address_is_what_discord_gives_to_copy(address: str) -> None:
    found = read_address(address, "http://127.0.0.1:8080/api/v10")

    assert found is not None
    assert (found.id, found.token) == ("123456789", "a-B_c9")
    assert found.masked == "webhook …6789"
    assert "a-B_c9" not in repr(found)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nonsense",
        HOOK,
        f"http://discord.com/api/{HOOK}",
        f"https://discord.com:8443/api/{HOOK}",
        f"https://discord.com.evil.example/api/{HOOK}",
        f"https://evil.example/api/{HOOK}",
        f"https://me@discord.com/api/{HOOK}",
        f"https://discord.com@evil.example/api/{HOOK}",
        f"https://discord.com/api/{HOOK}/slack",
        f"https://discord.com/api/{HOOK}/",
        f"https://discord.com/api/{HOOK}?wait=true",
        f"https://discord.com/api/{HOOK}#x",
        f"https://discord.com/api/vx/{HOOK}",
        f"https://discord.com/api/../{HOOK}",
        f"http://127.0.0.1:8080/api/{HOOK}",
        "https://discord.com/api/webhooks/123/a%2Fb",
        "https://discord.com/api/webhooks/123/ä",
        "https://discord.com:nine/api/webhooks/123/a",
        "https://[discord.com/api/webhooks/123/a",
    ],
)
def test_anything_else_is_no_address(address: str) -> None:
    assert read_address(address, API) is None


# -- feeds ------------------------------------------------------------------------------------------


async def test_a_webhook_is_fed_where_the_bot_itself_may_not_write_and_its_token_is_nowhere(
    server: Discord, guild: Guild, bob: Person, tmp_path: Path
) -> None:
    jobs, closed = guild.text("jobs"), guild.text("closed")
    closed.deny(server.bot, "view_channel", "send_messages")
    hook = closed.webhook()
    role, other = guild.role("python", mentionable=True), guild.role("back end", mentionable=True)
    masked = f"webhook …{str(hook.id)[-4:]}"
    async with on_discord(tmp_path, server, NOTIFIER_LOG_LEVEL="DEBUG") as bot:
        added = await bob.slash(
            "feed add", jobs, webhook=hook.url, skills="python", cadence="instant", mention=role
        )
        bot.publishes([a_row(50)])
        push = await closed.hears()
        listed = await bob.slash("feed list", jobs)
        feeds = await bob.completes("feed test", "feed", "webhook", jobs)
        tested = await bob.slash("feed test", jobs, feed=feeds[0].value)
        unheard = await bob.slash("feed edit", jobs, feed=feeds[0].value, mention=guild.role("silent"))
        edited = await bob.slash("feed edit", jobs, feed=feeds[0].value, mention=other)
        bot.publishes([a_row(51), a_row(50)])
        await closed.hears(20)
        paused = await bob.presses(tested, "Pause")
        exported = await bob.slash("export", jobs)
        told = [bot.command("stats", "--json").stdout, bot.command("doctor", "--json").stdout]
        removed = await bob.presses(added, "Undo")
        after = await bob.slash("feed list", jobs)
        answers = (added, listed, tested, paused, removed)
        seen = [*(it.text for it in answers), *(it.name + it.value for it in feeds), *told]
        seen += [content.decode() for content in dict(exported.files).values()]

    assert added.is_ephemeral
    assert "its backups" in added.text
    assert "Python developer 50" in plain(push.text)
    assert push.buttons == ["Apply"]
    assert [it.pinged.roles for it in server.pings] == [{role.id}, {other.id}]
    assert f"{masked} #closed" in plain(listed.text)
    assert [it.name.startswith(f"{masked} #closed") for it in feeds] == [True]
    assert "cannot notify that role" in unheard.text
    assert "cannot notify" not in edited.text
    assert "pause" in paused.text
    assert "is removed" in removed.text
    assert "1 feed" not in after.text
    sent = server.called("execute_webhook")[0]
    assert sent.query == {"wait": "true", "with_components": "true"}
    assert "nonce" not in sent.data
    assert server.floods == []
    assert not [it for it in seen if hook.token in it]
    log = (tmp_path / "log.jsonl").read_text("utf-8")
    assert '"DEBUG"' in log
    assert hook.token not in log
    assert hook.token[:12] not in log


async def test_what_is_no_webhook_of_this_server_is_refused_and_nothing_is_saved(
    server: Discord, guild: Guild, bob: Person, tmp_path: Path
) -> None:
    jobs, other = guild.text("jobs"), guild.text("other")
    foreign = server.guild("Elsewhere", owner=server.user("Eve")).text("theirs").webhook()
    hook = jobs.webhook()
    gone = other.webhook()
    gone.delete()
    async with on_discord(tmp_path, server):
        wrong = await bob.slash(
            "feed add", jobs, webhook=f"https://evil.example/api/webhooks/1/{hook.token}", skills="python"
        )
        theirs = await bob.slash("feed add", jobs, webhook=foreign.url, skills="python")
        unknown = await bob.slash("feed add", jobs, webhook=gone.url, skills="python")
        forged = await bob.slash("feed add", jobs, webhook=f"{hook.url}x", skills="python")
        elsewhere = await bob.slash("feed add", jobs, webhook=hook.url, channel=other, skills="python")
        unheard = await bob.slash(
            "feed add", jobs, webhook=hook.url, skills="python", mention=guild.role("silent")
        )
        listed = await bob.slash("feed list", jobs)

    assert "https://discord.com/api/webhooks/ID/TOKEN" in plain(wrong.text)
    assert hook.token not in wrong.text
    assert theirs.text == unknown.text == forged.text == elsewhere.text
    assert "no such webhook" in theirs.text
    assert "cannot notify that role" in unheard.text
    assert "1 feed" not in listed.text
    assert server.called("execute_webhook") == []


async def test_feeds_of_another_servers_webhook_cannot_be_touched(
    server: Discord, guild: Guild, bob: Person, tmp_path: Path
) -> None:
    jobs, eve = guild.text("jobs"), server.user("Eve")
    theirs = server.guild("Elsewhere", owner=eve).text("theirs")
    hook = jobs.webhook()
    async with on_discord(tmp_path, server):
        answer = await bob.slash("feed add", jobs, webhook=hook.url, skills="python")
        offered = await eve.completes("feed remove", "feed", "", theirs)
        tried = await eve.slash("feed remove", theirs, feed=f"{hook.id}/1")
        own = await eve.slash("feed list", theirs)
        forged = await eve.presses_id(own, f"1@{hook.id} feed remove 1")
        listed = await bob.slash("feed list", jobs)

    assert answer.is_ephemeral
    assert offered == []
    assert "no channel of this server" in tried.text
    assert "removed" not in forged.text
    assert "1 feed" in listed.text


@pytest.mark.long
async def test_a_forums_webhook_opens_a_post_a_job_and_a_thread_gets_messages(
    server: Discord, guild: Guild, bob: Person, tmp_path: Path
) -> None:
    jobs, forum = guild.text("jobs"), guild.forum("board", tags=["remote"])
    thread = jobs.thread("python")
    async with on_discord(tmp_path, server) as bot:
        tags = await bob.completes("feed add", "tag", "", forum)
        await bob.slash(
            "feed add",
            jobs,
            webhook=forum.webhook().url,
            skills="python",
            cadence="instant",
            tag=tags[0].value,
        )
        await bob.slash(
            "feed add", jobs, webhook=jobs.webhook().url, channel=thread, skills="python", cadence="instant"
        )
        bot.publishes([a_row(50)])
        post = await forum.opens(20)
        inside = await thread.hears()

    assert post.name == "Python developer 50 — Harbour"
    assert [it.name for it in post.applied] == ["remote"]
    assert "Python developer 50" in plain(inside.text)


@pytest.mark.long
async def test_many_jobs_are_whole_pages_one_after_the_other(
    server: Discord, guild: Guild, bob: Person, tmp_path: Path
) -> None:
    jobs = guild.text("jobs")
    async with on_discord(tmp_path, server) as bot:
        await bob.slash("feed add", jobs, webhook=jobs.webhook().url, skills="python", cadence="instant")
        bot.publishes([a_row(number) for number in range(50, 64)])
        pages = [await jobs.hears(), await jobs.hears()]

    whole = "\n".join(plain(it.text) for it in pages)
    assert [whole.count(f"developer {number}]") for number in range(50, 64)] == [1] * 14
    assert [it.selects for it in pages] == [[], []]


# -- outcomes ---------------------------------------------------------------------------------------


@pytest.fixture
async def webhooks(server: Discord, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Webhooks]:
    """Messages through webhooks, over a client that has logged in."""
    monkeypatch.setattr(Route, "BASE", server.api)
    client, api = discord.Client(intents=discord.Intents.none(), max_ratelimit_timeout=30.0), Api()
    await client.login(server.token)
    api.use(client)
    yield Webhooks(api)
    await api.close()


def to(hook: Webhook, form: str = "") -> Recipient:
    return Recipient(address=str(hook.id), secret=hook.token, form=form, shared=True)


JOB = Document(
    (Block((Span("Ferry pilot"),), BlockKind.ITEM, opens="why 1"),),
    (Action("Apply", url="https://board.example/1"), Action("Save", command="save 1")),
)


async def test_a_message_has_links_only_and_can_be_edited(
    server: Discord, guild: Guild, webhooks: Webhooks
) -> None:
    forum = guild.forum("board")
    hook = forum.webhook()

    sent = await webhooks.send(to(hook, "forum"), JOB, "batch")
    assert isinstance(sent, Sent)
    post = await forum.opens()
    first = post.first
    closed = Document((Block((Span("Ferry pilot, closed"),)),))
    edited = await webhooks.edit(to(hook, "forum"), sent.reference, closed)

    assert (first.buttons, first.selects) == (["Apply"], [])
    assert edited == sent
    assert "closed" in post.messages[post.id].text
    assert server.violations == []


@pytest.mark.parametrize("how", ["lose_answer", "bad_json"])
async def test_a_lost_answer_is_uncertain_and_not_asked_again(
    server: Discord, guild: Guild, webhooks: Webhooks, how: str
) -> None:
    hook = guild.text("jobs").webhook()
    if how == "lose_answer":
        server.faults.lose_answer("execute_webhook")
    else:
        server.faults.bad_json("execute_webhook", accepted=True)

    assert await webhooks.send(to(hook), JOB, "batch") == Uncertain()
    assert len(server.called("execute_webhook")) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_server_that_broke_is_an_outage_and_not_asked_again_at_once(
    server: Discord, guild: Guild, webhooks: Webhooks, status: int
) -> None:
    hook = guild.text("jobs").webhook()
    server.faults.gateway(status, "execute_webhook")

    with pytest.raises(WebhookFailed, match=str(status)):
        await webhooks.send(to(hook), JOB, "batch")

    assert len(server.called("execute_webhook")) == 1


async def test_a_wait_is_kept_and_then_it_is_sent_once(
    server: Discord, guild: Guild, webhooks: Webhooks
) -> None:
    jobs = guild.text("jobs")
    hook = jobs.webhook()
    server.faults.flood(0.3, "execute_webhook")

    assert isinstance(await webhooks.send(to(hook), JOB, "batch"), Sent)
    assert len(jobs.messages) == 1


async def test_a_burst_stays_inside_the_webhooks_bucket(
    server: Discord, guild: Guild, webhooks: Webhooks
) -> None:
    hook = guild.text("jobs").webhook()

    sent = [await webhooks.send(to(hook), JOB, f"batch {number}") for number in range(8)]

    assert len({it.reference for it in sent if isinstance(it, Sent)}) == 8
    assert server.floods == []


async def test_a_further_try_goes_on_behind_the_messages_that_are_out(
    server: Discord, guild: Guild, webhooks: Webhooks
) -> None:
    jobs = guild.text("jobs")
    hook = jobs.webhook()
    many = Document(tuple(Block((Span(f"job {n}"),), BlockKind.ITEM, number=n) for n in range(1, 26)))
    server.faults.lose_answer("execute_webhook", when=lambda call: "job 11" in str(call.body))

    first = await webhooks.send(to(hook), many, "batch")
    second = await webhooks.send(to(hook), many, "batch")

    assert first == Uncertain()
    assert isinstance(second, Sent)
    texts = [it.text for it in jobs.messages.values()]
    assert [sum("job 1\n" in f"{it}\n" for it in texts), len(texts)] == [
        1,
        4,
    ]  # only the second page came twice


@pytest.mark.parametrize("how", ["deleted", "changed"])
async def test_a_webhook_that_is_lost_is_gone_and_the_bots_token_is_not_doubted(
    guild: Guild, webhooks: Webhooks, how: str
) -> None:
    hook = guild.text("jobs").webhook()
    recipient = to(hook)
    if how == "deleted":
        hook.delete()
    else:
        hook.token = "another"

    assert isinstance(await webhooks.send(recipient, JOB, "batch"), Gone)
    assert hook.token not in repr(recipient)


# -- what goes wrong --------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize("how", ["deleted", "changed"])
async def test_a_lost_webhook_is_left_at_once_and_its_manager_is_told_once(
    server: Discord, guild: Guild, bob: Person, tmp_path: Path, how: str
) -> None:
    jobs = guild.text("jobs")
    hook = jobs.webhook()
    async with on_discord(tmp_path, server) as bot:
        await bob.slash("subscribe", jobs, skills="java")
        await bob.hears()
        await bob.slash("feed add", jobs, webhook=hook.url, skills="python", cadence="instant")
        if how == "deleted":
            hook.delete()
        else:
            hook.token = "another"
        bot.publishes([a_row(50)])
        told = await bob.hears()
        bot.publishes([a_row(51), a_row(52, "Java developer")])
        push = await bob.hears()
        await bob.hears_nothing()

    assert f"webhook …{str(hook.id)[-4:]} #jobs" in plain(told.text)
    assert "Java developer 52" in plain(push.text)
    assert len(server.called("execute_webhook")) == 1


@pytest.mark.long
@pytest.mark.parametrize("how", ["kicked", "channel", "permissions"])
async def test_a_webhook_is_left_with_its_server_or_channel_and_not_with_the_bots_permissions(
    server: Discord, guild: Guild, bob: Person, tmp_path: Path, how: str
) -> None:
    jobs = guild.text("jobs")
    async with on_discord(tmp_path, server) as bot:
        await bob.slash("feed add", jobs, webhook=jobs.webhook().url, skills="python", cadence="instant")
        if how == "kicked":
            guild.kick_bot()
        elif how == "channel":
            guild.delete_channel(jobs)
        else:
            jobs.deny(server.bot, "send_messages")
        if how != "permissions":
            await bot.has_logged("chat left")
        bot.publishes([a_row(50)])
        if how == "permissions":
            await jobs.hears()
        else:
            await bot.has_logged("source collected", new=1)
            await jobs.hears_nothing(2.5)

    assert len(server.called("execute_webhook")) == (how == "permissions")


@pytest.mark.long
@pytest.mark.parametrize(("asked", "messages"), [("resend", 2), ("hold", 1)])
async def test_an_answer_that_is_lost_is_treated_as_the_setting_says(
    server: Discord, guild: Guild, bob: Person, tmp_path: Path, asked: str, messages: int
) -> None:
    jobs = guild.text("jobs")
    async with on_discord(tmp_path, server, NOTIFIER_ON_UNCERTAIN=asked) as bot:
        await bob.slash("feed add", jobs, webhook=jobs.webhook().url, skills="python", cadence="instant")
        server.faults.lose_answer("execute_webhook")
        bot.publishes([a_row(50)])
        await jobs.hears()
        if asked == "hold":
            await bot.has_logged("dead letter", reason="uncertain")
        else:
            await until(lambda: len(server.called("execute_webhook")) == 2 or None, 90, "second try")
            await jobs.hears(5)

    assert len(server.called("execute_webhook")) == messages


@pytest.mark.long
async def test_a_closed_job_is_struck_in_the_webhooks_message(
    server: Discord, guild: Guild, bob: Person, tmp_path: Path
) -> None:
    forum = guild.forum("board")
    async with on_discord(tmp_path, server) as bot:
        await bob.slash("feed add", forum, webhook=forum.webhook().url, skills="python", cadence="instant")
        bot.publishes([a_row(50)])
        post = await forum.opens(20)
        await until(lambda: _sent(tmp_path) or None, 15, "mark")
        await bot.ends()
        with closing(sqlite3.connect(tmp_path / "notifier.db")) as store, store:
            at = "datetime('now', '-25 hours')"
            store.execute(f"UPDATE job SET closed_at = {at} WHERE title LIKE '% 50'")
        await bot.start()
        await until(lambda: server.called("update_webhook_message") or None, 60, "edit")
        edited = server.called("update_webhook_message")[0]

    assert edited.query == {"with_components": "true", "thread_id": str(post.id)}
    assert "~~" in post.first.text or "closed" in post.first.text.lower()


def _sent(home: Path) -> bool:
    with closing(sqlite3.connect(home / "notifier.db")) as store:
        return bool(store.execute("SELECT count(*) FROM delivery WHERE state = 'sent'").fetchone()[0])
