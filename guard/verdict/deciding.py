"""From findings to an action: `decide` maps them as the policy says, and keeps apart what is only watched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from guard.conversation import Judged
from guard.hazards import Claim, Stage
from guard.policy import CERTIFICATE, Action, FailCause, Policy, Requirement, strictest
from guard.validity import Signal, State
from guard.verdict.findings import Finding, FindingKind, Findings


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
    shadow: Action = Action.ALLOW
    """The strictest of what is only watched: what would have been done."""


def decide(policy: Policy, findings: Findings, state: State = State.VALID, signals: Iterable[Signal] = ()) -> Verdict:
    """Map findings to an action.

    1. A demanded monitor or an enabled rule that gave no answer at a place of its stage is unavailable.
    2. Each finding asks for the action that the policy sets for it; findings of what the policy does not demand ask for
       none. A threshold without a bound acts only where the policy allows it, and at most as ESCALATE.
    3. A certificate that is not valid asks for each demand's action for that cause; for BLOCK when it is void, unless the
       policy says otherwise of a model or canaries that are not the certified ones.
    4. What the policy has in shadow asks for nothing, but is told apart.
    5. The strictest wins.

    Args:
        policy: What is demanded.
        findings: What was found.
        state: Of the certificate.
        signals: Why it is in that state.
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
    causes += _expired(policy, findings, state, frozenset(signals))
    # (4)
    acting = tuple(cause for cause in causes if cause.source not in policy.shadow)
    watched = (cause.action for cause in causes if cause.source in policy.shadow)
    # (5)
    return Verdict(strictest(*(cause.action for cause in acting)), acting, strictest(*watched))


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


_CAUSES = {"late": FailCause.TIMEOUT, "timeout": FailCause.TIMEOUT, "not_finite": FailCause.NAN, "missing": FailCause.MISSING}


def cause_of(reason: str) -> FailCause:
    """Return the cause that the reason of an unavailable score means to a policy."""
    if reason.startswith("upstream"):
        return FailCause.UPSTREAM
    return _CAUSES.get(reason, FailCause.ERROR)


def _action(policy: Policy, demands: dict[Claim, Requirement], item: Finding) -> Action:
    if isinstance(item.source, str):
        if item.kind is FindingKind.FIRED:
            return policy.rule(item.source, item.at.stage)
        return policy.rule_when(item.source, item.at.stage, cause_of(item.reason))
    requirement = demands.get(item.source)
    if requirement is None:
        return Action.ALLOW
    match item.kind:
        case FindingKind.UNAVAILABLE:
            return requirement.when(cause_of(item.reason))
        case FindingKind.NOT_CERTIFIED:
            return requirement.when(FailCause.NOT_CERTIFIED)
        case FindingKind.FIRED if item.certified:
            return requirement.action
        case FindingKind.FIRED:
            if not requirement.allow_measured:
                return requirement.when(FailCause.NOT_CERTIFIED)
            return min(requirement.action, Action.ESCALATE, key=lambda action: action.rank)


_STATES = {State.EXPIRED: FailCause.EXPIRED, State.SUSPENDED: FailCause.SUSPENDED}
_SIGNALS = {
    Signal.CANARY: FailCause.CANARY_DRIFT,
    Signal.DIGEST: FailCause.WRONG_MODEL,
    Signal.SERVING: FailCause.WRONG_MODEL,
}


def _expired(policy: Policy, findings: Findings, state: State, signals: frozenset[Signal]) -> list[Cause]:
    stages: list[Stage] = sorted({place.stage for place in findings.places})
    demands = [requirement for stage in stages for requirement in policy.at(stage)]
    match state:
        case State.VALID | State.EXPIRING:
            return []
        case State.EXPIRED | State.SUSPENDED:
            causes = [_STATES[state]]
        case State.VOID:
            causes = [_SIGNALS[signal] for signal in sorted(signals) if signal in _SIGNALS]
            # Nobody has said what to do about a signature or a revocation, or there is nobody to say it.
            if not demands or not causes or not signals <= set(_SIGNALS):
                return [Cause(CERTIFICATE, state, Action.BLOCK)]
    wanted = [Cause(one.claim, state, strictest(*(one.when(cause) for cause in causes))) for one in demands]
    return [cause for cause in wanted if cause.action is not Action.ALLOW]
