"""Folders of rows: the same bytes again, and test rows for a signed protocol only."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from certify import dataset
from certify.extract import label_for
from guard import digest, dsse, keys, protocol
from guard.conversation import Fold, Kind, Role
from guard.errors import AuscultError, InputError, OutputError, ProtocolError, VerificationError
from guard.hazards import Population
from guard.protocol import CellPlan, GeneratorBinding, Limits, TrafficPlan
from guard.rows import read_rows
from synth_data import VERSION, draws, generate, manifest
from synth_data.cli import synth
from synth_data.labels import EMERGENCY, EMERGENCY_ANSWER, MISUSE_RESPONSE, WRITTEN_CLAIMS
from tests.synth_data import told


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def planned(**changes: Any) -> dict[str, Any]:
    """Return the parts of a plan that decide its rows."""
    limits = Limits(max_miss="0.5", max_false_alarm="0.5", max_false_alarm_near="0.5", population=Population.LISTED)
    cell: dict[str, Any] = {
        "claim": str(EMERGENCY), "lang": "en", "bucket": "upto1000", "draws": 12,
        "unseen_families": manifest.unseen(EMERGENCY), "unseen_draws": 2, "limits": limits, "delta_miss": "0.01",
        "delta_unseen": "0.01", "delta_false_alarm": "0.01", "predicted_pass": "0.9",
    }  # fmt: skip
    return {
        "generator": GeneratorBinding(
            digest=changes.pop("generator", manifest.generator_digest()), version=VERSION, weights={}
        ),
        "cells": (CellPlan(**(cell | changes)),),
        "traffic": (TrafficPlan(lang="en", bucket="upto1000", draws=9, max_false_alarm="", delta_false_alarm="0.01"),),
    }


@pytest.fixture
def bundle(tmp_path: Path, make_dossier: Callable[..., Path]) -> Path:
    """Return a signed protocol of a few draws."""
    return make_dossier(tmp_path / "dossier", keys.generate(), plan=planned()) / "protocol.json"


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    """Two folders of one seed are equal, file by file; another seed gives other rows."""
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        generate.generate(tmp_path / name, seed=seed, scenarios=8)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert contents(tmp_path / "a") != contents(tmp_path / "c")


def test_a_folder_is_what_certify_reads(tmp_path: Path) -> None:
    """The manifest names every file, and the rows pass the checks of a dataset."""
    made = generate.generate(tmp_path / "rows", scenarios=8, folds=(Fold.TRAIN, Fold.SELECT, Fold.PROBE))
    data = dataset.load(tmp_path / "rows")
    assert data.manifest.generator == made.generator == manifest.generator_digest()
    assert sum(count["rows"] for count in made.counts.values()) == len(data.rows)
    assert set(made.files) == {path.name for path in (tmp_path / "rows").glob("*.jsonl")}
    assert f"{MISUSE_RESPONSE}.probe.jsonl" not in made.files
    assert all(abs(sum(share for name, share in shares.items() if "unseen-" not in name) - 1) < 1e-9
               for shares in made.weights.values())  # fmt: skip
    assert made.unseen[str(EMERGENCY)] == sum("unseen-" in name for name in made.weights[str(EMERGENCY)])
    assert "Not for clinical use" in (tmp_path / "rows" / manifest.CARD).read_text()


@pytest.mark.parametrize("fold", [Fold.CERTIFY, Fold.UNSEEN])
def test_test_rows_are_refused_without_a_protocol(tmp_path: Path, fold: Fold) -> None:
    """No seed of one's own gives certify or unseen rows."""
    with pytest.raises(ProtocolError, match="signed protocol"):
        generate.generate(tmp_path / "rows", folds=(fold,), scenarios=2)
    assert not (tmp_path / "rows").exists()


def test_a_protocol_gives_exactly_its_rows(tmp_path: Path, bundle: Path) -> None:
    """Draws, unseen draws and ordinary chat are those of the plan, from the seed that its digest gives."""
    made = generate.generate_planned(tmp_path / "rows", bundle)
    payload = digest.of_bytes(dsse.open_bundle(bundle.read_bytes(), protocol.PREDICATE).payload)
    assert made.protocol == payload
    assert {name: count["draws"] for name, count in made.counts.items()} == {
        f"{EMERGENCY}.certify.jsonl": 12,
        f"{EMERGENCY}.unseen.jsonl": 2 * manifest.unseen(EMERGENCY),
        "traffic.certify.jsonl": 9,
    }
    rows = list(read_rows(tmp_path / "rows" / "traffic.certify.jsonl"))
    assert [row.meta.draw for row in rows] == [f"traffic/en/upto1000/{index}" for index in range(9)]
    assert generate.check(tmp_path / "rows", bundle) == made


