"""What a command is, and how a line becomes its answer."""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from notifier.domain.clean import clean
from notifier.domain.document import Block, BlockKind, Document, Span
from notifier.domain.texts import text
from notifier.errors import BadOption, UserError
from notifier.store import subscriptions
from notifier.store.subscriptions import Defaults
from notifier.store.tables import Destination, DestinationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, where, and when."""

    platform: str
    address: str
    now: datetime
    thread: str = ""
    user_id: str = ""
    kind: DestinationKind = DestinationKind.PRIVATE
    locale: str = "en"
    defaults: Defaults = field(default_factory=Defaults)


@dataclass(frozen=True, slots=True)
class Option:
    """One thing a command may be told; the last one takes the rest of the line."""

    name: str
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A command as it was asked: the chat it is about, and the options by name."""

    chat: Destination
    caller: Caller
    command: "Command"
    options: dict[str, str]

    @property
    def now(self) -> datetime:
        """Return when it was asked."""
        return self.caller.now

    @property
    def locale(self) -> str:
        """Return the chat's language."""
        return self.chat.locale

    def get(self, name: str) -> str:
        """Return an option, "" when it was not given; `BadOption` when it has to be."""
        value = self.options.get(name, "").strip()
        if not value and any(option.name == name and option.required for option in self.command.options):
            raise BadOption("option-missing", option=name, example=self.command.example)
        return value

    def number(self, name: str) -> int:
        """Return a required option that is a number, with or without a #."""
        value = self.get(name).removeprefix("#")
        if not (value.isascii() and value.isdigit() and len(value) < 10):
            raise BadOption("option-number", value=value or name, example=self.command.example)
        return int(value)


@dataclass(frozen=True, slots=True)
class Command:
    """One command; `run(session, asked)` answers it in the transaction it is given."""

    name: str
    run: Callable[[Session, Asked], Document]
    options: tuple[Option, ...] = ()
    aliases: tuple[str, ...] = ()
    example: str = ""
    listed: bool = True  # in menus and help; the buttons' commands are not

    @property
    def usage(self) -> str:
        """Return the command with its options as help shows it."""
        words = [
            option.name.upper() if option.required else f"[{option.name.upper()}]" for option in self.options
        ]
        return " ".join([self.name, *words])


COMMANDS: dict[str, Command] = {}


def command(
    *options: Option, aliases: Sequence[str] = (), example: str = "", listed: bool = True
) -> Callable[[Callable[[Session, Asked], Document]], Callable[[Session, Asked], Document]]:
    """Declare the decorated function as the command of its name; its help is the text `command-NAME`."""

    def declare(run: Callable[[Session, Asked], Document]) -> Callable[[Session, Asked], Document]:
        name = run.__name__.rstrip("_")
        COMMANDS[name] = Command(name, run, tuple(options), tuple(aliases), example or name, listed)
        return run

    return declare


def named(name: str) -> Command:
    """Return the command of that name or alias; `UserError` with the nearest when there is none."""
    by_name = {alias: found for found in COMMANDS.values() for alias in (found.name, *found.aliases)}
    found = by_name.get(name.lower())
    if found is None:
        listed = [alias for alias, found in by_name.items() if found.listed]
        nearest = difflib.get_close_matches(name.lower(), listed, n=1, cutoff=0.0)[0]
        raise UserError("command-unknown", name=name, nearest=nearest)
    return found


def answer(session: Session, caller: Caller, line: str) -> Document:
    """Return the reply to a line such as `/subscribe python remote`; one transaction.

    A savepoint inside makes sure that a `UserError` leaves nothing behind but its reply.
    """
    # No database takes a NUL or half a surrogate pair in a text.
    line = line.replace("\x00", "").encode(errors="ignore").decode()
    word, _, rest = line.strip().removeprefix("/").partition(" ")
    # In groups Telegram writes /jobs@name_of_the_bot.
    name = word.partition("@")[0]
    try:
        with session.begin_nested():
            found = named(name)
            chat = subscriptions.open_destination(
                session,
                caller.platform,
                caller.address,
                caller.now,
                thread=caller.thread,
                kind=caller.kind,
                user_id=caller.user_id,
                defaults=caller.defaults,
                locale=caller.locale,
            )
            return found.run(session, Asked(chat, caller, found, _options(found, rest)))
    except UserError as error:
        return said(error.message_id, caller.locale, **error.values)


def _options(found: Command, rest: str) -> dict[str, str]:
    """Give each option a word of the line, and the last one what is left."""
    if not found.options:
        return {}
    words = rest.split(maxsplit=len(found.options) - 1)
    return {option.name: word for option, word in zip(found.options, words, strict=False)}


def said(message_id: str, locale: str, **values: object) -> Document:
    """Return one sentence as a document; what people or lists wrote is cleaned here."""
    shown = {name: clean(value) if isinstance(value, str) else value for name, value in values.items()}
    return Document((Block((Span(text(message_id, locale, **shown)),)),))


def line(message_id: str, locale: str, kind: BlockKind = BlockKind.TEXT, **values: object) -> Block:
    """Return a sentence as a block."""
    bold = kind is BlockKind.HEADING
    return Block((Span(text(message_id, locale, **values), bold=bold),), kind)
