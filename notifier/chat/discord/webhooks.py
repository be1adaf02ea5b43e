"""Incoming webhooks as destinations: where they write, and messages through them.

Whoever knows the address of a webhook writes there, so it is a secret: it is read once, only its id is ever
shown, and nothing is asked at the address itself but at the API that the settings name.

Who may see such an address could post there himself, so a manager needs no further permission than for any
feed; but the webhook must be one of the server that the manager speaks in.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import discord

from notifier.chat.discord.api import LONGEST_ANSWER, LONGEST_CALL, Api, Banned, Broken, Lost, Unsent
from notifier.chat.discord.outcomes import GONE_MESSAGE, LOST_AGAIN, outcome_of
from notifier.chat.discord.render import SUPPRESS_NOTIFICATIONS, Rendered, mentioned, render
from notifier.domain.document import Document
from notifier.domain.ports import Gone, Outcome, Recipient, RetryAfter, Sent, Uncertain

_HOSTS = ("discord.com", "discordapp.com")
_PATH = re.compile(r"(?:/api(?:/v\d{1,3})?)?/webhooks/(\d{1,20})/([A-Za-z0-9_-]{1,200})")
_HOOK = "/webhooks/{webhook_id}/{webhook_token}"
# Components of a webhook that no application owns are overlooked without that parameter.
_EXECUTE = f"{_HOOK}?wait=true&with_components=true"
_EDIT = f"{_HOOK}/messages/{{message_id}}?with_components=true"
_IN_THREAD = "&thread_id={thread_id}"
_INCOMING = 1  # the type of webhooks that others may post through
_CHANGED = "webhook changed"
_LONGEST_TITLE = 100
_UNTITLED = "Jobs"
_MOST_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Address:
    """What the address of a webhook says."""

    id: str
    token: str = field(repr=False)

    @property
    def masked(self) -> str:
        """Return what tells it from others, and gives nothing away."""
        return f"webhook …{self.id[-4:]}"


def read_address(words: str, api_url: str) -> Address | None:
    """Return the webhook that an address is of; None for anything else than what Discord gives to copy.

    api_url  of the API in use; addresses there count too
    """
    try:
        given, api = urlsplit(words.strip()), urlsplit(api_url)
        at, api_at = (given.scheme, given.hostname, given.port), (api.scheme, api.hostname, api.port)
    except ValueError:
        return None
    known = at == api_at or (given.scheme == "https" and given.hostname in _HOSTS and given.port is None)
    path = _PATH.fullmatch(given.path)
    if not known or path is None or "@" in given.netloc or "?" in words or "#" in words:
        return None
    return Address(path[1], path[2])


async def look_up(api: Api, address: Address, guild_id: int) -> str:
    """Return the channel that a webhook writes to; "" for one that is unknown, or not of that server.

    Raises what `Api.call` raises when nobody can say.
    """
    try:
        found = await api.call(
            "GET", _HOOK, longest=LONGEST_ANSWER, webhook_id=address.id, webhook_token=address.token
        )
    except discord.HTTPException as error:
        if error.status in (400, 401, 403, 404):
            return ""
        raise
    is_here = found.get("type") == _INCOMING and str(found.get("guild_id")) == str(guild_id)
    return str(found.get("channel_id") or "") if is_here else ""


def unmentionable(guild: discord.Guild, channel: Any, role_id: str) -> bool:
    """Return whether a webhook's mention of that role would notify nobody: it may what everybody may."""
    role = guild.get_role(int(role_id)) if role_id.isdecimal() else None
    if role is None or role.is_default():
        return True
    may = channel.permissions_for(guild.default_role) if channel else guild.default_role.permissions
    return not (role.mentionable or may.mention_everyone)


