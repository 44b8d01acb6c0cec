"""Revocation lists: what an issuer has withdrawn, signed, short-lived, and usable without a network.

Comes in: lists from a verifier's trust directory, and one that it names. Goes out: `Known`, which says whether a
certificate or a key is withdrawn as of a moment, and whether the lists are still fresh enough to lean on.

A line of keys (`guard.rotation`) keeps one list, whose number grows with each issue. What any list of any trusted key
withdraws counts, in older issues, too, so that leaving an entry out of a later one brings nothing back. With a key falls every
key that is trusted on its word alone: whoever stole a key can write an announcement, and date it as they like.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from guard import files, moments, revocation_list
from guard.digest import Digest
from guard.errors import NotInForce, Revoked, RolledBack, UnknownSigner, VerificationError
from guard.revocation_list import Entry, Listed
from guard.trust import Trust


@dataclass(frozen=True, slots=True)
class Concern:
    """What a list could withdraw about one dossier."""

    product: str
    """Of the certificate."""
    serial: int
    """Of the certificate."""
    certificate: Digest
    """Digest of its payload."""
    signer: str
    """Key id."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of withdrawals."""

    newest: tuple[Listed, ...] = ()
    """Last list of each line of keys."""
    entries: tuple[Entry, ...] = ()
    """What any list withdraws."""
    vouchers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Keys on whose word alone a key is trusted: it falls with them."""

    @property
    def numbers(self) -> dict[str, int]:
        """Number of the last list, by the first key of its line."""
        return {one.origin: one.says.number for one in self.newest}

    def withdrawn(self, concern: Concern, at: datetime) -> Entry | None:
        """Return the earliest entry that withdraws something as of a moment; None if there is none."""
        signers = (concern.signer, *self.vouchers.get(concern.signer, ()))
        found = [one for one in self.entries if _about(one, concern, signers) and one.begins <= at]
        return min(found, key=lambda one: one.begins, default=None)

    def stale(self, at: datetime) -> Listed | None:
        """Return a list that should have been replaced by a moment; None if all are fresh."""
        return next((one for one in self.newest if one.expires < at), None)

    def early(self, at: datetime) -> Listed | None:
        """Return a list that was signed after a moment, by more than honest clocks differ; None if there is none."""
        return next((one for one in self.newest if one.issued > at + moments.SKEW), None)

    def require(self, concern: Concern, at: datetime) -> None:
        """Refuse what is withdrawn.

        Raises:
            Revoked: It is, as of that moment.
        """
        found = self.withdrawn(concern, at)
        if found:
            raise Revoked(
                f"{_named(found, concern)} was revoked on {found.at}: {found.reason}", "ask the issuer for another certificate"
            )

    def require_key(self, signer: str, at: datetime, what: str) -> None:
        """Refuse what a withdrawn key signed, or one that is trusted on a withdrawn key's word alone.

        Raises:
            Revoked: It is, as of that moment.
        """
        keys = (signer, *self.vouchers.get(signer, ()))
        found = [one for one in self.entries if one.key in keys and one.begins <= at]
        if found:
            first = min(found, key=lambda one: one.begins)
            did = "signed" if first.key == signer else "vouches for the signer of"
            raise Revoked(
                f"the key {first.key[:23]}… that {did} {what} was revoked on {first.at}: {first.reason}",
                "ask the log's keeper for a head that another key signed",
            )

    def require_past(self, now: datetime) -> None:
        """Refuse lists that are yet to come: a clock is wrong, here or where they were signed.

        Raises:
            NotInForce: One was signed after now, by more than honest clocks differ.
        """
        early = self.early(now)
        if early:
            raise NotInForce(f"{early.name} was signed on {early.says.issued}, which is yet to come", "check the clock")

    def require_from_now_on(self, seen: Mapping[str, int]) -> None:
        """Refuse a list that is older than one that was seen before.

        Raises:
            RolledBack: Its number is lower.
        """
        for one in self.newest:
            if one.says.number < seen.get(one.origin, 0):
                raise RolledBack(
                    f"{one.name} is revocation list {one.says.number}, but list {seen[one.origin]} was seen before",
                    "get the newest list from the issuer",
                )

    def words(self, at: datetime) -> str:
        """Say in words what was looked at."""
        if not self.newest:
            return "no revocation list was given"
        stale = self.stale(at)
        if stale:
            return f"not revoked as far as known: revocation list {stale.says.number} ended on {stale.says.expires}"
        until = moments.write(min(one.expires for one in self.newest))
        return f"not revoked: {_lists(self.newest)} until {until}"


NOTHING = Known()
"""No list was given."""


def known(trust: Trust, named: Mapping[str, bytes] | None = None) -> Known:
    """Verify the lists of a trust directory, and those that were named beside it.

    1. Each is signed by a trusted key while that key's signatures counted.
    2. It is in the format, and holds no longer than a list may.
    3. No list was signed by a key after another key's list had withdrawn that key, or one on whose word alone it is trusted.
    4. Two lists of one line with the same number are the same list.
    5. A named list is not older than the one of the trust directory.

    Raises:
        VerificationError: A step failed; RolledBack for the last one.
    """
    kept = {name: revocation_list.read(data, trust, name) for name, data in trust.lists.items()}  # (1) and (2)
    given = {name: revocation_list.read(data, trust, name) for name, data in (named or {}).items()}
    all_lists = [*kept.values(), *given.values()]
    for one in all_lists:  # (3)
        for other in all_lists:
            signers = {one.signer, *trust.vouchers.get(one.signer, ())}
            if other.signer != one.signer and _withdraws_key(other, signers, one.issued):
                raise Revoked(f"{one.name} was signed by a key that {other.name} had withdrawn by then")
    newest = _newest(kept.values())
    Known(_newest(given.values())).require_from_now_on({one.origin: one.says.number for one in newest})  # (5)
    entries = dict.fromkeys(entry for one in all_lists for entry in one.says.revoked)
    return Known(_newest(all_lists), tuple(entries), trust.vouchers)  # (4)


def gather(trust: Trust | None, path: Path | None) -> Known:
    """Read what a verifier names: the lists of its trust directory, and a file.

    Raises:
        UnknownSigner: It names a list and trusts nobody who could have signed it.
        InputError: The file can't be read.
        VerificationError: A list is not what it should be.
    """
    if path is None:
        return known(trust) if trust else NOTHING
    if trust is None:
        raise UnknownSigner("a revocation list was named, but no trusted key", "name the issuer's key with --trust")
    return known(trust, {path.name: files.read(path)})


def _about(entry: Entry, concern: Concern, signers: Collection[str]) -> bool:
    if entry.key:
        return entry.key in signers
    if entry.certificate:
        return entry.certificate == concern.certificate
    return (entry.product, entry.serial) == (concern.product, concern.serial)


def _named(entry: Entry, concern: Concern) -> str:
    if not entry.key:
        return "the certificate"
    did = "signed it" if entry.key == concern.signer else "vouches for its signer"
    return f"the key {entry.key[:23]}… that {did}"


def _withdraws_key(listed: Listed, keys: Collection[str], at: datetime) -> bool:
    return any(entry.key in keys and entry.begins <= at for entry in listed.says.revoked)


def _newest(lists: Iterable[Listed]) -> tuple[Listed, ...]:
    last: dict[str, Listed] = {}
    for one in lists:
        other = last.get(one.origin)
        if other and other.says.number == one.says.number and other.digest != one.digest:
            raise VerificationError(f"{other.name} and {one.name} are two lists with the number {one.says.number}")
        if other is None or one.says.number > other.says.number:
            last[one.origin] = one
    return tuple(last.values())


def _lists(newest: tuple[Listed, ...]) -> str:
    numbers = ", ".join(str(one.says.number) for one in newest)
    return f"revocation list {numbers} holds" if len(newest) == 1 else f"revocation lists {numbers} hold"
