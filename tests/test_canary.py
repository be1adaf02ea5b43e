"""The canary: made-up secrets through every way to fail, at DEBUG, and then nothing finds them again.

Each path below really runs. What it printed, logged (also to a handler that a library added), told and stored
is searched for a word that stands in every secret. The one place that may hold it is the address of a
list: without its key the list could not be read.
"""

import asyncio
import contextlib
import io
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import aiohttp
import discord
import httpx
import psycopg
import pytest
import telegram
from discord.http import Route
from sqlalchemy import inspect, text

from notifier.chat import markdown
from notifier.cli import logs
from notifier.cli.main import main
from notifier.cli.settings import Settings
from notifier.domain import redact
from notifier.domain.ports import Denied, Gone, Outcome, Rejected, Uncertain
from notifier.errors import SourceUnreachable
from notifier.services import counters
from notifier.services.collect import Collector
from notifier.services.commands import Caller, answer
from notifier.services.counters import Counted, Counters
from notifier.services.deliver import Deliverer
from notifier.services.operators import Operators
from notifier.sources import SOURCES, build
from notifier.sources.http import Fetcher
from notifier.store import sources
from notifier.store.database import Database
from tests.conftest import START, Clock
from tests.road import FakeChat, Road, postings

WORD = "zyxwv"  # in every secret, early in each: half a secret is found as well
TELEGRAM = "987654321:AAzyxwvTelegramMadeUp0123456789abcdef"
DISCORD = "MTk4NjIyNDgzNDcxOTI1MjQ4.zyxwvA.DiscordMadeUpzyxwv0123456789abcdefghij"
WEBHOOK = "zyxwv-webhook"
PASSWORD = "zyxwv p@ss/w%rd"
IN_URL = "zyxwv%20p%40ss%2Fw%25rd"
POSTGRES = f"postgresql://bot:{IN_URL}@127.0.0.1:1/jobs"
API = f"https://api.telegram.org/bot{TELEGRAM}/sendMessage"
ROOT = Path(__file__).parent.parent


class Canary:
    """A home with secrets, everything that can be heard of it, and a search through all that."""

    def __init__(
        self, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.home = home
        self.monkeypatch = monkeypatch
        self.capsys = capsys
        self.clock = Clock()
        self.heard = io.StringIO()
        self.told: list[str] = []
        self.db = Database(f"sqlite:///{home}/notifier.db")

    def notifier(self, *words: str, **environment: str) -> None:
        """Run a command in this process; an error that it does not catch goes where Python brings it."""
        for name, value in environment.items():
            self.monkeypatch.setenv(name, value)
        try:
            main(words)
        except SystemExit:
            pass
        except Exception:
            sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]  # never None inside an except
        self.listen()

    def python(self, code: str) -> None:
        """Run a program of its own, as far as its end."""
        before = (
            "import asyncio, logging, sys, threading, warnings\n"
            "from notifier.cli import logs\n"
            "logs.configure('DEBUG', 'json')\n"
            f"secret = {TELEGRAM!r}\n"
        )
        done = subprocess.run(
            [sys.executable, "-X", "dev", "-c", before + code],
            capture_output=True,
            text=True,
            cwd=self.home,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
        )
        self.heard.write(done.stdout + done.stderr)

    def listen(self) -> None:
        """Be a library that adds a handler of its own and writes all that a record has."""

        class Naive(logging.Handler):
            def emit(handler, record: logging.LogRecord) -> None:
                trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
                self.heard.write(f"{record.getMessage()} {vars(record)!r} {trace}\n")

        logging.getLogger().handlers.insert(0, Naive(level=logging.DEBUG))  # it hears first

    def everything(self) -> str:
        """Return what was printed, logged, told and stored."""
        said = self.capsys.readouterr()
        return "\n".join(
            [said.out, said.err, self.heard.getvalue(), *self.told, *self.stored(), *self._files()]
        )

    def stored(self) -> Iterator[str]:
        """Yield every row, without the addresses of lists."""
        with self.db._reader.connect() as connection:
            for table in inspect(connection).get_table_names():
                for row in connection.execute(text(f'SELECT * FROM "{table}"')).mappings():
                    yield str(
                        {name: value for name, value in row.items() if (table, name) != ("source", "url")}
                    )

    def _files(self) -> Iterator[str]:
        for file in self.home.rglob("*"):
            if file.is_file() and not file.name.startswith(("notifier.db", "given")):
                yield file.read_text("utf-8", errors="replace")


