"""The `auscult synth` commands: thin; each calls one function and prints what came out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from guard.cli_output import say, table
from guard.conversation import Fold
from guard.errors import InputError
from guard.hazards import Claim
from guard.progress import shown
from synth_data import draws, families, generate, languages
from synth_data.families import read
from synth_data.fhir_cli import export_command
from synth_data.manifest import Manifest
from synth_data.phantom.cli import phantom
from synth_data.review_cli import review_command
from synth_data.scenario import Profile

_FOLDS = (Fold.TRAIN, Fold.SELECT, Fold.PROBE, Fold.CERTIFY, Fold.UNSEEN)


@click.group()
def synth() -> None:
    """Make labelled synthetic clinical conversations."""


synth.add_command(phantom)
synth.add_command(review_command)
synth.add_command(export_command)


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
@click.option(
    "--lang", "langs", multiple=True, default=("en",), show_default=True, help="Languages: en,da,de,es; may be repeated."
)
@click.option(
    "--length",
    "lengths",
    multiple=True,
    type=click.Choice(draws.LENGTHS),
    default=draws.LENGTHS[:1],
    show_default=True,
    help="Length bucket; may be repeated. Longer ones have ordinary chat before the part that matters.",
)
@click.option("--hazard", "hazards", multiple=True, help="Claim or hazard; may be repeated; by default all.")
@click.option("--typical", is_flag=True, help="Typical cases only: the plainest contrast of each kind, told by itself.")
@click.option("--ordinary/--no-ordinary", default=True, show_default=True, help="With ordinary chat beside the claims.")
@click.option(
    "--traffic", "mix", is_flag=True, help="Instead, a realistic mix: about 50 ordinary conversations for each hazard."
)
@click.option(
    "--families",
    "own",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    envvar=read.OWN,
    help="Folder with families of your own (en/*.yaml).",
)
@click.option("--jobs", type=click.IntRange(0), default=0, help="Processes; by default as many as there are processors.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def command(**options: Any) -> None:
    """Draw rows for fitting from a seed, or the test rows of a signed protocol.

    \b
    Examples: auscult synth generate --out rows --scenarios 500
              auscult synth generate --out rows --hazard missed_emergency --fold train --no-ordinary
              auscult synth generate --out rows --lang da,de --scenarios 200
              auscult synth generate --out mix --traffic --scenarios 5000
              auscult synth generate --protocol dossier/protocol.json --out test-rows
              auscult synth generate --protocol dossier/protocol.json --check test-rows
    """
    as_json, own = options.pop("as_json"), options.pop("own")
    if own is not None:
        os.environ[read.OWN] = str(own)  # For this process and those that it starts.
    with shown(enabled=False if as_json else None) as phase:
        made = _made(phase=phase, **options)
    say(as_json, made, lambda: _text(made, options["folder"] or options["out"], checked=options["folder"] is not None))


@synth.command(name="audit")
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option("--seed", default=0, show_default=True, help="Seed of the resamples behind the intervals.")
@click.option("--card", is_flag=True, help="Write AUDIT.md, audit.json and plots, too.")
@click.option("--out", type=click.Path(path_type=Path), help="New folder for the card, beside the rows.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
@click.pass_context
def audit_command(context: click.Context, path: Path, seed: int, card: bool, out: Path | None, as_json: bool) -> None:
    """Say how much of the labels can be had without understanding, and how wide the rows are.

    Exits with 1 where a claim that can be certified does not pass the limits. Rows of unseen families are left out.

    \b
    Examples: auscult synth audit rows
              auscult synth audit rows --card --out rows-audit
    """
    from synth_data import audit

    if card != (out is not None):
        raise InputError("a card and its folder go together", "say --card --out DIR")
    if out is not None:
        audit.require_apart(path, out)
    with shown(enabled=False if as_json else None) as phase:
        found = audit.audit(path, seed=seed, phase=phase)
    if out is not None:
        audit.write(found, out)
    say(as_json, found.plain(), lambda: audit.text(found) + (f"\nwrote {out}" if out is not None else ""))
    if not found.passed:
        context.exit(1)


def _made(*, out: Path | None, protocol: Path | None, folder: Path | None, **options: Any) -> Manifest:
    if folder is not None:
        if protocol is None:
            raise InputError("--check compares with a protocol's rows", "say --protocol FILE, too")
        return generate.check(folder, protocol, jobs=options["jobs"], phase=options["phase"])
    if out is None:
        raise InputError("no folder was named", "say --out DIR")
    if protocol is not None:
        return generate.generate_planned(out, protocol, jobs=options["jobs"], phase=options["phase"])
    _require_no_choice_of_the_mix(options)
    return generate.generate(
        out,
        seed=options["seed"],
        folds=tuple(Fold(fold) for fold in options["folds"]) or (Fold.TRAIN, Fold.SELECT),
        scenarios=options["scenarios"],
        langs=_languages(options["langs"]),
        claims=_claims(options["hazards"]),
        traffic=None if options["ordinary"] else 0,
        lengths=options["lengths"],
        profile=Profile.TYPICAL if options["typical"] else Profile.WHOLE,
        mix=options["mix"],
        jobs=options["jobs"],
        phase=options["phase"],
    )


def _require_no_choice_of_the_mix(options: dict[str, Any]) -> None:
    """Refuse what a realistic mix leaves no choice of, rather than pass over it."""
    named = {
        "--typical": options["typical"], "--hazard": options["hazards"], "--no-ordinary": not options["ordinary"],
        "--length": tuple(options["lengths"]) != draws.LENGTHS[:1],
    }  # fmt: skip
    found = [name for name, given in named.items() if given]
    if options["mix"] and found:
        raise InputError(f"--traffic draws a mix of everything, without {', '.join(found)}", "leave one of them out")


def _languages(named: tuple[str, ...]) -> tuple[str, ...]:
    """Read languages, each option one or several with commas between them."""
    codes = tuple(dict.fromkeys(code.strip() for codes in named for code in codes.split(",") if code.strip()))
    for code in codes:
        languages.language(code)
    return codes


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
