"""Bounds agree with closed forms and with independent implementations, and refuse what can't be."""

from __future__ import annotations

import math
import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapie.risk_control.methods import compute_hoeffding_bentkus_p_value
from scipy import stats

from certify import bounds
from guard.certificate import Status
from guard.errors import ProtocolError

DELTAS = st.floats(1e-5, 0.5)
LOSSES = st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.5, 1.0]) | st.floats(0, 1), min_size=1, max_size=40)
FEW = settings(max_examples=60, deadline=None)


def slow_wsr(losses: list[float], delta: float, planned: int) -> float:
    """Compute the betting bound once more, one unit at a time and without numpy, products kept as logarithms."""

    def rejected(mu: float) -> bool:
        total, squares, wealth = 0.5, 0.25, 0.0
        variance = 0.25
        for i, z in enumerate(losses, start=1):
            bet = min(1.0, math.sqrt(2 * math.log(1 / delta) / (planned * variance)))
            factor = 1 - bet * (z - mu)
            if factor <= 0:
                return False
            wealth += math.log(factor)
            if wealth > math.log(1 / delta):
                return True
            total += z
            squares += (z - total / (i + 1)) ** 2
            variance = squares / (i + 1)
        return False

    if not rejected(1.0):
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if rejected(middle) else (middle, high)
    return max(high, math.fsum(losses) / len(losses))


def rational_wsr_rejects(losses: list[Fraction], bets: list[Fraction], mu: Fraction, target: Fraction) -> bool:
    """Say with exact arithmetic whether the wealth of these bets ever exceeds the target."""
    wealth = Fraction(1)
    for z, bet in zip(losses, bets, strict=True):
        wealth *= 1 - bet * (z - mu)
        if wealth > target:
            return True
    return False


class TestClopperPearson:
    """The exact binomial bound."""

    @pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (0, 59), (5, 300), (15, 300), (50, 1000), (300, 300)])
    @pytest.mark.parametrize("delta", [0.05, 0.05 / 12, 1e-4])
    def test_equals_scipys_exact_interval(self, k: int, n: int, delta: float) -> None:
        """Both bounds are those of scipy's exact binomial test."""
        test = stats.binomtest(k, n)
        above = test.proportion_ci(confidence_level=1 - 2 * delta, method="exact")
        assert bounds.clopper_pearson_upper(k, n, delta) == pytest.approx(above.high, abs=1e-9)
        assert bounds.clopper_pearson_lower(k, n, delta) == pytest.approx(above.low, abs=1e-9)

    def test_no_miss_in_59_is_five_per_cent(self) -> None:
        """Fifty-nine trials without a miss are the fewest that show at most 5 % at 95 %."""
        assert bounds.clopper_pearson_upper(0, 59, 0.05) <= 0.05 < bounds.clopper_pearson_upper(0, 58, 0.05)

    @pytest.mark.parametrize(
        ("alpha", "zero_misses", "with_power"),
        [(0.01, (299, 528), 913), (0.02, (149, 263), 456), (0.05, (59, 104), 181), (0.10, (29, 51), 89)],
    )
    def test_sample_sizes(self, alpha: float, zero_misses: tuple[int, int], with_power: int) -> None:
        """The published sizes for one and ten simultaneous cells, and for 90 % power at a quarter of the limit."""
        for size, cells in zip(zero_misses, (1, 10), strict=True):
            assert bounds.clopper_pearson_upper(0, size, 0.05 / cells) <= alpha
            assert bounds.clopper_pearson_upper(0, size - 1, 0.05 / cells) > alpha

        def power(n: int) -> float:
            most = max((c for c in range(30) if c < n and bounds.clopper_pearson_upper(c, n, 0.05) <= alpha), default=-1)
            return float(stats.binom.cdf(most, n, alpha / 4))

        assert power(with_power) >= 0.9
        assert power(with_power - 1) < 0.9


class TestKlChernoff:
    """The order-free bound for few units."""

    @pytest.mark.parametrize("units", [1, 12, 40, 120, 600])
    def test_without_a_loss_it_has_a_closed_form(self, units: int) -> None:
        """It is 1 - delta^(1/K), and equals Clopper-Pearson without a success."""
        expected = 1 - 0.05 ** (1 / units)
        assert bounds.kl_chernoff_upper(0.0, units, 0.05) == pytest.approx(expected, abs=1e-12)
        assert bounds.smallest_kl(units, 0.05) == bounds.kl_chernoff_upper(0.0, units, 0.05)
        assert bounds.clopper_pearson_upper(0, units, 0.05) == pytest.approx(expected, abs=1e-9)

    @FEW
    @given(mean=st.floats(0.001, 0.999), units=st.integers(1, 500), delta=DELTAS)
    def test_spends_exactly_its_budget(self, mean: float, units: int, delta: float) -> None:
        """At the bound, K kl(Zbar, U) is ln(1/delta)."""
        upper = bounds.kl_chernoff_upper(mean, units, delta)
        if upper < 1 - 1e-6:
            assert units * bounds.kl_divergence(mean, upper) == pytest.approx(math.log(1 / delta), rel=1e-4)

    def test_all_lost_is_one(self) -> None:
        """If every unit is lost, the bound is 1 and the lower bound is that of no loss, mirrored."""
        assert bounds.kl_chernoff_upper(1.0, 20, 0.05) == 1.0
        assert bounds.kl_chernoff_lower(1.0, 20, 0.05) == pytest.approx(0.05 ** (1 / 20))


