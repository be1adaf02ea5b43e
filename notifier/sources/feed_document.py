"""A feed as fields: by expat where it is made well, or nearly; else by feedparser."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

import feedparser

from notifier.errors import SourceUnreachable
from notifier.sources.fields import joined

# feedparser takes 10 to 30 microseconds a tag or entity, expat one.
LOOSE_MARKS, CHARACTERS_A_MARK = 100, 50  # so many in any feed, and one more for each so many characters

_ROOTS = ("rss", "rdf", "feed")
_ITEMS = ("item", "entry")
_ITEM = re.compile(r"<(?:item|entry)[\s>]", re.IGNORECASE)
_END = re.compile(r"</(?:\w+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
_CHUNK = 65_536  # characters
_END_WITHIN = 2_000  # characters

# Namespaces whose titles and links are an item's own; those of others (media, iTunes) tell of something else.
_CORE = re.compile(r"|.*/(?:rss|atom).*", re.IGNORECASE)
_OWN = frozenset(
    {"title", "link", "description", "summary", "content", "author", "category", "id", "updated"}
)
_NAMES = {
    "guid": "id",
    "description": "summary",
    "encoded": "content",
    "creator": "author",
    "category": "tags",
    "subject": "tags",
    "pubdate": "published",
    "issued": "published",
    "date": "updated",
    "modified": "updated",
}
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_BASE = "{http://www.w3.org/XML/1998/namespace}base"

_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MISTAKE = re.compile(
    r"(?P<words><!\[CDATA\[.*?(?:\]\]>|\Z))"
    r"|<(?P<end>/?)(?P<name>description|summary|content|content:encoded|item|entry)(?:\s[^<>]*)?>"
    r"|(?P<bare>&(?!(?:amp|lt|gt|quot|apos|\#\d+|\#x[0-9a-f]+);)|<(?![a-z_/!?]))"
    r"|(?P<tag><)",
    re.DOTALL | re.IGNORECASE,
)
_PREFIX = re.compile(r"(?:</?|\s)([A-Za-z_][\w.-]*):[\w.-]+(?=[\s=/>])")
_DECLARED = re.compile(r"\sxmlns:([\w.-]+)\s*=")
_ROOT = re.compile(r"<[A-Za-z][\w:.-]*")
_MOST_PREFIXES = 50


@dataclass(frozen=True, slots=True)
class Document:
    """A feed.

    entries  the fields of each item in the names of feedparser (id, link, summary, tags, published, …);
             what those do not name, by its own name in small letters
    lost     what it lost on its way, "" for nothing
    """

    title: str
    entries: list[dict[str, Any]]
    lost: str = ""


def read(text: str) -> Document:
    """Return what a feed says; `text` is XML without declarations.

    `SourceUnreachable` for what is no feed.
    """
    text = _NO_XML.sub("", text)
    found, is_whole = _by_expat(text)
    if not is_whole:
        found, is_whole = _by_expat(_mended(text))
    if is_whole:
        return found
    if _END.search(text, max(0, len(text) - _END_WITHIN)) is None:
        return replace(found, lost="the feed was cut short")
    if text.count("<") + text.count("&") <= LOOSE_MARKS + len(text) // CHARACTERS_A_MARK:
        found = _by_feedparser(text)
    missing = len(_ITEM.findall(text)) - len(found.entries)
    return replace(
        found, lost=f"items of a badly made feed that were not read: {missing}" if missing > 0 else ""
    )


def _by_expat(text: str) -> tuple[Document, bool]:
    """Return a feed, and whether it is well made; of others what stands before the first mistake."""
    title, entries = "", list[dict[str, Any]]()
    base, path = "", list[str]()
    try:
        for event, element in _elements(text):
            name = _local(element)
            if event == "start":
                if not path:
                    base = element.get(_BASE, "")
                path.append(name)
                if path[0] not in _ROOTS:
                    raise SourceUnreachable("RSS or Atom was expected, something else came")
                continue
            path.pop()
            if name == "title" and not title and path[-1:] in (["channel"], ["feed"]):
                title = _words(element)
            if name in _ITEMS and len(element):
                entries.append(_fields(element, base))
                element.clear()  # a feed of thousands is never held whole
    except ParseError:
        return Document(title, entries), False
    return Document(title, entries), True


def _elements(text: str) -> Iterator[tuple[str, Element]]:
    """Yield the start and the end of each element; `ParseError` at a mistake."""
    parser: XMLPullParser[Element] = XMLPullParser(("start", "end"))

    def read() -> Iterator[tuple[str, Element]]:
        return cast("Iterator[tuple[str, Element]]", parser.read_events())  # as those two events are

    for at in range(0, len(text), _CHUNK):
        parser.feed(text[at : at + _CHUNK])
        yield from read()
    try:
        parser.close()  # newer versions of expat keep the last elements until then
    finally:
        yield from read()


def _fields(item: Element, base: str) -> dict[str, Any]:
    """Return the fields of an item by their names; of one that is there twice the first that says something."""
    if _BASE in item.attrib:
        base = joined(base, item.attrib[_BASE])
    fields: dict[str, Any] = {"content": [], "tags": []}
    for element in item:
        name, namespace = _local(element), _namespace(element)
        if name in _OWN and namespace != _namespace(item) and not _CORE.fullmatch(namespace):
            continue
        name = _NAMES.get(name, name)
        words = _words(element)
        if name == "link":
            link = words or (
                element.get("href", "") if element.get("rel", "alternate") == "alternate" else ""
            )
            if link:
                fields.setdefault(name, joined(base, link) or link)
        elif name == "author":
            names = (child for child in element if _local(child) == "name")
            fields.setdefault(name, _words(next(names, element)))
        elif name == "tags":
            fields[name].append({"term": element.get("term") or words})
        elif name == "content":
            fields[name].append({"value": words})
        elif words:
            fields.setdefault(name, words)
    if about := item.get(_ABOUT):
        fields.setdefault("id", about)
    return fields


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2].lower()


def _namespace(element: Element) -> str:
    return element.tag.rpartition("}")[0].lstrip("{")


def _words(element: Element) -> str:
    """Return what stands in an element, also in those within it."""
    return (" ".join(element.itertext()) if len(element) else element.text or "").strip()


def _mended(text: str) -> str:
    """Return XML without the mistakes that feeds make most: bare & and <, HTML as it is, undeclared prefixes."""
    inside = ""  # the field that may hold HTML

    def mend(found: re.Match[str]) -> str:
        nonlocal inside
        name, is_end = (found["name"] or "").lower(), bool(found["end"])
        if found["words"]:
            return found[0] if found[0].endswith("]]>") else ""
        if found["bare"]:
            return "&amp;" if found[0] == "&" else "&lt;"
        if name in _ITEMS:
            ended, inside = inside, ""
            return f"</{ended}>{found[0]}" if ended else found[0]
        if name and not inside and not is_end:
            inside = "" if found[0].endswith("/>") else name
            return found[0]
        if name == inside and is_end and inside:
            inside = ""
            return found[0]
        return found[0].replace("<", "&lt;") if inside else found[0]

    text = _MISTAKE.sub(mend, text)
    known = {"xml", "xmlns", *_DECLARED.findall(text)}
    unknown = [prefix for prefix in dict.fromkeys(_PREFIX.findall(text)) if prefix not in known]
    declared = "".join(f' xmlns:{prefix}="{prefix}"' for prefix in unknown[:_MOST_PREFIXES])
    return _ROOT.sub(lambda root: root[0] + declared, text, count=1) if declared else text


def _by_feedparser(text: str) -> Document:
    try:
        found = feedparser.parse(
            io.BytesIO(text.encode(errors="ignore")),
            response_headers={"content-type": "application/xml; charset=utf-8"},  # whatever its head says
            sanitize_html=False,  # we keep words only
            resolve_relative_uris=False,
        )
    except Exception as error:
        # It promises to raise nothing, and a broken document breaks the promise now and then.
        raise SourceUnreachable("the feed cannot be read") from error
    title = found.get("feed", {}).get("title")
    return Document(
        title if isinstance(title, str) else "", [{**entry} for entry in found.get("entries", ())]
    )
