"""Text sealed to a public key: the guard can write it and never read it again. HPKE (RFC 9180).

The private half stays with whoever may read conversations. What is sealed is bound to its event: moved to another one, it
does not open.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hpke, serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from guard import files
from guard.errors import InputError, VerificationError

PREFIX = "x25519:"
"""Before the base64 of a public key."""
SEALED = "hpke-x25519-sha256-chacha20poly1305:"
"""Before the base64 of what is sealed: encapsulated key, then ciphertext."""
_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)


def recipient(written: str) -> X25519PublicKey:
    """Read a public key as a policy names it: `x25519:` and the base64 of 32 bytes.

    Raises:
        InputError: It is none.
    """
    try:
        if not written.startswith(PREFIX):
            raise ValueError
        return X25519PublicKey.from_public_bytes(base64.b64decode(written.removeprefix(PREFIX), validate=True))
    except (ValueError, binascii.Error) as error:
        remedy = "auscult guard audit key makes a pair and says what to write"
        raise InputError("the key that audit content is sealed to is not an x25519 public key", remedy) from error


def written(key: X25519PrivateKey) -> str:
    """Write the public half as a policy names it."""
    return PREFIX + base64.b64encode(key.public_key().public_bytes_raw()).decode()


def seal(text: str, to: X25519PublicKey, *, request: str, sequence: int) -> str:
    """Seal a text to a key and to one event."""
    return SEALED + base64.b64encode(_SUITE.encrypt(text.encode(), to, _info(request, sequence))).decode()


def unseal(sealed: str, key: X25519PrivateKey, *, request: str, sequence: int) -> str:
    """Open what was sealed.

    Raises:
        InputError: It is nothing that was sealed.
        VerificationError: It was sealed to another key, for another event, or altered.
    """
    if not sealed.startswith(SEALED):
        raise InputError("this event holds no sealed text")
    try:
        data = base64.b64decode(sealed.removeprefix(SEALED), validate=True)
        return _SUITE.decrypt(data, key, _info(request, sequence)).decode()
    except (InvalidTag, ValueError) as error:  # too short, not base64, or it does not open
        raise VerificationError("the sealed text does not open with this key: it is another's, or was altered") from error


def generate() -> X25519PrivateKey:
    """Make a pair from the operating system's randomness."""
    return X25519PrivateKey.generate()


def write_private(path: Path, key: X25519PrivateKey, password: bytes) -> None:
    """Write an encrypted key file that only its owner can read.

    Raises:
        InputError: There is no password.
        OutputError: The file can't be written.
    """
    if not password:
        raise InputError("a key file needs a password", "set AUSCULT_KEY_PASSWORD")
    how = serialization.BestAvailableEncryption(password)
    files.write(path, key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how), mode=0o600)


def read_private(path: Path, password: bytes) -> X25519PrivateKey:
    """Read an encrypted key file.

    Raises:
        InputError: It is missing, readable by others, no such key, or the password is wrong.
    """
    pem = files.read(path)
    if path.stat().st_mode & 0o077:
        raise InputError(f"{path} can be read by others", f"run chmod 600 {path}")
    try:
        key = serialization.load_pem_private_key(pem, password or None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InputError(f"cannot open the key {path}", "check the file and AUSCULT_KEY_PASSWORD") from error
    if not isinstance(key, X25519PrivateKey):
        raise InputError(f"{path} is not an X25519 key", "make one with auscult guard audit key")
    return key


def _info(request: str, sequence: int) -> bytes:
    return f"urn:auscult:audit:content:v1 {request} {sequence}".encode()
