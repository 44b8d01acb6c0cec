"""Sign a PDF with an X.509 certificate, for readers whose viewer checks signatures: PAdES, certified, no change allowed.

The signature stands beside the seal of the dossier and never in its place. It is an incremental update: the bytes of the
unsigned file stay at the front. The same file, certificate and time give the same bytes, but with RSA-PSS and with a time
stamp, which are random by nature.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12

from guard.errors import InputError

FIELD = "Issuer"
"""Name of the signature's field."""
_DIGEST = "sha256"


@dataclass(frozen=True, slots=True)
class Identity:
    """A signing certificate with its key and the certificates above it."""

    pkcs12: bytes
    """The file, as it was read."""
    password: bytes
    """Of the file; may be empty."""
    name: str
    """Whom the certificate names."""
    not_before: datetime
    """When the certificate begins to hold."""
    not_after: datetime
    """When it ends."""


def identity(data: bytes, password: bytes) -> Identity:
    """Read a PKCS#12 file (.p12 or .pfx).

    Raises:
        InputError: It is none, the password is wrong, or it lacks the key or its certificate.
    """
    try:
        key, certificate, _ = pkcs12.load_key_and_certificates(data, password or None)
    except ValueError as error:
        raise InputError(
            "the signing certificate can't be opened: no PKCS#12 file, or the password is wrong",
            "set AUSCULT_PDF_PASSWORD to the password of the .p12 file",
        ) from error
    if key is None or certificate is None:
        raise InputError("the PKCS#12 file holds no key with its certificate", "export both together")
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return Identity(data, password, certificate.subject.rfc4514_string(), begins, ends)


def signed(pdf: bytes, who: Identity, at: datetime, timestamper: Any = None) -> bytes:
    """Return a PDF with a signature over all of it.

    Args:
        pdf: A PDF without a signature.
        who: The signer.
        at: When; stands in the signature, and the certificate must hold then.
        timestamper: pyHanko's client of a time-stamping authority, for PAdES-B-T.

    Raises:
        InputError: pyHanko is missing, the PDF is signed already or is none, or the certificate does not hold or can't sign.
    """
    if not who.not_before <= at <= who.not_after:
        raise InputError(f"the signing certificate holds from {who.not_before} to {who.not_after}, not at {at}")
    kit = _kit()
    try:
        writer = _writer(kit, pdf)
        if list(writer.prev.embedded_signatures):
            raise InputError("the PDF is signed already", "sign one as it came out of the test")
        made: bytes = _signer(kit, who, at, timestamper).sign_pdf(writer).getvalue()
    except (kit.PdfError, kit.SigningError, ValueError) as error:
        raise InputError(f"the PDF can't be signed: {error}") from error
    return made


@dataclass(frozen=True, slots=True)
class _Kit:
    """What we use of pyHanko, which is loaded only where a PDF is signed."""

    IncrementalPdfFileWriter: Any
    ByteStringObject: Any
    PdfError: type[Exception]
    SigningError: type[Exception]
    signers: Any
    fields: Any


def _kit() -> _Kit:
    try:
        from pyhanko.pdf_utils.generic import ByteStringObject
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.pdf_utils.misc import PdfError
        from pyhanko.sign import fields, signers
        from pyhanko.sign.general import SigningError
    except ModuleNotFoundError as error:
        raise InputError("signing a PDF needs pyHanko, which is not installed", "pip install 'auscult[pades]'") from error
    return _Kit(IncrementalPdfFileWriter, ByteStringObject, PdfError, SigningError, signers, fields)


def _writer(kit: _Kit, pdf: bytes) -> Any:
    """Return pyHanko's writer of updates, without what it would take from the clock and from chance."""

    class Writer(kit.IncrementalPdfFileWriter):  # type: ignore[misc, name-defined]
        def _update_meta(self) -> None:
            """Leave the metadata as they are: their dates are the protocol's."""

    writer = Writer(io.BytesIO(pdf))
    writer._document_id[1] = kit.ByteStringObject(hashlib.sha256(pdf).digest()[:16])
    return writer


def _signer(kit: _Kit, who: Identity, at: datetime, timestamper: Any) -> Any:
    """Return pyHanko's signer with the time that it is given and, for ECDSA, the nonce of RFC 6979."""

    class Signer(kit.signers.SimpleSigner):  # type: ignore[misc, name-defined]
        def sign_raw(self, data: bytes, digest_algorithm: str) -> bytes:
            if isinstance(key, ec.EllipticCurvePrivateKey) and digest_algorithm == _DIGEST:
                return key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
            made: bytes = super().sign_raw(data, digest_algorithm)
            return made

    class PdfSigner(kit.signers.PdfSigner):  # type: ignore[misc, name-defined]
        def init_signing_session(self, *arguments: Any, **named: Any) -> Any:
            session = super().init_signing_session(*arguments, **named)
            session.system_time = at
            return session

    key = pkcs12.load_key_and_certificates(who.pkcs12, who.password or None)[0]
    read = kit.signers.SimpleSigner.load_pkcs12_data(who.pkcs12, other_certs=[], passphrase=who.password or None)
    signer = Signer(signing_cert=read.signing_cert, signing_key=read.signing_key, cert_registry=read.cert_registry)
    how = kit.signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm=_DIGEST,
        subfilter=kit.fields.SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=kit.fields.MDPPerm.NO_CHANGES,
    )
    return PdfSigner(how, signer, timestamper=timestamper)
