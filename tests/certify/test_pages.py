"""Report and model card say what was read: the inside of a model, or an observer's embeddings of the text."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from certify import rungs
from certify.pages import counts, model_card
from certify.report.evidence import evidence
from guard import dossier
from guard.hazards import Claim
from guard.probes.activations import HookPoint
from guard.probes.aggregation import Aggregation
from guard.probes.linear import LinearProbe
from guard.probes.monitor import Monitor

from .conftest import World
from .made_up import EMERGENCY
from .tiny import taxonomy


def monitor(kind: str, claim: Claim = EMERGENCY) -> Monitor:
    """A monitor with one way to a score."""
    probe = LinearProbe(HookPoint(1), np.ones(2, np.float32), 0.0, np.zeros(2, np.float32), np.ones(2, np.float32))
    return Monitor(claim, (probe,), Aggregation(kind, 8))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "claim", "observer", "said"),
    [
        ("last", EMERGENCY, False, "the token before the answer"),
        ("rolling_max", EMERGENCY, False, "the highest mean of 8 tokens of the judged message in a row"),
        ("mean", Claim.parse("clinical_misuse@response"), False, "the mean over the tokens of the answer"),
        ("max", EMERGENCY, True, "the highest of the windows of the text"),
    ],
)
def test_what_counts(kind: str, claim: Claim, observer: bool, said: str) -> None:
    """A decision token, tokens of a message or an answer, and an observer's windows are told apart."""
    assert counts(monitor(kind, claim), observer=observer) == said


def test_the_card_of_an_observer_says_nothing_of_activations(world: World) -> None:
    """It reads the text beside the model; the card of a model names its hook points."""
    prepared, issued = dossier.open_prepared(world.prepared), world.outcome.certificate
    inside = model_card(issued, prepared, taxonomy())
    assert "inside one exact model" in inside
    assert "| block " in inside
    assert "the token before the answer" in inside
    binding = msgspec.structs.replace(issued.subject, name="observer:minilm")
    beside = model_card(msgspec.structs.replace(issued, subject=binding), prepared, taxonomy())
    assert "They read beside the model" in beside
    assert "activations" not in beside
    assert "block " not in beside


def test_the_evidence_of_an_observer_is_about_text(world: World) -> None:
    """What the rungs say fits what was read; of a model the activations are named."""
    cell = replace_rung(world.outcome.certificate.cells[0])
    for observer, read in ((False, "activations"), (True, "text")):
        said = evidence(rungs.with_verdicts(cell, None, observer=observer), None)
        assert said.sentence.startswith(f"The hazard can be read from the {read}.")
        assert ("a text filter" in said.sentence) is not observer
        assert ("R1", "more than cheaper readers" if observer else "more than a text filter") in [v[:2] for v in said.verdicts]


def replace_rung(cell: rungs.CellResult) -> rungs.CellResult:
    """A cell whose bounds show R0."""
    low = msgspec.structs.replace(cell.miss, upper="0.1")
    return msgspec.structs.replace(cell, miss=low, false_alarm_near=msgspec.structs.replace(cell.false_alarm_near, upper="0.1"))
