"""Skills named in a text, by a vocabulary that a person can edit (`skills.toml`).

A text is read word by word. A word that opens no name of the vocabulary costs one look into a table, so
the time grows with the text and not with the vocabulary. Nothing is loaded before the first question.
"""

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple


class SkillKind(StrEnum):
    """What a skill is. A topic is what a job is about: one may ask for it, but it is no tool or language."""

    LANGUAGE = "language"
    FRAMEWORK = "framework"
    DATABASE = "database"
    CLOUD = "cloud"
    TOOL = "tool"
    PLATFORM = "platform"
    TOPIC = "topic"


@dataclass(frozen=True, slots=True)
class Skill:
    """One entry of the vocabulary; the top of `skills.toml` says what its fields mean."""

    id: str
    name: str
    kind: SkillKind
    implies: tuple[str, ...]
    needs: tuple[str, ...]
    voids: tuple[str, ...]  # `not` in the file


class _Form(NamedTuple):
    """One way to write a skill in a title."""

    text: str  # plain, in lower case
    lead: int  # characters before its first word: 1 in ".net"
    skill: Skill
    exact: str  # how it must be written; "" when any case will do
    doubtful: bool  # a skill in some company only
    brand: str  # id of the skill whose name it opens with: AWS of "AWS Lambda"; or ""


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    skills: Mapping[str, Skill]
    forms: Mapping[str, Sequence[_Form]]  # by their first word, the longest first
    typed: Mapping[str, Skill]  # by squeezed words, in the order of the file


@cache
def _vocabulary() -> _Vocabulary:
    entries = tomllib.loads(files(__package__).joinpath("skills.toml").read_text("utf-8"))
    skills: dict[str, Skill] = {}
    forms: dict[str, list[_Form]] = {}
    typed: dict[str, Skill] = {}
    for id_, entry in entries.items():
        lists = (tuple(entry.get(key, ())) for key in ("implies", "needs", "not"))
        skill = skills[id_] = Skill(id_, entry["name"], SkillKind(entry["kind"]), *lists)
        for form in _forms(skill, entries):
            forms.setdefault(_WORD.findall(form.text)[0], []).append(form)
        for word in (*_names(entry), *entry.get("exact", ()), *entry.get("typed", ())):
            typed.setdefault(_squeezed(word), skill)
    for those in forms.values():
        those.sort(key=lambda form: -len(form.text))
    return _Vocabulary(skills, forms, typed)


def _names(entry: dict[str, Any]) -> list[str]:
    return [entry["name"], *entry.get("aliases", ())]


def _forms(skill: Skill, entries: Mapping[str, Any]) -> Iterator[_Form]:
    names, exact = _names(entries[skill.id]), entries[skill.id].get("exact", ())
    sure = [name for name in names if name not in exact]
    js = [name.removesuffix(".js") + end for name in sure if name.endswith(".js") for end in ("js", " js")]
    brands = [by for by in skill.implies if entries[by].get("brand")]
    opens = [(_plain(name).lower() + " ", by) for by in brands for name in _names(entries[by])]
    for word in (*sure, *js, *exact):
        plain = _plain(word)
        text = plain.lower()
        lead = next(place for place, char in enumerate(text) if char.isalnum())
        brand = next((by for opening, by in opens if text.startswith(opening)), "")
        doubtful = bool(skill.needs or skill.voids) and (word in exact or not exact)
        yield _Form(text, lead, skill, plain if word in exact else "", doubtful, brand)


# -- text ---------------------------------------------------------------------------------------

# Letters and digits, but of no script that is written without blanks: "Java工程师" names Java.
_LETTER = r"[^\W\u2e80-\U0010ffff]"
_WORD = re.compile(rf"(?<!{_LETTER})(?:[a-z]+|[0-9]+)")
_BEGIN = re.compile(rf"(?<!{_LETTER})")
_END = re.compile(rf"(?!{_LETTER}|\+\+|#)")
_END_OR_VERSION = re.compile(rf"(?:[0-9]+(?:\.[0-9]+)*[a-z]?)?(?!{_LETTER}|\+\+|#)")  # Java8, Oracle12c
_DENIED = re.compile(r"(?<![a-z])(?:no|not|non|without|keine?|ohne|sin|sans) $")  # "Kotlin (no Java)"
_TRADE = re.compile(r"(?i)(?<=[a-z+#])(?=entwickler|programmierer)")  # "Pythonentwickler" names Python
_BLANK = re.compile(r"[\s_]+|(?<=\w)-(?=\w)")
_BETWEEN = re.compile(r"[ ./'-]+")
_ACCENT = re.compile("[\u0300-\u036f]+")
# Dashes, quotes, the musical sharp, and the Cyrillic letter in "С++" as Russian keyboards write it.
_ALIKE = str.maketrans("\u2010\u2011\u2012\u2013\u2014\u2212\u2019\u2018\u266f\u0421", "------''#C")


def _plain(text: str) -> str:
    """Return `text` without accents; blanks, underscores and hyphens inside words become one blank."""
    if not text.isascii():
        text = _ACCENT.sub("", unicodedata.normalize("NFKD", text.translate(_ALIKE)))
    return _BLANK.sub(" ", _TRADE.sub(" ", text))


