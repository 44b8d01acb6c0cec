"""Making the packaged folders: train on the train fold, measure on other folds, write the model card."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

from guard import files
from guard.conversation import Fold
from synth_data.phantom.behaviour import Share, measure
from synth_data.phantom.card import Made, card, curve_svg
from synth_data.phantom.causes import Effect, effects
from synth_data.phantom.feed import OfFold
from synth_data.phantom.inside import Inside
from synth_data.phantom.recipe import HAZARDS, Recipe
from synth_data.phantom.steps import arithmetic
from synth_data.phantom.train import Machine, Progress, losses, train
from synth_data.phantom.verify import Reading, readings

NUMBERS = "measured.json"
"""What was measured, beside the card."""
_FOLDS = {"train": Fold.TRAIN, "select": Fold.SELECT, "probe": Fold.PROBE}


def make(
    folder: Path,
    recipe: Recipe,
    seed: int,
    *,
    machine: Machine,
    answers: int,
    start: Path | None = None,
    teacher: Path | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> None:
    """Train a phantom and write everything that the packaged folder holds.

    Args:
        folder: Where to.
        recipe: All numbers.
        seed: Of everything drawn.
        machine: What it is trained with.
        answers: Draws of each claim that the model card measures on.
        start: Folder of a model to go on from; a new one if None.
        teacher: Folder of the sentence encoder, where one is distilled.
        progress: Called after every step of the training.

    Raises:
        OutputError: The folder can't be written.
    """
    learn = OfFold(f"phantom {seed}".encode(), Fold.TRAIN)
    curve = train(folder, learn, recipe, seed, machine=machine, start=start, teacher=teacher, progress=progress)
    files.write(folder / "loss_curve.svg", curve_svg(list(losses(curve))).encode())
    made = Made(
        recipe, seed, machine.device, curve[-1].tokens, curve[-1].seconds, list(losses(curve))[-1][1], start is not None,
        arithmetic(machine.device),
    )  # fmt: skip
    describe(folder, made, Measured.of(Inside.open(folder, machine.device), recipe, seed, answers))


@dataclasses.dataclass(frozen=True, slots=True)
class Measured:
    """What the card prints."""

    readings: list[Reading]
    """How well features can be read."""
    effects: list[Effect]
    """What they do to the answers."""
    shares: list[Share]
    """What is answered."""

    @classmethod
    def of(cls, inside: Inside, recipe: Recipe, seed: int, count: int) -> Measured:
        """Measure a phantom on `count` draws of each claim."""
        folds = {name: OfFold(b"verify", fold) for name, fold in _FOLDS.items()}
        read = readings(inside, folds, ("en", "da", "de", "es"), count)
        block = min(recipe.optimisation.causal_block, recipe.architecture.blocks - 1)
        caused = effects(inside, folds["select"], count, block=block, seed=seed)
        return cls(read, caused, measure(inside, folds["select"], [*HAZARDS, None], count))


def describe(folder: Path, made: Made, found: Measured) -> None:
    """Write the model card and the numbers behind it."""
    numbers = {name: [dataclasses.asdict(each) for each in getattr(found, name)] for name in ("readings", "effects", "shares")}
    files.write(folder / NUMBERS, (json.dumps(numbers, indent=1).replace("NaN", "null") + "\n").encode())
    files.write(folder / "README.md", card(made, found.readings, found.effects, found.shares).encode())
