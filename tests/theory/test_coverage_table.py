"""The coverage and power tables of the statistics reference come out again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import rivals
from populations import Population, beta, blind, homogeneous, losses, replications

from certify import bounds

R = replications(2000, 4000)
DELTA = 0.05


@dataclass(frozen=True)
class Row:
    """Nominal 95 % coverage in per cent, and the mean of some bounds, as published."""

    k: int
    m: int
    population: Population
    naive: float
    cluster_t: float
    bootstrap: float
    korn_graubard: float
    one: float
    hoeffding_bentkus: float
    wsr: float
    mixture: float
    gaffke: float
    catalogue: float
    means: tuple[float, float, float, float, float, float]
    """Naive, one per template, Hoeffding-Bentkus, WSR, mixture, Gaffke."""


TABLE = [
    Row(
        50,
        40,
        homogeneous(0.05),
        95.9,
        94.2,
        94.2,
        96.4,
        100,
        100,
        100,
        100,
        100,
        95.9,
        (0.059, 0.133, 0.161, 0.113, 0.116, 0.106),
    ),
    Row(
        50,
        40,
        beta(0.05, 0.05),
        83.0,
        91.1,
        91.7,
        94.1,
        100,
        100,
        100,
        100,
        100,
        95.7,
        (0.059, 0.133, 0.161, 0.114, 0.117, 0.107),
    ),
    Row(
        50,
        40,
        beta(0.05, 0.20),
        70.0,
        88.2,
        88.8,
        93.0,
        100,
        100,
        100,
        100,
        100,
        97.2,
        (0.059, 0.134, 0.161, 0.117, 0.122, 0.111),
    ),
    Row(
        50,
        40,
        beta(0.05, 0.50),
        61.6,
        85.7,
        86.9,
        92.3,
        100,
        100,
        100,
        100,
        100,
        98.7,
        (0.059, 0.133, 0.160, 0.125, 0.141, 0.119),
    ),
    Row(
        50,
        40,
        blind(0.03, 0.02),
        53.6,
        77.7,
        77.7,
        77.7,
        100,
        100,
        100,
        100,
        100,
        99.1,
        (0.058, 0.132, 0.157, 0.131, 0.166, 0.121),
    ),
    Row(
        50,
        40,
        blind(0.01, 0.002),
        38.9,
        38.9,
        38.9,
        38.9,
        100,
        100,
        100,
        100,
        100,
        99.0,
        (0.016, 0.077, 0.088, 0.082, 0.102, 0.075),
    ),
    Row(
        200,
        10,
        beta(0.05, 0.20),
        84.6,
        92.1,
        92.6,
        94.7,
        97.6,
        100,
        98.9,
        99.9,
        99.3,
        97.2,
        (0.059, 0.083, 0.095, 0.071, 0.077, 0.072),
    ),
    Row(
        200,
        10,
        blind(0.03, 0.02),
        73.1,
        89.4,
        91.2,
        94.0,
        96.9,
        100,
        95.5,
        99.7,
        97.3,
        99.4,
        (0.058, 0.082, 0.094, 0.087, 0.099, 0.077),
    ),
    Row(
        400,
        5,
        beta(0.05, 0.20),
        90.8,
        93.2,
        93.5,
        95.2,
        96.4,
        100,
        96.5,
        99.4,
        98.0,
        97.8,
        (0.059, 0.072, 0.079, 0.066, 0.072, 0.065),
    ),
    Row(
        400,
        5,
        blind(0.01, 0.002),
        80.3,
        88.5,
        91.1,
        95.5,
        95.7,
        99.6,
        95.7,
        98.6,
        98.2,
        100,
        (0.017, 0.025, 0.030, 0.031, 0.035, 0.025),
    ),
    Row(
        400,
        5,
        beta(0.01, 0.20),
        90.1,
        89.4,
        91.0,
        94.1,
        98.2,
        100,
        99.9,
        100,
        99.9,
        97.4,
        (0.014, 0.022, 0.027, 0.019, 0.022, 0.019),
    ),
]


def agrees(covered: float, published: float) -> bool:
    """Say whether two coverages in per cent differ by no more than their Monte Carlo errors and rounding explain."""
    share = min(0.995, max(0.005, published / 100))
    return abs(covered - published) <= 0.6 + 400 * np.sqrt(share * (1 - share) * (1 / R + 1 / 4000))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.k}x{row.m} {row.population.name}")
def test_coverage_and_mean_of_every_bound(row: Row) -> None:
    """Ten columns of coverage agree within Monte Carlo error, and six mean bounds to 2 % and rounding."""
    rng = np.random.default_rng([2026, row.k, int(1000 * row.population.mean)])
    rates = row.population.rates(rng, (R, row.k))
    z = rng.binomial(row.m, rates) / row.m
    mu, n, mean = row.population.mean, row.k * row.m, z.mean(axis=1)
    pooled = rivals.clopper_pearson(z.sum(axis=1) * row.m, n, DELTA)
    one = rivals.one_per_template(z, DELTA, rng)
    hb = rivals.hoeffding_bentkus(mean, row.k, DELTA)
    wsr = bounds.wsr_upper_rows(z, DELTA)
    gaffke, mixture = rivals.gaffke(z, DELTA, rng), rivals.mixture(z[:300], DELTA)
    covered = {
        "naive": pooled >= mu,
        "cluster_t": rivals.cluster_t(z, DELTA) >= mu,
        "bootstrap": rivals.bootstrap(z, DELTA, rng) >= mu,
        "korn_graubard": rivals.korn_graubard(z, row.m, DELTA) >= mu,
        "one": one >= mu,
        "hoeffding_bentkus": hb >= mu,
        "wsr": wsr >= mu,
        "mixture": ~rivals.mixture_rejects(z, mu, DELTA),
        "gaffke": gaffke >= mu,
        "catalogue": pooled >= rates.mean(axis=1),
    }
    wrong = {
        name: (100 * np.mean(hits), getattr(row, name))
        for name, hits in covered.items()
        if not agrees(100 * float(np.mean(hits)), getattr(row, name))
    }
    assert not wrong
    for found, published in zip((pooled, one, hb, wsr, mixture, gaffke), row.means, strict=True):
        spread = 4 * found.std() * np.sqrt(1 / len(found) + 1 / 4000)
        assert found.mean() == pytest.approx(published, abs=0.02 * published + 0.0006 + spread)


def test_the_shipped_cross_check_is_the_one_of_the_table() -> None:
    """Hoeffding-Bentkus of certify equals the array version that the table was checked with."""
    means = np.array([0.0, 0.0123, 0.05, 0.3, 0.99])
    shipped = [bounds.hoeffding_bentkus_upper(float(mean), 50, DELTA) for mean in means]
    assert rivals.hoeffding_bentkus(means, 50, DELTA) == pytest.approx(shipped, abs=1e-8)


@pytest.mark.parametrize(("k", "m", "published"), [(50, 40, (74, 27, 92, 97)), (100, 20, (95, 100, 100, 100))])
def test_power_to_show_a_tenth(k: int, m: int, published: tuple[float, ...]) -> None:
    """Chances to show mu <= .10 when the truth is beta .02 with rho .1: one per template, HB, mixture, WSR."""
    rng = np.random.default_rng([7, k])
    z = losses(beta(0.02, 0.1), (R, k), m, rng)
    shown = (
        rivals.one_per_template(z, DELTA, rng) <= 0.1,
        rivals.hoeffding_bentkus(z.mean(axis=1), k, DELTA) <= 0.1,
        rivals.mixture_rejects(z, 0.1, DELTA),
        bounds.wsr_upper_rows(z, DELTA) <= 0.1,
    )
    for found, expected in zip(shown, published, strict=True):
        assert agrees(100 * float(np.mean(found)), expected)


def test_more_templates_beat_more_paraphrases() -> None:
    """At 2000 rows, 400 templates of 5 bring the mean bound from .117 to .066."""
    few, many = (
        bounds.wsr_upper_rows(losses(beta(0.05, 0.2), (R, k), 2000 // k, np.random.default_rng(k)), DELTA).mean()
        for k in (50, 400)
    )
    assert few == pytest.approx(0.117, abs=0.003)
    assert many == pytest.approx(0.066, abs=0.002)
