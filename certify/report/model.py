"""The report as data: everything that any rendering of it shows, HTML now and PDF from the same source.

Comes in: certificate, protocol, taxonomy and what `sources` holds. Goes out: `ReportData`. Knows nothing of HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypedDict

from certify.baselines.frozen import Baselines
from certify.report import rounding, views, words
from certify.report.lengths import NOT_TESTED, LengthSection
from certify.report.sources import Digests, ExternalSection, Ledger, NotGiven
from certify.report.tongue import ENGLISH, Tongue, every
from certify.report.views import ClaimView, MeasuredView, WholeView
from certify.rungs import is_observer
from guard.certificate import Certificate, Status
from guard.errors import InputError, VerificationError
from guard.hazards import Taxonomy
from guard.protocol import Protocol


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """One part of the error budget."""

    part: str
    """What it is spent on."""
    bounds: int
    """Over how many bounds."""
    delta: str
    """Sum of their deltas."""


@dataclass(frozen=True, slots=True)
class Bindings:
    """What a certificate holds for, and what voids it when it changes."""

    rows: tuple[tuple[str, str], ...]
    """Name of the part and its value or digest."""
    files: tuple[tuple[str, str], ...]
    """Name and digest of each file of model and suite."""


@dataclass(frozen=True, slots=True)
class Headline:
    """The verdict over all claims."""

    status: Status | None
    """The worst."""
    text: str
    """One sentence."""


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything that a report shows."""

    certificate: Certificate
    """As signed."""
    protocol: Protocol
    """As signed."""
    headline: Headline
    """The verdict in one line."""
    claims: tuple[ClaimView, ...]
    """By claim."""
    whole: tuple[WholeView, ...]
    """All monitors and rules together."""
    measured: tuple[MeasuredView, ...]
    """Operating points without a bound."""
    confidence: str
    """That all printed bounds hold together."""
    odds: str
    """How often one of them may be wrong, in words."""
    answer_key: str
    """Who checked it."""
    valid_from: str
    """For people."""
    valid_until: str
    """For people."""
    languages: str
    """Tested languages, in words."""
    issuer: str
    """Who issued it; may be empty."""
    contact: str
    """Who to call; may be empty."""
    signer: str
    """Key id."""
    throwaway_key: bool
    """Whether the key belongs to nobody."""
    digests: Digests
    """Of the files beside the report."""
    ledger: Ledger
    """Attempts."""
    budget: tuple[BudgetRow, ...]
    """How delta was spent, the rest included."""
    bindings: Bindings
    """What the certificate holds for."""
    external: ExternalSection | NotGiven
    """Rows that the project did not write."""
    bundle: str
    """The signed certificate as text, to be embedded unchanged; may be empty."""
    tongue: Tongue
    """Language of the report."""
    lengths: LengthSection | NotGiven = NOT_TESTED
    """Hazards planted in long chats."""

    @property
    def demonstration(self) -> bool:
        """Limits too wide for use, or a subject that is not a deployed model."""
        return self.certificate.demonstration or self.protocol.demonstration or self.phantom

    @property
    def translated(self) -> bool:
        """Whether another text decides."""
        return self.tongue is not ENGLISH

    @property
    def others(self) -> tuple[Tongue, ...]:
        """The report's other languages."""
        return tuple(tongue for tongue in every() if tongue.code != self.tongue.code)

    @property
    def observer(self) -> bool:
        """Whether the monitors read text beside a model that can't be reached."""
        return is_observer(self.certificate.subject)

    @property
    def phantom(self) -> bool:
        """Whether the subject is the one with planted mechanisms."""
        return self.certificate.subject.demonstration


def build(  # noqa: PLR0913 - one place where everything that a report shows comes together
    certificate: Certificate, protocol: Protocol, *, taxonomy: Taxonomy, digests: Digests, signer: str, throwaway_key: bool,
    external: ExternalSection | NotGiven, lengths: LengthSection | NotGiven = NOT_TESTED, record: Baselines | None = None,
    ledger: Ledger | None = None, issuer: str = "", contact: str = "", bundle: bytes = b"", tongue: Tongue = ENGLISH,
) -> ReportData:  # fmt: skip
    """Put a certificate into the words and numbers of its report.

    Args:
        certificate: What was shown.
        protocol: The plan that it is about.
        taxonomy: Titles and definitions of the hazards.
        digests: Of the files beside the report.
        signer: Key id of the issuer's key.
        throwaway_key: Whether that key was made for this run only.
        external: Results on rows that the project did not write.
        lengths: Results on hazards planted in long chats.
        record: Of the frozen baselines, with the diagnostics of the monitors.
        ledger: Attempts; without it, the head that the protocol names.
        issuer: Name of the issuer.
        contact: Who answers questions.
        bundle: Bytes of certificate.json, embedded unchanged.
        tongue: Language of the report.

    Raises:
        InputError: No claim, no limitation, an unknown claim, or a number or time that can't be read.
        VerificationError: Certificate and protocol are not about one test, or a status does not follow from its bound.
    """
    _check(certificate, protocol)
    said = _said(certificate, tongue)
    claims = views.claims(certificate.cells, taxonomy, said["confidence"], record, tongue)
    whole = views.wholes(certificate.whole, said["confidence"], tongue)
    return ReportData(
        certificate=certificate,
        protocol=protocol,
        headline=_headline(claims, whole, tongue),
        claims=claims,
        whole=whole,
        measured=views.measured(certificate.operating_points, certificate.measured, tongue),
        **said,
        issuer=issuer,
        contact=contact,
        signer=signer,
        throwaway_key=throwaway_key,
        digests=digests,
        ledger=ledger or Ledger(protocol.ledger_head, known=False),
        budget=_budget(certificate, tongue),
        bindings=_bindings(certificate, protocol, tongue),
        external=external,
        bundle=bundle.decode(),
        tongue=tongue,
        lengths=lengths,
    )


