"""Places in what lists write: several, mixed, abbreviated, misplaced, or none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain.facts import WorkMode
from notifier.domain.facts.derive import derive
from notifier.domain.facts.locate import in_title, places_in
from notifier.domain.facts.places import place


def named(location: str, title: str = "") -> list[str]:
    """Return the places as "name/region or country", macro-regions by their id."""
    shown = []
    for id_ in places_in(location, title):
        it = place(id_)
        shown.append(id_ if not id_.isdigit() else f"{it.name}/{it.region or it.country}")
    return shown


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("Berlin", ["Berlin/DE-BE"]),
        ("Berlin, Germany", ["Berlin/DE-BE"]),
        ("Germany, Berlin", ["Berlin/DE-BE"]),
        ("Munich, BY, DE, 80331", ["Munich/DE-BY"]),
        ("Köln - NRW", ["Köln/DE-NW"]),
        ("IN-KA-Bangalore", ["Bengaluru/IN-KA"]),
        ("US CA San Mateo", ["San Mateo/US-CA"]),
        ("USA-VA-Richmond", ["Richmond/US-VA"]),
        ("Recife, , Brazil", ["Recife/BR-PE"]),
        ("Portugal-Porto", ["Porto/PT-13"]),
        ("ROMA, LAZIO, ITALY", ["Rome/IT-62"]),
        ("ciudad de mexico, Mexico", ["Mexico City/MX-CMX"]),
        ("Singapore, Singapore", ["SG"]),
        ("Netanya, Center District, IL", ["Netanya/IL-M"]),
        ("Tel-Aviv, Israel", ["Tel Aviv/IL-TA"]),
        ("Cluj-Napoca, Cluj County, Romania", ["Cluj-Napoca/RO-CJ"]),
        ("Porto Alegre/RS", ["Porto Alegre/BR-RS"]),
        ("Toruń (hybrid)", ["Toruń/PL-04"]),
        ("📍 Pune, Maharashtra, India 🇮🇳", ["Pune/IN-MH"]),
        ("北京市", ["Beijing/CN-BJ"]),
        ("Київ, Україна", ["Kyiv/UA-30"]),
        ("Hamburg Office", ["Hamburg/DE-HH"]),
        ("Greater Seattle Area", ["Seattle/US-WA"]),
        ("Bay Area", ["US-CA"]),
        ("Corrèze (19)", ["FR-NAQ"]),
    ],
)
def test_one_place_is_read_however_it_is_written(cell: str, expected: list[str]) -> None:
    """Order, separators, codes, case, postcodes, office words and scripts do not matter."""
    assert named(cell) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("Bloomington, IN", ["Bloomington/US-IN"]),  # not India
        ("Paris, TX", ["Paris/US-TX"]),
        ("Paris", ["Paris/FR-IDF"]),
        ("Vancouver, WA", ["Vancouver/US-WA"]),
        ("Cambridge, MA", ["Cambridge/US-MA"]),
        ("Cambridge, UK", ["Cambridge/GB-ENG"]),
        ("London, ON", ["London/CA-ON"]),
        ("San Jose, CR", ["San José/CR-SJ"]),
        ("Toronto, CA", ["Toronto/CA-ON"]),  # CA is Canada here
        ("Newark, CA", ["Newark/US-CA"]),
        ("Delhi, IN", ["Delhi/IN-DL"]),
        ("Tbilisi, Georgia", ["Tbilisi/GE-TB"]),
        ("Atlanta, Georgia", ["Atlanta/US-GA"]),
        ("Armenia, Georgia, Azerbaijan", ["AM", "GE", "AZ"]),
        ("Georgia; Florida; Texas", ["US-GA", "US-FL", "US-TX"]),
        ("Albany, New York", ["Albany/US-NY"]),
        ("New York, NY", ["New York City/US-NY"]),
        ("Buenos Aires, Buenos Aires, Argentina", ["Buenos Aires/AR-C"]),
        ("Washington, D.C.", ["Washington/US-DC"]),
        ("Baton Rouge, LA", ["Baton Rouge/US-LA"]),
        ("SF; LA", ["San Francisco/US-CA", "Los Angeles/US-CA"]),
        ("Marina Bay, Singapore", ["SG"]),
        ("Nowheretown, GA", ["US-GA"]),  # the state is sure, the town unknown
    ],
)
def test_namesakes_are_decided_together(cell: str, expected: list[str]) -> None:
    """What stands beside a name says which of its places is meant."""
    assert named(cell) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("Lisbon/Porto, Portugal", ["Lisbon/PT-11", "Porto/PT-13"]),
        ("Austin or Dallas, TX", ["Austin/US-TX", "Dallas/US-TX"]),
        ("Oslo</br>Bergen", ["Oslo/NO-03", "Bergen/NO-46"]),
        ("Denver, CO; Remote in Canada", ["Denver/US-CO", "CA"]),
        ("Remote UK, Remote Europe", ["GB", "EUROPE"]),
        ("US/CA", ["US", "CA"]),
        ("Remote (Chile); Remote (Peru)", ["CL", "PE"]),
        ("Boston, MA Denver, CO", ["Boston/US-MA", "Denver/US-CO"]),
        ("Remote across ANZ", ["AU", "NZ"]),
        ("Madrid | Barcelona | Remote", ["Madrid/ES-MD", "Barcelona/ES-CT"]),
        ("EMEA", ["EMEA"]),
        ("Anywhere in the World", ["WORLD"]),
    ],
)
def test_a_cell_of_several_places_names_them_all(cell: str, expected: list[str]) -> None:
    """Whatever stands between them; a wider place is dropped only beside one that lies in it."""
    assert named(cell) == expected


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "N/A",
        "TBD",
        "Remote",
        "Fully remote",
        "Multiple Locations",
        "Any Office",
        "City-State-Country, City-State-Country",
        "CET +/- 2 hours",
        "Remote (Eastern or Central time zones)",
        "We hire good people wherever they happen to be at home",
        "+3",
    ],
)
def test_what_is_no_place_is_none(cell: str) -> None:
    """A placeholder, a sentence or a span of hours gives nothing rather than something wrong."""
    assert named(cell) == []


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("12 rue de Londres, Paris", ["Paris/FR-IDF"]),
        ("5 Lime Street, London", ["London/GB-ENG"]),
        ("Noida Berger Tower, India", ["Noida/IN-UP"]),
        ("East Windsor, CT", ["US-CT"]),  # not Windsor
        ("MILANO VIA ROMA 3, Italy", ["Milan/IT-25"]),
        ("Berlin - Kreuzberg", ["Berlin/DE-BE"]),
    ],
)
def test_names_inside_other_names_are_not_read(cell: str, expected: list[str]) -> None:
    """Streets, buildings, quarters and towns named after others are not the places they hold."""
    assert named(cell) == expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Go Developer (Remote - Chile only)", ["CL"]),
        ("Data Engineer @Thessaloniki", ["Thessaloníki/GR-B"]),
        ("Backend Engineer - Warsaw", ["Warsaw/PL-14"]),
        ("QA Tester in Graz, Austria", ["Graz/AT-6"]),
        ("Software Engineer (US)", ["US"]),
        ("Engineer, Dallas, TX", ["Dallas/US-TX"]),
        ("Java Developer (F/M)", []),
        ("PL/SQL Developer", []),
        ("SWE, New Grad (BS/MS)", []),
        ("Phoenix Developer", []),
        ("Mobile Engineer I", []),
        ("Senior C#/.NET Developer", []),
        ("Washington University IT Intern", []),
    ],
)
def test_a_title_is_read_where_it_says_a_place_plainly(title: str, expected: list[str]) -> None:
    """Only with an empty location, and no code, skill or plain word becomes a place."""
    assert named("", title) == expected
    assert named("Oslo", title) == ["Oslo/NO-03"]


@given(st.text(max_size=300))
def test_any_text_gives_places_that_exist(text: str) -> None:
    """Whatever stands in a cell or title, what comes back are ids of the gazetteer."""
    for id_ in (*places_in(text, text), *in_title(text)):
        assert place(id_).id == id_


_pieces = st.sampled_from(
    [
        "Berlin",
        "IN",
        "Georgia",
        "New York",
        "Remote",
        "CA",
        "Paris",
        "北京",
        "🇩🇪",
        "EU",
        "rue de",
        "St.",
        "12",
        "or",
    ]
)
_marks = st.sampled_from([", ", "; ", "/", " - ", " ", " | ", " (", ") ", "</br>", " or ", "-", "\n", ",,"])


@given(st.lists(st.tuples(_pieces, _marks), max_size=60))
def test_any_mixture_of_names_and_marks_is_read(parts: list[tuple[str, str]]) -> None:
    """However names, codes and separators are strung together, each place comes back once."""
    found = places_in("".join(piece + mark for piece, mark in parts))

    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("company", "location", "wanted"),
    [
        ("University of Michigan", "Michigan Medicine Campus", ["US-MI"]),
        ("State of Texas", "State Office Building", ["US-TX"]),
        ("University of Michigan", "Remote", []),  # a place of nobody's own
        ("University of Michigan", "Ann Arbor University Office, Paris", ["Paris"]),  # the location says it
        ("City of Hope", "Hospital Building of the City", []),  # which Hope?
        ("Bank of America", "Bank Tower", []),
        ("", "University Campus", []),
        ("University" + " of" * 5_000, "University", []),
    ],
)
def test_a_building_of_an_institution_is_where_its_name_says(
    company: str, location: str, wanted: list[str]
) -> None:
    """A university's campus needs no address: its name is one. No other company's name is read for places."""
    found = derive(title="Developer", location=location, mode=WorkMode.ONSITE, company=company).places

    assert [id_ if "-" in id_ else place(id_).name for id_ in found] == wanted


@pytest.mark.parametrize(
    ("location", "scope"),
    [
        ("Europe, UK, South Africa", ("EUROPE", "GB", "ZA")),
        ("Latin America, Mexico, Spain", ("LATAM", "MX", "ES")),
        ("Berlin, Germany, Europe", ("DE",)),
        ("Worldwide", ("WORLD",)),
        ("Anywhere in the World", ("WORLD",)),
        ("Anywhere", ()),
        ("Europe Only", ("EUROPE",)),
        ("United States; Canada", ("US", "CA")),
    ],
)
def test_remote_boards_say_which_lands_a_job_is_open_to(location: str, scope: tuple[str, ...]) -> None:
    """A continent in a list of lands is one of them; in a path it is only where the rest lies."""
    assert derive(title="Developer", location=location, mode=WorkMode.REMOTE).scope == scope
