"""What the reader sees beside a claim's bounds: blind spots, kinds that were missed most, subgroups. Information, no bounds.

Comes in: the cells of one claim. Goes out: counts with names, pooled over the cells. Unseen kinds are never named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from certify.report import rounding, words
from certify.report.tongue import Tongue
from guard.certificate import CellResult, Proportion
from guard.hazards import Population

MOST = 5
"""How many kinds are shown."""
TRAITS = {
    "population": "about whom",
    "register": "way of speaking",
    "voice": "who speaks",
    "channel": "by which channel",
}
"""How and about whom a situation is told."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Misses of one kind or group."""

    name: str
    """Its id."""
    lost: Proportion
    """Missed draws, of all."""


@dataclass(frozen=True, slots=True)
class BlindSpot:
    """How many kinds of one population are missed at least half of the time, in one cell."""

    where: str
    """Language and length in words."""
    unseen: bool
    """Whether these are kinds not used for fitting or selection."""
    kinds: Proportion
    """Such kinds, of all."""
    upper: str
    """Bound on their share, rounded up."""


def blind_spots(cells: Sequence[CellResult], tongue: Tongue) -> tuple[BlindSpot, ...]:
    """Put the blind spots of a claim's cells into words."""
    return tuple(
        BlindSpot(
            words.cell(cell.lang, cell.bucket, tongue),
            spot.population is Population.UNSEEN,
            spot.kinds,
            tongue.digits(rounding.up(spot.upper)),
        )
        for cell in cells
        for spot in cell.blind_spots
    )


def worst(cells: Sequence[CellResult]) -> tuple[Counted, ...]:
    """Return the listed kinds with the largest share of misses over all cells; those without a miss are left out."""
    pooled = _pooled([cell.kinds for cell in cells])
    return tuple(sorted((one for one in pooled if one.lost.successes), key=_worst_first)[:MOST])


def groups(cells: Sequence[CellResult], tongue: Tongue) -> tuple[tuple[str, tuple[Counted, ...]], ...]:
    """Return misses by trait and value over all cells, the worst value first; a trait with one value tells nothing."""
    found = []
    for trait in dict.fromkeys(trait for cell in cells for trait in cell.subgroups):
        pooled = _pooled([cell.subgroups.get(trait, {}) for cell in cells])
        if len(pooled) > 1:
            name = tongue.say(TRAITS[trait]) if trait in TRAITS else trait
            found.append((name, tuple(sorted(pooled, key=_worst_first))))
    return tuple(found)


def _pooled(counted: Sequence[Mapping[str, Proportion]]) -> list[Counted]:
    names = dict.fromkeys(name for each in counted for name in each)
    sums = {name: [each[name] for each in counted if name in each] for name in names}
    return [
        Counted(name, Proportion(successes=sum(one.successes for one in own), trials=sum(one.trials for one in own)))
        for name, own in sums.items()
    ]


def _worst_first(one: Counted) -> tuple[float, int, str]:
    return -one.lost.successes / one.lost.trials, -one.lost.trials, one.name
