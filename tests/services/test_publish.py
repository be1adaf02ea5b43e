"""The lists written back: what stands in them, that it reads back, and that it is safe to show."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from sqlalchemy import update

from notifier.domain.clean import clean
from notifier.domain.facts import Facts
from notifier.domain.posting import ListedOn, Opening, Posting, WorkMode
from notifier.errors import BadQuery, OperatorError
from notifier.services.publish import View, page, publish, republish, views
from notifier.sources.readme_table import ABOVE, DITTO, parse, unmarked
from notifier.store import sources
from notifier.store.database import Database
from notifier.store.tables import Source
from tests.conftest import START, Clock
from tests.road import Road, a_posting, postings
from tests.test_cli import environment, notifier

NUMBERS = count(1)
READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HOSTILE = [
    "[x](javascript:alert(1)) ![x](https://evil.example/x.png)",
    "a | b \\| c \\\\| d \\",
    "`code` ``` ~~~ **b** __i__ ~~closed~~ *",
    "<b>bold</b> <img src=x onerror=y> <table><tr><td> <!-- no --> </a>",
    "@everyone see https://evil.example, WWW.evil.example, a@evil.example, evil/repo#12 ftp://x",
    "&lt;b&gt; &amp; &#64;me &copy; &#124; R&D",
    "line\none\r\ntwo\u2028three\x85four",
    "\u202egpj.exe zero\u200bwidth\u2060 \ufeff soft\u00adhyphen",
    "$60,000 - $80,000 \\(x\\) $`y`$",
    "↳ 🔒 💰 🌐 Example",
    "](https://evil.example) [ ref ]: https://evil.example",
    "<https://evil.example> # | --- | --- |",
]

texts = st.one_of(
    st.text(max_size=40),
    st.text("[]()<>!|\\*_~`&;:/#@$ \tawbr=\"'é.-🔒💰↳🌐📍\u200b\u2060", max_size=40),
    st.sampled_from(HOSTILE),
)
paths = st.text("ab/()[]<>|&;=?_*~`!$',:%é#.-amp", max_size=20).map(lambda path: path.rstrip("<>"))
days = st.one_of(st.none(), st.dates(), st.dates(date(2025, 1, 1), date(2026, 3, 10)))


def as_read(text: str) -> str:
    """Return what a reader of lists leaves of a text, and the cleaner of a reader's text."""
    return unmarked(clean(text).replace("\u2060", ""))


def is_title(text: str) -> bool:
    """Return whether a list may give a job this name: one without a letter is none."""
    return any(map(str.isalpha, text)) and text.casefold() != "example"


def is_company(text: str) -> bool:
    """Return whether it is not what lists write for the company above."""
    return not text.startswith(ABOVE) and text.casefold() not in DITTO


@st.composite
def rows(draw: st.DrawFn) -> Posting:
    """Return a posting as a list's reader yields it, at a link of its own."""
    location, mode = as_read(draw(texts)), draw(st.sampled_from(WorkMode))
    if mode is WorkMode.UNKNOWN and ("🌐" in location or location.casefold() in ("remote", "hybrid")):
        mode = WorkMode.REMOTE  # so a reader takes it
    return Posting(
        title=draw(texts.map(as_read).filter(is_title)),
        company=draw(texts.map(as_read).filter(is_company)),
        company_url=draw(st.one_of(st.just(""), paths.map("https://acme.example/".__add__))),
        url=f"https://board.example/{next(NUMBERS)}/{draw(paths)}",
        location=location,
        mode=mode,
        posted_on=draw(days),
        pay_flagged=draw(st.booleans()),
    )


def facts_of(posting: Posting | Opening) -> tuple[object, ...]:
    return (
        *(posting.company, posting.title, posting.location, posting.mode, posting.posted_on, posting.url),
        *(posting.company_url if posting.company else "", posting.pay_flagged),
    )


def an_opening(posting: Posting) -> Opening:
    return Opening(
        id=1,
        key="k",
        title=posting.title,
        company=posting.company,
        url=posting.url,
        company_url=posting.company_url,
        location=posting.location,
        mode=posting.mode,
        pay_flagged=posting.pay_flagged,
        posted_on=posting.posted_on,
        first_seen=START,
        facts=Facts(),
        lists=(ListedOn(name="a-list", url=posting.url, list_url="https://lists.example/a"),),
    )


