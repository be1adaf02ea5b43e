"""`notifier facts` and `notifier match`: JSON Lines in, JSON Lines out, one line at a time.

A line that cannot be read is answered with `{"id", "error"}` in its place, and the next one is read.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from notifier.domain.facts import Facts, WorkMode
from notifier.domain.facts.derive import derive
from notifier.domain.facts.mode import mode_of
from notifier.domain.facts.places import PlaceKind, candidates, place
from notifier.domain.facts.skills import SkillKind, skill_kind, skill_name
from notifier.domain.filters import FILTERS, STRICT, CompiledWish, Prepared, Wish
from notifier.domain.filters.said import reasons, refusals
from notifier.domain.filters.where import place_id
from notifier.domain.posting import Opening
from notifier.domain.texts import text
from notifier.errors import AmbiguousPlace, UserError

Row = Mapping[str, Any]
_LANGUAGE = "en"
_WISHED_MODES = {"any": None, "remote": "only", "hybrid": "hybrid", "onsite": "no"}


class _Unreadable(Exception):
    """What is wrong with a line."""


def stream(lines: Iterable[bytes], answer: Callable[[Row], dict[str, Any]]) -> None:
    """Print the answer to each line as soon as it is read; blank lines are passed over."""
    for line in lines:
        if line.strip():
            print(json.dumps(_answered(line, answer), ensure_ascii=False), flush=True)


def _answered(line: bytes, answer: Callable[[Row], dict[str, Any]]) -> dict[str, Any]:
    id_ = None
    try:
        row = json.loads(line.decode())
        if not isinstance(row, dict):
            raise _Unreadable("not an object")
        id_ = row.get("id")
        if id_ is None:
            raise _Unreadable("id is missing")
        return {"id": id_, **answer(row)}
    except (ValueError, RecursionError, _Unreadable) as error:
        return {"id": id_, "error": str(error)}


def facts_of(row: Row) -> dict[str, Any]:
    """Return the facts of `{"company", "title", "location", "type"}`, named as people name them."""
    facts = _facts(row)
    named = [place(id_) for id_ in facts.places]
    pay = facts.pay
    return {
        "countries": _each_once(it.country for it in named),
        "macros": _each_once(
            id_ for id_ in (*facts.places, *facts.scope) if place(id_).kind is PlaceKind.MACRO
        ),
        "regions": _each_once(it.region for it in named),
        "cities": _each_once(it.name for it in named if it.kind is PlaceKind.CITY),
        "remote": facts.mode.value,
        "remote_scope": list(facts.scope),
        "seniority": facts.seniority.value,
        "role": facts.role.value,
        "skills": [skill_name(id_) for id_ in facts.skills],
        "implied": [skill_name(id_) for id_, _ in facts.implied if skill_kind(id_) is not SkillKind.TOPIC],
        "salary": pay.to_json() if pay else None,
    }


def match_of(row: Row) -> dict[str, Any]:
    """Return whether `{"job": {…}, "sub": {"skills", "places", "remote", "home"}}` fit, and why.

    What a subscription asks for must be stated, but for the scope of remote work: unstated is open to all.
    """
    job = Prepared(_opening(_object(row, "job")))
    try:
        wish = _wish(_object(row, "sub"))
    except UserError as error:
        return {"match": False, "why": text(error.message_id, _LANGUAGE, **error.values)}
    now = datetime.now(UTC)
    met = CompiledWish(wish).match(job, now)
    if met is None:
        return {"match": False, "why": "; ".join(refusals(wish, job, now, _LANGUAGE))}
    return {"match": True, "why": reasons(met, _LANGUAGE) or "nothing asked"}


# -- reading a line -----------------------------------------------------------------------------


def _facts(row: Row) -> Facts:
    title, location = _text(row, "title"), _text(row, "location")
    stated = mode_of("", _text(row, "type"), WorkMode.UNKNOWN)
    return derive(title=title, location=location, mode=stated, company=_text(row, "company"))


def _opening(row: Row) -> Opening:
    return Opening(
        id=0,
        key="",
        title=_text(row, "title"),
        company=_text(row, "company"),
        url="",
        location=_text(row, "location"),
        first_seen=datetime.now(UTC),
        facts=_facts(row),
    )


def _wish(sub: Row) -> Wish:
    typed: dict[str, tuple[str, ...]] = {}
    if skills := _texts(sub, "skills"):
        typed["skills"] = FILTERS["skills"].parse(skills)
    if places := _texts(sub, "places"):
        typed["in"] = (*_each_once(id_ for word in places for id_ in _place_ids(word)), STRICT)
    wanted = _text(sub, "remote") or "any"
    if wanted not in _WISHED_MODES:
        raise _Unreadable(f"remote: {wanted} is not one of {', '.join(_WISHED_MODES)}")
    mode, home = _WISHED_MODES[wanted], _text(sub, "home")
    if mode:
        typed["remote"] = (mode,)
    if home and mode == "only":
        typed["from"] = (place_id(home.upper()) if len(home) > 2 else _country(home.upper()),)
    return Wish(tuple((key, typed[key]) for key in FILTERS if key in typed))


def _country(code: str) -> str:
    try:
        return place(code).id
    except KeyError:
        raise _Unreadable(f"home: {code} is no ISO 3166-1 code of a country") from None


def _place_ids(word: str) -> list[str]:
    """Return what a place of a wish means; here there is nobody to ask which one."""
    try:
        return [place_id(word)]
    except AmbiguousPlace:
        return [it.id for it in candidates(word)]


def _object(row: Row, key: str) -> Row:
    value = row.get(key) or {}
    if not isinstance(value, dict):
        raise _Unreadable(f"{key} is not an object")
    return value


def _text(row: Row, key: str) -> str:
    value = row.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Unreadable(f"{key} is not a text")
    return value


def _texts(row: Row, key: str) -> list[str]:
    value = row.get(key) or []
    if not isinstance(value, list) or not all(isinstance(it, str) for it in value):
        raise _Unreadable(f"{key} is not a list of texts")
    return [it for it in value if it.strip()]


def _each_once(values: Iterable[str]) -> list[str]:
    return [value for value in dict.fromkeys(values) if value]
