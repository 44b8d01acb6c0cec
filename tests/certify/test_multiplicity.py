"""The budget never exceeds .05, in exact arithmetic, over parts, cells and attempts."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certify.multiplicity import PARTS, Part, budget, holm
from guard.agreement import OVERALL, attempt_factor
from guard.errors import ProtocolError

NAMES = st.lists(st.text(min_size=1, max_size=4), unique=True, max_size=12)
WEIGHTS = st.fractions(Fraction(1, 1000), 1000)


class TestBudget:
    """How delta is spent."""

    def test_parts_sum_to_the_whole(self) -> None:
        """.025 + .01 + .01 + .005 = .05."""
        assert sum(PARTS.values()) == OVERALL == Fraction(1, 20)

    def test_first_attempt_leaves_two_per_cent_for_misses(self) -> None:
        """One miss claim of a first attempt has .02, one of four .005, one unseen bound .008."""
        assert budget(1, ["a"], [], []).delta(Part.MISS, "a") == 0.02
        assert budget(1, list("abcd"), [], []).written(Part.MISS, "c") == "0.005"
        assert budget(1, [], [], ["u"]).written(Part.UNSEEN, "u") == "0.008"
        assert budget(1, [], [], []).written(Part.LABELS) == "0.004"

    def test_attempts_get_a_fifth_of_the_one_before(self) -> None:
        """.04, .008, .0016, ..., whose sum never reaches .05."""
        totals = [budget(r, [], [], []).total for r in (1, 2, 3)]
        assert [str(total) for total in totals] == ["0.04", "0.008", "0.0016"]
        assert sum(attempt_factor(r) for r in range(1, 200)) < 1

    @settings(max_examples=50, deadline=None)
    @given(NAMES, NAMES, NAMES, st.data())
    def test_nothing_ever_sums_above_the_budget(
        self, miss: list[str], alarm: list[str], unseen: list[str], data: st.DataObject
    ) -> None:
        """Written shares of ten attempts, added exactly, stay within every part and within .05."""
        names = sorted({*miss, *alarm, *unseen})
        weights = {name: data.draw(WEIGHTS) for name in names[: len(names) // 2]}
        attempts = [budget(r, miss, alarm, unseen, weights) for r in range(1, 11)]
        for part, total in PARTS.items():
            spent = [Fraction(share.delta) for b in attempts for share in b.shares if share.part is part]
            assert sum(spent) <= total
        for one in attempts:
            assert sum(Fraction(share.delta) for share in one.shares) <= Fraction(one.total)
            assert all(float(one.written(share.part, share.cell)) > 0 for share in one.shares)

    def test_little_is_lost_to_rounding(self) -> None:
        """Seven equal shares add up to their part but for a part in ten thousand million."""
        shares = budget(1, [str(i) for i in range(7)], [], []).shares
        spent = sum(Fraction(share.delta) for share in shares if share.part is Part.MISS)
        assert 1 - spent / Fraction(2, 100) < Fraction(1, 10**10)

    def test_weights_are_proportional(self) -> None:
        """A cell of weight 3 gets three times the delta of the others in its part, and only in parts that hold it."""
        spent = budget(1, ["a", "b"], ["b", "c"], [], {"a": 3})
        assert spent.written(Part.MISS, "a") == "0.015"
        assert spent.written(Part.MISS, "b") == "0.005"
        assert spent.written(Part.FALSE_ALARM, "b") == "0.004"

    def test_written_numbers_are_plain_decimals(self) -> None:
        """Even small shares have no exponent, and read back as the number that is computed with."""
        spent = budget(6, [str(i) for i in range(60)], [], [])
        text = spent.written(Part.MISS, "0")
        assert "e" not in text.lower()
        assert float(text) == spent.delta(Part.MISS, "0")

    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            ((0, ["a"], [], []), "count from 1"),
            ((1, ["a", "a"], [], []), "twice"),
            ((1, ["a"], [], [], {"z": 1}), "no planned bound"),
            ((1, ["a"], [], [], {"a": 0}), "positive"),
            ((1, ["a"], [], [], {"a": "much"}), "not a number"),
        ],
    )
    def test_what_cant_be_is_refused(self, arguments: tuple[object, ...], problem: str) -> None:
        """Attempt 0, a name twice, a weight for nothing, none or not a number."""
        with pytest.raises(ProtocolError, match=problem):
            budget(*arguments)  # type: ignore[arg-type]

    def test_an_unplanned_bound_has_no_delta(self) -> None:
        """Asking for a bound that was not planned is refused, not answered with 0."""
        with pytest.raises(ProtocolError, match="no miss bound 'z'"):
            budget(1, ["a"], [], []).delta(Part.MISS, "z")


class TestHolm:
    """Step-down ticks."""

    def test_steps_down_and_stops_at_the_first_failure(self) -> None:
        """.01 passes at .05/3, .03 fails at .05/2, so .04 is not looked at."""
        assert holm([0.04, 0.01, 0.03], 0.05) == (False, True, False)
        assert holm([0.04, 0.01, 0.02], 0.05) == (True, True, True)
        assert holm([], 0.05) == ()

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.floats(0, 1), min_size=1, max_size=5))
    def test_equals_the_closed_test(self, p: list[float]) -> None:
        """A hypothesis is rejected iff Bonferroni rejects every set of hypotheses that holds it."""
        indices = range(len(p))
        sets = [s for size in range(1, len(p) + 1) for s in itertools.combinations(indices, size)]
        closed = tuple(all(min(p[j] for j in s) <= 0.05 / len(s) for s in sets if i in s) for i in indices)
        assert holm(p, 0.05) == closed

    def test_controls_the_chance_of_any_false_rejection(self) -> None:
        """With two true hypotheses of five and dependent p-values, a true one is rejected in at most 5 % of runs."""
        rng = np.random.default_rng(8)
        shared = rng.random(4000)
        false = rng.random((4000, 3)) * 1e-4
        p = np.column_stack([shared, 1 - shared, false])
        wrong = sum(any(holm(row, 0.05)[:2]) for row in p)
        assert wrong / 4000 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 4000)

    def test_refuses_what_is_no_p_value(self) -> None:
        """NaN and numbers outside [0, 1] are refused."""
        for value in (float("nan"), -0.1, 1.1):
            with pytest.raises(ProtocolError):
                holm([value], 0.05)
