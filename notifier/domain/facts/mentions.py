"""The runs of words that may name places, with what each may mean, before any of it is chosen.

"Bloomington, IN" gives two mentions: several cities, and a code of India and of Indiana.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log10

from notifier.domain.facts.cells import Cell, words_of
from notifier.domain.facts.places import APOSTROPHES, Place, PlaceKind, Quality, codes, named_many, place

Known = Mapping[str, Sequence[tuple[Place, int]]]  # names: their places, with the quality of the name

FAMOUS = 500_000  # people: such a city is meant whatever stands beside it
_WORDS_OF_A_NAME = 5
_LONGEST_GAP = 3  # characters between two words of one name
_GLUE = re.compile(rf"[\s.&{APOSTROPHES}-]*")  # between the words of one name
_CODE = re.compile(r"[A-Z]{1,3}|[A-Z]\d|\d[A-Z\d]|\d")

_CITY_STATES = frozenset(("SG", "HK", "MO", "MC", "VA", "GI"))
# Lands whose states are written as bare codes everywhere, and those that a code alone rather means.
_STATE_CODES = ("US", "CA", "AU", "IN", "BR")
_COUNTRY_BEFORE_STATE = frozenset(("IN", "DE"))
_ISO3_ALONE = frozenset(
    "USA GBR CAN IND DEU FRA ESP AUS NLD POL BRA MEX SRB ROU JPN CHN PRT UKR TUR ITA SWE CHE AUT BEL IRL ISR SGP PHL "
    "UAE TWN HKG NGA KEN PAK BGD LKA KOR NZL ZAF RSA KSA CZE HUN BGR GRC DNK NOR FIN EGY ARG CHL COL PER VNM THA MYS IDN".split()
)
_NOT_ISO3 = frozenset("AND ARE CAT PER COM CUB MAR".split())
_PLAIN_CODES = frozenset(("us", "usa", "uk", "uae", "eu"))  # places in a title, whatever stands around them

# How likely a name alone means a place: a country before a region before a city, both by their people.
_MACRO_WORTH, _COUNTRY_WORTH, _REGION_WORTH = 9.0, 8.0, 6.3
_BELOW_A_CITY = 0.8  # a region of as many people: the name is rather the city's
_QUALITY_WORTH = {Quality.MEANT: 1.2, Quality.OWN: 0.0, Quality.ENGLISH: 0.0, Quality.OTHER: -1.0}
_PLAIN_WORD = -1.0
_SHORT_NAME = -2.0  # of up to three letters, which may be anything's code


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place that a mention may mean; `worth` grows with how likely that is."""

    place: Place
    worth: float
    is_code: bool = False
    is_meant: bool = False  # we say that this place is meant by the name
    names_region: bool = False  # a city whose region has the same name


def _likeliest_first(it: Candidate) -> float:
    return -it.worth


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A run of words that may name places."""

    key: str
    start: int  # in words of the cell
    end: int
    part: int  # see `cells.Word`
    item: int
    group: int
    is_alone: bool  # nothing that we do not know stands beside it in its part
    is_dashed: bool  # a dash or bracket stands before its part
    candidates: Sequence[Candidate]  # the likeliest first


def mentions(text: str, *, title: bool = False) -> list[Mention]:
    """Return what may name a place in `text`, in its order.

    title  read as a title: places are rare there, so only what stands alone in its part counts
    """
    cell = Cell(text, title=title)
    spans = list(_spans(cell))
    known = named_many({key for _, _, key in spans})
    reader = _Reader(cell, known)
    found = [reader.mention(start, end, key) for start, end, key in _longest(cell, spans, known)]
    kept = [mention for mention in found if mention.candidates and not reader.refuses(mention)]
    return [mention for n, mention in enumerate(kept) if not title or _is_plain(kept, n)]


def _spans(cell: Cell) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, key) of every run of words that could be one name."""
    for start, first in enumerate(cell.words):
        key = first.key
        yield start, start + 1, key
        for end, word in enumerate(cell.words[start + 1 : start + _WORDS_OF_A_NAME], start + 2):
            if word.part != first.part or len(word.gap) > _LONGEST_GAP or not _GLUE.fullmatch(word.gap):
                break
            key += f" {word.key}" if word.gap else word.key
            yield start, end, key


def _longest(
    cell: Cell, spans: Sequence[tuple[int, int, str]], known: Known
) -> Iterator[tuple[int, int, str]]:
    """Yield the runs that are read as names or codes: from the left, the longest first."""
    best: dict[int, tuple[int, int, str]] = {}
    for start, end, key in spans:  # of one start the longest comes last
        if key in known or (end == start + 1 and _is_code(cell.words[start].raw)):
            best[start] = (start, end, key)
    at = 0
    while at < len(cell.words):
        if at in best:
            yield best[at]
        at = best[at][1] if at in best else at + 1


