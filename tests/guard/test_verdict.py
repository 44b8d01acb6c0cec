"""The three pure functions where demand and evidence meet: fired, decide, check."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.cell import OTHER, Located
from guard.certificate import CellResult, Certificate
from guard.conversation import Judged
from guard.digest import of_bytes
from guard.errors import CheckFailed
from guard.hazards import Claim, Population, Stage
from guard.points import OperatingPoint, Threshold, Thresholds
from guard.policy import Action, Audit, Fields, Gate, GateMode, Policy, Requirement, Whole
from guard.scores import Judgement, ProbeScore, RuleClear, RuleHit, RuleUnavailable, Score, ScoreUnavailable
from guard.validity import State
from guard.verdict import Cause, Finding, FindingKind, Findings, check, decide, fired, shifted, threshold_at

EMERGENCY = Claim("missed_emergency", Stage.PROMPT)
INJECTION = Claim("prompt_injection", Stage.CONTEXT)
MISUSE = Claim("clinical_misuse", Stage.PROMPT)
PLACE = Judged(0, Stage.PROMPT)
CONTEXT = Judged(1, Stage.CONTEXT)
ENGLISH = Located(("en",), "upto1000", 20)
POINTS: Thresholds = {
    (EMERGENCY, "en", "upto1000"): Threshold(EMERGENCY, 1.5, True),
    (EMERGENCY, "da", "upto1000"): Threshold(EMERGENCY, 0.5, True),
    (EMERGENCY, "de", "upto1000"): Threshold(EMERGENCY, -1.0, False),
    (INJECTION, "en", "upto1000"): Threshold(INJECTION, 0.0, True),
    (MISUSE, "en", "upto1000"): Threshold(MISUSE, 2.0, False),
}


def judged(*scores: Score, at: Judged = PLACE, cell: Located = ENGLISH) -> Judgement:
    """A judgement at one place."""
    return Judgement(at, cell, scores)


def one(*scores: Score, **where: Any) -> Finding | None:
    """The finding of one judgement, or None."""
    items = fired(POINTS, [judged(*scores, **where)]).items
    assert len(items) <= 1
    return items[0] if items else None


# fired


@pytest.mark.parametrize(
    ("value", "fires"),
    [(1.5, True), (math.nextafter(1.5, 0), False), (math.nextafter(1.5, 9), True), (-9.0, False), (9.0, True)],
)
def test_a_monitor_fires_at_or_above_its_threshold(value: float, fires: bool) -> None:
    """A score equal to the threshold fires; one step below it does not."""
    found = one(ProbeScore(EMERGENCY, value))
    expected = Finding(EMERGENCY, PLACE, FindingKind.FIRED, value, 1.5, True)
    assert found == (expected if fires else None)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_is_unavailable(value: float) -> None:
    """NaN compares with nothing: it must not pass for a low score."""
    found = one(ProbeScore(EMERGENCY, value))
    assert found is not None
    assert (found.kind, found.reason, found.value) == (FindingKind.UNAVAILABLE, "not_finite", None)


def test_a_threshold_that_is_no_number_always_fires() -> None:
    """Were a NaN to get this far, it would shut the guard, not open it."""
    points = {(EMERGENCY, "en", "upto1000"): Threshold(EMERGENCY, math.nan, True)}
    assert fired(points, [judged(ProbeScore(EMERGENCY, -99.0))]).hits(EMERGENCY)


def test_a_missing_score_is_a_finding() -> None:
    """Its reason is kept, for the record."""
    assert one(ScoreUnavailable(EMERGENCY, "late")) == Finding(EMERGENCY, PLACE, FindingKind.UNAVAILABLE, reason="late")


@pytest.mark.parametrize(
    "cell",
    [
        Located((OTHER,), "upto1000", 9), Located(("en",), "", 9000), Located(("es",), "upto1000", 9),
        Located(("en",), "upto8000", 2000),
    ],
)  # fmt: skip
def test_outside_every_tested_cell_nothing_is_certified(cell: Located) -> None:
    """Another language, a longer text, a language or length that was not tested; however low the score."""
    found = one(ProbeScore(EMERGENCY, -9.0), cell=cell)
    assert found is not None
    assert (found.kind, found.reason) == (FindingKind.NOT_CERTIFIED, "no_cell")


def test_a_document_without_a_request_is_not_certified() -> None:
    """No test has had any: the policy's `on_not_certified` applies, in a tested cell, too."""
    located = replace(ENGLISH, asked=False)
    found = one(ProbeScore(INJECTION, 9.0), at=CONTEXT, cell=located)
    assert found is not None
    assert (found.kind, found.reason) == (FindingKind.NOT_CERTIFIED, "no_request")
    assert threshold_at(POINTS, INJECTION, located) is None
    assert threshold_at(POINTS, INJECTION, ENGLISH) is not None


