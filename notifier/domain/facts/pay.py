"""What a posting pays: figures, currency and period, as a title or a pay column writes them.

A figure without a currency is no pay, nor is money that is raised, won, managed or handed over once. Only the
period may go unwritten; then it is what a reader takes it for.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from importlib.resources import files
from itertools import zip_longest
from typing import Any

from notifier.domain.fold import fold_words


class Period(StrEnum):
    """The time that a figure pays for."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


# A year of work, with its paid holidays: 2,080 hours are 260 days of eight.
A_YEAR = {Period.HOUR: 2_080, Period.DAY: 260, Period.WEEK: 52, Period.MONTH: 12, Period.YEAR: 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pay:
    """A pay as written; a single figure is both `min` and `max`, whole figures are ints."""

    min: float | None  # None: "up to"
    max: float | None  # None: "from", "60k+"
    currency: str  # ISO 4217
    period: Period

    def to_json(self) -> dict[str, Any]:
        """Return the value as a column keeps it."""
        return {**asdict(self), "period": self.period.value}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Pay":
        """Return the value that `to_json` kept."""
        return cls(**{**kept, "period": Period(kept["period"])})


def pay_in(text: str) -> Pay | None:
    """Return the first pay that `text` writes in its first 1,000 characters, None when it writes none."""
    raw = _RAND.sub("ZAR ", text[:1_000])
    if not any(char.isdigit() for char in raw):
        return None
    folded = _PLAN.sub(" plan ", fold_words(raw))
    amounts = [_amount(found, folded, raw) for found in _AMOUNT.finditer(folded)]
    for first, second in zip_longest(amounts, amounts[1:]):
        pay = (second and _range(folded, first, second)) or _single(folded, first)
        if pay is not None:
            return pay
    return None


def yearly(pay: Pay) -> tuple[float, float] | None:
    """Return the lower and the upper figure in euros a year, None when `currencies.toml` has no rate.

    Good for comparing, never for showing. An open end counts as the figure that is written.
    """
    known = _CURRENCIES.get(pay.currency)
    low, high = pay.min if pay.min is not None else pay.max, pay.max if pay.max is not None else pay.min
    if known is None or low is None or high is None:
        return None
    factor: float = A_YEAR[pay.period] / known["per_euro"]
    return low * factor, high * factor


def reaches(pay: Pay, at_least: Pay) -> bool:
    """Return whether the upper figure of `pay` is as high as the lower one of `at_least`."""
    offered, wished = yearly(pay), yearly(at_least)
    # A hair less will do: 5,000 a month is 60,000 a year, in floats too.
    return offered is not None and wished is not None and offered[1] >= wished[0] * (1 - 1e-9)


def _any_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_CURRENCIES: dict[str, Any] = tomllib.loads(files(__package__).joinpath("currencies.toml").read_text("utf-8"))
del _CURRENCIES["date"]
_CODES = {code.lower(): code for code in _CURRENCIES}
_MARKS = {mark: code for code, entry in _CURRENCIES.items() for mark in entry["marks"]} | _CODES
_ALSO_WORDS = frozenset("TRY PHP COP PEN GEL RON SAR".split())  # count in capitals only, and beside no sign
_CROWNS = re.compile(r"(?<![a-z])(?:sek|nok|dkk)(?![a-z])")  # what "kr" is, when one of them stands near
_UNITS = {
    "k": 1e3, "tys": 1e3, "tys.": 1e3, "l": 1e5, "lac": 1e5, "lacs": 1e5, "lakh": 1e5, "lakhs": 1e5, "lpa": 1e5,
    "cr": 1e7, "crore": 1e7, "crores": 1e7, "m": 1e6, "mn": 1e6, "mio": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9,
}  # fmt: skip
_MARK = _any_of([*_MARKS, "kr", "kr."])
_AMOUNT = re.compile(
    rf"(?:(?<![a-z])(?P<before>{_MARK})(?: ?[$€£¥])? ?|(?<![\w.,]))"
    r"(?P<whole>\d{1,3}(?:(?:,\d\d){1,3},\d{3}|(?:,\d{3}){1,3}|(?:\.\d{3}){1,3}|(?:['’]\d{3}){1,3}|(?: \d{3}){1,3})(?!\d)"
    rf"|\d{{1,10}})(?P<decimals>[.,]\d\d?(?!\d))?(?:[.,][-–—]+)?(?: ?(?P<unit>{_any_of(_UNITS)}))?"
    rf"(?: ?(?P<after>{_MARK})(?! ?\d))?(?=h(?![a-z])|[^a-z\d]|$)"
)

_PERIODS = {  # "!": needs no "per" before it
    Period.HOUR: "hour! hours hr hrs h hourly! ph! std stunde stundlich! heure hora ora uur godz godzine hodinu timme timen ч",
    Period.DAY: "day d daily! pd! tag jour dia giorno dag dzien den paiva tjm день",
    Period.WEEK: "week wk! w weekly! pw! woche semaine semana settimana tydzien tyden vecka uge",
    Period.MONTH: """month! months mo! mon mth m monthly! pm! pcm! monat monatlich! mtl! mois mensuel! mensual! mes mese maand mies!
    miesiac miesiecznie! mesic mesicne! manad maned mnd kk ay месяц мес""",
    Period.YEAR: """year years yr! yrs y yearly! annum annual! annually! pa! p.a! lpa a jahr jahrlich! an annee annuel! anual! ano anno
    jaar rok rocznie! rocne! ar vuosi yil год""",
}
_PERIOD_OF = {word.rstrip("!"): period for period, words in _PERIODS.items() for word in words.split()}
_BARE = [word[:-1] for word in " ".join(_PERIODS.values()).split() if word.endswith("!")]
_FOLLOWING = re.compile(
    r"(?:[ *~(),.]|(?:gross|brutto|bruto|brut|netto|net|base|ote|tc|lordi)(?![a-z]))*(?:"
    rf"(?P<code>{_any_of(_CODES)})(?![a-z])(?! ?\d)"
    r"|(?:p?/|(?<![a-z])(?:per|pro|par|por|pr|al|ao|an|a|je|na|za|w|im|i|each|p)\.? |(?:all|de l|l)'|pr?\.) ?"
    rf"(?P<of>{_any_of(_PERIOD_OF)})(?![a-z/])|(?<![a-z])(?P<bare>{_any_of(_BARE)})(?![a-z/])|(?<=[\d€$£])h(?![a-z/]))"
)
_AHEAD = re.compile(
    r"(?P<hour>hourly|stundenlohn)|(?P<day>tjm|tagessatz|da(?:y|ily) rate)|(?P<week>weekly)|(?P<month>monthly|monatsgehalt)"
    r"|(?P<year>annual|yearly|jahresgehalt|per annum)"
)
_BETWEEN = re.compile(r"[-–—−~〜/→]|to|bis|a|al|ate|do|hasta|jusqu'a|tot|til|till|until")
_BOTH = ("between ", "zwischen ", "entre ", "tra ")
_OPEN = re.compile(
    r"(?:(?<![a-z])(?:(?P<top>up to|upto|bis zu|bis|max\.?|maximum|jusqu'a|hasta|ate|fino a|tot|upp till|op til|do|under)"
    r"|from|starting at|ab|a partir de|desde|od|min\.?|minimum|mind\.?|mindestens|at least|over|vanaf|da|fra)"
    r"|(?P<below>[<≤]=?)|[>≥]=?):? ?$"
)
# Money that nobody is paid: raised, won, managed, or handed over once.
_UNPAID_BEFORE = re.compile(
    r"(?<![a-z])(?:bonus|sign[ -]?on|signing|rais\w{1,3}|funding|valued|valuation|worth|revenue|manag(?:e|es|ing)|budget|prize"
    r"|win|won|saved?|saving|process(?:ing|ed)|grant|invested)(?: (?:of|up to|at|is|over))*:? ?$"
)
_UNPAID_AFTER = re.compile(
    r"[ -]?(?:(?!base|plus|and|with|und|et|incl|or|per)[a-z]{2,12}[ -]){0,2}(?:series|pre-?seed|seed (?:round|stage)|raised?|round"
    r"|fund(?:ing|ed)|valuation|valued|revenue|arr|mrr|aum|gmv|budget(?! analyst)|compan(?:y|ies)|startups?|bonus(?:es)?|rsus?"
    r"|sign[ -]?on|signing|referral|relocation|prize|bounty|scholarship|credits|stock|off|discount|debt)(?![a-z])"
)
_RAND = re.compile(
    r"(?<!\w)R ?(?=\d{1,3}(?:[ ,]\d{3})+(?!\d))"
)  # one letter, so only before parted thousands
_PLAN = re.compile(r"(?<![\w.,$€£])40[13] ?(?:\([kb]\)|[kb](?!\w))")  # for retirement
_COUNTED = re.compile(r"[ -]?(?:hours?|hrs|years?|yrs|days|weeks|months|jahre|ans|words|users|employees)\b")
_PLAUSIBLE = (300, 5_000_000)  # euros a year
_BY_THE_DAY = frozenset("EUR GBP USD CHF CAD AUD".split())  # there a bare "400-500" is a day rate


@dataclass(frozen=True, slots=True)
class _Amount:
    start: int  # in the folded text
    end: int  # with the code and the period that follow
    value: float
    factor: float  # what "k" and its like multiply by, else 1
    currency: str  # "" without a mark
    period: Period | None
    more: bool  # "60k+"


def _amount(found: re.Match[str], folded: str, raw: str) -> _Amount:
    factor = _UNITS.get(found["unit"] or "", 1.0)
    figure = re.sub(r"\D", "", found["whole"]) + (found["decimals"] or "").replace(",", ".")
    more = folded.startswith("+", found.end())
    currency, at = "", found.end() + more
    period = Period.YEAR if found["unit"] == "lpa" else None  # lakhs per annum
    while (then := _FOLLOWING.match(folded, at)) is not None:
        if then["code"] is None:
            period = period or _PERIOD_OF[then["of"] or then["bare"] or "h"]
        elif _CODES[then["code"]] not in _ALSO_WORDS:
            currency = _CODES[then["code"]]
        at = then.end()
    currency = currency or _currency(found, folded, raw, period)
    currency = "INR" if factor == 1e5 and period is Period.YEAR else currency
    return _Amount(found.start(), at, round(float(figure) * factor, 2), factor, currency, period, more)


def _currency(found: re.Match[str], folded: str, raw: str, period: Period | None) -> str:
    """Return what the marks around a figure say; the one behind it beats the one before it."""
    # "Internship EUR 2027"
    year = not found["unit"] and period is None and re.fullmatch(r"20[0-4]\d", found["whole"])
    for mark in (found["after"], found["before"]):
        code = _MARKS.get(mark or "", "")
        a_word = code in _ALSO_WORDS and (
            code not in raw or not found[0][0].isalnum()
        )  # "€50k PHP developer"
        if mark in ("kr", "kr."):
            crown = _CROWNS.search(folded, max(0, found.start() - 30), found.end() + 30)
            code = crown[0].upper() if crown else ""
        if code and not (mark in _CODES and (year or a_word)):
            return code
    return ""


def _range(folded: str, first: _Amount, second: _Amount) -> Pay | None:
    """Return the pay from `first` to `second`, None when they are two things."""
    between = folded[first.end : second.start].strip(" ().*")
    both = between in ("and", "und", "et", "y", "e") and folded.endswith(_BOTH, 0, first.start)
    bare = folded[second.start].isdigit()  # "Level 3 - $80k" is no range, "30 - 80k $" is
    joined = (both or _BETWEEN.fullmatch(between)) and (bare or first.currency)
    if not joined or (not second.currency and _COUNTED.match(folded, second.end)):
        return None
    low, high = first.value, second.value
    if first.factor == 1 and low < 1_000 and (second.factor > 1 or high >= 1_000 * low):
        low *= second.factor if second.factor > 1 else 1_000  # "$60-80k", "$120-150,000"
    elif second.factor == 1 and high < 1_000:
        high *= first.factor  # "$60k-80"
    if not low <= high <= 10 * low:
        return None
    # "CA$90k-$110k": a bare dollar is whatever dollar was named.
    currency = first.currency if first.currency and second.currency in ("", "USD") else second.currency
    return _checked(folded, replace(first, value=low), replace(second, value=high), currency)


def _single(folded: str, amount: _Amount) -> Pay | None:
    """Return the pay of one figure, open to one side where the words say so."""
    pay = _checked(folded, amount, amount, amount.currency)
    ahead = _OPEN.search(folded, max(0, amount.start - 20), amount.start)
    if pay is None or not (ahead or amount.more):
        return pay
    return replace(pay, min=None) if ahead and (ahead["top"] or ahead["below"]) else replace(pay, max=None)


def _checked(folded: str, first: _Amount, last: _Amount, currency: str) -> Pay | None:
    """Return the pay unless it is no money, money that nobody is paid, or beyond belief."""
    known, factor = _CURRENCIES.get(currency), max(first.factor, last.factor)
    if known is None or factor == 1e9 or (factor == 1e6 and known["per_euro"] < 100):
        return None  # "$30M" is funding, "¥6M" a pay
    ahead = max(0, first.start - 40), first.start
    unpaid = _UNPAID_BEFORE.search(folded, *ahead) or _UNPAID_AFTER.match(folded, last.end)
    if unpaid or (factor in (1e5, 1e7) and currency != "INR"):
        return None
    said = _AHEAD.search(folded, *ahead)
    period = last.period or first.period or (Period(said.lastgroup or "") if said else None)
    alone = first is not last or not (folded[: first.start] + folded[last.end :]).strip(" *().")
    if period is None and not alone and last.value < known["usual"] / 75:
        return None  # "a $20 voucher"
    low, high = (int(value) if value.is_integer() else value for value in (first.value, last.value))
    pay = Pay(min=low, max=high, currency=currency, period=period or _usual_period(high, known, currency))
    a_year = yearly(pay)
    return pay if a_year is not None and _PLAUSIBLE[0] <= a_year[1] <= _PLAUSIBLE[1] else None


def _usual_period(figure: float, known: Mapping[str, float], currency: str) -> Period:
    """Return what a reader takes a figure without a period for."""
    if currency in _BY_THE_DAY and known["usual"] / 350 <= figure < 900 * known["per_euro"]:
        return Period.DAY
    if figure < known["usual"] / 350:
        return Period.HOUR
    return Period.MONTH if figure < known["usual"] / 4.5 else Period.YEAR
