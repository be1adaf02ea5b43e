"""The stand-in answers discord.py the way Discord does."""

import asyncio
import io
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands, ui
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.standin.discord.gateway import GUILDS
from tests.standin.discord.permissions import BITS
from tests.standin.discord.person import Person
from tests.standin.discord.server import Discord
from tests.standin.discord.spec import Json
from tests.standin.discord.world import Channel, Guild
from tests.standin.updates import until

ONLY_GUILDS = discord.Intents(guilds=True)


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Discord]:
    server = await Discord.start()
    monkeypatch.setattr(Route, "BASE", server.api)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(server.gateway.url))
    yield server
    await server.close()


@pytest.fixture
def bob(server: Discord) -> Person:
    return server.user("Bob")


@pytest.fixture
def ann(server: Discord, guild: Guild) -> Person:
    ann = server.user("Ann", locale="de")
    guild.join(ann)
    return ann


@pytest.fixture
def guild(server: Discord, bob: Person) -> Guild:
    return server.guild("Python Berlin", owner=bob)


@pytest.fixture
def jobs(guild: Guild) -> Channel:
    return guild.text("jobs")


class Place(app_commands.Transformer):
    """A channel to write to. The library's own types name media channels too, which the description lacks."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        return [discord.ChannelType.text, discord.ChannelType.forum]

    async def transform(self, interaction: discord.Interaction, value: Any, /) -> Any:
        return value


class Save(ui.DynamicItem[ui.Button[Any]], template=r"save:(?P<job>\d+)"):
    """A button that knows its job by its custom id."""

    def __init__(self, job: int) -> None:
        super().__init__(ui.Button(label="Save", custom_id=f"save:{job}"))
        self.job = job

    @classmethod
    async def from_custom_id(cls, interaction: discord.Interaction, item: Any, match: Any, /) -> "Save":
        return cls(int(match["job"]))

    async def callback(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"Saved {self.job}.", ephemeral=True)


class Card(ui.LayoutView):
    """A job as a container with buttons."""

    def __init__(self, text: str = "**Python developer**") -> None:
        super().__init__(timeout=None)
        row: ui.ActionRow[Any] = ui.ActionRow(
            ui.Button(label="Apply", url="https://board.example/1"), Save(7)
        )
        self.add_item(ui.Container(ui.TextDisplay(text), ui.Separator(), row, accent_colour=0x2ECC71))


class Form(ui.Modal, title="Time"):
    """One field."""

    time: ui.Label[Any] = ui.Label(text="Time", component=ui.TextInput(custom_id="time"))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        assert isinstance(self.time.component, ui.TextInput)
        await interaction.response.send_message(f"At {self.time.component.value}.", ephemeral=True)


class Menu(ui.View):
    """A select menu whose choice replaces the message."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @ui.select(custom_id="menu", options=[discord.SelectOption(label=name) for name in ("one", "two")])
    async def chosen(self, interaction: discord.Interaction, select: ui.Select[Any]) -> None:
        await interaction.response.edit_message(content=f"Chose {select.values[0]}.", view=self)

    @ui.button(label="Later", custom_id="later")
    async def later(self, interaction: discord.Interaction, button: ui.Button[Any]) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="It is later.")

    @ui.button(label="Form", custom_id="form")
    async def form(self, interaction: discord.Interaction, button: ui.Button[Any]) -> None:
        await interaction.response.send_modal(Form())


