"""What lists really do to their tables, one small case each."""

from datetime import UTC, date, datetime, timedelta

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
        ("[Apply](<https://jobs.example/7?q=a b> 'now')", "https://jobs.example/7?q=a%20b"),
        ("(www.jobs.example/7).", "http://www.jobs.example/7"),
        ("[Apply](https://jobs.example/a|b)", "https://jobs.example/a|b"),
        ("[Apply](https://jobs.example/a\\|b#/c?x=%7C)", "https://jobs.example/a|b#/c?x=%7C"),
        ("👉 [Apply [now]](https://jobs.example/7 'x')<br>[More](https://a.example)", "https://jobs.example/7"),
        ("[Apply](https://jobs.example/7_a_*b*)", "https://jobs.example/7_a_*b*"),
        ("[Apply](https://u@jobs.example:8443/ü?x=ä)", "https://u@jobs.example:8443/ü?x=ä"),
        ("<A CLASS=b HREF=https://jobs.example/7 ><IMG SRC=x></A>", "https://jobs.example/7"),
        ("[Apply](https://jobs.example/a_(b)?x=1)", "https://jobs.example/a_(b)?x=1"),
        ("[Apply](https://jobs.example/7?a=1&amp;region=2)", "https://jobs.example/7?a=1&region=2"),
        ("<a data-href='https://a.example' href='https://jobs.example/7'>x</a>", "https://jobs.example/7"),
        ("[a](https://jobs.example/7) | [b](https://simplify.jobs/p/5)", "https://jobs.example/7"),
        ("<a href='https://jobs.example/7?a=1&region=2&copy=3'>x</a>", "https://jobs.example/7?a=1&region=2&copy=3"),
        ("<a href='https://jobs.example/7?a=1&#38;region&#x3D;2'>x</a>", "https://jobs.example/7?a=1&region=2"),
        ("<a href=\"https://jobs.example/seven up\">x</a>", "https://jobs.example/seven%20up"),
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
        ("<a href='https://jobs.example/7'><strong>\\[x\\] Cook \\| Baker</strong></a>", "[x] Cook | Baker"),
        ("**[Cook [Baker](https://jobs.example/7)**", "Cook [Baker"),
        ("[Cook] Baker](https://jobs.example/7)", "Cook] Baker"),
        ("[draft] Cook [Baker](https://jobs.example/7)", "[draft] Cook Baker"),
        ("Cook [Baker](https://jobs.example/7) (m/w/d)", "Cook Baker (m/w/d)"),
        ("Cook <Remote>, Vec<T> & a < b", "Cook <Remote>, Vec<T> & a < b"),
        ("Cook &lt;T&gt; R&amp;D &copy; &#39;x&#39;", "Cook <T> R&D © 'x'"),
        ("Chef&#8211;Baker &eacute; &region= &#x1F35E &nosuch;", "Chef–Baker é &region= &#x1F35E &nosuch;"),
        (
            "C&#43;&#x2B; Cook &ndash; Caf&eacute;&nbsp;1 &amp;lt; &notaword; AT&T",
            "C++ Cook – Café 1 &lt; &notaword; AT&T",
        ),
        ("*Cook* **Senior** __x__ `a\\|b` _y_", "Cook Senior x a|b y"),
        ("*Cook* - *Baker*", "Cook - Baker"),
        ("1\\. C\\# Cook \\- \\(Nights\\) \\`x\\`", "1. C# Cook - (Nights) `x`"),
        ("<b>Cook</b><sup>1</sup> <i>L4+</i> ~2", "Cook1 L4+ ~2"),
        ("Köch*in / Cuisinier·ère · $1–$2 @ #3", "Köch*in / Cuisinier·ère · $1–$2 @ #3"),
        ("Cook 2 * 3 * 4 a*b*c `d", "Cook 2 * 3 * 4 a*b*c `d"),
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
    twice = only(row(title="Care | Lead Cook (VI) | 26-0282"))
    place = only(
        "| Acme | **[Cook](https://jobs.example/1)** | Rome | Via 4 | On Site | Mar 01 |", head=typed
    )
    extra = only("| Acme | Cook | Rome | Mar 01 | " + APPLY + " | more | 50 |")

    assert (title.company, title.title, title.location) == ("Acme", "C# | .NET", "Pune | India")
    assert (place.title, place.location, place.mode) == ("Cook", "Rome | Via 4", WorkMode.ONSITE)
    assert (twice.company, twice.title) == ("Acme", "Care | Lead Cook (VI) | 26-0282")
    assert (extra.title, extra.posted_on, extra.url) == ("Cook", date(2026, 3, 1), "https://jobs.example/1")


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("Rome (Via 4 | 5)", "Rome (Via 4 | 5)"),
        ("`Rome | Via 4`", "Rome | Via 4"),
        ("<details><summary>2</summary>Rome | Via 4</br>Oslo</details>", "Rome | Via 4; Oslo"),
    ],
)
def test_a_raw_pipe_stays_between_what_belongs_together(written: str, place: str) -> None:
    posting = only(row(place=written))

    assert (posting.title, posting.location) == ("Cook", place)


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
        ("🇮🇹 Rome", "Rome", WorkMode.UNKNOWN),
        ("🇮🇹", "🇮🇹", WorkMode.UNKNOWN),
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
    roles = "✅ [Cook](https://jobs.example/1) <br> 🔒 [Baker]() <br> ✅ [Waiter]()"

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
    in_tags = in_one.replace("<td", "<td\n  align='left'\n").replace("<a ", "<a\n")
    long = in_one.replace(f"<tr>{body}</tr>", f"<tr>{body}</tr>" * 500)

    readings = [parse(text, NOW) for text in (in_one, tag_a_line, twice_in_a_line, in_tags, long)]

    assert [len(reading.postings) for reading in readings] == [1, 1, 2, 1, 500]
    assert all(reading.unread == () for reading in readings)
    assert {
        (one.company, one.title, one.location, one.url, one.posted_on)
        for reading in readings
        for one in reading.postings
    } == {("Acme", "Cook", "Rome; Oslo", "https://jobs.example/1?a=1&region=2", date(2026, 2, 27))}


