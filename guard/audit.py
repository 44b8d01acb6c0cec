"""What the guard did, as records: which place was looked at by what, what it found, and how much was let go.

Comes in: judgements, findings and counts. Goes out: `AuditEvent`, one JSON line each, to be chained by the store.
Field names follow FHIR AuditEvent where it has one (recorded, action, outcome, agent, source, entity). No event holds
text: a policy may at most ask for a keyed digest of it. Pure: no clock, no file, no database.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

import msgspec

from guard.certificate import Thresholds, number
from guard.digest import Digest
from guard.errors import InputError
from guard.gate import Coverage
from guard.hazards import Claim
from guard.scores import Judgement, ProbeScore, RuleClear, RuleHit, RuleUnavailable, Score, ScoreUnavailable
from guard.verdict import Findings, threshold_at

FORMAT = "urn:auscult:audit:v1"
"""Names the format in every event."""


class Phase(enum.StrEnum):
    """When in the life of a request an event was written; `standing` is about the certificate, not a request."""

    BEGUN = "begun"
    JUDGED = "judged"
    ENDED = "ended"
    STANDING = "standing"


class Status(enum.StrEnum):
    """Whether something looked; never better than what happened."""

    SCANNED = "scanned"
    NOT_RUN = "not_run"
    ERROR = "error"
    DEGRADED = "degraded"


class Outcome(enum.StrEnum):
    """How the exchange went for whoever asked."""

    PENDING = "pending"
    SERVED = "served"
    WITHHELD = "withheld"
    REFUSED = "refused"
    DISCONNECTED = "disconnected"
    ERROR = "error"


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Scan(_Part, frozen=True, kw_only=True):
    """What one monitor or rule did at one place."""

    by: str
    """hazard@stage of a monitor, or `rule:<name>`."""
    status: Status
    """Whether it looked."""
    score: str = ""
    """Decimal string; empty for rules and where there is no score."""
    threshold: str = ""
    """Decimal string of the threshold it was held against; empty where there is none."""
    spans: tuple[tuple[int, int, int], ...] = ()
    """Of a rule that found something: message, first and last-plus-one character."""
    reason: str = ""
    """Why it did not look, in a word or two."""


class Found(_Part, frozen=True, kw_only=True):
    """One finding, as `fired` gave it."""

    by: str
    """hazard@stage of a monitor, or `rule:<name>`."""
    kind: str
    """fired | unavailable | not_certified."""
    turn: int
    """After which message."""
    value: str = ""
    """Score as a decimal string."""
    threshold: str = ""
    """Threshold as a decimal string."""
    certified: bool = False
    """Whether a bound stands behind the threshold."""
    reason: str = ""
    """Why there is no score, or no certified cell."""


class Counts(_Part, frozen=True, kw_only=True):
    """How much text was judged and how much was let go."""

    emitted_tokens: int = 0
    """Of the answer, by the model."""
    judged_tokens: int = 0
    """Of these, judged clear."""
    released_tokens: int = 0
    """Of these, let go."""
    judged_characters: int = 0
    """Of the answer, in tokens judged clear; of a client's message, of the conversation up to and with it."""
    released_characters: int = 0
    """Of the answer, let go."""

    @classmethod
    def of(cls, coverage: Coverage) -> Counts:
        """Copy the counts of a gate."""
        return cls(**{name: getattr(coverage, name) for name in cls.__struct_fields__})


class Bindings(_Part, frozen=True, kw_only=True):
    """By digest: everything that decided what the guard would do."""

    policy: str
    """Of the policy file and its system prompt."""
    certificate: str = "none"
    """Of the certificate's payload."""
    system_prompt: str = "none"
    """Of the text that the guard inserted."""
    client_prompt: str = "none"
    """Keyed digest of the client's own system text; `none` where it sent none."""
    rules: str = "none"
    """Of the rule set."""


class AuditEvent(_Part, frozen=True, kw_only=True):
    """One record of the audit chain."""

    format: Literal["urn:auscult:audit:v1"] = "urn:auscult:audit:v1"
    """Version of this format."""
    request: str
    """Id of the request, the guard's and never the client's; empty in an event about the certificate."""
    sequence: int
    """Order of the events of one request, from 0."""
    tenant: str
    """For whom."""
    recorded: str
    """When it was written: RFC 3339, UTC."""
    phase: Phase
    """Begun, judged, ended or standing."""
    agent: str
    """Who asked: the id of an API key, or `local`."""
    source: str
    """Which guard wrote it, with its version."""
    entity: str
    """Which model was asked for."""
    bindings: Bindings
    """Digests of what decided."""
    state: str = "none"
    """State of the certificate."""
    turn: int = -1
    """Index of the judged message; -1 where none is meant."""
    role: str = ""
    """Who wrote the judged message."""
    lang: tuple[str, ...] = ()
    """Language candidates of the cell."""
    bucket: str = ""
    """Length bucket of the cell; empty beyond the longest."""
    status: Status = Status.NOT_RUN
    """Whether everything that is demanded looked: `overall` of the scans."""
    scans: tuple[Scan, ...] = ()
    """What looked, and what should have but did not."""
    not_demanded: tuple[str, ...] = ()
    """Stages of this message at which the policy demands no monitor: `not_run` there is no fault."""
    findings: tuple[Found, ...] = ()
    """What was found."""
    action: str = ""
    """ALLOW | NOTICE | ESCALATE | BLOCK."""
    outcome: Outcome = Outcome.PENDING
    """How it went, in the last event."""
    counts: Counts = Counts()
    """Of the answer, or of the judged message."""
    text: str = ""
    """Keyed digest of the judged text, where the policy asks for one."""
    reason: str = ""
    """Why it went so, in a word or two; never text of the conversation."""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(type=AuditEvent)


