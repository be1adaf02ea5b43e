"""When a server says to come back."""

from datetime import UTC, datetime, timedelta

import pytest

from notifier.sources.headers import fresh_for, retry_after

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NONE = timedelta()


@pytest.mark.parametrize(
    ("headers", "lifetime"),
    [
        ({}, NONE),
        ({"cache-control": "max-age=3600"}, HOUR),
        ({"cache-control": 'public, Max-Age="3600", must-revalidate'}, HOUR),
        ({"cache-control": "s-maxage=9"}, NONE),
        ({"cache-control": "max-age=7200", "age": "3600"}, HOUR),
        ({"cache-control": "max-age=60", "age": "3600"}, NONE),
        ({"cache-control": "no-cache, max-age=3600"}, NONE),
        ({"cache-control": "no-store", "expires": "Mon, 02 Mar 2026 13:00:00 GMT"}, NONE),
        ({"expires": "Mon, 02 Mar 2026 13:00:00 GMT"}, HOUR),
        ({"expires": "Mon, 02 Mar 2020 13:00:00 GMT", "date": "Mon, 02 Mar 2020 12:00:00 GMT"}, HOUR),
        ({"expires": "Mon, 02 Mar 2026 11:00:00 GMT"}, NONE),
        ({"expires": "0"}, NONE),
        ({"expires": "-1", "date": "soon"}, NONE),
        ({"cache-control": "max-age=31536000"}, timedelta(days=1)),
        ({"cache-control": "max-age=" + "9" * 4000}, timedelta(days=1)),
        ({"cache-control": "max-age=soon"}, NONE),
        ({"cache-control": "max-age=0", "expires": "Mon, 02 Mar 2026 13:00:00 GMT"}, NONE),
    ],
)
def test_a_document_is_fresh_as_long_as_its_server_says(headers: dict[str, str], lifetime: timedelta) -> None:
    assert fresh_for(headers, NOW) == lifetime


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("0", NONE),
        ("Mon, 02 Mar 2026 13:00:00 GMT", HOUR),
        ("Mon, 02 Mar 2026 13:00:00", HOUR),
        ("Mon, 02 Mar 2026 14:00:00 +0100", HOUR),
        ("Mon, 02 Mar 2020 13:00:00 GMT", NONE),
        ("999999999", timedelta(days=1)),
        ("9" * 4000, timedelta(days=1)),
        ("Mon, 02 Mar 99999 13:00:00 GMT", None),
        ("-5", None),
        ("soon", None),
        ("", None),
    ],
)
def test_the_wait_a_server_asks_for_is_kept(value: str, wait: timedelta | None) -> None:
    assert retry_after({"retry-after": value}, NOW) == wait
