"""What a filter is: one kind of wish, with everything that the program asks of it.

Terms are canonical texts, so a wish is stored, compared and written back without further ado.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from notifier.domain.filters.prepared import Prepared, normal_words
from notifier.errors import BadQuery

MOST_TERMS = 20
LONGEST_TERM = 64
MOST_CHOICES = 25  # Discord shows no more
STRICT = "!"  # a posting that says nothing does not match
UNSTATED = "unstated"

Terms = tuple[str, ...]
Met = tuple[str, ...]  # the facts that met a filter, for `why`
Accept = Callable[[Prepared, datetime], Met | None]


@dataclass(frozen=True, slots=True)
class Choice:
    """One completion: what is inserted, and what people read."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One kind of wish; its sentences are the texts `wish-KEY` and `refused-KEY`.

    parse     terms as typed -> canonical terms; `BadQuery` names the wrong one
    accept    canonical terms -> a test that returns the facts that met them, None for no match
    query     canonical terms -> the text that parses to them
    name      a canonical term -> how people read it
    found     a job -> what it says about this, as people read it; () when it says nothing
    complete  what begins with a prefix; `known` are names the store holds (companies, sources)
    """

    key: str
    parse: Callable[[Sequence[str]], Terms]
    accept: Callable[[Terms], Accept]
    query: Callable[[Terms], str]
    name: Callable[[str], str] = str
    found: Callable[[Prepared], Sequence[str]]
    complete: Callable[[str, Sequence[str]], Sequence[Choice]]
    aliases: tuple[str, ...] = ()


def terms_of(words: Sequence[str], canonical: Callable[[str], str]) -> Terms:
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


def strict_terms(words: Sequence[str], parse: Callable[[Sequence[str]], Terms]) -> Terms:
    """Return the canonical terms, with STRICT behind them where a word ended in it."""
    terms = parse([plain for word in words if (plain := word.rstrip(STRICT))])
    if not terms:
        return terms
    return (*terms, STRICT) if any(word.endswith(STRICT) for word in words) else terms


def quoted(term: str) -> str:
    """Return a term as one value of a query."""
    return f'"{term}"' if set(term) & set(' ,"') else term


def keyed(key: str, spoken: Callable[[str], str] = str) -> Callable[[Terms], str]:
    """Return how the terms of a filter `key:a,b` are written."""

    def query(terms: Terms) -> str:
        values = ",".join(quoted(spoken(term)) for term in terms if term != STRICT)
        return f"{key}:{values}{STRICT if STRICT in terms else ''}"

    return query


def folded(words: Sequence[str]) -> Terms:
    """Return words as they are compared."""
    return terms_of(words, normal_words)


def among_known(prefix: str, known: Sequence[str]) -> Sequence[Choice]:
    """Return the known names that begin with `prefix`, or hold a word that does."""
    wanted = normal_words(prefix)
    first, rest = [], []
    for name in known:
        words = normal_words(name)
        if words.startswith(wanted):
            first.append(Choice(name, name))
        elif f" {wanted}" in words:
            rest.append(Choice(name, name))
    return [*first, *rest][:MOST_CHOICES]


def among_words(words: Sequence[str]) -> Callable[[str, Sequence[str]], Sequence[Choice]]:
    """Return a completion over a fixed set of words."""

    def complete(prefix: str, known: Sequence[str]) -> Sequence[Choice]:
        return [Choice(word, word) for word in words if word.startswith(prefix.casefold())]

    return complete


def nothing(prefix: str, known: Sequence[str]) -> Sequence[Choice]:
    """Complete nothing: what is written here is free."""
    return ()
