"""Filters over the kind of job: level, role, pay."""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from notifier.domain.facts import Role, Seniority
from notifier.domain.facts.pay import Pay, pay_in, reaches
from notifier.domain.filters.filter import (
    STRICT,
    UNSTATED,
    Accept,
    Filter,
    Met,
    Terms,
    among_words,
    keyed,
    strict_terms,
    terms_of,
)
from notifier.domain.filters.prepared import Prepared
from notifier.errors import BadQuery

FLAGGED = "flagged"
_LEVELS = [level.value for level in Seniority if level is not Seniority.UNSPECIFIED]
_ROLES = [role.value for role in Role]
_LEVEL_WORDS = {
    "internship": "intern", "trainee": "intern", "student": "intern", "entry": "junior", "entry-level": "junior",
    "graduate": "junior", "newgrad": "junior", "new-grad": "junior", "jr": "junior", "medior": "mid", "middle": "mid",
    "mid-level": "mid", "regular": "mid", "sr": "senior", "staff": "lead", "principal": "lead", "head": "manager",
    "director": "manager", "management": "manager",
}  # fmt: skip
_ROLE_WORDS = {
    "back-end": "backend", "front-end": "frontend", "full-stack": "fullstack", "sre": "devops", "platform": "devops",
    "cloud": "devops", "infrastructure": "devops", "analytics": "data", "ai": "ml", "machine-learning": "ml",
    "android": "mobile", "ios": "mobile", "test": "qa", "testing": "qa", "appsec": "security", "firmware": "embedded",
    "hardware": "embedded", "management": "manager", "developer": "software",
}  # fmt: skip
# What "Software Engineer" leaves open; a data or security job would have said so.
_SOFTWARE_MAY_BE = frozenset((Role.BACKEND, Role.FRONTEND, Role.FULLSTACK))
_AMOUNT = re.compile(r"\D{0,4}\d[\d.,' ]{0,14}\D{0,9}")


def _one_of(
    words: Sequence[str], others: Mapping[str, str], message_id: str
) -> Callable[[Sequence[str]], Terms]:
    def canonical(word: str) -> str:
        typed = word.casefold().replace("_", "-")
        found = others.get(typed, typed)
        if found not in words:
            nearest = difflib.get_close_matches(typed, [*words, *others], n=1, cutoff=0.0)[0]
            raise BadQuery(message_id, word=word, nearest=others.get(nearest, nearest))
        return found

    def parse(typed: Sequence[str]) -> Terms:
        return strict_terms(typed, lambda plain: tuple(sorted(terms_of(plain, canonical), key=words.index)))

    return parse


def _accept_level(terms: Terms) -> Accept:
    answers = {Seniority(term): (term,) for term in terms if term != STRICT}
    if STRICT not in terms:
        answers[Seniority.UNSPECIFIED] = (UNSTATED,)

    def accept(job: Prepared, now: datetime) -> Met | None:
        return answers.get(job.level)

    return accept


def _accept_role(terms: Terms) -> Accept:
    answers = {Role(term): (term,) for term in terms if term != STRICT}
    if STRICT not in terms and _SOFTWARE_MAY_BE & answers.keys():
        answers.setdefault(Role.SOFTWARE, (UNSTATED,))

    def accept(job: Prepared, now: datetime) -> Met | None:
        return answers.get(job.role)

    return accept


# -- pay ----------------------------------------------------------------------------------------


def _pay(term: str) -> Pay:
    amount, currency, period = term.split("/")
    found = pay_in(f"{amount} {currency.upper()} per {period}")
    assert found is not None  # `_pay_term` wrote it
    return found


def _pay_term(word: str) -> str:
    """Return 60k/eur, 60.000€ or 50/usd/hour as amount/currency/period."""
    if word.casefold() == FLAGGED:
        return FLAGGED
    amount, *rest = (part.strip() for part in word.split("/"))
    # What is no currency is a period.
    parts = [part.upper() if pay_in(f"1000 {part.upper()}") else f"per {part}" for part in rest]
    if len(amount) == 4 and amount.isdecimal():
        amount = f"{amount[0]},{amount[1:]}"  # "2026" would be a year
    found = pay_in(" ".join([amount, *parts])) if _AMOUNT.fullmatch(amount) else None
    figure = (found.min or found.max) if found else None
    if found is None or not figure:
        raise BadQuery("query-bad-pay", word=word)
    return f"{figure:.10g}/{found.currency.lower()}/{found.period}"


def _parse_pay(words: Sequence[str]) -> Terms:
    return strict_terms(words, lambda plain: terms_of(plain, _pay_term))


def _accept_pay(terms: Terms) -> Accept:
    least = [_pay(term) for term in terms if term not in (FLAGGED, STRICT)]
    flagged, strict = FLAGGED in terms, STRICT in terms

    def accept(job: Prepared, now: datetime) -> Met | None:
        if flagged and job.opening.pay_flagged:
            return (FLAGGED,)
        if job.pay is not None and any(reaches(job.pay, pay) for pay in least):
            return (in_words(job.pay),)
        return (UNSTATED,) if least and job.pay is None and not strict else None

    return accept


def in_words(pay: Pay) -> str:
    """Return a pay as people read it: "60,000–80,000 EUR a year" without the figures' own text."""
    low, high = (f"{figure:,.0f}" if figure is not None else "" for figure in (pay.min, pay.max))
    figures = low if low == high else f"{low}–{high}" if low and high else f"{low}+" if low else f"≤ {high}"
    return f"{figures} {pay.currency}/{pay.period}"


def _query_pay(terms: Terms) -> str:
    strict = STRICT if STRICT in terms else ""
    words = [
        f"pay:{FLAGGED}{strict}" if term == FLAGGED else f"pay>={term.removesuffix('/year')}{strict}"
        for term in terms
        if term != STRICT
    ]
    return " ".join(words)


def _pay_name(term: str) -> str:
    return term if term == FLAGGED else f"≥ {in_words(_pay(term))}"


def _found_pay(job: Prepared) -> Sequence[str]:
    if job.pay is not None:
        return [in_words(job.pay)]
    return [job.opening.pay] if job.opening.pay else ()


LEVEL = Filter(
    key="level",
    parse=_one_of(_LEVELS, _LEVEL_WORDS, "query-bad-level"),
    accept=_accept_level,
    query=keyed("level"),
    found=lambda job: () if job.level is Seniority.UNSPECIFIED else (job.level.value,),
    complete=among_words(_LEVELS),
    aliases=("seniority",),
)
ROLE = Filter(
    key="role",
    parse=_one_of(_ROLES, _ROLE_WORDS, "query-bad-role"),
    accept=_accept_role,
    query=keyed("role"),
    found=lambda job: (job.role.value,),
    complete=among_words(_ROLES),
)
PAY = Filter(
    key="pay",
    parse=_parse_pay,
    accept=_accept_pay,
    query=_query_pay,
    name=_pay_name,
    found=_found_pay,
    complete=among_words((FLAGGED,)),
    aliases=("salary",),
)
