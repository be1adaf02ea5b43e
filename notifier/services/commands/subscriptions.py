"""Subscribing, and everything about subscriptions afterwards."""

from sqlmodel import Session

from notifier.domain import compose
from notifier.domain.cadence import Cadence
from notifier.domain.clean import NAME, clean
from notifier.domain.document import Action, Block, BlockKind, Document, Span
from notifier.domain.filters import FILTERS, Wish
from notifier.domain.query import parse, query
from notifier.domain.texts import moment, text
from notifier.errors import BadOption, BadQuery
from notifier.services.commands.declared import Asked, Option, command, line, said
from notifier.services.commands.jobs import fitting
from notifier.store import openings
from notifier.store import subscriptions as store
from notifier.store.tables import Subscription

FIRST_JOBS = 3


def sentence(wish: Wish, locale: str) -> str:
    """Return a wish in words."""
    words = []
    for key, terms in wish.parts:
        message_id, values = FILTERS[key].sentence(terms)
        named = values["terms"]
        assert isinstance(named, list)
        if key == "remote":
            named = [text(f"mode-word-{term}", locale) for term in named]
        words.append(text(message_id, locale, terms=text("or", locale).join(map(clean, named))))
    return ", ".join(words)


@command(Option("query", required=True), aliases=("sub",), example="subscribe python remote")
def subscribe(session: Session, asked: Asked) -> Document:
    """Add a subscription, and show what is open for it now."""
    words = asked.options.get("query", "").strip()
    if not words:
        raise BadQuery("query-empty")
    wanted = parse(words)
    row = store.subscribe(
        session,
        asked.chat,
        wanted.wish,
        asked.now,
        cadence=wanted.cadence,
        name=query(wanted.wish)[:NAME],
    )
    locale = asked.locale
    blocks = [
        line("subscribed", locale, number=row.number, sentence=sentence(wanted.wish, locale)),
        line(f"subscribed-how-{row.cadence}", locale),
    ]
    if asked.chat.next_digest_at is not None and row.cadence != Cadence.INSTANT:
        at = moment(asked.chat.next_digest_at, asked.chat.zone, locale)
        blocks.append(line("subscribed-next", locale, at=at))
    found = fitting(openings.newest_open(session, asked.now), wanted.wish, asked.now)
    if found:
        blocks.append(line("subscribed-open", locale, BlockKind.HEADING, count=len(found)))
        blocks += compose.items(found[:FIRST_JOBS], locale)
    else:
        blocks.append(line("subscribed-none-open", locale))
    undo = Action(text("undo", locale), command=f"unsubscribe {row.number}")
    return Document(tuple(blocks), (undo,))


@command(Option("number", required=True), aliases=("unsub",), example="unsubscribe 1")
def unsubscribe(session: Session, asked: Asked) -> Document:
    """Remove a subscription by its number."""
    row = store.unsubscribe(session, asked.chat, asked.number("number"), asked.now)
    return said("subscription-stopped", asked.locale, number=row.number, name=row.name)


@command(
    Option("action", choices=("list", "edit", "rename", "pause", "resume", "delete")),
    Option("number"),
    Option("value"),
    aliases=("list",),
    example="subscriptions rename 1 Python remote",
)
def subscriptions(session: Session, asked: Asked) -> Document:
    """Show the subscriptions, or change one."""
    action = asked.get("action").lower() or "list"
    if action == "list":
        return _list(session, asked)
    number, value, now = asked.number("number"), asked.get("value"), asked.now
    if action == "delete":
        row = store.unsubscribe(session, asked.chat, number, now)
        return said("subscription-stopped", asked.locale, number=row.number, name=row.name)
    if action == "pause":
        store.edit(session, asked.chat, number, now, paused_at=now)
        return said("subscription-is-paused", asked.locale, number=number)
    if action == "resume":
        store.edit(session, asked.chat, number, now, paused_at=None)
        return said("subscription-resumed", asked.locale, number=number)
    if not value:
        raise BadOption("option-missing", option="value", example=asked.command.example)
    if action == "rename":
        store.edit(session, asked.chat, number, now, name=value[:NAME])
        return said("subscription-renamed", asked.locale, number=number, name=value[:NAME])
    if action == "edit":
        wanted = parse(value)
        changes: dict[str, object] = {"wish": wanted.wish.to_json(), "name": query(wanted.wish)[:NAME]}
        if wanted.cadence is not None:
            changes["cadence"] = wanted.cadence
        store.edit(session, asked.chat, number, now, **changes)
        words = sentence(wanted.wish, asked.locale)
        return said("subscription-edited", asked.locale, number=number, sentence=words)
    raise BadOption("setting-unknown", name=action, names="list, edit, rename, pause, resume, delete")


def _list(session: Session, asked: Asked) -> Document:
    rows = store.subscriptions_of(session, asked.chat)
    if not rows:
        return said("subscriptions-none", asked.locale)
    blocks = [line("subscriptions-title", asked.locale, BlockKind.HEADING, count=len(rows))]
    return Document((*blocks, *(_row(row, asked.locale) for row in rows)))


def _row(row: Subscription, locale: str) -> Block:
    cadence = text(f"cadence-{row.cadence}", locale)
    if row.paused_at is not None:
        cadence = text("subscription-paused", locale)
    words = text("subscription-line", locale, number=row.number, name=clean(row.name, NAME), cadence=cadence)
    return Block((Span(words),), BlockKind.ITEM)
