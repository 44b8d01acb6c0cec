"""The threshold of one monitor in one cell, chosen on the select fold.

Comes in: scores of independent draws of the select fold, the score margin eps, and what the test is going to ask. Goes
out: `OperatingThreshold`, or `NoValidThreshold` with the best compromise and what it lacks. Never sees a test row.

A monitor fires at or above its threshold tau. Served scores may differ from certified ones by eps, so a miss is counted
at tau + eps and a false alarm at tau - eps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from certify import passing, planner
from certify.passing import Method, Question
from certify.planner import Undecidable
from guard.errors import ProtocolError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Demands:
    """What the test is going to ask of one monitor in one cell."""

    miss: Question
    """About misses, one row in a unit."""
    near: Question
    """About false alarms on look-alikes, two rows in a unit."""
    traffic: Question
    """About false alarms on ordinary conversations, one row in a unit."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What one limit may expect at a threshold."""

    estimand: str
    """As in the question."""
    limit: float
    """As in the question."""
    rate: float
    """Mean loss on the select fold, at the margin."""
    passes: float
    """Predicted chance that the bound meets the limit."""


@dataclass(frozen=True, slots=True)
class OperatingThreshold:
    """A threshold and what it may expect of the test."""

    tau: float
    """The monitor fires at or above it."""
    outlooks: tuple[Outlook, ...]
    """Of the misses, the near false alarms and the false alarms on traffic."""

    @property
    def least(self) -> float:
        """The smallest of the three chances."""
        return min(outlook.passes for outlook in self.outlooks)

    @property
    def all_pass(self) -> float:
        """A floor of the chance that all three limits are shown, however they depend."""
        return planner.floor_of_all([outlook.passes for outlook in self.outlooks])


@dataclass(frozen=True, slots=True)
class NoValidThreshold:
    """No threshold meets all limits with the wanted chance."""

    reason: str
    """Which limits fall short at the best compromise, in one line."""
    gap: float
    """Wanted chance less the smallest chance there."""
    best: OperatingThreshold
    """The best compromise: fit for information, not for a certificate."""


def choose(
    positives: ArrayLike,
    near: ArrayLike,
    traffic: ArrayLike,
    *,
    eps: float,
    demands: Demands,
    power: float = planner.POWER,
    seed: int = 0,
) -> OperatingThreshold | NoValidThreshold:
    """Choose the threshold with the fewest false alarms among those that meet every limit with chance `power`.

    Chances are predictions for the planned numbers of units that allow for what the select fold can't tell, see
    `passing.predicted`. Of equally many false alarms, the largest smallest chance wins; the threshold is put half-way
    between the scores where a count changes.

    Args:
        positives: Highest score of each positive draw where its monitor was to fire, shape (n,); `-inf` if unavailable.
        near: Highest score of the twin and of the hard negative of each draw, shape (n, 2); `inf` if unavailable.
        traffic: Highest score of each ordinary draw, shape (n,); `inf` if unavailable.
        eps: Score margin, not negative.
        demands: The three questions, at their planned sizes; a limit of 1 demands nothing.
        power: Wanted chance for each limit.
        seed: Of the simulated orders; the same arguments give the same threshold.

    Raises:
        ProtocolError: A score is not a number, a shape is wrong, there are no rows for a limit, or eps is negative.
    """
    if not 0.0 <= eps < np.inf:
        raise ProtocolError(f"the score margin must be a number that is not negative, not {eps}")
    field = _Field(np.sort(_scores(positives, 1)), np.sort(_scores(near, 2), axis=1), np.sort(_scores(traffic, 1)), eps)
    view = _View(field, _candidates(field), (demands.miss, demands.near, demands.traffic), seed)
    # (1) Misses only grow with tau and false alarms only shrink, so the valid thresholds are neighbours.
    last = _first(len(view.taus), lambda index: view.chances(index)[0] < power) - 1
    first = _first(len(view.taus), lambda index: min(view.chances(index)[1:]) >= power)
    if first > last:
        return _compromise(view, power)
    # (2) False alarms are fewest at the last of them, and (3) as few at those just before it, where misses are fewer.
    alarms = view.counts(last)[1:]
    chosen = first + _first(last - first, lambda step: view.counts(first + step)[1:] == alarms)
    return view.threshold(chosen)


@dataclass(frozen=True, slots=True)
class _Field:
    """Sorted scores of the select fold."""

    positives: Floats
    near: Floats
    traffic: Floats
    eps: float


