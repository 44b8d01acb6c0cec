"""Drawing in several processes: chunks of draws out, lines of rows back, in the order of the chunks.

Each draw has a generator of its own, so that it does not matter which process makes it. At most a few chunks are on
their way at a time, which keeps memory flat.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from guard import digest
from guard.conversation import Fold, LabelledConversation
from guard.errors import OutputError
from guard.hazards import Claim
from synth_data import draws
from synth_data.scenario import Profile

CHUNK = 100
"""Draws in a task."""
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
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(wanted, mp_context=context, initializer=_quiet) as workers:
        waiting: deque[tuple[Task, Future[Done]]] = deque()
        try:
            for task in tasks:
                waiting.append((task, workers.submit(work, task)))
                if len(waiting) > 3 * wanted:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        except BrokenProcessPool as error:
            raise OutputError("a process that drew rows was ended", "free some memory, or say --jobs 1") from error
        finally:
            for _, future in waiting:
                future.cancel()


def _quiet() -> None:
    """Leave Ctrl-C to the process that started this one: it stops the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


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
    return draws.draw(task.claim, task.lang, task.bucket, index, task.seed, task.fold, profile=task.profile)
