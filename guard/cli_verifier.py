"""Options that every command shares which verifies a dossier: whom it trusts, what was withdrawn, and as of when.

Comes in: a command line. Goes out: a `Verifier`, so that `auscult verify` and all others that open a dossier ask the same.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from guard import moments, revocation
from guard.errors import NotInForce
from guard.moments import SKEW
from guard.revocation import Known
from guard.trust import Trust, trusted

_PATH = click.Path(path_type=Path)
trust_option = click.option("--trust", type=_PATH, help="The certifier's public key, or a folder of keys; or AUSCULT_TRUST.")
revocations_option = click.option(
    "--revocations", type=_PATH, envvar="AUSCULT_REVOCATIONS", help="Revocation list, beside those of the trust folder."
)
_at = click.option("--at", help="Check as of this time (RFC 3339) rather than now: for a record that was made then.")


@dataclass(frozen=True, slots=True)
class Verifier:
    """Who looks at a dossier, and as of when."""

    trust: Trust | None
    """The keys that are trusted; None where none was named."""
    lists: Known
    """What is known of withdrawals."""
    at: datetime
    """As of this moment."""
    looks_back: bool
    """Whether a moment was named, rather than the clock asked."""

    @classmethod
    def named(cls, trust: Path | None = None, at: str | None = None, revocations: Path | None = None) -> Verifier:
        """Read what a command line names.

        Raises:
            InputError: A file can't be read, holds no key, or the time is none.
            VerificationError: A key or a list is not what it should be.
        """
        moment = moments.now() if at is None else moments.parse(at)
        trusting = trusted(trust)
        return cls(trusting, revocation.gather(trusting, revocations), moment, at is not None)

    @property
    def as_of(self) -> str:
        """The named moment in words; empty where none was."""
        return f" as of {moments.write(self.at)}" if self.looks_back else ""

    def weigh_lists(self) -> str:
        """Return a warning where a list should have been replaced; empty where all are fresh, or there is none.

        Raises:
            NotInForce: A list is yet to come.
        """
        if not self.looks_back:
            self.lists.require_past(self.at)
        stale = self.lists.stale(self.at)
        return f"{stale.name} ended on {stale.says.expires}: what was revoked since is not known" if stale else ""

    def weigh(self, signer: str, what: str, dated: datetime | None) -> str:
        """Check the key behind something that nobody but its signer dates; return a warning where that word is worth little.

        1. Neither the key, nor one on whose word alone it is trusted, was withdrawn.
        2. The date lies in the window of the key, and is not yet to come.
        3. Where the key has ended since, whoever has it can still write such a date.

        Raises:
            Revoked: The first step failed.
            NotInForce: The second.
        """
        latest = max(self.at, moments.now())
        self.lists.require_key(signer, self.at, what)  # (1)
        if dated is not None and dated > latest + SKEW:  # (2)
            raise NotInForce(f"{what} is dated {moments.write(dated)}, which is yet to come", "check the clock")
        if self.trust is None:
            return ""
        if dated is not None:
            self.trust.require(signer, dated, what)
        ends = self.trust.window(signer).ends  # (3)
        if ends is None or latest <= ends:
            return ""
        said = "is dated by the signer alone" if dated else "carries no date"
        return f"{what} {said}; the key ended on {moments.write(ends)}"


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --trust, --at and --revocations to a command, which takes them as `verifier`."""

    @functools.wraps(command)
    def run(*arguments: Any, trust: Path | None, at: str | None, revocations: Path | None, **named: Any) -> Any:
        return command(*arguments, verifier=Verifier.named(trust, at, revocations), **named)

    return trust_option(_at(revocations_option(run)))