def shown(*found: Posting, archived: bool = False) -> str:
    return page(View(), [View()], [an_opening(one) for one in found], [], START, archived=archived)


# -- reading back -------------------------------------------------------------------------------


@settings(max_examples=200)
@given(st.lists(rows(), min_size=1, max_size=4), st.integers(0, 60))
def test_a_page_reads_back_as_what_was_written(found: list[Posting], later: int) -> None:
    """Company, title, location, mode, date and link; also when it is read weeks later."""
    reading = parse(shown(*found), START + timedelta(days=later))

    assert [facts_of(one) for one in reading.postings] == [facts_of(one) for one in found]
    assert reading.unread == ()


@settings(max_examples=50)
@given(st.lists(rows(), min_size=1, max_size=4), st.integers(0, 4_000))
def test_an_archive_reads_back_after_years(found: list[Posting], later: int) -> None:
    """Its days carry their year, so that they are not taken for newer ones."""
    reading = parse(shown(*found, archived=True), START + timedelta(days=later))

    assert [facts_of(one) for one in reading.postings] == [facts_of(one) for one in found]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=st.lists(rows(), min_size=1, max_size=5))
async def test_what_went_through_the_store_reads_back(
    db: Database, tmp_path: Path, found: list[Posting]
) -> None:
    """From a list, through the store, to a published list: the same jobs, newest first."""
    road = Road(db, Clock())
    await db.run(sources.remove, "list")  # of the example before
    await road.add_list(republish=True)
    await db.run(lambda session: session.execute(update(Source).values(expire_after=None)))
    await road.read(found)

    await publish(db, tmp_path, [], START)

    reading = parse((tmp_path / "README.md").read_text("utf-8"), START)
    key = {one.url: one for one in found}
    assert sorted(map(facts_of, reading.postings), key=str) == sorted(map(facts_of, found), key=str)
    dated = [key[one.url].posted_on or START.date() for one in reading.postings]
    assert dated == sorted(dated, reverse=True)


# -- hostile text -------------------------------------------------------------------------------


def cells(markdown: str) -> list[Token]:
    """Return the cells of the one table, head first, as a page shows them."""
    tokens = READER.parse(markdown)
    assert not [token for token in tokens if token.type in ("html_block", "fence", "code_block")]
    return [tokens[at + 1] for at, token in enumerate(tokens) if token.type in ("th_open", "td_open")]


def links(token: Token) -> Iterator[str]:
    for child in token.children or []:
        yield from (str(child.attrs[name]) for name in ("href", "src") if name in child.attrs)


@settings(max_examples=200)
@given(title=texts, company=texts, location=texts)
@example(*HOSTILE[:3])
@example(*HOSTILE[3:6])
@example(*HOSTILE[6:9])
@example(*HOSTILE[9:])
def test_text_from_lists_stays_in_its_cell_and_links_nowhere(title: str, company: str, location: str) -> None:
    """One row of six cells, our links only, and nothing that a page takes for an address or a name."""
    job = a_posting(title=title, company=company, location=location, company_url="https://acme.example")

    found = cells(shown(job))

    assert len(found) == 12
    assert {link for cell in found for link in links(cell)} <= {job.url, "https://acme.example"}
    kinds = {child.type for cell in found for child in cell.children or []}
    assert kinds <= {"text", "text_special", "link_open", "link_close", "strong_open", "strong_close"}
    for cell in found:
        words = "".join(child.content for child in cell.children or [])
        assert not re.search(r"(?i)@\w|://|www\.|#\d|[\u200b\u202e\ufeff\n]", words)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_names_around_the_table_are_shown_as_text(hostile: str) -> None:
    """A list's name, what its terms ask for and a view's query stand there as they are."""
    listed = ListedOn(
        name=hostile, url="https://a.example", list_url="https://l.example", attribution=hostile
    )
    job = replace(an_opening(a_posting()), lists=(listed,))
    view = View("a-view", hostile)

    tokens = READER.parse(page(view, [View(), view], [job], [], START))

    assert {link for token in tokens for link in links(token)} == {
        *("../README.md", "../archive", "https://l.example", job.url),
    }
    assert "html_inline" not in {child.type for token in tokens for child in token.children or []}


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "https://me@evil.example",
        "https://a.example/ b",
        "",
    ],
)
async def test_only_http_links_are_written(db: Database, clock: Clock, tmp_path: Path, url: str) -> None:
    """A job whose link is none is left out; a company whose link is none stands there without."""
    road = Road(db, clock)
    await road.add_list(republish=True)
    await road.read([a_posting(1, url=url), a_posting(2, company_url=url)])

    await publish(db, tmp_path, [], clock())

    written = (tmp_path / "README.md").read_text("utf-8")
    assert "Python developer 1" not in written
    assert "| Company 2 | **[Python developer 2](" in written


