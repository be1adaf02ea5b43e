"""Who may do what where: Discord's permission bits, roles and overwrites, as the server computes them."""

from collections.abc import Iterable
from dataclasses import dataclass

BITS = {
    "create_instant_invite": 0,
    "kick_members": 1,
    "ban_members": 2,
    "administrator": 3,
    "manage_channels": 4,
    "manage_guild": 5,
    "add_reactions": 6,
    "view_channel": 10,
    "send_messages": 11,
    "manage_messages": 13,
    "embed_links": 14,
    "attach_files": 15,
    "read_message_history": 16,
    "mention_everyone": 17,
    "use_external_emojis": 18,
    "manage_roles": 28,
    "manage_webhooks": 29,
    "use_application_commands": 31,
    "manage_threads": 34,
    "create_public_threads": 35,
    "create_private_threads": 36,
    "send_messages_in_threads": 38,
    "use_external_apps": 50,
    "pin_messages": 51,
}
EVERYTHING = (1 << 53) - 1

# What Discord gives to @everyone in a new server, but for Mention Everyone: many servers take that away, and
# with it no role would be unmentionable.
USUAL = """
    create_instant_invite add_reactions view_channel send_messages embed_links attach_files read_message_history
    use_external_emojis use_application_commands create_public_threads create_private_threads
    send_messages_in_threads use_external_apps
""".split()


def bits(names: Iterable[str]) -> int:
    """Return the permissions of these names as a number."""
    value = 0
    for name in names:
        value |= 1 << BITS[name]
    return value


@dataclass(slots=True)
class Overwrite:
    """What a channel allows and denies to one role or member."""

    id: int
    is_member: bool
    allow: int = 0
    deny: int = 0

    @property
    def json(self) -> dict[str, str | int]:
        kind = 1 if self.is_member else 0
        return {"id": str(self.id), "type": kind, "allow": str(self.allow), "deny": str(self.deny)}


def base(everyone: int, roles: Iterable[int], is_owner: bool) -> int:
    """Return what a member may in the whole server."""
    if is_owner:
        return EVERYTHING
    value = everyone
    for role in roles:
        value |= role
    return EVERYTHING if value >> BITS["administrator"] & 1 else value


def overwritten(value: int, overwrites: dict[int, Overwrite], everyone: int, roles: set[int], me: int) -> int:
    """Return what is left of a member's base permissions in one channel, given the ids that apply."""
    if value == EVERYTHING:
        return value
    if everyone in overwrites:
        value = value & ~overwrites[everyone].deny | overwrites[everyone].allow
    mine = [one for key, one in overwrites.items() if key in roles and key != everyone]
    allow = deny = 0
    for one in mine:
        allow |= one.allow
        deny |= one.deny
    value = value & ~deny | allow
    if me in overwrites:
        value = value & ~overwrites[me].deny | overwrites[me].allow
    # Without View Channel nothing else counts there.
    return value if value >> BITS["view_channel"] & 1 else 0
