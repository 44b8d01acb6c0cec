"""The commands `auscult certify timestamp`: a time stamp by files that are carried, where no network is."""

from __future__ import annotations

from pathlib import Path

import click

from certify.options import EXISTING, for_machines, tsa_roots
from guard import files
from guard.cli_output import say

_bundle = click.argument("bundle", type=EXISTING)


@click.group("timestamp")
def timestamp() -> None:
    """Have an authority confirm when a protocol or certificate was signed, without a network."""


@timestamp.command("request")
@_bundle
@click.option("--out", type=EXISTING, required=True, help="Request to write, a .tsq file.")
@click.option("--tsa-policy", "policy", help="Policy to ask for, as dotted numbers.")
@for_machines
def request(bundle: Path, out: Path, policy: str | None, as_json: bool) -> None:
    """Write the request for a time stamp on a protocol or certificate; carry it to the authority.

    \b
    Example: auscult certify timestamp request dossier/protocol.json --out protocol.tsq
    """
    from certify import timestamp as stamps
    from guard import dsse

    asked = stamps.request(dsse.stamps(files.read(bundle))[0], policy or "")
    files.write(out, asked.der)
    say(as_json, {"request": str(out)}, lambda: str(out))


@timestamp.command("attach")
@_bundle
@click.option("--reply", type=EXISTING, required=True, help="What the authority answered, a .tsr file.")
@click.option("--request", "asked", type=EXISTING, help="The request that it answers: compares the nonce.")
@tsa_roots
@for_machines
def attach(bundle: Path, reply: Path, asked: Path | None, tsa_roots: Path | None, as_json: bool) -> None:
    """Put an authority's reply into a protocol before its test, or into a certificate; then run the test again to seal.

    Testing again draws nothing new: it keeps the stamped certificate, and makes report and seal anew.

    \b
    Example: auscult certify timestamp attach dossier/protocol.json --reply protocol.tsr --request protocol.tsq
    """
    from certify import timestamp as stamps
    from guard.timestamp import Authorities

    nonce = stamps.nonce_of(files.read(asked)) if asked else None
    known = Authorities.read(tsa_roots) if tsa_roots else None
    files.write(bundle, stamps.attach(files.read(bundle), files.read(reply), nonce=nonce, authorities=known))
    checked = "checked against the roots" if known else "not checked against any root"
    say(as_json, {"bundle": str(bundle), "checked": known is not None}, lambda: f"{bundle} carries the time stamp, {checked}")
