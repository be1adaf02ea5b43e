"""What goes wrong between the bot and Discord, on demand: lost answers, resets, broken gateways, delays.

`faults.lose_answer("create_message")` strikes once; `times`, `chance`, `channel` and `when` say otherwise.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypedDict, Unpack

from tests.standin.discord.spec import Json, Upload
from tests.standin.faults import How


@dataclass(slots=True)
class Call:
    """One request of the bot, and what it was answered."""

    name: str  # of the operation; "" when Discord has none there
    method: str
    path: str
    at: float  # monotonic seconds
    params: dict[str, str] = field(default_factory=dict)  # what its path names
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    files: dict[str, Upload] = field(default_factory=dict)  # by field name: files[0]
    status: int = 0  # 0 as long as there is no answer
    code: int = 0  # Discord's, when it was refused
    message: str = ""  # why it was refused
    answer: Any = None

    def id(self, name: str) -> int:
        return int(self.params[f"{name}_id"])

    @property
    def data(self) -> Json:
        return self.body if isinstance(self.body, dict) else {}


class Aim(TypedDict, total=False):
    """Which calls a fault is meant for; see Fault."""

    channel: int | None
    when: Callable[[Call], bool] | None
    times: int | None
    chance: float


@dataclass(kw_only=True, slots=True)
class Fault:
    """One thing that goes wrong, for the calls it is meant for."""

    how: How
    name: str | None = None  # an operation; None: any
    channel: int | None = None
    when: Callable[[Call], bool] | None = None
    times: int | None = 1  # None: until cleared
    chance: float = 1.0
    seconds: float = 0.0
    status: int = 200
    scope: str = "user"  # of a 429
    accepted: bool = True  # whether the request takes effect all the same
    struck: list[Call] = field(default_factory=list)

    def is_for(self, call: Call) -> bool:
        return (
            (self.times is None or len(self.struck) < self.times)
            and self.name in (None, call.name)
            and (self.channel is None or call.params.get("channel_id") == str(self.channel))
            and (self.when is None or self.when(call))
        )


class Faults:
    """What will go wrong. Each method returns the fault; `fault.struck` are the calls it met."""

    def __init__(self, seed: int = 0) -> None:
        self.waiting: list[Fault] = []
        self._random = random.Random(seed)

    def lose_answer(self, name: str | None = None, **aim: Unpack[Aim]) -> Fault:
        """Accept, then close the connection."""
        return self.add(Fault(how=How.LOSE_ANSWER, name=name, **aim))

    def hang(self, name: str | None = None, **aim: Unpack[Aim]) -> Fault:
        """Accept, and never answer."""
        return self.add(Fault(how=How.HANG, name=name, **aim))

    def reset(self, name: str | None = None, **aim: Unpack[Aim]) -> Fault:
        """Reset the connection before anything is accepted."""
        return self.add(Fault(how=How.RESET, name=name, accepted=False, **aim))

    def gateway(
        self, status: int = 502, name: str | None = None, *, accepted: bool = False, **aim: Unpack[Aim]
    ) -> Fault:
        """Answer with a 5xx and a page of HTML."""
        return self.add(Fault(how=How.GATEWAY, name=name, status=status, accepted=accepted, **aim))

    def bad_json(self, name: str | None = None, *, accepted: bool = False, **aim: Unpack[Aim]) -> Fault:
        """Answer 200 with half of an object."""
        return self.add(Fault(how=How.BAD_JSON, name=name, accepted=accepted, **aim))

    def flood(
        self, retry_after: float, name: str | None = None, *, scope: str = "user", **aim: Unpack[Aim]
    ) -> Fault:
        """Answer 429, whatever the buckets say."""
        return self.add(
            Fault(how=How.FLOOD, name=name, seconds=retry_after, scope=scope, accepted=False, **aim)
        )

    def delay(self, seconds: float, name: str | None = None, **aim: Unpack[Aim]) -> Fault:
        """Accept, and answer later."""
        return self.add(Fault(how=How.DELAY, name=name, seconds=seconds, **aim))

    def add(self, fault: Fault) -> Fault:
        self.waiting.append(fault)
        return fault

    def clear(self) -> None:
        self.waiting.clear()

    def strikes(self, call: Call) -> Fault | None:
        """Return the fault that this call meets, if any."""
        for fault in self.waiting:
            if fault.is_for(call) and self._random.random() < fault.chance:
                fault.struck.append(call)
                return fault
        return None
