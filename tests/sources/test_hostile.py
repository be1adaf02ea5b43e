"""A hundred thousand documents that want to hang, fill or break a reader: every kind, and what recognises them.

Each is a good document that was mutated, or made of what readers trip over. The same number gives the same one.
"""

import contextlib
import random
import resource
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest

from notifier.domain.facts.derive import derive
from notifier.domain.identity import repost_key, resolve, row_hash
from notifier.errors import SourceError
from notifier.sources import SOURCES
from notifier.sources.kinds import Parse
from notifier.sources.recognise import siblings
from tests import histories
from tests.sources.payloads import PAYLOADS

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
HEAD = "| Company | Position | Location | Posted | Salary | Skills | Apply |\n|---|---|---|---|---|---|---|\n"
PIECES = (
    *("[", "](", "]()", ")", "![", "|", "||", "\\", "\\|", "`", "```\n", "~~~\n", "**", "__", "~~", "&amp;", "&#x41;", "&"),
    *("<", ">", "<!--", "-->", "<table>", "</table>", "<tr>", "<td>", "<th>", "<br>", "</br>", "<details>", "<summary>"),
    *("<a href=", '<a href="https://a.example/?x=1&region=2">', "</a>", "<del>", "<img src=x>", "<script>", "</script>"),
    *("|---|---|\n", "| - |", ":-:|", "\n", "\n\n", "\r\n", "# ", "#### A (3 positions)\n", "↳", "🔒", "✅", "💰", "🇺🇸", "\u200b"),
    *("\x00", "\ud800", "\u202e", "\ufeff", "\ufffe", "\t", " " * 50, "a" * 300, "1" * 400, "https://", "http://[", "]:x"),
    *("99999d", "-1d", "31/31/2031", "2026-13-40", "Feb 30", "il y a", "9" * 25 + "d", "€1e999k", "$60,000/year", "remote"),
    *("{", "}", "[[[[", '{"jobs":', '"data": [', "null", "NaN", "1e999", '"\\ud800"', ",", ":", "true", "]]]]"),
    *("<?xml version='1.0'?>", "<rss>", "<item>", "</item>", "<title>", "<![CDATA[", "]]>", "<feed>", "<entry>", "&lt;p&gt;"),
    *("Senior C++/C# Dev (m/w/d) – Berlin, remote", "Python; Go, Rust", "Acme | Labs", "München; Zürich", "\U000e0041"),
)  # fmt: skip


def bases() -> Sequence[str]:
    """Good documents: a sample of each kind, and the first rows of real lists where those are at hand."""
    samples = [payload.write(payload.items) for payload in PAYLOADS.values()]
    lists = [path.read_text("utf-8")[:8_000] for path in histories.LISTS]
    rows = "".join(
        f"| **[A{n}](https://a.example)** | [Cook {n}](https://b.example/job/{n}0000/x) | Rome | {n}d | 9k | Go | x |\n"
        for n in range(9)
    )
    return [HEAD + rows, *samples, *lists]


def documents(numbers: Iterator[int], longest: int) -> Iterator[str]:
    """Yield the document of each number, up to `longest` characters."""
    good = bases()
    for number in numbers:
        chance = random.Random(number)
        text = chance.choice(good) if number % 4 else chance.choice(("", HEAD, "<table>", "[", '{"jobs": ['))
        for _ in range(chance.randint(1, 6)):
            at, to = sorted((chance.randint(0, len(text)), chance.randint(0, len(text))))
            piece = chance.choice(PIECES)
            match chance.randrange(6):
                case 0:  # a flood of one piece
                    text = text[:at] + piece * chance.randint(1, max(1, longest // len(piece))) + text[at:]
                case 1:  # a flood of several
                    flood = "".join(chance.choices(PIECES, k=chance.randint(1, 60)))
                    text = text[:at] + flood * chance.randint(1, 40) + text[at:]
                case 2:  # a part is gone
                    text = text[:at] + text[to:]
                case 3:  # a part comes again
                    text = text[:at] + text[at:to] * chance.randint(2, 30) + text[to:]
                case 4:  # something else stands there
                    text = text[:at] + piece + text[to:]
                case _:
                    text = text[:to] + piece
            text = text[:longest]
        yield text


def read(text: str) -> int:
    """Do with a document what is done with what somebody adds; return how many postings it gave."""
    found = 0
    for name, kind in SOURCES.items():
        kind.sniff(text)
        url = "https://jobs.example/list"
        try:
            reading = kind.parse(text, NOW, url)
            if kind.following is not None:
                kind.following(url, text)
        except SourceError:
            continue
        for posting in reading.postings[:20]:
            assert posting.title, name
            assert "\x00" not in posting.title + posting.company + posting.location + posting.url
            (posting.title + posting.company + posting.location + posting.url).encode()
            assert posting.url == "" or posting.url.lower().startswith(("http://", "https://"))
            repost_key(posting), row_hash(posting)
        for posting in reading.postings[:2]:
            derive(
                title=posting.title,
                location=posting.location,
                mode=posting.mode,
                company=posting.company,
                skills=posting.skills,
                pay=posting.pay,
            )
        resolve(reading.postings, {}, {}, name)
        found += len(reading.postings)
    siblings(text, "https://github.com/ann/jobs")
    return found


def test_two_thousand_hostile_documents_break_no_reader() -> None:
    assert sum(map(read, documents(iter(range(2_000)), longest=6_000))) > 500


def seconds(parse: Parse, text: str) -> float:
    begun = time.process_time()
    with contextlib.suppress(SourceError):
        parse(text, NOW, "https://jobs.example/list")
    return time.process_time() - begun


@pytest.mark.long
@pytest.mark.parametrize("kind", sorted(SOURCES))
def test_a_hundred_thousand_hostile_documents_cost_little(kind: str) -> None:
    """Of the hundred thousand each kind reads all; a tenth is as long as a real list."""
    parse, slowest, whose = SOURCES[kind].parse, 0.0, 0
    parse(PAYLOADS[kind].write(PAYLOADS[kind].items), NOW)  # loads the vocabulary
    for longest, numbers in ((3_000, range(90_000)), (100_000, range(90_000, 100_000))):
        for number, text in zip(numbers, documents(iter(numbers), longest), strict=True):
            took = min(seconds(parse, text) for _ in range(2)) / max(len(text), 20_000) * 100_000
            if took > slowest:
                slowest, whose = took, number
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"\n{kind}: slowest {slowest * 1_000:.1f} ms per 100 KB (document {whose}); {held:.0f} MB held at most"
    )
    assert slowest < 0.2  # generous: 0.05 on an idle machine
    assert held < 600


def test_what_the_long_form_found_once() -> None:
    feed = (
        "<rss version='2.0'><channel><item><title>Cook</title><link>https://[[[</link></item></channel></rss>"
    )
    page = f'<html><script type="application/ld+json">{{}} \n]]{chr(10) * 50_000}x</script></html>'

    assert [row.reason for row in SOURCES["feed"].parse(feed, NOW).unread] == ["no http(s) link"]
    assert "broken JSON-LD" in SOURCES["json_ld"].parse(page, NOW).unread[0].reason
