"""Where the work is done: the mode that a row's words say, and for remote work the lands it is open to."""

import re
from collections.abc import Sequence

from notifier.domain.facts import WorkMode
from notifier.domain.facts.locate import in_title
from notifier.domain.facts.places import PlaceKind, place

_REMOTE = (
    r"remote(?:ly)?|work(?:ing)? (?:from|at) home|home[- ]?(?:office|based|working)|wfh|telecommut\w*|telework\w*"
    r"|t[ée]l[ée]travail|teletrabajo|teletrabalho|telelavoro|remot[oaie]s?|[àa] distance|a distancia|[àa] dist[âa]ncia"
    r"|da remoto|smart ?working|zdaln\w+|na d[áa]lku|vzd[áa]len\w*|thuiswerk\w*|op afstand|p[åa] distans|hjemmekontor"
    r"|fjernarbejde|et[äa]ty[öo]\w*|t[áa]vmunka|uzaktan|удал[её]нн?\w*|дистанционн\w*|リモート|在宅|远程|遠端|居家|재택|원격"
)
_HYBRID = r"h[iíî]?y?bri[dt]\w{0,4}|[ií]brid[oa]|hybrydow\w+|гибрид\w*|混合|ハイブリッド|하이브리드"
_ONSITE = (
    r"on[- ]?site|in[- ](?:the[- ])?office|in[- ]person|vor ort|präsenz\w*|sur (?:site|place)|presencial\w*|in presenza"
    r"|stacjonarn\w+|op locatie|på plats|iş ?yerinde|офис\w*"
)
_DAYS = r"(?:days?|tage?n?|jours?|d[ií]as?|dias|dni|giorni|dagar|dagen|gün|/ ?we?e?k)"
_PARTLY = (
    r"(?:teilweise|partial\w*|partiel\w*|parcial\w*|partly|cz[ęe][śs]ciow\w*|deels|delvis|occasional\w*)"
)


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)


_SAYS_REMOTE = _pattern(_REMOTE)
# What looks like a mode and is none, or denies one.
_NOT_A_MODE = _pattern(
    r"remote[- ](?:sensing|access|control\w*|desktop|procedure|monitoring|hands|vehicles?|operated|patient)"
    r"|hybrid[- ](?:cloud|apps?|mobile|search|it|infrastructure|integration|electric|vehicles?|powertrain|systems?|data|quantum)"
)
_NO_REMOTE = _pattern(
    rf"(?:no|not|non|kein\w*|sin|sem|pas de|bez|nicht|geen)[- ]+(?:{_REMOTE}|{_HYBRID})|100 ?% (?:{_ONSITE})"
)
# "2 days remote a week", "3 Tage im Büro", "télétravail partiel" and "remote / office" are hybrid.
_IN_PART = _pattern(
    rf"\d ?(?:-|to|bis|à)? ?\d? ?{_DAYS} [^\d,;|()]{{0,20}}(?:{_REMOTE}|{_ONSITE}|office|büro|bureau|oficina|biurze|kantoor)"
    rf"|(?:{_REMOTE}|{_ONSITE}|office)[^\d,;|()]{{0,12}}\d ?(?:-|to|bis|à)? ?\d? ?{_DAYS}"
    rf"|{_PARTLY} (?:{_REMOTE})|(?:{_REMOTE}) {_PARTLY}"
)
# Hybrid before remote: "remote/hybrid" and "2 days remote" offices exist, remote jobs with an office do not.
_EITHER = _pattern(
    rf"(?:{_HYBRID})(?: or | oder | ?[/|,] ?)(?:{_REMOTE})|(?:{_REMOTE})(?: or | oder | ?[/|,] ?)(?:{_HYBRID})"
)
_MODES = (
    (WorkMode.HYBRID, re.compile(rf"{_pattern(_HYBRID).pattern}|{_IN_PART.pattern}", re.IGNORECASE)),
    (WorkMode.REMOTE, _SAYS_REMOTE),
    (WorkMode.ONSITE, _pattern(_ONSITE)),
)
_UNSPACED = re.compile("リモート|在宅|远程|遠端|居家|재택|원격")
# A place that is everywhere; in a title these are other words ("Distributed Systems", "Automation Anywhere").
_EVERYWHERE = _pattern(r"anywhere|distributed|worldwide|work from anywhere")


def mode_of(title: str, location: str, stated: WorkMode) -> WorkMode:
    """Return the mode that the words say, else the one that the row's type column states."""
    text = f"{title[:1_000]} | {location[:3_000]}"
    if _NO_REMOTE.search(text):
        return WorkMode.ONSITE
    text = _NOT_A_MODE.sub(" ", text)
    if stated is WorkMode.REMOTE and _EITHER.search(text):
        return stated
    for mode, pattern in _MODES:
        if pattern.search(text):
            return mode
    if _UNSPACED.search(text) or (stated is WorkMode.UNKNOWN and _EVERYWHERE.search(location[:3_000])):
        return WorkMode.REMOTE
    return stated


def remote_scope(title: str, places: Sequence[str]) -> tuple[str, ...]:
    """Return the countries and macro-regions that remote work is open to; () when nothing says so.

    places  ids of the places that the row names; cities stand for their country where nothing wider is named
    """
    named = [id_ for id_ in places if _is_wide(id_)]
    if _SAYS_REMOTE.search(title[:1_000]):
        named += [id_ for id_ in in_title(title) if _is_wide(id_)]
    return tuple(dict.fromkeys(named or (place(id_).country for id_ in places)))


def _is_wide(id_: str) -> bool:
    return place(id_).kind in (PlaceKind.COUNTRY, PlaceKind.MACRO)
