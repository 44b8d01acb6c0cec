"""Which units results.parquet has to hold, as the protocol says, and the check that it holds exactly these, in order.

Comes in: a verified protocol and the file. Goes out: the counts that bounds are computed from, and the rows of rung R1. Units
are checked bound by bound as they are read, and only their counts are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from certify import rung_rows
from certify.baselines.frozen import Baselines
from certify.beside import SHIFTED, SUBGROUP
from certify.counts import Column, Counts, Units, column, stream
from certify.dataset import TRIPLE, draw_id
from certify.losses import WHOLE
from certify.results import SAMPLE, Key, UnitLoss
from guard.claims import SealedUnits
from guard.digest import Digest
from guard.errors import VerificationError
from guard.hazards import Claim
from guard.protocol import Protocol, order_key


@dataclass(frozen=True, slots=True)
class Expected:
    """The units of one bound."""

    units: int
    """How many."""
    rows: int
    """Rows of each; 0 where they vary."""
    order: Callable[[], bytes] | None = None
    """Fingerprint of the planned draws in the order of the statistic; None where a unit is a family, or of a site."""
    site: SealedUnits | None = None
    """Units of a site's own conversations."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file holds, after the check."""

    counts: Counts
    """What bounds are computed from."""
    rung_one: tuple[UnitLoss, ...]
    """The counts of rung R1, by name."""


def read(plan: Protocol, payload: Digest, data: bytes, record: Baselines | None) -> Checked:
    """Read results.parquet.

    1. Each planned unit of each bound is there once, in the order of the protocol, over the planned rows.
    2. The counts of rung R1 are about the families of the bound on unseen kinds.
    3. Subgroups share the draws of their cell between them.
    4. There is nothing else.

    Raises:
        VerificationError: A step failed.
        InputError: The file is not in its format.
    """
    expected = planned(plan, payload)
    counted = {key: (units, rows) for key, units, rows in rung_rows.planned(plan, record, payload)} if record else {}
    columns: dict[Key, Column] = {}
    families: dict[tuple[str, ...], list[str]] = {}
    ones: dict[Key, list[UnitLoss]] = {}
    sizes = {key: one.units for key, one in expected.items()} | {key: units for key, (units, _) in counted.items()}
    for units in stream(data, sizes):
        key = units.key
        if key in expected:
            _require(units, expected[key], again=key in columns)  # (1)
            if key[0] == "miss_unseen":
                families[key[1:]] = units.names.to_pylist()
        elif key in counted:
            ones.setdefault(key, []).extend(units.losses())
        elif not key[0].startswith(SUBGROUP):
            raise VerificationError(f"results.parquet has units that were not planned: {key[0][:40]}")  # (4)
        columns[key] = column(units)
    for key, one in expected.items():
        if key not in columns:
            raise VerificationError(_incomplete(key, one.units))
    _require_rung_one(counted, ones, families)  # (2)
    _require_subgroups(columns)  # (3)
    return Checked(Counts(columns), tuple(loss for own in ones.values() for loss in own))


def planned(plan: Protocol, payload: Digest) -> dict[Key, Expected]:
    """Return the units of every bound of a protocol."""

    @cache
    def order(claim: Claim | None, lang: str, bucket: str, draws: int) -> bytes:
        ids = (draw_id(claim, lang, bucket, index) for index in range(draws))
        return fingerprint(sorted(ids, key=lambda draw: order_key(payload, draw)))

    return dict(_planned(plan, order))


