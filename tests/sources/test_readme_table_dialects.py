"""What lists really do to their tables, one small case each."""

from datetime import UTC, date, datetime

import pytest

from notifier.domain.posting import Posting, Reading, WorkMode
from notifier.sources.readme_table import parse

NOW = datetime(2026, 3, 2, 21, tzinfo=UTC)
HEAD = "| Company | Position | Location | Posted | Apply |\n|---|---|---|---|---|\n"
APPLY = "[Apply](https://jobs.example/1)"


def row(
    company: str = "Acme", title: str = "Cook", place: str = "Rome", day: str = "Mar 01", apply: str = APPLY
) -> str:
    return f"| {company} | {title} | {place} | {day} | {apply} |\n"


def read(*rows: str, head: str = HEAD) -> Reading:
    return parse(head + "".join(rows), NOW)


def only(*rows: str, head: str = HEAD) -> Posting:
    reading = read(*rows, head=head)
    assert reading.unread == ()
    (posting,) = reading.postings
    return posting


@pytest.mark.parametrize(
    ("apply", "url"),
    [
        ("https://jobs.example/7", "https://jobs.example/7"),
        ("<https://jobs.example/7>", "https://jobs.example/7"),
        ("[Apply] (https://jobs.example/7).", "https://jobs.example/7"),
        ("Acme [https://jobs.example/7]", "https://jobs.example/7"),
        ("[![Apply](https://shields.example/b.svg)](https://jobs.example/7)", "https://jobs.example/7"),
        ("[Apply](<https://jobs.example/7>)", "https://jobs.example/7"),
        ("[Apply](https://jobs.example/a_(b)?x=1)", "https://jobs.example/a_(b)?x=1"),
        ("[Apply](https://jobs.example/7?a=1&amp;region=2)", "https://jobs.example/7?a=1&region=2"),
        ("<a href='https://jobs.example/7?a=1&region=2&copy=3'>x</a>", "https://jobs.example/7?a=1&region=2&copy=3"),
        ("[a](https://simplify.jobs/p/5) [b](https://jobs.example/7)", "https://jobs.example/7"),
        ("[a](https://simplify.jobs/p/5)", "https://simplify.jobs/p/5"),
    ],
)  # fmt: skip
def test_a_link_is_found_however_it_is_written(apply: str, url: str) -> None:
    posting = only(row(apply=apply))

    assert posting.url == url


@pytest.mark.parametrize(
    "apply",
    [
        "",
        "soon",
        "[Apply]()",
        "[Apply](//jobs.example/7)",
        "[Apply](/jobs/7)",
        "[Apply](javascript:open('https://jobs.example/7'))",
        "[Apply](ftp://jobs.example/7)",
        "[Apply](https://)",
        "[Apply](http://[::1)",
        "![Apply](https://jobs.example/b.png)",
        "<!-- <a href='https://jobs.example/7'>x</a> -->",
    ],
)
def test_an_open_row_without_an_absolute_link_is_named(apply: str) -> None:
    reading = read(row(), row(apply=apply))

    assert len(reading.postings) == 1
    assert [(one.line, one.reason) for one in reading.unread] == [(4, "no http(s) link")]
    assert reading.unread[0].text.startswith("| Acme | Cook")


@pytest.mark.parametrize(
    "cells",
    [
        {"apply": "🔒"},
        {"apply": "**🔒 Closed 🔒**"},
        {"apply": "Closed"},
        {"title": "🔒 Cook"},
        {"title": "~~Cook~~"},
        {"title": "<del>Cook</del>"},
        {"company": "<del>Acme</del>"},
        {"apply": f"~~{APPLY}~~"},
    ],
)
def test_a_lock_a_word_or_a_stroke_closes(cells: dict[str, str]) -> None:
    posting = only(row(**cells))

    assert posting.closed
    assert (posting.company, posting.title) == ("Acme", "Cook")


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Cook \\| Baker", "Cook | Baker"),
        ("Cook | Baker", "Cook | Baker"),
        ("**[Cook | Baker [x]](https://jobs.example/7)**", "Cook | Baker [x]"),
        ("**[Cook [Baker](https://jobs.example/7)**", "Cook [Baker"),
        ("[Cook] Baker](https://jobs.example/7)", "Cook] Baker"),
        ("[draft] Cook [Baker](https://jobs.example/7)", "[draft] Cook Baker"),
        ("Cook [Baker](https://jobs.example/7) (m/w/d)", "Cook Baker (m/w/d)"),
        ("Cook <Remote>, Vec<T> & a < b", "Cook <Remote>, Vec<T> & a < b"),
        ("Cook &lt;T&gt; R&amp;D &copy; &#39;x&#39;", "Cook <T> R&D &copy; 'x'"),
        ("🔥 Cook 🇺🇸 🛂", "Cook"),
        ("Cook 🍕 Baker 🎓", "Cook 🍕 Baker"),
        ("Cook ❶ 🄱", "Cook ❶ 🄱"),
        ("Cook™ C#", "Cook™ C#"),
        ("snake_case_AWS_GCC", "snake_case_AWS_GCC"),
        ("Co\u200bok\u2060", "Cook"),
        ("KÃ¶che  (m/w/d)", "KÃ¶che (m/w/d)"),
    ],
)
def test_a_title_is_its_text_and_nothing_else(written: str, title: str) -> None:
    posting = only(row(title=written))

    assert (posting.title, posting.company, posting.location) == (title, "Acme", "Rome")


