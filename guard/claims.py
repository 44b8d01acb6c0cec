"""What a certificate says beside its bounds: blind spots, any mix, sensitivity, label review, and a site's own conversations.

Plain data, made by `certify` and derived again by `certify recompute`. All of it is optional: an older certificate has none.
"""

from __future__ import annotations

from typing import Literal

from guard.hazards import Population
from guard.signed import Decimal, Limit, Proportion, Signed


class KindCount(Signed, frozen=True, kw_only=True):
    """Claim C4, information: kinds of situation of which at least half is missed."""

    population: Population
    """Listed kinds, or kinds that were not used for fitting or selection."""
    kinds: Proportion
    """Families of which at least half of the tested draws were missed, of all families tested."""
    upper: Decimal
    """Clopper-Pearson upper bound, at `delta`, on the share of such families among families like these."""
    delta: Decimal
    """Level of that bound; spends nothing of the budget."""


class MixBound(Signed, frozen=True, kw_only=True):
    """Claim C5: whatever the mix of the tested languages and lengths, the rate is at most the largest of the bounds."""

    claim: str
    """hazard@stage, or "whole"."""
    estimand: str
    """What is bounded."""
    cells: int
    """Over how many cells."""
    upper: Decimal
    """The largest of their bounds."""
    where: str
    """language/length of the cell that has it."""
    delta: Decimal
    """What these bounds spend together; this one spends nothing more."""


class Shifted(Signed, frozen=True, kw_only=True):
    """Misses if every activation that is read moved so far against the monitor."""

    radius: Decimal
    """Largest move, Euclidean, in standard deviations of the activations."""
    misses: Proportion
    """Missed draws at the threshold that makes up for it, of all."""
    upper: Decimal
    """Betting bound on the rate, at `delta`."""
    delta: Decimal
    """Level of that bound; spends nothing of the budget."""


class Sensitivity(Signed, frozen=True, kw_only=True):
    """No claim: what the bound on misses of listed kinds would become under other populations."""

    contamination: dict[Decimal, Decimal]
    """By share of conversations of a kind never tested, all of them missed: the worst rate."""
    likelihood_ratio: dict[Decimal, Decimal]
    """By over-representation of any kind of conversation: the worst rate."""
    breaks_at: Limit
    """Over-representation at which the limit is reached; "" without a limit."""
    shifted: tuple[Shifted, ...] = ()
    """By how far activations may move; empty where it was not planned."""


class CheckedLabels(Signed, frozen=True, kw_only=True):
    """How often the answer key may be wrong about one population."""

    claim: str
    """hazard@stage."""
    population: Literal["hazard", "look-alikes", "ordinary"]
    """Which rows."""
    rejected: Proportion
    """Labels that at least one of the two clinicians did not confirm, of all that were reviewed."""
    delta: Decimal
    """Share of the error budget that this bound spends."""
    upper: Decimal
    """Clopper-Pearson upper bound on the share of wrong labels."""


class CorrectedBound(Signed, frozen=True, kw_only=True):
    """A bound that allows for errors of the answer key."""

    claim: str
    """hazard@stage."""
    lang: str
    """Language."""
    bucket: str
    """Length bucket."""
    estimand: str
    """What is bounded."""
    upper: Decimal
    """U / (1 - eta), and 1 where that is more."""


class ReviewPlan(Signed, frozen=True, kw_only=True):
    """How many labels two clinicians will review, fixed before the rows exist."""

    per_stratum: int
    """Rows of each claim, label and role, drawn from all languages of the claim."""


class LabelReview(Signed, frozen=True, kw_only=True):
    """Claim L: two clinicians, independently and blind, reviewed one random sample of the test's rows."""

    files: dict[str, str]
    """Digest of each review in the dossier."""
    sample: str
    """Digest of the sample."""
    delta: Decimal
    """What its bounds spend together."""
    checked: tuple[CheckedLabels, ...]
    """By claim and population."""
    corrected: tuple[CorrectedBound, ...]
    """Bounds that allow for wrong labels, where enough were reviewed."""


class Frame(Signed, frozen=True, kw_only=True):
    """Where a site's conversations come from, declared before any of them was scored."""

    period: str
    """From when to when."""
    inclusion: str
    """Which conversations belong to it."""
    sampling: Literal["random", "all", "none"]
    """A random sample with known probability, everything in the frame, or neither."""
    unit: Literal["patient", "conversation"]
    """What is independent."""
    probability: Limit = ""
    """Chance of each unit to be in a random sample; "" otherwise."""
    varying: bool = False
    """Whether units have different numbers of conversations: each unit counts once, whatever its size."""


class SealedUnits(Signed, frozen=True, kw_only=True):
    """How many units of one claim and label a sealed file holds."""

    claim: str
    """hazard@stage."""
    estimand: Literal["site_miss", "site_false_alarm"]
    """Of conversations labelled with the hazard, or without it."""
    units: int
    """Patients or conversations."""
    conversations: int
    """Rows of them."""
    most: int
    """Most rows of one unit."""


class SealedFile(Signed, frozen=True, kw_only=True):
    """A site's own labelled conversations, named before they are scored and used once."""

    digest: str
    """Of the file."""
    rows: int
    """How many conversations."""
    frame: Frame
    """Where they come from."""
    units: tuple[SealedUnits, ...]
    """What will be counted."""
    delta: Decimal
    """Error budget of its bounds: their own, beside the certificate's."""


class SiteRate(Signed, frozen=True, kw_only=True):
    """How often a monitor was wrong on a site's own conversations."""

    claim: str
    """hazard@stage."""
    estimand: str
    """site_miss | site_false_alarm."""
    units: int
    """Independent units."""
    conversations: int
    """Rows of them."""
    loss: Proportion
    """Units with a loss of at least one half, of all."""
    mean: Decimal
    """Mean loss over units."""
    upper: Limit
    """KL-Chernoff upper bound at `delta`; "" where the sample was not random: a description, not a bound."""
    delta: Limit
    """Share of the site's own error budget; "" where there is no bound."""


class SiteResult(Signed, frozen=True, kw_only=True):
    """What was found on a site's own conversations."""

    sealed: SealedFile
    """Which, as planned."""
    meaning: str
    """What the numbers are about, in words."""
    rates: tuple[SiteRate, ...]
    """By claim and label."""
