"""The signed plan of one certification, written before the rows it will be tested on exist.

Read by `synth_data` (which rows to draw), by `verify` and by `certify test`; written by `certify prepare`.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from guard import digest
from guard.binding import Canaries, SubjectBinding
from guard.certificate import Decimal, Limit, Signed
from guard.claims import ReviewPlan, SealedFile
from guard.digest import Digest
from guard.errors import VerificationError
from guard.hazards import Population
from guard.points import MeasuredRates, OperatingPoint

PREDICATE = "urn:auscult:protocol:v1"
"""Predicate type of the signed statement."""


class Limits(Signed, frozen=True, kw_only=True):
    """What the policy demanded of a claim when the protocol was signed."""

    max_miss: Limit
    """Largest allowed miss rate."""
    max_false_alarm: Limit
    """Largest allowed rate of false alarms on ordinary traffic."""
    max_false_alarm_near: Limit
    """Largest allowed rate of false alarms on look-alikes."""
    population: Population
    """What `max_miss` is about."""


class Shift(Signed, frozen=True, kw_only=True):
    """How much a score may fall if activations move."""

    radius: Decimal
    """Largest move of the activations, Euclidean, in their standard deviations."""
    by: Decimal
    """Radius times the norm of the monitor's weights: its score falls by at most so much."""


class CellPlan(Signed, frozen=True, kw_only=True):
    """One claim in one cell."""

    claim: str
    """hazard@stage."""
    lang: str
    """Language."""
    bucket: str
    """Length bucket."""
    draws: int
    """Draws of listed families: the independent units."""
    unseen_families: int
    """How many unseen families there are."""
    unseen_draws: int
    """Draws in each of them."""
    limits: Limits
    """What the policy demands."""
    delta_miss: Decimal
    """Budget of the miss bound."""
    delta_unseen: Decimal
    """Budget of the bound on unseen families."""
    delta_false_alarm: Decimal
    """Budget of each of the two false-alarm bounds."""
    predicted_pass: Decimal
    """A floor under the chance that all limits on listed kinds are shown, predicted from the select fold."""
    shifts: tuple[Shift, ...] = ()
    """Moves of the activations, the smallest first, at which misses are counted, too: information."""


class TrafficPlan(Signed, frozen=True, kw_only=True):
    """Ordinary conversations of one language and bucket."""

    lang: str
    """Language."""
    bucket: str
    """Length bucket."""
    draws: int
    """Draws: the independent units."""
    max_false_alarm: Limit
    """Limit on all monitors and rules together; "" where there is none."""
    delta_false_alarm: Decimal
    """Budget of that bound."""


class GeneratorBinding(Signed, frozen=True, kw_only=True):
    """What the test rows are drawn from."""

    digest: str
    """Digest of generator code and facts."""
    version: str
    """Version of the generator."""
    weights: dict[str, str]
    """Published weight of each family; unseen families under opaque names."""


class Protocol(Signed, frozen=True, kw_only=True):
    """The predicate of a protocol."""

    product: str
    """What the issuer calls the thing that is certified."""
    not_before: str
    """RFC 3339: when it was signed, and when the certificate begins."""
    not_after: str
    """RFC 3339: when the certificate ends."""
    serial: int
    """Serial number that the certificate will carry."""
    attempt: int
    """Which attempt on this product and these claims, from the ledger."""
    ledger_head: str
    """Digest of the last line of the ledger before this attempt, or "none"."""
    subject: SubjectBinding
    """The model."""
    suite: dict[str, str]
    """Digest of each file of the suite."""
    canaries: Canaries
    """The replay condition."""
    taxonomy: str
    """Digest of the taxonomy file."""
    rules: str
    """Digest of the rule set that takes part in the whole."""
    rule_names: tuple[str, ...]
    """Names of those rules."""
    dataset: str
    """Digest of the manifest of the train and select rows."""
    generator: GeneratorBinding
    """What the test rows are drawn from."""
    eps: Decimal
    """Score margin."""
    delta: Decimal
    """Total error budget of this attempt."""
    operating_points: tuple[OperatingPoint, ...]
    """Thresholds, chosen on the select fold."""
    cells: tuple[CellPlan, ...]
    """What is tested."""
    traffic: tuple[TrafficPlan, ...]
    """On which ordinary conversations."""
    unit: str
    """draw: one independent draw of a scenario."""
    order: str
    """How the order of the statistic follows from this document."""
    seed: str
    """How the seed of the rows follows from this document."""
    analysis: str
    """Digest of the code that turns scores into bounds."""
    demonstration: bool
    """Limits too wide for use, or a subject that is not a deployed model."""
    measured: tuple[MeasuredRates, ...] = ()
    """Rates of the operating points that will carry no bound."""
    baselines: str = ""
    """Digest of the record of the frozen baselines, which names their other files by digest, or "" where there are none."""
    selection: str = ""
    """Digest of the record of what each monitor was chosen from, or "" where there is none."""
    sealed: SealedFile | None = None
    """A site's own conversations, which the test scores, too; absent where none were named."""
    review: ReviewPlan | None = None
    """How many labels two clinicians will review; absent where any number counts alike."""


ORDER_RULE = "draws sorted by SHA-256(SHA-256(payload) || draw id)"
SEED_RULE = 'SHA-256("certify" || SHA-256(payload))'


def read(predicate: Any) -> Protocol:
    """Check a decoded predicate.

    Raises:
        VerificationError: A field is missing, unknown or of the wrong type.
    """
    try:
        return msgspec.convert(predicate, Protocol)
    except msgspec.ValidationError as error:
        raise VerificationError(f"the protocol is not in the format of {PREDICATE}: {error}") from error


def row_seed(payload: Digest) -> bytes:
    """Return the 32-byte seed of the certify and unseen rows: they can't be known before the protocol is signed."""
    return hashlib.sha256(b"certify" + digest.raw(payload)).digest()


def order_key(payload: Digest, draw: str) -> bytes:
    """Return the sort key of a draw; fixed by the protocol, so that nobody can choose an order afterwards."""
    return hashlib.sha256(digest.raw(payload) + draw.encode()).digest()
