"""From a batch to its document: what the composer needs beside the jobs is looked up here."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from notifier.domain import compose as composer
from notifier.domain.compose import AveragePay, Digest, Entry, Statistics, Trend, Why
from notifier.domain.document import Action, Document
from notifier.domain.facts.pay import A_YEAR, Pay
from notifier.store import health, openings, outbox
from notifier.store.database import Database
from notifier.store.outbox import Batch
from notifier.store.tables import DeliveryKind, Destination, DestinationKind

CompanyFacts = tuple[str, Mapping[str, Any]]  # of one job, the facts as its column keeps them

TRENDS = 5
FEWEST_PAYS = 5
TREND_SPAN = timedelta(days=7)
FIGURES_KEPT = timedelta(minutes=1)


class Figures:
    """What all lists come to, for digests: it takes reading every open job, so digests of a minute share it."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._kept: tuple[datetime, Statistics] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def at(self, now: datetime) -> Statistics:
        """Return the figures at `now`, at most FIGURES_KEPT old."""
        async with self._one_at_a_time:
            if self._kept is None or not timedelta() <= now - self._kept[0] < FIGURES_KEPT:
                self._kept = now, await self._db.read(statistics, now)
            return self._kept[1]

    async def missed_by(self, chat: Destination, now: datetime) -> Sequence[tuple[str, datetime]]:
        """Return the lists that a chat misses, and since when they cannot be read."""
        return await self._db.read(health.missed, chat.id, now)


async def compose(batch: Batch, figures: Figures, now: datetime) -> Document:
    """Return the message that a batch stands for, with all its pages."""
    chat = batch.destination
    shared = chat.kind != DestinationKind.PRIVATE
    entries = [Entry(entry.opening, reasons(entry.why), entry.already_sent) for entry in batch.entries]
    if batch.digest is not None:
        asked = Digest(
            on=batch.digest.on,
            zone=chat.zone,
            entries=entries,
            leaving=batch.digest.leaving,
            statistics=await figures.at(now),
            next_at=chat.next_digest_at,
            lost=await figures.missed_by(chat, now),
            quiet_days=batch.digest.quiet_days,
        )
        return _with_file(composer.digest(asked, chat.locale), batch)
    if batch.plain:
        return composer.plain(entries[0], chat.locale)
    if len(entries) > 1 or batch.kind is DeliveryKind.DIGEST:
        return composer.grouped(entries, now, chat.locale, shared=shared)
    return composer.push(entries[0], now, chat.locale, shared=shared)


def _with_file(digest: Document, batch: Batch) -> Document:
    """Return a digest with the button that gives it as a file; who reads a shared chat has no use for one."""
    if not batch.entries or batch.destination.kind != DestinationKind.PRIVATE:
        return digest
    return replace(digest, actions=(*digest.actions, Action(".md", command=f"file {batch.id}")))


def reasons(kept: Sequence[Mapping[str, Any]]) -> list[Why]:
    """Return what a delivery keeps of why it is owed."""
    return [Why(entry["number"], entry["name"], entry["met"]) for entry in kept]


def shown_again(session: Session, chat: Destination, batch: str, now: datetime) -> Document | None:
    """Return a message that this chat was sent, composed anew; None for another chat's or one that is gone."""
    shown = outbox.sent(session, chat, batch)
    if shown is None:
        return None
    entries = [Entry(entry.opening, reasons(entry.why), entry.already_sent) for entry in shown.entries]
    if shown.digest is None:
        return composer.grouped(entries, now, chat.locale)
    asked = Digest(
        on=shown.digest.on,
        zone=chat.zone,
        entries=entries,
        statistics=statistics(session, now),
        next_at=chat.next_digest_at,
        lost=health.missed(session, chat.id, now),
    )
    return _with_file(composer.digest(asked, chat.locale), shown)


def skill_counts(session: Session, now: datetime) -> list[tuple[str, int]]:
    """Return the skills that open jobs name, with how many do, most first."""
    rows = openings.open_facts(session, now)
    counts = Counter(skill for _, facts in rows for skill in facts.get("skills", ()))
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def statistics(session: Session, now: datetime, *, source: str = "") -> Statistics:
    """Return the figures at `now`, and which skills open jobs name, against seven days before.

    source  the name of one list; "" for all of them
    """
    return figures(
        openings.open_facts(session, now, source), openings.open_facts(session, now - TREND_SPAN, source)
    )


def figures(rows: Sequence[CompanyFacts], before: Sequence[CompanyFacts]) -> Statistics:
    """Return the figures of jobs, and of their skills against those of TREND_SPAN before. Pure."""
    shares, past = _shares(rows), _shares(before)
    pays = [Pay.from_json(facts["pay"]) for _, facts in rows if "pay" in facts]
    top = sorted(shares, key=lambda skill: (-shares[skill], skill))[:TRENDS]
    return Statistics(
        open=len(rows),
        remote=sum(facts.get("mode") == "remote" for _, facts in rows) / max(len(rows), 1),
        companies=len({company for company, _ in rows}),
        trends=[Trend(skill, shares[skill], past.get(skill, 0.0) if before else None) for skill in top],
        pay=_average(pays),
    )


def _average(pays: Sequence[Pay]) -> AveragePay | None:
    """Return the average of the currency that most jobs pay in; fewer than five figures are no average."""
    yearly: dict[str, list[float]] = {}
    for pay in pays:
        ends = [end for end in (pay.min, pay.max) if end is not None]
        yearly.setdefault(pay.currency, []).append(sum(ends) / len(ends) * A_YEAR[pay.period])
    currency, figures = max(yearly.items(), key=lambda pair: len(pair[1]), default=("", []))
    if len(figures) < FEWEST_PAYS:
        return None
    return AveragePay(sum(figures) / len(figures), currency, len(figures))


def _shares(rows: Sequence[CompanyFacts]) -> dict[str, float]:
    named = Counter(skill for _, facts in rows for skill in facts.get("skills", ()))
    return {skill: count / len(rows) for skill, count in named.items()}
