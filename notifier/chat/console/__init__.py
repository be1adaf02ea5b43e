"""The terminal as a chat platform: one person, no token."""

from notifier.chat.console.messenger import NAME, ConsoleMessenger
from notifier.chat.console.screen import Look, Screen, look

__all__ = ["NAME", "ConsoleMessenger", "Look", "Screen", "look"]
