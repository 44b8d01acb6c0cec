"""`auscult synth export`: rows in another format."""

from __future__ import annotations

from pathlib import Path

import click

from guard import files
from guard.cli_output import say
from guard.errors import InputError
from guard.rows import read_rows
from synth_data import fhir, rowset


@click.command(name="export")
@click.argument("rows", type=click.Path(path_type=Path, exists=True))
@click.option("--format", "format_", type=click.Choice(["fhir"]), default="fhir", show_default=True, help="FHIR R4 bundles.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="File to write: NDJSON, a Bundle a line.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def export_command(rows: Path, format_: str, out: Path, as_json: bool) -> None:
    r"""Write rows that hold a document as FHIR R4 bundles; the others are left out and counted.

    \b
    Example: auscult synth export rows --format fhir --out rows.ndjson
    """
    made = fhir.export(row for path in rowset.paths(rows) for row in read_rows(path))
    if not made.bundles:
        raise InputError("no row holds a document", "export rows of prompt_injection@context, or others with a tool turn")
    files.write(out, b"".join(map(fhir.line, made.bundles)))
    say(
        as_json,
        {"format": format_, "bundles": len(made.bundles), "skipped": made.skipped},
        lambda: f"wrote {out}: {len(made.bundles)} bundles; {made.skipped} rows hold no document and were left out",
    )
