"""The conversation: the first minute, pages, marks, settings by taps, shared chats, operators, privacy."""

import json
import logging
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlmodel import Session, SQLModel, col

from notifier.chat import markdown
from notifier.domain.document import COMMAND_BYTES, Action, Document, File
from notifier.domain.posting import Found, Reading
from notifier.errors import SourceRefused
from notifier.services import operators
from notifier.services.commands import Caller, answer, perform
from notifier.services.commands.guess import country_of, zone_of
from notifier.services.conversation import Conversation
from notifier.store import persons
from notifier.store.database import Database
from notifier.store.tables import (
    Allowed,
    Answer,
    Delivery,
    Destination,
    DestinationKind,
    Mark,
    Person,
    Subscription,
)
from tests.conftest import Clock
from tests.road import Road, a_posting, postings

ANN = "ann-4711"


def caller(clock: Clock, who: str = ANN, **values: Any) -> Caller:
    return replace(Caller(platform="fake", address=who, user_id=who, now=clock.now), **values)


def ask(db: Database, clock: Clock, line: str, who: str = ANN, **values: object) -> Document:
    return db.call(answer, caller(clock, who, **values), line)


def says(db: Database, clock: Clock, line: str, who: str = ANN, **values: object) -> str:
    return markdown.render(ask(db, clock, line, who, **values))


def button(document: Document, label: str) -> Action:
    return next(action for action in document.actions if label in action.label)


def tap(
    db: Database, clock: Clock, document: Document, label: str, who: str = ANN, **values: object
) -> Document:
    return ask(db, clock, button(document, label).command, who, **values)


@pytest.fixture
async def road(db: Database, clock: Clock) -> Road:
    made = Road(db, clock)
    await made.add_list()
    await made.read(
        [*postings(*range(1, 16)), a_posting(20, title="Java developer", location="Graz, Austria")]
    )
    return made


# -- the first minute ---------------------------------------------------------------------------


def test_the_first_minute_is_three_taps(road: Road, db: Database, clock: Clock) -> None:
    """Three real jobs at once, then what, where and how often; the last tap says what was set, with Undo."""
    hello = ask(db, clock, "/start", locale="en-AT")
    where = tap(db, clock, hello, "Java 1", locale="en-AT")
    how = tap(db, clock, where, "Austria", locale="en-AT")
    done = tap(db, clock, how, "As they come, and a digest", locale="en-AT")

    assert markdown.render(hello).count("board.example/job/") == 3
    assert [action.label for action in where.actions] == ["🌐 Remote", "Austria", "Anywhere"]
    said = markdown.render(done)
    assert "Subscription #1: Java, in Austria" in said
    assert "1 open job fits now" in said
    assert "Europe/Vienna, where it is 13:00 now" in said
    assert button(done, "Undo").command == "unsubscribe 1"


def test_every_tap_may_be_skipped_and_start_again_loses_nothing(
    road: Road, db: Database, clock: Clock
) -> None:
    """Who skips what and where is told that nothing is set; who has subscriptions keeps them."""
    assert "Nothing is set" in says(db, clock, "/start - anywhere daily")
    says(db, clock, "/subscribe python")

    assert "1 subscription already" in says(db, clock, "/start")
    assert "python" in says(db, clock, "/subscriptions")


@pytest.mark.parametrize(
    "line", ["/start nonsense", "/start python in:ZZZ", "/start python moon", "/start python - hourly"]
)
def test_a_stale_tap_says_so(road: Road, db: Database, clock: Clock, line: str) -> None:
    """A button of an older version, or a forged one, changes nothing."""
    says(db, clock, line)

    assert "No subscriptions yet" in says(db, clock, "/subscriptions")


