"""Text without its secrets: what this process was given to keep, and whatever looks like a secret.

Everything that is logged, printed as an error, told to an operator or stored as the reason of a failure
goes through here. What a list or a person wrote, and people are shown, does not: a job's link keeps its key.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, time, timedelta
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "***"
SHORTEST = 4  # characters; what is shorter guards nothing, and is part of every other word
_CUT = 12  # characters of a longer secret that give it away
_DEEPEST = 6  # of values inside values

# Each leaves what stands around the secret, so that a person still sees what it was about.
_SHAPES = re.compile(
    r"(?:(?<=bot)\d{6,20}(?::|%3A)[\w-]{4,}|\d{6,20}(?::|%3A)[\w-]{30,})"  # Telegram's token, in its URL even if cut
    r"|[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}"  # Discord's
    r"|(?:(?<=/webhooks/)|(?<=/interactions/))\d+/[\w-]+|(?<=hooks\.slack\.com/)[\w/-]+"  # a webhook's URL is its password
    # Who logs in, up to the last @: a password may hold one, and without care even a slash.
    r"|(?<=://)(?:[^\s/?#\"'<>]{1,300}|[^\s/:@]{0,100}:(?!\d{1,5}[/?#])[^\s\"'<>]{1,300})(?=@)"
    r"|(?i:(?<=[?&;])(?P<key>[\w-]{0,30}(?:token|secret|passw(?:or)?d|pwd|api_?key|key|signature|sig|auth)=)[^\s&#\"'<>]+)"
    r"|(?i:(?P<login>authorization\W{1,8}(?:b['\"])?(?:basic|bearer|bot)\s+)[^\s'\"]+)"
    # What databases quote of a row: addresses and texts of people.
    r"|(?P<row>\bDETAIL:\s{1,4}[^\n(]{0,60}\([^\n)]{0,300}\)=)\([^\n]*\)"
)

_kept: set[str] = set()
_known: re.Pattern[str] | None = None


def keep_secret(*secrets: str) -> None:
    """From now on hide these wherever they turn up, also as URLs, JSON and Python write them."""
    global _known
    for secret in secrets:
        if len(secret) >= SHORTEST:
            _kept.update(_spellings(secret))
    longest_first = sorted(_kept, key=len, reverse=True)
    # Texts are cut to a length, and a secret in them; its beginning is hidden like the whole.
    cut = [rf"{re.escape(secret[:_CUT])}[\w-]*" for secret in longest_first if len(secret) > _CUT]
    # A host or a list's name is written in lower case, and a token with it.
    _known = re.compile("|".join([*map(re.escape, longest_first), *cut]), re.IGNORECASE) if _kept else None


def _spellings(secret: str) -> Iterator[str]:
    yield from (secret, quote(secret), quote(secret, safe=""), quote_plus(secret))
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1])


def redacted(text: str) -> str:
    """Return `text` with *** where a secret stood."""
    if _known is not None:
        text = _known.sub(HIDDEN, text)
    return _SHAPES.sub(_hide, text)


def _hide(found: re.Match[str]) -> str:
    return f"{found['key'] or found['login'] or found['row'] or ''}{HIDDEN}"


def redacted_value(value: Any, depth: int = 0) -> Any:
    """Return any value as numbers, times, texts, lists and dicts with no secret in them; never raises."""
    if value is None or isinstance(value, bool | int | float | date | time | timedelta):
        return value
    try:
        if depth < _DEEPEST and isinstance(value, Mapping):
            return {
                redacted(str(key)): HIDDEN if _tells(key) else redacted_value(inner, depth + 1)
                for key, inner in value.items()
            }
        if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
            return [redacted_value(inner, depth + 1) for inner in value]
        return redacted(str(value))
    except Exception:  # it has no text, or its text raises
        return f"<{type(value).__name__}>"


def _tells(key: object) -> bool:
    """Return whether a key says that its value is a secret, whatever that looks like."""
    return isinstance(key, str) and key.lower() in ("token", "password", "secret", "authorization", "api_key")
