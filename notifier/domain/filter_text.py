"""Text as filters compare it: whole words, folded, on both sides."""

import re
from collections.abc import Callable, Mapping
from datetime import date

from notifier.domain.facts import WorkMode
from notifier.domain.fold import fold_words
from notifier.domain.posting import Opening

_BETWEEN_WORDS = re.compile(r"[^\w+#.]+|_+")
_PLUS = re.compile(r"(?<=[^+])\+(?=[^+])|(?<=\+\+)\+(?=[^+])")
# A location of these words only names no place.
_NO_PLACE = frozenset(
    [
        "remote",
        "remotely",
        "hybrid",
        "onsite",
        "on",
        "site",
        "anywhere",
        "worldwide",
        "n",
        "a",
        "na",
        "multiple",
        "locations",
        "various",
        "unknown",
    ]
)


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
        "location",
        "mode",
        "names_place",
        "opening",
        "skills",
        "sources",
        "title",
    )

    def __init__(self, opening: Opening) -> None:
        self.opening = opening
        self.title = f" {normal_words(opening.title)} "
        self.company = f" {normal_words(opening.company)} "
        self.location = f" {normal_words(opening.location)} "
        self.names_place = bool(set(self.location.split()) - _NO_PLACE)
        self.skills = frozenset(opening.facts.skills)
        self.implied: Mapping[str, str] = dict(opening.facts.implied)
        self.mode: WorkMode = opening.facts.mode
        self.sources = frozenset(on.name.casefold() for on in opening.lists)
        self.day: date = opening.posted_on or opening.first_seen.date()
