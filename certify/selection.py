"""The record of a selection: what every monitor was chosen from, as `selection.json`.

The protocol names it by digest, so that nobody can say afterwards that another layer had been meant.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from certify.cases import FALSE_ALARMS, WORST, Figures
from certify.search import Search
from certify.select import Candidate, Choice
from guard.certificate import Decimal, Signed, number
from guard.errors import VerificationError
from guard.probes.aggregation import Aggregation

FILE = "selection.json"
"""Name inside a dossier."""


class FiguresFile(Signed, frozen=True, kw_only=True):
    """Hit rates at the stated rate of false alarms."""

    hit_rate: Decimal
    """Share of all positives."""
    worst_hit_rate: Decimal
    """Over the worst families."""


class CandidateFile(Signed, frozen=True, kw_only=True):
    """One way to read a claim."""

    hook_points: tuple[str, ...]
    """Where it reads."""
    recipe: str
    """How it is fitted."""
    penalty: Decimal
    """Inverse strength of the L2 penalty, where the recipe has one."""
    aggregation: Aggregation
    """From tokens to a score."""
    nested: FiguresFile
    """Of the place, on train families left out, the setting chosen inside each fold."""
    transfer: FiguresFile
    """Of this setting, on train families left out."""
    select: FiguresFile
    """On the select fold."""
    rows: int
    """Rows of the train fold that it was fitted and compared on: token-level candidates, and the one of the decision token
    that they are held against, have a sample."""


class ChoiceFile(Signed, frozen=True, kw_only=True):
    """What one monitor was chosen from."""

    claim: str
    """hazard@stage."""
    chosen: int
    """Index of the candidate that was taken."""
    candidates: tuple[CandidateFile, ...]
    """All of them."""
    shipped: FiguresFile
    """Of the monitor as it stands in the suite, on the select fold."""
    refitted: bool
    """Whether it was fitted again after it was chosen, on documents without their request, too."""
    anchor: str
    """What is read after a document that comes without a request; "" for nothing."""
    anchors: dict[str, FiguresFile]
    """Figures on such documents of the select fold, by anchor; empty where none was tried."""


class Selection(Signed, frozen=True, kw_only=True):
    """The whole record."""

    search: str
    """How wide it looked."""
    folds: int
    """Folds of families that were left out in turn."""
    false_alarms: Decimal
    """Rate of false alarms at which candidates were compared."""
    worst: Decimal
    """Share of families that counts as the worst."""
    choices: tuple[ChoiceFile, ...]
    """By claim."""


def write(choices: Sequence[Choice], search: Search) -> bytes:
    """Write selection.json; the same choices give the same bytes."""
    record = Selection(
        search=search.name,
        folds=search.folds,
        false_alarms=number(FALSE_ALARMS),
        worst=number(WORST),
        choices=tuple(_choice(one) for one in sorted(choices, key=lambda one: str(one.monitor.claim))),
    )
    return msgspec.json.encode(record, order="deterministic")


def read(data: bytes) -> Selection:
    """Read selection.json.

    Raises:
        VerificationError: It is not in the format.
    """
    try:
        return msgspec.json.decode(data, type=Selection)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise VerificationError(f"{FILE} is not in its format") from error


def _choice(one: Choice) -> ChoiceFile:
    return ChoiceFile(
        claim=str(one.monitor.claim),
        chosen=one.candidates.index(one.chosen),
        candidates=tuple(_candidate(candidate) for candidate in one.candidates),
        shipped=_figures(one.shipped),
        refitted=one.refitted,
        anchor=one.monitor.anchor,
        anchors={anchor: _figures(found) for anchor, found in one.anchors},
    )


def _candidate(one: Candidate) -> CandidateFile:
    return CandidateFile(
        hook_points=tuple(str(point) for point in one.hook_points),
        recipe=one.setting.recipe,
        penalty=number(one.setting.penalty),
        aggregation=one.aggregation,
        nested=_figures(one.nested),
        transfer=_figures(one.transfer),
        select=_figures(one.select),
        rows=one.rows,
    )


def _figures(found: Figures) -> FiguresFile:
    return FiguresFile(hit_rate=number(round(found.hit_rate, 4)), worst_hit_rate=number(round(found.worst_hit_rate, 4)))
