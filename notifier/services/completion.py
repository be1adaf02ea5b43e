"""What may come next while a person types a value: Discord's autocomplete, a terminal's tab."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from notifier.domain.filters import FILTERS, Choice
from notifier.domain.filters.prepared import normal_words
from notifier.store import openings, sources
from notifier.store.database import Database

_REMEMBERED = timedelta(minutes=1)  # a new company may be offered that much later
_MOST = 50
_LONGEST_VALUE = 100  # characters; Discord takes no longer choice


@dataclass(slots=True)
class Completion:
    """Completes the values of filters; reads the names that the store holds at most once a minute."""

    db: Database
    _read_at: datetime | None = None
    _companies: list[tuple[str, str]] = field(default_factory=list)  # (as compared, as written), sorted
    _sources: list[tuple[str, str]] = field(default_factory=list)

    async def complete(self, key: str, typed: str, now: datetime) -> Sequence[Choice]:
        """Return at most 25 choices for the last of the values in `typed`; the earlier ones are kept.

        key    of a filter; KeyError for an unknown one
        typed  values separated by commas, the last one half written
        """
        kept, comma, last = typed.rpartition(",")
        before = f"{kept.strip()}{comma} " if comma else ""
        known = await self._known(key, last.strip(), now)
        choices = FILTERS[key].complete(last.strip(), known)
        return [
            Choice(before + value, before + choice.label)
            for choice in choices
            if len(value := f'"{choice.value}"' if "," in choice.value else choice.value) + len(before)
            <= _LONGEST_VALUE
        ]

    async def _known(self, key: str, prefix: str, now: datetime) -> Sequence[str]:
        if key not in ("company", "-company", "source"):
            return ()
        if self._read_at is None or now - self._read_at > _REMEMBERED:
            names = await self.db.read(openings.companies, now)
            lists = [row.name for row in await self.db.read(sources.every)]
            self._companies, self._sources = _sorted(names), _sorted(lists)
            self._read_at = now
        return _beginning(self._sources if key == "source" else self._companies, normal_words(prefix))


def _sorted(names: Sequence[str]) -> list[tuple[str, str]]:
    return sorted((normal_words(name), name) for name in names)


def _beginning(names: Sequence[tuple[str, str]], prefix: str) -> list[str]:
    start = bisect_left(names, (prefix, ""))
    return [name for words, name in names[start : start + _MOST] if words.startswith(prefix)]
