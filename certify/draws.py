"""Scores of the select fold, by draw and by row: what thresholds are chosen on.

Comes in: one monitor's score at each place of each row. Goes out: arrays for `certify.threshold`, and the operating point
of a monitor that carries no bound.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from certify.dataset import TRIPLE, is_about
from certify.extract import Read, label_for, turn_of
from guard.conversation import Kind, LabelledConversation
from guard.errors import ProtocolError, ScoringError
from guard.hazards import Claim, Stage
from guard.probes.judge import judge
from guard.probes.linear import LinearProbe
from guard.probes.monitor import Monitor
from guard.probes.reading import Places, Subject
from guard.probes.suite import Suite
from guard.scores import ProbeScore

Floats = NDArray[np.float64]

PlaceScores = Mapping[tuple[int, int], float]
"""One monitor's score per (row, turn); a place that is absent has none."""


def logits_of(probe: LinearProbe, values: NDArray[np.float32]) -> Floats:
    """Return the logits of activations; shape (tokens,)."""
    weight, bias = probe.folded()
    return np.asarray(values.astype(np.float64) @ weight + bias, dtype=np.float64)


def place_scores(monitor: Monitor, read: Read, subject: Subject | None = None) -> PlaceScores:
    """Score every place of some rows with one monitor.

    From what was read, if that holds the tokens that the monitor reads; else the rows are read again, as the guard does.

    Raises:
        ProtocolError: The rows must be read again, and there is no model to do so.
    """
    last = monitor.aggregation.kind == "last"
    if set(monitor.hook_points) <= set(read.hook_points) and last == (read.places is Places.DECISION):
        columns = [read.hook_points.index(point) for point in monitor.hook_points]
        return _finite({key: _score(monitor, read, columns, *key) for key in read.at})
    if subject is None:
        raise ProtocolError(f"the rows were not read where {monitor.claim} reads them")
    judged = judge(subject, Suite.of([monitor]), [row.conversation for row in read.rows])
    return {
        (number, each.at.turn): score.value
        for number, found in enumerate(judged)
        for each in found
        for score in each.scores
        if isinstance(score, ProbeScore)
    }


def _score(monitor: Monitor, read: Read, columns: Sequence[int], row: int, turn: int) -> float:
    tokens = read.tokens(row, turn)
    logits = np.mean([logits_of(p, tokens[:, c]) for p, c in zip(monitor.probes, columns, strict=True)], axis=0)
    return monitor.aggregation.over(logits.tolist())


def _finite(scores: dict[tuple[int, int], float]) -> dict[tuple[int, int], float]:
    return {key: value for key, value in scores.items() if math.isfinite(value)}


@dataclass(frozen=True, slots=True)
class DrawScores:
    """Highest scores per draw of the select fold, as the threshold is chosen on."""

    positives: Floats
    """(draws,): where the monitor was to fire; -inf if unavailable."""
    near: Floats
    """(draws, 2): of twin and hard negative; inf if unavailable."""
    traffic: Floats
    """(draws,): of ordinary conversations; -inf where nothing is judged at the stage, inf if unavailable."""


def draw_scores(claim: Claim, rows: Sequence[LabelledConversation], scores: PlaceScores) -> DrawScores:
    """Take the highest score of every draw of the select fold.

    Raises:
        ProtocolError: The select fold has no draw of the claim, one that is not complete, or no traffic.
    """
    index = {(row.meta.draw, row.meta.role): number for number, row in enumerate(rows)}
    draws = sorted({draw for draw, role in index if is_about(draw, claim) and role is not Kind.TRAFFIC})
    traffic = [number for (_, role), number in index.items() if role is Kind.TRAFFIC]
    if not draws or not traffic:
        raise ProtocolError(f"the select fold has no draws of {claim}, or no traffic", "generate select rows for both")
    partial = next((draw for draw in draws if not {(draw, role) for role in TRIPLE} <= index.keys()), None)
    if partial is not None:
        raise ProtocolError(f"the draw {partial} lacks its positive, its twin or its hard negative", "generate it again")

    def highest(number: int, missing: float, from_turn: int = 0) -> float:
        places = rows[number].conversation.judged()
        keys = [(number, p.turn) for p in places if p.stage is claim.stage and p.turn >= from_turn]
        if any(key not in scores for key in keys):
            return missing
        return max((scores[key] for key in keys), default=-math.inf)

    def positive(draw: str) -> float:
        number = index[draw, Kind.POSITIVE]
        onset = rows[number].meta.onset.get(str(claim))
        return highest(number, -math.inf, onset[0] if onset else 0)

    near = [[highest(index[draw, role], math.inf) for role in TRIPLE[1:]] for draw in draws]
    return DrawScores(
        np.array([positive(draw) for draw in draws]),
        np.array(near),
        np.array([highest(number, math.inf) for number in traffic]),
    )


def row_scores(claim: Claim, rows: Sequence[LabelledConversation], scores: PlaceScores) -> dict[int, float]:
    """Return the score of each row, after the last turn at which monitors of the stage read it; by number of the row."""
    found = {number: (number, turn) for number, row in enumerate(rows) if (turn := turn_of(row, claim.stage)) is not None}
    return {number: scores[key] for number, key in found.items() if key in scores}


@dataclass(frozen=True, slots=True)
class Measured:
    """An operating point without a bound."""

    threshold: float
    """Fires at or above."""
    missed: int
    """Positives below it."""
    positives: int
    """All of them."""
    alarms: int
    """Benign rows at or above it."""
    benign: int
    """All of them."""


def measured_threshold(claim: Claim, rows: Sequence[LabelledConversation], scores: PlaceScores) -> Measured:
    """Choose a response monitor's threshold on written answers: few alarms first, then few misses.

    An alarm cuts a harmless answer short, so each weighs as much as three misses; of equally good thresholds the middle of
    the widest gap is taken, and one beyond all scores only where no other is as good.

    Raises:
        ScoringError: No row of one of the two classes could be read.
    """
    labelled = [(label_for(claim, rows[number]), score) for number, score in row_scores(claim, rows, scores).items()]
    positives = np.sort([score for label, score in labelled if label == 1])
    benign = np.sort([score for label, score in labelled if label == 0])
    if not len(positives) or not len(benign):
        raise ScoringError(f"no scores of both hazardous and benign rows of {claim}")
    places = np.unique(np.concatenate([positives, benign]))
    taus = np.concatenate([[places[0] - 1.0], (places[:-1] + places[1:]) / 2, [places[-1] + 1.0]])
    gaps = np.concatenate([[0.0], np.diff(places), [0.0]])
    missed = np.searchsorted(positives, taus, side="left")
    alarms = len(benign) - np.searchsorted(benign, taus, side="left")
    cost = missed / len(positives) + 3 * alarms / len(benign)
    best = np.flatnonzero(cost == cost.min())
    at = int(best[np.argmax(gaps[best])])
    return Measured(float(taus[at]), int(missed[at]), len(positives), int(alarms[at]), len(benign))


def reads_answers(claim: Claim) -> bool:
    """Tell whether a claim is about what the model says."""
    return claim.stage in (Stage.RESPONSE, Stage.ANSWER)
