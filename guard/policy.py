"""What a hospital demands: limits, actions and fail modes. Holds no threshold and knows nothing of certificates.

Comes in: strict YAML (no duplicate keys, no aliases, no tags). Goes out: `Policy`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import yaml

from guard import digest, files
from guard.digest import Digest
from guard.errors import InputError, PolicyError
from guard.hazards import Claim, Population, Stage, Taxonomy


class Action(enum.StrEnum):
    """What the guard does, from weakest to strongest."""

    ALLOW = "ALLOW"
    NOTICE = "NOTICE"
    ESCALATE = "ESCALATE"
    BLOCK = "BLOCK"

    @property
    def rank(self) -> int:
        """Strength: ALLOW 0 to BLOCK 3."""
        return _RANKS[self]


_RANKS = {action: rank for rank, action in enumerate(Action)}


def strictest(*actions: Action) -> Action:
    """Return the strongest of some actions; ALLOW of none."""
    return max(actions, key=lambda action: action.rank, default=Action.ALLOW)


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Demand(_File, frozen=True, kw_only=True):
    """One requirement as written."""

    claim: str
    """hazard@stage."""
    action: Action
    """What to do when its monitor fires."""
    max_miss: float | None = None
    """Largest allowed miss rate; absent only with `allow_measured`."""
    max_false_alarm: float | None = None
    """Largest allowed rate of false alarms on ordinary traffic."""
    max_false_alarm_near: float | None = None
    """Largest allowed rate of false alarms on look-alikes."""
    population: Population = Population.LISTED
    """What `max_miss` is about."""
    on_unavailable: Action = Action.BLOCK
    """When there is no score."""
    on_not_certified: Action = Action.BLOCK
    """When the conversation is outside every certified cell."""
    on_expired: Action = Action.BLOCK
    """When the certificate has run out."""
    allow_measured: bool = False
    """Whether an operating point without a bound may act, at most as ESCALATE."""


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


class Audit(_File, frozen=True, kw_only=True):
    """What is recorded."""

    content: Content = Content.NONE
    """Of the text."""


class SystemPrompt(_File, frozen=True, kw_only=True):
    """The system prompt that the guard inserts."""

    file: str
    """Beside the policy file."""
    sha256: str
    """Digest of its bytes, so that nobody edits it unseen."""


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
    rules: dict[str, Action] = {}
    """Action of each rule that is on."""
    whole: Whole = Whole()
    """Limit on everything together."""
    gate: Gate = Gate()
    """How an answer streams."""
    fields: Fields = Fields()
    """Fields let through."""
    audit: Audit = Audit()
    """What is recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One demand, with its claim read."""

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


@dataclass(frozen=True, slots=True)
class Policy:
    """A checked policy."""

    name: str
    """For people and records."""
    digest: Digest
    """Of the file's bytes and of the system prompt."""
    requires: tuple[Requirement, ...]
    """In the order of the file."""
    rules: dict[str, Action]
    """Action of each rule that is on."""
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

    def at(self, stage: Stage) -> tuple[Requirement, ...]:
        """Return what is demanded at a stage."""
        return tuple(requirement for requirement in self.requires if requirement.claim.stage is stage)

    def without(self, claims: frozenset[Claim]) -> Policy:
        """Return the policy with some demands dropped; its digest changes with it.

        Raises:
            PolicyError: Nothing would be left.
        """
        left = tuple(requirement for requirement in self.requires if requirement.claim not in claims)
        if not left:
            raise PolicyError("no demand is left in the policy")
        dropped = ",".join(sorted(map(str, claims)))
        return replace(self, digest=digest.of_bytes(f"{self.digest} without {dropped}".encode()), requires=left)

    def without_whole(self) -> Policy:
        """Return the policy without its limit on everything together; its digest changes with it."""
        return replace(self, digest=digest.of_bytes(f"{self.digest} without whole".encode()), whole=Whole())


