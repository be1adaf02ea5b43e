"""Text made equal where people see no difference."""

import unicodedata

# Written with one letter, typed as another; NFKD has no decomposition for these.
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe"})
_VARIATION = "\ufe0e\ufe0f"


def fold(text: str) -> str:
    """Return `text` without differences of form, case and blanks, without zero-width characters and emoji."""
    if text.isascii():
        return " ".join(text.casefold().split())
    composed = unicodedata.normalize("NFKC", text)
    kept = "".join(
        char for char in composed if unicodedata.category(char) not in _DROPPED and char not in _VARIATION
    )
    return " ".join(unicodedata.normalize("NFKC", kept.casefold()).split())


def fold_words(text: str) -> str:
    """Return `fold(text)` without accents too, for finding what people typed."""
    folded = fold(text)
    if folded.isascii():
        return folded
    plain = unicodedata.normalize("NFKD", folded.translate(_LETTERS))
    return "".join(char for char in plain if not unicodedata.combining(char))


# Cf: zero-width and direction marks; So and Sk: emoji and their skin tones.
_DROPPED = frozenset({"Cf", "So", "Sk", "Cs", "Co"})
