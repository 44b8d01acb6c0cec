"""results.parquet gives back exactly what was counted, and refuses what its counts do not give."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from certify import results
from certify.results import UnitLoss
from guard.errors import InputError

from .made_up import EMERGENCY, PLACE, losses_of, plan

LOSSES = losses_of(plan(), {"miss": 2, "false_alarm_near": 1, "miss_unseen": 1})
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@st.composite
def unit_losses(draw: st.DrawFn) -> UnitLoss:
    """Any loss that can be counted."""
    denominator = draw(st.integers(1, 60))
    place = (draw(words), draw(words), draw(words), draw(words), draw(words), draw(st.integers(0, 10**6)))
    return UnitLoss(*place, draw(st.integers(0, denominator)), denominator, draw(words))


@given(st.lists(unit_losses(), max_size=20))
def test_the_round_trip_is_exact(losses: list[UnitLoss]) -> None:
    """What is read is what was written, in order, counts and texts alike."""
    assert results.read(results.write(losses)) == tuple(losses)


def test_the_same_losses_give_the_same_bytes() -> None:
    """The file's digest stands on the certificate, so writing twice gives one file; other losses give another."""
    assert results.write(LOSSES) == results.write(list(LOSSES))
    assert results.write(LOSSES) != results.write(LOSSES[1:])


def test_a_stranger_can_read_it() -> None:
    """The columns are the documented ones, and a loss is its numerator over its denominator."""
    table = pq.read_table(io.BytesIO(results.write(LOSSES)))
    documented = "estimand claim lang bucket unit order numerator denominator loss family"
    assert table.column_names == documented.split()
    assert table["loss"].to_pylist() == [one.numerator / one.denominator for one in LOSSES]


def altered(change: Callable[[pa.Table], pa.Table]) -> bytes:
    """The file with something done to its table."""
    sink = io.BytesIO()
    pq.write_table(change(pq.read_table(io.BytesIO(results.write(LOSSES)))), sink)
    return sink.getvalue()


def column(name: str, change: Callable[[pa.ChunkedArray], pa.Array]) -> Callable[[pa.Table], pa.Table]:
    """Do something to one column."""

    def replaced(table: pa.Table) -> pa.Table:
        place = table.column_names.index(name)
        return table.set_column(place, name, change(table[name]))

    return replaced


def first(value: object) -> Callable[[pa.ChunkedArray], pa.Array]:
    """Put another value into the first line."""
    return lambda values: pa.array([value, *values.to_pylist()[1:]], type=values.type)


@pytest.mark.parametrize(
    "change",
    [
        column("loss", first(0.5)),
        column("loss", first(float("nan"))),
        column("loss", lambda values: pc.add(values, 2.0**-50)),
        column("numerator", first(0)),
        column("numerator", first(2)),
        column("numerator", first(-1)),
        column("denominator", first(2)),
        column("denominator", first(0)),
        lambda table: column("loss", first(2.0))(column("numerator", first(2))(table)),
        lambda table: column("loss", first(-1.0))(column("numerator", first(-1))(table)),
    ],
    ids=["loss", "NaN", "a hair", "fewer", "more than all", "less than none", "of more", "of none", "above 1", "below 0"],
)
def test_a_loss_that_its_counts_do_not_give_is_refused(change: Callable[[pa.Table], pa.Table]) -> None:
    """A loss, numerator or denominator that was altered alone is found, down to the last bits."""
    assert LOSSES[0].numerator == LOSSES[0].denominator == 1
    with pytest.raises(InputError, match="a loss that its counts do not give"):
        results.read(altered(change))


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.drop_columns(["family"]),
        lambda table: table.append_column("text", table["unit"]),
        lambda table: table.select(list(reversed(table.column_names))),
        column("numerator", lambda values: values.cast(pa.string())),
        column("numerator", lambda values: values.cast(pa.float64())),
        column("numerator", first(None)),
        column("order", first(None)),
        column("unit", first(None)),
        column("unit", lambda values: values.cast(pa.binary())),
    ],
)
def test_another_table_is_refused(change: Callable[[pa.Table], pa.Table]) -> None:
    """Columns that are missing, surplus, in another order, of another type or with gaps are no results."""
    with pytest.raises(InputError, match="other columns than documented"):
        results.read(altered(change))


@pytest.mark.parametrize("data", [b"", b"PAR1", b"{}", results.write(LOSSES)[:-9]], ids=["empty", "head", "JSON", "cut"])
def test_something_else_is_refused(data: bytes) -> None:
    """A file that is no Parquet, or half of one, is refused in one line."""
    with pytest.raises(InputError, match="not a Parquet file"):
        results.read(data)


def test_losses_stand_in_the_statistic_s_order() -> None:
    """Losses of one estimand and cell come by `order`, whatever the order of the lines, and none of another cell with them."""
    cells = [(str(EMERGENCY), *PLACE), ("other@prompt", *PLACE), (str(EMERGENCY), "de", "upto1000")]
    mixed = [UnitLoss("miss", *cell, f"d{n}", n, n % 3, 4, "f") for n in (3, 0, 2, 1) for cell in cells]
    mixed.append(replace(mixed[0], estimand="miss_unseen", order=0))
    assert results.ordered(mixed, "miss", str(EMERGENCY), *PLACE).tolist() == [0.0, 0.25, 0.5, 0.0]
    assert results.ordered(mixed, "miss", "nothing@prompt", *PLACE).shape == (0,)