def test_an_other_cell_is_never_certified() -> None:
    """Not even if a certificate named one."""
    points = POINTS | {(EMERGENCY, OTHER, "upto1000"): Threshold(EMERGENCY, 9.0, True)}
    found = fired(points, [judged(ProbeScore(EMERGENCY, -9.0), cell=Located((OTHER,), "upto1000", 9))])
    assert found.items[0].kind is FindingKind.NOT_CERTIFIED


@pytest.mark.parametrize(
    ("languages", "value", "threshold"),
    [
        (("en", "da"), 0.5, 0.5), (("da", "en"), 0.5, 0.5), (("en",), 0.5, None), (("en", "es"), 1.4, None),
        (("en", "es"), 1.5, 1.5), (("en", "da"), 0.4, None), (("en", "da"), 2.0, 0.5),
    ],
)  # fmt: skip
def test_the_strictest_candidate_language_applies(languages: tuple[str, ...], value: float, threshold: float | None) -> None:
    """Where the language is uncertain the lowest threshold of the candidates counts; untested candidates have none."""
    found = one(ProbeScore(EMERGENCY, value), cell=Located(languages, "upto1000", 9))
    assert (found.threshold if found else None) == threshold


@pytest.mark.parametrize(
    ("value", "threshold", "certified"), [(-1.0, -1.0, False), (1.0, -1.0, False), (1.5, 1.5, True), (9.0, 1.5, True)]
)
def test_a_measured_threshold_does_not_hide_a_certified_one(value: float, threshold: float, certified: bool) -> None:
    """A score that fires at both is certified, although the threshold without a bound is lower."""
    found = one(ProbeScore(EMERGENCY, value), cell=Located(("en", "de"), "upto1000", 9))
    assert found is not None
    assert (found.threshold, found.certified) == (threshold, certified)


@given(st.floats(-5, 5), st.sets(st.sampled_from(["en", "da", "de"]), min_size=1), st.sampled_from(["en", "da", "de"]))
def test_more_candidates_never_silence_a_monitor(value: float, languages: set[str], more: str) -> None:
    """What fires for some languages fires for more of them, and stays certified."""
    few = one(ProbeScore(EMERGENCY, value), cell=Located(tuple(sorted(languages)), "upto1000", 9))
    many = one(ProbeScore(EMERGENCY, value), cell=Located(tuple(sorted({*languages, more})), "upto1000", 9))
    if few is not None:
        assert many is not None
        assert many.certified >= few.certified


def test_rules_hit_clear_or_cannot_look() -> None:
    """A hit and a rule that broke are findings; a clear one is seen, and nothing more."""
    assert one(RuleHit("identifiers", ((0, 1, 2),))) == Finding("identifiers", PLACE, FindingKind.FIRED)
    assert one(RuleUnavailable("identifiers", "error")) == Finding(
        "identifiers", PLACE, FindingKind.UNAVAILABLE, reason="error"
    )
    found = fired(POINTS, [judged(RuleClear("identifiers"))])
    assert found == Findings((), frozenset({("identifiers", PLACE)}), (PLACE,))


def test_findings_know_where_a_monitor_fired() -> None:
    """A miss is counted from the onset's turn on; a missing score is a finding, but no hit."""
    scores = (ScoreUnavailable(EMERGENCY, "late"), ProbeScore(MISUSE, 3.0))
    found = fired(POINTS, [judged(*scores, at=Judged(2, Stage.PROMPT)), judged(ProbeScore(EMERGENCY, 0.0))])
    assert found.hits(MISUSE)
    assert found.hits(MISUSE, 2)
    assert not found.hits(MISUSE, 3)
    assert not found.hits(EMERGENCY)
    assert found.any_of(EMERGENCY)
    assert not found.any_of(INJECTION)