def test_a_raw_pipe_stays_in_the_cell_it_was_written_in() -> None:
    typed = "| Company | Position | Location | Type | Date |\n|---|---|---|---|---|\n"

    title = only(row(title="C# | .NET", place="📍 Pune | India"))
    place = only(
        "| Acme | **[Cook](https://jobs.example/1)** | Rome | Via 4 | On Site | Mar 01 |", head=typed
    )
    extra = only("| Acme | Cook | Rome | Mar 01 | " + APPLY + " | more | 50 |")

    assert (title.company, title.title, title.location) == ("Acme", "C# | .NET", "Pune | India")
    assert (place.title, place.location, place.mode) == ("Cook", "Rome | Via 4", WorkMode.ONSITE)
    assert (extra.title, extra.posted_on, extra.url) == ("Cook", date(2026, 3, 1), "https://jobs.example/1")


def test_far_too_many_cells_are_refused_by_name() -> None:
    reading = read("| x" * 200 + " |")

    assert [one.reason for one in reading.unread] == ["200 cells under a head of 5"]


@pytest.mark.parametrize(
    ("place", "shown", "mode"),
    [
        ("🌐 Remote", "Remote", WorkMode.REMOTE),
        ("🌐 Europe", "Europe", WorkMode.REMOTE),
        ("📍 Pune, , India", "Pune, , India", WorkMode.UNKNOWN),
        ("Remote", "Remote", WorkMode.REMOTE),
        ("hybrid", "hybrid", WorkMode.HYBRID),
        ("Remote, EU", "Remote, EU", WorkMode.UNKNOWN),
        ("<details><summary>**2 places**</summary>Rome<br/>Oslo</br>Remote</details>", "Rome; Oslo; Remote", WorkMode.UNKNOWN),
        ("<details><summary>Rome</summary></details>", "Rome", WorkMode.UNKNOWN),
        ("", "", WorkMode.UNKNOWN),
    ],
)  # fmt: skip
def test_a_place_is_kept_as_written_without_its_marker(place: str, shown: str, mode: WorkMode) -> None:
    posting = only(row(place=place))

    assert (posting.location, posting.mode) == (shown, mode)


def test_a_column_for_the_mode_goes_before_one_for_the_contract() -> None:
    head = (
        "| Employer | Role/Title | Type | Work Model | Link to apply | Pay | Tech stack |\n|-|-|-|-|-|-|-|\n"
    )

    posting = only(f"| Acme | Cook | Full-time | Hybrid | {APPLY} | $5/h | pans, pots |", head=head)

    assert (posting.mode, posting.pay, posting.skills) == (WorkMode.HYBRID, "$5/h", ("pans", "pots"))


def test_a_link_under_a_head_without_words_is_taken_when_no_other_column_has_it() -> None:
    posting = only(f"| Acme | Cook | Rome | {APPLY} |", head="| Company | Role | City | |\n|-|-|-|-|\n")

    assert posting.url == "https://jobs.example/1"


def test_an_arrow_means_the_company_above_also_when_that_row_was_refused() -> None:
    reading = read(row(company="[Acme](https://acme.example)", apply="soon"), row(company="↳"), row("↳\\|"))

    assert [(one.company, one.company_url) for one in reading.postings] == [
        ("Acme", "https://acme.example")
    ] * 2


def test_a_row_without_its_company_cell_is_not_given_the_heading() -> None:
    head = "## Kitchen\n\n| Role | Link | Company |\n|-|-|-|\n"

    posting = only(f"| Cook | {APPLY} |", head=head)

    assert (posting.company, posting.section) == ("", "Kitchen")


