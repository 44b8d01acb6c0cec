"""The chance that a planned bound will meet its limit.

Comes in: a `Question` (which bound, how many units, which delta, which limit) and either an imagined true rate or the
counts of a pilot. Goes out: a chance. Shared by `planner`, which prints it, and `threshold`, which maximises it.

Betting bounds depend on the order of the losses, so random orders are simulated. Each is reduced once to the number of
losses that it just survives; after that, chances at any rate, known or itself uncertain, are exact sums.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from certify import bounds
from guard.errors import ProtocolError

Floats = NDArray[np.float64]

ORDERS = 1_000
"""Simulated random orders: the standard error of a chance is at most .016."""

HALVES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Shares of half losses among the units with a loss, for which orders are simulated; in between, interpolation."""

PRIOR = 2.0
"""Imagined pilot units that lost half of their rows: one success and one failure, Laplace's rule of succession."""


class Method(enum.StrEnum):
    """A bound that a protocol can name."""

    WSR = "wsr"
    KL_CHERNOFF = "kl_chernoff"


@dataclass(frozen=True, slots=True)
class Question:
    """One bound that a test is going to compute, and what it shall show."""

    estimand: str
    """miss | miss_unseen | false_alarm_traffic | false_alarm_near | false_alarm_whole."""
    units: int
    """Planned number of independent units: draws, or families."""
    delta: float
    """Share of the error budget."""
    limit: float
    """The bound has to be at most this; 1 demands nothing."""
    method: Method = Method.WSR
    """Which bound."""
    rows: int = 1
    """Rows whose 0/1 losses are averaged in one unit."""
    spread: float = 0.2
    """Imagined intraclass correlation of these rows: the share of the variance that lies between units."""

    def __post_init__(self) -> None:
        """Refuse what no protocol can ask.

        Raises:
            ProtocolError: A size, a level or a limit can't be.
        """
        if self.units < 1 or self.rows < 1:
            raise ProtocolError(f"{self.estimand}: a test needs at least one unit, and one row in each")
        if not (0.0 < self.delta < 1.0 and 0.0 < self.limit <= 1.0 and 0.0 <= self.spread < 1.0):
            raise ProtocolError(f"{self.estimand}: delta, limit and spread must be numbers between 0 and 1")

    @property
    def smallest(self) -> float:
        """The smallest bound that so many units can give."""
        least = bounds.smallest_wsr if self.method is Method.WSR else bounds.smallest_kl
        return least(self.units, self.delta)


def chance(question: Question, rate: float, seed: int = 0) -> float:
    """Return the chance that the bound meets the limit if the true mean loss is `rate`.

    Rows of one unit share a rate, itself drawn from a beta distribution with mean `rate` and the question's spread.

    Raises:
        ProtocolError: The rate is not between 0 and 1.
    """
    if not 0.0 <= rate <= 1.0:
        raise ProtocolError(f"an imagined rate must be a number from 0 to 1, not {rate}")
    q = question
    if q.limit == 1.0:
        return 1.0
    if q.rows == 1:
        return float(stats.binom.pmf(np.arange(q.units + 1), q.units, rate) @ _table(q, 0.0, seed))
    losses = _imagined(q, rate, np.random.default_rng(seed))
    if q.method is Method.KL_CHERNOFF:
        return float(np.mean(losses.mean(axis=1) <= _largest_mean(q.units, q.delta, q.limit)))
    return float(np.mean(bounds.wsr_rejects(losses, q.limit, q.delta)))


def predicted(question: Question, pilot: tuple[int, ...], seed: int = 0) -> float:
    """Return the chance that the bound meets the limit, as far as a pilot can tell.

    The true rates are not known but have the posterior distribution given the pilot, under a Dirichlet prior of weight
    `PRIOR` spread evenly over the possible losses; so the planned losses follow a Dirichlet-multinomial distribution.

    Args:
        question: One row in a unit, or two.
        pilot: Number of pilot units that lost 0, 1, ... of their rows: `rows + 1` counts.
        seed: Of the simulated orders.

    Raises:
        ProtocolError: The counts don't fit the question, or there is no pilot unit.
    """
    q = question
    if q.rows > 2 or len(pilot) != q.rows + 1 or min(pilot) < 0:
        raise ProtocolError(f"{q.estimand}: a pilot of {len(pilot)} counts does not fit {q.rows} rows in a unit")
    if q.limit == 1.0:
        return 1.0
    if sum(pilot) == 0:
        raise ProtocolError(f"{q.estimand}: there are no rows to learn a threshold from", "draw rows for the select fold")
    posterior = [count + PRIOR / len(pilot) for count in pilot]
    tables = np.array([_table(q, share, seed) for share in (HALVES if q.rows == 2 else (0.0,))])
    most = int(np.flatnonzero(tables.max(axis=0) > 0.0)[-1]) if tables.any() else 0
    lossy = np.exp(_log_beta_binomial(np.arange(most + 1), q.units, sum(posterior[1:]), posterior[0]))
    if q.rows == 1:
        return float(lossy @ tables[0, : most + 1])
    return float(sum(lossy[k] * _mixed(tables, k, posterior[1], posterior[2]) for k in range(most + 1)))


