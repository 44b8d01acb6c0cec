"""A policy can only be made stricter: for a tenant, for a route, for a client; and what it says by cause is what happens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from guard import policy, resources
from guard.conversation import Judged
from guard.errors import PolicyError, RequestRefused
from guard.hazards import Claim, Stage, Taxonomy
from guard.policy import CERTIFICATE, Action, FailCause, GateMode, Policy, required, schema, strictest, tighten
from guard.policy.actions import OF_RULES
from guard.validity import Signal, State
from guard.verdict import Finding, FindingKind, Findings, decide

CLAIMS = ("clinical_misuse@prompt", "missed_emergency@prompt", "clinical_misuse@response")
RULES = ("identifiers", "doses")
NAMES = frozenset((*RULES, "names"))
TAXONOMY = Taxonomy.packaged()
ACTIONS = st.sampled_from(Action)
MODES = list(GateMode)


def load(folder: Path, value: Any) -> Policy:
    """Write a policy as JSON, which is YAML, and load it."""
    path = folder / "policy.yaml"
    path.write_text(json.dumps(value))
    return policy.load(path, TAXONOMY, NAMES)


def at_least(least: Action) -> st.SearchStrategy[str]:
    """An action that is no weaker than another."""
    return st.sampled_from([action.value for action in Action if action.rank >= least.rank])


def below(most: Action) -> st.SearchStrategy[Action]:
    """An action that is no stronger than another."""
    return st.sampled_from([action for action in Action if action.rank <= most.rank])


@st.composite
def demands(draw: st.DrawFn, claim: str) -> dict[str, Any]:
    """A demand as written."""
    causes = [cause for cause in FailCause if cause is not FailCause.STORE_DOWN]
    on = draw(st.dictionaries(st.sampled_from(causes), ACTIONS, max_size=3))
    return {
        "claim": claim, "action": draw(below(Action.ESCALATE)), "allow_measured": draw(st.booleans()),
        "max_miss": 0.1, "max_false_alarm": 0.1, "max_false_alarm_near": 0.2,
        "on_unavailable": draw(ACTIONS), "on_not_certified": draw(ACTIONS), "on_expired": draw(ACTIONS),
        "on": {cause: strictest(action, cause.least) for cause, action in on.items()},
    }  # fmt: skip


@st.composite
def rule_demands(draw: st.DrawFn) -> Any:
    """What a policy says of a rule."""
    action = draw(ACTIONS)
    if draw(st.booleans()):
        return action
    on = draw(st.dictionaries(st.sampled_from(OF_RULES), ACTIONS, max_size=2))
    return {"action": action, "at": draw(st.dictionaries(st.sampled_from(Stage), ACTIONS, max_size=2)), "on": on}


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    """A policy as written, without tenants."""
    claims = draw(st.lists(st.sampled_from(CLAIMS), unique=True, min_size=1))
    rules = {name: draw(rule_demands()) for name in draw(st.lists(st.sampled_from(RULES), unique=True))}
    return {
        "name": "p", "requires": [draw(demands(claim)) for claim in claims], "rules": rules,
        "gate": {"mode": draw(st.sampled_from(GateMode))}, "whole": {"max_false_alarm": 0.3},
        "shadow": draw(st.sampled_from(("all", [], [claims[0]]))),
    }  # fmt: skip


@st.composite
def overlays(draw: st.DrawFn, base: dict[str, Any], known: Policy) -> dict[str, Any]:
    """What a tenant may demand beyond a base, and is accepted."""
    requires = []
    for written in base["requires"]:
        one = next(r for r in known.requires if str(r.claim) == written["claim"])
        tighter: dict[str, Any] = {"claim": written["claim"]}
        for name in draw(st.lists(st.sampled_from(("on_unavailable", "on_not_certified", "on_expired")), unique=True)):
            tighter[name] = draw(at_least(getattr(one, name)))
        if draw(st.booleans()):
            tighter["action"] = draw(st.sampled_from([a for a in Action if one.action.rank <= a.rank < 3]))
        if draw(st.booleans()):
            tighter["max_miss"] = draw(st.sampled_from((0.05, 0.1)))
        if draw(st.booleans()):
            requires.append(tighter)
    rules = {}
    for name in draw(st.lists(st.sampled_from((*RULES, "names")), unique=True)):
        rules[name] = draw(at_least(known.rules.get(name, Action.ALLOW)))
    modes = MODES[MODES.index(known.gate.mode) :]
    gate = {"gate": {"mode": draw(st.sampled_from(modes))}} if draw(st.booleans()) else {}
    return {"requires": requires, "rules": rules, "whole": {"max_false_alarm": draw(st.sampled_from((0.1, 0.3)))}} | gate


PLACES = tuple(Judged(turn, stage) for turn, stage in enumerate(Stage))
REASONS = ("late", "not_finite", "missing", "error", "upstream_garbage", "scripted")


@st.composite
def findings(draw: st.DrawFn) -> Findings:
    """What may be found, by whom and why."""
    items = []
    for _ in range(draw(st.integers(0, 3))):
        source: Claim | str = draw(st.sampled_from([*map(Claim.parse, CLAIMS), *RULES, "names"]))
        rule_at = draw(st.sampled_from(PLACES))
        place = rule_at if isinstance(source, str) else next(one for one in PLACES if one.stage is source.stage)
        kinds = [FindingKind.FIRED, FindingKind.UNAVAILABLE] + [FindingKind.NOT_CERTIFIED] * isinstance(source, Claim)
        kind, certified = draw(st.sampled_from(kinds)), draw(st.booleans())
        items.append(Finding(source, place, kind, certified=certified, reason=draw(st.sampled_from(REASONS))))
    sources: list[Claim | str] = [*map(Claim.parse, CLAIMS), *RULES, "names"]
    seen = frozenset((source, place) for source in sources for place in PLACES)
    missing = draw(st.sets(st.sampled_from(sorted(seen, key=str)), max_size=2))
    return Findings(tuple(items), seen - missing, PLACES)


STATES = st.tuples(st.sampled_from(State), st.sets(st.sampled_from(Signal), max_size=2))


def weaker(stricter: Policy, base: Policy, found: Findings, state: State, signals: set[Signal]) -> bool:
    """Whether the policy that is meant to be stricter does less, about all that was found or about any one thing alone."""
    if decide(stricter, found, state, signals).action.rank < decide(base, found, state, signals).action.rank:
        return True
    return any(decide(stricter, one).action.rank < decide(base, one).action.rank for one in EACH)


def each() -> Iterator[Findings]:
    """Everything that one monitor or rule can find, nothing else amiss."""
    sources: list[Claim | str] = [*map(Claim.parse, CLAIMS), *RULES, "names"]
    seen = frozenset((source, place) for source in sources for place in PLACES)
    for source in sources:
        kinds = [(FindingKind.FIRED, True, "")] + [(FindingKind.UNAVAILABLE, True, reason) for reason in REASONS]
        if isinstance(source, Claim):
            kinds += [(FindingKind.NOT_CERTIFIED, False, "no_cell"), (FindingKind.FIRED, False, "")]
        for place in PLACES:
            if isinstance(source, str) or place.stage is source.stage:
                for kind, certified, reason in kinds:
                    item = Finding(source, place, kind, certified=certified, reason=reason)
                    yield Findings((item,), seen, (place,))


EACH = tuple(each())


@given(data=st.data(), found=findings(), state=STATES)
@settings(max_examples=60, deadline=None)
def test_base_then_tenant_then_route_only_tighten(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, found: Findings, state: tuple[State, set[Signal]]
) -> None:
    """For every policy, tenant, route, finding, cause and state of the certificate."""
    check_overlays(tmp_path_factory.getbasetemp(), data, found, state)


def check_overlays(folder: Path, data: st.DataObject, found: Findings, state: tuple[State, set[Signal]]) -> None:
    """Draw a base, a tenant and a route, and hold them against each other."""
    written = data.draw(policies())
    base = load(folder, written)
    written |= {"tenants": {"t": data.draw(overlays(written, base))}, "routes": {"/r": data.draw(overlays(written, base))}}
    whole = load(folder, written)
    plain, tenant, route = whole.effective("x", "/x"), whole.effective("t", "/x"), whole.effective("x", "/r")
    both = whole.effective("t", "/r")
    assert plain is whole
    for stricter, than in ((tenant, plain), (route, plain), (both, tenant), (both, route)):
        assert not weaker(stricter, than, found, *state)
        assert stricter.whole.max_false_alarm <= than.whole.max_false_alarm  # type: ignore[operator]
        assert MODES.index(stricter.gate.mode) >= MODES.index(than.gate.mode)
        assert set(than.rules) <= set(stricter.rules)
        for one, before in zip(stricter.requires, than.requires, strict=True):
            assert one.max_miss is not None
            assert before.max_miss is not None
            assert one.max_miss <= before.max_miss
    assert len({one.digest for one in whole.variants}) == len(whole.variants) == 4


@given(data=st.data(), found=findings(), state=STATES)
@settings(max_examples=60, deadline=None)
def test_a_client_only_tightens(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, found: Findings, state: tuple[State, set[Signal]]
) -> None:
    """Whatever it demands, nothing is done less, and what it named is done at least as it said."""
    check_client(tmp_path_factory.getbasetemp(), data, found, state, required)


Requires = Callable[[Policy, str, frozenset[str]], Policy]


def check_client(
    folder: Path, data: st.DataObject, found: Findings, state: tuple[State, set[Signal]], makes_stricter: Requires
) -> None:
    """Draw a base and what a client demands, and hold what comes of it against the base."""
    base = load(folder, data.draw(policies()))
    measured = {str(one.claim) for one in base.requires if one.allow_measured}
    names = st.sampled_from([*(str(one.claim) for one in base.requires), *sorted(NAMES)])
    wanted = data.draw(st.dictionaries(names, ACTIONS, max_size=3))
    wanted = {
        name: Action.ESCALATE if name in measured and action is Action.BLOCK else action for name, action in wanted.items()
    }
    stricter = makes_stricter(base, ", ".join(f"{name}={action}" for name, action in wanted.items()), NAMES)
    assert not weaker(stricter, base, found, *state)
    for name, action in wanted.items():
        source: Claim | str = name if name in NAMES else Claim.parse(name)
        stage = Stage.PROMPT if isinstance(source, str) else source.stage
        for kind in (FindingKind.FIRED, FindingKind.UNAVAILABLE):
            assert decide(stricter, alone(source, kind, "error", stage)).action.rank >= action.rank
    done = decide(stricter, found).action
    for item in found.items:
        demanded = wanted.get(str(item.source), Action.ALLOW)
        measured_only = item.kind is FindingKind.FIRED and not item.certified and isinstance(item.source, Claim)
        if not measured_only:
            assert done.rank >= demanded.rank


def as_it_says(base: Policy, header: str, names: frozenset[str]) -> Policy:
    """Take a client at its word about monitors, even where the policy was stricter."""
    new, wanted = required(base, header, names), dict(part.split("=") for part in header.split(", ") if part)
    return replace(
        new,
        requires=tuple(
            replace(one, action=Action(wanted[str(one.claim)])) if str(one.claim) in wanted else one for one in new.requires
        ),
    )


def with_rules_as_it_says(base: Policy, header: str, names: frozenset[str]) -> Policy:
    """Take a client at its word about rules."""
    new, wanted = required(base, header, names), dict(part.split("=") for part in header.split(", ") if part)
    rules = {name: Action(wanted.get(name, action)) for name, action in new.rules.items()}
    return replace(new, rules=rules, details={})


def with_open_failures(base: Policy, header: str, names: frozenset[str]) -> Policy:
    """Forget what happens when nobody could look."""
    new = required(base, header, names)
    return replace(
        new,
        requires=tuple(replace(one, on_unavailable=Action.ALLOW, on={}) for one in new.requires) if header else new.requires,
    )


def in_shadow(base: Policy, header: str, names: frozenset[str]) -> Policy:
    """Only watch what a client names."""
    new = required(base, header, names)
    named = {part.partition("=")[0] for part in header.split(", ")}
    demanded: list[Claim | str] = [*(one.claim for one in new.requires), *new.rules]
    return replace(new, shadow=new.shadow | {source for source in demanded if str(source) in named})


def without_the_rest(base: Policy, header: str, names: frozenset[str]) -> Policy:
    """Demand only what a client names."""
    new = required(base, header, names)
    return replace(new, requires=tuple(one for one in new.requires if str(one.claim) in header)) if header else new


def is_caught(prove: Callable[[st.DataObject, Findings, tuple[State, set[Signal]]], None]) -> None:
    """Run a property until an example contradicts it."""

    @given(data=st.data(), found=findings(), state=STATES)
    @settings(
        max_examples=500, deadline=None, database=None, derandomize=True, phases=[Phase.generate], report_multiple_bugs=False
    )
    def run(data: st.DataObject, found: Findings, state: tuple[State, set[Signal]]) -> None:
        prove(data, found, state)

    with pytest.raises(AssertionError):
        run()


@pytest.mark.parametrize("loosens", [as_it_says, with_rules_as_it_says, with_open_failures, in_shadow, without_the_rest])
def test_a_demand_that_loosens_is_caught_by_the_same_property(tmp_path: Path, loosens: Requires) -> None:
    """Each way in which a client could get less than the policy contradicts it."""
    is_caught(lambda data, found, state: check_client(tmp_path, data, found, state, loosens))


def test_the_property_catches_the_weakest_in_place_of_the_strictest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One wrong word in the code itself."""

    def weakest(*actions: Action) -> Action:
        return min(actions, key=lambda action: action.rank, default=Action.ALLOW)

    monkeypatch.setattr(tighten, "strictest", weakest)
    is_caught(lambda data, found, state: check_client(tmp_path, data, found, state, required))


