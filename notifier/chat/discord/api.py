"""Calls of Discord's REST API through the library's own buckets, each with an end in time."""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import aiohttp
import discord
from discord.http import Route

from notifier.chat.pace import Pacer

log = logging.getLogger(__name__)

# Discord allows 50 a second over all routes but answers to interactions; each call over that counts as a refused
# one, and ten thousand of those in ten minutes ban the address.
PER_SECOND = 40.0
MOST_A_SECOND = 50
LONGEST_WAIT = 30.0  # seconds that the library may wait for a bucket before it says so instead
LONGEST_CALL = 60.0  # seconds in all
LONGEST_ANSWER = 10.0  # of an answer to an interaction
LONGEST_START = 5.0  # seconds that a call waits for a login
AGAIN_LATER = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)  # seconds, while Discord cannot be reached
# Seconds: a lost answer is asked for again with the same nonce, which makes no second message.
AGAIN = (1.0, 3.0)
# Seconds for which Discord surely knows a nonce: "a few minutes" by its documentation, so less than two.
NONCE_KEPT = 110.0

Json = dict[str, Any]


class Lost(Exception):
    """Nothing usable came back: it may have been carried out."""


class Unsent(Lost):
    """It never left."""


class Broken(Lost):
    """The server broke: it probably was not carried out."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the server broke ({status})")
        self.status = status


class Banned(Exception):
    """Discord's front door refuses this address; `seconds` until it may be tried again."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"Discord's front door refuses this address for {seconds:.0f} s: too much was asked that is refused"
        )
        self.seconds = seconds


def budget(pacer: Pacer) -> aiohttp.TraceConfig:
    """Return what makes every request wait for its turn, first tries and the library's own retries alike."""

    async def wait(session: object, context: object, asked: aiohttp.TraceRequestStartParams) -> None:
        if _counts(asked.url.path):
            # Answers to interactions go through webhooks too, but feeds through others.
            is_feed = "with_components" in asked.url.query
            await pacer.turn(urgent="/webhooks/" in asked.url.path and not is_feed)

    async def ended(
        session: object,
        context: object,
        asked: aiohttp.TraceRequestEndParams | aiohttp.TraceRequestExceptionParams,
    ) -> None:
        if _counts(asked.url.path):
            pacer.answered()

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(wait)
    trace.on_request_end.append(ended)
    trace.on_request_exception.append(ended)
    return trace


def _counts(path: str) -> bool:
    """Return whether a request counts for the budget: answers to interactions do not, nor does the gateway."""
    return "/interactions/" not in path and "/api/" in path


