"""Completion: what is offered while a value is typed."""

from datetime import timedelta

from notifier.domain.filters import Choice
from notifier.services.completion import Completion
from notifier.store.database import Database
from tests.conftest import Clock
from tests.road import Road, postings


async def test_the_last_of_several_values_is_completed_and_the_others_kept(
    db: Database, clock: Clock
) -> None:
    """A label shows what will be inserted, and a place its country."""
    completion = Completion(db)

    assert (await completion.complete("skills", "java, pyth", clock.now))[0] == Choice(
        "java, Python", "java, Python"
    )
    assert (await completion.complete("in", "lond", clock.now))[0].label == "London, England, United Kingdom"
    assert (await completion.complete("in", "remote, cambridge, m", clock.now)) != ()


async def test_companies_and_lists_come_from_the_store(db: Database, clock: Clock) -> None:
    """What is new is offered a minute later at most."""
    road = Road(db, clock)
    await road.add_list("list")
    await road.read([*postings(1, 2), *postings(3, company="Ärger & Söhne")])
    completion = Completion(db)

    assert await completion.complete("company", "arg", clock.now) == [
        Choice("Ärger & Söhne", "Ärger & Söhne")
    ]
    assert len(await completion.complete("company", "company", clock.now)) == 2
    assert await completion.complete("source", "li", clock.now) == [Choice("list", "list")]

    await road.read([*postings(1, 2, 4), *postings(3, company="Ärger & Söhne")])
    clock.forward(seconds=61)
    assert len(await completion.complete("company", "company", clock.now)) == 3


async def test_at_most_25_choices_are_offered_each_once(db: Database, clock: Clock) -> None:
    """No platform shows more, and two names of one place are one choice."""
    for prefix in ("a", "san", "be", "new"):
        choices = await Completion(db).complete("in", prefix, clock.now + timedelta(days=1))

        assert 0 < len(choices) <= 25
        assert len({choice.value for choice in choices}) == len(choices)
