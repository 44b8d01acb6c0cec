"""The commands `auscult certify log`: an append-only log of protocols and certificates, its signed heads, and proofs."""

from __future__ import annotations

from pathlib import Path

import click

from certify.options import EXISTING, for_machines, private_key, signing
from guard import cli_verifier, files, moments
from guard.cli_output import say
from guard.cli_verifier import Verifier
from guard.errors import InputError, VerificationError

_log = click.argument("folder", type=EXISTING, metavar="LOG")
_trust = click.option("--trust", type=EXISTING, help="The log's public key, or a folder of keys; or AUSCULT_TRUST.")
_out = click.option("--out", type=EXISTING, required=True, help="File to write.")


@click.group("log")
def log() -> None:
    """Keep an append-only log of protocols and certificates, and prove what is in it."""


@log.command("append")
@_log
@click.argument("documents", type=EXISTING, nargs=-1, required=True)
@for_machines
def append(folder: Path, documents: tuple[Path, ...], as_json: bool) -> None:
    """Add protocols and certificates to the log in the folder LOG: files of them, or dossiers.

    \b
    Example: auscult certify log append log dossier
    """
    from certify import log as logs

    bundles = [path for document in documents for path in _bundles(document)]
    found = logs.append(folder, [logs.payload_of(files.read(path)) for path in bundles])
    facts = [{"file": str(path), "index": one.index, "added": one.added} for path, one in zip(bundles, found, strict=True)]
    lines = [f"{fact['file']}: entry {fact['index']}{'' if fact['added'] else ', there already'}" for fact in facts]
    say(as_json, facts, lambda: "\n".join(lines))


@log.command("checkpoint")
@_log
@click.option("--origin", help="Who keeps the log, like example.org/auscult; only for its first checkpoint.")
@click.option("--date/--no-date", "dated", default=True, help="Whether the head says when it was signed; by default it does.")
@signing
@_trust
@for_machines
def checkpoint(folder: Path, origin: str | None, dated: bool, key_file: Path | None, trust: Path | None, as_json: bool) -> None:
    """Sign the head of a log. Hand it out: only one that is kept elsewhere can show that the log's tail was cut.

    The head is dated by who signs it; once the clock is set back, no more heads are signed.

    \b
    Example: auscult certify log checkpoint log --origin example.org/auscult --key issuer.pem
    """
    from certify import log as logs
    from guard.checkpoint import unverified
    from guard.trust import trusted

    known = trusted(trust)
    at = moments.parse(moments.write(moments.now())) if dated else None
    note = logs.sign_head(folder, origin, private_key(key_file), known.keys if known else {}, at)
    head = unverified(note)
    facts = {"origin": head.origin, "size": head.size, "head": head.head, "at": moments.write(head.at) if head.at else None}
    say(as_json, facts, lambda: note.decode().rstrip("\n"))


@log.command("prove")
@_log
@click.argument("document", type=EXISTING, required=False)
@click.option("--since", type=EXISTING, help="A checkpoint that was kept: prove that the log only grew since.")
@_out
@for_machines
def prove(folder: Path, document: Path | None, since: Path | None, out: Path, as_json: bool) -> None:
    """Write the proof that DOCUMENT is in the log, or, with --since, that the log only grew.

    \b
    Examples: auscult certify log prove log dossier/certificate.json --out certificate.tlog-proof
              auscult certify log prove log --since kept-checkpoint --out growth.proof
    """
    from certify import log as logs

    if (document is None) == (since is None):
        raise InputError("name either a document, or a kept checkpoint with --since")
    if document is not None:
        (path,) = _bundles(document)[-1:]
        proof = logs.prove_entry(folder, logs.payload_of(files.read(path)))
    elif since is not None:
        proof = logs.prove_growth(folder, files.read(since))
    files.write(out, proof)
    say(as_json, {"proof": str(out)}, lambda: str(out))


@log.command("verify")
@click.argument("path", type=EXISTING, metavar="LOG|PROOF")
@click.option("--document", type=EXISTING, help="What a proof of inclusion is about: a dossier, protocol or certificate.")
@click.option("--checkpoint", "kept", type=EXISTING, help="A checkpoint that was kept elsewhere.")
@cli_verifier.options
@for_machines
def verify(path: Path, document: Path | None, kept: Path | None, verifier: Verifier, as_json: bool) -> None:
    """Check a whole log, or a proof from one; exit 0 if it holds, 1 if not.

    The last head, or the named one, fails if its key was revoked, or if its date is outside the time of its key or yet to come.
    So does the proof of a revoked certificate. Earlier heads are held by the last one.

    \b
    Examples: auscult certify log verify log --trust issuer.pem.pub --checkpoint kept-checkpoint
              auscult certify log verify growth.proof --trust issuer.pem.pub --checkpoint kept-checkpoint
              auscult certify log verify certificate.tlog-proof --document dossier --trust issuer.pem.pub
    """
    from certify import log as logs
    from guard import checkpoint, log_proof

    known = verifier.trust
    if known is None:
        raise InputError("whose signature to expect was not said", "name the log's public key with --trust or AUSCULT_TRUST")
    old = files.read(kept) if kept else None
    if path.is_dir():
        head = logs.verify(path, known.keys, old)
        said = f"the log's {head.size} entries are those that were signed"
    elif log_proof.is_consistency(proof := files.read(path)):
        if old is None:
            raise InputError("a proof of growth needs the checkpoint that it starts from", "name it with --checkpoint")
        before, head = log_proof.extended(proof, old, known.keys)
        said = f"the log only grew, from {before.size} to {head.size} entries"
    else:
        if document is None:
            raise InputError("a proof of inclusion needs its document", "name it with --document")
        (bundle,) = _bundles(document)[-1:]
        data = files.read(bundle)
        found = log_proof.included(proof, logs.payload_of(data), known.keys)
        _require_standing(data, verifier)
        head = found.checkpoint
        said = f"{bundle.name} is entry {found.index} of {head.size}"
    warnings = [verifier.weigh_lists(), verifier.weigh(head.signer, "the log's head", head.at)]
    if old is not None:
        mine = checkpoint.read(old, known.keys)
        warnings.append(verifier.weigh(mine.signer, "the named checkpoint", mine.at))
    elif path.is_dir():
        warnings.append("a cut tail can't be seen without a checkpoint kept elsewhere (--checkpoint)")
    warnings = list(filter(None, warnings))
    at = moments.write(head.at) if head.at else None
    facts = {"valid": True, "origin": head.origin, "size": head.size, "head": head.head, "at": at, "finding": said}
    dated = f", dated {at}" if at else ""
    text = "\n".join([said, f"{head.origin}, head {head.head}{dated}", *warnings])
    say(as_json, {**facts, "warnings": warnings}, lambda: text)


def _require_standing(bundle: bytes, verifier: Verifier) -> None:
    """Refuse a certificate that was withdrawn; a protocol can't be."""
    from guard import certificate, dsse
    from guard.revocation import Concern

    try:
        statement = dsse.open_bundle(bundle, certificate.PREDICATE)
    except VerificationError:
        return
    issued = certificate.read(statement.predicate)
    verifier.lists.require(Concern(issued.product, issued.serial, statement.digest, ""), verifier.at)


def _bundles(document: Path) -> list[Path]:
    """Return the protocol and the certificate of a dossier, or the one file that was named."""
    if not document.is_dir():
        return [document]
    found = [document / name for name in ("protocol.json", "certificate.json") if (document / name).is_file()]
    if not found:
        raise InputError(f"{document} is no dossier", "name a dossier, a protocol or a certificate")
    return found
