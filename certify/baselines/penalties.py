"""Choosing the penalty of a reader of text as that of a monitor is chosen: on families that a fit has not seen.

Chosen by how well it ranks rows of known families, a reader of words would keep the penalty that learns those families by
heart, and a monitor would beat it on unseen ones for that alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certify.baselines.dense import Dense
from certify.baselines.frozen import EMBEDDING, FORM, TEXT
from certify.baselines.text import TextHead
from certify.cases import Cases, Figures, cases_of, family_folds, figures
from certify.extract import Examples
from guard.conversation import LabelledConversation
from guard.hazards import Claim

Flags = NDArray[np.bool_]
Head = TextHead | Dense
Fit = Callable[[Any, Flags, float], Head]
"""Features, labels and a penalty in, weights out."""

PENALTIES: Mapping[str, tuple[float, ...]] = {TEXT: (1.0, 10.0, 100.0), EMBEDDING: (0.001, 0.01, 0.1), FORM: (0.1, 1.0)}
"""Inverse strengths that are tried."""
FOLDS = 3
"""Folds of whole families that are left out in turn, as many as the quick search of a monitor leaves out."""


def cases(claim: Claim, rows: Sequence[LabelledConversation], labels: Flags) -> Cases:
    """Return the cases of train rows, in their order, as they are made for a monitor."""
    count = len(rows)
    empty = np.zeros((count, 1, 0), dtype=np.float32)
    return cases_of(claim, rows, Examples(empty, labels, np.ones(count), np.arange(count)))


def best(values: Any, of: Cases, penalties: Sequence[float], fit: Fit) -> float:
    """Return the penalty with the best figures on families left out; of equals the first, as for a monitor.

    Args:
        values: Features of the cases' rows, a matrix with a row for each case.
        of: The cases, in the order of the features.
        penalties: What is tried.
        fit: Fits the reader.
    """
    folds = family_folds(of, FOLDS)
    return max(penalties, key=lambda penalty: _rank(_transfer(values, of, folds, penalty, fit)))


def _transfer(values: Any, of: Cases, folds: NDArray[np.int64], penalty: float, fit: Fit) -> Figures:
    parts = []
    for fold in np.unique(folds):
        kept = folds != fold
        # Where one class is left nothing is known: all scores are the same, and none is a hit.
        scores = np.zeros(int((~kept).sum()))
        if len(np.unique(of.labels[kept])) == 2:
            scores = fit(values[np.flatnonzero(kept)], of.labels[kept], penalty).scores(values[np.flatnonzero(~kept)])
        parts.append((scores, of.where(~kept)))
    return figures(parts)


def _rank(found: Figures) -> tuple[float, float]:
    return round(found.worst_hit_rate, 3), found.hit_rate
