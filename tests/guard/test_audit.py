"""Audit events: what they say of each score, and that they hold no text."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard import audit, chain
from guard.audit import AuditEvent, Bindings, Phase, Scan, Status
from guard.cell import Located
from guard.conversation import Judged
from guard.errors import InputError
from guard.gate import Coverage
from guard.hazards import Claim, Stage
from guard.points import Threshold
from guard.scores import Judgement, ProbeScore, RuleClear, RuleHit, RuleUnavailable, ScoreUnavailable
from guard.verdict import fired

CLAIM = Claim("clinical_misuse", Stage.PROMPT)
OTHER = Claim("self_harm", Stage.PROMPT)
THRESHOLDS = {(CLAIM, lang, "upto1000"): Threshold(CLAIM, value, True) for lang, value in (("en", 0.5), ("da", 0.25))}


def event(**values: object) -> AuditEvent:
    """A short event."""
    given_values = {"request": "r", "sequence": 0, "tenant": "t", "recorded": "2026-01-01T00:00:00.000Z"}
    return AuditEvent(
        phase=Phase.JUDGED, agent="a", source="s", entity="m", bindings=Bindings(policy="p"), **(given_values | values)
    )  # type: ignore[arg-type]


def judgement(*scores: object, languages: tuple[str, ...] = ("en",)) -> Judgement:
    """Scores at one place."""
    return Judgement(Judged(0, Stage.PROMPT), Located(languages, "upto1000", 40), scores)  # type: ignore[arg-type]


def test_an_event_survives_its_line() -> None:
    """Encoded, chained and decoded it is the same, and the link is beside it."""
    scans = audit.scans([judgement(ProbeScore(CLAIM, 0.1), RuleHit("identifiers", ((0, 1, 5),)))], THRESHOLDS)
    before = event(scans=scans, lang=("en",), action="BLOCK")
    line = chain.line(chain.START, audit.encode(before))
    after, previous = audit.decode(line)
    assert (after, previous) == (before, "none")


@pytest.mark.parametrize("change", [b'"surplus":1,', b'"request":7,'])
def test_a_line_that_is_no_event_is_refused(change: bytes) -> None:
    """An unknown field or a wrong type is not read over."""
    line = chain.line(chain.START, audit.encode(event()))
    with pytest.raises(InputError):
        audit.decode(b"{" + change + line[1:])


def test_each_kind_of_score_is_written_as_what_it_is() -> None:
    """Only a finite score or a rule that looked counts as scanned."""
    scores = (
        ProbeScore(CLAIM, 0.1), ProbeScore(CLAIM, math.nan), ScoreUnavailable(CLAIM, "late"),
        RuleHit("identifiers", ((0, 1, 5),)), RuleClear("identifiers"), RuleUnavailable("identifiers", "error"),
    )  # fmt: skip
    written = audit.scans([judgement(*scores)], THRESHOLDS)
    assert [scan.status for scan in written] == [
        Status.SCANNED, Status.ERROR, Status.ERROR, Status.SCANNED, Status.SCANNED, Status.ERROR,
    ]  # fmt: skip
    assert [scan.score for scan in written] == ["0.1", "", "", "", "", ""]
    assert written[0].threshold == "0.5"
    assert written[3].spans == ((0, 1, 5),)
    assert {scan.by for scan in written} == {"clinical_misuse@prompt", "rule:identifiers"}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_scores_are_decimal_strings_that_read_back_to_the_same_float(value: float) -> None:
    """No reader's number format changes a score."""
    assert float(audit.scan(ProbeScore(CLAIM, value)).score) == value


def test_the_threshold_is_the_strictest_of_the_candidates_and_absent_outside_every_cell() -> None:
    """What is written is what the score was held against."""
    (two,) = audit.scans([judgement(ProbeScore(CLAIM, 0.1), languages=("en", "da"))], THRESHOLDS)
    (none,) = audit.scans([judgement(ProbeScore(OTHER, 0.1))], THRESHOLDS)
    assert (two.threshold, none.threshold) == ("0.25", "")


def test_findings_are_written_with_their_kind() -> None:
    """Fired, unavailable and not certified are three different things."""
    scores = (ProbeScore(CLAIM, 0.9), ProbeScore(OTHER, 0.9), ScoreUnavailable(OTHER, "late"))
    written = audit.found(fired(THRESHOLDS, [judgement(*scores)]))
    assert [found.kind for found in written] == ["fired", "not_certified", "unavailable"]
    assert (written[0].value, written[0].threshold, written[0].certified) == ("0.9", "0.5", True)


SCANNED, ERROR, NOT_RUN = (Scan(by="x", status=status) for status in (Status.SCANNED, Status.ERROR, Status.NOT_RUN))


@pytest.mark.parametrize(
    ("scans", "served", "expected"),
    [
        ([], True, Status.NOT_RUN),
        ([NOT_RUN], True, Status.NOT_RUN),
        ([SCANNED], True, Status.SCANNED),
        ([SCANNED], False, Status.SCANNED),
        ([SCANNED, ERROR], True, Status.DEGRADED),
        ([SCANNED, ERROR], False, Status.ERROR),
        ([ERROR], True, Status.DEGRADED),
        ([SCANNED, NOT_RUN], True, Status.DEGRADED),
    ],
)
def test_the_whole_is_never_better_than_its_parts(scans: list[Scan], served: bool, expected: Status) -> None:
    """One thing that did not look, and the whole was not scanned."""
    assert audit.overall(scans, served=served) is expected


def test_the_worst_status_wins() -> None:
    """Of several places the one that says least stands for all."""
    assert audit.worst(Status.SCANNED, Status.NOT_RUN) is Status.NOT_RUN
    assert audit.worst(*Status) is Status.ERROR


def test_moments_are_written_in_utc() -> None:
    """RFC 3339, whatever the zone; without a zone not at all."""
    moment = datetime(2026, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=1)))
    assert audit.instant(moment) == "2026-01-01T00:30:00.000Z"
    with pytest.raises(InputError):
        audit.instant(datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None))


def test_counts_copy_the_gate() -> None:
    """Every count of the gate stands in the event."""
    counts = audit.Counts.of(Coverage(5, 4, 3, 20, 15))
    assert msgspec.to_builtins(counts) == {
        "emitted_tokens": 5, "judged_tokens": 4, "released_tokens": 3,
        "judged_characters": 20, "released_characters": 15,
    }  # fmt: skip