@given(st.floats(-5, 5), st.floats(0, 2))
def test_shifted_thresholds_bracket_every_score_within_the_margin(value: float, eps: float) -> None:
    """A hit at threshold + eps is a hit without it, and a hit without it is one at threshold - eps."""
    hits = [bool(fired(shifted(POINTS, by), [judged(ProbeScore(EMERGENCY, value))]).items) for by in (eps, 0.0, -eps)]
    assert hits == sorted(hits)


# decide


def requirement(claim: Claim = EMERGENCY, **changes: Any) -> Requirement:
    """A demand with an action of its own for each case."""
    fields: dict[str, Any] = {
        "action": Action.BLOCK, "max_miss": 0.05, "max_false_alarm": 0.05, "max_false_alarm_near": 0.1,
        "population": Population.LISTED, "on_unavailable": Action.ESCALATE, "on_not_certified": Action.NOTICE,
        "on_expired": Action.ESCALATE, "allow_measured": False,
    }  # fmt: skip
    return Requirement(claim=claim, **(fields | changes))


def demands(*requires: Requirement, **changes: Any) -> Policy:
    """A policy of some demands."""
    policy = Policy(
        "test", of_bytes(b"policy"), requires or (requirement(),), {}, Whole(), Gate(), Fields(), Audit(), None, False
    )  # fmt: skip
    return replace(policy, **changes)


def findings(*items: Finding, seen: tuple[Any, ...] = (EMERGENCY,), places: tuple[Judged, ...] = (PLACE,)) -> Findings:
    """Findings at one place where some monitors and rules gave an answer."""
    return Findings(items, frozenset((source, place) for source in seen for place in places), places)


def finding(source: Claim | str = EMERGENCY, kind: FindingKind = FindingKind.FIRED, *, certified: bool = True) -> Finding:
    """A finding at the one place."""
    return Finding(source, PLACE, kind, certified=certified)


def test_silence_allows() -> None:
    """A demanded monitor that looked and found nothing asks for nothing."""
    assert decide(demands(), findings()).action is Action.ALLOW


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        (FindingKind.FIRED, Action.BLOCK),
        (FindingKind.UNAVAILABLE, Action.ESCALATE),
        (FindingKind.NOT_CERTIFIED, Action.NOTICE),
    ],
)
def test_each_finding_asks_for_its_own_action(kind: FindingKind, action: Action) -> None:
    """Fired, unavailable and not certified are three cases, each with its action and its cause."""
    verdict = decide(demands(), findings(finding(kind=kind)))
    assert verdict.action is action
    assert verdict.causes == (Cause(EMERGENCY, kind, action),)


def test_a_missing_monitor_counts_as_unavailable() -> None:
    """A demanded monitor that said nothing at a place of its stage is not silence."""
    assert decide(demands(), findings(seen=())).action is Action.ESCALATE
    twice = findings(places=(PLACE, Judged(2, Stage.PROMPT)))
    half = replace(twice, seen=frozenset({(EMERGENCY, PLACE)}))
    assert decide(demands(), twice).action is Action.ALLOW
    assert decide(demands(), half).action is Action.ESCALATE


def test_a_monitor_is_not_missed_at_another_stage() -> None:
    """A place of another stage asks only what is demanded there."""
    assert decide(demands(), findings(seen=(), places=(CONTEXT,))).action is Action.ALLOW
    both = demands(requirement(), requirement(INJECTION, on_unavailable=Action.BLOCK))
    assert decide(both, findings(seen=(), places=(CONTEXT,))).action is Action.BLOCK


def test_what_the_policy_does_not_demand_asks_for_nothing() -> None:
    """A monitor of the suite may fire although nobody asked; it is recorded, and not acted on."""
    assert decide(demands(), findings(finding(MISUSE))).action is Action.ALLOW


@pytest.mark.parametrize(
    ("allowed", "action", "expected"),
    [
        (True, Action.NOTICE, Action.NOTICE), (True, Action.ESCALATE, Action.ESCALATE), (True, Action.BLOCK, Action.ESCALATE),
        (False, Action.BLOCK, Action.NOTICE), (False, Action.ESCALATE, Action.NOTICE),
    ],
)  # fmt: skip
def test_a_measured_monitor_escalates_at_most(allowed: bool, action: Action, expected: Action) -> None:
    """A threshold without a bound acts where the policy allows it, at most as ESCALATE; else the place is not certified."""
    policy = demands(requirement(action=action, allow_measured=allowed))
    assert decide(policy, findings(finding(certified=False))).action is expected


