"""A new version of a model beside the old one: certifies `phantom` and `phantom-next` at small sizes, and compares them.

    python bench/compare.py --out /tmp/compare --result bench/results/compare.txt

Both are certified under the demonstration's policy as versions of one product, each with fresh rows of its own protocol. The
sizes are far below what a real certificate needs; what the comparison can see at such sizes stands in its last column.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

from auscult_demo import scale
from auscult_demo.pipeline import Job, certify
from certify.baselines.frozen import EMBEDDING, RANDOM
from certify.compare.comparison import compare
from certify.compare.page import page
from certify.compare.words import text
from certify.plan import Sizes
from guard import files, keys, policy, resources, rules
from guard.dossier import open_sealed
from guard.hazards import Taxonomy
from guard.progress import shown
from guard.subjects.load import load
from guard.trust import Trust

NAMES = ("phantom", "phantom-next")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claims", type=int, default=2, help="how many claims of the demonstration's policy")
    parser.add_argument("--scenarios", type=int, default=60, help="train and select draws a claim")
    parser.add_argument("--draws", type=int, default=150, help="test draws a claim")
    parser.add_argument("--traffic", type=int, default=300, help="ordinary conversations in the test")
    parser.add_argument("--out", type=Path, required=True, help="new folder for both dossiers and the page")
    parser.add_argument("--result", type=Path, help="file for the comparison as text")
    asked = parser.parse_args()
    begun, key = time.monotonic(), keys.generate()
    asked.out.mkdir(parents=True)
    files.write(asked.out / "trust" / "bench.pem", keys.public_pem(keys.public(key)))
    trust = Trust.read(asked.out / "trust")
    reason = "the cheaper readers play no part in a comparison"
    effort = replace(scale.PHANTOM.effort, shuffles=1, removals=1, left_out=dict.fromkeys((RANDOM, EMBEDDING), reason))
    demanded = policy.load(resources.path(scale.PHANTOM.policy), Taxonomy.packaged(), rules.names)
    demanded = replace(demanded, requires=demanded.requires[: asked.claims])
    opened = []
    for name in NAMES:
        job = Job(
            subject=load(name),
            policy=demanded,
            product="bench: two versions of the phantom",
            key=key,
            ledger=asked.out / "ledger.jsonl",
            out=asked.out / name,
            work=asked.out / f"{name}-rows",
            scenarios=asked.scenarios,
            sizes=Sizes(asked.draws, asked.traffic, 1),
            power=0.9,
            effort=effort,
            throwaway_key=True,
        )
        with shown() as phase:
            certify(job, phase=phase, note=lambda said, name=name: print(f"{name}: {said}", flush=True))
        opened.append(open_sealed(asked.out / name, trust))
    found = compare(opened[0], opened[1])
    files.write(asked.out / "compare.html", page(found))
    print(text(found))
    if asked.result is not None:
        sizes = f"--claims {asked.claims} --scenarios {asked.scenarios} --draws {asked.draws} --traffic {asked.traffic}"
        took = f"Two certifications and their comparison in {time.monotonic() - begun:.0f} s, beside other work."
        head = f"python bench/compare.py {sizes}\n{took}\n\n"
        asked.result.write_text(head + text(found) + "\n")


if __name__ == "__main__":
    main()
