"""Subscribing, and everything about subscriptions afterwards."""

from collections.abc import Mapping
from dataclasses import replace

from sqlmodel import Session

from notifier.domain import compose
from notifier.domain.cadence import Cadence
from notifier.domain.clean import NAME, clean
from notifier.domain.document import Action, Block, BlockKind, Document, Span
from notifier.domain.facts.skills import nearest, skill_id, skill_name
from notifier.domain.filters import UNSTATED, Wish
from notifier.domain.filters.said import part_in_words, sentence
from notifier.domain.query import parse, query
from notifier.domain.texts import moment, text
from notifier.errors import BadOption, BadQuery
from notifier.services.commands.declared import Asked, Option, command, line, replied_to, said
from notifier.services.commands.values import read_cadence
from notifier.services.forecast import forecast
from notifier.store import subscriptions as store
from notifier.store.tables import Subscription

FIRST_JOBS = 3
WIDER = 3


@command(
    Option("query", required=True),
    Option("cadence", choices=tuple(Cadence), named=True),
    Option("name", named=True),
    aliases=("sub",),
    example="subscribe python remote",
    asks="query",
)
def subscribe(session: Session, asked: Asked) -> Document:
    """Add a subscription, and show what is open for it now."""
    words = asked.options.get("query", "").strip()
    if not words:
        raise BadQuery("query-empty")
    wanted = parse(words)
    cadence = read_cadence(asked.get("cadence")) if asked.get("cadence") else wanted.cadence
    return subscribed(session, asked, wanted.wish, cadence, name=clean(asked.get("name"), NAME))


def subscribed(
    session: Session, asked: Asked, wish: Wish, cadence: Cadence | None, *, name: str = ""
) -> Document:
    """Subscribe the chat to a wish; say what was understood, what fits now, and how to undo it."""
    wish = wish.at_home(store.home_of(session, asked.chat))
    row = store.subscribe(
        session, asked.chat, wish, asked.now, cadence=cadence, name=(name or query(wish))[:NAME]
    )
    locale = asked.locale
    blocks = [
        line("subscribed", locale, number=row.number, sentence=sentence(wish, locale)),
        line(f"subscribed-how-{row.cadence}", locale),
        *unknown_words(wish, locale),
    ]
    if asked.chat.next_digest_at is not None and row.cadence != Cadence.INSTANT:
        at = moment(asked.chat.next_digest_at, asked.chat.zone, locale)
        blocks.append(line("subscribed-next", locale, at=at))
    blocks += _forecast(session, wish, asked)
    undo = Action(text("undo", locale), command=f"unsubscribe {row.number}")
    return Document(tuple(blocks), (undo,))


def _forecast(session: Session, wish: Wish, asked: Asked) -> list[Block]:
    """Say what fits now, about how much a day, and what would widen a wish that nothing fits."""
    locale = asked.locale
    found = forecast(session, wish, asked.now)
    if found.open:
        blocks = [line("subscribed-open", locale, BlockKind.HEADING, count=len(found.open))]
        blocks += compose.items(found.open[:FIRST_JOBS], locale)
        return [*blocks, _rate(found.per_day, locale)]
    wider = [
        text("widen-without", locale, part=part_in_words(wish, key, locale), count=count)
        for key, count in found.wider[:WIDER]
    ]
    blocks = [line("subscribed-none-open", locale)]
    if wider:
        blocks.append(line("widen", locale, hints=text("or", locale).join(wider)))
    return [*blocks, _rate(found.per_day, locale)] if found.per_day else blocks


def _rate(per_day: float, locale: str) -> Block:
    if per_day >= 1:
        return line("rate-day", locale, BlockKind.NOTE, count=round(per_day))
    return line("rate-week", locale, BlockKind.NOTE, count=max(1, round(per_day * 7)))


def unknown_words(wish: Wish, locale: str) -> list[Block]:
    """Say which words of a wish are no skill we know, with the nearest ones; they are looked for in titles."""
    blocks = []
    for term in wish.terms("skills"):
        if term == UNSTATED or "+" in term or skill_id(term):
            continue
        near = [skill_name(id_) for id_ in nearest(term)]
        message_id = "word-unknown-near" if near else "word-unknown"
        blocks.append(
            line(message_id, locale, BlockKind.NOTE, word=clean(term), nearest=text("or", locale).join(near))
        )
    return blocks


@command(
    Option("subscription", required=True, completes="subscription"),
    aliases=("unsub",),
    example="unsubscribe 1",
)
def unsubscribe(session: Session, asked: Asked) -> Document:
    """Remove a subscription by its number, or the one that caused the message that is replied to."""
    if asked.is_reply("subscription"):
        causes = {why["number"]: why["name"] for _, whys in replied_to(session, asked) for why in whys}
        if len(causes) > 1:
            return _which(causes, asked.locale)
        if causes:
            asked.options["subscription"] = str(*causes)
    return _stopped(session, asked, asked.number("subscription"))


def _stopped(session: Session, asked: Asked, number: int) -> Document:
    row = store.unsubscribe(session, asked.chat, number, asked.now)
    return replace(
        said("subscription-stopped", asked.locale, number=row.number, name=row.name), replaces=True
    )


