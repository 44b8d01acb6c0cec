"""Every dossier has its report as a PDF, with its own certificate inside."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from certify.report.pdf.sealed import of_dossier
from certify.report.tongue import every
from guard import dossier

from .conftest import World

EXAMPLE = Path(__file__).parent.parent.parent / "docs" / "examples" / "smollm2" / "dossier"


@pytest.mark.poppler
def test_a_test_writes_and_seals_the_pdf(world: World, tmp_path: Path) -> None:
    """In each language it is the sealed report set, and its attachment is the sealed certificate."""
    opened = dossier.open_sealed(world.sealed, None)
    assert {tongue.pdf for tongue in every()} == {"report.pdf", "report.da.pdf"}
    for tongue in every():
        assert opened.files[tongue.pdf] == of_dossier(opened, tongue.file)
        subprocess.run(["pdfdetach", "-saveall", "-o", str(tmp_path), str(world.sealed / tongue.pdf)], check=True)
        assert (tmp_path / "certificate.json").read_bytes() == opened.files["certificate.json"]
        (tmp_path / "certificate.json").unlink()
    said = subprocess.run(
        ["pdftotext", str(world.sealed / "report.da.pdf"), "-"], check=True, capture_output=True, text=True
    ).stdout
    assert "falske alarmer" in said.casefold()


def test_a_dossier_from_before_gets_one() -> None:
    """The report of the committed example can be set as it is."""
    opened = dossier.open_sealed(EXAMPLE, None)
    assert "report.pdf" not in opened.files or opened.files["report.pdf"].startswith(b"%PDF")
    assert of_dossier(opened).startswith(b"%PDF")
