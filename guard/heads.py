"""Checkpoints of an audit chain, kept elsewhere: with one, a tail that was cut off is found.

A checkpoint says how many events there were and which digest the last one had. They are chained lines of their own, in a
file on another machine or a write-once disk. With a key of the guard's own they are signed, so that who can write that file can
still not make one up.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from guard import audit, chain
from guard.chain import Broken
from guard.digest import Digest
from guard.dsse import low
from guard.errors import AuscultError, InputError, SignatureError, UnknownSigner
from guard.keys import PublicKey, SigningKey, key_id, signer

EVERY = 300.0
"""Seconds between checkpoints."""


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far a chain had come."""

    at: str
    """RFC 3339, UTC."""
    events: int
    """How many there were."""
    head: str
    """Digest of the last."""
    previous: str
    """Digest of the checkpoint before this one."""
    key: str = ""
    """Id of the key that signed it; empty where none did."""
    signature: str = ""
    """ECDSA P-256 with SHA-256 over `signed_text`, in base64."""


class Chained(Protocol):
    """A chain; the audit store is one."""

    def head(self) -> tuple[int, Digest]:
        """Return how many events there are, and the digest of the last."""
        ...

    def digest_at(self, number: int) -> str:
        """Return the digest of an event; empty where there is none."""
        ...


def signed_text(at: str, events: int, head: str) -> bytes:
    """Return what is signed of a checkpoint: no other text that we sign begins like it."""
    return f"auscult audit checkpoint\n{at}\n{events}\n{head}\n".encode()


def note(path: Path, store: Chained, now: datetime, key: SigningKey | None = None) -> tuple[int, Digest]:
    """Add a checkpoint to a file, durably, and return what it says; signed, where there is a key.

    Raises:
        DigestMismatch: The file is broken.
        OutputError: It can't be written.
        StoreError: The store can't be read.
    """
    events, head = store.head()
    record: dict[str, str | int] = {"at": audit.instant(now), "events": events, "head": head}
    if key is not None:
        one = signer(key)
        signature = low(one.sign(signed_text(audit.instant(now), events, head)))
        record |= {"key": key_id(one.public), "signature": base64.b64encode(signature).decode()}
    chain.append(path, record)
    return events, head


def read(path: Path) -> tuple[Checkpoint, ...]:
    """Return the checkpoints of a file.

    Raises:
        DigestMismatch: The file is broken.
        InputError: It is missing, or holds something else.
    """
    if not path.exists():
        raise InputError(f"no checkpoints at {path}", "check the path")
    try:
        return tuple(msgspec.convert(record, Checkpoint) for record in chain.read(path))
    except msgspec.ValidationError as error:
        raise InputError(f"{path} holds something else than checkpoints of an audit chain") from error


def against(store: Chained, kept: Sequence[Checkpoint]) -> Broken | None:
    """Return the first break between a chain, itself intact, and checkpoints of it."""
    for one in kept:
        if one.events and (found := store.digest_at(one.events - 1)) != one.head:
            reason = "is another than" if found else "is missing, which was there at"
            return Broken(one.events - 1, f"{reason} the checkpoint of {one.at}")
    return None


def require_signed(kept: Sequence[Checkpoint], keys: Mapping[str, PublicKey]) -> int:
    """Check that checkpoints are signed by known keys, from the first that is signed to the last; return how many are.

    Those before the first are passed over: signing may begin later than the file.

    Raises:
        UnknownSigner: One is signed by no known key, or not at all: it may have been put in, or its signature taken off.
        SignatureError: A signature does not fit.
    """
    first = next((number for number, one in enumerate(kept) if one.key), None)
    if first is None:
        raise UnknownSigner("no checkpoint is signed", "have them signed with --checkpoint-key, or leave out --trust")
    for one in kept[first:]:
        if one.key not in keys:
            by = f"by key {one.key[:23]}…, which is not trusted" if one.key else "by nobody"
            raise UnknownSigner(f"the checkpoint of {one.at} is signed {by}", "name the public half of its key with --trust")
        try:
            signature = base64.b64decode(one.signature, validate=True)
            keys[one.key].verify(signature, signed_text(one.at, one.events, one.head), ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, binascii.Error, ValueError) as error:
            raise SignatureError(f"the signature of the checkpoint of {one.at} does not fit it") from error
    return len(kept) - first


async def watch(
    path: Path,
    store: Chained,
    clock: Callable[[], datetime],
    report: Callable[[str], None],
    *,
    every: float = EVERY,
    key: SigningKey | None = None,
) -> None:
    """Note a checkpoint again and again, and once more at the end; what fails is reported and tried again."""
    try:
        while True:
            await asyncio.to_thread(_try, path, store, clock, report, key)
            await asyncio.sleep(every)
    finally:
        _try(path, store, clock, report, key)


def _try(
    path: Path, store: Chained, clock: Callable[[], datetime], report: Callable[[str], None], key: SigningKey | None
) -> None:
    try:
        note(path, store, clock(), key)
    except AuscultError as error:
        report(f"no checkpoint: {error}")