@pytest.mark.parametrize(
    ("locale", "country", "zone"),
    [
        ("de", "DE", "Europe/Berlin"),
        ("de-AT", "AT", "Europe/Vienna"),
        ("en-US", "US", "America/New_York"),
        ("pt-BR", "BR", "America/Sao_Paulo"),
        ("zh-Hans-CN", "CN", "Asia/Shanghai"),
        ("en", "", ""),
        ("", "", ""),
        ("xx-QQ", "QQ", ""),
    ],
)
def test_the_zone_is_guessed_from_the_language(locale: str, country: str, zone: str) -> None:
    """A region says it, or the land most speakers live in; English says nothing."""
    assert country_of(locale) == country
    assert zone_of(country) == zone


def test_a_shared_subscription_is_copied_by_its_link(road: Road, db: Database, clock: Clock) -> None:
    """The copy is the other's own: each may change or remove theirs."""
    says(db, clock, "/subscribe python in:berlin cadence:daily")
    shared = ask(db, clock, "/subscriptions share 1", deep_link="https://t.me/a_bot?start=")
    token = button(shared, "Share").url.removeprefix("https://t.me/a_bot?start=")

    copied = says(db, clock, f"/start {token}", "bob")
    says(db, clock, "/unsubscribe 1")

    assert len(token) <= 64 and "copy of a shared subscription" in copied and "in Berlin, Germany" in copied
    assert "python" in says(db, clock, "/subscriptions", "bob")
    assert "not shared any more" in says(db, clock, f"/start {token}", "carl")
    assert "used, is too old" in says(db, clock, "/start l_token", "carl")
    assert "Java developer" in says(db, clock, "/start j_16", "carl")


# -- pages --------------------------------------------------------------------------------------


def test_pages_turn_by_a_command_that_survives_a_restart(road: Road, db: Database, clock: Clock) -> None:
    """A long answer is read page by page; each command fits a button, and a stranger turns nothing."""
    first = ask(db, clock, "/jobs python")
    on = button(first, "▶")
    second = ask(db, clock, on.command)

    assert markdown.render(first).count("board.example/job/") == 10
    assert markdown.render(second).count("board.example/job/") == 5
    assert len(on.command.encode()) <= COMMAND_BYTES
    assert markdown.render(tap(db, clock, second, "◀")) == markdown.render(first)
    assert "too old to turn its pages, or is not yours" in says(db, clock, on.command, "mallory")
    assert "too old" in says(db, clock, "/page forged 2")


async def test_a_digest_that_was_sent_turns_its_pages(road: Road, db: Database, clock: Clock) -> None:
    """The message that a batch stands for is found by its name, by its own chat only."""
    says(db, clock, "/subscribe python cadence:daily")
    await road.read(postings(*range(1, 31)))
    clock.forward(hours=21)
    await road.deliver()
    batch = db.call(lambda session: session.execute(select(col(Delivery.batch)).limit(1)).scalar_one())

    second = says(db, clock, f"/page {batch} 2")

    assert second.count("board.example/job/") == 4
    assert "too old" in says(db, clock, f"/page {batch} 2", "mallory")


def test_an_ambiguous_place_comes_with_its_answers(road: Road, db: Database, clock: Clock) -> None:
    """One tap on a candidate does what the line meant; a line too long for a button is kept for it."""
    question = ask(db, clock, "/subscribe python in:georgia")
    long = ask(db, clock, '/subscribe "a rather long phrase that stands in titles" in:georgia remote:unknown')

    assert "in Georgia, United States" in markdown.render(tap(db, clock, question, "Georgia, United States"))
    assert button(long, "Georgia, United States").command.startswith("again ")
    assert "a rather long phrase" in markdown.render(tap(db, clock, long, "Georgia, United States"))
    assert "too old" in says(db, clock, button(long, "Georgia, United States").command, "mallory")


# -- marks, settings ----------------------------------------------------------------------------