@pytest.mark.parametrize("action", Action)
def test_rules_act_as_the_policy_says(action: Action) -> None:
    """A hit asks for the rule's action; a rule that could not look, or was not asked, blocks if it is on."""
    policy = demands(rules={"doses": action})
    broken = Action.ALLOW if action is Action.ALLOW else Action.BLOCK
    seen = (EMERGENCY, "doses")
    assert decide(policy, findings(seen=seen)).action is Action.ALLOW
    assert decide(policy, findings(finding("doses"), seen=seen)).action is action
    assert decide(policy, findings(finding("doses", FindingKind.UNAVAILABLE), seen=seen)).action is broken
    assert decide(policy, findings()).action is broken


def test_a_rule_that_is_off_asks_for_nothing() -> None:
    """A rule may find something although the policy does not enable it."""
    assert decide(demands(), findings(finding("doses"))).action is Action.ALLOW


@pytest.mark.parametrize(
    ("state", "action"),
    [
        (State.VALID, Action.ALLOW), (State.EXPIRING, Action.ALLOW), (State.EXPIRED, Action.ESCALATE),
        (State.SUSPENDED, Action.ESCALATE), (State.VOID, Action.BLOCK),
    ],
)  # fmt: skip
def test_a_certificate_that_is_not_valid_asks_for_more(state: State, action: Action) -> None:
    """Expired and suspended: what each demand says; void: BLOCK, whatever the policy says."""
    verdict = decide(demands(), findings(), state)
    assert verdict.action is action
    assert bool(verdict.causes) == (action is not Action.ALLOW)


def test_an_expired_certificate_asks_at_judged_stages_only() -> None:
    """A demand at a stage that this conversation does not reach is not a cause."""
    both = demands(requirement(), requirement(INJECTION, on_expired=Action.BLOCK))
    assert decide(both, findings(), State.EXPIRED).causes == (Cause(EMERGENCY, State.EXPIRED, Action.ESCALATE),)


def test_the_strictest_cause_wins() -> None:
    """All causes are kept, the strongest decides."""
    policy = demands(requirement(), requirement(MISUSE, action=Action.NOTICE), rules={"doses": Action.NOTICE})
    items = (finding(MISUSE), finding(kind=FindingKind.UNAVAILABLE), finding("doses"))
    verdict = decide(policy, findings(*items, seen=(EMERGENCY, MISUSE, "doses")))
    assert verdict.action is Action.ESCALATE
    assert [cause.action for cause in verdict.causes] == [Action.NOTICE, Action.ESCALATE, Action.NOTICE]


SOURCES: list[Claim | str] = [EMERGENCY, MISUSE, INJECTION, "doses", "identifiers"]
FOUND = st.builds(
    Finding, st.sampled_from(SOURCES), st.just(PLACE), st.sampled_from(FindingKind), certified=st.booleans()
)  # fmt: skip
ACTIONS = st.sampled_from(Action)
REQUIREMENTS = st.builds(
    requirement, st.sampled_from([EMERGENCY, MISUSE]), action=ACTIONS, on_unavailable=ACTIONS, on_not_certified=ACTIONS,
    on_expired=ACTIONS, allow_measured=st.booleans(),
)  # fmt: skip
POLICIES = st.builds(
    lambda requires, rules: demands(*requires, rules=rules),
    st.lists(REQUIREMENTS, min_size=1, max_size=2, unique_by=lambda one: one.claim),
    st.dictionaries(st.sampled_from(["doses", "identifiers"]), ACTIONS),
)
SEEN = st.sets(st.sampled_from(SOURCES)).map(tuple)


@given(POLICIES, st.lists(FOUND, max_size=4), FOUND, SEEN, st.sampled_from(State))
def test_one_more_finding_never_weakens_the_action(
    policy: Policy, items: list[Finding], more: Finding, seen: tuple[Any, ...], state: State
) -> None:
    """Whatever is found on top, the guard does at least as much."""
    before = decide(policy, findings(*items, seen=seen), state).action
    assert decide(policy, findings(*items, more, seen=seen), state).action.rank >= before.rank


@given(POLICIES, st.lists(FOUND, max_size=4), SEEN, st.sampled_from(State))
def test_a_certificate_can_only_strengthen_by_losing_validity(
    policy: Policy, items: list[Finding], seen: tuple[Any, ...], state: State
) -> None:
    """No state allows what a valid certificate does not."""
    found = findings(*items, seen=seen)
    assert decide(policy, found, state).action.rank >= decide(policy, found).action.rank


