"""The bot in the test's own process, over real connections to the stand-in: quicker than `notifier run`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from notifier.chat.discord import Discord as Bot
from notifier.domain.ports import Pace
from notifier.services.conversation import Conversation
from notifier.services.deliver import Deliverer
from notifier.services.keepers import Keepers
from notifier.store.database import Database
from notifier.store.subscriptions import Defaults
from tests.conftest import Clock
from tests.road import Road
from tests.standin.discord.server import Discord
from tests.standin.updates import until


@dataclass
class Beside:
    """One bot with its database, its lists and its clock; nothing leaves it but by `delivers`."""

    road: Road
    bot: Bot
    deliverer: Deliverer
    keepers: Keepers

    @property
    def db(self) -> Database:
        return self.road.db

    async def delivers(self) -> None:
        """Send what is due."""
        await self.deliverer.deliver()


@asynccontextmanager
async def beside(home: Path, server: Discord, clock: Clock) -> AsyncIterator[Beside]:
    """Run a bot with one empty list until the block ends; fail if it asked what Discord refuses."""
    db = Database(f"sqlite:///{home}/notifier.db")
    db.migrate()
    road = Road(db, clock)
    await road.add_list()
    await road.read([])
    conversation = Conversation(db=db)
    bot = Bot(server.token, server.api, server.gateway.url, conversation, clock, defaults=Defaults())
    bot.messenger.pace = Pace(private=0.0, shared=0.0)  # no chat rests between two messages
    messengers = {bot.messenger.name: bot.messenger}
    made = Beside(road, bot, Deliverer(db, messengers, clock), Keepers(db, messengers))
    listening = asyncio.create_task(bot.listen())
    try:
        await until(lambda: server.gateway.connected or None, 60, "connection to the gateway")
        yield made
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await bot.close()
        db.close()
    assert [it[:500] for it in server.violations] == []
