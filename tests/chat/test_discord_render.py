"""Discord messages of documents: whatever a list says, nothing of it pings, links, styles or breaks anything."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from telegram import InlineKeyboardMarkup

from notifier.chat import buttons
from notifier.chat.discord.menus import payload
from notifier.chat.discord.messenger import nonce
from notifier.chat.discord.render import LONGEST, LONGEST_URL, mentioned, render
from notifier.chat.telegram.render import Rendered as OnTelegram
from notifier.chat.telegram.render import render as on_telegram
from notifier.domain import compose
from notifier.domain.clean import NAME, TITLE, clean
from notifier.domain.compose import Digest, Entry, Why
from notifier.domain.document import Action, Block, Document, Span
from notifier.domain.facts import Facts, WorkMode
from notifier.domain.filters import UNSTATED
from notifier.domain.posting import ListedOn, Opening
from notifier.domain.texts import LANGUAGES
from notifier.services.commands import COMMANDS, Audience, Caller, answer
from notifier.services.commands.declared import WISH_OPTIONS
from notifier.store.database import Database
from tests.conftest import Clock
from tests.road import Road, postings
from tests.standin.discord.rules import check_message

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
    text = re.sub(r"(?<!\\)(?:\*\*|~~|\[|\]|_|`)", "", text)
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


def active(text: str) -> str:
    """Return what of a text Discord gives a meaning: its marks without escaped ones and the targets of links."""
    text = re.sub(r"\]\(https?://[^)]*\)", "](…)", text)
    text = re.sub(r"\\.", "", text, flags=re.DOTALL).replace("<\u2060", "")
    marks = "".join(re.findall(r"[*_~|`\[\]()#<]", text))
    starts = [found[0] for line in text.split("\n") if (found := re.match(r"(?:[-+*>#]|\d+\.)\s", line))]
    return "\n".join([marks, *starts])


@given(title=HOSTILE, company=HOSTILE, location=HOSTILE, name=HOSTILE)
@example("<:x:1> <a:y:2> </jobs:1> <id:browse> <+1234>", "-# small", "1. one", ">>> all")
@example("```py\ncode```", "||spoiler||", "# heading", "[x](<https://evil.example>)")
def test_what_a_list_says_has_the_marks_of_plain_words(
    title: str, company: str, location: str, name: str
) -> None:
    """Word for word it is styled, linked and divided as harmless words are, in all three shapes."""

    def shapes(*values: str) -> list[str]:
        called, by, where, listed = values
        job = a_job(title=called, company=by, location=where)
        job = replace(job, lists=(replace(job.lists[0], name=listed),))
        (message,) = render(compose.push(Entry(job, [Why(1, listed, {})]), NOW, "en"))
        plain = "\n".join(it["content"] for it in message.plain())
        return [message.text, message.embed()["embeds"][0]["description"], plain]

    def harmless(text: str) -> str:
        return "x" if clean(text) else ""

    given_ = (title, company, location, name)
    assert [active(it) for it in shapes(*given_)] == [active(it) for it in shapes(*map(harmless, given_))]
    for text in shapes(*given_):
        assert not re.search(r"@(?:everyone|here|&?\d)|<(?:@|#|t:|a?:|/|id:|\+|https?:)", text)
        without_links = re.sub(r"\]\(https?://[^)]*\)", "]", text)
        assert not re.search(r"(?i)\b(?:https?|mailto|ftp)://?\S", without_links)


@pytest.mark.parametrize("start", ["- ", "+ ", "* ", "> ", ">>> ", "# ", "-# ", "1. ", "12. "])
def test_no_words_begin_a_list_a_quotation_or_a_heading(start: str) -> None:
    """Where they are the first of a line, with nothing of ours before them."""
    (message,) = render(Document((Block((Span(f"{start}one\n{start}two"),)),)))

    assert active(message.text) == active("one\ntwo")
    assert words(message.text) == " ".join(f"{start}one {start}two".split())


@given(
    title=HOSTILE,
    company=HOSTILE,
    length=st.integers(1, 1_900),
    about=st.sampled_from(["", "9" * 20]),
    mode=st.sampled_from(WorkMode),
    language=st.sampled_from(LANGUAGES),
)
def test_every_message_is_one_that_discord_takes(
    title: str, company: str, length: int, about: str, mode: WorkMode, language: str
) -> None:
    """Checked by the stand-in's own rules: lengths, kinds, addresses and ids of every part."""
    jobs = [
        a_job(n, title=title, company=company, url=f"https://b.example/{n}/{'x' * length}") for n in (1, 2)
    ]
    jobs = [replace(job, facts=Facts(mode=mode), key=str(job.id)) for job in jobs]
    entries = [Entry(job, [Why(1, title, {})]) for job in jobs]
    documents = [
        compose.push(entries[0], NOW, language),
        compose.grouped(entries, NOW, language, shared=True),
        compose.digest(Digest(on=NOW.date(), zone="UTC", entries=entries, next_at=NOW), language),
    ]

    for document in documents:
        for message in render(document, about=about):
            for payload_ in (message.payload(), message.embed(), *message.plain()):
                made = mentioned(payload_, "<@&1234567890123456789>")
                assert check_message(made) == []
                assert check_message(payload_) == []
                assert made.get("content", "").endswith(payload_.get("content", ""))
            for one in flat(message.components):
                assert len(one.get("custom_id", "")) <= 100
                assert all(len(it["value"]) <= 100 for it in one.get("options", ()))
        shown = document.title[:100].strip()
        assert shown or (not clean(title) and not clean(company))


