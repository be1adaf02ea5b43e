"""Hacker News "Who is hiring?": the right thread, and ads in whatever order people write them."""

import json
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from notifier.domain.posting import Posting, Reading, WorkMode
from notifier.errors import SourceUnreachable
from notifier.sources import build, hn_hiring
from notifier.sources.http import Fetcher

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
TITLE = "Ask HN: Who is hiring? (November 2026)"


def thread(*texts: Any, title: str = TITLE) -> str:
    comments = [
        text
        if isinstance(text, dict)
        else {
            "id": 100 + place,
            "text": text,
            "author": "somebody",
            "created_at_i": 1793638900,
            "children": [],
        }
        for place, text in enumerate(texts)
    ]
    return json.dumps({"id": 1, "title": title, "children": comments})


def read(*texts: Any) -> Reading:
    return hn_hiring.parse(thread(*texts), NOW)


def ad(text: str) -> Posting:
    (posting,) = read(text).postings
    return posting


def hit(number: int, title: str, seconds: int, author: str = "whoishiring") -> dict[str, Any]:
    return {"objectID": str(number), "title": title, "author": author, "created_at_i": seconds}


async def test_the_newest_thread_of_the_right_title_is_read() -> None:
    asked: list[str] = []
    hits = [
        hit(9, "Ask HN: Who wants to be hired? (November 2026)", 400),
        hit(7, "Ask HN: Who is hiring? (October 2026)", 100),
        hit(8, TITLE, 300),
        hit(6, TITLE, 500, author="somebody_else"),
    ]

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        text = (
            thread("Acme | Engineer | Kiel") if "/items/" in str(request.url) else json.dumps({"hits": hits})
        )
        return httpx.Response(200, stream=httpx.ByteStream(text.encode()), headers={"etag": '"a"'})

    async with Fetcher(transport=httpx.MockTransport(respond)) as fetcher:
        reading = await build("hn_hiring", hn_hiring.SEARCH, fetcher).postings(NOW)

    assert asked == [hn_hiring.SEARCH, f"{hn_hiring.API}/items/8"]
    assert [posting.company for posting in reading.postings] == ["Acme"]
    assert not reading.note and not reading.etag  # an unchanged search says nothing of new comments


def test_other_threads_are_refused() -> None:
    with pytest.raises(SourceUnreachable, match="no thread called"):
        hn_hiring.parse(thread("Acme | Engineer", title="Ask HN: Who wants to be hired?"), NOW)
    assert "no thread" in hn_hiring.parse('{"hits": []}', NOW).note


def test_an_ad_in_parts_becomes_a_posting() -> None:
    posting = ad(
        "Acme Ships (YC S24) | Senior Harbour Engineer (Go) | Kiel, Germany or REMOTE (EU) | Full-time | €80k–€110k"
        ' | <a href="https:&#x2F;&#x2F;acme.example&#x2F;jobs?id=1&amp;region=eu" rel="nofollow">https:&#x2F;&#x2F;acme.example&#x2F;jobs</a>'
        "<p>We move ships with Kubernetes."
    )

    assert posting == Posting(
        id="hn:100",
        title="Senior Harbour Engineer (Go)",
        company="Acme Ships (YC S24)",
        url="https://acme.example/jobs?id=1&region=eu",
        location="Kiel, Germany or REMOTE (EU)",
        mode=WorkMode.REMOTE,
        pay="€80k–€110k",
        posted_on=date(2026, 11, 2),
        skills=("Go", "Kubernetes"),
    )


