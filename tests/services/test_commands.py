"""Commands: what is typed, what is answered, and that a wrong word leaves nothing behind."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from notifier.chat import markdown
from notifier.domain.document import Document
from notifier.services.commands import COMMANDS, Caller, answer
from notifier.store.database import Database
from notifier.store.tables import Subscription
from tests.conftest import Clock
from tests.road import Road, postings


def says(db: Database, clock: Clock, line: str, who: str = "ann") -> str:
    caller = Caller(platform="fake", address=who, user_id=who, now=clock.now)
    return markdown.render(db.call(answer, caller, line))


@pytest.fixture
async def road(db: Database, clock: Clock) -> Road:
    made = Road(db, clock)
    await made.add_list()
    await made.read(postings(*range(1, 16)))
    return made


def test_subscribe_says_what_was_understood_and_what_is_open(road: Road, db: Database, clock: Clock) -> None:
    said = says(db, clock, "/subscribe python in:berlin cadence:daily")

    assert "Subscription #1: Python, in Berlin, Germany" in said
    assert "15 open jobs fit now" in said
    assert "Next digest: Tue 08:30 UTC" in said
    assert "`/unsubscribe 1`" in said


def test_an_alias_and_the_bots_name_behind_it_are_understood(road: Road, db: Database, clock: Clock) -> None:
    assert "Subscription #1" in says(db, clock, "/sub@some_bot python")
    assert "python" in says(db, clock, "list")


def test_numbers_are_never_reused(road: Road, db: Database, clock: Clock) -> None:
    says(db, clock, "/subscribe python")
    says(db, clock, "/subscribe java")
    says(db, clock, "/unsubscribe #2")

    assert "Subscription #3" in says(db, clock, "/subscribe rust")


def test_jobs_are_shown_ten_a_page(road: Road, db: Database, clock: Clock) -> None:
    said = says(db, clock, "/jobs python")

    assert "15 open jobs for python" in said
    assert said.count("Python developer") == 10
    assert "/page " in said


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("/subscibe python", "Did you mean /subscribe?"),
        ("/subscribe", "Say what you wish"),
        ("/subscribe colour:red", "is no part of a wish"),
        ("/unsubscribe", "subscription is missing"),
        ("/unsubscribe two", "two is not a number"),
        ("/unsubscribe 9", "There is no subscription #9"),
        ("/settings zone Europe/Berlim", "Write it like Europe/Berlin"),
        ("/settings quiet 22", "22 is not a span"),
        ("/settings digest 25:00", "25:00 is not a time"),
        ("/settings colour red", "There is no setting colour"),
        ("/settings silent maybe", "maybe is not on or off"),
        ("/settings weekday someday", "someday is not a day"),
        ("/settings cadence hourly", "hourly is not one of"),
        ("/digest never", "never is not a time"),
        ("/subscriptions rename 1", "There is no subscription #1|value is missing"),
        ("/jobs unicorn", "No open job fits unicorn"),
        ("/why 999", "There is no job 999"),
    ],
)
def test_a_wrong_word_is_answered_with_what_would_work(
    road: Road, db: Database, clock: Clock, line: str, reply: str
) -> None:
    said = says(db, clock, line)

    assert any(part in said for part in reply.split("|"))


def test_settings_are_shown_and_changed(road: Road, db: Database, clock: Clock) -> None:
    says(db, clock, "/settings zone berlin")
    says(db, clock, "/settings quiet 22:00-07:00")
    says(db, clock, "/settings weekday fri")
    said = says(db, clock, "/settings")

    assert "zone: Europe/Berlin (now 13:00 there)" in said
    assert "quiet: 22:00-07:00" in said
    assert "weekday of the weekly digest: Fri" in said


def test_the_twenty_sixth_subscription_is_refused(road: Road, db: Database, clock: Clock) -> None:
    for number in range(25):
        says(db, clock, f"/subscribe word{number}")

    assert "There are 25 subscriptions here" in says(db, clock, "/subscribe python")


def test_a_number_means_something_else_in_another_chat(road: Road, db: Database, clock: Clock) -> None:
    says(db, clock, "/subscribe python", "ann")

    assert "There is no subscription #1" in says(db, clock, "/unsubscribe 1", "mallory")


async def test_why_names_the_subscription_and_what_met_it(road: Road, db: Database, clock: Clock) -> None:
    says(db, clock, "/subscribe python in:berlin")
    await road.read(postings(*range(1, 17)))
    await road.deliver()

    said = says(db, clock, "/why 16")

    assert "#1 python in:berlin: yes, Berlin, Python" in said


async def test_why_says_of_any_job_what_each_subscription_makes_of_it(
    road: Road, db: Database, clock: Clock
) -> None:
    """A job is named by its number or its link, tracking or not; what it misses is said in words."""
    says(db, clock, "/subscribe java")
    says(db, clock, "/subscribe python remote")
    says(db, clock, "/subscribe python in:germany")

    by_link = says(db, clock, "/why https://board.example/job/1003/python?utm_source=a")
    by_number = says(db, clock, "/why 3")

    assert by_link == by_number
    assert "#1 java: no, it names Python; you asked for Java" in by_link
    assert "#2 python remote:only: no, it is on site; you asked for remote" in by_link
    assert "#3 python in:germany: yes, Berlin, Python" in by_link
    assert "I know no job at that link" in says(db, clock, "/why https://board.example/job/9")


async def test_subscribe_says_what_would_widen_a_wish_that_nothing_fits(
    road: Road, db: Database, clock: Clock
) -> None:
    """Nothing open, so each part is left out in turn and what would fit then is counted."""
    said = says(db, clock, "/subscribe python in:france level:senior!")

    assert "No open job fits at the moment" in said
    assert "without “in France" in said
    assert "15 would fit" not in said  # the level stands in the way too

    said = says(db, clock, "/subscribe python in:france")

    assert "without “in France” 15 would fit" in said
    assert "without “Python”" not in said


def test_subscribe_says_about_how_many_a_day(road: Road, db: Database, clock: Clock) -> None:
    """The rate is that of the last 30 days, as far as the list reaches back."""
    assert "About 15 a day, going by the last 30 days" in says(db, clock, "/subscribe python")
    assert "going by" not in says(db, clock, "/subscribe java")


def test_a_word_that_is_no_skill_is_said_to_be_so(road: Road, db: Database, clock: Clock) -> None:
    """A typing error gets a suggestion, and is never taken for what it might have meant."""
    said = says(db, clock, "/subscribe pyhton")

    assert "“pyhton” is no skill that I know" in said
    assert "Did you mean Python" in said
    assert "open jobs fit" not in said


def test_an_ambiguous_place_is_asked_back(road: Road, db: Database, clock: Clock) -> None:
    """The answer lists the candidates with their countries, and nothing is subscribed."""
    said = says(db, clock, "/subscribe python in:georgia")

    assert 'Georgia (country): "GE" · Georgia, United States: "georgia, united states"' in said
    assert "No subscriptions yet" in says(db, clock, "/subscriptions")
    assert "in Georgia, United States" in says(db, clock, '/subscribe python in:"georgia, united states"')


def test_a_stated_home_narrows_the_remote_wishes_made_after_it(
    road: Road, db: Database, clock: Clock
) -> None:
    """Home is a country, of any place in it; it is written into the wish, where it is seen."""
    assert "home: not stated" in says(db, clock, "/settings")
    assert "home: India" in says(db, clock, "/settings home bangalore")
    assert "open to people in India" in says(db, clock, "/subscribe python remote")
    assert "open to people" not in says(db, clock, "/subscribe python in:berlin")
    assert "may be several places: Georgia" in says(db, clock, "/settings home georgia")
    assert "home: not stated" in says(db, clock, "/settings home off")
    assert "open to people" not in says(db, clock, "/subscribe rust remote")


def test_every_button_of_a_push_is_a_command() -> None:
    assert {"save", "applied", "hide", "mute", "why"} <= set(COMMANDS)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    line=st.one_of(
        st.text(st.characters(), max_size=80),
        st.tuples(st.sampled_from(sorted(COMMANDS)), st.text(max_size=60)).map(" ".join),
    )
)
def test_any_line_is_answered(db: Database, clock: Clock, line: str) -> None:
    caller = Caller(platform="fake", address="ann", user_id="ann", now=clock.now)

    document = db.call(answer, caller, line)

    assert isinstance(document, Document)
    assert markdown.render(document).strip()
    assert db.call(lambda session: session.execute(select(func.count(Subscription.id))).scalar_one()) <= 25
