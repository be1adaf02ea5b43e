"""What all kinds of sources share: pages, what is known already, and answers that are broken in part."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from notifier.domain.posting import Posting, Reading, WorkMode
from notifier.errors import SourceUnreachable
from notifier.sources import arbeitnow, build
from notifier.sources.fields import day_of, http_url, plain
from notifier.sources.http import Fetcher

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


def job(number: int, **changed: Any) -> dict[str, Any]:
    return {
        "slug": f"engineer-{number}",
        "title": f"Engineer {number}",
        "company_name": "Acme &amp; Sons",
        "url": f"https://www.arbeitnow.com/jobs/companies/acme/engineer-{number}",
        "description": "<p>Python &amp; Kafka</p>",
        "remote": False,
        "tags": ["Java"],
        "location": "Berlin",
        "created_at": 1795185005,
        **changed,
    }


def a_page(number: int, last: int, after: str | None = None) -> httpx.Response:
    after = f"{arbeitnow.API}?page={number + 1}" if number < last else after
    found = {"data": [job(number * 10), job(number * 10 + 1)], "links": {"next": after}}
    return httpx.Response(200, stream=httpx.ByteStream(json.dumps(found).encode()))


async def read(
    answer: Callable[[str], httpx.Response], known: Callable[[Sequence[Posting]], bool] = lambda found: False
) -> tuple[Reading, list[str]]:
    asked: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.query.decode())
        return answer(request.url.params.get("page", "1"))

    async def is_known(postings: Sequence[Posting]) -> bool:
        return known(postings)

    async with Fetcher(transport=httpx.MockTransport(respond)) as fetcher:
        return await build("arbeitnow", arbeitnow.API, fetcher, known=is_known).postings(NOW), asked


async def test_all_pages_are_read_while_nothing_is_known() -> None:
    reading, asked = await read(lambda number: a_page(int(number), last=3))

    assert [posting.title for posting in reading.postings] == [
        f"Engineer {n}" for n in (10, 11, 20, 21, 30, 31)
    ]
    assert asked == ["", "page=2", "page=3"]
    assert not reading.partial
    assert reading.wait == timedelta(hours=1)


async def test_reading_ends_at_the_first_page_of_known_jobs() -> None:
    reading, asked = await read(
        lambda number: a_page(int(number), last=9),
        known=lambda postings: postings[0].title == "Engineer 20",
    )

    assert asked == ["", "page=2"]
    assert reading.partial


async def test_a_page_that_fails_loses_no_other_page() -> None:
    reading, _ = await read(lambda number: a_page(1, last=3) if number == "1" else httpx.Response(500))

    assert len(reading.postings) == 2
    assert "not all pages could be read" in reading.note


async def test_a_next_page_elsewhere_is_not_followed() -> None:
    _, asked = await read(lambda number: a_page(1, last=1, after="https://elsewhere.example/api"))

    assert asked == [""]


def test_an_item_becomes_a_posting() -> None:
    reading = arbeitnow.parse(json.dumps({"data": [job(1, remote=True)]}), NOW)

    assert reading.postings == [
        Posting(
            id="arbeitnow:engineer-1",
            title="Engineer 1",
            company="Acme & Sons",
            url="https://www.arbeitnow.com/jobs/companies/acme/engineer-1",
            location="Berlin",
            mode=WorkMode.REMOTE,
            posted_on=date(2026, 11, 20),
            skills=("Java", "Python", "Kafka"),
        )
    ]


@pytest.mark.parametrize("broken", [None, 7, "text", [], {}, job(2, title=None), job(2, url="javascript:x")])
def test_a_broken_item_loses_no_other(broken: object) -> None:
    reading = arbeitnow.parse(json.dumps({"data": [job(1), broken, job(3)]}), NOW)

    assert [posting.title for posting in reading.postings] == ["Engineer 1", "Engineer 3"]
    assert [row.line for row in reading.unread] == [2]


def test_a_number_of_thousands_of_digits_loses_no_other_item() -> None:
    text = (
        json.dumps({"data": [job(1), job(2, created_at=7)]})
        .replace(": 7,", f": {'9' * 9_000},")
        .replace(": 7}", f": {'9' * 9_000}}}")
    )

    assert [posting.posted_on for posting in arbeitnow.parse(text, NOW).postings] == [
        date(2026, 11, 20),
        None,
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<html>busy</html>", "an HTML page came"),
        ("[" * 100_000, "JSON was expected"),
        ('{"ok": false, "error": "No such board"}', "No such board"),
        ("[]", "a list in"),
        ("null", "a list in"),
    ],
)
def test_what_is_no_answer_is_said(text: str, says: str) -> None:
    if text == "[]":
        assert arbeitnow.parse(text, NOW).note == "no open jobs in it"
        return
    with pytest.raises(SourceUnreachable, match=says):
        arbeitnow.parse(text, NOW)


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2026-11-18T14:01:12", date(2026, 11, 18)),
        ("2026-11-18T23:30:00-05:00", date(2026, 11, 19)),
        ("2026-11-17", date(2026, 11, 17)),
        (1795185005, date(2026, 11, 20)),
        ("1795185005", date(2026, 11, 20)),
        (1795185005123, date(2026, 11, 20)),
        ("Mon, 16 Nov 2026 20:34:24 +0000", date(2026, 11, 16)),
        (0, None),
        (True, None),
        (1e300, None),
        ("soon", None),
        ({}, None),
    ],
)
def test_dates_come_in_many_forms(value: object, day: date | None) -> None:
    assert day_of(value) == day


def test_words_are_freed_of_markup_even_when_escaped_twice() -> None:
    assert plain("&lt;p&gt;R&amp;amp;D &#8211; <b>Go</b>\x00\ud800") == "R&D – Go"
    assert http_url("https://jobs.example/?a=1&region=2") == "https://jobs.example/?a=1&region=2"
    assert http_url("ftp://jobs.example/") == http_url("https://[x") == http_url("https://a b") == ""
