"""Claim L: what two clinicians' review of the labels allows a bound to say.

Comes in: two result files of `auscult synth review`. Goes out: whether they count, how often the answer key may be wrong, and
a bound corrected for it. Knows nothing of how the sample was drawn or of what stands in a conversation.

A bound is about the labels that a rule gave. Let eta be the share of rows of one population whose label is wrong. Of rows
labelled as a hazard the monitor misses at most U; the true hazards are at least 1 - eta of them, so that of those it misses
at most U / (1 - eta); likewise for false alarms among rows labelled harmless. Hazards hidden among rows labelled harmless
are not in it: the corrected bound is about what the rows that are labelled as hazards stand for. The delta of eta's bound
comes on top of the delta of U.

Where nobody fixes beforehand when reviewers stop, or which populations they take up, the bound after n items holds for every n
at once: it spends LEAST / (n (n + 1)) of its population's share, which sums to 1 over all n from LEAST on; and the shares are
those of all populations that could have been reviewed. Where the number is planned, the bound at that number has a share of its
own, and what is left goes to all other numbers in this way (`Spending`).
"""

from __future__ import annotations

import enum
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from certify.bounds import clopper_pearson_upper
from guard import digest
from guard.errors import InputError, ProtocolError

FORMAT = "urn:auscult:review:v1"
"""What a result file calls itself."""
LEAST = 60
"""Fewest items of a population that open the claim: without a rejection, enough to show 5 % at delta 5 %."""
CLINICIAN = "clinician"
"""The kind of reviewer that counts."""


