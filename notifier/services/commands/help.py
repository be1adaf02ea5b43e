"""What the bot can do, made from the commands' own declarations."""

from sqlmodel import Session

from notifier.domain.document import Block, BlockKind, Document, Span
from notifier.domain.texts import text
from notifier.services.commands.declared import COMMANDS, Asked, Option, command, line, named


@command(Option("command"), example="help subscribe")
def help_(session: Session, asked: Asked) -> Document:
    """Show every command, or one with its example."""
    locale = asked.locale
    if wanted := asked.get("command"):
        found = named(wanted.removeprefix("/"))
        blocks = [_usage(found.name, locale)] if found.listed else []
        return Document((*blocks, line("help-example", locale, example=found.example)))
    listed = [_usage(found.name, locale) for found in COMMANDS.values() if found.listed]
    return Document(
        (
            line("help-title", locale),
            line("help-commands", locale, BlockKind.HEADING),
            *listed,
            line("help-query", locale, BlockKind.NOTE),
        )
    )


def _usage(name: str, locale: str) -> Block:
    found = COMMANDS[name]
    words = text("help-line", locale, usage=found.usage, help=text(f"command-{name}", locale))
    return Block((Span(words),), BlockKind.ITEM)