async def skills(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    return [
        app_commands.Choice(name=name, value=name)
        for name in ("python", "postgres")
        if name.startswith(current)
    ]


def commands(tree: app_commands.CommandTree[Any]) -> None:
    """Declare a few commands as the bot will."""
    everywhere = {"guilds": True, "dms": True, "private_channels": True}

    @tree.command(name="jobs", description="Show jobs")
    @app_commands.allowed_contexts(**everywhere)
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.autocomplete(skills=skills)
    async def jobs(interaction: discord.Interaction, skills: str = "", days: int = 7) -> None:
        view = Card(f"Jobs for {skills} within {days} days, in {interaction.locale}")
        await interaction.response.send_message(view=view, ephemeral=interaction.guild is not None)

    @tree.command(name="slow", description="Take time")
    async def slow(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        await asyncio.sleep(0.05)
        await interaction.followup.send("At last.")
        await interaction.followup.send("And more.", ephemeral=True)

    @tree.command(name="menu", description="Show a menu")
    async def menu(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("Choose.", view=Menu())

    @tree.command(name="dead", description="Never answer")
    async def dead(interaction: discord.Interaction) -> None: ...

    feed = app_commands.Group(
        name="feed",
        description="Feeds",
        default_permissions=discord.Permissions(manage_guild=True),
        guild_only=True,
    )

    @feed.command(name="add", description="Add a feed")
    async def add(
        interaction: discord.Interaction,
        channel: app_commands.Transform[app_commands.AppCommandChannel, Place],
        mention: discord.Role | None = None,
    ) -> None:
        mentioned = mention.name if mention else "nobody"
        app = interaction.app_permissions.send_messages
        text = f"{channel.mention} {mentioned} {app}"
        await interaction.response.send_message(text, ephemeral=True)

    tree.add_command(feed)

    @tree.context_menu(name="Save job")
    async def save(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"Saved {message.id}.", ephemeral=True)


@asynccontextmanager
async def running(
    server: Discord,
    kind: type[discord.Client] = discord.Client,
    intents: discord.Intents = ONLY_GUILDS,
    **options: Any,
) -> AsyncIterator[discord.Client]:
    """Run a real client until the block ends."""
    client = kind(
        intents=intents, allowed_mentions=discord.AllowedMentions.none(), guild_ready_timeout=0.1, **options
    )
    tree: app_commands.CommandTree[Any] = app_commands.CommandTree(client)
    commands(tree)

    async def setup() -> None:
        client.add_dynamic_items(Save)
        client.add_view(Menu())
        await tree.sync()

    client.setup_hook = setup  # type: ignore[method-assign]
    runs = asyncio.create_task(client.start(server.token))
    try:
        ready = asyncio.create_task(client.wait_until_ready())
        await asyncio.wait([runs, ready], timeout=20, return_when=asyncio.FIRST_COMPLETED)
        if runs.done():
            ready.cancel()
            runs.result()
        yield client
    finally:
        await client.close()
        await asyncio.gather(runs, return_exceptions=True)


@pytest.fixture
async def client(server: Discord, jobs: Channel) -> AsyncIterator[discord.Client]:
    async with running(server) as client:
        yield client
    assert server.violations == []
    assert server.ignored == []


async def request(server: Discord, method: str, path: str, body: Any = None, **extra: Any) -> tuple[int, Any]:
    """Ask with no library between."""
    headers = {"Authorization": f"Bot {server.token}"} | extra.pop("headers", {})
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, server.api + path, json=body, **extra) as answer,
    ):
        if answer.content_type != "application/json":
            return answer.status, await answer.text()
        return answer.status, await answer.json()


async def asked(server: Discord, channel: Channel, **body: Any) -> tuple[int, Any]:
    return await request(server, "POST", f"/channels/{channel.id}/messages", body)


def text_channel(client: discord.Client, channel: Channel) -> discord.TextChannel:
    found = client.get_channel(channel.id)
    assert isinstance(found, discord.TextChannel)
    return found


# A client at work.


async def test_a_client_logs_in_and_sees_its_servers(
    server: Discord, client: discord.Client, guild: Guild, jobs: Channel
) -> None:
    found = client.get_guild(guild.id)

    assert found is not None and found.me.id == server.bot.id and client.application_id == server.bot.id
    assert text_channel(client, jobs).permissions_for(found.me).send_messages
    assert [one.intents for one in server.identifies] == [GUILDS]
    assert [one.request.query["compress"] for one in server.gateway.connections] == ["zlib-stream"]


async def test_shards_share_the_servers(server: Discord, bob: Person) -> None:
    guilds = [server.guild(f"Server {number}", owner=bob) for number in range(4)]
    server.gateway.shards = 2

    async with running(server, discord.AutoShardedClient) as client:
        # It waits five seconds between two shards.
        await until(lambda: len(client.guilds) == 4 or None, 12, "all servers")
        shards = {one.id: one.shard_id for one in client.guilds}

    assert [one.shard for one in server.identifies] == [(0, 2), (1, 2)]
    assert shards == {one.id: (one.id >> 22) % 2 for one in guilds}
    assert set(shards.values()) == {0, 1}


async def test_a_slash_command_is_answered_with_components(
    client: discord.Client, ann: Person, jobs: Channel
) -> None:
    answer = await ann.slash("jobs", jobs, skills="python", days=3)

    assert answer.text == "Jobs for python within 3 days, in de"
    assert answer.buttons == ["Apply", "Save"]
    assert answer.links == [("Apply", "https://board.example/1")]
    assert answer.is_ephemeral and not answer.deferred and answer.seconds < 1
    assert answer.accent == 0x2ECC71
    assert jobs.texts() == []


async def test_a_press_reaches_the_button_by_its_custom_id(
    client: discord.Client, ann: Person, bob: Person, jobs: Channel
) -> None:
    answer = await ann.slash("jobs", jobs)

    pressed = await ann.presses(answer, "Save")
    forged = await ann.presses_id(answer, "save:9")

    assert (pressed.text, forged.text) == ("Saved 7.", "Saved 9.")
    with pytest.raises(AssertionError, match="only"):
        await bob.presses(answer, "Save")


async def test_autocomplete_offers_choices(client: discord.Client, ann: Person, jobs: Channel) -> None:
    choices = await ann.completes("jobs", "skills", "py", jobs, days=3)

    assert [(one.name, one.value) for one in choices] == [("python", "python")]


async def test_a_deferred_answer_keeps_its_first_word(
    client: discord.Client, ann: Person, jobs: Channel
) -> None:
    answer = await ann.slash("slow", jobs)

    assert (answer.text, answer.deferred, answer.is_ephemeral) == ("At last.", True, True)
    assert (await answer.follows()).text == "And more."


async def test_a_menu_a_deferred_update_and_a_modal(
    client: discord.Client, ann: Person, jobs: Channel
) -> None:
    answer = await ann.slash("menu", jobs)

    chosen = await ann.selects(answer, "two")
    later = await ann.presses(chosen, "Later")
    form = await ann.presses(chosen, "Form")
    submitted = await ann.submits(form, time="08:00")

    assert (chosen.text, chosen.is_update) == ("Chose two.", True)
    assert (later.text, later.is_update, later.deferred) == ("It is later.", True, True)
    assert form.modal["title"] == "Time"
    assert submitted.text == "At 08:00."
    assert answer.text == "Choose." and answer.now.text == "It is later."
    assert jobs.texts() == ["It is later."]


async def test_a_subcommand_takes_channels_and_roles(
    client: discord.Client, ann: Person, bob: Person, guild: Guild, jobs: Channel
) -> None:
    forum, role = guild.forum("board"), guild.role("python", mentionable=True)
    jobs.deny(guild, "send_messages")

    answer = await bob.slash("feed add", jobs, channel=forum, mention=role)

    assert answer.text == f"{forum.mention} python False"
    assert not ann.is_offered("feed add", jobs) and not bob.is_offered("feed add")
    with pytest.raises(AssertionError, match="cannot be chosen"):
        await bob.slash("feed add", jobs, channel=guild.announcement("news"))
    with pytest.raises(AssertionError, match="required"):
        await bob.slash("feed add", jobs)
    with pytest.raises(AssertionError, match="not among the options"):
        await ann.slash("jobs", jobs, skill="python")


async def test_a_message_has_a_menu_of_commands(
    server: Discord, client: discord.Client, ann: Person, jobs: Channel
) -> None:
    sent = await text_channel(client, jobs).send(view=Card())

    answer = await ann.menu("Save job", await jobs.hears())

    assert answer.text == f"Saved {sent.id}."


async def test_nobody_answers_a_command_in_time(
    server: Discord, client: discord.Client, ann: Person, jobs: Channel
) -> None:
    server.answer_seconds = 0.1

    with pytest.raises(AssertionError, match="no answer"):
        await ann.slash("dead", jobs)


async def test_an_installed_app_works_in_messages_and_foreign_servers(
    server: Discord, client: discord.Client, bob: Person
) -> None:
    eve = server.user("Eve")
    foreign = server.guild("Elsewhere", owner=bob, bot=False)
    hall = foreign.text("hall")
    foreign.join(eve)
    assert not eve.is_offered("jobs") and not eve.is_offered("jobs", hall)

    eve.installs()
    here, there = await eve.slash("jobs"), await eve.slash("jobs", foreign)
    between = await eve.slash("jobs", eve.chat_with(bob))
    foreign.everyone.revoke("use_external_apps")

    assert [one.is_ephemeral for one in (here, there, between)] == [False, True, False]
    assert (await eve.slash("jobs", hall)).is_ephemeral
    with pytest.raises(AssertionError, match="not installed"):
        await eve.slash("slow", hall)


async def test_direct_messages_are_heard_and_edited(
    server: Discord, client: discord.Client, ann: Person
) -> None:
    user = await client.fetch_user(ann.id)

    message = await user.send("Hello", file=discord.File(io.BytesIO(b"# Jobs"), "jobs.md"))
    await message.edit(content="Hello again")

    first, second = await ann.hears(), await ann.hears()
    assert (first.text, first.files, first.is_edit) == ("Hello", {"jobs.md": b"# Jobs"}, False)
    assert (second.text, second.files, second.is_edit) == ("Hello again", {"jobs.md": b"# Jobs"}, True)
    await ann.hears_nothing(0.05)


async def test_files_are_seen_when_a_component_shows_them(
    server: Discord, client: discord.Client, jobs: Channel
) -> None:
    view = ui.LayoutView()
    view.add_item(ui.File("attachment://jobs.md"))
    files = [discord.File(io.BytesIO(b"x"), name) for name in ("jobs.md", "lost.md")]

    message = await text_channel(client, jobs).send(view=view, files=files)

    seen = await jobs.hears()
    assert seen.files == {"jobs.md": b"x"}
    assert await message.attachments[0].read() == b"x"


async def test_a_forum_takes_posts_only(
    server: Discord, client: discord.Client, guild: Guild, jobs: Channel
) -> None:
    forum = guild.forum("board", tags=["remote", "onsite"], require_tag=True)
    found = await until(lambda: client.get_channel(forum.id), 30, "forum")
    assert isinstance(found, discord.ForumChannel)

    with pytest.raises(discord.HTTPException) as needs_tag:
        await found.create_thread(name="Python developer", view=Card())
    made = await found.create_thread(
        name="Python developer", view=Card(), applied_tags=[found.available_tags[0]]
    )

    assert needs_tag.value.code == 40067
    thread = await forum.opens()
    assert (thread.name, thread.first.text) == ("Python developer", "**Python developer**")
    assert [one.name for one in thread.applied] == ["remote"]
    assert made.message.id == made.thread.id
    await made.thread.send("More")
    assert (await asked(server, forum, content="x"))[1]["code"] == 50008
    assert thread.texts() == ["**Python developer**", "More"]


async def test_an_archived_thread_wakes_unless_it_is_locked(
    server: Discord, client: discord.Client, jobs: Channel
) -> None:
    thread = jobs.thread("talk")
    thread.archive()

    woken, _ = await asked(server, thread, content="x")
    thread.archive(lock=True)
    locked = await asked(server, thread, content="x")

    assert woken == 200
    assert locked[1]["code"] == 50083


async def test_announcements_are_published_ten_times_an_hour(server: Discord, guild: Guild) -> None:
    news, talk = guild.announcement("news"), guild.text("talk")
    server.limits.limits["create_message"] = (100, 1.0)
    statuses = []
    for _ in range(11):
        _, message = await asked(server, news, content="x")
        path = f"/channels/{news.id}/messages/{message['id']}/crosspost"
        statuses.append((await request(server, "POST", path))[0])
    _, message = await asked(server, talk, content="x")

    refused = await request(server, "POST", f"/channels/{talk.id}/messages/{message['id']}/crosspost")

    assert statuses == [200] * 10 + [429]
    assert refused[1]["code"] == 50024
    assert sum(one.crossposted for one in news.messages.values()) == 10


async def test_the_bot_hears_of_changes(
    server: Discord, client: discord.Client, guild: Guild, bob: Person, jobs: Channel
) -> None:
    found = client.get_guild(guild.id)
    assert found is not None and guild.bot_role is not None
    role = guild.role("python")
    jobs.deny(server.bot, "send_messages")
    role.set(mentionable=True)
    thread = jobs.thread("talk")
    second = server.guild("Second", owner=bob)

    await until(lambda: client.get_guild(second.id), 30, "second server")
    assert not text_channel(client, jobs).permissions_for(found.me).send_messages
    assert getattr(found.get_role(role.id), "mentionable", False)
    assert found.get_thread(thread.id) is not None

    guild.give(server.bot, role)
    guild.delete_role(role)
    guild.delete_channel(jobs)
    second.kick_bot()
    await until(lambda: not client.get_guild(second.id) or None, 30, "farewell")
    assert client.get_channel(jobs.id) is None and found.get_role(role.id) is None


# Webhooks.


async def test_a_webhook_is_a_destination_of_its_own(server: Discord, jobs: Channel, guild: Guild) -> None:
    hook = jobs.webhook()
    server.limits.limits["execute_webhook"] = (50, 1.0)
    link = {"type": 2, "style": 5, "label": "Apply", "url": "https://board.example/1"}
    press = {"type": 2, "style": 1, "label": "Save", "custom_id": "x"}
    path = f"/webhooks/{hook.id}/{hook.token}"

    def row(button: Json) -> Json:
        return {"content": "Job", "components": [{"type": 1, "components": [button]}]}

    async with aiohttp.ClientSession() as session, session.post(hook.url, json={"content": "x"}) as answer:
        assert answer.status == 204
    _, message = await request(server, "POST", f"{path}?wait=true&with_components=true", row(link))
    edited = await request(server, "PATCH", f"{path}/messages/{message['id']}", {"content": "Closed"})
    forbidden = await request(server, "POST", f"{path}?with_components=true", row(press))
    dropped = await request(server, "POST", f"{path}?wait=true", row(link))
    wrong = await request(server, "POST", f"/webhooks/{hook.id}/wrong", {"content": "x"})
    hook.delete()
    gone = await request(server, "POST", path, {"content": "x"})

    assert edited[0] == 200 and jobs.texts() == ["x", "Closed", "Job"]
    assert forbidden[1]["code"] == 50035
    assert dropped[1]["components"] == [] and server.ignored == ["execute_webhook: components"]
    assert (wrong[0], wrong[1]["code"]) == (401, 50027)
    assert (gone[0], gone[1]["code"]) == (404, 10015)


async def test_a_library_webhook_writes_too(server: Discord, client: discord.Client, guild: Guild) -> None:
    forum = guild.forum("board")
    async with aiohttp.ClientSession() as session:
        hook = discord.Webhook.partial(
            (made := forum.webhook()).id, made.token, session=session, client=client
        )
        with pytest.raises(discord.HTTPException) as nowhere:
            await hook.send("x")
        await hook.send("x", thread_name="Today", wait=True)

    assert nowhere.value.code == 220001
    assert (await until(lambda: next(iter(forum.threads), None), 30, "post")).texts() == ["x"]


# What is refused.


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"content": "x" * 2001}, "content"),
        ({"content": 5}, "content"),
        ({"content": "x", "nonce": "n" * 26}, "nonce"),
        ({"embeds": [{"title": "x" * 257}]}, "embeds.0.title"),
        ({"embeds": [{"description": "x" * 4000}] * 2}, "embeds"),
        ({"embeds": [{"title": "x", "url": "javascript://x"}]}, "embeds.0.url"),
        ({"embeds": [{"fields": [{"name": " ", "value": "x"}]}]}, "embeds.0.fields.0.name"),
        ({"content": "x", "flags": 1 << 6}, "flags"),
        ({"content": "x", "components": [{"type": 10, "content": "x"}]}, "components.0.type"),
        ({"content": "x", "flags": 1 << 15, "components": [{"type": 10, "content": "x"}]}, "content"),
        ({"flags": 1 << 15, "components": [{"type": 10, "content": "x" * 2001}] * 2}, "components"),
        ({"flags": 1 << 15, "components": [{"type": 14}] * 41}, "components"),
        ({"flags": 1 << 15, "components": [{"type": 99}]}, "components.0.type"),
        ({"flags": 1 << 15, "components": [{"type": 17, "components": [{"type": 2}]}]}, "components.0.components.0.type"),
        ({"flags": 1 << 15, "components": [{"type": 13, "file": {"url": "attachment://a"}}]}, "components.0.file.url"),
        ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}, "allowed_mentions"),
        ({"content": "x", "attachments": [{"id": "0"}]}, "attachments.0.id"),
    ],
)  # fmt: skip
async def test_a_message_that_cannot_be(server: Discord, jobs: Channel, body: Json, place: str) -> None:
    status, answer = await asked(server, jobs, **body)

    assert (status, answer["code"]) == (400, 50035)
    assert len(server.violations) == 1 and f" {place}:" in server.violations[0]
    errors = answer["errors"]
    for step in place.split("."):
        errors = errors[step]
    assert errors["_errors"]


