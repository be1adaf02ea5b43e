"""Backup and restore: one file for both engines, whole or not at all."""

import json
import shutil
import stat
import subprocess
import sys
import textwrap
import threading
import time as clocks
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import URL, Table, UniqueConstraint, func, insert, select, text, update
from sqlmodel import Session, SQLModel

from notifier.errors import DatabaseInUse, OperatorError, SchemaTooNew
from notifier.store import backup, migrations
from notifier.store.database import Database
from notifier.store.tables import Job, Person, State
from tests import postgres
from tests.conftest import START, Clock
from tests.road import Road, postings
from tests.test_cli import notifier

ENGINES = ("sqlite", "postgresql")
EACH = 5  # rows that a filled table has
TABLES = SQLModel.metadata.sorted_tables
# A case is several databases long: to make a failing one smaller takes minutes.
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)

Make = Callable[..., Database]


@pytest.fixture
def make(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> Iterator[Make]:
    """Return what makes databases: of this engine, migrated or (bare) without tables."""
    with ExitStack() as stack:

        def made(engine: str, *, bare: bool = False) -> Database:
            if engine == "sqlite":
                at = tmp_path / f"{len(list(tmp_path.iterdir()))}.db"
                if not bare:
                    shutil.copy(sqlite_template, at)
                url = f"sqlite:///{at}"
            else:
                server: URL = request.getfixturevalue("postgres_server")
                template = None if bare else request.getfixturevalue("postgres_template")
                fresh = stack.enter_context(postgres.database(server, template))
                url = fresh.render_as_string(hide_password=False)
            db = Database(url)
            stack.callback(db.close)
            return db

        yield made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.zip"


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """A backup of filled tables."""
    folder = tmp_path_factory.mktemp("once")
    db = Database(f"sqlite:///{shutil.copy(sqlite_template, folder / 'filled.db')}")
    fill(db)
    backup.write(db, folder / "store.zip", START)
    db.close()
    return folder / "store.zip"


@pytest.fixture
def saved(once: Path, file: Path) -> Path:
    """A backup of filled tables that a test may spoil; its owner and mode are the original's."""
    shutil.copy2(once, file)
    return file


def fill(db: Database) -> None:
    """Give every table rows, whatever its columns are; in every third row what may be missing is."""

    def run(session: Session) -> None:
        for table in TABLES:
            rows = [
                {column.name: a_value(column, number) for column in table.columns}
                for number in range(1, EACH + 1)
            ]
            session.execute(insert(table), rows)
            if not db.is_sqlite and "id" in table.columns:
                session.execute(text(f"SELECT setval('{table.name}_id_seq', {EACH})"))

    db.call(run)


def a_value(column: Any, number: int) -> object:
    if column.nullable and number % 3 == 0:
        return None
    kind = kind_of(column)
    if kind is object:
        return {"n": number, "words": ["a", "é", None, 1.5, True], "none": None}
    values: dict[type, object] = {
        int: number,
        bool: bool(number % 2),
        str: f'{column.name} {number} "é" \n☃',
        datetime: START + timedelta(days=number, microseconds=number),
        date: START.date() + timedelta(days=number),
        time: time(number, 30, 0, number),
    }
    return values[kind]


def kind_of(column: Any) -> type:
    """Return the type of its values; `object` for JSON."""
    kind: type = getattr(column.type, "impl", column.type).python_type
    return kind


def rows(db: Database) -> dict[str, list[tuple[object, ...]]]:
    """Return everything in the database."""

    def run(session: Session) -> dict[str, list[tuple[object, ...]]]:
        return {
            table.name: [
                tuple(row) for row in session.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in TABLES
        }

    return db.call(run)


def remember(db: Database, key: str) -> None:
    db.call(lambda session: session.add(State(key=key, value="1")))


@contextmanager
def untouched(db: Database) -> Iterator[None]:
    """Hold that the database is afterwards what it was before."""
    before = rows(db)
    yield
    assert rows(db) == before


# -- the four directions -------------------------------------------------------------------------


@pytest.mark.parametrize("to", ENGINES)
@pytest.mark.parametrize("of", ENGINES)
def test_what_was_backed_up_is_restored_row_by_row(make: Make, file: Path, of: str, to: str) -> None:
    """Every table the code declares is filled, backed up from one engine and restored into the other."""
    source, target = make(of), make(to, bare=True)
    fill(source)

    written = backup.write(source, file, START)
    read = backup.restore(target, file)

    assert rows(target) == rows(source)
    assert read == written
    assert written.rows == EACH * len(TABLES)
    assert target.is_current()


@pytest.mark.parametrize("to", ENGINES)
@pytest.mark.parametrize("of", ENGINES)
async def test_a_store_that_was_walked_goes_on_where_it_was(
    make: Make, file: Path, clock: Clock, of: str, to: str
) -> None:
    """Jobs announced before the move stay announced, the next ones get ids behind them and are sent."""
    road = Road(make(of), clock)
    await road.add_list()
    await road.subscribed("python")
    await road.read(postings(1))
    await road.deliver()
    await road.read(postings(1, 2))
    sent = await road.deliver()

    backup.write(road.db, file, clock())
    moved = Road(make(to), clock)
    backup.restore(moved.db, file, replace=True)

    assert rows(moved.db) == rows(road.db)
    assert await moved.deliver() == []
    clock.forward(hours=1)
    await moved.read(postings(1, 2, 3))
    assert "developer 2" in "".join(sent)
    assert "developer 3" in "".join(await moved.deliver())


def test_a_file_says_the_same_whichever_engine_wrote_it(make: Make, saved: Path, file: Path) -> None:
    """Nothing of an engine is in the file: checksums and all are equal."""
    moved = make("postgresql")
    backup.restore(moved, saved)

    again = backup.write(moved, file.with_name("again.zip"), START)

    assert again.rows > 0
    assert file.with_name("again.zip").read_bytes() == saved.read_bytes()


def test_ids_go_on_behind_the_highest(make: Make, saved: Path) -> None:
    """PostgreSQL's counters follow the rows, in every table that counts."""
    db = make("postgresql")
    backup.restore(db, saved)

    def add(session: Session, table: Table) -> object:
        row = {c.name: a_value(c, EACH + 1) for c in table.columns if c.name != "id"}
        return session.execute(insert(table).values(row).returning(table.c.id)).scalar_one()

    assert {db.call(add, table) for table in TABLES if "id" in table.columns} == {EACH + 1}


_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_moments = st.datetimes(timezones=st.just(UTC))
_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)
_odd: dict[type, st.SearchStrategy[object]] = {
    int: st.integers(-(2**31), 2**31 - 1),
    bool: st.booleans(),
    str: _texts,
    datetime: _moments,
    date: st.dates(),
    time: st.times(),
    object: _json,
}


def odd_rows(table: Table) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Return a few rows of a table that hangs on no other, with values of every kind at their limits."""
    values = {
        column.name: st.none()
        if column.foreign_keys
        else _odd[kind_of(column)] | (st.none() if column.nullable else st.nothing())
        for column in table.columns
    }
    unique = {c.name for c in table.columns if c.unique or c.primary_key}
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            unique |= set(constraint.columns.keys())

    def distinct(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for number, row in enumerate(found):
            for name in unique:
                row[name] = (
                    f"{row[name]}{number}" if isinstance(row[name], str) else row[name] // 8 * 8 + number
                )
        return found

    return st.lists(st.fixed_dictionaries(values), min_size=4, max_size=4).map(distinct)


def test_odd_texts_and_times_survive_both_engines(make: Make, file: Path) -> None:
    """Any text, JSON, year and microsecond goes through both engines and the file unchanged."""
    here, there, back = make("sqlite"), make("postgresql"), make("sqlite")
    alone = [table for table in TABLES if table.name in ("job", "source", "destination", "state")]

    @settings(max_examples=4, suppress_health_check=list(HealthCheck), phases=NO_SHRINKING)
    @given(st.fixed_dictionaries({table.name: odd_rows(table) for table in alone}))
    def check(values: dict[str, list[dict[str, Any]]]) -> None:
        def put(session: Session) -> None:
            for table in alone:
                session.execute(table.delete())
                session.execute(insert(table), values[table.name])

        here.call(put)
        backup.write(here, file, START, force=True)
        backup.restore(there, file, replace=True)
        backup.write(there, file, START, force=True)
        backup.restore(back, file, replace=True)

        assert rows(there) == rows(here)
        assert rows(back) == rows(here)

    check()


def test_what_the_other_engine_cannot_hold_is_refused_whole(make: Make, file: Path) -> None:
    """A zero byte is a text to SQLite and none to PostgreSQL: said, and the old state stands."""
    source, target = make("sqlite"), make("postgresql")
    remember(source, "a\0b")
    remember(target, "mine")

    backup.write(source, file, START)

    with untouched(target), pytest.raises(OperatorError, match=r"refused state: .*NUL.*nothing was changed"):
        backup.restore(target, file, replace=True)


# -- the file ------------------------------------------------------------------------------------


def test_anybody_can_open_the_file_and_only_its_owner(saved: Path) -> None:
    """It is a zip of JSON lines with a manifest, and holds addresses of people: mode 0600."""
    with zipfile.ZipFile(saved) as packed:
        manifest = json.loads(packed.read("manifest.json"))
        first = json.loads(packed.read("tables/person.jsonl").splitlines()[0])

    assert manifest["format"] == "notifier backup"
    assert manifest["created_at"] == "2026-03-02T12:00:00+00:00"
    assert {table["name"]: table["rows"] for table in manifest["tables"]} == {t.name: EACH for t in TABLES}
    assert first["created_at"] == "2026-03-03T12:00:00.000001+00:00"
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600


def test_a_file_that_exists_is_kept_unless_told(make: Make, saved: Path) -> None:
    """Only --force replaces it."""
    before = saved.read_bytes()
    empty = make("sqlite")

    with pytest.raises(OperatorError, match="--force"):
        backup.write(empty, saved, START)
    assert saved.read_bytes() == before

    backup.write(empty, saved, START, force=True)
    assert saved.read_bytes() != before


def test_a_backup_that_fails_leaves_no_file(db: Database, saved: Path) -> None:
    """What was there before stays, and nothing half is left beside it."""
    before = saved.read_bytes()
    fill(db)

    def fails(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup.write(db, saved, START, force=True, progress=fails)

    assert saved.read_bytes() == before
    assert not list(saved.parent.glob("*.part"))


def test_a_folder_that_is_missing_is_said(make: Make, tmp_path: Path) -> None:
    """The system's own words, with the path."""
    with pytest.raises(OperatorError, match=r"no/x.zip cannot be written: No such file"):
        backup.write(make("sqlite"), tmp_path / "no" / "x.zip", START)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_database_without_a_store_is_not_backed_up(make: Make, file: Path, engine: str) -> None:
    """A mistyped URL does not become an empty backup, nor an empty database."""
    db = make(engine, bare=True)

    with pytest.raises(OperatorError, match="NOTIFIER_DATABASE_URL"):
        backup.write(db, file, START)

    assert list(file.parent.iterdir()) == []


# -- while others work ---------------------------------------------------------------------------


def test_a_backup_shows_one_moment_while_others_write(db: Database, file: Path, make: Make) -> None:
    """What is written, changed and removed after its first row is not in it, and nobody waits."""
    fill(db)
    before = rows(db)
    other = Database(db.url.render_as_string(hide_password=False))
    writes = []

    def write(done: int, of: int) -> None:
        def run(session: Session) -> None:
            for table in reversed(TABLES):
                if table.name not in ("job", "person", "state"):
                    session.execute(table.delete())
            session.execute(update(Job).values(title="changed"))
            session.add(Person(zone="UTC", created_at=START))
            session.add(State(key=f"new {done}", value=""))

        other.call(run)
        writes.append(done)

    backup.write(db, file, START, progress=write)
    other.close()
    target = make("sqlite")
    backup.restore(target, file)

    assert rows(target) == before
    assert len(writes) == len(TABLES)
    assert rows(db) != before


def test_a_restore_beside_a_backup_is_not_in_it(db: Database, file: Path, saved: Path) -> None:
    """The tables that a backup has still to read cannot be emptied under it."""
    remember(db, "mine")
    db.call(lambda session: session.add(Person(zone="UTC", created_at=START)))
    before = rows(db)
    other = Database(db.url.render_as_string(hide_password=False))
    restoring = threading.Thread(target=backup.restore, args=(other, saved), kwargs={"replace": True})
    beside = file.with_name("beside.zip")

    def restore(done: int, of: int) -> None:
        if not restoring.ident:
            restoring.start()
            restoring.join(0.5)  # it may wait for the backup

    backup.write(db, beside, START, progress=restore)
    restoring.join()
    assert len(rows(db)["state"]) == EACH
    other.close()
    backup.restore(db, beside, replace=True)

    assert rows(db) == before


def test_progress_ends_at_all_rows(db: Database, file: Path) -> None:
    """Both ways say how many of how many."""
    fill(db)
    written: list[tuple[int, int]] = []
    read: list[tuple[int, int]] = []

    backup.write(db, file, START, progress=lambda *now: written.append(now))
    backup.restore(db, file, replace=True, progress=lambda *now: read.append(now))

    of = EACH * len(TABLES)
    assert written == read == [(done, of) for done in range(EACH, of + 1, EACH)]


def test_more_rows_than_are_held_at_once_arrive(make: Make, file: Path) -> None:
    """Chunks lose nothing at their borders."""
    source, target = make("sqlite"), make("postgresql")
    many = [{"key": f"{number:05}", "value": str(number)} for number in range(2_500)]
    source.call(lambda session: session.execute(insert(State), many))

    assert backup.write(source, file, START).rows == 2_500
    backup.restore(target, file)

    assert rows(target)["state"] == [tuple(row.values()) for row in many]


def test_a_database_in_use_is_not_restored(db: Database, saved: Path) -> None:
    """While `run` owns it, nothing is replaced, whatever was asked."""
    running = Database(db.url.render_as_string(hide_password=False))
    running.own()
    remember(running, "mine")

    with untouched(db), pytest.raises(DatabaseInUse, match="another notifier"):
        backup.restore(db, saved, replace=True)

    running.close()


def test_a_database_with_rows_is_not_restored_unless_told(db: Database, saved: Path) -> None:
    """Refused with the tables that hold something; with leave, all that was there is gone."""
    remember(db, "mine")

    with untouched(db), pytest.raises(OperatorError, match=r"holds rows already \(state\).*--replace"):
        backup.restore(db, saved)
    backup.restore(db, saved, replace=True)

    assert len(rows(db)["state"]) == EACH
    assert "mine" not in str(rows(db)["state"])


# -- killed in the middle ------------------------------------------------------------------------


def killed(function: str, db: Database, *arguments: str) -> None:
    """Kill -9 a process in the middle of backup.FUNCTION, when some rows are done and some are not."""
    script = """
        import sys, time
        from datetime import UTC, datetime
        from pathlib import Path
        from notifier.store import backup
        from notifier.store.database import Database

        def stop(done, of):
            if done > of / 2:
                print(done, of, flush=True)
                time.sleep(60)

        db, file, now = Database(sys.argv[1]), Path(sys.argv[2]), datetime.now(UTC)
    """
    url = db.url.render_as_string(hide_password=False)
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script) + function, url, *arguments],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    done, of = map(int, process.stdout.readline().split())
    process.kill()
    process.wait()
    process.stdout.close()
    assert 0 < done < of


