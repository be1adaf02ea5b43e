"""What we derived from a posting's raw text: a value beside it, with the version of its rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from notifier.domain.facts.pay import Pay
from notifier.domain.facts.role import Role
from notifier.domain.facts.seniority import Seniority

__all__ = ["FACTS_VERSION", "Facts", "Pay", "Role", "Seniority", "WorkMode"]

FACTS_VERSION = 3  # raise it when a rule changes; stored jobs are then read again, silently


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
    places: tuple[str, ...] = ()  # ids of the gazetteer, the narrowest that the posting names
    scope: tuple[str, ...] = ()  # countries and macro-regions that remote work is open to; (): not stated
    skills: tuple[str, ...] = ()  # ids of the vocabulary, in order of appearance
    topics: tuple[str, ...] = ()  # likewise, but fields of work: machine learning, DevOps
    implied: tuple[tuple[str, str], ...] = ()  # (skill, the named skill that implies it)
    role: Role = Role.OTHER
    seniority: Seniority = Seniority.UNSPECIFIED
    pay: Pay | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the value as a column keeps it; what is not known takes no room."""
        kept: dict[str, Any] = {"mode": self.mode.value, "role": self.role.value}
        for name in ("places", "scope", "skills", "topics"):
            if ids := getattr(self, name):
                kept[name] = list(ids)
        if self.implied:
            kept["implied"] = [list(pair) for pair in self.implied]
        if self.seniority is not Seniority.UNSPECIFIED:
            kept["seniority"] = self.seniority.value
        if self.pay:
            kept["pay"] = self.pay.to_json()
        return kept

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Facts":
        """Return the value that `to_json` kept, of this version or an older one."""
        return cls(
            mode=WorkMode(kept.get("mode", "unknown")),
            places=tuple(kept.get("places", ())),
            scope=tuple(kept.get("scope", ())),
            skills=tuple(kept.get("skills", ())),
            topics=tuple(kept.get("topics", ())),
            implied=tuple((skill, by) for skill, by in kept.get("implied", ())),
            role=Role(kept.get("role", Role.OTHER)),
            seniority=Seniority(kept.get("seniority", Seniority.UNSPECIFIED)),
            pay=Pay.from_json(kept["pay"]) if "pay" in kept else None,
        )
