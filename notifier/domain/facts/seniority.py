"""How experienced a posting wants somebody to be, from the words of its title.

Words beat numbers ("Senior Engineer II" is senior), and the grades of banks and pay scales (AVP, L4, GS-12)
say nothing. Of several levels the higher counts, but an internship stays an internship.
"""

import re
from enum import StrEnum

from notifier.domain.facts.title_words import LONGEST, any_word
from notifier.domain.fold import fold_words


class Seniority(StrEnum):
    """The level that a title asks for."""

    INTERN = "intern"
    JUNIOR = "junior"
    MID = "mid"
    SENIOR = "senior"
    LEAD = "lead"
    MANAGER = "manager"
    UNSPECIFIED = "unspecified"


_WORDS = any_word(
    {
        # Looks like a level and is none; listed first, so that it hides the word.
        "nothing": """
        chief of staff; of technical staff; technical|support staff; lead time|free|routing; lead to cash;
        staff augmentation|accountant|auditor|nurse|attorney|assistant|writer|training|member;
        lead generation|gen|management|acquisition|scoring|qualification|conversion|nurturing;
        assistant|vice|deputy|school principal; principal of|component*; junior high|college;
        senior living|care|citizen*|services|housing; mid market|size*|cap|term|year|tier|atlantic|office;
        middle office|east|market|school; regular full|part time; regular employee; mission director;
        early|late|growth|seed|multi|single|on stage; stage gate|manager|technician|hand|lighting|design|crew|production;
        experience|package|password|tag|configuration|task|device|file|secrets|ads manager;
        manager tools|tooling|experience; head start|office|unit|mounted; apprentissage automatique;
        intern|internship|apprenticeship program*|coordinator|recruit*; graduate school|studies|medical;
        student loan*|success|information|experience|services|affairs|housing|records|finance|engagement|platform;
        student learning|support|life|systems; associate partner|professor|principal;
        research|sales|retail|store|stock|warehouse|service associate""",
        "intern": """
        intern; interns; internship*; co op|ops; extern; externship*; industrial placement; placement student; thesis;
        summer analyst|associate; year in industry; insight program*; spring week; vacation scheme; working student*;
        student worker|assistant*|engineer*|developer|programmer|researcher|employee|trainee; undergraduate*; undergrad*;
        master|masters|phd|bachelor student*; trainee*; apprentice*;
        praktikum*; praktika; praktikant*; pflichtpraktik*; werkstud*; werksstudent*; studentische*; abschlussarbeit*;
        masterarbeit; bachelorarbeit; diplomarbeit; diplomand*; hiwi; ausbildung*; auszubildend*; azubi*; lehrling*;
        lehrstelle; duales studium; dualer student; volontar*; stagiaire*; alternance*; alternant*; apprenti|apprentie|apprentis|apprenties;
        apprentissage; contrat pro; cesure; pfe; projet de fin d'etudes; becari*; practicas; practicante*; pasante*;
        pasantia*; aprendiz*; estagi*; tirocin*; stagista; stagisti; apprendist*; afstudeer*; meewerkstage; werkstage;
        staz; stazyst*; praktyk*; praktykant*; stazist*; brigada; praktik; examensarbete; exjobb; sommarjobb;
        studentermed*; sommerjobb; harjoittelij*; kesatyo*; diplomityo*; gyakornok*; stajyer; stagiu; стажер*;
        стажировк*; интерн""",
        "junior": """
        junior*; jr; jnr; amts; entry level; early career*|professional*|talent; early in career; young professional*;
        emerging talent; new|college|university|recent grad*; new college grad*; graduate; graduates; grad; grads; ncg;
        university hire*|software|engineer*; college hire*; campus hir*|recruit*; campus full time; rotational; fresher*;
        beginner*; absolvent*; berufseinsteiger*; berufsanfanger*; einsteiger*; einstieg; debutant*; jeune|jeunes diplome*;
        recien graduad*|egresad*; neolaureat*; starter; afgestudeerd*; mlodszy; mlodsza; nyexaminerad*; nyutdannet;
        nyuddannet; младший""",
        "mid": """
        mid; midlevel; middle; medium level; intermediate; medior; semi senior|sr; ssr; pleno; plena; regular; confirme;
        confirmee; intermedio; intermedia; мидл""",
        "lead": """
        lead; leader; staff; principal; principale; distinguished; technical fellow; chief architect|engineer|scientist;
        pmts; lmts; teamlead*; techlead*; teamleit*; gruppenleit*; lider; lideres; referent technique; chef d'equipe;
        ведущий; тимлид""",
        "keeper": """
        product|project|program|programme|account|success|marketing|delivery|community|case|category|office manager;
        product marketing manager; projektmanager*; projektleit*; chef de projet*|produit*; jefe de proyecto*;
        gerente de proyecto*|projeto*; capo progetto; projektledare; projektleder""",
        "manager": """
        manager; managers; mgr; head; director; directors; vp|svp|evp of; vice president of; cto; cio; ciso; ceo; coo;
        vp engineering|product|technology|data; chief technology|information|executive|product|data officer;
        chief information security officer; leiter; leiterin; leitung; abteilungsleit*; bereichsleit*;
        chef de service|secteur|rayon|groupe|chantier; directeur*; directrice*; responsable*; gerente; gerentes;
        directora; diretor; diretora; jefe; jefa; gestor; gestora; kierownik; dyrektor; direktor*; responsabile; vedouci;
        reditel; supervisor; team manager; руководитель""",
        "senior": "senior*; sr; snr; smts; starszy; starsza; старший; kidemli",
        # Levels only where they stand in the right place; see _MEANT.
        "associate": "associate; associates; assoc",
        "student": """
        student; students; studente; studentin; etudiant; etudiante; estudiante; sophomore; stage""",
        "newcomer": "entry; campus; university",
    }
)
# Chinese, Japanese and Korean put no blanks between words.
_UNPARTED = {
    "实习": "intern", "實習": "intern", "インターン": "intern", "인턴": "intern", "新卒": "junior", "应届": "junior",
    "初级": "junior", "신입": "junior", "中级": "mid", "高级": "senior", "高級": "senior", "资深": "senior",
    "資深": "senior", "シニア": "senior", "시니어": "senior", "リード": "lead",
}  # fmt: skip
_UNPARTED_WORD = re.compile("|".join(_UNPARTED))

