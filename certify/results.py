"""Per-unit losses and what they were counted from: `results.parquet`, from which every bound can be computed again.

One row per estimand, cell and unit. For listed kinds a unit is a draw, and `order` its place in the order that the protocol
fixes; for unseen kinds a unit is a family under an opaque number. `certify.counts` reads millions of such rows without an
object for each.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

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

ROWS = 65_536
"""Rows that are read at a time."""

Key = tuple[str, str, str, str]
"""Estimand, claim, language and bucket: what a bound is about."""


SAMPLE = "sample"
"""Stands where a unit would, for counts over many draws."""


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

    @property
    def key(self) -> Key:
        """What the loss belongs to."""
        return self.estimand, self.claim, self.lang, self.bucket


def write(losses: Sequence[UnitLoss]) -> bytes:
    """Write results.parquet; the same losses give the same bytes."""
    columns = {name: [getattr(loss, name) for loss in losses] for name in SCHEMA.names}
    sink = io.BytesIO()
    pq.write_table(pa.table(columns, schema=SCHEMA), sink, compression="zstd", write_statistics=False)
    return sink.getvalue()


def batches(data: bytes) -> Iterator[pa.RecordBatch]:
    """Yield results.parquet piece by piece; the columns are the documented ones, and each loss is what its counts say.

    Raises:
        InputError: It is not such a file.
    """
    try:
        file = pq.ParquetFile(io.BytesIO(data))
        if not file.schema_arrow.equals(SCHEMA):
            raise InputError("results.parquet has other columns than documented, or gaps in them")
        for batch in file.iter_batches(ROWS, use_threads=False):
            _check(batch)
            yield batch
    except (pa.ArrowException, OSError) as error:
        raise InputError("results.parquet is not a Parquet file") from error


def _check(batch: pa.RecordBatch) -> None:
    if any(column.null_count for column in batch.columns):
        raise InputError("results.parquet has other columns than documented, or gaps in them")
    numerator, denominator, stated = (batch[name].to_numpy() for name in ("numerator", "denominator", "loss"))
    right = (denominator > 0) & (numerator >= 0) & (numerator <= denominator)
    right &= stated == numerator / np.where(denominator > 0, denominator, 1)
    if not right.all():
        unit = batch["unit"][int(np.argmin(right))].as_py()
        raise InputError(f"results.parquet has a loss that its counts do not give: {unit[:80]}")


def read(data: bytes) -> tuple[UnitLoss, ...]:
    """Read results.parquet row by row, for files of ordinary size.

    Raises:
        InputError: It is not such a file.
    """
    return tuple(_unit(row) for batch in batches(data) for row in batch.drop_columns(["loss"]).to_pylist())


def _unit(row: dict[str, Any]) -> UnitLoss:
    return UnitLoss(**row)


def ordered(losses: Sequence[UnitLoss], estimand: str, claim: str, lang: str, bucket: str) -> NDArray[np.float64]:
    """Return the losses of one estimand in one cell, in the order of the statistic; shape (units,)."""
    key = (estimand, claim, lang, bucket)
    chosen = [loss for loss in losses if loss.key == key]
    return np.array([loss.loss for loss in sorted(chosen, key=lambda loss: loss.order)], dtype=np.float64)
