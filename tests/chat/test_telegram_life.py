"""A person's whole life with the bot in Telegram: `notifier run` as a process, against the stand-in Bot API server.

Nothing is patched. After each test the stand-in must have found no fault with any request.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import pytest

from tests.standin.running import Notifier, a_row, faultless
from tests.standin.telegram import BotApi
from tests.standin.world import Person, Sent

PUSH_BUTTONS = ["Apply", "⭐ Save", "✅ Applied", "🙈 Hide", "🔕 Mute company", "❓ Why"]
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
    return server.user("Ann")


@pytest.fixture
def bob(server: BotApi) -> Person:
    return server.user("Bob")


async def told(person: Person, line: str, *, reply_to: Sent | None = None) -> Sent:
    """Write a line to the bot and return its answer."""
    await person.says(line, reply_to=reply_to)
    return await person.hears()


async def pressed(person: Person, message: Sent, label: str) -> Sent:
    """Press a button and return what the bot then wrote."""
    await person.presses(message, label)
    return await person.hears()


async def pushed(bot: Notifier, person: Person, *rows: str) -> Sent:
    """Let jobs appear on the list and return the push."""
    bot.publishes(rows)
    return await person.hears()


async def saved(person: Person) -> Sent:
    """Ask what is saved. Just started, a bot may answer a press late, and in a message."""
    await person.says("/saved")
    while "⭐ 1 saved" not in (heard := await person.hears()).text:
        pass
    return heard


# -- the first minute ---------------------------------------------------------------------------


async def test_start_shows_three_open_jobs_and_three_taps_make_a_subscription(
    bot: Notifier, ann: Person
) -> None:
    hello = await told(ann, "/start")
    where = await pressed(ann, hello, "Python")
    how = await pressed(ann, where, "Remote")
    done = await pressed(ann, how, "As they come, and a digest")
    listed = await told(ann, "/subscriptions")

    assert [url[: len(BOARD)] for _, url in hello.links] == [BOARD] * 3
    assert [label for label, _ in hello.links] == [f"Python developer {number}" for number in (1, 2, 3)]
    assert not where.is_edit  # the jobs stay where they are
    assert done.is_edit and done.message_id == where.message_id
    assert "✅ Subscription #1: Python, remote" in done.text
    assert "6 open jobs fit now" in done.text
    assert "#1 python" in listed.text and "at once and daily" in listed.text


async def test_a_life_is_the_same_on_each_engine(
    server: BotApi, ann: Person, tmp_path: Path, database_url: str
) -> None:
    async with faultless(tmp_path, server, NOTIFIER_DATABASE_URL=database_url) as bot:
        await told(ann, "/start")
        await told(ann, "/subscribe python")
        push = await pushed(bot, ann, a_row(20))
        await ann.presses(push, "Save")
        await ann.hears()
        await bot.ends()
        await bot.start()
        saved = await told(ann, "/saved")
        found = await told(ann, "python berlin")

    assert push.buttons == PUSH_BUTTONS
    assert "Python developer 20" in saved.text
    assert "7 open jobs" in found.text


async def test_the_taps_can_be_skipped_and_undone(bot: Notifier, ann: Person) -> None:
    where = await pressed(ann, await told(ann, "/start"), "Skip")
    how = await pressed(ann, where, "Remote")
    done = await pressed(ann, how, "Weekly digest")
    await pressed(ann, done, "Undo")
    listed = await told(ann, "/subscriptions")

    assert "✅ Subscription #1: remote" in done.text
    assert "No subscriptions yet" in listed.text


async def test_who_speaks_german_is_answered_in_german(bot: Notifier, server: BotApi) -> None:
    eva = server.user("Eva", language_code="de-AT")

    hello = await told(eva, "/start")
    where = await pressed(eva, hello, "Python")

    assert "Gerade offen" in hello.text
    assert where.text == "Wo?"
    assert len(where.buttons) == 3  # their country is offered, too


# -- pushes -------------------------------------------------------------------------------------


async def test_a_new_job_is_pushed_with_its_facts_and_its_buttons(bot: Notifier, ann: Person) -> None:
    await told(ann, "/subscribe python remote")

    push = await pushed(bot, ann, a_row(20, "Senior Python developer", company="Acme"))

    assert push.links[0] == ("Senior Python developer 20", f"{BOARD}10020/x")
    for fact in (
        "Acme",
        "📍 Berlin, Germany",
        "🌐 Remote",
        "📶 senior",
        "🧩 Python",
        "🗓 Posted",
        "For #1 python",
    ):
        assert fact in push.text
    assert "stop: /unsubscribe 1" in push.text
    assert push.buttons == PUSH_BUTTONS
    assert push.url("Apply") == f"{BOARD}10020/x"
    assert push.raw["link_preview_options"]["is_disabled"] if "link_preview_options" in push.raw else True
    await ann.hears_nothing()


async def test_what_does_not_fit_is_not_pushed(bot: Notifier, ann: Person, bob: Person) -> None:
    await told(ann, "/subscribe python remote")
    await told(bob, "/subscribe java")

    bot.publishes([a_row(20, "Java developer"), a_row(21, "Python developer", type_="On site")])
    await bob.hears()

    await ann.hears_nothing()


async def test_save_is_answered_at_once_and_becomes_undo(bot: Notifier, server: BotApi, ann: Person) -> None:
    await told(ann, "/subscribe python")
    push = await pushed(bot, ann, a_row(20))

    toast = await ann.presses(push, "Save")
    after = await ann.hears()
    asked = [
        call.method
        for call in server.calls
        if call.method in ("answerCallbackQuery", "editMessageReplyMarkup")
    ]
    kept = await told(ann, "/saved")
    undone = await ann.presses(after, "Undo")
    again = await ann.hears()
    empty = await told(ann, "/saved")

    assert toast.text == "⭐ Saved: Python developer 20"
    assert asked == ["answerCallbackQuery", "editMessageReplyMarkup"]
    assert after.is_edit and after.message_id == push.message_id
    assert after.buttons == [PUSH_BUTTONS[0], "↩ Undo", *PUSH_BUTTONS[2:]]
    assert after.text == push.text and after.entities == push.entities
    assert kept.links == [("Python developer 20", f"{BOARD}10020/x")]
    assert undone.text == "Taken back: Python developer 20"
    assert again.buttons == PUSH_BUTTONS
    assert "Nothing saved yet" in empty.text


async def test_applied_why_hide_and_mute_do_what_they_say(bot: Notifier, ann: Person) -> None:
    await told(ann, "/subscribe python")
    push = await pushed(bot, ann, a_row(20, company="Acme"))

    applied = await ann.presses(push, "Applied")
    await ann.hears()
    kept = await told(ann, "/saved applied")
    why = await pressed(ann, push, "Why")
    hidden = await ann.presses(push, "Hide")
    await ann.hears()
    gone = await told(ann, "/saved")
    muted = await ann.presses(push, "Mute")
    await ann.hears()
    next_push = await pushed(bot, ann, a_row(21, company="Acme"), a_row(22, company="Borealis"))

    assert applied.text == "✅ Applied: Python developer 20"
    assert "1 applied for" in kept.text and "Python developer 20" in kept.text
    assert "#1 python: yes, Python" in why.text
    assert hidden.text == "🙈 Hidden: Python developer 20"
    assert "Nothing saved yet" in gone.text
    assert "Nothing from Acme any more" in muted.text
    assert "Borealis" in next_push.text and "Acme" not in next_push.text
    await ann.hears_nothing()


async def test_a_reply_to_a_push_is_about_that_push(bot: Notifier, ann: Person) -> None:
    await told(ann, "/subscribe java")
    await told(ann, "/subscribe python")
    push = await pushed(bot, ann, a_row(20))

    why = await told(ann, "/why", reply_to=push)
    stopped = await told(ann, "/unsubscribe", reply_to=push)
    listed = await told(ann, "/subscriptions")

    assert "Python developer 20" in why.text and "#2 python: yes" in why.text and "#1 java: no" in why.text
    assert "Subscription #2 (python) has stopped" in stopped.text
    assert "1 subscription" in listed.text and "#1 java" in listed.text


async def test_several_jobs_at_once_are_one_message_whose_numbers_open_them(
    bot: Notifier, ann: Person
) -> None:
    await told(ann, "/subscribe python cadence:instant")

    push = await pushed(bot, ann, *(a_row(number) for number in range(20, 28)))
    one = await pressed(ann, push, "3")

    assert push.text.startswith("🆕 8 new jobs")
    assert len(push.links) >= 8
    assert push.buttons == [str(number) for number in range(1, 9)]
    assert one.links[0] == push.links[2]
    assert one.buttons == PUSH_BUTTONS


# -- looking for jobs ---------------------------------------------------------------------------


async def test_whatever_is_written_is_a_search(bot: Notifier, ann: Person) -> None:
    found = await told(ann, "python berlin")
    none = await told(ann, "cobol atlantis")
    wrong = await told(ann, "/subscribr python")

    assert "6 open jobs for" in found.text and len(found.links) == 6
    assert "No open job fits" in none.text
    assert "Did you mean /subscribe?" in wrong.text


async def test_long_lists_turn_their_pages_in_place(server: BotApi, ann: Person, tmp_path: Path) -> None:
    async with faultless(tmp_path, server, rows=25):
        first = await told(ann, "/jobs")
        second = await pressed(ann, first, "▶")
        third = await pressed(ann, second, "▶")
        back = await pressed(ann, third, "◀")
        job = await pressed(ann, back, "12")

    assert "The latest of 25 open jobs" in first.text
    assert [len(page.links) for page in (first, second, third)] == [10, 10, 5]
    assert all(page.is_edit and page.message_id == first.message_id for page in (second, third, back))
    assert [label for label in first.buttons if not label.isdecimal()] == ["▶ 2/3"]
    assert [label for label in second.buttons if not label.isdecimal()] == ["◀ 1/3", "▶ 3/3"]
    assert back.text == second.text
    assert len({url for page in (first, second, third) for _, url in page.links}) == 25
    assert job.links[0] == back.links[1]
    assert job.buttons == PUSH_BUTTONS


async def test_buttons_pressed_quickly_are_each_answered_at_once(bot: Notifier, ann: Person) -> None:
    """A chat hears about a message a second; that is no reason for a button to spin."""
    found = await told(ann, "/jobs")

    answered = [await ann.presses(found, str(number)) for number in range(1, 7)]
    cards = [await ann.hears() for _ in range(6)]

    assert median(one.seconds for one in answered) < 0.9
    assert [card.links[0] for card in cards] == found.links


async def test_who_asks_quickly_delays_nobody_else(bot: Notifier, ann: Person, bob: Person) -> None:
    """One chat hears about a message a second; meanwhile the updates of all others are fetched."""
    found = await told(bob, "/jobs")

    waited = []
    for number in range(1, 7):
        await ann.says(f"/job {number}")
        await asyncio.sleep(0.35)
        if number % 2:
            waited.append((await bob.presses(found, "1")).seconds)

    assert median(waited) < 0.9


# -- digests ------------------------------------------------------------------------------------


async def test_the_digest_has_pages_and_comes_as_a_file_with_its_links(
    server: BotApi, ann: Person, tmp_path: Path
) -> None:
    async with faultless(tmp_path, server, rows=14):
        await told(ann, "/subscribe python cadence:daily")
        first = await told(ann, "/digest")
        second = await pressed(ann, first, "▶")
        file = await pressed(ann, second, ".md")

    on_pages = {url for page in (first, second) for _, url in page.links if url.startswith(BOARD)}
    assert "Your jobs for" in first.text
    assert len(on_pages) == 14
    assert "14 open in the lists" in second.text
    assert file.document is not None
    name, content = file.document
    assert name == f"digest-{datetime.now(UTC):%Y-%m-%d}.md"
    assert all(f"]({url})" in content.decode() for url in on_pages)


@pytest.mark.long  # waits for the next minute but one
async def test_a_scheduled_digest_arrives_at_its_minute(bot: Notifier, ann: Person, bob: Person) -> None:
    at = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    if (at - datetime.now(UTC)).total_seconds() < 20:
        at += timedelta(minutes=1)
    for person in (ann, bob):
        await told(person, f"/settings digest {at:%H:%M}")
        await told(person, "/subscribe python cadence:daily")
    await told(bob, "/settings tables on")
    bot.publishes([a_row(20), a_row(21)])
    await bot.has_logged("source collected", new=2)

    digest = await ann.hears(100)
    heard_at = datetime.now(UTC)
    table = await bob.hears()
    one = await pressed(ann, digest, "1")
    file = await pressed(ann, digest, ".md")
    from_table = await pressed(bob, table, "2")

    assert at <= heard_at < at + timedelta(seconds=10)
    assert "2 new" in digest.text and "Python developer 20" in digest.text
    assert len([url for _, url in digest.links if url.startswith(BOARD)]) == 2
    assert one.buttons == from_table.buttons == PUSH_BUTTONS
    assert file.document is not None and b"10020/x" in file.document[1]
    assert "<table" in table.rich and f'href="{BOARD}10020/x"' in table.rich
    await ann.hears_nothing()


# -- settings, pause, stop, export, forget --------------------------------------------------------


async def test_settings_change_by_taps_and_by_words(bot: Notifier, ann: Person) -> None:
    settings = await told(ann, "/settings")
    languages = await pressed(ann, settings, "Language")
    german = await pressed(ann, languages, "Deutsch")
    listed = await told(ann, "/subscriptions")
    wrong = await told(ann, "/settings zone Europe/Berln")
    zone = await told(ann, "/settings zone Europe/Berlin")
    quiet = await told(ann, "/settings quiet 22:00-07:00")

    assert "zone: UTC" in settings.text and "digest: 08:30" in settings.text
    assert {"English", "Deutsch", "Español"} <= set(languages.buttons)
    assert german.is_edit and german.message_id == settings.message_id
    assert "Erledigt." in german.text and "Deutsch" in german.text
    assert "Noch keine Abos" in listed.text
    assert "Europe/Berlin" in wrong.text
    assert "Erledigt." in zone.text and "Europe/Berlin" in zone.text
    assert "22:00-07:00" in quiet.text


async def test_who_wants_no_sound_gets_pushes_without(bot: Notifier, server: BotApi, ann: Person) -> None:
    await told(ann, "/subscribe python")
    await told(ann, "/settings silent on")
    await pushed(bot, ann, a_row(20))
    silent = server.called("sendMessage")[-1]
    await told(ann, "/settings silent off")
    await pushed(bot, ann, a_row(21))
    loud = server.called("sendMessage")[-1]

    assert silent.params.get("disable_notification") is True
    assert not loud.params.get("disable_notification")


async def test_what_comes_during_a_pause_comes_in_one_message_after_it(
    bot: Notifier, ann: Person, bob: Person
) -> None:
    await told(ann, "/subscribe python")
    await told(bob, "/subscribe python")
    await told(ann, "/pause")
    bot.publishes([a_row(number) for number in range(20, 24)])
    await bob.hears()
    await ann.hears_nothing()

    resumed = await told(ann, "/resume")
    kept = await ann.hears()

    assert "4 jobs were kept" in resumed.text
    assert kept.text.startswith("🆕 4 new jobs")
    await ann.hears_nothing()


async def test_stop_offers_a_pause_or_to_be_forgotten(bot: Notifier, ann: Person, bob: Person) -> None:
    await told(ann, "/subscribe python")
    await told(bob, "/subscribe python")

    asked = await told(ann, "/stop")
    paused = await pressed(ann, asked, "Pause")
    bot.publishes([a_row(20)])
    await bob.hears()
    await ann.hears_nothing()
    erased = await pressed(ann, await told(ann, "/stop"), "Erase")
    listed = await told(ann, "/subscriptions")

    assert asked.buttons == ["⏸ Pause", "🧹 Erase"]
    assert paused.is_edit and "Paused" in paused.text
    assert "Everything about you is erased" in erased.text
    assert "No subscriptions yet" in listed.text


async def test_a_person_gets_all_about_them_as_a_file_and_can_be_forgotten(
    bot: Notifier, ann: Person, bob: Person
) -> None:
    await told(ann, "/subscribe python")
    await ann.presses(await pushed(bot, ann, a_row(20)), "Save")
    await ann.hears()
    await told(bob, "/subscribe python")

    export = await told(ann, "/export")
    sure = await told(ann, "/forget")
    erased = await pressed(ann, sure, "Erase")
    listed = await told(ann, "/subscriptions")
    saved = await told(ann, "/saved")
    bot.publishes([a_row(21)])
    await bob.hears()

    assert export.document is not None
    name, content = export.document
    kept = json.loads(content)
    assert name == "notifier-export.json"
    assert "python" in json.dumps(kept) and "saved" in json.dumps(kept)
    assert "cannot be undone" in sure.text
    assert "Everything about you is erased" in erased.text
    assert "No subscriptions yet" in listed.text
    assert "Nothing saved yet" in saved.text
    await ann.hears_nothing()


# -- restarts and forgeries -----------------------------------------------------------------------


async def test_buttons_survive_a_restart(bot: Notifier, ann: Person) -> None:
    await told(ann, "/subscribe python")
    push = await pushed(bot, ann, a_row(20))

    assert await bot.ends() == 0
    await bot.start()
    await ann.presses(push, "Save")
    kept = await saved(ann)

    assert "Python developer 20" in kept.text


async def test_buttons_of_a_message_too_old_to_be_shown_still_work(bot: Notifier, ann: Person) -> None:
    """Of a message older than 48 hours Telegram says only which it was."""
    await told(ann, "/subscribe python")
    push = await pushed(bot, ann, a_row(20))
    inaccessible = {"chat": ann.chat.json, "message_id": push.message_id, "date": 0}

    for label in ("Save", "Why"):
        query = {"from": ann.json, "message": inaccessible, "chat_instance": "1", "data": push.data(label)}
        await ann._ask("callback_query", query, 5)
    why = await ann.hears()
    kept = await told(ann, "/saved")

    assert "#1 python: yes" in why.text
    assert "Python developer 20" in kept.text


async def test_what_was_asked_while_it_was_down_is_answered_after_the_start(
    bot: Notifier, ann: Person, bob: Person
) -> None:
    await told(ann, "/subscribe python")
    push = await pushed(bot, ann, a_row(20))
    await bot.is_killed()

    await bob.says("/start")
    saving = asyncio.create_task(ann.presses(push, "Save"))
    await asyncio.sleep(0.5)
    await bot.start()
    hello = await bob.hears()
    await saving
    kept = await saved(ann)

    assert "Open now" in hello.text
    assert "Python developer 20" in kept.text
    await bob.hears_nothing()


async def test_forged_buttons_are_answered_and_change_nothing(bot: Notifier, ann: Person) -> None:
    subscribed = await told(ann, "/subscribe python")
    before = await told(ann, "/subscriptions")
    forged = (
        "garbage",
        "0unsubscribe 1",  # of another version
        "1",
        "1save 999999",
        "1save -1",
        "1unsubscribe 99999999999999999999",
        "1page AAAAAAAAAAAA 2",
        "1again AAAAAAAAAAAA",
        "1chosen 5",
        "1admin stop",
        "1@-1001 feed remove 1",
        "1@1001 unsubscribe 1",
        "1subscriptions share 9",
    )

    answered = [await ann.presses_data(subscribed, data) for data in forged]
    said = [await told(ann, "/subscriptions")]
    while said[-1].text != before.text:
        said.append(await ann.hears())
    saved = await told(ann, "/saved")

    assert [one.text[:31] for one in answered[:3]] == ["This button is from an older ve"] * 3
    assert not any("went wrong" in message.text for message in said)
    assert "Nothing saved yet" in saved.text


async def test_another_persons_press_is_answered_and_changes_nothing(
    bot: Notifier, ann: Person, bob: Person
) -> None:
    await told(bob, "/start")
    subscribed = await told(ann, "/subscribe python")
    push = await pushed(bot, ann, a_row(20))

    on_push = await bob.presses(push, "Save")
    on_undo = await bob.presses(subscribed, "Undo")

    assert on_push.text == on_undo.text == "This button belongs to somebody else."
    assert "#1 python" in (await told(ann, "/subscriptions")).text
    assert "Nothing saved yet" in (await told(ann, "/saved")).text
    assert "Nothing saved yet" in (await told(bob, "/saved")).text


async def test_a_page_of_another_person_cannot_be_turned(
    server: BotApi, ann: Person, bob: Person, tmp_path: Path
) -> None:
    async with faultless(tmp_path, server, rows=12):
        mine = await told(ann, "/jobs")
        theirs = await told(bob, "/start")
        await bob.presses_data(theirs, mine.data("▶"))
        refused = await bob.hears()

    assert "not yours" in refused.text


# -- links ----------------------------------------------------------------------------------------


async def test_a_shared_subscription_is_copied_at_once(bot: Notifier, ann: Person, bob: Person) -> None:
    await told(ann, "/subscribe python remote")
    shown = await pressed(ann, await told(ann, "/subscriptions"), "#1")
    shared = await pressed(ann, shown, "Share")
    link = shared.url("Share")

    copied = await told(bob, f"/start {link.partition('?start=')[2]}")
    listed = await told(bob, "/subscriptions")
    await pressed(bob, copied, "Undo")
    undone = await told(bob, "/subscriptions")

    assert link.startswith("https://t.me/notifier_test_bot?start=s_")
    assert len(link.partition("?start=")[2]) <= 64
    assert "copy of a shared subscription" in copied.text and "Python, remote" in copied.text
    assert "1 subscription" in listed.text
    assert "No subscriptions yet" in undone.text
    assert "#1 python" in (await told(ann, "/subscriptions")).text


async def test_a_link_leads_to_a_job_and_an_unknown_one_is_said_to_be_unknown(
    bot: Notifier, ann: Person
) -> None:
    job = await told(ann, "/start j_6")
    gone = await told(ann, "/start j_999")
    unshared = await told(ann, "/start s_nothing")
    used = await told(ann, "/start l_nothing")
    odd = await told(ann, "/start whatever")

    assert job.buttons == PUSH_BUTTONS
    assert "There is no job 999 any more" in gone.text
    assert "not shared any more" in unshared.text
    assert "not known" in used.text
    assert "/start" in odd.text


# -- blocks -----------------------------------------------------------------------------------------


async def test_who_blocks_is_not_written_to_and_hears_again_after_unblocking(
    bot: Notifier, server: BotApi, ann: Person, bob: Person
) -> None:
    await told(ann, "/subscribe python")
    await told(bob, "/subscribe python")
    ann.blocks()
    await bot.has_logged("chat left", reason="blocked by the user")
    before = len(server.called("sendMessage"))
    bot.publishes([a_row(20)])
    await bob.hears()
    await asyncio.sleep(0.3)  # for one too many
    attempts = len(server.called("sendMessage")) - before - 1

    ann.unblocks()
    listed = await told(ann, "/subscriptions")
    push = await pushed(bot, ann, a_row(21, "Lead Python developer"))

    assert attempts == 0
    assert "#1 python" in listed.text
    assert "Lead Python developer 21" in push.text
