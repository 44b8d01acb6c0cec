"""The `auscult synth` commands: thin; each calls one function and prints what came out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from guard.cli_output import say, table
from guard.conversation import Fold
from guard.errors import InputError
from guard.hazards import Claim
from guard.progress import shown
from synth_data import draws, families, generate
from synth_data.manifest import Manifest
from synth_data.phantom.cli import phantom

_FOLDS = (Fold.TRAIN, Fold.SELECT, Fold.PROBE, Fold.CERTIFY, Fold.UNSEEN)


@click.group()
def synth() -> None:
    """Make labelled synthetic clinical conversations."""


synth.add_command(phantom)


@synth.command(name="generate")
@click.option("--out", type=click.Path(path_type=Path), help="New folder for the rows.")
@click.option("--seed", default=0, show_default=True, help="Seed of the rows for fitting.")
@click.option("--protocol", type=click.Path(path_type=Path), help="Signed protocol: draws exactly the test rows it plans.")
@click.option("--check", "folder", type=click.Path(path_type=Path), help="Folder of a protocol's rows: draw again and compare.")
@click.option(
    "--fold",
    "folds",
    type=click.Choice([str(fold) for fold in _FOLDS]),
    multiple=True,
    help="May be repeated; by default train and select.",
)
@click.option(
    "--scenarios", type=click.IntRange(min=0), default=1000, show_default=True, help="Draws a claim, language and fold."
)
@click.option("--lang", "langs", multiple=True, default=draws.LANGUAGES, show_default=True, help="Language; may be repeated.")
@click.option("--hazard", "hazards", multiple=True, help="Claim or hazard; may be repeated; by default all.")
@click.option("--traffic/--no-traffic", default=True, show_default=True, help="With ordinary chat.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def command(**options: Any) -> None:
    """Draw rows for fitting from a seed, or the test rows of a signed protocol.

    \b
    Examples: auscult synth generate --out rows --scenarios 500
              auscult synth generate --out rows --hazard missed_emergency --fold train --no-traffic
              auscult synth generate --protocol dossier/protocol.json --out test-rows
              auscult synth generate --protocol dossier/protocol.json --check test-rows
    """
    as_json = options.pop("as_json")
    with shown(enabled=False if as_json else None) as phase:
        made = _made(phase=phase, **options)
    say(as_json, made, lambda: _text(made, options["folder"] or options["out"], checked=options["folder"] is not None))


def _made(*, out: Path | None, protocol: Path | None, folder: Path | None, **options: Any) -> Manifest:
    if folder is not None:
        if protocol is None:
            raise InputError("--check compares with a protocol's rows", "say --protocol FILE, too")
        return generate.check(folder, protocol, phase=options["phase"])
    if out is None:
        raise InputError("no folder was named", "say --out DIR")
    if protocol is not None:
        return generate.generate_planned(out, protocol, phase=options["phase"])
    return generate.generate(
        out,
        seed=options["seed"],
        folds=tuple(Fold(fold) for fold in options["folds"]) or (Fold.TRAIN, Fold.SELECT),
        scenarios=options["scenarios"],
        langs=options["langs"],
        claims=_claims(options["hazards"]),
        traffic=None if options["traffic"] else 0,
        phase=options["phase"],
    )


def _claims(names: tuple[str, ...]) -> tuple[Claim, ...]:
    """Read claims, or hazards for all claims of theirs."""
    if not names:
        return families.CLAIMS
    found = [claim for claim in families.CLAIMS for name in names if name in (claim.hazard, str(claim))]
    for name in names:
        if not any(name in (claim.hazard, str(claim)) for claim in found):
            raise InputError(f"no families for {name[:60]!r}", f"there are some for {', '.join(map(str, families.CLAIMS))}")
    return tuple(dict.fromkeys(found))


def _text(made: Manifest, folder: Path, *, checked: bool) -> str:
    rows = [
        [name, *(str(count[key]) for key in ("draws", "rows", "scenarios", "families"))]
        for name, count in sorted(made.counts.items())
    ]
    told = f"{folder}: these are the protocol's rows, byte for byte" if checked else f"wrote {folder}"
    return table(("file", "draws", "rows", "scenarios", "families"), rows) + "\n" + told
