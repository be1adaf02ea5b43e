"""Seniority: what a title says of experience, and what only looks as if it did."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.domain.facts.seniority import Seniority, seniority_in


@pytest.mark.parametrize(
    ("level", "titles"),
    [
        (
            "intern",
            "Data Intern; Internship in Robotics; Co-op, Compilers; Autumn Coop Developer; Trainee Tester",
        ),
        (
            "intern",
            "Werkstudent Cloud (m/w/d); Praktikum im Bereich IT; Pflichtpraktikant; Ausbildung Informatik",
        ),
        (
            "intern",
            "Stage - Développeur mobile; Alternance Data; Alternant(e) DevOps; Stagiaire QA; Apprenti Web",
        ),
        (
            "intern",
            "Estágio em Java; Estagiário de Dados; Becario/a Python; Practicante de TI; Prácticas de QA",
        ),
        (
            "intern",
            "Tirocinio React; Afstudeerstage Rust; Stażysta Java; Praktyki w IT; Exjobb i Linux; 后端实习生",
        ),
        ("junior", "Junior Rust Developer; Jr. Web Engineer; Graduate Physicist; New Grad Robotics; AMTS"),
        (
            "junior",
            "Entry-Level Tester; Early Career Engineer; Engineer, Campus; Fresher - Perl; Absolvent Physik",
        ),
        (
            "junior",
            "Desenvolvedor Júnior; Młodszy programista; Développeur débutant; Младший аналитик; Starter Java",
        ),
        (
            "mid",
            "Mid-level Engineer; Medior Developer; Middle Perl Developer; Intermediate Tester; Java Pleno",
        ),
        ("mid", "Desarrollador Semi Senior; Ssr. Developer; Développeur confirmé; Mid/Regular Go Developer"),
        (
            "senior",
            "Senior Baker; Sr Tester; Sr. Engineer; Starszy programista; Dev Sênior; Старший инженер; 高级工程师",
        ),
        (
            "lead",
            "Staff Engineer; Principal Scientist; Lead Developer; Tech Lead; Teamleiter IT; Líder Técnico",
        ),
        (
            "manager",
            "Engineering Manager; Head of Data; Director of Support; VP of Sales; CTO; Leiter IT; Gerente de TI",
        ),
        (
            "manager",
            "Store Manager; Product Manager; Chef de projet web; Kierownik zespołu; Responsable qualité",
        ),
        (
            "unspecified",
            "Rust Developer; Analyst; Full Time Engineer; 12 months Contract; Ingénieur logiciel; ",
        ),
    ],
)
def test_a_word_of_the_title_says_the_level(level: str, titles: str) -> None:
    """Words for a level are known in the languages that our lists are written in."""
    assert {title: seniority_in(title).value for title in titles.split("; ")} == dict.fromkeys(
        titles.split("; "), level
    )


@pytest.mark.parametrize(
    ("title", "level"),
    [
        ("Engineer I", "junior"),
        ("Developer 1 - Telework", "junior"),
        ("SDE-1, Maps", "junior"),
        ("Engineer, Backend/Storage I (Full Time)", "junior"),
        ("Analyst II", "mid"),
        ("SWE 2", "mid"),
        ("Engineer Level 2", "mid"),
        ("Tester Iii", "senior"),
        ("Engineer IV", "senior"),
        ("Scientist V", "lead"),
        ("Embedded Engineer I/II", "junior"),
    ],
)
def test_a_number_behind_the_profession_says_the_level(title: str, level: str) -> None:
    """I is junior, II is mid, III is senior; what is higher reads as a careful reader would."""
    assert seniority_in(title) == level


@pytest.mark.parametrize(
    "title",
    [
        "Developer, 24/7 support",
        "Developer 2-3 years",
        "Developer 3+ yrs",
        "Engineer, V&V",
        "Engineer L4",
        "Programmer IC3",
        "Engineer 2026",
        "Consultant (SAP) I Remote I Berlin",
        "Engineer, Phase II",
        "Type III Civil Works",
    ],
)
def test_other_numbers_say_nothing(title: str) -> None:
    """Years, shifts, pay grades, phases and letters that part a title are no levels."""
    assert seniority_in(title) is Seniority.UNSPECIFIED


@pytest.mark.parametrize(
    "title",
    [
        "Internal Tools Engineer",
        "International Tax Analyst",
        "Internet of Things Developer",
        "Leadership Tools Engineer",
        "Lead Generation Specialist",
        "Engineer, Lead Scoring",
        "Engineer, Manager Tools",
        "Adobe Experience Manager Developer",
        "Case Management Developer",
        "Staffing Coordinator",
        "Chief of Staff",
        "Staff Accountant",
        "Assistant Principal",
        "Engineer at an early-stage startup",
        "Member of Technical Staff",
        "Java Developer, Vice President",
        "AVP - Perl Developer",
        "Associate Vice President",
        "Rust Developer - Deputy Manager",
        "Data Entry Clerk",
        "Engineer, Student Loans",
        "Middleware Developer",
        "Middle East Desk Analyst",
        "Mid-Market Analyst",
        "Senior Living Nurse",
        "Software Developer for a Campus Manager",
        "Assistant to the Director",
        "Sales Associate",
    ],
)
def test_words_that_only_look_like_a_level_say_nothing(title: str) -> None:
    """A product, a school, a bank's grade or another word that begins alike is no level."""
    assert seniority_in(title) is Seniority.UNSPECIFIED


@pytest.mark.parametrize(
    ("title", "level"),
    [
        ("Senior Engineer II", "senior"),
        ("Consultant III (Senior Perl Developer)", "senior"),
        ("Junior/Mid Developer", "mid"),
        ("Mid-Senior Tester", "senior"),
        ("Senior Staff Engineer", "lead"),
        ("Senior Member of Technical Staff", "senior"),
        ("VP, Senior Developer", "senior"),
        ("Senior Manager, Platforms", "manager"),
        ("Senior Product Manager", "senior"),
        ("Junior Project Manager", "junior"),
        ("Associate Product Manager", "junior"),
        ("Product Manager Intern", "intern"),
        ("Graduate Intern", "intern"),
        ("Associate Software Engineer", "junior"),
        ("Associate Engineer II", "mid"),
        ("Engineer II - New College Grad", "junior"),
    ],
)
def test_of_several_levels_one_is_said(title: str, level: str) -> None:
    """Words beat numbers, the higher word counts, and an internship stays one."""
    assert seniority_in(title) == level


_PIECES = st.sampled_from(
    "senior lead I II stage manager engineer - / ( 24 associate of 高级 ﬁ é \x00 $".split()
)


@settings(deadline=None)
@given(st.text() | st.lists(_PIECES, max_size=40).map(" ".join))
def test_any_text_has_a_level_whatever_its_case_of_words(text: str) -> None:
    """No text raises, and what the title ends with after 1,000 characters changes nothing."""
    level = seniority_in(text)

    assert level in Seniority
    assert seniority_in(text.ljust(1_000) + " senior intern") is seniority_in(text.ljust(1_000))


@settings(deadline=None)
@given(st.sampled_from(["Senior", "Junior", "Lead", "Medior", "Trainee"]), st.text("abc ,-/", max_size=20))
def test_case_does_not_matter(word: str, rest: str) -> None:
    """A shouted title says what the same title says in small letters."""
    title = f"{word} {rest}"

    assert seniority_in(title.upper()) is seniority_in(title.lower())
