"""One person on two platforms: what is shared, where jobs go, and taking an account out again."""

import json
import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlmodel import Session, SQLModel, col

from notifier.chat import markdown
from notifier.domain.document import Document, File
from notifier.services import housekeeping
from notifier.services.commands import Caller, answer
from notifier.services.deliver import Deliverer
from notifier.store.database import Database
from notifier.store.tables import Link, Person
from tests.conftest import Clock
from tests.road import FakeChat, Road, a_posting, postings

DEEP = "https://t.me/a_bot?start="


@pytest.fixture
async def road(db: Database, clock: Clock) -> Road:
    made = Road(db, clock)
    await made.add_list()
    await made.read(postings(1, 2))
    return made


def ask(db: Database, clock: Clock, line: str, platform: str = "fake", who: str = "ann") -> Document:
    deep = DEEP if platform == "telegram" else ""
    caller = Caller(platform=platform, address=who, user_id=who, now=clock.now, deep_link=deep)
    return db.call(answer, caller, line)


def says(db: Database, clock: Clock, line: str, platform: str = "fake", who: str = "ann") -> str:
    return markdown.render(ask(db, clock, line, platform, who))


def token(db: Database, clock: Clock, platform: str = "fake", who: str = "ann") -> str:
    found = re.search(r"/link token:([\w-]+)", says(db, clock, "/link", platform, who))
    assert found is not None
    return found[1]


def linked(db: Database, clock: Clock) -> None:
    """Link ann on one platform with ann on another."""
    assert "Linked" in says(db, clock, f"/link {token(db, clock)}", "telegram", "77")


class Both:
    """The two chats of a person who is linked, and what each was sent."""

    def __init__(self, road: Road) -> None:
        self.here, self.there = road.chat, FakeChat(name="telegram")
        chats = {chat.name: chat for chat in (self.here, self.there)}
        self._deliver = Deliverer(road.db, chats, road.clock).deliver

    async def told(self) -> tuple[int, int]:
        """Deliver what is due; return how many messages each chat had so far."""
        await self._deliver()
        return len(self.here.sent), len(self.there.sent)


def count(db: Database, table: type[SQLModel]) -> int:
    def rows(session: Session) -> int:
        return int(session.execute(select(func.count()).select_from(table)).scalar_one())

    return db.call(rows)


def test_a_token_comes_in_every_form_and_is_kept_as_a_hash(road: Road, db: Database, clock: Clock) -> None:
    document = ask(db, clock, "/link", "telegram", "77")

    shown = markdown.render(document)
    made = re.search(r"l_([A-Za-z0-9_-]{16,60})", document.actions[0].url)
    assert made is not None
    assert document.actions[0].url == f"{DEEP}l_{made[1]}"
    assert f"/link token:{made[1]}" in shown

    def hashes(session: Session) -> list[str]:
        return list(session.execute(select(col(Link.token_hash))).scalars())

    assert made[1] not in db.call(hashes)


def test_linked_accounts_share_subscriptions_and_marks(road: Road, db: Database, clock: Clock) -> None:
    says(db, clock, "/subscribe python")
    says(db, clock, "/save 1")
    says(db, clock, "/subscribe java", "telegram", "77")
    says(db, clock, "/save 2", "telegram", "77")

    linked(db, clock)

    for platform, who in (("fake", "ann"), ("telegram", "77")):
        listed = says(db, clock, "/subscriptions", platform, who)
        assert "1 python" in listed
        assert "2 java" in listed
        assert "2 saved" in says(db, clock, "/saved", platform, who)
    assert "java · at once and daily → Telegram" in says(db, clock, "/subscriptions")
    assert count(db, Person) == 1


def test_a_subscription_is_changed_from_either_account(road: Road, db: Database, clock: Clock) -> None:
    says(db, clock, "/subscribe python")
    linked(db, clock)

    says(db, clock, "/subscriptions rename 1 Mine", "telegram", "77")
    added = says(db, clock, "/subscribe java", "telegram", "77")
    says(db, clock, "/unsubscribe 1", "telegram", "77")

    assert "Subscription #2" in added.replace("\\", "").replace("\u2060", "")
    assert "Mine" not in says(db, clock, "/subscriptions")
    assert "java" in says(db, clock, "/subscriptions")


