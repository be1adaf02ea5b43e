"""Who is owed what for one job: from the wishes that met it to debts, by cadence and timetable."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from notifier.domain.cadence import Cadence, next_digest
from notifier.store.outbox import Debt
from notifier.store.subscriptions import DIGEST_GAP, Wanted, kinds, push_due
from notifier.store.tables import DeliveryKind, Destination

Met = Mapping[str, Sequence[str]]


class Owing:
    """Turns matches into debts; remembers each destination's times for the length of one chunk."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._push_due: dict[int, datetime] = {}
        self._weekly: dict[int, tuple[date, datetime]] = {}

    def debts(self, met: Sequence[tuple[Wanted, Met]]) -> list[Debt]:
        """Return what one job owes, given every subscription it met with the facts that met it.

        Several chats of one person get one push between them, in the first that takes pushes.
        """
        by_chat: dict[int, list[tuple[Wanted, Met]]] = {}
        for pair in met:
            by_chat.setdefault(pair[0].destination.id, []).append(pair)
        pushed_to: dict[int, int] = {}  # person id: destination id
        for pairs in by_chat.values():
            chat = pairs[0][0].destination
            if chat.person_id is not None and self._wants_push(pairs):
                best = pushed_to.get(chat.person_id)
                if best is None or (chat.takes_pushes and not by_chat[best][0][0].destination.takes_pushes):
                    pushed_to[chat.person_id] = chat.id
        return [
            debt
            for pairs in by_chat.values()
            for debt in self._of_chat(pairs, pushed_to.get(pairs[0][0].destination.person_id or 0))
        ]

    @staticmethod
    def _wants_push(pairs: Sequence[tuple[Wanted, Met]]) -> bool:
        chat = pairs[0][0].destination
        return kinds([wanted.cadence for wanted, _ in pairs], digest=chat.digest_at is not None)[0]

    def _of_chat(self, pairs: Sequence[tuple[Wanted, Met]], pushed_to: int | None) -> list[Debt]:
        chat = pairs[0][0].destination
        cadences: list[Cadence] = [wanted.cadence for wanted, _ in pairs]
        push, digest, weekly = kinds(cadences, digest=chat.digest_at is not None)
        why = json.dumps(
            [
                {
                    "number": wanted.number,
                    "name": wanted.name,
                    "met": {key: list(facts) for key, facts in met.items()},
                }
                for wanted, met in pairs
            ]
        )
        debts = []
        if push and pushed_to in (None, chat.id):
            debts.append(Debt(chat.id, DeliveryKind.PUSH, self._due(chat), None, why))
        if digest:
            on, at = self._slot(chat, weekly=weekly)
            debts.append(Debt(chat.id, DeliveryKind.DIGEST, at, on, why))
        return debts

    def _due(self, chat: Destination) -> datetime:
        due = self._push_due.get(chat.id)
        if due is None:
            due = self._push_due[chat.id] = push_due(chat, self._now)
        return due

    def _slot(self, chat: Destination, *, weekly: bool) -> tuple[date, datetime]:
        """Return the digest this job waits for; the destination's next one carries its own times."""
        if not weekly and chat.next_digest_at is not None and chat.next_digest_on is not None:
            return chat.next_digest_on, chat.next_digest_at
        slot = self._weekly.get(chat.id)
        if slot is None:
            assert chat.digest_at is not None
            slot = self._weekly[chat.id] = next_digest(
                self._now,
                chat.digest_at,
                ZoneInfo(chat.zone),
                not_before=chat.last_digest_at + DIGEST_GAP if chat.last_digest_at else None,
                weekday=chat.digest_weekday,
            )
        return slot
