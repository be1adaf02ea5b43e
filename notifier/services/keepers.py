"""Tells who set up a shared chat that it is lost: by a message, or with the next list of feeds they ask for."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import select, update
from sqlmodel import Session, col

from notifier.domain.clean import NAME, TITLE, clean
from notifier.domain.document import Block, Document, Span
from notifier.domain.ports import Messenger, Recipient, Sent
from notifier.domain.redact import redacted
from notifier.domain.texts import text
from notifier.services.operators import LONGEST_SEND, TRY_AGAIN
from notifier.store import persons
from notifier.store.database import Database
from notifier.store.tables import Destination, Trouble

log = logging.getLogger(__name__)

_TEXTS = {
    Trouble.GONE: "keeper-gone",
    Trouble.BARRED: "keeper-barred",
    Trouble.TOPIC_GONE: "keeper-topic-gone",
}


@dataclass(frozen=True, slots=True)
class _News:
    """What is wrong with a chat, and where its keeper is written to (None: nowhere)."""

    chat: Destination
    keeper: Destination | None


class Keepers:
    """Tells the keepers of shared chats, each trouble once, in their own chat on the same platform.

    messengers  by platform
    """

    def __init__(self, db: Database, messengers: Mapping[str, Messenger]) -> None:
        self._db = db
        self._messengers = messengers
        self._rests_until: dict[int, datetime] = {}  # by chat: whose keeper was not reached

    async def tell(self, now: datetime) -> None:
        """Tell what is due; raises nothing."""
        self._rests_until = {chat: until for chat, until in self._rests_until.items() if until > now}
        try:
            for news in await self._db.read(_untold, self._rests_until):
                if not await self._tell(news):
                    self._rests_until[news.chat.id] = now + TRY_AGAIN
        except Exception:
            log.exception("keepers not told")

    async def _tell(self, news: _News) -> bool:
        """Send one sentence; return whether the keeper has it."""
        chat, to = news.chat, news.keeper
        messenger = self._messengers.get(chat.platform)
        if messenger is None or to is None:
            return False
        recipient = Recipient(address=to.address, thread=to.thread, locale=to.locale, silent=to.silent)
        batch = uuid5(NAMESPACE_URL, f"{chat.id} {chat.trouble} {chat.trouble_reason}").hex
        try:
            async with asyncio.timeout(LONGEST_SEND):
                outcome = await messenger.send(recipient, _sentence(chat, to.locale), batch)
        except Exception:
            log.exception("keeper not reached", extra={"platform": chat.platform})
            return False
        if not isinstance(outcome, Sent):
            facts = {"platform": chat.platform, "outcome": type(outcome).__name__}
            log.warning("keeper not reached", extra=facts)
            return False
        await self._db.run(_told, chat)
        return True


def news_for(session: Session, platform: str, user_id: str, locale: str) -> list[Block]:
    """Return what a keeper has not been told yet; with that it is told."""
    person = persons.find(session, platform, user_id)
    if person is None:
        return []
    query = select(Destination).where(
        col(Destination.platform) == platform,
        col(Destination.trouble).is_not(None),
        col(Destination.keeper_id) == person.id,
    )
    chats = session.execute(query.order_by(col(Destination.id))).scalars().all()
    blocks = [block for chat in chats for block in _sentence(chat, locale).blocks]
    for chat in chats:
        _told(session, chat)
    return blocks


def _sentence(chat: Destination, locale: str) -> Document:
    assert chat.trouble is not None
    words = text(
        _TEXTS[Trouble(chat.trouble)],
        locale,
        name=clean(chat.title or chat.address, NAME),
        reason=clean(redacted(chat.trouble_reason or ""), TITLE),
    )
    return Document((Block((Span(words),)),))


def _untold(session: Session, besides: Collection[int]) -> list[_News]:
    query = select(Destination).where(
        col(Destination.trouble).is_not(None), col(Destination.keeper_id).is_not(None)
    )
    rows = session.execute(query.order_by(col(Destination.id))).scalars().all()
    return [
        _News(row, persons.private_chat(session, row.platform, row.keeper_id))
        for row in rows
        if row.id not in besides and row.keeper_id is not None
    ]


def _told(session: Session, chat: Destination) -> None:
    """Note that this trouble is told; one that came meanwhile is not."""
    session.execute(
        update(Destination)
        .where(
            col(Destination.id) == chat.id,
            col(Destination.trouble) == chat.trouble,
            col(Destination.trouble_reason) == chat.trouble_reason,
        )
        .values(trouble=None)
    )