def test_a_heading_is_the_company_of_a_table_without_that_column() -> None:
    text = (
        "#### 🏢 Acme C# (13 positions) ##\n\n|Role|Links|\n|---|---|\n"
        "|SWE|[✅ C++](https://jobs.example/1)&nbsp;[✅ ](https://jobs.example/2)|\n"
    )

    reading = parse(text, NOW)

    assert [(one.company, one.title, one.url[-1]) for one in reading.postings] == [
        ("Acme C#", "SWE C++", "1"),
        ("Acme C#", "SWE", "2"),
    ]


def test_several_roles_in_a_cell_are_several_jobs() -> None:
    head = "| Name | Location | Roles | Date Added <br> mm/dd/yyyy |\n|--|--|--|--|\n"
    roles = "✅ [Cook](https://jobs.example/1) <br> 🔒 [Baker]() <br> [Waiter]()"

    reading = read(f"| Acme | Rome | {roles} | 02/28/2026 <br> 03/01/2026", head=head)

    assert [(one.title, one.closed, one.posted_on) for one in reading.postings] == [
        ("Cook", False, date(2026, 2, 28)),
        ("Baker", True, date(2026, 2, 28)),
    ]
    assert [one.reason for one in reading.unread] == ["no http(s) link"]


def test_templates_and_repeated_heads_are_named_and_twins_are_kept() -> None:
    reading = read(row(), row(), row(day="Example"), HEAD.split("\n")[0] + "\n", row())

    assert len(reading.postings) == 3
    assert [(one.line, one.reason) for one in reading.unread] == [
        (5, "a template, not a job"),
        (6, "the head of the table again"),
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [("```\n", "```\n"), ("~~~ md\n", "~~~\n"), ("<!--\n", "-->\n"), ("<!-- a\n\n", "b -->\n")],
)
def test_a_table_that_no_page_shows_lists_nothing(before: str, after: str) -> None:
    hidden = parse(f"{before}{HEAD}{row()}{after}", NOW)
    unclosed = parse(f"{before}{HEAD}{row()}", NOW)

    assert (hidden.postings, hidden.note) == ((), "no table of jobs (a head with company and title)")
    assert len(unclosed.postings) == 1


def test_a_comment_between_rows_is_no_row() -> None:
    reading = read(row(), "<!-- " + row().strip() + " -->\n", row(title="Baker"))

    assert [one.title for one in reading.postings] == ["Cook", "Baker"]


def test_html_tables_are_read_however_their_lines_break() -> None:
    cells = "".join(f"<th>{name}</th>" for name in ("Company", "Role", "Location", "Application", "Age"))
    link = '<div align="center"><a href="https://jobs.example/1?a=1&region=2"><img alt="Apply"></a></div>'
    body = f"<td><strong>Acme</strong></td><td>Cook 🎓</td><td>Rome</br>Oslo</td><td>{link}</td><td>3d</td>"
    in_one = f"<table><thead><tr>{cells}</tr></thead><tbody><tr>{body}</tr></tbody></table>"
    tag_a_line = in_one.replace("><", ">\n<")
    twice_in_a_line = in_one + in_one
    long = in_one.replace(f"<tr>{body}</tr>", f"<tr>{body}</tr>" * 500)

    readings = [parse(text, NOW) for text in (in_one, tag_a_line, twice_in_a_line, long)]

    assert [len(reading.postings) for reading in readings] == [1, 1, 2, 500]
    assert all(reading.unread == () for reading in readings)
    assert {
        (one.company, one.title, one.location, one.url, one.posted_on)
        for reading in readings
        for one in reading.postings
    } == {("Acme", "Cook", "Rome; Oslo", "https://jobs.example/1?a=1&region=2", date(2026, 2, 27))}


def test_a_table_tag_in_a_sentence_does_not_swallow_the_list() -> None:
    reading = parse(f"Write <table> or\n{HEAD}{row()}", NOW)

    assert len(reading.postings) == 1


def test_windows_line_ends_and_missing_outer_pipes_change_nothing() -> None:
    text = (
        f"Company | Position | Apply\r\n--- | --- | ---\r\nAcme | Cook | {APPLY}\r\n\r\n3 jobs | 1 city\r\n"
    )

    reading = parse(text, NOW)

    assert [(one.company, one.title) for one in reading.postings] == [("Acme", "Cook")]
    assert reading.unread == ()