def test_a_restore_that_is_killed_leaves_the_old_state(make: Make, db: Database, saved: Path) -> None:
    """After kill -9 the rows, the schema and the counters are the old ones, and it can be done again."""
    for key in ("a", "b"):
        remember(db, key)
    person = Person(zone="UTC", created_at=START)
    db.call(lambda session: session.add(person))
    before = rows(db)

    killed("backup.restore(db, file, replace=True, progress=stop)", db, str(saved))

    assert rows(db) == before
    assert db.is_current()
    newer = Person(zone="UTC", created_at=START)
    db.call(lambda session: session.add(newer))
    assert newer.id == person.id + 1
    _when_free(lambda: backup.restore(db, saved, replace=True))
    assert len(rows(db)["state"]) == EACH


def _when_free(restore: Callable[[], object]) -> None:
    """PostgreSQL needs a moment to see that its client is gone."""
    for _ in range(50):
        try:
            restore()
            return
        except DatabaseInUse:
            clocks.sleep(0.1)
    pytest.fail("the lock outlived its process")


def test_a_backup_that_is_killed_is_no_backup(db: Database, saved: Path) -> None:
    """FILE stays the old one; what is left beside it is no backup and in nobody's way."""
    before = saved.read_bytes()
    fill(db)
    part = saved.with_name("store.zip.part")

    killed("backup.write(db, file, now, force=True, progress=stop)", db, str(saved))

    assert saved.read_bytes() == before
    with untouched(db), pytest.raises(OperatorError, match="no backup"):
        backup.restore(db, part, replace=True)
    backup.write(db, saved, START, force=True)
    assert not part.exists()


