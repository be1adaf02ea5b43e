"""What every test may ask for: a database on each engine, a clock, chats and lists to play with."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import URL

from notifier.store.database import Database
from tests import postgres

# The same cases on every run of CI, other ones on every run at a desk. How long a case takes is no test.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("desk", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday


class Clock:
    """A time that stands until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    with postgres.server() as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database; a copy of it costs less than a migration."""
    file = tmp_path_factory.mktemp("template") / "notifier.db"
    made = Database(f"sqlite:///{file}")
    made.migrate()
    made.close()
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres_server: URL) -> Iterator[str]:
    """The same."""
    with postgres.database(postgres_server) as url:
        made = Database(url.render_as_string(hide_password=False))
        made.migrate()
        made.close()
        assert url.database is not None
        yield url.database


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database, once on each engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/notifier.db"
    else:
        with postgres.database(request.getfixturevalue("postgres_server")) as url:
            yield url.render_as_string(hide_password=False)


@pytest.fixture
def sqlite(tmp_path: Path, sqlite_template: Path) -> Iterator[Database]:
    """A migrated database, for what is the same on both engines."""
    shutil.copy(sqlite_template, tmp_path / "notifier.db")
    made = Database(f"sqlite:///{tmp_path}/notifier.db")
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A migrated database, once on each engine."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite")
        return
    server = request.getfixturevalue("postgres_server")
    with postgres.database(server, request.getfixturevalue("postgres_template")) as url:
        made = Database(url.render_as_string(hide_password=False))
        yield made
        made.close()
