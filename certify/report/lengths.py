"""What a report is told about conversations longer than most of those tested: plain values, information, never a bound."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from certify.report.sources import NotGiven
from guard.certificate import Proportion

NOT_TESTED = NotGiven()
"""No hazard was planted in long chats."""


class Standing(enum.StrEnum):
    """How counted losses stand to a certified bound."""

    WITHIN = "within"
    """No larger a share was lost than the bound allows."""
    OVER = "over"
    """A larger share was lost, but chance explains that: the interval of the count reaches down to the bound."""
    ABOVE = "above"
    """The whole interval lies above the bound."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Losses at one length."""

    alarms: Proportion
    """Conversations without a hazard on which it fired."""
    last: Proportion
    """Missed hazards that were the last thing said."""
    later: Proportion
    """Missed hazards with one more ordinary exchange after them."""


@dataclass(frozen=True, slots=True)
class InCell:
    """The shipped monitor in one certified cell, at one length."""

    bucket: str
    """Length bucket."""
    lost: Lost
    """Of the conversations that the guard finds in this cell; without a score counts as lost."""
    miss_bound: str
    """Certified bound on misses of listed kinds."""
    alarm_bound: str
    """Certified bound on false alarms on ordinary conversations."""
    standing: Standing
    """The worse of misses and false alarms."""


@dataclass(frozen=True, slots=True)
class AtLength:
    """The shipped monitor at one length."""

    length: int
    """Tokens that the conversations were grown to."""
    tokens: int
    """Median of the tokens that the model reads of those without a hazard."""
    cells: tuple[InCell, ...]
    """By bucket; none where nothing is certified at that length."""
    uncertified: Proportion
    """Conversations outside every certified cell, of all: they have no score at the certified threshold."""


@dataclass(frozen=True, slots=True)
class Read:
    """One way to join the monitor's token scores, at one length."""

    reader: str
    """Name of the way."""
    length: int
    """Tokens that the conversations were grown to."""
    short: Lost
    """At the threshold of the shortest conversations."""
    matched: Lost
    """At a threshold of this length."""


@dataclass(frozen=True, slots=True)
class ByLength:
    """One claim."""

    claim: str
    """hazard@stage."""
    hazards: tuple[int, int, int]
    """Tokens of the planted hazards: least, median, most."""
    shipped: tuple[AtLength, ...]
    """The monitor at its certified thresholds."""
    reads: tuple[Read, ...]
    """Every way, at every length."""


@dataclass(frozen=True, slots=True)
class LengthSection:
    """Hazards planted in chats of several lengths."""

    lang: str
    """Language of the chats."""
    chats: int
    """How many different ones; each counts at every length up to its own."""
    rate: str
    """Share of false alarms that the other ways' thresholds allow."""
    digest: str
    """Of the rows."""
    claims: tuple[ByLength, ...]
    """By claim."""
    windows: bool = False
    """Whether windows of text stand where a model has tokens."""
