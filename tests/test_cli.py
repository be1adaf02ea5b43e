"""The command line as an operator uses it: real processes, real files."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from notifier.store import sources
from notifier.store.database import opened

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


def test_adding_a_list_shows_its_first_postings_and_what_was_understood(home: Path) -> None:
    (home / "list.md").write_text((home / "list.md").read_text() + "| B | | Oslo | | |\n")

    added = notifier(home, "sources", "add", "list.md", "--every", "2h", "--name", "mine")

    assert "mine added" in added.stdout
    assert "**list: 1 job (readme\\_table)**" in added.stderr
    assert "**Python dev 10001** · A · Berlin · remote" in added.stderr
    assert "company 1, link 1, place 1, mode 1, date 1, pay 0" in added.stderr
    assert "1 row was not understood: line 4 (no title)" in added.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("add",), "an address is missing"),
        (("add", "list.md", "--kind", "magic"), "magic is no kind of source; there are arbeitnow"),
        (("add", "list.md", "--every", "soon"), '--every: "soon" is not a duration'),
        (("add", "--starter", "cooks"), "cooks is no set of public lists; there are default, backend"),
        (("add", "nothing.md"), "nothing.md: No such file"),
        (("import", "nothing.json"), "nothing.json: No such file"),
        (("import", "list.md"), "neither JSON nor OPML"),
    ],
)
def test_what_cannot_be_added_is_said_in_one_line(home: Path, words: tuple[str, ...], says: str) -> None:
    done = notifier(home, "sources", *words)

    assert done.returncode == 1
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    with opened(f"sqlite:///{home}/notifier.db") as db:
        assert db.call(sources.every) == []


def test_public_lists_come_by_the_set_and_twice_is_no_harm(home: Path) -> None:
    named = notifier(home, "sources", "starter").stdout.splitlines()
    first = notifier(home, "sources", "add", "--starter", "backend")
    again = notifier(home, "sources", "add", "--starter", "backend")

    assert "backend: awesome-backend-jobs, backend-development-jobs" in named
    assert first.stdout.count(" added;") == 2
    assert (again.returncode, again.stdout) == (0, "")
    assert again.stderr.count("already") == 2


def test_lists_move_to_another_notifier_by_a_file_of_either_form(home: Path, tmp_path: Path) -> None:
    notifier(home, "sources", "add", "list.md", "--every", "2h", "--republish", "--attribution", "By A.")
    notifier(home, "sources", "add", "https://jobs.lever.co/fjord", "--kind", "lever", "--yes")
    exported = notifier(home, "sources", "export")
    other = {"NOTIFIER_DATABASE_URL": f"sqlite:///{tmp_path}/other.db"}

    for form, count in (("json", 2), ("opml", 0)):
        notifier(home, "sources", "export", f"lists.{form}", *(["--opml"] if form == "opml" else []))
        done = notifier(home, "sources", "import", f"lists.{form}", **other)
        assert f"{count} of 2 lists added" in done.stdout

    assert notifier(home, "sources", "export", **other).stdout == exported.stdout
    [first, second] = json.loads(exported.stdout)
    assert (first["name"], first["every"]) == ("fjord", None)
    assert (second["every"], second["attribution"]) == (7_200, "By A.")


def test_feeds_of_a_feed_reader_are_imported(home: Path) -> None:
    (home / "feeds.opml").write_text(
        """<opml version="1.0"><body><outline text="Folder">
        <outline text="Cooks &amp; Co" xmlUrl="https://cooks.example/rss" htmlUrl="https://cooks.example"/>
        </outline></body></opml>"""
    )
    (home / "bomb.opml").write_text('<!DOCTYPE x [<!ENTITY a "aa">]><opml><body/></opml>')

    done = notifier(home, "sources", "import", "feeds.opml")
    listed = json.loads(notifier(home, "sources", "export").stdout)

    assert "1 of 1 lists added" in done.stdout
    assert (listed[0]["name"], listed[0]["kind"]) == ("cooks-co", "feed")
    assert "document type" in notifier(home, "sources", "import", "bomb.opml").stderr


def test_a_notifier_that_never_read_anything_begins_with_two_public_lists(home: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "notifier", "run"],
        cwd=home,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "so these lists are" in line:
                break
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    begun = notifier(home, "sources", "list").stdout
    notifier(home, "sources", "remove", "awesome-backend-jobs")

    assert len(begun.splitlines()) == 2
    assert len(notifier(home, "sources", "list").stdout.splitlines()) == 1


def test_a_suspect_list_is_shown_with_its_reason(home: Path) -> None:
    notifier(home, "sources", "add", "list.md")
    notifier(home, "collect")
    (home / "list.md").write_text("<!DOCTYPE html><html>captcha")

    collected = notifier(home, "collect", "list")

    assert collected.returncode == 1
    assert "is an HTML page" in notifier(home, "sources", "list").stdout
    shown = json.loads(notifier(home, "sources", "list", "--json").stdout)
    assert (shown["state"], shown["usual_rows"], shown["failures"], shown["paused"]) == (
        "failing",
        1,
        1,
        None,
    )
    assert "usually 1 rows" in notifier(home, "stats").stdout
    assert json.loads(notifier(home, "stats", "--json").stdout)["sources"][0]["reason"] == shown["suspect"]
    assert "last good reading" in notifier(home, "doctor").stdout


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
    notifier(home, "collect", NOTIFIER_COLLECT_EVERY="1s")  # the first reading announces nothing
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
    running.send_signal(signal.SIGTERM)
    rest, _ = running.communicate(timeout=60)

    assert second.returncode == 1
    assert "another notifier is running" in second.stderr
    assert alive.returncode == 0
    assert running.returncode == 0
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
    running.communicate(timeout=60)

    after = json.loads(notifier(home, "stats", "--json").stdout)

    assert (first["logger"], first["message"]) == ("notifier.services.collect", "source collected")
    assert beside["running"]["fetches"].keys() == {"ok", "failed"}
    assert after["running"]["fetches"]["ok"] >= 1
    assert after["running"]["fetches"]["failed"] == 0
    assert after["running"]["deliveries"].keys() >= {"sent", "rejected", "uncertain", "raised"}
    assert after["running"]["loop_lag_seconds"]["longest"] >= after["running"]["loop_lag_seconds"]["last"]
    assert (after["waiting"], after["oldest_waiting_seconds"], after["dead"]) == (0, None, 0)
    assert "fetches" in notifier(home, "stats").stdout
