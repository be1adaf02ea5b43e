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
    10015: "unknown webhook",
    50027: "webhook changed",
}
_BARRED = {
    50001: "Missing Access",
    50013: "Missing Permissions",
    50083: "the thread is archived and locked",
    40067: "the forum asks for a tag",
    50024: "not possible in this kind of channel",
    50008: "not possible in this kind of channel",
    **dict.fromkeys(DM_CLOSED, "direct messages are closed"),
}
GONE_MESSAGE = 10008
NOT_IN_TIME = (10062, 40060)  # an interaction that is over, or answered already


def outcome_of(error: Exception) -> Outcome:
    """Return what became of a message; raise the error when it is a bug or an outage."""
    match error:
        case Lost():
            return RetryAfter(LOST_AGAIN)
        case Banned(seconds=seconds):
            return RetryAfter(seconds)
        case discord.RateLimited(retry_after=seconds):
            return RetryAfter(seconds)
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
        case discord.NotFound(text=text):
            return Gone(text)
    raise error
