"""A dry run: what was recorded, decided again by another policy; and what a shadow would have done."""

from __future__ import annotations

from typing import Any

import pytest

from guard import audit
from guard.audit import AuditEvent, Bindings, Found, Phase, Scan, Status
from guard.digest import of_bytes
from guard.hazards import Claim, Population, Stage
from guard.policy import Action, Audit, Fields, Gate, Policy, Requirement, RuleDetail, Whole
from guard.replay import tally

MISUSE = Claim("clinical_misuse", Stage.PROMPT)
LEAK = Claim("clinical_misuse", Stage.RESPONSE)


def policy(action: Action = Action.BLOCK, rule: Action = Action.NOTICE, **fields: Any) -> Policy:
    """A policy with one demand on a monitor and one rule."""
    requirement = Requirement(
        claim=MISUSE, action=action, max_miss=0.1, max_false_alarm=0.1, max_false_alarm_near=0.1, population=Population.LISTED,
        on_unavailable=Action.ESCALATE, on_not_certified=Action.ESCALATE, on_expired=Action.BLOCK, allow_measured=False,
    )  # fmt: skip
    values = {"requires": (requirement,), "rules": {"identifiers": rule}} | fields
    return Policy(
        name="other", digest=of_bytes(b"other"), whole=Whole(), gate=Gate(), fields=Fields(), audit=Audit(), system_prompt=None,
        demonstration=False, **values,
    )  # fmt: skip


def event(request: str, *found: tuple[str, str], action: str = "ALLOW", role: str = "user", **fields: Any) -> AuditEvent:
    """An event about one judged message, as the guard writes it."""
    by = {"user": str(MISUSE), "assistant": str(LEAK)}[role]
    findings = tuple(Found(by=name, kind=kind, turn=0, certified=True) for name, kind in found)
    scans = tuple(Scan(by=name, status=Status.SCANNED) for name in (by, "rule:identifiers"))
    values = {"phase": Phase.JUDGED, "state": "VALID", "scans": scans, "findings": findings, "action": action}
    values |= {"turn": 0, "role": role} | fields
    made = AuditEvent(
        request=request, sequence=1, tenant="t", recorded="2026-01-01T00:00:00.000Z", agent="a", source="g",
        entity="m", bindings=Bindings(policy="sha256:0"), **values,
    )  # fmt: skip
    return audit.decode(audit.encode(made)[:-1] + b',"previous":"sha256:0"}')[0]


def test_requests_are_counted_by_their_strictest_event() -> None:
    """A request has many events; events about the certificate are no request."""
    events = [
        event("1"),
        event("1", action="BLOCK"),
        event("2", action="NOTICE"),
        event("2", phase=Phase.ENDED, action="BLOCK"),
    ]
    counted = tally(events)
    assert (counted.requests, dict(counted.done)) == (2, {Action.BLOCK: 1, Action.NOTICE: 1})


def test_a_shadow_is_counted_as_it_was_recorded() -> None:
    """What would have been done, never less than what was."""
    counted = tally(
        [event("1", shadow="BLOCK"), event("2", action="BLOCK", shadow=""), event("3", action="ESCALATE", shadow="NOTICE")]
    )
    assert dict(counted.shadow) == {Action.BLOCK: 2, Action.ESCALATE: 1}


@pytest.mark.parametrize(
    ("found", "fields", "would"),
    [
        ((), {}, Action.ALLOW),
        (((str(MISUSE), "fired"),), {}, Action.BLOCK),
        (((str(MISUSE), "unavailable"),), {}, Action.ESCALATE),
        (((str(MISUSE), "not_certified"),), {}, Action.ESCALATE),
        ((("rule:identifiers", "fired"),), {}, Action.NOTICE),
        ((), {"state": "EXPIRED"}, Action.BLOCK),
        ((("self_harm@prompt", "fired"),), {}, Action.ALLOW),
    ],
)
def test_another_policy_decides_what_was_found(found: tuple[tuple[str, str], ...], fields: Any, would: Action) -> None:
    """Fired, without a score, uncertified, a rule, an expired certificate, and what it does not demand."""
    counted = tally([event("1", *found, **fields)], policy())
    assert dict(counted.replayed) == {(Action.ALLOW, would): 1}
    assert counted.unknown == ()


def test_a_rule_acts_at_the_stage_of_the_message() -> None:
    """The assistant's words are the response."""
    own = policy(rule=Action.ALLOW, details={"identifiers": RuleDetail({Stage.RESPONSE: Action.BLOCK})})
    events = [event("1", ("rule:identifiers", "fired")), event("2", ("rule:identifiers", "fired"), role="assistant")]
    counted = tally(events, own)
    assert counted.replayed[Action.ALLOW, Action.BLOCK] == 1
    assert counted.replayed[Action.ALLOW, Action.ALLOW] == 1


def test_a_tenant_is_decided_by_its_own_policy() -> None:
    """As it would have been served."""
    own = policy(Action.NOTICE, tenants={"t": policy(Action.BLOCK)})
    counted = tally([event("1", (str(MISUSE), "fired"))], own)
    assert dict(counted.replayed) == {(Action.ALLOW, Action.BLOCK): 1}


def test_what_nobody_looked_at_is_named_not_guessed() -> None:
    """A rule that was off then has no findings; it counts neither as clear nor as missing."""
    own = policy(rules={"identifiers": Action.NOTICE, "doses": Action.BLOCK})
    counted = tally([event("1")], own)
    assert counted.unknown == ("rule doses",)
    assert dict(counted.replayed) == {(Action.ALLOW, Action.ALLOW): 1}