def test_a_table_tag_in_a_sentence_does_not_swallow_the_list() -> None:
    reading = parse(f"Write <table> or\n{HEAD}{row()}", NOW)

    assert len(reading.postings) == 1


def test_a_table_inside_a_quotation_is_read() -> None:
    quoted = "".join(f"> {line}\n" for line in (HEAD + row()).splitlines())

    assert only(head=quoted).title == "Cook"


def test_windows_line_ends_and_missing_outer_pipes_change_nothing() -> None:
    text = (
        f"Company | Position | Apply\r\n--- | --- | ---\r\nAcme | Cook | {APPLY}\r\n\r\n3 jobs | 1 city\r\n"
    )

    reading = parse(text, NOW)

    assert [(one.company, one.title) for one in reading.postings] == [("Acme", "Cook")]
    assert reading.unread == ()


def test_a_lock_stands_for_the_unmarked_roles_below_it_in_its_cell() -> None:
    head = "| Name | Location | Roles | Date Added |\n|---|---|---|---|\n"
    reading = read(
        "| Acme | Rome | 🔒 [Cook]() <br> [Baker]() <br> ✅ [Host](https://jobs.example/3) | 09/12/2025 |\n",
        head=head,
    )

    assert reading.unread == ()
    assert [(p.title, p.closed) for p in reading.postings] == [
        ("Cook", True),
        ("Baker", True),
        ("Host", False),
    ]


@pytest.mark.parametrize(
    "head",
    [
        "Unternehmen|Stelle|Standort|Gehalt|Bewerbung|Online",
        "Entreprise|Poste|Localisation|Salaire|Postuler|Ancienneté",
        "Empresa|Puesto|Ubicación|Salario|Solicitar|Fecha",
        "Empresa|Vaga|Localização|Salário|Candidatura|Data",
        "Azienda|Posizione|Sede|Stipendio|Candidati|Data",
        "Bedrijf|Functie|Locatie|Salaris|Solliciteren|Geplaatst",
        "Firma|Stanowisko|Lokalizacja|Wynagrodzenie|Aplikuj|Opublikowano",
        "Företag|Tjänst|Plats|Lön|Ansök|Publicerad",
        "Virksomhed|Stilling|Sted|Løn|Ansøg|Dato",
        "Bedrift|Stilling|Sted|Lønn|Søk|Publisert",
        "Yritys|Tehtävä|Sijainti|Palkka|Hae|Julkaistu",
        "Společnost|Pozice|Místo|Mzda|Odkaz|Přidáno",
        "Şirket|Pozisyon|Konum|Maaş|Başvur|Tarih",
    ],
)
def test_heads_of_many_languages_mean_the_same(head: str) -> None:
    posting = only(
        "|Acme|Cook|Rome|9 k|[x](https://jobs.example/1)|2026-03-01|\n",
        head=f"|{head}|\n|---|---|---|---|---|---|\n",
    )

    assert (posting.company, posting.title, posting.location, posting.pay) == ("Acme", "Cook", "Rome", "9 k")
    assert (posting.url, posting.posted_on) == ("https://jobs.example/1", date(2026, 3, 1))


@pytest.mark.parametrize(
    ("written", "ago"),
    [
        ("5d", 5), ("17h ago", 0), ("0d", 0), ("-1d", -1), ("8 Wo", 56), ("8 T", 8), ("3 j", 3), ("2 sem", 14),
        ("heute", 0), ("gestern", 1), ("aujourd’hui", 0), ("hier", 1), ("hoy", 0), ("ayer", 1), ("vor 3 Tagen", 3),
        ("hace 2 días", 2), ("il y a 3 jours", 3), ("há 4 dias", 4), ("3 giorni fa", 3), ("2 dagen geleden", 2),
        ("3 dni temu", 3), ("för 3 dagar sedan", 3), ("for 2 uger siden", 14), ("3 päivää sitten", 3),
        ("před 3 dny", 3), ("3 gün önce", 3), ("i dag", 0), ("wczoraj", 1), ("30+ days ago", 30),
    ],
)  # fmt: skip
def test_ages_of_many_languages_are_read(written: str, ago: int) -> None:
    assert only(row(day=written)).posted_on == NOW.date() - timedelta(days=ago)


@pytest.mark.parametrize(
    "written",
    [
        "2025-08-21", "Aug 21, 2025", "21 Aug 2025", "21 Aug", "21. August 2025", "21 de agosto de 2025", "21 août",
        "21.08.2025", "08/21/2025", "21/08/2025", "21-08-2025", "21 sierpnia 2025", "21. srpna", "21 elokuuta 2025",
        "21 Ağustos 2025", "21-Aug-2025", "21 augustus", "21 ago",
    ],
)  # fmt: skip
def test_one_day_is_read_in_many_spellings(written: str) -> None:
    assert only(row(day=written)).posted_on == date(2025, 8, 21)


