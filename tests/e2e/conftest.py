"""One small demonstration on the real phantom, run once for all end-to-end tests."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Demonstration:
    """What a finished demonstration left."""

    out: Path
    """Its folder."""
    printed: str
    """What it said."""

    @property
    def dossier(self) -> Path:
        """The sealed dossier."""
        return self.out / "dossier"

    @property
    def trust(self) -> Path:
        """The folder with the public key."""
        return self.out / "trust"


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    """Run `auscult demo` with fewer draws than `make demo` takes."""
    out = tmp_path_factory.mktemp("demo") / "out"
    command = [sys.executable, "-m", "auscult", "demo", "--out", str(out), "--draws", "100", "--scenarios", "80"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return Demonstration(out, done.stdout)
