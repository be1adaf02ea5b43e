"""The gateway: sessions of the bot's shards, the events they get, and the ways in which a connection ends.

Events of a session are kept, so that a bot that lost its connection can resume and gets what it missed.
"""

import asyncio
import json
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from tests.standin.discord.spec import Json

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME, RECONNECT = 0, 1, 2, 3, 4, 6, 7
MEMBERS, INVALID_SESSION, HELLO, ACK = 8, 9, 10, 11

GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES = 1 << 0, 1 << 9, 1 << 12
PRIVILEGED = 1 << 1 | 1 << 8 | 1 << 15  # members, presences, message content
KNOWN_INTENTS = (1 << 17) - 1 | 1 << 20 | 1 << 21 | 1 << 24 | 1 << 25

CLOSES = {
    4001: "Unknown opcode.",
    4002: "Error while decoding payload.",
    4003: "Not authenticated.",
    4004: "Authentication failed.",
    4005: "Already authenticated.",
    4007: "Invalid seq.",
    4008: "You are being rate limited.",
    4010: "Invalid shard.",
    4011: "Sharding required.",
    4012: "Invalid API version.",
    4013: "Invalid intent(s).",
    4014: "Disallowed intent(s).",
}


class Closed(Exception):
    """The gateway ends the connection with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(CLOSES[code])
        self.code = code


@dataclass(frozen=True, slots=True)
class Identify:
    """One IDENTIFY of the bot."""

    at: float  # monotonic seconds
    token: str
    intents: int
    shard: tuple[int, int]  # its number, and how many there are


@dataclass(slots=True)
class Session:
    """What a shard began with IDENTIFY. It outlives its connection."""

    id: str
    shard: tuple[int, int]
    intents: int
    events: list[Json] = field(default_factory=list)  # as sent, with their sequence numbers
    connection: "Connection | None" = None
    resumed: int = 0  # how often

    def has(self, guild_id: int | None) -> bool:
        """Whether this shard hears of that server; direct messages go to the first shard."""
        number, count = self.shard
        return number == (0 if guild_id is None else (guild_id >> 22) % count)

    def put(self, event: str, data: Json) -> None:
        self.events.append({"op": DISPATCH, "s": len(self.events) + 1, "t": event, "d": data})
        if self.connection is not None:
            self.connection.put(self.events[-1])


class Connection:
    """One websocket, compressed if the bot asked for that."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self.request = request
        self.socket = socket
        self.session: Session | None = None
        self.received: list[Json] = []
        self.is_muted = False  # says nothing more
        self.is_ended = False  # by us, so the bot has said no goodbye
        self._zip = zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None
        self._out: asyncio.Queue[Json] = asyncio.Queue()

    def put(self, payload: Json) -> None:
        self._out.put_nowait(payload)

    async def write(self, is_muted: Callable[[], bool]) -> None:
        """Send what is put, in order, until cancelled."""
        while True:
            payload = await self._out.get()
            if self.is_muted or is_muted():
                continue
            text = json.dumps(payload)
            try:
                if self._zip is None:
                    await self.socket.send_str(text)
                else:
                    data = self._zip.compress(text.encode()) + self._zip.flush(zlib.Z_SYNC_FLUSH)
                    await self.socket.send_bytes(data)
            except ConnectionError:
                return  # the reader learns of it too

    def abort(self) -> None:
        """End the connection without a word."""
        if self.request.transport is not None:
            self.request.transport.abort()


