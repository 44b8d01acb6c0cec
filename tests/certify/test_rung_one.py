"""Rung R1 in worlds with a known truth: trigger words are refused, a real feature passes, shuffled labels show nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from certify import curves, dataset, results, rung_rows, rungs, trial
from certify.baselines import frozen
from certify.baselines.effort import Effort
from certify.dataset import Manifest
from certify.extract import Read, examples, prompts
from certify.fit import Setting, fit
from certify.issue import claim_status
from certify.plan import Sizes
from certify.prepare import prepare
from certify.recompute import recompute
from certify.results import UnitLoss
from certify.trial import Outcome
from guard import dossier, files
from guard.certificate import CellResult, Status
from guard.conversation import Fold, Kind, LabelledConversation
from guard.digest import of_bytes
from guard.dsse import open_bundle
from guard.errors import AuscultError, VerificationError
from guard.keys import key_id, public
from guard.probes.activations import HookPoint
from guard.protocol import PREDICATE, row_seed
from guard.rungs import Verdict
from guard.trust import Trust

from . import bag, tiny
from .bag import CLAIM, UNSEEN, UNSEEN_DRAWS, Bag
from .made_up import KEY

POLICY = """
name: triggers
requires:
  - {claim: missed_emergency@prompt, max_miss: 0.5, max_false_alarm: 0.5, max_false_alarm_near: 0.6, action: NOTICE}
