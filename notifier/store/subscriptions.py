"""Destinations and their subscriptions: who wishes what, and when each may hear of it.

Every change of a wish or of a timetable goes through here, since it does three things at once:
raise the revision that `jobs.record` checks, find the next digest, and move what already waits.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from notifier.domain.cadence import Cadence, next_digest, quiet_end
from notifier.domain.filters import CompiledWish, Wish
from notifier.errors import NotSubscribed, UserError
from notifier.store.persons import find_or_make, hold_persons
from notifier.store.sql import values_in
from notifier.store.tables import (
    Answer,
    Delivery,
    DeliveryKind,
    DeliveryState,
    Destination,
    DestinationKind,
    DigestRun,
    Person,
    State,
    Subscription,
    Trouble,
)

MOST_SUBSCRIPTIONS = 25  # a destination
DIGEST_GAP = timedelta(hours=12)  # between two digests, whatever zones and times are set meanwhile

_REVISION = "wishes_revision"


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What a new destination starts with; the operator's settings."""

    zone: str = "UTC"
    digest_at: time | None = time(8, 30)
    quiet: tuple[time, time] | None = None
    cadence: Cadence = Cadence.BOTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One subscription with what owing needs of its destination."""

    number: int
    name: str
    wish: CompiledWish
    cadence: Cadence
    created_at: datetime
    destination: Destination


@dataclass(frozen=True, slots=True)
class Wishes:
    """Every subscription that can be owed something, as of one revision."""

    revision: int
    wanted: Sequence[Wanted]


def wishes(session: Session) -> Wishes:
    """Return the subscriptions that are neither paused nor of a chat that is gone."""
    rows = session.execute(
        select(Subscription, Destination)
        .join(Destination, col(Destination.id) == col(Subscription.destination_id))
        .where(col(Subscription.paused_at).is_(None), col(Destination.gone).is_(None))
        .order_by(col(Subscription.destination_id), col(Subscription.number))
    )
    wanted = [
        Wanted(
            number=row.number,
            name=row.name,
            wish=CompiledWish(Wish.from_json(row.wish)),
            cadence=Cadence(row.cadence),
            created_at=row.created_at,
            destination=destination,
        )
        for row, destination in rows
    ]
    return Wishes(revision(session), wanted)


def revision(session: Session, *, hold: bool = False) -> int:
    """Return the revision of the wishes; with `hold`, nobody changes one before this transaction ends."""
    query = select(col(State.value)).where(col(State.key) == _REVISION)
    # SQLite ignores FOR UPDATE: there BEGIN IMMEDIATE has kept every other writer out already.
    value = session.execute(query.with_for_update(read=True) if hold else query).scalar()
    return int(value or 0)


def changed(session: Session) -> None:
    """Note that wishes, or who has them, are others now: what was matched against them is matched again."""
    if session.get(State, _REVISION) is None:
        session.add(State(key=_REVISION, value="0"))
        session.flush()
    row = session.get(State, _REVISION, with_for_update=True, populate_existing=True)
    assert row is not None
    row.value = str(int(row.value) + 1)
    session.flush()


# -- destinations -------------------------------------------------------------------------------


def destination_at(session: Session, platform: str, address: str, thread: str = "") -> Destination | None:
    """Return the destination, or None when nobody has used that chat yet."""
    query = select(Destination).where(
        col(Destination.platform) == platform,
        col(Destination.address) == address,
        col(Destination.thread) == thread,
    )
    return session.execute(query).scalar_one_or_none()


def open_destination(
    session: Session,
    platform: str,
    address: str,
    now: datetime,
    *,
    thread: str = "",
    kind: DestinationKind = DestinationKind.PRIVATE,
    user_id: str = "",
    defaults: Defaults | None = None,
    locale: str = "en",
) -> Destination:
    """Return the destination at that address, made with `defaults` when it is new.

    A private chat belongs to the person of the account `user_id` (the address when empty), who is
    made too. A chat that was gone is back.
    """
    found = destination_at(session, platform, address, thread)
    if found is not None:
        if found.gone is not None:
            _back(session, found, now)
        return found
    defaults = defaults or Defaults()
    person_id = None
    if kind is DestinationKind.PRIVATE:
        person_id = find_or_make(
            session, platform, user_id or address, now, zone=defaults.zone, locale=locale
        ).id
    made = Destination(
        platform=platform,
        address=address,
        thread=thread,
        kind=kind,
        person_id=person_id,
        locale=locale,
        zone=defaults.zone,
        digest_at=defaults.digest_at,
        quiet_start=defaults.quiet[0] if defaults.quiet else None,
        quiet_end=defaults.quiet[1] if defaults.quiet else None,
        cadence=defaults.cadence,
        last_heard_at=now,
        created_at=now,
    )
    session.add(made)
    session.flush()
    return made


def known(session: Session, platform: str, addresses: Sequence[str]) -> Sequence[str]:
    """Return those of the addresses on a platform that are destinations."""
    query = select(col(Destination.address)).where(
        col(Destination.platform) == platform, col(Destination.address).in_(values_in(session, addresses))
    )
    return session.execute(query.distinct()).scalars().all()


def webhooks(session: Session, platform: str, channels: Sequence[str]) -> list[tuple[str, str]]:
    """Return (address, channel) of the incoming webhooks that write to these channels."""
    query = (
        select(col(Destination.address), col(Destination.route))
        .where(
            col(Destination.platform) == platform,
            col(Destination.secret) != "",
            col(Destination.route).in_(values_in(session, channels)),
        )
        .order_by(col(Destination.id))
    )
    return [(address, channel) for address, channel in session.execute(query)]


def set_route(session: Session, platform: str, address: str, route: str) -> None:
    """Note where the platform takes messages for an address."""
    chat = destination_at(session, platform, address)
    if chat is not None:
        chat.route = route


def change(session: Session, destination: Destination, now: datetime, **values: Any) -> None:
    """Set columns of a destination (zone, digest_at, quiet_start …) and move what waits accordingly."""
    for name, value in values.items():
        setattr(destination, name, value)
    reschedule(session, destination, now)


def home_of(session: Session, destination: Destination) -> str:
    """Return the country that the person of a private chat has stated, "" without one."""
    if destination.person_id is None:
        return ""
    person = session.get(Person, destination.person_id)
    return person.home if person else ""


def set_home(session: Session, destination: Destination, country: str) -> None:
    """Note where the person of a private chat lives; "" forgets it. Wishes made before keep what they say."""
    person = session.get(Person, destination.person_id)
    assert person is not None
    person.home = country


def pause(session: Session, destination: Destination, now: datetime) -> None:
    """Hold everything for this destination; jobs go on being owed."""
    change(session, destination, now, paused_at=now)


def resume(session: Session, destination: Destination, now: datetime) -> int:
    """Let deliveries go again; return how many jobs were held, which leave now in one message.

    Jobs that waited for a digest only are shown at once too.
    """
    if destination.paused_at is None:
        return 0
    destination.paused_at = None
    reschedule(session, destination, now)
    owed = _owed(session, destination, DeliveryKind.PUSH, DeliveryKind.DIGEST)
    pushed = {row.job_id for row in owed if row.kind == DeliveryKind.PUSH}
    held = [row for row in owed if row.kind == DeliveryKind.PUSH]
    for row in owed:
        if row.kind == DeliveryKind.DIGEST and row.job_id not in pushed:
            row.kind, row.digest_on = DeliveryKind.PUSH, None
            held.append(row)
    batch = f"resume-{destination.id}-{int(now.timestamp() * 1_000_000)}"
    for row in held:
        row.batch, row.leased_until, row.due_at = batch, None, now
    session.flush()
    return len(held)


def _everywhere_in(session: Session, platform: str, address: str) -> Sequence[Destination]:
    """Return the chat of that address with all its threads, as far as we write to them."""
    query = select(Destination).where(
        col(Destination.platform) == platform, col(Destination.address) == address
    )
    return session.execute(query.order_by(col(Destination.id))).scalars().all()


def troubled(destination: Destination, trouble: Trouble, reason: str) -> None:
    """Note what whoever set up a shared chat should hear; nobody has set up a private one."""
    if destination.kind != DestinationKind.PRIVATE:
        destination.trouble, destination.trouble_reason = trouble, reason[:200]


# -- chats that go, come back and move ------------------------------------------------------------


def left(session: Session, platform: str, address: str, reason: str, now: datetime) -> int:
    """Retire a chat with all its threads, since the platform says we are out; return how many that were."""
    here = [row for row in _everywhere_in(session, platform, address) if row.gone is None]
    for row in here:
        retire(session, row.id, reason, now)
    return len(here)


def returned(session: Session, platform: str, address: str, now: datetime) -> int:
    """Write again to a chat and all its threads, gone or held, since we are let in; return how many that were."""
    away = [
        row
        for row in _everywhere_in(session, platform, address)
        if row.gone is not None or (row.held_until is not None and row.held_until > now)
    ]
    for row in away:
        _back(session, row, now)
    return len(away)


def _back(session: Session, destination: Destination, now: datetime) -> None:
    destination.gone = destination.held_until = None
    destination.trouble = destination.trouble_reason = None
    # What was put off goes now; what is under way is not.
    put_off = (
        col(Delivery.destination_id) == destination.id,
        col(Delivery.state) == DeliveryState.OWED,
        col(Delivery.leased_until) > now,
        col(Delivery.handed_at).is_(None),
    )
    session.execute(update(Delivery).where(*put_off).values(leased_until=now))
    session.execute(
        update(DigestRun)
        .where(
            col(DigestRun.destination_id) == destination.id,
            col(DigestRun.state) == "open",
        )
        .values(leased_until=now)
    )
    reschedule(session, destination, now)


def migrate(session: Session, platform: str, old_address: str, new_address: str, now: datetime) -> int:
    """Write the new address of a chat into all its threads, as `relocate` does; return how many that were."""
    rows = _everywhere_in(session, platform, old_address) if old_address != new_address else ()
    for row in rows:
        relocate(session, row, new_address, row.thread, now)
    return len(rows)


def relocate(
    session: Session, destination: Destination, address: str, thread: str, now: datetime
) -> Destination:
    """Write where a chat is now, or join it to the destination that is there already; return what is there."""
    if destination.address != address:
        _forget_references(session, destination)
    there = destination_at(session, destination.platform, address, thread)
    if there is None:
        destination.address, destination.thread = address, thread
        session.flush()
        return destination
    if there is not destination:
        _merge(session, destination, there)
        if there.gone is not None and destination.gone is None:
            _back(session, there, now)
        else:
            reschedule(session, there, now)
    return there


def _forget_references(session: Session, destination: Destination) -> None:
    """The messages stayed behind: at the new address their numbers are those of others."""
    of_it = col(Delivery.destination_id) == destination.id
    session.execute(
        update(Delivery).where(of_it, col(Delivery.reference).is_not(None)).values(reference=None)
    )
    edits = col(Delivery.kind).in_((DeliveryKind.CLOSED, DeliveryKind.REOPENED))
    session.execute(delete(Delivery).where(of_it, edits, col(Delivery.state) == DeliveryState.OWED))


def _merge(session: Session, old: Destination, new: Destination) -> None:
    """Move what is `old`'s to `new`; what either was sent already is owed to neither."""
    numbers = {}
    for row in subscriptions_of(session, old):
        numbers[row.number] = new.next_number
        row.destination_id, row.number = new.id, new.next_number
        new.next_number += 1
    new.keeper_id = new.keeper_id or old.keeper_id
    session.flush()
    of_new, sent = col(Delivery.destination_id) == new.id, DeliveryState.SENT
    session.execute(
        delete(Delivery).where(of_new, col(Delivery.state) == DeliveryState.OWED, _has(old, sent))
    )
    of_old = col(Delivery.destination_id) == old.id
    session.execute(delete(Delivery).where(of_old, _has(new, *DeliveryState)))
    for delivery in session.execute(select(Delivery).where(of_old)).scalars():
        kept = [entry for entry in delivery.why if entry["number"] in numbers]
        delivery.why = [{**entry, "number": numbers[entry["number"]]} for entry in kept]
        delivery.destination_id = new.id
    session.flush()
    session.execute(update(Answer).where(col(Answer.destination_id) == old.id).values(destination_id=new.id))
    session.execute(delete(DigestRun).where(col(DigestRun.destination_id) == old.id))
    session.delete(old)
    session.flush()


