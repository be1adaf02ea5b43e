"""Run by a test in a process of its own: fetch from servers that mean harm, and print what it cost.

One line of JSON: per bomb what it came to and how long it took, and by how much the process grew.
"""

import asyncio
import gzip
import itertools
import json
import resource
import sys
import time
import zlib

from notifier.errors import SourceError
from notifier.sources.http import Fetcher
from notifier.sources.text import xml
from tests.sources.wire import Call, served

DEADLINE = 0.5  # seconds, for what nothing else ends; for the others there is time enough to be refused
LONG_DEADLINE = 60.0
OK = b"HTTP/1.1 200 OK\r\n"
PACKED = OK + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
MB = 1024 * 1024


def packed(megabytes: int, what: bytes = b"\0") -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(what * MB) for _ in range(megabytes)) + packer.flush()


BOMB = packed(100)
MEMBERS = packed(1) * 100
EMPTY = gzip.compress(b"") * 3000
LAUGHS = (
    "<!DOCTYPE l ["
    + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))
    + "]><l>&l9;</l>"
)


async def forever(call: Call, begin: bytes, part: bytes, pause: float = 0.0) -> None:
    await call.send(begin)
    while True:
        await call.send(part)
        await asyncio.sleep(pause)


async def redirects(call: Call) -> None:
    await call.answer(status=302, location=f"/redirects/{next(NUMBERS)}")


async def silence(call: Call) -> None:
    await asyncio.Event().wait()


NUMBERS = itertools.count()
WITHOUT_END = ("drip", "drip in chunks", "drip of headers", "early hints without end", "silence")
BOMBS = {
    "gzip": lambda call: call.answer(BOMB, content_encoding="gzip"),
    "gzip in chunks": lambda call: call.send(CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n") + b"%x\r\n" % len(BOMB) + BOMB + b"\r\n0\r\n\r\n"),
    "gzip members": lambda call: call.answer(MEMBERS, content_encoding="gzip"),
    "gzip empty members": lambda call: call.answer(EMPTY, content_encoding="gzip"),
    "gzip without end": lambda call: forever(call, PACKED, BOMB[: 64 * 1024]),
    "gzip twice": lambda call: call.answer(gzip.compress(BOMB), content_encoding="gzip, gzip"),
    "body without end": lambda call: forever(call, OK + b"\r\n", b"x" * 64 * 1024),
    "length that is huge": lambda call: call.send(OK + b"Content-Length: 99999999999\r\n\r\n"),
    "drip": lambda call: forever(call, OK + b"Content-Length: 100000\r\n\r\n", b"x", 0.02),
    "drip in chunks": lambda call: forever(call, CHUNKED, b"1\r\nx\r\n", 0.02),
    "drip of headers": lambda call: forever(call, OK, b"X: y\r\n", 0.02),
    "headers without end": lambda call: forever(call, OK, b"X-Flood: " + b"y" * 1000 + b"\r\n"),
    "header that is huge": lambda call: forever(call, OK + b"X: ", b"y" * 64 * 1024),
    "early hints without end": lambda call: forever(call, b"", b"HTTP/1.1 103 Hints\r\n\r\n"),
    "chunk size that is huge": lambda call: forever(call, CHUNKED, b"f" * 64 * 1024),
    "trailers without end": lambda call: forever(call, CHUNKED + b"0\r\n", b"X: y\r\n" * 5000),
    "redirects": redirects,
    "redirect to itself with a body": lambda call: forever(call, b"HTTP/1.1 302 X\r\nLocation: /redirect to itself with a body\r\n\r\n", b"x" * 64 * 1024),
    "silence": silence,
    "doctype": lambda call: call.answer(LAUGHS.encode()),
    "doctype in utf-16": lambda call: call.answer(LAUGHS.encode("utf-16")),
}  # fmt: skip


async def main() -> None:
    async def serve(call: Call) -> None:
        name = call.target.strip("/").split("/")[0].replace("%20", " ")
        await (call.answer(b"list") if name == "warm" else BOMBS[name](call))

    came_to = {}
    async with (
        served(serve) as wire,
        Fetcher(allow_private=True, seconds=LONG_DEADLINE) as fetcher,
        Fetcher(allow_private=True, seconds=DEADLINE) as hasty,
    ):
        await fetcher.get(f"http://127.0.0.1:{wire.port}/warm")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for name in BOMBS:
            began = time.monotonic()
            try:
                fetched = await (hasty if name in WITHOUT_END else fetcher).get(
                    f"http://127.0.0.1:{wire.port}/{name}"
                )
                xml(fetched.text, name)
                result = "taken"
            except SourceError as error:
                result = str(error)
            came_to[name] = (result, time.monotonic() - began)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 1 if sys.platform == "darwin" else 1024
    print(json.dumps({"came_to": came_to, "grew": (after - before) * unit}))


if __name__ == "__main__":
    asyncio.run(main())
