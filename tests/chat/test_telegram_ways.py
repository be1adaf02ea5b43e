"""The ways in and around: inline mode, the webhook, menus; `notifier run` as a process against the stand-in."""

import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from notifier.chat.telegram.transport import proxy_for
from notifier.services.commands import COMMANDS, Audience
from tests.standin.running import Notifier, environment, faultless
from tests.standin.telegram import BotApi
from tests.standin.updates import until
from tests.standin.world import Person

SECRET = "right-secret_1"
HEADER = "X-Telegram-Bot-Api-Secret-Token"


@pytest.fixture
async def server() -> AsyncIterator[BotApi]:
    made = await BotApi.start()
    yield made
    await made.close()


@pytest.fixture
def ann(server: BotApi) -> Person:
    return server.user("Ann")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


# -- inline mode ------------------------------------------------------------------------------------


async def test_inline_mode_gives_job_cards_page_by_page(server: BotApi, ann: Person, tmp_path: Path) -> None:
    async with faultless(tmp_path, server, rows=25):
        first = await ann.inline("python remote")
        second = await ann.inline("python remote", offset=first.next_offset)
        everything = await ann.inline("")

    assert first.is_personal and first.next_offset and not second.next_offset
    assert len(first.results) == 20 and len(second.results) == 5
    assert len(everything.results) == 20
    titles = [one["title"] for one in (*first.results, *second.results)]
    assert sorted(titles) == sorted(f"Python developer {number}" for number in range(1, 26))
    for one in first.results:
        words = one["input_message_content"]["message_text"]
        (row,) = one["reply_markup"]["inline_keyboard"]
        assert one["type"] == "article" and one["title"] in words and "Harbour" in one["description"]
        assert [button["text"] for button in row] == ["Apply"]
        assert row[0]["url"].startswith("https://board.example/job/")


async def test_a_wrong_inline_query_says_what_is_wrong_with_it(
    server: BotApi, ann: Person, tmp_path: Path
) -> None:
    async with faultless(tmp_path, server):
        wrong = await ann.inline("colour:red")
        nothing = await ann.inline("cobol onsite")
        await ann.says(f"/start {(wrong.button or {}).get('start_parameter', '')}")
        led_to = await ann.hears()

    assert wrong.results == [] and wrong.button is not None
    assert "colour" in wrong.button["text"]
    assert nothing.results == [] and nothing.button is not None
    assert "No open job fits" in nothing.button["text"]
    assert led_to.text


# -- webhook ------------------------------------------------------------------------------------------


