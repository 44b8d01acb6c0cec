"""The record of a selection: complete, the same bytes each time, and bound by the signed plan."""

from __future__ import annotations

import pytest

from certify import selection
from certify.search import QUICK
from certify.selection import FILE
from guard import digest
from guard.errors import VerificationError
from guard.probes.suite import JSON_FILE, TENSOR_FILE, Suite

from .conftest import World, contents


def test_the_plan_names_it_by_digest(world: World) -> None:
    """The dossier holds selection.json, and the protocol its digest."""
    files = contents(world.prepared)
    assert world.plan.protocol.selection == digest.of_bytes(files[FILE])


def test_it_says_what_every_monitor_was_chosen_from(world: World) -> None:
    """Every monitor of the suite stands in it with all its candidates; what it names as chosen is what is in the suite."""
    files = contents(world.prepared)
    record = selection.read(files[FILE])
    suite = Suite.read(files[f"suite/{JSON_FILE}"], files[f"suite/{TENSOR_FILE}"])
    assert (record.search, record.folds, record.false_alarms, record.worst) == ("quick", 3, "0.05", "0.25")
    assert [one.claim for one in record.choices] == [str(claim) for claim in suite.claims]
    for one, monitor in zip(record.choices, suite.monitors, strict=True):
        chosen = one.candidates[one.chosen]
        assert chosen.hook_points == tuple(map(str, monitor.hook_points))
        assert chosen.aggregation == monitor.aggregation
        assert one.anchor == monitor.anchor == ""
        assert {candidate.recipe for candidate in one.candidates} == set(QUICK.recipes)
        assert {candidate.hook_points for candidate in one.candidates} == {("0.resid_post",), ("1.resid_post",)}
        figures = [each for candidate in one.candidates for each in (candidate.nested, candidate.transfer, candidate.select)]
        assert all(0.0 <= float(each.worst_hit_rate) <= float(each.hit_rate) <= 1.0 for each in figures)


def test_the_same_choices_give_the_same_bytes(world: World) -> None:
    """Whatever the order in which they are given."""
    choices = [one.choice for one in world.plan.chosen]
    assert selection.write(choices, QUICK) == selection.write(choices[::-1], QUICK)


@pytest.mark.parametrize("data", [b"", b"{}", b'{"search": 1}', b"\xff"])
def test_anything_else_is_refused(data: bytes) -> None:
    """What is not in the format is an error in one line."""
    with pytest.raises(VerificationError, match="not in its format"):
        selection.read(data)