# -- which jobs ---------------------------------------------------------------------------------


async def published(db: Database, folder: Path, now: datetime, *asked: str) -> list[str]:
    """Publish, and return the titles of the main page."""
    await publish(db, folder, views(asked), now)
    return [one.title for one in parse((folder / "README.md").read_text("utf-8"), now).postings]


async def test_nothing_closed_expired_or_forbidden_is_published(
    db: Database, clock: Clock, tmp_path: Path
) -> None:
    """Only what is open, on a list whose terms allow it."""
    road = Road(db, clock)
    await road.add_list("ours", republish=True)
    await road.add_list("theirs")
    old = a_posting(2, posted_on=date(2026, 2, 10))
    await road.read([a_posting(1), old, a_posting(3, closed=True)], "ours")
    await road.read([a_posting(4), a_posting(3)], "theirs")

    now = await published(db, tmp_path, clock())
    later = await published(db, tmp_path, clock.forward(days=20))

    assert now == ["Python developer 1"]
    assert later == []
    assert "No job is open" in (tmp_path / "README.md").read_text("utf-8")


async def test_a_job_of_two_lists_has_the_link_of_the_one_that_allows_it(
    db: Database, clock: Clock, tmp_path: Path
) -> None:
    """Terms ask for a list's own link, and for its name and sentence."""
    road = Road(db, clock)
    await road.add_list("theirs")
    await road.add_list(
        "ours", republish=True, home_url="https://lists.example/ours", attribution="Jobs by Ours | thanks"
    )
    link = a_posting(1).url
    await road.read([a_posting(1, url=f"{link}?utm_source=theirs")], "theirs")
    await road.read([a_posting(1, url=f"{link}?utm_source=ours")], "ours")

    await publish(db, tmp_path, [], clock())

    written = (tmp_path / "README.md").read_text("utf-8")
    assert f"[Apply]({link}?utm_source=ours)" in written
    assert "theirs" not in written
    assert "- [ours](https://lists.example/ours): Jobs by Ours \\| thanks\n" in written


# -- the files ----------------------------------------------------------------------------------


async def a_folder(db: Database, clock: Clock, folder: Path) -> Road:
    """Publish three jobs, with a view of one and an empty one."""
    road = Road(db, clock)
    await road.add_list(republish=True)
    await road.read([*postings(1, 2), a_posting(3, title="Go developer", mode=WorkMode.REMOTE)])
    await publish(db, folder, views(["go=go", "none=cobol"]), clock())
    return road


async def test_a_page_looks_like_the_lists_that_we_read(db: Database, clock: Clock, tmp_path: Path) -> None:
    """A stamp, figures, the other views, a table, and where its jobs are listed."""
    await a_folder(db, clock, tmp_path)

    lines = (tmp_path / "go" / "README.md").read_text("utf-8").splitlines()

    assert [line for line in lines if line] == [
        "# Open jobs: go",
        "_Written 2026-03-02 12:00 UTC by notifier_",
        "Those that fit: go",
        "📊 1 open in the lists · 100 % remote · 1 company",
        "Trending: Go 100 %",
        "[All](../README.md) · **go** · [none](../none/README.md) · [Earlier days](../archive)",
        "| Company | Position | Location | Type | Posted | Apply |",
        "| ------- | -------- | -------- | ---- | ------ | ----- |",
        "| Company 3 | **[Go developer](https://board.example/job/1003/python)** | 🌐 Berlin, Germany | Remote "
        "| Mar 02 | [Apply](https://board.example/job/1003/python) |",
        "💰 says what it pays, or pays well",
        "## Where they are listed",
        "- list",
    ]


