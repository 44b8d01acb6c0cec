"""How fast conversations are drawn, and in how much memory: two sizes of one run, so that growth would show.

    python bench/generate.py [--rows 100000] [--jobs 2] > bench/results/generate.json

Memory is the largest resident set of the command and its processes together, looked at twenty times a second.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

PARTS = 19
"""Rows that one scenario gives with all six claims about prompts and documents: three each, and one of ordinary chat."""
HAZARDS = ("missed_emergency@prompt", "self_harm@prompt", "clinical_misuse@prompt", "self_treatment@prompt", "prompt_injection")


def resident(pid: int) -> int:
    """Return the bytes in memory of a process and its descendants."""
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        try:
            total += int(Path(f"/proc/{one}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            for task in Path(f"/proc/{one}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except (OSError, IndexError):
            continue
    return total


def measure(rows: int, jobs: int) -> dict[str, float | int]:
    """Draw about so many rows in a new folder."""
    with tempfile.TemporaryDirectory() as folder:
        hazards = [part for hazard in HAZARDS for part in ("--hazard", hazard)]
        command = [
            sys.executable, "-m", "auscult", "synth", "generate", "--out", f"{folder}/rows", "--fold", "train",
            "--jobs", str(jobs), "--scenarios", str(rows // PARTS), "--json", *hazards,
        ]  # fmt: skip
        began, most, done = time.monotonic(), 0, threading.Event()
        process = subprocess.Popen(command, stdout=subprocess.PIPE)

        def watch() -> None:
            nonlocal most
            while not done.is_set():
                most = max(most, resident(process.pid))
                time.sleep(0.05)

        watcher = threading.Thread(target=watch)
        watcher.start()
        printed = process.communicate()[0]
        done.set()
        watcher.join()
        seconds = time.monotonic() - began
    if process.returncode:
        raise SystemExit(process.returncode)
    drawn = sum(count["rows"] for count in json.loads(printed)["counts"].values())
    return {"rows": drawn, "seconds": round(seconds, 2), "rows_per_second": round(drawn / seconds), "peak_mib": most >> 20}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    found = [measure(rows, options.jobs) for rows in (options.rows // 5, options.rows)]
    machine = {"processors": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}
    print(json.dumps({"machine": machine, "jobs": options.jobs, "runs": found}, indent=1))


if __name__ == "__main__":
    main()
