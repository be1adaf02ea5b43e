"""The platforms: each renders documents its own way and says what became of them.

A platform's name stands in addresses and settings; its folder is imported by whoever runs it.
"""

CONSOLE, TELEGRAM, DISCORD = "console", "telegram", "discord"
PLATFORMS = (CONSOLE, TELEGRAM, DISCORD)
