"""The places that a posting names: the mentions of a cell, decided together.

"Bloomington, IN" is Indiana because Bloomington lies in it; "Lisbon/Porto, Portugal" are two cities of one
country. The choice is the assignment in which the places support each other most.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from heapq import nlargest
from operator import itemgetter
from typing import Any, NamedTuple

from notifier.domain.facts.cells import flags
from notifier.domain.facts.mentions import FAMOUS, Candidate, Mention, mentions
from notifier.domain.facts.places import Place, PlaceKind, around, candidates, contains, name_key
from notifier.domain.facts.skills import skill_id

_NEIGHBOURS = 3  # mentions before one that have a say
_BEAM = 6  # assignments carried along; one in a group of more mentions than people write
_LONG_GROUP = 60
_CANDIDATES = 4  # namesakes tried by their people alone; those that neighbours hint at come on top
_HINTED = 8
_PLAINLY = 100_000  # people: such a city is meant in a title, smaller ones need a region beside
# What a name loses that stands among words we do not know: all but big cities and supported ones.
_AMONG_STRANGERS = {PlaceKind.CITY: 5.6, PlaceKind.REGION: 0.5, PlaceKind.COUNTRY: 0.5, PlaceKind.MACRO: 0.5}
_IN_ITS_OWN_SCRIPT = 2.0  # … which is no other word there as easily as in Latin letters

_SEATED = re.compile(
    r"\b(?:universit\w+|college|institute|city|county|state|government)\b[^,]*? (?:of|in|at) ([^,()]+)$",
    re.IGNORECASE,
)
_LONGEST_COMPANY = 120  # characters, of which the last may say a place

_SCORE = itemgetter(0)  # of a _Path
_QUARTER = 10  # times as many people: what stands behind a dash is a part of it


def places_in(location: str, title: str = "") -> tuple[str, ...]:
    """Return the ids of the places named, the narrowest of each path, in the order of the text.

    The title is read only where the location names none, and only where it says a place plainly
    ("Backend Developer (Remote - Mexico Only)").
    """
    return _in_location(location) or in_title(title)


@lru_cache(maxsize=5_000)
def _in_location(text: str) -> tuple[str, ...]:
    return _narrowest(_chosen(mentions(text)), flags(text))


@lru_cache(maxsize=5_000)
def in_title(title: str) -> tuple[str, ...]:
    """Return the ids of the places that a title says plainly; words that are skills are none."""
    found = [mention for mention in mentions(title, title=True) if skill_id(mention.key) is None]
    chosen = _chosen(found)
    # A small city alone is more likely another word.
    sure = [
        (mention, it)
        for mention, it in chosen
        if it.kind is not PlaceKind.CITY
        or it.population >= _PLAINLY
        or any(other.id != it.id and contains(other.id, it.id) for _, other in chosen)
    ]
    return _narrowest(sure, flags(title))


def seat_in(company: str, location: str) -> tuple[str, ...]:
    """Return the place that an institution is named by, when the location is a building of its own.

    "Medical Campus of the University" at a "University of Michigan" is in Michigan.
    """
    of_its_own = {word for word in name_key(location).split() if len(word) > 3}
    if of_its_own.isdisjoint(name_key(company).split()):
        return ()
    named = _SEATED.search(company[-_LONGEST_COMPANY:])
    found = candidates(named[1]) if named else ()
    return (found[0].id,) if len(found) == 1 else ()


def _narrowest(chosen: Sequence[tuple[Mention, Place]], more: Iterator[Place]) -> tuple[str, ...]:
    """Return the ids of the chosen places without those that another of the same item lies in."""
    items: dict[int, set[str]] = {}  # the places of each item
    for mention, it in chosen:
        items.setdefault(mention.item, set()).add(it.id)
    wider = {item: {id_ for it in places for id_ in around(it) - {it}} for item, places in items.items()}
    found = {
        it.id: None
        for mention, it in chosen
        if it.id not in wider[mention.item] or _stands_in_a_list(it, items[mention.item])
    }
    countries = {it.country for _, it in chosen}
    found.update((it.id, None) for it in more if it.country not in countries)
    return tuple(found)


def _stands_in_a_list(it: Place, others: Iterable[str]) -> bool:
    """Return whether a macro-region is one of several places: "Europe, UK, South Africa" is no path."""
    return it.kind is PlaceKind.MACRO and not all(contains(it.id, other) for other in others)


def _chosen(found: Sequence[Mention]) -> list[tuple[Mention, Place]]:
    """Return the mentions that name a place, with that place."""
    groups: dict[int, list[Mention]] = {}
    for mention in found:
        groups.setdefault(mention.group, []).append(mention)
    votes = Counter(_likeliest(mention).country for mention in found)
    return [pair for group in groups.values() for pair in _agreeing(group, _best(group, votes))]


def _likeliest(mention: Mention) -> Place:
    return mention.candidates[0].place


class _Path(NamedTuple):
    """What the mentions so far are taken for, one by one; None for no place at all."""

    score: float = 0.0
    last: Candidate | None = None
    before: Any = None  # the path up to the mention before; None at the start

    def choices(self) -> list[Candidate | None]:
        """Return what each mention is taken for, in their order."""
        found, path = [], self
        while path.before is not None:
            found.append(path.last)
            path = path.before
        return found[::-1]


def _best(group: Sequence[Mention], votes: Counter[str]) -> list[Candidate | None]:
    """Return, for each mention, the candidate it means in the assignment of the highest score."""
    width = _BEAM if len(group) <= _LONG_GROUP else 1
    beam = [_Path()]
    for n, mention in enumerate(group):
        grown = [_Path(path.score, None, path) for path in beam]
        voted = _voted(mention, votes)
        for it in _worth_trying(group, n):
            worth = it.worth + voted(it)
            if not mention.is_alone:
                worth -= _AMONG_STRANGERS[it.place.kind] - (
                    0 if mention.key.isascii() else _IN_ITS_OWN_SCRIPT
                )
            fits: dict[tuple[int, int], float] = {}  # the beam's paths share most of their choices
            for path in beam:
                score, earlier, back = path.score + worth, path, 1
                while back <= _NEIGHBOURS and earlier.before is not None:
                    if (last := earlier.last) is not None:
                        fit = fits.get((id(last), back))
                        if fit is None:
                            fit = _fit(group[n - back], last, mention, it, back)
                            fits[id(last), back] = fit
                        score += fit
                    earlier, back = earlier.before, back + 1
                grown.append(_Path(score, it, path))
        beam = nlargest(width, grown, key=_SCORE)
    return beam[0].choices()


def _voted(mention: Mention, votes: Counter[str]) -> Callable[[Candidate], float]:
    """Return what a candidate gains by others of its country elsewhere in the cell: "Georgia; Florida; Texas"."""
    own = _likeliest(mention).country
    names = mention.candidates[:_CANDIDATES]
    is_state_or_country = any(it.place.kind is PlaceKind.COUNTRY for it in names)

    def gain(it: Candidate) -> float:
        country = it.place.country
        if it.place.kind is PlaceKind.COUNTRY or not country or it.is_code:
            return 0.0
        others = votes[country] - (own == country)
        if it.place.kind is PlaceKind.REGION and is_state_or_country:
            return 1.2 * min(others, 3)
        return 0.5 * min(others, 1)

    return gain


def _worth_trying(group: Sequence[Mention], n: int) -> Sequence[Candidate]:
    """Return the candidates of a mention worth trying: the likeliest, and those near its neighbours."""
    ordered = _city_or_region(group, n)
    if len(ordered) <= _CANDIDATES:
        return ordered
    near = [
        other.place
        for mention in group[max(0, n - _NEIGHBOURS) : n + _NEIGHBOURS + 1]
        if mention is not group[n]
        for other in mention.candidates[:40]
    ]
    homes = {it.id for it in near if it.kind is not PlaceKind.CITY}
    homes |= {id_ for it in near if it.kind is PlaceKind.CITY for id_ in (it.region, it.country)}
    hinted = [it for it in ordered[_CANDIDATES:] if {it.place.region, it.place.country, it.place.id} & homes]
    # A country's many cities of one name: those in a hinted region before the rest.
    hinted.sort(key=lambda it: it.place.region not in homes)
    return [*ordered[:_CANDIDATES], *hinted[:_HINTED]]


def _city_or_region(group: Sequence[Mention], n: int) -> Sequence[Candidate]:
    """Return a mention's candidates without the region that is named after one of its cities.

    "New York" is the city, but the state in "Albany, New York".
    """
    own = {it.place.region: it.place.id for it in group[n].candidates if it.names_region}
    if not own:
        return group[n].candidates
    before = group[n - 1] if n and group[n - 1].item == group[n].item else None
    held = {
        it.place.region
        for it in (before.candidates if before else ())
        if it.place.kind is PlaceKind.CITY and it.place.id != own.get(it.place.region)
    }
    return [
        it
        for it in group[n].candidates
        if it.place.kind is not PlaceKind.REGION
        or it.place.id not in own
        or it.place.id in held
        or it.is_meant
    ]


def _fit(before: Mention, one: Candidate, after: Mention, two: Candidate, back: int) -> float:
    """Return how well two places of one group go together; `two` stands `back` mentions behind `one`."""
    a, b = one.place, two.place
    near = 1.0 if back == 1 else 0.7
    kinds = {a.kind, b.kind}
    if a.id == b.id:
        return -2.0 if a.kind in (PlaceKind.COUNTRY, PlaceKind.REGION) and not two.is_code else 0.3
    if PlaceKind.MACRO in kinds:
        return 0.5 if contains(a.id, b.id) or contains(b.id, a.id) else 0.0
    if a.country != b.country:
        return _unfit(a, b, back, is_code=one.is_code or two.is_code, same_item=before.item == after.item)
    if kinds == {PlaceKind.CITY, PlaceKind.REGION}:
        city, region = (a, b) if a.kind is PlaceKind.CITY else (b, a)
        if a is region and before.item != after.item:
            return 0.0  # "Springfield, MO or Springfield, MA"
        if city.region == region.id:
            return 3.6 * near
        if one.is_code and a is region and before.part == after.part:
            return -4.0  # "IN-AP-Hyderabad": a code from before the states were redrawn
        if two.is_code:
            return -0.8  # the code stays, and the city goes, see `_agreeing`
        return -1.5 if back == 1 and city.population < FAMOUS else 0.2
    if PlaceKind.COUNTRY in kinds:
        if PlaceKind.REGION in kinds and two.is_code:
            if before.item != after.item:
                return 0.0  # "US/CA" is two countries
            if b.kind is PlaceKind.COUNTRY:
                return 1.2 * near  # "Ontario, CA" is the city in California
        return 2.5 * near
    if kinds == {PlaceKind.REGION}:
        return 0.2
    if one.names_region and a.region == b.region:
        return 3.6 * near  # "Berlin - Kreuzberg"
    touching = before.end == after.start and before.part == after.part
    return (2.8 if touching else 1.2) * near if a.region == b.region != "" else 0.4 * near


def _unfit(a: Place, b: Place, back: int, *, is_code: bool, same_item: bool) -> float:
    """Return what two places of different countries lose or gain by standing together."""
    if a.kind is PlaceKind.COUNTRY and b.kind is PlaceKind.COUNTRY and (not is_code or not same_item):
        return 0.4 if back == 1 else 0.3
    if is_code:
        return -3.0 if back == 1 else -2.1
    if a.kind is PlaceKind.CITY and b.kind is not PlaceKind.CITY:
        if back > 1 or not same_item:
            return -0.5
        return -6.0 if b.kind is PlaceKind.REGION else -2.5
    return -0.5 if PlaceKind.REGION in (a.kind, b.kind) else 0.0


def _agreeing(group: Sequence[Mention], path: Sequence[Candidate | None]) -> Iterator[tuple[Mention, Place]]:
    """Yield what was chosen, but nothing that the region or country written behind it does not hold.

    That is a namesake we do not know: "Boston, Lincolnshire", "Marina Bay, Singapore".
    """
    meant = [(mention, it) for mention, it in zip(group, path, strict=True) if it is not None]
    for n, (mention, it) in enumerate(meant):
        behind = meant[n + 1] if n + 1 < len(meant) else None
        if (
            it.place.kind in (PlaceKind.CITY, PlaceKind.REGION)
            and (it.place.kind is PlaceKind.REGION or it.place.population < FAMOUS)
            and behind is not None
            and behind[0].item == mention.item
            and behind[1].place.kind in (PlaceKind.REGION, PlaceKind.COUNTRY)
            and not contains(behind[1].place.id, it.place.id)
            and (behind[1].is_code or behind[1].place.country != it.place.country)
        ):
            continue
        if n and _is_quarter(meant[n - 1], (mention, it)):
            continue
        if it.place.kind is PlaceKind.CITY and (state := _state_behind(group, mention, it.place, path)):
            yield state
        else:
            yield mention, it.place


def _state_behind(
    group: Sequence[Mention], mention: Mention, city: Place, path: Sequence[Candidate | None]
) -> tuple[Mention, Place] | None:
    """Return the state of the USA whose code stands behind a city of another land: "Delhi, NY".

    The code fitted no better than as a code of nothing, so the city is a namesake we do not know.
    """
    n = next(n for n, other in enumerate(group) if other is mention) + 1
    if n == len(group) or path[n] is not None or group[n].item != mention.item or city.country == "US":
        return None
    code = group[n].candidates[0]
    return (group[n], code.place) if code.is_code and code.place.id.startswith("US-") else None


def _is_quarter(before: tuple[Mention, Candidate], of: tuple[Mention, Candidate]) -> bool:
    """Return whether a small town is a part of the big city behind whose name it stands: "Paris - Auteuil"."""
    (city_mention, city), (mention, it) = before, of
    return (
        mention.is_dashed
        and mention.item == city_mention.item
        and it.place.kind is city.place.kind is PlaceKind.CITY
        and it.place.region == city.place.region
        and it.place.population * _QUARTER < city.place.population
    )
