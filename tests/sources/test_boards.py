"""Employers' own boards: what their items say, and which addresses are theirs."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from notifier.domain.posting import Posting, WorkMode
from notifier.sources import SOURCES

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
UUID = "0c2f9a1e-7a3b-4c55-9d6e-2b8f1f5d7a10"


def one(kind: str, answer: Any, url: str = "") -> Posting:
    reading = SOURCES[kind].parse(json.dumps(answer), NOW, url)
    assert not reading.unread
    [posting] = reading.postings
    return posting


def a_greenhouse_job(**changed: Any) -> dict[str, Any]:
    return {
        "id": 71,
        "internal_job_id": 70,
        "title": "Rust Engineer ",
        "absolute_url": "https://boards.greenhouse.io/fjord/jobs/7100001",
        "company_name": "Fjord",
        "location": {"name": "Oslo, Norway"},
        "first_published": "2026-11-10T22:30:00-05:00",
        "updated_at": "2026-11-24T08:00:00-05:00",
        "content": "&lt;p&gt;Rust &amp;amp; Kafka&lt;/p&gt;",
        "metadata": None,
        "offices": [{"name": "Nordics", "location": "Bergen, Norway"}, {"name": "Oslo", "location": None}],
        "departments": [{"name": "Platform"}],
        **changed,
    }


def test_greenhouse_gives_the_day_of_the_first_publication_and_what_the_description_names() -> None:
    assert one("greenhouse", {"jobs": [a_greenhouse_job()]}) == Posting(
        title="Rust Engineer",
        company="Fjord",
        url="https://boards.greenhouse.io/fjord/jobs/7100001",
        location="Oslo, Norway",
        posted_on=date(2026, 11, 11),
        skills=("Rust", "Kafka"),
        section="Platform",
    )


def test_greenhouse_takes_the_offices_where_the_place_is_a_mode() -> None:
    posting = one("greenhouse", {"jobs": [a_greenhouse_job(location={"name": "Hybrid"})]})

    assert (posting.location, posting.mode) == ("Bergen, Norway; Oslo", WorkMode.HYBRID)


def test_greenhouse_reads_the_mode_that_an_employer_added() -> None:
    told = [{"name": "Pay grade", "value": "Remote"}, {"name": "Workplace Type", "value": "On-site"}]

    assert one("greenhouse", {"jobs": [a_greenhouse_job(metadata=told)]}).mode is WorkMode.ONSITE


def a_lever_job(**changed: Any) -> dict[str, Any]:
    return {
        "id": UUID,
        "text": "Data Engineer",
        "hostedUrl": f"https://jobs.lever.co/blue-harbor/{UUID}",
        "categories": {"location": "Lyon", "allLocations": ["Lyon", "Paris"], "team": "Data"},
        "createdAt": 1794831605123,
        "descriptionPlain": "Spark",
        "lists": [{"text": "You know", "content": "<li>Airflow</li>"}],
        "workplaceType": "remote",
        "salaryRange": {"min": 4000, "max": 5000, "currency": "EUR", "interval": "per-month-salary"},
        **changed,
    }


def test_lever_gives_every_place_and_the_company_of_its_address() -> None:
    posting = one("lever", [a_lever_job()], "https://api.lever.co/v0/postings/blue-harbor?mode=json")

    assert posting == Posting(
        title="Data Engineer",
        company="Blue Harbor",
        url=f"https://jobs.lever.co/blue-harbor/{UUID}",
        location="Lyon; Paris",
        mode=WorkMode.REMOTE,
        pay="EUR 4,000 - EUR 5,000 per month",
        posted_on=date(2026, 11, 16),
        skills=("Spark", "Airflow"),
        section="Data",
    )


def an_ashby_job(**changed: Any) -> dict[str, Any]:
    return {
        "title": "Designer",
        "jobUrl": f"https://jobs.ashbyhq.com/blue%20harbor/{UUID}",
        "location": "Remote",
        "secondaryLocations": [{"location": "Dublin"}, {"location": "Remote"}],
        "isListed": True,
        "isRemote": True,
        "publishedAt": "2026-11-20T10:00:00.000+00:00",
        "descriptionPlain": "Figma",
        "compensation": {
            "scrapeableCompensationSalarySummary": "€60K - €70K",
            "summaryComponents": [
                {"compensationType": "EquityPercentage", "minValue": 1, "maxValue": 2},
                {
                    "compensationType": "Salary",
                    "interval": "1 YEAR",
                    "currencyCode": "EUR",
                    "minValue": 60000,
                    "maxValue": 70000,
                },
            ],
        },
        **changed,
    }


def test_ashby_gives_its_pay_and_believes_the_workplace_before_the_remote_flag() -> None:
    url = "https://api.ashbyhq.com/posting-api/job-board/blue%20harbor"
    posting = one("ashby", {"jobs": [an_ashby_job(), an_ashby_job(isListed=False)]}, url)

    assert (posting.company, posting.location, posting.mode) == (
        "Blue Harbor",
        "Remote; Dublin",
        WorkMode.REMOTE,
    )
    assert (posting.pay, posting.skills) == ("EUR 60,000 - EUR 70,000 per year", ("Figma",))
    assert one("ashby", {"jobs": [an_ashby_job(workplaceType="Hybrid")]}, url).mode is WorkMode.HYBRID
    hidden = an_ashby_job(shouldDisplayCompensationOnJobPostings=False)
    assert one("ashby", {"jobs": [hidden]}, url).pay == ""


def test_workable_gives_the_places_that_are_shown() -> None:
    job = {
        "title": "QA Lead",
        "shortcode": "AB12CD34EF",
        "url": "https://apply.workable.com/j/AB12CD34EF",
        "application_url": "https://apply.workable.com/j/AB12CD34EF/apply",
        "telecommuting": True,
        "published_on": "2026-11-12",
        "country": "Spain",
        "city": "Vigo",
        "state": "",
        "locations": [
            {"city": "Porto", "region": "", "country": "Portugal", "hidden": False},
            {"city": "Faro", "country": "Portugal", "hidden": True},
        ],
    }
    posting = one("workable", {"name": "Maré", "jobs": [job]})

    assert (posting.company, posting.location, posting.mode) == ("Maré", "Porto, Portugal", WorkMode.REMOTE)
    assert one("workable", {"name": "Maré", "jobs": [job | {"locations": []}]}).location == "Vigo, Spain"


def test_smartrecruiters_leads_people_to_the_posting_and_not_to_the_api() -> None:
    answer = {
        "totalFound": 101,
        "content": [
            {
                "id": "744000",
                "name": "Chemist",
                "company": {"name": "Maré", "identifier": "Mare1"},
                "location": {"city": "Wien", "region": "Wien", "country": "at", "hybrid": True},
                "releasedDate": "2026-11-19T13:40:02.118Z",
                "ref": "https://api.smartrecruiters.com/v1/companies/Mare1/postings/744000",
            }
        ],
    }
    url = SOURCES["smartrecruiters"].recognise("https://careers.smartrecruiters.com/Mare1")
    posting = one("smartrecruiters", answer, url)
    following = SOURCES["smartrecruiters"].following

    assert posting.url == "https://jobs.smartrecruiters.com/Mare1/744000"
    assert (posting.location, posting.mode) == ("Wien, AT", WorkMode.HYBRID)
    assert following is not None
    assert following(url, json.dumps(answer)) == f"{url}&offset=100"
    assert following(f"{url}&offset=100", json.dumps(answer)) == ""


@pytest.mark.parametrize(
    ("url", "kind", "reads"),
    [
        ("https://boards.greenhouse.io/fjord", "greenhouse", "boards-api.greenhouse.io/v1/boards/fjord/jobs?content=true"),
        ("https://job-boards.eu.greenhouse.io/fjord/jobs/71", "greenhouse", "boards/fjord/jobs?content=true"),
        ("https://boards.greenhouse.io/embed/job_board?for=fjord&b=x", "greenhouse", "boards/fjord/jobs?content=true"),
        ("https://boards-api.greenhouse.io/v1/boards/fjord/jobs", "greenhouse", "boards/fjord/jobs?content=true"),
        ("https://jobs.lever.co/fjord/71?lever-source=x", "lever", "api.lever.co/v0/postings/fjord?mode=json"),
        ("https://jobs.eu.lever.co/fjord", "lever", "api.eu.lever.co/v0/postings/fjord?mode=json"),
        ("https://jobs.ashbyhq.com/Fjord%20Labs", "ashby", "job-board/Fjord%20Labs?includeCompensation=true"),
        ("https://apply.workable.com/fjord/", "workable", "workable.com/api/accounts/fjord?details=true"),
        ("https://fjord.workable.com/jobs/1", "workable", "workable.com/api/accounts/fjord?details=true"),
        ("https://jobs.smartrecruiters.com/Fjord/71-x", "smartrecruiters", "companies/Fjord/postings?limit=100"),
    ],
)  # fmt: skip
def test_a_board_is_known_by_its_address(url: str, kind: str, reads: str) -> None:
    found = {name: it.recognise(url) for name, it in SOURCES.items() if it.recognise(url)}

    assert list(found) == [kind]
    assert found[kind].endswith(reads)
    assert SOURCES[kind].board(url).casefold().startswith("fjord")


@pytest.mark.parametrize(
    "url",
    [
        "https://apply.workable.com/j/AB12CD34EF",
        "https://www.workable.com/",
        "https://greenhouse.io/fjord",
        "https://evil.example/boards.greenhouse.io/fjord",
        "https://jobs.lever.co.evil.example/fjord",
    ],
)
def test_other_addresses_are_no_board(url: str) -> None:
    assert not [name for name, kind in SOURCES.items() if kind.recognise(url)]
