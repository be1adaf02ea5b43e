"""From debts to messages: claim what is due, compose it, hand it over, note what became of it.

One `Deliverer` serves one process. Each platform has its own pace and at most four unanswered
messages; each destination has one message at a time and then rests, so a slow chat delays nobody else.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from notifier.domain.ports import (
    Barred,
    Denied,
    Gone,
    Messenger,
    Moved,
    Outcome,
    Recipient,
    Rejected,
    RetryAfter,
    Sent,
    Uncertain,
)
from notifier.domain.redact import redacted
from notifier.services import messages
from notifier.services.commands import answers
from notifier.store import outbox, subscriptions
from notifier.store.database import Database
from notifier.store.outbox import Batch
from notifier.store.tables import DeliveryKind, Destination, DestinationKind

log = logging.getLogger(__name__)

UNANSWERED = 4  # messages of one token; after a kill only these can be doubled
CLAIMED_AT_ONCE = 25  # destinations
LOOK_AGAIN = 1.0  # seconds


class Deliverer:
    """Sends what is due, on every platform.

    clock         the time that decides what is due; a replay's runs on its own
    resend        whether a message whose answer was lost is sent once more (`on_uncertain`)
    """

    def __init__(
        self,
        db: Database,
        messengers: Mapping[str, Messenger],
        clock: Callable[[], datetime],
        *,
        resend: bool = True,
    ) -> None:
        self._db = db
        self._clock = clock
        self._resend = resend
        self._figures = messages.Figures(db)
        self._lanes = {name: _Lane(messenger) for name, messenger in messengers.items()}
        self._stopping = False
        self._stopped: dict[str, str] = {}
        self.stopped: Mapping[str, str] = MappingProxyType(self._stopped)  # platform: why it refuses us

    async def deliver(self) -> int:
        """Send everything that is due now and what becomes due meanwhile; return how many messages."""
        await self._db.run(outbox.owe_edits, self._clock())
        lanes = [lane for name, lane in self._lanes.items() if name not in self._stopped]
        return sum(await asyncio.gather(*(self._drain(lane) for lane in lanes)))

    def stop(self) -> None:
        """Take up nothing new; what was handed to a platform is still answered and noted."""
        self._stopping = True

    def refused(self, platform: str, reason: str) -> None:
        """Send nothing more to a platform, since it refuses us altogether; what is owed there waits."""
        if platform not in self._stopped:
            self._stopped[platform] = redacted(reason)
            log.error("platform stopped", extra={"platform": platform, "reason": self._stopped[platform]})

    def accepted(self, platform: str) -> None:
        """Send to a platform again, if it had refused us."""
        if self._stopped.pop(platform, None) is not None:
            log.info("platform accepted again", extra={"platform": platform})

    async def _drain(self, lane: "_Lane") -> int:
        if lane.is_draining:  # who does will claim what became due meanwhile
            return 0
        lane.is_draining = True
        try:
            return await self._drained(lane)
        finally:
            lane.is_draining = False

    async def _drained(self, lane: "_Lane") -> int:
        sent = 0
        while not self._stopping and lane.name not in self._stopped:
            while len(lane.under_way) < UNANSWERED and (batch := lane.next_ready()) is not None:
                task = asyncio.create_task(self._send_one(lane, batch))
                lane.under_way[task] = batch.destination.id
            if len(lane.under_way) < UNANSWERED:
                batches = await self._db.run(
                    outbox.claim, lane.name, self._clock(), limit=CLAIMED_AT_ONCE, skip=lane.busy()
                )
                if batches:
                    lane.queue(batches)
                    continue
            if lane.under_way:
                # Not for as long as the slowest takes: what becomes due meanwhile has free places.
                full = len(lane.under_way) == UNANSWERED
                rest = None if full else lane.shortest_rest(lane.waiting)
                done, _ = await asyncio.wait(
                    lane.under_way,
                    timeout=LOOK_AGAIN if rest is None else min(rest, LOOK_AGAIN),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                for task in done:
                    del lane.under_way[task]
                    sent += task.result()
            elif (rest := lane.shortest_rest()) is not None:
                await asyncio.sleep(min(rest, LOOK_AGAIN))
            else:
                break
        if lane.under_way:
            sent += sum(await asyncio.gather(*lane.under_way))
            lane.under_way.clear()
        if not self._stopping:  # the platform refuses us: when it takes us again, these wait for no lease
            await self._put_back(batch for batches in lane.waiting.values() for batch in batches)
        lane.waiting.clear()
        return sent

    async def _send_one(self, lane: "_Lane", batch: Batch) -> int:
        """Send a batch; when it does not go out, those behind it in the same chat are put back."""
        chat = batch.destination
        went = False
        try:
            went = await self._send(lane, batch)
        except Exception as error:
            # A bug or an outage: this message waits, the others go on.
            log.exception("message failed", extra={"platform": lane.name, "batch": batch.id})
            reason = redacted(f"{type(error).__name__}: {error}")
            await self._db.run(outbox.failed, batch, reason, self._clock())
        finally:
            lane.wrote(chat)
            behind = () if went else lane.waiting.pop(chat.id, ())
        await self._put_back(behind)
        return int(went)

    async def _put_back(self, batches: Iterable[Batch]) -> None:
        for batch in batches:
            await self._db.run(outbox.release, batch, self._clock())

    async def _send(self, lane: "_Lane", batch: Batch) -> bool:
        to = _recipient(batch)
        document = await messages.compose(batch, self._figures, self._clock())
        if not to.shared:
            document = answers.page(document, 1, batch.shown_under or batch.id, size=lane.messenger.page)
        await self._db.run(outbox.handed, batch, self._clock())
        if batch.reference:
            outcome = await lane.messenger.edit(to, batch.reference, document)
        else:
            outcome = await lane.messenger.send(to, document, batch.id)
        return await self._note(lane, batch, outcome)

    async def _note(self, lane: "_Lane", batch: Batch, outcome: Outcome) -> bool:
        """Write what became of a batch; return whether it is out."""
        now = self._clock()
        facts = {"platform": lane.name, "batch": batch.id}
        match outcome:
            case Sent(reference, route):
                await self._db.run(outbox.settle, batch, reference, now, route=route)
                return True
            case RetryAfter(seconds, alone):
                await self._db.run(outbox.postpone, batch, now + timedelta(seconds=seconds), alone=alone)
            case Moved(address, thread, reason):
                reason = redacted(reason)  # it is stored, and shown
                await self._db.run(outbox.moved, batch, address, now, thread=thread, reason=reason)
            case Barred(reason):
                reason = redacted(reason)
                await self._db.run(outbox.barred, batch, reason, now)
                log.info("destination barred", extra={**facts, "reason": reason})
            case Gone(reason):
                reason = redacted(reason)
                await self._db.run(subscriptions.retire, batch.destination.id, reason, now)
                log.info("destination gone", extra={**facts, "reason": reason})
            case Denied(reason):
                self.refused(lane.name, reason)
                await self._db.run(outbox.release, batch, now)
            case Rejected(reason):
                reason = redacted(reason)
                if batch.kind in (DeliveryKind.CLOSED, DeliveryKind.REOPENED):
                    await self._db.run(outbox.bury, batch, reason, now)
                elif await self._db.run(outbox.rejected, batch, reason, now):
                    log.warning("dead letter", extra={**facts, "reason": reason})
            case Uncertain():
                if await self._db.run(outbox.uncertain, batch, now, resend=self._resend):
                    log.warning("dead letter", extra={**facts, "reason": "uncertain"})
        return False


class _Lane:
    """One platform: what was claimed for it, what it is answering, and which chats rest."""

    def __init__(self, messenger: Messenger) -> None:
        self.messenger = messenger
        self.name = messenger.name
        self.waiting: dict[int, deque[Batch]] = {}  # by destination, the longest waiting first
        self.under_way: dict[asyncio.Task[int], int] = {}
        self.is_draining = False
        self._ready_at: dict[int, float] = {}

    def queue(self, batches: list[Batch]) -> None:
        """Line up what was claimed, by destination, in the order it came."""
        for batch in batches:
            self.waiting.setdefault(batch.destination.id, deque()).append(batch)

    def next_ready(self) -> Batch | None:
        """Take the next batch of the longest waiting chat that may be written to now; None without one."""
        held = {*self.under_way.values(), *self.resting()}
        chat = next((chat for chat in self.waiting if chat not in held), None)
        if chat is None:
            return None
        batches = self.waiting[chat]
        batch = batches.popleft()
        if not batches:
            del self.waiting[chat]
        return batch

    def busy(self) -> set[int]:
        """Return the destinations for which nothing is to be claimed yet."""
        return {*self.waiting, *self.under_way.values(), *self.resting()}

    def spacing(self, chat: Destination) -> float:
        """Return the seconds between two messages to that chat."""
        pace = self.messenger.pace
        return pace.private if chat.kind == DestinationKind.PRIVATE else pace.shared

    def wrote(self, chat: Destination) -> None:
        """Remember that the chat just got a message."""
        if spacing := self.spacing(chat):
            self._ready_at[chat.id] = asyncio.get_running_loop().time() + spacing

    def resting(self) -> set[int]:
        """Return the destinations that must not be written to yet."""
        now = asyncio.get_running_loop().time()
        self._ready_at = {chat: at for chat, at in self._ready_at.items() if at > now}
        return set(self._ready_at)

    def shortest_rest(self, chats: Iterable[int] | None = None) -> float | None:
        """Return the seconds until the first (of these chats) may be written to again; None when none rests."""
        rests = self._ready_at if chats is None else self._ready_at.keys() & set(chats)
        if not rests:
            return None
        now = asyncio.get_running_loop().time()
        return max(0.0, min(self._ready_at[chat] for chat in rests) - now)


def _recipient(batch: Batch) -> Recipient:
    chat = batch.destination
    return Recipient(
        address=chat.address,
        thread=chat.thread,
        locale=chat.locale,
        silent=chat.silent,
        rich=chat.rich,
        route=chat.route,
        secret=chat.secret,
        form=chat.form,
        digest=batch.digest is not None,
        mention=batch.mention,
        tags=batch.tags,
        shared=chat.kind != DestinationKind.PRIVATE,
    )
