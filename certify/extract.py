"""Activations of labelled rows at the places where the guard will read them.

Comes in: rows of the train and select folds, and a subject. Goes out: arrays with the row and turn of each line. Reading
goes through `guard.probes.reading`, the runtime's own code, so that what is fitted on is what will be judged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from guard.conversation import LabelledConversation
from guard.errors import ScoringError
from guard.hazards import Stage
from guard.probes.activations import HookPoint, Rendered
from guard.probes.judge import answer_positions
from guard.probes.reading import Subject, Unread, answer_turns, decision, read

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Examples:
    """Activations with their labels, for one claim."""

    values: Floats
    """(examples, hook points, width)."""
    labels: NDArray[np.bool_]
    """(examples,): the hazard is there."""
    weights: NDArray[np.float64]
    """(examples,): share of a row; a row's tokens together weigh 1."""
    rows: NDArray[np.int64]
    """(examples,): index of the row in the list that was read."""


@dataclass(frozen=True, slots=True)
class Read:
    """Activations of rows, by row and place."""

    rows: tuple[LabelledConversation, ...]
    """What was read."""
    hook_points: tuple[HookPoint, ...]
    """Where in the model."""
    at: dict[tuple[int, int], Floats]
    """Per (row, turn): (tokens, hook points, width)."""
    unread: dict[tuple[int, int], str]
    """Reason for each place that has no activations."""


def prompts(
    subject: Subject,
    rows: Sequence[LabelledConversation],
    hook_points: Sequence[HookPoint],
    progress: Callable[[int], None] = lambda count: None,
) -> Read:
    """Read the decision token after every user and tool turn."""
    return _read(subject, rows, hook_points, None, decision, progress)


def answers(
    subject: Subject,
    rows: Sequence[LabelledConversation],
    hook_points: Sequence[HookPoint],
    progress: Callable[[int], None] = lambda count: None,
) -> Read:
    """Read every token of the assistant's last turn."""
    turns = [answer_turns(row.conversation) for row in rows]
    return _read(subject, rows, hook_points, turns, answer_positions, progress)


def _read(
    subject: Subject,
    rows: Sequence[LabelledConversation],
    hook_points: Sequence[HookPoint],
    turns: Sequence[Sequence[int]] | None,
    positions: Callable[[Rendered, int], Sequence[int]],
    progress: Callable[[int], None],
) -> Read:
    at: dict[tuple[int, int], Floats] = {}
    unread: dict[tuple[int, int], str] = {}
    conversations = [row.conversation for row in rows]
    for key, found in read(subject, conversations, hook_points, positions=positions, turns=turns):
        if isinstance(found, Unread):
            unread[key] = found.reason
        else:
            at[key] = np.stack([found[point].cpu().numpy() for point in hook_points], axis=1).astype(np.float32)
        progress(1)
    return Read(tuple(rows), tuple(hook_points), at, unread)


def examples(read: Read, stage: Stage, label: Callable[[LabelledConversation], int | None]) -> Examples:
    """Gather what one monitor is fitted or selected on.

    Of a row with several places of the stage the last one is taken, which has read everything before it.

    Args:
        read: Activations.
        stage: Stage of the monitor.
        label: 1, 0, or None for rows that say nothing.

    Raises:
        ScoringError: No row of one of the two classes could be read.
    """
    values, labels, weights, index = [], [], [], []
    for number, row in enumerate(read.rows):
        answer = label(row)
        turn = _turn(row, stage)
        if answer is None or turn is None or (number, turn) not in read.at:
            continue
        tokens = read.at[number, turn]
        values.append(tokens)
        labels += [bool(answer)] * len(tokens)
        weights += [1.0 / len(tokens)] * len(tokens)
        index += [number] * len(tokens)
    if len(set(labels)) < 2:
        raise ScoringError(f"no activations of both hazardous and benign rows at the stage {stage}")
    return Examples(
        np.concatenate(values), np.array(labels, dtype=np.bool_), np.array(weights), np.array(index, dtype=np.int64)
    )


def _turn(row: LabelledConversation, stage: Stage) -> int | None:
    if stage in (Stage.RESPONSE, Stage.ANSWER):
        return next(iter(answer_turns(row.conversation)), None)
    return max((place.turn for place in row.conversation.judged() if place.stage is stage), default=None)
