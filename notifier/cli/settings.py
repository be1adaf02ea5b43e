"""All configuration: one frozen object, read once from the environment and `.env`."""

import difflib
import os
import re
from collections.abc import Mapping
from datetime import time, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from notifier.domain.cadence import Cadence
from notifier.errors import OperatorError

PREFIX = "NOTIFIER_"
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}


def duration(value: Any) -> timedelta:
    """Return "90", "2s", "15m", "1h" or "7d" as a time span."""
    if isinstance(value, timedelta):
        return value
    found = re.fullmatch(r"(\d{1,9})\s*([smhd]?)", str(value).strip().lower())
    if found is None:
        raise ValueError("is not a duration; write 30s, 15m, 1h or 7d")
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])


def time_of_day(value: Any) -> time:
    """Return "08:30" as a wall time."""
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", str(value).strip())
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise ValueError("is not a time; write it like 08:30")
    return time(int(found[1]), int(found[2]))


def span(value: Any) -> tuple[time, time] | None:
    """Return "22:00-07:00" as two wall times; None for "none"."""
    text = str(value or "none").strip().lower()
    if text in ("none", "off", ""):
        return None
    start, dash, end = text.partition("-")
    if not dash:
        raise ValueError("is not a span of time; write it like 22:00-07:00, or none")
    return time_of_day(start), time_of_day(end)


def zone(value: str) -> str:
    """Return the name of a time zone that this machine knows."""
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        near = difflib.get_close_matches(value, available_timezones(), n=1, cutoff=0.0)
        raise ValueError(f"is not a time zone; the nearest is {near[0] if near else 'UTC'}") from None
    return value


def _admins(value: Any) -> Any:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    for admin in value:
        platform, _, user = admin.partition(":")
        if platform not in ("telegram", "discord", "console") or not user:
            raise ValueError("is not a list of admins; write telegram:123,discord:456")
    return tuple(value)


def _at_least_a_second(value: timedelta) -> timedelta:
    if value < timedelta(seconds=1):
        raise ValueError("is too short; 1s is the least")
    return value


def host_and_port(value: Any) -> tuple[str, int]:
    """Return "127.0.0.1:8080" or "[::1]:8080" as (host, port)."""
    if isinstance(value, tuple):
        return value
    host, _, port = str(value).strip().rpartition(":")
    if not host or not port.isascii() or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise ValueError("is not HOST:PORT; write it like 127.0.0.1:8080")
    return host.removeprefix("[").removesuffix("]"), int(port)


def api_url(value: str) -> str:
    """Return the address of an API; a token goes over plain http only inside this machine."""
    try:
        split = urlsplit(value)
        host = split.hostname or ""
        port_ok = split.port is None or split.port > 0
    except ValueError:
        host, port_ok = "", False
    if not host or not port_ok or split.scheme not in ("http", "https") or split.query or split.fragment:
        raise ValueError("is not the address of an API; write it like https://api.telegram.org")
    if split.scheme == "http" and not _is_loopback(host):
        raise ValueError("would send the token unencrypted; use https, or http on 127.0.0.1")
    return value.rstrip("/")


def gateway_url(value: str | None) -> str | None:
    """Return the address of a gateway; a token goes over plain ws only inside this machine."""
    if value is None:
        return None
    try:
        split = urlsplit(value)
        host = split.hostname or ""
        port_ok = split.port is None or split.port > 0
    except ValueError:
        host, port_ok = "", False
    if not host or not port_ok or split.scheme not in ("ws", "wss"):
        raise ValueError("is not the address of a gateway; write it like wss://gateway.discord.gg")
    if split.scheme == "ws" and not _is_loopback(host):
        raise ValueError("would send the token unencrypted; use wss, or ws on 127.0.0.1")
    return value


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _public_url(value: str | None) -> str | None:
    if value is not None and not (urlsplit(value).scheme in ("http", "https") and urlsplit(value).hostname):
        raise ValueError("is not an address; write the whole public one, like https://bot.example/telegram")
    return value


def _webhook_secret(value: SecretStr | None) -> SecretStr | None:
    if value is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value.get_secret_value()):
        raise ValueError("may hold 1 to 256 letters, digits, _ and - only")
    return value


Duration = Annotated[timedelta, BeforeValidator(duration)]
TimeOfDay = Annotated[time, BeforeValidator(time_of_day)]
Span = Annotated[tuple[time, time] | None, NoDecode, BeforeValidator(span)]
Zone = Annotated[str, AfterValidator(zone)]
ApiUrl = Annotated[str, AfterValidator(api_url)]


