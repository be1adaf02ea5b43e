"""Skills: what a title names and what it does not, what people type, and the vocabulary itself."""

import re
import time
import tomllib
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain.facts.skills import (
    SkillKind,
    nearest,
    skill_id,
    skill_ids,
    skill_kind,
    skill_name,
    skills_in,
    starting_with,
    with_implied,
)
from notifier.sources.readme_table import parse
from tests.histories import LISTS, PACKS, load

ENTRIES = tomllib.loads(files("notifier.domain.facts").joinpath("skills.toml").read_text("utf-8"))


def tools_in(title: str) -> set[str]:
    return {id_ for id_ in skills_in(title) if skill_kind(id_) is not SkillKind.TOPIC}


# -- titles -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        # languages of one letter or of an ordinary word
        ("Embedded C/C++ Engineer", "c cpp"),
        ("C, C++ or C# Programmer", "c cpp csharp"),
        ("C++17 Developer", "cpp"),
        ("C++Developer (m/f/d)", "cpp"),
        ("C#.NET Developer", "csharp dotnet"),
        ("Analyst (R, Python)", "r python"),
        ("Statistical Programmer - R & SAS", "r sas"),
        ("Quant Developer, Python/R/SQL", "python r sql"),
        ("Senior Go Developer", "go"),
        ("SENIOR GO DEVELOPER", "go"),
        ("senior go developer", "go"),
        ("Java, GO, Rust", "java go rust"),
        ("Backend Engineer - Go,K8s", "go kubernetes"),
        ("Golang (Go) Engineer", "go"),
        ("iOS Engineer (Swift/SwiftUI)", "ios swift swiftui"),
        ("Flutter/Dart Developer", "flutter dart"),
        ("COBOL/JCL/DB2 Programmer", "cobol jcl db2"),
        # borders
        ("_React_ Engineer", "react"),
        ("Senior _.Net Developer", "dotnet"),
        ("Platform (.NET)", "dotnet"),
        ("Python3 Developer", "python"),
        ("Java8/11 Developer", "java"),
        ("Oracle12c DBA", "oracle"),
        ("Vue.js 3 Developer", "vue"),
        ("Node.js/TypeScript Engineer", "nodejs typescript"),
        ("ReactJS/NodeJS", "react nodejs"),
        ("Next JS and Nest.js", "nextjs nestjs"),
        ("Python+ Engineer, Kafka+Spark", "python kafka spark"),
        ("Java-Entwickler (m/w/d)", "java"),
        ("react-native developer", "react-native"),
        ("高级Java开发工程师", "java"),
        ("С++ разработчик", "cpp"),  # the first letter is Cyrillic
        ("Développeur Ｐｙｔｈｏｎ", "python"),
        # the longest name wins
        ("React Native Developer", "react-native"),
        ("React & React Native Developer", "react react-native"),
        ("C# / .NET MAUI", "csharp dotnet-maui"),
        ("ASP.NET Core Developer", "aspnet"),
        ("MS SQL Server DBA", "mssql"),
        ("Java Spring Boot Developer", "java spring-boot"),
        ("Ruby on Rails Engineer", "rails"),
        ("Crystal Reports Writer", "crystal-reports"),
        ("Google Cloud Platform Engineer", "gcp"),
        # a product's brand is named too
        ("AWS Lambda Engineer", "aws lambda"),
        ("Azure Data Factory Engineer", "azure azure-data-factory"),
        ("Oracle EBS Developer", "oracle oracle-ebs"),
        ("SAP S/4HANA Consultant", "sap s4hana"),
        ("Salesforce Apex Developer", "salesforce apex"),
        # doubtful words in good company
        ("Java Spring Developer", "java spring"),
        ("Java 17, Spring, Hibernate", "java spring hibernate"),
        ("Node/Express Developer", "nodejs express"),
        ("Terraform/Vault Engineer", "terraform vault"),
        ("Chef/Puppet Automation", "chef puppet"),
        ("QA Engineer (Cypress)", "cypress"),
        ("Elixir/Phoenix Engineer", "elixir phoenix"),
        ("Data Analyst (Excel, SQL, Power BI)", "excel sql power-bi"),
        ("C++/Qt Developer", "cpp qt"),
        ("Windows/Linux Administrator", "windows linux"),
    ],
)
def test_a_title_names_its_tools(title: str, expected: str) -> None:
    """What is meant as a tool or a language is found, however it is written and bordered."""
    assert tools_in(title) == set(expected.split())


