"""What an operator writes for a list, and where it is read: a URL, a file, a GitHub repository."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from notifier.domain.fold import fold_words

_GITHUB = re.compile(
    r"https?://(?:www\.)?github\.com/(?P<owner>[\w.-]+)/(?P<repo>[\w.-]+?)(?:\.git)?"
    r"(?:/(?:tree|blob|raw)/(?P<branch>[^/?#]+)(?:/(?P<path>[^?#]*))?)?/?(?:[?#].*)?"
)
_RAW = re.compile(
    r"https://raw\.githubusercontent\.com/(?P<owner>[\w.-]+)/(?P<repo>[\w.-]+)/(?P<branch>[^/]+)/(?P<path>.+)"
)
_SAYS_NOTHING = frozenset(("readme", "index", "feed", "rss", "atom", "api"))  # of what a file is about
_READMES = ("README.md", "readme.md", "Readme.md", "README.markdown")


def is_file(address: str) -> bool:
    """Return whether an address names a local file."""
    return address.startswith("file:") or "://" not in address


def file_path(address: str) -> Path:
    """Return the local file that an address names."""
    return Path(unquote(urlsplit(address).path)) if address.startswith("file:") else Path(address)


def readable(address: str) -> list[str]:
    """Return the URLs to try for an address, in order; a repository is turned into its README."""
    found = _GITHUB.fullmatch(address)
    if found is None:
        return [address]
    branch, path = found["branch"] or "HEAD", (found["path"] or "").strip("/")
    base = f"https://raw.githubusercontent.com/{found['owner']}/{found['repo']}/{branch}"
    if "." in path.rpartition("/")[2]:
        return [f"{base}/{path}"]
    folder = f"{base}/{path}" if path else base
    return [f"{folder}/{name}" for name in _READMES]


def home(address: str) -> str:
    """Return where people read the list; "" for a local file."""
    if is_file(address):
        return ""
    found = _GITHUB.fullmatch(address) or _RAW.fullmatch(address)
    return f"https://github.com/{found['owner']}/{found['repo']}" if found else address


def default_name(address: str) -> str:
    """Return a name for the list: its repository's, else its file's or host's, in lower case."""
    found = _GITHUB.fullmatch(address) or _RAW.fullmatch(address)
    if found:
        words = found["repo"]
    elif is_file(address):
        path = file_path(address)
        words = path.parent.name if path.stem.lower() == "readme" else path.stem
    else:
        split = urlsplit(address)
        stem = Path(split.path).stem
        words = (stem if stem.lower() not in _SAYS_NOTHING else "") or split.hostname or "list"
    return re.sub(r"[^a-z0-9]+", "-", fold_words(words)).strip("-") or "list"