@pytest.fixture
def canary(
    tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Canary]:
    shutil.copy(sqlite_template, tmp_path / "notifier.db")
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("NOTIFIER_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "LOG_LEVEL": "DEBUG",
        "TELEGRAM_TOKEN": TELEGRAM,
        "DISCORD_TOKEN": DISCORD,
        "TELEGRAM_WEBHOOK_SECRET": WEBHOOK,
        "ALLOW_PRIVATE_SOURCES": "true",
    }.items():
        monkeypatch.setenv(f"NOTIFIER_{name}", value)
    # None of this replaces a function of ours: what a process has set for good is put back behind each path.
    monkeypatch.setattr(redact, "_kept", set())
    monkeypatch.setattr(redact, "_known", None)
    for where, name in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook")):
        monkeypatch.setattr(where, name, getattr(where, name))
    monkeypatch.setattr(logging.Logger, "handle", logging.Logger.handle)
    monkeypatch.setattr(logging.Handler, "handleError", logging.Handler.handleError)
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers.clear()  # pytest's own would be closed
    made = Canary(tmp_path, monkeypatch, capsys)
    try:
        redact.keep_secret(*Settings(database_url=POSTGRES).secrets())
        logs.configure("DEBUG", "text")
        made.listen()
        yield made
    finally:
        made.db.close()
        root.handlers[:] = before
        root.setLevel(level)
        logging.captureWarnings(False)


Path_ = Callable[[Canary], object]
PATHS: dict[str, tuple[Path_, str]] = {}


def path(shows: str) -> Callable[[Path_], Path_]:
    """Add a way to fail; `shows` is what must be found, or it did not fail as it should."""

    def add(run: Path_) -> Path_:
        PATHS[run.__name__.replace("_", " ")] = run, shows
        return run

    return add


# -- settings and arguments ------------------------------------------------------------------------


@path("is not a time zone")
def a_token_in_the_wrong_setting(canary: Canary) -> None:
    canary.notifier("stats", NOTIFIER_ZONE=TELEGRAM)


@path("is not a list of admins")
def a_token_among_the_admins(canary: Canary) -> None:
    canary.notifier("stats", NOTIFIER_ADMINS=DISCORD)


@path("is not a duration")
def a_database_s_url_in_the_wrong_setting(canary: Canary) -> None:
    canary.notifier("stats", NOTIFIER_COLLECT_EVERY=POSTGRES)


@path("No such file or directory")
def a_token_where_its_file_should_be_named(canary: Canary) -> None:
    canary.notifier("run", NOTIFIER_TELEGRAM_TOKEN="", NOTIFIER_TELEGRAM_TOKEN_FILE=TELEGRAM)


@path("is no setting")
def a_setting_that_is_spelled_wrongly(canary: Canary) -> None:
    canary.notifier("stats", NOTIFIER_TELEGRAM_TOKN=TELEGRAM)


@path("unrecognized arguments")
def arguments_that_there_are_not(canary: Canary) -> None:
    canary.notifier("sources", "add", "list.md", "--tokn", TELEGRAM, POSTGRES)


@path("Settings(")
def settings_that_somebody_logs(canary: Canary) -> None:
    settings = Settings(database_url=POSTGRES)
    logging.getLogger("app").debug("settings %r", settings, extra={"all": settings.model_dump()})


@path("validation error")
def settings_that_do_not_validate_and_are_logged(canary: Canary) -> None:
    try:
        Settings(database_url=POSTGRES, telegram_token=TELEGRAM, collect_every=POSTGRES)  # type: ignore[arg-type]
    except ValueError:
        logging.getLogger("app").exception("settings not read")


# -- the database ----------------------------------------------------------------------------------


@path("the database refuses")
def a_database_that_refuses(canary: Canary) -> None:
    canary.notifier("stats", NOTIFIER_DATABASE_URL=POSTGRES)


@path("the database refuses: failed to resolve host")
def a_password_that_should_have_been_encoded(canary: Canary) -> None:
    canary.notifier(
        "sources", "list", NOTIFIER_DATABASE_URL="postgresql://bot:zyxwvp@zyxwvend@nowhere.invalid/x"
    )