@pytest.mark.parametrize(
    "title",
    [
        # one letter
        "R&D Engineer",
        "Head of R & D",
        "Toys R Us Cashier",
        "C-Suite Assistant",
        "Technician, Level C",
        "Class A or C Driver",
        "USB-C Hardware Designer",
        "Shift A, B, C Operator",
        "J. C. Penney Stylist",
        # ordinary words
        "Go-to-Market Manager",
        "Go-Live Coordinator",
        "Grab & Go Attendant",
        "Intern, Spring 2027",
        "Co-op Student (Spring/Summer)",
        "Excel at Sales",
        "Access Control Technician",
        "Sous Chef",
        "Chef de Projet",
        "Express Delivery Rider",
        "Kiosk Node Operations Lead",
        "Next Generation Networks Planner",
        "Warehouse Packer",
        "Helm Operator",
        "Shell Station Attendant",
        "Puppet Maker",
        "Analyste tableau de bord",
        "Open Shift Nurse",
        "Customer Service - Now Hiring",
        "Net Zero Advisor",
        "Fluid Dynamics Researcher",
        "Operating System I Clerk",
        # names
        "Swift Transportation Dispatcher",
        "SWIFT Payments Specialist",
        "Ruby Tuesday Server",
        "Unity Health Nurse",
        "Oracle Park Usher",
        "Assistant to Julia Meyer",
        "West Java Area Manager",
        "Elk Grove Gardener",
        "Epic Games Artist",
        "Maui Hotel Clerk",
        "Spark Driver",
        # other trades' letters
        "GCP Auditor (Clinical Trials)",
        "DBT Therapist",
        "PHP Therapist",
        "IIT JEE Physics Teacher",
        "AWS Certified Welder",
        "Software Engineer TS/SCI",
        # parts of words
        "Scalable Storage",
        "Google Search",
        "Postmaster",
    ],
)
def test_a_word_in_other_company_is_no_tool(title: str) -> None:
    """Seasons, levels, shops, people and other trades lend their words to tools, and are none."""
    assert tools_in(title) == set()


def test_java_is_not_found_in_javascript() -> None:
    """A name that goes on is another name."""
    assert skills_in("JavaScript") == ("javascript",)


def test_skills_come_in_order_of_appearance_and_once() -> None:
    """The first mention counts; a second one under another name adds nothing."""
    assert skills_in("Kafka, Golang, Python and Go, Kafka") == ("kafka", "go", "python")


def test_a_word_cut_short_is_not_taken_for_a_language() -> None:
    """Lists cut titles with an ellipsis: "C…" may have been anything."""
    assert tools_in("Automation & C…") == set()


def test_topics_are_found_and_told_apart() -> None:
    """One may subscribe to machine learning, but it is no tool of the title."""
    title = "Machine Learning Engineer (PyTorch)"

    assert skills_in(title) == ("machine-learning", "pytorch")
    assert tools_in(title) == {"pytorch"}
    assert skill_kind("no such skill") is None


# -- what a skill implies -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "implied"),
    [
        ("django", "python"),
        ("spring-boot", "spring java"),
        ("laravel", "php"),
        ("rails", "ruby"),
        ("nextjs", "react"),
        ("aspnet", "dotnet"),
        ("pyspark", "spark python"),
        ("swiftui", "swift"),
        ("react", ""),
        ("typescript", ""),
        ("dotnet", ""),
        ("react-native", ""),
    ],
)
def test_only_strong_implications_are_drawn(named: str, implied: str) -> None:
    """A Spring Boot job is a Java job; a React job may be TypeScript, a .NET job F#."""
    assert dict(with_implied([named])) == dict.fromkeys(implied.split(), named)


def test_what_is_named_is_not_implied() -> None:
    """A title that says Python and Django names both."""
    assert with_implied(skills_in("Python/Django")) == ()


