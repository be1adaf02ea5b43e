"""The stand-in answers a real Bot API client the way Telegram does."""

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeChat,
    ChatAdministratorRights,
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputTextMessageContent,
    KeyboardButton,
    KeyboardButtonRequestChat,
    MessageEntity,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    ReplyParameters,
    Update,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.ext import ApplicationBuilder, CallbackQueryHandler, CommandHandler
from telegram.request import HTTPXRequest

from tests.standin.spec import Json
from tests.standin.telegram import BotApi
from tests.standin.updates import until
from tests.standin.world import Membership, Person


@pytest.fixture
async def server() -> AsyncIterator[BotApi]:
    server = await BotApi.start()
    yield server
    await server.close()


@pytest.fixture(autouse=True)
def waits_as_timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without it the library warns whenever it raises RetryAfter, and warnings are errors here.
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


@pytest.fixture
async def bot(server: BotApi) -> AsyncIterator[Bot]:
    async with a_bot(server) as bot:
        yield bot


@pytest.fixture
async def ann(server: BotApi) -> Person:
    return server.user("Ann", started=True)


def a_bot(server: BotApi) -> Bot:
    request = HTTPXRequest(read_timeout=30, connection_pool_size=64)
    polls = HTTPXRequest(read_timeout=30)
    return Bot(
        server.token,
        f"{server.root}/bot",
        f"{server.root}/file/bot",
        request,
        get_updates_request=polls,
    )


def buttons(*row: tuple[str, str]) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(label, callback_data=data) for label, data in row]])


async def raw(server: BotApi, method: str, **params: Any) -> Json:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.root}/bot{server.token}/{method}", json=params) as answer,
    ):
        told: Json = await answer.json()
        return told


# Messages.


async def test_what_is_sent_edited_and_deleted_is_what_the_person_sees(
    server: BotApi, bot: Bot, ann: Person
) -> None:
    link = MessageEntity(MessageEntity.TEXT_LINK, 3, 3, url="https://jobs.example/1")
    sent = await bot.send_message(
        ann.id, "🦊 Job", entities=[link], reply_markup=buttons(("Save", "s:1"), ("Hide", "h:1"))
    )
    heard = await ann.hears()
    assert (heard.text, heard.links) == ("🦊 Job", [("Job", "https://jobs.example/1")])
    assert (heard.buttons, heard.data("Hide"), heard.is_edit) == (["Save", "Hide"], "h:1", False)

    await bot.edit_message_text("gone", ann.id, sent.message_id)
    heard = await ann.hears()
    assert (heard.text, heard.links, heard.buttons, heard.is_edit) == ("gone", [], [], True)

    await bot.delete_message(ann.id, sent.message_id)
    assert server.texts(ann) == []
    assert server.violations == []
    assert [call.status for call in server.calls] == [200] * len(server.calls)


async def test_html_becomes_text_and_entities(bot: Bot, ann: Person) -> None:
    await bot.send_message(
        ann.id,
        '<b>A &amp; B</b> <a href="https://a.example/?x&amp;y">C#</a> <a href="javascript:x">D</a>',
        "HTML",
    )

    heard = await ann.hears()

    assert heard.text == "A & B C# D"
    assert heard.links == [("C#", "https://a.example/?x&y")]
    assert [one["type"] for one in heard.entities] == ["bold", "text_link"]


async def test_documents_come_with_name_and_bytes(server: BotApi, bot: Bot, ann: Person) -> None:
    sent = await bot.send_document(ann.id, io.BytesIO(b"a,b"), filename="jobs.csv", caption="all")

    heard = await ann.hears()

    assert (heard.document, heard.text) == (("jobs.csv", b"a,b"), "all")
    assert sent.document is not None
    file = await bot.get_file(sent.document.file_id)
    assert bytes(await file.download_as_bytearray()) == b"a,b"
    assert server.violations == []


async def test_a_rich_message_is_sent_by_its_name(bot: Bot, ann: Person) -> None:
    await bot.do_api_request(
        "sendRichMessage", api_kwargs={"chat_id": ann.id, "rich_message": {"markdown": "# Jobs"}}
    )
    assert (await ann.hears()).text == "# Jobs"


