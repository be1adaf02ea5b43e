"""What people read: complete in every language, true to its values, and short enough for where it stands."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from gettext import GNUTranslations
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from notifier.chat import markdown
from notifier.chat.discord import menus
from notifier.domain import compose
from notifier.domain.cadence import Cadence
from notifier.domain.compose import AveragePay, Digest, Entry, Statistics, Trend, Why
from notifier.domain.document import Document
from notifier.domain.facts import Facts, Role, Seniority, WorkMode
from notifier.domain.filters import FILTERS, UNSTATED, CompiledWish, Prepared
from notifier.domain.filters.said import reasons, refusals, sentence
from notifier.domain.posting import ListedOn, Opening
from notifier.domain.query import parse
from notifier.domain.texts import LANGUAGES, day, has_text, moment, text
from notifier.errors import UserError
from notifier.services.commands import COMMANDS, Caller, answer
from notifier.services.commands.declared import WISH_OPTIONS
from notifier.services.commands.feed import ACTIONS as FEED_ACTIONS
from notifier.services.commands.settings import NAMES
from notifier.services.commands.values import WEEKDAYS
from notifier.store.database import Database
from notifier.store.tables import DestinationKind
from tests.conftest import START, Clock
from tests.road import Road, a_posting, postings

ROOT = Path(__file__).parent.parent
LOCALES = ROOT / "notifier" / "domain" / "locales"
OTHERS = [language for language in LANGUAGES if language != "en"]

LONGEST_BUTTON = 80  # Discord's; Telegram takes more
LONGEST_DESCRIPTION = 100  # Discord's; Telegram takes 256

# Options of commands that only buttons have, and those that are asked for in several.
NOT_OFFERED = {"query", "was", "mention"}
# Joined with what stands around them, so their blanks are wanted.
JOINED = {"or", "list-of", "seen-on", "and"}
BUTTONS = {
    *(
        "apply",
        "save",
        "applied",
        "hide",
        "mute",
        "why",
        "undo",
        "pause",
        "resume",
        "remove",
        "share",
        "erase",
    ),
    *("export", "test", "skip", "start-chip", "start-remote", "start-anywhere"),
    *(f"start-how-{cadence}" for cadence in Cadence),
    *(f"setting-{name}" for name in NAMES),
    *(f"admin-{name}-button" for name in ("sources", "dead", "reports")),
}
# Names and words that a language has from English.
SAME = {
    "de": {
        *("language-en", "language-de", "language-es", "role-word-devops", "wish-in"),
        *("remote-word-only", "in-word-remote", "remote-word-hybrid", "digest-remote"),
        *("mode-remote", "mode-hybrid", "start-remote"),
        "not-stated",  # nothing but a symbol, which Unicode takes for a letter
        *(f"month-{n}" for n in (1, 2, 4, 6, 7, 8, 9, 11)),
        *("called-start", "called-jobs", "called-pause", "called-export", "called-feed", "called-admin"),
        *("called-test", "called-token", "called-remote", "called-name", "called-status", "called-job"),
        "called-tag",
        "called-webhook",
    },
    "es": {
        *("language-en", "language-de", "language-es", "role-word-devops", "role-word-backend"),
        *("role-word-frontend", "role-word-fullstack", "admin-chats", "not-stated", "why-not-line"),
        *("called-feed", "called-admin", "called-webhook"),
    },
}


@cache
def written(language: str) -> Catalog:
    with (LOCALES / language / "LC_MESSAGES" / "notifier.po").open("rb") as file:
        return read_po(file, abort_invalid=True)


def forms(language: str) -> dict[str, tuple[str, ...]]:
    """Return by id the words of an entry: one text, or one for each plural form."""
    found = {}
    for message in written(language):
        if isinstance(message.id, tuple):
            found[message.id[0]] = tuple(message.string)
        elif message.id:
            found[message.id] = (message.string,)
    return found


def every_form() -> list[tuple[str, str, str]]:
    """Return (language, id, words) of each form of each entry."""
    return [
        (language, id_, words)
        for language in LANGUAGES
        for id_, found in forms(language).items()
        for words in found
    ]


def has_plural(language: str, id_: str) -> bool:
    message = written(language).get(id_)
    return message is not None and isinstance(message.id, tuple)


def fields(words: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(words) if name is not None}


def literal(words: str) -> str:
    return " ".join(part for part, _, _, _ in Formatter().parse(words))


# -- complete -----------------------------------------------------------------------------------


def used() -> Iterator[str]:
    """Yield every string of the code that could be a message id."""
    for file in (ROOT / "notifier").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def asked_for() -> Iterator[str]:
    """Yield every message id that the code names where it asks for a text."""
    for file in (ROOT / "notifier").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
                continue
            if node.func.id in (
                "text",
                "said",
                "line",
                "UserError",
                "BadQuery",
                "BadOption",
                "NotSubscribed",
            ):
                found = [leaf.value for leaf in ast.walk(node.args[0]) if isinstance(leaf, ast.Constant)]
                # SQL has a function `text` too.
                yield from (
                    id_ for id_ in found if isinstance(id_, str) and re.fullmatch(r"[a-z][a-z-]+[a-z]", id_)
                )


def named_in_menus() -> set[str]:
    """Return every name of a command, a subcommand and an option that Discord's menus show."""
    commands = [it for it in menus.payload() if it["type"] == menus.CHAT_INPUT]
    options = [it for found in commands for it in found["options"]]
    return {
        it["name"]
        for it in [*commands, *options, *(inner for it in options for inner in it.get("options", ()))]
    }


