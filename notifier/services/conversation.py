"""Every way into the commands: who may ask, how often, and the one transaction that answers."""

import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlmodel import Session, col

from notifier.domain.clean import NAME, clean
from notifier.domain.document import Block, BlockKind, Document, Span
from notifier.domain.posting import Found
from notifier.domain.redact import redacted
from notifier.domain.texts import text
from notifier.errors import SourceError, UserError
from notifier.services import keepers
from notifier.services.commands import Audience, Caller, answer, perform
from notifier.services.commands.admin import address_to_add
from notifier.services.commands.declared import command_of, line, options_of, said
from notifier.services.commands.jobs import Card, cards
from notifier.services.commands.subscriptions import subscription_line
from notifier.store import subscriptions
from notifier.store.database import Database
from notifier.store.tables import Allowed

log = logging.getLogger(__name__)

Look = Callable[[str, datetime], Awaitable[Found]]

MINUTE = timedelta(minutes=1)
A_PERSON = 20  # commands a minute
A_CHAT = 60
LONG_HELD = timedelta(hours=1)
A_TYPIST = 120  # searches while typing


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Answers commands, whatever platform they come from.

    operators  "platform:user-id" of each, from the settings; they may ask as often as they like
    by_list    only operators and those they have allowed are answered
    look       finds what stands at an address that an operator wants read
    start_links  by platform what a link that starts the bot with a token begins with, once that is known
    """

    db: Database
    operators: Collection[str] = ()
    by_list: bool = False
    look: Look | None = None
    start_links: dict[str, str] = field(default_factory=dict)
    _persons: "_Limit" = field(default_factory=lambda: _Limit(A_PERSON))
    _chats: "_Limit" = field(default_factory=lambda: _Limit(A_CHAT))
    _searches: "_Limit" = field(default_factory=lambda: _Limit(A_TYPIST))

    async def answer(self, caller: Caller, line: str) -> Document:
        """Return the reply to a line such as `/subscribe python remote`."""
        if (refusal := self.too_fast(caller)) is not None:
            return refusal
        if (named := command_of(line)) is not None and named.audience is Audience.OPERATORS:
            _, _, rest = line.strip().partition(" ")
            caller = await self._with_found(caller, options_of(named, rest))
        return await self.db.run(self._answered, caller, line, None)

    async def perform(self, caller: Caller, name: str, options: Mapping[str, str]) -> Document:
        """Return the reply to a command whose options were given by name."""
        if (refusal := self.too_fast(caller)) is not None:
            return refusal
        caller = await self._with_found(caller, options) if name == "admin" else caller
        return await self.db.run(self._answered, caller, name, dict(options))

    async def _with_found(self, caller: Caller, options: Mapping[str, str]) -> Caller:
        """Return the caller with what stands at the address he wants read: no transaction waits for that."""
        address = address_to_add(options)
        if not address or self.look is None or _who(caller) not in self.operators:
            return caller
        try:
            return replace(caller, found=await self.look(address, caller.now))
        except SourceError as error:
            return replace(caller, found=error)

    async def cards(
        self, caller: Caller, words: str, after: int, most: int
    ) -> tuple[list[Card], Document | None]:
        """Return jobs that fit a query, newest first, from the `after`-th on; or what is wrong with it."""
        # Clients ask anew with every letter that is typed.
        if wait := self._searches.wait((caller.platform, caller.user_id), caller.now):
            return [], said("too-fast", caller.locale, seconds=wait)
        return await self.db.read(self._cards, caller, words, after, most)

    async def left(self, platform: str, address: str, reason: str, now: datetime) -> None:
        """A chat has blocked or removed us: nothing is sent there any more, its subscriptions wait."""
        if await self.db.run(subscriptions.left, platform, address, reason, now):
            log.info("chat left", extra={"platform": platform, "reason": reason})

    async def returned(self, platform: str, address: str, now: datetime) -> None:
        """A chat lets us write again."""
        await self.db.run(subscriptions.returned, platform, address, now)

    async def shows_up(self, platform: str, address: str, now: datetime) -> None:
        """A person is here: what we were barred from sending them is tried again."""
        chat = await self.db.read(subscriptions.destination_at, platform, address)
        # A platform's own waits are minutes; who bars us is left alone for a day.
        if chat is not None and chat.held_until is not None and chat.held_until - now > LONG_HELD:
            await self.returned(platform, address, now)

    async def migrated(self, platform: str, old: str, new: str, now: datetime) -> None:
        """A chat has another address now."""
        await self.db.run(subscriptions.migrate, platform, old, new, now)

    async def known(self, platform: str, addresses: Sequence[str]) -> Sequence[str]:
        """Return those of the addresses that are destinations."""
        return await self.db.read(subscriptions.known, platform, addresses)

    async def webhooks(self, platform: str, channels: Sequence[str]) -> Mapping[str, str]:
        """Return by address of the incoming webhooks that write to these channels which one that is."""
        return dict(await self.db.read(subscriptions.webhooks, platform, channels))

    async def route(self, platform: str, address: str) -> str:
        """Return where the platform takes messages for an address; "" when that is not known yet."""
        chat = await self.db.read(subscriptions.destination_at, platform, address)
        return chat.route if chat is not None else ""

    async def reached(self, platform: str, address: str, route: str) -> None:
        """Note where the platform takes messages for an address."""
        await self.db.run(subscriptions.set_route, platform, address, route)

    async def own(self, caller: Caller) -> Sequence[tuple[str, str]]:
        """Return (what is read, number) of the subscriptions of the caller's own chat."""
        return await self.db.read(_own, caller)

    async def feeds_of(self, platform: str, names: Mapping[str, str]) -> Sequence[tuple[str, str]]:
        """Return (what is read, ADDRESS/NUMBER) of the feeds of chats, whose names are given by address."""
        return await self.db.read(_feeds, platform, names)

    async def feeds(self, caller: Caller, names: Mapping[str, str]) -> Document:
        """Return the feeds of several chats of a community, and which chats are lost.

        names  by address, as the platform shows them
        """
        return await self.db.run(_feed_list, caller, names)

    def _cards(
        self, session: Session, caller: Caller, words: str, after: int, most: int
    ) -> tuple[list[Card], Document | None]:
        if (refusal := self._not_allowed(session, caller)) is not None:
            return [], refusal
        try:
            return cards(session, caller, words, after, most), None
        except UserError as error:
            return [], said(error.message_id, caller.locale, **error.values)

    def too_fast(self, caller: Caller) -> Document | None:
        """Return what is said to whom asks too often; it costs no transaction."""
        if _who(caller) in self.operators:
            return None
        person = (caller.platform, caller.user_id or caller.address)
        if wait := self._persons.wait(person, caller.now):
            return replace(said("too-fast", caller.locale, seconds=wait), brief=True)
        if wait := self._chats.wait((caller.platform, caller.address), caller.now):
            return replace(said("too-fast-chat", caller.locale, seconds=wait), brief=True)
        return None

    def _answered(
        self, session: Session, caller: Caller, line: str, options: dict[str, str] | None
    ) -> Document:
        if (refusal := self._not_allowed(session, caller)) is not None:
            return refusal
        caller = replace(caller, operates=_who(caller) in self.operators)
        if options is None:
            return answer(session, caller, line)
        return perform(session, caller, line, options)

    def _not_allowed(self, session: Session, caller: Caller) -> Document | None:
        """Return what is said to whom no operator has allowed."""
        who = _who(caller)
        if not self.by_list or who in self.operators or _is_allowed(session, caller):
            return None
        return said("not-allowed", caller.locale, who=who)


