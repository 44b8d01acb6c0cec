"""How much work goes into the cheaper readers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Effort:
    """How much work goes into the cheaper readers; what is left undone is said on the certificate."""

    rows: int | None = None
    """Train rows a claim at most, for the readers of text; None takes all, as the monitor does."""
    random_rows: int | None = None
    """The same for the model with random weights, which has to read them; None takes the rows of the monitor."""
    select_rows: int = 1_500
    """Select rows a claim at most, on which thresholds are set."""
    shuffles: int = 19
    """Fits on shuffled labels; fewer than 19 can't give a p of 0.05."""
    removals: int = 100
    """Positives that are scored again without their most telling words."""
    seed: int = 0
    """Of every sample, and of the random weights."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Readers that are not fitted, and why."""