async def test_jobs_come_where_the_subscription_was_made_and_once(
    road: Road, db: Database, clock: Clock
) -> None:
    says(db, clock, "/subscribe python cadence:instant")
    says(db, clock, "/subscribe in:berlin cadence:instant", "telegram", "77")
    linked(db, clock)

    clock.forward(minutes=30)
    await road.read([*postings(1, 2), a_posting(3)])

    def pushes(session: Session) -> list[tuple[str, int]]:
        rows = session.connection().exec_driver_sql(
            "SELECT d.platform, x.job_id FROM delivery x JOIN destination d ON d.id = x.destination_id"
            " WHERE x.kind = 'push'"
        )
        return [tuple(row) for row in rows]  # type: ignore[misc]

    assert len(db.call(pushes)) == 1


async def test_a_subscription_can_be_brought_here(road: Road, db: Database, clock: Clock) -> None:
    says(db, clock, "/subscribe python cadence:instant", "telegram", "77")
    linked(db, clock)

    says(db, clock, "/subscriptions here 1")
    clock.forward(minutes=30)
    await road.read([*postings(1, 2), a_posting(3)])
    told = await road.deliver()

    assert len(told) == 1
    assert "Telegram" not in says(db, clock, "/subscriptions")


def test_a_token_is_good_once_and_for_a_quarter_of_an_hour(road: Road, db: Database, clock: Clock) -> None:
    made, late = token(db, clock), token(db, clock)
    says(db, clock, f"/start l_{made}", "telegram", "77")

    again = says(db, clock, f"/link {made}", "telegram", "78")
    clock.forward(minutes=16)

    refused = "That link has been used, is too old or is not known."
    assert refused in again
    assert refused in says(db, clock, f"/link {late}", "telegram", "78")
    assert refused in says(db, clock, "/link nonsense", "telegram", "78")
    db.call(housekeeping.purge, clock.now, timedelta(days=180))
    assert count(db, Link) == 0


def test_ones_own_token_is_refused_and_stays_good(road: Road, db: Database, clock: Clock) -> None:
    made = token(db, clock)

    own = says(db, clock, f"/link {made}")

    assert "has been used" in own
    assert "Linked" in says(db, clock, f"/link {made}", "telegram", "77")


def test_of_two_who_redeem_a_token_at_once_one_is_linked(road: Road, db: Database, clock: Clock) -> None:
    made = token(db, clock)
    said: list[str] = []
    for who in ("77", "78"):
        says(db, clock, "/help", "telegram", who)
        says(db, clock, "/subscriptions", "telegram", who)
    both = [
        threading.Thread(
            target=lambda who=who: said.append(says(db, clock, f"/link {made}", "telegram", who))
        )
        for who in ("77", "78")
    ]
    for one in both:
        one.start()
    for one in both:
        one.join()

    assert sorted("Linked" in it for it in said) == [False, True]
    assert count(db, Person) == 2


def test_an_account_can_be_taken_out_again(road: Road, db: Database, clock: Clock) -> None:
    says(db, clock, "/subscribe python")
    says(db, clock, "/subscribe java", "telegram", "77")
    says(db, clock, "/save 1")
    linked(db, clock)

    says(db, clock, "/link off", "telegram", "77")

    assert "python" not in says(db, clock, "/subscriptions", "telegram", "77")
    assert "java" not in says(db, clock, "/subscriptions")
    assert "1 saved" in says(db, clock, "/saved", "telegram", "77")
    assert "linked with no other" in says(db, clock, "/link off", "telegram", "77")


def test_export_and_forget_cover_both_accounts(road: Road, db: Database, clock: Clock) -> None:
    says(db, clock, "/subscribe python")
    says(db, clock, "/subscribe java", "telegram", "77")
    linked(db, clock)
    token(db, clock)

    file = ask(db, clock, "/export", "telegram", "77").file
    assert isinstance(file, File)
    assert isinstance(file.content, bytes)
    kept: dict[str, Any] = json.loads(file.content)
    says(db, clock, "/forget yes", "telegram", "77")

    assert {row["platform"] for row in kept["account"]} == {"fake", "telegram"}
    assert {row["name"] for row in kept["subscription"]} == {"python", "java"}
    assert count(db, Person) == 0
    assert count(db, Link) == 0


