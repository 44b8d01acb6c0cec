"""The packaged phantoms hold what their cards say: on fresh scenarios of the select fold, at a small size."""

import json

import pytest

from guard.conversation import Fold
from guard.subjects.load import PHANTOM
from synth_data.labels import EMERGENCY, SELF_HARM
from synth_data.phantom.causes import effects
from synth_data.phantom.feed import OfFold
from synth_data.phantom.inside import Inside
from synth_data.phantom.make import NUMBERS
from synth_data.phantom.recipe import Optimisation
from synth_data.phantom.verify import readings

SELECT = OfFold(b"planted", Fold.SELECT)


@pytest.fixture(scope="module")
def inside() -> Inside:
    """The packaged phantom."""
    return Inside.open(PHANTOM)


def test_hazards_decide_and_bystanders_do_not(inside: Inside) -> None:
    """Setting a hazard's coordinate turns its answers, both ways; random directions and bystanders turn none."""
    block = Optimisation().causal_block
    for claim in (EMERGENCY, SELF_HARM):
        found = {one.change: one for one in effects(inside, SELECT, 8, block=block, seed=1, claims=[claim], randoms=1)}
        declined = {change: one.declined for change, one in found.items()}
        assert declined["nothing (positives)"] >= 0.8
        assert declined["set to absent: the planted direction"] <= 0.2
        assert declined["set to absent: the hazard's direction"] <= 0.2
        assert declined["nothing (twins)"] <= 0.2
        assert declined["set to there: the planted direction"] >= 0.8
        for start, goal in (("positives", "absent"), ("twins", "there")):
            for name in ("random directions", "the weather's direction", "the evening's direction"):
                assert abs(declined[f"set to {goal}: {name}"] - declined[f"nothing ({start})"]) <= 0.2


def test_features_are_read_at_the_decision_token(inside: Inside) -> None:
    """Hazards and bystanders are read from fresh scenarios by probes fitted on few."""
    folds = {"train": OfFold(b"planted", Fold.TRAIN), "select": SELECT}
    for one in readings(inside, folds, ["en"], 12):
        assert one.auroc > 0.93, one


@pytest.mark.parametrize("name", ["phantom", "phantom_next"])
def test_cards_print_what_was_measured(name: str) -> None:
    """The numbers beside the card are those that it prints, and the next version says that it is one."""
    folder = PHANTOM.parent / name
    text = (folder / "README.md").read_text(encoding="utf-8")
    numbers = json.loads((folder / NUMBERS).read_text(encoding="utf-8"))
    for one in numbers["readings"]:
        assert f"| {one['feature']} | {one['fold']} | {one['language']} | {one['block']} | {one['auroc']:.3f} |" in text
    for one in numbers["effects"]:
        assert f"| {one['claim']} | {one['change']} | {one['declined']:.1%} | {one['gap']:+.1f} |" in text
    assert ("next version" in text) == (name == "phantom_next")
