"""The query language and the filters: what is written, what it means, what a wrong word is told."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain.facts import FACTS_VERSION, Facts, WorkMode
from notifier.domain.facts.derive import derive
from notifier.domain.filter_text import Prepared
from notifier.domain.filters import FILTERS, CompiledWish
from notifier.domain.posting import ListedOn, Opening
from notifier.domain.query import parse, query
from notifier.domain.texts import text
from notifier.errors import BadQuery
from notifier.services.commands.subscriptions import sentence

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def job(
    title: str = "Developer", location: str = "", mode: WorkMode = WorkMode.UNKNOWN, **values: object
) -> Opening:
    usual = Opening(
        id=1,
        key="k",
        title=title,
        company="Acme Labs GmbH",
        url="https://a.example/1",
        location=location,
        posted_on=date(2026, 3, 1),
        first_seen=NOW,
        facts=derive(title=title, location=location, mode=mode),
        lists=(ListedOn(name="a-list", url="https://a.example/1"),),
    )
    return replace(usual, **values)  # type: ignore[arg-type]


def fits(wish: str, opening: Opening) -> bool:
    return CompiledWish(parse(wish).wish).match(Prepared(opening), NOW) is not None


@pytest.mark.parametrize(
    ("wish", "opening", "expected"),
    [
        ("python django", job("Python dev"), True),
        ("python django", job("Java dev"), False),
        ("python", job("Django dev"), True),  # Django implies Python
        ("django", job("Python dev"), False),  # and not the reverse
        ("python+kafka", job("Python and Kafka"), True),
        ("python+kafka", job("Python"), False),
        ("c++", job("C++ developer"), True),
        ("c++", job("C# developer"), False),
        ("java", job("JavaScript developer"), False),
        ("plumber", job("Master Plumber (m/w/d)"), True),  # no skill: a word of the title
        ("plumb", job("Plumber"), False),  # whole words
        ("python -django", job("Python/Django"), False),
        ("python -django", job("Python/Flask"), True),
        ("skills:unstated,python", job("Developer"), True),
        ("skills:unstated,python", job("Java developer"), False),
        ('"data platform"', job("Engineer, Data Platform"), True),
        ('"data platform"', job("Data on a Platform"), False),
        ("remote", job(mode=WorkMode.REMOTE), True),
        ("remote", job(mode=WorkMode.UNKNOWN), False),
        ("remote:only,unknown", job(mode=WorkMode.UNKNOWN), True),
        ("remote", job(location="Hybrid - Berlin", mode=WorkMode.REMOTE), False),  # text beats the column
        ("remote:no", job(mode=WorkMode.ONSITE), True),
        ("in:germany", job(location="Berlin, Germany"), True),
        ("in:munchen", job(location="München"), True),
        ("in:germany", job(location="Paris, France"), False),
        ("in:germany", job(location=""), True),  # nothing said
        ("in:germany!", job(location=""), False),  # but strictly
        ("in:berlin,remote", job(location="Paris", mode=WorkMode.REMOTE), True),
        ("in:berlin,remote", job(location="Paris", mode=WorkMode.ONSITE), False),
        ('in:"new york"', job(location="New York, NY"), True),
        ("in:york", job(location="Yorkshire"), False),
        ("company:acme", job(), True),
        ("company:other", job(), False),
        ("developer -company:acme", job(), False),
        ("source:a-list", job(), True),
        ("list:other", job(), False),
        ("days:7", job(), True),
        ("days:7", job(posted_on=date(2026, 2, 22)), False),
        ("days:7", job(posted_on=None, first_seen=NOW - timedelta(days=8)), False),
    ],
)
def test_a_wish_means_what_it_says(wish: str, opening: Opening, expected: bool) -> None:
    assert fits(wish, opening) is expected


def test_a_match_says_what_met_it() -> None:
    opening = job("Django developer", "Berlin", WorkMode.REMOTE)

    met = CompiledWish(parse("python in:berlin remote").wish).match(Prepared(opening), NOW)

    assert met == {"remote": ("remote",), "skills": ("Python (Django)",), "in": ("berlin",)}


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ("", "query-empty"),
        ("   ", "query-empty"),
        ("colour:red", "query-unknown-key"),
        ("sourse:x", "query-unknown-key"),
        ("in:", "query-no-value"),
        ("days:many", "query-bad-days"),
        ("days:0", "query-bad-days"),
        ("remote:maybe", "query-bad-mode"),
        ("python cadence:hourly", "query-bad-cadence"),
        ("-remote", "query-cannot-exclude"),
        ("python -in:berlin", "query-cannot-exclude"),
        ("python -python", "query-contradiction"),
        ("x" * 65, "query-term-long"),
        (" ".join(f"word{n}" for n in range(21)), "query-terms-many"),
        ("!!!", "query-no-letters"),
    ],
)
def test_a_wrong_word_is_named_with_what_would_work(wish: str, says: str) -> None:
    with pytest.raises(BadQuery) as caught:
        parse(wish)

    assert caught.value.message_id == says
    assert text(says, **caught.value.values)


def test_the_nearest_key_is_named() -> None:
    with pytest.raises(BadQuery) as caught:
        parse("compny:acme")

    assert caught.value.values["nearest"] == "company"


words = st.from_regex(r"[a-zäöüß][a-zäöüß0-9]{0,8}", fullmatch=True)
phrases = st.lists(words, min_size=2, max_size=3).map(lambda found: f'"{" ".join(found)}"')
values = st.one_of(words, phrases)
parts = st.one_of(
    words,
    phrases,
    st.tuples(words, words).map("+".join),
    words.map("-{}".format),
    phrases.map("-{}".format),
    st.lists(values, min_size=1, max_size=3).map(lambda found: f"in:{','.join(found)}"),
    st.lists(values, min_size=1, max_size=3).map(lambda found: f"in:{','.join(found)}!"),
    st.lists(st.sampled_from(["only", "hybrid", "no", "unknown"]), min_size=1).map(
        lambda found: f"remote:{','.join(found)}"
    ),
    values.map("company:{}".format),
    values.map("-company:{}".format),
    words.map("source:{}".format),
    st.integers(1, 365).map("days:{}".format),
    st.sampled_from(
        ["remote", "python", "c++", "c#", ".net", "node.js", "machine-learning", "skills:unstated"]
    ),
)


@given(st.lists(parts, min_size=1, max_size=5))
def test_the_canonical_text_is_the_same_wish(written: list[str]) -> None:
    try:
        wish = parse(" ".join(written)).wish
    except BadQuery:
        return

    assert parse(query(wish)).wish == wish
    assert query(parse(query(wish)).wish) == query(wish)
    assert wish.from_json(wish.to_json()) == wish
    assert sentence(wish, "en")


@given(st.text(max_size=100))
def test_any_text_is_a_wish_or_a_named_error(written: str) -> None:
    try:
        wish = parse(written).wish
    except BadQuery as error:
        assert text(error.message_id, **error.values)
        return

    assert parse(query(wish)).wish == wish


@given(title=st.text(max_size=200), location=st.text(max_size=200), mode=st.sampled_from(WorkMode))
def test_any_text_gives_facts(title: str, location: str, mode: WorkMode) -> None:
    facts = derive(title=title, location=location, mode=mode)

    assert Facts.from_json(facts.to_json()) == facts


def test_each_filter_completes_or_says_nothing() -> None:
    assert "Python" in FILTERS["skills"].complete("py", ())
    assert FILTERS["company"].complete("ac", ["Acme", "Other"]) == ["Acme"]
    assert FILTERS["remote"].complete("h", ()) == ["hybrid"]
    assert FACTS_VERSION >= 1
