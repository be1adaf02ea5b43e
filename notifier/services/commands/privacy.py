"""What is kept of a person, all of it in one file, and forgetting it."""

import json
from dataclasses import replace
from datetime import date, datetime, time

from sqlmodel import Session

from notifier.domain.document import Action, BlockKind, Document, File
from notifier.domain.texts import text
from notifier.services.commands.declared import Asked, Option, command, line, said
from notifier.store import persons, subscriptions

YES = "yes"


@command(example="privacy")
def privacy(session: Session, asked: Asked) -> Document:
    """Say what is kept, and how to get or erase it."""
    locale = asked.locale
    blocks = [line("privacy-title", locale, BlockKind.HEADING)]
    blocks += [line(f"privacy-{part}", locale) for part in ("kept", "not-kept", "yours")]
    return Document(tuple(blocks), (Action(text("export", locale), command="export"),))


@command(example="export")
def export(session: Session, asked: Asked) -> Document:
    """Give everything about this person as one JSON file."""
    kept = persons.export(session, asked.person(session))
    content = json.dumps(kept, ensure_ascii=False, indent=2, default=_plain).encode()
    rows = sum(map(len, kept.values()))
    blocks = (line("exported", asked.locale, count=rows),)
    return Document(blocks, file=File("notifier-export.json", content))


@command(Option("sure", choices=(YES,)), example="forget")
def forget(session: Session, asked: Asked) -> Document:
    """Erase everything about this person; asks once."""
    locale = asked.locale
    if asked.get("sure").lower() != YES:
        erase = Action(text("erase", locale), command=f"forget {YES}")
        return Document((line("forget-ask", locale),), (erase,))
    persons.erase(session, asked.person(session))
    subscriptions.changed(session)
    return replace(said("forgotten", locale), replaces=True)


def _plain(value: object) -> str:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
