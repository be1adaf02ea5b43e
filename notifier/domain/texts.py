"""The words people read, by message id and language.

They are written in `locales/LANGUAGE/LC_MESSAGES/notifier.po`, where the msgid is our id and not the English;
an entry with plural forms, chosen by `count`, has that id as its msgid_plural too. The package is
built with them compiled to .mo.
"""

import gettext
import string
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

DEFAULT = "en"
LANGUAGES = ("en", "de", "es")


class _Unknown(gettext.NullTranslations):
    """What stands behind English: gettext would give an unknown id back as if it were the text."""

    def gettext(self, message: str) -> str:
        raise KeyError(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        raise KeyError(msgid1)


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    """Return the texts of one of LANGUAGES; what they lack is said in English."""
    compiled = files("notifier.domain").joinpath("locales", language, "LC_MESSAGES", "notifier.mo")
    try:
        with compiled.open("rb") as file:
            found = gettext.GNUTranslations(file)
    except FileNotFoundError as error:
        error.add_note(
            "Texts are compiled by `pip install`, or by `pybabel compile` (README: How to add things)."
        )
        raise
    found.add_fallback(_Unknown() if language == DEFAULT else _catalogue(DEFAULT))
    return found


def language_of(locale: str) -> str:
    """Return the language that we speak to "de-AT", "de_AT" or "de": German; English where we have none."""
    language = locale.replace("_", "-").partition("-")[0].lower()
    return language if language in LANGUAGES else DEFAULT


class _Formatter(string.Formatter):
    """Inserts values as they are: a field is a name, never an attribute or an index."""

    def get_field(self, field_name: str, args: object, kwargs: Mapping[str, object]) -> tuple[object, str]:
        return kwargs[field_name], field_name


_FORMATTER = _Formatter()


def text(message_id: str, locale: str = DEFAULT, /, **values: object) -> str:
    """Return the words of a message; `count` chooses between plural forms. KeyError for an unknown id."""
    return _FORMATTER.vformat(_words(message_id, locale, values.get("count")), (), values)


def _words(message_id: str, locale: str, count: object = None) -> str:
    catalogue = _catalogue(language_of(locale))
    if isinstance(count, int):
        try:
            return catalogue.ngettext(message_id, message_id, count)
        except KeyError:
            pass  # it reads the same for any number
    return catalogue.gettext(message_id)


def has_text(message_id: str) -> bool:
    """Return whether the catalogue has a message of that id."""
    try:
        return bool(_words(message_id, DEFAULT, 1))
    except KeyError:
        return False


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