class TestHoeffdingBentkus:
    """The cross-check for [0, 1] losses."""

    @pytest.mark.parametrize(("mean", "units"), [(0.0, 30), (0.05, 50), (3 / 7, 7), (0.375, 8), (0.031, 400)])
    @pytest.mark.parametrize("mu", [0.02, 0.06, 0.2, 0.7])
    def test_p_value_equals_mapies(self, mean: float, units: int, mu: float) -> None:
        """The p-value is that of MAPIE, up to 1 at most."""
        theirs = float(compute_hoeffding_bentkus_p_value(np.array([mean]), units, mu)[0, 0])
        assert bounds.hoeffding_bentkus_p_value(mean, units, mu) == pytest.approx(min(1.0, theirs), abs=1e-8)

    def test_float_dust_is_not_a_loss(self) -> None:
        """A mean of k/K counts k losses even where K times it comes out above k."""
        for k, units in [(7, 25), (15, 29), (29, 100)]:
            upper = bounds.hoeffding_bentkus_upper(k / units, units, 0.05)
            assert upper == pytest.approx(bounds.hoeffding_bentkus_upper(k / units - 1e-12, units, 0.05), abs=1e-9)

    def test_bound_is_where_the_p_value_crosses(self) -> None:
        """Just below the bound the p-value exceeds delta, at it no longer."""
        upper = bounds.hoeffding_bentkus_upper(0.04, 200, 0.05)
        assert bounds.hoeffding_bentkus_p_value(0.04, 200, upper) <= 0.05
        assert bounds.hoeffding_bentkus_p_value(0.04, 200, upper - 1e-6) > 0.05