def test_the_other_rows_say_whether_slashes_put_the_day_first() -> None:
    days = [p.posted_on for p in read(row(day="21/08/2025"), row(day="03/04/2025")).postings]

    assert days == [date(2025, 8, 21), date(2025, 4, 3)]
    assert only(row(day="03/04/2025")).posted_on == date(2025, 3, 4)
    assert only(row(day="03.04.2025")).posted_on == date(2025, 4, 3)


@pytest.mark.parametrize(
    ("word", "mode"),
    [
        ("Télétravail", WorkMode.REMOTE),
        ("Híbrido", WorkMode.HYBRID),
        ("Vor Ort", WorkMode.ONSITE),
        ("Stacjonarnie", WorkMode.ONSITE),
        ("Uzaktan", WorkMode.REMOTE),
    ],
)
def test_work_modes_of_many_languages_are_read(word: str, mode: WorkMode) -> None:
    assert only(row(day=word), head=HEAD.replace("Posted", "Work Model")).mode is mode


def test_a_list_without_titles_takes_them_from_the_notes_or_its_heading() -> None:
    reading = parse(
        "# Summer 2022 Internships\n\n## List\n| Name | Location | Notes |\n|---|---|---|\n"
        "|[Acme](https://acme.example/1) | Rome; Oslo | Kitchen Intern. No visa. |\n"
        "| [Bolt](https://bolt.example) | Various | A company of bolts.\n"
        "|<del>Cog</del> | | **Closed** |\n"
        " | <del> Dot </del> | Rome\n"
        "| [Egg](https://egg.example) | Rome | **🔒 Closed 🔒** |\n",
        NOW,
    )

    assert reading.unread == ()
    assert [(p.company, p.title, p.location, p.url, p.closed) for p in reading.postings] == [
        ("Acme", "Kitchen Intern", "Rome; Oslo", "https://acme.example/1", False),
        ("Bolt", "Internship", "Various", "https://bolt.example", False),
        ("Cog", "Internship", "", "", True),
        ("Dot", "Internship", "Rome", "", True),
        ("Egg", "Internship", "Rome", "https://egg.example", True),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "# Clubs\n| Name | Location | Notes |\n|---|---|---|\n| [Acme](https://acme.example) | Rome | Chess |\n",
        "# Remote jobs\nName | Website | Region\n--- | --- | ---\nAcme | https://acme.example | Worldwide\n",
        "# Jobs\n| Company | Program | Focus | Apply |\n|---|---|---|---|\n| Acme | Step | Students | [Apply](https://a.example) |\n",
        "# Jobs\n| Title | Type | Link |\n|---|---|---|\n| Book | Guide | [Read](https://a.example) |\n",
        "# Jobs\n## 📚 Resources (1)\n| Role | Pay | Link |\n|---|---|---|\n| Cook | $5 | [See](https://a.example) |\n",
        "# Jobs\n| Resource | Type | Link |\n|---|---|---|\n| Book | Guide | [Apply](https://a.example) |\n",
    ],
)  # fmt: skip
def test_directories_and_decoys_are_no_jobs(text: str) -> None:
    reading = parse(text, NOW)

    assert (reading.postings, reading.unread) == ((), ())
    assert reading.note


def test_other_rows_show_which_cell_a_raw_pipe_stands_in() -> None:
    head = "| Company | Job Title | Level | Location | H1B status | Link | Date Posted |\n|-|-|-|-|-|-|-|\n"
    reading = read(
        f"|  Acme  | Cook | Senior | Oslo | 🥇 | {APPLY} | 2026-02-20 |\n",
        f"|  🏅 Acme  | Cook | Senior | Rome | Milan | 🥇 | {APPLY} | 2026-02-20 |\n",
        head=head,
    )

    assert [(p.company, p.title, p.location) for p in reading.postings] == [
        ("Acme", "Cook", "Oslo"),
        ("Acme", "Cook", "Rome | Milan"),
    ]


def test_each_place_loses_its_bullet() -> None:
    assert only(row(place="- Rome <br> - Oslo </br> Rome")).location == "Rome; Oslo; Rome"
    assert only(row(place="- Rome")).location == "Rome"
    assert only(row(place="-Rome; Oslo <br>-Bern")).location == "Rome; Oslo; Bern"


def test_a_table_under_a_company_heading_with_a_count_and_an_emoji() -> None:
    posting = only(
        "#### 🚗 RWS (13 positions)\n| Role | Location | Posted | Level | Category | Apply |\n|-|-|-|-|-|-|\n"
        f"| Cook 🇺🇸 | NYC, Locations | 17h ago | Entry | Food | {APPLY} |\n",
        head="",
    )

    assert (posting.company, posting.title, posting.location) == ("RWS", "Cook", "NYC, Locations")
    assert posting.posted_on == NOW.date()


