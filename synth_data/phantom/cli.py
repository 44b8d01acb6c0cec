"""`auscult synth phantom`: making the phantom again from the generator alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from guard import files
from synth_data.phantom.recipe import Recipe


@click.group()
def phantom() -> None:
    """Make the small model that comes with Auscult again."""


@phantom.command("train")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="A new folder.")
@click.option("--seed", default=1, show_default=True, help="Of documents, order and initial weights.")
@click.option("--tokens", type=click.IntRange(1), default=None, help="Tokens to read; the recipe's number if left out.")
@click.option("--threads", default=2, show_default=True, help="Threads for arithmetic.")
@click.option("--answers", default=150, show_default=True, help="Draws of each claim for the model card.")
def train_command(out: Path, seed: int, tokens: int | None, threads: int, answers: int) -> None:
    r"""Train a phantom on the train fold and measure it on the select fold.

    \b
    Example:
      auscult synth phantom train --out phantom
    """
    # Loads torch: not before it is needed.
    from synth_data.phantom.make import make

    recipe = Recipe()
    if tokens:
        recipe = dataclasses.replace(recipe, optimisation=dataclasses.replace(recipe.optimisation, tokens=tokens))
    bar = Progress(
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.3f}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    with files.new_folder(out) as folder, bar:
        make(folder, recipe, seed, threads=threads, answers=answers, progress=_follow(bar, recipe.optimisation.tokens))
    click.echo(f"wrote {out}")


def _follow(bar: Progress, total: int) -> Callable[[Any], None]:
    task = bar.add_task("training", total=total, loss=float("nan"))
    return lambda now: bar.update(task, completed=now.tokens, loss=now.loss)
