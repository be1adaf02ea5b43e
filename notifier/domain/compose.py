"""Messages about jobs: from openings to documents. Pure; every word comes from the catalogue."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from notifier.domain.clean import NAME, TITLE, clean, safe_link
from notifier.domain.document import Action, Block, BlockKind, Document, Span
from notifier.domain.facts import Seniority, WorkMode
from notifier.domain.facts.skills import skill_name
from notifier.domain.filters.filter import UNSTATED
from notifier.domain.fold import fold
from notifier.domain.posting import ListedOn, Opening
from notifier.domain.texts import day, moment, text

MOST_NAMED = 3  # lists, below one of many jobs; the job's own card names them all
_DOT = " · "
_WITH_LINK = re.compile(r"(?P<words>\S.{0,300}?)[\s,:–-]{1,5}(?P<url>https?://\S{1,300})")


@dataclass(frozen=True, slots=True)
class Why:
    """A subscription that a job fits, with the facts that met each part of its wish."""

    number: int
    name: str
    met: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One job of a message."""

    opening: Opening
    why: Sequence[Why] = ()
    already_sent: bool = False


@dataclass(frozen=True, slots=True)
class Trend:
    """A skill and the share of open jobs that name it (0 to 1), now and seven days before.

    before  None when the store does not reach back that far
    """

    skill: str
    now: float
    before: float | None


@dataclass(frozen=True, slots=True)
class AveragePay:
    """What open jobs pay on average: yearly figures of one currency, and how many there are."""

    amount: float
    currency: str  # ISO 4217
    count: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """The lists together; `remote` is a share (0 to 1)."""

    open: int
    remote: float
    companies: int
    trends: Sequence[Trend] = ()
    pay: AveragePay | None = None  # None when too few jobs say it


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What one digest shows."""

    on: date
    zone: str
    entries: Sequence[Entry]
    leaving: Sequence[Opening] = ()
    statistics: Statistics | None = None
    next_at: datetime | None = None
    lost: Sequence[tuple[str, datetime]] = ()  # lists that it misses, and since when they cannot be read
    quiet_days: int = 0
    hint: str = "widen-skills"  # what would widen the wish, a message id


def push(entry: Entry, now: datetime, locale: str, *, shared: bool = False) -> Document:
    """Return the message about one job."""
    job = entry.opening
    spans = [*_title(job), Span("\n"), *_facts(job, locale)]
    if line := _second_line(job, locale):
        spans += [Span("\n"), Span(line)]
    blocks = [Block(tuple(spans))]
    blocks.append(Block(tuple(_small_print(entry, locale, shared=shared)), BlockKind.NOTE))
    called = " — ".join(filter(None, (clean(job.title, TITLE), clean(job.company, NAME))))
    mode = job.facts.mode
    return Document(
        tuple(blocks),
        tuple(_actions(job, locale, shared=shared)),
        title=called,
        mode="" if mode is WorkMode.UNKNOWN else mode.value,
    )


def card(job: Opening, now: datetime, locale: str) -> Document:
    """Return one job for people who have no subscription here: nothing to press but Apply."""
    document = push(Entry(job), now, locale)
    return Document(document.blocks, tuple(action for action in document.actions if action.url))


def summary(job: Opening, locale: str) -> str:
    """Return a job's company and where it is, on one line."""
    return _DOT.join(filter(None, (clean(job.company, NAME), _where(job, locale))))


def grouped(entries: Sequence[Entry], now: datetime, locale: str, *, shared: bool = False) -> Document:
    """Return one message about several jobs; jobs equal but for their id are one item."""
    title = text("new-jobs", locale, count=len(entries))
    heading = Block((Span(title, bold=True),), BlockKind.HEADING)
    names = {why.number: why for entry in entries for why in entry.why}
    note = Block(tuple(_subscriptions(list(names.values()), locale, shared=shared)), BlockKind.NOTE)
    lists = _lists([entry.opening for entry in entries], locale, attributed=False)
    blocks = [heading, *_items(entries, locale, start=1)]
    if names:
        blocks.append(note)
    if lists:
        blocks.append(Block(tuple(lists), BlockKind.NOTE))
    return Document(tuple(blocks), title=title)


