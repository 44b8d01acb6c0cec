"""The example dossier: it verifies, its bounds follow, and the README says what it says."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from certify import recompute
from certify.show import markdown_table
from guard import dossier
from guard.trust import Trust

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "docs" / "examples" / "smollm2"


def test_the_example_verifies_and_every_bound_follows() -> None:
    """With its public key it is intact, holds no weights of the model, and `recompute` derives all its bounds."""
    opened = dossier.open_sealed(EXAMPLE / "dossier", Trust.read(EXAMPLE / "trust"))
    assert opened.trusted
    assert recompute.recompute(opened)
    assert not list((EXAMPLE / "dossier").rglob("model*"))
    assert datetime.fromisoformat(opened.certificate.not_before)


def test_the_readme_shows_its_table() -> None:
    """Number for number, and the time that it took."""
    opened = dossier.open_sealed(EXAMPLE / "dossier", Trust.read(EXAMPLE / "trust"))
    readme = (ROOT / "README.md").read_text()
    assert markdown_table(opened.certificate) in readme
    minutes = round(json.loads((EXAMPLE / "duration.json").read_text())["seconds"] / 60)
    assert f"{minutes} minutes" in readme
