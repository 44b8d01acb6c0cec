"""A checked policy: what is demanded of monitors and rules, at which stage, and what happens for which cause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from guard import digest
from guard.digest import Digest
from guard.hazards import Claim, Population, Stage
from guard.policy.actions import EXPIRED, UNAVAILABLE, Action, FailCause, strictest
from guard.policy.written import Audit, Fields, Gate, Whole

CERTIFICATE = "certificate"
"""Source of a finding that is about the certificate as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One demand on a monitor, with its claim read."""

    claim: Claim
    action: Action
    max_miss: float | None
    max_false_alarm: float | None
    max_false_alarm_near: float | None
    population: Population
    on_unavailable: Action
    on_not_certified: Action
    on_expired: Action
    allow_measured: bool
    on: Mapping[FailCause, Action] = field(default_factory=dict)

    @property
    def worst(self) -> Action:
        """The strictest action that may follow while an answer is under way."""
        return strictest(self.action, self.on_unavailable, self.on_not_certified, self.on_expired, *self.on.values())

    def when(self, cause: FailCause) -> Action:
        """Return what happens for a cause: what is said of it, else of its kind, else BLOCK."""
        if cause in self.on:
            return self.on[cause]
        if cause in UNAVAILABLE:
            return strictest(self.on_unavailable, cause.least)
        if cause in EXPIRED:
            return self.on_expired
        return self.on_not_certified if cause is FailCause.NOT_CERTIFIED else Action.BLOCK


@dataclass(frozen=True, slots=True)
class RuleDetail:
    """What a policy says of a rule beyond its action."""

    at: Mapping[Stage, Action] = field(default_factory=dict)
    """By stage, where the action differs."""
    on: Mapping[FailCause, Action] = field(default_factory=dict)
    """When it could not look; BLOCK for a cause that is not named."""


_PLAIN = RuleDetail()


@dataclass(frozen=True, slots=True)
class Policy:
    """A checked policy."""

    name: str
    """For people and records."""
    digest: Digest
    """Of the file's bytes and of the system prompt."""
    requires: tuple[Requirement, ...]
    """What is demanded of monitors, in the order of the file."""
    rules: dict[str, Action]
    """Action of each rule that is on; ALLOW for one that only acts at some stages."""
    whole: Whole
    """Limit on everything together."""
    gate: Gate
    """How an answer streams."""
    fields: Fields
    """Fields let through."""
    audit: Audit
    """What is recorded."""
    system_prompt: str | None
    """Text that the guard inserts."""
    demonstration: bool
    """Limits too wide for use."""
    details: Mapping[str, RuleDetail] = field(default_factory=dict)
    """More about some rules."""
    shadow: frozenset[Claim | str] = frozenset()
    """Claims and rules that are looked at but not acted upon; with "certificate" among them, nothing is."""
    tenants: Mapping[str, Policy] = field(default_factory=dict)
    """The policy of each tenant that has one of its own: this one, tightened."""
    routes: Mapping[tuple[str, str], Policy] = field(default_factory=dict)
    """The policy of each tenant ("" for all others) at each route that has one of its own."""
    required: str = ""
    """What the client of this request demanded beyond the policy."""

    def at(self, stage: Stage) -> tuple[Requirement, ...]:
        """Return what is demanded of monitors at a stage."""
        return tuple([requirement for requirement in self.requires if requirement.claim.stage is stage])

    def rule(self, name: str, stage: Stage) -> Action:
        """Return what happens when a rule finds something at a stage; ALLOW if it is off."""
        base = self.rules.get(name, Action.ALLOW)
        return self.details.get(name, _PLAIN).at.get(stage, base)

    def rule_when(self, name: str, stage: Stage, cause: FailCause) -> Action:
        """Return what happens when a rule could not look: never better than BLOCK unless the policy says so."""
        if self.rule(name, stage) is Action.ALLOW:
            return Action.ALLOW
        return self.details.get(name, _PLAIN).on.get(cause, Action.BLOCK)

    def effective(self, tenant: str, route: str) -> Policy:
        """Return the policy that holds for a tenant at a route: base, then tenant, then route; never weaker than this one."""
        own = self.tenants.get(tenant, self)
        return self.routes.get((tenant if tenant in self.tenants else "", route), own)

    @property
    def variants(self) -> tuple[Policy, ...]:
        """This policy and all that it becomes for tenants and routes."""
        return (self, *self.tenants.values(), *self.routes.values())

    def without_limits(self, claims: frozenset[Claim]) -> Policy:
        """Return the policy with nothing demanded of the rates of some claims, which it still acts upon; another digest."""
        wide = tuple(
            replace(one, max_miss=None, max_false_alarm=None, max_false_alarm_near=None) if one.claim in claims else one
            for one in self.requires
        )
        dropped = ",".join(sorted(map(str, claims)))
        return replace(self, digest=digest.of_bytes(f"{self.digest} without limits of {dropped}".encode()), requires=wide)

    def without_whole(self) -> Policy:
        """Return the policy without its limit on everything together; its digest changes with it."""
        return replace(self, digest=digest.of_bytes(f"{self.digest} without whole".encode()), whole=Whole())
