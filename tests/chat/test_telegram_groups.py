"""Groups, topics and channels in Telegram: `notifier run` as a process, against the stand-in Bot API server.

Nothing is patched. After each test the stand-in must have found no fault with any request.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.standin.running import Notifier, a_row, faultless
from tests.standin.telegram import BotApi
from tests.standin.world import Chat, Person, Sent, Topic

BOARD = "https://board.example/job/"


@pytest.fixture
async def server() -> AsyncIterator[BotApi]:
    made = await BotApi.start()
    yield made
    await made.close()


@pytest.fixture
async def bot(server: BotApi, tmp_path: Path) -> AsyncIterator[Notifier]:
    async with faultless(tmp_path, server) as running:
        yield running


@pytest.fixture
def ann(server: BotApi) -> Person:
    """Who administers the groups and channels."""
    return server.user("Ann")


@pytest.fixture
def bob(server: BotApi) -> Person:
    return server.user("Bob")


@pytest.fixture
def group(server: BotApi, ann: Person, bob: Person) -> Chat:
    return server.group("Pythonistas", admins=[ann], members=[bob])


@pytest.fixture
def channel(server: BotApi, ann: Person) -> Chat:
    return server.channel("Python jobs", admins=[ann])


async def told(person: Person, line: str, chat: Chat | None = None, topic: Topic | None = None) -> Sent:
    """Write a line to the bot, in private or in a chat, and return its answer."""
    await person.says(line, chat=chat, topic=topic)
    return await person.hears(chat=chat)


async def given_to_channel(ann: Person, channel: Chat, line: str) -> Sent:
    """Ask for a feed in private, choose the channel, and return the answer."""
    asked = await told(ann, line)
    await ann.shares_chat(asked, channel)
    return await ann.hears()


# -- groups -------------------------------------------------------------------------------------------


async def test_who_adds_the_bot_to_a_group_reads_what_to_write(
    bot: Notifier, server: BotApi, ann: Person
) -> None:
    group = server.group("New", admins=[ann], bot=False)

    group.add_bot(by=ann)
    hello = await ann.hears(chat=group)
    listed = await told(ann, "/feed list", group)  # nothing stands between

    assert "/feed add python remote" in hello.text
    assert "No feeds here yet" in listed.text


async def test_a_feed_of_an_administrator_posts_at_once(
    bot: Notifier, ann: Person, bob: Person, group: Chat
) -> None:
    await told(bob, "/subscribe java")
    added = await told(ann, "/feed add python remote", group)
    bot.publishes([a_row(20, "Senior Python developer"), a_row(21, "Java developer")])
    push = await ann.hears(chat=group)
    await bob.hears()

    assert "✅ Feed #1 of this chat: Python, remote" in added.text
    assert added.buttons == ["🧪 Test", "↩ Undo"]
    assert push.links[0] == ("Senior Python developer 20", f"{BOARD}10020/x")
    assert push.url("Apply") == f"{BOARD}10020/x"
    assert {"Apply", "⭐ Save"} <= set(push.buttons)
    assert not {"✅ Applied", "🙈 Hide", "🔕 Mute company"} & set(push.buttons)
    assert "Java" not in push.text
    await ann.hears_nothing(chat=group)


async def test_save_in_a_group_is_for_who_presses_it(
    bot: Notifier, ann: Person, bob: Person, group: Chat
) -> None:
    await told(ann, "/feed add python", group)
    bot.publishes([a_row(20)])
    push = await ann.hears(chat=group)

    toast = await bob.presses(push, "Save")
    why = await bob.presses(push, "Why")
    theirs = await told(bob, "/saved")
    mine = await told(ann, "/saved")
    listed = await told(ann, "/feed list", group)  # what one of many did is no message for all

    assert toast.text == "⭐ Saved: Python developer 20"
    assert "#1 python" in why.text
    assert theirs.links == [("Python developer 20", f"{BOARD}10020/x")]
    assert "Nothing saved yet" in mine.text
    assert "1 feed of this chat" in listed.text


async def test_why_in_reply_to_a_push_is_about_that_push_in_a_group_as_well(
    bot: Notifier, ann: Person, bob: Person, group: Chat
) -> None:
    await told(ann, "/feed add python", group)
    bot.publishes([a_row(20)])
    push = await ann.hears(chat=group)

    await bob.says("/why", chat=group, reply_to=push)
    why = await ann.hears(chat=group)

    assert "Python developer 20" in why.text and "#1 python: yes" in why.text


async def test_who_is_no_administrator_changes_nothing(
    bot: Notifier, ann: Person, bob: Person, group: Chat
) -> None:
    added = await told(ann, "/feed add python", group)

    refused = []
    for line in ("/feed add java", "/feed remove 1"):
        await bob.says(line, chat=group)
        refused.append(await ann.hears(chat=group))
    await bob.presses(added, "Undo")
    await bob.presses_data(added, "1feed pause 1")
    listed = await told(ann, "/feed list", group)

    assert all("for who administers this chat" in answer.text for answer in refused)
    assert "1 feed of this chat" in listed.text and "#1 python" in listed.text


async def test_who_presses_an_administrators_button_is_told_alone(
    bot: Notifier, ann: Person, bob: Person, group: Chat
) -> None:
    """What one of many must not do is no message for all the others."""
    added = await told(ann, "/feed add python", group)

    refused = await bob.presses(added, "Undo")
    listed = await told(ann, "/feed list", group)

    assert "for who administers this chat" in refused.text
    assert "1 feed of this chat" in listed.text


async def test_pages_of_an_answer_in_a_group_are_turned_by_anybody(
    server: BotApi, bob: Person, group: Chat, tmp_path: Path
) -> None:
    async with faultless(tmp_path, server, rows=12):
        first = await told(bob, "/jobs", group)
        ann, *_ = server.people.values()
        await ann.presses(first, "▶")
        second = await bob.hears(chat=group)

    assert first.buttons == ["▶ 2/2"]
    assert second.is_edit and second.message_id == first.message_id
    assert len(first.links) == 10 and len(second.links) == 2


async def test_a_command_about_oneself_is_sent_to_the_private_chat(
    bot: Notifier, bob: Person, group: Chat
) -> None:
    for line in ("/subscribe python", "/saved@notifier_test_bot"):
        answer = await told(bob, line, group)

        assert "in a private chat" in answer.text
    assert "No subscriptions yet" in (await told(bob, "/subscriptions")).text


async def test_a_group_can_search_and_what_is_for_other_bots_is_left_to_them(
    bot: Notifier, server: BotApi, ann: Person, bob: Person, group: Chat
) -> None:
    server.privacy = False  # as where the bot reads everything
    for line in ("/weather", "/jobs@other_bot python", "hello everybody", "python berlin"):
        await bob.says(line, chat=group)

    found = await told(bob, "/jobs@notifier_test_bot python", group)
    unknown = await told(bob, "/fed@notifier_test_bot list", group)

    assert "6 open jobs for python" in found.text
    assert found.buttons == []  # one of many would press for all
    assert "Did you mean /feed?" in unknown.text


async def test_a_feed_is_listed_edited_tested_paused_and_removed(
    bot: Notifier, ann: Person, bob: Person, group: Chat
) -> None:
    await told(bob, "/subscribe python")
    none = await told(ann, "/feed", group)
    await told(ann, "/feed add java", group)
    edited = await told(ann, "/feed edit 1 python remote", group)
    tested = await told(ann, "/feed test 1", group)
    paused = await told(ann, "/feed pause 1", group)
    listed = await told(ann, "/feed list", group)
    bot.publishes([a_row(20)])
    await bob.hears()
    await ann.hears_nothing(chat=group)
    resumed = await told(ann, "/feed resume 1", group)
    bot.publishes([a_row(21)])
    push = await ann.hears(chat=group)
    await bob.hears()
    removed = await told(ann, "/feed remove #1", group)
    bot.publishes([a_row(22)])
    await bob.hears()

    assert "No feeds here yet" in none.text
    assert "Feed #1 is now: Python, remote" in edited.text
    assert "6 open jobs fit; nothing is posted by this test" in tested.text
    assert len([url for _, url in tested.links if url.startswith(BOARD)]) == 3
    assert "paused" in paused.text
    assert "#1 python" in listed.text and "paused" in listed.text
    assert "is on again" in resumed.text
    assert "Python developer 21" in push.text
    assert "is removed" in removed.text
    await ann.hears_nothing(chat=group)


async def test_the_buttons_under_a_feed_work_for_its_administrator(
    bot: Notifier, ann: Person, group: Chat
) -> None:
    added = await told(ann, "/feed add python", group)

    await ann.presses(added, "Test")
    tested = await ann.hears(chat=group)
    await ann.presses(tested, "Pause")
    paused = await ann.hears(chat=group)
    await ann.presses(added, "Undo")
    undone = await ann.hears(chat=group)
    listed = await told(ann, "/feed list", group)

    assert "6 open jobs fit" in tested.text
    assert paused.is_edit and "is paused" in paused.text
    assert undone.is_edit and "is removed" in undone.text
    assert "No feeds here yet" in listed.text


async def test_many_jobs_at_once_follow_in_whole_items(bot: Notifier, ann: Person, group: Chat) -> None:
    await told(ann, "/feed add python", group)

    bot.publishes([a_row(number) for number in range(20, 43)])
    messages = [await ann.hears(chat=group) for _ in range(3)]

    linked = [[url for _, url in message.links if url.startswith(BOARD)] for message in messages]
    assert messages[0].text.startswith("🆕 23 new jobs")
    assert [len(urls) for urls in linked] == [10, 10, 3]
    assert len({url for urls in linked for url in urls}) == 23
    assert all(len(message.text) <= 4096 for message in messages)
    assert all("📍 Berlin, Germany" in message.text.splitlines()[-1] for message in messages[:2])
    await ann.hears_nothing(chat=group)


async def test_who_writes_in_the_name_of_the_group_administers_it(
    bot: Notifier, server: BotApi, ann: Person, group: Chat
) -> None:
    """An anonymous administrator's messages come from GroupAnonymousBot, with the group as their sender."""
    line = "/feed add python"
    entities = [{"type": "bot_command", "offset": 0, "length": 5}]

    group.post(server.stranger, text=line, entities=entities, sender_chat=group.json)
    added = await ann.hears(chat=group)

    assert "✅ Feed #1 of this chat" in added.text