def _has(chat: Destination, *states: DeliveryState) -> ColumnElement[bool]:
    """Return whether a chat has the job of a delivery too, as the same kind and in one of these states."""
    other = aliased(Delivery)
    return exists().where(
        col(other.destination_id) == chat.id,
        col(other.job_id) == col(Delivery.job_id),
        col(other.kind) == col(Delivery.kind),
        col(other.state).in_(states),
    )


def retire(session: Session, destination_id: int, reason: str, now: datetime) -> None:
    """Mark a chat as gone: its subscriptions stay, what was owed ends, nothing more is owed."""
    destination = session.get(Destination, destination_id)
    if destination is None or destination.gone is not None:
        return
    destination.gone = reason[:200]
    troubled(destination, Trouble.GONE, reason)
    destination.next_digest_at = destination.next_digest_on = None
    session.execute(
        update(Delivery)
        .where(col(Delivery.destination_id) == destination_id, col(Delivery.state) == DeliveryState.OWED)
        .values(state=DeliveryState.ENDED, reason="destination gone", settled_at=now)
    )
    session.execute(
        update(DigestRun)
        .where(col(DigestRun.destination_id) == destination_id, col(DigestRun.state) == "open")
        .values(state="sent")
    )
    changed(session)


# -- subscriptions ------------------------------------------------------------------------------


