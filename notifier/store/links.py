"""One human on several platforms: a token that joins two accounts, and taking one out again."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, SQLModel, col

from notifier.store import persons, subscriptions
from notifier.store.tables import (
    Account,
    Delivery,
    DeliveryKind,
    DeliveryState,
    Destination,
    DestinationKind,
    Link,
    Mark,
    Person,
)

VALID = timedelta(minutes=15)
_BYTES = 16  # of chance in a token, 32 characters


def make(session: Session, person: Person, now: datetime) -> str:
    """Return a token that another account may redeem once; only its hash is kept."""
    token = secrets.token_hex(_BYTES)  # of these digits none begins like what stands before it in links, l_
    session.add(Link(token_hash=_hash(token), person_id=person.id, expires_at=now + VALID))
    return token


def redeem(session: Session, token: str, person: Person, now: datetime) -> Person | None:
    """Make `person` one with who made the token, and return that one.

    None for a token that is unknown, used or expired, and for one's own.
    """
    row = session.get(Link, _hash(token))
    if row is None or row.expires_at <= now or row.person_id == person.id:
        return None
    held = {it.id: it for it in persons.hold_persons(session, row.person_id, person.id)}
    if len(held) < 2:  # one was joined to the other, or to a third, meanwhile
        return None
    used = session.execute(delete(Link).where(col(Link.token_hash) == row.token_hash))
    if used.rowcount != 1:  # type: ignore[attr-defined]  # somebody was quicker
        return None
    maker = held[row.person_id]
    join(session, maker, person, now)
    return maker


def join(session: Session, into: Person, other: Person, now: datetime) -> None:
    """Give `into` all that belongs to `other`, who is no more; of two marks on a job the newer one stays."""
    subscriptions.changed(session)  # first, so that nothing is owed under the old numbers meanwhile
    above = subscriptions.next_number_of(session, into.id) - 1
    chats = _private(session, other)
    for chat in chats:
        if above:
            subscriptions.renumber(session, chat, above)
        _end_told(session, into, chat, now)
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


def _end_told(session: Session, person: Person, chat: Destination, now: datetime) -> None:
    """End the pushes that wait for a chat of jobs which a person was pushed in another one."""
    told = aliased(Delivery)
    pushed = (
        exists()
        .where(
            col(told.job_id) == col(Delivery.job_id),
            col(told.kind) == DeliveryKind.PUSH,
            col(told.state) == DeliveryState.SENT,
            col(told.destination_id) == col(Destination.id),
            col(Destination.person_id) == person.id,
        )
        .correlate(Delivery)
    )
    session.execute(
        update(Delivery)
        .where(
            col(Delivery.destination_id) == chat.id,
            col(Delivery.kind) == DeliveryKind.PUSH,
            col(Delivery.state) == DeliveryState.OWED,
            col(Delivery.batch).is_(None),
            pushed,
        )
        .values(state=DeliveryState.ENDED, reason="told in another chat", settled_at=now),
        execution_options={"synchronize_session": False},
    )


def part(session: Session, person: Person, platform: str, user_id: str, now: datetime) -> bool:
    """Give an account a person of its own again, with its private chats and copies of all marks and mutes.

    Tokens that any of the accounts made are void: whoever is taken out must not come back by one.
    False when the account is the person's only one.
    """
    persons.hold_persons(session, person.id)
    accounts = session.execute(select(Account).where(col(Account.person_id) == person.id)).scalars().all()
    if len(accounts) < 2:
        return False
    subscriptions.changed(session)
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
    if not any(it.platform == platform and it.user_id != user_id for it in accounts):
        # Only this account can be told there of its feeds' troubles.
        kept_up = col(Destination.platform) == platform, col(Destination.keeper_id) == person.id
        session.execute(update(Destination).where(*kept_up).values(keeper_id=new.id))
    session.execute(delete(Link).where(col(Link.person_id) == person.id))
    for name in ("mark", "mute"):
        table = SQLModel.metadata.tables[name]
        for row in session.execute(select(table).where(table.columns.person_id == person.id)).mappings():
            kept = {key: value for key, value in row.items() if key != "id"}
            session.execute(table.insert().values({**kept, "person_id": new.id}))
    session.expire_all()
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


def _marks(session: Session, person: Person) -> list[Mark]:
    return list(session.execute(select(Mark).where(col(Mark.person_id) == person.id)).scalars())
