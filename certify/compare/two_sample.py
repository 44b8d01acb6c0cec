"""Is a mean loss higher in the new test than in the old one? One function per theorem; pure.

Comes in: what was counted in two tests. Goes out: a one-sided p-value of "the new mean is at most the old one": under that
hypothesis P(p <= x) is at most x for every number of units and every distribution of losses in [0, 1].
"""

from __future__ import annotations

import math

from scipy import stats

from certify.bounds import kl_divergence
from guard.errors import ProtocolError

_HALVINGS = 60


def fisher_exact(new_lost: int, new_units: int, old_lost: int, old_units: int) -> float:
    """Compare two shares of independent units that are lost or not, by Fisher's exact test (Fisher 1935).

    Given the total of losses, the new ones are hypergeometric if both rates are equal, and stochastically smaller if the new
    rate is lower. So p = P(X >= new_lost), X ~ Hypergeometric, is valid whatever the rates are.

    Raises:
        ProtocolError: The counts can't be.
    """
    _check(new_lost, new_units)
    _check(old_lost, old_units)
    return float(stats.hypergeom.sf(new_lost - 1, new_units + old_units, new_lost + old_lost, new_units))


def pooled_kl(new_mean: float, new_units: int, old_mean: float, old_units: int) -> float:
    """Compare the means of two independent samples of losses in [0, 1] that need not be 0 or 1.

    If the new mean is at most the old one, some m lies between the two, and both
    p_new(m) = exp(-n kl(a, m)) for a >= m and p_old(m) = exp(-k kl(b, m)) for b <= m are p-values (Hoeffding, JASA 1963,
    theorem 1), independent of each other. Fisher's combination of them is x (1 - ln x) with x = p_new(m) p_old(m)
    (Fisher 1932); its largest value over all m is at the pooled mean, and is valid because one m is the right one.

    Raises:
        ProtocolError: A mean or a number of units can't be.
    """
    _check_mean(new_mean, new_units)
    _check_mean(old_mean, old_units)
    if new_mean <= old_mean:
        return 1.0
    pooled = (new_units * new_mean + old_units * old_mean) / (new_units + old_units)
    exponent = new_units * kl_divergence(new_mean, pooled) + old_units * kl_divergence(old_mean, pooled)
    return min(1.0, math.exp(-exponent) * (1.0 + exponent))


def balanced_kl(new_mean: float, new_units: int, old_mean: float, old_units: int) -> float:
    """Compare the means of two samples that may depend on each other, such as two tests of the same families.

    As `pooled_kl`, but the two p-values are combined by Bonferroni, 2 min(p_new(m), p_old(m)), which needs no
    independence. The largest value over all m is where both are equal. It is the test whether two one-sided bounds at half
    the level overlap, so it is valid and blunt.

    Raises:
        ProtocolError: A mean or a number of units can't be.
    """
    _check_mean(new_mean, new_units)
    _check_mean(old_mean, old_units)
    low, high = old_mean, new_mean
    if high <= low:
        return 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if old_units * kl_divergence(old_mean, middle) < new_units * kl_divergence(new_mean, middle):
            low = middle
        else:
            high = middle
    # The lower end errs to the larger p.
    return min(1.0, 2.0 * math.exp(-old_units * kl_divergence(old_mean, low)))


def _check(lost: int, units: int) -> None:
    if units < 1 or not 0 <= lost <= units:
        raise ProtocolError(f"{lost} losses of {units} units can't be")


def _check_mean(mean: float, units: int) -> None:
    # Written so that NaN is refused.
    if units < 1 or not 0.0 <= mean <= 1.0:
        raise ProtocolError(f"a mean loss of {mean} over {units} units can't be")
