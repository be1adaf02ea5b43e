"""Whole lists as the well-known families write them: invented rows, with what a reader of the page sees."""

from datetime import UTC, datetime

import pytest

from notifier.sources.readme_table import parse

NOW = datetime(2026, 3, 2, 21, tzinfo=UTC)
J = "https://jobs.example/"

# Each name stands for the form of a family; then the document, and its rows:
# company, title, location, link behind J, closed, section.
Wanted = list[tuple[str, str, str, str, bool, str]]
DOCUMENTS: dict[str, tuple[str, Wanted]] = {}

DOCUMENTS["vanshb03: pipes, buttons, flags, arrows over a closed row"] = (
    """# Summer 2031 Internships
<!-- TABLE_START: programs write from here -->

| Company | Role | Location | Application/Link | Date Posted |
| --- | --- | --- | :---: | :---: |
| **[Acme](https://acme.example)** | Kitchen Intern 🛂 | Rome | <a href="https://jobs.example/1?utm_source=x&region=2"><img src="https://i.example/a.png" width="118" alt="Apply"></a> | Feb 20 |
| ↳ | Bakery Intern 🇺🇸 | Rome</br>Remote in Italy | 🔒 | Feb 20 |
| ↳ | Pastry Intern | <details><summary>**3 locations**</summary>Rome</br>Oslo, Norway</br>Remote</details> | <a href="https://jobs.example/3?a=1&amp;copy=2"><img src="https://i.example/a.png" alt="Apply"></a> | Feb 19 |
<!-- a hand was here -->
| **Bolt & Sons** | 🔒 Tool \\| Die Intern | Bern | <a href="https://jobs.example/4"><img src="https://i.example/a.png" alt="Apply"></a> | Feb 18 |
| **[Cog]()** | Gear Intern – Summer 🔥 🎓 | | [Apply](https://jobs.example/5) | Feb 18

<!-- TABLE_END: to here -->

## Who keeps this list

| Name | Country |
| --- | --- |
| [Ann](https://ann.example) | Norway |
""",
    [
        ("Acme", "Kitchen Intern", "Rome", "1?utm_source=x&region=2", False, "Summer 2031 Internships"),
        ("Acme", "Bakery Intern", "Rome; Remote in Italy", "", True, "Summer 2031 Internships"),
        ("Acme", "Pastry Intern", "Rome; Oslo, Norway; Remote", "3?a=1&copy=2", False, "Summer 2031 Internships"),
        ("Bolt & Sons", "Tool | Die Intern", "Bern", "4", True, "Summer 2031 Internships"),
        ("Cog", "Gear Intern – Summer", "", "5", False, "Summer 2031 Internships"),
    ],
)  # fmt: skip

DOCUMENTS["Simplify HTML: a table for each category, arrows also first in a table"] = (
    """# Summer 2031 Tech Internships

## 💻 Kitchen Internship Roles

<table>
<thead>
<tr>
<th>Company</th>
<th>Role</th>
<th>Location</th>
<th>Application</th>
<th>Age</th>
</tr>
</thead>
<tbody>
<tr>
<td>🔥 <strong><a href="https://simplify.jobs/c/Acme?a=1">Acme</a></strong></td>
<td>Chef Intern 🎓</td>
<td><details><summary><strong>4 locations</strong></summary>Rome<br>Oslo<br>Bern<br>Remote in EU</details></td>
<td><div align="center"><a href="https://jobs.example/1?utm_source=Simplify&ref=Simplify"><img src="https://i.example/a.png" width="50" alt="Apply"></a> <a href="https://simplify.jobs/p/1"><img src="https://i.example/s.png" alt="Simplify"></a></div></td>
<td>0d</td>
</tr>
<tr>
<td>↳</td>
<td>R&amp;D Chef &#8211; Intern&apos;s year</td>
<td>Rome</td>
<td>🔒</td>
<td>1mo</td>
</tr>
</tbody>
</table>

## 📈 Quantitative Cooking Internship Roles

<TABLE><THEAD><TR><TH>Company</TH><TH>Role</TH><TH>Location</TH><TH>Application</TH><TH>Age</TH></TR></THEAD>
<TBODY>
<TR><TD>↳</TD><TD>Spice Trader Intern</TD><TD>Oslo</TD><TD><A HREF='https://jobs.example/3'>Apply</A></TD><TD>2d</TD></TR>
<TR><TD><B>Bolt</B></TD><TD>Baker<BR/>Intern</TD><TD>Remote</TD><TD><A HREF=https://jobs.example/4>Apply</A></TD><TD>2d</TD></TR>
</TBODY></TABLE>

## 🔧 Hardware Internship Roles

| Company | Role | Location | Terms | Application | Age |
| ------- | ---- | -------- | ----- | ----------- | --- |
| **[Cog](https://simplify.jobs/c/Cog)** | Oven Intern | Bern | Fall 2031, Winter 2032 | <div align="center"><a href="https://simplify.jobs/p/9"><img alt="Simplify"></a></div> | 5d |
""",
    [
        ("Acme", "Chef Intern", "Rome; Oslo; Bern; Remote in EU", "1?utm_source=Simplify&ref=Simplify", False, "Kitchen Internship Roles"),
        ("Acme", "R&D Chef – Intern's year", "Rome", "", True, "Kitchen Internship Roles"),
        ("Acme", "Spice Trader Intern", "Oslo", "3", False, "Quantitative Cooking Internship Roles"),
        ("Bolt", "Baker; Intern", "Remote", "4", False, "Quantitative Cooking Internship Roles"),
        ("Cog", "Oven Intern", "Bern", "https://simplify.jobs/p/9", False, "Hardware Internship Roles"),
    ],
)  # fmt: skip

