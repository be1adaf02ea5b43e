"""Lists of known jobs and their histories, written in the dialects that people keep them in.

The same number gives the same list.
"""

import html
import random
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise

TODAY = date(2026, 3, 2)

COMPANIES = (
    *("Acme", "AT&T", "O'Reilly", "Zürich Versicherung", "Yahoo!", "3M", "Morgan Stanley (MS)", "C3.ai", "Re:Build"),
    *("株式会社メルカリ", "Bloom_Energy", "E*TRADE", "1-800-Flowers", "Dr. Oetker", "[24]7.ai", "Remote", "Smith | Jones"),
    *("Position Imaging", "Location Labs", "Closed Loop", "Société Générale"),
)  # fmt: skip
TITLES = (
    *("Software Engineer", "Senior C++ Developer (m/w/d)", "Engineer, Platform - New Grad 2026", "C# | .NET Developer"),
    *("Développeur·se Back-End", "Full Stack / DevOps", "Intern [Remote]", "Intern - Summer 2026", "SWE II (Python, Go)"),
    *("Data Analyst <Junior>", "Backend-Entwickler*in", "QA_Engineer", "Engineer – AI & ML", "Développeur d'applications"),
    *("Site Reliability Engineer (L4)", "Java Developer up to $120k", "Closed Captioning Engineer", "Cook ~ Chef"),
    *("100% Remote Engineer", "Node.js Dev @ Scale", "Application Engineer"),
)  # fmt: skip
PLACES = (
    *("Austin, TX", "NYC", "Remote", "San Francisco, CA", "Toronto, ON, Canada", "Paris 12e", "München", "London, UK"),
    *("Remote in USA", "Zürich, , Switzerland", "São Paulo", "New York, NY / Remote", "Washington, D.C.", "Oslo | Bergen"),
)  # fmt: skip
LINKS = (
    "https://jobs.example/{}",
    "https://boards.example/acme/jobs/{0}?gh_jid={0}&region=2&utm_source=x",
    "https://acme.example/en-US/Careers/job/Austin-TX/Engineer_R-{}",
    "https://x.example/job?id={}&copy=3",
    "https://x.example/a(b)/{}",
    "https://x.example/{}/apply?from=GitHub%7CX",
)
COMPANY_LINK = "https://company.example/about"
DECOYS = (
    "| Resource | Link |\n|---|---|\n| Guide | [Apply](https://g.example) |\n",
    "| Programme | Deadline | Apply |\n|---|---|---|\n| Step | Oct | [Apply](https://g.example/1) |\n",
    "| Metric | Count |\n|---|---|\n| Jobs | 50 |\n",
    "50 jobs | 18% remote | 3 new\n",
    "- [A list](https://x.example)\n- x | y\n",
    "<!-- prettier-ignore -->\n",
    "```\n| Company | Role | Apply |\n|---|---|---|\n| A | B | [x](https://x.example/no) |\n```\n",
)
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
HEADS = {
    "T": "Unternehmen Stelle Standort Gehalt Kernkompetenzen Bewerbung Online",
    "j": "Entreprise Poste Localisation Salaire Compétences Postuler Ancienneté",
    "d": "Empresa Puesto Ubicación Salario Habilidades Solicitar Antigüedad",
    "g": "Azienda Posizione Sede Stipendio Competenze Candidati Età",
    "dgn": "Bedrijf Functie Locatie Salaris Vaardigheden Solliciteer Leeftijd",
    "dia": "Empresa Vaga Localização Salário Habilidades Candidatar-se Idade",
    "dni": "Firma Stanowisko Lokalizacja Wynagrodzenie Umiejętności Aplikuj Wiek",
}


@dataclass
class Job:
    """What a list says of one job; a dialect changes what it writes otherwise."""

    company: str
    title: str
    places: Sequence[str]
    url: str
    posted_on: date
    company_url: str = ""
    closed: bool = False
    under: bool = False  # an arrow stands for its company
    between: str = field(default="; ", kw_only=True)  # the places

    @property
    def location(self) -> str:
        return self.between.join(self.places)

    def age(self, today: date) -> int:
        return (today - self.posted_on).days


