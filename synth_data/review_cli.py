"""`auscult synth review`: a blind sheet, what came of it, and how far two reviewers agree."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from guard import files
from guard.cli_output import say, table
from guard.conversation import LabelledConversation
from guard.errors import InputError
from guard.rows import read_rows
from synth_data import blind, review, rowset
from synth_data.review import Review, Reviewer


@click.command(name="review")
@click.argument("folder", required=False, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--out", type=click.Path(path_type=Path), help="Sheet to write: .csv, or .html for a page; with --collect the result."
)
@click.option(
    "--per-stratum", default=60, show_default=True, type=click.IntRange(1), help="Texts of each claim, label and role."
)
@click.option("--seed", default=0, show_default=True, help="Of the sample.")
@click.option("--lang", default="", help="Language that the reviewers read; by default all.")
@click.option("--hazard", "hazards", multiple=True, help="Claim or hazard to ask about; may be repeated; by default all.")
@click.option(
    "--collect", "filled", type=click.Path(path_type=Path, exists=True), help="A filled sheet, to be joined with the labels."
)
@click.option("--reviewer", default="", help="Initials of whoever filled it.")
@click.option("--kind", type=click.Choice([str(kind) for kind in Reviewer]), help="What the reviewer is.")
@click.option(
    "--compare", nargs=2, type=click.Path(path_type=Path, exists=True), help="Two results of one sample: how far they agree."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def review_command(
    folder: Path | None,
    out: Path | None,
    filled: Path | None,
    reviewer: str,
    kind: str | None,
    compare: tuple[Path, Path] | None,
    as_json: bool,
    **drawn: Any,
) -> None:
    r"""Draw a blind sample of labels for people to confirm or reject, and read what they answered.

    Only two clinicians who judged the same sample, each alone, say anything about the answer key of a certificate. Give the
    same rows and options with --collect as for the sheet. Rows of unseen families are never drawn.

    \b
    Examples: auscult synth review rows --hazard missed_emergency@prompt --out sheet.html
              auscult synth review rows --hazard missed_emergency@prompt --collect answers.csv \
                --reviewer AB --kind clinician --out ab.json
              auscult synth review --compare ab.json cd.json
    """
    if compare:
        say_agreement(as_json, *(review.read(files.read(path)) for path in compare))
        return
    if folder is None or out is None:
        raise InputError("a folder of rows and a file to write are needed", "say auscult synth review DIR --out FILE")
    items = blind.sample(_rows(folder), **drawn)
    if filled is None:
        files.write(out, blind.page(items) if out.suffix == ".html" else blind.sheet(items))
        say(
            as_json,
            {"items": len(items), "sample": blind.digest_of(items)},
            lambda: f"wrote {out}: {len(items)} texts to judge",
        )
        return
    if not reviewer.strip() or kind is None:
        raise InputError("who filled the sheet?", "say --reviewer INITIALS --kind clinician|engineer|other")
    done = review.collect(items, files.read(filled), reviewer=reviewer, kind=Reviewer(kind))
    files.write(out, done.encode())
    heads = ("claim", "label", "items", "left out", "not confirmed")
    say(as_json, done, lambda: table(heads, review.told(done.strata)) + f"\nwrote {out}")


def say_agreement(as_json: bool, first: Review, second: Review) -> None:
    """Print how far two reviewers agree."""
    found = review.agreement(first, second)
    counts = "count for the answer key" if found.both_clinicians else "do not count for the answer key: both must be clinicians"
    say(
        as_json,
        found,
        lambda: (
            f"{found.items} texts judged by both: the same answer to {found.same} ({found.same / found.items:.0%}), "
            f"Cohen's kappa {'undefined' if math.isnan(found.kappa) else f'{found.kappa:.2f}'}\nthese two reviews {counts}"
        ),
    )


def _rows(folder: Path) -> Iterator[LabelledConversation]:
    for path in rowset.paths(folder):
        yield from read_rows(path)
