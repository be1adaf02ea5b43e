"""Logs: one line, and no secret in it."""

import json
import logging
import sys

import pytest

from notifier.cli.logs import Formatter, configure

TELEGRAM = "123456789:AAmadeUpTokenOfThirtyFiveLetters_xyz"
DISCORD = "MTIzNDU2Nzg5MDEyMzQ1Njc4OQ.GaBcDe.madeUpMadeUpMadeUpMadeUpMadeUp12"


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
    record = logging.LogRecord("x", logging.INFO, "f", 1, "source collected", (), None)
    record.__dict__.update(source="a-list", new=3)

    line = json.loads(Formatter("json").format(record))

    assert (line["message"], line["source"], line["new"]) == ("source collected", "a-list", 3)


def test_libraries_that_log_addresses_keep_quiet() -> None:
    before = logging.getLogger().handlers[:]
    configure("DEBUG", "text")

    assert logging.getLogger("httpx").level == logging.WARNING
    assert logging.getLogger("httpcore").level == logging.WARNING
    logging.basicConfig(handlers=before, force=True)
