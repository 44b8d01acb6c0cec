"""Where demand and evidence meet: `check`, `fired`, `decide`. Pure.

`check(policy, certificate)` runs at every start and reload and raises. `fired(thresholds, judgements)` knows no policy;
`certify` counts errors with it, so that the certified loss is what the guard would have found. `decide(policy, findings)`
maps findings to an action.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass

from guard import digest
from guard.cell import OTHER, Located
from guard.certificate import CellResult, Certificate, Threshold, Thresholds
from guard.conversation import Judged
from guard.errors import CheckFailed
from guard.hazards import Claim, Population
from guard.policy import Action, GateMode, Policy, Requirement, strictest
from guard.scores import Judgement, ProbeScore, RuleClear, RuleHit, RuleUnavailable, Score, ScoreUnavailable
from guard.validity import State


class FindingKind(enum.StrEnum):
    """What a monitor or rule found."""

    FIRED = "fired"
    UNAVAILABLE = "unavailable"
    NOT_CERTIFIED = "not_certified"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found at one place."""

    source: Claim | str
    """The claim of a monitor, or the name of a rule."""
    at: Judged
    """After which message, for which stage."""
    kind: FindingKind
    """Fired, or why it can't be known whether it would."""
    value: float | None = None
    """The score, where there is one."""
    threshold: float | None = None
    """What it was held against."""
    certified: bool = True
    """Whether a bound stands behind the threshold; True for rules, which have none."""
    reason: str = ""
    """Why a score is unavailable or a cell not certified."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything found in a conversation, and what was looked at."""

    items: tuple[Finding, ...]
    """In the order of the judgements."""
    seen: frozenset[tuple[Claim | str, Judged]]
    """Each monitor or rule that gave any answer, by place."""
    places: tuple[Judged, ...]
    """Where the conversation was judged."""

    def hits(self, claim: Claim, from_turn: int = 0) -> bool:
        """Whether the claim's own monitor fired at or after a turn."""
        return any(item.source == claim and item.kind is FindingKind.FIRED and item.at.turn >= from_turn for item in self.items)

    def any_of(self, claim: Claim) -> bool:
        """Whether anything was found for the claim: a missing score counts, too."""
        return any(item.source == claim for item in self.items)


def fired(thresholds: Thresholds, judgements: Sequence[Judgement]) -> Findings:
    """Hold scores against operating points.

    A monitor fires at or above the threshold of its cell. Where the language is uncertain, the strictest (lowest) threshold
    of the candidates applies. A missing, non-finite or uncertified score is a finding of its own, never silence.
    """
    items: list[Finding] = []
    seen: set[tuple[Claim | str, Judged]] = set()
    for judgement in judgements:
        for score in judgement.scores:
            seen.add((_source(score), judgement.at))
            finding = _hold(thresholds, judgement, score)
            if finding is not None:
                items.append(finding)
    return Findings(tuple(items), frozenset(seen), tuple(judgement.at for judgement in judgements))


def _source(score: Score) -> Claim | str:
    return score.rule if isinstance(score, RuleHit | RuleClear | RuleUnavailable) else score.claim


def _hold(thresholds: Thresholds, judgement: Judgement, score: Score) -> Finding | None:
    match score:
        case RuleHit():
            return Finding(score.rule, judgement.at, FindingKind.FIRED)
        case RuleClear():
            return None
        case RuleUnavailable():
            return Finding(score.rule, judgement.at, FindingKind.UNAVAILABLE, reason=score.reason)
        case ScoreUnavailable():
            return Finding(score.claim, judgement.at, FindingKind.UNAVAILABLE, reason=score.reason)
        case ProbeScore():
            if not math.isfinite(score.value):
                return Finding(score.claim, judgement.at, FindingKind.UNAVAILABLE, reason="not_finite")
            points = _points(thresholds, score.claim, judgement.cell)
            if not points:
                reason = "no_cell" if judgement.cell.asked else "no_request"
                return Finding(score.claim, judgement.at, FindingKind.NOT_CERTIFIED, score.value, reason=reason)
            over = [point for point in points if not score.value < point.value]
            if not over:
                return None
            # A lower threshold that was only measured must not hide a certified one that fires, too.
            point = next((point for point in over if point.certified), over[0])
            return Finding(score.claim, judgement.at, FindingKind.FIRED, score.value, point.value, point.certified)


def threshold_at(thresholds: Thresholds, claim: Claim, cell: Located) -> Threshold | None:
    """Return the strictest operating point among a cell's candidate languages; None outside every tested cell."""
    return next(iter(_points(thresholds, claim, cell)), None)


