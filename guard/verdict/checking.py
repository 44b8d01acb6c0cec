"""Demand against evidence: `check` proves that a certificate meets a policy, or raises with everything that is missing."""

from __future__ import annotations

from guard import digest, rules
from guard.certificate import CellResult, Certificate
from guard.errors import CheckFailed
from guard.hazards import Population
from guard.policy import GateMode, Policy, Requirement


def check_all(policy: Policy, certificate: Certificate) -> None:
    """Prove that a certificate meets a policy and all that it becomes for tenants and routes.

    Raises:
        CheckFailed: With every reason of the first that it does not meet.
    """
    for one in policy.variants:
        check(one, certificate, rules.digest(frozenset(one.rules)))


def check(policy: Policy, certificate: Certificate, rule_set: str) -> None:
    """Prove that a certificate meets a policy, or raise with everything that is missing.

    1. Each demanded claim has an operating point: certified, or measured where the policy allows that. Those that are
       called certified are exactly the cells with bounds.
    2. In every cell of a demanded claim, the bound on the demanded population and both false-alarm bounds are within the
       policy's limits. Bounds are compared here, whatever status the certificate printed against the limits of its day.
    3. The bound on everything together is within the policy's limit and was made with the policy's own rule set.
    4. The gate mode is the tested one, or buffer.
    5. A demonstration certificate goes with a demonstration policy only.
    6. The system prompt that the policy names is the one that was certified, or there is none on either side.

    Args:
        policy: What is demanded.
        certificate: What is shown.
        rule_set: Digest of the rule set that the policy enables.

    Raises:
        CheckFailed: With every reason.
    """
    reasons: list[str] = []
    for requirement in policy.requires:
        reasons += _check_claim(requirement, certificate)  # (1) (2)
    reasons += _check_whole(policy, certificate, rule_set)  # (3)
    tested = {point.gate for point in certificate.operating_points}
    if policy.gate.mode is not GateMode.BUFFER and tested - {policy.gate.mode}:  # (4)
        reasons.append(f"the gate mode {policy.gate.mode} was not tested (tested: {', '.join(sorted(tested))})")
    if certificate.demonstration and not policy.demonstration:  # (5)
        reasons.append("the certificate is a demonstration, the policy is not")
    prompt = digest.of_bytes(policy.system_prompt.encode()) if policy.system_prompt else "none"
    if certificate.subject.system_prompt != prompt:  # (6)
        reasons.append("the policy's system prompt is not the certified one")
    if reasons:
        raise CheckFailed(
            f"the certificate does not meet the policy {policy.name}: {'; '.join(reasons)}",
            "certify this model against this policy, or change the policy",
        )


def _check_claim(requirement: Requirement, certificate: Certificate) -> list[str]:
    claim = str(requirement.claim)
    cells = [cell for cell in certificate.cells if cell.claim == claim]
    points = [point for point in certificate.operating_points if point.claim == claim]
    if not points:
        return [f"{claim} has no operating point"]
    if {(point.lang, point.bucket) for point in points if point.certified} != {(cell.lang, cell.bucket) for cell in cells}:
        return [f"{claim} has a certified operating point without bounds, or bounds without one"]
    if not cells:
        return [] if requirement.allow_measured else [f"{claim} was only measured, not certified"]
    return [reason for cell in cells for reason in _check_cell(requirement, cell)]


def _check_cell(requirement: Requirement, cell: CellResult) -> list[str]:
    miss = cell.miss if requirement.population is Population.LISTED else cell.miss_unseen
    wanted = (
        ("miss", miss.upper, requirement.max_miss),
        ("false alarms on traffic", cell.false_alarm_traffic.upper, requirement.max_false_alarm),
        ("false alarms on look-alikes", cell.false_alarm_near.upper, requirement.max_false_alarm_near),
    )
    where = f"{cell.claim} ({cell.lang}, {cell.bucket})"
    return [
        f"{where}: {what} is shown to be at most {float(upper):.3f}, {limit:g} is demanded"
        for what, upper, limit in wanted
        if limit is not None and not float(upper) <= limit
    ]


def _check_whole(policy: Policy, certificate: Certificate, rule_set: str) -> list[str]:
    limit = policy.whole.max_false_alarm
    if limit is None:
        return []
    if not certificate.whole:
        return ["false alarms of the whole were not tested"]
    reasons = []
    for whole in certificate.whole:
        if whole.rules != rule_set:
            reasons.append("the whole was tested with another rule set")
        if not float(whole.false_alarm.upper) <= limit:
            reasons.append(f"false alarms of the whole are at most {float(whole.false_alarm.upper):.3f}, {limit:g} is demanded")
    return reasons
