"""The one hash chain: every line carries the digest of the line before it.

Comes in: bytes of JSON objects. Goes out: chained lines, digests, and the first break. The ledger of certifications and
the audit store use it alike. A link is `sha256` of a whole line with its newline, and a line ends with
`,"previous":"<digest of the line before>"}`, so `sed -n 3p FILE | sha256sum` gives what line 4 must name.

A chain shows that a line was altered, moved or taken out between others. It can't show that its last lines are
missing: for that, keep its head somewhere else and hand it to `verify`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from guard import digest
from guard.digest import Digest
from guard.errors import DigestMismatch, InputError, OutputError

START = Digest("none")
"""What the first line names as the one before it."""


@dataclass(frozen=True, slots=True)
class Intact:
    """A chain without a break."""

    count: int
    """How many lines."""
    head: Digest
    """Digest of the last line; `START` of an empty chain."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A chain with a break."""

    index: int
    """Which line is the first that does not fit, from 0."""
    reason: str
    """Why."""


ChainReport = Intact | Broken


def line(previous: Digest, body: bytes) -> bytes:
    """Join a JSON object, encoded without a newline, to the line before it; the result ends with a newline.

    Raises:
        InputError: `body` is not one line with an object in it.
    """
    if not (body.startswith(b"{") and body.endswith(b"}")) or b"\n" in body:
        raise InputError("a chained record must be a JSON object on one line")
    comma = b"" if body == b"{}" else b","
    return body[:-1] + comma + _tail(previous)


def link(previous: Digest, body: bytes) -> Digest:
    """Return the digest of the line that joins `body` to the line before it: the new head."""
    return digest.of_bytes(line(previous, body))


def _tail(previous: Digest) -> bytes:
    return b'"previous":"' + previous.encode() + b'"}\n'


def verify(lines: Iterable[bytes], head: Digest | None = None) -> ChainReport:
    """Follow a chain from its start and name the first line that does not fit.

    Args:
        lines: Whole lines with their newlines.
        head: Digest of the last line, from somewhere else, if known.
    """
    previous, count = START, 0
    for index, text in enumerate(lines):
        if not text.endswith(b"\n"):
            return Broken(index, "is not a whole line")
        if not text.endswith(_tail(previous)):
            return Broken(index, "does not name the line before it")
        previous, count = digest.of_bytes(text), index + 1
    if head is not None and head != previous:
        return Broken(count, "is missing or the one before it is altered: the chain does not end where it should")
    return Intact(count, previous)


def append(path: Path, record: Mapping[str, Any], after: str | None = None) -> Digest:
    """Add a record to a file of chained JSON lines, durably, and return the new head.

    The file is locked meanwhile, so that two processes can't both continue the same line.

    Args:
        path: The file; made if it is not there.
        record: What is added.
        after: The head that the record must follow, if that matters.

    Raises:
        InputError: The record has a field `previous`, or is not JSON.
        DigestMismatch: The file is broken, or its head is not `after`; nothing is added.
        OutputError: The file can't be written; what was there before is there still.
    """
    if "previous" in record:
        raise InputError("a record can't carry a field called previous", "the chain adds it")
    try:
        body = msgspec.json.encode(dict(record))
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        raise InputError("a record of the chain is not JSON") from error
    with _locked(path) as descriptor:
        before = _whole(path, _read_all(descriptor))
        if after is not None and before.head != after:
            raise DigestMismatch(f"{path} has grown meanwhile", "run the command again")
        text = line(before.head, body)
        _write_end(path, descriptor, text)
    return digest.of_bytes(text)


def read(path: Path) -> tuple[dict[str, Any], ...]:
    """Return the records of a file of chained JSON lines, `previous` included; none of a file that is not there.

    Raises:
        DigestMismatch: The chain is broken, or the last line was cut off.
        InputError: The file can't be read.
    """
    data, _ = _load(path)
    try:
        return tuple(msgspec.json.decode(text, type=dict[str, Any]) for text in data.splitlines())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DigestMismatch(f"{path} holds a line that is not JSON") from error


def head(path: Path) -> Digest:
    """Return the digest of the last line of a file, `START` when there is none.

    Raises:
        DigestMismatch: The chain is broken, or the last line was cut off.
        InputError: The file can't be read.
    """
    return _load(path)[1].head


def _load(path: Path) -> tuple[bytes, Intact]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return b"", Intact(0, START)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    return data, _whole(path, data)


def _whole(path: Path, data: bytes) -> Intact:
    if data and not data.endswith(b"\n"):
        remedy = "the last write was cut off: take that part of a line out, after looking at it"
        raise DigestMismatch(f"{path} ends in the middle of a line", remedy)
    report = verify(data.splitlines(keepends=True))
    if isinstance(report, Broken):
        raise DigestMismatch(f"{path}, line {report.index + 1}: {report.reason}")
    return report


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[int]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _read_all(descriptor: int) -> bytes:
    parts: list[bytes] = []
    while part := os.read(descriptor, 1 << 20):
        parts.append(part)
    return b"".join(parts)


def _write_end(path: Path, descriptor: int, text: bytes) -> None:
    size = os.fstat(descriptor).st_size
    try:
        written = os.pwrite(descriptor, text, size)
        if written != len(text):
            raise OSError(0, "not everything was written")
        os.fsync(descriptor)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, size)
        raise OutputError(f"cannot write {path}: {error.strerror}", "free some space or name another place") from error
