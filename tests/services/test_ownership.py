"""Two persons, two shared chats, hundreds of random steps: nobody reads or changes what is another's."""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlmodel import Session, col

from notifier.chat import markdown
from notifier.domain.document import Document
from notifier.services.commands import Caller, answer
from notifier.store import persons
from notifier.store.database import Database
from notifier.store.tables import Destination, DestinationKind, Subscription
from tests.conftest import Clock
from tests.road import Road, postings

PEOPLE = ("ann", "bob")
GROUPS = {"group-a": "ann", "group-b": "bob"}  # who administers it
# Words that only one of them ever uses, so that a leak shows.
SECRET = {"ann": "zirconium", "bob": "palladium", "group-a": "tungsten", "group-b": "vanadium"}

lines = st.sampled_from(
    [
        *("subscribe {secret}", "subscribe {secret} python", "subscriptions", "subscriptions show {n}"),
        *(
            "subscriptions edit {n} {secret} java",
            "subscriptions rename {n} {secret}",
            "subscriptions pause {n}",
        ),
        *(
            "subscriptions resume {n}",
            "subscriptions delete {n}",
            "subscriptions share {n}",
            "unsubscribe {n}",
        ),
        *("save {n}", "applied {n}", "hide {n}", "mute {n}", "report {n}", "unmark {n}", "saved", "why {n}"),
        *(
            "settings zone Europe/Berlin",
            "settings home india",
            "settings silent on",
            "pause",
            "resume",
            "digest",
        ),
        *(
            "export",
            "forget",
            "forget yes",
            "jobs python",
            "stats",
            "feed add {secret}",
            "feed list",
            "feed test {n}",
        ),
        *(
            "feed edit {n} {secret}",
            "feed pause {n}",
            "feed remove {n}",
            "admin status",
            "admin dead",
            "start",
        ),
        *("page {token} 1", "page {token} 2", "again {token}", "start s_{token}", "start - anywhere daily"),
    ]
)


class Ownership(RuleBasedStateMachine):
    """Each step is one line of one person in one chat, now and then with a button taken from another."""

    @initialize()
    def set_up(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.db = Database(f"sqlite:///{Path(self.folder.name) / 'x.db'}")
        self.db.migrate()
        self.clock = Clock()
        self.tokens = ["forged"]
        self.shared: set[str] = set()  # tokens that were given away on purpose

        async def a_list() -> None:
            road = Road(self.db, self.clock)
            await road.add_list()
            await road.read(postings(*range(1, 13)))

        asyncio.run(a_list())
        self.kept = self.db.call(everything)

    @rule(
        who=st.sampled_from(PEOPLE),
        where=st.sampled_from(["private", *GROUPS]),
        alone=st.booleans(),
        line=lines,
        n=st.integers(1, 14),
        token=st.integers(0, 50),
    )
    def step(self, who: str, where: str, alone: bool, line: str, n: int, token: int) -> None:
        chat = who if where == "private" else where
        caller = Caller(
            platform="fake",
            address=chat,
            user_id=who,
            now=self.clock.forward(seconds=1),
            kind=DestinationKind.PRIVATE if where == "private" else DestinationKind.GROUP,
            private=who if alone else "",
            manages=GROUPS.get(where) == who,
        )
        written = line.format(secret=SECRET[chat], n=n, token=self.tokens[token % len(self.tokens)])
        known = [words for own in (who, chat) for words in self.db.call(words_of, own)]

        reply = self.db.call(answer, caller, written)

        before, after = self.kept, self.db.call(everything)
        self.kept = after
        mine = {who} | ({where} if GROUPS.get(where) == who else set())
        # Pages of a shared chat's answers are kept for the chat, whoever asks.
        for owner in {*before, *after} - mine:
            assert before.get(owner, {}) == after.get(owner, {}), (owner, written)
        self._reads_only(reply, mine | {where}, " ".join([written, *known]))
        self.tokens += [
            part for action in reply.actions for part in action.command.split()[1:2] if len(part) > 8
        ]

    def _reads_only(self, reply: Document, seen: set[str], known: str) -> None:
        """Whatever is shown of others was typed, or stood in a subscription that was copied."""
        shown = markdown.render(reply)
        if reply.file is not None and isinstance(reply.file.content, bytes):
            shown += reply.file.content.decode()
        if known.startswith("start s_"):
            return  # a shared subscription is meant to be read
        for owner, word in SECRET.items():
            assert owner in seen or word in known or word not in shown, (owner, known)

    def teardown(self) -> None:
        if hasattr(self, "db"):
            self.db.close()
            self.folder.cleanup()


def everything(session: Session) -> dict[str, Any]:
    """Return all that is kept about each person and each shared chat's subscriptions."""
    kept: dict[str, Any] = {}
    for who in PEOPLE:
        person = persons.find(session, "fake", who)
        if person is not None:
            rows = persons.export(session, person)
            kept[who] = json.dumps(rows, default=str, sort_keys=True)
    for row, chat in session.execute(
        select(Subscription, Destination)
        .join(Destination, col(Destination.id) == col(Subscription.destination_id))
        .where(col(Destination.kind) == DestinationKind.GROUP)
    ):
        kept.setdefault(chat.address, {})[row.number] = (row.name, str(row.wish), row.paused_at, row.cadence)
    return kept


def words_of(session: Session, address: str) -> list[str]:
    """Return the words of a chat's subscriptions: a copied one brings another's along."""
    query = select(Subscription).join(Destination, col(Destination.id) == col(Subscription.destination_id))
    rows = session.execute(query.where(col(Destination.address) == address)).scalars()
    return [f"{row.name} {row.wish}" for row in rows]


def check(histories: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]  # hypothesis annotates all but this
        Ownership,
        settings=settings(
            max_examples=histories,
            stateful_step_count=100,
            deadline=None,
            phases=[Phase.generate],  # a failing history is long, and shrinking it takes minutes
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )


def test_nobody_reads_or_changes_what_is_of_others() -> None:
    check(8)


@pytest.mark.long
def test_nobody_reads_or_changes_what_is_of_others_whatever_they_try() -> None:
    check(100)
