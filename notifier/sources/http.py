"""Fetching a document over HTTP from a server that may be slow, huge, broken or hostile."""

import asyncio
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib import metadata
from types import TracebackType
from urllib.parse import urlsplit

import httpcore
import httpx

from notifier import __version__
from notifier.errors import SourceRefused, SourceUnreachable
from notifier.sources.headers import fresh_for, retry_after
from notifier.sources.network import GuardedBackend, Resolve, is_own, resolve
from notifier.sources.politeness import REST, Hosts
from notifier.sources.robots import Robots
from notifier.sources.text import decode
from notifier.sources.unpack import TooLarge, Unpacker

LARGEST = 10 * 1024 * 1024  # bytes, packed and unpacked
LONGEST = 30.0  # seconds for the whole fetch; httpx's own limit is per read and a drip outlives it
MOST_REDIRECTS = 5
LONGEST_VALIDATOR = 1000  # characters; a longer one would come back as a refusal

_HOST = re.compile(rb"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")  # a name, or IPv6 without a zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A document, or that it has not changed.

    url           where it was found, after redirects
    content_type  as its server says, without parameters, lower case
    fresh_for     how long its server says it stays the same
    """

    text: str = ""
    unchanged: bool = False
    etag: str = ""
    last_modified: str = ""
    url: str = ""
    content_type: str = ""
    fresh_for: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A document as bytes with what its server says about it, or that it has not changed."""

    body: bytes
    charset: str | None
    about: Fetched  # without text


class Fetcher:
    """One HTTP client for all sources.

    allow_private  lifts the rules on private addresses, ports and plain http after https, and the pace
                   for hosts of one's own network
    transport      swaps the wire, for tests
    seconds        for a whole fetch, without waiting for its turn
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
        self._hosts = Hosts(now)
        self._robots = Robots(self._bytes, now)
        self._client = httpx.AsyncClient(
            transport=transport or _transport(GuardedBackend(resolve, allow_private=allow_private)),
            trust_env=False,
            timeout=httpx.Timeout(10.0),
            headers={"User-Agent": _user_agent(), "Accept-Encoding": "gzip"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # keeps none
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

        `SourceUnreachable` when no usable answer comes, `SourceRefused` for what we do not read, and
        `SourceResting` when the host is not to be asked now.
        """
        return _as_text(await self.load(url, etag=etag, last_modified=last_modified), accept_html)

    async def page(self, url: str, *, etag: str = "", last_modified: str = "") -> Fetched:
        """Return the HTML page at `url` as `get` does, if the site's robots.txt lets programs read it."""
        return _as_text(await self._load(url, etag, last_modified, is_page=True), accept_html=True)

    async def load(self, url: str, *, etag: str = "", last_modified: str = "") -> Loaded:
        """Return the bytes at `url`, as `get` does."""
        return await self._load(url, etag, last_modified, is_page=False)

    async def _bytes(self, url: str) -> bytes:
        return (await self.load(url)).body

    async def _load(self, url: str, etag: str, last_modified: str, *, is_page: bool) -> Loaded:
        validators = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        headers = {name: value for name, value in validators.items() if value}
        try:
            return await self._follow(httpx.URL(url), headers, is_page=is_page)
        except TimeoutError as error:
            raise SourceUnreachable(f"{place(url)} took longer than {self._seconds:.0f} seconds") from error
        except httpx.HTTPError as error:
            raise SourceUnreachable(f"{place(url)}: {_plainly(error)}") from error
        except (httpx.InvalidURL, ValueError) as error:
            raise SourceRefused(f"{place(url)} is not an address") from error

    async def _follow(self, url: httpx.URL, headers: Mapping[str, str], *, is_page: bool) -> Loaded:
        left = self._seconds  # waiting for a turn does not count
        clock = asyncio.get_running_loop().time
        for _ in range(MOST_REDIRECTS + 1):
            self._check(url)
            if is_page:
                self._hosts.slow_down(url.host, await self._robots.check(url))
            async with self._hosts.turn(url.host, own=self._allow_private and is_own(url.host)):
                begun = clock()
                async with asyncio.timeout(left):
                    found = await self._ask(url, headers)
                left -= clock() - begun
            if isinstance(found, Loaded):
                return found
            if url.scheme == "https" and found.scheme == "http":
                self._refuse_unless_private(f"{place(str(url))} leads from https to http")
            if found.host != url.host:
                headers = {}  # what one host said is not another's to know
            url = found
        raise SourceRefused(f"{place(str(url))}: more than {MOST_REDIRECTS} redirects")

    def _check(self, url: httpx.URL) -> None:
        """Refuse what is no public web address; the very URL that is then asked is looked at."""
        if url.scheme not in ("http", "https") or not url.host:
            raise SourceRefused(f"{place(str(url))}: only http and https are read")
        if not _HOST.fullmatch(url.raw_host):
            raise SourceRefused(f"{place(str(url))} is not an address")
        if url.userinfo:
            raise SourceRefused(f"{place(str(url))}: an address with a password in it is not read")
        if url.port not in (None, 80, 443):
            self._refuse_unless_private(f"{place(str(url))}: only ports 80 and 443 are read")

    def _refuse_unless_private(self, reason: str) -> None:
        if not self._allow_private:
            raise SourceRefused(reason)

    async def _ask(self, url: httpx.URL, headers: Mapping[str, str]) -> Loaded | httpx.URL:
        """Return what one host answers: the document, or where it says it is."""
        async with self._client.stream("GET", url, headers=headers) as answer:
            if answer.has_redirect_location:
                return url.join(answer.headers["location"])
            about = Fetched(
                unchanged=answer.status_code == httpx.codes.NOT_MODIFIED,
                etag=_validator(answer.headers.get("etag", "")),
                last_modified=_validator(answer.headers.get("last-modified", "")),
                url=str(url),
                content_type=answer.headers.get("content-type", "").partition(";")[0].strip().lower(),
                fresh_for=fresh_for(answer.headers, self._now()),
            )
            if not about.unchanged and answer.status_code != httpx.codes.OK:
                raise self._failure(url, answer)
            body = b"" if about.unchanged else await _body(str(url), answer)
            return Loaded(body=body, charset=answer.charset_encoding, about=about)

    def _failure(self, url: httpx.URL, answer: httpx.Response) -> SourceUnreachable:
        """Return what another status than success means, and leave a host alone that asks for it."""
        status = answer.status_code
        wait = retry_after(answer.headers, self._now())
        busy = status == httpx.codes.TOO_MANY_REQUESTS
        if busy or (status == httpx.codes.SERVICE_UNAVAILABLE and wait):
            self._hosts.rest(url.host, wait or REST)
        return SourceUnreachable(f"{place(str(url))} answered {status}", retry_after=wait, status=status)


