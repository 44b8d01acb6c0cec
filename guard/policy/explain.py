"""A policy in words: what happens for each hazard, stage and cause, and what differs for tenants and routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from guard.hazards import Claim, Stage
from guard.policy.actions import OF_RULES, Action, FailCause
from guard.policy.demanded import CERTIFICATE, Policy, Requirement

_SEEN = {
    Action.ALLOW: "nothing happens",
    Action.NOTICE: "a fixed notice comes first, then the answer",
    Action.ESCALATE: "a hand-off message; what the model would have said stays here",
    Action.BLOCK: "a fixed refusal",
}
_READ = {
    Stage.PROMPT: "in what the user writes",
    Stage.CONTEXT: "in documents, tool results and system text that came with the request",
    Stage.RESPONSE: "in the answer, while it streams",
    Stage.ANSWER: "in the answer, at its end",
    Stage.TOOL_CALL: "in the tool calls that the model makes",
}


def lines(policy: Policy, titles: Callable[[Claim], str], about: Mapping[str, str]) -> list[str]:
    """Return a policy in words, line by line.

    Args:
        policy: Checked.
        titles: What a claim's hazard is called.
        about: What each rule finds.
    """
    said = [f"policy {policy.name}: {policy.digest}", *shadow(policy)]
    for one in policy.requires:
        said += ["", f"{one.claim}: {titles(one.claim)}, {_READ[one.claim.stage]}", *_demand(one)]
    for name in sorted(policy.rules):
        said += ["", f"rule {name}: {about.get(name, '')}", *_rule(policy, name)]
    said += ["", *_rest(policy), "", *(f"{cause}: {cause.meaning}" for cause in FailCause)]
    for tenant, own in policy.tenants.items():
        said += ["", f"for the tenant {tenant}:", *_differences(policy, own)]
    for (tenant, route), own in policy.routes.items():
        said += ["", f"for {f'the tenant {tenant}' if tenant else 'everybody'} at {route}:", *_differences(policy, own)]
    return said


def shadow(policy: Policy) -> list[str]:
    """Return the line that says what is only watched; none if nothing is."""
    if not policy.shadow:
        return []
    named = "everything" if CERTIFICATE in policy.shadow else ", ".join(sorted(map(str, policy.shadow)))
    return [f"SHADOW: {named} is looked at and recorded, but NOT acted upon"]


def _demand(one: Requirement) -> list[str]:
    said = [f"  {one.action} when it is found: {_SEEN[one.action]}"]
    if one.allow_measured:
        said.append("  by a threshold that was measured only, without a bound, it does at most ESCALATE")
    causes = [cause for cause in FailCause if cause is not FailCause.STORE_DOWN]
    said += _grouped({cause: one.when(cause) for cause in causes})
    shown = (("misses", one.max_miss), ("false alarms", one.max_false_alarm), ("on look-alikes", one.max_false_alarm_near))
    limits = [f"{name} <= {limit:g}" for name, limit in shown if limit is not None]
    if limits:
        said.append(f"  the certificate must show: {', '.join(limits)}; misses on {one.population} kinds")
    else:
        said.append("  the certificate need not show a bound: measured only")
    return said


def _rule(policy: Policy, name: str) -> list[str]:
    base = policy.rules[name]
    said = [f"  {base} when it finds something: {_SEEN[base]}"]
    for stage in Stage:
        action = policy.rule(name, stage)
        if action is not base:
            said.append(f"  {action} {_READ[stage]}: {_SEEN[action]}")
    acting = [stage for stage in Stage if policy.rule(name, stage) is not Action.ALLOW]
    return said + _grouped({cause: policy.rule_when(name, acting[0], cause) for cause in OF_RULES if acting})


def _grouped(actions: Mapping[FailCause, Action]) -> list[str]:
    said: list[str] = []
    for action in reversed(Action):
        causes = [str(cause) for cause, wanted in actions.items() if wanted is action]
        if causes:
            said.append(f"  {action} when that can't be known: {', '.join(causes)}")
    return said


def _rest(policy: Policy) -> list[str]:
    said = [f"gate: {policy.gate.mode}; audit content: {policy.audit.content}"]
    if policy.whole.max_false_alarm is not None:
        said.append(f"any finding of any monitor or rule: in <= {policy.whole.max_false_alarm:g} of ordinary conversations")
    if policy.fields.allow:
        said.append(f"taken and dropped, though nothing judges them: {', '.join(policy.fields.allow)}")
    return [*said, f"BLOCK for everything: {FailCause.STORE_DOWN}"]


def _differences(base: Policy, own: Policy) -> list[str]:
    """Return the lines of one that do not stand in the other, with the line that they belong to."""
    said = [f"  {own.digest}"]
    for before, after in zip(base.requires, own.requires, strict=True):
        if before != after:
            said += [f"  {after.claim}:", *("  " + line for line in _demand(after) if line not in _demand(before))]
    for name in sorted(own.rules):
        lines_ = _rule(own, name)
        old = _rule(base, name) if name in base.rules else []
        if lines_ != old:
            said += [f"  rule {name}:", *("  " + line for line in lines_ if line not in old)]
    return said + [f"  {line}" for line in _rest(own) if line not in _rest(base)]
