"""`notifier doctor`: what is set up, what is broken, and what to do about it."""

import asyncio
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import text
from sqlmodel import Session

from notifier.cli.app import utc_now
from notifier.cli.settings import Settings, unknown_settings
from notifier.errors import NotifierError, SourceError
from notifier.services import housekeeping
from notifier.sources import build
from notifier.sources.http import Fetcher
from notifier.store import health, sources
from notifier.store.database import Database

LEAST_DISK = 100 * 1024 * 1024
LATEST_BEAT = timedelta(minutes=5)
_SHAPES = {
    "telegram_token": re.compile(r"\d{6,12}:[A-Za-z0-9_-]{30,}"),
    "discord_token": re.compile(r"[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{25,}"),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `hint` says what to do when it is not in order."""

    name: str
    ok: bool
    found: str
    hint: str = ""

    def line(self) -> str:
        """Return it for people."""
        mark = "ok  " if self.ok else "FAIL"
        return f"{mark} {self.name}: {self.found}" + (f" — {self.hint}" if self.hint and not self.ok else "")


def live(settings: Settings) -> list[Check]:
    """Return whether the ticks of a running notifier go on; touches no network."""
    try:
        db = Database(settings.database_url)
        try:
            beat = db.call(housekeeping.last_beat)
        finally:
            db.close()
    except Exception as error:
        return [Check("heartbeat", False, f"no answer ({type(error).__name__})", "is the database there?")]
    if beat is None:
        return [Check("heartbeat", False, "none yet", "start `notifier run`")]
    age = utc_now() - beat
    return [
        Check("heartbeat", age < LATEST_BEAT, f"{age.total_seconds():.0f} s ago", "restart `notifier run`")
    ]


def everything(settings: Settings) -> list[Check]:
    """Return every check."""
    return [*_settings(settings), *_clock(), *_database(settings), *_telegram(settings)]


def _settings(settings: Settings) -> Iterator[Check]:
    unknown = unknown_settings()
    yield Check("settings", not unknown, "; ".join(unknown) or "read", "correct the name")
    file = Path(".env")
    if file.exists():
        private = not file.stat().st_mode & 0o077
        yield Check(".env", private, "private" if private else "readable by others", "chmod 600 .env")
    for name, shape in _SHAPES.items():
        secret = getattr(settings, name)
        if secret is None:
            yield Check(name, True, "not set: off")
        else:
            fits = shape.fullmatch(secret.get_secret_value()) is not None
            yield Check(name, fits, "set" if fits else "not the shape of a token", "copy it again, whole")
    folder = settings.publish_dir
    if folder is not None:
        writable = os.access(folder, os.W_OK)
        yield Check("publish_dir", writable, str(folder), "create it, writable for notifier")


def _telegram(settings: Settings) -> Iterator[Check]:
    """Ask Telegram who the bot is."""
    if settings.telegram_token is None:
        return
    if not _SHAPES["telegram_token"].fullmatch(settings.telegram_token.get_secret_value()):
        return  # said already
    # Only who has a token waits for the library.
    from telegram.error import InvalidToken, TelegramError

    from notifier.chat.telegram.api import Api

    api = Api(settings.telegram_token.get_secret_value(), settings.telegram_api_url)

    async def ask() -> None:
        await api.open()
        try:
            await api.check()
        finally:
            await api.close()

    try:
        asyncio.run(ask())
    except InvalidToken:
        yield Check("telegram", False, "the token is refused", "get a valid one from @BotFather")
    except TelegramError as error:
        hint = f"is {settings.telegram_api_url} reachable from here?"
        yield Check("telegram", False, error.message, hint)
    else:
        yield Check("telegram", True, f"@{api.username}")


def _clock() -> Iterator[Check]:
    now: datetime = utc_now()
    sane = now.year >= 2026
    yield Check("clock", sane, now.isoformat(timespec="seconds"), "set the clock of this machine")
    zones = len(available_timezones())
    berlin = zones and now.astimezone(ZoneInfo("Europe/Berlin")).utcoffset()
    yield Check("zones", bool(berlin), f"{zones} time zones", "pip install tzdata")


def _database(settings: Settings) -> Iterator[Check]:
    try:
        db = Database(settings.database_url)
    except Exception as error:
        yield Check("database", False, _reason(error), "see NOTIFIER_DATABASE_URL in .env.example")
        return
    try:
        yield Check("database", True, _engine(db))
        current = db.is_current()
        yield Check("schema", current, db.revision() or "empty", "notifier migrate")
        yield _writable(db)
        if db.is_sqlite and db.url.database:
            free = shutil.disk_usage(Path(db.url.database).absolute().parent).free
            yield Check("disk", free > LEAST_DISK, f"{free // 1024 // 1024} MB free", "make room")
        if current:
            yield from asyncio.run(_sources(db, settings))
    except Exception as error:
        yield Check("database", False, _reason(error), "is the server up, and the address right?")
    finally:
        db.close()


def _engine(db: Database) -> str:
    def version(session: Session) -> str:
        query = "SELECT sqlite_version()" if db.is_sqlite else "SHOW server_version"
        return str(session.execute(text(query)).scalar())

    return f"{'SQLite' if db.is_sqlite else 'PostgreSQL'} {db.call(version)}"


def _writable(db: Database) -> Check:
    def write(session: Session) -> None:
        session.execute(text("CREATE TABLE doctor_probe (n INTEGER)"))
        session.execute(text("DROP TABLE doctor_probe"))

    try:
        db.call(write)
    except Exception as error:
        return Check("writable", False, _reason(error), "give notifier write access to the database")
    return Check("writable", True, "yes")


async def _sources(db: Database, settings: Settings) -> list[Check]:
    rows = await db.read(sources.every)
    known = {row.name: row for row in await db.read(health.every, utc_now())}
    if not rows:
        return [Check("sources", True, "none yet; notifier sources add URL")]
    async with Fetcher(allow_private=settings.allow_private_sources, seconds=10) as fetcher:

        async def check(name: str, kind: str, url: str) -> Check:
            stored = known[name]
            if stored.state == "paused":
                return Check(f"source {name}", True, stored.words())
            try:
                await build(kind, url, fetcher).postings(utc_now())
            except SourceError as error:
                return Check(
                    f"source {name}", False, f"{error}; {stored.words()}", "notifier sources test URL"
                )
            trusted = stored.state != "suspect"
            hint = f"notifier sources resume {name} accepts it as it is"
            return Check(f"source {name}", trusted, f"reachable; {stored.words()}", hint)

        return await asyncio.gather(*(check(row.name, row.kind, row.url) for row in rows))


def _reason(error: Exception) -> str:
    """Return an error in one line; a driver's own text may hold the password of the address."""
    if isinstance(error, NotifierError):
        return str(error)
    cause = getattr(error, "orig", None) or error
    return re.sub(r"://[^@\s]*@", "://…@", str(cause).strip().splitlines()[0] if str(cause).strip() else "")[
        :200
    ]
