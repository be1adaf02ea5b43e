"""Telegram messages of documents: whatever a list says, the text is what was cleaned and the links are ours."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from notifier.chat import buttons
from notifier.chat.telegram.render import LONGEST, LONGEST_CAPTION, MOST_ENTITIES, PAGE, Rendered, render
from notifier.domain import compose
from notifier.domain.clean import NAME, TITLE, clean, safe_link
from notifier.domain.compose import Digest, Entry, Why
from notifier.domain.document import Action, Block, BlockKind, Document, File, Span
from notifier.domain.facts import Facts, WorkMode
from notifier.domain.posting import ListedOn, Opening
from notifier.services.commands import answers
from tests.standin.rules import check_markup, cut, formatted, is_link, units
from tests.standin.spec import Json, Spec, Upload

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LIST = ListedOn(name="a-list", url="https://board.example/job/1/x", list_url="https://lists.example/a")
SPEC = Spec()
CALLBACK_BYTES = 64


def a_job(number: int = 1, **values: object) -> Opening:
    usual = Opening(
        id=number,
        key=str(number),
        title=f"Python developer {number}",
        company=f"Company {number}",
        url=f"https://board.example/job/{number}/x",
        location="Berlin, Germany",
        posted_on=date(2026, 3, 1),
        first_seen=NOW,
        facts=Facts(mode=WorkMode.REMOTE, skills=("python",)),
        lists=(LIST,),
    )
    return replace(usual, **values)  # type: ignore[arg-type]


def a_digest(jobs: Sequence[Opening], why: Sequence[Why] = (Why(1, "python", {}),)) -> Document:
    entries = [Entry(job, why) for job in jobs]
    return compose.digest(Digest(on=NOW.date(), zone="UTC", entries=entries), "en")


# -- what Telegram makes clickable by itself --------------------------------------------------------
# Told from TDLib's rules (find_mentions, find_bot_commands, …), which the server runs over every text.

CLICKABLE = {
    "mention": re.compile(r"(?<!\w)@[A-Za-z0-9_]{2,32}(?!\w)"),
    "command": re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?![\w/<>])"),
    "hashtag": re.compile(r"(?<![\w\u200c])#(?=\w*[^\W\d])\w{1,256}(?![\w#])"),
    "e-mail": re.compile(r"[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"),
    "url": re.compile(
        # A scheme, four numbers, or a domain: a client knows the real endings, here any two letters are one.
        r"(?i)(?<![\w])(?:https?|ftp|tg|ton|tonsite)://[^\s\u2060]"
        r"|(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!\.)|(?![\w.]))){4}"
        r"|[^\s\x00-/:-@\[-`{-\xbf\u2000-\u206f]\.[^\W\d_]{2,}"
    ),
    "cashtag": re.compile(r"(?<![\w$])\$[A-Z]{1,8}(?![\w$])"),
    "bank card": re.compile(r"(?<![\w])(?:\d[ -]?){12,18}\d(?![\w])"),
}


def clickable(text: str) -> list[str]:
    """Return what a client would make clickable in a text without entities of ours."""
    return [f"{kind} {found[0]!r}" for kind, rule in CLICKABLE.items() for found in rule.finditer(text)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ask @name now", "mention"),
        ("use /start now", "command"),
        ("€/hour", "command"),
        ("C#/F# developer", "command"),
        ("a #python job", "hashtag"),
        ("a ##python job", "hashtag"),
        ("write to jobs@evil.example", "e-mail"),
        ("see https://evil.example/x", "url"),
        ("see tg://resolve?domain=x", "url"),
        ("see www.evil.example", "url"),
        ("see evil.com", "url"),
        ("see 😀.com", "url"),
        ("ping 127.0.0.1:8080/x", "url"),
        ("paid in $BTC", "cashtag"),
        ("4242 4242 4242 4242", "bank card"),
    ],
)
def test_the_detector_sees_what_telegram_makes_clickable(text: str, kind: str) -> None:
    assert any(found.startswith(kind) for found in clickable(text))


@pytest.mark.parametrize(
    "text",
    [
        "and/or",
        "C# developer",
        "a@\u2060name",
        "Node.\u2060js",
        "3.5 years",
        "$100k",
        "24/7",
        "v1.2.3",
        "a$B",
    ],
)
def test_the_detector_lets_pass_what_telegram_leaves_alone(text: str) -> None:
    assert clickable(text) == []


@pytest.mark.parametrize(
    "title",
    [
        "Developer @name #tag /start",
        "https://evil.example www.evil.example evil.com jobs@evil.example",
        "C#/F# developer",
        "Developer, 60 €/hour",
        "##python",
        "Node.js, ASP.NET and Vue.js",
        "10.0.0.1 network engineer",
        "😀.com engineer",
        "$BTC trader",
        "call 4242 4242 4242 4242",
        "<b>bold</b> **bold** [x](https://evil.example) `code`",
    ],
)
def test_nothing_in_a_title_can_be_clicked(title: str) -> None:
    document = compose.push(Entry(a_job(title=title)), NOW, "en")

    (message,) = render(document)

    assert clickable(outside(message)) == []


def outside(message: Rendered) -> str:
    """Return the text without the names of commands that we wrote ourselves."""
    return re.sub(r"(?<!\S)/(?:unsubscribe|edit|widen|start)\b", "command", message.text)


# -- any text -----------------------------------------------------------------------------------------

FRAGMENTS = [
    *"@name #tag /start @@ ## // C#/F# €/hour $BTC $100k 10.0.0.1 www. .com evil.com https:// tg:// a@b.com".split(),
    *"👩‍💻 🇩🇪 😀 é ﷽ שלום مرحبا 日本語 <b> </b> & ** __ [x](y) ` ~~ | \\ _ * . : ( )".split(),
    *[
        "\u202e",
        "\u200b",
        "\u200d",
        "\ufeff",
        "\u2060",
        "\ud83d",
        "\ude00",
        "\n",
        "\t",
        "\x00",
        " ",
        "a\u0301\u0302\u0303",
    ],
]
hostile = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join),
    st.lists(st.sampled_from(FRAGMENTS), max_size=12).map(" ".join),
    st.text("x😀 ", min_size=250, max_size=400),
)
addresses = st.one_of(
    st.just("https://board.example/job/1/x"),
    st.sampled_from(
        [
            "",
            "javascript:alert(1)",
            "http://intranet/job",
            "https://user:pass@evil.example/",
            "https://board.example/Ünï?q=a b",
            "https://board.example/" + "x" * 3_000,
            "tg://resolve?domain=x",
        ]
    ),
    st.text(max_size=20).map("https://board.example/{}".format),
)
jobs = st.builds(
    a_job,
    st.integers(1, 10**9),
    title=hostile.filter(lambda words: clean(words) != ""),
    company=hostile,
    location=hostile,
    pay=hostile,
    url=addresses,
    closed_at=st.sampled_from([None, None, NOW]),
    lists=st.sampled_from([(), (LIST,), (replace(LIST, name="https://evil.com", attribution="by @name"),)]),
)
reasons = st.lists(st.builds(Why, st.integers(1, 99), hostile, st.just({})), max_size=2)
languages = st.sampled_from(["en", "de", "es"])


def fields(job: Opening) -> list[str]:
    """Return what a person must be able to read of a job."""
    return [clean(job.title, TITLE), clean(job.company, NAME)]


def check(messages: Sequence[Rendered], ours: set[str]) -> None:
    """Fail unless Telegram would take each message as it is, and only links of ours can be clicked."""
    for message in messages:
        entities = [it.to_dict() for it in message.entities]
        text, kept = formatted(message.text, None, entities, limit=LONGEST)
        assert (text, kept) == (message.text, entities)
        assert 0 < units(text) <= LONGEST
        assert len(entities) <= MOST_ENTITIES
        assert text.encode("utf-8", "strict")  # no half of a surrogate pair
        for entity in entities:
            covered = cut(text, entity["offset"], entity["length"])
            assert covered == covered.strip() != ""
            assert entity["type"] in ("text_link", "bold", "italic", "strikethrough", "code")
        assert {it["url"] for it in entities if it["type"] == "text_link"} <= ours
        markup = message.keyboard.to_dict() if message.keyboard else None
        check_markup(markup, "private")
        check_keyboard(message, ours)
        params: Json = {"chat_id": 1, "text": text, "entities": entities}
        if markup:
            params["reply_markup"] = markup
        given = {name: json.dumps(value) if name != "text" else value for name, value in params.items()}
        assert SPEC.read("sendMessage", given)[1] == []


def check_keyboard(message: Rendered, ours: set[str]) -> None:
    if not isinstance(message.keyboard, InlineKeyboardMarkup):
        return
    rows = message.keyboard.inline_keyboard
    assert sum(map(len, rows)) <= 100
    assert all(0 < len(row) <= 8 for row in rows)
    for button in (button for row in rows for button in row):
        assert button.text.strip()
        if button.url is not None:
            assert button.url in ours and is_link(button.url)
        else:
            assert isinstance(button.callback_data, str)
            assert len(button.callback_data.encode()) <= CALLBACK_BYTES
            assert buttons.read(button.callback_data) is not None


def ours(*jobs: Opening) -> set[str]:
    links = [job.url for job in jobs] + [listed.list_url for job in jobs for listed in job.lists]
    return {safe_link(link) for link in links if safe_link(link)}


@settings(max_examples=150)
@given(job=jobs, why=reasons, locale=languages, shared=st.booleans())
@example(job=a_job(url="http://intranet/job"), why=[], locale="en", shared=False)
def test_a_push_says_what_was_cleaned(job: Opening, why: list[Why], locale: str, shared: bool) -> None:
    document = compose.push(Entry(job, why), NOW, locale, shared=shared)

    messages = render(document, shared=shared)

    (message,) = messages
    lines = message.text.split("\n")
    assert lines[0].rstrip() == clean(job.title, TITLE).rstrip()
    if company := clean(job.company, NAME):
        assert lines[1].startswith(company)
    assert message.text == words(document.blocks)
    check(messages, ours(job))


@settings(max_examples=150)
@given(job=jobs, why=reasons, locale=languages)
def test_nothing_from_a_list_can_be_clicked(job: Opening, why: list[Why], locale: str) -> None:
    document = compose.push(Entry(job, why), NOW, locale)

    messages = render(document)

    assert [found for message in messages for found in clickable(outside(message))] == []


@settings(max_examples=60)
@given(
    found=st.lists(jobs, min_size=2, max_size=40),
    why=reasons,
    locale=languages,
    shared=st.booleans(),
    as_digest=st.booleans(),
)
def test_many_jobs_are_whole_items_in_their_order(
    found: list[Opening], why: list[Why], locale: str, shared: bool, as_digest: bool
) -> None:
    entries = [Entry(job, why) for job in found]
    if as_digest:
        document = compose.digest(Digest(on=NOW.date(), zone="UTC", entries=entries), locale)
    else:
        document = compose.grouped(entries, NOW, locale)

    messages = render(document, shared=shared)

    assert items("\n".join(it.text for it in messages)) == items(words(document.blocks))
    for message in messages:
        check([message], ours(*found))
        assert len(items(message.text)) <= PAGE.items
    shown = "\n".join(it.text for it in messages)
    for job in found:
        assert all(words in shown for words in fields(job))


@settings(max_examples=40)
@given(found=st.lists(jobs, min_size=2, max_size=60), why=reasons, locale=languages)
def test_the_pages_that_a_person_turns_hold_each_item_once(
    found: list[Opening], why: list[Why], locale: str
) -> None:
    document = compose.grouped([Entry(job, why) for job in found], NOW, locale)

    turned = [render(page) for page in every_page(document)]

    assert all(len(messages) == 1 for messages in turned)
    texts = [messages[0].text for messages in turned]
    assert items("\n".join(texts)) == items(words(document.blocks))
    for messages in turned:
        check(messages, ours(*found))


def every_page(document: Document) -> Iterator[Document]:
    """Yield the pages as a person turns them."""
    number = 1
    while True:
        page = answers.page(document, number, "x" * 32, PAGE)
        yield page
        if not any(action.label.startswith(answers.ON) for action in page.actions):
            return
        number += 1


def words(blocks: Sequence[Block]) -> str:
    """Return the words of a document as Telegram's clients should show them: blocks apart, items indented."""
    text = ""
    before: Block | None = None
    for block in blocks:
        if before is not None:
            is_apart = block.kind is BlockKind.HEADING or (
                before.kind is BlockKind.ITEM and block.kind is not BlockKind.ITEM
            )
            text += "\n\n" if is_apart else "\n"
        said = "".join(span.text for span in block.spans)
        if block.kind is BlockKind.ITEM:
            said = said.replace("\n", "\n    ")
        text += said if block.number is None else f"{block.number}. {said}"
        before = block
    return text.rstrip()


