"""Every bound of a sealed dossier can be derived again, by us and by a stranger, and one altered count is found."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from certify import bounds, issue, results
from certify.recompute import Recomputed, recompute
from certify.results import UnitLoss
from guard import digest, resources
from guard.certificate import Certificate, number
from guard.dossier import open_sealed
from guard.errors import VerificationError
from guard.hazards import Taxonomy
from guard.keys import key_id, public
from guard.protocol import Protocol
from guard.trust import Trust

from .made_up import EMERGENCY, INJECTION, KEY, PLACE, cell, certificate_of, losses_of, plan, sealed

PLAN = plan(cell(draws=14), cell(INJECTION, draws=9), traffic=11)
LOST = {"miss": 2, "false_alarm_near": 3, "miss_unseen": 1, "false_alarm_traffic": 1, "false_alarm_whole": 2}
LOSSES = losses_of(PLAN, LOST)
TRUST = Trust({key_id(public(KEY)): public(KEY)})
Losses = tuple[UnitLoss, ...]
Change = Callable[[Losses], Sequence[UnitLoss]]


def derived(
    folder: Path, losses: Sequence[UnitLoss], issued: Certificate | None = None, made: Protocol = PLAN
) -> tuple[Recomputed, ...]:
    """Recompute a dossier with these losses, whatever its certificate says; opening it already refuses some of these."""
    stated = issued or certificate_of(made, LOSSES)
    named = msgspec.structs.replace(stated, results=certificate_results(losses))
    opened = open_sealed(sealed(folder, made, losses_of(made, LOST)), TRUST)
    return recompute(replace(opened, certificate=named, files={**opened.files, "results.parquet": results.write(losses)}))


def certificate_results(losses: Sequence[UnitLoss]) -> str:
    """Digest of results.parquet."""
    return digest.of_bytes(results.write(losses))


def test_an_honest_dossier_comes_out_again(tmp_path: Path) -> None:
    """Nine bounds are derived, each equal to the stated one and to a direct call on the losses."""
    found = derived(tmp_path, LOSSES)
    assert len(found) == 9
    assert all(one.stated == one.derived for one in found)
    by_name = {(one.claim, one.estimand): float(one.derived) for one in found}
    misses = results.ordered(LOSSES, "miss", str(EMERGENCY), *PLACE)
    assert by_name[str(EMERGENCY), "miss"] == bounds.wsr_upper(misses, float(PLAN.cells[0].delta_miss))
    whole = results.ordered(LOSSES, "false_alarm_whole", "whole", *PLACE)
    assert by_name["whole", "false_alarm_whole"] == bounds.wsr_upper(whole, float(PLAN.traffic[0].delta_false_alarm))


def test_any_single_altered_numerator_is_found(tmp_path: Path) -> None:
    """Whichever unit gains or loses one count, the bound that it belongs to no longer comes out."""
    opened = open_sealed(sealed(tmp_path, PLAN, LOSSES), TRUST)
    for place, one in enumerate(LOSSES):
        numerator = one.numerator - 1 if one.numerator else one.numerator + 1
        forged = results.write([*LOSSES[:place], replace(one, numerator=numerator), *LOSSES[place + 1 :]])
        what = rf"the bound {one.estimand} of {re.escape(one.claim)} is not what"
        with pytest.raises(VerificationError, match=what):
            recompute(replace(opened, files={**opened.files, "results.parquet": forged}))


def drop(place: int) -> Change:
    """Leave a unit out."""
    return lambda losses: (*losses[:place], *losses[place + 1 :])


def swap(losses: Losses) -> Sequence[UnitLoss]:
    """Exchange the places of a lost and a found draw: the mean stays, the order does not."""
    return (replace(losses[0], order=5), *losses[1:5], replace(losses[5], order=0), *losses[6:])


def rename(losses: Losses) -> Sequence[UnitLoss]:
    """Call a draw by a name that was not planned."""
    return (replace(losses[0], unit=losses[0].unit[:-1] + "99"), *losses[1:])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (drop(0), "14 planned units of miss"),
        (drop(len(LOSSES) - 1), "11 planned units of false_alarm_whole"),
        (lambda losses: [one for one in losses if one.estimand != "miss_unseen"], "3 planned units of miss_unseen"),
        (lambda losses: (*losses, replace(losses[0], order=14)), "14 planned units of miss"),
        (lambda losses: (*losses, replace(losses[0], unit="more", order=14)), "14 planned units of miss"),
        (lambda losses: (*losses, replace(losses[0], estimand="another")), "units that were not planned: another"),
        (lambda losses: (*losses, replace(losses[0], lang="de")), "units that were not planned: miss"),
        (swap, "not in the order that follows from the protocol"),
        (rename, "not in the order that follows from the protocol"),
        (lambda losses: [replace(one, order=one.order + 1) for one in losses], "not in the order"),
        (lambda losses: (), "planned units"),
        (
            lambda losses: [replace(one, numerator=2 * one.numerator, denominator=2 * one.denominator) for one in losses],
            "a unit of miss of missed_emergency@prompt was not counted over the 1 planned rows",
        ),
    ],
)
def test_other_units_than_planned_are_found(tmp_path: Path, change: Change, reason: str) -> None:
    """A unit left out, added, doubled, renamed or moved is refused even if the certificate was made from that very table."""
    forged = tuple(change(LOSSES))
    stated = certificate_of(PLAN, forged) if forged and _complete(forged) else None
    with pytest.raises(VerificationError, match=reason):
        derived(tmp_path, forged, stated)


def _complete(losses: Losses) -> bool:
    return len({(one.estimand, one.claim) for one in losses}) >= 9


@pytest.mark.parametrize("field", ["upper", "lower", "mean", "smallest", "limit", "delta", "units", "method", "status"])
def test_a_bound_is_compared_whole(tmp_path: Path, field: str) -> None:
    """Not only the upper end counts: any altered field of a stated bound is found, however small the change."""
    stated = certificate_of(PLAN, LOSSES)
    miss = stated.cells[1].miss
    value = getattr(miss, field)
    if field in ("upper", "lower", "mean", "smallest", "delta"):
        other: object = number(np.nextafter(float(value), 1))
    else:
        other = {"units": 8, "limit": "0.95", "method": "kl_chernoff", "status": None}[field]
    forged = msgspec.structs.replace(stated.cells[1], miss=msgspec.structs.replace(miss, **{field: other}))
    with pytest.raises(VerificationError, match="the bound miss of"):
        derived(tmp_path, LOSSES, msgspec.structs.replace(stated, cells=(stated.cells[0], forged)))


def test_other_cells_than_planned_are_found(tmp_path: Path) -> None:
    """A certificate that leaves a cell or the whole out, or swaps two, is refused in one line."""
    stated = certificate_of(PLAN, LOSSES)
    for name, change in (
        ("fewer", {"cells": stated.cells[:1]}),
        ("swapped", {"cells": stated.cells[::-1]}),
        ("none", {"whole": ()}),
    ):
        with pytest.raises(VerificationError, match="not about the same cells"):
            derived(tmp_path / name, LOSSES, msgspec.structs.replace(stated, **change))


def test_the_catalogue_rate_and_the_draws_are_compared_too(tmp_path: Path) -> None:
    """What stands beside the bounds comes from the same table."""
    stated = certificate_of(PLAN, LOSSES)
    first = stated.cells[0]
    rate = msgspec.structs.replace(first.catalogue, upper="0.5")
    for name, cell_ in (
        ("rate", msgspec.structs.replace(first, catalogue=rate)),
        ("draws", msgspec.structs.replace(first, draws=15)),
    ):
        with pytest.raises(VerificationError, match="the catalogue rate of missed_emergency@prompt"):
            derived(tmp_path / name, LOSSES, msgspec.structs.replace(stated, cells=(cell_, stated.cells[1])))


def test_the_documented_script_computes_the_same_bounds(tmp_path: Path) -> None:
    """The script in docs/certificate.md, which knows nothing of this project, prints every bound to 1e-9."""
    page = Path(__file__).parents[2] / "docs" / "certificate.md"
    if not page.exists():
        pytest.skip("docs/certificate.md is not there")
    scripts = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    assert len(scripts) == 1
    assert not re.search(r"^\s*(from|import) (certify|guard|synth_data)", scripts[0], re.MULTILINE)
    made = plan(cell(draws=60, unseen_families=7), cell(INJECTION, draws=45), traffic=80)
    losses = losses_of(made, LOST)
    folder = sealed(tmp_path / "dossier", made, losses)
    (tmp_path / "script.py").write_text(scripts[0])
    done = subprocess.run(
        [sys.executable, str(tmp_path / "script.py")], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    ours = {(one.claim, one.estimand): float(one.derived) for one in recompute(open_sealed(folder, TRUST))}
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("equal")]
    theirs = {(words[1], words[4]): float(words[5]) for words in lines}
    assert theirs.keys() == ours.keys()
    assert all(abs(theirs[key] - ours[key]) <= 1e-9 for key in ours)


TAXONOMY_DIGEST = digest.of_file(resources.path("policies/hazards.yaml"))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"labels": "two clinicians checked everything"}, "of the answer key does not follow"),
        ({"limitations": ("None.",)}, "lacks a limitation that holds: No clinician"),
        ({"limitations": (issue.UNREVIEWED, issue.REVIEWED)}, "states a limitation that does not hold: Two clinicians"),
        ({"limitations": (issue.TYPICAL, issue.UNREVIEWED)}, "states a limitation that does not hold: Typical"),
    ],
)
def test_words_that_do_not_follow_are_found(tmp_path: Path, change: dict[str, object], problem: str) -> None:
    """A signature stands for no sentence that the dossier does not bear out."""
    stated = msgspec.structs.replace(certificate_of(PLAN, LOSSES), **change)
    with pytest.raises(VerificationError, match=problem):
        derived(tmp_path, LOSSES, stated)


def test_more_scenarios_than_draws_are_found(tmp_path: Path) -> None:
    """A draw tells one scenario."""
    stated = certificate_of(PLAN, LOSSES)
    cells = (msgspec.structs.replace(stated.cells[0], scenarios=15), stated.cells[1])
    with pytest.raises(VerificationError, match="can't have 15 scenarios in 14 draws"):
        derived(tmp_path, LOSSES, msgspec.structs.replace(stated, cells=cells))


def test_a_claim_is_described_as_the_taxonomy_does(tmp_path: Path) -> None:
    """Where the certificate names this version's taxonomy; what another says is not known here."""
    named = msgspec.structs.replace(PLAN, taxonomy=TAXONOMY_DIGEST)
    losses, taxonomy = losses_of(named, LOST), Taxonomy.packaged()
    made = certificate_of(named, losses)
    right = msgspec.structs.replace(
        made, cells=tuple(msgspec.structs.replace(one, plain=taxonomy.miss(taxonomy.claim(one.claim))) for one in made.cells)
    )
    assert derived(tmp_path / "right", losses, right, named)
    with pytest.raises(VerificationError, match="is about is not what the taxonomy says"):
        derived(tmp_path / "wrong", losses, made, named)
