"""Which rows are the same job, from raw text only."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain.identity import Known, address, clean_url, repost_key, resolve, row_hash
from tests.road import a_posting

HEX32 = "6495038d8c7b4bdab78483dacb6584dc"
UUID = "50e43cbe-01ea-4b8b-be4c-bb5f48a2be92"


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("https://jobs.example/job/31563488/backend?utm_source=github", "jobs.example:31563488"),
        (f"https://list.example/jobs/{HEX32}?utm=github", f"list.example:{HEX32}"),
        (f"https://jobs.ashby.example/acme/{UUID}", f"jobs.ashby.example:{UUID}"),
        (
            "https://jobright.example/jobs/info/69556c6b9f1b381eb26ec2aa",
            "jobright.example:69556c6b9f1b381eb26ec2aa",
        ),
        ("https://boards.greenhouse.io/acme/jobs/6330949?gh_src=x", "greenhouse:6330949"),
        ("https://acme.example/careers?gh_jid=6330949", "greenhouse:6330949"),
        ("https://apply.workable.com/j/A98EF9F71C/apply", "workable:A98EF9F71C"),
    ],
)
def test_the_boards_own_posting_id_is_found(url: str, where: str) -> None:
    found = address(url)

    assert (found.text, found.is_posting_id) == (where, True)


@pytest.mark.parametrize(
    ("url", "cleaned"),
    [
        ("https://www.acme.example/jobs/?utm_source=a&utm_medium=b", "acme.example/jobs"),
        ("https://acme.example/jobs?id=7?utm_source=a", "acme.example/jobs?id=7"),
        ("https://acme.example/jobs?ref=Simplify&pid=5", "acme.example/jobs?pid=5"),
        ("https://acme.example/jobs?jk=3&fbclid=x", "acme.example/jobs?jk=3"),
        ("https://acme.example/#/posting/5", "acme.example#/posting/5"),
    ],
)
def test_tracking_goes_and_what_names_the_posting_stays(url: str, cleaned: str) -> None:
    assert clean_url(url) == cleaned


def known(number: int, url: str, title: str, *, listed: bool = True) -> Known:
    where = address(url)
    return Known(number, f"{where.text}#{title}", where.text, title, listed)


CAREERS = "https://acme.example/careers"


def test_one_url_may_carry_two_jobs() -> None:
    rows = [a_posting(url=CAREERS, title="Cook"), a_posting(url=CAREERS, title="Driver")]

    keys = [key for key, _ in resolve(rows, {}, {}, "list")]

    assert keys == ["acme.example/careers#cook", "acme.example/careers#driver"]


def test_one_unknown_row_and_one_missing_job_on_a_url_are_the_same_job() -> None:
    job = known(1, CAREERS, "cook")

    ((key, found),) = resolve([a_posting(url=CAREERS, title="Head cook")], {job.address: [job]}, {}, "list")

    assert found is job
    assert key == job.key


def test_a_job_that_left_long_ago_lends_its_url_to_another() -> None:
    job = known(1, CAREERS, "cook", listed=False)

    ((_, found),) = resolve([a_posting(url=CAREERS, title="Driver")], {job.address: [job]}, {}, "list")

    assert found is None


def test_a_posting_id_stays_one_job_whatever_its_title_becomes() -> None:
    url = "https://jobs.example/job/31563488/x"
    job = Known(1, "jobs.example:31563488", "jobs.example:31563488", "backend devel", False)

    ((_, found),) = resolve([a_posting(url=url, title="Backend developer")], {job.address: [job]}, {}, "list")

    assert found is job


def test_a_row_without_link_is_the_listed_job_of_that_company_title_and_place() -> None:
    row = a_posting(url="", closed=True)
    job = known(1, CAREERS, "python developer 1")

    ((key, found),) = resolve([row], {}, {repost_key(row): job}, "list")

    assert (key, found) == (job.key, job)


def test_case_blanks_emoji_and_zero_width_make_no_other_job() -> None:
    row = a_posting(company="Acme", title="Python Developer", location="São Paulo")
    other = replace(row, company="ACME ", title="Python\u200b  developer 💰", location="Sa\u0303o Paulo")

    assert repost_key(row) == repost_key(other)


def test_line_and_section_may_change_freely() -> None:
    assert row_hash(a_posting()) == row_hash(replace(a_posting(), line=9, section="Other"))


@given(st.text(max_size=200))
def test_any_text_has_an_address(url: str) -> None:
    assert isinstance(address(url).text, str)
    assert clean_url(f"https://a.example/?{url}") == clean_url(f"https://a.example/?{url}")


@given(st.lists(st.sampled_from(["Cook", "Driver", "Head cook", "Cook "]), min_size=1, max_size=5))
def test_rows_of_one_url_get_keys_by_title(titles: list[str]) -> None:
    rows = [a_posting(url=CAREERS, title=title) for title in titles]

    keys = [key for key, _ in resolve(rows, {}, {}, "list")]

    assert len(set(keys)) == len({title.strip().lower() for title in titles})
