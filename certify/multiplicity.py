"""How the error budget is spent: overall .05, split over parts, cells and attempts.

Comes in: which attempt it is and the names of the bounds in each part. Goes out: `Budget`, the delta of every bound.
Shares are kept as exact fractions and written as decimals rounded down, so that no rounding ever spends more than .05.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal
from fractions import Fraction
from itertools import takewhile

from guard.agreement import OVERALL, attempt_factor
from guard.errors import ProtocolError

_DIGITS = 12
"""Significant digits of a written share."""


class Part(enum.StrEnum):
    """What a share of the budget is for."""

    MISS = "miss"
    FALSE_ALARM = "false_alarm"
    UNSEEN = "unseen"
    LABELS = "labels"


PARTS: Mapping[Part, Fraction] = {
    Part.MISS: Fraction(25, 1000),
    Part.FALSE_ALARM: Fraction(10, 1000),
    Part.UNSEEN: Fraction(10, 1000),
    Part.LABELS: Fraction(5, 1000),
}
"""The parts of `OVERALL`; they sum to it."""


@dataclass(frozen=True, slots=True)
class Share:
    """The delta of one bound."""

    part: Part
    """What it is for."""
    cell: str
    """Name of the bound inside its part."""
    delta: Decimal
    """Chance that this bound may be wrong."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The deltas of all bounds of one attempt; together they never exceed `total`."""

    attempt: int
    """Counted from 1, in the ledger."""
    total: Decimal
    """Share of the overall .05 that this attempt may spend, label review included."""
    shares: tuple[Share, ...]
    """By part, in the order that the cells were given."""

    def delta(self, part: Part, cell: str = "") -> float:
        """Return the delta of one bound, as a number to compute with; the label review has no cell.

        Raises:
            ProtocolError: The budget has no such bound.
        """
        return float(self.written(part, cell))

    def written(self, part: Part, cell: str = "") -> str:
        """Return the same delta as it stands in signed text.

        Raises:
            ProtocolError: The budget has no such bound.
        """
        for share in self.shares:
            if share.part is part and share.cell == cell:
                return format(share.delta, "f")
        raise ProtocolError(f"the budget holds no {part.value} bound {cell!r}", "plan every bound before the test")


def budget(
    attempt: int,
    miss_cells: Sequence[str],
    false_alarm_cells: Sequence[str],
    unseen_cells: Sequence[str],
    weights: Mapping[str, Fraction | int | str] | None = None,
) -> Budget:
    """Split the budget of one attempt by weighted Bonferroni over the bounds inside each part.

    Args:
        attempt: r = 1, 2, ...; each is drawn afresh and spends its own share.
        miss_cells: One name for each miss bound on listed kinds.
        false_alarm_cells: One name for each false-alarm bound: traffic, near, whole.
        unseen_cells: One name for each bound on unseen families.
        weights: Weight of a name inside its part, 1 if not given; fractions or decimal strings, so that they are exact.

    Raises:
        ProtocolError: A name comes twice in a part, a weight is not a positive number or is for no name, or the attempt
            is below 1.
    """
    factor = attempt_factor(attempt)
    exact = {name: _weight(name, weight) for name, weight in (weights or {}).items()}
    cells = {Part.MISS: miss_cells, Part.FALSE_ALARM: false_alarm_cells, Part.UNSEEN: unseen_cells, Part.LABELS: [""]}
    unknown = sorted(set(exact) - {name for names in cells.values() for name in names})
    if unknown:
        raise ProtocolError(f"there is a weight for {unknown[0]!r}, which is no planned bound")
    shares = tuple(share for part, names in cells.items() for share in _split(part, PARTS[part] * factor, names, exact))
    return Budget(attempt, _down(OVERALL * factor), shares)


def holm(p_values: Iterable[float], level: float) -> tuple[bool, ...]:
    """Say which hypotheses Holm's step-down procedure rejects (Scandinavian Journal of Statistics 1979).

    Whatever their dependence, the chance of rejecting any true one is at most `level`. For yes-or-no verdicts only: it
    gives no simultaneous numbers.

    Raises:
        ProtocolError: A p-value is not a number from 0 to 1.
    """
    p = list(p_values)
    if not all(0.0 <= value <= 1.0 for value in p):
        raise ProtocolError("every p-value must be a number from 0 to 1")
    ranked = sorted(range(len(p)), key=lambda index: p[index])
    rejected = {index for _, index in takewhile(lambda step: p[step[1]] <= level / (len(p) - step[0]), enumerate(ranked))}
    return tuple(index in rejected for index in range(len(p)))


def _split(part: Part, total: Fraction, names: Sequence[str], weights: Mapping[str, Fraction]) -> list[Share]:
    if len(set(names)) < len(names):
        raise ProtocolError(f"a cell comes twice among the {part.value} bounds")
    whole = sum((weights.get(name, Fraction(1)) for name in names), Fraction(0))
    return [Share(part, name, _down(total * weights.get(name, Fraction(1)) / whole)) for name in names]


def _weight(name: str, weight: Fraction | int | str) -> Fraction:
    try:
        exact = Fraction(weight)
    except (ValueError, ZeroDivisionError) as error:
        raise ProtocolError(f"the weight of {name!r} is not a number") from error
    if exact <= 0:
        raise ProtocolError(f"the weight of {name!r} must be positive")
    return exact


def _down(value: Fraction) -> Decimal:
    """Write a fraction with so many digits that the decimal is never above it."""
    return Context(prec=_DIGITS, rounding=ROUND_DOWN).divide(Decimal(value.numerator), Decimal(value.denominator))