@path("is no address of a database")
def a_database_s_address_that_cannot_be_read(canary: Canary) -> None:
    canary.notifier("collect", NOTIFIER_DATABASE_URL=f"postgresql:/bot:{IN_URL}@host")


@path("is no address of a database")
def an_engine_that_there_is_not(canary: Canary) -> None:
    canary.notifier("migrate", NOTIFIER_DATABASE_URL=f"zeppelin://bot:{IN_URL}@host/jobs")


@path("Traceback")
def an_engine_whose_driver_is_missing(canary: Canary) -> None:
    canary.notifier("stats", NOTIFIER_DATABASE_URL=f"oracle+cx_oracle://bot:{IN_URL}@host/jobs")


@path("the folder of the database does not exist")
def a_folder_that_is_named_like_a_token(canary: Canary) -> None:
    canary.notifier("stats", NOTIFIER_DATABASE_URL=f"sqlite:////nowhere/{TELEGRAM}/x.db")


@path("file is not a database")
def a_file_that_is_no_database(canary: Canary) -> None:
    (canary.home / "given").write_text(f"NOTIFIER_TELEGRAM_TOKEN={TELEGRAM}\n" * 100)
    canary.notifier("stats", NOTIFIER_DATABASE_URL="sqlite:///given")


@path("UNIQUE constraint failed")
def a_row_that_the_database_refuses(canary: Canary) -> None:
    with contextlib.suppress(Exception):
        canary.db.call(
            lambda session: session.execute(text("INSERT INTO state VALUES (:k, :v)"), {"k": "a", "v": "b"})
        )
    try:
        canary.db.call(
            lambda session: session.execute(
                text("INSERT INTO state VALUES (:k, :v)"), {"k": "a", "v": TELEGRAM}
            )
        )
    except Exception:
        logging.getLogger("app").exception("row not written")


@path("connection failed")
def a_driver_s_own_error(canary: Canary) -> None:
    try:
        psycopg.connect(POSTGRES)
    except psycopg.Error as error:
        logging.getLogger("app").error(
            "no database: %s %r", error, error, exc_info=True, extra={"url": POSTGRES}
        )


@path("FAIL database")
def a_doctor_without_a_database(canary: Canary) -> None:
    canary.notifier("doctor", NOTIFIER_DATABASE_URL=POSTGRES)


@path('"ok": false')
def a_doctor_in_json(canary: Canary) -> None:
    canary.notifier(
        "doctor", "--json", NOTIFIER_DATABASE_URL=POSTGRES, NOTIFIER_TELEGRAM_TOKEN="zyxwv is no token"
    )


@path("no answer")
def a_doctor_who_asks_for_a_heartbeat(canary: Canary) -> None:
    canary.notifier("doctor", "--live", NOTIFIER_DATABASE_URL=POSTGRES)


@path("FAIL source")
def a_doctor_who_reads_a_list(canary: Canary) -> None:
    with_a_list(canary, f"http://127.0.0.1:1/bot{TELEGRAM}/list.md")
    canary.notifier("doctor")


# -- lists -----------------------------------------------------------------------------------------


def with_a_list(canary: Canary, url: str) -> None:
    canary.db.call(lambda session: sources.add(session, START, name="a-list", kind="readme_table", url=url))


@path("an address with a password in it is not read")
def a_list_with_a_password_tested(canary: Canary) -> None:
    canary.notifier("sources", "test", f"https://bot:{IN_URL}@host.example/list.md")


@path("an address with a password in it is not read")
def a_list_with_a_password_added_unread(canary: Canary) -> None:
    canary.notifier("sources", "add", f"https://bot:{IN_URL}@host.example/list.md", "--yes")
    canary.notifier("sources", "list")


@path("no connection")
def a_list_with_a_token_that_cannot_be_reached(canary: Canary) -> None:
    canary.notifier("sources", "add", f"http://127.0.0.1:1/bot{TELEGRAM}/list.md")


@path("list added")
def a_list_with_a_token_added_and_shown(canary: Canary) -> None:
    canary.notifier("sources", "add", f"http://127.0.0.1:1/{TELEGRAM}", "--yes")
    canary.notifier("sources", "list")
    canary.notifier("sources", "list", "--json")
    canary.notifier("collect")
    canary.notifier("sources", "list")
    canary.notifier("stats", "--json")


