"""Logs: one line, and no secret in it, whoever logs and whoever listens."""

import io
import json
import logging
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from notifier.cli import logs
from notifier.cli.logs import Formatter, configure
from notifier.cli.settings import Settings
from notifier.domain import redact
from notifier.domain.redact import keep_secret, redacted, redacted_value

TELEGRAM = "123456789:AAmadeUpTokenOfThirtyFiveLetters_xyz"
DISCORD = "MTIzNDU2Nzg5MDEyMzQ1Njc4OQ.GaBcDe.madeUpMadeUpMadeUpMadeUpMadeUp12"


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a process says of itself is set once for all of it; here it is set back."""
    for where, name in (
        (logging.Logger, "handle"),
        (logging.Handler, "handleError"),
        (sys, "excepthook"),
        (sys, "unraisablehook"),
        (threading, "excepthook"),
    ):
        monkeypatch.setattr(where, name, getattr(where, name))
    monkeypatch.setattr(redact, "_kept", set())
    monkeypatch.setattr(redact, "_known", None)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("secret", [TELEGRAM, DISCORD, "notifier:hunter2"])
def test_secrets_never_reach_a_line(form: str, secret: str) -> None:
    url = f"postgresql://{secret}@host/db" if "hunter2" in secret else f"https://api.example/bot{secret}/send"
    try:
        raise ConnectionError(url)
    except ConnectionError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "call failed", (), sys.exc_info())
    record.__dict__["address"] = url

    line = Formatter(form).format(record)  # type: ignore[arg-type]  # a parameter of the test

    assert secret not in line
    assert "hunter2" not in line
    assert "call failed" in line


def test_json_lines_carry_the_sentence_and_the_facts() -> None:
    record = logging.LogRecord("notifier.x", logging.INFO, "f", 1, "source collected", (), None)
    record.__dict__.update(source="a-list", new=3, level="odd", lists=("a", {"b": 1}))

    line = json.loads(Formatter("json").format(record))

    assert list(line) == ["at", "level", "logger", "message", "source", "new", "level_", "lists"]
    assert (line["message"], line["source"], line["new"]) == ("source collected", "a-list", 3)
    assert (line["level"], line["logger"], line["level_"]) == ("INFO", "notifier.x", "odd")
    assert line["lists"] == ["a", {"b": 1}]
    at = datetime.fromisoformat(line["at"])
    assert at.tzinfo is not None and at.utcoffset() == UTC.utcoffset(None)


def test_text_lines_quote_a_fact_of_several_words() -> None:
    record = logging.LogRecord("notifier.x", logging.WARNING, "f", 1, "source failed", (), None)
    record.__dict__.update(source="a-list", reason='answered "no"\n2026 ERROR made up', count=2)

    line = Formatter("text").format(record)

    assert line.endswith(
        r'WARNING notifier.x: source failed  source=a-list reason="answered \"no\"\n2026 ERROR made up" count=2'
    )


def test_a_traceback_stands_in_its_json_line() -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "failed", (), sys.exc_info())

    line = json.loads(Formatter("json").format(record))

    assert line["traceback"].startswith("Traceback")
    assert line["traceback"].endswith("ValueError: broken")


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "ERROR"])
def test_libraries_that_log_addresses_keep_quiet_at_every_level(level: str) -> None:
    configure(level, "text")

    for name in ("httpx", "httpcore", "sqlalchemy", "aiohttp.access"):
        assert logging.getLogger(name).level == logging.WARNING
    for name in ("telegram", "discord", "aiohttp"):
        assert logging.getLogger(name).level == (logging.INFO if level == "DEBUG" else logging.WARNING)


def test_a_handler_that_a_library_adds_hears_no_secret_either() -> None:
    configure("DEBUG", "text")
    heard: list[str] = []

    class Theirs(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(f"{self.format(record)} {vars(record)}")

    logging.getLogger().addHandler(Theirs())
    own = logging.getLogger("their.own")
    own.addHandler(Theirs())
    own.propagate = False
    own.setLevel(logging.DEBUG)
    for logger in (logging.getLogger("other"), own):
        try:
            raise ConnectionError(TELEGRAM)
        except ConnectionError:
            logger.exception("call to %s", TELEGRAM, extra={"headers": {"x": [DISCORD]}})

    assert len(heard) == 2
    assert all("call to ***" in line and "Traceback" in line for line in heard)
    assert not any(secret in line for secret in (TELEGRAM, DISCORD) for line in heard)


def test_a_library_that_replaces_our_handler_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    configure("INFO", "text")
    logging.basicConfig(level=logging.DEBUG, stream=(theirs := io.StringIO()), force=True)

    logging.getLogger("x").info("using %s", TELEGRAM)

    assert theirs.getvalue().endswith("using ***\n")
    assert capsys.readouterr().err == ""


def test_what_is_logged_before_logs_are_configured_is_redacted_too() -> None:
    logs.install()
    logging.getLogger().handlers[:] = [logging.StreamHandler(early := io.StringIO())]

    logging.getLogger("x").warning("using %s", TELEGRAM)

    assert early.getvalue() == "using ***\n"


def test_what_the_settings_keep_secret_is_hidden_whatever_it_looks_like() -> None:
    settings = Settings(
        database_url="postgresql://bot:s%C3%A4sam%20open@db.example/jobs",
        telegram_token="short-one",  # type: ignore[arg-type]
        telegram_webhook_secret="tell-nobody",  # type: ignore[arg-type]
    )
    keep_secret(*settings.secrets())

    for said in (
        "short-one",
        "tell-nobody",
        "säsam open",
        "s%C3%A4sam%20open",
    ):
        assert redacted(f"<{said}>") == "<***>"
    assert redacted(json.dumps("säsam open")) == '"***"'


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        ("sqlite:///notifier.db", []),
        ("postgresql://db/jobs", []),
        ("postgresql://notifier:notifier@db/notifier", []),  # everybody's, and in every line we log
        ("postgresql://bot:hunter2@db/jobs", ["hunter2"]),
        ("postgresql://bot:hun%40ter2@db/jobs", ["hun%40ter2", "hun@ter2"]),
        ("postgresql://bot:hun@ter2@db/jobs", ["hun", "hun@ter2", "ter2"]),
        ("postgresql://db/jobs?user=bot&password=hunter2", ["hunter2"]),
    ],
)
def test_every_reading_of_the_database_s_password_is_secret(url: str, secrets: list[str]) -> None:
    assert Settings(database_url=url).secrets() == secrets


@pytest.mark.parametrize(
    "innocent",
    [
        "2026-03-02T12:00:00.000+00:00 INFO notifier.services.collect: source collected  source=a new=3",
        "https://board.example:8443/job/12345?page=2&utm_source=list#top",
        "read it at https://medium.com/@somebody/a-post and write to jobs@board.example",
        "sqlite:////var/lib/notifier/notifier.db",
        "batch 0123456789abcdef0123456789abcdef, 12:30:45",
        'File "/usr/lib/python3.11/site-packages/sqlalchemy/engine/default.py", line 943, in do_execute',
    ],
)
def test_what_is_no_secret_stays(innocent: str) -> None:
    assert redacted(innocent) == innocent


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        (f"https://api.telegram.org/bot{TELEGRAM}/getMe", "https://api.telegram.org/bot***/getMe"),
        ("https://api.telegram.org/bot123456789:AAmade", "https://api.telegram.org/bot***"),  # cut off
        (f"https://proxy/{TELEGRAM.replace(':', '%3A')}/x", "https://proxy/***/x"),
        (f"Authorization: Bot {DISCORD}", "Authorization: Bot ***"),
        ("{'authorization': 'Bearer abc'}", "{'authorization': 'Bearer ***'}"),
        ("(b'Authorization', b'Basic dXNlcjpwdw==')", "(b'Authorization', b'Basic ***')"),
        ("https://discord.com/api/webhooks/123/a-B_c?wait=1", "https://discord.com/api/webhooks/***?wait=1"),
        (
            "https://discord.com/api/v10/interactions/12/aW50-x_y/callback",
            "https://discord.com/api/v10/interactions/***/callback",
        ),
        ("https://hooks.slack.com/services/T0/B0/x", "https://hooks.slack.com/***"),
        ("postgresql+psycopg://u:p@ss@db:5432/jobs", "postgresql+psycopg://***@db:5432/jobs"),
        ("postgresql://u:p/s@db/jobs", "postgresql://***@db/jobs"),
        ("https://key@git.example/x.md", "https://***@git.example/x.md"),
        (
            "https://x.example/l.md?page=1&access_token=abc&z=1",
            "https://x.example/l.md?page=1&access_token=***&z=1",
        ),
        (
            "DETAIL:  Key (platform, address)=(telegram, 42) already",
            "DETAIL:  Key (platform, address)=*** already",
        ),
    ],
)
def test_what_looks_like_a_secret_is_hidden_and_its_place_stays(secret: str, shown: str) -> None:
    assert redacted(secret) == shown
    assert redacted(shown) == shown


def test_a_secret_too_short_to_be_one_does_not_blacken_the_log() -> None:
    keep_secret("a", "", "on")

    assert redacted("a list is on") == "a list is on"


def test_a_key_that_says_secret_hides_its_value() -> None:
    value = redacted_value({"token": "x", "Password": 1, "name": "y", "in": [{"secret": ("a", "b")}]})

    assert value == {"token": "***", "Password": "***", "name": "y", "in": [{"secret": "***"}]}


@pytest.mark.parametrize(
    "piece", ["1", "a-token", "://a:", "x://", "?key", "bot1", "a.", "DETAIL: (", "authorization "]
)
def test_a_long_line_takes_no_long_time(piece: str) -> None:
    line = piece * (200_000 // len(piece))
    start = time.process_time()

    redacted(line)

    assert time.process_time() - start < 3