# -- topics -------------------------------------------------------------------------------------------


async def test_topics_have_feeds_of_their_own_and_the_general_one_has_no_number(
    bot: Notifier, server: BotApi, ann: Person
) -> None:
    forum = server.group("Forum", admins=[ann], forum=True)
    topic = forum.topic("Python")

    in_topic = await told(ann, "/feed add python", forum, topic)
    in_general = await told(ann, "/feed add java", forum)
    listed = await told(ann, "/feed list", forum, topic)
    bot.publishes([a_row(20, "Python developer"), a_row(21, "Java developer")])
    pushes = [await ann.hears(chat=forum) for _ in range(2)]

    assert in_topic.thread_id == listed.thread_id == topic.id
    assert in_general.thread_id is None
    assert "1 feed" in listed.text and "java" not in listed.text
    assert {(push.links[0][0], push.thread_id) for push in pushes} == {
        ("Python developer 20", topic.id),
        ("Java developer 21", None),
    }
    await ann.hears_nothing(chat=forum)


async def test_buttons_in_a_topic_are_about_that_topic(bot: Notifier, server: BotApi, ann: Person) -> None:
    forum = server.group("Forum", admins=[ann], forum=True)
    topic = forum.topic("Python")
    await told(ann, "/feed add java", forum)
    added = await told(ann, "/feed add python", forum, topic)

    await ann.presses(added, "Test")
    tested = await ann.hears(chat=forum)
    await ann.presses(added, "Undo")
    await ann.hears(chat=forum)
    in_topic = await told(ann, "/feed list", forum, topic)
    in_general = await told(ann, "/feed list", forum)

    assert tested.thread_id == topic.id and "6 open jobs fit" in tested.text
    assert "No feeds here yet" in in_topic.text
    assert "#1 java" in in_general.text


