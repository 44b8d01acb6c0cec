"""Labels: each rule needs each of its facts, neighbours are left open, and written answers are no test rows."""

from dataclasses import fields, replace
from itertools import product

import pytest

from guard.conversation import Fold
from guard.errors import ProtocolError
from guard.hazards import Claim
from synth_data import draws, labels
from synth_data.labels import (
    EMERGENCY,
    INJECTION,
    INJECTION_CONTEXT,
    MISUSE,
    RULES,
    SELF_HARM,
    SELF_TREATMENT,
    WRITTEN_RULES,
    LabelRule,
)
from synth_data.scenario import Facts

HOLD = {
    EMERGENCY: {"red_flag": True, "current": True},
    SELF_HARM: {"distress": True, "current": True},
    MISUSE: {"harmful_aim": True, "asks_assistant": True},
    SELF_TREATMENT: {"risky_treatment": True, "asks_assistant": True},
    INJECTION: {"override_by": "user", "addressed_to_assistant": True},
    INJECTION_CONTEXT: {"override_by": "document", "addressed_to_assistant": True},
    labels.EMERGENCY_ANSWER: {"red_flag": True, "current": True, "complies": True},
    labels.SELF_HARM_RESPONSE: {"distress": True, "current": True, "complies": True},
    labels.MISUSE_RESPONSE: {"harmful_aim": True, "complies": True},
    labels.SELF_TREATMENT_RESPONSE: {"risky_treatment": True, "complies": True},
}
"""The facts that make each claim hold."""
TOLD = [rule for rule in (*RULES, *WRITTEN_RULES) if rule.claim in HOLD]


@pytest.mark.parametrize("rule", TOLD, ids=lambda rule: rule.id.partition(":")[0])
def test_a_rule_needs_each_of_its_facts_and_no_other(rule: LabelRule) -> None:
    """All facts of a rule make it hold; without any one of them it does not, whatever else is told."""
    needed = Facts(**HOLD[rule.claim])  # type: ignore[arg-type]
    assert rule.holds(needed)
    assert not rule.holds(Facts())
    everything = Facts(**{field.name: True for field in fields(Facts) if field.type == "bool"}, override_by=needed.override_by)  # type: ignore[arg-type]
    assert rule.holds(everything)
    for name, value in HOLD[rule.claim].items():
        without: object = "" if isinstance(value, str) else False
        assert not rule.holds(replace(needed, **{name: without}))  # type: ignore[arg-type]
        assert not rule.holds(replace(everything, **{name: without}))  # type: ignore[arg-type]


def test_ids_of_rules_are_unique_and_every_claim_has_one() -> None:
    """A row names one rule."""
    rules = (*RULES, *WRITTEN_RULES, *labels.TOOL_RULES)
    assert len({rule.id for rule in rules}) == len({rule.claim for rule in rules}) == len(rules)
    assert {rule.claim for rule in RULES} >= {*labels.PROMPT_CLAIMS, *labels.CONTEXT_CLAIMS}
    assert {rule.claim for rule in WRITTEN_RULES} == set(labels.WRITTEN_CLAIMS) == set(labels.ANSWERED)
    assert draws.TRAFFIC_RULE not in {rule.id for rule in rules}


@pytest.mark.parametrize(
    ("claim", "neighbour"),
    [(EMERGENCY, SELF_HARM), (SELF_HARM, EMERGENCY), (MISUSE, SELF_TREATMENT), (SELF_TREATMENT, MISUSE)],
    ids=str,
)
def test_a_neighbour_is_left_open_rather_than_guessed(claim: Claim, neighbour: Claim) -> None:
    """Where one hazard is there, the one that it shades into has no label; where both are there, both have one."""
    alone = labels.label(Facts(**HOLD[claim]), has_context=True)  # type: ignore[arg-type]
    assert alone[claim] == 1
    assert neighbour not in alone
    others = {other: value for other, value in alone.items() if other != claim}
    assert set(others.values()) == {0}
    both = labels.label(Facts(**HOLD[claim] | HOLD[neighbour]), has_context=True)  # type: ignore[arg-type]
    assert both[claim] == both[neighbour] == 1
    assert labels.label(Facts(), has_context=True)[neighbour] == 0


@pytest.mark.parametrize("claim", [INJECTION, INJECTION_CONTEXT], ids=str)
def test_an_injection_says_nothing_against_the_other_hazards(claim: Claim) -> None:
    """It has no neighbour: every other claim is labelled 0."""
    found = labels.label(Facts(**HOLD[claim]), has_context=True)  # type: ignore[arg-type]
    assert {each for each, value in found.items() if value} == {claim}
    assert set(found) == {rule.claim for rule in RULES}


def test_nothing_is_said_of_documents_where_there_is_none() -> None:
    """Without a document, injection in documents has no label."""
    for override, addressed in product(("", "user"), (False, True)):
        found = labels.label(Facts(override_by=override, addressed_to_assistant=addressed), has_context=False)
        assert INJECTION_CONTEXT not in found
        assert found[INJECTION] == int(override == "user" and addressed)


@pytest.mark.parametrize("claim", labels.WRITTEN_CLAIMS, ids=str)
def test_an_answer_is_labelled_for_its_own_claim_alone(claim: Claim) -> None:
    """What a written answer does is 1 or 0 of one claim."""
    facts = Facts(**HOLD[claim])  # type: ignore[arg-type]
    assert labels.written(claim, facts) == {claim: 1}
    assert labels.written(claim, replace(facts, complies=False)) == {claim: 0}


@pytest.mark.parametrize("fold", [Fold.CERTIFY, Fold.UNSEEN, Fold.PROBE])
@pytest.mark.parametrize("claim", [*labels.WRITTEN_CLAIMS, *labels.TOOL_CLAIMS], ids=str)
def test_written_answers_are_no_test_rows(claim: Claim, fold: Fold) -> None:
    """The generator wrote them in the assistant's name, so that they say nothing about a model."""
    with pytest.raises(ProtocolError, match="no test of a model"):
        draws.draw(claim, "en", draws.BUCKET, 0, b"", fold)


@pytest.mark.parametrize("claim", labels.WRITTEN_CLAIMS, ids=str)
def test_answers_are_a_wrong_one_a_right_one_and_an_ordinary_one(claim: Claim) -> None:
    """The twin answers the very same prompt; rows say that they are written; what a prompt carries is not labelled."""
    for index in range(40):
        positive, twin, look = draws.draw(claim, "en", draws.BUCKET, index, b"answers", Fold.TRAIN)
        told = draws.tellings(claim, "en", draws.BUCKET, index, b"answers", Fold.TRAIN)[0][1]
        assert positive.conversation.messages[:-1] == twin.conversation.messages[:-1]
        assert (positive.conversation.messages[-1], twin.conversation.messages[-1]) == (told.unsafe_reply, told.refusal)
        assert positive.conversation.messages[-1] != twin.conversation.messages[-1]
        assert [dict(row.labels) for row in (positive, twin, look)] == [{claim: 1}, {claim: 0}, {claim: 0}]
        assert all(row.meta.written for row in (positive, twin, look))
        assert positive.meta.onset[str(claim)] == (len(positive.conversation) - 1, 0)
        assert not twin.meta.onset
