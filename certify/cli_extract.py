"""The command `auscult certify extract`: activations of labelled rows on disk, for whoever studies a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from certify.options import EXISTING, for_machines, subject, system_file, system_text
from guard.cli_output import say
from guard.errors import InputError, ProtocolError
from guard.progress import shown

if TYPE_CHECKING:
    from guard.probes.activations import HookPoint
    from guard.probes.reading import Subject


@click.command()
@subject
@click.option("--data", type=EXISTING, required=True, help="Folder of generated rows.")
@click.option("--out", type=EXISTING, required=True, help="Folder for the shards; what is finished there is kept.")
@click.option("--points", help="Blocks that are read, from 0, such as 18,21; by default where monitors are tried.")
@click.option(
    "--places", type=click.Choice(["decision", "text", "answer"]), default="decision", show_default=True,
    help="The decision token after each judged message, all its tokens too, or those of the assistant's text.",
)  # fmt: skip
@system_file
@for_machines
def extract(subject: str, data: Path, out: Path, points: str | None, places: str, system: Path | None, as_json: bool) -> None:
    """Write the activations of rows into shards. Interrupted work goes on where it stopped when it is started again.

    \b
    Example: auscult certify extract --subject smollm2 --data rows --out activations --points 18,21
    """
    from certify.dataset import load as load_data
    from certify.extract import turns_of
    from certify.shards import Extraction, extract_to
    from guard.conversation import Fold
    from guard.probes.reading import Places
    from guard.subjects.load import load as load_subject

    rows = load_data(data).rows
    if any(row.meta.fold is Fold.UNSEEN for row in rows):
        raise ProtocolError("the data has rows of unseen families", "nobody may study a model on them")
    model = load_subject(subject, system=system_text(system))
    what = Extraction(model, rows, hook_points(model, points), Places(places))
    turns = sum(len(turns_of(row, what.places)) for row in rows)
    with shown() as phase:
        folder = extract_to(out, what, phase("reading activations", turns))
    facts = {
        "folder": str(folder),
        "subject": model.binding.name,
        "hook points": [str(point) for point in what.hook_points],
        "rows": len(rows),
        "turns": turns,
        "shards": sum(1 for _ in folder.glob("*.safetensors")) if folder.is_dir() else 0,
    }
    say(as_json, facts, lambda: f"{turns} turns of {len(rows)} rows at {', '.join(map(str, what.hook_points))}: {folder}")


def hook_points(model: Subject, written: str | None) -> tuple[HookPoint, ...]:
    """Return the outputs of some blocks, or where monitors are tried.

    Raises:
        InputError: What is written are no numbers of blocks that the model has.
    """
    from certify import search
    from guard.probes.activations import HookPoint

    if written is None:
        return search.hook_points(model)
    parts = [part.strip() for part in written.split(",")]
    if not all(part.isascii() and part.isdigit() and int(part[:9]) < model.layers for part in parts):
        raise InputError(f"--points {written[:80]!r} are not blocks of the model", f"name some of 0 to {model.layers - 1}")
    return tuple(HookPoint(layer) for layer in sorted({int(part) for part in parts}))