LONG_LINK = [MessageEntity("text_link", 0, 1, url="https://a.example")]


@pytest.mark.parametrize(
    ("said", "params"),
    [
        ("Message is too long", {"text": "x" * 4097}),
        ("Message is too long", {"text": "🦊" * 2049}),
        ("Message text is empty", {"text": " "}),
        ("Unsupported start tag", {"text": "<5", "parse_mode": "HTML"}),
        ("Can't find end tag", {"text": "<b>x", "parse_mode": "HTML"}),
        ("Unmatched end tag", {"text": "<b><i>x</b></i>", "parse_mode": "HTML"}),
        ("101 entities", {"text": "x", "entities": LONG_LINK * 101}),
        ("Unsupported entity type", {"text": "x", "entities": [MessageEntity("loud", 0, 1)]}),
        ("Ends after the end", {"text": "🦊", "entities": [MessageEntity("bold", 0, 3)]}),
        ("Middle of a utf-16 symbol", {"text": "🦊", "entities": [MessageEntity("bold", 0, 1)]}),
        ("Text_link entity without url", {"text": "x", "entities": [MessageEntity("text_link", 0, 1)]}),
        ("Wrong http url", {"text": "x", "entities": [MessageEntity("text_link", 0, 1, url="not a url")]}),
        ("Button_data_invalid", {"text": "x", "reply_markup": buttons(("a", "é" * 33))}),
        ("Reply_markup_too_long", {"text": "x", "reply_markup": buttons(*[("a", "b")] * 9)}),
        (
            "Reply_markup_too_long",
            {
                "text": "x",
                "reply_markup": InlineKeyboardMarkup([[InlineKeyboardButton("a", "tg://x")]] * 101),
            },
        ),
        (
            "Button_url_invalid",
            {
                "text": "x",
                "reply_markup": InlineKeyboardMarkup([[InlineKeyboardButton("a", "javascript:x")]]),
            },
        ),
        (
            "Text buttons are unallowed",
            {"text": "x", "reply_markup": InlineKeyboardMarkup([[InlineKeyboardButton("a")]])},
        ),
        (
            "Callback_data, url",
            {
                "text": "x",
                "reply_markup": InlineKeyboardMarkup(
                    [[InlineKeyboardButton("a", "https://a.example", callback_data="b")]]
                ),
            },
        ),
        (
            "Copy_text",
            {
                "text": "x",
                "reply_markup": InlineKeyboardMarkup(
                    [[InlineKeyboardButton("a", copy_text=CopyTextButton("x" * 257))]]
                ),
            },
        ),
    ],
)
async def test_a_message_beyond_a_limit_is_refused_and_noted(
    server: BotApi, bot: Bot, ann: Person, said: str, params: Any
) -> None:
    with pytest.raises(BadRequest) as refusal:
        await bot.send_message(ann.id, **params)

    assert said.lower() in refusal.value.message.lower()
    assert len(server.violations) == 1
    assert server.texts(ann) == []


async def test_limits_are_reached_without_complaint(server: BotApi, bot: Bot, ann: Person) -> None:
    full = InlineKeyboardMarkup([[InlineKeyboardButton("a", callback_data="é" * 32)] * 8] * 12)
    await bot.send_message(ann.id, "🦊" * 2048, entities=LONG_LINK * 0, reply_markup=full)
    await bot.send_document(ann.id, b"x", caption="x" * 1024)
    assert server.violations == []
    with pytest.raises(BadRequest, match="caption is too long"):
        await bot.send_document(ann.id, b"x", caption="x" * 1025)


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("sendMessage", {"text": "x"}, "chat_id is missing"),
        ("sendMessage", {"chat_id": 1001, "text": "x", "colour": 1}, "colour is not known"),
        ("sendMessage", {"chat_id": 1001, "text": 5}, "text: 5 is not String"),
        ("sendMessage", {"chat_id": 1001, "text": "x", "reply_markup": {"x": 1}}, "reply_markup"),
        ("setMyCommands", {"commands": [{"command": "a"}]}, "description is missing"),
        ("getMyCommands", {"scope": {"type": "everywhere"}}, "scope"),
        (
            "sendMessage",
            {
                "chat_id": 1001,
                "text": "x",
                "reply_markup": {"inline_keyboard": [[{"text": "a", "link": "b"}]]},
            },
            "reply_markup[0][0]: link is not known",
        ),
    ],
)
async def test_requests_are_held_to_the_description(
    server: BotApi, ann: Person, method: str, params: Json, said: str
) -> None:
    answer = await raw(server, method, **params)

    assert answer["error_code"] == 400
    assert said.replace("reply_markup[0][0]", "inline_keyboard[0][0]") in answer["description"]
    assert len(server.violations) == 1


