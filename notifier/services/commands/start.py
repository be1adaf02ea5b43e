"""The first minute: three real jobs at once, then three taps that may be skipped."""

from zoneinfo import ZoneInfo

from sqlmodel import Session

from notifier.domain import compose
from notifier.domain.cadence import Cadence
from notifier.domain.clean import NAME, clean
from notifier.domain.document import Action, Block, BlockKind, Document
from notifier.domain.facts.places import place, spoken
from notifier.domain.facts.skills import skill_kind, skill_name
from notifier.domain.filters import Wish
from notifier.domain.query import parse
from notifier.domain.texts import text
from notifier.errors import UserError
from notifier.services.commands.declared import Asked, Option, command, line
from notifier.services.commands.guess import country_of
from notifier.services.commands.jobs import card
from notifier.services.commands.link import redeemed
from notifier.services.commands.subscriptions import subscribed
from notifier.services.messages import skill_counts
from notifier.store import openings, subscriptions

SHOWN = 3
CHIPS = 6
SKIP = "-"
ANYWHERE = "anywhere"
_HOW = (Cadence.BOTH, Cadence.INSTANT, Cadence.DAILY, Cadence.WEEKLY)


@command(Option("token"), example="start")
def start(session: Session, asked: Asked) -> Document:
    """Show what is open now, and help to a first subscription; a deep link's token does what it says."""
    words = asked.get("token")
    if words.startswith("s_"):
        return _copied(session, asked, words.removeprefix("s_"))
    if words.startswith("j_"):
        return card(session, asked, words.removeprefix("j_"))
    if words.startswith("l_"):
        return redeemed(session, asked, words.removeprefix("l_"))
    picked = words.split()
    if not picked or words == "help":  # what inline mode links to
        return _welcome(session, asked)
    if len(picked) == 1:
        return _where(asked, picked[0])
    if len(picked) == 2:
        return _how(asked, *picked)
    return _done(session, asked, *picked[:3])


def _welcome(session: Session, asked: Asked) -> Document:
    locale = asked.locale
    blocks = [line("start-hello", locale)]
    jobs = [job for job, _ in zip(openings.newest_open(session, asked.now), range(SHOWN), strict=False)]
    if jobs:
        blocks.append(line("start-jobs", locale, BlockKind.HEADING))
        blocks += compose.items(jobs, locale)
    if have := len(subscriptions.subscriptions_of(session, asked.chat)):
        blocks.append(line("start-again", locale, count=have))
    blocks.append(line("start-skill", locale))
    counts = skill_counts(session, asked.now)[:CHIPS]
    chips = [
        Action(text("start-chip", locale, skill=skill_name(id_), count=count), command=f"start {id_}")
        for id_, count in counts
    ]
    return Document(tuple(blocks), (*chips, Action(text("skip", locale), command=f"start {SKIP}")))


def _where(asked: Asked, skill: str) -> Document:
    locale = asked.locale
    _check(skill)
    choices = [Action(text("start-remote", locale), command=f"start {skill} remote")]
    if home := country_of(asked.caller.locale):
        choices.append(Action(place(home).name, command=f"start {skill} in:{home}"))
    choices.append(Action(text("start-anywhere", locale), command=f"start {skill} {ANYWHERE}"))
    return Document((line("start-where", locale),), tuple(choices))


def _how(asked: Asked, skill: str, where: str) -> Document:
    locale = asked.locale
    _wish(skill, where)
    chips = [
        Action(text(f"start-how-{cadence}", locale), command=f"start {skill} {where} {cadence}")
        for cadence in _HOW
    ]
    return Document((line("start-how", locale),), tuple(chips), replaces=True)


def _done(session: Session, asked: Asked, skill: str, where: str, how: str) -> Document:
    locale, wish = asked.locale, _wish(skill, where)
    try:
        cadence = Cadence(how)
    except ValueError:
        raise UserError("option-cadence", value=how) from None
    if not wish.parts:
        return Document((line("start-nothing", locale),), replaces=True)
    document = subscribed(session, asked, wish, cadence)
    zone = asked.chat.zone
    there = f"{asked.now.astimezone(ZoneInfo(zone)):%H:%M}"
    times = line("start-zone", locale, BlockKind.NOTE, zone=zone, time=there)
    return Document((*document.blocks, times), document.actions, replaces=True)


def _copied(session: Session, asked: Asked, token: str) -> Document:
    """Copy a subscription that somebody shared; it is this chat's own from then on."""
    shared = subscriptions.shared(session, token)
    if shared is None:
        raise UserError("share-unknown")
    wish = Wish.from_json(shared.wish)
    document = subscribed(session, asked, wish, Cadence(shared.cadence), name=clean(shared.name, NAME))
    hello: Block = line("start-copied", asked.locale)
    return Document((hello, *document.blocks), document.actions)


def _check(skill: str) -> None:
    if skill != SKIP and skill_kind(skill) is None:
        raise UserError("start-stale")


def _wish(skill: str, where: str) -> Wish:
    """Return the wish of what was picked; buttons of an older version are said to be stale."""
    _check(skill)
    words = [] if skill == SKIP else [skill]
    if where.startswith("in:"):
        country = where.removeprefix("in:")
        try:
            words.append(f'in:"{spoken(country)}"')
        except KeyError:
            raise UserError("start-stale") from None
    elif where == "remote":
        words.append(where)
    elif where not in (SKIP, ANYWHERE):
        raise UserError("start-stale")
    return parse(" ".join(words)).wish if words else Wish(())