class Settings(BaseSettings):
    """All configuration. Each field has a line in .env.example; a test compares the two."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        frozen=True,
        extra="ignore",
        validate_default=False,
    )

    database_url: str = "sqlite:///notifier.db"
    collect_every: Annotated[Duration, AfterValidator(_at_least_a_second)] = timedelta(minutes=30)
    digest_at: TimeOfDay = time(8, 30)
    zone: Zone = "UTC"
    quiet_hours: Span = None
    cadence: Cadence = Cadence.BOTH
    expire_after: Duration = timedelta(days=15)
    retention: Duration = timedelta(days=180)
    access: Literal["open", "list"] = "open"
    admins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_admins)] = ()
    allow_private_sources: bool = False
    publish_dir: Path | None = None
    on_uncertain: Literal["resend", "hold"] = "resend"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"
    telegram_token: SecretStr | None = None
    telegram_token_file: Path | None = None
    telegram_api_url: ApiUrl = "https://api.telegram.org"
    telegram_webhook_url: Annotated[str | None, AfterValidator(_public_url)] = None
    telegram_webhook_listen: Annotated[tuple[str, int], NoDecode, BeforeValidator(host_and_port)] = (
        "127.0.0.1",
        8080,
    )
    telegram_webhook_secret: Annotated[SecretStr | None, AfterValidator(_webhook_secret)] = None
    telegram_webhook_secret_file: Path | None = None
    discord_token: SecretStr | None = None
    discord_token_file: Path | None = None
    discord_api_url: ApiUrl = "https://discord.com/api/v10"
    discord_gateway_url: Annotated[str | None, AfterValidator(gateway_url)] = None

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Take each secret from its _FILE variant, when that is set."""
        for name in ("telegram_token", "telegram_webhook_secret", "discord_token"):
            file = values.get(f"{name}_file")
            if file and not values.get(name):
                try:
                    values[name] = Path(file).read_text("utf-8").strip()
                except OSError as error:
                    raise ValueError(f"{PREFIX}{name.upper()}_FILE: {error.strerror}: {file}") from error
        return {name: value for name, value in values.items() if value != ""}

    @model_validator(mode="after")
    def _check_webhook(self) -> "Settings":
        if self.telegram_webhook_url and self.telegram_webhook_secret is None:
            raise ValueError(
                f"{PREFIX}TELEGRAM_WEBHOOK_URL needs {PREFIX}TELEGRAM_WEBHOOK_SECRET: without it anybody could"
                " pretend to be Telegram; make one with `openssl rand -hex 32`"
            )
        return self

    def secrets(self) -> list[str]:
        """Return what must never be shown: tokens, the webhook's secret, the database's password."""
        values = [getattr(self, name) for name in type(self).model_fields]
        tokens = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        return [*tokens, *_passwords(self.database_url)]


def _passwords(url: str) -> list[str]:
    """Return every reading of the password in a database's URL; none that is an everyday word.

    One that holds an @ should be written %40. Who forgets it sees its end in errors as part of the host.
    """
    found = re.match(r"[^:]+://([^:/@]*):([^@]*)@(.*)", url)
    if found is None:
        return [unquote(value) for value in re.findall(r"[?&]password=([^&#]+)", url)]
    user, password, rest = found.groups()
    end = re.split(r"[/?]", rest)[0].rpartition("@")[0]
    database = rest.rpartition("/")[2].partition("?")[0]
    everyday = {"", user, database, "notifier", "postgres", "postgresql", "password"}
    readings = {password, unquote(password), *([end, f"{password}@{end}"] if end else [])}
    return sorted(readings - everyday)


def load_settings(**given: Any) -> Settings:
    """Return the settings of this process; `OperatorError` names the first wrong one and what would be right."""
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        reason = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
        if not first["loc"]:
            raise OperatorError(reason) from None
        name = str(first["loc"][0])
        secret = isinstance(first["input"], SecretStr) or "token" in name or "secret" in name
        shown = "" if secret else f'"{first["input"]}" '
        raise OperatorError(f"{PREFIX}{name.upper()}: {shown}{reason}") from None


def unknown_settings(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return a line for each NOTIFIER_ variable that is no setting, with the nearest that is."""
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    lines = []
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known and name != "NOTIFIER_TEST_DATA":
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
            lines.append(f"{name} is no setting; the nearest is {near}")
    return lines
