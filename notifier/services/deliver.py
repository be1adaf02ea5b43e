"""From debts to messages: claim what is due, compose it, hand it over, note what became of it.

One `Deliverer` serves one process. Each platform has its own pace and at most four unanswered
messages; each destination has one message at a time, so a slow chat delays nobody else.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from notifier.domain.ports import (
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
        self._lanes = {name: _Lane(messenger) for name, messenger in messengers.items()}
        self._stopping = False
        self.stopped: dict[str, str] = {}  # platform: why it refuses us

    async def deliver(self) -> int:
        """Send everything that is due now and what becomes due meanwhile; return how many messages."""
        await self._db.run(outbox.owe_edits, self._clock())
        lanes = [lane for name, lane in self._lanes.items() if name not in self.stopped]
        return sum(await asyncio.gather(*(self._drain(lane) for lane in lanes)))

    def stop(self) -> None:
        """Take up nothing new; what was handed to a platform is still answered and noted."""
        self._stopping = True

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
        while not self._stopping and lane.name not in self.stopped:
            if not lane.waiting:
                skip = {*lane.under_way.values(), *lane.resting()}
                batches = await self._db.run(
                    outbox.claim, lane.name, self._clock(), limit=CLAIMED_AT_ONCE, skip=skip
                )
                lane.queue(batches)
            while lane.waiting and len(lane.under_way) < UNANSWERED:
                chat, batches_of_chat = lane.waiting.popleft()
                task = asyncio.create_task(self._send_all(lane, batches_of_chat))
                lane.under_way[task] = chat
            if lane.under_way:
                # Not for as long as the slowest takes: what becomes due meanwhile has free places.
                done, _ = await asyncio.wait(
                    lane.under_way, timeout=LOOK_AGAIN, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    del lane.under_way[task]
                    sent += task.result()
            elif not lane.waiting:
                rest = lane.shortest_rest()
                if rest is None:
                    break
                await asyncio.sleep(min(rest, LOOK_AGAIN))
        if lane.under_way:
            sent += sum(await asyncio.gather(*lane.under_way))
            lane.under_way.clear()
        lane.waiting.clear()
        return sent

    async def _send_all(self, lane: "_Lane", batches: list[Batch]) -> int:
        """Send the batches of one destination in order; stop at the first that did not go out."""
        for sent, batch in enumerate(batches):
            if self._stopping or lane.name in self.stopped:
                return sent
            if sent:
                await asyncio.sleep(lane.spacing(batch.destination))
            await lane.turn()
            try:
                went = await self._send(lane, batch)
            except Exception as error:
                # A bug or an outage: this message waits, the others go on.
                log.exception("message failed", extra={"platform": lane.name, "batch": batch.id})
                reason = redacted(f"{type(error).__name__}: {error}")
                await self._db.run(outbox.failed, batch, reason, self._clock())
                went = False
            lane.wrote(batch.destination)
            if not went:
                await self._put_back(batches[sent + 1 :])
                return sent
        return len(batches)

    async def _put_back(self, batches: list[Batch]) -> None:
        for batch in batches:
            await self._db.run(outbox.release, batch, self._clock())

    async def _send(self, lane: "_Lane", batch: Batch) -> bool:
        document = await messages.compose(self._db, batch, self._clock())
        await self._db.run(outbox.handed, batch, self._clock())
        if batch.reference:
            outcome = await lane.messenger.edit(batch.reference, document)
        else:
            outcome = await lane.messenger.send(_recipient(batch), document, batch.id)
        return await self._note(lane, batch, outcome)

    async def _note(self, lane: "_Lane", batch: Batch, outcome: Outcome) -> bool:
        """Write what became of a batch; return whether it is out."""
        now = self._clock()
        facts = {"platform": lane.name, "batch": batch.id}
        match outcome:
            case Sent(reference):
                await self._db.run(outbox.settle, batch, reference, now)
                return True
            case RetryAfter(seconds):
                await self._db.run(outbox.postpone, batch, now + timedelta(seconds=seconds))
            case Moved(address):
                await self._db.run(outbox.moved, batch, address, now)
            case Gone(reason):
                reason = redacted(reason)  # it is stored, and shown
                await self._db.run(subscriptions.retire, batch.destination.id, reason, now)
                log.info("destination gone", extra={**facts, "reason": reason})
            case Denied(reason):
                reason = self.stopped[lane.name] = redacted(reason)
                await self._db.run(outbox.release, batch, now)
                log.error("platform stopped", extra={**facts, "reason": reason})
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
    """One platform's pace: its token's, and each destination's."""

    def __init__(self, messenger: Messenger) -> None:
        self.messenger = messenger
        self.name = messenger.name
        self.waiting: deque[tuple[int, list[Batch]]] = deque()
        self.under_way: dict[asyncio.Task[int], int] = {}
        self.is_draining = False
        self._next_turn = 0.0
        self._ready_at: dict[int, float] = {}

    def queue(self, batches: list[Batch]) -> None:
        """Line up what was claimed, by destination, in the order it came."""
        by_chat: dict[int, list[Batch]] = {}
        for batch in batches:
            by_chat.setdefault(batch.destination.id, []).append(batch)
        self.waiting.extend(by_chat.items())

    async def turn(self) -> None:
        """Wait for the token's next slot. One at a time and evenly: a burst is what platforms punish."""
        rate = self.messenger.pace.per_second
        if rate is None:
            return
        now = asyncio.get_running_loop().time()
        at = max(now, self._next_turn)
        self._next_turn = at + 1 / rate
        await asyncio.sleep(at - now)

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

    def shortest_rest(self) -> float | None:
        """Return the seconds until the first of them may be written to again; None when none rests."""
        if not self.resting():
            return None
        return max(0.0, min(self._ready_at.values()) - asyncio.get_running_loop().time())


def _recipient(batch: Batch) -> Recipient:
    chat = batch.destination
    return Recipient(
        address=chat.address,
        thread=chat.thread,
        locale=chat.locale,
        silent=chat.silent,
        mention=chat.mention,
        shared=chat.kind != DestinationKind.PRIVATE,
    )