def plain(entry: Entry, locale: str) -> Document:
    """Return one job without any style, for a platform that refused its message."""
    job = entry.opening
    words = (clean(job.title, TITLE), clean(job.company, NAME), _where(job, locale))
    named = (span.text for span in _attributions([job]))
    link = safe_link(job.url)
    return Document(
        (Block((Span(_DOT.join(filter(None, (*words, *named)))),)),),
        (Action(text("apply", locale), url=link),) if link else (),
    )


def digest(asked: Digest, locale: str) -> Document:
    """Return the digest: counts, jobs per subscription, what was sent, what leaves, the lists, the next."""
    new = [entry for entry in asked.entries if not entry.already_sent]
    called = text("digest-title", locale, day=day(asked.on, locale))
    blocks = [Block((Span(called, bold=True),), BlockKind.HEADING)]
    if asked.entries:
        blocks.append(Block((Span(_counts(asked.entries, new, locale)),)))
    number = 1
    for names, entries in _sections(new):
        title = text("digest-section", locale, names=names, count=len(entries))
        blocks.append(Block((Span(title, bold=True),), BlockKind.HEADING))
        items = list(_items(entries, locale, start=number))
        blocks += items
        number += len(items)
    sent = [entry for entry in asked.entries if entry.already_sent]
    for title, rest in (("digest-sent", sent), ("digest-leaving", [Entry(job) for job in asked.leaving])):
        if rest:
            blocks.append(Block((Span(text(title, locale), bold=True),), BlockKind.HEADING))
            items = list(_items(rest, locale, start=number))
            blocks += items
            number += len(items)
    if asked.quiet_days:
        hint = text(asked.hint, locale)
        blocks.append(Block((Span(text("digest-quiet", locale, days=asked.quiet_days, hint=hint)),)))
    if asked.statistics is not None:
        blocks += statistics(asked.statistics, locale)
    if lists := _lists([entry.opening for entry in asked.entries], locale, attributed=False):
        blocks.append(Block(tuple(lists), BlockKind.NOTE))
    for name, since in asked.lost:
        words = text("digest-lost", locale, list=clean(name, NAME), day=day(since.date(), locale))
        blocks.append(Block((Span(words),), BlockKind.NOTE))
    if asked.next_at is not None:
        following = text("digest-next", locale, at=moment(asked.next_at, asked.zone, locale))
        blocks.append(Block((Span(following, italic=True),), BlockKind.NOTE))
    return Document(tuple(blocks), title=called)


def statistics(of: Statistics, locale: str) -> list[Block]:
    """Return the lists' figures and trends."""
    line = text("digest-lists", locale, open=of.open, remote=round(of.remote * 100), count=of.companies)
    blocks = [Block((Span(line),), BlockKind.NOTE)]
    if of.pay is not None:
        amount = f"{of.pay.amount:,.0f} {of.pay.currency}"
        average = text("average-pay", locale, pay=amount, count=of.pay.count)
        blocks.append(Block((Span(f"💰 {average}"),), BlockKind.NOTE))
    if of.trends:
        skills = ", ".join(_trend(trend) for trend in of.trends)
        blocks.append(Block((Span(text("digest-trends", locale, skills=skills)),), BlockKind.NOTE))
    return blocks


def _trend(trend: Trend) -> str:
    now = round(trend.now * 100)
    if trend.before is None:
        return f"{skill_name(trend.skill)} {now} %"
    before = round(trend.before * 100)
    change = f"↑{now - before}" if now > before else f"↓{before - now}" if now < before else "="
    return f"{skill_name(trend.skill)} {now} % {change}"


def items(openings: Sequence[Opening], locale: str, *, start: int = 1) -> list[Block]:
    """Return jobs as the items of a list, numbered from `start`."""
    return list(_items([Entry(job) for job in openings], locale, start=start))


# -- one job ------------------------------------------------------------------------------------


def _title(job: Opening) -> Iterator[Span]:
    title = clean(job.title, TITLE)
    yield Span(title, link=safe_link(job.url), bold=True, strike=job.closed_at is not None)