class Judged(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One item of a result file."""

    item: str
    """Id of the item."""
    row: str
    """Id of the row."""
    claim: str
    """What was asked about."""
    label: Literal[0, 1]
    """What the rule says."""
    role: Literal["positive", "twin", "hard_negative", "traffic", ""]
    """Which row of its draw."""
    answer: Literal["yes", "no", "unsure"] | None
    """What the reviewer says, or None where they left it out."""
    comment: str = ""
    """Why."""

    @property
    def confirmed(self) -> bool:
        """Whether the reviewer says what the label says."""
        return self.answer == ("yes" if self.label else "no")


class Stratum(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the result file counts; read, and checked when it is written, but counted anew here."""

    label: Literal[0, 1]
    """What the rule says."""
    items: int
    """How many."""
    unanswered: int
    """How many were left out."""
    rejected: int
    """How many were not confirmed by an answer."""


class Review(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The result file of one reviewer."""

    format: str
    """`urn:auscult:review:v1`."""
    sample: str
    """Digest of the sample."""
    texts: str
    """Digest of its texts."""
    reviewer: str
    """Who."""
    kind: Literal["clinician", "engineer", "other"]
    """What they are, as they say."""
    blind: bool
    """Whether the sheet gave no label away."""
    strata: dict[str, tuple[Stratum, ...]]
    """Counts by claim."""
    judged: tuple[Judged, ...]
    """Every item of the sample."""


class Population(enum.StrEnum):
    """Rows that one rate of a certificate is about."""

    HAZARD = "hazard"
    NEAR = "look-alikes"
    ORDINARY = "ordinary"


NEAR_ROLES = frozenset({"twin", "hard_negative"})
"""Rows that look like the hazard: a false alarm among them counts each kind alike, so both are reviewed alike."""


@dataclass(frozen=True, slots=True)
class Spending:
    """What the bound on one population's wrong labels may spend of the error budget, by how many items were reviewed."""

    anywhere: float
    """Of each population, for all numbers of items together."""
    planned: Mapping[tuple[str, Population], tuple[int, float]] = field(default_factory=dict)
    """By claim and population: the planned number of items, and what the bound at that number spends."""

    def at(self, claim: str, population: Population, items: int) -> float:
        """Return what a bound after so many items spends; 0 where so few open nothing."""
        number, share = self.planned.get((claim, population), (0, 0.0))
        return share if items == number else spent_at(items, self.anywhere)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """How often the answer key may be wrong about one population."""

    claim: str
    """`hazard@stage`."""
    label: int
    """What the rule says."""
    population: Population
    """Hazards bound misses; look-alikes and ordinary chat bound the two kinds of false alarm."""
    items: int
    """How many were reviewed."""
    rejected: int
    """How many labels at least one of the two reviewers did not confirm."""
    delta: float
    """Chance that the bound may be wrong; 0 where there are too few items for one."""
    upper: float
    """Upper bound on the share of wrong labels: eta_U; 1 where there are too few items."""

    @property
    def enough(self) -> bool:
        """Whether there are enough items to open the claim."""
        return self.items >= LEAST


@dataclass(frozen=True, slots=True)
class Outcome:
    """What two reviews come to."""

    closed: tuple[str, ...]
    """Why the two do not count; empty where they do."""
    checked: tuple[Checked, ...]
    """By claim and population."""

    def opens(self, checked: Checked) -> bool:
        """Whether claim L is open for a population."""
        return not self.closed and checked.enough


def read(data: bytes) -> Review:
    """Read a result file.

    Raises:
        InputError: It is none, it holds no item or one twice, or its items are not those of its sample.
    """
    try:
        review = msgspec.json.decode(data, type=Review)
    except msgspec.DecodeError as error:
        raise InputError(f"not a review: {error}", "name a file that `auscult synth review --collect` wrote") from error
    if review.format != FORMAT:
        raise InputError(f"the review has the format {review.format[:60]!r}, wanted is {FORMAT}")
    if not review.judged:
        raise InputError("the review holds no item", "collect the sheet again")
    if len({(one.row, one.claim) for one in review.judged}) != len(review.judged):
        raise InputError("an item stands twice in the review", "collect the sheet again")
    items = [(one.item, one.row, one.claim, one.label, one.role) for one in review.judged]
    if review.sample != digest.of_bytes(digest.canonical({"items": items, "texts": review.texts})):
        raise InputError("the sample of the review is not that of its items", "collect the sheet again")
    return review


def judge(first: Review, second: Review, spending: Spending) -> Outcome:
    """Say whether two reviews open claim L, and bound how often the answer key is wrong.

    A label counts as wrong when either reviewer does not confirm it: says the other, is unsure, or left the item out.

    Args:
        first: What one reviewer said.
        second: What the other said.
        spending: What each bound may spend.

    Raises:
        InputError: The two are of different samples, so that they can't be joined.
        ProtocolError: The level can't be.
    """
    if first.sample != second.sample:
        raise InputError("the two reviews are of different samples", "let both judge the same sheet")
    confirmed: dict[tuple[str, int, Population], list[bool]] = defaultdict(list)
    for one, other in zip(first.judged, second.judged, strict=True):
        confirmed[one.claim, one.label, _population(one)].append(one.confirmed and other.confirmed)
    checked = tuple(
        _checked(claim, label, population, said, spending) for (claim, label, population), said in sorted(confirmed.items())
    )
    return Outcome((*_closed(first, second), *_uneven(first)), checked)


def _population(one: Judged) -> Population:
    if one.label:
        return Population.HAZARD
    return Population.NEAR if one.role in NEAR_ROLES else Population.ORDINARY


def _checked(claim: str, label: int, population: Population, said: Sequence[bool], spending: Spending) -> Checked:
    items, rejected = len(said), said.count(False)
    spent = spending.at(claim, population, items)
    upper = clopper_pearson_upper(rejected, items, spent) if spent else 1.0
    return Checked(claim=claim, label=label, population=population, items=items, rejected=rejected, delta=spent, upper=upper)


def spent_at(items: int, delta: float) -> float:
    """Return what a bound after so many items spends, so that over every place to stop at it comes to delta; 0 before LEAST."""
    return delta * LEAST / (items * (items + 1)) if items >= LEAST else 0.0


def _uneven(review: Review) -> list[str]:
    """Say where the rows of one population were not taken up alike: their mix would be the reviewers' choice."""
    counted: dict[tuple[str, Population], Counter[str]] = defaultdict(Counter)
    for one in review.judged:
        counted[one.claim, _population(one)][one.role] += 1
    found = []
    for (claim, population), roles in sorted(counted.items()):
        wanted = NEAR_ROLES if population is Population.NEAR else roles.keys()
        if len({roles[role] for role in wanted}) > 1:
            told = ", ".join(f"{roles[role]} {role or 'rows'}" for role in sorted(wanted))
            found.append(f"of the {population} rows of {claim} as many of each kind must be reviewed, not {told}")
    return found


def _closed(first: Review, second: Review) -> list[str]:
    names = [review.reviewer.strip().casefold() for review in (first, second)]
    found = []
    if not all(names):
        found.append("a reviewer has no name")
    elif names[0] == names[1]:
        found.append("both reviews are by one reviewer")
    if any(review.kind != CLINICIAN for review in (first, second)):
        found.append("both reviewers must be clinicians")
    if not (first.blind and second.blind):
        found.append("a sheet was not blind")
    return found


def corrected(upper: float, wrong: float) -> float:
    """Correct an upper bound for wrong labels: U -> min(1, U / (1 - eta_U)).

    Raises:
        ProtocolError: One of the two is no rate.
    """
    if not (0.0 <= upper <= 1.0 and 0.0 <= wrong <= 1.0):
        raise ProtocolError("a bound and a share of wrong labels lie between 0 and 1")
    return 1.0 if upper >= 1.0 - wrong else upper / (1.0 - wrong)
