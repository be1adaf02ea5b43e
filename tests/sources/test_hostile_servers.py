"""What servers that mean harm cost: little memory, and no longer than the deadline."""

import json
import subprocess
import sys
from email.message import Message
from importlib import metadata
from pathlib import Path

import pytest

from notifier.errors import SourceError, SourceRefused, SourceUnreachable
from tests.sources.wire import PUBLIC, Call, internet

MB = 1024 * 1024

COME_TO = {
    "gzip": "larger than 10 MB",
    "gzip in chunks": "larger than 10 MB",
    "gzip members": "larger than 10 MB",
    "gzip empty members": "badly packed",
    "gzip without end": "larger than 10 MB",
    "gzip twice": "came packed as",
    "body without end": "larger than 10 MB",
    "length that is huge": "larger than 10 MB",
    "drip": "took longer",
    "drip in chunks": "took longer",
    "drip of headers": "took longer",
    "headers without end": "no HTTP",
    "header that is huge": "no HTTP",
    "early hints without end": "took longer",
    "chunk size that is huge": "no HTTP",
    "trailers without end": "no HTTP",
    "redirects": "more than 5 redirects",
    "redirect to itself with a body": "more than 5 redirects",
    "silence": "took longer",
    "doctype": "declares a document type",
    "doctype in utf-16": "declares a document type",
}


def test_bombs_cost_little_and_end_at_the_deadline() -> None:
    """In a process of its own, measured by the system: 21 bombs, one after the other."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.sources.bombs"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)

    wrong = {name: it for name, it in found["came_to"].items() if COME_TO[name] not in it[0]}
    assert wrong == {}
    assert found["came_to"].keys() == COME_TO.keys()
    assert max(seconds for _, seconds in found["came_to"].values()) < 20
    assert found["grew"] < 32 * MB


async def test_nothing_is_remembered_between_fetches_and_nothing_told_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def answer(call: Call) -> None:
        if call.site == "lists.example/moves":
            await call.answer(status=301, location="/stays", set_cookie="id=1; Path=/")
        elif call.site == "lists.example/leaves":
            await call.answer(status=302, location="http://other.example/", set_cookie="id=2; Path=/")
        else:
            await call.answer(set_cookie="id=3; Domain=example; Path=/")

    async with internet(monkeypatch, answer) as (fetcher, wire):
        for path in ("moves", "leaves"):
            await fetcher.get(f"http://lists.example/{path}", etag='"secret"', last_modified="yesterday")

    told = [
        (call.site, call.headers.get("if-none-match"), call.headers.get("if-modified-since"))
        for call in wire.calls
    ]
    assert told == [
        ("lists.example/moves", '"secret"', "yesterday"),
        ("lists.example/stays", '"secret"', "yesterday"),
        ("lists.example/leaves", '"secret"', "yesterday"),
        ("other.example/", None, None),
    ]
    assert not [call for call in wire.calls if "cookie" in call.headers or "authorization" in call.headers]
    assert not [call for call in wire.calls if "referer" in call.headers]


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("http://user:secret@other.example/", "password"),
        ("http://other.example:8080/", "ports"),
        ("ftp://other.example/", "only http and https"),
        ("file:///etc/passwd", "only http and https"),
        ("javascript:alert(1)", "not an address"),
    ],
)
async def test_a_redirect_is_checked_like_an_address(
    target: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def moved(call: Call) -> None:
        await call.answer(status=307, location=target)

    async with internet(monkeypatch, moved) as (fetcher, wire):
        with pytest.raises(SourceError, match=says) as caught:
            await fetcher.get("http://lists.example/")

    assert "secret" not in str(caught.value)
    assert wire.connected == [PUBLIC]


@pytest.mark.parametrize(
    "target",
    ["http://[broken", "http://a b/", "//", "http://", "\x80\xff", "http://①.example/", "http://x:99999999/"],
)
async def test_a_redirect_to_no_address_is_an_error_like_any(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def moved(call: Call) -> None:
        await call.send(b"HTTP/1.1 302 X\r\nContent-Length: 0\r\nLocation: " + target.encode() + b"\r\n\r\n")

    async with internet(monkeypatch, moved) as (fetcher, _):
        with pytest.raises(SourceError):
            await fetcher.get("http://lists.example/")


async def test_five_redirects_are_followed_and_six_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    async def count_down(call: Call) -> None:
        left = int(call.target[1:])
        await (
            call.answer(status=302, location=f"/{left - 1}")
            if left
            else call.answer(b"list", content_type="Text/Markdown; charset=utf-8")
        )

    async with internet(monkeypatch, count_down) as (fetcher, _):
        found = await fetcher.get("http://lists.example/5")
        with pytest.raises(SourceRefused, match="more than 5 redirects"):
            await fetcher.get("http://lists.example/6")

    assert (found.url, found.content_type, found.text) == ("http://lists.example/0", "text/markdown", "list")


@pytest.mark.parametrize("etag", ['"ü"', '"' + "x" * 50_000 + '"'])
async def test_a_validator_that_cannot_be_sent_back_is_not_kept(
    etag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(call: Call) -> None:
        await call.answer(b"list", etag=etag)

    async with internet(monkeypatch, answer) as (fetcher, _):
        found = await fetcher.get("http://lists.example/")
        again = await fetcher.get("http://lists.example/", etag=found.etag)

    assert again.text == "list"


async def test_we_say_who_we_are_and_what_we_unpack(monkeypatch: pytest.MonkeyPatch) -> None:
    async with internet(monkeypatch, Call.answer) as (fetcher, wire):
        await fetcher.get("http://lists.example/")

    assert wire.calls[0].headers["user-agent"].startswith("notifier/")
    assert wire.calls[0].headers["accept-encoding"] == "gzip"


async def test_we_say_where_people_read_about_us_when_the_package_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    package = Message()
    package["Project-URL"] = "Homepage, https://notifier.example"
    monkeypatch.setattr(metadata, "metadata", lambda name: package)

    async with internet(monkeypatch, Call.answer) as (fetcher, wire):
        await fetcher.get("http://lists.example/")

    assert wire.calls[0].headers["user-agent"].endswith(" (+https://notifier.example)")


async def test_a_page_is_taken_where_pages_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(call: Call) -> None:
        await call.answer(b"<!doctype html><html>", content_type="text/html")

    async with internet(monkeypatch, answer) as (fetcher, _):
        with pytest.raises(SourceUnreachable, match="HTML page"):
            await fetcher.get("http://lists.example/")
        assert (await fetcher.get("http://lists.example/", accept_html=True)).content_type == "text/html"
