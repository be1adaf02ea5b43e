"""A small invented sample of every kind of source. A new kind joins every test of `test_broken.py` by its line here."""

import html
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Payload:
    """Good items of a kind, each a posting, and how a document of them is written."""

    items: Sequence[dict[str, Any]]
    write: Callable[[Sequence[Any]], str] = json.dumps
    is_json: bool = True


def inside(name: str, /, **beside: Any) -> Callable[[Sequence[Any]], str]:
    return lambda items: json.dumps({**beside, name: list(items)})


def some(*items: dict[str, Any], write: Callable[[Sequence[Any]], str] = json.dumps) -> Payload:
    return Payload(items=items, write=write)


def a_feed(items: Sequence[Any]) -> str:
    """Write RSS; of a field that is a list each one is an element, one that is null is left out."""

    def element(name: str, value: Any) -> str:
        name = name if name.replace(":", "").isidentifier() and name.isascii() else "x"
        if value is None:
            return ""
        if isinstance(value, list):
            return "".join(element(name, each) for each in value)
        if isinstance(value, dict):
            return f"<{name}>{''.join(element(*pair) for pair in value.items())}</{name}>"
        return f"<{name}>{html.escape(str(value))}</{name}>"

    body = "".join(element("item", item) for item in items)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:job_listing="https://jobs.example/ns">
<channel><title>Jobs of the coast</title><link>https://jobs.example</link>{body}</channel></rss>"""


def a_page(items: Sequence[Any]) -> str:
    graph = json.dumps({"@context": "https://schema.org", "@graph": list(items)})
    return f'<!doctype html><html><head><script type="application/ld+json">{graph}</script></head><body></body></html>'


def a_readme(items: Sequence[Any]) -> str:
    usual = {"Company": "", "Role": "", "Link": "", "Location": ""}
    rows = [
        "| {Company} | [{Role}]({Link}) | {Location} |".format(**{**usual, **item})
        if isinstance(item, dict)
        else f"| {item} |"
        for item in items
    ]
    rows = [" ".join(row.split()) for row in rows]  # a row is a line, whatever its cells hold
    return "\n".join(["| Company | Role | Location |", "| --- | --- | --- |", *rows])


def thrice(make: Callable[[int], dict[str, Any]]) -> list[dict[str, Any]]:
    return [make(number) for number in (1, 2, 3)]


