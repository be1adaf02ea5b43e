"""What operators look at and do from a chat: health, lists, dead letters, who may use the bot."""

from collections.abc import Mapping

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from notifier.domain.clean import NAME, clean, safe_link
from notifier.domain.document import Action, Block, BlockKind, Document, Span
from notifier.domain.posting import Found
from notifier.domain.redact import redacted
from notifier.domain.texts import text
from notifier.errors import BadOption, UserError
from notifier.services.commands import answers
from notifier.services.commands.declared import Asked, Audience, Option, command, line, said
from notifier.services.commands.values import read_number
from notifier.services.found import keep, preview
from notifier.store import health, openings, outbox, sources
from notifier.store.health import Health
from notifier.store.tables import Allowed, Destination, Person, Report, Subscription

UNCONFIRMED = "waits for an operator to say yes"
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


def address_to_add(options: Mapping[str, str]) -> str:
    """Return the address that `admin sources add ADDRESS` names, "" for any other command."""
    verb, _, address = options.get("value", "").strip().partition(" ")
    is_add = options.get("action", "").lower() == "sources" and verb.lower() == "add"
    return address.strip() if is_add else ""


def _sources(session: Session, asked: Asked) -> Document:
    verb, _, name = asked.get("value").partition(" ")
    name = name.strip()
    if verb == "add" and name:
        return _add(session, asked)
    if verb in ("pause", "resume", "remove"):
        row = sources.named(session, name)
        if row is None:
            names = ", ".join(source.name for source in sources.every(session))
            raise BadOption("source-unknown", name=name, names=names or "-")
        if verb == "remove":
            sources.remove(session, name)
            return said("source-removed", asked.locale, name=name)
        if verb == "pause":
            row.paused = "by an operator"
        elif row.paused == UNCONFIRMED:
            sources.accept(row, asked.now)
            return said("source-read", asked.locale, name=name)
        else:
            sources.accept(row, asked.now)
    elif verb:
        raise BadOption(
            "option-choice",
            value=verb,
            choices="add, pause, resume, remove",
            example="admin sources add https://github.com/OWNER/REPO",
        )
    rows = health.every(session, asked.now)
    if not rows:
        return said("admin-no-sources", asked.locale)
    blocks = [line("admin-sources", asked.locale, BlockKind.HEADING, count=len(rows))]
    return Document((*blocks, *(_source(row, asked) for row in rows)))


def _add(session: Session, asked: Asked) -> Document:
    """Show what stands at an address, and keep it unread until the operator says yes."""
    found = asked.caller.found
    if not isinstance(found, Found):
        raise UserError("source-wrong", reason=redacted(str(found or "-")))
    locale = asked.locale
    row = keep(session, found, asked.now, paused=UNCONFIRMED)
    shown = preview(found, locale)
    actions = (
        Action(text("found-yes", locale), command=_short(session, asked, f"admin sources resume {row.name}")),
        Action(text("found-no", locale), command=_short(session, asked, f"admin sources remove {row.name}")),
    )
    return Document((*shown.blocks, line("found-waits", locale)), actions)


def _short(session: Session, asked: Asked, command: str) -> str:
    return answers.short(session, asked.chat, command, asked.now)


def _source(row: Health, asked: Asked) -> Block:
    locale = asked.locale
    last = f"{row.last_ok_at:%Y-%m-%d %H:%M} UTC" if row.last_ok_at else "–"
    reason = clean(redacted(row.reason), NAME)
    state = text(f"admin-source-{row.state}", locale, reason=reason, count=row.failures)
    words = text(
        "admin-source",
        locale,
        name=clean(row.name, NAME),
        health=state,
        last=last,
        rows=row.usual_rows,
        new=f"{row.new_per_day:g}",
    )
    notices = [
        text(f"admin-source-{name}", locale, count=count)
        for name, count in (("unread", row.unread), ("quiet", row.quiet_days))
        if count
    ]
    if row.slowed:
        notices.append(text("admin-source-slowed", locale, at=f"{row.next_fetch_at:%Y-%m-%d %H:%M} UTC"))
    return Block((Span(" · ".join((words, *notices))),), BlockKind.ITEM)


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
