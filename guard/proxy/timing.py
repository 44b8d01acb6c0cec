"""Where the time of a request goes. One `Times` a request, found by whatever works on it, in whichever task.

Comes in: the moment at which a request's first bytes were read, and what waited for what. Goes out: the header
`Server-Timing`, and the same numbers in the last audit event.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field

from guard.audit import Timings

PHASES = ("queue", "body", "judge", "audit", "model")
"""In the order in which they happen."""
_current: ContextVar[Times | None] = ContextVar("auscult_times", default=None)


@dataclass(slots=True)
class Times:
    """The times of one request, in seconds."""

    arrived: float = field(default_factory=time.monotonic)
    """When its first bytes were read."""
    spent: dict[str, float] = field(default_factory=dict)
    """By phase."""

    def add(self, phase: str, seconds: float) -> None:
        """Count some time to a phase."""
        self.spent[phase] = self.spent.get(phase, 0.0) + max(0.0, seconds)

    @property
    def total(self) -> float:
        """Seconds since it arrived."""
        return time.monotonic() - self.arrived

    @property
    def overhead(self) -> float:
        """All but the waiting for the model, in seconds: queueing, reading and judging included."""
        return max(0.0, self.total - self.spent.get("model", 0.0))

    def header(self) -> str:
        """Write `Server-Timing`, in milliseconds."""
        known = [f"{phase};dur={1000 * self.spent[phase]:.2f}" for phase in PHASES if phase in self.spent]
        return ", ".join([*known, f"total;dur={1000 * self.total:.2f}"])

    def record(self) -> Timings:
        """Return the times for an audit event, in microseconds."""
        parts = {phase: round(1e6 * self.spent.get(phase, 0.0)) for phase in PHASES}
        return Timings(total=round(1e6 * self.total), **parts)


def begin(arrived: float | None = None) -> Times:
    """Begin the times of a request that this task and those that it starts work on."""
    times = Times() if arrived is None else Times(arrived)
    times.add("queue", times.total)
    _current.set(times)
    return times


def record() -> Timings:
    """Return the times of the present request; zeros outside one."""
    times = _current.get()
    return Timings() if times is None else times.record()


@contextlib.contextmanager
def spent(phase: str) -> Iterator[None]:
    """Count the time that a block takes to a phase of the present request, if there is one."""
    times = _current.get()
    if times is None:
        yield
        return
    start = time.monotonic()
    try:
        yield
    finally:
        times.add(phase, time.monotonic() - start)
