"""The tests behind `certify compare` keep their level whatever the losses are like, and the naive one does not."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from certify.bounds import clopper_pearson_lower, kl_chernoff_lower, kl_chernoff_upper
from certify.compare.two_sample import balanced_kl, fisher_exact, pooled_kl
from certify.randomisation import holm, sign_flip
from guard.errors import ProtocolError

LEVEL = 0.05
UNITS = (25, 40)
Exact = Callable[[int, int], float]


def exact_error(p_value: Exact, new_rate: float, old_rate: float) -> float:
    """The chance that a test of 0/1 losses calls the new rate worse, summed over every outcome: no simulation."""
    (new_units, old_units) = UNITS
    new = stats.binom.pmf(np.arange(new_units + 1), new_units, new_rate)
    old = stats.binom.pmf(np.arange(old_units + 1), old_units, old_rate)
    called = [[p_value(k, j) <= LEVEL for j in range(old_units + 1)] for k in range(new_units + 1)]
    return float(new @ np.array(called, dtype=float) @ old)


def fisher(new_lost: int, old_lost: int) -> float:
    """Fisher's exact test at the sizes above."""
    return fisher_exact(new_lost, UNITS[0], old_lost, UNITS[1])


def hoeffding(new_lost: int, old_lost: int) -> float:
    """The test of bounded losses at the same sizes."""
    return pooled_kl(new_lost / UNITS[0], UNITS[0], old_lost / UNITS[1], UNITS[1])


def normal(new_lost: int, old_lost: int) -> float:
    """What many would do: a z test of two shares."""
    pooled = (new_lost + old_lost) / sum(UNITS)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / UNITS[0] + 1 / UNITS[1]))
    difference = new_lost / UNITS[0] - old_lost / UNITS[1]
    return float(stats.norm.sf(difference / spread)) if spread else 1.0


@pytest.mark.parametrize("test", [fisher, hoeffding])
@pytest.mark.parametrize("rates", [(0.02, 0.02), (0.1, 0.1), (0.3, 0.3), (0.5, 0.5), (0.9, 0.9), (0.1, 0.2)])
def test_equal_rates_are_rarely_called_worse(test: Exact, rates: tuple[float, float]) -> None:
    """At equal rates, and where the new rate is lower, the error is at most the level, exactly."""
    assert exact_error(test, *rates) <= LEVEL


def test_the_naive_test_errs() -> None:
    """The negative control: a z test calls equal rates worse more often than it says, so the check above can fail."""
    assert max(exact_error(normal, rate, rate) for rate in (0.005, 0.02, 0.05)) > LEVEL + 0.005


@pytest.mark.parametrize("test", [fisher, hoeffding])
def test_a_worse_rate_is_seen(test: Exact) -> None:
    """A rate of .6 beside one of .1 is called worse in nearly every test of these sizes."""
    assert exact_error(test, 0.6, 0.1) > 0.9


def wrong(called: int, runs: int) -> bool:
    """Whether so many errors show that a test breaks its level."""
    return clopper_pearson_lower(called, runs, 0.001) > LEVEL


@pytest.mark.parametrize("losses", [((0.0, 0.5, 1.0), (0.9, 0.0, 0.1)), ((0.0, 0.5, 1.0), (0.4, 0.2, 0.4))])
def test_means_of_losses_of_any_kind(losses: tuple[tuple[float, ...], tuple[float, ...]]) -> None:
    """Losses of 0, 1/2 and 1 with equal means but another spread on each side: called worse in at most 5 % of 1,500 tests."""
    rng = np.random.default_rng(5)
    values, chances = losses
    mean = float(np.dot(values, chances))
    flat = (1 - 2 * mean, 2 * mean, 0.0) if mean <= 0.5 else (0.0, 2 - 2 * mean, 2 * mean - 1)
    called = 0
    for _ in range(1_500):
        new = rng.choice(values, size=60, p=chances).mean()
        old = rng.choice(values, size=80, p=flat).mean()
        called += pooled_kl(float(new), 60, float(old), 80) <= LEVEL
    assert not wrong(called, 1_500)