def _which(causes: Mapping[int, str], locale: str) -> Document:
    """Ask which of several subscriptions is meant."""
    actions = [
        Action(f"#{number} {clean(name, NAME)}".strip(), command=f"unsubscribe {number}")
        for number, name in sorted(causes.items())
    ]
    return Document((line("unsubscribe-which", locale),), tuple(actions))


ACTIONS = ("list", "show", "edit", "rename", "pause", "resume", "share", "here", "delete")


@command(
    Option("action", choices=ACTIONS),
    Option("number"),
    Option("value"),
    aliases=("list",),
    example="subscriptions rename 1 Python remote",
)
def subscriptions(session: Session, asked: Asked) -> Document:
    """Show the subscriptions, or change one."""
    action = asked.get("action").lower() or "list"
    if action.removeprefix("#").isdecimal():  # `subscriptions 2` shows it
        action, asked.options["number"] = "show", action
    if action == "list":
        return _list(session, asked)
    if action not in ACTIONS:
        raise BadOption(
            "option-choice", value=action, choices=", ".join(ACTIONS), example=asked.command.example
        )
    number, value, now = asked.number("number"), asked.get("value"), asked.now
    match action:
        case "show":
            return _show(asked, store.numbered(session, asked.chat, number))
        case "delete":
            return _stopped(session, asked, number)
        case "pause":
            store.edit(session, asked.chat, number, now, paused_at=now)
            return replace(said("subscription-is-paused", asked.locale, number=number), replaces=True)
        case "resume":
            store.edit(session, asked.chat, number, now, paused_at=None)
            return replace(said("subscription-resumed", asked.locale, number=number), replaces=True)
        case "here":
            row = store.hear_here(session, asked.chat, number, now)
            return said("subscription-here", asked.locale, number=row.number, name=row.name)
        case "share":
            return _share(session, asked, number)
    if not value:
        raise BadOption("option-missing", option="value", example=asked.command.example)
    if action == "rename":
        store.edit(session, asked.chat, number, now, name=value[:NAME])
        return said("subscription-renamed", asked.locale, number=number, name=value[:NAME])
    wish = edited(session, asked, number, value)
    return said("subscription-edited", asked.locale, number=number, sentence=sentence(wish, asked.locale))


def edited(session: Session, asked: Asked, number: int, words: str) -> Wish:
    """Give a subscription the wish (and cadence) that `words` write, and return that wish."""
    wanted = parse(words)
    wish = wanted.wish.at_home(store.home_of(session, asked.chat))
    changes: dict[str, object] = {"wish": wish.to_json(), "name": query(wish)[:NAME]}
    if wanted.cadence is not None:
        changes["cadence"] = wanted.cadence
    store.edit(session, asked.chat, number, asked.now, **changes)
    return wish


def _list(session: Session, asked: Asked) -> Document:
    rows = store.of_person(session, asked.chat)
    if not rows:
        return said("subscriptions-none", asked.locale)
    blocks = [line("subscriptions-title", asked.locale, BlockKind.HEADING, count=len(rows))]
    for chat, row in rows:
        elsewhere = chat.platform.capitalize() if chat.id != asked.chat.id else ""
        blocks.append(_row(row, asked.locale, elsewhere))
    return Document(tuple(blocks))


def subscription_line(row: Subscription, locale: str) -> str:
    """Return a subscription in one line: its number, its name, how often."""
    cadence = text("subscription-paused" if row.paused_at else f"cadence-{row.cadence}", locale)
    return text("subscription-line", locale, number=row.number, name=clean(row.name, NAME), cadence=cadence)


def _row(row: Subscription, locale: str, elsewhere: str = "") -> Block:
    """Return a subscription as an item; `elsewhere` is the platform where its jobs come, if not here."""
    words = subscription_line(row, locale)
    if elsewhere:
        words = f"{words} → {elsewhere}"
    return Block((Span(words),), BlockKind.ITEM, opens=f"subscriptions show {row.number}")


def _show(asked: Asked, row: Subscription) -> Document:
    """Return one subscription in words, with what can be done about it."""
    locale = asked.locale
    words = sentence(Wish.from_json(row.wish), locale)
    turn = "resume" if row.paused_at else "pause"
    actions = [
        Action(text(label, locale), command=f"subscriptions {verb} {row.number}")
        for label, verb in ((turn, turn), ("share", "share"), ("remove", "delete"))
    ]
    return Document((_row(row, locale), line("subscription-asks", locale, sentence=words)), tuple(actions))


def _share(session: Session, asked: Asked, number: int) -> Document:
    """Return how somebody else gets a copy of a subscription."""
    start = f"s_{store.share(session, asked.chat, number)}"
    link = f"{asked.caller.deep_link}{start}" if asked.caller.deep_link else ""
    blocks = [line("subscription-shared", asked.locale, number=number, token=start)]
    if not link:
        return Document(tuple(blocks))
    blocks.append(Block((Span(link, link=link),)))
    return Document(tuple(blocks), (Action(text("share", asked.locale), url=link),))