@given(POLICIES, st.lists(FOUND, max_size=4), SEEN)
def test_the_action_is_that_of_its_strictest_cause(policy: Policy, items: list[Finding], seen: tuple[Any, ...]) -> None:
    """No cause is weaker than it says, and without a cause nothing is done."""
    verdict = decide(policy, findings(*items, seen=seen))
    assert verdict.action.rank == max((cause.action.rank for cause in verdict.causes), default=0)
    assert Action.ALLOW not in {cause.action for cause in verdict.causes}


# check

Make = Callable[..., Any]
WITH_WHOLE = demands(whole=Whole(max_false_alarm=0.1))


@pytest.fixture
def certificate(make_certificate: Callable[..., Certificate]) -> Certificate:
    """A certificate that meets the policy of this file."""
    return make_certificate()


def reasons(policy: Policy, certificate: Certificate, rules: str = "") -> str:
    """Why a certificate does not meet a policy."""
    with pytest.raises(CheckFailed) as caught:
        check(policy, certificate, rules or certificate.whole[0].rules)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_certificate_that_meets_the_policy_passes(certificate: Certificate) -> None:
    """The control: nothing is wrong, nothing is raised."""
    check(WITH_WHOLE, certificate, certificate.whole[0].rules)


def test_1_a_claim_without_an_operating_point_fails(certificate: Certificate) -> None:
    """A policy can't demand what the certificate knows nothing of."""
    assert "clinical_misuse@prompt has no operating point" in reasons(demands(requirement(MISUSE)), certificate)


def test_1_a_claim_that_was_only_measured_fails_unless_allowed(
    certificate: Certificate, make_point: Make, changed: Make
) -> None:
    """A threshold without bounds does only where the policy says so."""
    points = (*certificate.operating_points, make_point(str(MISUSE), certified=False))
    measured = changed(certificate, operating_points=points)
    assert "only measured" in reasons(demands(requirement(MISUSE)), measured)
    check(demands(requirement(MISUSE, allow_measured=True)), measured, "")


@pytest.mark.parametrize("where", [{"lang": "da"}, {"bucket": "upto8000"}])
def test_1_every_certified_operating_point_has_bounds(
    certificate: Certificate, make_point: Callable[..., OperatingPoint], changed: Make, where: dict[str, str]
) -> None:
    """A threshold that calls itself certified in a cell without a result is refused."""
    points = (*certificate.operating_points, make_point(**where))
    assert "without bounds" in reasons(demands(), changed(certificate, operating_points=points))


def test_1_bounds_belong_to_a_certified_operating_point(
    certificate: Certificate, make_point: Callable[..., OperatingPoint], changed: Make
) -> None:
    """Bounds in the certificate say nothing about a threshold that is not the certified one."""
    measured = changed(certificate, operating_points=(make_point(certified=False),))
    assert "without bounds" in reasons(demands(requirement(allow_measured=True)), measured)


@pytest.mark.parametrize(
    ("estimand", "limit", "words"),
    [
        ("miss", "max_miss", "miss is shown to be at most 0.200"),
        ("false_alarm_traffic", "max_false_alarm", "traffic is shown to be at most 0.200"),
        ("false_alarm_near", "max_false_alarm_near", "look-alikes is shown to be at most 0.200"),
    ],
)
def test_2_each_bound_is_held_against_its_limit(
    certificate: Certificate, make_cell: Callable[..., CellResult], changed: Make, estimand: str, limit: str, words: str
) -> None:
    """A bound above the limit fails and says which; at the limit it passes, whatever status is printed."""
    wide = changed(certificate, cells=(make_cell(uppers={estimand: "0.2"}),))
    assert words in reasons(demands(), wide)
    check(demands(requirement(**{limit: 0.2})), wide, "")
    assert words in reasons(demands(requirement(**{limit: math.nextafter(0.2, 0)})), wide)


def test_2_every_cell_counts(
    certificate: Certificate, make_cell: Callable[..., CellResult], make_point: Callable[..., OperatingPoint], changed: Make
) -> None:
    """One cell within the limit does not hide another beyond it."""
    cells = (*certificate.cells, make_cell(lang="da", uppers={"miss": "0.4"}))
    both = changed(certificate, cells=cells, operating_points=(*certificate.operating_points, make_point(lang="da")))
    assert "(da, upto1000): miss" in reasons(demands(), both)


