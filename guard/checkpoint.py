"""Checkpoints: the signed head of an append-only log, as a note that people can read and copy.

    example.org/auscult          who keeps the log: its origin
    3                            how many entries
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=        root of their Merkle tree
    date 2026-11-26T08:00:00+00:00                      when it was signed, as the signer says; may be missing

    — example.org/auscult Az3grl...                      key hash and signature

Format: C2SP signed-note and tlog-checkpoint. Logs elsewhere mostly sign with Ed25519 or ML-DSA; we sign with the issuer's ECDSA
P-256 key, the note signature type 0x02, whose key hash is the first four bytes of our key id. An origin has no space, so that
no note can pass for the encoding that a DSSE signature is made over, which begins with "DSSEv1 ".

The date is an extension line of C2SP tlog-checkpoint: readers elsewhere pass over it, and no other extension is read here.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from guard import digest, moments
from guard.dsse import low
from guard.errors import InputError, SignatureError, UnknownSigner, VerificationError
from guard.keys import PublicKey, SigningKey, key_id, signer

_ORIGIN = re.compile(r"[^\s+\x00-\x1f]{1,200}")
_COUNT = re.compile(r"0|[1-9][0-9]{0,17}")
_DATE = "date "
_SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log at one size."""

    origin: str
    """Who keeps the log; a name such as `example.org/auscult`."""
    size: int
    """How many entries."""
    root: bytes
    """Root of their Merkle tree."""
    signer: str
    """Key id of the key that verified it."""
    at: datetime | None = None
    """When it was signed, as the signer says; None where the head says nothing."""

    @property
    def head(self) -> str:
        """The root as it is printed."""
        return f"sha256:{self.root.hex()}"


def sign(origin: str, size: int, root: bytes, key: SigningKey, at: datetime | None = None) -> bytes:
    """Write and sign the note of a log's head, with a date or without.

    Raises:
        InputError: The origin can't be one.
    """
    if not _ORIGIN.fullmatch(origin):
        raise InputError(f"not the origin of a log: {origin[:40]!r}", "name it like example.org/auscult, without spaces or +")
    dated = f"{_DATE}{moments.write(at)}\n" if at is not None else ""
    text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n{dated}"
    one = signer(key)
    signature = _key_hash(key_id(one.public)) + low(one.sign(text.encode()))
    return f"{text}\n— {origin} {base64.b64encode(signature).decode()}\n".encode()


def read(note: bytes, keys: Mapping[str, PublicKey]) -> Checkpoint:
    """Verify a checkpoint, then parse it.

    1. It is a signed note.
    2. Of its signatures in the name of its origin, those by known keys fit its text, and there is one.
    3. Its text is an origin, a size and a root, perhaps a date, and nothing else.

    Signatures of others, such as witnesses, are passed over: a note may gather them.

    Raises:
        VerificationError: A step failed, as SignatureError or UnknownSigner where it is one.
    """
    # (1)
    text, lines = _open(note)
    origin = text.partition("\n")[0]
    # (2)
    signed_by = [
        _verified(text, raw[4:], name, key)
        for origin_of, raw in lines
        for name, key in keys.items()
        if origin_of == origin and raw[:4] == _key_hash(name)
    ]
    if not signed_by:
        raise UnknownSigner("the checkpoint is signed by no key that is trusted", "name the log's key with --trust")
    # (3)
    return _parse(text, signed_by[0])


def unverified(note: bytes) -> Checkpoint:
    """Parse a checkpoint *without* checking its signature, for who makes proofs and trusts nothing by it.

    Raises:
        VerificationError: It is not a checkpoint.
    """
    return _parse(_open(note)[0], "")


def _parse(text: str, signed_by: str) -> Checkpoint:
    match text.split("\n"):
        case [origin, size, root, *dated, ""] if _ORIGIN.fullmatch(origin) and _COUNT.fullmatch(size) and len(dated) < 2:
            return Checkpoint(origin, int(size), hash_of(root), signed_by, _moment(dated[0]) if dated else None)
    raise VerificationError("the note is not a checkpoint of a log: origin, size, root")


def _moment(line: str) -> datetime:
    """Read the line with the date, written the one way that there is."""
    if not line.startswith(_DATE):
        raise VerificationError(f"the checkpoint has a line that this version does not read: {line[:60]!r}")
    found = moments.signed(line.removeprefix(_DATE), "the checkpoint")
    if line != _DATE + moments.write(found):
        raise VerificationError(f"the checkpoint's date is not as it is written: {line[:60]!r}")
    return found


def hash_of(text: str) -> bytes:
    """Read a hash in base64, written the one way that there is.

    Raises:
        VerificationError: It is none.
    """
    found = _base64(text, "a hash")
    if len(found) != 32:
        raise VerificationError(f"not a hash: {text[:60]!r}")
    return found


def _key_hash(keyid: str) -> bytes:
    return digest.raw(keyid)[:4]


def _verified(text: str, signature: bytes, name: str, key: PublicKey) -> str:
    try:
        key.verify(signature, text.encode(), ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError) as error:
        raise SignatureError("the signature does not fit the checkpoint") from error
    return name


def _open(note: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    try:
        body, blank, signatures = note.decode().rpartition("\n\n")
    except UnicodeDecodeError as error:
        raise VerificationError("the checkpoint is not UTF-8 text") from error
    found = [_SIGNATURE.fullmatch(line) for line in signatures.split("\n")[:-1]]
    plain = not re.search(r"[\x00-\x09\x0b-\x1f]", body)
    if not blank or not signatures.endswith("\n") or not found or None in found or not plain:
        raise VerificationError("not a signed note: text, an empty line, signatures")
    return body + "\n", [(one[1], _base64(one[2], "a signature of the note")) for one in found if one]


def _base64(text: str, what: str) -> bytes:
    """Decode base64 that is written the one way that there is."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise VerificationError(f"{what} is not base64: {text[:60]!r}") from error
    if base64.b64encode(found).decode() != text:
        raise VerificationError(f"{what} is not base64 as it is written: {text[:60]!r}")
    return found
