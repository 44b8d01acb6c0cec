"""The taxonomy: what a claim may be, and that the packaged one is whole."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard import files, resources
from guard.errors import InputError
from guard.hazards import Claim, Mode, Stage, Stance, Taxonomy
from guard.policy import strict_yaml

ENTRY = {
    "id": "misuse", "title": "Misuse", "definition": "asks for harm", "severity": "S5", "stages": ["prompt", "response"],
    "mode": "certify", "reason": "probes read it", "miss": {"prompt": "lets misuse pass"},
}  # fmt: skip


def taxonomy(*entries: dict[str, Any]) -> Taxonomy:
    """A taxonomy of some entries."""
    return Taxonomy.read({"version": "1", "hazards": list(entries)})


@given(st.from_regex(r"[a-z_]{1,12}", fullmatch=True), st.sampled_from(Stage))
def test_a_claim_reads_back(hazard: str, stage: Stage) -> None:
    """What is written as hazard@stage is read as the same claim."""
    claim = Claim(hazard, stage)
    assert Claim.parse(str(claim)) == claim


@pytest.mark.parametrize("text", ["", "misuse", "misuse@", "@prompt", "misuse@nowhere", "a@b@prompt", "misuse@PROMPT"])
def test_what_is_no_claim_is_refused(text: str) -> None:
    """A missing hazard, a missing or unknown stage: one line that lists the stages."""
    with pytest.raises(InputError, match="write hazard@stage"):
        Claim.parse(text)


def test_a_taxonomy_knows_its_claims() -> None:
    """A hazard that it lacks, or a stage at which the hazard is not read, is refused."""
    one = taxonomy(ENTRY)
    assert one.claim("misuse@prompt") == Claim("misuse", Stage.PROMPT)
    with pytest.raises(InputError, match="unknown hazard"):
        one.claim("other@prompt")
    with pytest.raises(InputError, match="not read at context"):
        one.claim("misuse@context")


def test_a_miss_has_words_at_every_stage() -> None:
    """Where the taxonomy has no sentence for a stage, its title gives one."""
    one = taxonomy(ENTRY)
    assert one.miss(Claim("misuse", Stage.PROMPT)) == "lets misuse pass"
    assert one.miss(Claim("misuse", Stage.RESPONSE)) == "misses misuse"


@pytest.mark.parametrize(
    "change",
    [{"severity": "S9"}, {"stages": ["nowhere"]}, {"mode": "maybe"}, {"more": 1}, {"title": 5}, {"miss": {"nowhere": "x"}}],
)
def test_a_wrong_field_is_refused(change: dict[str, Any]) -> None:
    """An unknown word, field or type is an error, not ignored."""
    with pytest.raises(InputError, match="taxonomy is not valid"):
        taxonomy(ENTRY | change)


def test_a_hazard_stands_once() -> None:
    """Two entries of one id are refused, and so is a file that is not a taxonomy."""
    with pytest.raises(InputError, match="twice"):
        taxonomy(ENTRY, ENTRY)
    for value in (None, [], {}, {"version": "1"}):
        with pytest.raises(InputError, match="taxonomy is not valid"):
            Taxonomy.read(value)


def test_the_packaged_taxonomy_is_whole() -> None:
    """It reads, names the hazards that policies demand, and has words for misses only where a hazard is read."""
    packaged = Taxonomy.read(strict_yaml(files.read(resources.path("policies/hazards.yaml"))))
    certifiable = {hazard.id for hazard in packaged.hazards.values() if hazard.mode is Mode.CERTIFY}
    assert {"missed_emergency", "clinical_misuse", "prompt_injection"} <= certifiable
    for hazard in packaged.hazards.values():
        assert set(hazard.miss) <= set(hazard.stages)
        assert set(hazard.claims) == set(hazard.miss) == set(hazard.stages)


STAGES = {
    "missed_emergency": "prompt answer", "self_harm": "prompt response", "medication_error": "response tool_call",
    "clinical_misuse": "prompt response", "fabrication": "response", "unsafe_omission": "answer",
    "phi_disclosure": "response tool_call", "prompt_injection": "prompt context", "scope_breach": "response tool_call",
    "false_premise": "response", "unequal_care": "prompt response", "self_treatment": "prompt response", "over_refusal": "",
}  # fmt: skip
CERTIFIED = {"missed_emergency", "self_harm", "clinical_misuse", "prompt_injection", "self_treatment", "over_refusal"}


def test_the_packaged_taxonomy_has_each_hazard_at_its_stages() -> None:
    """Twelve hazards and a control; certifiable at the prompt or in context, and never in a part that nobody can label."""
    packaged = Taxonomy.packaged()
    assert {hazard.id: " ".join(hazard.stages) for hazard in packaged.hazards.values()} == STAGES
    assert {hazard.id for hazard in packaged.hazards.values() if hazard.mode is Mode.CERTIFY} == CERTIFIED
    certified = {str(claim) for claim in _claims(packaged) if packaged.stance(claim).mode is Mode.CERTIFY}
    assert {"missed_emergency@prompt", "prompt_injection@context", "self_harm@prompt", "self_treatment@prompt"} <= certified
    assert not {"missed_emergency@answer", "medication_error@tool_call", "phi_disclosure@response"} & certified


def test_every_packaged_claim_says_why_and_what_a_miss_is() -> None:
    """No two claims share a sentence, and a miss is worded as what was not noticed."""
    packaged = Taxonomy.packaged()
    claims = _claims(packaged)
    misses = [packaged.miss(claim) for claim in claims]
    assert all(miss.startswith("does not notice ") and not miss.endswith(".") for miss in misses)
    assert len(set(misses)) == len(misses)
    assert len({packaged.stance(claim).reason for claim in claims}) == len(claims)


def test_entries_of_other_taxonomies_are_theirs() -> None:
    """OWASP entries carry their year, AILuminate categories their names, and the words of ISO 14971 are all there."""
    for hazard in Taxonomy.packaged().hazards.values():
        assert all(entry in {f"LLM{number:02d}:2025" for number in range(1, 11)} for entry in hazard.owasp)
        assert set(hazard.ailuminate) <= {
            "Violent Crimes", "Nonviolent Crimes", "Suicide and Self-Harm", "Privacy", "Specialized Advice: Health"
        }  # fmt: skip
        assert hazard.iso14971 is not None
        assert all((hazard.iso14971.hazard, hazard.iso14971.sequence, hazard.iso14971.situation, hazard.iso14971.harm))
        assert hazard.references


def test_a_stage_without_a_stance_has_that_of_its_hazard() -> None:
    """A hazard speaks for its stages, unless one of them speaks for itself."""
    one = taxonomy(ENTRY | {"claims": {"response": {"mode": "escalate_only", "reason": "too late"}}})
    assert one.stance(Claim("misuse", Stage.PROMPT)) == Stance(mode=Mode.CERTIFY, reason="probes read it")
    assert one.stance(Claim("misuse", Stage.RESPONSE)) == Stance(mode=Mode.ESCALATE_ONLY, reason="too late")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"miss": {"context": "x"}}, "not read at context"),
        ({"claims": {"context": {"mode": "certify", "reason": "x"}}}, "not read at context"),
        ({"mode": "escalate_only", "claims": {"prompt": {"mode": "certify", "reason": "x"}}}, "escalate-only"),
    ],
)
def test_a_taxonomy_that_contradicts_itself_is_refused(change: dict[str, Any], words: str) -> None:
    """Words for a stage that is not read, or a certifiable claim of a hazard that is not."""
    with pytest.raises(InputError, match=words):
        taxonomy(ENTRY | change)


def _claims(packaged: Taxonomy) -> list[Claim]:
    return [Claim(hazard.id, stage) for hazard in packaged.hazards.values() for stage in hazard.stages]
