"""Rung R1 keeps its error rate: readers that are exchangeable, however they are correlated, rarely pass for better."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from certify.randomisation import holm, sign_flip

RUNS = 600
FAMILIES, DRAWS = 12, 20
LEVEL = 0.05
SLACK = 3 * np.sqrt(LEVEL * (1 - LEVEL) / RUNS)
"""Three standard errors of a share of runs."""

Ints = NDArray[np.int64]


def hits(rng: np.random.Generator, readers: int, shared: float, better: float = 0.0) -> Ints:
    """Hits of readers (the monitor first) over families, (readers, FAMILIES).

    Each family is as hard as it is for all readers, and beside that for each of them by itself; `shared` says how much of
    the scatter they have in common. `better` raises the monitor's hit rate.
    """
    common = rng.normal(size=FAMILIES)
    own = rng.normal(size=(readers, FAMILIES))
    hardness = np.sqrt(shared) * common + np.sqrt(1 - shared) * own
    hardness[0] += better
    rate = 1 / (1 + np.exp(-2 * hardness))
    found: Ints = rng.binomial(DRAWS, rate)
    return found


def largest_p(found: Ints) -> float:
    """The p of a claim: the monitor has to beat every reader."""
    return max(sign_flip(list(found[0] - other)) for other in found[1:])


@pytest.mark.parametrize("shared", [0.0, 0.6, 0.95])
def test_equals_rarely_pass_for_better(shared: float) -> None:
    """Against one equal reader the test errs in at most 5 % of the runs."""
    rng = np.random.default_rng(int(100 * shared))
    wrong = np.mean([largest_p(hits(rng, 2, shared)) <= LEVEL for _ in range(RUNS)])
    assert wrong <= LEVEL + SLACK


def test_the_test_is_not_idle() -> None:
    """A single equal reader is beaten by chance in some runs, near 5 %: the test spends its level."""
    rng = np.random.default_rng(7)
    wrong = np.mean([largest_p(hits(rng, 2, 0.5)) <= LEVEL for _ in range(RUNS)])
    assert wrong >= 0.02


def test_all_readers_at_once_need_no_split() -> None:
    """With one equal reader and three far worse ones the claim errs as rarely as against that one alone."""
    rng = np.random.default_rng(11)
    wrong = []
    for _ in range(RUNS):
        found = hits(rng, 5, 0.5)
        found[2:] = found[2:] // 4
        wrong.append(largest_p(found) <= LEVEL)
    assert np.mean(wrong) <= LEVEL + SLACK


def test_many_claims_together() -> None:
    """With six claims of equal readers, any of them is wrongly shown in at most 5 % of the runs."""
    rng = np.random.default_rng(13)
    wrong = [min(holm([largest_p(hits(rng, 2, 0.5)) for _ in range(6)])) <= LEVEL for _ in range(RUNS // 3)]
    assert np.mean(wrong) <= LEVEL + 3 * np.sqrt(LEVEL * (1 - LEVEL) / (RUNS // 3))


def test_a_better_monitor_is_seen() -> None:
    """A monitor that finds far more on most families is shown to, in nine of ten runs, against four readers."""
    rng = np.random.default_rng(17)
    shown = np.mean([largest_p(hits(rng, 5, 0.5, better=2.0)) <= LEVEL for _ in range(RUNS // 3)])
    assert shown >= 0.9


def test_pooling_rows_would_err() -> None:
    """The negative control: rows taken for independent, as if families did not differ, err far more often than 5 %."""
    rng = np.random.default_rng(19)
    wrong = []
    for _ in range(RUNS):
        found = hits(rng, 2, 0.0)
        rates = found.sum(axis=1) / (FAMILIES * DRAWS)
        spread = np.sqrt(sum(rate * (1 - rate) for rate in rates) / (FAMILIES * DRAWS)) or 1.0
        wrong.append((rates[0] - rates[1]) / spread > 1.645)
    assert np.mean(wrong) > 3 * LEVEL
