"""README's first minutes are the ones that newcomers have."""

import re
from pathlib import Path

from tests import discord_minutes, first_minute

_DAYS = r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b(?: \d{1,2} \w{3})?"


def without_times(words: str) -> str:
    """Return words without days, times, and the numbers that a platform makes up."""
    return re.sub(rf"{_DAYS}|\d\d:\d\d|\d{{15,20}}", "…", words).strip()


def shown(readme: Path, begin: str, end: str) -> str:
    text = readme.read_text("utf-8")
    return text[text.index(begin) + len(begin) : text.index(end)]


async def test_readme_shows_the_first_minute_on_telegram_as_it_is() -> None:
    kept = shown(first_minute.README, first_minute.BEGIN, first_minute.END)

    lived = await first_minute.first_minute()

    assert without_times(lived) == without_times(kept), "python -m tests.first_minute"


async def test_readme_shows_the_first_minutes_on_discord_as_they_are() -> None:
    kept = shown(discord_minutes.README, discord_minutes.BEGIN, discord_minutes.END)

    lived = await discord_minutes.minutes()

    assert without_times(lived) == without_times(kept), "python -m tests.discord_minutes"