def test_terms_buttons_flags_and_arrows_stand_together() -> None:
    reading = read(
        '| **[Acme](https://x.example/c)** | Cook 🛂 | Rome</br>Remote | Fall 2026 | <a href="https://jobs.example/1?a=1&region=2"><img src="i"></a> <a href="https://simplify.jobs/p/1"><img src="x"></a> | Feb 20 |\n',
        "| ↳ | Baker 🇺🇸 🎓 | <details><summary>**2 locations**</summary>Rome</br>Oslo</details> | Fall 2026 | 🔒 | Feb 20 |\n",
        "| 🔥 **Bolt** | Host | | Fall 2026 | Name [https://jobs.example/3] | Feb 20 |\n",
        head="| Company | Role | Location | Terms | Application/Link | Date Posted |\n|-|-|-|-|-|-|\n",
    )

    assert reading.unread == ()
    assert [(p.company, p.title, p.location, p.url, p.company_url, p.closed) for p in reading.postings] == [
        ("Acme", "Cook", "Rome; Remote", "https://jobs.example/1?a=1&region=2", "https://x.example/c", False),
        ("Acme", "Baker", "Rome; Oslo", "", "https://x.example/c", True),
        ("Bolt", "Host", "", "https://jobs.example/3", "", False),
    ]


@pytest.mark.parametrize(
    "head",
    [
        "Unternehmen | Stelle | Standort | Online | Bewerbung",
        "Entreprise | Poste | Localisation | Publié le | Postuler",
        "Empresa | Puesto | Ubicación | Fecha | Enlace",
        "Empresa | Vaga | Localização | Data | Candidatar-se",
        "Azienda | Ruolo | Sede | Pubblicato | Candidati",
        "Bedrijf | Functie | Locatie | Geplaatst | Solliciteren",
        "Firma | Stanowisko | Lokalizacja | Opublikowano | Aplikuj",
        "Företag | Tjänst | Plats | Publicerad | Ansök",
        "🏢 **Company** | 💼 Role | 📍 Location | 📅 Date Posted | 🔗 Application/Link",
    ],
)
def test_heads_are_known_in_many_languages(head: str) -> None:
    posting = only(row(), head=f"| {head} |\n|---|---|---|---|---|\n")

    assert (posting.company, posting.title, posting.location) == ("Acme", "Cook", "Rome")
    assert (posting.posted_on, posting.url) == (date(2026, 3, 1), "https://jobs.example/1")


def test_other_dates_of_a_column_say_whether_the_day_comes_first() -> None:
    reading = read(row(day="05/02/2026"), row(day="28/02/2026"))

    assert [one.posted_on for one in reading.postings] == [date(2026, 2, 5), date(2026, 2, 28)]
    assert only(row(day="05/02/2025")).posted_on == date(2025, 5, 2)


OLDEST = "# Summer 2031 Kitchen Internships\n\n## The List\n\n| Name | Location | Notes |\n|---|---|---|\n"


def test_the_oldest_lists_say_the_role_in_their_notes() -> None:
    reading = read(
        "|[Acme](https://acme.example/1) | Rome | Pastry chef intern. No visas. |\n",
        " | [Bistro](https://bistro.example/2?a=1&region=2) | | A lovely place. |\n",
        "| <del>Cantina</del> | | **Closed** |\n",
        "|[Diner](https://diner.example/4)| Oslo |🔒 Closed 🔒|\n",
        head=OLDEST,
    )

    assert [(one.company, one.title, one.location, one.url, one.closed) for one in reading.postings] == [
        ("Acme", "Pastry chef intern", "Rome", "https://acme.example/1", False),
        ("Bistro", "Internship", "", "https://bistro.example/2?a=1&region=2", False),
        ("Cantina", "Internship", "", "", True),
        ("Diner", "Internship", "Oslo", "https://diner.example/4", True),
    ]


def test_a_directory_of_companies_with_notes_lists_no_jobs() -> None:
    directory = "# Cafés with good coffee\n\n| Name | Location | Notes |\n|---|---|---|\n"
    reading = read("| [Acme](https://acme.example) | Rome | Great beans |\n", head=directory)

    assert reading.postings == () == reading.unread
    assert "no table of jobs" in reading.note


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("- Rome <br> - Oslo, Norway", "Rome; Oslo, Norway"),
        ("Rome</br>Oslo", "Rome; Oslo"),
        ("<details><summary>**2 locations**</summary>Rome</br>Oslo</details>", "Rome; Oslo"),
        ("Rome / Oslo", "Rome / Oslo"),
        ("Stratford-upon-Avon", "Stratford-upon-Avon"),
        ("", ""),
    ],
)
def test_places_are_told_apart_without_their_bullets(written: str, shown: str) -> None:
    assert only(row(place=written)).location == shown


@pytest.mark.parametrize("title", ["Cook 🛂", "🔥 Cook 🎓", "Cook 🇺🇸 🛂", "Cook 🔥🛂"])
def test_flags_of_a_row_are_no_part_of_its_title(title: str) -> None:
    assert only(row(title=title)).title == "Cook"
    assert only(row(title=f"{title} (nights)")).title == "Cook (nights)"


@pytest.mark.parametrize(
    ("written", "pay"), [("€45k–60k*", "€45k–60k*"), ("[Voir →](https://x.example/)", "")]
)
def test_a_button_in_the_pay_column_is_no_pay(written: str, pay: str) -> None:
    head = "| Company | Position | Location | Posted | Apply | Salary |\n|---|---|---|---|---|---|\n"
    assert only(f"| Acme | Cook | Rome | 3 j | {APPLY} | {written} |\n", head=head).pay == pay


