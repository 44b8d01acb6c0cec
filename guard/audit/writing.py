"""From judgements and findings to the parts of an event. Pure: no clock, no file, no database."""

from __future__ import annotations

import math
from collections.abc import Iterable

from guard.audit.event import Found, Scan, Status
from guard.certificate import number
from guard.hazards import Claim
from guard.points import Thresholds
from guard.scores import Judgement, ProbeScore, RuleClear, RuleHit, RuleUnavailable, Score, ScoreUnavailable
from guard.verdict import Findings, threshold_at


def scans(judgements: Iterable[Judgement], thresholds: Thresholds) -> tuple[Scan, ...]:
    """Write down the scores of some judgements, each with the thresholds of its cell."""
    return tuple(
        scan(score, _threshold(score, judgement, thresholds)) for judgement in judgements for score in judgement.scores
    )


def scan(score: Score, threshold: str = "") -> Scan:
    """Write down one score."""
    match score:
        case ProbeScore(claim, value) if math.isfinite(value):
            return Scan(by=str(claim), status=Status.SCANNED, score=number(value), threshold=threshold)
        case ProbeScore(claim):
            return Scan(by=str(claim), status=Status.ERROR, reason="not a finite score", threshold=threshold)
        case ScoreUnavailable(claim, reason):
            return Scan(by=str(claim), status=Status.ERROR, reason=reason, threshold=threshold)
        case RuleHit(rule, spans):
            return Scan(by=f"rule:{rule}", status=Status.SCANNED, spans=spans)
        case RuleClear(rule):
            return Scan(by=f"rule:{rule}", status=Status.SCANNED)
        case RuleUnavailable(rule, reason):
            return Scan(by=f"rule:{rule}", status=Status.ERROR, reason=reason)


def overall(scans: Iterable[Scan], *, served: bool) -> Status:
    """Sum up scans: SCANNED only if everything that should look did.

    Args:
        scans: With an entry for all that should have looked, too.
        served: Whether the conversation went on all the same.
    """
    statuses = {scan.status for scan in scans}
    if not statuses or statuses == {Status.NOT_RUN}:
        return Status.NOT_RUN
    if statuses == {Status.SCANNED}:
        return Status.SCANNED
    return Status.DEGRADED if served or Status.ERROR not in statuses else Status.ERROR


def worst(*statuses: Status) -> Status:
    """Return the status that says least: ERROR, DEGRADED, NOT_RUN, SCANNED."""
    order = (Status.ERROR, Status.DEGRADED, Status.NOT_RUN, Status.SCANNED)
    return min(statuses, key=order.index)


def not_run(names: Iterable[Claim | str], reason: str) -> tuple[Scan, ...]:
    """Write down that monitors (by claim) or rules (by name) did not look, and why."""
    return tuple(
        Scan(by=str(name) if isinstance(name, Claim) else f"rule:{name}", status=Status.NOT_RUN, reason=reason)
        for name in names
    )


def _threshold(score: Score, judgement: Judgement, thresholds: Thresholds) -> str:
    if not isinstance(score, ProbeScore | ScoreUnavailable):
        return ""
    point = threshold_at(thresholds, score.claim, judgement.cell)
    return "" if point is None else number(point.value)


def found(findings: Findings) -> tuple[Found, ...]:
    """Write down what was found."""
    return tuple(
        Found(
            by=str(item.source) if isinstance(item.source, Claim) else f"rule:{item.source}",
            kind=str(item.kind),
            turn=item.at.turn,
            value=_decimal(item.value),
            threshold=_decimal(item.threshold),
            certified=item.certified,
            reason=item.reason,
        )
        for item in findings.items
    )


def _decimal(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else number(value)
