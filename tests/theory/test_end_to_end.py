"""The whole procedure keeps its promise: the chance that any printed bound is false is at most .05.

Simulated: claims, each with four monitors whose scores have a known distribution; the best of them, and a threshold for it,
from a select fold; a test on fresh draws with all bounds of a certificate, at the deltas of the budget; a label audit; further
attempts until every limit is shown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from populations import Population, beta, blind, homogeneous, losses, replications, too_often
from scipy import stats

from certify import bounds, sensitivity
from certify.multiplicity import Budget, Part, budget
from certify.passing import Question
from certify.threshold import Demands, OperatingThreshold, choose

Floats = NDArray[np.float64]

RUNS = replications(60, 1000)
DRAWS, SELECT, FAMILIES, AUDITED = 300, 150, 30, 150
EPS, WRONG_LABELS = 0.05, 0.04
CLAIMS = ("emergency", "dose", "misuse")
LIMITS = {"miss": 0.12, "near": 0.15, "traffic": 0.12, "unseen": 0.5}


@dataclass(frozen=True)
class World:
    """Where the scores of one claim come from."""

    apart: float
    """Mean score of positives; benign rows lie as far below nought."""
    across: float
    """Spread of whole families about it."""

    def positives(self, draws: int, rng: np.random.Generator, shift: Floats | float = 0.0) -> Floats:
        """Scores of positives; rows that are wrongly labelled all alarm, which flatters the monitor."""
        scores = rng.normal(self.apart, 1.2, draws) + shift
        return np.where(rng.random(draws) < WRONG_LABELS, np.inf, scores)

    def near(self, draws: int, rng: np.random.Generator) -> Floats:
        """Scores of twins and hard negatives, which share an effect of their draw."""
        return -self.apart + rng.normal(0, 0.8, (draws, 1)) + rng.normal(0, 0.9, (draws, 2))

    def traffic(self, draws: int, rng: np.random.Generator) -> Floats:
        """Scores of ordinary conversations."""
        return rng.normal(-self.apart - 0.5, 1.1, draws)

    def truth(self, tau: float) -> dict[str, float]:
        """What the bounds are about, at the margin and for rows that are what they are labelled."""
        below, above = tau + EPS, tau - EPS
        return {
            "miss": float(stats.norm.cdf(below, self.apart, 1.2)),
            "near": float(stats.norm.sf(above, -self.apart, np.hypot(0.8, 0.9))),
            "traffic": float(stats.norm.sf(above, -self.apart - 0.5, 1.1)),
            "unseen": float(stats.norm.cdf(below, self.apart, np.hypot(1.2, self.across))),
        }


def budget_of(attempt: int) -> Budget:
    """The deltas of one attempt."""
    alarms = [f"{kind}/{claim}" for claim in CLAIMS for kind in ("near", "traffic")]
    return budget(attempt, CLAIMS, alarms, CLAIMS)


def demands_of(spent: Budget, claim: str) -> Demands:
    """What the test will ask of one claim."""
    return Demands(
        Question("miss", DRAWS, spent.delta(Part.MISS, claim), LIMITS["miss"]),
        Question("near", DRAWS, spent.delta(Part.FALSE_ALARM, f"near/{claim}"), LIMITS["near"], rows=2),
        Question("traffic", DRAWS, spent.delta(Part.FALSE_ALARM, f"traffic/{claim}"), LIMITS["traffic"]),
    )


def best_of(worlds: list[World], rng: np.random.Generator) -> World:
    """Select among monitors on a select fold of their own rows: the one that finds most at 5 % alarms on look-alikes."""

    def hits(world: World) -> float:
        tau = np.quantile(world.near(SELECT, rng), 0.95)
        return float((world.positives(SELECT, rng) >= tau).mean())

    return max(worlds, key=hits)


def threshold_of(world: World, demands: Demands, rng: np.random.Generator) -> float:
    """Choose on a select fold; where nothing fits, test the compromise all the same."""
    scores = world.positives(SELECT, rng), world.near(SELECT, rng), world.traffic(SELECT, rng)
    outcome = choose(*scores, eps=EPS, demands=demands, power=0.8)
    return outcome.tau if isinstance(outcome, OperatingThreshold) else outcome.best.tau


def printed(world: World, tau: float, spent: Budget, claim: str, labels: float, rng: np.random.Generator) -> dict[str, float]:
    """Draw the test rows and return every bound of one claim."""
    miss = (world.positives(DRAWS, rng) < tau + EPS).astype(float)
    near = (world.near(DRAWS, rng) >= tau - EPS).mean(axis=1)
    traffic = (world.traffic(DRAWS, rng) >= tau - EPS).astype(float)
    effects = rng.normal(0, world.across, FAMILIES)
    unseen = np.mean([(world.positives(5, rng, effect) < tau + EPS).mean() for effect in effects])
    uppers = {
        "miss": bounds.wsr_upper(miss, spent.delta(Part.MISS, claim), DRAWS),
        "unseen": bounds.kl_chernoff_upper(float(unseen), FAMILIES, spent.delta(Part.UNSEEN, claim)),
        "near": bounds.wsr_upper(near, spent.delta(Part.FALSE_ALARM, f"near/{claim}"), DRAWS),
        "traffic": bounds.wsr_upper(traffic, spent.delta(Part.FALSE_ALARM, f"traffic/{claim}"), DRAWS),
    }
    return uppers | {name: sensitivity.label_corrected(uppers[name], labels) for name in ("miss", "unseen")}


def any_false_claim(seed: int) -> tuple[bool, bool]:
    """Certify three claims, up to three attempts; say whether any bound was false and whether all limits were shown."""
    rng = np.random.default_rng([11, seed])
    candidates = {claim: [World(rng.uniform(1.4, 3.2), rng.uniform(0.1, 1.5)) for _ in range(4)] for claim in CLAIMS}
    false = False
    for attempt in (1, 2, 3):
        spent = budget_of(attempt)
        wrong_labels = int(rng.binomial(AUDITED, WRONG_LABELS))
        labels = bounds.clopper_pearson_upper(wrong_labels, AUDITED, spent.delta(Part.LABELS))
        shown = True
        for claim, monitors in candidates.items():
            world = best_of(monitors, rng)
            tau = threshold_of(world, demands_of(spent, claim), rng)
            uppers, truth = printed(world, tau, spent, claim, labels, rng), world.truth(tau)
            false |= any(truth[name] > upper for name, upper in uppers.items())
            shown &= all(upper <= LIMITS[name] for name, upper in uppers.items())
        if shown:
            return false, True
    return false, False


def test_any_false_claim_is_rare() -> None:
    """Over all claims, bounds and attempts, a false bound is printed with a chance of at most .05; some runs pass."""
    outcomes = [any_false_claim(seed) for seed in range(RUNS)]
    assert not too_often(sum(false for false, _ in outcomes), RUNS, 0.05)
    assert 0 < sum(shown for _, shown in outcomes) < RUNS


def careless(seed: int) -> bool:
    """Choose the threshold on the test rows, bound each rate at 5 %, try thrice; say whether any bound was false."""
    rng = np.random.default_rng([12, seed])
    worlds = [World(rng.uniform(1.6, 3.4), 0.5) for _ in CLAIMS]
    for _ in range(3):
        for world in worlds:
            scores = world.positives(DRAWS, rng)
            tau = float(np.quantile(scores, 0.08))
            upper = bounds.clopper_pearson_upper(int(np.sum(scores < tau)), DRAWS, 0.05)
            if world.truth(tau)["miss"] > upper:
                return True
    return False


def test_a_careless_procedure_is_caught() -> None:
    """The same world without select fold, margin, budget and label audit prints false bounds far too often."""
    assert too_often(sum(careless(seed) for seed in range(200)), 200, 0.05)


@pytest.mark.parametrize(
    ("population", "rows"),
    [(blind(0.01, 0.002), 5), (beta(0.05, 0.2), 5), (homogeneous(0.02), 1)],
    ids=["blind templates", "beta templates", "single rows"],
)
def test_forty_cells_at_once(population: Population, rows: int) -> None:
    """Of forty miss bounds at .02/40 each, any is false with a chance of at most .02; at .05 each, far more."""
    names = [str(cell) for cell in range(40)]
    spent, rng, runs = budget(1, names, [], []), np.random.default_rng(13), replications(400, 5000)
    false, unspent = np.zeros(runs, dtype=bool), np.zeros(runs, dtype=bool)
    for name in names:
        z = losses(population, (runs, 400), rows, rng)
        false |= bounds.wsr_rejects(z, population.mean, spent.delta(Part.MISS, name))
        unspent |= bounds.wsr_rejects(z, population.mean, 0.05)
    assert not too_often(int(false.sum()), runs, 0.02)
    assert too_often(int(unspent.sum()), runs, 0.05)
