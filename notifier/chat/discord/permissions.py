"""What the bot may do in a channel, in Discord's own words, before a feed is set up there."""

from typing import Any

import discord

VIEW_CHANNEL = "View Channel"
# The library's name -> what stands in Discord's settings.
_NAMES = {
    "view_channel": VIEW_CHANNEL,
    "send_messages": "Send Messages",
    "send_messages_in_threads": "Send Messages in Threads",
}


def missing_permissions(channel: Any, me: discord.Member) -> list[str]:
    """Return what the bot lacks to post in a channel, from its roles and the channel's overwrites."""
    needed = ["view_channel"]
    if isinstance(channel, discord.Thread):
        needed.append("send_messages_in_threads")
    elif isinstance(channel, discord.ForumChannel):
        needed += ["send_messages", "send_messages_in_threads"]
    else:
        needed.append("send_messages")
    has = channel.permissions_for(me)
    named = (
        {**_NAMES, "send_messages": "Create Posts"} if isinstance(channel, discord.ForumChannel) else _NAMES
    )
    return [named[name] for name in needed if not getattr(has, name)]


def unmentionable(guild: discord.Guild, channel: Any, role_id: str) -> bool:
    """Return whether a mention of that role would notify nobody."""
    role = guild.get_role(int(role_id)) if role_id.isdecimal() else None
    return (
        role is None
        or role.is_default()
        or not (role.mentionable or channel.permissions_for(guild.me).mention_everyone)
    )


def form_of(channel: object) -> str:
    """Return how messages are shown there: forum, announcement, or "" for one after the other."""
    if isinstance(channel, discord.ForumChannel):
        return "forum"
    return "announcement" if isinstance(channel, discord.TextChannel) and channel.is_news() else ""