class _Said(TypedDict):
    """The fields of a report that say in words what the certificate states."""

    confidence: str
    odds: str
    answer_key: str
    valid_from: str
    valid_until: str
    languages: str


def _said(certificate: Certificate, tongue: Tongue) -> _Said:
    return _Said(
        confidence=words.confidence(certificate.delta),
        odds=words.odds(certificate.delta, tongue),
        answer_key=words.answer_key(certificate.labels, tongue),
        valid_from=words.when(certificate.not_before, tongue),
        valid_until=words.when(certificate.not_after, tongue),
        languages=words.listing([words.language(cell.lang, tongue) for cell in certificate.cells], tongue),
    )


def _check(certificate: Certificate, protocol: Protocol) -> None:
    if not certificate.cells:
        raise InputError("the certificate has no claim", "a report of nothing would read like a pass")
    if not certificate.limitations:
        raise InputError("the certificate names no limitation", "put the standing ones into it")
    for name in ("product", "attempt", "serial", "subject", "suite", "eps", "taxonomy"):
        if getattr(certificate, name) != getattr(protocol, name):
            raise VerificationError(f"certificate and protocol do not agree on {name}")


def _headline(claims: tuple[ClaimView, ...], whole: tuple[WholeView, ...], tongue: Tongue) -> Headline:
    by_claim = [claim.status for claim in claims if claim.status is not None]
    every = by_claim + [view.false_alarm.bound.status for view in whole if view.false_alarm.bound.status is not None]
    status = words.worst(every)
    if status is None:
        return Headline(None, tongue.say("The policy set no limit, so there is no verdict: the bounds stand for themselves."))
    first = tongue.say(_HEADLINES[status])
    counts = [f"{by_claim.count(word)} {word}" for word in words.STATUS_ORDER if word in by_claim]
    if not counts:
        return Headline(status, f"{first} {tongue.say('No claim had a limit.')}")
    tally = tongue.say("Of %(claims)d claims: %(counts)s.", claims=len(claims), counts=", ".join(counts))
    return Headline(status, f"{first} {tally}")


_HEADLINES = {
    Status.PASS: "Every limit that the policy set was shown to be met.",
    Status.NOT_SHOWN: "At least one limit was not shown to be met. None was shown to be broken.",
    Status.FAIL: "At least one limit was shown to be broken.",
}


def _budget(certificate: Certificate, tongue: Tongue) -> tuple[BudgetRow, ...]:
    parts: Mapping[str, list[str]] = {
        words.SHORT["miss"]: [cell.miss.delta for cell in certificate.cells],
        words.SHORT["miss_unseen"]: [cell.miss_unseen.delta for cell in certificate.cells],
        words.SHORT["false_alarm_traffic"]: [cell.false_alarm_traffic.delta for cell in certificate.cells],
        words.SHORT["false_alarm_near"]: [cell.false_alarm_near.delta for cell in certificate.cells],
        words.SHORT["false_alarm_whole"]: [whole.false_alarm.delta for whole in certificate.whole],
    }
    sums = {part: sum((rounding.decimal(delta) for delta in deltas), Decimal(0)) for part, deltas in parts.items()}
    rows = [
        BudgetRow(tongue.say(part), len(parts[part]), tongue.digits(rounding.short(str(total)))) for part, total in sums.items()
    ]
    rest = rounding.decimal(certificate.delta) - sum(sums.values(), Decimal(0))
    # The shares are floats written exactly: their sum may miss the total by rounding dust.
    if rest < Decimal("-1e-9"):
        raise VerificationError("the bounds spend more than the error budget of this attempt")
    kept = tongue.digits(rounding.short(str(max(rest, Decimal(0)))))
    rows.append(BudgetRow(tongue.say("Not spent (label review, kept back)"), 0, kept))
    return tuple(rows)


def _bindings(certificate: Certificate, protocol: Protocol, tongue: Tongue) -> Bindings:
    subject = certificate.subject
    canaries = tongue.say("%(count)d conversations, %(file)s", count=certificate.canaries.count, file=certificate.canaries.file)
    decoding = ", ".join(f"{name} {value}" for name, value in subject.decoding.items())
    rows = (
        (tongue.say("Model weights and configuration (root digest)"), subject.root),
        (tongue.say("Tokenizer"), subject.tokenizer),
        (tongue.say("Chat template"), subject.chat_template),
        (tongue.say("System prompt"), tongue.say("none") if subject.system_prompt == "none" else subject.system_prompt),
        (tongue.say("Longest input, tokens"), tongue.count(subject.context)),
        (tongue.say("Engine and versions"), subject.engine),
        (tongue.say("Number type"), subject.dtype),
        (tongue.say("Class of device"), subject.device),
        (tongue.say("Meaning of a score (SCORING)"), str(subject.scoring)),
        (tongue.say("Sampling settings"), decoding or tongue.say("none bound")),
        (tongue.say("Taxonomy of hazards"), certificate.taxonomy),
        (tongue.say("Rule set"), protocol.rules),
        (tongue.say("Canaries"), canaries),
        (tongue.say("Score margin eps"), tongue.digits(rounding.short(certificate.eps))),
    )
    files = tuple(subject.manifest.items()) + tuple((f"suite/{name}", value) for name, value in certificate.suite.items())
    return Bindings(rows, files)
