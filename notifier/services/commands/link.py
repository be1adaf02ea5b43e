"""Linking the accounts of one person on several platforms."""

from sqlmodel import Session

from notifier.domain.document import Action, Block, Document, Span
from notifier.domain.texts import text
from notifier.errors import UserError
from notifier.services.commands.declared import Asked, Option, command, line, said
from notifier.store import links

OFF = "off"


@command(Option("token"), example="link")
def link(session: Session, asked: Asked) -> Document:
    """Give a token for another account of this person, or redeem one; `off` takes this account out again."""
    token = asked.get("token").removeprefix("token:").removeprefix("l_")  # however it was copied
    if token.lower() == OFF:
        return _part(session, asked)
    if token:
        return redeemed(session, asked, token)
    made = links.make(session, asked.person(session), asked.now)
    minutes = int(links.VALID.total_seconds() // 60)
    blocks = [
        line("link-made", asked.locale, minutes=minutes),
        Block((Span(f"/link token:{made}", code=True),)),
        Block((Span(f"/link {made}", code=True),)),
    ]
    if not asked.caller.deep_link:
        return Document(tuple(blocks))
    url = f"{asked.caller.deep_link}l_{made}"
    blocks.append(Block((Span(url, link=url),)))
    return Document(tuple(blocks), (Action(text("link", asked.locale), url=url),))


def redeemed(session: Session, asked: Asked, token: str) -> Document:
    """Make the caller one with who made the token."""
    if links.redeem(session, token, asked.person(session), asked.now) is None:
        raise UserError("token-unknown")
    return said("link-done", asked.locale)


def _part(session: Session, asked: Asked) -> Document:
    caller = asked.caller
    person, user_id = asked.person(session), caller.user_id or caller.address
    parted = links.part(session, person, caller.platform, user_id, asked.now)
    return said("link-off" if parted else "link-alone", asked.locale)
