"""What a button carries: a command line, and the chat it is about where that is not the one it stands in."""

import re
from dataclasses import dataclass

from notifier.domain.document import COMMAND_BYTES

VERSION = "1"  # what carries another one was made by a version that meant something else
LONGEST = 64  # bytes of Telegram's callback data; Discord's custom ids have 100 characters
_DATA = re.compile(rf"{VERSION}(?:@(?P<about>-?\d{{1,20}}) )?(?P<command>\S.*)")


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a press means: a command line, and the shared chat it is about ("" for the chat of the button)."""

    command: str
    about: str = ""


def written(command: str, about: str = "", most: int = LONGEST) -> str:
    """Return what a button carries for a command of at most COMMAND_BYTES bytes."""
    data = f"{VERSION}@{about} {command}" if about else f"{VERSION}{command}"
    if len(data.encode()) > most:
        raise ValueError(f"a button carries {most} bytes, and a command may have {COMMAND_BYTES} of them")
    return data


def read(data: str | None) -> Pressed | None:
    """Return what a button means; None for one that is not of this version, or forged."""
    found = _DATA.fullmatch(data or "")
    return Pressed(found["command"], found["about"] or "") if found else None
