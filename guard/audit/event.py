"""`AuditEvent`: one record, as one JSON line.

Field names follow FHIR AuditEvent where it has one (recorded, action, outcome, agent, source, entity). A field that was
added later has a default that means "as before", so that every line that was ever written can be read.
"""

from __future__ import annotations

import enum
from datetime import UTC, datetime
from typing import Literal

import msgspec

from guard.digest import Digest
from guard.errors import InputError
from guard.gate import Coverage

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


class Timings(_Part, frozen=True, kw_only=True):
    """Where the time of a request went, in microseconds."""

    queue: int = 0
    """From the first byte that was read to the guard's first work on it."""
    body: int = 0
    """Until the request was there."""
    judge: int = 0
    """Until everything that is demanded had judged the prompt; a model in this process reads it meanwhile."""
    audit: int = 0
    """Waiting for the disk."""
    model: int = 0
    """Waiting for the model's answer."""
    total: int = 0
    """Until this event."""


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
    shadow: str = ""
    """What would have been done if nothing were only watched; empty where that is no more than `action`."""
    required: str = ""
    """What the client demanded beyond the policy, by claim and rule."""
    outcome: Outcome = Outcome.PENDING
    """How it went, in the last event."""
    counts: Counts = Counts()
    """Of the answer, or of the judged message."""
    text: str = ""
    """Keyed digest of the judged text, where the policy asks for one."""
    content: str = ""
    """The judged text with identifiers replaced, or sealed to a key; only where the policy asks for it."""
    timings: Timings = Timings()
    """Where the time went, in the last event."""
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
