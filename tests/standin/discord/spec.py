"""What Discord's published description says of requests: routes, parameters, types and limits.

`discord_api.json` holds the facts only, for the operations listed here and the schemas they reach. It was made with

    python -m tests.standin.discord.spec PATH/TO/discord_openapi.json
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Place = tuple[str | int, ...]  # where in a body something is, from the outside in

EXTRACT = Path(__file__).with_name("discord_api.json")
ROUTES = """
    GET /gateway
    GET /gateway/bot
    GET /users/@me
    GET /users/{user_id}
    GET /oauth2/applications/@me
    GET /applications/@me
    GET /applications/{application_id}/commands
    PUT /applications/{application_id}/commands
    POST /applications/{application_id}/commands
    GET /applications/{application_id}/commands/{command_id}
    PATCH /applications/{application_id}/commands/{command_id}
    DELETE /applications/{application_id}/commands/{command_id}
    GET /applications/{application_id}/guilds/{guild_id}/commands
    PUT /applications/{application_id}/guilds/{guild_id}/commands
    POST /applications/{application_id}/guilds/{guild_id}/commands
    GET /applications/{application_id}/guilds/{guild_id}/commands/{command_id}
    PATCH /applications/{application_id}/guilds/{guild_id}/commands/{command_id}
    DELETE /applications/{application_id}/guilds/{guild_id}/commands/{command_id}
    POST /interactions/{interaction_id}/{interaction_token}/callback
    POST /users/@me/channels
    GET /channels/{channel_id}
    PATCH /channels/{channel_id}
    GET /channels/{channel_id}/messages
    POST /channels/{channel_id}/messages
    GET /channels/{channel_id}/messages/{message_id}
    PATCH /channels/{channel_id}/messages/{message_id}
    DELETE /channels/{channel_id}/messages/{message_id}
    POST /channels/{channel_id}/messages/{message_id}/crosspost
    POST /channels/{channel_id}/messages/{message_id}/threads
    POST /channels/{channel_id}/threads
    POST /channels/{channel_id}/typing
    GET /channels/{channel_id}/webhooks
    POST /channels/{channel_id}/webhooks
    GET /guilds/{guild_id}
    GET /guilds/{guild_id}/channels
    GET /guilds/{guild_id}/roles
    GET /guilds/{guild_id}/members/{user_id}
    GET /guilds/{guild_id}/threads/active
    GET /guilds/{guild_id}/webhooks
    GET /webhooks/{webhook_id}
    DELETE /webhooks/{webhook_id}
    GET /webhooks/{webhook_id}/{webhook_token}
    POST /webhooks/{webhook_id}/{webhook_token}
    DELETE /webhooks/{webhook_id}/{webhook_token}
    GET /webhooks/{webhook_id}/{webhook_token}/messages/@original
    PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original
    DELETE /webhooks/{webhook_id}/{webhook_token}/messages/@original
    GET /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}
    PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}
    DELETE /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}
""".strip().splitlines()
_KEPT = """
    type enum const oneOf anyOf items required properties additionalProperties pattern minimum maximum minLength
    maxLength minItems maxItems maxProperties uniqueItems
