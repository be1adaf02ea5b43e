"""RSS, RDF and Atom: companies in titles or fields, ids, places, dates, and documents that mean harm."""

from datetime import UTC, date, datetime
from xml.sax.saxutils import escape, quoteattr

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.domain.posting import Posting, Reading, WorkMode
from notifier.errors import SourceRefused, SourceUnreachable
from notifier.sources import feed, feed_document
from notifier.sources.fields import plain
from notifier.sources.headline import parted

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
URL = "https://jobs.example/feed"


def rss(
    item: str = "", title: str = "Jobs of the coast", head: str = '<?xml version="1.0" encoding="UTF-8"?>'
) -> str:
    return f"""{head}
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/"
     xmlns:job_listing="https://jobs.example/ns"><channel><title>{title}</title>{item}</channel></rss>"""


def an_item(title: str, more: str = "", link: str = "https://jobs.example/1") -> str:
    return f"<item><title>{title}</title><link>{link}</link>{more}</item>"


def read(text: str, url: str = URL) -> Reading:
    return feed.parse(text, NOW, url)


def posting_of(item: str, **values: str) -> Posting:
    (posting,) = read(rss(item, **values)).postings
    return posting


def test_an_item_becomes_a_posting() -> None:
    posting = posting_of(
        an_item(
            "Acme: Harbour Engineer &amp;amp; Pilot",
            "<guid isPermaLink='false'>7</guid><region>Europe Only</region><category>Back-End</category>"
            "<skills>Go, Rust</skills><pubDate>Fri, 20 Nov 2026 23:21:07 -0500</pubDate>"
            "<description>&lt;p&gt;Kafka &amp;amp; Go&lt;/p&gt;</description>",
        )
    )

    assert posting == Posting(
        id="feed:jobs.example:7",
        title="Harbour Engineer & Pilot",
        company="Acme",
        url="https://jobs.example/1",
        location="Europe Only",
        mode=WorkMode.REMOTE,
        posted_on=date(2026, 11, 21),
        skills=("Go", "Rust", "Back-End", "Kafka"),
        section="Back-End",
    )


