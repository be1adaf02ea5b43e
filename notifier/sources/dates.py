"""Days as job lists write them."""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache

from notifier.sources.words import words

LONGEST = 60  # characters; no day is written longer
AHEAD = timedelta(days=2)  # lists run up to two days ahead of their reading

_MONTHS = {name: int(number) for name, number in words("months").items()}
_DAYS_AGO = {name: int(days) for name, days in words("days").items()}
_UNITS = {name: int(days) for name, days in words("units").items()}
_AGO = words("ago")
_BEFORE = "|".join(word for word, side in _AGO.items() if side == "before")
_ONE = "|".join(word for word, side in _AGO.items() if side == "one")
_AFTER = "|".join(word for word, side in _AGO.items() if side != "one")
_YEAR = r"(?:(?:,? |[-/])'?(\d{4}|\d{2}))?(?:,? \d{1,2}:\d{2}.*)?"
_MONTH_DAY = re.compile(rf"([^\W\d]{{3,14}})\.?[ -](\d{{1,2}})(?:st|nd|rd|th)?{_YEAR}")
_DAY_MONTH = re.compile(
    rf"(\d{{1,2}})(?:\.|st|nd|rd|th|er|º|°)?[ /-](?:(?:de|of) )?([^\W\d]{{3,14}})\.?(?: de)?{_YEAR}"
)
_WEEKDAY = re.compile(r"^[^\W\d]{2,12}\.?, ")
_EDGES = re.compile(r"^[^\w-]+|[^\w.]+$")  # ">30d", "1d 🔥"
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[t ].*)?")
_NUMBERS = re.compile(r"(\d{1,2})(?:/(\d{1,2})/|([.-])(\d{1,2})\3)(\d{4}|\d{2})")
_SHORT = re.compile(r"(\d{1,2})(?:/(\d{1,2})|\.(\d{1,2})\.)")
_AGE = re.compile(
    rf"(?:(?:{_BEFORE}) )?(-?\d{{1,4}})\+? ?([^\W\d]+)\.?(?:,? \d{{1,2}} ?[^\W\d]+)?(?: (?:{_AFTER}))?"
)
_ONE_AGE = re.compile(
    rf"(?:(?:{_BEFORE}) (?:(?:{_ONE}) )?([^\W\d]+)(?: (?:{_AFTER}))?|(?:(?:{_ONE}) )?([^\W\d]+) (?:{_AFTER}))"
)
_SLASHES = re.compile(r"\s*(\d{1,2})/(\d{1,2})(?!\d)")
_LAST_MONTH = 12


def day_first(texts: Iterable[str], otherwise: bool = False) -> bool:
    """Return whether a column writes 21/08/2026: more of its days say so than say 08/21/2026.

    `otherwise` is the answer when as many say the one as the other.
    """
    votes = 0
    for text in texts:
        if "/" in text and (found := _SLASHES.match(text)):
            votes += (int(found[1]) > _LAST_MONTH) - (int(found[2]) > _LAST_MONTH)
    return votes > 0 or (votes == 0 and otherwise)


def read_date(text: str, today: date, *, slashes_day_first: bool = False) -> date | None:
    """Return the day that `text` means when read on `today`; None when it means none.

    Without a year: the newest year that puts it at most two days after `today`. Dots and dashes
    between numbers put the day first, slashes the month unless told otherwise or it cannot be one.
    """
    return _read(text, today, slashes_day_first) if len(text) <= LONGEST else None


@lru_cache(maxsize=1024)  # a list has few days and many rows
def _read(text: str, today: date, slashes_day_first: bool) -> date | None:
    said = _EDGES.sub("", " ".join(text.casefold().replace("’", "'").split()))
    if said in _DAYS_AGO:
        return _ago(today, _DAYS_AGO[said])
    if found := _ISO.fullmatch(said):
        return _date(int(found[1]), int(found[2]), int(found[3]))
    if found := _NUMBERS.fullmatch(said):
        day, month = _in_order(int(found[1]), int(found[2] or found[4]), slashes_day_first or not found[2])
        return _in_year(found[5], month, day, today)
    if found := _SHORT.fullmatch(said):
        day, month = _in_order(int(found[1]), int(found[2] or found[3]), slashes_day_first or not found[2])
        return _in_year(None, month, day, today)
    said = _WEEKDAY.sub("", said)
    if (found := _MONTH_DAY.fullmatch(said)) and found[1] in _MONTHS:
        return _in_year(found[3], _MONTHS[found[1]], int(found[2]), today)
    if (found := _DAY_MONTH.fullmatch(said)) and found[2] in _MONTHS:
        return _in_year(found[3], _MONTHS[found[2]], int(found[1]), today)
    if (found := _AGE.fullmatch(said)) and found[2] in _UNITS:
        return _ago(today, int(found[1]) * _UNITS[found[2]])
    if (found := _ONE_AGE.fullmatch(said)) and (unit := found[1] or found[2]) in _UNITS:
        return _ago(today, _UNITS[unit])
    return None


def _in_order(first: int, second: int, day_first: bool) -> tuple[int, int]:
    """Return a day and a month, in the order that is wanted or else the one that can be."""
    day_first = second <= _LAST_MONTH if day_first else first > _LAST_MONTH
    return (first, second) if day_first else (second, first)


def _ago(today: date, days: int) -> date | None:
    try:
        return today - timedelta(days=days)
    except OverflowError:
        return None


def _in_year(year: str | None, month: int, day: int, today: date) -> date | None:
    if year:
        return _date(int(year) + (2000 if len(year) == 2 else 0), month, day)
    newest = (today + AHEAD).year
    # 29 February may be eight years back (1900).
    for candidate in range(newest, newest - 9, -1):
        found = _date(candidate, month, day)
        if found is not None and found <= today + AHEAD:
            return found
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
