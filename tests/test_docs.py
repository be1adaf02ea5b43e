"""The README, the catalogue and the command line say what the code does."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from notifier.domain import texts
from notifier.domain.facts import Role, Seniority
from notifier.domain.filters import FILTERS
from notifier.services.commands import COMMANDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_the_readme_lists_exactly_the_commands_with_their_help() -> None:
    rows = re.findall(r"^\| `/(.+?)` \| (.*?) ?\| (.*?) \|$", README, re.MULTILINE)

    declared = [
        (found.usage, ", ".join(found.aliases), texts.text(f"command-{found.name}"))
        for found in COMMANDS.values()
        if found.listed
    ]
    assert sorted(rows) == sorted(declared)


def test_the_readme_names_every_filter() -> None:
    assert [
        key
        for key in FILTERS
        if key not in ("skills", "words", "exclude") and not re.search(rf"{key}(?::|>=)", README)
    ] == []


def used() -> Iterator[str]:
    """Yield every string of the code that could be a message id."""
    for file in (ROOT / "notifier").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def made_up_ids() -> set[str]:
    """Return the ids that the code puts together from a name and a value."""
    return (
        {f"weekday-{n}" for n in range(7)}
        | {f"month-{n}" for n in range(1, 13)}
        | {f"command-{name}" for name, found in COMMANDS.items() if found.listed}
        | {f"mode-{mode}" for mode in ("remote", "hybrid", "onsite")}
        | {f"{what}-{key}" for what in ("wish", "unstated", "refused") for key in FILTERS}
        | {f"remote-word-{mode}" for mode in ("only", "hybrid", "no", "unknown")}
        | {f"level-word-{level}" for level in Seniority if level is not Seniority.UNSPECIFIED}
        | {f"role-word-{role}" for role in Role}
        | {"pay-word-flagged", "in-word-remote"}
        | {
            f"{what}-{cadence}"
            for what in ("cadence", "subscribed-how")
            for cadence in ("instant", "daily", "weekly", "both")
        }
        | {f"marked-{status}" for status in ("saved", "applied", "hidden")}
        | {
            f"settings-{name}"
            for name in (
                *("zone", "digest", "digest-off", "weekday", "quiet", "quiet-off", "cadence"),
                *("home", "home-off"),
            )
        }
        | {"settings-silent-on", "settings-silent-off"}
    )


def test_no_text_is_missing_and_none_is_unused() -> None:
    words = set(used())
    catalogue = set(texts.catalogue("en"))

    assert catalogue - words - made_up_ids() == set()
    assert made_up_ids() - catalogue == set()
    assert {
        word for word in words if re.fullmatch(r"(?:query|option|subscription|digest|settings)-[a-z-]+", word)
    } <= catalogue


@pytest.mark.parametrize(
    "command",
    [
        "",
        "demo",
        "run",
        "collect",
        "replay",
        "jobs",
        "digest",
        "facts",
        "match",
        "sources",
        "sources add",
        "sources test",
        "migrate",
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
