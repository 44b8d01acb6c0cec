"""Fitting: from activations and labels to a frozen linear probe. Two recipes, one function each.

Both work on standardised activations and return the same small frozen object, which the runtime applies.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from certify.extract import Examples
from guard.probes.activations import HookPoint
from guard.probes.linear import LinearProbe

Floats = NDArray[np.float64]

PENALTY = 0.01
"""Inverse strength of the L2 penalty on standardised activations; strong, for there are more directions than cases."""

Recipe = Callable[[Examples, int, HookPoint], LinearProbe]
"""Fits a probe on one hook point (given by index and name) of some examples."""


def logistic(examples: Examples, column: int, point: HookPoint) -> LinearProbe:
    """Fit an L2-penalised logistic regression with both classes weighing the same (Alain and Bengio, 1610.01644)."""
    mean, scale, standardised = _standardise(examples, column)
    model = LogisticRegression(C=PENALTY, max_iter=400, tol=1e-5)
    model.fit(standardised, examples.labels, sample_weight=_balanced(examples))
    return _probe(point, model.coef_[0], float(model.intercept_[0]), mean, scale)


def difference_of_means(examples: Examples, column: int, point: HookPoint) -> LinearProbe:
    """Take the direction between the class means, zero halfway between them (Marks and Tegmark, 2310.06824)."""
    mean, scale, standardised = _standardise(examples, column)
    weights = examples.weights
    hazard = np.average(standardised[examples.labels], axis=0, weights=weights[examples.labels])
    benign = np.average(standardised[~examples.labels], axis=0, weights=weights[~examples.labels])
    direction = hazard - benign
    # Where no coordinate moves, the classes have one mean: the probe then says nothing, rather than not being a number.
    direction /= float(np.linalg.norm(direction)) or 1.0
    return _probe(point, direction, -float(direction @ (hazard + benign) / 2), mean, scale)


RECIPES: dict[str, Recipe] = {"logistic": logistic, "difference_of_means": difference_of_means}
"""By name, as it stands in the record of the selection."""


def _standardise(examples: Examples, column: int) -> tuple[Floats, Floats, Floats]:
    values = examples.values[:, column, :].astype(np.float64)
    mean = np.average(values, axis=0, weights=examples.weights)
    variance = np.average((values - mean) ** 2, axis=0, weights=examples.weights)
    # A coordinate that never moves carries nothing; a unit scale keeps it from becoming an infinity at run time.
    scale = np.where(variance > 1e-12, np.sqrt(variance), 1.0)
    return mean, scale, (values - mean) / scale


def _balanced(examples: Examples) -> Floats:
    weights = examples.weights.copy()
    for side in (examples.labels, ~examples.labels):
        weights[side] /= weights[side].sum()
    return np.asarray(weights * len(np.unique(examples.rows)), dtype=np.float64)


def _probe(point: HookPoint, weight: Floats, bias: float, mean: Floats, scale: Floats) -> LinearProbe:
    return LinearProbe(
        point, weight.astype(np.float32), float(np.float32(bias)), mean.astype(np.float32), scale.astype(np.float32)
    )
