"""The `notifier` command: arguments in, exit status out (0 done, 1 broken, 2 asked wrongly)."""

import argparse
import asyncio
import dataclasses
import json
import logging
import re
import sys
from collections.abc import Callable, Sequence
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any, NoReturn

from notifier import __version__
from notifier.cli import logs, ready
from notifier.cli.ready import quiet_settings
from notifier.cli.sources import add_commands
from notifier.domain.redact import redacted, redacted_value
from notifier.domain.texts import text
from notifier.errors import DatabaseInUse, NotifierError, OperatorError, UserError

Run = Callable[[argparse.Namespace], int]


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {redacted(message)} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    logs.install()
    logging.getLogger().addHandler(logging.NullHandler())
    asked = _parser().parse_args(arguments)
    run: Run = asked.run
    try:
        return run(asked)
    except UserError as error:
        return _complain(text(error.message_id, **error.values), 2)
    except NotifierError as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `notifier jobs | head`
        sys.stderr.close()
        return 0
    except Exception as error:
        if (outage := _outage(error)) is None:
            raise
        return _complain(outage)


def _complain(reason: str, status: int = 1) -> int:
    """Say what went wrong in one line, and return the exit status."""
    print(f"notifier: {redacted(reason)}", file=sys.stderr)
    return status


def _outage(error: Exception) -> str | None:
    """Return in one line that the disk or the database refuses; None for every other error."""
    from sqlalchemy.exc import ArgumentError, OperationalError

    if isinstance(error, OperationalError):
        return f"the database refuses: {' '.join(str(error.orig).split())}"
    if isinstance(error, ArgumentError):
        return "NOTIFIER_DATABASE_URL is no address of a database; see .env.example"
    return str(error) if isinstance(error, OSError) else None


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="notifier", description="Tells subscribers about each new job that fits them.")
    parser.add_argument("--version", action="version", version=f"notifier {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)

    def add(name: str, run: Run, says: str, example: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=says, description=says, epilog=f"Example: notifier {example}")
        made.set_defaults(run=run)
        return made

    add("demo", _demo, "show the main job on bundled lists: no token, no network", "demo")
    made = add("run", _run, "collect, deliver and answer; on the console when no token is set", "run")
    made.add_argument("--no-migrate", action="store_true", help="refuse to start on an older schema")
    made.add_argument(
        "--guild",
        default="",
        metavar="ID",
        help="send Discord's commands to this server only, to try them at once",
    )
    made = add("chat", _chat, "talk to the bot in the terminal, beside a running `run` or alone", "chat")
    made.add_argument(
        "--as", dest="name", default="you", metavar="NAME", help="another chat than yours, and no operator"
    )
    made = add("collect", _collect, "read the due (or named) lists once", "collect awesome-backend-jobs")
    made.add_argument("name", nargs="*", help="a source")
    _add_replay(add)
    made = add("jobs", _jobs, "search the store", "jobs python remote")
    made.add_argument("query", nargs="*")
    made.add_argument("--json", action="store_true")
    made = add("digest", _digest, "print the digest of now", "digest python in:berlin,remote")
    made.add_argument("query", nargs="*")
    made.add_argument("--json", action="store_true")
    made = add(
        "publish",
        _publish,
        "write the lists that allow it back as Markdown: README.md, a folder per view, archive/DATE.md",
        "publish public --view python=python --view remote-eu='remote in:eu'",
    )
    made.add_argument("folder", type=Path, metavar="DIR", help="made when missing; only pages are replaced")
    made.add_argument(
        "--view",
        action="append",
        default=[],
        metavar="NAME=QUERY",
        help="a page of its own in DIR/NAME (letters, digits, hyphens); `run` writes it daily from then on",
    )
    add("facts", _facts, "what is understood of each row (JSON Lines in and out)", "facts < rows.jsonl")
    add("match", _match, "does a job fit a wish, and why (JSON Lines in and out)", "match < pairs.jsonl")
    add_commands(add, _Parser)
    add("migrate", _migrate, "bring the database up to date", "migrate")
    made = add("backup", _backup, "write the whole store to one file, while `run` works", "backup store.zip")
    made.add_argument(
        "file", type=Path, metavar="FILE", help="a zip of JSON Lines, the same for every engine"
    )
    made.add_argument("--force", action="store_true", help="replace FILE if it exists")
    made = add(
        "restore", _restore, "fill the database with what a backup holds", "restore store.zip --replace"
    )
    made.add_argument("file", type=Path, metavar="FILE", help="what `notifier backup` wrote, on any engine")
    made.add_argument("--replace", action="store_true", help="remove all that the database holds now")
    made = add("doctor", _doctor, "look at the whole set-up and say what to do", "doctor --json")
    made.add_argument("--live", action="store_true", help="only whether a running notifier still ticks")
    made.add_argument("--json", action="store_true")
    made = add("stats", _stats, "figures of the lists and the outbox", "stats --json")
    made.add_argument("--json", action="store_true")
    return parser


def _add_replay(add: Callable[..., argparse.ArgumentParser]) -> None:
    made = add(
        "replay",
        _replay,
        "run a list's history through the real road",
        "replay history.jsonl.xz --source a-list --log out.jsonl",
    )
    made.add_argument(
        "pack", type=Path, help='{"i","ts","text"} lines (.jsonl, .jsonl.xz) or a folder of TIMESTAMP.md'
    )
    made.add_argument("--source", required=True, help="the name of the list")
    made.add_argument("--subscribe", action="append", default=[], metavar="QUERY")
    made.add_argument("--cadence", choices=("instant", "daily", "weekly", "both"))
    made.add_argument("--digest-at", default="08:30", metavar="HH:MM")
    made.add_argument("--zone", default="UTC")
    made.add_argument("--log", type=Path, metavar="OUT.jsonl", help="one line per delivered message")
    made.add_argument("--database", default="", metavar="URL", help="keep it here, and resume there")


# -- commands. What they need is imported here, so that `notifier --help` stays quick -------------


def _demo(asked: argparse.Namespace) -> int:
    from notifier.cli.app import utc_now
    from notifier.cli.demo import demo

    asyncio.run(demo(utc_now(), print))
    return 0


def _run(asked: argparse.Namespace) -> int:
    from notifier.cli.app import App
    from notifier.store.database import Database, prepared

    settings = ready.settings()
    db = Database(settings.database_url)
    try:
        db.own()
        prepared(db, migrate=not asked.no_migrate)
        _derive_again(db)
        asyncio.run(App(db, settings, lambda line: print(line, flush=True), guild=asked.guild).run())
    finally:
        db.close()
    return 0


def _chat(asked: argparse.Namespace) -> int:
    from notifier.cli.chat import chat
    from notifier.store.database import Database, prepared

    if not re.fullmatch(r"[\w.-]{1,64}", asked.name):
        return _complain(f'--as: "{asked.name}" is no name; use letters, digits, dots and hyphens', 2)
    settings = quiet_settings()
    db = Database(settings.database_url)
    try:
        owner = True
        try:
            db.own()
        except DatabaseInUse:
            owner = False
        prepared(db, migrate=owner)
        asyncio.run(chat(db, settings, asked.name, lambda words: print(words, flush=True), owner=owner))
    finally:
        db.close()
    return 0


def _collect(asked: argparse.Namespace) -> int:
    from notifier.cli.app import collector, utc_now
    from notifier.sources.http import Fetcher
    from notifier.store import sources
    from notifier.store.database import opened

    settings = quiet_settings()

    async def run() -> int:
        with opened(settings.database_url) as db:
            known = {row.name for row in await db.read(sources.every)}
            if unknown := [name for name in asked.name if name not in known]:
                raise UserError("source-unknown", name=unknown[0], names=", ".join(sorted(known)) or "none")
            async with Fetcher(allow_private=settings.allow_private_sources) as fetcher:
                found = await collector(db, settings, fetcher).collect(utc_now, asked.name)
        for one in found:
            trouble = f"; {redacted(one.trouble)}" if one.trouble else ""
            print(
                f"{one.source}: {one.seen} rows, {one.new} new, {one.owed} owed, {one.closed} closed{trouble}"
            )
        if not found:
            print("no list is due", file=sys.stderr)
        return 1 if any(one.trouble and not one.seen for one in found) else 0

    return asyncio.run(run())


def _replay(asked: argparse.Namespace) -> int:
    from notifier.cli.replay import Replay, progress_bar, replay
    from notifier.cli.settings import time_of_day, zone
    from notifier.domain import query
    from notifier.domain.cadence import Cadence

    if not asked.pack.exists():
        raise OperatorError(f"{asked.pack} does not exist")
    for wish in asked.subscribe:
        query.parse(wish)
    try:
        at, where = time_of_day(asked.digest_at), zone(asked.zone)
    except ValueError as error:
        raise OperatorError(f'"{asked.digest_at}" or "{asked.zone}" {error}') from error
    summary = asyncio.run(
        replay(
            Replay(
                pack=asked.pack,
                source=asked.source,
                subscribe=asked.subscribe,
                cadence=Cadence(asked.cadence) if asked.cadence else None,
                digest_at=at,
                zone=where,
                log=asked.log,
                database=asked.database,
            ),
            progress_bar(),
        )
    )
    print("\n".join(summary.lines()))
    return 0


def _jobs(asked: argparse.Namespace) -> int:
    from notifier.chat import markdown
    from notifier.cli.app import utc_now
    from notifier.domain import compose
    from notifier.domain.document import Document
    from notifier.domain.filters import Wish
    from notifier.domain.query import parse
    from notifier.services.commands.jobs import fitting
    from notifier.store import openings
    from notifier.store.database import opened

    wish = parse(" ".join(asked.query)).wish if asked.query else Wish(())
    now = utc_now()
    with opened(quiet_settings().database_url) as db:
        found = db.call(lambda session: fitting(openings.newest_open(session, now), wish, now))
    if asked.json:
        for job in found:
            print(json.dumps(_plain(job), ensure_ascii=False))
        return 0
    if found:
        print(markdown.render(Document(tuple(compose.items(found, "en")))), end="")
    print(f"{len(found)} open jobs", file=sys.stderr)
    return 0


def _digest(asked: argparse.Namespace) -> int:
    from datetime import timedelta
    from zoneinfo import ZoneInfo

    from notifier.chat import markdown
    from notifier.cli.app import utc_now
    from notifier.domain import compose
    from notifier.domain.compose import Digest, Entry, Why
    from notifier.domain.filters import Wish
    from notifier.domain.query import parse
    from notifier.services.commands.jobs import fitting
    from notifier.services.messages import statistics
    from notifier.store import openings
    from notifier.store.database import opened

    words = " ".join(asked.query)
    wish = parse(words).wish if words else Wish(())
    settings, now = quiet_settings(), utc_now()
    with opened(settings.database_url) as db:
        late = now - timedelta(hours=24)
        found = db.call(lambda session: fitting(openings.newest_open(session, now, late), wish, now))
        figures = db.call(statistics, now)
    if asked.json:
        print(
            json.dumps(
                {"jobs": [_plain(job) for job in found], "statistics": _plain(figures)}, ensure_ascii=False
            )
        )
        return 0
    why = [Why(1, words or "everything", {})]
    on = now.astimezone(ZoneInfo(settings.zone)).date()
    asked_for = Digest(
        on=on, zone=settings.zone, entries=[Entry(job, why) for job in found], statistics=figures
    )
    print(markdown.render(compose.digest(asked_for, "en")), end="")
    return 0


def _publish(asked: argparse.Namespace) -> int:
    from notifier.cli.app import utc_now
    from notifier.services.publish import publish, views
    from notifier.store import sources
    from notifier.store.database import opened

    try:
        wanted = views(asked.view)
    except ValueError as error:
        print(f"notifier: {error}", file=sys.stderr)
        return 2
    with opened(quiet_settings().database_url) as db:
        written = asyncio.run(publish(db, asked.folder, wanted, utc_now()))
        allowed = any(row.republish for row in db.call(sources.every))
    for page in written:
        print(f"{page.path}: {page.jobs} jobs" + ("" if page.changed else ", unchanged"))
    if not allowed:
        hint = "say for which the terms allow it: notifier sources terms NAME --republish"
        print(f"no list may be republished; {hint}", file=sys.stderr)
    return 0


def _facts(asked: argparse.Namespace) -> int:
    from notifier.cli.facts import facts_of, stream

    stream(sys.stdin.buffer, facts_of)
    return 0


def _match(asked: argparse.Namespace) -> int:
    from notifier.cli.facts import match_of, stream

    stream(sys.stdin.buffer, match_of)
    return 0


def _migrate(asked: argparse.Namespace) -> int:
    from notifier.store.database import Database

    db = Database(quiet_settings().database_url)
    try:
        db.own()
        print("the database is up to date" if not db.migrate() else f"migrated to schema {db.head()}")
        if count := _derive_again(db):
            print(f"{count:,} jobs understood anew; nobody is told of them again")
    finally:
        db.close()
    return 0


def _backup(asked: argparse.Namespace) -> int:
    from notifier.cli.app import utc_now
    from notifier.cli.replay import progress_bar
    from notifier.store import backup
    from notifier.store.database import Database

    db = Database(quiet_settings().database_url)
    try:
        written = backup.write(db, asked.file, utc_now(), force=asked.force, progress=progress_bar())
    finally:
        db.close()
    print(f"{asked.file}: {written.rows:,} rows of {len(written.tables)} tables")
    return 0


def _restore(asked: argparse.Namespace) -> int:
    from notifier.cli.replay import progress_bar
    from notifier.store import backup
    from notifier.store.database import Database

    db = Database(quiet_settings().database_url)
    try:
        read = backup.restore(db, asked.file, replace=asked.replace, progress=progress_bar())
    finally:
        db.close()
    print(f"{read.rows:,} rows restored, as they were at {read.created_at:%Y-%m-%d %H:%M} UTC")
    return 0


def _derive_again(db: Any) -> int:
    """Bring the facts of stored jobs up to date, with progress when a person is looking."""
    from notifier.store import jobs

    wanted = db.call(jobs.outdated)
    done = 0
    while done < wanted and (some := db.call(jobs.derive_again)):
        done += some
        if sys.stderr.isatty():
            print(f"\runderstanding stored jobs anew: {done:,} of {wanted:,}", end="", file=sys.stderr)
    if done and sys.stderr.isatty():
        print(file=sys.stderr)
    return done


def _doctor(asked: argparse.Namespace) -> int:
    from notifier.cli import doctor

    settings = quiet_settings()
    checks = doctor.live(settings) if asked.live else doctor.everything(settings)
    for check in checks:
        shown = redacted_value(dataclasses.asdict(check))
        print(json.dumps(shown, ensure_ascii=False) if asked.json else redacted(check.line()))
    return 0 if all(check.ok for check in checks) else 1


def _stats(asked: argparse.Namespace) -> int:
    from notifier.cli.app import utc_now
    from notifier.domain.facts.skills import skill_name
    from notifier.services import counters
    from notifier.services.messages import statistics
    from notifier.store import health, outbox
    from notifier.store.database import opened

    with opened(quiet_settings().database_url) as db:
        figures, waiting = db.call(statistics, utc_now()), db.call(outbox.states)
        backlog, running = db.call(counters.backlog, utc_now()).figures(), db.call(counters.kept)
        lists = db.call(health.every, utc_now())
    if asked.json:
        shown = {**_plain(figures), "deliveries": waiting, **backlog, "running": running}
        shown["sources"] = [row.figures() for row in lists]
        print(json.dumps(redacted_value(shown), ensure_ascii=False))
        return 0
    print(f"open jobs   {figures.open}\nremote      {figures.remote:.0%}\ncompanies   {figures.companies}")
    for trend in figures.trends:
        print(f"  {skill_name(trend.skill):<20} {trend.now:.0%}")
    for row in lists:
        print(redacted(f"list        {row.name}: {row.words()}"))
    for state, count in sorted(waiting.items()):
        print(f"deliveries {state}: {count}")
    oldest = backlog["oldest_waiting_seconds"]
    print(f"waiting     {backlog['waiting']}" + (f", the oldest for {oldest:.0f} s" if oldest else ""))
    print(f"dead        {backlog['dead']}")
    if running is not None:
        lag = running["loop_lag_seconds"]
        print(f"run         since {running['since'][:16]}, last heard of {running['at'][:19]} (UTC)")
        print(f"fetches     {_counts(running['fetches'])}\nanswers     {_counts(running['deliveries'])}")
        print(f"loop lag    {lag['last']} s, at most {lag['longest']} s")
    return 0


def _counts(counts: dict[str, int]) -> str:
    """Return counters as words; those of trouble only where there was any."""
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "none yet"


def _plain(value: Any) -> Any:
    """Return a dataclass as what JSON can say."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value
