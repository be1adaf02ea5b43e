"""How the outbox finds what is due."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlmodel import Session

from notifier.store import outbox
from notifier.store.database import Database

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
