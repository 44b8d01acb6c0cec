"""Populations of template effects, and how a simulation is judged.

A template t has a miss probability p_t drawn from a population with known mean mu; of its m rows, Bin(m, p_t) are
missed. Everything is drawn for many replications at once: arrays have shape (replications, templates).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from certify import bounds

Floats = NDArray[np.float64]

NIGHTLY = os.environ.get("AUSCULT_NIGHTLY") == "1"
"""Whether to run at full size."""


def replications(usual: int, nightly: int) -> int:
    """How many replications to run."""
    return nightly if NIGHTLY else usual


@dataclass(frozen=True)
class Population:
    """Where template effects come from."""

    name: str
    mean: float
    rates: Callable[[np.random.Generator, tuple[int, int]], Floats]


def homogeneous(mu: float) -> Population:
    """Every template is missed equally often."""
    return Population(f"homogeneous {mu}", mu, lambda _, shape: np.full(shape, mu))


def beta(mu: float, rho: float) -> Population:
    """Effects from a beta distribution with intraclass correlation rho."""
    weight = 1 / rho - 1
    return Population(f"beta {mu} {rho}", mu, lambda rng, shape: rng.beta(mu * weight, (1 - mu) * weight, size=shape))


def blind(share: float, base: float) -> Population:
    """A share of templates is always missed, the others at a base rate."""
    mean = share + (1 - share) * base
    return Population(f"blind {share} {base}", mean, lambda rng, shape: np.where(rng.random(shape) < share, 1.0, base))


def two_point(mu: float) -> Population:
    """A fifth of the templates is missed sixteen times as often as the rest."""
    return Population(f"two-point {mu}", mu, lambda rng, shape: np.where(rng.random(shape) < 0.2, 4 * mu, mu / 4))


def heavy_tail(mu: float) -> Population:
    """Effects are a power of a uniform number: most are nearly 0, some are nearly 1."""
    return Population(f"heavy tail {mu}", mu, lambda rng, shape: rng.random(shape) ** (1 / mu - 1))


def losses(population: Population, shape: tuple[int, int], m: int, rng: np.random.Generator) -> Floats:
    """Draw the share of m rows that is missed, for every template."""
    return np.asarray(rng.binomial(m, population.rates(rng, shape)) / m)


def unequal_losses(population: Population, shape: tuple[int, int], most: int, rng: np.random.Generator) -> Floats:
    """Draw the share of rows missed where templates have 1 to `most` rows, by chance."""
    m = rng.integers(1, most + 1, size=shape)
    return np.asarray(rng.binomial(m, population.rates(rng, shape)) / m)


def nested_losses(mu: float, shape: tuple[int, int], m: int, rng: np.random.Generator, templates: int = 5) -> Floats:
    """Draw the mean loss of generators that each wrote a few templates of m rows; the unit is the generator."""
    generators = rng.beta(9 * mu, 9 * (1 - mu), size=shape)
    # A rate of exactly 0 or 1 can come out of a beta draw and can't go into the next one.
    inside = np.clip(generators, 1e-12, 1 - 1e-12)[..., None]
    rates = rng.beta(9 * inside, 9 * (1 - inside), size=(*shape, templates))
    return np.asarray(rng.binomial(m, rates).mean(axis=2) / m)


def too_often(violations: int, of: int, delta: float) -> bool:
    """Say whether so many violations are incompatible with a true chance of delta, at 99.9 % confidence."""
    return bounds.clopper_pearson_lower(violations, of, 0.001) > delta