def test_what_was_kept_is_listed_by_what_became_of_it(road: Road, db: Database, clock: Clock) -> None:
    """Each job stands once, under its last mark; a mark can be taken back."""
    assert "Nothing saved yet" in says(db, clock, "/saved")
    for line in ("/save 1", "/applied 2", "/interview 3", "/offer 3", "/rejected 4", "/hide 5"):
        last = ask(db, clock, line)

    said = says(db, clock, "/saved")

    assert [part in said for part in ("1 saved", "1 applied for", "1 offer", "1 rejected")] == [True] * 4
    assert "interview" not in said and "Python developer 5" not in said
    assert "Python developer 2" in says(db, clock, "/saved applied")
    assert "Taken back" in markdown.render(tap(db, clock, last, "Undo"))
    assert "is not one of saved" in says(db, clock, "/saved maybe")


def test_a_muted_company_is_heard_of_again(road: Road, db: Database, clock: Clock) -> None:
    """Undo stands below each thing that can be undone."""
    muted = ask(db, clock, "/mute 1")

    assert "Nothing from Company 1" in markdown.render(muted)
    assert "You will hear of Company 1 again" in markdown.render(tap(db, clock, muted, "Undo"))


def test_settings_are_set_by_taps(road: Road, db: Database, clock: Clock) -> None:
    """Each setting opens with the values that most people choose; any other can be typed."""
    opened = tap(db, clock, ask(db, clock, "/settings"), "Cadence")

    assert "cadence of new subscriptions: daily" in markdown.render(tap(db, clock, opened, "daily"))
    assert "Sprache: Deutsch" in says(db, clock, "/settings language deutsch", "dora")
    assert "language: English" in says(db, clock, "/settings", "carl", locale="fr-FR")
    assert "no language that I speak" in says(db, clock, "/settings language klingon", "bob")


def test_stop_asks_whether_to_pause_or_to_erase(road: Road, db: Database, clock: Clock) -> None:
    """Stopping a bot means one of two things, so it is asked."""
    asked = ask(db, clock, "/stop")

    assert [action.command for action in asked.actions] == ["pause", "forget yes"]
    assert "Paused" in markdown.render(tap(db, clock, asked, "Pause"))


def test_a_report_reaches_the_operators(road: Road, db: Database, clock: Clock) -> None:
    """A dead or false job is counted once a person."""
    for who in (ANN, ANN, "bob"):
        says(db, clock, "/report 3", who)

    assert "Python developer 3: reported 2×" in says(db, clock, "/admin reports", operates=True)


# -- shared chats -------------------------------------------------------------------------------


def in_group(clock: Clock, who: str, **values: object) -> Caller:
    return caller(clock, who, address="group-1", kind=DestinationKind.GROUP, **values)


def test_a_feed_is_managed_by_who_administers_the_chat(road: Road, db: Database, clock: Clock) -> None:
    """Anybody else is told so, and a private chat has no feeds."""
    boss, member = in_group(clock, "boss", manages=True), in_group(clock, "member")

    def said(who: Caller, line: str) -> str:
        return markdown.render(db.call(answer, who, line))

    assert "for who administers this chat" in said(member, "/feed add python")
    assert "No feeds here yet" in said(boss, "/feed list")
    assert "Feed #1 of this chat: Python" in said(boss, "/feed add python cadence:instant")
    assert "15 open jobs fit; nothing is posted" in said(boss, "/feed test 1")
    assert "is paused" in said(boss, "/feed pause 1")
    assert "is on again" in said(boss, "/feed resume 1")
    assert "now: Java" in said(boss, "/feed edit 1 java")
    assert "There is no subscription #7" in said(boss, "/feed test 7")
    assert "is removed" in said(boss, "/feed remove #1")
    assert "is not one of add, list" in said(boss, "/feed dance")
    assert "works in a group" in says(db, clock, "/feed list")


