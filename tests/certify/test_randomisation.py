"""The randomisation test against brute force, and Holm's procedure against its definition."""

from __future__ import annotations

from itertools import product
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certify.randomisation import holm, sign_flip, smallest

differences = st.lists(st.integers(-6, 6), min_size=1, max_size=9)
chances = st.lists(st.floats(0, 1), min_size=1, max_size=8)


class TestSignFlip:
    """The p of a sign-flip test."""

    @given(differences)
    def test_equals_the_share_of_all_sign_patterns(self, found: list[int]) -> None:
        """Counting every pattern of signs gives the same number."""
        sums = [sum(s * d for s, d in zip(signs, found, strict=True)) for signs in product((-1, 1), repeat=len(found))]
        assert sign_flip(found) == pytest.approx(sum(total >= sum(found) for total in sums) / len(sums), abs=1e-12)

    @given(differences)
    def test_both_directions_cover_everything(self, found: list[int]) -> None:
        """The p of the differences and that of their negatives sum to at least 1: no sum is counted for neither."""
        assert sign_flip(found) + sign_flip([-each for each in found]) >= 1 - 1e-12

    @pytest.mark.parametrize("families", [1, 5, 40])
    def test_all_for_the_monitor_gives_the_smallest(self, families: int) -> None:
        """No other pattern has as large a sum; with few families that is not small."""
        assert sign_flip([3] * families) == pytest.approx(smallest(families), rel=1e-9)

    @pytest.mark.parametrize("found", [[], [0, 0, 0]])
    def test_nothing_to_tell_apart(self, found: list[int]) -> None:
        """Without families, or where both readers do the same, p is 1."""
        assert sign_flip(found) == 1.0

    def test_many_families_stay_exact(self) -> None:
        """A hundred families of twenty draws are no matter of simulation."""
        # Of equal sizes the sum of signs is a binomial count: at least 60 of 100.
        known = sum(comb(100, heads) for heads in range(60, 101)) / 2**100
        assert sign_flip([20] * 60 + [-20] * 40) == pytest.approx(known, rel=1e-9)
        assert known == pytest.approx(0.02844397, abs=1e-8)


class TestHolm:
    """Adjusted p-values."""

    @given(chances)
    def test_never_smaller_nor_out_of_order(self, values: list[float]) -> None:
        """An adjusted p is at least the raw one, at most Bonferroni's, and the order stays."""
        adjusted = holm(values)
        assert all(raw - 1e-12 <= new <= min(1.0, raw * len(values)) + 1e-12 for raw, new in zip(values, adjusted, strict=True))
        ranked = sorted(zip(values, adjusted, strict=True))
        assert [new for _, new in ranked] == sorted(new for _, new in ranked)

    def test_by_hand(self) -> None:
        """The smallest times three, the next times two and no smaller than the one before, the last as it is."""
        assert holm([0.04, 0.01, 0.015]) == pytest.approx((0.04, 0.03, 0.03))
        assert holm([]) == ()
