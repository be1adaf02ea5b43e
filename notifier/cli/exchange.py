"""Lists as a file: JSON keeps all that we know of them, OPML is what feed readers exchange."""

import json
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from notifier.errors import OperatorError
from notifier.sources import SOURCES, address
from notifier.sources.text import xml
from notifier.store.tables import Source

KEPT = (
    "name",
    "kind",
    "url",
    "every",
    "complete",
    "expire_after",
    "republish",
    "attribution",
    "home_url",
    "paused",
)
_FEED = "feed"  # the kind that OPML is made for
_TYPES: dict[str, type | tuple[type, ...]] = {
    "every": (int, type(None)),
    "complete": bool,
    "expire_after": (int, type(None)),
    "republish": bool,
    "paused": (str, type(None)),
}


def to_json(rows: Sequence[Source]) -> str:
    """Return the lists as JSON, one a line."""
    lines = [json.dumps({name: getattr(row, name) for name in KEPT}, ensure_ascii=False) for row in rows]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def to_opml(rows: Sequence[Source]) -> str:
    """Return the lists as OPML 2.0; `type` is "rss" for feeds, as the format wants it, else our kind."""
    root = ElementTree.Element("opml", version="2.0")
    ElementTree.SubElement(ElementTree.SubElement(root, "head"), "title").text = "notifier"
    body = ElementTree.SubElement(root, "body")
    for row in rows:
        kind = "rss" if row.kind == _FEED else row.kind
        ElementTree.SubElement(
            body, "outline", text=row.name, type=kind, xmlUrl=row.url, htmlUrl=row.home_url
        )
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def read(text: str) -> list[dict[str, Any]]:
    """Return the columns of each list in a file of either form; `OperatorError` says what is wrong."""
    return _from_opml(text) if text.lstrip().startswith("<") else _from_json(text)


def _from_json(text: str) -> list[dict[str, Any]]:
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise OperatorError(
            "the file is neither JSON nor OPML; notifier sources export writes both"
        ) from error
    if not isinstance(entries, list):
        raise OperatorError("the file holds no list of sources; notifier sources export shows the form")
    return [_checked(entry, place) for place, entry in enumerate(entries, 1)]


def _checked(entry: Any, place: int) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise OperatorError(f"entry {place} is no object with name, kind and url")
    for name in ("name", "kind", "url"):
        if not isinstance(entry.get(name), str) or not entry[name]:
            raise OperatorError(f"entry {place} has no {name}")
    if entry["kind"] not in SOURCES:
        raise OperatorError(
            f"entry {place}: {entry['kind']} is no kind of source; there are {', '.join(sorted(SOURCES))}"
        )
    kept = {name: entry[name] for name in KEPT if name in entry}
    for name, value in kept.items():
        if not isinstance(value, _TYPES.get(name, str)):
            raise OperatorError(f"entry {place}: {name} cannot be {json.dumps(value)[:40]}")
    return kept


def _from_opml(text: str) -> list[dict[str, Any]]:
    try:
        root = ElementTree.fromstring(xml(text, "the file").encode())
    except ElementTree.ParseError as error:
        raise OperatorError(f"the file is no OPML: {error}") from error
    entries = []
    for outline in root.iter("outline"):
        url = outline.get("xmlUrl", "").strip()
        if not url:
            continue  # a folder
        kind = outline.get("type", "")
        if kind not in SOURCES:
            known = (name for name, it in SOURCES.items() if it.recognise(url))
            kind = next(known, _FEED)
        name = outline.get("text") or outline.get("title") or ""
        entries.append(
            {
                "name": address.default_name(name or url),
                "kind": kind,
                "url": SOURCES[kind].recognise(url) or url,
                "home_url": outline.get("htmlUrl", ""),
                "attribution": SOURCES[kind].attribution,
            }
        )
    return entries