def test_in_a_shared_chat_what_is_personal_is_answered_alone_or_not(
    road: Road, db: Database, clock: Clock
) -> None:
    """Where a platform can answer one person there, the person's own chat is meant; else a private chat is asked for."""
    assert "private chat" in markdown.render(db.call(answer, in_group(clock, "member"), "/subscribe python"))

    answered = db.call(answer, in_group(clock, "member", private="dm-member"), "/subscribe python")

    assert "Subscription #1" in markdown.render(answered)
    rows = db.call(lambda session: session.execute(select(Destination)).scalars().all())
    assert [(row.address, row.kind) for row in rows] == [("dm-member", "private")]
    saved = db.call(answer, in_group(clock, "member"), "/save 3")
    assert "Saved" in markdown.render(saved)
    assert "Python developer 3" in says(db, clock, "/saved", "member")


def test_a_button_kept_in_a_shared_chat_gives_nobody_more_than_a_line(
    road: Road, db: Database, clock: Clock
) -> None:
    """What a long button means is asked anew by who taps it: a member cannot make the chat subscribe."""
    long = '/subscribe "a rather long phrase that stands in titles" in:georgia remote:unknown'
    member = in_group(clock, "member", private="dm-member")
    question = db.call(answer, member, long)
    command = button(question, "Georgia, United States").command

    refused = db.call(answer, in_group(clock, "other"), command)
    done = db.call(answer, member, command)

    assert "private chat" in markdown.render(refused)
    assert "Subscription #1" in markdown.render(done)
    owners = db.call(
        lambda session: session.execute(select(col(Subscription.destination_id))).scalars().all()
    )
    chats = db.call(lambda session: session.execute(select(Destination)).scalars().all())
    assert [chat.address for chat in chats if chat.id in owners] == ["dm-member"]


# -- operators and access -----------------------------------------------------------------------


async def test_an_operator_adds_a_list_from_the_chat_and_is_asked_first(
    road: Road, db: Database, clock: Clock
) -> None:
    asked: list[str] = []

    async def look(where: str, now: datetime) -> Found:
        asked.append(where)
        if where.endswith("none"):
            raise SourceRefused("none is an HTML page. What works: a README")
        reading = Reading(postings=(a_posting(1, title="Cook [x](https://evil.example)"),))
        also = ["https://github.com/ann/more-jobs"]
        return Found(kind="readme_table", url=where, name="cooks", reading=reading, also=also)

    talk = Conversation(db=db, operators=("fake:op",), look=look)
    op, eve = (Caller(platform="fake", address=it, user_id=it, now=clock.now) for it in ("op", "eve"))
    shown = await talk.answer(op, "/admin sources add https://github.com/ann/cooks")
    words = markdown.render(shown)

    assert "cooks: 1 job" in words
    assert "](https://evil.example)" not in words
    assert "ann/more-jobs" in words
    assert "paused: waits for an operator" in markdown.render(await talk.answer(op, "/admin sources"))

    yes, no = shown.actions
    assert "is read from now on" in markdown.render(await talk.answer(op, yes.command))
    assert "cooks · not read yet" in markdown.render(await talk.answer(op, "/admin sources"))
    assert "is not read any more" in markdown.render(await talk.answer(op, no.command))

    wrong = await talk.perform(op, "admin", {"action": "sources", "value": "add https://x.example/none"})
    assert "Nothing was added. none is an HTML page" in markdown.render(wrong)
    assert len(asked) == 2
    assert "I do not know /admin" in markdown.render(
        await talk.answer(eve, "/admin sources add https://github.com/ann/cooks")
    )
    assert len(asked) == 2


