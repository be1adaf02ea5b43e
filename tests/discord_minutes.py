"""A new member's and a new manager's first minutes on Discord as README shows them: `python -m tests.discord_minutes`.

A real `notifier run` against the stand-in; what they see and press, word for word. Days and times are those of
the run, so the test that compares leaves them out.
"""

import asyncio
import tempfile
from pathlib import Path

from tests.first_minute import NEW, ROWS, a_listed
from tests.standin.discord.seen import Seen
from tests.standin.discord.server import Discord
from tests.standin.running import Notifier, discord_environment
from tests.standin.updates import until

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- on Discord: python -m tests.discord_minutes -->", "<!-- end of on Discord -->"


async def minutes() -> str:
    """Live through them, and return them as Markdown."""
    server = await Discord.start()
    bob, ann = server.user("Bob", locale="en-US"), server.user("Ann", locale="en-GB")
    guild = server.guild("Python Berlin", owner=bob)
    jobs, closed = guild.text("jobs"), guild.text("closed")
    closed.deny(server.bot, "send_messages")
    role = guild.role("python", mentionable=True)
    guild.join(ann)
    try:
        with tempfile.TemporaryDirectory() as folder:
            bot = Notifier(Path(folder), discord_environment(server))
            bot.publishes([a_listed(number, *row) for number, row in enumerate(ROWS, 1)])
            bot.adds_its_list()
            await bot.start()
            try:
                await bot.has_logged("source collected")
                await until(lambda: server.gateway.sessions or None, 20, "connection to the gateway")
                said = await ann.slash("subscribe", jobs, skills="python", remote="only", cadence="instant")
                hello = await ann.hears()
                refused = await bob.slash("feed add", jobs, channel=closed, skills="python")
                added = await bob.slash("feed add", jobs, location="eu", cadence="instant", mention=role)
                bot.publishes([a_listed(9, *NEW)])
                push, posted = await ann.hears(), await jobs.hears()
                saved = await ann.presses(push, "Save")
            finally:
                await bot.ends()
    finally:
        await server.close()
    parts = [
        ("*Ann, in #jobs:* `/subscribe skills:python remote:only cadence:instant`", said),
        ("*at once, by direct message*", hello),
        ("*Bob, who manages the server:* `/feed add channel:#closed skills:python`", refused),
        ("*and* `/feed add location:eu cadence:instant mention:@python`", added),
        ("*when the list gains a row, Ann by direct message*", push),
        ("*she presses* `⭐ Save`", saved),
        ("*and #jobs*", posted),
    ]
    return "\n\n".join(f"{head}\n\n{_shown(message)}" for head, message in parts)


def _shown(message: Seen) -> str:
    """Return a message with its buttons as a quotation; only its own reader sees what is ephemeral."""
    text = message.text.replace("<@&", "&lt;@&").replace("\u2060", "")
    lines = [line.removeprefix("-# ").strip() for line in text.split("\n")]
    quoted = [f"> {line}\\" if line else ">" for line in lines]
    buttons = " ".join(f"`{label}`" for label in message.buttons)
    quoted += [">", f"> {buttons}"] if buttons else []
    alone = ["> *(only the one who asked sees this)*"] if message.is_ephemeral else []
    made = "\n".join([*quoted, *([">"] if alone else []), *alone]).replace("\\\n>\n", "\n>\n")
    return made.removesuffix("\\")


if __name__ == "__main__":
    text = README.read_text("utf-8")
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    README.write_text(f"{text[:begin]}\n\n{asyncio.run(minutes())}\n\n{text[end:]}", "utf-8")
