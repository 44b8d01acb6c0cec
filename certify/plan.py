"""The plan of a certification: how the budget is spent, what each bound is asked, and the protocol that says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from certify import bounds
from certify.dataset import Dataset
from certify.issue import analysis_digest
from certify.ledger import Next
from certify.multiplicity import Budget, Part, budget
from certify.passing import Question, predicted
from certify.planner import CellForecast, floor_of_all, plan_cell
from certify.select import Choice, DrawScores, Measured
from certify.threshold import Demands, NoValidThreshold, OperatingThreshold
from guard import digest, resources, rules
from guard.certificate import Canaries, MeasuredRates, OperatingPoint, Proportion, number
from guard.errors import ProtocolError
from guard.hazards import Claim, Population, Stage
from guard.policy import Policy, Requirement
from guard.probes import canary
from guard.protocol import ORDER_RULE, SEED_RULE, CellPlan, GeneratorBinding, Limits, Protocol, TrafficPlan
from guard.subjects.causal import CausalSubject

LANG, BUCKET = "en", "upto1000"
"""The tested cells: English, short."""

CERTIFIABLE = (Stage.PROMPT, Stage.CONTEXT)
"""Stages whose text comes in; what a generator writes in the model's name is measured, never certified."""

VALID_FOR = timedelta(days=90)
"""How long a certificate holds."""


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
    """A monitor with its threshold."""

    requirement: Requirement
    """What is demanded of it."""
    choice: Choice
    """The monitor, and what it was chosen from."""
    threshold: OperatingThreshold | NoValidThreshold
    """Where it fires."""
    scores: DrawScores
    """What the threshold was chosen on."""

    @property
    def operating(self) -> OperatingThreshold:
        """The threshold, or the best compromise where none meets every limit."""
        return self.threshold.best if isinstance(self.threshold, NoValidThreshold) else self.threshold


def spend(attempt: int, certified: Sequence[Requirement]) -> Budget:
    """Split the budget of an attempt over all bounds that a certificate prints, whether or not they have a limit."""
    cells = [str(r.claim) for r in certified]
    alarms = [f"{kind} {cell}" for cell in cells for kind in ("traffic", "near")]
    return budget(attempt, cells, [*alarms, "whole"], cells)


