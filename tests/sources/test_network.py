"""Nothing of one's own network is reached, however it is written, looked up or redirected to."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Sequence
from pathlib import Path

import certifi
import httpcore
import pytest

from notifier.errors import SourceError, SourceRefused, SourceUnreachable
from notifier.sources.http import Fetcher
from notifier.sources.network import is_own, is_public
from tests.sources.wire import PUBLIC, Call, internet

SPELLINGS = """
127.0.0.1 127.1 127.0.1 2130706433 0x7f000001 0x7f.1 0x7f.0.0.1 0177.0.0.1 017700000001 127.0.0.1. 127.255.255.254
127。0。0。1 １２７.0.0.1 ①②⑦.0.0.1 %31%32%37.0.0.1 localhost LOCALHOST localhost. app.localhost x.y.LocalHost.
0 0.0.0.0 10.0.0.1 172.16.0.1 172.31.255.254 192.168.1.1 100.64.0.1 198.18.0.1 192.0.2.1 192.0.0.192 192.88.99.1
169.254.169.254 2852039166 0xa9fea9fe 100.100.100.200 168.63.129.16 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
[::] [::1] [::1%25lo] [0:0:0:0:0:0:0:1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [::ffff:0:7f00:1]
[64:ff9b::7f00:1] [64:ff9b::a9fe:a9fe] [64:ff9b:1::7f00:1] [64:ff9b:1::808:808] [2002:7f00:1::] [2002:808:808::1]
[2001:0:4136:e378:8000:63bf:3fff:fdd2] [2001:db8::1] [3fff::1] [100::1] [5f00::1] [fc00::1] [fd00:ec2::254]
[fe80::1] [fe80::1%25eth0] [fec0::1] [ff02::1] [::ffff:169.254.169.254] [::ffff:8.8.8.8]
""".split()


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let every connection fail, and note to where it was to go."""
    asked: list[str] = []

    async def connect(backend: object, host: str, *rest: object) -> None:
        asked.append(host)
        raise httpcore.ConnectError

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect)
    return asked


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", SPELLINGS)
async def test_no_spelling_of_a_private_address_reaches_anything(
    host: str, scheme: str, connections: list[str]
) -> None:
    async with Fetcher() as fetcher:
        with pytest.raises(SourceError):
            await fetcher.get(f"{scheme}://{host}/latest/meta-data")

    assert connections == []


def test_there_are_enough_spellings() -> None:
    assert len(SPELLINGS) >= 30


@pytest.mark.parametrize(
    "answers",
    [
        ["127.0.0.1"],
        [PUBLIC, "127.0.0.1"],
        ["10.0.0.1", PUBLIC],
        ["169.254.169.254"],
        ["::1"],
        ["fe80::1%eth0"],
        ["2606:4700::1111", "64:ff9b::a00:1"],
    ],
)
async def test_a_name_that_may_lead_inside_is_refused(answers: Sequence[str], connections: list[str]) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return answers

    async with Fetcher(resolve=resolve) as fetcher:
        with pytest.raises(SourceRefused, match="private network"):
            await fetcher.get("https://metadata.example/")

    assert connections == []


async def test_what_a_name_server_says_of_localhost_is_not_believed(connections: list[str]) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return [PUBLIC]

    async with Fetcher(resolve=resolve) as fetcher:
        with pytest.raises(SourceRefused, match="private network"):
            await fetcher.get("https://lists.localhost/")

    assert connections == []


