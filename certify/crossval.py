"""Cross-validation over families: how candidates do on kinds of situations that they were not fitted on.

Comes in: train examples of one claim. Goes out: for every hook set and setting the scores of families that were left out.
Outer folds compare hook sets; inside each, a setting is chosen on families that are left out as well (nested
cross-validation), so that a choice never profits from what it is judged on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from certify.cases import Cases, Figures, Floats, Ints, capped, figures
from certify.extract import Examples
from certify.fit import Setting, fit_each
from guard.probes.activations import HookPoint
from guard.probes.aggregation import Aggregation
from guard.probes.linear import LinearProbe

Score = Callable[[LinearProbe, int, Ints], dict[Aggregation, Floats]]
"""Scores the rows of given numbers with a probe at a column: per aggregation (rows,)."""

Key = tuple[int, Setting, Aggregation]
"""Column of the hook point, setting, aggregation."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Scores of cases by fits that have not seen their families."""

    cases: Cases
    """In the order of the scores."""
    folds: Ints
    """(cases,): number of the fold."""
    scores: dict[tuple[int, ...], dict[Key, Floats]]
    """Per set of folds that a fit left out, and key: (cases,), NaN elsewhere."""

    @property
    def outer(self) -> tuple[int, ...]:
        """Numbers of the folds."""
        return tuple(int(fold) for fold in np.unique(self.folds))

    def part(self, left_out: tuple[int, ...], keys: Sequence[Key], fold: int) -> tuple[Floats, Cases]:
        """Return the mean score over keys of the cases of one fold, by fits that left out `left_out`."""
        kept = self.folds == fold
        table = self.scores[tuple(sorted(left_out))]
        # Where only one class was left to fit on, nothing is known: all scores are the same, and none is a hit.
        found = [table[key][kept] if key in table else np.zeros(int(kept.sum())) for key in keys]
        return np.mean(found, axis=0), self.cases.where(kept)

    def best(self, columns: Sequence[int], settings: Sequence[Setting], aggregation: Aggregation) -> Setting:
        """Return the setting that does best at a hook set on families that were left out; of equals the first."""
        return max(settings, key=lambda setting: _rank(self.transfer(columns, setting, aggregation)))

    def transfer(self, columns: Sequence[int], setting: Setting, aggregation: Aggregation) -> Figures:
        """Return the figures of one setting at a hook set on families that were left out."""
        keys = [(column, setting, aggregation) for column in columns]
        return figures([self.part((fold,), keys, fold) for fold in self.outer])

    def nested(self, columns: Sequence[int], settings: Sequence[Setting], aggregation: Aggregation) -> Figures:
        """Return the figures of a hook set whose setting is chosen anew in each outer fold, on its inner folds.

        Where no inner folds were left out, the setting is the best on the outer ones.
        """
        parts = []
        for fold in self.outer:
            inner = [other for other in self.outer if (min(fold, other), max(fold, other)) in self.scores]

            def rank(setting: Setting, fold: int = fold, inner: Sequence[int] = inner) -> tuple[float, float]:
                keys = [(column, setting, aggregation) for column in columns]
                return _rank(figures([self.part((fold, other), keys, other) for other in inner]))

            best = max(settings, key=rank) if inner else self.best(columns, settings, aggregation)
            parts.append(self.part((fold,), [(column, best, aggregation) for column in columns], fold))
        return figures(parts)


def _rank(found: Figures) -> tuple[float, float]:
    return round(found.worst_hit_rate, 3), found.hit_rate


def held_out(
    fitting: Examples,
    cases: Cases,
    folds: Ints,
    points: Sequence[HookPoint],
    settings: Sequence[Setting],
    score: Score,
    most: int,
    advance: Callable[[int], None] = lambda done: None,
) -> HeldOut:
    """Fit every setting at every hook point without each fold, and without each pair of them; score what was left out.

    Args:
        fitting: Examples of the train fold.
        cases: One for each of its rows.
        folds: (cases,): number of the fold.
        points: Hook points of the examples.
        settings: What is tried; pairs of folds are only left out where there are several.
        score: Scores rows.
        most: Most rows of one fit.
        advance: Called with 1 after each hook point of each fit.

    Raises:
        ProtocolError: A setting names no recipe.
    """
    names = [int(fold) for fold in np.unique(folds)]
    sets: list[tuple[int, ...]] = [(name,) for name in names]
    if len(settings) > 1 and len(names) > 2:
        sets += list(combinations(names, 2))
    scores: dict[tuple[int, ...], dict[Key, Floats]] = {}
    for left_out in sets:
        kept = ~np.isin(folds, left_out)
        table: dict[Key, Floats] = {}
        if len(np.unique(cases.labels[kept])) == 2:
            some = fitting.of_rows(capped(cases, kept, most))
            for column, point in enumerate(points):
                for setting, probe in zip(settings, fit_each(settings, some, column, point), strict=True):
                    for aggregation, found in score(probe, column, cases.rows[~kept]).items():
                        whole = np.full(len(cases.rows), np.nan)
                        whole[~kept] = found
                        table[column, setting, aggregation] = whole
                advance(1)
        scores[left_out] = table
    return HeldOut(cases, folds, scores)


def fits(points: int, settings: int, folds: int) -> int:
    """Return how often `held_out` calls `advance`, at most."""
    pairs = folds * (folds - 1) // 2 if settings > 1 and folds > 2 else 0
    return points * (folds + pairs)
