"""Documents as Telegram messages: text with entities, so nothing has to be escaped, and a keyboard.

Offsets and lengths are UTF-16 code units, as the Bot API counts. Pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from telegram import (
    ChatAdministratorRights,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    KeyboardButtonRequestChat,
    MessageEntity,
    ReplyKeyboardMarkup,
)

from notifier.chat import buttons, markdown
from notifier.domain.clean import safe_link
from notifier.domain.document import Action, Block, BlockKind, Document, File, PageSize, Span, pages, utf16

LONGEST = 4_096  # units of a text after its entities are read
LONGEST_CAPTION = 1_024
MOST_ENTITIES = 100  # the rest is dropped without a word
# Less than the limits: a page may get a line more, and blocks are measured one by one.
PAGE = PageSize(items=10, units=LONGEST - 96, marks=MOST_ENTITIES - 10)

_INDENT = "    "
_NUMBERS_A_ROW = 5
_ROW = 34  # characters of labels that fit side by side on a small phone
_BUTTONS_A_ROW = 3
_ROW_LABEL = 40
_MOST_ROWS = 30  # a keyboard holds 100 buttons, and nobody scrolls through more rows

Keyboard = InlineKeyboardMarkup | ReplyKeyboardMarkup


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of a message."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Rendered:
    """One message as the Bot API takes it."""

    text: str
    entities: tuple[MessageEntity, ...] = ()
    keyboard: Keyboard | None = None
    file: Attached | None = None


def render(document: Document, *, shared: bool = False, about: str = "") -> list[Rendered]:
    """Return the document as messages in order, whole blocks only; its actions stand under the last one.

    shared  several people read it: jobs have no number buttons, which one of them would press for all
    about   the shared chat that the commands of its buttons are about, when it is read elsewhere
    """
    every = list(pages(document, PAGE))
    made = []
    for number, page in enumerate(every, 1):
        is_last = number == len(every)
        words, entities = _written(page.blocks, LONGEST_CAPTION if is_last and document.file else LONGEST)
        file = _attached(document.file) if is_last and document.file is not None else None
        keyboard = _keyboard(page, document.actions if is_last else (), shared=shared, about=about)
        made.append(Rendered(words, entities, keyboard, file))
    return made


def plain_text(document: Document, most: int) -> str:
    """Return the words alone, at most `most` units, for places without styles."""
    return _cut(_written(document.blocks, LONGEST)[0].replace("\u2060", ""), most)


# -- text and entities --------------------------------------------------------------------------


def _written(blocks: Sequence[Block], limit: int) -> tuple[str, tuple[MessageEntity, ...]]:
    words: list[str] = []
    entities: list[MessageEntity] = []
    at = 0
    before: Block | None = None
    for block in blocks:
        for span in _spans(block, before):
            if span.text.strip():
                entities += _entities(span, at)
            words.append(span.text)
            at += utf16(span.text)
        before = block
    text = "".join(words)
    # The server trims a text's end, and refuses what reaches beyond it.
    shown = _cut(text.rstrip(), limit)
    return shown, tuple(_within(entities, utf16(shown)))


def _spans(block: Block, before: Block | None) -> Iterator[Span]:
    """Yield a block's spans with what stands before them: a line break or an empty line, and its number."""
    if before is not None:
        apart = block.kind is BlockKind.HEADING or before.kind is BlockKind.ITEM is not block.kind
        yield Span("\n\n" if apart else "\n")
    is_item = block.kind is BlockKind.ITEM
    if block.number is not None:
        yield Span(f"{block.number}. ")
    for span in block.spans:
        words = span.text.replace("\n", f"\n{_INDENT}") if is_item else span.text
        yield Span(words, span.link, span.bold, span.italic, span.strike, span.code)


def _entities(span: Span, at: int) -> Iterator[MessageEntity]:
    """Yield the entities of one span; blanks around its words have no style, as the server has it."""
    body = span.text.strip()
    at += utf16(span.text[: span.text.index(body)])
    length = utf16(body)
    if (link := safe_link(span.link)) and _is_taken(link):
        yield MessageEntity(MessageEntity.TEXT_LINK, at, length, url=link)
    for wanted, kind in (
        (span.strike, MessageEntity.STRIKETHROUGH),
        (span.bold, MessageEntity.BOLD),
        (span.italic, MessageEntity.ITALIC),
        (span.code, MessageEntity.CODE),
    ):
        # Code cannot hold other styles.
        if wanted and not (span.code and kind != MessageEntity.CODE):
            yield MessageEntity(kind, at, length)


