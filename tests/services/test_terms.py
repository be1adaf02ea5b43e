"""What a board's terms ask: its name and link wherever one of its jobs is shown, and patience between readings."""

from datetime import timedelta

import httpx
import pytest

from notifier.chat import markdown
from notifier.domain.cadence import Cadence
from notifier.services.collect import Collector
from notifier.services.commands import Caller, answer
from notifier.sources import SOURCES, build
from notifier.sources.http import Fetcher
from notifier.store import sources
from notifier.store.database import Database
from tests.conftest import Clock
from tests.road import Road, a_posting, postings
from tests.sources.payloads import PAYLOADS

pytestmark = pytest.mark.parametrize("db", ["sqlite"], indirect=True)  # the engine does not matter

NAMED = sorted(kind for kind in SOURCES if SOURCES[kind].attribution)


async def a_board(db: Database, clock: Clock, kind: str) -> Road:
    road = Road(db, clock)
    await road.add_list(attribution=SOURCES[kind].attribution, home_url=SOURCES[kind].home_url)
    await road.read(postings(1))
    return road


def says(road: Road, line: str) -> str:
    caller = Caller(platform="fake", address="ann", user_id="ann", now=road.clock())
    return markdown.render(road.db.call(answer, caller, line))


@pytest.mark.parametrize("kind", NAMED)
async def test_a_board_is_named_with_its_link_wherever_its_jobs_are_shown(
    db: Database, clock: Clock, kind: str
) -> None:
    road = await a_board(db, clock, kind)
    await road.subscribed("python")
    await road.subscribed("python", to="bob", cadence=Cadence.DAILY)
    await road.read([a_posting(1), a_posting(2, title="Python pilot")])

    (push,) = await road.deliver()
    clock.forward(days=1)
    (digest,) = await road.deliver()

    words, _, link = SOURCES[kind].attribution.rpartition(", ")
    for text in (push, digest, says(road, "/jobs python"), says(road, "/why 2")):
        shown = text.replace("\\", "")
        assert "Python pilot" in shown
        assert f"[{words}]({link})" in shown
        assert "https://board.example/job/1002" in shown


@pytest.mark.parametrize(
    ("kind", "url", "every", "waits"),
    [
        ("remotive", "https://remotive.com/api/remote-jobs", timedelta(minutes=30), timedelta(hours=6)),
        ("jobicy", "https://jobicy.com/api/v2/remote-jobs", timedelta(minutes=30), timedelta(hours=1)),
        ("jobicy", "https://jobicy.com/api/v2/remote-jobs", timedelta(hours=3), timedelta(hours=3)),
        ("readme_table", "https://lists.example/README.md", timedelta(minutes=30), timedelta(minutes=30)),
    ],
)
async def test_no_board_is_read_more_often_than_its_terms_allow(
    db: Database, clock: Clock, kind: str, url: str, every: timedelta, waits: timedelta
) -> None:
    asked: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        text = PAYLOADS[kind].write(PAYLOADS[kind].items)
        unchanged = request.headers.get("if-none-match") == '"a"' and len(asked) > 2
        return httpx.Response(
            304 if unchanged else 200, stream=httpx.ByteStream(text.encode()), headers={"etag": '"a"'}
        )

    async with Fetcher(transport=httpx.MockTransport(respond)) as fetcher:
        collector = Collector(
            db=db,
            build=lambda row: build(row.kind, row.url, fetcher, etag=row.etag),
            reader_version=lambda kind: SOURCES[kind].reader_version,
            every=every,
        )
        await db.run(sources.add, clock(), name="board", kind=kind, url=url)
        for reading in (1, 2, 3):  # the third is answered with "unchanged"
            await collector.collect(clock)
            assert len(asked) == reading
            clock.now += waits - timedelta(seconds=1)
            assert await collector.collect(clock) == []
            clock.forward(seconds=1)

    assert set(asked) == {url}


async def test_a_failure_is_no_reason_to_ask_sooner(db: Database, clock: Clock) -> None:
    asked: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(500)

    async with Fetcher(transport=httpx.MockTransport(respond)) as fetcher:
        collector = Collector(
            db=db,
            build=lambda row: build(row.kind, row.url, fetcher),
            reader_version=lambda kind: SOURCES[kind].reader_version,
        )
        await db.run(
            sources.add, clock(), name="board", kind="remotive", url="https://remotive.com/api/remote-jobs"
        )
        for _ in range(24):
            await collector.collect(clock)
            clock.forward(hours=1)

    assert len(asked) == 4


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("Jobs by Ann", "· Jobs by Ann"),
        ("Jobs by Ann: https://ann.example/jobs", "· [Jobs by Ann](https://ann.example/jobs)"),
        ("https://ann.example", "· https://ann.example"),
        ("Jobs by Ann https://user:pw@ann.example", "Jobs by Ann https:"),
    ],
)
async def test_an_operators_own_sentence_is_shown_as_it_is(
    db: Database, clock: Clock, sentence: str, shown: str
) -> None:
    road = Road(db, clock)
    await road.add_list(attribution=sentence)
    await road.read(postings(1))

    text = says(road, "/jobs python").replace("\\", "").replace("\u2060", "")

    assert shown in text
