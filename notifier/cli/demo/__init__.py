"""`notifier demo`: the real road on two bundled lists, two days long, without token or network."""

import os
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime, time, timedelta
from importlib.resources import files

from sqlmodel import Session

from notifier.chat.console import ConsoleMessenger, Screen, look
from notifier.cli.replay import Clock
from notifier.domain import query
from notifier.domain.posting import Reading
from notifier.services.collect import Collector
from notifier.services.deliver import Deliverer
from notifier.sources.readme_table import READER_VERSION, parse
from notifier.store import outbox, sources, subscriptions
from notifier.store.database import opened
from notifier.store.subscriptions import Defaults
from notifier.store.tables import Source

LISTS = ("nimbus-backend-jobs", "harbour-developer-jobs")
SUBSCRIBERS = (
    ("ada", "python django remote cadence:both"),
    ("ben", "in:germany,remote java kotlin cadence:daily"),
    ("community-channel", '"backend" -php cadence:instant'),
)
_NEXT = """
That was the real road: two lists read twice, a temporary database, no network.
What to try next:
  notifier sources test URL-or-FILE                       what a list yields, nothing is stored
  notifier sources add https://github.com/OWNER/REPO      read a list of your own
  notifier run                                            read it from now on, and talk to the bot here
  notifier jobs python remote                             search what was read
"""


async def demo(now: datetime, write: Callable[[str], object]) -> None:
    """Show two days of two lists: what each subscriber is pushed, then each one's digest."""
    evening = datetime.combine(now.date() - timedelta(days=1), time(20), tzinfo=now.tzinfo)
    clock = Clock(evening)
    with (
        tempfile.TemporaryDirectory(prefix="notifier-demo-") as folder,
        opened(f"sqlite:///{folder}/demo.db") as db,
    ):
        await db.run(_set_up, evening)
        day = {"now": 1}

        class Bundled:
            """A bundled list as it stood on the current day of the demo."""

            def __init__(self, row: Source) -> None:
                self._name = row.name

            async def postings(self, now: datetime) -> Reading:
                return parse(_text(self._name, day["now"], clock()), now)

        reading = Collector(db=db, build=Bundled, reader_version=lambda kind: READER_VERSION)
        screen = Screen(write, look(sys.stdout.isatty(), os.environ), numbers=False)
        deliverer = Deliverer(db, {"console": ConsoleMessenger(screen)}, clock)
        write(f"Day 1, {clock():%H:%M} UTC. Three subscribers:")
        for name, wish in SUBSCRIBERS:
            write(f"  {name:<18} subscribe {wish}")
        for collected in await reading.collect(clock):
            write(f"  read {collected.source}: {collected.seen} jobs (a first reading announces nothing)")
        await deliverer.deliver()
        day["now"] = 2
        clock.advance(evening + timedelta(hours=1))
        write(f"\nDay 1, {clock():%H:%M} UTC. The lists are read again:")
        for collected in await reading.collect(clock, LISTS):
            write(f"  read {collected.source}: {collected.new} new, {collected.reposts} seen before")
        write("\nPushes\n")
        await deliverer.deliver()
        while (due := await db.read(outbox.next_due)) is not None and due <= evening + timedelta(hours=14):
            clock.advance(due)
            write(f"\nDay 2, {clock():%H:%M} UTC. Digests\n")
            await deliverer.deliver()
    write(_NEXT)


def _set_up(session: Session, now: datetime) -> None:
    for name in LISTS:
        sources.add(
            session, now, name=name, kind="readme_table", url=name, home_url=f"https://lists.example/{name}"
        )
    for name, wish in SUBSCRIBERS:
        wanted = query.parse(wish)
        chat = subscriptions.open_destination(session, "console", name, now, defaults=Defaults())
        subscriptions.subscribe(
            session, chat, wanted.wish, now, cadence=wanted.cadence, name=query.query(wanted.wish)
        )


def _text(name: str, day: int, now: datetime) -> str:
    """Return a bundled list, its dates moved: {d0} is today, {d3} three days ago."""
    text = files(__package__).joinpath(f"{name}.day{day}.md").read_text("utf-8")
    for back in range(10):
        text = text.replace(f"{{d{back}}}", f"{now - timedelta(days=back):%b %d}")
    return text
