"""The lists of commands that Telegram shows: by who may use them, in each language; sent when they changed."""

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from telegram import (
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
)
from telegram.error import BadRequest

from notifier.chat.telegram.api import Api
from notifier.domain.texts import DEFAULT, LANGUAGES, text
from notifier.services import housekeeping
from notifier.services.commands import COMMANDS, Audience, Command
from notifier.store.database import Database

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Menu:
    """One list of commands: for whom, and in which language ("" for all that have none of their own)."""

    scope: BotCommandScope
    language: str
    commands: tuple[BotCommand, ...]

    @property
    def name(self) -> str:
        """Return what finds it again."""
        return f"{json.dumps(self.scope.to_dict(), sort_keys=True)} {self.language}"

    @property
    def hash(self) -> str:
        """Return what changes when its commands do."""
        words = json.dumps([(it.command, it.description) for it in self.commands])
        return hashlib.sha256(words.encode()).hexdigest()[:16]


def menus(operators: Sequence[str]) -> Iterator[Menu]:
    """Yield every menu; operators (user ids) have one of their own."""
    everyone = [it for it in COMMANDS.values() if it.is_listed and it.audience is Audience.EVERYONE]
    managers = [it for it in COMMANDS.values() if it.is_listed and it.audience is Audience.MANAGERS]
    theirs = [it for it in COMMANDS.values() if it.is_listed and it.audience is Audience.OPERATORS]
    in_groups = [it for it in everyone if not it.is_personal]
    scopes: list[tuple[BotCommandScope, list[Command]]] = [
        (BotCommandScopeAllPrivateChats(), everyone + managers),
        (BotCommandScopeAllGroupChats(), in_groups),
        (BotCommandScopeAllChatAdministrators(), in_groups + managers),
    ]
    scopes += [(BotCommandScopeChat(int(id_)), everyone + managers + theirs) for id_ in operators]
    for scope, commands in scopes:
        for language in LANGUAGES:
            shown = tuple(BotCommand(it.name, text(f"command-{it.name}", language)) for it in commands)
            yield Menu(scope, "" if language == DEFAULT else language, shown)


async def update_menus(api: Api, db: Database, operators: Sequence[str]) -> None:
    """Send the menus that are not those of last time; an operator's may have to wait until they say hello."""
    key = f"menus:telegram:{api.id}"
    known: dict[str, str] = json.loads(await db.read(housekeeping.remembered, key) or "{}")
    sent: dict[str, str] = {}
    for menu in menus(operators):
        if known.get(menu.name) != menu.hash:
            try:
                await _send(api, menu)
            except BadRequest as error:
                log.info("menu not taken", extra={"reason": error.message})
                continue
        sent[menu.name] = menu.hash
    if sent != known:
        await db.run(housekeeping.remember, key, json.dumps(sent, sort_keys=True))


async def _send(api: Api, menu: Menu) -> None:
    await api.call(
        lambda: api.bot.set_my_commands(menu.commands, scope=menu.scope, language_code=menu.language or None)
    )
