"""Looking again and again: what keeps its error rate then, and what is known not to."""

from __future__ import annotations

import live
import numpy as np
import pytest
from populations import replications, too_often

RUNS = replications(600, 4000)
LABELS = 5000


class TestAuditedLabels:
    """An e-process on labels, against a binomial test that is peeked at."""

    in_control = np.random.default_rng(41).random((RUNS, LABELS)) < 0.05

    def test_the_e_process_rarely_voids_a_good_certificate(self) -> None:
        """At a true rate that is just the limit, 3.5 % of runs ever reach 20 within 5,000 labels; never above 5 %."""
        alarms = live.first_alarm(live.log_e_process(self.in_control, 0.05), 0.05) > 0
        assert not too_often(int(alarms.sum()), RUNS, 0.05)
        assert alarms.mean() == pytest.approx(0.035, abs=0.006 + 3 * np.sqrt(0.035 / RUNS))

    def test_a_peeked_binomial_test_is_caught(self) -> None:
        """A test at 5 % that is looked at every 100 labels rejects in about 24 % of the runs."""
        rejected = live.peeked_binomial(self.in_control, 0.05, 100)
        assert too_often(int(rejected.sum()), RUNS, 0.05)
        assert rejected.mean() == pytest.approx(0.24, abs=0.02 + 3 * np.sqrt(0.24 * 0.76 / RUNS))

    def test_a_doubled_rate_is_found(self) -> None:
        """From .05 to .10 it takes a median of about 144 labels."""
        moved = np.random.default_rng(42).random((RUNS, 2000)) < 0.10
        alarms = live.first_alarm(live.log_e_process(moved, 0.05), 0.05)
        assert (alarms > 0).mean() > 0.99
        assert np.median(alarms) == pytest.approx(144, abs=25)


class TestDrift:
    """A conformal test martingale on scores."""

    runs = replications(150, 400)

    def test_a_fixed_bag_is_caught(self) -> None:
        """Against 100 calibration points that never grow, 40 % of in-control runs of 5,000 points cross 20."""
        rng = np.random.default_rng(43)
        crossed = live.simple_jumper(live.fixed_bag_p_values(rng.random((self.runs, LABELS)), 100, rng)) >= 20
        assert too_often(int(crossed.sum()), self.runs, 0.05)
        assert crossed.mean() == pytest.approx(0.40, abs=0.03 + 3 * np.sqrt(0.24 / self.runs))

    def test_a_growing_bag_is_valid(self) -> None:
        """With the live points in the bag about 3.5 % do, never above 5 %."""
        rng = np.random.default_rng(44)
        crossed = live.simple_jumper(live.growing_bag_p_values(rng.random((self.runs, LABELS)), 100, rng)) >= 20
        assert not too_often(int(crossed.sum()), self.runs, 0.05)

    def test_a_shift_is_found(self) -> None:
        """Scores that move up after the bag was gathered are noticed in most runs: the martingale is not idle."""
        rng = np.random.default_rng(45)
        moved = rng.beta(2.0, 1.0, (20, 1000))
        assert np.mean(live.simple_jumper(live.growing_bag_p_values(moved, 300, rng)) >= 20) > 0.9
