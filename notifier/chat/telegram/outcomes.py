"""What an error of the Bot API means for a message.

Sources: research of the Bot API server's own texts (tdlib/telegram-bot-api, Client.cpp) and Telegram's FAQ.
In python-telegram-bot BadRequest and TimedOut are NetworkErrors, so the order of the questions matters.
"""

from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, TelegramError

from notifier.chat.telegram.transport import AnswerLost, FloodWait, NotSent
from notifier.domain.ports import (
    Barred,
    Denied,
    Gone,
    Moved,
    Outcome,
    Recipient,
    Rejected,
    RetryAfter,
    Uncertain,
)

NOT_FOUND_AGAIN = 30.0  # seconds until a chat that was not found is looked for a second time
TOKEN_REFUSED = "Telegram refuses the token in NOTIFIER_TELEGRAM_TOKEN; get a valid one from @BotFather"

_NO_RIGHTS = ("rights", "write_forbidden", "chat_restricted", "send_plain_forbidden", "chat_admin_required")
_NO_TOPIC = ("thread not found", "topic_closed", "topic_deleted", "topic_id_invalid")
_NO_CHAT = ("deactivated", "user not found", "peer_id_invalid", "chat was deleted", "user_is_blocked")
_NOTHING_TO_EDIT = ("message to edit not found", "message can't be edited", "message_id_invalid")


def outcome_of(error: TelegramError, recipient: Recipient) -> Outcome:
    """Return what became of a message; raise the error when it is an outage, after which one tries again."""
    says = error.message
    match error:
        case FloodWait(seconds=seconds):
            return RetryAfter(seconds)
        case ChatMigrated(new_chat_id=address):
            return Moved(str(address))
        case InvalidToken():
            return Denied(TOKEN_REFUSED)
        case Forbidden() | BadRequest():
            return _refusal(says, recipient, gone=isinstance(error, Forbidden))
        case NotSent():
            raise error
        case AnswerLost():
            return Uncertain()
    raise error


def _refusal(says: str, recipient: Recipient, *, gone: bool) -> Outcome:
    lower = says.lower()
    if any(words in lower for words in _NO_RIGHTS):
        return Barred(says)
    if any(words in lower for words in _NO_TOPIC):
        # The chat as a whole may be closed too: then there is nowhere to fall back to.
        return Moved(recipient.address, thread="", reason=says) if recipient.thread else Barred(says)
    if gone or any(words in lower for words in _NO_CHAT):
        return Gone(says)
    return Rejected(says)


def is_not_found(error: TelegramError) -> bool:
    """Return whether Telegram does not know the chat: a wrong id, or somebody who never started the bot."""
    return isinstance(error, BadRequest) and "chat not found" in error.message.lower()


def is_about_the_chat(error: TelegramError) -> bool:
    """Return whether a request was refused for where it goes, not for what it says."""
    lower = error.message.lower()
    return is_not_found(error) or any(words in lower for words in (*_NO_RIGHTS, *_NO_TOPIC, *_NO_CHAT))


def is_unchanged(error: TelegramError) -> bool:
    """Return whether an edit changed nothing, which is as good as done."""
    return isinstance(error, BadRequest) and "not modified" in error.message.lower()


def is_nothing_to_edit(error: TelegramError) -> bool:
    """Return whether the message of an edit is gone, or too old: then it stays as it is."""
    return isinstance(error, BadRequest) and any(words in error.message.lower() for words in _NOTHING_TO_EDIT)


def is_bad_button(error: TelegramError) -> bool:
    """Return whether only a button was refused."""
    return isinstance(error, BadRequest) and "button" in error.message.lower()
