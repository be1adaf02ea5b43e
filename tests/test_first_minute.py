"""README's first minute on Telegram is the one that a newcomer has."""

import re

from tests.first_minute import BEGIN, END, README, first_minute

_DAYS = r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b(?: \d{1,2} \w{3})?"


def without_times(words: str) -> str:
    return re.sub(rf"{_DAYS}|\d\d:\d\d", "…", words).strip()


async def test_readme_shows_the_first_minute_as_it_is() -> None:
    text = README.read_text("utf-8")
    shown = text[text.index(BEGIN) + len(BEGIN) : text.index(END)]

    assert without_times(await first_minute()) == without_times(shown), "python -m tests.first_minute"
