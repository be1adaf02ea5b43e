"""Settings: what is written down, what is read, what is said about a wrong one."""

import re
from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path

import pytest

from notifier.cli.settings import PREFIX, Settings, load_settings, unknown_settings
from notifier.errors import OperatorError

EXAMPLE = Path(__file__).parent.parent / ".env.example"


def example() -> Iterator[tuple[str, str, str]]:
    """Yield (name, value, the line above) of each setting in .env.example."""
    above = ""
    for line in EXAMPLE.read_text("utf-8").splitlines():
        if found := re.fullmatch(r"NOTIFIER_(\w+)=(.*)", line):
            yield found[1].lower(), found[2], above
        above = line


def test_every_setting_has_a_line_and_a_comment_in_the_example() -> None:
    lines = list(example())

    assert [name for name, _, _ in lines] == list(Settings.model_fields)
    assert all(above.startswith("# ") for _, _, above in lines)


def test_the_example_shows_the_defaults() -> None:
    written = Settings(_env_file=EXAMPLE)  # type: ignore[call-arg]  # pydantic-settings' own argument

    assert written == Settings(_env_file=None)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("90", 90), ("2s", 2), ("15m", 900), ("1h", 3_600), ("7d", 604_800), (" 5 m ", 300)],
)
def test_durations_are_read_with_their_unit(value: str, expected: int) -> None:
    assert load_settings(_env_file=None, collect_every=value).collect_every == timedelta(seconds=expected)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("collect_every", "soon", '"soon" is not a duration; write 30s, 15m, 1h or 7d'),
        ("collect_every", "0s", "is too short; 1s is the least"),
        ("digest_at", "25:00", '"25:00" is not a time; write it like 08:30'),
        ("zone", "Europe/Berlim", '"Europe/Berlim" is not a time zone; the nearest is Europe/Berlin'),
        ("quiet_hours", "22", "is not a span of time"),
        ("cadence", "sometimes", "'instant', 'daily', 'weekly' or 'both'"),
        ("admins", "joe", "write telegram:123,discord:456"),
        ("access", "closed", "'open' or 'list'"),
        ("telegram_token_file", "/does/not/exist", "No such file"),
    ],
)
def test_a_wrong_value_is_named_with_what_would_be_right(name: str, value: str, says: str) -> None:
    with pytest.raises(OperatorError) as caught:
        load_settings(_env_file=None, **{name: value})

    assert (PREFIX + name.upper()) in str(caught.value)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_secret_is_read_from_its_file_and_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("123456789:made-up-token-of-no-use\n")

    settings = load_settings(_env_file=None, telegram_token_file=str(file))

    assert settings.telegram_token is not None
    assert settings.telegram_token.get_secret_value() == "123456789:made-up-token-of-no-use"
    assert "made-up" not in repr(settings)


def test_quiet_hours_may_cross_midnight() -> None:
    assert load_settings(_env_file=None, quiet_hours="22:00-07:00").quiet_hours == (time(22), time(7))


def test_a_misspelled_variable_is_named_with_the_nearest() -> None:
    lines = unknown_settings({"NOTIFIER_COLECT_EVERY": "1h", "PATH": "x"})

    assert lines == ["NOTIFIER_COLECT_EVERY is no setting; the nearest is NOTIFIER_COLLECT_EVERY"]
