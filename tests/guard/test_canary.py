"""Canaries: they come out again on the same model, and give away every other one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from guard.conversation import Conversation, LabelledConversation, Message, Role
from guard.errors import InputError, ScoringError, VerificationError
from guard.hazards import Claim, Stage
from guard.probes import canary
from guard.probes.activations import Activations, HookPoint, Rendered
from guard.probes.aggregation import Aggregation
from guard.probes.judge import judge
from guard.probes.linear import LinearProbe
from guard.probes.monitor import Monitor
from guard.probes.reading import Read, read_passes
from guard.probes.suite import Suite

WIDTH = 4
EMERGENCY, INJECTION = Claim("missed_emergency", Stage.PROMPT), Claim("prompt_injection", Stage.CONTEXT)


@dataclass(frozen=True)
class TinyModel:
    """A model of one table: a token's activation is the sum of its row and those before it."""

    shift: float = 0.0
    context: int = 500
    silent: bool = False

    def read(self, conversations: Sequence[Conversation], hook_points: Sequence[HookPoint], **how: Any) -> Iterator[Read]:
        """Read in forward passes, as a model does."""
        return read_passes(self, conversations, hook_points, **how)

    def render(self, conversation: Conversation, turn: int) -> Rendered:
        """One token for each byte, and one that asks for an answer."""
        if self.silent:
            raise ScoringError("the template can't say this")
        ids: list[int] = []
        spans = []
        for message in conversation.messages[: turn + 1]:
            start = len(ids)
            ids += message.content.encode()
            spans.append((start, len(ids)))
        return Rendered((*ids, 256), tuple(spans))

    def capture(
        self, rows: Sequence[Sequence[int]], hook_points: Sequence[HookPoint], positions: Sequence[Sequence[int]]
    ) -> dict[HookPoint, Activations]:
        """Read cumulative sums at the positions asked for."""
        table = torch.randn(257, WIDTH, generator=torch.Generator().manual_seed(5)) + self.shift
        most = max(len(places) for places in positions)
        values, mask = torch.zeros(len(rows), most, WIDTH), torch.zeros(len(rows), most, dtype=torch.bool)
        for index, (row, places) in enumerate(zip(rows, positions, strict=True)):
            sums = table[torch.tensor(row)].cumsum(0) / len(row)
            values[index, : len(places)] = sums[torch.tensor(places)]
            mask[index, : len(places)] = True
        return {point: Activations(values, mask) for point in hook_points}


def monitor(claim: Claim, seed: int) -> Monitor:
    """A monitor of one random probe at the decision token."""
    weight = np.random.default_rng(seed).normal(size=WIDTH).astype(np.float32)
    mean, scale = np.zeros(WIDTH, dtype=np.float32), np.ones(WIDTH, dtype=np.float32)
    return Monitor(claim, (LinearProbe(HookPoint(0), weight, 0.25, mean, scale),), Aggregation("last"))


SUITE = Suite.of([monitor(EMERGENCY, 1), monitor(INJECTION, 2)])
ROWS = [
    LabelledConversation("one", Conversation((Message(Role.USER, "my chest hurts"),)), {EMERGENCY: 1}),
    LabelledConversation(
        "two",
        Conversation((Message(Role.USER, "labs?"), Message(Role.ASSISTANT, "let me see"), Message(Role.TOOL, "K 6.8"))),
        {INJECTION: 0},
    ),
]
MODEL = TinyModel()


def written(model: TinyModel = MODEL, rows: list[LabelledConversation] = ROWS) -> bytes:
    """The canaries that `prepare` would write for a model."""
    return canary.write(rows, judge(model, SUITE, [row.conversation for row in rows]))


def test_canaries_read_back() -> None:
    """Each row keeps its conversation and the score of every monitor at every place, bit for bit."""
    found = canary.read(written())
    assert [one.conversation for one in found] == [row.conversation for row in ROWS]
    assert [set(one.scores) for one in found] == [
        {(0, str(EMERGENCY))},
        {(0, str(EMERGENCY)), (2, str(INJECTION))},
    ]
    expected = judge(MODEL, SUITE, [ROWS[0].conversation])[0][0].scores[0].value
    assert found[0].scores[0, str(EMERGENCY)] == expected
    assert written() == written()


