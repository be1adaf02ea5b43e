"""Messages that nobody asked for: pushes, digests, edits, notices."""

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import discord

from notifier.chat import DISCORD
from notifier.chat.discord.api import Api, Banned, Broken, Lost, Unsent
from notifier.chat.discord.outcomes import (
    ARCHIVED,
    GONE_MESSAGE,
    outcome_of,
    refuses_components,
    refuses_embeds,
)
from notifier.chat.discord.render import PAGE, SUPPRESS_NOTIFICATIONS, Rendered, mentioned, render
from notifier.chat.discord.webhooks import Webhooks
from notifier.domain.document import Document
from notifier.domain.ports import Outcome, Pace, Recipient, RetryAfter, Sent, Uncertain

log = logging.getLogger(__name__)

Files = Sequence[tuple[str, bytes]]

_MOST_REMEMBERED = 1_000
_MESSAGES = "/channels/{channel_id}/messages"
_LONGEST_TITLE = 100
_UNTITLED = "Jobs"


@dataclass(slots=True)
class _Begun:
    """How far a batch came that is not out yet."""

    channel: str = ""
    out: list[str] = field(default_factory=list)  # the messages of it that are out
    shapes: "Sequence[_Shape]" = field(default_factory=lambda: SHAPES)  # those that may be taken
    lost_at: float | None = None  # monotonic seconds: when a message left whose answer never came


class DiscordMessenger:
    """Sends documents to Discord; a reference is CHANNEL/MESSAGE, with commas between several messages.

    The library keeps each channel's bucket; here stands only how long a chat rests in the lane.
    """

    name = DISCORD
    pace = Pace(private=1.0, shared=1.0)
    page = PAGE

    def __init__(self, api: Api) -> None:
        self._api = api
        self._webhooks = Webhooks(api)
        self._routes: dict[str, str] = {}
        self._begun: OrderedDict[str, _Begun] = OrderedDict()

    async def send(self, recipient: Recipient, document: Document, batch: str) -> Outcome:
        """Send the document as one message or several; nonces make a further try the same messages.

        That is so as long as Discord knows the nonce. After that a lost answer is `Uncertain`.
        """
        if recipient.secret:
            return await self._webhooks.send(recipient, document, batch)
        begun = self._begun.pop(batch, None) or _Begun()
        if begun.lost_at is not None and _now() - begun.lost_at > self._api.nonce_kept:
            begun.lost_at = None
            self._remember(batch, begun)
            return Uncertain()
        try:
            begun.channel = begun.channel or await self._channel(recipient)
            pages = render(document, shared=recipient.shared)
            while True:
                try:
                    await self._write_all(begun, recipient, document, begun.shapes[0](pages), batch)
                    break
                except discord.HTTPException as error:
                    # Part of it may be out; only shapes that divide it alike can follow each other then.
                    alike = not begun.out or begun.shapes[1:] == SHAPES[1:]
                    if not (alike and _is_refused(begun.shapes[0], error)):
                        raise
                    log.info("sent in a simpler shape", extra={"code": error.code})
                    begun.shapes = begun.shapes[1:]
        except (discord.DiscordException, Banned, Lost) as error:
            self._remember(batch, begun)
            return Uncertain() if isinstance(error, _PostLost) else outcome_of(error)
        if recipient.form == "announcement" and recipient.digest:
            await self._publish(begun.channel, begun.out)
        reference = f"{begun.channel}/{','.join(begun.out)}"
        return Sent(reference, route="" if recipient.shared else begun.channel)

    async def _write_all(
        self,
        begun: _Begun,
        recipient: Recipient,
        document: Document,
        parts: "Sequence[_Part]",
        batch: str,
    ) -> None:
        """Send what is not out yet, and note it in `begun`."""
        for number in range(len(begun.out), len(parts)):
            payload, files = parts[number]
            payload = _for(recipient, payload, first=number == 0)
            if recipient.form == "forum" and number == 0:
                begun.channel, first = await self._post(begun.channel, recipient, document, payload, files)
                begun.out.append(first)
                continue
            payload |= {"nonce": nonce(f"{begun.channel} {batch} {number}"), "enforce_nonce": True}
            await self._write(begun, payload, files)

    async def edit(self, recipient: Recipient, reference: str, document: Document) -> Outcome:
        """Replace the messages of a reference, page by page; one that is gone stays gone."""
        if recipient.secret:
            return await self._webhooks.edit(recipient, reference, document)
        channel, _, messages = reference.partition("/")
        for message, rendered in zip(
            messages.split(","), render(document, shared=recipient.shared), strict=False
        ):
            try:
                await self._replace(recipient, channel, message, rendered)
            except (discord.DiscordException, Banned, Lost) as error:
                if isinstance(error, discord.HTTPException) and error.code in (GONE_MESSAGE, ARCHIVED):
                    continue
                outcome = outcome_of(error)
                # Edits have buckets of their own.
                return replace(outcome, alone=True) if isinstance(outcome, RetryAfter) else outcome
        return Sent(reference)

    async def _change(self, channel: str, message: str, rendered: Rendered) -> None:
        """Replace a message; one that was sent without components cannot have them later where they are refused."""
        path = f"{_MESSAGES}/{{message_id}}"
        ids = {"channel_id": channel, "message_id": message}
        try:
            await self._api.again("PATCH", path, rendered.payload(), rendered.files, **ids)
        except discord.HTTPException as error:
            if not refuses_components(error):
                raise
            await self._api.again("PATCH", path, rendered.embed(), rendered.files, **ids)

    async def reach(self, user_id: str, document: Document) -> Outcome:
        """Send a person a first direct message, to see whether they take any."""
        return await self.send(Recipient(address=user_id), document, f"hello {user_id}")

    async def _channel(self, recipient: Recipient) -> str:
        """Return the channel of a recipient; of a person the direct messages, opened once."""
        if recipient.shared:
            return recipient.thread or recipient.address
        known = recipient.route or self._routes.get(recipient.address)
        if known:
            return known
        opened = await self._api.call("POST", "/users/@me/channels", {"recipient_id": recipient.address})
        self._routes[recipient.address] = str(opened["id"])
        return self._routes[recipient.address]

    async def _write(self, begun: _Begun, payload: dict[str, Any], files: Files) -> None:
        left_at = _now()
        try:
            sent = await self._api.again("POST", _MESSAGES, payload, files, channel_id=begun.channel)
        except (Unsent, Broken):
            raise
        except Lost:
            begun.lost_at = begun.lost_at or left_at
            raise
        begun.lost_at = None
        begun.out.append(str(sent["id"]))

    async def _replace(self, recipient: Recipient, channel: str, message: str, rendered: Rendered) -> None:
        """Replace one message; a post that rests by now is woken for that, a thread that is locked is not."""

        async def replace() -> None:
            await self._change(channel, message, rendered)

        async def archive(*, archived: bool) -> None:
            await self._api.again(
                "PATCH", "/channels/{channel_id}", {"archived": archived}, (), channel_id=channel
            )

        try:
            await replace()
        except discord.HTTPException as resting:
            if resting.code != ARCHIVED:
                raise
            try:
                await archive(archived=False)
            except discord.Forbidden:
                raise resting from None
            await replace()
            if recipient.form == "forum":  # then the post is ours
                await archive(archived=True)

    async def _post(
        self, forum: str, recipient: Recipient, document: Document, message: dict[str, Any], files: Files
    ) -> tuple[str, str]:
        """Open a post in a forum; return its thread, and its first message.

        There are no nonces for posts: a lost answer is `_PostLost`, and a server that broke an attempt.
        """
        payload: dict[str, Any] = {
            "name": document.title[:_LONGEST_TITLE] or _UNTITLED,
            "message": message,
        }
        if recipient.tags:
            payload["applied_tags"] = list(recipient.tags)
        try:
            post = await self._api.call(
                "POST", "/channels/{channel_id}/threads", payload, files, once=True, channel_id=forum
            )
        except Unsent:
            raise
        except Broken as broken:
            raise PostFailed(str(broken)) from broken
        except Lost as lost:
            raise _PostLost(str(lost)) from lost
        return str(post["id"]), str(post.get("message", post)["id"])

    async def _publish(self, channel: str, messages: list[str]) -> None:
        """Let the servers that follow a channel have a digest; it stands here whatever becomes of that."""
        for message in messages:
            try:
                await self._api.call(
                    "POST", f"{_MESSAGES}/{{message_id}}/crosspost", channel_id=channel, message_id=message
                )
            except (discord.DiscordException, Banned, Lost):
                return

    def _remember(self, batch: str, begun: _Begun) -> None:
        if begun.out or begun.lost_at is not None or begun.shapes is not SHAPES:
            self._begun[batch] = begun
            if len(self._begun) > _MOST_REMEMBERED:
                self._begun.popitem(last=False)