def test_atom_is_read_too() -> None:
    text = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Jobs</title>
    <entry><title type="html">Harbour &lt;b&gt;Engineer&lt;/b&gt; at Acme</title><id>urn:uuid:7</id>
    <link rel="alternate" href="/jobs/7"/><updated>2026-11-20T10:00:00Z</updated>
    <content type="html">&lt;p&gt;Rust&lt;/p&gt;</content></entry></feed>"""

    assert read(text).postings == [
        Posting(
            id="feed:jobs.example:urn:uuid:7",
            title="Harbour Engineer",
            company="Acme",
            url="https://jobs.example/jobs/7",
            posted_on=date(2026, 11, 20),
            skills=("Rust",),
        )
    ]


@pytest.mark.parametrize(
    ("line", "company", "title"),
    [
        ("Acme: Harbour Engineer", "Acme", "Harbour Engineer"),
        ("Acme: Labs: Harbour Engineer", "Acme: Labs", "Harbour Engineer"),
        ("Acme: Harbour Engineer: Night shift", "Acme", "Harbour Engineer: Night shift"),
        ("Harbour Engineer at Acme", "Acme", "Harbour Engineer"),
        ("Engineer at scale @ Acme Ships", "Acme Ships", "Engineer at scale"),
        ("Acme: Harbour Engineer at Sea", "Acme", "Harbour Engineer at Sea"),
        ("Acme: Pilot", "Acme", "Pilot"),
        ("Harbour Engineer: nights", "", "Harbour Engineer: nights"),
        ("Harbour Engineer", "", "Harbour Engineer"),
        ("Night watch at sea", "", "Night watch at sea"),
        (": ", "", ": "),
    ],
)
def test_a_title_names_its_company(line: str, company: str, title: str) -> None:
    assert parted(line) == (company, title)


@pytest.mark.parametrize(
    ("title", "more", "company", "shown"),
    [
        ("Harbour Engineer", "<job_listing:company>Acme</job_listing:company>", "Acme", "Harbour Engineer"),
        ("Ships: Engineer", "<job_listing:company>Acme</job_listing:company>", "Acme", "Ships: Engineer"),
        ("Acme: Engineer", "<company>Acme</company>", "Acme", "Engineer"),
        ("Engineer: Ships at Acme", "<dc:creator>Acme</dc:creator>", "Acme", "Engineer: Ships"),
        ("Engineer", "<dc:creator>Acme</dc:creator>", "Acme", "Engineer"),
        ("Acme: Engineer", "<dc:creator>admin</dc:creator>", "Acme", "Engineer"),
        ("Engineer", "<author>jobs@acme.example (Acme)</author>", "Acme", "Engineer"),
        ("Engineer", "<author>jobs@acme.example</author>", "", "Engineer"),
        ("Engineer", "<dc:creator>Jobs of the coast</dc:creator>", "", "Engineer"),
    ],
)
def test_a_field_names_the_company_better_than_the_title(
    title: str, more: str, company: str, shown: str
) -> None:
    posting = posting_of(an_item(title, more))

    assert (posting.company, posting.title) == (company, shown)


@pytest.mark.parametrize(
    ("guid", "id_"),
    [
        ("", ""),
        ("<guid>https://jobs.example/1</guid>", ""),
        ("<guid>https://jobs.example/?p=7&amp;utm_source=rss</guid>", "feed:jobs.example?p=7"),
        ("<guid isPermaLink='false'>job-7</guid>", "feed:jobs.example:job-7"),
    ],
)
def test_the_feeds_own_id_is_kept_where_the_link_does_not_tell_it(guid: str, id_: str) -> None:
    assert posting_of(an_item("Engineer", guid)).id == id_


@pytest.mark.parametrize(
    ("title", "more", "mode", "place"),
    [
        ("Remote jobs in Go", "", WorkMode.REMOTE, ""),
        ("Jobs", "<job_listing:location>Kiel</job_listing:location>", WorkMode.UNKNOWN, "Kiel"),
        (
            "Jobs",
            "<location>Kiel</location><region>Anywhere in the World</region>",
            WorkMode.REMOTE,
            "Anywhere in the World",
        ),
    ],
)
def test_a_feed_of_remote_jobs_says_so(title: str, more: str, mode: WorkMode, place: str) -> None:
    posting = posting_of(an_item("Engineer", more), title=title)

    assert (posting.mode, posting.location) == (mode, place)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("Fri, 20 Nov 2026 16:21:07 +0000", 20),
        ("Fri, 20 Nov 2026 16:21:07 GMT", 20),
        ("Fri, 20 Nov 2026 22:00:00 EST", 21),
        ("20 Nov 2026 16:21 +0100", 20),
        ("20 Nov 2026", 20),
        ("2026-11-20", 20),
        ("2026-11-20T23:30:00-05:00", 21),
        ("2026-11-20T10:00Z", 20),
        ("2026-11-20 10:00:00", 20),
        ("1795176000", 20),
    ],
)
def test_dates_are_read_in_every_form(written: str, day: int) -> None:
    assert posting_of(an_item("Engineer", f"<pubDate>{written}</pubDate>")).posted_on == date(2026, 11, day)


def test_a_date_of_no_form_is_none() -> None:
    assert posting_of(an_item("Engineer", "<pubDate>last week</pubDate>")).posted_on is None
    assert posting_of(an_item("Engineer", "<pubDate>Fri, 99 Nov 99999</pubDate>")).posted_on is None


def test_what_its_head_says_of_letters_does_not_matter() -> None:
    posting = posting_of(an_item("Mañana: Ingeniero"), head='<?xml version="1.0" encoding="ISO-8859-1"?>')

    assert posting.company == "Mañana"


def test_a_broken_item_loses_no_other() -> None:
    reading = read(
        rss(
            an_item("Engineer 1")
            + an_item("", link="https://jobs.example/2")
            + an_item("Engineer 3", link="x:y")
        )
    )

    assert [posting.title for posting in reading.postings] == ["Engineer 1"]
    assert [row.reason for row in reading.unread] == ["no title", "no http(s) link"]


def test_a_badly_made_feed_gives_what_can_be_read() -> None:
    reading = read(rss(an_item("Fish & Ships: Engineer", "<description><p>Go &nbsp; <br></description>")))

    assert [(posting.company, posting.title) for posting in reading.postings] == [
        ("Fish & Ships", "Engineer")
    ]


@pytest.mark.parametrize(
    ("title", "more"),
    [
        ("Fish & Ships: Engineer", ""),
        ("Fish &amp; Ships: Engineer", "<description><p>Go &nbsp; <br></description>"),
        ("Fish &amp; Ships: Engineer", "<job_listing2:company>Fish &amp; Ships</job_listing2:company>"),
        ("Fish &amp; Ships: Engineer", "<salary>< 90k</salary>"),
        ("Fish &amp; Ships: Engineer", "\x0b<description><b>Go</description>"),
        ("Fish &amp; Ships: Engineer", "<description>Go &lt; Rust<summary>2 < 3</summary>"),
        ("Fish &amp; Ships: Engineer", "<x><y></x>"),
    ],
)
def test_the_mistakes_that_feeds_make_most_cost_nothing(title: str, more: str) -> None:
    reading = read(rss(an_item(title, more) + an_item("Pilot", link="https://jobs.example/2?a=1&b=2")))

    assert [(posting.company, posting.title, posting.url) for posting in reading.postings] == [
        ("Fish & Ships", "Engineer", "https://jobs.example/1"),
        ("", "Pilot", "https://jobs.example/2?a=1&b=2"),
    ]
    assert reading.note == ""


def test_links_are_those_of_the_item_and_of_its_base() -> None:
    text = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:m="http://search.yahoo.com/mrss/" xml:base="https://jobs.example/">
    <title>Jobs</title><author><name>Jobs</name></author><entry xml:base="harbour/"><m:title>A photo</m:title>
    <title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Harbour <b>Pilot</b></div></title>
    <link rel="self" href="7.atom"/><link href="7"/><author><name>Acme</name><email>a@acme.example</email></author>
    <m:content url="x">Java</m:content><category term="Go"/></entry>
    <entry><title>Cook</title><id>https://jobs.example/8</id></entry><entry><title>Guide</title></entry></feed>"""

    reading = read(text, "https://lists.example/atom")

    assert [(it.company, it.title, it.url, it.skills) for it in reading.postings] == [
        ("Acme", "Harbour Pilot", "https://jobs.example/harbour/7", ("Go",)),
        ("", "Cook", "https://jobs.example/8", ()),
    ]
    assert [row.reason for row in reading.unread] == ["no http(s) link"]


