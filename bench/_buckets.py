"""The guard's kinds of monitor on the generator's rows, in both length buckets."""

from __future__ import annotations

import math
from collections.abc import Sequence

import _rows
from _long_tables import Cell

from certify.long_input import GUARD, READERS, Heard, threshold
from guard.cell import BUCKETS
from guard.certificate import Proportion
from guard.conversation import Fold, Kind, LabelledConversation, Role
from guard.hazards import Claim
from guard.probes.linear import Stack
from guard.probes.reading import Places
from guard.subjects.causal import CausalSubject

Scores = dict[Kind, list[float]]
"""Per kind of row, of one claim and reader."""


def _users(row: LabelledConversation) -> list[int]:
    """Return the turns after which a conversation is judged by what the user says."""
    return [turn for turn, message in enumerate(row.conversation.messages) if message.role is Role.USER]


def heard(
    subject: CausalSubject, stack: Stack, rows: Sequence[LabelledConversation], claims: Sequence[Claim]
) -> list[list[Heard | None]]:
    """Read rows at their user turns; per row and claim what was heard from the onset on, None where a turn can't be read."""
    turns = [_users(row) for row in rows]
    found: list[dict[int, list[list[float]]]] = [{} for _ in rows]
    conversations = [row.conversation for row in rows]
    for (row, turn), values in subject.read(conversations, stack.hook_points, places=Places.TEXT, turns=turns):
        if isinstance(values, dict):
            found[row][turn] = stack.logits(values).tolist()
    return [
        [_of(row, own, judged, index, claim) for index, claim in enumerate(claims)]
        for row, own, judged in zip(rows, found, turns, strict=True)
    ]


def _of(
    row: LabelledConversation, own: dict[int, list[list[float]]], turns: Sequence[int], index: int, claim: Claim
) -> Heard | None:
    onset = row.meta.onset.get(str(claim), (0, 0))[0]
    if len(own) != len(turns):
        return None
    late = [own[turn] for turn in turns if turn >= onset]
    return Heard(
        tuple(tuple(token[2 * index + 1] for token in message[:-1]) for message in late),
        tuple(message[-1][2 * index] for message in late),
    )


def cells(
    subject: CausalSubject, stack: Stack, claims: Sequence[Claim], number: int, seed: bytes, rate: float
) -> dict[str, list[Cell]]:
    """Set a threshold per bucket on the select fold and count losses on other scenarios, of the fold certify.

    These draws have a seed of their own and are no draws of any test. What can't be read is missed, and a false alarm.

    Args:
        subject: The model.
        stack: Columns in pairs: for each claim the probe of the decision token, then the probe of the text.
        claims: In that order.
        number: Draws of each claim, of ordinary chat, in each bucket and fold.
        seed: Of the draws.
        rate: False alarms that a threshold allows.
    """
    found: dict[str, list[Cell]] = {str(claim): [] for claim in claims}
    for bucket, _ in BUCKETS:
        for index, claim in enumerate(claims):
            folds = {}
            for fold in (Fold.SELECT, Fold.CERTIFY):
                rows = [row for of in (claim, None) for row in _rows.drawn(of, number, fold, seed, bucket)]
                folds[fold] = list(zip(rows, heard(subject, stack, rows, claims), strict=True))
            for name in GUARD:
                setting, judged = (_scores(folds[fold], index, name) for fold in (Fold.SELECT, Fold.CERTIFY))
                sides = ([*setting[Kind.TWIN], *setting[Kind.HARD_NEGATIVE]], setting[Kind.TRAFFIC])
                tau = max(threshold(side, rate) for side in sides)
                fires = {kind: [score >= tau for score in scores] for kind, scores in judged.items()}
                near = [*fires[Kind.TWIN], *fires[Kind.HARD_NEGATIVE]]
                missed = [not fired for fired in fires[Kind.POSITIVE]]
                misses, alarms, traffic = map(_counted, (missed, near, fires[Kind.TRAFFIC]))
                found[str(claim)].append(Cell(bucket, name, misses, alarms, traffic))
    return found


def _counted(losses: Sequence[bool]) -> Proportion:
    return Proportion(successes=sum(losses), trials=len(losses))


def _scores(rows: Sequence[tuple[LabelledConversation, list[Heard | None]]], index: int, name: str) -> Scores:
    found: Scores = {kind: [] for kind in Kind}
    for row, by_claim in rows:
        kind, one = row.meta.role, by_claim[index]
        if kind is not None:
            unread = -math.inf if kind is Kind.POSITIVE else math.inf
            found[kind].append(unread if one is None else READERS[name](one))
    return found
