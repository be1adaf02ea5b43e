"""Stored jobs as values, and which of them are open."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlmodel import Session, col

from notifier.domain.facts import Facts, WorkMode
from notifier.domain.identity import address
from notifier.domain.posting import ListedOn, Opening
from notifier.store.sql import values_in
from notifier.store.tables import Job, Listing, Source

_READ_AT_A_TIME = 500


def is_open(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a job is neither closed nor too old at `now`."""
    return and_(col(Job.closed_at).is_(None), or_(col(Job.expires_at).is_(None), col(Job.expires_at) > now))


def by_id(session: Session, ids: Collection[int]) -> dict[int, Opening]:
    """Return the jobs of those ids as values, with every list they stand on; two statements."""
    among = values_in(session, sorted(ids), number=True)
    rows = session.execute(select(Job).where(col(Job.id).in_(among))).scalars().all()
    lists: dict[int, list[ListedOn]] = {}
    query = (
        select(col(Listing.job_id), col(Listing.url), col(Listing.closed_at), Source)
        .join(Source, col(Source.id) == col(Listing.source_id))
        .where(col(Listing.job_id).in_(among))
        .order_by(col(Listing.first_seen), col(Source.name))
    )
    for job_id, url, closed_at, source in session.execute(query):
        on = replace(listed_on(source, url), closed=closed_at is not None)
        lists.setdefault(job_id, []).append(on)
    return {row.id: opening(row, lists.get(row.id, ())) for row in rows}


def listed_on(source: Source, url: str) -> ListedOn:
    """Return what a message says about a job's place on a list."""
    return ListedOn(name=source.name, url=url, list_url=source.home_url, attribution=source.attribution)


def opening(row: Job, lists: Iterable[ListedOn]) -> Opening:
    """Return a stored job as a value."""
    return Opening(
        id=row.id,
        key=row.key,
        title=row.title,
        company=row.company,
        url=row.url,
        company_url=row.company_url,
        location=row.location,
        mode=WorkMode(row.mode),
        pay=row.pay,
        pay_flagged=row.pay_flagged,
        posted_on=row.posted_on,
        first_seen=row.first_seen,
        closed_at=row.closed_at,
        expires_at=row.expires_at,
        facts=Facts.from_json(row.facts),
        lists=tuple(lists),
    )


def newest_open(session: Session, now: datetime, since: datetime | None = None) -> Iterable[Opening]:
    """Yield the open jobs, newest first, a few hundred at a time; `since` bounds first_seen."""
    return _newest(
        session, is_open(now) if since is None else and_(is_open(now), col(Job.first_seen) >= since)
    )


def open_or_seen_since(session: Session, now: datetime, since: datetime) -> Iterable[Opening]:
    """Yield the jobs that are open or came after `since`, newest first."""
    return _newest(session, or_(is_open(now), col(Job.first_seen) >= since))


def at_link(session: Session, link: str) -> Opening | None:
    """Return the newest job that lives at a link, whatever tracking the link carries."""
    # A job that its source gave an id of its own is found by the link as it stands there.
    stands = select(col(Listing.job_id)).where(col(Listing.url) == link)
    lives = or_(col(Job.address) == address(link).text, col(Job.id).in_(stands))
    query = select(col(Job.id)).where(lives).order_by(col(Job.id).desc())
    id_ = session.execute(query.limit(1)).scalar_one_or_none()
    return by_id(session, [id_])[id_] if id_ is not None else None


def companies(session: Session, now: datetime) -> Sequence[str]:
    """Return the companies that have an open job, by name."""
    query = select(col(Job.company)).where(is_open(now), col(Job.company) != "").distinct()
    return sorted(session.execute(query).scalars())


def _newest(session: Session, among: ColumnElement[bool]) -> Iterable[Opening]:
    newest = func.coalesce(col(Job.posted_on), func.date(col(Job.first_seen)))
    query = (
        select(col(Job.id))
        .where(among)
        .order_by(newest.desc(), col(Job.first_seen).desc(), col(Job.id).desc())
    )
    ids: Sequence[int] = session.execute(query).scalars().all()
    for start in range(0, len(ids), _READ_AT_A_TIME):
        chunk = ids[start : start + _READ_AT_A_TIME]
        found = by_id(session, chunk)
        yield from (found[id_] for id_ in chunk)


def was_open(at: datetime) -> ColumnElement[bool]:
    """Return the condition for jobs that were open at `at`, as far as the store remembers."""
    return and_(
        col(Job.first_seen) <= at,
        or_(col(Job.closed_at).is_(None), col(Job.closed_at) > at),
        or_(col(Job.expires_at).is_(None), col(Job.expires_at) > at),
    )


def open_facts(session: Session, at: datetime, source: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Return (company, facts) of the jobs that were open at `at`, as far as the store remembers.

    source  the name of a list that they must stand on, "" for any
    """
    query = select(col(Job.company), col(Job.facts)).where(was_open(at))
    if source:
        on_it = select(col(Listing.job_id)).join(Source, col(Source.id) == col(Listing.source_id))
        query = query.where(col(Job.id).in_(on_it.where(col(Source.name) == source)))
    return [(company, facts) for company, facts in session.execute(query)]


def counts(session: Session, now: datetime) -> tuple[int, int, int]:
    """Return how many jobs there are, how many of them are closed, and how many expired."""
    query = select(
        func.count(),
        func.count().filter(col(Job.closed_at).is_not(None)),
        func.count().filter(col(Job.expires_at) <= now),
    ).select_from(Job)
    every, closed, expired = session.execute(query).one()
    return every, closed, expired
