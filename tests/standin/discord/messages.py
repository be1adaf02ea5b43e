"""Writing and editing messages: what the bot asks for becomes a message that somebody sees, or a refusal."""

import copy
import itertools
import mimetypes
from typing import TYPE_CHECKING, Any

from tests.standin.discord.rules import (
    COMPONENTS_V2,
    CREATABLE_FLAGS,
    EPHEMERAL,
    Refused,
    allows,
    check_mentions,
    check_message,
    invalid,
    is_empty,
    is_v2,
    mentioned,
    walk,
)
from tests.standin.discord.spec import Json, Upload, Wrong
from tests.standin.discord.world import Channel, Message, Pinged, timestamp

if TYPE_CHECKING:
    from tests.standin.discord.interactions import Interaction
    from tests.standin.discord.server import Discord
    from tests.standin.discord.world import Webhook

LOADING = 1 << 7
CROSSPOSTED = 1 << 0
_WRITTEN = ("content", "embeds", "components", "flags")


def check(body: Json, files: dict[str, Upload], *, webhook: bool = False, interactive: bool = True) -> None:
    """Refuse a message that cannot be written.

    webhook  by an interaction or an incoming webhook
    """
    flags = body.get("flags") or 0
    names = [upload.name for upload in files.values()]
    wrong = check_message(body, names, interactive=interactive) + check_mentions(body.get("allowed_mentions"))
    wrong += _check_attachments(body, files, {})
    if flags & ~(CREATABLE_FLAGS | (EPHEMERAL if webhook else 0)):
        wrong.append(Wrong(("flags",), f"{flags} holds flags that cannot be set"))
    if wrong:
        raise invalid(wrong)
    if is_empty(body, names):
        raise Refused(400, 50006, "Cannot send an empty message", mistake=True)


def write(
    server: "Discord",
    channel: Channel,
    author: Json,
    body: Json,
    files: dict[str, Upload],
    *,
    interaction: "Interaction | None" = None,
    webhook: "Webhook | None" = None,
    message_id: int | None = None,
    loading: bool = False,
    tell: bool = True,
) -> Message:
    """Write a message that was checked, and notify whom it mentions.

    tell  False for a message of the bot's that only answers an interaction: nobody hears of it by the log
    """
    number = message_id or server.new_id()
    flags = (body.get("flags") or 0) | (LOADING if loading else 0)
    kept = {name: body.get(name) for name in ("content", "embeds", "components")} | {"flags": flags}
    raw: Json = {
        "id": str(number),
        "type": 20 if interaction else 0,
        "channel_id": str(channel.id),
        "author": author,
        "timestamp": timestamp(),
        "edited_timestamp": None,
        "tts": bool(body.get("tts")),
        "pinned": False,
    }
    if "nonce" in body:
        raw["nonce"] = body["nonce"]
    if interaction is not None:
        raw |= {"application_id": server.me["id"], "webhook_id": server.me["id"]}
        raw["interaction_metadata"] = interaction.metadata
    elif webhook is not None:
        raw["webhook_id"] = str(webhook.id)
        if webhook.application_id:
            raw["application_id"] = str(webhook.application_id)
    message = Message(number, channel, raw, kept, webhook=webhook, interaction=interaction)
    if flags & EPHEMERAL and interaction is not None:
        message.ephemeral_for = interaction.person
    _attach(server, message, body, files)
    _show(message)
    notify(server, message, body)
    channel.messages[number] = message
    server.messages[number] = message
    if message.ephemeral_for is None:
        channel.tell_message("MESSAGE_CREATE", message)
    if tell and interaction is None:
        channel.record(message.seen())
    return message


def edit(
    server: "Discord",
    message: Message,
    body: Json,
    files: dict[str, Upload],
    *,
    interactive: bool = True,
    record: bool = True,
) -> None:
    """Change a message as asked, or refuse; what the body does not name stays."""
    after = message.body | {name: body[name] for name in _WRITTEN if name in body and name != "flags"}
    asked = body.get("flags")
    if asked is not None:
        if is_v2(message.body) and not asked & COMPONENTS_V2:
            # Other flags can be set and unset; this one stays without a word.
            asked |= COMPONENTS_V2
        after["flags"] = asked & CREATABLE_FLAGS | message.body["flags"] & EPHEMERAL
    after["flags"] &= ~LOADING
    known = {one["id"]: one["filename"] for one in message.raw["attachments"]}
    kept = set(known.values())
    if body.get("attachments") is not None:
        kept = {known[str(one["id"])] for one in body["attachments"] if str(one["id"]) in known}
    names = [*kept, *(upload.name for upload in files.values())]
    wrong = check_message(after, names, interactive=interactive) + check_mentions(
        body.get("allowed_mentions")
    )
    wrong += _check_attachments(body, files, known)
    if wrong:
        raise invalid(wrong)
    if is_empty(after, names):
        raise Refused(400, 50006, "Cannot send an empty message", mistake=True)
    message.body = after
    # Whoever read it keeps what it was.
    message.raw = copy.deepcopy(message.raw) | {"edited_timestamp": timestamp()}
    message.files = {name: upload for name, upload in message.files.items() if name in kept}
    message.raw["attachments"] = [one for one in message.raw["attachments"] if one["filename"] in kept]
    _attach(server, message, body, files)
    _show(message)
    if message.ephemeral_for is None:
        message.channel.tell_message("MESSAGE_UPDATE", message)
    if record and message.ephemeral_for is None:
        message.channel.record(message.seen(is_edit=True))


