"""The canary watch: silence while scores hold, void for good once one moves or can't be had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from guard import cell
from guard.conversation import Conversation, Judged, Message, Role
from guard.errors import RequestRefused, ScoringError
from guard.hazards import Claim, Stage
from guard.probes.canary import Canary
from guard.proxy.watch import holds, watch
from guard.scores import Judgement, ProbeScore, ScoreUnavailable

EPS = 0.01
EMERGENCY = Claim("missed_emergency", Stage.PROMPT)
CANARIES = tuple(
    Canary(Conversation((Message(Role.USER, f"canary {number}"),)), {(0, str(EMERGENCY)): 1.0}) for number in range(5)
)
BUSY = RequestRefused("busy", code="server_busy", status=503)


@dataclass
class Replaying:
    """Gives each conversation the next of some scores, the last one for ever."""

    scores: Sequence[float | Exception | None] = (1.0,)
    asked: list[str] = field(default_factory=list)

    async def judge(self, conversation: Conversation) -> tuple[Judgement, ...]:
        """Judge the one user turn."""
        self.asked.append(conversation.messages[0].content)
        given = self.scores[min(len(self.asked), len(self.scores)) - 1]
        if isinstance(given, Exception):
            raise given
        score = ScoreUnavailable(EMERGENCY, "scripted") if given is None else ProbeScore(EMERGENCY, given)
        return (Judgement(Judged(0, Stage.PROMPT), cell.locate(conversation, 0), (score,)),)


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (1.0, True), (1.0 + EPS, True), (1.0 - EPS, True), (1.0 + 2 * EPS, False), (float("nan"), False), (None, False),
        (BUSY, True), (ScoringError("broken"), False), (RuntimeError("anything"), False),
    ],
)  # fmt: skip
async def test_one_canary_is_enough(score: float | Exception | None, expected: bool) -> None:
    """Beyond eps, no number, no score or any failure speaks against the model; a busy engine does not."""
    assert await holds(Replaying((1.0, 1.0, score, 1.0)), CANARIES, EPS + 1e-9) is expected


async def test_the_watch_voids_once_and_ends() -> None:
    """It takes the canaries in turns, and stops at the first round in which one has moved."""
    engine, voided = Replaying([1.0] * 7 + [3.0]), []
    await watch(engine, CANARIES, EPS, lambda: voided.append(True), every=0.0, some=2)
    assert voided == [True]
    assert engine.asked == [f"canary {number % 5}" for number in range(8)]