PAYLOADS: dict[str, Payload] = {
    "ashby": some(
        *thrice(
            lambda n: {
                "title": f"Harbour Engineer {n}",
                "jobUrl": f"https://jobs.ashbyhq.com/acme/0c2f9a1e-7a3b-4c55-9d6e-2b8f1f5d7a1{n}",
                "location": "Dublin",
                "secondaryLocations": [{"location": "Remote"}],
                "isListed": True,
                "isRemote": True,
                "workplaceType": "Hybrid",
                "publishedAt": "2026-11-20T10:00:00.000+00:00",
                "team": "Core",
                "descriptionPlain": "Figma",
                "compensation": {
                    "scrapeableCompensationSalarySummary": "€60K",
                    "summaryComponents": [
                        {
                            "compensationType": "Salary",
                            "interval": "1 YEAR",
                            "currencyCode": "EUR",
                            "minValue": 60000,
                            "maxValue": 70000,
                        }
                    ],
                },
            }
        ),
        write=inside("jobs", apiVersion="1"),
    ),
    "greenhouse": some(
        *thrice(
            lambda n: {
                "id": 7_100_000 + n,
                "internal_job_id": n,
                "title": f"Harbour Engineer {n}",
                "absolute_url": f"https://boards.greenhouse.io/harbour/jobs/{7_100_000 + n}",
                "company_name": "Acme",
                "location": {"name": "Hybrid"},
                "offices": [{"name": "Oslo", "location": "Oslo, Norway"}],
                "departments": [{"name": "Platform"}],
                "metadata": [{"name": "Workplace Type", "value": "Hybrid"}],
                "first_published": "2026-11-10T22:30:00-05:00",
                "content": "&lt;p&gt;Rust&lt;/p&gt;",
            }
        ),
        write=inside("jobs", meta={"total": 3}),
    ),
    "lever": some(
        *thrice(
            lambda n: {
                "text": f"Harbour Engineer {n}",
                "hostedUrl": f"https://jobs.lever.co/acme/0c2f9a1e-7a3b-4c55-9d6e-2b8f1f5d7a1{n}",
                "categories": {"location": "Lyon", "allLocations": ["Lyon", "Paris"], "team": "Data"},
                "createdAt": 1794831605123,
                "descriptionPlain": "Spark",
                "lists": [{"text": "You know", "content": "<li>Airflow</li>"}],
                "workplaceType": "remote",
                "salaryRange": {"min": 4000, "max": 5000, "currency": "EUR", "interval": "per-month-salary"},
            }
        ),
    ),
    "smartrecruiters": some(
        *thrice(
            lambda n: {
                "id": f"74400{n}",
                "name": f"Harbour Engineer {n}",
                "company": {"name": "Acme", "identifier": "Harbour1"},
                "location": {"city": "Wien", "region": "Wien", "country": "at", "hybrid": True},
                "releasedDate": "2026-11-19T13:40:02.118Z",
                "department": {"label": "Lab"},
                "ref": f"https://api.smartrecruiters.com/v1/companies/Harbour1/postings/74400{n}",
            }
        ),
        write=inside("content", totalFound=3),
    ),
    "workable": some(
        *thrice(
            lambda n: {
                "title": f"Harbour Engineer {n}",
                "shortcode": f"AB12CD34E{n}",
                "url": f"https://apply.workable.com/j/AB12CD34E{n}",
                "application_url": f"https://apply.workable.com/j/AB12CD34E{n}/apply",
                "telecommuting": True,
                "published_on": "2026-11-12",
                "country": "Spain",
                "city": "Vigo",
                "state": "",
                "locations": [{"city": "Porto", "country": "Portugal", "hidden": False}],
                "description": "<p>PHP</p>",
            }
        ),
        write=inside("jobs", name="Acme"),
    ),
    "arbeitnow": some(
        *thrice(
            lambda n: {
                "slug": f"pilot-{n}",
                "title": f"Harbour Engineer {n}",
                "company_name": "Acme",
                "url": f"https://www.arbeitnow.com/jobs/companies/acme/pilot-{n}",
                "description": "<p>Go</p>",
                "remote": True,
                "tags": ["Go"],
                "location": "Kiel",
                "created_at": 1795185005,
            }
        ),
        write=inside("data", links={"next": None}),
    ),
    "feed": Payload(
        thrice(
            lambda n: {
                "title": f"Acme: Harbour Engineer {n}",
                "link": f"https://jobs.example/{n}",
                "guid": f"job-{n}",
                "pubDate": "Fri, 20 Nov 2026 16:21:07 +0000",
                "description": "<p>Go &amp; Rust</p>",
                "region": "Europe Only",
                "category": ["Back-End", "Ships"],
                "dc:creator": "Acme",
                "job_listing:company": "Acme",
            }
        ),
        a_feed,
        is_json=False,
    ),
    "himalayas": some(
        *thrice(
            lambda n: {
                "title": f"Harbour Engineer {n}",
                "companyName": "Acme",
                "minSalary": 60000,
                "maxSalary": 80000,
                "currency": "EUR",
                "locationRestrictions": ["Germany", {"name": "Austria"}],
                "categories": ["Harbour-Engineer"],
                "parentCategories": ["Ships"],
                "description": "<p>Go</p>",
                "pubDate": 1795176000,
                "expiryDate": 1800360000,
                "applicationLink": f"https://himalayas.app/companies/acme/jobs/{n}",
                "guid": f"https://himalayas.app/companies/acme/jobs/{n}",
            }
        ),
        write=inside("jobs", totalCount=3, offset=0, limit=20),
    ),
    "hn_hiring": some(
        *thrice(
            lambda n: {
                "id": 100 + n,
                "created_at": "2026-11-02T17:01:40.000Z",
                "author": "somebody",
                "text": f"Acme | Harbour Engineer {n} | Kiel | REMOTE | €60k-€80k<p>"
                f'Go. <a href="https:&#x2F;&#x2F;acme.example&#x2F;{n}">apply</a>',
                "children": [],
            }
        ),
        write=inside("children", id=1, title="Ask HN: Who is hiring? (November 2026)"),
    ),
    "jobicy": some(
        *thrice(
            lambda n: {
                "id": 100 + n,
                "url": f"https://jobicy.com/jobs/{n}",
                "jobTitle": f"Harbour Engineer {n} &#8211; Go &amp; Rust",
                "companyName": "Acme",
                "jobIndustry": ["Ships"],
                "jobGeo": "Germany",
                "jobDescription": "<p>Go</p>",
                "pubDate": "2026-11-21T09:12:44+00:00",
                "salaryMin": 60000,
                "salaryMax": 80000,
                "salaryCurrency": "EUR",
                "salaryPeriod": "yearly",
            }
        ),
        write=inside("jobs", success=True),
    ),
    "json_ld": Payload(
        thrice(
            lambda n: {
                "@type": "JobPosting",
                "title": f"Harbour Engineer {n}",
                "description": "&lt;p&gt;Go&lt;/p&gt;",
                "identifier": {"@type": "PropertyValue", "value": f"H-{n}"},
                "datePosted": "2026-11-14",
                "validThrough": "2027-01-14",
                "hiringOrganization": {"@type": "Organization", "name": "Acme"},
                "jobLocation": [
                    {"@type": "Place", "address": {"addressLocality": "Kiel", "addressCountry": "DE"}}
                ],
                "jobLocationType": "TELECOMMUTE",
                "applicantLocationRequirements": [{"@type": "Country", "name": "Germany"}],
                "baseSalary": {
                    "currency": "EUR",
                    "value": {"minValue": 60000, "maxValue": 80000, "unitText": "YEAR"},
                },
                "skills": "Go, Rust",
                "url": f"https://acme.example/jobs/{n}",
            }
        ),
        a_page,
        is_json=False,
    ),
    "readme_table": Payload(
        thrice(
            lambda n: {
                "Company": "Acme",
                "Role": f"Harbour Engineer {n}",
                "Link": f"https://acme.example/{n}",
                "Location": "Kiel",
            }
        ),
        a_readme,
        is_json=False,
    ),
    "remoteok": some(
        *thrice(
            lambda n: {
                "id": str(100 + n),
                "epoch": 1795197605,
                "date": "2026-11-20T18:00:05+00:00",
                "company": "Acme",
                "position": f"Harbour Engineer {n}",
                "tags": ["golang"],
                "description": "Ships.",
                "location": "Germany",
                "salary_min": 60000,
                "salary_max": 80000,
                "url": f"https://remoteOK.com/remote-jobs/{n}",
            }
        ),
        write=lambda items: json.dumps([{"legal": "link back"}, *items]),
    ),
    "remotive": some(
        *thrice(
            lambda n: {
                "id": 100 + n,
                "url": f"https://remotive.com/remote-jobs/ships/{n}",
                "title": f"Harbour Engineer {n}",
                "company_name": "Acme",
                "category": "Ships",
                "tags": ["go"],
                "publication_date": "2026-11-18T14:01:12",
                "candidate_required_location": "Europe",
                "salary": "€60k - €80k",
                "description": "<p>Go</p>",
            }
        ),
        write=inside("jobs", **{"0-legal-notice": "name us"}),
    ),
    "simplify_listings": some(
        *thrice(
            lambda n: {
                "source": "a-github-user",
                "company_name": "Acme",
                "id": f"5edec334-b85d-4c7f-98ed-00000000000{n}",
                "title": f"Harbour Engineer {n}",
                "active": True,
                "is_visible": True,
                "date_posted": 1795185005,
                "url": f"https://acme.example/{n}",
                "locations": ["Kiel", "Lübeck"],
                "company_url": "https://acme.example",
            }
        ),
    ),
    "themuse": some(
        *thrice(
            lambda n: {
                "id": 100 + n,
                "name": f"Harbour Engineer {n}",
                "contents": "<p>Go</p>",
                "publication_date": "2026-11-16T20:34:24Z",
                "locations": [{"name": "Kiel"}, {"name": "Flexible / Remote"}],
                "categories": [{"name": "Ships"}],
                "tags": [{"name": "Go"}],
                "refs": {"landing_page": f"https://www.themuse.com/jobs/acme/{n}"},
                "company": {"name": "Acme"},
            }
        ),
        write=inside("results", page=1, page_count=1),
    ),
}
