"""Who administers a chat, as Telegram says; remembered for a minute."""

import asyncio

from telegram import Chat, ChatMember, ChatMemberAdministrator, ChatMemberRestricted
from telegram.error import BadRequest, Forbidden

from notifier.chat.telegram.api import Api

REMEMBERED = 60.0  # seconds


class Admins:
    """Asks for the members of chats."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: dict[tuple[str, int], tuple[float, bool]] = {}

    async def is_one(self, chat: str, user: int) -> bool:
        """Return whether a person administers a chat; not for a chat that we cannot look into."""
        now = asyncio.get_running_loop().time()
        known = self._known.get((chat, user))
        if known is not None and now - known[0] < REMEMBERED:
            return known[1]
        member = await self._member(chat, user)
        is_one = member is not None and member.status in (ChatMember.OWNER, ChatMember.ADMINISTRATOR)
        self._known = {key: it for key, it in self._known.items() if now - it[0] < REMEMBERED}
        self._known[chat, user] = now, is_one
        return is_one

    async def may_we_write(self, channel: str) -> bool:
        """Return whether the bot may post in a channel."""
        member = await self._member(channel, int(self._api.id))
        return isinstance(member, ChatMemberAdministrator) and bool(member.can_post_messages)

    async def _member(self, chat: str, user: int) -> ChatMember | None:
        try:
            return await self._api.answer(
                lambda: self._api.call(
                    lambda: self._api.bot.get_chat_member(int(chat), user), chat, urgent=True
                )
            )
        except (BadRequest, Forbidden):  # no such chat, or we are not in it
            return None


def may_write(us: ChatMember, chat: Chat) -> str:
    """Return "" when a chat lets the bot write, else why not."""
    if us.status in (ChatMember.LEFT, ChatMember.BANNED):
        return "blocked by the user" if chat.type == Chat.PRIVATE else "removed from the chat"
    if isinstance(us, ChatMemberRestricted) and not (us.is_member and us.can_send_messages):
        return "not allowed to send messages"
    if chat.type == Chat.CHANNEL and not (isinstance(us, ChatMemberAdministrator) and us.can_post_messages):
        return "not allowed to post in the channel"
    return ""
