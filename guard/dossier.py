"""A dossier on disk, and the numbered steps that verify it.

`open_sealed` reads every file once; the bytes that were verified are the bytes that are used. `open_prepared` does the same
for a dossier whose test has not run yet: it has a signed protocol and a frozen suite, but no certificate and no seal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from guard import agreement, certificate, digest, dsse, moments, protocol
from guard.binding import SubjectBinding
from guard.certificate import Certificate
from guard.contents import digests, file, read_folder, same
from guard.digest import Digest
from guard.dsse import Statement
from guard.errors import DigestMismatch, NotInForce, UnknownSigner, VerificationError
from guard.keys import PublicKey, key_id, read_public
from guard.protocol import Protocol
from guard.revocation import Concern
from guard.trust import Trust

SEAL_PREDICATE = "urn:auscult:dossier:v1"
"""Predicate type of the seal: name and digest of every other file."""

ISSUER = "issuer.pem"
"""The issuer's public key, as information."""

BASELINES = "baselines/readers.json"
"""The record of the frozen baselines; it names their other files."""

SELECTION = "selection.json"
"""The record of what each monitor was chosen from."""

Report = Callable[[str], None]
"""Receives each verification step, in words, when it has passed."""


class Seal(certificate.Signed, frozen=True, kw_only=True):
    """The predicate of a seal."""

    files: dict[str, str]
    """Digest of every other file of the dossier, by POSIX path."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A verified dossier whose test has not run."""

    files: Mapping[str, bytes]
    """Bytes of each file, by POSIX path."""
    protocol: Protocol
    """The plan."""
    payload: Digest
    """Digest of the protocol's signed bytes: seed and order follow from it."""
    signer: str
    """Key id."""

    def suite_file(self, name: str) -> bytes:
        """Return a file of the suite.

        Raises:
            DigestMismatch: The suite that was signed has no such file.
        """
        return file(self.files, f"suite/{name}")


@dataclass(frozen=True, slots=True)
class Dossier(Prepared):
    """A verified, sealed dossier."""

    certificate: Certificate
    """What was shown."""
    certificate_digest: Digest
    """Digest of the certificate's signed bytes."""
    trusted: bool
    """Whether the verifier trusts the signer; False means intact, signer unknown."""

    @property
    def concern(self) -> Concern:
        """What a revocation list could withdraw about it."""
        return Concern(self.certificate.product, self.certificate.serial, self.certificate_digest, self.signer)


def open_prepared(folder: Path) -> Prepared:
    """Open a dossier that `prepare` wrote, with the issuer's own key: the issuer is the one who reads it.

    1. The protocol is signed by the key in `issuer.pem`.
    2. The suite is the one that the protocol names.

    Raises:
        VerificationError: A step failed.
        InputError: There is no prepared dossier.
    """
    contents = read_folder(folder)
    key = _issuer(contents)
    statement = dsse.verify(file(contents, "protocol.json"), {key_id(key): key}, protocol.PREDICATE)  # (1)
    plan = protocol.read(statement.predicate)
    same("the suite", plan.suite, digests(contents, "suite/"))  # (2)
    return Prepared(contents, plan, statement.digest, statement.signer)


def open_sealed(folder: Path, trust: Trust | None, *, report: Report = lambda step: None) -> Dossier:
    """Verify a sealed dossier.

    1. `seal.json` is signed: by a trusted key, or, where the verifier names none, by the key in `issuer.pem`.
    2. The folder holds exactly the files that the seal lists, each with its digest.
    3. `protocol.json` and `certificate.json` are signed by the same key, and the verifier lets its signatures count at the
       time when the protocol says that it was signed.
    4. The protocol spends no more than its attempt's error budget. The certificate is about this protocol, and both name the
       same model, thresholds, taxonomy, cells, limits and budgets; each status follows from its bound; and so do the subjects
       of the signed statements, which other verifiers read.
    5. Suite and results are the ones that the certificate names, and the records of baselines and selection those that the
       protocol names.

    The caller must decide what an untrusted signer means, and check time (`check_time`), revocation (`guard.revocation`)
    and the model's digest.

    Raises:
        VerificationError: A step failed.
        InputError: There is no dossier.
    """
    return open_contents(read_folder(folder), trust, report=report)


