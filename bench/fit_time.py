"""How long a probe takes to fit: every recipe, on as many examples and as wide activations as certifying asks for.

    nice python bench/fit_time.py [--rounds 5] > bench/results/fit_time.json

Two classes that overlap, drawn at random; one hook point. Beside ours stands the solver that scikit-learn takes by itself,
on the same standardised values: all arms interleaved, medians, and how far its coefficients lie from ours.
"""

from __future__ import annotations

import argparse
import json
from functools import partial
from typing import Any

import _arms
import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from certify.extract import Examples
from certify.fit import RECIPES, Setting, fit
from guard.probes.activations import HookPoint
from guard.probes.linear import LinearProbe

SHAPES = ((2_000, 256), (8_000, 256), (2_000, 576), (8_000, 576), (2_000, 4_096))
"""Examples, and width: of the phantom, of SmolLM2-135M, and of a model of 8 billion."""
PENALTY = 0.01
POINT = HookPoint(0)


def made(number: int, width: int) -> Examples:
    """Draw two classes whose means lie apart along one direction."""
    draw = np.random.default_rng(number + width)
    labels = draw.random(number) < 0.3
    values = draw.normal(size=(number, 1, width)).astype(np.float32)
    values[:, 0, :] += np.where(labels[:, np.newaxis], 1.0, 0.0) * draw.normal(size=width).astype(np.float32) / np.sqrt(width)
    return Examples(values, labels, np.ones(number), np.arange(number))


def ours(given: Examples, recipe: str) -> LinearProbe:
    """Fit one recipe."""
    return fit(Setting(recipe, PENALTY), given, 0, POINT)


def default(given: Examples) -> np.ndarray[Any, Any]:
    """Fit the same logistic regression with the solver that the library takes by itself."""
    values = given.values[:, 0, :].astype(np.float64)
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    # Our two classes weigh as much as there are rows, each; the library's do so together.
    model = LogisticRegression(C=2 * PENALTY, max_iter=1_000, tol=1e-6, class_weight="balanced")
    model.fit(values, given.labels)
    return np.asarray(model.coef_[0])


def seconds(work: Any) -> float:
    """Run and time it."""
    began = _arms.clock()
    work()
    return _arms.clock() - began


def main() -> None:
    """Time all shapes and print JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    result: dict[str, Any] = {"machine": _arms.machine(), "rounds": options.rounds, "shapes": {}}
    for number, width in SHAPES:
        given = made(number, width)
        arms = {recipe: partial(seconds, partial(ours, given, recipe)) for recipe in RECIPES}
        arms["scikit-learn's own solver"] = partial(seconds, partial(default, given))
        found = _arms.interleave(arms, options.rounds)
        mine, theirs = ours(given, "logistic").weight, default(given)
        result["shapes"][f"{number} x {width}"] = {
            "seconds": {name: round(float(np.median(each)), 4) for name, each in found.items()},
            "coefficients_apart": float(np.linalg.norm(mine - theirs) / np.linalg.norm(theirs)),
        }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
