"""An event loop whose time passes only where it would wait: hours in an instant, and exact on any machine."""

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class SimulatedLoop(asyncio.SelectorEventLoop):
    """For what waits on timers alone; what waits for a socket is asked once whether it has come."""

    def __init__(self) -> None:
        self.now = 0.0  # seconds
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self.now


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop: SimulatedLoop) -> None:
        super().__init__()
        self.loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout:
            self.loop.now += timeout
        return super().select(timeout and 0)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Return what `main` returns, in simulated time that begins at 0."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(main)


def simulated(test: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Let a test run in simulated time."""

    @functools.wraps(test)
    def running(*args: P.args, **kwargs: P.kwargs) -> T:
        return run(test(*args, **kwargs))

    return running


def busy_for(seconds: float) -> None:
    """Keep the running loop from anything else for that long, as work that does not await would."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedLoop)
    loop.now += seconds
