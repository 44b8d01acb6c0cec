"""An append-only log of protocols and certificates: a folder of plain files that can be published as it is.

    entries            one line an entry, `sha256:` digest of a signed payload, in the order in which they came
    checkpoint         the signed head
    checkpoints/<n>    the same, of each size that was ever signed

Who signs heads of a log can leave nothing out of it later, nor slip anything in, for those who kept an earlier head. Nobody
else can see that a tail was cut: so hand heads out, and keep one elsewhere.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from guard import certificate, checkpoint, digest, dsse, files, log_proof, merkle, protocol
from guard.checkpoint import Checkpoint
from guard.digest import Digest
from guard.errors import CheckFailed, DigestMismatch, InputError, OutputError, VerificationError
from guard.keys import PublicKey, SigningKey, key_id, public

ENTRIES = "entries"
HEAD = "checkpoint"
HEADS = "checkpoints"
KINDS = (protocol.PREDICATE, certificate.PREDICATE)
"""What is logged, by predicate type."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a log."""

    index: int
    """Its place, from 0."""
    payload: Digest
    """Digest of the signed payload."""
    added: bool
    """Whether it was added just now; False where the log had it already."""


def payload_of(bundle: bytes) -> Digest:
    """Return the digest of what a protocol's or a certificate's bundle signs; its signature is not checked.

    Raises:
        VerificationError: It is neither.
    """
    for kind in KINDS:
        with contextlib.suppress(VerificationError):
            return dsse.open_bundle(bundle, kind).digest
    raise VerificationError("only protocols and certificates are logged, and this is neither", "name a dossier or such a file")


def entries(folder: Path) -> tuple[Digest, ...]:
    """Read the entries of a log.

    Raises:
        InputError: There is no log.
        DigestMismatch: A line is not an entry.
    """
    if not (folder / ENTRIES).is_file():
        raise InputError(f"no log at {folder}", "begin one with auscult certify log append")
    return _read(folder)


def append(folder: Path, payloads: Sequence[Digest]) -> tuple[Entry, ...]:
    """Add entries to a log, which begins with the first; what it has already is not added twice.

    Raises:
        DigestMismatch: A line of the log is not an entry.
        OutputError: The log can't be written.
    """
    with _locked(folder):
        found = list(_read(folder)) if (folder / ENTRIES).exists() else []
        known = {payload: index for index, payload in enumerate(found)}
        added = []
        for payload in payloads:
            added.append(Entry(known.setdefault(payload, len(found)), payload, known[payload] == len(found)))
            if added[-1].added:
                found.append(payload)
        files.write(folder / ENTRIES, "".join(f"{one}\n" for one in found).encode())
    return tuple(added)


def sign_head(
    folder: Path, origin: str | None, key: SigningKey, known: Mapping[str, PublicKey], at: datetime | None = None
) -> bytes:
    """Sign the head of a log, and keep it with the earlier ones.

    1. The last signed head is by this key or a known one, and the log still begins with what it is the head of.
    2. The head is signed and written, with the date if there is one; where nothing was added since the last, that one stays.

    The origin is named once; afterwards it is the one of the last head.

    Raises:
        CheckFailed: The log was cut or rewritten since its last head.
        InputError: There is no log, or no origin, or another one, or the last head is dated later than this one.
    """
    with _locked(folder):
        leaves = _leaves(folder)
        # (1)
        if (folder / HEAD).exists():
            note = files.read(folder / HEAD)
            last = checkpoint.read(note, {**known, key_id(public(key)): public(key)})
            _require_beginning(leaves, last)
            if origin not in {None, last.origin}:
                raise InputError(f"the origin of this log is {last.origin}", "leave --origin out")
            if last.size == len(leaves):
                return note
            if last.at and at and at < last.at:
                raise InputError(f"the last head of this log is dated later than now: {last.at}", "check the clock")
            origin = last.origin
        if origin is None:
            raise InputError("the log has no origin yet", "name it with --origin, like example.org/auscult")
        # (2)
        note = checkpoint.sign(origin, len(leaves), merkle.root(leaves), key, at)
        files.write(folder / HEADS / str(len(leaves)), note)
        files.write(folder / HEAD, note)
    return note


