"""One revocation list: the format, how it is written, and how it is verified.

Comes in: what is withdrawn, or a signed list. Goes out: a payload to sign, or `Listed`. What several lists come to is
`guard.revocation`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from guard import digest, dsse, moments
from guard.digest import Digest
from guard.errors import InputError, VerificationError
from guard.signed import Signed
from guard.trust import REVOCATIONS as PREDICATE
from guard.trust import Trust

VALID_FOR = timedelta(days=7)
"""How long a list holds, unless said otherwise."""
LONGEST = timedelta(days=31)
"""No list may hold for longer: whoever gets an old one must notice."""


class Entry(Signed, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is withdrawn: a key, or a certificate by its digest, or by product and serial number."""

    key: str = ""
    """Key id: nothing that it signed counts any longer."""
    certificate: str = ""
    """Digest of a certificate's payload."""
    product: str = ""
    """With `serial`: what the certificate calls the thing that is certified."""
    serial: int = 0
    """With `product`: the certificate's serial number, from 1."""
    at: str
    """RFC 3339: withdrawn from here on."""
    reason: str
    """Why, for people."""

    @property
    def begins(self) -> datetime:
        """When it is withdrawn."""
        return moments.signed(self.at, "the revocation list")


class Revocations(Signed, frozen=True, kw_only=True):
    """The predicate of a list."""

    number: int
    """Counts up with each issue, from 1."""
    issued: str
    """RFC 3339: when it was signed."""
    expires: str
    """RFC 3339: when a newer one must have taken its place."""
    revoked: tuple[Entry, ...]
    """What is withdrawn; later issues repeat it."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A verified list."""

    says: Revocations
    """What it says."""
    name: str
    """File that it stood in."""
    signer: str
    """Key id."""
    origin: str
    """First key of the signer's line: lists of one line follow each other."""
    digest: Digest
    """Digest of the signed bytes."""
    issued: datetime
    """When it was signed."""
    expires: datetime
    """When it must have been replaced."""


def read(data: bytes, trust: Trust, name: str = "the revocation list") -> Listed:
    """Verify one list.

    Raises:
        VerificationError: It is not signed by a trusted key in its time, or is not in the format.
    """
    try:
        signed = dsse.verify(data, trust.keys, PREDICATE)
    except VerificationError as error:
        raise type(error)(f"{name}: {error.problem}") from error
    says = _read(signed.predicate, name)
    issued, expires = moments.signed(says.issued, name), moments.signed(says.expires, name)
    trust.require(signed.signer, issued, name)
    if not issued < expires <= issued + LONGEST or says.number < 1:
        raise VerificationError(f"{name} has no number, or holds for longer than {LONGEST.days} days, or for no time")
    for entry in says.revoked:
        _check(entry, name)
    return Listed(says, name, signed.signer, trust.origin(signed.signer), signed.digest, issued, expires)


def statement(before: Listed | None, more: Iterable[Entry], *, now: datetime, valid_for: timedelta = VALID_FOR) -> bytes:
    """Write the payload of the next list: all that the one before says, and more.

    Raises:
        InputError: It would hold for no time or too long, an entry is none, or the clock is behind the list before.
    """
    if not timedelta(0) < valid_for <= LONGEST:
        raise InputError(f"a revocation list holds for at least a day and at most {LONGEST.days} days")
    if before and now < before.issued:
        raise InputError(f"list {before.says.number} was issued on {before.says.issued}, after now", "check the clock")
    added = tuple(more)
    for entry in added:
        try:
            _check(entry, "the list")
        except VerificationError as error:
            raise InputError(error.problem) from error
    says = Revocations(
        number=before.says.number + 1 if before else 1,
        issued=moments.write(now),
        expires=moments.write(now + valid_for),
        revoked=tuple(dict.fromkeys([*(before.says.revoked if before else ()), *added])),
    )
    return dsse.statement(PREDICATE, says, {"revoked": digest.of_bytes(digest.canonical(msgspec.to_builtins(says.revoked)))})


def _read(predicate: Any, name: str) -> Revocations:
    try:
        return msgspec.convert(predicate, Revocations)
    except msgspec.ValidationError as error:
        raise VerificationError(f"{name} is not in the format of {PREDICATE}") from error


def _check(entry: Entry, name: str) -> None:
    by_number = bool(entry.product) and entry.serial > 0
    if [bool(entry.key), bool(entry.certificate), by_number].count(True) != 1 or bool(entry.product) != by_number:
        raise VerificationError(f"{name} has an entry that names none, or more than one, of key, certificate and serial number")
    if not entry.reason.strip():
        raise VerificationError(f"{name} has an entry without a reason")
    try:
        digest.raw(entry.key or entry.certificate or "sha256:" + "0" * 64)
    except InputError as error:
        raise VerificationError(f"{name} has an entry with an id that is none") from error
    moments.signed(entry.at, name)