def load(path: Path, taxonomy: Taxonomy, rule_names: frozenset[str]) -> Policy:
    """Read and check a policy file.

    Raises:
        InputError: The file or its system prompt can't be read.
        PolicyError: It is not valid: an empty demand list, an unknown claim, rule or field, a limit outside (0, 1).
    """
    data = files.read(path)
    try:
        file = msgspec.convert(strict_yaml(data), PolicyFile)
    except (msgspec.ValidationError, PolicyError) as error:
        raise PolicyError(f"{path}: {error}", "see docs/policy.md") from error
    if not file.requires:
        raise PolicyError(f"{path} demands nothing", "list at least one claim under requires")
    requirements = tuple(_requirement(path, demand, taxonomy) for demand in file.requires)
    claims = [requirement.claim for requirement in requirements]
    if len(set(claims)) != len(claims):
        raise PolicyError(f"{path} demands a claim twice")
    unknown = sorted(set(file.rules) - rule_names)
    if unknown:
        raise PolicyError(f"{path} names an unknown rule {unknown[0][:40]!r}", f"known: {', '.join(sorted(rule_names))}")
    _check_rate(path, "whole", file.whole.max_false_alarm)
    prompt = _system_prompt(path, file.system_prompt)
    identity = digest.of_bytes(data + b"\0" + (prompt or "").encode())
    return Policy(
        file.name, identity, requirements, file.rules, file.whole, file.gate, file.fields, file.audit, prompt,
        file.demonstration,
    )  # fmt: skip


def _requirement(path: Path, demand: Demand, taxonomy: Taxonomy) -> Requirement:
    try:
        claim = taxonomy.claim(demand.claim)
    except InputError as error:
        raise PolicyError(f"{path}: {error.problem}", error.remedy) from error
    limits = (demand.max_miss, demand.max_false_alarm, demand.max_false_alarm_near)
    for limit in limits:
        _check_rate(path, demand.claim, limit)
    if None in limits and not demand.allow_measured:
        raise PolicyError(
            f"{path}: {claim} lacks a limit", "set max_miss, max_false_alarm and max_false_alarm_near, or allow_measured"
        )
    if demand.allow_measured and demand.action is Action.BLOCK:
        raise PolicyError(f"{path}: {claim} may act without a bound, but blocks", "use ESCALATE at most")
    values = {name: getattr(demand, name) for name in Demand.__struct_fields__ if name != "claim"}
    return Requirement(claim=claim, **values)


def _check_rate(path: Path, name: str, limit: float | None) -> None:
    if limit is not None and not 0 < limit < 1:
        raise PolicyError(f"{path}: a limit of {name} is not between 0 and 1")


def _system_prompt(path: Path, prompt: SystemPrompt | None) -> str | None:
    if prompt is None:
        return None
    data = files.read(path.parent / prompt.file)
    if digest.of_bytes(data) != "sha256:" + prompt.sha256.removeprefix("sha256:"):
        raise PolicyError(f"{path}: {prompt.file} is not the system prompt that the policy names", "check its sha256")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise PolicyError(f"{path}: {prompt.file} is not UTF-8") from error


class _StrictLoader(yaml.SafeLoader):
    """YAML without what surprises people: duplicate keys, aliases, merge keys, tags."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None) is not None:
            raise yaml.constructor.ConstructorError(None, None, f"an alias or a tag{event.start_mark}", None)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if any(not isinstance(key, str) for key in keys) or len(set(keys)) != len(keys) or "<<" in keys:
            problem = "a duplicate key, a merge key, or a key that is not text"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return super().construct_mapping(node, deep)


def strict_yaml(data: bytes) -> Any:
    """Decode YAML.

    Raises:
        PolicyError: It is not YAML, or uses a duplicate key, an alias, a merge key or a tag.
    """
    try:
        return yaml.load(data, Loader=_StrictLoader)  # noqa: S506  (a SafeLoader with less in it)
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise PolicyError(f"not strict YAML: {error}") from error