@pytest.mark.parametrize(
    ("component", "place"),
    [
        ({"type": 2, "style": 1, "label": "x" * 81, "custom_id": "x"}, "label"),
        ({"type": 2, "style": 1, "label": "x", "custom_id": "x" * 101}, "custom_id"),
        ({"type": 2, "style": 5, "label": "x", "url": "https://x.example/" + "x" * 500}, "url"),
        ({"type": 2, "style": 5, "label": "x", "url": "ftp://x.example"}, "url"),
        ({"type": 2, "style": 5, "label": "x", "url": "https://x.example", "custom_id": "x"}, ""),
        ({"type": 2, "style": 1, "label": "x"}, ""),
        ({"type": 2, "style": 1, "custom_id": "x"}, "label"),
        ({"type": 3, "custom_id": "x", "options": [{"label": "x", "value": "x"}] * 26}, "options"),
        ({"type": 3, "custom_id": "x", "options": [{"label": "x", "value": "x"}] * 2}, "options"),
        ({"type": 10, "content": "x"}, "type"),
    ],
)
async def test_a_component_that_cannot_be(
    server: Discord, jobs: Channel, component: Json, place: str
) -> None:
    row = {"type": 1, "components": [component]}
    _, answer = await asked(server, jobs, content="x", components=[row])

    assert answer["code"] == 50035
    assert f"components.0.components.0{'.' if place else ''}{place}:" in server.violations[0]


