"""What a source says, cut to what a database takes and what is worth reading.

Readers are of many kinds; this stands between all of them and the store, so that no text a source
sends costs another source its reading: neither NULs and half characters, nor a title of a megabyte.
"""

from dataclasses import replace
from typing import Any

from notifier.domain.posting import Posting

TEXT = 1_000  # characters of a title, a company, a pay
PLACES = 5_000  # some rows list hundreds of places
LINK = 8_000  # longer ones are followed by no browser
SKILLS = 100

_LIMITS = {
    "title": TEXT,
    "company": TEXT,
    "location": PLACES,
    "pay": TEXT,
    "section": TEXT,
    "url": LINK + 1,
    "company_url": LINK + 1,
}


def bounded(posting: Posting) -> Posting | None:
    """Return a posting such that every database takes it; None when its link is too long to be one."""
    changed: dict[str, Any] = {
        name: kept
        for name, limit in _LIMITS.items()
        if (kept := storable(given := getattr(posting, name), limit)) is not given
    }
    if len(changed.get("url", posting.url)) > LINK:
        return None
    if len(changed.get("company_url", posting.company_url)) > LINK:
        changed["company_url"] = ""
    skills = tuple(storable(skill, TEXT) for skill in posting.skills[:SKILLS])
    if skills != posting.skills:
        return replace(posting, **changed, skills=skills)
    return replace(posting, **changed) if changed else posting


def storable(text: str, limit: int = TEXT) -> str:
    """Return `text` itself when it can be stored, else without what cannot, cut at `limit` characters."""
    if len(text) > limit:
        text = text[:limit]
    if text.isascii() and "\x00" not in text:
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode(errors="ignore").decode()
    return text.replace("\x00", "") if "\x00" in text else text