def subscribe(
    session: Session,
    destination: Destination,
    wish: Wish,
    now: datetime,
    *,
    cadence: Cadence | None = None,
    name: str = "",
) -> Subscription:
    """Add a subscription; it takes effect with the next job. `UserError` over the limit."""
    number = _next_number(session, destination)
    _make_room(session, destination, now)
    made = Subscription(
        destination_id=destination.id,
        number=number,
        name=name,
        wish=wish.to_json(),
        cadence=cadence or Cadence(destination.cadence),
        created_at=now,
    )
    destination.next_number = number + 1
    session.add(made)
    session.flush()
    reschedule(session, destination, now)
    return made


def _make_room(session: Session, destination: Destination, now: datetime) -> None:
    """Make sure that a chat may have one more subscription; with its first one its digests begin."""
    held = session.execute(
        select(func.count()).where(col(Subscription.destination_id) == destination.id)
    ).scalar_one()
    if held >= MOST_SUBSCRIPTIONS:
        raise UserError("subscriptions-full", most=MOST_SUBSCRIPTIONS)
    if held == 0:
        destination.last_heard_at = now


def _next_number(session: Session, destination: Destination) -> int:
    """Return the number of a chat's next subscription; one person's chats count together.

    Nobody else is given a number of that person before this transaction ends.
    """
    if destination.person_id is None:
        return destination.next_number
    hold_persons(session, destination.person_id)
    return next_number_of(session, destination.person_id)


