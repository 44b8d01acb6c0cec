"""Probes find the planted direction, find nothing where there is nothing, and are always finite."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from certify.draws import logits_of
from certify.extract import Examples
from certify.fit import RECIPES, Setting, fit, fit_each
from guard.errors import ProtocolError
from guard.probes.activations import HookPoint

WIDTH = 12
POINT = HookPoint(0)
Floats = NDArray[np.floating]
recipes = pytest.mark.parametrize("recipe", RECIPES)


def covariance() -> Floats:
    """A covariance with scales between .3 and 3 and correlated neighbours."""
    scale = np.geomspace(0.3, 3.0, WIDTH)
    correlation = 0.6 ** np.abs(np.subtract.outer(np.arange(WIDTH), np.arange(WIDTH)))
    return correlation * np.outer(scale, scale)


SHIFT = np.random.default_rng(0).normal(size=WIDTH) * np.sqrt(np.diag(covariance())) * 0.6
"""Difference of the class means."""


def examples(seed: int, count: int = 400, *, shift: Floats = SHIFT, shuffled: bool = False) -> Examples:
    """Two Gaussian clouds with one covariance, at two hook points of which the first says nothing."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2 == 0
    noise = rng.multivariate_normal(np.zeros(WIDTH), covariance(), size=(count, 2))
    noise[:, 1] += 5.0 + np.outer(labels - 0.5, shift)
    if shuffled:
        labels = rng.permutation(labels)
    return Examples(noise.astype(np.float32), labels, np.ones(count), np.arange(count))


def kept(given: Examples, which: Callable[[NDArray[np.bool_]], NDArray[np.bool_]]) -> Examples:
    """Some of the examples, chosen by their labels."""
    chosen = which(given.labels)
    return Examples(given.values[chosen], given.labels[chosen], given.weights[chosen], np.arange(int(chosen.sum())))


def cosine(a: Floats, b: Floats) -> float:
    """How far two directions agree."""
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def ranked(recipe: str, fitted: Examples, held_out: Examples, column: int = 1) -> float:
    """Share of pairs of a positive and a negative that the probe ranks rightly on other examples."""
    scores = logits_of(fit(Setting(recipe), fitted, column, POINT), held_out.values[:, column])
    return float(np.mean(scores[held_out.labels][:, None] > scores[~held_out.labels][None, :]))


def test_difference_of_means_is_the_closed_form() -> None:
    """On raw activations the direction is the difference of the means, each coordinate over its variance; zero is halfway."""
    given = kept(examples(1), lambda labels: labels | (np.arange(len(labels)) % 6 == 1))
    assert 0.7 < given.labels.mean() < 0.8
    probe = fit(Setting("difference_of_means"), given, 1, POINT)
    raw = given.values[:, 1].astype(np.float64)
    means = raw[given.labels].mean(axis=0), raw[~given.labels].mean(axis=0)
    weight, bias = probe.folded()
    assert cosine(weight, (means[0] - means[1]) / raw.var(axis=0)) == pytest.approx(1.0, abs=1e-6)
    assert weight @ (means[0] + means[1]) / 2 + bias == pytest.approx(0.0, abs=1e-4)
    assert np.linalg.norm(probe.weight) == pytest.approx(1.0, abs=1e-6)


def test_difference_of_means_weighs_rows_not_tokens() -> None:
    """A row that fills many tokens counts as one row."""
    given = examples(2)
    copies = np.repeat(np.arange(400), np.where(np.arange(400) < 40, 50, 1))
    repeated = Examples(
        given.values[copies], given.labels[copies], np.where(copies < 40, 1 / 50, 1.0), given.rows[copies]
    )  # fmt: skip
    for recipe in RECIPES:
        probes = [fit(Setting(recipe), each, 1, POINT) for each in (given, repeated)]
        assert probes[0].mean == pytest.approx(probes[1].mean, abs=1e-5)
        assert probes[0].scale == pytest.approx(probes[1].scale, abs=1e-5)
        assert cosine(probes[0].folded()[0], probes[1].folded()[0]) > 0.9999
        assert probes[0].folded()[1] == pytest.approx(probes[1].folded()[1], abs=1e-3)


def test_logistic_is_near_the_fisher_direction() -> None:
    """For Gaussians with one covariance the best direction is covariance^-1 times the difference; plenty of data finds it."""
    fisher = np.linalg.solve(covariance(), SHIFT)
    weight, bias = fit(Setting("logistic"), examples(3, 20_000), 1, POINT).folded()
    assert cosine(weight, fisher) > 0.97
    assert cosine(weight, SHIFT / np.diag(covariance())) < 0.9  # the plain difference is another direction here
    assert weight @ np.full(WIDTH, 5.0) + bias == pytest.approx(0.0, abs=0.1)


