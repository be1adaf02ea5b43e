"""A conversation with every command, as README shows it: `python -m tests.transcript` writes it anew.

The same list, clock and lines each time, so a test can compare what stands there with what is said.
"""

import asyncio
import re
import tempfile
from dataclasses import replace
from pathlib import Path

from notifier.chat import markdown
from notifier.domain.document import Document
from notifier.domain.posting import Posting, WorkMode
from notifier.services.commands import Caller, answer
from notifier.store.database import Database
from notifier.store.tables import DestinationKind
from tests.conftest import Clock
from tests.road import Road, a_posting

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- transcript: python -m tests.transcript -->", "<!-- end of transcript -->"

YOU = Caller(platform="console", address="you", user_id="you", now=Clock().now, locale="en-AT", operates=True)
CHAT = replace(YOU, address="backend-jobs", kind=DestinationKind.CHANNEL, manages=True)

PRIVATE_LINES = (
    *("start", "start python", "start python remote", "start python remote both"),
    *(
        "jobs in:austria",
        "job 3",
        "subscribe go in:georgia",
        "subscribe golang in:eu level:senior cadence:daily",
    ),
    *("subscriptions", "subscriptions 2", "subscriptions rename 2 Go in the EU", "subscriptions pause 2"),
    *("why 3", "save 3", "applied 4", "saved", "hide 5", "mute 6", "report 6", "digest", "digest 07:30"),
    *(
        "settings",
        "settings quiet 22:00-07:00",
        "settings home india",
        "stats",
        "pause",
        "resume",
        "stop",
        "link off",
    ),
    *("unsubscribe 2", "unsubscribe 9", "privacy", "export", "forget", "help jobs", "admin status"),
    *("subscibe python", "subscribe colour:red"),
)
SHARED_LINES = (
    "feed add python remote cadence:instant",
    "feed test 1",
    "feed list",
    "feed pause 1",
    "feed remove 1",
)


def rows() -> list[Posting]:
    made = [
        ("Senior Python Developer (Django)", "Nimbus", "Remote, EU", WorkMode.REMOTE),
        ("Python Backend Developer", "Harbour", "Remote", WorkMode.REMOTE),
        ("Java Developer", "Quillstone", "Graz, Austria", WorkMode.ONSITE),
        ("Senior Go Engineer", "Lumenfold", "Berlin, Germany", WorkMode.HYBRID),
        ("Frontend Developer (React)", "Pinegrid", "Vienna, Austria", WorkMode.HYBRID),
        ("Data Engineer, €70k", "Saltmarsh", "Lisbon, Portugal", WorkMode.REMOTE),
    ]
    return [
        a_posting(n, title=title, company=company, location=location, mode=mode)
        for n, (title, company, location, mode) in enumerate(made, 1)
    ]


def transcript() -> str:
    """Return the conversation as Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{Path(folder) / 'x.db'}")
        db.migrate()

        async def a_list() -> None:
            road = Road(db, Clock())
            await road.add_list("harbour-jobs")
            await road.read(rows(), "harbour-jobs")

        asyncio.run(a_list())
        parts = [_exchange(db, YOU, line) for line in PRIVATE_LINES]
        parts += [_exchange(db, CHAT, line) for line in SHARED_LINES]
        db.close()
    return "\n".join(parts)


def _exchange(db: Database, caller: Caller, line: str) -> str:
    reply = db.call(answer, caller, line)
    where = " (in a channel)" if caller is CHAT else ""
    return f"**/{line}**{where}\n\n{_quoted(reply)}\n"


def _quoted(reply: Document) -> str:
    shown = markdown.render(reply).strip()
    if reply.file is not None:
        shown += f"\n\n📎 {reply.file.name}"
    shown = re.sub(r"(?<=s_)[\w-]{16}|(?<=page )[\w-]{12}", "TOKEN", shown)
    return "\n".join(f"> {line}".rstrip() for line in shown.splitlines())


def written() -> str:
    """Return the conversation that stands in README."""
    return README.read_text("utf-8").partition(BEGIN)[2].partition(END)[0].strip()


def main() -> None:
    """Write the conversation into README, between its two marks."""
    text = README.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    README.write_text(f"{before}{BEGIN}\n\n{transcript().strip()}\n\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
