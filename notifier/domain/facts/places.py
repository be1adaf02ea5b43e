"""What a person's word for a place means.

The gazetteer is an SQLite file of the package (`gazetteer/build.py` makes it); nothing is loaded
before the first question, and what was asked is remembered.
"""

import difflib
import re
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cache, lru_cache
from importlib.resources import as_file, files
from typing import Any

from notifier.domain.fold import fold_words

DATA = "gazetteer.sqlite3"
_CHOICES = 4  # more candidates than this are no question any more
_CLEARLY = 6  # times as many people: then nobody means the smaller one
_OF_ITS_REGION = 5  # a city with a fifth of its namesake region's people is what the name means
APOSTROPHES = "'’‘ʻ`´ʼ"
_IN_WORDS = re.compile(rf"(?<=\w)[{APOSTROPHES}](?=\w)")  # "Giv'atayim" is written without as well
_BETWEEN_WORDS = re.compile(r"[\W_]+")


class Quality(IntEnum):
    """How good a name is."""

    MEANT = 0  # we say that this place is meant by it
    OWN = 1
    ENGLISH = 2
    OTHER = 3


class PlaceKind(StrEnum):
    """How wide a place is."""

    CITY = "city"
    REGION = "region"
    COUNTRY = "country"
    MACRO = "macro"


_WIDEST_FIRST = (PlaceKind.MACRO, PlaceKind.COUNTRY, PlaceKind.REGION, PlaceKind.CITY)


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the gazetteer."""

    id: str  # a city's GeoNames id, else ISO 3166-2, ISO 3166-1 alpha-2, or a macro-region's word
    kind: PlaceKind
    name: str  # GeoNames' for a city
    country: str  # ISO 3166-1 alpha-2; "" for a macro-region
    region: str  # ISO 3166-2; "" where there is none
    population: int

    @property
    def label(self) -> str:
        """Return the name with what tells it from others of the name: "Cambridge, Massachusetts, United States"."""
        around = [self.region, self.country] if self.kind is PlaceKind.CITY else [self.country]
        wider = [place(id_).name for id_ in around if id_ and id_ != self.id]
        return ", ".join(dict.fromkeys([self.name, *wider]))


def name_key(text: str) -> str:
    """Return what names are compared by: folded, without accents and punctuation."""
    return _BETWEEN_WORDS.sub(" ", fold_words(_IN_WORDS.sub("", text))).strip()


@cache
def _gazetteer() -> tuple[sqlite3.Connection, threading.Lock]:
    # Read-only and never changed while we run, so one connection serves every thread in turn.
    with as_file(files("notifier.domain.facts.gazetteer") / DATA) as file:
        connection = sqlite3.connect(
            f"{file.as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
    return connection, threading.Lock()


def _ask(query: str, *values: object) -> list[tuple[Any, ...]]:
    connection, lock = _gazetteer()
    with lock:
        return connection.execute(query, values).fetchall()


_COLUMNS = "CASE p.id WHEN '' THEN CAST(p.n AS TEXT) ELSE p.id END, p.kind, p.name, p.country, p.region, p.population"


@lru_cache(maxsize=10_000)
def place(id_: str) -> Place:
    """Return the place of an id; KeyError for one that we do not know."""
    if id_.isdecimal():
        rows = _ask(f"SELECT {_COLUMNS} FROM place AS p WHERE p.n = ?", int(id_))
    else:
        rows = _ask(f"SELECT {_COLUMNS} FROM place AS p WHERE p.id = ? AND p.id <> ''", id_)
    if not rows:
        raise KeyError(id_)
    return _place(rows[0])


def _place(row: Sequence[Any]) -> Place:
    id_, kind, name, country, region, population = row
    return Place(id_, PlaceKind(kind), name, country, region, population)


def named(key: str) -> tuple[Place, ...]:
    """Return every place of that name (a `name_key`): the widest kind first, then by people.

    A name that is some place's own is not taken for an alternate name of others.
    """
    found = named_many((key,)).get(key, ())
    best = min((quality for _, quality in found), default=Quality.OTHER)
    meant = [it for it, quality in found if quality < Quality.OTHER or best == Quality.OTHER]
    return tuple(sorted(meant, key=lambda it: (_WIDEST_FIRST.index(it.kind), -it.population)))


def named_many(keys: Iterable[str]) -> dict[str, tuple[tuple[Place, int], ...]]:
    """Return, for the keys that name places, those places with the quality of the name."""
    found: dict[str, tuple[tuple[Place, int], ...]] = {}
    unasked = []
    for key in keys:
        known = _many.get(key)
        if known is None:
            unasked.append(key)
        elif known:
            found[key] = known
    if len(_many) > _REMEMBERED:
        _many.clear()
    for n in range(0, len(unasked), _KEYS_A_QUERY):
        some = unasked[n : n + _KEYS_A_QUERY]
        rows = _ask(
            f"SELECT t.key, t.quality, {_COLUMNS} FROM name AS t JOIN place AS p ON p.n = t.n"
            f" WHERE t.key IN ({','.join('?' * len(some))})",
            *some,
        )
        by_key: dict[str, list[tuple[Place, int]]] = {key: [] for key in some}
        for key, quality, *row in rows:
            by_key[key].append((_place(row), quality))
        for key, places in by_key.items():
            known = _many[key] = tuple(places)
            if known:
                found[key] = known
    return found


_many: dict[str, tuple[tuple[Place, int], ...]] = {}
_REMEMBERED = 30_000
_KEYS_A_QUERY = 500


@cache
def codes() -> Mapping[str, Sequence[str]]:
    """Return what each code may stand for: "CA" is Canada's, California's and more; old codes too."""
    found: dict[str, list[str]] = {}
    for code, id_ in _ask("SELECT code, id FROM code ORDER BY id"):
        found.setdefault(code, []).append(id_)
    return found


@cache
def members() -> Mapping[str, frozenset[str]]:
    """Return the countries of each macro-region."""
    found: dict[str, set[str]] = {}
    for macro, country in _ask("SELECT macro, country FROM member"):
        found.setdefault(macro, set()).add(country)
    return {macro: frozenset(countries) for macro, countries in found.items()}


@lru_cache(maxsize=10_000)
def around(id_: str) -> frozenset[str]:
    """Return a place's id with those of all places that contain it; WORLD, which contains all, is left out."""
    it = place(id_)
    wider = {id_, it.region, it.country} - {""}
    inside = members().get(id_, frozenset((it.country,))) - {""}
    wider.update(macro for macro, countries in members().items() if inside and inside <= countries)
    return frozenset(wider)


