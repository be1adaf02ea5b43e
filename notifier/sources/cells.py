"""One table cell: its text without markup, and its links.

Each cell is read once from left to right, so the time grows with its length whatever it holds.
"""

import re
from dataclasses import dataclass
from html import unescape
from html.entities import html5
from urllib.parse import urlsplit

_MARKUP = re.compile(r"[\\<\[*~_`&]")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
# What was written as "\|" is kept apart from markup, in the private use area, until markup is gone.
_SHIFT = 0x10F000
_PROTECTED = {code + _SHIFT: chr(code) for code in range(0x21, 0x7F)}
_BRACKET = re.compile(r"\\.|[\[\]()]")
_TOKEN = re.compile(r"[\[\]]|<([/!a-zA-Z][^<>]*)>")
_TAG_NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]*)(?=[\s/]|$)")
_ONE_TARGET = re.compile(r"[^\s()]*(?:\([^\s()]*\)[^\s()]*)*")
_HREF = re.compile(r"(?<![\w-])href\s*=\s*(?:\"([^\"]*)|'([^']*)|([^\s\"'>]+))", re.IGNORECASE)
_BULLET = re.compile(r"\s*(?:[-*•] +(?=\S)|[-•](?=[^\W\d_]))")
_ONE_ANCHOR = re.compile(
    r"(?:<strong>)?<a ([^<>]*)>(?:<strong>|<img [^<>]*>)?([^<>\[\]\\*~_`&]*)(?:</strong>)?</a>(?:</strong>)?",
    re.IGNORECASE,
)
_BARE = re.compile(r"(?:https?://|(?<![\w./@-])www\.)[^\s<>\[\]()|\"]+", re.IGNORECASE)
_PLAIN_HTTP = re.compile(r"https?://[a-z0-9.-]*[a-z0-9](?:/[!-~]*)?", re.IGNORECASE)
_BREAKS = frozenset({"br", "div", "li", "ol", "p", "ul"})
_STRIKES = frozenset({"del", "s", "strike"})
# Any other word in angle brackets is the list's own text: "Engineer <Remote>", "Vector<T>".
_TAGS = _BREAKS | _STRIKES | set(
    "a abbr b big button center code details em font h1 h2 h3 h4 h5 h6 hr i img ins kbd mark nobr picture pre q"
    " samp small source span strong sub summary sup svg table tbody td tfoot th thead tr tt u var wbr".split()
)  # fmt: skip
# Whole names alone: html.unescape reads "&region=" in a link as a registered sign.
_ENTITY = re.compile(r"&(#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)
_IN_LINK = re.compile(r"&(?:amp|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")
_CODE = re.compile(r"(?<!`)(`++)([^`]++)\1(?!`)")
_EMPHASIS = re.compile(
    r"(?<![\w*])\*(?=[^\s*])([^*]++)(?<!\s)\*(?![\w*])|(?<!\w)(__?)(?=[^\s_])([^_]++)(?<!\s)\2(?!\w)"
)
_ZERO_WIDTH = re.compile("[\u00ad\u200b\u200e\u200f\u2060\ufeff]+")


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a cell; `url` is http or https, as written."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell without markup; its lines are joined by "; "."""

    text: str = ""
    links: tuple[Link, ...] = ()
    struck: bool = False


EMPTY = Cell()


def read_cell(raw: str) -> Cell:
    """Return the text and the http(s) links of a cell; never raises."""
    if _MARKUP.search(raw) is None:
        return Cell(_squeezed(_unbulleted(raw)), _bare_links(raw))
    text = _ESCAPED.sub(lambda found: chr(ord(found[1]) + _SHIFT), raw) if "\\" in raw else raw
    core = text.strip(" \t*")
    if core.startswith("[") and core.endswith(")") and core.count("](") == 1:
        label, _, target = core[1:-1].partition("](")
        one = label.count("[") != label.count("]") or ("[" not in label and "]" not in label)
        if one and _ONE_TARGET.fullmatch(target):
            # The whole cell is one link; so its text may hold brackets that do not pair.
            inner = (
                _scanned(label, is_label=True)
                if "\\" in raw or _MARKUP.search(label)
                else Cell(_squeezed(label))
            )
            url = http_link(target)
            return Cell(inner.text, (Link(inner.text, url),) if url else inner.links, inner.struck)
    if core.startswith("<") and (anchor := _ONE_ANCHOR.fullmatch(core)) is not None:
        # Most cells of HTML tables are one link and no more.
        href = _HREF.search(anchor[1])
        url = _target(href) if href else ""
        shown = _squeezed(anchor[2].translate(_PROTECTED) if "\\" in raw else anchor[2])
        return Cell(shown, (Link("", url),) if url else _bare_links(shown))
    return _scanned(text)


def pieces(raw: str) -> list[str]:
    """Return the parts of a cell that `<br>` or list items set apart."""
    at, found = 0, []
    for token in _TOKEN.finditer(raw):
        if token[1] and _tag(token[1]) in ("br", "li", "ul", "ol"):
            found.append(raw[at : token.start()])
            at = token.end()
    return [piece for piece in [*found, raw[at:]] if piece.strip()]


def link_spans(text: str) -> dict[int, tuple[int, int]]:
    """Return for each `[` that opens a link where its text and its target end."""
    squares: list[int] = []
    rounds: list[int] = []
    closes: dict[int, int] = {}
    targets: dict[int, int] = {}
    for found in _BRACKET.finditer(text):
        at = found.start()
        match text[at]:
            case "[":
                squares.append(at)
            case "]" if squares:
                closes[squares.pop()] = at
            case "(":
                rounds.append(at)
            case ")" if rounds:
                targets[rounds.pop()] = at
    return {at: (close, targets[close + 1]) for at, close in closes.items() if close + 1 in targets}


def http_link(target: str) -> str:
    """Return a link target as an absolute http(s) link, "" when it is none."""
    if _PLAIN_HTTP.fullmatch(target) and ("&" not in target or _IN_LINK.search(target) is None):
        return target
    target = _IN_LINK.sub(lambda found: unescape(found[0]), target.translate(_PROTECTED)).strip()
    if target.startswith("<") and (end := target.find(">")) != -1:
        url = target[1:end].strip().replace(" ", "%20")
    else:
        url = (target.strip("<>").split() or [""])[0]
    try:
        split = urlsplit(url)
        return url if split.scheme.lower() in ("http", "https") and split.hostname else ""
    except ValueError:
        return ""


def _target(href: re.Match[str]) -> str:
    """Return where an HTML link goes; unlike one in Markdown it may hold blanks."""
    return http_link((href[1] or href[2] or href[3] or "").strip().replace(" ", "%20"))


def _scanned(text: str, *, is_label: bool = False) -> Cell:
    """Read a cell, or what a link says, token by token: link brackets and tags go, everything else stays."""
    text = _without_comments(text)
    spans = link_spans(text) if "](" in text else {}
    open_links: dict[int, tuple[int, int, bool]] = {}  # close -> stop, first piece, is a picture
    kept: list[str] = []
    links: list[Link] = []
    strikes = text.count("~~") > 1
    summaries: list[int] = []  # pieces between which summaries stand
    pictures: list[tuple[int, int]] = []  # pieces between which the words for a picture stand
    labelled = at = 0  # the piece after the last link, so that no text is joined twice
    for token in _TOKEN.finditer(text):
        here = token.start()
        if here < at:
            continue
        if token[0] == "[":
            if here in spans:
                close, stop = spans[here]
                picture = here > at and text[here - 1] == "!"
                kept.append(text[at : here - picture])
                open_links[close] = stop, len(kept), picture
                at = here + 1
        elif token[0] == "]":
            if here in open_links:
                stop, first, picture = open_links[here]
                kept.append(text[at:here])
                if not picture:
                    if url := http_link(text[here + 2 : stop]):
                        links.append(Link(_line("".join(kept[max(first, labelled) :])), url))
                    labelled = len(kept)
                else:
                    pictures.append((first, len(kept)))
                at = stop + 1
        elif token[1][:4].lower() == "http" and (url := http_link(token[1])):  # <https://…>
            kept += text[at:here], url
            links.append(Link(url, url))
            at = token.end()
        elif (name := _tag(token[1])) in _TAGS:
            kept.append(text[at:here])
            at = token.end()
            opens = not token[1].startswith("/")
            if name in _BREAKS:
                kept.append("\n")
            elif name == "a" and opens and (href := _HREF.search(token[1])):
                if url := _target(href):
                    links.append(Link("", url))
            elif name == "summary" and opens != len(summaries) % 2:
                summaries.append(len(kept))
            strikes = strikes or (name in _STRIKES and opens)
    kept.append(text[at:])
    # "5 locations" says less than the five it hides, and a logo less than the name beside it.
    shown = _outside(kept, summaries)
    lines = _lines(_outside(_without(kept, pictures), summaries)) if pictures else []
    lines = lines or _lines(shown, is_label=is_label) or _lines(kept)
    return Cell("; ".join(lines), tuple(links) or _bare_links("".join(kept)), strikes)


def _without(kept: list[str], spans: list[tuple[int, int]]) -> list[str]:
    """Return the pieces with those of each span empty."""
    left = list(kept)
    for start, stop in spans:
        left[start:stop] = [""] * (stop - start)
    return left


def _outside(kept: list[str], summaries: list[int]) -> list[str]:
    """Return the pieces that do not stand inside a <summary>."""
    outside, at = [], 0
    for start, stop in zip(summaries[::2], summaries[1::2], strict=False):
        outside += kept[at:start]
        at = stop
    return [*outside, *kept[at:]]


def _lines(kept: list[str], *, is_label: bool = False) -> list[str]:
    texts = "".join(kept).split("\n")
    return [line for text in texts if (line := _line(text if is_label else _unbulleted(text)))]


def _unbulleted(line: str) -> str:
    """Return a line without the bullet that lists of places begin with; one that was escaped is text."""
    found = _BULLET.match(line)
    return line[found.end() :] if found else line


def _without_comments(text: str) -> str:
    kept, at = [], 0
    while (start := text.find("<!--", at)) != -1 and (end := text.find("-->", start)) != -1:
        kept.append(text[at:start])
        at = end + 3
    return "".join([*kept, text[at:]]) if at else text


def _tag(content: str) -> str:
    found = _TAG_NAME.match(content)
    return found[1].lower() if found else ""


def _line(text: str) -> str:
    text = " ".join(text.replace("**", "").replace("~~", "").split())
    if "`" in text:
        text = _CODE.sub(r"\2", text)
    if "*" in text or "_" in text:
        text = _EMPHASIS.sub(lambda found: found[1] or found[3], text)
    if "&" in text:
        text = _ENTITY.sub(_character, text)
    return _squeezed(text if text.isascii() else text.translate(_PROTECTED))


def _character(entity: re.Match[str]) -> str:
    known = entity[1].startswith("#") or f"{entity[1]};" in html5
    return unescape(entity[0]) if known else entity[0]


def _squeezed(text: str) -> str:
    return " ".join((text if text.isascii() else _ZERO_WIDTH.sub("", text)).split())


def _bare_links(text: str) -> tuple[Link, ...]:
    """Return the addresses that a page makes links of although no markup does."""
    if "://" not in text and "www." not in text:
        return ()
    found = (one[0].rstrip(".,;:!?*_~'") for one in _BARE.finditer(text))
    urls = (http_link(one if "://" in one else f"http://{one}") for one in found)
    return tuple(Link(url, url) for url in urls if url)
