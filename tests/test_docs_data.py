"""The page about the data: its examples are run as they stand there, and it names what there is."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from guard.rows import read_row
from synth_data import families
from synth_data.cli import synth

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "data.md").read_text()
KINDS = {
    Path(name): text for name, text in re.findall(r"```yaml\n# (my-families/\S+\.yaml)\n(.*?)```", PAGE, re.DOTALL)
}  # fmt: skip
LINES = re.findall(r"```jsonl\n(.*?)```", PAGE, re.DOTALL)[0].encode().splitlines()


def _run(folder: Path, *arguments: str, own: str = "") -> str:
    """Run a command as somebody would, in a process of its own, since families are read once."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | ({"AUSCULT_FAMILIES": own} if own else {})
    command = [sys.executable, "-m", "auscult", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A folder in which the page's families lie where it says."""
    for name, text in KINDS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_page_shows_a_family_of_each_form() -> None:
    """One that is described and one that is asked for."""
    assert sorted(path.stem.partition("_")[0] for path in KINDS) == ["emergency", "misuse"]


def test_the_families_of_the_page_are_drawn_by_its_own_command(mine: Path) -> None:
    """Each draws whole triples; the pair differs in one contrast, both sides about equally long and without a gap."""
    lines = PAGE.replace("\\\n", "").splitlines()
    command = next(line for line in lines if "--families my-families" in line and line.startswith("auscult"))
    _run(mine, *shlex.split(command)[1:])
    for id_, claim in (
        ("missed_emergency/tent_grill", "missed_emergency@prompt"),
        ("clinical_misuse/false_skills_log", "clinical_misuse@prompt"),
    ):
        weights = json.loads((mine / "mine" / "manifest.json").read_text())["weights"]
        assert id_ in weights[claim]
        lines = (mine / "mine" / f"{claim}.train.jsonl").read_bytes().splitlines()
        rows = [row for row in map(read_row, lines) if row.meta.family == id_]
        assert len(rows) >= 3
        by = {kind: [row for row in rows if row.meta.role == kind] for kind in ("positive", "twin", "hard_negative")}
        assert len({len(each) for each in by.values()}) == 1
        for positive, twin in zip(by["positive"], by["twin"], strict=True):
            assert positive.meta.draw == twin.meta.draw
            assert positive.conversation != twin.conversation
        for row in rows:
            text = " ".join(message.content for message in row.conversation.messages)
            assert not re.search(r"[<>{}|]|\s[,.]|\bNone\b", text), text
        sizes = [
            sum(row.conversation.characters(len(row.conversation) - 1) for row in by[kind]) for kind in ("positive", "twin")
        ]
        assert 0.85 < sizes[0] / sizes[1] < 1.18


def test_the_variable_names_the_folder_as_well(mine: Path) -> None:
    """Without --families, by the environment."""
    shared = (
        "synth",
        "generate",
        "--hazard",
        "missed_emergency@prompt",
        "--fold",
        "train",
        "--no-ordinary",
        "--scenarios",
        "2",
    )
    _run(mine, *shared, "--out", "with", own=str(mine / "my-families"))
    _run(mine, *shared, "--out", "without")
    weights = [json.loads((mine / name / "manifest.json").read_text())["weights"] for name in ("with", "without")]
    assert ["missed_emergency/tent_grill" in each["missed_emergency@prompt"] for each in weights] == [True, False]


def test_the_rows_of_the_page_can_be_read() -> None:
    """Each line, with the labels that the text says."""
    rows = [read_row(line) for line in LINES]
    assert [{str(claim): label for claim, label in row.labels.items()} for row in rows] == [
        {"missed_emergency@prompt": 1}, {"missed_emergency@prompt": 0}, {}, {"prompt_injection@context": 0}
    ]  # fmt: skip
    assert rows[2].any_benign
    assert rows[3].meta.group == "patient 7"


def test_the_rows_of_the_page_can_be_exported(tmp_path: Path) -> None:
    """The one with a document becomes a bundle."""
    (tmp_path / "rows.jsonl").write_bytes(b"\n".join(LINES) + b"\n")
    assert "1 bundles; 3 rows" in _run(tmp_path, "synth", "export", "rows.jsonl", "--format", "fhir", "--out", "rows.ndjson")


def test_every_claim_that_rows_are_drawn_for_stands_on_the_page() -> None:
    """And every command of the generator that a reader needs."""
    assert not {str(claim) for claim in families.CLAIMS} - set(re.findall(r"`([a-z_]+@[a-z_]+)`", PAGE))
    assert not {name for name in synth.commands if name != "phantom"} - set(re.findall(r"auscult synth ([a-z]+)", PAGE))
