"""Every dossier has its report as a PDF, with its own certificate inside."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from certify.report.pdf.sealed import of_dossier
from guard import dossier

from .conftest import World

EXAMPLE = Path(__file__).parent.parent.parent / "docs" / "examples" / "smollm2" / "dossier"


@pytest.mark.poppler
def test_a_test_writes_and_seals_the_pdf(world: World, tmp_path: Path) -> None:
    """It is the sealed report set, and its attachment is the sealed certificate."""
    opened = dossier.open_sealed(world.sealed, None)
    assert opened.files["report.pdf"] == of_dossier(opened)
    subprocess.run(["pdfdetach", "-saveall", "-o", str(tmp_path), str(world.sealed / "report.pdf")], check=True)
    assert (tmp_path / "certificate.json").read_bytes() == opened.files["certificate.json"]


def test_a_dossier_from_before_gets_one() -> None:
    """The report of the committed example can be set as it is."""
    opened = dossier.open_sealed(EXAMPLE, None)
    assert "report.pdf" not in opened.files or opened.files["report.pdf"].startswith(b"%PDF")
    assert of_dossier(opened).startswith(b"%PDF")