class Gateway:
    """All sessions and connections. Tests set its attributes, and call cut, reconnect, invalidate and close_with."""

    def __init__(self, token: Callable[[], str | None], greeting: Callable[[Session], Json]) -> None:
        self.heartbeat_interval = 41.25  # seconds
        self.approved_intents = 0  # of the privileged ones
        self.shards = 1  # that /gateway/bot recommends
        self.must_shard = False  # close 4011 when there is only one
        self.max_concurrency = 1
        self.identify_every = 0.0  # seconds between two identifies; 5 at Discord, where too early is refused
        self.identifies_a_day = 1000
        self.reset_after = 86_400.0  # seconds until there are as many again, as /gateway/bot says
        self.refuses_with = 0  # close code for every IDENTIFY, e.g. 4014; 0 for none
        self.drops_identified = False  # end every connection without a word right after IDENTIFY
        self.is_banned = False  # Cloudflare refuses every connection
        self.resume_url = ""  # what READY says of it, if not `url`
        self.bot_url = ""  # what /gateway/bot says, if not `url`
        self.muted = False  # say nothing more, not even acknowledge a heartbeat
        self.acknowledges = True  # heartbeats
        self.resumes_refused = False
        self.identifies: list[Identify] = []
        self.heartbeats = 0
        self.sessions: dict[str, Session] = {}
        self.connections: list[Connection] = []
        self.refused_tokens = 0
        self.port = 0
        self._token = token
        self._greeting = greeting
        self._runner: web.AppRunner | None = None
        self._writers: set[asyncio.Task[None]] = set()

    # Starting and stopping.

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    async def comes_up(self) -> None:
        """Listen, after the first time on the same port again."""
        app = web.Application()
        app.router.add_get("/", self._handle)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def goes_down(self) -> None:
        """Cut every connection and stop listening. Sessions stay and can be resumed."""
        self.cut()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        for writer in list(self._writers):
            writer.cancel()
        await asyncio.gather(*self._writers, return_exceptions=True)

    # What may happen to the connections.

    @property
    def connected(self) -> bool:
        return any(session.connection for session in self.sessions.values())

    def live(self, shard: int | None = None) -> list[Connection]:
        """Return the connections with a session, of one shard or of all."""
        return [one for one in self.connections if one.session and shard in (None, one.session.shard[0])]

    def cut(self, shard: int | None = None) -> None:
        """End connections without a word; their sessions can be resumed."""
        for one in self.live(shard):
            one.abort()

    def reconnect(self, shard: int | None = None) -> None:
        """Ask the bot to connect again and resume."""
        for one in self.live(shard):
            one.put({"op": RECONNECT, "s": None, "t": None, "d": None})

    def invalidate(self, shard: int | None = None, *, resumable: bool = False) -> None:
        """Tell the bot that its session is over."""
        for one in self.live(shard):
            if not resumable and one.session is not None:
                self.sessions.pop(one.session.id, None)
            one.put({"op": INVALID_SESSION, "s": None, "t": None, "d": resumable})

    async def close_with(self, code: int, shard: int | None = None) -> None:
        """Close connections with a code of Discord's, e.g. 4000 or 4004."""
        for one in self.live(shard):
            one.is_ended = True
            await one.socket.close(code=code, message=CLOSES.get(code, "").encode())

    def mute(self) -> None:
        """Say nothing more on the connections there are, not even acknowledge a heartbeat."""
        for one in self.live():
            one.is_muted = True

    def dispatch(self, event: str, data: Json, guild_id: int | None, intent: int = 0) -> int:
        """Give an event to the shards it belongs to; return how many have a connection."""
        reached = 0
        for session in self.sessions.values():
            if session.has(guild_id) and (not intent or session.intents & intent):
                session.put(event, data)
                reached += session.connection is not None
        return reached

    def limits(self) -> Json:
        """Return what /gateway/bot says of identifying."""
        day = [one for one in self.identifies if one.at > time.monotonic() - 86_400]
        return {
            "total": self.identifies_a_day,
            "remaining": max(self.identifies_a_day - len(day), 0),
            "reset_after": int(self.reset_after * 1000),
            "max_concurrency": self.max_concurrency,
        }

    # The conversation.

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if self.is_banned:
            return web.Response(status=429, text="error code: 1015", headers={"Retry-After": "1800"})
        socket = web.WebSocketResponse(timeout=0.1, max_msg_size=4096)
        if not socket.can_prepare(request).ok:
            raise web.HTTPBadRequest
        await socket.prepare(request)
        connection = Connection(request, socket)
        self.connections.append(connection)
        writer = asyncio.create_task(connection.write(lambda: self.muted))
        self._writers.add(writer)
        writer.add_done_callback(self._writers.discard)
        code: int | None = None
        try:
            if request.query.get("v") != "10" or request.query.get("encoding") != "json":
                raise Closed(4012)
            hello = {"heartbeat_interval": int(self.heartbeat_interval * 1000)}
            connection.put({"op": HELLO, "s": None, "t": None, "d": hello})
            await self._converse(connection)
            code = socket.close_code
        except Closed as closed:
            await socket.close(code=closed.code, message=str(closed).encode())
        finally:
            self.connections.remove(connection)
            writer.cancel()
            self._leave(connection, code)
        return socket

    def _leave(self, connection: Connection, code: int | None) -> None:
        session = connection.session
        if session is not None and session.connection is connection:
            session.connection = None
            # A bot that says goodbye ends its session.
            if code in (WSCloseCode.OK, WSCloseCode.GOING_AWAY) and not connection.is_ended:
                self.sessions.pop(session.id, None)

    async def _converse(self, connection: Connection) -> None:
        recent: list[float] = []
        async for message in connection.socket:
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                raise Closed(4002)
            try:
                payload = json.loads(message.data)
                op, data = payload["op"], payload.get("d")
            except (ValueError, TypeError, KeyError):
                raise Closed(4002) from None
            connection.received.append(payload)
            recent = [at for at in recent if at > time.monotonic() - 60] + [time.monotonic()]
            if len(recent) > 120:
                raise Closed(4008)
            self._obey(connection, op, data)

    def _obey(self, connection: Connection, op: int, data: Any) -> None:
        if op == HEARTBEAT:
            self.heartbeats += 1
            if self.acknowledges:
                connection.put({"op": ACK, "s": None, "t": None, "d": None})
        elif op in (IDENTIFY, RESUME):
            if connection.session is not None:
                raise Closed(4005)
            (self._identify if op == IDENTIFY else self._resume)(connection, data)
        elif op not in (PRESENCE, VOICE, MEMBERS):
            raise Closed(4001)
        elif connection.session is None:
            raise Closed(4003)

    def _identify(self, connection: Connection, data: Json) -> None:
        if not isinstance(data, dict) or not isinstance(data.get("properties"), dict):
            raise Closed(4002)
        number, count = data.get("shard", (0, 1))
        asked = Identify(time.monotonic(), data.get("token", ""), data.get("intents", -1), (number, count))
        before = [
            one
            for one in self.identifies
            if one.shard[0] % self.max_concurrency == number % self.max_concurrency
        ]
        self.identifies.append(asked)
        if asked.token != self._token():
            self.refused_tokens += 1
            raise Closed(4004)
        if self.refuses_with:
            raise Closed(self.refuses_with)
        if self.drops_identified:
            connection.abort()
            return
        if not 0 <= number < count:
            raise Closed(4010)
        if self.must_shard and count == 1:
            raise Closed(4011)
        if not isinstance(asked.intents, int) or asked.intents < 0 or asked.intents & ~KNOWN_INTENTS:
            raise Closed(4013)
        if asked.intents & PRIVILEGED & ~self.approved_intents:
            raise Closed(4014)
        too_soon = before and asked.at - before[-1].at < self.identify_every
        if too_soon or len(self.identifies) > self.identifies_a_day:
            connection.put({"op": INVALID_SESSION, "s": None, "t": None, "d": False})
            return
        session = Session(f"session{len(self.identifies)}", (number, count), asked.intents)
        self.sessions[session.id] = session
        session.connection, connection.session = connection, session
        greeting = self._greeting(session)
        guilds = greeting.pop("later")
        session.put(
            "READY", greeting | {"session_id": session.id, "resume_gateway_url": self.resume_url or self.url}
        )
        for guild in guilds:
            session.put("GUILD_CREATE", guild)

    def _resume(self, connection: Connection, data: Json) -> None:
        if data.get("token") != self._token():
            self.refused_tokens += 1
            raise Closed(4004)
        session = self.sessions.get(data.get("session_id", ""))
        if session is None or self.resumes_refused:
            connection.put({"op": INVALID_SESSION, "s": None, "t": None, "d": False})
            return
        seq = data.get("seq")
        if not isinstance(seq, int) or seq > len(session.events):
            raise Closed(4007)
        missed = session.events[seq:]
        session.resumed += 1
        session.connection, connection.session = connection, session
        for event in missed:
            connection.put(event)
        session.put("RESUMED", {"_trace": []})
