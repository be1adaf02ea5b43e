"""Filters over where the work is done: places, mode, and who may do remote work."""

from collections.abc import Sequence
from datetime import datetime

from notifier.domain.facts import WorkMode
from notifier.domain.facts.places import (
    Place,
    PlaceKind,
    around,
    candidates,
    is_place,
    nearest,
    place,
    spoken,
    starting_with,
)
from notifier.domain.filters.filter import (
    MOST_CHOICES,
    STRICT,
    UNSTATED,
    Accept,
    Choice,
    Filter,
    Met,
    Terms,
    among_words,
    keyed,
    strict_terms,
    terms_of,
)
from notifier.domain.filters.prepared import Prepared, holds, normal_words
from notifier.errors import AmbiguousPlace, BadQuery

REMOTE = "remote"  # among places: remote work is an alternative
WORLD = "WORLD"
_CODE = 3  # letters: "ma" behind "cambridge" says which one
_MODES = {
    "only": WorkMode.REMOTE,
    "hybrid": WorkMode.HYBRID,
    "no": WorkMode.ONSITE,
    "unknown": WorkMode.UNKNOWN,
}
_MODE_WORDS = {"remote": "only", "yes": "only", "onsite": "no", "on-site": "no", "office": "no"}
_WORD_OF_MODE = {mode: word for word, mode in _MODES.items()}


# -- what a person's word means -----------------------------------------------------------------


def place_id(word: str) -> str:
    """Return the id of the place that a person means by `word`.

    Raises `AmbiguousPlace` where it may be several, `BadQuery` with the nearest name where it is none.
    """
    looks_like_an_id = (word.isdecimal() and len(word) > _CODE) or ("-" in word and word.upper() == word)
    if looks_like_an_id and is_place(word):
        return word
    found = candidates(word)
    if len(found) == 1:
        return found[0].id
    if found:
        raise AmbiguousPlace(word, [(_which(it), spoken(it.id)) for it in found])
    near = nearest(word)
    if near:
        raise BadQuery("query-unknown-place-near", word=word, nearest=near[0].label, query=spoken(near[0].id))
    raise BadQuery("query-unknown-place", word=word)


def _which(it: Place) -> str:
    """Return a place's label; a country says that it is one, or "Georgia" would be no answer."""
    return f"{it.label} (country)" if it.kind is PlaceKind.COUNTRY else it.label


def _joined(words: Sequence[str]) -> list[str]:
    """Return place words with a code put behind the place it tells: cambridge, ma -> "cambridge, ma"."""
    joined: list[str] = []
    for word in words:
        if joined and len(word) <= _CODE and "," not in joined[-1] and candidates(f"{joined[-1]}, {word}"):
            joined[-1] = f"{joined[-1]}, {word}"
        else:
            joined.append(word)
    return joined


def _parse_places(words: Sequence[str]) -> Terms:
    def places(plain: Sequence[str]) -> Terms:
        return terms_of(_joined(plain), lambda word: REMOTE if word.casefold() == REMOTE else place_id(word))

    return strict_terms(words, places)


def _parse_from(words: Sequence[str]) -> Terms:
    return strict_terms(words, lambda plain: terms_of(_joined(plain), place_id))


def _parse_modes(words: Sequence[str]) -> Terms:
    def mode(word: str) -> str:
        typed = word.casefold()
        found = _MODE_WORDS.get(typed, typed)
        if found not in _MODES:
            raise BadQuery("query-bad-mode", word=word)
        return found

    return tuple(sorted(terms_of(words, mode), key=list(_MODES).index))


# -- matching -----------------------------------------------------------------------------------


def _accept_places(terms: Terms) -> Accept:
    # A place that this gazetteer lacks (one of a stored wish) is looked for as words.
    places = [term for term in terms if term not in (REMOTE, STRICT) and is_place(term)]
    words = [normal_words(term) for term in terms if term not in (REMOTE, STRICT, *places)]
    or_remote, strict = REMOTE in terms, STRICT in terms

    def accept(job: Prepared, now: datetime) -> Met | None:
        if or_remote and job.mode is WorkMode.REMOTE:
            return (REMOTE,)
        within = job.within
        met = [within[term] for term in places if term in within]
        if met:
            return tuple(dict.fromkeys(met))
        if words and (found := tuple(term for term in words if holds(job.location, term))):
            return found
        if within or strict or not (places or words):
            return None
        return (UNSTATED,)

    return accept


def _accept_modes(terms: Terms) -> Accept:
    answers = {_MODES[term]: (term,) for term in terms}

    def accept(job: Prepared, now: datetime) -> Met | None:
        return answers.get(job.mode)

    return accept


def _accept_from(terms: Terms) -> Accept:
    """Remote work must be open there; work on site is not asked where its people come from."""
    homes = [term for term in terms if term != STRICT]
    open_to = {WORLD}.union(*(around(home) for home in homes if is_place(home)))
    strict = STRICT in terms

    def accept(job: Prepared, now: datetime) -> Met | None:
        if job.mode is not WorkMode.REMOTE:
            return ()
        if not job.scope:
            return None if strict else (UNSTATED,)
        met = open_to & job.scope
        return tuple(sorted(place(id_).name for id_ in met)) or None

    return accept


# -- what people read ---------------------------------------------------------------------------


def _place_name(term: str) -> str:
    return place(term).label if is_place(term) else term


def _place_words(term: str) -> str:
    return spoken(term) if is_place(term) else term


def _found_places(job: Prepared) -> Sequence[str]:
    return [place(id_).label for id_ in job.opening.facts.places]


def _found_scope(job: Prepared) -> Sequence[str]:
    return [place(id_).name for id_ in job.opening.facts.scope]


def _complete_places(prefix: str, known: Sequence[str]) -> Sequence[Choice]:
    found = starting_with(prefix, 2 * MOST_CHOICES)
    labelled: dict[str, str] = {}  # of two that read the same, the better-known
    for it in found:
        # A region that shares its name with its city ("Berlin") has no words of its own: the city is offered.
        if it.label not in labelled and (it.kind is not PlaceKind.REGION or spoken(it.id) != it.id):
            labelled[it.label] = spoken(it.id)
        if len(labelled) == MOST_CHOICES:
            break
    return [Choice(words, label) for label, words in labelled.items()]


IN = Filter(
    key="in",
    parse=_parse_places,
    accept=_accept_places,
    query=keyed("in", _place_words),
    name=_place_name,
    found=_found_places,
    complete=_complete_places,
    aliases=("location", "place"),
)
FROM = Filter(
    key="from",
    parse=_parse_from,
    accept=_accept_from,
    query=keyed("from", _place_words),
    name=_place_name,
    found=_found_scope,
    complete=_complete_places,
    aliases=("home",),
)
REMOTE_FILTER = Filter(
    key="remote",
    parse=_parse_modes,
    accept=_accept_modes,
    query=keyed("remote"),
    found=lambda job: () if job.mode is WorkMode.UNKNOWN else (_WORD_OF_MODE[job.mode],),
    complete=among_words(list(_MODES)),
    aliases=("mode",),
)
