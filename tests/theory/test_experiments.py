"""The side experiments of the statistics reference: selection, order, units above the template, margin, labels."""

from __future__ import annotations

import math

import numpy as np
import pytest
import rivals
from populations import beta, losses, nested_losses, replications
from scipy import stats

from certify import bounds, multiplicity, sensitivity

DELTA = 0.05


class TestSelection:
    """Choosing on the rows that are bounded."""

    def test_best_of_twenty_covers_half(self) -> None:
        """Twenty equal candidates at 5 %, n = 500: the winner's bound covers 50 %, Bonferroni's 97.8 %."""
        rng = np.random.default_rng(1)
        fewest = rng.binomial(500, 0.05, size=(20_000, 20)).min(axis=1).astype(float)
        assert np.mean(rivals.clopper_pearson(fewest, 500, DELTA) >= 0.05) == pytest.approx(0.50, abs=0.015)
        assert np.mean(rivals.clopper_pearson(fewest, 500, DELTA / 20) >= 0.05) == pytest.approx(0.978, abs=0.006)

    def test_neyman_pearson_umbrella(self) -> None:
        """With 200 positives the fifth smallest score misses at most 5 % with 97.3 %, the plug-in tenth with 55 %."""
        scores = np.sort(np.random.default_rng(2).random((20_000, 200)), axis=1)
        for k, covered in ((5, 0.973), (10, 0.55)):
            assert stats.beta.cdf(0.05, k, 200 - k + 1) == pytest.approx(covered, abs=0.005)
            assert np.mean(scores[:, k - 1] <= 0.05) == pytest.approx(covered, abs=0.012)
        largest = max(k for k in range(1, 200) if stats.binom.cdf(k - 1, 200, 0.05) <= DELTA)
        assert largest == 5

    def test_retrying_until_it_passes(self) -> None:
        """Retries at 5 % each give 23 % false certificates after five and 40 % after ten; at their shares, 5 % for ever."""
        false = np.random.default_rng(11).random((20_000, 10))
        assert np.mean(np.any(false[:, :5] < DELTA, axis=1)) == pytest.approx(0.23, abs=0.012)
        assert np.mean(np.any(false < DELTA, axis=1)) == pytest.approx(0.40, abs=0.014)
        shares = np.array([float(multiplicity.budget(r, [], [], []).total) for r in range(1, 11)])
        assert np.mean(np.any(false < shares, axis=1)) == pytest.approx(0.05, abs=0.006)


class TestOrder:
    """Why the order of a betting bound is fixed by the protocol."""

    def test_the_best_of_400_orders_lowers_the_bound(self) -> None:
        """K = 100, m = 20, beta .03, rho .2: the bound falls by .012 from .063."""
        rng = np.random.default_rng(3)
        z = losses(beta(0.03, 0.2), (replications(60, 1000), 100), 20, rng)
        fixed = bounds.wsr_upper_rows(z, DELTA)
        best = np.array([bounds.wsr_upper_rows(rng.permuted(np.tile(row, (400, 1)), axis=1), DELTA).min() for row in z])
        assert fixed.mean() == pytest.approx(0.063, abs=0.005)
        assert (fixed - best).mean() == pytest.approx(0.012, abs=0.003)

    def test_averaging_wealth_over_orders_costs_little(self) -> None:
        """The order-free bound from averaged final wealth is .0645 on average, against .0631 for a fixed order."""
        rng = np.random.default_rng(4)
        z = losses(beta(0.03, 0.2), (replications(100, 1000), 100), 20, rng)
        averaged = []
        for row in z:
            orders = rng.permuted(np.tile(row, (50, 1)), axis=1)
            bets = bounds.wsr_bets(orders, DELTA)
            low, high = 0.0, 1.0
            for _ in range(20):
                mu = (low + high) / 2
                wealth = np.exp(np.log1p(bets * (mu - orders)).sum(axis=1)).mean()
                low, high = (low, mu) if wealth > 1 / DELTA else (mu, high)
            averaged.append(high)
        difference = np.mean(averaged) - bounds.wsr_upper_rows(z, DELTA).mean()
        assert 0.0 < difference < 0.004