def test_commands_of_operators_do_not_exist_for_others(road: Road, db: Database, clock: Clock) -> None:
    """Neither help nor an error tells of them."""
    assert "I do not know /admin" in says(db, clock, "/admin status")
    assert "admin" not in says(db, clock, "/help")
    assert "1 list" in says(db, clock, "/admin sources", operates=True)
    assert "16 jobs" in says(db, clock, "/admin status", operates=True)
    assert "paused: by an operator" in says(db, clock, "/admin sources pause list", operates=True)
    assert "· good ·" in says(db, clock, "/admin sources resume list", operates=True)
    assert "There is no source called x" in says(db, clock, "/admin sources pause x", operates=True)
    assert "No dead letters" in says(db, clock, "/admin dead", operates=True)
    assert "There is no dead letter 9" in says(db, clock, "/admin dead retry 9", operates=True)
    too_long = says(db, clock, f"/admin dead retry {'9' * 30}", operates=True)  # no engine looks for that
    assert "admin dead retry 12" in too_long


async def test_by_list_only_who_is_allowed_is_answered(road: Road, db: Database, clock: Clock) -> None:
    """Others are told whom to ask, and leave nothing behind."""
    talk = Conversation(db=db, operators=("fake:op",), by_list=True)

    refused = markdown.render(await talk.answer(caller(clock, "bob"), "/subscribe python"))
    await talk.answer(caller(clock, "op"), "/admin allow fake:bob")
    answered = markdown.render(await talk.answer(caller(clock, "bob"), "/subscribe python"))

    assert "invited people" in refused and "fake:bob" in refused
    assert "Subscription #1" in answered
    assert db.call(lambda session: session.execute(select(func.count(col(Allowed.id)))).scalar_one()) == 1


async def test_who_asks_too_often_is_told_when_to_try_again(road: Road, db: Database, clock: Clock) -> None:
    """Twenty a minute a person, sixty a chat; a refusal asks the database nothing, and others are answered."""
    talk = Conversation(db=db)
    answers = [markdown.render(await talk.answer(caller(clock, "bob"), "/help")) for _ in range(25)]

    assert sum("Try again in 60 s" in said for said in answers) == 5
    assert "Try again" not in markdown.render(await talk.answer(caller(clock, ANN), "/help"))
    clock.forward(seconds=61)
    assert "Try again" not in markdown.render(await talk.answer(caller(clock, "bob"), "/help"))
    crowd = [markdown.render(await talk.answer(in_group(clock, f"member-{n}"), "/help")) for n in range(65)]
    assert sum("This chat asks more" in said for said in crowd) == 5


def test_options_by_name_do_the_same_as_a_line(road: Road, db: Database, clock: Clock) -> None:
    """A slash command and a typed line are one command."""
    by_name = db.call(perform, caller(clock), "saved", {"status": "applied"})

    assert markdown.render(by_name) == says(db, clock, "/saved applied")


# -- privacy ------------------------------------------------------------------------------------


def holding(session: Session, words: str) -> list[str]:
    """Return the tables of which a row shows `words`."""
    return [
        table.name
        for table in SQLModel.metadata.sorted_tables
        if any(words in str(value) for row in session.execute(select(table)) for value in row)
    ]


def everything_of(db: Database, clock: Clock, who: str) -> None:
    for line in (
        *("/subscribe python remote", "/save 1", "/applied 2", "/mute 3", "/report 4", "/jobs python"),
        *("/settings home india", "/settings zone Europe/Berlin", "/subscriptions share 1"),
    ):
        says(db, clock, line, who)


def test_export_gives_every_row_about_a_person_and_no_other(road: Road, db: Database, clock: Clock) -> None:
    """One JSON file holds each table that the person stands in, and the jobs they name."""
    everything_of(db, clock, ANN)
    everything_of(db, clock, "bob-0815")

    file = ask(db, clock, "/export").file

    assert isinstance(file, File) and isinstance(file.content, bytes)
    kept = json.loads(file.content)
    assert {"person", "account", "destination", "subscription", "mark", "mute", "report", "answer"} <= set(
        kept
    )
    assert kept["person"][0]["home"] == "IN"
    assert {row["title"] for row in kept["job"]} == {f"Python developer {n}" for n in (1, 2, 4)}
    assert b"bob-0815" not in file.content