def _mixed(tables: Floats, k: int, half: float, whole: float) -> float:
    """Average the chance of `k` units with a loss over how many of them lost only half."""
    column = tables[:, k]
    if k == 0 or column.min() == column.max():
        return float(column[0])
    halves = np.arange(k + 1)
    return float(np.exp(_log_beta_binomial(halves, k, half, whole)) @ np.interp(halves / k, HALVES, column))


def _log_beta_binomial(k: NDArray[np.int64], n: int, a: float, b: float) -> Floats:
    choose = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)
    log_pmf: Floats = choose + special.betaln(k + a, n - k + b) - special.betaln(a, b)
    return log_pmf


def _table(question: Question, halves: float, seed: int) -> Floats:
    """Return the chance to pass with 0, 1, ..., units units that have a loss, `halves` of them half a loss."""
    q = question
    if q.method is Method.KL_CHERNOFF:
        losses = np.cumsum(np.concatenate([[0.0], _pattern(q.units, halves)]))
        return (losses / q.units <= _largest_mean(q.units, q.delta, q.limit)).astype(np.float64)
    return _wsr_table(q.units, q.delta, q.limit, halves, seed)


@lru_cache(maxsize=512)
def _wsr_table(units: int, delta: float, limit: float, halves: float, seed: int) -> Floats:
    """Find for each random order how many losses it survives, by bisection of all orders at once.

    A loss more never lowers the bound (seen in every trial, not proven), so an order passes up to a largest number.
    """
    rng = np.random.default_rng([seed, units])
    rank = rng.permuted(np.tile(np.arange(units), (ORDERS, 1)), axis=1)
    by_rank = _pattern(units, halves)[rank]
    low = np.full(ORDERS, -1)
    high = np.full(ORDERS, min(units, math.ceil(limit * units / (1.0 - halves / 2.0)) + 1))
    while bool(np.any(high - low > 1)):
        middle = (low + high) // 2
        losses = np.where(rank < middle[:, np.newaxis], by_rank, 0.0)
        passes = bounds.wsr_rejects(losses, limit, delta)
        low, high = np.where(passes, middle, low), np.where(passes, high, middle)
    survived: Floats = np.mean(low[:, np.newaxis] >= np.arange(units + 1), axis=0)
    return survived


def _pattern(units: int, halves: float) -> Floats:
    """Return losses of 1, evenly interspersed with `halves` losses of one half."""
    steps = np.floor(np.arange(units + 1) * halves)
    losses: Floats = 1.0 - 0.5 * np.diff(steps)
    return losses


@lru_cache(maxsize=512)
def _largest_mean(units: int, delta: float, limit: float) -> float:
    """Return the largest mean loss, in steps of far less than a row, whose KL-Chernoff bound meets the limit; or -1."""
    if bounds.smallest_kl(units, delta) > limit:
        return -1.0
    low, high = 0.0, limit
    for _ in range(50):
        middle = (low + high) / 2
        if bounds.kl_chernoff_upper(middle, units, delta) <= limit:
            low = middle
        else:
            high = middle
    return low


def _imagined(question: Question, rate: float, rng: np.random.Generator) -> Floats:
    """Draw mean losses, shape (ORDERS, units), of units whose rates scatter around `rate`."""
    q = question
    shape = (ORDERS, q.units)
    if 0.0 < rate < 1.0 and q.spread > 0.0:
        weight = 1.0 / q.spread - 1.0
        rates = rng.beta(rate * weight, (1.0 - rate) * weight, size=shape)
    else:
        rates = np.full(shape, rate)
    losses: Floats = rng.binomial(q.rows, rates) / q.rows
    return losses