""".split()
# What discord.py always sends and Discord takes, although the description does not name it, or not everywhere.
UNTOLD = ("nsfw", "tts", "use_nested_fields")
_NO_LIMIT = 10_000  # the description writes 152133 and 1521 where there is no limit of its own


# Making the extract.


def extract(published: Path) -> Json:
    """Return the facts about our operations and the schemas they reach, from the published description."""
    whole = json.loads(published.read_text())
    schemas: dict[str, Json] = {}

    def reach(schema: Json) -> Json:
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[-1]
            if name not in schemas:
                schemas[name] = {}  # so that a schema may hold itself
                schemas[name] = reach(whole["components"]["schemas"][name])
            return {"is": name}
        kept = {key: value for key, value in schema.items() if key in _KEPT}
        if schema.get("format") == "uri":
            kept["format"] = "uri"
        for key in ("maxLength", "maxItems", "maxProperties"):
            if kept.get(key, 0) > _NO_LIMIT or (key != "maxLength" and kept.get(key) == 1521):
                del kept[key]
        for key in ("oneOf", "anyOf"):
            if key in kept and all("const" in one for one in kept[key]):
                kept["enum"] = [one["const"] for one in kept.pop(key)]
            elif key in kept:
                kept["oneOf"] = [reach(one) for one in kept.pop(key)]
        for key in ("items", "additionalProperties"):
            if isinstance(kept.get(key), dict):
                kept[key] = reach(kept[key])
        if "properties" in kept:
            kept["properties"] = {name: reach(value) for name, value in kept["properties"].items()}
        return kept

    operations: dict[str, Json] = {}
    for route in ROUTES:
        method, path = route.split()
        told = whole["paths"][path][method.lower()]
        content = told.get("requestBody", {}).get("content", {})
        operation: Json = {"route": route.strip()}
        if {} not in told.get("security", []):
            operation["auth"] = True
        if told.get("parameters"):
            operation["query"] = {one["name"]: reach(one["schema"]) for one in told["parameters"]}
        if content:
            operation["body"] = reach(content.get("application/json", next(iter(content.values())))["schema"])
        operations[told["operationId"]] = operation
    return {
        "source": "discord/discord-api-spec, MIT",
        "version": whole["info"]["version"],
        "operations": operations,
        "schemas": dict(sorted(schemas.items())),
    }


def _as_lines(facts: Json) -> str:
    """One operation or schema a line, so that a newer description gives a readable difference."""
    parts = []
    for key, value in facts.items():
        if isinstance(value, dict):
            lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(told)}" for name, told in value.items())
            parts.append(f"{json.dumps(key)}: {{\n{lines}\n}}")
        else:
            parts.append(f"{json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


# Asking it.


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong with a body."""

    place: Place
    message: str
    code: str = "BASE_TYPE_BAD"

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.place)) or 'body'}: {self.message}"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a request."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that the bot may ask, under the name the description gives it."""

    name: str
    method: str
    path: str  # with {names} for its parameters
    auth: bool  # whether it needs the bot's token
    query: dict[str, Json]
    body: Json | None
    pattern: re.Pattern[str]


class Spec:
    """The extract, asked."""

    def __init__(self) -> None:
        facts = json.loads(EXTRACT.read_text())
        self.schemas: dict[str, Json] = facts["schemas"]
        self.operations = {name: _operation(name, told) for name, told in facts["operations"].items()}

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """Return the operation and the parameters in its path; a fixed path goes before one with names."""
        found = [
            (one, match.groupdict())
            for one in self.operations.values()
            if one.method == method and (match := one.pattern.fullmatch(path))
        ]
        return min(found, key=lambda each: len(each[1]), default=None)

    def check_query(self, operation: Operation, query: dict[str, str]) -> list[Wrong]:
        wrong: list[Wrong] = []
        for name, schema in operation.query.items():
            if name in query:
                wrong += self.check(schema, _untexted(query[name], self._plain(schema)), (name,))
        return wrong

    def check(self, schema: Json, value: object, place: Place = ()) -> list[Wrong]:
        """Return what is wrong with a value; nothing when it is as described."""
        schema = self._plain(schema)
        if "oneOf" in schema:
            return self._any(schema["oneOf"], value, place)
        if _is_number(value) and "0|[1-9]" in schema.get("pattern", ""):
            value = str(value)  # an id as a number is taken for what it is
        if "type" in schema and (wrong := _type(schema["type"], value)):
            return [Wrong(place, wrong)]
        if value is None:
            return []
        allowed = schema.get("enum", [schema["const"]] if "const" in schema else None)
        if allowed is not None and value not in allowed:
            return [Wrong(place, f"Value must be one of {allowed}.", "BASE_TYPE_CHOICES")]
        return [*_limits(schema, value, place), *self._inside(schema, value, place)]

    def ignored(self, schema: Json, value: object, place: Place = ()) -> Iterator[str]:
        """Yield the names in a body that Discord does not know, and therefore overlooks."""
        schema = self._plain(schema)
        if "oneOf" in schema:
            schemas = [one for one in schema["oneOf"] if not self.check(one, value)]
            found = [set(self.ignored(one, value, place)) for one in schemas]
            yield from sorted(set.intersection(*found)) if found else ()
        elif isinstance(value, list) and "items" in schema:
            for at, item in enumerate(value):
                yield from self.ignored(schema["items"], item, (*place, at))
        elif isinstance(value, dict) and "properties" in schema:
            for name, item in value.items():
                if name in schema["properties"]:
                    yield from self.ignored(schema["properties"][name], item, (*place, name))
                elif name not in UNTOLD:
                    yield ".".join(map(str, (*place, name)))

    def _plain(self, schema: Json) -> Json:
        while "is" in schema:
            schema = self.schemas[schema["is"]]
        return schema

    def _any(self, schemas: list[Json], value: object, place: Place) -> list[Wrong]:
        """The complaint is the one of the alternative that was meant: of the same type, else the mildest."""
        tried = [(self._plain(one), self.check(one, value, place)) for one in schemas]
        if any(not wrong for _, wrong in tried):
            return []
        kind = value.get("type") if isinstance(value, dict) else None
        meant = [wrong for one, wrong in tried if kind is not None and kind in self._types_of(one)]
        if not meant and kind is not None and all(self._types_of(one) for one, _ in tried):
            known = sorted({each for one, _ in tried for each in self._types_of(one)})
            return [Wrong((*place, "type"), f"Value must be one of {known}.", "BASE_TYPE_CHOICES")]
        deepest = max(len(each.place) for _, wrong in tried for each in wrong)
        deep = [wrong for _, wrong in tried if any(len(each.place) == deepest for each in wrong)]
        return min(meant or deep, key=len)

    def _types_of(self, schema: Json) -> list[int]:
        found: list[int] = self._plain(schema.get("properties", {}).get("type", {})).get("enum", [])
        return found

    def _inside(self, schema: Json, value: object, place: Place) -> list[Wrong]:
        wrong: list[Wrong] = []
        if isinstance(value, list) and "items" in schema:
            for at, item in enumerate(value):
                wrong += self.check(schema["items"], item, (*place, at))
        if isinstance(value, dict):
            known = schema.get("properties", {})
            wrong += [
                Wrong((*place, name), "This field is required", "BASE_TYPE_REQUIRED")
                for name in schema.get("required", ())
                if name not in value
            ]
            others = schema.get("additionalProperties")
            for name, item in value.items():
                inner = known.get(name, others)
                if isinstance(inner, dict):
                    wrong += self.check(inner, item, (*place, name))
        return wrong


def _operation(name: str, told: Json) -> Operation:
    method, path = told["route"].split()
    named = re.sub(r"\{(\w+_id)\}", r"(?P<\1>\\d{1,20})", path)
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", named))
    return Operation(name, method, path, "auth" in told, told.get("query", {}), told.get("body"), pattern)


def _untexted(text: str, schema: Json) -> object:
    kinds = schema.get("type", "string")
    if "boolean" in kinds and text.lower() in ("true", "false", "1", "0"):
        return text.lower() in ("true", "1")
    if "integer" in kinds and text.isdigit():
        return int(text)
    return text


def _type(kinds: str | list[str], value: object) -> str:
    kinds = [kinds] if isinstance(kinds, str) else kinds
    fits = {
        "null": value is None,
        "boolean": isinstance(value, bool),
        "integer": _is_number(value),
        "number": isinstance(value, int | float) and not isinstance(value, bool),
        "string": isinstance(value, str),
        "array": isinstance(value, list),
        "object": isinstance(value, dict),
    }
    return "" if any(fits[kind] for kind in kinds) else f"{value!r:.60} is not {' or '.join(kinds)}."


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _limits(schema: Json, value: object, place: Place) -> list[Wrong]:
    wrong = []
    if isinstance(value, str):
        if len(value) > schema.get("maxLength", len(value)):
            text = f"Must be {schema['maxLength']} or fewer in length."
            wrong.append(Wrong(place, text, "BASE_TYPE_MAX_LENGTH"))
        if len(value) < schema.get("minLength", 0):
            text = f"Must be {schema['minLength']} or more in length."
            wrong.append(Wrong(place, text, "BASE_TYPE_MIN_LENGTH"))
        if "pattern" in schema and not re.search(schema["pattern"], value):
            wrong.append(Wrong(place, f"Value {value!r:.60} is not snowflake.", "NUMBER_TYPE_COERCE"))
    if isinstance(value, list | dict):
        most = schema.get("maxItems" if isinstance(value, list) else "maxProperties", len(value))
        if not schema.get("minItems", 0) <= len(value) <= most:
            text = f"Must be between {schema.get('minItems', 0)} and {most} in length."
            wrong.append(Wrong(place, text, "BASE_TYPE_BAD_LENGTH"))
    if isinstance(value, list) and schema.get("uniqueItems") and len({*map(str, value)}) < len(value):
        wrong.append(Wrong(place, "Must be unique.", "SET_TYPE_ALREADY_CONTAINS_VALUE"))
    if isinstance(value, int | float) and not (
        schema.get("minimum", value) <= value <= schema.get("maximum", value)
    ):
        text = f"Must be from {schema.get('minimum', '')} to {schema.get('maximum', '')}."
        wrong.append(Wrong(place, text, "NUMBER_TYPE_MAX"))
    return wrong


if __name__ == "__main__":
    EXTRACT.write_text(_as_lines(extract(Path(sys.argv[1]))))
