"""Messages that one core sends through python-telegram-bot, over our transport and over the library's own.

The server is another process, so only the sender's CPU time counts.

pytest -m benchmark -s tests/benchmarks
"""

import asyncio
import json
import multiprocessing
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from multiprocessing.connection import Connection

import pytest
from telegram import Bot
from telegram.request import BaseRequest, HTTPXRequest

from notifier.chat.telegram.api import _NO_PREVIEW
from notifier.chat.telegram.render import Rendered, render
from notifier.chat.telegram.transport import AiohttpRequest, proxy_for
from notifier.domain.compose import Entry, Why, push
from notifier.domain.facts import WorkMode
from notifier.domain.facts.derive import derive
from notifier.domain.posting import ListedOn, Opening

pytestmark = pytest.mark.benchmark

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TOKEN = "1:benchmark"
WANTED = 5.0
MESSAGES = 400  # a round
BUSY = 32  # in flight; with few of them the library's transport has little to look after
ROUNDS = 7  # of each transport, in turns

# What api.telegram.org sends beside its JSON.
_HEAD = (
    "HTTP/1.1 200 OK\r\n"
    "Server: nginx/1.18.0\r\n"
    "Date: Mon, 02 Mar 2026 12:00:00 GMT\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: {length}\r\n"
    "Connection: keep-alive\r\n"
    "Strict-Transport-Security: max-age=31536000; includeSubDomains; preload\r\n"
    "Access-Control-Allow-Origin: *\r\n"
    "Access-Control-Allow-Methods: GET, POST, OPTIONS\r\n"
    "Access-Control-Expose-Headers: Content-Length,Content-Type,Date,Server,Connection\r\n"
    "\r\n"
)


def messages(count: int) -> list[Rendered]:
    """Return pushes as they leave the renderer, each about another job."""
    skills = ("Python", "Java (Spring, Kafka)", "React/TypeScript", "C++")
    places = ("Berlin, Germany", "Remote - EU", "München, Germany", "London, UK")
    made = []
    for number in range(1, count + 1):
        title, location = f"Senior {skills[number % 4]} Engineer {number}", places[number // 4 % 4]
        job = Opening(
            id=number,
            key=f"board.example:{number}",
            title=title,
            company=f"Company {number}",
            url=f"https://board.example/job/{number}",
            location=location,
            pay="€80,000 - €95,000",
            posted_on=date(2026, 3, 1),
            first_seen=NOW,
            facts=derive(title=title, location=location, mode=WorkMode.UNKNOWN),
            lists=(ListedOn(name="a-list", url=f"https://board.example/job/{number}"),),
        )
        made += render(push(Entry(job, [Why(1, "python in:germany", {"skills": ["Python"]})]), NOW, "en"))
    return made


def answered(sent: Rendered) -> bytes:
    """Return what Telegram answers: the message that it made, with its entities and buttons."""
    message = {
        "message_id": 1,
        "from": {"id": 1, "is_bot": True, "first_name": "Jobs", "username": "jobs_bot"},
        "chat": {"id": 7, "first_name": "Ada", "username": "ada", "type": "private"},
        "date": int(NOW.timestamp()),
        "text": sent.text,
        "entities": [entity.to_dict() for entity in sent.entities],
        "link_preview_options": {"is_disabled": True},
    }
    if sent.keyboard is not None:
        message["reply_markup"] = sent.keyboard.to_dict()
    body = json.dumps({"ok": True, "result": message}).encode()
    return _HEAD.format(length=len(body)).encode() + body


class _Answering(asyncio.Protocol):
    """Answers each request of a connection alike, reading no more of it than where it ends."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._unread += data
        head, ended, body = self._unread.partition(b"\r\n\r\n")
        if ended and len(body) >= int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]):
            self._unread = b""
            self._transport.write(self._answer)


def serve(answer: bytes, ready: Connection) -> None:
    """Answer on a free port, which is told to `ready`, until the process is ended."""

    async def forever() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Answering(answer), "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(forever())


@pytest.fixture(scope="module")
def sent() -> list[Rendered]:
    return messages(MESSAGES)


@pytest.fixture(scope="module")
def root(sent: list[Rendered]) -> Iterator[str]:
    """The address of a Bot API server in another process that takes whatever it is sent."""
    processes = multiprocessing.get_context("spawn")
    told, ready = processes.Pipe(duplex=False)
    server = processes.Process(target=serve, args=(answered(sent[0]), ready), daemon=True)
    server.start()
    assert told.poll(60), "the server did not start"
    yield f"http://127.0.0.1:{told.recv()}/bot"
    server.terminate()
    server.join()
    server.close()


async def cpu_seconds(bot: Bot, sent: list[Rendered], at_once: int) -> float:
    """Send every message, `at_once` in flight; return the CPU time of this process."""
    waiting = iter(sent)

    async def send_on() -> None:
        for message in waiting:
            await bot.send_message(
                7,
                message.text,
                entities=message.entities,
                reply_markup=message.keyboard,
                link_preview_options=_NO_PREVIEW,
            )

    start = time.process_time()
    await asyncio.gather(*(send_on() for _ in range(at_once)))
    return time.process_time() - start


@pytest.mark.parametrize("at_once", [4, BUSY])
async def test_messages_per_core(
    root: str, sent: list[Rendered], at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")  # the library's transport hears of proxies
    assert all(message.entities and message.keyboard for message in sent)
    over: dict[str, tuple[BaseRequest, list[float]]] = {
        "aiohttp": (AiohttpRequest(proxy=proxy_for("https://api.telegram.org")), []),
        "httpx": (HTTPXRequest(), []),
    }
    for number in range(ROUNDS + 1):
        for request, seconds in over.values():
            bot = Bot(TOKEN, base_url=root, request=request)
            await request.initialize()
            spent = await cpu_seconds(bot, sent, at_once)
            if number:  # both run warm
                seconds.append(spent)
    for request, _ in over.values():
        await request.shutdown()
    ours, theirs = (MESSAGES / statistics.median(seconds) for _, seconds in over.values())

    wanted = f" (wanted {WANTED:.0f})" if at_once == BUSY else ""
    print(
        f"\nmessages per core over aiohttp, {at_once} in flight: {ours / theirs:.1f}x httpx{wanted}", end=""
    )
    print(f": {ours:,.0f} and {theirs:,.0f} per second of CPU time")
    assert not wanted or ours / theirs >= WANTED
