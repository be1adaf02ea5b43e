"""Messages that nobody asked for: pushes, digests, edits, notices."""

import hashlib
from collections import OrderedDict
from typing import Any

import discord

from notifier.chat import DISCORD
from notifier.chat.discord.api import Api, Banned, Lost
from notifier.chat.discord.outcomes import GONE_MESSAGE, outcome_of
from notifier.chat.discord.render import PAGE, SUPPRESS_NOTIFICATIONS, Rendered, mentioned, render
from notifier.domain.document import Document
from notifier.domain.ports import Outcome, Pace, Recipient, Sent, Uncertain

_MOST_REMEMBERED = 1_000
_MESSAGES = "/channels/{channel_id}/messages"
_LONGEST_TITLE = 100
_UNTITLED = "Jobs"


class DiscordMessenger:
    """Sends documents to Discord; a reference is CHANNEL/MESSAGE, with commas between several messages.

    The library keeps each channel's bucket; here stands only how long a chat rests in the lane.
    """

    name = DISCORD
    pace = Pace(private=1.0, shared=1.0)
    page = PAGE

    def __init__(self, api: Api) -> None:
        self._api = api
        self._routes: dict[str, str] = {}
        # Of a batch: where it goes, and the messages of it that are out.
        self._begun: OrderedDict[str, tuple[str, list[str]]] = OrderedDict()

    async def send(self, recipient: Recipient, document: Document, batch: str) -> Outcome:
        """Send the document as one message or several; nonces make a further try the same messages."""
        channel, begun = self._begun.pop(batch, ("", []))
        try:
            channel = channel or await self._channel(recipient)
            pages = render(document, shared=recipient.shared)
            if recipient.form == "forum" and not begun:
                channel, first = await self._post(channel, recipient, document, pages[0])
                begun.append(first)
            for number in range(len(begun), len(pages)):
                payload = _payload(recipient, pages[number], first=number == 0)
                payload |= {"nonce": nonce(f"{channel} {batch} {number}"), "enforce_nonce": True}
                sent = await self._api.again(
                    "POST", _MESSAGES, payload, pages[number].files, channel_id=channel
                )
                begun.append(str(sent["id"]))
        except (discord.DiscordException, Banned, Lost) as error:
            self._remember(batch, channel, begun)
            return Uncertain() if isinstance(error, _PostLost) else outcome_of(error)
        if recipient.form == "announcement" and recipient.digest:
            await self._publish(channel, begun)
        return Sent(f"{channel}/{','.join(begun)}", route="" if recipient.shared else channel)

    async def edit(self, recipient: Recipient, reference: str, document: Document) -> Outcome:
        """Replace the messages of a reference, page by page; one that is gone stays gone."""
        channel, _, messages = reference.partition("/")
        for message, rendered in zip(
            messages.split(","), render(document, shared=recipient.shared), strict=False
        ):
            path = f"{_MESSAGES}/{{message_id}}"
            try:
                await self._api.again(
                    "PATCH", path, rendered.payload(), rendered.files, channel_id=channel, message_id=message
                )
            except discord.NotFound as error:
                if error.code != GONE_MESSAGE:
                    return outcome_of(error)
            except (discord.DiscordException, Banned, Lost) as error:
                return outcome_of(error)
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

    async def _post(
        self, forum: str, recipient: Recipient, document: Document, rendered: Rendered
    ) -> tuple[str, str]:
        """Open a post in a forum; return its thread, and its first message. There are no nonces for posts."""
        payload: dict[str, Any] = {
            "name": document.title[:_LONGEST_TITLE] or _UNTITLED,
            "message": _payload(recipient, rendered, first=True),
        }
        if recipient.tags:
            payload["applied_tags"] = list(recipient.tags)
        try:
            post = await self._api.call(
                "POST", "/channels/{channel_id}/threads", payload, rendered.files, channel_id=forum
            )
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

    def _remember(self, batch: str, channel: str, begun: list[str]) -> None:
        if begun:
            self._begun[batch] = channel, begun
            if len(self._begun) > _MOST_REMEMBERED:
                self._begun.popitem(last=False)


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
