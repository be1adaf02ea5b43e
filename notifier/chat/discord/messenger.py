"""Messages that nobody asked for: pushes, digests, edits, notices."""

import asyncio
import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Any

import discord

from notifier.chat import DISCORD
from notifier.chat.discord.api import Api, Banned, Broken, Lost, Unsent
from notifier.chat.discord.outcomes import ARCHIVED, GONE_MESSAGE, outcome_of
from notifier.chat.discord.render import PAGE, SUPPRESS_NOTIFICATIONS, Rendered, mentioned, render
from notifier.chat.discord.webhooks import Webhooks
from notifier.domain.document import Document
from notifier.domain.ports import Outcome, Pace, Recipient, RetryAfter, Sent, Uncertain

_MOST_REMEMBERED = 1_000
_MESSAGES = "/channels/{channel_id}/messages"
_LONGEST_TITLE = 100
_UNTITLED = "Jobs"


@dataclass(slots=True)
class _Begun:
    """How far a batch came that is not out yet."""

    channel: str = ""
    out: list[str] = field(default_factory=list)  # the messages of it that are out
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
            if recipient.form == "forum" and not begun.out:
                begun.channel, first = await self._post(begun.channel, recipient, document, pages[0])
                begun.out.append(first)
            for number in range(len(begun.out), len(pages)):
                payload = _payload(recipient, pages[number], first=number == 0)
                payload |= {"nonce": nonce(f"{begun.channel} {batch} {number}"), "enforce_nonce": True}
                await self._write(begun, payload, pages[number])
        except (discord.DiscordException, Banned, Lost) as error:
            self._remember(batch, begun)
            return Uncertain() if isinstance(error, _PostLost) else outcome_of(error)
        if recipient.form == "announcement" and recipient.digest:
            await self._publish(begun.channel, begun.out)
        reference = f"{begun.channel}/{','.join(begun.out)}"
        return Sent(reference, route="" if recipient.shared else begun.channel)

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

    async def _write(self, begun: _Begun, payload: dict[str, Any], rendered: Rendered) -> None:
        left_at = _now()
        try:
            sent = await self._api.again("POST", _MESSAGES, payload, rendered.files, channel_id=begun.channel)
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
            await self._api.again(
                "PATCH",
                f"{_MESSAGES}/{{message_id}}",
                rendered.payload(),
                rendered.files,
                channel_id=channel,
                message_id=message,
            )

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
        self, forum: str, recipient: Recipient, document: Document, rendered: Rendered
    ) -> tuple[str, str]:
        """Open a post in a forum; return its thread, and its first message.

        There are no nonces for posts: a lost answer is `_PostLost`, and a server that broke an attempt.
        """
        payload: dict[str, Any] = {
            "name": document.title[:_LONGEST_TITLE] or _UNTITLED,
            "message": _payload(recipient, rendered, first=True),
        }
        if recipient.tags:
            payload["applied_tags"] = list(recipient.tags)
        try:
            post = await self._api.call(
                "POST", "/channels/{channel_id}/threads", payload, rendered.files, once=True, channel_id=forum
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
        if begun.out or begun.lost_at is not None:
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


def _payload(recipient: Recipient, rendered: Rendered, *, first: bool) -> dict[str, Any]:
    payload = mentioned(rendered, recipient.mention) if first and recipient.mention else rendered.payload()
    if recipient.silent:
        payload["flags"] |= SUPPRESS_NOTIFICATIONS
    return payload


def _now() -> float:
    return asyncio.get_running_loop().time()
