"""Filters over how a job is listed: its company, its lists, its age."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from notifier.domain.filters.filter import (
    Accept,
    Filter,
    Met,
    Terms,
    among_known,
    folded,
    keyed,
    nothing,
    quoted,
    terms_of,
)
from notifier.domain.filters.prepared import Prepared, holds
from notifier.errors import BadQuery

MOST_DAYS = 365


def _accept_company(terms: Terms) -> Accept:
    def accept(job: Prepared, now: datetime) -> Met | None:
        return (job.opening.company,) if any(holds(job.company, term) for term in terms) else None

    return accept


def _accept_not_company(terms: Terms) -> Accept:
    def accept(job: Prepared, now: datetime) -> Met | None:
        return None if any(holds(job.company, term) for term in terms) else ()

    return accept


def _accept_source(terms: Terms) -> Accept:
    wanted = frozenset(terms)

    def accept(job: Prepared, now: datetime) -> Met | None:
        return tuple(sorted(job.sources & wanted)) or None

    return accept


def _parse_days(words: Sequence[str]) -> Terms:
    if len(words) != 1 or not words[0].isascii() or not words[0].isdigit():
        raise BadQuery("query-bad-days", word=",".join(words), most=MOST_DAYS)
    days = int(words[0])
    if not 1 <= days <= MOST_DAYS:
        raise BadQuery("query-bad-days", word=words[0], most=MOST_DAYS)
    return (str(days),)


def _accept_days(terms: Terms) -> Accept:
    most = timedelta(days=int(terms[0]))

    def accept(job: Prepared, now: datetime) -> Met | None:
        return (job.day.isoformat(),) if now.date() - job.day <= most else None

    return accept


def _found_company(job: Prepared) -> Sequence[str]:
    return [job.opening.company] if job.opening.company else ()


COMPANY = Filter(
    key="company",
    parse=folded,
    accept=_accept_company,
    query=keyed("company"),
    found=_found_company,
    complete=among_known,
)
NOT_COMPANY = Filter(
    key="-company",
    parse=folded,
    accept=_accept_not_company,
    query=lambda terms: " ".join(f"-company:{quoted(term)}" for term in terms),
    found=_found_company,
    complete=among_known,
)
SOURCE = Filter(
    key="source",
    parse=lambda words: terms_of(words, str.casefold),
    accept=_accept_source,
    query=keyed("source"),
    found=lambda job: sorted(on.name for on in job.opening.lists),
    complete=among_known,
    aliases=("list",),
)
DAYS = Filter(
    key="days",
    parse=_parse_days,
    accept=_accept_days,
    query=keyed("days"),
    found=lambda job: (job.day.isoformat(),),
    complete=nothing,
    aliases=("day",),
)
