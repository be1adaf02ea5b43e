"""A history goes through the real road: each new job once, whatever vanished, came back or moved."""

import asyncio
import json
import lzma
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from notifier.cli.replay import Replay, Summary, replay, snapshots
from tests import histories
from tests.histories import Expected, History
from tests.sources import dialects


def run(pack: Path, log: Path, **values: Any) -> Summary:
    return asyncio.run(replay(Replay(pack=pack, source="a-list", log=log, **values)))


def told(log: Path) -> list[dict[str, Any]]:
    """Return every job of every message, in order."""
    with log.open(encoding="utf-8") as lines:
        return [job for line in lines for job in json.loads(line)["jobs"]]


def row_id(url: str) -> str:
    found = histories._ID.search(url)
    return next(group for group in found.groups() if group) if found else url.split("?utm_")[0]


def check(history: History, log: Path) -> Expected:
    wanted = histories.expected(history)
    jobs = told(log)
    announced = Counter(row_id(job["url"]) for job in jobs)

    assert [id_ for id_, times in announced.items() if times > 1] == []
    # A job too old at first may be announced when its date is moved up; nothing else may be extra.
    extra = set(announced) - set(wanted.must)
    assert len(extra) <= wanted.old
    assert set(wanted.must) - set(announced) == set()
    for job in jobs:
        row = wanted.first_seen[row_id(job["url"])]
        if row.id in extra:
            continue
        shown = [histories.plain(job[name]) for name in ("company", "title", "location")]
        assert shown == [row.company, row.title, row.location]
        assert job["mode"] == row.mode
        assert job["posted_on"] == (row.posted.isoformat() if row.posted else None)
        assert job["url"] == row.url
    return wanted


@pytest.mark.parametrize("seed", range(5))
def test_a_made_up_history_announces_each_new_job_once(tmp_path: Path, seed: int) -> None:
    history = histories.made_up(60, seed)

    summary = run(histories.save(history, tmp_path / "pack.jsonl"), tmp_path / "out.jsonl")

    wanted = check(history, tmp_path / "out.jsonl")
    assert summary.snapshots == 60
    assert summary.unread == []
    assert len(wanted.must) > 20


@pytest.mark.parametrize("pack", [None, *histories.PACKS], ids=lambda pack: pack.name if pack else "made up")
def test_a_packed_history_announces_each_new_job_once(tmp_path: Path, pack: Path | None) -> None:
    if pack is None:
        pack = tmp_path / "pack.jsonl.xz"
        plain = histories.save(histories.made_up(40, 99), tmp_path / "pack.jsonl")
        pack.write_bytes(lzma.compress(plain.read_bytes()))
    history = histories.load(pack)

    summary = run(pack, tmp_path / "out.jsonl")

    wanted = check(history, tmp_path / "out.jsonl")
    print(f"{pack.name}: must {len(wanted.must)}, told {summary.announced}, silent {wanted.silent}, ", end="")
    print(f"reposts {wanted.reposts}, too old {wanted.old}, jobs {summary.jobs}")
    assert summary.unread == []


@pytest.mark.parametrize("dialect", dialects.DIALECTS, ids=lambda dialect: dialect.__name__)
def test_a_history_in_any_dialect_announces_each_new_job_once(
    tmp_path: Path, dialect: dialects.Dialect
) -> None:
    """Whatever closes, moves, comes back, or is away for a day with half of the list."""
    history, wanted = dialects.a_history(7, dialect, 25)

    run(histories.save(history, tmp_path / "pack.jsonl"), tmp_path / "out.jsonl")

    with (tmp_path / "out.jsonl").open(encoding="utf-8") as lines:
        pushes = [line for line in map(json.loads, lines) if line["kind"] == "push"]
    assert Counter(job["title"] for line in pushes for job in line["jobs"]) == Counter(wanted)


def test_the_log_has_a_line_a_message_with_every_job(tmp_path: Path) -> None:
    history = histories.made_up(20)
    run(histories.save(history, tmp_path / "pack.jsonl"), tmp_path / "out.jsonl")

    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]

    assert all(set(line) == {"at", "destination", "kind", "jobs", "markdown"} for line in lines)
    assert all(line["destination"] == "replay-1" for line in lines)
    assert all(line["kind"] == "push" for line in lines)
    assert all(histories.plain(job["company"]) in line["markdown"] for line in lines for job in line["jobs"])


def test_subscriptions_get_pushes_and_digests_between_snapshots(tmp_path: Path) -> None:
    pack = histories.save(histories.made_up(60), tmp_path / "pack.jsonl")

    run(pack, tmp_path / "out.jsonl", subscribe=["python", "remote cadence:daily"])

    kinds = Counter(
        (line["destination"], line["kind"], line["at"][11:16] if line["kind"] == "digest" else "")
        for line in map(json.loads, (tmp_path / "out.jsonl").read_text("utf-8").splitlines())
    )
    assert kinds["replay-1", "push", ""] > 0
    assert kinds["replay-1", "digest", "08:30"] > 0
    assert kinds["replay-2", "digest", "08:30"] > 0
    assert kinds["replay-2", "push", ""] == 0


def test_a_folder_of_snapshots_is_a_pack_too(tmp_path: Path) -> None:
    history = histories.made_up(10)
    folder = tmp_path / "pack"
    folder.mkdir()
    for at, text in history:
        (folder / f"{at:%Y-%m-%dT%H-%M-%S}.md").write_text(text, "utf-8")

    assert [(one.at, one.text) for one in snapshots(folder)] == history


def test_a_second_run_on_the_same_database_sends_nothing_more(tmp_path: Path) -> None:
    history = histories.made_up(20)
    pack = histories.save(history, tmp_path / "pack.jsonl")
    database = f"sqlite:///{tmp_path}/kept.db"
    run(pack, tmp_path / "out.jsonl", database=database)
    before = len(told(tmp_path / "out.jsonl"))

    later = history[-1][0] + timedelta(hours=4)
    longer = [*history, (later, histories.made_up(21)[-1][1])]
    run(histories.save(longer, pack), tmp_path / "out.jsonl", database=database)

    assert len(told(tmp_path / "out.jsonl")) >= before
    check(longer, tmp_path / "out.jsonl")
