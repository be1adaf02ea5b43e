"""A public internet of our own: names, addresses, and one server on this machine behind all of them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpcore

from notifier.sources.http import Fetcher

Serve = Callable[["Call"], Awaitable[None]]

PUBLIC = "93.184.216.34"


@dataclass
class Call:
    """One request as the server got it, and the way to answer."""

    target: str
    headers: dict[str, str]
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, body: bytes = b"", status: int = 200, **headers: str) -> None:
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        head = "\r\n".join([f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *lines, "", ""])
        await self.send(head.encode() + body)

    @property
    def site(self) -> str:
        return self.headers["host"] + self.target


@dataclass
class Wire:
    """What was asked of it: addresses connected to, names looked up, requests."""

    addresses: dict[str, Sequence[str]] = field(default_factory=dict)
    dead: set[str] = field(default_factory=set)  # addresses where nobody answers
    connected: list[str] = field(default_factory=list)
    resolved: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    port: int = 0

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.resolved.append(host)
        return self.addresses.get(host, [PUBLIC])


@asynccontextmanager
async def served(serve: Serve, wire: Wire | None = None, tls: Any = None) -> AsyncIterator[Wire]:
    """Serve on this machine; every request on every connection goes to `serve`."""
    wire = wire or Wire()
    open_now: set[asyncio.Task[None]] = set()

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_now.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while True:
                    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                    headers = {
                        name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])
                    }
                    call = Call(head[0].split(" ")[1], headers, writer)
                    wire.calls.append(call)
                    await serve(call)
        finally:
            open_now.discard(task)
            writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", 0, ssl=tls)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        for task in [*open_now]:
            task.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)
        await server.wait_closed()


class Rerouted:
    """httpcore's connections, but each ends at our server; what was to be connected to is noted."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self._real = httpcore.AnyIOBackend.connect_tcp

    async def connect_tcp(
        self, backend: httpcore.AnyIOBackend, host: str, port: int, timeout: float | None, *rest: Any
    ) -> httpcore.AsyncNetworkStream:
        self.wire.connected.append(host)
        if host in self.wire.dead:
            raise httpcore.ConnectTimeout
        return await self._real(backend, "127.0.0.1", self.wire.port, timeout, *rest)


@asynccontextmanager
async def internet(monkeypatch: Any, serve: Serve, **options: Any) -> AsyncIterator[tuple[Fetcher, Wire]]:
    """Yield a fetcher to whom our server is the whole internet.

    Only the library's own connecting is led there; nothing of ours is replaced.
    """
    tls = options.pop("tls", None)
    async with served(serve, Wire(**options.pop("world", {})), tls) as wire:
        rerouted = Rerouted(wire)
        monkeypatch.setattr(
            httpcore.AnyIOBackend,
            "connect_tcp",
            lambda backend, host, port, timeout=None, *rest: rerouted.connect_tcp(
                backend, host, port, timeout, *rest
            ),
        )
        async with Fetcher(resolve=wire.resolve, **options) as fetcher:
            yield fetcher, wire