class TestUnitsAboveTheTemplate:
    """Generators and families as the unit."""

    @pytest.mark.parametrize(
        ("delta", "table"),
        [
            (0.05, (0.221, 0.139, 0.072, 0.049, 0.025)),
            (0.008, (0.331, 0.214, 0.114, 0.077, 0.039)),
            (0.008 / 6, (0.424, 0.282, 0.153, 0.104, 0.054)),
        ],
    )
    def test_families_without_a_loss(self, delta: float, table: tuple[float, ...]) -> None:
        """The smallest bound on unseen families, for 12, 20, 40, 60 and 120 of them."""
        for families, published in zip((12, 20, 40, 60, 120), table, strict=True):
            assert bounds.smallest_kl(families, delta) == pytest.approx(published, abs=6e-4)
            assert bounds.kl_chernoff_upper(0.0, families, delta) == bounds.smallest_kl(families, delta)

    def test_few_generators_are_few_units(self) -> None:
        """Five generators of twenty templates: on templates 84 % coverage (86 % if shuffled), on generators 100 %."""
        rng, runs = np.random.default_rng(5), replications(2000, 10_000)
        generators = np.clip(rng.beta(0.05 * 9, 0.95 * 9, size=(runs, 5, 1)), 1e-12, 1 - 1e-12)
        rates = rng.beta(9 * generators, 9 * (1 - generators), size=(runs, 5, 20))
        z = rng.binomial(20, rates) / 20
        one_after_another = z.reshape(runs, 100)
        shuffled = rng.permuted(one_after_another, axis=1)
        assert np.mean(bounds.wsr_upper_rows(one_after_another, DELTA) >= 0.05) == pytest.approx(0.84, abs=0.03)
        assert np.mean(bounds.wsr_upper_rows(shuffled, DELTA) >= 0.05) == pytest.approx(0.86, abs=0.03)
        by_generator = bounds.wsr_upper_rows(z.mean(axis=2), DELTA)
        assert np.mean(by_generator >= 0.05) > 0.999
        assert by_generator.mean() == pytest.approx(0.87, abs=0.02)

    def test_twenty_generators_are_almost_enough(self) -> None:
        """Twenty generators of five templates: the template-level bound covers about 98.5 %."""
        rng, runs = np.random.default_rng(6), replications(2000, 10_000)
        generators = np.clip(rng.beta(0.05 * 9, 0.95 * 9, size=(runs, 20, 1)), 1e-12, 1 - 1e-12)
        z = rng.binomial(20, rng.beta(9 * generators, 9 * (1 - generators), size=(runs, 20, 5))) / 20
        covered = np.mean(bounds.wsr_upper_rows(rng.permuted(z.reshape(runs, 100), axis=1), DELTA) >= 0.05)
        assert covered == pytest.approx(0.985, abs=0.012)

    def test_family_means_are_bounded_for_a_new_family(self) -> None:
        """KL-Chernoff on the means of twenty families holds for the mean over families."""
        z = nested_losses(0.05, (replications(1000, 10_000), 20), 20, np.random.default_rng(7))
        uppers = [bounds.kl_chernoff_upper(float(mean), 20, DELTA) for mean in z.mean(axis=1)]
        assert np.mean(np.array(uppers) >= 0.05) >= 0.95


