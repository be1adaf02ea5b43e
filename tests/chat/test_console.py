"""The terminal: documents as text for people, numbers that mean one thing, nothing that a terminal obeys."""

import re
import stat
import unicodedata
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from notifier.chat.console import ConsoleMessenger, Look, Screen, look
from notifier.domain.clean import safe_link
from notifier.domain.document import Action, Block, BlockKind, Document, File, Span
from notifier.domain.ports import Recipient, Sent

PLAIN = Look()
FULL = Look(styles=True, links=True)
URL = "https://board.example/job/7"
# What we write ourselves: styles, and links around printable ASCII.
OURS = re.compile(r"\x1b\[[0-9;]+m|\x1b\]8;;[!-~]*\x1b\\")


class Shown:
    """A screen, and what it wrote."""

    def __init__(self, how: Look = PLAIN, **options: Any) -> None:
        self.texts: list[str] = []
        self.screen = Screen(self.texts.append, how, **options)

    def answer(self, document: Document) -> str:
        self.texts.clear()
        self.screen.answer(document, "en")
        return "\n".join(self.texts)

    def message(self, document: Document) -> str:
        self.texts.clear()
        self.screen.message(document, "to you", "en")
        return "\n".join(self.texts)

    def typed(self, line: str) -> str:
        """Return the command that a line means, or what was written about it."""
        self.texts.clear()
        return self.screen.meant(line, "en") or "\n".join(self.texts)


def job(number: int | None, opens: str = "") -> Block:
    spans = (Span("Python dev", link=URL, bold=True), Span("\n"), Span("Acme"))
    return Block(spans, BlockKind.ITEM, number, opens)


JOBS = Document(
    (
        Block((Span("2 open jobs", bold=True),), BlockKind.HEADING),
        job(1, "job 71"),
        job(2, "job 72"),
        Block((Span("small print"),), BlockKind.NOTE),
    ),
    (Action("Apply", url=URL), Action("▶ 2/2", command="page abc 2")),
)


# -- what people see ----------------------------------------------------------------------------


def test_without_a_terminal_text_is_plain_and_links_stand_in_full() -> None:
    """No Markdown, no escapes: what a pipe or a file gets reads well too."""
    assert Shown().answer(JOBS).splitlines() == [
        "2 open jobs",
        f" 1. Python dev ({URL})",
        "    Acme",
        f" 2. Python dev ({URL})",
        "    Acme",
        "",
        "small print",
        f"[3] Apply ({URL})   [4] ▶ 2/2",
    ]


def test_a_terminal_shows_bold_and_links_behind_words() -> None:
    """Styles end where they began, and the link is no part of the text."""
    shown = Shown(FULL).answer(JOBS)

    assert "\x1b[1m2 open jobs\x1b[0m" in shown
    assert f"\x1b]8;;{URL}\x1b\\Python dev\x1b]8;;\x1b\\" in shown
    assert " 1. Python dev\n    Acme" in OURS.sub("", shown)
    assert shown.count("\x1b[0m") == len(re.findall(r"\x1b\[[1-9]", shown))


def test_every_style_has_its_code() -> None:
    """Bold, italic and struck through may come together; code is code by its words."""
    span = Span("x", bold=True, italic=True, strike=True)

    assert Shown(FULL).answer(Document((Block((span,)),))) == "\x1b[1;3;9mx\x1b[0m\n"
    assert Shown(Look(styles=True)).answer(Document((Block((Span("x", link=URL),)),))) == f"x ({URL})\n"


def test_who_wants_no_styles_gets_none() -> None:
    """A pipe, NO_COLOR and a dumb terminal are plain; the Linux console has no links."""
    xterm = {"TERM": "xterm-256color"}

    assert look(True, xterm) == FULL
    assert look(False, xterm) == look(True, {}) == look(True, {"TERM": "dumb"}) == Look()
    assert look(True, {**xterm, "NO_COLOR": "1"}) == Look()
    assert look(True, {"TERM": "linux"}) == Look(styles=True)


def test_lines_of_actions_break_between_them() -> None:
    """The terminal wraps the rest; a number and its label stay together."""
    actions = tuple(Action(f"🔕 Mute company {n}", command="mute 1") for n in range(9))

    lines = Shown().answer(Document((), actions)).splitlines()

    assert len(lines) == 3 and all(line.startswith("[") and len(line) <= 80 for line in lines)