async def test_unknown_methods_and_wrong_tokens(server: BotApi, ann: Person) -> None:
    assert await raw(server, "sendMusic") == {"ok": False, "error_code": 404, "description": "Not Found"}
    assert server.violations == ["sendMusic: Not Found"]
    async with aiohttp.ClientSession() as session:
        for token, status in [(server.token, 200), ("123456:other", 401), ("nonsense", 404)]:
            async with session.get(f"{server.root}/bot{token}/getchat?chat_id=1001") as answer:
                assert answer.status == status
    server.revoke_token()
    assert (await raw(server, "getMe"))["error_code"] == 401


# Edits.


async def test_an_edit_must_change_a_message_that_is_there(server: BotApi, bot: Bot, ann: Person) -> None:
    said = await ann.says("hello")
    sent = await bot.send_message(ann.id, "x", reply_markup=buttons(("a", "b")))
    server.flood.on = False

    with pytest.raises(BadRequest, match="Message is not modified"):
        await bot.edit_message_text("x", ann.id, sent.message_id, reply_markup=buttons(("a", "b")))
    with pytest.raises(BadRequest, match="Message is not modified"):
        await bot.edit_message_reply_markup(ann.id, sent.message_id, reply_markup=buttons(("a", "b")))
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("x", ann.id, 99)
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await bot.delete_message(ann.id, 99)
    assert server.violations == []
    with pytest.raises(BadRequest, match="Message can't be edited"):
        await bot.edit_message_text("x", ann.id, said["message_id"])
    await bot.edit_message_reply_markup(ann.id, sent.message_id)
    assert [(await ann.hears()).buttons for _ in range(2)] == [["a"], []]


# Who may be written to.


async def test_people_must_write_first_and_may_block(server: BotApi, bot: Bot) -> None:
    server.flood.on = False
    bob = server.user("Bob")
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(5, "x")
    with pytest.raises(Forbidden, match="can't initiate conversation"):
        await bot.send_message(bob.id, "x")
    await bob.says("/start")
    await bot.send_message(bob.id, "x")
    bob.blocks()
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(bob.id, "x")
    bob.unblocks()
    await bot.send_message(bob.id, "y")
    bob.deactivates()
    with pytest.raises(Forbidden, match="user is deactivated"):
        await bot.send_message(bob.id, "x")

    start, blocked, unblocked = await bot.get_updates()
    assert start.message is not None and start.message.parse_entities() == {
        start.message.entities[0]: "/start"
    }
    assert blocked.my_chat_member is not None and unblocked.my_chat_member is not None
    assert blocked.my_chat_member.new_chat_member.status == "kicked"
    assert unblocked.my_chat_member.new_chat_member.status == "member"
    assert server.texts(bob) == ["x", "y"]
    assert server.violations == []


async def test_groups_kick_mute_and_migrate(server: BotApi, bot: Bot, ann: Person) -> None:
    group = server.group("Jobs", members=[ann], basic=True)
    group.mute_bot()
    with pytest.raises(BadRequest, match="Not enough rights to send text messages to the chat"):
        await bot.send_message(group.id, "x")
    group.promote_bot()
    await bot.send_message(group.id, "x")
    new = group.migrate()
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(group.id, "x")
    assert moved.value.new_chat_id == new.id
    group.deleted = True
    with pytest.raises(Forbidden, match="group chat was deleted"):
        await bot.send_message(group.id, "x")
    new.kick_bot()
    with pytest.raises(Forbidden, match="bot was kicked from the supergroup chat"):
        await bot.send_message(new.id, "x")
    new.add_bot()
    assert await bot.leave_chat(new.id)
    with pytest.raises(Forbidden, match="bot is not a member of the supergroup chat"):
        await bot.get_chat_member(new.id, ann.id)

    updates = await bot.get_updates()
    statuses = [one.my_chat_member.new_chat_member.status for one in updates if one.my_chat_member]
    assert statuses == ["restricted", "administrator", "kicked", "member", "left"]
    moves = [one.message.migrate_to_chat_id for one in updates if one.message]
    assert new.id in moves


