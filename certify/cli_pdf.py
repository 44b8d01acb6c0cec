"""`auscult certify pdf` and `sign-pdf`: the report as a PDF, and the signature that PDF viewers check."""

from __future__ import annotations

import os
from pathlib import Path

import click

from certify.options import EXISTING, for_machines, private_key, signing
from guard import cli_verifier, digest, files, moments
from guard.cli_output import say
from guard.cli_verifier import Verifier
from guard.errors import InputError
from guard.signing import open_key

PASSWORD = "AUSCULT_PDF_PASSWORD"  # noqa: S105 - the name of a variable
"""Environment variable with the password of the PKCS#12 file."""


@click.command("pdf")
@click.argument("dossier", type=EXISTING)
@click.option("--out", type=EXISTING, required=True, help="File to write.")
@cli_verifier.options
@click.option("--language", default="en", show_default=True, help="Of the dossier's reports, the one in this language.")
@for_machines
def make_pdf(dossier: Path, out: Path, verifier: Verifier, language: str, as_json: bool) -> None:
    """Set the report of a sealed dossier as a PDF, also of one from before reports had one.

    \b
    Examples: auscult certify pdf dossier --out report.pdf --trust trust
              auscult certify pdf dossier --out rapport.pdf --language da
    """
    from certify.report.pdf.sealed import of_dossier
    from certify.report.tongue import every
    from certify.standing import opened as open_known

    opened = open_known(dossier, verifier)
    pages = {tongue.code: tongue.file for tongue in every()}
    if language not in pages:
        raise InputError(f"there is no report in {language!r}", f"say one of {', '.join(pages)}")
    made = of_dossier(opened, pages[language])
    files.write(out, made)
    known = "" if opened.trusted else "; the signer of the dossier is unknown: name its key with --trust"
    facts = {"file": str(out), "digest": digest.of_bytes(made), "trusted": opened.trusted}
    say(as_json, facts, lambda: f"wrote {out}{known}")


@click.command("sign-pdf")
@click.argument("dossier", type=EXISTING)
@click.option(
    "--certificate",
    type=EXISTING,
    required=True,
    help=f"X.509 certificate: with its key as PKCS#12 (.p12, password in {PASSWORD}), or as PEM with --certificate-key.",
)
@click.option("--certificate-key", help="Key of a PEM certificate, on a token (pkcs11:token=...;object=...) or in a file.")
@click.option("--at", help="Time of signing, RFC 3339; by default now. The same time gives the same bytes.")
@cli_verifier.trust_option
@cli_verifier.revocations_option
@signing
@for_machines
def sign_pdf(
    dossier: Path,
    certificate: Path,
    certificate_key: str | None,
    at: str | None,
    trust: Path | None,
    revocations: Path | None,
    key_file: Path | None,
    as_json: bool,
) -> None:
    """Sign the PDF of a sealed dossier with an X.509 certificate (PAdES, no change allowed), and seal it again.

    The issuer's own key is needed for the seal. Copies of the dossier that are out already stay valid, without this signature.
    What was revoked by the time of signing is refused, as far as a list says so.

    \b
    Examples: auscult certify sign-pdf dossier --certificate hospital.p12 --key issuer.pem
              auscult certify sign-pdf dossier --certificate hospital.pem --key issuer.pem \
                --certificate-key "pkcs11:token=hospital;object=documents"
    """
    from certify.report.pdf import pades, sealed
    from certify.standing import opened

    data = files.read(certificate)
    if certificate_key:
        who = pades.identity_apart(data, open_key(certificate_key))
    else:
        who = pades.identity(data, os.fsencode(os.environ.get(PASSWORD, "")))
    verifier = Verifier.named(trust, at, revocations)
    moment = verifier.at.replace(microsecond=0)
    opened(dossier, verifier, required=True)
    sealed.sign(dossier, private_key(key_file), who, moment)
    facts = {"file": str(dossier / sealed.PDF), "signer": who.name, "at": moments.write(moment)}
    say(as_json, facts, lambda: f"{dossier / sealed.PDF} is signed by {who.name}, and the dossier is sealed again")
