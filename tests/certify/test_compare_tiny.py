"""Two real certifications of the tiny world side by side: another random model, monitors fitted anew, fresh rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from certify import dataset, trial
from certify.baselines.frozen import EMBEDDING, RANDOM
from certify.compare.comparison import compare
from certify.compare.judged import Test
from certify.compare.page import page
from certify.compare.swapped import Part
from certify.compare.words import text
from certify.prepare import prepare
from guard import dossier, files
from guard.keys import public, public_pem
from guard.subjects.load import load

from . import tiny
from .conftest import World
from .made_up import KEY

EFFORT = replace(tiny.EFFORT, rows=120, shuffles=1, removals=1, left_out=dict.fromkeys((RANDOM, EMBEDDING), "not needed"))
"""The cheaper readers play no part in a comparison."""


@pytest.fixture(scope="module")
def next_version(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sealed dossier of the same product with other weights, a month later."""
    root = tmp_path_factory.mktemp("next")
    subject = load(f"hf:{tiny.save_model(root / 'model', seed=8)}")
    order = tiny.order(root, now=tiny.NOW + timedelta(days=30))
    rows = dataset.load(world.train)
    prepare(subject, rows, order, key=KEY, ledger_path=root / "l.jsonl", out=root / "dossier", effort=EFFORT)
    tiny.write(root / "test", *tiny.test_rows((root / "dossier" / "protocol.json").read_bytes()))
    trial.run(
        root / "dossier", dataset.load(root / "test"), subject,
        key=KEY, taxonomy=tiny.taxonomy(), pages=tiny.pages, redrawn=True,
    )  # fmt: skip
    return root / "dossier"


def test_a_new_version_of_a_model(world: World, next_version: Path) -> None:
    """Weights and monitors were swapped, tokenizer and generator were not; rows are fresh, so draws are not paired."""
    found = compare(dossier.open_sealed(world.sealed, None), dossier.open_sealed(next_version, None))
    by_part = {part: {swap.name for swap in found.swaps if swap.part is part} for part in Part}
    assert by_part[Part.WEIGHTS] == {"model.safetensors"}
    assert {f"{claim}: numbers" for claim in (*tiny.CERTIFIED, tiny.LEAK)} <= by_part[Part.MONITORS]
    assert {f"{claim}/en/upto1000" for claim in tiny.CERTIFIED} <= by_part[Part.THRESHOLDS]
    assert {Part.TOKENIZER, Part.TEMPLATE, Part.SYSTEM, Part.RULES, Part.LIMITS, Part.GENERATOR, Part.DATA} <= set(found.same)
    assert len(found.compared) == 9
    tests = {one.estimand: one.test for one in found.compared}
    assert (tests["miss"], tests["miss_unseen"]) == (Test.FISHER, Test.PAIRED_FAMILIES)
    assert text(found)
    assert page(found)


def test_the_command_on_real_dossiers(
    world: World, next_version: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code and JSON say the same; a dossier beside itself is refused."""
    import auscult

    files.write(tmp_path / "issuer.pub", public_pem(public(KEY)))
    run: Callable[..., int] = lambda *words: auscult.main(["certify", "compare", *map(str, words)])  # noqa: E731
    code = run(world.sealed, next_version, "--trust", tmp_path / "issuer.pub", "--json")
    values = json.loads(capsys.readouterr().out)
    assert code == int(values["fails"]) == int(bool(values["worse"] or values["lost"]))
    assert values["old"]["trusted"]
    assert run(world.sealed, world.sealed) == 2
    assert "both dossiers hold the same certificate" in capsys.readouterr().err