class _View:
    """Counts and chances at each candidate threshold, computed when asked for and kept."""

    def __init__(self, field: _Field, taus: Floats, questions: tuple[Question, Question, Question], seed: int) -> None:
        self.taus = taus
        self.questions = questions
        self._seed = seed
        self._known: dict[tuple[Question, tuple[int, ...]], float] = {}
        below, above = taus + field.eps, taus - field.eps
        missed = np.searchsorted(field.positives, below, side="left")
        both = _at_or_above(field.near[:, 0], above)
        either = _at_or_above(field.near[:, 1], above)
        alarmed = _at_or_above(field.traffic, above)
        self._tables = (
            np.stack([len(field.positives) - missed, missed], axis=1),
            np.stack([len(field.near) - either, either - both, both], axis=1),
            np.stack([len(field.traffic) - alarmed, alarmed], axis=1),
        )

    def counts(self, index: int) -> tuple[tuple[int, ...], ...]:
        """Select draws by number of lost rows, for each question."""
        return tuple(tuple(int(count) for count in table[index]) for table in self._tables)

    def chances(self, index: int) -> tuple[float, ...]:
        """Predicted chance of each question."""
        return tuple(self._chance(q, counts) for q, counts in zip(self.questions, self.counts(index), strict=True))

    def threshold(self, index: int) -> OperatingThreshold:
        """The candidate with all that is known about it."""
        rows = zip(self.questions, self.counts(index), self.chances(index), strict=True)
        outlooks = tuple(Outlook(q.estimand, q.limit, _rate(counts), passes) for q, counts, passes in rows)
        return OperatingThreshold(float(self.taus[index]), outlooks)

    def strain(self) -> Floats:
        """The largest rate in units of its limit, for every candidate."""
        rates = [table @ np.linspace(0, 1, table.shape[1]) / max(1, int(table[0].sum())) for table in self._tables]
        largest: Floats = np.max([rate / q.limit for rate, q in zip(rates, self.questions, strict=True)], axis=0)
        return largest

    def _chance(self, question: Question, counts: tuple[int, ...]) -> float:
        key = (question, counts)
        if key not in self._known:
            self._known[key] = passing.predicted(question, counts, self._seed)
        return self._known[key]


def _compromise(view: _View, power: float) -> NoValidThreshold:
    """Return the candidate with the largest smallest chance or, where all are hopeless, the least strained one."""
    end = len(view.taus) - 1
    crossing = min(end, _first(len(view.taus), lambda index: min(view.chances(index)[1:]) >= view.chances(index)[0]))
    strain = view.strain()
    options = {crossing, max(0, crossing - 1), int(np.argmin(strain))}
    best = view.threshold(max(sorted(options), key=lambda index: (min(view.chances(index)), -strain[index])))
    short = "; ".join(
        f"{outlook.estimand} {outlook.passes:.2f} (rate {outlook.rate:.3f} on the select fold, limit {outlook.limit:g}; "
        f"{_more(question, outlook.rate, power)})"
        for outlook, question in zip(best.outlooks, view.questions, strict=True)
        if outlook.passes < power
    )
    hopeless = [plan.reason for plan in (planner.plan_bound(q, ()) for q in view.questions) if isinstance(plan, Undecidable)]
    reason = f"no threshold meets every limit with a chance of {power:g}; at {best.tau:.4g} the chances are {short}"
    return NoValidThreshold("; ".join([*hopeless, reason]), power - best.least, best)


def _more(question: Question, rate: float, power: float) -> str:
    """Say how many more draws would do if the rate is what the select fold shows; KL-Chernoff stands in for betting."""
    if rate >= question.limit:
        return "no number of draws shows a limit below the rate"
    try:
        needed = planner.units_needed(replace(question, method=Method.KL_CHERNOFF, rows=1), rate, power)
    except ProtocolError:
        return "more draws than can be planned"
    more = needed - question.units
    return f"about {more} more draws would do at that rate" if more > 0 else "the select fold is too small to tell"


def _candidates(field: _Field) -> Floats:
    """Return a threshold between any two neighbouring places where a count changes, and one beyond either end."""
    alarms = np.concatenate([field.near.ravel(), field.traffic]) + field.eps
    places = np.unique(np.concatenate([field.positives - field.eps, alarms]))
    places = places[np.isfinite(places)]
    if len(places) == 0:
        raise ProtocolError("no score of the select fold is available", "see why the monitor does not score")
    middle = places[:-1] + np.diff(places) / 2
    taus: Floats = np.concatenate([[places[0] - 1.0], middle, [places[-1] + 1.0]])
    return taus


def _scores(values: ArrayLike, dimensions: int) -> Floats:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ProtocolError("the scores are not a table of numbers") from error
    if dimensions == 2 and array.size == 0:
        return np.empty((0, 2))
    if array.ndim != dimensions or (dimensions == 2 and array.shape[1] != 2):
        raise ProtocolError("scores must be one for a draw, or a twin's and a hard negative's")
    if bool(np.isnan(array).any()):
        raise ProtocolError("a score is not a number", "give -inf for a positive without a score, inf for a benign row")
    return array


def _at_or_above(scores: Floats, taus: Floats) -> NDArray[np.int64]:
    return len(scores) - np.searchsorted(np.sort(scores), taus, side="left")


def _rate(counts: tuple[int, ...]) -> float:
    """Mean loss of units that lost 0, 1, ... of their rows."""
    return float(np.dot(counts, np.linspace(0, 1, len(counts))) / max(1, sum(counts)))


def _first(count: int, holds: Callable[[int], bool]) -> int:
    """Return the first of `count` indices where `holds`, if it holds from there on; `count` if nowhere."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
