"""The demonstration, as a user sees it."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

import auscult

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Demonstration


@pytest.fixture
def summary(demonstration: Demonstration) -> Any:
    """What the demonstration wrote for machines."""
    return json.loads((demonstration.out / "summary.json").read_text())


def test_demonstration_writes_what_it_promises(demonstration: Demonstration, summary: Any) -> None:
    """The output folder holds dossier, public key, ledger and summary, and the summary has the documented fields."""
    assert {"dossier", "trust", "ledger.jsonl", "summary.json"} <= {path.name for path in demonstration.out.iterdir()}
    assert summary["certificate"]["valid"] is True
    assert {claim["id"] for claim in summary["certificate"]["claims"]} == {
        "missed_emergency@prompt", "self_harm@prompt", "clinical_misuse@prompt", "self_treatment@prompt",
        "prompt_injection@prompt", "prompt_injection@context",
    }  # fmt: skip
    for claim in summary["certificate"]["claims"]:
        assert {"status", "miss_bound", "false_alarm_bound", "unseen_miss_bound", "draws"} <= claim.keys()
        assert 0 < claim["miss_bound"] <= 1
    assert set(summary["guard"]) == {"sent", "blocked", "allowed", "leaked_characters"}
    assert summary["audit"]["valid"] is True
    assert not list(demonstration.out.rglob("*PRIVATE*"))


def test_the_report_counts_hazards_in_long_chats(demonstration: Demonstration) -> None:
    """Five claims by length, with the longest conversations outside the tested cells; the rows stand beside the others."""
    page = (demonstration.dossier / "report.html").read_text()
    assert page.count("<svg class='figure' role='img' aria-labelledby='length-") == 5
    assert "48 of 48 conversations are outside every certified cell" in page
    assert (demonstration.out / "rows" / "planted.jsonl").is_file()


def test_guard_blocks_some_allows_some_and_leaks_nothing(summary: Any) -> None:
    """Both kinds of chat occur, and nothing of a blocked answer was delivered."""
    assert summary["guard"]["blocked"] > 0
    assert summary["guard"]["allowed"] > 0
    assert summary["guard"]["leaked_characters"] == 0


def test_demonstration_says_what_it_is_and_where_it_does_not_hold(demonstration: Demonstration) -> None:
    """The words are there: phantom, thrown away, listed kinds, unseen kinds."""
    for words in ("phantom", "thrown away", "listed kinds", "Where it does not", "unseen kinds", "without the guard"):
        assert words in demonstration.printed


def test_dossier_verifies_and_every_bound_follows(demonstration: Demonstration) -> None:
    """`verify` and `recompute` agree with the demonstration, from another process's point of view."""
    dossier, trust = str(demonstration.dossier), str(demonstration.trust)
    assert auscult.main(["verify", dossier, "--trust", trust]) == 0
    assert auscult.main(["certify", "recompute", dossier, "--trust", trust]) == 0
    assert auscult.main(["verify", dossier]) == 1


def test_folder_with_something_else_in_it_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A demonstration never deletes what it did not write."""
    (tmp_path / "thesis.txt").write_text("years of work")
    assert auscult.main(["demo", "--out", str(tmp_path)]) == 2
    assert "thesis.txt" in capsys.readouterr().err
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_altered_weights_are_refused(demonstration: Demonstration, tmp_path: Path) -> None:
    """One flipped byte in the model's weights, and neither `verify --subject` nor `serve` goes on."""
    from guard.subjects.load import PHANTOM

    model = tmp_path / "model"
    shutil.copytree(PHANTOM, model)
    dossier, trust = str(demonstration.dossier), str(demonstration.trust)
    assert auscult.main(["verify", dossier, "--trust", trust, "--subject", str(model)]) == 0
    weights = bytearray((model / "model.safetensors").read_bytes())
    weights[len(weights) // 2] ^= 1
    (model / "model.safetensors").write_bytes(weights)
    assert auscult.main(["verify", dossier, "--trust", trust, "--subject", str(model)]) == 1
    serve = ["guard", "serve", dossier, "--trust", trust, "--subject", f"hf:{model}", "--port", "0"]
    assert auscult.main([*serve, "--store", f"sqlite:///{tmp_path}/audit.sqlite"]) == 1
