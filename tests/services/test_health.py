"""What is known of each list's health, and that a list in doubt costs nobody anything."""

from dataclasses import replace
from datetime import timedelta

import pytest

from notifier.chat import markdown
from notifier.domain.cadence import Cadence
from notifier.domain.posting import Posting, Reading, Unread
from notifier.errors import SourceUnreachable
from notifier.services.commands import Caller, answer
from notifier.store import health, openings, sources
from notifier.store.database import Database
from notifier.store.tables import Source
from tests.conftest import Clock
from tests.road import Road, a_posting, postings

DOWN = SourceUnreachable("https://host.example answered 502")


def unread(count: int) -> list[Unread]:
    return [Unread(line=n, reason="no title", text="| |") for n in range(count)]


@pytest.fixture
async def road(db: Database, clock: Clock) -> Road:
    """A list that carries all its ten open jobs, and Ann who wants Python in Berlin at once."""
    made = Road(db, clock)
    await made.add_list(complete=True)
    await made.subscribed("python in:berlin")
    await made.read(postings(*range(1, 11)))
    clock.forward(hours=1)
    return made


async def the_list(road: Road) -> Source:
    (row,) = await road.db.read(sources.every)
    return row


def without_places(rows: list[Posting]) -> list[Posting]:
    return [replace(row, location="") for row in rows]


DRIFTED = {
    "column gone": Reading(postings=without_places(postings(*range(1, 9), 11))),
    "rows not understood": Reading(postings=postings(*range(1, 9), 11), unread=unread(3)),
}


@pytest.mark.parametrize("drift", DRIFTED)
async def test_another_layout_is_suspect_and_changes_nothing_that_is_known(
    road: Road, clock: Clock, drift: str
) -> None:
    before = await the_list(road)
    for _ in range(5):
        clock.forward(hours=12)
        collected = await road.read(DRIFTED[drift])
        assert collected.closed == 0
        assert collected.trouble
    told = await road.deliver()
    row = await the_list(road)
    known = {job.title: job for job in road.db.call(lambda s: list(openings.newest_open(s, clock.now)))}

    assert row.suspect == collected.trouble
    assert row.last_ok_at == before.last_ok_at
    assert len(known) == 11
    assert known["Python developer 1"].location == "Berlin, Germany"
    # What it holds that is new is announced as ever: a place that is not stated may be Berlin.
    assert len(told) == 1
    assert "developer 11" in told[0]


async def test_a_layout_that_is_back_is_good_again_and_tells_nothing_twice(road: Road, clock: Clock) -> None:
    for rows in (*DRIFTED.values(), postings(*range(1, 11))):
        clock.forward(hours=1)
        collected = await road.read(rows)

    assert collected.trouble == ""
    assert (await the_list(road)).suspect is None
    assert len(await road.deliver()) == 1  # what was new in between


@pytest.mark.parametrize("drift", DRIFTED)
async def test_an_operator_may_accept_another_layout(road: Road, clock: Clock, drift: str) -> None:
    await road.read(DRIFTED[drift])

    await road.db.run(lambda session: sources.accept(sources.every(session)[0], clock.now))
    again = await road.read(DRIFTED[drift])

    assert again.trouble == ""
    assert (await the_list(road)).suspect is None


@pytest.mark.parametrize("count", [1, 2])
async def test_a_few_rows_that_are_not_understood_are_no_other_layout(road: Road, count: int) -> None:
    assert (await road.read(Reading(postings=postings(*range(1, 11)), unread=unread(count)))).trouble == ""
    assert (await the_list(road)).unread == count


@pytest.mark.parametrize(
    "doubtful",
    [*DRIFTED.values(), Reading(postings=postings(*range(1, 9)), note="only the first 8 rows were read")],
)
async def test_a_doubt_stays_while_the_server_says_that_nothing_changed(
    road: Road, clock: Clock, doubtful: Reading
) -> None:
    await road.read(replace(doubtful, etag="x"))
    asked_with = (await the_list(road)).etag

    for _ in range(4):
        clock.forward(hours=12)
        again = await road.read(doubtful)

    assert asked_with == ""  # the whole document is asked for
    assert again.trouble
    assert again.closed == 0


async def test_the_document_from_before_a_doubt_counts_as_read(road: Road, clock: Clock) -> None:
    """The very rows of the last good reading are back: none of them is absent any more."""
    await road.read(postings(1))
    for _ in range(5):
        clock.forward(hours=12)
        back = await road.read(postings(*range(1, 11)))

    assert (back.trouble, back.closed) == ("", 0)
    assert (await the_list(road)).usual_rows[-1] == 10


@pytest.mark.parametrize("first", ["whole", "shrunken", "empty", "drifted"])
async def test_what_only_a_better_reader_understands_is_silent_even_after_a_doubtful_reading(
    road: Road, clock: Clock, db: Database, first: str
) -> None:
    rows = postings(*range(1, 21))
    readings = {
        "whole": Reading(postings=rows),
        "shrunken": Reading(postings=rows[:2]),
        "empty": Reading(note="the table of jobs is empty"),
        "drifted": Reading(postings=rows[:12], unread=unread(8)),
    }
    clock.forward(days=1)
    restarted = Road(db, clock)
    restarted.version = 2
    await restarted.read(readings[first])
    clock.forward(hours=1)
    again = Road(db, clock)
    again.version = 2

    await again.read(rows)
    clock.forward(hours=1)
    await again.read([*rows, a_posting(30)])

    told = await again.deliver()
    assert len(told) == 1
    assert "developer 30" in told[0]


