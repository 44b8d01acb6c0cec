"""Counts of a whole test, by what they are about, as arrays: a million units take a few megabytes.

Comes in: losses in memory, or results.parquet piece by piece. Goes out: `Units`, everything of one bound as it stood in the
file, and `Counts`, from which bounds are computed. Knows no protocol and no formula.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from certify.results import Key, UnitLoss, batches

Floats = NDArray[np.float64]
Whole = NDArray[np.unsignedinteger]
_KEYS = ("estimand", "claim", "lang", "bucket")


@dataclass(frozen=True, slots=True)
class Units:
    """All units of one estimand in one cell, sorted by their place."""

    key: Key
    """What they are about."""
    names: pa.StringArray
    """Draw ids, or opaque numbers of families."""
    places: NDArray[np.int64]
    """(units,) Place of each, as stated."""
    numerators: NDArray[np.int64]
    """(units,) Losses."""
    denominators: NDArray[np.int64]
    """(units,) Conversations."""
    families: pa.StringArray
    """Listed families."""

    def __len__(self) -> int:
        """Count the units."""
        return len(self.places)

    def losses(self) -> Iterator[UnitLoss]:
        """Yield them one by one; for the few rows that are looked at by name."""
        names, families = self.names.to_pylist(), self.families.to_pylist()
        numbers = zip(self.places.tolist(), self.numerators.tolist(), self.denominators.tolist(), strict=True)
        for name, family, (place, numerator, denominator) in zip(names, families, numbers, strict=True):
            yield UnitLoss(*self.key, name, place, numerator, denominator, family)


@dataclass(frozen=True, slots=True)
class Column:
    """What a bound needs of its units, in the order of the statistic, in as few bytes as it takes."""

    numerators: Whole
    """(units,) Losses."""
    denominators: Whole
    """(units,) Conversations."""
    families: tuple[str, ...]
    """Listed families that occur."""
    family: Whole
    """(units,) Which of them."""

    @property
    def losses(self) -> Floats:
        """Mean losses in [0, 1], shape (units,)."""
        found: Floats = self.numerators / self.denominators
        return found

    def by_family(self) -> Mapping[str, tuple[int, int]]:
        """Return losses and conversations of each family."""
        lost = np.bincount(self.family, self.numerators, len(self.families)).astype(np.int64)
        of = np.bincount(self.family, self.denominators, len(self.families)).astype(np.int64)
        return {name: (int(lost[at]), int(of[at])) for at, name in enumerate(self.families)}


_NONE: Whole = np.empty(0, np.uint8)
_NOTHING = Column(_NONE, _NONE, (), _NONE)


@dataclass(frozen=True, slots=True)
class Counts:
    """Everything that was counted, by what it is about."""

    columns: Mapping[Key, Column]
    """One for each bound, and for whatever else was counted by unit."""

    def of(self, estimand: str, claim: str, lang: str, bucket: str) -> Column:
        """Return what was counted of one estimand in one cell; without units where nothing was."""
        return self.columns.get((estimand, claim, lang, bucket), _NOTHING)


def counts(losses: Iterable[UnitLoss]) -> Counts:
    """Gather losses that are in memory."""
    found: dict[Key, list[UnitLoss]] = {}
    for loss in losses:
        found.setdefault(loss.key, []).append(loss)
    return Counts({key: column(_units(key, own)) for key, own in found.items()})


def _units(key: Key, losses: Sequence[UnitLoss]) -> Units:
    own = sorted(losses, key=lambda loss: loss.order)
    places, numerators, denominators = (
        np.array([getattr(loss, name) for loss in own], dtype=np.int64) for name in ("order", "numerator", "denominator")
    )
    names, families = (pa.array([getattr(loss, name) for loss in own], pa.string()) for name in ("unit", "family"))
    return Units(key, names, places, numerators, denominators, families)


def column(units: Units) -> Column:
    """Keep what bounds are computed from, and let the names go."""
    encoded = units.families.dictionary_encode()
    return Column(
        _small(units.numerators),
        _small(units.denominators),
        tuple(encoded.dictionary.to_pylist()),
        _small(encoded.indices.to_numpy().astype(np.int64)),
    )


def _small(values: NDArray[np.int64]) -> Whole:
    kept: Whole = values.astype(np.min_scalar_type(int(values.max(initial=0))))
    return kept


def stream(data: bytes, planned: Mapping[Key, int]) -> Iterator[Units]:
    """Read results.parquet piece by piece and yield the units of a bound as soon as as many as planned are there.

    Files hold the rows of one bound together, so that only a few bounds are in memory at a time; what was not planned, or is
    not complete, comes last, and what exceeds a plan comes once more.

    Raises:
        InputError: It is not such a file.
    """
    open_: dict[Key, list[pa.RecordBatch]] = {}
    have: dict[Key, int] = {}
    for batch in batches(data):
        for key, part in _split(batch):
            open_.setdefault(key, []).append(part)
            have[key] = have.get(key, 0) + part.num_rows
            if have[key] == planned.get(key):
                yield _join(key, open_.pop(key))
    for key, parts in open_.items():
        yield _join(key, parts)


def _split(batch: pa.RecordBatch) -> Iterator[tuple[Key, pa.RecordBatch]]:
    """Cut a batch by what its rows are about."""
    code = np.zeros(batch.num_rows, dtype=np.int64)
    for name in _KEYS:
        encoded = batch[name].dictionary_encode()
        # Numbered anew each time, so that no product of sizes grows beyond an integer.
        joined = code * max(1, len(encoded.dictionary)) + encoded.indices.to_numpy()
        code = np.unique(joined, return_inverse=True)[1]
    order = np.argsort(code, kind="stable")
    kept = batch.drop_columns([*_KEYS, "loss"])
    for where in np.split(order, np.flatnonzero(np.diff(code[order])) + 1) if len(order) else ():
        estimand, claim, lang, bucket = (batch[name][int(where[0])].as_py() for name in _KEYS)
        yield (estimand, claim, lang, bucket), kept.take(pa.array(where))


def _join(key: Key, parts: Sequence[pa.RecordBatch]) -> Units:
    table = pa.Table.from_batches(parts).combine_chunks()
    order = np.argsort(table["order"].to_numpy(), kind="stable")
    table = table.take(pa.array(order)).combine_chunks()
    numbers = (table[name].to_numpy() for name in ("order", "numerator", "denominator"))
    places, numerators, denominators = numbers
    return Units(key, _one(table["unit"]), places, numerators, denominators, _one(table["family"]))


def _one(chunked: pa.ChunkedArray) -> pa.StringArray:
    return chunked.chunk(0) if chunked.num_chunks else pa.array([], pa.string())
