"""From scores to findings: `fired` holds them against operating points, and knows no policy.

`certify` counts errors with it, so that the certified loss is what the guard would have found.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass

from guard.cell import OTHER, Located
from guard.conversation import Judged
from guard.hazards import Claim
from guard.points import Threshold, Thresholds
from guard.scores import Judgement, ProbeScore, RuleClear, RuleHit, RuleUnavailable, Score, ScoreUnavailable


class FindingKind(enum.StrEnum):
    """What a monitor or rule found."""

    FIRED = "fired"
    UNAVAILABLE = "unavailable"
    NOT_CERTIFIED = "not_certified"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found at one place."""

    source: Claim | str
    """The claim of a monitor, or the name of a rule."""
    at: Judged
    """After which message, for which stage."""
    kind: FindingKind
    """Fired, or why it can't be known whether it would."""
    value: float | None = None
    """The score, where there is one."""
    threshold: float | None = None
    """What it was held against."""
    certified: bool = True
    """Whether a bound stands behind the threshold; True for rules, which have none."""
    reason: str = ""
    """Why a score is unavailable or a cell not certified."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything found in a conversation, and what was looked at."""

    items: tuple[Finding, ...]
    """In the order of the judgements."""
    seen: frozenset[tuple[Claim | str, Judged]]
    """Each monitor or rule that gave any answer, by place."""
    places: tuple[Judged, ...]
    """Where the conversation was judged."""

    def hits(self, claim: Claim, from_turn: int = 0) -> bool:
        """Whether the claim's own monitor fired at or after a turn."""
        return any(item.source == claim and item.kind is FindingKind.FIRED and item.at.turn >= from_turn for item in self.items)

    def any_of(self, claim: Claim) -> bool:
        """Whether anything was found for the claim: a missing score counts, too."""
        return any(item.source == claim for item in self.items)


def fired(thresholds: Thresholds, judgements: Sequence[Judgement]) -> Findings:
    """Hold scores against operating points.

    A monitor fires at or above the threshold of its cell. Where the language is uncertain, the strictest (lowest) threshold
    of the candidates applies. A missing, non-finite or uncertified score is a finding of its own, never silence.
    """
    items: list[Finding] = []
    seen: set[tuple[Claim | str, Judged]] = set()
    for judgement in judgements:
        for score in judgement.scores:
            seen.add((_source(score), judgement.at))
            finding = _hold(thresholds, judgement, score)
            if finding is not None:
                items.append(finding)
    return Findings(tuple(items), frozenset(seen), tuple(judgement.at for judgement in judgements))


def _source(score: Score) -> Claim | str:
    return score.rule if isinstance(score, RuleHit | RuleClear | RuleUnavailable) else score.claim


def _hold(thresholds: Thresholds, judgement: Judgement, score: Score) -> Finding | None:
    match score:
        case RuleHit():
            return Finding(score.rule, judgement.at, FindingKind.FIRED)
        case RuleClear():
            return None
        case RuleUnavailable():
            return Finding(score.rule, judgement.at, FindingKind.UNAVAILABLE, reason=score.reason)
        case ScoreUnavailable():
            return Finding(score.claim, judgement.at, FindingKind.UNAVAILABLE, reason=score.reason)
        case ProbeScore():
            if not math.isfinite(score.value):
                return Finding(score.claim, judgement.at, FindingKind.UNAVAILABLE, reason="not_finite")
            points = _points(thresholds, score.claim, judgement.cell)
            if not points:
                reason = "no_cell" if judgement.cell.asked else "no_request"
                return Finding(score.claim, judgement.at, FindingKind.NOT_CERTIFIED, score.value, reason=reason)
            over = [point for point in points if not score.value < point.value]
            if not over:
                return None
            # A lower threshold that was only measured must not hide a certified one that fires, too.
            point = next((point for point in over if point.certified), over[0])
            return Finding(score.claim, judgement.at, FindingKind.FIRED, score.value, point.value, point.certified)


def threshold_at(thresholds: Thresholds, claim: Claim, cell: Located) -> Threshold | None:
    """Return the strictest operating point among a cell's candidate languages; None outside every tested cell."""
    return next(iter(_points(thresholds, claim, cell)), None)


def _points(thresholds: Thresholds, claim: Claim, cell: Located) -> list[Threshold]:
    """Return the operating points of a cell's candidate languages, strictest first; none where nobody asked for anything."""
    if not cell.asked:
        return []
    candidates = [
        thresholds[claim, lang, cell.bucket]
        for lang in cell.languages
        if lang != OTHER and (claim, lang, cell.bucket) in thresholds
    ]
    return sorted(candidates, key=lambda point: point.value)


def shifted(thresholds: Thresholds, by: float) -> Thresholds:
    """Move every threshold, for the score margin: misses are counted at +eps, false alarms at -eps."""
    return {key: point.shifted(by) for key, point in thresholds.items()}