async def test_a_deleted_topic_falls_back_to_the_chat_and_who_set_it_up_is_told(
    bot: Notifier, server: BotApi, ann: Person
) -> None:
    forum = server.group("Forum", admins=[ann], forum=True)
    topic = forum.topic("Python")
    await told(ann, "/start")
    await told(ann, "/feed add python", forum, topic)

    topic.deleted = True
    bot.publishes([a_row(20)])
    push = await ann.hears(chat=forum)
    notice = await ann.hears()

    assert push.thread_id is None and "Python developer 20" in push.text
    assert "Forum" in notice.text and "cannot be written to" in notice.text
    await ann.hears_nothing()


# -- channels -----------------------------------------------------------------------------------------


async def test_a_channel_is_chosen_by_a_button_and_gets_its_jobs(
    bot: Notifier, ann: Person, channel: Chat
) -> None:
    asked = await told(ann, "/feed add python remote")
    await ann.shares_chat(asked, channel)
    added = await ann.hears()
    bot.publishes([a_row(20)])
    push = await ann.hears(chat=channel)

    assert asked.buttons == ["📣 Choose the channel"]
    assert "✅ Feed #1" in added.text and "Python, remote" in added.text
    assert "Python developer 20" in push.text
    assert {"Apply", "⭐ Save"} <= set(push.buttons)


