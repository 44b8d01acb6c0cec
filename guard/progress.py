"""Progress of long work, on standard error: a bar on a terminal, silence elsewhere.

A bar appears after two seconds, so that short work stays quiet.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[[int], None]
"""Called with the number of steps done since the last call."""

Phase = Callable[[str, int], "Advance"]
"""Begins a phase with its name and number of steps."""

_PATIENCE = 2.0


def silent(name: str, steps: int) -> Advance:  # noqa: ARG001
    """Begin a phase that shows nothing."""
    return lambda done: None


@contextmanager
def shown(*, enabled: bool | None = None) -> Iterator[Phase]:
    """Yield a function that begins phases; their bars vanish at the end.

    Args:
        enabled: Whether to draw at all; by default, if standard error is a terminal.
    """
    if not (sys.stderr.isatty() if enabled is None else enabled):
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bars = Progress(*columns, console=Console(stderr=True), transient=True)
    began = time.monotonic()
    drawing = False

    def phase(name: str, steps: int) -> Advance:
        task = bars.add_task(name, total=steps)

        def advance(done: int) -> None:
            nonlocal drawing
            if not drawing and time.monotonic() - began > _PATIENCE:
                bars.start()
                drawing = True
            bars.advance(task, done)

        return advance

    try:
        yield phase
    finally:
        if drawing:
            bars.stop()
