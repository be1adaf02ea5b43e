"""What a command is, and how a line becomes its answer."""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session

from notifier.domain.clean import NAME, clean
from notifier.domain.document import USUAL_PAGE, Action, Block, BlockKind, Document, PageSize, Span
from notifier.domain.posting import Found
from notifier.domain.query import parse_options, query
from notifier.domain.texts import text
from notifier.errors import AmbiguousPlace, BadOption, SourceError, UserError
from notifier.services.commands import answers
from notifier.services.commands.guess import country_of, zone_of
from notifier.services.commands.values import read_number
from notifier.store import outbox, persons, subscriptions
from notifier.store.subscriptions import Defaults
from notifier.store.tables import Destination, DestinationKind, Person


class Audience(StrEnum):
    """Who may use a command."""

    EVERYONE = "everyone"
    MANAGERS = "managers"  # who administers the chat it is written in
    OPERATORS = "operators"  # who runs this notifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, where, and when."""

    platform: str
    address: str
    now: datetime
    thread: str = ""
    user_id: str = ""  # of the one who asks; the address where that is a private chat
    kind: DestinationKind = DestinationKind.PRIVATE
    private: str = ""  # where else than in this shared chat the caller can be answered; "" for nowhere
    manages: bool = False  # administers this shared chat, as the platform says
    title: str = ""  # of this shared chat
    form: str = ""  # how this shared chat shows what is posted: forum, announcement, thread
    route: str = ""  # where an incoming webhook writes
    secret: str = field(default="", repr=False)  # of an incoming webhook, which is the chat then
    picks_chats: bool = False  # in this private chat a shared one can be chosen, to ask about that
    replied_to: str = ""  # the reference of the message of ours that this answers
    page: PageSize = USUAL_PAGE  # what one message holds
    operates: bool = False  # is one of the operators
    found: Found | SourceError | None = None  # what stands at the address that an operator wants read
    locale: str = "en"
    deep_link: str = (
        ""  # what a link that starts the bot with a token begins with, where there are such links
    )
    defaults: Defaults = field(default_factory=Defaults)


@dataclass(frozen=True, slots=True)
class Option:
    """One thing a command may be told; in a line the last one takes the rest.

    choices    the words it may be
    completes  what it names, for completion: a filter, or "subscription"
    named      only where options are given by name: a line has no place for it
    """

    name: str
    required: bool = False
    choices: tuple[str, ...] = ()
    completes: str = ""
    named: bool = False


# What a wish is made of where options are given by name.
WISH_OPTIONS = (
    Option("skills", completes="skills"),
    Option("location", completes="in"),
    Option("remote", choices=("any", "only", "hybrid", "no")),
    Option("level", completes="level"),
    Option("role", completes="role"),
    Option("pay", completes="pay"),
    Option("company", completes="company"),
    Option("days"),
)


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

    def is_reply(self, name: str) -> bool:
        """Return whether an option is left out in a reply to a message of ours, which then says it."""
        return bool(self.caller.replied_to) and not self.options.get(name, "").strip()

    def number(self, name: str) -> int:
        """Return a required option that is a number, with or without a #."""
        value = self.get(name)
        number = read_number(value)
        if number is None:
            raise BadOption("option-number", value=value or name, example=self.command.example)
        return number

    def person(self, session: Session) -> Person:
        """Return who asks, also in a chat that several people read."""
        caller = self.caller
        return persons.find_or_make(
            session,
            caller.platform,
            caller.user_id or caller.address,
            caller.now,
            zone=self.chat.zone,
            locale=caller.locale,
        )


Run = Callable[[Session, Asked], Document]


@dataclass(frozen=True, slots=True)
class Command:
    """One command; `run(session, asked)` answers it in the transaction it is given.

    asks         the option that takes a wish; given by name it is WISH_OPTIONS
    is_personal  about the caller's own chat: in a shared one it is answered only where the platform can
                 answer the caller alone
    is_listed    in menus and help; the buttons' commands are not
    """

    name: str
    run: Run
    options: tuple[Option, ...] = ()
    aliases: tuple[str, ...] = ()
    example: str = ""
    asks: str = ""
    audience: Audience = Audience.EVERYONE
    is_personal: bool = True
    is_listed: bool = True

    @property
    def usage(self) -> str:
        """Return the command with its options as help shows it."""
        words = [
            option.name.upper() if option.required else f"[{option.name.upper()}]"
            for option in self.options
            if not option.named
        ]
        return " ".join([self.name, *words])