@given(st.text(min_size=1, max_size=44).filter(lambda text: len(text.encode()) <= 44 and text.strip()))
def test_whatever_a_button_may_carry_fits_into_its_id(command: str) -> None:
    """In a message about another chat too, and under a label of any length."""
    document = Document((Block((Span("x"),)),), (Action("word " * 40, command=command),))

    (message,) = render(document, about="9" * 20)

    (button,) = (it for it in flat(message.components) if "custom_id" in it)
    assert len(button["custom_id"]) <= 100
    assert 0 < len(button["label"]) <= 80


def test_a_link_that_no_message_holds_leaves_its_words() -> None:
    """Two thousand characters are less than an address may have."""
    url = f"https://board.example/{'x' * 2_000}"

    (message,) = render(compose.push(Entry(a_job(url=url)), NOW, "en"))
    plain = [it["content"] for it in message.plain()]

    assert all(len(it) <= 2_000 for it in plain)
    assert "Python developer 1" in "".join(plain)


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


def test_the_colour_of_a_message_says_the_mode_of_its_job() -> None:
    def colour(mode: WorkMode) -> int | None:
        (message,) = render(compose.push(Entry(a_job(facts=Facts(mode=mode))), NOW, "en"))
        assert message.embed()["embeds"][0].get("color") == message.components[0].get("accent_color")
        return message.components[0].get("accent_color")

    remote, hybrid, onsite, unknown = map(
        colour, (WorkMode.REMOTE, WorkMode.HYBRID, WorkMode.ONSITE, WorkMode.UNKNOWN)
    )
    assert len({remote, hybrid, onsite}) == 3
    assert unknown is None


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

    assert mentioned(message.payload(), "<@&7>")["allowed_mentions"] == {"parse": [], "roles": ["7"]}
    assert mentioned(message.payload(), "@everyone")["allowed_mentions"] == {"parse": []}


def test_a_nonce_is_the_same_for_the_same_message() -> None:
    assert nonce("1 batch 0") == nonce("1 batch 0") != nonce("1 batch 1")
    assert len(nonce("1 batch 0")) <= 25


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_platforms_show_the_same_words_in_the_same_order(language: str) -> None:
    closed = a_job(closed_at=NOW)
    documents: list[Document] = [
        compose.push(Entry(a_job(), [Why(1, "python", {})]), NOW, language),
        compose.push(Entry(closed, [Why(1, "python", {"pay": (UNSTATED,)})]), NOW, language, shared=True),
        compose.card(a_job(), NOW, language),
        compose.grouped([Entry(a_job(number)) for number in range(1, 5)], NOW, language),
        compose.digest(
            Digest(on=NOW.date(), zone="UTC", entries=[Entry(a_job())], leaving=[a_job(2)], next_at=NOW),
            language,
        ),
    ]

    for document in documents:
        same(document)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_answer_is_the_same_on_both_platforms(
    language: str, tmp_path: Path, clock: Clock
) -> None:
    """Each command's example, and some that are wrong; words and labels, in order."""
    db = Database(f"sqlite:///{tmp_path}/notifier.db")
    db.migrate()
    road = Road(db, clock)
    await road.add_list()
    await road.read(postings(*range(1, 5)))
    caller = Caller(platform="fake", address="ann", user_id="ann", now=clock.now, locale=language)
    lines = [found.example for found in COMMANDS.values() if found.audience is Audience.EVERYONE]

    for asked in (*lines, "help", "subscriptions", "subscribe xyzzy", "jobs in:georgia", "frobnicate"):
        same(db.call(answer, caller, asked))
    db.close()


def same(document: Document) -> None:
    """Fail unless both platforms show the document with the same words and buttons, in the same order."""
    messages, others = render(document), on_telegram(document)
    assert words("\n".join(it.text for it in messages)) == " ".join(
        "\n".join(it.text for it in others).replace("\u2060", "").split()
    )
    shown = [it["label"] for message in messages for it in flat(message.components) if it["type"] == 2]
    assert shown == labels(others)


def labels(messages: Sequence[OnTelegram]) -> list[str]:
    """Return what the buttons say, but for the numbers that open a job: Discord has a menu for them."""
    found = [
        button.text
        for message in messages
        if isinstance(message.keyboard, InlineKeyboardMarkup)
        for row in message.keyboard.inline_keyboard
        for button in row
    ]
    return [label for label in found if not label.isdecimal()]


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