@path("a-list added")
def a_list_with_a_key_in_its_query_published(canary: Canary) -> None:
    (canary.home / "public").mkdir()
    url = "http://127.0.0.1:1/a-list.md?access_token=zyxwv123"
    canary.notifier("sources", "add", url, "--yes", "--republish")
    canary.notifier("sources", "list")
    canary.notifier("publish", "public")


@path("No such file")
def a_file_named_like_a_token(canary: Canary) -> None:
    canary.notifier("sources", "test", f"/nowhere/{TELEGRAM}.md")


@path("not understood")
def a_row_that_holds_a_token_and_is_not_understood(canary: Canary) -> None:
    head = "| Company | Position | Location |\n|---|---|---|\n"
    (canary.home / "given.md").write_text(
        f"{head}| A | [Dev](https://b.example/job/1/x) | Berlin |\n| {API} |\n"
    )
    canary.notifier("sources", "test", "given.md")


@path("There is no source called")
def a_source_that_there_is_not(canary: Canary) -> None:
    canary.notifier("sources", "remove", API)


def answers(**values: Any) -> Callable[[httpx.Request], httpx.Response]:
    """Return a server that says back what it was asked, and adds a secret."""

    def answer(request: httpx.Request) -> httpx.Response:
        body = values.get("body", f"{request.url} {API}".encode())
        return httpx.Response(
            values.get("status", 200),
            headers=values.get("headers"),
            stream=httpx.ByteStream(body),
            request=request,
        )

    return answer


def raises(error: type[httpx.HTTPError] | type[Exception]) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error(f"{request.url}: {POSTGRES} {API}") from RuntimeError(TELEGRAM)

    return answer


def read(canary: Canary, server: Callable[[httpx.Request], httpx.Response]) -> None:
    """Let a list with a token in its address be read from a server that fails."""
    with_a_list(canary, f"https://host.example/bot{TELEGRAM}/list.md?key=zyxwv-key")

    async def run() -> None:
        async with Fetcher(transport=httpx.MockTransport(server)) as fetcher:
            collector = Collector(
                db=canary.db,
                build=lambda row: build(row.kind, row.url, fetcher),
                reader_version=lambda kind: SOURCES[kind].reader_version,
            )
            for collected in await collector.collect(canary.clock):
                canary.told.append(str(collected))
        await tell(canary)

    asyncio.run(run())
    canary.notifier("sources", "list")


async def tell(canary: Canary, stopped: dict[str, str] | None = None) -> None:
    """Let operators be told of it later that day."""
    office = FakeChat("office")
    canary.clock.forward(hours=2)
    operators = Operators(
        canary.db,
        {"office": office},
        [("office", "42")],
        stopped=stopped or {},
        counters=Counters(since=START),
        least_disk=0,
    )
    await operators.tell(canary.clock.now)
    assert office.sent
    canary.told += office.texts()


for name_, server_, shows_ in (
    ("a list that answers 500 and echoes", answers(status=500), "answered 500"),
    ("a list that asks to wait", answers(status=429, headers={"retry-after": TELEGRAM}), "answered 429"),
    ("a list that is a page", answers(body=f"<html>{API}".encode()), "is an HTML page"),
    (
        "a list that leads to a password",
        answers(status=302, headers={"location": POSTGRES}),
        "only http",
    ),
    ("a list that leads in circles", answers(status=302, headers={"location": "?again"}), "redirects"),
    (
        "a list that leads nowhere",
        answers(status=302, headers={"location": f"https://[{TELEGRAM}/"}),
        "failing:",
    ),
    ("a list packed in a token", answers(headers={"content-encoding": TELEGRAM}), "came packed as"),
    ("a list of no letters", answers(body=b"\xff\xfe" + TELEGRAM.encode()), "is not UTF-8"),
    ("a list that is empty but for a token", answers(), "a-list"),
    ("a list that is out of reach", raises(httpx.ConnectError), "no connection"),
    ("a list that is slow", raises(httpx.ReadTimeout), "no answer in time"),
    ("a list that breaks the protocol", raises(httpx.RemoteProtocolError), "cut short"),
    ("a reader with a bug", raises(ZeroDivisionError), "internal error: ZeroDivisionError"),
    ("a library with a bug", raises(httpx.StreamError), "internal error: StreamError"),
):
    PATHS[name_] = (lambda canary, server=server_: read(canary, server)), shows_


