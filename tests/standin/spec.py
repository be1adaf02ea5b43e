"""What the Bot API's published description says of parameters: their names, types and which are required.

`bot_api.json` holds the facts only. A field is written as one string: `!` in front when it is required,
the types joined by `|`, and `=word` behind when no other value is allowed. It was made with

    python -m tests.standin.spec PATH/TO/telegram_api.json
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Json = dict[str, Any]

EXTRACT = Path(__file__).with_name("bot_api.json")
METHODS = """
    getMe getUpdates setWebhook deleteWebhook getWebhookInfo sendMessage editMessageText
    editMessageReplyMarkup sendDocument answerCallbackQuery answerInlineQuery setMyCommands
    deleteMyCommands getMyCommands getChat getChatMember getChatAdministrators sendChatAction
    deleteMessage leaveChat sendRichMessage getFile
""".split()
_ARRAY = "Array of "


def extract(published: Path) -> Json:
    """Return the facts about our methods and the types they reach, from the published description."""
    whole = json.loads(published.read_text())
    types: dict[str, Json | list[str]] = {}

    def fields(owner: Json) -> dict[str, str]:
        for field in owner.get("fields", ()):
            for name in field["types"]:
                reach(name.rsplit(_ARRAY, 1)[-1])
        return {field["name"]: _written(field) for field in owner.get("fields", ())}

    def reach(name: str) -> None:
        if name in types or name not in whole["types"]:
            return
        kind = whole["types"][name]
        types[name] = kind.get("subtypes", [])
        for subtype in kind.get("subtypes", ()):
            reach(subtype)
        if "subtypes" not in kind:
            types[name] = fields(kind)

    methods = {name: fields(whole["methods"][name]) for name in METHODS}
    return {
        "version": whole["version"],
        "source": "PaulSonOfLars/telegram-bot-api-spec, MIT",
        "methods": methods,
        "types": types,
    }


def _written(field: Json) -> str:
    only = re.search(r"(?:Scope type|Type of the result), must be (\w+)", field["description"])
    must = "!" if field["required"] else ""
    return must + "|".join(field["types"]) + (f"={only[1]}" if only else "")


def _as_lines(facts: Json) -> str:
    """One method or type a line, so that a newer description gives a readable difference."""
    parts = []
    for key, value in facts.items():
        if isinstance(value, dict):
            lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(told)}" for name, told in value.items())
            parts.append(f"{json.dumps(key)}: {{\n{lines}\n}}")
        else:
            parts.append(f"{json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


class Spec:
    """The extract, asked."""

    def __init__(self) -> None:
        facts = json.loads(EXTRACT.read_text())
        self.methods: dict[str, dict[str, str]] = facts["methods"]
        self.types: dict[str, dict[str, str] | list[str]] = facts["types"]

    def read(self, method: str, given: Mapping[str, object]) -> tuple[Json, list[str]]:
        """Return the parameters as values, and what is wrong with them.

        Forms carry everything as text, so a text stands for what the parameter's type makes of it.
        """
        known = self.methods[method]
        params = {name: self._untexted(known.get(name, "String"), value) for name, value in given.items()}
        return params, self._fields(known, params, method)

    def _untexted(self, written: str, value: object) -> object:
        kinds = _kinds(written)
        if not isinstance(value, str) or kinds == ["String"] or "InputFile" in kinds:
            return value
        try:
            read = json.loads(value.lower() if kinds == ["Boolean"] else value)
        except ValueError:
            return value
        if "String" in kinds and not isinstance(read, int):
            return value
        return bool(read) if kinds == ["Boolean"] and read in (0, 1) else read

    def _fields(self, known: Mapping[str, str], given: Mapping[str, object], where: str) -> list[str]:
        wrong = [f"{where}: {name} is not known" for name in given if name not in known]
        wrong += [
            f"{where}: {name} is missing"
            for name, written in known.items()
            if written[0] == "!" and name not in given
        ]
        for name in known.keys() & given.keys():
            wrong += self._value(known[name], given[name], f"{where}.{name}")
        return wrong

    def _value(self, written: str, value: object, where: str) -> list[str]:
        kinds = [name for kind in _kinds(written) for name in self._leaves(kind)]
        fitting = [kind for kind in kinds if self._looks_like(kind, value)]
        if not fitting and isinstance(value, dict) and len(kinds) == 1 and kinds[0] in self.types:
            fitting = kinds
        if not fitting:
            return [f"{where}: {value!r:.80} is not {' or '.join(_kinds(written))}"]
        if "=" in written and value != written.split("=")[1]:
            return [f"{where}: {value!r:.80} is not {written.split('=')[1]}"]
        return min((self._inside(kind, value, where) for kind in fitting), key=len)

    def _leaves(self, kind: str) -> list[str]:
        told = self.types.get(kind)
        if not isinstance(told, list) or not told:  # InputFile has neither fields nor subtypes
            return [kind]
        return [leaf for subtype in told for leaf in self._leaves(subtype)]

    def _looks_like(self, kind: str, value: object) -> bool:
        match kind:
            case "Integer":
                return isinstance(value, int) and not isinstance(value, bool)
            case "Float":
                return isinstance(value, int | float) and not isinstance(value, bool)
            case "Boolean":
                return isinstance(value, bool)
            case "String":
                return isinstance(value, str)
            case "InputFile":
                return isinstance(value, Upload)
        if kind.startswith(_ARRAY):
            return isinstance(value, list)
        if not isinstance(value, dict):
            return False
        told = self.types[kind]
        assert isinstance(told, dict)
        return all(
            name in value and ("=" not in written or value[name] == written.split("=")[1])
            for name, written in told.items()
            if written[0] == "!"
        )

    def _inside(self, kind: str, value: object, where: str) -> list[str]:
        if isinstance(value, list):
            inner = kind.removeprefix(_ARRAY)
            return [
                wrong for at, item in enumerate(value) for wrong in self._value(inner, item, f"{where}[{at}]")
            ]
        told = self.types.get(kind)
        if isinstance(value, dict) and isinstance(told, dict):
            return self._fields(told, value, where)
        return []


class Upload:
    """A file that came with a request."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name = name
        self.content = content

    def __repr__(self) -> str:
        return f"<{self.name}, {len(self.content)} bytes>"


def _kinds(written: str) -> list[str]:
    return written.lstrip("!").split("=")[0].split("|")


if __name__ == "__main__":
    EXTRACT.write_text(_as_lines(extract(Path(sys.argv[1]))))