Rows = Sequence[Sequence[str]]
Chance = random.Random
Dialect = Callable[[Chance, Sequence[Job], date], str]


def a_list(number: int) -> tuple[str, list[Job], str]:
    """Return a document, its jobs in order, and the name of its dialect."""
    chance = Chance(number)
    dialect = chance.choice(DIALECTS)
    parts, jobs = (
        [f"# {chance.choice(['Internships of 2026', 'Backend jobs'])}\n\nHello | world\n\n"],
        list[Job](),
    )
    for _ in range(chance.choice([1, 1, 2, 3])):
        some = [_job(chance, number * 1_000 + len(jobs) + at) for at in range(chance.randint(1, 8))]
        for above, job in pairwise(some):
            job.company = above.company if chance.random() < 0.3 else job.company
            job.closed = dialect in CLOSING and chance.random() < 0.25
        parts.append(f"\n{chance.choice(DECOYS)}\n" if chance.random() < 0.4 else "")
        parts.append(f"\n## {chance.choice(['Software', 'Data & AI', 'Hardware 🔧', '💻 Product'])}\n\n")
        parts.append(dialect(chance, some, TODAY))
        parts.append("\n\n[⬆️ Back to top](#top)\n\n" if chance.random() < 0.3 else "")
        jobs += some
    text = "".join(parts) + (f"\n{chance.choice(DECOYS)}\n" if chance.random() < 0.4 else "")
    if chance.random() < 0.2:
        text = text.replace("\n", "\r\n")
    return ("\ufeff" if chance.random() < 0.1 else "") + text, jobs, dialect.__name__


def _job(chance: Chance, number: int) -> Job:
    return Job(
        company=chance.choice(COMPANIES),
        title=chance.choice(TITLES),
        places=list(dict.fromkeys(chance.choices(PLACES, k=chance.choice([1, 1, 1, 2, 3])))),
        url=chance.choice(LINKS).format(number),
        posted_on=TODAY - timedelta(days=chance.randint(0, 60)),
    )


# -- how lists write ----------------------------------------------------------------------------


def _pipe(text: str) -> str:
    return text.replace("|", "\\|")


def _markdown(text: str) -> str:
    return "".join("\\" + char if char in "|[]*_<" else char for char in text)


def _day(day: date) -> str:
    return f"{MONTHS[day.month - 1]} {day.day:02d}"


def _head(chance: Chance, *names: str) -> list[str]:
    words = [chance.choice(name.split("|")) for name in names]
    return [chance.choice([word, word, f"**{word}**", word.upper(), word.lower()]) for word in words]


def _table(chance: Chance, head: Sequence[str], rows: Rows) -> str:
    style = chance.choice(["usual", "tight", "padded", "no edges", "no last"])

    def line(cells: Sequence[str]) -> str:
        match style:
            case "tight":
                return f"|{'|'.join(cells)}|"
            case "padded":
                return f"|  {'   |  '.join(cell.ljust(14) for cell in cells)} |"
            case "no edges" if cells[0] and cells[-1]:
                return " | ".join(cells)
            case "no last" if cells[-1]:
                return f"| {' | '.join(cells)}"
        return f"| {' | '.join(cells)} |"

    rule = " | ".join(chance.choice(["---", ":---", ":-:", "---:", "-"]) for _ in head)
    return "\n".join([line(head), f"| {rule} |", *map(line, rows)]) + "\n"


def _html_table(chance: Chance, head: Sequence[str], rows: Rows) -> str:
    lines = [
        "<table>",
        "<thead>",
        "<tr>",
        *(f"<th>{name}</th>" for name in head),
        "</tr>",
        "</thead>",
        "<tbody>",
    ]
    indent = chance.choice(["", "  ", "\t"])
    for row in rows:
        lines += ["<tr>", *(f"{indent}<td>{cell}</td>" for cell in row), "</tr>"]
    return chance.choice(["\n", "\n", ""]).join([*lines, "</tbody>", "</table>", ""])


