"""What a report is told besides the certificate and the protocol; `certify test` and `certify evaluate` fill it in.

Plain values without behaviour. Nothing here is signed: the report prints it as information.
"""

from __future__ import annotations

from dataclasses import dataclass

from guard.certificate import Proportion


@dataclass(frozen=True, slots=True)
class NotGiven:
    """Something that was not supplied or not run."""

    reason: str = ""
    """Why, as a sentence for the reader; empty for the standard one."""


@dataclass(frozen=True, slots=True)
class OneClassOnly:
    """No AUROC exists: the scored rows are all positive or all negative."""


@dataclass(frozen=True, slots=True)
class Digests:
    """Digests of the files beside the report, written `sha256:...`."""

    certificate: str
    """Of certificate.json, the signed bundle."""
    protocol: str
    """Of protocol.json, the signed bundle."""
    results: str
    """Of results.parquet."""


@dataclass(frozen=True, slots=True)
class EarlierAttempt:
    """One line of the ledger about the same product and claims."""

    at: str
    """When the protocol was signed, RFC 3339."""
    attempt: int
    """Its number."""
    protocol: str
    """Digest of its protocol's payload."""
    outcome: str
    """What became of it; "not reported" where the ledger does not say."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the append-only ledger says about this product."""

    head: str
    """Digest of its last line, this attempt included."""
    earlier: tuple[EarlierAttempt, ...] = ()
    """Attempts before this one, oldest first."""
    budgets: int = 1
    """How many error budgets were opened, this one included: fresh rows after an expiry open another."""
    known: bool = True
    """Whether the ledger holds this protocol; without it earlier attempts can't be told."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How one scorer did on one set of rows."""

    auroc: float | OneClassOnly
    """Area under the ROC curve over positives and negatives."""
    hits: Proportion
    """Positives at or above the scorer's threshold, of all positives."""
    false_alarms: Proportion
    """Negatives at or above it, of all negatives."""
    interval: tuple[float, float] | None = None
    """95 % bootstrap interval of the AUROC, whole groups of rows being drawn."""


@dataclass(frozen=True, slots=True)
class OtherReading:
    """How a cheaper reader did on the same rows."""

    reader: str
    """text | embedding | random_weights | form | prompt_monitor."""
    reading: Reading | NotGiven
    """At its frozen threshold, or why it was not run."""


@dataclass(frozen=True, slots=True)
class ExternalResult:
    """One claim on rows that the project did not write."""

    claim: str
    """hazard@stage."""
    positives: int
    """Scored rows with label 1."""
    negatives: int
    """Scored rows with label 0."""
    uncertified: int
    """Rows of them in another language, or longer, than any cell of the certificate."""
    unavailable: int
    """Rows of them without a score: counted as missed and as false alarms."""
    monitor: Reading
    """The monitor, at the certified threshold."""
    others: tuple[OtherReading, ...] = ()
    """The baselines, fitted on the same train fold and frozen before the test."""


@dataclass(frozen=True, slots=True)
class ExternalFile:
    """One file of external rows."""

    name: str
    """File name, without its folder."""
    source: str
    """Where it is from and its licence, as far as known; may be empty."""
    digest: str
    """Of its bytes; may be empty."""
    rows: int
    """Rows in the file."""
    scored: int
    """Rows with a label for a claim of this certificate."""
    results: tuple[ExternalResult, ...]
    """By claim."""


@dataclass(frozen=True, slots=True)
class ExternalSection:
    """Every external file that was evaluated."""

    files: tuple[ExternalFile, ...]
    """In the order given."""
    pooled: tuple[ExternalResult, ...] = ()
    """By claim over all files together: positives of one file meet negatives of another."""
    note: str = ""
    """What the reader has to know about the folder."""


def beaten(section: ExternalSection) -> tuple[int, int]:
    """Count in how many sets with both classes a baseline ranks as well as the monitor or better, and of how many."""
    results = [result for file in section.files for result in file.results] + list(section.pooled)
    pairs = [(result, _aurocs(*(one.reading for one in result.others))) for result in results]
    compared = [(r.monitor.auroc, others) for r, others in pairs if isinstance(r.monitor.auroc, float) and others]
    return sum(max(others) >= own for own, others in compared), len(compared)


def _aurocs(*readings: Reading | NotGiven) -> list[float]:
    return [r.auroc for r in readings if isinstance(r, Reading) and isinstance(r.auroc, float)]
