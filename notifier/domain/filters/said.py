"""Wishes, matches and refusals in the words of a person's language."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from notifier.domain.clean import clean
from notifier.domain.filters.filter import STRICT, UNSTATED
from notifier.domain.filters.prepared import Prepared
from notifier.domain.filters.wish import FILTERS, CompiledWish, Wish
from notifier.domain.texts import has_text, text


def sentence(wish: Wish, locale: str) -> str:
    """Return a wish in words: "Python or Django, remote, open to people in India"."""
    return ", ".join(_part(key, wish.terms(key), locale) for key, _ in wish.parts)


def part_in_words(wish: Wish, key: str, locale: str) -> str:
    """Return one part of a wish in words."""
    return _part(key, wish.terms(key), locale)


def reasons(met: Mapping[str, Sequence[str]], locale: str) -> str:
    """Return in words by what a job met a wish: "Python (Django), remote, Worldwide"."""
    facts = [_word(key, fact, locale) for key, found in met.items() for fact in found]
    return ", ".join(dict.fromkeys(facts))


def refusals(wish: Wish, job: Prepared, now: datetime, locale: str) -> list[str]:
    """Return in words each part of a wish that a job does not meet; [] when it meets them all."""
    return [_refusal(key, wish, job, locale) for key in CompiledWish(wish).refused_by(job, now)]


def _refusal(key: str, wish: Wish, job: Prepared, locale: str) -> str:
    asked = _listed(key, wish.terms(key), locale)
    found = ", ".join(_word(key, fact, locale) for fact in FILTERS[key].found(job))
    if not found:
        return text("refused-unstated", locale, silence=text(f"unstated-{key}", locale), asked=asked)
    return text(f"refused-{key}", locale, found=found, asked=asked)


def _part(key: str, terms: Sequence[str], locale: str) -> str:
    words = text(f"wish-{key}", locale, terms=_listed(key, terms, locale))
    return text("wish-strictly", locale, part=words) if STRICT in terms else words


def _listed(key: str, terms: Sequence[str], locale: str) -> str:
    name = FILTERS[key].name
    return text("or", locale).join(_word(key, name(term), locale) for term in terms if term != STRICT)


def _word(key: str, value: str, locale: str) -> str:
    """Return a term or fact as people read it; one of a fixed set has a text of its own."""
    if value == UNSTATED:
        return text(f"unstated-{key}", locale)
    message_id = f"{key}-word-{value}"
    return text(message_id, locale) if has_text(message_id) else clean(value)
