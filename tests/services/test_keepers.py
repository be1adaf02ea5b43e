"""Who set up a shared chat hears once that it is lost, in their own chat and language."""

import logging
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import Session

from notifier.domain.ports import Barred, Denied, Gone, Moved, Sent
from notifier.services.keepers import Keepers
from notifier.services.operators import TRY_AGAIN
from notifier.store import persons, subscriptions
from notifier.store.database import Database
from notifier.store.tables import Destination, DestinationKind, Trouble
from tests.conftest import Clock
from tests.road import FakeChat, Road, postings


class Group:
    """A group with a feed that Ann has set up, and Ann's own chat."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self.db = db
        self.clock = clock
        self.road = Road(db, clock)
        self.chat = self.road.chat
        self.keepers = Keepers(db, {"fake": self.chat})

    async def set_up(self, *, title: str = "Pythonistas", locale: str = "en") -> None:
        await self.road.add_list()
        await self.road.subscribed("python", to="-7", kind=DestinationKind.GROUP)

        def keep(session: Session) -> None:
            ann = subscriptions.open_destination(
                session, "fake", "dm-ann", self.clock.now, user_id="ann", locale=locale
            )
            group = subscriptions.destination_at(session, "fake", "-7")
            assert group is not None
            group.keeper_id, group.title = ann.person_id, title

        self.db.call(keep)
        await self.road.read(postings(1))

    async def told(self) -> list[tuple[str, str]]:
        """Let a tick look, and return to whom it said what."""
        before = len(self.chat.sent)
        await self.keepers.tell(self.clock.now)
        return [(to, text.replace("\u2060", "")) for to, text in self.chat.sent[before:]]

    def trouble(self) -> tuple[str | None, str | None]:
        def read(session: Session) -> tuple[str | None, str | None]:
            group = session.get(Destination, 1)
            assert group is not None
            return group.trouble, group.trouble_reason

        return self.db.call(read)


@pytest.fixture
async def group(db: Database, clock: Clock) -> Group:
    made = Group(db, clock)
    await made.set_up()
    return made


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (Gone("the group was deleted"), "I can write to Pythonistas no longer: the group was deleted."),
        (Barred("not enough rights"), "I may not write to Pythonistas: not enough rights."),
        (Moved("-7", "", "TOPIC_CLOSED"), "The topic in Pythonistas that you chose cannot be written to"),
    ],
)
async def test_a_keeper_is_told_once_what_a_platform_answered(
    group: Group, outcome: Gone | Barred | Moved, says: str
) -> None:
    if isinstance(outcome, Moved):
        await group.road.on_chat(lambda session, chat: setattr(chat, "thread", "5"), "-7")
    await group.road.read(postings(1, 2))
    group.chat.will_answer(outcome)
    await group.road.deliver()

    ((to, text),) = await group.told()

    assert to == "dm-ann"
    assert says in text
    assert await group.told() == []
    group.clock.forward(hours=1)
    assert await group.told() == []


async def test_a_keeper_is_told_in_their_own_language(db: Database, clock: Clock) -> None:
    group = Group(db, clock)
    await group.set_up(locale="de-AT")
    db.call(subscriptions.left, "fake", "-7", "kicked", clock.now)

    ((_, text),) = await group.told()

    assert "In Pythonistas kann ich nicht mehr schreiben: kicked" in text


async def test_a_chat_without_a_title_is_called_by_its_address(db: Database, clock: Clock) -> None:
    group = Group(db, clock)
    await group.set_up(title="")
    db.call(subscriptions.left, "fake", "-7", "kicked", clock.now)

    ((_, text),) = await group.told()

    assert "write to -7 no longer" in text


async def test_what_a_title_or_a_reason_says_cannot_be_pressed_and_is_no_secret(
    db: Database, clock: Clock
) -> None:
    token = "123456789:AAmadeUpTokenOfThirtyFiveLetters_xyz"
    group = Group(db, clock)
    await group.set_up(title="@everyone t.me/x")
    db.call(subscriptions.left, "fake", "-7", f"https://api.telegram.org/bot{token}/x: 403", clock.now)

    await group.keepers.tell(clock.now)

    (text,) = group.chat.texts()
    assert "@everyone" not in text and "t.me" not in text
    assert token not in text


async def test_a_keeper_who_was_not_reached_is_tried_again_after_a_while(
    group: Group, caplog: pytest.LogCaptureFixture
) -> None:
    group.db.call(subscriptions.left, "fake", "-7", "kicked", group.clock.now)
    group.chat.will_answer(ConnectionError("down"), Denied("401"))

    assert await group.told() == []
    group.clock.now += TRY_AGAIN - timedelta(seconds=1)
    assert await group.told() == []
    assert group.chat.tries == 1
    group.clock.forward(seconds=1)
    assert await group.told() == []
    assert group.chat.tries == 2
    assert group.trouble() == (Trouble.GONE, "kicked")
    group.clock.now += TRY_AGAIN
    assert len(await group.told()) == 1

    assert group.trouble() == (None, "kicked")
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert said == ["keeper not reached"] * 2


async def test_one_who_cannot_be_reached_holds_up_no_other(group: Group) -> None:
    await group.road.subscribed("python", to="-8", kind=DestinationKind.GROUP)

    def keep(session: Session) -> None:
        ben = subscriptions.open_destination(session, "fake", "dm-ben", group.clock.now, user_id="ben")
        (other,) = session.execute(select(Destination).where(Destination.address == "-8")).scalars()  # type: ignore[arg-type]
        other.keeper_id = ben.person_id

    group.db.call(keep)
    for address in ("-7", "-8"):
        group.db.call(subscriptions.left, "fake", address, "kicked", group.clock.now)
    group.chat.will_answer(RuntimeError("a bug"), Sent("1"))

    assert [to for to, _ in await group.told()] == ["dm-ben"]


async def test_who_has_no_keeper_or_a_keeper_without_a_chat_keeps_its_trouble(group: Group) -> None:
    group.db.call(subscriptions.left, "fake", "-7", "kicked", group.clock.now)
    group.db.call(subscriptions.left, "fake", "dm-ann", "blocked", group.clock.now)

    assert await group.told() == []
    group.db.call(subscriptions.returned, "fake", "dm-ann", group.clock.now)
    await group.road.on_chat(lambda session, chat: setattr(chat, "keeper_id", None), "-7")
    group.clock.now += TRY_AGAIN

    assert await group.told() == []
    assert group.trouble() == (Trouble.GONE, "kicked")


async def test_a_group_that_is_back_before_its_keeper_heard_is_no_news(group: Group) -> None:
    group.db.call(subscriptions.left, "fake", "-7", "kicked", group.clock.now)
    group.db.call(subscriptions.returned, "fake", "-7", group.clock.now)

    assert await group.told() == []


async def test_who_is_erased_keeps_nothing_and_the_group_stays(group: Group) -> None:
    def erase(session: Session) -> None:
        ann = persons.find(session, "fake", "ann")
        assert ann is not None
        assert all("-7" not in str(rows) for rows in persons.export(session, ann).values())
        persons.erase(session, ann)

    group.db.call(erase)

    (left,) = group.db.call(lambda session: session.execute(select(Destination)).scalars().all())
    assert (left.address, left.keeper_id) == ("-7", None)
    await group.road.read(postings(1, 2))
    assert len(await group.road.deliver()) == 1


async def test_a_platform_that_is_off_and_a_database_that_is_away_raise_nothing(
    group: Group, caplog: pytest.LogCaptureFixture
) -> None:
    group.db.call(subscriptions.left, "fake", "-7", "kicked", group.clock.now)
    off = Keepers(group.db, {"other": FakeChat("other")})

    await off.tell(group.clock.now)
    group.db.call(lambda session: session.connection().exec_driver_sql("DROP TABLE state"))
    group.db.call(lambda session: session.connection().exec_driver_sql("ALTER TABLE destination RENAME TO x"))
    await group.keepers.tell(group.clock.now)

    assert [record.getMessage() for record in caplog.records] == ["keepers not told"]
