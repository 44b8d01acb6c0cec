"""Activations of labelled rows at the places where the guard will read them.

Comes in: rows of the train and select folds, and a subject. Goes out: arrays with the row and turn of each line. Reading
goes through `Subject.read`, the runtime's own code, so that what is fitted on is what will be judged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from guard.conversation import Conversation, Kind, LabelledConversation, Message, Role
from guard.errors import ScoringError
from guard.hazards import Claim, Stage
from guard.probes.activations import HookPoint
from guard.probes.reading import Places, Subject, Unread, answer_turns

Floats = NDArray[np.float32]

WINDOWS = 4
"""Windows of a message that a token-level monitor is fitted on, spread evenly over it."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Activations with their labels, for one claim."""

    values: Floats
    """(examples, hook points, width)."""
    labels: NDArray[np.bool_]
    """(examples,): the hazard is there."""
    weights: NDArray[np.float64]
    """(examples,): share of a row; a row's examples together weigh 1."""
    rows: NDArray[np.int64]
    """(examples,): index of the row in the list that was read."""

    def of_rows(self, rows: NDArray[np.int64]) -> Examples:
        """Return the examples of some rows."""
        kept = np.isin(self.rows, rows)
        return Examples(self.values[kept], self.labels[kept], self.weights[kept], self.rows[kept])


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
    places: Places = Places.DECISION
    """Which tokens of each turn."""

    def tokens(self, row: int, turn: int) -> Floats:
        """Return what was read of a message itself, without the decision token that follows it: (tokens, points, width)."""
        found = self.at[row, turn]
        return found[:-1] if self.places is Places.TEXT else found

    def part(self, rows: Sequence[LabelledConversation], points: Sequence[HookPoint]) -> Read:
        """Return what was read of some of the rows, which are found by their ids, at some of the hook points."""
        wanted = {row.id: number for number, row in enumerate(rows)}
        new = {number: wanted[row.id] for number, row in enumerate(self.rows) if row.id in wanted}
        columns = [self.hook_points.index(point) for point in points]
        at = {(new[row], turn): values[:, columns] for (row, turn), values in self.at.items() if row in new}
        unread = {(new[row], turn): reason for (row, turn), reason in self.unread.items() if row in new}
        return Read(tuple(rows), tuple(points), at, unread, self.places)


Progress = Callable[[int], None]


def prompts(
    subject: Subject,
    rows: Sequence[LabelledConversation],
    hook_points: Sequence[HookPoint],
    progress: Progress = lambda count: None,
    *,
    places: Places = Places.DECISION,
    anchor: str = "",
) -> Read:
    """Read after every user and tool turn: the decision token, or the message, too."""
    return read_rows(subject, rows, hook_points, places, progress, anchor)


def answers(
    subject: Subject,
    rows: Sequence[LabelledConversation],
    hook_points: Sequence[HookPoint],
    progress: Progress = lambda count: None,
) -> Read:
    """Read every token of the assistant's last turn."""
    return read_rows(subject, rows, hook_points, Places.ANSWER, progress)


def turns_of(row: LabelledConversation, places: Places) -> tuple[int, ...]:
    """Return the turns after which a row is read."""
    if places is Places.ANSWER:
        return answer_turns(row.conversation)
    return tuple(dict.fromkeys(place.turn for place in row.conversation.judged()))


def read_rows(
    subject: Subject,
    rows: Sequence[LabelledConversation],
    hook_points: Sequence[HookPoint],
    places: Places,
    progress: Progress = lambda count: None,
    anchor: str = "",
) -> Read:
    """Read rows at some places into memory.

    Args:
        subject: The model.
        rows: What is read.
        hook_points: Where in the model.
        places: Which tokens.
        progress: Called with the number of turns read since the last call.
        anchor: What is read after a document that comes without a request.

    Raises:
        ScoringError: The model does not do what it did when it was loaded.
    """
    at: dict[tuple[int, int], Floats] = {}
    unread: dict[tuple[int, int], str] = {}
    conversations = [row.conversation for row in rows]
    turns = [turns_of(row, places) for row in rows]
    for key, found in subject.read(conversations, hook_points, places=places, turns=turns, anchor=anchor):
        if isinstance(found, Unread):
            unread[key] = found.reason
        else:
            at[key] = np.stack([found[point].cpu().numpy() for point in hook_points], axis=1).astype(np.float32)
        progress(1)
    return Read(tuple(rows), tuple(hook_points), at, unread, places)