async def test_after_ten_failures_a_list_is_read_every_six_hours_or_as_rarely_as_before(
    db: Database, clock: Clock
) -> None:
    road = Road(db, clock)
    await road.add_list("often")
    await road.add_list("daily", every=24 * 60 * 60)
    waits: dict[str, list[timedelta]] = {"often": [], "daily": []}
    for _ in range(11):
        for name in waits:
            await road.read(DOWN, name)
        for row in await db.read(sources.every):
            waits[row.name].append(row.next_fetch_at - clock.now)
        clock.forward(hours=1)

    assert waits["often"] == sorted(waits["often"])
    assert waits["often"][0] == timedelta(minutes=1)
    assert waits["often"][8] < timedelta(hours=6)
    assert waits["often"][9:] == [timedelta(hours=6)] * 2
    assert waits["daily"][9:] == [timedelta(days=1)] * 2


async def test_a_list_says_what_it_usually_holds_and_how_many_are_new_a_day(road: Road, clock: Clock) -> None:
    for day in range(1, 15):
        clock.now = clock.now.replace(hour=9) + timedelta(days=1)
        await road.read(postings(*range(1, 11), *range(100, 100 + 3 * day)))

    (known,) = await road.db.read(health.every, clock.now)

    assert (known.state, known.reason, known.failures) == ("good", "", 0)
    assert known.last_ok_at == clock.now
    assert known.new_per_day == 3.0
    assert known.usual_rows == 31
    assert known.quiet_days == 0


async def test_a_list_without_a_new_job_for_long_is_a_notice_and_no_alarm(road: Road, clock: Clock) -> None:
    clock.forward(days=53)
    await road.read(postings(*range(1, 11)))

    (known,) = await road.db.read(health.every, clock.now)

    assert (known.state, known.quiet_days, known.new_per_day) == ("good", 53, 0)
    assert "no new job for 53 days" in known.words()


async def test_every_state_is_named_with_its_reason(road: Road, clock: Clock) -> None:
    for name in ("a new", "an empty", "a failing", "a paused"):
        await road.add_list(name, paused="moved away" if name == "a paused" else None)
    await road.read(postings(1), "an empty")
    await road.read(postings(), "an empty")
    for _ in range(10):
        await road.read(DOWN, "a failing")

    known = {row.name: row for row in await road.db.read(health.every, clock.now)}

    assert {name: (row.state, row.reason) for name, row in known.items()} == {
        "list": ("good", ""),
        "a new": ("new", ""),
        "an empty": ("suspect", "the list is empty"),
        "a failing": ("failing", "https://host.example answered 502"),
        "a paused": ("paused", "moved away"),
    }
    assert known["a failing"].slowed
    assert "10 failures" in known["a failing"].words()
    assert "next try" in known["a failing"].words()


async def test_operators_see_the_health_of_each_list_in_their_chat(road: Road, clock: Clock) -> None:
    await road.add_list("a-failing")
    for _ in range(10):
        await road.read(DOWN, "a-failing")
    await road.read(Reading(postings=postings(*range(1, 11)), unread=unread(2)))
    clock.forward(days=8)
    you = Caller(platform="fake", address="op", user_id="op", now=clock.now, locale="en", operates=True)

    shown = markdown.render(await road.db.run(answer, you, "admin sources")).replace("\u2060", "")

    assert "a-failing · failing, 10 times: https" in shown
    assert "slowed, next try 2026-03-02 19:00 UTC" in shown
    assert "list · good · last good reading 2026-03-02 13:00 UTC · usually 10 rows · 0 new a day" in shown
    assert "2 rows not understood · no new job for 8 days" in shown


async def test_who_misses_a_list_reads_in_the_digest_since_when(road: Road, clock: Clock) -> None:
    """Who got a job of it lately, or names it; nobody else, and no longer than it lasts."""
    await road.add_list("other")
    await road.subscribed("golang source:list", to="names", cadence=Cadence.DAILY)
    await road.subscribed("source:other", to="names", cadence=Cadence.DAILY)
    await road.subscribed("python", to="gets", cadence=Cadence.DAILY)
    await road.subscribed("source:other", to="neither", cadence=Cadence.DAILY)
    await road.read(postings(50), "other")
    await road.read(postings(*range(1, 12)))
    clock.forward(days=1)
    await road.deliver()
    failed_at = clock.now
    for day in range(1, 5):
        await road.read(DOWN)
        await road.read(postings(50, *range(60, 60 + day)), "other")
        clock.forward(days=1)
        told = await road.deliver()
        assert day > 2 or not any("not been readable" in text for text in told)
    lost = {to for to, text in road.chat.sent if "list has not been readable since Tue 3 Mar" in text}
    await road.read(postings(*range(1, 13)))
    await road.read(postings(50, *range(60, 66)), "other")
    clock.forward(days=1)
    before = len(road.chat.sent)
    await road.deliver()

    assert failed_at.day == 3
    assert lost == {"names", "gets"}
    assert len(road.chat.sent) > before
    assert not any("not been readable" in text for _, text in road.chat.sent[before:])
