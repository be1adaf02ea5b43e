"""What a chat sets for itself: zone, digest, quiet hours, cadence, weekday, silent, home, pause."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from notifier.domain.document import BlockKind, Document
from notifier.domain.facts.places import place
from notifier.domain.filters.where import place_id
from notifier.domain.texts import text
from notifier.errors import BadOption, UserError
from notifier.services.commands.declared import Asked, Option, command, line, said
from notifier.services.commands.values import (
    read_cadence,
    read_span,
    read_switch,
    read_time,
    read_weekday,
    read_zone,
)
from notifier.store import subscriptions
from notifier.store.tables import Destination


def _quiet(value: str) -> dict[str, Any]:
    start, end = read_span(value) or (None, None)
    return {"quiet_start": start, "quiet_end": end}


# The setting's name: what was typed -> the columns to change.
SETTINGS: Mapping[str, Callable[[str], dict[str, Any]]] = MappingProxyType(
    {
        "zone": lambda value: {"zone": read_zone(value)},
        "digest": lambda value: {"digest_at": None if value.lower() == "off" else read_time(value)},
        "weekday": lambda value: {"digest_weekday": read_weekday(value)},
        "quiet": _quiet,
        "cadence": lambda value: {"cadence": read_cadence(value)},
        "silent": lambda value: {"silent": read_switch(value)},
    }
)


NAMES = (*SETTINGS, "home")


@command(Option("name", choices=NAMES), Option("value"), example="settings zone Europe/Berlin")
def settings(session: Session, asked: Asked) -> Document:
    """Show this chat's settings, or change one."""
    name, value = asked.get("name").lower(), asked.get("value")
    if not name:
        blocks = [line("settings-title", asked.locale, BlockKind.HEADING)]
        blocks += [
            line("settings-" + id_, asked.locale, BlockKind.ITEM, **values)
            for id_, values in _view(session, asked)
        ]
        return Document((*blocks, line("settings-hint", asked.locale, BlockKind.NOTE)))
    if name not in NAMES:
        raise BadOption("setting-unknown", name=name, names=", ".join(NAMES))
    if not value:
        raise BadOption("option-missing", option="value", example=asked.command.example)
    if name == "home":
        _set_home(session, asked, value)
    else:
        subscriptions.change(session, asked.chat, asked.now, **SETTINGS[name](value))
    changed = next((id_, values) for id_, values in _view(session, asked) if id_.startswith(name))
    return said(
        "settings-changed", asked.locale, line=text(f"settings-{changed[0]}", asked.locale, **changed[1])
    )


def _set_home(session: Session, asked: Asked, value: str) -> None:
    """State the country that remote work must be open to; of any place the country counts."""
    if asked.chat.person_id is None:
        raise UserError("private-only", command="settings home")
    off = value.lower() in ("off", "none")
    subscriptions.set_home(session, asked.chat, "" if off else place(place_id(value)).country)


def _view(session: Session, asked: Asked) -> list[tuple[str, dict[str, object]]]:
    """Return (the end of the message id, its values) of each setting."""
    chat: Destination = asked.chat
    there = asked.now.astimezone(ZoneInfo(chat.zone))
    quiet = f"{chat.quiet_start:%H:%M}-{chat.quiet_end:%H:%M}" if chat.quiet_start and chat.quiet_end else ""
    digest = f"{chat.digest_at:%H:%M}" if chat.digest_at else ""
    home = subscriptions.home_of(session, chat)
    return [
        ("zone", {"zone": chat.zone, "time": f"{there:%H:%M}"}),
        ("digest" if digest else "digest-off", {"time": digest}),
        ("weekday", {"weekday": text(f"weekday-{chat.digest_weekday}", asked.locale)}),
        ("quiet" if quiet else "quiet-off", {"span": quiet}),
        ("cadence", {"cadence": text(f"cadence-{chat.cadence}", asked.locale)}),
        ("silent-on" if chat.silent else "silent-off", {}),
        ("home" if home else "home-off", {"home": place(home).name if home else ""}),
    ]


@command(example="pause")
def pause(session: Session, asked: Asked) -> Document:
    """Keep jobs back until resume."""
    subscriptions.pause(session, asked.chat, asked.now)
    return said("paused", asked.locale)


@command(example="resume")
def resume(session: Session, asked: Asked) -> Document:
    """Let jobs come again; what was kept comes in one message."""
    held = subscriptions.resume(session, asked.chat, asked.now)
    return said("resumed-held", asked.locale, count=held) if held else said("resumed", asked.locale)
