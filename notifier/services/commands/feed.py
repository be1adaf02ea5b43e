"""Feeds of a shared chat: its subscriptions, managed by whoever administers it."""

from dataclasses import replace

from sqlmodel import Session

from notifier.domain import compose
from notifier.domain.cadence import Cadence
from notifier.domain.clean import NAME, clean
from notifier.domain.document import Action, Block, BlockKind, Document, Span
from notifier.domain.filters import Wish
from notifier.domain.filters.said import sentence
from notifier.domain.query import Query, parse, query
from notifier.domain.texts import text
from notifier.errors import BadOption, UserError
from notifier.services.commands import answers
from notifier.services.commands.declared import (
    Asked,
    Audience,
    Option,
    command,
    kept_line,
    line,
    redone,
    said,
)
from notifier.services.commands.subscriptions import edited, subscription_line, unknown_words
from notifier.services.commands.values import read_cadence, read_number
from notifier.services.forecast import forecast
from notifier.store import subscriptions as store
from notifier.store.tables import DestinationKind, Subscription

ACTIONS = ("add", "list", "edit", "test", "pause", "resume", "remove")
SHOWN = 3
NONE = "none"


@command(
    Option("action", choices=ACTIONS),
    Option("value"),
    *(
        Option(name, named=True)
        for name in ("number", "cadence", "mention", "mention_when", "tag", "webhook")
    ),
    example="feed add python remote",
    asks="value",
    audience=Audience.MANAGERS,
    personal=False,
)
def feed(session: Session, asked: Asked) -> Document:
    """Add, list, edit, test, pause, resume or remove what is posted in this chat."""
    action = asked.get("action").lower() or "list"
    if action not in ACTIONS:
        raise BadOption(
            "option-choice", value=action, choices=", ".join(ACTIONS), example="feed add python remote"
        )
    if asked.caller.kind is DestinationKind.PRIVATE:
        return _elsewhere(session, asked, action)
    match action:
        case "list":
            return _list(session, asked)
        case "add":
            return _add(session, asked)
        case "edit":
            return _edit(session, asked)
        case "test":
            return _test(session, asked, _numbered(session, asked, asked.get("number") or asked.get("value")))
        case "pause" | "resume":
            row = _numbered(session, asked, asked.get("number") or asked.get("value"))
            paused_at = asked.now if action == "pause" else None
            store.edit(session, asked.chat, row.number, asked.now, paused_at=paused_at)
            return replace(said(f"feed-{action}d", asked.locale, number=row.number), replaces=True)
    row = _numbered(session, asked, asked.get("number") or asked.get("value"))
    store.unsubscribe(session, asked.chat, row.number, asked.now)
    gone = said("feed-removed", asked.locale, number=row.number, name=clean(row.name, NAME))
    return replace(gone, replaces=True)


def _elsewhere(session: Session, asked: Asked, action: str) -> Document:
    """Keep what was asked in a private chat, and let the person choose the channel that it is about."""
    if action == "add":
        _wanted(asked)  # what is wrong with it is said now
    words = f"feed {action} {asked.get('value')}".strip()
    token = answers.keep(session, asked.chat, words, asked.now, digits=True)
    pick = Action(text("pick-channel", asked.locale), command=f"chosen {token}", picks_chat=True)
    return Document((line("pick-channel-hint", asked.locale),), (pick,))


@command(Option("token"), personal=False, listed=False)
def chosen(session: Session, asked: Asked) -> Document:
    """Do in the chat that was chosen what was asked before in private; without a token the last of it."""
    caller, token = asked.caller, asked.get("token")
    if not token:
        own = store.destination_at(session, caller.platform, caller.private)
        token = answers.last_kept(session, own, "feed ") if own is not None else ""
    kept = kept_line(session, asked, token)
    if kept is None:
        raise UserError("feed-nothing-chosen")
    return redone(session, caller, kept)


def _cadence(asked: Asked) -> Cadence | None:
    return read_cadence(asked.get("cadence")) if asked.get("cadence") else None


