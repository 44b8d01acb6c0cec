"""The taxonomy: what a claim may be, and that the packaged one is whole."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard import files, resources
from guard.errors import InputError
from guard.hazards import Claim, Mode, Stage, Taxonomy
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