def test_classes_weigh_the_same_however_many_they_are() -> None:
    """Five times more negatives do not move the place where a case is as likely to be one as the other."""
    given = examples(4, 6_000)
    uneven = kept(given, lambda labels: ~labels | (np.cumsum(labels) % 5 == 0))
    weight, bias = fit(Setting("logistic"), uneven, 1, POINT).folded()
    assert uneven.labels.mean() < 0.2
    assert abs(weight @ np.full(WIDTH, 5.0) + bias) < 0.15


@recipes
def test_finds_what_is_there(recipe: str) -> None:
    """True labels are found again on examples that the fit has not seen."""
    assert ranked(recipe, examples(5), examples(6)) > 0.75


@recipes
def test_shuffled_labels_sit_at_chance(recipe: str) -> None:
    """The same fit on shuffled labels ranks held-out pairs by the toss of a coin, on average over shuffles."""
    held_out = examples(7)
    found = [ranked(recipe, examples(100 + seed, shuffled=True), held_out) for seed in range(12)]
    assert abs(float(np.mean(found)) - 0.5) < 0.12


@recipes
def test_the_other_hook_point_knows_nothing(recipe: str) -> None:
    """A probe reads the column that it is told to: the one without the signal sits at chance."""
    assert abs(ranked(recipe, examples(8), examples(9), column=0) - 0.5) < 0.08


@recipes
@pytest.mark.parametrize("constant", [1, WIDTH - 1, WIDTH])
def test_constant_coordinates_cause_no_infinity(recipe: str, constant: int) -> None:
    """Coordinates that never move, up to all of them, leave a finite probe, also for activations where they do move."""
    given = examples(10)
    values = given.values.copy()
    values[:, :, :constant] = 1e4
    probe = fit(Setting(recipe), Examples(values, given.labels, given.weights, given.rows), 1, POINT)
    weight, bias = probe.folded()
    assert np.isfinite(weight).all()
    assert np.isfinite(bias)
    assert weight[:constant] == pytest.approx(0.0, abs=1e-9)
    assert np.isfinite(logits_of(probe, given.values[:, 1])).all()


@recipes
def test_is_deterministic(recipe: str) -> None:
    """The same examples give the same bits."""
    first, again = fit(Setting(recipe), examples(11), 1, POINT), fit(Setting(recipe), examples(11), 1, POINT)
    assert first.bias == again.bias
    for name in ("weight", "mean", "scale"):
        assert getattr(first, name).tobytes() == getattr(again, name).tobytes()


def test_whitened_is_the_fisher_direction_on_little_data() -> None:
    """With the covariance within the classes taken out, a few hundred cases come near the best direction."""
    fisher = np.linalg.solve(covariance(), SHIFT)
    weight, bias = fit(Setting("whitened"), examples(12, 2_000), 1, POINT).folded()
    assert cosine(weight, fisher) > 0.95
    assert weight @ np.full(WIDTH, 5.0) + bias == pytest.approx(0.0, abs=0.1)


def test_a_weaker_penalty_is_a_longer_direction() -> None:
    """Settings fitted together are the ones fitted alone, and the penalty does what it is for."""
    settings = [Setting("logistic", penalty) for penalty in (0.0001, 0.01, 1.0)]
    together = fit_each(settings, examples(13), 1, POINT)
    lengths = [float(np.linalg.norm(probe.weight)) for probe in together]
    assert lengths == sorted(lengths)
    assert lengths[2] > 3 * lengths[0]
    for setting, probe in zip(settings, together, strict=True):
        assert (fit(setting, examples(13), 1, POINT).weight == probe.weight).all()


def test_an_unknown_recipe_is_refused() -> None:
    """A setting that names no recipe is an error in one line, not a KeyError."""
    with pytest.raises(ProtocolError, match="no recipe 'magic'"):
        fit(Setting("magic"), examples(14), 1, POINT)


def test_wide_activations_are_fitted_by_another_solver_to_the_same_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scores that both solvers lead to differ by less than a hundredth of their spread."""
    given = examples(30)
    column = [fit(Setting("logistic"), given, 1, POINT)]
    monkeypatch.setattr("certify.fit.WIDE", WIDTH - 1)
    column.append(fit(Setting("logistic"), given, 1, POINT))
    newton, other = (logits_of(probe, given.values[:, 1]) for probe in column)
    assert 0.0 < np.abs(newton - other).max() < 0.01 * newton.std()
