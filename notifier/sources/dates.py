"""Days as job lists write them."""

import re
from datetime import date, timedelta
from functools import lru_cache

LONGEST = 60  # characters; no day is written longer
AHEAD = timedelta(days=2)  # lists run up to two days ahead of their reading

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier janv enero",
            "feb february februar février fevrier févr febrero",
            "mar march märz maerz mars marzo",
            "apr april avril avr abril",
            "may mai mayo",
            "jun june juni juin junio",
            "jul july juli juillet juil julio",
            "aug august août aout agosto",
            "sep sept september septembre septiembre",
            "oct october okt oktober octobre octubre",
            "nov november novembre noviembre",
            "dec december dez dezember décembre decembre dic diciembre",
        ),
        1,
    )
    for name in names.split()
}
_MONTH_DAY = re.compile(r"([^\W\d]{3,10})\.? (\d{1,2})(?:st|nd|rd|th)?(?:,? (\d{4}))?")
_DAY_MONTH = re.compile(r"(\d{1,2})\.? ([^\W\d]{3,10})\.?(?:,? (\d{4}))?")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?")
_US = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})")
_AGE = re.compile(r"(?:(?:vor|il y a|hace) )?(-?\d{1,4})\+? ?([^\W\d]+)\.?(?: ago)?")
_TODAY = {"today": 0, "heute": 0, "aujourd'hui": 0, "hoy": 0, "just now": 0, "new": 0, "yesterday": 1, "gestern": 1, "hier": 1, "ayer": 1}  # fmt: skip
_UNITS = {
    **dict.fromkeys(
        [
            "m",
            "min",
            "mins",
            "minute",
            "minutes",
            "h",
            "hr",
            "hrs",
            "hour",
            "hours",
            "std",
            "stunden",
            "heure",
            "heures",
        ],
        0,
    ),
    **dict.fromkeys(["d", "day", "days", "t", "tag", "tage", "tagen", "j", "jour", "jours"], 1),
    **dict.fromkeys(
        ["w", "wk", "wks", "week", "weeks", "wo", "woche", "wochen", "sem", "semaine", "semaines"], 7
    ),
    **dict.fromkeys(["mo", "mos", "month", "months", "monat", "monate", "mois"], 30),
    **dict.fromkeys(["y", "yr", "year", "years"], 365),
}


def read_date(text: str, today: date) -> date | None:
    """Return the day that `text` means when read on `today`; None when it means none.

    Without a year: the newest year that puts it at most two days after `today`.
    """
    return _read(text, today) if len(text) <= LONGEST else None


@lru_cache(maxsize=1024)  # a list has few days and many rows
def _read(text: str, today: date) -> date | None:
    words = " ".join(text.casefold().replace("’", "'").split())
    if words in _TODAY:
        return today - timedelta(days=_TODAY[words])
    if found := _ISO.fullmatch(words):
        return _date(int(found[1]), int(found[2]), int(found[3]))
    if found := _US.fullmatch(words):
        year = int(found[3])
        return _date(year + 2000 if year < 100 else year, int(found[1]), int(found[2]))
    if (found := _MONTH_DAY.fullmatch(words)) and found[1] in _MONTHS:
        return _in_year(found[3], _MONTHS[found[1]], int(found[2]), today)
    if (found := _DAY_MONTH.fullmatch(words)) and found[2] in _MONTHS:
        return _in_year(found[3], _MONTHS[found[2]], int(found[1]), today)
    if (found := _AGE.fullmatch(words)) and found[2] in _UNITS:
        return _ago(today, int(found[1]) * _UNITS[found[2]])
    return None


def _ago(today: date, days: int) -> date | None:
    try:
        return today - timedelta(days=days)
    except OverflowError:
        return None


def _in_year(year: str | None, month: int, day: int, today: date) -> date | None:
    if year:
        return _date(int(year), month, day)
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
