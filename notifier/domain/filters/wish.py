"""What a subscription asks for: one tuple of terms per filter, all of which a job must meet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from notifier.domain.filters.filter import MOST_TERMS, STRICT, Filter, Met, Terms
from notifier.domain.filters.job import LEVEL, PAY, ROLE
from notifier.domain.filters.listing import COMPANY, DAYS, NOT_COMPANY, SOURCE
from notifier.domain.filters.naming import EXCLUDE, SKILLS, WORDS
from notifier.domain.filters.prepared import Prepared
from notifier.domain.filters.where import FROM, IN, REMOTE, REMOTE_FILTER
from notifier.errors import BadQuery

# The order is that of the canonical text and of sentences.
_TABLE = (
    SKILLS,
    WORDS,
    EXCLUDE,
    REMOTE_FILTER,
    IN,
    FROM,
    LEVEL,
    ROLE,
    PAY,
    COMPANY,
    NOT_COMPANY,
    SOURCE,
    DAYS,
)
FILTERS: Mapping[str, Filter] = {filter_.key: filter_ for filter_ in _TABLE}
# Cheap and selective first: a pair that cannot match should cost one look.
_TRIED_FIRST = (
    "remote", "source", "days", "role", "level", "from", "pay", "in", "company", "-company", "skills", "words", "exclude",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """What a subscription asks for: canonical terms per filter, in the table's order."""

    parts: tuple[tuple[str, Terms], ...]

    @classmethod
    def of(cls, typed: Mapping[str, Sequence[str]]) -> "Wish":
        """Return the wish of terms as typed; `BadQuery` when they cannot be read or contradict."""
        parts = {key: FILTERS[key].parse(typed[key]) for key in FILTERS if typed.get(key)}
        if sum(len(terms) for terms in parts.values()) > MOST_TERMS:
            raise BadQuery("query-terms-many", most=MOST_TERMS)
        if "from" in parts and not {"remote", "in"} & parts.keys():
            parts["remote"] = ("only",)  # who says where he is asks for remote work
        wish = cls(tuple((key, parts[key]) for key in FILTERS if key in parts))
        wish._refuse_contradictions()
        return wish

    def _refuse_contradictions(self) -> None:
        for wanted, refused in (("skills", "exclude"), ("words", "exclude"), ("company", "-company")):
            both = set(self.terms(wanted)) & set(self.terms(refused))
            if both and both >= set(self.terms(wanted)):
                raise BadQuery("query-contradiction", word=min(both))
        modes, places = set(self.terms("remote")), set(self.terms("in")) - {STRICT}
        if modes and "only" not in modes:
            if places == {REMOTE}:
                raise BadQuery("query-contradiction-remote", word="in:remote")
            if self.terms("from"):
                raise BadQuery("query-contradiction-remote", word="from:")

    def terms(self, key: str) -> Terms:
        """Return the canonical terms of a filter; () when the wish does not ask for it."""
        return dict(self.parts).get(key, ())

    def without(self, key: str) -> "Wish":
        """Return the wish without one of its parts, which is wider."""
        return Wish(tuple(part for part in self.parts if part[0] != key))

    def at_home(self, country: str) -> "Wish":
        """Return the wish with `from:` the person's country, where it asks for remote work from anywhere.

        country  ISO 3166-1 alpha-2, as stated by the person; a guessed one never rejects. "" changes nothing
        """
        asks_for_remote = "only" in self.terms("remote") or REMOTE in self.terms("in")
        if not country or not asks_for_remote or self.terms("from"):
            return self
        parts = {**dict(self.parts), "from": (country,)}
        return Wish(tuple((key, parts[key]) for key in FILTERS if key in parts))

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

    def match(self, job: Prepared, now: datetime) -> dict[str, Met] | None:
        """Return the facts that met each part of the wish, None when one is not met."""
        met = {}
        for key, accept in self._tests:
            facts = accept(job, now)
            if facts is None:
                return None
            met[key] = facts
        return met

    def refused_by(self, job: Prepared, now: datetime) -> list[str]:
        """Return the keys of the parts that the job does not meet."""
        return [key for key, accept in self._tests if accept(job, now) is None]
