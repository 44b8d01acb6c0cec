"""What a cache does to a score: the same text in one pass, in pieces, and token by token.

While a model answers, its text goes in piece by piece, each piece on top of keys and values that are kept. The arithmetic
is the same, its order is not. How far that moves a score belongs to the margin that a certificate states.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch

from guard.conversation import Conversation, Role
from guard.probes.activations import HookPoint
from guard.probes.judge import ANSWERS, BEFORE_ANSWER
from guard.probes.linear import Stack
from guard.probes.monitor import Monitor
from guard.probes.suite import Suite
from guard.subjects.causal import CausalSubject

PIECES = 3
"""Parts in which a prompt is fed."""

ANSWER_TOKENS = 24
"""Tokens of an answer that are fed one by one."""


def differences(subject: CausalSubject, suite: Suite, conversations: Sequence[Conversation]) -> Iterator[float]:
    """Yield how far each score of the suite's monitors moves when the text goes in piece by piece.

    The text up to the last message is fed in `PIECES` parts; of an assistant's last turn the tokens follow one by one, as
    they do when it is sampled. A difference that is not finite is given as it is.

    Raises:
        ScoringError: A hook did not fire.
    """
    for conversation in conversations:
        turn = len(conversation) - 1
        rendered = subject.render(conversation, turn)
        start, end = rendered.spans[turn]
        answering = conversation.messages[turn].role is Role.ASSISTANT
        end = min(end, start + ANSWER_TOKENS) if answering else end
        ids = rendered.ids[:end] if answering else rendered.ids
        if 0 < len(ids) <= subject.context:
            monitors = suite.at(*(ANSWERS if answering else BEFORE_ANSWER))
            yield from _moved(subject, monitors, ids, (start, end), start if answering else len(ids))


def _moved(
    subject: CausalSubject, monitors: Sequence[Monitor], ids: Sequence[int], span: tuple[int, int], pieces_end: int
) -> Iterator[float]:
    stack = Stack([monitor.probes for monitor in monitors])
    points = list(stack.hook_points)
    if not points:
        return
    whole = subject.capture([ids], points, [range(len(ids))])
    once = stack.logits({point: whole[point].row(0) for point in points})
    parts = stack.logits(_piecewise(subject, points, ids, pieces_end))
    for column, monitor in enumerate(monitors):
        # Only tokens that are read count: a template's first token can be a hundred times as large as all others.
        read = slice(-1, None) if monitor.aggregation.kind == "last" else slice(*span)
        first, other = (monitor.aggregation.over(logits[read, column].tolist()) for logits in (once, parts))
        if not first == other == -math.inf:  # nothing was read, either way
            yield abs(first - other)


def _piecewise(
    subject: CausalSubject, points: Sequence[HookPoint], ids: Sequence[int], pieces_end: int
) -> dict[HookPoint, torch.Tensor]:
    size = max(1, -(-pieces_end // PIECES))
    cuts = [*range(0, pieces_end, size), *range(pieces_end, len(ids)), len(ids)]
    cache, values = None, []
    for begin, end in pairwise(cuts):
        forward = subject.forward(ids[begin:end], points, cache)
        cache = forward.cache
        values.append(forward.values)
    return {point: torch.cat([each[point] for each in values]) for point in points}