def prove_entry(folder: Path, payload: Digest) -> bytes:
    """Write the proof that an entry is in the log under its last head.

    Raises:
        CheckFailed: It is not.
        InputError: The log has no head yet.
    """
    leaves, note = _leaves(folder), _head(folder)
    size = checkpoint.unverified(note).size
    found = entries(folder)[:size]
    if payload not in found or size > len(leaves):
        raise CheckFailed("the log's checkpoint does not cover this document", "append it, and sign a new checkpoint")
    index = found.index(payload)
    return log_proof.write_inclusion(index, merkle.inclusion(leaves[:size], index), note)


def prove_growth(folder: Path, kept: bytes) -> bytes:
    """Write the proof that the log's last head continues an earlier one.

    Raises:
        CheckFailed: The log is shorter than the earlier head says.
    """
    leaves, note = _leaves(folder), _head(folder)
    old, size = checkpoint.unverified(kept).size, checkpoint.unverified(note).size
    if old > size or size > len(leaves):
        raise CheckFailed(f"the log has {min(size, len(leaves))} entries, the kept checkpoint {old}: its tail was cut")
    return log_proof.write_consistency(old, merkle.consistency(leaves[:size], old), note)


def verify(folder: Path, keys: Mapping[str, PublicKey], kept: bytes | None = None) -> Checkpoint:
    """Verify a whole log, and that it continues a head which was kept elsewhere.

    1. Its last head is signed by one of `keys`, and it is the head of its entries.
    2. So is each earlier head that it has, of the first entries, and none is dated later than one of more entries.
    3. The kept head is of this log, and of its first entries.

    Entries that came after the last head are not covered by it. Without a kept head a tail that was cut, with the heads that
    covered it, is not found.

    Raises:
        VerificationError: A head is not signed by a known key.
        CheckFailed: The log was cut or rewritten.
    """
    leaves = _leaves(folder)
    # (1)
    head = checkpoint.read(_head(folder), keys)
    _require_beginning(leaves, head)
    # (2)
    heads = [head]
    for path in sorted((folder / HEADS).glob("*")):
        earlier = checkpoint.read(files.read(path), keys)
        if earlier.origin != head.origin or earlier.size > head.size:
            raise CheckFailed(f"{path.name} in {HEADS} is no earlier checkpoint of this log")
        _require_beginning(leaves, earlier)
        heads.append(earlier)
    _require_dates_in_order(heads)
    # (3)
    if kept is not None:
        mine = checkpoint.read(kept, keys)
        if mine.origin != head.origin:
            raise CheckFailed(f"the kept checkpoint is of another log: {mine.origin}")
        if mine.size > head.size:
            raise CheckFailed(f"the log ends at {head.size} entries, the kept checkpoint has {mine.size}: its tail was cut")
        _require_beginning(leaves, mine)
    return head


def _require_beginning(leaves: Sequence[bytes], head: Checkpoint) -> None:
    if head.size > len(leaves):
        raise CheckFailed(f"the log has {len(leaves)} entries, a signed checkpoint {head.size}: its tail was cut")
    if merkle.root(leaves[: head.size]) != head.root:
        raise CheckFailed(f"the log's first {head.size} entries are not those that were signed: it was rewritten")


def _require_dates_in_order(heads: Sequence[Checkpoint]) -> None:
    dated = [(one.size, one.at) for one in sorted(heads, key=lambda one: one.size) if one.at is not None]
    for (size, at), (more, later) in itertools.pairwise(dated):
        if size < more and later < at:
            raise CheckFailed(f"the checkpoint of {more} entries is dated before that of {size}")


def _head(folder: Path) -> bytes:
    if not (folder / HEAD).is_file():
        raise InputError(f"the log at {folder} has no checkpoint", "sign one with auscult certify log checkpoint")
    return files.read(folder / HEAD)


def _leaves(folder: Path) -> tuple[bytes, ...]:
    return tuple(merkle.leaf(digest.raw(payload)) for payload in entries(folder))


def _read(folder: Path) -> tuple[Digest, ...]:
    lines = files.read(folder / ENTRIES).split(b"\n")
    try:
        found = tuple(Digest(line.decode()) for line in lines[:-1])
        for payload in found:
            digest.raw(payload)
    except (InputError, UnicodeDecodeError) as error:
        raise DigestMismatch(f"{folder / ENTRIES} has a line that is not a digest") from error
    if lines[-1]:
        raise DigestMismatch(f"{folder / ENTRIES} ends in the middle of a line")
    return found


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep two processes from writing one log at once."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
