"""A policy as it is written in a file, field by field; the JSON Schema for editors is made from this."""

from __future__ import annotations

import enum
from typing import Any, Literal

import msgspec

from guard.hazards import Population, Stage
from guard.policy.actions import Action, FailCause

MONITOR = "monitor"
"""In `by`: a monitor with a certificate, rather than a rule."""


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Demand(_File, frozen=True, kw_only=True):
    """One requirement as written."""

    claim: str
    """hazard@stage."""
    action: Action
    """What to do when it is found."""
    by: tuple[str, ...] = (MONITOR,)
    """What has to look: `monitor`, names of rules, or both."""
    max_miss: float | None = None
    """Largest allowed miss rate of the monitor; absent only with `allow_measured`."""
    max_false_alarm: float | None = None
    """Largest allowed rate of false alarms on ordinary traffic."""
    max_false_alarm_near: float | None = None
    """Largest allowed rate of false alarms on look-alikes."""
    population: Population = Population.LISTED
    """What `max_miss` is about."""
    on_unavailable: Action = Action.BLOCK
    """When there is no score, whatever the cause."""
    on_not_certified: Action = Action.BLOCK
    """When the conversation is outside every certified cell."""
    on_expired: Action = Action.BLOCK
    """When the certificate has run out or is suspended."""
    on: dict[FailCause, Action] = {}
    """By cause, where one differs from the three fields above."""
    allow_measured: bool = False
    """Whether an operating point without a bound may act, at most as ESCALATE."""


class RuleDemand(_File, frozen=True, kw_only=True):
    """A rule that is on, where one word does not say it all."""

    action: Action
    """What to do when it finds something."""
    at: dict[Stage, Action] = {}
    """By stage, where one differs."""
    on: dict[FailCause, Action] = {}
    """When it could not look, by cause; BLOCK where none is named."""


class Whole(_File, frozen=True, kw_only=True):
    """A limit on all monitors and rules together."""

    max_false_alarm: float | None = None
    """Largest allowed rate of ordinary conversations with any finding."""


class GateMode(enum.StrEnum):
    """How an answer streams."""

    TOKEN = "token"  # noqa: S105
    WINDOW = "window"
    BUFFER = "buffer"


class Gate(_File, frozen=True, kw_only=True):
    """How an answer streams."""

    mode: GateMode = GateMode.TOKEN
    """Token by token, by windows, or whole."""


class Fields(_File, frozen=True, kw_only=True):
    """Request fields that are let through although nothing judges them."""

    allow: tuple[str, ...] = ()
    """By name."""


class Content(enum.StrEnum):
    """What an audit record keeps of the text."""

    NONE = "none"
    KEYED_HASH = "keyed_hash"
    REDACTED = "redacted"
    ENCRYPTED = "encrypted"


class Audit(_File, frozen=True, kw_only=True):
    """What is recorded."""

    content: Content = Content.NONE
    """Of the text."""
    key: str = ""
    """With `encrypted`: the public key that it is sealed to, as `auscult guard audit key` prints it."""


class SystemPrompt(_File, frozen=True, kw_only=True):
    """The system prompt that the guard inserts."""

    file: str
    """Beside the policy file."""
    sha256: str
    """Digest of its bytes, so that nobody edits it unseen."""


class Tighter(_File, frozen=True, kw_only=True):
    """What a tenant or a route demands beyond the base, of a claim that the base demands."""

    claim: str
    """hazard@stage."""
    action: Action | None = None
    """At least the base's."""
    max_miss: float | None = None
    """At most the base's."""
    max_false_alarm: float | None = None
    """At most the base's."""
    max_false_alarm_near: float | None = None
    """At most the base's."""
    on_unavailable: Action | None = None
    """At least the base's."""
    on_not_certified: Action | None = None
    """At least the base's."""
    on_expired: Action | None = None
    """At least the base's."""
    on: dict[FailCause, Action] = {}
    """At least the base's."""


class Overlay(_File, frozen=True, kw_only=True):
    """What holds for one tenant or one route beyond the base; it can only be stricter."""

    requires: tuple[Tighter, ...] = ()
    """Of claims that the base demands."""
    rules: dict[str, Action | RuleDemand] = {}
    """Rules that are on, too, or do more."""
    whole: Whole = Whole()
    """A smaller limit on everything together."""
    gate: Gate | None = None
    """A gate that holds more back."""


class PolicyFile(_File, frozen=True, kw_only=True):
    """A policy as written."""

    name: str
    """For people and records."""
    requires: tuple[Demand, ...]
    """At least one."""
    demonstration: bool = False
    """Limits too wide for use."""
    system_prompt: SystemPrompt | None = None
    """Inserted by the guard; must be the certified one."""
    rules: dict[str, Action | RuleDemand] = {}
    """Action of each rule that is on."""
    whole: Whole = Whole()
    """Limit on everything together."""
    gate: Gate = Gate()
    """How an answer streams."""
    fields: Fields = Fields()
    """Fields let through."""
    audit: Audit = Audit()
    """What is recorded."""
    shadow: Literal["all"] | tuple[str, ...] = ()
    """Claims and rules that are looked at and recorded, but not acted upon; or all."""
    tenants: dict[str, Overlay] = {}
    """What holds beyond the base, by tenant of the API key."""
    routes: dict[str, Overlay] = {}
    """What holds beyond the base and the tenant, by path of the request, such as /v1/chat/completions."""


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a policy file, for editors; `policies/schema.json` is this."""
    made = msgspec.json.schema(PolicyFile)
    _describe(made["$defs"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Policy of an Auscult guard", **made}


def _describe(definitions: dict[str, Any]) -> None:
    """A field that may be a word or an object is told apart by its type only, which editors show as they are."""
    for definition in definitions.values():
        definition.pop("title", None)