def _facts(job: Opening, locale: str) -> Iterator[Span]:
    company = clean(job.company, NAME)
    where = _where(job, locale)
    if company:
        yield Span(company, bold=True)
    if company and where:
        yield Span(_DOT)
    if where:
        yield Span(where)


def _where(job: Opening, locale: str) -> str:
    place = clean(job.location, NAME)
    mode = job.facts.mode
    words = []
    # "Remote" alone is a mode, not a place.
    if place and not (mode is WorkMode.REMOTE and fold(place) == "remote"):
        words.append(f"📍 {place}")
    if mode is not WorkMode.UNKNOWN:
        words.append(text(f"mode-{mode.value}", locale))
    if job.facts.seniority is not Seniority.UNSPECIFIED:
        words.append(f"📶 {text(f'level-word-{job.facts.seniority.value}', locale)}")
    if job.pay:
        words.append(f"💰 {clean(job.pay, NAME)}")
    elif job.pay_flagged:
        words.append(text("pay-flagged", locale))
    return _DOT.join(words)


def _second_line(job: Opening, locale: str) -> str:
    words = []
    if job.facts.skills:
        words.append("🧩 " + ", ".join(skill_name(skill) for skill in job.facts.skills))
    if job.posted_on is not None:
        words.append(text("posted", locale, day=day(job.posted_on, locale)))
    if job.closed_at is not None:
        words.append(text("closed-on", locale, day=day(job.closed_at.date(), locale)))
    elif job.expires_at is not None:
        last = (job.expires_at.astimezone(UTC) - timedelta(seconds=1)).date()
        words.append(text("leaves", locale, day=day(last, locale)))
    return _DOT.join(words)


def _small_print(entry: Entry, locale: str, *, shared: bool) -> Iterator[Span]:
    yield from _subscriptions(entry.why, locale, shared=shared)
    if left_open := _left_open(entry.why, locale):
        yield Span("\n")
        yield Span(text("not-stated", locale, what=left_open))
    if lists := seen_on(entry.opening, locale):
        if entry.why:
            yield Span("\n")
        yield from lists


def _subscriptions(why: Sequence[Why], locale: str, *, shared: bool) -> Iterator[Span]:
    """Name what caused a message, and how to stop it; in a shared chat that is a feed."""
    if why:
        names = text("for-subscription", locale, names=_names(why))
        stop = text("stop-hint-feed" if shared else "stop-hint", locale, number=why[0].number)
        yield Span(names + _DOT + stop, italic=True)


def _left_open(why: Sequence[Why], locale: str) -> str:
    """Say what a wish asks for and the posting leaves open: it was let through, and may not fit."""
    keys = dict.fromkeys(key for found in why for key, facts in found.met.items() if UNSTATED in facts)
    return ", ".join(text(f"unstated-{key}", locale) for key in keys)


def _names(why: Sequence[Why]) -> str:
    return ", ".join(f"#{found.number} {clean(found.name, NAME)}".strip() for found in why)


def named_boards(job: Opening, locale: str) -> list[Block]:
    """Return a note that names, with the job's link there, the lists whose terms ask for it; none for others."""
    lists = [replace(listed, list_url=listed.url) for listed in job.lists if listed.attribution]
    return [Block(tuple(_lists([replace(job, lists=tuple(lists))], locale)), BlockKind.NOTE)] if lists else []


def _lists(openings: Sequence[Opening], locale: str, *, attributed: bool = True) -> list[Span]:
    """Name the lists with their links, and with what their terms ask for unless each job's line says it."""
    lists = {listed.name: listed for job in openings for listed in job.lists}
    spans: list[Span] = []
    for listed in lists.values():
        spans.append(Span(", " if spans else text("list-of", locale)))
        spans += _listed(listed, attributed=attributed)
    return spans


