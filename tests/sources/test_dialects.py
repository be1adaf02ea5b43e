"""Lists whose jobs are known, in every dialect: each row comes back as it is, and none is invented."""

from datetime import UTC, datetime, time

import pytest

from notifier.sources.readme_table import parse
from tests.sources.dialects import TODAY, a_list

NOW = datetime.combine(TODAY, time(21), UTC)


def check(number: int) -> None:
    text, jobs, dialect = a_list(number)

    reading = parse(text, NOW)

    assert [
        (it.company, it.title, it.location, it.url, it.closed, it.posted_on, it.company_url)
        for it in reading.postings
    ] == [
        (it.company, it.title, it.location, it.url, it.closed, it.posted_on, it.company_url) for it in jobs
    ], f"list {number}, {dialect}"


@pytest.mark.parametrize("hundred", range(5))
def test_a_list_is_read_as_it_was_written(hundred: int) -> None:
    for number in range(hundred * 100, hundred * 100 + 100):
        check(number)


@pytest.mark.long
def test_ten_thousand_lists_are_read_as_they_were_written() -> None:
    for number in range(10_000):
        check(number)