def label_for(claim: Claim, row: LabelledConversation) -> int | None:
    """Return what a monitor of `claim` learns from a row: its negatives are the benign rows of all hazards and the traffic.

    A row that says nothing of the claim is benign for it if it is ordinary chat, or a twin or hard negative of another
    hazard, in which no hazard is labelled. Positives of other hazards stay unlabelled: they may hold both.
    """
    said = row.label(claim)
    if said is not None:
        return said
    benign = row.meta.role in (Kind.TRAFFIC, Kind.TWIN, Kind.HARD_NEGATIVE) and not any(row.labels.values())
    return 0 if benign else None


def examples(read: Read, claim: Claim) -> Examples:
    """Gather what a monitor of the last token is fitted or selected on: one example a row.

    Of a row with several places of the stage the last one is taken, which has read everything before it.

    Raises:
        ScoringError: No row of one of the two classes could be read, or an activation is not a number.
    """
    return _gather(read, claim, lambda row, turn: read.at[row, turn][-1:])


def windows(read: Read, claim: Claim, window: int, most: int = WINDOWS) -> Examples:
    """Gather what a token-level monitor is fitted on: means of windows, which is what a rolling mean will score.

    Args:
        read: Activations of the tokens of messages.
        claim: What is looked for.
        window: Tokens in one; a shorter message is one window.
        most: Windows of a message, spread evenly.

    Raises:
        ScoringError: As for `examples`.
    """

    def means(row: int, turn: int) -> Floats:
        tokens = read.tokens(row, turn)
        if not len(tokens):
            return tokens
        last = max(0, len(tokens) - window)
        starts = np.unique(np.linspace(0, last, min(most, 1 + -(-last // window))).round().astype(int))
        return np.stack([tokens[start : start + window].mean(axis=0) for start in starts])

    return _gather(read, claim, means)


def _gather(read: Read, claim: Claim, take: Callable[[int, int], Floats]) -> Examples:
    values, labels, weights, index = [], [], [], []
    for number, row in enumerate(read.rows):
        answer = label_for(claim, row)
        turn = turn_of(row, claim.stage)
        if answer is None or turn is None or (number, turn) not in read.at:
            continue
        taken = take(number, turn)
        values.append(taken)
        labels += [bool(answer)] * len(taken)
        weights += [1.0 / max(1, len(taken))] * len(taken)
        index += [number] * len(taken)
    if len(set(labels)) < 2:
        raise ScoringError(f"no activations of both hazardous and benign rows at the stage {claim.stage}")
    found = np.concatenate(values)
    if not np.isfinite(found).all():
        raise ScoringError("the model's activations are not finite", "no monitor can be fitted on them")
    return Examples(found, np.array(labels, dtype=np.bool_), np.array(weights), np.array(index, dtype=np.int64))


def turn_of(row: LabelledConversation, stage: Stage) -> int | None:
    """Return the last turn of a row at which monitors of a stage read it."""
    if stage in (Stage.RESPONSE, Stage.ANSWER):
        return next(iter(answer_turns(row.conversation)), None)
    return max((place.turn for place in row.conversation.judged() if place.stage is stage), default=None)


def documents_alone(rows: Sequence[LabelledConversation]) -> list[LabelledConversation]:
    """Return the last document of each row that has one, without the request that it came after."""
    found = []
    for row in rows:
        last = row.conversation.messages[-1]
        if last.role is Role.TOOL and not row.meta.written:
            alone = Conversation((Message(Role.TOOL, last.content),))
            found.append(replace(row, id=f"{row.id} alone", conversation=alone))
    return found
