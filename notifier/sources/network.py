"""Connections to public addresses only: lists are given to us by strangers.

The name is resolved here and the checked address is the one connected to, so no second answer of a
name server can lead elsewhere.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import httpcore

from notifier.errors import SourceRefused

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host, as the system finds them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def is_public(address: str) -> bool:
    """Return whether an address is one of the public internet, whatever it is wrapped in.

    is_global says yes to translated and tunnelled addresses, so those are unwrapped first.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        low = int(ip) & 0xFFFF_FFFF
        if ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        elif ip.sixtofour is not None:
            ip = ip.sixtofour
        elif ip in _NAT64 or int(ip) >> 32 in (0, 0xFFFF_0000):  # NAT64, ::a.b.c.d, ::ffff:0:a.b.c.d
            ip = ipaddress.IPv4Address(low)
    return ip.is_global and not ip.is_multicast


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to public addresses only; `SourceRefused` for a name with any other."""

    def __init__(self, resolve: Resolve = resolve) -> None:
        self._resolve = resolve
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of `host`, all of which must be public."""
        try:
            addresses = await self._resolve(host, port)
        except OSError as error:
            raise httpcore.ConnectError(f"no address for {host}") from error
        if not addresses:
            raise httpcore.ConnectError(f"no address for {host}")
        if not all(is_public(address) for address in addresses):
            raise SourceRefused(
                f"{host} is in a private network; NOTIFIER_ALLOW_PRIVATE_SOURCES=true allows it"
            )
        return await self._inner.connect_tcp(addresses[0], port, timeout, local_address, socket_options)

    async def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.AsyncNetworkStream:
        """Refuse: no list lives behind a local socket."""
        raise SourceRefused("a local socket is not a list")

    async def sleep(self, seconds: float) -> None:
        """Wait, as httpcore asks between its tries."""
        await asyncio.sleep(seconds)
