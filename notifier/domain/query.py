"""The query language: one grammar for chat text, slash options, links and the command line.

python django            any of these
python+kafka -php        both; without
"data platform"          these words in the title
remote  remote:only,hybrid,no,unknown  in:berlin,remote  from:india
level:senior,lead  role:backend  pay>=60k/eur  pay:flagged
company:acme  -company:acme  source:NAME  days:7  cadence:daily
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from notifier.domain.cadence import Cadence
from notifier.domain.filters import FILTERS, STRICT, UNSTATED, Wish
from notifier.errors import BadQuery

_QUOTES = str.maketrans(dict.fromkeys("“”„«»‟＂", '"'))
_TOKEN = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
_KEYED = re.compile(r"(-?)([A-Za-z_]+)(?::?>=|:?≥|[:=])(.*)", re.DOTALL)
_VALUE = re.compile(r'"([^"]*)"?|[^,"]+')
_BARE_MODES = frozenset({"remote", "hybrid", "onsite", "on-site"})
_KEYS = {alias: filter_.key for filter_ in FILTERS.values() for alias in (filter_.key, *filter_.aliases)}
_CADENCE = "cadence"
_MAY_BE_STRICT = frozenset(("in", "from", "level", "role", "pay"))


@dataclass(frozen=True, slots=True)
class Query:
    """What a line asked for."""

    wish: Wish
    cadence: Cadence | None = None


def parse(text: str) -> Query:
    """Return the wish (and cadence) that `text` writes; `BadQuery` names the word that is wrong."""
    return _asked(_read(token) for token in _TOKEN.findall(text.translate(_QUOTES)))


def parse_options(options: Mapping[str, str]) -> Query:
    """Return the wish that the options of a slash command ask for, by the filters' own names.

    Several values are separated by commas; "any" is no wish. `BadQuery` as for text.
    """
    given = {name: value for name, value in options.items() if value.strip() and value.casefold() != "any"}
    return _asked(_keyed(f"{name}:{value}", "", name.lower(), value.strip()) for name, value in given.items())


def _asked(parts: Iterable[tuple[str, list[str]]]) -> Query:
    typed: dict[str, list[str]] = {}
    cadence = None
    for key, values in parts:
        if key == _CADENCE:
            cadence = _cadence(values)
        else:
            typed.setdefault(key, []).extend(values)
    wish = Wish.of(typed)
    if not wish.parts:
        raise BadQuery("query-empty")
    return Query(wish, cadence)


def query(wish: Wish) -> str:
    """Return the canonical text of a wish; `parse` reads it back."""
    return " ".join(FILTERS[key].query(terms) for key, terms in wish.parts)


def _read(token: str) -> tuple[str, list[str]]:
    """Return the filter and the terms that one word of a line means."""
    if token.startswith('"'):
        return "words", _values(token)
    if token.startswith('-"'):
        return "exclude", _values(token[1:])
    if keyed := _KEYED.fullmatch(token):
        minus, name, rest = keyed.groups()
        return _keyed(token, minus, name.lower(), rest)
    if token.startswith("-") and len(token) > 1:
        if token[1:].casefold() in _BARE_MODES:
            raise BadQuery("query-cannot-exclude", word=token)
        return "exclude", [token[1:].strip('"')]
    if token.casefold() in _BARE_MODES:
        return "remote", [token]
    return "skills", [token.strip('",;')]


def _keyed(token: str, minus: str, name: str, rest: str) -> tuple[str, list[str]]:
    key = _KEYS.get(minus + name) if minus else _KEYS.get(name, _CADENCE if name == _CADENCE else None)
    if key is None:
        if minus and name in _KEYS:
            raise BadQuery("query-cannot-exclude", word=token)
        nearest = difflib.get_close_matches(name, [*_KEYS, _CADENCE], n=1, cutoff=0.0)
        raise BadQuery("query-unknown-key", word=name, nearest=nearest[0])
    strict = rest.endswith(STRICT)
    if strict and key not in _MAY_BE_STRICT:
        raise BadQuery("query-not-strict", word=token)
    values = _values(rest.removesuffix(STRICT) if strict else rest)
    if not values:
        raise BadQuery("query-no-value", word=name)
    return key, [f"{value}{STRICT}" for value in values] if strict else values


def _values(text: str) -> list[str]:
    found = [(match[1] if match[1] is not None else match[0]).strip() for match in _VALUE.finditer(text)]
    return [value for value in found if value]


def _cadence(values: list[str]) -> Cadence:
    try:
        return Cadence(values[0].casefold())
    except ValueError:
        raise BadQuery("query-bad-cadence", word=values[0]) from None


__all__ = ["UNSTATED", "Query", "parse", "query"]
