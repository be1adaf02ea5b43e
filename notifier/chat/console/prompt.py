"""What somebody types: a line with history and completion at a terminal, or the lines of a pipe."""

import asyncio
import logging
import os
import stat
import sys
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

log = logging.getLogger(__name__)

HISTORY_MODE = 0o600
_CHUNK = 65_536  # bytes


@dataclass(frozen=True, slots=True)
class Proposal:
    """One way to go on with a line: what takes the place of its last `back` characters.

    label  what people read in the menu; "" for the words themselves
    """

    words: str
    back: int
    label: str = ""
    help: str = ""


Complete = Callable[[str], Awaitable[Sequence[Proposal]]]


def at_a_terminal() -> bool:
    """Return whether a person sees what we write and types what we read."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()


def somebody_may_type(file: TextIO | None) -> bool:
    """Return whether lines can come from there: not from /dev/null, as under a service manager."""
    return file is not None and (file.isatty() or not stat.S_ISCHR(os.fstat(file.fileno()).st_mode))


async def terminal(prompt: str, complete: Complete, history: Path, hint: str) -> AsyncGenerator[str, None]:
    """Yield what a person types, line by line, until Ctrl-D; what is printed meanwhile stands above.

    history  the file that remembers the lines, over sessions
    hint     what is said to who presses Ctrl-C with nothing typed
    """
    # Imported only where a person types: nothing else needs it.
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document as Typed
    from prompt_toolkit.history import FileHistory, History, InMemoryHistory
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
    from prompt_toolkit.patch_stdout import patch_stdout

    class Proposals(Completer):
        """What the bot knows may come next."""

        def get_completions(self, document: Typed, complete_event: CompleteEvent) -> Iterator[Completion]:
            return iter(())  # only asked for without an event loop

        async def get_completions_async(
            self, document: Typed, complete_event: CompleteEvent
        ) -> AsyncGenerator[Completion, None]:
            try:
                proposals = await complete(document.current_line_before_cursor)
            except Exception:  # a database that is away for a moment is no reason to lose the line
                log.exception("completion failed")
                return
            for it in proposals:
                yield Completion(
                    it.words, -it.back, display=it.label or it.words, display_meta=it.help or None
                )

    class Remembered(FileHistory):
        """Lines worth to be found again: a number means something else the next time."""

        def append_string(self, string: str) -> None:
            if not string.strip().isdecimal():
                super().append_string(string)

        def store_string(self, string: str) -> None:
            try:
                super().store_string(string)
            except OSError as error:
                log.warning("history not written", extra={"reason": str(error)})

    keys = KeyBindings()

    @keys.add("c-c")
    def _(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            print(hint, flush=True)

    remembered: History = Remembered(str(history)) if _private(history) else InMemoryHistory()
    session: PromptSession[str] = PromptSession(
        prompt,
        completer=Proposals(),
        complete_while_typing=False,
        history=remembered,
        key_bindings=keys,
    )
    with patch_stdout(raw=True), _logs_follow():
        while True:
            try:
                # Signals are the caller's: in a terminal Ctrl-C is a key.
                typed = await session.prompt_async(handle_sigint=False)
            except EOFError:
                return
            for line in typed.splitlines():  # several were pasted
                yield line


async def pipe(file: TextIO) -> AsyncGenerator[str, None]:
    """Yield the lines of a file, pipe or socket, the next one when the one before is dealt with."""
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    wanted = threading.Semaphore(0)

    def put(line: str | None) -> bool:
        wanted.acquire()
        try:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        except RuntimeError:  # we are leaving
            return False
        return True

    def read(number: int) -> None:
        for line in _lines(number):
            if not put(line):
                return
        put(None)

    # A thread of its own that nobody waits for: a read that waits for input cannot be cancelled.
    threading.Thread(target=read, args=(file.fileno(),), name="console-read", daemon=True).start()
    while True:
        wanted.release()
        line = await lines.get()
        if line is None:
            return
        yield line


def _lines(number: int) -> Iterator[str]:
    """Yield the lines of a file descriptor; Python's own buffer would be locked when the process ends."""
    rest = b""
    while chunk := _chunk(number):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace")
    if rest:
        yield rest.decode(errors="replace")


def _chunk(number: int) -> bytes:
    try:
        return os.read(number, _CHUNK)
    except OSError:  # the terminal is gone, or somebody closed it
        return b""


def _private(file: Path) -> bool:
    """Make sure that a file is there and for its owner only; return whether that is so."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT, HISTORY_MODE))
        file.chmod(HISTORY_MODE)
    except OSError as error:
        log.warning("history not kept", extra={"reason": str(error)})
        return False
    return True


@contextmanager
def _logs_follow() -> Iterator[None]:
    """Let logs stand above the prompt too: their handlers hold the standard error of before.

    What is written to a file goes on to be.
    """
    moved: list[tuple[logging.StreamHandler[Any], Any]] = []
    seen = sys.__stderr__ is not None and sys.__stderr__.isatty()
    for handler in logging.getLogger().handlers if seen else ():
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.__stderr__:
            moved.append((handler, handler.setStream(sys.stderr)))
    try:
        yield
    finally:
        for handler, stream in moved:
            handler.setStream(stream)