def contains(outer: str, inner: str) -> bool:
    """Return whether `inner` is `outer` or lies in it (a region in its country, DE in EU, EU in EUROPE)."""
    return outer == "WORLD" or outer in around(inner)


def candidates(words: str) -> Sequence[Place]:
    """Return what a person who types `words` may mean: one place, two to four to choose from, or none.

    "berlin" is one, "georgia" two, "cambridge, ma" one; a much better-known namesake wins.
    """
    first, _, rest = (part.strip() for part in words.partition(","))
    found = list(named(name_key(first)))
    if rest:
        wider = _codes(rest) | {it.id for it in named(name_key(rest))}
        found = [it for it in found if wider & around(it.id)]
    elif len(first) == 2:
        codes = _codes(first, ("US", "CA", "AU")) - {it.id for it in found}
        found += [place(id_) for id_ in sorted(codes)]
    return _clear(found)


def _codes(word: str, countries: Sequence[str] = ("US", "CA", "AU", "BR", "IN", "DE")) -> set[str]:
    """Return the ids that `word` is the code of: a country's, or a state's of lands that write such codes."""
    code = word.upper()
    ids = (code, *(f"{country}-{code}" for country in countries))
    return {id_ for id_ in ids if is_place(id_)}


def is_place(id_: str) -> bool:
    """Return whether this is the id of a place that we know."""
    try:
        place(id_)
    except KeyError:
        return False
    return True