def test_2_a_limit_on_unseen_kinds_is_held_against_their_bound(
    certificate: Certificate, make_cell: Callable[..., CellResult], changed: Make
) -> None:
    """The population decides which of the two miss bounds counts, in both directions."""
    unseen = demands(requirement(population=Population.UNSEEN))
    assert "miss is shown to be at most 0.200" in reasons(unseen, certificate)
    good = changed(certificate, cells=(make_cell(uppers={"miss": "0.4", "miss_unseen": "0.04"}),))
    check(unseen, good, "")
    assert "at most 0.400" in reasons(demands(), good)


def test_2_no_limit_no_demand(certificate: Certificate, make_cell: Callable[..., CellResult], changed: Make) -> None:
    """A demand without limits is met by any bounds."""
    bad = changed(certificate, cells=(make_cell(uppers={"miss": "1.0"}),))
    check(demands(requirement(max_miss=None, allow_measured=True)), bad, "")


def test_3_the_whole_is_held_against_its_limit(certificate: Certificate) -> None:
    """Too many alarms of everything together fail."""
    assert "whole are at most 0.080, 0.05 is demanded" in reasons(demands(whole=Whole(max_false_alarm=0.05)), certificate)
    check(demands(whole=Whole(max_false_alarm=0.08)), certificate, certificate.whole[0].rules)


def test_3_the_whole_must_have_been_tested_with_the_same_rules(certificate: Certificate, changed: Make) -> None:
    """Another rule set, or no test at all, fails where there is a limit on the whole, and only there."""
    assert "another rule set" in reasons(WITH_WHOLE, certificate, of_bytes(b"other rules"))
    assert "not tested" in reasons(WITH_WHOLE, changed(certificate, whole=()), "any")
    check(demands(), changed(certificate, whole=()), "any")


@pytest.mark.parametrize(
    ("tested", "wanted", "meets"),
    [
        ("token", GateMode.TOKEN, True), ("token", GateMode.BUFFER, True), ("token", GateMode.WINDOW, False),
        ("window", GateMode.TOKEN, False), ("buffer", GateMode.TOKEN, False), ("buffer", GateMode.BUFFER, True),
    ],
)  # fmt: skip
def test_4_the_gate_mode_is_the_tested_one_or_buffer(
    certificate: Certificate, make_point: Make, changed: Make, tested: str, wanted: GateMode, meets: bool
) -> None:
    """Holding the whole answer back is always allowed; any other mode must be what was tested."""
    one = changed(certificate, operating_points=(make_point(gate=tested),))
    policy = demands(gate=Gate(mode=wanted))
    if meets:
        check(policy, one, "")
    else:
        assert "was not tested" in reasons(policy, one)


def test_5_a_demonstration_meets_a_demonstration_only(certificate: Certificate, changed: Make) -> None:
    """A demonstration's numbers are no evidence for a policy that is meant."""
    demonstration = changed(certificate, demonstration=True)
    assert "is a demonstration" in reasons(demands(), demonstration)
    check(demands(demonstration=True), demonstration, "")


def test_6_the_system_prompt_is_the_certified_one(certificate: Certificate, changed: Make) -> None:
    """Certified without one, a policy can't bring one; certified with one, the policy must name exactly it."""
    kind = changed(certificate, subject=changed(certificate.subject, system_prompt=of_bytes(b"Be kind.")))
    assert "system prompt" in reasons(demands(system_prompt="Be kind."), certificate)
    assert "system prompt" in reasons(demands(), kind)
    assert "system prompt" in reasons(demands(system_prompt="Be kind. "), kind)
    check(demands(system_prompt="Be kind."), kind, "")


def test_all_reasons_are_told_at_once(certificate: Certificate, changed: Make) -> None:
    """Whoever mends a policy sees everything that is missing, in one line with a remedy."""
    policy = demands(
        requirement(max_miss=0.01), requirement(MISUSE), whole=Whole(max_false_alarm=0.01), gate=Gate(mode=GateMode.WINDOW)
    )
    found = reasons(policy, changed(certificate, demonstration=True))
    for words in ("miss is shown", "no operating point", "whole are", "was not tested", "is a demonstration", "certify this"):
        assert words in found
