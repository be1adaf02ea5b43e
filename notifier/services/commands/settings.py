"""What a chat sets for itself, by buttons or words; pause, resume, stop."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from notifier.domain.cadence import Cadence
from notifier.domain.document import Action, BlockKind, Document
from notifier.domain.facts.places import place
from notifier.domain.filters.where import place_id
from notifier.domain.texts import LANGUAGES, language_of, text
from notifier.errors import BadOption, UserError
from notifier.services.commands.declared import Asked, Option, command, line, said
from notifier.services.commands.guess import country_of, zone_of
from notifier.services.commands.values import (
    WEEKDAYS,
    read_cadence,
    read_language,
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
        "tables": lambda value: {"rich": read_switch(value)},
        "language": lambda value: {"locale": read_language(value)},
    }
)


NAMES = (*SETTINGS, "home")
# What most people would set; any other value can be typed.
_OFFERED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "digest": ("07:00", "08:30", "18:00", "off"),
        "weekday": WEEKDAYS,
        "quiet": ("22:00-07:00", "off"),
        "cadence": tuple(Cadence),
        "silent": ("on", "off"),
        "tables": ("on", "off"),
        "language": LANGUAGES,
        "home": ("off",),
    }
)


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
        buttons = [
            Action(text(f"setting-{name}", asked.locale), command=f"settings {name}") for name in NAMES
        ]
        buttons.append(Action(text("link", asked.locale), command="link"))
        return Document((*blocks, line("settings-hint", asked.locale, BlockKind.NOTE)), tuple(buttons))
    if name not in NAMES:
        raise BadOption("setting-unknown", name=name, names=", ".join(NAMES))
    if not value:
        return _offer(session, asked, name)
    if name == "home":
        _set_home(session, asked, value)
    else:
        subscriptions.change(session, asked.chat, asked.now, **SETTINGS[name](value))
    return replace(said("settings-changed", asked.locale, line=_shown(session, asked, name)), replaces=True)


def _offer(session: Session, asked: Asked, name: str) -> Document:
    """Show one setting with the values that most people would choose."""
    values = _OFFERED.get(name, ())
    country = country_of(asked.caller.locale)
    if name == "home" and country:
        values = (country, *values)
    if name == "zone" and (zone := zone_of(country)):
        values = (zone, "UTC")
    buttons = [
        Action(_named(name, value, asked.locale), command=f"settings {name} {value}") for value in values
    ]
    example = line("setting-example", asked.locale, BlockKind.NOTE, name=name, example=_EXAMPLES[name])
    return Document(
        (line("setting-now", asked.locale, line=_shown(session, asked, name)), example),
        tuple(buttons),
        replaces=True,
    )


def _named(name: str, value: str, locale: str) -> str:
    """Return a value that is offered as people read it."""
    match name:
        case "weekday":
            return text(f"weekday-{WEEKDAYS.index(value)}", locale)
        case "cadence" | "language":
            return text(f"{name}-{value}", locale)
    return value


def _shown(session: Session, asked: Asked, name: str) -> str:
    id_, values = next((id_, values) for id_, values in _view(session, asked) if id_.startswith(name))
    return text(f"settings-{id_}", asked.locale, **values)


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
        ("tables-on" if chat.rich else "tables-off", {}),
        ("home" if home else "home-off", {"home": place(home).name if home else ""}),
        ("language", {"language": text(f"language-{language_of(chat.locale)}", asked.locale)}),
    ]


_EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "zone": "Europe/Berlin",
        "digest": "08:30",
        "weekday": "monday",
        "quiet": "22:00-07:00",
        "cadence": "daily",
        "silent": "on",
        "tables": "on",
        "home": "india",
        "language": "de",
    }
)


@command(example="stop")
def stop(session: Session, asked: Asked) -> Document:
    """Ask whether to be quiet for a while or to be forgotten."""
    locale = asked.locale
    choices = (
        Action(text("pause", locale), command="pause"),
        Action(text("erase", locale), command="forget yes"),
    )
    return Document((line("stop-ask", locale),), choices)


@command(example="pause")
def pause(session: Session, asked: Asked) -> Document:
    """Keep jobs back until resume."""
    subscriptions.pause(session, asked.chat, asked.now)
    return replace(said("paused", asked.locale), replaces=True)


@command(example="resume")
def resume(session: Session, asked: Asked) -> Document:
    """Let jobs come again; what was kept comes in one message."""
    held = subscriptions.resume(session, asked.chat, asked.now)
    return said("resumed-held", asked.locale, count=held) if held else said("resumed", asked.locale)
