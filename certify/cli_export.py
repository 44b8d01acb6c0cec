"""`auscult certify export`: a certificate in the formats of others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from certify.options import EXISTING, for_machines, private_key
from guard import cli_verifier, files
from guard.cli_output import say
from guard.cli_verifier import Verifier
from guard.errors import InputError

FORMATS = ("test-result", "cyclonedx", "chai-amc", "csv", "json")


@click.command()
@click.argument("dossier", type=EXISTING)
@click.option("--format", "kind", type=click.Choice(FORMATS), required=True, help="Which format.")
@click.option("--out", type=EXISTING, required=True, help="File to write.")
@cli_verifier.options
@click.option("--key", "key_file", type=EXISTING, help="Signs a test-result; its password is read from AUSCULT_KEY_PASSWORD.")
@click.option("--developer", default="", help="Who developed the monitors, for chai-amc.")
@click.option("--contact", default="", help="Whom to ask about them, for chai-amc.")
@for_machines
def export(
    dossier: Path,
    kind: str,
    out: Path,
    verifier: Verifier,
    key_file: Path | None,
    developer: str,
    contact: str,
    as_json: bool,
) -> None:
    """Write a certificate as an in-toto test result, a CycloneDX ML-BOM, a CHAI model card, or a table of every number.

    A test result of a revoked certificate is refused, and so is signing one that is not in force; the others warn.

    \b
    Example: auscult certify export dossier --format cyclonedx --out monitors.cdx.json
    """
    from certify.numbers import bounds_of
    from certify.standing import opened as open_known

    if key_file is not None and kind != "test-result":
        raise InputError(f"{kind} has no signature", "leave out --key, or say --format test-result")
    opened = open_known(dossier, verifier, required=kind == "test-result", in_force=key_file is not None)
    data = _signed(opened, key_file) if key_file else _written(opened, kind, developer, contact)
    files.write(out, data)
    known = "trusted signer" if opened.trusted else "the signer of the dossier is unknown: name its key with --trust"
    facts = {
        "file": str(out),
        "format": kind,
        "bounds": len(bounds_of(opened.certificate)),
        "signed": key_file is not None,
        "trusted": opened.trusted,
    }
    say(as_json, facts, lambda: f"wrote {facts['bounds']} bounds as {kind} to {out}; {known}")


def _written(opened: Any, kind: str, developer: str, contact: str) -> bytes:
    from certify.export import chai, cyclonedx, tables, test_result

    if kind == "test-result":
        return test_result.statement(opened)
    text = {
        "cyclonedx": lambda: cyclonedx.bom(opened),
        "chai-amc": lambda: chai.card(opened, chai.Developer(developer, contact)),
        "csv": lambda: tables.as_csv(opened),
        "json": lambda: tables.as_json(opened),
    }[kind]()
    return text.encode()


def _signed(opened: Any, key_file: Path) -> bytes:
    """Sign a test result: whoever signs vouches, so the dossier must be the signer's own or one that the signer trusts."""
    from certify.export import test_result
    from guard import dsse
    from guard.dossier import require_trust
    from guard.keys import key_id, public

    key = private_key(key_file)
    if opened.signer != key_id(public(key)):
        require_trust(opened)
    return dsse.sign(test_result.statement(opened), key)
