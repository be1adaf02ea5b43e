"""What operators are told in their own chats, once per cause and day (UTC).

A cause is what an operator would act on once: a list, a platform, a reason why messages die, the disk.
Telling never stops anything: what goes wrong with it is logged, and what reached nobody is tried again later.
"""

import asyncio
import errno
import logging
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoFreeConnection
from sqlmodel import Session, col

from notifier.domain.clean import NAME, TITLE, clean
from notifier.domain.document import Block, BlockKind, Document, Span
from notifier.domain.ports import Messenger, Recipient, Sent
from notifier.domain.redact import redacted
from notifier.domain.texts import day, text
from notifier.services import housekeeping
from notifier.services.counters import Counters
from notifier.store import persons, sources
from notifier.store.database import Database
from notifier.store.tables import Delivery, DeliveryState, Destination, Report

log = logging.getLogger(__name__)

LONG = timedelta(hours=1)  # a list that cannot be read for a shorter while is no news
MOST_LISTS = 20  # shown in one notice
MOST_REASONS = 5
LEAST_DISK = 100 * 1024 * 1024
TRY_AGAIN = timedelta(minutes=15)  # after a notice that reached nobody
LOG_AGAIN = timedelta(minutes=1)  # that the disk or the database refuses
LONGEST_SEND = 30.0  # seconds
_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS}
_DISK_WORDS = ("disk is full", "disk i/o error", "readonly database", "no space left")


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence of the catalogue; what lists and platforms wrote is cleaned already."""

    message_id: str
    values: Mapping[str, object] = field(default_factory=dict)

    def words(self, locale: str) -> str:
        """Return it in a language; times are UTC, as in the log."""
        shown = {
            name: f"{day(value.date(), locale)} {value:%H:%M} UTC" if isinstance(value, datetime) else value
            for name, value in self.values.items()
        }
        return text(self.message_id, locale, **shown)


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to the operators, and the causes that count as told with it."""

    causes: tuple[str, ...]
    head: Line
    items: tuple[Line, ...] = ()
    hint: Line | None = None
    noted: Callable[[Session], None] = lambda session: None  # what else is to be noted once it is told

    def document(self, locale: str) -> Document:
        """Return it as a message."""
        blocks = [Block((Span(self.head.words(locale), bold=bool(self.items)),))]
        blocks += [Block((Span(item.words(locale)),), BlockKind.ITEM) for item in self.items]
        if self.hint is not None:
            blocks.append(Block((Span(self.hint.words(locale)),), BlockKind.NOTE))
        return Document(tuple(blocks))


def due(session: Session, now: datetime, stopped: Mapping[str, str], *, letters: bool = True) -> list[Notice]:
    """Return what operators have not been told of today.

    stopped  the platforms that refuse us, with their reason
    letters  whether to look for new dead letters, which reads the whole outbox
    """
    notices = [
        *_lists(session, now),
        *_recovered(session),
        *_platforms(session, now, stopped),
        *_reports(session, now),
    ]
    return [*notices, *_letters(session, now)] if letters else notices


def _due(session: Session, cause: str, now: datetime) -> bool:
    told = housekeeping.last_told(session, cause)
    return told is None or told.date() != now.date()


def _lists(session: Session, now: datetime) -> Iterator[Notice]:
    """One notice for all lists: when a host is down, so are all of its lists.

    Once a list has failed for days that is told for the last time, until it is back.
    """
    causes: list[str] = []
    lines: list[Line] = []
    lost = {row.id: row.name for row in sources.lost(session, now) if row.lost_told_at is None}
    for row in sources.every(session):
        if row.paused or row.suspect is None or row.suspect_since is None:
            continue
        failing = row.failures > 0
        if failing and row.lost_told_at is not None:
            continue
        since = (row.failing_since if failing else None) or row.suspect_since
        cause = f"{'lost' if row.id in lost else 'failing' if failing else 'suspect'}: {row.name}"
        if (failing and now - since < LONG) or not _due(session, cause, now):
            continue
        causes.append(cause)
        values = {
            "source": clean(row.name, NAME),
            "since": since,
            "reason": _shown(row.suspect),
        }
        if row.id in lost:
            lines.append(Line("operator-lost", values))
        elif failing:
            lines.append(Line("operator-failing", {**values, "count": row.failures}))
        else:
            lines.append(Line("operator-suspect", values))
    if not causes:
        return
    shown = lines[:MOST_LISTS]
    if more := len(lines) - len(shown):
        shown.append(Line("operator-more", {"count": more}))
    yield Notice(
        tuple(causes),
        Line("operator-sources", {"count": len(lines)}),
        tuple(shown),
        noted=partial(sources.told_lost, ids=list(lost), now=now),
    )