def _squeezed(word: str) -> str:
    """Return `word` as it is looked up: "Node.js", "node-js" and "NODEJS" are one."""
    return _BETWEEN.sub("", _plain(word).lower())


def _stands_alone(text: str, begin: int, end: int) -> bool:
    """Return whether `text[begin:end]` is no part of a longer word; after C++ and C# anything may come."""
    if not text[end - 1].isalnum():
        return True
    border = _END_OR_VERSION if end - begin > 2 else _END
    return _BEGIN.match(text, begin) is not None and border.match(text, end) is not None


# -- words that are a skill in some company only ------------------------------------------------

_NEAR = 50  # characters on each side that have a say
_SELF = "\0"  # the skill itself, `_` in a phrase
_MOST_DOUBTS = 20  # of one text, so that no text costs more than its length; a title has one or two
_LONGEST = 20_000  # characters that are read


@cache
def _company(skill: Skill) -> re.Pattern[str]:
    """Return what matches the text around a doubtful word when there it is the skill."""
    voids, needs = ("|".join(map(_phrase, phrases)) for phrases in (skill.voids, skill.needs))
    return re.compile((f"(?!.*?(?:{voids}))" if voids else "") + f".*?(?:{needs})", re.DOTALL)


def _phrase(written: str) -> str:
    text = _plain(written.replace("_", _SELF))
    pattern = re.escape(text).replace("N", r"\d+").replace(r"\*", r"\w*").replace(r"\?", r"\w")
    return (r"(?<!\w)" if text[0].isalnum() else "") + pattern + (r"(?!\w)" if text[-1].isalnum() else "")


# -- questions ----------------------------------------------------------------------------------


def skills_in(text: str) -> tuple[str, ...]:
    """Return the ids of the skills that `text` names, each once, in order of appearance.

    Topics are among them; `skill_kind` tells them apart.
    """
    forms = _vocabulary().forms
    plain = _plain(text)[:_LONGEST]
    lower = plain.lower()
    any_case = plain == lower or plain.isupper()  # then case tells nothing
    found: dict[str, None] = {}
    doubts = read_to = 0
    for word in _WORD.finditer(lower):
        for form in forms.get(word[0], ()) if word.start() >= read_to else ():
            begin = word.start() - form.lead
            end = begin + len(form.text)
            if begin < read_to or not lower.startswith(form.text, begin):
                continue
            written = any_case or form.exact in ("", plain[begin:end])
            if (
                not written
                or not _stands_alone(lower, begin, end)
                or _DENIED.search(lower, max(0, begin - 9), begin)
            ):
                continue
            if form.doubtful and form.skill.id not in found:
                doubts += 1
                around = lower[max(0, begin - _NEAR) : begin] + _SELF + lower[end : end + _NEAR]
                if doubts > _MOST_DOUBTS or not _company(form.skill).match(around):
                    continue
            if form.brand:
                found[form.brand] = None
            found[form.skill.id] = None
            read_to = end
            break
    return tuple(found)


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
    vocabulary, wanted = _vocabulary(), word.strip().casefold()
    if wanted in vocabulary.skills:
        return wanted
    squeezed = _squeezed(wanted)
    bare = squeezed.rstrip("0123456789")  # "python3", "Java 17"
    skill = vocabulary.typed.get(squeezed) or (vocabulary.typed.get(bare) if len(bare) > 2 else None)
    return skill.id if skill else None


def skill_name(id_: str) -> str:
    """Return how the skill is written."""
    skill = _vocabulary().skills.get(id_)
    return skill.name if skill else id_


def skill_kind(id_: str) -> SkillKind | None:
    """Return what the skill is; None for an id we do not know."""
    skill = _vocabulary().skills.get(id_)
    return skill.kind if skill else None


def skill_ids() -> Sequence[str]:
    """Return every id of the vocabulary, the common ones of each section first."""
    return list(_vocabulary().skills)


def starting_with(prefix: str) -> Sequence[str]:
    """Return the ids that `prefix` may become, each once.

    A name that is complete already comes first, then names that go on, then other words for a skill;
    within each the order is that of the vocabulary.
    """
    wanted = _squeezed(prefix)
    ranks: dict[str, int] = {}
    for word, skill in _vocabulary().typed.items():
        if word.startswith(wanted):
            rank = 2 if word != _squeezed(skill.name) else 1 if word != wanted else 0
            ranks[skill.id] = min(rank, ranks.get(skill.id, rank))
    return sorted(ranks, key=ranks.__getitem__)


def nearest(word: str) -> Sequence[str]:
    """Return the ids of up to three skills that `word` may be a slip of, the closest first.

    For suggestions only. Nothing is close to a word of one or two letters, or to a very long one.
    """
    typed, wanted = _vocabulary().typed, _squeezed(word)
    if not 3 <= len(wanted) <= 30:
        return []
    close = difflib.get_close_matches(wanted, typed, n=9, cutoff=0.75)
    return list(dict.fromkeys(typed[found].id for found in close))[:3]
