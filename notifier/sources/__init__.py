"""The kinds of sources: `SOURCES` is the one table. Each joins fetching with a pure parser."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from pathlib import Path

from notifier.domain.posting import Posting, Reading
from notifier.errors import SourceError, SourceUnreachable
from notifier.sources import (
    address,
    arbeitnow,
    ashby,
    feed,
    greenhouse,
    himalayas,
    hn_hiring,
    jobicy,
    json_ld,
    lever,
    readme_table,
    remoteok,
    remotive,
    simplify_listings,
    smartrecruiters,
    themuse,
    workable,
)
from notifier.sources.http import LARGEST, Fetched, Fetcher
from notifier.sources.kinds import Kind
from notifier.sources.text import decode

Known = Callable[[Sequence[Posting]], Awaitable[bool]]  # whether all of them stand on this source already

SOURCES: Mapping[str, Kind] = {
    "arbeitnow": arbeitnow.KIND,
    "ashby": ashby.KIND,
    "feed": feed.KIND,
    "greenhouse": greenhouse.KIND,
    "himalayas": himalayas.KIND,
    "hn_hiring": hn_hiring.KIND,
    "jobicy": jobicy.KIND,
    "json_ld": json_ld.KIND,
    "lever": lever.KIND,
    "readme_table": readme_table.KIND,
    "remoteok": remoteok.KIND,
    "remotive": remotive.KIND,
    "simplify_listings": simplify_listings.KIND,
    "smartrecruiters": smartrecruiters.KIND,
    "themuse": themuse.KIND,
    "workable": workable.KIND,
}


async def _none_known(postings: Sequence[Posting]) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSource:
    """What stands at an address, fetched only when it changed, and parsed off the event loop."""

    kind: Kind
    url: str
    fetcher: Fetcher
    etag: str = ""
    last_modified: str = ""
    known: Known = _none_known

    async def postings(self, now: datetime) -> Reading:
        """Return what the source says now; raise `SourceError` when it says nothing usable."""
        try:
            fetched = await self.document()
        except SourceUnreachable as error:
            if not error.status:  # no answer, so it was no call by any terms
                raise
            raise self._later(error) from error
        try:
            return await self.read(fetched, now)
        except SourceUnreachable as error:
            raise self._later(error) from error

    def _later(self, error: SourceUnreachable) -> SourceUnreachable:
        """Return an error that waits as the terms ask: an answer that we cannot use is a call all the same."""
        wait = max(error.retry_after or self.kind.floor, self.kind.floor)
        return SourceUnreachable(str(error), retry_after=wait, status=error.status)

    async def read(self, fetched: Fetched, now: datetime) -> Reading:
        """Return what the source says now, of which the first document is here already."""
        if fetched.unchanged:
            reading = Reading(unchanged=True)
        else:
            reading = await asyncio.to_thread(self.kind.parse, fetched.text, now, self.url)
            if self.kind.following is not None:
                reading = await self._whole(reading, self.kind.following, fetched.text, now)
        reading = replace(reading, wait=max(self.kind.floor, fetched.fresh_for))
        if self.kind.following is not None and not self.kind.newest_first:
            return reading  # its first document says nothing of the others
        return replace(reading, etag=fetched.etag, last_modified=fetched.last_modified)

    async def _whole(
        self, first: Reading, following: Callable[[str, str], str], text: str, now: datetime
    ) -> Reading:
        """Return the reading of all pages, or of those down to the first of which everything is known."""
        postings, unread, note = list(first.postings), list(first.unread), first.note
        newest, partial = first.postings, False
        url = following(self.url, text)
        pages = 1
        while url:
            if self.kind.newest_first and newest and await self.known(newest):
                partial = True
                break
            if pages == self.kind.most_pages:
                partial = self.kind.newest_first
                note = note if partial else f"only the first {pages} pages were read"
                break
            pages += 1
            try:
                text = (await self._ask(url)).text
                page = await asyncio.to_thread(self.kind.parse, text, now, url)
            except SourceError as error:
                if not postings:
                    raise
                note = f"not all pages could be read: {error}"
                break
            newest, note = page.postings, "" if postings or page.postings else page.note
            postings += page.postings
            unread += page.unread
            url = following(url, text)
        return Reading(postings=postings, unread=unread, note=note, partial=partial)

    async def document(self, *, accept_html: bool = False) -> Fetched:
        """Return the first document of a reading; of a repository its README.

        accept_html  also for a kind that is no page
        """
        if address.is_file(self.url):
            return await asyncio.to_thread(_read_file, address.file_path(self.url), self.etag, accept_html)
        accept_html = accept_html or self.kind.is_page
        candidates = address.readable(self.url)
        for url in candidates[:-1]:
            try:
                return await self._ask(url, accept_html, etag=self.etag, last_modified=self.last_modified)
            except SourceUnreachable as error:
                if error.status != HTTPStatus.NOT_FOUND:
                    raise
        try:
            return await self._ask(
                candidates[-1], accept_html, etag=self.etag, last_modified=self.last_modified
            )
        except SourceUnreachable as error:
            if len(candidates) > 1 and error.status == HTTPStatus.NOT_FOUND:
                raise SourceUnreachable(f"{self.url} has no README, or does not exist") from error
            raise

    async def _ask(self, url: str, accept_html: bool = False, **validators: str) -> Fetched:
        if self.kind.is_page:
            return await self.fetcher.page(url, **validators)
        return await self.fetcher.get(url, accept_html=accept_html, **validators)


def _read_file(path: Path, etag: str, accept_html: bool) -> Fetched:
    try:
        state = path.stat()
        mark = f"{state.st_mtime_ns}-{state.st_size}"
        if etag == mark:
            return Fetched(unchanged=True, etag=mark)
        if state.st_size > LARGEST:
            raise SourceUnreachable(f"{path.name} is larger than {LARGEST // 1024 // 1024} MB")
        return Fetched(text=decode(path.read_bytes(), None, path.name, accept_html=accept_html), etag=mark)
    except OSError as error:
        raise SourceUnreachable(f"{path.name}: {error.strerror or 'cannot be read'}") from error


def build(
    kind: str,
    url: str,
    fetcher: Fetcher,
    *,
    etag: str = "",
    last_modified: str = "",
    known: Known = _none_known,
) -> ListSource:
    """Return the source of that kind; KeyError for a kind that is not in `SOURCES`.

    known  says of a page's postings whether all stand on this source already, so that older pages need no reading
    """
    return ListSource(
        kind=SOURCES[kind], url=url, fetcher=fetcher, etag=etag, last_modified=last_modified, known=known
    )