DOCUMENTS["an HTML table whose head is its first row, with spans and a nested table"] = (
    """<h2 align="center">Pastry <em>jobs</em></h2>
<table border="1">
<tr><td><b>Company</b></td><td><b>Role</b></td><td><b>Location</b></td><td><b>Apply</b></td></tr>
<tr><td rowspan="2">Acme</td><td>Cook</td><td>Rome</td><td><a href="https://jobs.example/1">Apply</a></td></tr>
<tr><td>Baker</td><td>Oslo</td><td><a href="https://jobs.example/2">Apply</a></td></tr>
<!-- <tr><td>Hidden</td><td>Cook</td><td>Rome</td><td><a href="https://jobs.example/0">Apply</a></td></tr> -->
<tr><td colspan="4" align="center"><b>Night shifts</b></td></tr>
<tr><td>Bolt</td><td>Host</td><td rowspan=2>Bern</td><td><a href="https://jobs.example/3">Apply</a></td></tr>
<tr><td>Cog</td><td>Waiter</td><td>🔒</td></tr>
<tr><td>Dot</td><td>Guard</td><td><details><summary>2 places</summary><table><tr><td>Rome</td></tr><tr><td>Oslo</td></tr></table></details></td><td><a href="https://jobs.example/5">Apply</a></td></tr>
<tr><td>Egg</td><td colspan="2">Porter</td><td><a href="https://jobs.example/6">Apply</a></td></tr>
</table>
""",
    [
        ("Acme", "Cook", "Rome", "1", False, "Pastry jobs"),
        ("Acme", "Baker", "Oslo", "2", False, "Pastry jobs"),
        ("Bolt", "Host", "Bern", "3", False, "Night shifts"),
        ("Cog", "Waiter", "Bern", "", True, "Night shifts"),
        ("Dot", "Guard", "Rome; Oslo", "5", False, "Night shifts"),
        ("Egg", "Porter", "", "6", False, "Night shifts"),
    ],
)  # fmt: skip

DOCUMENTS["cvrve: redirects, plain companies, CRLF, shortcodes"] = (
    """# New Grad 2031\r
\r
| Company | Role | Location | Application/Link | Date Posted |\r
|:---|:---|:---|:---:|:---:|\r
| **Acme** | Cook | Remote</br>Rome | <a href="https://redirect.example/8f00"><img src="https://i.example/a.png" alt="Apply" width="150"/></a> | 02 Mar |\r
| Bolt | Baker :us: | Rome | :lock: | Mar 1 |\r
|~~Cog~~|~~Host~~|~~Bern~~|~~[Apply](https://jobs.example/3)~~|~~Feb 27~~|\r
<del>Dot</del> | <del>Guard</del> | Oslo | 🔒 Closed | Feb 26 |\r
\r
50 jobs | 18% remote\r
""",
    [
        ("Acme", "Cook", "Remote; Rome", "https://redirect.example/8f00", False, "New Grad 2031"),
        ("Bolt", "Baker", "Rome", "", True, "New Grad 2031"),
        ("Cog", "Host", "Bern", "3", True, "New Grad 2031"),
        ("Dot", "Guard", "Oslo", "", True, "New Grad 2031"),
    ],
)  # fmt: skip

