"""`notifier sources …`: which lists are read, how they fare, and what an address yields."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from notifier.cli.ready import quiet_settings
from notifier.domain.redact import redacted, redacted_value
from notifier.errors import OperatorError, SourceUnreachable, UserError

# What the handlers need is imported in them, so that `notifier --help` stays quick.

Run = Callable[[argparse.Namespace], int]


def add_commands(add: Callable[..., argparse.ArgumentParser], parser: type[argparse.ArgumentParser]) -> None:
    """Add `sources` and its verbs to the command line."""
    made = add(
        "sources",
        _list,
        "list, add, test, pause, resume, remove, import or export lists; their terms",
        "sources list",
    )
    made.add_argument("--json", action="store_true")
    verbs = made.add_subparsers(metavar="VERB", parser_class=parser)

    def verb(name: str, run: Run, says: str, example: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = verbs.add_parser(
            name, help=says, description=says, epilog=f"Example: notifier sources {example}"
        )
        made.set_defaults(run=run)
        return made

    made = verb("list", _list, "show every list and its health", "list")
    made.add_argument("--json", action="store_true")
    made = verb(
        "add",
        _add,
        "show what an address yields, and read it from now on",
        "add https://github.com/OWNER/REPO",
    )
    made.add_argument("url", nargs="?", default="", help="a repository, a URL of any kind, or a file")
    made.add_argument("--name")
    made.add_argument(
        "--kind", default="", help="what it is, when the address and what stands there do not tell"
    )
    made.add_argument("--every", metavar="DURATION", help="how often it is read, such as 2h")
    made.add_argument("--yes", action="store_true", help="do not ask")
    made.add_argument("--siblings", action="store_true", help="add the lists it links to as well")
    made.add_argument(
        "--starter", metavar="SET", help="add a set of public lists; `sources starter` names them"
    )
    made.add_argument("--republish", action="store_true", help="its terms allow `notifier publish`")
    made.add_argument("--attribution", default="", metavar="TEXT", help="a sentence that its terms ask for")
    made = verb("test", _test, "print what an address yields; nothing is stored", "test README.md --json")
    made.add_argument("url", metavar="URL-or-FILE")
    made.add_argument("--kind", default="", help="what it is, when that is not seen")
    made.add_argument("--json", action="store_true")
    verb("kinds", _kinds, "show the kinds of sources that are understood", "kinds")
    verb("starter", _starter, "show the public lists that come along, by set", "starter")
    for name, run, says in (
        ("pause", _pause, "stop reading a list"),
        ("resume", _resume, "read a list again, and accept its present length"),
        ("remove", _remove, "forget a list; its jobs stay"),
    ):
        verb(name, run, says, f"{name} a-list").add_argument("name")
    says = "say what a list's terms allow; without options, show it"
    made = verb("terms", _terms, says, "terms a-list --republish --attribution 'Jobs by A.'")
    made.add_argument("name")
    made.add_argument(
        "--republish", action=argparse.BooleanOptionalAction, help="`notifier publish` is allowed"
    )
    made.add_argument("--attribution", metavar="TEXT", help="a sentence that its terms ask for; empty: none")
    made = verb(
        "export", _export, "write the lists to a file (JSON), or for feed readers (OPML)", "export lists.json"
    )
    made.add_argument("file", type=Path, nargs="?", help="without one: on stdout")
    made.add_argument("--opml", action="store_true")
    made = verb("import", _import, "add the lists of a file, JSON or OPML", "import lists.json")
    made.add_argument("file", type=Path)


def _list(asked: argparse.Namespace) -> int:
    from notifier.cli.app import utc_now
    from notifier.store import health, sources
    from notifier.store.database import opened

    with opened(quiet_settings().database_url) as db:
        rows = db.call(health.every, utc_now())
        kinds = {row.name: row.kind for row in db.call(sources.every)}
    for row in rows:
        if asked.json:
            # As before there were states: what is not trusted, and what is paused.
            shown = {"kind": kinds[row.name], **row.figures(), "suspect": None, "paused": None}
            if row.state in ("suspect", "failing", "paused"):
                shown["paused" if row.state == "paused" else "suspect"] = row.reason
            print(json.dumps(redacted_value(shown), ensure_ascii=False))
        else:
            print(redacted(f"{row.name}  {row.url}  {row.words()}"))
    if not rows:
        print("no sources yet; notifier sources add URL", file=sys.stderr)
    return 0


def _add(asked: argparse.Namespace) -> int:
    from notifier.cli.settings import duration

    try:
        every = duration(asked.every) if asked.every else None
    except ValueError as error:
        raise OperatorError(f'--every: "{asked.every}" {error}') from error
    settings = quiet_settings()
    if asked.starter:
        return _add_starter(asked.starter, every, settings)
    if not asked.url:
        raise OperatorError("an address is missing; notifier sources add https://github.com/OWNER/REPO")
    where = _where(asked.url)
    found = _found(where, asked.kind, settings, is_told=asked.yes)
    if not asked.yes:
        _show(found)
        question = (
            "Read it from now on?"
            if found.reading.postings
            else "It yields no jobs now. Add it all the same?"
        )
        # A pipe or a script that named an address with jobs behind it has said what it wants.
        if not (found.reading.postings and not sys.stdin.isatty()) and not _agreed(question):
            return 1
    _keep(found, settings, every, asked.name, republish=asked.republish, attribution=asked.attribution)
    if found.also and (
        asked.siblings or (not asked.yes and sys.stdin.isatty() and _agreed("Add those too?"))
    ):
        for url in found.also:
            _try_to_add(url, settings, every)
    return 0


def _where(url: str) -> str:
    """Return an address as it is kept: a file with its whole path."""
    from notifier.sources import address

    if address.is_file(url):
        return str(address.file_path(url).resolve())
    if "@" in url.partition("://")[2].partition("/")[0]:
        raise OperatorError("an address with a password in it is not read, so it is not kept either")
    return url


def _found(where: str, kind: str, settings: Any, *, is_told: bool = False) -> Any:
    """Return what stands at an address.

    is_told  somebody has decided already: what cannot be read now is kept all the same
    """
    from notifier.cli.app import look_at, utc_now
    from notifier.sources import SOURCES
    from notifier.sources.recognise import README, unread

    if kind and kind not in SOURCES:
        raise OperatorError(f"{kind} is no kind of source; there are {', '.join(sorted(SOURCES))}")
    try:
        return asyncio.run(look_at(where, settings, utc_now(), kind))
    except SourceUnreachable as error:
        if not is_told:
            raise
        found = unread(where, kind) or unread(where, README)
        assert found is not None
        print(redacted(f"{error}; taken for {found.kind}, as --kind may say"), file=sys.stderr)
        return found


def _show(found: Any) -> None:
    """Say on stderr what was found."""
    from notifier.chat import markdown
    from notifier.cli.talk import language
    from notifier.services.found import preview

    print(redacted(markdown.render(preview(found, language(os.environ)))), file=sys.stderr)


def _keep(found: Any, settings: Any, every: timedelta | None, name: str | None = None, **terms: Any) -> None:
    from notifier.cli.app import utc_now
    from notifier.services.found import keep
    from notifier.sources import address
    from notifier.store.database import opened

    home = None
    if redacted(found.url) != found.url:  # a key in the address: it is kept to read the list, and not shown
        name, home = name or address.default_name(redacted(found.url)), ""
    with opened(settings.database_url) as db:
        row = db.call(keep, found, utc_now(), name=name or "", home_url=home, every=every, **terms)
    print(
        f"{row.name} added; it is read with the next tick of `notifier run`, or now by: notifier collect {row.name}"
    )


def _try_to_add(url: str, settings: Any, every: timedelta | None) -> None:
    """Add one of several: what is wrong with it is said, and stops none of the others."""
    from notifier.domain.texts import text
    from notifier.errors import SourceError

    try:
        _keep(_found(url, "", settings), settings, every)
    except SourceError as error:
        print(f"{url}: {redacted(str(error))}", file=sys.stderr)
    except UserError as error:
        print(f"{url}: {text(error.message_id, **error.values)}", file=sys.stderr)


def _add_starter(word: str, every: timedelta | None, settings: Any) -> int:
    from notifier.domain.texts import text
    from notifier.sources import starter
    from notifier.sources.recognise import starters

    if word not in starter.sets():
        raise OperatorError(f"{word} is no set of public lists; there are {', '.join(starter.sets())}")
    for found in starters(word):
        try:
            _keep(found, settings, every)
        except UserError as error:  # it is read already
            print(text(error.message_id, **error.values), file=sys.stderr)
    return 0


def _starter(asked: argparse.Namespace) -> int:
    from notifier.sources import starter

    for word in starter.sets():
        print(f"{word}: {', '.join(entry.name for entry in starter.of(word))}")
    return 0


def _kinds(asked: argparse.Namespace) -> int:
    from notifier.sources import SOURCES

    for name, kind in sorted(SOURCES.items()):
        floor = f", at most every {kind.floor.total_seconds() / 3600:g} h" if kind.floor else ""
        says = (sys.modules[kind.parse.__module__].__doc__ or "").partition(".")[0].partition("\n")[0]
        print(f"{name}: {says}{floor}")
    return 0


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        print(f"{question} Say so with --yes.", file=sys.stderr)
        return False
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def _test(asked: argparse.Namespace) -> int:
    from notifier.domain.identity import resolve

    found = _found(asked.url, asked.kind, quiet_settings())
    reading = found.reading
    keys = [key for key, _ in resolve(reading.postings, {}, {}, "test")]
    for key, posting in zip(keys, reading.postings, strict=True):
        if asked.json:
            print(json.dumps(_posting(key, posting), ensure_ascii=False))
        else:
            facts = [
                posting.company,
                posting.title,
                posting.location,
                posting.mode,
                posting.posted_on,
                posting.url,
            ]
            print(" | ".join(str(fact) for fact in facts if fact))
    closed = sum(posting.closed for posting in reading.postings)
    counts = f"{len(reading.postings)} jobs ({closed} closed), {len(reading.unread)} rows not understood"
    print(f"{found.kind}: {counts}" + (f"; {reading.note}" if reading.note else ""), file=sys.stderr)
    for row in reading.unread:
        print(redacted(f"line {row.line}: {row.reason}: {row.text[:120]}"), file=sys.stderr)
    return 0 if reading.postings else 1


def _posting(key: str, posting: Any) -> dict[str, Any]:
    return {
        "key": key,
        "url": posting.url,
        "company": posting.company,
        "company_url": posting.company_url,
        "title": posting.title,
        "location": posting.location,
        "mode": posting.mode.value,
        "posted_on": posting.posted_on.isoformat() if posting.posted_on else None,
        "closed": posting.closed,
        "pay": posting.pay or ("flagged" if posting.pay_flagged else ""),
        "skills": list(posting.skills),
        "section": posting.section,
    }


def _pause(asked: argparse.Namespace) -> int:
    return _change(asked.name, lambda row: setattr(row, "paused", "by the operator"))


def _resume(asked: argparse.Namespace) -> int:
    from notifier.cli.app import utc_now
    from notifier.store import sources

    return _change(asked.name, lambda row: sources.accept(row, utc_now()))


def _terms(asked: argparse.Namespace) -> int:
    def change(row: Any) -> str:
        row.republish = row.republish if asked.republish is None else asked.republish
        row.attribution = row.attribution if asked.attribution is None else asked.attribution
        publishing = "may be published" if row.republish else "is not published"
        return f"{publishing}; attribution: {row.attribution or 'none'}"

    return _change(asked.name, change)


def _remove(asked: argparse.Namespace) -> int:
    from notifier.store import sources
    from notifier.store.database import opened

    with opened(quiet_settings().database_url) as db:
        if not db.call(sources.remove, asked.name):
            raise UserError("source-unknown", name=asked.name, names=_names(db))
    print(f"{asked.name} removed; its jobs stay")
    return 0


def _change(name: str, change: Callable[[Any], str | None]) -> int:
    from notifier.store import sources
    from notifier.store.database import opened

    def run(session: Any) -> str | None:
        row = sources.named(session, name)
        return (change(row) or "done") if row is not None else None

    with opened(quiet_settings().database_url) as db:
        said = db.call(run)
        if said is None:
            raise UserError("source-unknown", name=name, names=_names(db))
    print(f"{name}: {said}")
    return 0


def _names(db: Any) -> str:
    from notifier.store import sources

    return ", ".join(row.name for row in db.call(sources.every)) or "none"


def _export(asked: argparse.Namespace) -> int:
    from notifier.cli import exchange
    from notifier.store import sources
    from notifier.store.database import opened

    with opened(quiet_settings().database_url) as db:
        rows = db.call(sources.every)
    written = exchange.to_opml(rows) if asked.opml else exchange.to_json(rows)
    keyed = [row.name for row in rows if redacted(row.url) != row.url]
    if keyed:
        print(f"keep it to yourself: the addresses of {', '.join(keyed)} hold a key", file=sys.stderr)
    if asked.file is None:
        print(written, end="")
    else:
        asked.file.write_text(written, "utf-8")
        print(f"{len(rows)} lists written to {asked.file}")
    return 0


def _import(asked: argparse.Namespace) -> int:
    from notifier.cli import exchange
    from notifier.cli.app import utc_now
    from notifier.domain.texts import text
    from notifier.store import sources
    from notifier.store.database import opened

    try:
        entries: Sequence[dict[str, Any]] = exchange.read(asked.file.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(
            f"{asked.file}: {getattr(error, 'strerror', '') or 'is not UTF-8 text'}"
        ) from error
    added = 0
    with opened(quiet_settings().database_url) as db:
        for entry in entries:
            try:
                db.call(sources.add, utc_now(), **entry)
                added += 1
            except UserError as error:  # it is read already
                print(text(error.message_id, **error.values), file=sys.stderr)
    print(f"{added} of {len(entries)} lists added")
    return 0
