"""Options of `auscult verify` for what others say about a dossier: time-stamping authorities, and a log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from guard import checkpoint, files, log_proof, moments, timestamp
from guard.cli_verifier import Verifier
from guard.dossier import ISSUER, Dossier
from guard.errors import InputError, VerificationError
from guard.keys import PublicKey, key_id, read_public
from guard.moments import Window
from guard.timestamp import Authorities

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


@dataclass(frozen=True, slots=True)
class Found:
    """What others say about a dossier."""

    sentences: tuple[str, ...]
    """What it shows, a step each."""
    warnings: tuple[str, ...]
    """What is left to somebody's word."""


def gather(
    opened: Dossier,
    verifier: Verifier,
    *,
    tsa_roots: Path | None,
    tsa_policy: str | None,
    log_file: Path | None,
    kept: Path | None,
) -> Found:
    """Say what time stamps and a log show about a dossier that has been verified.

    What is dated by its signer alone, though the signer's key has ended, is a step and a warning.

    Raises:
        VerificationError: A stamp or a proof does not hold, or comes from outside the time of its key.
        InputError: A file can't be used, or an option lacks the one that it belongs to.
    """
    if tsa_policy and not tsa_roots:
        raise InputError("--tsa-policy says nothing without --tsa-roots")
    if kept and not log_file:
        raise InputError("--checkpoint says nothing without --log")
    believed = Authorities.read(tsa_roots, tsa_policy) if tsa_roots else None
    window = verifier.trust.window(opened.signer) if verifier.trust else Window()
    stamps = timestamp.evidence(opened.files["protocol.json"], opened.files["certificate.json"], believed, window)
    # A key that ended after the moment that is looked back at can date something back to before it.
    warnings = [stamps.warning(window, max(verifier.at, moments.now()))]
    sentences = [*stamps.sentences, *warnings]
    if log_file is not None:
        sentence, warning = _logged(opened, verifier, files.read(log_file), files.read(kept) if kept else None)
        sentences.append(sentence)
        warnings.append(warning)
    return Found(tuple(filter(None, sentences)), tuple(filter(None, warnings)))


def _issuers(opened: Dossier) -> dict[str, PublicKey]:
    """Return the key that travels with a dossier: enough to say that all is intact, by a signer who is unknown."""
    key = read_public(opened.files[ISSUER], ISSUER)
    return {key_id(key): key}


def _logged(opened: Dossier, verifier: Verifier, proof: bytes, kept: bytes | None) -> tuple[str, str]:
    """Check the proof, and that its head is the one that was got another way: a log could show each reader another head."""
    keys = verifier.trust.keys if verifier.trust else _issuers(opened)
    found = log_proof.included(proof, opened.certificate_digest, keys)
    head = found.checkpoint
    warning = verifier.weigh(head.signer, "the log's head", head.at)
    if kept is not None:
        mine = checkpoint.read(kept, keys)
        verifier.weigh(mine.signer, "the named checkpoint", mine.at)
        if (mine.origin, mine.size, mine.root) != (head.origin, head.size, head.root):
            raise VerificationError(
                f"the proof is under another head of the log than the checkpoint: {head.size} and {mine.size} entries",
                "get a proof under that checkpoint, or check the growth with auscult certify log verify",
            )
    dated = f", signed on {moments.write(head.at)} by its signer's word" if head.at else ""
    same = ", the head that was got another way" if kept else ""
    where = f"entry {found.index} of {head.size} in the log {head.origin}, head {head.head}"
    return f"the certificate is {where}{dated}{same}", warning