def families(rng: np.random.Generator, runs: int, rise: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Misses of 20 families of 10 draws in two tests; a family is as hard in the one as in the other, or harder in the new."""
    hard = rng.beta(0.4, 1.2, size=(runs, 20))
    new = rng.binomial(10, np.minimum(1.0, hard + rise))
    return new, rng.binomial(10, hard)


def test_the_same_families_twice() -> None:
    """Two tests of the same hard and easy families depend on each other; paired and unpaired, both keep their level."""
    new, old = families(np.random.default_rng(7), 1_000)
    paired = sum(sign_flip([int(d) for d in a - b]) <= LEVEL for a, b in zip(new, old, strict=True))
    unpaired = sum(balanced_kl(a.mean() / 10, 20, b.mean() / 10, 20) <= LEVEL for a, b in zip(new, old, strict=True))
    assert not wrong(paired, 1_000)
    assert not wrong(unpaired, 1_000)
    assert paired > 10  # the paired test spends its level


def test_pairing_sees_more() -> None:
    """A rise of .15 in every family is seen by pairing in most tests, and hardly without."""
    new, old = families(np.random.default_rng(9), 200, rise=0.15)
    paired = sum(sign_flip([int(d) for d in a - b]) <= LEVEL for a, b in zip(new, old, strict=True))
    unpaired = sum(balanced_kl(a.mean() / 10, 20, b.mean() / 10, 20) <= LEVEL for a, b in zip(new, old, strict=True))
    assert paired > 180
    assert unpaired < 40


def test_families_taken_for_draws_would_err() -> None:
    """The second negative control: other families in each test, their rows taken for independent, err far above the level."""
    rng = np.random.default_rng(11)
    new, _ = families(rng, 500)
    old, _ = families(rng, 500)
    called = sum(fisher_exact(int(a), 200, int(b), 200) <= LEVEL for a, b in zip(new.sum(axis=1), old.sum(axis=1), strict=True))
    assert wrong(called, 500)


def test_many_rates_together() -> None:
    """Nine rates that are no higher, some of them on the same draws: any is called worse in at most 5 % of 500 comparisons."""
    rng = np.random.default_rng(13)
    called = 0
    for _ in range(500):
        shared = [rng.random(120) for _ in range(2)]
        values = []
        for rate in (0.05, 0.1, 0.3, 0.5):
            lost = [int((side < rate).sum()) for side in shared]
            values.append(fisher_exact(lost[0], 120, lost[1], 120))
        for rate in (0.05, 0.1, 0.2, 0.4, 0.6):
            lost = [int(rng.binomial(90, rate)) for _ in range(2)]
            values.append(fisher_exact(lost[0], 90, lost[1], 90))
        called += min(holm(values)) <= LEVEL
    assert not wrong(called, 500)


def test_fisher_is_the_textbook_test() -> None:
    """The p of scipy's own implementation; and the tea-tasting lady's 1 in 70."""
    assert fisher_exact(9, 40, 2, 50) == pytest.approx(stats.fisher_exact([[9, 31], [2, 48]], alternative="greater")[1])
    assert fisher_exact(4, 4, 0, 4) == pytest.approx(1 / 70)


def test_pairing_0_1_losses_is_mcnemar() -> None:
    """On 0/1 losses the sign-flip test is the exact binomial test of the units that differ."""
    flips = [1] * 9 + [-1] * 2 + [0] * 30
    assert sign_flip(flips) == pytest.approx(stats.binomtest(9, 11, alternative="greater").pvalue)


def test_the_pooled_mean_is_the_worst_case() -> None:
    """No common mean gives a larger combined p than the pooled one: checked on a fine grid."""
    from certify.bounds import kl_divergence

    a, n, b, k = 0.4, 50, 0.15, 90

    def combined(m: float) -> float:
        x = math.exp(-n * kl_divergence(a, m) * (a > m) - k * kl_divergence(b, m) * (b < m))
        return x * (1 - math.log(x))

    grid = max(combined(m) for m in np.linspace(0.001, 0.999, 4_001))
    assert grid <= pooled_kl(a, n, b, k) * (1 + 1e-9)
    assert grid == pytest.approx(pooled_kl(a, n, b, k), rel=1e-4)


def test_the_balanced_test_is_overlap_of_bounds() -> None:
    """Its p is the delta at which the lower bound of the one meets the upper bound of the other, each at half of it."""
    p = balanced_kl(0.8, 30, 0.2, 25)
    assert kl_chernoff_lower(0.8, 30, p / 2) == pytest.approx(kl_chernoff_upper(0.2, 25, p / 2), abs=1e-6)


def test_lower_or_equal_is_never_worse() -> None:
    """Where the new mean is not higher, p is 1 or close."""
    assert pooled_kl(0.2, 10, 0.2, 10) == balanced_kl(0.1, 10, 0.2, 10) == 1.0
    assert fisher_exact(0, 10, 3, 10) == 1.0


@pytest.mark.parametrize("call", [
    lambda: fisher_exact(3, 2, 0, 2), lambda: fisher_exact(-1, 2, 0, 2), lambda: fisher_exact(0, 0, 0, 2),
    lambda: pooled_kl(math.nan, 5, 0.1, 5), lambda: pooled_kl(1.1, 5, 0.1, 5), lambda: balanced_kl(0.1, 0, 0.1, 5),
])  # fmt: skip
def test_impossible_counts_are_refused(call: Callable[[], float]) -> None:
    """Counts and means that can't be are an error, never a p-value."""
    with pytest.raises(ProtocolError):
        call()
