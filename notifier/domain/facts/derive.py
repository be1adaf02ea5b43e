"""From a posting's raw text to its facts."""

from collections.abc import Sequence

from notifier.domain.facts import Facts, WorkMode
from notifier.domain.facts.locate import places_in, seat_in
from notifier.domain.facts.mode import mode_of, remote_scope
from notifier.domain.facts.pay import pay_in
from notifier.domain.facts.role import role_in
from notifier.domain.facts.seniority import seniority_in
from notifier.domain.facts.skills import SkillKind, skill_id, skill_kind, skills_in, with_implied


def derive(
    *,
    title: str,
    location: str,
    mode: WorkMode,
    company: str = "",
    skills: Sequence[str] = (),
    pay: str = "",
) -> Facts:
    """Return what the text says.

    company read for a place only where the location is a building of an institution named by its place
    mode    the row's own marker or type column; words in title or location beat it
    skills  what a skills column names
    pay     the text of a pay column; without one the title may say it
    """
    columns = [(id_,) if (id_ := skill_id(cell)) else skills_in(cell) for cell in skills]
    named = tuple(dict.fromkeys(id_ for found in (skills_in(title), *columns) for id_ in found))
    places = places_in(location, title) or seat_in(company, location)
    works = mode_of(title, location, mode)
    return Facts(
        mode=works,
        places=places,
        scope=remote_scope(title, places) if works is WorkMode.REMOTE else (),
        skills=tuple(id_ for id_ in named if skill_kind(id_) is not SkillKind.TOPIC),
        topics=tuple(id_ for id_ in named if skill_kind(id_) is SkillKind.TOPIC),
        implied=with_implied(named),
        role=role_in(title),
        seniority=seniority_in(title),
        pay=pay_in(pay) or pay_in(title),
    )