def open_contents(contents: Mapping[str, bytes], trust: Trust | None, *, report: Report = lambda step: None) -> Dossier:
    """Verify the files of a sealed dossier, which were read before: the steps of `open_sealed`.

    Raises:
        VerificationError: A step failed.
    """
    if "seal.json" not in contents and "protocol.json" in contents:
        raise VerificationError("the dossier is not sealed", "run auscult certify test on it first")
    # (1)
    keys, trusted = _keys(contents, trust)
    seal = dsse.verify(file(contents, "seal.json"), keys, SEAL_PREDICATE)
    report(f"1. the seal is signed by {'the trusted key' if trusted else 'key'} {seal.signer[:23]}…")
    # (2)
    same("the dossier", _read_seal(seal).files, digests(contents, "", leave_out="seal.json"))
    report(f"2. all {len(contents) - 1} files are the sealed ones, none is added or missing")
    # (3)
    signer = {seal.signer: keys[seal.signer]}
    plan_statement = dsse.verify(file(contents, "protocol.json"), signer, protocol.PREDICATE)
    statement = dsse.verify(file(contents, "certificate.json"), signer, certificate.PREDICATE)
    plan, issued = protocol.read(plan_statement.predicate), certificate.read(statement.predicate)
    if trust is not None:
        trust.require(seal.signer, moments.signed(plan.not_before, "the protocol"), "the protocol")
    report("3. protocol and certificate are signed by the same key, in its time")
    # (4)
    agreement.check_budget(plan)
    agreement.check_protocol(plan, plan_statement.digest, issued)
    agreement.check_subjects(plan_statement.subjects, agreement.protocol_subjects(plan), plan.subject)
    agreement.check_subjects(statement.subjects, agreement.certificate_subjects(issued), issued.subject)
    report("4. the certificate is about this protocol, model and set of thresholds")
    # (5)
    same("the suite", issued.suite, digests(contents, "suite/"))
    if issued.canaries.file != digest.of_bytes(file(contents, "suite/canaries.jsonl")):
        raise DigestMismatch("suite/canaries.jsonl does not hold the canaries that the certificate names")
    if issued.results != digest.of_bytes(file(contents, "results.parquet")):
        raise DigestMismatch("results.parquet is not what the certificate was computed from")
    for name, stated in ((BASELINES, plan.baselines), (SELECTION, plan.selection)):
        if stated and stated != digest.of_bytes(file(contents, name)):
            raise DigestMismatch(f"{name} is not what the protocol names")
    report("5. suite and results are the ones that the certificate names")
    return Dossier(contents, plan, plan_statement.digest, seal.signer, issued, statement.digest, trusted)


def check_subject(bound: SubjectBinding, folder: Path) -> None:
    """Compare a model folder with the one that was certified: names and digests, nothing added or missing.

    Raises:
        DigestMismatch: They differ.
    """
    same("the model", bound.manifest, digest.manifest(folder))


def check_time(issued: Certificate, at: datetime) -> None:
    """Check that a certificate is in force.

    Raises:
        NotInForce: It is not yet, or no longer.
        VerificationError: Its dates are no dates.
    """
    if at < moments.signed(issued.not_before, "the certificate"):
        raise NotInForce(f"the certificate begins on {issued.not_before}", "check the clock")
    if at > moments.signed(issued.not_after, "the certificate"):
        raise NotInForce(
            f"the certificate ended on {issued.not_after}",
            "certify the model again, or say with --at when an older record was made",
        )


def _keys(contents: Mapping[str, bytes], trust: Trust | None) -> tuple[dict[str, PublicKey], bool]:
    if trust is not None:
        return dict(trust.keys), True
    key = _issuer(contents)
    return {key_id(key): key}, False


def _issuer(contents: Mapping[str, bytes]) -> PublicKey:
    return read_public(file(contents, ISSUER), ISSUER)


def _read_seal(statement: Statement) -> Seal:
    try:
        return msgspec.convert(statement.predicate, Seal)
    except msgspec.ValidationError as error:
        raise VerificationError(f"the seal is not in the format of {SEAL_PREDICATE}") from error


def require_trust(dossier: Dossier) -> None:
    """Refuse a dossier whose signer the verifier does not trust.

    Raises:
        UnknownSigner: Always, unless it is trusted.
    """
    if not dossier.trusted:
        raise UnknownSigner(
            f"the dossier is intact, but its signer {dossier.signer[:23]}… is unknown",
            "name the certifier's public key with --trust or AUSCULT_TRUST",
        )
