"""What another policy would have done: recorded findings, decided again; and what a shadow would have done. Pure.

Comes in: audit events. Goes out: counts of requests by action. Only what was looked at then can be told: a rule or a
monitor that was not running has no finding to decide on, and is named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from guard.audit import AuditEvent, Phase, Status
from guard.conversation import Judged
from guard.hazards import Claim, Stage
from guard.policy import Action, Policy, strictest
from guard.validity import State
from guard.verdict import Finding, FindingKind, Findings, decide

_STAGES = {"user": Stage.PROMPT, "tool": Stage.CONTEXT, "assistant": Stage.RESPONSE}


@dataclass(frozen=True, slots=True)
class Tally:
    """Requests by what was done, and by what would have been."""

    requests: int = 0
    """With at least one judged message."""
    done: Counter[Action] = field(default_factory=Counter)
    """By the strictest action that was taken."""
    shadow: Counter[Action] = field(default_factory=Counter)
    """By the strictest action had nothing been in shadow; as recorded then."""
    replayed: Counter[tuple[Action, Action]] = field(default_factory=Counter)
    """By what was done, and what the other policy would have done."""
    unknown: tuple[str, ...] = ()
    """Demands and rules of the other policy that were not looked at then."""


def tally(events: Iterable[AuditEvent], policy: Policy | None = None) -> Tally:
    """Count requests.

    Args:
        events: Of a store, in any order.
        policy: Decides again, if given.
    """
    judged: dict[str, list[AuditEvent]] = {}
    for event in events:
        if event.phase is Phase.JUDGED:
            judged.setdefault(event.request, []).append(event)
    looked = {
        scan.by for each in judged.values() for event in each for scan in event.scans if _looked(scan.status, scan.reason)
    }
    known, unknown = _told(policy, looked) if policy else (None, ())
    counted = Tally(len(judged), unknown=unknown)
    for each in judged.values():
        done = strictest(*(Action(event.action) for event in each))
        counted.done[done] += 1
        counted.shadow[strictest(done, *(Action(event.shadow) for event in each if event.shadow))] += 1
        if known is not None:
            counted.replayed[done, strictest(*(_again(event, known) for event in each))] += 1
    return counted


def _looked(status: Status, reason: str) -> bool:
    return status is not Status.NOT_RUN and reason != "missing"


def _told(policy: Policy, looked: set[str]) -> tuple[Policy, tuple[str, ...]]:
    """Leave out of a policy what nobody looked at."""
    claims = [one for one in policy.requires if str(one.claim) in looked]
    rules = {name: action for name, action in policy.rules.items() if f"rule:{name}" in looked}
    unknown = {str(one.claim) for one in policy.requires} - looked | {f"rule {name}" for name in set(policy.rules) - set(rules)}
    return replace(policy, requires=tuple(claims), rules=rules), tuple(sorted(unknown))


def _again(event: AuditEvent, policy: Policy) -> Action:
    own = policy.effective(event.tenant, "")
    claims = {known.claim for known in policy.requires}
    requires = tuple(one for one in own.requires if one.claim in claims)
    told = replace(own, requires=requires, rules={name: own.rules[name] for name in own.rules if name in policy.rules})
    state = State.VALID if event.state == "none" else State(event.state)
    return decide(told, _findings(event), state).action


def _findings(event: AuditEvent) -> Findings:
    home = Judged(event.turn, _STAGES.get(event.role, Stage.CONTEXT))
    items = tuple(
        Finding(source, _place(source, home), FindingKind(one.kind), certified=one.certified, reason=one.reason)
        for one in event.findings
        for source in (_source(one.by),)
    )
    sources = [_source(scan.by) for scan in event.scans if _looked(scan.status, scan.reason)]
    places = tuple(dict.fromkeys((home, *(_place(source, home) for source in sources))))
    seen = {(source, _place(source, home)) for source in sources}
    # A rule reads a message once, for all of its stages.
    seen |= {(source, place) for source in sources if isinstance(source, str) for place in places}
    return Findings(items, frozenset(seen), places)


def _source(by: str) -> Claim | str:
    return by.removeprefix("rule:") if by.startswith("rule:") else Claim.parse(by)


def _place(source: Claim | str, home: Judged) -> Judged:
    return home if isinstance(source, str) else Judged(home.turn, source.stage)