async def test_channels_need_an_administrator_and_inline_buttons(
    server: BotApi, bot: Bot, ann: Person
) -> None:
    channel = server.channel("Jobs", admins=[ann], bot_can_post=True, username="somejobs")
    await bot.send_message("@somejobs", "x", reply_markup=buttons(("a", "b")))
    with pytest.raises(BadRequest, match="Inline keyboard expected"):
        await bot.send_message(channel.id, "x", reply_markup=ReplyKeyboardRemove())
    channel.promote_bot(can_post_messages=False)
    with pytest.raises(BadRequest, match="Need administrator rights in the channel chat"):
        await bot.send_message(channel.id, "x")
    with pytest.raises(Forbidden, match="bot is not a member of the channel chat"):
        await bot.send_message(server.channel("Other").id, "x")

    admins = await bot.get_chat_administrators(channel.id)
    assert [one.status for one in admins] == ["creator", "administrator"]
    assert (await bot.get_chat(channel.id)).title == "Jobs"


async def test_topics_take_messages_until_they_are_closed_or_deleted(
    server: BotApi, bot: Bot, ann: Person
) -> None:
    forum = server.group("Jobs", members=[ann], forum=True)
    topic = forum.topic("python")
    asked = await ann.says("/jobs@notifier_test_bot", chat=forum, topic=topic)
    await ann.says("/jobs", chat=forum)

    await bot.send_message(forum.id, "x", message_thread_id=topic.id)
    reply = await bot.send_message(forum.id, "y", reply_parameters=ReplyParameters(asked["message_id"]))
    general = await bot.send_message(forum.id, "z")

    assert (reply.message_thread_id, reply.is_topic_message) == (topic.id, True)
    assert reply.reply_to_message is not None and reply.reply_to_message.text == asked["text"]
    assert (general.message_thread_id, general.is_topic_message) == (None, None)
    _, in_topic, in_general = await bot.get_updates()
    assert in_topic.message is not None and in_general.message is not None
    assert in_topic.message.message_thread_id == topic.id and in_topic.message.is_topic_message
    assert in_general.message.message_thread_id is None
    for thread in (1, 999):
        with pytest.raises(BadRequest, match="Message thread not found"):
            await bot.send_message(forum.id, "x", message_thread_id=thread)
    topic.closed = True
    with pytest.raises(BadRequest, match="Topic_closed"):
        await bot.send_message(forum.id, "x", message_thread_id=topic.id)
    topic.deleted = True
    with pytest.raises(BadRequest, match="Message thread not found"):
        await bot.send_message(forum.id, "x", message_thread_id=topic.id)
    with pytest.raises(BadRequest, match="Message thread not found"):
        await bot.send_message(ann.id, "x", message_thread_id=topic.id)


async def test_in_groups_only_what_is_meant_for_the_bot_reaches_it(
    server: BotApi, bot: Bot, ann: Person
) -> None:
    group = server.group("Jobs", members=[ann])
    await bot.send_message(group.id, "hello", reply_markup=buttons(("a", "b")))
    hello = await ann.hears(chat=group)

    await ann.says("nice weather", chat=group)
    await ann.says("/jobs@other_bot", chat=group)
    await ann.says("/jobs", chat=group)
    await ann.says("@notifier_test_bot hi", chat=group)
    await ann.says("yes", chat=group, reply_to=hello)

    updates = await bot.get_updates()
    messages = [update.message for update in updates]
    assert [one.text for one in messages if one] == ["/jobs", "@notifier_test_bot hi", "yes"]
    assert messages[2] is not None and messages[2].reply_to_message is not None
    assert messages[2].reply_to_message.text == "hello"
    assert messages[2].reply_to_message.reply_markup == buttons(("a", "b"))


# Presses and questions.


