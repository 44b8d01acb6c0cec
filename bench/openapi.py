"""Does the guard do what `docs/openapi.yaml` says, whatever it is sent?

    python bench/openapi.py --out bench/results/openapi.json

Schemathesis (`peers/requirements/schemathesis.txt`, an environment of its own) makes requests out of the document, right
ones and wrong ones, with a fixed seed, and checks each answer of a live guard with API keys before an upstream: statuses,
types, headers and bodies as described, no error of ours, wrong data refused, no key no answer, other methods refused with
`Allow`. Left out is `positive_data_acceptance`: that a tool's result follows its call, and the like, no schema can say.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import re
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import _proxy_arms as arms

LEFT_OUT = "positive_data_acceptance"
MODEL = "model: {type: string, minLength: 1, description: One of those of `/v1/models`.}"
"""The document can't know which models an installation serves."""


def prepared(folder: Path) -> tuple[Path, Path]:
    """Write the document with the model that is served, and a file of API keys."""
    document = (arms.ROOT / "docs" / "openapi.yaml").read_text()
    assert MODEL in document
    (folder / "openapi.yaml").write_text(document.replace(MODEL, "model: {enum: [mock]}"))
    digest = hashlib.sha256(arms.KEY.encode()).hexdigest()
    (folder / "keys.json").write_text(json.dumps([{"id": "bench", "sha256": digest}]))
    return folder / "openapi.yaml", folder / "keys.json"


def main() -> None:
    """Serve, ask, print and, if told where, write what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=150, help="of each operation, beside those that cover every field")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    program = arms.python("schemathesis").with_name("schemathesis")
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        document, keys = prepared(Path(name))
        upstream = stack.enter_context(arms.upstream())
        arm = next(one for one in arms.ARMS if one.name == "guard_text")
        bearer = {"Authorization": f"Bearer {arms.KEY}"}
        arm = replace(arm, environment={"AUSCULT_KEYS": str(keys)}, headers=bearer)
        on = stack.enter_context(arms.running(arm, upstream.port, arms.ROOT))
        command = [
            str(program), "run", str(document), "-u", f"http://127.0.0.1:{on.port}", "-H", f"Authorization: Bearer {arms.KEY}",
            "--checks", "all", "--exclude-checks", LEFT_OUT, "--seed", str(options.seed), "-n", str(options.examples),
            "--continue-on-failure", "--no-shrink",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=name)
    print(done.stdout)
    version = re.search(r"Schemathesis v(\S+)", done.stdout)
    cases = re.search(r"(\d+) generated", done.stdout)
    failures = re.findall(r"ST\d+ [^\n:]+: \d+", done.stdout)
    result = {
        "schemathesis": version[1] if version else None, "seed": options.seed, "examples": options.examples,
        "left_out": [LEFT_OUT], "requests": int(cases[1]) if cases else 0, "passed": done.returncode == 0, "failures": failures,
    }  # fmt: skip
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
