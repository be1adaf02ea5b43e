"""The terminal as a chat platform: for trying notifier without any token."""

from notifier.chat.console.messenger import ConsoleMessenger

__all__ = ["ConsoleMessenger"]
