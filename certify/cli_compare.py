"""`auscult certify compare`: an older and a newer dossier of one product side by side."""

from __future__ import annotations

from pathlib import Path

import click

from certify.options import CHANCE, EXISTING, for_machines
from guard import cli_verifier, files
from guard.cli_output import say
from guard.cli_verifier import Verifier


@click.command()
@click.argument("old", type=EXISTING)
@click.argument("new", type=EXISTING)
@cli_verifier.options
@click.option("--level", type=CHANCE, default=0.05, show_default=True, help="Chance that any rate is wrongly called worse.")
@click.option("--other-product", is_flag=True, help="Compare although the dossiers are about two products.")
@click.option("--out", type=EXISTING, help="Also write the comparison as a page, such as compare.html.")
@for_machines
@click.pass_context
def compare(
    ctx: click.Context,
    old: Path,
    new: Path,
    verifier: Verifier,
    level: float,
    other_product: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Say what was swapped between two certificates, what changed its status, and what got worse beyond chance.

    Exit 1 if anything got worse beyond chance or lost its PASS.

    \b
    Example: auscult certify compare dossier-1 dossier-2 --trust trust --out compare.html
    """
    from certify.compare.comparison import compare as beside
    from certify.compare.words import as_values, text
    from certify.standing import opened

    found = beside(opened(old, verifier), opened(new, verifier), level=level, other_product=other_product)
    if out is not None:
        from certify.compare.page import page

        files.write(out, page(found))
    say(as_json, as_values(found), lambda: text(found))
    ctx.exit(1 if found.fails else 0)
