"""What monitors and baselines said of rows that others wrote, summed up by claim: rates, areas and their intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from certify import curves
from certify.baselines.frozen import required
from certify.baselines.readers import Readers
from certify.report.sources import ExternalResult, NotGiven, OneClassOnly, OtherReading, Reading
from guard.certificate import Proportion
from guard.conversation import LabelledConversation
from guard.hazards import Claim


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a monitor said of one row."""

    file: str
    """Name of the file."""
    place: int
    """Which row of the file, from 0: in files that others wrote an id may stand twice."""
    row: LabelledConversation
    """The row."""
    claim: Claim
    """Which monitor."""
    label: int
    """1 or 0."""
    status: str
    """scored, uncertified (another language, or longer than tested) or unavailable."""
    score: float
    """Highest score over the judged places; NaN unless scored."""
    fired: bool
    """At or above the threshold of its cell anywhere."""
    others: Mapping[str, float] = field(default_factory=dict)
    """Scores of the frozen baselines, by name."""

    @property
    def group(self) -> str:
        """Rows of one group of one file are not independent; a row without one is a group of its own."""
        meta = self.row.meta
        return f"{self.file}/{meta.group or meta.pair or f'row {self.place}'}"


def result(claim: Claim, found: Sequence[Outcome], known: Readers | None) -> ExternalResult:
    """Summarise one claim; rates are over rows inside a certified cell, an unavailable score being lost both ways."""
    inside = [one for one in found if one.status != "uncertified"]
    others: list[OtherReading] = []
    for reader in required(claim) if known else ():
        if known is None or reader not in known.readers(claim):
            reason = next((one.reason for one in known.record.missing(str(claim)) if one.reader == reader), "") if known else ""
            others.append(OtherReading(reader, NotGiven(reason)))
        elif missing := sum(reader not in one.others for one in inside):
            others.append(OtherReading(reader, NotGiven(f"{missing} of {len(inside)} rows have no score of it")))
        else:
            scores, threshold = [one.others[reader] for one in inside], known.threshold(reader, claim)
            others.append(OtherReading(reader, _reading(inside, scores, [value >= threshold for value in scores])))
    return ExternalResult(
        claim=str(claim),
        positives=sum(one.label for one in found),
        negatives=sum(1 - one.label for one in found),
        uncertified=len(found) - len(inside),
        unavailable=sum(one.status == "unavailable" for one in inside),
        monitor=_reading(inside, [_value(one) for one in inside], [one.fired or _lost_benign(one) for one in inside]),
        others=tuple(others),
    )


def _value(one: Outcome) -> float:
    """Return a score, or the worst that it could be."""
    if one.status == "scored":
        return one.score
    return -math.inf if one.label else math.inf


def _lost_benign(one: Outcome) -> bool:
    return one.status == "unavailable" and not one.label


def _reading(inside: Sequence[Outcome], scores: Sequence[float], fired: Sequence[bool]) -> Reading:
    labels = [one.label for one in inside]
    split = [[value for value, own in zip(scores, labels, strict=True) if own == label] for label in (1, 0)]
    area: float | OneClassOnly = OneClassOnly()
    interval = None
    if all(split):
        area = curves.auroc(*split)
        low, high = curves.interval(scores, labels, [one.group for one in inside])
        interval = None if math.isnan(low) else (low, high)
    hits, alarms = (sum(hit for hit, own in zip(fired, labels, strict=True) if own == label) for label in (1, 0))
    return Reading(
        auroc=area,
        hits=Proportion(successes=hits, trials=len(split[0])),
        false_alarms=Proportion(successes=alarms, trials=len(split[1])),
        interval=interval,
    )