class Webhooks:
    """Sends documents through incoming webhooks; a reference is CHANNEL/MESSAGE as in any channel.

    There are no nonces: a message whose answer is lost is `Uncertain`.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        # Of a batch: the channel it is in, and the messages of it that are out.
        self._begun: OrderedDict[str, tuple[str, list[str]]] = OrderedDict()

    async def send(self, recipient: Recipient, document: Document, batch: str) -> Outcome:
        """Send the document as one message or several; a further try goes on behind those that are out."""
        channel, begun = self._begun.pop(batch, ("", []))
        pages = render(_with_links_only(document), shared=True)
        try:
            for number in range(len(begun), len(pages)):
                payload = _payload(recipient, pages[number], first=number == 0)
                thread = recipient.route if recipient.form == "thread" else ""
                if recipient.form == "forum" and not begun:
                    payload["thread_name"] = document.title[:_LONGEST_TITLE] or _UNTITLED
                    if recipient.tags:
                        payload["applied_tags"] = list(recipient.tags)
                elif recipient.form == "forum":
                    thread = channel
                sent = await self._call("POST", _EXECUTE, recipient, payload, pages[number], thread)
                channel = str(sent["channel_id"])
                begun.append(str(sent["id"]))
        except (discord.DiscordException, Banned, Lost) as error:
            self._remember(batch, channel, begun)
            return _outcome_of(error)
        return Sent(f"{channel}/{','.join(begun)}")

    async def edit(self, recipient: Recipient, reference: str, document: Document) -> Outcome:
        """Replace the messages of a reference, page by page; one that is gone stays gone."""
        channel, _, messages = reference.partition("/")
        thread = channel if recipient.form in ("forum", "thread") else ""
        pages = render(_with_links_only(document), shared=True)
        for message, page in zip(messages.split(","), pages, strict=False):
            try:
                await self._call(
                    "PATCH", _EDIT, recipient, page.payload(), page, thread, once=False, message_id=message
                )
            except discord.NotFound as error:
                if error.code != GONE_MESSAGE:
                    return _outcome_of(error)
            except (discord.DiscordException, Banned, Lost) as error:
                # An edit is the same however often it is made.
                outcome = RetryAfter(LOST_AGAIN) if isinstance(error, Lost) else _outcome_of(error)
                return replace(outcome, alone=True) if isinstance(outcome, RetryAfter) else outcome
        return Sent(reference)

    async def _call(
        self,
        method: str,
        path: str,
        recipient: Recipient,
        payload: dict[str, Any],
        rendered: Rendered,
        thread: str,
        *,
        once: bool = True,
        **ids: str,
    ) -> Any:
        if thread:
            path, ids = path + _IN_THREAD, {**ids, "thread_id": thread}
        return await self._api.call(
            method,
            path,
            payload,
            rendered.files,
            longest=LONGEST_CALL,
            once=once,
            webhook_id=recipient.address,
            webhook_token=recipient.secret,
            **ids,
        )

    def _remember(self, batch: str, channel: str, begun: list[str]) -> None:
        if begun:
            self._begun[batch] = channel, begun
            if len(self._begun) > _MOST_REMEMBERED:
                self._begun.popitem(last=False)


class WebhookFailed(Exception):
    """Discord broke over a message, which probably is not there."""


def _outcome_of(error: Exception) -> Outcome:
    """Return what became of a message; a plain 401 is about the webhook here, not about the bot."""
    match error:
        case Broken():
            raise WebhookFailed(str(error)) from error
        case Unsent():
            return RetryAfter(LOST_AGAIN)
        case Lost():
            return Uncertain()
        case discord.HTTPException(status=401):
            return Gone(_CHANGED)
    return outcome_of(error)


def _with_links_only(document: Document) -> Document:
    """Return the document without what asks us when it is pressed: a webhook's messages cannot have that."""
    return replace(
        document,
        blocks=tuple(replace(block, opens="") for block in document.blocks),
        actions=tuple(action for action in document.actions if action.url),
    )


def _payload(recipient: Recipient, rendered: Rendered, *, first: bool) -> dict[str, Any]:
    payload = rendered.payload()
    if first and recipient.mention:
        payload = mentioned(payload, recipient.mention)
    if recipient.silent:
        payload["flags"] |= SUPPRESS_NOTIFICATIONS
    return payload