async def test_custom_ids_are_unique_and_messages_not_empty(server: Discord, jobs: Channel) -> None:
    button = {"type": 2, "style": 1, "label": "x", "custom_id": "x"}
    _, doubled = await asked(server, jobs, components=[{"type": 1, "components": [button, button]}])
    _, empty = await asked(server, jobs, content=" ")

    assert (doubled["code"], empty["code"]) == (50035, 50006)
    assert len(server.violations) == 2


async def test_components_stay_components(server: Discord, client: discord.Client, jobs: Channel) -> None:
    message = await text_channel(client, jobs).send(view=Card())

    await message.edit(view=Card("Closed"))
    status, _ = await request(
        server, "PATCH", f"/channels/{jobs.id}/messages/{message.id}", {"content": "x", "flags": 0}
    )

    assert status == 400 and jobs.texts() == ["Closed"]
    assert server.violations.pop().startswith("update_message: content:")


@pytest.mark.parametrize(
    ("command", "place"),
    [
        ({"name": "Jobs", "description": "x"}, "0.name"),
        ({"name": "jobs now", "description": "x"}, "0.name"),
        ({"name": "jobs"}, "0.description"),
        ({"name": "jobs", "description": "x" * 101}, "0.description"),
        ({"name": "jobs", "description": "x", "name_localizations": {"xx": "x"}}, "0.name_localizations.xx"),
        ({"name": "x", "description": "x", "options": [{"type": 3, "name": "a", "description": "x"},
            {"type": 3, "name": "b", "description": "x", "required": True}]}, "0.options.1"),
        ({"name": "x", "description": "x", "options": [{"type": 3, "name": f"o{n}", "description": "x"}
            for n in range(26)]}, "0.options"),
        ({"name": "x", "description": "x", "options": [{"type": 3, "name": "a", "description": "x",
            "choices": [{"name": f"{n}", "value": f"{n}"} for n in range(26)]}]}, "0.options.0.choices"),
        ({"name": "x", "description": "x", "options": [{"type": 3, "name": "a", "description": "x",
            "autocomplete": True, "choices": [{"name": "x", "value": "x"}]}]}, "0.options.0"),
        ({"name": "Save", "description": "x", "type": 3}, "0.description"),
    ],
)  # fmt: skip
async def test_a_command_that_cannot_be(server: Discord, command: Json, place: str) -> None:
    _, answer = await request(server, "PUT", f"/applications/{server.bot.id}/commands", [command])

    assert answer["code"] == 50035
    assert f" {place}:" in server.violations[0]


