"""Canaries: conversations whose scores must come out again wherever a certificate is used.

They are drawn from the select fold, always synthetic, and stand in the suite with the scores that `prepare` saw. One score
beyond eps means that this is not the model, or not the set-up, that was certified.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from guard.certificate import Decimal, number
from guard.conversation import Conversation, LabelledConversation
from guard.errors import InputError, VerificationError
from guard.probes.judge import judge
from guard.probes.reading import Subject, fresh
from guard.probes.suite import Suite
from guard.rows import read_row
from guard.scores import Judgement, ProbeScore

FILE = "canaries.jsonl"
"""Name inside the suite."""


class _Score(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    turn: int
    claim: str
    value: Decimal


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    row: msgspec.Raw
    scores: tuple[_Score, ...]


@dataclass(frozen=True, slots=True)
class Canary:
    """One conversation and the scores that it had."""

    conversation: Conversation
    """Synthetic."""
    scores: Mapping[tuple[int, str], float]
    """By turn and claim."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay found."""

    count: int
    """Conversations replayed."""
    largest: float
    """Largest difference of a score; infinite where a score is missing."""


def write(rows: Sequence[LabelledConversation], judgements: Sequence[tuple[Judgement, ...]]) -> bytes:
    """Write canaries.jsonl.

    Raises:
        InputError: A score is missing: such a conversation can't be a canary.
    """
    return b"".join(_write_one(row, judged) for row, judged in zip(rows, judgements, strict=True))


def _write_one(row: LabelledConversation, judged: tuple[Judgement, ...]) -> bytes:
    scores = []
    for judgement in judged:
        for score in judgement.scores:
            if not isinstance(score, ProbeScore):
                raise InputError(f"row {row.id[:60]!r} has no score and can't be a canary")
            scores.append(_Score(judgement.at.turn, str(score.claim), number(score.value)))
    return msgspec.json.encode(_Line(msgspec.Raw(row.line().strip()), tuple(scores))) + b"\n"


def read(data: bytes) -> tuple[Canary, ...]:
    """Read canaries.jsonl.

    Raises:
        VerificationError: A line is not a canary, or there is none.
    """
    canaries = []
    for line in data.splitlines():
        try:
            entry = msgspec.json.decode(line, type=_Line)
            scores = {(score.turn, score.claim): float(score.value) for score in entry.scores}
            canaries.append(Canary(read_row(bytes(entry.row)).conversation, scores))
        except (msgspec.DecodeError, InputError, ValueError, RecursionError) as error:
            raise VerificationError("the suite has a line that is not a canary") from error
    if not canaries:
        raise VerificationError("the suite has no canaries")
    return tuple(canaries)


def moved(canary: Canary, judged: Sequence[Judgement]) -> float:
    """Return the largest difference of a canary's scores; infinite where one is missing, surplus or not a number."""
    found = {
        (judgement.at.turn, str(score.claim)): score.value
        for judgement in judged
        for score in judgement.scores
        if isinstance(score, ProbeScore)
    }
    if found.keys() != canary.scores.keys():
        return math.inf
    differences = [abs(found[key] - canary.scores[key]) for key in found]
    return max(differences, default=0.0) if all(map(math.isfinite, differences)) else math.inf


def replay(subject: Subject, suite: Suite, canaries: Sequence[Canary]) -> Replay:
    """Score the canaries again, none of them from memory, and return the largest difference."""
    judged = judge(fresh(subject), suite, [canary.conversation for canary in canaries])
    return Replay(len(canaries), max(map(moved, canaries, judged), default=0.0))


def require(replayed: Replay, eps: float) -> None:
    """Refuse a model whose canaries moved.

    Raises:
        VerificationError: A score differs by more than `eps`.
    """
    if not replayed.largest <= eps:
        raise VerificationError(
            f"the canaries do not come out again: a score moved by {replayed.largest:.3g}, allowed is {eps:.3g}",
            "this is not the certified model or set-up: serve the certified one, or certify this one",
        )
