"""What every kind of source says about itself, so that one road reads them all."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from notifier.domain.posting import Reading


class Parse(Protocol):
    """Turns one document into postings; pure."""

    def __call__(self, text: str, now: datetime, url: str = "") -> Reading:
        """Return what the document at `url` says; `SourceError` when it is no answer of this kind."""
        ...


def _nothing(url: str) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of source: its parser, and what its operators and terms ask.

    parse           reads one document
    reader_version  of the parser; raise it when it reads what it did not before
    recognise       turns an address of this kind, as people paste it, into the URL to read; "" for others
    board           the company in an address of an employer board, as the board writes it; "" for others
    sniff           whether a document, whose address says nothing, is of this kind
    following       the next document of a reading after (its URL, its text): a next page, or what the
                    first one points to; "" after the last
    most_pages      documents of one reading; where the newest stand first it ends at a page of known jobs
    newest_first    the first page holds what is new; else all pages belong to one reading
    is_page         an HTML page made for people: robots.txt is asked, and HTML is no error
    floor           the shortest time between two readings that its terms allow
    complete        carries all its open jobs, so absence means closed
    republish       its terms allow `publish`
    attribution     the sentence that its terms ask for in each message
    home_url        where people read it, with {board} for that company; "": the address itself
    """

    parse: Parse
    reader_version: int = 1
    recognise: Callable[[str], str] = _nothing
    board: Callable[[str], str] = _nothing
    sniff: Callable[[str], bool] = lambda text: False
    following: Callable[[str, str], str] | None = None
    most_pages: int = 1
    newest_first: bool = True
    is_page: bool = False
    floor: timedelta = timedelta()
    complete: bool = False
    republish: bool = False
    attribution: str = ""
    home_url: str = ""