async def test_commands_keep_their_ids(server: Discord, guild: Guild) -> None:
    path = f"/applications/{server.bot.id}/guilds/{guild.id}/commands"
    _, first = await request(server, "PUT", path, [{"name": "jobs", "description": "x"}])
    _, added = await request(server, "POST", path, {"name": "menu", "description": "x"})

    _, second = await request(server, "PUT", path, [{"name": "jobs", "description": "y"}])

    assert [one["id"] for one in second] == [first[0]["id"]] and added["guild_id"] == str(guild.id)
    assert (await request(server, "GET", f"{path}/{added['id']}"))[1]["code"] == 10063


async def test_an_interaction_has_one_answer_in_time(server: Discord, ann: Person, jobs: Channel) -> None:
    asking = server.interact(ann, 2, jobs, {"id": "1", "name": "x", "type": 1})
    late = server.interact(ann, 2, jobs, {"id": "1", "name": "x", "type": 1})
    late.at -= 4
    body = {"type": 4, "data": {"content": "x"}}

    def path(one: Any) -> str:
        return f"/interactions/{one.id}/{one.token}/callback"

    follow = f"/webhooks/{server.bot.id}/{asking.token}"
    early = await request(server, "POST", follow, {"content": "x"})
    first = await request(server, "POST", path(asking) + "?with_response=true", body)
    second = await request(server, "POST", path(asking), body)
    third = await request(server, "POST", path(late), body)
    original = await request(server, "GET", follow + "/messages/@original")
    removed = await request(server, "DELETE", follow + "/messages/@original")
    asking.at -= 901
    expired = await request(server, "POST", follow, {"content": "x"})

    assert early[1]["code"] == 10015
    assert first[1]["resource"]["message"] == original[1]
    assert (second[0], second[1]["code"]) == (400, 40060)
    assert (third[0], third[1]["code"]) == (404, 10062)
    assert removed[0] == 204 and jobs.texts() == []
    assert (expired[0], expired[1]["code"]) == (401, 50027)


