"""What a wish may ask for: `FILTERS` is the one table.

A filter's value is a tuple of canonical terms, so a wish is stored, compared and written back as
text without further ado. Adding an entry adds it to matching, the query language, options and help.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from notifier.domain.facts import WorkMode
from notifier.domain.facts.skills import skill_id, skill_name, starting_with
from notifier.domain.filter_text import Prepared, holds, normal_words, split_together
from notifier.errors import BadQuery

MOST_TERMS = 20
LONGEST_TERM = 64
MOST_DAYS = 365
STRICT = "!"  # a posting that says nothing does not match

Terms = tuple[str, ...]
Facts = tuple[str, ...]  # what met a filter, for `why`
Accept = Callable[[Prepared, datetime], Facts | None]
Sentence = tuple[str, Mapping[str, object]]  # a message id and its values

UNSTATED = "unstated"
_MODES = {
    "only": WorkMode.REMOTE,
    "hybrid": WorkMode.HYBRID,
    "no": WorkMode.ONSITE,
    "unknown": WorkMode.UNKNOWN,
}
_MODE_WORDS = {"remote": "only", "yes": "only", "onsite": "no", "on-site": "no", "office": "no"}


@dataclass(frozen=True, slots=True)
class Filter:
    """One kind of wish.

    parse     terms as typed -> canonical terms; `BadQuery` names the wrong one
    accept    canonical terms -> a test that returns the facts that met them, None for no match
    query     canonical terms -> the text that parses to them
    sentence  canonical terms -> message id and values that say them to people
    complete  what begins with a prefix; `known` are names the store holds (companies, sources)
    """

    key: str
    parse: Callable[[Sequence[str]], Terms]
    accept: Callable[[Terms], Accept]
    query: Callable[[Terms], str]
    sentence: Callable[[Terms], Sentence]
    complete: Callable[[str, Sequence[str]], Sequence[str]]
    aliases: tuple[str, ...] = ()


# -- skills and words ---------------------------------------------------------------------------


def _skill_or_word(word: str) -> str:
    words = normal_words(word)
    return skill_id(word) or skill_id(words) or words


def _skill_term(word: str) -> str:
    together = [_skill_or_word(part) for part in split_together(word, skill_id)]
    return "+".join(part for part in together if part)


def _parse_skills(words: Sequence[str]) -> Terms:
    return _terms(words, lambda word: UNSTATED if word.casefold() == UNSTATED else _skill_term(word))


def _names(job: Prepared, term: str) -> str | None:
    """Return how the job names a skill or word, None when it does not."""
    if term in job.skills:
        return skill_name(term)
    if term in job.implied:
        return f"{skill_name(term)} ({skill_name(job.implied[term])})"
    return term if holds(job.title, term) else None


def _accept_skills(terms: Terms) -> Accept:
    alternatives = [tuple(split_together(term, skill_id)) for term in terms if term != UNSTATED]
    lets_silent_through = UNSTATED in terms

    def accept(job: Prepared, now: datetime) -> Facts | None:
        met: dict[str, None] = {}
        for together in alternatives:
            facts = [_names(job, term) for term in together]
            if None not in facts:
                met.update(dict.fromkeys(fact for fact in facts if fact))
        if met:
            return tuple(met)
        return (UNSTATED,) if lets_silent_through and not job.skills else None

    return accept


def _accept_exclude(terms: Terms) -> Accept:
    def accept(job: Prepared, now: datetime) -> Facts | None:
        for term in terms:
            if _names(job, term):
                return None
        return ()

    return accept


def _accept_words(terms: Terms) -> Accept:
    def accept(job: Prepared, now: datetime) -> Facts | None:
        return tuple(term for term in terms if holds(job.title, term)) or None

    return accept


# -- places and mode ----------------------------------------------------------------------------


def _parse_places(words: Sequence[str]) -> Terms:
    plain = [word.rstrip(STRICT) for word in words]
    terms = _terms([word for word in plain if word], normal_words)
    if terms and any(word.endswith(STRICT) for word in words):
        return (*(term for term in terms if term != STRICT), STRICT)
    return terms


def _accept_places(terms: Terms) -> Accept:
    places = [term for term in terms if term not in ("remote", STRICT)]
    or_remote, strict = "remote" in terms, STRICT in terms

    def accept(job: Prepared, now: datetime) -> Facts | None:
        if or_remote and job.mode is WorkMode.REMOTE:
            return ("remote",)
        # A place may stand in the title only.
        text = job.location if job.names_place else job.title
        met = tuple(place for place in places if holds(text, place))
        if met or job.names_place or strict or not places:
            return met or None
        return (UNSTATED,)

    return accept


def _parse_modes(words: Sequence[str]) -> Terms:
    def mode(word: str) -> str:
        folded = word.casefold()
        found = _MODE_WORDS.get(folded, folded)
        if found not in _MODES:
            raise BadQuery("query-bad-mode", word=word)
        return found

    return tuple(sorted(_terms(words, mode), key=list(_MODES).index))


def _accept_modes(terms: Terms) -> Accept:
    wanted = frozenset(_MODES[term] for term in terms)
    answers = {mode: (mode.value,) for mode in wanted}

    def accept(job: Prepared, now: datetime) -> Facts | None:
        return answers.get(job.mode)

    return accept


# -- company, source, days ----------------------------------------------------------------------


def _accept_company(terms: Terms) -> Accept:
    def accept(job: Prepared, now: datetime) -> Facts | None:
        return (job.opening.company,) if any(holds(job.company, term) for term in terms) else None

    return accept


def _accept_not_company(terms: Terms) -> Accept:
    def accept(job: Prepared, now: datetime) -> Facts | None:
        return None if any(holds(job.company, term) for term in terms) else ()

    return accept


def _accept_source(terms: Terms) -> Accept:
    wanted = frozenset(terms)

    def accept(job: Prepared, now: datetime) -> Facts | None:
        return tuple(job.sources & wanted) or None

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

    def accept(job: Prepared, now: datetime) -> Facts | None:
        return (job.day.isoformat(),) if now.date() - job.day <= most else None

    return accept


# -- the table ----------------------------------------------------------------------------------


def _terms(words: Sequence[str], canonical: Callable[[str], str]) -> Terms:
    """Return the canonical terms, each once, in the order typed; over-long ones are refused."""
    terms: dict[str, None] = {}
    for word in words:
        if len(word) > LONGEST_TERM:
            raise BadQuery("query-term-long", word=word[:LONGEST_TERM], most=LONGEST_TERM)
        term = canonical(word)
        if not term:
            raise BadQuery("query-no-letters", word=word)
        terms[term] = None
    return tuple(terms)


def _quoted(term: str) -> str:
    return f'"{term}"' if " " in term else term


def _keyed(key: str) -> Callable[[Terms], str]:
    def query(terms: Terms) -> str:
        values = ",".join(_quoted(term) for term in terms if term != STRICT)
        return f"{key}:{values}{STRICT if STRICT in terms else ''}"

    return query


def _says(message_id: str, name: Callable[[str], str] = str) -> Callable[[Terms], Sentence]:
    def sentence(terms: Terms) -> Sentence:
        return message_id, {"terms": [name(term) for term in terms if term != STRICT]}

    return sentence


def _known(prefix: str, known: Sequence[str]) -> Sequence[str]:
    wanted = normal_words(prefix)
    return [name for name in known if normal_words(name).startswith(wanted)][:25]


def _together_name(term: str) -> str:
    return " + ".join(skill_name(part) for part in split_together(term, skill_id))


def _folded(words: Sequence[str]) -> Terms:
    return _terms(words, normal_words)


def _sources(words: Sequence[str]) -> Terms:
    return _terms(words, str.casefold)


def _skills(prefix: str, known: Sequence[str]) -> Sequence[str]:
    return [skill_name(id_) for id_ in starting_with(prefix)][:25]


def _modes(prefix: str, known: Sequence[str]) -> Sequence[str]:
    return [mode for mode in _MODES if mode.startswith(prefix.casefold())]


def _nothing(prefix: str, known: Sequence[str]) -> Sequence[str]:
    return ()


_TABLE = (
    # The order is that of the canonical text and of sentences; matching tries cheap ones first.
    Filter(
        "skills",
        _parse_skills,
        _accept_skills,
        lambda terms: " ".join(
            f"skills:{_quoted(term)}" if term == UNSTATED or " " in term else term for term in terms
        ),
        _says("wish-skills", _together_name),
        _skills,
        ("skill",),
    ),
    Filter(
        "words",
        _folded,
        _accept_words,
        lambda terms: " ".join(f'"{term}"' for term in terms),
        _says("wish-words"),
        _nothing,
        ("word", "title"),
    ),
    Filter(
        "exclude",
        lambda words: _terms(words, _skill_or_word),
        _accept_exclude,
        lambda terms: " ".join(f"-{_quoted(term)}" for term in terms),
        _says("wish-exclude", skill_name),
        _skills,
        ("without",),
    ),
    Filter("remote", _parse_modes, _accept_modes, _keyed("remote"), _says("wish-remote"), _modes, ("mode",)),
    Filter(
        "in", _parse_places, _accept_places, _keyed("in"), _says("wish-in"), _known, ("location", "place")
    ),
    Filter("company", _folded, _accept_company, _keyed("company"), _says("wish-company"), _known),
    Filter(
        "-company",
        _folded,
        _accept_not_company,
        lambda terms: " ".join(f"-company:{_quoted(term)}" for term in terms),
        _says("wish-not-company"),
        _known,
    ),
    Filter("source", _sources, _accept_source, _keyed("source"), _says("wish-source"), _known, ("list",)),
    Filter("days", _parse_days, _accept_days, _keyed("days"), _says("wish-days"), _nothing, ("day",)),
)
FILTERS: Mapping[str, Filter] = MappingProxyType({filter_.key: filter_ for filter_ in _TABLE})
# Cheap and selective first: a pair that cannot match should cost one look.
_TRIED_FIRST = ("remote", "source", "days", "company", "-company", "skills", "in", "words", "exclude")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a subscription asks for: canonical terms per filter, in the table's order."""

    parts: tuple[tuple[str, Terms], ...]

    @classmethod
    def of(cls, typed: Mapping[str, Sequence[str]]) -> "Wish":
        """Return the wish of terms as typed; `BadQuery` when they cannot be read or contradict."""
        parts = tuple((key, FILTERS[key].parse(typed[key])) for key in FILTERS if typed.get(key))
        if sum(len(terms) for _, terms in parts) > MOST_TERMS:
            raise BadQuery("query-terms-many", most=MOST_TERMS)
        wish = cls(parts)
        for wanted, refused in (("skills", "exclude"), ("words", "exclude"), ("company", "-company")):
            both = set(wish.terms(wanted)) & set(wish.terms(refused))
            if both and both >= set(wish.terms(wanted)):
                raise BadQuery("query-contradiction", word=min(both))
        return wish

    def terms(self, key: str) -> Terms:
        """Return the canonical terms of a filter; () when the wish does not ask for it."""
        return dict(self.parts).get(key, ())

    def to_json(self) -> dict[str, list[str]]:
        """Return the wish as a column keeps it."""
        return {key: list(terms) for key, terms in self.parts}

    @classmethod
    def from_json(cls, kept: Mapping[str, Sequence[str]]) -> "Wish":
        """Return the wish that `to_json` kept."""
        return cls(tuple((key, tuple(kept[key])) for key in FILTERS if key in kept))


class CompiledWish:
    """A wish made ready for many jobs."""

    __slots__ = ("_tests",)

    def __init__(self, wish: Wish) -> None:
        parts = sorted(wish.parts, key=lambda part: _TRIED_FIRST.index(part[0]))
        self._tests = [(key, FILTERS[key].accept(terms)) for key, terms in parts]

    def match(self, job: Prepared, now: datetime) -> dict[str, Facts] | None:
        """Return the facts that met each part of the wish, None when one is not met."""
        met = {}
        for key, accept in self._tests:
            facts = accept(job, now)
            if facts is None:
                return None
            met[key] = facts
        return met
