"""`auscult certify pdf` and `sign-pdf`: the report as a PDF, and the signature that PDF viewers check."""

from __future__ import annotations

import os
from pathlib import Path

import click

from certify.options import EXISTING, for_machines, private_key, signing
from guard import digest, files, moments
from guard.cli_output import say
from guard.errors import InputError

PASSWORD = "AUSCULT_PDF_PASSWORD"  # noqa: S105 - the name of a variable
"""Environment variable with the password of the PKCS#12 file."""


@click.command("pdf")
@click.argument("dossier", type=EXISTING)
@click.option("--out", type=EXISTING, required=True, help="File to write.")
@click.option("--trust", type=EXISTING, help="The certifier's public key, or a folder of keys; or AUSCULT_TRUST.")
@click.option("--language", default="en", show_default=True, help="Of the dossier's reports, the one in this language.")
@for_machines
def make_pdf(dossier: Path, out: Path, trust: Path | None, language: str, as_json: bool) -> None:
    """Set the report of a sealed dossier as a PDF, also of one from before reports had one.

    \b
    Examples: auscult certify pdf dossier --out report.pdf --trust trust
              auscult certify pdf dossier --out rapport.pdf --language da
    """
    from certify.report.pdf.sealed import of_dossier
    from certify.report.tongue import every
    from certify.standing import opened as open_known

    opened = open_known(dossier, trust)
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
    help=f"X.509 certificate with its key, as PKCS#12 (.p12); its password is read from {PASSWORD}.",
)
@click.option("--at", help="Time of signing, RFC 3339; by default now. The same time gives the same bytes.")
@signing
@for_machines
def sign_pdf(dossier: Path, certificate: Path, at: str | None, key_file: Path | None, as_json: bool) -> None:
    """Sign the PDF of a sealed dossier with an X.509 certificate (PAdES, no change allowed), and seal it again.

    The issuer's own key is needed for the seal. Copies of the dossier that are out already stay valid, without this signature.

    \b
    Example: auscult certify sign-pdf dossier --certificate hospital.p12 --key issuer.pem
    """
    from certify.report.pdf import pades, sealed

    who = pades.identity(files.read(certificate), os.fsencode(os.environ.get(PASSWORD, "")))
    moment = moments.parse(at) if at else moments.now().replace(microsecond=0)
    sealed.sign(dossier, private_key(key_file), who, moment)
    facts = {"file": str(dossier / sealed.PDF), "signer": who.name, "at": moments.write(moment)}
    say(as_json, facts, lambda: f"{dossier / sealed.PDF} is signed by {who.name}, and the dossier is sealed again")
