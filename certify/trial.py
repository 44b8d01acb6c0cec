"""The test of a prepared dossier: score once, count, bound, sign, report, seal.

Testing one protocol again gives the same bytes and is no new attempt: its rows, their order and every threshold are fixed
by the signed plan.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from certify import compared, hiding, issue, labels, losses, results, scoring, sealed, selection
from certify.baselines import frozen, readers
from certify.dataset import Dataset
from certify.recompute import record_of
from certify.results import UnitLoss
from certify.sealed import Sealed
from certify.timestamp import Stamping, unstamped
from guard import digest, dossier, dsse, files, rules
from guard.certificate import Certificate
from guard.dossier import ISSUER, Prepared
from guard.errors import DigestMismatch, ProtocolError
from guard.hazards import Taxonomy
from guard.keys import SigningKey, key_id, public
from guard.probes import canary
from guard.probes.reading import Subject
from guard.probes.suite import JSON_FILE, TENSOR_FILE, Suite
from guard.progress import Phase, silent
from guard.protocol import Protocol

Pages = Callable[[Certificate, Prepared, bytes], Mapping[str, bytes]]
"""Makes report and model card from the certificate, the prepared dossier and the signed bundle."""

_PREPARED = frozenset({"protocol.json", ISSUER, selection.FILE}) | frozen.FILES
_TESTED = frozenset(
    {
        "results.parquet", "certificate.json", "report.html", "report.da.html", "report.pdf", "report.da.pdf", "MODEL_CARD.md",
        "seal.json",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Aside:
    """What a test may be given beside its rows."""

    reviews: Mapping[str, bytes] = field(default_factory=dict)
    """Two clinicians' reviews of a sample of the rows, by `labels.FILES`; without them, those that the dossier holds."""
    sealed: Sealed | None = None
    """The site's own conversations that the protocol names."""


