"""The kinds of sources: `SOURCES` is the one table. Each joins fetching with a pure parser."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from notifier.domain.ports import Source
from notifier.domain.posting import Reading
from notifier.errors import SourceError, SourceUnreachable
from notifier.sources import address, readme_table
from notifier.sources.http import LARGEST, Fetched, Fetcher, decode

Parse = Callable[[str, datetime], Reading]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of source: its parser, and the version of it."""

    parse: Parse
    reader_version: int


SOURCES: Mapping[str, Kind] = {
    "readme_table": Kind(readme_table.parse, readme_table.READER_VERSION),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSource:
    """A document at an address, fetched only when it changed, and parsed off the event loop."""

    kind: Kind
    url: str
    fetcher: Fetcher
    etag: str = ""
    last_modified: str = ""

    async def postings(self, now: datetime) -> Reading:
        """Return what the list says now; raise `SourceError` when it says nothing usable."""
        fetched = await self._fetch()
        if fetched.unchanged:
            return Reading(unchanged=True, etag=fetched.etag, last_modified=fetched.last_modified)
        reading = await asyncio.to_thread(self.kind.parse, fetched.text, now)
        return Reading(
            postings=reading.postings,
            unread=reading.unread,
            note=reading.note,
            etag=fetched.etag,
            last_modified=fetched.last_modified,
        )

    async def _fetch(self) -> Fetched:
        if address.is_file(self.url):
            return await asyncio.to_thread(_read_file, address.file_path(self.url), self.etag)
        candidates = address.readable(self.url)
        for url in candidates[:-1]:
            try:
                return await self.fetcher.get(url, etag=self.etag, last_modified=self.last_modified)
            except SourceUnreachable as error:
                if "answered 404" not in str(error):
                    raise
        try:
            return await self.fetcher.get(candidates[-1], etag=self.etag, last_modified=self.last_modified)
        except SourceError as error:
            if len(candidates) > 1 and "answered 404" in str(error):
                raise SourceUnreachable(f"{self.url} has no README, or does not exist") from error
            raise


def _read_file(path: Path, etag: str) -> Fetched:
    try:
        state = path.stat()
        mark = f"{state.st_mtime_ns}-{state.st_size}"
        if etag == mark:
            return Fetched(unchanged=True, etag=mark)
        if state.st_size > LARGEST:
            raise SourceUnreachable(f"{path.name} is larger than {LARGEST // 1024 // 1024} MB")
        return Fetched(text=decode(path.read_bytes(), None, path.name), etag=mark)
    except OSError as error:
        raise SourceUnreachable(f"{path.name}: {error.strerror or 'cannot be read'}") from error


def build(kind: str, url: str, fetcher: Fetcher, *, etag: str = "", last_modified: str = "") -> Source:
    """Return the source of that kind; KeyError for a kind that is not in `SOURCES`."""
    return ListSource(kind=SOURCES[kind], url=url, fetcher=fetcher, etag=etag, last_modified=last_modified)
