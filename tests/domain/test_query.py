"""The query language and the filters: what is written, what it means, what a wrong word is told."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain.facts import Facts, WorkMode
from notifier.domain.facts.derive import derive
from notifier.domain.filters import FILTERS, Choice, CompiledWish, Prepared
from notifier.domain.filters.said import reasons, refusals, sentence
from notifier.domain.posting import ListedOn, Opening
from notifier.domain.query import parse, parse_options, query
from notifier.domain.texts import text
from notifier.errors import AmbiguousPlace, BadQuery

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
        ("in:germany", job(location="München"), True),  # a city lies in its country
        ("in:berlin", job(location="Germany"), False),  # and not the reverse
        ("in:eu", job(location="London, UK"), False),
        ("in:europe", job(location="London, UK"), True),
        ("in:cambridge,ma", job(location="Cambridge, MA"), True),  # a code tells which one
        ("in:cambridge,ma", job(location="Cambridge, UK"), False),
        ('in:"york, england"', job(location="New York, NY"), False),
        ("in:berlin,remote", job(location="Hybrid, Paris"), False),
        ("from:india", job(location="Remote, APAC"), True),
        ("from:india", job(location="Remote - US"), False),
        ("from:india", job(location="Remote"), True),  # no scope said
        ("from:india!", job(location="Remote"), False),
        ("from:india", job(location="Remote, worldwide"), True),
        ("from:germany", job(location="Remote (EU)"), True),
        ("from:uk", job(location="Remote (EU)"), False),
        ("from:poland", job(title="Dev", location="Berlin", mode=WorkMode.REMOTE), False),  # a city's country
        ("from:poland", job(location="Warsaw", mode=WorkMode.ONSITE), False),  # from: asks for remote work
        ("in:berlin,remote from:india", job(location="Berlin", mode=WorkMode.ONSITE), True),
        ("level:senior", job("Senior Developer"), True),
        ("level:senior", job("Junior Developer"), False),
        ("level:sr,lead", job("Staff Engineer"), True),
        ("level:senior", job("Developer"), True),  # nothing said
        ("level:senior!", job("Developer"), False),
        ("role:backend", job("Backend Developer"), True),
        ("role:backend", job("Frontend Developer"), False),
        ("role:backend", job("Software Engineer"), True),  # may be backend
        ("role:backend!", job("Software Engineer"), False),
        ("role:data", job("Software Engineer"), False),  # data would have been said
        ("pay>=60k/eur", job("Developer, 50-70k EUR"), True),
        ("pay>=60k/eur", job("Developer, €40k"), False),
        ("pay>=60k/eur", job("Developer, $9,000 per month"), True),
        ("pay>=60k/eur", job("Developer"), True),
        ("pay>=60k/eur!", job("Developer"), False),
        ("pay:flagged", job(pay_flagged=True), True),
        ("pay:flagged", job(), False),
        ("skill:go", job("Go-to-Market Manager"), False),  # a known skill is no mere word
        ("react", job("React Native Developer"), False),
        ("skills:unstated,python", job("Machine Learning Engineer"), True),  # a topic is no skill
        ("ml", job("Machine Learning Engineer"), True),
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

    assert met == {"remote": ("only",), "skills": ("Python (Django)",), "in": ("Berlin",)}
    assert reasons(met or {}, "en") == "remote, Berlin, Python (Django)"


@pytest.mark.parametrize(
    ("wish", "opening", "says"),
    [
        ("from:india", job(location="Remote - US"), "scope is United States only; you said from: India"),
        ("remote", job(mode=WorkMode.ONSITE), "it is on site; you asked for remote"),
        ("remote", job(), "mode not stated; you asked for remote"),
        (
            "in:berlin",
            job(location="Paris"),
            "it is in Paris, Île-de-France, France; you said in: Berlin, Germany",
        ),
        ("java", job("Python developer"), "it names Python; you asked for Java"),
        ("java", job("Developer"), "no skill named; you asked for Java"),
        ("level:senior", job("Junior Dev"), "it is junior; you asked for senior"),
        ("role:qa,data", job("Backend Dev"), "it is backend; you asked for data or QA"),
        ("pay>=60k/eur", job("Dev €40k"), "it pays 40,000 EUR/year; you asked for ≥ 60,000 EUR/year"),
        ("dev -company:acme", job(), "it is at Acme Labs GmbH, which you left out"),
        ("source:other", job(), "it is on a-list; you asked for other"),
    ],
)
def test_a_refusal_says_in_words_what_was_not_met(wish: str, opening: Opening, says: str) -> None:
    """Who asks why not is told what the job says and what was asked."""
    assert says in refusals(parse(wish).wish, Prepared(opening), NOW, "en")


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ("in:georgia", ["Georgia (country)", "Georgia, United States"]),
        ("in:birmingham", ["England, United Kingdom", "Alabama, United States"]),
        ("in:cambridge", ["England", "Massachusetts"]),
        ("in:CA", ["Canada", "California"]),
        ("from:IN", ["India", "Indiana"]),
        ('in:"san jose"', ["California", "Costa Rica"]),
    ],
)
def test_an_ambiguous_place_is_a_question(wish: str, says: list[str]) -> None:
    """Nobody is sent to the wrong Georgia: two to four candidates come back, each with words that mean it."""
    with pytest.raises(AmbiguousPlace) as caught:
        parse(wish)

    assert 2 <= len(caught.value.choices) <= 4
    assert all(part in text(caught.value.message_id, **caught.value.values) for part in says)
    for label, words in caught.value.choices:
        chosen = parse(f'in:"{words}"').wish
        assert sentence(chosen, "en") == f"in {label.removesuffix(' (country)')}"


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("in:NYC", 'in:"new york city"'),
        ("in:münchen", "in:Muenchen"),
        ("in:Kiew", "in:kyiv"),
        ("in:Holland", "in:netherlands"),
        ("in:berlin,de", "in:berlin"),
        ("golang", "go"),
        ("k8s", "kubernetes"),
        ("postgres", "postgresql"),
        ("py", "python"),
        ("ts", "typescript"),
        ("node", "node.js"),
        ("level:sr,entry", "level:senior,junior"),
        ("role:full-stack", "role:fullstack"),
        ("pay>=60k/eur", "pay:60000€"),
        ("pay>=5k/eur/month", "salary:5000/EUR/month"),
        ("pay>=2000/eur/month", "pay>=2k/eur pay:2000/eur"),  # no year
        ("from:india", "remote from:india"),
    ],
)
def test_users_forms_mean_the_same_wish(typed: str, same: str) -> None:
    """What people type for one thing is one wish."""
    assert parse(typed).wish == parse(same).wish


def test_options_of_a_slash_command_are_the_same_language() -> None:
    """Discord's options and a typed line give one wish; any is no wish."""
    options = {"skills": "python, django", "location": "berlin, remote", "remote": "any", "level": "senior"}

    assert parse_options(options) == parse("python django in:berlin,remote level:senior")
    with pytest.raises(BadQuery, match="query-empty"):
        parse_options({"remote": "any"})