_NOTHING = Aside()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a test showed."""

    certificate: Certificate
    """The certificate."""
    digest: str
    """Digest of certificate.json."""


def run(
    folder: Path,
    data: Dataset,
    subject: Subject,
    *,
    key: SigningKey,
    taxonomy: Taxonomy,
    pages: Pages,
    redrawn: bool,
    stamp: Stamping = unstamped,
    aside: Aside = _NOTHING,
    phase: Phase = silent,
) -> Outcome:
    """Test a prepared dossier.

    1. The dossier is the issuer's own: its protocol is signed by this key.
    2. The rows are the ones that follow from the protocol, all of them and no others; a site's own conversations are the
       planned file; what was reviewed is a random sample of the rows.
    3. The model is the planned one, its canaries come out again, and rules and analysis are the planned code.
    4. Every row is scored once, by monitors and rules.
    5. Losses are counted with the guard's own `fired`; the frozen baselines score what rung R1 is judged on.
    6. Bounds, certificate, report; then the seal, last. A certificate that says the same as one that is there is not signed
       anew, so that it keeps its time stamp; `stamp` may ask for one.

    Raises:
        ProtocolError: The rows or the model are not the planned ones.
        VerificationError: The dossier was altered, or the canaries moved.
    """
    # (1)
    prepared = dossier.open_prepared(folder)
    if prepared.signer != key_id(public(key)):
        raise ProtocolError("the protocol was signed by another key", "test with the key that prepared it")
    plan = prepared.protocol
    _check_files(prepared.files, plan)
    record = record_of(prepared)
    # (2)
    reviews = _require_rows(prepared, data, aside)
    # (3)
    suite = suite_of(prepared)
    require_subject(subject, plan)
    canaries = canary.read(prepared.files[f"suite/{canary.FILE}"])
    canary.require(canary.replay(subject, suite, canaries), float(plan.eps))
    _require_code(plan)
    # (4)
    judgements = scoring.score(subject, suite, data.rows, plan.rule_names, phase)
    # (5)
    hide = losses.opaque(hiding.secret(key))
    counted = losses.count(plan, prepared.payload, data.rows, judgements, hide)
    if record is not None:
        counted += _compare(prepared, data, subject, judgements, hide, phase)
    if plan.sealed is not None and aside.sealed is not None:
        counted += _site(plan, aside.sealed, subject, suite, hide, phase)
    # (6)
    tested = issue.describe(plan, data.rows, scoring.unscored(judgements))
    issued = issue.certificate_of(
        plan, prepared.payload, counted, tested, taxonomy, measured=plan.measured, redrawn=redrawn, record=record,
        reviews=reviews,
    )  # fmt: skip
    bundle = stamp(dsse.keep(prepared.files.get("certificate.json"), issue.sign(issued, key), public(key)))
    new = {**reviews, "results.parquet": results.write(counted), "certificate.json": bundle, **pages(issued, prepared, bundle)}
    _write_and_seal(folder, prepared, new, key)
    return Outcome(issued, digest.of_bytes(bundle))


def _require_rows(prepared: Prepared, data: Dataset, aside: Aside) -> Mapping[str, bytes]:
    """Check that all rows are those that follow from the protocol; return the reviews of their labels."""
    plan = prepared.protocol
    if data.manifest.protocol != prepared.payload or data.manifest.generator != plan.generator.digest:
        raise ProtocolError("the rows were drawn for another protocol or by another generator", "draw them again")
    losses.require_complete(plan, data.rows)
    sealed.require_planned(plan.sealed, aside.sealed)
    reviews = aside.reviews or {name: prepared.files[name] for name in labels.FILES & prepared.files.keys()}
    if reviews:
        labels.require_sample(reviews, data.rows)
    return reviews


def _write_and_seal(folder: Path, prepared: Prepared, new: Mapping[str, bytes], key: SigningKey) -> None:
    contents = {**{name: prepared.files[name] for name in prepared.files if name not in _TESTED}, **new}
    for name, content in new.items():
        files.write(folder / name, content)
    files.write(folder / "seal.json", dsse.keep(prepared.files.get("seal.json"), issue.seal(contents, key), public(key)))


def suite_of(prepared: Prepared) -> Suite:
    """Read the suite of a verified dossier from its verified bytes."""
    return Suite.read(prepared.files[f"suite/{JSON_FILE}"], prepared.files[f"suite/{TENSOR_FILE}"])


def require_subject(subject: Subject, plan: Protocol) -> None:
    """Refuse a model or set-up that is not the planned one.

    Raises:
        ProtocolError: Naming what differs.
    """
    for name in plan.subject.__struct_fields__:
        if name != "name" and getattr(plan.subject, name) != getattr(subject.binding, name):
            raise ProtocolError(f"the model that is loaded differs from the planned one in its {name}", "prepare again")


def _require_code(plan: Protocol) -> None:
    if rules.digest(frozenset(plan.rule_names)) != plan.rules:
        raise ProtocolError("the rules are not the planned ones", "use the version that the protocol was prepared with")
    if issue.analysis_digest() != plan.analysis:
        raise ProtocolError("the analysis is not the planned one", "use the version that the protocol was prepared with")


def _check_files(contents: Mapping[str, bytes], plan: Protocol) -> None:
    for name in contents:
        if name not in _PREPARED | _TESTED | labels.FILES and not name.startswith("suite/"):
            raise DigestMismatch(f"the dossier has a file that does not belong to it: {name}", "take it out")
    for name, stated in ((frozen.FILE, plan.baselines), (selection.FILE, plan.selection)):
        if (digest.of_bytes(contents[name]) if name in contents else "") != stated:
            raise DigestMismatch(f"{name} is not what the protocol names")


def _site(
    plan: Protocol, found: Sealed, subject: Subject, suite: Suite, hide: Callable[[str], str], phase: Phase
) -> tuple[UnitLoss, ...]:
    """Score a site's own conversations once, and count them by unit."""
    if plan.sealed is None:
        return ()
    judgements = scoring.score(subject, suite, found.rows, (), phase)
    return tuple(sealed.count(plan.sealed, found, losses.counter(plan, judgements), hide))


def _compare(
    prepared: Prepared,
    data: Dataset,
    subject: Subject,
    judgements: losses.Judgements,
    hide: Callable[[str], str],
    phase: Phase,
) -> tuple[UnitLoss, ...]:
    """Score the rows of rung R1 with the frozen baselines, and count them beside the monitors."""
    known = readers.load(prepared.files)
    rows = compared.wanted(prepared.protocol, prepared.payload, data.rows)
    scores = readers.monitor_scores(rows, judgements) | known.scores(rows, subject, phase)
    return compared.count(prepared.protocol, prepared.payload, data.rows, scores, known.readers, known.threshold, hide)
