"""Confidence bounds for the mean of losses in [0, 1]: one function per theorem.

Comes in: losses of independent units (a draw, or a family), or what was counted from them. Goes out: a number. Knows
nothing of scores, thresholds or conversations. In every formula K is the number of units, Z_i the loss of unit i and mu
the true mean; an upper bound U at level delta has P(mu > U) <= delta for every K and every distribution on [0, 1].
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from guard.certificate import Status
from guard.errors import ProtocolError

Floats = NDArray[np.float64]

_HALVINGS = 40
"""Bisection steps from [0, 1]: 2**-40 is below 1e-12, and every end point is an exact binary fraction."""


def clopper_pearson_upper(successes: int, trials: int, delta: float) -> float:
    """Bound a success probability from above, from `successes` in `trials` independent Bernoulli trials.

    U = BetaInv(1 - delta; S + 1, n - S), and 1 if S = n (Clopper and Pearson, Biometrika 1934). On rows that share a
    draw it is valid for the mean rate of those very draws only (Hoeffding 1956), never for new ones.

    Raises:
        ProtocolError: The counts or the level can't be.
    """
    _check_counts(successes, trials)
    _check_delta(delta)
    return 1.0 if successes == trials else float(stats.beta.isf(delta, successes + 1, trials - successes))


def clopper_pearson_lower(successes: int, trials: int, delta: float) -> float:
    """Bound a success probability from below; the reflection of `clopper_pearson_upper`.

    Raises:
        ProtocolError: The counts or the level can't be.
    """
    _check_counts(successes, trials)
    _check_delta(delta)
    return 0.0 if successes == 0 else float(stats.beta.ppf(delta, successes, trials - successes + 1))


def kl_divergence(a: float, b: float) -> float:
    """Return kl(a, b) = a ln(a/b) + (1 - a) ln((1 - a)/(1 - b)), in nats, of two Bernoulli means."""
    if (a > 0.0 and b <= 0.0) or (a < 1.0 and b >= 1.0):
        return math.inf
    first = a * math.log(a / b) if a > 0.0 else 0.0
    second = (1.0 - a) * (math.log1p(-a) - math.log1p(-b)) if a < 1.0 else 0.0
    return max(0.0, first + second)


def kl_chernoff_upper(mean: float, units: int, delta: float) -> float:
    """Bound the mean of [0, 1] losses from above, from their mean alone.

    U = sup{mu : K kl(Zbar, mu) <= ln(1/delta)} (Hoeffding, JASA 1963, theorem 1). Order plays no part. Without a loss
    it is 1 - delta^(1/K) exactly.

    Raises:
        ProtocolError: The mean, the number of units or the level can't be.
    """
    _check_mean(mean, units)
    _check_delta(delta)
    if mean == 0.0:
        return smallest_kl(units, delta)
    budget = math.log(1.0 / delta) / units
    low, high = mean, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if kl_divergence(mean, middle) <= budget:
            low = middle
        else:
            high = middle
    return high


def kl_chernoff_lower(mean: float, units: int, delta: float) -> float:
    """Bound the mean of [0, 1] losses from below; the reflection of `kl_chernoff_upper`.

    Raises:
        ProtocolError: The mean, the number of units or the level can't be.
    """
    _check_mean(mean, units)
    return 1.0 - kl_chernoff_upper(1.0 - mean, units, delta)


def smallest_kl(units: int, delta: float) -> float:
    """Return the smallest KL-Chernoff bound that so many units can give: 1 - delta^(1/K), when none has a loss.

    Raises:
        ProtocolError: There is no unit, or the level can't be.
    """
    _check_units(units)
    _check_delta(delta)
    return -math.expm1(math.log(delta) / units)


def hoeffding_bentkus_p_value(mean: float, units: int, mu: float) -> float:
    """Return a p-value of the hypothesis that the true mean is `mu` or more.

    p = min(exp(-K kl(min(Zbar, mu), mu)), e P(Bin(K, mu) <= ceil(K Zbar))) (Bates et al., Journal of the ACM 2021,
    after Bentkus, Annals of Probability 2004).

    Raises:
        ProtocolError: The mean or the number of units can't be.
    """
    _check_mean(mean, units)
    hoeffding = math.exp(-units * kl_divergence(min(mean, mu), mu))
    # A mean of k/K times K may come out a hair above k; its ceiling must still be k.
    bentkus = math.e * float(stats.binom.cdf(math.ceil(units * mean - 1e-9), units, mu))
    return min(1.0, hoeffding, bentkus)


def hoeffding_bentkus_upper(mean: float, units: int, delta: float) -> float:
    """Bound the mean of [0, 1] losses from above: sup{mu : p(mu) > delta}; a cross-check, never combined with WSR.

    Raises:
        ProtocolError: The mean, the number of units or the level can't be.
    """
    _check_mean(mean, units)
    _check_delta(delta)
    low, high = mean, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if hoeffding_bentkus_p_value(mean, units, middle) > delta:
            low = middle
        else:
            high = middle
    return high


def wsr_upper(losses_in_order: ArrayLike, delta: float, planned: int | None = None) -> float:
    """Bound the mean of [0, 1] losses from above by betting (Waudby-Smith and Ramdas, JRSS-B 2024).

        muhat_i = (1/2 + sum_{j<=i} Z_j) / (i+1)
        s2_i    = (1/4 + sum_{j<=i} (Z_j - muhat_j)^2) / (i+1),        s2_0 = 1/4
        nu_i    = min(1, sqrt(2 ln(1/delta) / (K s2_{i-1})))
        U       = inf{R in [0,1] : max_i prod_{j<=i} (1 - nu_j (Z_j - R)) > 1/delta},  1 if there is no such R

    Valid by Ville's inequality, for a number of units and an order that were fixed before any loss was seen. Because of
    the running maximum U may fall below the mean of an adversarial order, so max(U, Zbar) is returned.

    Args:
        losses_in_order: One loss for each unit, in the order that the protocol fixed.
        delta: Chance that the bound may be wrong.
        planned: The planned number of units K that the bets are tuned to; by default the number of losses.

    Raises:
        ProtocolError: No losses, a loss that is not a number in [0, 1], more losses than planned, or a level that
            can't be.
    """
    losses = _checked_losses(losses_in_order)
    return float(wsr_upper_rows(losses[np.newaxis, :], delta, planned)[0])


def wsr_lower(losses_in_order: ArrayLike, delta: float, planned: int | None = None) -> float:
    """Bound the mean of [0, 1] losses from below: 1 - U(1 - Z), the reflection of `wsr_upper`.

    Raises:
        ProtocolError: As `wsr_upper`.
    """
    return 1.0 - wsr_upper(1.0 - _checked_losses(losses_in_order), delta, planned)


@lru_cache(maxsize=1024)
def smallest_wsr(units: int, delta: float) -> float:
    """Return the betting bound of so many units without a loss, the smallest that they can give.

    Bets are capped at 1, so it is at least delta^(-1/K) - 1. That no other losses give less is proven only for that
    floor; none of many thousand random trials gave less.

    Raises:
        ProtocolError: There is no unit, or the level can't be.
    """
    _check_units(units)
    return wsr_upper(np.zeros(units), delta)


def wsr_upper_rows(losses: Floats, delta: float, planned: int | None = None) -> Floats:
    """Return `wsr_upper` of each row of `losses`, shape (rows, units), for simulations; shape (rows,).

    Raises:
        ProtocolError: More losses than planned, or an impossible level. The losses themselves are not checked.
    """
    bets = wsr_bets(losses, delta, planned)
    target = math.log(1.0 / delta)
    low, high = np.zeros(len(losses)), np.ones(len(losses))
    # Wealth grows with R, so the set is an interval that ends at 1. The upper end point is kept: it errs above U.
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        reached = _log_wealth(losses, bets, middle) > target
        high = np.where(reached, middle, high)
        low = np.where(reached, low, middle)
    guarded: Floats = np.maximum(high, losses.mean(axis=1))
    return guarded


def wsr_bets(losses: Floats, delta: float, planned: int | None = None) -> Floats:
    """Return the bets nu_i of `wsr_upper` for each row; each uses only the losses before it. Shape as `losses`.

    Raises:
        ProtocolError: More losses than planned, or an impossible level.
    """
    _check_delta(delta)
    units = losses.shape[-1]
    if planned is not None and planned < units:
        raise ProtocolError(f"{units} units were measured but only {planned} were planned", "test the planned units only")
    count = np.arange(2, units + 2)
    muhat: Floats = (0.5 + np.cumsum(losses, axis=-1)) / count
    s2 = (0.25 + np.cumsum((losses - muhat) ** 2, axis=-1)) / count
    before = np.concatenate([np.full((*losses.shape[:-1], 1), 0.25), s2[..., :-1]], axis=-1)
    bets: Floats = np.minimum(1.0, np.sqrt(2.0 * math.log(1.0 / delta) / ((planned or units) * before)))
    return bets


def wsr_rejects(losses: Floats, mu: float, delta: float, planned: int | None = None) -> NDArray[np.bool_]:
    """Say for each row whether its betting bound lies below `mu`, in (0, 1): one look at the wealth, no bisection.

    The row's mean must be below `mu`, too, since `wsr_upper` never returns less than the mean.
    """
    wealth = _log_wealth(losses, wsr_bets(losses, delta, planned), np.full(len(losses), mu))
    below: NDArray[np.bool_] = (wealth > math.log(1.0 / delta)) & (losses.mean(axis=1) < mu)
    return below


def status(upper: float, lower: float, limit: float) -> Status:
    """Return what a bound shows: PASS iff U <= limit, FAIL iff the lower bound exceeds it, else NOT SHOWN."""
    if upper <= limit:
        return Status.PASS
    return Status.FAIL if lower > limit else Status.NOT_SHOWN


def _log_wealth(losses: Floats, bets: Floats, mu: Floats) -> Floats:
    """Return the largest log wealth along each row, shape (rows,), betting against a mean of `mu` or more."""
    steps = np.log1p(bets * (mu[:, np.newaxis] - losses))
    largest: Floats = np.cumsum(steps, axis=1).max(axis=1)
    return largest


def _checked_losses(losses: ArrayLike) -> Floats:
    try:
        array = np.asarray(losses, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ProtocolError("the losses are not a list of numbers") from error
    if array.ndim != 1 or array.size == 0:
        raise ProtocolError("a bound needs a list with at least one loss")
    # Written so that NaN, which compares false with everything, is refused.
    if not bool(np.all((array >= 0.0) & (array <= 1.0))):
        raise ProtocolError("every loss must be a number from 0 to 1", "a missing score is a loss of 1")
    return array


def _check_counts(successes: int, trials: int) -> None:
    _check_units(trials)
    if not _is_whole(successes) or not 0 <= successes <= trials:
        raise ProtocolError(f"{successes} successes in {trials} trials can't be")


def _check_mean(mean: float, units: int) -> None:
    _check_units(units)
    if not 0.0 <= mean <= 1.0:
        raise ProtocolError(f"the mean loss must be a number from 0 to 1, not {mean}")


def _check_units(units: int) -> None:
    if not _is_whole(units) or units < 1:
        raise ProtocolError(f"a bound needs at least one independent unit, not {units}")


def _check_delta(delta: float) -> None:
    if not 0.0 < delta < 1.0:
        raise ProtocolError(f"delta must lie between 0 and 1, not {delta}")


def _is_whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
