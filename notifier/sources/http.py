"""Fetching a document over HTTP from a server that may be slow, huge, broken or hostile."""

import asyncio
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import TracebackType
from urllib.parse import urljoin, urlsplit

import httpcore
import httpx

from notifier import __version__
from notifier.errors import SourceRefused, SourceUnreachable
from notifier.sources.network import GuardedBackend, Resolve, resolve

LARGEST = 10 * 1024 * 1024  # bytes, unpacked
LONGEST = 30.0  # seconds for the whole fetch; httpx's own limit is per read and a drip outlives it
MOST_REDIRECTS = 5
LONGEST_WAIT = timedelta(days=1)  # of what Retry-After may ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A document, or that it has not changed."""

    text: str = ""
    unchanged: bool = False
    etag: str = ""
    last_modified: str = ""


class Fetcher:
    """One HTTP client for all sources.

    allow_private  lifts the rules on private addresses, ports and plain http after https
    transport      swaps the wire, for tests
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
        resolve: Resolve = resolve,
        seconds: float = LONGEST,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._allow_private = allow_private
        self._seconds = seconds
        self._now = now
        self._client = httpx.AsyncClient(
            transport=transport or _transport(allow_private, resolve),
            trust_env=False,
            timeout=httpx.Timeout(10.0),
            headers={"User-Agent": f"notifier/{__version__}", "Accept-Encoding": "gzip"},
        )

    async def __aenter__(self) -> "Fetcher":
        """Return itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def get(
        self, url: str, *, etag: str = "", last_modified: str = "", accept_html: bool = False
    ) -> Fetched:
        """Return the text at `url`; unchanged when the server says so to the validators.

        accept_html  an HTML page is what was asked for, not the excuse of a server

        `SourceUnreachable` when no usable answer comes, `SourceRefused` for what we do not read.
        """
        validators = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        headers = {name: value for name, value in validators.items() if value}
        try:
            async with asyncio.timeout(self._seconds):
                return await self._follow(url, headers, accept_html)
        except TimeoutError as error:
            raise SourceUnreachable(f"{place(url)} took longer than {self._seconds:.0f} seconds") from error
        except httpx.HTTPError as error:
            raise SourceUnreachable(f"{place(url)}: {_plainly(error)}") from error
        except (httpx.InvalidURL, ValueError) as error:
            raise SourceRefused(f"{place(url)} is not an address") from error

    async def _follow(self, url: str, headers: Mapping[str, str], accept_html: bool) -> Fetched:
        for _ in range(MOST_REDIRECTS + 1):
            self._check(url)
            async with self._client.stream("GET", url, headers=headers) as answer:
                if answer.has_redirect_location:
                    target = urljoin(url, answer.headers["location"])
                    if urlsplit(url).scheme == "https" and urlsplit(target).scheme == "http":
                        self._refuse_unless_private(f"{place(url)} leads from https to http")
                    url = target
                    continue
                return await self._read(url, answer, accept_html)
        raise SourceRefused(f"{place(url)}: more than {MOST_REDIRECTS} redirects")

    def _check(self, url: str) -> None:
        split = urlsplit(url)
        if split.scheme not in ("http", "https") or not split.hostname:
            raise SourceRefused(f"{place(url)}: only http and https are read")
        if "@" in split.netloc:
            raise SourceRefused(f"{place(url)}: an address with a password in it is not read")
        if split.port not in (None, 80, 443):
            self._refuse_unless_private(f"{place(url)}: only ports 80 and 443 are read")

    def _refuse_unless_private(self, reason: str) -> None:
        if not self._allow_private:
            raise SourceRefused(reason)

    async def _read(self, url: str, answer: httpx.Response, accept_html: bool) -> Fetched:
        validators = {
            "etag": answer.headers.get("etag", ""),
            "last_modified": answer.headers.get("last-modified", ""),
        }
        if answer.status_code == httpx.codes.NOT_MODIFIED:
            return Fetched(unchanged=True, **validators)
        if answer.status_code != httpx.codes.OK:
            wait = self._retry_after(answer.headers.get("retry-after", ""))
            raise SourceUnreachable(f"{place(url)} answered {answer.status_code}", retry_after=wait)
        body = await _body(url, answer)
        text = decode(body, answer.charset_encoding, place(url), accept_html=accept_html)
        return Fetched(text=text, **validators)

    def _retry_after(self, value: str) -> timedelta | None:
        """Read the seconds or the date of a Retry-After header."""
        if value.isascii() and value.isdigit():
            return min(timedelta(seconds=int(value[:9])), LONGEST_WAIT)
        try:
            at = parsedate_to_datetime(value)
        except ValueError:
            return None
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
        return min(max(at - self._now(), timedelta()), LONGEST_WAIT)


async def _body(url: str, answer: httpx.Response) -> bytes:
    """Return the unpacked body, never holding more than LARGEST however well it was packed."""
    packing = answer.headers.get("content-encoding", "identity").lower()
    if packing not in ("identity", "gzip", ""):
        raise SourceUnreachable(f"{place(url)} came packed as {packing[:20]}, which was not asked for")
    unpacker = zlib.decompressobj(31) if packing == "gzip" else None
    body = bytearray()
    async for chunk in answer.aiter_raw():
        try:
            body += unpacker.decompress(chunk, LARGEST + 1 - len(body)) if unpacker else chunk
        except zlib.error as error:
            raise SourceUnreachable(f"{place(url)} came badly packed") from error
        if len(body) > LARGEST:
            raise SourceRefused(f"{place(url)} is larger than {LARGEST // 1024 // 1024} MB")
    if unpacker is not None and not unpacker.eof:
        raise SourceUnreachable(f"{place(url)} was cut short")
    return bytes(body)


def decode(body: bytes, charset: str | None, where: str, *, accept_html: bool = False) -> str:
    """Return the text of a document; UTF-8 first, then what its server says."""
    for name in ("utf-8-sig", charset):
        try:
            text = body.decode(name) if name else None
        except (UnicodeDecodeError, LookupError):
            continue
        if text is not None:
            break
    else:
        raise SourceUnreachable(f"{where} is not UTF-8 text")
    if text is None:
        raise SourceUnreachable(f"{where} is not UTF-8 text")
    if not accept_html and text.lstrip()[:15].lower().startswith(("<!doctype html", "<html")):
        raise SourceUnreachable(f"{where} is an HTML page, not a list")
    return text


def place(url: str) -> str:
    """Return how a message names an address: no password, and no query, which may hold a key."""
    try:
        split = urlsplit(url)
        return f"{split.scheme}://{split.hostname or ''}{split.path}"[:200]
    except ValueError:
        return "the address"


def _plainly(error: httpx.HTTPError) -> str:
    kinds = (
        (httpx.ConnectTimeout, "no connection in time"),
        (httpx.TimeoutException, "no answer in time"),
        (httpx.ConnectError, "no connection"),
        (httpx.RemoteProtocolError, "the answer was cut short or no HTTP"),
    )
    return next((words for kind, words in kinds if isinstance(error, kind)), type(error).__name__)


def _transport(allow_private: bool, resolve: Resolve) -> httpx.AsyncBaseTransport:
    transport = httpx.AsyncHTTPTransport(trust_env=False)
    if not allow_private:
        # httpx has no public way to name a network backend; the pool is replaced by one with ours.
        transport._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False), network_backend=GuardedBackend(resolve)
        )
    return transport
