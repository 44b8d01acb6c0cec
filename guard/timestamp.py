"""Time stamps of an authority (RFC 3161): somebody else's word that a signature existed at a time.

A bundle carries the authority's replies beside its signature. The authority signs the SHA-256 of that signature together with
the time, so a stamp can't be moved to another document, and what is stamped can't have been signed later. Whom to believe is
the verifier's choice, as with keys: its root certificates are named on the command line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from guard import dsse, files
from guard.errors import InputError, VerificationError


@dataclass(frozen=True, slots=True)
class Authorities:
    """The time-stamping authorities that a verifier believes."""

    roots: tuple[x509.Certificate, ...]
    """Certificates at which their chains end."""
    policy: str = ""
    """The policy under which a stamp must have been made, as dotted numbers; empty: any."""

    @classmethod
    def read(cls, path: Path, policy: str | None = None) -> Authorities:
        """Read a file of PEM certificates.

        Raises:
            InputError: It holds none, or the policy is not an object identifier.
        """
        try:
            roots = tuple(x509.load_pem_x509_certificates(files.read(path)))
        except ValueError as error:
            raise InputError(f"{path} holds no PEM certificate", "name the authority's root certificate") from error
        return cls(roots, object_identifier(policy).dotted_string if policy else "")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A verified time stamp."""

    at: datetime
    """When the authority saw the signature."""
    policy: str
    """The authority's policy, as dotted numbers."""

    def __str__(self) -> str:
        """The time, in UTC."""
        return self.at.astimezone(UTC).isoformat()


def object_identifier(text: str) -> x509.ObjectIdentifier:
    """Read an object identifier.

    Raises:
        InputError: It is none.
    """
    try:
        return x509.ObjectIdentifier(text)
    except ValueError as error:
        raise InputError(f"not the identifier of a policy: {text[:40]!r}", "write it like 1.3.6.1.4.1.99999.1") from error


def check(signature: bytes, reply: bytes, authorities: Authorities, nonce: int | None = None) -> Stamp:
    """Verify an authority's reply to a signature.

    1. It is a reply that grants a time stamp.
    2. It is signed, by a certificate for time stamping whose chain ended at one of the roots at that time.
    3. It is about this signature, and under the policy and the nonce that are asked for.

    Raises:
        VerificationError: A step failed.
        InputError: The package that checks stamps is not installed.
    """
    try:
        from rfc3161_client import VerificationError as Refused
        from rfc3161_client import VerifierBuilder, decode_timestamp_response
    except ModuleNotFoundError as error:
        raise InputError("a time stamp needs the package rfc3161-client", "pip install 'auscult[timestamp]'") from error
    wanted = object_identifier(authorities.policy) if authorities.policy else None
    verifier = VerifierBuilder(policy_id=wanted, roots=list(authorities.roots), nonce=nonce).build()
    try:
        answer = decode_timestamp_response(reply)  # (1)
        verifier.verify_message(answer, signature)  # (2) and (3)
        return Stamp(answer.tst_info.gen_time, answer.tst_info.policy.dotted_string)
    except Refused as error:
        raise VerificationError(f"the time stamp does not hold: {str(error)[:120]}") from error
    except ValueError as error:
        raise VerificationError("the time stamp is not a reply that grants one") from error


def stamp_of(bundle: bytes, authorities: Authorities) -> Stamp | None:
    """Return the earliest time at which an authority saw a bundle's signature; None if the bundle carries no stamp.

    Raises:
        VerificationError: It carries a stamp that does not hold.
    """
    signature, replies = dsse.stamps(bundle)
    found = [check(signature, reply, authorities) for reply in replies]
    return min(found, key=lambda stamp: stamp.at) if found else None


def evidence(protocol: bytes, certificate: bytes, authorities: Authorities | None) -> Sequence[str]:
    """Say, in a sentence each, what the time stamps of a dossier show about its protocol and its certificate.

    Raises:
        VerificationError: A stamp does not hold, or the protocol's is later than the certificate's.
    """
    if authorities is None:
        carried = [name for name, one in (("protocol", protocol), ("certificate", certificate)) if dsse.stamps(one)[1]]
        if not carried:
            return ()
        return (f"time stamps on {' and '.join(carried)} were not checked: name the authority with --tsa-roots",)
    planned, issued = stamp_of(protocol, authorities), stamp_of(certificate, authorities)
    if planned and issued and planned.at > issued.at:
        raise VerificationError("the protocol was time-stamped after the certificate: it is no evidence of a plan made before")
    lines = [f"the {name} {_said(stamp)}" for name, stamp in (("protocol", planned), ("certificate", issued))]
    if planned and issued and planned.at < issued.at:
        lines.append("the protocol's stamp is the earlier one, by the word of an authority and not of the issuer")
    return tuple(lines)


def _said(stamp: Stamp | None) -> str:
    if stamp is None:
        return "carries no time stamp: when it was signed is the issuer's word"
    return f"was signed by {stamp}, as a time-stamping authority attests (policy {stamp.policy})"
