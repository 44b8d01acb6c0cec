"""Time stamps of an authority (RFC 3161): somebody else's word that a signature existed at a time.

A bundle carries the authority's replies beside its signature. The authority signs the SHA-256 of that signature together with
the time, so a stamp can't be moved to another document, and what is stamped can't have been signed later. Whom to believe is
the verifier's choice, as with keys: its root certificates are named on the command line.

The dates in a protocol are its signer's word. Where the signer's key counts for a time only (`guard.moments.Window`), a
stamp shows whether the signature was made in that time; without one, whoever still has an ended key can date a document back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from guard import dsse, files, moments
from guard.errors import InputError, NotInForce, VerificationError
from guard.moments import SKEW, Window


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


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the time stamps of a dossier come to."""

    sentences: tuple[str, ...]
    """What they show."""
    undated: tuple[str, ...]
    """Documents of which nobody but their signer says when they were signed: no stamp, or none that was checked."""

    def warning(self, window: Window, now: datetime) -> str:
        """Say what is left to the signer's word though the signer's key has ended; empty where that is nothing."""
        if not self.undated or window.ends is None or now <= window.ends:
            return ""
        what = " and the ".join(self.undated) + (" are" if len(self.undated) > 1 else " is")
        return f"the {what} dated by the signer alone; the key ended on {moments.write(window.ends)}"


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


def evidence(protocol: bytes, certificate: bytes, authorities: Authorities | None, window: Window) -> Evidence:
    """Say what the time stamps of a dossier show about its protocol and its certificate.

    1. Each stamp holds, and was made while the signer's key counted: later, the date inside may be a date back.
    2. The protocol's is not later than the certificate's.

    Args:
        protocol: Its bundle.
        certificate: Its bundle.
        authorities: Who is believed; None checks no stamp.
        window: When the signatures of the signer's key count.

    Raises:
        VerificationError: A stamp does not hold, or the protocol's is later than the certificate's.
        NotInForce: A stamp was made outside the window.
    """
    bundles = {"protocol": protocol, "certificate": certificate}
    if authorities is None:
        carried = [name for name, one in bundles.items() if dsse.stamps(one)[1]]
        said = f"time stamps on {' and '.join(carried)} were not checked: name the authority with --tsa-roots"
        return Evidence((said,) if carried else (), tuple(bundles))
    # (1)
    found = {name: stamp_of(one, authorities) for name, one in bundles.items()}
    for name, stamp in found.items():
        if stamp is not None:
            _require_inside(name, stamp, window)
    # (2)
    planned, issued = found.values()
    if planned and issued and planned.at > issued.at:
        raise VerificationError("the protocol was time-stamped after the certificate: it is no evidence of a plan made before")
    lines = [f"the {name} {_said(stamp)}" for name, stamp in found.items()]
    if planned and issued and planned.at < issued.at:
        lines.append("the protocol's stamp is the earlier one, by the word of an authority and not of the issuer")
    return Evidence(tuple(lines), tuple(name for name, stamp in found.items() if stamp is None))


def _require_inside(name: str, stamp: Stamp, window: Window) -> None:
    """Refuse a stamp outside the window; where clocks differ, an honest one may seem to be made before the signature."""
    if window.ends is not None and stamp.at > window.ends:
        raise NotInForce(
            f"the {name} was time-stamped at {stamp}, after the end of the key that signed it ({moments.write(window.ends)})",
            "the date inside is not to be relied on; ask the issuer which key signs now",
        )
    if window.begins is not None and stamp.at < window.begins - SKEW:
        raise NotInForce(
            f"the {name} was time-stamped at {stamp}, before the key that signed it counted ({moments.write(window.begins)})",
            "ask the issuer which key signed then",
        )


def _said(stamp: Stamp | None) -> str:
    if stamp is None:
        return "carries no time stamp: when it was signed is the issuer's word"
    return f"was signed by {stamp}, as a time-stamping authority attests (policy {stamp.policy})"
