"""python-telegram-bot's requests over aiohttp: several times the messages a core that httpx sends."""

import json
import logging
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from telegram import Update
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData
from yarl import URL

log = logging.getLogger(__name__)

CONNECT = 10.0  # seconds
# A late answer is better than a lost one: what is not answered in time may have to be sent twice.
READ = 15.0
# Shorter than servers keep a connection: one that they close while we write looks like a lost answer.
IDLE = 15.0


_SENT = ("message_id", "date", "chat", "message_thread_id", "document")
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class NotSent(NetworkError):
    """The request surely did not reach Telegram: no connection was made."""


class AnswerLost(TimedOut):
    """The request was written and nothing came back: it may have been carried out."""


class FloodWait(TelegramError):
    """Telegram asks to wait. The library's RetryAfter warns of its own deprecation whenever it is made."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"asked to wait {seconds:g} s")
        self.seconds = seconds


class AiohttpRequest(BaseRequest):
    """Sends each request over one pool of connections, opened at `initialize`.

    proxy  the address of a proxy, as `proxy_for` finds it
    """

    __slots__ = ("_connections", "_proxy", "_session")

    def __init__(self, connections: int = 64, *, proxy: str | None = None) -> None:
        self._connections = connections
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        """Return the seconds after which a request counts as unanswered."""
        return READ

    async def initialize(self) -> None:
        """Open the pool."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=IDLE)
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),  # there are none, and looking costs each request
                headers={"User-Agent": self.USER_AGENT},
                # With trust_env each request would read the environment and ~/.netrc anew, in other threads.
                proxy=self._proxy,
            )

    async def shutdown(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Return (status, body); `NotSent` or `AnswerLost` when there is none.

        Of the timeouts only `read_timeout` (seconds) is heard: aiohttp has no other ones per request.
        """
        if self._session is None:
            raise NotSent("the transport is closed")
        wait = READ if read_timeout is BaseRequest.DEFAULT_NONE else read_timeout
        try:
            async with self._session.request(
                method,
                _address(url),
                data=_body(request_data),
                headers=_FORM if request_data is not None and not request_data.contains_files else None,
                timeout=_timeout(wait),
                allow_redirects=False,
            ) as response:
                status, body = response.status, await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSent(f"no connection: {type(error).__name__}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # Its text may quote the address, and the token is part of that.
            raise AnswerLost(f"no answer: {type(error).__name__}") from error
        if status == HTTPStatus.TOO_MANY_REQUESTS and (seconds := _asked_to_wait(body)):
            raise FloodWait(seconds)
        return status, body

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Return the answer; `TelegramError` when it is no JSON. The library logs what it could not read, whole."""
        try:
            answer: dict[str, Any] = json.loads(payload.decode("utf-8", "replace"))
        except ValueError as error:
            raise TelegramError("the answer is no JSON") from error
        if not isinstance(answer, dict):
            raise TelegramError("the answer is no object")
        result = answer.get("result")
        if isinstance(result, dict) and "message_id" in result:
            # What was sent comes back whole. We know it, and making objects of it costs a third of a message.
            answer["result"] = {name: result[name] for name in _SENT if name in result}
        return answer


class UpdatesRequest(AiohttpRequest):
    """The same for getUpdates; an update that nobody can read is emptied, so that the others arrive."""

    __slots__ = ()

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Return the answer; `TelegramError` when it is no JSON."""
        answer = AiohttpRequest.parse_json_payload(payload)
        if isinstance(answer.get("result"), list):
            answer["result"] = [_readable(update) for update in answer["result"]]
        return answer


def proxy_for(root: str) -> str | None:
    """Return what HTTPS_PROXY and NO_PROXY say for a server; None for one that is not asked over TLS."""
    address = urlsplit(root)
    if address.scheme != "https" or proxy_bypass(address.hostname or ""):
        return None
    return getproxies().get("https")


def _asked_to_wait(body: bytes) -> float:
    """Return the seconds that a refusal names, 0 when it names none."""
    try:
        return float(json.loads(body)["parameters"]["retry_after"])
    except (ValueError, KeyError, TypeError):
        return 0.0


def _readable(update: dict[str, Any]) -> dict[str, Any]:
    try:
        Update.de_json(update, None)
    except Exception as error:  # whatever a library makes of what it does not know
        log.warning("update not understood", extra={"reason": type(error).__name__})
        return {"update_id": update["update_id"]}
    return update


@lru_cache(64)
def _address(url: str) -> URL:
    """Return an address read once: there are as many as methods."""
    return URL(url)


@lru_cache(8)
def _timeout(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(sock_connect=CONNECT, sock_read=seconds)


def _body(data: RequestData | None) -> Any:
    """Return a form, or multipart when there is a file."""
    if data is None:
        return None
    if not data.contains_files:
        # yarl writes a form in C, where urllib takes as long as the whole request.
        return URL.build(query=data.json_parameters).raw_query_string.encode()
    form = aiohttp.FormData(quote_fields=False)
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, kind) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=kind)
    return form
