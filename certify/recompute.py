"""Deriving every bound of a sealed dossier again from its results.parquet."""

from __future__ import annotations

from dataclasses import dataclass

from certify import issue, results
from guard.certificate import Bound, Certificate
from guard.dossier import Dossier
from guard.errors import VerificationError


@dataclass(frozen=True, slots=True)
class Recomputed:
    """One bound, stated and derived again."""

    claim: str
    """hazard@stage, or "whole"."""
    estimand: str
    """What is bounded."""
    stated: str
    """Upper bound on the certificate."""
    derived: str
    """Upper bound from results.parquet."""


def recompute(opened: Dossier) -> tuple[Recomputed, ...]:
    """Derive every bound again and compare whole bounds, not only their upper ends.

    Raises:
        VerificationError: A bound differs, or a unit is missing or surplus.
        InputError: results.parquet is not in its format.
    """
    issued, plan = opened.certificate, opened.protocol
    losses = results.read(opened.files["results.parquet"])
    tested = _tested(issued)
    pairs: list[tuple[str, Bound, Bound]] = []
    for cell, planned in zip(issued.cells, plan.cells, strict=True):
        again = issue.cell_result(planned, losses, tested, cell.plain)
        names = ("miss", "miss_unseen", "false_alarm_traffic", "false_alarm_near")
        pairs += [(cell.claim, getattr(cell, name), getattr(again, name)) for name in names]
        if cell.catalogue != again.catalogue:
            raise VerificationError(f"the catalogue rate of {cell.claim} is not what results.parquet gives")
    for whole, traffic in zip(issued.whole, plan.traffic, strict=True):
        pairs.append(("whole", whole.false_alarm, issue.whole_result(traffic, plan.rules, losses).false_alarm))
    for claim, stated, derived in pairs:
        if stated != derived:
            raise VerificationError(
                f"the bound {stated.estimand} of {claim} is not what results.parquet gives: {derived.upper}"
            )
    counted = sum(stated.units for _, stated, _ in pairs)
    if counted != len(losses):
        raise VerificationError(f"results.parquet has {len(losses)} units, the certificate counts {counted}")
    return tuple(Recomputed(claim, stated.estimand, stated.upper, derived.upper) for claim, stated, derived in pairs)


def _tested(issued: Certificate) -> issue.Tested:
    prefixes = {f"{cell.claim}/{cell.lang}/{cell.bucket}/": cell for cell in issued.cells}
    return issue.Tested(
        {prefix: cell.scenarios for prefix, cell in prefixes.items()},
        {prefix: cell.families for prefix, cell in prefixes.items()},
        {prefix: cell.fact_rows for prefix, cell in prefixes.items()},
        {prefix: cell.unavailable for prefix, cell in prefixes.items()},
    )