class TestWsr:
    """The betting bound."""

    @FEW
    @given(losses=LOSSES, delta=DELTAS, spare=st.integers(0, 30))
    def test_equals_a_second_implementation(self, losses: list[float], delta: float, spare: int) -> None:
        """A plain loop over the definition gives the same bound to 1e-9."""
        planned = len(losses) + spare
        assert bounds.wsr_upper(losses, delta, planned) == pytest.approx(slow_wsr(losses, delta, planned), abs=1e-9)

    @pytest.mark.parametrize("rate", [0.0, 0.01, 0.05, 0.3])
    def test_equals_the_second_implementation_at_certificate_size(self, rate: float) -> None:
        """So it does for 600 units at the budget of one of four cells."""
        losses = (np.random.default_rng(7).random(600) < rate).astype(float)
        assert bounds.wsr_upper(losses, 0.005) == pytest.approx(slow_wsr(list(losses), 0.005, 600), abs=1e-9)

    def test_exact_arithmetic_agrees_on_both_sides(self) -> None:
        """With the bets written as fractions, exact wealth exceeds 1/delta just above the bound and not just below."""
        losses = np.random.default_rng(3).choice([0.0, 0.5, 1.0], p=[0.8, 0.1, 0.1], size=60)
        upper = bounds.wsr_upper(losses, 0.05)
        bets = [Fraction(float(bet)) for bet in bounds.wsr_bets(losses[None, :], 0.05)[0]]
        exact = [Fraction(float(loss)) for loss in losses]
        margin = Fraction(1, 10**9)
        assert rational_wsr_rejects(exact, bets, Fraction(upper) + margin, Fraction(20))
        assert not rational_wsr_rejects(exact, bets, Fraction(upper) - margin, Fraction(20))

    @FEW
    @given(losses=LOSSES, delta=DELTAS, data=st.data())
    def test_a_larger_loss_never_lowers_it(self, losses: list[float], delta: float, data: st.DataObject) -> None:
        """Raising one loss never lowers the bound."""
        raised = list(losses)
        index = data.draw(st.integers(0, len(losses) - 1))
        raised[index] = data.draw(st.floats(losses[index], 1.0))
        assert bounds.wsr_upper(raised, delta) >= bounds.wsr_upper(losses, delta) - 1e-9

    @FEW
    @given(losses=LOSSES, delta=DELTAS)
    def test_bounds_lie_on_either_side_of_the_mean(self, losses: list[float], delta: float) -> None:
        """The upper bound is at least the mean, the lower one at most."""
        mean = float(np.mean(losses))
        assert bounds.wsr_lower(losses, delta) <= mean + 1e-12
        assert bounds.wsr_upper(losses, delta) >= mean

    def test_an_order_by_difficulty_cant_pull_it_below_the_mean(self) -> None:
        """A hundred zeros, then a hundred ones: the wealth alone says .032, the mean is .5."""
        losses = np.repeat([0.0, 1.0], 100)
        # Wealth has its maximum after the zeros, whatever follows.
        assert bounds.wsr_upper(losses[:100], 0.05, planned=200) == pytest.approx(0.032, abs=5e-4)
        assert bounds.wsr_upper(losses, 0.05) == 0.5
        assert not bounds.wsr_rejects(losses[None, :], 0.4, 0.05)[0]

    def test_is_not_monotone_in_delta(self) -> None:
        """Its bets depend on delta, so a smaller delta can give a smaller bound: why delta is fixed beforehand."""
        rng = np.random.default_rng(0)
        rows = (rng.random((400, 165)) < 0.03).astype(float)
        assert np.any(bounds.wsr_upper_rows(rows, 0.1) < bounds.wsr_upper_rows(rows, 0.2))

    def test_few_units_have_a_floor(self) -> None:
        """Bets are at most 1: .26 at 20 units without a loss, and 1 where even 2^K is below 1/delta."""
        assert bounds.smallest_wsr(20, 0.01) == pytest.approx(0.01 ** (-1 / 20) - 1, abs=1e-9)
        assert bounds.smallest_wsr(3, 0.05) == 1.0

    def test_nothing_random_beats_no_loss(self) -> None:
        """No set of losses in two thousand gives less than no loss at all."""
        rows = np.random.default_rng(1).beta(0.05, 1.0, size=(2000, 80))
        assert bounds.wsr_upper_rows(rows, 0.02).min() >= bounds.smallest_wsr(80, 0.02)

    def test_rejecting_is_lying_below(self) -> None:
        """One look at the wealth says whether the bound lies below a value."""
        rows = (np.random.default_rng(2).random((300, 150)) < 0.05).astype(float)
        uppers = bounds.wsr_upper_rows(rows, 0.05)
        for mu in (0.03, 0.08, 0.1, 0.13):
            assert np.array_equal(bounds.wsr_rejects(rows, mu, 0.05), uppers < mu)

    @pytest.mark.parametrize(
        ("units", "rates"),
        [(200, {0.01: 0.09, 0.03: 0.15, 0.05: 0.19}), (600, {0.01: 0.06, 0.03: 0.09, 0.05: 0.11})],
    )
    def test_published_99th_percentiles(self, units: int, rates: dict[float, float]) -> None:
        """The 99th percentile of the bound at delta = .02/4 is that of the planning table, to .015."""
        for rate, expected in rates.items():
            rows = (np.random.default_rng(5).random((400, units)) < rate).astype(float)
            assert np.quantile(bounds.wsr_upper_rows(rows, 0.005), 0.99) == pytest.approx(expected, abs=0.015)

    def test_is_fast(self) -> None:
        """Eight hundred units take less than two milliseconds."""
        losses = (np.random.default_rng(4).random(800) < 0.03).astype(float)
        took = []
        for _ in range(20):
            start = time.perf_counter()
            bounds.wsr_upper(losses, 0.005)
            took.append(time.perf_counter() - start)
        assert min(took) < 0.002

    def test_one_unit(self) -> None:
        """One unit shows nothing at 5 %, lost or not."""
        assert bounds.wsr_upper([0.0], 0.05) == 1.0
        assert bounds.wsr_upper([1.0], 0.05) == 1.0
        assert bounds.wsr_lower([1.0], 0.05) == 0.0


