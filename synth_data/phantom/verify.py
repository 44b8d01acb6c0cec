"""Verifying what can be read in a phantom, on folds that it was not trained on.

Features are read by logistic regression on standardised activations at the decision token, fitted on the train fold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

import numpy as np

from guard.conversation import Kind, Message
from guard.hazards import Claim
from synth_data.phantom.bystanders import beside
from synth_data.phantom.corpus import Draw
from synth_data.phantom.inside import Array, Inside
from synth_data.phantom.recipe import BYSTANDERS, HAZARDS
from synth_data.scenario import Profile, Telling

_FALSE_ALARMS = 0.05


@dataclass(frozen=True, slots=True)
class Reading:
    """How well a feature can be read in one fold and language."""

    feature: str
    """Claim or bystander."""
    fold: str
    """Of the scenarios."""
    language: str
    """Of the conversations."""
    block: int
    """Number of the block from 0; the one with the highest AUROC on the select fold in English."""
    auroc: float
    """Against all rows without it."""
    miss: float
    """Share of positives below the threshold at which 5 % of the English rows of the select fold without it are alarms."""
    pairs: float
    """Share of pairs of which the positive scores higher than its twin; NaN for bystanders."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Drawn conversations."""

    rows: list[list[int]]
    """Tokens."""
    tellings: list[Telling]
    """What they were made of."""
    kinds: list[tuple[Claim | None, Kind]]
    """What each is."""
    seen: list[tuple[int, int]] = field(default_factory=list)
    """Bystanders: there, not there, or (-1) no user speaks."""


def sample(
    inside: Inside, draw: Draw, claims: Sequence[Claim | None], count: int, language: str, *, chance: float, first: int = 0
) -> Sample:
    """Draw `count` draws of each claim, with bystander sentences by chance, and render them."""
    rng = Random(f"bystanders {language} {first}")
    found = Sample([], [], [], [])
    talks: list[tuple[Message, ...]] = []
    for claim in claims:
        for index in range(first, first + count):
            for kind, telling in draw(claim, language, "upto1000", index, Profile.WHOLE):
                messages, seen, _ = beside(telling.messages, language, chance, rng)
                talks.append(messages)
                found.tellings.append(telling)
                found.kinds.append((claim, kind))
                found.seen.append(seen)
    found.rows.extend(inside.prompts(talks))
    return found


def readings(inside: Inside, folds: Mapping[str, Draw], languages: Sequence[str], count: int) -> list[Reading]:
    """Fit readers on the train fold and read every feature in the other folds and languages.

    Args:
        inside: The phantom.
        folds: Draws by fold: train, select, and any others.
        languages: The first is English; readers are fitted on all together.
        count: Draws of each hazard, and of ordinary traffic, in each fold and language; of the train fold twice as many.
    """
    claims = (*HAZARDS, None)
    drawn = {
        (fold, language): sample(inside, draw, claims, count * (2 if fold == "train" else 1), language, chance=0.5)
        for fold, draw in folds.items()
        for language in languages
    }
    states = {key: inside.states(part.rows) for key, part in drawn.items()}
    found = []
    features: tuple[Claim | str, ...] = (*HAZARDS, *BYSTANDERS)
    for feature in features:
        truths = {key: truth(part, feature) for key, part in drawn.items()}
        found += _read(feature, states, truths, drawn, languages, list(folds))
    return found


def truth(part: Sample, feature: Claim | str) -> Array:
    """Return which rows have a feature: 1, 0, or -1 where that is not known; (rows,)."""
    if isinstance(feature, str) and feature in BYSTANDERS:
        return np.array([seen[BYSTANDERS.index(feature)] for seen in part.seen], np.float32)
    return np.array([_holds(claim, kind, feature) for claim, kind in part.kinds], np.float32)


def _holds(claim: Claim | None, kind: Kind, feature: Claim | str) -> int:
    if kind is not Kind.POSITIVE:
        return 0
    return 1 if claim == feature else -1


def _read(
    feature: Claim | str,
    states: Mapping[tuple[str, str], Array],
    truths: Mapping[tuple[str, str], Array],
    drawn: Mapping[tuple[str, str], Sample],
    languages: Sequence[str],
    folds: Sequence[str],
) -> list[Reading]:
    first = "select", languages[0]
    scores = _scores(states, truths, languages)
    blocks = range(next(iter(states.values())).shape[1])
    best = max(blocks, key=lambda block: auroc(scores[first][block], truths[first]))
    limit = float(np.quantile(scores[first][best][truths[first] == 0], 1 - _FALSE_ALARMS))
    found = []
    for fold in folds:
        for language in languages:
            if fold == "train":
                continue
            own, true = scores[fold, language][best], truths[fold, language]
            found.append(
                Reading(
                    str(feature), fold, language, best, auroc(own, true), float(np.mean(own[true == 1] <= limit)),
                    float("nan") if feature in BYSTANDERS else _pairs(own, true, drawn[fold, language]),
                )
            )  # fmt: skip
    return found


def _scores(
    states: Mapping[tuple[str, str], Array], truths: Mapping[tuple[str, str], Array], languages: Sequence[str]
) -> dict[tuple[str, str], list[Array]]:
    from sklearn.linear_model import LogisticRegression

    keys = [("train", language) for language in languages]
    values, true = np.concatenate([states[key] for key in keys]), np.concatenate([truths[key] for key in keys])
    known = true >= 0
    found: dict[tuple[str, str], list[Array]] = {key: [] for key in states}
    for block in range(values.shape[1]):
        mean, spread = values[known, block].mean(0), values[known, block].std(0) + 1e-6
        fitted = LogisticRegression(C=0.01, max_iter=200, class_weight="balanced")
        fitted.fit((values[known, block] - mean) / spread, true[known])
        for key, state in states.items():
            found[key].append(fitted.decision_function((state[:, block] - mean) / spread).astype(np.float32))
    return found


def auroc(scores: Array, true: Array) -> float:
    """Return the area under the ROC curve; rows whose truth is not known are left out."""
    from scipy.stats import rankdata

    ranks = rankdata(scores[true >= 0])
    positive = true[true >= 0] == 1
    count = int(positive.sum())
    if not 0 < count < len(positive):
        return float("nan")
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(positive) - count)))


def _pairs(scores: Array, true: Array, part: Sample) -> float:
    pairs = [(at, at + 1) for at in np.flatnonzero(true == 1) if at + 1 < len(true) and part.kinds[at + 1][1] is Kind.TWIN]
    if not pairs or part.kinds[pairs[0][0]][1] is not Kind.POSITIVE:
        return float("nan")
    return float(np.mean([scores[one] > scores[two] for one, two in pairs]))