words = st.text("aZ9 &'\":/#ñ東🚀", max_size=20).map(
    str.strip
)  # feedparser makes "<>" into "<???>", "&a;" into "&a"


@settings(max_examples=60, deadline=None)
@given(
    items=st.lists(st.tuples(words, words, words, st.lists(words, max_size=3, unique=True)), max_size=4),
    is_atom=st.booleans(),
)
def test_what_feedparser_reads_is_read_the_same(
    items: list[tuple[str, str, str, list[str]]], is_atom: bool
) -> None:
    text = (_an_atom if is_atom else _an_rss)(items)

    ours, theirs = feed_document.read(text), feedparser.parse(text, sanitize_html=False)

    assert ours.lost == "" and not theirs.bozo and len(ours.entries) == len(theirs.entries) == len(items)
    assert ours.title == theirs.feed.title
    for our, their in zip(ours.entries, theirs.entries, strict=True):
        for name in ("title", "link", "id", "summary", "published", "company", "author"):
            assert plain(our.get(name, "")) == plain(their.get(name, "")), name
        assert [tag["term"] for tag in our["tags"] if tag["term"]] == [
            tag.term for tag in their.get("tags", [])
        ]


def _an_rss(items: list[tuple[str, str, str, list[str]]]) -> str:
    return rss(
        "".join(
            f"<item><title>{escape(title)}</title><link>https://jobs.example/{number}</link>"
            f"<guid>{number}</guid><dc:creator>{escape(author)}</dc:creator>"
            f"<description><![CDATA[{summary.replace(']]>', '')}]]></description>"
            f"<pubDate>Fri, 20 Nov 2026 23:21:07 -0500</pubDate><company>{escape(author)}</company>"
            + "".join(f"<category>{escape(tag)}</category>" for tag in tags)
            + "</item>"
            for number, (title, author, summary, tags) in enumerate(items)
        )
    )