COMMANDS: dict[str, Command] = {}


def command(
    *options: Option,
    aliases: Sequence[str] = (),
    example: str = "",
    asks: str = "",
    audience: Audience = Audience.EVERYONE,
    personal: bool = True,
    listed: bool = True,
    name: str = "",
) -> Callable[[Run], Run]:
    """Declare the decorated function as the command of its name; its help is the text `command-NAME`.

    name  of the command, where it is not the function's
    """

    def declare(run: Run) -> Run:
        called = name or run.__name__.rstrip("_")
        COMMANDS[called] = Command(
            called, run, tuple(options), tuple(aliases), example or called, asks, audience, personal, listed
        )
        return run

    return declare


def named(name: str, caller: Caller | None = None) -> Command:
    """Return the command of that name or alias; `UserError` with the nearest when there is none.

    Commands of operators do not exist for others.
    """
    known = {
        alias: found
        for found in COMMANDS.values()
        for alias in (found.name, *found.aliases)
        if found.audience is not Audience.OPERATORS or caller is None or caller.operates
    }
    found = known.get(name.lower())
    if found is None:
        listed = [alias for alias, found in known.items() if found.is_listed]
        nearest = difflib.get_close_matches(name.lower(), listed, n=1, cutoff=0.0)[0]
        raise UserError("command-unknown", name=name, nearest=nearest)
    return found


def command_of(line: str) -> Command | None:
    """Return the command that a line names, whoever may use it; None for an unknown one."""
    name = line.strip().removeprefix("/").partition(" ")[0].partition("@")[0].lower()
    return next((it for it in COMMANDS.values() if name == it.name or name in it.aliases), None)


def answer(session: Session, caller: Caller, line: str) -> Document:
    """Return the reply to a line such as `/subscribe python remote`; one transaction.

    A savepoint inside makes sure that a `UserError` leaves nothing behind but its reply.
    """
    # No database takes a NUL or half a surrogate pair in a text.
    line = line.replace("\x00", "").encode(errors="ignore").decode()
    word, _, rest = line.strip().removeprefix("/").partition(" ")
    try:
        # In groups Telegram writes /jobs@name_of_the_bot.
        found = named(word.partition("@")[0], caller)
        line = f"{found.name} {rest}".strip()
        return _answered(session, caller, found, options_of(found, rest), line)
    except UserError as error:
        return _refused(session, caller, error, line)


def perform(session: Session, caller: Caller, name: str, options: dict[str, str]) -> Document:
    """Return the reply to a command whose options were given by name, as slash commands are."""
    line = name
    try:
        found = named(name, caller)
        options = _with_wish(found, options)
        words = [options[option.name] for option in found.options if options.get(option.name)]
        line = " ".join([name, *words])
        return _answered(session, caller, found, options, line)
    except UserError as error:
        return _refused(session, caller, error, line)


def _with_wish(found: Command, options: dict[str, str]) -> dict[str, str]:
    """Return the options with what was asked for in several of them as one wish, in its text."""
    if not found.asks:
        return options
    wish_names = {option.name for option in WISH_OPTIONS}
    given = {name: value for name, value in options.items() if name in wish_names and value.strip()}
    rest = {name: value for name, value in options.items() if name not in wish_names}
    words = [rest.get(found.asks, "")]
    if any(value.casefold() != "any" for value in given.values()):
        words.append(query(parse_options(given).wish))
    return {**rest, found.asks: " ".join(filter(None, words))}