def test_the_check_finds_any_changed_missing_or_added_file(tmp_path: Path, bundle: Path) -> None:
    """Rows that are not the protocol's are named."""
    rows = tmp_path / "rows"
    generate.generate_planned(rows, bundle)
    file = rows / "traffic.certify.jsonl"
    kept = file.read_bytes()
    file.write_bytes(kept.replace(b'"en"', b'"da"', 1))
    with pytest.raises(ProtocolError, match="does not hold"):
        generate.check(rows, bundle)
    file.unlink()
    with pytest.raises(ProtocolError, match="missing"):
        generate.check(rows, bundle)
    file.write_bytes(kept)
    (rows / "more.jsonl").write_bytes(b"")
    with pytest.raises(ProtocolError, match="does not belong"):
        generate.check(rows, bundle)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"generator": "sha256:" + "0" * 64}, "names the generator"),
        ({"unseen_families": 1}, "unseen families"),
        ({"claim": "over_refusal@response"}, "no families"),
        ({"lang": "xx"}, "unseen families"),
    ],
)
def test_a_plan_for_another_generator_is_refused(
    tmp_path: Path, make_dossier: Callable[..., Path], changes: dict[str, Any], problem: str
) -> None:
    """Rows are drawn only by the generator that the plan names, for what it can draw."""
    dossier = make_dossier(tmp_path / "dossier", keys.generate(), plan=planned(**changes))
    with pytest.raises(AuscultError, match=problem):
        generate.generate_planned(tmp_path / "rows", dossier / "protocol.json")
    assert not (tmp_path / "rows").exists()


def test_a_file_that_is_no_protocol_is_refused(tmp_path: Path) -> None:
    """Any other file is an error in one line."""
    (tmp_path / "protocol.json").write_text("{}")
    with pytest.raises(VerificationError):
        generate.generate_planned(tmp_path / "rows", tmp_path / "protocol.json")
    with pytest.raises(InputError, match="cannot read"):
        generate.generate_planned(tmp_path / "rows", tmp_path / "none.json")


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    """Nothing is overwritten, and asking for nothing is refused."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="exists"):
        generate.generate(tmp_path, scenarios=1)
    assert contents(tmp_path) == {"file": b"mine"}
    with pytest.raises(InputError, match="nothing to draw"):
        generate.generate(tmp_path / "rows", scenarios=0)


def test_the_command_generates_and_checks(tmp_path: Path, bundle: Path) -> None:
    """The command writes a folder, prints what is in it, and draws a protocol's rows again."""
    run = CliRunner().invoke
    rows = str(tmp_path / "rows")
    some = run(synth, ["generate", "--out", rows, "--scenarios", "3", "--hazard", str(EMERGENCY), "--no-ordinary", "--json"])
    assert some.exit_code == 0, some.output
    assert set(json.loads(some.output)["files"]) == {f"{EMERGENCY}.train.jsonl", f"{EMERGENCY}.select.jsonl"}
    test_rows = str(tmp_path / "test")
    assert run(synth, ["generate", "--out", test_rows, "--protocol", str(bundle)]).exit_code == 0
    checked = run(synth, ["generate", "--check", test_rows, "--protocol", str(bundle)])
    assert "byte for byte" in checked.output


def test_a_hazard_stands_for_all_its_claims(tmp_path: Path) -> None:
    """The bare name draws what is about the prompt and what is about the answer."""
    arguments = [
        "generate",
        "--out",
        str(tmp_path / "rows"),
        "--scenarios",
        "2",
        "--hazard",
        "missed_emergency",
        "--no-ordinary",
    ]
    assert CliRunner().invoke(synth, [*arguments, "--fold", "train"]).exit_code == 0
    assert {path.stem for path in (tmp_path / "rows").glob("*.jsonl")} == {f"{EMERGENCY}.train", f"{EMERGENCY_ANSWER}.train"}


def test_a_claim_without_families_in_a_language_has_no_rows_in_it(tmp_path: Path) -> None:
    """All claims can be asked for in any language."""
    made = generate.generate(tmp_path / "rows", scenarios=1, langs=("da",), folds=(Fold.TRAIN,))
    assert f"{EMERGENCY}.train.jsonl" in made.files
    assert not any("tool_call" in name for name in made.files)


def test_the_command_draws_a_realistic_mix(tmp_path: Path) -> None:
    """One file for each fold, single rows without pairs, nearly all of them ordinary; the manifest says its make-up."""
    rows = tmp_path / "rows"
    arguments = ["generate", "--out", str(rows), "--traffic", "--scenarios", "400", "--fold", "train", "--json"]
    made = CliRunner().invoke(synth, arguments)
    assert made.exit_code == 0, made.output
    found = json.loads(made.output)
    assert found["counts"]["mix.train.jsonl"]["draws"] == found["counts"]["mix.train.jsonl"]["rows"] == 400
    assert set(found["files"]) == {"mix.train.jsonl"}
    assert found["shares"]["mix"]["positive"] == pytest.approx(1 / 51)
    drawn = list(read_rows(rows / "mix.train.jsonl"))
    assert all(row.meta.pair == "" for row in drawn)
    assert told.plausible(sum(row.meta.role is Kind.POSITIVE for row in drawn), 400, 1 / 51)
    assert told.plausible(sum(row.meta.role is Kind.TRAFFIC for row in drawn), 400, 45 / 51)
    assert set(found["weights"]) >= {"traffic", *map(str, told.HAZARDS)}


