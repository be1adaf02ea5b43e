"""What operators look at and do from a chat: health, lists, dead letters, who may use the bot."""

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from notifier.domain.clean import NAME, clean, safe_link
from notifier.domain.document import Action, Block, BlockKind, Document, Span
from notifier.domain.texts import text
from notifier.errors import BadOption
from notifier.services.commands.declared import Asked, Audience, Option, command, line, said
from notifier.services.commands.values import read_number
from notifier.store import openings, outbox, sources
from notifier.store.tables import Allowed, Destination, Person, Report, Source, Subscription

ACTIONS = ("status", "sources", "dead", "allow", "reports")
SHOWN = 10


@command(
    Option("action", choices=ACTIONS),
    Option("value"),
    example="admin status",
    audience=Audience.OPERATORS,
)
def admin(session: Session, asked: Asked) -> Document:
    """Status, sources, dead letters, reports, who may use the bot."""
    match asked.get("action").lower() or "status":
        case "status":
            return _status(session, asked)
        case "sources":
            return _sources(session, asked)
        case "dead":
            return _dead(session, asked)
        case "reports":
            return _reports(session, asked)
        case "allow":
            return _allow(session, asked)
    raise BadOption(
        "option-choice", value=asked.get("action"), choices=", ".join(ACTIONS), example="admin status"
    )


def _status(session: Session, asked: Asked) -> Document:
    every, closed, expired = openings.counts(session, asked.now)
    deliveries = outbox.states(session)
    figures = {
        "people": session.execute(select(func.count(col(Person.id)))).scalar_one(),
        "chats": session.execute(select(func.count(col(Destination.id)))).scalar_one(),
        "subscriptions": session.execute(select(func.count(col(Subscription.id)))).scalar_one(),
        "jobs": every,
        "open": every - closed - expired,
        "owed": deliveries.get("owed", 0),
        "sent": deliveries.get("sent", 0),
        "dead": deliveries.get("dead", 0),
    }
    locale = asked.locale
    blocks = [line("admin-title", locale, BlockKind.HEADING)]
    blocks += [line(f"admin-{name}", locale, BlockKind.ITEM, count=count) for name, count in figures.items()]
    actions = [
        Action(text(f"admin-{name}-button", locale), command=f"admin {name}")
        for name in ("sources", "dead", "reports")
    ]
    return Document(tuple(blocks), tuple(actions))


def _sources(session: Session, asked: Asked) -> Document:
    verb, _, name = asked.get("value").partition(" ")
    if verb in ("pause", "resume"):
        row = sources.named(session, name.strip())
        if row is None:
            names = ", ".join(source.name for source in sources.every(session))
            raise BadOption("source-unknown", name=name.strip(), names=names or "-")
        if verb == "pause":
            row.paused = "by an operator"
        else:
            sources.accept(row, asked.now)
    elif verb:
        raise BadOption(
            "option-choice", value=verb, choices="pause, resume", example="admin sources pause NAME"
        )
    rows = sources.every(session)
    if not rows:
        return said("admin-no-sources", asked.locale)
    blocks = [line("admin-sources", asked.locale, BlockKind.HEADING, count=len(rows))]
    return Document((*blocks, *(_source(row, asked) for row in rows)))


def _source(row: Source, asked: Asked) -> Block:
    locale = asked.locale
    health = text("admin-source-good", locale)
    if row.paused:
        health = text("admin-source-paused", locale, reason=clean(row.paused, NAME))
    elif row.suspect:
        health = text("admin-source-suspect", locale, reason=clean(row.suspect, NAME))
    elif row.failures:
        health = text("admin-source-failing", locale, count=row.failures)
    last = f"{row.last_ok_at:%Y-%m-%d %H:%M} UTC" if row.last_ok_at else "–"
    words = text("admin-source", locale, name=clean(row.name, NAME), health=health, last=last)
    return Block((Span(words),), BlockKind.ITEM)


def _dead(session: Session, asked: Asked) -> Document:
    verb, _, number = asked.get("value").partition(" ")
    if verb in ("retry", "drop"):
        letter = read_number(number)
        if letter is None:
            raise BadOption("option-number", value=number or verb, example=f"admin dead {verb} 12")
        change = outbox.retry if verb == "retry" else outbox.drop
        if not change(session, letter, asked.now):
            raise BadOption("dead-unknown", number=letter)
        return said(f"dead-{verb}", asked.locale, number=letter)
    rows = outbox.dead(session)
    if not rows:
        return said("dead-none", asked.locale)
    jobs = openings.by_id(session, {row.job_id for row in rows[:SHOWN]})
    blocks = [line("dead-title", asked.locale, BlockKind.HEADING, count=len(rows))]
    for row in rows[:SHOWN]:
        title = clean(jobs[row.job_id].title, NAME)
        reason = clean(row.reason or "", NAME)
        words = text("dead-line", asked.locale, number=row.id, title=title, reason=reason)
        blocks.append(Block((Span(words),), BlockKind.ITEM, opens=f"admin dead retry {row.id}"))
    return Document(tuple(blocks))


def _reports(session: Session, asked: Asked) -> Document:
    counted = select(col(Report.job_id), func.count()).group_by(col(Report.job_id))
    rows = session.execute(counted.order_by(func.count().desc(), col(Report.job_id))).all()
    if not rows:
        return said("reports-none", asked.locale)
    jobs = openings.by_id(session, {job for job, _ in rows[:SHOWN]})
    blocks = [line("reports-title", asked.locale, BlockKind.HEADING, count=len(rows))]
    for job, count in rows[:SHOWN]:
        shown = jobs[job]
        words = text("report-line", asked.locale, title=clean(shown.title, NAME), count=count)
        blocks.append(Block((Span(words, link=safe_link(shown.url)),), BlockKind.ITEM, opens=f"job {job}"))
    return Document(tuple(blocks))


def _allow(session: Session, asked: Asked) -> Document:
    platform, _, user_id = asked.get("value").strip().partition(":")
    if not platform.isalpha() or not user_id:
        raise BadOption("allow-who", value=asked.get("value"), example="admin allow telegram:12345")
    session.execute(delete(Allowed).where(col(Allowed.platform) == platform, col(Allowed.user_id) == user_id))
    session.add(Allowed(platform=platform, user_id=user_id, at=asked.now))
    return said("allowed", asked.locale, who=f"{platform}:{user_id}")
