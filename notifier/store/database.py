"""The database: engines, the one way to a transaction, and migrations."""

import asyncio
import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlmodel import Session

from notifier.errors import DatabaseInUse, OperatorError, SchemaTooNew

try:
    import fcntl
except ImportError:  # Windows: no second process is kept out there
    fcntl = None  # type: ignore[assignment]

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

_POSTGRES_THREADS = 4
_BUSY_SECONDS = 30
# Any fixed number; both locks are held by a connection and die with it.
_OWNER_LOCK, _MIGRATION_LOCK = 7_215_331, 7_215_332


class Database:
    """One database. `await run(fn, …)` is a transaction: fn is a plain function of a Session.

    fn runs in a worker thread and cannot await, so no transaction is ever open across the network.
    On SQLite one thread writes (BEGIN IMMEDIATE) and one reads; on PostgreSQL a small pool does both.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(_with_driver(url))
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self._writer = self._sqlite("BEGIN IMMEDIATE")
            self._reader = self._sqlite("BEGIN")
        else:
            self._writer = create_engine(
                self.url,
                pool_size=_POSTGRES_THREADS,
                pool_pre_ping=True,
                hide_parameters=True,  # errors quote them, and they hold addresses and texts of people
                connect_args={"options": "-c timezone=UTC"},  # times without a zone are UTC
            )
            self._reader = self._writer
        threads = 1 if self.is_sqlite else _POSTGRES_THREADS
        self._writing = ThreadPoolExecutor(threads, thread_name_prefix="store-write")
        self._reading = ThreadPoolExecutor(threads, thread_name_prefix="store-read")
        self._lock: Any = None

    async def run(self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run fn(session, …) as one transaction that may write, from BEGIN to COMMIT."""
        work = partial(self.call, fn, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._writing, work)

    async def read(self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run fn(session, …) as one transaction that only reads; it never waits for writers."""
        work = partial(self._transaction, self._reader, fn, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._reading, work)

    def call(self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do what `run` does in this thread, for callers without an event loop."""
        return self._transaction(self._writer, fn, *args, **kwargs)

    @staticmethod
    def _transaction(engine: Engine, fn: Callable[..., T], *args: object, **kwargs: object) -> T:
        with Session(engine, expire_on_commit=False) as session, session.begin():
            return fn(session, *args, **kwargs)

    def close(self) -> None:
        """Wait for the transactions under way, then let go of every connection and lock."""
        self._writing.shutdown()
        self._reading.shutdown()
        self.disown()
        self._writer.dispose()
        self._reader.dispose()

    # -- one owner ---------------------------------------------------------------------------

    def own(self) -> None:
        """Become the one process that delivers from this database; `DatabaseInUse` if another is.

        The lock dies with its process, however it ends.
        """
        refusal = "another notifier is running on this database; stop it first, or give this one its own"
        if self.is_sqlite:
            if not self.url.database or fcntl is None:
                return
            file = os.open(f"{self.url.database}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(file)
                raise DatabaseInUse(refusal) from error
            self._lock = file
        else:
            connection = self._writer.connect().execution_options(isolation_level="AUTOCOMMIT")
            got = connection.execute(text("SELECT pg_try_advisory_lock(:n)"), {"n": _OWNER_LOCK})
            if not got.scalar():
                connection.close()
                raise DatabaseInUse(refusal)
            self._lock = connection

    def disown(self) -> None:
        """Give the ownership back; nothing happens without it."""
        held, self._lock = self._lock, None
        if isinstance(held, Connection):
            held.invalidate()  # the session ends, and its advisory lock with it
            held.close()
        elif held is not None:
            os.close(held)

    # -- migrations --------------------------------------------------------------------------

    def revision(self) -> str | None:
        """Return the revision of the schema in the database; None for an empty one."""
        with self._reader.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def head(self) -> str:
        """Return the revision that this notifier writes."""
        return ScriptDirectory.from_config(self._alembic()).get_current_head() or ""

    def is_current(self) -> bool:
        """Return whether the schema is the one this notifier writes; `SchemaTooNew` if unknown to it."""
        revision = self.revision()
        known = {script.revision for script in ScriptDirectory.from_config(self._alembic()).walk_revisions()}
        if revision is not None and revision not in known:
            raise SchemaTooNew(f"a newer notifier wrote this database (schema {revision}); upgrade notifier")
        return revision == self.head()

    def migrate(self) -> bool:
        """Bring the schema up to date in one transaction; return whether there was anything to do.

        A copy of a SQLite file that holds data is kept beside it as FILE.before-REVISION.
        """
        if self.is_current():
            return False
        self._keep_copy()
        config = self._alembic()
        with self._writer.begin() as connection:
            if not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _MIGRATION_LOCK})
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        log.info("database migrated", extra={"schema": self.head()})
        return True

    def _keep_copy(self) -> None:
        revision = self.revision()
        if not self.is_sqlite or revision is None or not self.url.database:
            return
        copy = Path(f"{self.url.database}.before-{self.head()}")
        copy.unlink(missing_ok=True)
        with self._reader.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.execute("VACUUM INTO ?", (str(copy),))

    @staticmethod
    def _alembic() -> Config:
        config = Config()
        config.set_main_option("script_location", "notifier:store/migrations")
        config.set_main_option("path_separator", "os")
        return config

    def _sqlite(self, begin: str) -> Engine:
        if self.url.database and not Path(self.url.database).absolute().parent.is_dir():
            folder = Path(self.url.database).absolute().parent
            raise OperatorError(f"the folder of the database does not exist: {folder}; create it")
        engine = create_engine(
            self.url,
            connect_args={"check_same_thread": False, "timeout": _BUSY_SECONDS},
            hide_parameters=True,
        )

        def opened(connection: Any, _record: object) -> None:
            connection.isolation_level = None  # we say BEGIN ourselves, see below
            # Wider pages (of a new file) split less often while one job is owed to thousands: -8 % time.
            pragmas = ("page_size=8192", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON")
            for pragma in (*pragmas, "cache_size=-20000", "temp_store=MEMORY"):
                connection.execute(f"PRAGMA {pragma}")

        def began(connection: Connection) -> None:
            # A deferred BEGIN that turns into a write fails at once when another wrote meanwhile,
            # whatever the busy timeout (661 of 800 concurrent writes; immediate: none).
            connection.exec_driver_sql(begin)

        event.listen(engine, "connect", opened)
        event.listen(engine, "begin", began)
        return engine


def _with_driver(url: str) -> str:
    """Return `url` with the driver we use: psycopg 3 for every spelling of PostgreSQL."""
    for plain in ("postgres://", "postgresql://"):
        if url.startswith(plain):
            return "postgresql+psycopg://" + url.removeprefix(plain)
    return url


def prepared(db: Database, *, migrate: bool) -> None:
    """Make sure that the schema is current; without `migrate` an older one is an OperatorError."""
    if migrate:
        db.migrate()
    elif not db.is_current():
        raise OperatorError("the database needs `notifier migrate`")


@contextmanager
def opened(url: str, *, migrate: bool = True) -> Iterator[Database]:
    """Open the database at `url`, brought up to date, and close it afterwards.

    With migrate=False a schema that is not current is an OperatorError.
    """
    db = Database(url)
    try:
        prepared(db, migrate=migrate)
        yield db
    finally:
        db.close()