def seen_on(job: Opening, locale: str) -> list[Span]:
    """Name every list a job stands on, with the links that it has there and nowhere else."""
    if len(job.lists) < 2:
        return _lists([job], locale)
    spans = [Span(text("seen-on", locale))]
    shown = {safe_link(job.url), ""}
    for place, listed in enumerate(job.lists):
        if place:
            spans.append(Span(text("and", locale) if place == len(job.lists) - 1 else ", "))
        spans += _listed(listed)
        link = safe_link(listed.url)
        if link not in shown and not listed.closed:
            shown.add(link)
            spans += [Span(" ("), Span(text("apply", locale), link=link), Span(")")]
    return spans


def _listed(listed: ListedOn, *, attributed: bool = True) -> Iterator[Span]:
    yield Span(clean(listed.name, NAME), link=safe_link(listed.list_url))
    if listed.attribution and attributed:
        yield from (Span(" ("), _attribution(listed.attribution), Span(")"))


def _attributions(openings: Sequence[Opening]) -> list[Span]:
    """Return what the terms of the jobs' lists ask for, each sentence once."""
    asked = dict.fromkeys(listed.attribution for job in openings for listed in job.lists)
    return [_attribution(sentence) for sentence in asked if sentence]


def _attribution(sentence: str) -> Span:
    """Return the sentence that a list's terms ask for; an address at its end becomes its link."""
    found = _WITH_LINK.fullmatch(sentence.strip())
    link = safe_link(found["url"]) if found else ""
    return Span(clean(found["words"] if found and link else sentence, TITLE), link=link)


def _actions(job: Opening, locale: str, *, shared: bool) -> Iterator[Action]:
    link = safe_link(job.url)
    if link and job.closed_at is None:
        yield Action(text("apply", locale), url=link)
    for name in ("save", "why") if shared else ("save", "applied", "hide", "mute", "why"):
        yield Action(text(name, locale), command=f"{name} {job.id}")


# -- many jobs ----------------------------------------------------------------------------------


def _items(entries: Sequence[Entry], locale: str, *, start: int) -> Iterator[Block]:
    alike: dict[tuple[str, str, str], list[Opening]] = {}
    for entry in entries:
        job = entry.opening
        alike.setdefault((fold(job.company), fold(job.title), fold(job.location)), []).append(job)
    for number, jobs in enumerate(alike.values(), start):
        job = jobs[0]
        spans = [*_title(job)]
        if len(jobs) > 1:
            spans.append(Span(_DOT + text("openings-alike", locale, count=len(jobs))))
        spans += [Span("\n"), *_facts(job, locale)]
        # In the job's own lines: a long answer is shown page by page, and each page has to name its boards.
        for attribution in _attributions(jobs):
            spans += [Span(_DOT), attribution]
        if len(job.lists) > 1:
            names = [clean(listed.name, NAME) for listed in job.lists[:MOST_NAMED]]
            more = "…" if len(job.lists) > MOST_NAMED else ""
            spans.append(Span(f"\n{text('seen-on', locale)}{', '.join(names)}{more}"))
        yield Block(tuple(spans), BlockKind.ITEM, number, opens=f"job {job.id}")


def _sections(entries: Sequence[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    """Yield jobs by the subscriptions they fit, newest first; a job of two stands once, with both names."""
    sections: dict[tuple[int, ...], list[Entry]] = {}
    for entry in entries:
        sections.setdefault(tuple(why.number for why in entry.why), []).append(entry)
    for _, found in sorted(sections.items()):
        found.sort(
            key=lambda entry: (entry.opening.posted_on or date.min, entry.opening.first_seen), reverse=True
        )
        yield _names(found[0].why), found


def _counts(entries: Sequence[Entry], new: Sequence[Entry], locale: str) -> str:
    jobs = [entry.opening for entry in entries]
    remote = sum(job.facts.mode is WorkMode.REMOTE for job in jobs)
    paid = sum(bool(job.pay) or job.pay_flagged for job in jobs)
    wishes = {why.number for entry in entries for why in entry.why}
    figures = (
        ("digest-new", len(new)),
        ("digest-already", len(entries) - len(new)),
        ("digest-remote", remote),
        ("digest-pay", paid),
        ("digest-subscriptions", len(wishes)),
    )
    return _DOT.join(text(id_, locale, count=count) for id_, count in figures if count)
