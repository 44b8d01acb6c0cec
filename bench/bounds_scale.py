"""How long all bounds of a test take to derive from results.parquet, and in how much memory: 10^4 to 10^7 rows, 60 cells.

    python bench/bounds_scale.py [--rows 10000 100000 1000000 10000000] > bench/results/bounds_scale.json

Each size runs in a process of its own, which reads the file, checks every unit and its place, and computes every bound. Wall
and processor time are those of that process without its imports; memory is its largest resident set, beside that of a
process that only imports. The last part times an ordinary dossier: verifying, deriving again, issuing, and its HTML report.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from certify import issue, results, units
from certify.dataset import draw_id
from certify.pages import pages
from certify.recompute import recompute
from certify.report.sources import NotGiven
from guard import dossier
from guard.certificate import Certificate
from guard.digest import Digest, of_bytes
from guard.hazards import Claim, Taxonomy
from guard.protocol import Protocol, order_key
from guard.trust import Trust

EXAMPLE = Path(__file__).parent.parent / "docs" / "examples" / "smollm2"
CLAIMS = tuple(f"hazard_{number}@prompt" for number in range(6))
PLACES = tuple(product(("en", "da", "de", "es", "fr"), ("upto1000", "upto8000")))
FAMILIES, UNSEEN = 40, 20
PAYLOAD = of_bytes(b"a made-up protocol")


def plan_of(rows: int) -> Protocol:
    """A protocol of 60 cells that gives about so many rows; everything else is that of the example."""
    base = dossier.open_sealed(EXAMPLE / "dossier", Trust.read(EXAMPLE / "trust")).protocol
    draws = max(20, rows // (len(PLACES) * (4 * len(CLAIMS) + 1)))
    cell, chats = base.cells[0], base.traffic[0]
    cells = tuple(
        msgspec.structs.replace(
            cell, claim=claim, lang=lang, bucket=bucket, draws=draws, unseen_families=UNSEEN, unseen_draws=20,
            delta_miss="0.0003", delta_unseen="0.0001", delta_false_alarm="0.00006",
        )
        for claim, (lang, bucket) in product(CLAIMS, PLACES)
    )  # fmt: skip
    traffic = tuple(msgspec.structs.replace(chats, lang=lang, bucket=bucket, draws=2 * draws) for lang, bucket in PLACES)
    return msgspec.structs.replace(base, cells=cells, traffic=traffic, baselines="")


def tables(plan: Protocol, rng: np.random.Generator) -> Iterator[pa.Table]:
    """Yield the rows of one bound after the other, as a test writes them, with a few losses at random."""

    def made(key: results.Key, names: list[str], of: int) -> pa.Table:
        count = len(names)
        lost = rng.binomial(of, rng.beta(0.4, 12, count))
        denominators = np.full(count, of)
        families = pa.array([f"family {n}" for n in range(FAMILIES)]).take(pa.array(rng.integers(0, FAMILIES, count)))
        columns = [pa.array([part] * count, pa.string()) for part in key]
        columns += [pa.array(names, pa.string()), pa.array(np.arange(count)), pa.array(lost), pa.array(denominators)]
        return pa.table([*columns, pa.array(lost / denominators), families], schema=results.SCHEMA)

    def ordered(claim: Claim | None, lang: str, bucket: str, count: int) -> list[str]:
        ids = (draw_id(claim, lang, bucket, index) for index in range(count))
        return sorted(ids, key=lambda draw: order_key(PAYLOAD, draw))

    for cell in plan.cells:
        place = (cell.claim, cell.lang, cell.bucket)
        names = ordered(Claim.parse(cell.claim), cell.lang, cell.bucket, cell.draws)
        yield made(("miss", *place), names, 1)
        yield made(("false_alarm_near", *place), names, 2)
        yield made(("miss_unseen", *place), sorted(hashlib.sha256(b"%d" % n).hexdigest()[:16] for n in range(UNSEEN)), 20)
    for chats in plan.traffic:
        names = ordered(None, chats.lang, chats.bucket, chats.draws)
        for claim in CLAIMS:
            yield made(("false_alarm_traffic", claim, chats.lang, chats.bucket), names, 1)
        yield made(("false_alarm_whole", "whole", chats.lang, chats.bucket), names, 1)


def derive(plan: Protocol, payload: Digest, data: bytes) -> int:
    """Read and check everything, compute every bound, and count them."""
    found = units.read(plan, payload, data, None)
    nothing: dict[str, int] = {f"{cell.claim}/{cell.lang}/{cell.bucket}/": 0 for cell in plan.cells}
    tested = issue.Tested(nothing, nothing, nothing, nothing)
    cells = [issue.cell_result(cell, found.counts, tested, "") for cell in plan.cells]
    whole = [issue.whole_result(chats, plan.rules, found.counts) for chats in plan.traffic]
    return 4 * len(cells) + len(whole)


def child(file: str, plan: str) -> None:
    """Derive once and print what it took; without a file, what importing takes."""
    begin, used = time.perf_counter(), time.process_time()
    bounds = 0
    if file:
        bounds = derive(msgspec.json.decode(Path(plan).read_bytes(), type=Protocol), PAYLOAD, Path(file).read_bytes())
    took = {"seconds": round(time.perf_counter() - begin, 2), "cpu_seconds": round(time.process_time() - used, 2)}
    # Unlike the figure of getrusage, this one starts anew with the program and does not count who started it.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak = int(status["VmHWM"].split()[0]) // 1024
    print(json.dumps(took | {"peak_mib": peak, "bounds": bounds}))


def measure(rows: int) -> dict[str, Any]:
    """Write a file of about so many rows and derive its bounds in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        file, described = Path(folder) / "results.parquet", Path(folder) / "plan.json"
        plan, count = plan_of(rows), 0
        with pq.ParquetWriter(file, results.SCHEMA, compression="zstd", write_statistics=False) as writer:
            for table in tables(plan, np.random.default_rng(1)):
                writer.write_table(table)
                count += len(table)
        described.write_bytes(msgspec.json.encode(plan))
        return {"rows": count, "file_mib": file.stat().st_size >> 20, **run(str(file), str(described))}