async def test_a_press_waits_for_its_answer(server: BotApi, bot: Bot, ann: Person) -> None:
    bob = server.user("Bob")
    await bot.send_message(ann.id, "x", reply_markup=buttons(("💾 Save", "s:1")))
    message = await ann.hears()
    pressing = asyncio.create_task(ann.presses(message, "Save"))
    (update,) = await bot.get_updates(timeout=1)
    assert update.callback_query is not None and update.callback_query.message is not None
    assert (update.callback_query.data, update.callback_query.from_user.first_name) == ("s:1", "Ann")
    await update.callback_query.answer("Saved", show_alert=True)

    answer = await pressing
    assert (answer.text, answer.alert) == ("Saved", True)
    with pytest.raises(BadRequest, match="Query is too old"):
        await update.callback_query.answer("again")
    with pytest.raises(BadRequest, match="Message_too_long"):
        await bot.answer_callback_query("1", "x" * 201)
    with pytest.raises(AssertionError, match="no answer to the callback_query of Bob"):
        await bob.presses_data(message, "forged", timeout=0.02)


async def test_a_channel_is_chosen_by_a_button_and_the_bot_becomes_its_admin(
    server: BotApi, bot: Bot, ann: Person
) -> None:
    channel = server.channel("Jobs", admins=[ann])
    none = ChatAdministratorRights.no_rights().to_dict()
    rights = ChatAdministratorRights(**(none | {"can_post_messages": True}))
    ask = KeyboardButtonRequestChat(
        7, True, user_administrator_rights=rights, bot_administrator_rights=rights, request_title=True
    )
    keyboard = ReplyKeyboardMarkup([[KeyboardButton("Choose", request_chat=ask)]])
    await bot.send_message(ann.id, "where?", reply_markup=keyboard)

    await ann.shares_chat(await ann.hears(), channel)

    added, shared = await bot.get_updates()
    assert added.my_chat_member is not None and shared.message is not None
    assert added.my_chat_member.new_chat_member.status == "administrator"
    assert shared.message.chat_shared is not None
    assert (shared.message.chat_shared.chat_id, shared.message.chat_shared.title) == (channel.id, "Jobs")
    await bot.send_message(channel.id, "x")
    with pytest.raises(BadRequest, match="private chats only"):
        await bot.send_message(server.group("G").id, "where?", reply_markup=keyboard)


async def test_inline_queries_are_answered_within_limits(server: BotApi, bot: Bot, ann: Person) -> None:
    def article(result_id: str) -> InlineQueryResultArticle:
        return InlineQueryResultArticle(result_id, "Job", InputTextMessageContent("x"))

    asking = asyncio.create_task(ann.inline("python remote"))
    (update,) = await bot.get_updates(timeout=1)
    assert update.inline_query is not None and update.inline_query.query == "python remote"
    for wrong, said in [
        ([article(str(at)) for at in range(51)], "Results_too_much"),
        ([article("a"), article("a")], "Result_id_duplicate"),
        ([article("é" * 33)], "Result_id_invalid"),
    ]:
        with pytest.raises(BadRequest, match=said):
            await bot.answer_inline_query(update.inline_query.id, wrong)
    with pytest.raises(BadRequest, match="Next_offset_invalid"):
        await bot.answer_inline_query(update.inline_query.id, [article("a")], next_offset="x" * 65)
    await bot.answer_inline_query(update.inline_query.id, [article("a")], next_offset="50", cache_time=5)

    answer = await asking
    assert ([one["id"] for one in answer.results], answer.next_offset, answer.cache_time) == (["a"], "50", 5)


async def test_command_menus_are_kept_by_scope_and_language(server: BotApi, bot: Bot, ann: Person) -> None:
    await bot.set_my_commands([BotCommand("jobs", "Show jobs")])
    await bot.set_my_commands([BotCommand("jobs", "Stellen")], language_code="de")
    scope = BotCommandScopeChat(ann.id)
    await bot.set_my_commands([BotCommand("sources", "Show")], scope=scope)

    assert [one.description for one in await bot.get_my_commands(language_code="de")] == ["Stellen"]
    assert [one.command for one in await bot.get_my_commands(scope=scope)] == ["sources"]
    assert set(server.menus) == {("default", ""), ("default", "de"), (f"chat {ann.id}", "")}
    for name, description in [("Jobs", "x"), ("a" * 33, "x"), ("jobs", "x" * 257)]:
        answer = await raw(server, "setMyCommands", commands=[{"command": name, "description": description}])
        assert "BOT_COMMAND" in answer["description"]


