"""Where the parts are put together."""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from notifier import sources as source_kinds
from notifier.chat import markdown
from notifier.chat.console import ConsoleMessenger
from notifier.chat.console.messenger import NAME as CONSOLE
from notifier.cli.settings import Settings
from notifier.domain.ports import Recipient
from notifier.services import housekeeping
from notifier.services.collect import Collected, Collector
from notifier.services.commands import Caller, answer
from notifier.services.commands.declared import said
from notifier.services.deliver import Deliverer
from notifier.sources.http import Fetcher
from notifier.store import outbox
from notifier.store.database import Database
from notifier.store.subscriptions import Defaults

log = logging.getLogger(__name__)

COLLECT_TICK = timedelta(minutes=1)
DELIVER_TICK = timedelta(seconds=2)
HOUSE_TICK = timedelta(hours=1)
YOU = "you"  # the one chat of the console


def utc_now() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


def defaults(settings: Settings) -> Defaults:
    """Return what new destinations start with."""
    return Defaults(
        zone=settings.zone,
        digest_at=settings.digest_at,
        quiet=settings.quiet_hours,
        cadence=settings.cadence,
    )


def collector(db: Database, settings: Settings, fetcher: Fetcher) -> Collector:
    """Return what reads the lists of this database."""
    return Collector(
        db=db,
        build=lambda row: source_kinds.build(
            row.kind, row.url, fetcher, etag=row.etag, last_modified=row.last_modified
        ),
        reader_version=lambda kind: source_kinds.SOURCES[kind].reader_version,
        every=settings.collect_every,
    )


class App:
    """`notifier run`: ticks that look, a console that listens, and an orderly end."""

    def __init__(self, db: Database, settings: Settings, write: Callable[[str], object] = print) -> None:
        self._db = db
        self._settings = settings
        self._write = write
        self._messenger = ConsoleMessenger(write)
        self._deliverer = Deliverer(
            db, {CONSOLE: self._messenger}, utc_now, resend=settings.on_uncertain == "resend"
        )
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Collect, deliver and answer until a signal says stop; what was handed over is noted first."""
        self._listen_to_signals()
        freed = await self._db.run(outbox.take_up, utc_now())
        if freed:
            log.info("interrupted messages taken up", extra={"count": freed})
        async with Fetcher(allow_private=self._settings.allow_private_sources) as fetcher:
            reading = collector(self._db, self._settings, fetcher)

            async def collect() -> None:
                for collected in await reading.collect(utc_now):
                    if collected.trouble:
                        await self._tell_operators(collected)
                await self._deliverer.deliver()

            scheduler = self._scheduler(collect)
            scheduler.start()
            typed = asyncio.create_task(self._converse())
            await self._stop.wait()
            scheduler.pause()
            self._deliverer.stop()
            typed.cancel()
            running = [
                task
                for task in asyncio.all_tasks()
                if task is not asyncio.current_task() and task is not typed
            ]
            if running:
                # A reading that is not recorded is read again; a message in flight must be noted.
                await asyncio.wait(running, timeout=8)
            scheduler.shutdown(wait=False)
            with contextlib.suppress(asyncio.CancelledError):
                await typed
        log.info("stopped")

    def _scheduler(self, collect: Callable[[], object]) -> AsyncIOScheduler:
        """Ticks that only say "look now"; what is due is in the rows.

        Intervals in UTC: a cron trigger skips or doubles days when clocks change. No grace time:
        APScheduler's default of one second loses a run whenever the loop was busy for longer.
        """
        scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        every = min(COLLECT_TICK, self._settings.collect_every)
        ticks = ((collect, every), (self._deliverer.deliver, DELIVER_TICK), (self._keep_house, HOUSE_TICK))
        for tick, interval in ticks:
            scheduler.add_job(tick, "interval", seconds=interval.total_seconds(), next_run_time=utc_now())
        scheduler.add_job(self._beat, "interval", seconds=10, next_run_time=utc_now())
        return scheduler

    async def _tell_operators(self, collected: Collected) -> None:
        """Say that a list is not trusted, once per cause and day, to who runs this notifier."""
        cause = f"{collected.source}: {collected.trouble}"
        if not await self._db.run(housekeeping.first_today, cause, utc_now()):
            return
        notice = said("operator-source", "en", source=collected.source, reason=collected.trouble)
        # Without a token the terminal is the operator's.
        admins = [
            admin.partition(":")[2] for admin in self._settings.admins if admin.startswith(CONSOLE)
        ] or [YOU]
        for address in admins:
            await self._messenger.send(Recipient(address=address), notice, cause)

    async def _keep_house(self) -> None:
        await self._db.run(housekeeping.purge, utc_now(), self._settings.retention)

    async def _beat(self) -> None:
        await self._db.run(housekeeping.beat, utc_now())

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._stop.set)

    async def _converse(self) -> None:
        """Answer what is typed, line by line; the end of input is not the end of the bot."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        try:
            await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        except (ValueError, OSError):  # no terminal and no pipe, as under a service manager
            return
        self._write('notifier listens here: no token is set. Type "help", or "subscribe python remote".')
        while line := (await reader.readline()).decode(errors="replace").strip() or not reader.at_eof():
            if isinstance(line, str):
                document = await self._db.run(answer, console_caller(self._settings), line)
                self._write(markdown.render(document))
                await self._deliverer.deliver()


def console_caller(settings: Settings) -> Caller:
    """Return who types at the terminal."""
    return Caller(platform=CONSOLE, address=YOU, user_id=YOU, now=utc_now(), defaults=defaults(settings))