def _planned(plan: Protocol, order: Callable[[Claim | None, str, str, int], bytes]) -> Iterator[tuple[Key, Expected]]:
    def draws(claim: Claim | None, lang: str, bucket: str, count: int) -> Callable[[], bytes]:
        return lambda: order(claim, lang, bucket, count)

    chats = {(one.lang, one.bucket): one.draws for one in plan.traffic}
    for cell in plan.cells:
        place = (cell.claim, cell.lang, cell.bucket)
        listed = draws(Claim.parse(cell.claim), cell.lang, cell.bucket, cell.draws)
        ordinary = chats.get((cell.lang, cell.bucket), 0)
        yield ("miss", *place), Expected(cell.draws, 1, listed)
        yield ("false_alarm_near", *place), Expected(cell.draws, len(TRIPLE) - 1, listed)
        yield ("miss_unseen", *place), Expected(cell.unseen_families, cell.unseen_draws)
        yield ("false_alarm_traffic", *place), Expected(ordinary, 1, draws(None, cell.lang, cell.bucket, ordinary))
        if cell.shifts:
            yield (SHIFTED, *place), Expected(cell.draws, len(cell.shifts), listed)
    for (lang, bucket), count in chats.items():
        yield ("false_alarm_whole", WHOLE, lang, bucket), Expected(count, 1, draws(None, lang, bucket, count))
    for one in plan.sealed.units if plan.sealed else ():
        yield (one.estimand, one.claim, "", ""), Expected(one.units, 0, site=one)


def fingerprint(names: Sequence[str]) -> bytes:
    """Return a digest of draw ids in order; of equally many names, no other ones have it: a planned id holds no NUL."""
    return hashlib.sha256("\0".join(names).encode()).digest()


def _incomplete(key: Key, units: int) -> str:
    return f"results.parquet does not hold each of the {units} planned units of {key[0]} of {key[1]} once"


def _require(units: Units, expected: Expected, *, again: bool) -> None:
    """Check the units of one bound."""
    key, names = units.key, units.names.to_pylist()
    if again or not len(names) == len(set(names)) == expected.units:
        raise VerificationError(_incomplete(key, expected.units))
    in_order = expected.order is None or fingerprint(names) == expected.order()
    if not in_order or units.places.tolist() != list(range(len(names))):
        raise VerificationError(f"the units of {key[0]} of {key[1]} are not in the order that follows from the protocol")
    if expected.site is not None:
        _require_site(units, expected.site)
    elif bool((units.denominators != expected.rows).any()):
        raise VerificationError(f"a unit of {key[0]} of {key[1]} was not counted over the {expected.rows} planned rows")


def _require_site(units: Units, planned: SealedUnits) -> None:
    if (int(units.denominators.sum()), int(units.denominators.max())) != (planned.conversations, planned.most):
        raise VerificationError(f"the units of {units.key[0]} of {units.key[1]} do not hold the planned conversations")


def _require_rung_one(
    counted: Mapping[Key, tuple[int, int]], found: Mapping[Key, Sequence[UnitLoss]], unseen: Mapping[tuple[str, ...], list[str]]
) -> None:
    for key, (count, of) in counted.items():
        own = sorted(found.get(key, ()), key=lambda loss: (loss.order, loss.unit))
        if [loss.order for loss in own] != list(range(count)) or any(loss.denominator != of for loss in own):
            raise VerificationError(f"results.parquet does not hold the {count} planned counts {key[0]} of {key[1]}")
        expected = unseen.get(key[1:], []) if rung_rows.by_family(key[0]) else [SAMPLE]
        if [loss.unit for loss in own] != expected:
            raise VerificationError(
                f"in results.parquet the counts {key[0]} of {key[1]} are not about the families of its bound"
            )


def _require_subgroups(columns: Mapping[Key, Column]) -> None:
    """Check that the values of each trait share all draws of the cell, and all misses."""
    totals: dict[tuple[str, ...], tuple[int, int]] = {}
    for (estimand, *place), own in columns.items():
        if estimand.startswith(SUBGROUP):
            trait = estimand.removeprefix(SUBGROUP).partition("=")[0]
            lost, of = totals.get((trait, *place), (0, 0))
            totals[trait, *place] = (lost + int(own.numerators.sum()), of + int(own.denominators.sum()))
    for (trait, claim, lang, bucket), total in totals.items():
        miss = columns.get(("miss", claim, lang, bucket))
        if miss is None or total != (int(miss.numerators.sum()), int(miss.denominators.sum())):
            raise VerificationError(f"in results.parquet the subgroups by {trait[:40]} of {claim[:80]} are not its draws")
