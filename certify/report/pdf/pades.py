"""Sign a PDF with an X.509 certificate, for readers whose viewer checks signatures: PAdES, certified, no change allowed.

The signature stands beside the seal of the dossier and never in its place. It is an incremental update: the bytes of the
unsigned file stay at the front. The same file, certificate and time give the same bytes, but with RSA-PSS, a key on a token and
a time stamp, which are random by nature.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from guard.errors import InputError
from guard.keys import PublicKey, SigningKey, key_id, signer

FIELD = "Issuer"
"""Name of the signature's field."""
_DIGEST = "sha256"
_LONGEST = 72
"""Bytes of the longest ECDSA P-256 signature, as DER."""


@dataclass(frozen=True, slots=True)
class Together:
    """Certificate and key in one PKCS#12 file."""

    pkcs12: bytes = field(repr=False)
    """The file, as it was read."""
    password: bytes = field(repr=False)
    """Of the file; may be empty."""


@dataclass(frozen=True, slots=True)
class Apart:
    """A certificate whose key is held elsewhere, as on a token."""

    chain: tuple[x509.Certificate, ...]
    """The signer's own first, then those above it."""
    key: SigningKey
    """Signs with ECDSA P-256."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A signing certificate with its key and the certificates above it."""

    held: Together | Apart
    """Where they are."""
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
    return _identity(Together(data, password), certificate)


def identity_apart(data: bytes, key: SigningKey) -> Identity:
    """Read the certificate of a key that is held elsewhere, as PEM, with those above it behind it.

    Raises:
        InputError: It is none, or it is of another key.
    """
    try:
        chain = tuple(x509.load_pem_x509_certificates(data))
    except ValueError as error:
        raise InputError(
            "the signing certificate is not PEM", "a .p12 file holds its own key: leave the other key out"
        ) from error
    theirs = chain[0].public_key()
    if not isinstance(theirs, PublicKey) or key_id(theirs) != key_id(signer(key).public):
        raise InputError("the signing certificate is of another key", "put the certificate of that key first in the file")
    return _identity(Apart(chain, key), chain[0])


def _identity(held: Together | Apart, own: x509.Certificate) -> Identity:
    return Identity(held, own.subject.rfc4514_string(), own.not_valid_before_utc, own.not_valid_after_utc)


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
    Certificate: Any
    SimpleCertificateStore: Any


def _kit() -> _Kit:
    try:
        from asn1crypto.x509 import Certificate
        from pyhanko.pdf_utils.generic import ByteStringObject
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.pdf_utils.misc import PdfError
        from pyhanko.sign import fields, signers
        from pyhanko.sign.general import SigningError
        from pyhanko_certvalidator.registry import SimpleCertificateStore
    except ModuleNotFoundError as error:
        raise InputError("signing a PDF needs pyHanko, which is not installed", "pip install 'auscult[pades]'") from error
    return _Kit(
        IncrementalPdfFileWriter, ByteStringObject, PdfError, SigningError, signers, fields, Certificate, SimpleCertificateStore
    )  # fmt: skip


def _writer(kit: _Kit, pdf: bytes) -> Any:
    """Return pyHanko's writer of updates, without what it would take from the clock and from chance."""

    class Writer(kit.IncrementalPdfFileWriter):  # type: ignore[misc, name-defined]
        def _update_meta(self) -> None:
            """Leave the metadata as they are: their dates are the protocol's."""

    writer = Writer(io.BytesIO(pdf))
    writer._document_id[1] = kit.ByteStringObject(hashlib.sha256(pdf).digest()[:16])
    return writer


def _together(kit: _Kit, held: Together) -> Any:
    """Return pyHanko's signer for a PKCS#12 file, for ECDSA with the nonce of RFC 6979."""

    class Signer(kit.signers.SimpleSigner):  # type: ignore[misc, name-defined]
        def sign_raw(self, data: bytes, digest_algorithm: str) -> bytes:
            if isinstance(key, ec.EllipticCurvePrivateKey) and digest_algorithm == _DIGEST:
                return key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
            made: bytes = super().sign_raw(data, digest_algorithm)
            return made

    key = pkcs12.load_key_and_certificates(held.pkcs12, held.password or None)[0]
    read = kit.signers.SimpleSigner.load_pkcs12_data(held.pkcs12, other_certs=[], passphrase=held.password or None)
    return Signer(signing_cert=read.signing_cert, signing_key=read.signing_key, cert_registry=read.cert_registry)


def _apart(kit: _Kit, held: Apart) -> Any:
    """Return a signer of pyHanko's that asks our own for signatures: it never sees the key."""

    class Signer(kit.signers.Signer):  # type: ignore[misc, name-defined]
        async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
            if digest_algorithm != _DIGEST:
                raise kit.SigningError(f"a key apart signs {_DIGEST} only")
            return bytes(_LONGEST) if dry_run else one.sign(data)

    one = signer(held.key)
    own, *above = (kit.Certificate.load(each.public_bytes(Encoding.DER)) for each in held.chain)
    return Signer(signing_cert=own, cert_registry=kit.SimpleCertificateStore.from_certs(above))


def _signer(kit: _Kit, who: Identity, at: datetime, timestamper: Any) -> Any:
    """Return pyHanko's signer with the time that it is given."""

    class PdfSigner(kit.signers.PdfSigner):  # type: ignore[misc, name-defined]
        def init_signing_session(self, *arguments: Any, **named: Any) -> Any:
            session = super().init_signing_session(*arguments, **named)
            session.system_time = at
            return session

    inner = _together(kit, who.held) if isinstance(who.held, Together) else _apart(kit, who.held)
    how = kit.signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm=_DIGEST,
        subfilter=kit.fields.SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=kit.fields.MDPPerm.NO_CHANGES,
    )
    return PdfSigner(how, inner, timestamper=timestamper)
