"""Logs: a fixed sentence and facts beside it, as text or JSON lines; no secret gets through.

Whatever a program can say about itself passes `redacted` on its way: records of every logger before any
handler sees them, warnings, and errors that nobody caught, in whichever thread or task.
"""

import contextlib
import json
import logging
import re
import sys
import threading
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal

from notifier.domain.redact import redacted, redacted_value

log = logging.getLogger(__name__)

# These log addresses with tokens in them, or what persons wrote, below WARNING; so never, not even for DEBUG.
_DISCREET = ("httpx", "httpcore", "sqlalchemy", "aiohttp.access", "apscheduler", "alembic")
# These do so below INFO, and say little of use to an operator at INFO.
_CHATTY = ("telegram", "discord", "aiohttp")
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Redacting(logging.Filter):
    """Takes the secrets out of a record: its sentence, arguments, facts, traceback and names; drops none."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record in place, for good: every handler gets it as it is now."""
        try:
            sentence = record.getMessage()
        except Exception:  # arguments that do not fit the sentence
            sentence = f"{record.msg} {redacted_value(record.args)}"
        record.msg, record.args = redacted(sentence), None
        if isinstance(record.exc_info, tuple) and not record.exc_text:
            record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip()
        # As text only: a handler that walks the exception itself would find its arguments.
        record.exc_info = None
        record.exc_text = redacted(record.exc_text) if record.exc_text else None
        for name, value in vars(record).items():
            if isinstance(value, str):
                vars(record)[name] = redacted(value)
            elif name not in _USUAL:
                vars(record)[name] = redacted_value(value)
        return True


_redacting = Redacting()
_usual_handle = logging.Logger.handle


def _handle(self: logging.Logger, record: logging.LogRecord) -> None:
    _redacting.filter(record)
    _usual_handle(self, record)


def _handle_error(self: logging.Handler, record: logging.LogRecord) -> None:
    """Say that a handler failed: Python's own way quotes the error that was being logged, as it is."""
    if logging.raiseExceptions and sys.stderr is not None:
        trouble = redacted(f"--- Logging error ---\n{traceback.format_exc()}Message: {record.msg}")
        with contextlib.suppress(OSError, ValueError):
            print(trouble, file=sys.stderr)


def install() -> None:
    """Put the redacting filter in front of every handler of this process, and of what Python itself prints.

    A filter of a logger sees only that logger's own records, one of a handler only that handler's, and
    libraries add handlers when they like. `Logger.handle` is where all records pass before any handler.
    """
    # Python has no other place in front of all handlers; a subclass would reach only loggers made after it.
    logging.Logger.handle = _handle  # type: ignore[method-assign]
    logging.Handler.handleError = _handle_error  # type: ignore[method-assign]
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    sys.unraisablehook = _unraisable
    threading.excepthook = _uncaught_in_thread


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    print(redacted("".join(traceback.format_exception(kind, error, trace))), end="", file=sys.stderr)


def _uncaught_in_thread(args: "threading.ExceptHookArgs") -> None:
    if args.exc_value is None or isinstance(args.exc_value, SystemExit):
        return
    trouble = (args.exc_type, args.exc_value, args.exc_traceback)
    log.error("thread failed", exc_info=trouble, extra={"thread_name": args.thread and args.thread.name})


def _unraisable(args: "sys.UnraisableHookArgs") -> None:
    error = args.exc_value or args.exc_type()
    trouble = (args.exc_type, error, args.exc_traceback)
    log.error("error where none can be raised", exc_info=trouble, extra={"where": args.object})


class Formatter(logging.Formatter):
    """One record as a line of text (a traceback follows on lines of its own) or as a JSON object."""

    def __init__(self, form: Literal["text", "json"]) -> None:
        super().__init__()
        self._json = form == "json"

    def format(self, record: logging.LogRecord) -> str:
        """Return the record: when (UTC), level, logger, sentence, facts, traceback."""
        _redacting.filter(record)  # for records that came by another way than a logger; twice does no harm
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        facts = {name: value for name, value in vars(record).items() if name not in _USUAL}
        if self._json:
            line: dict[str, Any] = {
                "at": at,
                "level": record.levelname,
                "logger": record.name,
                "message": record.msg,
            }
            line |= {f"{name}_" if name in line else name: value for name, value in facts.items()}
            if record.exc_text:
                line["traceback"] = record.exc_text
            return json.dumps(line, ensure_ascii=False, default=str)
        words = " ".join(f"{name}={_word(value)}" for name, value in facts.items())
        text = f"{at} {record.levelname:<7} {record.name}: {record.msg}  {words}".rstrip()
        return f"{text}\n{record.exc_text}" if record.exc_text else text


def _word(value: object) -> str:
    """Return a fact as one word, quoted when it would be several."""
    text = str(value)
    return text if re.fullmatch(r'[^\s"=]+', text) else json.dumps(text, ensure_ascii=False)


def configure(level: str, form: Literal["text", "json"]) -> None:
    """Send logs to standard error; libraries that say too much only speak up when it matters."""
    install()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Formatter(form))
    handler.addFilter(_redacting)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _DISCREET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.INFO if level == "DEBUG" else logging.WARNING)