def test_who_cannot_type_sees_no_numbers_of_actions() -> None:
    """The demo shows what stands below a message, not how to press it."""
    shown = Shown(numbers=False)

    assert shown.answer(JOBS).endswith(f"Apply ({URL})   ▶ 2/2\n")
    assert " 1. Python dev" in shown.message(JOBS) and " 1. Python dev" in shown.message(JOBS)


# -- numbers ------------------------------------------------------------------------------------


def test_a_number_does_what_stands_at_it() -> None:
    """Items open by their own number, what else can be done is numbered on; of a link its address is shown."""
    shown = Shown()
    shown.answer(JOBS)

    assert shown.typed("2") == "job 72"
    assert shown.typed("4") == "page abc 2"
    assert shown.typed("3") == f"Apply: {URL}"
    assert shown.typed("5") == "Nothing stands at 5."
    assert shown.typed("0") == "Nothing stands at 0."
    assert shown.typed("jobs 4") == "jobs 4"
    assert shown.typed("²") == "²"


def test_items_that_open_without_a_number_get_one() -> None:
    """Subscriptions and reports open too; lines that do not open have none."""
    shown = Shown()
    settings = Block((Span("zone: UTC"),), BlockKind.ITEM)

    assert (
        shown.answer(Document((job(None, "subscriptions show 4"), settings)))
        .splitlines()[0]
        .startswith(" 1. ")
    )
    assert shown.typed("1") == "subscriptions show 4"
    assert shown.answer(Document((settings,))) == "  zone: UTC\n"
    assert shown.typed("1") == "Nothing stands at 1."


def test_what_comes_meanwhile_takes_no_number_away() -> None:
    """A push is numbered on after the answer that somebody is about to pick from; the next answer begins anew."""
    shown = Shown()
    shown.answer(JOBS)

    pushed = shown.message(JOBS)

    assert pushed.splitlines()[0] == "──── to you ────"
    assert " 5. Python dev" in pushed and "[8] ▶ 2/2" in pushed
    assert shown.typed("1") == "job 71" and shown.typed("5") == "job 71" and shown.typed("8") == "page abc 2"
    shown.answer(Document((Block((Span("Saved"),)),), (Action("Undo", command="unmark 71"),)))
    assert shown.typed("1") == "unmark 71" and shown.typed("5") == "Nothing stands at 5."


def test_numbers_stay_short_however_many_messages_come() -> None:
    """After a night of pushes they begin anew."""
    shown = Shown()

    last = [re.findall(r"\[(\d+)\]", shown.message(JOBS))[-1] for _ in range(200)]

    assert max(map(int, last)) <= 99


@given(
    st.lists(st.tuples(st.none() | st.integers(-2, 12), st.sampled_from(["", "job 1"])), max_size=8),
    st.integers(0, 4),
)
def test_no_number_stands_twice(items: list[tuple[int | None, str]], actions: int) -> None:
    """Whatever numbers a document gives its items, and however often."""
    shown = Shown()
    blocks = [Block((Span("x"),), BlockKind.ITEM, number, opens) for number, opens in items]
    document = Document(blocks, [Action("y", command="help")] * actions)

    seen = re.findall(
        r"^ *(\d+)\. |\[(\d+)\]", shown.answer(document) + shown.message(document), re.MULTILINE
    )

    numbers = [int(one or other) for one, other in seen]
    assert len(numbers) == len(set(numbers))
    assert (
        sum(shown.typed(str(n)) in ("job 1", "help") for n in numbers)
        == len([opens for _, opens in items if opens] * 2) + 2 * actions
    )


# -- files --------------------------------------------------------------------------------------


def carrying(name: str, content: bytes | Document) -> Document:
    return Document((Block((Span("Here it is."),)),), file=File(name, content))


def test_a_file_is_written_under_a_free_name(tmp_path: Path) -> None:
    """Nothing is overwritten; only its owner reads it, and its name is said."""
    shown = Shown(folder=tmp_path)

    said = [shown.answer(carrying("export.json", b"{}")) for _ in range(3)]

    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        *("export-2.json", "export-3.json", "export.json"),
    ]
    assert "Written to export.json" in said[0] and "Written to export-3.json" in said[2]
    assert stat.S_IMODE((tmp_path / "export.json").stat().st_mode) == 0o600