class _Line(AuditEvent, frozen=True, kw_only=True):
    previous: str


_line_decoder = msgspec.json.Decoder(type=_Line)


def encode(event: AuditEvent) -> bytes:
    """Encode an event as a JSON object on one line, without a newline: the body of a chain line."""
    return _encoder.encode(event)


def decode(line: bytes) -> tuple[AuditEvent, Digest]:
    """Read a chained line back: the event, and the digest of the line before it.

    Raises:
        InputError: It is not an event of this format.
    """
    try:
        chained = _line_decoder.decode(line)
    except msgspec.MsgspecError as error:
        raise InputError(f"not an audit event of {FORMAT}: {error}") from error
    values = {name: getattr(chained, name) for name in AuditEvent.__struct_fields__}
    return AuditEvent(**values), Digest(chained.previous)


def instant(when: datetime) -> str:
    """Write a moment as RFC 3339 in UTC with milliseconds.

    Raises:
        InputError: It has no time zone.
    """
    if when.tzinfo is None:
        raise InputError("a time without a time zone can't be recorded")
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def scans(judgements: Iterable[Judgement], thresholds: Thresholds) -> tuple[Scan, ...]:
    """Write down the scores of some judgements, each with the thresholds of its cell."""
    return tuple(
        scan(score, _threshold(score, judgement, thresholds)) for judgement in judgements for score in judgement.scores
    )


def scan(score: Score, threshold: str = "") -> Scan:
    """Write down one score."""
    match score:
        case ProbeScore(claim, value) if math.isfinite(value):
            return Scan(by=str(claim), status=Status.SCANNED, score=number(value), threshold=threshold)
        case ProbeScore(claim):
            return Scan(by=str(claim), status=Status.ERROR, reason="not a finite score", threshold=threshold)
        case ScoreUnavailable(claim, reason):
            return Scan(by=str(claim), status=Status.ERROR, reason=reason, threshold=threshold)
        case RuleHit(rule, spans):
            return Scan(by=f"rule:{rule}", status=Status.SCANNED, spans=spans)
        case RuleClear(rule):
            return Scan(by=f"rule:{rule}", status=Status.SCANNED)
        case RuleUnavailable(rule, reason):
            return Scan(by=f"rule:{rule}", status=Status.ERROR, reason=reason)


def overall(scans: Iterable[Scan], *, served: bool) -> Status:
    """Sum up scans: SCANNED only if everything that should look did.

    Args:
        scans: With an entry for all that should have looked, too.
        served: Whether the conversation went on all the same.
    """
    statuses = {scan.status for scan in scans}
    if not statuses or statuses == {Status.NOT_RUN}:
        return Status.NOT_RUN
    if statuses == {Status.SCANNED}:
        return Status.SCANNED
    return Status.DEGRADED if served or Status.ERROR not in statuses else Status.ERROR


def worst(*statuses: Status) -> Status:
    """Return the status that says least: ERROR, DEGRADED, NOT_RUN, SCANNED."""
    order = (Status.ERROR, Status.DEGRADED, Status.NOT_RUN, Status.SCANNED)
    return min(statuses, key=order.index)


def not_run(names: Iterable[Claim | str], reason: str) -> tuple[Scan, ...]:
    """Write down that monitors (by claim) or rules (by name) did not look, and why."""
    return tuple(
        Scan(by=str(name) if isinstance(name, Claim) else f"rule:{name}", status=Status.NOT_RUN, reason=reason)
        for name in names
    )


def _threshold(score: Score, judgement: Judgement, thresholds: Thresholds) -> str:
    if not isinstance(score, ProbeScore | ScoreUnavailable):
        return ""
    point = threshold_at(thresholds, score.claim, judgement.cell)
    return "" if point is None else number(point.value)


def found(findings: Findings) -> tuple[Found, ...]:
    """Write down what was found."""
    return tuple(
        Found(
            by=str(item.source) if isinstance(item.source, Claim) else f"rule:{item.source}",
            kind=str(item.kind),
            turn=item.at.turn,
            value=_decimal(item.value),
            threshold=_decimal(item.threshold),
            certified=item.certified,
            reason=item.reason,
        )
        for item in findings.items
    )


def _decimal(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else number(value)