class Api:
    """Calls of one bot, over the client in use; raises what discord.py raises, and `Lost` and `Banned`.

    again       seconds before each further try of what is one however often it is made
    nonce_kept  seconds for which Discord surely knows a nonce
    """

    def __init__(self, *, again: Sequence[float] = AGAIN, nonce_kept: float = NONCE_KEPT) -> None:
        self._again = again
        self.nonce_kept = nonce_kept
        self._client: discord.Client | None = None
        self._connected = asyncio.Event()
        self._banned_until = 0.0
        self._refusal: Exception | None = None
        self._is_refused = asyncio.Event()

    def use(self, client: discord.Client | None) -> None:
        """Make calls over a client that has logged in; None when there is none for now."""
        self._client = client
        if client is None:
            self._connected.clear()
            return
        self._banned_until = 0.0
        self._is_refused.clear()
        self._connected.set()

    def uses(self, client: discord.Client) -> bool:
        """Return whether calls are made over that client."""
        return self._client is client

    async def until_refused(self) -> NoReturn:
        """Raise `Banned` or `discord.LoginFailure` as soon as a call finds this address or this bot refused."""
        await self._is_refused.wait()
        assert self._refusal is not None
        raise self._refusal

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    @property
    def application_id(self) -> int:
        """Return the id under which answers to interactions are sent."""
        return (self._client.application_id if self._client is not None else None) or 0

    @property
    def user_id(self) -> str:
        """Return the id that our own messages have as their author's."""
        user = self._client.user if self._client is not None else None
        return str(user.id) if user is not None else ""

    async def call(
        self,
        method: str,
        path: str,
        payload: Any = None,
        files: Sequence[tuple[str, bytes]] = (),
        *,
        longest: float = LONGEST_CALL,
        once: bool = False,
        **ids: int | str,
    ) -> Any:
        """Make one call; `path` holds {names} of `ids`, and it ends within `longest` seconds.

        once  a second one would do it twice: the library tries again only what was refused
        """
        client = await self._usable()
        parameters: dict[str, Any] = dict(ids)
        route = Route(method, path, **parameters)
        options: dict[str, Any] = {}
        if files:
            options["form"] = _form(payload, files)
        elif payload is not None:
            options["json"] = payload
        if once:
            options["raise_for_status"] = _give_up
        try:
            async with asyncio.timeout(longest):
                answer = await client.http.request(route, **options)
        except discord.DiscordServerError as error:
            raise Broken(error.status) from error
        except discord.HTTPException as error:
            if banned := ban_of(error):
                raise self._ban(banned) from error
            if error.status == 401 and not error.code and "webhook_token" not in ids:
                self._refuse(discord.LoginFailure())
            if error.status == 429:  # after all of the library's tries
                raise discord.RateLimited(seconds_of(error.response.headers)) from error
            raise
        except aiohttp.ClientConnectorError as error:
            raise Unsent(f"no connection: {type(error).__name__}") from error
        except TimeoutError as error:
            # Who was waiting for a global limit when the time was up has left it closed to all others.
            client.http._global_over.set()
            raise Lost(f"no answer: {type(error).__name__}") from error
        except RuntimeError as error:
            if not client.is_closed():
                raise
            raise Lost("connections closed") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Lost(f"no answer: {type(error).__name__}") from error
        if answer and isinstance(answer, str):
            raise Lost("no answer: a page")
        return answer

    async def again(
        self, method: str, path: str, payload: Json, files: Sequence[tuple[str, bytes]], **ids: int | str
    ) -> Any:
        """Make a call that is one however often it is made (its nonce says so): again when its answer is lost."""
        until = _now() + self.nonce_kept
        for wait in self._again:
            try:
                return await self.call(method, path, payload, files, longest=LONGEST_CALL, once=False, **ids)
            except Unsent:
                raise
            except Lost as lost:
                # All but 503 the library has tried five times.
                if _now() + wait > until or (isinstance(lost, Broken) and lost.status != 503):
                    raise
                log.info("answer lost, asked again", extra={"reason": str(lost)})
                await asyncio.sleep(wait)
        return await self.call(method, path, payload, files, longest=LONGEST_CALL, once=False, **ids)

    async def _usable(self) -> discord.Client:
        """Return the client, after its login."""
        if (rest := self._banned_until - _now()) > 0:
            raise Banned(rest)
        try:
            async with asyncio.timeout(LONGEST_START):
                await self._connected.wait()
        except TimeoutError as error:
            raise Unsent("not connected yet") from error
        assert self._client is not None
        return self._client

    def _ban(self, banned: Banned) -> Banned:
        """Ask nothing until a ban is over: each call would make it longer."""
        self._banned_until = _now() + banned.seconds
        self._refuse(Banned(banned.seconds))
        return banned

    def _refuse(self, refusal: Exception) -> None:
        self._refusal = refusal
        self._is_refused.set()


def ban_of(error: discord.HTTPException) -> Banned | None:
    """Return the ban that an answer means, None for any other: Discord's own come by its proxy, as JSON."""
    headers = error.response.headers
    if error.status != 429 or (headers.get("Via") and "json" in headers.get("Content-Type", "")):
        return None
    return Banned(seconds_of(headers))


async def _give_up(response: aiohttp.ClientResponse) -> None:
    """Raise before the library tries again."""
    if response.status >= 500:
        raise Broken(response.status)


def _form(payload: Any, files: Sequence[tuple[str, bytes]]) -> list[Json]:
    parts: list[Json] = [{"name": "payload_json", "value": json.dumps(payload)}]
    for number, (name, content) in enumerate(files):
        parts.append(
            {
                "name": f"files[{number}]",
                "value": content,
                "filename": name,
                "content_type": "application/octet-stream",
            }
        )
    return parts


def seconds_of(headers: Mapping[str, str]) -> float:
    """Return how long an answer asks to wait."""
    try:
        return max(1.0, float(headers.get("Retry-After", "")))
    except ValueError:
        return 3_600.0


def _now() -> float:
    return asyncio.get_running_loop().time()
