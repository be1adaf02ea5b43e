"""What a site lets a program read, as RFC 9309 has it: for pages made for people, not for feeds and APIs.

Python's own parser takes the first rule that fits where the longest counts, and knows no wildcards.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, unquote_to_bytes

import httpx

from notifier.errors import SourceRefused, SourceUnreachable

NAME = "notifier"  # by which a robots.txt may address us
KEPT = timedelta(days=1)
MOST_SITES = 1000  # remembered
LONGEST = 500 * 1024  # bytes that are read, as the RFC asks at least
LONGEST_DELAY = 24 * 3600.0  # seconds

Read = Callable[[str], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Rules:
    """What one robots.txt asks of us: (path pattern, allowed) pairs and a pause in seconds."""

    rules: Sequence[tuple[str, bool]] = ()
    delay: float = 0.0

    def allow(self, path: str) -> bool:
        """Return whether a path with its query may be read: the longest rule counts, and of two allow."""
        path = _normal(path)
        fitting = ((len(pattern), allowed) for pattern, allowed in self.rules if _fits(pattern, path))
        return max(fitting, default=(0, True))[1]


class Robots:
    """The robots.txt of each site, kept for a day. `read` fetches one."""

    def __init__(self, read: Read, now: Callable[[], datetime]) -> None:
        self._read = read
        self._now = now
        self._kept: dict[str, tuple[datetime, Rules]] = {}

    async def check(self, url: httpx.URL) -> float:
        """Return how many seconds the site wants between two pages; `SourceRefused` when it forbids this one.

        `SourceUnreachable` while the site cannot say: then nothing is allowed.
        """
        site = f"{url.scheme}://{url.netloc.decode('ascii')}"
        read_at, rules = self._kept.get(site, (None, Rules()))
        if read_at is None or not read_at <= self._now() < read_at + KEPT:
            rules = await self._fetch(f"{site}/robots.txt")
            if len(self._kept) >= MOST_SITES:
                del self._kept[next(iter(self._kept))]
            self._kept.pop(site, None)
            self._kept[site] = (self._now(), rules)
        if not rules.allow(url.raw_path.decode("ascii")):
            raise SourceRefused(f"{site}/robots.txt does not let programs read {url.path}"[:300])
        return rules.delay

    async def _fetch(self, url: str) -> Rules:
        try:
            return parse(await self._read(url))
        except SourceUnreachable as error:
            if 400 <= error.status < 500 and error.status != httpx.codes.TOO_MANY_REQUESTS:
                return Rules()  # it has none
            raise


def parse(body: bytes) -> Rules:
    """Return what a robots.txt says to us: the group that names us, else the one for everybody."""
    groups: dict[str, tuple[list[tuple[str, bool]], list[float]]] = {}
    names: list[str] = []
    naming = False  # consecutive names share a group
    for line in body[:LONGEST].decode("utf-8-sig", "replace").splitlines():
        key, colon, value = (part.strip() for part in line.partition("#")[0].partition(":"))
        key = key.lower()
        if not colon:
            continue
        if key == "user-agent":
            names = [*names, _product(value)] if naming else [_product(value)]
            naming = True
            groups.setdefault(names[-1], ([], []))
        elif key in ("allow", "disallow", "crawl-delay"):
            naming = False
            for name in names:
                rules, delays = groups[name]
                if key == "crawl-delay":
                    delays.extend(_delay(value))
                elif value:
                    rules.append((_normal(value), key == "allow"))
    rules, delays = groups.get(NAME) or groups.get("*") or ([], [])
    return Rules(tuple(rules), max(delays, default=0.0))


def _product(value: str) -> str:
    """Return the product's name of a user-agent line, without its version."""
    return "*" if value.startswith("*") else re.split(r"[^a-z_-]", value.lower(), maxsplit=1)[0]


def _delay(value: str) -> list[float]:
    return [min(float(value), LONGEST_DELAY)] if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value) else []


def _normal(path: str) -> str:
    """Return a path with everything percent-encoded that may be, so that both spellings are one."""
    return quote(
        unquote_to_bytes(path.replace("%2F", "%252F").replace("%2f", "%252F")), safe="/*$?&=:@,;+!~'()%"
    )


def _fits(pattern: str, path: str) -> bool:
    """Return whether a path begins as a pattern says; linear, since both may be hostile."""
    to_the_end = pattern.endswith("$")
    first, *parts = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    if not parts:
        return not to_the_end or len(path) == len(first)
    at = len(first)
    for part in parts[:-1] if to_the_end else parts:
        found = path.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return not to_the_end or (len(path) - len(parts[-1]) >= at and path.endswith(parts[-1]))
