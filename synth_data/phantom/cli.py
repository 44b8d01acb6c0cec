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
from synth_data.phantom.recipe import Recipe, following, on_a_gpu


@click.group()
def phantom() -> None:
    """Make the small model that comes with Auscult again."""


@phantom.command("train")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="A new folder.")
@click.option("--seed", default=1, show_default=True, help="Of documents, order and initial weights.")
@click.option("--tokens", type=click.IntRange(1), default=None, help="Tokens to read; the recipe's number if left out.")
@click.option("--threads", default=2, show_default=True, help="Threads for arithmetic.")
@click.option("--answers", default=40, show_default=True, help="Draws of each claim for the model card.")
@click.option("--device", default="cpu", show_default=True, help="Of torch: cpu or cuda.")
@click.option("--jobs", default=1, show_default=True, help="Processes that draw documents.")
@click.option("--whole", is_flag=True, help="The recipe of the packaged model; meant for a GPU.")
@click.option("--follow", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Tune this phantom on instead.")
@click.option("--teacher", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Folder of all-MiniLM-L6-v2.")
def train_command(
    out: Path,
    seed: int,
    tokens: int | None,
    threads: int,
    answers: int,
    device: str,
    jobs: int,
    whole: bool,
    follow: Path | None,
    teacher: Path | None,
) -> None:
    r"""Train a phantom on the train fold and measure it on the select and probe folds.

    \b
    Example:
      auscult synth phantom train --out phantom
    """
    # Loads torch: not before it is needed.
    from synth_data.phantom.make import make
    from synth_data.phantom.train import Machine

    recipe = on_a_gpu() if whole else Recipe()
    if follow:
        recipe = following(recipe, 26_000_000 if whole else recipe.optimisation.tokens)
    weight = recipe.optimisation.distilled if teacher else 0.0
    read = tokens or recipe.optimisation.tokens
    recipe = dataclasses.replace(recipe, optimisation=dataclasses.replace(recipe.optimisation, tokens=read, distilled=weight))
    bar = Progress(
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.3f}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    machine = Machine(device=device, threads=threads, jobs=jobs, asked=1 if device == "cpu" else 20)
    with files.new_folder(out) as folder, bar:
        watch = _follow(bar, recipe.optimisation.tokens)
        make(folder, recipe, seed, machine=machine, answers=answers, start=follow, teacher=teacher, progress=watch)
    click.echo(f"wrote {out}")


def _follow(bar: Progress, total: int) -> Callable[[Any], None]:
    task = bar.add_task("training", total=total, loss=float("nan"))
    return lambda now: bar.update(task, completed=now.tokens, loss=now.loss)
