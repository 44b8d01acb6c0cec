"""Deriving every bound of a sealed dossier again from its results.parquet."""

from __future__ import annotations

from dataclasses import dataclass

from certify import beside, issue, labels, rungs, sealed, units
from certify.baselines import frozen
from certify.baselines.frozen import Baselines
from certify.counts import Counts
from certify.losses import WHOLE
from guard import digest, resources
from guard.certificate import CellResult, Certificate
from guard.dossier import Dossier, Prepared
from guard.errors import DigestMismatch, VerificationError
from guard.hazards import Taxonomy
from guard.protocol import Protocol

_BOUNDS = ("miss", "miss_unseen", "false_alarm_traffic", "false_alarm_near")
TAXONOMY = "policies/hazards.yaml"
"""Where this version keeps its taxonomy."""
_INFORMATION = ("blind_spots", "kinds", "subgroups", "sensitivity")


@dataclass(frozen=True, slots=True)
class Recomputed:
    """One bound, stated and derived again."""

    claim: str
    """hazard@stage, or "whole"."""
    estimand: str
    """What is bounded."""
    stated: str
    """Upper bound on the certificate."""
    derived: str
    """Upper bound from results.parquet."""


def recompute(opened: Dossier) -> tuple[Recomputed, ...]:
    """Derive every bound again and compare whole bounds, not only their upper ends.

    1. Certificate and protocol are about the same cells.
    2. results.parquet holds exactly the planned units, each over the planned rows, in the order that follows from the
       protocol.
    3. Every bound and every catalogue rate comes out again.
    4. So does everything that stands beside the bounds; an older certificate has none of it.
    5. So does the verdict on every rung, with what it was made from.
    6. What is said in words follows from the same: who checked the answer key, the limitations that depend on it or on the
       generator, and, by the taxonomy of this version, what each claim is about.

    Raises:
        VerificationError: A step failed.
        InputError: results.parquet is not in its format.
    """
    issued, plan = opened.certificate, opened.protocol
    # (1)
    places = [[(one.claim, one.lang, one.bucket) for one in cells] for cells in (issued.cells, plan.cells)]
    chats = [[(one.lang, one.bucket) for one in cells] for cells in (issued.whole, plan.traffic)]
    if places[0] != places[1] or chats[0] != chats[1]:
        raise VerificationError("certificate and protocol are not about the same cells")
    # (2)
    record = record_of(opened)
    found = units.read(plan, opened.payload, opened.files["results.parquet"], record)
    # (3)
    tested = _tested(issued)
    cells = [
        (cell, issue.cell_result(one, found.counts, tested, cell.plain))
        for cell, one in zip(issued.cells, plan.cells, strict=True)
    ]
    pairs = [(cell.claim, getattr(cell, name), getattr(again, name)) for cell, again in cells for name in _BOUNDS]
    for whole, traffic in zip(issued.whole, plan.traffic, strict=True):
        pairs.append((WHOLE, whole.false_alarm, issue.whole_result(traffic, plan.rules, found.counts).false_alarm))
    for claim, stated, derived in pairs:
        if stated != derived:
            problem = f"the bound {stated.estimand} of {claim} is not what results.parquet gives: {derived.upper}"
            raise VerificationError(problem)
    for cell, again in cells:
        if (cell.catalogue, cell.draws) != (again.catalogue, again.draws):
            raise VerificationError(f"the catalogue rate of {cell.claim} is not what results.parquet gives")
    # (4)
    for cell, again in cells:
        _same_information(cell, again)
    _same_aside(opened, found.counts)
    # (5)
    judged = rungs.with_rungs(issued.cells, found.rung_one, record, observer=rungs.is_observer(plan.subject))
    for cell, derived_cell in zip(issued.cells, judged, strict=True):
        if cell != derived_cell:
            raise VerificationError(f"the evidence rung of {cell.claim} is not what results.parquet gives: {derived_cell.rung}")
    if issued.rung != rungs.lowest(judged):
        raise VerificationError("the evidence rung of the certificate is not the lowest of its claims")
    _same_words(issued, plan)  # (6)
    return tuple(Recomputed(claim, stated.estimand, stated.upper, derived.upper) for claim, stated, derived in pairs)


def _same_information(stated: CellResult, derived: CellResult) -> None:
    """Compare what stands beside the bounds; a certificate states all of it or, if it is older, nothing."""
    if any(getattr(stated, name) for name in _INFORMATION):
        for name in _INFORMATION:
            if getattr(stated, name) != getattr(derived, name):
                problem = f"the {name.replace('_', ' ')} of {stated.claim} are not what results.parquet gives"
                raise VerificationError(problem)


def _same_aside(opened: Dossier, counts: Counts) -> None:
    """Compare what is about the certificate as a whole: any mix, a site's own conversations, the review of the labels."""
    issued, plan = opened.certificate, opened.protocol
    if issued.any_mix and issued.any_mix != beside.any_mix(issued.cells, issued.whole):
        raise VerificationError("the bounds for any mix are not the largest of the bounds of their cells")
    if issued.site != sealed.result(plan.sealed, counts):
        raise VerificationError("the rates on the site's own conversations are not what results.parquet gives")
    if issued.review != labels.label_review(opened.files, plan, issued.cells):
        raise VerificationError("the bounds that allow for wrong labels do not follow from the reviews in the dossier")


def _same_words(issued: Certificate, plan: Protocol) -> None:
    """Compare what the certificate says in words; an older one may say fewer limitations, but none of these wrongly."""
    if issued.labels != (labels.words(issued.review) if issued.review else labels.UNCHECKED):
        raise VerificationError("what the certificate says of the answer key does not follow from the reviews in the dossier")
    wanted = issue.limitations(plan.generator.version, reviewed=issued.review is not None)
    for one in (issue.REVIEWED, issue.UNREVIEWED, issue.TYPICAL):
        if (one in issued.limitations) != (one in wanted):
            what = "lacks a limitation that holds" if one in wanted else "states a limitation that does not hold"
            raise VerificationError(f"the certificate {what}: {one}")
    for cell in issued.cells:
        if cell.scenarios > cell.draws:
            raise VerificationError(f"{cell.claim} can't have {cell.scenarios} scenarios in {cell.draws} draws")
    if plan.taxonomy == digest.of_file(resources.path(TAXONOMY)):
        taxonomy = Taxonomy.packaged()
        for cell in issued.cells:
            if cell.plain != taxonomy.miss(taxonomy.claim(cell.claim)):
                raise VerificationError(f"what the certificate says {cell.claim} is about is not what the taxonomy says")


def record_of(prepared: Prepared) -> Baselines | None:
    """Return the record of the frozen baselines of a dossier; None where its protocol names none.

    Raises:
        VerificationError: The dossier does not hold the files that the protocol names.
    """
    if not prepared.protocol.baselines:
        return None
    if digest.of_bytes(prepared.files.get(frozen.FILE, b"")) != prepared.protocol.baselines:
        raise DigestMismatch(f"{frozen.FILE} is not what the protocol names")
    return frozen.read(prepared.files)


def _tested(issued: Certificate) -> issue.Tested:
    prefixes = {f"{cell.claim}/{cell.lang}/{cell.bucket}/": cell for cell in issued.cells}
    return issue.Tested(
        {prefix: cell.scenarios for prefix, cell in prefixes.items()},
        {prefix: cell.families for prefix, cell in prefixes.items()},
        {prefix: cell.fact_rows for prefix, cell in prefixes.items()},
        {prefix: cell.unavailable for prefix, cell in prefixes.items()},
    )
