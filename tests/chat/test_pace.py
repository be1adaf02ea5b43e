"""The pace of one token: evenly over all chats, spaced in each, answers first; in short real times."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.chat.pace import ANY, Pacer, Spacing

FAST = 200.0  # turns a second
STEP = 1 / FAST
LATE = 0.04  # seconds by which a busy machine may be late


class Turns:
    """Who got a turn when, in order."""

    def __init__(self, pacer: Pacer) -> None:
        self.pacer = pacer
        self.begun = time.monotonic()
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
        self.had.append((name, time.monotonic() - self.begun))

    async def end(self, within: float = 10.0) -> None:
        async with asyncio.timeout(within):
            await asyncio.gather(*self.tasks, return_exceptions=True)

    def names(self) -> list[str]:
        return [name for name, _ in self.had]

    def at(self, *names: str) -> list[float]:
        return [at for name, at in self.had if name in names or not names]


@pytest.fixture
def turns() -> Turns:
    return Turns(Pacer(FAST))


async def test_turns_are_evenly_spaced(turns: Turns) -> None:
    for number in range(40):
        turns.asks(str(number), f"chat {number}")

    await turns.end()

    at = turns.at()
    assert turns.names() == [str(number) for number in range(40)]
    assert at[-1] - at[0] >= 39 * STEP * 0.9
    # One step of lateness may be made up for.
    assert all(after - before >= STEP * 0.9 for before, after in zip(at, at[2:], strict=False))


async def test_who_is_alone_waits_for_nothing(turns: Turns) -> None:
    turns.asks("ann", "ann")

    await turns.end()

    assert turns.at() < [LATE]


async def test_answers_go_before_all_that_waits(turns: Turns) -> None:
    for number in range(20):
        turns.asks("push", f"chat {number}")
    await asyncio.sleep(0)
    for number in range(3):
        turns.asks("answer", f"person {number}", urgent=True)

    await turns.end()

    assert turns.names()[:5].count("answer") == 3


async def test_the_spacing_of_one_chat_delays_no_other(turns: Turns) -> None:
    for _ in range(3):
        turns.asks("slow", "group", Spacing(seconds=0.4))
    for number in range(10):
        turns.asks("other", f"chat {number}")

    await turns.end()

    assert max(turns.at("other")) < 14 * STEP + LATE
    slow = turns.at("slow")
    assert all(after - before >= 0.39 for before, after in zip(slow, slow[1:], strict=False))


async def test_an_answer_need_not_wait_for_the_spacing_of_pushes(turns: Turns) -> None:
    spacing = Spacing(seconds=0.5, most=3, within=1.0)
    turns.asks("push", "ann", spacing)
    await asyncio.sleep(0.02)
    turns.asks("answer", "ann", spacing, urgent=True)
    turns.asks("push", "ann", spacing)

    await turns.end()

    assert turns.names() == ["push", "answer", "push"]
    _, answer, second = turns.at()
    assert answer < 0.02 + LATE
    assert second - answer >= 0.49


async def test_answers_too_keep_the_most_that_a_chat_hears(turns: Turns) -> None:
    spacing = Spacing(seconds=0.1, most=3, within=0.5)
    for _ in range(7):
        turns.asks("answer", "group", spacing, urgent=True)

    await turns.end()

    at = turns.at()
    assert at[2] < LATE + 3 * STEP
    assert all(after - before >= 0.49 for before, after in zip(at, at[3:], strict=False))


async def test_a_chat_that_refuses_waits_and_the_others_go_on(turns: Turns) -> None:
    turns.pacer.refused("slow", 0.4)
    turns.asks("slow", "slow")
    turns.asks("slow", "slow", urgent=True)
    for number in range(10):
        turns.asks("other", f"chat {number}")
    waits = turns.pacer.wait("slow"), turns.pacer.wait("other")

    await turns.end()

    assert 0.3 < waits[0] <= 0.4 and waits[1] == 0
    assert max(turns.at("other")) < 10 * STEP + LATE
    assert min(turns.at("slow")) >= 0.39


async def test_a_refusal_that_comes_while_one_waits_counts_for_it(turns: Turns) -> None:
    spacing = Spacing(seconds=0.1)
    turns.asks("first", "ann", spacing)
    turns.asks("second", "ann", spacing)
    await asyncio.sleep(0.05)

    turns.pacer.refused("ann", 0.4)
    await turns.end()

    assert turns.at("second") >= [0.44]


async def test_two_chats_that_refuse_within_a_second_hold_all(turns: Turns) -> None:
    turns.pacer.refused("ann", 0.3)
    turns.pacer.refused("ben", 0.4)
    turns.asks("other", "other")
    turns.asks("answer", "person", urgent=True)

    await turns.end()

    assert min(turns.at()) >= 0.39


async def test_one_chat_that_refuses_twice_holds_only_itself(turns: Turns) -> None:
    turns.pacer.refused("ann", 0.3)
    turns.pacer.refused("ann", 0.4)
    turns.asks("other", "other")

    await turns.end()

    assert turns.at("other") < [LATE]


async def test_refusals_more_than_a_second_apart_hold_only_their_chats(turns: Turns) -> None:
    turns.pacer.refused("ann", 2.0)
    await asyncio.sleep(1.1)
    turns.pacer.refused("ben", 2.0)
    begun = time.monotonic()
    turns.asks("other", "other")

    await turns.end()

    assert time.monotonic() - begun < LATE


async def test_a_shorter_wait_does_not_end_a_longer_one(turns: Turns) -> None:
    turns.pacer.refused("ann", 0.4)
    turns.pacer.refused("ann", 0.1)
    turns.asks("ann", "ann")

    await turns.end()

    assert turns.at("ann") >= [0.39]


async def test_who_gives_up_costs_no_turn(turns: Turns) -> None:
    for number in range(30):
        turns.asks("gone", f"chat {number}")
    await asyncio.sleep(0)
    for task in turns.tasks:
        task.cancel()
    turns.asks("ann", "ann")

    await turns.end()

    assert turns.names() in (["ann"], ["gone", "ann"])
    assert turns.at("ann") < [2 * STEP + LATE]


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
    assert 0.29 <= turns.at("second")[0] < 0.3 + LATE


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
            time.sleep(late)
            await asyncio.sleep(0.011)

    task = asyncio.create_task(hold())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def most_within(at: list[float], seconds: float) -> int:
    """Return how many turns fell into the fullest window of that length."""
    return max((sum(0 <= other - one < seconds for other in at) for one in at), default=0)


async def test_a_late_loop_makes_no_burst(turns: Turns) -> None:
    for number in range(150):
        turns.asks(str(number), f"chat {number}")

    async with busy([0.2, 0.05, 0.1, 0.02, 0.15]):
        await turns.end()

    at = turns.at()
    assert most_within(at, 0.25) <= 0.25 * FAST + 2
    assert most_within(at, 5 * STEP) <= 7


@settings(max_examples=5)
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

    at = asyncio.run(turned())

    assert most_within(at, 1.0) <= per_second + 1


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
    answered = time.monotonic() - turns.begun
    for number in range(4):
        turns.asks("second", f"chat {number}", urgent=True)

    await turns.end()

    second = turns.at("second")
    assert second[0] >= answered - 0.15 + 0.99
    assert second[3] >= answered + 0.99


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


async def test_a_thousand_waiters_cost_little(turns: Turns) -> None:
    """What waits is looked through for each turn: that must stay far below the time between two."""
    pacer = Pacer(28)
    waiting = Turns(pacer)
    spacing = Spacing(seconds=1.0, most=2, within=2.0)
    for number in range(1_000):
        waiting.asks(str(number), f"chat {number}", spacing)
    await asyncio.sleep(0)
    used = time.process_time()

    await asyncio.sleep(1)

    assert 26 <= len(waiting.had) <= 30
    assert time.process_time() - used < 0.5
    for task in waiting.tasks:
        task.cancel()
    await waiting.end()


async def sooner_than(seconds: float, wait: Callable[[], Awaitable[None]]) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await wait()
    except TimeoutError:
        return False
    return True


async def test_what_no_chat_hears_has_a_turn_all_the_same(turns: Turns) -> None:
    turns.pacer.refused("ann", 5)

    assert await sooner_than(LATE, turns.pacer.turn)
