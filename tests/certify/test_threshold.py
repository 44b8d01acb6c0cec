"""The threshold meets its limits with the promised chance, has the fewest false alarms, or says what is missing."""

from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from certify import passing
from certify.passing import Question
from certify.threshold import Demands, NoValidThreshold, OperatingThreshold, choose
from guard.errors import ProtocolError

Floats = NDArray[np.float64]

DEMANDS = Demands(
    Question("miss", 600, 0.005, 0.05),
    Question("false_alarm_near", 600, 0.001, 0.10, rows=2),
    Question("false_alarm_traffic", 600, 0.001, 0.05),
)
EPS = 0.02


def fold(seed: int, apart: float, draws: int = 300) -> tuple[Floats, Floats, Floats]:
    """Scores of positives about `apart`, look-alikes about minus that, and traffic one lower."""
    rng = np.random.default_rng(seed)
    near = -apart + rng.normal(0, 0.5, size=(draws, 1)) + rng.normal(0, 1, size=(draws, 2))
    return rng.normal(apart, 1.1, draws), near, rng.normal(-apart - 1, 1, draws)


def tau_of(outcome: OperatingThreshold | NoValidThreshold) -> float:
    """The threshold, valid or not."""
    return outcome.tau if isinstance(outcome, OperatingThreshold) else outcome.best.tau


class TestValid:
    """Where some threshold meets every limit."""

    def test_lies_half_way_between_two_separate_clouds(self) -> None:
        """With no overlap the threshold is in the middle of the gap, and nothing is lost on the select fold."""
        positives, benign = np.linspace(3, 5, 300), np.linspace(-5, -1, 600)
        outcome = choose(positives, benign.reshape(300, 2), benign[:300] - 1, eps=EPS, demands=DEMANDS)
        assert isinstance(outcome, OperatingThreshold)
        assert outcome.tau == pytest.approx(1.0)
        assert [outlook.rate for outlook in outcome.outlooks] == [0.0, 0.0, 0.0]
        assert outcome.least >= 0.9
        assert outcome.all_pass <= outcome.least

    def test_has_the_fewest_false_alarms_of_all_valid_thresholds(self) -> None:
        """Every other threshold with fewer false alarms has less than the wanted chance for misses."""
        positives, near, traffic = fold(1, 2.9)
        outcome = choose(positives, near, traffic, eps=EPS, demands=DEMANDS)
        assert isinstance(outcome, OperatingThreshold)
        assert outcome.least >= 0.9
        alarms = sum(outlook.rate for outlook in outcome.outlooks[1:])
        for tau in np.linspace(outcome.tau, 4, 400):
            missed = int(np.sum(positives < tau + EPS))
            fewer = np.mean(near >= tau - EPS) + np.mean(traffic >= tau - EPS) < alarms - 1e-9
            if fewer:
                assert passing.predicted(DEMANDS.miss, (300 - missed, missed)) < 0.9

    def test_counts_at_the_margin(self) -> None:
        """Misses are counted at tau + eps and false alarms at tau - eps, ties as the monitor does."""
        positives, near, traffic = fold(2, 3.2)
        outcome = choose(positives, near, traffic, eps=0.3, demands=DEMANDS)
        assert isinstance(outcome, OperatingThreshold)
        tau = outcome.tau
        expected = [np.mean(positives < tau + 0.3), np.mean(near >= tau - 0.3), np.mean(traffic >= tau - 0.3)]
        assert [outlook.rate for outlook in outcome.outlooks] == pytest.approx(expected)

    def test_a_demand_of_one_is_no_demand(self) -> None:
        """Without a limit on false alarms nothing holds the threshold up, and no benign row is needed."""
        free = Demands(DEMANDS.miss, Question("near", 600, 0.001, 1.0, rows=2), Question("traffic", 600, 0.001, 1.0))
        outcome = choose(np.linspace(0, 1, 300), [], [], eps=EPS, demands=free)
        assert isinstance(outcome, OperatingThreshold)
        assert outcome.outlooks[0].rate == 0.0

    def test_keeps_its_promise_on_fresh_draws(self) -> None:
        """Over forty select folds, the true chance to show the miss limit averages the wanted one, less a little."""
        chances = []
        for seed in range(40):
            outcome = choose(*fold(100 + seed, 2.9), eps=EPS, demands=DEMANDS)
            if isinstance(outcome, OperatingThreshold):
                rate = float(stats.norm.cdf(outcome.tau + EPS, 2.9, 1.1))
                chances.append(passing.chance(DEMANDS.miss, rate))
        assert len(chances) >= 20
        assert np.mean(chances) >= 0.85

    def test_more_power_moves_it_towards_fewer_misses(self) -> None:
        """Asking for a higher chance never raises the miss rate."""
        data = fold(3, 3.4)
        usual, sure = (choose(*data, eps=EPS, demands=DEMANDS, power=power) for power in (0.9, 0.97))
        assert isinstance(usual, OperatingThreshold)
        assert tau_of(sure) <= usual.tau

    def test_is_deterministic_and_ignores_the_order_of_draws(self) -> None:
        """The same scores in any order, with the same seed, give the same threshold."""
        positives, near, traffic = fold(4, 2.9)
        once = choose(positives, near, traffic, eps=EPS, demands=DEMANDS, seed=5)
        again = choose(positives[::-1], near[::-1, ::-1], traffic[::-1], eps=EPS, demands=DEMANDS, seed=5)
        assert once == again

    def test_is_fast(self) -> None:
        """A second cell with the same sizes takes a quarter of a second at most."""
        choose(*fold(5, 2.9), eps=EPS, demands=DEMANDS)
        start = time.process_time()
        choose(*fold(6, 2.6, draws=1000), eps=EPS, demands=DEMANDS)
        assert time.process_time() - start < 0.25


