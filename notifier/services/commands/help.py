"""What the bot can do, made from the commands' own declarations."""

from sqlmodel import Session

from notifier.domain.document import Block, BlockKind, Document, Span
from notifier.domain.texts import text
from notifier.services.commands.declared import (
    COMMANDS,
    Asked,
    Audience,
    Command,
    Option,
    command,
    line,
    named,
)
from notifier.store.tables import DestinationKind


@command(Option("command"), example="help subscribe", personal=False)
def help_(session: Session, asked: Asked) -> Document:
    """Show every command, or one with its example."""
    locale = asked.locale
    if wanted := asked.get("command"):
        found = named(wanted.removeprefix("/"), asked.caller)
        blocks = [_usage(found.name, locale)] if found.is_listed else []
        return Document((*blocks, line("help-example", locale, example=found.example)))
    listed = [_usage(found.name, locale) for found in COMMANDS.values() if _may_see(found, asked)]
    return Document(
        (
            line("help-title", locale),
            line("help-commands", locale, BlockKind.HEADING),
            *listed,
            line("help-query", locale, BlockKind.NOTE),
        )
    )


def _may_see(found: Command, asked: Asked) -> bool:
    """Return whether help lists a command here: feeds in shared chats only, admin for operators only."""
    if found.audience is Audience.OPERATORS and not asked.caller.operates:
        return False
    shared = asked.caller.kind is not DestinationKind.PRIVATE
    return found.is_listed and (shared or found.audience is not Audience.MANAGERS)


def _usage(name: str, locale: str) -> Block:
    found = COMMANDS[name]
    words = text("help-line", locale, usage=found.usage, help=text(f"command-{name}", locale))
    return Block((Span(words),), BlockKind.ITEM)
