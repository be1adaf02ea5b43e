"""JobPosting in pages: wherever the vocabulary lets one stand, in every form that sites give its fields."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from notifier.domain.posting import Posting, WorkMode
from notifier.errors import SourceUnreachable
from notifier.sources import json_ld

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
URL = "https://acme.example/careers/"


def page(*values: Any, kind: str = 'type="application/ld+json"') -> str:
    scripts = "".join(
        f"<script {kind}>{value if isinstance(value, str) else json.dumps(value)}</script>"
        for value in values
    )
    return f"<!doctype html><html><head>{scripts}</head><body><script>var x = '<script';</script>Jobs</body></html>"


def a_job(**values: Any) -> dict[str, Any]:
    return {"@type": "JobPosting", "title": "Engineer", "url": "https://acme.example/1", **values}


def read(*values: Any) -> list[Posting]:
    return list(json_ld.parse(page(*values), NOW, URL).postings)


def posting_of(**values: Any) -> Posting:
    (posting,) = read(a_job(**values))
    return posting


@pytest.mark.parametrize(
    "value",
    [
        a_job(),
        [a_job()],
        {"@graph": [{"@type": "Organization"}, a_job()]},
        {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "position": 1, "item": a_job()}]},
        {"@type": "ItemList", "itemListElement": [a_job()]},
        {"@type": "WebPage", "mainEntity": a_job()},
        a_job(**{"@type": ["JobPosting", "Thing"]}),
        a_job(**{"@type": "https://schema.org/JobPosting"}),
        f"<!-- {json.dumps(a_job())} -->",
        f"//<![CDATA[\n{json.dumps(a_job())}\n//]]>",
        '{"@type": "JobPosting", "title": "Engineer", "url": "/1", "description": "two\nlines\there"}',
    ],
)
def test_a_job_is_found_wherever_it_stands(value: Any) -> None:
    assert [(posting.title, posting.url) for posting in read(value)] == [
        ("Engineer", "https://acme.example/1")
    ]


@pytest.mark.parametrize(
    "kind",
    [
        "type=application/ld+json",
        "TYPE='application/LD+JSON' id=x",
        'type="application/ld+json; charset=utf-8"',
    ],
)
def test_scripts_are_found_however_they_are_written(kind: str) -> None:
    assert len(json_ld.parse(page(a_job(), kind=kind), NOW, URL).postings) == 1


@pytest.mark.parametrize(
    ("said", "company"),
    [
        ({"@type": "Organization", "name": "Acme &amp; Sons"}, "Acme & Sons"),
        ("Acme", "Acme"),
        ([{"name": "Acme"}, {"name": "Other"}], "Acme"),
        ({"legalName": "Acme GmbH"}, "Acme GmbH"),
        (None, ""),
        ([], ""),
        (7, ""),
    ],
)
def test_the_company_is_an_object_or_a_text(said: Any, company: str) -> None:
    assert posting_of(hiringOrganization=said).company == company


@pytest.mark.parametrize(
    ("said", "location"),
    [
        (
            {"address": {"addressLocality": "Kiel", "addressRegion": "SH", "addressCountry": "DE"}},
            "Kiel, SH, DE",
        ),
        (
            {
                "address": {
                    "addressLocality": "Kiel",
                    "addressCountry": {"@type": "Country", "name": "Germany"},
                }
            },
            "Kiel, Germany",
        ),
        ([{"address": "Kiel, Germany"}, {"address": {"addressLocality": "Köln"}}], "Kiel, Germany; Köln"),
        ([{"name": "Kiel"}, "Köln", "Kiel"], "Kiel; Köln"),
        ({"address": [{"addressLocality": "Kiel"}, {"addressLocality": "Köln"}]}, "Kiel; Köln"),
        ({"addressLocality": "Kiel"}, "Kiel"),
        ({"address": {"addressRegion": "Berlin", "addressLocality": "Berlin"}}, "Berlin"),
        (None, ""),
        ([None, 7, []], ""),
    ],
)
def test_places_are_objects_lists_or_texts(said: Any, location: str) -> None:
    assert posting_of(jobLocation=said).location == location


def test_remote_work_is_open_to_the_lands_it_names() -> None:
    lands = [{"@type": "Country", "name": "Germany"}, {"@type": "Country", "name": "Austria"}]
    office = {"address": {"addressLocality": "Kiel"}}

    named = posting_of(jobLocationType="TELECOMMUTE", applicantLocationRequirements=lands, jobLocation=office)
    unnamed = posting_of(jobLocationType=["TELECOMMUTE"], jobLocation=office)
    onsite = posting_of(applicantLocationRequirements=lands, jobLocation=office)

    assert (named.mode, named.location) == (WorkMode.REMOTE, "Germany; Austria")
    assert (unnamed.mode, unnamed.location) == (WorkMode.REMOTE, "Kiel")
    assert (onsite.mode, onsite.location) == (WorkMode.UNKNOWN, "Kiel")


@pytest.mark.parametrize(
    ("said", "pay"),
    [
        (
            {"currency": "EUR", "value": {"minValue": 60000, "maxValue": 75000, "unitText": "YEAR"}},
            "EUR 60,000 - EUR 75,000 per year",
        ),
        ({"currency": "USD", "value": {"value": "45.50", "unitText": "HOUR"}}, "USD 45.50 per hour"),
        (
            {"currency": "EUR", "minValue": 4000, "maxValue": 5000, "unitText": "MONTH"},
            "EUR 4,000 - EUR 5,000 per month",
        ),
        ({"currency": "EUR", "value": 60000}, "EUR 60,000"),
        ({"currency": "EUR", "value": {"maxValue": 300, "unitText": "DAY"}}, "up to EUR 300 per day"),
        ([{"currency": "EUR", "value": {"value": 50000}}], "EUR 50,000"),
        ("€60,000 a year", "€60,000 a year"),
        ({"value": {"minValue": 60000}}, ""),
        ({"currency": "EUR", "value": {"minValue": 0, "maxValue": 0}}, ""),
        (None, ""),
        ([], ""),
    ],
)
def test_a_pay_is_written_as_a_list_would(said: Any, pay: str) -> None:
    assert posting_of(baseSalary=said).pay == pay


@pytest.mark.parametrize(
    ("until", "closed"),
    [
        ("2026-11-24", True),
        ("2026-11-25T23:59", False),
        ("2027-01-01", False),
        ("soon", False),
        (None, False),
    ],
)
def test_a_job_past_its_last_day_is_closed(until: Any, closed: bool) -> None:
    assert posting_of(validThrough=until).closed is closed


def test_descriptions_that_are_escaped_name_skills_too() -> None:
    posting = posting_of(description="&lt;p&gt;Java &amp;amp; Kafka&lt;/p&gt;", skills=["Go", "Rust, Zig"])

    assert posting.skills == ("Go", "Rust", "Zig", "Java", "Kafka")
    assert posting_of(datePosted="2026-11-14T09:00:00+01:00").posted_on == date(2026, 11, 14)


@pytest.mark.parametrize(
    ("said", "id_"),
    [
        ({"@type": "PropertyValue", "name": "Acme", "value": "H-1"}, "acme.example#H-1"),
        ("H-1", "acme.example#H-1"),
        (41, "acme.example#41"),
        (None, ""),
    ],
)
def test_the_sites_own_number_is_the_id(said: Any, id_: str) -> None:
    assert posting_of(identifier=said).id == id_


def test_a_number_that_several_share_is_the_employers() -> None:
    found = read(
        [a_job(identifier="acme"), a_job(identifier="acme", title="Pilot", url="https://acme.example/2")]
    )

    assert [posting.id for posting in found] == ["", ""]


def test_a_job_without_a_link_is_its_page() -> None:
    assert posting_of(url=None).url == URL
    assert posting_of(url="../jobs/2?a=1&amp;region=2").url == "https://acme.example/jobs/2?a=1&region=2"


def test_a_broken_script_or_job_loses_no_other() -> None:
    reading = json_ld.parse(
        page('{"@type": "JobPosting",', a_job(title=None), a_job(), "[" * 50_000), NOW, URL
    )

    assert [posting.title for posting in reading.postings] == ["Engineer"]
    assert [row.reason.split(":")[0] for row in reading.unread] == [
        "broken JSON-LD",
        "broken JSON-LD",
        "no title",
    ]


def test_a_page_without_jobs_says_so() -> None:
    for text in (
        page(),
        page({"@type": "Organization"}),
        "<html>" + "<script " * 9_000,
        "<script type=application/ld+json>{",
    ):
        assert "describes no job" in json_ld.parse(text, NOW, URL).note
    with pytest.raises(SourceUnreachable, match="HTML page was expected"):
        json_ld.parse("words", NOW, URL)
    assert json_ld.sniff(page(a_job())) and not json_ld.sniff(page({"@type": "Organization"}))


def test_a_job_that_is_nested_deep_costs_no_other() -> None:
    deep: Any = "Kiel"
    for _ in range(400):
        deep = [deep]
    places = [deep, {"address": deep}, {"address": {"addressCountry": deep}}]

    assert posting_of(jobLocation=places, hiringOrganization=deep).location == ""
