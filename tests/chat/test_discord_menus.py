"""What Discord's menus offer: names and words in every language, within the limits, the same as elsewhere."""

import json
import unicodedata
from typing import Any

import pytest

from notifier.chat.discord.menus import MESSAGE_MENUS, hash_of, payload
from notifier.domain.texts import LANGUAGES, text
from notifier.services.commands import COMMANDS
from notifier.services.commands.declared import WISH_OPTIONS
from tests.standin.discord.rules import check_commands

LOCALES = {"de", "es-ES", "es-419"}


def named(options: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Return everything that has a name, with where it stands."""
    return [
        found
        for it in options
        for found in ((f"{path}/{it['name']}", it), *named(it.get("options", ()), f"{path}/{it['name']}"))
    ]


def levels(options: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return the lists in which no name may stand twice."""
    return [options, *(level for it in options if it.get("options") for level in levels(it["options"]))]


def test_every_name_and_description_is_said_in_every_language() -> None:
    for path, it in named([found for found in payload() if found["type"] == 1]):
        assert set(it["name_localizations"]) == LOCALES, path
        assert set(it["description_localizations"]) == LOCALES, path
    for menu in (it for it in payload() if it["type"] == 3):
        assert set(menu["name_localizations"]) == LOCALES


def test_names_are_lower_case_short_and_of_letters_in_every_language() -> None:
    """Discord's pattern, of which one wrong name refuses all commands."""
    for path, it in named([found for found in payload() if found["type"] == 1]):
        for name in (it["name"], *it["name_localizations"].values()):
            assert 1 <= len(name) <= 32, (path, name)
            assert name == name.lower(), (path, name)
            assert all(ch in "-_'" or unicodedata.category(ch)[0] in "LN" for ch in name), (path, name)


def test_no_name_stands_twice_where_it_is_chosen_in_any_language() -> None:
    for level in levels([found for found in payload() if found["type"] == 1]):
        for locale in LOCALES:
            names = [it["name_localizations"][locale] for it in level]
            assert len(set(names)) == len(names), (locale, names)


def test_descriptions_choices_and_menus_fit_in_every_language() -> None:
    for path, it in named(payload()):
        if it["type"] == 3 and "contexts" in it:
            assert all(len(words) <= 32 for words in (it["name"], *it["name_localizations"].values())), path
            continue
        described = (it["description"], *it["description_localizations"].values())
        assert all(1 <= len(words) <= 100 for words in described), path
        assert len(it.get("options", ())) <= 25, path
        assert len(it.get("choices", ())) <= 25, path
        assert all(len(choice["name"]) <= 100 for choice in it.get("choices", ())), path


def test_discord_takes_the_commands_as_they_are() -> None:
    assert check_commands(payload()) == []


def test_the_commands_are_the_same_at_every_start() -> None:
    """They are sent when their hash is another one, and Discord takes a few hundred a day."""
    assert hash_of(payload()) == hash_of(json.loads(json.dumps(payload())))
    assert hash_of(payload()) != hash_of(payload()[1:])


def test_both_platforms_offer_the_same_options() -> None:
    """A wish in parts where options have names; everything else under the name that a line has it by."""
    offered = {it["name"]: it for it in payload() if it["type"] == 1}
    for name, it in offered.items():
        if name == "feed":
            continue
        found = COMMANDS[name]
        known = {option.name: option for option in found.options if option.name != found.asks}
        wish = {option.name: option for option in WISH_OPTIONS} if found.asks else {}
        assert set(known) | set(wish) == {one["name"] for one in it["options"]}, name
        for one in it["options"]:
            option = (known | wish)[one["name"]]
            assert one["required"] == option.required
            assert [str(choice["value"]) for choice in one.get("choices", ())] == [*map(str, option.choices)]


def test_feeds_take_everywhere_what_the_command_takes() -> None:
    """Discord's subcommands have what the command is told by name, and the channel that it is about."""
    (feed,) = (it for it in payload() if it["name"] == "feed")
    taken = {one["name"] for it in feed["options"] for one in it["options"]}
    found = COMMANDS["feed"]

    assert {option.name for option in WISH_OPTIONS} <= taken
    assert {option.name for option in found.options if option.named} - {"number"} <= taken
    assert {"feed", "channel"} <= taken


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_menu_is_called_what_it_says(language: str) -> None:
    menus = [it for it in payload() if it["type"] == 3]

    said = [it["name"] if language == "en" else it["name_localizations"][LOCALE[language]] for it in menus]

    assert said == [text(id_, language) for id_ in MESSAGE_MENUS]


LOCALE = {"de": "de", "es": "es-419"}
