"""From a policy file to a checked `Policy`, or one line that says what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from guard import digest, files
from guard.errors import InputError, PolicyError
from guard.hazards import Claim, Taxonomy
from guard.policy import tighten
from guard.policy.actions import OF_RULES, Action, FailCause, strictest
from guard.policy.demanded import CERTIFICATE, Policy, Requirement, RuleDetail
from guard.policy.strict import strict_yaml
from guard.policy.written import MONITOR, Audit, Content, Demand, Overlay, PolicyFile, RuleDemand, SystemPrompt


def load(path: Path, taxonomy: Taxonomy, rule_names: frozenset[str]) -> Policy:
    """Read and check a policy file.

    Raises:
        InputError: The file or its system prompt can't be read.
        PolicyError: It is not valid: an empty demand list, an unknown claim, rule or field, a limit outside (0, 1), or a
            tenant or route that would be less strict than the base.
    """
    data = files.read(path)
    try:
        file = msgspec.convert(strict_yaml(data), PolicyFile)
        return _checked(file, data, _system_prompt(path, file.system_prompt), taxonomy, rule_names)
    except msgspec.ValidationError as error:
        raise PolicyError(f"{path}: {error}", "see docs/policy.md") from error
    except PolicyError as error:
        raise PolicyError(f"{path}: {error.problem}", error.remedy or "see docs/policy.md") from error


def _checked(file: PolicyFile, data: bytes, prompt: str | None, taxonomy: Taxonomy, rule_names: frozenset[str]) -> Policy:
    if not file.requires:
        raise PolicyError("it demands nothing", "list at least one claim under requires")
    claims = [demand.claim for demand in file.requires]
    if len(set(claims)) != len(claims):
        raise PolicyError("it demands a claim twice")
    overlays = [*file.tenants.values(), *file.routes.values()]
    _check_names([*file.rules, *_by_rules(file.requires), *(name for one in overlays for name in one.rules)], rule_names)
    for name, limit in (("whole", file.whole.max_false_alarm), *_overlay_limits(overlays)):
        _check_rate(name, limit)
    for demands in (file.rules, *(one.rules for one in overlays)):
        _check_causes(demands.values())
    _check_content(file.audit)
    requirements = tuple(requirement for demand in file.requires if (requirement := _requirement(demand, taxonomy)))
    rules, details = _rules(file, taxonomy)
    identity = digest.of_bytes(data + b"\0" + (prompt or "").encode())
    policy = Policy(
        file.name, identity, requirements, rules, file.whole, file.gate, file.fields, file.audit, prompt, file.demonstration,
        details,
    )  # fmt: skip
    return _with_overlays(replace(policy, shadow=_shadow(file, policy)), file)


def _check_content(audit: Audit) -> None:
    if (audit.content is Content.ENCRYPTED) != bool(audit.key):
        raise PolicyError("audit content is sealed to a key exactly where it is encrypted", "name the key under audit")
    if audit.key:
        from guard import sealing

        try:
            sealing.recipient(audit.key)
        except InputError as error:
            raise PolicyError(error.problem, error.remedy) from error


def _check_names(names: Iterable[str], known: frozenset[str]) -> None:
    unknown = sorted(set(names) - known)
    if unknown:
        raise PolicyError(f"it names an unknown rule {unknown[0][:40]!r}", f"known: {', '.join(sorted(known))}")


def _by_rules(demands: Iterable[Demand]) -> list[str]:
    return [name for demand in demands for name in demand.by if name != MONITOR]


def _overlay_limits(overlays: Iterable[Overlay]) -> Iterable[tuple[str, float | None]]:
    for overlay in overlays:
        yield "whole", overlay.whole.max_false_alarm
        for one in overlay.requires:
            yield from ((one.claim, limit) for limit in (one.max_miss, one.max_false_alarm, one.max_false_alarm_near))
            _check_least(one.claim[:80], one.on)


def _check_rate(name: str, limit: float | None) -> None:
    if limit is not None and not 0 < limit < 1:
        raise PolicyError(f"a limit of {name[:80]} is not between 0 and 1")


def _check_causes(demands: Iterable[Action | RuleDemand]) -> None:
    for demand in demands:
        if isinstance(demand, RuleDemand):
            _check_least("a rule", demand.on)
            if set(demand.on) - set(OF_RULES):
                raise PolicyError(f"a rule can fail by {', '.join(OF_RULES)} only")


def _check_least(name: str, on: Mapping[FailCause, Action]) -> None:
    for cause, action in on.items():
        if action.rank < cause.least.rank:
            raise PolicyError(f"{name} answers {cause} with {action}: {cause.meaning}", f"use {cause.least} at least")


def _claim(demand: Demand, taxonomy: Taxonomy) -> Claim:
    try:
        return taxonomy.claim(demand.claim)
    except InputError as error:
        raise PolicyError(error.problem, error.remedy) from error


def _requirement(demand: Demand, taxonomy: Taxonomy) -> Requirement | None:
    """Return what a demand asks of a monitor; None if only rules have to look."""
    claim = _claim(demand, taxonomy)
    limits = (demand.max_miss, demand.max_false_alarm, demand.max_false_alarm_near)
    _check_least(str(claim), demand.on)
    if not demand.by or len(set(demand.by)) != len(demand.by):
        raise PolicyError(f"{claim} names nobody to look, or one twice", "by: [monitor], names of rules, or both")
    if MONITOR not in demand.by:
        if any(limit is not None for limit in limits) or demand.allow_measured:
            raise PolicyError(f"{claim} has limits, but only rules look", "a rule has no error rate of its own: see whole")
        return None
    for limit in limits:
        _check_rate(demand.claim, limit)
    if None in limits and not demand.allow_measured:
        raise PolicyError(f"{claim} lacks a limit", "set max_miss, max_false_alarm and max_false_alarm_near, or allow_measured")
    if demand.allow_measured and demand.action is Action.BLOCK:
        raise PolicyError(f"{claim} may act without a bound, but blocks", "use ESCALATE at most")
    values = {name: getattr(demand, name) for name in Demand.__struct_fields__ if name not in ("claim", "by")}
    return Requirement(claim=claim, **values)


def _rules(file: PolicyFile, taxonomy: Taxonomy) -> tuple[dict[str, Action], dict[str, RuleDetail]]:
    """Join what is said of rules by name and by hazard; where both speak of a stage, the stricter holds."""
    actions: dict[str, Action] = {}
    details: dict[str, RuleDetail] = {}
    for name, demand in file.rules.items():
        actions[name] = demand.action if isinstance(demand, RuleDemand) else demand
        if isinstance(demand, RuleDemand):
            details[name] = RuleDetail(demand.at, demand.on)
    for wanted in file.requires:
        stage = _claim(wanted, taxonomy).stage
        for name in _by_rules((wanted,)):
            said = details.get(name, RuleDetail())
            here = strictest(wanted.action, said.at.get(stage, actions.get(name, Action.ALLOW)))
            details[name] = RuleDetail({**said.at, stage: here}, _fail_modes(wanted, said, first=name not in actions))
            actions.setdefault(name, Action.ALLOW)
    return actions, details


def _fail_modes(wanted: Demand, said: RuleDetail, *, first: bool) -> dict[FailCause, Action]:
    mine = {cause: wanted.on.get(cause, strictest(wanted.on_unavailable, cause.least)) for cause in OF_RULES}
    return mine if first else {cause: strictest(action, said.on.get(cause, Action.BLOCK)) for cause, action in mine.items()}


def _shadow(file: PolicyFile, policy: Policy) -> frozenset[Claim | str]:
    demanded: dict[str, Claim | str] = {str(one.claim): one.claim for one in policy.requires} | {
        name: name for name in policy.rules
    }
    if file.shadow == "all":
        return frozenset((*demanded.values(), CERTIFICATE))
    unknown = [name for name in file.shadow if name not in demanded]
    if unknown:
        raise PolicyError(f"shadow names {unknown[0][:40]!r}, which is no demand on a monitor and no rule that is on")
    return frozenset(demanded[name] for name in file.shadow)


def _with_overlays(base: Policy, file: PolicyFile) -> Policy:
    for route in file.routes:
        if not route.startswith("/"):
            raise PolicyError(f"the route {route[:40]!r} is not the path of a request", "write it like /v1/chat/completions")
    tenants = {name: tighten.overlaid(base, overlay, f"tenant {name}") for name, overlay in file.tenants.items()}
    routes: dict[tuple[str, str], Policy] = {}
    for route, overlay in file.routes.items():
        tighten.overlaid(base, overlay, f"route {route}")  # what is stricter than the base must say so by itself
        for name, policy in {"": base, **tenants}.items():
            routes[name, route] = tighten.overlaid(policy, overlay, f"route {route}", refuse=False)
    return replace(base, tenants=tenants, routes=routes)


def _system_prompt(path: Path, prompt: SystemPrompt | None) -> str | None:
    if prompt is None:
        return None
    data = files.read(path.parent / prompt.file)
    if digest.of_bytes(data) != "sha256:" + prompt.sha256.removeprefix("sha256:"):
        raise PolicyError(f"{prompt.file} is not the system prompt that the policy names", "check its sha256")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise PolicyError(f"{prompt.file} is not UTF-8") from error
