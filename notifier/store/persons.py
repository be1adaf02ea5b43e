"""Persons: finding and making them, everything that is kept of one, and forgetting one.

What belongs to a person is found by walking the tables, so a new table is exported and erased by itself.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, false, or_, select, update
from sqlmodel import Session, SQLModel, col

from notifier.store.tables import Account, Destination, DestinationKind, Job, Person

_GUARDS = ("token_hash", "secret")  # columns that are no use to a person, and might be to somebody else


def find(session: Session, platform: str, user_id: str) -> Person | None:
    """Return the person of an account, None when nobody has used it yet."""
    query = (
        select(Person)
        .join(Account, col(Account.person_id) == col(Person.id))
        .where(col(Account.platform) == platform, col(Account.user_id) == user_id)
    )
    return session.execute(query).scalar_one_or_none()


def find_or_make(
    session: Session, platform: str, user_id: str, now: datetime, *, zone: str, locale: str
) -> Person:
    """Return the person of an account, made when it is new."""
    person = find(session, platform, user_id)
    if person is None:
        person = Person(zone=zone, locale=locale, created_at=now)
        session.add(person)
        session.flush()
        session.add(Account(person_id=person.id, platform=platform, user_id=user_id))
        session.flush()
    return person


def hold_persons(session: Session, *ids: int) -> list[Person]:
    """Return those of the persons that there still are; nobody else changes one before this transaction ends."""
    # SQLite ignores FOR UPDATE: there BEGIN IMMEDIATE has kept every other writer out already.
    query = select(Person).where(col(Person.id).in_(ids)).order_by(col(Person.id)).with_for_update()
    return list(session.execute(query.execution_options(populate_existing=True)).scalars())


def private_chat(session: Session, platform: str, person_id: int) -> Destination | None:
    """Return the chat in which a person may be written to on a platform, the first of several."""
    query = select(Destination).where(
        col(Destination.person_id) == person_id,
        col(Destination.platform) == platform,
        col(Destination.kind) == DestinationKind.PRIVATE,
        col(Destination.gone).is_(None),
    )
    return session.execute(query.order_by(col(Destination.id)).limit(1)).scalar_one_or_none()


def export(session: Session, person: Person) -> dict[str, list[dict[str, Any]]]:
    """Return every row that is about a person, by table; the jobs they name come with title and link.

    What only guards something is left out.
    """
    kept: dict[str, list[dict[str, Any]]] = {}
    jobs: set[int] = set()
    for table, belongs in _about(session, person):
        columns = [column for column in table.columns if column.name not in _GUARDS]
        rows = [dict(row) for row in session.execute(select(*columns).where(belongs)).mappings()]
        if rows:
            kept[table.name] = rows
            jobs.update(row["job_id"] for row in rows if "job_id" in row)
    if jobs:
        named = select(col(Job.id), col(Job.title), col(Job.company), col(Job.url)).where(
            col(Job.id).in_(jobs)
        )
        kept["job"] = [dict(row) for row in session.execute(named).mappings()]
    return kept


def erase(session: Session, person: Person) -> None:
    """Remove a person with everything that is about them; shared chats and their feeds stay.

    The caller notes that wishes have changed.
    """
    session.execute(update(Destination).where(col(Destination.keeper_id) == person.id).values(keeper_id=None))
    for table, belongs in reversed(list(_about(session, person))):
        session.execute(delete(table).where(belongs))
    session.expire_all()


def _about(session: Session, person: Person) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """Yield each table that may hold a person with the condition for their rows; what refers to others later."""
    own = select(col(Destination.id)).where(col(Destination.person_id) == person.id)
    destinations = session.execute(own).scalars().all()
    accounts = session.execute(
        select(col(Account.platform), col(Account.user_id)).where(col(Account.person_id) == person.id)
    ).all()
    for table in SQLModel.metadata.sorted_tables:
        columns, found = table.columns, []
        if table.name == "person":
            found.append(columns.id == person.id)
        if "person_id" in columns:
            found.append(columns.person_id == person.id)
        if "destination_id" in columns:
            found.append(columns.destination_id.in_(destinations))
        if {"platform", "user_id"} <= set(columns.keys()):
            found += [and_(columns.platform == name, columns.user_id == id_) for name, id_ in accounts]
        if found:
            yield table, or_(false(), *found)
