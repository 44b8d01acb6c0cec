"""The plan of a certification: how the budget is spent, and what each bound is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from certify import bounds
from certify.draws import DrawScores
from certify.monitors import Fitted
from certify.multiplicity import Budget, Part, budget
from certify.passing import Method, Question, predicted
from certify.planner import CellForecast, fewest_units, floor_of_all, plan_cell
from certify.sealed import Site
from certify.search import QUICK, Search
from certify.select import Choice
from certify.threshold import Demands, NoValidThreshold, OperatingThreshold
from guard.errors import ProtocolError
from guard.hazards import Claim, Population, Stage
from guard.policy import Policy, Requirement

LANG, BUCKET = "en", "upto1000"
"""The cell that is tested if nothing else is asked for: English, short."""

CERTIFIABLE = (Stage.PROMPT, Stage.CONTEXT)
"""Stages whose text comes in; what a generator writes in the model's name is measured, never certified."""

VALID_FOR = timedelta(days=90)
"""How long a certificate holds."""


MOST_CELLS = 60
"""Cells of one certificate: more would leave each too small a share of the error budget."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much will be drawn for the test."""

    draws: int = 600
    """Draws of listed families per cell."""
    traffic: int = 2_000
    """Ordinary conversations per language."""
    unseen_draws: int = 20
    """Draws of each unseen family."""