async def test_a_name_is_looked_up_once_and_that_address_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that is public when looked at and private when asked again never gets a second look."""
    async with internet(monkeypatch, Call.answer) as (fetcher, wire):
        answers = iter([[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]])

        async def rebinding(host: str, port: int) -> Sequence[str]:
            return next(answers)

        async with Fetcher(resolve=rebinding) as fetcher:
            await fetcher.get("http://rebind.example/")
            wire.calls[0].writer.close()  # no connection to use again
            await asyncio.sleep(0.05)
            with pytest.raises(SourceRefused, match="private network"):
                await fetcher.get("http://rebind.example/")

    assert wire.connected == [PUBLIC]
    assert len(wire.calls) == 1


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1/", "http://inside.example/", "//[::1]/", "http://2130706433/"]
)
async def test_a_redirect_inside_reaches_nothing(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def moved(call: Call) -> None:
        await call.answer(status=302, location=target)

    world = {
        "addresses": {
            "inside.example": ["10.0.0.1"],
            "127.0.0.1": ["127.0.0.1"],
            "2130706433": ["127.0.0.1"],
            "::1": ["::1"],
        }
    }
    async with internet(monkeypatch, moved, world=world) as (fetcher, wire):
        with pytest.raises(SourceRefused, match="private network"):
            await fetcher.get("http://lists.example/")

    assert wire.connected == [PUBLIC]
    assert len(wire.calls) == 1


async def test_the_next_address_is_tried_when_one_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    world = {"addresses": {"lists.example": ["1.1.1.1", "1.1.1.1", "8.8.8.8"]}, "dead": {"1.1.1.1"}}
    async with internet(monkeypatch, Call.answer, world=world) as (fetcher, wire):
        await fetcher.get("http://lists.example/")

    assert wire.connected == ["1.1.1.1", "8.8.8.8"]


async def test_a_name_without_any_address_is_unreachable() -> None:
    async def nothing(host: str, port: int) -> Sequence[str]:
        return []

    async with Fetcher(resolve=nothing) as fetcher:
        with pytest.raises(SourceUnreachable, match="no connection"):
            await fetcher.get("https://lists.example/")


async def test_the_deadline_covers_the_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    async with Fetcher(resolve=never, seconds=0.1) as fetcher:
        with pytest.raises(SourceUnreachable, match="took longer"):
            await fetcher.get("https://lists.example/")


async def test_name_servers_that_hang_take_no_thread_from_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database and the parsers work in the threads that Python lends to everybody."""
    answered = threading.Event()

    def hang(*args: object, **options: object) -> list[object]:
        answered.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    async with Fetcher(seconds=20) as fetcher:
        urls = [f"https://lists{number}.example/" for number in range(40)]
        fetches = [asyncio.create_task(fetcher.get(url)) for url in urls]
        await asyncio.sleep(0.1)
        async with asyncio.timeout(20):
            await asyncio.gather(*(asyncio.to_thread(len, urls) for _ in range(40)))
        hanging = not any(task.done() for task in fetches)
        answered.set()
        ended = await asyncio.gather(*fetches, return_exceptions=True)

    assert hanging
    assert {type(it) for it in ended} == {SourceUnreachable}


@pytest.fixture
def certificate(monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Return a server whose certificate, for lists.example alone, is signed by whom everybody trusts."""
    samples = Path(__file__).parent.parent / "samples" / "tls"
    monkeypatch.setattr(certifi, "where", lambda: str(samples / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(samples / "lists.example.pem")
    return context


async def test_a_certificate_is_checked_for_the_name_and_not_for_the_address(
    certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with internet(monkeypatch, Call.answer, tls=certificate) as (fetcher, wire):
        await fetcher.get("https://lists.example/")
        for host in ("other.example", PUBLIC):
            with pytest.raises(SourceUnreachable, match="no connection"):
                await fetcher.get(f"https://{host}/")

    assert [call.site for call in wire.calls] == ["lists.example/"]


async def test_a_certificate_that_nobody_signed_is_not_taken(
    certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    async with internet(monkeypatch, Call.answer, tls=certificate) as (fetcher, wire):
        with pytest.raises(SourceUnreachable, match="no connection"):
            await fetcher.get("https://lists.example/")

    assert wire.calls == []


async def test_ones_own_network_is_read_where_the_operator_allows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    world = {"addresses": {"wiki.corp.example": ["10.0.0.7"]}}
    async with internet(monkeypatch, Call.answer, world=world, allow_private=True) as (fetcher, wire):
        await fetcher.get("http://wiki.corp.example:8080/jobs.md")

    assert wire.connected == ["10.0.0.7"]


def test_public_addresses_are_public() -> None:
    public = (
        "8.8.8.8 1.1.1.1 185.199.108.133 2606:4700:4700::1111 2606:50c0:8000::154 64:ff9b::8.8.8.8".split()
    )
    assert [address for address in public if not is_public(address)] == []


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("10.0.0.1", True),
        ("wiki", True),
        ("localhost", True),
        ("nas.local", True),
        ("git.home.arpa.", True),
        ("8.8.8.8", False),
        ("lists.example", False),
        ("notlocal", True),
        ("raw.githubusercontent.com", False),
    ],
)
def test_ones_own_network_is_known_by_its_names(host: str, own: bool) -> None:
    assert is_own(host) is own
