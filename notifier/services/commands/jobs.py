"""Looking for jobs, one job with what can be done about it, and turning the pages of an answer."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from notifier.domain import compose
from notifier.domain.clean import clean
from notifier.domain.document import BlockKind, Document
from notifier.domain.filters import CompiledWish, Prepared, Wish
from notifier.domain.posting import Opening
from notifier.domain.query import parse, query
from notifier.errors import UserError
from notifier.services import messages
from notifier.services.commands import answers
from notifier.services.commands.declared import Asked, Option, command, kept_line, line, redone, said
from notifier.services.commands.values import read_number
from notifier.services.messages import statistics
from notifier.store import openings
from notifier.store.tables import DestinationKind

MOST_SHOWN = 100


def fitting(found: Iterable[Opening], wish: Wish, now: datetime) -> list[Opening]:
    """Return the openings that a wish fits, in the order given."""
    compiled = CompiledWish(wish)
    return [job for job in found if compiled.match(Prepared(job), now) is not None]


@command(Option("query"), aliases=("latest", "search"), example="jobs python remote", personal=False)
def jobs(session: Session, asked: Asked) -> Document:
    """Show the open jobs that fit a query; without one the latest."""
    words = asked.get("query")
    wish = parse(words).wish if words else Wish(())
    every = openings.newest_open(session, asked.now)
    found = fitting(every, wish, asked.now)
    shown_query = clean(query(wish))
    if not found:
        return said("jobs-none" if words else "jobs-empty", asked.locale, query=shown_query)
    title = "jobs-found" if words else "jobs-latest"
    blocks = [line(title, asked.locale, BlockKind.HEADING, count=len(found), query=shown_query)]
    blocks += compose.items(found[:MOST_SHOWN], asked.locale)
    if len(found) > MOST_SHOWN:
        blocks.append(line("jobs-more", asked.locale, BlockKind.NOTE, count=len(found) - MOST_SHOWN))
    return Document(tuple(blocks))


@command(Option("job", required=True), example="job 12", personal=False, listed=False)
def job(session: Session, asked: Asked) -> Document:
    """Show one job with what can be done about it."""
    return card(session, asked, asked.get("job"))


def card(session: Session, asked: Asked, number: str) -> Document:
    """Return one job as a message of its own."""
    id_ = read_number(number)
    found = openings.by_id(session, [id_]).get(id_) if id_ is not None else None
    if found is None:
        raise UserError("job-unknown", number=number)
    shared = asked.caller.kind is not DestinationKind.PRIVATE
    return compose.push(compose.Entry(found), asked.now, asked.locale, shared=shared)


@command(Option("list"), example="stats", personal=False)
def stats(session: Session, asked: Asked) -> Document:
    """Show the lists' figures and which skills are asked for, against a week before."""
    blocks = [line("stats-title", asked.locale, BlockKind.HEADING)]
    blocks += compose.statistics(statistics(session, asked.now, source=asked.get("list")), asked.locale)
    return Document(tuple(blocks))


@command(Option("token", required=True), Option("number", required=True), personal=False, listed=False)
def page(session: Session, asked: Asked) -> Document:
    """Turn to a page of a long answer or message, whenever it was given."""
    token, number = asked.get("token"), asked.number("number")
    if (kept := kept_line(session, asked, token)) is not None:
        return answers.page(redone(session, asked.caller, kept), number, token)
    document = messages.shown_again(session, asked.chat, token, asked.now)
    if document is None:
        raise UserError("page-gone")
    return answers.page(document, number, token)


@command(Option("token", required=True), personal=False, listed=False)
def again(session: Session, asked: Asked) -> Document:
    """Do what a button says whose command was too long for it."""
    kept = kept_line(session, asked, asked.get("token"))
    if kept is None:
        raise UserError("page-gone")
    return redone(session, asked.caller, kept)