def test_companies_stand_in_headings_with_their_counts_and_decoys_beside_them() -> None:
    text = """
#### 🏢 Harbour Labs (2 positions)

| Role | Location | Posted | Level | Apply |
|---|---|---|---|---|
| Deckhand 🔥 | Oslo | 17h ago | Entry-Level | [Apply](https://harbour.example/1) |
| Cook | `Bergen, Locations` | 2d ago | Mid | [Apply](https://harbour.example/2) |

## Programmes

| Programme | Who | Apply |
|---|---|---|
| Summer school | Students | [Apply](https://school.example/) |

## Resources

| Resource | Link |
|---|---|
| A guide | [Read](https://guide.example/) |
"""
    reading = parse(text, NOW)

    assert [(one.company, one.title, one.location, one.url) for one in reading.postings] == [
        ("Harbour Labs", "Deckhand", "Oslo", "https://harbour.example/1"),
        ("Harbour Labs", "Cook", "Bergen, Locations", "https://harbour.example/2"),
    ]
    assert reading.unread == ()


LOCALIZED = [
    ("Empresa|Cargo|Localización|Sueldo|Habilidades clave|Postularse|Publicado hace", "hace un día"),
    ("Azienda|Ruolo|Località|Retribuzione|Competenze principali|Candidati ora|Età", "ieri"),
    ("Bedrijf|Vacature|Plaats|Vergoeding|Belangrijkste vaardigheden|Solliciteer|Leeftijd", "1 dgn"),
    ("Empresa|Vaga|Local|Salário|Competências-chave|Candidatar-se|Idade", "1 dia atrás"),
    ("Firma|Stanowisko|Miejsce|Pensja|Kluczowe umiejętności|Aplikuj teraz|Wiek", "dzień temu"),
    ("Société|Intitulé|Ville|Rémunération|Compétences principales|Candidater|Publié il y a", "1 j"),
    ("Firma|Position|Ort|Vergütung|Schlüsselqualifikationen|Jetzt bewerben|Alter", "vor einem Tag"),
    ("Företag|Tjänst|Ort|Ersättning|Nyckelkompetenser|Ansök här|Ålder", "för en dag sedan"),
    (
        "Nome da empresa|Título da vaga|Local|Faixa salarial|Competências|Link da vaga|Publicada em",
        "01/03/2026",
    ),
    ("Unternehmen|Stellenangebot|Einsatzort|Gehaltsband|Kompetenzen|Zur Stelle|Online seit", "01.03."),
    ("Ｃｏｍｐａｎｙ|Role Name|Country|Base Salary|Required Skills|Apply Link|Updated", "a day ago"),
    ("Employer name|Designation|Region|Stipend|Tech Stack/Skills|Direct link|Posted at", "1er mars"),
]


@pytest.mark.parametrize(("head", "age"), LOCALIZED)
def test_whole_lists_of_other_languages_are_read_field_by_field(head: str, age: str) -> None:
    cells = [
        "Acme",
        "Cook",
        "Rome +1",
        "€45k–60k*",
        "SQL, Excel",
        f"<a href='https://jobs.example/1'>{age} →</a>",
        age,
    ]
    heads = "".join(f'<th width="9%">{name}</th>' for name in head.split("|"))
    row = "".join(f"<td>{cell}</td>" for cell in cells)

    (read_here,) = parse(f"<table><thead><tr>{heads}</tr></thead><tr>{row}</tr></table>", NOW).postings

    assert (read_here.company, read_here.title, read_here.location) == ("Acme", "Cook", "Rome +1")
    assert (read_here.pay, read_here.skills) == ("€45k–60k*", ("SQL", "Excel"))
    assert (read_here.url, read_here.posted_on) == ("https://jobs.example/1", date(2026, 3, 1))


@pytest.mark.parametrize(
    ("status", "closed"),
    [("Open", False), ("✅", False), ("", False), ("🔒 Closed", True), ("Expired", True), ("❌", True), ("~~Open~~", True)],
)  # fmt: skip
def test_a_column_for_the_status_closes_too(status: str, closed: bool) -> None:
    head = "| | Company | Role | Location | Status | Apply |\n|--|--|--|--|--|--|\n"

    posting = only(f"| 🆕 | Acme | Cook | Rome | {status} | {APPLY} |\n", head=head)

    assert (posting.title, posting.closed) == ("Cook", closed)


@pytest.mark.parametrize("said", ["❌", "Filled", "Position closed", "**No longer accepting applications**"])
def test_words_in_the_place_of_the_link_close(said: str) -> None:
    assert only(row(apply=said)).closed
    assert not only(row(apply=f"{APPLY} ❌ no visa")).closed


@pytest.mark.parametrize(
    ("written", "closed"),
    [
        ("Cook (closed)", True),
        ("**[CLOSED]** Cook", True),
        ("Cook (expired)", True),
        ("Closed Loop Cook", False),
    ],
)
def test_closed_in_brackets_is_no_part_of_the_title(written: str, closed: bool) -> None:
    posting = only(row(title=written))

    assert (posting.title, posting.closed) == ("Cook" if closed else written, closed)


def test_a_table_under_a_heading_of_closed_jobs_is_closed() -> None:
    reading = parse(f"## Open\n{HEAD}{row()}\n## 🔒 Inactive roles (1)\n{HEAD}{row()}", NOW)

    assert [posting.closed for posting in reading.postings] == [False, True]


