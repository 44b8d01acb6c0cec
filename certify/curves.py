"""Ranking and thresholds: area under the ROC curve, its interval by group, and the threshold at a rate of false alarms."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]

ROUNDING = 1e-4
"""Relative difference of scores that counts as none."""
REPEATS = 1_000
"""Bootstrap samples behind an interval."""


def auroc(positives: ArrayLike, negatives: ArrayLike) -> float:
    """Return the area under the ROC curve (Mann-Whitney), ties counting half; NaN where a class is empty.

    Never turned round below one half.
    """
    high, low = np.asarray(positives, dtype=np.float64), np.asarray(negatives, dtype=np.float64)
    if not len(high) or not len(low):
        return math.nan
    ranks = rankdata(np.concatenate([high, low]))
    total = float(ranks[: len(high)].sum()) - len(high) * (len(high) + 1) / 2
    return total / (len(high) * len(low))


def at_count(benign: Sequence[float] | Floats, alarms: int) -> float:
    """Return a threshold that at most `alarms` of the benign scores reach: ties reach fewer.

    It lies midway above the first score that may not reach it. Scores that differ by rounding count as ties, so that
    another batch of the same rows moves none across.
    """
    ranked = np.sort(np.asarray(benign, dtype=np.float64))[::-1]
    first = float(ranked[min(len(ranked) - 1, alarms)])
    if math.isinf(first):
        return math.nextafter(first, math.inf)
    near = first + ROUNDING * (1.0 + abs(first))
    higher = ranked[ranked > near]
    return (near + float(higher.min())) / 2 if len(higher) and math.isfinite(higher.min()) else near


def interval(
    scores: ArrayLike, labels: ArrayLike, groups: Sequence[str], *, seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """Return a percentile bootstrap interval of the AUROC; whole groups are drawn, since their rows are not independent.

    Args:
        scores: (rows,).
        labels: (rows,): 1 or 0, both among them.
        groups: (rows,): name of each row's group.
        seed: Of the resampling.
        level: Coverage that is aimed at.

    Samples in which a class is missing are left out; NaN twice where none is left.
    """
    value, label = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.bool_)
    _, member = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    _, level_of = np.unique(value, return_inverse=True)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(member.max() + 1, np.full(member.max() + 1, 1 / (member.max() + 1)), size=REPEATS)
    areas = np.array([_weighted(level_of, label, times[member]) for times in drawn])
    known = areas[~np.isnan(areas)]
    if not len(known):
        return math.nan, math.nan
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _weighted(level_of: NDArray[np.int64], label: NDArray[np.bool_], weight: NDArray[np.int64]) -> float:
    """Return the AUROC of rows that count several times; `level_of` is the rank of each score among distinct ones."""
    levels = int(level_of.max()) + 1
    high = np.bincount(level_of, np.where(label, weight, 0), minlength=levels)
    low = np.bincount(level_of, np.where(label, 0, weight), minlength=levels)
    pairs = float(high.sum() * low.sum())
    below = np.cumsum(low) - low
    return float((high * (below + low / 2)).sum()) / pairs if pairs else math.nan
