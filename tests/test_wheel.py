"""The built wheel is complete: it works from another folder, with nothing of the checkout in sight."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel without a network: the build backend is installed."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return next(out.glob("*.whl"))


def test_wheel_holds_policies_facts_and_phantoms(wheel: Path) -> None:
    """Everything that is read at run time is in the wheel; nothing of the tests is."""
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        "guard/data/policies/hazards.yaml",
        "guard/data/policies/clinical.yaml",
        "guard/data/policies/facts/red_flags.csv",
        "guard/subjects/phantom/model.safetensors",
        "guard/subjects/phantom/tokenizer.json",
        *(f"guard/data/policies/{path.name}" for path in (ROOT / "policies").glob("*.yaml")),
        *(f"guard/subjects/phantom_next/{path.name}" for path in (ROOT / "guard" / "subjects" / "phantom_next").iterdir()),
        "certify/report/templates/report.html.j2",
        *(f"certify/report/pdf/{path.name}" for path in (ROOT / "certify" / "report" / "pdf").glob("*.typ")),
        "auscult.py",
    }
    assert wanted <= names
    assert "guard/subjects/phantom_next/model.safetensors" in names
    assert not any(name.startswith(("tests/", "bench/", "docs/")) for name in names)


def test_wheel_works_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    """An installation elsewhere finds its data, and its commands run, with the checkout out of reach."""
    place = tmp_path / "site"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(place), str(wheel)]
    subprocess.run(command, check=True, capture_output=True)
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import guard, auscult\n"
        "assert guard.__file__.startswith(sys.argv[1]), guard.__file__\n"
        "policy = guard.__path__[0] + '/data/policies/clinical.yaml'\n"
        "assert auscult.main(['guard', 'policy', 'check', policy]) == 0\n"
        "from guard.subjects.load import load\n"
        "print(load('phantom').binding.name)\n"
        "assert auscult.main(['synth', 'generate', '--out', 'rows', '--scenarios', '2']) == 0\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", script, str(place)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "phantom" in done.stdout
    assert (tmp_path / "rows" / "manifest.json").is_file()
