"""Drawing in several processes: chunks of draws out, lines of rows back, in the order of the chunks.

Each draw has a generator of its own, so that it does not matter which process makes it. At most a few chunks are on
their way at a time, which keeps memory flat.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

from guard import digest
from guard.conversation import Fold, LabelledConversation
from guard.errors import OutputError
from guard.hazards import Claim
from synth_data import draws
from synth_data.scenario import Profile

CHUNK = 100
"""Draws in a task."""
_AHEAD = 3
"""Tasks that a process has, the one it works on with them."""
_SMALL = 4_000
"""Draws below which starting processes takes longer than it saves."""


@dataclass(frozen=True, slots=True)
class Task:
    """Draws `start` to `stop` of one claim, language, bucket and fold."""

    file: str
    """Name of the file that its rows stand in."""
    claim: Claim | None
    """None for ordinary chat, and for a mix."""
    lang: str
    """Language."""
    bucket: str
    """Length bucket."""
    fold: Fold
    """Fold."""
    start: int
    """First index."""
    stop: int
    """One beyond the last."""
    seed: bytes
    """Of the whole set."""
    mix: bool
    """Whether single rows are drawn from a realistic mix."""
    profile: Profile = Profile.WHOLE
    """Which cases."""
    answered: bool = False
    """Whether ordinary chat ends with its answer."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a task."""

    rows: bytes
    """JSON lines."""
    count: int
    """How many."""
    scenarios: frozenset[bytes]
    """First eight bytes of the id of each scenario."""
    families: frozenset[str]
    """Families that were drawn."""


def run(tasks: Sequence[Task], jobs: int = 0) -> Iterator[tuple[Task, Done]]:
    """Yield each task with what came of it, in order.

    Args:
        tasks: What to draw.
        jobs: Processes; 0 for as many as there are processors, and one where the work is small.

    Raises:
        OutputError: One of the processes was ended from outside.
    """
    wanted = jobs or (os.cpu_count() or 1)
    if wanted == 1 or (not jobs and sum(task.stop - task.start for task in tasks) < _SMALL):
        for task in tasks:
            yield task, work(task)
        return
    wanted = min(wanted, len(tasks))
    with ExitStack() as stack:
        workers = [stack.enter_context(_worker()) for _ in range(wanted)]
        for place, task in enumerate(tasks[: _AHEAD * wanted]):
            with _while_it_lives():
                workers[place % wanted].send(task)
        for place, task in enumerate(tasks):
            worker = workers[place % wanted]
            done = _received(worker)
            if place + _AHEAD * wanted < len(tasks):
                with _while_it_lives():
                    worker.send(tasks[place + _AHEAD * wanted])
            yield task, done


def _received(worker: Connection[Task, Done | Exception]) -> Done:
    """Return what came of a process's next task, or raise what went wrong with it."""
    with _while_it_lives():
        done = worker.recv()
    if isinstance(done, Exception):
        raise done
    return done


@contextmanager
def _while_it_lives() -> Iterator[None]:
    """Say in our words that a process is gone: its pipe has ended, perhaps in the middle of something, or is broken."""
    try:
        yield
    except (EOFError, OSError) as error:
        raise OutputError("a process that drew rows was ended", "free some memory, or say --jobs 1") from error


@contextmanager
def _worker() -> Iterator[Connection[Task, Done | Exception]]:
    """Start a process with a pipe of its own, and end it afterwards.

    The standard library's pools share one pipe between all processes: one that is killed while it writes leaves the others
    waiting for its lock and the reader waiting for its rest, for ever. A pipe of one process ends when that process does.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        with ours:
            yield ours
    finally:
        process.terminate()
        process.join()


def _serve(tasks: Connection[Done | Exception, Task]) -> None:
    """Do tasks until there are no more. Ctrl-C is left to the process that started this one: it stops the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, OSError):
        while True:
            task = tasks.recv()
            try:
                tasks.send(work(task))
            except Exception as error:  # told where the rows are wanted
                tasks.send(error)


def work(task: Task) -> Done:
    """Draw the rows of a task."""
    lines: list[bytes] = []
    scenarios: set[bytes] = set()
    names: set[str] = set()
    for index in range(task.start, task.stop):
        for row in _rows(task, index):
            lines.append(row.line())
            scenarios.add(digest.raw(row.meta.scenario)[:8])
            names.add(row.meta.family)
    return Done(b"".join(lines), len(lines), frozenset(scenarios), frozenset(names))


def _rows(task: Task, index: int) -> Sequence[LabelledConversation]:
    if task.mix:
        return (draws.mixed(task.lang, task.bucket, index, task.seed, task.fold),)
    if task.answered:
        return (draws.answered(task.lang, task.bucket, index, task.seed, task.fold, task.profile),)
    return draws.draw(task.claim, task.lang, task.bucket, index, task.seed, task.fold, profile=task.profile)
