"""What an error of Discord's API means for a message, by its JSON error code.

Source: Discord's developer documentation, "Opcodes and Status Codes", and the research of its limits.
"""

import discord

from notifier.chat.discord.api import Banned, Lost
from notifier.domain.ports import Barred, Denied, Gone, Outcome, Rejected, RetryAfter

TOKEN_REFUSED = "Discord refuses the token in NOTIFIER_DISCORD_TOKEN; reset it in the developer portal"
LOST_AGAIN = 5.0  # seconds: soon, while the nonce still makes it the same message
DM_CLOSED = (50007, 50278)  # the person takes no messages from us

_GONE = {
    10003: "unknown channel",
    10004: "unknown server",
    10013: "unknown person",
    10015: "unknown webhook",
    50027: "webhook changed",
    50033: "unknown person",
}
_BARRED = {
    50001: "Missing Access",
    50013: "Missing Permissions",
    50083: "the thread is archived and locked",
    160005: "the thread is locked",
    160006: "too many active threads",
    160007: "too many active threads",
    40067: "the forum asks for a tag",
    50024: "not possible in this kind of channel",
    50008: "not possible in this kind of channel",
    **dict.fromkeys(DM_CLOSED, "direct messages are closed"),
}
# Seconds to wait for what is refused now, and not for what it says.
_LATER = {
    30046: 3_600.0,  # too many edits of messages older than an hour
    40003: 600.0,  # direct messages are opened too fast
    130000: 60.0,  # overloaded
}
GONE_MESSAGE = 10008
ARCHIVED = 50083
_EMPTY, _MISSING_PERMISSIONS, _INVALID_FORM = 50006, 50013, 50035
TOO_LATE, ANSWERED = 10062, 40060  # an interaction that is over, or has its first answer already


def refuses_components(error: discord.HTTPException) -> bool:
    """Return whether it is the buttons and menus of a message that are not taken."""
    return error.code == _INVALID_FORM and "components" in error.text


def refuses_embeds(error: discord.HTTPException) -> bool:
    """Return whether it is the embed of a message that is not taken, or may not be shown."""
    return error.code in (_MISSING_PERMISSIONS, _EMPTY) or (
        error.code == _INVALID_FORM and "embeds" in error.text
    )


def outcome_of(error: Exception) -> Outcome:
    """Return what became of a message; raise the error when it is a bug or an outage."""
    match error:
        case Lost():
            return RetryAfter(LOST_AGAIN)
        case Banned():
            return Denied(str(error))  # for a while
        case discord.RateLimited(retry_after=seconds):
            return RetryAfter(seconds)
        case discord.HTTPException(code=code) if code in _LATER:
            return RetryAfter(_LATER[code])
        case discord.HTTPException(code=code) if code in _GONE:
            return Gone(_GONE[code])
        case discord.HTTPException(code=code) if code in _BARRED:
            return Barred(_BARRED[code])
        case discord.HTTPException(status=401):
            return Denied(TOKEN_REFUSED)
        case discord.HTTPException(status=400 | 413, text=text):
            return Rejected(text)
        case discord.Forbidden(text=text):
            return Barred(text)
    raise error  # a 404 of no code says something about our address, not about the chat
