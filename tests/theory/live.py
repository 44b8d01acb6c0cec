"""Monitoring after the test: an e-process on audited labels, and a conformal test martingale, beside what goes wrong.

No part of a certificate: these are the simulations behind what the documentation says of looking again and again.
"""

from __future__ import annotations

from bisect import bisect_right, insort

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
STAKES = (0.5, 1.0, 2.0, 4.0, 8.0)
JUMP = 0.01


def log_e_process(errors: NDArray[np.bool_], alpha: float) -> Floats:
    """Return log E_n = log mean_k prod_i (1 + l_k (X_i - alpha)) along each row, shape as `errors`."""
    paths = np.stack([np.cumsum(np.log1p(stake * (errors - alpha)), axis=1) for stake in STAKES])
    top = paths.max(axis=0)
    wealth: Floats = top + np.log(np.exp(paths - top).mean(axis=0))
    return wealth


def first_alarm(log_wealth: Floats, delta: float) -> NDArray[np.int64]:
    """Return at which label each row reaches 1/delta, counted from 1; 0 where it never does."""
    reached = log_wealth >= np.log(1 / delta)
    return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, 0)


def peeked_binomial(errors: NDArray[np.bool_], alpha: float, every: int) -> NDArray[np.bool_]:
    """Say for each row whether a one-sided binomial test at 5 % ever rejects when it is looked at every so often."""
    seen = np.cumsum(errors, axis=1)[:, every - 1 :: every]
    looks = np.arange(every, errors.shape[1] + 1, every)
    rejected: NDArray[np.bool_] = (stats.binom.sf(seen - 1, looks, alpha) <= 0.05).any(axis=1)
    return rejected


def fixed_bag_p_values(points: Floats, bag: int, rng: np.random.Generator) -> Floats:
    """Return p-values of live points against one bag of calibration points that never grows: they depend on each other."""
    calibration = np.sort(rng.random((len(points), bag)), axis=1)
    above = np.array([bag - np.searchsorted(own, live) for own, live in zip(calibration, points, strict=True)])
    p: Floats = (above + rng.random(points.shape)) / (bag + 1)
    return p


def growing_bag_p_values(points: Floats, bag: int, rng: np.random.Generator) -> Floats:
    """Return conformal p-values of live points against everything seen so far, themselves included: independent, uniform."""
    p = np.empty_like(points)
    for row, live in enumerate(points):
        seen = sorted(rng.random(bag).tolist())
        for step, score in enumerate(live.tolist()):
            above = len(seen) - bisect_right(seen, score)
            insort(seen, score)
            p[row, step] = above
    sizes = bag + 1 + np.arange(points.shape[1])
    found: Floats = (p + rng.random(points.shape)) / sizes
    return found


def simple_jumper(p: Floats) -> Floats:
    """Return the largest wealth along each row of the simple-jumper martingale (Vovk and others): bets 1 + e (p - 1/2)."""
    bets = np.array([-1.0, 0.0, 1.0])
    capital = np.full((len(p), 3), 1 / 3)
    largest = np.ones(len(p))
    for column in p.T:
        capital = (1 - JUMP) * capital + JUMP / 3 * capital.sum(axis=1, keepdims=True)
        capital *= 1 + bets * (column[:, np.newaxis] - 0.5)
        largest = np.maximum(largest, capital.sum(axis=1))
    return largest
