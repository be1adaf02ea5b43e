"""Public lists and APIs to begin with; `starter.toml` names them."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Starter:
    """A source that anybody may read.

    sets  the words that add it with others; DEFAULT: read by a new notifier that knows no other source
    """

    name: str
    kind: str
    url: str
    sets: Sequence[str]


DEFAULT = "default"


@cache
def starters() -> Sequence[Starter]:
    """Return all of them, in the order of the file."""
    text = files("notifier.sources").joinpath("starter.toml").read_text("utf-8")
    return tuple(Starter(**entry) for entry in tomllib.loads(text)["source"])


def sets() -> Sequence[str]:
    """Return the words that add several."""
    return tuple(dict.fromkeys(word for starter in starters() for word in starter.sets))


def of(word: str) -> Sequence[Starter]:
    """Return those of a set."""
    return [starter for starter in starters() if word in starter.sets]