def next_number_of(session: Session, person_id: int) -> int:
    """Return a number that no subscription in the private chats of a person has or had."""
    query = select(func.max(col(Destination.next_number))).where(col(Destination.person_id) == person_id)
    return int(session.execute(query).scalar() or 1)


def own_chats(session: Session, destination: Destination) -> Sequence[Destination]:
    """Return the private chats of a destination's person, itself first; of a shared chat that alone."""
    if destination.person_id is None:
        return [destination]
    query = select(Destination).where(
        col(Destination.person_id) == destination.person_id,
        col(Destination.kind) == DestinationKind.PRIVATE,
        col(Destination.id) != destination.id,
    )
    return [destination, *session.execute(query.order_by(col(Destination.id))).scalars()]


def of_person(session: Session, destination: Destination) -> list[tuple[Destination, Subscription]]:
    """Return all subscriptions of a destination's person with the chats that hear of them, by number."""
    found = [
        (chat, row) for chat in own_chats(session, destination) for row in subscriptions_of(session, chat)
    ]
    return sorted(found, key=lambda pair: pair[1].number)


def renumber(session: Session, destination: Destination, by: int) -> None:
    """Raise the numbers of a chat's subscriptions; what it was sent and is owed says the new ones.

    All by the same, so that the number of a removed subscription becomes none that is given again.
    """
    # From the highest down, so that no number is taken twice on the way.
    for row in reversed(subscriptions_of(session, destination)):
        row.number += by
        session.flush()
    destination.next_number += by
    query = select(col(Delivery.id), col(Delivery.why)).where(col(Delivery.destination_id) == destination.id)
    raised = [
        {"id": id_, "why": [{**entry, "number": entry["number"] + by} for entry in why]}
        for id_, why in session.execute(query)
    ]
    if raised:
        session.execute(update(Delivery), raised)


