"""Claim L on a certificate: what two clinicians' review of the test's own rows allows its bounds to say.

Comes in: the two reviews, the rows of the test, and bounds. Goes out: `LabelReview`, and the words for page one. The rows
follow from the protocol and the sample from the rows, so that nobody chooses what is reviewed.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction

from certify import review
from certify.multiplicity import Part, budget
from certify.review import Checked, Population, Review, Spending
from guard import digest
from guard.certificate import Bound, CellResult, Proportion, number
from guard.claims import CheckedLabels, CorrectedBound, LabelReview
from guard.conversation import Fold, LabelledConversation
from guard.errors import ProtocolError
from guard.hazards import Claim
from guard.protocol import Protocol

FIRST, SECOND = "review/first.json", "review/second.json"
"""Where the reviews stand in a dossier."""
FILES = frozenset({FIRST, SECOND})
UNCHECKED = "no clinician has checked the answer key"
"""What page one says where there are none."""
SEED = 0
"""The sample's seed, so that the rows leave no choice of a sample."""
PLANNED_SHARE = Fraction(9, 10)
"""Of the budget for labels, what bounds at the planned number of rows spend; the rest is for reviews that end elsewhere."""
ROLES = {Population.HAZARD: 1, Population.NEAR: len(review.NEAR_ROLES), Population.ORDINARY: 1}
"""How many roles of rows each population has."""
_PLACE = 3
"""A draw's id ends with language, length bucket and number."""


def label_review(files: Mapping[str, bytes], plan: Protocol, cells: Sequence[CellResult]) -> LabelReview | None:
    """Bound how often the answer key is wrong, and correct the bounds for it; None where nobody reviewed.

    Raises:
        InputError: A review is none, or the two are of different samples.
        ProtocolError: The two do not open claim L: not by two clinicians, blind, or of too few rows.
    """
    if not FILES & files.keys():
        return None
    first, second = (review.read(files.get(name, b"")) for name in (FIRST, SECOND))
    langs = languages(first)
    outcome = review.judge(first, second, spending(plan, langs))
    if outcome.closed:
        raise ProtocolError(f"the reviews do not open claim L: {'; '.join(outcome.closed)}", "leave them out")
    claims = {cell.claim for cell in cells}
    checked = [one for one in outcome.checked if one.claim in claims]
    counted = [one for one in checked if outcome.opens(one)]
    read = [cell for cell in cells if cell.lang in langs.get(cell.claim, ())]
    corrected = tuple(bound for cell in read for bound in _corrected(cell, read, counted))
    if not corrected:
        raise ProtocolError(
            f"the reviews do not open claim L: no population of a certified claim has {review.LEAST} reviewed rows",
            "review more rows, or leave the reviews out",
        )
    return LabelReview(
        files={name: digest.of_bytes(files[name]) for name in (FIRST, SECOND)},
        sample=first.sample,
        delta=budget(plan.attempt, (), (), ()).written(Part.LABELS),
        checked=tuple(_written(one) for one in checked),
        corrected=corrected,
    )


def spending(plan: Protocol, reviewed: Mapping[str, set[str]]) -> Spending:
    """Split the budget for labels over what could have been reviewed, by the protocol.

    Of each claim these are three populations, in any set of its languages and after any number of rows. A planned number, in
    all languages of the claim, has `PLANNED_SHARE` for itself, and all the others what is left; so the bounds hold together
    wherever the reviewers stop.

    Args:
        plan: The protocol.
        reviewed: Languages in which each claim was reviewed.
    """
    langs: dict[str, set[str]] = defaultdict(set)
    for cell in plan.cells:
        langs[cell.claim].add(cell.lang)
    sets = _sets(langs)
    delta = budget(plan.attempt, (), (), ()).delta(Part.LABELS)
    if plan.review is None:
        return Spending(delta / sets)
    each, rows = delta * float(PLANNED_SHARE) / (len(Population) * len(langs)), plan.review.per_stratum
    as_planned = [claim for claim, own in langs.items() if reviewed.get(claim) == own]
    planned = {(claim, one): (rows * ROLES[one], each) for claim in as_planned for one in Population}
    return Spending(delta * float(1 - PLANNED_SHARE) / sets, planned)


def unplanned(first: Review) -> Spending:
    """Split the budget of a first attempt over the claims and languages of a review, where no protocol is at hand."""
    langs = languages(first)
    known = {one.claim: langs.get(one.claim) or {""} for one in first.judged}
    return Spending(budget(1, (), (), ()).delta(Part.LABELS) / _sets(known))


