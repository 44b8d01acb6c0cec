"""How well scores rank, with an interval that resamples families.

Comes in: scores, labels and families. Goes out: an AUROC or a pair accuracy, never flipped. Rows of one family are not
independent, so whole families are drawn with replacement.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1_000
"""Resamples of the families behind an interval."""
LEVEL = 0.95
"""Confidence level of the intervals."""

Floats = NDArray[np.float64]
"""Scores."""
Bools = NDArray[np.bool_]
"""Labels, and which rows are meant."""
Ints = NDArray[np.int64]
"""Places of rows, and numbers of groups."""


class Estimate(msgspec.Struct, frozen=True):
    """A share with its interval."""

    value: float
    """On the rows at hand."""
    low: float
    """Lower end."""
    high: float
    """Upper end."""


def codes(names: Sequence[str]) -> Ints:
    """Number names from 0."""
    return np.unique(np.array(names, dtype=str), return_inverse=True)[1].astype(np.int64)


def auroc(scores: Floats, positive: Bools, family: Ints, *, seed: int = 0) -> Estimate:
    """Return the share of (positive, negative) couples that the scores put in order; a tie counts half.

    Wins are counted once for each two families; a resample then only weights that table, which makes it cheap.

    Args:
        scores: One for each row.
        positive: Label of each row; both must occur.
        family: Number of the family of each row, from 0.
        seed: Of the resamples.
    """
    count = int(family.max()) + 1
    _, place = np.unique(scores, return_inverse=True)
    negatives = np.zeros((int(place.max()) + 1, count))
    np.add.at(negatives, (place[~positive], family[~positive]), 1.0)
    credit = np.cumsum(negatives, axis=0) - negatives / 2
    wins = np.zeros((count, count))
    np.add.at(wins, family[positive], credit[place[positive]])
    of_positive, of_negative = np.bincount(family[positive], minlength=count), np.bincount(family[~positive], minlength=count)
    drawn = _multiplicities(count, seed)
    couples = (drawn @ of_positive) * (drawn @ of_negative)
    return _estimate(
        wins.sum() / (of_positive.sum() * of_negative.sum()), ((drawn @ wins) * drawn).sum(axis=1), couples.astype(np.float64)
    )


def pair_accuracy(scores: Floats, positive: Bools, pair: Ints, family: Ints, *, seed: int = 0) -> Estimate | None:
    """Return the share of pairs whose positive scores above its twin; a tie counts half. None without a whole pair.

    Args:
        scores: One for each row of a pair.
        positive: Which side of the pair.
        pair: Number of the pair of each row.
        family: Number of the family of each row.
        seed: Of the resamples.
    """
    size = int(pair.max(initial=-1)) + 1
    high, low = np.full(size, np.nan), np.full(size, np.nan)
    high[pair[positive]], low[pair[~positive]] = scores[positive], scores[~positive]
    of = np.zeros(size, dtype=np.int64)
    of[pair] = family
    whole = ~(np.isnan(high) | np.isnan(low))
    if not whole.any():
        return None
    credit = (high[whole] > low[whole]) + 0.5 * (high[whole] == low[whole])
    count = int(family.max()) + 1
    won, held = np.bincount(of[whole], credit, count), np.bincount(of[whole], minlength=count)
    drawn = _multiplicities(count, seed)
    return _estimate(float(credit.mean()), drawn @ won, (drawn @ held).astype(np.float64))


def _multiplicities(count: int, seed: int) -> Floats:
    """Return how often each family was drawn, by resample."""
    return np.random.default_rng(seed).multinomial(count, [1 / count] * count, RESAMPLES).astype(np.float64)


def _estimate(value: float, wins: Floats, couples: Floats) -> Estimate:
    shares = wins[couples > 0] / couples[couples > 0]
    low, high = np.quantile(shares, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(round(float(value), 4), round(float(low), 4), round(float(high), 4))