def hear_here(session: Session, destination: Destination, number: int, now: datetime) -> Subscription:
    """Let this chat of a person hear of a subscription instead of another one; what waits for it comes along."""
    row = numbered(session, destination, number)
    before = _chat_of(session, row)
    if before.id == destination.id:
        return row
    _make_room(session, destination, now)
    changed(session)  # from here on nothing new is owed before it is known which chat hears of it
    row.destination_id = destination.id
    destination.next_number = max(destination.next_number, row.number + 1)
    session.flush()
    _hand_over(session, before, destination, number)
    for chat in (before, destination):
        reschedule(session, chat, now)
    return row


def _hand_over(session: Session, before: Destination, after: Destination, number: int) -> None:
    """Owe to `after` what `before` was owed for a subscription; what others there want too stays there.

    What a message is already under way for stays as well.
    """
    cadence_of = {row.number: Cadence(row.cadence) for row in subscriptions_of(session, before)}
    owed = [
        row
        for row in _owed(session, before, DeliveryKind.PUSH, DeliveryKind.DIGEST)
        if row.batch is None and any(entry["number"] == number for entry in row.why)
    ]
    there = select(Delivery).where(
        col(Delivery.destination_id) == after.id, col(Delivery.job_id).in_({row.job_id for row in owed})
    )
    had = {(row.job_id, row.kind): row for row in session.execute(there).scalars()}
    for delivery in owed:
        mine = [entry for entry in delivery.why if entry["number"] == number]
        others = [entry for entry in delivery.why if entry["number"] != number]
        cadences = [cadence_of[entry["number"]] for entry in others if entry["number"] in cadence_of]
        push, digest, _ = kinds(cadences, digest=before.digest_at is not None)
        if cadences and (push if delivery.kind == DeliveryKind.PUSH else digest):
            delivery.why = others
            continue
        known = had.get((delivery.job_id, delivery.kind))
        if known is not None and known.state != DeliveryState.ENDED:
            if known.state == DeliveryState.OWED:
                known.why = [*known.why, *mine]
            session.delete(delivery)
            continue
        if known is not None:
            session.delete(known)
            session.flush()
        delivery.destination_id, delivery.why = after.id, mine
    session.flush()


def subscriptions_of(session: Session, destination: Destination) -> Sequence[Subscription]:
    """Return the destination's subscriptions by number."""
    query = (
        select(Subscription)
        .where(col(Subscription.destination_id) == destination.id)
        .order_by(col(Subscription.number))
    )
    return session.execute(query).scalars().all()


def feeds(
    session: Session, platform: str, addresses: Sequence[str]
) -> list[tuple[Destination, Subscription]]:
    """Return the subscriptions of shared chats with their chats, by chat and number."""
    query = (
        select(Destination, Subscription)
        .join(Subscription, col(Subscription.destination_id) == col(Destination.id))
        .where(
            col(Destination.platform) == platform,
            col(Destination.kind) != DestinationKind.PRIVATE,
            col(Destination.address).in_(values_in(session, addresses)),
        )
        .order_by(col(Destination.id), col(Subscription.number))
    )
    return [(chat, row) for chat, row in session.execute(query)]


def numbered(session: Session, destination: Destination, number: int) -> Subscription:
    """Return the subscription of that number of a chat, or of its person's others; `NotSubscribed` without one."""
    chats = [chat.id for chat in own_chats(session, destination)]
    query = select(Subscription).where(
        col(Subscription.destination_id).in_(chats), col(Subscription.number) == number
    )
    found: Subscription | None = session.execute(query).scalar_one_or_none()
    if found is None:
        rows = [row for _, row in of_person(session, destination)]
        if not rows:
            raise NotSubscribed("subscription-none", number=number)
        listed = ", ".join(f"#{row.number} {row.name}" for row in rows)
        raise NotSubscribed("subscription-unknown", number=number, subscriptions=listed)
    return found


