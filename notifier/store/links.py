"""One human on several platforms: a token that joins two accounts, and taking one out again."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlmodel import Session, SQLModel, col

from notifier.store import subscriptions
from notifier.store.tables import Account, Destination, DestinationKind, Link, Mark, Person

VALID = timedelta(minutes=15)
_BYTES = 18  # of chance in a token: 24 characters of [A-Za-z0-9_-]


def make(session: Session, person: Person, now: datetime) -> str:
    """Return a token that another account may redeem once; only its hash is kept."""
    token = secrets.token_urlsafe(_BYTES)
    session.add(Link(token_hash=_hash(token), person_id=person.id, expires_at=now + VALID))
    return token


def redeem(session: Session, token: str, person: Person, now: datetime) -> Person | None:
    """Make `person` one with who made the token, and return that one.

    None for a token that is unknown, used or expired, and for one's own.
    """
    row = session.get(Link, _hash(token))
    if row is None or row.expires_at <= now or row.person_id == person.id:
        return None
    used = session.execute(delete(Link).where(col(Link.token_hash) == row.token_hash))
    if used.rowcount != 1:  # type: ignore[attr-defined]  # somebody was quicker
        return None
    maker = session.get(Person, row.person_id)
    assert maker is not None
    join(session, maker, person, now)
    return maker


def join(session: Session, into: Person, other: Person, now: datetime) -> None:
    """Give `into` all that belongs to `other`, who is no more; of two marks on a job the newer one stays."""
    for chat in _private(session, other):
        subscriptions.renumber(session, chat, _free_number(session, into))
        chat.person_id = into.id
        session.flush()
    mine = {mark.job_id: mark for mark in _marks(session, into)}
    for mark in _marks(session, other):
        if (own := mine.get(mark.job_id)) is not None:
            session.delete(own if own.at < mark.at else mark)
            session.flush()
    into.home = into.home or other.home
    session.execute(
        update(Destination).where(col(Destination.keeper_id) == other.id).values(keeper_id=into.id)
    )
    session.execute(delete(Link).where(col(Link.person_id) == other.id))
    for table in SQLModel.metadata.sorted_tables:
        if "person_id" not in table.columns or table.name == "destination":
            continue
        column, known = table.columns.person_id, None
        for name in ("job_id", "company"):
            if name in table.columns and table.name != "mark":
                known = select(table.columns[name]).where(column == into.id)
                session.execute(delete(table).where(column == other.id, table.columns[name].in_(known)))
        session.execute(update(table).where(column == other.id).values(person_id=into.id))
    session.flush()
    session.expire_all()
    session.execute(delete(Person).where(col(Person.id) == other.id))
    subscriptions.changed(session)


def part(session: Session, person: Person, platform: str, user_id: str, now: datetime) -> bool:
    """Give an account a person of its own again, with its private chats and copies of all marks and mutes.

    False when the account is the person's only one.
    """
    accounts = session.execute(select(Account).where(col(Account.person_id) == person.id)).scalars().all()
    if len(accounts) < 2:
        return False
    new = Person(zone=person.zone, locale=person.locale, home=person.home, created_at=now)
    session.add(new)
    session.flush()
    own = (col(Account.platform) == platform, col(Account.user_id) == user_id)
    session.execute(update(Account).where(*own).values(person_id=new.id))
    chats = (
        col(Destination.platform) == platform,
        col(Destination.person_id) == person.id,
        col(Destination.address) == user_id,
    )
    session.execute(update(Destination).where(*chats).values(person_id=new.id))
    for name in ("mark", "mute"):
        table = SQLModel.metadata.tables[name]
        for row in session.execute(select(table).where(table.columns.person_id == person.id)).mappings():
            kept = {key: value for key, value in row.items() if key != "id"}
            session.execute(table.insert().values({**kept, "person_id": new.id}))
    session.expire_all()
    subscriptions.changed(session)
    return True


def purge(session: Session, now: datetime) -> None:
    """Remove tokens that nobody may redeem any more."""
    session.execute(delete(Link).where(col(Link.expires_at) <= now))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _private(session: Session, person: Person) -> list[Destination]:
    query = select(Destination).where(
        col(Destination.person_id) == person.id, col(Destination.kind) == DestinationKind.PRIVATE
    )
    return list(session.execute(query.order_by(col(Destination.id))).scalars())


def _free_number(session: Session, person: Person) -> int:
    query = select(func.max(col(Destination.next_number))).where(col(Destination.person_id) == person.id)
    return int(session.execute(query).scalar() or 1)


def _marks(session: Session, person: Person) -> list[Mark]:
    return list(session.execute(select(Mark).where(col(Mark.person_id) == person.id)).scalars())
