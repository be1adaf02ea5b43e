"""Where the parts are put together."""

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from notifier import sources as source_kinds
from notifier.chat import CONSOLE, DISCORD, TELEGRAM
from notifier.cli.settings import Settings
from notifier.cli.talk import OPERATOR, YOU, Talk, language
from notifier.domain.ports import Messenger
from notifier.domain.posting import Found, Posting
from notifier.domain.texts import text
from notifier.errors import NotifierError, OperatorError, SourceRefused
from notifier.services import counters, found, housekeeping, publish
from notifier.services.collect import Collector
from notifier.services.commands import Caller
from notifier.services.conversation import Conversation
from notifier.services.counters import Counted, Counters
from notifier.services.deliver import Deliverer
from notifier.services.keepers import Keepers
from notifier.services.operators import Operators
from notifier.sources import address, recognise, starter
from notifier.sources.http import Fetcher
from notifier.store import jobs, outbox
from notifier.store.database import Database
from notifier.store.subscriptions import Defaults
from notifier.store.tables import Source

if TYPE_CHECKING:
    from notifier.chat.discord import Discord
    from notifier.chat.telegram import Telegram

log = logging.getLogger(__name__)

Tick = Callable[[], Awaitable[object]]

COLLECT_TICK = timedelta(minutes=1)
COLLECT_PATIENCE = timedelta(seconds=20)  # then the next tick may come, and reads on what this one did not
DELIVER_TICK = timedelta(seconds=2)
BEAT_TICK = timedelta(seconds=10)
HOUSE_TICK = timedelta(hours=1)


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


def collector(
    db: Database, settings: Settings, fetcher: Fetcher, patience: timedelta | None = None
) -> Collector:
    """Return what reads the lists of this database."""

    def build(row: Source) -> source_kinds.ListSource:
        async def known(postings: Sequence[Posting]) -> bool:
            # After a reading that missed a page, what stands further down may be new all the same.
            return row.suspect is None and await db.read(jobs.all_stand_on, row.id, postings)

        return source_kinds.build(
            row.kind, row.url, fetcher, etag=row.etag, last_modified=row.last_modified, known=known
        )

    return Collector(
        db=db,
        build=build,
        reader_version=lambda kind: source_kinds.SOURCES[kind].reader_version,
        every=settings.collect_every,
        patience=patience,
    )


def conversation(db: Database, settings: Settings) -> Conversation:
    """Return what answers commands; who sits at the terminal operates."""

    async def look(where: str, now: datetime) -> Found:
        if address.is_file(where):
            raise SourceRefused(
                "From a chat only http(s) addresses are read; a file takes notifier sources add"
            )
        return await look_at(where, settings, now)

    return Conversation(
        db=db, operators=(*settings.admins, OPERATOR), by_list=settings.access == "list", look=look
    )


async def look_at(where: str, settings: Settings, now: datetime, kind: str = "") -> Found:
    """Return what stands at an address, as these settings read it; `SourceError` when it is no source."""
    async with Fetcher(allow_private=settings.allow_private_sources) as fetcher:
        seen = await recognise.look(where, fetcher, now, kind=kind)
    return replace(seen, expire_after=settings.expire_after)


def operators_of(settings: Settings, platforms: Collection[str]) -> list[tuple[str, str]]:
    """Return (platform, user id) of each operator; without a token the terminal is the operator's."""
    admins = [(platform, user) for platform, _, user in (admin.partition(":") for admin in settings.admins)]
    if CONSOLE in platforms and not any(platform == CONSOLE for platform, _ in admins):
        admins.append((CONSOLE, YOU))
    return admins


