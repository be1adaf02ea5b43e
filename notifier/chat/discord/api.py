"""Calls of Discord's REST API through the library's own buckets, each with an end in time."""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

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
AGAIN = (
    1.0,
    3.0,
)  # seconds: a lost answer is asked for again with the same nonce, which makes no second message

Json = dict[str, Any]


class Lost(Exception):
    """Nothing came back, or the server broke: it may have been carried out."""


class Banned(Exception):
    """Discord's front door refuses this address; `seconds` until it may be tried again."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"refused by Discord's front door for {seconds:.0f} s")
        self.seconds = seconds


def budget(pacer: Pacer) -> aiohttp.TraceConfig:
    """Return what makes every request wait for its turn, first tries and the library's own retries alike."""

    async def wait(session: object, context: object, asked: aiohttp.TraceRequestStartParams) -> None:
        if _counts(asked.url.path):
            await pacer.turn(urgent="/webhooks/" in asked.url.path)

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
    """Calls of one bot, over the client in use; raises what discord.py raises, and `Lost` and `Banned`."""

    def __init__(self) -> None:
        self._client: discord.Client | None = None

    def use(self, client: discord.Client) -> None:
        """Make calls over a client that has logged in."""
        self._client = client

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    @property
    def application_id(self) -> int:
        """Return the id under which answers to interactions are sent."""
        return (self._client.application_id if self._client is not None else None) or 0

    async def call(
        self,
        method: str,
        path: str,
        payload: Any = None,
        files: Sequence[tuple[str, bytes]] = (),
        *,
        longest: float = LONGEST_CALL,
        **ids: int | str,
    ) -> Any:
        """Make one call; `path` holds {names} of `ids`, and it ends within `longest` seconds."""
        if self._client is None:
            raise Lost("not connected yet")
        parameters: dict[str, Any] = dict(ids)
        route = Route(method, path, **parameters)
        options: dict[str, Any] = {}
        if files:
            options["form"] = _form(payload, files)
        elif payload is not None:
            options["json"] = payload
        try:
            async with asyncio.timeout(longest):
                return await self._client.http.request(route, **options)
        except discord.DiscordServerError as error:
            raise Lost(f"the server broke ({error.status})") from error
        except discord.HTTPException as error:
            if error.status == 429:
                raise Banned(_seconds(error.response.headers)) from error
            raise
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Lost(f"no answer: {type(error).__name__}") from error

    async def again(
        self, method: str, path: str, payload: Json, files: Sequence[tuple[str, bytes]], **ids: int | str
    ) -> Any:
        """Make a call that is one however often it is made (its nonce says so): again when its answer is lost."""
        for wait in AGAIN:
            try:
                return await self.call(method, path, payload, files, longest=LONGEST_CALL, **ids)
            except Lost as lost:
                log.info("answer lost, asked again", extra={"reason": str(lost)})
                await asyncio.sleep(wait)
        return await self.call(method, path, payload, files, longest=LONGEST_CALL, **ids)


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


def _seconds(headers: Mapping[str, str]) -> float:
    try:
        return max(1.0, float(headers.get("Retry-After", "")))
    except ValueError:
        return 3_600.0