@pytest.mark.parametrize(
    ("head", "company", "title", "location", "mode"),
    [
        ("Acme | Kiel | Harbour Engineer | Onsite", "Acme", "Harbour Engineer", "Kiel; Onsite", "onsite"),
        (
            "Acme | REMOTE (US) | Full-time | Backend Developer",
            "Acme",
            "Backend Developer",
            "REMOTE (US)",
            "remote",
        ),
        ("Harbour Engineer | Acme | Kiel | Hybrid", "Acme", "Harbour Engineer", "Kiel; Hybrid", "hybrid"),
        ("Acme | Engineers, Designers, PMs | NYC", "Acme", "Engineers, Designers, PMs", "NYC", "unknown"),
        (
            "Acme (https://acme.example) | Data Scientist | Remote",
            "Acme",
            "Data Scientist",
            "Remote",
            "remote",
        ),
        ("Acme - Harbour Engineer - Kiel - Remote", "Acme", "Harbour Engineer", "Kiel; Remote", "remote"),
        ("Acme | Various openings | Kiel | Full-time", "Acme", "Various openings", "Kiel", "unknown"),
        ("Acme | Kiel | Full-time", "Acme", "Kiel | Full-time", "Kiel", "unknown"),
        (
            "Acme is hiring a Harbour Engineer. REMOTE, EU only",
            "Acme",
            "Harbour Engineer",
            "REMOTE, EU only",
            "remote",
        ),
        (
            "Acme is hiring our first engineer! ONSITE in Berlin.",
            "Acme",
            "first engineer",
            "ONSITE in Berlin",
            "onsite",
        ),
        ("REMOTE | Acme | Backend Developer", "Acme", "Backend Developer", "REMOTE", "remote"),
        ("Acme (YC W21) is hiring | Engineers | Kiel", "Acme (YC W21)", "Engineers", "Kiel", "unknown"),
        ("Company: Acme | Role: Engineer | Location: Kiel", "Acme", "Engineer", "Kiel", "unknown"),
        ("https://acme.example | Acme | Engineer | NYC", "Acme", "Engineer", "NYC", "unknown"),
        (
            "Acme | Engineer | NYC, Remote (US/Canada) | acme.example",
            "Acme",
            "Engineer",
            "NYC, Remote (US/Canada)",
            "remote",
        ),
        (
            "Acme.example is hiring backend engineers in Kiel.",
            "Acme.example",
            "backend engineers",
            "Kiel",
            "unknown",
        ),
        ("Acme | Engineer | Kiel | acme.example", "Acme", "Engineer", "Kiel", "unknown"),
        ("Acme | Kiel | Full-time and interns", "Acme", "Kiel | Full-time and interns", "Kiel", "unknown"),
        ("Acme, we are looking for backend developers", "Acme", "backend developers", "", "unknown"),
    ],
)
def test_ads_are_read_in_any_order(head: str, company: str, title: str, location: str, mode: str) -> None:
    posting = ad(f"{head}<p>More of it.")

    assert (posting.company, posting.title) == (company, title)
    assert (posting.location, posting.mode) == (location, mode)


def test_roles_may_stand_below_the_head() -> None:
    posting = ad(
        "<p>Acme | Kiel | Full-time</p><p>We move ships and look for a developer who likes them.</p>"
        "<p>- Harbour Engineer: https://acme.example/1</p><p>* Backend Developer (Go)</p><p>Tell us why.</p>"
    )

    assert posting.title == "Harbour Engineer, Backend Developer (Go)"
    assert posting.company == "Acme"


@pytest.mark.parametrize(
    "words",
    [
        "Is anyone hiring juniors?",
        "Great thread, thanks!",
        "We are hiring at some place.",
        "Senior Developer - London - Full time - direct",
        "Who is hiring in Kiel?",
        "I made a search for these threads: https://search.example",
        "",
        "<p><p>",
    ],
)
def test_what_is_no_ad_is_not_made_one(words: str) -> None:
    assert read(words).postings == []


def test_what_looks_like_no_ad_is_said_without_its_author() -> None:
    reading = read("Great thread, thanks!", "Acme | Engineer | Kiel")

    assert [row.line for row in reading.unread] == [1]
    assert "somebody" not in repr(reading)


def test_deleted_and_dead_comments_and_answers_are_passed_over() -> None:
    answer = {"id": 7, "text": "Us | Engineer | Kiel", "children": []}
    reading = read(
        {"id": 1, "text": None, "author": None},
        {"id": 2, "text": "Acme | Engineer | Kiel", "dead": True},
        {"id": 3, "text": "Acme | Engineer | Kiel", "deleted": True},
        {"id": 4, "text": "[flagged]"},
        {"id": 5, "text": "Acme | Engineer | Kiel", "children": [answer]},
    )

    assert [posting.id for posting in reading.postings] == ["hn:5"]
    assert not reading.unread


def test_an_ad_without_a_link_is_its_own_page() -> None:
    assert ad("Acme | Engineer | Kiel<p>jobs@acme.example").url == "https://news.ycombinator.com/item?id=100"
    mail = '<a href="mailto:jobs@acme.example">x</a> <a href="https:&#x2F;&#x2F;acme.example">y</a>'
    assert ad(f"Acme | Engineer | Kiel<p>{mail}").url == "https://acme.example"


@pytest.mark.parametrize(
    ("pasted", "url"),
    [
        ("https://news.ycombinator.com/item?id=48120001", f"{hn_hiring.API}/items/48120001"),
        ("https://news.ycombinator.com/submitted?id=whoishiring", hn_hiring.SEARCH),
        ("https://news.ycombinator.com/user?id=whoishiring", hn_hiring.SEARCH),
        (hn_hiring.SEARCH, hn_hiring.SEARCH),
        (f"{hn_hiring.API}/items/48120001", f"{hn_hiring.API}/items/48120001"),
        ("https://news.ycombinator.com/user?id=pg", ""),
        ("https://hn.algolia.com/?q=rust", ""),
        ("https://acme.example/item?id=1", ""),
    ],
)
def test_its_addresses_are_recognised(pasted: str, url: str) -> None:
    assert hn_hiring.recognise(pasted) == url
