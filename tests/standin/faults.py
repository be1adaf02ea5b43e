"""What goes wrong between the bot and Telegram, on demand: lost answers, resets, broken gateways, delays.

`faults.lose_answer(method="sendMessage")` strikes once; `times`, `chance` and `when` say otherwise.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypedDict, Unpack

from tests.standin.spec import Json


@dataclass(slots=True)
class Call:
    """One request of the bot, and what it was answered."""

    method: str
    params: Json
    at: float  # monotonic seconds
    status: int = 0  # 0 as long as there is no answer
    description: str = ""  # why it was refused

    @property
    def chat_id(self) -> int | str | None:
        chat_id: int | str | None = self.params.get("chat_id")
        return chat_id


class How(Enum):
    """The ways a request can fail."""

    LOSE_ANSWER = auto()  # accepted, then the connection is closed
    HANG = auto()  # accepted, and never answered
    RESET = auto()  # the connection is reset before anything was accepted
    GATEWAY = auto()  # an HTML page of a gateway instead of an answer
    BAD_JSON = auto()  # a 200 that is no JSON
    FLOOD = auto()  # 429
    DELAY = auto()  # accepted, and answered later


class Aim(TypedDict, total=False):
    """Which calls a fault is meant for; see Fault."""

    chat_id: int | None
    when: Callable[[Call], bool] | None
    times: int | None
    chance: float


@dataclass(kw_only=True, slots=True)
class Fault:
    """One thing that goes wrong, for the calls it is meant for."""

    how: How
    method: str | None = None  # None: any but getUpdates
    chat_id: int | None = None
    when: Callable[[Call], bool] | None = None
    times: int | None = 1  # None: until cleared
    chance: float = 1.0
    seconds: float = 0.0
    status: int = 200
    accepted: bool = True  # whether the request takes effect all the same
    struck: list[Call] = field(default_factory=list)

    def is_for(self, call: Call) -> bool:
        return (
            (self.times is None or len(self.struck) < self.times)
            and (call.method == self.method if self.method else call.method != "getUpdates")
            and (self.chat_id is None or call.chat_id == self.chat_id)
            and (self.when is None or self.when(call))
        )


class Faults:
    """What will go wrong. Each method returns the fault; `fault.struck` are the calls it met."""

    def __init__(self, seed: int = 0) -> None:
        self.waiting: list[Fault] = []
        self._random = random.Random(seed)

    def lose_answer(self, method: str | None = None, **aim: Unpack[Aim]) -> Fault:
        return self.add(Fault(how=How.LOSE_ANSWER, method=method, **aim))

    def hang(self, method: str | None = None, **aim: Unpack[Aim]) -> Fault:
        return self.add(Fault(how=How.HANG, method=method, **aim))

    def reset(self, method: str | None = None, **aim: Unpack[Aim]) -> Fault:
        return self.add(Fault(how=How.RESET, method=method, accepted=False, **aim))

    def gateway(
        self, status: int = 502, method: str | None = None, *, accepted: bool = False, **aim: Unpack[Aim]
    ) -> Fault:
        return self.add(Fault(how=How.GATEWAY, method=method, status=status, accepted=accepted, **aim))

    def bad_json(self, method: str | None = None, *, accepted: bool = False, **aim: Unpack[Aim]) -> Fault:
        return self.add(Fault(how=How.BAD_JSON, method=method, accepted=accepted, **aim))

    def flood(self, retry_after: int, method: str | None = None, **aim: Unpack[Aim]) -> Fault:
        """Answer 429; with flood control on, the chat's wait begins with it."""
        return self.add(Fault(how=How.FLOOD, method=method, seconds=retry_after, accepted=False, **aim))

    def delay(self, seconds: float, method: str | None = None, **aim: Unpack[Aim]) -> Fault:
        return self.add(Fault(how=How.DELAY, method=method, seconds=seconds, **aim))

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