DOCUMENTS["negarprh: shields, padded cells, slips"] = (
    """# Canadian Kitchen Internships 2031

## Jobs

 | Company            | Role                     | Location                  | Apply | Date Posted |
 |--------------------|--------------------------|---------------------------|-------|-------------|
 | Acme               | Cook Intern (4 months)   | Toronto, ON / Montreal, QC | [![Apply](https://img.shields.io/badge/-Apply-blue?style=for-the-badge)](https://jobs.example/1) | Aug 21, 2025 |
   | ↳\\| | Baker Intern | Vancouver, BC | [Apply] (https://jobs.example/2) | 21 Aug 2025 |
 | Bolt               | Host Co-op | Ottawa, ON | Closed 🔒 | 4 Nov |
 |  ↳  | Host Co-op, nights | Ottawa, ON | ❌ | 4 Nov |
 | Cog                | Guard, Fall 2031 | Remote | [![Closed](https://img.shields.io/badge/-Closed-red)](#) | Nov 4th |
""",
    [
        ("Acme", "Cook Intern (4 months)", "Toronto, ON / Montreal, QC", "1", False, "Jobs"),
        ("Acme", "Baker Intern", "Vancouver, BC", "2", False, "Jobs"),
        ("Bolt", "Host Co-op", "Ottawa, ON", "", True, "Jobs"),
        ("Bolt", "Host Co-op, nights", "Ottawa, ON", "", True, "Jobs"),
        ("Cog", "Guard, Fall 2031", "Remote", "", True, "Jobs"),
    ],
)  # fmt: skip

DOCUMENTS["coderQuad: several roles in a cell, a mark before each"] = (
    """# New Grad Positions 2031

| Name | Location | Roles | Citizenship/Visa Requirements | Date Added |
| ---- | -------- | ----- | ----------------------------- | ---------- |
| [Acme](https://acme.example) | -Rome <br> -Oslo<br>- Stratford-upon-Avon | ✅ [Cook](https://jobs.example/1) <br> 🔒 [Baker](https://jobs.example/2) <br/> [Host](https://jobs.example/3) <br>- [See PDF](https://jobs.example/3.pdf) | US Citizen | 02/28/2026
| [Bolt]() | Bern | ✅ [Guard](https://jobs.example/4) ✅ [Porter](https://jobs.example/5) 🔒 [Waiter]() | - | 02/27/2026 |
| Cog | Remote | <ul><li>✅ [Cook](https://jobs.example/7)</li><li>✅ [Chef | Rome](https://jobs.example/8)</li></ul> | - | 02/27/2026 |
| Dot | Rome | [Cook](https://jobs.example/9), [Baker](https://jobs.example/10) / [Host](https://jobs.example/11) | - | 2/1/2026 |
| Egg | Rome | [Cook](https://jobs.example/12) ([more](https://jobs.example/13)) | - | 2/1/2026 |
""",
    [
        ("Acme", "Cook", "Rome; Oslo; Stratford-upon-Avon", "1", False, "New Grad Positions 2031"),
        ("Acme", "Baker", "Rome; Oslo; Stratford-upon-Avon", "2", True, "New Grad Positions 2031"),
        ("Acme", "Host", "Rome; Oslo; Stratford-upon-Avon", "3", True, "New Grad Positions 2031"),
        ("Bolt", "Guard", "Bern", "4", False, "New Grad Positions 2031"),
        ("Bolt", "Porter", "Bern", "5", False, "New Grad Positions 2031"),
        ("Bolt", "Waiter", "Bern", "", True, "New Grad Positions 2031"),
        ("Cog", "Cook", "Remote", "7", False, "New Grad Positions 2031"),
        ("Cog", "Chef | Rome", "Remote", "8", False, "New Grad Positions 2031"),
        ("Dot", "Cook", "Rome", "9", False, "New Grad Positions 2031"),
        ("Dot", "Baker", "Rome", "10", False, "New Grad Positions 2031"),
        ("Dot", "Host", "Rome", "11", False, "New Grad Positions 2031"),
        ("Egg", "Cook (more)", "Rome", "12", False, "New Grad Positions 2031"),
    ],
)  # fmt: skip

DOCUMENTS["roles and links that pair in two cells"] = (
    """# Jobs
Company | Role | Location | Link | Posted
--- | --- | --- | --- | ---
Acme | Cook<br>Baker | Rome | [Apply](https://jobs.example/1)<br>[Apply](https://jobs.example/2) | 2d
Bolt | Host<br>(nights) | Oslo | [Apply](https://jobs.example/3) | 2d
""",
    [
        ("Acme", "Cook", "Rome", "1", False, "Jobs"),
        ("Acme", "Baker", "Rome", "2", False, "Jobs"),
        ("Bolt", "Host; (nights)", "Oslo", "3", False, "Jobs"),
    ],
)

