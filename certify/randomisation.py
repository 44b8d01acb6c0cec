"""Randomisation tests over families, and the correction for many claims. Pure.

Comes in: one difference per family. Goes out: a p-value that is exact whatever the differences look like, as long as the
two readers are exchangeable within a family when neither is better.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def sign_flip(differences: Sequence[int]) -> float:
    """Return the one-sided p of a sign-flip test (Fisher 1935): how often random signs give as large a sum.

    Args:
        differences: Per family a whole number, such as hits of one reader less hits of the other over equally many draws.

    The distribution over all 2^n sign patterns is computed exactly, by convolution: sums of whole numbers are few.
    Without any family, or where all differences are zero, p is 1.
    """
    sizes = [abs(int(difference)) for difference in differences]
    reach = sum(sizes)
    # chance[k] is the chance of the sum k - reach; each step spreads it half up and half down.
    chance = np.zeros(2 * reach + 1)
    chance[reach] = 1.0
    for size in sizes:
        if size:
            spread = np.zeros_like(chance)
            spread[size:] += chance[:-size] / 2
            spread[:-size] += chance[size:] / 2
            chance = spread
    return float(min(1.0, chance[reach + sum(differences) :].sum()))


def smallest(families: int) -> float:
    """Return the smallest p that a sign-flip test over so many families can give."""
    return 2.0**-families


def holm(values: Sequence[float]) -> tuple[float, ...]:
    """Adjust p-values for their number by Holm's step-down procedure (Holm 1979); each is at most 1."""
    order = sorted(range(len(values)), key=lambda place: values[place])
    adjusted = [1.0] * len(values)
    running = 0.0
    for rank, place in enumerate(order):
        running = max(running, (len(values) - rank) * values[place])
        adjusted[place] = min(1.0, running)
    return tuple(adjusted)
