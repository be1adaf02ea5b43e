"""Documents as Discord messages: one container of text and buttons (Components V2), as JSON.

Only the words of lists are escaped, here and nowhere else; no mention can ping, since every message says
whom it may. Pure. Limits: Discord's API reference, and its OpenAPI description.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from notifier.chat import buttons, markdown
from notifier.domain.clean import safe_link
from notifier.domain.document import Action, Block, BlockKind, Document, File, PageSize, Span, pages

LONGEST = 4_000  # characters of all texts of a message together
LONGEST_EMBED = 4_096  # characters of an embed's description
LONGEST_CONTENT = 1_970  # characters of a message without components and embeds: 2,000 with a mention above
LONGEST_URL = 512  # of a button; a longer one stands in the text, behind the title
LONGEST_LABEL = 80
LONGEST_ID = 100
MOST_OPTIONS = 25
LONGEST_OPTION = 100
# Links count as text here, and so does what escapes it: pages are measured without that.
PAGE = PageSize(items=10, units=3_200, links=True)

COMPONENTS_V2 = 1 << 15
SUPPRESS_EMBEDS = 1 << 2
SUPPRESS_NOTIFICATIONS = 1 << 12
EPHEMERAL = 1 << 6

# Component types.
_ROW, _BUTTON, _SELECT, _TEXT, _FILE, _CONTAINER = 1, 2, 3, 10, 13, 17
_PRIMARY, _SECONDARY, _LINK = 1, 2, 5  # styles of buttons
_BUTTONS_A_ROW = 5
OPEN = "1open"  # the menu that opens a job; what it carries are its values

_ACCENTS = {"remote": 0x2E9E5B, "hybrid": 0x3B7DD8, "onsite": 0x80868B}

# What Discord's Markdown gives a meaning anywhere, and what only where a line begins.
_SPECIAL = re.compile(r"([\\`*_~|\[\]()#])")
_AT_LINE_START = re.compile(r"^([-+>]|\d{1,9}(?=\.))", re.MULTILINE)
# Ours alone: the cleaner puts a joiner behind every # that comes from outside.
_CHANNEL = re.compile(r"<#\d{1,20}>")
_BREAK = "\u2060"  # a word joiner behind it: <t:1:R>, <@1> and <https://…> are no tags then
_LINK_SPECIAL = re.compile(r"[()<>\\\s]")
_MASKED = re.compile(r"\[((?:\\.|[^\]\\])*)\]\([^)\s]*\)")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rendered:
    """One message as the API takes it: its components, and files for `attachments`."""

    components: tuple[Json, ...]
    files: tuple[tuple[str, bytes], ...] = ()
    text: str = ""  # the words alone, for places without components
    links: tuple[tuple[str, str], ...] = ()  # label and address of what leads away
    accent: int | None = None

    def payload(self, *, flags: int = 0) -> Json:
        """Return the JSON of the message, which pings nobody unless somebody adds whom."""
        return self._whole({"components": list(self.components), "flags": flags | COMPONENTS_V2})

    def embed(self, *, flags: int = 0) -> Json:
        """Return the same for where components are refused: all words and links, nothing to press."""
        embed: Json = {"description": self._words(LONGEST_EMBED)}
        if self.accent is not None:
            embed["color"] = self.accent
        return self._whole({"embeds": [embed], "flags": flags})

    def plain(self, *, flags: int = 0) -> list[Json]:
        """Return the same for where embeds are refused too: one message or several, of whole lines."""
        contents = [""]
        for line in self._words(LONGEST + LONGEST_CONTENT).split("\n"):
            if len(line) > LONGEST_CONTENT:  # no message holds the link
                line = _MASKED.sub(r"\1", line)[:LONGEST_CONTENT]
            if len(contents[-1]) + 1 + len(line) > LONGEST_CONTENT:
                contents.append("")
            contents[-1] += f"\n{line}" if contents[-1] else line
        contents = [content.strip("\n") for content in contents if content.strip()] or [""]
        made = [_safe({"content": content, "flags": flags | SUPPRESS_EMBEDS}) for content in contents]
        return [*made[:-1], self._whole(made[-1])]

    def _words(self, longest: int) -> str:
        words = self.text
        for label, url in self.links:
            link = f"\n[{escaped(label)}]({_masked(url)})"
            if f"]({_masked(url)})" not in words and len(words) + len(link) <= longest:
                words += link
        return words

    def _whole(self, made: Json) -> Json:
        if self.files:
            made["attachments"] = [{"id": n, "filename": name} for n, (name, _) in enumerate(self.files)]
        return _safe(made)


def _safe(made: Json) -> Json:
    return {**made, "allowed_mentions": {"parse": []}}


def render(document: Document, *, shared: bool = False, about: str = "") -> list[Rendered]:
    """Return the document as messages in order, whole blocks only; buttons stand under the last one.

    A menu opens the jobs of its own message.

    shared  several people read it
    about   the channel that the commands of its buttons are about, when it is read elsewhere
    """
    every = list(_sized(document))
    made = []
    for number, page in enumerate(every, 1):
        is_last = number == len(every)
        inner: list[Json] = [{"type": _TEXT, "content": _text(page.blocks)}]
        files: tuple[tuple[str, bytes], ...] = ()
        inner += _menu(page.blocks, about)
        if is_last:
            inner += _rows(document.actions, about)
            if document.file is not None:
                files = (_attached(document.file),)
                inner.append({"type": _FILE, "file": {"url": f"attachment://{files[0][0]}"}})
        container: Json = {"type": _CONTAINER, "components": inner}
        if (accent := _ACCENTS.get(document.mode)) is not None:
            container["accent_color"] = accent
        links = [(it.label, link) for it in document.actions if is_last and (link := safe_link(it.url))]
        made.append(Rendered((container,), files, inner[0]["content"], tuple(links), accent))
    return made


def mentioned(payload: Json, mention: str) -> Json:
    """Return the payload with a role's mention above it, the one that it pings."""
    role = re.fullmatch(r"<@&(\d{1,20})>", mention)
    if role is None:
        return payload
    pings = {"allowed_mentions": {"parse": [], "roles": [role[1]]}}
    if "components" in payload:
        above = {"type": _TEXT, "content": mention}
        return {**payload, **pings, "components": [above, *payload["components"]]}
    return {
        **payload,
        **pings,
        "content": f"{mention}\n{payload.get('content', '')}".strip(),
    }