async def test_after_forget_nothing_of_a_person_is_found(road: Road, db: Database, clock: Clock) -> None:
    """Asked once; then no table holds them, and others and shared feeds stay."""
    everything_of(db, clock, ANN)
    everything_of(db, clock, "bob-0815")
    says(db, clock, "/subscribe python", ANN)
    await road.read(postings(*range(1, 40)))
    db.call(answer, in_group(clock, ANN, manages=True), "/feed add python")
    db.call(answer, in_group(clock, ANN), "/save 7")

    assert "Sure?" in says(db, clock, "/forget")
    assert db.call(holding, ANN) != []
    assert "is erased" in says(db, clock, "/forget yes")

    assert db.call(holding, ANN) == []
    people = db.call(lambda session: session.execute(select(col(Person.id))).scalars().all())
    assert len(people) == 1
    marks = db.call(lambda session: session.execute(select(col(Mark.person_id)).distinct()).scalars().all())
    assert marks == people
    feeds = db.call(lambda session: session.execute(select(col(Subscription.name))).scalars().all())
    assert sorted(feeds) == ["python", "python remote:only"]
    assert db.call(lambda session: session.execute(select(func.count(col(Answer.token)))).scalar_one()) == 1


def test_export_and_forget_walk_every_table_that_may_hold_a_person(db: Database, clock: Clock) -> None:
    """A table with a person, an account or a destination cannot be left out."""
    says(db, clock, "/subscribe python")

    def walked(session: Session) -> set[str]:
        person = persons.find(session, "fake", ANN)
        assert person is not None
        return {table.name for table, _ in persons._about(session, person)}

    holding_one = {
        table.name
        for table in SQLModel.metadata.sorted_tables
        if {"person_id", "destination_id", "user_id"} & set(table.columns.keys()) or table.name == "person"
    }
    assert db.call(walked) == holding_one


def test_operators_are_told_of_reports_once_a_day(road: Road, db: Database, clock: Clock) -> None:
    """How many jobs, since the last time it was told."""
    says(db, clock, "/report 3")
    says(db, clock, "/report 3", "bob")

    (notice,) = db.call(operators.due, clock.now, {})

    assert "1 job is reported" in markdown.render(notice.document("en"))


def test_privacy_says_what_is_kept(road: Road, db: Database, clock: Clock) -> None:
    """In plain words, with the way to get it."""
    said = ask(db, clock, "/privacy")

    assert "I do not keep your name" in markdown.render(said)
    assert button(said, "Export").command == "export"


def test_the_digest_comes_as_a_file(road: Road, db: Database, clock: Clock) -> None:
    """The same document as Markdown, with its links."""
    says(db, clock, "/subscribe python cadence:daily")
    shown = ask(db, clock, "/digest")
    file = tap(db, clock, shown, ".md").file

    assert file is not None and file.name == "digest-2026-03-02.md"
    assert isinstance(file.content, Document)
    assert "https://board.example/job/1015/python" in markdown.render(file.content)


def test_after_forget_the_file_and_the_logs_hold_nothing(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in a freed page either, once the file was checkpointed and vacuumed."""
    caplog.set_level(logging.DEBUG, "notifier")
    file = tmp_path / "x.db"
    db = Database(f"sqlite:///{file}")
    db.migrate()
    says(db, clock, "/subscribe python zirconium")
    says(db, clock, "/settings zone Europe/Berlin")
    assert ANN.encode() in bytes_of(file)

    says(db, clock, "/forget yes")
    with db._writer.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.execute("VACUUM")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()

    assert ANN.encode() not in bytes_of(file) and b"zirconium" not in bytes_of(file)
    assert ANN not in caplog.text and "zirconium" not in caplog.text


def bytes_of(file: Path) -> bytes:
    return b"".join(part.read_bytes() for part in file.parent.iterdir() if part.name.startswith(file.name))