@pytest.mark.parametrize("mark", ["↳", "⤷", "└ Acme", '"', "〃", "-//-"])
def test_other_marks_for_the_company_above(mark: str) -> None:
    above, below = read(row(company="[Acme](https://acme.example)"), row(company=mark)).postings

    assert (below.company, below.company_url) == (above.company, above.company_url)


@pytest.mark.parametrize(
    ("head", "cells"),
    [
        ("Title | Author | Link", "Interviews | Jane | [Link](https://a.example/1)"),
        ("Title | Date | Location | Link", "Career fair | Apr 1 | Rome | [Link](https://a.example/1)"),
    ],
)
def test_books_and_fairs_are_no_jobs(head: str, cells: str) -> None:
    assert parse(f"{head}\n{'---|' * 4}\n{cells}", NOW).postings == ()


def test_a_number_is_no_title() -> None:
    reading = parse(
        "Company | Openings | Location\n---|---|---\n[Acme](https://acme.example) | 12 | Rome", NOW
    )

    assert [one.reason for one in reading.unread] == ["no title"]


@pytest.mark.parametrize(
    ("said", "mode"),
    [("Hybrid (3 days)", WorkMode.HYBRID), ("🏠 Remote, EU", WorkMode.REMOTE), ("Office", WorkMode.ONSITE), ("Remote / Hybrid", WorkMode.UNKNOWN)],
)  # fmt: skip
def test_a_mode_may_say_more(said: str, mode: WorkMode) -> None:
    head = "| Company | Role | Location | Work Mode | Apply |\n|--|--|--|--|--|\n"

    assert only(f"| Acme | Cook | Rome | {said} | {APPLY} |\n", head=head).mode is mode


ROWS = (
    "| Company | Role | Location | Apply |\n|---|---|---|---|\n"
    "| Acme | Cook | Rome | [Apply](https://jobs.example/1) |\n"
    "| Bolt | Baker | Bern | [Apply](https://jobs.example/2) |\n"
)


def both(text: str) -> str:
    """Return the section of the two jobs of `ROWS`, which is all that `text` lists."""
    reading = parse(text, NOW)
    assert [(one.company, one.title, one.location, one.url) for one in reading.postings] == [
        ("Acme", "Cook", "Rome", "https://jobs.example/1"),
        ("Bolt", "Baker", "Bern", "https://jobs.example/2"),
    ]
    assert reading.unread == ()
    return reading.postings[0].section


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + ROWS,
        ROWS.replace("\n", "\r"),
        ROWS.replace(" | ", "\u00a0|\u00a0"),
        ROWS.replace(" | ", "\t|\t"),
        ROWS.replace("|---|---|---|---|", ":-|:-:|-: | --- "),
        "".join(f"> {line}\n" for line in ROWS.splitlines()),
        "".join(f"  >> {line}\n" for line in ROWS.splitlines()),
        "- " + ROWS.replace("\n", "\n  "),
        "1. " + ROWS.replace("\n", "\n   "),
        ROWS.replace("| Bolt", "<!--\n| X | Y | Z | [A](https://a.example/1) |\n-->\n| Bolt"),
        ROWS.replace("| Acme", "<!-- new ones first -->\n\n| Acme"),
        "<table><tr><td><img src='x.png'></td><td>\n\n" + ROWS + "\n</td></tr></table>\n",
        ROWS.replace("Company | Role", "🏢 Company<br>Name | [Job&nbsp;Title](https://a.example 'sort')"),
        "<table align='center'><tr><td><b>Company</b><td>Role<td>Location<td>Apply</tr>"
        "<tr><td>Acme<td>Cook<td>Rome<td><a href=https://jobs.example/1>Apply</a>"
        "<tr><td>Bolt<td>Baker<td>Bern<td><a href='https://jobs.example/2'>Apply</a></table>",
    ],
)
def test_a_table_is_read_wherever_and_however_a_page_shows_one(text: str) -> None:
    both(text)


@pytest.mark.parametrize(
    "heading",
    [
        "Kitchen jobs\n============",
        "Kitchen jobs\n---",
        "<h3 align='center'>🍳 <b>Kitchen jobs</b> (2)</h3>",
        "<details><summary><h4>Kitchen jobs (2)</h4></summary>",
    ],
)
def test_a_heading_is_known_however_it_is_written(heading: str) -> None:
    assert both(f"# List\n\n{heading}\n\n{ROWS}") == "Kitchen jobs"


def test_a_line_under_text_or_bullets_makes_no_heading() -> None:
    assert both(f"# List\n\nOne\ntwo\n---\n\n- three\n---\n\n| four\n---\n\n{ROWS}") == "List"


def test_links_may_stand_below_the_table() -> None:
    reading = parse(
        "| Company | Role | Location | Apply |\n|---|---|---|---|\n"
        "| [Acme][a] | Cook [m/f] | Rome | [Apply][12] |\n"
        "| Bolt | [Baker][] | Bern | [Apply][ B 2 ] |\n"
        "| Cog | Brewer | Bonn | [![Apply][a]][3] |\n"
        "| Dot | Waiter | Bonn | [4] |\n"
        "| Eel | Waiter | Bonn | [Apply][none] |\n\n"
        "[a]: https://acme.example\n[12]: https://jobs.example/1 'x'\n  [b 2]: <https://jobs.example/2>\n"
        "[3]: https://jobs.example/3\n[4]: https://jobs.example/4\n[^none]: https://jobs.example/5\n",
        NOW,
    )

    assert [(one.title, one.url) for one in reading.postings] == [
        ("Cook [m/f]", "https://jobs.example/1"),
        ("[Baker][]", "https://jobs.example/2"),
        ("Brewer", "https://jobs.example/3"),
        ("Waiter", "https://jobs.example/4"),
    ]
    assert reading.postings[0].company_url == "https://acme.example"
    assert [one.reason for one in reading.unread] == ["no http(s) link"]


