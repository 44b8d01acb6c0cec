"""Proofs from an append-only log, as files that are checked offline: an entry is in it, and it only grew.

An inclusion proof is a C2SP tlog-proof: the entry's index, the path of hashes, and the signed checkpoint. A consistency proof
has the form that C2SP tlog-witness gives to its requests: the old size, the path, and the new checkpoint.

An entry is the 32 bytes of the SHA-256 of a signed payload, so a log tells nothing of what is in a protocol or certificate.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass

from guard import checkpoint, digest, merkle
from guard.checkpoint import Checkpoint
from guard.errors import VerificationError
from guard.keys import PublicKey

MAGIC = "c2sp.org/tlog-proof@v1"
"""First line of an inclusion proof."""

_INDEX = re.compile(r"index (0|[1-9][0-9]{0,17})")
_OLD = re.compile(r"old (0|[1-9][0-9]{0,17})")


@dataclass(frozen=True, slots=True)
class Included:
    """An entry that is in a log."""

    index: int
    """Its place, from 0."""
    checkpoint: Checkpoint
    """The head under which it is."""


def write_inclusion(index: int, path: tuple[bytes, ...], note: bytes) -> bytes:
    """Write the proof that the entry at an index is under the checkpoint `note`."""
    return _write([MAGIC, f"index {index}"], path, note)


def write_consistency(old: int, path: tuple[bytes, ...], note: bytes) -> bytes:
    """Write the proof that the first `old` entries are the beginning of the log at the checkpoint `note`."""
    return _write([f"old {old}"], path, note)


def is_consistency(proof: bytes) -> bool:
    """Say which of the two kinds of proof a file is meant to be."""
    return proof.startswith(b"old ")


def included(proof: bytes, payload: str, keys: Mapping[str, PublicKey]) -> Included:
    """Verify that the digest of a signed payload is in a log.

    1. The proof is written as proofs are.
    2. Its checkpoint is signed by one of `keys`.
    3. The path leads from the entry to the checkpoint's root.

    Raises:
        VerificationError: A step failed.
    """
    # (1)
    lines, note = _open(proof)
    found = _INDEX.fullmatch(lines[1]) if lines[0] == MAGIC and len(lines) > 1 else None
    if found is None:
        raise VerificationError(f"not a proof of inclusion: it does not begin with {MAGIC} and an index")
    path = [checkpoint.hash_of(line) for line in lines[2:]]
    # (2)
    head = checkpoint.read(note, keys)
    # (3)
    index, one = int(found[1]), merkle.leaf(digest.raw(payload))
    if not merkle.includes(one, index, head.size, path, head.root):
        raise VerificationError("the proof does not show that this document is in the log")
    return Included(index, head)


def extended(proof: bytes, kept: bytes, keys: Mapping[str, PublicKey]) -> tuple[Checkpoint, Checkpoint]:
    """Verify that a log only grew since a checkpoint that was kept elsewhere; return it and the new one.

    1. The proof is written as proofs are.
    2. Both checkpoints are signed by one of `keys`, and of one log.
    3. The path leads from the old root to the new one, which is not dated earlier.

    Raises:
        VerificationError: A step failed: where both are signed and the path does not lead there, the log was rewritten.
    """
    # (1)
    lines, note = _open(proof)
    found = _OLD.fullmatch(lines[0])
    if found is None:
        raise VerificationError("not a proof of consistency: it does not begin with an old size")
    path = [checkpoint.hash_of(line) for line in lines[1:]]
    # (2)
    old, new = checkpoint.read(kept, keys), checkpoint.read(note, keys)
    if old.origin != new.origin:
        raise VerificationError(f"the checkpoints are of two logs: {old.origin} and {new.origin}")
    # (3)
    if int(found[1]) != old.size:
        raise VerificationError(f"the proof starts at {found[1]} entries, the kept checkpoint at {old.size}")
    if not merkle.extends(old.size, new.size, path, old.root, new.root):
        raise VerificationError("the proof does not show that the log only grew since the kept checkpoint")
    if old.at and new.at and new.at < old.at:
        raise VerificationError("the checkpoint is dated before the kept one, which it continues")
    return old, new


def checkpoint_of(proof: bytes) -> bytes:
    """Return the checkpoint inside a proof, not yet verified.

    Raises:
        VerificationError: It is not a proof.
    """
    return _open(proof)[1]


def _write(head: list[str], path: tuple[bytes, ...], note: bytes) -> bytes:
    lines = head + [base64.b64encode(one).decode() for one in path]
    return "\n".join(lines).encode() + b"\n\n" + note


def _open(proof: bytes) -> tuple[list[str], bytes]:
    head, blank, note = proof.partition(b"\n\n")
    try:
        lines = head.decode().split("\n")
    except UnicodeDecodeError as error:
        raise VerificationError("the proof is not UTF-8 text") from error
    if not blank or len(lines) > 80:
        raise VerificationError("not a proof from a log: lines, an empty line, a checkpoint")
    return lines, note