# -- what people type ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "id_"),
    [
        *[("golang", "go"), ("Go", "go"), ("go", "go"), ("GO", "go"), ("c", "c"), ("r", "r")],
        *[("node", "nodejs"), ("Node JS", "nodejs"), ("node-js", "nodejs"), ("ts", "typescript")],
        *[("js", "javascript"), ("es6", "javascript"), ("py", "python"), ("python3", "python")],
        *[("Java 17", "java"), ("k8s", "kubernetes"), ("postgres", "postgresql"), ("tf", "terraform")],
        *[("elastic", "elasticsearch"), ("c sharp", "csharp"), ("C#", "csharp"), ("c++", "cpp")],
        *[("dotnet", "dotnet"), (".net", "dotnet"), (".NET Core", "dotnet"), ("dot net", "dotnet")],
        *[("machine-learning", "machine-learning"), ("Machine learning", "machine-learning")],
        *[("ML", "machine-learning"), ("reactnative", "react-native"), (" vue ", "vue"), ("next", "nextjs")],
    ],
)
def test_a_person_may_type_a_skill_in_many_ways(typed: str, id_: str) -> None:
    """Alone, a word may be in any case, short, and written together or apart."""
    assert skill_id(typed) == id_


@pytest.mark.parametrize("typed", ["", " ", ".", "plumber", "b2", "r2", "pythn"])
def test_a_word_that_is_no_skill_stays_a_word(typed: str) -> None:
    """Nothing is guessed: a slip is for `nearest` to suggest."""
    assert skill_id(typed) is None


@pytest.mark.parametrize(
    ("slip", "id_"),
    [("pyhton", "python"), ("kuberntes", "kubernetes"), ("javscript", "javascript"), ("flasc", "flask")],
)
def test_a_slip_is_answered_with_what_it_may_have_been(slip: str, id_: str) -> None:
    """The closest comes first, and there are never many."""
    assert nearest(slip)[0] == id_
    assert len(nearest(slip)) <= 3


@pytest.mark.parametrize("word", ["", "xq", "qqqqqq", "x" * 10_000])
def test_nothing_is_close_to_nonsense(word: str) -> None:
    """No suggestion is better than a wild one."""
    assert list(nearest(word)) == []


def test_completion_puts_names_before_other_words_for_a_skill() -> None:
    """A complete name comes first, then names that go on, then aliases; each skill once."""
    java = starting_with("java")
    ra = starting_with("Ra")

    assert list(java[:2]) == ["java", "javascript"]
    assert ra.index("rabbitmq") < ra.index("rails")  # "Rails" is not how Ruby on Rails is called first
    assert starting_with("go")[0] == "go"
    assert starting_with("c")[:3] == ["c", "cpp", "csharp"]
    assert "csharp" in starting_with("c sh")
    assert "dotnet" in starting_with(".n")
    assert len(set(java)) == len(java)
    assert starting_with("zzz") == []
    assert sorted(starting_with("")) == sorted(skill_ids())


# -- the vocabulary -----------------------------------------------------------------------------


def names_of(entry: dict[str, list[str]]) -> list[str]:
    return [str(entry["name"]), *entry.get("aliases", ())]


