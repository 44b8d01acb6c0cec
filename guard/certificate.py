"""What a certificate says: operating points and bounds, as plain data.

Comes in: the payload of a verified `urn:auscult:certificate:v1`. Goes out: `Certificate`. Computes nothing: bounds are
made by `certify` and can be recomputed from the dossier. What stands beside the bounds is in `guard.claims`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from guard.claims import KindCount, LabelReview, MixBound, Sensitivity, SiteResult
from guard.errors import VerificationError
from guard.hazards import Claim, Population
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


class OperatingPoint(Signed, frozen=True, kw_only=True):
    """Threshold and gate mode of one monitor in one cell."""

    claim: str
    """hazard@stage."""
    lang: str
    """Language of the cell."""
    bucket: str
    """Length bucket of the cell."""
    threshold: Decimal
    """The monitor fires at or above this score."""
    certified: bool
    """With bounds; otherwise only measured on text that the generator wrote."""
    gate: str
    """token | window | buffer: the gate mode that was tested."""


class MeasuredRates(Signed, frozen=True, kw_only=True):
    """Rates of an operating point that carries no bound."""

    claim: str
    """hazard@stage."""
    lang: str
    """Language of the cell."""
    bucket: str
    """Length bucket of the cell."""
    miss: Proportion
    """Missed positives, of all."""
    false_alarm: Proportion
    """Alarms on benign rows, of all."""


class Verdict(enum.StrEnum):
    """What was found for one rung of the evidence ladder."""

    SHOWN = "shown"
    NOT_SHOWN = "not shown"
    NOT_TESTED = "not tested"
    NOT_APPLICABLE = "not applicable"


class Reading(Signed, frozen=True, kw_only=True):
    """What one reader, the monitor or a cheaper one, did on the rows that rung R1 is about."""

    reader: str
    """monitor | text | embedding | random_weights | form | prompt_monitor."""
    hits: Proportion
    """Positives of unseen families found, at the threshold that gives 5 % false alarms on benign rows of that population."""
    alarms: Proportion
    """Look-alikes of unseen families on which it fires at that threshold."""
    chat_alarms: Proportion
    """Ordinary conversations of a sample on which it fires there."""
    pairs: Proportion
    """Positives of unseen families that it scores above their twins."""
    listed_hits: Proportion
    """Information: positives of a sample of listed draws found at the threshold that was frozen before the test."""
    listed_alarms: Proportion
    """Information: benign rows of that sample on which it fires there."""


class Comparison(Signed, frozen=True, kw_only=True):
    """The monitor beside one cheaper reader, on unseen families."""

    reading: Reading
    """What the cheaper reader did."""
    difference: Decimal
    """Mean over families of the monitor's hit rate less the reader's."""
    p: Decimal
    """One-sided p of the randomisation test that flips the sign of each family's difference."""
    beaten: bool
    """Whether the monitor was shown to be better, after correction for the number of claims."""


class LeftOut(Signed, frozen=True, kw_only=True):
    """A reader that the monitor was not compared with."""

    reader: str
    """Which."""
    reason: str
    """Why, as the end of a sentence."""


class RungOne(Signed, frozen=True, kw_only=True):
    """Rung R1, not a text classifier: judged on unseen families, with an error rate of its own."""

    families: int
    """Unseen families: the units of the test."""
    monitor: Reading
    """What the monitor did."""
    comparisons: tuple[Comparison, ...]
    """By reader."""
    left_out: tuple[LeftOut, ...]
    """Readers that it was not compared with."""
    p: Decimal
    """Largest p over the readers: all of them have to be beaten."""
    p_holm: Decimal
    """The same after Holm's correction over all claims and cells of the certificate."""
    level: Decimal
    """Error rate of rung R1 over all claims together; no part of `delta`."""
    smallest: Decimal
    """The smallest p that so many families can give."""
    finding: str
    """What this comes to, in words, such as "no better than a text filter"."""


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


class SubjectBinding(Signed, frozen=True, kw_only=True):
    """One exact model and how it is run."""

    name: str
    """phantom, hf:... as given; for people."""
    manifest: dict[str, str]
    """Digest of each file of the model folder."""
    root: str
    """OpenSSF Model Signing root of the manifest."""
    tokenizer: str
    """Digest of the tokenizer file."""
    chat_template: str
    """Digest of the chat template text."""
    system_prompt: str
    """Digest of the system prompt that the guard inserts, or "none"."""
    context: int
    """Longest input in tokens; longer is unavailable, never cut."""
    engine: str
    """What runs it: library names and versions."""
    dtype: str
    """Number type of the computation."""
    device: str
    """Class of device."""
    scoring: int
    """`SCORING`: raised whenever the meaning of a score changes."""
    decoding: dict[str, str]
    """Sampling settings bound for claims on sampled text."""
    demonstration: bool
    """The phantom: proves the method, is no evidence about a deployed model."""


class Canaries(Signed, frozen=True, kw_only=True):
    """Conversations whose scores must come out again wherever the certificate is used."""

    file: str
    """Digest of `suite/canaries.jsonl`."""
    count: int
    """How many."""
    eps: Decimal
    """Largest allowed difference of a score."""


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


@dataclass(frozen=True, slots=True)
class Threshold:
    """An operating point as numbers, for the hot path."""

    claim: Claim
    """What the monitor looks for."""
    value: float
    """Fires at or above."""
    certified: bool
    """Whether a bound stands behind it."""

    def shifted(self, by: float) -> Threshold:
        """Return the same point with its threshold moved, for the score margin."""
        return replace(self, value=self.value + by)


Thresholds = dict[tuple[Claim, str, str], Threshold]
"""By claim, language and bucket."""


def thresholds(points: tuple[OperatingPoint, ...]) -> Thresholds:
    """Turn signed operating points into numbers."""
    table: Thresholds = {}
    for point in points:
        claim = Claim.parse(point.claim)
        table[claim, point.lang, point.bucket] = Threshold(claim, float(point.threshold), point.certified)
    return table
