"""One file of the whole store: backup, restore, and the move from one engine to the other.

The file is a zip: `tables/NAME.jsonl` holds one row a line, `manifest.json` says what must be there.

    unzip -p FILE manifest.json
    unzip -p FILE tables/job.jsonl | head

A zip, because every system opens it, and because its directory stands at the end but is read first:
the counts and checksums of the manifest are known only when all is written, and needed before anything
is restored; a file that was cut off has no directory. Rows are typed by the schema and not by the engine:
times are UTC in ISO 8601, JSON is JSON, nothing is as SQLite or PostgreSQL happens to store it.

Nothing here names a table, so a new one needs no code; a column of a new kind needs a line in `_READ`.
"""

import json
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import (
    JSON,
    Connection,
    CursorResult,
    Integer,
    MetaData,
    Table,
    func,
    insert,
    inspect,
    null,
    select,
    text,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, SQLModel

from notifier import __version__
from notifier.errors import OperatorError
from notifier.store import tables  # noqa: F401 - fills the metadata
from notifier.store.database import Database

Progress = Callable[[int, int], None]  # rows done, rows of all tables

_FORMAT, _VERSION = "notifier backup", 1
_MANIFEST = "manifest.json"
_ROWS = 1_000  # rows in memory at a time
_BLOCK = 1 << 20  # bytes
# A file that was damaged or is something else makes zipfile and json raise any of these.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    LookupError,
    NotImplementedError,  # a way of packing that zipfile does not know
    RuntimeError,  # a zip with a password
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One table in the file."""

    name: str
    rows: int
    sha256: str  # of the lines, unpacked

    @property
    def member(self) -> str:
        """Return where in the zip its rows are."""
        return f"tables/{self.name}.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds: every table, parents before their children."""

    schema: str  # the revision of the migrations that its rows fit
    notifier: str  # the version that wrote it
    created_at: datetime
    tables: tuple[Content, ...]

    @property
    def rows(self) -> int:
        """Return how many rows there are in all tables."""
        return sum(content.rows for content in self.tables)


def _silent(done: int, of: int) -> None:
    pass


# -- backup --------------------------------------------------------------------------------------


def write(
    db: Database, path: Path, now: datetime, *, force: bool = False, progress: Progress = _silent
) -> Manifest:
    """Write the whole store, as it is at one moment, to `path`; return what was written.

    Others may write to the database meanwhile: they neither wait nor show up in the file. It grows as
    PATH.part, readable by its owner only, and gets its name when it is complete and on the disk.
    Raises OperatorError for a file that exists (unless `force`) or a database without our tables.
    """
    if path.exists() and not force:
        raise OperatorError(f"{path} exists; name another file, or replace this one with --force")
    _refuse_nothing(db)
    part = path.with_name(f"{path.name}.part")
    try:
        part.unlink(missing_ok=True)  # of a backup that was killed
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w+b") as file:
                manifest = _pack(db, file, now, progress)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise OperatorError(f"{path} cannot be written: {error.strerror}; nothing was changed") from error
    return manifest


def _refuse_nothing(db: Database) -> None:
    where = db.url.render_as_string()
    missing = db.is_sqlite and not Path(db.url.database or "").exists()  # to look at it would create it
    if missing or db.revision() is None:
        raise OperatorError(f"there is no store in {where}; set NOTIFIER_DATABASE_URL to the one to back up")
    if not db.is_current():
        raise OperatorError("the database needs `notifier migrate`")


def _sync_folder(folder: Path) -> None:
    """Bring a new name in this folder to the disk, where systems let one."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _pack(db: Database, file: BinaryIO, now: datetime, progress: Progress) -> Manifest:
    done = 0
    contents = []
    with (
        _snapshot(db) as connection,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed,
    ):
        every = SQLModel.metadata.sorted_tables
        of = sum(connection.execute(select(func.count()).select_from(table)).scalar_one() for table in every)
        for table in every:
            rows, digest = 0, sha256()
            with (
                packed.open(_member(f"tables/{table.name}.jsonl", now), "w", force_zip64=True) as member,
                _all_rows(connection, table) as found,
            ):
                names = [column.name for column in table.columns]
                for chunk in found.partitions():
                    lines = b"".join(_line(dict(zip(names, row, strict=True))) for row in chunk)
                    member.write(lines)
                    digest.update(lines)
                    rows += len(chunk)
                    progress(done + rows, of)
            done += rows
            contents.append(Content(name=table.name, rows=rows, sha256=digest.hexdigest()))
        manifest = Manifest(
            schema=db.head(), notifier=__version__, created_at=now.astimezone(UTC), tables=tuple(contents)
        )
        said = {"format": _FORMAT, "version": _VERSION, **asdict(manifest)}
        packed.writestr(_member(_MANIFEST, now), json.dumps(said, indent=1, default=_plain) + "\n")
    return manifest


@contextmanager
def _snapshot(db: Database) -> Iterator[Connection]:
    """Yield a connection that sees the database as it was at one moment."""
    with db._reader.connect() as connection, connection.begin():
        if not db.is_sqlite:  # whose BEGIN is a snapshot in WAL mode
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            # A snapshot holds no table: a restore that commits before we read one would leave it empty.
            quote = connection.dialect.identifier_preparer.format_table
            names = ", ".join(quote(table) for table in SQLModel.metadata.sorted_tables)
            connection.execute(text(f"LOCK TABLE {names} IN ACCESS SHARE MODE"))
        yield connection


def _member(name: str, now: datetime) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name, now.astimezone(UTC).timetuple()[:6])
    made.compress_type = zipfile.ZIP_DEFLATED
    made.external_attr = 0o600 << 16
    return made


def _all_rows(connection: Connection, table: Table) -> CursorResult[Any]:
    query = select(table).order_by(*table.primary_key.columns)
    return connection.execute(query, execution_options={"yield_per": _ROWS})


def _line(row: dict[str, Any]) -> bytes:
    line = json.dumps(row, ensure_ascii=False, default=_plain, separators=(",", ":")) + "\n"
    try:
        return line.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can hold and UTF-8 cannot
        return (json.dumps(row, default=_plain, separators=(",", ":")) + "\n").encode()


def _plain(value: object) -> str:
    """Return a time as the file writes it."""
    if isinstance(value, datetime):
        return (value if value.tzinfo is None else value.astimezone(UTC)).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    raise TypeError(f"a backup cannot write {type(value).__name__}; teach it in notifier/store/backup.py")


# -- restore -------------------------------------------------------------------------------------


def restore(db: Database, path: Path, *, replace: bool = False, progress: Progress = _silent) -> Manifest:
    """Fill the database with what the file holds, in one transaction; return what that was.

    The file is read to its end and checked first. Then the database is owned, so `DatabaseInUse` while
    `notifier run` works on it. An older schema is restored as it was and migrated. Raises OperatorError for
    a file that is no whole backup, for one of a newer notifier, and for a database that holds rows (unless
    `replace`). Whatever is raised, and however the process ends: all of the file is there, or nothing.
    """
    with _opened(path) as packed:
        manifest = _checked(packed, path)
        known = {script.revision for script in ScriptDirectory.from_config(db._alembic()).walk_revisions()}
        if manifest.schema not in known:
            raise OperatorError(_too_new(path, f"{manifest.notifier} (schema {manifest.schema})"))
        db.own()
        try:
            db.is_current()  # a database of a newer notifier is not ours to replace
            db.call(_load, db, packed, manifest, replace, progress)
        finally:
            db.disown()
    return manifest


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        packed = zipfile.ZipFile(path)
    except FileNotFoundError as error:
        raise OperatorError(f"{path} does not exist; give the file that `notifier backup` wrote") from error
    except (PermissionError, IsADirectoryError) as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}") from error
    except _DAMAGE as error:
        raise OperatorError(_no_backup(path)) from error
    with packed:
        yield packed


def _no_backup(path: Path) -> str:
    return (
        f"{path} is no backup of notifier, or only the beginning of one; nothing was changed. "
        "Give a whole file that `notifier backup` wrote"
    )


def _too_new(path: Path, version: str) -> str:
    return f"{path} was written by a newer notifier, {version}; nothing was changed. Upgrade notifier first"


def _checked(packed: zipfile.ZipFile, path: Path) -> Manifest:
    """Return the manifest, after all that it names was read and found whole."""
    try:
        said = json.loads(packed.read(_MANIFEST))
        if said["format"] != _FORMAT:
            raise ValueError(said["format"])
        newer = int(said["version"]) > _VERSION
        manifest = Manifest(
            schema=str(said["schema"]),
            notifier=str(said["notifier"]),
            created_at=datetime.fromisoformat(said["created_at"]),
            tables=() if newer else tuple(Content(**content) for content in said["tables"]),
        )
    except _DAMAGE as error:
        raise OperatorError(_no_backup(path)) from error
    if newer:
        raise OperatorError(_too_new(path, f"{manifest.notifier} (file version {said['version']})"))
    for content in manifest.tables:
        try:
            rows, digest = 0, sha256()
            with packed.open(content.member) as member:
                while block := member.read(_BLOCK):
                    digest.update(block)
                    rows += block.count(b"\n")
            whole = (rows, digest.hexdigest()) == (content.rows, content.sha256)
        except _DAMAGE:
            whole = False
        if not whole:
            raise OperatorError(
                f"{path} is damaged: {content.name} is not as it was written; nothing was changed. "
                "Copy the file again, or take an older backup"
            )
    return manifest


def _load(
    session: Session,
    db: Database,
    packed: zipfile.ZipFile,
    manifest: Manifest,
    replace: bool,
    progress: Progress,
) -> None:
    """Put the rows into the schema they were written with, then migrate; all in this transaction."""
    connection = session.connection()
    if not replace and (filled := _filled(connection)):
        raise OperatorError(
            f"the database holds rows already ({', '.join(filled)}); nothing was changed. "
            "Replace them all with --replace, or set NOTIFIER_DATABASE_URL to an empty database"
        )
    doing = "the old tables"
    try:
        _upgrade(db, connection, "head")  # so that the tables to drop are the ones we know
        SQLModel.metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
        _upgrade(db, connection, manifest.schema)
        made = MetaData()
        made.reflect(connection, only=[content.name for content in manifest.tables])
        done = 0
        for content in manifest.tables:
            doing = content.name
            table = made.tables[content.name]
            for rows in _rows(packed, content, table):
                connection.execute(insert(table), rows)
                done += len(rows)
                progress(done, manifest.rows)
            if not db.is_sqlite:
                _set_sequences(connection, table)
        doing = f"the migration from schema {manifest.schema}"
        _upgrade(db, connection, "head")
    except SQLAlchemyError as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())
        raise OperatorError(
            f"the database refused {doing}: {reason}; nothing was changed. Remove the cause and restore again"
        ) from error


def _filled(connection: Connection) -> list[str]:
    """Return our tables that hold rows, whatever the schema they are of."""
    there = set(inspect(connection).get_table_names())
    return [
        table.name
        for table in SQLModel.metadata.sorted_tables
        if table.name in there and connection.execute(select(text("1")).select_from(table).limit(1)).first()
    ]


def _upgrade(db: Database, connection: Connection, revision: str) -> None:
    config = db._alembic()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


_READ: dict[type, Callable[[str], object]] = {
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    time: time.fromisoformat,
}


def _rows(packed: zipfile.ZipFile, content: Content, table: Table) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of one table, some at a time, as values for its columns."""
    read = {
        column.name: _READ[column.type.python_type]
        for column in table.columns
        if column.type.python_type in _READ
    }
    # SQLAlchemy would take None for the value null of JSON, and here it is the absence of one.
    absent = [column.name for column in table.columns if column.nullable and isinstance(column.type, JSON)]
    rows: list[dict[str, Any]] = []
    with packed.open(content.member) as lines:
        for line in lines:
            row = json.loads(line)
            for name, of in read.items():
                if row[name] is not None:
                    row[name] = of(row[name])
            for name in absent:
                if row[name] is None:
                    row[name] = null()
            rows.append(row)
            if len(rows) == _ROWS:
                yield rows
                rows = []
    if rows:
        yield rows


def _set_sequences(connection: Connection, table: Table) -> None:
    """Let PostgreSQL count on behind the highest id.

    setval is never rolled back, but the sequence is: it was made in this transaction with its table.
    It does nothing for a column without a sequence (NULL).
    """
    quoted = connection.dialect.identifier_preparer.format_table(table)
    for column in table.primary_key.columns:
        if isinstance(column.type, Integer):
            sequence = func.pg_get_serial_sequence(quoted, column.name)
            highest = func.max(column)
            connection.execute(select(func.setval(sequence, highest)).having(highest > 0))