"""
SIZES = Sizes(draws=60, traffic=60, unseen_draws=UNSEEN_DRAWS)
EFFORT = Effort(rows=400, random_rows=400, select_rows=300, shuffles=3, removals=20)
TRUST = Trust({key_id(public(KEY)): public(KEY)})
Rows = Sequence[LabelledConversation]
Certified = Callable[..., CellResult]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guard.subjects.minilm.embed", bag.embed)


def _written(folder: Path, rows: Rows, payload: str = "") -> Path:
    data = b"".join(one.line() for one in rows)
    made = Manifest(
        generator=of_bytes(b"bag"),
        version="1",
        weights={str(CLAIM): {f"listed{n}": 1 / bag.LISTED for n in range(bag.LISTED)}},
        unseen={str(CLAIM): UNSEEN},
        files={"rows.jsonl": of_bytes(data)},
        protocol=payload,
    )
    files.write(folder / "rows.jsonl", data)
    files.write(folder / "manifest.json", msgspec.json.encode(made))
    return folder


def certified(
    root: Path, world: str, subject: Bag, effort: Effort = EFFORT, change: Callable[[Rows], Rows] = lambda rows: rows
) -> Outcome:
    """Prepare, draw, test, and derive everything again."""
    fitting = [*bag.rows(world, Fold.TRAIN, 90), *bag.rows(world, Fold.SELECT, 60)]
    data = dataset.load(_written(root / "train", change(fitting)))
    order = tiny.order(root, POLICY, sizes=SIZES)
    prepare(subject, data, order, key=KEY, ledger_path=root / "ledger", out=root / "dossier", effort=effort)
    statement = open_bundle((root / "dossier" / "protocol.json").read_bytes(), PREDICATE)
    seed = row_seed(statement.digest).hex()
    drawn = [*bag.rows(world, Fold.CERTIFY, 60, seed), *bag.rows(world, Fold.UNSEEN, UNSEEN * UNSEEN_DRAWS, seed)]
    rows = dataset.load(_written(root / "test", drawn, statement.digest))
    outcome = trial.run(
        root / "dossier", rows, subject, key=KEY, taxonomy=tiny.taxonomy(), pages=tiny.pages, redrawn=True
    )  # fmt: skip
    recompute(dossier.open_sealed(root / "dossier", TRUST))
    return outcome


def test_planted_trigger_words_are_refused(tmp_path: Path) -> None:
    """Rows split at random look perfect; on new families the monitor hears no more than words do, and R1 says so."""
    (cell,) = certified(tmp_path, "triggers", Bag()).certificate.cells
    assert cell.rung_one is not None
    assert naive_auroc("triggers", Bag()) > 0.98
    assert cell.rungs["R1"] is Verdict.NOT_SHOWN
    assert cell.rung in ("none", "R0")
    assert cell.rung_one.finding.startswith("no better than a text filter")
    assert float(cell.rung_one.p) > 0.05
    assert float(cell.miss.mean) < 0.45
    page = (tmp_path / "dossier" / "report.html").read_text()
    assert "no better than a text filter" in page


def naive_auroc(world: str, subject: Bag) -> float:
    """Split rows of all families at random, fit, and rank what was left out."""
    rows = [*bag.rows(world, Fold.TRAIN, 90), *bag.rows(world, Fold.UNSEEN, 10 * UNSEEN)]
    rows = [row for row in rows if row.meta.role is not Kind.TRAFFIC]
    random.Random(0).shuffle(rows)
    read = prompts(subject, rows, [HookPoint(0)])
    half = len(rows) * 2 // 3
    probe = fit(Setting("logistic", 0.1), examples(_part(read, range(half)), CLAIM), 0, HookPoint(0))
    weight, bias = probe.folded()
    left = range(half, len(rows))
    scores = {n: float(read.at[n, 0][-1, 0] @ weight + bias) for n in left}
    return curves.auroc(*([scores[n] for n in left if rows[n].label(CLAIM) == label] for label in (1, 0)))


def _part(read: Read, numbers: range) -> Read:
    return replace(read, at={(n, 0): read.at[n, 0] for n in numbers})


def test_a_feature_that_words_do_not_show_passes(tmp_path: Path) -> None:
    """What the activations hold and no text tells carries over to new families: R1 is shown, against all four readers."""
    (cell,) = certified(tmp_path, "codes", Bag(hears=1.0)).certificate.cells
    one = cell.rung_one
    assert one is not None
    assert [c.reading.reader for c in one.comparisons] == ["text", "embedding", "random_weights", "form"]
    assert cell.rungs["R1"] is Verdict.SHOWN
    assert cell.rung == "R1"
    assert float(one.p_holm) <= 0.05
    assert all(c.beaten and float(c.difference) > 0.3 for c in one.comparisons)
    page = (tmp_path / "dossier" / "report.html").read_text()
    assert "finds more than every cheaper reader" in page


def test_a_reader_left_out_leaves_r1_untested(tmp_path: Path) -> None:
    """However good the monitor is: what it was not compared with it has not beaten, and the reason is signed."""
    effort = replace(EFFORT, left_out={"random_weights": "too slow for this run", "embedding": "too slow for this run"})
    (cell,) = certified(tmp_path, "codes", Bag(hears=1.0), effort).certificate.cells
    assert cell.rung_one is not None
    assert cell.rungs["R1"] is Verdict.NOT_TESTED
    assert cell.rung == "R0"
    assert {one.reader for one in cell.rung_one.left_out} == {"random_weights", "embedding"}
    assert "too slow for this run" in cell.rung_one.finding


def test_a_monitor_of_shuffled_labels_shows_nothing(tmp_path: Path) -> None:
    """Sent through the whole pipeline it is on no rung, and no limit is shown to be met."""
    effort = replace(EFFORT, left_out={"embedding": "not needed here"})
    change: Callable[[Rows], Rows] = lambda rows: bag.shuffled(rows, "shuffle")  # noqa: E731
    (cell,) = certified(tmp_path, "codes", Bag(hears=1.0), effort, change).certificate.cells
    assert cell.rung == "none"
    assert cell.rungs["R0"] is Verdict.NOT_SHOWN
    assert claim_status(cell) is not Status.PASS


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> dossier.Dossier:
    """A sealed dossier whose monitor is on rung R1, opened."""
    root = tmp_path_factory.mktemp("sealed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("guard.subjects.minilm.embed", bag.embed)
        certified(root, "codes", Bag(hears=1.0))
    return dossier.open_sealed(root / "dossier", TRUST)


def _changed(opened: dossier.Dossier, change: Callable[[UnitLoss], UnitLoss | None]) -> dossier.Dossier:
    table = results.read(opened.files["results.parquet"])
    kept = [one for one in map(change, table) if one is not None]
    return replace(opened, files={**opened.files, "results.parquet": results.write(kept)})


@pytest.mark.parametrize("row", list(rung_rows.Row))
def test_one_altered_count_is_found(sealed: dossier.Dossier, row: rung_rows.Row) -> None:
    """Whatever the verdict hangs on, or is printed beside it: an altered count no longer gives what is signed."""
    done = []

    def change(one: UnitLoss) -> UnitLoss:
        if one.estimand != rung_rows.estimand(row, "text") or done:
            return one
        done.append(one)
        return replace(one, numerator=one.numerator - 1 if one.numerator else 1)

    with pytest.raises(VerificationError, match="the evidence rung of"):
        recompute(_changed(sealed, change))


@pytest.mark.parametrize(
    "change",
    [
        lambda one: None if one.estimand == "r1_miss:text" and one.order == 0 else one,
        lambda one: None if one.estimand.endswith(":form") else one,
        lambda one: replace(one, estimand="r1_miss:another") if one.estimand == "r1_miss:text" else one,
        lambda one: replace(one, denominator=2 * one.denominator) if one.estimand == "r1_pair:monitor" else one,
        lambda one: replace(one, unit=one.unit[::-1]) if one.estimand == "r1_miss:embedding" else one,
    ],
)
def test_other_counts_than_planned_are_found(sealed: dossier.Dossier, change: Callable[[UnitLoss], UnitLoss | None]) -> None:
    """A count that is left out, added, about other families or over other rows is refused."""
    with pytest.raises(AuscultError, match=r"results\.parquet"):
        recompute(_changed(sealed, change))


@pytest.mark.parametrize("name", [lambda order: f"family {order}", lambda order: "one"])
def test_families_of_r1_are_those_of_the_bound(sealed: dossier.Dossier, name: Callable[[int], str]) -> None:
    """Renamed alike for every reader, or all called alike, the verdict would come out again: the units are compared, too."""

    def change(one: UnitLoss) -> UnitLoss:
        return replace(one, unit=name(one.order)) if one.estimand.startswith("r1_") and one.unit != results.SAMPLE else one

    with pytest.raises(VerificationError, match="not about the families of its bound"):
        recompute(_changed(sealed, change))


def test_a_single_reader_is_beaten_only_after_correction() -> None:
    """Four readers in two cells: p is corrected for the readers and for the cells; a claim that is shown beats all."""
    values = {"text": 0.005, "embedding": 0.0125, "random_weights": 0.5, "form": 0.5}
    assert rungs.beaten(values, 1.0, 2) == {"text"}
    assert rungs.beaten(values, 1.0, 1) == {"text", "embedding"}
    assert rungs.beaten(values, 0.04, 2) == set(values)
    assert rungs.beaten({}, 1.0, 1) == frozenset()


def test_a_better_rung_than_was_shown_is_found(sealed: dossier.Dossier) -> None:
    """A certificate that claims more than its counts give does not come out again."""
    (cell,) = sealed.certificate.cells
    for forged in (
        msgspec.structs.replace(cell, rung="R2"),
        msgspec.structs.replace(cell, rungs=cell.rungs | {"R2": Verdict.SHOWN}),
        msgspec.structs.replace(cell, rung_one=None),
    ):
        issued = msgspec.structs.replace(sealed.certificate, cells=(forged,))
        with pytest.raises(VerificationError, match="the evidence rung of"):
            recompute(replace(sealed, certificate=issued))
    with pytest.raises(VerificationError, match="the lowest of its claims"):
        recompute(replace(sealed, certificate=msgspec.structs.replace(sealed.certificate, rung="R0")))


def test_an_observer_is_on_no_rung_above_r1(sealed: dossier.Dossier) -> None:
    """What reads the text can't be steered in the model: R2 to R4 do not apply to it."""
    cells = rungs.with_rungs(sealed.certificate.cells, (), None, observer=True)
    assert {cells[0].rungs[rung] for rung in rungs.ABOVE} == {Verdict.NOT_APPLICABLE}