def _who(caller: Caller) -> str:
    return f"{caller.platform}:{caller.user_id or caller.address}"


def _is_allowed(session: Session, caller: Caller) -> bool:
    row = exists().where(
        col(Allowed.platform) == caller.platform, col(Allowed.user_id) == (caller.user_id or caller.address)
    )
    return bool(session.execute(select(row)).scalar())


def _own(session: Session, caller: Caller) -> list[tuple[str, str]]:
    chat = subscriptions.destination_at(session, caller.platform, caller.private or caller.address)
    rows = subscriptions.subscriptions_of(session, chat) if chat is not None else ()
    return [(f"#{row.number} {row.name}".strip(), str(row.number)) for row in rows]


def _feed_list(session: Session, caller: Caller, names: Mapping[str, str]) -> Document:
    if not caller.manages:
        return said("managers-only", caller.locale, command="feed")
    rows = subscriptions.feeds(session, caller.platform, list(names))
    title = line("feeds-title", caller.locale, BlockKind.HEADING, count=len(rows))
    blocks = [title] if rows else []
    for chat, row in rows:
        where = Span(names[chat.address])
        blocks.append(Block((where, Span(f" {subscription_line(row, caller.locale)}")), BlockKind.ITEM))
    blocks = blocks or list(said("feeds-none", caller.locale).blocks)
    for chat in {chat.id: chat for chat, _ in rows}.values():
        if chat.trouble_reason:
            trouble = text("feed-trouble", caller.locale, reason=clean(redacted(chat.trouble_reason), NAME))
            blocks.append(Block((Span(names[chat.address]), Span(f" {trouble}"))))
    # Who closed their direct messages hears it here; so does who set up a channel that is no longer listed.
    return Document((*blocks, *keepers.news_for(session, caller.platform, caller.user_id, caller.locale)))


def _feeds(session: Session, platform: str, names: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        (f"{names[chat.address]} #{row.number} {row.name}".strip(), f"{chat.address}/{row.number}")
        for chat, row in subscriptions.feeds(session, platform, list(names))
    ]


class _Limit:
    """At most so many a minute, by key; what is older than a minute takes no room."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._asked: dict[tuple[str, str], deque[datetime]] = {}
        self._swept = datetime.min

    def wait(self, key: tuple[str, str], now: datetime) -> int:
        """Count one more of `key`, or return in how many seconds there is room again."""
        self._sweep(now)
        times = self._asked.setdefault(key, deque())
        while times and now - times[0] >= MINUTE:
            times.popleft()
        if len(times) >= self._most:
            return max(1, round((times[0] + MINUTE - now).total_seconds()))
        times.append(now)
        return 0

    def _sweep(self, now: datetime) -> None:
        if now.replace(tzinfo=None) - self._swept < MINUTE:
            return
        self._swept = now.replace(tzinfo=None)
        self._asked = {key: times for key, times in self._asked.items() if times and now - times[-1] < MINUTE}
