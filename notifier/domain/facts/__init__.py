"""What we derived from a posting's raw text: a value beside it, with the version of its rules."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

FACTS_VERSION = 1  # raise it when a rule changes; stored jobs are then read again, silently


class WorkMode(StrEnum):
    """Where the work is done."""

    REMOTE = "remote"
    HYBRID = "hybrid"
    ONSITE = "onsite"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What one posting tells, as filters ask for it."""

    mode: WorkMode = WorkMode.UNKNOWN
    skills: tuple[str, ...] = ()  # ids of the vocabulary, in order of appearance
    implied: tuple[tuple[str, str], ...] = ()  # (skill, the named skill that implies it)

    def to_json(self) -> dict[str, Any]:
        """Return the value as a column keeps it; what is not known takes no room."""
        kept: dict[str, Any] = {"mode": self.mode.value}
        if self.skills:
            kept["skills"] = list(self.skills)
        if self.implied:
            kept["implied"] = [list(pair) for pair in self.implied]
        return kept

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Facts":
        """Return the value that `to_json` kept."""
        return cls(
            mode=WorkMode(kept.get("mode", "unknown")),
            skills=tuple(kept.get("skills", ())),
            implied=tuple((skill, by) for skill, by in kept.get("implied", ())),
        )