def _an_atom(items: list[tuple[str, str, str, list[str]]]) -> str:
    entries = "".join(
        f"<entry><title>{escape(title)}</title><link href='https://jobs.example/{number}'/><id>{number}</id>"
        f"<author><name>{escape(author)}</name></author><summary>{escape(summary)}</summary>"
        "<published>2026-11-20T10:00:00Z</published>"
        + "".join(f"<category term={quoteattr(tag)}/>" for tag in tags)
        + "</entry>"
        for number, (title, author, summary, tags) in enumerate(items)
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Jobs</title>{entries}</feed>'


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "head",
    [
        BOMB,
        f'<?xml version="1.0"?>\n{BOMB}',
        BOMB.lower(),
        f"<!-- <rss> -->{BOMB}",
        f"<!-- <![CDATA[ -->{BOMB}",
        f"<?x <!-- ?>{BOMB}",
        '<!DOCTYPE rss SYSTEM "http://127.0.0.1/x.dtd">',
        '<!ENTITY x SYSTEM "file:///etc/passwd">',
    ],
)
def test_declarations_are_refused_before_a_parser_sees_them(head: str) -> None:
    with pytest.raises(SourceRefused, match="document type"):
        read(rss(an_item("Engineer"), head=head))


def test_words_about_declarations_are_only_words() -> None:
    posting = posting_of(
        an_item("Engineer", f"<description><![CDATA[<!DOCTYPE html><p>Go]]></description><!-- {BOMB} -->")
    )

    assert posting.skills == ("Go",)


@pytest.mark.parametrize("text", ["<html><body>Busy</body></html>", "{}", "", "words", "<a><b/></a>"])
def test_what_is_no_feed_is_said(text: str) -> None:
    with pytest.raises(SourceUnreachable, match="RSS or Atom was expected"):
        read(text)


def test_a_feed_that_would_take_long_is_refused() -> None:
    for text in (rss("<x>" * 60_001), rss("x" * 3_000_001), rss("<x/>" * 5_000)):
        with pytest.raises(SourceRefused, match="is not read"):
            read(text)


def test_a_feed_never_fetches() -> None:
    """A text that is an address is a text."""
    with pytest.raises(SourceUnreachable):
        read("http://127.0.0.1:9/feed")
    with pytest.raises(SourceUnreachable):
        read("/etc/passwd")


def test_a_cut_feed_is_no_shorter_list() -> None:
    text = rss(an_item("Engineer 1") + an_item("Engineer 2"))

    assert read(text).note == ""
    assert "cut short" in read(text[:-30]).note
    (posting,) = read(text[:-30].replace("<title>", "<title>R&D: ")).postings
    assert (posting.company, posting.title) == ("R&D", "Engineer 1")
    assert read(rss()).note == "no open jobs in it"


def test_what_a_badly_made_feed_loses_is_said() -> None:
    bad = "<description><![CDATA[never ended</description>"
    reading = read(rss(an_item("Engineer 1", bad) + an_item("Engineer 2")))

    assert [posting.title for posting in reading.postings] == ["Engineer 1"]
    assert reading.note == "items of a badly made feed that were not read: 1"


@pytest.mark.parametrize(
    ("text", "is_feed"),
    [
        (rss(), True),
        ('<feed xmlns="http://www.w3.org/2005/Atom">', True),
        ('\ufeff<?xml version="1.0"?><!-- x --><rdf:RDF>', True),
        ("<html><head><link type='application/rss+xml'></head>", False),
        ("<p>how to write an <rss> feed", False),
        ("| Company | Role |", False),
    ],
)
def test_a_feed_is_told_by_its_start(text: str, is_feed: bool) -> None:
    assert feed.sniff(text) is is_feed
