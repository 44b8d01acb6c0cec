"""Keys: made, kept in files, and trusted.

Trust comes from the verifier: a key file or a directory of them, named on the command line or by AUSCULT_TRUST. A public
key that travels inside a dossier is information.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from guard import files
from guard.errors import InputError, VerificationError

PrivateKey = ec.EllipticCurvePrivateKey
PublicKey = ec.EllipticCurvePublicKey


def generate() -> PrivateKey:
    """Make a fresh ECDSA P-256 key from the operating system's randomness."""
    return ec.generate_private_key(ec.SECP256R1())


def public(key: PrivateKey) -> PublicKey:
    """Return the public half."""
    return key.public_key()


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


@dataclass(frozen=True, slots=True)
class Trust:
    """The keys that a verifier trusts."""

    keys: dict[str, PublicKey]
    """By key id."""

    @classmethod
    def read(cls, path: Path) -> Trust:
        """Read a PEM key, or every `.pem` and `.pub` file of a directory.

        Raises:
            InputError: There is no key at all: trusting nothing is a mistake, not a setting.
            VerificationError: A file is not a key.
        """
        paths = [path]
        if path.is_dir():
            paths = sorted(p for p in path.iterdir() if p.suffix in {".pem", ".pub"} and p.is_file())
        keys = [read_public(files.read(p), p.name) for p in paths]
        if not keys:
            raise InputError(f"no .pem or .pub file in {path}", "put the certifier's public key there")
        return cls({key_id(key): key for key in keys})


def trusted(path: Path | None, environment: Mapping[str, str] | None = None) -> Trust | None:
    """Return the keys that a verifier names: by an option, else by AUSCULT_TRUST; None where it names none.

    Raises:
        InputError: The named place holds no key.
        VerificationError: A file there is not a key.
    """
    named = path or (os.environ if environment is None else environment).get("AUSCULT_TRUST")
    return Trust.read(Path(named)) if named else None
