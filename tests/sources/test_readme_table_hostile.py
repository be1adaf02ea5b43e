"""Documents that want to hang, fill or break the table reader."""

import time
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.sources.cells import read_cell
from notifier.sources.dates import read_date
from notifier.sources.readme_table import MOST_ROWS, parse
from notifier.sources.tables import split_row

NOW = datetime(2026, 3, 2, 21, tzinfo=UTC)
HEAD = "| Company | Position | Location | Posted | Apply |\n|---|---|---|---|---|\n"
HTML_HEAD = "<table><tr><th>Company</th><th>Role</th><th>Link</th></tr>"
LONG = 60_000

CELLS = [
    "[" * LONG + "](",
    "[a](" * (LONG // 4),
    "[](((" * (LONG // 5),
    "![" * (LONG // 2),
    "[" * 9_000 + "x" + "](https://a)" * 4_000,
    "<a " * (LONG // 3),
    "<a href=x " * (LONG // 10),
    "<summary>" * (LONG // 9),
    "<summary></summary>" * (LONG // 19),
    "<!--" * (LONG // 4),
    "<" + " " * LONG,
    "<" + "a" * LONG,
    "~~" * (LONG // 2),
    "x" + "🔥" * LONG + "x",
    "x" + " " * LONG + "x",
    "." * LONG + "x",
    "\\" * LONG,
    "`" * LONG,
    "`x" * (LONG // 2),
    "*x" * (LONG // 2),
    " _x" * (LONG // 3),
    "www." * (LONG // 4),
    "&" * LONG,
    "(1" * (LONG // 2),
]
DOCUMENTS = [
    "<table><table>",
    "<table>\n" * 5_000,
    "<table>\n" + "<tr><th>a</th></tr>\n" * 10_000 + "</table>",
    HTML_HEAD + "<tr><td>" + "x\n" * 50_000 + "</td></tr></table>",
    HTML_HEAD + "<tr>" + "<td>x</td>\n" * 20_000 + "</tr></table>",
    HTML_HEAD + "<tr>" + "<td rowspan=9999>" * 9_000 + "<tr><td>" * 20_000,
    HTML_HEAD + "<tr><td rowspan=9999>" + "x" * LONG + "<tr><td>" * 20_000,
    "<table><tr><td>\n\n" * 5_000 + HEAD + "</table>",
    "<table>\n|-|\n</table>\n" * 5_000,
    "<h1" * LONG + "\n" + "<h1>" * LONG + "\n" + HEAD,
    "[a]: https://a.example/" + "x" * 480 + "\n" + HEAD + "|[a][a]" * 9_000,
    "[a]: https://a.example/" + "x" * 480 + "\n" + HEAD + "|[a]\n" * 20_000,
    "[" * LONG + "|\n[a]: https://a.example\n" + "][|" * LONG,
    ">" * LONG + "|\n" + "> |\n" * 10_000,
    "a\n--\n" * 20_000,
    ":lock" * LONG,
    "# a" + " " * LONG + "b\n" + HEAD,
    "# a" + " #" * (LONG // 2) + "b\n" + HEAD,
    "| a |\n|---|\n" * 10_000,
    "|" + "a|" * 5_000 + "\n|" + "-|" * 900 + "\n" + "|a" * 20_000,
    "```\n<!--\n" * 10_000,
    HEAD + ("|x" * 69 + "|\n") * 500,
    "<summary>" * 6_000 + "</summary>\n" + "<details>" * 5_000,
    HTML_HEAD + "<tr><td rowspan=9999>" + "x*" * 20_000 + "<tr><td>y" * 10_000,
    HTML_HEAD + "<tr>" + "<td rowspan=9999 colspan=9999>xxxxxxxx" * 900 + "<tr>" * 20_000,
    HTML_HEAD + "<tr><td>" + "<table><tr><td>x</table>" * 4_000,
]


def took(text: str) -> float:
    start = time.process_time()
    parse(text, NOW)
    return time.process_time() - start


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: ascii(cell[:12]))
@pytest.mark.parametrize("place", [1, 4])
def test_a_row_of_any_shape_takes_no_more_time_than_its_length(cell: str, place: int) -> None:
    cells = ["Acme", "Cook", "Rome", "Mar 01", "[Apply](https://a.example/1)"]
    cells[place] = cell

    seconds = took(f"{HEAD}| {' | '.join(cells)} |")

    assert seconds < 1.0  # about 0.05; what backtracks takes minutes


@pytest.mark.parametrize("text", DOCUMENTS, ids=lambda text: ascii(text[:12]))
def test_a_document_of_any_shape_takes_no_more_time_than_its_length(text: str) -> None:
    assert took(text) < 3.0


@pytest.mark.parametrize("text", ["9999y", "-9999 years ago", "1" * 5_000 + "d", "0000-00-00", "99/99/9999"])
def test_no_age_leaves_the_calendar(text: str) -> None:
    assert read_date(text, NOW.date()) is None


@pytest.mark.parametrize("today", [date(2028, 2, 28), date(2028, 3, 1), date(2027, 2, 27), date(2104, 2, 28)])
def test_a_leap_day_without_a_year_is_a_day_that_was_or_nearly_is(today: date) -> None:
    day = read_date("Feb 29", today)

    assert day is not None
    assert (day.month, day.day) == (2, 29)
    assert (day - today).days <= 2


def test_a_list_without_end_is_cut_and_says_so() -> None:
    text = HEAD + "|A|B||1d|https://a.io|\n" * (MOST_ROWS + 5)

    reading = parse(text, NOW)

    assert len(reading.postings) == MOST_ROWS
    assert reading.note == "only the first 200,000 rows were read"


MARKS = st.text(alphabet="[]()<>!|\\*_~`&;:/# \tahbr=\"'é🔒💰↳🌐\u200b", max_size=80)


@settings(max_examples=200, deadline=None)
@given(MARKS)
def test_any_cell_is_read(raw: str) -> None:
    cell = read_cell(raw)

    assert cell.text == " ".join(cell.text.split())
    assert all(link.url.lower().startswith(("http://", "https://")) for link in cell.links)


@settings(max_examples=200, deadline=None)
@given(MARKS)
def test_a_row_loses_nothing_when_it_is_split(line: str) -> None:
    cells = split_row(f"|{line}x|")

    assert "|".join(cells) == f"{line}x"


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(MARKS, MARKS, MARKS, st.text(max_size=20), MARKS), max_size=4))
def test_any_row_becomes_postings_or_a_named_refusal(rows: list[tuple[str, ...]]) -> None:
    body = "\n".join("| " + " | ".join(row) + " |" for row in rows)

    reading = parse(HEAD + body, NOW)

    assert all(one.title and (one.closed or one.url) for one in reading.postings)
    assert all(one.reason and len(one.text) <= 200 for one in reading.unread)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["<table>", "</table>", "<tr>", "</tr>", "<td>", "</td>", "<th>", "\n", "Role", "Link",
    "Company", '<a href="https://a.io">', "|", "|-|-|", "```", "<!--", "-->", "# h"]), max_size=60))  # fmt: skip
def test_any_order_of_tags_gives_a_reading(parts: list[str]) -> None:
    reading = parse("".join(parts), NOW)

    assert all(one.title for one in reading.postings)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200), st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2200, 1, 1)))
def test_any_text_is_a_day_or_none(text: str, now: datetime) -> None:
    day = read_date(text, now.date())

    assert day is None or isinstance(day, date)


def test_a_flood_of_raw_pipes_loses_no_row() -> None:
    """Ways to join cells are tried up to a number; then the title takes the pipes."""
    apply = "[Apply](https://a.example/1)"
    text = HEAD + f"| Acme | Cook | C++ | Rome | Mar 01 | {apply} |\n" * 2_000

    postings = parse(text, NOW).postings

    assert len(postings) == 2_000
    assert {(it.company, it.title, it.location) for it in postings} == {("Acme", "Cook | C++", "Rome")}


def test_links_without_words_are_no_roles() -> None:
    head = "| Company | Role | Location |\n|---|---|---|\n"

    (posting,) = parse(
        f"{head}| Acme | Cook <a href='https://a.example/1'><img src=x></a> <a href='https://a.example/2'></a> | Rome |",
        NOW,
    ).postings

    assert (posting.title, posting.url) == ("Cook", "https://a.example/1")