def _refused(session: Session, caller: Caller, error: UserError, line: str) -> Document:
    """Return what a person is told who asked wrongly; a question comes with its answers to choose from."""
    known = subscriptions.destination_at(session, caller.platform, caller.address, caller.thread)
    document = said(error.message_id, known.locale if known else caller.locale, **error.values)
    if not isinstance(error, AmbiguousPlace):
        return document
    chat = _open(session, caller)
    actions = []
    for label, words in error.choices:
        meant = answers.short(session, chat, _with_place(line, error.word, words), caller.now)
        actions.append(Action(clean(label, NAME), command=meant))
    return replace(document, actions=tuple(actions))


def _with_place(line: str, word: str, words: str) -> str:
    """Return the line with an ambiguous place put in unambiguous words."""
    plain = f'"{word}"' if f'"{word}"' in line else word
    return line.replace(plain, f'"{words}"', 1)


def _answered(
    session: Session, caller: Caller, found: Command, options: dict[str, str], line: str
) -> Document:
    with session.begin_nested():
        chat = _chat(session, caller, found)
        asked = Asked(chat, caller, found, options)
        return answers.first_page(session, chat, line, found.run(session, asked), caller.now, caller.page)


def redone(session: Session, caller: Caller, line: str) -> Document:
    """Return the whole reply to a line that was kept; who may not ask it any more is refused as ever."""
    word, _, rest = line.partition(" ")
    found = named(word, caller)
    return found.run(session, Asked(_chat(session, caller, found), caller, found, options_of(found, rest)))


def kept_line(session: Session, asked: Asked, token: str) -> str | None:
    """Return the line that a token stands for, in the chat it is asked in or the caller's own."""
    caller = asked.caller
    chats = [asked.chat]
    if caller.private and (own := subscriptions.destination_at(session, caller.platform, caller.private)):
        chats.append(own)
    return answers.line_of(session, [chat.id for chat in chats], token)


def _chat(session: Session, caller: Caller, found: Command) -> Destination:
    """Return the chat that a command is about, made when it is new."""
    shared = caller.kind is not DestinationKind.PRIVATE
    if found.audience is Audience.MANAGERS and not shared and not caller.picks_chats:
        raise UserError("shared-only", command=found.name)
    if found.audience is Audience.MANAGERS and shared and not caller.manages:
        raise UserError("managers-only", command=found.name)
    if shared and found.is_personal:
        if not caller.private:
            raise UserError("private-only", command=found.name)
        caller = replace(caller, address=caller.private, thread="", kind=DestinationKind.PRIVATE)
    return _open(session, caller)


def _open(session: Session, caller: Caller) -> Destination:
    guessed = zone_of(country_of(caller.locale)) if caller.kind is DestinationKind.PRIVATE else ""
    chat = subscriptions.open_destination(
        session,
        caller.platform,
        caller.address,
        caller.now,
        thread=caller.thread,
        kind=caller.kind,
        user_id=caller.user_id,
        defaults=replace(caller.defaults, zone=guessed or caller.defaults.zone),  # of a new chat only
        locale=caller.locale,
    )
    if caller.secret:
        chat.route, chat.secret = caller.route, caller.secret
    return chat


def options_of(found: Command, rest: str) -> dict[str, str]:
    """Give each option a word of the line, and the last one what is left."""
    typed = [option for option in found.options if not option.named]
    if not typed:
        return {}
    words = rest.split(maxsplit=len(typed) - 1)
    return {option.name: word for option, word in zip(typed, words, strict=False)}


def replied_to(session: Session, asked: Asked) -> list[tuple[int, list[dict[str, Any]]]]:
    """Return (job id, the subscriptions that caused it) of each job in the message that is replied to."""
    return outbox.by_reference(session, asked.chat, asked.caller.replied_to)


def said(message_id: str, locale: str, **values: object) -> Document:
    """Return one sentence as a document; what people or lists wrote is cleaned here."""
    shown = {name: clean(value) if isinstance(value, str) else value for name, value in values.items()}
    return Document((Block((Span(text(message_id, locale, **shown)),)),))


def line(message_id: str, locale: str, kind: BlockKind = BlockKind.TEXT, **values: object) -> Block:
    """Return a sentence as a block."""
    bold = kind is BlockKind.HEADING
    return Block((Span(text(message_id, locale, **values), bold=bold),), kind)