def items(text: str) -> list[str]:
    """Return the items of a text: a numbered line and the indented ones below it."""
    found: list[list[str]] = []
    is_open = False
    for line in text.split("\n"):
        if re.match(r"\d+\. |\d+\.$", line):
            found.append([line.rstrip()])
            is_open = True
        elif is_open and line.startswith("    "):
            found[-1].append(line.rstrip())
        else:
            is_open = False
    return ["\n".join(lines).rstrip() for lines in found]


# -- examples -------------------------------------------------------------------------------------------


def test_a_digest_of_ten_jobs_is_one_message() -> None:
    messages = render(a_digest([a_job(number) for number in range(1, 11)]))

    (message,) = messages
    assert len(items(message.text)) == 10
    assert [button.text for row in keyboard(message)[:2] for button in row] == [*map(str, range(1, 11))]
    check(messages, ours(*(a_job(number) for number in range(1, 11))))


def test_a_hundred_long_titles_are_several_messages() -> None:
    found = [a_job(number, title=f"{'Senior ' * 40}developer {number}") for number in range(1, 101)]

    messages = render(a_digest(found), shared=True)

    assert len(messages) >= 10
    assert sum(len(items(message.text)) for message in messages) == 100
    assert all(message.keyboard is None for message in messages)
    check(messages, ours(*found))