# -- a file that is no backup --------------------------------------------------------------------


def forged(saved: Path, name: str, change: Callable[[Any], Any]) -> Path:
    """Write the backup anew with one member changed; the manifest as a dict, tables as bytes."""
    made = saved.with_name("forged.zip")
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(made, "w") as new:
        for member in old.namelist():
            content: Any = old.read(member)
            if member == name:
                manifest = name == "manifest.json"
                content = change(json.loads(content) if manifest else content)
                content = json.dumps(content) if manifest and content is not None else content
            if content is not None:
                new.writestr(member, content)
    return made


NO_BACKUPS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "absent": (lambda saved: saved.with_name("none.zip"), "does not exist"),
    "a folder": (lambda saved: saved.parent, "cannot be read"),
    "empty": (lambda saved: _with(saved, b""), "no backup"),
    "a text": (lambda saved: _with(saved, b"CREATE TABLE job (id);\n" * 99), "no backup"),
    "half": (lambda saved: _with(saved, saved.read_bytes()[: saved.stat().st_size // 2]), "no backup"),
    "all but a byte": (lambda saved: _with(saved, saved.read_bytes()[:-1]), "no backup"),
    "another zip": (lambda saved: forged(saved, "manifest.json", lambda old: None), "no backup"),
    "another manifest": (lambda saved: forged(saved, "manifest.json", lambda old: [1]), "no backup"),
    "another format": (
        lambda saved: forged(saved, "manifest.json", lambda old: {**old, "format": "x"}),
        "no backup",
    ),
    "without a table": (lambda saved: forged(saved, "tables/job.jsonl", lambda old: None), "damaged: job "),
    "without a row": (
        lambda saved: forged(saved, "tables/job.jsonl", lambda old: old[old.index(b"\n") + 1 :]),
        "damaged: job ",
    ),
    "a changed row": (
        lambda saved: forged(saved, "tables/job.jsonl", lambda old: old.replace(b"title 1", b"title 2")),
        "damaged: job ",
    ),
    "a newer file": (
        lambda saved: forged(
            saved, "manifest.json", lambda old: {**old, "version": 2, "notifier": "9.1", "tables": {}}
        ),
        r"newer notifier, 9.1 \(file version 2\).*Upgrade",
    ),
    "a newer schema": (
        lambda saved: forged(saved, "manifest.json", lambda old: {**old, "schema": "9999"}),
        r"newer notifier, .*\(schema 9999\).*Upgrade",
    ),
}


def _with(saved: Path, content: bytes) -> Path:
    made = saved.with_name("no.zip")
    made.write_bytes(content)
    return made


@pytest.mark.parametrize("what", NO_BACKUPS)
def test_what_is_no_backup_is_said_before_anything_is_touched(make: Make, saved: Path, what: str) -> None:
    """One sentence; the database, even one that is not there yet, stays as it was."""
    spoilt, says = NO_BACKUPS[what]
    path = spoilt(saved)
    there, bare = make("sqlite"), make("sqlite", bare=True)
    remember(there, "mine")

    with untouched(there), pytest.raises(OperatorError, match=says) as said:
        backup.restore(there, path, replace=True)
    with pytest.raises(OperatorError, match=says):
        backup.restore(bare, path)

    assert "\n" not in str(said.value)
    assert not Path(bare.url.database or "").exists()


def test_a_file_with_any_byte_wrong_is_refused_or_is_the_same(make: Make, saved: Path) -> None:
    """Whatever the damage, what comes is a sentence and never wrong rows."""
    whole = saved.read_bytes()
    db = make("sqlite")
    remember(db, "mine")

    @settings(max_examples=100, suppress_health_check=list(HealthCheck), phases=NO_SHRINKING)
    @given(at=st.integers(0, len(whole) - 1), flip=st.integers(1, 255), cut=st.integers(1, 9))
    def check(at: int, flip: int, cut: int) -> None:
        for content in (
            whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :],
            whole[:at] + whole[at + cut :],
        ):
            # What passes every check is refused by the rows that are there.
            with pytest.raises(OperatorError, match=r"no backup|damaged|holds rows already"):
                backup.restore(db, _with(saved, content))

    check()


# -- other schemas -------------------------------------------------------------------------------


@pytest.fixture
def later(tmp_path_factory: pytest.TempPathFactory) -> type[Database]:
    """A Database of a notifier to come, whose schema has one more revision."""
    folder = tmp_path_factory.mktemp("later") / "migrations"
    shutil.copytree(Path(migrations.__file__).parent, folder)
    head = Database("sqlite://").head()
    (folder / "versions" / "later.py").write_text(
        f"import sqlalchemy as sa\nfrom alembic import op\nrevision, down_revision = 'later', {head!r}\n"
        "def upgrade():\n"
        "    op.add_column('state', sa.Column('extra', sa.String(), nullable=False, server_default='new'))\n"
        "    op.execute(\"UPDATE state SET value = 'migrated ' || value\")\n",
        "utf-8",
    )

    class Later(Database):
        @staticmethod
        def _alembic() -> Config:
            config = Database._alembic()
            config.set_main_option("script_location", str(folder))
            return config

    return Later


def test_a_backup_of_an_older_schema_is_restored_and_migrated(
    db: Database, saved: Path, later: type[Database]
) -> None:
    """Yesterday's backup is good after an upgrade: its rows go through the migration like any others."""
    newer = later(db.url.render_as_string(hide_password=False))
    newer.migrate()

    backup.restore(newer, saved, replace=True)

    found = newer.call(lambda session: session.execute(text("SELECT value, extra FROM state")).all())
    assert newer.is_current()
    assert len(found) == EACH
    assert all(value.startswith("migrated value") and extra == "new" for value, extra in found)
    assert (
        newer.call(lambda session: session.execute(select(func.count()).select_from(Job)).scalar_one())
        == EACH
    )
    newer.close()


def test_a_newer_store_is_neither_backed_up_nor_replaced(
    db: Database, saved: Path, later: type[Database], tmp_path: Path
) -> None:
    """An old notifier leaves what it does not know alone; so does it with a newer backup."""
    newer = later(db.url.render_as_string(hide_password=False))
    newer.migrate()
    backup.write(newer, tmp_path / "newer.zip", START)
    newer.close()

    with pytest.raises(SchemaTooNew):
        backup.write(db, tmp_path / "x.zip", START)
    with pytest.raises(SchemaTooNew):
        backup.restore(db, saved, replace=True)
    with pytest.raises(OperatorError, match="newer notifier"):
        backup.restore(db, tmp_path / "newer.zip", replace=True)


def test_an_older_store_is_migrated_before_it_is_backed_up(
    make: Make, file: Path, later: type[Database]
) -> None:
    """A backup changes nothing, so it asks for the migration."""
    older = make("sqlite")

    with (
        closing(later(older.url.render_as_string())) as newer,
        pytest.raises(OperatorError, match="notifier migrate"),
    ):
        backup.write(newer, file, START)


# -- the command line ----------------------------------------------------------------------------


def test_the_commands_say_what_they_did(tmp_path: Path, make: Make) -> None:
    """A closing line each, and status 1 with what to do."""
    db = make("sqlite")
    fill(db)
    here = db.url.render_as_string()
    there = f"sqlite:///{tmp_path}/there.db"

    done = notifier(tmp_path, "backup", "s.zip", NOTIFIER_DATABASE_URL=here)
    again = notifier(tmp_path, "backup", "s.zip", NOTIFIER_DATABASE_URL=here)
    restored = notifier(tmp_path, "restore", "s.zip", NOTIFIER_DATABASE_URL=there)
    refused = notifier(tmp_path, "restore", "s.zip", NOTIFIER_DATABASE_URL=there)

    count = EACH * len(TABLES)
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        f"s.zip: {count} rows of {len(TABLES)} tables\n",
        "",
    )
    assert restored.returncode == 0
    assert restored.stdout.startswith(f"{count} rows restored, as they were at 20")
    assert again.returncode == refused.returncode == 1
    assert "--force" in again.stderr
    assert "--replace" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
