"""A Discord for tests, as strict as the real one: the bot talks to it over HTTP and a websocket.

    server = await Discord.start()
    bob, ann = server.user("Bob"), server.user("Ann")
    guild = server.guild("Python Berlin", owner=bob)
    jobs = guild.text("jobs")
    guild.join(ann)
    ...                               # start the bot with server.api and server.gateway.url as its Discord
    answer = await ann.slash("jobs", jobs, skills="python")
    answer = await ann.presses(answer, "Save")
    assert server.violations == []
    await server.close()

What a request may contain is in `spec` and `rules`, what it does in `routes` and `messages`, who there is in
`world` and `person`, the websocket in `gateway`, waiting in `ratelimits`, broken connections in `faults`.
"""

import asyncio
import json
import random
import socket
import struct
import time
import traceback
from collections.abc import Sequence
from typing import Any, Self

from aiohttp import web

from tests.standin.discord.faults import Call, Fault, Faults
from tests.standin.discord.gateway import Gateway, Identify, Session
from tests.standin.discord.interactions import Interaction, owners_of, payload
from tests.standin.discord.messages import write
from tests.standin.discord.person import Person
from tests.standin.discord.ratelimits import Flood, RateLimits
from tests.standin.discord.routes import Routes
from tests.standin.discord.rules import Refused, Wrong, invalid
from tests.standin.discord.spec import UNTOLD, Json, Operation, Spec, Upload
from tests.standin.discord.world import Bot, Channel, Guild, Message
from tests.standin.faults import How

EPOCH = 1_420_070_400_000  # of Discord's ids, in milliseconds
INVALID = (401, 403, 429)  # what Cloudflare counts
TOKEN = "MTAwMDAwMDAwMDAwMDAwMDAw.GtEsTs.the-token-of-the-stand-in-for-Discord"
VIA = {"Via": "1.1 google"}