def test_actions_stand_under_the_last_of_several_messages_and_each_opens_its_own_jobs() -> None:
    found = [a_job(number) for number in range(1, 13)]
    document = replace(a_digest(found), actions=(Action("More", command="jobs python"),))

    messages = render(document)

    labels = [[it.text for row in message.keyboard.inline_keyboard for it in row] for message in messages]
    assert labels == [[str(number) for number in range(1, 11)], ["11", "12", "More"]]


def test_a_keyboard_never_holds_more_than_telegram_takes() -> None:
    blocks = [
        Block((Span(f"Line {number}"),), BlockKind.ITEM, number, opens=f"job {number}")
        for number in range(400)
    ]
    actions = [Action(f"Action {number}", command=f"jobs {number}") for number in range(200)]

    messages = render(Document(tuple(blocks), tuple(actions)))

    check(messages[-1:], set())


def test_a_file_goes_with_a_caption() -> None:
    document = Document((Block((Span("Your digest"),)),), file=File("digest.md", a_digest([a_job()])))

    (message,) = render(document)

    assert message.text == "Your digest"
    assert message.file is not None
    assert message.file.name == "digest.md"
    assert "https://board.example/job/1/x" in message.file.content.decode()
    assert accepted_as_caption(message)


def test_a_caption_is_cut_where_telegram_takes_no_more() -> None:
    document = Document((Block((Span("😀" * 900, bold=True),)),), file=File("a.md", b"x"))

    (message,) = render(document)

    assert units(message.text) <= LONGEST_CAPTION
    assert message.text.endswith("…")
    assert accepted_as_caption(message)