async def test_a_forwarded_post_chooses_the_channel_as_well(
    bot: Notifier, server: BotApi, ann: Person
) -> None:
    channel = server.channel("Java jobs", admins=[ann], bot_can_post=True)

    await told(ann, "/feed add java")
    await ann.says("an old post", forwarded_from=channel)
    added = await ann.hears()
    bot.publishes([a_row(20, "Java developer")])
    push = await ann.hears(chat=channel)

    assert "✅ Feed #1" in added.text and "Java" in added.text
    assert "Java developer 20" in push.text


async def test_who_does_not_administer_a_channel_cannot_give_it_a_feed(
    bot: Notifier, server: BotApi, ann: Person, bob: Person
) -> None:
    await told(ann, "/subscribe python")
    channel = server.channel("Python jobs", admins=[ann], members=[bob], bot_can_post=True)
    asked = await told(bob, "/feed add python")
    shared = {"request_id": asked.button("Choose")["request_chat"]["request_id"], "chat_id": channel.id}

    await bob.says("an old post", forwarded_from=channel)
    forwarded = await bob.hears()
    bob.chat.post(bob, chat_shared=shared)  # as a forged client could
    forged = await bob.hears()
    await bob.presses_data(asked, f"1@{channel.id} feed add python")
    by_button = await bob.hears()
    bot.publishes([a_row(20)])
    await ann.hears()

    assert all("you do not administer this channel" in it.text for it in (forwarded, forged))
    assert "for who administers this chat" in by_button.text
    await ann.hears_nothing(chat=channel)


async def test_a_channel_where_the_bot_may_not_post_is_asked_for_that_right(
    bot: Notifier, server: BotApi, ann: Person, channel: Chat
) -> None:
    channel.promote_bot(by=ann, can_post_messages=False)

    await told(ann, "/feed add python")
    await ann.says("an old post", forwarded_from=channel)
    refused = await ann.hears()

    assert "Python jobs: I may not post there yet" in refused.text


async def test_the_buttons_under_the_answer_in_private_act_on_the_channel(
    bot: Notifier, ann: Person, bob: Person, channel: Chat
) -> None:
    await told(bob, "/subscribe python")
    added = await given_to_channel(ann, channel, "/feed add python")

    await ann.presses(added, "Test")
    tested = await ann.hears()
    await ann.presses(added, "Undo")
    undone = await ann.hears()
    listed = await given_to_channel(ann, channel, "/feed list")
    bot.publishes([a_row(20)])
    await bob.hears()

    assert "6 open jobs fit; nothing is posted by this test" in tested.text
    assert "is removed" in undone.text
    assert "No feeds here yet" in listed.text
    await ann.hears_nothing(chat=channel)


