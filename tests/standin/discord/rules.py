"""What Discord refuses although its description allows it: messages, components, mentions, commands.

Every check returns what is wrong, as a list of Wrong; an empty list is consent.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from tests.standin.discord.spec import Json, Place, Wrong

EPHEMERAL = 1 << 6
COMPONENTS_V2 = 1 << 15
CREATABLE_FLAGS = 1 << 2 | 1 << 12 | COMPONENTS_V2  # no link cards, no notification, components
LOCALES = """
    ar bg cs da de el en-GB en-US es-419 es-ES fi fr he hi hr hu id it ja ko lt nl no pl pt-BR ro ru sv-SE th tr
    uk vi zh-CN zh-TW
""".split()

ROW, BUTTON, TEXT, SECTION, FILE, GALLERY, THUMBNAIL, CONTAINER = 1, 2, 10, 9, 13, 12, 11, 17
SELECTS = (3, 5, 6, 7, 8)
LINK = 5
SUBCOMMAND, SUBGROUP = 1, 2
AUTOCOMPLETED = (3, 4, 10)


class Refused(Exception):
    """An answer other than the wished one: HTTP status, Discord's code and sentence."""

    def __init__(
        self, status: int, code: int, message: str, wrong: Sequence[Wrong] = (), *, mistake: bool = False
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.wrong = list(wrong)
        self.mistake = mistake or bool(wrong)  # no correct bot would have asked

    @property
    def json(self) -> Json:
        body: Json = {"message": self.message, "code": self.code}
        if self.wrong:
            body["errors"] = _nested(self.wrong)
        return body


def invalid(wrong: Sequence[Wrong]) -> Refused:
    return Refused(400, 50035, "Invalid Form Body", wrong)


def _nested(wrong: Sequence[Wrong]) -> Json:
    errors: Json = {}
    for one in wrong:
        inner = errors
        for step in one.place:
            inner = inner.setdefault(str(step), {})
        inner.setdefault("_errors", []).append({"code": one.code, "message": one.message})
    return errors


# Messages.


def is_v2(message: Json) -> bool:
    return bool((message.get("flags") or 0) & COMPONENTS_V2)


def check_message(message: Json, files: Iterable[str] = (), *, interactive: bool = True) -> list[Wrong]:
    """Check a message as it would stand: content, embeds, flags, components and the names of its files.

    interactive  whether its components may be pressed; False for a webhook that no application owns
    """
    components = message.get("components") or []
    wrong = [*_check_embeds(message.get("embeds") or [])]
    if len(message.get("content") or "") > 2000:
        wrong.append(Wrong(("content",), "Must be 2000 or fewer in length.", "BASE_TYPE_MAX_LENGTH"))
    if is_v2(message):
        legacy = "cannot be used with MessageFlags.IS_COMPONENTS_V2"
        wrong += [
            Wrong(
                (name,), f"The '{name}' field {legacy}", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
            )
            for name in ("content", "embeds", "sticker_ids", "poll")
            if message.get(name)
        ]
        if sum(len(text) for text in _displays(components)) > 4000:
            wrong.append(Wrong(("components",), "Must be 4000 or fewer characters of text in all."))
        if len(list(walk(components))) > 40:
            wrong.append(Wrong(("components",), "Must be 40 or fewer components in all."))
    else:
        if len(components) > 5:
            wrong.append(Wrong(("components",), "Must be between 1 and 5 in length.", "BASE_TYPE_BAD_LENGTH"))
        wrong += [
            Wrong(("components", at, "type"), f"Value must be one of {{{ROW}}}.", "BASE_TYPE_CHOICES")
            for at, one in enumerate(components)
            if one["type"] != ROW
        ]
    return wrong + _check_components(components, set(files), interactive)


def is_empty(message: Json, files: Iterable[str] = ()) -> bool:
    told = ("embeds", "components", "sticker_ids", "poll")
    return not (message.get("content") or "").strip() and not any(map(message.get, told)) and not list(files)


def walk(components: Iterable[Json], place: Place = ("components",)) -> Iterator[tuple[Place, Json]]:
    """Yield every component, however deep, in the order one reads them."""
    for at, one in enumerate(components):
        here = (*place, at)
        yield here, one
        yield from walk(one.get("components", ()), (*here, "components"))
        for name in ("accessory", "component"):
            if isinstance(one.get(name), dict):
                yield (*here, name), one[name]


def _displays(components: list[Json]) -> list[str]:
    return [one["content"] for _, one in walk(components) if one["type"] == TEXT]


def _check_embeds(embeds: list[Json]) -> list[Wrong]:
    wrong = []
    total = 0
    for at, embed in enumerate(embeds):
        fields = embed.get("fields") or []
        for number, one in enumerate(fields):
            wrong += [
                Wrong(("embeds", at, "fields", number, name), "This field is required", "BASE_TYPE_REQUIRED")
                for name in ("name", "value")
                if not one[name].strip()
            ]
        texts = [embed.get("title"), embed.get("description")]
        texts += [(embed.get("author") or {}).get("name"), (embed.get("footer") or {}).get("text")]
        texts += [text for one in fields for text in (one["name"], one["value"])]
        total += sum(len(text or "") for text in texts)
        for place, url in (
            ((), embed.get("url")),
            (("author",), (embed.get("author") or {}).get("url")),
        ):
            wrong += _check_url(url, ("embeds", at, *place, "url"), ("http", "https")) if url else []
    if total > 6000:
        message = "Embed size exceeds maximum size of 6000"
        wrong.append(Wrong(("embeds",), message, "MAX_EMBED_SIZE_EXCEEDED"))
    return wrong


def _check_url(url: str, place: Place, schemes: tuple[str, ...]) -> list[Wrong]:
    try:
        split = urlsplit(url)
        well = bool(split.netloc) and not re.search(r"\s", url)
    except ValueError:
        return [Wrong(place, "Not a well formed URL.", "URL_TYPE_INVALID_URL")]
    if split.scheme.lower() not in schemes:
        text = f"Scheme {split.scheme!r} is not supported. Scheme must be one of {schemes}."
        return [Wrong(place, text, "URL_TYPE_INVALID_SCHEME")]
    return [] if well else [Wrong(place, "Not a well formed URL.", "URL_TYPE_INVALID_URL")]


def _check_components(components: list[Json], files: set[str], interactive: bool) -> list[Wrong]:
    wrong: list[Wrong] = []
    ids: set[str] = set()
    numbers: set[int] = set()
    for place, one in walk(components):
        custom_id = one.get("custom_id")
        if custom_id is not None:
            if custom_id in ids:
                text = "Component custom id cannot be duplicated"
                wrong.append(Wrong((*place, "custom_id"), text, "COMPONENT_CUSTOM_ID_DUPLICATED"))
            ids.add(custom_id)
            if not interactive:
                text = "Webhooks that no application owns may only send link buttons"
                wrong.append(Wrong(place, text, "COMPONENT_TYPE_INVALID"))
        if one.get("id"):
            if one["id"] in numbers:
                wrong.append(Wrong((*place, "id"), "Component id cannot be duplicated"))
            numbers.add(one["id"])
        if one["type"] == ROW:
            wrong += _check_row(one, place)
        elif one["type"] == BUTTON:
            wrong += _check_button(one, place)
        elif one["type"] in SELECTS:
            wrong += _check_select(one, place)
        elif one["type"] == TEXT and not one["content"].strip():
            wrong.append(Wrong((*place, "content"), "This field is required", "BASE_TYPE_REQUIRED"))
        wrong += _check_media(one, place, files)
    return wrong


def _check_row(row: Json, place: Place) -> list[Wrong]:
    kinds = [one["type"] for one in row["components"]]
    if any(kind in SELECTS for kind in kinds) and len(kinds) > 1:
        return [Wrong((*place, "components"), "The specified component exceeds the maximum width")]
    return []


def _check_button(button: Json, place: Place) -> list[Wrong]:
    wrong = []
    is_link = button["style"] == LINK
    if is_link != (button.get("url") is not None) or is_link == (button.get("custom_id") is not None):
        text = "A button has a custom id, or, when its style is link, a url; never both"
        wrong.append(Wrong(place, text, "BASE_TYPE_REQUIRED"))
    if button["style"] == 6:
        wrong.append(Wrong((*place, "style"), "The stand-in sells nothing"))
    if not button.get("label") and not button.get("emoji"):
        wrong.append(Wrong((*place, "label"), "A button needs a label or an emoji", "BUTTON_COMPONENT_EMPTY"))
    if button.get("url"):
        wrong += _check_url(button["url"], (*place, "url"), ("http", "https", "discord"))
    return wrong


def _check_select(select: Json, place: Place) -> list[Wrong]:
    wrong = []
    options = select.get("options") or []
    values = [one["value"] for one in options]
    if len(set(values)) < len(values):
        text = "The specified option value is already used"
        wrong.append(Wrong((*place, "options"), text, "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"))
    least, most = select.get("min_values", 1), select.get("max_values", 1)
    if least is not None and most is not None and least > most:
        wrong.append(Wrong((*place, "min_values"), "Must not exceed max_values"))
    if options and most is not None and most > len(options):
        wrong.append(Wrong((*place, "max_values"), "Must not exceed the number of options"))
    if sum(bool(one.get("default")) for one in options) > (most or 1):
        wrong.append(Wrong((*place, "options"), "More defaults than may be selected"))
    return wrong


def _check_media(one: Json, place: Place, files: set[str]) -> list[Wrong]:
    media = {
        FILE: [((*place, "file", "url"), one.get("file"))],
        THUMBNAIL: [((*place, "media", "url"), one.get("media"))],
        GALLERY: [
            ((*place, "items", at, "media", "url"), item["media"])
            for at, item in enumerate(one.get("items", ()))
        ],
    }
    wrong = []
    for where, told in media.get(one["type"], ()):
        url = (told or {}).get("url", "")
        if url.startswith("attachment://"):
            if url.removeprefix("attachment://") not in files:
                text = "The referenced attachment was not found in the request"
                wrong.append(Wrong(where, text, "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"))
        elif one["type"] == FILE:
            wrong.append(Wrong(where, "Must be of the form attachment://name"))
        else:
            wrong += _check_url(url, where, ("http", "https"))
    return wrong


# Mentions.


def check_mentions(allowed: Json | None) -> list[Wrong]:
    """Check allowed_mentions: a kind is either parsed or listed."""
    if not allowed:
        return []
    return [
        Wrong(
            ("allowed_mentions",),
            f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive',
            "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
        )
        for kind in ("users", "roles")
        if kind in (allowed.get("parse") or ()) and allowed.get(kind)
    ]


def mentioned(message: Json) -> tuple[set[int], set[int], bool]:
    """Return the users and roles that a message's text names, and whether it names everyone.

    Code spans and backslashes are not looked at, so this sees at least every mention that Discord sees.
    """
    text = "\n".join([message.get("content") or "", *_displays(message.get("components") or [])])
    users = {int(found) for found in re.findall(r"<@!?(\d{1,20})>", text)}
    roles = {int(found) for found in re.findall(r"<@&(\d{1,20})>", text)}
    return users, roles, bool(re.search(r"@(?:everyone|here)", text))


def allows(allowed: Json | None, kind: str, default: Sequence[str]) -> bool | set[int]:
    """Return whether mentions of that kind ping: all of them, none, or those of these ids."""
    if allowed is None:
        return kind in default
    if kind in (allowed.get("parse") or ()):
        return True
    return {int(one) for one in allowed.get(kind) or ()} if kind != "everyone" else False


# Commands.


def check_commands(commands: list[Json]) -> list[Wrong]:
    """Check a whole set of commands, as PUT replaces it."""
    wrong: list[Wrong] = []
    seen: set[tuple[int, str]] = set()
    for at, command in enumerate(commands):
        kind = command.get("type") or 1
        if (kind, command["name"]) in seen:
            text = "Application command names must be unique"
            wrong.append(Wrong((at,), text, "APPLICATION_COMMANDS_DUPLICATE_NAME"))
        seen.add((kind, command["name"]))
        wrong += check_command(command, (at,))
    for kind, most in ((1, 100), (2, 15), (3, 15)):
        if sum((one.get("type") or 1) == kind for one in commands) > most:
            wrong.append(
                Wrong((), f"Maximum number of application commands of type {kind} reached ({most}).")
            )
    return wrong


def check_command(command: Json, place: Place = ()) -> list[Wrong]:
    kind = command.get("type") or 1
    wrong = _check_localizations(command, place, named=kind == 1)
    if kind == 1:
        wrong += _check_name(command["name"], (*place, "name"))
        if not command.get("description"):
            wrong.append(Wrong((*place, "description"), "This field is required", "BASE_TYPE_REQUIRED"))
        wrong += _check_options(command.get("options") or [], (*place, "options"), depth=0)
        if (size := _size(command)) > 8000:
            wrong.append(Wrong(place, f"Must be 8000 or fewer characters in all, not {size}."))
    elif command.get("description") or command.get("options"):
        wrong.append(
            Wrong((*place, "description"), "Context menu commands have neither description nor options")
        )
    return wrong


def _check_name(name: str, place: Place) -> list[Wrong]:
    fine = all(ch in "-_'" or unicodedata.category(ch)[0] in "LNM" for ch in name) and 1 <= len(name) <= 32
    if fine and name == name.lower():
        return []
    text = "Command name is invalid: 1-32 letters, digits, - and _, in lower case."
    return [Wrong(place, text, "APPLICATION_COMMAND_INVALID_NAME")]


def _check_localizations(told: Json, place: Place, *, named: bool = True) -> list[Wrong]:
    wrong = []
    for field in ("name_localizations", "description_localizations"):
        for locale, text in (told.get(field) or {}).items():
            if locale not in LOCALES:
                wrong.append(Wrong((*place, field, locale), "Unknown locale", "DICT_TYPE_INVALID_KEY"))
            if named and field == "name_localizations":
                wrong += _check_name(text, (*place, field, locale))
    return wrong


def _check_options(options: list[Json], place: Place, depth: int) -> list[Wrong]:
    wrong: list[Wrong] = []
    names = [one["name"] for one in options]
    if len(set(names)) < len(names):
        text = "Option name is already used"
        wrong.append(Wrong(place, text, "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS"))
    nesting = [one["type"] in (SUBCOMMAND, SUBGROUP) for one in options]
    if any(nesting) and not all(nesting):
        text = "Sub-command and sub-command group option types are mutually exclusive to all other types"
        wrong.append(Wrong(place, text, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"))
    optional = False
    for at, one in enumerate(options):
        here = (*place, at)
        wrong += _check_name(one["name"], (*here, "name")) + _check_localizations(one, here)
        if one["type"] == SUBGROUP and depth:
            wrong.append(Wrong((*here, "type"), "Sub-command groups cannot be nested"))
        if one["type"] in (SUBCOMMAND, SUBGROUP):
            wrong += _check_options(one.get("options") or [], (*here, "options"), depth + 1)
            continue
        if one.get("required") and optional:
            text = "Required options must be placed before non-required options"
            wrong.append(Wrong(here, text, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"))
        optional |= not one.get("required")
        choices = one.get("choices") or []
        if one.get("autocomplete") and (choices or one["type"] not in AUTOCOMPLETED):
            text = "Autocomplete cannot be set when choices are present or for this type"
            wrong.append(Wrong(here, text, "APPLICATION_COMMAND_AUTOCOMPLETE_INVALID"))
        wrong += [
            each
            for number, choice in enumerate(choices)
            for each in _check_localizations(choice, (*here, "choices", number), named=False)
        ]
        for known in ("name", "value"):
            if len({choice[known] for choice in choices}) < len(choices):
                wrong.append(Wrong((*here, "choices"), f"Choice {known} is already used"))
    return wrong


def _size(told: Json) -> int:
    """Return the characters of a command: of each text its longest language counts."""
    size = 0
    for name in ("name", "description"):
        texts = [told.get(name) or "", *(told.get(f"{name}_localizations") or {}).values()]
        size += max(map(len, texts))
    size += len(told["value"]) if isinstance(told.get("value"), str) else 0
    return size + sum(_size(one) for key in ("options", "choices") for one in told.get(key) or ())


def check_choices(choices: list[Json]) -> list[Wrong]:
    """Check what autocomplete offers."""
    wrong = [
        Wrong(("data", "choices", at, "value"), "Must be 100 or fewer in length.", "BASE_TYPE_MAX_LENGTH")
        for at, one in enumerate(choices)
        if isinstance(one["value"], str) and len(one["value"]) > 100
    ]
    return wrong
