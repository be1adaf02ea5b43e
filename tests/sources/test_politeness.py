"""Each host at its own pace, and what one source learns of it holds for all."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from notifier.errors import SourceError, SourceResting, SourceUnreachable
from notifier.sources import politeness
from notifier.sources.http import Fetcher
from notifier.sources.politeness import AT_ONCE
from tests.conftest import Clock
from tests.sources.wire import Call, internet, served

RAW = "http://raw.githubusercontent.com"


async def outcomes(fetcher: Fetcher, urls: list[str]) -> list[object]:
    return await asyncio.gather(*(fetcher.get(url) for url in urls), return_exceptions=True)


async def test_a_host_is_asked_by_two_at_once_and_not_in_a_burst(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(politeness, "APART", 0.1)
    busy: Counter[str] = Counter()
    most: Counter[str] = Counter()
    begun: list[float] = []

    async def answer(call: Call) -> None:
        host = call.headers["host"]
        busy[host] += 1
        most[host] = max(most[host], busy[host])
        if host == "a.example":
            begun.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.15)
        busy[host] -= 1
        await call.answer(b"list")

    async with internet(monkeypatch, answer) as (fetcher, _):
        urls = [f"http://{host}.example/{number}" for number in range(6) for host in "abc"]
        start = asyncio.get_running_loop().time()
        assert not [it for it in await outcomes(fetcher, urls) if isinstance(it, BaseException)]

    assert set(most.values()) == {AT_ONCE}
    assert begun[-1] - start > 0.48  # two at once alone would take 0.3


async def test_many_lists_of_one_host_are_all_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for one's turn is not the server's slowness: the deadline does not run meanwhile."""

    async def answer(call: Call) -> None:
        await asyncio.sleep(0.5)
        await call.answer(b"list")

    async with internet(monkeypatch, answer, seconds=3.0) as (fetcher, _):
        urls = [f"{RAW}/someone/list-{number}/HEAD/README.md" for number in range(16)]
        assert not [it for it in await outcomes(fetcher, urls) if isinstance(it, BaseException)]