class PostFailed(Exception):
    """Discord broke over a post, which probably is not there."""


class _PostLost(Lost):
    """The answer to a post is lost: nobody can say whether it is there."""


def nonce(words: str) -> str:
    """Return what is the same for the same message, at most 25 characters."""
    return hashlib.sha256(words.encode()).hexdigest()[:25]


def _for(recipient: Recipient, payload: dict[str, Any], *, first: bool) -> dict[str, Any]:
    payload = mentioned(payload, recipient.mention) if first and recipient.mention else payload
    if recipient.silent:
        payload["flags"] |= SUPPRESS_NOTIFICATIONS
    return payload


def _now() -> float:
    return asyncio.get_running_loop().time()


# -- shapes ---------------------------------------------------------------------------------------


def _components(pages: Sequence[Rendered]) -> "list[_Part]":
    return [(page.payload(), page.files) for page in pages]


def _embeds(pages: Sequence[Rendered]) -> "list[_Part]":
    return [(page.embed(), page.files) for page in pages]


def _plain(pages: Sequence[Rendered]) -> "list[_Part]":
    return [
        (payload, page.files if "attachments" in payload else ())
        for page in pages
        for payload in page.plain()
    ]


_Part = tuple[dict[str, Any], Files]
_Shape = Callable[[Sequence[Rendered]], list[_Part]]
SHAPES: Sequence[_Shape] = (_components, _embeds, _plain)  # the next one where one is refused


def _is_refused(shape: _Shape, error: discord.HTTPException) -> bool:
    if shape is _components:
        return refuses_components(error)
    return shape is _embeds and refuses_embeds(error)
