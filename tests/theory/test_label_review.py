"""Claim L by simulation: bounds on wrong labels hold wherever reviewers stop, and a planned size makes them tighter.

A reviewer who may stop where it looks best, at the planned number of rows or at any other, finds a bound below the truth no
oftener than the budget says. Two wrong ways are caught: one fixed level wherever the review ends, and a planned bound whose
level is not taken off the others.
"""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from populations import replications
from scipy import stats

from certify import labels
from certify.bounds import clopper_pearson_upper
from certify.review import LEAST, Population, Spending, spent_at
from guard.claims import ReviewPlan
from tests.certify import made_up

CLAIM = "missed_emergency@prompt"
PLANNED, MOST = 300, 600
DELTA = 0.05
"""Wide, so that a few thousand repetitions can tell it from twice as much."""
SIZES = np.arange(LEAST, MOST + 1)


def planned(share: float = DELTA) -> Spending:
    """A planned number of rows, with the split that certificates use, of a wider budget."""
    kept = float(labels.PLANNED_SHARE)
    return Spending(share * (1 - kept), {(CLAIM, Population.HAZARD): (PLANNED, share * kept)})


def levels(spending: Spending) -> NDArray[np.float64]:
    """What the bound at each size spends."""
    return np.array([spending.at(CLAIM, Population.HAZARD, int(size)) for size in SIZES])


def false_somewhere(eta: float, level: NDArray[np.float64], seed: int) -> float:
    """How often the bound at some size is below the true share of wrong labels, so that a reviewer could stop there."""
    runs = replications(2_000, 50_000)
    wrong = (np.random.default_rng(seed).random((runs, MOST)) < eta).cumsum(axis=1)[:, LEAST - 1 :]
    # A Clopper-Pearson bound is below eta exactly where so few or fewer wrong ones had less than its level's chance.
    return float((stats.binom.cdf(wrong, SIZES, eta) < level).any(axis=1).mean())


@pytest.mark.parametrize("eta", [0.01, 0.05, 0.2])
def test_wherever_reviewers_stop_the_planned_split_holds(eta: float) -> None:
    """Over all sizes from 60 to 600, the planned one among them."""
    assert false_somewhere(eta, levels(planned()), 1) <= DELTA


def test_one_fixed_level_wherever_the_review_ends_is_caught() -> None:
    """A Clopper-Pearson bound for one size, stated at whichever size looks best."""
    assert false_somewhere(0.05, np.full(len(SIZES), DELTA), 2) > 2 * DELTA


def test_a_planned_level_on_top_of_the_others_is_caught() -> None:
    """Both parts at the whole budget: where the planned bound nearly spends its level, together they spend more."""
    both = Spending(DELTA, {(CLAIM, Population.HAZARD): (PLANNED, DELTA)})
    rates = np.linspace(0.02, 0.12, 400)
    worst = max(rates, key=lambda eta: stats.binom.cdf(stats.binom.ppf(DELTA, PLANNED, eta) - 1, PLANNED, eta))
    assert false_somewhere(float(worst), levels(both), 3) > DELTA


@pytest.mark.parametrize("eta", [0.01, 0.05])
def test_at_the_planned_number_the_bound_covers_and_is_tighter(eta: float) -> None:
    """On a real protocol's share: covered as often as stated, and well below the bound that allows for every place to stop."""
    made = made_up.plan(made_up.cell(draws=400), traffic=400)
    langs = {CLAIM: {"en"}}
    fixed = labels.spending(msgspec.structs.replace(made, review=ReviewPlan(per_stratum=PLANNED)), langs)
    free = labels.spending(made, langs)
    runs = replications(2_000, 50_000)
    wrong = np.random.default_rng(4).binomial(PLANNED, eta, runs)
    found = {}
    for name, spending in (("fixed", fixed), ("free", free)):
        level = spending.at(CLAIM, Population.HAZARD, PLANNED)
        by_count = {int(k): clopper_pearson_upper(int(k), PLANNED, level) for k in np.unique(wrong)}
        found[name] = np.array([by_count[int(k)] for k in wrong])
        assert (found[name] < eta).mean() <= level + 3 * np.sqrt(level / runs)
    assert np.median(found["fixed"]) < 0.85 * np.median(found["free"])
    assert spent_at(PLANNED, 0.004 / 3) == pytest.approx(free.at(CLAIM, Population.HAZARD, PLANNED))