def _is_code(raw: str) -> bool:
    return bool(_CODE.fullmatch(raw)) and raw in codes()


def _is_plain(found: Sequence[Mention], n: int) -> bool:
    """Return whether a title says this place plainly; "(F/M)", "PL/SQL" and "SWE" are none."""
    mention = found[n]
    if not mention.is_alone or mention.key in words_of("plain"):
        return False
    if len(mention.key) > 3 or mention.key in _PLAIN_CODES or any(it.is_meant for it in mention.candidates):
        return True
    follows_a_name = n > 0 and found[n - 1].end == mention.start and len(found[n - 1].key) > 3
    return (
        follows_a_name
        and len(mention.key) > 1
        and any(it.is_code for it in mention.candidates)
        and _is_plain(found, n - 1)
    )


class _Reader:
    """Reads the mentions of one cell by what stands in and around them."""

    def __init__(self, cell: Cell, known: Known) -> None:
        self._cell = cell
        self._known = known
        usual = words_of("beside") | words_of("and") | words_of("region_after") | words_of("region_before")
        self._telling = [n for n, word in enumerate(cell.words) if word.key not in words_of("beside")]
        self._strange: dict[int, list[int]] = {}  # part: its words that are no name, no code, nothing usual
        for n, word in enumerate(cell.words):
            is_short_code = word.raw.isupper() and len(word.raw) <= 3
            has_digit = any(char.isdigit() for char in word.key)
            if not (word.key in usual or word.key in known or is_short_code or has_digit):
                self._strange.setdefault(word.part, []).append(n)

    def mention(self, start: int, end: int, key: str) -> Mention:
        """Return a run of words with what it may mean."""
        first = self._cell.words[start]
        strange = self._strange.get(first.part, ())
        return Mention(
            key=key,
            start=start,
            end=end,
            part=first.part,
            item=first.item,
            group=first.group,
            is_alone=_all_within(strange, start, end),
            is_dashed=self._cell.is_dashed(start),
            candidates=self._candidates(start, end, key),
        )

    def _candidates(self, start: int, end: int, key: str) -> Sequence[Candidate]:
        raw = self._cell.words[start].raw if end == start + 1 else ""
        lone = _all_within(self._telling, start, end)
        found: Sequence[Candidate] = _named(raw, key, lone) if key in self._known else ()
        if raw.isdigit() and (self._cell.before(start) or self._cell.behind(end)):
            return ()  # "82" is a province between commas only
        if _is_code(raw):
            if f"US-{raw}" in codes()[raw] and not self._cell.leads(start):
                found = [it for it in found if not _is_city(it)]  # "Baton Rouge, LA"
            if all(it.place.kind in (PlaceKind.CITY, PlaceKind.REGION) for it in found):
                found = sorted([*found, *_coded(raw)], key=_likeliest_first) if found else _coded(raw)
        if self._is_region(start, end):
            has_region = any(it.place.kind is PlaceKind.REGION for it in found)
            return [it for it in found if not _is_city(it) or (_is_famous(it) and not has_region)]
        if self._is_other(start, end):
            return [it for it in found if not _is_city(it) or _is_famous(it)]
        return found

    def _is_region(self, start: int, end: int) -> bool:
        """Return whether a word beside says that the name is a region's ("Cluj County", "Province of Liège")."""
        behind = self._cell.behind(end)
        if behind and behind.key in words_of("region_after"):
            return True
        earlier = [word.key for word in self._cell.earlier(start) if word.key not in ("of", "de")]
        return bool(earlier) and earlier[0] in words_of("region_before")

    def _is_other(self, start: int, end: int) -> bool:
        """Return whether a word beside makes it another place's name: "East Windsor", "Annapolis Junction"."""
        before, behind = self._cell.before(start), self._cell.behind(end)
        return bool(
            (before and self._cell.words[start].gap == " " and before.key in words_of("other_before"))
            or (behind and behind.gap == " " and behind.key in words_of("other_after"))
        )

    def refuses(self, mention: Mention) -> bool:
        """Return whether what stands in and around a mention says that it is no place."""
        first, behind = self._cell.words[mention.start], self._cell.behind(mention.end)
        if mention.end == mention.start + 1 and len(self._cell.words) > 1 and self._is_mere_word(mention):
            return True
        if behind and behind.key in words_of("institution") | words_of("times"):
            return True
        if first.raw[0].islower() and not mention.is_alone and not self._cell.is_shouted:
            near = self._cell.near(mention.start, mention.end)
            if len(near) > 8 or any(word.raw[0].isupper() for word in near):
                return True
        return self._is_street(mention)

    def _is_mere_word(self, mention: Mention) -> bool:
        """Return whether a single word is an "or", an "office" or a "street", and not a code: "Portland, OR"."""
        word = self._cell.words[mention.start]
        if word.key in words_of("street_after") | words_of("other_after"):
            return True
        if word.key not in words_of("beside") | words_of("and"):
            return False
        near = self._cell.near(mention.start, mention.end)
        # In capitals it is a code only between commas ("REMOTE IN INDIA", "PLOT NO 1").
        stands_out = len(near) == 1 or any(char.islower() for word in near for char in word.raw)
        return not (_is_code(word.raw) and stands_out)

    def _is_street(self, mention: Mention) -> bool:
        """Return whether a name is a street's or building's: "rue de Londres", "Madrid Street", "Berlin Tower"."""
        behind = self._cell.behind(mention.end)
        if behind and behind.gap.strip(".") == " " and behind.key in words_of("street_after"):
            return True
        then = self._cell.words[mention.start]
        for word in self._cell.earlier(mention.start):
            if word.key in words_of("street_before"):
                return True
            if word.key in words_of("street_after") and then.key in ("de", "du", "des", "della", "do"):
                return True
            then = word
        return False


