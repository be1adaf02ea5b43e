"""A conversation in the terminal, as a person has it: real processes, pipes and pseudo-terminals."""

import contextlib
import fcntl
import os
import pty
import select
import stat
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session

from notifier.chat.console.prompt import pipe
from notifier.cli.app import collector, utc_now
from notifier.cli.completing import LineCompletion
from notifier.cli.main import main
from notifier.cli.settings import Settings, load_settings
from notifier.cli.talk import Talk, history_file, language
from notifier.services.commands import Caller, answer
from notifier.services.completion import Completion
from notifier.services.conversation import Conversation
from notifier.sources.http import Fetcher
from notifier.store import sources
from notifier.store.database import Database, opened
from tests.conftest import START, Clock
from tests.test_cli import environment, home, row

REST = 2.0  # seconds without a word
PATIENCE = 30.0  # seconds
_ = home  # a fixture


@pytest.fixture
async def house(home: Path) -> Path:
    """A folder with a list of twelve jobs that has been read."""
    with (home / "list.md").open("a") as file:
        file.writelines(row(number) for number in range(10_002, 10_013))
    await read(home, load_settings(database_url=database(home)))
    return home


def database(home: Path) -> str:
    return f"sqlite:///{home}/notifier.db"


async def read(home: Path, settings: Settings) -> None:
    """Read the list of a folder; it is added when it is new."""
    with opened(settings.database_url) as db:
        if not db.call(sources.every):
            db.call(_a_list, str(home / "list.md"))
        async with Fetcher() as fetcher:
            await collector(db, settings, fetcher).collect(utc_now, ["list"])


def _a_list(session: Session, url: str, name: str = "list") -> None:
    sources.add(session, START, name=name, kind="readme_table", url=url)


def piped(home: Path, words: str, *lines: str, **values: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "notifier", *words.split()],
        cwd=home,
        env=environment(LC_ALL="C", **values),
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


