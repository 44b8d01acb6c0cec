"""A logistic regression on a few hundred numbers or fewer: the head of the embedding and the form baseline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Dense:
    """Frozen: standardises and weighs."""

    mean: Floats
    """(features,)."""
    scale: Floats
    """(features,); 1 where a feature never moves."""
    weight: Floats
    """(features,)."""
    bias: float
    """Added to the sum."""

    def scores(self, values: Floats) -> Floats:
        """Return logits of rows of features; shape (rows,)."""
        return np.asarray((values - self.mean) / self.scale @ self.weight + self.bias, dtype=np.float64)


def fit(values: Floats, labels: NDArray[np.bool_], penalty: float) -> Dense:
    """Fit an L2 logistic regression on standardised features, both classes weighing the same.

    Args:
        values: (rows, features).
        labels: (rows,), of both classes.
        penalty: Inverse strength of the L2 penalty.
    """
    mean = values.mean(axis=0)
    deviation = values.std(axis=0)
    moves = deviation > 1e-9
    scale = np.where(moves, deviation, 1.0)
    model = LogisticRegression(C=penalty, class_weight="balanced", max_iter=300, tol=1e-4)
    model.fit(((values - mean) / scale)[:, moves], labels)
    weight = np.zeros(values.shape[1])
    weight[moves] = model.coef_[0]
    return Dense(mean, scale, weight, float(model.intercept_[0]))
