"""Skills named in a text, by a vocabulary that a person can edit (`skills.toml`)."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from notifier.domain.fold import fold_words


@dataclass(frozen=True, slots=True)
class Skill:
    """One entry of the vocabulary."""

    id: str
    name: str
    implies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    skills: Mapping[str, Skill]
    by_alias: Mapping[str, str]  # folded alias or case-exact alias: id
    pattern: re.Pattern[str]
    exact: re.Pattern[str]


@cache
def _vocabulary() -> _Vocabulary:
    entries = tomllib.loads(files(__package__).joinpath("skills.toml").read_text("utf-8"))
    skills = {
        id_: Skill(id_, entry["name"], tuple(entry.get("implies", ()))) for id_, entry in entries.items()
    }
    folded: dict[str, str] = {}
    exact: dict[str, str] = {}
    for id_, entry in entries.items():
        for alias in entry.get("aliases", [entry["name"]]):
            folded[alias.casefold()] = id_
        for alias in entry.get("exact", ()):
            exact[alias] = id_
    return _Vocabulary(skills, {**folded, **exact}, _any_of(folded, re.IGNORECASE), _any_of(exact, 0))


def _any_of(aliases: Mapping[str, str], flags: int) -> re.Pattern[str]:
    longest_first = sorted(aliases, key=len, reverse=True)
    words = "|".join(re.escape(alias) for alias in longest_first)
    # "Go-to-Market", "R&D", "C level": a letter that goes on with a hyphen or an ampersand is no skill.
    return (
        re.compile(rf"(?<![\w.&+#-])(?:{words})(?![\w&+#-]|\.\w)", flags)
        if flags == 0
        else re.compile(rf"(?<![\w+#])(?:{words})(?![\w+#])", flags)
    )


def skills_in(text: str) -> tuple[str, ...]:
    """Return the ids of the skills that `text` names, in order of appearance."""
    vocabulary = _vocabulary()
    found: dict[str, int] = {}
    for match in vocabulary.pattern.finditer(text):
        found.setdefault(vocabulary.by_alias[match[0].casefold()], match.start())
    for match in vocabulary.exact.finditer(text):
        found.setdefault(vocabulary.by_alias[match[0]], match.start())
    return tuple(sorted(found, key=lambda id_: found[id_]))


def with_implied(named: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return (skill, the named skill that implies it) for what is not named itself."""
    skills = _vocabulary().skills
    implied: dict[str, str] = {}
    for by in named:
        pending = list(skills[by].implies)
        while pending:
            id_ = pending.pop()
            if id_ not in named and id_ not in implied:
                implied[id_] = by
                pending += skills[id_].implies
    return tuple(implied.items())


def skill_id(word: str) -> str | None:
    """Return the id a person means by `word` alone, whatever its case; None when it is none we know."""
    vocabulary = _vocabulary()
    wanted = word.casefold()
    if wanted in vocabulary.skills:
        return wanted
    for alias, id_ in vocabulary.by_alias.items():
        if alias.casefold() == wanted:
            return id_
    return None


def skill_name(id_: str) -> str:
    """Return how the skill is written."""
    skill = _vocabulary().skills.get(id_)
    return skill.name if skill else id_


def skill_ids() -> Sequence[str]:
    """Return every id of the vocabulary."""
    return list(_vocabulary().skills)


def starting_with(prefix: str) -> Sequence[str]:
    """Return the ids whose name or an alias begins with `prefix`."""
    wanted = fold_words(prefix)
    found = {
        id_: None for alias, id_ in _vocabulary().by_alias.items() if alias.casefold().startswith(wanted)
    }
    return list(found)