@pytest.mark.parametrize(
    ("permission", "body", "code"),
    [
        ("view_channel", {"content": "x"}, 50001),
        ("send_messages", {"content": "x"}, 50013),
        ("embed_links", {"embeds": [{"title": "x"}]}, 50013),
        ("embed_links", {"content": "x"}, 0),
    ],
)
async def test_permissions(server: Discord, jobs: Channel, permission: str, body: Json, code: int) -> None:
    jobs.deny(server.bot, permission)

    status, answer = await asked(server, jobs, **body)

    assert (status, answer.get("code", 0)) == ((403, code) if code else (200, 0))


async def test_roles_and_overwrites_add_up(server: Discord, guild: Guild, jobs: Channel, ann: Person) -> None:
    team = guild.role("team")
    guild.give(ann, team)
    jobs.deny(guild, "send_messages")
    denied = guild.may(ann.id, "send_messages", jobs)
    jobs.allow(team, "send_messages")
    allowed = guild.may(ann.id, "send_messages", jobs)
    jobs.deny(ann, "view_channel")

    assert (denied, allowed) == (False, True)
    assert guild.permissions(ann.id, jobs) == 0
    assert guild.may(guild.owner.id, "manage_webhooks", jobs)
    assert {*BITS} == {*BITS} & {*discord.Permissions.VALID_FLAGS}
    assert all(discord.Permissions.VALID_FLAGS[name] == 1 << bit for name, bit in BITS.items())


async def test_direct_messages_have_doors(server: Discord, ann: Person) -> None:
    eve = server.user("Eve")
    codes = []
    for person in (ann, eve):
        _, channel = await request(server, "POST", "/users/@me/channels", {"recipient_id": str(person.id)})
        person.closes_dms()
        path = f"/channels/{channel['id']}/messages"
        codes.append((await request(server, "POST", path, {"content": "x"}))[1]["code"])
        person.opens_dms()
        person.installs()
        assert (await request(server, "POST", path, {"content": "x"}))[0] == 200

    assert codes == [50007, 50278]


async def test_what_is_gone(server: Discord, guild: Guild, jobs: Channel) -> None:
    guild.delete_channel(jobs)
    other = guild.text("other")
    nowhere = await asked(server, jobs, content="x")
    nothing = await request(server, "PATCH", f"/channels/{other.id}/messages/1", {"content": "x"})
    guild.kick_bot()

    assert (nowhere[0], nowhere[1]["code"]) == (404, 10003)
    assert (nothing[0], nothing[1]["code"]) == (404, 10008)
    assert (await asked(server, other, content="x"))[1]["code"] == 50001
    assert server.violations == []


async def test_mentions_ping_whom_they_may(server: Discord, guild: Guild, jobs: Channel, ann: Person) -> None:
    loud, quiet = guild.role("loud", mentionable=True), guild.role("quiet")
    text = f"{ann.mention} {loud.mention} {quiet.mention} @everyone"

    await asked(server, jobs, content=text, allowed_mentions={"parse": []})
    assert server.pings == []
    await asked(server, jobs, content=text, allowed_mentions={"roles": [str(loud.id), str(quiet.id)]})
    await asked(server, jobs, content=text)
    assert guild.bot_role is not None
    guild.bot_role.grant("mention_everyone")
    await asked(server, jobs, flags=1 << 15, components=[{"type": 10, "content": text}])

    pinged = [(set(one.pinged.users), set(one.pinged.roles), one.pinged.everyone) for one in server.pings]
    assert pinged == [
        (set(), {loud.id}, False),
        ({ann.id}, {loud.id}, False),
        ({ann.id}, {loud.id, quiet.id}, True),
    ]


