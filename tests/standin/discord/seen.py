"""A message as it looked to who read it: its words, buttons, menus, links and files."""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.standin.discord.rules import (
    BUTTON,
    EPHEMERAL,
    FILE,
    GALLERY,
    LINK,
    SELECTS,
    TEXT,
    THUMBNAIL,
    is_v2,
    walk,
)
from tests.standin.discord.spec import Json

if TYPE_CHECKING:
    from tests.standin.discord.world import Channel


@dataclass(frozen=True, slots=True)
class Seen:
    """One message at one moment."""

    raw: Json
    channel: "Channel"
    uploads: dict[str, bytes] = field(default_factory=dict, repr=False)
    is_edit: bool = False

    @property
    def id(self) -> int:
        return int(self.raw["id"])

    @property
    def text(self) -> str:
        """All words in the order one reads them, a line for each part; labels of buttons and menus are not in it."""
        parts = [self.raw.get("content", "")]
        for embed in self.raw.get("embeds", ()):
            parts += [(embed.get("author") or {}).get("name"), embed.get("title"), embed.get("description")]
            for one in embed.get("fields") or ():
                parts += [one["name"], one["value"]]
            parts.append((embed.get("footer") or {}).get("text"))
        parts += [one["content"] for one in self.parts if one["type"] == TEXT]
        return "\n".join(part for part in parts if part)

    @property
    def components(self) -> list[Json]:
        components: list[Json] = self.raw.get("components", [])
        return components

    @property
    def parts(self) -> list[Json]:
        """Every component, however deep, in order."""
        return [one for _, one in walk(self.components)]

    @property
    def accent(self) -> int | None:
        """The colour of the container, or of the embed."""
        for one in [*self.components, *self.raw.get("embeds", ())]:
            if (colour := one.get("accent_color", one.get("color"))) is not None:
                return int(colour)
        return None

    @property
    def buttons(self) -> list[str]:
        return [one.get("label") or one["emoji"]["name"] for one in self.parts if one["type"] == BUTTON]

    @property
    def selects(self) -> list[Json]:
        return [one for one in self.parts if one["type"] in SELECTS]

    @property
    def options(self) -> list[str]:
        """The labels in all select menus."""
        return [option["label"] for one in self.selects for option in one.get("options", ())]

    @property
    def links(self) -> list[tuple[str, str]]:
        """What one can follow, each as what one reads and where it leads: in the text first, then by button."""
        titles = [
            (embed.get("title", ""), embed["url"]) for embed in self.raw.get("embeds", ()) if embed.get("url")
        ]
        masked = re.findall(r"\[((?:\\.|[^\]\\])*)\]\(<?(https?://[^\s)>]+)>?\)", self.text)
        pressed = [(one.get("label", ""), one["url"]) for one in self.parts if one.get("style") == LINK]
        return titles + masked + pressed

    @property
    def files(self) -> dict[str, bytes]:
        """The files one sees; with Components V2 only those that a component shows."""
        if not is_v2(self.raw):
            return self.uploads
        shown = {
            media["url"].rsplit("/", 1)[-1]
            for one in self.parts
            for media in _media(one)
            if "attachment_id" in media
        }
        return {name: content for name, content in self.uploads.items() if name in shown}

    @property
    def is_ephemeral(self) -> bool:
        return bool(self.raw.get("flags", 0) & EPHEMERAL)

    def button(self, label: str) -> Json:
        """Return the one button whose label is, or else contains, `label`."""
        buttons = [
            (one.get("label") or one["emoji"]["name"], one) for one in self.parts if one["type"] == BUTTON
        ]
        found = [one for name, one in buttons if name == label] or [
            one for name, one in buttons if label in name
        ]
        assert len(found) == 1, f"{len(found)} buttons read {label!r} among {self.buttons}"
        return found[0]

    def url(self, label: str) -> str:
        return str(self.button(label)["url"])

    def custom_id(self, label: str) -> str:
        return str(self.button(label)["custom_id"])


def _media(one: Json) -> list[Json]:
    match one["type"]:
        case kind if kind == FILE:
            return [one["file"]]
        case kind if kind == THUMBNAIL:
            return [one["media"]]
        case kind if kind == GALLERY:
            return [item["media"] for item in one["items"]]
    return []