DOCUMENTS["quant firms: a heading, facts in bold, a small table"] = (
    """# Summer 2031 Quant Internships

## Acme Capital
**Website**: [Acme](https://acme.example/)

**Locations**: Rome, Oslo

**Notes**: Small.

|Role|Links|
|-------|-------|
|SWE|[✅ C++](https://jobs.example/1)&nbsp;&nbsp;&nbsp;&nbsp;[🔒 Python](https://jobs.example/2)|
|QR|[✅ ](https://jobs.example/3)|

## Bolt Trading
**Website**: [Bolt](https://bolt.example/)

**Locations**:

|Role|Links|
|-------|-------|

## Cog
|Role|Links|
|-------|-------|
|QT|[✅ ](https://jobs.example/4)|
""",
    [
        ("Acme Capital", "SWE C++", "Rome, Oslo", "1", False, "Acme Capital"),
        ("Acme Capital", "SWE Python", "Rome, Oslo", "2", True, "Acme Capital"),
        ("Acme Capital", "QR", "Rome, Oslo", "3", False, "Acme Capital"),
        ("Cog", "QT", "", "4", False, "Cog"),
    ],
)

DOCUMENTS["zapply: companies over their tables, decoys below"] = (
    """# New Grad Jobs

### Cooks

<details open>
<summary><h4>🏢 <strong>Harbour Labs</strong> (2 positions)</h4></summary>

| Role | Location | Posted | Level | Category | Apply |
|------|----------|--------|-------|----------|-------|
| Deckhand 🔥 | `Oslo` | 17h ago | Entry-Level | Sea | [Apply](https://jobs.example/1) |
| Cook | Bergen, Locations | 2d ago | Mid | Sea | [<img src="https://i.example/a.png" width="75" alt="Apply">](https://jobs.example/2) |

</details>

| Company | Role | Location | Posted | Level | Category | Apply |
|---------|------|----------|--------|-------|----------|-------|
| 🍎 **Acme** | Baker | NYC | 3d ago | Entry | Food | [Apply](https://jobs.example/3) |

## Statistics

| Company | Positions | Location |
|---|---|---|
| Acme | 12 | Rome |

| Title | Author | Link |
|---|---|---|
| How to cook | Ann | [Read](https://book.example/) |

| Program | Company | Deadline | Apply |
|---|---|---|---|
| Summer school | Acme | Mar 9 | [Apply](https://school.example/) |
""",
    [
        ("Harbour Labs", "Deckhand", "Oslo", "1", False, "Harbour Labs"),
        ("Harbour Labs", "Cook", "Bergen, Locations", "2", False, "Harbour Labs"),
        ("Acme", "Baker", "NYC", "3", False, "Cooks"),
    ],
)

DOCUMENTS["a column for the status"] = (
    """# Jobs
| # | Company Name | Job Role | City/State | Status | Apply Link | Date Added |
|---|---|---|---|---|---|---|
| 1 | Acme | Cook | Rome | Open | [Link](https://jobs.example/1) | 2026-03-01 |
| 2 | Bolt | Baker | Oslo | **Closed** | [Link](https://jobs.example/2) | 2026-03-01 |
| 3 | Cog | Host | Oslo | ✅ | <a href="https://jobs.example/3?x=1|2"><button>Apply</button></a> | 2026-03-01 |
| 4 | Dot | Guard | Oslo | Expired | - | 2026-03-01 |
""",
    [
        ("Acme", "Cook", "Rome", "1", False, "Jobs"),
        ("Bolt", "Baker", "Oslo", "2", True, "Jobs"),
        ("Cog", "Host", "Oslo", "3?x=1|2", False, "Jobs"),
        ("Dot", "Guard", "Oslo", "", True, "Jobs"),
    ],
)

DOCUMENTS["pittcsc: no titles, closed in words"] = (
    """<h1 align="center">Summer 2031 Kitchen Internships</h1>

## The List 👔

| Name  |  Location |  Notes |
|---|---|-------------|
|[Acme](https://jobs.example/1) | Rome or remote | Chef internship - remote OK
|<del>Bolt</del> | | **Closed** |
| <del> Cog </del> |
|[Dot](https://jobs.example/4) | Oslo | **Closed** Baker Intern |
|[Egg](https://jobs.example/5) | Various | More [here](https://egg.example/). Applicants must be authorized to cook. |
<del>Fig</del> | | **🔒 Closed 🔒** |
 |[Gem](https://jobs.example/7) | Bern | [Cook](https://jobs.example/70), [Baker](https://jobs.example/71) Intern positions are available. |

**Who keeps this list**
""",
    [
        ("Acme", "Chef internship - remote OK", "Rome or remote", "1", False, "The List"),
        ("Bolt", "Internship", "", "", True, "The List"),
        ("Cog", "Internship", "", "", True, "The List"),
        ("Dot", "Baker Intern", "Oslo", "4", True, "The List"),
        ("Egg", "Internship", "Various", "5", False, "The List"),
        ("Fig", "Internship", "", "", True, "The List"),
        ("Gem", "Cook, Baker Intern positions are available", "Bern", "7", False, "The List"),
    ],
)

