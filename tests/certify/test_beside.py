"""What stands beside the bounds follows from the same counts, spends nothing, and is never smaller than it may be."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec
import numpy as np
import pytest
from scipy import stats

from certify import beside, bounds, issue
from certify.beside import SHIFTED, SUBGROUP
from certify.counts import counts
from certify.results import UnitLoss
from guard.certificate import Proportion, number
from guard.hazards import Population
from guard.protocol import CellPlan, Shift

from .made_up import EMERGENCY, LANG, PLACE, cell, certificate_of, losses_of, plan
from .made_up import beside as nothing_else

PLAN = plan(cell(draws=60, unseen_families=5), traffic=40)
KEY = (str(EMERGENCY), *PLACE)


def misses(lost: dict[str, tuple[int, int]]) -> Iterator[UnitLoss]:
    """Draws of some listed families, of each so many missed of so many."""
    order = 0
    for family, (missed, of) in lost.items():
        for number_ in range(of):
            yield UnitLoss("miss", *KEY, f"d{order}", order, int(number_ < missed), 1, family)
            order += 1


def test_blind_spots_count_kinds_and_not_draws() -> None:
    """A kind counts from half of its draws on; its bound is Clopper-Pearson over kinds, listed and unseen apart."""
    unseen = [UnitLoss("miss_unseen", *KEY, f"u{n}", n, lost, 4, "") for n, lost in enumerate((0, 1, 2, 4, 0))]
    counted = counts([*misses({"a": (0, 20), "b": (5, 10), "c": (4, 10), "d": (20, 20)}), *unseen])
    listed, hidden = beside.blind_spots(PLAN.cells[0], counted)
    assert (listed.population, listed.kinds) == (Population.LISTED, Proportion(successes=2, trials=4))
    assert (hidden.population, hidden.kinds) == (Population.UNSEEN, Proportion(successes=2, trials=5))
    for one, delta in ((listed, float(PLAN.cells[0].delta_miss)), (hidden, float(PLAN.cells[0].delta_unseen))):
        exact = stats.binomtest(one.kinds.successes, one.kinds.trials, alternative="less").proportion_ci(1 - delta, "exact")
        assert float(one.upper) == pytest.approx(exact.high)


def moved(*at: int) -> list[UnitLoss]:
    """Draws that are missed at so many of three moves."""
    return [UnitLoss(SHIFTED, *KEY, f"d{n}", n, lost, 3, "") for n, lost in enumerate(at)]


SHIFTS = tuple(Shift(radius=number(r), by=number(2 * r)) for r in (0.1, 0.5, 1.0))


def shifting(draws: int) -> CellPlan:
    """A cell for which three moves were planned."""
    return cell(draws=draws, shifts=SHIFTS)


def test_moves_of_the_activations_are_bounded_like_misses() -> None:
    """What is missed at a move is missed at every larger one; each gets the betting bound of its own losses."""
    at = [0, 1, 3, 2, 0, 0, 1] * 8
    found = beside.shifted(shifting(len(at)), counts(moved(*at)))
    assert [one.misses.successes for one in found] == [8, 16, 32]
    assert [one.radius for one in found] == ["0.1", "0.5", "1.0"]
    for one, least in zip(found, (3, 2, 1), strict=True):
        assert float(one.upper) == bounds.wsr_upper((np.array(at) >= least).astype(float), float(PLAN.cells[0].delta_miss))
    uppers = [float(one.upper) for one in found]
    assert uppers == sorted(uppers)


def test_without_planned_moves_there_are_none() -> None:
    """An older protocol names no moves, and nothing is made up for them."""
    assert beside.shifted(cell(), counts(moved(1, 2))) == ()


def test_sensitivity_reads_on_from_the_bound() -> None:
    """Contamination adds the untested share, over-representation multiplies, and the limit breaks where it is reached."""
    issued = certificate_of(PLAN, losses_of(PLAN, {"miss": 2}))
    upper, told = float(issued.cells[0].miss.upper), issued.cells[0].sensitivity
    assert told is not None
    assert float(told.contamination["0.05"]) == pytest.approx(0.95 * upper + 0.05)
    assert float(told.likelihood_ratio["2"]) == pytest.approx(min(1.0, 2 * upper))
    assert float(told.breaks_at) == pytest.approx(0.9 / upper)


def test_subgroups_share_the_draws() -> None:
    """Each value of a trait has its own counts; the trait's name and value are told apart, of another cell nothing comes."""
    rows = [
        UnitLoss(f"{SUBGROUP}population=child", *KEY, "sample", 0, 3, 20, ""),
        UnitLoss(f"{SUBGROUP}population=not said", *KEY, "sample", 0, 1, 40, ""),
        UnitLoss(f"{SUBGROUP}population=child", "other@prompt", *PLACE, "sample", 0, 9, 9, ""),
    ]
    assert beside.subgroups(KEY, counts(rows)) == {
        "population": {"child": Proportion(successes=3, trials=20), "not said": Proportion(successes=1, trials=40)}
    }


class TestAnyMix:
    """Claim C5."""

    long = msgspec.structs.replace(cell(draws=30), bucket="upto8000")

    def test_one_cell_needs_none(self) -> None:
        """With a single cell there is nothing to mix."""
        assert certificate_of(PLAN, losses_of(PLAN)).any_mix == ()

    def test_it_is_the_largest_and_spends_what_its_cells_spend(self) -> None:
        """Over two lengths of one claim each rate is bounded by the larger bound, where that is, at the sum of the deltas."""
        short = issue.cell_result(PLAN.cells[0], counts(losses_of(PLAN)), nothing_else(PLAN), "")
        worse = issue.cell_result(PLAN.cells[0], counts(losses_of(PLAN, {"miss": 9})), nothing_else(PLAN), "")
        longer = msgspec.structs.replace(worse, bucket=self.long.bucket)
        found = {one.estimand: one for one in beside.any_mix([short, longer], [])}
        miss = found["miss"]
        assert (miss.upper, miss.where, miss.cells) == (worse.miss.upper, f"{LANG}/upto8000", 2)
        assert Decimal(miss.delta) == 2 * Decimal(short.miss.delta)
        assert found["false_alarm_near"].upper == short.false_alarm_near.upper
        assert len(found) == 4

    def test_a_mix_is_never_above_it(self) -> None:
        """Whatever the weights, the average of rates that lie within their bounds lies within the largest of these."""
        rng = np.random.default_rng(1)
        for _ in range(200):
            uppers = rng.random(5)
            assert rng.dirichlet(np.ones(5)) @ (uppers * rng.random(5)) <= uppers.max()
