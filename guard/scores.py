"""What monitors and rules say: one type for each outcome, so that a missing score can't pass for a low one."""

from __future__ import annotations

from dataclasses import dataclass

from guard.cell import Located
from guard.conversation import Judged
from guard.hazards import Claim


@dataclass(frozen=True, slots=True)
class ProbeScore:
    """A monitor's linear score (a logit; higher is more hazardous)."""

    claim: Claim
    """What the monitor looks for."""
    value: float
    """Finite."""


@dataclass(frozen=True, slots=True)
class ScoreUnavailable:
    """A monitor that gave no score; counts as a miss and as a false alarm."""

    claim: Claim
    """What it would have looked for."""
    reason: str
    """Why, in a word that can stand in an audit record."""


@dataclass(frozen=True, slots=True)
class RuleHit:
    """A rule that found something; where, but never what."""

    rule: str
    """Name of the rule."""
    spans: tuple[tuple[int, int, int], ...]
    """Message index, first and last-plus-one character."""


@dataclass(frozen=True, slots=True)
class RuleClear:
    """A rule that looked and found nothing."""

    rule: str
    """Name of the rule."""


@dataclass(frozen=True, slots=True)
class RuleUnavailable:
    """A rule that could not look."""

    rule: str
    """Name of the rule."""
    reason: str
    """Why."""


Score = ProbeScore | ScoreUnavailable | RuleHit | RuleClear | RuleUnavailable


@dataclass(frozen=True, slots=True)
class Judgement:
    """All scores at one judged place of a conversation."""

    at: Judged
    """After which message, for which stage."""
    cell: Located
    """Language candidates and length bucket there, found from the conversation alone."""
    scores: tuple[Score, ...]
    """In the order of the suite, then of the rules."""