# -- messages --------------------------------------------------------------------------------------


def deliver(canary: Canary, *outcomes: Outcome | Exception) -> None:
    """Let the one message of a chat meet these ends, one after the other, and look at what is left of it."""

    async def run() -> None:
        road = Road(canary.db, canary.clock)
        counts = Counters(since=START)
        road.deliverer = Deliverer(canary.db, {"fake": Counted(road.chat, counts)}, canary.clock)
        await road.add_list()
        await road.subscribed("python", user_id="7")
        await road.read(postings(1))
        await road.read(postings(1, 2))
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                road.chat.will_answer(outcome)
            else:
                road.chat.refuses = lambda text, outcome=outcome: outcome
            await road.deliver()
            canary.clock.forward(days=1)
            await canary.db.run(counters.keep, counts, canary.clock.now)
        await road.read(SourceUnreachable("out"))  # so that there is something to tell in any case
        await tell(canary, road.deliverer.stopped)

    asyncio.run(run())
    canary.told += canary.stored()  # who writes again is not gone any more
    caller = Caller(platform="fake", address="ann", user_id="7", now=canary.clock.now)
    for line in ("/subscriptions", "/why 2", "/export"):
        document = canary.db.call(answer, caller, line)
        canary.told.append(markdown.render(document))
        if document.file is not None:
            canary.told.append(document.file.content.decode())
    canary.notifier("stats")
    canary.notifier("stats", "--json")


def an_error(*, cause: bool = False, note: bool = False) -> Exception:
    error = telegram.error.NetworkError("sending failed" if cause or note else f"{API}: {DISCORD}")
    if cause:
        error.__cause__ = httpx.ConnectError(f"POST {API}")
    if note:
        error.add_note(f"while calling {API} with {WEBHOOK}")
    return error


for name_, outcomes_, shows_ in (
    ("a chat that is gone", [Gone(f"blocked: {API}")], "destination gone"),
    (
        "a platform that refuses the token",
        [Denied(f"{TELEGRAM} was rejected, {DISCORD}")],
        "platform stopped",
    ),
    ("a message that is refused", [Rejected(f"bad: {API}")], "dead letter"),
    ("an answer that is lost twice", [Uncertain(), Uncertain()], "dead letter"),
    ("a messenger that raises", [an_error()], "message failed"),
    ("a messenger whose error has a cause", [an_error(cause=True)], "message failed"),
    ("a messenger whose error has a note", [an_error(note=True)], "message failed"),
    (
        "a messenger that raises a group",
        [ExceptionGroup(API, [an_error(), an_error(cause=True)])],
        "message failed",
    ),
    ("a message that fails eight times", [an_error() for _ in range(8)], "failed 8 times"),
):
    PATHS[name_] = (lambda canary, outcomes=outcomes_: deliver(canary, *outcomes)), shows_


# -- log calls -------------------------------------------------------------------------------------

log = logging.getLogger("somewhere")


class Leaky:
    """Shows its token to whoever looks."""

    def __repr__(self) -> str:
        return f"Leaky({TELEGRAM})"


class Broken:
    """Cannot be shown."""

    def __repr__(self) -> str:
        raise ValueError(TELEGRAM)


@path("calling")
def a_token_in_the_sentence(canary: Canary) -> None:
    log.debug(f"calling {API} for {WEBHOOK} with {PASSWORD}")


@path("calling")
def a_token_in_the_arguments(canary: Canary) -> None:
    log.debug("calling %s %r %s", API, Leaky(), {"headers": [("Authorization", f"Bot {DISCORD}")]})
    log.debug("calling %(url)s", {"url": API})


@path("two words")
def arguments_that_do_not_fit(canary: Canary) -> None:
    log.debug("two words %s %s", TELEGRAM)
    log.debug("two words %d", TELEGRAM)


