"""Which rows are the same job: decided from raw text only, never from facts.

A row's address is the board's own posting id when its link carries one, else the link without
tracking. Rows of one address are told apart by title; `resolve` says which known job a row is.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from notifier.domain.fold import fold
from notifier.domain.posting import Posting

# Parameters that say where a click came from. gh_jid, jk, id and pid are not among them: some boards
# carry the posting's id only there. "ref" and "source" are tracking on some boards and part of the
# address on others; two spellings of one job are then still one by its company, title and location.
_TRACKING = frozenset("utm gh_src lever-source lever-origin fbclid gclid mc_cid mc_eid".split())
# Greenhouse shows one posting under its own host and, with gh_jid, on any career page.
_GREENHOUSE_PATH = re.compile(r"^/[^/]+/jobs/(\d{5,})$")
_LONGEST = 600  # characters of an address or key: PostgreSQL indexes no text of more than 2,704 bytes
_WORKABLE_PATH = re.compile(r"/j/([0-9A-F]{10})(?:/|$)", re.IGNORECASE)
_ID_IN_PATH = re.compile(
    r"""/jobs?/(\d{4,})(?=/|$)                                            # jobr: /job/N/slug
      | (?<![0-9a-f])([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})(?![0-9a-f])  # lever, ashby, simplify
      | (?<![0-9a-f])([0-9a-f]{32}|[0-9a-f]{24})(?![0-9a-f])              # starjobs, jobright
    """,
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a posting lives: equal for every spelling of its link."""

    text: str
    is_posting_id: bool  # the board's own id: one posting, whatever its title becomes


@dataclass(frozen=True, slots=True)
class Known:
    """A stored job as identity needs it."""

    id: int
    key: str
    address: str
    title: str  # folded
    listed: bool  # stood on this source at its last reading


def clean_url(url: str) -> str:
    """Return `url` without scheme, `www.`, fragment, trailing slash and tracking parameters."""
    # Some lists append their tracking with a second "?": read it as "&".
    base, _, query = url.partition("?")
    try:
        parts = urlsplit(base)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:  # "http://[broken": the text itself is the best address there is
        return url.strip()
    pairs = parse_qsl(query.partition("#")[0].replace("?", "&"), keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if not _is_tracking(name.lower(), value.lower())]
    # A single-page board keeps the posting behind "#/": such a fragment is part of the address.
    fragment = f"#{parts.fragment}" if parts.fragment.startswith(("/", "!")) else ""
    question = f"?{urlencode(sorted(kept))}" if kept else ""
    return f"{host}{parts.path.rstrip('/')}{question}{fragment}"


def _is_tracking(name: str, value: str) -> bool:
    return name in _TRACKING or name.startswith("utm_") or (name, value) == ("ref", "simplify")


def address(url: str) -> Address:
    """Return where the posting behind `url` lives."""
    found = _address(url)
    return found if len(found.text) <= _LONGEST else replace(found, text=_shortened(found.text))


def _shortened(text: str) -> str:
    """Return `text`, its end replaced by a fingerprint of the whole when it is too long for an index."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]}…{_digest(text)}"


def _address(url: str) -> Address:
    cleaned = clean_url(url)
    where, _, query = cleaned.partition("?")
    host, _, path = where.partition("/")
    path = f"/{path}"
    values = dict(parse_qsl(query))
    if number := values.get("gh_jid"):
        return Address(f"greenhouse:{number}", True)
    if host.endswith("greenhouse.io") and (found := _GREENHOUSE_PATH.search(path)):
        return Address(f"greenhouse:{found[1]}", True)
    if host.endswith("workable.com") and (found := _WORKABLE_PATH.search(path)):
        return Address(f"workable:{found[1].upper()}", True)
    if found := _ID_IN_PATH.search(path):
        return Address(f"{host}:{found[found.lastindex or 0].lower()}", True)
    return Address(cleaned, False)


def address_of(posting: Posting) -> Address | None:
    """Return where a posting lives, by its source's own id or else by its link; None without either."""
    if posting.id:
        return Address(posting.id, True)
    return address(posting.url) if posting.url else None


def repost_key(posting: Posting) -> str:
    """Return the fingerprint of company, title and location text, folded (32 hex digits)."""
    return _digest(fold(posting.company), fold(posting.title), fold(posting.location))


def row_hash(posting: Posting) -> str:
    """Return a fingerprint of everything a row says; its line and section may change freely."""
    return _digest(
        posting.title,
        posting.company,
        posting.url,
        posting.company_url,
        posting.location,
        posting.mode,
        posting.pay,
        str(posting.pay_flagged),
        str(posting.posted_on),
        str(posting.closed),
        *posting.skills,
    )


def rows_hash(hashes: Iterable[str]) -> str:
    """Return a fingerprint of a whole reading, in its order."""
    return _digest(*hashes)


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode(errors="surrogatepass"), digest_size=16).hexdigest()


def resolve(
    postings: Sequence[Posting],
    known: Mapping[str, Sequence[Known]],
    by_repost_key: Mapping[str, Known],
    source: str,
) -> list[tuple[str, Known | None]]:
    """Return for each posting its key, and the known job it is; None for a new job.

    known          jobs by address, for every address among the postings
    by_repost_key  jobs of this source by repost key, for closed rows that lost their link
    source         the source's name; the key of a linkless row stays within it
    """
    found: list[tuple[str, Known | None]] = [("", None)] * len(postings)
    rows_at: dict[Address, list[int]] = defaultdict(list)
    for row, posting in enumerate(postings):
        if where := address_of(posting):
            rows_at[where].append(row)
        else:
            fingerprint = repost_key(posting)
            job = by_repost_key.get(fingerprint)
            found[row] = (job.key if job else f"{source}#{fingerprint}", job)
    for where, rows in rows_at.items():
        titles = {row: fold(postings[row].title) for row in rows}
        jobs = {job.title: job for job in known.get(where.text, ())}
        unknown = [row for row in rows if titles[row] not in jobs]
        missing = [job for title, job in jobs.items() if title not in titles.values()]
        retitled = len({titles[row] for row in unknown}) == 1 and len(missing) == 1
        # A career page may list another job a month later: only a job that stood here at the last
        # reading can have got a new title. A posting id belongs to one posting for good.
        if retitled and (where.is_posting_id or missing[0].listed):
            jobs[titles[unknown[0]]] = missing[0]
        alone = where.is_posting_id and not known.get(where.text) and len(set(titles.values())) == 1
        for row in rows:
            job = jobs.get(titles[row])
            key = where.text if alone else _shortened(f"{where.text}#{titles[row]}")
            found[row] = (job.key if job else key, job)
    return found
