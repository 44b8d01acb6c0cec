"""Bounds that only these simulations use: wrong ones that must be caught, and others to compare with.

Each takes losses of shape (replications, templates) and returns upper bounds, or verdicts, of shape (replications,).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from certify import bounds

Floats = NDArray[np.float64]
Verdicts = NDArray[np.bool_]

STAKES = np.array([1, 0.9, 0.75, 0.6, 0.45, 0.3, 0.2, 0.12, 0.07, 0.04])
WEIGHTS = np.array([0.4, 0.1, 0.1, 0.08, 0.08, 0.08, 0.06, 0.04, 0.03, 0.03])


def clopper_pearson(successes: Floats, trials: Floats | int, delta: float) -> Floats:
    """Clopper-Pearson for arrays, real-valued counts allowed."""
    counts, out_of = np.broadcast_arrays(np.asarray(successes, float), np.asarray(trials, float))
    safe = np.maximum(out_of - counts, 1e-9)
    return np.where(counts >= out_of - 1e-9, 1.0, stats.beta.isf(delta, counts + 1, safe))


def one_per_template(z: Floats, delta: float, rng: np.random.Generator) -> Floats:
    """Clopper-Pearson on one row drawn from each template: exact."""
    return clopper_pearson((rng.random(z.shape) < z).sum(axis=1), z.shape[1], delta)


def cluster_t(z: Floats, delta: float) -> Floats:
    """Student's t on template means: asymptotic, wrong for rare losses."""
    k = z.shape[1]
    return z.mean(axis=1) + stats.t.isf(delta, k - 1) * z.std(axis=1, ddof=1) / math.sqrt(k)


def bootstrap(z: Floats, delta: float, rng: np.random.Generator, resamples: int = 400) -> Floats:
    """Percentile of the mean over resampled templates: asymptotic, wrong for rare losses."""
    k = z.shape[1]
    weights = rng.multinomial(k, np.full(k, 1 / k), size=resamples) / k
    return np.quantile(z @ weights.T, 1 - delta, axis=1)


def korn_graubard(z: Floats, m: int, delta: float) -> Floats:
    """Clopper-Pearson on an effective sample size: an official-statistics standard, wrong for rare losses."""
    k = z.shape[1]
    n, mean, v = k * m, z.mean(axis=1), z.var(axis=1, ddof=1) / k
    ratio = (stats.t.isf(delta, n - 1) / stats.t.isf(delta, k - 1)) ** 2
    effective = np.where(v > 0, np.minimum(n, mean * (1 - mean) / np.where(v > 0, v, 1) * ratio), n)
    return clopper_pearson(effective * mean, effective, delta)


def mixture_rejects(z: Floats, mu: float, delta: float) -> Verdicts:
    """Say whether the mixture e-value rejects a mean of mu: order-free and valid by Markov's inequality."""
    wealth = np.zeros(len(z))
    with np.errstate(divide="ignore"):
        for stake, weight in zip(STAKES, WEIGHTS, strict=True):
            wealth += weight * np.exp(np.log1p(-stake * (z - mu) / (1 - mu)).sum(axis=1))
    return wealth >= 1 / delta


def mixture(z: Floats, delta: float) -> Floats:
    """The bound of the mixture e-value, by bisection for each row."""
    low, high = z.mean(axis=1), np.ones(len(z))
    for _ in range(20):
        mu = (low + high) / 2
        wealth = np.zeros(len(z))
        with np.errstate(divide="ignore"):
            for stake, weight in zip(STAKES, WEIGHTS, strict=True):
                wealth += weight * np.exp(np.log1p(-stake * (z - mu[:, None]) / (1 - mu[:, None])).sum(axis=1))
        low, high = np.where(wealth >= 1 / delta, low, mu), np.where(wealth >= 1 / delta, mu, high)
    return high


def gaffke(z: Floats, delta: float, rng: np.random.Generator, draws: int = 4000) -> Floats:
    """The (1 - delta)-quantile of sum_i W_i Z_(i) + W_{K+1}, W from a flat Dirichlet: valid by conjecture only, a yardstick."""
    weights = rng.dirichlet(np.ones(z.shape[1] + 1), size=draws)
    sums = weights[:, :-1] @ np.sort(z, axis=1).T + weights[:, -1:]
    return np.quantile(sums, 1 - delta, axis=0)


def hoeffding_bentkus(mean: Floats, units: int, delta: float) -> Floats:
    """Hoeffding-Bentkus for arrays, by bisection; a second implementation of the bound that certify has."""
    low, high = mean.copy(), np.ones_like(mean)
    for _ in range(30):
        mu = (low + high) / 2
        a = np.minimum(mean, mu)
        with np.errstate(divide="ignore", invalid="ignore"):
            kl = np.where(a > 0, a * np.log(a / mu), 0) + np.where(a < 1, (1 - a) * np.log((1 - a) / (1 - mu)), 0)
        bentkus = math.e * stats.binom.cdf(np.ceil(units * mean - 1e-9), units, mu)
        above = np.minimum(np.exp(-units * kl), bentkus) > delta
        low, high = np.where(above, mu, low), np.where(above, high, mu)
    return high


def unguarded_wsr_rejects(z: Floats, mu: float, delta: float) -> Verdicts:
    """Say whether the betting wealth alone rejects a mean of mu, even where the observed mean is larger."""
    steps = np.log1p(bounds.wsr_bets(z, delta) * (mu - z))
    return np.cumsum(steps, axis=1).max(axis=1) > math.log(1 / delta)