def _arrows(jobs: Sequence[Job]) -> None:
    for above, job in pairwise(jobs):
        if job.company == above.company:
            job.company_url, job.under = above.company_url, True


def _closed(jobs: Sequence[Job]) -> None:
    for job in jobs:
        job.url = "" if job.closed else job.url


def _button(chance: Chance, job: Job, *, aggregator: bool = False) -> str:
    url = html.escape(job.url, quote=False) if chance.random() < 0.5 else job.url
    picture = '<img src="https://pictures.example/u.png" width="118" alt="Apply">'
    forms = (
        f'<a href="{url}">{picture}</a>',
        f'<a href="{url}" target="_blank">{picture}</a>',
        f"<a href='{url}'>Apply</a>",
    )
    second = f' <a href="https://simplify.jobs/p/{chance.randint(1, 10**9):08x}">{picture}</a>'
    return chance.choice(forms) + (second if aggregator and chance.random() < 0.5 else "")


def _places(chance: Chance, job: Job) -> str:
    broken = chance.choice(["</br>", "<br>", "<br/>"]).join(map(_pipe, job.places))
    if len(job.places) > 1 and chance.random() < 0.4:
        return f"<details><summary>**{len(job.places)} locations**</summary>{broken}</details>"
    return broken


def _flags(chance: Chance) -> str:
    return chance.choice(["", "", "", " 🛂", " 🇺🇸", " 🎓", " 🛂 🇺🇸"])


# -- dialects -----------------------------------------------------------------------------------


def pins(chance: Chance, jobs: Sequence[Job], today: date) -> str:
    rows = []
    for job in jobs:
        job.places = job.places[:1]
        mark = "🌐" if "Remote" in job.location else "📍"
        title = _pipe(job.title) + chance.choice(["", "", " 💰"])
        rows.append(
            [
                _pipe(job.company),
                title,
                f"{mark} {_pipe(job.location)}",
                _day(job.posted_on),
                f"[Apply]({job.url})",
            ]
        )
    return _table(chance, _head(chance, "Company", "Position", "Location", "Posted", "Apply"), rows)


def bold(chance: Chance, jobs: Sequence[Job], today: date) -> str:
    rows = []
    for job in jobs:
        job.company_url = COMPANY_LINK
        company, title = _markdown(job.company), f"**[{_markdown(job.title)}]({job.url})**"
        company = chance.choice([f"[**{company}**]({COMPANY_LINK})", f"**[{company}]({COMPANY_LINK})**"])
        rows.append(
            [
                company,
                title,
                _markdown(job.location),
                chance.choice(["Remote", "On Site", ""]),
                _day(job.posted_on),
            ]
        )
    head = _head(
        chance, "Company", "Position|Job Title", "Location", "Type|Work Model", "Date|Date Posted|Posted"
    )
    return _table(chance, head, rows)


def bold_with_arrows(chance: Chance, jobs: Sequence[Job], today: date) -> str:
    for job in jobs:
        job.company_url, job.places = COMPANY_LINK, job.places[:1]
    _arrows(jobs)
    rows = [
        [
            "↳" if job.under else f"**[{_pipe(job.company)}]({COMPANY_LINK})**",
            f"**[{_pipe(job.title)}]({job.url})**",
            _pipe(job.location),
            chance.choice(["Remote", "On Site", "Hybrid"]),
            _day(job.posted_on),
        ]
        for job in jobs
    ]
    return _table(
        chance, _head(chance, "Company", "Job Title", "Location", "Work Model", "Date Posted"), rows
    )


