"""What a person does with a job: the buttons below a push."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete
from sqlmodel import Session, col

from notifier.domain.clean import NAME, TITLE, clean
from notifier.domain.document import Block, BlockKind, Document, Span
from notifier.domain.filters import CompiledWish, Prepared, Wish
from notifier.domain.filters.said import reasons, refusals
from notifier.domain.fold import fold
from notifier.domain.posting import Opening
from notifier.domain.texts import text
from notifier.errors import UserError
from notifier.services.commands.declared import Asked, Option, command, line, said
from notifier.store import openings, outbox, subscriptions
from notifier.store.tables import Mark, Mute

_JOB = Option("job", required=True)


def _job(session: Session, asked: Asked) -> Opening:
    number = asked.number("job")
    found = openings.by_id(session, [number]).get(number)
    if found is None:
        raise UserError("job-unknown", number=number)
    return found


def _person(asked: Asked) -> int:
    if asked.chat.person_id is None:
        raise UserError("private-only", command=asked.command.name)
    return asked.chat.person_id


def _mark(session: Session, asked: Asked, status: str) -> Document:
    job, person = _job(session, asked), _person(asked)
    session.execute(delete(Mark).where(col(Mark.person_id) == person, col(Mark.job_id) == job.id))
    session.add(Mark(person_id=person, job_id=job.id, status=status, at=asked.now))
    return said(f"marked-{status}", asked.locale, title=clean(job.title, TITLE))


@command(_JOB, example="save 12", listed=False)
def save(session: Session, asked: Asked) -> Document:
    """Keep a job; the digest says when it is about to leave."""
    return _mark(session, asked, "saved")


@command(_JOB, example="applied 12", listed=False)
def applied(session: Session, asked: Asked) -> Document:
    """Note that the person has applied."""
    return _mark(session, asked, "applied")


@command(_JOB, example="hide 12", listed=False)
def hide(session: Session, asked: Asked) -> Document:
    """Leave a job out of the person's own chats."""
    return _mark(session, asked, "hidden")


@command(_JOB, example="mute 12", listed=False)
def mute(session: Session, asked: Asked) -> Document:
    """Leave a company out of the person's own chats."""
    job, person = _job(session, asked), _person(asked)
    company = fold(job.company)
    session.execute(delete(Mute).where(col(Mute.person_id) == person, col(Mute.company) == company))
    session.add(Mute(person_id=person, company=company))
    return said("muted", asked.locale, company=clean(job.company, NAME))


@command(Option("job", required=True), example="why https://jobs.example/42")
def why(session: Session, asked: Asked) -> Document:
    """Say of a job, by its number or link, which subscriptions it fits and by what, and why not the others."""
    job = _job_or_link(session, asked)
    rows = subscriptions.subscriptions_of(session, asked.chat)
    kept = {reason["number"]: reason for reason in outbox.why(session, asked.chat.id, job.id)}
    if not rows and not kept:
        raise UserError("subscriptions-none")
    blocks = [line("why-answer", asked.locale, BlockKind.HEADING, title=clean(job.title, TITLE))]
    prepared = Prepared(job)
    for row in rows:
        told = kept.pop(row.number, None)
        met = told["met"] if told else CompiledWish(Wish.from_json(row.wish)).match(prepared, asked.now)
        blocks.append(_why_line(row.number, row.name, met, Wish.from_json(row.wish), prepared, asked))
    for number, told in kept.items():  # a subscription that has been removed since
        blocks.append(_why_line(number, told["name"], told["met"], Wish(()), prepared, asked))
    return Document(tuple(blocks))


def _why_line(
    number: int, name: str, met: Mapping[str, Sequence[str]] | None, wish: Wish, job: Prepared, asked: Asked
) -> Block:
    locale, shown = asked.locale, clean(name, NAME)
    if met is not None:
        because = reasons(met, locale) or text("why-everything", locale)
        words = text("why-line", locale, number=number, name=shown, met=because)
    else:
        because = "; ".join(refusals(wish, job, asked.now, locale))
        words = text("why-not-line", locale, number=number, name=shown, refused=because)
    return Block((Span(words),), BlockKind.ITEM)


def _job_or_link(session: Session, asked: Asked) -> Opening:
    named = asked.get("job")
    if "://" not in named:
        return _job(session, asked)
    found = openings.at_link(session, named)
    if found is None:
        raise UserError("link-unknown")
    return found
