"""Pay: figures read from a title or a pay column, and money that is none."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.domain.facts.pay import Pay, Period, pay_in, reaches, yearly


def pay(low: float | None, high: float | None, currency: str, period: str) -> Pay:
    return Pay(min=low, max=high, currency=currency, period=Period(period))


@pytest.mark.parametrize(
    ("text", "low", "high", "currency", "period"),
    [
        ("Rust Developer - $70,000/year USD", 70_000, 70_000, "USD", "year"),
        ("$110k CAD", 110_000, 110_000, "CAD", "year"),
        ("Go Developer ($130K – $160K)", 130_000, 160_000, "USD", "year"),
        ("US$60-80k", 60_000, 80_000, "USD", "year"),
        ("CA$90k-$110k", 90_000, 110_000, "CAD", "year"),
        ("Intern 2026 - 2000 EUR per month", 2_000, 2_000, "EUR", "month"),
        ("C$45/hr", 45, 45, "CAD", "hour"),
        ("A$120k + super", 120_000, 120_000, "AUD", "year"),
        ("S$6,000 - S$8,000", 6_000, 8_000, "SGD", "month"),
        ("HK$40,000 a month", 40_000, 40_000, "HKD", "month"),
        ("$45.50 per hour", 45.5, 45.5, "USD", "hour"),
        ("$20/hr - $25/hr", 20, 25, "USD", "hour"),
        ("$120-150,000", 120_000, 150_000, "USD", "year"),
        ("£400 - £500 per day", 400, 500, "GBP", "day"),
        ("between £35,000 and £45,000 pa", 35_000, 45_000, "GBP", "year"),
        ("(18-24€/h)", 18, 24, "EUR", "hour"),
        ("60.000 € bis 70.000 € brutto im Jahr", 60_000, 70_000, "EUR", "year"),
        ("40 à 50 k€ brut annuel", 40_000, 50_000, "EUR", "year"),
        ("TJM 480€", 480, 480, "EUR", "day"),
        ("€ 3.500,- per maand", 3_500, 3_500, "EUR", "month"),
        ("1.800 €/mes", 1_800, 1_800, "EUR", "month"),
        ("CHF 120'000.– p.a.", 120_000, 120_000, "CHF", "year"),
        ("15 000 – 20 000 zł/mies. netto", 15_000, 20_000, "PLN", "month"),
        ("140 zł/godz.", 140, 140, "PLN", "hour"),
        ("80 000 Kč", 80_000, 80_000, "CZK", "month"),
        ("45 000 kr SEK", 45_000, 45_000, "SEK", "month"),
        ("R$ 8.000 - R$ 12.000 por mês", 8_000, 12_000, "BRL", "month"),
        ("₹12,00,000 - ₹15,00,000 per annum", 1_200_000, 1_500_000, "INR", "year"),
        ("6-8 LPA", 600_000, 800_000, "INR", "year"),
        ("Rs. 50,000 pm", 50_000, 50_000, "INR", "month"),
        ("INR 1.2 crore", 12_000_000, 12_000_000, "INR", "year"),
        ("¥6M - ¥9M", 6_000_000, 9_000_000, "JPY", "year"),
        ("20k-30k 元", 20_000, 30_000, "CNY", "month"),
        ("₪30,000", 30_000, 30_000, "ILS", "month"),
        ("200 000 ₽ в месяц", 200_000, 200_000, "RUB", "month"),
        ("PHP 80,000 - 100,000", 80_000, 100_000, "PHP", "month"),
        ("60k eur a year", 60_000, 60_000, "EUR", "year"),
        ("Annual salary $90,000", 90_000, 90_000, "USD", "year"),
        ("$55", 55, 55, "USD", "hour"),
        ("$50k - 401k match", 50_000, 50_000, "USD", "year"),
        ("$20/hr - 40 hrs/week", 20, 20, "USD", "hour"),
        ("Level 3 - $80k", 80_000, 80_000, "USD", "year"),
        ("$5,000 sign-on bonus, then $60/hr", 60, 60, "USD", "hour"),
        ("$100k base plus bonus", 100_000, 100_000, "USD", "year"),
        ("€50,000 PHP Developer", 50_000, 50_000, "EUR", "year"),
        ("35 000 € (H/F)", 35_000, 35_000, "EUR", "year"),
        ("Up to $300k TC", None, 300_000, "USD", "year"),
        ("bis zu 80.000 €", None, 80_000, "EUR", "year"),
        ("jusqu'à 55k€", None, 55_000, "EUR", "year"),
        ("ab 60.000 €", 60_000, None, "EUR", "year"),
        ("from £45,000", 45_000, None, "GBP", "year"),
        ("$100k+", 100_000, None, "USD", "year"),
    ],
)
def test_a_pay_is_read_as_it_is_written(
    text: str, low: float | None, high: float | None, currency: str, period: str
) -> None:
    """Signs and codes, ranges, thousands and periods of many countries are understood."""
    assert pay_in(text) == pay(low, high, currency, period)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Rust Developer",
        "We raised $30M Series B",
        "$2M seed round",
        "$1B company",
        "$5-10M ARR",
        "backed by $300M",
        "manage a budget: $500k",
        "401k",
        "401(k) match",
        "$5k sign-on bonus",
        "Sign-on bonus up to $5,000",
        "1000 EUR bonus",
        "a $20 voucher",
        "Developer 2027",
        "Internship EUR 2027",
        "5-8 years",
        "Python 3.12",
        "PHP 8.1 Developer",
        "24/7 support",
        "Fortune 500",
        "120k",
        "10,000 employees",
        "45 000 kr",
        "win $10,000",
        "$0",
        "$$$",
        "Try 3 languages",
    ],
)
def test_what_is_no_pay_is_none(text: str) -> None:
    """Funding, bonuses, years, versions, counts and figures without a currency are left alone."""
    assert pay_in(text) is None


def test_whole_figures_stay_whole_in_json() -> None:
    """A column keeps 45000 and not 45000.0, and gives back what it was given."""
    found = pay_in("€45k")

    assert found is not None
    assert json.dumps(found.to_json()) == '{"min": 45000, "max": 45000, "currency": "EUR", "period": "year"}'
    assert Pay.from_json(found.to_json()) == found


@pytest.mark.parametrize(
    ("offered", "wished", "enough"),
    [
        ("€50k-€70k", "60k eur a year", True),
        ("€50k-€55k", "60k eur a year", False),
        ("5.000 € im Monat", "60k eur a year", True),
        ("$45/hr", "60k eur a year", True),
        ("up to £40,000", "60k eur a year", False),
        ("$200k+", "60k eur a year", True),
        ("€400 per day", "€100,000 - €120,000", True),
    ],
)
def test_the_upper_figure_reaches_a_wish(offered: str, wished: str, enough: bool) -> None:
    """Pays are compared by the year in one currency, whatever they are written in."""
    pays = pay_in(offered), pay_in(wished)

    assert pays[0]
    assert pays[1]
    assert reaches(pays[0], pays[1]) is enough


def test_a_currency_without_a_rate_is_not_compared() -> None:
    """What we cannot convert reaches nothing, and nothing is invented for it."""
    unknown = pay(1, 1, "XTS", "year")

    assert yearly(unknown) is None
    assert not reaches(unknown, pay(1, 1, "EUR", "year"))


_PIECES = st.sampled_from(
    "$ € k M LPA 1 25 1,000 1.000 - – to / hr USD kr + up bonus 401k ( 1'000 円 \u00a0 x".split(" ")
)


@settings(deadline=None)
@given(st.text() | st.lists(_PIECES, max_size=40).map("".join) | st.lists(_PIECES, max_size=40).map(" ".join))
def test_any_text_gives_a_sound_pay_or_none(text: str) -> None:
    """No text raises; what is found has a figure, in order, and a currency that can be compared."""
    found = pay_in(text)

    if found is not None:
        low, high = yearly(found) or (0.0, 0.0)
        assert 0 < low <= high
        assert Pay.from_json(found.to_json()) == found


@settings(deadline=None)
@given(
    st.integers(20, 900).map(lambda thousands: thousands * 1_000),
    st.sampled_from(["${:,}/year", "{}-{} USD per year", "USD {:,} yearly", "${} - ${} a year"]),
)
def test_a_yearly_pay_survives_every_way_of_writing_it(figure: int, form: str) -> None:
    """Commas, signs and codes do not change what is paid."""
    assert pay_in(form.format(figure, figure)) == pay(figure, figure, "USD", "year")