async def test_what_waits_for_a_digest_comes_along_with_the_subscription(
    road: Road, db: Database, clock: Clock
) -> None:
    says(db, clock, "/subscribe python cadence:daily", "telegram", "77")
    linked(db, clock)
    clock.forward(minutes=30)
    await road.read([*postings(1, 2), a_posting(3)])

    says(db, clock, "/subscriptions here 1")
    clock.forward(hours=25)
    both = Both(road)

    assert await both.told() == (1, 0)
    assert "Python developer 3" in both.here.texts()[0]


async def test_what_waits_to_be_pushed_comes_along_too_and_once(
    road: Road, db: Database, clock: Clock
) -> None:
    says(db, clock, "/subscribe python cadence:instant", "telegram", "77")
    linked(db, clock)
    clock.forward(minutes=30)
    await road.read([*postings(1, 2), a_posting(3)])

    says(db, clock, "/subscriptions here 1")
    both = Both(road)

    assert await both.told() == (1, 0)
    says(db, clock, "/subscriptions here 1", "telegram", "77")
    assert await both.told() == (1, 0)


@pytest.mark.parametrize(
    "change", ["/settings cadence both", "/settings quiet 22:00-07:00", "/pause", "/resume"]
)
async def test_a_job_pushed_in_one_chat_is_not_pushed_in_the_other_after_a_setting_changed(
    road: Road, db: Database, clock: Clock, change: str
) -> None:
    says(db, clock, "/subscribe python cadence:instant")
    says(db, clock, "/subscribe in:berlin cadence:instant", "telegram", "77")
    linked(db, clock)
    both = Both(road)
    clock.forward(minutes=30)
    await road.read([*postings(1, 2), a_posting(3)])
    assert sum(await both.told()) == 1

    for platform, who in (("fake", "ann"), ("telegram", "77")):
        says(db, clock, change, platform, who)
        says(db, clock, "/subscriptions pause 1", platform, who)
        says(db, clock, "/subscriptions resume 1", platform, who)
        says(db, clock, "/resume", platform, who)
    clock.forward(minutes=30)

    assert sum(await both.told()) == 1


async def test_a_job_that_each_account_was_owed_before_they_were_linked_is_pushed_once(
    road: Road, db: Database, clock: Clock
) -> None:
    says(db, clock, "/subscribe python cadence:instant")
    says(db, clock, "/subscribe python cadence:instant", "telegram", "77")
    clock.forward(minutes=30)
    await road.read([*postings(1, 2), a_posting(3)])
    await road.deliver()  # one of them was told already

    linked(db, clock)

    assert sum(await Both(road).told()) == 1


def test_numbers_stay_one_persons_own_however_many_accounts_are_linked(
    road: Road, db: Database, clock: Clock
) -> None:
    chats = [("fake", "ann"), ("telegram", "77"), ("discord", "9")]
    for platform, who in chats:
        for wish in ("python", "java", "go"):
            says(db, clock, f"/subscribe {wish}", platform, who)
        says(db, clock, "/unsubscribe 3", platform, who)
    for platform, who in chats[1:]:
        assert "Linked" in says(db, clock, f"/link {token(db, clock)}", platform, who)
    for platform, who in chats:
        says(db, clock, "/subscribe rust", platform, who)

    listed = says(db, clock, "/subscriptions").replace("\\", "").replace("\u2060", "")
    numbers = re.findall(r"^[-*\s]*(?:\*\*)?#(\d+)", listed, re.MULTILINE)

    assert len(numbers) == len(set(numbers)) == 9
    for number in numbers:
        assert "no subscription" not in says(db, clock, f"/subscriptions pause {number}")


def test_who_was_taken_out_cannot_come_back_by_a_token_of_before(
    road: Road, db: Database, clock: Clock
) -> None:
    linked(db, clock)
    kept = token(db, clock), token(db, clock, "telegram", "77")

    says(db, clock, "/link off", "telegram", "77")

    for made in kept:
        assert "has been used" in says(db, clock, f"/link {made}", "telegram", "77")
        assert "has been used" in says(db, clock, f"/link {made}")