async def test_a_reader_of_a_channel_saves_for_themselves(
    bot: Notifier, server: BotApi, ann: Person, bob: Person, channel: Chat
) -> None:
    await given_to_channel(ann, channel, "/feed add python")
    bot.publishes([a_row(20)])
    push = await ann.hears(chat=channel)

    toast = await bob.presses(push, "Save")
    theirs = await told(bob, "/saved")

    assert toast.text == "⭐ Saved: Python developer 20"
    assert "Python developer 20" in theirs.text


async def test_a_reader_of_a_channel_cannot_forge_a_button_that_changes_its_feeds(
    bot: Notifier, ann: Person, bob: Person, channel: Chat
) -> None:
    """Posts of a channel are sent in its name; that makes nobody who presses there its administrator."""
    await given_to_channel(ann, channel, "/feed add python")
    bot.publishes([a_row(20)])
    push = await ann.hears(chat=channel)

    await bob.presses_data(push, "1feed remove 1")
    await bob.presses_data(push, "1feed add java")
    listed = await given_to_channel(ann, channel, "/feed list")

    assert "1 feed of this chat" in listed.text and "#1 python" in listed.text


# -- chats that go, and that move -----------------------------------------------------------------------


async def test_who_added_the_feed_is_told_once_that_the_bot_was_removed(
    bot: Notifier, server: BotApi, ann: Person, bob: Person, group: Chat
) -> None:
    await told(ann, "/start")
    await told(bob, "/subscribe python")
    await told(ann, "/feed add python", group)

    group.kick_bot(by=bob)
    notice = await ann.hears()
    before = len(server.called("sendMessage"))
    bot.publishes([a_row(20)])
    await bob.hears()
    await ann.hears_nothing()

    assert "I can write to Pythonistas no longer" in notice.text
    assert len(server.called("sendMessage")) == before + 1


async def test_a_group_that_lets_the_bot_in_again_gets_new_jobs(
    bot: Notifier, ann: Person, group: Chat
) -> None:
    await told(ann, "/feed add python", group)
    group.kick_bot(by=ann)
    await bot.has_logged("chat left")

    group.add_bot(by=ann)
    hello = await ann.hears(chat=group)
    listed = await told(ann, "/feed list", group)
    bot.publishes([a_row(20)])
    push = await ann.hears(chat=group)

    assert "Hello" in hello.text
    assert "#1 python" in listed.text
    assert "Python developer 20" in push.text


async def test_a_group_that_becomes_a_supergroup_keeps_its_feed(
    bot: Notifier, server: BotApi, ann: Person
) -> None:
    old = server.group("Small", admins=[ann], basic=True)
    await told(ann, "/feed add python", old)

    new = old.migrate()
    bot.publishes([a_row(20)])
    push = await ann.hears(chat=new)
    listed = await told(ann, "/feed list", new)

    assert "Python developer 20" in push.text
    assert "1 feed of this chat" in listed.text


async def test_a_migration_that_nobody_told_of_is_noticed_when_sending(
    bot: Notifier, server: BotApi, ann: Person
) -> None:
    old = server.group("Small", admins=[ann], basic=True)
    await told(ann, "/feed add python", old)
    await bot.ends()
    new = old.migrate()
    server.updates.pending.clear()  # older than a day

    await bot.start()
    bot.publishes([a_row(20)])
    push = await ann.hears(chat=new)
    await ann.hears_nothing(chat=new)

    assert "Python developer 20" in push.text
    assert [call.status for call in server.called("sendMessage")][-2:] == [400, 200]


async def test_a_muted_bot_waits_and_posts_once_it_may_write_again(
    bot: Notifier, ann: Person, group: Chat
) -> None:
    await told(ann, "/start")
    await told(ann, "/feed add python", group)
    group.mute_bot(by=ann)
    notice = await ann.hears()

    group.bot_becomes("member", by=ann)
    await told(ann, "/feed list", group)
    bot.publishes([a_row(20)])
    push = await ann.hears(chat=group)

    assert "Pythonistas" in notice.text
    assert "Python developer 20" in push.text
