"""`notifier chat`: a conversation in the terminal, beside a running `run` or alone."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable, Coroutine

from notifier.chat.console import NAME as CONSOLE
from notifier.cli.app import console_caller, conversation, utc_now
from notifier.cli.settings import Settings
from notifier.cli.talk import Talk, language
from notifier.domain.texts import text
from notifier.services.deliver import Deliverer
from notifier.store import outbox
from notifier.store.database import Database

log = logging.getLogger(__name__)

LOOK_EVERY = 2.0  # seconds


async def chat(
    db: Database, settings: Settings, name: str, write: Callable[[str], object], *, owner: bool
) -> None:
    """Talk to whoever types, until the input ends or a signal says stop.

    name   the address of who types
    owner  whether nobody else delivers from this database: then what becomes due is shown here
    """
    locale = language(os.environ)
    talk = Talk(conversation(db, settings), lambda: console_caller(settings, name, locale), write)
    deliverer = Deliverer(db, {CONSOLE: talk.messenger}, utc_now, resend=settings.on_uncertain == "resend")
    greeting = text("chat-alone" if owner else "chat-beside", locale)
    if not owner:
        await _until_stopped(talk.run(greeting, _nothing))
        return
    await db.run(outbox.take_up, utc_now())
    one_at_a_time, stop = asyncio.Lock(), asyncio.Event()

    async def deliver() -> None:
        async with one_at_a_time:
            await deliverer.deliver()

    async def look() -> None:
        while not stop.is_set():
            try:
                await deliver()
            except Exception:  # the database is away for a moment
                log.exception("delivery failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_EVERY)

    looking = asyncio.create_task(look())
    try:
        await _until_stopped(talk.run(greeting, deliver))
    finally:
        deliverer.stop()
        stop.set()
        await looking  # a message that was shown is noted


async def _nothing() -> None:
    """Leave what has become due to who owns the database."""


async def _until_stopped(talking: Coroutine[object, object, object]) -> None:
    """Await a conversation; SIGTERM ends it in order, so that the terminal is left as it was."""
    task = asyncio.create_task(talking)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        this = asyncio.current_task()
        if this is not None and this.cancelling():  # Ctrl-C outside the prompt
            raise
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
