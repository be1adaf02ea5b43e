"""Nothing a source sends can stop another source, and what it sends is stored as far as it can be."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

import pytest

from notifier.domain.bounded import LINK, PLACES, SKILLS, TEXT, bounded
from notifier.domain.posting import Reading
from notifier.errors import SourceError, SourceUnreachable
from notifier.services import collect
from notifier.store import openings, sources
from notifier.store.database import Database
from tests.conftest import Clock
from tests.road import Road, a_posting, postings

Says = Mapping[str, Reading | Exception]
UNPRINTABLE = "Py\x00thon \ud800developer \udfff!"
GIGANTIC = "Python " + "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(1_000_000))


class Lists:
    """Sources that say what they are told to, by name."""

    def __init__(self, road: Road, says: Says) -> None:
        self.says = says
        self.collector = replace(road.collector, build=lambda row: _List(lambda: self.says[row.name]))

    async def collect(self, clock: Clock) -> dict[str, collect.Collected]:
        found = await self.collector.collect(clock, list(self.says))
        return {one.source: one for one in found}


class _List:
    def __init__(self, says: Callable[[], Reading | Exception]) -> None:
        self._says = says

    async def postings(self, now: datetime) -> Reading:
        said = self._says()
        if isinstance(said, Exception):
            raise said
        return said


HOSTILE: Mapping[str, Reading | Exception] = {
    "bug": RecursionError("a bug in one reader"),
    "memory": MemoryError(),
    "reason": SourceUnreachable(f"it says {UNPRINTABLE} {GIGANTIC}"),
    "any error": SourceError(UNPRINTABLE),
    "text": Reading(
        postings=[
            a_posting(3, title=UNPRINTABLE, company="\x00", location="\ud83d", url="https://b.example/\x00")
        ],
        etag='"\x00"',
        note=UNPRINTABLE,
    ),
    "title": Reading(postings=[a_posting(3, title=GIGANTIC, url="https://careers.example/open")]),
    "link": Reading(postings=[a_posting(3, url="https://b.example/?q=" + GIGANTIC), a_posting(4)]),
    "long link": Reading(postings=[a_posting(3, url="https://b.example/?q=" + GIGANTIC[7:2_000])]),
    "everything": Reading(
        postings=[
            a_posting(
                3,
                company=GIGANTIC,
                location=GIGANTIC,
                pay=GIGANTIC,
                skills=(GIGANTIC,) * 1_000,
                company_url="https://b.example/" + GIGANTIC,
                section=GIGANTIC,
            )
        ]
    ),
}


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_whatever_one_list_says_the_others_are_read(db: Database, clock: Clock, hostile: str) -> None:
    road = Road(db, clock)
    for name in ("before", "hostile", "unlike"):
        await road.add_list(name)
    lists = Lists(road, {name: Reading(postings=postings(1, 2)) for name in ("before", "hostile", "unlike")})
    await lists.collect(clock)
    clock.forward(hours=1)
    lists.says = {
        "before": Reading(postings=postings(1, 2, 5)),
        "hostile": HOSTILE[hostile],
        "unlike": Reading(postings=postings(1, 2, 6)),
    }

    found = await lists.collect(clock)
    clock.forward(hours=1)
    again = await lists.collect(clock)

    assert [found[name].new for name in ("before", "unlike")] == [1, 1]
    assert [again[name].trouble for name in ("before", "unlike")] == ["", ""]
    told = HOSTILE[hostile]
    if isinstance(told, Exception):
        rows = {row.name: row for row in await db.read(sources.every)}
        assert rows["hostile"].failures == 2
    else:
        assert found["hostile"].seen == len(told.postings) - len(found["hostile"].unread)
        assert found["hostile"].new == again["hostile"].seen  # each row is known again
        assert again["hostile"].new == 0


async def test_a_huge_list_is_recorded_after_the_others(
    db: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect, "LONG", 200)
    road = Road(db, clock)
    order: list[str] = []
    for name in ("huge", "large", "small"):
        await road.add_list(name)
    lists = Lists(
        road,
        {
            "huge": Reading(postings=postings(*range(600))),
            "large": Reading(postings=postings(*range(300))),
            "small": Reading(postings=postings(1)),
        },
    )

    order += await lists.collect(clock)

    assert order == ["small", "large", "huge"]
    assert (await db.read(openings.counts, clock.now))[0] == 600


def test_a_posting_is_cut_to_what_is_worth_reading_and_left_alone_otherwise() -> None:
    usual = a_posting(1, title="Pythön 🐍 developer", skills=("Python",))

    cut = bounded(replace(usual, title=GIGANTIC, location=GIGANTIC, skills=("\x00a", *("b",) * 1_000)))

    assert bounded(usual) is usual
    assert cut is not None
    assert (len(cut.title), len(cut.location), len(cut.skills)) == (TEXT, PLACES, SKILLS)
    assert cut.skills[0] == "a"
    assert bounded(replace(usual, url="https://b.example/" + "x" * LINK)) is None