@dataclass(frozen=True, slots=True)
class Order:
    """What `prepare` is asked to do."""

    product: str
    """What the thing that is certified is called."""
    policy: Policy
    """What is demanded."""
    sizes: Sizes
    """How much will be drawn."""
    now: datetime
    """When the protocol is signed, with its time zone."""
    power: float = 0.9
    """Wanted chance to show each limit."""
    search: Search = QUICK
    """How wide the selection of monitors looks."""
    buckets: tuple[str, ...] = (BUCKET,)
    """Length buckets that are tested, each with thresholds of its own; longer text than any is not certified."""
    site: Site | None = None
    """A site's own conversations, which the test is to score, too."""
    review: int | None = None
    """Rows of each claim, label and role whose labels two clinicians will review; None leaves the number open."""

    @property
    def certified(self) -> tuple[Requirement, ...]:
        """Demands that carry limits, and so bounds.

        Raises:
            ProtocolError: One of them is about text that a generator wrote.
        """
        found = tuple(r for r in self.policy.requires if r.max_miss is not None)
        wrong = next((r for r in found if r.claim.stage not in CERTIFIABLE), None)
        if wrong is not None:
            raise ProtocolError(f"{wrong.claim} can't carry a bound: a generator wrote its text", "say allow_measured")
        if not found:
            raise ProtocolError("the policy demands no bound", "give at least one claim its limits")
        return found

    @property
    def measured(self) -> tuple[Requirement, ...]:
        """Demands without limits: their operating points carry no bound."""
        return tuple(r for r in self.policy.requires if r.max_miss is None)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A monitor with its threshold in one length bucket."""

    requirement: Requirement
    """What is demanded of it."""
    bucket: str
    """Where the threshold holds."""
    fitted: Fitted
    """The monitor, what it was chosen from, and what it was chosen on."""
    threshold: OperatingThreshold | NoValidThreshold
    """Where it fires."""
    scores: DrawScores
    """What the threshold was chosen on."""

    @property
    def choice(self) -> Choice:
        """The monitor, and what it was chosen from."""
        return self.fitted.choice

    @property
    def operating(self) -> OperatingThreshold:
        """The threshold, or the best compromise where none meets every limit."""
        return self.threshold.best if isinstance(self.threshold, NoValidThreshold) else self.threshold


def spend(attempt: int, certified: Sequence[Requirement], buckets: Sequence[str] = (BUCKET,)) -> Budget:
    """Split the budget of an attempt over all bounds that a certificate prints, whether or not they have a limit.

    Raises:
        ProtocolError: There are more cells than a certificate may have.
    """
    cells = [cell_name(r.claim, bucket) for bucket in buckets for r in certified]
    if len(cells) > MOST_CELLS:
        parts = f"{len(certified)} claims with limits in {len(buckets)} length buckets make {len(cells)} cells"
        what = f"at least {-(-(len(cells) - MOST_CELLS) // len(buckets))} claims' limits" + (
            " or a length bucket" if len(certified) <= MOST_CELLS else ""
        )
        raise ProtocolError(f"{parts}, and a certificate has at most {MOST_CELLS}", f"leave out {what}")
    alarms = [f"{kind} {cell}" for cell in cells for kind in ("traffic", "near")]
    return budget(attempt, cells, [*alarms, *(cell_name("whole", bucket) for bucket in buckets)], cells)


def cell_name(of: Claim | str, bucket: str) -> str:
    """Name a cell in the budget."""
    return f"{of}/{LANG}/{bucket}"


def demands(requirement: Requirement, shares: Budget, sizes: Sizes, bucket: str = BUCKET) -> Demands:
    """Return the three questions that the test will ask of a monitor on listed kinds."""
    cell = cell_name(requirement.claim, bucket)
    limits = (requirement.max_miss, requirement.max_false_alarm_near, requirement.max_false_alarm)
    miss, near, traffic = (1.0 if limit is None else limit for limit in limits)
    return Demands(
        Question("miss", sizes.draws, shares.delta(Part.MISS, cell), miss),
        Question("false_alarm_near", sizes.draws, shares.delta(Part.FALSE_ALARM, f"near {cell}"), near, rows=2),
        Question("false_alarm_traffic", sizes.traffic, shares.delta(Part.FALSE_ALARM, f"traffic {cell}"), traffic),
    )


def require_unseen(order: Order, unseen: Mapping[str, int], shares: Budget) -> None:
    """Check that every certified claim has unseen families, and enough of them for a limit that is about them.

    Raises:
        ProtocolError: A claim has none, or so few that even without a miss its limit could not be shown.
    """
    for demand in order.certified:
        claim = str(demand.claim)
        families = unseen.get(claim, 0)
        if families < 1:
            raise ProtocolError(f"the generator has no unseen families of {claim}", "a certificate states both populations")
        limit = demand.max_miss if demand.population is Population.UNSEEN else None
        delta = min(shares.delta(Part.UNSEEN, cell_name(claim, bucket)) for bucket in order.buckets)
        smallest = bounds.smallest_kl(families, delta)
        if limit is not None and smallest > limit:
            more = fewest_units(Question("miss_unseen", families, delta, limit, Method.KL_CHERNOFF)) - families
            problem = f"{claim}: {families} unseen families give a bound of at least {smallest:.3f}, above the limit {limit:g}"
            raise ProtocolError(problem, f"it takes {more} more families, a wider limit, or one that is about listed kinds")


def forecast(order: Order, attempt: int = 1, unseen: Mapping[str, int] | None = None) -> tuple[CellForecast, ...]:
    """Say before any work what the planned sizes can show: the bounds themselves, simulated at imagined true rates.

    Args:
        order: What would be asked for.
        attempt: Which attempt it would be.
        unseen: How many unseen families each claim has, where that is known.

    Raises:
        ProtocolError: A limit is below what its units could ever show.
    """
    shares = spend(attempt, order.certified, order.buckets)
    if unseen is not None:
        require_unseen(order, unseen, shares)
    found: list[CellForecast] = []
    for bucket in order.buckets:
        for demand in order.certified:
            asked = demands(demand, shares, order.sizes, bucket)
            questions = [asked.miss, asked.near, asked.traffic]
            if demand.population is Population.UNSEEN and unseen is not None:
                questions.append(_unseen_question(demand, order.sizes, shares, bucket, unseen[str(demand.claim)]))
            found.append(plan_cell(cell_name(demand.claim, bucket), questions))
        question = _whole_question(order, shares, bucket)
        found += [plan_cell(cell_name("whole", bucket), (question,))] if question else []
    return tuple(found)


def predicted_all(
    chosen: Sequence[Chosen], order: Order, shares: Budget, eps: float, ruled: Mapping[str, NDArray[np.bool_]]
) -> float:
    """Return a floor under the chance that every limit on listed kinds will be shown, from the select fold.

    Args:
        chosen: Monitors with their thresholds.
        order: What was asked for.
        shares: Deltas.
        eps: Score margin.
        ruled: Per bucket (draws,): ordinary select conversations in which a rule found something.
    """
    chances = [outlook.passes for one in chosen for outlook in one.operating.outlooks]
    for bucket in order.buckets:
        question = _whole_question(order, shares, bucket)
        if question:
            fired = [c.scores.traffic >= c.operating.tau - eps for c in chosen if c.bucket == bucket]
            found = np.any([ruled[bucket], *fired], axis=0)
            alarmed = int(found.sum())
            chances.append(predicted(question, (len(found) - alarmed, alarmed)))
    return floor_of_all(chances)


def _unseen_question(demand: Requirement, sizes: Sizes, shares: Budget, bucket: str, families: int) -> Question:
    """Ask about a limit on misses of unseen families: families scatter about their mean rate, and so do few draws of each."""
    delta = shares.delta(Part.UNSEEN, cell_name(demand.claim, bucket))
    limit = 1.0 if demand.max_miss is None else demand.max_miss
    return Question("miss_unseen", families, delta, limit, Method.KL_CHERNOFF, rows=sizes.unseen_draws)


def _whole_question(order: Order, shares: Budget, bucket: str) -> Question | None:
    limit = order.policy.whole.max_false_alarm
    if limit is None:
        return None
    return Question("false_alarm_whole", order.sizes.traffic, shares.delta(Part.FALSE_ALARM, cell_name("whole", bucket)), limit)
