"""The pace of one token: evenly over all chats, spaced in each, answers first."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.chat.pace import ANY, Pacer, Spacing
from tests.simulated import busy_for, run, simulated

FAST = 200.0  # turns a second
STEP = 1 / FAST
A_BIT = 1e-6  # seconds by which sums of floats may be off


class Turns:
    """Who got a turn when, in order."""

    def __init__(self, pacer: Pacer) -> None:
        self.pacer = pacer
        self.had: list[tuple[str, float]] = []  # name, seconds since the beginning
        self.tasks: list[asyncio.Task[None]] = []

    def asks(
        self, name: str, chat: str = "", spacing: Spacing = ANY, *, urgent: bool = False
    ) -> "asyncio.Task[None]":
        task = asyncio.create_task(self._turn(name, chat, spacing, urgent))
        self.tasks.append(task)
        return task

    async def _turn(self, name: str, chat: str, spacing: Spacing, urgent: bool) -> None:
        await self.pacer.turn(chat, spacing, urgent=urgent)
        self.had.append((name, now()))

    async def end(self, within: float = 10.0) -> None:
        async with asyncio.timeout(within):
            await asyncio.gather(*self.tasks, return_exceptions=True)

    def names(self) -> list[str]:
        return [name for name, _ in self.had]

    def at(self, *names: str) -> list[float]:
        return [at for name, at in self.had if name in names or not names]


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.fixture
def turns() -> Turns:
    return Turns(Pacer(FAST))


@simulated
async def test_turns_are_evenly_spaced(turns: Turns) -> None:
    for number in range(40):
        turns.asks(str(number), f"chat {number}")

    await turns.end()

    at = turns.at()
    assert turns.names() == [str(number) for number in range(40)]
    assert at[-1] - at[0] >= 39 * STEP - A_BIT
    # One step of lateness may be made up for.
    assert all(after - before >= STEP - A_BIT for before, after in zip(at, at[2:], strict=False))


@simulated
async def test_who_is_alone_waits_for_nothing(turns: Turns) -> None:
    turns.asks("ann", "ann")

    await turns.end()

    assert turns.at() < [A_BIT]


@simulated
async def test_answers_go_before_all_that_waits(turns: Turns) -> None:
    for number in range(20):
        turns.asks("push", f"chat {number}")
    await asyncio.sleep(0)
    for number in range(3):
        turns.asks("answer", f"person {number}", urgent=True)

    await turns.end()

    assert turns.names()[:5].count("answer") == 3


@simulated
async def test_the_spacing_of_one_chat_delays_no_other(turns: Turns) -> None:
    for _ in range(3):
        turns.asks("slow", "group", Spacing(seconds=0.4))
    for number in range(10):
        turns.asks("other", f"chat {number}")

    await turns.end()

    assert max(turns.at("other")) < 14 * STEP + A_BIT
    slow = turns.at("slow")
    assert all(after - before >= 0.4 - A_BIT for before, after in zip(slow, slow[1:], strict=False))


@simulated
async def test_an_answer_need_not_wait_for_the_spacing_of_pushes(turns: Turns) -> None:
    spacing = Spacing(seconds=0.5, most=3, within=1.0)
    turns.asks("push", "ann", spacing)
    await asyncio.sleep(0.02)
    turns.asks("answer", "ann", spacing, urgent=True)
    turns.asks("push", "ann", spacing)

    await turns.end()

    assert turns.names() == ["push", "answer", "push"]
    _, answer, second = turns.at()
    assert answer < 0.02 + A_BIT
    assert second - answer >= 0.5 - A_BIT


@simulated
async def test_answers_too_keep_the_most_that_a_chat_hears(turns: Turns) -> None:
    spacing = Spacing(seconds=0.1, most=3, within=0.5)
    for _ in range(7):
        turns.asks("answer", "group", spacing, urgent=True)

    await turns.end()

    at = turns.at()
    assert at[2] < A_BIT + 3 * STEP
    assert all(after - before >= 0.5 - A_BIT for before, after in zip(at, at[3:], strict=False))


@simulated
async def test_a_chat_that_refuses_waits_and_the_others_go_on(turns: Turns) -> None:
    turns.pacer.refused("slow", 0.4)
    turns.asks("slow", "slow")
    turns.asks("slow", "slow", urgent=True)
    for number in range(10):
        turns.asks("other", f"chat {number}")
    waits = turns.pacer.wait("slow"), turns.pacer.wait("other")

    await turns.end()

    assert 0.3 < waits[0] <= 0.4 and waits[1] == 0
    assert max(turns.at("other")) < 10 * STEP + A_BIT
    assert min(turns.at("slow")) >= 0.4 - A_BIT


@simulated
async def test_a_refusal_that_comes_while_one_waits_counts_for_it(turns: Turns) -> None:
    spacing = Spacing(seconds=0.1)
    turns.asks("first", "ann", spacing)
    turns.asks("second", "ann", spacing)
    await asyncio.sleep(0.05)

    turns.pacer.refused("ann", 0.4)
    await turns.end()

    assert turns.at("second") >= [0.44]


@simulated
async def test_two_chats_that_refuse_within_a_second_hold_all(turns: Turns) -> None:
    turns.pacer.refused("ann", 0.3)
    turns.pacer.refused("ben", 0.4)
    turns.asks("other", "other")
    turns.asks("answer", "person", urgent=True)

    await turns.end()

    assert min(turns.at()) >= 0.4 - A_BIT


@simulated
async def test_one_chat_that_refuses_twice_holds_only_itself(turns: Turns) -> None:
    turns.pacer.refused("ann", 0.3)
    turns.pacer.refused("ann", 0.4)
    turns.asks("other", "other")

    await turns.end()

    assert turns.at("other") < [A_BIT]


@simulated
async def test_refusals_more_than_a_second_apart_hold_only_their_chats(turns: Turns) -> None:
    turns.pacer.refused("ann", 2.0)
    await asyncio.sleep(1.1)
    turns.pacer.refused("ben", 2.0)
    begun = now()
    turns.asks("other", "other")

    await turns.end()

    assert now() - begun < A_BIT


@simulated
async def test_a_shorter_wait_does_not_end_a_longer_one(turns: Turns) -> None:
    turns.pacer.refused("ann", 0.4)
    turns.pacer.refused("ann", 0.1)
    turns.asks("ann", "ann")

    await turns.end()

    assert turns.at("ann") >= [0.4 - A_BIT]


@simulated
async def test_who_gives_up_costs_no_turn(turns: Turns) -> None:
    for number in range(30):
        turns.asks("gone", f"chat {number}")
    await asyncio.sleep(0)
    for task in turns.tasks:
        task.cancel()
    turns.asks("ann", "ann")

    await turns.end()

    assert turns.names() in (["ann"], ["gone", "ann"])
    assert turns.at("ann") < [2 * STEP + A_BIT]


@simulated
async def test_who_gives_up_leaves_the_spacing_of_the_chat_as_it_was(turns: Turns) -> None:
    spacing = Spacing(seconds=0.3)
    turns.asks("first", "ann", spacing)
    await asyncio.sleep(0.02)
    gone = turns.asks("gone", "ann", spacing)
    await asyncio.sleep(0.02)
    gone.cancel()
    turns.asks("second", "ann", spacing)

    await turns.end()

    assert turns.names() == ["first", "second"]
    assert 0.3 - A_BIT <= turns.at("second")[0] < 0.3 + A_BIT


@simulated
async def test_the_pacer_goes_on_after_all_have_given_up(turns: Turns) -> None:
    turns.pacer.refused("ann", 30)
    gone = turns.asks("gone", "ann")
    await asyncio.sleep(0.02)
    gone.cancel()
    await asyncio.sleep(0.02)
    turns.asks("ben", "ben")

    await turns.end(1)

    assert turns.names() == ["ben"]


@asynccontextmanager
async def busy(lates: list[float]) -> AsyncIterator[None]:
    """Keep the loop from running for these times (seconds), one after the other."""

    async def hold() -> None:
        for late in lates:
            busy_for(late)
            await asyncio.sleep(0.011)

    task = asyncio.create_task(hold())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def most_within(at: list[float], seconds: float) -> int:
    """Return how many turns fell into the fullest window of that length."""
    return max((sum(0 <= other - one < seconds - A_BIT for other in at) for one in at), default=0)


@simulated
async def test_a_late_loop_makes_no_burst(turns: Turns) -> None:
    for number in range(150):
        turns.asks(str(number), f"chat {number}")

    async with busy([0.2, 0.05, 0.1, 0.02, 0.15]):
        await turns.end()

    at = turns.at()
    assert most_within(at, 0.25) <= 0.25 * FAST + 2
    assert most_within(at, 5 * STEP) <= 7


@settings(max_examples=50, deadline=None)
@given(
    per_second=st.sampled_from([20.0, 28.0, 50.0]),
    lates=st.lists(st.floats(0, 0.12), max_size=12),
    rests=st.lists(st.floats(0, 0.2), max_size=3),
)
def test_in_any_second_there_are_at_most_that_many_turns(
    per_second: float, lates: list[float], rests: list[float]
) -> None:
    async def turned() -> list[float]:
        turns = Turns(Pacer(per_second))
        async with busy(lates):
            for number in range(int(1.4 * per_second)):
                turns.asks(str(number), f"chat {number}")
                if number < len(rests):
                    await asyncio.sleep(rests[number])
            await turns.end()
        return turns.at()

    at = run(turned())

    assert most_within(at, 1.0) <= per_second + 1


@simulated
async def test_what_is_under_way_and_what_was_just_answered_is_never_more_than_the_platform_takes() -> None:
    """A call reaches the platform at some time before its answer: four in any second, however slow the way is."""
    pacer = Pacer(FAST, 4)
    turns = Turns(pacer)
    for number in range(4):
        turns.asks("first", f"chat {number}")
    await turns.end()
    for _ in range(4):
        await asyncio.sleep(0.05)
        pacer.answered()
    answered = now()
    for number in range(4):
        turns.asks("second", f"chat {number}", urgent=True)

    await turns.end()

    second = turns.at("second")
    assert second[0] >= answered - 0.15 + 1 - A_BIT
    assert second[3] >= answered + 1 - A_BIT


@simulated
async def test_who_gives_up_at_the_turn_counts_as_answered() -> None:
    pacer = Pacer(FAST, 1)
    turns = Turns(pacer)
    gone = turns.asks("gone", "ann")
    while not gone.done():
        gone.cancel()
        await asyncio.sleep(0)
    turns.asks("ben", "ben")

    await turns.end(2)

    assert turns.names() == ["ben"]


async def sooner_than(seconds: float, wait: Callable[[], Awaitable[None]]) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await wait()
    except TimeoutError:
        return False
    return True


@simulated
async def test_what_no_chat_hears_has_a_turn_all_the_same(turns: Turns) -> None:
    turns.pacer.refused("ann", 5)

    assert await sooner_than(A_BIT, turns.pacer.turn)
