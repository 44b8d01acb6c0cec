"""On an accelerator: the same numbers, and only scores come back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from guard.conversation import Conversation, Message, Role
from guard.probes.judge import judge
from guard.probes.suite import Suite
from guard.subjects.causal import CausalSubject
from guard.subjects.decode import generate
from guard.subjects.events import Sampling, Step
from guard.subjects.load import load_decoder

from .conftest import TEXT

TALKS = [Conversation((Message(Role.USER, text),)) for text in TEXT]
KINDS = ["llama", "gemma3", "gpt2", "mixtral"]

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@pytest.fixture(params=KINDS)
def pair(request: pytest.FixtureRequest, folder: Callable[[str], Path]) -> tuple[CausalSubject, CausalSubject]:
    """Load a tiny model twice: on the host, and on the device."""
    here, there = (load_decoder(f"hf:{folder(request.param)}", device=device) for device in ("cpu", "cuda"))
    return here, there


def test_a_device_gives_the_same_scores(pair: tuple[CausalSubject, CausalSubject], suite: Suite) -> None:
    """Judging on the device gives the scores of the host but for rounding."""
    here, there = (
        [score.value for found in judge(one, suite, TALKS) for place in found for score in place.scores] for one in pair
    )
    assert there == pytest.approx(here, abs=1e-3)


def test_activations_stay_on_the_device(pair: tuple[CausalSubject, CausalSubject]) -> None:
    """What is read lies where the model is, in prefill, in steps and at rest."""
    _, there = pair
    points = there.hook_points
    first = there.forward([7, 8, 9], points)
    second = there.forward([10], points, first.cache)
    rest = there.capture([[7, 8, 9, 10], [7]], points, [[2, 3], [0]])
    found = [*first.values.values(), *second.values.values(), *(one.values for one in rest.values())]
    assert {value.device.type for value in found} == {"cuda"}
    for point in points:
        torch.testing.assert_close(second.values[point], rest[point].row(0)[1:], atol=1e-3, rtol=1e-3)


def test_answers_are_judged_on_the_device(pair: tuple[CausalSubject, CausalSubject], suite: Suite) -> None:
    """Greedy answers are the same tokens, each with its scores."""
    answers = [
        [event for event in generate(one, suite, TALKS[0], Sampling(max_tokens=8)) if isinstance(event, Step)] for one in pair
    ]
    assert [step.token for step in answers[0]] == [step.token for step in answers[1]]
    assert all(step.scores for step in answers[1])