def test_emoji_may_be_written_by_their_names() -> None:
    place, locked = read(
        row(title="Cook :us: :fire:", place=":globe_with_meridians: Remote"), row(apply=":lock:")
    ).postings

    assert (place.title, place.location, place.mode) == ("Cook", "Remote", WorkMode.REMOTE)
    assert locked.closed


def test_a_cell_may_reach_over_several_rows() -> None:
    reading = parse(
        "<table><tr><th>Company</th><th>Role</th><th>Location</th><th>Apply</th></tr>"
        "<tr><td rowspan='2'><a href='https://acme.example'>Acme</a></td><td>Cook</td><td rowspan=3>Rome</td>"
        "<td><a href='https://jobs.example/1'>Apply</a></td></tr>"
        "<tr><td>Chef</td><td><a href='https://jobs.example/2'>Apply</a></td></tr>"
        "<tr><td>Bolt</td><td>Baker</td><td><a href='https://jobs.example/3'>Apply</a></td></tr></table>",
        NOW,
    )

    assert [
        (one.company, one.company_url, one.title, one.location, one.url[-1]) for one in reading.postings
    ] == [
        ("Acme", "https://acme.example", "Cook", "Rome", "1"),
        ("Acme", "https://acme.example", "Chef", "Rome", "2"),
        ("Bolt", "", "Baker", "Rome", "3"),
    ]


def test_a_head_in_headings_tags_is_still_a_head() -> None:
    both(ROWS.replace("Company", "<h3>Company</h3>").replace("Role", "<h3>Role</h3>"))


@pytest.mark.parametrize(
    "written",
    ["Sat, Feb 28", "Saturday, February 28th, 2026", "Feb 28, '26", "Feb-28", "28-Feb-26", "28/Feb/2026", "02/28", "28.02.",
     "28th of February 2026", "Feb 28, 2026 10:00", "Posted 2 days ago", "> 2d", "~2d 🔥", "2d+", "+2 j", "2d 4h",
     "2 days, 3 hours ago", "il y a plus de 2 jours", "hace más de 2 días", "**2d**"],
)  # fmt: skip
def test_more_spellings_of_one_day(written: str) -> None:
    assert only(row(day=written)).posted_on == date(2026, 2, 28)


def test_a_column_named_link_gives_way_to_one_for_applying() -> None:
    head = "| Company | Link | Role | Location | Apply |\n|--|--|--|--|--|\n"

    assert only(f"| Acme | [Site](https://acme.example) | Cook | Rome | {APPLY} |\n", head=head).url.endswith(
        "/1"
    )


def test_a_flag_that_is_all_there_is_stays_as_the_place() -> None:
    assert only(row(place="🇩🇪")).location == "🇩🇪"
    assert only(row(place="🇩🇪 Köln")).location == "Köln"


@pytest.mark.parametrize(
    ("cells", "read_as"),
    [
        ("Eel | Sons | Cook | Rome | $1", ("Eel | Sons", "Cook", "Rome", "$1")),
        ("Acme | Cook | Nights | Rome | $1", ("Acme", "Cook | Nights", "Rome", "$1")),
        ("Acme | Cook || Nights | Rome | $1", ("Acme", "Cook || Nights", "Rome", "$1")),
        ("Acme | Cook | Rome | Bern | $1", ("Acme", "Cook", "Rome | Bern", "$1")),
        (
            "<a href='https://a.example'>Fig | Sons</a> | Chef | Rome | $1",
            ("Fig | Sons", "Chef", "Rome", "$1"),
        ),
        ("Fig | Baker | 2026 | Rome | $1", ("Fig", "Baker | 2026", "Rome", "$1")),
    ],
)
def test_cells_of_other_rows_tell_which_text_holds_a_raw_pipe(cells: str, read_as: tuple[str, ...]) -> None:
    head = "| Company | Role | Location | Salary | Apply | Age |\n|--|--|--|--|--|--|\n"
    others = [f"| {one} | {APPLY} | 1d |\n" for one in ("Acme | Chef | Bern | $2", "Bolt | Cook | Rome | $3")]

    posting = read(*others, f"| {cells} | {APPLY} | 2d |\n", head=head).postings[2]

    assert (posting.company, posting.title, posting.location, posting.pay) == read_as
    assert posting.posted_on == date(2026, 2, 28)


def test_dashes_between_rows_and_a_new_head_without_a_blank_line_lose_no_row() -> None:
    reading = parse(
        ROWS.replace("| Bolt", "|---|---|---|---|\n| Bolt")
        + "| Position | Employer | Link | City |\n|---|---|---|---|\n| Waiter | Cog | https://jobs.example/3 | Bonn |\n",
        NOW,
    )

    assert [(one.company, one.title, one.location) for one in reading.postings] == [
        ("Acme", "Cook", "Rome"), ("Bolt", "Baker", "Bern"), ("Cog", "Waiter", "Bonn"),
    ]  # fmt: skip


