"""The PDF of a dossier that is sealed already: made anew from its own report, or signed and sealed again by its issuer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from certify import issue
from certify.report.pdf import pades
from certify.report.pdf.render import pdf
from guard import dossier, dsse, files
from guard.contents import file
from guard.dossier import Dossier
from guard.errors import ProtocolError
from guard.keys import SigningKey, key_id, public
from guard.trust import Trust

PDF = "report.pdf"
"""Name in the dossier."""


def of_dossier(opened: Dossier, report: str = "report.html") -> bytes:
    """Set a report of a verified dossier as a PDF, with its certificate attached; `report` is the name of its page.

    Raises:
        InputError: The typesetter is missing, or the report can't be set.
        VerificationError: The dossier has no such report, or it is about another certificate.
    """
    return pdf(file(opened.files, report), file(opened.files, "certificate.json"), opened.certificate.not_before)


def sign(folder: Path, key: SigningKey, who: pades.Identity, at: datetime) -> None:
    """Sign the PDF of a sealed dossier, and seal it again: the seal covers the signed file.

    1. The dossier verifies, and the issuer's key is the one that sealed it.
    2. Its PDF gets a signature over all of it; a dossier without a PDF gets one of its own report first.
    3. The seal names the signed PDF, and every other file as before.

    Raises:
        ProtocolError: Another key sealed the dossier.
        VerificationError: It does not verify.
        InputError: The PDF can't be signed.
    """
    # (1)
    ours = public(key)
    opened = dossier.open_sealed(folder, None)
    if opened.signer != key_id(ours):
        raise ProtocolError("the dossier was sealed by another key", "sign with the key that issued it")
    dossier.open_sealed(folder, Trust({key_id(ours): ours}))
    # (2)
    made = pades.signed(opened.files.get(PDF) or of_dossier(opened), who, at)
    # (3)
    contents: Mapping[str, bytes] = {**opened.files, PDF: made}
    files.write(folder / PDF, made)
    files.write(folder / "seal.json", dsse.keep(opened.files.get("seal.json"), issue.seal(contents, key), ours))
