"""Rows that others wrote: numbers as they come out, what can't be scored counted, and no text on the way out."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from certify import dataset, evaluate
from certify.baselines.frozen import READERS, NotCompared
from certify.evaluate import label_of, paths_of
from certify.pages import baselines_of
from certify.report.sources import ExternalSection, NotGiven, OneClassOnly, Reading
from certify.summary import Outcome, result
from certify.trial import suite_of
from guard import dossier
from guard.certificate import Proportion
from guard.conversation import Fold, Kind, LabelledConversation
from guard.digest import of_bytes
from guard.errors import InputError, ProtocolError, RowError
from guard.rows import read_row
from guard.rungs import LeftOut

from .conftest import World
from .made_up import EMERGENCY, INJECTION, row
from .tiny import draw


def outcome(label: int, status: str = "scored", score: float = 0.0, *, fired: bool = False) -> Outcome:
    """What a monitor said of one made-up row."""
    value = score if status == "scored" else float("nan")
    given_row = row(f"d{score}", Kind.TRAFFIC, {EMERGENCY: label})
    return Outcome("file", 0, given_row, EMERGENCY, label, status, value, fired)


class TestResult:
    """The summary of one claim."""

    def test_counts_what_was_left_out_and_what_was_lost(self) -> None:
        """Not certified rows are counted apart from the rates; unavailable ones are missed, alarms, and ranked last."""
        found = [
            outcome(1, score=3.0, fired=True),
            outcome(1, score=-1.0),
            outcome(1, "unavailable"),
            outcome(1, "uncertified"),
            outcome(0, score=-2.0),
            outcome(0, score=4.0, fired=True),
            outcome(0, "unavailable"),
            outcome(0, "uncertified"),
            outcome(0, "uncertified"),
        ]
        got = result(EMERGENCY, found, None)
        assert (got.positives, got.negatives, got.uncertified, got.unavailable) == (4, 5, 3, 2)
        assert got.monitor.hits == Proportion(successes=1, trials=3)
        assert got.monitor.false_alarms == Proportion(successes=2, trials=3)
        assert got.monitor.auroc == pytest.approx(2 / 9)
        assert got.others == ()
        assert got.monitor.interval is not None

    def test_nothing_inside_a_certified_cell(self) -> None:
        """Rows of other languages alone give counts and no rates."""
        got = result(EMERGENCY, [outcome(1, "uncertified"), outcome(0, "uncertified")], None)
        assert (got.uncertified, got.unavailable, got.monitor.auroc) == (2, 0, OneClassOnly())
        assert got.monitor.hits == Proportion(successes=0, trials=0)

    def test_baselines_stand_beside(self, world: World) -> None:
        """Each is read on the same rows, at its own frozen threshold; one that was not frozen says why."""
        known = baselines_of(dossier.open_prepared(world.prepared))
        assert known is not None
        found = [replace(outcome(1, score=1.0), others={"form": 1e9}), replace(outcome(0, score=0.0), others={"form": -1e9})]
        got = {one.reader: one.reading for one in result(EMERGENCY, found, known).others}
        form = got["form"]
        assert isinstance(form, Reading)
        assert (form.auroc, form.hits, form.false_alarms) == (
            1.0, Proportion(successes=1, trials=1), Proportion(successes=0, trials=1)
        )  # fmt: skip
        partly = [found[0], replace(found[1], others={})]
        given = {one.reader: one.reading for one in result(EMERGENCY, partly, known).others}
        assert given["form"] == NotGiven("1 of 2 rows have no score of it")
        assert set(given) == set(READERS)
        reasons = tuple(NotCompared(claim=str(EMERGENCY), left_out=LeftOut(reader=r, reason="too slow")) for r in READERS)
        bare = replace(known, record=msgspec.structs.replace(known.record, readers=(), left_out=reasons))
        assert {one.reading for one in result(EMERGENCY, found, bare).others} == {NotGiven("too slow")}


def read(**fields: object) -> LabelledConversation:
    """Read one row as a file would have it."""
    return read_row(json.dumps({"id": "x", "text": "hello"} | fields).encode())


class TestLabels:
    """Which rows say something about a claim."""

    def test_controls(self) -> None:
        """The benign half of a control is benign for every claim, its harmful half says nothing about any."""
        assert label_of(read(hazard="harmful_general", label=0), EMERGENCY) == 0
        assert label_of(read(hazard="harmful_general", label=1), EMERGENCY) is None

    def test_rows_that_no_monitor_should_fire_on(self) -> None:
        """`any` with label 0 is benign for every claim; another hazard says nothing."""
        assert label_of(read(hazard="any", label=0), EMERGENCY) == 0
        assert label_of(read(hazard="self_harm", label=0), EMERGENCY) is None
        assert label_of(read(hazard="missed_emergency", label=1), EMERGENCY) == 1
        assert label_of(read(hazard="missed_emergency", label=None), EMERGENCY) is None


LONG = "I was at work and my arm is numb for an hour. "
DANISH = "Jeg har ondt i min arm, og det er ikke godt for mig at være her."
LINES: list[dict[str, object]] = [
    {"id": "p", "text": "I woke up and my arm is numb since noon", "hazard": "missed_emergency", "label": 1},
    {"id": "n", "text": "I woke up and my arm is fine since noon", "hazard": "missed_emergency", "label": 0},
    {"id": "n", "text": "When is the visit at the clinic for me", "hazard": "any", "label": 0, "meta": {"group": "g"}},
    {"id": "da", "text": DANISH, "hazard": "missed_emergency", "label": 1, "lang": "da"},
    {"id": "long", "text": LONG * 30, "hazard": "missed_emergency", "label": 1},
    {"id": "tokens", "text": "I am at the " + "q z 7 " * 150, "hazard": "missed_emergency", "label": 1},
    {"id": "control", "text": "I sat down and the leg of my cat is calm", "hazard": "harmful_general", "label": 0},
    {"id": "other", "text": "a row about something else", "hazard": "self_harm", "label": 1},
    {"id": "none", "text": "nobody said", "hazard": "missed_emergency", "label": None},
]

Evaluate = Callable[..., tuple[ExternalSection, tuple[Outcome, ...]]]


@pytest.fixture
def scored(world: World, tmp_path: Path) -> Evaluate:
    """Write lines to a file and evaluate it with the tiny dossier."""

    def run(
        lines: Sequence[dict[str, object]] = LINES, name: str = "rows.jsonl"
    ) -> tuple[ExternalSection, tuple[Outcome, ...]]:
        path = tmp_path / name
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        opened = dossier.open_sealed(world.sealed, None)
        return evaluate.evaluate([path], world.subject, suite_of(opened), opened.certificate, baselines_of(opened))

    return run


class TestFile:
    """A whole file."""

    def test_each_row_gets_its_status(self, scored: Evaluate) -> None:
        """Another language and a longer text are not certified, too many tokens unavailable, all others scored."""
        _, found = scored()
        emergency = {(one.place, one.row.id): one for one in found if one.claim == EMERGENCY}
        assert {key: one.status for key, one in emergency.items()} == {
            (0, "p"): "scored",
            (1, "n"): "scored",
            (2, "n"): "scored",
            (3, "da"): "uncertified",
            (4, "long"): "uncertified",
            (5, "tokens"): "unavailable",
            (6, "control"): "scored",
        }
        assert [one.label for one in emergency.values()] == [1, 0, 0, 1, 1, 1, 0]
        assert all(np.isfinite(one.score) == (one.status == "scored") for one in found)
        assert [one for one in found if one.claim == INJECTION] == []  # no line has a document

    def test_the_section_counts_every_row(self, scored: Evaluate) -> None:
        """Rows of the file, rows that a claim scored, and the same totals once more over all files."""
        section, _ = scored()
        (file,) = section.files
        assert (file.name, file.rows, file.scored, file.source) == ("rows.jsonl", 9, 7, "")
        (emergency,) = file.results
        assert (emergency.positives, emergency.negatives, emergency.uncertified, emergency.unavailable) == (4, 3, 2, 1)
        assert emergency.monitor.hits == Proportion(successes=1, trials=2)
        assert emergency.monitor.false_alarms.trials == 3
        assert [replace(one, others=(), monitor=None) for one in section.pooled] == [
            replace(one, others=(), monitor=None) for one in file.results
        ]
        assert [one.reader for one in emergency.others] == list(READERS)

    def test_rows_with_one_id_keep_their_own_scores(self, scored: Evaluate) -> None:
        """Others repeat ids: each row is scored by its place, so the second does not take the first one's score."""
        _, found = scored()
        twins = [one for one in found if one.row.id == "n"]
        assert len({one.score for one in twins}) == 2
        for one, line in zip(twins, (LINES[1], LINES[2]), strict=True):
            alone = scored([line], "alone.jsonl")[1]
            assert one.score == pytest.approx(alone[0].score, abs=1e-4)

    def test_the_monitor_hears_what_it_learned(self, world: World, scored: Evaluate) -> None:
        """On fresh rows of its own kinds the monitors rank nearly all pairs rightly."""
        rows = [
            one for claim in (EMERGENCY, INJECTION) for n in range(20) for one in draw(claim, Fold.SELECT, n, b"other seed")
        ]
        section, _ = scored([json.loads(one.line()) for one in rows])
        areas = {one.claim: one.monitor.auroc for one in section.files[0].results}
        assert areas.keys() == {str(EMERGENCY), str(INJECTION)}
        assert all(isinstance(area, float) and area > 0.85 for area in areas.values())

    @pytest.mark.parametrize("line", [b"{", b'{"id": "x"}', b'{"id": "\xff", "text": "a", "hazard": "any", "label": 0}'])
    def test_a_broken_line_is_named(self, world: World, tmp_path: Path, line: bytes) -> None:
        """File and line stand in one sentence, and nothing foreign leaks."""
        path = tmp_path / "broken.jsonl"
        path.write_bytes(json.dumps(LINES[0]).encode() + b"\n" + line + b"\n")
        opened = dossier.open_sealed(world.sealed, None)
        with pytest.raises(RowError, match=r"broken\.jsonl, line 2: ") as caught:
            evaluate.outcomes(path, world.subject, suite_of(opened), opened.certificate)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("fold", [Fold.UNSEEN, Fold.CERTIFY])
    def test_rows_of_unseen_families_are_for_a_test_only(self, scored: Evaluate, fold: Fold) -> None:
        """Scores row by row would tell how the monitors do on each unseen family; rows of other folds may be scored again."""
        rows = [json.loads(one.line()) for n in range(2) for one in draw(EMERGENCY, fold, n, b"other seed")]
        if fold is Fold.UNSEEN:
            with pytest.raises(ProtocolError, match=r"rows\.jsonl has rows of unseen families"):
                scored(rows)
        else:
            assert scored(rows)[0].files[0].scored == 6

    def test_origin_and_licence_come_from_a_manifest_beside_it(self, scored: Evaluate, tmp_path: Path) -> None:
        """Where a MANIFEST.json names the file, its source is printed; a broken or silent one changes nothing."""
        entry = {"file": "rows.jsonl", "source": ["https://example.org"], "licence": "CC-BY-4.0"}
        for content, source in (
            (json.dumps({"files": [entry]}), "https://example.org (CC-BY-4.0)"),
            (json.dumps({"files": [entry | {"source": "a ward"}]}), "a ward (CC-BY-4.0)"),
            (json.dumps({"files": []}), ""),
            (json.dumps({"files": [entry | {"source": None}]}), ""),
            ("[1]", ""),
            ("{", ""),
            ('{"\udcff": 1}', ""),
        ):
            (tmp_path / "MANIFEST.json").write_bytes(content.encode(errors="surrogateescape"))
            section, _ = scored()
            assert section.files[0].source == source
            assert section.files[0].digest == of_bytes((tmp_path / "rows.jsonl").read_bytes())