async def test_a_nonce_is_written_once(server: Discord, jobs: Channel) -> None:
    first = await asked(server, jobs, content="x", nonce="a", enforce_nonce=True)
    again = await asked(server, jobs, content="x", nonce="a", enforce_nonce=True)
    await asked(server, jobs, content="x", nonce="a")
    server.nonce_seconds = 0
    later = await asked(server, jobs, content="x", nonce="a", enforce_nonce=True)

    assert again[1]["id"] == first[1]["id"] != later[1]["id"]
    assert len(jobs.messages) == 3 and len(server.repeats) == 1


async def test_an_unknown_route_and_unknown_fields_are_noticed(server: Discord, jobs: Channel) -> None:
    await request(server, "POST", "/nowhere")
    await asked(server, jobs, content="x", embed={"title": "x"})

    assert server.violations == ["POST /api/v10/nowhere: there is no such route"]
    assert server.ignored == ["create_message: embed"]


# Limits.


async def test_buckets_fill_and_empty(server: Discord, client: discord.Client, jobs: Channel) -> None:
    server.limits.limits["create_message"] = (5, 0.5)
    channel = text_channel(client, jobs)
    began = time.monotonic()

    await asyncio.gather(*(channel.send(f"{number}") for number in range(11)))

    assert time.monotonic() - began >= 1.0
    assert len(jobs.messages) == 11 and server.floods == []


async def test_a_full_bucket_refuses(server: Discord, guild: Guild, jobs: Channel) -> None:
    server.limits.limits["create_message"] = (5, 60.0)
    answers = [await asked(server, jobs, content="x") for _ in range(6)]
    elsewhere = await asked(server, guild.text("other"), content="x")

    status, body = answers[-1]
    assert (status, body["global"], elsewhere[0]) == (429, False, 200)
    assert 30 < body["retry_after"] <= 60.1
    assert [(one.call, one.scope) for one in server.floods] == [("create_message", "user")]
    assert server.invalid_requests == 1


async def test_fifty_a_second_over_all(server: Discord, client: discord.Client, guild: Guild) -> None:
    server.limits.overall = (5, 0.5)
    channels = [guild.text(f"c{number}") for number in range(8)]
    await until(lambda: client.get_channel(channels[-1].id), 30, "channels")

    await asyncio.gather(*(text_channel(client, one).send("x") for one in channels))

    assert all(one.texts() == ["x"] for one in channels)
    assert {one.scope for one in server.floods} == {"global"}


async def test_cloudflare_bans_an_address(server: Discord, client: discord.Client, jobs: Channel) -> None:
    server.invalid_allowed = 3
    with pytest.raises(discord.Forbidden):
        jobs.deny(server.bot, "send_messages")
        await text_channel(client, jobs).send("x")
    server.limits.ban(60)

    with pytest.raises(discord.HTTPException) as banned:
        await text_channel(client, jobs).send("x")

    assert banned.value.status == 429 and "Via" not in banned.value.response.headers
    assert server.floods[-1].scope == "cloudflare" and server.invalid_requests == 2


# The gateway.


async def test_a_wrong_token(server: Discord) -> None:
    await server.revoke_token()

    with pytest.raises(discord.LoginFailure):
        async with running(server):
            pass

    assert server.calls[0].status == 401


async def test_a_token_that_is_reset_ends_the_session(server: Discord, jobs: Channel) -> None:
    client = discord.Client(intents=ONLY_GUILDS)
    runs = asyncio.create_task(client.start(server.token))
    await until(lambda: server.gateway.connected or None, 30, "connection")

    await server.revoke_token()

    with pytest.raises(discord.ConnectionClosed) as closed:
        await asyncio.wait_for(runs, 30)
    assert closed.value.code == 4004
    await client.close()


async def test_an_intent_that_is_not_approved(server: Discord) -> None:
    client = discord.Client(intents=discord.Intents(guilds=True, members=True))

    with pytest.raises(discord.PrivilegedIntentsRequired):
        await client.start(server.token)

    await client.close()


async def hello(server: Discord, payload: Json, query: str = "?v=10&encoding=json") -> int | None:
    """Say one thing to the gateway, and return the code with which it hangs up."""
    async with aiohttp.ClientSession() as session, session.ws_connect(server.gateway.url + query) as socket:
        await socket.send_json(payload)
        while (await socket.receive(5)).type is aiohttp.WSMsgType.TEXT:
            pass
        return socket.close_code


async def test_the_gateway_hangs_up_on_nonsense(server: Discord) -> None:
    asked: Json = {"token": server.token, "intents": 1, "properties": {}}

    assert await hello(server, {"op": 2, "d": asked | {"intents": 1 << 30}}) == 4013
    assert await hello(server, {"op": 2, "d": asked | {"intents": 1 << 15}}) == 4014
    assert await hello(server, {"op": 2, "d": asked | {"shard": [2, 2]}}) == 4010
    assert await hello(server, {"op": 2, "d": asked | {"token": "x"}}) == 4004
    assert await hello(server, {"op": 3, "d": {}}) == 4003
    assert await hello(server, {"op": 77, "d": {}}) == 4001
    assert await hello(server, {}) == 4002
    assert await hello(server, {"op": 2, "d": asked}, "?v=6&encoding=json") == 4012


