"""The boards' own APIs: each field where its documentation puts it, terms and all."""

import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from notifier.domain.posting import Posting, WorkMode
from notifier.errors import SourceUnreachable
from notifier.sources import SOURCES, himalayas, themuse
from tests.sources.payloads import PAYLOADS

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
DATA = Path(os.environ.get("NOTIFIER_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data") / "api"
REMOTE = WorkMode.REMOTE


def read(kind: str, *items: Any) -> list[Posting]:
    payload = PAYLOADS[kind]
    return list(SOURCES[kind].parse(payload.write(items), NOW).postings)


def changed(kind: str, **values: Any) -> dict[str, Any]:
    return {**PAYLOADS[kind].items[0], **values}


ENGINEER = Posting(
    title="Harbour Engineer 1",
    company="Acme",
    url="https://acme.example/1",
    mode=REMOTE,
    skills=("Go",),
)

EXACTLY = {
    "remotive": {
        "id": "remotive:101",
        "url": "https://remotive.com/remote-jobs/ships/1",
        "location": "Europe",
        "pay": "€60k - €80k",
        "posted_on": date(2026, 11, 18),
        "skills": ("go",),
        "section": "Ships",
    },
    "remoteok": {
        "id": "remoteok:101",
        "url": "https://remoteOK.com/remote-jobs/1",
        "location": "Germany",
        "pay": "USD 60,000 - USD 80,000 per year",
        "posted_on": date(2026, 11, 20),
        "skills": ("golang",),
    },
    "jobicy": {
        "id": "jobicy:101",
        "title": "Harbour Engineer 1 – Go & Rust",
        "url": "https://jobicy.com/jobs/1",
        "location": "Germany",
        "pay": "EUR 60,000 - EUR 80,000 per year",
        "posted_on": date(2026, 11, 21),
        "section": "Ships",
    },
    "himalayas": {
        "id": "himalayas:https://himalayas.app/companies/acme/jobs/1",
        "url": "https://himalayas.app/companies/acme/jobs/1",
        "location": "Germany",
        "pay": "EUR 60,000 - EUR 80,000 per year",
        "posted_on": date(2026, 11, 20),
        "skills": ("Harbour Engineer", "Go"),
        "section": "Ships",
    },
    "themuse": {
        "id": "themuse:101",
        "url": "https://www.themuse.com/jobs/acme/1",
        "location": "Kiel; Flexible / Remote",
        "posted_on": date(2026, 11, 16),
        "section": "Ships",
    },
    "simplify_listings": {
        "id": "simplify.jobs:5edec334-b85d-4c7f-98ed-000000000001",
        "company_url": "https://acme.example",
        "location": "Kiel; Lübeck",
        "mode": WorkMode.UNKNOWN,
        "posted_on": date(2026, 11, 20),
        "skills": (),
    },
    "json_ld": {
        "id": "acme.example#H-1",
        "url": "https://acme.example/jobs/1",
        "location": "Germany",
        "pay": "EUR 60,000 - EUR 80,000 per year",
        "posted_on": date(2026, 11, 14),
        "skills": ("Go", "Rust"),
    },
}


@pytest.mark.parametrize("kind", EXACTLY)
def test_an_item_becomes_a_posting(kind: str) -> None:
    (posting,) = read(kind, PAYLOADS[kind].items[0])

    for name in Posting.__dataclass_fields__:
        wanted = EXACTLY[kind].get(name, getattr(ENGINEER, name))
        assert getattr(posting, name) == wanted, name


def test_lands_may_be_texts_or_objects() -> None:
    (posting,) = read(
        "himalayas", changed("himalayas", locationRestrictions=[{"name": "Chile"}, {"name": "Peru"}])
    )

    assert posting.location == "Chile; Peru"


@pytest.mark.parametrize(("published", "day"), [(1795176000, 20), ("1795176000", 20), (1795176000000, 20)])
def test_himalayas_counts_seconds_or_milliseconds(published: object, day: int) -> None:
    (posting,) = read("himalayas", changed("himalayas", pubDate=published))

    assert posting.posted_on == date(2026, 11, day)


def test_a_pay_of_nothing_is_no_pay() -> None:
    (posting,) = read("remoteok", changed("remoteok", salary_min=0, salary_max=0))
    (older,) = read(
        "jobicy",
        changed("jobicy", salaryMin=None, salaryMax=None, salaryPeriod=None)
        | {"annualSalaryMin": "60000", "annualSalaryMax": "80000"},
    )

    assert posting.pay == ""
    assert older.pay == "EUR 60,000 - EUR 80,000 per year"


@pytest.mark.parametrize(("said", "shown"), [("hourly", "hour"), ("monthly", "month"), ("daily", "day")])
def test_a_pay_names_its_time(said: str, shown: str) -> None:
    (posting,) = read("jobicy", changed("jobicy", salaryPeriod=said, salaryMax=None, salaryMin=40))

    assert posting.pay == f"EUR 40 per {shown}"


def test_a_notice_alone_is_an_empty_list() -> None:
    reading = SOURCES["remoteok"].parse('[{"legal": "link back"}]', NOW)

    assert (reading.postings, reading.unread, reading.note) == ([], [], "no open jobs in it")


def test_only_what_is_active_and_visible_is_open() -> None:
    kind = "simplify_listings"
    found = read(
        kind, changed(kind, active=False), changed(kind, is_visible=False), changed(kind, title="Open")
    )

    assert [posting.title for posting in found] == ["Open"]
    assert SOURCES[kind].complete


def test_who_sent_an_entry_in_is_not_kept() -> None:
    kind = "simplify_listings"
    reading = SOURCES[kind].parse(json.dumps([changed(kind), changed(kind, title=None)]), NOW)

    assert reading.unread and "a-github-user" not in repr(reading)


def test_the_other_shape_of_listings_is_read() -> None:
    document = {
        "meta": {"as_of": "2026-11-20"},
        "categories": [{"key": "tech", "name": "Tech"}],
        "listings": [
            {
                "id": "R-1",
                "company_name": "Acme",
                "company_hi_slug": "acme",
                "title": "Graduate Engineer",
                "location": "Leeds",
                "skills": "Go, Ships",
                "date_posted": "2026-11-09T01:16:56.635Z",
                "active": True,
                "url": "https://board.example/jobs/R-1",
                "category": "tech",
            }
        ],
    }

    reading = SOURCES["simplify_listings"].parse(json.dumps(document), NOW)

    assert reading.postings == [
        Posting(
            title="Graduate Engineer",
            company="Acme",
            url="https://board.example/jobs/R-1",
            location="Leeds",
            posted_on=date(2026, 11, 9),
            skills=("Go", "Ships"),
            section="Tech",
        )
    ]


def test_pages_follow_until_the_last() -> None:
    page = PAYLOADS["himalayas"].items
    more = json.dumps({"jobs": page, "totalCount": 100})
    last = json.dumps({"jobs": page, "totalCount": 43})
    first = himalayas.recognise("https://himalayas.app/jobs")

    assert himalayas.following(first, more) == f"{himalayas.API}?limit=20&offset=3"
    assert (
        himalayas.following(f"{himalayas.API}?limit=20&offset=40", more)
        == f"{himalayas.API}?limit=20&offset=43"
    )
    assert himalayas.following(f"{himalayas.API}?limit=20&offset=40", last) == ""
    assert himalayas.following(first, '{"jobs": [], "totalCount": 100}') == ""

    first = themuse.recognise("https://www.themuse.com/search?category=Data+Science&category=IT")
    after = themuse.following(first, '{"page_count": 2}')
    assert first == f"{themuse.API}?category=Data+Science&category=IT&page=1"
    assert after == f"{themuse.API}?category=Data+Science&category=IT&page=2"
    assert themuse.following(after, '{"page_count": 2}') == ""


@pytest.mark.parametrize(
    ("pasted", "kind", "url"),
    [
        ("https://remotive.com/", "remotive", "https://remotive.com/api/remote-jobs"),
        (
            "https://remotive.com/remote-jobs/devops",
            "remotive",
            "https://remotive.com/api/remote-jobs?category=devops",
        ),
        (
            "https://remotive.com/api/remote-jobs?search=rust&limit=9&utm_source=x",
            "remotive",
            "https://remotive.com/api/remote-jobs?search=rust&limit=9",
        ),
        ("https://remotive.com/remote-jobs/feed", "feed", "https://remotive.com/remote-jobs/feed"),
        ("https://remoteOK.com/remote-golang-jobs", "remoteok", "https://remoteok.com/api?tag=golang"),
        ("https://remoteok.io/api?tag=rust", "remoteok", "https://remoteok.com/api?tag=rust"),
        ("https://remoteok.com/remote-jobs.rss", "feed", "https://remoteok.com/remote-jobs.rss"),
        ("https://jobicy.com/jobs", "jobicy", "https://jobicy.com/api/v2/remote-jobs?count=100"),
        (
            "https://jobicy.com/api/v2/remote-jobs?count=20&geo=europe&get=industries",
            "jobicy",
            "https://jobicy.com/api/v2/remote-jobs?count=20&geo=europe",
        ),
        ("https://jobicy.com/?feed=job_feed", "feed", "https://jobicy.com/?feed=job_feed"),
        (
            "https://himalayas.app/jobs/countries/germany",
            "himalayas",
            "https://himalayas.app/jobs/api?limit=20",
        ),
        (
            "https://himalayas.app/jobs/api/search?q=go&country=DE",
            "himalayas",
            "https://himalayas.app/jobs/api/search?q=go&country=DE&limit=20",
        ),
        ("https://www.themuse.com/search", "themuse", "https://www.themuse.com/api/public/jobs?page=1"),
        (
            "https://github.com/acme/jobs/blob/dev/.github/scripts/listings.json",
            "simplify_listings",
            "https://raw.githubusercontent.com/acme/jobs/dev/.github/scripts/listings.json",
        ),
        (
            "https://raw.githubusercontent.com/acme/jobs/dev/.github/scripts/listings.json",
            "simplify_listings",
            "https://raw.githubusercontent.com/acme/jobs/dev/.github/scripts/listings.json",
        ),
        (
            "https://weworkremotely.com/categories/remote-back-end-programming-jobs.rss",
            "feed",
            "https://weworkremotely.com/categories/remote-back-end-programming-jobs.rss",
        ),
        ("https://acme.example/jobs/feed/", "feed", "https://acme.example/jobs/feed/"),
    ],
)
def test_an_address_that_people_paste_is_recognised(pasted: str, kind: str, url: str) -> None:
    assert {name: found for name in SOURCES if (found := SOURCES[name].recognise(pasted))} == {kind: url}


@pytest.mark.parametrize(
    "pasted",
    [
        "https://remotive.com.evil.example/",
        "https://acme.example/remotive.com",
        "jobs.md",
        "https://[x",
        "",
        "mailto:a@remotive.com",
    ],
)
def test_other_addresses_are_not(pasted: str) -> None:
    assert [name for name in SOURCES if SOURCES[name].recognise(pasted)] == []


def test_a_document_tells_its_kind() -> None:
    for kind in ("feed", "json_ld", "readme_table", "simplify_listings"):
        payload = PAYLOADS[kind]
        assert [name for name in SOURCES if SOURCES[name].sniff(payload.write(payload.items))] == [kind]


def test_each_board_is_named_where_its_terms_ask_and_read_as_seldom_as_they_allow() -> None:
    for kind, site, hours in [
        ("remotive", "https://remotive.com", 6),
        ("remoteok", "https://remoteok.com", 1),
        ("jobicy", "https://jobicy.com", 1),
        ("himalayas", "https://himalayas.app", 1),
        ("arbeitnow", "https://www.arbeitnow.com", 1),
        ("themuse", "https://www.themuse.com", 1),
        ("hn_hiring", "https://news.ycombinator.com", 1),
    ]:
        found = SOURCES[kind]
        assert site in found.attribution and found.home_url.startswith(site)
        assert found.floor == timedelta(hours=hours)
        assert not found.republish


def test_what_a_board_says_of_an_error_is_passed_on() -> None:
    with pytest.raises(SourceUnreachable, match="No such board"):
        SOURCES["jobicy"].parse('{"success": false, "message": "No such board"}', NOW)


SHARED: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "remotive.json": (
        "remotive",
        [
            {
                "id": "remotive:2071834",
                "title": "Senior Backend Engineer (Python)",
                "company": "Kestrel Logistics",
                "url": "https://remotive.com/remote-jobs/software-dev/senior-backend-engineer-python-2071834",
                "location": "Europe, UK, South Africa",
                "mode": REMOTE,
                "pay": "€70k - €90k",
                "posted_on": date(2026, 11, 18),
                "skills": ("python", "django", "postgres", "docker"),
            },
            {"id": "remotive:2071101", "location": "Worldwide", "pay": "", "skills": ("Kubernetes", "Go")},
        ],
    ),
    "remoteok.json": (
        "remoteok",
        [
            {
                "id": "remoteok:1139021",
                "title": "Senior Golang Engineer",
                "company": "Brightpath",
                "location": "",
                "pay": "USD 110,000 - USD 150,000 per year",
                "posted_on": date(2026, 11, 20),
            },
            {
                "id": "remoteok:1138950",
                "location": "Latin America, 🇲🇽 Mexico",
                "pay": "",
                "company": "Muñoz Labs",
            },
            {
                "id": "remoteok:1138700",
                "company": "",
                "location": "",
                "pay": "USD 60,000 per year",
                "skills": ("python", "etl"),
            },
        ],
    ),
    "jobicy.json": (
        "jobicy",
        [
            {
                "id": "jobicy:158120",
                "title": "Senior Backend Developer – Node.js & TypeScript",
                "company": "Meridian & Co",
                "url": "https://jobicy.com/jobs/158120-senior-backend-developer",
                "location": "Canada, USA",
                "pay": "USD 120,000 - USD 150,000 per year",
                "posted_on": date(2026, 11, 21),
            },
            {"id": "jobicy:158044", "location": "Anywhere", "pay": "", "section": "QA & Testing"},
        ],
    ),
    "himalayas.json": (
        "himalayas",
        [
            {
                "title": "Staff Platform Engineer",
                "company": "Cirrus Health",
                "url": "https://himalayas.app/companies/cirrus-health/jobs/staff-platform-engineer",
                "location": "United States; Canada",
                "pay": "USD 150,000 - USD 180,000 per year",
                "posted_on": date(2026, 11, 20),
            },
            {"title": "Mobile Developer (React Native)", "location": "", "pay": "", "mode": REMOTE},
        ],
    ),
    "themuse.json": (
        "themuse",
        [
            {
                "id": "themuse:22167029",
                "title": "Site Reliability Engineer",
                "company": "Orbit Works",
                "location": "Lockhart, TX; Flexible / Remote",
                "mode": REMOTE,
                "posted_on": date(2026, 11, 16),
                "url": "https://www.themuse.com/jobs/orbitworks/site-reliability-engineer-0a1b2c",
            },
            {"id": "themuse:22167100", "company": "Delta & Sons", "mode": WorkMode.UNKNOWN},
        ],
    ),
    "arbeitnow.json": (
        "arbeitnow",
        [
            {
                "title": "Backend-Entwickler Java (m/w/d)",
                "company": "Spreewerk GmbH",
                "location": "Berlin",
                "mode": WorkMode.UNKNOWN,
            },
            {"title": "DevOps Engineer (all genders)", "location": "", "mode": REMOTE},
        ],
    ),
    "simplify_listings.json": (
        "simplify_listings",
        [
            {
                "id": "simplify.jobs:5edec334-b85d-4c7f-98ed-2b4a890c45cc",
                "title": "Software Engineer I – Entry Level - Toronto",
                "company": "Doorway",
                "location": "Toronto, ON, Canada",
                "posted_on": date(2024, 10, 24),
                "url": "https://boards.greenhouse.io/doorwaycanada/jobs/6346397",
            }
        ],
    ),
    "hn_algolia_item.json": (
        "hn_hiring",
        [
            {
                "id": "hn:48120100",
                "title": "Senior Backend Engineer (Go, Postgres)",
                "company": "Acme Robotics",
                "location": "Berlin, Germany or REMOTE (EU)",
                "mode": REMOTE,
                "posted_on": date(2026, 11, 2),
                "url": "https://acme.example/jobs/12",
            }
        ],
    ),
    "weworkremotely.xml": (
        "feed",
        [
            {
                "title": "Senior Python Engineer",
                "company": "Acme: Labs",
                "location": "Anywhere in the World",
                "mode": REMOTE,
                "url": "https://weworkremotely.com/remote-jobs/acme-labs-senior-python-engineer",
                "posted_on": date(2026, 11, 20),
                "section": "Back-End Programming",
            },
            {"title": "Backend Developer (m/f/d)", "company": "Globex", "location": "Europe Only"},
            {"title": "Backend Engineer without a company separator", "company": "", "location": "USA Only"},
        ],
    ),
    "jobposting_jsonld.html": (
        "json_ld",
        [
            {
                "id": "nordlicht.example#NL-2041",
                "title": "Backend Developer (m/w/d)",
                "company": "Nordlicht GmbH",
                "location": "Germany; Austria",
                "mode": REMOTE,
                "pay": "EUR 60,000 - EUR 75,000 per year",
                "skills": ("Java", "Spring Boot", "AWS"),
                "posted_on": date(2026, 11, 14),
                "url": "https://nordlicht.example/jobs/NL-2041",
                "closed": False,
            }
        ],
    ),
}


@pytest.mark.skipif(not DATA.is_dir(), reason="the sample payloads are not there")
@pytest.mark.parametrize("name", SHARED)
def test_the_sample_payloads_give_what_their_fields_say(name: str) -> None:
    kind, wanted = SHARED[name]
    reading = SOURCES[kind].parse((DATA / name).read_text("utf-8"), NOW, "https://jobs.example/")

    found = [
        {field: getattr(posting, field) for field in fields}
        for posting, fields in zip(reading.postings, wanted, strict=True)
    ]
    assert found == wanted
    assert not reading.unread and not reading.note
