"""Every way into the commands: who may ask, how often, and the one transaction that answers."""

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlmodel import Session, col

from notifier.domain.document import Document
from notifier.services.commands import Caller, answer, perform
from notifier.services.commands.declared import said
from notifier.store.database import Database
from notifier.store.tables import Allowed

MINUTE = timedelta(minutes=1)
A_PERSON = 20  # commands a minute
A_CHAT = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Answers commands, whatever platform they come from.

    operators  "platform:user-id" of each, from the settings; they may ask as often as they like
    by_list    only operators and those they have allowed are answered
    """

    db: Database
    operators: Collection[str] = ()
    by_list: bool = False
    _persons: "_Limit" = field(default_factory=lambda: _Limit(A_PERSON))
    _chats: "_Limit" = field(default_factory=lambda: _Limit(A_CHAT))

    async def answer(self, caller: Caller, line: str) -> Document:
        """Return the reply to a line such as `/subscribe python remote`."""
        if (refusal := self._too_fast(caller)) is not None:
            return refusal
        return await self.db.run(self._answered, caller, line, None)

    async def perform(self, caller: Caller, name: str, options: Mapping[str, str]) -> Document:
        """Return the reply to a command whose options were given by name."""
        if (refusal := self._too_fast(caller)) is not None:
            return refusal
        return await self.db.run(self._answered, caller, name, dict(options))

    def _too_fast(self, caller: Caller) -> Document | None:
        """Return what is said to whom asks too often; it costs no transaction."""
        if _who(caller) in self.operators:
            return None
        person = (caller.platform, caller.user_id or caller.address)
        if wait := self._persons.wait(person, caller.now):
            return said("too-fast", caller.locale, seconds=wait)
        if wait := self._chats.wait((caller.platform, caller.address), caller.now):
            return said("too-fast-chat", caller.locale, seconds=wait)
        return None

    def _answered(
        self, session: Session, caller: Caller, line: str, options: dict[str, str] | None
    ) -> Document:
        who = _who(caller)
        caller = replace(caller, operates=who in self.operators)
        if self.by_list and not caller.operates and not _is_allowed(session, caller):
            return said("not-allowed", caller.locale, who=who)
        if options is None:
            return answer(session, caller, line)
        return perform(session, caller, line, options)


def _who(caller: Caller) -> str:
    return f"{caller.platform}:{caller.user_id or caller.address}"


def _is_allowed(session: Session, caller: Caller) -> bool:
    row = exists().where(
        col(Allowed.platform) == caller.platform, col(Allowed.user_id) == (caller.user_id or caller.address)
    )
    return bool(session.execute(select(row)).scalar())


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
