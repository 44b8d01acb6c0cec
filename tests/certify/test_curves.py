"""Areas under the curve, their intervals, and thresholds by count."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from certify.curves import at_count, auroc, interval

grades = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=30)


class TestAuroc:
    """The area under the ROC curve."""

    @given(grades, grades)
    def test_equals_that_of_scikit_learn(self, positives: list[float], negatives: list[float]) -> None:
        """Many ties included, it is the library's number."""
        labels = [1] * len(positives) + [0] * len(negatives)
        assert auroc(positives, negatives) == pytest.approx(roc_auc_score(labels, positives + negatives), abs=1e-12)

    def test_a_score_that_runs_the_wrong_way_is_not_turned_round(self) -> None:
        """Worse than chance stays worse than chance; ties count half; what is unavailable ranks at the wrong end."""
        assert auroc([0.0], [1.0, 2.0]) == 0.0
        assert auroc([1.0, 1.0], [1.0]) == 0.5
        assert auroc([float("-inf"), 2.0], [1.0, float("inf")]) == 0.25

    @pytest.mark.parametrize(("positives", "negatives"), [([], [1.0]), ([1.0], []), ([], [])])
    def test_one_class_has_none(self, positives: list[float], negatives: list[float]) -> None:
        """Without both classes there is nothing to rank."""
        assert math.isnan(auroc(positives, negatives))


class TestInterval:
    """A bootstrap over groups."""

    def test_holds_the_point_and_is_seeded(self) -> None:
        """It lies around the estimate, and the same rows give the same interval."""
        rng = np.random.default_rng(1)
        labels = np.repeat([1, 0], 60)
        scores = rng.normal(size=120) + labels
        groups = [str(n) for n in range(120)]
        low, high = interval(scores, labels, groups)
        assert low < auroc(scores[:60], scores[60:]) < high
        assert (low, high) == interval(scores, labels, groups)
        assert 0.1 < high - low < 0.3

    def test_copies_in_one_group_add_nothing(self) -> None:
        """Ten copies of each row in its own group leave the interval as wide as it was; taken for new rows they narrow it."""
        rng = np.random.default_rng(2)
        labels = np.repeat([1, 0], 30)
        scores = rng.normal(size=60) + labels
        names = [str(n) for n in range(60)]
        once = np.subtract(*interval(scores, labels, names)[::-1])
        tenfold = [np.repeat(each, 10) for each in (scores, labels)]
        grouped = np.subtract(*interval(*tenfold, [name for name in names for _ in range(10)])[::-1])
        pretended = np.subtract(*interval(*tenfold, [str(n) for n in range(600)])[::-1])
        assert grouped == pytest.approx(once, rel=0.2)
        assert pretended < 0.6 * once

    def test_it_covers(self) -> None:
        """In nine of ten samples and more the interval holds the true area of two shifted normals."""
        truth = 0.7602  # of a shift by one standard deviation
        rng = np.random.default_rng(3)
        labels = np.repeat([1, 0], 40)
        groups = [str(n) for n in range(80)]
        held = [
            low <= truth <= high for low, high in (interval(rng.normal(size=80) + labels, labels, groups) for _ in range(60))
        ]
        assert np.mean(held) >= 0.87

    def test_scores_at_the_wrong_end(self) -> None:
        """Infinite scores of what could not be read rank like any other."""
        low, high = interval([math.inf, 1.0, 2.0, -math.inf], [0, 0, 1, 1], list("abcd"))
        assert 0.0 <= low <= high <= 1.0


@given(grades, st.integers(0, 30))
def test_at_most_so_many_reach_a_threshold(benign: list[float], alarms: int) -> None:
    """Exactly the scores above the first that may not reach it do; ties reach fewer than allowed."""
    tau = at_count(benign, alarms)
    first = sorted(benign, reverse=True)[min(alarms, len(benign) - 1)]
    assert sum(score >= tau for score in benign) == sum(score > first for score in benign) <= alarms


def test_rounding_moves_no_row_across_a_threshold() -> None:
    """Scores of the same rows in other batches differ in the last digits: as many reach the threshold as before."""
    tau = at_count([3.0, 2.0, 2.0000004, 1.0, 1.0], 2)
    assert 2.0000004 < tau < 3.0
    assert at_count([5.0, -np.inf], 1) < -1e300