def test_ordinary_chat_can_be_left_out_or_be_as_many(tmp_path: Path) -> None:
    """`traffic` is its number; by default that of the scenarios."""
    for name, traffic, expected in (("a", None, 3), ("b", 5, 5), ("c", 0, None)):
        made = generate.generate(tmp_path / name, scenarios=3, folds=(Fold.TRAIN,), claims=(EMERGENCY,), traffic=traffic)
        assert made.counts.get("traffic.train.jsonl", {}).get("draws") == expected


def test_the_manifest_counts_what_the_files_hold(tmp_path: Path) -> None:
    """Rows, draws, distinct scenarios and families, and the digest of each file."""
    made = generate.generate(tmp_path / "rows", scenarios=30, folds=(Fold.TRAIN,), claims=(EMERGENCY,), traffic=7)
    for name, count in made.counts.items():
        rows = list(read_rows(tmp_path / "rows" / name))
        assert count == {
            "draws": len({row.meta.draw for row in rows}), "rows": len(rows),
            "scenarios": len({row.meta.scenario for row in rows}), "families": len({row.meta.family for row in rows}),
        }  # fmt: skip
        assert made.files[name] == digest.of_file(tmp_path / "rows" / name)
    assert made.reviewed.keys() == {"en"}
    assert made.shares.keys() >= {"channel", "register", "shape", "mix"}
    assert all(
        id_.startswith(("unseen-", "missed_emergency/", "traffic/")) for shares in made.weights.values() for id_ in shares
    )


def test_a_plan_for_written_answers_is_refused(tmp_path: Path, make_dossier: Callable[..., Path]) -> None:
    """No signed protocol makes test rows of them, and nothing is left behind."""
    plan = planned(claim=str(MISUSE_RESPONSE), unseen_families=manifest.unseen(MISUSE_RESPONSE))
    dossier = make_dossier(tmp_path / "dossier", keys.generate(), plan=plan)
    with pytest.raises(ProtocolError, match="no test of a model"):
        generate.generate_planned(tmp_path / "rows", dossier / "protocol.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dossier"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "no folder"),
        (["--out", "x", "--lang", "en,xx"], "no grammar"),
        (["--out", "x", "--traffic", "--fold", "unseen"], "signed protocol"),
        (["--check", "x"], "--protocol"),
        (["--out", "x", "--hazard", "none"], "no families"),
        (["--out", "x", "--fold", "certify"], "signed protocol"),
        (["--out", "x", "--hazard", "scope_breach", "--lang", "da"], "speak da"),
        (["--out", "x", "--traffic", "--typical"], "--typical"),
    ],
)
def test_wrong_usage_is_said_in_our_words(arguments: list[str], problem: str) -> None:
    """What can't be done is one of our errors, for the front door to print in one line."""
    result = CliRunner().invoke(synth, ["generate", *arguments])
    assert isinstance(result.exception, AuscultError)
    assert problem in str(result.exception)


def test_help_has_an_example() -> None:
    """The help shows how to call it."""
    assert "auscult synth generate --out rows" in CliRunner().invoke(synth, ["generate", "--help"]).output


def test_monitors_of_answers_get_ordinary_chat_with_its_answers(tmp_path: Path) -> None:
    """As many as there is ordinary chat, benign for every claim about answers; none where no claim is about answers."""
    made = generate.generate(
        tmp_path / "rows", scenarios=5, folds=(Fold.TRAIN, Fold.SELECT, Fold.PROBE), claims=(EMERGENCY, MISUSE_RESPONSE)
    )
    assert [name for name in made.files if "answered" in name] == ["answered.train.jsonl", "answered.select.jsonl"]
    for row in read_rows(tmp_path / "rows" / "answered.train.jsonl"):
        assert row.conversation.messages[-1].role is Role.ASSISTANT
        assert row.conversation.messages[-1].content
        assert row.meta.written
        assert row.meta.role is Kind.TRAFFIC
        assert {label_for(claim, row) for claim in WRITTEN_CLAIMS} == {0}
    before = [row.conversation.messages[0] for row in read_rows(tmp_path / "rows" / "traffic.train.jsonl")]
    assert before != [row.conversation.messages[0] for row in read_rows(tmp_path / "rows" / "answered.train.jsonl")]
    plain = generate.generate(tmp_path / "plain", scenarios=2, claims=(EMERGENCY,))
    assert not [name for name in plain.files if "answered" in name]
    with pytest.raises(ProtocolError, match="no test of a model"):
        draws.answered("en", draws.BUCKET, 0, b"", Fold.CERTIFY)
