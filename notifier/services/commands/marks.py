"""What a person does with a job: the buttons below a push, and the list of what was kept."""

from dataclasses import replace

from sqlalchemy import delete, select
from sqlmodel import Session, col

from notifier.domain import compose
from notifier.domain.clean import NAME, TITLE, clean
from notifier.domain.document import Action, BlockKind, Document
from notifier.domain.fold import fold
from notifier.domain.posting import Opening
from notifier.domain.texts import text
from notifier.errors import BadOption, UserError
from notifier.services.commands.declared import Asked, Option, Run, command, line, said
from notifier.store import openings
from notifier.store.tables import Mark, Mute, Report

_JOB = Option("job", required=True)
# The command: what is noted about the job.
_MARKS = {
    "save": "saved",  # the digest says when it is about to leave
    "applied": "applied",
    "interview": "interview",
    "offer": "offer",
    "rejected": "rejected",
    "hide": "hidden",  # left out of the person's own chats
}
_BUTTONS = ("save", "applied", "hide")  # those that stand under a job
STATUSES = ("saved", "applied", "interview", "offer", "rejected")  # hidden jobs are not listed


def the_job(session: Session, asked: Asked) -> Opening:
    """Return the job that an option names by its number."""
    number = asked.number("job")
    found = openings.by_id(session, [number]).get(number)
    if found is None:
        raise UserError("job-unknown", number=number)
    return found


def _mark(session: Session, asked: Asked, status: str) -> Document:
    job, person = the_job(session, asked), asked.person(session)
    session.execute(delete(Mark).where(col(Mark.person_id) == person.id, col(Mark.job_id) == job.id))
    session.add(Mark(person_id=person.id, job_id=job.id, status=status, at=asked.now))
    document = said(f"marked-{status}", asked.locale, title=clean(job.title, TITLE))
    undo = Action(text("undo", asked.locale), command=f"unmark {job.id} {asked.command.name}")
    return Document(document.blocks, (undo,), brief=True)


def _marking(status: str) -> Run:
    def run(session: Session, asked: Asked) -> Document:
        return _mark(session, asked, status)

    return run


for _name, _status in _MARKS.items():
    command(_JOB, name=_name, example=f"{_name} 12", personal=False, listed=False)(_marking(_status))


@command(_JOB, Option("was"), example="unmark 12", personal=False, listed=False)
def unmark(session: Session, asked: Asked) -> Document:
    """Take back what was noted about a job; `was` is the command that noted it, offered once more."""
    job, person = the_job(session, asked), asked.person(session)
    session.execute(delete(Mark).where(col(Mark.person_id) == person.id, col(Mark.job_id) == job.id))
    document = said("unmarked", asked.locale, title=clean(job.title, TITLE))
    was = asked.get("was")
    again = (Action(text(was, asked.locale), command=f"{was} {job.id}"),) if was in _BUTTONS else ()
    return Document(document.blocks, again, brief=True)


@command(_JOB, example="mute 12", personal=False, listed=False)
def mute(session: Session, asked: Asked) -> Document:
    """Leave a company out of the person's own chats."""
    job, person = the_job(session, asked), asked.person(session)
    _unmute(session, person.id, job)
    session.add(Mute(person_id=person.id, company=fold(job.company)))
    document = said("muted", asked.locale, company=clean(job.company, NAME))
    undo = Action(text("undo", asked.locale), command=f"unmute {job.id}")
    return Document(document.blocks, (undo,), brief=True)


@command(_JOB, example="unmute 12", personal=False, listed=False)
def unmute(session: Session, asked: Asked) -> Document:
    """Hear of a job's company again."""
    job, person = the_job(session, asked), asked.person(session)
    _unmute(session, person.id, job)
    document = said("unmuted", asked.locale, company=clean(job.company, NAME))
    again = Action(text("mute", asked.locale), command=f"mute {job.id}")
    return Document(document.blocks, (again,), brief=True)


def _unmute(session: Session, person_id: int, job: Opening) -> None:
    company = fold(job.company)
    session.execute(delete(Mute).where(col(Mute.person_id) == person_id, col(Mute.company) == company))


@command(_JOB, example="report 12", personal=False, listed=False)
def report(session: Session, asked: Asked) -> Document:
    """Tell the operators that a job is dead or false; once per person and job."""
    job, person = the_job(session, asked), asked.person(session)
    session.execute(delete(Report).where(col(Report.person_id) == person.id, col(Report.job_id) == job.id))
    session.add(Report(person_id=person.id, job_id=job.id, at=asked.now))
    return replace(said("reported", asked.locale, title=clean(job.title, TITLE)), brief=True)


@command(Option("status", choices=STATUSES), example="saved applied")
def saved(session: Session, asked: Asked) -> Document:
    """Show the jobs that the person has kept, by what became of them."""
    wanted = asked.get("status").lower()
    if wanted and wanted not in STATUSES:
        raise BadOption("option-choice", value=wanted, choices=", ".join(STATUSES), example="saved applied")
    query = select(Mark).where(
        col(Mark.person_id) == asked.person(session).id,
        col(Mark.status).in_([wanted] if wanted else STATUSES),
    )
    marks = session.execute(query.order_by(col(Mark.at).desc(), col(Mark.id).desc())).scalars().all()
    if not marks:
        return said("saved-none", asked.locale)
    jobs = openings.by_id(session, {mark.job_id for mark in marks})
    blocks, number = [], 1
    for status in STATUSES:
        found = [jobs[mark.job_id] for mark in marks if mark.status == status]
        if found:
            blocks.append(line(f"saved-{status}", asked.locale, BlockKind.HEADING, count=len(found)))
            blocks += compose.items(found, asked.locale, start=number)
            number += len(found)
    return Document(tuple(blocks))
