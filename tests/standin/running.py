"""`notifier run` as a process of its own, with lists it reads from files; nothing in it is patched."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from notifier.cli.app import collector, look_at, utc_now
from notifier.cli.settings import load_settings
from notifier.services.found import keep
from notifier.sources.http import Fetcher
from notifier.store.database import opened
from tests.standin.discord.server import Discord
from tests.standin.telegram import BotApi
from tests.standin.updates import until

ROOT = Path(__file__).parent.parent.parent
HEAD = "| Company | Position | Location | Type | Date |\n|---|---|---|---|---|\n"


def a_row(
    number: int,
    title: str = "Python developer",
    *,
    company: str = "Harbour",
    location: str = "Berlin, Germany",
    type_: str = "Remote",
) -> str:
    """Return a row of today; its number makes it a job of its own."""
    day = f"{datetime.now(UTC):%b %d}"
    link = f"https://board.example/job/{10_000 + number}/x"
    return f"| **[{company}](https://c.example)** | **[{title} {number}]({link})** | {location} | {type_} | {day} |\n"


@dataclass
class Notifier:
    """One running notifier, its folder and its list."""

    home: Path
    environment: dict[str, str]
    process: "asyncio.subprocess.Process | None" = None

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run another command beside it."""
        return subprocess.run(
            [sys.executable, "-m", "notifier", *words],
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def publishes(self, rows: Sequence[str]) -> None:
        """Let the list gain rows at its top, as lists do."""
        file = self.home / "harbour-jobs.md"
        before = file.read_text("utf-8").removeprefix(HEAD) if file.exists() else ""
        file.write_text(HEAD + "".join(rows) + before, "utf-8")

    def adds_its_list(self, *, read: bool = False) -> None:
        """Do what `sources add` does, and `collect` if asked, without the second that a process takes to start."""
        with ThreadPoolExecutor(1) as thread:  # here a loop runs already
            thread.submit(asyncio.run, self._add_its_list(read)).result()

    async def _add_its_list(self, read: bool) -> None:
        url = self.environment.get("NOTIFIER_DATABASE_URL", f"sqlite:///{self.home}/notifier.db")
        settings = load_settings(database_url=url, collect_every=self.environment["NOTIFIER_COLLECT_EVERY"])
        found = await look_at(str(self.home / "harbour-jobs.md"), settings, utc_now())
        with opened(url) as db:
            db.call(keep, found, utc_now())
            if read:
                async with Fetcher() as fetcher:
                    await collector(db, settings, fetcher).collect(utc_now)

    async def start(self) -> None:
        """Start it; what it says goes to log.jsonl."""
        with (self.home / "log.jsonl").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "notifier",
                "run",
                cwd=self.home,
                env=self.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def ends(self) -> int:
        """Ask it to end, and return its exit status."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), 60)

    async def is_killed(self) -> None:
        """Kill it without a word."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()

    async def has_logged(self, message: str, timeout: float = 60.0, **facts: object) -> None:
        """Wait until it has logged that sentence, with these facts beside it."""
        wanted = {"message": message, **facts}.items()
        await until(
            lambda: any(wanted <= record.items() for record in self.log()) or None,
            timeout,
            f"log of {message!r}",
        )

    def log(self, *levels: str) -> list[dict[str, object]]:
        """Return what it logged, of these levels (all when none is given)."""
        lines = (self.home / "log.jsonl").read_text("utf-8").splitlines()
        records = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return [record for record in records if not levels or record["level"] in levels]


def environment(root: str, token: str, **settings: str) -> dict[str, str]:
    """Return the environment of a notifier that talks to a stand-in and reads its list every second."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOTIFIER_")}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "NOTIFIER_TELEGRAM_TOKEN": token,
        "NOTIFIER_TELEGRAM_API_URL": root,
        "NOTIFIER_COLLECT_EVERY": "1s",
        "NOTIFIER_LOG_FORMAT": "json",
        **settings,
    }


@asynccontextmanager
async def notifier(
    home: Path, root: str, token: str, rows: int = 6, **settings: str
) -> AsyncIterator[Notifier]:
    """Run notifier against a stand-in until the block ends; the list's rows of the start announce nothing.

    settings  NOTIFIER_DATABASE_URL and the like; without one the database is a file in `home`
    """
    made = Notifier(home, environment(root, token, **settings))
    made.publishes([a_row(number) for number in range(rows, 0, -1)])
    made.adds_its_list()
    await made.start()
    try:
        # The first reading announces nothing, so it has to be over before anybody subscribes.
        await made.has_logged("source collected")
        yield made
    finally:
        assert made.process is not None
        if made.process.returncode is None:
            await made.ends()


@asynccontextmanager
async def faultless(home: Path, server: BotApi, rows: int = 6, **settings: str) -> AsyncIterator[Notifier]:
    """The same; afterwards fail if it asked what Telegram refuses, asked too fast, or failed inside."""
    async with notifier(home, server.root, server.token, rows, **settings) as made:
        yield made
    assert server.violations == []
    assert server.floods == []
    assert made.log("ERROR") == []
    assert "Traceback" not in (home / "log.jsonl").read_text("utf-8")


def discord_environment(server: Discord, **settings: str) -> dict[str, str]:
    """Return the environment of a notifier that talks to a stand-in of Discord."""
    made = environment("", "", **settings)
    del made["NOTIFIER_TELEGRAM_TOKEN"], made["NOTIFIER_TELEGRAM_API_URL"]
    return {
        **made,
        "NOTIFIER_DISCORD_TOKEN": server.token,
        "NOTIFIER_DISCORD_API_URL": server.api,
        "NOTIFIER_DISCORD_GATEWAY_URL": server.gateway.url,
    }


@asynccontextmanager
async def on_discord(home: Path, server: Discord, rows: int = 6, **settings: str) -> AsyncIterator[Notifier]:
    """Run notifier against a stand-in of Discord; fail if it asked what is refused, or failed inside."""
    made = Notifier(home, discord_environment(server, **settings))
    made.publishes([a_row(number) for number in range(rows, 0, -1)])
    made.adds_its_list()
    await made.start()
    try:
        await made.has_logged("source collected")
        await until(lambda: server.gateway.sessions or None, 60, "connection to the gateway")
        yield made
    finally:
        assert made.process is not None
        if made.process.returncode is None:
            await made.ends()
    assert [it[:500] for it in server.violations] == []
    assert made.log("ERROR") == []
    assert "Traceback" not in (home / "log.jsonl").read_text("utf-8")


# -- where a secret could be ------------------------------------------------------------------------


async def says_of_itself(bot: Notifier) -> dict[str, str]:
    """Return what it says when an operator asks, and leave a backup behind."""
    asked = (("stats", "--json"), ("doctor", "--json"), ("doctor",), ("backup", "store.zip"))
    # In a thread: `doctor` asks the stand-in, which has to answer meanwhile.
    done = [await asyncio.to_thread(bot.command, *words) for words in asked]
    return {" ".join(words): it.stdout + it.stderr for words, it in zip(asked, done, strict=True)}


def everything(home: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and content of all that lies in a folder, of databases and archives what is inside too."""
    for file in home.rglob("*"):
        if not file.is_file():
            continue
        yield file.name, file.read_bytes().decode("utf-8", "replace")
        if file.name == "notifier.db":
            with closing(sqlite3.connect(file)) as db:
                yield f"{file.name} dumped", "\n".join(db.iterdump())
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                for name in archive.namelist():
                    yield f"{file.name} {name}", archive.read(name).decode("utf-8", "replace")
