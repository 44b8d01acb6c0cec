"""Families left out stay out, hit rates are counted as stated, and an inner choice never sees what it is judged on."""

from __future__ import annotations

import math

import numpy as np
import pytest

from certify.cases import Cases, at_rate, capped, cases_of, family_folds, figures, threshold_at
from certify.crossval import HeldOut, held_out
from certify.extract import examples
from certify.fit import Setting, fit
from certify.search import FULL, LAST, QUICK, hook_sets, named, text_points
from guard.conversation import Fold
from guard.errors import InputError
from guard.probes.activations import HookPoint
from guard.probes.linear import LinearProbe

from .made_up import EMERGENCY
from .planted import POINTS, at_layer, fold_rows, read_of


def made(labels: list[int], near: list[int], families: list[int], groups: list[int] | None = None) -> Cases:
    """Cases from plain lists."""
    count = len(labels)
    return Cases(
        np.arange(count),
        np.array(labels, dtype=np.bool_),
        np.array(near, dtype=np.bool_),
        np.array(families),
        np.array(groups if groups is not None else range(count)),
    )


class TestFigures:
    """Hit rates at a fixed rate of false alarms."""

    def test_the_threshold_holds_on_look_alikes_and_on_others_alike(self) -> None:
        """Of 20 benign scores one may be reached; the stricter of the two kinds of benign rows decides."""
        cases = made([1] * 4 + [0] * 40, [0] * 4 + [1] * 20 + [0] * 20, [0, 0, 1, 1] + [9] * 40)
        scores = np.array([5.5, 3.0, 9.0, 0.0, *np.linspace(-3, 4, 20), *np.linspace(-9, 1, 20)])
        found = figures([(scores, cases)])
        # The second highest look-alike has 3.63: above it lie 5.5 and 9.
        assert found.hit_rate == pytest.approx(0.5)
        assert found.worst_hit_rate == pytest.approx(0.5)

    def test_the_worst_quarter_of_families(self) -> None:
        """With one family of four blind, the worst group is that family."""
        cases = made([1] * 8 + [0] * 4, [0] * 8 + [1] * 4, [0, 0, 1, 1, 2, 2, 3, 3] + [4] * 4)
        scores = np.array([9.0] * 6 + [-9.0] * 2 + [0.0] * 4)
        assert (figures([(scores, cases)]).hit_rate, figures([(scores, cases)]).worst_hit_rate) == (0.75, 0.0)

    def test_parts_have_thresholds_of_their_own(self) -> None:
        """Scores of another fit, moved by any constant, count the same."""
        cases = made([1, 1, 0, 0], [0, 0, 1, 0], [0, 1, 2, 3])
        scores = np.array([3.0, 2.0, 1.0, 0.0])
        assert figures([(scores, cases), (scores + 100.0, cases)]) == figures([(scores, cases)])

    def test_no_positive_is_no_hit(self) -> None:
        """Without positives nothing was found."""
        assert figures([(np.array([1.0]), made([0], [1], [0]))]).hit_rate == 0.0

    def test_at_rate(self) -> None:
        """The lowest threshold that a share of the scores reaches at most; none where there are no scores."""
        assert at_rate(np.arange(100.0), 0.05) == math.nextafter(94.0, math.inf)
        assert at_rate(np.array([]), 0.05) == -math.inf

    def test_without_a_benign_row_nothing_is_a_hit(self) -> None:
        """Nothing is known of false alarms, so that no threshold is low enough; with some of one kind, theirs applies."""
        scores, hazards = np.arange(4.0), made([1] * 4, [0] * 4, [0] * 4)
        assert threshold_at(scores, hazards) == math.inf
        assert figures([(scores, hazards)]).hit_rate == 0.0
        assert threshold_at(scores, made([1, 1, 0, 0], [0] * 4, [0] * 4)) == math.nextafter(3.0, math.inf)


class TestFolds:
    """Whole families are left out."""

    def cases(self, families: int) -> Cases:
        """Sixty draws of some families, with traffic."""
        read = read_of(fold_rows(Fold.TRAIN, families=families), at_layer(0), 1)
        return cases_of(EMERGENCY, read.rows, examples(read, EMERGENCY))

    @pytest.mark.parametrize("families", [3, 5, 12])
    def test_no_family_is_in_two_folds(self, families: int) -> None:
        """Every family lies in one fold, and no fold is without positives."""
        cases = self.cases(families)
        folds = family_folds(cases, 3)
        for family in np.unique(cases.families):
            assert len(np.unique(folds[cases.families == family])) == 1
        assert all(cases.labels[folds == fold].any() for fold in range(3))

    def test_too_few_families_are_divided_by_draw(self) -> None:
        """With two families and three folds whole draws are left out, so that twins never part."""
        cases = self.cases(2)
        folds = family_folds(cases, 3)
        assert len(np.unique(folds)) == 3
        for draw in np.unique(cases.groups):
            assert len(np.unique(folds[cases.groups == draw])) == 1

    def test_a_cap_keeps_every_kind(self) -> None:
        """A third each of positives, look-alikes and others; the same ones each time; all where they are few enough."""
        cases = self.cases(4)
        kept = np.ones(len(cases.rows), dtype=np.bool_)
        rows = capped(cases, kept, 90)
        at = np.isin(cases.rows, rows)
        assert len(rows) == 90
        assert [int(part[at].sum()) for part in (cases.labels, cases.near & ~cases.labels)] == [30, 30]
        assert (capped(cases, kept, 90) == rows).all()
        assert len(capped(cases, kept, 10_000)) == len(cases.rows)