def test_a_stated_home_is_written_into_remote_wishes_only() -> None:
    """Home narrows a wish that asks for remote work from anywhere, and no other."""
    assert query(parse("python remote").wish.at_home("IN")) == "python remote:only from:india"
    assert (
        query(parse("python remote from:us").wish.at_home("IN")) == 'python remote:only from:"united states"'
    )
    assert query(parse("python in:berlin").wish.at_home("IN")) == "python in:berlin"
    assert query(parse("python remote").wish.at_home("")) == "python remote:only"


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
        ("in:Bangaluru", "query-unknown-place-near"),
        ("in:qwertzuiop", "query-unknown-place"),
        ("level:wizard", "query-bad-level"),
        ("role:wizard", "query-bad-role"),
        ("pay>=60k", "query-bad-pay"),  # of which currency?
        ("pay>=lots/eur", "query-bad-pay"),
        ("company:acme!", "query-not-strict"),
        ("remote:no from:india", "query-contradiction-remote"),
        ("remote:hybrid in:remote", "query-contradiction-remote"),
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


places = st.sampled_from(
    [
        "berlin",
        "germany",
        "eu",
        '"new york"',
        '"cambridge, massachusetts"',
        "remote",
        "latam",
        "köln",
        "bavaria",
    ]
)
words = st.from_regex(r"[a-zäöüß][a-zäöüß0-9]{0,8}", fullmatch=True)
phrases = st.lists(words, min_size=2, max_size=3).map(lambda found: f'"{" ".join(found)}"')
values = st.one_of(words, phrases)
parts = st.one_of(
    words,
    phrases,
    st.tuples(words, words).map("+".join),
    words.map("-{}".format),
    phrases.map("-{}".format),
    st.lists(places, min_size=1, max_size=3).map(lambda found: f"in:{','.join(found)}"),
    st.lists(places, min_size=1, max_size=3).map(lambda found: f"in:{','.join(found)}!"),
    places.map("from:{}".format),
    places.map("from:{}!".format),
    st.lists(st.sampled_from(["intern", "sr", "lead", "manager"]), min_size=1).map(
        lambda found: f"level:{','.join(found)}"
    ),
    st.sampled_from(["role:backend", "role:data,ml!", "role:qa"]),
    st.integers(1, 900).map("pay>={}k/eur".format),
    st.integers(1, 900).map("pay>={}/usd/hour!".format),
    st.just("pay:flagged"),
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
    """Each choice can be inserted as it is, and places say their country."""
    assert Choice("Python", "Python") in FILTERS["skills"].complete("py", ())
    assert FILTERS["company"].complete("ac", ["Acme", "Other"]) == [Choice("Acme", "Acme")]
    assert FILTERS["remote"].complete("h", ()) == [Choice("hybrid", "hybrid")]
    assert FILTERS["in"].complete("berl", ())[0] == Choice("berlin", "Berlin, Germany")
    assert len({choice.label for choice in FILTERS["in"].complete("si", ())}) == 25
    assert FILTERS["level"].complete("se", ()) == [Choice("senior", "senior")]
    for choice in FILTERS["in"].complete("camb", ()):
        assert parse(f'in:"{choice.value}"')
