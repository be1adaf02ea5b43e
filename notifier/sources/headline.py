"""One line that names a company and its job, as feeds and forum posts head an ad. Pure."""

import re
from collections.abc import Sequence

# What people are hired as. Facts know the families of work that we tell apart; this tells a job from a company.
_PROFESSION = re.compile(
    r"(?<!\w)(?:\w*(?:engineer|developer|dev|entwickler|programmer|designer|architect|analyst|scientist|manager|administrator"
    r"|consultant|researcher|director|specialist|technician|writer|editor|marketer|recruiter|accountant|coordinator"
    r"|strategist|assistant|associate|advocate|representative|operator|tester|trainer|translator|intern|internship"
    r"|apprentice|werkstudent|ingénieur|développeur|desarrollador|ingeniero|engenheiro|desenvolvedor|programador)"
    r"(?:s|in|innen|e|es|a|as)?|cto|ceo|cfo|coo|ciso|sres?|swes?|sdets?|devops|devrel|dba|sysadmin|lead|head of|chief of"
    r"|product owner|scrum master|(?:front|back)[ -]?end|full[ -]?stack|roles|positions)(?!\w)",
    re.IGNORECASE,
)
_AT = re.compile(r"^(?P<title>.+) (?:at|@) (?P<company>[^\sa-z].*)$")


def names_a_job(words: str) -> bool:
    """Return whether the words name what somebody is hired as."""
    return _PROFESSION.search(words) is not None


def parted(line: str, companies: Sequence[str] = ()) -> tuple[str, str]:
    """Return (company, title) of "Company: Title" or "Title at Company"; ("", line) when it is neither.

    companies  names that may be the company's; the one that the line begins or ends with is
    """
    for name in filter(None, companies):
        if line.lower().startswith(f"{name.lower()}: "):
            return name, line[len(name) + 2 :].strip()
        for joint in (" at ", " @ "):
            if line.lower().endswith(f"{joint}{name}".lower()):
                return name, line[: -len(name) - len(joint)].strip()
    # "Acme: Labs: Engineer" and "Acme: Engineer: Platform": the company ends before the first job that is named.
    pieces = line.split(": ", 5)
    for end in range(len(pieces) - 1, 0, -1):
        company, title = ": ".join(pieces[:end]).strip(), ": ".join(pieces[end:]).strip()
        if company and title and names_a_job(title) and not names_a_job(company):
            return company, title
    if found := _AT.match(line):
        return found["company"].strip(), found["title"].strip()
    if len(pieces) > 1 and pieces[0].strip() and not names_a_job(pieces[0]):
        return pieces[0].strip(), ": ".join(pieces[1:]).strip()
    return "", line
