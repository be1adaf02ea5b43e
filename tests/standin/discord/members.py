"""What many tests let people on Discord do, or look for afterwards."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from notifier.chat import DISCORD
from notifier.domain import query
from notifier.domain.cadence import Cadence
from notifier.store import subscriptions
from notifier.store.tables import DestinationKind
from tests.standin.discord.person import Person
from tests.standin.discord.server import Discord
from tests.standin.discord.world import FORUM, Channel

WRITING = ("create_message", "create_thread", "update_message", "execute_webhook")


def subscribe(session: Session, chats: Sequence[Person | Channel], now: datetime) -> None:
    """Subscribe these to Python, at once."""
    for chat in chats:
        is_person = isinstance(chat, Person)
        kind = DestinationKind.PRIVATE if is_person else DestinationKind.CHANNEL
        row = subscriptions.open_destination(session, DISCORD, str(chat.id), now, kind=kind)
        if isinstance(chat, Channel) and chat.type == FORUM:
            row.form = "forum"
        subscriptions.subscribe(session, row, query.parse("python").wish, now, cadence=Cadence.INSTANT)


def pings_nobody(server: Discord, *, roles: Sequence[str] = ()) -> bool:
    """Say whether each message that was asked for says itself that it pings nobody (or these roles only)."""
    asked = [call for call in server.calls if call.name in WRITING]
    allowed = [call.data.get("message", call.data).get("allowed_mentions") for call in asked]
    return all(
        it is not None
        and it["parse"] == []
        and not it.get("users")
        and set(it.get("roles", ())) <= set(roles)
        for it in allowed
    )
