"""Counts read piece by piece are those that were written, whatever the order of the lines, and take little memory."""

from __future__ import annotations

import io
import random

import numpy as np
import pyarrow.parquet as pq
import pytest

from certify import results
from certify.counts import column, counts, stream
from certify.results import UnitLoss

from .made_up import EMERGENCY, INJECTION, PLACE, cell, losses_of, plan

LOSSES = losses_of(plan(cell(draws=14), cell(INJECTION, draws=9), traffic=11), {"miss": 2, "false_alarm_near": 3})


def test_a_file_and_memory_give_the_same_counts() -> None:
    """Every bound's losses are the same from either, and the same as the slow way, bit for bit."""
    from_memory = counts(LOSSES)
    from_file = {units.key: column(units) for units in stream(results.write(LOSSES), {})}
    assert from_file.keys() == from_memory.columns.keys()
    for key, one in from_file.items():
        assert one.losses.tolist() == from_memory.of(*key).losses.tolist() == results.ordered(LOSSES, *key).tolist()
        assert one.by_family() == from_memory.of(*key).by_family()


def test_lines_in_any_order_give_the_same_counts() -> None:
    """Shuffled lines, as any other writer may leave them, change nothing, in however many row groups they stand."""
    mixed = list(LOSSES)
    random.Random(3).shuffle(mixed)
    sink = io.BytesIO()
    pq.write_table(pq.read_table(io.BytesIO(results.write(mixed))), sink, row_group_size=7)
    found = {units.key: units for units in stream(sink.getvalue(), {})}
    for key, units in found.items():
        assert list(units.losses()) == sorted((loss for loss in LOSSES if loss.key == key), key=lambda loss: loss.order)


def test_a_bound_is_handed_out_as_soon_as_it_is_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its planned size known a bound does not wait for the end of the file; what exceeds it comes once more."""
    monkeypatch.setattr(results, "ROWS", 8)
    key = ("miss", str(EMERGENCY), *PLACE)
    more = [*LOSSES, UnitLoss(*key, "more", 14, 0, 1, "")]
    order = [units.key for units in stream(results.write(more), {key: 14})]
    assert order[0] == key
    assert order.count(key) == 2
    assert [units.key for units in stream(results.write(more), {key: 15})].count(key) == 1


def test_families_are_summed() -> None:
    """Losses and conversations of each listed family, from counts of any size."""
    own = [UnitLoss("miss", "a@prompt", "en", "b", f"d{n}", n, n % 3, 300, "one" if n % 2 else "two") for n in range(10)]
    found = counts(own).of("miss", "a@prompt", "en", "b")
    assert found.by_family() == {"one": (4, 1500), "two": (5, 1500)}
    assert found.denominators.dtype == np.uint16
    assert len(counts(own).of("miss", "b@prompt", "en", "b").losses) == 0