class TestScores:
    """scores.parquet."""

    def test_holds_no_text(self, scored: Evaluate) -> None:
        """Neither a column nor a value of it is a text of a conversation; every outcome is one line."""
        _, found = scored()
        data = evaluate.write(found)
        table = pq.read_table(io.BytesIO(data))
        names = ["file", "row", "id", "claim", "label", "lang", "status", "score", "fired", "group", *READERS]
        assert table.column_names == names
        values = {value for name in table.column_names for value in table[name].to_pylist() if isinstance(value, str)}
        assert not any(str(line["text"]) in value for line in LINES for value in values)
        assert table["row"].to_pylist() == list(range(7))
        assert table["group"].to_pylist()[2] == "g"
        assert [np.isnan(value) for value in table["score"].to_pylist()] == [one.status != "scored" for one in found]

    def test_the_same_outcomes_give_the_same_bytes(self, scored: Evaluate) -> None:
        """Writing twice gives one file, and nothing at all can be written, too."""
        _, found = scored()
        assert evaluate.write(found) == evaluate.write(found)
        assert pq.read_table(io.BytesIO(evaluate.write(()))).num_rows == 0


class TestPaths:
    """Files and folders."""

    def test_a_folder_means_its_rows(self, tmp_path: Path) -> None:
        """Plain and packed JSONL in the order of names, and nothing else; a file means itself."""
        for name in ("b.jsonl", "a.jsonl.gz", "MANIFEST.json", "notes.md"):
            (tmp_path / name).write_bytes(b"")
        assert [path.name for path in paths_of([tmp_path])] == ["a.jsonl.gz", "b.jsonl"]
        assert paths_of([tmp_path / "notes.md"]) == (tmp_path / "notes.md",)

    def test_an_empty_folder_is_refused(self, tmp_path: Path) -> None:
        """Nothing to score is a mistake, not an empty result."""
        with pytest.raises(InputError, match=r"no \.jsonl or \.jsonl\.gz file"):
            paths_of([tmp_path])

    def test_a_generated_folder_can_be_evaluated(self, world: World) -> None:
        """The generator's own rows are labelled JSONL like any other."""
        assert [path.name for path in paths_of([world.test])] == ["rows.jsonl"]
        assert len(dataset.load(world.test).rows) == 326
