"""Job tables as people write them, from document to postings."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.domain.posting import Posting, Reading, WorkMode
from notifier.sources.dates import read_date
from notifier.sources.readme_table import parse
from tests import histories

NOW = datetime(2026, 3, 2, 21, tzinfo=UTC)
SAMPLES = Path(__file__).parent.parent / "samples"


def sample(name: str) -> Reading:
    return parse((SAMPLES / name).read_text("utf-8"), NOW)


def test_the_pin_dialect_is_read_whole() -> None:
    reading = sample("pins.md")

    first, second, third = reading.postings
    assert first == Posting(
        title="Backend Engineer (Python)",
        company="Lumen & Co",
        url="https://lists.example/jobs/0123456789abcdef0123456789abcdef?utm=github",
        location="Remote",
        mode=WorkMode.REMOTE,
        pay_flagged=True,
        posted_on=date(2026, 3, 2),
        section="Made-up backend jobs",
        line=7,
    )
    assert (second.title, second.location, second.mode) == (
        "C# | .NET Developer",
        "Pune, Maharashtra, India",
        WorkMode.UNKNOWN,
    )
    assert (third.title, third.location, third.posted_on) == (
        "Java Developer",
        "Anywhere in the World",
        date(2025, 12, 30),
    )
    assert reading.unread == ()


def test_the_bold_dialect_is_read_whole() -> None:
    reading = sample("bold.md")

    titles = [posting.title for posting in reading.postings]
    assert titles == ["Senior Developer | C# & .NET", "Developer [Go] (m/w/d)", "Data Engineer"]
    tarn, vale, nameless = reading.postings
    assert (tarn.location, tarn.mode, tarn.company_url) == (
        "Cork, , Ireland",
        WorkMode.ONSITE,
        "https://tarn.example/",
    )
    assert (vale.company, vale.location) == ("Vale [UK]", "Remote, EU")
    assert vale.url.endswith("?gh_jid=5?utm_source=g")
    assert (nameless.company, nameless.mode, nameless.posted_on) == ("", WorkMode.HYBRID, date(2024, 2, 29))
    assert [(row.line, row.reason) for row in reading.unread] == [(14, "no http(s) link")]


def test_locks_arrows_details_and_missing_outer_pipes() -> None:
    reading = sample("closed.md")

    corvid, arrow, struck = reading.postings
    assert corvid.url == "https://corvid.example/jobs?a=1&region=2&copy=3"
    assert (corvid.title, corvid.location) == ("Software Engineer", "Austin, TX; Boston, MA")
    assert (arrow.company, arrow.company_url, arrow.closed, arrow.url) == (
        "Corvid",
        "https://corvid.example",
        True,
        "",
    )
    assert (struck.title, struck.closed, struck.posted_on) == ("Old role", True, date(2026, 2, 21))
    assert corvid.section == "Engineering"


def test_columns_stand_in_any_order() -> None:
    text = "| Date | Apply | Location | Role | Employer |\n|-|-|-|-|-|\n| 2 Mar | [go](https://a.example/1) | Rome | Cook | Acme |"

    (posting,) = parse(text, NOW).postings

    assert (posting.company, posting.title, posting.location) == ("Acme", "Cook", "Rome")
    assert (posting.url, posting.posted_on) == ("https://a.example/1", date(2026, 3, 2))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no table of jobs"),
        ("# A list\n\nNothing here today.", "no table of jobs"),
        ("| Company | Position | Apply |\n|---|---|---|\n", "the table of jobs is empty"),
        ("| Name | Website | Region |\n|---|---|---|\n| a | https://a.example | EU |", "no table of jobs"),
    ],
)
def test_a_document_without_jobs_says_why(text: str, says: str) -> None:
    reading = parse(text, NOW)

    assert reading.postings == ()
    assert says in reading.note


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Mar 04", date(2026, 3, 4)),  # two days ahead is still this year
        ("Mar 05", date(2025, 3, 5)),
        ("Dec 31", date(2025, 12, 31)),
        ("Feb 29", date(2024, 2, 29)),
        ("4 Nov", date(2025, 11, 4)),
        ("Aug 21, 2026", date(2026, 8, 21)),
        ("21 Aug 2025", date(2025, 8, 21)),
        ("2026-02-28", date(2026, 2, 28)),
        ("11/21/2024", date(2024, 11, 21)),
        ("9d", date(2026, 2, 21)),
        ("17h ago", date(2026, 3, 2)),
        ("1mo", date(2026, 1, 31)),
        ("3 j", date(2026, 2, 27)),
        ("aujourd’hui", date(2026, 3, 2)),
        ("yesterday", date(2026, 3, 1)),
        ("Example", None),
        ("Feb 30", None),
        ("", None),
    ],
)
def test_days_are_read_as_lists_write_them(text: str, day: date | None) -> None:
    assert read_date(text, NOW.date()) == day


cells = st.text(max_size=60)


@settings(max_examples=300, deadline=None)
@given(rows=st.lists(st.tuples(cells, cells, cells, cells), max_size=6))
def test_any_text_in_any_cell_gives_rows_or_named_refusals(rows: list[tuple[str, ...]]) -> None:
    body = "\n".join("| " + " | ".join(row) + " |" for row in rows)

    reading = parse(f"| Company | Position | Location | Apply |\n|---|---|---|---|\n{body}", NOW)

    assert all(posting.title for posting in reading.postings)
    assert all(
        posting.url.startswith(("http://", "https://")) or posting.closed for posting in reading.postings
    )
    assert all(row.reason and row.line > 2 for row in reading.unread)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="|-:[]()<>*~\\`#\n aé🔒↳", max_size=400))
def test_any_document_gives_a_reading(text: str) -> None:
    reading = parse(text + "\n| Role | Company | Link |\n|--|--|--|\n" + text, NOW)

    assert isinstance(reading.note, str)


@settings(max_examples=100, deadline=None)
@given(
    title=st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60
    ).filter(lambda text: histories.plain(text).strip(" *_~`-") != "")
)
def test_a_title_survives_escaping(title: str) -> None:
    written = "".join(
        f"\\{char}" if char in r"\`*_{}[]()<>#+-.!|~&" else char for char in " ".join(title.split())
    )
    text = f"| Company | Position | Apply |\n|---|---|---|\n| A | {written} | [Apply](https://a.example/1) |"

    reading = parse(text, NOW)

    shown = [histories.plain(posting.title) for posting in reading.postings]
    assert shown in ([histories.plain(title)], []) or "🔒" in title or "💰" in title


def test_a_row_longer_than_any_real_one_is_refused_by_name() -> None:
    text = f"| Company | Position | Apply |\n|---|---|---|\n| A | {'x' * 70_000} | [Apply](https://a.example/1) |"

    reading = parse(text, NOW)

    assert [row.reason for row in reading.unread] == ["the row is longer than 64 KB"]


@pytest.mark.parametrize("seed", [SAMPLES / "seed_like.md", *histories.SEEDS], ids=lambda path: path.stem)
def test_seed_lists_are_read_as_the_second_reading_reads_them(seed: Path) -> None:
    text = seed.read_text("utf-8")

    reading = parse(text, NOW)

    wanted = [
        (row.company, row.title, row.location, row.mode, row.posted, row.url)
        for row in histories.rows(text, NOW)
    ]
    plain = histories.plain
    assert [
        (plain(one.company), plain(one.title), plain(one.location), one.mode.value, one.posted_on, one.url)
        for one in reading.postings
    ] == wanted
    assert reading.unread == ()


COUNTS = {
    "closed": (3, 1),
    "SimplifyJobs__New-Grad-Positions": (331, 135),
    "SimplifyJobs__Summer2026-Internships.excerpt": (17, 17),
    "speedyapply__2026-SWE-College-Jobs": (144, 144),
    "jobright-ai__2026-Software-Engineer-New-Grad": (386, 386),
    "bansalnagesh__tech-jobs-india": (15, 15),
    "workopia__France-Graduate-Apprenticeship-Jobs": (746, 746),
    "poteto__hiring-without-whiteboards": (0, 0),
    "lukasz-madon__awesome-remote-job": (0, 0),
}


@pytest.mark.parametrize(
    "path",
    [path for path in [SAMPLES / "closed.md", *histories.LISTS] if path.stem in COUNTS],
    ids=lambda path: path.stem,
)
def test_real_lists_in_other_dialects_yield_every_row(path: Path) -> None:
    reading = parse(path.read_text("utf-8"), NOW)

    open_ = sum(not posting.closed for posting in reading.postings)
    assert (len(reading.postings), open_) == COUNTS[path.stem]
    assert reading.unread == ()
