"""The `auscult certify` commands: thin; each loads, calls one function, and prints what came out."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from guard import files, keys, policy, resources, rules
from guard.cli_output import say, table
from guard.errors import InputError
from guard.hazards import Taxonomy
from guard.progress import shown

EXISTING = click.Path(path_type=Path)


@click.group()
def certify() -> None:
    """Bound how often monitors are wrong for one exact model, and sign what was found."""


def private_key(path: Path | None) -> keys.PrivateKey:
    """Open the issuer's key; the password comes from the environment, never from the command line.

    Raises:
        InputError: No key was named, or it can't be opened.
    """
    if path is None:
        raise InputError("no signing key was named", "make one with auscult key new and say --key FILE")
    return keys.read_private(path, os.fsencode(os.environ.get("AUSCULT_KEY_PASSWORD", "")))


_CHANCE = click.FloatRange(0, 1, min_open=True, max_open=True)
_policy = click.option("--policy", "policy_file", type=EXISTING, default=None, help="What is demanded.")
_key = click.option("--key", "key_file", type=EXISTING, help="Signing key; its password is read from AUSCULT_KEY_PASSWORD.")
_subject = click.option("--subject", default="phantom", show_default=True, help="phantom, or hf:<id or folder>.")
_draws = click.option("--draws", type=click.IntRange(min=1), default=600, show_default=True, help="Draws per claim.")
_traffic = click.option(
    "--traffic", type=click.IntRange(min=1), default=2_000, show_default=True, help="Ordinary conversations."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
_external = click.option("--external", type=EXISTING, help="Folder of labelled JSONL for the section on external data.")
_ledger = click.option(
    "--ledger", "ledger_file", type=EXISTING, help="Ledger of attempts; by default in the user's data directory."
)
_system = click.option("--system", type=EXISTING, help="File with the system prompt that the guard will insert.")


def _load_policy(path: Path | None) -> policy.Policy:
    return policy.load(path or resources.path("policies/clinical.yaml"), Taxonomy.packaged(), rules.names)


def system_text(path: Path | None, demanded: policy.Policy | None = None) -> str | None:
    """Read the system prompt that the guard will insert; it must be the one that the policy names, if it names one.

    Raises:
        InputError: The file can't be read, is not UTF-8, or is another prompt than the policy's.
    """
    try:
        text = files.read(path).decode() if path else None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text", "say --system FILE with the text of the system prompt") from error
    if demanded is not None and demanded.system_prompt is not None and demanded.system_prompt != text:
        raise InputError("the policy names a system prompt that --system does not give", "say --system FILE with that file")
    return text


@certify.command()
@_policy
@_draws
@_traffic
@click.option("--attempt", type=click.IntRange(min=1), default=1, show_default=True, help="Which attempt it would be.")
@click.option("--data", type=EXISTING, help="Folder of generated rows: its manifest counts the unseen families.")
@_json
def plan(policy_file: Path | None, draws: int, traffic: int, attempt: int, data: Path | None, as_json: bool) -> None:
    """Say before any work what a test of these sizes can show.

    \b
    Example: auscult certify plan --policy policies/clinical.yaml --draws 600
    """
    from certify.dataset import read_manifest
    from certify.plan import Order, Sizes, forecast
    from certify.planner import table as rows

    order = Order("plan", _load_policy(policy_file), Sizes(draws, traffic), datetime.now(UTC))
    found = rows(forecast(order, attempt, read_manifest(data)[0].unseen if data else None))
    say(as_json, [dict(zip(found[0], row, strict=True)) for row in found[1:]], lambda: table(found[0], found[1:]))


@certify.command()
@_subject
@click.option("--data", type=EXISTING, required=True, help="Folder of train and select rows.")
@_policy
@click.option("--out", type=EXISTING, required=True, help="New folder for the dossier.")
@click.option("--product", help="What the thing that is certified is called; by default the subject's name.")
@_draws
@_traffic
@click.option("--power", type=_CHANCE, default=0.9, show_default=True, help="Wanted chance to show each limit.")
@_system
@_key
@_ledger
@_json
def prepare(**options: Any) -> None:
    """Fit monitors, choose their thresholds, and sign the plan of the test.

    \b
    Example: auscult certify prepare --subject phantom --data rows --policy policies/demonstration.yaml \\
               --key issuer.pem --out dossier
    """
    from certify.threshold import NoValidThreshold

    made = _prepare(**options)
    facts = {
        "dossier": str(options["out"]),
        "attempt": made.protocol.attempt,
        "chance to show every limit on listed kinds, at least": round(made.predicted_all, 4),
    }
    gaps = {str(c.requirement.claim): c.threshold.reason for c in made.chosen if isinstance(c.threshold, NoValidThreshold)}
    facts |= {f"gap of {claim}": reason for claim, reason in gaps.items()}
    say(options["as_json"], facts, lambda: "\n".join(f"{name}: {value}" for name, value in facts.items()))


def _prepare(**options: Any) -> Any:
    from certify.dataset import load as load_data
    from certify.ledger import default_path
    from certify.plan import Order, Sizes
    from certify.prepare import prepare as run
    from guard.subjects.load import load as load_subject

    demanded = _load_policy(options["policy_file"])
    key = private_key(options["key_file"])
    data = load_data(options["data"])
    subject = load_subject(options["subject"], system=system_text(options["system"], demanded))
    order = Order(
        options["product"] or subject.binding.name,
        demanded,
        Sizes(options["draws"], options["traffic"]),
        datetime.now(UTC).replace(microsecond=0),
        options["power"],
    )
    with shown() as phase:
        ledger_path = options["ledger_file"] or default_path()
        return run(subject, data, order, key=key, ledger_path=ledger_path, out=options["out"], phase=phase)


@certify.command()
@click.argument("dossier", type=EXISTING)
@click.option("--data", type=EXISTING, required=True, help="Folder of the rows that were drawn for the protocol.")
@click.option("--subject", help="Model; by default the one that the protocol names.")
@_system
@_external
@_key
@_ledger
@_json
def test(
    dossier: Path,
    data: Path,
    subject: str | None,
    system: Path | None,
    external: Path | None,
    key_file: Path | None,
    ledger_file: Path | None,
    as_json: bool,
) -> None:
    """Score the drawn rows once, bound, sign, write the report, and seal.

    \b
    Example: auscult certify test dossier --data test-rows --key issuer.pem
    """
    made = run_test(dossier, data, subject, system, external, private_key(key_file), ledger_file)
    from certify.show import results_of, results_table

    say(as_json, results_of(made), lambda: results_table(made))


def run_test(
    folder: Path,
    data: Path,
    subject_name: str | None,
    system: Path | None,
    external: Path | None,
    key: keys.PrivateKey,
    ledger_file: Path | None,
) -> Any:
    """Test a prepared dossier and return its certificate."""
    from certify import ledger, trial
    from certify.dataset import load as load_data
    from certify.evaluate import evaluate as score_files
    from certify.evaluate import paths_of
    from certify.pages import baselines_of, pages
    from certify.report.sources import NotGiven
    from guard.dossier import open_prepared
    from guard.subjects.load import load as load_subject

    prepared = open_prepared(folder)
    rows = load_data(data)
    subject = load_subject(subject_name or prepared.protocol.subject.name, system=system_text(system))
    with shown() as phase:

        def make(issued: Any, opened: Any, bundle: bytes) -> Any:
            section: Any = NotGiven()
            if external is not None:
                suite = trial.suite_of(opened)
                section, _ = score_files(paths_of([external]), subject, suite, issued, baselines_of(opened), phase)
            tried = ledger.section(ledger_file or ledger.default_path(), opened.protocol, opened.payload)
            return pages(
                issued, opened, bundle, taxonomy=Taxonomy.packaged(), throwaway_key=False, external=section, ledger=tried
            )

        outcome = trial.run(
            folder, rows, subject, key=key, taxonomy=Taxonomy.packaged(), pages=make, redrawn=False, phase=phase
        )
    return outcome.certificate


@certify.command()
@click.argument("dossier", type=EXISTING)
@click.option("--data", type=EXISTING, multiple=True, required=True, help="Labelled JSONL, or a folder of it; repeatable.")
@click.option("--out", type=EXISTING, help="Where to write the scores, as Parquet.")
@click.option("--trust", type=EXISTING, help="The certifier's public key, or a folder of keys; or AUSCULT_TRUST.")
@click.option("--subject", help="Model; by default the one that the certificate names.")
@_system
@_json
def evaluate(
    dossier: Path,
    data: tuple[Path, ...],
    out: Path | None,
    trust: Path | None,
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
    from guard.dossier import open_sealed, require_trust
    from guard.keys import trusted
    from guard.subjects.load import load as load_subject

    opened = open_sealed(dossier, trusted(trust))
    require_trust(opened)
    paths = paths_of(data)
    model = load_subject(subject or opened.certificate.subject.name, system=system_text(system))
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
@click.option("--trust", type=EXISTING, help="The certifier's public key, or a folder of keys; or AUSCULT_TRUST.")
@_json
def recompute(dossier: Path, trust: Path | None, as_json: bool) -> None:
    """Derive every bound of a sealed dossier again from its results.parquet.

    \b
    Example: auscult certify recompute dossier --trust trust
    """
    import msgspec

    from certify.recompute import recompute as derive
    from guard.dossier import open_sealed
    from guard.keys import trusted

    opened = open_sealed(dossier, trusted(trust))
    found = derive(opened)
    heads = ("claim", "bound", "on the certificate", "derived again")
    rows = [(one.claim, one.estimand, one.stated, one.derived) for one in found]
    known = "" if opened.trusted else "\nthe signer is unknown: name its key with --trust"
    say(as_json, msgspec.to_builtins(found), lambda: f"{table(heads, rows)}\nall {len(rows)} bounds agree{known}")


@certify.command()
@click.argument("first", type=EXISTING)
@click.argument("second", type=EXISTING)
@click.option("--miss", type=click.FloatRange(0, 1), help="An upper bound on misses of a certificate, to be corrected.")
@click.option("--delta", type=_CHANCE, default=0.005, show_default=True, help="Chance that any bound may fail, shared equally.")
@_json
def review(first: Path, second: Path, miss: float | None, delta: float, as_json: bool) -> None:
    """Read two reviews of the labels: how often the answer key may be wrong, and whether that counts.

    \b
    Examples: auscult certify review ab.json cd.json
              auscult certify review ab.json cd.json --miss 0.04
    """
    from certify.review import judge, read
    from certify.show import review_of, review_text

    found = judge(read(files.read(first)), read(files.read(second)), delta=delta)
    say(as_json, review_of(found, miss), lambda: review_text(found, miss))