# -- text -----------------------------------------------------------------------------------------


def _sized(document: Document) -> Iterator[Document]:
    """Yield pages that fit with their escapes too."""
    for page in pages(document, PAGE):
        if len(_text(page.blocks)) <= LONGEST or len(page.blocks) == 1:
            yield page
            continue
        for half in _halves(page):
            yield from _sized(half)


def _halves(page: Document) -> Iterator[Document]:
    middle = len(page.blocks) // 2
    for blocks in (page.blocks[:middle], page.blocks[middle:]):
        yield Document(blocks, page.actions, page.file, page.brief, page.replaces)


def _text(blocks: Sequence[Block]) -> str:
    lines: list[str] = []
    before: BlockKind | None = None
    for block in blocks:
        if before is not None and (
            block.kind is BlockKind.HEADING or before is BlockKind.ITEM is not block.kind
        ):
            lines.append("")
        lines.append(_block(block))
        before = block.kind
    text = "\n".join(lines)
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip("\\") + "…"


def _block(block: Block) -> str:
    lead = f"{block.number}. " if block.number is not None else ""
    inner = "".join(_span(span) for span in block.spans)
    if block.kind is BlockKind.HEADING:
        return f"### {inner}"
    if block.kind is BlockKind.NOTE:
        return "\n".join(f"-# {line}" if line.strip() else line for line in inner.split("\n"))
    return lead + inner.replace("\n", "\n" + " " * len(lead))


def _span(span: Span) -> str:
    if not span.text.strip() or _CHANNEL.fullmatch(span.text):
        return span.text
    body = span.text.strip()
    start = span.text.index(body)
    before, after = span.text[:start], span.text[start + len(body) :]
    words = f"`{body.replace('`', 'ˋ')}`" if span.code else escaped(body)
    if link := safe_link(span.link):
        words = f"[{words}]({_masked(link)})"
    for wanted, mark in ((span.strike, "~~"), (span.italic, "_"), (span.bold, "**")):
        if wanted:
            words = f"{mark}{words}{mark}"
    return before + words + after


def _masked(link: str) -> str:
    """Return an address as it stands behind the words of a link."""
    return _LINK_SPECIAL.sub(lambda found: f"%{ord(found[0]):02X}", link)


def escaped(text: str) -> str:
    """Return text such that Discord shows it as it is: no style, link, mention, timestamp or emoji of its own."""
    text = _SPECIAL.sub(r"\\\1", text).replace("<", f"<{_BREAK}")
    # A number keeps its digits: what is escaped is the dot that would make it a list.
    return _AT_LINE_START.sub(lambda found: found[1] + "\\" if found[1].isdigit() else "\\" + found[1], text)


# -- what can be pressed ----------------------------------------------------------------------------


def _menu(blocks: Sequence[Block], about: str) -> Iterator[Json]:
    """Yield a menu that opens one of the blocks, when there are any to open."""
    options: dict[str, Json] = {}
    for block in blocks:
        if block.opens and len(options) < MOST_OPTIONS:
            words = "".join(span.text for span in block.spans).partition("\n")[0]
            label = f"{block.number}. {words}" if block.number is not None else words
            value = buttons.written(block.opens, about, LONGEST_ID)
            options.setdefault(value, {"label": _cut(label, LONGEST_OPTION), "value": value})
    if options:
        menu = {"type": _SELECT, "custom_id": OPEN, "options": list(options.values())}
        yield {"type": _ROW, "components": [menu]}


def _rows(actions: Sequence[Action], about: str) -> Iterator[Json]:
    shown = [button for action in actions if (button := _button(action, about)) is not None]
    for start in range(0, len(shown), _BUTTONS_A_ROW):
        yield {"type": _ROW, "components": shown[start : start + _BUTTONS_A_ROW]}


def _button(action: Action, about: str) -> Json | None:
    label = _cut(action.label, LONGEST_LABEL)
    if action.url:
        link = safe_link(action.url)
        return (
            {"type": _BUTTON, "style": _LINK, "label": label, "url": link}
            if 0 < len(link) <= LONGEST_URL
            else None
        )
    custom_id = buttons.written(action.command, about, LONGEST_ID)
    return {"type": _BUTTON, "style": _SECONDARY, "label": label, "custom_id": custom_id}


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def _attached(file: File) -> tuple[str, bytes]:
    content = file.content
    if isinstance(content, Document):
        content = markdown.render(content).encode()
    return file.name, content
