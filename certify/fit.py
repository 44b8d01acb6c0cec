"""Fitting: from activations and labels to a frozen linear probe. Three recipes, one function each.

All work on standardised activations and return the same small frozen object, which the runtime applies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import ledoit_wolf
from sklearn.linear_model import LogisticRegression

from certify.extract import Examples
from guard.errors import ProtocolError
from guard.probes.activations import HookPoint
from guard.probes.linear import LinearProbe

Floats = NDArray[np.float64]

PENALTY = 0.01
"""Inverse strength of the L2 penalty on standardised activations; strong, for there are more directions than cases."""

WIDE = 256
"""Wider activations are fitted by L-BFGS: at 576 numbers and 1,000 to 6,000 cases it took half to a ninth of the time."""


@dataclass(frozen=True, slots=True, order=True)
class Setting:
    """A recipe and its one parameter."""

    recipe: str
    """`logistic`, `difference_of_means` or `whitened`."""
    penalty: float = PENALTY
    """Inverse strength of the L2 penalty of `logistic`; the others have none."""


@dataclass(frozen=True, slots=True)
class _Standardised:
    mean: Floats
    scale: Floats
    values: Floats
    labels: NDArray[np.bool_]
    weights: Floats
    """Both classes weigh the same, together as much as there are rows."""


def fit(setting: Setting, examples: Examples, column: int, point: HookPoint) -> LinearProbe:
    """Fit a probe on one hook point of some examples.

    Args:
        setting: How.
        examples: Activations with labels.
        column: Index of the hook point in the examples.
        point: The hook point itself.
    """
    return fit_each([setting], examples, column, point)[0]


def fit_each(settings: Sequence[Setting], examples: Examples, column: int, point: HookPoint) -> list[LinearProbe]:
    """Fit one probe for each setting, all on the same hook point; they share the standardisation.

    Raises:
        ProtocolError: There is no such recipe.
    """
    unknown = next((setting.recipe for setting in settings if setting.recipe not in RECIPES), None)
    if unknown is not None:
        raise ProtocolError(f"there is no recipe {unknown[:40]!r}", f"use one of {', '.join(RECIPES)}")
    given = _standardise(examples, column)
    found = []
    for setting in settings:
        weight, bias = RECIPES[setting.recipe](given, setting.penalty)
        arrays = (weight.astype(np.float32), given.mean.astype(np.float32), given.scale.astype(np.float32))
        found.append(LinearProbe(point, arrays[0], float(np.float32(bias)), arrays[1], arrays[2]))
    return found


def _logistic(given: _Standardised, penalty: float) -> tuple[Floats, float]:
    """L2-penalised logistic regression, both classes weighing the same (Alain and Bengio, 1610.01644)."""
    # A Newton step solves a system as wide as the activations; on wide ones, many gradient steps cost less than one of it.
    wide = given.values.shape[1] > WIDE
    solver, tolerance = ("lbfgs", 1e-6) if wide else ("newton-cholesky", 1e-4)
    model = LogisticRegression(C=penalty, solver=solver, max_iter=1_000, tol=tolerance)
    model.fit(given.values, given.labels, sample_weight=given.weights)
    return np.asarray(model.coef_[0], dtype=np.float64), float(model.intercept_[0])


def _difference_of_means(given: _Standardised, _penalty: float) -> tuple[Floats, float]:
    """The direction between the class means, zero halfway between them (Marks and Tegmark, 2310.06824)."""
    hazard, benign = _class_means(given)
    return _halfway(hazard - benign, hazard, benign)


def _whitened(given: _Standardised, _penalty: float) -> tuple[Floats, float]:
    """The same direction, whitened by the covariance within the classes (Fisher's discriminant), which is shrunk.

    Shrinkage is that of Ledoit and Wolf (2004).
    """
    hazard, benign = _class_means(given)
    centred = given.values - np.where(given.labels[:, np.newaxis], hazard, benign)
    root = np.sqrt(given.weights / given.weights.mean())[:, np.newaxis]
    covariance, _ = ledoit_wolf(centred * root, assume_centered=True)
    # A coordinate that never moves has no variance; a small ridge keeps the system solvable and changes nothing else.
    ridge = 1e-6 * max(1.0, float(np.trace(covariance)) / len(covariance))
    direction = np.linalg.solve(covariance + ridge * np.eye(len(covariance)), hazard - benign)
    return _halfway(direction, hazard, benign)


RECIPES: dict[str, Callable[[_Standardised, float], tuple[Floats, float]]] = {
    "logistic": _logistic,
    "difference_of_means": _difference_of_means,
    "whitened": _whitened,
}
"""By name, as it stands in the record of the selection."""


def _class_means(given: _Standardised) -> tuple[Floats, Floats]:
    sides = (given.labels, ~given.labels)
    hazard, benign = (np.average(given.values[side], axis=0, weights=given.weights[side]) for side in sides)
    return hazard, benign


def _halfway(direction: Floats, hazard: Floats, benign: Floats) -> tuple[Floats, float]:
    # Where no coordinate moves, the classes have one mean: the probe then says nothing, rather than not being a number.
    unit = direction / (float(np.linalg.norm(direction)) or 1.0)
    return unit, -float(unit @ (hazard + benign) / 2)


def _standardise(examples: Examples, column: int) -> _Standardised:
    values = examples.values[:, column, :].astype(np.float64)
    mean = np.average(values, axis=0, weights=examples.weights)
    values -= mean
    variance = np.average(values**2, axis=0, weights=examples.weights)
    # A coordinate that never moves carries nothing; a unit scale keeps it from becoming an infinity at run time.
    scale = np.where(variance > 1e-12, np.sqrt(variance), 1.0)
    values /= scale
    weights = examples.weights.copy()
    for side in (examples.labels, ~examples.labels):
        weights[side] /= weights[side].sum()
    weights *= len(np.unique(examples.rows))
    return _Standardised(mean, scale, values, examples.labels, weights)
