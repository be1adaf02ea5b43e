"""Connections to public addresses only: lists are given to us by strangers.

The name is resolved here and the checked address is the one connected to, so no second answer of a
name server can lead elsewhere.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

import httpcore

from notifier.errors import SourceRefused

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

MOST_TRIES = 4  # addresses of one name; each gets its share of the time to connect

# Looked up in threads of its own: name servers that hang must not take those of the database.
_NAMES = ThreadPoolExecutor(32, thread_name_prefix="names")

_NAT64 = IPv6Network("64:ff9b::/96")  # where only IPv6 is spoken, name servers wrap public addresses in it
_GLOBAL = IPv6Network(
    "2000::/3"
)  # all else is reserved, local, or a wrapping: mapped, compatible, 64:ff9b:1::
_NOT_SERVERS = (
    IPv6Network("2001::/23"),  # protocols' own: Teredo, benchmarking, ORCHID
    IPv6Network("2001:db8::/32"),
    IPv6Network("2002::/16"),  # 6to4
    IPv6Network("3fff::/20"),
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),  # 6to4 relays
    IPv4Network("168.63.129.16/32"),  # what Azure tells its own machines, at a public address
)
_OWN_NAMES = ("localhost", "local", "internal", "lan", "home.arpa")


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host, as the system finds them."""
    found = await asyncio.get_running_loop().run_in_executor(
        _NAMES, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    )
    return [str(entry[4][0]) for entry in found]


def is_public(address: str) -> bool:
    """Return whether an address is one that a server of the public internet may have.

    Python's is_global differs between versions and says yes to tunnels, so those are named here.
    """
    ip = ipaddress.ip_address(address)
    if isinstance(ip, IPv6Address):
        if ip in _NAT64:
            ip = IPv4Address(int(ip) & 0xFFFF_FFFF)
        elif ip not in _GLOBAL or ip.scope_id:
            return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _NOT_SERVERS)


def is_own(host: str) -> bool:
    """Return whether a host is one of one's own network by its very name; nothing is looked up."""
    name = host.rstrip(".").lower()
    try:
        return not is_public(name)
    except ValueError:
        return "." not in name or any(name.endswith(f".{own}") for own in _OWN_NAMES)


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to public addresses only; `SourceRefused` for a name with any other.

    allow_private  lifts that
    """

    def __init__(self, resolve: Resolve = resolve, *, allow_private: bool = False) -> None:
        self._resolve = resolve
        self._allow_private = allow_private
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of `host` that answers; all of them must be public."""
        tries = (await self._addresses(host, port))[:MOST_TRIES]
        share = timeout and timeout / len(tries)
        for address in tries[:-1]:
            try:
                return await self._inner.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(tries[-1], port, share, local_address, socket_options)

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host, at least one, none of which is forbidden."""
        try:
            # A name server may say anything of localhost; what it says is not asked for.
            own = not self._allow_private and f".{host.rstrip('.').lower()}".endswith(".localhost")
            addresses = ["::1"] if own else list(dict.fromkeys(await self._resolve(host, port)))
        except OSError as error:
            raise httpcore.ConnectError(f"no address for {host}") from error
        if not addresses:
            raise httpcore.ConnectError(f"no address for {host}")
        if not self._allow_private and not all(is_public(address) for address in addresses):
            raise SourceRefused(
                f"{host} is in a private network; NOTIFIER_ALLOW_PRIVATE_SOURCES=true allows it"
            )
        return addresses

    async def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.AsyncNetworkStream:
        """Refuse: no list lives behind a local socket."""
        raise SourceRefused("a local socket is not a list")

    async def sleep(self, seconds: float) -> None:
        """Wait, as httpcore asks between its tries."""
        await asyncio.sleep(seconds)
