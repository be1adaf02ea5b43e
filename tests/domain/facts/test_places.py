"""Places: what people's words for them mean, and what lies in what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain.facts.places import PlaceKind, around, candidates, contains, place, starting_with


@pytest.mark.parametrize(
    ("typed", "label"),
    [
        ("NYC", "New York City, New York, United States"),
        ("SF", "San Francisco, California, United States"),
        ("bay area", "California, United States"),
        ("Bombay", "Mumbai, "),
        ("Kiev", "Kyiv, Ukraine"),
        ("Muenchen", "Munich, "),
        ("münchen", "Munich, "),
        ("Köln", "Köln, "),
        ("Praha", "Prague, "),
        ("Saigon", "Ho Chi Minh City, "),
        ("sao paulo", "São Paulo, "),
        ("Deutschland", "Germany"),
        ("Česko", "Czechia"),
        ("Holland", "Netherlands"),
        ("England", "England, United Kingdom"),
        ("LATAM", "Latin America"),
        ("eu", "European Union"),
        ("Paris", "Paris, Île-de-France, France"),
        ("London", "London, England, United Kingdom"),
        ("Berlin", "Berlin, Germany"),
        ("berlin, germany", "Berlin, Germany"),
        ("cambridge, ma", "Cambridge, Massachusetts, United States"),
        ("Bloomington, IN", "Bloomington, Indiana, United States"),
        ("Singapore", "Singapore"),
        ("Luxembourg", "Luxembourg"),
        ("New York", "New York City, New York, United States"),
        ("София", "Sofia, "),
        ("東京", "Tokyo, "),
    ],
)
def test_what_people_type_is_one_place(typed: str, label: str) -> None:
    """A name that people use means one place, whatever its spelling."""
    (found,) = candidates(typed)

    assert found.label.startswith(label)


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("Georgia", {"GE", "US-GA"}),
        ("CA", {"CA", "US-CA"}),
        ("IN", {"IN", "US-IN"}),
    ],
)
def test_a_name_of_two_places_is_a_question(typed: str, wanted: set[str]) -> None:
    """Where a word may mean several places, nobody is chosen silently."""
    assert {found.id for found in candidates(typed)} == wanted


@pytest.mark.parametrize("typed", ["Cambridge", "San Jose"])
def test_namesakes_are_two_to_four_with_their_countries(typed: str) -> None:
    """The candidates of a question are few, and told apart by their labels."""
    found = candidates(typed)

    assert 2 <= len(found) <= 4
    assert len({it.label for it in found}) == len(found)


@pytest.mark.parametrize("typed", ["", ",", "Bangaluru", "qwertz", "🙂", "remote"])
def test_an_unknown_place_is_none(typed: str) -> None:
    """What is no place is no guess either."""
    assert list(candidates(typed)) == []


@pytest.mark.parametrize(
    ("outer", "inner", "inside"),
    [
        ("DE", "DE-BE", True),
        ("EU", "DE", True),
        ("EU", "GB", False),
        ("EUROPE", "GB", True),
        ("EUROPE", "EU", True),
        ("EU", "EUROPE", False),
        ("EMEA", "DACH", True),
        ("LATAM", "BR", True),
        ("LATAM", "ES", False),
        ("APAC", "IN", True),
        ("US", "CA", False),
        ("WORLD", "BR", True),
    ],
)
def test_what_lies_in_what(outer: str, inner: str, inside: bool) -> None:
    """Cities lie in regions, regions in countries, countries in the macro-regions they are part of."""
    assert contains(outer, inner) is inside


def test_a_city_lies_in_its_region_country_and_macro_regions() -> None:
    """Everything around a city is known from its id."""
    (berlin,) = candidates("Berlin")

    assert {"DE-BE", "DE", "DACH", "EU", "EEA", "EUROPE", "EMEA"} <= around(berlin.id)
    assert place(berlin.id).kind is PlaceKind.CITY


@pytest.mark.parametrize(
    ("city", "region"),
    [
        ("Dublin", "County Dublin"),
        ("Cork", "County Cork"),
        ("Vilnius", "Vilnius County"),
        ("Reykjavík", "Capital Region"),
        ("Tromsø", "Troms"),
        ("Erbil", "Erbil"),
        ("Belgrade", "Beograd"),
        ("Taichung", "Taichung"),
        ("Sydney", "New South Wales"),
    ],
)
def test_a_city_lies_in_the_region_that_people_name(city: str, region: str) -> None:
    """Sources cut a country up in their own ways; ours is the one of ISO 3166-2 that people write."""
    (found,) = candidates(city)

    assert region in {place(id_).name for id_ in around(found.id) if "-" in id_}


def test_a_county_is_not_its_town() -> None:
    """An Irish county and the town it is named after have names of their own."""
    (town,), (county,) = candidates("Cork"), candidates("County Cork")

    assert town.kind is PlaceKind.CITY
    assert county.kind is PlaceKind.REGION
    assert contains(county.id, town.id)
    assert town.label != county.label


def test_completion_shows_wide_places_first_and_each_once() -> None:
    """Macro-regions and countries stand before cities, and better-known names first."""
    found = starting_with("ger")
    banana = starting_with("ban")
    every = starting_with("b")

    assert found[0].id == "DE"
    assert [it.name for it in banana[:3]] == ["Bangladesh", "Bengaluru", "Bangkok"]
    assert len({it.id for it in every}) == len(every) == 25
    assert all(it.kind is not PlaceKind.CITY for it in every)


def test_an_unknown_id_is_a_key_error() -> None:
    """Nobody gets a made-up place."""
    with pytest.raises(KeyError):
        place("XX-NOWHERE")


@given(st.text(max_size=200))
def test_any_text_is_answered(typed: str) -> None:
    """Whatever is typed gives at most four places, never an exception."""
    assert len(candidates(typed)) <= 4
    assert len(starting_with(typed[:20])) <= 25
