"""Stand-ins for the platforms: servers that the bot under test talks to as if they were the real ones."""
