"""What every command does first: read the settings, keep their secrets, set up the log."""

import logging
import sys
from typing import TYPE_CHECKING

from notifier.cli import logs
from notifier.domain.redact import keep_secret

if TYPE_CHECKING:
    from notifier.cli.settings import Settings


def settings() -> "Settings":
    """Return the settings; unknown ones are told on stderr."""
    # Imported here, so that `notifier --help` stays quick.
    from notifier.cli.settings import load_settings, unknown_settings

    found = load_settings()
    keep_secret(*found.secrets())
    logs.configure(found.log_level, found.log_format)
    for line in unknown_settings():
        print(f"notifier: {line}", file=sys.stderr)
    return found


def quiet_settings() -> "Settings":
    """Return the settings for a command that prints its results itself."""
    found = settings()
    if found.log_level == "INFO":
        logging.getLogger().setLevel(logging.WARNING)
    return found