def _notice(asked: Asked) -> dict[str, object]:
    """Return the columns that say whom a feed notifies and how it is tagged; "none" takes that away."""
    given: dict[str, object] = {}
    for name in ("mention", "tag"):
        if value := asked.get(name):
            given[name] = "" if value.lower() == NONE else value
    if when := asked.get("mention_when"):
        given["mention_when"] = None if when.lower() == NONE else parse(when).wish.to_json()
    return given


def _wanted(asked: Asked) -> Query:
    """Return what a feed is to ask for."""
    if not asked.get("value"):
        raise BadOption("option-missing", option="query", example="feed add python remote")
    return parse(asked.get("value"))


def _add(session: Session, asked: Asked) -> Document:
    wanted, locale = _wanted(asked), asked.locale
    if asked.caller.user_id:
        asked.chat.keeper_id = asked.person(session).id
    if (
        asked.caller.secret or not asked.chat.secret
    ):  # pressed from elsewhere, what is known of a webhook stays
        asked.chat.title, asked.chat.form = clean(asked.caller.title, NAME), asked.caller.form
    row = store.subscribe(
        session,
        asked.chat,
        wanted.wish,
        asked.now,
        cadence=_cadence(asked) or wanted.cadence,
        name=query(wanted.wish)[:NAME],
    )
    store.edit(session, asked.chat, row.number, asked.now, **_notice(asked))
    blocks = [
        line("feed-added", locale, number=row.number, sentence=sentence(wanted.wish, locale)),
        line(f"feed-how-{row.cadence}", locale),
        *unknown_words(wanted.wish, locale),
    ]
    if asked.chat.secret:
        blocks.append(line("feed-webhook-kept", locale, BlockKind.NOTE))
    actions = (
        Action(text("test", locale), command=f"feed test {row.number}"),
        Action(text("undo", locale), command=f"feed remove {row.number}"),
    )
    return Document(tuple(blocks), actions)


def _list(session: Session, asked: Asked) -> Document:
    rows = store.subscriptions_of(session, asked.chat)
    locale = asked.locale
    if not rows:
        return said("feeds-none", locale)
    blocks = [line("feeds-title", locale, BlockKind.HEADING, count=len(rows))]
    for row in rows:
        words = subscription_line(row, locale)
        blocks.append(Block((Span(words),), BlockKind.ITEM, opens=f"feed test {row.number}"))
    if asked.chat.trouble_reason:
        blocks.append(line("feed-trouble", locale, reason=clean(asked.chat.trouble_reason, NAME)))
        asked.chat.trouble = None  # told
    return Document(tuple(blocks))


def _edit(session: Session, asked: Asked) -> Document:
    number, words = asked.get("number"), asked.get("value")
    if not number:
        number, _, words = words.partition(" ")
    row = _numbered(session, asked, number)
    changes = _notice(asked)
    if (cadence := _cadence(asked)) is not None:
        changes["cadence"] = cadence
    if not words.strip() and not changes:
        raise BadOption("option-missing", option="query", example="feed edit 1 python remote")
    wish = edited(session, asked, row.number, words) if words.strip() else Wish.from_json(row.wish)
    if changes:
        store.edit(session, asked.chat, row.number, asked.now, **changes)
    return said("feed-edited", asked.locale, number=row.number, sentence=sentence(wish, asked.locale))


def _test(session: Session, asked: Asked, row: Subscription) -> Document:
    """Show what the feed would post now; nothing is posted."""
    locale, wish = asked.locale, Wish.from_json(row.wish)
    found = forecast(session, wish, asked.now)
    blocks = [line("feed-test", locale, BlockKind.HEADING, number=row.number, count=len(found.open))]
    blocks += compose.items(found.open[:SHOWN], locale)
    blocks.append(line("feed-asks", locale, BlockKind.NOTE, sentence=sentence(wish, locale)))
    actions = [
        Action(text(name, locale), command=f"feed {name} {row.number}")
        for name in ("resume" if row.paused_at else "pause", "remove")
    ]
    return Document(tuple(blocks), tuple(actions))


def _numbered(session: Session, asked: Asked, word: str) -> Subscription:
    number = read_number(word)
    if number is None:
        raise BadOption("option-number", value=word or "feed", example="feed test 1")
    return store.numbered(session, asked.chat, number)
