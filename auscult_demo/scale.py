"""How much work a demonstration puts into a subject, and under which policy."""

from __future__ import annotations

from dataclasses import dataclass, field

from certify.baselines.effort import Effort
from certify.baselines.frozen import RANDOM
from certify.plan import Sizes
from guard.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Sizes of one demonstration."""

    policy: str
    """Packaged policy."""
    scenarios: int
    """Train and select draws a claim."""
    sizes: Sizes
    """Of the test."""
    power: float
    """Wanted chance to show each limit: with a dozen limits, the chance to show all is lower."""
    effort: Effort = field(default_factory=Effort)
    """Work on the cheaper readers."""
    lengths: str = "off"
    """Plan of the hazards that are planted in long chats."""
    tokens: int | None = None
    """Most tokens of an answer in the chats; by default as many as are bound."""


PHANTOM = Scale(
    policy="policies/demonstration.yaml",
    scenarios=110,
    sizes=Sizes(250, 500, 1),
    power=0.9995,
    effort=Effort(rows=450, random_rows=200, select_rows=200, shuffles=3, removals=10),
    lengths="small",
)
"""The packaged model: small and quick to read."""

REAL = Scale(
    policy="policies/demonstration_real.yaml",
    scenarios=60,
    sizes=Sizes(140, 280, 1),
    power=0.9,
    effort=Effort(
        select_rows=300, shuffles=3, removals=10,
        left_out={RANDOM: "a demonstration has no time to read everything a second time"},
    ),
    tokens=48,
)  # fmt: skip
"""Any other model: about 3,900 short conversations are read."""


def of(subject: str) -> Scale:
    """Return the scale for a subject.

    Raises:
        InputError: It can't answer, and a demonstration ends with a chat.
    """
    if subject.startswith("observer:"):
        raise InputError(f"{subject} reads along and can't answer", "certify it with auscult certify run")
    return PHANTOM if subject.startswith("phantom") else REAL