# Flood control.


async def test_a_person_takes_three_messages_at_once(server: BotApi, bot: Bot, ann: Person) -> None:
    server.flood.clock = lambda: 100.0
    for _ in range(3):
        await bot.send_message(ann.id, "x")
    for _ in range(2):
        with pytest.raises(RetryAfter) as wait:
            await bot.send_message(ann.id, "x")
        assert wait.value.retry_after == timedelta(seconds=1)
    assert [flood.chat_id for flood in server.floods] == [ann.id] * 2


async def test_waits_by_the_clock(server: BotApi) -> None:
    now = [100.0]
    flood = server.flood
    flood.clock = lambda: now[0]

    assert [flood.wait(1, private=True) for _ in range(4)] == [0, 0, 0, 1]
    now[0] += 0.9
    assert flood.wait(1, private=True) == 1, "asked during its wait, it waits again"
    now[0] += 0.9
    assert flood.wait(1, private=True) == 1
    now[0] += 1
    assert flood.wait(1, private=True) == 0
    assert [flood.wait(-5, private=False) for _ in range(21)] == [0] * 20 + [60]
    now[0] += 2
    assert [flood.wait(chat, private=True) for chat in range(10, 41)] == [0] * 30 + [1]


async def test_flood_control_can_be_off_and_a_wait_can_be_ordered(
    server: BotApi, bot: Bot, ann: Person
) -> None:
    server.flood.on = False
    for _ in range(5):
        await bot.send_message(ann.id, "x")
    server.faults.flood(30, chat_id=ann.id)
    with pytest.raises(RetryAfter) as wait:
        await bot.send_message(ann.id, "x")
    assert wait.value.retry_after == timedelta(seconds=30)
    await bot.send_message(ann.id, "x")


# Updates.


async def test_updates_stay_until_they_are_confirmed(server: BotApi, bot: Bot, ann: Person) -> None:
    for text in ("a", "b", "c"):
        await ann.says(text)
    first = await bot.get_updates(limit=2)
    assert [update.message.text for update in first if update.message] == ["a", "b"]
    second = await bot.get_updates(offset=first[1].update_id)
    assert [update.message.text for update in second if update.message] == ["b", "c"]

    await server.goes_down()
    await ann.says("d")
    with pytest.raises(NetworkError):
        await bot.get_updates()
    await server.comes_up()

    waiting = asyncio.create_task(bot.get_updates(offset=second[1].update_id + 2, timeout=5))
    await until(lambda: not server.updates.pending or None, 30, "confirmation")
    await ann.says("e")
    (last,) = await waiting
    assert last.message is not None and last.message.text == "e"


async def test_only_the_types_asked_for_are_delivered(server: BotApi, bot: Bot, ann: Person) -> None:
    await bot.get_updates(allowed_updates=[Update.MESSAGE])
    ann.blocks()
    ann.unblocks()
    await ann.says("x")
    assert [update.message is not None for update in await bot.get_updates()] == [True]
    assert len(server.updates.dropped) == 2


async def test_the_first_of_two_pollers_is_sent_away(server: BotApi, bot: Bot, ann: Person) -> None:
    server.updates.conflict_delay = 0.0
    async with a_bot(server) as other:
        first = asyncio.create_task(bot.get_updates(timeout=5))
        await until(lambda: server.called("getUpdates") or None, 30, "poll")
        second = asyncio.create_task(other.get_updates(timeout=5))
        with pytest.raises(Conflict, match="only one bot instance is running"):
            await first
        await ann.says("x")
        assert len(await second) == 1
    assert server.updates.conflicts == 1


