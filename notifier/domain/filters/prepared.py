"""A job made ready to be compared with many wishes, and how words are compared."""

import re
from collections.abc import Callable, Mapping
from datetime import date

from notifier.domain.facts import Role, Seniority, WorkMode
from notifier.domain.facts.pay import Pay
from notifier.domain.facts.places import around, place
from notifier.domain.fold import fold_words
from notifier.domain.posting import Opening

_BETWEEN_WORDS = re.compile(r"[^\w+#.]+|_+")
_PLUS = re.compile(r"(?<=[^+])\+(?=[^+])|(?<=\+\+)\+(?=[^+])")


def normal_words(text: str) -> str:
    """Return the words of `text`, folded, with one blank between; "" when there are none."""
    words = (word.strip(".") for word in _BETWEEN_WORDS.split(fold_words(text)))
    return " ".join(word for word in words if word and word not in ("+", "#"))


def holds(padded: str, term: str) -> bool:
    """Return whether the words of `term` stand together in `padded`, which `Prepared` made."""
    return f" {term} " in padded


def split_together(term: str, skill_id: Callable[[str], str | None]) -> list[str]:
    """Return the parts of `a+b`; the plus signs of a skill (C++) belong to it."""
    if "+" not in term or skill_id(term):
        return [term]
    return [part for part in _PLUS.split(term) if part]


class Prepared:
    """An opening made ready to be compared with many wishes."""

    __slots__ = (
        "company",
        "day",
        "implied",
        "level",
        "location",
        "mode",
        "names_skill",
        "opening",
        "pay",
        "role",
        "scope",
        "skills",
        "sources",
        "title",
        "within",
    )

    def __init__(self, opening: Opening) -> None:
        facts = opening.facts
        self.opening = opening
        self.title = f" {normal_words(opening.title)} "
        self.company = f" {normal_words(opening.company)} "
        self.location = f" {normal_words(opening.location)} "
        self.skills = frozenset(facts.skills + facts.topics)
        self.names_skill = bool(facts.skills)
        self.implied: Mapping[str, str] = dict(facts.implied)
        self.mode: WorkMode = facts.mode
        self.scope: frozenset[str] = frozenset(facts.scope)
        self.level: Seniority = facts.seniority
        self.role: Role = facts.role
        self.pay: Pay | None = facts.pay
        self.sources = frozenset(on.name.casefold() for on in opening.lists)
        self.day: date = opening.posted_on or opening.first_seen.date()
        # The ids of every place the job lies in, with the name of the job's place that does.
        self.within: dict[str, str] = {}
        for id_ in facts.places:
            name = place(id_).name
            for wider in around(id_):
                self.within.setdefault(wider, name)
