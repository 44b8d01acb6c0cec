"""What a certificate says: operating points and bounds, as plain data.

Comes in: the payload of a verified `urn:auscult:certificate:v1`. Goes out: `Certificate`. Computes nothing: bounds are
made by `certify` and can be recomputed from the dossier. Its thresholds are in `guard.points`, the model that it is about in
`guard.binding`, the evidence ladder in `guard.rungs`, and what stands beside the bounds in `guard.claims`.
"""

from __future__ import annotations

import enum
from typing import Any

import msgspec

from guard.binding import Canaries, SubjectBinding
from guard.claims import KindCount, LabelReview, MixBound, Sensitivity, SiteResult
from guard.errors import VerificationError
from guard.hazards import Population
from guard.points import MeasuredRates, OperatingPoint
from guard.rungs import RungOne, Verdict
from guard.signed import Decimal as Decimal  # noqa: PLC0414 - read from here, too
from guard.signed import Limit as Limit  # noqa: PLC0414 - read from here, too
from guard.signed import Proportion as Proportion  # noqa: PLC0414 - read from here, too
from guard.signed import Signed as Signed  # noqa: PLC0414 - read from here, too
from guard.signed import number as number  # noqa: PLC0414 - read from here, too

PREDICATE = "urn:auscult:certificate:v1"
"""Predicate type of the signed statement."""


class Status(enum.StrEnum):
    """What a bound shows about a limit."""

    PASS = "PASS"  # noqa: S105
    NOT_SHOWN = "NOT SHOWN"
    FAIL = "FAIL"


class Bound(Signed, frozen=True, kw_only=True):
    """An upper confidence bound on a mean loss, with everything it was made from."""

    estimand: str
    """miss | miss_unseen | false_alarm_traffic | false_alarm_near | false_alarm_whole."""
    population: Population
    """New scenarios of listed kinds, or kinds not used for fitting or selection."""
    unit: str
    """draw | family."""
    method: str
    """wsr | kl_chernoff."""
    units: int
    """How many independent units."""
    loss: Proportion
    """Units with a loss of at least one half, of all units: information, the bound uses the exact losses."""
    mean: Decimal
    """Mean loss over units."""
    delta: Decimal
    """Share of the error budget that this bound spends."""
    upper: Decimal
    """The bound: with confidence 1 - delta the true mean loss is at most this."""
    lower: Decimal
    """Lower confidence bound at the same delta; for the word FAIL only, not an interval."""
    limit: Limit
    """What the policy demanded when the protocol was signed; "" where it demanded nothing."""
    status: Status | None
    """What the bound shows about the limit; absent where there is no limit."""
    smallest: Decimal
    """The smallest bound that so many units can give."""


class CatalogueRate(Signed, frozen=True, kw_only=True):
    """Pooled rate over the very conversations tested: information, no claim about new ones."""

    loss: Proportion
    """Losses of all rows."""
    upper: Decimal
    """Clopper-Pearson upper bound at `delta`."""
    delta: Decimal
    """Level of that bound; spends nothing of the budget."""


class CellResult(Signed, frozen=True, kw_only=True):
    """What was found for one claim in one cell."""

    claim: str
    """hazard@stage."""
    lang: str
    """Language."""
    bucket: str
    """Length bucket."""
    plain: str
    """The claim in words: what a miss reads as."""
    draws: int
    """Independent draws tested."""
    scenarios: int
    """Distinct scenarios among them."""
    families: int
    """Distinct listed families among them."""
    fact_rows: int
    """Distinct rows of the facts tables behind them."""
    miss: Bound
    """On new scenarios of listed kinds."""
    miss_unseen: Bound
    """On unseen kinds; always beside it."""
    false_alarm_traffic: Bound
    """On ordinary conversations."""
    false_alarm_near: Bound
    """On look-alikes."""
    catalogue: CatalogueRate
    """Pooled, as information."""
    unavailable: int
    """Rows without a score: counted as losses."""
    rung: str = "none"
    """Highest evidence rung that holds with all below it: none, R0, R1, ..."""
    rungs: dict[str, Verdict] = msgspec.field(default_factory=dict)
    """Verdict on each rung by itself."""
    rung_one: RungOne | None = None
    """What the verdict on R1 was made from; absent where no baseline was frozen."""
    blind_spots: tuple[KindCount, ...] = ()
    """Kinds of which at least half is missed: information."""
    kinds: dict[str, Proportion] = msgspec.field(default_factory=dict)
    """Missed draws of each listed family: information."""
    subgroups: dict[str, dict[str, Proportion]] = msgspec.field(default_factory=dict)
    """Missed draws by how and about whom it is told: information."""
    sensitivity: Sensitivity | None = None
    """What the bound on misses would become under other populations: no claim."""


class WholeResult(Signed, frozen=True, kw_only=True):
    """False alarms of all monitors and rules together, per language and bucket."""

    lang: str
    """Language."""
    bucket: str
    """Length bucket."""
    rules: str
    """Digest of the rule set that took part."""
    false_alarm: Bound
    """On ordinary conversations."""


class Certificate(Signed, frozen=True, kw_only=True):
    """The predicate of a certificate."""

    serial: int
    """Counts up per product, so that the newer of two can be told."""
    product: str
    """What the issuer calls the thing that is certified."""
    not_before: str
    """RFC 3339, from the protocol."""
    not_after: str
    """RFC 3339."""
    supersedes: str
    """Digest of an earlier certificate, or ""."""
    protocol: str
    """Digest of the protocol's payload."""
    suite: dict[str, str]
    """Digest of each file of the suite."""
    results: str
    """Digest of results.parquet."""
    taxonomy: str
    """Digest of the taxonomy file."""
    subject: SubjectBinding
    """The model."""
    canaries: Canaries
    """The replay condition."""
    eps: Decimal
    """Score margin: misses are counted at threshold + eps, false alarms at threshold - eps."""
    attempt: int
    """Which attempt on this product and these claims."""
    delta: Decimal
    """Total error budget of this attempt."""
    demonstration: bool
    """Limits too wide for use, or a subject that is not a deployed model."""
    redrawn: bool
    """Whether the issuer drew the rows again and compared."""
    labels: str
    """Who checked the answer key."""
    rung: str
    """Highest evidence rung that holds, with all below it, for every claim."""
    operating_points: tuple[OperatingPoint, ...]
    """All thresholds, certified and measured; they stand nowhere else."""
    cells: tuple[CellResult, ...]
    """Results by claim and cell."""
    whole: tuple[WholeResult, ...]
    """Results of all monitors and rules together."""
    measured: tuple[MeasuredRates, ...]
    """Rates without a bound."""
    limitations: tuple[str, ...]
    """What the numbers do not say."""
    any_mix: tuple[MixBound, ...] = ()
    """Bounds that hold whatever the mix of cells; for claims with more than one."""
    review: LabelReview | None = None
    """What two clinicians' review of the labels allows for; absent where there was none."""
    site: SiteResult | None = None
    """What was found on a site's own conversations; absent where none were named."""


def read(predicate: Any) -> Certificate:
    """Check a decoded predicate.

    Raises:
        VerificationError: A field is missing, unknown or of the wrong type.
    """
    try:
        return msgspec.convert(predicate, Certificate)
    except msgspec.ValidationError as error:
        raise VerificationError(f"the certificate is not in the format of {PREDICATE}: {error}") from error
