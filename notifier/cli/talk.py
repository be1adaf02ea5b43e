"""One person at the terminal: reads lines, answers each, shows what comes by itself."""

import logging
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from pathlib import Path

from notifier.chat.console import NAME as CONSOLE
from notifier.chat.console import ConsoleMessenger, Screen, look
from notifier.chat.console.prompt import at_a_terminal, pipe, somebody_may_type, terminal
from notifier.cli.completing import LineCompletion
from notifier.domain.texts import text
from notifier.services.commands import Caller
from notifier.services.completion import Completion
from notifier.services.conversation import Conversation

log = logging.getLogger(__name__)

YOU = "you"  # who types at the terminal, unless named
OPERATOR = f"{CONSOLE}:{YOU}"  # who can start this process can do all of it
_LEAVING = frozenset({"exit", "quit"})


class Talk:
    """A conversation in the terminal; `messenger` shows there what is pushed.

    caller  who asks, at this moment
    """

    def __init__(
        self,
        conversation: Conversation,
        caller: Callable[[], Caller],
        write: Callable[[str], object],
    ) -> None:
        self._conversation = conversation
        self._caller = caller
        self._locale = caller().locale
        self._screen = Screen(write, look(sys.stdout.isatty(), os.environ))
        self.messenger = ConsoleMessenger(self._screen)

    async def run(self, greeting: str, after: Callable[[], Awaitable[object]]) -> bool:
        """Answer line by line until the input ends; return whether that was a person who left.

        after  awaited behind each answer, for what it has made due
        """
        if not somebody_may_type(sys.stdin):
            return False
        here = at_a_terminal()
        hint = text("console-hint", self._locale)
        self._screen.say(greeting)
        if here:
            self._screen.say(hint)
        name = self._caller().address
        lines = (
            terminal(f"{name}> ", self._completion(), history_file(os.environ), hint)
            if here
            else pipe(sys.stdin)
        )
        async with aclosing(lines):
            async for line in lines:
                if line.strip().lower() in _LEAVING:
                    return True
                if words := self._screen.meant(line.strip(), self._locale):
                    await self._answer(words)
                    try:
                        await after()
                    except Exception:  # it is owed, and delivered by the next look
                        log.exception("delivery failed")
        return here

    async def _answer(self, line: str) -> None:
        try:
            document = await self._conversation.answer(self._caller(), line)
        except Exception:  # one bad command, or a database that is away, ends no conversation
            log.exception("command failed")
            self._screen.say(text("console-failed", self._locale))
        else:
            self._screen.answer(document, self._locale)

    def _completion(self) -> LineCompletion:
        caller = self._caller()
        operates = f"{CONSOLE}:{caller.user_id}" in self._conversation.operators
        values = Completion(self._conversation.db)
        return LineCompletion(values, lambda: self._caller().now, operates, self._locale)


def history_file(environment: Mapping[str, str]) -> Path:
    """Return where the lines that were typed are remembered."""
    state = environment.get("XDG_STATE_HOME", "")
    folder = Path(state) if Path(state).is_absolute() else Path.home() / ".local" / "state"
    return folder / "notifier" / "history"


def language(environment: Mapping[str, str]) -> str:
    """Return the language that the environment asks for: de_AT.UTF-8 is de-AT, C and POSIX are en."""
    asked = next((it for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (it := environment.get(name))), "")
    plain = asked.partition(".")[0].partition("@")[0]
    words = plain.replace("_", "-")
    if plain in ("", "C", "POSIX") or not words.replace("-", "").isalnum():
        return "en"
    return words
