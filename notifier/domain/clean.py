"""Text from outside made safe to show: the one cleaner, used before a text becomes a span.

What is left has no control, format or private characters and nothing that a chat client turns
into a link, a mention, a tag or a command. Escaping markup belongs to the renderers.
"""

import re
import unicodedata
from urllib.parse import quote, urlsplit

TITLE = 300  # characters
NAME = 100  # company and place
LONGEST_LINK = 2_048

_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_JOINERS = "\u200c\u200d"
_MOST_COMBINING = 3
_BREAK = "\u2060"  # word joiner: no width, and no client finds a name behind it
# "@name", "#tag", "/command" and "$CASH" behind whatever is no letter (as in "€/hour"); "www.", "scheme:",
# "name.tld", addresses of four numbers and numbers of bank cards anywhere.
_TRIGGER = re.compile(r"(?<!\w)/(?=\w)|\$(?=[A-Z])|[@#](?=[\w·!&])")
_SCHEME = re.compile(
    r"(?i)\b([a-z][a-z0-9+.-]{1,20}:)(?=//|[^\s])(?=//)|\b(mailto|tg|javascript|data|file)(?=:)"
)
# Behind a letter, a number or a symbol beyond ASCII: emoji have domains.
_DOTTED = re.compile(r"(?<=[^\s\x00-/:-@\[-`{-\xbf\u2000-\u206f])\.(?=[^\W\d_]{2})")
_NUMBERS = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w)|(?<!\w)\d(?:[ -]?\d){12,18}(?!\w)")


def clean(text: str, limit: int | None = None) -> str:
    """Return `text` on one line, safe to show; cut at `limit` characters with an ellipsis."""
    if not (text.isascii() and text.isprintable()):
        text = _printable(unicodedata.normalize("NFC", text))
    text = " ".join(text.split())
    if limit is not None and len(text) > limit:
        text = text[: limit - 1].rstrip(f" {_JOINERS}") + "…"
    return _unlinked(text)


def safe_link(url: str) -> str:
    """Return `url` if it may stand behind a button: http or https, a host, nobody's name; else ""."""
    try:
        split = urlsplit(url)
        host = split.hostname
        port_ok = split.port is None or 0 < split.port < 65_536
    except ValueError:
        return ""
    if split.scheme.lower() not in ("http", "https") or not host or not port_ok or "@" in split.netloc:
        return ""
    if any(char.isspace() or unicodedata.category(char) in _DROPPED for char in url) or "\\" in url:
        return ""
    written = quote(url, safe="%/:=&?~#+!$,;'@()*[].-_")
    return written if len(written) <= LONGEST_LINK else ""


def _printable(text: str) -> str:
    kept: list[str] = []
    combining = 0
    for place, char in enumerate(text):
        category = unicodedata.category(char)
        if category[0] == "M" and char not in "\ufe0e\ufe0f":
            combining += 1
            if combining > _MOST_COMBINING:
                continue
        else:
            combining = 0
        if char in _JOINERS:
            if _joins(text, place):
                kept.append(char)
        elif category[0] == "Z" or char in "\t\n\r\v\f":
            kept.append(" ")
        elif category not in _DROPPED:
            kept.append(char)
    return "".join(kept)


def _joins(text: str, place: int) -> bool:
    """Return whether the joiner at `place` stands between letters or emoji."""
    if place == 0 or place + 1 >= len(text):
        return False
    around = unicodedata.category(text[place - 1]), unicodedata.category(text[place + 1])
    return all(category[0] in "LM" or category in ("So", "Sk") for category in around)


def _unlinked(text: str) -> str:
    if _BREAK in text:
        text = text.replace(_BREAK, "")
    text = _NUMBERS.sub(lambda found: _BREAK.join(re.findall(r".{1,6}?(?:\.|$)|.{6}|.+", found[0])), text)
    if not any(char in text for char in "@#/.:$"):
        return text
    text = _TRIGGER.sub(lambda found: f"{found[0]}{_BREAK}", text)
    text = _SCHEME.sub(lambda found: f"{found[0]}{_BREAK}", text)
    return _DOTTED.sub(f".{_BREAK}", text)