async def test_a_webhook_gets_the_updates_until_it_takes_them(server: BotApi, bot: Bot, ann: Person) -> None:
    server.updates.retry_delay = 0.01
    got: list[tuple[str | None, str]] = []

    async def take(request: web.Request) -> web.Response:
        update = await request.json()
        got.append((request.headers.get("X-Telegram-Bot-Api-Secret-Token"), update["message"]["text"]))
        return web.Response(status=500 if len(got) == 1 else 200)

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"

    await bot.set_webhook(url, secret_token="s3cret")
    await ann.says("a")
    await until(lambda: len(got) == 2 or None, 30, "second push")
    assert got == [("s3cret", "a")] * 2
    info = await bot.get_webhook_info()
    assert (info.url, info.last_error_message) == (url, "Wrong response from the webhook: 500")
    with pytest.raises(Conflict, match="webhook is active"):
        await bot.get_updates()
    for wrong, said in [
        ({"secret_token": "a b"}, "unallowed characters"),
        ({"url": "http://a.example"}, "HTTPS"),
    ]:
        with pytest.raises(BadRequest, match=f"(?i){said}"):
            await bot.set_webhook(**({"url": url} | wrong))  # type: ignore[arg-type]
    await bot.delete_webhook()
    assert await bot.get_updates() == ()
    await runner.cleanup()


async def test_a_bot_that_polls_holds_a_conversation_and_outlives_an_outage(
    server: BotApi, ann: Person
) -> None:
    async def start(update: Update, context: Any) -> None:
        assert update.effective_message is not None
        await update.effective_message.reply_text("Hello", reply_markup=buttons(("Save", "s:1")))

    async def press(update: Update, context: Any) -> None:
        assert update.callback_query is not None
        await update.callback_query.answer("Saved")
        await update.callback_query.edit_message_text("Hello, saved")

    async with a_bot(server) as bot, ApplicationBuilder().bot(bot).build() as application:
        application.add_handler(CommandHandler("start", start))
        application.add_handler(CallbackQueryHandler(press))
        assert application.updater is not None
        await application.start()
        await application.updater.start_polling(timeout=5, allowed_updates=Update.ALL_TYPES)

        await ann.says("/start")
        answer = await ann.presses(await ann.hears(), "Save")
        assert (answer.text, (await ann.hears()).text) == ("Saved", "Hello, saved")
        await ann.hears_nothing(0.05)
        await server.goes_down()
        await ann.says("/start")
        await server.comes_up()
        assert (await ann.hears()).text == "Hello"

        await application.updater.stop()
        await application.stop()
    assert server.violations == [] and server.floods == []
    assert not server.updates.pending


# Broken connections.


async def test_a_lost_answer_leaves_the_message_in_the_chat(server: BotApi, bot: Bot, ann: Person) -> None:
    fault = server.faults.lose_answer("sendMessage", when=lambda call: call.params["text"] == "x")

    await bot.send_message(ann.id, "w")
    with pytest.raises(NetworkError):
        await bot.send_message(ann.id, "x")
    await bot.send_message(ann.id, "x")

    assert server.texts(ann) == ["w", "x", "x"]
    assert len(fault.struck) == 1


async def test_a_hung_answer_runs_into_the_timeout(server: BotApi, bot: Bot, ann: Person) -> None:
    server.faults.hang("sendMessage")
    with pytest.raises(TimedOut):
        await bot.send_message(ann.id, "x", read_timeout=0.1)
    server.faults.delay(0.2, "sendMessage")
    await bot.send_message(ann.id, "y")
    assert server.texts(ann) == ["x", "y"]


async def test_what_is_broken_on_the_way_in_is_not_accepted(server: BotApi, bot: Bot, ann: Person) -> None:
    server.faults.reset("sendMessage")
    with pytest.raises(NetworkError):
        await bot.send_message(ann.id, "x")
    for status in (500, 502, 504):
        server.faults.gateway(status)
        with pytest.raises(TelegramError):
            await bot.send_message(ann.id, "x")
    server.faults.bad_json(times=None)
    for _ in range(2):
        with pytest.raises(TelegramError):
            await bot.send_message(ann.id, "x")
    server.faults.clear()
    assert server.texts(ann) == []
    await bot.send_message(ann.id, "y")
    assert server.texts(ann) == ["y"]


def test_a_membership_says_what_it_may() -> None:
    assert Membership("member").may("can_send_messages")
    assert not Membership("administrator").may("can_post_messages")
