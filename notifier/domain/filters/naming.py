"""Filters over what a job calls itself: skills, words of the title, and what must not be there."""

from collections.abc import Sequence
from datetime import datetime

from notifier.domain.facts.skills import skill_id, skill_kind, skill_name, starting_with
from notifier.domain.filters.filter import (
    MOST_CHOICES,
    UNSTATED,
    Accept,
    Choice,
    Filter,
    Met,
    Terms,
    folded,
    nothing,
    quoted,
    terms_of,
)
from notifier.domain.filters.prepared import Prepared, holds, normal_words, split_together


def _skill_or_word(word: str) -> str:
    words = normal_words(word)
    return skill_id(word) or skill_id(words) or words


def _skill_term(word: str) -> str:
    together = [_skill_or_word(part) for part in split_together(word, skill_id)]
    return "+".join(part for part in together if part)


def _parse_skills(words: Sequence[str]) -> Terms:
    return terms_of(words, lambda word: UNSTATED if word.casefold() == UNSTATED else _skill_term(word))


def _names(job: Prepared, term: str) -> str | None:
    """Return how the job names a skill or word, None when it does not."""
    if term in job.skills:
        return skill_name(term)
    if term in job.implied:
        return f"{skill_name(term)} ({skill_name(job.implied[term])})"
    # A word that the vocabulary knows is no skill where it is not read as one: "Go-to-Market".
    return term if holds(job.title, term) and skill_kind(term) is None else None


def _accept_skills(terms: Terms) -> Accept:
    alternatives = [tuple(split_together(term, skill_id)) for term in terms if term != UNSTATED]
    lets_silent_through = UNSTATED in terms

    def accept(job: Prepared, now: datetime) -> Met | None:
        met: dict[str, None] = {}
        for together in alternatives:
            facts = [_names(job, term) for term in together]
            if None not in facts:
                met.update(dict.fromkeys(fact for fact in facts if fact))
        if met:
            return tuple(met)
        return (UNSTATED,) if lets_silent_through and not job.names_skill else None

    return accept


def _accept_exclude(terms: Terms) -> Accept:
    def accept(job: Prepared, now: datetime) -> Met | None:
        for term in terms:
            if _names(job, term):
                return None
        return ()

    return accept


def _accept_words(terms: Terms) -> Accept:
    def accept(job: Prepared, now: datetime) -> Met | None:
        return tuple(term for term in terms if holds(job.title, term)) or None

    return accept


def _together_name(term: str) -> str:
    return " + ".join(skill_name(part) for part in split_together(term, skill_id))


def _found_skills(job: Prepared) -> Sequence[str]:
    facts = job.opening.facts
    return [skill_name(id_) for id_ in (*facts.skills, *facts.topics)]


def _found_title(job: Prepared) -> Sequence[str]:
    return [job.opening.title]


def _complete_skills(prefix: str, known: Sequence[str]) -> Sequence[Choice]:
    names = [skill_name(id_) for id_ in starting_with(prefix)[:MOST_CHOICES]]
    return [Choice(name, name) for name in names]


SKILLS = Filter(
    key="skills",
    parse=_parse_skills,
    accept=_accept_skills,
    query=lambda terms: " ".join(
        f"skills:{quoted(term)}" if term == UNSTATED or " " in term else term for term in terms
    ),
    name=_together_name,
    found=_found_skills,
    complete=_complete_skills,
    aliases=("skill",),
)
WORDS = Filter(
    key="words",
    parse=folded,
    accept=_accept_words,
    query=lambda terms: " ".join(f'"{term}"' for term in terms),
    found=_found_title,
    complete=nothing,
    aliases=("word", "title"),
)
EXCLUDE = Filter(
    key="exclude",
    parse=lambda words: terms_of(words, _skill_or_word),
    accept=_accept_exclude,
    query=lambda terms: " ".join(f"-{quoted(term)}" for term in terms),
    name=skill_name,
    found=_found_title,
    complete=_complete_skills,
    aliases=("without",),
)