def run(file: str = "", plan: str = "") -> dict[str, Any]:
    """Measure in a process of its own."""
    command = [sys.executable, __file__, "--child", file, plan]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


def ordinary() -> dict[str, float]:
    """Seconds that each step takes on the example dossier."""
    trust, taken = Trust.read(EXAMPLE / "trust"), {}

    def timed(name: str, step: Callable[[], Any]) -> Any:
        begin = time.perf_counter()
        done = step()
        taken[name] = round(time.perf_counter() - begin, 2)
        return done

    opened = timed("verify", lambda: dossier.open_sealed(EXAMPLE / "dossier", trust))
    timed("recompute", lambda: recompute(opened))
    losses = results.read(opened.files["results.parquet"])
    taxonomy, stated = Taxonomy.packaged(), opened.certificate

    def again() -> Certificate:
        nothing: dict[str, int] = {f"{cell.claim}/{cell.lang}/{cell.bucket}/": 0 for cell in stated.cells}
        tested = issue.Tested(nothing, nothing, nothing, nothing)
        return issue.certificate_of(
            opened.protocol, opened.payload, losses, tested, taxonomy, measured=stated.measured, redrawn=True
        )

    timed("issue", again)
    bundle = opened.files["certificate.json"]
    timed("pages", lambda: pages(stated, opened, bundle, taxonomy=taxonomy, throwaway_key=True, external=NotGiven()))
    return taken


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[10**4, 10**5, 10**6, 10**7])
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return
    machine = {"processors": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}
    found = {"machine": machine, "cells": len(CLAIMS) * len(PLACES), "imports": run(), "ordinary_dossier_seconds": ordinary()}
    print(json.dumps(found | {"runs": [measure(rows) for rows in options.rows]}, indent=1))


if __name__ == "__main__":
    main()