def _within(entities: Sequence[MessageEntity], end: int) -> list[MessageEntity]:
    """Return the entities of a text of that length; of too many, links and strikes are kept before looks."""
    kept = []
    for entity in entities:
        length = min(entity.length, end - entity.offset)
        if length > 0:
            kept.append(MessageEntity(entity.type, entity.offset, length, url=entity.url))
    if len(kept) > MOST_ENTITIES:
        telling = (MessageEntity.TEXT_LINK, MessageEntity.STRIKETHROUGH)
        kept = sorted(kept, key=lambda entity: entity.type not in telling)[:MOST_ENTITIES]
        kept.sort(key=lambda entity: entity.offset)
    return kept


def _cut(text: str, limit: int) -> str:
    """Return a text of at most `limit` units; only what is longer than a message by itself is ever cut."""
    if utf16(text) <= limit:
        return text
    shown = text.encode("utf-16-le", "surrogatepass")[: 2 * (limit - 1)].decode("utf-16-le", "ignore")
    return shown.rstrip() + "…"


# -- keyboards ----------------------------------------------------------------------------------


def _keyboard(page: Document, actions: Sequence[Action], *, shared: bool, about: str) -> Keyboard | None:
    picking = [action for action in actions if action.picks_chat]
    if picking:
        return _picker(picking)
    rows = [] if shared else list(_openers(page.blocks, about))
    turns = [action for action in actions if action.label.startswith(("◀", "▶"))]
    others = [action for action in actions if action not in turns and _may_press(action)]
    rows += [[_button(action, about) for action in row] for row in (turns, *_rows(others)) if row]
    return InlineKeyboardMarkup(rows[:_MOST_ROWS]) if rows else None


def _openers(blocks: Sequence[Block], about: str) -> Iterator[list[InlineKeyboardButton]]:
    """Yield rows of buttons that open a block: numbers side by side, others under each other."""
    numbers = [
        InlineKeyboardButton(str(block.number), callback_data=buttons.written(block.opens, about))
        for block in blocks
        if block.opens and block.number is not None
    ]
    for start in range(0, len(numbers), _NUMBERS_A_ROW):
        yield numbers[start : start + _NUMBERS_A_ROW]
    for block in blocks:
        if block.opens and block.number is None:
            words = "".join(span.text for span in block.spans).partition("\n")[0]
            # Its end says how it is set, which stands above as well.
            short = words if utf16(words) <= _ROW_LABEL else words.rpartition(" · ")[0] or words
            label = _cut(short, _ROW_LABEL)
            yield [InlineKeyboardButton(label, callback_data=buttons.written(block.opens, about))]


def _rows(actions: Sequence[Action]) -> Iterator[list[Action]]:
    """Yield actions in rows, as many in each as a small phone shows whole."""
    row: list[Action] = []
    for action in actions:
        wide = sum(len(it.label) for it in row) + len(action.label) > _ROW
        if row and (wide or len(row) == _BUTTONS_A_ROW):
            yield row
            row = []
        row.append(action)
    if row:
        yield row


def _button(action: Action, about: str) -> InlineKeyboardButton:
    if action.url:
        return InlineKeyboardButton(action.label, url=safe_link(action.url))
    return InlineKeyboardButton(action.label, callback_data=buttons.written(action.command, about))


def _may_press(action: Action) -> bool:
    """Return whether Telegram takes a button."""
    return not action.url or _is_taken(safe_link(action.url))


def _is_taken(link: str) -> bool:
    """Return whether Telegram takes a link: one without a dot in its host is refused with the whole message."""
    split = urlsplit(link)
    host = split.hostname or ""
    return "." in host and "%" not in host and not split.netloc.endswith(":")


def _picker(actions: Sequence[Action]) -> ReplyKeyboardMarkup:
    """Return a keyboard that lets a person choose one of their channels, where the bot may then post."""
    rights = ChatAdministratorRights(
        is_anonymous=False,
        can_manage_chat=True,
        can_delete_messages=False,
        can_manage_video_chats=False,
        can_restrict_members=False,
        can_promote_members=False,
        can_change_info=False,
        can_invite_users=False,
        can_post_stories=False,
        can_edit_stories=False,
        can_delete_stories=False,
        can_post_messages=True,
    )
    row = [
        KeyboardButton(
            action.label,
            request_chat=KeyboardButtonRequestChat(
                request_id=int(action.command.rpartition(" ")[2]),
                chat_is_channel=True,
                user_administrator_rights=rights,
                bot_administrator_rights=rights,
                request_title=True,
            ),
        )
        for action in actions
    ]
    return ReplyKeyboardMarkup([row], resize_keyboard=True, one_time_keyboard=True)


def _attached(file: File) -> Attached:
    content = file.content
    if isinstance(content, Document):
        content = markdown.render(content).encode()
    return Attached(file.name, content)