async def test_views_link_each_other_and_every_link_leads_somewhere(
    db: Database, clock: Clock, tmp_path: Path
) -> None:
    """From each page to every other, and to the days before."""
    await a_folder(db, clock, tmp_path)

    pages = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.md")}
    assert pages == {"README.md", "go/README.md", "none/README.md", "archive/2026-03-02.md"}
    for name in pages:
        here = (tmp_path / name).parent
        targets = {
            (here / link).resolve()
            for link in re.findall(r"\]\((?!https:)(.+?)\)", (tmp_path / name).read_text("utf-8"))
        }
        assert all(target.exists() for target in targets)
        reached = {target.relative_to(tmp_path.resolve()).as_posix() for target in targets}
        assert reached == {"README.md", "go/README.md", "none/README.md", "archive"} - {name}


async def test_each_day_has_its_archive(db: Database, clock: Clock, tmp_path: Path) -> None:
    """What stood there on a day is kept when it has left the list."""
    road = await a_folder(db, clock, tmp_path)
    clock.forward(days=20)
    await road.read([a_posting(4, posted_on=clock().date())])
    await publish(db, tmp_path, [], clock())

    days_kept = {path.name: parse(path.read_text("utf-8"), clock()) for path in tmp_path.glob("archive/*")}

    assert {name: len(reading.postings) for name, reading in days_kept.items()} == {
        "2026-03-02.md": 3,
        "2026-03-22.md": 1,
    }


async def test_a_page_of_which_only_the_stamp_changed_is_not_written(
    db: Database, clock: Clock, tmp_path: Path
) -> None:
    """So a repository of lists gets a commit when there is news, and only of the pages that have it."""
    road = await a_folder(db, clock, tmp_path)
    before = {path: (path.stat().st_ino, path.read_text("utf-8")) for path in tmp_path.rglob("*.md")}

    asked = views(["go=go", "none=cobol"])
    again = await publish(db, tmp_path, asked, clock.forward(hours=1))
    after = {path: (path.stat().st_ino, path.read_text("utf-8")) for path in tmp_path.rglob("*.md")}
    await road.read([*postings(1, 2, 4), a_posting(3, title="Go developer", mode=WorkMode.REMOTE)])
    changed = await publish(db, tmp_path, asked, clock())

    assert [one.changed for one in again] == [False] * 4
    assert after == before
    assert [one.changed for one in changed] == [True, False, False, True]
    assert "_Written 2026-03-02 13:00 UTC" in (tmp_path / "README.md").read_text("utf-8")
    assert [path.name for path in tmp_path.rglob(".*")] == []


@pytest.mark.parametrize(
    "name",
    ["..", ".", "", "../out", "/etc", "a/b", "a\\b", "~", "-rf", "a b", "a\n", "é", "a\x00", "archive", "Archive",
     "README.md", "x" * 65],
)  # fmt: skip
def test_the_name_of_a_view_cannot_leave_the_folder(name: str) -> None:
    """Letters, digits and hyphens; and not the archive's."""
    with pytest.raises(ValueError, match="cannot name a view|is taken"):
        views([f"{name}=python"])


def test_a_view_is_written_wrongly_in_words_that_help() -> None:
    """Twice the same folder, no query, or one that cannot be read."""
    with pytest.raises(ValueError, match="is taken"):
        views(["go=go", "GO=golang"])
    with pytest.raises(ValueError, match="write NAME=QUERY"):
        views(["python"])
    with pytest.raises(BadQuery):
        views(["red=colour:red"])


async def test_a_file_that_is_not_ours_is_not_overwritten(db: Database, clock: Clock, tmp_path: Path) -> None:
    """Somebody may name the folder of a project."""
    (tmp_path / "README.md").write_text("# My project\n")

    with pytest.raises(OperatorError, match="was not written by notifier"):
        await publish(db, tmp_path, [], clock())

    assert (tmp_path / "README.md").read_text() == "# My project\n"


async def test_a_folder_that_cannot_be_written_is_one_sentence(
    db: Database, clock: Clock, tmp_path: Path
) -> None:
    """The operator reads which file, and why."""
    (tmp_path / "file").write_text("")

    with pytest.raises(OperatorError, match=r"file/README\.md cannot be written: Not a directory"):
        await publish(db, tmp_path / "file", [], clock())


