"""Where the work is done, from the words of a row."""

import re

from notifier.domain.facts import WorkMode

# Hybrid before remote: "remote/hybrid" and "2 days remote" offices exist, remote jobs with an office do not.
_WORDS = (
    (
        WorkMode.HYBRID,
        r"hybrid|h[ií]brid[oa]|hybride|hybrydow\w+|hibrid\w*|teilweise remote|partially remote",
    ),
    (
        WorkMode.REMOTE,
        r"(?:fully |100 ?% )?remote(?:ly)?|work from home|wfh|home ?office|telecommut\w+|t[ée]l[ée]travail|teletrabajo"
        r"|remot[oa]|zdaln\w+|à distance|anywhere|distributed|full remote|remotely",
    ),
    (WorkMode.ONSITE, r"on[- ]?site|in[- ]office|in[- ]person|vor ort|sur site|presencial|stacjonarn\w+"),
)
_PATTERNS = [(mode, re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)) for mode, words in _WORDS]
_NOT_A_MODE = re.compile(
    r"(?:no|not|non)[- ]remote|remote[- ](?:sensing|access|control|desktop|procedure|monitoring)"
    r"|hybrid[- ](?:cloud|apps?|mobile|search|it|infrastructure)|distributed[- ](?:systems?|computing|databases?)",
    re.IGNORECASE,
)


def mode_of(title: str, location: str, stated: WorkMode) -> WorkMode:
    """Return the mode that the words say, else the one that the row's type column states."""
    text = _NOT_A_MODE.sub(" ", f"{title} | {location}")
    for mode, pattern in _PATTERNS:
        if pattern.search(text):
            return mode
    return stated
