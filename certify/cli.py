"""The `auscult certify` commands: thin; each loads, calls one function, and prints what came out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from certify.cli_compare import compare
from certify.cli_export import export
from certify.cli_extract import extract
from certify.cli_log import log
from certify.cli_pdf import make_pdf, sign_pdf
from certify.cli_prepare import plan, prepare
from certify.cli_timestamp import timestamp
from certify.options import (
    EXISTING,
    external_files,
    for_machines,
    ledger_option,
    private_key,
    signing,
    stamping,
    system_file,
    system_text,
    tsa,
    tsa_roots,
)
from certify.timestamp import Stamping, unstamped
from guard import cli_verifier, files, keys
from guard.cli_output import say, table
from guard.cli_verifier import Verifier
from guard.errors import InputError
from guard.hazards import Taxonomy
from guard.progress import shown


@click.group()
def certify() -> None:
    """Bound how often monitors are wrong for one exact model, and sign what was found."""


for _command in (plan, prepare, extract, compare, export, log, timestamp, make_pdf, sign_pdf):
    certify.add_command(_command)


@certify.command()
@click.argument("dossier", type=EXISTING)
@click.option("--data", type=EXISTING, required=True, help="Folder of the rows that were drawn for the protocol.")
@click.option("--subject", help="Model; by default the one that the protocol names.")
@system_file
@external_files
@signing
@tsa
@tsa_roots
@click.option(
    "--reviews", type=(EXISTING, EXISTING), help="Two clinicians' reviews of a sample of these rows: opens the label claim."
)
@click.option("--sealed", type=EXISTING, help="The site's own conversations that the protocol names.")
@ledger_option
@for_machines
def test(**options: Any) -> None:
    """Score the drawn rows once, bound, sign, write the report, and seal.

    \b
    Example: auscult certify test dossier --data test-rows --key issuer.pem
    """
    made = run_test(
        options["dossier"], options["data"], options["subject"], options["system"], options["external"],
        private_key(options["key_file"]), options["ledger_file"], stamping(options["tsa"], options["tsa_roots"]),
        reviews=options["reviews"], sealed=options["sealed"],
    )  # fmt: skip
    from certify.show import results_of, results_table

    say(options["as_json"], results_of(made), lambda: results_table(made))


def run_test(
    folder: Path,
    data: Path,
    subject_name: str | None,
    system: Path | None,
    external: Path | None,
    key: keys.SigningKey,
    ledger_file: Path | None,
    stamp: Stamping = unstamped,
    *,
    reviews: tuple[Path, Path] | None = None,
    sealed: Path | None = None,
) -> Any:
    """Test a prepared dossier and return its certificate."""
    from certify import ledger, trial
    from certify.dataset import load as load_data
    from certify.evaluate import evaluate as score_files
    from certify.evaluate import paths_of
    from certify.labels import FIRST, SECOND
    from certify.pages import baselines_of, pages
    from certify.report.pdf.typesetter import load as require_typesetter
    from certify.report.sources import NotGiven
    from certify.sealed import read as read_sealed
    from guard.dossier import open_prepared
    from guard.subjects.folders import named_by_certificate
    from guard.subjects.load import load as load_subject

    require_typesetter()
    prepared = open_prepared(folder)
    tried = ledger_file or ledger.default_path()
    if prepared.protocol.sealed is not None:
        ledger.require_unused(tried, prepared.protocol.sealed.digest, prepared.payload)
    aside = trial.Aside(
        {name: files.read(path) for name, path in zip((FIRST, SECOND), reviews or (), strict=False)},
        read_sealed(sealed) if sealed else None,
    )
    rows = load_data(data)
    subject = load_subject(subject_name or named_by_certificate(prepared.protocol.subject.name), system=system_text(system))
    with shown() as phase:

        def make(issued: Any, opened: Any, bundle: bytes) -> Any:
            section: Any = NotGiven()
            if external is not None:
                suite = trial.suite_of(opened)
                section, _ = score_files(paths_of([external]), subject, suite, issued, baselines_of(opened), phase)
            attempts = ledger.section(tried, opened.protocol, opened.payload)
            return pages(
                issued, opened, bundle, taxonomy=Taxonomy.packaged(), throwaway_key=False, external=section, ledger=attempts
            )

        outcome = trial.run(
            folder, rows, subject, key=key, taxonomy=Taxonomy.packaged(), pages=make, redrawn=False, stamp=stamp,
            aside=aside, phase=phase,
        )  # fmt: skip
    return outcome.certificate


@certify.command()
@click.argument("dossier", type=EXISTING)
@click.option("--data", type=EXISTING, multiple=True, required=True, help="Labelled JSONL, or a folder of it; repeatable.")
@click.option("--out", type=EXISTING, help="Where to write the scores, as Parquet.")
@cli_verifier.options
@click.option("--subject", help="Model; by default the one that the certificate names.")
@system_file
@for_machines
def evaluate(
    dossier: Path,
    data: tuple[Path, ...],
    out: Path | None,
    verifier: Verifier,
    subject: str | None,
    system: Path | None,
    as_json: bool,
) -> None:
    """Score any labelled JSONL with a dossier's monitors. Information, never a bound; rows of unseen families are refused.

    \b
    Example: auscult certify evaluate dossier --trust trust --data external --out scores.parquet
    """
    from certify import trial
    from certify.evaluate import evaluate as score_files
    from certify.evaluate import paths_of, write
    from certify.pages import baselines_of
    from certify.standing import opened as open_known
    from guard.dossier import require_trust
    from guard.subjects.folders import named_by_certificate
    from guard.subjects.load import load as load_subject

    opened = open_known(dossier, verifier)
    require_trust(opened)
    paths = paths_of(data)
    model = load_subject(subject or named_by_certificate(opened.certificate.subject.name), system=system_text(system))
    trial.require_subject(model, opened.protocol)
    with shown() as phase:
        section, found = score_files(paths, model, trial.suite_of(opened), opened.certificate, baselines_of(opened), phase)
    if not found:
        claims = ", ".join(cell.claim for cell in opened.certificate.cells)
        raise InputError("no row of the data is labelled for a claim of the dossier", f"it has {claims}")
    if out is not None:
        files.write(out, write(found))
    import msgspec

    from certify.show import external_table

    say(as_json, msgspec.to_builtins(section), lambda: external_table(section))


@certify.command()
@click.argument("dossier", type=EXISTING)
@cli_verifier.options
@for_machines
def recompute(dossier: Path, verifier: Verifier, as_json: bool) -> None:
    """Derive every bound of a sealed dossier again from its results.parquet.

    \b
    Example: auscult certify recompute dossier --trust trust
    """
    import msgspec

    from certify.recompute import recompute as derive
    from certify.standing import opened as open_known

    opened = open_known(dossier, verifier)
    found = derive(opened)
    heads = ("claim", "bound", "on the certificate", "derived again")
    rows = [(one.claim, one.estimand, one.stated, one.derived) for one in found]
    known = "" if opened.trusted else "\nthe signer is unknown: name its key with --trust"
    say(as_json, msgspec.to_builtins(found), lambda: f"{table(heads, rows)}\nall {len(rows)} bounds agree{known}")


@certify.command()
@click.argument("first", type=EXISTING)
@click.argument("second", type=EXISTING)
@click.option("--miss", type=click.FloatRange(0, 1), help="An upper bound on misses of a certificate, to be corrected.")
@click.option("--protocol", type=EXISTING, help="Dossier or protocol of the test: what the bounds may spend follows from it.")
@for_machines
def review(first: Path, second: Path, miss: float | None, protocol: Path | None, as_json: bool) -> None:
    """Read two reviews of the labels: how often the answer key may be wrong, and whether that counts.

    With --protocol the bounds are those of the certificate; without, those of a first attempt on these claims and languages.

    \b
    Examples: auscult certify review ab.json cd.json --protocol dossier
              auscult certify review ab.json cd.json --miss 0.04
    """
    from certify import labels
    from certify.review import judge, read
    from certify.show import review_of, review_text
    from guard import dsse
    from guard import protocol as protocols

    one, other = read(files.read(first)), read(files.read(second))
    if protocol is None:
        spending = labels.unplanned(one)
    else:
        data = files.read(protocol / "protocol.json" if protocol.is_dir() else protocol)
        plan = protocols.read(dsse.open_bundle(data, protocols.PREDICATE).predicate)
        spending = labels.spending(plan, labels.languages(one))
    found = judge(one, other, spending)
    say(as_json, review_of(found, miss), lambda: review_text(found, miss))
