"""Histories of lists: made-up ones, and a second reading of them that shares no code with notifier's."""

import json
import lzma
import os
import random
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

_SHARED = Path(
    os.environ.get("NOTIFIER_TEST_DATA") or Path(__file__).parent.parent.parent / "shared" / "data"
)
PACKS = sorted((_SHARED / "replay").glob("*.jsonl.xz")) if _SHARED.is_dir() else []
SEEDS = sorted((_SHARED / "seeds").glob("*.md")) if _SHARED.is_dir() else []
LISTS = sorted((_SHARED / "lists").glob("*.md")) if _SHARED.is_dir() else []

History = list[tuple[datetime, str]]


def load(pack: Path) -> History:
    with lzma.open(pack, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [(datetime.fromisoformat(row["ts"]).astimezone(UTC), row["text"]) for row in rows]


def save(history: History, pack: Path) -> Path:
    with pack.open("w", encoding="utf-8") as lines:
        for number, (at, text) in enumerate(history):
            lines.write(
                json.dumps({"i": number, "ts": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "text": text}) + "\n"
            )
    return pack


# -- made up ------------------------------------------------------------------------------------


@dataclass
class _Job:
    number: int
    company: str
    title: str
    place: str
    mode: str
    day: date


def made_up(
    snapshots: int, seed: int = 1, *, start: datetime = datetime(2026, 1, 5, 6, tzinfo=UTC)
) -> History:
    """Return a list's history with what real ones do: windows, returns, reposts, new URLs, empty days."""
    chance = random.Random(seed)
    at, window, gone, number = start, [], [], 10_000
    prefix = "https://board.example/job"
    history: History = []
    words = ("Python", "Java", "Go", "Backend | Platform", "Data [ML]", "C++", "Django", "Rust & Wasm")
    places = ("Berlin, Germany", "Remote, EU", "Cork, , Ireland", "São Paulo, Brazil", "Pune, IN", "")
    for step in range(snapshots):
        for _ in range(chance.choice((0, 0, 1, 2, 6))):
            number += 1
            window.insert(
                chance.randrange(3) if window else 0,
                _Job(
                    number,
                    f"Firm {chance.randrange(40)}",
                    f"{chance.choice(words)} developer {chance.randrange(30)}",
                    chance.choice(places),
                    chance.choice(("Remote", "On Site", "Hybrid")),
                    at.date() - timedelta(days=chance.choice((0, 0, 1, 2, 20))),
                ),
            )
        if gone and chance.random() < 0.2:
            window.append(gone.pop(chance.randrange(len(gone))))
        if gone and chance.random() < 0.2:
            old = chance.choice(gone)
            number += 1
            window.insert(0, _Job(number, old.company, old.title, old.place, old.mode, at.date()))
        while len(window) > 12:
            gone.append(window.pop(chance.randrange(6, len(window))))
        if step == snapshots // 2:  # one day every row gets another address
            for job in window:
                number += 1
                job.number = number
            gone.clear()
        shown = [] if chance.random() < 0.04 else window
        history.append((at, _document(shown, at, prefix)))
        at += timedelta(minutes=chance.choice((3, 60, 240, 480)))
    return history


def _document(jobs: list[_Job], at: datetime, prefix: str) -> str:
    lines = [f"# Made-up jobs\n\n<sub>Last updated: {at:%b %d, %Y at %H:%M} UTC</sub>\n"]
    if jobs:
        lines.append("| Company | Position | Location | Type | Date |\n|---|---|---|---|---|")
    for job in jobs:
        title = job.title.replace("|", "\\|").replace("[", "\\[").replace("]", "\\]")
        lines.append(
            f"| **[{job.company}](https://firm.example/)** | **[{title}]({prefix}/{job.number}/x?utm_source=g)**"
            f" | {job.place} | {job.mode} | {job.day:%b %d} |"
        )
    return "\n".join([*lines, "", f"{len(jobs)} jobs | made up"])


# -- the second reading ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    id: str
    company: str
    title: str
    location: str
    mode: str
    posted: date | None
    url: str

    @property
    def same(self) -> tuple[str, str, str]:
        return (self.company.casefold(), self.title.casefold(), self.location.casefold())


def plain(text: str) -> str:
    """Return text as the comparison sees it: NFKC, blanks, no zero-width characters or marker emoji."""
    text = unicodedata.normalize("NFKC", text)
    text = "".join(
        char for char in text if unicodedata.category(char) not in ("Cf", "So", "Sk") and char not in "\ufe0f"
    )
    return " ".join(text.split())


_JOBR = re.compile(
    r"^\| \*\*\[(?P<company>.*?)\]\((?P<home>[^)\s]*)\)\*\* \| \*\*\[(?P<title>.*)\]\((?P<url>\S+)\)\*\*"
    r" \| (?P<location>.*) ?\| (?P<mode>On Site|Remote|Hybrid) \| (?P<day>\w{3} \d{1,2}) \|$"
)
_STAR = re.compile(
    r"^\| (?P<company>.*?) \| (?P<title>.*) \| (?P<location>.*?) \| (?P<day>\w{3} \d{1,2}) \| \[Apply\]\((?P<url>\S+)\) \|$"
)
_ID = re.compile(r"/job/(\d+)/|/jobs/([0-9a-f]{32})")
_MODES = {"On Site": "onsite", "Remote": "remote", "Hybrid": "hybrid"}


def rows(text: str, at: datetime) -> Iterator[Row]:
    for line in text.split("\n"):
        found = _JOBR.match(line) or _STAR.match(line)
        if found is None:
            continue
        cells = found.groupdict()
        words = {
            name: re.sub(r"\\([^\w\s])", r"\1", cells[name]) for name in ("company", "title", "location")
        }
        id_ = _ID.search(cells["url"])
        if "mode" in cells:
            mode = _MODES[cells["mode"]]
        else:
            mode = "remote" if "🌐" in cells["location"] else "unknown"
        yield Row(
            next(group for group in id_.groups() if group) if id_ else cells["url"].split("?utm_")[0],
            plain(words["company"]),
            plain(words["title"]),
            plain(words["location"]),
            mode,
            _day(cells["day"], at),
            cells["url"],
        )


def _day(text: str, at: datetime) -> date | None:
    for year in (at.year + 1, at.year, at.year - 1):
        day = datetime.strptime(f"{text} {year}", "%b %d %Y").date()
        if day <= at.date() + timedelta(days=2):
            return day
    return None


@dataclass
class Expected:
    """What a history must announce: each row once, as it stood when it was first seen."""

    must: dict[str, Row] = field(default_factory=dict)
    silent: int = 0
    reposts: int = 0
    old: int = 0
    first_seen: dict[str, Row] = field(default_factory=dict)


def expected(history: History) -> Expected:
    found = Expected()
    last_listed: dict[tuple[str, str, str], datetime] = {}
    begun = False
    for at, text in history:
        snapshot = list(rows(text, at))
        for row in snapshot:
            if row.id in found.first_seen:
                continue
            found.first_seen[row.id] = row
            before = last_listed.get(row.same)
            if not begun:
                found.silent += 1
            elif before is not None and at - before <= timedelta(days=30):
                found.reposts += 1
            elif row.posted is not None and at.date() - row.posted > timedelta(days=15):
                found.old += 1
            else:
                found.must[row.id] = row
        for row in snapshot:
            last_listed[row.same] = at
        begun = begun or bool(snapshot)
    return found