_PERSON = (
    r"(?:engineer|developer|programmer|analyst|specialist|scientist|technician|administrator|consultant|architect"
    r"|designer|tester|researcher|technologist|sde|swe|sdet|sre|mts|entwickler\w*|ingenieur\w*|developpeur\w*)s?"
)
_PERSON_BEFORE = re.compile(rf"(?<![^\W_])(?:{_PERSON}|assistant(?= to ))(?![^\W_])")
_PERSON_SOON = re.compile(rf" (?:[\w/&.+#-]{{1,30}} ){{0,3}}?(?:{_PERSON}|manager)(?!\w)")
_SEPARATOR = re.compile(r"[,;:|()/\[\]]|[-–—] | [-–—]| (?:to|for) ")
_SEGMENT_BEGINS = re.compile(r"(?:^|[,;:|()/\[\]]|[-–—]) ?$")
_SEGMENT_ENDS = re.compile(r" ?(?:$|[,;:|()/\[\]]| [-–—])")
_NEAR = 80  # characters

# "Engineer II", "SDE-1", "Developer, Backend I - Games"; never "Developer 2-3 years", "Engineer 24/7", "Engineer V&V".
_NUMBERED = re.compile(
    rf"(?<![^\W_])(?i:{_PERSON}(?:,? level)?) ?[,(–-]? ?(?P<grade>VI|IV|V|I{{1,3}}|[1-6])"
    r"(?![\w&.+%'’]|-\d|/\d\d| ?[-–]? ?\d|(?i: ?(?:years?|yrs|ans|x|openings?|positions?)\b))"
)
_FIRST = re.compile(
    rf"(?<![^\W_])(?i:{_PERSON})(?:[ /,]{{1,2}}[\w+#.-]{{2,20}}){{1,4}} (?P<grade>I)(?=$|[,/(]| [(–-])"
)
_ROMAN = re.compile(r"(?<!\w)(?P<before>\w{1,20})[ ,(-]{1,3}(?P<grade>I[Ii]{1,2})(?![\w&])")
_NOT_GRADED = frozenset("phase class stage type part tier title war mark category volume soc".split())
_BAR = re.compile(r"\bI [^I]{1,80} I\b")  # "Consultant I SAP I Remote" parts its title with a letter
_GRADES = {
    Seniority.JUNIOR: "I 1",
    Seniority.MID: "II 2",
    Seniority.SENIOR: "III 3 IV 4",
    Seniority.LEAD: "V 5 VI 6",
}
_LEVEL_OF_GRADE = {grade: level for level, grades in _GRADES.items() for grade in grades.split()}


