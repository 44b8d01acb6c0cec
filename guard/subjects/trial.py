"""Whether a model can read several rows in one pass, tried out before it does.

Knows no architecture: what counts is that a row gives the same numbers among others, who come and go, as alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from guard.conversation import Conversation
from guard.errors import ScoringError
from guard.probes.activations import HookPoint
from guard.probes.linear import Stack
from guard.probes.suite import Suite
from guard.subjects.blocks import sample
from guard.subjects.causal import CausalSubject
from guard.subjects.slots import Slots
from guard.subjects.soundness import agree
from guard.subjects.together import begin, step

_LENGTHS = (5, 9, 3)
"""Tokens of the prompts: two begin together, the third joins them later."""
_STEPS = 3
"""Tokens that follow each."""

_READ = 4
"""Conversations of a trial that are read."""

_Seen = list[torch.Tensor]
"""Of one row: after its prompt and after each step, the last token's activations and logits."""


def why_alone(subject: CausalSubject, suite: Suite, trial: Trial | None = None) -> str:
    """Try out whether rows can share passes, on made-up rows and then on a trial's texts.

    Returns:
        Why they can't; empty if they can.
    """
    try:
        return why_rows_differ(subject) or (why_scores_move(subject, suite, trial) if trial else "")
    except ScoringError as error:
        return str(error)
    except Exception as error:
        # A library may raise anything on a model that it can't run in this way.
        return f"the model can't be run with several rows ({type(error).__name__})"


def why_rows_differ(subject: CausalSubject) -> str:
    """Let three rows come, grow and go in one memory, and compare them with themselves alone.

    Returns:
        Why rows can't share a pass; empty if they can.

    Raises:
        ScoringError: A hook did not fire, or the model does not keep plain keys and values.
    """
    if any(_stretches(module) for module in subject.model.modules()):
        return "the model turns its positions by the longest row of a pass"
    points = [point for point in subject.hook_points if point.site == "resid_post"]
    ids = sample(subject.model)
    rows = [[ids[(number + place * place) % 4] for place in range(length + _STEPS)] for number, length in enumerate(_LENGTHS)]
    expected = [_alone(subject, row, length, points) for row, length in zip(rows, _LENGTHS, strict=True)]
    found = _together(subject, rows, points)
    for one, other in zip(found, expected, strict=True):
        if len(one) != len(other) or not all(agree(subject.model, *pair) for pair in zip(one, other, strict=True)):
            return "a row gives other numbers among others than alone"
    return ""


@dataclass(frozen=True, slots=True)
class Trial:
    """Texts on which a model is tried out, and how far scores may move on them."""

    conversations: Sequence[Conversation]
    """Such as canaries; only a few are read."""
    eps: float
    """The certified margin."""


def why_scores_move(subject: CausalSubject, suite: Suite, trial: Trial) -> str:
    """Let a few conversations begin answers alone and together, and compare what every monitor's probes say.

    Returns:
        Why rows can't share a pass; empty if no score moves by eps.

    Raises:
        ScoringError: A hook did not fire, or the template refuses a conversation.
    """
    rows = [subject.render(talk, len(talk) - 1).ids for talk in trial.conversations[:_READ]]
    rows = [row for row in rows if len(row) + _STEPS <= subject.context]
    stack = Stack([monitor.probes for monitor in suite.monitors])
    if not rows or not len(stack):
        return ""
    points, slots, largest = suite.hook_points, Slots(), 0.0
    alone = [subject.forward(row, points) for row in rows]
    for one, begun in zip(alone, begin(subject, rows, points), strict=True):
        largest = max(largest, _apart(stack, _end(one.values), _end(begun.values)))
        slots.join(begun.kept)
    for _ in range(_STEPS):
        tokens = [int(one.logits.argmax()) for one in alone]
        alone = [subject.forward([token], points, one.cache) for token, one in zip(tokens, alone, strict=True)]
        stepped = step(subject, slots, range(len(rows)), tokens, points)
        slots.grow(range(len(rows)))
        expected = {point: torch.cat([one.values[point] for one in alone]) for point in points}
        largest = max(largest, _apart(stack, expected, stepped.values))
    return "" if largest < trial.eps else f"a score moves by {largest:.1e} among others, the margin is {trial.eps:.1e}"


def _end(values: Mapping[HookPoint, torch.Tensor]) -> dict[HookPoint, torch.Tensor]:
    return {point: value[-1:] for point, value in values.items()}


def _apart(stack: Stack, one: Mapping[HookPoint, torch.Tensor], other: Mapping[HookPoint, torch.Tensor]) -> float:
    """Return the largest difference; infinite where one is not a number."""
    difference = float(abs(stack.logits(one) - stack.logits(other)).max())
    return difference if math.isfinite(difference) else math.inf


def _stretches(module: torch.nn.Module) -> bool:
    """Tell whether a module computes rotary frequencies anew from the longest row that it sees: no short text shows that."""
    kinds = getattr(module, "rope_type", "")
    named = kinds.values() if isinstance(kinds, dict) else [kinds]
    return any("dynamic" in str(kind) or "longrope" in str(kind) for kind in named)


def _alone(subject: CausalSubject, row: Sequence[int], length: int, points: Sequence[HookPoint]) -> _Seen:
    forward = subject.forward(row[:length], points)
    seen = [_last({point: value[-1] for point, value in forward.values.items()}, forward.logits)]
    for token in row[length:]:
        forward = subject.forward([token], points, forward.cache)
        seen.append(_last({point: value[-1] for point, value in forward.values.items()}, forward.logits))
    return seen


def _together(subject: CausalSubject, rows: Sequence[Sequence[int]], points: Sequence[HookPoint]) -> list[_Seen]:
    """Two begin, step, a third joins, step; a row that is done goes, and the last one takes its place."""
    slots, order, seen = Slots(), [0, 1], [_Seen() for _ in rows]
    for number, begun in enumerate(begin(subject, [rows[one][: _LENGTHS[one]] for one in order], points)):
        seen[number].append(_last({point: value[-1] for point, value in begun.values.items()}, begun.logits))
        slots.join(begun.kept)
    while order:
        tokens = [rows[one][slots.lengths[slot]] for slot, one in enumerate(order)]
        stepped = step(subject, slots, range(len(order)), tokens, points)
        slots.grow(range(len(order)))
        for slot, one in enumerate(order):
            own = {point: value[slot] for point, value in stepped.values.items()}
            seen[one].append(_last(own, stepped.logits[slot]))
        for slot in reversed(range(len(order))):
            if len(seen[order[slot]]) > _STEPS:
                slots.drop(slot)
                order[slot] = order[-1]
                order.pop()
        if not seen[2]:
            (begun,) = begin(subject, [rows[2][: _LENGTHS[2]]], points)
            seen[2].append(_last({point: value[-1] for point, value in begun.values.items()}, begun.logits))
            slots.join(begun.kept)
            order.append(2)
    return seen


def _last(values: dict[HookPoint, torch.Tensor], logits: torch.Tensor) -> torch.Tensor:
    """Join activations of unit length with logits of unit length, so that none is too small to be seen."""
    parts = [*values.values(), logits]
    return torch.cat([part.float() / part.float().norm().clamp(min=1e-12) for part in parts])
