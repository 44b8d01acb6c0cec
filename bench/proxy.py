"""What does the guard add to a request, beside a bare pass-through, LiteLLM and NeMo Guardrails?

    python bench/proxy.py --out bench/results/proxy.json
    python bench/proxy.py --arms floor,guard_plain,guard_text --rounds 5 --tree --out /tmp/proxy.json

Each peer is installed into an environment of its own on the first run (`peers/README.md` says what runs). All servers run at
once, one worker each, before one upstream that costs nothing; in each round every server gets every load, in random order, from
a process of its own. A number is the median over rounds; what is compared is compared within a round. Processor time per
request is of the server's process alone, so that it does not show what else the machine does.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import random
import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import _proxy_arms as arms
from _proxy_arms import ARMS, Running

LOADS = tuple((kind, clients) for kind in ("whole", "stream") for clients in (1, 16, 64))
"""Kind of answer, and clients at once."""
REQUESTS = {1: 24, 16: 96, 64: 192}
"""Of one load, by clients; for servers that are known to be slow a fourth."""
SLOW = ("litellm", "nemo_text")
QUESTION = [{"role": "user", "content": "What can I do about a cold that has gone on for three days?"}]
COMPARED = (
    ("added_p50_ms", "direct", "p50_ms"),
    ("rate_to_floor", "floor", "rate"),
    ("rate_to_iorails", "nemo_iorails_text", "rate"),
    ("cpu_to_floor", "floor", "cpu_ms"),
    ("cpu_to_iorails", "nemo_iorails_text", "cpu_ms"),
)
"""Names of comparisons, with what, by what."""
Cells = dict[str, dict[str, list[dict[str, float]]]]
"""By arm and load, what each round measured."""


class Load:
    """The process that asks."""

    def __init__(self) -> None:
        """Start it."""
        program = str(arms.python("ours"))
        self._process = subprocess.Popen(
            [program, str(arms.HERE / "_proxy_load.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )  # fmt: skip

    def put(self, on: Running, kind: str, clients: int, requests: int) -> dict[str, float]:
        """Put a load on a server, and return what was measured."""
        assert self._process.stdin
        assert self._process.stdout
        body = {"model": "mock", "messages": QUESTION, "stream": kind == "stream"}
        job = {
            "port": on.port,
            "path": "/v1/chat/completions",
            "headers": on.headers,
            "body": body,
            "clients": clients,
            "requests": requests,
        }
        before = on.cpu_s()
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        found: dict[str, float] = json.loads(self._process.stdout.readline())
        # What a server does after its answer belongs to it, too.
        time.sleep(0.03)
        return found | {"cpu_ms": 1000 * (on.cpu_s() - before) / requests}

    def close(self) -> None:
        """End it."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def measure(servers: Sequence[Running], rounds: int, generator: random.Random) -> Cells:
    """Put all loads on all servers, in random order, so many times over, after one round that does not count."""
    load = Load()
    found: Cells = {one.name: {f"{kind}_{clients}": [] for kind, clients in LOADS} for one in servers}
    for number in range(-1, rounds):
        jobs = [(one, kind, clients) for one in servers for kind, clients in LOADS]
        generator.shuffle(jobs)
        for one, kind, clients in jobs:
            requests = REQUESTS[clients] // (4 if one.name.startswith(SLOW) else 1)
            cell = load.put(one, kind, clients, max(clients, requests // (4 if number < 0 else 1)))
            if number >= 0:
                found[one.name][f"{kind}_{clients}"].append(cell)
        print(f"round {number + 1} of {rounds}, load {os.getloadavg()[0]:.1f}", flush=True)
    load.close()
    return found


def interval(values: Sequence[float], generator: random.Random) -> list[float]:
    """Return a 95 % bootstrap interval of a median."""
    drawn = sorted(statistics.median(generator.choices(values, k=len(values))) for _ in range(2000))
    return [drawn[50], drawn[-51]]


def summary(cells: Cells, generator: random.Random) -> dict[str, Any]:
    """Return medians, what each arm adds to asking directly, and its rate as a part of the floor's and of the others'."""
    found: dict[str, Any] = {}
    for arm, loads in cells.items():
        for load, rounds in loads.items():
            good = [one for one in rounds if "rate" in one]
            entry: dict[str, Any] = {"failed": sum(one["failed"] for one in rounds)}
            for name in ("p50_ms", "p99_ms", "first_p50_ms", "rate", "cpu_ms"):
                if good:
                    entry[name] = statistics.median(one[name] for one in good)
            for name, other, by in COMPARED:
                pairs = [
                    (one, two)
                    for one, two in zip(rounds, cells.get(other, {}).get(load, []), strict=False)
                    if "rate" in one and "rate" in two
                ]
                values = [one[by] - two[by] if name.startswith("added") else one[by] / max(two[by], 1e-9) for one, two in pairs]
                if values and arm not in (other, "direct"):
                    entry[name] = [statistics.median(values), *interval(values, generator)]
            found.setdefault(arm, {})[load] = entry
    return found


def table(found: dict[str, Any]) -> str:
    """Return the medians as text."""
    lines = [
        f"{'':20}" + "".join(f"{load:>26}" for load in next(iter(found.values()))),
        " " * 20 + "     p50 ms   req/s  cpu ms" * len(LOADS),
    ]
    for arm, loads in found.items():
        cells = (f"{one.get('p50_ms', 0):11.2f}{one.get('rate', 0):8.0f}{one.get('cpu_ms', 0):7.2f}" for one in loads.values())
        lines.append(f"{arm:20}" + "".join(cells))
    return "\n".join(lines)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arms", default=",".join(arm.name for arm in ARMS), help="names, with commas")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tree", action="store_true", help="our own code from the working tree, not as installed")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    generator, load_before = random.Random(asked.seed), os.getloadavg()  # noqa: S311
    chosen = [arm for arm in ARMS if arm.name in asked.arms.split(",")]
    with contextlib.ExitStack() as stack:
        direct = stack.enter_context(arms.upstream())
        servers, refused = [direct], {}
        for arm in chosen:
            try:
                servers.append(stack.enter_context(arms.running(arm, direct.port, arms.ROOT if asked.tree else None)))
            except SystemExit as failed:
                refused[arm.name] = str(failed)[-600:]
                print(failed, flush=True)
        idle = {one.name: one.memory_mb() for one in servers}
        cells = measure(servers, asked.rounds, generator)
        footprint = {
            one.name: {"cold_start_s": one.cold_s, "memory_idle_mb": idle[one.name], "memory_after_mb": one.memory_mb()}
            | ({"installed_mb": arms.installed_mb(one.arm.home)} if one.arm else {})
            for one in servers
        }
    found = summary(cells, generator)
    result = {
        "machine": {
            "cpus": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version(),
            "load_before": load_before, "load_after": os.getloadavg(), "sync_ms": arms.sync_ms(),
        },
        "rounds": asked.rounds, "seed": asked.seed, "versions": arms.versions({arm.home for arm in chosen}),
        "did_not_run": refused, "summary": found, "footprint": footprint, "rounds_raw": cells,
    }  # fmt: skip
    asked.out.write_text(json.dumps(_rounded(result), indent=1) + "\n")
    print(table(found))


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list | tuple) else value


if __name__ == "__main__":
    main()
