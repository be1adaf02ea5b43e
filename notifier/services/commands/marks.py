"""What a person does with a job: the buttons below a push."""

from sqlalchemy import delete
from sqlmodel import Session, col

from notifier.domain.clean import NAME, TITLE, clean
from notifier.domain.document import Document
from notifier.domain.fold import fold
from notifier.domain.posting import Opening
from notifier.domain.texts import text
from notifier.errors import UserError
from notifier.services.commands.declared import Asked, Option, command, line, said
from notifier.store import openings, outbox
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


@command(_JOB, example="why 12", listed=False)
def why(session: Session, asked: Asked) -> Document:
    """Say which subscription a job fitted, and by what."""
    job = _job(session, asked)
    reasons = outbox.why(session, asked.chat.id, job.id)
    if not reasons:
        raise UserError("why-unknown", title=clean(job.title, TITLE))
    parts = []
    for reason in reasons:
        met = [f"{key}: {', '.join(facts)}" for key, facts in reason["met"].items() if facts]
        name = clean(reason["name"], NAME)
        parts.append(text("why-line", asked.locale, number=reason["number"], name=name, met="; ".join(met)))
    shown = line("why-answer", asked.locale, title=clean(job.title, TITLE), reasons=" · ".join(parts))
    return Document((shown,))