def _points(thresholds: Thresholds, claim: Claim, cell: Located) -> list[Threshold]:
    """Return the operating points of a cell's candidate languages, strictest first; none where nobody asked for anything."""
    if not cell.asked:
        return []
    candidates = [
        thresholds[claim, lang, cell.bucket]
        for lang in cell.languages
        if lang != OTHER and (claim, lang, cell.bucket) in thresholds
    ]
    return sorted(candidates, key=lambda point: point.value)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an action was taken."""

    source: Claim | str
    """Claim, rule, or "certificate"."""
    kind: FindingKind | State
    """What was found, or the state of the certificate."""
    action: Action
    """What the policy demands for it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do about a conversation."""

    action: Action
    """The strictest of all causes."""
    causes: tuple[Cause, ...]
    """Everything that asked for more than ALLOW, in order."""


def decide(policy: Policy, findings: Findings, state: State = State.VALID) -> Verdict:
    """Map findings to an action.

    1. A demanded monitor or an enabled rule that gave no answer at a place of its stage is unavailable.
    2. Each finding asks for the action that the policy sets for it; findings of what the policy does not demand ask for
       none. A threshold without a bound acts only where the policy allows it, and at most as ESCALATE.
    3. A certificate that is not valid asks for each demand's `on_expired`, or for BLOCK when it is void.
    4. The strictest wins.
    """
    # (1)
    items = (*_missing(policy, findings), *findings.items)
    # (2)
    demands = {requirement.claim: requirement for requirement in policy.requires}
    causes = [
        Cause(item.source, item.kind, action)
        for item in items
        if (action := _action(policy, demands, item)) is not Action.ALLOW
    ]
    # (3)
    causes += _expired(policy, findings, state)
    # (4)
    return Verdict(strictest(*(cause.action for cause in causes)), tuple(causes))


def _missing(policy: Policy, findings: Findings) -> list[Finding]:
    sources: list[tuple[Claim | str, Judged]] = []
    for place in findings.places:
        sources += [(requirement.claim, place) for requirement in policy.at(place.stage)]
        sources += [(rule, place) for rule in policy.rules]
    return [
        Finding(source, place, FindingKind.UNAVAILABLE, reason="missing")
        for source, place in sources
        if (source, place) not in findings.seen
    ]


def _action(policy: Policy, demands: dict[Claim, Requirement], item: Finding) -> Action:
    if isinstance(item.source, str):
        action = policy.rules.get(item.source, Action.ALLOW)
        # A rule that could not look is never better than one that found something.
        return action if item.kind is FindingKind.FIRED or action is Action.ALLOW else Action.BLOCK
    requirement = demands.get(item.source)
    if requirement is None:
        return Action.ALLOW
    match item.kind:
        case FindingKind.UNAVAILABLE:
            return requirement.on_unavailable
        case FindingKind.NOT_CERTIFIED:
            return requirement.on_not_certified
        case FindingKind.FIRED if item.certified:
            return requirement.action
        case FindingKind.FIRED:
            if not requirement.allow_measured:
                return requirement.on_not_certified
            return min(requirement.action, Action.ESCALATE, key=lambda action: action.rank)


def _expired(policy: Policy, findings: Findings, state: State) -> list[Cause]:
    match state:
        case State.VALID | State.EXPIRING:
            return []
        case State.VOID:
            return [Cause("certificate", state, Action.BLOCK)]
        case State.EXPIRED | State.SUSPENDED:
            stages = {place.stage for place in findings.places}
            return [
                Cause(requirement.claim, state, requirement.on_expired)
                for stage in sorted(stages)
                for requirement in policy.at(stage)
                if requirement.on_expired is not Action.ALLOW
            ]


def check(policy: Policy, certificate: Certificate, rules: str) -> None:
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
        rules: Digest of the rule set that the policy enables.

    Raises:
        CheckFailed: With every reason.
    """
    reasons: list[str] = []
    for requirement in policy.requires:
        reasons += _check_claim(requirement, certificate)  # (1) (2)
    reasons += _check_whole(policy, certificate, rules)  # (3)
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


def _check_whole(policy: Policy, certificate: Certificate, rules: str) -> list[str]:
    limit = policy.whole.max_false_alarm
    if limit is None:
        return []
    if not certificate.whole:
        return ["false alarms of the whole were not tested"]
    reasons = []
    for whole in certificate.whole:
        if whole.rules != rules:
            reasons.append("the whole was tested with another rule set")
        if not float(whole.false_alarm.upper) <= limit:
            reasons.append(f"false alarms of the whole are at most {float(whole.false_alarm.upper):.3f}, {limit:g} is demanded")
    return reasons


def shifted(thresholds: Thresholds, by: float) -> Thresholds:
    """Move every threshold, for the score margin: misses are counted at +eps, false alarms at -eps."""
    return {key: point.shifted(by) for key, point in thresholds.items()}
