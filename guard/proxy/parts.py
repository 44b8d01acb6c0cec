"""What an answer consists of on its way out."""

from __future__ import annotations

from dataclasses import dataclass

from guard.conversation import ToolCall
from guard.proxy.marks import Mark


@dataclass(frozen=True, slots=True)
class Said:
    """Text of the model, or a notice before it."""

    text: str
    """Judged, or the guard's own."""
    marks: tuple[Mark, ...] = ()
    """Tokens in it with their probabilities, if they were asked for and are known."""


@dataclass(frozen=True, slots=True)
class Calls:
    """The tools that the answer calls; comes last."""

    calls: tuple[ToolCall, ...]
    """Judged."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """The rest of the answer, or all of it, does not leave; this is said instead."""

    text: str
    """The guard's own."""


Part = Said | Calls | Withheld
"""In this order; `Withheld` ends it."""