@path("facts")
def a_token_in_the_facts(canary: Canary) -> None:
    nested = {"a": [(API, {"b": {DISCORD}}), API.encode()], "token": "zyxwv", TELEGRAM: 1}
    looped: list[object] = [TELEGRAM]
    looped.append(looped)
    log.debug(
        "facts", extra={"url": API, "nested": nested, "thing": Leaky(), "broken": Broken(), "loop": looped}
    )


@path("quoted")
def a_token_as_others_write_it(canary: Canary) -> None:
    escaped = json.dumps({"password": PASSWORD, "line": f"\n{TELEGRAM}"})
    log.debug(
        "quoted %s %s",
        escaped,
        [escaped],
        extra={"url": f"https://x.example/?p={IN_URL}&q={WEBHOOK}".lower()},
    )


@path("call failed")
def an_error_with_a_history(canary: Canary) -> None:
    try:
        try:
            raise KeyError(TELEGRAM)
        except KeyError as error:
            error.add_note(API)
            raise ConnectionError(DISCORD) from error
    except ConnectionError:
        log.exception("call failed", stack_info=True)


@path("inside")
def names_that_hold_a_token(canary: Canary) -> None:
    thread = threading.Thread(target=log.debug, args=("inside",), name=TELEGRAM)
    thread.start()
    thread.join()
    logging.getLogger(f"bot.{TELEGRAM}").debug("inside")


@path("Logging error")
def a_handler_that_fails_while_an_error_is_logged(canary: Canary) -> None:
    closed = io.StringIO()
    logging.getLogger().addHandler(logging.StreamHandler(closed))
    closed.close()
    try:
        raise ConnectionError(API)
    except ConnectionError:
        log.exception("call to %s failed", API)


@path("made elsewhere")
def a_record_that_was_made_elsewhere(canary: Canary) -> None:
    log.handle(logging.makeLogRecord({"msg": "made elsewhere %s", "args": (API,), "url": API, "levelno": 40}))


@path('"message": "as json"')
def json_lines(canary: Canary) -> None:
    logs.configure("DEBUG", "json")
    log.debug("as json", extra={"url": API, "nested": {"x": Leaky()}})


# -- what Python itself says -----------------------------------------------------------------------


@path("Traceback")
def an_error_that_nobody_catches(canary: Canary) -> None:
    canary.python(
        "raise ConnectionError(f'https://api.telegram.org/bot{secret}/getMe') from KeyError(secret)"
    )


@path("thread failed")
def a_thread_that_fails(canary: Canary) -> None:
    canary.python("def work(): raise ValueError(secret)\nthreading.Thread(target=work, name=secret).start()")


@path("error where none can be raised")
def an_object_that_fails_as_it_goes(canary: Canary) -> None:
    canary.python("class Thing:\n  def __del__(self): raise ValueError(secret)\nThing()")


@path("Task exception was never retrieved")
def a_task_that_nobody_awaits(canary: Canary) -> None:
    canary.python(
        "async def work(token): raise ValueError(token)\n"
        "async def main():\n  asyncio.create_task(work(secret), name=secret)\n  await asyncio.sleep(0.01)\n"
        "asyncio.run(main(), debug=True)"
    )


@path("was never awaited")
def a_coroutine_that_nobody_awaits(canary: Canary) -> None:
    canary.python("async def work(token): pass\nwork.__qualname__ = secret\nwork(secret)")


@path("Exception in callback")
def a_callback_that_fails(canary: Canary) -> None:
    canary.python(
        "def work(token): raise ValueError(token)\n"
        "async def main():\n  asyncio.get_running_loop().call_soon(work, secret)\n  await asyncio.sleep(0.01)\n"
        "asyncio.run(main())"
    )


@path("something happened")
def a_loop_that_is_told_of_trouble(canary: Canary) -> None:
    canary.python(
        "async def main():\n  asyncio.get_running_loop().call_exception_handler("
        "{'message': f'something happened to {secret}', 'exception': ValueError(secret), 'token': secret})\n"
        "asyncio.run(main())"
    )


@path("careful")
def a_warning(canary: Canary) -> None:
    canary.python(
        "warnings.warn(f'careful with {secret}', stacklevel=1)\nwarnings.warn(ResourceWarning(secret))"
    )


@path("Exception ignored in atexit")
def an_end_that_fails(canary: Canary) -> None:
    # Python tells of it through its hook, which is ours.
    canary.python(
        "import atexit\ndef end(): raise ValueError(secret)\natexit.register(end)\n"
        "print('Exception ignored in atexit')"
    )


