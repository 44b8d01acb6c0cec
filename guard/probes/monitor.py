"""A monitor: one claim, the probes that answer it, and how token logits become its score."""

from __future__ import annotations

from dataclasses import dataclass

from guard.errors import VerificationError
from guard.hazards import Claim, Stage
from guard.probes.activations import HookPoint
from guard.probes.aggregation import Aggregation
from guard.probes.linear import LinearProbe

SCORING = 2
"""Raised whenever the meaning of a score changes: rendering, hook points, aggregation, arithmetic."""


@dataclass(frozen=True, slots=True)
class Monitor:
    """One hazard at one stage."""

    claim: Claim
    """What it looks for, and at which stage it reads."""
    probes: tuple[LinearProbe, ...]
    """One, or one per block of a band; the token logit is their mean."""
    aggregation: Aggregation
    """How token logits become its score. `last` reads the decision token before an answer, else the newest token;
    all others read the text of the judged message."""
    anchor: str = ""
    """A fixed line that is read after a document which comes without a request, as a user's turn; "" for none. Only
    monitors of the context stage have one."""

    def __post_init__(self) -> None:
        """Check that the probes belong together.

        Raises:
            VerificationError: There is none, two read the same place, their widths differ, or a monitor has an anchor that
                reads no documents.
        """
        points = self.hook_points
        if not points or len(set(points)) != len(points) or len({probe.width for probe in self.probes}) != 1:
            raise VerificationError(f"the probes of {self.claim} do not belong together")
        if self.anchor and self.claim.stage is not Stage.CONTEXT:
            raise VerificationError(f"{self.claim} reads no documents and can't have an anchor")

    @property
    def hook_points(self) -> tuple[HookPoint, ...]:
        """Where it reads."""
        return tuple(probe.hook_point for probe in self.probes)