def buttons(chance: Chance, jobs: Sequence[Job], today: date) -> str:
    for job in jobs:
        job.company_url = chance.choice(["", COMPANY_LINK])
    _arrows(jobs)
    _closed(jobs)
    rows = []
    for job in jobs:
        name = _pipe(job.company)
        company = (
            f"**[{name}]({job.company_url})**" if job.company_url else chance.choice([name, f"**{name}**"])
        )
        title, link = _markdown(job.title), _button(chance, job, aggregator=True)
        if job.closed:
            link = chance.choice(["🔒", "Closed 🔒", "**🔒 Closed 🔒**", ""])
            title = title if link else chance.choice([f"🔒 {title}", f"~~{title}~~"])
        marked = chance.choice(["", "", "🔥 "]) + company
        rows.append(
            [
                "↳" if job.under else marked,
                title + _flags(chance),
                _places(chance, job),
                link,
                _day(job.posted_on),
            ]
        )
    head = _head(chance, "Company", "Role", "Location", "Application/Link|Application|Link", "Date Posted")
    return _table(chance, head, rows)


def html_buttons(chance: Chance, jobs: Sequence[Job], today: date) -> str:
    for job in jobs:
        job.company_url = COMPANY_LINK
    _arrows(jobs)
    _closed(jobs)
    rows = [
        [
            "↳" if job.under else f'<strong><a href="{COMPANY_LINK}">{html.escape(job.company)}</a></strong>',
            html.escape(job.title) + _flags(chance),
            _places(chance, job).replace("\\|", "|").replace("**", ""),
            "🔒" if job.closed else f'<div align="center">{_button(chance, job, aggregator=True)}</div>',
            f"{job.age(today)}d",
        ]
        for job in jobs
    ]
    return _html_table(chance, ["Company", "Role", "Location", "Application", "Age"], rows)


def one_button(chance: Chance, jobs: Sequence[Job], today: date) -> str:
    with_pay = chance.random() < 0.5
    rows = []
    for job in jobs:
        job.places, job.company_url = job.places[:1] if chance.random() < 0.9 else [], COMPANY_LINK
        name = html.escape(job.company).replace("|", "&#124;")
        pay = [f"${chance.randint(30, 200)}k/yr"] if with_pay else []
        company = f'<a href="{COMPANY_LINK}"><strong>{name}</strong></a>'
        rows.append(
            [
                company,
                _markdown(job.title),
                _pipe(job.location),
                *pay,
                _button(chance, job),
                f"{job.age(today)}d",
            ]
        )
    head = ["Company", "Position", "Location", *(["Salary"] if with_pay else []), "Posting", "Age"]
    return f"<!-- TABLE_START -->\n{_table(chance, _head(chance, *head), rows)}<!-- TABLE_END -->\n"


def shields(chance: Chance, jobs: Sequence[Job], today: date) -> str:
    _arrows(jobs)
    _closed(jobs)
    rows = []
    for job in jobs:
        job.between = " / "
        day, month = job.posted_on, MONTHS[job.posted_on.month - 1]
        link = "🔒 Closed" if job.closed else f"[![Apply](https://img.example/Apply-blue)]({job.url})"
        written = (
            f"{month} {day.day}, {day.year}",
            f"{day.day} {month} {day.year}",
            f"{day.day} {month}",
            f"{day}",
        )
        company = "↳" if job.under else _pipe(job.company)
        rows.append([company, _pipe(job.title), _pipe(job.location), link, chance.choice(written)])
    return _table(chance, _head(chance, "Company", "Role", "Location", "Apply", "Date Posted"), rows)


def many_languages(chance: Chance, jobs: Sequence[Job], today: date) -> str:
    unit, head = chance.choice(list(HEADS.items()))
    _arrows(jobs)
    rows = []
    for job in jobs:
        job.places = job.places[:1]
        url = html.escape(job.url)
        rows.append(
            [
                "↳" if job.under else f"<strong>{html.escape(job.company)}</strong>",
                html.escape(job.title),
                html.escape(job.location),
                f'<a href="{url}">€45k–60k*</a>',
                "Python, SQL, Mana…",
                f'<a href="{url}"><img src="x.svg" alt="Apply"></a>',
                f"{job.age(today)} {unit}",
            ]
        )
    return _html_table(chance, head.split(), rows)


