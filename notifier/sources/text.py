"""From bytes to text: which encoding a document is in, and XML that no parser can be hurt by."""

import codecs
import re

from notifier.errors import SourceRefused, SourceUnreachable

_BOMS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
# Python knows more: some turn ASCII into markup (utf-7), some are slow (punycode), some are no text.
_CHARSETS = re.compile(
    r"utf-8|utf-(16|32)(-[bl]e)?|ascii|iso8859-\d+|cp(125\d|932|949|950)|koi8-[ru]|mac-roman"
    r"|gb(2312|k|18030)|big5|shift_jis|euc_(jp|kr)|iso2022_jp"
)
_XML_HEAD = re.compile(r"\s*<\?xml\b[^>]{0,200}\?>")
_XML_ENCODING = re.compile(rb"""\s*<\?xml\b[^>]{0,200}?\bencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
# Comments, CDATA and instructions are passed over whole: a declaration in them is only words.
_XML_MARKS = re.compile(r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)|<!", re.DOTALL)


def decode(body: bytes, charset: str | None, where: str, *, accept_html: bool = False) -> str:
    """Return the text of a document: by its mark, else UTF-8, else what its server or its XML head says.

    `SourceUnreachable` for bytes that are no text, and for an HTML page unless those are accepted.
    """
    marked = next((name for mark, name in _BOMS if body.startswith(mark)), None) or _bare_utf16(body)
    declared = _XML_ENCODING.match(body)
    said = (charset, declared and declared[1].decode("ascii"))
    names = (marked,) if marked else ("utf-8", *filter(_is_known, said))
    text = next((text for name in names if (text := _try(body, str(name))) is not None), None)
    if text is None:
        raise SourceUnreachable(f"{where} is not UTF-8 text")
    if not accept_html and text.lstrip()[:15].lower().startswith(("<!doctype html", "<html")):
        raise SourceUnreachable(f"{where} is an HTML page, not a list")
    return text


def xml(text: str, where: str) -> str:
    """Return XML as a parser may have it; `SourceRefused` for one that declares a type or entities.

    The head goes, since the encoding it names is no longer that of the text. `text.encode()` is what
    to parse.
    """
    if "\0" in text:
        raise SourceUnreachable(f"{where} is no XML")  # a parser might take it for UTF-16
    if any(mark[0] == "<!" for mark in _XML_MARKS.finditer(text)):
        raise SourceRefused(f"{where} declares a document type, which is not read")
    head = _XML_HEAD.match(text)
    return text[head.end() :] if head else text


def _try(body: bytes, name: str) -> str | None:
    try:
        text = body.decode(name)
    except UnicodeDecodeError:
        return None
    # No list in a wide encoding begins otherwise; bytes that happen to begin like its mark do.
    return text if not name.startswith(("utf-16", "utf-32")) or text[:1].isascii() else None


def _bare_utf16(body: bytes) -> str | None:
    """Return the encoding of XML in UTF-16 without a mark, which would pass for UTF-8."""
    return {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}.get(bytes(body[:2]))


def _is_known(charset: str | None) -> bool:
    try:
        return charset is not None and _CHARSETS.fullmatch(codecs.lookup(charset).name) is not None
    except (LookupError, ValueError):
        return False
