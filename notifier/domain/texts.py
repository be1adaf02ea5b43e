"""The words people read, by message id and language.

A catalogue is a TOML file: `id = "text {value}"`, or `id.one` and `id.other` chosen by `count`.
"""

import string
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

DEFAULT = "en"


@cache
def catalogue(locale: str) -> Mapping[str, str | Mapping[str, str]]:
    """Return the catalogue of a language; that of English where we have none."""
    folder = files("notifier.domain") / "catalogues"
    file = folder / f"{locale.partition('-')[0].lower()}.toml"
    if not file.is_file():
        return catalogue(DEFAULT)
    return tomllib.loads(file.read_text("utf-8"))


class _Formatter(string.Formatter):
    """Inserts values as they are: a field is a name, never an attribute or an index."""

    def get_field(self, field_name: str, args: object, kwargs: Mapping[str, object]) -> tuple[object, str]:
        return kwargs[field_name], field_name


_FORMATTER = _Formatter()


def text(message_id: str, locale: str = DEFAULT, /, **values: object) -> str:
    """Return the words of a message; `count` chooses between one and other. KeyError for an unknown id."""
    entry = catalogue(locale).get(message_id)
    if entry is None:
        entry = catalogue(DEFAULT)[message_id]
    if not isinstance(entry, str):
        entry = entry["one" if values.get("count") == 1 else "other"]
    return _FORMATTER.vformat(entry, (), values)


def has_text(message_id: str) -> bool:
    """Return whether the catalogue has a message of that id."""
    return message_id in catalogue(DEFAULT)


def day(on: date, locale: str = DEFAULT) -> str:
    """Return a date as "Tue 4 Nov"."""
    weekday = text(f"weekday-{on.weekday()}", locale)
    return text("day", locale, weekday=weekday, day=on.day, month=text(f"month-{on.month}", locale))


def moment(at: datetime, zone: str, locale: str = DEFAULT) -> str:
    """Return a time as "Wed 08:30 Europe/Berlin"."""
    local = at.astimezone(ZoneInfo(zone))
    return text(
        "moment", locale, weekday=text(f"weekday-{local.weekday()}", locale), time=f"{local:%H:%M}", zone=zone
    )
