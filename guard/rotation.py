"""One key hands over to the next: announcements, signed by the old key, and the lines of keys that follow from them.

Comes in: the keys that a verifier trusts, and announcements from its trust directory. Goes out: these keys and those that
they announced, each with the time in which its signatures count. The old key alone vouches for the new one, so that
whoever trusted the old one needs no new visit from the issuer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from guard import dsse, moments
from guard.errors import InputError, UnknownSigner, VerificationError
from guard.keys import PublicKey, key_id, public_pem, read_public
from guard.moments import Window
from guard.signed import Signed

PREDICATE = "urn:auscult:key-rotation:v1"
"""Predicate type of an announcement."""


class Rotation(Signed, frozen=True, kw_only=True):
    """The predicate of an announcement."""

    old: str
    """Key id of the key that signs this, and hands over."""
    new: str
    """Key id of the key that takes over."""
    new_key: str
    """That key, as PEM."""
    issued: str
    """RFC 3339: when this was signed."""
    begins: str
    """RFC 3339: signatures of the new key count from here on."""
    ends: str
    """RFC 3339: signatures of the old key count until here."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Keys, and how they follow from each other."""

    keys: Mapping[str, PublicKey]
    """By key id."""
    windows: Mapping[str, Window]
    """When the signatures of a key count; always, where it is missing."""
    origins: Mapping[str, str]
    """First key of the line that a key stands in."""
    vouchers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Keys without whose word a key would not be trusted, the nearest first; none for a key that a verifier names itself."""


def statement(old: PublicKey, new: PublicKey, *, issued: datetime, begins: datetime, ends: datetime) -> bytes:
    """Write the payload of an announcement, for the old key to sign.

    Raises:
        InputError: The dates are not in order, or a key would take over from itself.
    """
    if key_id(old) == key_id(new):
        raise InputError("a key can't take over from itself")
    if not issued <= begins <= ends:
        raise InputError("the new key begins before now, or after the end of the old one", "put them in order: now, start, end")
    says = Rotation(
        old=key_id(old),
        new=key_id(new),
        new_key=public_pem(new).decode(),
        issued=moments.write(issued),
        begins=moments.write(begins),
        ends=moments.write(ends),
    )
    return dsse.statement(PREDICATE, says, {"key": says.new})


def follow(roots: Mapping[str, PublicKey], windows: Mapping[str, Window], announced: Mapping[str, bytes]) -> Lines:
    """Follow announcements from the keys that a verifier trusts.

    1. Each is signed by a trusted key, or by one that such a key announced, directly or along a line.
    2. It speaks of the key that signed it, and its new key is the one that it names.
    3. No key hands over twice or is announced twice, and no line goes in a circle.
    4. It was signed while the old key's signatures counted, and is not dated back: signed, then start, then end.
    5. From then on the old key's window has an end, and the new key's a beginning.

    Args:
        roots: Trusted keys by id.
        windows: What the verifier says of keys, by id; announcements can only narrow it.
        announced: Bundles by file name.

    Raises:
        VerificationError: A step failed, with the file's name.
    """
    keys = dict(roots)
    found = _verified(keys, announced)  # (1) and (2)
    by_old = _once(found, "old", "hands over twice")  # (3)
    by_new = _once(found, "new", "is announced twice")
    narrowed, origins = dict(windows), {}
    vouchers: dict[str, tuple[str, ...]] = {}
    for first in [one for one in keys if one not in by_new]:
        origins[first] = old = first
        while old in by_old:
            name = by_old[old]
            _hand_over(found[name], name, narrowed)  # (4) and (5)
            new = found[name].new
            if new not in roots:
                vouchers[new] = (old, *vouchers.get(old, ()))
            origins[new] = first
            old = new
    for one in keys:
        if one not in origins:
            raise VerificationError(f"{by_new[one]}: the announcements of keys go round in a circle")
    return Lines(keys, narrowed, origins, vouchers)


def _verified(keys: dict[str, PublicKey], announced: Mapping[str, bytes]) -> dict[str, Rotation]:
    """Verify announcements, in whatever order they fit, and add their keys to `keys`."""
    found: dict[str, Rotation] = {}
    waiting = dict(announced)
    while waiting:
        unknown: UnknownSigner | None = None
        for name, data in list(waiting.items()):
            try:
                signed = dsse.verify(data, keys, PREDICATE)
            except UnknownSigner as error:
                unknown = UnknownSigner(f"{name}: {error.problem}")
                continue
            except VerificationError as error:
                raise type(error)(f"{name}: {error.problem}") from error
            del waiting[name]
            says = _read(signed.predicate, name)
            new = read_public(says.new_key.encode(), name)
            if says.old != signed.signer or says.new != key_id(new) or signed.subjects != {"key": says.new}:
                raise VerificationError(f"{name} speaks of other keys than it was signed by or holds")
            if says not in found.values():  # a second copy says nothing new
                found[name] = says
            keys.setdefault(says.new, new)
            break
        else:
            assert unknown is not None  # noqa: S101  (nothing fitted, so each one was unknown)
            raise unknown
    return found


def _read(predicate: Any, name: str) -> Rotation:
    try:
        return msgspec.convert(predicate, Rotation)
    except msgspec.ValidationError as error:
        raise VerificationError(f"{name} is not in the format of {PREDICATE}") from error


def _once(found: Mapping[str, Rotation], field: str, problem: str) -> dict[str, str]:
    """Return the file of each key that stands in a field."""
    files: dict[str, str] = {}
    for name, says in found.items():
        one = getattr(says, field)
        if one in files:
            raise VerificationError(f"key {one[:23]}… {problem}: in {files[one]} and in {name}")
        files[one] = name
    return files


def _hand_over(says: Rotation, name: str, windows: dict[str, Window]) -> None:
    issued, begins, ends = (moments.signed(text, name) for text in (says.issued, says.begins, says.ends))
    if not issued <= begins <= ends:
        raise VerificationError(f"{name} is dated back: signed {says.issued}, start {says.begins}, end {says.ends}")
    old = windows.get(says.old, Window())
    if not old.covers(issued):
        raise VerificationError(f"{name} was signed on {says.issued}, but the key that signed it counts {old}")
    windows[says.old] = old.narrowed(ends=ends)
    windows[says.new] = windows.get(says.new, Window()).narrowed(begins=begins)
