"""Making a policy stricter: for a tenant, for a route, for a client. Nothing here can make one weaker.

Each function takes a policy and returns one that asks, for every finding and every cause, for at least the same action.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NoReturn, TypeVar

from guard import digest
from guard.errors import PolicyError, RequestRefused
from guard.hazards import Stage
from guard.policy.actions import EXPIRED, UNAVAILABLE, Action, FailCause, strictest
from guard.policy.demanded import Policy, Requirement, RuleDetail
from guard.policy.written import Gate, GateMode, Overlay, RuleDemand, Tighter, Whole

_MODES = list(GateMode)
_ONLY = "an overlay can only be stricter than the base"
_Key = TypeVar("_Key", Stage, FailCause)


def overlaid(policy: Policy, overlay: Overlay, who: str, *, refuse: bool = True) -> Policy:
    """Return a policy with what holds for a tenant or a route beyond it.

    Args:
        policy: The base.
        overlay: As written; its rules are known.
        who: Names it, in the digest and in errors.
        refuse: Whether to refuse what is less strict than the base; if not, the stricter of both holds.

    Raises:
        PolicyError: It asks for less than the base somewhere, or for a claim that the base does not demand.
    """
    where = who if refuse else ""
    asked = {one.claim: one for one in overlay.requires}
    known = {str(requirement.claim) for requirement in policy.requires}
    if len(asked) != len(overlay.requires) or set(asked) - known:
        raise PolicyError(f"{who} demands a claim twice, or one that the base does not demand of a monitor")
    requires = tuple(_requirement(one, asked.get(str(one.claim)), where) for one in policy.requires)
    rules, details = dict(policy.rules), dict(policy.details)
    for name, demand in overlay.rules.items():
        rules[name], details[name] = _rule(policy, name, demand, where)
    limit = _limit(policy.whole.max_false_alarm, overlay.whole.max_false_alarm, where and f"{where}: whole")
    identity = digest.of_bytes(f"{policy.digest} {who}".encode())
    return replace(
        policy,
        digest=identity,
        requires=requires,
        rules=rules,
        details=details,
        gate=_gate(policy.gate, overlay.gate, where),
        whole=Whole(max_false_alarm=limit),
        tenants={},
        routes={},
    )


def _gate(base: Gate, asked: Gate | None, where: str) -> Gate:
    loosens = asked is not None and _MODES.index(asked.mode) < _MODES.index(base.mode)
    if loosens and where:
        raise PolicyError(f"{where} loosens the gate", _ONLY)
    return base if asked is None or loosens else asked


def _requirement(base: Requirement, asked: Tighter | None, who: str) -> Requirement:
    if asked is None:
        return base
    where = who and f"{who}: {base.claim}"
    new = replace(
        base,
        action=_action(base.action, asked.action, where),
        max_miss=_limit(base.max_miss, asked.max_miss, where),
        max_false_alarm=_limit(base.max_false_alarm, asked.max_false_alarm, where),
        max_false_alarm_near=_limit(base.max_false_alarm_near, asked.max_false_alarm_near, where),
        on_unavailable=_action(base.on_unavailable, asked.on_unavailable, where),
        on_not_certified=_action(base.on_not_certified, asked.on_not_certified, where),
        on_expired=_action(base.on_expired, asked.on_expired, where),
    )
    if new.allow_measured and new.action is Action.BLOCK:
        raise PolicyError(f"{base.claim} may act without a bound, but blocks for a tenant or route", "use ESCALATE at most")
    named = {cause: strictest(action, _of_kind(asked, cause)) for cause, action in base.on.items()}
    for cause, action in asked.on.items():
        named[cause] = _action(strictest(base.when(cause), _of_kind(asked, cause)), action, where)
    return replace(new, on=named)


def _of_kind(asked: Tighter, cause: FailCause) -> Action:
    """Return what an overlay says of all causes of a kind; ALLOW if nothing."""
    kinds = {**dict.fromkeys(UNAVAILABLE, asked.on_unavailable), **dict.fromkeys(EXPIRED, asked.on_expired)}
    kinds[FailCause.NOT_CERTIFIED] = asked.on_not_certified
    return kinds.get(cause) or Action.ALLOW


def _rule(policy: Policy, name: str, demand: Action | RuleDemand, who: str) -> tuple[Action, RuleDetail]:
    asked = demand if isinstance(demand, RuleDemand) else RuleDemand(action=demand)
    where = who and f"{who}: rule {name}"
    base, before = policy.details.get(name, RuleDetail()), policy.rules.get(name, Action.ALLOW)
    action = _action(before, asked.action, where)
    raised = action if action is not before else Action.ALLOW
    at = {
        stage: _action(policy.rule(name, stage), asked.at[stage], where)
        if stage in asked.at
        else strictest(base.at[stage], raised)
        for stage in sorted({*base.at, *asked.at})
    }
    on = {
        cause: _action(base.on.get(cause, Action.BLOCK) if name in policy.rules else Action.ALLOW, asked.on[cause], where)
        if cause in asked.on
        else base.on[cause]
        for cause in sorted({*base.on, *asked.on})
    }
    return action, RuleDetail(at, on)


def _action(base: Action, asked: Action | None, where: str) -> Action:
    if asked is not None and asked.rank < base.rank and where:
        raise PolicyError(f"{where} loosens {base} to {asked}", _ONLY)
    return base if asked is None else strictest(base, asked)


def _limit(base: float | None, asked: float | None, where: str) -> float | None:
    if asked is None or base is None:
        return base if asked is None else asked
    if asked > base and where:
        raise PolicyError(f"{where} loosens a limit from {base:g} to {asked:g}", _ONLY)
    return min(asked, base)


HEADER = "Auscult-Require"
"""Name of the request header by which a client makes the policy stricter for one request."""
LONGEST = 2_000
"""Characters of the header."""


def required(policy: Policy, header: str, rule_names: frozenset[str]) -> Policy:
    """Return a policy as a client wants it for one request: `self_harm@prompt=BLOCK, identifiers=BLOCK`.

    What a client demands holds when it is found and when that can't be known, and it ends a shadow.

    Raises:
        RequestRefused: The header is not of that form, names a claim that the policy does not demand or a rule that there is
            not, or asks for a block by a monitor that acts without a bound. The error quotes nothing.
    """
    wanted = _parse(header)
    if not wanted:
        return policy
    claims = {str(requirement.claim): requirement for requirement in policy.requires}
    if set(wanted) - set(claims) - rule_names:
        _refuse("names a claim that the policy does not demand, or an unknown rule", "unknown_requirement")
    if any(action is Action.BLOCK and name in claims and claims[name].allow_measured for name, action in wanted.items()):
        _refuse("asks for BLOCK where a monitor acts without a bound: ESCALATE is the most", "invalid_requirement")
    rules, details = dict(policy.rules), dict(policy.details)
    for name in sorted(set(wanted) & rule_names):
        rules[name] = strictest(wanted[name], rules.get(name, Action.ALLOW))
        details[name] = _raised(details.get(name, RuleDetail()), wanted[name])
    return replace(
        policy,
        requires=tuple(_strengthened(one, wanted.get(str(one.claim))) for one in policy.requires),
        rules=rules,
        details=details,
        shadow=frozenset(source for source in policy.shadow if str(source) not in wanted),
        required=", ".join(f"{name}={action}" for name, action in sorted(wanted.items())),
    )


def _parse(header: str) -> dict[str, Action]:
    wanted: dict[str, Action] = {}
    if len(header) > LONGEST:
        _refuse("is too long", "invalid_requirement")
    for part in filter(None, (part.strip() for part in header.split(","))):
        name, equals, word = (piece.strip() for piece in part.partition("="))
        if not equals or not name or word not in set(Action):
            _refuse("must look like self_harm@prompt=BLOCK, identifiers=BLOCK", "invalid_requirement")
        wanted[name] = strictest(Action(word), wanted.get(name, Action.ALLOW))
    return wanted


def _refuse(problem: str, code: str) -> NoReturn:
    raise RequestRefused(f"{HEADER} {problem}", code=code)


def _strengthened(base: Requirement, wanted: Action | None) -> Requirement:
    if wanted is None:
        return base
    return replace(
        base,
        action=strictest(base.action, wanted),
        on_unavailable=strictest(base.on_unavailable, wanted),
        on_not_certified=strictest(base.on_not_certified, wanted),
        on_expired=strictest(base.on_expired, wanted),
        on=_each(base.on, wanted),
    )


def _raised(base: RuleDetail, wanted: Action) -> RuleDetail:
    return RuleDetail(_each(base.at, wanted), _each(base.on, wanted))


def _each(actions: Mapping[_Key, Action], wanted: Action) -> dict[_Key, Action]:
    return {key: strictest(action, wanted) for key, action in actions.items()}
