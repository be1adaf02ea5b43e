"""Inline mode: `@bot python remote` in any chat gives job cards to paste there."""

from telegram import (
    InlineKeyboardMarkup,
    InlineQuery,
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputTextMessageContent,
    LinkPreviewOptions,
)

from notifier.chat.telegram.api import Api
from notifier.chat.telegram.render import Keyboard, plain_text, render
from notifier.domain.texts import text
from notifier.services.commands import Caller
from notifier.services.commands.jobs import Card
from notifier.services.conversation import Conversation

A_PAGE = 20
CACHED = 60  # seconds: lists are read more often than Telegram's 300
_BUTTON = 64  # characters of the line above the results; the Bot API says no more, clients cut there


async def answer_inline(api: Api, conversation: Conversation, query: InlineQuery, caller: Caller) -> None:
    """Answer with the jobs that fit; what is wrong with the query stands above them and leads to help."""
    after = int(query.offset) if query.offset.isdecimal() and len(query.offset) < 8 else 0
    found, wrong = await conversation.cards(caller, query.query, after, A_PAGE)
    button = None
    if wrong is not None:
        button = InlineQueryResultsButton(plain_text(wrong, _BUTTON), start_parameter="help")
    elif not found and not after:
        button = InlineQueryResultsButton(text("inline-none", caller.locale), start_parameter="help")
    await api.answer(
        lambda: api.call(
            lambda: api.bot.answer_inline_query(
                query.id,
                [_article(card) for card in found],
                cache_time=CACHED,
                is_personal=True,
                next_offset=str(after + A_PAGE) if len(found) == A_PAGE else "",
                button=button,
            ),
            urgent=True,
        )
    )


def _article(card: Card) -> InlineQueryResultArticle:
    rendered = render(card.document, shared=True)[0]
    keyboard: Keyboard | None = rendered.keyboard
    return InlineQueryResultArticle(
        id=str(card.id),
        title=card.title.replace("\u2060", ""),
        description=card.summary.replace("\u2060", "") or None,
        input_message_content=InputTextMessageContent(
            rendered.text,
            entities=rendered.entities or None,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        ),
        reply_markup=keyboard if isinstance(keyboard, InlineKeyboardMarkup) else None,
    )
