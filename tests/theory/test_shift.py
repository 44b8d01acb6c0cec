"""The closed forms of the worst case under shift are the numerical ones over populations of twelve atoms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize

from certify import sensitivity

Floats = NDArray[np.float64]
ATOMS = 12


def world(seed: int) -> tuple[Floats, Floats, float]:
    """Twelve atoms with their probabilities, errors on some of them, and the error rate."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(ATOMS))
    errors = (np.arange(ATOMS) < 3).astype(float)
    return p, errors, float(p @ errors)


def linear(errors: Floats, bounds: list[tuple[float, float]], **rows: Floats) -> float:
    """The largest error rate of a distribution over atoms under linear constraints."""
    found = optimize.linprog(-errors, A_eq=np.ones((1, ATOMS)), b_eq=[1.0], bounds=bounds, **rows)
    assert found.success
    return float(-found.fun)


def worst(p: Floats, errors: Floats, distance: Callable[[Floats], Floats], radius: float) -> float:
    """The largest error rate found within a distance: 4,000 random directions, each followed until the ball ends."""
    ends = np.random.default_rng(1).dirichlet(np.full(ATOMS, 0.3), size=4_000)
    # Half of the directions put most of their mass on the errors, where the worst cases lie.
    ends[::2] = 0.9 * ends[::2] * errors / (ends[::2] @ errors)[:, None] + 0.1 * ends[::2]
    ends /= ends.sum(axis=1, keepdims=True)
    low, high = np.zeros(len(ends)), np.ones(len(ends))
    for _ in range(40):
        middle = (low + high) / 2
        inside = distance(p + middle[:, None] * (ends - p)) <= radius
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return float(((p + low[:, None] * (ends - p)) @ errors).max())


@pytest.mark.parametrize("seed", range(3))
class TestTwelveAtoms:
    """Numerical worst cases."""

    def test_likelihood_ratios(self, seed: int) -> None:
        """dQ/dP <= G, and between 1/G and G."""
        p, errors, rate = world(seed)
        for most in (1.3, 2.0, 4.0):
            assert linear(errors, [(0.0, most * own) for own in p]) == pytest.approx(sensitivity.likelihood_ratio(rate, most))
            both = linear(errors, [(own / most, most * own) for own in p])
            assert both == pytest.approx(sensitivity.likelihood_ratios(rate, most))

    def test_contamination_and_total_variation(self, seed: int) -> None:
        """Q >= (1 - e) P, and TV(Q, P) <= e, by linear programs."""
        p, errors, rate = world(seed)
        for share in (0.02, 0.1):
            mixed = linear(errors, [((1 - share) * own, 1.0) for own in p])
            assert mixed == pytest.approx(sensitivity.contamination(rate, share))
            moved = optimize.linprog(
                np.concatenate([-errors, np.zeros(ATOMS)]),
                A_eq=np.concatenate([np.ones(ATOMS), np.zeros(ATOMS)])[None], b_eq=[1.0],
                A_ub=np.block([[np.eye(ATOMS), -np.eye(ATOMS)], [np.zeros((1, ATOMS)), np.ones((1, ATOMS))]]),
                b_ub=np.concatenate([p, [share]]), bounds=[(0.0, 1.0)] * (2 * ATOMS),
            )  # fmt: skip
            assert -moved.fun == pytest.approx(sensitivity.total_variation(rate, share))

    def test_divergences(self, seed: int) -> None:
        """chi-squared, Kullback-Leibler and Hellinger balls: nothing lies beyond the closed form, and a tilt attains it."""
        p, errors, rate = world(seed)
        for form, distance, radius in (
            (sensitivity.chi_squared, lambda q: ((q - p) ** 2 / p).sum(axis=-1), 0.1),
            (sensitivity.kullback_leibler, lambda q: (q * np.log(q / p)).sum(axis=-1), 0.02),
            (sensitivity.hellinger, lambda q: 1 - np.sqrt(q * p).sum(axis=-1), 0.02),
        ):
            closed = form(rate, radius)
            assert rate < worst(p, errors, distance, radius) <= closed + 1e-9
            attained = np.where(errors > 0, p * closed / rate, p * (1 - closed) / (1 - rate))
            assert distance(attained) == pytest.approx(radius, rel=1e-6)

    def test_the_wasserstein_dual_is_the_knapsack(self, seed: int) -> None:
        """Moving found rows below the threshold, the nearest first, until the budget is spent, gives the dual's value."""
        rng = np.random.default_rng(seed)
        margins, norm, radius = rng.normal(1.0, 1.0, 60), float(rng.uniform(0.5, 3.0)), float(rng.uniform(0.01, 0.4))
        costs = np.sort(margins[margins >= 0] / norm) / len(margins)
        lost, left = float(np.mean(margins < 0)), radius
        for cost in costs:
            part = min(1.0, left / cost) if cost > 0 else 1.0
            lost, left = lost + part / len(margins), left - part * cost
        assert sensitivity.wasserstein(margins.tolist(), norm, radius) == pytest.approx(min(1.0, lost))


@pytest.mark.parametrize(
    ("form", "argument", "published"),
    [
        (sensitivity.contamination, 0.02, 0.049),
        (sensitivity.total_variation, 0.02, 0.05),
        (sensitivity.chi_squared, 0.1, 0.084),
        (sensitivity.kullback_leibler, 0.02, 0.070),
        (sensitivity.hellinger, 0.02, 0.134),
        (sensitivity.likelihood_ratio, 2.0, 0.06),
    ],
)
def test_published_examples(form: Callable[[float, float], float], argument: float, published: float) -> None:
    """At a rate of 3 % each form gives the figure of the statistics reference."""
    assert form(0.03, argument) == pytest.approx(published, abs=6e-4)


def test_no_linear_probe_moves_further_than_its_norm() -> None:
    """W_inf: activations that move by at most r lower a score by at most r times the joint norm, attained along the weights."""
    rng = np.random.default_rng(3)
    weights = [rng.normal(size=7), rng.normal(size=5)]
    norm = sensitivity.joint_norm([float(np.linalg.norm(own)) for own in weights])
    joint = np.concatenate([own / len(weights) for own in weights])
    steps = rng.normal(size=(500, 12))
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    assert np.abs(steps @ joint).max() <= norm
    assert joint @ (joint / np.linalg.norm(joint)) == pytest.approx(norm)
