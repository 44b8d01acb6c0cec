"""The ledger: one line per signed protocol, so that nobody tries until it passes without its being seen.

JSON lines `{at, product, claims, protocol, attempt, serial, previous}`, each naming the digest of the line before it.
Signing counts as an attempt; testing one protocol again gives the same bytes and does not. Rows drawn after an earlier
certificate has ended open a new budget. The ledger stops accidents, not an issuer who keeps two: the report says so.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from certify.report.sources import EarlierAttempt, Ledger
from guard import chain
from guard.digest import Digest
from guard.errors import DigestMismatch, ProtocolError
from guard.protocol import Protocol


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One attempt."""

    at: str
    """When the protocol was signed, RFC 3339."""
    until: str
    """When its certificate ends."""
    product: str
    """What it is about."""
    claims: tuple[str, ...]
    """Which claims."""
    protocol: str
    """Digest of the protocol's payload."""
    attempt: int
    """Counted per product and claims."""
    serial: int
    """Counted per product."""
    previous: str
    """Digest of the line before it."""
    sealed: str = ""
    """Digest of the site's own conversations that it names, or ""."""


@dataclass(frozen=True, slots=True)
class Next:
    """What a new attempt will be."""

    attempt: int
    """1 for the first."""
    serial: int
    """1 for the first certificate of a product."""
    head: Digest
    """Digest of the last line, or "none"."""


def default_path(environment: dict[str, str] | None = None) -> Path:
    """Return where the ledger is kept unless the caller says otherwise: in the user's data directory."""
    values = dict(os.environ) if environment is None else environment
    base = values.get("XDG_DATA_HOME") or str(Path(values.get("HOME", "~")).expanduser() / ".local" / "share")
    return Path(base) / "auscult" / "ledger.jsonl"


def read(path: Path) -> tuple[Entry, ...]:
    """Read and verify a ledger; empty when it does not exist yet.

    Raises:
        DigestMismatch: A line was edited, removed or reordered, or is not an entry.
    """
    try:
        return tuple(msgspec.convert(record, Entry) for record in chain.read(path))
    except msgspec.ValidationError as error:
        raise DigestMismatch(f"{path} has a line that is not a ledger entry: {error}") from error


def upcoming(path: Path, product: str, claims: Sequence[str], at: datetime) -> Next:
    """Say which attempt a new protocol would be.

    An attempt is one above the largest on the same product and any of the same claims whose certificate would still be in
    force, so that no share of a budget is spent twice. Once all of these have ended, a new budget opens.

    Raises:
        DigestMismatch: The ledger is broken.
    """
    entries = read(path)
    same = [entry for entry in entries if entry.product == product]
    spent = [entry.attempt for entry in same if set(entry.claims) & set(claims) and _end(path, entry) > at]
    return Next(max(spent, default=0) + 1, len(same) + 1, chain.head(path))


def require_unused(path: Path, sealed: str, protocol: str = "") -> None:
    """Check that no other protocol, of any product, has named a site's own conversations: they are used once.

    Args:
        path: The ledger.
        sealed: Digest of the file.
        protocol: The one protocol that may; "" before it is signed.

    Raises:
        ProtocolError: Another one has.
        DigestMismatch: The ledger is broken.
    """
    for entry in read(path):
        if entry.sealed == sealed and entry.protocol != protocol:
            raise ProtocolError(
                f"the sealed file {sealed[:23]}… was used by the protocol {entry.protocol[:23]}… of {entry.at}",
                "a file that was scored once says nothing new: seal fresh conversations",
            )


def _end(path: Path, entry: Entry) -> datetime:
    try:
        end = datetime.fromisoformat(entry.until)
    except ValueError as error:
        raise DigestMismatch(f"{path} has an entry that does not say when it ends") from error
    return end if end.tzinfo else end.replace(tzinfo=UTC)


def append(path: Path, entry: Entry) -> Digest:
    """Add an entry durably and return the new head.

    Raises:
        DigestMismatch: Somebody else wrote an entry since `upcoming` was asked, or the ledger is broken.
        OutputError: The file can't be written.
    """
    record = {name: value for name, value in msgspec.to_builtins(entry).items() if name != "previous"}
    return chain.append(path, record, after=entry.previous)


def section(path: Path, plan: Protocol, payload: Digest) -> Ledger:
    """Return what the report says of the ledger: the head with this attempt, and the attempts before it.

    What was appended later changes nothing, so that testing again gives the same report.
    """
    entries = read(path)
    at = next((index for index, entry in enumerate(entries) if entry.protocol == payload), None)
    if at is None:
        return Ledger(plan.ledger_head, known=False)
    head = entries[at + 1].previous if at + 1 < len(entries) else chain.head(path)
    earlier = tuple(
        EarlierAttempt(entry.at, entry.attempt, entry.protocol, "not reported")
        for entry in entries[:at]
        if entry.product == plan.product
    )
    budgets = sum(one.attempt == 1 for one in earlier) + (plan.attempt == 1)
    return Ledger(head, earlier, max(1, budgets))
