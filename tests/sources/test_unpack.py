"""Unpacking what comes in pieces of any size."""

import gzip
import zlib

import pytest

from notifier.sources.unpack import MOST_MEMBERS, STEP, TooLarge, Unpacker

TEXT = bytes(range(256)) * 2000


def unpacked(body: bytes, step: int, limit: int = 1_000_000) -> Unpacker:
    unpacker = Unpacker(limit, gzip=True)
    for at in range(0, len(body), step):
        unpacker.feed(body[at : at + step])
    return unpacker


@pytest.mark.parametrize("step", [1, 7, 1000, 10_000_000])
@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(TEXT),
        gzip.compress(TEXT[:1000]) + gzip.compress(TEXT[1000:]),
        gzip.compress(b"") + gzip.compress(TEXT) + b"\0" * 5000,
    ],
    ids=["one member", "two members", "padding"],
)
def test_every_member_is_unpacked(body: bytes, step: int) -> None:
    found = unpacked(body, step)

    assert found.body == TEXT
    assert found.whole()


@pytest.mark.parametrize("step", [1, 1000])
def test_what_is_cut_short_is_not_whole(step: int) -> None:
    assert not unpacked(gzip.compress(TEXT)[:-1], step).whole()
    assert not unpacked(gzip.compress(TEXT) + gzip.compress(TEXT)[:20], step, 2_000_000).whole()


def test_the_limit_holds_for_what_comes_and_for_what_comes_of_it() -> None:
    assert len(unpacked(gzip.compress(b"x" * 1000), 10, limit=1000).body) == 1000
    with pytest.raises(TooLarge):
        unpacked(gzip.compress(b"x" * 1001), 10, limit=1000)
    with pytest.raises(TooLarge):
        unpacked(gzip.compress(b"x") + b"\0" * 1000, 10, limit=1000)
    with pytest.raises(TooLarge):
        Unpacker(1000, gzip=False).feed(b"x" * 1001)


def test_no_more_is_unpacked_than_a_step_beyond_the_limit() -> None:
    unpacker = Unpacker(1_000_000, gzip=True)
    with pytest.raises(TooLarge):
        unpacker.feed(gzip.compress(b"\0" * 50_000_000))

    assert 1_000_000 - STEP < len(unpacker.body) <= 1_000_000


def test_members_without_end_are_badly_packed() -> None:
    with pytest.raises(zlib.error, match="members"):
        unpacked(gzip.compress(b"") * (MOST_MEMBERS + 1), 1000)