class App:
    """`notifier run`: ticks that look, platforms that listen, and an orderly end.

    Without any token the terminal is the platform.
    """

    def __init__(
        self,
        db: Database,
        settings: Settings,
        write: Callable[[str], object] = print,
        *,
        guild: str = "",
    ) -> None:
        self._db = db
        self._settings = settings
        self._locale = language(os.environ)
        self._counters = Counters(since=utc_now())
        self._running: dict[str, asyncio.Task[None]] = {}  # the ticks under way, by name
        talks = conversation(db, settings)
        messengers: dict[str, Messenger] = {}
        self._telegram = self._telegram_of(talks)
        if self._telegram is not None:
            messengers[TELEGRAM] = self._telegram.messenger
        self._discord = self._discord_of(talks, guild)
        if self._discord is not None:
            messengers[DISCORD] = self._discord.messenger
        self._refusal = ""  # why the last platform refuses us
        self._talk: Talk | None = None
        if not messengers:
            self._talk = Talk(talks, lambda: console_caller(settings, YOU, self._locale), write)
            messengers[CONSOLE] = self._talk.messenger
        self._platforms = set(messengers)
        self._deliverer = Deliverer(
            db,
            {name: Counted(messenger, self._counters) for name, messenger in messengers.items()},
            utc_now,
            resend=settings.on_uncertain == "resend",
        )
        self._operators = Operators(
            db,
            messengers,
            operators_of(settings, messengers),
            stopped=self._deliverer.stopped,
            counters=self._counters,
        )
        self._keepers = Keepers(db, messengers)
        self._stop = asyncio.Event()

    def _telegram_of(self, talks: Conversation) -> "Telegram | None":
        """Return the Telegram side, None without its token."""
        settings = self._settings
        if settings.telegram_token is None:
            return None
        # Only who has a token waits for the library.
        from notifier.chat.telegram import Telegram, Webhook

        webhook = None
        if settings.telegram_webhook_url and settings.telegram_webhook_secret is not None:
            webhook = Webhook(
                url=settings.telegram_webhook_url,
                listen=settings.telegram_webhook_listen,
                secret=settings.telegram_webhook_secret.get_secret_value(),
            )
        return Telegram(
            settings.telegram_token.get_secret_value(),
            settings.telegram_api_url,
            talks,
            utc_now,
            defaults=defaults(settings),
            webhook=webhook,
            operators=[user for platform, user in operators_of(settings, ()) if platform == TELEGRAM],
            refused=lambda reason: self._refused(TELEGRAM, reason),
            accepted=lambda: self._deliverer.accepted(TELEGRAM),
        )

    def _discord_of(self, talks: Conversation, guild: str) -> "Discord | None":
        """Return the Discord side, None without its token."""
        settings = self._settings
        if settings.discord_token is None:
            return None
        from notifier.chat.discord import Discord

        return Discord(
            settings.discord_token.get_secret_value(),
            settings.discord_api_url,
            settings.discord_gateway_url or "",
            talks,
            utc_now,
            defaults=defaults(settings),
            guild=guild,
            refused=lambda reason: self._refused(DISCORD, reason),
            accepted=lambda: self._deliverer.accepted(DISCORD),
        )

    async def run(self) -> None:
        """Collect, deliver and answer until a signal says stop; what was handed over is noted first.

        `OperatorError` when no platform takes us.
        """
        self._listen_to_signals()
        begun = [
            replace(it, expire_after=self._settings.expire_after)
            for it in recognise.starters(starter.DEFAULT)
        ]
        if names := await self._db.run(found.begin, begun, utc_now()):
            log.info("nothing was read yet, so these lists are", extra={"sources": ", ".join(names)})
        freed = await self._db.run(outbox.take_up, utc_now())
        if freed:
            log.info("interrupted messages taken up", extra={"count": freed})
        async with Fetcher(allow_private=self._settings.allow_private_sources) as fetcher:
            reading = collector(self._db, self._settings, fetcher, COLLECT_PATIENCE)

            async def collect() -> None:
                for collected in await reading.collect(utc_now):
                    if collected.asked:
                        self._counters.fetched(ok=not collected.trouble)
                await self._look("deliver", self._deliverer.deliver)()
                await self._republish()

            if self._telegram is not None:
                await self._telegram.open()
            scheduler = self._scheduler(collect)
            scheduler.start()
            listening = [asyncio.create_task(it) for it in self._listeners()]
            await self._stop.wait()
            scheduler.pause()
            self._deliverer.stop()
            for task in listening:
                task.cancel()
            if self._running:
                # A reading that is not recorded is read again; a message in flight must be noted.
                await asyncio.wait(set(self._running.values()), timeout=8)
            reading.stop()
            scheduler.shutdown(wait=False)
            await asyncio.gather(*listening, return_exceptions=True)
            for platform in (self._telegram, self._discord):
                if platform is not None:
                    await platform.close()
        await self._guarded("beat", self._beat)()  # the last figures
        log.info("stopped")
        if self._refusal:
            raise OperatorError(self._refusal)

    def _listeners(self) -> Iterator[Coroutine[Any, Any, object]]:
        """Yield what runs until the end."""
        yield self._counters.watch_loop()
        if self._talk is not None:
            yield self._converse(self._talk)
        if self._telegram is not None:
            yield self._telegram.listen()
        if self._discord is not None:
            yield self._listen_to_discord(self._discord)

    def _scheduler(self, collect: Tick) -> AsyncIOScheduler:
        """Ticks that only say "look now"; what is due is in the rows.

        Intervals in UTC: a cron trigger skips or doubles days when clocks change. No grace time:
        APScheduler's default of one second loses a run whenever the loop was busy for longer.
        """
        scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        every = min(COLLECT_TICK, self._settings.collect_every)
        ticks: tuple[tuple[str, Tick, timedelta], ...] = (
            ("collect", collect, every),
            ("deliver", self._deliverer.deliver, DELIVER_TICK),
            ("beat", self._beat, BEAT_TICK),
            ("operators", self._tell_operators, every),
            ("keepers", self._tell_keepers, every),
            ("house", self._keep_house, HOUSE_TICK),
        )
        for name, tick, interval in ticks:
            scheduler.add_job(
                self._look(name, tick),
                "interval",
                seconds=interval.total_seconds(),
                next_run_time=utc_now(),
            )
        return scheduler

    def _guarded(self, name: str, tick: Tick) -> Callable[[], Coroutine[Any, Any, None]]:
        """Return the tick such that its failing is logged, and told when it was the disk or the database."""

        async def run() -> None:
            try:
                await tick()
            except Exception as error:
                await self._operators.failed(name, error, utc_now())

        return run

    def _look(self, name: str, tick: Tick) -> Callable[[], Coroutine[Any, Any, None]]:
        """Return what begins the tick and does not wait for its end; while it is under way nothing begins."""
        run = self._guarded(name, tick)

        async def begin() -> None:
            if name not in self._running:
                self._running[name] = task = asyncio.create_task(run())
                task.add_done_callback(lambda _: self._running.pop(name, None))

        return begin

    async def _tell_operators(self) -> None:
        await self._operators.tell(utc_now())

    async def _tell_keepers(self) -> None:
        await self._keepers.tell(utc_now())

    async def _republish(self) -> None:
        """Write the lists back once a day, from what was just read; a failure is tried again."""
        folder = self._settings.publish_dir
        if folder is None:
            return
        try:
            written = await publish.republish(self._db, folder, utc_now())
        except NotifierError as error:
            if await self._db.run(housekeeping.first_today, f"publish: {error}", utc_now()):
                log.warning("lists not published", extra={"reason": str(error)})
            return
        if written:
            log.info("lists published", extra={"jobs": written[0].jobs, "files": len(written)})

    async def _keep_house(self) -> None:
        await self._db.run(housekeeping.purge, utc_now(), self._settings.retention)

    async def _beat(self) -> None:
        await self._db.run(counters.keep, self._counters, utc_now())

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._stop.set)

    async def _listen_to_discord(self, discord: "Discord") -> None:
        """Answer people there, again when a ban is over."""
        while (again_in := (await discord.listen()).seconds) is not None:
            await asyncio.sleep(again_in)

    def _refused(self, platform: str, reason: str) -> None:
        """Go on without a platform; when none is left, end. Telegram alone asks again later instead."""
        left = self._platforms - {platform, *self._deliverer.stopped}
        if left or self._discord is None:
            self._deliverer.refused(platform, reason)
        else:
            self._refusal = reason
            self._stop.set()

    async def _converse(self, talk: Talk) -> None:
        """Answer what is typed, line by line; the end of a pipe is not the end of the bot."""
        if await talk.run(text("console-listens", self._locale), self._deliverer.deliver):
            self._stop.set()


def console_caller(settings: Settings, name: str, locale: str) -> Caller:
    """Return who types at the terminal."""
    return Caller(
        platform=CONSOLE,
        address=name,
        user_id=name,
        now=utc_now(),
        locale=locale,
        defaults=defaults(settings),
    )