def share(session: Session, destination: Destination, number: int) -> str:
    """Return the token under which others may copy a subscription; the same each time."""
    row = numbered(session, destination, number)
    if row.share is None:
        row.share = secrets.token_urlsafe(12)
    return row.share


def shared(session: Session, token: str) -> Subscription | None:
    """Return the subscription that a token shares, None for an unknown one."""
    query = select(Subscription).where(col(Subscription.share) == token)
    return session.execute(query).scalar_one_or_none()


def unsubscribe(session: Session, destination: Destination, number: int, now: datetime) -> Subscription:
    """Remove a subscription; what only it wanted and has not left yet, ends."""
    row = numbered(session, destination, number)
    destination = _chat_of(session, row)
    session.delete(row)
    session.flush()
    for delivery in _owed(session, destination, DeliveryKind.PUSH, DeliveryKind.DIGEST):
        others = [entry for entry in delivery.why if entry["number"] != row.number]
        if others:
            delivery.why = others
        else:
            delivery.state, delivery.reason = DeliveryState.ENDED, "subscription removed"
            delivery.settled_at = now
    reschedule(session, destination, now)
    return row


def edit(
    session: Session, destination: Destination, number: int, now: datetime, **values: Any
) -> Subscription:
    """Set columns of a subscription (name, wish, cadence, paused_at) and move what waits accordingly."""
    row = numbered(session, destination, number)
    for name, value in values.items():
        setattr(row, name, value)
    session.flush()
    reschedule(session, _chat_of(session, row), now)
    return row


def _chat_of(session: Session, row: Subscription) -> Destination:
    chat = session.get(Destination, row.destination_id)
    assert chat is not None
    return chat


# -- the timetable ------------------------------------------------------------------------------


def push_due(destination: Destination, now: datetime) -> datetime:
    """Return when a push may leave: now, or the end of the quiet hours it falls into."""
    if destination.quiet_start is None or destination.quiet_end is None:
        return now
    return quiet_end(now, destination.quiet_start, destination.quiet_end, ZoneInfo(destination.zone))


def digest_slot(
    session: Session, destination: Destination, after: datetime, *, weekly: bool = False
) -> tuple[date, datetime] | None:
    """Return the local date and the UTC time of the destination's first free digest after `after`.

    None when the digest is off. Free: no digest of that date in that zone yet, and 12 hours
    after the one before.
    """
    if destination.digest_at is None:
        return None
    runs = select(col(DigestRun.digest_on)).where(
        col(DigestRun.destination_id) == destination.id,
        col(DigestRun.zone) == destination.zone,
        col(DigestRun.digest_on) >= after.date() - timedelta(days=2),
    )
    done = frozenset(session.execute(runs).scalars())
    last = destination.last_digest_at
    return next_digest(
        after,
        destination.digest_at,
        ZoneInfo(destination.zone),
        not_before=last + DIGEST_GAP if last else None,
        weekday=destination.digest_weekday if weekly else None,
        done=done.__contains__,
    )


def kinds(cadences: Sequence[Cadence], *, digest: bool) -> tuple[bool, bool, bool]:
    """Return (push, digest entry, only with the weekly one) for the cadences of the wishes that met a job.

    digest  whether the destination has a digest at all; without one everything comes at once
    """
    if not digest:
        return True, False, False
    push = any(cadence in (Cadence.INSTANT, Cadence.BOTH) for cadence in cadences)
    entry = Cadence.BOTH in cadences or Cadence.INSTANT not in cadences
    weekly = entry and not any(cadence in (Cadence.DAILY, Cadence.BOTH) for cadence in cadences)
    return push, entry, weekly


