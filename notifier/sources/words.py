"""The words of job tables in several languages, from `table_words.toml`."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files

_SECTIONS: Mapping[str, Mapping[str, str]] = tomllib.loads(
    files(__package__).joinpath("table_words.toml").read_text(encoding="utf-8")
)


def words(section: str) -> dict[str, str]:
    """Return every word of a section with the key it stands under."""
    return {
        word.strip().casefold(): key for key, line in _SECTIONS[section].items() for word in line.split("|")
    }