class TestNone:
    """Where none does."""

    def test_names_the_gap_at_the_best_compromise(self) -> None:
        """With overlapping clouds the two limits that fight are named, with rate, limit and chance."""
        positives, near, traffic = fold(7, 2.0)
        outcome = choose(positives, near, traffic - 3, eps=EPS, demands=DEMANDS)
        assert isinstance(outcome, NoValidThreshold)
        assert outcome.gap == pytest.approx(0.9 - outcome.best.least)
        assert outcome.gap > 0
        assert "miss 0." in outcome.reason
        assert "false_alarm_near 0." in outcome.reason
        assert "false_alarm_traffic" not in outcome.reason

    def test_no_other_threshold_is_a_better_compromise(self) -> None:
        """Over a grid, the smallest of the three chances is nowhere larger."""
        positives, near, traffic = fold(8, 2.2)
        outcome = choose(positives, near, traffic, eps=EPS, demands=DEMANDS)
        assert isinstance(outcome, NoValidThreshold)
        for tau in np.linspace(-3, 3, 121):
            missed, alarmed = int(np.sum(positives < tau + EPS)), int(np.sum(traffic >= tau - EPS))
            lost = np.bincount(np.sum(near >= tau - EPS, axis=1), minlength=3)
            least = min(
                passing.predicted(DEMANDS.miss, (300 - missed, missed)),
                passing.predicted(DEMANDS.near, tuple(int(count) for count in lost)),
                passing.predicted(DEMANDS.traffic, (300 - alarmed, alarmed)),
            )
            assert least <= outcome.best.least + 1e-9

    def test_a_monitor_that_knows_nothing_gets_a_threshold_but_no_certificate(self) -> None:
        """Same scores for all: every chance is nought, the compromise balances the rates."""
        rng = np.random.default_rng(9)
        outcome = choose(rng.normal(size=300), rng.normal(size=(300, 2)), rng.normal(size=300), eps=EPS, demands=DEMANDS)
        assert isinstance(outcome, NoValidThreshold)
        assert outcome.gap == pytest.approx(0.9)
        assert all(outlook.rate > outlook.limit for outlook in outcome.best.outlooks)

    def test_says_when_the_units_can_never_do(self) -> None:
        """A limit below the smallest bound is named as such, however well the scores separate."""
        few = Demands(Question("miss", 30, 0.005, 0.05), DEMANDS.near, DEMANDS.traffic)
        outcome = choose(*fold(10, 6), eps=EPS, demands=few)
        assert isinstance(outcome, NoValidThreshold)
        assert "30 units give a bound of at least" in outcome.reason

    def test_a_missing_score_is_a_loss_both_ways(self) -> None:
        """A tenth of the positives unavailable is a miss rate of a tenth; of the traffic, a false-alarm rate."""
        positives, near, traffic = fold(11, 6)
        missing = positives.copy()
        missing[:30] = -np.inf
        outcome = choose(missing, near, traffic, eps=EPS, demands=DEMANDS)
        assert isinstance(outcome, NoValidThreshold)
        assert outcome.best.outlooks[0].rate >= 0.1
        loud = traffic.copy()
        loud[:30] = np.inf
        outcome = choose(positives, near, loud, eps=EPS, demands=DEMANDS)
        assert isinstance(outcome, NoValidThreshold)
        assert outcome.best.outlooks[2].rate >= 0.1


class TestEdges:
    """Ties and refusals."""

    def test_one_score_for_everything(self) -> None:
        """All scores tied: either all is missed or all alarms."""
        outcome = choose(np.zeros(50), np.zeros((50, 2)), np.zeros(50), eps=0.0, demands=DEMANDS)
        assert isinstance(outcome, NoValidThreshold)
        assert {outlook.rate for outlook in outcome.best.outlooks} == {0.0, 1.0}

    @pytest.mark.parametrize(
        ("positives", "near", "traffic", "eps"),
        [
            ([float("nan")], [[0.0, 0.0]], [0.0], 0.1),
            ([0.0], [[0.0]], [0.0], 0.1),
            ([[0.0]], [[0.0, 0.0]], [0.0], 0.1),
            (["high"], [[0.0, 0.0]], [0.0], 0.1),
            ([0.0], [[0.0, 0.0]], [0.0], -0.1),
            ([0.0], [[0.0, 0.0]], [0.0], float("nan")),
            ([-np.inf], [[np.inf, np.inf]], [np.inf], 0.1),
            ([0.0], [[0.0, 0.0]], [], 0.1),
            ([], [[0.0, 0.0]], [0.0], 0.1),
        ],
    )
    def test_what_no_threshold_can_be_learnt_from(
        self, positives: list[float], near: list[list[float]], traffic: list[float], eps: float
    ) -> None:
        """NaN, wrong shapes, a bad margin, no available score, or no rows for a limit."""
        with pytest.raises(ProtocolError):
            choose(positives, near, traffic, eps=eps, demands=DEMANDS)
