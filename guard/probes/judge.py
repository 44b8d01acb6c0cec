"""Judging conversations at rest: the scores that `certify` counts and that the guard acts on.

The streaming path (`guard.subjects.decode`) uses the same plan, the same probes and the same aggregation; what differs
is the order of the arithmetic inside the model, which stays below the certified margin eps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from guard import cell
from guard.conversation import Conversation
from guard.hazards import Stage
from guard.probes.activations import HookPoint
from guard.probes.linear import Stack
from guard.probes.monitor import Monitor
from guard.probes.reading import BATCH_TOKENS, POSITIONS, Places, Positions, Subject, Unread
from guard.probes.suite import Suite
from guard.scores import Judgement, ProbeScore, Score, ScoreUnavailable

BEFORE_ANSWER = (Stage.PROMPT, Stage.CONTEXT)
"""Stages that are judged before the model says anything."""
ANSWERS = (Stage.RESPONSE, Stage.ANSWER)
"""Stages that read the model's own text."""

Found = Mapping[HookPoint, torch.Tensor] | Unread
"""Per hook point (positions, width), in the order that `positions` asked for."""


def places_for(suite: Suite) -> Places:
    """Return what the monitors before an answer read: the decision token, and if asked the message's text, too."""
    reads_text = any(monitor.aggregation.kind != "last" for monitor in suite.at(*BEFORE_ANSWER))
    return Places.TEXT if reads_text else Places.DECISION


def positions_for(suite: Suite) -> Positions:
    """Return the tokens of a decoder at those places."""
    return POSITIONS[places_for(suite)]


def judge(
    subject: Subject,
    suite: Suite,
    conversations: Sequence[Conversation],
    *,
    batch_tokens: int = BATCH_TOKENS,
    progress: Callable[[int], None] | None = None,
) -> list[tuple[Judgement, ...]]:
    """Judge conversations at each of their judged places.

    Args:
        subject: The model that reads.
        suite: The monitors.
        conversations: What is judged.
        batch_tokens: Padded tokens in one forward pass.
        progress: Called with the number of places read since the last call.

    Returns:
        Per conversation one judgement for each of `conversation.judged()`, in that order, with the scores of the
        monitors of that stage in the order of the suite. A score that can't be had is a `ScoreUnavailable`.

    Raises:
        ScoringError: The model does not do what it did when it was loaded.
    """
    found: list[dict[int, Mapping[Stage, tuple[Score, ...]]]] = [{} for _ in conversations]
    judges = {stage: _Judge(suite.at(stage)) for stage in BEFORE_ANSWER}
    points = sorted({point for one in judges.values() for point in one.stack.hook_points})
    for (index, turn), values in subject.read(
        conversations, points, places=places_for(suite), batch_tokens=batch_tokens, anchor=suite.anchor
    ):
        found[index][turn] = {stage: one.scores(values) for stage, one in judges.items()}
        if progress:
            progress(1)
    return [assemble(conversation, found[index]) for index, conversation in enumerate(conversations)]


def assemble(conversation: Conversation, scores: Mapping[int, Mapping[Stage, tuple[Score, ...]]]) -> tuple[Judgement, ...]:
    """Join the scores found after each turn with the places and cells of a conversation."""
    return tuple(
        Judgement(place, cell.locate(conversation, place.turn), scores[place.turn][place.stage])
        for place in conversation.judged()
    )


def prompt_scores(suite: Suite, values: Found) -> dict[Stage, tuple[Score, ...]]:
    """Score what was read after one turn, for each stage before the answer."""
    return {stage: _Judge(suite.at(stage)).scores(values) for stage in BEFORE_ANSWER}


def stage_scores(suite: Suite, values: Found, *stages: Stage) -> tuple[Score, ...]:
    """Score what was read of an answer, for the monitors of some stages in the order of the suite."""
    return _Judge(suite.at(*stages)).scores(values)


class _Judge:
    """The monitors of some stages, folded."""

    def __init__(self, monitors: Sequence[Monitor]) -> None:
        self.monitors = monitors
        self.stack = Stack([monitor.probes for monitor in monitors])

    def scores(self, values: Found) -> tuple[Score, ...]:
        if isinstance(values, Unread):
            return tuple(ScoreUnavailable(monitor.claim, values.reason) for monitor in self.monitors)
        logits = self.stack.logits(values)
        return tuple(score(monitor, logits[:, column]) for column, monitor in enumerate(self.monitors))


def score(monitor: Monitor, logits: NDArray[np.float64]) -> Score:
    """Aggregate one monitor's logits; before an answer the last of them is the decision token, not text."""
    kind = monitor.aggregation.kind
    text = logits[:-1] if monitor.claim.stage in BEFORE_ANSWER and kind != "last" else logits
    return outcome(monitor, monitor.aggregation.over(text.tolist()))


def outcome(monitor: Monitor, value: float) -> ProbeScore | ScoreUnavailable:
    """Return a score, or why there is none: no token was read, or the number is not finite."""
    if math.isfinite(value):
        return ProbeScore(monitor.claim, value)
    return ScoreUnavailable(monitor.claim, "empty" if value == -math.inf else "not_finite")