async def test_a_webhook_answers_who_knows_the_secret_and_nobody_else(
    server: BotApi, ann: Person, tmp_path: Path
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/hook/path"
    settings = {
        "NOTIFIER_TELEGRAM_WEBHOOK_URL": url,
        "NOTIFIER_TELEGRAM_WEBHOOK_LISTEN": f"127.0.0.1:{port}",
        "NOTIFIER_TELEGRAM_WEBHOOK_SECRET": SECRET,
    }
    async with faultless(tmp_path, server, 6, **settings):
        await until(lambda: server.updates.url or None, 10, "webhook")
        await ann.says("/start")
        hello = await ann.hears()

        message = {
            "message_id": 900,
            "date": 1,
            "chat": ann.chat.json,
            "from": ann.json,
            "text": "/subscribe python",
        }
        forged = {"update_id": 1, "message": message}
        statuses = []
        async with aiohttp.ClientSession() as session:
            for headers in (
                {},
                {HEADER: ""},
                {HEADER: "wrong"},
                {HEADER: SECRET + "x"},
                {HEADER: SECRET[:-1]},
            ):
                async with session.post(url, json=forged, headers=headers) as answer:
                    statuses.append(answer.status)
            async with session.post(
                f"http://127.0.0.1:{port}/", json=forged, headers={HEADER: SECRET}
            ) as answer:
                elsewhere = answer.status
            async with session.post(url, data=b"no json", headers={HEADER: SECRET}) as answer:
                unreadable = answer.status
        await ann.says("/subscriptions")
        listed = await ann.hears()

    assert "Open now" in hello.text
    assert server.called("getUpdates") == []
    assert all(status in (401, 403) for status in statuses)
    assert elsewhere == 404
    assert unreadable < 500
    assert "No subscriptions yet" in listed.text


async def test_from_a_webhook_back_to_polling_nothing_is_lost(
    server: BotApi, ann: Person, tmp_path: Path
) -> None:
    port = free_port()
    settings = {
        "NOTIFIER_TELEGRAM_WEBHOOK_URL": f"http://127.0.0.1:{port}/hook",
        "NOTIFIER_TELEGRAM_WEBHOOK_LISTEN": f"127.0.0.1:{port}",
        "NOTIFIER_TELEGRAM_WEBHOOK_SECRET": SECRET,
    }
    async with faultless(tmp_path, server, 6, **settings) as bot:
        await until(lambda: server.updates.url or None, 10, "webhook")
        await bot.ends()
        await ann.says("/start")
        for name in settings:
            del bot.environment[name]
        await bot.start()
        hello = await ann.hears()

    assert "Open now" in hello.text
    assert server.updates.url == ""


def test_a_webhook_without_a_secret_is_refused_in_one_line(tmp_path: Path) -> None:
    settings = {"NOTIFIER_TELEGRAM_WEBHOOK_URL": "https://bot.example/hook"}
    bot = Notifier(tmp_path, environment("http://127.0.0.1:9", "123456:TEST-token", **settings))

    run = bot.command("run")

    said = (run.stdout + run.stderr).strip()
    assert run.returncode == 1
    assert "NOTIFIER_TELEGRAM_WEBHOOK_SECRET" in said
    assert len(said.splitlines()) == 1


# -- menus --------------------------------------------------------------------------------------------


async def test_menus_are_sent_by_scope_and_language_and_only_when_they_changed(
    server: BotApi, ann: Person, tmp_path: Path
) -> None:
    await ann.says("/start")
    async with faultless(tmp_path, server, NOTIFIER_ADMINS=f"telegram:{ann.id}") as bot:
        await until(lambda: len(server.menus) >= 12 or None, 10, "menus")
        await ann.hears()
        sent = len(server.called("setMyCommands"))
        await bot.ends()
        await bot.start()
        await ann.says("/help")
        await ann.hears()

    own = f"chat {ann.id}"
    scopes = ("all_private_chats", "all_group_chats", "all_chat_administrators", own)
    assert set(server.menus) == {(scope, language) for scope in scopes for language in ("", "de", "es")}
    names = {scope: {one["command"] for one in server.menus[scope, ""]} for scope in scopes}
    everyone = {it.name for it in COMMANDS.values() if it.is_listed and it.audience is Audience.EVERYONE}
    assert everyone <= names["all_private_chats"]
    assert "feed" in names["all_chat_administrators"] and "feed" not in names["all_group_chats"]
    assert "subscribe" not in names["all_group_chats"]
    assert "admin" in names[own] and "admin" not in names["all_private_chats"]
    german, english = server.menus["all_private_chats", "de"], server.menus["all_private_chats", ""]
    assert [one["command"] for one in german] == [one["command"] for one in english]
    assert all(theirs != ours for theirs, ours in zip(german, english, strict=True))
    assert all(re.fullmatch(r"[a-z0-9_]{1,32}", one["command"]) for one in english)
    assert len(server.called("setMyCommands")) == sent == 12


@pytest.mark.parametrize(
    ("root", "proxy"),
    [
        ("https://api.telegram.org", "http://proxy.example:3128"),
        ("http://127.0.0.1:8081", None),
        ("https://bots.inside.example", None),
    ],
)
def test_the_proxy_of_the_environment_is_for_servers_over_tls(
    root: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "localhost,.inside.example")

    assert proxy_for(root) == proxy
