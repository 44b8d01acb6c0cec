"""Checkpoints of an audit chain, kept elsewhere: with one, a tail that was cut off is found.

A checkpoint says how many events there were and which digest the last one had. They are chained lines of their own, in a
file on another machine or a write-once disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec

from guard import audit, chain
from guard.chain import Broken
from guard.digest import Digest
from guard.errors import AuscultError, InputError

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


class Chained(Protocol):
    """A chain; the audit store is one."""

    def head(self) -> tuple[int, Digest]:
        """Return how many events there are, and the digest of the last."""
        ...

    def digest_at(self, number: int) -> str:
        """Return the digest of an event; empty where there is none."""
        ...


def note(path: Path, store: Chained, now: datetime) -> tuple[int, Digest]:
    """Add a checkpoint to a file, durably, and return what it says.

    Raises:
        DigestMismatch: The file is broken.
        OutputError: It can't be written.
        StoreError: The store can't be read.
    """
    events, head = store.head()
    chain.append(path, {"at": audit.instant(now), "events": events, "head": head})
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


async def watch(
    path: Path, store: Chained, clock: Callable[[], datetime], report: Callable[[str], None], *, every: float = EVERY
) -> None:
    """Note a checkpoint again and again, and once more at the end; what fails is reported and tried again."""
    try:
        while True:
            await asyncio.to_thread(_try, path, store, clock, report)
            await asyncio.sleep(every)
    finally:
        _try(path, store, clock, report)


def _try(path: Path, store: Chained, clock: Callable[[], datetime], report: Callable[[str], None]) -> None:
    try:
        note(path, store, clock())
    except AuscultError as error:
        report(f"no checkpoint: {error}")