def notify(server: "Discord", message: Message, body: Json) -> None:
    """Notify whom a message mentions, now that it appears."""
    named = message.pinged = _pinged(server, message, body)
    message.raw |= {
        "mentions": [server.people[one].json for one in sorted(named.users) if one in server.people],
        "mention_roles": [str(one) for one in sorted(named.roles)],
        "mention_everyone": named.everyone,
    }
    if named:
        server.pings.append(message)


def delete(message: Message) -> None:
    message.deleted = True
    message.channel.messages.pop(message.id, None)
    if message.ephemeral_for is None:
        message.channel.tell_message("MESSAGE_DELETE", message)


def _check_attachments(body: Json, files: dict[str, Upload], known: dict[str, str]) -> list[Wrong]:
    """Every attachment that is named must be there: uploaded as files[id], or on the message already."""
    wrong = [
        Wrong(("attachments", at, "id"), "There is no such file in the request")
        for at, one in enumerate(body.get("attachments") or ())
        if str(one["id"]) not in known and f"files[{one['id']}]" not in files
    ]
    wrong += [
        Wrong(("files",), f"{name} is not files[n]")
        for name in files
        if not (name.startswith("files[") and name[6:-1].isdigit())
    ]
    if any(len(upload.content) > 10 << 20 for upload in files.values()):
        raise Refused(413, 40005, "Request entity too large", mistake=True)
    return wrong


def _attach(server: "Discord", message: Message, body: Json, files: dict[str, Upload]) -> None:
    told: dict[str, Any] = {f"files[{one['id']}]": one for one in body.get("attachments") or ()}
    attachments = message.raw.setdefault("attachments", [])
    for name, upload in files.items():
        number = server.new_id()
        filename = (told.get(name) or {}).get("filename") or upload.name
        message.files[filename] = upload
        url = f"{server.root}/attachments/{message.channel.id}/{number}/{filename}"
        attachments.append(
            {
                "id": str(number),
                "filename": filename,
                "size": len(upload.content),
                "url": url,
                "proxy_url": url,
                "content_type": mimetypes.guess_type(filename)[0] or "application/octet-stream",
            }
        )


def _show(message: Message) -> None:
    """Let the message look as its body says: with numbers for components and addresses for its files."""
    body = copy.deepcopy(message.body)
    components = body["components"] or []
    taken = {one["id"] for _, one in walk(components) if one.get("id")}
    numbers = (number for number in itertools.count(1) if number not in taken)
    urls = {one["filename"]: one for one in message.raw["attachments"]}
    for _, one in walk(components):
        one["id"] = one.get("id") or next(numbers)
        items = [item["media"] for item in one.get("items", ())]
        for media in filter(None, [one.get("file"), one.get("media"), *items]):
            name = media["url"].removeprefix("attachment://")
            if media["url"].startswith("attachment://"):
                media |= {"url": urls[name]["url"], "attachment_id": urls[name]["id"]}
            media.setdefault("proxy_url", media["url"])
    message.raw |= {
        "content": body["content"] or "",
        "embeds": [{"type": "rich", **one} for one in body["embeds"] or ()],
        "components": components,
        "flags": body["flags"],
    }


def _pinged(server: "Discord", message: Message, body: Json) -> Pinged:
    """Return whom a new message notifies. Edits notify nobody, what only one person sees neither."""
    channel, guild = message.channel, message.channel.guild
    if message.ephemeral_for is not None:
        return Pinged()
    users, roles, everyone = mentioned(body)
    by_webhook = message.webhook is not None or message.interaction is not None
    default = ("users",) if by_webhook else ("users", "roles", "everyone")
    allowed = body.get("allowed_mentions")

    def wanted(kind: str, named: set[int]) -> set[int]:
        found = allows(allowed, kind, default)
        return named & found if isinstance(found, set) else named if found else set()

    if guild is None:
        recipient = channel.recipient.id if channel.recipient else 0
        return Pinged(users=frozenset(wanted("users", users) & {recipient}))
    author = guild.id if message.webhook is not None else server.bot.id
    if author == guild.id:  # an incoming webhook may what @everyone may
        may_all = bool(guild.everyone.permissions >> 17 & 1)
    else:
        may_all = guild.may(author, "mention_everyone", channel)
    return Pinged(
        users=frozenset(one for one in wanted("users", users) if guild.may(one, "view_channel", channel)),
        roles=frozenset(
            one
            for one in wanted("roles", roles)
            if one in guild.roles and one != guild.id and (guild.roles[one].mentionable or may_all)
        ),
        everyone=everyone and allows(allowed, "everyone", default) is True and may_all,
    )
