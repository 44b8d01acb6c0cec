"""Forecasts agree with direct simulation and exact power, and hopeless limits are refused."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from certify import bounds, passing, planner
from certify.passing import Method, Question
from certify.planner import Forecast, Undecidable
from guard.errors import ProtocolError

MISS = Question("miss", 300, 0.01, 0.1)
NEAR = Question("false_alarm_near", 300, 0.01, 0.1, rows=2)
UNSEEN = Question("miss_unseen", 40, 0.008, 0.3, Method.KL_CHERNOFF, rows=15)


class TestChance:
    """The chance to pass at a known rate."""

    @pytest.mark.parametrize("rate", [0.02, 0.04, 0.06])
    def test_equals_simulating_the_bound(self, rate: float) -> None:
        """Of 2000 simulated tests, that share has a betting bound within the limit."""
        rows = (np.random.default_rng(9).random((2000, MISS.units)) < rate).astype(float)
        passed = np.mean(bounds.wsr_upper_rows(rows, MISS.delta) <= MISS.limit)
        assert passing.chance(MISS, rate) == pytest.approx(passed, abs=0.05)

    @pytest.mark.parametrize("rate", [0.02, 0.05, 0.08])
    def test_kl_chernoff_is_exact_for_single_rows(self, rate: float) -> None:
        """It is a binomial probability."""
        question = replace(MISS, method=Method.KL_CHERNOFF)
        most = max(k for k in range(60) if bounds.kl_chernoff_upper(k / 300, 300, 0.01) <= 0.1)
        assert passing.chance(question, rate) == pytest.approx(stats.binom.cdf(most, 300, rate), abs=1e-9)

    def test_averaging_two_rows_helps_the_less_the_more_alike_they_are(self) -> None:
        """Rows that share all their variance are as good as one, independent ones are better."""
        alone = passing.chance(replace(NEAR, rows=1), 0.05)
        alike, apart = (passing.chance(replace(NEAR, spread=spread), 0.05) for spread in (0.999, 0.0))
        assert alike == pytest.approx(alone, abs=0.05)
        assert apart > alike + 0.05

    def test_a_rate_at_the_limit_passes_no_more_often_than_delta(self) -> None:
        """That is what the bound promises."""
        for question in (MISS, NEAR, UNSEEN):
            assert passing.chance(question, question.limit) <= question.delta + 0.01

    def test_falls_with_the_rate_and_rises_with_the_units(self) -> None:
        """More losses or fewer units never help."""
        rates = [passing.chance(MISS, rate) for rate in np.linspace(0, 0.1, 9)]
        assert rates == sorted(rates, reverse=True)
        sizes = [passing.chance(replace(MISS, units=units), 0.04) for units in (100, 200, 400, 800)]
        assert sizes == sorted(sizes)

    def test_a_limit_of_one_demands_nothing(self) -> None:
        """It is always met."""
        assert passing.chance(replace(MISS, limit=1.0), 0.9) == 1.0
        assert passing.predicted(replace(MISS, limit=1.0), (0, 0)) == 1.0


class TestPredicted:
    """The chance to pass, as far as a pilot can tell."""

    @pytest.mark.parametrize("lost", [0, 4, 9])
    def test_equals_averaging_over_the_posterior(self, lost: int) -> None:
        """Rates drawn from the posterior given the pilot, then their chances averaged."""
        pilot = (200 - lost, lost)
        rates = np.random.default_rng(10).beta(lost + 1, 200 - lost + 1, size=600)
        averaged = np.mean([passing.chance(MISS, rate) for rate in rates])
        assert passing.predicted(MISS, pilot) == pytest.approx(averaged, abs=0.04)

    def test_equals_simulating_two_rows(self) -> None:
        """Dirichlet rates, then multinomial losses of one half and one, then the bound itself."""
        rng = np.random.default_rng(11)
        pilot = (170, 20, 6)
        law = rng.dirichlet(np.array(pilot) + 2 / 3, size=1500)
        rows = np.stack([rng.choice([0.0, 0.5, 1.0], size=NEAR.units, p=p) for p in law])
        passed = np.mean(bounds.wsr_rejects(rows, NEAR.limit, NEAR.delta))
        assert 0.1 < passed < 0.95
        assert passing.predicted(NEAR, pilot) == pytest.approx(passed, abs=0.05)

    def test_a_small_pilot_promises_less(self) -> None:
        """The same observed rate from fewer draws is worth less while it lies well below the limit."""
        question = replace(MISS, units=600)
        small, large = passing.predicted(question, (49, 1)), passing.predicted(question, (980, 20))
        assert small < large

    def test_needs_a_pilot_that_fits(self) -> None:
        """Counts for another number of rows, or no unit at all, are refused."""
        for question, pilot in ((MISS, (1, 2, 3)), (MISS, (0, 0)), (NEAR, (3, 4)), (UNSEEN, tuple(range(16)))):
            with pytest.raises(ProtocolError):
                passing.predicted(question, pilot)


class TestPlan:
    """What is printed before any work."""

    def test_a_cell_is_planned_in_two_seconds(self) -> None:
        """Four bounds at certificate size, nothing cached."""
        questions = [
            Question("miss", 613, 0.005, 0.05),
            Question("false_alarm_traffic", 613, 0.001, 0.05),
            Question("false_alarm_near", 613, 0.001, 0.1, rows=2),
            Question("miss_unseen", 60, 0.002, 0.2, Method.KL_CHERNOFF, rows=20),
        ]
        start = time.process_time()
        plan = planner.plan_cell("missed_emergency@prompt/en/upto1000", questions)
        assert time.process_time() - start < 2.0
        assert [forecast.question for forecast in plan.forecasts] == questions
        assert all(forecast.chances[-1].passes == pytest.approx(1.0) for forecast in plan.forecasts)

    def test_a_limit_that_nothing_could_meet_is_refused_with_what_would_do(self) -> None:
        """Twelve families can't show 5 % at .008: 95 without a loss could."""
        question = Question("miss_unseen", 12, 0.008, 0.05, Method.KL_CHERNOFF, rows=20)
        outcome = planner.plan_bound(question)
        assert isinstance(outcome, Undecidable)
        assert outcome.smallest == pytest.approx(0.331, abs=5e-4)
        assert outcome.units_needed == 95
        with pytest.raises(ProtocolError, match=r"12 units give a bound of at least 0\.331, above the limit 0\.05"):
            planner.plan_cell("x/en/upto1000", [MISS, question])

    def test_a_refused_limit_is_met_by_the_units_that_it_asks_for(self) -> None:
        """For the betting bound, too, and by no unit fewer."""
        question = Question("miss", 30, 0.005, 0.05)
        outcome = planner.plan_bound(question)
        assert isinstance(outcome, Undecidable)
        assert bounds.smallest_wsr(outcome.units_needed, 0.005) <= 0.05 < bounds.smallest_wsr(outcome.units_needed - 1, 0.005)
        assert isinstance(planner.plan_bound(replace(question, units=outcome.units_needed)), Forecast)

    def test_units_needed_have_the_power(self) -> None:
        """The answer has 90 % power, nine tenths of it have less."""
        units = planner.units_needed(MISS, 0.025)
        assert passing.chance(replace(MISS, units=units), 0.025) >= 0.9
        assert passing.chance(replace(MISS, units=int(0.9 * units)), 0.025) < 0.9
        with pytest.raises(ProtocolError):
            planner.units_needed(MISS, 0.1)

    def test_sizes_beyond_reason_are_refused(self) -> None:
        """A rate just below the limit needs more units than anyone can draw."""
        with pytest.raises(ProtocolError, match="not even 10000 units"):
            planner.units_needed(replace(MISS, method=Method.KL_CHERNOFF), 0.099)

    def test_all_limits_together_are_no_likelier_than_their_floor(self) -> None:
        """Chances of .9 and .95 leave .85 whatever their dependence, and never less than 0."""
        assert planner.floor_of_all([0.9, 0.95]) == pytest.approx(0.85)
        assert planner.floor_of_all([0.2, 0.3]) == 0.0
        plan = planner.plan_cell("x", [MISS, NEAR])
        assert plan.all_pass == planner.floor_of_all([forecast.chances[0].passes for forecast in plan.forecasts])

    def test_table_has_a_row_for_each_rate(self) -> None:
        """A heading, then cell, bound, sizes, limit, smallest bound, rate and chance as text."""
        rows = planner.table([planner.plan_cell("x/en/upto1000", [MISS, UNSEEN], rates=(0.01, 0.2))])
        assert len(rows) == 1 + 2 * 2
        assert {len(row) for row in rows} == {9}
        assert rows[1][:6] == ("x/en/upto1000", "miss", "wsr", "300", "0.01", "0.1")

    def test_same_seed_same_plan(self) -> None:
        """A forecast is a function of its question and seed."""
        assert planner.plan_bound(NEAR, seed=3) == planner.plan_bound(NEAR, seed=3)

    def test_what_makes_no_sense_is_refused(self) -> None:
        """No unit, no row, a limit of 0, a delta of 1, a rate above 1, or nothing asked."""
        for change in (
            {"units": 0},
            {"rows": 0},
            {"limit": 0.0},
            {"delta": 1.0},
            {"spread": 1.0},
            {"limit": float("nan")},
        ):
            with pytest.raises(ProtocolError):
                replace(MISS, **change)
        with pytest.raises(ProtocolError):
            passing.chance(MISS, 1.5)
        with pytest.raises(ProtocolError):
            planner.plan_cell("x", [])