class TestSampleSizes:
    """How many independent units a limit takes."""

    @pytest.mark.parametrize(
        ("delta", "alpha", "without", "powered"),
        [
            (0.05, 0.01, {1: 299, 10: 528, 40: 666, 120: 775}, {1: 913, 10: 1709, 40: 2075, 120: 2396}),
            (0.05, 0.02, {1: 149, 10: 263, 40: 331, 120: 386}, {1: 456, 10: 779, 40: 1035, 120: 1195}),
            (0.05, 0.05, {1: 59, 10: 104, 40: 131, 120: 152}, {1: 181, 10: 309, 40: 410, 120: 474}),
            (0.05, 0.10, {1: 29, 10: 51, 40: 64, 120: 74}, {1: 89, 10: 152, 40: 187, 120: 218}),
            (0.02, 0.01, {1: 390, 10: 619, 40: 757, 60: 797}, {1: 1200, 10: 1852, 40: 2368, 60: 2430}),
            (0.02, 0.02, {1: 194, 10: 308, 40: 377, 60: 397}, {1: 598, 10: 923, 40: 1181, 60: 1212}),
            (0.02, 0.05, {1: 77, 10: 122, 40: 149, 60: 157}, {1: 237, 10: 366, 40: 468, 60: 480}),
            (0.02, 0.10, {1: 38, 10: 59, 40: 73, 60: 76}, {1: 117, 10: 180, 40: 215, 60: 236}),
        ],
    )
    def test_clopper_pearson(self, delta: float, alpha: float, without: dict[int, int], powered: dict[int, int]) -> None:
        """Fewest units without a miss, and for 90 % power at a quarter of the limit, for a number of cells at once."""
        n = np.arange(1, 3000)
        for cells, fewest in without.items():
            own = delta / cells
            assert bounds.clopper_pearson_upper(0, fewest, own) <= alpha < bounds.clopper_pearson_upper(0, fewest - 1, own)
            cut = stats.binom.ppf(own, n, alpha)
            cut = np.where(stats.binom.cdf(cut, n, alpha) > own, cut - 1, cut)
            enough = (cut >= 0) & (stats.binom.cdf(cut, n, alpha / 4) >= 0.9)
            assert n[enough.argmax()] == powered[cells]

    @pytest.mark.parametrize(
        ("units", "published"), [(200, (0.09, 0.15, 0.19)), (300, (0.08, 0.12, 0.15)), (600, (0.06, 0.09, 0.11))]
    )
    def test_betting(self, units: int, published: tuple[float, ...]) -> None:
        """The 99th percentile of the betting bound on 0/1 losses at .02/4, for true rates of 1, 3 and 5 %."""
        rng = np.random.default_rng([12, units])
        for rate, expected in zip((0.01, 0.03, 0.05), published, strict=True):
            uppers = bounds.wsr_upper_rows((rng.random((1000, units)) < rate).astype(float), 0.02 / 4)
            assert np.quantile(uppers, 0.99) == pytest.approx(expected, abs=0.013)


class TestScoreMargin:
    """Bounds at tau + eps survive numerical noise of eps."""

    @pytest.mark.parametrize(("shift", "published"), [(0.0, 0.49), (0.3, 0.97)])
    def test_worst_case_noise(self, shift: float, published: float) -> None:
        """Effects N(1.8, .5), noise N(0, .8), eps .3: certified at tau it covers 49 %, at tau + eps 97 %."""
        rng, runs = np.random.default_rng(8), 20_000
        scale = math.hypot(0.5, 0.8)
        served_miss = stats.norm.cdf((0.3 - 1.8) / scale)
        counted = rng.binomial(200, stats.norm.cdf((shift - 1.8) / scale), size=runs).astype(float)
        covered = np.mean(rivals.clopper_pearson(counted, 200, DELTA) >= served_miss)
        assert covered == pytest.approx(published, abs=0.02)


class TestLabelNoise:
    """Errors of the answer key."""

    def test_the_correction_restores_coverage(self) -> None:
        """With 4 % wrong labels, all flagged, the naive bound covers 94.7 %, the corrected one 98.1 %."""
        rng, runs = np.random.default_rng(9), 20_000
        missed = rng.binomial(1000, 0.96 * 0.03, size=runs)
        audited = rng.binomial(150, 0.04, size=runs)
        naive = rivals.clopper_pearson(missed.astype(float), 1000, 0.05)
        miss_upper = {k: bounds.clopper_pearson_upper(int(k), 1000, 0.04) for k in np.unique(missed)}
        label_upper = {k: bounds.clopper_pearson_upper(int(k), 150, 0.01) for k in np.unique(audited)}
        corrected = np.array(
            [sensitivity.label_corrected(miss_upper[k], label_upper[a]) for k, a in zip(missed, audited, strict=True)]
        )
        assert np.mean(naive >= 0.03) == pytest.approx(0.947, abs=0.012)
        assert np.mean(corrected >= 0.03) == pytest.approx(0.981, abs=0.012)


class TestCatalogue:
    """Pooled Clopper-Pearson for the mean rate of the very rows tested."""

    @pytest.mark.parametrize("n", [20, 50])
    def test_worst_case_over_rate_vectors(self, n: int) -> None:
        """Exact coverage over random rate vectors never falls below 95 % while the mean is at most 1 - 1/n."""
        rng = np.random.default_rng(10)
        uppers = np.array([bounds.clopper_pearson_upper(s, n, DELTA) for s in range(n + 1)])
        worst = 1.0
        for _ in range(replications(400, 24_000)):
            rates = rng.beta(*rng.uniform(0.05, 2.0, size=2), size=n)
            if rates.mean() > 1 - 1 / n:
                continue
            law = np.ones(1)
            for rate in rates:
                law = np.convolve(law, [1 - rate, rate])
            worst = min(worst, float(law[uppers >= rates.mean()].sum()))
        assert 0.95 <= worst < 0.99
