"""Lists of words as one pattern over a folded title, for the facts that titles say in many ways."""

import re
from collections.abc import Mapping

from notifier.domain.fold import fold_words

LONGEST = 1_000  # characters of a title that are read; no title is longer


def any_word(groups: Mapping[str, str]) -> re.Pattern[str]:
    """Return a pattern for folded text whose `lastgroup` is the group of the word that it found.

    groups  name: its words, parted by ";"; where several begin at one place, the first listed wins

    A blank stands for a blank, a hyphen or nothing ("full stack"), "*" for the rest of a word,
    "lead time|free" for "lead time" and "lead free".
    """
    parts = []
    for name, words in groups.items():
        each = [
            "[ -]?".join(f"(?:{re.escape(word)})" for word in term.split())
            for term in fold_words(words).split(";")
        ]
        parts.append(f"(?P<{name}>{'|'.join(each)})".replace(r"\|", "|").replace(r"\*", r"\w*"))
    return re.compile(rf"(?<![^\W_])(?=[\w.])(?:{'|'.join(parts)})(?![^\W_]|[+#])")
