"""What a site lets programs read."""

import time
from datetime import timedelta

import pytest

from notifier.errors import SourceRefused, SourceUnreachable
from notifier.sources.robots import LONGEST_DELAY, parse
from tests.conftest import Clock
from tests.sources.wire import Call, internet


@pytest.mark.parametrize(
    ("robots", "allowed", "forbidden"),
    [
        ("", "/ /jobs", ""),
        ("User-agent: *\nDisallow: /", "", "/ /jobs"),
        ("User-agent: *\nDisallow:", "/ /jobs", ""),
        ("User-agent: *\nDisallow: /private # not here", "/ /jobs", "/private /private/1 /privateer"),
        ("User-agent: *\nDisallow: /a\nAllow: /a/jobs", "/a/jobs/1", "/a /a/b"),
        ("User-agent: *\nAllow: /a\nDisallow: /a", "/a", ""),
        ("User-agent: *\nDisallow: /*.php$\nDisallow: /*/edit", "/a.phpx /edit", "/a.php /b/c/edit/1"),
        ("User-agent: *\nDisallow: /jobs?page=", "/jobs", "/jobs?page=2"),
        ("User-agent: *\nDisallow: /k%C3%BCche", "/kuche", "/k%c3%bcche /küche"),
        ("User-agent: notifier\nDisallow: /b\n\nUser-agent: *\nDisallow: /", "/ /a", "/b"),
        ("User-agent: *\nDisallow: /\n\nUser-agent: Notifier/2.0\nAllow: /", "/a", ""),
        ("User-agent: other\nUser-agent: NOTIFIER\nDisallow: /a", "/b", "/a"),
        ("User-agent: notifierbot\nDisallow: /", "/", ""),
        (
            "User-agent: notifier\nDisallow: /a\nUser-agent: x\nDisallow: /c\nUser-agent: notifier\nDisallow: /b",
            "/c",
            "/a /b",
        ),
        ("\ufeffUSER-AGENT : *\r\ndisallow :/a\r\n", "/b", "/a"),
        ("Disallow: /\nUser-agent: *\nSitemap: /x\nnonsense\n::\nDisallow: /a", "/b", "/a"),
        ("<!DOCTYPE html><html>User-agent: *", "/ /a", ""),
    ],
)
def test_the_longest_rule_of_our_group_counts(robots: str, allowed: str, forbidden: str) -> None:
    rules = parse(robots.encode())

    assert [path for path in allowed.split() if not rules.allow(path)] == []
    assert [path for path in forbidden.split() if rules.allow(path)] == []


@pytest.mark.parametrize(
    ("line", "delay"),
    [
        ("Crawl-delay: 10", 10),
        ("crawl-delay: 0.5", 0.5),
        ("Crawl-delay: 999999999", LONGEST_DELAY),
        ("Crawl-delay: inf", 0),
    ],
)
def test_the_pause_between_pages_is_read(line: str, delay: float) -> None:
    assert parse(f"User-agent: *\n{line}\nDisallow: /a".encode()).delay == delay


@pytest.mark.parametrize("rule", ["/" + "*a" * 50_000 + "b", "*" * 100_000, "/" + "a*" * 50_000 + "$"])
def test_no_pattern_takes_long(rule: str) -> None:
    began = time.process_time()
    parse(f"User-agent: *\nDisallow: {rule}".encode()).allow("/" + "a" * 50_000)
    assert time.process_time() - began < 20


def site(robots: int | str, **headers: str):
    async def answer(call: Call) -> None:
        if call.target != "/robots.txt":
            await call.answer(b"<!DOCTYPE html><html>jobs")
        elif isinstance(robots, int):
            await call.answer(status=robots, **headers)
        else:
            await call.answer(robots.encode())

    return answer


async def test_a_page_is_read_where_robots_txt_lets_us(monkeypatch: pytest.MonkeyPatch) -> None:
    async with internet(monkeypatch, site("User-agent: *\nDisallow: /private")) as (fetcher, wire):
        found = await fetcher.page("http://jobs.example/open/1")
        with pytest.raises(SourceRefused, match=r"jobs\.example/robots\.txt does not let"):
            await fetcher.page("http://jobs.example/private/1")

    assert found.text == "<!DOCTYPE html><html>jobs"
    assert [call.target for call in wire.calls] == ["/robots.txt", "/open/1"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
async def test_a_site_without_robots_txt_lets_us(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async with internet(monkeypatch, site(status)) as (fetcher, _):
        assert (await fetcher.page("http://jobs.example/")).text


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_site_that_cannot_say_is_asked_later(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async with internet(monkeypatch, site(status, retry_after="60")) as (fetcher, wire):
        with pytest.raises(SourceUnreachable) as caught:
            await fetcher.page("http://jobs.example/")

    assert caught.value.retry_after == timedelta(minutes=1)
    assert [call.target for call in wire.calls] == ["/robots.txt"]


async def test_robots_txt_is_kept_for_a_day_for_its_site(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    async with internet(monkeypatch, site("User-agent: *"), now=clock) as (fetcher, wire):
        for hours in (0, 23, 2):
            clock.forward(hours=hours)
            await fetcher.page("http://jobs.example/1")
        await fetcher.page("http://other.example/1")

    asked = [call.site for call in wire.calls if call.target == "/robots.txt"]
    assert asked == ["jobs.example/robots.txt", "jobs.example/robots.txt", "other.example/robots.txt"]


async def test_a_page_that_moves_is_asked_about_where_it_moves_to(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(call: Call) -> None:
        if call.site == "old.example/":
            await call.answer(status=301, location="http://new.example/")
        else:
            await call.answer(b"User-agent: *\nDisallow: /" if call.site == "new.example/robots.txt" else b"")

    async with internet(monkeypatch, answer) as (fetcher, wire):
        with pytest.raises(SourceRefused, match="new.example/robots.txt"):
            await fetcher.page("http://old.example/")

    assert [call.site for call in wire.calls] == [
        "old.example/robots.txt",
        "old.example/",
        "new.example/robots.txt",
    ]


async def test_a_robots_txt_inside_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(call: Call) -> None:
        await call.answer(status=302, location="http://inside.example/robots.txt")

    world = {"addresses": {"inside.example": ["127.0.0.1"]}}
    async with internet(monkeypatch, answer, world=world) as (fetcher, wire):
        with pytest.raises(SourceRefused, match="private network"):
            await fetcher.page("http://jobs.example/")

    assert len(wire.calls) == 1


async def test_lists_and_apis_do_not_ask_robots_txt(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(call: Call) -> None:
        await call.answer(b"list")

    async with internet(monkeypatch, answer) as (fetcher, wire):
        await fetcher.get("http://jobs.example/list.md")

    assert [call.target for call in wire.calls] == ["/list.md"]
