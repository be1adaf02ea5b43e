"""The command line as an operator uses it: real processes, real files."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a list of one job of today."""
    (tmp_path / "list.md").write_text(
        "| Company | Position | Location | Type | Date |\n|---|---|---|---|---|\n" + row(10_001), "utf-8"
    )
    return tmp_path


def row(number: int) -> str:
    day = f"{datetime.now(UTC):%b %d}"
    return f"| **[A](https://a.example)** | **[Python dev {number}](https://b.example/job/{number}/x)** | Berlin | Remote | {day} |\n"


def environment(**values: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOTIFIER_")}
    return {**kept, "PYTHONPATH": str(ROOT), **values}


def notifier(home: Path, *words: str, **values: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "notifier", *words],
        cwd=home,
        env=environment(**values),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_the_demo_shows_pushes_and_digests(home: Path) -> None:
    done = notifier(home, "demo")

    assert done.returncode == 0
    assert "to ada" in done.stdout
    assert "5 new jobs" in done.stdout
    assert done.stdout.count("Your jobs for") == 2
    assert "What to try next" in done.stdout
    assert list(home.glob("*.db")) == []


def test_a_list_is_tested_added_collected_searched_and_removed(home: Path) -> None:
    tested = notifier(home, "sources", "test", "list.md", "--json")
    added = notifier(home, "sources", "add", "list.md")
    collected = notifier(home, "collect")
    searched = notifier(home, "jobs", "python", "--json")
    listed = notifier(home, "sources", "list")
    removed = notifier(home, "sources", "remove", "list")

    assert json.loads(tested.stdout)["key"] == "b.example:10001"
    assert set(json.loads(tested.stdout)) == {
        *("key", "url", "company", "company_url", "title", "location", "mode", "posted_on", "closed", "pay"),
        *("skills", "section"),
    }
    assert "1 jobs (0 closed), 0 rows not understood" in tested.stderr
    assert "list added" in added.stdout
    assert "1 rows, 1 new" in collected.stdout
    assert json.loads(searched.stdout)["title"] == "Python dev 10001"
    assert "good" in listed.stdout
    assert removed.returncode == 0
    assert notifier(home, "sources", "remove", "list").returncode == 2


def test_a_suspect_list_is_shown_with_its_reason(home: Path) -> None:
    notifier(home, "sources", "add", "list.md")
    notifier(home, "collect")
    (home / "list.md").write_text("<!DOCTYPE html><html>captcha")

    collected = notifier(home, "collect", "list")

    assert collected.returncode == 1
    assert "is an HTML page" in notifier(home, "sources", "list").stdout


def test_doctor_is_content_with_a_fresh_folder_and_names_what_is_broken(home: Path) -> None:
    notifier(home, "migrate")

    assert notifier(home, "doctor").returncode == 0
    broken = notifier(home, "doctor", "--json", NOTIFIER_TELEGRAM_TOKEN="made-up", NOTIFIER_COLECT_EVERY="1h")
    assert broken.returncode == 1
    failing = {check["name"] for check in map(json.loads, broken.stdout.splitlines()) if not check["ok"]}
    assert failing == {"telegram_token", "settings"}
    assert "made-up" not in broken.stdout + broken.stderr
    assert notifier(home, "doctor", NOTIFIER_DATABASE_URL="sqlite:////no/such/place/x.db").returncode == 1
    assert notifier(home, "doctor", "--live").returncode == 1


def test_a_wrong_setting_is_one_line(home: Path) -> None:
    done = notifier(home, "run", NOTIFIER_COLLECT_EVERY="soon")

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        'notifier: NOTIFIER_COLLECT_EVERY: "soon" is not a duration; write 30s, 15m, 1h or 7d'
    ]


def test_run_answers_pushes_refuses_a_second_copy_and_ends_in_order(home: Path) -> None:
    notifier(home, "sources", "add", "list.md")
    running = subprocess.Popen(
        [sys.executable, "-m", "notifier", "run"],
        cwd=home,
        env=environment(NOTIFIER_COLLECT_EVERY="1s"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdin is not None
    assert running.stdout is not None
    assert "listens here" in running.stdout.readline()
    time.sleep(1.5)
    running.stdin.write("subscribe python remote\n")
    running.stdin.flush()
    assert "Subscription #1: Python, remote" in running.stdout.readline()
    with (home / "list.md").open("a") as file:
        file.write(row(10_002))
    said = ""
    while "Python dev 10002" not in said:
        line = running.stdout.readline()
        assert line, "it ended before it told of the new job"
        said += line

    second = notifier(home, "run")
    alive = notifier(home, "doctor", "--live")
    start = time.monotonic()
    running.send_signal(signal.SIGTERM)
    rest, _ = running.communicate(timeout=10)

    assert second.returncode == 1
    assert "another notifier is running" in second.stderr
    assert alive.returncode == 0
    assert running.returncode == 0
    assert time.monotonic() - start < 10
    assert "Python dev 10002" not in rest.replace(said, "").split("/why")[-1]


def test_stats_beside_run_say_what_it_has_done(home: Path) -> None:
    assert json.loads(notifier(home, "stats", "--json").stdout)["running"] is None
    notifier(home, "sources", "add", "list.md")
    running = subprocess.Popen(
        [sys.executable, "-m", "notifier", "run"],
        cwd=home,
        env=environment(NOTIFIER_COLLECT_EVERY="1s", NOTIFIER_LOG_FORMAT="json"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    first = json.loads(running.stderr.readline())
    beside = json.loads(notifier(home, "stats", "--json").stdout)
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=10)

    after = json.loads(notifier(home, "stats", "--json").stdout)

    assert (first["logger"], first["message"]) == ("notifier.services.collect", "source collected")
    assert beside["running"]["fetches"].keys() == {"ok", "failed"}
    assert after["running"]["fetches"]["ok"] >= 1
    assert after["running"]["fetches"]["failed"] == 0
    assert after["running"]["deliveries"].keys() >= {"sent", "rejected", "uncertain", "raised"}
    assert after["running"]["loop_lag_seconds"]["longest"] >= after["running"]["loop_lag_seconds"]["last"]
    assert (after["waiting"], after["oldest_waiting_seconds"], after["dead"]) == (0, None, 0)
    assert "fetches" in notifier(home, "stats").stdout
