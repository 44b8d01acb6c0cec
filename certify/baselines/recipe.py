"""A chosen monitor as its rivals need it: its recipe, to be used again on other labels or on another model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from certify.draws import PlaceScores, place_scores
from certify.extract import Examples, Read, examples, read_rows, windows
from certify.fit import Setting, fit
from guard.conversation import LabelledConversation
from guard.hazards import Claim
from guard.probes.judge import ANSWERS
from guard.probes.linear import LinearProbe
from guard.probes.monitor import Monitor
from guard.probes.reading import Places, Subject


@dataclass(frozen=True, slots=True)
class Fitted:
    """A chosen monitor, and what it was fitted and chosen on."""

    monitor: Monitor
    """Frozen."""
    setting: Setting
    """How its probes were fitted."""
    threshold: float
    """Where it fires."""
    scores: Mapping[str, float]
    """Its highest score on every select row that is labelled for the claim, by id (`row_scores`)."""
    train: Read
    """Train rows, read where the monitor reads them, at its hook points at least."""
    select: Read
    """Select rows, in the same way; a sample of them is enough."""
    window: int = 0
    """Tokens that were averaged into one example; 0 takes the last token alone."""
    prompt_scores: Mapping[str, float] | None = None
    """Of a claim on text that the model sampled: the prompt monitor's score of the same select rows."""

    @property
    def claim(self) -> Claim:
        """What it looks for."""
        return self.monitor.claim

    def refit(self, read: Read) -> Monitor:
        """Fit the recipe on what another subject read, at the same places and at the same hook points at least.

        Raises:
            ScoringError: No row of one of the two classes could be read.
        """
        return replace(self.monitor, probes=_probes(self.monitor, self.setting, _examples(self, read)))


@dataclass(frozen=True, slots=True)
class Relabelled:
    """A recipe on the same activations, to be fitted with other labels."""

    one: Fitted
    """The monitor."""
    given: Examples
    """What it was fitted on."""

    @classmethod
    def of(cls, one: Fitted) -> Relabelled:
        """Gather the examples once, for many fits."""
        return cls(one, _examples(one, one.train))

    def scores(self, labels: Mapping[str, int]) -> dict[str, float]:
        """Fit with other labels of the train rows, by id; return the scores of select rows, by id.

        Where the labels are all of one class nothing can be fitted, and all scores are 0.
        """
        known = np.array([labels.get(self.one.train.rows[row].id, -1) for row in self.given.rows])
        kept = known >= 0
        if len(np.unique(known[kept])) < 2:
            return dict.fromkeys(self.one.scores, 0.0)
        other = Examples(self.given.values[kept], known[kept] == 1, self.given.weights[kept], self.given.rows[kept])
        monitor = replace(self.one.monitor, probes=_probes(self.one.monitor, self.one.setting, other))
        return row_scores(monitor.claim, self.one.select.rows, place_scores(monitor, self.one.select))


def read_for(subject: Subject, wanted: Sequence[tuple[Fitted, Sequence[LabelledConversation]]]) -> list[Read]:
    """Read for several recipes the rows of each; rows that several want alike are read once."""
    groups: dict[tuple[Places, str], list[int]] = {}
    for number, (one, _) in enumerate(wanted):
        groups.setdefault((places_of(one.monitor), one.monitor.anchor), []).append(number)
    found: dict[int, Read] = {}
    for (places, anchor), numbers in groups.items():
        points = sorted({point for number in numbers for point in wanted[number][0].monitor.hook_points})
        rows = {row.id: row for number in numbers for row in wanted[number][1]}
        read = read_rows(subject, list(rows.values()), points, places, anchor=anchor)
        found |= {number: _some(read, wanted[number][1]) for number in numbers}
    return [found[number] for number in range(len(wanted))]


def _some(read: Read, rows: Sequence[LabelledConversation]) -> Read:
    new = {row.id: number for number, row in enumerate(rows)}
    place = {number: new[row.id] for number, row in enumerate(read.rows) if row.id in new}
    at = {(place[row], turn): value for (row, turn), value in read.at.items() if row in place}
    unread = {(place[row], turn): reason for (row, turn), reason in read.unread.items() if row in place}
    return replace(read, rows=tuple(rows), at=at, unread=unread)


def places_of(monitor: Monitor) -> Places:
    """Return what a monitor reads."""
    if monitor.claim.stage in ANSWERS:
        return Places.ANSWER
    return Places.DECISION if monitor.aggregation.kind == "last" else Places.TEXT


def row_scores(claim: Claim, rows: Sequence[LabelledConversation], places: PlaceScores) -> dict[str, float]:
    """Return the highest score of each labelled row over the places where it counts, by id.

    Of a positive these are the places from the onset on. What could not be read is the worst that it could be: -inf for a
    positive, inf for a benign row.
    """
    found: dict[str, float] = {}
    for number, row in enumerate(rows):
        label = row.label(claim)
        if label is None:
            continue
        onset = row.meta.onset.get(str(claim)) if label == 1 else None
        turns = [place.turn for place in row.conversation.judged() if place.stage is claim.stage]
        wanted = [turn for turn in turns if turn >= (onset[0] if onset else 0)]
        missing = -math.inf if label == 1 else math.inf
        found[row.id] = max((places.get((number, turn), missing) for turn in wanted), default=-math.inf)
    return found


def _examples(one: Fitted, read: Read) -> Examples:
    """Gather the examples of the monitor's own hook points, as they were gathered to fit it."""
    points = one.monitor.hook_points
    columns = [read.hook_points.index(point) for point in points]
    own = replace(read, hook_points=points, at={key: value[:, columns, :] for key, value in read.at.items()})
    return windows(own, one.claim, one.window) if one.window else examples(own, one.claim)


def _probes(monitor: Monitor, setting: Setting, given: Examples) -> tuple[LinearProbe, ...]:
    return tuple(fit(setting, given, column, point) for column, point in enumerate(monitor.hook_points))