class Terminal:
    """A process at a pseudo-terminal, and somebody who looks and types."""

    def __init__(self, home: Path, *words: str, **values: str) -> None:
        self._we, they = pty.openpty()
        fcntl.ioctl(they, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 200, 0, 0))
        values |= {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "PROMPT_TOOLKIT_NO_CPR": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "notifier", *words],
            cwd=home,
            env=environment(XDG_STATE_HOME=str(home / "state"), **values),
            stdin=they,
            stdout=they,
            stderr=they,
            start_new_session=True,
        )
        os.close(they)
        self.screen = ""

    def types(self, keys: str) -> None:
        os.write(self._we, keys.encode())

    def sees(self, words: str) -> str:
        """Wait until `words` were written since the last look; return what was."""
        end = time.monotonic() + PATIENCE
        while words not in self.screen:
            assert time.monotonic() < end, f"{words!r} does not come; there is {self.screen!r}"
            self._look()
        seen, _, self.screen = self.screen.partition(words)
        return seen + words

    def rests(self) -> None:
        """Wait until nothing more is written."""
        while select.select([self._we], [], [], REST)[0]:
            self._look()

    def _look(self) -> None:
        if select.select([self._we], [], [], 0.1)[0]:
            with contextlib.suppress(OSError):  # the process has ended
                self.screen += os.read(self._we, 65_536).decode(errors="replace")

    def left(self) -> int:
        """Return the exit status of who has left."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            self._look()
        return self.process.wait(1)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._we)


@pytest.fixture
def at_terminal(home: Path) -> Iterator[list[Terminal]]:
    """Terminals that are closed at the end."""
    every: list[Terminal] = []
    yield every
    for terminal in every:
        terminal.close()


# -- through a pipe -----------------------------------------------------------------------------


def test_lines_of_a_pipe_are_answered_one_by_one(house: Path) -> None:
    """Numbers, pages, links and files work the same; nothing is styled, and nobody is too fast."""
    lines = ("jobs python", "11", "12", "1", "2", "5", "export", "stats", *["/help stats"] * 20)

    done = piped(house, "chat", *lines)

    said = done.stdout
    assert done.returncode == 0 and done.stderr == ""
    assert said.splitlines()[0].startswith("notifier chat: nobody else delivers from this database")
    assert "10. Python dev 10003" in said and "[11] ▶ 2/2" in said
    assert "12. Python dev 10001" in said and "[13] ◀ 1/2" in said
    assert "Nothing stands at 5.\n" in said
    assert "Python dev 10001 (https://b.example/job/10001/x)" in said
    assert "Apply: https://b.example/job/10001/x\n" in said
    assert "⭐ Saved: Python dev 10001" in said
    assert "Written to notifier-export.json" in said and (house / "notifier-export.json").is_file()
    assert "\x1b" not in said and "Try again" not in said
    assert said.count("Example: /stats") == 20


def test_who_talks_under_another_name_is_another_chat_and_no_operator(house: Path) -> None:
    """So an operator sees what everybody sees; the person at the terminal may do all of it."""
    bob = piped(house, "chat --as bob", "subscribe python", "admin status")
    you = piped(house, "chat", "subscriptions", "admin status", "exit", "help")

    assert "Subscription #1: Python" in bob.stdout and "I do not know /admin" in bob.stdout
    assert "No subscriptions yet" in you.stdout and "1 subscription" in you.stdout
    assert "Commands" not in you.stdout
    assert main(["chat", "--as", "a:b"]) == 2


def test_the_language_of_the_environment_is_that_of_a_new_chat() -> None:
    """Its region tells the zone; C and POSIX are English."""
    assert language({"LANG": "de_AT.UTF-8"}) == "de-AT"
    assert language({"LANG": "de_DE", "LC_MESSAGES": "es_MX.UTF-8@euro"}) == "es-MX"
    assert language({"LANG": "de_DE", "LC_ALL": "C"}) == language({"LANG": "C.UTF-8"}) == "en"
    assert language({"LC_ALL": "", "LANG": "POSIX"}) == language({}) == language({"LANG": "x y"}) == "en"


def test_the_language_reaches_the_chat(house: Path) -> None:
    """Nobody is asked what can be guessed and undone."""
    done = subprocess.run(
        [sys.executable, "-m", "notifier", "chat"],
        cwd=house,
        env=environment(LC_ALL="de_AT.UTF-8"),
        input="settings",
        capture_output=True,
        text=True,
        check=False,
    )

    assert "Europe/Vienna" in done.stdout


async def test_a_pipe_is_read_as_it_is_dealt_with(tmp_path: Path) -> None:
    """Line by line, whatever its bytes, and the last one without an end of line."""
    (tmp_path / "typed").write_bytes(b"one\n\ntwo \xff\nthree")

    with (tmp_path / "typed").open() as file:
        assert [line async for line in pipe(file)] == ["one", "", "two \ufffd", "three"]


def test_who_reads_no_more_ends_it(house: Path) -> None:
    """`notifier chat | head -1` is no error."""
    done = subprocess.run(
        f"printf 'jobs\\njobs\\n' | {sys.executable} -m notifier chat | head -1",
        shell=True,
        cwd=house,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert done.stdout.count("\n") == 1 and done.stderr == ""


# -- at a terminal ------------------------------------------------------------------------------


def test_a_person_types_with_completion_numbers_and_history(house: Path, at_terminal: list[Terminal]) -> None:
    """Tab completes, a number acts, Ctrl-C clears the line, Ctrl-R finds it again, Ctrl-D leaves."""
    terminal = Terminal(house, "chat")
    at_terminal.append(terminal)
    terminal.sees("Ctrl-D leaves.")
    terminal.sees("you>")
    for typed, completed in (("jo", "bs"), ("lev", "el:"), ("se", "nior"), (" pyth", "on")):
        terminal.types(typed)
        terminal.sees(typed.strip())
        terminal.types("\t")
        terminal.sees(completed)
    terminal.types("\x01jobs python \x0b\r")
    answer = terminal.sees("▶ 2/2")
    terminal.types("2\r")
    card = terminal.sees("Mute company")
    terminal.rests()  # what is typed before the prompt stands is echoed, and lost
    terminal.types("nonsense")
    terminal.sees("nonsense")
    terminal.rests()
    terminal.types("\x03")
    terminal.rests()
    terminal.types("\x12")
    terminal.sees("search")
    terminal.types("jobs")
    terminal.sees("jobs")
    terminal.types("\r")
    terminal.sees("jobs python")
    terminal.types("\r")  # the first one only leaves the search
    terminal.sees("▶ 2/2")
    # As a terminal hands over what is pasted: several lines at once.
    terminal.types("\x1b[200~stats\nsubscriptions\n\x1b[201~\r")
    terminal.sees("The lists")
    terminal.sees("No subscriptions yet")
    terminal.sees("you>")
    terminal.types("\x04")

    assert terminal.left() == 0
    assert "12 open jobs for python" in answer
    assert "\x1b]8;;https://b.example/job/10012/x\x1b\\Python dev 10012" in answer
    assert "Python dev 10011" in card
    history = house / "state" / "notifier" / "history"
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    kept = history.read_text("utf-8")
    assert "+jobs python" in kept and "+2\n" not in kept and "nonsense" not in kept


async def test_a_push_arrives_above_what_somebody_types(home: Path, at_terminal: list[Terminal]) -> None:
    """`run` without a token is the same conversation; a chat beside it delivers nothing; Ctrl-D ends it in order."""
    await read(home, load_settings(database_url=database(home), collect_every="1s"))
    terminal = Terminal(home, "run", NOTIFIER_COLLECT_EVERY="1s")
    at_terminal.append(terminal)
    terminal.sees("listens here")
    terminal.sees("you>")
    terminal.types("subscribe python remote\r")
    terminal.sees("↩ Undo")
    terminal.types("jobs half")
    terminal.sees("half")
    with (home / "list.md").open("a") as file:
        file.write(row(10_002).replace("[A]", "[A \x1b]0;pwned\x07 firm]"))

    terminal.sees("──── to you ────")
    pushed = terminal.sees("❓ Why")
    terminal.sees("half")
    beside = piped(home, "chat", "subscriptions")
    terminal.types("\x15" + "4\r")  # [1] opens the job that was there, [2] is Undo, the push goes on from [3]
    terminal.sees("Saved: Python dev 10002")
    terminal.sees("you>")
    terminal.types("\x04")

    assert terminal.left() == 0
    assert "]0;pwned firm" in pushed and "\x1b]0;" not in pushed and "\x07" not in pushed
    assert beside.stdout.startswith("notifier chat: notifier run delivers from this database")
    assert "#1 python remote:only" in beside.stdout and "10002" not in beside.stdout


async def test_chat_alone_delivers_what_becomes_due(house: Path) -> None:
    """Nobody owns the database, so what the readings owe is shown here, page by page."""
    with opened(database(house)) as db:
        you = Caller(platform="console", address="you", now=utc_now())
        db.call(answer, you, "subscribe python")
    with (house / "list.md").open("a") as file:
        file.writelines(row(number) for number in range(10_013, 10_025))
    await read(house, load_settings(database_url=database(house)))

    done = piped(house, "chat", "help stats", "11", "1")

    assert "──── to you ────\n🆕 12 new jobs" in done.stdout and "[11] ▶ 2/2" in done.stdout
    assert "12. Python dev" in done.stdout  # the second page


# -- completion ---------------------------------------------------------------------------------


@pytest.fixture
def completion(tmp_path: Path) -> Iterator[LineCompletion]:
    with opened(f"sqlite:///{tmp_path}/notifier.db") as db:
        db.call(_a_list, "https://lists.example/a", "a list")
        clock = Clock()
        yield LineCompletion(Completion(db), clock, operates=False, locale="en")


async def proposed(completion: LineCompletion, line: str) -> list[str]:
    """Return the lines that a line may become."""
    return [line[: len(line) - it.back] + it.words for it in await completion(line)]


async def test_commands_their_aliases_and_choices_are_completed(completion: LineCompletion) -> None:
    """With or without a slash; those of operators and of shared chats only where they exist."""
    assert await proposed(completion, "subs") == ["subscribe ", "subscriptions "]
    assert await proposed(completion, "/lat") == ["/latest "]
    assert await proposed(completion, "SET") == ["settings "]
    assert await proposed(completion, "adm") == await proposed(completion, "fee") == []
    assert await proposed(completion, "settings qu") == ["settings quiet"]
    assert await proposed(completion, "subscriptions re") == ["subscriptions rename", "subscriptions resume"]
    assert await proposed(completion, "help subs") == ["help subscribe ", "help subscriptions "]
    assert await proposed(completion, "pause x") == await proposed(completion, "unknown x") == []
    assert "jobs " in await proposed(completion, "") and "latest " not in await proposed(completion, "")


async def test_keys_and_values_of_a_wish_are_completed(completion: LineCompletion) -> None:
    """Wherever a wish is written, after each comma, and quoted where it has to be."""
    assert await proposed(completion, "jobs lev") == ["jobs level:"]
    assert await proposed(completion, "jobs java level:senior,le") == ["jobs java level:senior,lead"]
    assert await proposed(completion, "/sub loc") == ["/sub location:"]
    assert await proposed(completion, "jobs role:front") == ["jobs role:frontend"]
    assert await proposed(completion, "jobs cadence:w") == ["jobs cadence:weekly"]
    assert await proposed(completion, "jobs source:a") == ['jobs source:"a list"']
    assert 'jobs in:"new york city"' in await proposed(completion, 'jobs in:"new yor')
    assert 'jobs in:berlin,"new york city"' in await proposed(completion, 'jobs in:berlin,"new yor')
    assert "jobs python" in [line.lower() for line in await proposed(completion, "jobs pyth")]
    assert "jobs python+kafka" in [line.lower() for line in await proposed(completion, "jobs python+kaf")]
    assert "jobs -php" in [line.lower() for line in await proposed(completion, "jobs -ph")]
    assert (await proposed(completion, "jobs -comp"))[0] == "jobs -company:"
    assert await proposed(completion, "subscriptions edit 1 lev") == ["subscriptions edit 1 level:"]
    assert await proposed(completion, "subscriptions rename 1 lev") == []
    assert await proposed(completion, 'jobs in:"cambridge, m') == []
    assert await proposed(completion, "jobs colour:r") == []


async def test_what_is_completed_can_be_read_back(completion: LineCompletion) -> None:
    """Every proposal for a value is a wish."""
    from notifier.domain.query import parse

    for line in (
        "jobs in:mun",
        "jobs from:ger",
        "jobs mach",
        "jobs remote:",
        "jobs pay:",
        "jobs level:",
        "jobs -jav",
    ):
        lines = await proposed(completion, line)
        assert lines
        for made in lines:
            parse(made.removeprefix("jobs "))


# -- trouble ------------------------------------------------------------------------------------


def test_history_stands_in_the_state_folder() -> None:
    """Where the user keeps it; a relative XDG_STATE_HOME counts as none."""
    assert history_file({"XDG_STATE_HOME": "/state"}) == Path("/state/notifier/history")
    assert history_file({"XDG_STATE_HOME": "x"}) == Path.home() / ".local/state/notifier/history"


async def test_what_goes_wrong_ends_no_conversation(tmp_path: Path) -> None:
    """A database without its tables is as broken as one can be; the person is told, the log says more."""
    written: list[str] = []
    db = Database(f"sqlite:///{tmp_path}/empty.db")
    caller = Caller(platform="console", address="you", now=START)

    await Talk(Conversation(db=db), lambda: caller, written.append)._answer("subscriptions")

    db.close()
    assert written == ["That went wrong on my side; the log says more. Nothing of it is done."]


def test_who_reads_a_pipe_waits_for_no_prompt() -> None:
    """What edits lines is imported only where a person types."""
    code = "import sys, notifier.cli.chat; print('prompt_toolkit' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment())

    assert done.stdout == "False\n"
