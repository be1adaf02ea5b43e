"""The conversation that README shows is the one that the bot has."""

from notifier.services.commands import COMMANDS
from tests.transcript import CHAT, PRIVATE_LINES, SHARED_LINES, YOU, transcript, written


def test_readme_shows_what_is_said() -> None:
    """`python -m tests.transcript` writes it anew."""
    assert written() == transcript().strip()


def test_every_listed_command_is_in_it() -> None:
    """A new command is shown, too."""
    said = {line.split()[0] for line in (*PRIVATE_LINES, *SHARED_LINES)}

    assert {name for name, found in COMMANDS.items() if found.is_listed} - said == set()
    assert CHAT.address != YOU.address