def made_up_ids() -> set[str]:
    """Return the ids that the code puts together from a name and a value."""
    cadences = ("instant", "daily", "weekly", "both")
    return (
        {f"weekday-{n}" for n in range(7)}
        | {f"month-{n}" for n in range(1, 13)}
        | {f"command-{name}" for name, found in COMMANDS.items() if found.is_listed}
        | {f"mode-{mode}" for mode in ("remote", "hybrid", "onsite")}
        | {f"{what}-{key}" for what in ("wish", "unstated", "refused") for key in FILTERS}
        | {f"remote-word-{mode}" for mode in ("only", "hybrid", "no", "unknown")}
        | {f"level-word-{level}" for level in Seniority if level is not Seniority.UNSPECIFIED}
        | {f"role-word-{role}" for role in Role}
        | {"pay-word-flagged", "in-word-remote"}
        | {
            f"{what}-{cadence}"
            for what in ("cadence", "subscribed-how", "feed-how", "start-how")
            for cadence in cadences
        }
        | {f"marked-{status}" for status in ("saved", "applied", "hidden", "interview", "offer", "rejected")}
        | {f"saved-{status}" for status in ("saved", "applied", "interview", "offer", "rejected")}
        | {f"setting-{name}" for name in NAMES}
        | {f"settings-{name}" for name in NAMES if name not in ("silent", "tables")}
        | {
            f"settings-{name}"
            for name in (
                "digest-off",
                "quiet-off",
                "home-off",
                "silent-on",
                "silent-off",
                "tables-on",
                "tables-off",
            )
        }
        | {f"language-{language}" for language in LANGUAGES}
        | {f"privacy-{part}" for part in ("kept", "not-kept", "yours")}
        | {f"feed-{what}" for what in ("paused", "resumed")}
        | {f"feed-does-{action}" for action in FEED_ACTIONS}
        | {f"called-{name.replace('_', '-')}" for name in named_in_menus()}
        | {
            f"given-{option.name.replace('_', '-')}"
            for option in [*WISH_OPTIONS, *(it for found in COMMANDS.values() for it in found.options)]
            if option.name not in NOT_OFFERED
        }
        | {"given-feed", "given-channel", "given-mention-add", "given-mention-edit"}
        | {f"dead-{what}" for what in ("retry", "drop")}
        | {
            f"admin-source-{state}"
            for state in ("good", "new", "suspect", "failing", "paused", "unread", "quiet")
        }
        | {f"admin-{name}-button" for name in ("sources", "dead", "reports")}
        | {
            f"admin-{name}"
            for name in ("people", "chats", "subscriptions", "jobs", "open", "owed", "sent", "dead")
        }
    )