@pytest.mark.parametrize(
    ("status", "header", "wait"),
    [(429, "120", 120), (503, "120", 120), (429, "", 60), (429, "Mon, 02 Mar 2026 12:02:00 GMT", 120)],
)
async def test_a_busy_host_is_left_alone_by_all_its_sources(
    status: int, header: str, wait: int, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    answers = [status, 200, 200]

    async def answer(call: Call) -> None:
        if call.headers["host"] == "busy.example":
            await call.answer(status=answers.pop(0), **({"retry_after": header} if header else {}))
        else:
            await call.answer()

    async with internet(monkeypatch, answer, now=clock) as (fetcher, wire):
        with pytest.raises(SourceUnreachable, match=str(status)):
            await fetcher.get("http://busy.example/1")
        with pytest.raises(SourceResting) as caught:
            await fetcher.get("http://busy.example/2")
        await fetcher.get("http://other.example/")
        assert [call.site for call in wire.calls] == ["busy.example/1", "other.example/"]

        clock.forward(seconds=wait)
        await fetcher.get("http://busy.example/2")

    assert caught.value.retry_after == timedelta(seconds=wait)


@pytest.mark.parametrize("status", [404, 500, 503])
async def test_one_broken_list_says_nothing_about_its_host(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(call: Call) -> None:
        await call.answer(status=status if call.target == "/broken" else 200)

    async with internet(monkeypatch, answer) as (fetcher, _):
        for _ in range(4):
            with pytest.raises(SourceUnreachable, match=str(status)):
                await fetcher.get("http://lists.example/broken")
        await fetcher.get("http://lists.example/good")


async def test_a_host_that_is_down_costs_its_many_lists_three_waits(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    async def hang(call: Call) -> None:
        await asyncio.Event().wait()

    async with internet(monkeypatch, hang, now=clock, seconds=0.3) as (fetcher, wire):
        found = await outcomes(fetcher, [f"http://down.example/{number}" for number in range(20)])

    asked = len(wire.calls)
    assert asked <= 4
    assert Counter(type(it) for it in found) == {SourceUnreachable: asked, SourceResting: 20 - asked}


async def test_one_list_that_hangs_does_not_stop_its_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(politeness, "PATIENCE", 0.2)

    async def answer(call: Call) -> None:
        if call.target.startswith("/hangs"):
            await asyncio.Event().wait()
        await call.answer()

    async with internet(monkeypatch, answer, seconds=20.0) as (fetcher, _):
        hanging = [asyncio.create_task(fetcher.get(f"http://lists.example/hangs-{n}")) for n in range(2)]
        await asyncio.sleep(0.1)  # both turns are taken
        found = await outcomes(fetcher, [f"http://lists.example/{number}" for number in range(20)])
        still_hanging = not any(task.done() for task in hanging)
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)

    assert not [it for it in found if isinstance(it, BaseException)]
    assert still_hanging


async def test_many_hosts_that_hang_do_not_take_every_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(politeness, "PATIENCE", 0.2)

    async def answer(call: Call) -> None:
        if call.headers["host"].startswith("hangs"):
            await asyncio.Event().wait()
        await call.answer()

    async with internet(monkeypatch, answer, seconds=10.0) as (fetcher, _):
        hanging = [asyncio.create_task(fetcher.get(f"http://hangs{n}.example/")) for n in range(100)]
        await asyncio.sleep(0)
        await fetcher.get("http://lists.example/")
        still_hanging = not any(task.done() for task in hanging)
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)

    assert still_hanging


async def test_the_pause_that_robots_txt_asks_for_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[float] = []

    async def answer(call: Call) -> None:
        if call.target == "/robots.txt":
            await call.answer(b"User-agent: *\nCrawl-delay: 0.5")
        else:
            begun.append(asyncio.get_running_loop().time())
            await call.answer()

    async with internet(monkeypatch, answer) as (fetcher, _):
        start = asyncio.get_running_loop().time()
        await asyncio.gather(*(fetcher.page(f"http://jobs.example/{number}") for number in range(3)))

    assert len(begun) == 3 and begun[-1] - start > 0.98


async def test_a_long_pause_is_waited_for_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that comes first is read; the next one comes back another time and keeps nobody waiting."""

    async def answer(call: Call) -> None:
        await call.answer(b"User-agent: *\nCrawl-delay: 3600" if call.target == "/robots.txt" else b"")

    async with internet(monkeypatch, answer) as (fetcher, _):
        await fetcher.page("http://jobs.example/1")
        with pytest.raises(SourceResting) as caught:
            await fetcher.page("http://jobs.example/2")

    assert timedelta(minutes=50) < caught.value.wait <= timedelta(hours=1)


async def test_ones_own_network_needs_no_pace() -> None:
    together = asyncio.Barrier(10)

    async def answer(call: Call) -> None:
        await together.wait()  # nobody is answered until ten have asked
        await call.answer()

    async with served(answer) as wire, Fetcher(allow_private=True, seconds=20) as fetcher:
        found = await outcomes(fetcher, [f"http://127.0.0.1:{wire.port}/{number}" for number in range(10)])

    assert not [it for it in found if isinstance(it, BaseException)]


async def test_hosts_are_forgotten_before_they_are_too_many(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    monkeypatch.setattr(politeness, "MOST_HOSTS", 10)

    async def answer(call: Call) -> None:
        await call.answer(status=429 if call.headers["host"] == "busy.example" else 200)

    async with internet(monkeypatch, answer, now=clock) as (fetcher, _):
        await outcomes(fetcher, ["http://busy.example/"])
        for number in range(25):
            await fetcher.get(f"http://h{number}.example/")
        assert len(fetcher._hosts._hosts) <= 10
        with pytest.raises(SourceError, match="left alone"):
            await fetcher.get("http://busy.example/")