async def _body(url: str, answer: httpx.Response) -> bytes:
    """Return the unpacked body, never holding more than LARGEST however well it was packed."""
    packing = answer.headers.get("content-encoding", "identity").lower()
    if packing not in ("identity", "gzip", "x-gzip", ""):
        raise SourceUnreachable(f"{place(url)} came packed as {packing[:20]}, which was not asked for")
    unpacker = Unpacker(LARGEST, gzip="gzip" in packing)
    try:
        if int(answer.headers.get("content-length", "0")) > LARGEST:
            raise TooLarge
        async for chunk in answer.aiter_raw():
            unpacker.feed(chunk)
    except zlib.error as error:
        raise SourceUnreachable(f"{place(url)} came badly packed") from error
    except TooLarge as error:
        raise SourceRefused(f"{place(url)} is larger than {LARGEST // 1024 // 1024} MB") from error
    if not unpacker.whole():
        raise SourceUnreachable(f"{place(url)} was cut short")
    return bytes(unpacker.body)


def _as_text(loaded: Loaded, accept_html: bool) -> Fetched:
    about = loaded.about
    if about.unchanged:
        return about
    text = decode(loaded.body, loaded.charset, place(about.url), accept_html=accept_html)
    return replace(about, text=text)


def place(url: str) -> str:
    """Return how a message names an address: no password, and no query, which may hold a key."""
    try:
        split = urlsplit(url)
        return f"{split.scheme}://{split.netloc.rpartition('@')[2]}{split.path}"[:200]
    except ValueError:
        return "the address"


def _validator(value: str) -> str:
    """Return a validator as it can be sent back, "" for one that cannot."""
    return value if value.isascii() and len(value) <= LONGEST_VALIDATOR else ""


def _user_agent() -> str:
    """Return the program's name, and where people read about it if the package says so."""
    try:
        links = metadata.metadata("notifier").get_all("Project-URL") or ()
    except metadata.PackageNotFoundError:
        links = ()
    home = next((link.partition(",")[2].strip() for link in links), "")
    return f"notifier/{__version__}" + (f" (+{home})" if home else "")


def _plainly(error: httpx.HTTPError) -> str:
    kinds = (
        (httpx.ConnectTimeout, "no connection in time"),
        (httpx.TimeoutException, "no answer in time"),
        (httpx.ConnectError, "no connection"),
        (httpx.RemoteProtocolError, "the answer was cut short or no HTTP"),
    )
    return next((words for kind, words in kinds if isinstance(error, kind)), type(error).__name__)


def _transport(backend: GuardedBackend) -> httpx.AsyncBaseTransport:
    certificates = httpx.create_ssl_context(trust_env=False)
    transport = httpx.AsyncHTTPTransport(verify=certificates, trust_env=False)
    # httpx has no public way to name a network backend; the pool is replaced by one with ours. How many
    # connections there are is for `Hosts` to say: a limit here would let hanging servers shut out the rest.
    transport._pool = httpcore.AsyncConnectionPool(
        ssl_context=certificates,
        network_backend=backend,
        max_connections=None,
        max_keepalive_connections=20,
        keepalive_expiry=30.0,
    )
    return transport
