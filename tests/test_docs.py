"""The README and the command line say what the code does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from notifier.domain import texts
from notifier.domain.filters import FILTERS
from notifier.services.commands import COMMANDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_the_readme_lists_exactly_the_commands_with_their_help() -> None:
    rows = re.findall(r"^\| `/(.+?)` \| (.*?) ?\| (.*?) \|$", README, re.MULTILINE)

    declared = [
        (found.usage, ", ".join(found.aliases), texts.text(f"command-{found.name}"))
        for found in COMMANDS.values()
        if found.is_listed
    ]
    assert sorted(rows) == sorted(declared)


def test_the_readme_names_every_filter() -> None:
    assert [
        key
        for key in FILTERS
        if key not in ("skills", "words", "exclude") and not re.search(rf"{key}(?::|>=)", README)
    ] == []


@pytest.mark.parametrize(
    "command",
    [
        "",
        "demo",
        "run",
        "chat",
        "collect",
        "replay",
        "jobs",
        "digest",
        "publish",
        "facts",
        "match",
        "sources",
        "sources add",
        "sources test",
        "migrate",
        "backup",
        "restore",
        "doctor",
        "stats",
    ],
)
def test_every_command_helps_with_an_example(command: str) -> None:
    done = run(*command.split(), "--help")

    assert done.returncode == 0
    assert not command or "Example: notifier" in done.stdout


def test_help_does_not_load_what_it_does_not_need() -> None:
    code = (
        "import sys\nfrom notifier.cli.main import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('sqlalchemy', 'sqlite3', 'telegram', 'discord', 'httpx', 'apscheduler')"
        " if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)

    assert done.stdout.strip().endswith("[]")


def test_wrong_arguments_exit_2_with_one_line() -> None:
    for words in (["nonsense"], ["replay"], ["jobs", "colour:red"], ["sources", "frobnicate"]):
        done = run(*words)

        assert done.returncode == 2
        assert len(done.stderr.strip().splitlines()) == 1


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "notifier", *words], capture_output=True, text=True, cwd=ROOT, check=False
    )
