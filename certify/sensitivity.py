"""What a bound would become under another population or with errors in the answer key: closed forms, no claims.

Comes in: an upper bound U on an error rate p under the tested population P. Goes out: the worst rate over a set of
other populations Q. Each form grows with p, so U may stand for p. Without labels nobody can measure how far Q is from
P, so these are curves to read, not statements about a site.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from certify import bounds
from guard.errors import ProtocolError

_HALVINGS = 60
RADII = (0.1, 0.25, 0.5, 1.0)
"""Moves of the activations, in their standard deviations, at which misses are counted, too."""


def joint_norm(norms: Sequence[float]) -> float:
    """Return the norm of a monitor's weights over all that it reads, from the norm at each hook point.

    The token logit is the mean over n hook points, so it is linear in all activations together, with norm
    sqrt(sum |w_i|^2) / n. A move of these by at most r changes it by at most r times that (Cauchy and Schwarz).
    """
    return math.hypot(*norms) / len(norms)


def contamination(upper: float, share: float) -> float:
    """Return the worst rate if `share` of the conversations are of a kind never tested: (1 - e) U + e.

    Raises:
        ProtocolError: An argument is not between 0 and 1.
    """
    _check_rate(upper, "the bound")
    _check_rate(share, "the share")
    return (1.0 - share) * upper + share


def total_variation(upper: float, distance: float) -> float:
    """Return the worst rate over populations within this total variation distance: min(1, U + e).

    Raises:
        ProtocolError: An argument is not between 0 and 1.
    """
    _check_rate(upper, "the bound")
    _check_rate(distance, "the distance")
    return min(1.0, upper + distance)


def likelihood_ratio(upper: float, most: float) -> float:
    """Return the worst rate if no kind of conversation is more than `most` times as frequent as tested: min(1, G U).

    Raises:
        ProtocolError: The bound is not between 0 and 1, or the ratio is below 1.
    """
    _check_rate(upper, "the bound")
    if not most >= 1.0:
        raise ProtocolError(f"a likelihood ratio of at most {most} is below 1, which no population has")
    return min(1.0, most * upper)


def breaking_ratio(upper: float, limit: float) -> float:
    """Return the over-representation G at which `likelihood_ratio` reaches `limit`; below 1 if U exceeds it already.

    Raises:
        ProtocolError: The bound is not above 0 and at most 1, or the limit is not between 0 and 1.
    """
    _check_rate(upper, "the bound")
    _check_rate(limit, "the limit")
    if upper == 0.0:
        raise ProtocolError("a bound of 0 has no breaking point")
    return limit / upper


def likelihood_ratios(upper: float, most: float) -> float:
    """Return the worst rate if every kind is at most G times as frequent as tested, and at least 1/G: min(G U, 1 - (1-U)/G).

    Raises:
        ProtocolError: As `likelihood_ratio`.
    """
    return min(likelihood_ratio(upper, most), 1.0 - (1.0 - upper) / most)


def chi_squared(upper: float, distance: float) -> float:
    """Return the worst rate over populations with chi2(Q, P) <= r: min(1, U + sqrt(r U (1 - U))).

    Beyond r = (1 - U) / U all mass can lie on the errors. Grows with U up to there.

    Raises:
        ProtocolError: The bound is no rate, or the distance is negative.
    """
    _check_rate(upper, "the bound")
    _check_distance(distance)
    return min(1.0, upper + math.sqrt(distance * upper * (1.0 - upper)))


def kullback_leibler(upper: float, distance: float) -> float:
    """Return the worst rate over populations with KL(Q, P) <= r nats: sup{q : kl(q, U) <= r}.

    Raises:
        ProtocolError: As `chi_squared`.
    """
    _check_rate(upper, "the bound")
    _check_distance(distance)
    low, high = upper, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if bounds.kl_divergence(middle, upper) <= distance else (low, middle)
    return high


def hellinger(upper: float, distance: float) -> float:
    """Return the worst rate if 1 - sum sqrt(P Q) <= h: sin^2(asin sqrt(U) + acos(1 - h)), and 1 beyond a right angle.

    Raises:
        ProtocolError: An argument is not between 0 and 1.
    """
    _check_rate(upper, "the bound")
    _check_rate(distance, "the distance")
    angle = math.asin(math.sqrt(upper)) + math.acos(1.0 - distance)
    return 1.0 if angle >= math.pi / 2 else math.sin(angle) ** 2


def wasserstein(margins: Sequence[float], norm: float, radius: float) -> float:
    """Return the worst miss rate of these very rows if activations move by `radius` on average (W_1).

    inf_{l >= 0} l r + mean max(1{m < 0}, 1 - l m+ / |w|), with m = s - tau: the dual of a fractional knapsack, in which each
    found row costs its distance from the threshold. The infimum lies at one of the slopes |w| / m, or at 0.

    Args:
        margins: Linear logit less threshold, of each row; negative is a miss.
        norm: Norm of the weights.
        radius: Mean move of the activations, Euclidean.

    Raises:
        ProtocolError: There are no rows, a margin is no number, or norm or radius can't be.
    """
    _check_distance(radius)
    if not margins or not all(math.isfinite(m) for m in margins) or not norm > 0.0:
        raise ProtocolError("the worst case needs rows with finite margins, and weights that are not all nought")
    costs = [max(0.0, m) / norm for m in margins]
    missed = [m < 0.0 for m in margins]

    def dual(slope: float) -> float:
        worst = (1.0 if lost else max(0.0, 1.0 - slope * cost) for lost, cost in zip(missed, costs, strict=True))
        return slope * radius + sum(worst) / len(costs)

    return min(1.0, *(dual(slope) for slope in {0.0, *(1.0 / cost for cost in costs if cost > 0.0)}))


def label_corrected(upper: float, label_error_upper: float) -> float:
    """Bound the rate on truly labelled rows, given a bound on the share of wrong labels: min(1, U / (1 - eta_U)).

    Holds for rows of one label, hazard by construction or benign, with the confidence of both bounds together: of the
    rows that are what they were labelled, at most p / (1 - eta) can be lost.

    Raises:
        ProtocolError: An argument is not between 0 and 1.
    """
    _check_rate(upper, "the bound")
    _check_rate(label_error_upper, "the share of wrong labels")
    return 1.0 if upper >= 1.0 - label_error_upper else upper / (1.0 - label_error_upper)


def _check_rate(value: float, what: str) -> None:
    if not 0.0 <= value <= 1.0:
        raise ProtocolError(f"{what} must be a number from 0 to 1, not {value}")


def _check_distance(value: float) -> None:
    if not 0.0 <= value < math.inf:
        raise ProtocolError(f"a distance must be a number from 0, not {value}")
