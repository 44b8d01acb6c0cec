"""Does anything of one request get into the answer, or into the audit trail, of another, however they interleave?

    python bench/isolation.py --out bench/results/isolation.json
    python bench/isolation.py --count 3000 --gate token

Streamed chats go straight into the application, 40 at once, before a stub upstream that says the unique mark of a request
three times and lets others go first at random. Each answer has to hold its own mark three times and no other, each trail
(which keeps text here) its own and no other. What none of `n` did has a rate of at most `1 - 0.05 ** (1 / n)` with 95 %
confidence, by Clopper and Pearson. The same with a stub that mixes requests up shows that a crossing would be seen.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from guard.policy import GateMode
from guard.proxy.guard import Guard
from guard.store import Store
from tests.guard.proxy.test_isolation import AT_ONCE, crossed

MEMORY = "/dev/shm"  # noqa: S108
SEEN = 100
"""Requests with the stub that mixes them up."""


def _make(folder: str) -> Any:
    """Return what makes a guard with rules only and a store of its own."""

    def made(engine: Any, *, certified: bool, **fields: Any) -> Any:
        assert not certified
        store = Store(f"sqlite:///{folder}/audit.sqlite")
        return SimpleNamespace(guard=Guard(engine=engine, model="m", store=store, secret=b"s" * 32, **fields))

    return made


def measure(mode: GateMode, count: int, *, shared: bool = False) -> tuple[int, float]:
    """Return of how many requests the answer or the trail was not their own, and the seconds of processor time that it took."""
    before = time.process_time()
    # In memory where there is such a place: what is looked for has nothing to do with the disk.
    with tempfile.TemporaryDirectory(dir=MEMORY if Path(MEMORY).exists() else None) as folder:
        wrong = asyncio.run(crossed(_make(folder), mode, count, shared=shared))
    return wrong, time.process_time() - before


def main() -> None:
    """Measure, print and, if told where, write; modes that were measured before stay."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000, help="requests in all, over all modes of the gate")
    parser.add_argument("--gate", choices=[str(mode) for mode in GateMode], help="one mode only, with its share")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    modes = [GateMode(options.gate)] if options.gate else list(GateMode)
    found = json.loads(options.out.read_text())["modes"] if options.out and options.out.exists() else {}
    for place, mode in enumerate(GateMode):
        count = (options.count + place) // len(GateMode)
        if mode not in modes:
            continue
        wrong, seconds = measure(mode, count)
        seen, _ = measure(mode, SEEN, shared=True)
        found[str(mode)] = {
            "requests": count, "crossed": wrong, "crossed_of_100_when_mixed_up": seen, "processor_seconds": round(seconds, 1),
        }  # fmt: skip
        print(f"gate {mode}: {wrong} of {count} crossed; {seen} of {SEEN} where the stub mixes them up", flush=True)
    requests, crossing = (sum(one[name] for one in found.values()) for name in ("requests", "crossed"))
    result = {
        "at_once": AT_ONCE, "modes": found, "requests": requests, "crossed": crossing, "confidence": 0.95,
        "at_most": None if crossing else 1.0 - 0.05 ** (1.0 / requests),
    }  # fmt: skip
    print(f"{crossing} of {requests} crossed" + ("" if crossing else f"; at most {result['at_most']:.2e} with 95 % confidence"))
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
