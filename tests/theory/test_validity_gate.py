"""Every bound that a claim may use is valid on every population; every bound that is known to be wrong is caught.

Pass rule: of R replications with U < mu in M, the gate fails iff the lower Clopper-Pearson bound of M/R at 99.9 %
exceeds delta. A cell at exactly nominal coverage fails about once in a thousand, so a failing cell is judged again with
a second seed, declared here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
import rivals
from numpy.typing import NDArray
from populations import (
    Population,
    beta,
    blind,
    heavy_tail,
    homogeneous,
    losses,
    nested_losses,
    replications,
    too_often,
    two_point,
    unequal_losses,
)

from certify import bounds

Floats = NDArray[np.float64]
Sampler = Callable[[np.random.Generator, tuple[int, int], int], Floats]

R = replications(1000, 20_000)
CHUNK = 1000
"""Replications drawn at a time, to spare memory."""
SEEDS = (20_261, 20_262)
MEANS = (0.002, 0.01, 0.05, 0.2)
SIZES = ((20, 50), (50, 40), (200, 10), (400, 5), (59, 1))
DELTAS = (0.05, 0.05 / 40)


def of(make: Callable[[float], Population], draw: Callable[..., Floats] = losses) -> Callable[[float], Sampler]:
    """Turn a family of populations into samplers by mean."""
    return lambda mu: lambda rng, shape, m: draw(make(mu), shape, m, rng)


def blind_of(share: float) -> Callable[[float], Sampler]:
    """A share of blind templates and the base rate that makes up the mean."""
    return of(lambda mu: blind(share, (mu - share) / (1 - share)))


POPULATIONS: dict[str, Callable[[float], Sampler]] = {
    "homogeneous": of(homogeneous),
    "beta .05": of(lambda mu: beta(mu, 0.05)),
    "beta .2": of(lambda mu: beta(mu, 0.2)),
    "beta .5": of(lambda mu: beta(mu, 0.5)),
    "blind .01": blind_of(0.01),
    "blind .03": blind_of(0.03),
    "blind .1": blind_of(0.1),
    "two-point": of(two_point),
    "heavy tail": of(heavy_tail),
    "unequal m": of(lambda mu: beta(mu, 0.2), unequal_losses),
    "nested generators": lambda mu: lambda rng, shape, m: nested_losses(mu, shape, max(1, m // 5), rng),
}

SHARES = {"blind .01": 0.01, "blind .03": 0.03, "blind .1": 0.1}
CELLS = [(name, mu) for name in POPULATIONS for mu in MEANS if mu >= SHARES.get(name, 0.0)]
"""A share of blind templates above the mean does not exist."""


def by_mean(bound: Callable[[float, int, float], float], z: Floats, delta: float) -> Floats:
    """Apply a bound that looks at the mean alone, once for each mean that occurs."""
    means, index = np.unique(np.round(z.mean(axis=1), 12), return_inverse=True)
    return np.array([bound(float(mean), z.shape[1], delta) for mean in means])[index]


def violations(z: Floats, mu: float, delta: float, rng: np.random.Generator) -> dict[str, int]:
    """Count the replications in which each valid bound is on the wrong side of mu."""
    means, index = np.unique(np.round(z.mean(axis=1), 12), return_inverse=True)
    hb = np.array([bounds.hoeffding_bentkus_p_value(float(mean), z.shape[1], mu) for mean in means]) <= delta
    wrong = {
        "wsr upper": bounds.wsr_rejects(z, mu, delta),
        "wsr lower": bounds.wsr_rejects(1 - z, 1 - mu, delta),
        "kl upper": by_mean(bounds.kl_chernoff_upper, z, delta) < mu,
        "kl lower": by_mean(bounds.kl_chernoff_lower, z, delta) > mu,
        "hoeffding-bentkus": hb[index],
        "one per template": rivals.one_per_template(z, delta, rng) < mu,
        "mixture": rivals.mixture_rejects(z, mu, delta),
    }
    return {name: int(np.sum(hits)) for name, hits in wrong.items()}


def failing(sampler: Sampler, mu: float, size: tuple[int, int], seed: int) -> set[tuple[str, float]]:
    """Return the bounds and levels that violate the pass rule in one cell."""
    k, m = size
    rng = np.random.default_rng([seed, k, m, int(mu * 10_000)])
    counts: Counter[tuple[str, float]] = Counter()
    for _ in range(R // CHUNK):
        z = sampler(rng, (CHUNK, k), m)
        for delta in DELTAS:
            counts.update({(name, delta): count for name, count in violations(z, mu, delta, rng).items()})
    return {(name, delta) for (name, delta), count in counts.items() if too_often(count, R, delta)}


@pytest.mark.parametrize(("population", "mu"), CELLS)
def test_valid_bounds_are_valid(population: str, mu: float) -> None:
    """No bound that a claim may use is below the true mean more often than its delta, for any size."""
    sampler = POPULATIONS[population](mu)
    for size in SIZES:
        bad = failing(sampler, mu, size, SEEDS[0])
        if bad:
            bad &= failing(sampler, mu, size, SEEDS[1])
        assert not bad, (size, bad)


class TestWrongBoundsAreCaught:
    """Negative controls: if one of these passed, the simulator would be broken."""

    @pytest.mark.parametrize(
        ("k", "m", "population"),
        [
            (50, 40, beta(0.05, 0.05)),
            (50, 40, blind(0.03, 0.02)),
            (200, 10, beta(0.05, 0.2)),
            (400, 5, blind(0.01, 0.002)),
        ],
        ids=lambda value: getattr(value, "name", value),
    )
    def test_pooled_clopper_pearson(self, k: int, m: int, population: Population) -> None:
        """Counting rows as if they were independent is caught wherever templates differ."""
        z = losses(population, (R, k), m, np.random.default_rng(1))
        assert too_often(int(np.sum(rivals.clopper_pearson(z.sum(axis=1) * m, k * m, 0.05) < population.mean)), R, 0.05)

    def test_pooled_clopper_pearson_passes_where_templates_are_alike(self) -> None:
        """It is valid on homogeneous templates, so the gate does not reject everything."""
        z = losses(homogeneous(0.05), (R, 50), 40, np.random.default_rng(2))
        assert not too_often(int(np.sum(rivals.clopper_pearson(z.sum(axis=1) * 40, 2000, 0.05) < 0.05)), R, 0.05)

    def test_asymptotic_methods_collapse_together(self) -> None:
        """With rare blind templates, cluster t, bootstrap and Korn-Graubard all cover about 39 %."""
        population, rng = blind(0.01, 0.002), np.random.default_rng(3)
        z = losses(population, (R, 50), 40, rng)
        for upper in (
            rivals.cluster_t(z, 0.05),
            rivals.bootstrap(z, 0.05, rng),
            rivals.korn_graubard(z, 40, 0.05),
        ):
            wrong = int(np.sum(upper < population.mean))
            assert too_often(wrong, R, 0.05)
            assert 1 - wrong / R == pytest.approx(0.39, abs=0.06)

    def test_best_of_twenty_candidates(self) -> None:
        """Bounding the candidate with the fewest misses on the very rows that chose it is caught; Bonferroni is not."""
        rng = np.random.default_rng(4)
        fewest = rng.binomial(500, 0.05, size=(R, 20)).min(axis=1).astype(float)
        assert too_often(int(np.sum(rivals.clopper_pearson(fewest, 500, 0.05) < 0.05)), R, 0.05)
        assert not too_often(int(np.sum(rivals.clopper_pearson(fewest, 500, 0.05 / 20) < 0.05)), R, 0.05)

    @pytest.mark.parametrize(
        ("k", "m", "population", "published", "guarded"),
        [
            (200, 10, blind(0.03, 0.02), 0.32, 0.52),
            (400, 5, blind(0.01, 0.002), 0.45, 0.58),
            (200, 10, beta(0.05, 0.2), 0.83, 0.86),
        ],
        ids=lambda value: getattr(value, "name", value),
    )
    def test_choosing_the_best_of_200_orders(
        self, k: int, m: int, population: Population, published: float, guarded: float
    ) -> None:
        """A betting bound whose order was picked afterwards is caught; never going below the mean softens the fraud."""
        rng = np.random.default_rng(5)
        runs = replications(400, 2000)
        wealth_wrong = wrong = 0
        for z in losses(population, (runs, k), m, rng):
            orders = rng.permuted(np.tile(z, (200, 1)), axis=1)
            wealth_wrong += bool(np.any(rivals.unguarded_wsr_rejects(orders, population.mean, 0.05)))
            wrong += bool(np.any(bounds.wsr_rejects(orders, population.mean, 0.05)))
        assert too_often(wrong, runs, 0.05)
        assert 1 - wealth_wrong / runs == pytest.approx(published, abs=0.11)
        assert 1 - wrong / runs == pytest.approx(guarded, abs=0.09)

    def test_a_bound_at_the_wrong_level(self) -> None:
        """A Clopper-Pearson bound at delta .08 that is sold as .05 is caught."""
        rng = np.random.default_rng(6)
        counts = rng.binomial(2000, 0.05, size=20_000).astype(float)
        assert too_often(int(np.sum(rivals.clopper_pearson(counts, 2000, 0.08) < 0.05)), 20_000, 0.05)
