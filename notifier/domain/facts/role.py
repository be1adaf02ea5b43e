"""What kind of work a posting offers, from the words of its title.

The first special profession decides, by the special word nearest to it in the same part of the title ("cloud
data engineer"). A general one takes its colour from topics around it ("software engineer, machine learning").
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from notifier.domain.facts.title_words import LONGEST, any_word
from notifier.domain.fold import fold_words


class Role(StrEnum):
    """The family of work that a title names."""

    BACKEND = "backend"
    FRONTEND = "frontend"
    FULLSTACK = "fullstack"
    DEVOPS = "devops"
    DATA = "data"
    ML = "ml"
    MOBILE = "mobile"
    QA = "qa"
    SECURITY = "security"
    EMBEDDED = "embedded"
    MANAGER = "manager"
    SOFTWARE = "software"
    OTHER = "other"


_WORDS = any_word(
    {
        # Says nothing about the work; listed first, so that it hides the words in it.
        "nothing": """
        social|homeland|national security; security clearance; trust and safety; trust & safety; test prep;
        developer experience|tool*|platform*|productivity|infrastructure|components|ecosystem; office of the director;
        internal|project|document|financial controls; ai first|native|powered|assisted|driven|enabled|trainer*;
        training ai data; data driven; cloud native; chief of staff""",
        # Professions that are never ours, unless they only describe one ("buyer experience engineer").
        "never": """
        trader*; recruiter*; recruitment consultant*; talent acquisition; account executive*|manager*|developer*;
        sales representative*|development|manager*|engineer*|associate*|advisor*|consultant*; pre sales; presales;
        business development*|developer*|analyst*|partner*; commercial|process|color|content|curriculum developer*;
        accountant*; comptable*; auditor*; auditeur*; controleur*; financial controller*|analyst*; analyste financier*;
        attorney*; teacher*; tutor*; writer*; editor*; artist*; vendeu*; conseiller*; warehouse*; buyer*; acheteur*;
        estimator*; security guard*|officer*; data entry; developer advocate*|relations|evangelist*; devrel;
        community engineer*; customer success*|service*|support*; data protection*; quality control*; human resources;
        ui|ux|ui/ux|ux/ui|product|graphic|web|game|experience|interaction|motion designer*; ux researcher*;
        executive|administrative assistant*; go to market; gtm engineer*; cnc|numerical control programmer*""",
        "manager": """
        product|project|program|programme manag*; product owner*|lead; scrum master*; agile coach*; cto;
        engineering|development|software|technology|technical|it|delivery manager*; engineering director; projektleit*;
        projektmanag*; produktmanag*; chef|chefs de projet*; jefe de proyecto*; gerente de proyecto*|projeto*|produto*;
        capo progetto""",
        "boss": """
        manager*; mgr; director*; diretor*; direktor*; directeur*; directrice; head; vp of|engineering|product; chief;
        vice president of; cio; ciso; leit*; abteilungsleit*; responsable*; gerente*; jefe; kierownik; supervisor*""",
        "fullstack": "full stack*; fullstak; mern; mean stack",
        "backend": "backend*; back end; server side; serverseitig*; бэкенд*; бекенд*; 백엔드; バックエンド; 后端",
        "frontend": "фронтенд*; 프론트엔드; フロントエンド; 前端; frontend*; front end; fronetend; client side; ui; ux; user interface",
        "mobile": "mobile; android; ios; macos; react native; flutter; swiftui; swift developer*; mobil; moviles; xamarin",
        "qa": """
        qa; sqa; qe; validation; verification; v&v; quality; test; tests; testing; testautomat*; softwaretest*; sdet*;
        qualitatssicherung; тестировани*; тестировщик*; pruebas; testes; testow*""",
        "tester": "tester*; testeur*; testeuse*; testmanag*; testledare",
        "security": """
        security; cyber; cybersecurity; cyber|information security; information assurance; cybersecurite; infosec; iam;
        siem; appsec; devsecops; secops; pentest*; penetration; red|blue team; soc analyst*|engineer*|2; vulnerability;
        threat; grc; identity and|& access management; malware; cryptanaly*; cryptography; reverse engineer*; forensics;
        it sicherheit*; informationssicherheit; seguridad; ciberseguridad; ciberseguranca; seguranca da informacao;
        bezpieczenstwa it; cyberbezpiecz*; sicurezza|securite informatica|informatique""",
        "ml": """
        ml; ai; ki; ia; mlops; mle; llm; llms; llmops; genai; agentic; nlp; prompt engineer*;
        machine|deep|reinforcement learning; natural language; computer vision; perception; applied scien*;
        speech recognition; foundation|language model*; maschinelles lernen; artificial intelligence;
        kunstliche intelligenz; intelligence artificielle; inteligencia artificial; apprentissage automatique""",
        "data": """
        data; data quality|scien*|warehouse*; bi; business intelligence|intel; dwh; decision scien*; statistician*;
        daten; donnees; datos; dados; danych; dati""",
        "embedded": """
        hardware|silicon|asic|soc|fpga|chip|design verification|validation; chip design; embedded; firmware; fpga; asic;
        rtl; vlsi; dft; soc; silicon; hardware; hw; electroni*; elektroni*; pcb; rf; analog; serdes; mixed signal; bsp;
        rtos; plc; microcontroller*; autosar; iot; avionics; verilog; systemverilog; physical design; device driver*;
        controls; motion control; signal processing; dsp; eingebettet*; embarque*; embebid*; embarcad*; wbudowan*;
        inbyggda; hardwarenah*""",
        "devops": """
        devops; dev ops; sre; site reliability; production|platform engineering; cloud|it infrastructure; vmware;
        systems|system|linux|windows|network|it administrat*; sysadmin*; systemadministrat*; cloud|it|network operations;
        finops; noc; administrateur systeme*; administrador de sistemas|redes; administrator systemow; sistemista;
        systembeheer*""",
        # Whole professions, general enough that any special word before them says more.
        "ops": """
        ingenieur|architecte cloud; cloud engineer*|developer*|architect*|administrator*|consultant*|intern*;
        infrastructure|network architect*;
        platform|infrastructure|network|release|build|reliability|production|observability|linux|kubernetes engineer*;
        aws|azure|gcp engineer*""",
        "automation": "automation engineer*|specialist*|analyst*",
        # Tools make a profession special only beside it: "React developer", not "software engineer (React)".
        "web_tool": "react; reactjs; react.js; angular*; vue; vuejs; vue.js; svelte; next.js; nextjs; css; html",
        "data_tool": """
        analytics; etl; elt; sql; plsql; pl/sql; t sql; database*; dba; datenbank*; power bi; powerbi; tableau; looker;
        informatica developer*|mdm|pim|powercenter|etl|idmc; snowflake; databricks; hadoop; spark; pyspark; bods; mdm""",
        "language": """
        java; jvm; python; django; c++; c#; .net; dotnet; net core; asp.net; php; laravel; symfony; ruby; rails; golang;
        rust; go; scala; node; nodejs; node.js; spring; springboot; elixir; cobol; haskell; perl""",
        "software": """
        software; sw; s/w; application; applications; web; game; gameplay; games; computer science|scientist*; sistemas;
        logiciel*; aplikacji; oprogramowania; informatique; informatica; informatik; ohjelmisto*; programming;
        service now; technologist*""",
        "engineering": "engineering; ingenieria; ingenierie; engenharia; entwicklung*; ontwikkeling; utveckling",
        "elsewhere": """
        civil; mechanical; mecanique; meca; structural; structures; chemical; electrical; sales; marketing; industrial;
        manufacturing; process|customer engineer*; maintenance; stormwater; wastewater; water; hvac; construction;
        geotechnical; environmental; nuclear; biomedical; aerospace; propulsion; materials; packaging; mining;
        supplier|manufacturing|air|water quality; flight test; railway; rail; traffic; transportation; energy; thermal;
        optical; laser; facilities; safety; value; legal; chantier; commercial; mecatronique; plateforme; mechatronics;
        automatisme; production; acoustic*""",
        "vague": "design; field; service; support; project; process",
        "maker": """
        engineer*; eng; dev; devs; developer*; developper*; developpeu*; deweloper*; programmer*; programmator*;
        programmeu*; programist*; programator*; programador*; dezvoltator*; разработчик*; программист*; 개발자; 開発者; 工程师; coder*; swe; swes; sde; sdes; entwickl*; desarrollador*;
        desenvolvedor*; sviluppat*; ontwikkel*; vyvojar*; utveckl*; udvikl*; utvikl*; kehitta*; fejleszto*; gelistirici*;
        craftsman; craftsperson; of technical staff; tech|technical|software|dev lead*; lead dev; referent technique;
        разработчик*; программист*""",
        # Say no more than the words around them; abroad an engineer is one of these, who builds anything.
        "worker": """
        ingenieur*; ingenier*; engenheir*; inzynier*; ingegner*; inzenyr*; ingenjor*; insinoori*; muhendis*; инженер*;
        analyst*; analista*; analityk*; analytik*; specialist*; spezialist*; especialista*; specialista*; consult*;
        konsult*; administrat*; architect*; architekt*; arquitet*; arquitecto*; scientist*; researcher*; intern; interns;
        internship*; co op|ops; trainee*; apprentice*; student*; werkstud*; praktik*; stage; stagiaire*; alternan*;
        apprenti|apprentie|apprentis; lead; officer*; associate*; expert*; operator*; designer*; advisor*; staff""",
        "hand": """
        technicien*; technician*; tecnico*; assistant*; coordinat*; charge; chargee; gestionnaire*; agent; clerk*;
        representative*; planner*; scheduler*; inspector*; merchandis*""",
    }
)
_PARTS = re.compile(r"[,;:|()\[\]]|[-–—] | [-–—]|//| for ")
_STATE = re.compile(r", IA\b")  # Iowa, not French for AI
# German and its neighbours write a profession and its field as one word.
_COMPOUND = re.compile(
    r"(?<=[a-z]{3})(?=entwickl|ingenieur|analyst|architekt|administrat|ontwikkel|utveckl|udvikl|utvikl|kehitt|fejleszt)"
)
_UNPARTED = {
    "后端": "backend", "前端": "frontend", "测试": "qa", "算法": "ml", "数据": "data", "工程师": "engineer", "开发": "developer",
    "バックエンド": "backend", "フロントエンド": "frontend", "データ": "data", "エンジニア": "engineer", "개발자": "developer",
}  # fmt: skip
_UNPARTED_WORD = re.compile("|".join(_UNPARTED))

_SPECIAL = {role.value: role for role in Role if role not in (Role.MANAGER, Role.SOFTWARE, Role.OTHER)}
_STACK = (Role.FULLSTACK, Role.BACKEND, Role.FRONTEND, Role.MOBILE)


def role_in(title: str) -> Role:
    """Return the one family of work that `title` names best, OTHER when it names none of ours."""
    title = _STATE.sub(" ", title[:LONGEST])
    if not title.isascii():
        title = _UNPARTED_WORD.sub(lambda found: f" {_UNPARTED[found[0]]} ", title)
    reading = _Reading()
    for part in _PARTS.split(_COMPOUND.sub(" ", fold_words(title))):
        for found in _WORDS.finditer(part):
            if (answer := reading.word(found.lastgroup or "")) is not None:
                return answer
        if reading.never:
            return Role.OTHER
        reading.end_part()
    return reading.verdict()


@dataclass(slots=True)
class _Reading:
    """What has been read of a title, from left to right."""

    general: Role | None = None  # what a profession without special words says
    leads: bool = False  # somebody who leads people is named
    topics: list[Role] = field(default_factory=list)
    special: Role | None = None  # the nearest special word of this part; SOFTWARE and OTHER are weaker
    tool: Role | None = None
    language: bool = False
    never: bool = False

    def end_part(self) -> None:
        """Keep as a topic what no profession in this part has used."""
        topic = self.special or (self.tool if self.general is None else None)
        self.topics += [topic] if topic else []
        self.special, self.tool, self.language = None, None, False

    def verdict(self) -> Role:
        """Return the role of a title that is read to its end."""
        if self.general is Role.SOFTWARE or (not self.leads and self.topics[:1] == [Role.SOFTWARE]):
            special = [topic for topic in self.topics if topic in _SPECIAL.values()]
            return ([topic for topic in special if topic in _STACK] + special + [Role.SOFTWARE])[0]
        if self.leads:
            return Role.MANAGER
        return Role.OTHER if self.general is Role.OTHER else (*self.topics, Role.OTHER)[0]

    def word(self, group: str) -> Role | None:
        """Take in the next word, by its group in `_WORDS`; return the role when it decides."""
        match group:
            case "hand":
                self.special, self.tool, self.general = None, None, self.general or Role.OTHER
            case "maker" | "worker":
                return self._profession(Role.SOFTWARE if group == "maker" else None)
            case "ops" | "automation":
                if self.general is None and self.special in (None, Role.SOFTWARE):
                    self.special = Role.DEVOPS if group == "ops" else Role.QA
                return self._profession(self.general or Role.SOFTWARE)
            case "tester":
                return Role.SECURITY if self.special is Role.SECURITY else Role.QA
            case "web_tool":
                self.tool = self.tool or (Role.FULLSTACK if self.language else Role.FRONTEND)
            case "data_tool":
                self.tool = self.tool or (None if self.language else Role.DATA)
            case "language" | "software":
                if self.special in (None, Role.OTHER):
                    self.special = Role.SOFTWARE
                self.language = self.language or group == "language"
                self.tool = Role.FULLSTACK if self.tool is Role.FRONTEND and self.language else self.tool
            case "engineering" | "vague":
                self.special = self.special or (Role.OTHER if group == "vague" else Role.SOFTWARE)
            case "elsewhere":
                self.special = Role.OTHER if self.special in (None, Role.SOFTWARE) else self.special
            case "never" | "boss" | "manager" if self.general is not Role.SOFTWARE:
                # "Software engineer, trader tools" is a software engineer still.
                self.never, self.leads = self.never or group == "never", self.leads or group == "boss"
                return Role.MANAGER if group == "manager" else None
            case _ if group in _SPECIAL:
                self.special = _nearer(self.special, _SPECIAL[group])
        return None

    def _profession(self, usual: Role | None) -> Role | None:
        """Decide by the special words before a profession; without any it is the `usual` one."""
        before = self.special if self.special in _SPECIAL.values() else self.tool
        if before is None and self.special is Role.OTHER:
            self.general = self.general or Role.OTHER
        elif usual is Role.SOFTWARE or (usual is None and self.special is Role.SOFTWARE):
            self.general = Role.SOFTWARE
        self.never = self.never and usual is not Role.SOFTWARE
        self.special = self.tool = None
        return before


def _nearer(before: Role | None, role: Role) -> Role:
    """Return what two special words make of a profession, the second being nearer to it."""
    if {before, role} == {Role.BACKEND, Role.FRONTEND} or (before is Role.FULLSTACK and role in _STACK):
        return Role.FULLSTACK
    if before in _STACK and role not in (*_STACK, Role.QA, Role.SECURITY):
        return before
    return before if before is Role.SECURITY and role is Role.QA else role