def demands(requirement: Requirement, shares: Budget, sizes: Sizes) -> Demands:
    """Return the three questions that the test will ask of a monitor on listed kinds."""
    claim = str(requirement.claim)
    limits = (requirement.max_miss, requirement.max_false_alarm_near, requirement.max_false_alarm)
    miss, near, traffic = (1.0 if limit is None else limit for limit in limits)
    return Demands(
        Question("miss", sizes.draws, shares.delta(Part.MISS, claim), miss),
        Question("false_alarm_near", sizes.draws, shares.delta(Part.FALSE_ALARM, f"near {claim}"), near, rows=2),
        Question("false_alarm_traffic", sizes.traffic, shares.delta(Part.FALSE_ALARM, f"traffic {claim}"), traffic),
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
        smallest = bounds.smallest_kl(families, shares.delta(Part.UNSEEN, claim))
        if limit is not None and smallest > limit:
            problem = f"{claim}: {families} unseen families give a bound of at least {smallest:.3f}, above the limit {limit:g}"
            raise ProtocolError(problem, "widen the limit, or demand it of listed kinds")


def forecast(order: Order, attempt: int = 1, unseen: Mapping[str, int] | None = None) -> tuple[CellForecast, ...]:
    """Say before any work what the planned sizes can show: the bounds themselves, simulated at imagined true rates.

    Args:
        order: What would be asked for.
        attempt: Which attempt it would be.
        unseen: How many unseen families each claim has, where that is known.

    Raises:
        ProtocolError: A limit is below what its units could ever show.
    """
    shares = spend(attempt, order.certified)
    if unseen is not None:
        require_unseen(order, unseen, shares)
    asked = [(r.claim, demands(r, shares, order.sizes)) for r in order.certified]
    cells = [plan_cell(f"{claim}/{LANG}/{BUCKET}", (each.miss, each.near, each.traffic)) for claim, each in asked]
    question = _whole_question(order, shares)
    return (*cells, plan_cell(f"whole/{LANG}/{BUCKET}", (question,))) if question else tuple(cells)


def predicted_all(chosen: Sequence[Chosen], order: Order, shares: Budget, eps: float, ruled: NDArray[np.bool_]) -> float:
    """Return a floor under the chance that every limit on listed kinds will be shown, from the select fold.

    Args:
        chosen: Monitors with their thresholds.
        order: What was asked for.
        shares: Deltas.
        eps: Score margin.
        ruled: (draws,): ordinary select conversations in which a rule found something.
    """
    chances = [outlook.passes for one in chosen for outlook in one.operating.outlooks]
    question = _whole_question(order, shares)
    if question:
        found = np.any([ruled, *(c.scores.traffic >= c.operating.tau - eps for c in chosen)], axis=0)
        alarmed = int(found.sum())
        chances.append(predicted(question, (len(found) - alarmed, alarmed)))
    return floor_of_all(chances)


def _whole_question(order: Order, shares: Budget) -> Question | None:
    limit = order.policy.whole.max_false_alarm
    if limit is None:
        return None
    return Question("false_alarm_whole", order.sizes.traffic, shares.delta(Part.FALSE_ALARM, "whole"), limit)


def operating_points(chosen: Sequence[Chosen], rates: Mapping[Claim, Measured], policy: Policy) -> tuple[OperatingPoint, ...]:
    """Return every threshold, certified ones first."""
    found = [(c.requirement.claim, c.operating.tau, True) for c in chosen]
    found += [(claim, rate.threshold, False) for claim, rate in rates.items()]
    return tuple(
        OperatingPoint(
            claim=str(claim), lang=LANG, bucket=BUCKET, threshold=number(tau), certified=certified, gate=policy.gate.mode
        )
        for claim, tau, certified in found
    )


def measured_rates(rates: Mapping[Claim, Measured]) -> tuple[MeasuredRates, ...]:
    """Return the rates of the operating points without a bound."""
    return tuple(
        MeasuredRates(
            claim=str(claim),
            lang=LANG,
            bucket=BUCKET,
            miss=Proportion(successes=rate.missed, trials=rate.positives),
            false_alarm=Proportion(successes=rate.alarms, trials=rate.benign),
        )
        for claim, rate in rates.items()
    )


def protocol_of(
    subject: CausalSubject,
    data: Dataset,
    order: Order,
    upcoming: Next,
    *,
    chosen: Sequence[Chosen],
    rates: Mapping[Claim, Measured],
    frozen: Mapping[str, bytes],
    eps: float,
    baselines: str,
) -> Protocol:
    """Write the plan down; every claim has unseen families (`require_unseen`)."""
    shares = spend(upcoming.attempt, order.certified)
    return Protocol(
        product=order.product,
        not_before=order.now.isoformat(timespec="seconds"),
        not_after=(order.now + VALID_FOR).isoformat(timespec="seconds"),
        serial=upcoming.serial,
        attempt=upcoming.attempt,
        ledger_head=upcoming.head,
        subject=subject.binding,
        suite={name: digest.of_bytes(content) for name, content in frozen.items()},
        canaries=Canaries(file=digest.of_bytes(frozen[canary.FILE]), count=frozen[canary.FILE].count(b"\n"), eps=number(eps)),
        taxonomy=digest.of_file(resources.path("policies/hazards.yaml")),
        rules=rules.digest(frozenset(order.policy.rules)),
        rule_names=tuple(sorted(order.policy.rules)),
        dataset=data.digest,
        generator=generator(data),
        eps=number(eps),
        delta=format(shares.total, "f"),
        operating_points=operating_points(chosen, rates, order.policy),
        cells=tuple(_cell(one, data, order, shares) for one in chosen),
        traffic=(_traffic(order, shares),),
        unit="draw: one independent draw of a scenario",
        order=ORDER_RULE,
        seed=SEED_RULE,
        analysis=analysis_digest(),
        demonstration=order.policy.demonstration or subject.binding.demonstration,
        measured=measured_rates(rates),
        baselines=baselines,
    )


def generator(data: Dataset) -> GeneratorBinding:
    """Return what the protocol says of the generator of a dataset."""
    manifest = data.manifest
    weights = {
        f"{claim}:{family}": number(weight)
        for claim, families in manifest.weights.items()
        for family, weight in families.items()
    }
    return GeneratorBinding(digest=manifest.generator, version=manifest.version, weights=weights)


def _cell(one: Chosen, data: Dataset, order: Order, shares: Budget) -> CellPlan:
    demand, claim = one.requirement, str(one.requirement.claim)
    return CellPlan(
        claim=claim,
        lang=LANG,
        bucket=BUCKET,
        draws=order.sizes.draws,
        unseen_families=data.manifest.unseen[claim],
        unseen_draws=order.sizes.unseen_draws,
        limits=Limits(
            max_miss=_written(demand.max_miss),
            max_false_alarm=_written(demand.max_false_alarm),
            max_false_alarm_near=_written(demand.max_false_alarm_near),
            population=demand.population,
        ),
        delta_miss=shares.written(Part.MISS, claim),
        delta_unseen=shares.written(Part.UNSEEN, claim),
        # Traffic and near misses have equal shares, so that one number stands for both.
        delta_false_alarm=shares.written(Part.FALSE_ALARM, f"near {claim}"),
        predicted_pass=number(round(one.operating.all_pass, 4)),
    )


def _traffic(order: Order, shares: Budget) -> TrafficPlan:
    limit, delta = _written(order.policy.whole.max_false_alarm), shares.written(Part.FALSE_ALARM, "whole")
    return TrafficPlan(lang=LANG, bucket=BUCKET, draws=order.sizes.traffic, max_false_alarm=limit, delta_false_alarm=delta)


def _written(limit: float | None) -> str:
    return "" if limit is None else number(limit)
