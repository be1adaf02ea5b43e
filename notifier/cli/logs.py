"""Logs: a fixed sentence and facts beside it, as text or JSON lines; no secret gets through."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Literal

# What Telegram and Discord tokens look like, and passwords in addresses.
_SECRETS = re.compile(
    r"(?P<telegram>\d{6,12}:[A-Za-z0-9_-]{30,})"
    r"|(?P<discord>[A-Za-z0-9_-]{23,28}\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,})"
    r"|(?<=://)(?P<login>[^/\s:@]+:[^/\s@]+)(?=@)"
)
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def redacted(text: str) -> str:
    """Return `text` without anything that looks like a secret."""
    return _SECRETS.sub("[secret]", text)


class Formatter(logging.Formatter):
    """One line a record, redacted whole: message, facts and traceback."""

    def __init__(self, form: Literal["text", "json"]) -> None:
        super().__init__()
        self._json = form == "json"

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text or as a JSON object."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        facts = {name: value for name, value in vars(record).items() if name not in _USUAL}
        trace = self.formatException(record.exc_info) if record.exc_info else ""
        if self._json:
            line = {"at": at, "level": record.levelname, "message": record.getMessage(), **facts}
            if trace:
                line["traceback"] = trace
            return redacted(json.dumps(line, ensure_ascii=False, default=str))
        words = " ".join(f"{name}={value}" for name, value in facts.items())
        text = f"{at} {record.levelname:<7} {record.getMessage()}  {words}".rstrip()
        return redacted(f"{text}\n{trace}" if trace else text)


def configure(level: str, form: Literal["text", "json"]) -> None:
    """Send logs to standard error; libraries that log addresses with tokens only speak up when it matters."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Formatter(form))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in ("httpx", "httpcore", "apscheduler", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