async def test_lists_are_republished_once_a_day_with_the_views_of_the_last_time(
    db: Database, clock: Clock, tmp_path: Path
) -> None:
    """The day counts in UTC and is kept in the store; a restart changes nothing."""
    await a_folder(db, clock, tmp_path)

    same_day = await republish(db, tmp_path, datetime(2026, 3, 2, 23, 59, tzinfo=UTC))
    next_day = await republish(db, tmp_path, datetime(2026, 3, 3, 0, 0, tzinfo=UTC))
    then = await republish(db, tmp_path, datetime(2026, 3, 3, 0, 1, tzinfo=UTC))
    elsewhere = await republish(db, tmp_path / "new", datetime(2026, 3, 3, 0, 1, tzinfo=UTC))

    assert same_day == then == []
    assert [one.path.relative_to(tmp_path).as_posix() for one in next_day] == [
        *("README.md", "go/README.md", "none/README.md", "archive/2026-03-03.md")
    ]
    assert [one.jobs for one in elsewhere] == [3, 3]


# -- as an operator uses it ---------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a list of one job of today, which may be republished."""
    row = f"| A | [Python \\| dev](https://b.example/1) | Berlin | Remote | {datetime.now(UTC):%b %d} |\n"
    (tmp_path / "list.md").write_text(f"| Company | Position | Location | Type | Date |\n|-|-|-|-|-|\n{row}")
    notifier(tmp_path, "sources", "add", "list.md", "--republish", "--attribution", "By A.")
    return tmp_path


def test_the_command_says_how_many_jobs_are_in_which_files(home: Path) -> None:
    """Results on stdout; 2 for a view that cannot be, 1 for a folder that cannot be written."""
    notifier(home, "collect")

    done = notifier(home, "publish", "out", "--view", "python=python")
    wrong = notifier(home, "publish", "out", "--view", "../out=python")
    broken = notifier(home, "publish", "list.md")

    today = datetime.now(UTC).date()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        *("out/README.md: 1 jobs", "out/python/README.md: 1 jobs", f"out/archive/{today}.md: 1 jobs")
    ]
    assert "- list: By A.\n" in (home / "out" / "README.md").read_text("utf-8")
    assert (wrong.returncode, len(wrong.stderr.splitlines())) == (2, 1)
    assert (broken.returncode, len(broken.stderr.splitlines())) == (1, 1)


def test_what_the_terms_of_a_list_allow_can_be_said_later(home: Path) -> None:
    """Each option changes its own part, and none only shows; an unknown list is answered with those there are."""
    notifier(home, "collect")

    forbidden = notifier(home, "sources", "terms", "list", "--no-republish")
    none = notifier(home, "publish", "out")
    allowed = notifier(home, "sources", "terms", "list", "--republish", "--attribution", "By B.")
    shown = notifier(home, "sources", "terms", "list")
    again = notifier(home, "publish", "out")
    unknown = notifier(home, "sources", "terms", "lost", "--republish")

    assert forbidden.stdout == "list: is not published; attribution: By A.\n"
    assert "out/README.md: 0 jobs" in none.stdout
    assert "notifier sources terms NAME --republish" in none.stderr
    assert allowed.stdout == shown.stdout == "list: may be published; attribution: By B.\n"
    assert "out/README.md: 1 jobs" in again.stdout
    assert "- list: By B.\n" in (home / "out" / "README.md").read_text("utf-8")
    assert (unknown.returncode, "list" in unknown.stderr) == (2, True)


def test_run_publishes_by_itself(home: Path) -> None:
    """With NOTIFIER_PUBLISH_DIR, after it has read the lists."""
    running = subprocess.Popen(
        [sys.executable, "-m", "notifier", "run"],
        cwd=home,
        env=environment(NOTIFIER_PUBLISH_DIR="out"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not list(home.glob("out/archive/*.md")) and time.monotonic() < deadline:
        time.sleep(0.1)
    running.send_signal(signal.SIGTERM)

    assert running.wait(timeout=60) == 0
    assert "Python \\| dev" in (home / "out" / "README.md").read_text("utf-8")
