"""CommonMark of a document: what others wrote can neither format nor link."""

from dataclasses import replace
from datetime import UTC, date, datetime

from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from notifier.chat import markdown
from notifier.domain import compose
from notifier.domain.clean import clean, safe_link
from notifier.domain.compose import Entry, Why
from notifier.domain.document import Action, Block, BlockKind, Document, Span, pages
from notifier.domain.facts import Facts, WorkMode
from notifier.domain.posting import ListedOn, Opening

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
JOB = Opening(
    id=7,
    key="k",
    title="Python developer",
    company="Acme",
    url="https://board.example/job/1234/x",
    location="Berlin, Germany",
    posted_on=date(2026, 3, 1),
    first_seen=NOW,
    facts=Facts(mode=WorkMode.REMOTE, skills=("python",)),
    lists=(
        ListedOn(name="a-list", url="https://board.example/job/1234/x", list_url="https://lists.example/a"),
    ),
)
# As GitHub reads it: tables, struck-through text and bare addresses too.
READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])

hostile = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        [
            "@everyone <@1> <@&2> #general /start",
            "[x](javascript:alert(1))",
            "<b>bold</b> <img src=x onerror=y>",
            "**a** _b_ `c` ~~d~~ | e |",
            "https://evil.example www.evil.example evil.example mailto:a@b.example tg://x",
            "# heading\n- list\n1. one\n> quote\n---\n```\ncode",
            "\u202egpj.exe \u200b\u2066 zero\ufeff width",
            "a\u0301\u0302\u0303\u0304\u0305\u0306",
            "![x](https://evil.example/x.png)",
            "[ref]: https://evil.example",
            "&lt;script&gt; &#64;",
            "\\",
        ]
    ),
)


def links(text: str) -> list[str]:
    return [
        str(child.attrs[name])
        for token in READER.parse(text)
        for child in (token.children or [])
        for name in ("href", "src")
        if name in child.attrs
    ]


@settings(max_examples=300, deadline=None)
@given(title=hostile, company=hostile, location=hostile, name=hostile)
@example(title="1. x", company="+ x", location="= x", name="- x")
def test_text_from_lists_neither_formats_nor_links(
    title: str, company: str, location: str, name: str
) -> None:
    job = replace(JOB, title=title, company=company, location=location)
    document = compose.push(Entry(job, [Why(1, name, {})]), NOW, "en")

    rendered = markdown.render(document)

    ours = {JOB.url, "https://lists.example/a"}
    assert set(links(rendered)) <= ours
    kinds = {token.type for token in READER.parse(rendered)}
    assert kinds <= {"paragraph_open", "paragraph_close", "inline"}
    shown = "".join(
        child.content if child.type in ("text", "code_inline") else " "
        for token in READER.parse(rendered)
        for child in (token.children or [])
    )
    assert clean(company, 100).replace(" ", "") in shown.replace(" ", "")


@settings(max_examples=200, deadline=None)
@given(
    url=st.one_of(
        hostile, st.text(max_size=60).map("https://a.example/".__add__), st.text().map("javascript:".__add__)
    )
)
def test_only_http_links_reach_a_message(url: str) -> None:
    rendered = markdown.render(compose.push(Entry(replace(JOB, url=url)), NOW, "en"))

    assert all(link.lower().startswith(("http://", "https://")) for link in links(rendered))
    assert len(links(rendered)) <= 3


@given(hostile)
def test_what_is_cleaned_stays_as_it_is(text: str) -> None:
    once = clean(text)

    assert clean(once) == once
    assert "\n" not in once


def test_links_that_are_not_for_people_are_dropped() -> None:
    bad = [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "tg://resolve?domain=x",
        "https://user:pw@host.example/",
        "https://",
        "//host.example/x",
        "/relative",
        "https://a.example/ b",
        "https://a.example/\u202ex",
        "http://[broken",
        "https://a.example/" + "x" * 3_000,
        "https:\\\\a.example",
    ]

    assert [safe_link(url) for url in bad] == [""] * len(bad)
    assert safe_link("https://a.example/x?gh_jid=1&b=ü") == "https://a.example/x?gh_jid=1&b=%C3%BC"


def test_pages_hold_ten_jobs_and_never_part_a_heading_from_its_first() -> None:
    heading = Block((Span("h"),), BlockKind.HEADING)
    item = Block((Span("i"),), BlockKind.ITEM)
    blocks = [heading, *[item] * 10, heading, *[item] * 11]

    split = list(pages(Document(tuple(blocks), (Action("Apply", url="https://a.example"),))))

    assert [sum(block.kind is BlockKind.ITEM for block in page.blocks) for page in split] == [10, 10, 1]
    assert all(page.blocks[-1].kind is BlockKind.ITEM for page in split)
    assert [len(page.actions) for page in split] == [0, 0, 1]


def test_equal_jobs_are_one_item_with_their_number() -> None:
    jobs = [replace(JOB, id=number, url=f"https://board.example/job/{number}000/x") for number in range(5)]

    rendered = markdown.render(compose.grouped([Entry(job) for job in jobs], NOW, "en"))

    assert "5 new jobs" in rendered
    assert "×5 openings" in rendered
    assert rendered.count("Python developer") == 1


def test_what_is_unknown_is_shown_as_nothing() -> None:
    bare = replace(JOB, company="", location="", posted_on=None, facts=Facts(), lists=())

    rendered = markdown.render(compose.push(Entry(bare), NOW, "en"))

    assert "N/A" not in rendered
    assert "None" not in rendered
    assert "unknown" not in rendered.lower()