async def test_a_cut_connection_resumes_and_hears_what_it_missed(
    server: Discord, client: discord.Client, guild: Guild
) -> None:
    server.gateway.cut()
    missed = guild.text("missed")

    await until(lambda: client.get_channel(missed.id), 30, "missed channel")

    assert len(server.identifies) == 1
    assert [one.resumed for one in server.gateway.sessions.values()] == [1]


async def test_a_reconnect_is_obeyed(
    server: Discord, client: discord.Client, ann: Person, jobs: Channel
) -> None:
    (session,) = server.gateway.sessions.values()
    server.gateway.reconnect()
    await until(lambda: session.resumed or None, 30, "resume")

    assert (await ann.slash("jobs", jobs)).text.startswith("Jobs")
    assert len(server.identifies) == 1


async def test_an_invalid_session_begins_anew(
    server: Discord, client: discord.Client, ann: Person, jobs: Channel
) -> None:
    server.gateway.invalidate()
    # It waits five seconds before it identifies again.
    await until(lambda: len(server.identifies) == 2 or None, 10, "second identify")
    await until(lambda: server.gateway.connected or None, 30, "session")

    assert (await ann.slash("jobs", jobs)).text.startswith("Jobs")


async def test_a_gateway_that_was_down(server: Discord, client: discord.Client, guild: Guild) -> None:
    await server.gateway.goes_down()
    missed = guild.text("missed")
    await server.gateway.comes_up()

    await until(lambda: client.get_channel(missed.id), 10, "missed channel")


async def test_identifies_can_be_too_many(server: Discord) -> None:
    server.gateway.identifies_a_day = 2
    async with running(server):
        pass

    assert (await request(server, "GET", "/gateway/bot"))[1]["session_start_limit"]["remaining"] == 1


async def test_a_server_can_be_unavailable(server: Discord, client: discord.Client, guild: Guild) -> None:
    found = client.get_guild(guild.id)
    assert found is not None
    guild.outage()
    await until(lambda: found.unavailable or None, 30, "outage")

    guild.recovers()

    await until(
        lambda: ((there := client.get_guild(guild.id)) and not there.unavailable) or None, 2, "server"
    )


# Faults.


async def test_an_answer_that_is_lost_is_asked_again_with_the_same_nonce(
    server: Discord, client: discord.Client, jobs: Channel
) -> None:
    lost = server.faults.lose_answer("create_message", channel=jobs.id)
    channel = text_channel(client, jobs)

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await channel.send("x", nonce="one")
    await channel.send("x", nonce="one")

    assert len(lost.struck) == 1 and jobs.texts() == ["x"]


async def test_lost_answers_lose_and_repeat_nothing(
    server: Discord, client: discord.Client, guild: Guild
) -> None:
    server.limits.on = False
    lost = server.faults.lose_answer("create_message", times=None, chance=0.1)
    channels = [guild.text(f"c{number}") for number in range(10)]
    await until(lambda: client.get_channel(channels[-1].id), 30, "channels")

    async def sends(channel: Channel, number: int) -> None:
        while True:
            try:
                await text_channel(client, channel).send(f"{number}", nonce=f"{channel.id}{number:04d}")
                return
            except (aiohttp.ClientError, OSError):
                continue

    await asyncio.gather(*(sends(channel, number) for channel in channels for number in range(30)))

    assert [sorted(map(int, one.texts())) for one in channels] == [[*range(30)]] * 10
    assert len(lost.struck) > 10 and len(server.repeats) == len(lost.struck)


async def test_a_reset_comes_before_anything(server: Discord, client: discord.Client, jobs: Channel) -> None:
    server.faults.reset("create_message")

    with pytest.raises(aiohttp.ClientOSError):
        await text_channel(client, jobs).send("x")

    assert jobs.texts() == []


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_broken_gateway_is_retried_by_the_library(
    server: Discord, client: discord.Client, jobs: Channel, status: int
) -> None:
    server.faults.gateway(status, "create_message", accepted=True)

    await text_channel(client, jobs).send("x")

    assert jobs.texts() == ["x"] and len(server.repeats) == 1


async def test_other_troubles(server: Discord, client: discord.Client, jobs: Channel) -> None:
    channel = text_channel(client, jobs)
    server.faults.gateway(503, "create_message")
    with pytest.raises(discord.DiscordServerError):
        await channel.send("x")
    server.faults.bad_json("create_message")
    with pytest.raises(ValueError, match="delimiter|Unterminated|Expecting"):
        await channel.send("x")
    server.faults.hang("create_message")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(channel.send("x"), 0.1)
    server.faults.flood(0.05, "create_message")
    server.faults.delay(0.1, "create_message")
    await channel.send("y")

    assert jobs.texts() == ["x", "y"]  # what hung was accepted


async def test_an_api_that_was_down(server: Discord, client: discord.Client, jobs: Channel) -> None:
    await server.goes_down()
    with pytest.raises(aiohttp.ClientError):
        await text_channel(client, jobs).send("x")

    await server.comes_up()
    await text_channel(client, jobs).send("y")

    assert jobs.texts() == ["y"]
