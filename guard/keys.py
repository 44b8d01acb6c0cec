"""Keys: made, kept in files, and named by the digest of their public half. Whom a verifier trusts is `guard.trust`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from guard import files
from guard.errors import InputError, VerificationError

PrivateKey = ec.EllipticCurvePrivateKey
PublicKey = ec.EllipticCurvePublicKey


class Signer(Protocol):
    """Whatever can sign: a key in a file, or one that never leaves its token."""

    @property
    def public(self) -> PublicKey:
        """The public half."""

    def sign(self, message: bytes) -> bytes:
        """Return the ECDSA signature of a message's SHA-256, as DER."""


@dataclass(frozen=True, slots=True)
class FileKey:
    """A key that we hold ourselves; its nonces are deterministic (RFC 6979), so one message has one signature."""

    private: PrivateKey
    """Both halves."""

    @property
    def public(self) -> PublicKey:
        """The public half."""
        return self.private.public_key()

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message."""
        return self.private.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


SigningKey = PrivateKey | Signer
"""What commands hand on: a key as it was read from a file, or any other signer."""


def signer(key: SigningKey) -> Signer:
    """Return the signer of a key."""
    return FileKey(key) if isinstance(key, PrivateKey) else key


def generate() -> PrivateKey:
    """Make a fresh ECDSA P-256 key from the operating system's randomness."""
    return ec.generate_private_key(ec.SECP256R1())


def public(key: SigningKey) -> PublicKey:
    """Return the public half."""
    return signer(key).public


def key_id(key: PublicKey) -> str:
    """Return `sha256:<hex>` of the DER SubjectPublicKeyInfo."""
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return "sha256:" + hashlib.sha256(der).hexdigest()


def public_pem(key: PublicKey) -> bytes:
    """Write a public key as PEM."""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def write_private(path: Path, key: PrivateKey, password: bytes) -> None:
    """Write an encrypted PKCS#8 key file that only its owner can read.

    Raises:
        InputError: The password is empty or too long.
        OutputError: The file can't be written.
    """
    if not password:
        raise InputError("a key file needs a password", "set AUSCULT_KEY_PASSWORD")
    try:
        encryption = serialization.BestAvailableEncryption(password)
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    except ValueError as error:
        raise InputError("the password of a key file is too long", "take one of at most 1,000 bytes") from error
    files.write(path, pem, mode=0o600)


def read_private(path: Path, password: bytes) -> PrivateKey:
    """Read an encrypted key file.

    Raises:
        InputError: It is missing, readable by others, not encrypted, not a P-256 key, or the password is wrong.
    """
    if not password:
        raise InputError(f"no password for the key {path}", "set AUSCULT_KEY_PASSWORD")
    pem = files.read(path)
    if path.stat().st_mode & 0o077:
        raise InputError(f"{path} can be read by others", f"run chmod 600 {path}")
    try:
        key = serialization.load_pem_private_key(pem, password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InputError(f"cannot open the key {path}", "check the file and AUSCULT_KEY_PASSWORD") from error
    if not isinstance(key, PrivateKey) or key.curve.name != "secp256r1":
        raise InputError(f"{path} is not an ECDSA P-256 key", "make one with auscult key new")
    return key


def read_public(pem: bytes, name: str = "the key") -> PublicKey:
    """Read a PEM public key.

    Raises:
        VerificationError: It is not an ECDSA P-256 public key.
    """
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise VerificationError(f"{name} is not a PEM public key") from error
    if not isinstance(key, PublicKey) or key.curve.name != "secp256r1":
        raise VerificationError(f"{name} is not an ECDSA P-256 key")
    return key
