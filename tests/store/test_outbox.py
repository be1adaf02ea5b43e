"""How the outbox finds what is due, and what was sent."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlmodel import Session

from notifier.store import outbox, subscriptions
from notifier.store.database import Database
from notifier.store.tables import Delivery
from tests.conftest import Clock
from tests.road import Road, postings

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_a_claim_reads_what_is_due_in_its_order_and_no_history(tmp_path: Path) -> None:
    """However long the backlog and the history, a claim walks them by time from their beginning."""
    db = Database(f"sqlite:///{tmp_path}/x.db")
    db.migrate()
    asked: list[tuple[str, Any]] = []
    event.listen(
        db._writer,
        "before_cursor_execute",
        lambda connection, cursor, statement, values, *rest: asked.append((statement, values)),
    )

    db.call(outbox.claim, "fake", NOW)

    claimed = [(statement, values) for statement, values in asked if "delivery" in statement]
    plans = [db.call(_plan, statement, values) for statement, values in claimed]
    db.close()
    assert len(plans) == 4
    assert not any(step.startswith(("SCAN delivery", "SCAN digestrun")) for plan in plans for step in plan)
    assert plans[0][0].startswith("SEARCH delivery USING INDEX ix_delivery_due")
    assert plans[1][0].startswith("SEARCH delivery USING INDEX ix_delivery_leased")
    assert not any("ORDER BY" in step for plan in plans[:2] for step in plan)  # nothing is sorted


def _plan(session: Session, statement: str, values: Any) -> list[str]:
    """Return the steps by which SQLite would answer."""
    rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
    return [str(row[3]) for row in rows]


async def test_a_message_is_found_by_its_reference_in_its_own_chat_only(db: Database, clock: Clock) -> None:
    road = Road(db, clock)
    await road.add_list()
    await road.subscribed("python")
    await road.subscribed("python", to="ben")
    await road.read(postings(1))
    await road.read(postings(*range(1, 7)))
    await road.deliver()

    def shown(to: str, reference: str) -> list[tuple[int, list[dict[str, Any]]]]:
        def read(session: Session) -> list[tuple[int, list[dict[str, Any]]]]:
            chat = subscriptions.destination_at(session, "fake", to)
            assert chat is not None
            return outbox.by_reference(session, chat, reference)

        return db.call(read)

    reference = db.call(_first_reference)
    assert [job for job, _ in shown("ann", reference)] == [2, 3, 4, 5, 6]
    assert shown("ann", reference)[0][1][0]["name"] == "python"
    assert shown("ben", reference) == []
    assert shown("ann", "unknown") == []


def _first_reference(session: Session) -> str:
    row = session.get(Delivery, 1)
    assert row is not None and row.reference is not None
    return row.reference


def test_a_reference_is_looked_up_and_not_searched_for(tmp_path: Path) -> None:
    """Somebody answers one of many messages that were ever sent."""
    db = Database(f"sqlite:///{tmp_path}/x.db")
    db.migrate()
    asked: list[tuple[str, Any]] = []
    event.listen(
        db._writer,
        "before_cursor_execute",
        lambda connection, cursor, statement, values, *rest: asked.append((statement, values)),
    )

    chat = db.call(subscriptions.open_destination, "fake", "ann", NOW)
    asked.clear()
    db.call(outbox.by_reference, chat, "ann/1")

    ((statement, values),) = [call for call in asked if "delivery" in call[0]]
    plan = db.call(_plan, statement, values)
    db.close()
    assert plan[0].startswith("SEARCH delivery USING INDEX ix_delivery_reference")
