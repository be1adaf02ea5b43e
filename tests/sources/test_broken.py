"""Broken answers of every kind of source: only what is broken is lost, and nothing but `SourceError` is raised."""

import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifier.domain.posting import Posting, Reading
from notifier.errors import SourceError
from notifier.sources import SOURCES
from tests.sources.payloads import PAYLOADS
from tests.sources.test_api_kinds import DATA, SHARED

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
URL = "https://jobs.example/list"
GONE = object()
JUNK: tuple[Any, ...] = (
    GONE,
    None,
    True,
    7,
    -1,
    1e300,
    "x",
    "",
    "\x00\ud800",
    [],
    {},
    [[]],
    [None],
    {"name": {}},
    [7, "x"],
)

kinds = pytest.mark.parametrize("kind", sorted(SOURCES))


def read(kind: str, text: str) -> Reading:
    """Read a document and ask for the one after it, as a reading of several pages would."""
    reading = SOURCES[kind].parse(text, NOW, URL)
    following = SOURCES[kind].following
    if following is not None:
        following(URL, text)
    return reading


def paths(value: Any, here: Sequence[Any] = ()) -> Iterator[Sequence[Any]]:
    """Yield the way to everything inside a value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in inside:
        yield (*here, step)
        yield from paths(inner, (*here, step))


def mutants(value: Any) -> Iterator[Any]:
    """Yield copies of a value, each with one thing inside it gone or of another type."""
    for *way, last in paths(value):
        for junk in JUNK:
            copy = deepcopy(value)
            place = copy
            for step in way:
                place = place[step]
            if junk is GONE:
                del place[last]
            else:
                place[last] = junk
            yield copy


def without_lines(postings: Sequence[Posting]) -> list[Posting]:
    return [replace(posting, line=0) for posting in postings]


def test_every_kind_has_a_sample() -> None:
    assert set(PAYLOADS) == set(SOURCES)


@kinds
def test_a_good_document_gives_a_posting_of_each_item(kind: str) -> None:
    payload = PAYLOADS[kind]
    reading = read(kind, payload.write(payload.items))

    assert [posting.title[:18] for posting in reading.postings] == [
        f"Harbour Engineer {n}" for n in (1, 2, 3)
    ]
    assert {posting.company for posting in reading.postings} == {"Acme"}
    assert len({posting.id or posting.url for posting in reading.postings}) == 3
    assert not reading.unread and not reading.note


@kinds
def test_a_broken_item_or_field_loses_no_other_item(kind: str) -> None:
    payload = PAYLOADS[kind]
    first, second, third = payload.items
    good = without_lines(read(kind, payload.write(payload.items)).postings)

    for broken in (*mutants(second), *(junk for junk in JUNK if junk is not GONE)):
        reading = read(kind, payload.write([first, broken, third]))
        found = without_lines(reading.postings)

        assert found[0] == good[0] and found[-1] == good[2] and len(found) <= 3, broken
        assert all(posting.title and posting.url.startswith("http") for posting in found), broken


@kinds
def test_a_broken_document_raises_a_source_error_or_gives_what_it_has(kind: str) -> None:
    payload = PAYLOADS[kind]
    text = payload.write(payload.items)
    documents = [text[:end] for end in range(0, len(text), 7)]
    if payload.is_json:
        documents += [json.dumps(mutant) for mutant in mutants(json.loads(payload.write(payload.items[:1])))]

    for document in documents:
        try:
            read(kind, document)
        except SourceError as error:
            assert str(error)


@kinds
@pytest.mark.parametrize(
    "text",
    [
        "<!doctype html><html><body>Busy</body></html>",
        '{"ok": false, "error": "No such board"}',
        "",
        "null",
        "7",
        "[" * 50_000,
        "<" * 50_000,
    ],
    ids=["html", "not ok", "empty", "null", "number", "deep", "brackets"],
)
def test_what_is_no_answer_is_no_empty_list_either(kind: str, text: str) -> None:
    """Each says why nothing came, so that no absence is believed."""
    try:
        reading = read(kind, text)
    except SourceError as error:
        assert str(error)
        return
    assert not reading.postings and reading.note


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@kinds
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_fields_of_any_values_lose_no_other_item(kind: str, data: st.DataObject) -> None:
    payload = PAYLOADS[kind]
    first, second, third = payload.items
    named = data.draw(st.dictionaries(st.sampled_from(sorted(second)), _VALUES, min_size=1))

    reading = read(kind, payload.write([first, {**second, **named}, third]))

    assert [posting.title[:18] for posting in (reading.postings[0], reading.postings[-1])] == [
        "Harbour Engineer 1",
        "Harbour Engineer 3",
    ]


@kinds
def test_a_cut_document_is_no_shorter_list(kind: str) -> None:
    payload = PAYLOADS[kind]
    text = payload.write(payload.items)
    if kind == "readme_table":
        return  # a list may end anywhere

    try:
        reading = read(kind, text[: len(text) * 2 // 3])
    except SourceError:
        return
    assert reading.note or reading.unread


@pytest.mark.skipif(not DATA.is_dir(), reason="the sample payloads are not there")
@pytest.mark.parametrize("name", sorted(SHARED))
def test_broken_sample_payloads_raise_a_source_error_or_give_what_they_have(name: str) -> None:
    kind, text = SHARED[name][0], (DATA / name).read_text("utf-8")
    documents = [text[:end] for end in range(0, len(text), 11)]
    documents += [
        text.replace(before, after) for before in ('"', ":", ">", "jobs") for after in ("", "<", "\x00")
    ]
    if PAYLOADS[kind].is_json:
        documents += map(json.dumps, mutants(json.loads(text)))

    for document in documents:
        try:
            read(kind, document)
        except SourceError as error:
            assert str(error)
