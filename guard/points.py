"""Operating points: the thresholds of a certificate, as it states them and as the hot path uses them.

Comes in: what stands in a signed protocol or certificate. Goes out: the same as numbers, by claim and cell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from guard.hazards import Claim
from guard.signed import Decimal, Proportion, Signed


class OperatingPoint(Signed, frozen=True, kw_only=True):
    """Threshold and gate mode of one monitor in one cell."""

    claim: str
    """hazard@stage."""
    lang: str
    """Language of the cell."""
    bucket: str
    """Length bucket of the cell."""
    threshold: Decimal
    """The monitor fires at or above this score."""
    certified: bool
    """With bounds; otherwise only measured on text that the generator wrote."""
    gate: str
    """token | window | buffer: the gate mode that was tested."""


class MeasuredRates(Signed, frozen=True, kw_only=True):
    """Rates of an operating point that carries no bound."""

    claim: str
    """hazard@stage."""
    lang: str
    """Language of the cell."""
    bucket: str
    """Length bucket of the cell."""
    miss: Proportion
    """Missed positives, of all."""
    false_alarm: Proportion
    """Alarms on benign rows, of all."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """An operating point as numbers, for the hot path."""

    claim: Claim
    """What the monitor looks for."""
    value: float
    """Fires at or above."""
    certified: bool
    """Whether a bound stands behind it."""

    def shifted(self, by: float) -> Threshold:
        """Return the same point with its threshold moved, for the score margin."""
        return replace(self, value=self.value + by)


Thresholds = dict[tuple[Claim, str, str], Threshold]
"""By claim, language and bucket."""


def thresholds(points: tuple[OperatingPoint, ...]) -> Thresholds:
    """Turn signed operating points into numbers."""
    table: Thresholds = {}
    for point in points:
        claim = Claim.parse(point.claim)
        table[claim, point.lang, point.bucket] = Threshold(claim, float(point.threshold), point.certified)
    return table
