"""Light commands stay light: who only verifies needs no model library, no web framework, no database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import auscult
from guard import keys, resources
from guard.keys import PrivateKey
from guard.trust import Trust

ROOT = Path(auscult.__file__).parent
HEAVY = [
    "torch", "transformers", "tokenizers", "safetensors", "sklearn", "scipy", "numpy", "pyarrow", "litestar", "uvicorn",
    "sqlalchemy", "aiosqlite", "aiohttp", "httpx", "faker", "jinja2", "typst", "certify", "synth_data", "auscult_demo",
]  # fmt: skip
SCRIPT = """
import json, sys
import auscult
code = auscult.main(sys.argv[2:])
assert code == 0, code
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules} & set(json.loads(sys.argv[1])))), file=sys.stderr)
"""
LIGHT = [
    "guard.errors", "guard.digest", "guard.files", "guard.resources", "guard.hazards", "guard.conversation", "guard.cell",
    "guard.scores", "guard.dsse", "guard.keys", "guard.certificate", "guard.protocol", "guard.trust", "guard.dossier",
    "guard.policy", "guard.rules", "guard.verdict", "guard.validity", "guard.gate", "guard.moments", "guard.rotation",
    "guard.revocation_list", "guard.revocation", "guard.contents", "guard.chain", "guard.audit", "guard.settings",
    "guard.merkle", "guard.pkcs11", "guard.signing", "guard.checkpoint", "guard.log_proof", "guard.timestamp",
]  # fmt: skip


def loaded(script: str, *arguments: str) -> list[str]:
    """The heavy packages that a fresh interpreter has loaded after a script."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AUSCULT_")}
    command = [sys.executable, "-c", script, json.dumps(HEAVY), *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stderr.splitlines()[-1])
    return found


def test_verify_loads_nothing_heavy(sealed: tuple[Path, PrivateKey, Trust], tmp_path: Path) -> None:
    """A hospital checks a dossier with the base installation."""
    (tmp_path / "certifier.pub").write_bytes(keys.public_pem(keys.public(sealed[1])))
    assert loaded(SCRIPT, "verify", str(sealed[0]), "--trust", str(tmp_path / "certifier.pub"), "--at", "2026-12-01") == []


@pytest.mark.parametrize(
    "command", [["--help"], ["guard", "policy", "check"], ["guard", "policy", "explain"], ["guard", "--help"]]
)
def test_help_and_policy_commands_load_nothing_heavy(command: list[str]) -> None:
    """Nor is anything loaded to list the commands, or to check a policy."""
    policy = [str(resources.path("policies/clinical.yaml"))] if "policy" in command else []
    assert loaded(SCRIPT, *command, *policy) == []


def test_the_decision_path_loads_nothing_heavy() -> None:
    """Everything from errors to audit can be read and run with the standard library and four small ones."""
    script = "\n".join(["import importlib, json, sys", f"for name in {LIGHT}: importlib.import_module(name)"])
    assert loaded(script + SCRIPT.partition("assert code == 0, code")[2]) == []


def test_the_test_can_fail() -> None:
    """The control: a heavy import is seen."""
    script = "import json, sys\nimport numpy\n" + SCRIPT.partition("assert code == 0, code")[2]
    assert loaded(script) == ["numpy"]
