"""Per-unit losses and what they were counted from: `results.parquet`, from which every bound can be computed again.

One row per estimand, cell and unit. For listed kinds a unit is a draw, and `order` its place in the order that the protocol
fixes; for unseen kinds a unit is a family under an opaque number.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from guard.errors import InputError

SCHEMA = pa.schema(
    [
        ("estimand", pa.string()),
        ("claim", pa.string()),
        ("lang", pa.string()),
        ("bucket", pa.string()),
        ("unit", pa.string()),
        ("order", pa.int64()),
        ("numerator", pa.int64()),
        ("denominator", pa.int64()),
        ("loss", pa.float64()),
        ("family", pa.string()),
    ]
)
"""Columns of results.parquet."""


@dataclass(frozen=True, slots=True)
class UnitLoss:
    """The loss of one independent unit."""

    estimand: str
    """miss, miss_unseen, false_alarm_traffic, false_alarm_near or false_alarm_whole."""
    claim: str
    """hazard@stage; "whole" for all monitors and rules together."""
    lang: str
    """Language of the design cell."""
    bucket: str
    """Length bucket of the design cell."""
    unit: str
    """Draw id, or the opaque number of an unseen family."""
    order: int
    """Place in the statistic's order, from 0."""
    numerator: int
    """Losses."""
    denominator: int
    """Conversations."""
    family: str
    """Listed family, or "" where it is not to be known."""

    @property
    def loss(self) -> float:
        """Mean loss of the unit, in [0, 1]."""
        return self.numerator / self.denominator


def write(losses: Sequence[UnitLoss]) -> bytes:
    """Write results.parquet; the same losses give the same bytes."""
    columns = {name: [getattr(loss, name) for loss in losses] for name in SCHEMA.names}
    sink = io.BytesIO()
    pq.write_table(pa.table(columns, schema=SCHEMA), sink, compression="zstd", write_statistics=False)
    return sink.getvalue()


def read(data: bytes) -> tuple[UnitLoss, ...]:
    """Read results.parquet and check that each loss is what its counts say.

    Raises:
        InputError: It is not such a file.
    """
    try:
        table = pq.read_table(io.BytesIO(data))
    except (pa.ArrowException, OSError) as error:
        raise InputError("results.parquet is not a Parquet file") from error
    if not table.schema.equals(SCHEMA) or any(column.null_count for column in table.columns):
        raise InputError("results.parquet has other columns than documented, or gaps in them")
    losses = []
    for row in table.to_pylist():
        stated = row.pop("loss")
        unit = UnitLoss(**row)
        if unit.denominator <= 0 or not 0 <= unit.numerator <= unit.denominator or unit.loss != stated:
            raise InputError(f"results.parquet has a loss that its counts do not give: {unit.unit[:80]}")
        losses.append(unit)
    return tuple(losses)


def ordered(losses: Sequence[UnitLoss], estimand: str, claim: str, lang: str, bucket: str) -> NDArray[np.float64]:
    """Return the losses of one estimand in one cell, in the order of the statistic; shape (units,)."""
    key = (estimand, claim, lang, bucket)
    chosen = [loss for loss in losses if (loss.estimand, loss.claim, loss.lang, loss.bucket) == key]
    return np.array([loss.loss for loss in sorted(chosen, key=lambda loss: loss.order)], dtype=np.float64)
