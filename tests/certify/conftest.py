"""A tiny model, its prepared dossier and its sealed one: made once, copied by tests that change something."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from certify.dataset import Dataset
    from certify.prepare import Outcome as Prepared
    from certify.trial import Outcome as Tested
    from guard.subjects.causal import CausalSubject


@dataclass(frozen=True)
class World:
    """Everything that one certification of the tiny model leaves behind."""

    subject: CausalSubject
    """The model."""
    model: Path
    """Its folder."""
    train: Path
    """Train and select rows."""
    test: Path
    """Rows drawn for the protocol."""
    prepared: Path
    """The dossier before its test."""
    sealed: Path
    """The dossier after it."""
    ledger: Path
    """With one attempt."""
    plan: Prepared
    """What `prepare` returned."""
    outcome: Tested
    """What the test returned."""


def run_trial(world: World, folder: Path, rows: Dataset | None = None, **changes: object) -> Tested:
    """Test a prepared dossier with real pages."""
    from certify import dataset, trial

    from .made_up import KEY
    from .tiny import pages, taxonomy

    given = {"key": KEY, "taxonomy": taxonomy(), "pages": pages, "redrawn": True} | changes
    subject = given.pop("subject", world.subject)
    return trial.run(folder, dataset.load(world.test) if rows is None else rows, subject, **given)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Certify the tiny model once. Heavy libraries are loaded here, so that light tests stay light."""
    import torch

    from certify import dataset
    from certify.prepare import prepare
    from guard.subjects.load import load

    from . import tiny
    from .made_up import KEY

    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("world")
    made = {name: root / name for name in ("model", "train", "test", "prepared", "sealed")} | {"ledger": root / "l.jsonl"}
    subject = load(f"hf:{tiny.save_model(made['model'])}")
    data = dataset.load(tiny.write(made["train"], tiny.fitting_rows()))
    plan = prepare(
        subject, data, tiny.order(root), key=KEY, ledger_path=made["ledger"], out=made["prepared"], effort=tiny.EFFORT
    )
    tiny.write(made["test"], *tiny.test_rows((made["prepared"] / "protocol.json").read_bytes()))
    shutil.copytree(made["prepared"], made["sealed"])
    partial = World(subject=subject, plan=plan, outcome=None, **made)  # type: ignore[arg-type]
    return World(subject=subject, plan=plan, outcome=run_trial(partial, made["sealed"]), **made)


@pytest.fixture
def copied(world: World, tmp_path: Path) -> Callable[[str], Path]:
    """Copy one of the world's folders, to change something in it."""

    def copy(name: str) -> Path:
        return shutil.copytree(getattr(world, name), tmp_path / name)

    return copy


def contents(folder: Path) -> Mapping[str, bytes]:
    """Bytes of every file of a folder, by path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