def accepted_as_caption(message: Rendered) -> bool:
    assert message.file is not None
    entities = [it.to_dict() for it in message.entities]
    formatted(message.text, None, entities, limit=LONGEST_CAPTION)
    params = {
        "chat_id": 1,
        "document": Upload(message.file.name, message.file.content),
        "caption": message.text,
        "caption_entities": entities,
    }
    return SPEC.read("sendDocument", params)[1] == []


@pytest.mark.parametrize("letter", ["x", "😀", "é"])
def test_a_block_longer_than_a_message_is_cut(letter: str) -> None:
    document = Document((Block((Span(letter * 9_000, bold=True, link="https://board.example/x"),)),))

    messages = render(document)

    (message,) = messages
    assert LONGEST - 2 <= units(message.text) <= LONGEST
    assert message.text.endswith(f"{letter}…")
    check(messages, {"https://board.example/x"})


def test_a_host_without_a_dot_gets_neither_a_button_nor_a_link() -> None:
    job = a_job(url="http://intranet/job/1")

    messages = render(compose.push(Entry(job), NOW, "en"))

    check(messages, ours(job))
    assert "Apply" not in str(keyboard(messages[0]))
    assert [it.url for it in messages[0].entities if it.url] == [LIST.list_url]


def test_of_too_many_entities_the_links_are_kept() -> None:
    spans = [Span(f"{number} ", link=f"https://board.example/{number}", bold=True) for number in range(80)]

    (message,) = render(Document((Block(tuple(spans)),)))

    assert len(message.entities) == MOST_ENTITIES
    assert sum(it.type == "text_link" for it in message.entities) == 80