def _sets(langs: Mapping[str, Collection[str]]) -> int:
    """Count what could be reviewed: three populations of each claim, in any set of its languages."""
    return len(Population) * sum((1 << len(own)) - 1 for own in langs.values())


def languages(reviewed: Review) -> dict[str, set[str]]:
    """Return the languages in which each claim was reviewed; a row's id is its draw and its role."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in reviewed.judged:
        parts = one.row.split("#")[0].split("/")
        if len(parts) >= _PLACE:
            found[one.claim].add(parts[-_PLACE])
    return found


def words(found: LabelReview) -> str:
    """Say who checked the answer key."""
    items = sum(one.rejected.trials for one in found.checked)
    return (
        f"two clinicians, blind and independent of each other, checked {items} items; errors of the answer key are allowed "
        "for in the corrected bounds"
    )


def _written(one: Checked) -> CheckedLabels:
    rejected = Proportion(successes=one.rejected, trials=one.items)
    return CheckedLabels(
        claim=one.claim, population=one.population.value, rejected=rejected, delta=number(one.delta), upper=number(one.upper)
    )


def _corrected(cell: CellResult, cells: Sequence[CellResult], checked: Sequence[Checked]) -> list[CorrectedBound]:
    """Correct the bounds of one cell; `cells` are those whose language was reviewed.

    The sample is of all these cells of a claim. Wrong labels could all lie in one of them: of a claim's N units in n of one
    cell, at most N / n times the share of all can be wrong.
    """
    found = []
    for one in checked:
        if one.claim == cell.claim:
            bound = _bound(cell, one.population)
            units = sum(_bound(each, one.population).units for each in cells if each.claim == cell.claim)
            upper = review.corrected(float(bound.upper), min(1.0, one.upper * units / bound.units))
            found.append(
                CorrectedBound(
                    claim=cell.claim, lang=cell.lang, bucket=cell.bucket, estimand=bound.estimand, upper=number(upper)
                )
            )
    return found


def _bound(cell: CellResult, population: Population) -> Bound:
    bounds = {
        Population.HAZARD: cell.miss,
        Population.NEAR: cell.false_alarm_near,
        Population.ORDINARY: cell.false_alarm_traffic,
    }
    return bounds[population]


def require_sample(files: Mapping[str, bytes], rows: Sequence[LabelledConversation]) -> None:
    """Check that what was reviewed is a random sample of the test's own rows.

    1. Each item is a row of the test, with the label that it has there.
    2. The items of a stratum (claim, label, role) are the first of its rows in the order of the sample's seed.

    Raises:
        InputError: A review can't be read.
        ProtocolError: A step failed.
    """
    reviewed = review.read(files[FIRST])
    strata: dict[tuple[str, int, str], set[str]] = defaultdict(set)
    for one in reviewed.judged:
        strata[one.claim, one.label, one.role].add(one.row)
    langs = {row.lang for row in rows if any(row.id in own for own in strata.values())}
    members = _members(rows, langs)
    for (claim, label, role), own in strata.items():
        found = members.get((claim, label, role), [])
        if not own <= set(found):  # (1)
            raise ProtocolError(f"the review of {claim} has rows that the test does not have", "review the test's own rows")
        if own != set(sorted(found, key=lambda row: order(row, claim))[: len(own)]):  # (2)
            raise ProtocolError(f"the review of {claim} is no random sample of the test's rows", f"sample with seed {SEED}")


def _members(rows: Sequence[LabelledConversation], langs: Collection[str]) -> dict[tuple[str, int, str], list[str]]:
    found: dict[tuple[str, int, str], list[str]] = defaultdict(list)
    for row in rows:
        if row.meta.fold is not Fold.UNSEEN and row.lang in langs:
            for claim in asked(row):
                label = row.label(claim)
                if label is not None:
                    found[str(claim), label, str(row.meta.role or "")].append(row.id)
    return found


def asked(row: LabelledConversation) -> tuple[Claim, ...]:
    """Return what a row is reviewed for: the claim that its draw is of, or else every claim that it carries."""
    own = [claim for claim in row.labels if f"{claim}/" in f"{row.meta.draw}/"]
    return tuple(own or row.labels)


def order(row: str, claim: str) -> bytes:
    """Return the key by which the rows of a stratum are drawn into the sample."""
    return hashlib.sha256(f"{SEED}|{claim}|{row}".encode()).digest()
