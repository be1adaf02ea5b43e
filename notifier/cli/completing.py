"""What may come next in a line that somebody types at the terminal."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from notifier.chat.console.prompt import Proposal
from notifier.domain.cadence import Cadence
from notifier.domain.filters import FILTERS
from notifier.domain.filters.filter import quoted
from notifier.domain.texts import text
from notifier.services.commands import COMMANDS, Audience, Command, Option
from notifier.services.completion import Completion

CADENCE = "cadence"
_BARE = ("skills", "words", "exclude")  # written without their key
_MODES = ("remote", "hybrid", "onsite")
_ALIASES = {alias: key for key, it in FILTERS.items() for alias in (key, *it.aliases)}
_LAST_WORD = re.compile(r'(?:[^\s"]|"[^"]*"?)*$')
_LAST_VALUE = re.compile(r'(?:[^,"]|"[^"]*"?)*$')
_KEYED = re.compile(r"(-?[A-Za-z_]+)(?::|:?>=|=)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class LineCompletion:
    """Completes commands, what they may be told, the keys of a wish and their values."""

    values: Completion
    clock: Callable[[], datetime]
    operates: bool
    locale: str

    async def __call__(self, line: str) -> Sequence[Proposal]:
        """Return the proposals for a line up to where somebody types."""
        word, blank, rest = line.lstrip().partition(" ")
        if not blank:
            return list(self._commands(word))
        found = next(
            (it for it in self._known() if word.removeprefix("/").lower() in (it.name, *it.aliases)), None
        )
        return list(await self._told(found, rest.lstrip())) if found and found.options else ()

    # -- commands -------------------------------------------------------------------------------

    def _known(self) -> Iterator[Command]:
        """Yield the commands that help would list in a private chat."""
        for found in COMMANDS.values():
            others = found.audience is Audience.MANAGERS or (
                found.audience is Audience.OPERATORS and not self.operates
            )
            if found.is_listed and not others:
                yield found

    def _commands(self, typed: str) -> Iterator[Proposal]:
        slash = "/" if typed.startswith("/") else ""
        wanted = typed.removeprefix("/").lower()
        for found in self._known():
            names = (found.name, *found.aliases) if wanted else (found.name,)
            for name in names:
                if name.startswith(wanted):
                    says = text(f"command-{found.name}", self.locale)
                    more = " " if found.options else ""
                    yield Proposal(slash + name + more, len(typed), slash + name, says)
                    break  # an alias adds nothing where the name itself fits

    async def _told(self, found: Command, rest: str) -> Iterable[Proposal]:
        """Return what the option that is being typed may be; the last one takes the rest of the line."""
        words = rest.split(maxsplit=len(found.options) - 1)
        place = len(words) - (not rest[-1:].isspace()) if rest else 0
        place = min(max(place, 0), len(found.options) - 1)
        option = found.options[place]
        typed = words[place] if place < len(words) else ""
        if option.choices:
            return _beginning(option.choices, typed)
        if found.name == "help":
            return self._commands(typed)
        if option.completes:
            return await self._values(option.completes, typed)
        return await self._wish(typed) if _is_wish(option, words) else ()

    # -- wishes ---------------------------------------------------------------------------------

    async def _wish(self, typed: str) -> Iterable[Proposal]:
        found = _LAST_WORD.search(typed)
        word = found[0] if found else ""
        if (keyed := _KEYED.fullmatch(word)) is not None:
            name, values = keyed.groups()
            if name.lower() == CADENCE:
                return _beginning(tuple(Cadence), values)
            key = name.lower() if name.lower() in FILTERS else _ALIASES.get(name.lower())
            return await self._values(key, values) if key else ()
        minus, plain = ("-", word[1:]) if word.startswith("-") else ("", word)
        together, plus, last = plain.rpartition("+")
        proposals = [] if plus else list(_keys(word))
        if last.strip('"'):
            proposals += await self._skills(last, may_be_keyed=not (minus or together))
        return proposals

    async def _skills(self, typed: str, *, may_be_keyed: bool) -> list[Proposal]:
        proposals = []
        for choice in await self.values.complete("skills", typed.lstrip('"'), self.clock()):
            words = quoted(choice.value)
            if words.startswith('"') and may_be_keyed:
                words = f"skills:{words}"  # in quotes alone it would be words of the title
            proposals.append(Proposal(words, len(typed), choice.label))
        return proposals

    async def _values(self, key: str, typed: str) -> list[Proposal]:
        """Return the values that may stand for the last one of those typed."""
        found = _LAST_VALUE.search(typed)
        last = found[0].lstrip() if found else ""
        wanted = last.strip('"')
        if "," in wanted:  # a comma inside quotes is none for who completes
            return []
        proposals = []
        for choice in await self.values.complete(key, wanted, self.clock()):
            words = choice.value if choice.value.startswith('"') else quoted(choice.value)
            proposals.append(Proposal(words, len(last), choice.label))
        return proposals


def _is_wish(option: Option, words: Sequence[str]) -> bool:
    """Return whether an option is a query: that of a search, or the new one of a subscription or feed."""
    return option.name == "query" or (option.name == "value" and words[:1] in (["edit"], ["add"]))


def _beginning(words: Iterable[str], typed: str) -> list[Proposal]:
    return [Proposal(str(it), len(typed)) for it in words if it.startswith(typed.lower())]


def _keys(typed: str) -> Iterator[Proposal]:
    """Yield the keys of a wish that begin like this; other names of them where no key does."""
    wanted = typed.lower()
    for key, filter_ in FILTERS.items():
        if key in _BARE:
            continue
        names = (key, *filter_.aliases) if wanted.strip("-") else (key,)
        name = next((it for it in names if it.startswith(wanted)), None)
        if name is not None:
            yield Proposal(f"{name}:", len(typed))
    for word in (f"{CADENCE}:", *_MODES):
        if word.startswith(wanted):
            yield Proposal(word, len(typed))