def test_a_closed_job_is_struck_through_and_has_no_apply_button() -> None:
    job = a_job(closed_at=NOW - timedelta(days=1))

    (message,) = render(compose.push(Entry(job), NOW, "en"))

    struck = [it for it in message.entities if it.type == "strikethrough"]
    assert [cut(message.text, it.offset, it.length) for it in struck] == ["Python developer 1"]
    assert not any(button.url for row in keyboard(message) for button in row)


def test_a_shared_chat_gets_no_buttons_that_one_would_press_for_all() -> None:
    found = [a_job(number) for number in range(1, 6)]

    (message,) = render(a_digest(found), shared=True)

    assert message.keyboard is None


def test_buttons_about_another_chat_say_so() -> None:
    document = compose.push(Entry(a_job()), NOW, "en")

    (message,) = render(document, about="-1001234567890123")

    data = [button.callback_data for row in keyboard(message) for button in row if button.callback_data]
    assert {buttons.read(str(it)).about for it in data} == {"-1001234567890123"}  # type: ignore[union-attr]


def test_a_command_of_the_longest_kind_fits_with_the_chat_it_is_about() -> None:
    document = Document((Block((Span("x"),)),), (Action("Press", command="x" * 44),))

    messages = render(document, about="-" + "9" * 16)  # a chat's number has at most 52 bits

    check(messages, set())


@pytest.mark.parametrize(
    "data", [None, "", "2job 1", "1", "1 ", "1@abc job 1", "1@-1job 1", "job 1", "1\njob"]
)
def test_forged_or_old_buttons_mean_nothing(data: str | None) -> None:
    found = buttons.read(data)

    assert found is None or found.about == ""
    assert found is None or data == "1@abc job 1" or data == "1@-1job 1"


def keyboard(message: Rendered) -> list[list[InlineKeyboardButton]]:
    assert isinstance(message.keyboard, InlineKeyboardMarkup)
    return [list(row) for row in message.keyboard.inline_keyboard]
