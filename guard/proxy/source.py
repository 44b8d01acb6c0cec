"""Whoever answers and judges behind a guard, with what the guard has to know of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from guard.conversation import Conversation
from guard.probes.reading import Subject
from guard.proxy.guard import Answering
from guard.proxy.watch import Judging
from guard.scores import Score


class Load(Protocol):
    """Loads a certified model or observer by its name."""

    def __call__(self, name: str, *, system: str | None) -> Subject:
        """Return it; `system` is the guard's own prompt."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Whoever answers: a model in this process, or an upstream with an observer beside it."""

    answering: Answering
    """Gives the answers."""
    judging: Judging
    """Scores canaries."""
    close: Callable[[], None]
    """Stops it."""
    model: str
    """Its name."""
    can: frozenset[str] = frozenset()
    """As in `Guard`."""
    offered: Callable[[], Awaitable[tuple[str, ...]]] | None = None
    """As in `Guard`."""
    follow: Callable[[Conversation], Awaitable[tuple[Score, ...]]] | None = None
    """As in `Guard`."""
    silence: float | None = None
    """As in `Guard`."""
    alone: str = ""
    """As in `Guard`."""
