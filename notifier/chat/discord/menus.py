"""The application commands that Discord shows, as JSON made from the commands' own declarations.

Sent only when they changed: Discord takes 200 a day and server.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from notifier.domain.texts import LANGUAGES, has_text, text
from notifier.services.commands import COMMANDS, Audience, Command, Option
from notifier.services.commands.declared import WISH_OPTIONS

Json = dict[str, Any]

CHAT_INPUT, MESSAGE = 1, 3  # types of commands
SUBCOMMAND, STRING, CHANNEL, ROLE = 1, 3, 7, 8  # types of options
SERVER, BOT_DM, PRIVATE_CHANNEL = 0, 1, 2  # contexts
GUILD_INSTALL, USER_INSTALL = 0, 1
MANAGE_SERVER = 1 << 5  # a number, by the API's own description
POSTABLE = (0, 5, 10, 11, 12, 15)  # text, announcement, threads, forum

# Discord's names of the languages that we speak, beside English.
_LOCALES = {"de": ("de",), "es": ("es-ES", "es-419")}
# The message menus: what stands there -> the command that it asks.
MESSAGE_MENUS = {"menu-save": "save", "menu-applied": "applied", "menu-why": "why"}


def payload() -> list[Json]:
    """Return every command, in the order of menus."""
    made = [_command(found) for found in COMMANDS.values() if found.is_listed]
    made += [
        {
            "type": MESSAGE,
            "name": text(message_id, "en"),
            "name_localizations": _localised(message_id),
            "contexts": [SERVER, BOT_DM, PRIVATE_CHANNEL],
            "integration_types": [GUILD_INSTALL, USER_INSTALL],
        }
        for message_id in MESSAGE_MENUS
    ]
    return made


def hash_of(commands: list[Json]) -> str:
    """Return what changes when the commands do."""
    return hashlib.sha256(json.dumps(commands, sort_keys=True).encode()).hexdigest()[:32]


def _command(found: Command) -> Json:
    managers = found.audience is Audience.MANAGERS
    made: Json = {
        "type": CHAT_INPUT,
        **_called(found.name),
        **_described(f"command-{found.name}"),
        "options": list(_feed() if found.name == "feed" else _options(found)),
        "contexts": [SERVER] if managers else [SERVER, BOT_DM, PRIVATE_CHANNEL],
        "integration_types": [GUILD_INSTALL] if managers else [GUILD_INSTALL, USER_INSTALL],
    }
    if managers:
        made["default_member_permissions"] = MANAGE_SERVER
    return made


def _options(found: Command) -> Iterator[Json]:
    options = [option for option in found.options if option.name != found.asks]
    if found.asks:
        options = [*WISH_OPTIONS, *options]
    yield from (_option(option) for option in sorted(options, key=lambda option: not option.required))


def _feed() -> Iterator[Json]:
    """Yield the subcommands: Discord sets permissions by command, and options by subcommand."""
    feed = COMMANDS["feed"]
    actions = next(option for option in feed.options if option.name == "action").choices
    for action in actions:
        options: list[Json] = []
        if action not in ("add", "list"):
            options.append(_option(Option("feed", required=True, completes="feed")))
        if action in ("add", "edit"):
            options += [_option(option) for option in WISH_OPTIONS]
            options += [_option(Option("cadence", choices=("instant", "daily", "weekly", "both")))]
            options += [
                {"type": ROLE, **_called("mention"), **_described(f"given-mention-{action}")},
                _option(Option("mention_when")),
                _option(Option("tag", completes="tag")),
            ]
        if action == "add":
            options.append(_option(Option("webhook")))
        options.append(
            {
                "type": CHANNEL,
                **_called("channel"),
                **_described("given-channel"),
                "channel_types": list(POSTABLE),
            }
        )
        yield {
            "type": SUBCOMMAND,
            **_called(action),
            **_described(f"feed-does-{action}"),
            "options": options,
        }


def _option(option: Option) -> Json:
    made: Json = {
        "type": STRING,
        **_called(option.name),
        **_described(f"given-{option.name.replace('_', '-')}"),
        "required": option.required,
    }
    if option.choices:
        made["choices"] = [{"name": choice, "value": choice} for choice in option.choices]
    elif option.completes:
        made["autocomplete"] = True
    return made


def _called(name: str) -> Json:
    """Return a name with what it is called in other languages; an interaction says the first, whatever was typed."""
    message_id = f"called-{name.replace('_', '-')}"
    return {"name": name, **({"name_localizations": _localised(message_id)} if has_text(message_id) else {})}


def _described(message_id: str) -> Json:
    return {"description": text(message_id, "en"), "description_localizations": _localised(message_id)}


def _localised(message_id: str) -> dict[str, str]:
    return {
        locale: text(message_id, language) for language in LANGUAGES for locale in _LOCALES.get(language, ())
    }
