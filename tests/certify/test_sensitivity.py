"""The closed forms of shift equal a numerical worst case."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from certify import sensitivity
from guard.errors import ProtocolError

LOSS = np.array([1.0, 0, 0, 1.0, 0, 0, 0, 0, 1.0, 0, 0, 0])
P = np.random.default_rng(0).dirichlet(np.ones(12) * 2)
RATE = float(P @ LOSS)


def worst(bounds: list[tuple[float, float]], distance: float | None = None) -> float:
    """Maximise the loss over distributions on twelve atoms by linear programming."""
    if distance is None:
        result = optimize.linprog(-LOSS, A_eq=np.ones((1, 12)), b_eq=[1.0], bounds=bounds)
        return float(-result.fun)
    # q, then the parts of |q - p|; their sum is at most twice the distance.
    eye = np.eye(12)
    above = np.vstack([np.hstack([eye, -eye]), np.hstack([-eye, -eye]), np.hstack([np.zeros(12), np.ones(12)])[None]])
    limits = np.concatenate([P, -P, [2 * distance]])
    equal = np.hstack([np.ones(12), np.zeros(12)])[None]
    result = optimize.linprog(
        np.concatenate([-LOSS, np.zeros(12)]), A_ub=above, b_ub=limits, A_eq=equal, b_eq=[1.0], bounds=[(0, 1)] * 24
    )
    return float(-result.fun)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3])
def test_contamination_equals_the_numerical_worst_case(share: float) -> None:
    """(1-e) U + e."""
    assert sensitivity.contamination(RATE, share) == pytest.approx(worst([((1 - share) * p, 1.0) for p in P]))


@pytest.mark.parametrize("most", [1.0, 1.8, 3.0])
def test_likelihood_ratio_equals_the_numerical_worst_case(most: float) -> None:
    """min(1, G U)."""
    assert sensitivity.likelihood_ratio(RATE, most) == pytest.approx(worst([(0.0, most * p) for p in P]))


@pytest.mark.parametrize("distance", [0.0, 0.02, 0.5])
def test_total_variation_equals_the_numerical_worst_case(distance: float) -> None:
    """min(1, U + e)."""
    assert sensitivity.total_variation(RATE, distance) == pytest.approx(worst([], distance), abs=1e-7)


def test_printed_examples() -> None:
    """The examples at a rate of .03."""
    assert sensitivity.contamination(0.03, 0.02) == pytest.approx(0.0494)
    assert sensitivity.total_variation(0.03, 0.02) == pytest.approx(0.05)
    assert sensitivity.likelihood_ratio(0.03, 2) == pytest.approx(0.06)
    assert sensitivity.breaking_ratio(0.03, 0.054) == pytest.approx(1.8)


def test_label_correction() -> None:
    """U / (1 - eta), and 1 where the answer key may be all wrong."""
    assert sensitivity.label_corrected(0.05, 0.0) == 0.05
    assert sensitivity.label_corrected(0.05, 0.04) == pytest.approx(0.05 / 0.96)
    assert sensitivity.label_corrected(0.97, 0.04) == 1.0
    assert sensitivity.label_corrected(0.5, 1.0) == 1.0


def test_what_cant_be_is_refused() -> None:
    """Rates outside [0, 1], NaN, a ratio below 1, a breaking point of nothing."""
    for call in (
        lambda: sensitivity.contamination(1.1, 0.1),
        lambda: sensitivity.contamination(0.1, float("nan")),
        lambda: sensitivity.total_variation(0.1, -0.1),
        lambda: sensitivity.likelihood_ratio(0.1, 0.9),
        lambda: sensitivity.breaking_ratio(0.0, 0.05),
        lambda: sensitivity.label_corrected(0.1, 2.0),
    ):
        with pytest.raises(ProtocolError):
            call()
