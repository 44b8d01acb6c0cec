"""The protocol of a plan: what was decided, written down as it will be signed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from certify import sealed, sensitivity
from certify.dataset import Dataset
from certify.draws import Measured
from certify.issue import analysis_digest
from certify.ledger import Next
from certify.multiplicity import Budget, Part
from certify.plan import LANG, VALID_FOR, Chosen, Order, cell_name, spend
from certify.review import LEAST
from guard import digest, resources, rules
from guard.binding import Canaries
from guard.certificate import Proportion, number
from guard.claims import ReviewPlan, SealedFile
from guard.errors import ProtocolError
from guard.hazards import Claim
from guard.points import MeasuredRates, OperatingPoint
from guard.policy import Policy
from guard.probes import canary
from guard.probes.reading import Subject
from guard.protocol import ORDER_RULE, SEED_RULE, CellPlan, GeneratorBinding, Limits, Protocol, Shift, TrafficPlan

Rates = Mapping[tuple[Claim, str], Measured]
"""Operating points without a bound, by claim and length bucket."""


def operating_points(chosen: Sequence[Chosen], rates: Rates, policy: Policy) -> tuple[OperatingPoint, ...]:
    """Return every threshold, certified ones first."""
    found = [(c.requirement.claim, c.bucket, c.operating.tau, True) for c in chosen]
    found += [(claim, bucket, rate.threshold, False) for (claim, bucket), rate in rates.items()]
    return tuple(
        OperatingPoint(
            claim=str(claim), lang=LANG, bucket=bucket, threshold=number(tau), certified=certified, gate=policy.gate.mode
        )
        for claim, bucket, tau, certified in found
    )


def measured_rates(rates: Rates) -> tuple[MeasuredRates, ...]:
    """Return the rates of the operating points without a bound."""
    return tuple(
        MeasuredRates(
            claim=str(claim),
            lang=LANG,
            bucket=bucket,
            miss=Proportion(successes=rate.missed, trials=rate.positives),
            false_alarm=Proportion(successes=rate.alarms, trials=rate.benign),
        )
        for (claim, bucket), rate in rates.items()
    )


def protocol_of(
    subject: Subject,
    data: Dataset,
    order: Order,
    upcoming: Next,
    *,
    chosen: Sequence[Chosen],
    rates: Rates,
    frozen: Mapping[str, bytes],
    eps: float,
    baselines: str,
    selection: str,
) -> Protocol:
    """Write the plan down; every claim has unseen families (`require_unseen`)."""
    shares = spend(upcoming.attempt, order.certified, order.buckets)
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
        traffic=tuple(_traffic(order, shares, bucket) for bucket in order.buckets),
        unit="draw: one independent draw of a scenario",
        order=ORDER_RULE,
        seed=SEED_RULE,
        analysis=analysis_digest(),
        demonstration=order.policy.demonstration or subject.binding.demonstration,
        measured=measured_rates(rates),
        baselines=baselines,
        selection=selection,
        sealed=sealed_of(order, shares),
        review=review_of(order),
    )


def review_of(order: Order) -> ReviewPlan | None:
    """Return what the protocol says of a review of the labels; None where the number of rows is left open.

    Raises:
        ProtocolError: So few rows open no claim, or there will not be so many.
    """
    if order.review is None:
        return None
    most = len(order.buckets) * min(order.sizes.draws, order.sizes.traffic)
    if not LEAST <= order.review <= most:
        raise ProtocolError(
            f"of each kind at least {LEAST} rows are reviewed, and there will be {most}", "plan a number between"
        )
    return ReviewPlan(per_stratum=order.review)


def sealed_of(order: Order, shares: Budget) -> SealedFile | None:
    """Return what the protocol says of a site's own conversations; None where there are none.

    Raises:
        ProtocolError: They can't carry a statistic.
    """
    if order.site is None:
        return None
    claims = [demand.claim for demand in order.certified]
    return sealed.planned(order.site.sealed, order.site.frame, claims, format(shares.total, "f"))


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
    name = cell_name(claim, one.bucket)
    return CellPlan(
        claim=claim,
        lang=LANG,
        bucket=one.bucket,
        draws=order.sizes.draws,
        unseen_families=data.manifest.unseen[claim],
        unseen_draws=order.sizes.unseen_draws,
        limits=Limits(
            max_miss=_written(demand.max_miss),
            max_false_alarm=_written(demand.max_false_alarm),
            max_false_alarm_near=_written(demand.max_false_alarm_near),
            population=demand.population,
        ),
        delta_miss=shares.written(Part.MISS, name),
        delta_unseen=shares.written(Part.UNSEEN, name),
        # Traffic and near misses have equal shares, so that one number stands for both.
        delta_false_alarm=shares.written(Part.FALSE_ALARM, f"near {name}"),
        predicted_pass=number(round(one.operating.all_pass, 4)),
        shifts=shifts(one),
    )


def shifts(one: Chosen) -> tuple[Shift, ...]:
    """Return by how much a monitor's scores may fall at each of the imagined moves of its activations."""
    norm = sensitivity.joint_norm([float(np.linalg.norm(probe.weight)) for probe in one.fitted.monitor.probes])
    return tuple(Shift(radius=number(radius), by=number(radius * norm)) for radius in sensitivity.RADII)


def _traffic(order: Order, shares: Budget, bucket: str) -> TrafficPlan:
    limit = _written(order.policy.whole.max_false_alarm)
    delta = shares.written(Part.FALSE_ALARM, cell_name("whole", bucket))
    return TrafficPlan(lang=LANG, bucket=bucket, draws=order.sizes.traffic, max_false_alarm=limit, delta_false_alarm=delta)


def _written(limit: float | None) -> str:
    return "" if limit is None else number(limit)
