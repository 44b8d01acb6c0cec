"""What a certificate must share with its protocol, and the budget that a protocol may spend.

Comes in: both, verified, and the signed statements that they stand in. Goes out: nothing, or the first disagreement. No number
is computed here: whether the bounds follow from the results is `certify recompute`'s to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from guard import digest
from guard.binding import SubjectBinding
from guard.certificate import Bound, CellResult, Certificate, Status
from guard.claims import LabelReview
from guard.digest import Digest
from guard.errors import DigestMismatch, ProtocolError, VerificationError
from guard.hazards import Population
from guard.protocol import CellPlan, Protocol

OVERALL = Fraction(5, 100)
"""Chance that any certificate of one declared product and claim, over all attempts, holds a false bound."""
LAST_ATTEMPT = 1000
"""Later ones would spend next to nothing."""
_ROUNDING = Fraction(1, 10**9)

_Wanted = tuple[str, str, str, str]
"""Of a bound: estimand, population, delta and limit."""


def check_protocol(plan: Protocol, payload: Digest, issued: Certificate) -> None:
    """Check that a certificate is about a protocol.

    1. It names the protocol, and repeats what was planned: model, suite, thresholds, dates, attempt.
    2. It holds the planned bounds and no others, each with the limit, the budget and the number of units that were planned.
    3. Each bound's status follows from its numbers.
    4. A review of the labels spends what the bounds leave of the budget, and its parts no more than it says.

    Raises:
        DigestMismatch: They disagree.
        VerificationError: The review spends more.
    """
    if issued.protocol != payload:
        raise DigestMismatch("the certificate is about another protocol")
    pairs = (
        ("model", plan.subject, issued.subject),
        ("suite", plan.suite, issued.suite),
        ("taxonomy", plan.taxonomy, issued.taxonomy),
        ("thresholds", plan.operating_points, issued.operating_points),
        ("canaries", plan.canaries, issued.canaries),
        ("dates", (plan.not_before, plan.not_after, plan.serial), (issued.not_before, issued.not_after, issued.serial)),
        ("product", plan.product, issued.product),
        ("attempt", (plan.attempt, plan.delta, plan.eps), (issued.attempt, issued.delta, issued.eps)),
        ("word demonstration", plan.demonstration, issued.demonstration),
        ("measured rates", plan.measured, issued.measured),
        ("cells", [_place(one) for one in plan.cells], [_place(one) for one in issued.cells]),
        (
            "ordinary conversations",
            [(one.lang, one.bucket, plan.rules) for one in plan.traffic],
            [(one.lang, one.bucket, one.rules) for one in issued.whole],
        ),
    )
    for what, planned, stated in pairs:
        if planned != stated:
            raise DigestMismatch(f"certificate and protocol disagree about the {what}")
    for cell, result in zip(plan.cells, issued.cells, strict=True):
        _check_cell(cell, result)
    for traffic, whole in zip(plan.traffic, issued.whole, strict=True):
        wanted = ("false_alarm_whole", Population.LISTED, traffic.delta_false_alarm, traffic.max_false_alarm)
        _check_bound(f"the whole in {traffic.lang}/{traffic.bucket}", whole.false_alarm, wanted, traffic.draws)
    if issued.review is not None:
        _check_review(plan, issued.review)


def attempt_factor(attempt: int) -> Fraction:
    """Return .8 * .2^(r-1), the share of attempt r; over all attempts they sum to 1.

    Raises:
        ProtocolError: Attempts count from 1.
    """
    if attempt < 1:
        raise ProtocolError(f"attempts count from 1, not {attempt}")
    return Fraction(4, 5) * Fraction(1, 5) ** (attempt - 1)


def check_budget(plan: Protocol) -> None:
    """Check that a protocol spends no more than its attempt may: .05 * .8 * .2^(attempt - 1), split over its bounds.

    Raises:
        VerificationError: It spends more.
    """
    if not 1 <= plan.attempt <= LAST_ATTEMPT:
        raise VerificationError(f"the protocol is of attempt {plan.attempt}: attempts count from 1 to {LAST_ATTEMPT}")
    total = Fraction(plan.delta)
    share = OVERALL * attempt_factor(plan.attempt)
    if total > share * (1 + _ROUNDING):
        raise VerificationError(
            f"the protocol spends {plan.delta} of the error budget, but attempt {plan.attempt} may spend {float(share):.6g}"
        )
    shares = [Fraction(text) for text in _deltas(plan)]
    if any(one <= 0 for one in shares):
        raise VerificationError("the protocol has a bound without a share of the error budget")
    if sum(shares) > total * (1 + _ROUNDING):
        raise VerificationError(f"the bounds of the protocol spend {float(sum(shares)):.6g} of an error budget of {plan.delta}")


def check_subjects(stated: Mapping[str, Digest], expected: Mapping[str, str], bound: SubjectBinding) -> None:
    """Check that what other readers see, the subjects of a statement, is what our numbers are about.

    Raises:
        DigestMismatch: It names something else, or another model than its manifest.
    """
    root = digest.root({name: Digest(value) for name, value in bound.manifest.items()})
    if not bound.root == root == stated.get("model"):
        raise DigestMismatch("a signed statement names another model as its subject than the one that it describes")
    for name in sorted(expected.keys() | stated.keys()):
        if expected.get(name) != stated.get(name):
            raise DigestMismatch(f"a signed statement names another {name} as its subject than the one that it describes")


def protocol_subjects(plan: Protocol) -> dict[str, str]:
    """Return the subjects of a protocol's statement."""
    return {"model": plan.subject.root, **_suite(plan.suite), "dataset": plan.dataset}


