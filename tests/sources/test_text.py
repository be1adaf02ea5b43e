"""Documents in any encoding that sources use, and XML that would hurt its parser."""

import codecs
import contextlib
import time

import pytest

from notifier.errors import SourceError, SourceRefused
from notifier.sources.text import decode, xml

FEED = '<?xml version="1.0" encoding="{0}"?><rss><title>Küche €</title></rss>'


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        (FEED.format("utf-8").encode(), None),
        (codecs.BOM_UTF8 + FEED.format("utf-8").encode(), "latin-1"),
        (FEED.format("utf-16").encode("utf-16"), None),
        (codecs.BOM_UTF16_BE + FEED.format("utf-16").encode("utf-16-be"), "utf-8"),
        (FEED.format("utf-16").encode("utf-16-le"), None),
        (FEED.format("utf-16").encode("utf-16-be"), "utf-8"),
        (FEED.format("utf-32").encode("utf-32"), None),
        (FEED.format("windows-1252").encode("cp1252"), None),
        (FEED.format("utf-8").encode("cp1252"), "windows-1252"),
        (FEED.format("iso-8859-15").encode("iso8859-15"), "no-such-charset"),
        (FEED.format("iso-8859-15").encode("iso8859-15"), "utf-7"),
    ],
)
def test_a_document_is_read_in_its_own_encoding(body: bytes, charset: str | None) -> None:
    assert decode(body, charset, "feed").endswith("<title>Küche €</title></rss>")


@pytest.mark.parametrize(
    "charset", ["utf-7", "punycode", "unicode_escape", "idna", "zip", "x" * 500, "a\0b", "rot13"]
)
def test_an_encoding_that_is_none_is_not_tried(charset: str) -> None:
    with pytest.raises(SourceError, match="not UTF-8"):
        decode(b"a \xe4 b", charset, "list")


def test_an_html_page_is_no_list_unless_pages_are_asked_for() -> None:
    page = b"\n<!DOCTYPE html><html>"

    with pytest.raises(SourceError, match="HTML page"):
        decode(page, None, "list")
    assert decode(page, None, "list", accept_html=True) == page.decode()


LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><l>&b;</l>'


@pytest.mark.parametrize(
    "body",
    [
        LAUGHS.encode(),
        LAUGHS.lower().encode(),
        b'<?xml version="1.0"?><!-- <ok/> --> ' + LAUGHS.encode(),
        LAUGHS.encode("utf-16"),
        LAUGHS.encode("utf-16-be"),
        LAUGHS.encode("utf-32"),
        codecs.BOM_UTF8 + LAUGHS.encode(),
        b"<rss/><!ENTITY x SYSTEM 'file:///etc/passwd'>",
        b"<!-- --><!DOCTYPE rss SYSTEM 'http://127.0.0.1/'>",
        b"<r><![CDATA[ ]]><!DOCTYPE x></r>",
        b"<!-->--><!DOCTYPE x>",
    ],
)
def test_xml_that_declares_a_type_is_refused(body: bytes) -> None:
    with pytest.raises(SourceRefused, match="document type"):
        xml(decode(body, None, "feed", accept_html=True), "feed")


def test_xml_that_is_none_is_refused() -> None:
    with pytest.raises(SourceError, match="no XML"):
        xml(decode(b"\n\0<\0!\0D\0", None, "feed"), "feed")


def test_a_description_may_hold_a_page_of_html() -> None:
    feed = "<rss><d><![CDATA[<!DOCTYPE html><p>]]></d><!-- <!DOCTYPE x> --><d>&lt;!DOCTYPE html&gt;</d></rss>"

    assert xml(feed, "feed") == feed


def test_the_head_that_names_another_encoding_goes() -> None:
    """A parser that believed it would read other markup than was looked at."""
    trick = b'<?xml version="1.0" encoding="utf-7"?><rss>+ADwAIQ-DOCTYPE</rss>'

    assert xml(decode(trick, "utf-7", "feed"), "feed") == "<rss>+ADwAIQ-DOCTYPE</rss>"


@pytest.mark.parametrize(
    "part", ["<!", "<!--", "<![CDATA[", "<![CDATA[]]>", "<!---->", "<?xml", "<?xml encoding='", " "]
)
def test_looking_takes_time_in_proportion(part: str) -> None:
    text = part * (2_000_000 // len(part))
    began = time.process_time()
    with contextlib.suppress(SourceError):
        xml(decode(text.encode(), None, "feed"), "feed")
    assert time.process_time() - began < 20