class Discord:
    """The server, the world behind it, and the record of what the bot asked."""

    def __init__(self, token: str, username: str) -> None:
        self.token = token
        self.revoked = False
        self._past = 0
        self._number = 0
        self.me: Json = {
            "id": str(self.new_id(in_the_past=True)),
            "username": username,
            "global_name": None,
            "discriminator": "0001",
            "avatar": None,
            "bot": True,
            "verified": True,
            "mfa_enabled": True,
            "flags": 0,
            "public_flags": 0,
        }
        self.bot = Bot(self.me)
        self.answer_seconds = 3.0  # for the first answer to an interaction
        self.token_seconds = 900.0  # for which an interaction's token is good
        self.nonce_seconds = 120.0  # for which a nonce is remembered
        self.refuses_components = False  # as on a day when Discord takes none
        self.invalid_allowed = 10_000  # refused requests in ten minutes, before the ban
        self.calls: list[Call] = []
        self.violations: list[str] = []  # what no correct bot would have asked
        self.ignored: list[str] = []  # what was asked and Discord overlooks
        self.floods: list[Flood] = []
        self.pings: list[Message] = []  # that notified somebody
        self.repeats: list[Message] = []  # that were asked for again, with a nonce, and not written again
        self.faults = Faults()
        self.limits = RateLimits()
        self.gateway = Gateway(lambda: None if self.revoked else self.token, self._greeting)
        self.people: dict[int, Person] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.messages: dict[int, Message] = {}  # deleted ones too
        self.commands: dict[int | None, dict[int, Json]] = {None: {}}  # global ones, and by server
        self.interactions: dict[str, Interaction] = {}  # by token
        self.nonces: dict[str, tuple[float, Message]] = {}
        self.port = 0
        self._invalid: list[float] = []
        self._spec = Spec()
        self._routes = Routes(self)
        self._runner: web.AppRunner | None = None

    # Starting and stopping.

    @classmethod
    async def start(cls, token: str = TOKEN, username: str = "notifier") -> Self:
        """Listen on two free ports of this machine, for the API and for the gateway."""
        server = cls(token, username)
        await server.comes_up()
        await server.gateway.comes_up()
        return server

    async def close(self) -> None:
        await self.gateway.goes_down()
        await self.goes_down()

    async def comes_up(self) -> None:
        """Let the API listen, after the first time on the same port again."""
        app = web.Application(client_max_size=120 << 20)
        app.router.add_get("/attachments/{channel}/{id}/{name}", self._download)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def goes_down(self) -> None:
        """Let the API close every connection and stop listening. The gateway goes on."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> str:
        return f"{self.root}/api/v10"

    @property
    def identifies(self) -> list[Identify]:
        return self.gateway.identifies

    # The world.

    def new_id(self, *, in_the_past: bool = False) -> int:
        """Return an id that was never used; from ids one can tell the time, and for servers the shard."""
        if in_the_past:
            self._past += 1
            return (150_000_000_000 + self._past) << 22
        self._number += 1
        return (int(time.time() * 1000) - EPOCH) << 22 | self._number & 0x3FFFFF

    def user(self, name: str, *, locale: str = "en-US", installed: bool = False) -> Person:
        person = Person(self, self.new_id(in_the_past=True), name, locale)
        person.installed = installed
        self.people[person.id] = person
        return person

    def guild(
        self,
        name: str,
        *,
        owner: Person,
        bot: bool = True,
        bot_permissions: Sequence[str] = (),
        locale: str = "en-US",
    ) -> Guild:
        """Make a server; the bot is in it if `bot`, with a role that grants bot_permissions beside @everyone's."""
        made = Guild(self, self.new_id(in_the_past=True), name, owner, locale)
        made.join(owner)
        self.guilds[made.id] = made
        if bot:
            made.add_bot(*bot_permissions)
        return made

    def said(self, person: Person, channel: Channel, text: str) -> Message:
        """Let a person write a message."""
        body = {"content": text, "allowed_mentions": {"parse": []}}
        return write(self, channel, person.json, body, {}, tell=False)

    async def revoke_token(self) -> None:
        """Reset the bot's token: its connections end, and it cannot begin others."""
        self.revoked = True
        await self.gateway.close_with(4004)

    # What came of it.

    @property
    def sent(self) -> list[Message]:
        """The bot's messages and its webhooks' that stand, in order, but for answers to interactions."""
        people = self.people
        return [
            one
            for one in self.messages.values()
            if not one.deleted and one.interaction is None and one.author_id not in people
        ]

    @property
    def refusals(self) -> list[Call]:
        """The calls that were answered with a 4xx."""
        return [call for call in self.calls if 400 <= call.status < 500]

    @property
    def invalid_requests(self) -> int:
        """How many requests of the last ten minutes Cloudflare counts."""
        self._invalid = [at for at in self._invalid if at > time.monotonic() - 600]
        return len(self._invalid)

    def called(self, name: str) -> list[Call]:
        return [call for call in self.calls if call.name == name]

    # Commands and interactions.

    def command(self, kind: int, name: str, guild: Guild | None = None) -> Json | None:
        """Return the command of that type and name; a server's own goes before a global one."""
        own = self.commands.get(guild.id, {}) if guild is not None else {}
        found = [one for one in (*own.values(), *self.commands[None].values())]
        return next((one for one in found if one["type"] == kind and one["name"] == name), None)

    def command_names(self, guild: Guild | None = None) -> list[str]:
        """Return the names of the global commands, and of those of a server."""
        own = self.commands.get(guild.id, {}) if guild is not None else {}
        return sorted({one["name"] for one in (*own.values(), *self.commands[None].values())})

    def interact(
        self,
        person: Person,
        kind: int,
        channel: Channel,
        data: Json,
        *,
        name: str = "",
        source: Message | None = None,
    ) -> Interaction:
        """Let a person do something, and tell the bot."""
        number = self.new_id()
        letters = random.Random(number)
        token = "aW50ZXJhY3Rpb246" + "".join(letters.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=160))
        made = Interaction(
            id=number,
            token=token,
            kind=kind,
            person=person,
            channel=channel,
            data=data,
            source=source,
            name=name,
            owners=owners_of(self, person, channel),
        )
        self.interactions[token] = made
        guild = channel.guild if channel.guild is not None and channel.guild.has_bot else None
        self.gateway.dispatch("INTERACTION_CREATE", payload(self, made), guild.id if guild else None)
        return made

    # The gateway.

    def dispatch(self, event: str, data: Json, guild: Guild | None, intent: int) -> None:
        """Tell the bot of something, if it is where that happened."""
        if guild is None or guild.has_bot or event == "GUILD_DELETE":
            self.gateway.dispatch(event, data, guild.id if guild else None, intent)

    def _greeting(self, session: Session) -> Json:
        """Return the READY of a session, and under `later` the servers that are told of next."""
        mine = [one for one in self.guilds.values() if one.has_bot and session.has(one.id)]
        return {
            "v": 10,
            "user": self.me,
            "guilds": [{"id": str(one.id), "unavailable": True} for one in mine],
            "private_channels": [],
            "session_type": "normal",
            "shard": list(session.shard),
            "application": {"id": self.me["id"], "flags": 1 << 23},
            "later": [one.whole for one in mine if session.intents & 1 and not one.unavailable],
        }

    # HTTP.

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/api").removeprefix("/v10")
        found = self._spec.find(request.method, path) if request.path.startswith("/api/") else None
        call = Call("", request.method, path, time.monotonic(), query=dict(request.query))
        self.calls.append(call)
        if time.monotonic() < self.limits.banned_until:
            return self._banned(call)
        if found is None:
            self.violations.append(f"{request.method} {request.path}: there is no such route")
            refused = Refused(404, 0, "404: Not Found")
            return self._answer(call, self._refusal(call, refused))
        operation, call.params = found
        call.name = operation.name
        unread = await _read(request, call)
        fault = self.faults.strikes(call)
        if fault is not None and not fault.accepted:
            return await self._fail(fault, call, request)
        headers: dict[str, str] = {}
        if self.limits.on and operation.name != "create_interaction_response":
            refusal = self._limited(operation, call)
            if refusal is not None:
                return refusal
            headers = self.limits.headers(operation, call.params)
        try:
            if unread:
                raise Refused(400, 50109, "The request body contains invalid JSON.", mistake=True)
            self._check(operation, call, request.headers.get("Authorization"))
            if self.refuses_components and any(_shown(call.data).get("components") or ()):
                wrong = [Wrong(("components", 0), "This component cannot be used.", "UNKNOWN")]
                refused = Refused(400, 50035, "Invalid Form Body", wrong)
                refused.mistake = False
                raise refused
            call.answer = getattr(self._routes, operation.name)(call)
            call.status = (
                204 if call.answer is None else 201 if call.name.startswith("create_thread") else 200
            )
        except Refused as refused:
            call.answer = self._refusal(call, refused)
            if refused.mistake:
                told = "; ".join(map(str, refused.wrong)) or refused.message
                self.violations.append(f"{operation.name}: {told}")
        except Exception:
            # Otherwise nobody would notice: the bot takes it for a bad day of Discord's.
            self.violations.append(f"{operation.name}: the stand-in failed\n{traceback.format_exc()}")
            raise
        if fault is not None and fault.how is not How.DELAY:
            return await self._fail(fault, call, request)
        if fault is not None:
            await asyncio.sleep(fault.seconds)
        return self._answer(call, call.answer, headers)

    def _check(self, operation: Operation, call: Call, authorization: str | None) -> None:
        if operation.auth and (self.revoked or authorization != f"Bot {self.token}"):
            raise Refused(401, 0, "401: Unauthorized")
        wrong = self._spec.check_query(operation, call.query)
        self.ignored += [
            f"{call.name}: {name}" for name in call.query if name not in (*operation.query, *UNTOLD)
        ]
        if operation.body is not None:
            wrong += self._spec.check(operation.body, call.body)
            self.ignored += [f"{call.name}: {name}" for name in self._spec.ignored(operation.body, call.body)]
        if wrong:
            raise invalid(wrong)

    def check_as(self, schema: str, value: object) -> None:
        """Refuse what does not fit a schema that the route alone cannot tell."""
        if wrong := self._spec.check({"is": schema}, value):
            raise invalid(wrong)

    def _refusal(self, call: Call, refused: Refused) -> Json:
        call.status, call.code, call.message = refused.status, refused.code, refused.message
        if refused.status in INVALID:
            self._count_invalid()
        return refused.json

    def _count_invalid(self) -> None:
        self._invalid.append(time.monotonic())
        if self.invalid_requests >= self.invalid_allowed:
            self.limits.ban()

    def _limited(self, operation: Operation, call: Call) -> web.StreamResponse | None:
        window, scope = self.limits.take(operation, call.params)
        if window is None:
            return None
        after = window.left(time.monotonic())
        return self._flooded(call, after, scope, self.limits.headers(operation, call.params))

    def _flooded(self, call: Call, after: float, scope: str, headers: dict[str, str]) -> web.StreamResponse:
        self.floods.append(Flood(call.name, call.at, after, scope))
        told = headers | {"Retry-After": str(int(after) + 1), "X-RateLimit-Scope": scope}
        if scope == "global":
            told = {key: value for key, value in told.items() if "Scope" in key or "Retry" in key}
            told["X-RateLimit-Global"] = "true"
        else:
            told["X-RateLimit-Remaining"] = "0"
        refused = Refused(429, 0, "You are being rate limited.")
        body = self._refusal(call, refused) | {"retry_after": after, "global": scope == "global"}
        return self._answer(call, body, told)

    def _banned(self, call: Call) -> web.StreamResponse:
        """Answer as Cloudflare does: a page, and no Via."""
        after = self.limits.banned_until - time.monotonic()
        self.floods.append(Flood(call.path, call.at, after, "cloudflare"))
        self._invalid.append(time.monotonic())
        call.status = 429
        page = "<html><head><title>Access denied</title></head><body>error code: 1015</body></html>"
        headers = {"Retry-After": str(int(after) + 1), "Server": "cloudflare"}
        return web.Response(status=429, text=page, content_type="text/html", headers=headers)

    def _answer(self, call: Call, body: Any, headers: dict[str, str] | None = None) -> web.StreamResponse:
        told = VIA | (headers or {})
        if body is None:
            return web.Response(status=204, headers=told)
        # The client compares the content type to the letter.
        told["Content-Type"] = "application/json"
        return web.Response(status=call.status, body=json.dumps(body).encode(), headers=told)

    async def _fail(self, fault: Fault, call: Call, request: web.Request) -> web.StreamResponse:
        match fault.how:
            case How.HANG:
                await asyncio.sleep(3600)  # until the bot hangs up or the server goes down
            case How.GATEWAY:
                call.status = fault.status
                page = f"<html><body><h1>{fault.status}</h1></body></html>"
                # What Cloudflare itself refuses has not passed Discord's proxy.
                via = {"Retry-After": "1800"} if fault.status == 429 else VIA
                return web.Response(status=fault.status, text=page, content_type="text/html", headers=via)
            case How.BAD_JSON:
                call.status = 200
                told = VIA | {"Content-Type": "application/json"}
                return web.Response(status=200, body=b'{"id": "1', headers=told)
            case How.FLOOD:
                return self._flooded(call, fault.seconds, fault.scope, {})
        call.status = 0
        transport = request.transport
        if transport is not None:
            if fault.how is How.RESET and (peer := transport.get_extra_info("socket")) is not None:
                # Closed without lingering, the connection ends by RST.
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        return web.Response()

    async def _download(self, request: web.Request) -> web.StreamResponse:
        number = request.match_info["id"]
        for message in self.messages.values():
            for one in message.raw["attachments"]:
                if one["id"] == number:
                    upload = message.files[one["filename"]]
                    return web.Response(body=upload.content, content_type=one["content_type"])
        raise web.HTTPNotFound


def _shown(body: Json) -> Json:
    """Return the message in the body of a call, wherever it stands there."""
    return body.get("message") or body.get("data") or body


async def _read(request: web.Request, call: Call) -> bool:
    """Read the body of a request; return whether it cannot be read."""
    try:
        if request.content_type == "multipart/form-data":
            for name, value in (await request.post()).items():
                if isinstance(value, web.FileField):
                    call.files[name] = Upload(value.filename, value.file.read())
                    value.file.close()
                elif name == "payload_json":
                    call.body = json.loads(str(value))
            call.body = call.body if call.body is not None else {}
        elif text := await request.text():
            call.body = json.loads(text)
    except ValueError:
        return True
    return False
