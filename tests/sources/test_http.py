"""Fetching from servers that are slow, huge, broken or hostile."""

import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from notifier.errors import SourceError, SourceUnreachable
from notifier.sources import address, build
from notifier.sources.http import Fetcher

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LIST = "| Company | Position | Apply |\n|---|---|---|\n| A | Cook | [Apply](https://a.example/1) |\n"
Answer = Callable[[httpx.Request], httpx.Response]


@asynccontextmanager
async def fetching(answer: Answer) -> AsyncIterator[Fetcher]:
    async with Fetcher(transport=httpx.MockTransport(answer), now=lambda: NOW) as fetcher:
        yield fetcher


async def refusal(answer: Answer, url: str = "https://lists.example/README.md") -> SourceError:
    async with fetching(answer) as fetcher:
        with pytest.raises(SourceError) as caught:
            await fetcher.get(url)
    return caught.value


def streamed(body: bytes, **headers: str) -> Answer:
    return lambda request: httpx.Response(200, headers=headers, stream=httpx.ByteStream(body))


async def test_validators_go_along_and_304_is_unchanged() -> None:
    seen: list[httpx.Headers] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return httpx.Response(304, headers={"etag": '"b"'})

    async with fetching(answer) as fetcher:
        found = await fetcher.get("https://lists.example/x", etag='"a"', last_modified="yesterday")

    assert (found.unchanged, found.etag) == (True, '"b"')
    assert (seen[0]["if-none-match"], seen[0]["if-modified-since"]) == ('"a"', "yesterday")


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("Mon, 02 Mar 2026 13:00:00 GMT", timedelta(hours=1)),
        ("999999999", timedelta(days=1)),
        ("soon", None),
        ("", None),
    ],
)
async def test_the_wait_a_server_asks_for_is_kept(header: str, wait: timedelta | None) -> None:
    error = await refusal(lambda request: httpx.Response(429, headers={"retry-after": header}))

    assert isinstance(error, SourceUnreachable)
    assert error.retry_after == wait


@pytest.mark.parametrize("status", [400, 404, 410, 500, 503])
async def test_anything_but_success_is_an_error(status: int) -> None:
    assert str(status) in str(await refusal(lambda request: httpx.Response(status, text=LIST)))


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (streamed(b"<!DOCTYPE html><html>captcha"), "is an HTML page"),
        (streamed(b"\xff\xfe\x00 not text \x80"), "not UTF-8"),
        (streamed(gzip.compress(b"x" * 1000)[:-20], **{"content-encoding": "gzip"}), "cut short"),
        (streamed(b"no gzip", **{"content-encoding": "gzip"}), "badly packed"),
        (streamed(b"x", **{"content-encoding": "br"}), "packed as br"),
        (streamed(b"x" * 11_000_000), "larger than 10 MB"),
    ],
)
async def test_a_body_that_is_no_list_is_refused_by_name(answer: Answer, says: str) -> None:
    assert says in str(await refusal(answer))


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ftp://a.example/x", "only http and https"),
        ("https://user:secret@a.example/x", "password"),
        ("http://a.example:22/", "ports 80 and 443"),
        ("http://[broken", "not an address"),
        ("gopher:x", "only http and https"),
        ("a.example/list.md", "only http and https"),
        ("http:///list.md", "only http and https"),
        ("http://a.example:0/", "ports 80 and 443"),
        ("http://a.example:99999/", "ports 80 and 443"),
        ("http://a%20b.example/", "not an address"),
        ("http://a.example\\@b.example/", "password"),
        (f"http://{'a' * 70}.example:443/\ud800", "not an address"),
    ],
)
async def test_addresses_that_are_not_read_are_named(url: str, says: str) -> None:
    error = await refusal(lambda request: httpx.Response(200, text=LIST), url)

    assert says in str(error)
    assert "secret" not in str(error)


async def test_redirects_are_followed_checked_and_counted() -> None:
    def moved(to: str) -> Answer:
        return lambda request: httpx.Response(302, headers={"location": to})

    assert "redirects" in str(await refusal(moved("/again")))
    assert "https to http" in str(await refusal(moved("http://a.example/")))
    assert "only http" in str(await refusal(moved("file:///etc/passwd")))
    assert "ports" in str(await refusal(moved("https://a.example:8443/")))


async def test_a_repository_is_turned_into_its_readme() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return (
            streamed(LIST.encode())(request)
            if request.url.path.endswith("readme.md")
            else httpx.Response(404)
        )

    async with fetching(answer) as fetcher:
        reading = await build("readme_table", "https://github.com/someone/a-list", fetcher).postings(NOW)

    assert len(reading.postings) == 1
    assert asked == [
        "https://raw.githubusercontent.com/someone/a-list/HEAD/README.md",
        "https://raw.githubusercontent.com/someone/a-list/HEAD/readme.md",
    ]


async def test_a_repository_without_readme_is_said_so() -> None:
    async with fetching(lambda request: httpx.Response(404)) as fetcher:
        with pytest.raises(SourceUnreachable, match="has no README"):
            await build("readme_table", "https://github.com/someone/nothing", fetcher).postings(NOW)


async def test_a_file_is_read_once_until_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "list.md"
    file.write_text(LIST)
    async with Fetcher() as fetcher:
        first = await build("readme_table", str(file), fetcher).postings(NOW)
        second = await build("readme_table", file.as_uri(), fetcher, etag=first.etag).postings(NOW)
        with pytest.raises(SourceUnreachable, match="No such file"):
            await build("readme_table", str(tmp_path / "none.md"), fetcher).postings(NOW)

    assert len(first.postings) == 1
    assert second.unchanged


@pytest.mark.parametrize(
    ("written", "read", "name", "home"),
    [
        (
            "https://github.com/o/Some-List/blob/dev/docs/JOBS.md",
            "https://raw.githubusercontent.com/o/Some-List/dev/docs/JOBS.md",
            "some-list",
            "https://github.com/o/Some-List",
        ),
        (
            "https://github.com/o/r.git",
            "https://raw.githubusercontent.com/o/r/HEAD/README.md",
            "r",
            "https://github.com/o/r",
        ),
        ("https://a.example/jobs.md", "https://a.example/jobs.md", "jobs", "https://a.example/jobs.md"),
        ("/lists/My Jobs/README.md", "/lists/My Jobs/README.md", "my-jobs", ""),
        (
            "https://a.example/feed.xml",
            "https://a.example/feed.xml",
            "a-example",
            "https://a.example/feed.xml",
        ),
    ],
)
def test_what_operators_write_is_understood(written: str, read: str, name: str, home: str) -> None:
    assert address.readable(written)[0] == read
    assert address.default_name(written) == name
    assert address.home(written) == home