def test_a_document_becomes_a_markdown_file(tmp_path: Path) -> None:
    """A digest as a file is CommonMark, with its links."""
    Shown(folder=tmp_path).answer(carrying("digest.md", JOBS))

    assert f"1. **[Python dev]({URL})**" in (tmp_path / "digest.md").read_text("utf-8")


def test_a_file_stays_in_its_folder_whatever_it_is_called(tmp_path: Path) -> None:
    """No name leads out of the folder, hides or breaks the line."""
    home = tmp_path / "home"
    home.mkdir()
    shown = Shown(folder=home)

    for name in ("../../etc/passwd", "/etc/passwd", ".bashrc", "..", "", "a\x1b[31m\nb.md", "x" * 500):
        shown.answer(carrying(name, b"x"))

    assert len(list(home.iterdir())) == 7 and list(tmp_path.iterdir()) == [home]
    assert all(re.fullmatch(r"[\w-][\w.…-]*", path.name) for path in home.iterdir())


def test_a_folder_that_takes_no_file_is_said(tmp_path: Path) -> None:
    """The conversation goes on."""
    said = Shown(folder=tmp_path / "missing").answer(carrying("digest.md", b"x"))

    assert said.splitlines()[-1] == "The file could not be written: No such file or directory"


# -- hostile text -------------------------------------------------------------------------------

hostile = st.one_of(
    st.text(max_size=40),
    st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Co"]), max_size=8),
    st.sampled_from(
        [
            "\x1b[31mred\x1b[0m",
            "\x1b]0;title\x07",
            "\x9b31m\x9d0;x\x9c",
            "\x1b]8;;https://evil.example\x1b\\x",
            "\r\nfaked line",
            "a\u202egpj.exe",
            "\x08\x08\x7f",
            "https://a.example/\x1b\\x",
        ]
    ),
)
spans = st.builds(Span, hostile, hostile | st.just(URL), *[st.booleans()] * 4)
blocks = st.builds(
    Block,
    st.lists(spans, max_size=4).map(tuple),
    st.sampled_from(BlockKind),
    st.none() | st.integers(-1, 20),
    st.sampled_from(["", "job 7"]),
)
actions = st.builds(lambda label, url: Action(label, url=url or URL), hostile, hostile) | st.builds(
    lambda label: Action(label, command="help"), hostile
)
documents = st.builds(Document, st.lists(blocks, max_size=5), st.lists(actions, max_size=4))


@given(documents, hostile, st.sampled_from([Look(), Look(styles=True), FULL]))
def test_nothing_of_a_document_is_obeyed_by_the_terminal(document: Document, name: str, how: Look) -> None:
    """Any document shows; the only control characters are our own, and line breaks."""
    texts: list[str] = []
    screen = Screen(texts.append, how)

    screen.answer(document, "en")
    screen.message(document, name, "en")
    for number in range(60):
        screen.meant(str(number), "en")

    for text in texts:
        assert how.styles or "\x1b" not in text
        left = OURS.sub("", text)
        bad = [
            char for char in left if char != "\n" and unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")
        ]
        assert bad == [] and "\u202e" not in left
        links = re.findall(r"\x1b\]8;;([^\x1b]+)", text)
        assert all(link == safe_link(link) for link in links)


def test_text_of_lists_cannot_leave_its_line() -> None:
    """A faked message would have to begin on a line of its own."""
    shown = Shown().message(
        Document((Block((Span("dev\r──── to operator ────"),), BlockKind.ITEM, 1, "job 1"),))
    )

    assert shown.splitlines()[1] == " 1. dev ──── to operator ────"


# -- messages that come by themselves -----------------------------------------------------------


async def test_the_messenger_says_to_whom_and_that_a_message_is_an_edit() -> None:
    """What it is handed is the first page already; the commands that turn it may be chosen by number."""
    texts: list[str] = []
    messenger = ConsoleMessenger(Screen(texts.append))
    to = Recipient(address="you")

    outcome = await messenger.send(to, JOBS, "b1")
    assert isinstance(outcome, Sent)
    again = await messenger.edit(to, outcome.reference, JOBS)

    assert again == outcome
    assert texts[0] == "──── to you ────" and texts[2] == "──── to you, edited ────"
    assert "[4] ▶ 2/2" in texts[1]
    assert messenger._screen.meant("8", "en") == "page abc 2"
