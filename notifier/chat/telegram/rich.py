"""A digest as one rich message: tables of jobs in parts that fold (Bot API 10.1, June 2026).

Only HTML's own rules need escaping: `&`, `<`, `>` and quotes in attributes. Pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from notifier.domain.clean import safe_link
from notifier.domain.document import Block, BlockKind, Document, Span

LONGEST = 32_768  # characters
# Of the 500 blocks that a message holds; a row of a table is one with each of its cells.
MOST_ITEMS = 100


@dataclass(frozen=True, slots=True)
class _Part:
    """What stands under one heading, in runs of the same kind."""

    heading: Block | None
    blocks: Sequence[Block]


def rich_html(document: Document) -> str:
    """Return a list of jobs as HTML for sendRichMessage; "" for what has no jobs, or too many of them."""
    items = sum(block.kind is BlockKind.ITEM for block in document.blocks)
    if not 0 < items <= MOST_ITEMS:
        return ""
    made = "".join(_part(part) for part in _parts(document.blocks))
    return made if len(made) <= LONGEST else ""


def _parts(blocks: Sequence[Block]) -> Iterator[_Part]:
    heading: Block | None = None
    under: list[Block] = []
    for block in blocks:
        if block.kind is BlockKind.HEADING:
            if heading or under:
                yield _Part(heading, under)
            heading, under = block, []
        else:
            under.append(block)
    yield _Part(heading, under)


def _part(part: _Part) -> str:
    runs = [(kind, list(run)) for kind, run in groupby(part.blocks, key=lambda block: block.kind)]
    body = "".join(_run(kind, run) for kind, run in runs if kind is not BlockKind.NOTE)
    notes = "".join(_run(kind, run) for kind, run in runs if kind is BlockKind.NOTE)
    if part.heading is None:
        return body + notes
    head = _inline(part.heading.spans)
    if not any(kind is BlockKind.ITEM for kind, _ in runs):
        return f"<h3>{head}</h3>{body}{notes}"
    return f"<details open><summary>{head}</summary>{body}</details>{notes}"


def _run(kind: BlockKind, blocks: Sequence[Block]) -> str:
    if kind is BlockKind.ITEM:
        return f"<table bordered striped>{''.join(map(_row, blocks))}</table>"
    return "".join(f"<p>{_inline(block.spans)}</p>" for block in blocks)


def _row(block: Block) -> str:
    """Return an item as a row: its number, its first line, what else is said of it."""
    lines: list[list[Span]] = [[]]
    for span in block.spans:
        first, *rest = span.text.split("\n")
        lines[-1].append(_with_text(span, first))
        for words in rest:
            lines.append([_with_text(span, words)])
    number = "" if block.number is None else str(block.number)
    about = " ".join(filter(None, map(_inline, lines[1:])))
    return f"<tr><td>{number}</td><td>{_inline(lines[0])}</td><td>{about}</td></tr>"


def _with_text(span: Span, words: str) -> Span:
    return Span(words, span.link, span.bold, span.italic, span.strike, span.code)


def _inline(spans: Sequence[Span]) -> str:
    return "".join(map(_span, spans))


def _span(span: Span) -> str:
    if not span.text:
        return ""
    words = escape(span.text, quote=False).replace("\n", "<br>")
    for wanted, tag in ((span.code, "code"), (span.strike, "s"), (span.italic, "i"), (span.bold, "b")):
        if wanted:
            words = f"<{tag}>{words}</{tag}>"
    link = safe_link(span.link)
    return f'<a href="{escape(link)}">{words}</a>' if link else words
