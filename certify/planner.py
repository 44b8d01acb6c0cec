"""What a planned test can show, before any of it is run.

Comes in: the questions of a cell. Goes out: a `Forecast` of each, by simulation of the very bound that the test will
use; `Undecidable` where no result could meet the limit; and the numbers of units that would do. Knows no scores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from certify import passing
from certify.passing import Question
from guard.errors import ProtocolError

POWER = 0.9
"""Wanted chance to show what is true."""

IMAGINED = (0.25, 0.5, 0.75, 1.0, 0.0)
"""True rates that a forecast imagines, as parts of the limit; the first is what a plan counts on."""

_MOST_UNITS = 1_000_000
_MOST_SIMULATED = 10_000
"""Beyond it a simulation would take too much memory, and a test too many draws."""


@dataclass(frozen=True, slots=True)
class Chance:
    """What would happen at one true rate."""

    rate: float
    """Imagined true mean loss."""
    passes: float
    """Chance that the bound meets the limit."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """A question that the planned units can decide."""

    question: Question
    """What was asked."""
    smallest: float
    """The bound without any loss."""
    chances: tuple[Chance, ...]
    """By imagined true rate."""


@dataclass(frozen=True, slots=True)
class Undecidable:
    """A question that no result of the planned units could answer with yes."""

    question: Question
    """What was asked."""
    smallest: float
    """The bound without any loss; above the limit."""
    units_needed: int
    """Smallest number of units that could meet the limit, if none has a loss."""

    @property
    def reason(self) -> str:
        """The refusal in one line."""
        q = self.question
        return (
            f"{q.estimand}: {q.units} units give a bound of at least {self.smallest:.3f}, above the limit {q.limit:g}; "
            f"plan at least {self.units_needed} units, or a wider limit"
        )


@dataclass(frozen=True, slots=True)
class CellForecast:
    """All questions of one claim in one cell."""

    cell: str
    """claim/language/bucket."""
    forecasts: tuple[Forecast, ...]
    """One for each question."""

    @property
    def all_pass(self) -> float:
        """Chance that every limit is shown at the first imagined rate of each; a floor under any dependence."""
        return floor_of_all([forecast.chances[0].passes for forecast in self.forecasts])


def floor_of_all(chances: Sequence[float]) -> float:
    """Return the least chance that several events all happen, however they depend: 1 - sum(1 - p), or 0 (Frechet)."""
    return max(0.0, 1.0 - sum(1.0 - passes for passes in chances))


def plan_bound(question: Question, rates: Sequence[float] | None = None, seed: int = 0) -> Forecast | Undecidable:
    """Forecast one bound at its planned size, by default at the rates `IMAGINED`.

    Raises:
        ProtocolError: An imagined rate is not between 0 and 1.
    """
    smallest = question.smallest
    if smallest > question.limit:
        return Undecidable(question, smallest, fewest_units(question))
    imagined = rates if rates is not None else [part * question.limit for part in IMAGINED]
    chances = tuple(Chance(rate, passing.chance(question, rate, seed)) for rate in imagined)
    return Forecast(question, smallest, chances)


def plan_cell(cell: str, questions: Sequence[Question], rates: Sequence[float] | None = None, seed: int = 0) -> CellForecast:
    """Forecast every question of a cell.

    Raises:
        ProtocolError: A limit is below what its units could ever show, or nothing is asked.
    """
    outcomes = [plan_bound(question, rates, seed) for question in questions]
    refused = [outcome.reason for outcome in outcomes if isinstance(outcome, Undecidable)]
    if refused:
        raise ProtocolError(f"{cell} can't be decided", "; ".join(refused))
    forecasts = tuple(outcome for outcome in outcomes if isinstance(outcome, Forecast))
    if not forecasts:
        raise ProtocolError(f"{cell}: nothing is asked", "name at least one limit")
    return CellForecast(cell, forecasts)


def table(plans: Sequence[CellForecast]) -> list[tuple[str, ...]]:
    """Return the forecasts as rows of text, the heading first: one row for each cell, question and imagined rate."""
    rows: list[tuple[str, ...]] = [
        ("cell", "bound", "method", "units", "delta", "limit", "smallest bound", "if the true rate is", "chance")
    ]
    for plan in plans:
        for forecast in plan.forecasts:
            q = forecast.question
            head = (plan.cell, q.estimand, q.method.value, str(q.units), f"{q.delta:.2g}", f"{q.limit:g}")
            rows += [(*head, f"{forecast.smallest:.3f}", f"{at.rate:.3g}", f"{at.passes:.0%}") for at in forecast.chances]
    return rows


def fewest_units(question: Question) -> int:
    """Return the smallest number of units that could meet the question's limit, if none has a loss.

    Raises:
        ProtocolError: No reasonable number would do.
    """
    return _first(lambda units: replace(question, units=units).smallest <= question.limit, _MOST_UNITS)


def units_needed(question: Question, rate: float, power: float = POWER, seed: int = 0) -> int:
    """Return a number of units that meets the limit with chance `power` if the true mean loss is `rate`.

    Power is simulated, and saw-toothed in the number of units, so the answer is good to a few per cent of itself.

    Raises:
        ProtocolError: The rate is not below the limit, or no reasonable number would do.
    """
    if not 0.0 <= rate < question.limit:
        raise ProtocolError(f"no number of units shows that a rate of {rate:g} is at most {question.limit:g}")
    return _first(lambda units: passing.chance(replace(question, units=units), rate, seed) >= power, _MOST_SIMULATED)


def _first(enough: Callable[[int], bool], most: int) -> int:
    """Return the smallest number for which `enough` holds, if it holds from there on; by doubling, then bisection."""
    high = 1
    while not enough(high):
        if high == most:
            raise ProtocolError(f"not even {most} units meet this limit", "widen the limit")
        high = min(2 * high, most)
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
