"""Looking for jobs, one job with what can be done about it, and turning the pages of an answer."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from notifier.domain import compose
from notifier.domain.clean import TITLE, clean
from notifier.domain.document import BlockKind, Document, File
from notifier.domain.filters import CompiledWish, Prepared, Wish
from notifier.domain.posting import Opening
from notifier.domain.query import parse, query
from notifier.errors import UserError
from notifier.services import messages
from notifier.services.commands import answers
from notifier.services.commands.declared import Asked, Caller, Option, command, kept_line, line, redone, said
from notifier.services.commands.values import read_number
from notifier.services.messages import statistics
from notifier.store import openings
from notifier.store.tables import DestinationKind

MOST_SHOWN = 100


def fitting(found: Iterable[Opening], wish: Wish, now: datetime) -> list[Opening]:
    """Return the openings that a wish fits, in the order given."""
    compiled = CompiledWish(wish)
    return [job for job in found if compiled.match(Prepared(job), now) is not None]


@command(
    Option("query"), aliases=("latest", "search"), example="jobs python remote", asks="query", personal=False
)
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


@dataclass(frozen=True, slots=True)
class Card:
    """One job to be pasted into any chat."""

    id: int
    title: str
    summary: str  # company and where, on one line
    document: Document


def cards(session: Session, caller: Caller, words: str, after: int, most: int) -> list[Card]:
    """Return the open jobs that fit a query as cards, newest first, from the `after`-th on."""
    wish = parse(words).wish if words.strip() else Wish(())
    fit = fitting(openings.newest_open(session, caller.now), wish, caller.now)[after : after + most]
    return [
        Card(
            id=job.id,
            title=clean(job.title, TITLE),
            summary=compose.summary(job, caller.locale),
            document=compose.card(job, caller.now, caller.locale),
        )
        for job in fit
    ]


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


@command(Option("list", completes="source"), example="stats", personal=False)
def stats(session: Session, asked: Asked) -> Document:
    """Show the lists' figures and which skills are asked for, against a week before."""
    blocks = [line("stats-title", asked.locale, BlockKind.HEADING)]
    blocks += compose.statistics(statistics(session, asked.now, source=asked.get("list")), asked.locale)
    return Document(tuple(blocks))


@command(Option("token", required=True), Option("number", required=True), personal=False, listed=False)
def page(session: Session, asked: Asked) -> Document:
    """Turn to a page of a long answer or message, whenever it was given."""
    token, number = asked.get("token"), asked.number("number")
    return replace(
        answers.page(_whole(session, asked, token), number, token, asked.caller.page), replaces=True
    )


@command(Option("token", required=True), personal=False, listed=False)
def file(session: Session, asked: Asked) -> Document:
    """Give a long answer or message as a Markdown file, with its links."""
    document = replace(_whole(session, asked, asked.get("token")), actions=())
    on = asked.now.astimezone(ZoneInfo(asked.chat.zone)).date()
    return Document((line("digest-file", asked.locale),), file=File(f"jobs-{on}.md", document))


def _whole(session: Session, asked: Asked, token: str) -> Document:
    """Return the answer or message that a token stands for, made anew."""
    if (kept := kept_line(session, asked, token)) is not None:
        return redone(session, asked.caller, kept)
    document = messages.shown_again(session, asked.chat, token, asked.now)
    if document is None:
        raise UserError("page-gone")
    return document


@command(Option("token", required=True), personal=False, listed=False)
def again(session: Session, asked: Asked) -> Document:
    """Do what a button says whose command was too long for it."""
    kept = kept_line(session, asked, asked.get("token"))
    if kept is None:
        raise UserError("page-gone")
    return redone(session, asked.caller, kept)
