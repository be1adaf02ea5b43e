"""Discord messages of documents: whatever a list says, nothing of it pings, links, styles or breaks anything."""

import re
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from notifier.chat import buttons
from notifier.chat.discord.menus import payload
from notifier.chat.discord.messenger import nonce
from notifier.chat.discord.render import LONGEST, LONGEST_URL, mentioned, render
from notifier.chat.telegram.render import render as on_telegram
from notifier.domain import compose
from notifier.domain.clean import NAME, TITLE, clean
from notifier.domain.compose import Digest, Entry, Why
from notifier.domain.document import Document
from notifier.domain.facts import Facts, WorkMode
from notifier.domain.posting import ListedOn, Opening
from notifier.services.commands import COMMANDS
from notifier.services.commands.declared import WISH_OPTIONS

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOSTILE = st.text(
    alphabet=st.sampled_from(list("ab @#<>&!:/t0123456789[]()*_~`|\\.-+\n\u2060\u202eé😀")), max_size=60
)


def a_job(number: int = 1, **values: Any) -> Opening:
    usual: dict[str, Any] = {
        "id": number,
        "key": str(number),
        "title": f"Python developer {number}",
        "company": f"Company {number}",
        "url": f"https://board.example/job/{number}/x",
        "location": "Berlin, Germany",
        "posted_on": date(2026, 3, 1),
        "first_seen": NOW,
        "facts": Facts(mode=WorkMode.REMOTE, skills=("python",)),
        "lists": (ListedOn(name="a-list", url="https://b.example/1", list_url="https://lists.example/a"),),
    }
    return Opening(**{**usual, **values})


def words(text: str) -> str:
    """Return Markdown as Discord shows it: without escapes, styles and the targets of links."""
    text = re.sub(r"\]\(https?://[^)]*\)", "]", text)
    text = re.sub(r"^(?:### |-# )", "", text, flags=re.MULTILINE)
    text = re.sub(r"(?<!\\)(?:\*\*|~~|\[|\]|_)", "", text)
    return " ".join(re.sub(r"\\(.)", r"\1", text).replace("\u2060", "").split())


def size(components: Any) -> tuple[int, int]:
    """Return how many components there are, and the characters of all their texts."""
    count = characters = 0
    for one in components:
        inner = size(one.get("components", ()))
        count += 1 + inner[0]
        characters += len(one.get("content", "")) + inner[1]
    return count, characters


@given(title=HOSTILE, company=HOSTILE, location=HOSTILE)
@example(
    "<@1> @everyone <@&2> <#3> <t:1:R> <:x:1> </jobs:1>", "[x](https://evil.example)", "https://evil.example"
)
@example("# heading", "-# small", "> quote\n- list\n1. list")
@example("`code` **bold** ||spoiler|| ~~gone~~ _it_", "\\", "`")
def test_nothing_from_a_list_means_anything(title: str, company: str, location: str) -> None:
    job = a_job(title=title, company=company, location=location)

    (message,) = render(compose.push(Entry(job), NOW, "en"))

    sent = message.payload()
    assert sent["allowed_mentions"] == {"parse": []}
    assert not re.search(r"<(?:@|#|t:|a?:|/|https?:)", message.text)
    masked = re.findall(r"(?<!\\)\]\((.*?)\)", message.text)
    assert set(masked) <= {job.url, "https://lists.example/a"}
    shown = words(message.text)
    for field, most in ((title, TITLE), (company, NAME)):
        assert " ".join(clean(field, most).replace("\u2060", "").split()) in shown


@given(st.lists(st.tuples(HOSTILE, st.integers(1, 900)), min_size=1, max_size=60))
def test_every_message_fits_and_holds_each_job_once(rows: list[tuple[str, int]]) -> None:
    jobs = [
        a_job(number, title=f"J{number} {title}", url=f"https://board.example/{number}/{'x' * length}")
        for number, (title, length) in enumerate(rows, 1)
    ]
    entries = [Entry(job, [Why(1, "python", {})]) for job in jobs]

    messages = render(compose.digest(Digest(on=NOW.date(), zone="UTC", entries=entries), "en"))

    for message in messages:
        count, characters = size(message.components)
        assert count <= 40
        assert characters <= LONGEST
    found = [int(it) for message in messages for it in re.findall(r"\[J(\d+) ?", message.text)]
    assert sorted(found) == list(range(1, len(jobs) + 1))


def test_a_link_too_long_for_a_button_stands_in_the_text() -> None:
    url = "https://board.example/" + "x" * 600

    (message,) = render(compose.push(Entry(a_job(url=url)), NOW, "en"))

    assert f"]({url})" in message.text
    assert not any(len(it.get("url", "")) > LONGEST_URL for it in flat(message.components))
    assert "Apply" not in [it.get("label") for it in flat(message.components)]


def test_what_a_button_carries_is_read_back() -> None:
    (message,) = render(compose.push(Entry(a_job(12)), NOW, "en"), about="1234567890123456789")

    carried = [it["custom_id"] for it in flat(message.components) if "custom_id" in it]
    assert all(len(it) <= 100 for it in carried)
    read = buttons.read(carried[0])
    assert read is not None
    assert (read.command, read.about) == ("save 12", "1234567890123456789")


def test_a_mention_pings_its_role_and_nothing_else_can() -> None:
    (message,) = render(compose.push(Entry(a_job(title="<@&5> @everyone")), NOW, "en"))

    assert mentioned(message, "<@&7>")["allowed_mentions"] == {"parse": [], "roles": ["7"]}
    assert mentioned(message, "@everyone")["allowed_mentions"] == {"parse": []}


def test_a_nonce_is_the_same_for_the_same_message() -> None:
    assert nonce("1 batch 0") == nonce("1 batch 0") != nonce("1 batch 1")
    assert len(nonce("1 batch 0")) <= 25


def test_both_platforms_show_the_same_words_in_the_same_order() -> None:
    documents: list[Document] = [
        compose.push(Entry(a_job(), [Why(1, "python", {})]), NOW, "en"),
        compose.grouped([Entry(a_job(number)) for number in range(1, 5)], NOW, "en"),
        compose.digest(Digest(on=NOW.date(), zone="UTC", entries=[Entry(a_job())], next_at=NOW), "en"),
    ]

    for document in documents:
        (discord,), (telegram,) = render(document), on_telegram(document)

        assert words(discord.text) == " ".join(telegram.text.replace("\u2060", "").split())


def test_both_platforms_offer_the_same_commands() -> None:
    offered = {it["name"]: it for it in payload() if it["type"] == 1}

    assert set(offered) == {name for name, found in COMMANDS.items() if found.is_listed}
    for name in ("jobs", "subscribe"):
        assert {it.name for it in WISH_OPTIONS} <= {it["name"] for it in offered[name]["options"]}
        assert not any(it["required"] for it in offered[name]["options"])
    actions = next(option for option in COMMANDS["feed"].options if option.name == "action").choices
    assert [it["name"] for it in offered["feed"]["options"]] == list(actions)
    assert all(len(it["description"]) <= 100 for it in offered.values())


def flat(components: Any) -> list[dict[str, Any]]:
    return [it for one in components for it in (one, *flat(one.get("components", ())))]
