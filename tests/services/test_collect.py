"""Two hundred sources, some of which hang, drip or flood: the others are read as often as ever."""

import asyncio
import gzip
from collections import Counter
from datetime import timedelta

import pytest

from notifier.domain.posting import Posting, Reading
from notifier.services.collect import Collector
from notifier.sources import SOURCES, build, politeness
from notifier.sources.http import Fetcher
from notifier.store import sources
from notifier.store.database import Database
from notifier.store.tables import Source
from tests.conftest import Clock
from tests.sources.wire import Call, internet

pytestmark = pytest.mark.parametrize("db", ["sqlite"], indirect=True)  # the engine makes no difference

EVERY = timedelta(minutes=30)
FLOOD = gzip.compress(b"| x |\n" * 2_000_000)


def a_list(name: str) -> bytes:
    return (
        f"| Company | Position | Apply |\n|---|---|---|\n| A | Cook | [Apply](https://{name}/1) |\n"
    ).encode()


def reader(db: Database, fetcher: Fetcher, **options: timedelta) -> Collector:
    return Collector(
        db=db,
        build=lambda row: build(row.kind, row.url, fetcher, etag=row.etag, last_modified=row.last_modified),
        reader_version=lambda kind: SOURCES[kind].reader_version,
        every=EVERY,
        **options,
    )


async def add(db: Database, clock: Clock, *urls: str) -> None:
    for url in urls:
        name = url.partition("://")[2].strip("/").replace("/", "-")
        await db.run(sources.add, clock(), name=name, kind="readme_table", url=url)


async def row(db: Database, name: str) -> Source:
    found = await db.read(sources.named, name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("bad", "rounds"),
    [
        (30, 2),
        pytest.param(1, 20, marks=pytest.mark.long),
        pytest.param(30, 20, marks=pytest.mark.long),
    ],
)
async def test_sources_that_hang_or_flood_change_nothing_for_the_others(
    bad: int, rounds: int, db: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are read in every round, on the minute; most of them live at one host."""
    monkeypatch.setattr(politeness, "PATIENCE", 0.5)
    monkeypatch.setattr(politeness, "APART", 0.01)
    asked: Counter[str] = Counter()

    async def answer(call: Call) -> None:
        host = call.headers["host"]
        asked[call.site] += 1
        if host.startswith("hangs"):
            await asyncio.Event().wait()
        elif host.startswith("drips"):
            await call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while True:
                await call.send(b"x")
                await asyncio.sleep(0.1)
        elif host.startswith("floods"):
            await call.answer(FLOOD, content_encoding="gzip")
        else:
            await call.answer(a_list(call.site))

    harmful = [f"http://{kind}{n}.example/" for n in range(bad) for kind in ("hangs", "drips", "floods")]
    harmless = [f"http://raw.example/{n}" for n in range(50)]
    harmless += [f"http://good{n}.example/" for n in range(150 - len(harmful))]
    async with internet(monkeypatch, answer, now=clock, seconds=4.0) as (fetcher, _):
        await add(db, clock, *harmful, *harmless)
        collector = reader(db, fetcher, patience=timedelta(seconds=60))
        for _ in range(rounds):
            await collector.collect(clock)
            for source in await db.read(sources.every):
                if not source.name.startswith(("hangs", "drips", "floods")):
                    assert (source.last_ok_at, source.failures) == (clock(), 0), source.name
                    assert source.next_fetch_at == clock() + EVERY
                else:
                    assert source.failures > 0, source.name
            clock.now += EVERY
        collector.stop()

    sites = {url.removeprefix("http://"): asked[url.removeprefix("http://")] for url in harmless}
    assert set(sites.values()) == {rounds}


async def test_a_source_that_is_still_read_holds_up_no_later_reading(db: Database, clock: Clock) -> None:
    """It is not begun twice; what it comes to is recorded when it is there."""
    come = asyncio.Event()
    begun: Counter[str] = Counter()

    class Listed:
        def __init__(self, source: Source) -> None:
            self.name = source.name

        async def postings(self, now: object) -> Reading:
            begun[self.name] += 1
            if self.name == "slow.example":
                await come.wait()
            posting = Posting(title=f"Cook of {self.name}", company="A", url=f"https://{self.name}/1")
            return Reading(postings=(posting,))

    await add(db, clock, "http://slow.example/", "http://good.example/")
    collector = Collector(
        db=db, build=Listed, reader_version=lambda kind: 1, every=EVERY, patience=timedelta(seconds=1)
    )
    first = [one.source for one in await collector.collect(clock)]
    clock.now += EVERY
    second = [one.source for one in await collector.collect(clock)]
    come.set()
    clock.now += EVERY
    third = {one.source: one.new for one in await collector.collect(clock)}

    assert first == second == ["good.example"]
    assert third == {"slow.example": 1, "good.example": 0}
    assert begun == {"slow.example": 1, "good.example": 3}


async def test_a_reading_without_end_is_given_up(db: Database, clock: Clock) -> None:
    class Endless:
        async def postings(self, now: object) -> Reading:
            await asyncio.Event().wait()
            return Reading()

    await add(db, clock, "http://endless.example/")
    collector = Collector(
        db=db,
        build=lambda row: Endless(),
        reader_version=lambda kind: 1,
        longest=timedelta(seconds=0.2),
    )
    (collected,) = await collector.collect(clock)

    assert "longer than" in collected.trouble
    assert (await row(db, "endless.example")).failures == 1


async def test_a_host_that_wants_to_be_left_alone_is_no_failure_of_its_lists(
    db: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that was told so waits with the others, and nobody asks in between."""
    answers = [429]

    async def answer(call: Call) -> None:
        await (
            call.answer(status=answers.pop(), retry_after="7200")
            if answers
            else call.answer(a_list(call.site))
        )

    monkeypatch.setattr(politeness, "AT_ONCE", 1)
    async with internet(monkeypatch, answer, now=clock) as (fetcher, wire):
        await add(db, clock, *(f"http://busy.example/{number}" for number in range(5)))
        collector = reader(db, fetcher)
        first = await collector.collect(clock)
        states = await db.read(sources.every)
        asked = len(wire.calls)
        due = await db.read(sources.due, clock() + timedelta(minutes=119))
        clock.forward(hours=2)
        again = await collector.collect(clock)

    assert Counter(one.asked for one in first) == {True: 1, False: 4}
    assert sorted(state.failures for state in states) == [0, 0, 0, 0, 1]
    assert [state.suspect for state in states].count(None) == 4
    assert {state.next_fetch_at for state in states} == {clock()}
    assert asked == 1
    assert due == []
    assert [one.seen for one in again] == [1] * 5


@pytest.mark.parametrize(
    ("control", "wait"),
    [
        ("max-age=300", EVERY),
        ("max-age=14400", timedelta(hours=4)),
        ("max-age=31536000", timedelta(days=1)),
        ("no-cache", EVERY),
    ],
)
async def test_a_list_is_not_asked_while_its_server_calls_it_fresh(
    control: str, wait: timedelta, db: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(call: Call) -> None:
        if "if-none-match" in call.headers:
            await call.answer(status=304, cache_control=control, etag='"1"')
        else:
            await call.answer(a_list(call.site), cache_control=control, etag='"1"')

    async with internet(monkeypatch, answer, now=clock) as (fetcher, _):
        await add(db, clock, "http://lists.example/")
        for _ in range(2):
            await reader(db, fetcher).collect(clock)
            assert (await row(db, "lists.example")).next_fetch_at == clock() + wait
            clock.now += wait
