"""The evidence ladder as a certificate states it: a verdict on each rung, and what the one on R1 was made from.

Plain data; `certify.rungs` judges.
"""

from __future__ import annotations

import enum

from guard.signed import Decimal, Proportion, Signed


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
