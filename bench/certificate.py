"""The whole certificate of a real pretrained chat model: fit, plan, fresh rows, test, all four cheaper readers, report.

    python bench/certificate.py --out docs/examples/smollm2

Writes the dossier (which holds no weights of the model), the public half of a key that is thrown away, and `duration.json`.
What was read of the model is kept in `--work`, so that interrupted fitting goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import torch
import transformers

from auscult_demo.pipeline import Job, certify
from certify.baselines.effort import Effort
from certify.plan import Sizes
from certify.search import named
from certify.show import results_table
from guard import files, keys, policy, rules
from guard.hazards import Taxonomy
from guard.progress import shown
from guard.subjects.load import load


def main() -> None:
    """Run it."""
    work = Path(tempfile.gettempdir()) / "auscult-certificate"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subject", default="smollm2")
    parser.add_argument("--policy", type=Path, default=Path(__file__).with_suffix(".yaml"), help="what is claimed")
    parser.add_argument("--scenarios", type=int, default=400, help="train and select draws a claim")
    parser.add_argument("--draws", type=int, default=600, help="test draws a claim")
    parser.add_argument("--traffic", type=int, default=1_000, help="ordinary conversations in the test")
    parser.add_argument("--unseen", type=int, default=3, help="draws of each unseen family")
    parser.add_argument("--random-rows", type=int, default=500, help="train rows a claim for the model with random weights")
    parser.add_argument("--search", choices=["quick", "full"], default="quick")
    parser.add_argument("--external", type=Path, help="folder of labelled JSONL for the report's section on external data")
    parser.add_argument("--work", type=Path, default=work, help="folder for rows and the cache")
    parser.add_argument("--out", type=Path, required=True, help="new folder")
    asked = parser.parse_args()
    begun, laps = time.monotonic(), []

    def note(text: str) -> None:
        laps.append({"after_seconds": round(time.monotonic() - begun), "what": text})
        print(f"{laps[-1]['after_seconds']:6d} s  {text}", flush=True)

    subject = load(asked.subject)
    key = keys.generate()
    asked.out.mkdir(parents=True)
    job = Job(
        subject=subject,
        policy=policy.load(asked.policy, Taxonomy.packaged(), rules.names),
        product=f"example: {subject.binding.name}",
        key=key,
        ledger=asked.out / "ledger.jsonl",
        out=asked.out / "dossier",
        work=asked.work / "rows",
        scenarios=asked.scenarios,
        sizes=Sizes(asked.draws, asked.traffic, asked.unseen),
        search=named(asked.search),
        effort=Effort(random_rows=asked.random_rows, select_rows=500, shuffles=5, removals=40),
        cache=asked.work / "cache",
        external=asked.external,
        throwaway_key=True,
    )
    files.write(asked.out / "trust" / "example.pem", keys.public_pem(keys.public(key)))
    with shown() as phase:
        done = certify(job, phase=phase, note=note)
    note("done")
    print(results_table(done.certificate))
    duration = {
        "chosen": {name: str(value) for name, value in vars(asked).items() if not isinstance(value, Path | None)},  # no folders
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - begun),
        "laps": laps,
        "machine": {
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
    }
    (asked.out / "duration.json").write_text(json.dumps(duration, indent=2) + "\n")


if __name__ == "__main__":
    main()
