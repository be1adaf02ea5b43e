"""Commands: each is declared once, and every platform, help and menu is made from that."""

from notifier.services.commands import (
    admin,
    digest,
    feed,
    jobs,
    link,
    marks,
    privacy,
    settings,
    start,
    subscriptions,
    why,
)
from notifier.services.commands import help as help_
from notifier.services.commands.declared import COMMANDS, Audience, Caller, Command, Option, answer, perform

__all__ = ["COMMANDS", "Audience", "Caller", "Command", "Option", "answer", "perform"]

# Importing them is what declares their commands; this is the order of help and of menus.
_ = start, jobs, subscriptions, digest, marks, why, settings, link, privacy, feed, admin, help_
_FIRST = (
    "start jobs subscribe subscriptions unsubscribe digest saved why stats settings pause resume stop link privacy export"
    " forget help feed admin"
).split()
for _name in _FIRST:
    COMMANDS[_name] = COMMANDS.pop(_name)