# -- libraries that hold the tokens ----------------------------------------------------------------


@path("telegram says")
def a_telegram_bot_that_is_logged(canary: Canary) -> None:
    bot = telegram.Bot(TELEGRAM)
    log.debug("telegram says %s %r", bot, bot, extra={"bot": bot})


class Refusing(telegram.request.BaseRequest):
    """Telegram's answer to a token that it does not know."""

    read_timeout = 1.0

    async def initialize(self) -> None: ...
    async def shutdown(self) -> None: ...
    async def do_request(self, url: str, *args: Any, **values: Any) -> tuple[int, bytes]:
        return 401, json.dumps(
            {"ok": False, "error_code": 401, "description": f"Unauthorized {url}"}
        ).encode()


@path("InvalidToken")
def a_token_that_telegram_refuses(canary: Canary) -> None:
    async def run() -> None:
        await telegram.Bot(TELEGRAM, request=Refusing(), get_updates_request=Refusing()).initialize()

    try:
        asyncio.run(run())
    except telegram.error.InvalidToken as error:
        assert TELEGRAM in str(error)
        log.exception("telegram refuses %r", error)


@path("NetworkError")
def a_telegram_that_cannot_be_reached(canary: Canary) -> None:
    async def run() -> None:
        async with telegram.Bot(TELEGRAM, base_url="http://127.0.0.1:1/bot") as bot:
            await bot.get_me()

    try:
        asyncio.run(run())
    except telegram.error.TelegramError as error:
        log.exception("telegram fails", extra={"error": error})


@contextlib.contextmanager
def a_server() -> Iterator[str]:
    """Answer everything with 401 and what was asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"message": f"{self.path} {self.headers['Authorization']}", "code": 0}).encode()
            self.send_response(401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *args: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@path("LoginFailure")
def a_token_that_discord_refuses(canary: Canary) -> None:
    async def run() -> None:
        async with discord.Client(intents=discord.Intents.none()) as client:
            await client.login(DISCORD)

    with a_server() as url:
        canary.monkeypatch.setattr(Route, "BASE", url)
        try:
            asyncio.run(run())
        except discord.LoginFailure as error:
            log.exception("discord refuses", extra={"error": repr(error), "cause": repr(error.__cause__)})


@path("webhook fails")
def a_discord_webhook_that_fails(canary: Canary) -> None:
    url = "https://discord.com/api/webhooks/123456789012345678/" + "zyxwv" * 14

    async def run(server: str) -> None:
        canary.monkeypatch.setattr(Route, "BASE", server)
        async with aiohttp.ClientSession() as session:
            await discord.Webhook.from_url(url, session=session).send("text")

    with a_server() as server:
        try:
            asyncio.run(run(server))
        except discord.DiscordException as error:
            log.exception("webhook fails %s", url, extra={"error": repr(error)})


@path("aiohttp fails")
def an_address_that_aiohttp_cannot_reach(canary: Canary) -> None:
    async def run() -> None:
        async with aiohttp.ClientSession(headers={"Authorization": f"Bot {DISCORD}"}) as session:
            await session.get(f"http://127.0.0.1:1/bot{TELEGRAM}/getMe")

    try:
        asyncio.run(run())
    except aiohttp.ClientError as error:
        log.exception("aiohttp fails %r", error, extra={"request": repr(error.args)})


@path("httpx fails")
def an_address_that_httpx_logs(canary: Canary) -> None:
    with httpx.Client(transport=httpx.MockTransport(answers(status=400)), auth=("bot", PASSWORD)) as client:
        try:
            client.get(API).raise_for_status()
        except httpx.HTTPStatusError as error:
            log.exception(
                "httpx fails", extra={"headers": error.request.headers, "body": error.response.text}
            )


def test_there_are_at_least_forty_paths() -> None:
    assert len(PATHS) >= 40


@pytest.mark.parametrize("name", PATHS)
def test_a_secret_is_found_nowhere(canary: Canary, name: str) -> None:
    run, shows = PATHS[name]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run(canary)

    found = canary.everything()
    assert shows in found
    at = found.lower().find(WORD)
    assert at < 0, found[max(at - 300, 0) : at + 100]
