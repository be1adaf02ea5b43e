"""The words of a location cell or title, each with where it stands among commas, slashes and dashes.

"Austin or Dallas, TX; Remote" has two groups; the first has two items, the second of them two parts.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice

from notifier.domain.facts.places import APOSTROPHES, Place, codes, name_key, place

_LONGEST = 6_000  # characters that are read; a cell of 300 places is shorter
_MOST_WORDS = 1_000
_NEAR = 6  # words on each side that are looked at

_BREAK = re.compile(r"</?\s*br\s*/?>|[\n\r]", re.IGNORECASE)
# Scripts without blanks: each character is a word, and names are the runs that the gazetteer knows.
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_LETTERS = rf"[^\W_{_UNSPACED}]+"
_WORD = re.compile(rf"[{_UNSPACED}]|{_LETTERS}(?:[{APOSTROPHES}]{_LETTERS})*")
_HARD = re.compile(r"[;|•·]|\s[/+]|[/+]\s")  # between two groups
_SOFT = re.compile(r"[/+&]")  # between two items, which may share what follows: "Lisbon/Porto, Portugal"
_DASH = re.compile(r"[()\[\]–—]|\s-|-\s")  # before a part that says more about the one before it
_PART = re.compile(rf"[,،、:@]|{_DASH.pattern}")
_REMOTE = frozenset(("remote", "remoto", "remota"))
_LANDS = frozenset(("US", "UK", "EU", "GB"))  # written in two letters, and no state of anywhere
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
# Words that stand for several lands; and the city that would be read as a state and a code.
_MEANS = {"ANZ": "Australia; New Zealand", "UKI": "United Kingdom; Ireland", "USCA": "United States; Canada"}
_SEVERAL = re.compile(rf"(?<!\w)(?:{'|'.join(_MEANS)})(?!\w)")
_WASHINGTON = re.compile(r"(?<!\w)Washington,?\s+D\.?\s?C(?:\.|(?!\w))", re.IGNORECASE)


@cache
def words_of(table: str) -> frozenset[str]:
    """Return a table of `location_words.toml`."""
    every = tomllib.loads(files(__package__).joinpath("location_words.toml").read_text("utf-8"))
    return frozenset(every[table].split())


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a cell; part, item and group count from 0."""

    raw: str
    key: str  # as names are compared, see `name_key`
    gap: str  # what stands before it
    part: int  # what stands between two commas, brackets, dashes
    item: int  # parts that tell one path of places
    group: int  # items of one line


class Cell:
    """A text cut into words."""

    def __init__(self, text: str, *, title: bool = False) -> None:
        self.words = _cut(_plain(text[:_LONGEST]), title=title)
        self.is_shouted = not any(char.islower() for word in self.words for char in word.raw)

    def before(self, start: int) -> Word | None:
        """Return the word before `start` in the same part."""
        return self.words[start - 1] if start and self._same_part(start - 1, start) else None

    def behind(self, end: int) -> Word | None:
        """Return the word that follows a run which ends before `end`, in the same part."""
        return self.words[end] if end < len(self.words) and self._same_part(end - 1, end) else None

    def earlier(self, start: int) -> Sequence[Word]:
        """Return the last words of the same part before `start`, the nearest first."""
        near = self.words[max(0, start - _NEAR) : start]
        return [word for word in reversed(near) if word.part == self.words[start].part]

    def near(self, start: int, end: int) -> Sequence[Word]:
        """Return the run with the words around it in the same part."""
        around = self.words[max(0, start - _NEAR) : end + _NEAR]
        return [word for word in around if word.part == self.words[start].part]

    def leads(self, start: int) -> bool:
        """Return whether a run is the first of its item."""
        return start == 0 or self.words[start - 1].item != self.words[start].item

    def is_dashed(self, start: int) -> bool:
        """Return whether a dash or bracket stands before the part."""
        return bool(_DASH.search([self.words[start], *self.earlier(start)][-1].gap))

    def _same_part(self, one: int, two: int) -> bool:
        return self.words[one].part == self.words[two].part


def flags(text: str) -> Iterator[Place]:
    """Yield the countries whose flags stand in `text`."""
    for match in _FLAG.finditer(text):
        code = "".join(chr(ord(char) - 0x1F1E6 + ord("A")) for char in match[0])
        if code in codes().get(code, ()):
            yield place(code)


def _plain(text: str) -> str:
    """Return `text` with every break as a semicolon, and what stands for several lands spelled out."""
    text = unicodedata.normalize("NFKC", _BREAK.sub(";", _FLAG.sub(";", text)))
    return _WASHINGTON.sub("Washington DC", _SEVERAL.sub(lambda match: _MEANS[match[0]], text))


def _cut(text: str, *, title: bool) -> list[Word]:
    words: list[Word] = []
    part = item = group = at = 0
    says_something = False  # in this group
    for match in islice(_WORD.finditer(text), _MOST_WORDS):
        gap, key = text[at : match.start()], name_key(match[0])
        is_new_part = bool(_PART.search(gap)) or (title and key in ("in", "at"))
        is_state = _is_state(words, gap, match[0])
        if (_HARD.search(gap) and not is_state) or (key in _REMOTE and is_new_part and says_something):
            group, item, part, says_something = group + 1, item + 1, part + 1, False
        elif _joins(words) or (_SOFT.search(gap) and not is_state) or _is_remote_to(words, key):
            item, part = item + 1, part + 1
        elif is_new_part:
            part += 1
        says_something = says_something or key not in words_of("beside")
        words.append(Word(match[0], key, gap, part, item, group))
        at = match.end()
    return words


def _joins(words: Sequence[Word]) -> bool:
    """Return whether the last word is an "or" between two items, and not a code: "Portland, OR"."""
    if len(words) < 2 or words[-1].key not in words_of("and"):
        return False
    return not words[-1].raw.isupper() or words[-1].part == words[-2].part


def _is_remote_to(words: Sequence[Word], key: str) -> bool:
    """Return whether the land of remote work begins here, behind the places of an office: "Rome Remote EU"."""
    return (
        len(words) > 1
        and words[-1].key in _REMOTE
        and words[-1].part == words[-2].part
        and not {words[-2].key, key} & words_of("beside")
    )


def _is_state(words: Sequence[Word], gap: str, raw: str) -> bool:
    """Return whether a slash stands between a city and its state: "Porto Alegre/RS", but not "US/CA"."""
    is_code = len(raw) == 2 and raw.isupper() and raw not in _LANDS
    return gap.strip() == "/" and is_code and bool(words) and len(words[-1].raw) > 3