def test_words_for_what_was_not_beaten(sealed: dossier.Dossier) -> None:
    """A lost text reader makes it a text filter, lost random weights are named, and too few families are said."""
    (cell,) = sealed.certificate.cells
    assert cell.rung_one is not None

    def losing(*readers: str, families: int = 40) -> str:
        one = cell.rung_one
        assert one is not None
        lost = tuple(msgspec.structs.replace(c, beaten=c.reading.reader not in readers) for c in one.comparisons)
        return rungs.finding(msgspec.structs.replace(one, comparisons=lost, families=families, smallest=str(2.0**-families)), 1)

    assert losing().startswith("finds more than every cheaper reader")
    assert losing("form").startswith("no better than a text filter")
    assert losing("random_weights").startswith("no better than the same probe on random weights")
    assert "3 families are too few" in losing("text", families=3)
    assert "too few" not in losing("text")


def test_a_reader_with_fewer_rows_is_named(sealed: dossier.Dossier) -> None:
    """A capped reader is easier to beat: the finding says on how many rows of how many; without a cap it says nothing."""
    (cell,) = sealed.certificate.cells
    assert cell.rung_one is not None
    full = frozen.read(sealed.files).of(cell.claim)
    assert all(one.rows <= one.available for one in full)
    some = tuple(msgspec.structs.replace(one, rows=90, available=400 if one.reader == "form" else 90) for one in full)
    assert rungs.finding(cell.rung_one, 1, some).endswith("; fitted on 90 of 400 rows: length and format")
    assert "fitted on" not in rungs.finding(
        cell.rung_one, 1, [msgspec.structs.replace(one, available=one.rows) for one in full]
    )
