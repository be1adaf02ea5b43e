"""What Telegram refuses in the content of a request: texts, entities, buttons, commands, inline answers.

Lengths are UTF-16 units, except where the Bot API says bytes. A request that breaks one of these rules is
the bot's own mistake, so each refusal here is also a violation.
"""

import re
from html import unescape
from urllib.parse import urlsplit

from tests.standin.spec import Json

ENTITY_NEEDS = {
    "text_link": "url",
    "text_mention": "user",
    "custom_emoji": "custom_emoji_id",
    "date_time": "unix_time",
}
ENTITY_TYPES = {
    *ENTITY_NEEDS,
    *"mention hashtag cashtag bot_command url email phone_number bold italic underline".split(),
    *"strikethrough spoiler blockquote expandable_blockquote code pre".split(),
}
BUTTON_ACTIONS = {
    *"url callback_data web_app login_url switch_inline_query switch_inline_query_current_chat".split(),
    *"switch_inline_query_chosen_chat copy_text callback_game pay".split(),
}
REQUESTS = {
    *"request_users request_chat request_managed_bot request_contact request_location request_poll".split()
}
HTML_TAGS = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    **{"code": "code", "pre": "pre", "a": "text_link", "tg-spoiler": "spoiler", "blockquote": "blockquote"},
}


class Refused(Exception):
    """The answer is not ok.

    mistake   true when no correct bot would ever have asked this, whatever state the chats are in
    """

    def __init__(
        self, code: int, description: str, *, parameters: Json | None = None, mistake: bool = False
    ) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters
        self.mistake = mistake


def bad(description: str) -> Refused:
    """Return the refusal of a request that should not have been made."""
    return Refused(400, f"Bad Request: {description}", mistake=True)


def units(text: str) -> int:
    """Return the length of a text in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, offset: int, length: int) -> str:
    """Return the part of a text that an entity covers."""
    coded = text.encode("utf-16-le", "surrogatepass")
    return coded[2 * offset : 2 * (offset + length)].decode("utf-16-le")


def formatted(text: str, mode: str | None, entities: list[Json], *, limit: int) -> tuple[str, list[Json]]:
    """Return the text and entities as the chat shows them, or refuse them."""
    if mode is not None and entities:
        raise bad("parse_mode and entities exclude each other")
    if mode is not None:
        if mode.upper() != "HTML":
            raise bad(f"the stand-in does not speak {mode}")
        text, entities = from_html(text)
    if units(text) > limit:
        raise bad("message is too long" if limit == 4096 else "message caption is too long")
    if len(entities) > 100:
        raise bad(f"{len(entities)} entities: Telegram drops those after the 100th")
    for entity in entities:
        _check_entity(text, entity)
    return text, entities


def _check_entity(text: str, entity: Json) -> None:
    kind, start, length = entity["type"], entity["offset"], entity["length"]
    if kind not in ENTITY_TYPES:
        raise bad(f"unsupported entity type {kind}")
    if start < 0 or length <= 0:
        raise bad(f"{kind} entity has offset {start} and length {length}")
    if start + length > units(text):
        raise bad(
            f"entity beginning at UTF-16 offset {start} ends after the end of the text at UTF-16 offset {units(text)}"
        )
    try:
        cut(text, 0, start)
        cut(text, start, length)
    except UnicodeDecodeError:
        raise bad(f"entity at UTF-16 offset {start} begins or ends in a middle of a UTF-16 symbol") from None
    if kind in ENTITY_NEEDS and not entity.get(ENTITY_NEEDS[kind]):
        raise bad(f"{kind} entity without {ENTITY_NEEDS[kind]}")
    if kind == "text_link" and not is_link(entity["url"]):
        raise bad(f"entity URL '{entity['url']}' is invalid: Wrong HTTP URL")


def is_link(url: str) -> bool:
    """Tell whether Telegram takes it as the target of a link: a web address with a dotted host, or tg://."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme == "tg":
        return True
    return parts.scheme in ("http", "https") and bool(re.fullmatch(r"[^\s.<>]+(\.[^\s.<>]+)+\.?", host))


def from_html(source: str) -> tuple[str, list[Json]]:
    """Return the text and entities of Telegram's HTML, or refuse it."""
    text = ""
    entities: list[Json] = []
    opened: list[tuple[str, Json]] = []
    for piece in re.finditer(r"<(?P<end>/?)(?P<tag>[^\s>]*)(?P<rest>[^>]*)>?|[^<]+", source):
        at = len(source[: piece.start()].encode())
        if piece["tag"] is None:
            text += _unescaped(piece[0])
        elif piece["end"]:
            if not opened:
                raise bad(f"can't parse entities: Unexpected end tag at byte offset {at}")
            tag, entity = opened.pop()
            if piece["tag"].lower() not in ("", tag):
                raise bad(
                    f"can't parse entities: Unmatched end tag at byte offset {at}, "
                    f'expected "</{tag}>", found "</{piece["tag"]}>"'
                )
            entity["length"] = units(text) - entity["offset"]
            # A link to nowhere is no error: the text stays, the link goes.
            if entity["length"] and (entity["type"] != "text_link" or is_link(entity["url"])):
                entities.append(entity)
        else:
            tag = piece["tag"].lower()
            if tag not in HTML_TAGS:
                raise bad(f'can\'t parse entities: Unsupported start tag "{tag}" at byte offset {at}')
            entity = {"type": HTML_TAGS[tag], "offset": units(text)}
            if tag == "a":
                target = re.search(r"""href\s*=\s*(?:"([^"]*)"|'([^']*)'|(\S+))""", piece["rest"])
                entity["url"] = unescape(next(filter(None, target.groups()), "")) if target else ""
            if tag == "blockquote" and "expandable" in piece["rest"]:
                entity["type"] = "expandable_blockquote"
            opened.append((tag, entity))
    if opened:
        raise bad(f"can't parse entities: Can't find end tag corresponding to start tag \"{opened[-1][0]}\"")
    return text, sorted(entities, key=lambda one: (one["offset"], -one["length"]))