def test_a_list_in_german_is_read_field_by_field() -> None:
    reading = parse(
        "| Firma | Stelle | Ort | Arbeitsmodell | Gehalt | Datum | Bewerbung |\n|---|---|---|---|---|---|---|\n"
        "| Acme GmbH & Co. KG | Koch (m/w/d) | Köln | Homeoffice | 50.000 € | 01.02.2026 | [Zur Stelle](https://jobs.example/1) |\n"
        "| ↳ | Köch*in | Bonn | vor Ort | k. A. | vor 3 Tagen | Geschlossen |\n",
        NOW,
    )

    assert [
        (one.company, one.title, one.location, one.mode, one.pay, one.posted_on, one.closed)
        for one in reading.postings
    ] == [
        ("Acme GmbH & Co. KG", "Koch (m/w/d)", "Köln", WorkMode.REMOTE, "50.000 €", date(2026, 2, 1), False),
        ("Acme GmbH & Co. KG", "Köch*in", "Bonn", WorkMode.ONSITE, "", date(2026, 2, 27), True),
    ]


def test_a_list_of_drives_is_read_beside_columns_that_are_no_field() -> None:
    posting = only(
        "| 1. | Acme | SDE-1 | 2025/2026 | ₹12-15 LPA | Pune | 15 Mar | [Click here](https://jobs.example/1) |\n",
        head="| S.No | Company Name | Job Role | Batch | CTC/Stipend | Location | Last Date | Apply Link |\n"
        "| :---: | :---: | :---: | :---: | :---: | :---: | :---: | :---: |\n",
    )

    assert (posting.company, posting.title, posting.location, posting.pay) == (
        "Acme",
        "SDE-1",
        "Pune",
        "₹12-15 LPA",
    )
    assert posting.posted_on is None


def test_html_tables_of_other_programs_are_read_alike() -> None:
    reading = parse(
        "## 💻 Kitchen\n<TABLE CLASS=x>\n<THEAD><TR><TH STYLE='width:20%'>Company</TH>\n<TH>Role</TH><TH>Location</TH>"
        "<TH>Application</TH><TH>Age</TH></TR></THEAD>\n<TBODY>\n"
        "<!-- <tr><td>No</td><td>No</td><td>No</td><td><a href='https://no.example'>x</a></td><td>1d</td></tr> -->\n"
        "<TR>\n<TD><STRONG><A HREF='https://acme.example'>🔥 Acme</A></STRONG></TD>\n<TD>Cook 🎓</TD>\n"
        "<TD>Rome<BR />Bern</TD>\n<TD><DIV ALIGN=center><A HREF='https://jobs.example/1?a=1&amp;region=2'><IMG SRC=x></A>"
        " <A HREF='https://simplify.jobs/p/1'><IMG SRC=y></A></DIV></TD>\n<TD>0d</TD>\n</TR>\n"
        "<tr>\n<td>↳</td>\n<td>Chef &amp; Baker &lt;Senior&gt;</td>\n"
        "<td><details><summary><strong>2 locations</strong></summary>Rome</br>Bern</details></td>\n"
        "<td><div align='center'>🔒</div></td>\n<td>5d</td>\n</tr>\n</TBODY></TABLE>\n",
        NOW,
    )

    assert [(one.company, one.title, one.location, one.url, one.closed) for one in reading.postings] == [
        ("Acme", "Cook", "Rome; Bern", "https://jobs.example/1?a=1&region=2", False),
        ("Acme", "Chef & Baker <Senior>", "Rome; Bern", "", True),
    ]
    assert {one.section for one in reading.postings} == {"Kitchen"}


def test_a_raw_pipe_in_a_list_without_titles_stays_in_its_cell() -> None:
    reading = parse(
        "# Summer Internships\n| Name | Location | Notes |\n|---|---|---|\n| [Acme](https://acme.example) | Rome | |\n"
        "| [Acme | Sons](https://jobs.example/1) | Rome | Cook Intern |\n"
        "| [Bolt](https://jobs.example/2) | Rome | Baker Intern | Nights |\n",
        NOW,
    )

    assert [(one.company, one.title) for one in reading.postings[1:]] == [
        ("Acme | Sons", "Cook Intern"),
        ("Bolt", "Baker Intern | Nights"),
    ]


@pytest.mark.parametrize("kept", [-3, -6, -20])
def test_a_row_that_is_cut_off_inside_a_link_is_named(kept: int) -> None:
    reading = parse(
        HEAD + row() + row(title="Baker", apply="[Apply](https://jobs.example/a(b)/20)").rstrip()[:kept], NOW
    )

    assert [one.title for one in reading.postings] == ["Cook"]
    assert [(one.line, one.reason) for one in reading.unread] == [(4, "the row is cut off")]


def test_a_head_with_a_link_begins_another_table_after_a_blank_line() -> None:
    other = "| Date | Role | Company | City | [Apply](https://x.example/how) |\n|---|---|---|---|---|\n"

    postings = read(row(), f"\n{other}", f"| 2026-03-01 | Baker | Bolt | Bern | {APPLY} |\n").postings

    assert [(one.company, one.title, one.location) for one in postings] == [
        ("Acme", "Cook", "Rome"),
        ("Bolt", "Baker", "Bern"),
    ]
