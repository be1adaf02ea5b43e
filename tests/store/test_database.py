"""The database: one way to a transaction, migrations, one owner, many writers."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import inspect, select, text
from sqlmodel import Session, SQLModel

from notifier.errors import DatabaseInUse, OperatorError, SchemaTooNew
from notifier.services.messages import statistics
from notifier.store import sources, subscriptions, tables
from notifier.store.database import Database, opened
from notifier.store.tables import State
from tests.conftest import Clock


def test_migrations_make_the_tables_that_the_code_declares(database_url: str) -> None:
    with opened(database_url) as db, db._writer.connect() as connection:
        found = inspect(connection)
        made = {
            name: {column["name"] for column in found.get_columns(name)}
            for name in found.get_table_names()
            if name != "alembic_version"
        }

    declared = {table.name: set(table.columns.keys()) for table in SQLModel.metadata.sorted_tables}
    assert made == declared
    assert tables.Job.__tablename__ in made


def test_rows_of_the_second_release_s_schema_are_kept_by_the_third(database_url: str) -> None:
    db = Database(database_url)
    with db._writer.begin() as connection:
        config = db._alembic()
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.execute(
            text(
                "INSERT INTO destination (platform, address, thread, kind, takes_pushes, takes_digests, locale,"
                " silent, mention, zone, digest_weekday, cadence, last_heard_at, next_number, created_at)"
                " VALUES ('fake', 'ann', '', 'private', true, true, 'en', false, '', 'UTC', 0, 'both',"
                " '2026-03-02 12:00:00', 1, '2026-03-02 12:00:00')"
            )
        )

    db.migrate()

    (row,) = db.call(lambda session: session.execute(select(tables.Destination)).scalars().all())
    db.close()
    assert (row.address, row.title, row.rich) == ("ann", "", False)
    assert (row.keeper_id, row.trouble, row.trouble_reason) == (None, None, None)


def test_a_list_that_fails_has_failed_since_it_was_first_suspect(database_url: str) -> None:
    db = Database(database_url)
    with db._writer.begin() as connection:
        config = db._alembic()
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        for name, failures, suspect in (("down", 3, "no answer"), ("empty", 0, "the list is empty")):
            connection.execute(
                text(
                    "INSERT INTO source (name, kind, url, complete, republish, attribution, home_url, etag,"
                    " last_modified, rows_hash, reader_version, first_reading_done, next_fetch_at, failures,"
                    " usual_rows, suspect, suspect_since, added_at)"
                    " VALUES (:name, 'readme_table', 'file', false, false, '', '', '', '', '', 1, true,"
                    " '2026-03-02 12:00:00', :failures, '[50]', :suspect, '2026-03-01 12:00:00',"
                    " '2026-01-01 12:00:00')"
                ),
                {"name": name, "failures": failures, "suspect": suspect},
            )

    db.migrate()

    rows = db.call(lambda session: session.execute(select(tables.Source)).scalars().all())
    db.close()
    since = {row.name: row.failing_since for row in rows}
    assert since == {"down": datetime(2026, 3, 1, 12, tzinfo=UTC), "empty": None}
    assert [(row.usual_rows, row.usual_columns, row.unread, row.lost_told_at) for row in rows] == [
        ([50], [], 0, None)
    ] * 2


def test_indices_are_those_that_the_code_declares(database_url: str) -> None:
    with opened(database_url) as db, db._writer.connect() as connection:
        found = inspect(connection)
        for table in SQLModel.metadata.sorted_tables:
            made = {index["name"] for index in found.get_indexes(table.name)}
            assert {index.name for index in table.indexes} <= made
        keeper = [key for key in found.get_foreign_keys("destination") if key["referred_table"] == "person"]
    assert sorted(key["constrained_columns"] for key in keeper) == [["keeper_id"], ["person_id"]]


def test_a_second_migration_has_nothing_to_do(database_url: str) -> None:
    db = Database(database_url)

    assert db.migrate() is True
    assert db.migrate() is False
    db.close()


def test_without_leave_an_older_schema_is_refused(database_url: str) -> None:
    with pytest.raises(OperatorError, match="notifier migrate"), opened(database_url, migrate=False):
        pass


def test_a_schema_from_a_newer_notifier_is_refused(database_url: str) -> None:
    with opened(database_url) as db:
        db.call(lambda session: session.execute(text("UPDATE alembic_version SET version_num = '9999'")))

    with pytest.raises(SchemaTooNew, match="9999"), opened(database_url):
        pass


def test_a_migration_killed_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path}/x.db")
    with pytest.raises(RuntimeError, match="killed"), db._writer.begin() as connection:
        connection.execute(text("CREATE TABLE _alembic_tmp_job (n INTEGER)"))
        raise RuntimeError("killed")

    assert db.migrate() is True
    db.close()


def test_an_exception_rolls_everything_back(db: Database) -> None:
    def fails(session: Session) -> None:
        session.add(State(key="x", value="1"))
        session.flush()
        raise ValueError("no")

    with pytest.raises(ValueError):
        db.call(fails)

    assert db.call(lambda session: session.get(State, "x")) is None


def test_a_second_owner_is_refused_and_the_lock_dies_with_its_process(database_url: str) -> None:
    script = (
        "import sys, time\nfrom notifier.store.database import Database\n"
        "db = Database(sys.argv[1]); db.own(); print('mine', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", script, database_url], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"mine\n"
    db = Database(database_url)

    with pytest.raises(DatabaseInUse, match="another notifier"):
        db.own()
    process.kill()
    process.wait()
    process.stdout.close()

    for _ in range(50):
        try:
            db.own()
            break
        except DatabaseInUse:  # PostgreSQL needs a moment to see that its client is gone
            time.sleep(0.1)
    else:
        pytest.fail("the lock outlived its process")
    db.close()


def test_a_missing_folder_is_named() -> None:
    with pytest.raises(OperatorError, match="does not exist"):
        Database("sqlite:////no/such/folder/notifier.db")


def hammer(url: str, seconds: float) -> list[str]:
    """Let eight writers, a digest and a reader work on one SQLite file; return what went wrong."""
    wrong: list[str] = []
    until = time.monotonic() + seconds
    now = datetime(2026, 3, 2, tzinfo=UTC)

    def write(number: int) -> None:
        db = Database(url)
        step = 0
        while time.monotonic() < until:
            step += 1
            try:
                db.call(_read_and_write, f"writer-{number}", step)
            except sqlite3.Error as error:
                wrong.append(repr(error))
            except Exception as error:
                wrong.append(repr(error))
        db.close()

    def read() -> None:
        async def reading() -> None:
            db = Database(url)
            while time.monotonic() < until:
                await db.read(statistics, now)
                await db.read(subscriptions.wishes)
            db.close()

        try:
            asyncio.run(reading())
        except Exception as error:
            wrong.append(repr(error))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    threads += [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def _read_and_write(session: Session, key: str, step: int) -> None:
    row = session.get(State, key)
    session.merge(State(key=key, value=str(int(row.value) + 1 if row else step)))


def test_eight_writers_and_readers_never_find_it_locked(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/x.db") as db:
        db.migrate()

    assert hammer(f"sqlite:///{tmp_path}/x.db", 3) == []


@pytest.mark.long
def test_eight_writers_and_readers_never_find_it_locked_for_a_minute(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/x.db") as db:
        db.migrate()

    assert hammer(f"sqlite:///{tmp_path}/x.db", 60) == []


def test_a_source_waits_longer_after_each_failure(db: Database, clock: Clock) -> None:
    source = db.call(sources.add, clock.now, name="x", kind="readme_table", url="x")
    waits = []

    for _ in range(12):
        db.call(sources.failed, source.id, "no answer", clock.now)
        (row,) = db.call(sources.every)
        waits.append((row.next_fetch_at - clock.now).total_seconds())

    assert waits[:3] == [60, 120, 240]
    assert max(waits) == 6 * 3_600
