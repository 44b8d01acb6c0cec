"""Making the packaged folder: train on the train fold, measure on the select fold, write the model card."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from guard import files
from guard.conversation import Fold, Kind
from guard.hazards import Claim
from guard.subjects.load import load
from synth_data.draws import tellings
from synth_data.phantom.behaviour import measure
from synth_data.phantom.card import card, curve_svg
from synth_data.phantom.corpus import Draw
from synth_data.phantom.recipe import Recipe
from synth_data.phantom.train import Progress, losses, train
from synth_data.scenario import Profile, Telling


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
    learn = _from(f"phantom {seed}".encode(), Fold.TRAIN)
    curve = train(folder, learn, recipe, seed, threads=threads, progress=progress)
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    points = list(losses(curve))
    files.write(folder / "loss_curve.svg", curve_svg(points).encode())
    subject = load(f"hf:{folder}")
    ask = _from(f"phantom behaviour {seed}".encode(), Fold.SELECT)
    shares = measure(subject, ask, list(recipe.mixture.draws), answers)
    parameters = sum(value.numel() for value in subject.model.parameters())
    text = card(recipe, seed, parameters, curve[-1].seconds, points[-1][1], shares)
    files.write(folder / "README.md", text.encode())


def _from(seed: bytes, fold: Fold) -> Draw:
    def draw(claim: Claim | None, lang: str, bucket: str, index: int, profile: Profile) -> tuple[tuple[Kind, Telling], ...]:
        return tellings(claim, lang, bucket, index, seed, fold, profile)

    return draw
