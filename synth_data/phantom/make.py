"""Making the packaged folder: train on the train fold, measure on the select fold, write the model card."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from guard import files
from guard.conversation import Fold
from guard.subjects.load import load
from synth_data.draws import tellings
from synth_data.phantom.behaviour import measure
from synth_data.phantom.card import card, curve_svg
from synth_data.phantom.recipe import Recipe
from synth_data.phantom.train import Progress, losses, train


def make(
    folder: Path,
    recipe: Recipe,
    seed: int,
    *,
    threads: int,
    answers: int,
    progress: Callable[[Progress], None] = lambda _: None,
) -> None:
    """Train a phantom and write everything that the packaged folder holds.

    Args:
        folder: Where to.
        recipe: All numbers.
        seed: Of everything drawn.
        threads: Threads for arithmetic.
        answers: Draws of each claim that the model card measures behaviour on.
        progress: Called after every step of the training.

    Raises:
        OutputError: The folder can't be written.
    """
    learn = partial(tellings, seed=f"phantom {seed}".encode(), fold=Fold.TRAIN)
    curve = train(folder, learn, recipe, seed, threads=threads, progress=progress)
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    points = list(losses(curve))
    files.write(folder / "loss_curve.svg", curve_svg(points).encode())
    subject = load(f"hf:{folder}")
    ask = partial(tellings, seed=f"phantom behaviour {seed}".encode(), fold=Fold.SELECT)
    shares = measure(subject, ask, list(recipe.mixture.draws), answers)
    parameters = sum(value.numel() for value in subject.model.parameters())
    text = card(recipe, seed, parameters, curve[-1].seconds, points[-1][1], shares)
    files.write(folder / "README.md", text.encode())