def test_the_property_catches_a_tenant_that_replaces_the_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules of a route alone, without those of the base."""
    whole = tighten.overlaid

    def replaced(policy_: Policy, overlay: Any, who: str, *, refuse: bool = True) -> Policy:
        new = whole(policy_, overlay, who, refuse=refuse)
        return replace(new, rules={name: action for name, action in new.rules.items() if name in overlay.rules})

    monkeypatch.setattr(tighten, "overlaid", replaced)
    is_caught(lambda data, found, state: check_overlays(tmp_path, data, found, state))


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("secret=BLOCK", "unknown_requirement"), ("self_harm@prompt=BLOCK", "unknown_requirement"),
        ("identifiers", "invalid_requirement"), ("identifiers=block", "invalid_requirement"), ("=BLOCK", "invalid_requirement"),
        ("identifiers=SECRET", "invalid_requirement"), ("identifiers=BLOCK;doses=BLOCK", "invalid_requirement"),
        ("identifiers==BLOCK", "invalid_requirement"), ("identifiers=BLOCK," * 200, "invalid_requirement"),
        ("clinical_misuse@response=BLOCK", "invalid_requirement"),
    ],
)  # fmt: skip
def test_a_demand_that_can_t_be_met_is_refused(tmp_path: Path, header: str, code: str) -> None:
    """Unknown names and other forms are errors of the client, and are not quoted."""
    base = load(tmp_path, BASE)
    with pytest.raises(RequestRefused) as caught:
        required(base, header, NAMES)
    assert (caught.value.code, caught.value.status) == (code, 400)
    assert "secret" not in str(caught.value).lower()


def test_no_demand_is_the_policy_itself(tmp_path: Path) -> None:
    """An empty header changes nothing; spaces and an empty part don't matter; of two demands the stricter holds."""
    base = load(tmp_path, BASE)
    assert required(base, "", NAMES) is base
    assert required(base, " , ", NAMES) is base
    stricter = required(base, "names = NOTICE,, names=BLOCK ,identifiers=NOTICE", NAMES)
    assert stricter.rules == {"identifiers": Action.NOTICE, "names": Action.BLOCK}
    assert stricter.required == "identifiers=NOTICE, names=BLOCK"
    assert stricter.digest == base.digest