def under_headings(chance: Chance, jobs: Sequence[Job], today: date) -> str:
    parts = []
    for job in jobs:
        job.company = " ".join("".join(char for char in job.company if char not in "|[]*_").split())
        job.places = job.places[:1]
    for company, some in groupby(jobs, lambda job: job.company):
        rows = []
        for job in some:
            age = f"{job.age(today)}d ago" if job.age(today) else "17h ago"
            rows.append([_pipe(job.title), _pipe(job.location), age, "Entry-Level", f"[Apply]({job.url})"])
        parts.append(f"\n#### {chance.choice(['🏢 ', ''])}{company} ({len(rows)} positions)\n\n")
        parts.append(_table(chance, _head(chance, "Role", "Location", "Posted", "Level", "Apply"), rows))
    return "".join(parts)


def folded(chance: Chance, jobs: Sequence[Job], today: date) -> str:
    rows = []
    for job in jobs:
        job.company_url, job.places = COMPANY_LINK, job.places[:1]
        medal, day = chance.choice(["", "🥇 "]), job.posted_on.isoformat()
        company, level = f"{medal}[{_pipe(job.company)}]({COMPANY_LINK})", chance.choice(["Senior", "Entry"])
        rows.append(
            [company, _pipe(job.title), level, _pipe(job.location), "H1B", f"[apply]({job.url})", day]
        )
    head = _head(chance, "Company", "Job Title", "Level", "Location", "H1B status", "Link", "Date Posted")
    return f"<details>\n<summary>Jobs</summary>\n\n{_table(chance, head, rows)}\n</details>\n"


DIALECTS: Sequence[Dialect] = (
    *(
        pins,
        bold,
        bold_with_arrows,
        buttons,
        html_buttons,
        one_button,
        shields,
        many_languages,
        under_headings,
        folded,
    ),
)
CLOSING = (buttons, html_buttons, shields)  # dialects that keep closed jobs


# -- histories ----------------------------------------------------------------------------------

History = list[tuple[datetime, str]]


def a_history(number: int, dialect: Dialect, snapshots: int) -> tuple[History, set[str]]:
    """Return a list's history, and the titles of the jobs that are to be announced: each once.

    It does what lists do: rows come, go, come back, close and move; now and then it is empty, or half of it, or
    its end is missing.
    """
    chance, at, wanted = Chance(number), datetime(2026, 3, 2, 8, tzinfo=UTC), set[str]()
    jobs, gone, history, made = list[Job](), list[Job](), History(), 0
    for step in range(snapshots):
        mishap = chance.choice(["", "", "", "", "", "empty", "half", "cut"]) if step else ""
        if step and not mishap:
            gone.append(jobs.pop(chance.randrange(len(jobs))))
            jobs.append(gone.pop(chance.randrange(len(gone))))
            job = chance.choice(jobs)
            job.closed = dialect in CLOSING and (job.title not in wanted or chance.random() < 0.5)
            if chance.random() < 0.2:
                chance.shuffle(jobs)
        for _ in range(0 if mishap else chance.choice([0, 0, 1, 1, 2, 4]) if step else 12):
            made += 1
            job = _job(chance, number * 1_000 + made)
            job.title, job.posted_on = f"{job.title} {made}", at.date()
            job.closed = step > 0 and dialect in CLOSING and chance.random() < 0.1
            jobs.insert(chance.randrange(3) if jobs else 0, job)
            if step and not job.closed:
                wanted.add(job.title)
        shown = {"empty": [], "half": jobs[: len(jobs) // 2]}.get(mishap, jobs)
        text = f"# Internships of 2026\n\n## Jobs\n\n{dialect(Chance(number), list(map(copy, shown)), at.date())}"
        history.append((at, text[: len(text) * 2 // 3] if mishap == "cut" else text))
        at += timedelta(hours=chance.choice([1, 3, 8, 24]))
    return history, wanted
