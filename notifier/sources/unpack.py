"""Unpacking a body piece by piece, never holding more than a limit however well it was packed."""

import zlib

STEP = 64 * 1024  # bytes unpacked at a time
MOST_MEMBERS = 100  # of one gzip stream; thousands of empty ones cost time and carry nothing

_GZIP = 31  # zlib's window bits for a gzip header


class TooLarge(Exception):
    """More came than the limit, packed or unpacked."""


class Unpacker:
    """Takes a body as it comes and holds it unpacked.

    `zlib.error` for what is badly packed, `TooLarge` above `limit` bytes.
    """

    def __init__(self, limit: int, *, gzip: bool) -> None:
        self.body = bytearray()
        self._limit = limit
        self._raw = 0
        self._members = 1
        self._member = zlib.decompressobj(_GZIP) if gzip else None

    def feed(self, chunk: bytes) -> None:
        """Take what came next."""
        self._raw += len(chunk)
        if self._member is None:
            self._add(chunk)
            return
        while chunk:
            if self._member.eof:
                if not chunk.startswith(b"\x1f"):
                    break  # padding after the end, which gzip's own tools ignore too
                self._members += 1
                if self._members > MOST_MEMBERS:
                    raise zlib.error("too many members")
                self._member = zlib.decompressobj(_GZIP)
            self._add(self._member.decompress(chunk, STEP))
            chunk = self._member.unused_data or self._member.unconsumed_tail
        if self._raw > self._limit:
            raise TooLarge

    def whole(self) -> bool:
        """Return whether the body ended where its packing says."""
        return self._member is None or self._member.eof

    def _add(self, part: bytes) -> None:
        if len(self.body) + len(part) > self._limit:
            raise TooLarge
        self.body += part
