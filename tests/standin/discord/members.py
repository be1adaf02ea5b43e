"""What many tests let people on Discord do, or look for afterwards."""

from bisect import bisect_left
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from notifier.chat import DISCORD
from notifier.chat.discord.api import MOST_A_SECOND, PER_SECOND
from notifier.cli.app import utc_now
from notifier.domain import query
from notifier.domain.cadence import Cadence
from notifier.store import subscriptions
from notifier.store.database import Database
from notifier.store.tables import DestinationKind
from tests.standin.discord.person import Person
from tests.standin.discord.server import Discord
from tests.standin.discord.world import FORUM, Channel, Guild
from tests.standin.running import Notifier, a_row, discord_environment

WRITING = ("create_message", "create_thread", "update_message", "execute_webhook")


def many(server: Discord, guild: Guild, count: int) -> list[Person | Channel]:
    """Return so many chats: one in ten is a person, the others are channels."""
    people = [server.user(f"Person {number}") for number in range(count // 10)]
    guild.join(*people)
    return [*people, *(guild.text(f"jobs-{number}") for number in range(count - len(people)))]


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


def set_up(home: Path, server: Discord, chats: Sequence[Person | Channel], **settings: str) -> Notifier:
    """Return a notifier that is not started yet, and of which these chats want Python at once."""
    made = Notifier(home, discord_environment(server, **settings))
    made.publishes([a_row(1)])
    made.adds_its_list(read=True)
    with closing(Database(f"sqlite:///{home}/notifier.db")) as db:
        db.call(subscribe, chats, utc_now())
    return made


def heard(chat: Person | Channel, words: str) -> int:
    """Return how many messages with these words stand in a chat; of a forum, in its posts."""
    if isinstance(chat, Channel) and chat.type == FORUM:
        return sum(heard(thread, words) for thread in chat.threads)
    here = chat if isinstance(chat, Channel) else chat.dm
    return sum(words in text for text in here.texts())


def budget_of(server: Discord, *, since: float = 0.0) -> tuple[float, int]:
    """Return how many calls a second were made, first tries and others alike, and how many in the busiest second."""
    at = sorted(
        call.at for call in server.calls if call.name != "create_interaction_response" and call.at >= since
    )
    busiest = max(bisect_left(at, begun + 1) - first for first, begun in enumerate(at))
    rate = (len(at) - 1) / (at[-1] - at[0])
    assert rate <= PER_SECOND + 1
    assert busiest <= MOST_A_SECOND
    return rate, busiest