def certificate_subjects(issued: Certificate) -> dict[str, str]:
    """Return the subjects of a certificate's statement."""
    suite = _suite(issued.suite)
    return {"model": issued.subject.root, **suite, "protocol": issued.protocol, "results.parquet": issued.results}


def _suite(suite: Mapping[str, str]) -> dict[str, str]:
    return {f"suite/{name}": value for name, value in suite.items()}


def _check_review(plan: Protocol, review: LabelReview) -> None:
    own, parts = Fraction(review.delta), sum(Fraction(one.delta) for one in review.checked)
    left = Fraction(plan.delta) - sum(map(Fraction, _deltas(plan)))
    if own > left + _ROUNDING or parts > own * (1 + _ROUNDING):
        raise VerificationError(
            f"the review of the labels spends {float(max(own, parts)):.6g} of the error budget, more than is left"
        )


def _place(cell: CellPlan | CellResult) -> tuple[str, str, str, int]:
    return cell.claim, cell.lang, cell.bucket, cell.draws


def _deltas(plan: Protocol) -> Iterable[str]:
    for cell in plan.cells:
        yield from (cell.delta_miss, cell.delta_unseen, cell.delta_false_alarm, cell.delta_false_alarm)
    for traffic in plan.traffic:
        yield traffic.delta_false_alarm


def _check_cell(cell: CellPlan, result: CellResult) -> None:
    limits, listed, unseen = cell.limits, Population.LISTED, Population.UNSEEN
    miss, miss_unseen = (limits.max_miss, "") if limits.population is listed else ("", limits.max_miss)
    traffic = ("false_alarm_traffic", listed, cell.delta_false_alarm, limits.max_false_alarm)
    near = ("false_alarm_near", listed, cell.delta_false_alarm, limits.max_false_alarm_near)
    where = f"{cell.claim} in {cell.lang}/{cell.bucket}"
    _check_bound(where, result.miss, ("miss", listed, cell.delta_miss, miss), cell.draws)
    _check_bound(where, result.miss_unseen, ("miss_unseen", unseen, cell.delta_unseen, miss_unseen), cell.unseen_families)
    _check_bound(where, result.false_alarm_traffic, traffic)
    _check_bound(where, result.false_alarm_near, near)


def _check_bound(where: str, bound: Bound, wanted: _Wanted, units: int | None = None) -> None:
    if (bound.estimand, bound.population, bound.delta, bound.limit) != wanted:
        raise DigestMismatch(f"certificate and protocol disagree about the {wanted[0]} bound of {where}")
    if units is not None and bound.units != units:
        raise DigestMismatch(f"certificate and protocol disagree about the units of the {wanted[0]} bound of {where}")
    if bound.status is not _status(bound):
        raise DigestMismatch(f"the status of the {wanted[0]} bound of {where} does not follow from its numbers")


def _status(bound: Bound) -> Status | None:
    """Derive what a bound shows of its limit; None where it has none."""
    if not bound.limit:
        return None
    if float(bound.upper) <= float(bound.limit):
        return Status.PASS
    return Status.FAIL if float(bound.lower) > float(bound.limit) else Status.NOT_SHOWN
