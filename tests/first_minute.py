"""The first minute on Telegram as README shows it: `python -m tests.first_minute` writes it anew.

A real `notifier run` against the stand-in; what a person sees and presses, word for word. Days and times are
those of the run, so the test that compares leaves them out.
"""

import asyncio
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from notifier.chat import markdown
from notifier.domain.document import Block, Document, Span
from tests.standin.running import Notifier, environment
from tests.standin.telegram import BotApi
from tests.standin.world import Sent

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- first minute: python -m tests.first_minute -->", "<!-- end of first minute -->"
TOKEN = "123456789:made-up-token-of-no-use"

ROWS = [
    ("Senior Python Developer (Django)", "Nimbus", "Remote, EU", "Remote"),
    ("Python Backend Developer", "Harbour", "Remote", "Remote"),
    ("Java Developer", "Quillstone", "Graz, Austria", "On site"),
    ("Senior Go Engineer", "Lumenfold", "Berlin, Germany", "Hybrid"),
    ("Frontend Developer (React)", "Pinegrid", "Vienna, Austria", "Hybrid"),
]
NEW = ("Python Data Engineer, €70k", "Saltmarsh", "Lisbon, Portugal", "Remote")


async def first_minute() -> str:
    """Live through the first minute, and return it as Markdown."""
    server = await BotApi.start(TOKEN)
    try:
        with tempfile.TemporaryDirectory() as folder:
            bot = Notifier(Path(folder), environment(server.root, TOKEN))
            bot.publishes([a_listed(number, *row) for number, row in enumerate(ROWS, 1)])
            bot.adds_its_list(read=True)
            await bot.start()
            try:
                return await _lived(server, bot)
            finally:
                await bot.ends()
    finally:
        await server.close()


async def _lived(server: BotApi, bot: Notifier) -> str:
    ann = server.user("Ann", language_code="en-AT")
    parts = ["**/start**\n"]
    await ann.says("/start")
    hello = await ann.hears()
    parts.append(_shown(hello))
    for label in ("Python", "🌐 Remote", "As they come, and a digest"):
        pressed = hello.button(label)["text"]
        await ann.presses(hello, label)
        hello = await ann.hears()
        parts += [f"*presses* `{pressed}`\n", _shown(hello)]
    bot.publishes([a_listed(9, *NEW)])
    push = await ann.hears()
    parts += ["*and when the list gains a row*\n", _shown(push)]
    answer = await ann.presses(push, "Save")
    parts.append(f"*presses* `⭐ Save`: {markdown.render(Document((Block((Span(answer.text),)),)))}")
    return "\n".join(parts)


def _shown(message: Sent) -> str:
    """Return a message with its buttons as a quotation."""
    lines = [re.sub(r"([\\`*_\[\]<>#])", r"\\\1", line) for line in message.text.split("\n")]
    rows = [" ".join(f"`{button['text']}`" for button in row) for row in message.keyboard]
    quoted = [f"> {line.strip()}\\" if line.strip() else ">" for line in lines] + [">"]
    quoted += [f"> {row}\\" for row in rows]
    quoted[-1] = quoted[-1].removesuffix("\\")
    return "\n".join(quoted).replace("\\\n>\n", "\n>\n") + "\n"


def a_listed(number: int, title: str, company: str, location: str, kind: str) -> str:
    """Return a row of today."""
    day = f"{datetime.now(UTC):%b %d}"
    link = f"https://board.example/job/{1000 + number}/x"
    return f"| **[{company}](https://c.example)** | **[{title}]({link})** | {location} | {kind} | {day} |\n"


if __name__ == "__main__":
    text = README.read_text("utf-8")
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    README.write_text(f"{text[:begin]}\n\n{asyncio.run(first_minute())}\n{text[end:]}", "utf-8")