def test_the_same_model_passes() -> None:
    """Nothing moves, and so no margin is needed."""
    replayed = canary.replay(MODEL, SUITE, canary.read(written()))
    assert replayed == canary.Replay(2, 0.0)
    canary.require(replayed, 0.0)


def test_a_moved_score_fails() -> None:
    """A model that is slightly another one is refused beyond the margin, and passes within it."""
    replayed = canary.replay(TinyModel(shift=0.01), SUITE, canary.read(written()))
    assert 0 < replayed.largest < 0.1
    canary.require(replayed, replayed.largest)
    with pytest.raises(VerificationError, match="a score moved by"):
        canary.require(replayed, replayed.largest * 0.999)


def test_one_moved_score_among_many_fails() -> None:
    """The largest difference counts, wherever it is."""
    canaries = list(canary.read(written()))
    scores = dict(canaries[1].scores)
    scores[2, str(INJECTION)] += 0.5
    canaries[1] = replace(canaries[1], scores=scores)
    assert canary.replay(MODEL, SUITE, canaries).largest == pytest.approx(0.5)


@pytest.mark.parametrize("model", [TinyModel(silent=True), TinyModel(context=3)], ids=["not rendered", "too long"])
def test_a_score_that_is_missing_now_fails_whatever_the_margin(model: TinyModel) -> None:
    """A model that can't score a canary is not the one that could."""
    replayed = canary.replay(model, SUITE, canary.read(written()))
    assert replayed.largest == float("inf")
    with pytest.raises(VerificationError):
        canary.require(replayed, 1e300)


@pytest.mark.parametrize("fewer", [Suite.of([monitor(EMERGENCY, 1)]), Suite.of([monitor(INJECTION, 2)])])
def test_a_suite_without_a_monitor_fails(fewer: Suite) -> None:
    """Every score that was written must come out again, none may be gone."""
    assert canary.replay(MODEL, fewer, canary.read(written())).largest == float("inf")


def test_a_score_that_was_not_there_fails() -> None:
    """A canary with fewer scores than the suite gives is not of this suite."""
    canaries = [replace(one, scores={}) for one in canary.read(written())]
    assert canary.replay(MODEL, SUITE, canaries).largest == float("inf")


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_written_score_that_is_no_number_fails(value: str) -> None:
    """NaN compares with nothing: it must not pass for no difference."""
    line = msgspec.json.decode(written().splitlines()[0])
    line["scores"][0]["value"] = value
    data = msgspec.json.encode(line)
    with pytest.raises(VerificationError):
        canary.require(canary.replay(MODEL, SUITE, canary.read(data)), 1.0)


@pytest.mark.parametrize("largest", [float("nan"), float("inf")])
def test_a_difference_that_is_no_number_fails(largest: float) -> None:
    """Only a number within the margin passes."""
    with pytest.raises(VerificationError):
        canary.require(canary.Replay(1, largest), 1.0)


def test_a_conversation_without_a_score_is_no_canary() -> None:
    """What can't be scored when the suite is frozen can't be compared later."""
    with pytest.raises(InputError, match="can't be a canary"):
        written(TinyModel(context=3))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}\n",
        b"no json\n",
        b'{"row": {"id": "r"}, "scores": []}\n',
        written().replace(b'"value":"', b'"value":"x', 1),
        written().replace(b'"turn":0', b'"turn":"0"', 1),
        written().replace(b'"scores"', b'"more":1,"scores"', 1),
        written() + b"\n",
        written() + b"\xff\n",
    ],
)
def test_what_is_not_a_canary_file_is_refused(data: bytes) -> None:
    """No line at all, a broken one, one with a field too many: our error, never a shorter list."""
    with pytest.raises(VerificationError):
        canary.read(data)
