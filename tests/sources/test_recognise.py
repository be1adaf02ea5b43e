"""What stands at an address: kinds are seen by the address, by what is there, or by what a page points to."""

import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from notifier.domain.posting import Found
from notifier.errors import SourceRefused
from notifier.sources import SOURCES
from notifier.sources.http import Fetcher
from notifier.sources.recognise import look, siblings, unread
from notifier.sources.starter import DEFAULT, sets, starters

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
LIST = "| Company | Position | Location | Apply |\n|---|---|---|---|\n| A | Cook | Oslo | [Apply](https://a.example/1) |\n"
BOARD = [
    {
        "text": "Cook",
        "hostedUrl": "https://jobs.lever.co/fjord/0c2f9a1e-7a3b-4c55-9d6e-2b8f1f5d7a10",
        "categories": {"location": "Oslo"},
    }
]


async def at(where: str, world: dict[str, str], **asks: str) -> tuple[Found, list[str]]:
    """Look at an address of a made-up world; what is not in it is a 404."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        text = world.get(str(request.url))
        if text is None:
            return httpx.Response(404)
        return httpx.Response(200, stream=httpx.ByteStream(text.encode()))

    async with Fetcher(transport=httpx.MockTransport(answer)) as fetcher:
        return await look(where, fetcher, NOW, **asks), asked


async def test_a_repository_is_its_readme_and_names_its_siblings() -> None:
    text = LIST + "\nMore: [data jobs](https://github.com/ann/data-jobs) and [us](./INTERNS_US.md)\n"
    found, asked = await at(
        "https://github.com/ann/dev-jobs",
        {"https://raw.githubusercontent.com/ann/dev-jobs/HEAD/README.md": text},
    )

    assert (found.kind, found.name, len(found.reading.postings)) == ("readme_table", "dev-jobs", 1)
    assert found.home_url == "https://github.com/ann/dev-jobs"
    assert found.also == [
        "https://github.com/ann/data-jobs",
        "https://github.com/ann/dev-jobs/blob/HEAD/INTERNS_US.md",
    ]
    assert len(asked) == 1


def test_only_lists_of_the_same_owner_are_siblings() -> None:
    text = """
    [x](https://github.com/bob/more-jobs) [y](https://github.com/ann/cookbook) [z](https://github.com/ann/dev-jobs)
    [w](CONTRIBUTING.md) [v](docs/guide.md) <a href="https://github.com/ann/remote-jobs?tab=readme">r</a>
    [broken](https://[github.com/ann/x-jobs) [issue](https://github.com/ann/data-jobs/issues/new)
    """

    assert siblings(text, "https://github.com/ann/dev-jobs") == ["https://github.com/ann/remote-jobs"]
    assert siblings(text, "https://lists.example/README.md") == []


async def test_a_board_is_read_at_its_api_whatever_address_was_pasted() -> None:
    api = "https://api.lever.co/v0/postings/fjord?mode=json"
    found, _ = await at("https://jobs.lever.co/fjord/71", {api: json.dumps(BOARD)})

    assert (found.kind, found.url, found.name, found.complete) == ("lever", api, "fjord", True)
    assert found.home_url == "https://jobs.lever.co/fjord"


async def test_an_answer_at_an_unknown_address_is_known_by_its_items() -> None:
    found, _ = await at("https://mirror.example/x", {"https://mirror.example/x": json.dumps(BOARD)})

    assert (found.kind, len(found.reading.postings)) == ("lever", 1)


async def test_the_board_behind_a_career_page_is_found() -> None:
    page = '<!doctype html><script src="https://boards.greenhouse.io/embed/job_board/js?for=fjord"></script>'
    api = "https://boards-api.greenhouse.io/v1/boards/fjord/jobs?content=true"
    found, _ = await at(
        "https://fjord.example/careers", {"https://fjord.example/careers": page, api: '{"jobs": []}'}
    )

    assert (found.kind, found.url, found.reading.note) == ("greenhouse", api, "no open jobs in it")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<!doctype html><p>We are hiring!</p>", "is an HTML page that says nothing of jobs"),
        ("# Notes\n\nNothing here.\n", "no table of jobs"),
        ('{"temperature": 3}', "no table of jobs"),
        ("| Company | Website |\n|---|---|\n| A | https://a.example |\n", "no table of jobs"),
    ],
)
async def test_what_is_no_list_is_said_with_what_would_work(text: str, says: str) -> None:
    with pytest.raises(SourceRefused, match=says) as caught:
        await at("https://lists.example/x", {"https://lists.example/x": text})

    assert "What works: a README or repository" in str(caught.value)


async def test_a_file_is_read_like_any_document(tmp_path: Path) -> None:
    (tmp_path / "board.json").write_text(json.dumps(BOARD))
    found, asked = await at(str(tmp_path / "board.json"), {})

    assert (found.kind, found.name, asked) == ("lever", "board", [])


def test_an_address_that_tells_its_kind_needs_no_reading() -> None:
    board, readme, page = (
        unread(url)
        for url in (
            "https://jobs.lever.co/fjord",
            "https://github.com/ann/dev-jobs",
            "https://fjord.example/",
        )
    )

    assert board is not None
    assert readme is not None
    assert (board.kind, readme.kind, page) == ("lever", "readme_table", None)


def test_every_public_list_that_comes_along_is_of_a_known_kind_and_read_at_its_own_address() -> None:
    for entry in starters():
        assert entry.kind in SOURCES, entry.name
        told = unread(entry.url)
        assert told is None or told.kind == entry.kind, entry.name
        assert SOURCES[entry.kind].recognise(entry.url) in ("", entry.url), entry.name
    assert (
        len({entry.name for entry in starters()})
        == len({entry.url for entry in starters()})
        == len(starters())
    )
    assert DEFAULT in sets()
