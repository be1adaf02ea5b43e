"""One table cell: its text without markup, and its links. Works on one cell at a time, whatever it holds."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

# Written as "\|" in a cell: kept apart from markup in the private use area until markup is gone.
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_PROTECTED = {code + 0xE000: chr(code) for code in range(0x21, 0x7F)}
_IMAGE = re.compile(r"!\[([^\]]*)\]\([^)]*\)")
_ANCHOR = re.compile(r"<a\b[^>]*?\bhref\s*=\s*[\"']?([^\"'\s>]+)[\"']?[^>]*>", re.IGNORECASE)
_SUMMARY = re.compile(r"<summary\b[^>]*>.*?</summary>", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"<\s*/?\s*br\s*/?\s*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--.*?-->", re.DOTALL)
_DELETED = re.compile(r"<(?:del|s|strike)>|~~.+~~", re.IGNORECASE)
# Only these: html.unescape reads "&region=" in a link as a registered sign.
_ENTITIES = {
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&#39;": "'",
    "&apos;": "'",
    "&nbsp;": " ",
    "&#124;": "|",
}
_ENTITY = re.compile("|".join(_ENTITIES), re.IGNORECASE)
_BRACKETS = {"[": re.compile(r"[\[\]]"), "(": re.compile(r"[()]")}
_ZERO_WIDTH = dict.fromkeys(map(ord, "\u00ad\u200b\u200e\u200f\u2060\ufeff"))


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a cell; `url` is http or https, as written."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell without markup."""

    text: str
    links: tuple[Link, ...] = ()
    struck: bool = False


def read_cell(raw: str) -> Cell:
    """Return the text and the http(s) links of a cell; never raises."""
    protected = _ESCAPED.sub(lambda found: chr(ord(found[1]) + 0xE000), raw)
    struck = bool(_DELETED.search(protected))
    # Pictures are dropped, and their words with them: a button says nothing that its link does not.
    text = _IMAGE.sub(lambda found: found[1], protected)
    links: list[Link] = []
    pieces = []
    for label, url in _markdown_links(text):
        pieces.append(label)
        if url and (link := _http(url)):
            links.append(Link(_plain(label), link))
    text = "".join(pieces)
    for found in _ANCHOR.finditer(text):
        if link := _http(found[1]):
            links.append(Link("", link))
    text = _SUMMARY.sub(" ", text)
    lines = [line for line in map(_plain, _BREAK.split(text)) if line]
    return Cell("; ".join(lines), tuple(links), struck)


def parts(raw: str) -> list[str]:
    """Return the pieces of a cell that `<br>` sets apart."""
    return [piece for piece in _BREAK.split(raw) if piece.strip()]


def _plain(text: str) -> str:
    text = _TAG.sub("", text)
    text = text.replace("**", "").replace("~~", "")
    text = " ".join(text.split())
    for mark in ("__", "*", "_", "`"):
        if len(text) > 2 * len(mark) and text.startswith(mark) and text.endswith(mark):
            text = text[len(mark) : -len(mark)]
    text = _ENTITY.sub(lambda found: _ENTITIES[found[0].lower()], text).replace("&amp;", "&")
    return " ".join(text.translate(_PROTECTED).translate(_ZERO_WIDTH).split())


def _markdown_links(text: str) -> Iterator[tuple[str, str]]:
    """Yield (text, url) in order, with url "" for what stands outside links."""
    start = at = 0
    while (at := text.find("[", at)) != -1:
        end = link_end(text, at)
        if end is None:
            at += 1
            continue
        close, stop = end
        yield text[start:at], ""
        yield text[at + 1 : close], text[close + 2 : stop]
        start = at = stop + 1
    yield text[start:], ""


def link_end(text: str, at: int) -> tuple[int, int] | None:
    """Return where the text and the target of the link that opens at `at` end; None when it is no link."""
    close = _matching(text, at, "[")
    if close is None or not text.startswith("(", close + 1):
        return None
    stop = _matching(text, close + 1, "(")
    return None if stop is None else (close, stop)


def _matching(text: str, at: int, opening: str) -> int | None:
    depth = 0
    for found in _BRACKETS[opening].finditer(text, at):
        depth += 1 if found[0] == opening else -1
        if not depth:
            return found.start()
    return None


def _http(target: str) -> str:
    """Return a link target as an absolute http(s) link, "" when it is none."""
    words = target.translate(_PROTECTED).replace("&amp;", "&").strip().strip("<>").split()
    url = words[0] if words else ""
    try:
        split = urlsplit(url)
        return url if split.scheme.lower() in ("http", "https") and split.hostname else ""
    except ValueError:
        return ""