class TestSharedProperties:
    """What holds for every bound on a mean."""

    @FEW
    @given(k=st.integers(0, 40), spare=st.integers(0, 60), one=DELTAS, other=DELTAS)
    def test_a_smaller_delta_never_gives_a_smaller_bound(self, k: int, spare: int, one: float, other: float) -> None:
        """Clopper-Pearson, KL and Hoeffding-Bentkus grow as delta shrinks."""
        n = k + spare + 1
        small, large = sorted((one, other))
        assert bounds.clopper_pearson_upper(k, n, small) >= bounds.clopper_pearson_upper(k, n, large) - 1e-9
        for bound in (bounds.kl_chernoff_upper, bounds.hoeffding_bentkus_upper):
            assert bound(k / n, n, small) >= bound(k / n, n, large) - 1e-9

    @FEW
    @given(k=st.integers(0, 40), spare=st.integers(0, 60), delta=DELTAS)
    def test_one_loss_more_never_lowers_a_bound(self, k: int, spare: int, delta: float) -> None:
        """Clopper-Pearson, KL and Hoeffding-Bentkus grow with the losses."""
        n = k + spare + 1
        assert bounds.clopper_pearson_upper(k + 1, n, delta) >= bounds.clopper_pearson_upper(k, n, delta)
        for bound in (bounds.kl_chernoff_upper, bounds.hoeffding_bentkus_upper):
            assert bound((k + 1) / n, n, delta) >= bound(k / n, n, delta) - 1e-9

    @FEW
    @given(k=st.integers(0, 40), spare=st.integers(0, 60), delta=DELTAS)
    def test_an_upper_bound_is_no_less_than_the_mean(self, k: int, spare: int, delta: float) -> None:
        """Nor is a lower bound more."""
        n = k + spare + 1
        assert bounds.clopper_pearson_lower(k, n, delta) <= k / n <= bounds.clopper_pearson_upper(k, n, delta)
        assert bounds.kl_chernoff_lower(k / n, n, delta) <= k / n + 1e-12
        assert bounds.kl_chernoff_upper(k / n, n, delta) >= k / n
        assert bounds.hoeffding_bentkus_upper(k / n, n, delta) >= k / n

    def test_order_matters_for_betting_alone(self) -> None:
        """Two orders of the same losses give two betting bounds, which is why the protocol fixes the order."""
        losses = np.concatenate([np.zeros(95), np.ones(5)])
        assert bounds.wsr_upper(losses, 0.05) < bounds.wsr_upper(losses[::-1], 0.05)

    def test_lower_is_the_reflection_of_upper(self) -> None:
        """LCB = 1 - U(1 - Z)."""
        losses = np.random.default_rng(6).random(50)
        assert bounds.wsr_lower(losses, 0.05) == 1 - bounds.wsr_upper(1 - losses, 0.05)
        assert bounds.kl_chernoff_lower(0.3, 50, 0.05) == 1 - bounds.kl_chernoff_upper(0.7, 50, 0.05)


class TestRefusals:
    """What no bound can be made of is refused in one clear line."""

    @pytest.mark.parametrize("losses", [[], [float("nan")], [-0.1], [1.1], [[0.0, 1.0]], ["a"], [0.0, float("inf")]])
    def test_losses(self, losses: list[object]) -> None:
        """No losses, a missing one, one outside [0, 1], or a table."""
        with pytest.raises(ProtocolError) as caught:
            bounds.wsr_upper(losses, 0.05)  # type: ignore[arg-type]
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("delta", [0.0, 1.0, -0.1, float("nan")])
    def test_delta(self, delta: float) -> None:
        """A delta outside (0, 1)."""
        for call in (
            lambda: bounds.wsr_upper([0.0], delta),
            lambda: bounds.kl_chernoff_upper(0.1, 5, delta),
            lambda: bounds.clopper_pearson_upper(0, 5, delta),
            lambda: bounds.clopper_pearson_lower(0, 5, delta),
            lambda: bounds.hoeffding_bentkus_upper(0.1, 5, delta),
            lambda: bounds.smallest_kl(5, delta),
        ):
            with pytest.raises(ProtocolError):
                call()

    @pytest.mark.parametrize(("k", "n"), [(0, 0), (-1, 5), (6, 5), (0.5, 5), (0, 5.0)])
    def test_counts(self, k: int, n: int) -> None:
        """No trial, more successes than trials, or a part of one."""
        with pytest.raises(ProtocolError):
            bounds.clopper_pearson_upper(k, n, 0.05)

    @pytest.mark.parametrize(("mean", "units"), [(float("nan"), 5), (-0.1, 5), (1.1, 5), (0.5, 0)])
    def test_means(self, mean: float, units: int) -> None:
        """A mean that is none, or no unit."""
        for bound in (bounds.kl_chernoff_upper, bounds.kl_chernoff_lower, bounds.hoeffding_bentkus_upper):
            with pytest.raises(ProtocolError):
                bound(mean, units, 0.05)

    def test_more_units_than_planned(self) -> None:
        """More losses than the protocol planned."""
        with pytest.raises(ProtocolError, match="only 2 were planned"):
            bounds.wsr_upper([0.0, 0.0, 0.0], 0.05, planned=2)


@pytest.mark.parametrize(
    ("upper", "lower", "expected"),
    [
        (0.05, 0.01, Status.PASS),
        (0.06, 0.05, Status.NOT_SHOWN),
        (0.2, 0.051, Status.FAIL),
        (0.06, 0.01, Status.NOT_SHOWN),
    ],
)
def test_status_words(upper: float, lower: float, expected: Status) -> None:
    """PASS iff the upper bound is within the limit, FAIL iff the lower one is beyond it."""
    assert bounds.status(upper, lower, 0.05) is expected