def _recovered(session: Session) -> Iterator[Notice]:
    """The lists that operators were told are lost, and that were read well since."""
    rows = sources.recovered(session)
    if not rows:
        return
    shown = [
        Line("operator-recovered-list", {"source": clean(row.name, NAME), "at": row.last_ok_at})
        for row in rows[:MOST_LISTS]
    ]
    if more := len(rows) - len(shown):
        shown.append(Line("operator-more", {"count": more}))
    yield Notice(
        tuple(f"recovered: {row.name} {row.lost_told_at}" for row in rows),
        Line("operator-recovered", {"count": len(rows)}),
        tuple(shown),
        noted=partial(sources.told_lost, ids=[row.id for row in rows], now=None),
    )


def _platforms(session: Session, now: datetime, stopped: Mapping[str, str]) -> Iterator[Notice]:
    for platform, reason in stopped.items():
        cause = f"stopped: {platform}"
        if _due(session, cause, now):
            values = {"platform": platform, "reason": _shown(reason)}
            yield Notice((cause,), Line("operator-stopped", values))


def _reports(session: Session, now: datetime) -> Iterator[Notice]:
    """How many jobs people have reported since that was last told."""
    cause = "reports"
    if not _due(session, cause, now):
        return
    told = housekeeping.last_told(session, cause)
    query = select(func.count(col(Report.job_id).distinct()))
    if told is not None:
        query = query.where(col(Report.at) > told)
    if count := session.execute(query).scalar_one():
        yield Notice((cause,), Line("operator-reports", {"count": count}))


def _letters(session: Session, now: datetime) -> Iterator[Notice]:
    """One notice a platform; of each reason the letters since it was last told."""
    query = (
        select(col(Destination.platform), col(Delivery.reason), col(Delivery.settled_at))
        .join(Destination, col(Destination.id) == col(Delivery.destination_id))
        .where(
            col(Delivery.state) == DeliveryState.DEAD,
            col(Delivery.settled_at) > now - housekeeping.REMEMBERED,
        )
    )
    died: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for platform, reason, at in session.execute(query):
        died[platform, _grouped(reason or "")].append(at)
    causes: dict[str, list[str]] = defaultdict(list)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for (platform, reason), times in died.items():
        cause = f"dead: {platform}: {reason}"
        told = housekeeping.last_told(session, cause)
        new = sum(told is None or at > told for at in times)
        if new and _due(session, cause, now):
            causes[platform].append(cause)
            counts[platform][reason] = new
    for platform, by_reason in sorted(counts.items()):
        yield Notice(
            tuple(causes[platform]),
            Line("operator-dead", {"count": by_reason.total(), "platform": platform}),
            tuple(
                Line("operator-dead-reason", {"count": count, "reason": reason})
                for reason, count in by_reason.most_common(MOST_REASONS)
            ),
            Line("operator-dead-hint"),
        )


def _grouped(reason: str) -> str:
    """Return a reason without what differs from letter to letter, or names somebody: long numbers."""
    return re.sub(r"\d{5,}", "…", _shown(reason))[:100]


def _shown(reason: str) -> str:
    return clean(redacted(reason), TITLE)


def outage(error: BaseException) -> Notice | None:
    """Return what to tell of an error that means that the disk or the database refuses; None for others."""
    if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
        return Notice(("disk",), Line("operator-disk", {"reason": _shown(str(error))}))
    if isinstance(error, OperationalError | InterfaceError | NoFreeConnection):
        reason = str(error.orig if isinstance(error, DBAPIError) else error)
        disk = any(words in reason.lower() for words in _DISK_WORDS)
        where, message = ("disk", "operator-disk") if disk else ("database", "operator-database")
        return Notice((where,), Line(message, {"reason": _shown(reason)}))
    return None