def _unescaped(text: str) -> str:
    return re.sub(r"&(?:lt|gt|amp|quot|#\d+|#x[0-9a-fA-F]+);", lambda found: unescape(found[0]), text)


def check_markup(markup: Json | None, chat_type: str) -> None:
    """Refuse a keyboard that this kind of chat cannot show."""
    if markup is None:
        return
    if "inline_keyboard" in markup:
        _check_inline_keyboard(markup["inline_keyboard"], chat_type)
        return
    if chat_type == "channel":
        raise bad("inline keyboard expected")
    buttons = [button for row in markup.get("keyboard", ()) for button in row]
    if "keyboard" in markup and not (buttons and all(markup["keyboard"])):
        raise bad("reply keyboard or one of its rows is empty")
    requests = [
        request
        for button in buttons
        for key in ("request_chat", "request_users")
        if (request := button.get(key))
    ]
    if chat_type != "private" and any(REQUESTS & button.keys() for button in buttons):
        raise bad("chats can be requested in private chats only")
    if any(len(REQUESTS & button.keys()) > 1 for button in buttons):
        raise bad("a keyboard button asks for two things")
    if not all(0 < units(button["text"]) <= 128 for button in buttons):
        raise bad("keyboard button text is empty or too long")
    if len({request["request_id"] for request in requests}) < len(requests):
        raise bad("request_id is not unique within the message")
    for request in requests:
        asked = _granted(request.get("bot_administrator_rights"))
        if not asked <= _granted(request.get("user_administrator_rights")):
            raise bad("bot_administrator_rights must be a subset of user_administrator_rights")


def _granted(rights: Json | None) -> set[str]:
    return {name for name, value in (rights or {}).items() if value}


def _check_inline_keyboard(rows: list[list[Json]], chat_type: str) -> None:
    buttons = [button for row in rows for button in row]
    if len(buttons) > 100 or any(len(row) > 8 for row in rows):
        raise bad("REPLY_MARKUP_TOO_LONG")
    for button in buttons:
        actions = BUTTON_ACTIONS & button.keys()
        if not button["text"].strip():
            raise bad("can't parse inline keyboard button: Text is empty")
        if not actions:
            raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
        if len(actions) > 1 or actions & {"callback_game", "pay"}:
            raise bad(f"inline keyboard button does {', '.join(sorted(actions))}")
        if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= 64:
            raise bad("BUTTON_DATA_INVALID")
        if "url" in button and not is_link(button["url"]):
            raise bad("BUTTON_URL_INVALID")
        if "web_app" in button and (
            chat_type != "private" or not button["web_app"]["url"].startswith("https://")
        ):
            raise bad("BUTTON_TYPE_INVALID")
        if "copy_text" in button and not 1 <= units(button["copy_text"]["text"]) <= 256:
            raise bad("BUTTON_COPY_TEXT_INVALID")
        if button.get("style", "primary") not in ("primary", "success", "danger"):
            raise bad("button style is not one of primary, success, danger")


def check_commands(commands: list[Json], language: str) -> None:
    """Refuse a command menu that Telegram does not take."""
    if len(commands) > 100:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= units(command["description"].strip()) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    if len({command["command"] for command in commands}) < len(commands):
        raise bad("a command is in the menu twice")
    if not re.fullmatch("(?:[a-z]{2})?", language):
        raise bad("invalid language code specified")


def check_inline_answer(results: list[Json], next_offset: str) -> None:
    """Refuse the answer to an inline query that Telegram does not take."""
    if len(results) > 50:
        raise bad("RESULTS_TOO_MUCH")
    if len(next_offset.encode()) > 64:
        raise bad("NEXT_OFFSET_INVALID")
    if len({result["id"] for result in results}) < len(results):
        raise bad("RESULT_ID_DUPLICATE")
    for result in results:
        if not 1 <= len(result["id"].encode()) <= 64:
            raise bad("RESULT_ID_INVALID")
        if result["type"] == "article" and not result["title"].strip():
            raise bad("ARTICLE_TITLE_EMPTY")
        content = result.get("input_message_content", {})
        if "message_text" in content:
            if not content["message_text"].strip():
                raise bad("message text is empty")
            formatted(
                content["message_text"], content.get("parse_mode"), content.get("entities", []), limit=4096
            )
        check_markup(result.get("reply_markup"), "inline")


def check_secret(secret: str) -> None:
    """Refuse a webhook's secret that could not be a header of Telegram's."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", secret):
        raise bad("secret token contains unallowed characters")