DEMAND = {
    "claim": "clinical_misuse@prompt", "action": "ESCALATE", "max_miss": 0.1, "max_false_alarm": 0.1,
    "max_false_alarm_near": 0.1, "on_unavailable": "ESCALATE", "on": {"timeout": "NOTICE"},
}  # fmt: skip
MEASURED = {"claim": "clinical_misuse@response", "action": "ESCALATE", "allow_measured": True}
BASE: dict[str, Any] = {"name": "base", "requires": [DEMAND, MEASURED], "rules": {"identifiers": "NOTICE"}}


@pytest.mark.parametrize(
    "overlay",
    [
        {"requires": [{"claim": "clinical_misuse@prompt", "action": "NOTICE"}]},
        {"requires": [{"claim": "clinical_misuse@prompt", "on_unavailable": "NOTICE"}]},
        {"requires": [{"claim": "clinical_misuse@prompt", "on_expired": "NOTICE"}]},
        {"requires": [{"claim": "clinical_misuse@prompt", "on": {"timeout": "ALLOW"}}]},
        {"requires": [{"claim": "clinical_misuse@prompt", "on": {"nan": "NOTICE"}}]},
        {"requires": [{"claim": "clinical_misuse@prompt", "on": {"canary_drift": "ESCALATE"}}]},
        {"requires": [{"claim": "clinical_misuse@prompt", "max_miss": 0.2}]},
        {"rules": {"identifiers": "ALLOW"}},
        {"rules": {"identifiers": {"action": "NOTICE", "at": {"prompt": "ALLOW"}}}},
        {"rules": {"identifiers": {"action": "NOTICE", "on": {"error": "NOTICE"}}}},
        {"gate": {"mode": "token"}},
        {"whole": {"max_false_alarm": 0.3}},
    ],
)
@pytest.mark.parametrize("kind", ["tenants", "routes"])
def test_what_loosens_is_refused(tmp_path: Path, kind: str, overlay: dict[str, Any]) -> None:
    """Each way in which a tenant or a route could be weaker than the base is one line that names it."""
    name = {"tenants": "ward", "routes": "/v1/x"}[kind]
    base = BASE | {"gate": {"mode": "window"}, "whole": {"max_false_alarm": 0.2}, kind: {name: overlay}}
    with pytest.raises(PolicyError, match="loosens") as caught:
        load(tmp_path, base)
    assert name in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tenants": {"t": {"requires": [{"claim": "self_harm@prompt"}]}}}, "does not demand"),
        ({"tenants": {"t": {"requires": [{"claim": "clinical_misuse@prompt"}] * 2}}}, "a claim twice"),
        ({"tenants": {"t": {"rules": {"nonsense": "BLOCK"}}}}, "unknown rule"),
        ({"tenants": {"t": {"fields": {"allow": ["seed"]}}}}, "unknown field"),
        ({"tenants": {"t": {"shadow": "all"}}}, "unknown field"),
        ({"tenants": {"t": {"requires": [{"claim": "clinical_misuse@response", "action": "BLOCK"}]}}}, "without a bound"),
        ({"tenants": {"t": {"whole": {"max_false_alarm": 2}}}}, "not between 0 and 1"),
        ({"routes": {"v1": {}}}, "not the path"),
        ({"shadow": ["self_harm@prompt"]}, "shadow names"),
        ({"shadow": "some"}, "Invalid enum value"),
        (
            {"rules": {"identifiers": {"action": "NOTICE", "on": {"nan": "BLOCK"}}}},
            "a rule can fail by error, timeout, missing",
        ),
        ({"requires": [DEMAND | {"on": {"store_down": "NOTICE"}}]}, "use BLOCK at least"),
        ({"requires": [DEMAND | {"on": {"upstream": "ALLOW"}}]}, "use ESCALATE at least"),
        ({"requires": [DEMAND | {"on": {"wrong_model": "NOTICE"}}]}, "use ESCALATE at least"),
        ({"requires": [DEMAND | {"on": {"canary_drift": "ALLOW"}}]}, "use ESCALATE at least"),
        ({"requires": [DEMAND | {"on": {"weather": "BLOCK"}}]}, "weather"),
        ({"requires": [DEMAND | {"by": []}]}, "nobody to look"),
        ({"requires": [DEMAND | {"by": ["monitor", "monitor"]}]}, "one twice"),
        ({"requires": [DEMAND | {"by": ["nonsense"]}]}, "unknown rule"),
        ({"requires": [DEMAND | {"by": ["doses"]}]}, "only rules look"),
    ],
)
def test_every_mistake_is_named(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    """In overlays, shadows, causes and in who has to look."""
    with pytest.raises(PolicyError, match=reason) as caught:
        load(tmp_path, BASE | changes)
    assert "policy.yaml" in str(caught.value)


def found(source: Claim | str, kind: FindingKind, reason: str = "", stage: Stage = Stage.PROMPT) -> Findings:
    """One finding, and everything looked at."""
    at = Judged(0, stage)
    sources: list[Claim | str] = [*map(Claim.parse, CLAIMS), *sorted(NAMES)]
    return Findings((Finding(source, at, kind, reason=reason),), frozenset((one, at) for one in sources), (at,))


alone = found
MISUSE = Claim("clinical_misuse", Stage.PROMPT)


@pytest.mark.parametrize(
    ("cause", "reason"),
    [("timeout", "late"), ("nan", "not_finite"), ("error", "error"), ("error", "empty"), ("upstream", "upstream_garbage"),
     ("missing", "missing")],
)  # fmt: skip
def test_each_cause_has_its_own_action(tmp_path: Path, cause: str, reason: str) -> None:
    """What is set for one cause happens for it alone; all others are closed."""
    own = load(tmp_path, BASE | {"requires": [DEMAND | {"on_unavailable": "BLOCK", "on": {cause: "ESCALATE"}}]})
    assert decide(own, found(MISUSE, FindingKind.UNAVAILABLE, reason)).action is Action.ESCALATE
    for other in ("late", "not_finite", "error", "missing", "upstream_x"):
        action = decide(own, found(MISUSE, FindingKind.UNAVAILABLE, other)).action
        assert (action is Action.ESCALATE) == (
            other == reason or (cause, other) in (("error", "error"), ("upstream", "upstream_x"))
        )


@pytest.mark.parametrize(
    ("on", "state", "signals", "action"),
    [
        ({}, State.VOID, {Signal.CANARY}, Action.BLOCK),
        ({"canary_drift": "ESCALATE"}, State.VOID, {Signal.CANARY}, Action.ESCALATE),
        ({"canary_drift": "ESCALATE"}, State.VOID, {Signal.CANARY, Signal.DIGEST}, Action.BLOCK),
        ({"canary_drift": "ESCALATE"}, State.VOID, {Signal.CANARY, Signal.REVOKED}, Action.BLOCK),
        ({"canary_drift": "ESCALATE"}, State.VOID, set(), Action.BLOCK),
        ({"wrong_model": "ESCALATE"}, State.VOID, {Signal.SERVING}, Action.ESCALATE),
        ({"wrong_model": "ESCALATE"}, State.VOID, {Signal.DIGEST}, Action.ESCALATE),
        ({}, State.EXPIRED, set(), Action.BLOCK),
        ({"expired": "NOTICE"}, State.EXPIRED, set(), Action.NOTICE),
        ({"expired": "NOTICE"}, State.SUSPENDED, {Signal.DRIFT}, Action.BLOCK),
        ({"suspended": "ESCALATE"}, State.SUSPENDED, {Signal.DRIFT}, Action.ESCALATE),
        ({}, State.EXPIRING, set(), Action.ALLOW),
    ],
)
def test_a_certificate_that_is_not_valid_acts_by_its_cause(
    tmp_path: Path, on: dict[str, str], state: State, signals: set[Signal], action: Action
) -> None:
    """Drift and a wrong model may be handed over instead of refused, where the policy says so; all else is closed."""
    own = load(tmp_path, BASE | {"requires": [DEMAND | {"on": on}]})
    nothing = Findings((), found(MISUSE, FindingKind.FIRED).seen, (Judged(0, Stage.PROMPT),))
    assert decide(own, nothing, state, signals).action is action


def test_a_hazard_may_demand_a_monitor_a_rule_or_both(tmp_path: Path) -> None:
    """A rule acts for a hazard at its stage only; a demand on rules alone asks nothing of a certificate."""
    by_rule = {"claim": "medication_error@response", "action": "BLOCK", "by": ["doses"], "on_unavailable": "ESCALATE"}
    both = DEMAND | {"by": ["monitor", "identifiers"]}
    own = load(tmp_path, {"name": "p", "requires": [both, by_rule]})
    assert [str(one.claim) for one in own.requires] == ["clinical_misuse@prompt"]
    assert own.rules == {"identifiers": Action.ALLOW, "doses": Action.ALLOW}
    for source, stage, kind, action in (
        ("doses", Stage.RESPONSE, FindingKind.FIRED, Action.BLOCK),
        ("doses", Stage.PROMPT, FindingKind.FIRED, Action.ALLOW),
        ("doses", Stage.RESPONSE, FindingKind.UNAVAILABLE, Action.ESCALATE),
        ("identifiers", Stage.PROMPT, FindingKind.FIRED, Action.ESCALATE),
        ("identifiers", Stage.RESPONSE, FindingKind.FIRED, Action.ALLOW),
        (MISUSE, Stage.PROMPT, FindingKind.FIRED, Action.ESCALATE),
    ):
        assert decide(own, found(source, kind, "error", stage)).action is action  # type: ignore[arg-type]


def test_a_rule_that_is_named_twice_does_the_stricter(tmp_path: Path) -> None:
    """By itself a notice, for a hazard at its stage a block; and closed when it can't look."""
    by_rule = {"claim": "medication_error@response", "action": "BLOCK", "by": ["doses"], "on_unavailable": "NOTICE"}
    own = load(tmp_path, {"name": "p", "requires": [by_rule], "rules": {"doses": "NOTICE"}})
    assert (own.rule("doses", Stage.RESPONSE), own.rule("doses", Stage.PROMPT)) == (Action.BLOCK, Action.NOTICE)
    assert own.rule_when("doses", Stage.RESPONSE, FailCause.ERROR) is Action.BLOCK


@pytest.mark.parametrize(
    ("shadow", "acts"), [([], True), (["clinical_misuse@prompt"], False), (["identifiers"], True), ("all", False)]
)
def test_a_shadow_does_not_act_but_says_what_it_would_have_done(tmp_path: Path, shadow: Any, acts: bool) -> None:
    """Of what is named, or of everything, the certificate's end among it."""
    own = load(tmp_path, BASE | {"shadow": shadow})
    verdict = decide(own, found(MISUSE, FindingKind.FIRED))
    assert (verdict.action, verdict.shadow) == ((Action.ESCALATE, Action.ALLOW) if acts else (Action.ALLOW, Action.ESCALATE))
    void = decide(own, found(MISUSE, FindingKind.FIRED), State.VOID)
    assert (void.action is Action.BLOCK) == (CERTIFICATE not in own.shadow)


def test_the_schema_for_editors_is_that_of_the_code() -> None:
    """`policies/schema.json` is generated; to make it again: python -m guard.policy.schema_file."""
    written = resources.path("policies/schema.json").read_bytes()
    assert written == msgspec.json.format(msgspec.json.encode(schema(), order="sorted"), indent=1) + b"\n"


def test_the_schema_takes_what_the_code_takes(tmp_path: Path) -> None:
    """The packaged policies pass it; an unknown field and a wrong word do not."""
    jsonschema = pytest.importorskip("jsonschema")
    check = jsonschema.Draft202012Validator(schema())
    for name in ("clinical", "demonstration", "demonstration_real"):
        check.validate(policy.strict_yaml(resources.path(f"policies/{name}.yaml").read_bytes()))
    check.validate(
        BASE | {"shadow": "all", "tenants": {"t": {"rules": {"doses": {"action": "BLOCK", "on": {"error": "BLOCK"}}}}}}
    )
    for wrong in (BASE | {"colour": 1}, BASE | {"rules": {"doses": "SHOUT"}}, {"name": "x"}, BASE | {"shadow": "some"}):
        assert not check.is_valid(wrong)
        with pytest.raises(PolicyError):
            load(tmp_path, wrong)