def seniority_in(title: str) -> Seniority:
    """Return the level that `title` names, UNSPECIFIED when it names none."""
    title = title[:LONGEST]
    if not title.isascii():
        title = _UNPARTED_WORD.sub(lambda found: f" {_UNPARTED[found[0]]} ", title)
    text = fold_words(title)
    named = _named(text)
    if "student" in named:
        return Seniority.INTERN
    for level in (Seniority.INTERN, Seniority.LEAD, Seniority.MANAGER):
        if level in named and not (level is Seniority.MANAGER and Seniority.JUNIOR in named):
            return level
    for level in (Seniority.SENIOR, Seniority.MID, Seniority.JUNIOR):
        if level in named:
            return level
    if "newcomer" in named:
        return Seniority.JUNIOR
    if "keeper" in named:
        return Seniority.JUNIOR if "associate" in named else Seniority.MANAGER
    graded = _graded(title)
    if graded is Seniority.UNSPECIFIED and "associate" in named:
        return Seniority.JUNIOR
    return graded


def _named(text: str) -> set[str]:
    """Return the groups of the words in `text` that stand where they mean a level."""
    named: set[str] = set()
    for found in _WORDS.finditer(text):
        group = found.lastgroup or ""
        if group not in named and _MEANT.get(group, _always)(text, found):
            named.add(group)
    return named


def _always(text: str, found: re.Match[str]) -> bool:
    return True


def _leads_people(text: str, found: re.Match[str]) -> bool:
    """Tell "Engineering Manager" from "Experience Manager Developer" and "Engineer, Manager Tools"."""
    start = found.start()
    before = _PERSON_BEFORE.search(text, max(0, start - _NEAR), start)
    if before is not None and _SEPARATOR.search(text, before.end(), start):
        return False
    return _PERSON_SOON.match(text, found.end()) is None


def _is_first_grade(text: str, found: re.Match[str]) -> bool:
    return _PERSON_SOON.match(text, found.end()) is not None


def _begins(text: str, found: re.Match[str]) -> bool:
    return _SEGMENT_BEGINS.search(text, max(0, found.start() - 2), found.start()) is not None


def _stands_apart(text: str, found: re.Match[str]) -> bool:
    return _begins(text, found) or _SEGMENT_ENDS.match(text, found.end()) is not None


_MEANT = {
    "manager": _leads_people,
    "associate": _is_first_grade,
    "student": _stands_apart,
    "newcomer": _begins,
}


def _graded(title: str) -> Seniority:
    """Return the level of the number behind a profession."""
    for found in (_NUMBERED.search(title), _FIRST.search(title), *_ROMAN.finditer(title)):
        if found is None or (found["grade"] == "I" and _BAR.search(title)):
            continue
        if found.re is _ROMAN and found["before"].casefold() in _NOT_GRADED:
            continue
        return _LEVEL_OF_GRADE[found["grade"].upper()]
    return Seniority.UNSPECIFIED
