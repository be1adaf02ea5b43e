"""A document as CommonMark, for the console, files and logs."""

import re
from collections.abc import Iterator

from notifier.domain.document import Block, BlockKind, Document, Span

# What CommonMark (and GFM) gives a meaning anywhere, and what only where a line begins.
_SPECIAL = re.compile(r"([\\`*_\[\]<>&~|])")
_AT_LINE_START = re.compile(r"^([#+=-]|\d{1,9}(?=[.)]))", re.MULTILINE)
_LINK_SPECIAL = re.compile(r"[()<>\\\s]")


def render(document: Document) -> str:
    """Return the whole document as one CommonMark text."""
    return "\n\n".join(_blocks(document)) + "\n"


def _blocks(document: Document) -> Iterator[str]:
    for block in document.blocks:
        yield _block(block)
    buttons = [
        f"[{_escaped(action.label)}]({_target(action.url)})" for action in document.actions if action.url
    ]
    buttons += [f"`/{action.command}`" for action in document.actions if action.command]
    if buttons:
        yield " · ".join(buttons)


def _block(block: Block) -> str:
    # A hard break: a backslash before the line's end; indented where it goes on inside an item.
    lead = f"{block.number}. " if block.number is not None else ""
    inner = "".join(_span(span) for span in block.spans).replace("\n", "\\\n" + " " * len(lead))
    return f"### {inner}" if block.kind is BlockKind.HEADING else lead + inner


def _span(span: Span) -> str:
    if not span.text.strip():
        return span.text
    before, body, after = _split_blanks(span.text)
    body = f"`{body.replace('`', 'ˋ')}`" if span.code else _escaped(body)
    if span.link:
        body = f"[{body}]({_target(span.link)})"
    for wanted, mark in ((span.strike, "~~"), (span.italic, "_"), (span.bold, "**")):
        if wanted:
            body = f"{mark}{body}{mark}"
    return before + body + after


def _split_blanks(text: str) -> tuple[str, str, str]:
    """Emphasis must not begin or end with a blank: return the blanks around and what is between."""
    body = text.strip()
    start = text.index(body)
    return text[:start], body, text[start + len(body) :]


def _escaped(text: str) -> str:
    text = _SPECIAL.sub(r"\\\1", text)
    # A number keeps its digits: what is escaped is the dot or bracket that would make it a list.
    return _AT_LINE_START.sub(lambda found: found[1] + "\\" if found[1].isdigit() else "\\" + found[1], text)


def _target(url: str) -> str:
    return _LINK_SPECIAL.sub(lambda found: f"%{ord(found[0]):02X}", url)
