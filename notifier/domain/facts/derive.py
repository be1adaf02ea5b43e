"""From a posting's raw text to its facts."""

from collections.abc import Sequence

from notifier.domain.facts import Facts, WorkMode
from notifier.domain.facts.mode import mode_of
from notifier.domain.facts.skills import skills_in, with_implied


def derive(*, title: str, location: str, mode: WorkMode, skills: Sequence[str] = ()) -> Facts:
    """Return what the text says.

    mode    the row's own marker or type column; words in title or location beat it
    skills  what a skills column names
    """
    named = skills_in("; ".join([title, *skills]))
    return Facts(mode=mode_of(title, location, mode), skills=named, implied=with_implied(named))