def test_no_text_is_missing_and_none_is_unused() -> None:
    """Each id that the code names is in the catalogue, and the catalogue holds no other."""
    words = set(used())
    catalogue = set(forms("en"))

    assert catalogue - words - made_up_ids() == set()
    assert made_up_ids() - catalogue == set()
    assert set(asked_for()) - catalogue == set()
    assert {
        word for word in words if re.fullmatch(r"(?:query|option|subscription|digest|settings)-[a-z-]+", word)
    } <= catalogue


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text(language: str) -> None:
    """No id is missing or left over, no entry is empty, and none waits for somebody to look at it."""
    found = forms(language)

    assert found.keys() ^ forms("en").keys() == set()
    assert [id_ for id_, words in found.items() if not all(words)] == []
    assert [message.id for message in written(language) if message.id and message.fuzzy] == []


@pytest.mark.parametrize("language", OTHERS)
def test_no_text_is_left_in_english(language: str) -> None:
    """Only names, and words that the language has from English, are the same; the list holds no other."""
    english, found = forms("en"), forms(language)
    same = {
        id_
        for id_, words in found.items()
        if set(words) & set(english[id_]) and any(map(str.isalpha, literal("".join(words))))
    }

    assert same == SAME[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    """The .mo is that of the .po; after a change: pybabel compile -d notifier/domain/locales -D notifier."""
    with (LOCALES / language / "LC_MESSAGES" / "notifier.mo").open("rb") as file:
        compiled = GNUTranslations(file)
    for id_, words in forms(language).items():
        if not has_plural(language, id_):
            assert compiled.gettext(id_) == words[0]
            continue
        for number in (0, 1, 2, 5):
            form = compiled.plural(number)  # type: ignore[attr-defined]
            assert compiled.ngettext(id_, id_, number) == words[form]


# -- true to its values -------------------------------------------------------------------------


def test_every_text_names_the_values_of_the_english_one() -> None:
    """In every language and plural form the same placeholders stand."""
    english = {id_: fields(words[0]) for id_, words in forms("en").items()}

    assert [(language, id_) for language, id_, words in every_form() if fields(words) != english[id_]] == []


def test_what_is_typed_is_the_same_in_every_language() -> None:
    """Commands, words of the query language and examples stay as people type them."""

    def typed(words: str) -> list[str]:
        return sorted(
            re.findall(r"(?<![\w/])/[a-z]\w*|\b[a-z]+(?::|>=)(?=[\w{])\S*[^\s.,;:]|“data platform”", words)
        )

    english = {id_: typed(words[-1]) for id_, words in forms("en").items()}

    assert [(language, id_) for language, id_, words in every_form() if typed(words) != english[id_]] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_counts_has_the_plural_forms_of_its_language(language: str) -> None:
    """An entry with a count and words beside it has a form for each number, as many as the language has."""
    catalogue = written(language)

    assert catalogue.plural_forms == Catalog(locale=language).plural_forms  # as Babel knows the language
    for id_, words in forms(language).items():
        if "count" in fields(words[-1]) and any(map(str.isalpha, literal(words[-1]))):
            assert has_plural(language, id_), id_
        assert len(words) == (catalogue.num_plurals if has_plural(language, id_) else 1), id_


@pytest.mark.parametrize(
    ("id_", "language", "one", "many"),
    [
        ("new-jobs", "en", "1 new job", "{} new jobs"),
        ("new-jobs", "de", "1 neuer Job", "{} neue Jobs"),
        ("new-jobs", "es", "1 empleo nuevo", "{} empleos nuevos"),
        ("subscribed-open", "en", "1 open job fits now", "{} open jobs fit now"),
        ("subscribed-open", "de", "1 offener Job passt jetzt", "{} offene Jobs passen jetzt"),
        ("subscribed-open", "es", "1 empleo abierto encaja ahora", "{} empleos abiertos encajan ahora"),
        ("admin-dead", "en", "1 dead letter", "{} dead letters"),
        ("digest-subscriptions", "de", "1 Abo", "{} Abos"),
        ("digest-already", "es", "1 ya enviado", "{} ya enviados"),
    ],
)
def test_numbers_choose_their_form(id_: str, language: str, one: str, many: str) -> None:
    """One is one, and 0, 2 and 5 are many."""
    assert one in text(id_, language, count=1)
    for number in (0, 2, 5):
        assert many.format(number) in text(id_, language, count=number)


def test_values_are_inserted_as_they_are() -> None:
    """A value is never looked into, and what looks like a placeholder in it is not one."""
    assert text("muted", company="{evil.__class__}") == "🔕 Nothing from {evil.__class__} any more."


def test_an_unknown_id_is_an_error() -> None:
    """A text that is missing shows while it is written, not to people."""
    for locale in ("en", "de", "xx"):
        with pytest.raises(KeyError):
            text("no-such-text", locale)
        with pytest.raises(KeyError):
            text("no-such-text", locale, count=2)
    assert not has_text("no-such-text")
    assert has_text("why")
    assert has_text("new-jobs")


@pytest.mark.parametrize(
    ("locale", "why"),
    [
        ("de", "Warum"),
        ("de-AT", "Warum"),
        ("de_CH", "Warum"),
        ("DE", "Warum"),
        ("es-419", "Por qué"),
        ("pt-BR", "Why"),
        ("zh-Hans-CN", "Why"),
        ("", "Why"),
        ("../de", "Why"),
    ],
)
def test_a_locale_falls_back_to_its_language_and_then_to_english(locale: str, why: str) -> None:
    """Clients say a region, in one form or another, or a language that we do not speak."""
    assert text("why", locale) == f"❓ {why}"


def test_dates_stand_in_the_order_of_their_language() -> None:
    """Short names, the day before the month."""
    on, at = date(2025, 11, 4), datetime(2025, 11, 5, 7, 30, tzinfo=UTC)

    assert [day(on, language) for language in LANGUAGES] == ["Tue 4 Nov", "Di, 4. Nov", "mar 4 nov"]
    assert [moment(at, "Europe/Berlin", language) for language in LANGUAGES] == [
        "Wed 08:30 Europe/Berlin",
        "Mi 08:30 Europe/Berlin",
        "mié 08:30 Europe/Berlin",
    ]


# -- fit for where it stands --------------------------------------------------------------------


def test_no_text_has_blanks_around_it_or_doubled() -> None:
    """What is joined with a neighbour has its one blank; nothing else begins or ends with one."""
    assert [
        (language, id_)
        for language, id_, words in every_form()
        if (words != words.strip() and id_ not in JOINED) or "  " in words or "\n" in words
    ] == []


def test_buttons_are_short() -> None:
    """No platform cuts a label or refuses it; a value in it has its own limit."""
    assert [
        (language, id_)
        for language, id_, words in every_form()
        if id_ in BUTTONS and len(words) > LONGEST_BUTTON
    ] == []
    assert forms("en").keys() >= BUTTONS


def test_english_buttons_say_what_people_search_for() -> None:
    """These words stand on the buttons exactly so; an emoji may stand beside them."""
    said = {id_: re.sub(r"^\W+", "", words[0]) for id_, words in forms("en").items() if id_ in BUTTONS}

    assert {
        id_: said[id_]
        for id_ in ("apply", "save", "applied", "hide", "why", "share", "erase", "pause", "undo")
    } == {
        "apply": "Apply",
        "save": "Save",
        "applied": "Applied",
        "hide": "Hide",
        "why": "Why",
        "share": "Share",
        "erase": "Erase",
        "pause": "Pause",
        "undo": "Undo",
    }
    assert said["mute"].startswith("Mute")


def test_descriptions_of_commands_fit_the_menus() -> None:
    """Discord takes a hundred characters."""
    assert [
        (language, id_)
        for language, id_, words in every_form()
        if id_.startswith("command-") and len(words) > LONGEST_DESCRIPTION
    ] == []


# -- wishes in words ----------------------------------------------------------------------------

WISHES = {
    "python django remote from:india": {
        "en": "Python or Django, remote, open to people in India",
        "de": "Python oder Django, remote, offen für Leute in India",
        "es": "Python o Django, remoto, abierto a personas en India",
    },
    "python+kafka -php in:berlin,remote": {
        "en": "Python + Kafka, without PHP, in Berlin, Germany or remote",
        "de": "Python + Kafka, ohne PHP, in Berlin, Germany oder remote",
        "es": "Python + Kafka, sin PHP, en Berlin, Germany o remoto",
    },
    "“data platform” level:senior,lead! role:backend,ml": {
        "en": "“data platform” in the title, senior or lead (only where the job says so), backend or machine learning",
        "de": "„data platform“ im Titel, Senior oder Lead (nur wenn der Job es ausdrücklich sagt), Backend oder Machine Learning",
        "es": "«data platform» en el título, sénior o líder técnico (solo si el empleo lo dice expresamente), backend o aprendizaje automático",
    },
    "remote:hybrid,no,unknown company:acme -company:initech source:mine days:1 pay:flagged": {
        "en": "hybrid or on site or mode not stated, marked as well paid, at acme, not at initech, from the list mine, age in days: at most 1",
        "de": "hybrid oder vor Ort oder ohne Angabe des Arbeitsmodells, als gut bezahlt markiert, bei acme, nicht bei initech, von der Liste mine, Alter in Tagen: höchstens 1",
        "es": "híbrido o presencial o sin indicar la modalidad, marcado como bien pagado, en la empresa acme, no en la empresa initech, de la lista mine, antigüedad en días: como máximo 1",
    },
}


@pytest.mark.parametrize("wish", WISHES)
def test_a_wish_is_a_sentence_in_each_language(wish: str) -> None:
    """The parts of a wish, joined, read as a person would say it."""
    parsed = parse(wish).wish

    assert {language: sentence(parsed, language) for language in LANGUAGES} == WISHES[wish]


# -- every document in each language ------------------------------------------------------------


def words_of(words: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{2,}", words.casefold()))


@cache
def vocabulary(language: str) -> set[str]:
    """Return every word that the texts of a language say."""
    return words_of(" ".join(literal(words) for found in forms(language).values() for words in found))


# Typed so in every language, wherever it stands.
TYPED = words_of(
    " ".join(
        [*WEEKDAYS, *Cadence, *NAMES, *LANGUAGES, "on off notifier"]
        + [f"{found.usage} {found.example} {' '.join(found.aliases)}" for found in COMMANDS.values()]
        + [choice for found in COMMANDS.values() for option in found.options for choice in option.choices]
    )
)


def shown(document: Document) -> str:
    blocks = [" ".join(span.text for span in block.spans) for block in document.blocks]
    return "\n".join([*blocks, *(action.label for action in document.actions)])


def strange(said: str, language: str, given: str) -> set[str]:
    """Return the words that are not the language's: of another one, or cut.

    given  words that are data: names, titles, what was typed
    """
    return words_of(said) - vocabulary(language) - TYPED - words_of(given)


def check(document: Document, language: str, *, given: str) -> None:
    """Fail for a word that is not the language's, and for a placeholder or a label that does not fit."""
    said = shown(document)

    assert document.blocks
    assert strange(said, language, given) == set(), said
    assert not set("{}…") & set(said), said
    assert [action.label for action in document.actions if len(action.label) > LONGEST_BUTTON] == []
    assert markdown.render(document).strip()


OPENING = Opening(
    id=7,
    key="key",
    title="Senior Python developer",
    company="Lumenfold",
    url="https://board.example/job/7",
    location="Berlin, Germany",
    posted_on=date(2026, 3, 2),
    first_seen=START,
    expires_at=START + timedelta(days=14),
    facts=Facts(
        mode=WorkMode.HYBRID, seniority=Seniority.SENIOR, role=Role.BACKEND, skills=("python", "django")
    ),
    lists=(ListedOn(name="nimbus", url="https://nimbus.example/7", list_url="https://nimbus.example"),),
)
DATA = "Senior Python developer Lumenfold Berlin Germany board nimbus EUR UTC Django"
WHY = Why(1, "python", {key: (UNSTATED,) for key in FILTERS})
FACTS = [
    replace(OPENING.facts, mode=mode, seniority=level)
    for mode in WorkMode
    for level in Seniority
    if level is not Seniority.UNSPECIFIED
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("shared", [False, True])
def test_pushes_and_their_edits_are_in_the_language(language: str, shared: bool) -> None:
    """Every mode and level, what a posting leaves open, a job that is closed: whole, and in one language."""
    for facts in FACTS:
        for job in (OPENING, replace(OPENING, pay_flagged=True), replace(OPENING, closed_at=START)):
            entry = Entry(replace(job, facts=facts), [WHY])

            check(compose.push(entry, START, language, shared=shared), language, given=DATA)
            check(compose.plain(entry, language), language, given=DATA)


@pytest.mark.parametrize("language", LANGUAGES)
def test_groups_and_digests_are_in_the_language(language: str) -> None:
    """Counts of one and of many, sent before, about to leave, a quiet fortnight, the lists' figures, the next."""
    jobs = [
        replace(OPENING, id=id_, title=f"Python developer {id_ % 3}", facts=FACTS[id_]) for id_ in range(6)
    ]
    entries = [Entry(job, [WHY], already_sent=job.id == 5) for job in jobs]
    figures = Statistics(
        open=1,
        remote=0.5,
        companies=1,
        trends=[Trend("python", 0.5, 0.25), Trend("django", 0.5, None)],
        pay=AveragePay(60_000, "EUR", 5),
    )

    for some in ([], entries[:1], entries):
        asked = Digest(
            on=START.date(),
            zone="UTC",
            entries=some,
            leaving=jobs[:1],
            statistics=figures,
            next_at=START,
            quiet_days=0 if some else 14,
        )
        check(compose.digest(asked, language), language, given=DATA)
        if some:
            check(compose.grouped(some, START, language), language, given=DATA)


@pytest.mark.parametrize("language", LANGUAGES)
def test_why_and_why_not_are_in_the_language(language: str) -> None:
    """What met a wish and what stands against it, for every filter, whether the posting says it or not."""
    elsewhere = (
        'rust "frobnicator" -senior in:munich! from:india! level:intern! role:qa! pay>=1000k/eur! company:acme'
        " -company:lumenfold source:mine days:1"
    )
    later, refused = START + timedelta(days=30), set()
    given = f"{DATA} frobnicator Munich India Acme mine rust year USD Bavaria United States"
    for facts in (*FACTS, Facts(), replace(FACTS[0], mode=WorkMode.REMOTE, scope=("US",))):
        job = Prepared(replace(OPENING, facts=facts, pay="60k USD"))
        for asked in (elsewhere, "remote:no,unknown", "remote:only"):
            wish = parse(asked).wish
            because = refusals(wish, job, later, language)

            assert strange(" ".join(because), language, given) == set(), because
            refused.update(CompiledWish(wish).refused_by(job, later))
        met = CompiledWish(parse("python remote:only,hybrid,no,unknown").wish).match(job, START) or {}
        for why in (met, WHY.met):
            assert strange(reasons(why, language), language, given) == set(), why
    assert refused == set(FILTERS)


LINES = [
    *(found.example for found in COMMANDS.values()),
    *(
        "help",
        "jobs unicorn",
        "subscibe",
        "subscribe",
        "subscribe python in:berlin! cadence:weekly",
        "sub frobnicator",
    ),
    *(
        "subscribe rust level:intern remote:no company:acme",
        "subscriptions",
        "subscriptions 1",
        "subscriptions pause 1",
    ),
    *(
        "subscriptions edit 1 python",
        "subscriptions resume 1",
        "subscriptions share 1",
        "unsubscribe 2",
        "unsubscribe x",
    ),
    *(
        "settings",
        *(f"settings {name}" for name in NAMES),
        "settings silent on",
        "settings quiet 22:00-07:00",
    ),
    *(
        "settings digest off",
        "settings digest 07:30",
        "settings home india",
        "settings home off",
        "settings quiet off",
    ),
    *(
        "settings colour red",
        "settings silent maybe",
        "settings quiet 22",
        "settings language xx",
        "settings weekday x",
    ),
    *(
        "digest",
        "digest now",
        "digest off",
        "digest 08:30",
        "digest file",
        "digest never",
        "pause",
        "resume",
        "stop",
    ),
    *("start", "start python", "start python remote", "start python remote daily", "start - anywhere daily"),
    *(
        "start s_none",
        "start l_none",
        "start old x y",
        "save 1",
        "hide 2",
        "mute 3",
        "unmute 3",
        "report 4",
        "unmark 2",
    ),
    *(
        "applied 1",
        "interview 1",
        "offer 1",
        "rejected 1",
        "saved",
        "saved offer",
        "why 1",
        "why 99",
        "job 99",
    ),
    *("privacy", "forget", "stats", "page none 2", "again none", "admin", "admin sources", "admin dead"),
    *(
        "admin dead drop 9",
        "admin reports",
        "admin allow x",
        "admin allow telegram:1",
        "admin sources pause none",
    ),
    *(
        "feed",
        "feed add python",
        "feed list",
        "feed test 1",
        "feed pause 1",
        "feed edit 1 rust",
        "feed resume 1",
    ),
    *("feed remove 1", "feed dance", "export", "forget yes", "forget yes"),
]


@pytest.fixture
async def road(tmp_path: Path, clock: Clock) -> Road:
    db = Database(f"sqlite:///{tmp_path}/notifier.db")
    db.migrate()
    made = Road(db, clock)
    await made.add_list("nimbus")
    await made.read(
        [*postings(*range(1, 14)), a_posting(14, title="Java developer", pay_flagged=True)], "nimbus"
    )
    return made


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [DestinationKind.PRIVATE, DestinationKind.GROUP])
async def test_every_command_answers_in_the_language(
    road: Road, clock: Clock, language: str, kind: DestinationKind
) -> None:
    """Each command's example, and what goes wrong, asked by an operator in a chat of their own and in a group."""
    caller = Caller(
        platform="fake",
        address="here",
        user_id="ann",
        now=clock.now,
        kind=kind,
        private="there",
        manages=True,
        operates=True,
        locale=language,
    )
    names = "Company Java Rust Germany Spain India Madrid frobnicator"

    for line in LINES:
        document = road.db.call(answer, caller, line)

        # What is to be typed as it is, such as a token.
        typed = " ".join(span.text for block in document.blocks for span in block.spans if span.code)
        check(document, language, given=f"{DATA} {names} {line} {typed}")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "wish",
    [
        *(
            "colour:red",
            "in:",
            "-remote",
            "in:georgia",
            "in:xyzzy",
            "in:zurik",
            "level:boss",
            "role:boss",
            "pay>=x",
        ),
        *("days:3!", "in:remote remote:no", "remote:x", "days:0", "cadence:x", "!!", "php -php", "x" * 200),
    ],
)
def test_every_word_that_cannot_be_read_is_answered_in_the_language(language: str, wish: str) -> None:
    """The reply names the word and what would be right."""
    with pytest.raises(UserError) as caught:
        parse(wish)

    said = text(caught.value.message_id, language, **caught.value.values)

    assert strange(said, language, " ".join(map(str, caught.value.values.values()))) == set(), said
    assert "{" not in said


def test_a_word_of_another_language_or_a_cut_one_would_be_noticed() -> None:
    """The tests above see what they are there to see."""
    assert strange("🆕 2 new jobs", "de", "") == {"new"}
    assert strange("🆕 2 neue Jobs", "es", "") == {"neue"}  # /jobs is typed so
    assert strange("🆕 2 empleos nue", "es", "") == {"nue"}
