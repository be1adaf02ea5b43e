"""Long answers page by page: what turns a page is a short command that means the same after a restart."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from notifier.domain.document import COMMAND_BYTES, USUAL_PAGE, Action, Document, PageSize, pages
from notifier.store.tables import Answer, Destination

BACK, ON = "◀", "▶"


def first_page(
    session: Session, chat: Destination, line: str, document: Document, now: datetime, size: PageSize
) -> Document:
    """Return the document, or its first page with a way to the others when it is long."""
    if len(list(pages(document, size))) == 1:
        return document
    return page(document, 1, keep(session, chat, line, now), size)


def page(document: Document, number: int, token: str, size: PageSize = USUAL_PAGE) -> Document:
    """Return one page of a document, the nearest there is, with the commands that turn it."""
    every = list(pages(document, size))
    number = min(max(number, 1), len(every))
    turns = [
        Action(f"{label} {to}/{len(every)}", command=f"page {token} {to}")
        for label, to in ((BACK, number - 1), (ON, number + 1))
        if 1 <= to <= len(every)
    ]
    return replace(every[number - 1], actions=(*turns, *document.actions), file=document.file)


def keep(session: Session, chat: Destination, line: str, now: datetime, *, digits: bool = False) -> str:
    """Keep a line of this chat, and return the token that stands for it.

    digits  as a number of 31 bits, for platforms that carry nothing else
    """
    token = str(secrets.randbelow(2**31 - 1) + 1) if digits else secrets.token_urlsafe(9)
    session.add(Answer(token=token, destination_id=chat.id, line=line, created_at=now))
    return token


def short(session: Session, chat: Destination, line: str, now: datetime) -> str:
    """Return a command that a button can carry and that means `line`."""
    if len(line.encode()) <= COMMAND_BYTES:
        return line
    return f"again {keep(session, chat, line, now)}"


def last_kept(session: Session, chat: Destination, begins: str) -> str:
    """Return the token of the newest kept line of this chat that begins so; "" when there is none."""
    query = (
        select(col(Answer.token))
        .where(col(Answer.destination_id) == chat.id, col(Answer.line).startswith(begins))
        .order_by(col(Answer.created_at).desc())
    )
    return session.execute(query.limit(1)).scalar() or ""


def line_of(session: Session, chats: Sequence[int], token: str) -> str | None:
    """Return the line that was kept for one of these chats (ids), None when it is another's or too old."""
    query = select(col(Answer.line)).where(col(Answer.token) == token, col(Answer.destination_id).in_(chats))
    return session.execute(query).scalar_one_or_none()