DOCUMENTS["logos, badges, and no link but the company's"] = (
    """<h1 align="center">Jobs</h1>

| Startup | Role | Country | Added |
|---|---|---|---|
| [![Acme](https://logo.example/a.png)](https://jobs.example/1) | Cook ![new](https://badge.example/n.svg) | Italy | 2 Mar |
| ![logo](https://logo.example/b.png) [Bolt](https://jobs.example/2) | Baker &mdash; nights | Norway | yesterday |
| Cog | Host 🔒 | Norway | 1 Mar |
""",
    [
        ("Acme", "Cook", "Italy", "1", False, "Jobs"),
        ("Bolt", "Baker — nights", "Norway", "2", False, "Jobs"),
        ("Cog", "Host", "Norway", "", True, "Jobs"),
    ],
)

DOCUMENTS["an HTML table that is never closed, over a pipe table of one row"] = (
    """## Cooks
<table><tr><th>Company</th><th>Role</th><th>Location</th><th>Apply</th></tr>
<tr><td>Acme</td><td>Cook</td><td><ul><li>Rome</li><li>Oslo</li></ul></td><td><a href="https://jobs.example/1?a=1&amp;region=2">x</a></td></tr>

## Bakers

| Company | Role | Location | Salary | Apply |
|---|---|---|---|---|
| Bolt | Baker [x] | Rome | $5 | [Apply](https://jobs.example/2?a=b|c) |

## Books

| Company | Book | Apply |
|---|---|---|
| Cog | Bread | [Apply](https://jobs.example/3) |
""",
    [
        ("Acme", "Cook", "Rome; Oslo", "1?a=1&region=2", False, "Cooks"),
        ("Bolt", "Baker [x]", "Rome", "2?a=b|c", False, "Bakers"),
    ],
)

DOCUMENTS["folded categories, raw pipes, a head again, a row cut short"] = (
    """# New Grad 2031

<details>
<summary><b>🍳 Cooks</b></summary>

|  Company  |  Job Title  |  Level  |  Location  |  H1B status  |  Link  |  Date Posted  |
| --------- | ----------- | ------- | ---------- | ------------ | ------ | ------------- |
|  Acme  |  Cook  |  Senior  |  Rome  |  🏅  |  [apply](https://jobs.example/1)  |  2026-02-20  |
|  **[Bolt | Sons](https://bolt.example)**  |  Baker  |  Entry  |  Oslo  |  🥇  |  [apply](https://jobs.example/2)  |  2026-02-20  |
|  Cog  |  Host | Nights  |  Entry  |  Oslo  |  🥇  |  [apply](https://jobs.example/3)  |  2026-02-20  |
|  Company  |  Job Title  |  Level  |  Location  |  H1B status  |  Link  |  Date Posted  |
|  Dot  |  Guard  |  Entry  |  Bern | Basel  |  🏅  |  <a href="https://jobs.example/4?a=1|2">apply</a>  |  2026-02-20  |
|  Egg  |  Porter  |
|  Fig  |  Waiter  |  Entry  |  Remote  |  🏅  |  [apply](https://jobs.example/6)
</details>

| Company | Role | Location | Apply |
|---|---|---|---|
| ↪ | Sommelier | Rome | [Apply Now](https://jobs.example/7) |
""",
    [
        ("Acme", "Cook", "Rome", "1", False, "Cooks"),
        ("Bolt | Sons", "Baker", "Oslo", "2", False, "Cooks"),
        ("Cog", "Host | Nights", "Oslo", "3", False, "Cooks"),
        ("Dot", "Guard", "Bern | Basel", "4?a=1|2", False, "Cooks"),
        ("Fig", "Waiter", "Remote", "6", False, "Cooks"),
        ("Fig", "Sommelier", "Rome", "7", False, "New Grad 2031"),
    ],
)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_list_is_read_as_its_reader_sees_it(name: str) -> None:
    text, wanted = DOCUMENTS[name]

    reading = parse(text, NOW)

    assert [
        (one.company, one.title, one.location, one.url.removeprefix(J), one.closed, one.section)
        for one in reading.postings
    ] == wanted
