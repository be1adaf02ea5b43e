"""What can be guessed of a newcomer from the language of the client, and undone: the country, the zone."""

from functools import cache
from importlib.resources import files

# A language without a region is taken for the land that most people speak it in; English says nothing.
_LANDS = {
    "de": "DE", "fr": "FR", "es": "ES", "it": "IT", "pt": "BR", "pl": "PL", "nl": "NL", "ru": "RU", "uk": "UA",
    "tr": "TR", "ja": "JP", "ko": "KR", "zh": "CN", "hi": "IN", "id": "ID", "vi": "VN", "cs": "CZ", "sv": "SE",
    "da": "DK", "nb": "NO", "fi": "FI", "hu": "HU", "ro": "RO", "el": "GR", "he": "IL", "th": "TH", "fa": "IR",
}  # fmt: skip
# Of lands with several zones the one of most people; elsewhere the tz database lists it first.
_MOST_PEOPLE = {
    "AU": "Australia/Sydney", "BR": "America/Sao_Paulo", "CA": "America/Toronto", "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv", "KZ": "Asia/Almaty", "UZ": "Asia/Tashkent", "NZ": "Pacific/Auckland",
}  # fmt: skip


def country_of(locale: str) -> str:
    """Return the country that "de-AT" or "de" points to (ISO 3166-1), "" when it points to none."""
    language, _, region = locale.replace("_", "-").partition("-")
    region = region.rpartition("-")[2].upper()
    return region if len(region) == 2 else _LANDS.get(language.lower(), "")


def zone_of(country: str) -> str:
    """Return the time zone of most people of a country, "" for a country that we do not know."""
    return _MOST_PEOPLE.get(country) or _first_zones().get(country, "")


@cache
def _first_zones() -> dict[str, str]:
    table = (files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8")
    zones: dict[str, str] = {}
    for line in table.splitlines():
        if line and not line.startswith("#"):
            country, _, name = line.split("\t")[:3]
            zones.setdefault(country, name)
    return zones
