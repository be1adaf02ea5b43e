"""Commands: each is declared once, and every platform, help and menu is made from that."""

from notifier.services.commands import help as help_
from notifier.services.commands import jobs, marks, settings, subscriptions
from notifier.services.commands.declared import COMMANDS, Caller, Command, Option, answer

__all__ = ["COMMANDS", "Caller", "Command", "Option", "answer"]

_ = jobs, marks, settings, subscriptions, help_  # importing them is what declares their commands
