"""Why a job was for somebody, and why it was not."""

from collections.abc import Mapping, Sequence

from sqlmodel import Session

from notifier.domain import compose
from notifier.domain.clean import NAME, TITLE, clean
from notifier.domain.document import Block, BlockKind, Document, Span
from notifier.domain.filters import CompiledWish, Prepared, Wish
from notifier.domain.filters.said import reasons, refusals
from notifier.domain.posting import Opening
from notifier.domain.texts import text
from notifier.errors import UserError
from notifier.services.commands.declared import Asked, Option, command, line, replied_to
from notifier.services.commands.marks import the_job
from notifier.store import openings, outbox, subscriptions


@command(Option("job", required=True), example="why https://jobs.example/42", personal=False)
def why(session: Session, asked: Asked) -> Document:
    """Say of a job, by its number or link or in reply, which subscriptions it fits and by what, and why not."""
    if asked.is_reply("job") and (shown := replied_to(session, asked)):
        if len(shown) > 1:
            return _which(session, asked, [job_id for job_id, _ in shown])
        asked.options["job"] = str(shown[0][0])
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
    if len(job.lists) > 1:
        blocks.append(Block(tuple(compose.seen_on(job, asked.locale)), BlockKind.NOTE))
        return Document(tuple(blocks))
    return Document((*blocks, *compose.named_boards(job, asked.locale)))


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


def _which(session: Session, asked: Asked, jobs: Sequence[int]) -> Document:
    """Ask which of a message's jobs is meant."""
    found = openings.by_id(session, jobs)
    items = [
        Block((Span(clean(found[job].title, TITLE)),), BlockKind.ITEM, number, opens=f"why {job}")
        for number, job in enumerate(jobs, 1)
    ]
    return Document((line("why-which", asked.locale), *items))


def _job_or_link(session: Session, asked: Asked) -> Opening:
    named = asked.get("job")
    if "://" not in named:
        return the_job(session, asked)
    found = openings.at_link(session, named)
    if found is None:
        raise UserError("link-unknown")
    return found
