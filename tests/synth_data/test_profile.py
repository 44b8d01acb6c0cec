"""Typical cases: the plainest contrast of each kind, told by itself, and said so wherever such rows go."""

from pathlib import Path

import pytest

from guard.conversation import Fold, Kind
from guard.errors import ProtocolError
from guard.hazards import Claim
from synth_data import VERSION, draws, families, generate, labels, manifest
from synth_data.families import described, requested
from synth_data.scenario import Profile

CLAIMS = (*labels.PROMPT_CLAIMS, *labels.CONTEXT_CLAIMS)


def rows(claim: Claim, count: int, profile: Profile) -> list:
    """Draw positives."""
    drawn = (draws.draw(claim, "en", draws.BUCKET, index, b"typical", Fold.TRAIN, profile=profile) for index in range(count))
    return [row for triple in drawn for row in triple if row.meta.role is Kind.POSITIVE]


@pytest.mark.parametrize("claim", [labels.EMERGENCY, labels.SELF_HARM, labels.MISUSE, labels.SELF_TREATMENT], ids=str)
def test_a_typical_case_is_the_first_contrast_by_itself(claim: Claim) -> None:
    """Always one detail of a family, never implicit, never with a second thing beside it; the whole has all of these."""
    beside = set(described.BESIDE if claim in (labels.EMERGENCY, labels.SELF_HARM) else requested.BESIDE)
    typical, whole = rows(claim, 80, Profile.TYPICAL), rows(claim, 200, Profile.WHOLE)
    details: dict[str, set[str]] = {}
    for row in typical:
        details.setdefault(row.meta.family, set()).add(row.meta.slots["detail"])
        assert row.meta.slots["shape"] not in beside
        assert row.meta.traits["directness"] == "explicit"
    assert all(len(found) == 1 for found in details.values())
    assert any(row.meta.slots["shape"] in beside for row in whole)
    assert any(row.meta.traits["directness"] == "implicit" for row in whole)


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_case_means_the_same_in_both_profiles(claim: Claim) -> None:
    """A profile changes how often a case is drawn, not what it is: family ids, banks and folds are the same."""
    for family in families.families(claim):
        typical = family.only(Profile.TYPICAL)
        assert (typical.id, typical.bank, typical.fold, typical.weight) == (family.id, family.bank, family.fold, family.weight)
        assert family.only(Profile.WHOLE) is family


def test_the_profile_stands_in_the_version_and_on_the_card(tmp_path: Path) -> None:
    """What was drawn is said in the manifest, so in a protocol and on its certificate, and on the card."""
    made = generate.generate(tmp_path / "rows", scenarios=2, claims=(labels.EMERGENCY,), profile=Profile.TYPICAL)
    assert made.version == f"{VERSION}-typical"
    assert manifest.profile(made.version) is Profile.TYPICAL
    assert manifest.profile(VERSION) is Profile.WHOLE
    assert "Typical cases only" in (tmp_path / "rows" / manifest.CARD).read_text()
    with pytest.raises(ProtocolError):
        manifest.profile("2-easy")
