"""Values as people type them: times, spans, zones, days, switches."""

import difflib
import re
from datetime import time
from functools import cache
from zoneinfo import available_timezones

from notifier.domain.cadence import Cadence
from notifier.domain.texts import LANGUAGES, text
from notifier.errors import BadOption

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def read_number(value: str) -> int | None:
    """Return 12 or #12 as a number that every engine can look for; None for anything else."""
    plain = value.strip().removeprefix("#")
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 10 else None


def read_time(value: str) -> time:
    """Return 08:30 (or 8:30, 0830) as a wall time."""
    found = re.fullmatch(r"(\d{1,2}):?(\d{2})", value, re.ASCII)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise BadOption("option-time", value=value)
    return time(int(found[1]), int(found[2]))


def read_span(value: str) -> tuple[time, time] | None:
    """Return 22:00-07:00 as two wall times, None for off."""
    if value.lower() in ("off", "none"):
        return None
    start, dash, end = value.replace("–", "-").partition("-")
    if not dash:
        raise BadOption("option-span", value=value)
    try:
        return read_time(start.strip()), read_time(end.strip())
    except BadOption:
        raise BadOption("option-span", value=value) from None


@cache
def _zones() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


def read_zone(value: str) -> str:
    """Return a time zone's name, found by its name in any case or by its city."""
    wanted = value.strip().lower().replace(" ", "_")
    zones = _zones()
    if wanted in zones:
        return zones[wanted]
    cities = {name.rpartition("/")[2]: found for name, found in sorted(zones.items())}
    if wanted in cities:
        return cities[wanted]
    near = difflib.get_close_matches(wanted, [*zones, *cities], n=1, cutoff=0.0)
    raise BadOption("option-zone", value=value, nearest=zones.get(near[0]) or cities[near[0]])


def read_cadence(value: str) -> Cadence:
    """Return one of instant, daily, weekly, both."""
    try:
        return Cadence(value.lower())
    except ValueError:
        raise BadOption("option-cadence", value=value) from None


def read_weekday(value: str) -> int:
    """Return the number of a day (Monday is 0) by the beginning of its name."""
    for number, name in enumerate(WEEKDAYS):
        if len(value) >= 2 and name.startswith(value.lower()):
            return number
    raise BadOption("option-weekday", value=value)


def read_switch(value: str) -> bool:
    """Return on or off."""
    if value.lower() not in ("on", "off"):
        raise BadOption("option-switch", value=value)
    return value.lower() == "on"


def read_language(value: str) -> str:
    """Return the code of a language that we speak, by its code or the beginning of its names."""
    wanted = value.strip().lower()
    for code in LANGUAGES:
        names = [text(f"language-{code}", locale).lower() for locale in LANGUAGES]
        if wanted.partition("-")[0] == code or (
            len(wanted) > 2 and any(it.startswith(wanted) for it in names)
        ):
            return code
    raise BadOption("option-language", value=value, languages=", ".join(LANGUAGES))