def test_ids_are_slugs_and_none_of_the_first_release_is_gone() -> None:
    """Stored jobs and wishes hold ids, so an id is for ever."""
    first = (
        "python django flask fastapi java spring kotlin scala go rust c cpp csharp dotnet php laravel symfony "
        "ruby rails javascript typescript nodejs nestjs express react nextjs vue angular svelte elixir erlang "
        "haskell clojure perl r swift ios android flutter dart sql postgresql mysql mssql oracle mongodb redis "
        "elasticsearch cassandra snowflake kafka rabbitmq spark airflow aws azure gcp docker kubernetes "
        "terraform ansible linux graphql grpc microservices devops machine-learning ai llm pytorch tensorflow "
        "blockchain solidity salesforce sap wordpress shopify unity embedded odoo"
    )

    assert not set(first.split()) - set(skill_ids())
    assert [id_ for id_ in skill_ids() if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", id_)] == []


def test_each_word_means_one_skill() -> None:
    """No word may be typed for two skills; written forms may differ by case alone (Apex, APEX)."""
    typed = Counter(
        word
        for entry in ENTRIES.values()
        for word in {
            re.sub(r"[\s._/'-]+", "", word).casefold() for word in (*names_of(entry), *entry.get("typed", ()))
        }
        - {re.sub(r"[\s._/'-]+", "", word).casefold() for word in entry.get("exact", ())}
    )
    exact = Counter(word for entry in ENTRIES.values() for word in entry.get("exact", ()))

    assert [word for word, skills in (typed + exact).items() if skills > 1] == []


def test_every_id_and_name_leads_to_its_own_skill() -> None:
    """What a message shows can be typed back."""
    for id_ in skill_ids():
        assert skill_id(id_) == id_
        if skill_name(id_) != "Oracle APEX":
            assert skill_id(skill_name(id_)) == id_


def test_every_entry_is_written_with_known_fields() -> None:
    """A field misspelt would be ignored in silence."""
    fields = {"name", "kind", "brand", "aliases", "exact", "typed", "needs", "not", "implies"}

    for id_, entry in ENTRIES.items():
        assert set(entry) <= fields, id_
        assert skill_kind(id_) is SkillKind(entry["kind"])


def test_the_vocabulary_covers_the_field() -> None:
    """Curated, but not small."""
    assert sum(skill_kind(id_) is not SkillKind.TOPIC for id_ in skill_ids()) >= 400


def test_implications_lead_to_known_skills_and_never_back() -> None:
    """Following them from any skill ends, and does not meet that skill again."""
    for id_ in skill_ids():
        implied = dict(with_implied([id_]))
        assert set(implied) <= set(skill_ids())
        for other in implied:
            assert id_ not in dict(with_implied([other])), (id_, other)


def test_every_sure_name_is_found_in_a_title() -> None:
    """A name that needs no company stands for its skill in any."""
    missed = [
        (id_, name)
        for id_, entry in ENTRIES.items()
        for name in names_of(entry)
        if name not in entry.get("exact", ()) and id_ not in skills_in(f"Senior {name} (f/m/d)")
    ]

    assert missed == []


# -- any text -----------------------------------------------------------------------------------

WORDS = st.sampled_from([word for entry in ENTRIES.values() for word in names_of(entry)])


@given(st.text() | st.lists(WORDS | st.text(max_size=3), max_size=12).map("".join))
def test_any_text_is_read(text: str) -> None:
    """No text raises, and what is found is known, once."""
    found = skills_in(text)

    assert set(found) <= set(skill_ids())
    assert len(set(found)) == len(found)
    assert skill_id(text) in {None, *skill_ids()}
    assert set(starting_with(text)) <= set(skill_ids())
    assert set(nearest(text)) <= set(skill_ids())


@pytest.mark.parametrize(
    "part",
    [
        "C ",
        "c++",
        "Go to ",
        "R&D ",
        "Spring 2026 ",
        ".net",
        "(",
        "_",
        "a-",
        "1",
        "java1.",
        "x.js",
        "é",
        "ﷺ",
        "工",
    ],
)
def test_a_long_text_costs_no_more_than_its_length(part: str) -> None:
    """10,000 characters of anything are read in a blink (milliseconds; the bound is for slow machines)."""
    text = (part * 10_000)[:10_000]
    skills_in(text)

    began = time.process_time()
    skills_in(text)

    assert time.process_time() - began < 0.25


# -- what is not known yet ----------------------------------------------------------------------

EVERYDAY = frozenset(
    "a all and assistant associate at back backend career cloud co co-op college computer consultant data de "
    "deployed developer development dev digital d e early end engineer engineering entry experience expert f "
    "fall field for forward freelance front frontend full fullstack global grad grads graduate h hybrid i ii iii in "
    "infrastructure intern internship it junior lead level m manager mid mobile ms new of on only or platform "
    "principal product program programmer quality remote research science scientist senior services software "
    "solutions specialist sr stack staff start student summer support system systems team tech technical "
    "technology test time to university us w web winter with x year years".split()
)


def unknown_words(titles: Iterable[str]) -> Counter[str]:
    """Return how many of `titles` hold each word that is neither a skill nor everyday."""
    words = (set(re.findall(r"[^\W\d_][\w.+#]*", title.casefold())) for title in titles)
    return Counter(
        word for held in words for word in held if word not in EVERYDAY and skill_id(word.strip(".")) is None
    )


def test_the_most_frequent_unknown_words_are_shown() -> None:
    """Run with -rP to see which words of real titles might be skills we lack."""
    sample = ["Zorble Developer", "Senior Zorble and Python Engineer (Remote)", "Java 17 Developer"]
    now = datetime.now(UTC)
    texts = [path.read_text("utf-8") for path in LISTS]
    texts += [text for pack in PACKS for _, text in load(pack)[::20]]
    titles = {posting.title for text in texts for posting in parse(text, now).postings}

    if titles:
        unknown, named = unknown_words(titles), sum(bool(tools_in(title)) for title in titles)
        print(f"{len(titles)} titles, {named} name a tool. Words we do not know:")
        print(*(f"{word} {count}" for word, count in unknown.most_common(150)), sep=", ")

    assert unknown_words(sample) == Counter({"zorble": 2})