def _all_within(numbers: Sequence[int], start: int, end: int) -> bool:
    return all(start <= n < end for n in numbers[: _WORDS_OF_A_NAME + 1])


def _is_city(it: Candidate) -> bool:
    return it.place.kind is PlaceKind.CITY


def _is_famous(it: Candidate) -> bool:
    return it.place.population >= FAMOUS


@lru_cache(maxsize=5_000)
def _coded(raw: str) -> tuple[Candidate, ...]:
    """Return what a code means, the likeliest first."""
    found = [Candidate(place(id_), _code_worth(id_, raw), True) for id_ in codes()[raw]]
    return tuple(sorted(found, key=_likeliest_first))


@lru_cache(maxsize=5_000)
def _named(raw: str, key: str, lone: bool) -> tuple[Candidate, ...]:
    """Return what a name means; `raw` is the word itself where the name is a single one."""
    return tuple(sorted(_meanings(raw, key, named_many((key,))[key], lone=lone), key=_likeliest_first))


def _meanings(raw: str, key: str, known: Sequence[tuple[Place, int]], *, lone: bool) -> Iterator[Candidate]:
    is_short = raw.isascii() and 0 < len(raw) < 4 and not lone
    for it, number in known:
        quality = Quality(number)
        worth = _name_worth(it, quality, known)
        if is_short and quality > Quality.MEANT:
            if it.kind is PlaceKind.COUNTRY and len(raw) == 3 and raw.upper() not in _ISO3_ALONE:
                if raw in _NOT_ISO3 or not raw.isupper():
                    continue
                worth = _PLAIN_WORD
            elif it.kind is PlaceKind.CITY:
                if raw.isupper() or len(raw) < 3:
                    continue  # "Wa" is a city, "WA" is none
                worth += _SHORT_NAME
        if key in words_of("plain") and quality > Quality.MEANT and not lone:
            worth = min(worth, _PLAIN_WORD)
        names_region = it.kind is PlaceKind.CITY and any(other.id == it.region for other, _ in known)
        yield Candidate(it, worth, is_meant=quality == Quality.MEANT, names_region=names_region)


def _name_worth(it: Place, quality: Quality, known: Sequence[tuple[Place, int]]) -> float:
    if it.kind is PlaceKind.MACRO:
        return _MACRO_WORTH
    if it.kind is PlaceKind.COUNTRY:
        return _COUNTRY_WORTH
    worth = log10(it.population + 10) + _QUALITY_WORTH[quality]
    if it.kind is PlaceKind.CITY:
        in_city_state = it.country in _CITY_STATES and any(other.id == it.country for other, _ in known)
        return 0.0 if in_city_state else worth
    worth = min(worth - _BELOW_A_CITY, _REGION_WORTH)
    return worth + _QUALITY_WORTH[Quality.MEANT] if quality == Quality.MEANT else worth


def _code_worth(id_: str, raw: str) -> float:
    """Return how likely a code alone means this: US states first, then countries, then other states."""
    if len(id_) == 2:
        return 1.1 if raw in _COUNTRY_BEFORE_STATE else 0.9
    if raw.isdigit() or len(raw) == 1:
        return _PLAIN_WORD
    if id_.startswith("US-"):
        return 1.0
    return 0.8 if id_.startswith(_STATE_CODES) and id_.endswith(f"-{raw}") else 0.1