def _clear(found: Sequence[Place]) -> Sequence[Place]:
    """Drop namesakes that nobody means: macro-regions win, then the far smaller ones go."""
    macros = [it for it in found if it.kind is PlaceKind.MACRO]
    if macros:
        return macros
    meant: list[Place] = []
    for it in found:
        shares = [other for other in meant if other.id in around(it.id)]
        if not shares:
            meant.append(it)
        # A city beside its own region or country: "Berlin" is the city, "Luxembourg" the country.
        elif all(
            o.kind is PlaceKind.REGION and it.population * _OF_ITS_REGION >= o.population for o in shares
        ):
            meant = [other for other in meant if other not in shares] + [it]
    most = max((it.population for it in meant), default=0)
    most_inside = max((it.population for it in meant if it.kind is not PlaceKind.COUNTRY), default=0)
    limit = {PlaceKind.COUNTRY: 0, PlaceKind.REGION: most_inside, PlaceKind.CITY: most}
    return [it for it in meant if it.population * _CLEARLY >= limit[it.kind]][:_CHOICES]


@lru_cache(maxsize=2_000)
def starting_with(prefix: str, limit: int = 25) -> Sequence[Place]:
    """Return places that a name beginning with `prefix` may mean.

    English and own names come before alternate ones; then wide places, then the better-known ones.
    """
    key = name_key(prefix)
    if not key:
        return ()
    # A few letters begin thousands of names.
    only = {1: "AND t.common AND t.n < 0", 2: "AND t.common", 3: "AND t.common"}.get(len(key), "")
    rows = _ask(
        f"SELECT {_COLUMNS}, MIN(t.quality) FROM name AS t JOIN place AS p ON p.n = t.n"
        f" WHERE t.key >= ? AND t.key < ? {only} GROUP BY p.n",
        key,
        key + _LAST,
    )
    rank = {PlaceKind.MACRO: 0, PlaceKind.COUNTRY: 1, PlaceKind.REGION: 2, PlaceKind.CITY: 2}
    ordered = sorted(rows, key=lambda row: (row[6] == Quality.OTHER, rank[PlaceKind(row[1])], -row[5]))
    return [_place(row[:-1]) for row in ordered[:limit]]


def nearest(words: str, limit: int = 3) -> Sequence[Place]:
    """Return the well-known places whose name is nearest to what was typed; () when none is near.

    For suggestions only: the first letter is taken to be right.
    """
    key = name_key(words)
    if len(key) < 3:
        return ()
    rows = _ask(
        "SELECT t.key, MAX(p.population), t.n FROM name AS t JOIN place AS p ON p.n = t.n"
        " WHERE t.key >= ? AND t.key < ? AND t.common AND length(t.key) BETWEEN ? AND ? AND t.quality < ?"
        " GROUP BY t.key",
        key[0],
        key[0] + _LAST,
        len(key) - 2,
        len(key) + 2,
        Quality.OTHER,
    )
    by_key = {name: n for name, _, n in rows}
    near = difflib.get_close_matches(key, by_key, n=limit, cutoff=_NEAR)
    ids = dict.fromkeys(by_key[name] for name in near)
    return [_place(_ask(f"SELECT {_COLUMNS} FROM place AS p WHERE p.n = ?", n)[0]) for n in ids]


_LAST = "\U0010ffff"
_NEAR = 0.75


@lru_cache(maxsize=10_000)
def spoken(id_: str) -> str:
    """Return the shortest words that mean this place and no other: "berlin", "cambridge, massachusetts".

    The id itself where every name of it means another place; KeyError for an id that we do not know.
    """
    it = place(id_)
    around = [place(wider).name for wider in (it.region, it.country) if wider and wider != id_]
    tries = [it.name, *(f"{it.name}, {wider}" for wider in around)]
    for words in tries:
        if [found.id for found in candidates(words)] == [id_]:
            return words.lower()
    return id_
