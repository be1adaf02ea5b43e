"""Role: the one family of work that a title names best."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.domain.facts.role import Role, role_in


@pytest.mark.parametrize(
    ("role", "titles"),
    [
        (
            "backend",
            "Back-end Developer; Backend Ingenieur; Backendentwickler; Server-side Engineer; 后端开发",
        ),
        (
            "backend",
            "Engineer (Backend), Maps; AI Backend Engineer; Cloud Backend Developer; Backend Platform Engineer",
        ),
        (
            "frontend",
            "Front End Engineer; UI Developer; React Developer; Vue.js Entwickler; Angular/HTML Developer",
        ),
        (
            "fullstack",
            "Full-Stack Developer; Fullstackentwickler; Backend & Frontend Developer; Node/React Developer",
        ),
        (
            "devops",
            "DevOps Engineer; SRE; Platform Engineer; Linux Administrator; Netwerk- en Systems Administrator",
        ),
        (
            "devops",
            "AWS Engineer; Site Reliability Developer; Administrador de Sistemas; Cloud Architect; VMware Admin",
        ),
        (
            "data",
            "Data Scientist; BI Developer; ETL Developer; Analityk danych; Ingénieur Data; SQL Developer; DBA",
        ),
        (
            "data",
            "Cloud Data Engineer; Data Platform Engineer; Analytics Engineer; Databricks Consultant; 数据工程师",
        ),
        (
            "ml",
            "ML Engineer; Software Engineer, LLM Serving; NLP Researcher; KI-Entwickler; Computer Vision Intern",
        ),
        ("ml", "MLOps Engineer; ML Platform Engineer; Applied Scientist; Prompt Engineer; Ingeniero de IA"),
        (
            "mobile",
            "Android Engineer; iOS Developer; Flutter Developer; React Native Engineer; Engineer - Mobile SDK",
        ),
        (
            "qa",
            "Test Engineer; SDET; QA Analyst; Tester; Testautomatisierer; Software Engineer in Test; QA Lead",
        ),
        (
            "security",
            "AppSec Engineer; Penetration Tester; SOC Analyst; Cloud Security Engineer; Cyber Consultant",
        ),
        (
            "embedded",
            "Firmware Engineer; FPGA Developer; SoC Verification Engineer; PLC Programmer; Hardware Intern",
        ),
        (
            "manager",
            "Engineering Manager; Product Owner; Head of Data; VP Engineering; Projektleiter; Director, QA",
        ),
        (
            "manager",
            "Program Manager, Developer Platform; Manager, Software; Chef de projet; Scrum Master; CTO",
        ),
        (
            "software",
            "Java Developer; Salesforce Developer; Programista C++; Web Developer; Softwareentwickler; SWE",
        ),
        (
            "software",
            "Engineer II; Ingénieur logiciel; Game Developer; Robotics Engineer; Tech Lead; Engineering Intern",
        ),
        (
            "other",
            "Civil Engineer; Trader; Accountant; Technical Recruiter; Sales Engineer; UX Designer; Nurse",
        ),
        (
            "other",
            "Ingénieur Structure; Business Analyst; Technicien; IT Specialist; Analyst; Vendeur; Process Engineer",
        ),
    ],
)
def test_a_title_names_a_family_of_work(role: str, titles: str) -> None:
    """The special word nearest to the profession decides, in the languages our lists are written in."""
    assert {title: role_in(title).value for title in titles.split("; ")} == dict.fromkeys(
        titles.split("; "), role
    )


@pytest.mark.parametrize(
    ("title", "role"),
    [
        ("Social Security Advocate", "other"),
        ("Security Guard", "other"),
        ("Quality Control Chemist", "other"),
        ("Stormwater Infrastructure Engineer", "other"),
        ("Data Entry Clerk", "other"),
        ("Data Center Technician", "other"),
        ("Developer Advocate, Android", "other"),
        ("Maintenance Technician, Test Benches", "other"),
        ("Recruiter for Backend Engineers", "other"),
        ("Software Engineer, Cedar Rapids, IA", "software"),
        ("Software Engineer, Developer Experience", "software"),
        ("Software Engineer, Trader Tools", "software"),
        ("Software Engineer (Java, SQL)", "software"),
        ("Buyer Experience Engineer", "software"),
        ("Adobe Experience Manager Developer", "software"),
        ("Informatica Developer", "data"),
        ("Ingegneria Informatica", "software"),
        ("Manufacturing Software Engineer", "software"),
    ],
)
def test_words_that_only_look_like_a_field_do_not_count(title: str, role: str) -> None:
    """Policies, customers, places and tools in brackets say nothing about the work."""
    assert role_in(title) == role


@pytest.mark.parametrize(
    ("title", "role"),
    [
        ("Software Engineer, Backend (AI Search)", "backend"),
        ("Software Engineer - Machine Learning", "ml"),
        ("Software Engineer, AI Search - Backend", "backend"),
        ("Software Engineer Intern - Data Tools", "data"),
        ("DFT Design Engineer, ML Accelerators", "embedded"),
        ("Area Manager / Manager, Backend Developer", "backend"),
        ("Director - Java Developer", "software"),
        ("Vice President, Android Developer", "mobile"),
    ],
)
def test_a_general_profession_takes_the_role_of_its_topic(title: str, role: str) -> None:
    """A special profession decides at once; a general one waits for the rest of the title."""
    assert role_in(title) == role


_PIECES = st.sampled_from(
    "data backend engineer manager - , ( / IA C++ .NET trader 后端 entwickler x \x00".split()
)


@settings(deadline=None)
@given(st.text() | st.lists(_PIECES, max_size=40).map(" ".join))
def test_any_text_has_a_role(text: str) -> None:
    """No text raises, and what stands after 1,000 characters changes nothing."""
    role = role_in(text)

    assert role in Role
    assert role_in(text.ljust(1_000) + " tester") is role_in(text.ljust(1_000))


@settings(deadline=None)
@given(st.sampled_from([("Backend Developer", "backend"), ("Data Analyst", "data"), ("Trader", "other")]))
def test_blanks_and_case_do_not_matter(known: tuple[str, str]) -> None:
    """However a title is spaced or shouted, it names the same work."""
    title, role = known

    assert role_in(f"  {title.upper().replace(' ', '   ')} ") == role_in(title.lower()) == role
