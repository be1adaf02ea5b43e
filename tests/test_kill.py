"""SIGKILL at random moments: nothing is lost, and only what was in flight may come twice."""

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlmodel import Session, col

from notifier.domain.posting import Opening
from notifier.store import openings
from notifier.store.database import Database
from notifier.store.tables import Delivery, DeliveryState, Job
from tests import histories
from tests.histories import History
from tests.test_replay import row_id, told


def start(pack: Path, log: Path, database_url: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "notifier", "replay", str(pack), "--source", "a-list"]
    command += ["--log", str(log), "--database", database_url]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def in_flight(database_url: str) -> list[str]:
    """Return the URLs of the jobs that were handed over and not marked."""

    def read(session: Session) -> list[Opening]:
        query = select(col(Delivery.job_id)).where(
            col(Delivery.handed_at).is_not(None), col(Delivery.state) == DeliveryState.OWED
        )
        return list(openings.by_id(session, list(session.execute(query).scalars())).values())

    db = Database(database_url)
    try:
        return [job.url for job in db.call(read)] if db.revision() else []
    finally:
        db.close()


def check_kills(history: History, database_url: str, folder: Path, kills: int, seed: int) -> None:
    """Replay with `kills` kills, over as many rounds as it takes; compare with the second reading."""
    chance = random.Random(seed)
    pack, log = histories.save(history, folder / "pack.jsonl"), folder / "out.jsonl"
    may_repeat: Counter[str] = Counter()
    killed = 0
    while True:
        process = start(pack, log, database_url)
        if killed == kills:
            assert process.wait(timeout=300) == 0
            break
        if chance.random() < 0.8:  # the others are killed while they start
            wait_until_it_sends(process, log)
        time.sleep(chance.uniform(0, 0.3))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
        else:
            # It ended by itself: let the history go on, so that there is something to kill.
            assert process.returncode == 0
            history = _longer(history, chance.randrange(10**6))
            histories.save(history, pack)
        may_repeat.update(row_id(url) for url in in_flight(database_url))

    announced = Counter(row_id(job["url"]) for job in told(log))
    wanted = histories.expected(history)
    assert set(wanted.must) - set(announced) == set()
    assert len(set(announced) - set(wanted.must)) <= wanted.old
    repeated = {id_: times - 1 for id_, times in announced.items() if times > 1}
    assert all(times <= may_repeat[id_] for id_, times in repeated.items())
    print(f"{killed} kills, {len(wanted.must)} announced, {sum(repeated.values())} repeated")


def wait_until_it_sends(process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a process has sent something, or has ended."""
    before = log.stat().st_size if log.exists() else 0
    while process.poll() is None and (log.stat().st_size if log.exists() else 0) == before:
        time.sleep(0.005)


def _longer(history: History, seed: int) -> History:
    """Return the history with another one behind it; the numbers of its jobs go on."""
    start = history[-1][0] + timedelta(hours=1)
    more = histories.made_up(80, seed, start=start)
    return [*history, *((at, text.replace("/job/", f"/job/{len(history)}")) for at, text in more)]


def test_kills_lose_nothing(database_url: str, tmp_path: Path) -> None:
    check_kills(histories.made_up(80, 7), database_url, tmp_path, kills=8, seed=7)


@pytest.mark.long
def test_two_hundred_kills_lose_nothing(database_url: str, tmp_path: Path) -> None:
    check_kills(histories.made_up(80, 8), database_url, tmp_path, kills=200, seed=8)


def test_a_kill_inside_a_first_reading_announces_nothing_afterwards(
    database_url: str, tmp_path: Path
) -> None:
    first = _rows(10_000)
    history = [(histories.made_up(1)[0][0], first)]
    history.append((history[0][0] + timedelta(hours=1), first))
    pack, log = histories.save(history, tmp_path / "pack.jsonl"), tmp_path / "out.jsonl"
    process = start(pack, log, database_url)
    seen = 0
    while seen < 500 and process.poll() is None:
        time.sleep(0.01)
        seen = _jobs(database_url)
    process.send_signal(signal.SIGKILL)
    process.wait()
    recorded = _jobs(database_url)

    assert start(pack, log, database_url).wait(timeout=120) == 0

    assert 0 < recorded < 10_000  # it was in the middle
    assert _jobs(database_url) == 10_000
    assert told(log) == []


def _rows(count: int) -> str:
    head = "| Company | Position | Location | Type | Date |\n|---|---|---|---|---|\n"
    rows = (
        f"| **[Firm {n}](https://firm.example)** | **[Cook {n}](https://board.example/job/{100_000 + n}/x)**"
        f" | Berlin | Remote | Jan 05 |"
        for n in range(count)
    )
    return head + "\n".join(rows)


def _jobs(database_url: str) -> int:
    db = Database(database_url)
    try:
        if db.revision() is None:
            return 0
        return int(db.call(lambda session: session.execute(select(func.count(Job.id))).scalar_one()))
    except Exception:  # the other process is just making the tables
        return 0
    finally:
        db.close()