def reschedule(session: Session, destination: Destination, now: datetime) -> None:
    """Find the destination's next digest, and move what it is owed to where it now belongs.

    Called in the transaction of every change of a wish, cadence, zone, digest time, quiet hours
    or pause. What a message is already under way for (a batch) stays as it is.
    """
    cadence_of = {
        row.number: Cadence(row.cadence)
        for row in subscriptions_of(session, destination)
        if row.paused_at is None
    }
    plan_digest(session, destination, now, list(cadence_of.values()))
    rows = _owed(session, destination, DeliveryKind.PUSH, DeliveryKind.DIGEST)
    by_job: dict[int, dict[str, Delivery]] = {}
    for row in rows:
        by_job.setdefault(row.job_id, {})[row.kind] = row
    every = digest_slot(session, destination, now)
    weekly_slot = digest_slot(session, destination, now, weekly=True)
    sent = _settled_jobs(session, destination, list(by_job))
    for job_id, waiting in by_job.items():
        if any(row.batch is not None for row in waiting.values()):
            continue
        why = next(iter(waiting.values())).why
        cadences = [cadence_of[entry["number"]] for entry in why if entry["number"] in cadence_of]
        if not cadences:  # met by a paused subscription only: it stays owed as it was
            cadences = [Cadence.BOTH if len(waiting) == 2 else _cadence_of_kind(waiting)]
        push, digest, weekly = kinds(cadences, digest=destination.digest_at is not None)
        slot = weekly_slot if weekly else every
        _settle_kind(
            session, waiting, DeliveryKind.PUSH, push, push_due(destination, now), None, sent, job_id, now
        )
        if slot is not None:
            on, at = slot
            _settle_kind(session, waiting, DeliveryKind.DIGEST, digest, at, on, sent, job_id, now)
    session.flush()
    changed(session)


def plan_digest(
    session: Session, destination: Destination, after: datetime, cadences: Sequence[Cadence]
) -> None:
    """Set when the destination's next digest is; none without a subscription that wants one."""
    slot = None
    if any(cadence in (Cadence.DAILY, Cadence.BOTH) for cadence in cadences):
        slot = digest_slot(session, destination, after)
    elif Cadence.WEEKLY in cadences:
        slot = digest_slot(session, destination, after, weekly=True)
    destination.next_digest_on, destination.next_digest_at = slot or (None, None)


def _cadence_of_kind(waiting: dict[str, Delivery]) -> Cadence:
    return Cadence.INSTANT if DeliveryKind.PUSH in waiting else Cadence.DAILY


def _settle_kind(
    session: Session,
    waiting: dict[str, Delivery],
    kind: DeliveryKind,
    wanted: bool,
    due_at: datetime,
    digest_on: date | None,
    sent: set[tuple[int, str]],
    job_id: int,
    now: datetime,
) -> None:
    """Make the owed delivery of `kind` exist or not, and due when it should be."""
    row = waiting.get(kind)
    if row is None and wanted and (job_id, kind) not in sent:
        model = next(iter(waiting.values()))
        session.add(
            Delivery(
                destination_id=model.destination_id,
                job_id=job_id,
                kind=kind,
                due_at=due_at,
                digest_on=digest_on,
                why=model.why,
                created_at=model.created_at,
            )
        )
    elif row is not None and wanted:
        row.due_at, row.digest_on = max(due_at, now), digest_on
    elif row is not None:
        session.delete(row)  # not ended: the next change of mind may want it again


def _owed(session: Session, destination: Destination, *of: DeliveryKind) -> Sequence[Delivery]:
    query = select(Delivery).where(
        col(Delivery.destination_id) == destination.id,
        col(Delivery.state) == DeliveryState.OWED,
        col(Delivery.kind).in_(of),
    )
    return session.execute(query).scalars().all()


def _settled_jobs(session: Session, destination: Destination, jobs: list[int]) -> set[tuple[int, str]]:
    """Return (job, kind) of what this chat is not to be owed anew; several of one person count as one for pushes."""
    if not jobs:
        return set()
    here = and_(col(Delivery.destination_id) == destination.id, col(Delivery.state) != DeliveryState.OWED)
    others = [chat.id for chat in own_chats(session, destination)[1:]]
    elsewhere = and_(
        col(Delivery.destination_id).in_(others),
        col(Delivery.kind) == DeliveryKind.PUSH,
        col(Delivery.state) != DeliveryState.ENDED,
    )
    query = select(col(Delivery.job_id), col(Delivery.kind)).where(
        col(Delivery.job_id).in_(jobs), or_(here, elsewhere) if others else here
    )
    return {(job, kind) for job, kind in session.execute(query)}
