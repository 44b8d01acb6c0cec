"""Options of `auscult verify` for what others say about a dossier: time-stamping authorities, and a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from guard import checkpoint, files, log_proof, timestamp
from guard.dossier import ISSUER, Dossier
from guard.errors import InputError, VerificationError
from guard.keys import PublicKey, key_id, read_public
from guard.timestamp import Authorities
from guard.trust import Trust

_PATH = click.Path(path_type=Path)
_OPTIONS = (
    click.option("--tsa-roots", type=_PATH, help="PEM certificates of time-stamping authorities that are believed."),
    click.option("--tsa-policy", help="Policy that a time stamp must have, as dotted numbers."),
    click.option("--log", "log_file", type=_PATH, help="Proof that the certificate is in a log (tlog-proof)."),
    click.option("--checkpoint", "kept", type=_PATH, help="Checkpoint of that log, got another way: must be the proof's own."),
)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def sentences(
    opened: Dossier,
    trust: Trust | None,
    *,
    tsa_roots: Path | None,
    tsa_policy: str | None,
    log_file: Path | None,
    kept: Path | None,
) -> Iterator[str]:
    """Say what time stamps and a log show about a dossier that has been verified.

    Raises:
        VerificationError: A stamp or a proof does not hold.
        InputError: A file can't be used, or an option lacks the one that it belongs to.
    """
    if tsa_policy and not tsa_roots:
        raise InputError("--tsa-policy says nothing without --tsa-roots")
    if kept and not log_file:
        raise InputError("--checkpoint says nothing without --log")
    believed = Authorities.read(tsa_roots, tsa_policy) if tsa_roots else None
    yield from timestamp.evidence(opened.files["protocol.json"], opened.files["certificate.json"], believed)
    if log_file is not None:
        yield _logged(
            opened, trust.keys if trust else _issuers(opened), files.read(log_file), files.read(kept) if kept else None
        )


def _issuers(opened: Dossier) -> dict[str, PublicKey]:
    """Return the key that travels with a dossier: enough to say that all is intact, by a signer who is unknown."""
    key = read_public(opened.files[ISSUER], ISSUER)
    return {key_id(key): key}


def _logged(opened: Dossier, keys: Mapping[str, PublicKey], proof: bytes, kept: bytes | None) -> str:
    """Check the proof, and that its head is the one that was got another way: a log could show each reader another head."""
    found = log_proof.included(proof, opened.certificate_digest, keys)
    head = found.checkpoint
    if kept is not None:
        mine = checkpoint.read(kept, keys)
        if (mine.origin, mine.size, mine.root) != (head.origin, head.size, head.root):
            raise VerificationError(
                f"the proof is under another head of the log than the checkpoint: {head.size} and {mine.size} entries",
                "get a proof under that checkpoint, or check the growth with auscult certify log verify",
            )
    same = ", the head that was got another way" if kept else ""
    return f"the certificate is entry {found.index} of {head.size} in the log {head.origin}, head {head.head}{same}"