class Operators:
    """Tells the operators of one running notifier.

    messengers  by platform
    admins      (platform, user id) of each
    stopped     the platforms that refuse us, with their reason; read when something is told
    """

    def __init__(
        self,
        db: Database,
        messengers: Mapping[str, Messenger],
        admins: Sequence[tuple[str, str]],
        *,
        stopped: Mapping[str, str],
        counters: Counters,
        least_disk: int = LEAST_DISK,
    ) -> None:
        self._db = db
        self._messengers = messengers
        self._admins = admins
        self._stopped = stopped
        self._counters = counters
        self._least_disk = least_disk
        self._told: dict[str, date] = {}  # also here: the database may be what is broken
        self._looked: tuple[date, int] | None = None  # for dead letters: the day, and the refusals until then
        self._logged: dict[str, datetime] = {}
        self._rests_until: datetime | None = None

    async def tell(self, now: datetime) -> None:
        """Tell what is due; raises nothing."""
        if not self._admins or self._rests(now):
            return
        try:
            seen = now.date(), self._counters.refusals
            notices = await self._db.read(due, now, self._stopped, letters=seen != self._looked)
            if all([await self._tell(notice, now) for notice in [*notices, *self._disk()]]):
                self._looked = seen
        except Exception as error:
            await self.failed("operators", error, now)

    async def failed(self, what: str, error: Exception, now: datetime) -> None:
        """Log that a tick failed, and tell when it was the disk or the database; raises nothing."""
        notice = outage(error)
        if notice is None:
            log.error("tick failed", exc_info=error, extra={"tick": what})
            return
        (cause,) = notice.causes
        # A tick comes every two seconds, and the disk may be full.
        if now - self._logged.get(cause, now - LOG_AGAIN) >= LOG_AGAIN:
            self._logged[cause] = now
            log.error("tick failed", extra={"tick": what, "cause": cause, "reason": str(error)})
        try:
            await self._tell(notice, now)
        except Exception:
            log.exception("operators not told")

    def _rests(self, now: datetime) -> bool:
        return self._rests_until is not None and now < self._rests_until

    def _disk(self) -> list[Notice]:
        if not self._db.is_sqlite or not self._db.url.database:
            return []
        free = shutil.disk_usage(Path(self._db.url.database).absolute().parent).free
        if free >= self._least_disk:
            return []
        return [Notice(("disk low",), Line("operator-disk-low", {"free": free // 1024 // 1024}))]

    async def _tell(self, notice: Notice, now: datetime) -> bool:
        """Send a notice unless it was told today; return whether an operator has it."""
        if self._rests(now):
            return False
        causes = [cause for cause in notice.causes if self._told.get(cause) != now.date()]
        if not causes or not await self._is_new(causes, now):
            return True
        batch = uuid5(NAMESPACE_URL, f"{now.date()} {causes}").hex
        sent = [await self._send(*admin, notice, batch) for admin in self._admins]
        self._rests_until = None if any(sent) else now + TRY_AGAIN
        if any(sent):
            self._told.update(dict.fromkeys(causes, now.date()))
            try:
                await self._db.run(_note, causes, now, notice.noted)
            except Exception:  # then this process remembers it alone
                log.warning("told, and not noted", extra={"causes": causes})
        return any(sent)

    async def _is_new(self, causes: Sequence[str], now: datetime) -> bool:
        try:
            return await self._db.read(lambda session: any(_due(session, cause, now) for cause in causes))
        except Exception:  # then nobody can know whether an earlier process told it
            return True

    async def _send(self, platform: str, user_id: str, notice: Notice, batch: str) -> bool:
        messenger = self._messengers.get(platform)
        if messenger is None or platform in self._stopped:
            return False
        try:
            recipient = await self._recipient(platform, user_id)
            async with asyncio.timeout(LONGEST_SEND):
                outcome = await messenger.send(recipient, notice.document(recipient.locale), batch)
        except Exception:
            log.exception("operator not reached", extra={"platform": platform})
            return False
        if not isinstance(outcome, Sent):
            log.warning(
                "operator not reached", extra={"platform": platform, "outcome": type(outcome).__name__}
            )
        return isinstance(outcome, Sent)

    async def _recipient(self, platform: str, user_id: str) -> Recipient:
        """Return the operator's private chat; where none is known, the platform may find it by the user."""
        try:
            chat = await self._db.read(_private_chat, platform, user_id)
        except Exception:  # the notice may be just about that
            chat = None
        if chat is None:
            return Recipient(address=user_id)
        return Recipient(address=chat.address, locale=chat.locale)


def _note(session: Session, causes: Sequence[str], now: datetime, noted: Callable[[Session], None]) -> None:
    noted(session)
    for cause in causes:
        housekeeping.first_today(session, cause, now)


def _private_chat(session: Session, platform: str, user_id: str) -> Destination | None:
    person = persons.find(session, platform, user_id)
    return None if person is None else persons.private_chat(session, platform, person.id)