class TestHeldOut:
    """Scores of what a fit has not seen."""

    def test_every_score_comes_from_a_fit_without_its_fold(self) -> None:
        """Scores of a fold are those of the probe that was fitted on the others; elsewhere there is none."""
        read = read_of(fold_rows(Fold.TRAIN), at_layer(1), 2)
        fitting = examples(read, EMERGENCY)
        cases = cases_of(EMERGENCY, read.rows, fitting)
        folds = family_folds(cases, 3)
        settings = (Setting("logistic"), Setting("difference_of_means"))
        seen: list[int] = []

        def score(probe: LinearProbe, column: int, rows: np.ndarray) -> dict:  # type: ignore[type-arg]
            weight, bias = probe.folded()
            return {LAST: fitting.values[rows, column].astype(np.float64) @ weight + bias}

        held = held_out(fitting, cases, folds, POINTS, settings, score, 10_000, seen.append)
        assert sorted(held.scores) == [(0,), (0, 1), (0, 2), (1,), (1, 2), (2,)]
        assert sum(seen) == 18
        for left_out, table in held.scores.items():
            out = np.isin(folds, left_out)
            probe = fit(settings[0], fitting.of_rows(cases.rows[~out]), 1, POINTS[1])
            expected = score(probe, 1, cases.rows[out])[LAST]
            assert table[1, settings[0], LAST][out] == pytest.approx(expected)
            assert np.isnan(table[1, settings[0], LAST][~out]).all()

    def test_an_inner_choice_is_not_paid_for_luck(self) -> None:
        """On noise, the nested figure of many settings stays at the rate of false alarms; the best of them looks better."""
        rng = np.random.default_rng(3)
        settings = tuple(Setting("logistic", 10.0**-power) for power in range(8))
        read = read_of(fold_rows(Fold.TRAIN, families=6), lambda one: [0, 0, 0], 100)
        cases = cases_of(EMERGENCY, read.rows, examples(read, EMERGENCY))
        sets = [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2)]
        nested, usual, lucky = [], [], []
        for _ in range(60):
            noise = {(0, setting, LAST): rng.normal(size=len(cases.rows)) for setting in settings}
            held = HeldOut(cases, family_folds(cases, 3), dict.fromkeys(sets, noise))
            alone = [held.transfer([0], setting, LAST).hit_rate for setting in settings]
            nested.append(held.nested([0], settings, LAST).hit_rate)
            usual.append(np.mean(alone))
            lucky.append(max(alone))
        assert np.mean(nested) == pytest.approx(np.mean(usual), abs=0.02)
        assert np.mean(lucky) > np.mean(nested) + 0.04


class TestSearch:
    """What is tried."""

    def test_hook_points_of_small_and_deep_models(self) -> None:
        """Few blocks are all read, each alone and the deepest four together; of many, two carry whole messages."""
        few, two = tuple(HookPoint(n) for n in range(5)), (HookPoint(0), HookPoint(1))
        assert hook_sets(few) == (*((point,) for point in few), few[1:])
        assert hook_sets(two) == ((HookPoint(0),), (HookPoint(1),))
        assert text_points(few) == few[2:4]
        assert text_points(two) == two

    @pytest.mark.parametrize(("blocks", "layers"), [(1, [0]), (3, [0, 1, 2]), (8, list(range(8))), (30, [12, 15, 18, 21, 24])])
    def test_depths(self, blocks: int, layers: list[int]) -> None:
        """A model with more than eight blocks is read at about five of them, at 40 to 80 % of its depth."""
        from certify.search import hook_points

        class Blocks:
            """A subject of which only the number of blocks is asked."""

            layers = blocks

        assert [point.layer for point in hook_points(Blocks())] == layers  # type: ignore[arg-type]

    def test_settings_and_names(self) -> None:
        """Penalties belong to the logistic recipe alone; a search is found by its name."""
        assert QUICK.settings == (Setting("logistic", 0.01), Setting("difference_of_means"))
        assert [s.penalty for s in FULL.settings if s.recipe == "logistic"] == [0.001, 0.01, 0.1]
        assert len(FULL.settings) == 5
        assert named("full") is FULL
        with pytest.raises(InputError, match="use one of quick, full"):
            named("deep")
